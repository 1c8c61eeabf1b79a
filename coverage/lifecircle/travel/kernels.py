"""Compiled loops between the network's nodes and the points on its edges."""

from __future__ import annotations

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.hierarchy import Int32Array
from lifecircle.travel.shortest_paths import run_search


@njit(cache=True, nogil=True, inline="always")
def cost_along(ahead: float, behind: float, forward: bool, backward: bool) -> float:  # pragma: no cover - compiled
    """Return the cost from a place to a door on the same edge; inf against one-way.

    ``ahead`` is what it costs onwards to the door (negative where it lies behind), ``behind`` what it costs back to it.
    """
    if ahead > 0.0:
        return ahead if forward else np.inf
    if ahead < 0.0:
        return behind if backward else np.inf
    return 0.0


@njit(cache=True, nogil=True)
def cost_to_points(
    node_cost: FloatArray,
    node_label: IntArray,
    a: IntArray,
    b: IntArray,
    forward: BoolArray,
    backward: BoolArray,
    home_start: IntArray,
    edge: IntArray,
    access: FloatArray,
    there: FloatArray,
    back: FloatArray,
    by_a: FloatArray,
    by_b: FloatArray,
    door_start: IntArray,
    door_order: IntArray,
    door_label: IntArray,
    door_access: FloatArray,
    door_there: FloatArray,
    door_back: FloatArray,
    out_cost: FloatArray,
    out_label: IntArray,
) -> None:  # pragma: no cover - compiled
    """Fill each cell's cost and label, by the best of its legs: by either end of the leg's edge, or along it to a door on the same.

    Doors are their legs too; ``door_label`` says whose each is.
    """
    for cell in range(len(out_cost)):
        least, whose = np.inf, -1
        for leg in range(home_start[cell], home_start[cell + 1]):
            on = np.uint64(edge[leg])  # unsigned: see `run_search`
            end = np.uint64(a[on])
            best = node_cost[end] + by_a[leg]
            other = node_cost[np.uint64(b[on])] + by_b[leg]
            if other < best:
                best, end = other, np.uint64(b[on])
            label = node_label[end]
            for position in range(door_start[on], door_start[on + np.uint64(1)]):
                door = door_order[position]
                straight = cost_along(
                    door_there[door] - there[leg], back[leg] - door_back[door], forward[on], backward[on]
                )
                if straight + door_access[door] < best:
                    best, label = straight + door_access[door], door_label[door]
            best += access[leg]
            if best < least:
                least, whose = best, label
        out_cost[cell] = least
        out_label[cell] = whose


@njit(cache=True, nogil=True)
def reach_points(
    first_facility: int,
    last_facility: int,
    door_start: IntArray,
    door_edge: IntArray,
    door_access: FloatArray,
    door_there: FloatArray,
    door_back: FloatArray,
    door_by_a: FloatArray,
    door_by_b: FloatArray,
    start: IntArray,
    head: Int32Array,
    arc_cost: FloatArray,
    width: float,
    a: IntArray,
    b: IntArray,
    forward: BoolArray,
    backward: BoolArray,
    edge_start: IntArray,
    incident: IntArray,
    home_start: IntArray,
    home_cell: IntArray,
    home_access: FloatArray,
    home_there: FloatArray,
    home_back: FloatArray,
    home_by_a: FloatArray,
    home_by_b: FloatArray,
    has_many: bool,
    near_start: IntArray,
    near_cell: IntArray,
    near_cost: FloatArray,
    n_cells: int,
    horizon: float,
    first: Int32Array,
    links: Int32Array,
) -> tuple[IntArray, Int32Array, FloatArray]:  # pragma: no cover - compiled
    """Return how many cells each facility reaches at a cost of at most ``horizon``, which, and at what cost.

    One bounded search a facility; scratch is reset by what was touched, so that time and memory follow the result. ``door_*`` are
    the legs of entrances, facility by facility; ``home_*`` those of cells in order of their edges, several of one cell where
    ``has_many``; ``near_*`` are the straight walks, facility by facility.
    """
    n_nodes = len(start) - 1
    cost = np.full(n_nodes, np.inf)
    label = np.zeros(n_nodes, dtype=np.int64)
    touched = np.empty(n_nodes, dtype=np.int64)
    seen = np.full(len(a), -1, dtype=np.int64)
    # -1 never, the facility when looked at, -2 - facility when it has a door there
    edges, legs = _pack(a, b, home_start, home_by_a, home_by_b, home_access)
    place_of = np.full(n_cells, -1, dtype=np.int64)
    count = np.zeros(last_facility - first_facility, dtype=np.int64)
    out_cell = np.empty(1024, dtype=np.int32)
    out_cost = np.empty(1024, dtype=np.float64)
    filled, one = 0, np.uint64(1)
    for facility in range(first_facility, last_facility):
        begun = filled
        has_near = near_start[facility] < near_start[facility + 1]
        doors_from, doors_to = door_start[facility], door_start[facility + 1]
        seed_node = np.empty(2 * (doors_to - doors_from), dtype=np.int64)
        seed_cost = np.empty(2 * (doors_to - doors_from), dtype=np.float64)
        n_seeds = 0
        for door in range(doors_from, doors_to):
            on = door_edge[door]
            seen[on] = -2 - facility
            seed_node[n_seeds], seed_cost[n_seeds] = a[on], door_access[door] + door_by_a[door]
            seed_node[n_seeds + 1], seed_cost[n_seeds + 1] = b[on], door_access[door] + door_by_b[door]
            n_seeds += 2
        n_touched = run_search(
            start, head, arc_cost, width, seed_node[:n_seeds], seed_cost[:n_seeds], np.zeros(n_seeds, dtype=np.int64),
            horizon, cost, label, touched, first, links,
        )  # fmt: skip
        # The edges to look at: those at a reached node, and those with a door.
        for position in range(n_touched + doors_to - doors_from):
            from_edge, to_edge = 0, 1
            if position < n_touched:
                node = np.uint64(touched[position])
                from_edge, to_edge = edge_start[node], edge_start[node + one]
            for place in range(from_edge, to_edge):
                edge = (
                    incident[np.uint64(place)] if position < n_touched else door_edge[doors_from + position - n_touched]
                )
                on = np.uint64(edge)
                if seen[on] == facility:
                    continue
                has_door, seen[on] = seen[on] == -2 - facility, facility
                end_a, end_b = np.uint64(edges[on, 0]), np.uint64(edges[on, 1])
                from_home, to_home = np.uint64(edges[on, 2]), np.uint64(edges[on, 3])
                n_homes = int(to_home - from_home)
                if filled + n_homes > len(out_cell):
                    room = 2 * len(out_cell) + n_homes
                    out_cell, out_cost = _grow_whole(out_cell, room), _grow(out_cost, room)
                cost_a, cost_b = cost[end_a], cost[end_b]
                for home in range(from_home, to_home):
                    best = min(cost_a + legs[home, 0], cost_b + legs[home, 1])
                    if has_door:
                        for door in range(doors_from, doors_to):
                            if door_edge[door] == edge:
                                straight = cost_along(
                                    door_there[door] - home_there[home], home_back[home] - door_back[door],
                                    forward[on], backward[on],
                                )  # fmt: skip
                                best = min(best, straight + door_access[door])
                    best += legs[home, 2]
                    if best > horizon:
                        continue
                    cell = home_cell[home]
                    if has_many and place_of[cell] >= begun:
                        out_cost[place_of[cell]] = min(out_cost[place_of[cell]], best)
                        continue
                    out_cell[filled], out_cost[filled] = cell, best
                    if has_near or has_many:
                        place_of[cell] = filled
                    filled += 1
        for position in range(n_touched):
            cost[touched[position]] = np.inf
        # Straight walks: quicker than the street, or the only way there.
        if filled + near_start[facility + 1] - near_start[facility] > len(out_cell):
            room = 2 * len(out_cell) + near_start[facility + 1] - near_start[facility]
            out_cell, out_cost = _grow_whole(out_cell, room), _grow(out_cost, room)
        for near in range(near_start[facility], near_start[facility + 1]):
            cell = near_cell[near]
            if place_of[cell] >= begun:
                out_cost[place_of[cell]] = min(out_cost[place_of[cell]], near_cost[near])
            elif near_cost[near] <= horizon:
                out_cell[filled], out_cost[filled] = cell, near_cost[near]
                place_of[cell] = filled
                filled += 1
        count[facility - first_facility] = filled - begun
    return count, out_cell[:filled], out_cost[:filled]


@njit(cache=True, nogil=True)
def _pack(
    a: IntArray, b: IntArray, home_start: IntArray, by_a: FloatArray, by_b: FloatArray, access: FloatArray
) -> tuple[Int32Array, FloatArray]:  # pragma: no cover - compiled
    """Return what is looked up together side by side: of each edge its ends and its homes, of each home its legs."""
    edges = np.empty((len(a), 4), dtype=np.int32)
    for edge in range(len(a)):
        edges[edge, 0], edges[edge, 1] = a[edge], b[edge]
        edges[edge, 2], edges[edge, 3] = home_start[edge], home_start[edge + 1]
    legs = np.empty((len(access), 3))
    for home in range(len(access)):
        legs[home, 0], legs[home, 1], legs[home, 2] = by_a[home], by_b[home], access[home]
    return edges, legs


@njit(cache=True, nogil=True)
def _grow(values: FloatArray, room: int) -> FloatArray:  # pragma: no cover - compiled
    grown = np.empty(room, dtype=np.float64)
    grown[: len(values)] = values
    return grown


@njit(cache=True, nogil=True)
def _grow_whole(values: Int32Array, room: int) -> Int32Array:  # pragma: no cover - compiled
    grown = np.empty(room, dtype=np.int32)
    grown[: len(values)] = values
    return grown
