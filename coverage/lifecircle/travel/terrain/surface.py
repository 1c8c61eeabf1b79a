"""The ground people travel over where there is no street: a grid with a way of going, a speed and a height in every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit
from rasterio import Affine
from rasterio.features import rasterize
from scipy import ndimage

from lifecircle.model import BoolArray, FloatArray, IntArray


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


WayOfGoing = Literal["walk", "bike", "motor", "none"]
CodeArray = npt.NDArray[np.uint16]

UNKNOWN, BARRIER = 0, 1
"""The first two codes of every surface: no data, and what nobody crosses."""
MOST_GOINGS = 1 << 16
ON_A_BORDER = 1e-6
"""Of a cell: a place this near to a cell's border, after a change of CRS, lies on it."""


@dataclass(frozen=True, slots=True)
class Going:
    """How people go over a class of ground, and how fast where it is flat."""

    way: WayOfGoing
    speed_kph: float = 0.0

    def __post_init__(self) -> None:
        if self.way != "none" and not 0.0 < self.speed_kph < np.inf:
            raise ValueError(f"speed_kph = {self.speed_kph:g} of {self.way} | must be above 0 | give the flat speed")


NOWHERE = Going("none")


@dataclass(frozen=True, eq=False)
class Surface:
    """A grid of ground.

    ``code`` holds for every cell its row of ``goings``; rows 0 (no data) and 1 (a barrier) are ways nobody goes. They differ in
    one thing: a diagonal step may not slip between two cells when one of them is a barrier.
    """

    transform: Affine
    """Column and row to the coordinates of ``crs``, metres; upright."""
    crs: str
    code: CodeArray
    goings: tuple[Going, ...]
    elevation_m: npt.NDArray[np.floating[Any]]
    """NaN: not known, and a step to or from there is flat."""

    def __post_init__(self) -> None:
        if self.goings[:2] != (NOWHERE, NOWHERE) or len(self.goings) > MOST_GOINGS:
            raise ValueError(f"{len(self.goings)} goings | the first two must be none, at most {MOST_GOINGS} in all")
        if self.code.shape != self.elevation_m.shape:
            raise ValueError(f"elevation is {self.elevation_m.shape} | the ground is {self.code.shape} | align the two")
        if self.transform.b or self.transform.d:
            raise ValueError("the grid is rotated | it must be upright | warp it")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.code.shape[0], self.code.shape[1]

    @property
    def cell_m(self) -> tuple[float, float]:
        """Width and height of a cell in metres."""
        return abs(self.transform.a), abs(self.transform.e)

    @cached_property
    def is_barrier(self) -> BoolArray:
        """Where nobody crosses, not even between two such cells."""
        return np.asarray(self.code == BARRIER)

    @cached_property
    def is_passable(self) -> BoolArray:
        """Where people can go at all."""
        return np.array([going.way != "none" for going in self.goings])[self.code]

    @property
    def way(self) -> npt.NDArray[np.object_]:
        """Way of going of every cell."""
        return np.array([going.way for going in self.goings], dtype=object)[self.code]

    @property
    def speed_kph(self) -> FloatArray:
        """Flat speed of every cell; 0 where nobody goes."""
        return np.array([going.speed_kph for going in self.goings])[self.code]

    def find_cells(self, x: FloatArray, y: FloatArray) -> IntArray:
        """Return the cell (row x columns + column) that contains each place; -1 outside the grid."""
        column = np.floor((np.asarray(x) - self.transform.c) / self.transform.a + ON_A_BORDER)
        row = np.floor((np.asarray(y) - self.transform.f) / self.transform.e + ON_A_BORDER)
        rows, columns = self.shape
        is_inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        cell = np.where(is_inside, row, 0) * columns + np.where(is_inside, column, 0)
        return np.where(is_inside, cell, -1).astype(np.int64)


def make_surface(
    landcover: npt.NDArray[Any],
    classes: Mapping[int, Going],
    elevation_m: npt.NDArray[Any] | None,
    transform: Affine,
    crs: str,
    *,
    is_known: BoolArray | None = None,
) -> Surface:
    """Return the ground of a land-cover raster.

    Parameters
    ----------
    landcover
        Whole-number classes, rows x columns.
    classes
        Class to how people go there. A class that is not listed, or whose way is ``none``, is a barrier.
    elevation_m
        On the same grid; NaN where not known. None: flat everywhere.
    transform, crs
        Of the grid; a CRS in metres.
    is_known
        False where the raster has no data: nobody goes there, but it is no barrier (AccessMod lets diagonal steps slip between).
    """
    goings: list[Going] = [NOWHERE, NOWHERE]
    code = np.full(landcover.shape, BARRIER, dtype=np.uint16)
    for name, going in classes.items():
        if going.way != "none":
            code[landcover == name] = len(goings)
            goings.append(going)
    if is_known is not None:
        code = np.where(is_known, code, np.uint16(UNKNOWN))
    if elevation_m is None:
        elevation_m = np.full(landcover.shape, np.nan, dtype=np.float32)
    return Surface(transform, crs, code, tuple(goings), elevation_m)


def add_barriers(surface: Surface, barriers: Sequence[shapely.Geometry]) -> Surface:
    """Return the surface with rivers, lakes, motorways ... across which nobody goes.

    Every cell that a line or the border of an area touches becomes a barrier, and every cell whose centre lies in an area: cells
    that follow one another share a side, so that no step, diagonal or knight's, slips through. Roads are merged afterwards.
    """
    shapes = [shape for shape in barriers if shape is not None and not shape.is_empty]
    if not shapes:
        return surface
    code = surface.code.copy()
    areas = [shape for shape in shapes if shapely.get_dimensions(shape) == 2]
    if areas:
        code[rasterize(areas, out_shape=surface.shape, transform=surface.transform, fill=0, default_value=1) == 1] = (
            BARRIER
        )
    edges = [shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape for shape in shapes]
    cell, _ = trace_lines(edges, surface.transform, surface.shape)
    code.reshape(-1)[cell] = BARRIER
    return replace(surface, code=code)


def merge_roads(
    surface: Surface, lines: Sequence[shapely.Geometry], going: IntArray, goings: Sequence[Going]
) -> Surface:
    """Return the surface with roads laid over it: they win over land cover, and cross barriers (bridges, fords, tunnels).

    Every cell that a road touches is road, so that it is continuous and a bridge never has to slip diagonally through the barrier
    it crosses. Where roads meet the faster wins.

    Parameters
    ----------
    lines
        In the surface's CRS.
    going
        For each line its row of ``goings``; -1 is left out.
    goings
        How people go on each class of road; ``none`` is left out.
    """
    going = np.asarray(going, dtype=np.int64)
    is_used = (going >= 0) & np.array([entry.way != "none" for entry in goings] + [False])[going]
    if not is_used.any():
        return surface
    # Slow to fast, so that the greatest rank in a cell is the fastest road's.
    order = sorted(range(len(goings)), key=lambda index: (goings[index].speed_kph, index))
    rank = np.empty(len(goings), dtype=np.int64)
    rank[order] = np.arange(1, len(goings) + 1)
    used = np.flatnonzero(is_used)
    cell, line = trace_lines([lines[index] for index in used.tolist()], surface.transform, surface.shape)
    best = np.zeros(surface.code.size, dtype=np.int64)
    np.maximum.at(best, cell, rank[going[used[line]]])
    first = len(surface.goings) - 1
    code = np.where(best > 0, best + first, surface.code.reshape(-1)).astype(np.uint16).reshape(surface.shape)
    return replace(surface, code=code, goings=(*surface.goings, *(goings[index] for index in order)))
