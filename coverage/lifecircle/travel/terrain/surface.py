"""The ground people travel over where there is no street: a grid with a way of going, a speed and a height in every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from rasterio import Affine
from rasterio.features import rasterize

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.terrain.lines import trace_lines

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
