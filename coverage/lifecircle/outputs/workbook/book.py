"""Tables into a workbook: one look, the same bytes for the same content, and no text that a spreadsheet would run.

Every sheet is one flat table under a title, with no merged cells, so that it can be filtered, sorted and read back by other programs.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_range

from lifecircle.config import District
from lifecircle.outputs.tables import FORMULA_STARTS
from lifecircle.outputs.wording import excel_format

Kind = Literal["text", "short", "people", "percent", "signed", "signed_people", "year", "figure", "place"]
Look = Literal["", "beside", "total"]
"""Of a row: plain, a figure beside the one above it, or the sum of those above it."""
Mark = Literal["", "good", "open", "bad", "none"]
"""Of a cell: what its colour says."""

FIXED_DATE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""A workbook holds when it was made; the same study must give the same file."""
FONT = "宋体"
"""On every Chinese Windows and in WPS."""
SIZE_PT, TITLE_PT = 10, 15
A4 = 9
LINE_PT, PAD_PT, MOST_PT = 13.0, 4.0, 400.0
"""Height of a line of text, what is left around it, and near Excel's limit of one row."""
WIDE_SCALE_PCT, WIDE_PAGE = 65, 170
"""How small a wide table is printed, and how many characters then fit across a page."""
MOST_CHARACTERS, MOST_HEADER = 32_767, 255
"""Excel's limits of one cell, and of the head of a page."""
STATUS_MARKS: dict[str, Mark] = {
    "提前": "good", "如期": "good", "滞后": "bad", "推进中": "open", "未达标": "bad", "无目标": "", "缺数据": "none",
}  # fmt: skip
COLOURS: dict[Mark, dict[str, str]] = {
    "": {},
    "good": {"bg_color": "#DDF0DC", "font_color": "#1D5C2B"},
    "open": {"bg_color": "#FFF1C9", "font_color": "#6B4E00"},
    "bad": {"bg_color": "#F9D6D2", "font_color": "#8C1D18"},
    "none": {"bg_color": "#ECECEC", "font_color": "#595959"},
}
LOOKS: dict[Look, dict[str, Any]] = {
    "": {},
    "beside": {"font_color": "#595959"},
    "total": {"bold": True, "top": 2, "bg_color": "#F3F6FA"},
}
FORMATS: dict[Kind, str] = {
    "people": "#,##0", "percent": "0.0", "signed_people": "+#,##0;-#,##0;0", "year": "0", "place": "0.00000",
}  # fmt: skip
LEFT: tuple[Kind, ...] = ("text",)
CENTRED: tuple[Kind, ...] = ("short", "year")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: head, a value a row (None or NaN is left empty), and how it is shown."""

    head: str
    """Chinese, and English on its next line."""
    values: Sequence[Any]
    width: float
    """Of the column, in characters of Latin."""
    kind: Kind = "text"
    units: Sequence[str] | None = None
    """Of ``figure`` and ``signed``: each row's own unit, which decides its decimals."""
    marks: Sequence[Mark] | None = None
    """What each row's colour says; none where absent."""
    signs: Sequence[str] | None = None
    """What stands after each row's number, which stays a number."""


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet."""

    sheet: str
    title: str
    columns: Sequence[Column]
    notes: Sequence[str] = ()
    """Lines between the title and the head."""
    frozen: int = 0
    """Columns that stay in sight."""
    printed: int | None = None
    """Columns that are printed: those after them are for looking up; all where absent."""
    is_wide: bool = False
    """Printed over as many pages as it is wide, the frozen columns on each; else fitted to the width of one."""
    looks: Sequence[Look] | None = None
    empty: str = "没有内容 nothing to list"
    """Written where there is no row."""

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.columns[0].values)


@dataclass(slots=True)
class Book:
    """A workbook that is being written."""

    file: Any
    subject: str
    """Which district and year, for every title and the foot of every page."""
    demonstration: tuple[str, ...]
    """Lines said on every sheet; none where the data are a district's own."""
    formats: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def format(self, **look: Any) -> Any:
        """Return a format, the same for the same look."""
        key = tuple(sorted(look.items()))
        if key not in self.formats:
            self.formats[key] = self.file.add_format(
                {"font_name": FONT, "font_size": SIZE_PT, "valign": "vcenter", **look}
            )
        return self.formats[key]

    def add(self, table: Table) -> Any:
        """Write a table as a sheet of its own, and return the sheet."""
        sheet = self.file.add_worksheet(table.sheet)
        head = self._title(sheet, table)
        framed = self.format(
            bold=True, text_wrap=True, align="center", bg_color="#DCE6F1", border=1, border_color="#A6B4C4", locked=True
        )
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(head, place, column.head, framed)
            self._fill(sheet, head + 1, place, column, table.looks)
        if not table.rows:
            sheet.write_string(head + 1, 0, table.empty, self.format(italic=True, font_color="#595959"))
        sheet.freeze_panes(head + 1, table.frozen)
        totals = sum(look == "total" for look in table.looks or ())
        sheet.autofilter(head, 0, head + max(table.rows - totals, 1), len(table.columns) - 1)
        # Codes are texts of digits, and meant so: no green corner on each.
        sheet.ignore_errors(
            {"number_stored_as_text": xl_range(head + 1, 0, head + max(table.rows, 1), len(table.columns) - 1)}
        )
        self._set_heights(sheet, head, table)
        self.page(sheet, is_wide=table.is_wide)
        sheet.repeat_rows(head)
        first = 0
        if table.is_wide and table.frozen:
            # On its later pages the repeated columns would cut the lines above the head off: they go to the page's own head.
            sheet.repeat_columns(0, table.frozen - 1)
            above = "\n".join(
                [f"&L&12{escaped(self.subject)}　{escaped(table.title)}&9", *map(escaped, table.notes[:1])]
            )
            sheet.set_header(above[:MOST_HEADER])
            first = head
        sheet.print_area(first, 0, head + max(table.rows, 1), (table.printed or len(table.columns)) - 1)
        return sheet

    def first_row(self, table: Table) -> int:
        """Return the row of a table's first values, 0 the top."""
        said, notes = self._lines(table)
        return 2 + len(said) + len(notes)

    def _lines(self, table: Table) -> tuple[list[str], list[str]]:
        """Return the lines that say what the data are, and the notes, no longer than a printed page is wide."""
        width = WIDE_PAGE if table.is_wide else sum(column.width for column in table.columns[: table.printed])
        said, notes = (
            [line for text in texts for line in fold(text, width)] for texts in (self.demonstration, table.notes)
        )
        return said, notes

    def _title(self, sheet: Any, table: Table) -> int:
        """Write what stands above the head, and return the head's row."""
        sheet.write_string(0, 0, f"{self.subject}　{table.title}", self.format(bold=True, font_size=TITLE_PT))
        sheet.set_row(0, 26)
        said, notes = self._lines(table)
        for row, text in enumerate((*said, *notes), start=1):
            look = {"bold": True, "font_color": "#B00020"} if row <= len(said) else {"font_color": "#595959"}
            sheet.write_string(row, 0, text, self.format(**look))
        return len(said) + len(notes) + 1

    def _fill(self, sheet: Any, first: int, place: int, column: Column, looks: Sequence[Look] | None) -> None:
        for row, value in enumerate(column.values):
            look: dict[str, Any] = {"border": 1, "border_color": "#D0D7DF", **LOOKS[looks[row] if looks else ""]}
            look |= COLOURS[column.marks[row]] if column.marks else {}
            write_value(self, sheet, first + row, place, value, column, row, look)

    def _set_heights(self, sheet: Any, head: int, table: Table) -> None:
        """Make each row as high as its text needs, and let a click fold the rows that stand beside another."""
        sheet.set_row(head, row_height((column.head, column.width) for column in table.columns))
        if table.looks and "beside" in table.looks:
            sheet.outline_settings(symbols_below=False)
        for row in range(table.rows):
            texts = ((column.values[row], column.width) for column in table.columns[: table.printed])
            options = {"level": 1} if table.looks and table.looks[row] == "beside" else {}
            sheet.set_row(head + 1 + row, row_height(texts), None, options)

    def page(self, sheet: Any, *, is_wide: bool = False) -> None:
        """Set a sheet up for printing: A4 across, one page wide, the district at the foot."""
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.set_print_scale(WIDE_SCALE_PCT) if is_wide else sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.9 if is_wide else 0.55, bottom=0.6)
        said = "　示范数据，非实测 demonstration data" if self.demonstration else ""
        sheet.set_footer(f"&L&9{escaped(self.subject[:80])}{said}&R&9{sheet.get_name()}　第 &P 页，共 &N 页")


def write_value(
    book: Book, sheet: Any, row: int, place: int, value: Any, column: Column, number: int, look: dict[str, Any]
) -> None:
    """Write one value as what it is: a text as text, whatever it begins with, a number as a number, nothing as nothing."""
    if is_nothing(value):
        sheet.write_blank(row, place, None, book.format(**look))
    elif isinstance(value, (bool, np.bool_)):
        sheet.write_string(row, place, "是 yes" if value else "否 no", book.format(align="center", **look))
    elif isinstance(value, (int, float, np.integer, np.floating)):
        unit = column.units[number] if column.units else ""
        shown = number_format(column.kind, unit, float(value))
        sign = column.signs[number] if column.signs else ""
        shown += f'" {sign}"' if sign else ""
        centred = {"align": "center"} if column.kind in CENTRED else {}
        sheet.write_number(row, place, float(value), book.format(num_format=shown, **centred, **look))
    else:
        text = str(value)[:MOST_CHARACTERS]
        # Else Excel runs it once someone has opened the cell and left it.
        quoted = {"quote_prefix": True} if text.startswith(FORMULA_STARTS) else {}
        align = "left" if column.kind in LEFT else "center"
        sheet.write_string(row, place, text, book.format(text_wrap=True, align=align, **quoted, **look))


def row_height(texts: Iterable[tuple[Any, float]]) -> float:
    """Return the height, in points, of a row of texts and the widths of their columns; what is no text needs one line."""
    lines = [count_lines(text, width) for text, width in texts if isinstance(text, str)]
    return min(LINE_PT * max(lines, default=1) + PAD_PT, MOST_PT)


def escaped(text: str) -> str:
    """Return a text for the head or foot of a page, where ``&`` begins a code."""
    return text.replace("&", "&&")


def fold(text: str, width: float) -> list[str]:
    """Return a text as lines at most so many Latin characters wide, broken between words or Chinese characters."""
    lines, line = [], ""
    for part in re.findall(r"[!-~]+ ?|.", text):
        if line and len(f"{line}{part}".encode("gbk", "replace")) > width:
            lines.append(line.rstrip())
            line = ""
        line = f"{line}{part}".lstrip()
    return [*lines, line.rstrip()]


def count_lines(text: str, width: float) -> int:
    """Return over how many lines a text runs in a column so many Latin characters wide; a Chinese one is as wide as two, as it is in GBK."""
    sizes = (len(line.encode("gbk", "replace")) for line in text.split("\n"))
    return sum(max(1, math.ceil(size / (width - 1))) for size in sizes)


def is_nothing(value: Any) -> bool:
    """Whether a value is none, not a number, infinite or an empty text."""
    if isinstance(value, str):
        return value == ""
    return bool(value is None or pd.isna(value) or (isinstance(value, (float, np.floating)) and np.isinf(value)))


def number_format(kind: Kind, unit: str, value: float) -> str:
    """Return how a number is shown: as its kind is, or by its unit and size."""
    if kind in FORMATS:
        return FORMATS[kind]
    if kind == "signed":
        plain = excel_format(unit, value, is_change=True)
        # What rounds to nothing has no sign: +0.0 would read as a change.
        shows_nothing = round(abs(value), len(plain.partition(".")[2])) == 0
        return f"{plain};{plain}" if shows_nothing else f"+{plain};-{plain};{plain}"
    return excel_format(unit, value)


@contextmanager
def open_book(path: Path, district: District, when: str) -> Iterator[Book]:
    """Open a workbook about a district, and close it when done.

    Parameters
    ----------
    when
        The year, or the years compared.
    """
    with xlsxwriter.Workbook(str(path), {"in_memory": True, "strings_to_urls": False}) as file:
        file.set_properties({"title": path.stem, "subject": f"{district.name.both} {when}", "created": FIXED_DATE})
        said = (district.demonstration.zh, district.demonstration.en) if district.demonstration else ()
        yield Book(file, f"{district.name.both} {when}", tuple(dict.fromkeys(text for text in said if text)))
