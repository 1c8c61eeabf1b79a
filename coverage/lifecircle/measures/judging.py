"""Rows to rows with targets and statuses, and the table of every target: what is due, what is on the way, what is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from lifecircle.config import Entry, Target
from lifecircle.measures.rows import COLUMNS
from lifecircle.measures.targets import (
    NOT_KNOWN,
    Measured,
    due_target,
    holds_from,
    judge,
    missing_to,
    scale_of,
    still_missing,
)
from lifecircle.model import FloatArray, Known, TextArray

if TYPE_CHECKING:
    from lifecircle.config.schema import Level

TARGET_COLUMNS = (
    "district", "year", "level", "unit_code", "unit_name", "policy", "indicator", "label_zh", "label_en", "value", "value_unit",
    "target_kind", "target", "target_year", "target_text", "base", "base_year", "reference", "reference_name", "expected", "status",
    "is_due", "gap", "missing", "missing_unit", "clause", "source", "reference_year", "holds_from",
)  # fmt: skip
"""Of ``targets.csv``: one row a unit and target, of the levels that the clause speaks of. ``gap`` is what is still missing to the target,
positive whichever figure is the better one and negative where it is more than met; ``holds_from`` the first year of what must hold (empty:
it has begun, or the kind is another); ``missing`` what the numerator lacks, in ``missing_unit`` (empty: in what the records are)."""


def judge_rows(rows: pd.DataFrame, entry: Entry, year: int, known: Known) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one entry's rows with target and status, and one row a target for ``targets.csv``.

    The target in the rows is the one that the year answers to; ``targets.csv`` has all. A target is asked of the levels that its clause
    speaks of, one of the kind ``count`` of the district: three towns out of eighteen are not three of each. What has no figure has no
    verdict, whether or not a target is asked of it.
    """
    if not len(rows):
        return rows, pd.DataFrame(columns=list(TARGET_COLUMNS))
    targets = entry.targets_in(year)
    judged, listed = rows.copy(), []
    judged.loc[judged["value"].isna(), "status"] = NOT_KNOWN
    for (indicator, level), part in rows[rows["is_asked"]].groupby(["indicator", "level"], sort=False):
        asked = tuple(target for target in targets if target.speaks_of(cast("Level", level)))
        measured, due = _measured(str(indicator), part, entry, known), due_target(asked, year)
        unit = str(part["value_unit"].iloc[0])
        for target in asked:
            found = judge(part["value"].to_numpy(np.float64), unit, target, asked, year, measured)
            since = holds_from(asked) if target.kind == "hold" else None
            listed.append(
                _target_rows(
                    part, target, found.goal, found.expected, found.status, target is due, measured, known
                ).assign(holds_from=pd.array([pd.NA if since is None else since] * len(part), dtype="Int64"))
            )
            if target is due:
                judged.loc[part.index, "target"] = found.goal
                judged.loc[part.index, "target_kind"] = target.kind
                judged.loc[part.index, "target_year"] = target.year if target.year is not None else pd.NA
                judged.loc[part.index, "status"] = found.status
    return judged, pd.concat(listed, ignore_index=True) if listed else pd.DataFrame(columns=list(TARGET_COLUMNS))


def _measured(indicator: str, part: pd.DataFrame, entry: Entry, known: Known) -> Measured:
    """Return bases and reference of the units.

    The base is a unit's own figure of the base year that the targets state; of the district, where it has none of that year, the
    figure stated; else of the earliest year known. A line that began anew each year would forgive every year lost.
    """
    level = str(part["level"].iloc[0])
    stated = next((target.base for target in entry.targets if target.base is not None), None)
    year, value = np.full(len(part), np.nan), np.full(len(part), np.nan)
    for row, code in enumerate(part["unit_code"]):
        own = dict(known.bases.get((indicator, level, code), {}))
        if stated is not None and level == "district":
            own.setdefault(stated.year, stated.value * scale_of(str(part["value_unit"].iloc[0])))
        if own:
            at = stated.year if stated is not None and stated.year in own else min(own)
            year[row], value[row] = at, own[at]
    return Measured(value, year, known.references.get(entry.id, (np.nan, ""))[0])


def _target_rows(
    part: pd.DataFrame, target: Target, goal: FloatArray, expected: FloatArray, status: TextArray, is_due: bool,
    measured: Measured, known: Known,
) -> pd.DataFrame:  # fmt: skip
    value = part["value"].to_numpy(np.float64)
    numerator, denominator = (part[name].to_numpy(np.float64) for name in ("numerator", "denominator"))
    reference, name = known.references.get(str(part["entry"].iloc[0]), (np.nan, ""))
    has_reference = target.kind == "not_below"
    years = pd.array([target.year if target.year is not None else pd.NA] * len(part), dtype="Int64")
    listed = part[[column for column in COLUMNS if column in TARGET_COLUMNS]].assign(
        target_kind=target.kind,
        target=goal,
        target_year=years,
        target_text=target.text.both if target.text else "",
        base=measured.base,
        base_year=pd.array(
            np.where(np.isnan(measured.base_year), -1, measured.base_year).astype(np.int64), dtype="Int64"
        ),
        reference=reference if has_reference else np.nan,
        reference_name=name if has_reference else "",
        reference_year=_year_of_reference(str(part["entry"].iloc[0]) if has_reference else "", known, len(part)),
        expected=expected,
        status=status,
        is_due=is_due,
        gap=still_missing(value, goal, target),
        missing=missing_to(goal, value, numerator, denominator, float(part["scale"].iloc[0]), target),
        missing_unit=_missing_unit(part),
    )
    listed.loc[np.isnan(measured.base_year), "base_year"] = pd.NA
    return listed[list(TARGET_COLUMNS[:-1])]


def _year_of_reference(entry: str, known: Known, count: int) -> pd.api.extensions.ExtensionArray:
    """Return the year of what others have, a row each; empty where it is not said."""
    return pd.array([known.reference_years.get(entry, pd.NA)] * count, dtype="Int64")


def _missing_unit(part: pd.DataFrame) -> str:
    """Return what is missing is counted in: what the numerator counts; of a figure that is no sum, the unit of its value."""
    if part["numerator"].notna().any():
        return str(part["counts"].iloc[0])
    return {"%": "pp"}.get(unit := str(part["value_unit"].iloc[0]), unit)
