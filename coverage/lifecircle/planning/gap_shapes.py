"""Where a gap is: the squares of its cells, or the ground round its villages and buildings."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from rasterio import Affine
from rasterio.features import shapes

from lifecircle.model import Cells, FloatArray
from lifecircle.planning.gaps import LINK_M, Gaps
from lifecircle.planning.touching import Lattice

ROUND_M = 50.0
"""The ground drawn round a village or building that is a point."""
QUARTER = 2
"""Corners in a quarter of a circle round one: an outline for a map, no figure."""
MOST_SQUARES = 50_000_000

Shapes = npt.NDArray[np.object_]


def lattice_of(cells: Cells) -> Lattice:
    """Return where cells are for finding which touch: raster cells, squares that people were spread over, or points."""
    if cells.grid is not None:
        return Lattice(cells.grid.column.astype(np.float64), cells.grid.row.astype(np.float64))
    if cells.size_m > 0.0:
        return Lattice(np.floor(cells.x / cells.size_m), np.floor(cells.y / cells.size_m))
    return Lattice(cells.x, cells.y, LINK_M)


def outline_gaps(cells: Cells, gaps: Gaps) -> Shapes:
    """Return a multipolygon a gap: of a raster in the raster's CRS, of anything else in the district's.

    Squares are drawn whole, also where people were spread over a part of one. A square that holds people of two gaps is drawn for the
    larger; a gap without a square of its own is drawn with those it shares.
    """
    if not len(gaps):
        return np.zeros(0, dtype=object)
    places = lattice_of(cells).take(gaps.cell)
    if places.reach_m:
        return _round_points(gaps, places.x, places.y)
    if cells.grid is not None:
        return _outline_squares(gaps, places, Affine(*cells.grid.transform))
    return _outline_squares(gaps, places, Affine.scale(cells.size_m))


def _round_points(gaps: Gaps, x: FloatArray, y: FloatArray) -> Shapes:
    discs = shapely.buffer(shapely.points(x, y), ROUND_M, quad_segs=QUARTER)
    order = np.argsort(gaps.gap, kind="stable")
    ends = np.cumsum(np.bincount(gaps.gap, minlength=len(gaps)))
    return _as_multi([shapely.union_all(part) for part in np.split(discs[order], ends[:-1])])


def _outline_squares(gaps: Gaps, places: Lattice, transform: Affine) -> Shapes:
    left, top = int(places.x.min()), int(places.y.min())
    column, row = (places.x - left).astype(np.int64), (places.y - top).astype(np.int64)
    here = transform * Affine.translation(left, top)
    height, width = int(row.max()) + 1, int(column.max()) + 1
    if height * width > MOST_SQUARES:
        return _join_squares(gaps, column, row, here, range(len(gaps)))
    picture = np.full((height, width), -1, dtype=np.int32)
    # From the smallest gap to the largest: what is written last stands.
    order = np.argsort(-gaps.gap, kind="stable")
    picture[row[order], column[order]] = gaps.gap[order]
    rings: list[list[Any]] = [[] for _ in range(len(gaps))]
    for shape, gap in shapes(picture, mask=picture >= 0, connectivity=4, transform=here):
        rings[int(gap)].append(shapely.Polygon(shape["coordinates"][0], shape["coordinates"][1:]))
    hidden = [gap for gap, parts in enumerate(rings) if not parts]
    found = _as_multi([shapely.MultiPolygon(parts) for parts in rings])
    if hidden:
        found[hidden] = _join_squares(gaps, column, row, here, hidden)
    return found


def _join_squares(gaps: Gaps, column: Any, row: Any, transform: Affine, wanted: Any) -> Shapes:
    """Return the union of the squares of some gaps, one after another."""
    joined = []
    for gap in wanted:
        of_gap = gaps.gap == gap
        squares = shapely.box(column[of_gap], row[of_gap], column[of_gap] + 1, row[of_gap] + 1)
        whole = shapely.union_all(squares)
        joined.append(shapely.transform(whole, lambda x, y: tuple(transform * (x, y)), interleaved=False))
    return _as_multi(joined)


def _as_multi(areas: list[Any]) -> Shapes:
    found = np.empty(len(areas), dtype=object)
    found[:] = [area if area.geom_type == "MultiPolygon" else shapely.MultiPolygon([area]) for area in areas]
    return shapely.normalize(found)  # one order of rings and corners, whatever drew them
