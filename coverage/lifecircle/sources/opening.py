"""Which rows hold for a year and an hour.

Facilities that stood in a year, by their own ``opened`` and ``closed_year``, and records made in it; facilities that are open at a time
of day, by their ``hours``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lifecircle.config import load_hours
from lifecircle.config.hours import is_within, read_hours
from lifecircle.model import BoolArray, Facilities, FloatArray, TextArray
from lifecircle.sources.tables import clean_text, is_missing, report_rows, show_values

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from lifecircle.config import FacilityLayer
    from lifecircle.problems import Problems

OPENED, CLOSED, HOURS = "opened", "closed_year", "hours"
MADE_IN = ("date", "year")
"""Attributes that say when a record was made, the first that a row has."""
UNDATED = "没有日期，不知是哪年的 no date, of which year is not known"
"""The reason of records that are set aside for it: of these it is not known whether they count."""
YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d|2100)(?!\d)")


def keep_standing(
    facilities: Facilities, year: int, section: str, problems: Problems, dated: Collection[str] = ()
) -> Facilities:
    """Return the facilities with those that did not stand in a year, and records of other years, set aside.

    One stands from the year it ``opened`` on and until the year before its ``closed_year``; one without either stands always. A value
    without a year in it (``2019``, ``2019-05-01``, ``2019年5月``) is warned of, and decides nothing.

    Parameters
    ----------
    dated
        Kinds whose rows are records of a day (``date``) or a year: one counts in its year alone, and one that does not say when is set
        aside. Where no row of a kind says, they are records of no year, and hold for every one.
    """
    facilities = _keep_records(facilities, year, section, problems, dated)
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


def read_open(
    facilities: Facilities, at: str | None, layers: Sequence[FacilityLayer], problems: Problems
) -> tuple[BoolArray, BoolArray]:
    """Return which facilities are open at a time of day (all where none is given), and which of them state hours that could be read.

    Those without hours are always open. Hours that cannot be read are set aside, with their rows: the facility then counts as open, as one
    that states none. Both are said; so is how many are closed, by kind.

    Parameters
    ----------
    layers
        For what their own words for hours mean.
    """
    frame = facilities.frame
    is_open, is_timed = np.ones(len(frame), dtype=bool), np.zeros(len(frame), dtype=bool)
    if HOURS not in frame.columns:
        return is_open, is_timed
    cells = np.array([clean_text(cell) for cell in frame[HOURS]], dtype=object)
    words = {layer.kind: {**load_hours(), **layer.hours} for layer in layers}
    is_used = (frame["status"] == "used").to_numpy()
    # One reading for each of the few texts that a kind has.
    for kind, text in dict.fromkeys(zip(frame["kind"], cells, strict=True)):
        here = (frame["kind"] == kind).to_numpy() & (cells == text)
        spans = read_hours(text, words.get(kind, load_hours()))
        if spans is None:
            report_rows(
                problems, "facilities-bad-hours", "warning", f"facilities: {kind}", frame["facility_id"][here],
                f"开放时间读不出，此项不用，按开放计 opening hours that cannot be read are set aside, counted as open: {show_values([text])}",
                field=HOURS, expected="08:00-17:30, 24小时",
                mend=f'改写时段，或在图层中写明 write the hours, or say in the layer: hours = {{ "{text}" = "08:00-18:00" }}',
            )  # fmt: skip
        elif spans:
            is_timed |= here
            if at is not None and not any(mark.isdigit() for mark in text):
                problems.add(
                    "facilities-hours-word", "note", f"facilities: {kind}", f"“{text}”按 {'、'.join(spans)} 计，供复核 taken as, to be reviewed",
                    field=HOURS, count=int(here.sum()), mend=f'图层中可另写 the layer may say otherwise: hours = {{ "{text}" = "09:00-21:00" }}',
                )  # fmt: skip
            if at is not None and not is_within(at, spans):
                is_open &= ~here
    for kind in dict.fromkeys(frame["kind"][is_used & ~is_open]):
        of_kind = is_used & (frame["kind"] == kind).to_numpy()
        report_rows(
            problems, "facilities-closed-at", "note", f"facilities: {kind}", frame["facility_id"][of_kind & ~is_open],
            f"{at} 不开放，可达准则不计，有无与数量照计 closed at {at}, serves no rule; presence and counts stay", field=HOURS,
        )  # fmt: skip
    for kind in dict.fromkeys(frame["kind"][is_used & is_timed]) if at is None else ():
        of_kind = is_used & is_timed & (frame["kind"] == kind).to_numpy()
        problems.add(
            "facilities-hours", "note", f"facilities: {kind}", "未设时刻，有开放时间的都按开放计 no time of day: all with hours count as open",
            field="district.at", mend=HOURS_MEND, count=int(of_kind.sum()),
        )  # fmt: skip
    return is_open, is_timed


HOURS_MEND = "设 set district.at 或 or --at"


def _keep_records(
    facilities: Facilities, year: int, section: str, problems: Problems, dated: Collection[str]
) -> Facilities:
    frame = facilities.frame
    named = [name for name in MADE_IN if name in frame.columns]
    if not named or not len(frame):
        return facilities
    is_used = (frame["status"] == "used").to_numpy()
    made, found = np.full(len(frame), np.nan), {}
    is_left = np.zeros(len(frame), dtype=bool)
    for kind in sorted(set(dated) & set(frame["kind"])):
        own = (frame["kind"] == kind).to_numpy() & is_used
        for name in named:
            made[own] = np.where(np.isnan(made[own]), read_years(frame[name][own]), made[own])
        years = np.unique(made[own & np.isfinite(made)])
        if not years.size:
            continue
        found[kind] = tuple(int(one) for one in years)
        is_left |= own & ~(made == year)
        undated, other = own & np.isnan(made), own & np.isfinite(made) & (made != year)
        report_rows(
            problems, "records-no-date", "set_aside", f"{section}: {kind}", frame["facility_id"][undated],
            "没有日期，不知是哪年的，未计入 no date: of which year is not known, not counted", field=named[0], expected=f"{year}-03-15",
            mend="补上日期 give the date",
        )  # fmt: skip
        report_rows(
            problems, "records-other-year", "note", f"{section}: {kind}", frame["facility_id"][other],
            f"不是 {year} 年的记录，不计 records of other years than {year}, not counted: {', '.join(map(str, found[kind]))}",
            field=named[0],
        )  # fmt: skip
    if not is_left.any():
        return replace(facilities, record_years=found)
    changed = frame.copy()
    changed["status"] = np.where(is_left, "set_aside", frame["status"])
    why = np.where(np.isnan(made), UNDATED, f"不是 {year} 年的记录 no record of {year}")
    changed["reason"] = np.where(is_left, why, frame["reason"])
    return replace(facilities, frame=changed, record_years=found)


def read_years(values: pd.Series) -> FloatArray:
    """Return the year in each cell (``2019``, ``2019-05-01``, ``2019年5月``), NaN where there is none."""
    found = [YEAR.search(clean_text(cell)) for cell in values.to_numpy(dtype=object)]
    return np.array([float(year[1]) if year else np.nan for year in found], dtype=np.float64)


def _years(frame: pd.DataFrame, name: str, section: str, problems: Problems) -> FloatArray:
    """Return the year in each cell of a column, NaN where there is none."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    cells: TextArray = frame[name].to_numpy(dtype=object)
    found = read_years(frame[name])
    is_bad = np.isnan(found) & np.array([not is_missing(cell) for cell in cells], dtype=bool)
    report_rows(
        problems, "facilities-no-year", "warning", section, frame["facility_id"][is_bad],
        f"{name} 里没有年份，按一直在用计 no year in it, counted in all years: {show_values(cells[is_bad])}", field=name,
        expected="2019, 2019-05-01, 2019年5月", mend="写明年份,不详则留空 write the year; leave it blank where not known",
    )  # fmt: skip
    return found
