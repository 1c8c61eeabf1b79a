"""Heights and land cover through the door: one upright grid in metres, around the district.

Land cover decides the grid; classes are never interpolated, heights are where their grid is another. Both may reach far beyond the
district, because people go round a mountain by way of its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
import shapely.affinity
from rasterio.errors import CRSError, RasterioError
from rasterio.windows import Window

from lifecircle.model import BoolArray, FloatArray, HeightGrid, InputFile, TerrainLayers, Units
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import district_crs_fault, transform_geometry, transform_xy
from lifecircle.sources.files import describe_file, resolve_path
from lifecircle.sources.units import district_bounds

if TYPE_CHECKING:
    from pathlib import Path

    from lifecircle.config import Configuration
    from lifecircle.config.schema import Level

MOST_CELLS = 30_000_000
"""A raster up to this size is read whole; of a larger one only what lies around the district."""
MARGIN_M = 20_000.0
"""How far beyond the district a large raster is read."""
SAME_GRID = 1e-4  # of a cell
DEEPEST_M, HIGHEST_M = -500.0, 9_000.0
"""Beyond these a height is an undeclared nodata value."""
MOST_CLASSES = 1000
"""More values than these are no land-cover classes but a quantity."""
ROWS_AT_ONCE = 256
BENT_M = 5000.0  # the district's box is bent where it is brought to the raster's CRS


@dataclass(frozen=True, slots=True, eq=False)
class _Band:
    """A raster's values as they stand, and where it says it has none."""

    value: npt.NDArray[Any]
    is_known: BoolArray
    transform: rasterio.Affine
    crs: pyproj.CRS
    file: InputFile
    is_sampled: bool = False
    """Whether the cells are those of another raster, its values brought there."""


def read_terrain(
    configuration: Configuration, units: Mapping[Level, Units], crs: pyproj.CRS, problems: Problems
) -> tuple[TerrainLayers | None, list[InputFile]]:
    """Read ``[terrain]``: land cover and heights on one grid.

    Parameters
    ----------
    units, crs
        The district's areas and its CRS: how much of a large raster is read, and what a raster in degrees is brought to.

    Returns
    -------
    layers
        None where neither is configured or something cannot be read; the errors are in ``problems``.
    files
        What was read, for the manifest.
    """
    terrain, folder = configuration.terrain, configuration.folder
    if (terrain.landcover is None and terrain.dem is None) or not units:
        return None, []
    box = shapely.box(*district_bounds(units)).buffer(MARGIN_M, join_style="mitre")
    ground = heights = None
    before = len(problems.errors)
    if terrain.landcover is not None:
        ground = _read_band(folder, terrain.landcover, "landcover", None, box, crs, problems)
    if terrain.dem is not None and (ground is not None or terrain.landcover is None):
        heights = _read_band(folder, terrain.dem, "dem", ground, box, crs, problems)
    files = [band.file for band in (ground, heights) if band is not None]
    landcover = _check_classes(ground, terrain.landcover or "", problems) if ground is not None else None
    elevation = _check_heights(heights, terrain.dem or "", problems) if heights is not None else None
    grid = ground if ground is not None else heights
    if grid is None or len(problems.errors) > before:
        return None, files
    if landcover is not None and elevation is not None:
        _warn_of_unknown_heights(elevation, grid.is_known, terrain.dem or "", problems)
    survey = None
    if terrain.dem is not None and heights is not None and elevation is not None:
        survey = _own_grid(folder, terrain.dem, heights, elevation, box, crs, problems)
    return TerrainLayers(grid.transform, grid.crs.to_wkt(), elevation, landcover, grid.is_known, survey), files


def _own_grid(
    folder: Path, path: str, heights: _Band, elevation: npt.NDArray[np.float32], box: shapely.Polygon,
    crs: pyproj.CRS, problems: Problems,
) -> HeightGrid | None:  # fmt: skip
    """Return the heights as they are: land cover's cells may be far coarser than what a street climbs."""
    own: _Band | None = heights
    if heights.is_sampled:
        own = _read_band(folder, path, "dem", None, box, crs, problems)
        checked = _check_heights(own, path, problems) if own is not None else None
        if own is None or checked is None:
            return None
        elevation = checked
    return HeightGrid(own.transform, own.crs.to_wkt(), elevation) if own is not None else None


def _read_band(
    folder: Path,
    path: str,
    role: str,
    grid: _Band | None,
    box: shapely.Polygon,
    crs: pyproj.CRS,
    problems: Problems,
) -> _Band | None:
    """Return a raster on ``grid``, or on its own; None and errors where it cannot be read."""
    full = resolve_path(folder, path, problems, f"terrain.{role}")
    if full is None:
        return None
    try:
        with rasterio.open(full) as source:
            if not _is_usable(source, path, role, problems):
                return None
            own = pyproj.CRS(source.crs.to_wkt())
            file = describe_file(folder, full, role, own.to_string())
            if grid is not None:
                window = _same_cells(source, grid)
                if window is not None:
                    return _read_cells(source, window, own, file)
                return replace(_sample(source, own, grid, file, is_class=False), is_sampled=True)
            window = _window(source, own, box, crs, path, problems)
            if window is None:
                return None
            if not district_crs_fault(own.to_wkt()):
                return _read_cells(source, window, own, file)
            # Degrees or feet: brought to the district's metres, in square cells of about their size.
            frame = _lay_grid(source, own, window, crs, file)
            return _sample(source, own, frame, file, is_class=role == "landcover")
    except (RasterioError, CRSError, MemoryError) as error:
        problems.error(
            "file-unreadable", path, f"栅格读不出 raster cannot be read: {str(error)[:200]}",
            field=f"terrain.{role}", mend="重新导出 export it again",
        )  # fmt: skip
    except UnreadableError as error:
        problems.error("layer-crs", path, str(error), field=f"terrain.{role}")
    return None


def _is_usable(source: Any, path: str, role: str, problems: Problems) -> bool:
    """Whether the raster is one upright band that says where it lies."""
    field = f"terrain.{role}"
    before = len(problems.errors)
    if source.crs is None:
        problems.error(
            "layer-no-crs", path, "栅格没有坐标系 the raster has no CRS", field=field,
            mend="定义投影后再用 define its projection (gdal_edit.py -a_srs EPSG:4549 ...)",
        )  # fmt: skip
    if source.count != 1:
        problems.error(
            "raster-bands", path, f"有 {source.count} 个波段 bands", field=field, expected="1",
            mend="导出单波段 export one band",
        )  # fmt: skip
    if source.transform.b or source.transform.d:
        problems.error(
            "raster-rotated", path, "栅格是旋转的 the raster is rotated", field=field,
            mend="重采样为正北 warp it to north up",
        )  # fmt: skip
    return len(problems.errors) == before


def _read_cells(source: Any, window: Window, own: pyproj.CRS, file: InputFile) -> _Band:
    """Return the values of a window as they stand."""
    value = source.read(1, window=window)
    is_known = source.read_masks(1, window=window) > 0
    if value.dtype.kind == "f":
        is_known &= np.isfinite(value)
    transform = source.transform
    left, top = transform.c + window.col_off * transform.a, transform.f + window.row_off * transform.e
    cut = rasterio.Affine(transform.a, 0.0, left, 0.0, transform.e, top)
    return _Band(value, is_known, cut, own, file)


def _window(
    source: Any, own: pyproj.CRS, box: shapely.Polygon, crs: pyproj.CRS, path: str, problems: Problems
) -> Window | None:
    """Return the whole raster where it is small enough, else what lies around the district; None and an error where that is nothing."""
    district = box.buffer(-MARGIN_M, join_style="mitre")
    window = None
    if _cut_window(source, own, district, crs) is not None:
        is_small = source.width * source.height <= MOST_CELLS
        window = Window(0, 0, source.width, source.height) if is_small else _cut_window(source, own, box, crs)
    if window is None:
        problems.error(
            "raster-elsewhere", path, "栅格与区县不重叠 the raster does not touch the district", field="crs",
            mend="检查栅格与单元的坐标系 check the crs of the raster and of the units",
        )  # fmt: skip
        return None
    size = int(window.width) * int(window.height)
    if size > 10 * MOST_CELLS:
        problems.error(
            "raster-too-fine", path, f"区县周围有 {size} 格 cells around the district",
            expected=f"<= {10 * MOST_CELLS}", mend="重采样到更粗的格 resample it to larger cells",
        )  # fmt: skip
        return None
    return window


def _cut_window(source: Any, own: pyproj.CRS, box: shapely.Polygon, crs: pyproj.CRS, spare: int = 0) -> Window | None:
    """Return the rows and columns of a raster around a box given in ``crs``; None where there are none."""
    left, bottom, right, top = transform_geometry(shapely.segmentize(box, BENT_M), crs, own).bounds
    transform = source.transform
    columns = sorted(((left - transform.c) / transform.a, (right - transform.c) / transform.a))
    rows = sorted(((bottom - transform.f) / transform.e, (top - transform.f) / transform.e))
    first_column = max(floor(columns[0] + SAME_GRID) - spare, 0)
    last_column = min(ceil(columns[1] - SAME_GRID) + spare, source.width)
    first_row, last_row = (
        max(floor(rows[0] + SAME_GRID) - spare, 0),
        min(ceil(rows[1] - SAME_GRID) + spare, source.height),
    )
    if last_column <= first_column or last_row <= first_row:
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def _lay_grid(source: Any, own: pyproj.CRS, window: Window, crs: pyproj.CRS, file: InputFile) -> _Band:
    """Return an empty grid in ``crs`` over a window of a raster, in square cells that are as large as its own in the middle."""
    transform = source.transform
    x = transform.c + transform.a * (window.col_off + np.array([0.0, 1.0]) * window.width)
    y = transform.f + transform.e * (window.row_off + np.array([0.0, 1.0]) * window.height)
    box = shapely.box(x.min(), y.min(), x.max(), y.max())
    left, bottom, right, top = transform_geometry(shapely.segmentize(box, box.length / 400), own, crs).bounds
    middle = shapely.box(-abs(transform.a) / 2, -abs(transform.e) / 2, abs(transform.a) / 2, abs(transform.e) / 2)
    placed = transform_geometry(shapely.affinity.translate(middle, x.mean(), y.mean()), own, crs)
    size = float(np.sqrt(placed.area))
    shape = (ceil((top - bottom) / size), ceil((right - left) / size))
    nothing = np.zeros(shape, dtype=bool)
    return _Band(nothing, nothing, rasterio.Affine(size, 0.0, left, 0.0, -size, top), crs, file)


def _sample(source: Any, own: pyproj.CRS, grid: _Band, file: InputFile, *, is_class: bool) -> _Band:
    """Return a raster's values at the centres of another grid's cells: of the cell there, or bilinear between four.

    Known is what lies in a cell with data; cells without leave the interpolation to their neighbours.
    """
    rows, columns = grid.value.shape
    wide, high = grid.transform.a, grid.transform.e
    left, top = grid.transform.c, grid.transform.f
    box = shapely.LineString([(left, top), (left + wide * columns, top + high * rows)]).envelope
    window = _cut_window(source, own, box, grid.crs, spare=2)
    dtype = source.dtypes[0] if is_class else "float32"
    value, is_known = np.zeros((rows, columns), dtype=dtype), np.zeros((rows, columns), dtype=bool)
    if window is not None:
        band = _read_cells(source, window, own, file)
        x = left + wide * (np.arange(columns) + 0.5)
        for first in range(0, rows, ROWS_AT_ONCE):
            y = top + high * (np.arange(first, min(first + ROWS_AT_ONCE, rows)) + 0.5)
            across, down = np.meshgrid(x, y)
            at = transform_xy(across, down, grid.crs, own, is_strict=False)
            part = slice(first, first + len(y))
            column, row = (at[0] - band.transform.c) / band.transform.a, (at[1] - band.transform.f) / band.transform.e
            value[part], is_known[part] = _look_up(band, row, column, is_class=is_class)
    return _Band(value, is_known, grid.transform, grid.crs, file)


def _look_up(band: _Band, row: FloatArray, column: FloatArray, *, is_class: bool) -> tuple[npt.NDArray[Any], BoolArray]:
    """Return values, and whether they are known, at rows and columns counted from the raster's corner; NaN is outside."""
    rows, columns = band.value.shape
    is_known = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    row, column = np.where(is_known, row, 0.0), np.where(is_known, column, 0.0)
    own = row.astype(np.int64), column.astype(np.int64)
    is_known &= band.is_known[own]
    if is_class:
        return band.value[own], is_known
    height, has_any = interpolate_cells(band.value, band.is_known, row, column)
    return np.where(is_known, height, 0.0), is_known & has_any


def interpolate_cells(
    value: npt.NDArray[Any], is_known: BoolArray, row: FloatArray, column: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Return values between the centres of the four cells around each place, and whether any of the four is known.

    ``row`` and ``column`` are counted from the raster's corner; cells without data leave it to the others.
    """
    rows, columns = value.shape
    north, west = np.floor(row - 0.5).astype(np.int64), np.floor(column - 0.5).astype(np.int64)
    down, across = row - 0.5 - north, column - 0.5 - west
    total, weights = np.zeros(row.shape), np.zeros(row.shape)
    for south, east in ((0, 0), (0, 1), (1, 0), (1, 1)):
        near = np.clip(north + south, 0, rows - 1), np.clip(west + east, 0, columns - 1)
        weight = (down if south else 1.0 - down) * (across if east else 1.0 - across) * is_known[near]
        total += weight * np.where(is_known[near], value[near], 0.0)
        weights += weight
    return total / np.where(weights > 0.0, weights, 1.0), weights > 0.0


def _same_cells(source: Any, grid: _Band) -> Window | None:
    """Return the window of ``source`` whose cells are the grid's own, or None."""
    own, other = source.transform, grid.transform
    rows, columns = grid.value.shape
    is_same_size = (
        abs(own.a - other.a) * columns < SAME_GRID * abs(own.a)
        and abs(own.e - other.e) * rows < SAME_GRID * abs(own.e)
        and grid.crs.equals(pyproj.CRS(source.crs.to_wkt()), ignore_axis_order=True)
    )
    if not is_same_size:
        return None
    column, row = (other.c - own.c) / own.a, (other.f - own.f) / own.e
    if max(abs(column - round(column)), abs(row - round(row))) > SAME_GRID:
        return None
    column, row = round(column), round(row)
    is_within = column >= 0 and row >= 0 and column + columns <= source.width and row + rows <= source.height
    return Window(column, row, columns, rows) if is_within else None


def _check_classes(ground: _Band, path: str, problems: Problems) -> npt.NDArray[np.int32] | None:
    """Return whole-number classes, 0 where there is no data; an error where the values are no classes."""
    known = ground.value[ground.is_known]
    whole = np.isfinite(known) & (np.abs(known) < np.iinfo(np.int32).max)
    if ground.value.dtype.kind == "f":
        whole &= known == np.floor(known)
    if not len(known):
        problems.error("raster-empty", path, "没有数据 no data anywhere around the district", field="terrain.landcover")
        return None
    if not whole.all() or len(np.unique(known)) > MOST_CLASSES:
        problems.error(
            "landcover-not-classes", path, f"有非类别的值 values that are no classes, such as {known[~whole][:3].tolist()}",
            field="terrain.landcover", expected="整数类别 whole-number classes", count=int((~whole).sum()) or 1,
            mend="是否把高程当成了土地覆盖? is this the land cover and not the dem?",
        )  # fmt: skip
        return None
    classes = np.zeros(ground.value.shape, dtype=np.int32)
    classes[ground.is_known] = known.astype(np.int32)
    return classes


def _check_heights(heights: _Band, path: str, problems: Problems) -> npt.NDArray[np.float32] | None:
    """Return metres, NaN where not known; an error where heights are impossible."""
    elevation = np.where(heights.is_known, heights.value, np.nan).astype(np.float32)
    with np.errstate(invalid="ignore"):
        is_wrong = (elevation < DEEPEST_M) | (elevation > HIGHEST_M)
    if is_wrong.any():
        values, counts = np.unique(elevation[is_wrong], return_counts=True)
        common = float(values[np.argmax(counts)])
        problems.error(
            "dem-bad-value", path, f"不可能的高程 impossible heights, such as {common:g} m", field="terrain.dem",
            expected=f"{DEEPEST_M:g} - {HIGHEST_M:g}", count=int(is_wrong.sum()),
            mend=f"若为无数据值 if that means no data: gdal_edit.py -a_nodata {common:g} {path}",
        )  # fmt: skip
        return None
    if not np.isfinite(elevation).any():
        problems.error("raster-empty", path, "没有高程 no height anywhere around the district", field="terrain.dem")
        return None
    return elevation


def _warn_of_unknown_heights(
    elevation: npt.NDArray[np.float32], is_known: BoolArray, path: str, problems: Problems
) -> None:
    missing = int((np.isnan(elevation) & is_known).sum())
    if missing:
        problems.add(
            "dem-missing", "warning", path, f"{missing} 格有土地覆盖而无高程 cells have land cover but no height",
            field="terrain.dem", count=missing, mend="按平地计算 taken as flat; 或补高程 or fill them",
        )  # fmt: skip
