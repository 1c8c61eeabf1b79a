"""What a clause asks of a unit, how the unit stands, the table of every target, and the scorecard as the Nanyang text counts.

A scorecard is so many monitored, so many of them with a target, so many of these met or ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import pandas as pd

from lifecircle.config import Entry, Target
from lifecircle.indicators.figures import COLUMNS
from lifecircle.model import FloatArray, Known, TextArray

if TYPE_CHECKING:
    from lifecircle.config.schema import Level


Status = Literal["提前", "如期", "滞后", "推进中", "未达标", "缺数据", "无目标"]
AHEAD: Status = "提前"
ON_SCHEDULE: Status = "如期"
BEHIND: Status = "滞后"
UNDER_WAY: Status = "推进中"
MISSED: Status = "未达标"
NOT_KNOWN: Status = "缺数据"
NO_TARGET: Status = "无目标"
MET: tuple[Status, ...] = (AHEAD, ON_SCHEDULE)
NOT_MET: tuple[Status, ...] = (MISSED, BEHIND, UNDER_WAY)
"""The worst first."""
VERDICTS: tuple[Status, ...] = (AHEAD, ON_SCHEDULE, BEHIND, UNDER_WAY, MISSED)
"""What a unit may be said to be; the other two say that nothing is said."""
HAIR = 1e-9
"""A full share computed as 99.99999999999999 is full."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a target is measured against, per unit, in the unit of the value (percentages 0-100)."""

    base: FloatArray
    """Value in the base year; NaN where there is none."""
    base_year: FloatArray
    """NaN where there is none."""
    reference: float = float("nan")
    """What others have; NaN where it is not known."""

    @classmethod
    def nothing(cls, count: int) -> Measured:
        """No base and no reference, for so many units."""
        return cls(np.full(count, np.nan), np.full(count, np.nan))


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """How the units of one level stand to one target."""

    goal: FloatArray
    """NaN where there is nothing to be measured by."""
    expected: FloatArray
    """Where the straight line from the base (or the last milestone) to the goal stands this year; NaN where there is no line. Of a signed
    difference it is a distance from zero."""
    status: TextArray


def due_target(targets: tuple[Target, ...], year: int) -> Target | None:
    """Return the target that a year answers to: the next one due, or the last where all have passed; undated ones come last."""
    dated = sorted((target for target in targets if target.year is not None), key=lambda target: int(target.year or 0))
    coming = [target for target in dated if int(target.year or 0) >= year]
    undated = [target for target in targets if target.year is None]
    return next(iter([*coming, *dated[::-1], *undated]), None)


def scale_of(unit: str) -> float:
    """Return what a stated value is multiplied by to stand in the tables: shares are written 0-1 and shown as 0-100."""
    return 100.0 if unit == "%" else 1.0


def goal_of(target: Target, unit: str, measured: Measured) -> FloatArray:
    """Return the figure each unit must reach, in the unit of the tables; NaN where there is none."""
    count = len(measured.base)
    if target.kind == "all":
        return np.full(count, scale_of(unit) if unit == "%" else np.nan)
    if target.kind == "improve":
        return measured.base
    if target.kind == "qualitative":
        return np.full(count, np.nan)
    if target.kind == "not_below" and target.value is None:
        return np.full(count, measured.reference)
    return np.full(count, scale_of(unit) * float(target.value or 0.0))


def merit(values: FloatArray, target: Target) -> FloatArray:
    """Return figures turned so that the greater is the better: as they are, negative where less is better, or how far from zero, negative."""
    if target.is_near_zero_better:
        return -np.abs(values)
    return -values if target.is_less_better else values


def still_missing(value: FloatArray, goal: FloatArray, target: Target) -> FloatArray:
    """Return how far units are from the goal, in the unit of the value: positive is still missing, whichever figure is the better one.

    More is better: goal - value. Less is better: value - goal. Nearer to zero is better: abs(value) - abs(goal). NaN where either is.
    """
    return merit(goal, target) - merit(value, target)


def judge(
    value: FloatArray, unit: str, target: Target, targets: tuple[Target, ...], year: int, measured: Measured
) -> Judgement:
    """Return how each unit stands to one of an indicator's targets.

    ========  ==========================================================================================================
    提前      met before the target's year
    如期      met in its year or later, or without a year; before it, at least on the straight line from the base year's
              figure to the target's, through the targets between
    未达标    not met in its year or later
    滞后      not met, not due: below that line, or worse than the base
    推进中    not met, not due, and neither: no base to judge by, or no line
    缺数据    no figure of the unit, or none to measure it by (no base to improve on, no reference)
    无目标    words alone
    ========  ==========================================================================================================

    ``hold`` stands from the first of its years on: it is never ahead, and missed once it has begun; without a year it has begun. Any
    other target without a year is never missed.

    Parameters
    ----------
    value
        Per unit, as in the tables (percentages 0-100).
    target, targets
        The one judged, and all of its indicator's.
    """
    goal = goal_of(target, unit, measured)
    expected = _expected(goal, unit, target, targets, year, measured)
    reached, hoped, begun = merit(value, target), merit(expected, target), merit(measured.base, target)
    # Better than the base, and no equal of it; any other figure is met when it is reached.
    slack = -HAIR if target.kind == "improve" else HAIR
    with np.errstate(invalid="ignore"):
        is_met = still_missing(value, goal, target) <= slack * np.maximum(1.0, np.abs(goal))
        is_on_line = reached - hoped >= -HAIR * np.maximum(1.0, np.abs(expected))
        is_worse = reached - begun < -HAIR * np.maximum(1.0, np.abs(measured.base))
    is_behind = is_worse | (np.isfinite(expected) & ~is_on_line)
    met, due = _words(target, targets, year)
    not_met = np.select([np.full(len(value), due), is_behind, is_on_line], [MISSED, BEHIND, ON_SCHEDULE], UNDER_WAY)
    status = np.where(is_met, met, not_met).astype(object)
    status[np.isnan(goal)] = NO_TARGET if target.kind in ("qualitative", "all") else NOT_KNOWN
    status[np.isnan(value)] = NOT_KNOWN
    return Judgement(goal, expected, status)


def _words(target: Target, targets: tuple[Target, ...], year: int) -> tuple[Status, bool]:
    """Return what a unit is called that meets the target this year, and whether one that does not has missed it."""
    if target.kind == "hold":
        since = holds_from(targets)
        return ON_SCHEDULE, since is None or year >= since
    if target.year is None:
        return ON_SCHEDULE, False
    return (AHEAD, False) if year < target.year else (ON_SCHEDULE, True)


def holds_from(targets: tuple[Target, ...]) -> int | None:
    """Return the first year of an indicator's ``hold`` targets; None where none is stated: it has begun."""
    return min((one.year for one in targets if one.kind == "hold" and one.year is not None), default=None)


def _expected(
    goal: FloatArray, unit: str, target: Target, targets: tuple[Target, ...], year: int, measured: Measured
) -> FloatArray:
    """Return where the straight line stands this year: of what is to hold it ends where that begins; see :class:`Judgement`."""
    nothing = np.full(len(goal), np.nan)
    end = holds_from(targets) if target.kind == "hold" else target.year
    if end is None or target.kind in ("improve", "qualitative") or year > end:
        return nothing
    if target.kind == "hold" and year == end:
        return nothing
    start, start_year = measured.base.copy(), measured.base_year.copy()
    if target.is_near_zero_better:
        start, goal = np.abs(start), np.abs(goal)
    passed = [one for one in targets if one.year is not None and one.year <= year and one.year < end]
    for milestone in sorted(passed, key=lambda one: int(one.year or 0)):
        level = goal_of(milestone, unit, measured)
        is_later = ~np.isnan(level) & ~(start_year > float(milestone.year or 0))
        start, start_year = np.where(is_later, level, start), np.where(is_later, float(milestone.year or 0), start_year)
    with np.errstate(invalid="ignore", divide="ignore"):
        way = (year - start_year) / (end - start_year)
        return np.where((start_year <= year) & (start_year < end), start + (goal - start) * way, np.nan)


def missing_to(
    goal: FloatArray, value: FloatArray, numerator: FloatArray, denominator: FloatArray, scale: float, target: Target
) -> FloatArray:
    """Return what the numerator lacks (of ``at_most``: has too much) to the goal; 0 where it is met.

    With ``value = scale x numerator / denominator`` that is ``goal x denominator / scale - numerator``; without a denominator
    ``(goal - value) x scale``. NaN where there is no goal or no value.
    """
    # Nearer to zero: the figure is no sum, and what is missing is how much farther from zero it is.
    if target.is_near_zero_better:
        return np.maximum(still_missing(value, goal, target), 0.0) * scale
    sign = -1.0 if target.is_less_better else 1.0
    has_base = np.isfinite(denominator)
    with np.errstate(invalid="ignore"):
        lacking = np.where(has_base, goal * denominator / scale - numerator, (goal - value) * scale)
        short = np.where(np.isnan(value), np.nan, np.maximum(sign * lacking, 0.0))
        is_reached = still_missing(value, goal, target) <= HAIR * np.maximum(1.0, np.abs(goal))
    return np.where(is_reached, 0.0, short)


SCORES = ("monitored", "with_target", "ahead", "on_schedule", "under_way", "missed", "behind", "not_known")
WORDS: dict[Status, str] = {
    AHEAD: "ahead", ON_SCHEDULE: "on_schedule", UNDER_WAY: "under_way", MISSED: "missed", BEHIND: "behind", NOT_KNOWN: "not_known",
}  # fmt: skip
WORST_FIRST: tuple[Status, ...] = (MISSED, BEHIND, UNDER_WAY, NOT_KNOWN, ON_SCHEDULE, AHEAD, NO_TARGET)
"""A clause that asks several things stands as the worst of them does: it is met when all of them are."""


def score_units(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a unit: how many clauses it has a figure of, and how they stand; each clause counts once.

    ``monitored`` have a figure, ``with_target`` a verdict; of ``not_known`` a target is asked and what it would be judged by is missing.
    Source: 南阳广播电视台, 2023-11-13: 67 monitored, 53 with a target set, 48 of these met on time or ahead.

    Parameters
    ----------
    rows
        One row a figure and unit, with ``level, unit_code, value, status``; ``clause``, what counts once (each row where absent), and
        ``target_kind``: figures that have none are monitored and judged by nothing. A figure that is missing has no verdict.
    """
    clause = rows["clause"] if "clause" in rows else pd.Series(np.arange(len(rows)), index=rows.index, name="clause")
    asked = rows["status"] != NO_TARGET
    if "target_kind" in rows:
        asked &= rows["target_kind"].fillna("").astype(str) != ""
    status = rows["status"].where(rows["value"].notna(), NOT_KNOWN).where(asked, NO_TARGET)
    place = status.map({word: rank for rank, word in enumerate(WORST_FIRST)})
    by_clause = (
        pd.DataFrame({"place": place.astype(np.int64), "has_value": rows["value"].notna()})
        .groupby([rows["level"], rows["unit_code"], clause], sort=False)
        .agg(place=("place", "min"), has_value=("has_value", "any"))
        .reset_index()
    )
    word = by_clause["place"].map(dict(enumerate(WORST_FIRST)))
    table = by_clause[["level", "unit_code"]].assign(
        monitored=by_clause["has_value"].astype(np.int64),
        with_target=(~word.isin([NO_TARGET, NOT_KNOWN])).astype(np.int64),
        **{name: (word == status).astype(np.int64) for status, name in WORDS.items()},
    )
    return table.groupby(["level", "unit_code"], sort=False, as_index=False).sum()


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
