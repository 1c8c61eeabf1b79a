"""Lines over a grid: every cell they touch, each sharing a side with the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numba import njit

from lifecircle.model import FloatArray, IntArray

if TYPE_CHECKING:
    from rasterio import Affine


def trace_lines(
    lines: Sequence[shapely.Geometry], transform: Affine, shape: tuple[int, int]
) -> tuple[IntArray, IntArray]:
    """Return the cells (row x columns + column) that lines run through, and the line of each; cells may repeat.

    Consecutive cells of a line share a side: where it runs through a corner exactly, one of the two cells beside is taken too.
    What lies outside the grid is left out.
    """
    parts, line = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    column = (points[:, 0] - transform.c) / transform.a
    row = (points[:, 1] - transform.f) / transform.e
    # One segment between each two points of the same part; a single point is a segment of no length.
    first = np.flatnonzero(part[:-1] == part[1:]) if len(part) else np.zeros(0, dtype=np.int64)
    alone = np.flatnonzero(np.bincount(part, minlength=len(parts))[part] == 1) if len(part) else first
    start, stop = np.concatenate([first, alone]), np.concatenate([first + 1, alone])
    ends = np.column_stack([column[start], row[start], column[stop], row[stop]])
    cell, segment = walk_segments(np.ascontiguousarray(ends), shape[0], shape[1])
    return cell, np.asarray(line, dtype=np.int64)[part[start]][segment]


@njit(cache=True, nogil=True)
def walk_segments(
    ends: FloatArray, rows: int, columns: int
) -> tuple[IntArray, IntArray]:  # pragma: no cover - compiled
    """Return the cells under segments (column, row, column, row) and the segment of each, side to side.

    The walk of J. Amanatides and A. Woo, A fast voxel traversal algorithm for ray tracing (1987), counted in steps so that it ends
    in the last point's cell however the crossings are rounded.
    """
    most = 1024
    cell = np.empty(most, dtype=np.int64)
    segment = np.empty(most, dtype=np.int64)
    filled = 0
    for index in range(len(ends)):
        from_x, from_y, to_x, to_y = ends[index]
        column, row = int(np.floor(from_x)), int(np.floor(from_y))
        across, down = to_x - from_x, to_y - from_y
        wide, high = int(np.floor(to_x)) - column, int(np.floor(to_y)) - row
        left, rest = abs(wide), abs(high)
        step_x, step_y = (1 if wide > 0 else -1), (1 if high > 0 else -1)
        next_x = ((column + (step_x > 0)) - from_x) / across if left else np.inf
        next_y = ((row + (step_y > 0)) - from_y) / down if rest else np.inf
        while True:
            if 0 <= column < columns and 0 <= row < rows:
                if filled == most:
                    grown = np.empty(2 * most, dtype=np.int64)
                    grown[:most] = cell
                    cell = grown
                    grown = np.empty(2 * most, dtype=np.int64)
                    grown[:most] = segment
                    segment = grown
                    most *= 2
                cell[filled], segment[filled] = row * columns + column, index
                filled += 1
            if left == 0 and rest == 0:
                break
            if rest == 0 or (left > 0 and next_x <= next_y):
                column += step_x
                left -= 1
                next_x += step_x / across
            else:
                row += step_y
                rest -= 1
                next_y += step_y / down
    return cell[:filled].copy(), segment[:filled].copy()
