"""Capacity: who is served when facilities hold only so many, the nearest first.

With the sparse cost ``R[s, c]``, ``people[c]`` and ``capacity[s]``, all pairs with ``R[s, c] <= T`` are taken in ascending cost, and each
takes ``min(what is left of the cell's demand, what is left of the facility's capacity)``. What a pair is given it keeps: nobody who is
nearer gives way. Who is within the limit and finds every place taken is *full*: in time, but capacity is spent.

Each pass over the pairs is a greedy matching in a fixed order, so that more capacity anywhere, or a further facility, never lowers the
people served of any cell, and a longer limit, which only adds pairs at the end, never lowers it either. (Going from a matching to the one
with one more place, they differ by one chain of people moving up, and a chain that starts with a place ends with one more served or
with a place left free, never with one fewer served.) It says nothing of a shorter road: that changes the order, and may lower the total.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.sparse import coo_array, csr_array

from lifecircle.model import FloatArray, IntArray


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
