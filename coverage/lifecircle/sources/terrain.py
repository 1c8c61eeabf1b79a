"""Heights and land cover through the door: one upright grid in metres, around the district.

Land cover decides the grid; classes are never interpolated, heights are where their grid is another. Both may reach far beyond the
district, because people go round a mountain by way of its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
import shapely.affinity
from rasterio.features import geometry_mask
from rasterio.windows import Window

from lifecircle.config import load_plausible
from lifecircle.model import BoolArray, FloatArray, HeightGrid, InputFile, TerrainLayers, Units
from lifecircle.problems import Problems
from lifecircle.sources.datum import district_crs_fault, transform_geometry, transform_xy
from lifecircle.sources.files import describe_file, resolve_path
from lifecircle.sources.rasters import (
    SAME_GRID,
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

if TYPE_CHECKING:
    from pathlib import Path

    from lifecircle.config import Configuration, Terrain
    from lifecircle.config.schema import Level

MOST_CELLS = 30_000_000
"""A raster up to this size is read whole; of a larger one only what lies around the district."""
MARGIN_M = 20_000.0
"""How far beyond the district a large raster is read."""
MOST_CLASSES = 1000
"""More values than these are no land-cover classes but a quantity."""
ROWS_AT_ONCE = 256
FOOT_M = 0.3048
"""The international foot, exact by definition; the US survey foot differs by 2 in a million."""
FEET = frozenset({"ft", "feet", "foot", "us-ft", "us survey foot", "us_survey_foot", "ftus", "英尺"})
MOST_UNKNOWN = 0.01
"""Of the district's area: a larger share without data is told."""


@dataclass(frozen=True, slots=True, eq=False)
class _Band:
    """A raster's values, and where it has any."""

    value: npt.NDArray[Any]
    is_known: BoolArray
    transform: rasterio.Affine
    crs: pyproj.CRS
    file: InputFile
    is_sampled: bool = False
    """Whether the cells are those of another raster, its values brought there."""


def _stated(terrain: Terrain, role: str) -> StatedRaster:
    path = str(terrain.dem if role == "dem" else terrain.landcover)
    nodata, band = (
        (terrain.dem_nodata, terrain.dem_band) if role == "dem" else (terrain.landcover_nodata, terrain.landcover_band)
    )
    key = f"terrain.{role}"
    return StatedRaster(
        path, key, nodata, f"{key}_nodata", band, f"{key}_band", unit=terrain.dem_unit if role == "dem" else None
    )


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
    if not units:
        return None, []
    ground = heights = None
    before = len(problems.errors)
    if terrain.landcover is not None:
        ground = _read_band(folder, _stated(terrain, "landcover"), None, units, crs, problems)
    if terrain.dem is not None:
        heights = _read_band(folder, _stated(terrain, "dem"), ground, units, crs, problems)
    files = [band.file for band in (ground, heights) if band is not None]
    landcover = elevation = None
    if ground is not None:
        landcover = _check_classes(ground, _stated(terrain, "landcover"), configuration, problems)
        _report_unknown(ground, units, crs, _stated(terrain, "landcover"), problems)
    if heights is not None:
        elevation = _check_heights(heights, terrain, problems)
        if ground is None:
            _report_unknown(heights, units, crs, _stated(terrain, "dem"), problems)
    grid = ground if ground is not None else heights
    if grid is None or len(problems.errors) > before:
        return None, files
    if landcover is not None and elevation is not None:
        _warn_of_unknown_heights(elevation, grid.is_known, terrain.dem or "", problems)
    survey = None
    if terrain.dem is not None and heights is not None and elevation is not None:
        survey = _own_grid(folder, terrain, heights, elevation, units, crs, problems)
    return TerrainLayers(grid.transform, grid.crs.to_wkt(), elevation, landcover, grid.is_known, survey), files


def _own_grid(
    folder: Path, terrain: Terrain, heights: _Band, elevation: npt.NDArray[np.float32], units: Mapping[Level, Units],
    crs: pyproj.CRS, problems: Problems,
) -> HeightGrid | None:  # fmt: skip
    """Return the heights as they are: land cover's cells may be far coarser than what a street climbs."""
    own: _Band | None = heights
    if heights.is_sampled:
        said = Problems()  # what is wrong with the file was said when it was first read
        own = _read_band(folder, _stated(terrain, "dem"), None, units, crs, said)
        checked = _check_heights(own, terrain, said) if own is not None else None
        if own is None or checked is None:
            problems.found += said.errors
            return None
        elevation = checked
    return HeightGrid(own.transform, own.crs.to_wkt(), elevation) if own is not None else None


def _read_band(
    folder: Path,
    stated: StatedRaster,
    grid: _Band | None,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> _Band | None:
    """Return a raster on ``grid``, or on its own; None and errors where it cannot be read."""
    full = resolve_path(folder, stated.path, problems, stated.field)
    if full is None:
        return None
    is_class = stated.field.endswith("landcover")
    found: _Band | None = None
    with reporting_faults(stated, full, problems), rasterio.open(full) as source:
        usable = choose_band(source, stated, problems, is_class=is_class)
        if usable is not None:
            file = describe_file(folder, full, stated.field.removeprefix("terrain."), usable[1].to_string())
            report_cover(source.transform, source.shape, usable[1], units, crs, stated, problems)
            found = _read_on(_Source(source, *usable, stated, file), grid, units, crs, problems)
    return found


class _Source(NamedTuple):
    """An open raster, the band of it, and what is said of it."""

    raster: Any
    band: int
    crs: pyproj.CRS
    stated: StatedRaster
    file: InputFile


def _read_on(
    source: _Source, grid: _Band | None, units: Mapping[Level, Units], crs: pyproj.CRS, problems: Problems
) -> _Band | None:
    is_class = source.stated.field.endswith("landcover")
    if grid is not None:
        window = _same_cells(source, grid)
        if window is not None:
            return _read_cells(source, window, problems)
        return replace(_sample(source, grid, problems, is_class=False), is_sampled=True)
    window = _window(source, units, crs, problems)
    if window is None:
        return None
    if not district_crs_fault(source.crs.to_wkt()):
        return _read_cells(source, window, problems)
    # Degrees or feet: brought to the district's metres, in square cells of about their size.
    return _sample(source, _lay_grid(source, window, crs), problems, is_class=is_class)


def _read_cells(source: _Source, window: Window, problems: Problems) -> _Band:
    """Return the values of a window; heights are in metres, and none is a nodata value that nobody declared."""
    raster, stated = source.raster, source.stated
    cells = read_cells(raster, source.band, window, stated)
    report_nan(raster, source.band, cells, stated, problems)
    transform = raster.transform
    left, top = transform.c + window.col_off * transform.a, transform.f + window.row_off * transform.e
    cut = rasterio.Affine(transform.a, 0.0, left, 0.0, transform.e, top)
    value, is_known, file = cells.value, cells.is_known, cells.counted(source.file)
    if stated.field.endswith("dem"):
        # What is no height is told once, and not again as an impossible one.
        marks = undeclared_nodata(cells, stated, problems, quantity="height")
        is_known &= ~np.isin(cells.raw, np.array(marks).astype(cells.raw.dtype))
        value = _in_metres(source, value, file, problems)
    return _Band(value, is_known, cut, source.crs, file)


def _in_metres(source: _Source, value: npt.NDArray[Any], file: InputFile, problems: Problems) -> npt.NDArray[Any]:
    """Return heights in metres: feet where it is stated, or where the file says so and nothing is stated."""
    unit = source.stated.unit or (source.raster.units[source.band - 1] or "").strip().lower()
    if unit not in FEET:
        return value
    if source.stated.unit is None:
        problems.add(
            "dem-feet", "repaired", source.stated.path, f'高程单位为英尺 heights are in feet, as the file says: "{unit}"',
            field=source.stated.field, expected="米 metres", mend='已换算 converted; 若文件写错 if the file is wrong: set terrain.dem_unit = "m"',
            count=file.used,
        )  # fmt: skip
    return value.astype(np.float32) * np.float32(FOOT_M)


def _window(source: _Source, units: Mapping[Level, Units], crs: pyproj.CRS, problems: Problems) -> Window | None:
    """Return the whole raster where it is small enough, else what lies around the district; None and an error where that is nothing."""
    raster, stated = source.raster, source.stated
    district = shapely.box(*district_bounds(units))
    window = None
    if cut_window(raster.transform, raster.shape, source.crs, district, crs) is not None:
        is_small = raster.width * raster.height <= MOST_CELLS
        around = district.buffer(MARGIN_M, join_style="mitre")
        window = (
            Window(0, 0, raster.width, raster.height)
            if is_small
            else cut_window(raster.transform, raster.shape, source.crs, around, crs)
        )
    if window is None:
        problems.error(
            "raster-elsewhere", stated.path, "栅格与区县不重叠 the raster does not touch the district", field="crs",
            expected="覆盖全区 the whole district", mend="检查栅格与单元的坐标系 check the crs of the raster and of the units",
        )  # fmt: skip
        return None
    size = int(window.width) * int(window.height)
    if size > 10 * MOST_CELLS:
        problems.error(
            "raster-too-fine", stated.path, f"区县周围有 {size} 格 cells around the district", field=stated.field,
            expected=f"<= {10 * MOST_CELLS}", mend="重采样到更粗的格 resample it to larger cells",
        )  # fmt: skip
        return None
    return window


def _lay_grid(source: _Source, window: Window, crs: pyproj.CRS) -> _Band:
    """Return an empty grid in ``crs`` over a window of a raster, in square cells that are as large as its own in the middle."""
    transform, own = source.raster.transform, source.crs
    x = transform.c + transform.a * (window.col_off + np.array([0.0, 1.0]) * window.width)
    y = transform.f + transform.e * (window.row_off + np.array([0.0, 1.0]) * window.height)
    box = shapely.box(x.min(), y.min(), x.max(), y.max())
    left, bottom, right, top = transform_geometry(shapely.segmentize(box, box.length / 400), own, crs).bounds
    middle = shapely.box(-abs(transform.a) / 2, -abs(transform.e) / 2, abs(transform.a) / 2, abs(transform.e) / 2)
    placed = transform_geometry(shapely.affinity.translate(middle, x.mean(), y.mean()), own, crs)
    size = float(np.sqrt(placed.area))
    shape = (ceil((top - bottom) / size), ceil((right - left) / size))
    nothing = np.zeros(shape, dtype=bool)
    return _Band(nothing, nothing, rasterio.Affine(size, 0.0, left, 0.0, -size, top), crs, source.file)


def _sample(source: _Source, grid: _Band, problems: Problems, *, is_class: bool) -> _Band:
    """Return a raster's values at the centres of another grid's cells: of the cell there, or bilinear between four.

    Known is what lies in a cell with data; cells without leave the interpolation to their neighbours.
    """
    rows, columns = grid.value.shape
    wide, high = grid.transform.a, grid.transform.e
    left, top = grid.transform.c, grid.transform.f
    box = shapely.LineString([(left, top), (left + wide * columns, top + high * rows)]).envelope
    raster = source.raster
    window = cut_window(raster.transform, raster.shape, source.crs, box, grid.crs, spare=2)
    dtype = raster.dtypes[source.band - 1] if is_class else "float32"
    file = source.file
    value, is_known = np.zeros((rows, columns), dtype=dtype), np.zeros((rows, columns), dtype=bool)
    if window is not None:
        band = _read_cells(source, window, problems)
        file = band.file
        x = left + wide * (np.arange(columns) + 0.5)
        for first in range(0, rows, ROWS_AT_ONCE):
            y = top + high * (np.arange(first, min(first + ROWS_AT_ONCE, rows)) + 0.5)
            across, down = np.meshgrid(x, y)
            at = transform_xy(across, down, grid.crs, source.crs, is_strict=False)
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


def _same_cells(source: _Source, grid: _Band) -> Window | None:
    """Return the window of ``source`` whose cells are the grid's own, or None."""
    raster = source.raster
    own, other = raster.transform, grid.transform
    rows, columns = grid.value.shape
    is_same_size = (
        abs(own.a - other.a) * columns < SAME_GRID * abs(own.a)
        and abs(own.e - other.e) * rows < SAME_GRID * abs(own.e)
        and grid.crs.equals(source.crs, ignore_axis_order=True)
    )
    if not is_same_size:
        return None
    column, row = (other.c - own.c) / own.a, (other.f - own.f) / own.e
    if max(abs(column - round(column)), abs(row - round(row))) > SAME_GRID:
        return None
    column, row = round(column), round(row)
    is_within = column >= 0 and row >= 0 and column + columns <= raster.width and row + rows <= raster.height
    return Window(column, row, columns, rows) if is_within else None


def _check_classes(
    ground: _Band, stated: StatedRaster, configuration: Configuration, problems: Problems
) -> npt.NDArray[np.int32] | None:
    """Return whole-number classes, 0 where there is no data; an error where the values are no classes."""
    known = ground.value[ground.is_known]
    whole = np.isfinite(known) & (np.abs(known) < np.iinfo(np.int32).max)
    if ground.value.dtype.kind == "f":
        whole &= known == np.floor(known)
    if not len(known):
        _say_empty("没有数据 no data", stated, problems)
        return None
    values, counts = np.unique(known[whole], return_counts=True)
    if not whole.all() or len(values) > MOST_CLASSES:
        problems.error(
            "landcover-not-classes", stated.path, f"有非类别的值 values that are no classes, such as {known[~whole][:3].tolist()}",
            field=stated.field, expected="整数类别 whole-number classes", count=int((~whole).sum()) or 1,
            mend="是否把高程当成了土地覆盖? is this the land cover and not the dem?",
        )  # fmt: skip
        return None
    _report_classes(values.astype(np.int64), counts, stated, configuration, problems)
    classes = np.zeros(ground.value.shape, dtype=np.int32)
    classes[ground.is_known] = known.astype(np.int32)
    return classes


def _report_classes(
    values: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], stated: StatedRaster, configuration: Configuration,
    problems: Problems,
) -> None:  # fmt: skip
    """Say which classes no mode that goes over terrain lists: nobody crosses them, meant or forgotten."""
    used = {mode for rule in configuration.rules for mode in rule.modes}
    modes = [configuration.modes[name] for name in used if name in configuration.modes]
    listed = {number for mode in modes for number in mode.classes}
    is_other = ~np.isin(values, list(listed))
    if listed and is_other.any():
        shown = ", ".join(
            f"{value} ({count})" for value, count in zip(values[is_other][:10], counts[is_other][:10], strict=True)
        )
        problems.add(
            "landcover-class-not-listed", "note", stated.path, f"没有出行方式列出的类别(格数) classes (cells) that no mode lists, not crossed: {shown}",
            field=stated.field, expected=", ".join(str(number) for number in sorted(listed)), count=int(counts[is_other].sum()),
            mend=f'若可通行 if people go there: modes.<id>.classes; 若为无数据 if they mean no data: set {stated.nodata_key} = {values[is_other][0]}',
        )  # fmt: skip


def _say_empty(found: str, stated: StatedRaster, problems: Problems) -> None:
    problems.error(
        "raster-empty", stated.path, f"{found} anywhere around the district", field=stated.field, expected="覆盖全区 the whole district",
        mend=f"检查掩膜、无数据值与位置 check its mask, {stated.nodata_key} and where it lies",
    )  # fmt: skip


def _check_heights(heights: _Band, terrain: Terrain, problems: Problems) -> npt.NDArray[np.float32] | None:
    """Return metres, NaN where not known; an error where heights are impossible, a warning where they are not to be believed."""
    stated, height = _stated(terrain, "dem"), load_plausible()["height"]
    elevation = np.where(heights.is_known, heights.value, np.nan).astype(np.float32)
    with np.errstate(invalid="ignore"):
        is_wrong = height.is_impossible(elevation)
        is_odd = height.is_odd(elevation) & ~is_wrong
    if is_wrong.any():
        values, counts = np.unique(elevation[is_wrong], return_counts=True)
        common = float(values[np.argmax(counts)])
        problems.error(
            "dem-bad-value", stated.path, f"不可能的高程 impossible heights, such as {common:g} m", field=stated.field,
            expected=height.limits, count=int(is_wrong.sum()),
            mend=f"若为无数据值 if that means no data: set {stated.nodata_key} = {common:g}",
        )  # fmt: skip
        return None
    if is_odd.any():
        problems.add(
            "dem-odd-value", "warning", stated.path, f"少见的高程 heights of {np.nanmin(elevation):g} - {np.nanmax(elevation):g} m",
            field=stated.field, expected=height.expected, count=int(is_odd.sum()),
            mend=f'检查单位 check terrain.dem_unit ("m", "ft"), 无数据值 and {stated.nodata_key}',
        )  # fmt: skip
    if not np.isfinite(elevation).any():
        _say_empty("没有高程 no height", stated, problems)
        return None
    if not heights.is_sampled:
        _report_relief(elevation, heights, stated, problems)
    return elevation


def _report_relief(
    elevation: npt.NDArray[np.float32], heights: _Band, stated: StatedRaster, problems: Problems
) -> None:
    """Warn of ground that is the same everywhere, and of slopes that no mountains have: feet taken for metres, or no heights at all."""
    if float(np.nanmax(elevation)) == float(np.nanmin(elevation)) and np.isfinite(elevation).sum() > 1:
        problems.add(
            "dem-flat", "warning", stated.path, f"高程处处相同 the same height everywhere: {float(np.nanmax(elevation)):g} m",
            field=stated.field, expected="有起伏的高程 heights that differ", mend="空白栅格? a blank raster? 平地不必写 dem: level ground needs none",
        )  # fmt: skip
        return
    east = np.abs(np.diff(elevation, axis=1)) / abs(heights.transform.a)
    south = np.abs(np.diff(elevation, axis=0)) / abs(heights.transform.e)
    steps = np.concatenate([east[east > 0.0], south[south > 0.0]])
    # The two components of a gradient of even direction each have 2/pi of its length on average.
    mean_pct = 100.0 * float(steps.mean()) * np.pi / 2.0 if steps.size else 0.0
    slope = load_plausible()["mean_slope"]
    if slope.judge(mean_pct) != "usual":
        problems.add(
            "dem-steep", "warning", stated.path, f"平均坡度 mean slope {mean_pct:.0f} %", field=stated.field, expected=slope.expected,
            mend='检查高程单位 are heights in feet? set terrain.dem_unit = "ft"; 或数值放大过 or scaled up?',
        )  # fmt: skip


def _report_unknown(
    band: _Band, units: Mapping[Level, Units], crs: pyproj.CRS, stated: StatedRaster, problems: Problems
) -> None:
    """Warn where more than a hundredth of the district's cells within the raster have no data."""
    held = next(iter(units.values())).geometry
    shapes = held if band.crs.equals(crs, ignore_axis_order=True) else transform_geometry(held, crs, band.crs)
    is_inside = geometry_mask(list(shapes), band.is_known.shape, band.transform, invert=True)
    missing, total = int((is_inside & ~band.is_known).sum()), int(is_inside.sum())
    if total and missing > MOST_UNKNOWN * total:
        problems.add(
            "raster-holes", "warning", stated.path,
            f"区县内 {missing / total:.1%} 的格没有数据 cells of the district without data ({missing} of {total})", field=stated.field,
            expected="全区都有 the whole district", count=missing, mend="按平地或不可通行计 taken as level, or not crossed; 补齐 fill them",
        )  # fmt: skip


def _warn_of_unknown_heights(
    elevation: npt.NDArray[np.float32], is_known: BoolArray, path: str, problems: Problems
) -> None:
    missing = int((np.isnan(elevation) & is_known).sum())
    if missing:
        problems.add(
            "dem-missing", "warning", path, f"{missing} 格有土地覆盖而无高程 cells have land cover but no height",
            field="terrain.dem", expected="处处有高程 a height everywhere", count=missing, mend="按平地计算 taken as flat; 或补高程 or fill them",
        )  # fmt: skip
