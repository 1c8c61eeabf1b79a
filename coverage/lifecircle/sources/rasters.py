"""Every raster through one door: what its values mean, which cells have any, how much of the district it covers.

GDAL forgives here too: what lies under a mask is read like any value, scale and offset are left to the caller, a nodata value that
the header does not declare is a number like others, and a window beyond the raster is simply shorter.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from lifecircle.config import load_nodata_values
from lifecircle.model import BoolArray, InputFile, Units
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import parse_crs, transform_geometry
from lifecircle.sources.tables import report_rows

if TYPE_CHECKING:
    from pathlib import Path

    from lifecircle.config.schema import Level

SAME_GRID = 1e-4  # of a cell
BENT_M = 5000.0  # the district's box is bent where it is brought to the raster's CRS
MOST_MARKS = 4  # different nodata values in one raster
LEAST_SHARED = 3  # cells that hold the very same value, before it looks like a mark and not a measurement
FEW_NEAR = 20  # one cell near it to so many that hold it is few
FAR_ABOVE = 20.0  # times the next value: no such jump is among people
WHOLE_UNIT = 0.999  # of a unit's area: less than this is not covered whole
UNREAD = 1e30  # floats beyond are what is left of a type's end


@dataclass(frozen=True, slots=True)
class StatedRaster:
    """What ``district.toml`` says of a raster, and where it says it."""

    path: str
    field: str
    """Of the path, for messages: ``population.path``."""
    nodata: tuple[float, ...] | Literal["none"] | None = None
    nodata_key: str = ""
    """What to write where a nodata value is not declared: ``population.nodata``."""
    band: int | None = None
    band_key: str = ""
    crs: str | None = None
    unit: str | None = None
    """Of its values, where it is stated."""


@dataclass(frozen=True, slots=True, eq=False)
class RasterCells:
    """A window of one band: its values with scale and offset applied, and where there are any."""

    value: npt.NDArray[Any]
    """As the file has them where it states neither scale nor offset; anything where ``is_known`` is false."""
    is_known: BoolArray
    raw: npt.NDArray[Any]
    """Before scale and offset."""

    @property
    def known(self) -> npt.NDArray[Any]:
        """The values that are there, flat."""
        return self.value[self.is_known]

    def counted(self, file: InputFile) -> InputFile:
        """Return the manifest's line: cells read = used + without data."""
        total, used = int(self.is_known.size), int(self.is_known.sum())
        return replace(file, rows=total, used=used, set_aside=total - used)


@contextmanager
def reporting_faults(stated: StatedRaster, full: Path, problems: Problems) -> Iterator[None]:
    """Turn what GDAL raises while a raster is read into a problem that names the file and its size."""
    try:
        with warnings.catch_warnings():
            # A raster without a place is refused below, with what to do.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            yield
    except (RasterioError, CRSError, MemoryError) as error:
        said = str(error.__cause__ or error)[:200]
        problems.error(
            "file-unreadable", stated.path, f"栅格读不出 raster cannot be read ({full.stat().st_size} bytes): {said}",
            field=stated.field, expected="完整的栅格 a whole raster, such as a GeoTIFF",
            mend="可能不完整或已损坏,重新复制或导出 cut short or damaged: copy or export it again",
        )  # fmt: skip
    except UnreadableError as error:
        problems.error(
            "layer-crs", stated.path, str(error), field=stated.field, expected="可换算的坐标系 a CRS that can be converted",
            mend="换用 CGCS2000 或 WGS84 的栅格 export it in CGCS2000 or WGS 84",
        )  # fmt: skip


def raster_crs(source: Any, stated: StatedRaster) -> pyproj.CRS | None:
    """Return the CRS that is stated, else the file's own; None where there is none.

    Raises
    ------
    UnreadableError
        Where the one that is stated is none.
    """
    if stated.crs is not None:
        return parse_crs(stated.crs)
    return pyproj.CRS(source.crs.to_wkt()) if source.crs is not None else None


def choose_band(
    source: Any, stated: StatedRaster, problems: Problems, *, is_class: bool = False
) -> tuple[int, pyproj.CRS] | None:
    """Return the band to read and the raster's CRS; None and every reason at once where it cannot be used as it is.

    A raster is one upright band of numbers that says where it lies, with an alpha band beside it at most; or the band is stated.
    Colours by number (a palette) are classes, and no quantity.
    """
    field, before = stated.field, len(problems.errors)
    crs = raster_crs(source, stated)
    if crs is None:
        problems.error(
            "layer-no-crs", stated.path, "栅格没有坐标系 the raster has no CRS", field="crs", expected='如 such as "EPSG:4326"',
            mend='写明 set population.crs = "EPSG:4326" ...' if "population" in field
            else "定义投影后再用 define its projection (gdal_edit.py -a_srs EPSG:4549 ...)",
        )  # fmt: skip
    if source.transform.b or source.transform.d:
        problems.error(
            "raster-rotated", stated.path, "栅格是旋转的 the raster is rotated", field=field, expected="正北朝上 north up",
            mend="重采样为正北 warp it to north up (gdalwarp)",
        )  # fmt: skip
    bands = [number for number, shown in enumerate(source.colorinterp, start=1) if shown != ColorInterp.alpha]
    band = stated.band or (bands[0] if len(bands) == 1 else 0)
    if not band or band > source.count:
        found = f"有 {source.count} 个波段 bands" + (f", 没有第 {band} 个 no band {band}" if band else "")
        problems.error(
            "raster-bands", stated.path, found, field=stated.band_key or field,
            expected="1", mend=f"写明 set {stated.band_key} = 1, 或导出单波段 or export one band",
        )  # fmt: skip
        return None
    if source.colorinterp[band - 1] == ColorInterp.palette and not is_class:
        problems.error(
            "raster-palette", stated.path, f"波段 {band} 是调色板颜色 the band holds numbers of colours, no quantity", field=field,
            expected="数值 a quantity", mend="导出原始数值,而非渲染图 export the data, not the picture of it",
        )  # fmt: skip
    if np.dtype(source.dtypes[band - 1]).kind not in "iuf":
        problems.error(
            "raster-type", stated.path, f"值的类型 values are {source.dtypes[band - 1]}", field=field,
            expected="整数或实数 whole or real numbers", mend="转换类型 convert it (gdal_translate -ot Float32)",
        )  # fmt: skip
    return (band, crs) if crs is not None and len(problems.errors) == before else None


def cut_window(
    transform: rasterio.Affine, shape: tuple[int, int], own: pyproj.CRS, box: shapely.Polygon, crs: pyproj.CRS, spare: int = 0
) -> Window | None:  # fmt: skip
    """Return the rows and columns of a raster around a box given in ``crs``, ``spare`` cells more; None where there are none."""
    left, bottom, right, top = transform_geometry(shapely.segmentize(box, BENT_M), crs, own).bounds
    columns = sorted(((left - transform.c) / transform.a, (right - transform.c) / transform.a))
    rows = sorted(((bottom - transform.f) / transform.e, (top - transform.f) / transform.e))
    first_column = max(floor(columns[0] + SAME_GRID) - spare, 0)
    last_column = min(ceil(columns[1] - SAME_GRID) + spare, shape[1])
    first_row, last_row = max(floor(rows[0] + SAME_GRID) - spare, 0), min(ceil(rows[1] - SAME_GRID) + spare, shape[0])
    if last_column <= first_column or last_row <= first_row:
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def read_cells(source: Any, band: int, window: Window, stated: StatedRaster) -> RasterCells:
    """Read a window of a band.

    A cell is known where the file's masks say so (nodata, an internal mask, a ``.msk`` beside the file, a mask of the band, alpha), and
    its value is neither NaN nor one that is declared or stated to mean no data. Infinite values stay, for the caller to refuse.
    """
    raw = source.read(band, window=window)
    is_known = source.read_masks(band, window=window) > 0
    for number, shown in enumerate(source.colorinterp, start=1):
        if shown == ColorInterp.alpha and MaskFlags.alpha not in source.mask_flag_enums[band - 1]:
            # GDAL masks by alpha only where that is of bytes; gdalwarp writes one in the type of the data.
            is_known &= source.read(number, window=window) > 0
    if raw.dtype.kind == "f":
        is_known &= ~np.isnan(raw)
    declared = () if source.nodatavals[band - 1] is None else (source.nodatavals[band - 1],)
    for nodata in (*declared, *(stated.nodata if isinstance(stated.nodata, tuple) else ())):
        if not np.isnan(nodata) and _fits(nodata, raw.dtype):
            # Compared in the raster's own type: -3.4e38 has more digits as a double than the file keeps.
            with np.errstate(over="ignore"):
                is_known &= raw != np.array(nodata).astype(raw.dtype)
    scale, offset = source.scales[band - 1], source.offsets[band - 1]
    value = raw if (scale, offset) == (1.0, 0.0) else np.where(is_known, raw, 0) * float(scale) + float(offset)
    return RasterCells(value, is_known, raw)


def _fits(nodata: float, dtype: np.dtype[Any]) -> bool:
    if dtype.kind not in "iu":
        return True
    limits = np.iinfo(dtype)
    return bool(limits.min <= nodata <= limits.max and float(nodata).is_integer())


def report_nan(source: Any, band: int, cells: RasterCells, stated: StatedRaster, problems: Problems) -> None:
    """Warn of cells that are not a number where the file does not declare that as no data: meant, or what is left of a damaged tile."""
    if cells.raw.dtype.kind != "f":
        return
    declared = source.nodatavals[band - 1]
    is_stated = isinstance(stated.nodata, tuple) and any(np.isnan(one) for one in stated.nodata)
    has_mask = MaskFlags.per_dataset in source.mask_flag_enums[band - 1]
    if is_stated or has_mask or (declared is not None and np.isnan(declared)):
        return
    count = int(np.isnan(cells.raw).sum())
    if count:
        problems.add(
            "raster-nan", "warning", stated.path,
            f"{count} 格为 NaN,文件未声明其为无数据 cells are NaN, which the file does not declare as no data; counted as without data",
            field=stated.field, expected="数值,或声明的无数据值 numbers, or a declared nodata", count=count,
            mend=f"若有意 if that is meant: set {stated.nodata_key} = nan; 否则文件可能损坏 else the file may be damaged: export it again",
        )  # fmt: skip


def undeclared_nodata(
    cells: RasterCells, stated: StatedRaster, problems: Problems, *, quantity: str
) -> tuple[float, ...]:
    """Return the raw values that surely mean no data though nobody says so; each is an error, a likely one a warning.

    Such a value is the largest (or smallest) there is, many cells hold it, and hardly any come near it. Sure are the numbers that
    programs write where there is nothing.

    Parameters
    ----------
    quantity
        ``people``: values of 0 and more, looked at from above; ``height``: from both ends.
    """
    if stated.nodata == "none":
        return ()
    known = cells.raw[cells.is_known]
    if known.dtype.kind == "f":
        known = known[np.isfinite(known)]
    sure: list[float] = []
    told = set[float]()
    for _ in range(MOST_MARKS):
        ends = [] if not known.size else [known.max()] if quantity == "people" else [known.max(), known.min()]
        judged = {float(end): _judge_end(known, float(end), quantity) for end in ends}
        found = {value: one for value, one in judged.items() if one[1] and value not in told}
        for value, (count, verdict) in found.items():
            told.add(value)
            _report_undeclared(value, count, verdict, stated, problems)
            sure += [value] if verdict == "sure" else []
        if not found:
            break
        known = known[~np.isin(known, np.array(list(found)).astype(known.dtype))]  # another may hide behind it
    return tuple(sure)


def _report_undeclared(value: float, count: int, verdict: str, stated: StatedRaster, problems: Problems) -> None:
    problems.add(
        "raster-undeclared-nodata", "error" if verdict == "sure" else "warning", stated.path,
        f"{count} 格的值都是 cells all hold {value:.10g}, 其余相差甚远 far from all others: 像是无数据值 looks like no data",
        field=stated.field, expected="声明的无数据值 a declared nodata value", count=count,
        mend=f'若为无数据 if it means no data: set {stated.nodata_key} = {value:.10g}; 若确有其值 if it is real: set {stated.nodata_key} = "none"',
    )  # fmt: skip


def _judge_end(known: npt.NDArray[Any], value: float, quantity: str) -> tuple[int, Literal["", "sure", "likely"]]:
    """Return how many cells hold the end value, and whether it is surely or likely no measurement."""
    is_value = known == known.dtype.type(value)
    count = int(is_value.sum())
    rest = known[~is_value].astype(np.float64)
    if quantity == "people":
        rest = rest[rest > 0.0]
        near = int((rest > 0.8 * value).sum())
        is_far = bool(rest.size) and value >= FAR_ABOVE * rest.max()
    elif rest.size:
        spread = float(np.ptp(rest))
        gap = float(np.abs(rest - value).min())
        near = int((np.abs(rest - value) <= max(0.1 * spread, 1.0)).sum())
        is_far = gap > max(spread, 100.0)
    else:
        near, is_far = 0, False
    is_mark = _is_mark(value, known.dtype)
    if is_mark and (rest.size or quantity == "people") and near * FEW_NEAR < count:
        # One or two cells may be a crowd or a summit, unless nothing else is like it.
        if count >= LEAST_SHARED:
            return count, "sure"
        return count, "likely" if is_far else ""
    return count, "likely" if is_far and count >= max(LEAST_SHARED + 2, known.size // 1000) else ""


def _is_mark(value: float, dtype: np.dtype[Any]) -> bool:
    """Whether a number is one that programs write where there is nothing."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        is_end = value == limits.max or (dtype.kind == "i" and value == limits.min)
    else:
        is_end = abs(value) > UNREAD
    marks = [dtype.type(one) for one in load_nodata_values() if _fits(one, dtype)]
    return bool(is_end or dtype.type(value) in marks)


def report_cover(
    transform: rasterio.Affine, shape: tuple[int, int], own: pyproj.CRS, units: Mapping[Level, Units], crs: pyproj.CRS,
    stated: StatedRaster, problems: Problems,
) -> float:  # fmt: skip
    """Return the share of the district's area that the raster reaches over, a cell to spare; a warning names the units it leaves out.

    What lies beyond the raster would be nobody, or flat, in silence.
    """
    rows, columns = shape
    wide, high = abs(transform.a), abs(transform.e)
    x = sorted((transform.c, transform.c + transform.a * columns))
    y = sorted((transform.f, transform.f + transform.e * rows))
    extent = shapely.box(x[0] - wide, y[0] - high, x[1] + wide, y[1] + high)
    # A world raster reaches over poles and seams that no projection of a district has.
    needed = transform_geometry(shapely.segmentize(shapely.box(*_bounds(units)), BENT_M), crs, own).buffer(
        20 * max(wide, high)
    )
    piece = shapely.intersection(extent, needed.envelope)
    if piece.is_empty:
        return 0.0
    inside = transform_geometry(shapely.segmentize(piece, max(piece.length / 400.0, 1e-9)), own, crs)
    level = list(units)[-1]
    held = units[level]
    area = shapely.area(held.geometry)
    covered = shapely.area(shapely.intersection(held.geometry, inside))
    is_cut = covered < WHOLE_UNIT * area
    share = float(covered.sum() / area.sum())
    if is_cut.any():
        worst = np.argsort(covered / area)[: min(5, int(is_cut.sum()))]
        names = ", ".join(f"{held.name[row]} {covered[row] / area[row]:.0%}" for row in worst)
        report_rows(
            problems, "raster-partial", "warning", stated.path, held.code[is_cut],
            f"只覆盖区县面积的 {share:.1%} covers only {share:.1%} of the district's area; {int(is_cut.sum())} 个 {level} 不全 not whole: {names}",
            field=stated.field, expected="覆盖全区 the whole district", mend="换用覆盖全区的栅格 take a raster of the whole district",
        )  # fmt: skip
    return share


def _bounds(units: Mapping[Level, Units]) -> tuple[float, float, float, float]:
    box = np.vstack([shapely.bounds(held.geometry) for held in units.values()])
    lowest, highest = box.min(axis=0), box.max(axis=0)
    return float(lowest[0]), float(lowest[1]), float(highest[2]), float(highest[3])
