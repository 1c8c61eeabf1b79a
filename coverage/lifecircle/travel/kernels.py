"""Compiled loops between the network's nodes and the points on its edges."""

from __future__ import annotations

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.shortest_paths import run_search


@njit(cache=True, nogil=True)
def cost_to_points(
    node_cost: FloatArray,
    node_label: IntArray,
    a: IntArray,
    b: IntArray,
    forward: BoolArray,
    backward: BoolArray,
    edge: IntArray,
    access: FloatArray,
    along: FloatArray,
    by_a: FloatArray,
    by_b: FloatArray,
    door_start: IntArray,
    door_order: IntArray,
    door_access: FloatArray,
    door_along: FloatArray,
    out_cost: FloatArray,
    out_label: IntArray,
) -> None:  # pragma: no cover - compiled
    """Fill each cell's cost and label: by either end of its edge, or along it to a door on the same edge."""
    for cell in range(len(edge)):
        on = edge[cell]
        if on < 0:
            continue
        best, label = node_cost[a[on]] + by_a[cell], node_label[a[on]]
        other = node_cost[b[on]] + by_b[cell]
        if other < best:
            best, label = other, node_label[b[on]]
        for position in range(door_start[on], door_start[on + 1]):
            door = door_order[position]
            ahead = door_along[door] - along[cell]
            if (ahead >= 0.0 and forward[on]) or (ahead <= 0.0 and backward[on]) or ahead == 0.0:
                straight = abs(ahead) + door_access[door]
                if straight < best:
                    best, label = straight, door
        out_cost[cell] = best + access[cell]
        out_label[cell] = label if best < np.inf else -1


@njit(cache=True, nogil=True)
def reach_points(
    first_facility: int,
    last_facility: int,
    door_start: IntArray,
    door_edge: IntArray,
    door_access: FloatArray,
    door_along: FloatArray,
    door_by_a: FloatArray,
    door_by_b: FloatArray,
    start: IntArray,
    head: IntArray,
    arc_cost: FloatArray,
    width: float,
    a: IntArray,
    b: IntArray,
    forward: BoolArray,
    backward: BoolArray,
    edge_start: IntArray,
    incident: IntArray,
    home_start: IntArray,
    home_order: IntArray,
    home_access: FloatArray,
    home_along: FloatArray,
    home_by_a: FloatArray,
    home_by_b: FloatArray,
    horizon: float,
    first: IntArray,
    after: IntArray,
    before: IntArray,
) -> tuple[IntArray, IntArray, FloatArray]:  # pragma: no cover - compiled
    """Return (facility, cell, cost) triples with cost at most ``horizon``, one search a facility, scratch reset by what was touched."""
    n_nodes = len(start) - 1
    cost = np.full(n_nodes, np.inf)
    label = np.zeros(n_nodes, dtype=np.int64)
    touched = np.empty(n_nodes, dtype=np.int64)
    seen = np.full(len(a), -1, dtype=np.int64)
    capacity = 1024
    out_facility = np.empty(capacity, dtype=np.int64)
    out_cell = np.empty(capacity, dtype=np.int64)
    out_cost = np.empty(capacity, dtype=np.float64)
    filled = 0
    for facility in range(first_facility, last_facility):
        doors_from, doors_to = door_start[facility], door_start[facility + 1]
        n_doors = doors_to - doors_from
        seed_node = np.empty(2 * n_doors, dtype=np.int64)
        seed_cost = np.empty(2 * n_doors, dtype=np.float64)
        n_seeds = 0
        for door in range(doors_from, doors_to):
            on = door_edge[door]
            if on < 0:
                continue
            seed_node[n_seeds], seed_cost[n_seeds] = a[on], door_access[door] + door_by_a[door]
            seed_node[n_seeds + 1], seed_cost[n_seeds + 1] = b[on], door_access[door] + door_by_b[door]
            n_seeds += 2
        n_touched = run_search(
            start, head, arc_cost, width, seed_node[:n_seeds], seed_cost[:n_seeds], np.zeros(n_seeds, dtype=np.int64),
            horizon, cost, label, touched, first, after, before,
        )  # fmt: skip
        # The edges to look at: those at a reached node, and those with a door.
        for position in range(n_touched + n_doors):
            if position < n_touched:
                node = touched[position]
                from_edge, to_edge = edge_start[node], edge_start[node + 1]
            else:
                if door_edge[doors_from + position - n_touched] < 0:
                    continue
                from_edge, to_edge = 0, 1
            for place in range(from_edge, to_edge):
                on = incident[place] if position < n_touched else door_edge[doors_from + position - n_touched]
                if seen[on] == facility:
                    continue
                seen[on] = facility
                if home_start[on] == home_start[on + 1]:
                    continue
                has_door = False
                for door in range(doors_from, doors_to):
                    if door_edge[door] == on:
                        has_door = True
                        break
                for home in range(home_start[on], home_start[on + 1]):
                    cell = home_order[home]
                    best = min(cost[a[on]] + home_by_a[cell], cost[b[on]] + home_by_b[cell])
                    if has_door:
                        for door in range(doors_from, doors_to):
                            if door_edge[door] == on:
                                ahead = door_along[door] - home_along[cell]
                                if (ahead >= 0.0 and forward[on]) or (ahead <= 0.0 and backward[on]) or ahead == 0.0:
                                    best = min(best, abs(ahead) + door_access[door])
                    best += home_access[cell]
                    if best <= horizon:
                        if filled == capacity:
                            capacity *= 2
                            grown_facility = np.empty(capacity, dtype=np.int64)
                            grown_facility[:filled] = out_facility
                            out_facility = grown_facility
                            grown_cell = np.empty(capacity, dtype=np.int64)
                            grown_cell[:filled] = out_cell
                            out_cell = grown_cell
                            grown_cost = np.empty(capacity, dtype=np.float64)
                            grown_cost[:filled] = out_cost
                            out_cost = grown_cost
                        out_facility[filled], out_cell[filled], out_cost[filled] = facility, cell, best
                        filled += 1
        for position in range(n_touched):
            cost[touched[position]] = np.inf
    return out_facility[:filled], out_cell[:filled], out_cost[:filled]
