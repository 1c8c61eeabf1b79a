"""What stands in the cells of a table: numbers, degrees, codes, booleans, as people type them.

Nothing is guessed: what is read beyond the letter (thousands separators, a unit behind the number, full-width digits) is counted as
repaired, and what cannot be read is counted as bad.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lifecircle.config import Bounds, Condition, Words, describe_condition
from lifecircle.problems import Problems, Severity, nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lifecircle.model import BoolArray, FloatArray, TextArray

TRUE_WORDS = frozenset({"是", "有", "true", "yes", "y", "t", "1", "√"})
FALSE_WORDS = frozenset({"否", "无", "没有", "false", "no", "n", "f", "0", "×"})
EXCEL_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
ROWS_SHOWN = 10
MOST_COLUMNS = 16  # names shown
MOST_EXACT = 1e15  # Excel keeps 15 digits of a number

# Units that leave the number as it is; 万人, 亩 or km would change it.
UNIT = "人|户|名|位|个|张|床|家|所|处|座|栋|层|台|辆|米|m|m2|平方米"
NUMBER = re.compile(rf"([+-]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d*)?|[+-]?\.\d+)([eE][+-]?\d+)?({UNIT})?")
DEGREES = re.compile(
    r"(?:东经|西经|北纬|南纬|[EWNSewns])?(\d+(?:\.\d+)?)[°度o]"
    r"(?:(\d+(?:\.\d+)?)[′'’分](?!′|'))?(?:(\d+(?:\.\d+)?)(?:″|′′|''|\"|”|秒))?([EWNSewns])?"
)
COMMA = re.compile(r"([+-]?\d{1,3}),(\d+)[°度]?")
"""A decimal comma in degrees: ``116,4``."""
EXCEL_DATE = re.compile(
    r"\d{1,2}月\d{1,2}日|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{1,2}"
)  # what a CSV has of Excel's dates
DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?:日?$|日?[T\s]\s*\d{1,2}:\d{2})")
SHORTENED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|_x00[01][0-9A-Fa-f]_")


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column read as numbers, aligned with its rows."""

    value: FloatArray
    """NaN where blank or bad."""
    is_blank: BoolArray
    is_repaired: BoolArray
    is_bad: BoolArray


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN, NaT, or blanks."""
    if isinstance(value, str):
        return not value.strip()
    return bool(value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value))


def clean_text(value: Any) -> str:
    """Return one cell as text: Excel's whole floats without ``.0``, no control characters, no outer blanks."""
    if isinstance(value, str):
        return CONTROL.sub("", value).strip()
    if is_missing(value):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value)


def as_text(values: Iterable[Any]) -> TextArray:
    """Return cells as text, empty where missing; see :func:`clean_text`."""
    return _objects([clean_text(value) for value in values])


def _objects(values: list[Any]) -> TextArray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def clean_code(value: Any) -> str:
    """Return one code as text: half-width, no blanks, ``330305001.0`` as ``330305001``; leading zeros stay."""
    code = re.sub(r"\s+", "", unicodedata.normalize("NFKC", clean_text(value))).lstrip("'")
    return code[: code.index(".")] if re.fullmatch(r"\d+\.0+", code) else code


def as_code(values: Iterable[Any]) -> TextArray:
    """Return cells as codes, empty where missing; see :func:`clean_code`."""
    return _objects([clean_code(value) for value in values])


def match_key(code: str) -> str:
    """Return what two writings of one area code have in common: 6, 9 and 12 digits are filled with zeros to 12."""
    return code.ljust(12, "0") if code.isdigit() and code.isascii() and len(code) in (6, 9, 12) else code


def read_number(value: Any) -> tuple[float, bool]:
    """Return the number in one cell (NaN where there is none) and whether it was repaired."""
    if isinstance(value, (bool, np.bool_)):
        return float("nan"), False
    if isinstance(value, (int, float, np.number)):
        return float(value), False
    if not isinstance(value, str):  # a date that Excel made of 1-2
        return float("nan"), False
    plain = re.sub(r"[\s_]+", "", unicodedata.normalize("NFKC", CONTROL.sub("", value)))
    match = NUMBER.fullmatch(plain)
    if match is None:
        return float("nan"), False
    digits, exponent, unit = match.groups()
    is_repaired = bool(unit) or "," in digits or plain != value.strip()
    return float(digits.replace(",", "") + (exponent or "")), is_repaired


def read_degrees(value: Any) -> tuple[float, bool]:
    """Return one coordinate, decimal or ``121°10′56″``, and whether it was repaired."""
    comma = isinstance(value, str) and COMMA.fullmatch(unicodedata.normalize("NFKC", value).strip())
    if comma:  # no coordinate has thousands
        return float(f"{comma[1]}.{comma[2]}"), True
    number, is_repaired = read_number(value)
    if number == number or not isinstance(value, str):
        return number, is_repaired
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", value))
    match = DEGREES.fullmatch(plain)
    if match is None:
        return float("nan"), False
    degrees, minutes, seconds = (float(part or 0.0) for part in match.groups()[:3])
    if minutes >= 60 or seconds >= 60:
        return float("nan"), False
    is_negative = plain[0] in "WwSs西南" or (match.group(4) or "") in ("W", "w", "S", "s")
    return (-1.0 if is_negative else 1.0) * (degrees + minutes / 60.0 + seconds / 3600.0), True


def as_numbers(values: Any, *, is_degrees: bool = False) -> Numbers:
    """Return a column as numbers; ``is_degrees`` also understands degrees, minutes and seconds.

    Infinite values are bad. Blank cells are neither bad nor numbers.
    """
    series = pd.Series(values)
    count = len(series)
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        value = series.to_numpy(dtype=np.float64, na_value=np.nan)
        blank = np.isnan(value)
        bad = np.isinf(value)
        return Numbers(np.where(bad, np.nan, value), blank, np.zeros(count, bool), bad)
    read = read_degrees if is_degrees else read_number
    value, repaired = np.full(count, np.nan), np.zeros(count, dtype=bool)
    cells = series.to_numpy(dtype=object)
    blank = np.fromiter((is_missing(cell) for cell in cells), dtype=bool, count=count)
    for index in np.flatnonzero(~blank):
        value[index], repaired[index] = read(cells[index])
    bad = ~blank & ~np.isfinite(value)
    return Numbers(np.where(bad, np.nan, value), blank, repaired & ~bad, bad)


def read_date(value: Any) -> dt.date | None:
    """Return the day in one cell (``2026-03-31``, ``2026/3/31``, ``2026年3月31日``, with or without a time of day), or None."""
    match = DATE.match(unicodedata.normalize("NFKC", clean_text(value)))
    try:
        return dt.date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def read_bool(value: Any) -> bool | None:
    """Return one cell as true or false (是/否, 有/无, true/false, 1/0), or None."""
    return {**dict.fromkeys(TRUE_WORDS, True), **dict.fromkeys(FALSE_WORDS, False)}.get(
        unicodedata.normalize("NFKC", clean_text(value)).lower()
    )


URBAN_CLASSES = {**dict.fromkeys(("111", "112", "121", "122", "123"), True), **dict.fromkeys(("210", "220"), False)}
"""统计用城乡分类代码: 111 主城区, 112 城乡结合区, 121 镇中心区, 122 镇乡结合区, 123 特殊区域; 210 乡中心区, 220 村庄."""
URBAN_WORDS = {
    **dict.fromkeys(
        ("城镇", "城区", "镇区", "主城区", "城乡结合区", "镇中心区", "镇乡结合区", "特殊区域", "urban"), True
    ),
    **dict.fromkeys(("乡村", "农村", "乡中心区", "村庄", "rural"), False),
}


def read_urban(value: Any) -> Any:
    """Return whether a unit is town (True) or country (False), from its urban-rural class or the word for it; anything else as it stands."""
    text = unicodedata.normalize("NFKC", clean_text(value)).lower()
    return {**URBAN_CLASSES, **URBAN_WORDS}.get(text.removesuffix(".0"), value)


def as_bool(values: Iterable[Any]) -> TextArray:
    """Return cells as True, False or None; see :func:`read_bool`."""
    return _objects([read_bool(value) for value in values])


def is_equal(cell: Any, wanted: Any) -> bool:
    """Whether a cell holds a value of the configuration: as text, as a number, or as yes and no."""
    if is_missing(cell):
        return isinstance(wanted, str) and not wanted.strip()
    if isinstance(wanted, bool):
        return read_bool(cell) is wanted
    if isinstance(wanted, (int, float)):
        return read_number(cell)[0] == float(wanted)
    if isinstance(cell, (bool, np.bool_)):
        return read_bool(wanted) is bool(cell)
    return _half_width(clean_text(cell)) == _half_width(wanted)


def _half_width(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def match_where(frame: pd.DataFrame, where: Mapping[str, Condition]) -> BoolArray:
    """Return which rows have, in every column of ``where``, one of its values, a number within its bounds, or its words."""
    keep = np.ones(len(frame), dtype=bool)
    for column, wanted in where.items():
        if isinstance(wanted, Bounds):
            number = as_numbers(frame[column].to_numpy(dtype=object)).value
            with np.errstate(invalid="ignore"):
                keep &= (number >= wanted.at_least) & (number <= wanted.at_most)
            continue
        cells = frame[column].to_numpy(dtype=object)
        if isinstance(wanted, Words):
            keep &= _has_words(cells, wanted)
            continue
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        keep &= np.fromiter(
            (any(is_equal(cell, value) for value in values) for cell in cells), dtype=bool, count=len(cells)
        )
    return keep


def match_known(frame: pd.DataFrame, where: Mapping[str, Any]) -> tuple[BoolArray, BoolArray]:
    """Return which rows have what ``where`` asks for, and of which it is not known.

    Not known is a row that fails no condition, but of which a cell that one rests on is empty, is no number where bounds are asked for,
    or is neither yes nor no where either is.
    """
    fails, is_unclear = np.zeros((2, len(frame)), dtype=bool)
    for column, wanted in where.items():
        has = match_where(frame, {column: wanted})
        cells = frame[column].to_numpy(dtype=object)
        if isinstance(wanted, Bounds):
            says = np.isfinite(as_numbers(cells).value)
        elif any(isinstance(value, bool) for value in (wanted if isinstance(wanted, tuple) else (wanted,))):
            says = np.fromiter((read_bool(cell) is not None for cell in cells), dtype=bool, count=len(cells))
        else:
            says = np.fromiter((not is_missing(cell) for cell in cells), dtype=bool, count=len(cells))
        fails |= ~has & says
        is_unclear |= ~has & ~says
    return ~fails & ~is_unclear, ~fails & is_unclear


def other_words(cells: Iterable[Any], wanted: Words | tuple[Any, ...], known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the words of a column where it has none of those asked for, and may thus call them otherwise; empty where a none is a none.

    Parameters
    ----------
    wanted
        Of a condition; yes and no are the same in every file.
    known
        Every word the column may hold, where that is declared: of these none is a none.
    """
    said = [cell for cell in cells if not is_missing(cell)]
    if isinstance(wanted, Words):
        has_none = not len(said) or not _has_words(_objects(said), wanted).any()
        return tuple(dict.fromkeys(clean_text(cell) for cell in said)) if has_none and wanted.not_ is None else ()
    if any(isinstance(value, bool) or value in known for value in wanted):
        return ()
    if any(is_equal(cell, value) for cell in said for value in wanted):
        return ()
    words = dict.fromkeys(clean_text(cell) for cell in said)
    return () if all(read_bool(word) is False for word in words) else tuple(words)


def plain_cells(values: Any) -> TextArray:
    """Return a column as Python objects, None where missing, text stripped."""
    cells = np.asarray(values, dtype=object)
    return _objects(
        [None if is_missing(cell) else clean_text(cell) if isinstance(cell, str) else cell for cell in cells]
    )


def fill_blanks(cells: TextArray, meaning: Any) -> TextArray:
    """Return cells with what the empty ones are declared to stand for; unchanged where nothing is declared."""
    return cells if meaning is None else _objects([meaning if cell is None else cell for cell in cells])


def _has_words(cells: TextArray, wanted: Words) -> BoolArray:
    """Return which cells meet every key of ``wanted``, by any of its texts."""
    text = pd.Series([_half_width(clean_text(cell)) for cell in cells], dtype=str).str
    keep = np.ones(len(cells), dtype=bool)
    if wanted.contains is not None:
        asked = [_half_width(one) for one in wanted.contains]
        keep &= np.logical_or.reduce([text.contains(one, regex=False) for one in asked])
    if wanted.starts is not None:
        keep &= text.startswith(tuple(_half_width(one) for one in wanted.starts)).to_numpy(dtype=bool)
    if wanted.ends is not None:
        keep &= text.endswith(tuple(_half_width(one) for one in wanted.ends)).to_numpy(dtype=bool)
    if wanted.not_ is not None:
        keep &= ~np.fromiter((any(is_equal(cell, value) for value in wanted.not_) for cell in cells), bool, len(cells))
    return keep


def find_column(name: str, columns: Iterable[str]) -> str | None:
    """Return the column that ``name`` means: itself, or the one that differs only in width and blanks."""
    known = list(columns)
    if name in known:
        return name
    return next((column for column in known if _squeeze(column) == _squeeze(name)), None)


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def name_columns(
    frame: pd.DataFrame, wanted: Iterable[str], file: str, layer: str, problems: Problems
) -> pd.DataFrame | None:
    """Return the frame with the wanted columns under the very names of the configuration; None where one is missing."""
    columns = [str(column) for column in frame.columns if column != "geometry"]
    renamed, is_complete = {}, True
    for name in dict.fromkeys(wanted):
        column = find_column(name, columns)
        if column is None:
            is_complete = False
            problems.error(
                "column-missing", file, f'没有列 no column "{name}"', layer=layer, field=name, expected=", ".join(columns[:MOST_COLUMNS]),
                mend=nearest_name(name, columns),
            )  # fmt: skip
        elif column != name:
            renamed[column] = name
    return frame.rename(columns=renamed) if is_complete else None


def show_rows(rows: Iterable[Any]) -> str:
    """Return the first rows as text: ``3, 5, 9 ...``."""
    listed = [str(row) for row in rows]
    return ", ".join(listed[:ROWS_SHOWN]) + (" ..." if len(listed) > ROWS_SHOWN else "")


def report_rows(
    problems: Problems,
    code: str,
    severity: Severity,
    file: str,
    rows: Iterable[Any],
    found: str,
    *,
    layer: str = "",
    field: str = "",
    expected: str = "",
    mend: str = "",
) -> None:
    """Add one line that speaks of several rows; nothing where there are none."""
    listed = list(rows)
    if listed:
        problems.add(
            code,
            severity,
            file,
            found,
            layer=layer,
            row=show_rows(listed),
            field=field,
            expected=expected,
            mend=mend,
            count=len(listed),
        )


def show_values(values: Iterable[Any] | Words) -> str:
    """Return a few distinct values as found, for a message."""
    if isinstance(values, Words):
        return describe_condition(values)
    distinct = list(dict.fromkeys(f'"{str(value)[:40]}"' for value in values))
    return ", ".join(distinct[:3]) + (" ..." if len(distinct) > 3 else "")


def is_date(cell: Any) -> bool:
    """Whether a cell is a day or a time of day: one that a program made, or the text that Excel writes of one."""
    if isinstance(cell, str):
        plain = cell.strip()
        return EXCEL_DATE.fullmatch(plain) is not None or DATE.match(unicodedata.normalize("NFKC", plain)) is not None
    return isinstance(cell, (dt.date, dt.time, dt.datetime)) and cell is not pd.NaT


def refuse_dates(
    frame: pd.DataFrame, columns: Iterable[str], file: str, layer: str, problems: Problems, *, words: Iterable[str] = (),
    numbers: Iterable[str] = (),
) -> None:  # fmt: skip
    """Refuse days among the values of columns that hold none: Excel made them of texts such as 1-2, and what stood there is lost.

    In ``numbers`` any day is refused; in ``words``, columns that hold anything, days are refused among numbers and warned of among words.
    """
    free, counted = set(words), set(numbers)
    for name in dict.fromkeys([*columns, *numbers, *words]):
        cells = frame[name].to_numpy(dtype=object)
        is_day = np.fromiter((is_date(cell) for cell in cells), dtype=bool, count=len(cells))
        is_filled = np.fromiter((not is_missing(cell) for cell in cells), dtype=bool, count=len(cells))
        rest = cells[is_filled & ~is_day]
        is_column_of_days = int(is_day.sum()) >= len(rest) and int(is_filled.sum()) > 1 and name not in counted
        if not is_day.any() or is_column_of_days:
            continue
        is_number = name not in free or 2 * int(np.isfinite(as_numbers(rest).value).sum()) > len(rest)
        report_rows(
            problems, "table-excel-date", "error" if is_number else "warning", file, frame.index.to_numpy()[is_day],
            f"Excel 把值变成了日期 Excel turned a value such as 1-2 into a date: {show_values(cells[is_day])}", layer=layer, field=name,
            expected=f"如 such as {show_values(rest)}" if len(rest) else "数字 a number",
            mend="把该列设为文本后重新填写 format the column as text and fill it in again",
        )  # fmt: skip


def report_long_codes(
    values: Iterable[Any], rows: Iterable[Any], file: str, layer: str, field: str, problems: Problems
) -> None:
    """Refuse codes of which Excel kept only the first digits: written as 3.3E+11, or numbers of more than 15 digits."""
    cells, listed = list(values), list(rows)
    is_short = [SHORTENED.fullmatch(clean_code(cell)) is not None for cell in cells]
    is_cut = [
        isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool) and abs(float(cell)) >= MOST_EXACT
        for cell in cells
    ]  # fmt: skip
    is_lost = [short or cut for short, cut in zip(is_short, is_cut, strict=True)]
    report_rows(
        problems, "table-shortened-code", "error", file, [row for row, lost in zip(listed, is_lost, strict=True) if lost],
        f"Excel 丢了代码的位数 Excel lost digits of the code: {show_values(cell for cell, lost in zip(cells, is_lost, strict=True) if lost)}",
        layer=layer, field=field, expected="完整的代码,文本 whole codes, as text",
        mend="把该列设为文本后重新填写 format the column as text and fill it in again",
    )  # fmt: skip


def strip_controls(
    frame: pd.DataFrame, columns: Iterable[str], file: str, layer: str, problems: Problems
) -> pd.DataFrame:
    """Return the frame without control characters in the texts of some columns; the rows are counted."""
    changed, rows = {}, set[int]()
    for name in dict.fromkeys(column for column in columns if column in frame.columns):
        if pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        cells = frame[name].tolist()
        hits = [at for at, cell in enumerate(cells) if isinstance(cell, str) and CONTROL.search(cell)]
        if hits:
            for at in hits:
                cells[at] = CONTROL.sub("", cells[at])
            changed[name] = pd.Series(cells, index=frame.index, dtype=object)
            rows |= set(hits)
    report_rows(
        problems, "table-control-characters", "repaired", file, frame.index.to_numpy()[sorted(rows)], "已去掉控制字符 control characters left out",
        layer=layer, field=", ".join(changed), expected="可见的文字 plain text", mend="清理该列 clean the column (Excel: CLEAN)",
    )  # fmt: skip
    return frame.assign(**changed)
