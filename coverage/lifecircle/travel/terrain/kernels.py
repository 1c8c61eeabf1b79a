"""Least-cost travel over a grid, compiled: Dijkstra's algorithm with buckets for a queue and the neighbours known from the grid.

Costs are float64 and exact: within a bucket cells settle again as often as their cost falls (R. B. Dial 1969; delta-stepping,
U. Meyer and P. Sanders 2003), so the bucket's width changes the speed and never the answer. All that is known of a cell lies in
one record of 24 bytes, because a step that misses the processor's caches costs more than its arithmetic.
"""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from lifecircle.model import FloatArray, IntArray

KPH_PER_MPS = 3.6
TOBLER_STEEPNESS = 3.5
TOBLER_BEST_SLOPE = -0.05
"""People walk fastest slightly downhill."""
FASTEST_WALK = exp(-TOBLER_STEEPNESS * -TOBLER_BEST_SLOPE)
"""The least a walk can take, as a share of its time on flat ground."""
FASTEST_RIDE = 0.5
"""AccessMod lets no cyclist go faster than twice the speed on flat ground."""

# AccessMod's cyclist: drag of 0.445 m2 at 20 degrees and 500 m above the sea, 95 kg with the bicycle, tyres that roll at 0.012.
DRAG = 0.5 * 0.445 * (1.293 - 0.00426 * 20.0) * exp(-500.0 / 7000.0)
WEIGHT_N = 9.8 * 95.0
ROLLING = 0.012

PARITY_SLOPE = 0.01
"""AccessMod's factor, meant for slopes in per cent but met by ratios: its cyclists hardly notice a hill."""
STILL_MPS = 1e-12
MOST_STEPS = 60

# exp by a table of sixteenths of powers of two and a short series: a call to the library's would cost the loop its registers.
_PER_OCTAVE = 16
_BELOW = 8
_TABLE_LENGTH = _PER_OCTAVE * 1024
_TO_INDEX = _PER_OCTAVE / np.log(2.0)
_FROM_INDEX = np.log(2.0) / _PER_OCTAVE


def make_powers() -> FloatArray:
    """Return the table that :func:`hinder_walking_step` looks powers of two up in."""
    return np.asarray(2.0 ** ((np.arange(_TABLE_LENGTH) - _BELOW) / _PER_OCTAVE), dtype=np.float64)


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def hinder_walking_step(slope: float, powers: FloatArray) -> float:  # pragma: no cover - compiled
    """Return by what a walk's time on flat ground is multiplied: exp(3.5 |slope + 0.05|) / exp(0.175), to some 1e-14.

    Infinite on cliffs beyond what float64 holds.
    """
    power = TOBLER_STEEPNESS * (abs(slope - TOBLER_BEST_SLOPE) + TOBLER_BEST_SLOPE)
    scaled = power * _TO_INDEX + (_BELOW + 0.5)
    if scaled >= _TABLE_LENGTH:
        return np.inf
    index = np.int64(scaled)
    rest = power - (index - _BELOW) * _FROM_INDEX
    series = 1.0 + rest * (
        1.0 + rest * (1 / 2 + rest * (1 / 6 + rest * (1 / 24 + rest * (1 / 120 + rest * (1 / 720)))))
    )
    hindrance: float = powers[np.uint64(index)] * series
    return hindrance


@njit(cache=True, nogil=True, error_model="numpy")
def ride_mps(flat_mps: float, slope: float) -> float:  # pragma: no cover - compiled
    """Return a cyclist's speed in m/s: the *v* that solves ``power = v (drag v^2 + weight (slope + rolling))``.

    Power is what ``flat_mps`` takes on flat ground; the speed is at most twice that. For AccessMod's own figures the slope is
    multiplied by 0.01 first.
    """
    power = flat_mps * (DRAG * flat_mps * flat_mps + WEIGHT_N * ROLLING)
    push = WEIGHT_N * (slope + ROLLING)
    speed = flat_mps / FASTEST_RIDE
    # The cubic is convex above 0 and has one root there: Newton's method comes down on it from the right.
    for _ in range(MOST_STEPS):
        excess = speed * (DRAG * speed * speed + push) - power
        if excess <= 0.0:
            break
        step = excess / (3.0 * DRAG * speed * speed + push)
        speed -= step
        if step <= STILL_MPS * speed:
            break
    return speed


@njit(cache=True, nogil=True)
def ride_speeds_mps(flat_mps: FloatArray, slope: FloatArray) -> FloatArray:  # pragma: no cover - compiled
    """Return :func:`ride_mps` of each pair. Shape as given, one dimension."""
    speed = np.empty(len(slope))
    for index in range(len(slope)):
        speed[index] = ride_mps(flat_mps[index], slope[index])
    return speed


def published_minutes(seconds: Any) -> FloatArray:
    """Return whole minutes, rounded up as AccessMod publishes them.

    A millionth of a minute is forgiven, so that five steps of 72 s are six minutes however their sum was rounded.
    NaN and inf stay.
    """
    return np.asarray(np.ceil(np.asarray(seconds, dtype=np.float64) / 60.0 - 1e-6))


CELL = np.dtype(
    [("cost", "f8"), ("elevation", "f8"), ("label", "i4"), ("code", "u2"), ("is_queued", "u1"), ("spare", "u1")]
)
"""A cell while it is searched. A cost below 0 is ground that nobody enters: NO_GROUND, or SEALED where nothing slips past."""
NO_GROUND, SEALED = -1.0, -2.0
STRAIGHT, KING = 4, 8
"""Moves below 4 go straight, below 8 diagonally, the rest as knights."""

Records = npt.NDArray[np.void]
ShortArray = npt.NDArray[np.int32]


# No fast-math: were `cost * inverse - base` contracted to one rounding here and not in _deal_out, the two would not always agree on
# the bucket a cell waits in.
@njit(cache=True, nogil=True, error_model="numpy")
def search_grid(  # noqa: C901 - compiled: a call in the hot path costs more than a long body
    cells: Records,
    going: FloatArray,
    move: IntArray,
    part_m: FloatArray,
    per_m: FloatArray,
    beside: IntArray,
    uphill: float,
    bike_slope: float,
    powers: FloatArray,
    width: float,
    n_buckets: int,
    seed_cell: IntArray,
    seed_cost: FloatArray,
    seed_label: IntArray,
    limit: float,
    touched: ShortArray,
) -> int:  # pragma: no cover - compiled
    """Fill the costs and labels of ``cells``, whose costs must be inf where people go; return how many of ``touched`` were reached.

    Parameters
    ----------
    cells
        The grid as one row of records, with a border that no move of the list leaps over.
    going
        For each code: seconds a metre whatever the slope, walking on flat ground, the cyclist's flat km/h, and the least seconds a
        metre at any slope.
    move, part_m, per_m, beside
        For each move: how far the neighbour is in ``cells``; the metres that each cell on the way bears (half of a step, a quarter
        of a knight's move); 1 / metres of the whole; and the two cells beside a diagonal step, or passed by a knight.
    uphill
        1 when people go the way the search spreads, -1 when they come against it.
    bike_slope
        What a cyclist's slope is multiplied by.
    touched
        The cells reached, in no order, so that the next search need only clear those; none are noted if it is empty.
    """
    inverse = 1.0 / width
    n_moves = len(move)
    # Buckets from `base` on, linked through a pool of entries; the last list holds what lies beyond the others.
    first = np.full(n_buckets + 1, -1, dtype=np.int32)
    most = 1024
    entry_cell, entry_next = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    filled, free = 0, -1
    n_touched = 0
    is_noted = len(touched) > 0
    for seed in range(len(seed_cell)):
        here = cells[seed_cell[seed]]
        if not (seed_cost[seed] < here.cost and seed_cost[seed] <= limit):
            continue
        if is_noted and here.cost == np.inf:
            touched[n_touched] = seed_cell[seed]
            n_touched += 1
        here.cost, here.label = seed_cost[seed], seed_label[seed]
        if here.is_queued:
            continue
        here.is_queued = 1
        if filled == most:
            most *= 2
            entry_cell, entry_next = _grow(entry_cell, most), _grow(entry_next, most)
        entry_cell[filled], entry_next[filled] = seed_cell[seed], first[n_buckets]
        first[n_buckets] = filled
        filled += 1
    while True:
        base = _open_buckets(cells, first, entry_cell, entry_next, inverse)
        if base < 0.0:
            break
        free = _deal_out(cells, first, entry_cell, entry_next, inverse, base, free)
        for bucket in range(n_buckets):
            slot = np.uint64(bucket)
            while first[slot] != -1:
                taken = first[slot]
                cell = np.int64(entry_cell[np.uint64(taken)])
                first[slot] = entry_next[np.uint64(taken)]
                entry_next[np.uint64(taken)] = free
                free = taken
                here = cells[np.uint64(cell)]
                if here.is_queued == 0:
                    continue  # an entry from before the cell's cost fell
                here.is_queued = 0
                cost, label, height = here.cost, here.label, here.elevation
                own = np.uint64(here.code)
                for number in range(n_moves):
                    index = np.uint64(number)
                    to = np.uint64(cell + move[index])
                    other = cells[to]
                    known = other.cost
                    if known <= cost:
                        continue
                    its = np.uint64(other.code)
                    if cost + part_m[index] * (going[own, 3] + going[its, 3]) >= known:
                        continue
                    slope = uphill * (other.elevation - height) * per_m[index]
                    if slope != slope:
                        slope = 0.0
                    walk = going[own, 1] + going[its, 1]
                    pace = going[own, 0] + going[its, 0]
                    if number < KING:
                        if number >= STRAIGHT:
                            left = cells[np.uint64(cell + beside[index, 0])].cost
                            right = cells[np.uint64(cell + beside[index, 1])].cost
                            if left < 0.0 and right < 0.0 and left + right < 2.0 * NO_GROUND:
                                continue
                    else:
                        near = cells[np.uint64(cell + beside[index, 0])]
                        far = cells[np.uint64(cell + beside[index, 1])]
                        if near.cost < 0.0 or far.cost < 0.0:
                            continue
                        walk += going[near.code, 1] + going[far.code, 1]
                        pace += going[near.code, 0] + going[far.code, 0]
                        if going[near.code, 2] > 0.0:
                            pace += _ride_pace(going[near.code, 2], slope * bike_slope)
                        if going[far.code, 2] > 0.0:
                            pace += _ride_pace(going[far.code, 2], slope * bike_slope)
                    if walk > 0.0:
                        pace += walk * hinder_walking_step(slope, powers)
                    if going[own, 2] > 0.0:
                        pace += _ride_pace(going[own, 2], slope * bike_slope)
                    if going[its, 2] > 0.0:
                        pace += _ride_pace(going[its, 2], slope * bike_slope)
                    reached = cost + part_m[index] * pace
                    if not (reached < known and reached <= limit):
                        continue
                    other.cost, other.label = reached, label
                    place = reached * inverse - base
                    into = np.int64(n_buckets) if place >= n_buckets else np.int64(place)
                    if known == np.inf:
                        if is_noted:
                            touched[n_touched] = to
                            n_touched += 1
                    elif other.is_queued and into < n_buckets and known * inverse - base < into + 1:
                        continue  # it waits in that very bucket
                    other.is_queued = 1
                    if free != -1:
                        entry = free
                        free = entry_next[np.uint64(entry)]
                    else:
                        if filled == most:
                            most *= 2
                            entry_cell, entry_next = _grow(entry_cell, most), _grow(entry_next, most)
                        entry = np.int32(filled)
                        filled += 1
                    entry_cell[np.uint64(entry)] = to
                    entry_next[np.uint64(entry)] = first[np.uint64(into)]
                    first[np.uint64(into)] = entry
    return n_touched


@njit(cache=True, nogil=True)
def _ride_pace(flat_kph: float, slope: float) -> float:  # pragma: no cover - compiled
    """Seconds a metre by bicycle."""
    return 1.0 / ride_mps(flat_kph / KPH_PER_MPS, slope)


@njit(cache=True, nogil=True)
def _grow(entries: ShortArray, most: int) -> ShortArray:  # pragma: no cover - compiled
    grown = np.empty(most, dtype=np.int32)
    grown[: len(entries)] = entries
    return grown


@njit(cache=True, nogil=True)
def _open_buckets(
    cells: Records, first: ShortArray, entry_cell: ShortArray, entry_next: ShortArray, inverse: float
) -> float:  # pragma: no cover - compiled
    """Return the bucket, counted from cost 0, of the least cost that waits beyond the buckets; -1 where nothing waits."""
    least = np.inf
    entry = first[len(first) - 1]
    while entry != -1:
        cell = cells[entry_cell[entry]]
        if cell.is_queued and cell.cost < least:
            least = cell.cost
        entry = entry_next[entry]
    return np.floor(least * inverse) if least < np.inf else -1.0


@njit(cache=True, nogil=True)
def _deal_out(
    cells: Records,
    first: ShortArray,
    entry_cell: ShortArray,
    entry_next: ShortArray,
    inverse: float,
    base: float,
    free: int,
) -> int:  # pragma: no cover - compiled
    """Deal what waits beyond the buckets to them, from ``base`` on; return the head of the free entries."""
    n_buckets = len(first) - 1
    entry = first[n_buckets]
    first[n_buckets] = -1
    while entry != -1:
        following = entry_next[entry]
        cell = cells[entry_cell[entry]]
        if cell.is_queued:
            place = cell.cost * inverse - base
            into = n_buckets if place >= n_buckets else int(place)
            entry_next[entry] = first[into]
            first[into] = entry
        else:
            entry_next[entry] = free
            free = entry
        entry = following
    return free


@njit(cache=True, nogil=True)
def reach_cells(
    first_facility: int,
    last_facility: int,
    door_start: IntArray,
    door_cell: IntArray,
    cells: Records,
    going: FloatArray,
    move: IntArray,
    part_m: FloatArray,
    per_m: FloatArray,
    beside: IntArray,
    uphill: float,
    bike_slope: float,
    powers: FloatArray,
    width: float,
    n_buckets: int,
    home_start: IntArray,
    home_order: IntArray,
    horizon: float,
    touched: ShortArray,
) -> tuple[IntArray, IntArray, FloatArray]:  # pragma: no cover - compiled
    """Return (facility, place, seconds) triples up to ``horizon``: one search a facility, cleared by what it touched.

    ``home_order[home_start[c] : home_start[c + 1]]`` are the places that lie in cell ``c`` of ``cells``.
    """
    most = 1024
    facilities, places = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    costs = np.empty(most, dtype=np.float64)
    filled = 0
    for facility in range(first_facility, last_facility):
        doors = door_cell[door_start[facility] : door_start[facility + 1]]
        nothing, names = np.zeros(len(doors)), np.zeros(len(doors), dtype=np.int64)
        n_touched = search_grid(
            cells, going, move, part_m, per_m, beside, uphill, bike_slope, powers, width, n_buckets,
            doors, nothing, names, horizon, touched,
        )  # fmt: skip
        for position in range(n_touched):
            cell = touched[position]
            for home in range(home_start[cell], home_start[cell + 1]):
                if filled == most:
                    grown = np.empty(2 * most, dtype=np.int64)
                    grown[:most] = facilities
                    facilities = grown
                    grown = np.empty(2 * most, dtype=np.int64)
                    grown[:most] = places
                    places = grown
                    grown_cost = np.empty(2 * most, dtype=np.float64)
                    grown_cost[:most] = costs
                    costs = grown_cost
                    most *= 2
                facilities[filled], places[filled], costs[filled] = facility, home_order[home], cells[cell].cost
                filled += 1
            cells[cell].cost = np.inf
    return facilities[:filled], places[:filled], costs[:filled]
