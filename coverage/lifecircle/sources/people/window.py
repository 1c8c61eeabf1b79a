"""A population raster, read only around the district and refused where it lies about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.windows import Window, from_bounds

from lifecircle.config import Configuration, Population
from lifecircle.config.schema import Level
from lifecircle.model import FloatArray, InputFile, Units
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import parse_crs, transform_geometry
from lifecircle.sources.files import describe_file, resolve_path
from lifecircle.sources.units import district_bounds

SAME_GRID = 1e-4  # of a cell
MOST_CELLS = 200_000_000  # in the window around the district
MOST_PEOPLE = 1e7  # in one cell, or per km2: an undeclared nodata value, not a city
BENT_M = 5000.0  # the district's box is bent where it is brought to the raster's CRS


@dataclass(frozen=True, slots=True, eq=False)
class RasterWindow:
    """The part of a raster around the district. ``value`` is 0 where the raster has no data."""

    value: FloatArray
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
    role: str,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> RasterWindow | None:
    """Return the part of a raster around the district; None and errors where it cannot be used as it is."""
    full = resolve_path(configuration.folder, path, problems, "population.path")
    if full is None:
        return None
    try:
        with rasterio.open(full) as source:
            raster_crs = _raster_crs(source, population, path, problems)
            if raster_crs is None or not _is_plain(source, path, problems):
                return None
            window = _district_window(source, raster_crs, path, units, crs, problems)
            if window is None:
                return None
            value, transform = source.read(1, window=window, masked=False), source.transform
            nodata = population.nodata if population.nodata is not None else source.nodata
            scale, offset = source.scales[0], source.offsets[0]
            shape = (int(source.height), int(source.width))
    except (RasterioError, MemoryError) as error:
        problems.error(
            "file-unreadable",
            path,
            f"栅格读不出 raster cannot be read ({full.stat().st_size} bytes): {str(error)[:200]}",
            mend="重新导出 export it again",
        )
        return None
    except UnreadableError as error:
        problems.error("layer-crs", path, str(error), field="crs")
        return None
    people = _clean_values(value, nodata, path, problems)
    if people is None:
        return None
    if (scale, offset) != (1.0, 0.0):
        people = np.where(people != 0.0, people * scale + offset, 0.0)
    file = describe_file(configuration.folder, full, role, raster_crs.to_string())
    return RasterWindow(people, int(window.row_off), int(window.col_off), transform, raster_crs, shape, file)


def _raster_crs(source: Any, population: Population, path: str, problems: Problems) -> pyproj.CRS | None:
    if population.crs is not None:
        return parse_crs(population.crs)
    if source.crs is not None:
        return pyproj.CRS(source.crs.to_wkt())
    problems.error(
        "layer-no-crs",
        path,
        "栅格没有坐标系 the raster has no CRS",
        field="crs",
        mend='写明 set population.crs = "EPSG:4326" ...',
    )
    return None


def _is_plain(source: Any, path: str, problems: Problems) -> bool:
    """Whether the raster is one band of numbers on an upright grid."""
    if source.count != 1:
        problems.error(
            "raster-bands",
            path,
            f"有 {source.count} 个波段 bands",
            expected="1",
            mend="导出单波段 export one band",
        )
    if source.transform.b or source.transform.d:
        problems.error(
            "raster-rotated",
            path,
            "栅格是旋转的 the raster is rotated",
            mend="重采样为正北 warp it to north up",
        )
    return source.count == 1 and not source.transform.b and not source.transform.d


def _district_window(
    source: Any,
    raster_crs: pyproj.CRS,
    path: str,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> Window | None:
    """Return the rows and columns around the district, a cell to spare."""
    frame = shapely.segmentize(shapely.box(*district_bounds(units)), BENT_M)
    left, bottom, right, top = transform_geometry(frame, crs, raster_crs).bounds
    transform = source.transform
    if transform.e > 0:  # a raster that is stored from south to north
        rows = sorted(((bottom - transform.f) / transform.e, (top - transform.f) / transform.e))
        columns = ((left - transform.c) / transform.a, (right - transform.c) / transform.a)
        window = Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])
    else:
        window = from_bounds(left, bottom, right, top, transform)
    first_row, first_column = int(np.floor(window.row_off)) - 1, int(np.floor(window.col_off)) - 1
    last_row = int(np.ceil(window.row_off + window.height)) + 1
    last_column = int(np.ceil(window.col_off + window.width)) + 1
    first_row, first_column = max(first_row, 0), max(first_column, 0)
    last_row, last_column = min(last_row, source.height), min(last_column, source.width)
    if last_row <= first_row or last_column <= first_column:
        problems.error(
            "raster-elsewhere", path, "栅格与区县不重叠 the raster does not touch the district", field="crs",
            mend="检查栅格与单元的坐标系 check the crs of the raster and of the units",
        )  # fmt: skip
        return None
    if (last_row - first_row) * (last_column - first_column) > MOST_CELLS:
        problems.error(
            "raster-too-fine",
            path,
            f"区县内有 {(last_row - first_row) * (last_column - first_column)} 格 cells in the district",
            expected=f"<= {MOST_CELLS}",
            mend="按和聚合到更粗的格 aggregate it by sum",
        )
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def _clean_values(value: npt.NDArray[Any], nodata: float | None, path: str, problems: Problems) -> FloatArray | None:
    """Return people, 0 where there is no data; negative and infinite values are errors."""
    people = value.astype(np.float64)
    is_missing = np.isnan(people)
    if nodata is not None and not np.isnan(nodata):
        # Compared in the raster's own type: -3.4e38 has more digits as a double than the file keeps.
        with np.errstate(over="ignore"):
            is_missing |= value == np.array(nodata).astype(value.dtype) if _fits(nodata, value.dtype) else False
    people[is_missing] = 0.0
    is_wrong = (people < 0.0) | (people > MOST_PEOPLE)
    if is_wrong.any():
        values, counts = np.unique(people[is_wrong], return_counts=True)
        common = float(values[np.argmax(counts)])
        problems.error(
            "raster-bad-value", path, f"负的或不可能的人数 negative or impossible people, such as {common:g}",
            count=int(is_wrong.sum()), expected=f"0 - {MOST_PEOPLE:g}",
            mend=f"若为无数据值 if that means no data: set population.nodata = {common:g}",
        )  # fmt: skip
        return None
    return people


def _fits(nodata: float, dtype: npt.DTypeLike) -> bool:
    kind = np.dtype(dtype)
    if kind.kind not in "iu":
        return True
    limits = np.iinfo(kind)
    return bool(limits.min <= nodata <= limits.max and float(nodata).is_integer())


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
