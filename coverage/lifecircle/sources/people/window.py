"""A population raster, read only around the district and refused where it lies about itself."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import rasterio
import shapely

from lifecircle.config import Configuration, Population, load_plausible
from lifecircle.config.schema import Level
from lifecircle.model import BoolArray, FloatArray, InputFile, IntArray, Units
from lifecircle.problems import Problems
from lifecircle.sources.datum import transform_xy
from lifecircle.sources.files import describe_file, resolve_path
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
