"""Coverage: the people within a rule, by unit.

With ``people[c]``, membership ``F[u, c]`` (the fraction of cell *c* in unit *u*) and the cost of the nearest facility, a cell is
covered when that cost is at most the limit, and a unit's coverage is ``F @ (people * covered) / F @ people``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray

SLOW, FAST = 0.8, 1.2
"""The honest range: the same reach at 0.8 and 1.2 times the speed."""


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """Which cells are within a limit, and within it were everyone slower or faster."""

    covered: BoolArray
    low: BoolArray
    high: BoolArray


def cells_covered(cost: FloatArray, limit: float, fixed: float = 0.0, *, has_range: bool = True) -> Covered:
    """Return which cells are covered.

    Parameters
    ----------
    cost
        Minutes or metres to the nearest facility, ``fixed`` included; inf where unreachable.
    limit
        In the unit of cost. A cost equal to it is covered.
    fixed
        The part of cost that no speed changes (call handling, turnout).
    has_range
        False for distances, which no speed changes: low and high are then the coverage itself.
    """
    covered = cost <= limit
    if not has_range:
        return Covered(covered, covered, covered)
    return Covered(covered, within_at_speed(cost, limit, fixed, SLOW), within_at_speed(cost, limit, fixed, FAST))


def within_at_speed(cost: FloatArray, limit: float, fixed: float, speed: float) -> BoolArray:
    """Return which cells are within a limit at so many times the speed; ``fixed`` is the part of cost that no speed changes.

    At 0.8 times the speed a journey takes 1/0.8 of the time: the same as 0.8 of what the limit leaves to travel, at full speed.
    """
    return np.asarray(cost - fixed <= (limit - fixed) * speed, dtype=np.bool_)


def minutes_range(minutes: FloatArray, fixed: float) -> tuple[FloatArray, FloatArray]:
    """Return the fewest and the most minutes: on the way at 1.2 and at 0.8 times the speed, ``fixed`` as it is."""
    moving = minutes - fixed
    return moving / FAST + fixed, moving / SLOW + fixed


def sum_by_unit(membership: csr_array, values: FloatArray) -> FloatArray:
    """Return ``F @ values``: what of each cell's value lies in each unit. Shape (units,)."""
    return np.asarray(membership @ values, dtype=np.float64)


def share_pct(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return 100 x numerator / denominator; NaN where there is no one: no share, neither 0 nor 100."""
    return mean_of(100.0 * numerator, denominator)


def mean_of(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return numerator / denominator; NaN where there is no one to take the mean of."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def people_within(reach: csr_array, limit: float, people: FloatArray) -> FloatArray:
    """Return for each facility the people at most ``limit`` away. Shape (facilities,)."""
    near = (reach.data <= limit).astype(np.float64)
    return np.asarray(csr_array((near, reach.indices, reach.indptr), shape=reach.shape) @ people, dtype=np.float64)


def people_nearest(facility: np.ndarray, people: FloatArray, n_facilities: int) -> FloatArray:
    """Return for each facility the people to whom it is the nearest. ``facility`` is -1 where none is reached."""
    is_reached = facility >= 0
    return np.bincount(facility[is_reached], weights=people[is_reached], minlength=n_facilities).astype(np.float64)
