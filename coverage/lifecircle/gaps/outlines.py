"""Where a gap is, and what it is called.

Its outline is the squares of its cells, or the ground round its villages and buildings. It is named after the village and township that hold
most of its people, and where it lies from the village's middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import shapes
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from lifecircle.config.schema import LEVELS, Level
from lifecircle.gaps.causes import LINK_M, Gaps
from lifecircle.gaps.contiguity import Lattice
from lifecircle.model import BoolArray, Cells, FloatArray, IntArray, TextArray, Units

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


MOST_OF = 0.8
"""A gap with this share of a unit's people is called by the unit alone; one with less of its people in the unit also by others (等)."""
NEAR_M = 300.0
"""Nearer than this to the middle of the unit no direction is given."""
MORE = "等"
DIRECTIONS_ZH = ("东", "东北", "北", "西北", "西", "西南", "南", "东南")
DIRECTIONS_EN = ("E", "NE", "N", "NW", "W", "SW", "S", "SE")


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Named places in the district's CRS."""

    name: TextArray
    x: FloatArray
    y: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class UnitPeople:
    """Where the people of each unit of a level are."""

    units: Units
    membership: csr_array
    people: FloatArray
    x: FloatArray
    """The mean place of its people; NaN where nobody lives."""
    y: FloatArray


def place_units(units: Mapping[Level, Units], cells: Cells) -> list[UnitPeople]:
    """Return the units of each level under the district, large to small, with the middle of their people."""
    placed = []
    for level in LEVELS[1:]:
        if level in units and level in cells.membership:
            membership = cells.membership[level]
            people = np.asarray(membership @ cells.people, dtype=np.float64)
            with np.errstate(divide="ignore", invalid="ignore"):
                x, y = (np.asarray(membership @ (cells.people * part)) / people for part in (cells.x, cells.y))
            placed.append(UnitPeople(units[level], membership, people, x, y))
    return placed


def unit_of_cells(placed: list[UnitPeople], n_cells: int) -> IntArray:
    """Return the largest unit's row with the largest share of each cell, the first of equals; -1 where none has any."""
    unit = np.full(n_cells, -1, dtype=np.int64)
    if placed:
        shares = placed[0].membership.tocoo()
        row, cell = shares.coords
        order = np.lexsort((row, -shares.data, cell))
        found, at = np.unique(cell[order], return_index=True)
        unit[found] = row[order[at]]
    return unit


@dataclass(frozen=True, slots=True, eq=False)
class GapNames:
    """Names and units, by gap."""

    zh: TextArray
    en: TextArray
    """The units' own names; only which way and how far is said in English."""
    unit: Mapping[Level, IntArray]
    """The unit that holds most of its people; -1 where none holds any."""


def name_gaps(
    gaps: Gaps, people: FloatArray, middle: IntArray, cells: Cells, placed: list[UnitPeople], marks: Landmarks
) -> GapNames:
    """Return what each gap is called.

    Township, then village; then, where the gap is neither most of that unit nor about its middle, which way and how far: from the middle of
    the village, or, where units are no villages, from the nearest named place if that is nearer than the unit's middle. A gap in no unit is
    called after the nearest named place.

    Parameters
    ----------
    people
        Who lacks, one a cell of ``gaps.cell``.
    middle
        For each gap a cell in it, a row of ``cells``.
    """
    by_gap = csr_array((people, (gaps.gap, gaps.cell)), shape=(len(gaps), len(cells)))
    words: list[list[str]] = [[] for _ in range(len(gaps))]
    unit: dict[Level, IntArray] = {}
    rest = np.ones(len(gaps), dtype=np.bool_)
    for level in placed:
        held = csr_array(by_gap @ level.membership.T)
        row, share, is_most = _most(held, gaps, level)
        unit[level.units.level] = row
        for gap in np.flatnonzero(row >= 0).tolist():
            if not words[gap] or not words[gap][-1].endswith(MORE):
                words[gap].append(f"{level.units.name[row[gap]]}{MORE if share[gap] < MOST_OF else ''}")
        rest = ~is_most & (share >= MOST_OF)
    last = placed[-1] if placed else None
    row = unit[last.units.level] if last is not None else np.full(len(gaps), -1, dtype=np.int64)
    whither = _directions(rest | (row < 0), cells.x[middle], cells.y[middle], last, row, marks)
    zh, en = np.empty(len(gaps), dtype=object), np.empty(len(gaps), dtype=object)
    zh[:] = [_join(parts, "", whither.get(gap, ("", ""))[0], "{}（{}）") for gap, parts in enumerate(words)]
    en[:] = [_join(parts, " ", whither.get(gap, ("", ""))[1], "{}, {}") for gap, parts in enumerate(words)]
    return GapNames(zh, en, unit)


def _most(held: csr_array, gaps: Gaps, level: UnitPeople) -> tuple[IntArray, FloatArray, BoolArray]:
    """Return for each gap the unit with most of its people, its share of the gap's, and whether the gap is most of the unit."""
    gap = np.repeat(np.arange(len(gaps)), np.diff(held.indptr))
    order = np.lexsort((held.indices, -held.data, gap))
    found, at = np.unique(gap[order], return_index=True)
    row, share = np.full(len(gaps), -1, dtype=np.int64), np.zeros(len(gaps))
    row[found], share[found] = held.indices[order[at]], held.data[order[at]]
    is_most = share >= MOST_OF * np.append(level.people, np.inf)[row]
    return row, np.asarray(share / gaps.people), is_most


def _directions(
    asked: BoolArray, x: FloatArray, y: FloatArray, level: UnitPeople | None, row: IntArray, marks: Landmarks
) -> dict[int, tuple[str, str]]:
    """Return for the gaps asked which way and how far they lie from the middle of their unit or a landmark, in Chinese and English."""
    wanted = np.flatnonzero(asked)
    x, y, row = x[wanted], y[wanted], row[wanted]
    from_x, from_y = np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
    if level is not None:
        from_x, from_y = (np.append(part, np.nan)[row] for part in (level.x, level.y))
    away_m = np.hypot(x - from_x, y - from_y)
    mark = np.full(len(wanted), "", dtype=object)
    may_mark = (row < 0) | (level is None or level.units.level != "village")
    if len(marks.name) and may_mark.any():
        mark_m, nearest = cKDTree(np.column_stack([marks.x, marks.y])).query(np.column_stack([x, y]))
        is_nearer = may_mark & ~(mark_m >= away_m)
        mark[is_nearer] = marks.name[nearest[is_nearer]]
        from_x, from_y = np.where(is_nearer, marks.x[nearest], from_x), np.where(is_nearer, marks.y[nearest], from_y)
        away_m = np.where(is_nearer, mark_m, away_m)
    known = np.isfinite(away_m)
    turn = np.rint(np.arctan2(y - from_y, x - from_x)[known] / (np.pi / 4)).astype(np.int64) % 8
    found = {}
    where = zip(wanted[known].tolist(), away_m[known].tolist(), turn.tolist(), mark[known].tolist(), strict=True)
    for gap, metres, way, name in where:
        if metres >= NEAR_M:
            km = f"{metres / 1000:.1f}"
            place = f"{km} km {DIRECTIONS_EN[way]} of {name or 'its middle'}"
            found[gap] = (f"{name}{DIRECTIONS_ZH[way]}约{km}公里", place)
        elif name:
            found[gap] = (f"{name}附近", f"near {name}")
    return found


def _join(parts: list[str], between: str, whither: str, brackets: str) -> str:
    """Return units and direction as one name; either may be missing."""
    units = between.join(parts)
    return brackets.format(units, whither) if units and whither else units or whither
