"""Which facilities stood in a year: by their own ``opened`` and ``closed_year``."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lifecircle.model import Facilities, FloatArray, TextArray
from lifecircle.sources.tables import clean_text, is_missing, report_rows, show_values

if TYPE_CHECKING:
    import pandas as pd

    from lifecircle.problems import Problems

OPENED, CLOSED = "opened", "closed_year"
YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d|2100)(?!\d)")


def keep_standing(facilities: Facilities, year: int, section: str, problems: Problems) -> Facilities:
    """Return the facilities with those that did not stand in a year set aside.

    One stands from the year it ``opened`` on and until the year before its ``closed_year``; one without either stands always. A value
    without a year in it (``2019``, ``2019-05-01``, ``2019年5月``) is warned of, and decides nothing.
    """
    frame = facilities.frame
    if not {OPENED, CLOSED} & set(frame.columns) or not len(frame):
        return facilities
    opened, closed = (_years(frame, name, section, problems) for name in (OPENED, CLOSED))
    is_used = (frame["status"] == "used").to_numpy()
    # NaN compares as false: what does not say stands.
    is_absent = is_used & ((opened > year) | (closed <= year))
    if not is_absent.any():
        return facilities
    for kind in dict.fromkeys(frame["kind"][is_absent]):
        rows = frame["facility_id"][is_absent & (frame["kind"] == kind).to_numpy()]
        report_rows(
            problems, "facilities-not-standing", "note", f"{section}: {kind}", rows,
            f"{year} 年尚未启用或已停用，不计 not open in {year}, not counted", field=f"{OPENED}, {CLOSED}",
        )  # fmt: skip
    changed = frame.copy()
    changed["status"] = np.where(is_absent, "set_aside", frame["status"])
    changed["reason"] = np.where(is_absent, f"{year} 年未在用 not open in {year}", frame["reason"])
    return replace(facilities, frame=changed)


def _years(frame: pd.DataFrame, name: str, section: str, problems: Problems) -> FloatArray:
    """Return the year in each cell of a column, NaN where there is none."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    cells: TextArray = frame[name].to_numpy(dtype=object)
    found = [YEAR.search(clean_text(cell)) for cell in cells]
    is_bad = np.array([year is None and not is_missing(cell) for year, cell in zip(found, cells, strict=True)])
    report_rows(
        problems, "facilities-no-year", "warning", section, frame["facility_id"][is_bad],
        f"{name} 里没有年份，按一直在用计 no year in it, counted in all years: {show_values(cells[is_bad])}", field=name,
        expected="2019, 2019-05-01, 2019年5月", mend="写明年份,不详则留空 write the year; leave it blank where not known",
    )  # fmt: skip
    return np.array([float(year[1]) if year else np.nan for year in found], dtype=np.float64)
