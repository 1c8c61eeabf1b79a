"""Areas over terrain: a cell of ground takes one time, so an area is the cells within the limit, traced along their borders.

Nothing is smoothed: barriers, holes and islands that nobody reaches are the cells that are not in it, and bands lie in one another
because their cells do. Any raster of costs will do, whatever it was computed for.

To be asked from one thread at a time, no other compiling or silencing meanwhile: rasterio silences a warning of its own while it
traces, and the interpreter has one list of warnings for all threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from rasterio import Affine
from rasterio.features import shapes

from lifecircle.model import FloatArray, IntArray
from lifecircle.travel.samples import SAMPLES, sample_points
from lifecircle.travel.terrain.search import GroundEntrances, TerrainSearch

Project = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""x, y of one CRS to those of another."""
Result = TypeVar("Result")
EMPTY = shapely.MultiPolygon()


def outline_cells(
    cost: FloatArray, limits: Sequence[float], transform: Affine, project: Project | None = None
) -> list[shapely.MultiPolygon]:
    """Return for each limit the area of the cells whose cost is at most it.

    Parameters
    ----------
    cost
        Rows x columns; inf (or NaN) where nobody comes.
    transform
        Column and row to the coordinates of the raster's CRS; upright.
    project
        From the raster's CRS to that of the areas; None where they are the same. Every corner of a cell is carried over, so that
        what shared a border still does.
    """
    return [_trace((cost <= limit).astype(np.uint8), transform, project).get(1, EMPTY) for limit in limits]


def catchments_of_cells(
    facility: IntArray, cost: FloatArray, limit: float, transform: Affine, project: Project | None = None
) -> dict[int, shapely.MultiPolygon]:
    """Return by facility the area of the cells within a limit for which it is the nearest: exclusive, together all within it."""
    return {
        label - 1: area
        for label, area in sorted(_trace(np.where(cost <= limit, facility + 1, 0), transform, project).items())
    }


def _trace(label: npt.NDArray[Any], transform: Affine, project: Project | None) -> dict[int, shapely.MultiPolygon]:
    """Return the area of each label above 0, along the borders of its cells; cells that touch in a corner are parts of their own."""
    rows, columns = np.flatnonzero(label.any(axis=1)), np.flatnonzero(label.any(axis=0))
    if not len(rows):
        return {}
    first_row, first_column = int(rows[0]), int(columns[0])
    part = label[first_row : rows[-1] + 1, first_column : columns[-1] + 1].astype(np.int32)
    parts: dict[int, list[Any]] = {}
    for outline, value in shapes(part, mask=part > 0, connectivity=4):
        shell, *holes = outline["coordinates"]
        parts.setdefault(int(value), []).append(shapely.Polygon(shell, holes))

    def carry(xy: FloatArray) -> FloatArray:
        # The grid is upright (Surface): columns run along x, rows along y.
        x, y = transform.c + transform.a * (xy[:, 0] + first_column), transform.f + transform.e * (xy[:, 1] + first_row)
        return np.column_stack((x, y) if project is None else project(x, y))

    areas = {value: shapely.MultiPolygon(polygons) for value, polygons in parts.items()}
    if project is not None:
        # A side of many cells is one straight line, which another CRS would bend: the corners of the cells go along.
        areas = {value: shapely.segmentize(area, 1.0 + 1e-9) for value, area in areas.items()}
    return {value: shapely.transform(area, carry) for value, area in areas.items()}


def slower_cells_share(
    area: shapely.MultiPolygon, cost: FloatArray, limit: float, transform: Affine, unproject: Project | None = None
) -> float:
    """Return the share (0-1) of an area that is slower than the limit, at points that have nothing to do with the cells.

    Parameters
    ----------
    unproject
        From the area's CRS to the raster's.
    """
    if area.is_empty:
        return float("nan")
    x, y = sample_points(area, float(np.sqrt(area.area / SAMPLES)))
    if not len(x):
        return float("nan")
    if unproject is not None:
        x, y = unproject(x, y)
    column = np.floor((x - transform.c) / transform.a).astype(np.int64)
    row = np.floor((y - transform.f) / transform.e).astype(np.int64)
    rows, columns = cost.shape
    is_on = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    found = np.where(is_on, cost[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)], np.inf)
    return float((~(found <= limit)).mean())


def spread_each(
    search: TerrainSearch, doors: GroundEntrances, limit: float, use: Callable[[FloatArray], Result]
) -> list[Result]:
    """Return ``use(cost)`` for each facility: the cost of every cell within a limit of it alone, inf elsewhere; one at a time."""
    return [use(search.spread(doors.only(facility), limit)[0]) for facility in range(len(doors.start) - 1)]
