"""Zone totals over the ground: by the area of grid squares clipped to the zone, or by the floor area of buildings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import csr_array, hstack

from lifecircle.sources.files import read_source
from lifecircle.sources.people.shares import (
    FoundPeople,
    build_membership,
    inner_levels,
    keep_cells,
    share_pieces,
    share_points,
    touches_units,
)
from lifecircle.sources.places import place_rows
from lifecircle.sources.tables import as_numbers, report_rows
from lifecircle.sources.units import keep_polygons, locate

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Buildings, Configuration, Population
    from lifecircle.config.schema import Level
    from lifecircle.model import FloatArray, InputFile, IntArray, TextArray, Units
    from lifecircle.problems import Problems


@dataclass(frozen=True, slots=True, eq=False)
class Homes:
    """Buildings as points with a floor area."""

    id: TextArray
    x: FloatArray
    y: FloatArray
    floor_m2: FloatArray
    file: InputFile


def read_homes(
    configuration: Configuration,
    layer: Buildings,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> Homes | None:
    """Read buildings; each stands at a point inside it, with footprint x floors (1 where the floors are not known)."""
    columns = [layer.floors] if layer.floors else []
    field = "population.buildings.path"
    read = read_source(configuration.folder, layer, "population: buildings", problems, columns=columns, field=field)
    places = place_rows(layer, read, units, crs, problems) if read is not None else None
    if read is None or places is None:
        return None
    area = np.nan_to_num(shapely.area(places.geometry), nan=0.0)
    used = places.is_used & (area > 0.0)
    if not used.any():
        problems.error(
            "buildings-not-polygons",
            read.file,
            "没有建筑轮廓 no building footprints",
            layer=read.layer,
            expected="面 polygons",
            mend="给出建筑轮廓面图层 give a layer of building footprints",
        )
        return None
    floors = np.ones(len(area))
    if layer.floors:
        numbers = as_numbers(read.frame[layer.floors])
        is_known = np.isfinite(numbers.value) & (numbers.value > 0.0)
        report_rows(
            problems, "buildings-no-floors", "warning", read.file, read.frame.index[used & ~is_known],
            "层数不明,按 1 层 floors unknown, taken as 1", layer=read.layer, field=layer.floors,
            expected="层数 the number of floors", mend="补上层数 fill in the floors",
        )  # fmt: skip
        floors = np.where(is_known, numbers.value, 1.0)
    point = shapely.point_on_surface(places.geometry[used])
    own_id = np.empty(int(used.sum()), dtype=object)
    own_id[:] = [f"b{row}" for row in read.frame.index[used]]
    return Homes(
        id=own_id,
        x=shapely.get_x(point),
        y=shapely.get_y(point),
        floor_m2=(area * floors)[used],
        file=read.counted(
            kept=int(used.sum()), repaired=int((places.is_repaired & used).sum()), set_aside=int((~used).sum())
        ),
    )


MOST_PIECES = 5_000_000
SLIVER_M2 = 1e-6  # what rounding leaves where a zone's border runs along a grid line
TILE = 32  # squares a side: a long coast is cut into tiles first, for each square meets every vertex of what it cuts
MANY_VERTICES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Areas with a total of people each, in the district's CRS."""

    code: TextArray
    geometry: TextArray
    people: FloatArray
    groups: Mapping[str, FloatArray]
    level: Level | None
    """The level whose units the zones are, if they are units."""
    unit: IntArray
    """Row of the unit that each zone is; -1 where zones have shapes of their own."""
    file: InputFile
    not_placed: float
    """People of rows that are no zone."""


@dataclass(frozen=True, slots=True, eq=False)
class SpreadPieces:
    """Where a zone's people are put: the zone, a point in it, and the part of its people."""

    id: TextArray
    zone: IntArray
    x: FloatArray
    y: FloatArray
    part: FloatArray
    membership: Mapping[Level, csr_array]


def spread_zones(
    zones: Zones,
    homes: Homes | None,
    population: Population,
    units: Mapping[Level, Units],
    files: list[InputFile],
    problems: Problems,
) -> FoundPeople | None:
    """Return the people of every zone on its buildings or squares; each zone's total is kept."""
    has_people = zones.people > 0.0
    for group in zones.groups.values():
        has_people = has_people | (group > 0.0)
    left, spread = np.flatnonzero(has_people), []
    if homes is not None:
        housed = _over_buildings(zones, left, homes, units)
        left = np.setdiff1d(left, housed.zone)
        report_rows(
            problems, "zones-no-buildings", "warning", population.path, zones.code[left],
            "没有建筑,改按面积分布 no buildings; spread over cells instead",
            expected="分区内有建筑 buildings in every zone", mend="补上建筑，或接受按面积分布 add the buildings, or take the spread by area",
        )  # fmt: skip
        spread.append(housed)
    squares = float(shapely.area(zones.geometry[left]).sum()) / population.cell_m**2
    if squares > MOST_PIECES:
        problems.error(
            "zones-too-fine", population.path, f"约 about {squares:.0f} 格 cells", field="population.cell_m",
            expected=f"<= {MOST_PIECES}", mend="加大 cell_m, set a larger cell_m",
        )  # fmt: skip
        return None
    if left.size or not spread:
        spread.append(_over_cells(zones, left, population.cell_m, units))
    zone, part = (np.concatenate([getattr(pieces, name) for pieces in spread]) for name in ("zone", "part"))
    found = FoundPeople(
        id=np.concatenate([pieces.id for pieces in spread]),
        x=np.concatenate([pieces.x for pieces in spread]),
        y=np.concatenate([pieces.y for pieces in spread]),
        people=zones.people[zone] * part,
        groups={group: count[zone] * part for group, count in zones.groups.items()},
        membership={
            level: csr_array(hstack([pieces.membership[level] for pieces in spread], format="csr"))
            for level in inner_levels(units)
        },
        files=files,
        size_m=population.cell_m if population.spread == "cells" else 0.0,
        details={
            "not_placed": zones.not_placed,
            "spread": population.spread,
            "is_modelled": True,
            "note": "分区内的人口分布为推算,非实测 where people live within a zone is modelled, not measured",
        },
    )
    return found if zones.level is not None else _leave_out_outside(found, population, units, problems)


def _leave_out_outside(
    found: FoundPeople, population: Population, units: Mapping[Level, Units], problems: Problems
) -> FoundPeople:
    """Return the people without those whose piece of a zone lies in no unit of the district, as a raster's cells are left out."""
    inside = touches_units(found, units)
    outside = float(found.people[~inside].sum())
    if outside > 0.0:
        problems.add(
            "population-outside", "note", population.path, f"{outside:.0f} 人在区县之外,不计 people outside the district left out",
            count=int((~inside).sum()),
        )  # fmt: skip
    kept = found if inside.all() else keep_cells(found, inside)
    return replace(kept, details={**found.details, "outside_people": outside})


def _over_buildings(zones: Zones, chosen: IntArray, homes: Homes, units: Mapping[Level, Units]) -> SpreadPieces:
    zone = locate(homes.x, homes.y, zones.geometry)
    used = np.isin(zone, chosen)
    zone, x, y = zone[used], homes.x[used], homes.y[used]
    floor_m2 = homes.floor_m2[used]
    total = np.bincount(zone, weights=floor_m2, minlength=len(zones.code))
    membership = share_points(x, y, {level: held for level, held in units.items() if level != zones.level})
    membership |= _own_membership(zones, zone, units)
    return SpreadPieces(homes.id[used], zone, x, y, floor_m2 / total[zone], membership)


def _over_cells(zones: Zones, chosen: IntArray, cell_m: float, units: Mapping[Level, Units]) -> SpreadPieces:
    cut = [cut_squares(zones.geometry[index], cell_m) for index in chosen]
    zone = np.repeat(chosen, [len(piece) for piece, _, _ in cut]).astype(np.int64)
    empty = np.empty(0, dtype=np.int64)
    piece = np.concatenate([np.empty(0, dtype=object), *(parts for parts, _, _ in cut)])
    column = np.concatenate([empty, *(columns for _, columns, _ in cut)])
    row = np.concatenate([empty, *(rows for _, _, rows in cut)])
    area = shapely.area(piece)
    total = np.bincount(zone, weights=area, minlength=len(zones.code))
    is_whole = area >= cell_m**2 * (1.0 - 1e-12)
    point = shapely.point_on_surface(piece)
    x = np.where(is_whole, (column + 0.5) * cell_m, shapely.get_x(point))
    y = np.where(is_whole, (row + 0.5) * cell_m, shapely.get_y(point))
    own_id = np.empty(len(piece), dtype=object)
    places = zip(zones.code[zone], row.tolist(), column.tolist(), strict=True)
    own_id[:] = [f"{code}-r{r}c{c}" for code, r, c in places]
    membership = {
        level: share_pieces(piece, held) for level, held in inner_levels(units).items() if level != zones.level
    }
    membership |= _own_membership(zones, zone, units)
    return SpreadPieces(own_id, zone, x, y, area / total[zone], membership)


def _own_membership(zones: Zones, zone: IntArray, units: Mapping[Level, Units]) -> dict[Level, csr_array]:
    """Return the membership of the level that the zones are: whole, for nothing of a unit lies outside it."""
    if zones.level is None or zones.level not in inner_levels(units):
        return {}
    cell = np.arange(len(zone))
    shape = (len(units[zones.level]), len(zone))
    return {zones.level: build_membership(zones.unit[zone], cell, np.ones(len(zone)), shape)}


def cut_squares(polygon: shapely.Geometry, cell_m: float) -> tuple[TextArray, IntArray, IntArray]:
    """Cut a polygon by the grid of multiples of ``cell_m``.

    Returns
    -------
    piece
        The part of each square that lies in the polygon; several parts of one square are one piece.
    column, row
        The square: from ``column * cell_m`` east, ``row * cell_m`` north.
    """
    left, bottom, right, top = polygon.bounds
    first_column, last_column = int(np.floor(left / cell_m)), int(np.ceil(right / cell_m))
    first_row, last_row = int(np.floor(bottom / cell_m)), int(np.ceil(top / cell_m))
    wide, high = max(last_column - first_column, 1), max(last_row - first_row, 1)
    if shapely.get_num_coordinates(polygon) <= MANY_VERTICES and wide * high <= MOST_PIECES:
        return _cut_block(polygon, cell_m, first_column, first_row, wide, high)
    tile_parts, tile_columns, tile_rows = _cut_block(
        polygon, cell_m * TILE, first_column // TILE, first_row // TILE, wide // TILE + 2, high // TILE + 2
    )
    cut = [
        _cut_block(part, cell_m, column * TILE, row * TILE, TILE, TILE)
        for part, column, row in zip(tile_parts, tile_columns.tolist(), tile_rows.tolist(), strict=True)
    ]
    pieces, columns, rows = (np.concatenate(arrays) for arrays in zip(*cut, strict=True))
    return pieces, columns, rows


def _cut_block(
    polygon: shapely.Geometry, cell_m: float, first_column: int, first_row: int, wide: int, high: int
) -> tuple[TextArray, IntArray, IntArray]:
    column, row = (part.ravel() for part in np.meshgrid(np.arange(wide), np.arange(high)))
    column, row = column + first_column, row + first_row
    square = shapely.box(column * cell_m, row * cell_m, (column + 1) * cell_m, (row + 1) * cell_m)
    shapely.prepare(polygon)
    touches = shapely.intersects(polygon, square)
    square, column, row = square[touches], column[touches], row[touches]
    is_border = ~shapely.contains_properly(polygon, square)
    square[is_border] = keep_polygons(shapely.intersection(square[is_border], polygon))
    is_kept = shapely.area(square) > SLIVER_M2
    return square[is_kept], column[is_kept], row[is_kept]
