"""Who drinks what: people by tier (县域网, 局域网, 单村水厂) and scale (I-V) of works, the four criteria of safe rural water, and samples.

The four criteria are 水质, 水量, 保证率 and 方便程度. Of water quality from source to tap it is said what was sampled, what passed, and where the
chain of monitoring breaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from lifecircle.indicators.figures import mean_of, share_pct
from lifecircle.indicators.water_system import SupplySystem, rows_of_ids
from lifecircle.model import BoolArray, FloatArray, IntArray

TIERS = ("县域网", "局域网", "单村水厂")
"""The three tiers of 三级供水网, from the widest."""
TIER_COLUMNS = (*TIERS, "层级不明", "未覆盖")

SCALE_M3D = (10_000.0, 5_000.0, 1_000.0, 100.0, 10.0)
"""Least m3/d of classes I to V of 农村供水工程 (mandatory text on rural water supply works)."""
SCALE_COLUMNS = ("I", "II", "III", "IV", "V", "不足V", "能力不明", "未覆盖")
BELOW_V, SCALE_UNKNOWN = 5, 6
"""Classes, as columns of :data:`SCALE_COLUMNS`."""


def people_served(system: SupplySystem, people: FloatArray) -> csr_array:
    """Return the people of each village on each plant: ``S[p, v] * people[v]``. Plants x villages."""
    service = system.service
    return csr_array((service.data * people[service.indices], service.indices, service.indptr), shape=service.shape)


def people_by_class(system: SupplySystem, people: FloatArray, plant_class: IntArray, n_classes: int) -> FloatArray:
    """Return the people of each village by the class of the plant they are on, and last those on none.

    Parameters
    ----------
    plant_class
        Of each plant, from 0 to ``n_classes`` - 1.

    Returns
    -------
    FloatArray
        Shape (villages, n_classes + 1); a row sums to the village's people.
    """
    n = len(system.plants)
    is_of = csr_array((np.ones(n), (np.arange(n), plant_class)), shape=(n, n_classes))
    served = (people_served(system, people).T @ is_of).toarray()
    return np.column_stack([served, np.maximum(people - served.sum(axis=1), 0.0)])


def people_by_tier(system: SupplySystem, people: FloatArray) -> FloatArray:
    """Return the people of each village by tier of supply, in the order of :data:`TIER_COLUMNS`.

    Shape (villages, 5); a row sums to the village's people. 层级不明 are those on a plant whose tier is none of the three.
    """
    tier = rows_of_ids(system.plants.tier, TIERS)
    return people_by_class(system, people, np.where(tier < 0, len(TIERS), tier), len(TIERS) + 1)


def scale_classes(capacity_m3d: FloatArray) -> IntArray:
    """Return the scale class of works by what they can treat: 0-4 for I-V, 5 for less than V, 6 where not known.

    The lower bound belongs to the class: 10,000 m3/d is I, 1,000 is III.
    """
    bounds = np.array(SCALE_M3D[::-1])
    found = BELOW_V - np.searchsorted(bounds, capacity_m3d, side="right")
    return np.where(np.isnan(capacity_m3d), SCALE_UNKNOWN, found).astype(np.int64)


def people_by_scale(system: SupplySystem, people: FloatArray) -> FloatArray:
    """Return the people of each village by the scale of works they are on, in the order of :data:`SCALE_COLUMNS`.

    Shape (villages, 8); a row sums to the village's people. Give rural people alone where the clause is about them.
    """
    return people_by_class(system, people, scale_classes(system.plants.capacity_m3d), SCALE_UNKNOWN + 1)


def people_on_large_works(by_scale: FloatArray, smallest: str = "III") -> FloatArray:
    """Return the people on works of a class and above (规模化供水工程: III and above, 1,000 m3/d). Shape (villages,)."""
    return np.asarray(by_scale[:, : SCALE_COLUMNS.index(smallest) + 1].sum(axis=1), dtype=np.float64)


def class_pct(by_class: FloatArray) -> FloatArray:
    """Return each class as a percentage of everyone in its row; NaN where there is no one.

    Sum the rows of a unit's villages first: percentages are never averaged.
    """
    return share_pct(by_class, by_class.sum(axis=1, keepdims=True))


def people_of_same_quality(
    system: SupplySystem,
    people: FloatArray,
    pass_rate: FloatArray,
    least_pass_rate: float,
    tiers: Sequence[str] = TIERS[:1],
) -> FloatArray:
    """Return the people on same-quality water (同质饮水): on one of the tiers, from a plant that passes often enough.

    Parameters
    ----------
    pass_rate
        Of each plant's samples, 0-1; NaN where none was taken, and then its people do not count.
    least_pass_rate
        0-1; a rate equal to it passes.
    tiers
        Those counted as the same quality.

    Returns
    -------
    FloatArray
        Shape (villages,).
    """
    is_same = (rows_of_ids(system.plants.tier, tuple(tiers)) >= 0) & (pass_rate >= least_pass_rate)
    return people_by_class(system, people, np.where(is_same, 0, 1), 2)[:, 0]


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


STAGES = ("水源", "出厂", "龙头")
SOURCE, OUTLET, TAP = range(3)

CHAIN_STATES = ("完整", "水源", "出厂", "龙头", "无水厂")
"""Whole, or the first link that is missing."""
WHOLE, NO_PLANT = 0, 4


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples of water, in the order of their table."""

    stage: IntArray
    """Row of :data:`STAGES`; -1 where it is none of them."""
    year: IntArray
    plant: IntArray
    """Row of the plant whose water it is; -1 where not known."""
    village: IntArray
    """Row of the village it was taken in (by its place or its code); -1 where in none."""
    is_pass: FloatArray
    """1 passed, 0 failed, NaN without a result."""

    def __len__(self) -> int:
        return len(self.stage)


@dataclass(frozen=True, slots=True, eq=False)
class PassCounts:
    """Samples that passed, by stage and unit. Shape (3, units)."""

    passed: FloatArray
    total: FloatArray
    """With a result."""
    no_result: FloatArray
    left_out: int
    """Of the year, but of no unit or no stage."""

    @property
    def rate(self) -> FloatArray:
        """Passed / total, 0-1; NaN where there is no result. For several units sum the counts first."""
        return mean_of(self.passed, self.total)


def count_passes(samples: Samples, unit: IntArray, n_units: int, year: int) -> PassCounts:
    """Return the samples of a year that passed, by stage and unit.

    Parameters
    ----------
    unit
        Of each sample; -1 for none. ``samples.plant`` for rates by plant, ``samples.village`` by village.
    """
    in_year = samples.year == year
    counts = in_year & (samples.stage >= 0) & (unit >= 0)
    has_result = ~np.isnan(samples.is_pass)

    def count(which: BoolArray) -> FloatArray:
        key = samples.stage[which] * n_units + unit[which]
        return np.bincount(key, minlength=len(STAGES) * n_units).reshape(len(STAGES), n_units).astype(np.float64)

    return PassCounts(
        passed=count(counts & (samples.is_pass == 1)),
        total=count(counts & has_result),
        no_result=count(counts & ~has_result),
        left_out=int((in_year & ~counts).sum()),
    )


def passes_surely(passed: FloatArray, total: FloatArray, unclear: FloatArray | int, least: float) -> FloatArray:
    """Return 1 where the rate of passes is at least so much (0-1) and 0 where it is not, whatever the unclear samples came to; else NaN.

    Parameters
    ----------
    unclear
        Samples that may be of the unit, or are and have no result. NaN too where there is no sample with a result at all.
    """
    whole = total + unclear
    lowest, highest = mean_of(passed, whole), mean_of(passed + unclear, whole)
    with np.errstate(invalid="ignore"):
        verdict = np.where(lowest >= least, 1.0, np.where(highest < least, 0.0, np.nan))
    return np.where(total > 0, verdict, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class MonitoringChain:
    """Which links of source -> plant -> tap are watched, by village."""

    has_stage: BoolArray
    """Shape (villages, 3): sampled often enough at every plant the village is on; its own tap. False where it is on none."""
    state: IntArray
    """Row of :data:`CHAIN_STATES`: over the plants a village is on, the earliest link that is missing."""
    people: FloatArray
    """Shape (villages, 5): people by state of the chain they are on; a row sums to the village's people."""

    @property
    def whole_share(self) -> float:
        """Share (0-1) of people on a whole chain; NaN where there are none."""
        total = self.people.sum()
        return float(self.people[:, WHOLE].sum() / total) if total > 0 else float("nan")

    @property
    def villages_whole(self) -> int:
        """How many villages have a whole chain."""
        return int((self.state == WHOLE).sum())


def monitoring_chain(
    system: SupplySystem, people: FloatArray, samples: Samples, year: int, least_samples: int = 1
) -> MonitoringChain:
    """Return the chain of monitoring of each village.

    A link is watched where at least ``least_samples`` were taken in the year: at the plant's sources (all together), at its outlet, and in
    the village itself at the tap, whether or not they passed.
    """
    taken = samples.year == year
    at_source, at_outlet = (
        _is_sampled(samples.plant, taken & (samples.stage == stage), len(system.plants), least_samples)
        for stage in (SOURCE, OUTLET)
    )
    at_tap = _is_sampled(samples.village, taken & (samples.stage == TAP), len(system.villages), least_samples)
    # What a plant lacks before the tap: 0 nothing, else the first missing link as a row of CHAIN_STATES.
    missing = np.where(at_source, np.where(at_outlet, 0, 1 + OUTLET), 1 + SOURCE)
    tap_state = np.where(at_tap, WHOLE, 1 + TAP)
    by_plant = people_by_class(system, people, missing, 1 + TAP)
    by_state = np.zeros((len(people), len(CHAIN_STATES)))
    by_state[np.arange(len(people)), tap_state] = by_plant[:, 0]
    by_state[:, [1 + SOURCE, 1 + OUTLET]] = by_plant[:, [1 + SOURCE, 1 + OUTLET]]
    by_state[:, NO_PLANT] = by_plant[:, -1]
    return MonitoringChain(*_by_village(system, at_source, at_outlet, at_tap), by_state)


def _by_village(
    system: SupplySystem, at_source: BoolArray, at_outlet: BoolArray, at_tap: BoolArray
) -> tuple[BoolArray, IntArray]:
    service = system.service
    is_served_by = (service.data > 0).astype(np.float64)
    is_on = csr_array((is_served_by, service.indices, service.indptr), shape=service.shape).T
    plants = np.asarray(is_on @ np.ones(len(system.plants)))
    is_served = plants > 0
    watched = [is_served & (np.asarray(is_on @ stage.astype(np.float64)) == plants) for stage in (at_source, at_outlet)]
    has_stage = np.column_stack([*watched, at_tap])
    state = np.where(has_stage.all(axis=1), WHOLE, 1 + np.argmin(has_stage, axis=1))
    return has_stage, np.where(is_served, state, NO_PLANT).astype(np.int64)


def _is_sampled(place: IntArray, is_taken: BoolArray, n_places: int, least_samples: int) -> BoolArray:
    return np.bincount(place[is_taken & (place >= 0)], minlength=n_places) >= least_samples
