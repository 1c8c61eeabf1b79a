"""People on a raster: counts or densities, read only where the district is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import exactextract
import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from exactextract.raster import NumPyRasterSource

from lifecircle.config import Configuration, Population, load_plausible
from lifecircle.config.schema import Level
from lifecircle.model import BoolArray, FloatArray, InputFile, IntArray, RasterGrid, TextArray, Units
from lifecircle.problems import Problems
from lifecircle.sources.datum import transform_geometry, transform_xy
from lifecircle.sources.files import describe_file, resolve_path
from lifecircle.sources.people.shares import LEAST_SHARE, FoundPeople, build_membership, inner_levels
from lifecircle.sources.rasters import (
    LEAST_SHARED,
    SAME_GRID,
    RasterCells,
    StatedRaster,
    choose_band,
    cut_window,
    read_cells,
    report_cover,
    report_nan,
    reporting_faults,
    undeclared_nodata,
)
from lifecircle.sources.units import district_bounds

MOST_CELLS = 200_000_000  # in the window around the district
HECTARE_M2 = 10_000.0  # in smaller cells a single tower is a density without bounds
PER_M2 = {"people_per_km2": 1e-6, "people_per_ha": 1e-4}


@dataclass(frozen=True, slots=True, eq=False)
class RasterWindow:
    """The part of a raster around the district. ``value`` is 0 where the raster has no data."""

    value: FloatArray
    is_known: BoolArray
    row: int
    """Of its first row, in the file."""
    column: int
    transform: rasterio.Affine
    """Of the whole file."""
    crs: pyproj.CRS
    shape: tuple[int, int]
    """Of the whole file."""
    file: InputFile


def read_window(
    configuration: Configuration,
    population: Population,
    path: str,
    field: str,
    role: str,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> RasterWindow | None:
    """Return the part of a raster around the district; None and errors where it cannot be used as it is.

    Parameters
    ----------
    field
        Where the raster stands in ``district.toml``, for messages.
    """
    full = resolve_path(configuration.folder, path, problems, field)
    if full is None:
        return None
    stated = StatedRaster(
        path, field, population.nodata, "population.nodata", population.band, "population.band", population.crs
    )
    found: RasterWindow | None = None
    with reporting_faults(stated, full, problems), rasterio.open(full) as source:
        usable = choose_band(source, stated, problems)
        if usable is not None:
            band, raster_crs = usable
            file = describe_file(configuration.folder, full, role, raster_crs.to_string())
            found = _read(source, band, raster_crs, file, stated, units, crs, problems)
    if found is None or not _is_plausible(found, population, stated, crs, problems):
        return None
    return found


def _read(
    source: Any, band: int, own: pyproj.CRS, file: InputFile, stated: StatedRaster, units: Mapping[Level, Units],
    crs: pyproj.CRS, problems: Problems,
) -> RasterWindow | None:  # fmt: skip
    shape, transform = (int(source.height), int(source.width)), source.transform
    window = cut_window(transform, shape, own, shapely.box(*district_bounds(units)), crs, spare=1)
    if window is None:
        problems.error(
            "raster-elsewhere", stated.path, "栅格与区县不重叠 the raster does not touch the district", field="crs",
            expected="覆盖全区 the whole district", mend="检查栅格与单元的坐标系 check the crs of the raster and of the units",
        )  # fmt: skip
        return None
    if int(window.width) * int(window.height) > MOST_CELLS:
        problems.error(
            "raster-too-fine", stated.path, f"区县内有 {int(window.width) * int(window.height)} 格 cells in the district",
            field=stated.field, expected=f"<= {MOST_CELLS}", mend="按和聚合到更粗的格 aggregate it by sum",
        )  # fmt: skip
        return None
    cells = read_cells(source, band, window, stated)
    report_nan(source, band, cells, stated, problems)
    report_cover(transform, shape, own, units, crs, stated, problems)
    if source.tags().get("AREA_OR_POINT") == "Point":
        problems.add(
            "raster-point", "warning", stated.path,
            "文件写明值在点上 the file says its values are at points (AREA_OR_POINT=Point); 已按以该点为中心的格读取 read as cells around them",
            field=stated.field, expected="AREA_OR_POINT=Area",
            mend="若格网因此偏了半格,按 Area 重新导出 if cells are half a cell off, export it again as Area",
        )  # fmt: skip
    if undeclared_nodata(cells, stated, problems, quantity="people"):
        return None
    value = _clean_values(cells, stated, problems)
    if value is None:
        return None
    return RasterWindow(
        value, cells.is_known, int(window.row_off), int(window.col_off), transform, own, shape, cells.counted(file)
    )


def _clean_values(cells: RasterCells, stated: StatedRaster, problems: Problems) -> FloatArray | None:
    """Return values, 0 where there is no data; negative and infinite values are errors."""
    value = np.where(cells.is_known, cells.value, 0.0).astype(np.float64)
    is_wrong = (value < 0.0) | ~np.isfinite(value)
    if is_wrong.any():
        values, counts = np.unique(value[is_wrong], return_counts=True)
        common = float(values[np.argmax(counts)])
        raw = float(cells.raw[is_wrong & (value == common)][0])
        # A nodata value is one and the same in many cells; what is left of a damaged tile is of every kind.
        is_damaged = len(values) > 1 and counts.max() < LEAST_SHARED
        problems.error(
            "raster-bad-value", stated.path, f"负的或无穷的人数 negative or infinite people, such as {common:g}",
            field=stated.field, count=int(is_wrong.sum()), expected=f"{load_plausible()['people_per_km2'].limits}",
            mend="文件可能损坏,重新复制或导出 the file may be damaged: copy or export it again"
            if is_damaged else f"若为无数据值 if that means no data: set {stated.nodata_key} = {raw:.10g}",
        )  # fmt: skip
        return None
    return value


def _is_plausible(
    window: RasterWindow, population: Population, stated: StatedRaster, crs: pyproj.CRS, problems: Problems
) -> bool:
    """Whether as many people can live in a cell as it says; a warning for more than anywhere today, an error beyond."""
    row, column = np.unravel_index(int(window.value.argmax()), window.value.shape)
    most = float(window.value[row, column])
    unit = str(population.unit)
    area_m2 = cell_areas(window, np.array([row]), np.array([column]), crs)[0] if unit == "people" else 0.0
    per_km2 = most / max(area_m2, HECTARE_M2) * 1e6 if unit == "people" else most * PER_M2[unit] * 1e6
    density = load_plausible()["people_per_km2"]
    verdict = density.judge(per_km2)
    if verdict == "usual":
        return True
    scale = per_km2 / most
    is_over = density.is_impossible if verdict == "impossible" else density.is_odd
    problems.add(
        "raster-bad-value", "error" if verdict == "impossible" else "warning", stated.path,
        f"最大的值 the largest value is {most:.10g}, 即 that is {per_km2:,.0f} 人/km2 people a km2", field=stated.field,
        expected=density.limits if verdict == "impossible" else density.expected, count=int(is_over(window.value * scale).sum()),
        mend=f"检查 check population.unit ({unit}); 若为无数据值 if that means no data: set {stated.nodata_key} = {most:.10g}",
    )  # fmt: skip
    return verdict == "odd"


def has_same_grid(
    whole: RasterWindow,
    other: RasterWindow,
    population: Population,
    path: str,
    group: str,
    problems: Problems,
) -> bool:
    """Whether a group's raster lies on the grid of all people; an error where it does not."""
    first, second = np.array(whole.transform[:6]), np.array(other.transform[:6])
    tolerance = SAME_GRID * abs(whole.transform.a)
    is_same = (
        whole.shape == other.shape
        and whole.crs.equals(other.crs, ignore_axis_order=True)
        and bool((np.abs(first - second) <= tolerance).all())
    )
    if not is_same:
        problems.error(
            "population-group-grid",
            path,
            f"{other.shape} {second.tolist()}",
            field=f"population.groups.{group}",
            expected=f"与 {population.path} 同一格网 the same grid: {whole.shape} {first.tolist()}",
            mend="按该格网重新导出 export it on that grid",
        )
    return is_same


def cell_areas(window: RasterWindow, row: IntArray, column: IntArray, crs: pyproj.CRS) -> FloatArray:
    """Return the true area of cells of the window, in square metres."""
    return _geodesic_areas(window)[row] if window.crs.is_geographic else district_areas(window, row, column, crs)


def _geodesic_areas(window: RasterWindow) -> FloatArray:
    """Return the area of a cell of each row of the window on the ellipsoid, in square metres."""
    geod, transform = window.crs.get_geod(), window.transform
    assert geod is not None  # a geographic CRS has an ellipsoid
    edges = transform.f + (window.row + np.arange(window.value.shape[0] + 1)) * transform.e
    lon = np.array([0.0, abs(transform.a), abs(transform.a), 0.0])
    return np.array(
        [abs(geod.polygon_area_perimeter(lon, [low, low, high, high])[0]) for low, high in itertools.pairwise(edges)]
    )


def district_areas(window: RasterWindow, row: IntArray, column: IntArray, crs: pyproj.CRS) -> FloatArray:
    """Return the area of cells in the district's CRS, in square metres, from their corners."""
    transform = window.transform
    x = [transform.c + (column + window.column + step) * transform.a for step in (0, 1, 1, 0)]
    y = [transform.f + (row + window.row + step) * transform.e for step in (0, 0, 1, 1)]
    corners = [transform_xy(corner_x, corner_y, window.crs, crs) for corner_x, corner_y in zip(x, y, strict=True)]
    origin_x, origin_y = corners[0]  # the products of whole coordinates would lose digits
    corners = [(corner_x - origin_x, corner_y - origin_y) for corner_x, corner_y in corners]
    area = np.zeros(len(row))
    for (first_x, first_y), (next_x, next_y) in zip(corners, [*corners[1:], corners[0]], strict=True):
        area += first_x * next_y - next_x * first_y
    return np.abs(area) / 2.0


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
