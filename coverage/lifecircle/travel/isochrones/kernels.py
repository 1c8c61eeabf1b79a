"""Compiled loops over the cells of a raster and the pieces of reached streets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.kernels import cost_along

Int32Array = npt.NDArray[np.int32]
Float32Array = npt.NDArray[np.float32]
TILE = 128
"""Cells along the side of a tile."""


@njit(cache=True, nogil=True)
def cost_surface(
    row: int,
    column: int,
    slot: Int32Array,
    segment: Int32Array,
    share: Float32Array,
    access_m: Float32Array,
    cell_m: float,
    street_edge: IntArray,
    street_vertex: IntArray,
    there: FloatArray,
    back: FloatArray,
    edge_there: FloatArray,
    a: IntArray,
    b: IntArray,
    forward: BoolArray,
    backward: BoolArray,
    node_cost: FloatArray,
    node_label: IntArray,
    door_first: IntArray,
    door_after: IntArray,
    door_there: FloatArray,
    door_back: FloatArray,
    door_access: FloatArray,
    door_label: IntArray,
    access_speed: float,
    out_cost: FloatArray,
    out_label: Int32Array,
) -> None:  # pragma: no cover - compiled
    """Fill the cost, and whose it is, at the cells from ``row``, ``column`` on; inf and -1 where no street is reached.

    A cell that a street passes through counts as standing on it, or the tips of reached streets would fall between the centres;
    between half a cell and a whole one the leg grows back to its length.
    """
    rows, columns = out_cost.shape
    for r in range(rows):
        tile_row, in_row = (row + r) // TILE, (row + r) % TILE
        for c in range(columns):
            out_cost[r, c] = np.inf
            out_label[r, c] = -1
            at = slot[tile_row, (column + c) // TILE]
            if at < 0:
                continue
            in_column = (column + c) % TILE
            street = segment[at, in_row, in_column]
            if street < 0:
                continue
            on = street_edge[street]
            first, second = node_cost[a[on]], node_cost[b[on]]
            door = door_first[on]
            if first == np.inf and second == np.inf and door < 0:
                continue
            vertex = street_vertex[street]
            part = share[at, in_row, in_column]
            onward = there[vertex] + part * (there[vertex + 1] - there[vertex])
            homeward = back[vertex] + part * (back[vertex + 1] - back[vertex])
            rest = edge_there[on] - onward
            best, label = np.inf, -1
            if backward[on] or onward <= 0.0:
                best, label = first + homeward, node_label[a[on]]
            if (forward[on] or rest <= 0.0) and second + rest < best:
                best, label = second + rest, node_label[b[on]]
            while door >= 0:
                straight = cost_along(door_there[door] - onward, homeward - door_back[door], forward[on], backward[on])
                if straight + door_access[door] < best:
                    best, label = straight + door_access[door], door_label[door]
                door = door_after[door]
            if best == np.inf:
                continue
            leg = access_m[at, in_row, in_column]
            if leg < cell_m:
                leg = max(0.0, 2.0 * leg - cell_m)
            out_cost[r, c] = best + leg / access_speed
            out_label[r, c] = label


@njit(cache=True, nogil=True)
def signed_margin(  # noqa: C901 - a call in the hot path costs more than a long body
    row: int,
    column: int,
    slot: Int32Array,
    segment: Int32Array,
    access_m: Float32Array,
    left: float,
    bottom: float,
    cell_m: float,
    x1: FloatArray,
    y1: FloatArray,
    x2: FloatArray,
    y2: FloatArray,
    cost: FloatArray,
    limit: float,
    access_speed: float,
    max_access_m: float,
    door_x: FloatArray,
    door_y: FloatArray,
    direct_m: float,
    out: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Fill how many metres of walking are left within the limit (negative: missing): the area is where it is positive.

    ``cost`` has one cell more on every side than ``out``; ``row``, ``column`` are of its first. Values are cut at two cells either
    way. Where two neighbours are joined to different streets, one reached and one not, nothing lies between the two costs: there
    the border is where both streets are equally near, and the values say how much nearer than the other's is the own street.
    """
    rows, columns = cost.shape
    most = 2.0 * cell_m
    raw = np.empty((rows, columns))
    for r in range(rows):
        tile_row, in_row = (row + r) // TILE, (row + r) % TILE
        for c in range(columns):
            raw[r, c] = -most
            if cost[r, c] < np.inf:
                left_m = (limit - cost[r, c]) * access_speed
                leg = access_m[slot[tile_row, (column + c) // TILE], in_row, (column + c) % TILE]
                raw[r, c] = min(max(min(left_m, max_access_m - leg), -most), most)
    for r in range(1, rows - 1):
        for c in range(1, columns - 1):
            here = raw[r, c]
            value = here
            inside = here > 0.0
            if (
                (raw[r - 1, c] > 0.0) == inside
                and (raw[r + 1, c] > 0.0) == inside
                and (raw[r, c - 1] > 0.0) == inside
                and (raw[r, c + 1] > 0.0) == inside
            ):
                out[r - 1, c - 1] = value
                continue
            for side in range(4):
                r2, c2 = r + (side == 0) - (side == 1), c + (side == 2) - (side == 3)
                if (raw[r2, c2] > 0.0) == inside:
                    continue
                # Less than this may lie between neighbours of one street.
                if abs(cost[r2, c2] - cost[r, c]) * access_speed <= most:
                    continue
                own_slot = slot[(row + r) // TILE, (column + c) // TILE]
                other_slot = slot[(row + r2) // TILE, (column + c2) // TILE]
                if own_slot < 0 or other_slot < 0:
                    continue
                own = segment[own_slot, (row + r) % TILE, (column + c) % TILE]
                other = segment[other_slot, (row + r2) % TILE, (column + c2) % TILE]
                if own < 0 or other < 0 or own == other:
                    continue
                px, py = left + (column + c + 0.5) * cell_m, bottom + (row + r + 0.5) * cell_m
                apart = _distance(px, py, x1[other], y1[other], x2[other], y2[other])
                nearer = max(apart - access_m[own_slot, (row + r) % TILE, (column + c) % TILE], 0.0)
                value = min(value, nearer) if inside else max(value, -nearer)
            out[r - 1, c - 1] = value
    for door in range(len(door_x)):
        middle_row = (door_y[door] - bottom) / cell_m - 0.5 - (row + 1)
        middle_column = (door_x[door] - left) / cell_m - 0.5 - (column + 1)
        reach = direct_m / cell_m + 2.0
        for r in range(max(0, int(middle_row - reach)), min(rows - 2, int(middle_row + reach) + 2)):
            for c in range(max(0, int(middle_column - reach)), min(columns - 2, int(middle_column + reach) + 2)):
                apart = np.hypot((r - middle_row) * cell_m, (c - middle_column) * cell_m)
                out[r, c] = max(out[r, c], min(max(direct_m - apart, -most), most))
    # Contours through the very centre of a cell would touch themselves.
    least = 0.01 * cell_m
    for r in range(rows - 2):
        for c in range(columns - 2):
            if abs(out[r, c]) < least:
                out[r, c] = least if out[r, c] > 0.0 else -least


@njit(cache=True, nogil=True, inline="always")
def _distance(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:  # pragma: no cover - compiled
    """Return how far a point is from a straight piece."""
    dx, dy = bx - ax, by - ay
    squared = dx * dx + dy * dy
    t = 0.0
    if squared > 0.0:
        t = min(max(((px - ax) * dx + (py - ay) * dy) / squared, 0.0), 1.0)
    return float(np.hypot(ax + t * dx - px, ay + t * dy - py))


@njit(cache=True, nogil=True)
def label_shares(
    row: int,
    column: int,
    slot: Int32Array,
    segment: Int32Array,
    access_m: Float32Array,
    left: float,
    bottom: float,
    cell_m: float,
    x1: FloatArray,
    y1: FloatArray,
    x2: FloatArray,
    y2: FloatArray,
    cost: FloatArray,
    label: Int32Array,
    step_row: int,
    step_column: int,
    out: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Fill where two labels part between each inner cell and the next one, as a share of the way from the first.

    On one street: where the costs, each growing on as it did before, are equal. Between two streets: where both are equally near.
    """
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            first_row, first_column = r + 1, c + 1
            other_row, other_column = first_row + step_row, first_column + step_column
            out[r, c] = 0.5
            if label[first_row, first_column] == label[other_row, other_column]:
                continue
            if label[first_row, first_column] < 0 or label[other_row, other_column] < 0:
                continue
            here = slot[(row + first_row) // TILE, (column + first_column) // TILE]
            there = slot[(row + other_row) // TILE, (column + other_column) // TILE]
            if here < 0 or there < 0:
                continue
            own = segment[here, (row + first_row) % TILE, (column + first_column) % TILE]
            other = segment[there, (row + other_row) % TILE, (column + other_column) % TILE]
            if own < 0 or other < 0:
                continue
            if own == other:
                one, two = cost[first_row, first_column], cost[other_row, other_column]
                rise = one - cost[first_row - step_row, first_column - step_column]
                back_rise = two - cost[other_row + step_row, other_column + step_column]
                total = rise + back_rise
                if rise > 0.0 and back_rise > 0.0 and total < np.inf:
                    out[r, c] = min(max((two + back_rise - one) / total, 0.02), 0.98)
                continue
            px, py = left + (column + first_column + 0.5) * cell_m, bottom + (row + first_row + 0.5) * cell_m
            qx, qy = px + step_column * cell_m, py + step_row * cell_m
            nearer = _distance(px, py, x1[other], y1[other], x2[other], y2[other])
            nearer = max(nearer - access_m[here, (row + first_row) % TILE, (column + first_column) % TILE], 0.0)
            farther = _distance(qx, qy, x1[own], y1[own], x2[own], y2[own])
            farther = max(farther - access_m[there, (row + other_row) % TILE, (column + other_column) % TILE], 0.0)
            if nearer + farther > 0.0:
                out[r, c] = min(max(nearer / (nearer + farther), 0.02), 0.98)


@njit(cache=True, nogil=True)
def distance_surface(
    pieces: FloatArray, left: float, bottom: float, cell_m: float, aside_m: float, reach_m: float, out: FloatArray
) -> None:  # pragma: no cover - compiled
    """Fill how far inside ``aside_m`` of straight pieces each cell's centre is (negative: outside), cut at ``reach_m``."""
    rows, columns = out.shape
    out[:] = reach_m * reach_m
    for piece in range(len(pieces)):
        ax, ay, bx, by = pieces[piece, 0], pieces[piece, 1], pieces[piece, 2], pieces[piece, 3]
        dx, dy = bx - ax, by - ay
        squared = dx * dx + dy * dy
        inverse = 1.0 / squared if squared > 0.0 else 0.0
        length = np.sqrt(squared)
        low = max(0, int(np.ceil((min(ay, by) - reach_m - bottom) / cell_m - 0.5)))
        high = min(rows - 1, int(np.floor((max(ay, by) + reach_m - bottom) / cell_m - 0.5)))
        for r in range(low, high + 1):
            py = bottom + (r + 0.5) * cell_m
            # Along a row, the cells within reach of a slanting piece lie between two lines beside it.
            from_x, to_x = min(ax, bx) - reach_m, max(ax, bx) + reach_m
            if abs(dy) > 1e-9:
                middle = ax + (py - ay) / dy * dx
                aside = reach_m * length / abs(dy)
                from_x, to_x = max(from_x, middle - aside), min(to_x, middle + aside)
            first = max(0, int(np.ceil((from_x - left) / cell_m - 0.5)))
            last = min(columns - 1, int(np.floor((to_x - left) / cell_m - 0.5)))
            for c in range(first, last + 1):
                px = left + (c + 0.5) * cell_m
                t = min(max(((px - ax) * dx + (py - ay) * dy) * inverse, 0.0), 1.0)
                ox, oy = ax + t * dx - px, ay + t * dy - py
                apart = ox * ox + oy * oy
                out[r, c] = min(out[r, c], apart)
    # As in signed_margin: never through the very centre of a cell.
    least = 0.01 * cell_m
    for r in range(rows):
        for c in range(columns):
            inside = aside_m - np.sqrt(out[r, c])
            if abs(inside) < least:
                inside = least if inside >= 0.0 else -least
            out[r, c] = inside
