"""Supply and demand: who is served when facilities hold only so many, and supply per person where people compete for it.

Decay is how much a facility counts for people at a cost: 1 at the entrance, and less the farther it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

import numpy as np
from numba import njit
from scipy.sparse import coo_array, csr_array

from lifecircle.model import FloatArray, IntArray


class Decay(Protocol):
    """Weights of costs: finite, not negative, of the same shape."""

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return the weight at each cost."""
        ...


@dataclass(frozen=True, slots=True)
class Binary:
    """1 up to the limit, which is within, and 0 beyond."""

    limit: float

    def __post_init__(self) -> None:
        _refuse_unless(self.limit >= 0, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return 1 where cost <= limit, else 0."""
        return (cost <= self.limit).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Stepped:
    """One weight a band of cost, as in E2SFCA."""

    bands: tuple[tuple[float, float], ...]
    """(limit, weight), limits ascending: ``((10, 1.0), (20, 0.68), (30, 0.22))`` are the weights of Luo & Qi 2009, in minutes."""
    closed: Literal["right", "left"] = "right"
    """Whether a cost at a band's limit belongs to it (``right``, as everywhere here) or to the next. R's ``decay_stepped(steps,
    weights)`` is ``left``, with bands ((steps[0], 1), (steps[1], weights[0]), ..., (inf, weights[-1]))."""

    def __post_init__(self) -> None:
        limits = [limit for limit, _ in self.bands]
        _refuse_unless(bool(limits) and limits[0] >= 0, "bands", self.bands)
        _refuse_unless(all(low < high for low, high in pairwise(limits)), "bands", self.bands)
        _refuse_unless(all(0 <= weight < math.inf for _, weight in self.bands), "bands", self.bands)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return the weight of each cost's band; 0 beyond the last."""
        limits = np.array([limit for limit, _ in self.bands])
        weights = np.array([*(weight for _, weight in self.bands), 0.0])
        return weights[np.searchsorted(limits, cost, side="left" if self.closed == "right" else "right")]


@dataclass(frozen=True, slots=True)
class Linear:
    """Falls evenly from 1 at the door to 0 at the limit."""

    limit: float

    def __post_init__(self) -> None:
        _refuse_unless(0 < self.limit < math.inf, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return 1 - cost / limit, not below 0."""
        return np.maximum(1.0 - cost / self.limit, 0.0)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Falls by the same share with each further minute or metre."""

    rate: float
    """Per unit of cost."""
    limit: float = math.inf
    """0 beyond it; without one the horizon of the reach is the limit."""

    def __post_init__(self) -> None:
        _refuse_unless(0 <= self.rate < math.inf, "rate", self.rate)
        _refuse_unless(self.limit >= 0, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return exp(-rate cost) up to the limit."""
        return np.where(cost <= self.limit, np.exp(-self.rate * cost), 0.0)


@dataclass(frozen=True, slots=True)
class Power:
    """Inverse power; at costs below 1, where it would exceed 1, it is 1, so that its unit matters."""

    exponent: float
    limit: float = math.inf
    """0 beyond it; without one the horizon of the reach is the limit."""

    def __post_init__(self) -> None:
        _refuse_unless(0 <= self.exponent < math.inf, "exponent", self.exponent)
        _refuse_unless(self.limit >= 0, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return cost ** -exponent, at most 1, up to the limit."""
        return np.where(cost <= self.limit, np.maximum(cost, 1.0) ** -self.exponent, 0.0)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Falls as a bell, slowly at first, to 0 at the limit (Dai 2010)."""

    limit: float

    def __post_init__(self) -> None:
        _refuse_unless(0 < self.limit < math.inf, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return Dai's weight, 0 from the limit on."""
        edge = math.exp(-0.5)
        return np.maximum((np.exp(-0.5 * (cost / self.limit) ** 2) - edge) / (1.0 - edge), 0.0)


@dataclass(frozen=True, slots=True)
class Logistic:
    """One less a cumulative logistic curve, scaled to 1 at cost 0 (Bauer & Groneberg 2016)."""

    median: float
    """Cost at which it turns; in R ``cutoff``."""
    spread: float
    """Standard deviation of the curve; near 0 it is binary. In R ``sd``."""
    limit: float = math.inf
    """0 beyond it; without one the horizon of the reach is the limit."""

    def __post_init__(self) -> None:
        _refuse_unless(0 <= self.median < math.inf, "median", self.median)
        _refuse_unless(0 < self.spread < math.inf, "spread", self.spread)
        _refuse_unless(self.limit >= 0, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return g(0) / g(cost) up to the limit."""
        steepness = math.pi / (self.spread * math.sqrt(3.0))
        # In logarithms: exp() of a far cost over a small spread overflows, its weight is simply 0.
        at_door = np.logaddexp(0.0, -self.median * steepness)
        weight = np.exp(at_door - np.logaddexp(0.0, (cost - self.median) * steepness))
        return np.where(cost <= self.limit, weight, 0.0)


def _refuse_unless(holds: bool, name: str, value: object) -> None:
    if not holds:
        raise ValueError(f"衰减函数参数不成立 decay: {name} = {value!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Filling:
    """Who goes where when places are filled from the nearest on.

    ``people_served + people_full + people_out_of_reach`` is the people of each cell.
    """

    people_served: FloatArray
    """Of each cell. Shape (cells,)."""
    people_full: FloatArray
    """Of each cell: within the limit of a facility, and no place left in any."""
    people_out_of_reach: FloatArray
    """Of each cell: no facility within the limit. Capacity has nothing to do with it."""
    facility_people: FloatArray
    """People served by each facility. Shape (facilities,)."""
    facility_spare: FloatArray
    """What is left of each facility's capacity, in its unit; inf where it is unlimited."""
    assigned: csr_array
    """People by facility (rows) and cell (columns), indices sorted, no zeros stored: rows sum to the facility's people."""


def fill_nearest_first(
    reach: csr_array, limit: float, people: FloatArray, capacity: FloatArray, *, demand_per_person: float = 1.0
) -> Filling:
    """Return who is served within a limit when the nearest pair is served first.

    Pairs are taken by cost; equal costs by facility row, then by cell row. That order depends on nothing else: not on the order in which
    the matrix stores its entries. Cells may be split between facilities. A cost equal to the limit counts, and so does a stored 0.

    Parameters
    ----------
    reach
        Facilities x cells, in the unit of ``limit``; what is not stored is beyond its horizon.
    people
        Of each cell, not negative. Shape (cells,).
    capacity
        Of each facility, in a unit of its own (visits a day, beds): inf is unlimited, 0 is none, NaN is not known and refused: a
        capacity nobody knows is not a capacity of 0. Shape (facilities,).
    demand_per_person
        What a person asks of a capacity, in its unit: 0.02 visits a day, 0.05 places.

    Raises
    ------
    ValueError
        Where a capacity is unknown or negative, people are, shapes do not fit, or a person asks for nothing.
    """
    _check(reach, people, capacity, demand_per_person)
    sorted_reach = reach.sorted_indices()  # a copy where they were not: rows are then in the order of their cells
    facility = np.repeat(np.arange(reach.shape[0]), np.diff(sorted_reach.indptr))
    # An infinite cost is no cost, whatever the limit.
    within = np.flatnonzero((sorted_reach.data <= limit) & (sorted_reach.data < np.inf))
    # The pairs lie by facility, then by cell: a stable sort by cost leaves ties so.
    pair = within[np.argsort(sorted_reach.data[within], kind="stable")]
    facility, cell = facility[pair], sorted_reach.indices[pair].astype(np.int64)
    # In people, so that who is not served at all, and who all are, are whole numbers where they were.
    people_left = people.astype(np.float64)
    places_left = capacity / demand_per_person
    taken = np.zeros(len(pair))
    _fill(facility, cell, people_left, places_left, taken)

    in_reach = np.zeros(len(people), dtype=np.bool_)
    in_reach[cell] = True
    is_taken = taken > 0
    assigned = coo_array((taken[is_taken], (facility[is_taken], cell[is_taken])), shape=reach.shape).tocsr()
    facility_people = np.bincount(facility, weights=taken, minlength=len(capacity)).astype(np.float64)
    return Filling(
        people_served=people - people_left,
        people_full=np.where(in_reach, people_left, 0.0),
        people_out_of_reach=np.where(in_reach, 0.0, people),
        facility_people=facility_people,
        facility_spare=np.where(facility_people > 0, places_left * demand_per_person, capacity),
        assigned=assigned,
    )


def _check(reach: csr_array, people: FloatArray, capacity: FloatArray, demand_per_person: float) -> None:
    if reach.shape != (len(capacity), len(people)):
        raise ValueError(
            f"reach 的形状 {reach.shape} 与 {len(capacity)} 处设施、{len(people)} 个人口格不符 "
            f"reach is {reach.shape}, of {len(capacity)} facilities and {len(people)} cells"
        )
    unknown = np.flatnonzero(np.isnan(capacity))
    if len(unknown):
        raise ValueError(
            f"容量未知 capacity is not known: 设施行 facility rows {_rows(unknown)} | "
            "填入数值，或以 inf 表示不限 give a number, or inf where it is unlimited"
        )
    negative = np.flatnonzero(capacity < 0)
    if len(negative):
        raise ValueError(f"容量为负 capacity is negative: 设施行 facility rows {_rows(negative)}")
    wrong = np.flatnonzero(~(people >= 0) | np.isinf(people))
    if len(wrong):
        raise ValueError(f"人口不是非负有限数 people are not finite and >= 0: 人口格行 cell rows {_rows(wrong)}")
    if not 0 < demand_per_person < np.inf:
        raise ValueError(f"人均需求须为正数 demand per person must be a positive number: {demand_per_person}")


def _rows(rows: IntArray, shown: int = 5) -> str:
    return ", ".join(str(row) for row in rows[:shown]) + (f" … ({len(rows)})" if len(rows) > shown else "")


@njit(cache=True, nogil=True)
def _fill(
    facility: IntArray, cell: IntArray, people_left: FloatArray, places_left: FloatArray, taken: FloatArray
) -> None:  # pragma: no cover - compiled
    """Serve each pair in turn; what is left, and what each pair takes, is written into the arrays."""
    for pair in range(len(facility)):
        wanted, free = people_left[cell[pair]], places_left[facility[pair]]
        if wanted <= free:  # all of it: what is left is 0, not a remainder of rounding
            taken[pair] = wanted
            people_left[cell[pair]] = 0.0
            places_left[facility[pair]] = free - wanted
        else:
            taken[pair] = free
            people_left[cell[pair]] = wanted - free
            places_left[facility[pair]] = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class FloatingAccess:
    """Supply per person of each cell, and how far each facility's supply has to go round."""

    access: FloatArray
    """Supply per person, in the unit of supply. 0 where no facility that anyone can use is in reach. Shape (cells,)."""
    ratio: FloatArray
    """Supply per person of the demand on each facility; NaN where nobody is in its catchment: its supply is nobody's, neither 0 nor
    without end, and no cell's access counts it. Shape (facilities,)."""
    demand: FloatArray
    """People of each facility's catchment, weighted as the measure weighs them. Shape (facilities,)."""


def two_step(reach: csr_array, people: FloatArray, supply: FloatArray, decay: Decay) -> FloatingAccess:
    """Return access by the two-step method: 2SFCA with :class:`~.decay.Binary`, E2SFCA with :class:`~.decay.Stepped`.

    Parameters
    ----------
    reach
        Facilities x cells, in the decay's unit; what is not stored is out of reach, a stored 0 is at the door. Cells and facilities
        may be the same places.
    people
        Of each cell, not negative. Shape (cells,).
    supply
        Of each facility, not negative: doctors, beds, m2, jobs. Shape (facilities,).

    Raises
    ------
    ValueError
        Where shapes do not fit, or people, supply or weights are negative, NaN or infinite.
    """
    weight = _weigh(reach, people, supply, decay)
    return _share(weight, weight, people, supply)


def three_step(reach: csr_array, people: FloatArray, supply: FloatArray, decay: Decay) -> FloatingAccess:
    """Return access by the three-step method: people choose among what they reach before they compete.

    Parameters and errors as for :func:`two_step`. The selection weight G is from the same decay, and stands beside it, as in the paper.
    """
    weight = _weigh(reach, people, supply, decay)
    chosen = _scale_columns(weight, weight.sum(axis=0))
    both = csr_array((weight.data * chosen.data, weight.indices, weight.indptr), shape=weight.shape)
    return _share(both, both, people, supply)


def balanced(reach: csr_array, people: FloatArray, supply: FloatArray, decay: Decay) -> FloatingAccess:
    """Return access by the balanced method: neither people nor levels of service are counted more than once.

    Parameters and errors as for :func:`two_step`. Cells without people take their share of a level of service like any other, as in R's
    ``accessibility``: leave them out where they should not.
    """
    weight = _weigh(reach, people, supply, decay)
    to_cells = _scale_columns(weight, weight.sum(axis=0))
    by_row = np.repeat(weight.sum(axis=1), np.diff(weight.indptr))
    to_facilities = csr_array((weight.data / by_row, weight.indices, weight.indptr), shape=weight.shape)
    return _share(to_cells, to_facilities, people, supply)


def _weigh(reach: csr_array, people: FloatArray, supply: FloatArray, decay: Decay) -> csr_array:
    """Return the weight of each pair in reach; pairs that weigh nothing are not stored."""
    if reach.shape != (len(supply), len(people)):
        raise ValueError(
            f"reach 的形状 {reach.shape} 与 {len(supply)} 处设施、{len(people)} 个人口格不符 "
            f"reach is {reach.shape}, of {len(supply)} facilities and {len(people)} cells"
        )
    weights = np.asarray(decay(np.asarray(reach.data, dtype=np.float64)), dtype=np.float64)
    for zh, en, values in (("人口", "people", people), ("供给", "supply", supply), ("权重", "weights", weights)):
        wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
        if len(wrong):
            raise ValueError(f"{zh}不是非负有限数 {en} are not finite and >= 0: {len(wrong)}, 首行 first at {wrong[0]}")
    weight = csr_array((weights, reach.indices.copy(), reach.indptr.copy()), shape=reach.shape)
    weight.sort_indices()
    weight.eliminate_zeros()
    return weight


def _scale_columns(weight: csr_array, total: FloatArray) -> csr_array:
    return csr_array((weight.data / total[weight.indices], weight.indices, weight.indptr), shape=weight.shape)


def _share(to_cells: csr_array, to_facilities: csr_array, people: FloatArray, supply: FloatArray) -> FloatingAccess:
    """Return what each facility's supply comes to per person, and what of it each cell has."""
    demand = np.asarray(to_cells @ people, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(demand > 0, supply / demand, np.nan)
    usable = np.where(demand > 0, ratio, 0.0)
    return FloatingAccess(np.asarray(to_facilities.T @ usable, dtype=np.float64), ratio, demand)
