"""Figures by unit, and their rows: sums over the units of a level, ratios, what of them is not known, one number for one unit and year.

People are conserved: covered + uncovered + unreachable = all, whatever the rule. Of a figure of which a part is not known, the value is over
what is known, and low and high bracket the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import District, Entry, Label, Rule
from lifecircle.config.schema import LEVELS, Level
from lifecircle.model import BoolArray, Cells, FloatArray, RuleResult, TextArray, Units

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


@dataclass(frozen=True, slots=True, eq=False)
class LevelSums:
    """The units of a level, and what of each cell's value lies in them."""

    level: Level
    code: TextArray
    name: TextArray

    cells: Cells
    parts: Level | None
    """Where the district is the sum of its units: the level summed."""

    @property
    def membership(self) -> csr_array:
        """Units x cells: the fraction of each cell in each unit."""
        if self.parts is not None:
            return csr_array(np.asarray(self.cells.membership[self.parts].sum(axis=0)).reshape(1, -1))
        return self.cells.membership[self.level]

    def sum(self, values: FloatArray) -> FloatArray:
        """Return the sum of a value over the cells of each unit."""
        if self.parts is not None:
            return np.array([sum_by_unit(self.cells.membership[self.parts], values).sum()])
        return sum_by_unit(self.cells.membership[self.level], values)


def levels_of(district: District, units: Mapping[Level, Units], cells: Cells) -> dict[Level, LevelSums]:
    """Return the levels that can be reported, the district first.

    The district is the sum of its townships (of its villages where there are no townships), so that units always add up to it;
    only a district without units is its own polygon.
    """
    parts: Level | None = next((level for level in LEVELS[1:] if level in units), None)
    code, name = np.array([district.code], dtype=object), np.array([district.name.zh], dtype=object)
    levels: dict[Level, LevelSums] = {"district": LevelSums("district", code, name, cells, parts)}
    for level in LEVELS[1:]:
        if level in units:
            levels[level] = LevelSums(level, units[level].code, units[level].name, cells, None)
    return levels


COLUMNS = (
    "district", "year", "level", "unit_code", "unit_name", "policy", "indicator", "label_zh", "label_en", "value", "value_unit",
    "numerator", "denominator", "low", "high", "target", "target_kind", "target_year", "status", "rule", "mode", "limit",
    "limit_unit", "clause", "source", "data", "data_year", "people_as_of", "unknown", "assumption",
)  # fmt: skip
"""Of the contract; a table of rows has ``scale`` and ``is_asked`` beside them until it is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """One indicator over the units of one level; arrays are per unit."""

    level: LevelSums
    numerator: FloatArray
    denominator: FloatArray
    """NaN where the value is not a ratio of sums (a count, an index, a figure reported)."""
    value: FloatArray
    low: FloatArray
    high: FloatArray
    scale: float
    """value = scale x numerator / denominator; without a denominator, numerator = scale x value."""
    unknown: FloatArray | float = 0.0
    """Percent (0-100) of the denominator of which nothing is known; see :mod:`.partial`."""
    note: TextArray | str = ""
    """What is to be said of each unit's figure: who is left out of it."""


def ratio_figures(level: LevelSums, numerator: FloatArray, denominator: FloatArray, scale: float = 100.0) -> Figures:
    """Return ``scale x numerator / denominator``, NaN where the denominator is 0; no speed changes it, so low and high equal it."""
    value = mean_of(scale * numerator, denominator)
    return Figures(level, numerator, denominator, value, value, value, scale)


def without_range(figures: Figures) -> Figures:
    """Return figures that speed would change, but nobody has computed how: low and high are not known."""
    nothing = np.full(len(figures.value), np.nan)
    return replace(figures, low=nothing, high=nothing)


def own_figures(level: LevelSums, value: FloatArray) -> Figures:
    """Return values that are no sum of anything: indices, differences, figures reported. They have no numerator, and are never added up."""
    nothing = np.full(len(value), np.nan)
    return Figures(level, nothing, nothing, value, value, value, 1.0)


def plain_figures(level: LevelSums, value: FloatArray, scale: float = 1.0) -> Figures:
    """Return counts and amounts: they add up, over no denominator."""
    nothing = np.full(len(value), np.nan)
    return Figures(level, value * scale, nothing, value, value, value, scale)


def figure_rows(
    district: District, year: int, entry: Entry, figures: Figures,
    *, indicator: str | None = None, label: Label | None = None, unit: str | None = None, is_asked: bool = True,
    rule: Rule | None = None, source: str = "", counts: str = "",
) -> pd.DataFrame:  # fmt: skip
    """Return one row a unit, not judged yet.

    Parameters
    ----------
    entry
        Whose policy, clause and source the rows carry.
    indicator, label, unit
        The entry's own where absent; those of a figure beside it otherwise.
    is_asked
        Whether the entry's targets are asked of these figures.
    rule
        Whose mode and limit they follow from.
    source
        The entry's own where empty.
    counts
        What the numerator counts, such as 人; empty where the records say it.
    """
    names = label or entry.names
    level, rule = figures.level, entry if isinstance(entry, Rule) else rule
    return pd.DataFrame(
        {
            "district": district.id,
            "year": year,
            "level": level.level,
            "unit_code": level.code,
            "unit_name": level.name,
            "policy": entry.policy,
            "indicator": indicator or entry.id,
            "label_zh": names.zh,
            "label_en": names.en or names.zh,
            "value": figures.value,
            "value_unit": unit or entry.value_unit,
            "numerator": figures.numerator,
            "denominator": figures.denominator,
            "low": figures.low,
            "high": figures.high,
            "target": np.nan,
            "target_kind": "",
            "target_year": pd.array([pd.NA] * len(level.code), dtype="Int64"),
            "status": "无目标",
            "rule": rule.id if rule else "",
            "mode": rule.mode if rule else "",
            "limit": rule.limit if rule else np.nan,
            "limit_unit": rule.limit_unit if rule else "",
            "clause": entry.clause,
            "source": source or entry.source,
            "data": "",
            "data_year": "",
            "people_as_of": "",
            "unknown": figures.unknown,
            "assumption": entry.assumption,
            "note": figures.note,
            "scale": figures.scale,
            "is_asked": is_asked,
            "entry": entry.id,
            "counts": counts,
        },
    )


HAIR = 1e-9
"""A share of the unknown that is the rounding of sums."""


def partial_ratio(
    level: LevelSums, numerator: FloatArray, denominator: FloatArray, unknown: FloatArray, most: float, scale: float = 100.0,
    *, is_share: bool = True,
) -> Figures:  # fmt: skip
    """Return ``scale x numerator / denominator`` over what is known of the denominator.

    Parameters
    ----------
    unknown
        The part of the denominator that is not known, in its unit. Shape (units,).
    most
        The largest share (0-1) of the denominator that may be unknown.
    is_share
        Whether the numerator is a part of the denominator, so that all of the unknown is known to be no more than itself.
    """
    unknown = np.where(unknown > HAIR * (denominator + unknown), unknown, 0.0)
    total = denominator + unknown
    value = mean_of(scale * numerator, denominator)
    has_part = unknown > 0
    low = np.where(has_part, mean_of(scale * numerator, total), value)
    all_of_it = mean_of(scale * (numerator + unknown), total) if is_share else np.full(len(total), np.nan)
    high = np.where(has_part, all_of_it, value)
    share = np.where(has_part, 100.0 * np.divide(unknown, total, out=np.ones_like(total), where=total > 0), 0.0)
    return withheld(Figures(level, numerator, denominator, value, low, high, scale, share), most)


def partial_sum(
    level: LevelSums, value: FloatArray, unknown_share: FloatArray, more: FloatArray, most: float, scale: float = 1.0
) -> Figures:
    """Return counts and amounts of what is known; low is that, high with ``more`` (what the rest comes to, NaN where nobody knows).

    Parameters
    ----------
    unknown_share
        Share (0-1) of the records, or of the people whose units have none, of which it is not known. Shape (units,).
    """
    has_part = unknown_share > HAIR
    nothing = np.full(len(value), np.nan)
    high = np.where(has_part, value + more, value)
    share = np.where(has_part, 100.0 * np.minimum(unknown_share, 1.0), 0.0)
    return withheld(Figures(level, value * scale, nothing, value, value, high, scale, share), most)


def partial_own(level: LevelSums, value: FloatArray, unknown: FloatArray, most: float) -> Figures:
    """Return values that are no sum of anything, over what is known (``unknown`` in percent); what the rest would make of them is not known."""
    nothing = np.full(len(value), np.nan)
    unknown = np.where(unknown > 100.0 * HAIR, unknown, 0.0)
    end = np.where(unknown > 0, np.nan, value)
    return withheld(Figures(level, nothing, nothing, value, end, end, 1.0, unknown), most)


def withheld(figures: Figures, most: float) -> Figures:
    """Return figures without a value where more than ``most`` (0-1) is not known, and without anything where all is not."""
    unknown = np.broadcast_to(np.asarray(figures.unknown, dtype=np.float64), figures.value.shape)
    is_short = unknown > 100.0 * most + HAIR
    is_nothing = unknown >= 100.0 * (1.0 - HAIR)
    return replace(
        figures,
        value=np.where(is_short | is_nothing, np.nan, figures.value),
        numerator=np.where(is_nothing, np.nan, figures.numerator),
        denominator=np.where(is_nothing, np.nan, figures.denominator),
        low=np.where(is_nothing, np.nan, figures.low),
        high=np.where(is_nothing, np.nan, figures.high),
        unknown=unknown,
    )


def with_absent(denominator: FloatArray, unknown: FloatArray, absent: FloatArray) -> FloatArray:
    """Return the unknown part of denominators with that of units of which there is no row, as large as their share of the people.

    Parameters
    ----------
    absent
        Share (0-1) of each unit's people who live in units without a row: ``(d + u) / (1 - absent) - d`` is the unknown part.
    """
    held = denominator + unknown
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = held / (1.0 - absent) - denominator
    # Nothing is known where no unit has a row; nor is it where those that have one have nothing to divide by.
    return np.where(absent <= HAIR, unknown, np.where((absent >= 1.0 - HAIR) | (held <= 0), 1.0, grown))


def conserve_people(cells: Cells, results: Mapping[str, RuleResult]) -> dict[str, dict[str, float]]:
    """Return the people by rule: covered + uncovered + unreachable = all; and those in no unit of a level."""
    sums: dict[str, dict[str, float]] = {"population": {"people": float(cells.people.sum())}}
    for level, membership in cells.membership.items():
        inside = np.asarray(membership.sum(axis=0)).ravel()
        sums["population"][f"in_no_{level}"] = float((cells.people * (1 - np.clip(inside, 0, 1))).sum())
    for rule_id, result in results.items():
        reached = np.isfinite(result.nearest.cost)
        sums[rule_id] = {
            "people": float(result.people.sum()),
            "covered": float(result.people[result.covered].sum()),
            "uncovered": float(result.people[reached & ~result.covered].sum()),
            "unreachable": float(result.people[~reached].sum()),
        }
    return sums
