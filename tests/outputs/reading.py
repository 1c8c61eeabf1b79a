"""Workbooks read back as a planner's other programs read them."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd


def open_workbook(path: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


def read_sheet(path: Path, name: str) -> pd.DataFrame:
    """Return a sheet's table by its Chinese heads; the head is where the filter is."""
    sheet = open_workbook(path)[name]
    top, *rows = list(sheet.iter_rows(min_row=head_row(sheet), values_only=True))
    return pd.DataFrame(rows, columns=[head.split("\n")[0] for head in top])


def head_row(sheet) -> int:
    return openpyxl.utils.range_boundaries(sheet.auto_filter.ref)[1]


def texts_of(path: Path) -> list[str]:
    """Return every text of every cell."""
    return [
        cell
        for sheet in open_workbook(path)
        for row in sheet.iter_rows(values_only=True)
        for cell in row
        if isinstance(cell, str)
    ]
