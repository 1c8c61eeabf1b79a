"""Compiled: the parts of streets that are reached, to the metre."""

from __future__ import annotations

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray


@njit(cache=True, nogil=True)
def reached_pieces(  # noqa: C901 - a call in the hot path costs more than a long body
    touched: IntArray,
    incident_start: IntArray,
    incident: IntArray,
    seen: IntArray,
    stamp: int,
    a: IntArray,
    b: IntArray,
    forward: BoolArray,
    backward: BoolArray,
    is_ferry: BoolArray,
    edge_start: IntArray,
    vertex_x: FloatArray,
    vertex_y: FloatArray,
    there: FloatArray,
    back: FloatArray,
    node_cost: FloatArray,
    door: IntArray,
    door_edge: IntArray,
    door_first: IntArray,
    door_after: IntArray,
    door_vertex: IntArray,
    door_share: FloatArray,
    door_there: FloatArray,
    door_back: FloatArray,
    door_access: FloatArray,
    limit: float,
) -> tuple[FloatArray, FloatArray]:  # pragma: no cover - compiled
    """Return the reached parts of streets, to the metre, as rows of x1, y1, x2, y2, no metre twice; and the most left on each."""
    pieces, left = np.empty((256, 4)), np.empty(256)
    filled = 0
    for position in range(len(touched) + len(door)):
        if position < len(touched):
            from_place, to_place = incident_start[touched[position]], incident_start[touched[position] + 1]
        else:
            from_place, to_place = 0, 1 if door_edge[door[position - len(touched)]] >= 0 else 0
        for place in range(from_place, to_place):
            on = incident[place] if position < len(touched) else door_edge[door[position - len(touched)]]
            if seen[on] == stamp or is_ferry[on]:
                continue
            seen[on] = stamp
            start, stop = edge_start[on] + on, edge_start[on + 1] + on
            whole = there[stop]
            count = 2
            name = door_first[on]
            while name >= 0:
                count += 1
                name = door_after[name]
            # Places on the edge are counted in vertices, as costs there and back need not grow alike.
            low, high = np.full(count, np.inf), np.full(count, -np.inf)
            if backward[on] and node_cost[a[on]] <= limit:
                low[0], high[0] = start, _place_at(back, start, stop, limit - node_cost[a[on]])
            if forward[on] and node_cost[b[on]] <= limit:
                low[1], high[1] = _place_at(there, start, stop, whole - (limit - node_cost[b[on]])), stop
            count, name = 2, door_first[on]
            while name >= 0:
                spare = limit - door_access[name]
                if spare >= 0.0:
                    low[count] = high[count] = door_vertex[name] + door_share[name]
                    if forward[on]:
                        low[count] = min(low[count], _place_at(there, start, stop, door_there[name] - spare))
                    if backward[on]:
                        high[count] = max(high[count], _place_at(back, start, stop, door_back[name] + spare))
                count += 1
                name = door_after[name]
            order = np.argsort(low)
            done = float(start)
            for rank in range(count):
                from_place, to_place = max(low[order[rank]], done), min(high[order[rank]], float(stop))
                if not to_place > from_place:
                    continue
                done = to_place
                for vertex in range(int(from_place), stop):
                    s, e = max(from_place - vertex, 0.0), min(to_place - vertex, 1.0)
                    if e <= 0.0:
                        break
                    if e <= s or there[vertex + 1] <= there[vertex]:
                        continue
                    if filled == len(pieces):
                        grown, grown_left = np.empty((2 * filled, 4)), np.empty(2 * filled)
                        grown[:filled], grown_left[:filled] = pieces, left
                        pieces, left = grown, grown_left
                    dx, dy = vertex_x[vertex + 1] - vertex_x[vertex], vertex_y[vertex + 1] - vertex_y[vertex]
                    pieces[filled, 0], pieces[filled, 1] = vertex_x[vertex] + s * dx, vertex_y[vertex] + s * dy
                    pieces[filled, 2], pieces[filled, 3] = vertex_x[vertex] + e * dx, vertex_y[vertex] + e * dy
                    # From a node the cost grows along the piece, so the most is left at an end; by a door it may be anywhere.
                    left[filled] = limit
                    if count == 2:
                        first, second = np.inf, np.inf
                        if backward[on]:
                            first = node_cost[a[on]] + back[vertex] + s * (back[vertex + 1] - back[vertex])
                        if forward[on]:
                            second = node_cost[b[on]] + whole - there[vertex] - e * (there[vertex + 1] - there[vertex])
                        left[filled] = limit - min(first, second)
                    filled += 1
    return pieces[:filled], left[:filled]


@njit(cache=True, nogil=True)
def _place_at(cost: FloatArray, start: int, stop: int, wanted: float) -> float:  # pragma: no cover - compiled
    """Return the place on an edge, counted in vertices, at which a growing cost is as wanted; its ends beyond them."""
    if wanted <= cost[start]:
        return float(start)
    for vertex in range(start, stop):
        if wanted < cost[vertex + 1]:
            return float(vertex + (wanted - cost[vertex]) / (cost[vertex + 1] - cost[vertex]))
    return float(stop)
