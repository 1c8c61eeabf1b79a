"""Rows of a table to places: longitude and latitude in a stated datum, or x and y in a stated CRS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import WGS84, parse_crs, to_wgs84, transform_geometry, transform_xy
from lifecircle.sources.datum_fit import suggest_crs, suggest_crs_of
from lifecircle.sources.polygons import has_bad_vertex
from lifecircle.sources.tables import as_numbers, report_rows, show_values
from lifecircle.sources.units import district_bounds

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import SourceLayer
    from lifecircle.config.schema import Level
    from lifecircle.model import BoolArray, FloatArray, TextArray, Units
    from lifecircle.sources.files import ReadLayer
    from lifecircle.sources.tables import Numbers

FAR_M = 100_000.0  # from the box around the district: nobody is served from there
NEIGHBOURS_M = 20_000.0  # around the district, where its neighbours' facilities are
WHOLE = 1e-6  # of the third decimal
NO_PLACE = "没有坐标 no coordinates"
BAD_PLACE = "坐标读不出 coordinates cannot be read"
NOT_A_PLACE = "坐标不成立 not a place on Earth"
SWAPPED = "经纬度颠倒 lon and lat are swapped"
TOO_FAR = "离区县超过100公里 more than 100 km from the district"


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where the rows of a layer are, aligned with them."""

    geometry: TextArray
    """District CRS; None where the row has no place."""
    reason: TextArray
    """Why the row is set aside; empty where it is used."""
    is_repaired: BoolArray

    @property
    def is_used(self) -> BoolArray:
        """Which rows have a place that can be used."""
        return np.asarray(self.reason == "", dtype=bool)


def place_rows(
    layer: SourceLayer, read: ReadLayer, units: Mapping[Level, Units], crs: pyproj.CRS, problems: Problems
) -> Places | None:
    """Return where the rows of a layer are in the district's CRS; None where it cannot be placed at all.

    Rows without a usable place are set aside, with the reason, and reported. A layer of which every row lies in the district only
    when swapped is an error.
    """
    if read.has_geometry and not (layer.lon or layer.x):
        return _place_geometry(layer, read, units, crs, problems)
    columns = (layer.lon, layer.lat) if layer.lon else (layer.x, layer.y)
    if columns[0] is None or columns[1] is None:
        problems.error(
            "layer-no-coordinates", read.file, "没有说明坐标列 no coordinate columns named", layer=read.layer,
            expected="经纬度或平面坐标的列名 the columns of lon and lat, or of x and y",
            mend='写明 set lon = "经度", lat = "纬度", datum = "gcj02" 或 or x, y, crs',
        )  # fmt: skip
        return None
    try:
        source = _table_crs(layer, read, problems)
        if source is None:
            return None
        return _place_columns(layer, read, (columns[0], columns[1]), source, units, crs, problems)
    except UnreadableError as error:
        _report_crs(read, error, problems)
        return None


def _report_crs(read: ReadLayer, error: UnreadableError, problems: Problems) -> None:
    problems.error(
        "layer-crs", read.file, str(error), layer=read.layer, field="crs",
        expected="有公开转换参数的坐标系 a CRS with a public transformation", mend='如 such as crs = "EPSG:4490", "EPSG:4549"',
    )  # fmt: skip


def _table_crs(layer: SourceLayer, read: ReadLayer, problems: Problems) -> pyproj.CRS | None:
    if layer.crs is not None:
        return parse_crs(layer.crs)
    if layer.lon and layer.datum is not None:
        return WGS84
    problems.error(
        "layer-no-crs", read.file, "没有说明坐标系 no datum or crs given", layer=read.layer,
        field="datum" if layer.lon else "crs", expected="坐标是什么坐标系 what the coordinates are in",
        mend='写明 set datum = "gcj02" (高德 腾讯) / "bd09" (百度) / "wgs84" / "cgcs2000" (天地图)'
        if layer.lon else '写明 set crs = "EPSG:4549"',
    )  # fmt: skip
    return None


def _move(
    x: FloatArray, y: FloatArray, source: pyproj.CRS, layer: SourceLayer, crs: pyproj.CRS
) -> tuple[FloatArray, FloatArray]:
    if layer.datum in ("gcj02", "bd09"):
        x, y = to_wgs84(*transform_xy(x, y, source, WGS84, is_strict=False), layer.datum)
        source = WGS84
    if source.is_geographic:  # PROJ would fold 121 degrees of latitude back onto the globe
        x, y = np.where(np.abs(x) <= 180.0, x, np.nan), np.where(np.abs(y) <= 90.0, y, np.nan)
    return transform_xy(x, y, source, crs, is_strict=False)


def _place_columns(
    layer: SourceLayer,
    read: ReadLayer,
    columns: tuple[str, str],
    source: pyproj.CRS,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> Places | None:
    first = as_numbers(read.frame[columns[0]], is_degrees=source.is_geographic)
    second = as_numbers(read.frame[columns[1]], is_degrees=source.is_geographic)
    x, y = _move(first.value, second.value, source, layer, crs)
    is_near = is_near_district(x, y, units)
    swapped = _move(second.value, first.value, source, layer, crs)
    is_swapped = ~is_near & is_near_district(*swapped, units) & bool(units)
    is_given = np.isfinite(first.value) & np.isfinite(second.value)
    if is_swapped.any() and not (is_near & is_given).any():
        problems.error(
            "layer-swapped",
            read.file,
            f"{columns[0]} 与 {columns[1]} 看来颠倒了 columns look swapped: {int(is_swapped.sum())} of {int(is_given.sum())} "
            "inside when swapped",
            layer=read.layer,
            field=columns[0],
            expected=_example(first.value, second.value, is_swapped),
            mend=f'set {"lon" if layer.lon else "x"} = "{columns[1]}", {"lat" if layer.lon else "y"} = "{columns[0]}"',
        )
        return None
    is_zero = (first.value == 0.0) & (second.value == 0.0)
    is_stated = is_given & ~is_zero
    if units and is_stated.any() and not (is_near & is_stated).any():
        hint = suggest_crs_of(first.value[is_stated], second.value[is_stated], source, crs, district_box(units))
        _report_elsewhere(read, source, columns[0], int(is_stated.sum()), hint, problems)
        return None
    if source.is_geographic:
        _warn_of_coarse(first, second, is_stated, columns, read, problems)
    reason = np.select(
        [
            first.is_bad | second.is_bad,
            ~is_given | is_zero,
            is_swapped,
            ~(np.isfinite(x) & np.isfinite(y)),
            ~is_near,
        ],
        [BAD_PLACE, NO_PLACE, SWAPPED, NOT_A_PLACE, TOO_FAR],
        default="",
    ).astype(object)
    geometry = np.full(len(x), None, dtype=object)
    is_placed = np.isfinite(x) & np.isfinite(y) & ~np.isin(reason, [BAD_PLACE, NO_PLACE])
    geometry[is_placed] = shapely.points(x[is_placed], y[is_placed])
    is_bad = first.is_bad | second.is_bad
    values = [*read.frame[columns[0]][first.is_bad], *read.frame[columns[1]][second.is_bad]]
    detail = {BAD_PLACE: show_values(values)} if is_bad.any() else {}
    places = Places(geometry, reason, (first.is_repaired | second.is_repaired) & (reason == ""))
    _report(places, read, f"{columns[0]}, {columns[1]}", detail, problems)
    return places


def _example(first: FloatArray, second: FloatArray, chosen: BoolArray) -> str:
    index = int(np.flatnonzero(chosen)[0])
    return f"如 such as {second[index]:.4f}, {first[index]:.4f} 而非 not {first[index]:.4f}, {second[index]:.4f}"


def _report_elsewhere(
    read: ReadLayer, source: pyproj.CRS, field: str, count: int, hint: str, problems: Problems
) -> None:
    """Say that not one row lies near the district, and what the coordinates look like."""
    problems.error(
        "layer-elsewhere", read.file,
        f"没有一行在区县 {FAR_M / 1000:.0f} 公里之内 not one of {count} rows is within {FAR_M / 1000:.0f} km of the district; "
        f"按 taken as {source.name}",
        layer=read.layer, field=field, count=count, expected=hint or "区县范围内的坐标 coordinates in the district",
        mend='核对坐标系与坐标列 check the crs and the columns: crs = "EPSG:..."; 图层坐标颠倒时在 QGIS 中“交换 X 和 Y 坐标” '
        "where a layer is swapped: Swap x and y coordinates in QGIS",
    )  # fmt: skip


def _warn_of_coarse(
    first: Numbers, second: Numbers, is_stated: BoolArray, columns: tuple[str, str], read: ReadLayer, problems: Problems
) -> None:
    """Warn of degrees with under four decimals in both columns: they are rounded to 100 m and more."""
    is_coarse = is_stated & ~(first.is_repaired | second.is_repaired)
    for value in (first.value, second.value):
        with np.errstate(invalid="ignore"):
            is_coarse &= np.abs(value * 1000.0 - np.round(value * 1000.0)) < WHOLE
    report_rows(
        problems, "row-coarse-place", "warning", read.file, read.frame.index[is_coarse],
        "经纬度不到 4 位小数 degrees with under four decimals: 位置可能差 100 米以上 they may be off by 100 m and more", layer=read.layer,
        field=f"{columns[0]}, {columns[1]}", expected="至少 5 位小数 at least five decimals", mend="补上原始坐标 give the coordinates as surveyed",
    )  # fmt: skip


def _place_geometry(
    layer: SourceLayer, read: ReadLayer, units: Mapping[Level, Units], crs: pyproj.CRS, problems: Problems
) -> Places | None:
    raw = np.array(read.frame["geometry"].array, dtype=object)
    if read.crs is None:
        return None
    is_empty = shapely.is_missing(raw) | shapely.is_empty(raw)
    if read.crs.is_geographic:
        is_empty |= shapely.equals(raw, shapely.Point(0.0, 0.0))
    raw[is_empty] = None
    try:
        geometry = transform_geometry(raw, read.crs, crs, layer.datum)
    except UnreadableError as error:
        _report_crs(read, error, problems)
        return None
    is_lost = ~is_empty & has_bad_vertex(geometry)
    geometry[is_lost] = None
    is_broken = ~is_empty & ~is_lost & ~shapely.is_valid(geometry) & (shapely.get_dimensions(geometry) == 2)
    geometry[is_broken] = shapely.make_valid(geometry[is_broken], method="structure", keep_collapsed=False)
    is_lost |= is_broken & shapely.is_empty(geometry)
    is_far = ~is_empty & ~is_lost & ~_is_shape_near(geometry, units)
    is_stated = ~is_empty
    if units and is_stated.any() and not (is_stated & ~is_lost & ~is_far).any():
        hint = suggest_crs(raw[is_stated], read.crs, crs, district_box(units))
        _report_elsewhere(read, read.crs, "crs", int(is_stated.sum()), hint, problems)
        return None
    is_swapped = np.zeros(len(raw), dtype=bool)
    odd = np.flatnonzero(is_lost | is_far)
    if len(odd) and units:
        is_swapped[odd] = _is_shape_near(transform_geometry(_swap(raw[odd]), read.crs, crs, layer.datum), units)
    reason = np.select(
        [is_empty, is_swapped, is_lost, is_far], [NO_PLACE, SWAPPED, NOT_A_PLACE, TOO_FAR], default=""
    ).astype(object)
    places = Places(geometry, reason, is_broken & (reason == ""))
    report_rows(
        problems, "layer-repaired", "repaired", read.file, read.frame.index[places.is_repaired],
        "无效图形已修复 invalid polygons repaired", layer=read.layer, expected="有效的面 valid polygons",
        mend="在 GIS 中修正源文件 mend the file in a GIS",
    )  # fmt: skip
    _report(places, read, "geometry", {}, problems)
    return places


def _swap(shapes: TextArray) -> TextArray:
    """Return shapes with their axes exchanged."""
    return np.asarray(shapely.transform(shapes, lambda x, y: (y, x), interleaved=False), dtype=object)


def _is_shape_near(shapes: TextArray, units: Mapping[Level, Units]) -> BoolArray:
    """Return which shapes are within ``FAR_M`` of the box around the district."""
    box = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        gap = np.hypot(_clamp_gap(box[:, 0], box[:, 2], units, 0), _clamp_gap(box[:, 1], box[:, 3], units, 1))
        return np.asarray(np.isfinite(box).all(axis=1) & ~(gap > FAR_M), dtype=bool)


def district_box(units: Mapping[Level, Units]) -> shapely.Polygon:
    """Return the box around the district, and 20 km more: facilities near it serve its people."""
    left, bottom, right, top = district_bounds(units)
    return shapely.box(left - NEIGHBOURS_M, bottom - NEIGHBOURS_M, right + NEIGHBOURS_M, top + NEIGHBOURS_M)


def _clamp_gap(low: FloatArray, high: FloatArray, units: Mapping[Level, Units], axis: int) -> FloatArray:
    """Return how far the interval lies from the district's, in metres."""
    if not units:
        return np.zeros(len(low))
    bounds = district_bounds(units)
    return np.maximum(0.0, np.maximum(bounds[axis] - high, low - bounds[axis + 2]))


def is_near_district(x: FloatArray, y: FloatArray, units: Mapping[Level, Units]) -> BoolArray:
    """Return which places are within ``FAR_M`` of the box around the district."""
    is_placed = np.isfinite(x) & np.isfinite(y)
    gap = np.hypot(_clamp_gap(x, x, units, 0), _clamp_gap(y, y, units, 1))
    return np.asarray(is_placed & ~(gap > FAR_M), dtype=bool)


CODES = {
    NO_PLACE: "row-no-place",
    BAD_PLACE: "row-bad-place",
    NOT_A_PLACE: "row-not-a-place",
    SWAPPED: "row-swapped",
    TOO_FAR: "row-far",
}

EXPECTED = {
    NO_PLACE: "每行一个坐标 coordinates in each row",
    BAD_PLACE: "数，如 numbers such as 121.1234 / 121°07′24″",
    NOT_A_PLACE: "经度 -180 到 180，纬度 -90 到 90 a longitude and a latitude",
    SWAPPED: "先经度后纬度 longitude, then latitude",
    TOO_FAR: "离区县 100 公里以内 within 100 km of the district",
}


def _report(places: Places, read: ReadLayer, field: str, detail: Mapping[str, str], problems: Problems) -> None:
    rows = read.frame.index.to_numpy()
    for reason, code in CODES.items():
        found = f"{reason}: {detail[reason]}" if reason in detail else reason
        report_rows(
            problems,
            code,
            "set_aside",
            read.file,
            rows[places.reason == reason],
            found,
            layer=read.layer,
            field=field,
            expected=EXPECTED[reason],
            mend="修正后可用 mend the rows to have them used",
        )
    if field != "geometry":
        report_rows(
            problems,
            "row-repaired-place",
            "repaired",
            read.file,
            rows[places.is_repaired],
            "坐标写法已规范 coordinates rewritten as decimal degrees or metres",
            layer=read.layer,
            field=field,
            expected="十进制度或米 decimal degrees or metres",
            mend="无须处理 nothing to do",
        )
