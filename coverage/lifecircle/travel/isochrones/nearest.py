"""The nearest street of every cell of a tile: as :mod:`lifecircle.travel.join` finds it, for many points side by side."""

from __future__ import annotations

import numpy as np
from numba import njit

from lifecircle.model import FloatArray, IntArray
from lifecircle.travel.isochrones.kernels import Float32Array, Int32Array
from lifecircle.travel.join import VERTEX_M, SegmentGrid, find_nearest_segments

BLOCK_M = 40.0
"""Cells in a square of about this side share a list of candidates."""


def join_tile(
    grid: SegmentGrid,
    x: FloatArray,
    y: FloatArray,
    max_m: float,
    out_segment: Int32Array,
    out_share: Float32Array,
    out_m: Float32Array,
) -> bool:
    """Fill the nearest segment, share and distance at the cells of a tile; return whether any has one.

    Parameters
    ----------
    x, y
        Of columns and rows, equally far apart; their number a power of two.
    max_m
        Segments farther than this are not found.
    out_segment, out_share, out_m
        Shape (rows, columns); -1, 0 and inf where none is near enough.
    """
    out_segment[:], out_share[:], out_m[:] = -1, 0.0, np.inf
    cell_m = float(x[1] - x[0])
    block = min(len(x), max(2, 1 << int(np.log2(BLOCK_M / cell_m)) if cell_m < BLOCK_M else 2))
    middle_x, middle_y = x.reshape(-1, block).mean(axis=1), y.reshape(-1, block).mean(axis=1)
    # No cell of a block is farther from its middle than this, so what may be nearest to one lies within twice it of the nearest.
    aside_m = block * cell_m / np.sqrt(2)
    xx, yy = np.meshgrid(middle_x, middle_y)
    _, _, nearest_m = find_nearest_segments(grid, xx.ravel(), yy.ravel(), max_m + aside_m)
    if not np.isfinite(nearest_m).any():
        return False
    _search_blocks(
        grid.x1, grid.y1, grid.x2, grid.y2, grid.left, grid.bottom, grid.size_m, grid.columns, grid.rows, grid.start,
        grid.segment, x, y, middle_x, middle_y, nearest_m.reshape(xx.shape), block, aside_m, max_m,
        out_segment, out_share, out_m,
    )  # fmt: skip
    return bool((out_segment >= 0).any())


@njit(cache=True, nogil=True)
def _search_blocks(  # noqa: C901 - a call in the hot path costs more than a long body
    x1: FloatArray,
    y1: FloatArray,
    x2: FloatArray,
    y2: FloatArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    start: IntArray,
    segment: IntArray,
    x: FloatArray,
    y: FloatArray,
    middle_x: FloatArray,
    middle_y: FloatArray,
    nearest_m: FloatArray,
    block_cells: int,
    aside: float,
    max_m: float,
    out_segment: Int32Array,
    out_share: Float32Array,
    out_m: Float32Array,
) -> None:  # pragma: no cover - compiled
    found = np.empty(256, dtype=np.int64)
    away = np.empty(256)
    for block in range(len(middle_x) * len(middle_y)):
        block_row, block_column = block // len(middle_x), block % len(middle_x)
        mx, my = middle_x[block_column], middle_y[block_row]
        if nearest_m[block_row, block_column] == np.inf:
            continue
        bound = min(nearest_m[block_row, block_column] + 2.0 * aside, max_m + aside) + 1e-6
        count = 0
        for r in range(max(0, int((my - bound - bottom) / size)), min(rows - 1, int((my + bound - bottom) / size)) + 1):
            # Of a row of the grid only what lies within the circle.
            dy = max(0.0, bottom + r * size - my, my - bottom - (r + 1) * size)
            half = np.sqrt(max(bound * bound - dy * dy, 0.0)) + 1e-6
            first_column = max(0, int((mx - half - left) / size))
            for c in range(first_column, min(columns - 1, int((mx + half - left) / size)) + 1):
                cell = r * columns + c
                for position in range(start[cell], start[cell + 1]):
                    index = segment[position]
                    ax, ay = x1[index], y1[index]
                    dx, dy2 = x2[index] - ax, y2[index] - ay
                    squared = dx * dx + dy2 * dy2
                    t = 0.0
                    if squared > 0.0:
                        t = min(max(((mx - ax) * dx + (my - ay) * dy2) / squared, 0.0), 1.0)
                    apart = np.hypot(ax + t * dx - mx, ay + t * dy2 - my)
                    if apart > bound:
                        continue
                    if count == len(found):
                        grown, grown_away = np.empty(2 * count, dtype=np.int64), np.empty(2 * count)
                        grown[:count], grown_away[:count] = found, away
                        found, away = grown, grown_away
                    found[count], away[count] = index, apart
                    count += 1
        order = np.argsort(away[:count])
        for r in range(block_row * block_cells, (block_row + 1) * block_cells):
            for c in range(block_column * block_cells, (block_column + 1) * block_cells):
                px, py = x[c], y[r]
                from_middle = np.hypot(px - mx, py - my)
                best2, best, best_share = max_m * max_m, -1, 0.0
                last = np.inf
                for rank in range(count):
                    index = found[order[rank]]
                    if away[order[rank]] - from_middle > last:
                        break
                    ax, ay = x1[index], y1[index]
                    dx, dy = x2[index] - ax, y2[index] - ay
                    squared = dx * dx + dy * dy
                    t = 0.0
                    if squared > 0.0:
                        t = min(max(((px - ax) * dx + (py - ay) * dy) / squared, 0.0), 1.0)
                    ox, oy = ax + t * dx - px, ay + t * dy - py
                    d2 = ox * ox + oy * oy
                    if d2 < best2 or (d2 == best2 and (best == -1 or index < best)):
                        best2, best, best_share = d2, index, t
                        last = np.sqrt(d2) + 1e-6
                if best < 0:
                    continue
                length = np.hypot(x2[best] - x1[best], y2[best] - y1[best])
                if best_share * length < VERTEX_M:
                    best_share = 0.0
                elif (1.0 - best_share) * length < VERTEX_M:
                    best_share = 1.0
                out_segment[r, c], out_share[r, c], out_m[r, c] = best, best_share, np.sqrt(best2)
