"""The four criteria of safe rural drinking water: 水质, 水量, 保证率, 方便程度.

Each is 1 met, 0 not met, NaN not known. Fail one and the village fails; not knowing one is a state of its own, unless another fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lifecircle.model import BoolArray, FloatArray

CRITERIA = ("水质", "水量", "保证率", "方便程度")
STATES = ("达标", "不达标", "不明")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How far water may be fetched from; None is no limit of that sort."""

    minutes: float | None
    distance_m: float | None
    """Horizontal, one way."""
    climb_m: float | None
    """Vertical, one way."""
    is_round_trip: bool
    """Whether ``minutes`` are there and back."""
    reading: Literal["any", "all"]
    """Whether one limit kept is enough, or all must be."""

    def __post_init__(self) -> None:
        if self.minutes is None and self.distance_m is None and self.climb_m is None:
            raise ValueError("FetchLimits | 三项都没有 no limit at all | 至少给一项 give at least one")


INDEX_2004_SAFE = FetchLimits(10, None, None, is_round_trip=True, reading="any")
"""农村饮用水安全卫生评价指标体系 (2004), safe: there and back in 10 minutes."""
INDEX_2004_BASIC = FetchLimits(20, 800, 80, is_round_trip=True, reading="any")
"""The same, basically safe: 20 minutes, about 800 m along or 80 m up."""
CHES_18_2018 = FetchLimits(20, 800, 80, is_round_trip=False, reading="any")
"""T/CHES 18-2018 as applied: one way in 20 minutes, or 800 m along, or 80 m up."""
WIDER = FetchLimits(20, 1000, 100, is_round_trip=False, reading="any")
"""Another reading that is in use: 1 km along or 100 m up. Provinces may only tighten."""


def is_convenient(
    minutes: FloatArray, distance_m: FloatArray, climb_m: FloatArray, is_piped: BoolArray, limits: FetchLimits
) -> FloatArray:
    """Return whether water is convenient (方便程度): piped, or fetched within the limits. 1, 0, or NaN where not known.

    Parameters
    ----------
    minutes, distance_m, climb_m
        One way to the water; NaN where not known, inf where there is no way. Down counts as up does: by its height.
    """
    trip_minutes = minutes * 2 if limits.is_round_trip else minutes
    measured = [
        (trip_minutes, limits.minutes),
        (distance_m, limits.distance_m),
        (np.abs(climb_m), limits.climb_m),
    ]
    kept = np.stack([at_most(value, limit) for value, limit in measured if limit is not None])
    fetched = any_met(kept) if limits.reading == "any" else all_met(kept)
    return np.where(is_piped, 1.0, fetched)


def at_most(values: FloatArray, limit: float) -> FloatArray:
    """Return 1 where a value is at most the limit, 0 where above, NaN where not known."""
    return np.where(np.isnan(values), np.nan, (values <= limit).astype(np.float64))


def at_least(values: FloatArray, limit: float) -> FloatArray:
    """Return 1 where a value is at least the limit, 0 where below, NaN where not known."""
    return np.where(np.isnan(values), np.nan, (values >= limit).astype(np.float64))


def all_met(conditions: FloatArray) -> FloatArray:
    """Return whether every condition (first axis) is met: 0 if one is not, else NaN if one is not known, else 1."""
    unknown = np.isnan(conditions).any(axis=0)
    return np.where((conditions == 0).any(axis=0), 0.0, np.where(unknown, np.nan, 1.0))


def any_met(conditions: FloatArray) -> FloatArray:
    """Return whether some condition (first axis) is met: 1 if one is, else NaN if one is not known, else 0."""
    unknown = np.isnan(conditions).any(axis=0)
    return np.where((conditions == 1).any(axis=0), 1.0, np.where(unknown, np.nan, 0.0))


def people_by_state(met: FloatArray, people: FloatArray) -> FloatArray:
    """Return the people by state, in the order of :data:`STATES`. Shape (villages, 3); a row sums to the village's people."""
    return np.column_stack([people * (met == 1), people * (met == 0), people * np.isnan(met)])


@dataclass(frozen=True, slots=True, eq=False)
class FourCriteria:
    """The verdict on each village."""

    met: FloatArray
    """1 all four, 0 one fails, NaN none fails and one is not known. Shape (villages,)."""
    people: FloatArray
    """By :data:`STATES`, shape (villages, 3)."""
    people_by_criterion: FloatArray
    """By criterion and state, shape (4, 3), over all villages."""


def four_criteria(
    quality: FloatArray, quantity: FloatArray, reliability: FloatArray, convenience: FloatArray, people: FloatArray
) -> FourCriteria:
    """Return which villages meet all four criteria.

    Parameters
    ----------
    quality, quantity, reliability, convenience
        Of each village, 1, 0 or NaN: :func:`at_least` of a pass rate, of litres per person, of a reliability; :func:`is_convenient`.
    """
    criteria = np.stack([quality, quantity, reliability, convenience])
    met = all_met(criteria)
    by_criterion = np.stack([people_by_state(row, people).sum(axis=0) for row in criteria])
    return FourCriteria(met, people_by_state(met, people), by_criterion)
