"""The cells of a raster joined to every street that is near: costs, what is left of the limit, and where labels part.

Each leg has an area of its own: where it is short enough to be joined (``direct_m``, or the nearest of its part where nothing is
that near) and what lies behind it is in time. The area is the union, so the value at a cell is the most any leg leaves, of walking
and of being joined alike; it runs on evenly across every border between legs, and contours find the borders to a fraction of a cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.isochrones.kernels import TILE, Float32Array, Int32Array
from lifecircle.travel.kernels import cost_along
from lifecircle.travel.obstacles import crosses, is_inside_area

SLACK_CELLS = 2.5
"""Legs that are this many cells too long are known too: the border lies between."""


@dataclass(frozen=True, slots=True, eq=False)
class LegTiles:
    """The legs of a level's cells; what is made later never changes it."""

    slot: Int32Array
    """For each tile of the level, its place in ``first`` and ``count``; -1 where no street is near."""
    first: IntArray
    """Of each cell its first leg. Shape (places, TILE, TILE)."""
    count: npt.NDArray[np.int16]
    piece: Int32Array
    share: Float32Array
    """How far along the piece, 0 to 1."""
    metres: Float32Array


@njit(cache=True, nogil=True, inline="always")
def _reach_leg(
    piece: int,
    share: float,
    metres: float,
    cell_m: float,
    piece_edge: IntArray,
    piece_vertex: IntArray,
    low: FloatArray,
    high: FloatArray,
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
) -> tuple[float, int]:  # pragma: no cover - compiled
    """Return what it costs by a leg, and whose that is.

    A cell that a street passes through counts as standing on it, or the tips of reached streets would fall between the centres;
    between half a cell and a whole one the leg grows back to its length.
    """
    on = piece_edge[piece]
    first, second, door = node_cost[a[on]], node_cost[b[on]], door_first[on]
    if first == np.inf and second == np.inf and door < 0:
        return np.inf, -1
    vertex = piece_vertex[piece]
    along = high[piece] if share >= 1.0 else low[piece] + share * (high[piece] - low[piece])
    onward = there[vertex] + along * (there[vertex + 1] - there[vertex])
    homeward = back[vertex] + along * (back[vertex + 1] - back[vertex])
    if along >= 1.0:
        onward, homeward = there[vertex + 1], back[vertex + 1]
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
    leg = metres if metres >= cell_m else max(0.0, 2.0 * metres - cell_m)
    return best + leg / access_speed, label


@njit(cache=True, nogil=True, inline="always")
def _allow_leg(
    leg: int, first: int, last: int, piece: Int32Array, metres: Float32Array, part: IntArray, near_m: float, max_m: float,
    nearest: float,
) -> float:  # fmt: skip  # pragma: no cover - compiled
    """Return by how many metres a leg is joined; negative where it is not."""
    own = metres[leg]
    allowed = near_m - own
    if nearest <= near_m:
        return float(max(allowed, max_m - own) if own <= nearest else allowed)
    # Far from any street: the nearest of each part, by how much nearer it is than the next, or how much farther.
    spare = max_m - own
    for other in range(first, last):
        if other != leg and part[piece[other]] == part[piece[leg]]:
            spare = min(spare, metres[other] - own)
    if own > nearest:
        spare = min(spare, nearest - near_m)
    return float(max(allowed, spare))


@njit(cache=True, nogil=True)
def near_surface(
    row: int,
    column: int,
    slot: Int32Array,
    first_leg: IntArray,
    count: npt.NDArray[np.int16],
    piece: Int32Array,
    share: Float32Array,
    metres: Float32Array,
    cell_m: float,
    near_m: float,
    max_m: float,
    part: IntArray,
    piece_edge: IntArray,
    piece_vertex: IntArray,
    low: FloatArray,
    high: FloatArray,
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
    limits: FloatArray,
    out_cost: FloatArray,
    out_label: Int32Array,
    out_margin: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Fill the cost and whose it is at cells from ``row``, ``column`` on, and for each limit the metres left, cut at two cells.

    ``out_margin`` has one cell less on every side, and the limits first.
    """
    rows, columns = out_cost.shape
    most, least = 2.0 * cell_m, 0.01 * cell_m
    for r in range(rows):
        tile_row, in_row = (row + r) // TILE, (row + r) % TILE
        for c in range(columns):
            out_cost[r, c], out_label[r, c] = np.inf, -1
            is_inner = 0 < r < rows - 1 and 0 < c < columns - 1
            if is_inner:
                out_margin[:, r - 1, c - 1] = -most
            at = slot[tile_row, (column + c) // TILE]
            if at < 0:
                continue
            in_column = (column + c) % TILE
            first = first_leg[at, in_row, in_column]
            last = first + count[at, in_row, in_column]
            nearest = np.inf
            for leg in range(first, last):
                nearest = min(nearest, metres[leg])
            for leg in range(first, last):
                cost, label = _reach_leg(
                    piece[leg], share[leg], metres[leg], cell_m, piece_edge, piece_vertex, low, high, there, back, edge_there,
                    a, b, forward, backward, node_cost, node_label, door_first, door_after, door_there, door_back,
                    door_access, door_label, access_speed,
                )  # fmt: skip
                if cost == np.inf:
                    continue
                allowed = _allow_leg(leg, first, last, piece, metres, part, near_m, max_m, nearest)
                if allowed >= 0.0 and cost < out_cost[r, c]:
                    out_cost[r, c], out_label[r, c] = cost, label
                if is_inner:
                    for band in range(len(limits)):
                        value = min((limits[band] - cost) * access_speed, allowed)
                        # Contours through the very centre of a cell would touch themselves.
                        if abs(value) < least:
                            value = least if value >= 0.0 else -least
                        out_margin[band, r - 1, c - 1] = max(out_margin[band, r - 1, c - 1], min(value, most))


@njit(cache=True, nogil=True)
def add_walks(
    row: int,
    column: int,
    left: float,
    bottom: float,
    cell_m: float,
    door_x: FloatArray,
    door_y: FloatArray,
    direct_m: float,
    has_bars: bool,
    bars: FloatArray,
    bar_is_line: BoolArray,
    bar_left: float,
    bar_bottom: float,
    bar_size: float,
    bar_columns: int,
    bar_rows: int,
    bar_start: IntArray,
    bar_segment: IntArray,
    out: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Raise the metres left round doors that are walked to straight, where no obstacle lies between."""
    rows, columns = out.shape
    most, least = 2.0 * cell_m, 0.01 * cell_m
    for door in range(len(door_x)):
        middle_row = (door_y[door] - bottom) / cell_m - 0.5 - (row + 1)
        middle_column = (door_x[door] - left) / cell_m - 0.5 - (column + 1)
        reach = direct_m / cell_m + 2.0
        for r in range(max(0, int(middle_row - reach)), min(rows, int(middle_row + reach) + 2)):
            for c in range(max(0, int(middle_column - reach)), min(columns, int(middle_column + reach) + 2)):
                apart = np.hypot((r - middle_row) * cell_m, (c - middle_column) * cell_m)
                value = min(max(direct_m - apart, -most), most)
                if abs(value) < least:
                    value = least if value >= 0.0 else -least
                if value <= out[r, c]:
                    continue
                if has_bars:
                    px, py = left + (column + c + 1.5) * cell_m, bottom + (row + r + 1.5) * cell_m
                    inside = is_inside_area(
                        bars, bar_is_line, bar_left, bar_bottom, bar_size, bar_columns, bar_rows, bar_start, bar_segment, px, py
                    )  # fmt: skip
                    if crosses(
                        bars, bar_is_line, bar_left, bar_bottom, bar_size, bar_columns, bar_rows, bar_start, bar_segment,
                        px, py, door_x[door], door_y[door], inside,
                    ):  # fmt: skip
                        continue
                out[r, c] = value


@njit(cache=True, nogil=True)
def part_labels(
    cost: FloatArray, label: Int32Array, step_row: int, step_column: int, out: FloatArray
) -> None:  # pragma: no cover - compiled
    """Fill where two labels part between each inner cell and the next one, as a share of the way from the first.

    Where the costs, each growing on as it did before, are equal.
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
            one, two = cost[first_row, first_column], cost[other_row, other_column]
            rise = one - cost[first_row - step_row, first_column - step_column]
            back_rise = two - cost[other_row + step_row, other_column + step_column]
            total = rise + back_rise
            if rise > 0.0 and back_rise > 0.0 and total < np.inf:
                out[r, c] = min(max((two + back_rise - one) / total, 0.02), 0.98)
