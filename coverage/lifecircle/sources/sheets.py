"""Tables as offices keep them: csv in any encoding, and Excel sheets with titles over the header and totals under the rows."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from lifecircle.problems import Problems, UnreadableError, nearest_name
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
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
Rows = list[tuple[int, list[Any]]]
"""Row number as the planner sees it, and the cells."""


def read_sheet(
    path: Path, layer: SourceLayer, wanted: Iterable[str], problems: Problems
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
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
        rows, shown = _read_workbook(path, layer, problems)
    else:
        rows, shown = _read_csv(path, layer.encoding), ""
    if rows is None:
        return None, shown
    return _frame_rows(rows, list(wanted), layer.path, shown, problems), shown


def _read_csv(path: Path, encoding: str | None) -> Rows:
    text = decode(path.read_bytes(), encoding)
    if "\x00" in text:
        raise UnreadableError(f"第 {text[: text.index(chr(0))].count(chr(10)) + 1} 行有空字节 a NUL byte")
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


def decode(content: bytes, encoding: str | None) -> str:
    """Return a file's text: by its byte order mark, as UTF-8, else as GB18030; or in the encoding given.

    Raises
    ------
    UnreadableError
        Where it is in none of them, with the line.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            encoding = name
    tried = [encoding] if encoding else ["utf-8", "gb18030"]
    line = 1
    for name in tried:
        try:
            return content.decode(name)
        except UnicodeDecodeError as error:
            line = max(line, content[: error.start].count(b"\n") + 1)
        except LookupError as error:
            raise UnreadableError(f'不认识的编码 unknown encoding "{name}"') from error
    raise UnreadableError(
        f"第 {line} 行不是 line {line} is not in {' / '.join(tried)}; 另存为 UTF-8 save as UTF-8, 或写明 or set encoding"
    )


def _read_workbook(path: Path, layer: SourceLayer, problems: Problems) -> tuple[Rows | None, str]:
    _check_workbook(path)
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles, validations and drawings it leaves out; only values are read here.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                names = [sheet.title for sheet in book.worksheets]
                if layer.sheet is not None:
                    if layer.sheet not in names:
                        problems.error(
                            "sheet-missing",
                            layer.path,
                            f'没有工作表 no sheet "{layer.sheet}"',
                            field="sheet",
                            mend=nearest_name(layer.sheet, names),
                        )
                        return None, layer.sheet
                    return _sheet_rows(book[layer.sheet]), layer.sheet
                return _only_sheet({name: _sheet_rows(book[name]) for name in names}, layer, problems)
            finally:
                book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, EOFError, OSError) as error:
        raise UnreadableError(f"Excel 文件读不出 cannot be read: {str(error)[:200]}") from error


def _only_sheet(sheets: dict[str, Rows], layer: SourceLayer, problems: Problems) -> tuple[Rows | None, str]:
    filled = [name for name, rows in sheets.items() if any(_is_filled(cells) for _, cells in rows)]
    if len(filled) == 1:
        return sheets[filled[0]], ""
    if not filled:
        problems.error("layer-empty", layer.path, "表是空的 the workbook is empty")
    else:
        problems.error(
            "sheet-not-named", layer.path, f"有多个工作表 several sheets: {', '.join(filled)}", field="sheet",
            mend=f'写明 set sheet = "{filled[0]}"',
        )  # fmt: skip
    return None, ""


def _check_workbook(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(512)
    mend = "请在 Excel 中另存为 save it from Excel as .xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError(f"旧版 .xls 或有密码 an old .xls, or locked by a password; {mend}")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        raise UnreadableError(f"其实是网页 (HTML/XML) it is really a web page; {mend}")
    if not head.startswith(b"PK"):
        raise UnreadableError(f"不是 Excel 文件 it is not a workbook; {mend}")


def _sheet_rows(sheet: Any) -> Rows:
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()  # some programs declare A1 as the whole sheet
    return [(index, list(cells)) for index, cells in enumerate(sheet.iter_rows(values_only=True), start=1)]


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
        problems.error("layer-empty", file, "表是空的 the table is empty", layer=shown)
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
            mend="改名 rename one of them",
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
    return _report_excel_errors(frame, file, shown, problems)


def _check_widths(body: Rows, names: list[str], file: str, shown: str, problems: Problems) -> Rows | None:
    """Return the rows cut to the header's width; a row with a field too many or too few shifts its cells."""
    width = len(names)
    ragged = [number for number, cells in body if len(cells) < width or _is_filled(cells[width:])]
    if file.lower().endswith((".xlsx", ".xlsm", ".xls")):  # a sheet's short rows are only blank at the end
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


def _report_excel_errors(frame: pd.DataFrame, file: str, shown: str, problems: Problems) -> pd.DataFrame:
    """Return the frame with Excel's error cells blank, each column's counted."""
    for name in list(frame.columns):
        is_error = frame[name].isin(EXCEL_ERRORS)
        if is_error.any():
            report_rows(
                problems, "table-excel-error", "warning", file, frame.index[is_error],
                f"单元格出错 error cells {show_values(frame[name][is_error])}", layer=shown, field=name,
                mend="当作空白 read as blank; 修正公式 mend the formula",
            )  # fmt: skip
            frame = frame.assign(**{name: frame[name].where(~is_error, None)})
    return frame
