"""Where a gap is: the squares of its cells, or the ground round its villages and buildings."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import shapes

from lifecircle.model import Cells, FloatArray, IntArray
from lifecircle.planning.gaps import LINK_M, Gaps
from lifecircle.planning.touching import Lattice

ROUND_M = 50.0
"""The ground drawn round a village or building that is a point."""
THINNED_M = 25.0
"""Squares in which one point of a gap is drawn round; their diagonal is less than the ground round it, however coarse a circle."""
QUARTER = 2
"""Corners in a quarter of a circle round one: an outline for a map, no figure."""
MOST_SQUARES = 20_000_000
"""Of a picture to trace gaps on; beyond it squares are joined one gap after another."""

Shapes = npt.NDArray[np.object_]
Grid = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: column, row to x = a column + b row + c, y = d column + e row + f."""


def lattice_of(cells: Cells) -> Lattice:
    """Return where cells are for finding which touch: raster cells, squares that people were spread over, or points."""
    if cells.grid is not None:
        return Lattice(cells.grid.column.astype(np.float64), cells.grid.row.astype(np.float64))
    if cells.size_m > 0.0:
        return Lattice(np.floor(cells.x / cells.size_m), np.floor(cells.y / cells.size_m))
    return Lattice(cells.x, cells.y, LINK_M)


def outline_gaps(cells: Cells, gaps: Gaps) -> Shapes:
    """Return a multipolygon a gap: of a raster in the raster's CRS, of anything else in the district's.

    Squares are drawn whole, also where people were spread over a part of one: one that holds people of two gaps is drawn for both.
    """
    if not len(gaps):
        return np.zeros(0, dtype=object)
    places = lattice_of(cells).take(gaps.cell)
    if places.reach_m:
        return _round_points(gaps, places.x, places.y)
    if cells.grid is not None:
        return _outline_squares(gaps, places, cells.grid.transform)
    return _outline_squares(gaps, places, (cells.size_m, 0.0, 0.0, 0.0, cells.size_m, 0.0))


def _round_points(gaps: Gaps, x: FloatArray, y: FloatArray) -> Shapes:
    # Of many houses together one is drawn round: the others lie in its ground, and thousands of discs take long to join.
    near = np.column_stack([gaps.gap, np.floor(x / THINNED_M), np.floor(y / THINNED_M)])
    drawn = np.unique(near, axis=0, return_index=True)[1]  # sorted by gap
    discs = shapely.buffer(shapely.points(x[drawn], y[drawn]), ROUND_M, quad_segs=QUARTER)
    ends = np.cumsum(np.bincount(gaps.gap[drawn], minlength=len(gaps)))
    return _as_multi([shapely.union_all(part) for part in np.split(discs, ends[:-1])])


def _outline_squares(gaps: Gaps, places: Lattice, grid: Grid) -> Shapes:
    left, top = places.x.min(), places.y.min()
    column, row = (places.x - left).astype(np.int64), (places.y - top).astype(np.int64)
    height, width = int(row.max()) + 1, int(column.max()) + 1
    if height * width > MOST_SQUARES:
        drawn = [_squares(column[gaps.gap == gap], row[gaps.gap == gap]) for gap in range(len(gaps))]
    else:
        picture = np.full((height, width), -1, dtype=np.int32)
        # From the smallest gap to the largest: what is written last stands.
        order = np.argsort(-gaps.gap, kind="stable")
        picture[row[order], column[order]] = gaps.gap[order]
        rings: list[list[Any]] = [[] for _ in range(len(gaps))]
        for shape, gap in shapes(picture, mask=picture >= 0, connectivity=4):
            rings[int(gap)].append(shapely.Polygon(shape["coordinates"][0], shape["coordinates"][1:]))
        drawn = [shapely.MultiPolygon(parts) for parts in rings]
        hidden = picture[row, column] != gaps.gap
        for gap in np.unique(gaps.gap[hidden]).tolist():
            mine = hidden & (gaps.gap == gap)
            drawn[gap] = shapely.union_all([drawn[gap], _squares(column[mine], row[mine])])
    a, b, c, d, e, f = grid

    def place(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y = x + left, y + top
        return a * x + b * y + c, d * x + e * y + f

    return _as_multi(list(shapely.transform(drawn, place, interleaved=False)))


def _squares(column: IntArray, row: IntArray) -> shapely.Geometry:
    """Return the union of squares."""
    return shapely.union_all(shapely.box(column, row, column + 1, row + 1))


def _as_multi(areas: list[Any]) -> Shapes:
    found = np.empty(len(areas), dtype=object)
    found[:] = [area if area.geom_type == "MultiPolygon" else shapely.MultiPolygon([area]) for area in areas]
    return np.asarray(shapely.normalize(found), dtype=object)  # one order of rings and corners, whatever drew them
