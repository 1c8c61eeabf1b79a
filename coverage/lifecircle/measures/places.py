"""Areas, lines and people by where places are: dissolved first, so that nothing is counted twice."""

from __future__ import annotations

import numpy as np
import shapely

from lifecircle.model import Cells, FloatArray, TextArray


def area_within_m2(units: TextArray, area: shapely.Geometry) -> FloatArray:
    """Return how much of a dissolved area lies in each unit. Shape (units,)."""
    return np.asarray(shapely.area(shapely.intersection(units, area)), dtype=np.float64)


def length_within_m(units: TextArray, lines: shapely.Geometry) -> FloatArray:
    """Return how much of dissolved lines lies in each unit, the outline of areas among them counted as none. Shape (units,).

    A line on the border of two units (a river) is in the first of them, as a point there is.
    """
    length, left = np.zeros(len(units)), only_lines(lines)
    for row in np.flatnonzero(shapely.intersects(units, left)):
        length[row] = shapely.length(shapely.intersection(units[row], left))
        left = shapely.difference(left, units[row])
    return length


def only_lines(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return the lines of a collection."""
    parts = shapely.get_parts(geometry)
    return shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (1, 2, 5))])


def cells_inside(cells: Cells, place: shapely.Geometry, metres: float) -> FloatArray:
    """Return the share (0-1) of each cell that lies in a place, or whether its centre is within so many metres of it.

    A square cell is inside by its share of area, a point as a whole; within metres > 0 it is the centre that counts. Shape (cells,).
    """
    if shapely.is_empty(place):
        return np.zeros(len(cells))
    shapely.prepare(place)
    point = shapely.points(cells.x, cells.y)
    if metres > 0:
        return np.asarray(shapely.dwithin(point, place, metres), dtype=np.float64)
    if cells.size_m <= 0:
        return np.asarray(shapely.intersects(point, place), dtype=np.float64)
    half = cells.size_m / 2
    square = shapely.box(cells.x - half, cells.y - half, cells.x + half, cells.y + half)
    share = np.asarray(shapely.contains_properly(place, square), dtype=np.float64)
    border = np.flatnonzero((share == 0) & shapely.intersects(place, square))
    share[border] = shapely.area(shapely.intersection(square[border], place)) / cells.size_m**2
    return share
