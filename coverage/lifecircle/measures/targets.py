"""What a clause asks of a unit, and how the unit stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lifecircle.config import Target
from lifecircle.model import FloatArray, TextArray

Status = Literal["提前", "如期", "推进中", "未达标", "无目标"]
AHEAD: Status = "提前"
ON_SCHEDULE: Status = "如期"
UNDER_WAY: Status = "推进中"
MISSED: Status = "未达标"
NO_TARGET: Status = "无目标"
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
    """Where the straight line from the base (or the last milestone) to the goal stands this year; NaN where there is no line."""
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


def judge(
    value: FloatArray, unit: str, target: Target, targets: tuple[Target, ...], year: int, measured: Measured
) -> Judgement:
    """Return how each unit stands to one of an indicator's targets.

    A target met before its year is 提前 (ahead), in its year or later 如期 (on schedule). One not met is 未达标 (missed) in its year or
    later; before it 如期 where the value is at least on the straight line from the base year's to the target's, through the targets
    between, and 推进中 (under way) below that line or where there is no base. ``hold`` stands from the first of its years on: it is never
    ahead, and missed once it has begun; without a year it has begun. Any other target without a year is never missed. 无目标 where
    there is no value, or nothing to measure by: words alone, no base, no reference.

    Parameters
    ----------
    value
        Per unit, as in the tables (percentages 0-100).
    target, targets
        The one judged, and all of its indicator's.
    """
    goal = goal_of(target, unit, measured)
    expected = _expected(goal, unit, target, targets, year, measured)
    sign = -1.0 if target.is_less_better else 1.0
    # Better than the base, and no equal of it; any other figure is met when it is reached.
    slack = -HAIR if target.kind == "improve" else HAIR
    with np.errstate(invalid="ignore"):
        is_met = sign * (value - goal) >= -slack * np.maximum(1.0, np.abs(goal))
        is_on_line = sign * (value - expected) >= -HAIR
    status = np.where(is_met, *_words(target, targets, year)).astype(object)
    status[~is_met & is_on_line & (status == UNDER_WAY)] = ON_SCHEDULE
    status[np.isnan(value) | np.isnan(goal)] = NO_TARGET
    return Judgement(goal, expected, status)


def _words(target: Target, targets: tuple[Target, ...], year: int) -> tuple[Status, Status]:
    """Return what a unit is called that meets the target this year, and one that does not."""
    if target.kind == "hold":
        years = [one.year for one in targets if one.kind == "hold" and one.year is not None]
        return ON_SCHEDULE, MISSED if not years or year >= min(years) else UNDER_WAY
    if target.year is None:
        return ON_SCHEDULE, UNDER_WAY
    return (AHEAD, UNDER_WAY) if year < target.year else (ON_SCHEDULE, MISSED)


def _expected(
    goal: FloatArray, unit: str, target: Target, targets: tuple[Target, ...], year: int, measured: Measured
) -> FloatArray:
    nothing = np.full(len(goal), np.nan)
    if target.year is None or target.kind in ("hold", "improve", "qualitative") or year > target.year:
        return nothing
    start, start_year = measured.base.copy(), measured.base_year.copy()
    passed = [one for one in targets if one.year is not None and one.year <= year and one.year < target.year]
    for milestone in sorted(passed, key=lambda one: int(one.year or 0)):
        level = goal_of(milestone, unit, measured)
        is_later = ~np.isnan(level) & ~(start_year > float(milestone.year or 0))
        start, start_year = np.where(is_later, level, start), np.where(is_later, float(milestone.year or 0), start_year)
    with np.errstate(invalid="ignore", divide="ignore"):
        way = (year - start_year) / (target.year - start_year)
        return np.where((start_year <= year) & (start_year < target.year), start + (goal - start) * way, np.nan)


def missing_to(
    goal: FloatArray, value: FloatArray, numerator: FloatArray, denominator: FloatArray, scale: float, target: Target
) -> FloatArray:
    """Return what the numerator lacks (of ``at_most``: has too much) to the goal; 0 where it is met.

    With ``value = scale x numerator / denominator`` that is ``goal x denominator / scale - numerator``; without a denominator
    ``(goal - value) x scale``. NaN where there is no goal or no value.
    """
    sign = -1.0 if target.is_less_better else 1.0
    has_base = np.isfinite(denominator)
    with np.errstate(invalid="ignore"):
        lacking = np.where(has_base, goal * denominator / scale - numerator, (goal - value) * scale)
        short = np.where(np.isnan(value), np.nan, np.maximum(sign * lacking, 0.0))
        is_reached = sign * (value - goal) >= -HAIR * np.maximum(1.0, np.abs(goal))
    return np.where(is_reached, 0.0, short)
