"""Straight walks: which doors are within a few metres of which cells, without any street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from lifecircle.compilation import map_slices
from lifecircle.model import FloatArray, IntArray
from lifecircle.travel.obstacles import Obstacles, find_blocked

MOST_BINS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class DoorGrid:
    """Doors in square bins at least as wide as a straight walk may be long: a cell looks into nine."""

    x: FloatArray
    y: FloatArray
    limit_m: float
    left: float
    bottom: float
    width_m: float
    columns: int
    rows: int
    start: IntArray
    door: IntArray


def index_doors(x: FloatArray, y: FloatArray, limit_m: float) -> DoorGrid:
    """Put doors into bins."""
    left, bottom = float(x.min()), float(y.min())
    across, along = float(x.max()) - left, float(y.max()) - bottom
    width_m = max(limit_m, 1.0, np.sqrt(across * along / MOST_BINS), max(across, along) / 1e5)
    columns, rows = int(across / width_m) + 1, int(along / width_m) + 1
    bins = ((y - bottom) / width_m).astype(np.int64) * columns + ((x - left) / width_m).astype(np.int64)
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(bins, minlength=columns * rows), out=start[1:])
    return DoorGrid(
        x, y, limit_m, left, bottom, width_m, columns, rows, start, np.argsort(bins, kind="stable").astype(np.int64)
    )  # fmt: skip


def find_nearest_doors(
    grid: DoorGrid, x: FloatArray, y: FloatArray, obstacles: Obstacles
) -> tuple[IntArray, FloatArray]:
    """Return for each cell the nearest door within the limit and how far it is; -1 and inf where there is none.

    A door across an obstacle is none.
    """
    door = np.full(len(x), -1, dtype=np.int64)
    distance_m = np.full(len(x), np.inf)
    if len(obstacles):
        near, cell, metres = find_near_pairs(grid, x, y, obstacles)
        order = np.lexsort((near, metres, cell))
        owner, first = np.unique(cell[order], return_index=True)
        door[owner], distance_m[owner] = near[order][first], metres[order][first]
        return door, distance_m

    def search(first: int, last: int) -> None:
        _nearest(
            grid.x, grid.y, grid.limit_m, grid.left, grid.bottom, grid.width_m, grid.columns, grid.rows, grid.start, grid.door,
            x[first:last], y[first:last], door[first:last], distance_m[first:last],
        )  # fmt: skip

    map_slices(search, len(x), smallest=20_000)
    return door, distance_m


def find_near_pairs(
    grid: DoorGrid, x: FloatArray, y: FloatArray, obstacles: Obstacles
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return ``door, cell, metres`` of every pair within the limit and not across an obstacle, ordered by door."""
    none = np.empty(0, dtype=np.int64)
    shape = (grid.x, grid.y, grid.limit_m, grid.left, grid.bottom, grid.width_m, grid.columns, grid.rows, grid.start)
    count = np.zeros(len(grid.x) + 1, dtype=np.int64)
    _pairs(*shape, grid.door, x, y, count[1:], none, np.empty(0), counting=True)
    place = np.cumsum(count)
    cell, metres = np.empty(int(place[-1]), dtype=np.int64), np.empty(int(place[-1]))
    _pairs(*shape, grid.door, x, y, place[:-1].copy(), cell, metres, counting=False)
    door = np.repeat(np.arange(len(grid.x)), count[1:])
    if len(obstacles):
        is_clear = ~find_blocked(obstacles, x[cell], y[cell], grid.x[door], grid.y[door])
        door, cell, metres = door[is_clear], cell[is_clear], metres[is_clear]
    return door, cell, metres


@njit(cache=True, nogil=True)
def _nearest(
    door_x: FloatArray,
    door_y: FloatArray,
    limit: float,
    left: float,
    bottom: float,
    width: float,
    columns: int,
    rows: int,
    start: IntArray,
    door: IntArray,
    x: FloatArray,
    y: FloatArray,
    out_door: IntArray,
    out_m: FloatArray,
) -> None:  # pragma: no cover - compiled
    for cell in range(len(x)):
        column, row = int(np.floor((x[cell] - left) / width)), int(np.floor((y[cell] - bottom) / width))
        best, found = limit * limit, -1
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(column - 1, 0), min(column + 2, columns)):
                for position in range(start[r * columns + c], start[r * columns + c + 1]):
                    one = door[position]
                    dx, dy = door_x[one] - x[cell], door_y[one] - y[cell]
                    d2 = dx * dx + dy * dy
                    if d2 < best or (d2 == best and (found == -1 or one < found)):
                        best, found = d2, one
        if found >= 0:
            out_door[cell] = found
            out_m[cell] = np.sqrt(best)


@njit(cache=True, nogil=True)
def _pairs(
    door_x: FloatArray,
    door_y: FloatArray,
    limit: float,
    left: float,
    bottom: float,
    width: float,
    columns: int,
    rows: int,
    start: IntArray,
    door: IntArray,
    x: FloatArray,
    y: FloatArray,
    place: IntArray,
    out_cell: IntArray,
    out_m: FloatArray,
    counting: bool,
) -> None:  # pragma: no cover - compiled
    """Count the cells near each door, or write them down from ``place`` on."""
    for cell in range(len(x)):
        column, row = int(np.floor((x[cell] - left) / width)), int(np.floor((y[cell] - bottom) / width))
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(column - 1, 0), min(column + 2, columns)):
                for position in range(start[r * columns + c], start[r * columns + c + 1]):
                    one = door[position]
                    dx, dy = door_x[one] - x[cell], door_y[one] - y[cell]
                    d2 = dx * dx + dy * dy
                    if d2 <= limit * limit:
                        if not counting:
                            out_cell[place[one]], out_m[place[one]] = cell, np.sqrt(d2)
                        place[one] += 1
