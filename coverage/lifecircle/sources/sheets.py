"""Tables as offices keep them: csv in any encoding, and Excel sheets with titles over the header and totals under the rows."""

from __future__ import annotations

import csv
import io
import lzma
import re
import struct
import unicodedata
import warnings
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from lifecircle.problems import Problems, Severity, UnreadableError, nearest_name
from lifecircle.sources.encodings import decode_text
from lifecircle.sources.tables import (
    EXCEL_ERRORS,
    clean_text,
    find_column,
    is_missing,
    report_rows,
    show_values,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lifecircle.config import SourceLayer

HEADER_WITHIN = 20  # rows searched for the header
TOTAL = re.compile(r"(合计|总计|共计|小计)[::]?")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls")
OLE = b"\xd0\xcf\x11\xe0"  # the container of old Office files, and of new ones with a password
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MOST_BYTES = 2_000_000_000  # unpacked
MOST_ROWS = 1_048_576  # of an Excel sheet
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, InvalidFileException, LookupError, ValueError, TypeError, AttributeError,
    EOFError, OSError, RuntimeError, SyntaxError,
)  # fmt: skip
"""What openpyxl, its XML parser (a SyntaxError) and the unpacker (a RuntimeError where there is a password) raise of a damaged workbook."""
Rows = list[tuple[int, list[Any]]]
"""Row number as the planner sees it, and the cells."""


def read_sheet(
    path: Path, layer: SourceLayer, columns: Iterable[str], problems: Problems
) -> tuple[pd.DataFrame | None, str]:
    """Read a csv file or one sheet of a workbook as it stands.

    The header is the first row that has every wanted column; blank rows and rows of totals (合计, 总计) are left out, the latter counted.

    Returns
    -------
    frame
        Objects as the file has them (csv: text), indexed by the planner's row number; None where there are errors.
    shown
        The sheet's name for messages, empty where the file has but one.

    Raises
    ------
    UnreadableError
        Where the file cannot be read at all.
    """
    wanted = list(columns)
    if path.suffix.lower() in WORKBOOK_SUFFIXES:
        rows, shown = _read_workbook(path, layer, wanted, problems)
    else:
        rows, shown = _read_csv(path, layer, wanted, problems), ""
    if rows is None:
        return None, shown
    return _frame_rows(rows, wanted, layer.path, shown, problems), shown


def _read_csv(path: Path, layer: SourceLayer, wanted: list[str], problems: Problems) -> Rows:
    content = path.read_bytes()
    _check_is_text(content)
    text = decode_text(content, layer.encoding, wanted, layer.path, problems)
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise UnreadableError(
            f"第 {line} 行有空字节 line {line} holds a NUL byte; 文件损坏,重新导出 it is damaged: export it again"
        )
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: Rows = []
    start = 1
    try:
        for cells in reader:
            rows.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(f"第 {reader.line_num} 行 line {reader.line_num}: {error}") from error
    return rows


def _check_is_text(content: bytes) -> None:
    """Refuse what is no text, by its first bytes."""
    found = _real_type(content[:4096])
    if found and not found.startswith("网页"):
        raise UnreadableError(f"其实是 it is really {found}; 改扩展名或另存为 CSV rename it, or save it as CSV")


def _real_type(head: bytes) -> str:
    """Return what a file is by its first bytes; empty for plain text."""
    if head.startswith(b"PK"):
        kinds = {
            b"xl/": "Excel 工作簿 a workbook (.xlsx)",
            b"word/": "Word 文档 a document (.docx)",
            b"opendocument": "OpenDocument (.ods)",
        }
        return next((name for part, name in kinds.items() if part in head), "压缩包 a zip archive")
    if head.startswith(OLE):
        return "旧版 Excel .xls, 或有密码的文件 an old .xls, or a file locked by a password"
    if head.startswith(b"%PDF"):
        return "PDF"
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG")):
        return "图片 a picture"
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        return "网页 a web page (HTML/XML)"
    return ""


def _read_workbook(path: Path, layer: SourceLayer, wanted: list[str], problems: Problems) -> tuple[Rows | None, str]:
    try:
        _check_workbook(path)
        with warnings.catch_warnings():
            # openpyxl warns of styles, validations and drawings it leaves out; only values are read here.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                chosen = _choose_sheet(book, layer, problems)
                if chosen is None:
                    return None, layer.sheet or ""
                sheet, shown, rows = chosen
                _report_shape(path, sheet, rows, wanted, layer.path, shown, problems)
                return rows, shown
            finally:
                book.close()
    except UnreadableError:
        raise
    except UNREADABLE as error:
        raise UnreadableError(
            f"Excel 文件读不出 cannot be read ({path.stat().st_size} bytes): {str(error)[:200]}; "
            "可能不完整,重新复制或另存 it may be cut short: copy or save it again"
        ) from error


def _choose_sheet(book: Any, layer: SourceLayer, problems: Problems) -> tuple[Any, str, Rows] | None:
    """Return the sheet that is named, else the only one with anything in it; hidden ones only by name, or where no other has anything."""
    names = [sheet.title for sheet in book.worksheets]
    hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
    if layer.sheet is not None:
        if layer.sheet not in names:
            problems.error(
                "sheet-missing", layer.path, f'没有工作表 no sheet "{layer.sheet}"', field="sheet", expected=", ".join(names),
                mend=nearest_name(layer.sheet, names),
            )  # fmt: skip
            return None
        if layer.sheet in hidden:
            _say_hidden(layer.path, [layer.sheet], "读取的工作表是隐藏的 the sheet that is read is hidden", problems)
        return book[layer.sheet], layer.sheet, _sheet_rows(book[layer.sheet])
    read = {name: _sheet_rows(book[name]) for name in names}
    filled = {name: rows for name, rows in read.items() if any(_is_filled(cells) for _, cells in rows)}
    open_ones = [name for name in filled if name not in hidden]
    chosen = open_ones if open_ones else list(filled)
    if len(chosen) == 1:
        closed = [name for name in filled if name in hidden]
        if closed:
            said = (
                "读取的工作表是隐藏的 the sheet that is read is hidden"
                if not open_ones
                else "隐藏的工作表未读 hidden sheets are not read"
            )
            _say_hidden(layer.path, closed, said, problems)
        return book[chosen[0]], "", filled[chosen[0]]
    if not filled:
        problems.error(
            "layer-empty",
            layer.path,
            "表是空的 the workbook is empty",
            expected="表头与数据 a header and rows",
            mend="重新导出 export it again",
        )
    else:
        problems.error(
            "sheet-not-named", layer.path, f"有多个工作表 several sheets: {', '.join(chosen)}", field="sheet", expected="一个 one of them",
            mend=f'写明 set sheet = "{chosen[0]}"',
        )  # fmt: skip
    return None


def _say_hidden(file: str, names: list[str], found: str, problems: Problems) -> None:
    problems.add(
        "sheet-hidden", "warning", file, f"{found}: {', '.join(names)}", field="sheet", expected="可见的工作表 a sheet one can see",
        mend=f'取消隐藏,或写明 show it, or set sheet = "{names[0]}"', count=len(names),
    )  # fmt: skip


def _check_workbook(path: Path) -> None:
    """Refuse what is no workbook of today, with what it really is, and one that unpacks to more than a table holds.

    Raises
    ------
    UnreadableError
        Naming what the file really is.
    """
    with path.open("rb") as stream:
        head = stream.read(4096)
        mend = "请在 Excel 中另存为 save it from Excel as .xlsx"
        if head.startswith(OLE):
            stream.seek(0)
            is_locked = ENCRYPTED in stream.read(MOST_BYTES)
            kind = "有密码 locked by a password: 去掉密码 take it off;" if is_locked else "旧版 an old .xls;"
            raise UnreadableError(f"{kind} {mend}")
    found = _real_type(head)
    if not head.startswith(b"PK"):
        raise UnreadableError(
            f"不是 Excel 文件 not a workbook, 其实是 it is really {found or '文本 plain text (CSV?)'}; {mend}, 或改扩展名 or rename it"
        )
    if not zipfile.is_zipfile(path):
        raise UnreadableError(f"不完整 cut short ({path.stat().st_size} bytes); 重新复制 copy it again")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        size = sum(entry.file_size for entry in archive.infolist())
    if not any(name.startswith("xl/") for name in names):
        raise UnreadableError(f"不是 Excel 文件 not a workbook, 其实是 it is really {found or names[:3]}; {mend}")
    if size > MOST_BYTES:
        raise UnreadableError(
            f"展开后有 it unpacks to {size:,} 字节 bytes; 应少于 must be under {MOST_BYTES:,}; 另存为 CSV save it as CSV"
        )


def _sheet_rows(sheet: Any) -> Rows:
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()  # some programs declare A1 as the whole sheet
    return [(index, list(cells)) for index, cells in enumerate(sheet.iter_rows(values_only=True), start=1)]


def _report_shape(
    path: Path, sheet: Any, rows: Rows, wanted: list[str], file: str, shown: str, problems: Problems
) -> None:
    """Report what a sheet's values do not show: formulas that were never computed, cells merged into one, rows beyond the last."""
    if len(rows) >= MOST_ROWS:
        problems.add(
            "table-row-cap", "warning", file, f"{len(rows)} 行,已到 Excel 的上限 rows: the most a sheet holds", layer=shown,
            expected=f"< {MOST_ROWS}", mend="很可能被截断,改用 CSV probably truncated: export as CSV", count=len(rows),
        )  # fmt: skip
    with zipfile.ZipFile(path) as archive:
        content = archive.read(str(getattr(sheet, "_worksheet_path", "")))
    filled = [(number, cells) for number, cells in rows if _is_filled(cells)]
    if not filled or (b"<f" not in content and b"<mergeCell " not in content):
        return
    number, head = filled[_find_header(filled, list(dict.fromkeys(wanted)))]
    names = {letters(index): _header_text(cell) for index, cell in enumerate(head)}
    asked = {letter for letter, name in names.items() if any(find_column(one, [name]) for one in wanted)}
    empty = []
    if b"<f" in content:
        cells = re.finditer(rb'<c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*(?<!/)>(.*?)</c>', content, re.S)
        empty = [
            (at[1].decode(), int(at[2])) for at in cells if b"<f" in at[3] and not re.search(rb"<v>[^<]|<is>", at[3])
        ]
    empty = [(letter, row) for letter, row in empty if row > number and letter in names]
    needed = [one for one in empty if one[0] in asked]
    _report_uncomputed(needed, "error", names, file, shown, problems)
    _report_uncomputed([one for one in empty if one[0] not in asked], "warning", names, file, shown, problems)
    _report_merged(content, number, names, asked, file, shown, problems)


def _report_uncomputed(
    cells: list[tuple[str, int]], severity: Severity, names: dict[str, str], file: str, shown: str, problems: Problems
) -> None:
    report_rows(
        problems, "table-formula-uncached", severity, file, [f"{letter}{row}" for letter, row in cells],
        "公式没有算出的值 formulas without a computed value", layer=shown,
        field=", ".join(dict.fromkeys(names[letter] for letter, _ in cells)), expected="数值 values",
        mend="用 Excel 打开并保存,或粘贴为数值 open and save it in Excel, or paste as values",
    )  # fmt: skip


def _report_merged(
    content: bytes, header: int, names: dict[str, str], asked: set[str], file: str, shown: str, problems: Problems
) -> None:
    """Report cells merged over several rows (only the first has the value), or over several columns that are asked for."""
    order = list(names)
    tall, wide = [], []
    for first, top, last, bottom in re.findall(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"', content):
        ends = first.decode(), last.decode()
        if int(bottom) <= header or ends[0] not in names:
            continue
        over = set(order[order.index(ends[0]) : order.index(ends[1]) + 1 if ends[1] in order else None]) & asked
        address = f"{ends[0]}{int(top)}:{ends[1]}{int(bottom)}"
        if over and int(bottom) > int(top):
            tall.append(address)
        elif len(over) > 1:
            wide.append(address)
    report_rows(
        problems, "table-merged", "error", file, tall, "合并单元格,只有第一行有值 merged cells: only the first row has the value", layer=shown,
        expected="每行都有值 a value in every row", mend="取消合并并向下填充 unmerge them and fill down",
    )  # fmt: skip
    report_rows(
        problems, "table-merged", "warning", file, wide, "合并单元格,右边的列为空 merged cells: the columns to the right are blank", layer=shown,
        expected="每列各有其值 a value in each column", mend="取消合并 unmerge them",
    )  # fmt: skip


def letters(index: int) -> str:
    """Return a column's name in a sheet: 0 is A, 26 is AA."""
    name, left = "", index + 1
    while left:
        left, digit = divmod(left - 1, 26)
        name = chr(65 + digit) + name
    return name


def _is_filled(cells: list[Any]) -> bool:
    return any(not is_missing(cell) for cell in cells)


def _header_text(cell: Any) -> str:
    return re.sub(r"[\r\n]+", "", clean_text(cell)).strip()


def _find_header(rows: Rows, wanted: list[str]) -> int:
    """Return the position of the first row with all wanted columns, else of the row with most of them."""
    best, most = 0, (-1, -1)
    for position, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        names = [_header_text(cell) for cell in cells]
        hits = sum(find_column(name, names) is not None for name in wanted)
        if wanted and hits == len(set(wanted)):
            return position
        score = (hits, len({name for name in names if name}) if hits == 0 else 0)
        if score > most:
            best, most = position, score
    return best


def _frame_rows(rows: Rows, wanted: list[str], file: str, shown: str, problems: Problems) -> pd.DataFrame | None:
    rows = [(number, cells) for number, cells in rows if _is_filled(cells)]
    if not rows:
        problems.error(
            "layer-empty", file, "表是空的 the table is empty", layer=shown, expected="表头与数据 a header and rows",
            mend="重新导出 export it again",
        )  # fmt: skip
        return None
    position = _find_header(rows, list(dict.fromkeys(wanted)))
    number, head = rows[position]
    names = [_header_text(cell) for cell in head]
    while names and not names[-1]:
        names.pop()
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        problems.error(
            "table-duplicate-column",
            file,
            f"列名重复 column names used twice: {', '.join(doubled)}",
            layer=shown,
            row=number,
            field=doubled[0],
            expected="每列一个名字 one name each",
            mend="改名 rename one of them",
            count=len(doubled),
        )
        return None
    body = _check_widths(rows[position + 1 :], names, file, shown, problems)
    if body is None:
        return None
    body = _drop_totals(body, file, shown, problems)
    columns = [index for index, name in enumerate(names) if name]
    cells = {names[index]: pd.Series([row[index] for _, row in body], dtype=object) for index in columns}
    frame = pd.DataFrame(cells)
    frame.index = pd.Index([number for number, _ in body], dtype="int64")
    return _report_excel_errors(frame, columns, file, shown, problems)


def _check_widths(body: Rows, names: list[str], file: str, shown: str, problems: Problems) -> Rows | None:
    """Return the rows cut to the header's width; a row with a field too many or too few shifts its cells."""
    width = len(names)
    ragged = [number for number, cells in body if len(cells) < width or _is_filled(cells[width:])]
    if file.lower().endswith(WORKBOOK_SUFFIXES):  # a sheet's short rows are only blank at the end
        return [(number, [*cells, *[None] * (width - len(cells))][:width]) for number, cells in body]
    report_rows(
        problems,
        "table-ragged",
        "error",
        file,
        ragged,
        "列数与表头不同 not as many fields as the header",
        layer=shown,
        expected=f"{width}",
        mend="检查这些行的逗号与引号 check commas and quotes there",
    )
    return None if ragged else [(number, cells[:width]) for number, cells in body]


def _drop_totals(body: Rows, file: str, shown: str, problems: Problems) -> Rows:
    def is_total(cells: list[Any]) -> bool:
        first = next((cell for cell in cells if not is_missing(cell)), None)
        plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", first)) if isinstance(first, str) else ""
        return TOTAL.fullmatch(plain) is not None

    totals = [number for number, cells in body if is_total(cells)]
    report_rows(problems, "table-total-row", "note", file, totals, "合计行不计入 rows of totals left out", layer=shown)
    return [(number, cells) for number, cells in body if number not in set(totals)] if totals else body


def _report_excel_errors(
    frame: pd.DataFrame, columns: list[int], file: str, shown: str, problems: Problems
) -> pd.DataFrame:
    """Return the frame with Excel's error cells blank, each column's counted and given by address."""
    for index, name in zip(columns, list(frame.columns), strict=True):
        is_error = frame[name].isin(EXCEL_ERRORS)
        if is_error.any():
            rows = frame.index[is_error]
            report_rows(
                problems, "table-excel-error", "set_aside", file,
                [f"{letters(index)}{row}" for row in rows] if file.lower().endswith(WORKBOOK_SUFFIXES) else rows,
                f"单元格出错,当作空白 error cells, read as blank: {show_values(frame[name][is_error])}", layer=shown, field=name,
                expected="值 a value", mend="修正公式 mend the formula",
            )  # fmt: skip
            frame = frame.assign(**{name: frame[name].where(~is_error, None)})
    return frame
