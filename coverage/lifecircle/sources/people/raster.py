"""People on a raster: counts or densities, read only where the district is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import exactextract
import geopandas as gpd
import numpy as np
import shapely
from exactextract.raster import NumPyRasterSource

from lifecircle.model import BoolArray, FloatArray, IntArray, RasterGrid, TextArray, Units
from lifecircle.sources.datum import transform_geometry, transform_xy
from lifecircle.sources.people.shares import LEAST_SHARE, FoundPeople, build_membership, inner_levels
from lifecircle.sources.people.window import (
    PER_M2,
    RasterWindow,
    cell_areas,
    district_areas,
    has_same_grid,
    read_window,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, Population
    from lifecircle.config.schema import Level
    from lifecircle.problems import Problems

PIECE_M = 1000.0  # a longer straight border is bent when it is brought to the raster's CRS


def read_raster(
    configuration: Configuration,
    population: Population,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> FoundPeople | None:
    """Read people on a raster.

    A cell is a raster cell with people that lies at least partly in a unit. Membership is the exact fraction of its area in each
    unit. Groups are rasters on the same grid, in the same unit. Densities become people by the true area of each cell.
    """
    whole = read_window(
        configuration, population, population.path, "population.path", "population", units, crs, problems
    )
    groups = {}
    for group, path in population.groups.items():
        place, role = f"population.groups.{group}", f"population: {group}"
        other = read_window(configuration, population, path, place, role, units, crs, problems)
        if whole is not None and other is not None and has_same_grid(whole, other, population, path, group, problems):
            groups[group] = other
    if whole is None or len(groups) < len(population.groups):
        return None
    is_populated = whole.value > 0.0
    for other in groups.values():
        is_populated |= other.value > 0.0
    memberships, inside = _share_cells(whole, is_populated, units, crs)
    row, column = np.nonzero(is_populated)
    area = _cell_areas(whole, row, column, population, crs)
    people = whole.value[is_populated] * area
    outside = float(people[~inside].sum())
    if not inside.any():
        problems.error(
            "population-none-inside", population.path, "区县内没有人口 nobody lives in the units", field="population.path",
            expected="大于 0 的人数 more than nobody", mend="检查栅格与单元的坐标系 check the crs of the raster and of the units",
        )  # fmt: skip
        return None
    if outside > 0.0:
        problems.add(
            "population-outside",
            "note",
            population.path,
            f"{outside:.0f} 人在区县之外,不计 people outside the district left out",
            count=int((~inside).sum()),
        )
    found = _found(whole, groups, (row[inside], column[inside]), area[inside], memberships, inside, crs)
    found.details["outside_people"] = outside
    return found


def _found(
    whole: RasterWindow,
    groups: Mapping[str, RasterWindow],
    place: tuple[IntArray, IntArray],
    area: FloatArray,
    memberships: Mapping[Level, Any],
    inside: BoolArray,
    crs: pyproj.CRS,
) -> FoundPeople:
    row, column = place[0] + whole.row, place[1] + whole.column
    transform = whole.transform
    x, y = transform_xy(
        transform.c + (column + 0.5) * transform.a, transform.f + (row + 0.5) * transform.e, whole.crs, crs
    )
    size = float(np.sqrt(np.median(district_areas(whole, place[0][:1000], place[1][:1000], crs))))
    # Of the cells read: those without data, and those of people outside the district, are set aside.
    left_out = whole.file.set_aside + int((~inside).sum())
    file = replace(whole.file, used=whole.file.rows - left_out, set_aside=left_out)
    return FoundPeople(
        id=_cell_ids(row, column),
        x=x,
        y=y,
        people=whole.value[place] * area,
        groups={group: other.value[place] * area for group, other in groups.items()},
        membership=memberships,
        files=[file, *(other.file for other in groups.values())],
        grid=RasterGrid(
            whole.crs.to_wkt(),
            tuple(transform)[:6],
            whole.shape,
            row.astype(np.int64),
            column.astype(np.int64),
        ),
        size_m=size,
    )


def _cell_ids(row: IntArray, column: IntArray) -> TextArray:
    ids = np.empty(len(row), dtype=object)
    ids[:] = [f"r{r}c{c}" for r, c in zip(row.tolist(), column.tolist(), strict=True)]
    return ids


def _share_cells(
    window: RasterWindow, is_populated: BoolArray, units: Mapping[Level, Units], crs: pyproj.CRS
) -> tuple[dict[Level, Any], BoolArray]:
    """Return per level the exact fraction of each populated cell in each unit, and which cells touch a unit of any level.

    The memberships' columns are the cells that do.
    """
    number = np.full(is_populated.size, -1, dtype=np.int64)
    number[is_populated.ravel()] = np.arange(int(is_populated.sum()))
    found = {level: _cover_cells(window, number, level_units, crs) for level, level_units in units.items()}
    inside = np.zeros(int(is_populated.sum()), dtype=bool)
    for _, cell, _ in found.values():
        inside[cell] = True
    position = np.cumsum(inside) - 1
    memberships = {}
    for level in inner_levels(units):
        unit, cell, share = found[level]
        memberships[level] = build_membership(unit, position[cell], share, (len(units[level]), int(inside.sum())))
    return memberships, inside


def _cover_cells(
    window: RasterWindow, number: IntArray, units: Units, crs: pyproj.CRS
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return unit, cell and share of every overlap of a unit with a populated cell."""
    height, width = window.value.shape
    transform = window.transform
    left = transform.c + window.column * transform.a
    edges = sorted((transform.f + window.row * transform.e, transform.f + (window.row + height) * transform.e))
    wkt = window.crs.to_wkt()
    source = NumPyRasterSource(
        np.ones((height, width), dtype=np.uint8),
        left,
        edges[0],
        left + width * transform.a,
        edges[1],
        srs_wkt=wkt,
    )
    geometry = units.geometry
    if not window.crs.equals(crs, ignore_axis_order=True):
        geometry = transform_geometry(shapely.segmentize(geometry, PIECE_M), crs, window.crs)
    frame = gpd.GeoDataFrame(geometry=geometry, crs=wkt)
    table = exactextract.exact_extract(source, frame, ["cell_id", "coverage"], output="pandas")
    unit, cell, share = [], [], []
    for index, (cells, fractions) in enumerate(zip(table["cell_id"], table["coverage"], strict=True)):
        flat = np.asarray(cells, dtype=np.int64)
        if transform.e > 0:  # exactextract counts rows from the north
            flat = (height - 1 - flat // width) * width + flat % width
        chosen = number[flat]
        keep = (chosen >= 0) & (np.asarray(fractions) > LEAST_SHARE)
        cell.append(chosen[keep])
        share.append(np.asarray(fractions, dtype=np.float64)[keep])
        unit.append(np.full(int(keep.sum()), index, dtype=np.int64))
    return np.concatenate(unit), np.concatenate(cell), np.concatenate(share)


def _cell_areas(
    window: RasterWindow, row: IntArray, column: IntArray, population: Population, crs: pyproj.CRS
) -> FloatArray:
    """Return what turns a cell's value into people: 1 for counts, else its area in the unit of the density."""
    if population.unit == "people":
        return np.ones(len(row))
    return cell_areas(window, row, column, crs) * PER_M2[str(population.unit)]
