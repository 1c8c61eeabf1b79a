"""Points to the nearest point of the nearest edge: a uniform grid over segments, searched in rings. Exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from lifecircle.compilation import map_slices
from lifecircle.model import FloatArray, IntArray

VERTEX_M = 0.001
"""A point that falls this near a vertex falls on it: the width of rounding in a projection."""
MOST_GRID_CELLS = 4_000_000
MANY_POINTS = 20_000
"""Fewer are searched before they are sorted."""
NEARBY_CELLS = 20


@dataclass(frozen=True, slots=True, eq=False)
class SegmentGrid:
    """Straight segments in a grid of square cells; ``segment[start[c] : start[c + 1]]`` pass through cell *c*."""

    x1: FloatArray
    y1: FloatArray
    x2: FloatArray
    y2: FloatArray
    left: float
    bottom: float
    size_m: float
    columns: int
    rows: int
    start: IntArray
    segment: IntArray
    ends: FloatArray
    """The segments again, a row each, x1, y1, x2, y2 side by side as the search reads them."""


def index_segments(x1: FloatArray, y1: FloatArray, x2: FloatArray, y2: FloatArray) -> SegmentGrid:
    """Lay a grid over segments, its cells somewhat smaller than a segment is long: measured, the quickest to search."""
    if not len(x1):
        empty = np.zeros(0, dtype=np.int64)
        return SegmentGrid(x1, y1, x2, y2, 0.0, 0.0, 1.0, 1, 1, np.zeros(2, dtype=np.int64), empty, np.zeros((0, 4)))
    left, bottom = float(min(x1.min(), x2.min())), float(min(y1.min(), y2.min()))
    width = float(max(x1.max(), x2.max())) - left
    height = float(max(y1.max(), y2.max())) - bottom
    mean_m = float(np.hypot(x2 - x1, y2 - y1).mean())
    size_m = max(0.8 * mean_m, np.sqrt(max(width * height, 1.0) / MOST_GRID_CELLS), max(width, height) / 1e5, 1.0)
    columns, rows = int(width / size_m) + 1, int(height / size_m) + 1
    counts = np.zeros(columns * rows + 1, dtype=np.int64)
    none = np.empty(0, dtype=np.int64)
    _walk_cells(x1, y1, x2, y2, left, bottom, size_m, columns, rows, counts, none, counting=True)
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    np.cumsum(counts[:-1], out=start[1:])
    segment = np.empty(int(start[-1]), dtype=np.int64)
    _walk_cells(x1, y1, x2, y2, left, bottom, size_m, columns, rows, start[:-1].copy(), segment, counting=False)
    return SegmentGrid(
        x1, y1, x2, y2, left, bottom, size_m, columns, rows, start, segment, np.column_stack([x1, y1, x2, y2])
    )


def find_nearest_segments(
    grid: SegmentGrid, x: FloatArray, y: FloatArray, max_m: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return for each point the nearest segment, how far along it, and how far away.

    Parameters
    ----------
    max_m
        Segments farther than this are not found.

    Returns
    -------
    segment : IntArray
        -1 where none is near enough. Of two equally near, the first.
    share : FloatArray
        0 at the segment's start, 1 at its end; within 1 mm of an end it is that end.
    distance_m : FloatArray
        inf where none is near enough.
    """
    x, y = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
    segment = np.full(len(x), -1, dtype=np.int64)
    share = np.zeros(len(x))
    distance_m = np.full(len(x), np.inf)
    if not len(grid.x1) or not len(x):
        return segment, share, distance_m
    order = order_nearby(grid, x, y)
    if order is not None:
        x, y = x[order], y[order]

    def search(first: int, last: int) -> None:
        _search_grid(
            grid.ends, grid.left, grid.bottom, grid.size_m, grid.columns, grid.rows, grid.start, grid.segment, x[first:last], y[first:last], max_m,
            segment[first:last], share[first:last], distance_m[first:last],
        )  # fmt: skip

    map_slices(search, len(x))
    if order is None:
        return segment, share, distance_m
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return segment[back], share[back], distance_m[back]


def order_nearby(grid: SegmentGrid, x: FloatArray, y: FloatArray) -> IntArray | None:
    """Return an order in which points that follow one another lie near, or None where they do already.

    Neighbours look into the same cells: points in random order take several times as long.
    """
    if len(x) < MANY_POINTS:
        return None
    sample = np.linspace(0, len(x) - 2, 2_000).astype(np.int64)
    step_m = np.hypot(x[sample + 1] - x[sample], y[sample + 1] - y[sample])
    if np.median(step_m) < NEARBY_CELLS * grid.size_m:
        return None
    row = np.clip((y - grid.bottom) / grid.size_m, 0, grid.rows).astype(np.int64)
    column = np.clip((x - grid.left) / grid.size_m, 0, grid.columns).astype(np.int64)
    return np.argsort(row * (grid.columns + 1) + column, kind="stable").astype(np.int64)


@njit(cache=True, nogil=True)
def _walk_cells(
    x1: FloatArray,
    y1: FloatArray,
    x2: FloatArray,
    y2: FloatArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    place: IntArray,
    segment: IntArray,
    counting: bool,
) -> None:  # pragma: no cover - compiled
    """Count, or write down, the segments of every cell they pass through, row of cells by row."""
    for index in range(len(x1)):
        low_x, low_y, high_x, high_y = x1[index], y1[index], x2[index], y2[index]
        if low_y > high_y:
            low_x, low_y, high_x, high_y = high_x, high_y, low_x, low_y
        first_row = min(max(int((low_y - bottom) / size), 0), rows - 1)
        last_row = min(max(int((high_y - bottom) / size), 0), rows - 1)
        for row in range(first_row, last_row + 1):
            start_x, end_x = low_x, high_x
            if first_row != last_row:
                slope = (high_x - low_x) / (high_y - low_y)
                if row > first_row:
                    start_x = low_x + (bottom + row * size - low_y) * slope
                if row < last_row:
                    end_x = low_x + (bottom + (row + 1) * size - low_y) * slope
            # A hair wider than the segment, so that rounding never drops it from a cell it touches.
            from_x, to_x = min(start_x, end_x) - 1e-6, max(start_x, end_x) + 1e-6
            first_column = min(max(int((from_x - left) / size), 0), columns - 1)
            last_column = min(max(int((to_x - left) / size), 0), columns - 1)
            for column in range(first_column, last_column + 1):
                cell = row * columns + column
                if not counting:
                    segment[place[cell]] = index
                place[cell] += 1


@njit(cache=True, nogil=True)
def _search_grid(
    ends: FloatArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    start: IntArray,
    segment: IntArray,
    x: FloatArray,
    y: FloatArray,
    max_m: float,
    out_segment: IntArray,
    out_share: FloatArray,
    out_m: FloatArray,
) -> None:  # pragma: no cover - compiled
    for point in range(len(x)):
        px, py = x[point], y[point]
        column = int(np.floor((px - left) / size))
        row = int(np.floor((py - bottom) / size))
        # What a ring leaves unsearched is at least this much farther than its radius.
        inset = min(px - left - column * size, (column + 1) * size - (px - left))
        inset = min(inset, min(py - bottom - row * size, (row + 1) * size - (py - bottom)))
        best2 = max_m * max_m
        best, best_share = -1, 0.0
        # Rings that do not reach the grid yet hold nothing.
        ring = max(0, -column, column - columns + 1, -row, row - rows + 1)
        last_ring = max(abs(column), abs(columns - 1 - column), abs(row), abs(rows - 1 - row))
        while ring <= last_ring:
            unsearched = (ring - 1) * size + inset
            if ring > 0 and unsearched > 0 and unsearched * unsearched > best2:
                break
            for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                # The ring's first and last row is one run of segments; of the others, its two ends.
                is_whole = r == row - ring or r == row + ring
                for side in range(1 if is_whole else 2):
                    first = column - ring if side == 0 else column + ring
                    last = min(column + ring if is_whole else first, columns - 1)
                    first = max(first, 0)
                    if first > last:
                        continue
                    cell = np.uint64(r * columns)
                    for position in range(start[cell + np.uint64(first)], start[cell + np.uint64(last + 1)]):
                        index = segment[np.uint64(position)]
                        at = np.uint64(index)
                        ax, ay = ends[at, 0], ends[at, 1]
                        dx, dy = ends[at, 2] - ax, ends[at, 3] - ay
                        squared = dx * dx + dy * dy
                        t = 0.0
                        if squared > 0.0:
                            t = ((px - ax) * dx + (py - ay) * dy) / squared
                            t = min(max(t, 0.0), 1.0)
                        ox, oy = ax + t * dx - px, ay + t * dy - py
                        d2 = ox * ox + oy * oy
                        if d2 < best2 or (d2 == best2 and (best == -1 or index < best)):
                            best2, best, best_share = d2, index, t
            ring += 1
        out_segment[point] = best
        if best >= 0:
            length = np.hypot(ends[best, 2] - ends[best, 0], ends[best, 3] - ends[best, 1])
            if best_share * length < VERTEX_M:
                best_share = 0.0
            elif (1.0 - best_share) * length < VERTEX_M:
                best_share = 1.0
            out_share[point] = best_share
            out_m[point] = np.sqrt(best2)
