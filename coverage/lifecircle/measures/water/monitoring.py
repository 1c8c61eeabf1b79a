"""Water quality from source to tap: what was sampled, what passed, and where the chain of monitoring breaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from lifecircle.measures.coverage import mean_of
from lifecircle.measures.water.classes import people_by_class
from lifecircle.measures.water.system import SupplySystem
from lifecircle.model import BoolArray, FloatArray, IntArray

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
