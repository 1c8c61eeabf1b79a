"""Where a road laid over the ground opens a barrier that it does not cross: on a grid, the bank and the river are one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy import ndimage

from lifecircle.travel.terrain.lines import trace_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lifecircle.model import IntArray
    from lifecircle.travel.terrain.surface import Surface


def find_false_bridges(
    barred: Surface, merged: Surface, barriers: Sequence[shapely.Geometry], roads: Sequence[shapely.Geometry]
) -> IntArray:
    """Return the cells (row x columns + column) of barrier that roads opened, away from where any of them crosses it.

    There a road shares its cell with the barrier it runs along. People go through on foot, as through any road's cell; a finer
    grid parts the two. A cell beside a crossing is taken for the bridge.

    Parameters
    ----------
    barred, merged
        The surface before and after the roads were laid over it.
    barriers, roads
        In the surface's CRS; the roads that were laid.
    """
    opened = barred.is_barrier & merged.is_passable
    if not opened.any():
        return np.zeros(0, dtype=np.int64)
    lines, shapes = np.asarray(roads, dtype=object), np.asarray(barriers, dtype=object)
    line, shape = shapely.STRtree(shapes).query(lines, predicate="intersects")
    is_bridge = np.zeros(opened.shape, dtype=bool)
    if len(line):
        crossings = shapely.get_parts(shapely.intersection(lines[line], shapes[shape]))
        cell, _ = trace_lines(crossings, barred.transform, barred.shape)
        is_bridge.reshape(-1)[cell] = True
    near = ndimage.binary_dilation(is_bridge, structure=np.ones((3, 3), dtype=bool))
    return np.flatnonzero(opened & ~near)
