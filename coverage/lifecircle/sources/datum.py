"""Where on Earth: the shifted Chinese datums, and the way to the district's metric CRS and back.

GCJ-02 (高德, 腾讯) and BD-09 (百度) shift a place by 0.5 to 1.2 km, as much as the radii that rules ask for, and PROJ does not know
them. The forward formulas are the public ones; the way back is found by iterating them, not by the usual one-step
estimate that is off by up to a metre. CGCS2000 and WGS-84 differ by less than a metre on the ground and are the same
numbers here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from lifecircle.model import BoolArray, FloatArray
from lifecircle.problems import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lifecircle.config.schema import Datum

Pair = tuple[FloatArray, FloatArray]

AXIS_M = 6378245.0  # Krasovsky 1940, as in the public GCJ-02 formula
ECCENTRICITY_SQUARED = 0.00669342162296594323
BAIDU_PI = np.pi * 3000.0 / 180.0
CHINA_LON = (72.004, 137.8347)  # outside this rectangle neither datum shifts
CHINA_LAT = (0.8293, 55.8271)
MOST_ITERATIONS = 40
STILL_DEG = 1e-13  # about 10 nm

WGS84 = pyproj.CRS("EPSG:4326")
# Datums whose coordinates are WGS-84's to within a metre; PROJ calls the way between them "ballpark".
SAME_AS_WGS84 = (
    "worldgeodeticsystem1984", "wgs1984", "wgs84", "china2000", "cgcs2000", "chinageodetic2000",
    "chinageodeticcoordinatesystem2000",
)  # fmt: skip
NEEDS_PARAMETERS = {"beijing1954": "北京54", "beijing54": "北京54", "xian1980": "西安80", "xian80": "西安80"}


def is_in_china(lon: FloatArray, lat: FloatArray) -> BoolArray:
    """Return where the GCJ-02 shift applies: the rectangle of the public formula."""
    inside = (lon >= CHINA_LON[0]) & (lon <= CHINA_LON[1]) & (lat >= CHINA_LAT[0]) & (lat <= CHINA_LAT[1])
    return np.asarray(inside, dtype=bool)


def _gcj02_shift(lon: FloatArray, lat: FloatArray) -> Pair:
    """Return the GCJ-02 shift in degrees (lon, lat) at WGS-84 places, everywhere."""
    x, y = lon - 105.0, lat - 35.0
    root, pi = np.sqrt(np.abs(x)), np.pi
    ripple = (20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    latitude = np.radians(lat)
    curve = 1.0 - ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    meridian_m = AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (curve * np.sqrt(curve))
    parallel_m = AXIS_M / np.sqrt(curve) * np.cos(latitude)
    return np.degrees(east / parallel_m), np.degrees(north / meridian_m)


def _wgs84_to_gcj02(lon: FloatArray, lat: FloatArray) -> Pair:
    shift_lon, shift_lat = _gcj02_shift(lon, lat)
    return lon + shift_lon, lat + shift_lat


def _gcj02_to_bd09(lon: FloatArray, lat: FloatArray) -> Pair:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BAIDU_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BAIDU_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _invert(forward: Callable[[FloatArray, FloatArray], Pair], lon: FloatArray, lat: FloatArray) -> Pair:
    """Return the places that ``forward`` takes to ``lon, lat``, by fixed-point iteration (the shifts vary slowly)."""
    found_lon, found_lat = lon.copy(), lat.copy()
    for _ in range(MOST_ITERATIONS):
        there_lon, there_lat = forward(found_lon, found_lat)
        miss_lon, miss_lat = lon - there_lon, lat - there_lat
        found_lon, found_lat = found_lon + miss_lon, found_lat + miss_lat
        if not max(np.abs(miss_lon).max(initial=0.0), np.abs(miss_lat).max(initial=0.0)) > STILL_DEG:
            break
    return found_lon, found_lat


def _where_in_china(lon: Any, lat: Any, shift: Callable[[FloatArray, FloatArray], Pair]) -> Pair:
    lon, lat = (np.array(part, dtype=np.float64) for part in np.broadcast_arrays(lon, lat))
    inside = is_in_china(lon, lat)  # False where not finite
    if inside.any():
        lon[inside], lat[inside] = shift(lon[inside], lat[inside])
    return lon, lat


def to_wgs84(lon: Any, lat: Any, datum: Datum) -> Pair:
    """Return WGS-84 longitude and latitude of places given in ``datum``.

    Parameters
    ----------
    lon, lat
        Degrees, any shape; NaN stays NaN.
    datum
        ``wgs84`` and ``cgcs2000`` are returned as they are: the two agree to less than a metre. ``gcj02`` and ``bd09`` are
        inverted to under 1 mm against the forward formula; outside China nothing is shifted.

    Returns
    -------
    lon, lat
        Degrees.

    Notes
    -----
    The formula has a jump at the edge of its rectangle (far out at sea or abroad); within 1 km of that edge the inverse may
    be off by the shift.
    """

    def undo(lon: FloatArray, lat: FloatArray) -> Pair:
        if datum == "bd09":
            lon, lat = _invert(_gcj02_to_bd09, lon, lat)
        return _invert(_wgs84_to_gcj02, lon, lat)

    if datum in ("gcj02", "bd09"):
        return _where_in_china(lon, lat, undo)
    return np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)


def from_wgs84(lon: Any, lat: Any, datum: Datum) -> Pair:
    """Return longitude and latitude in ``datum`` of WGS-84 places; the forward formulas, in degrees."""

    def shift(lon: FloatArray, lat: FloatArray) -> Pair:
        lon, lat = _wgs84_to_gcj02(lon, lat)
        return _gcj02_to_bd09(lon, lat) if datum == "bd09" else (lon, lat)

    if datum in ("gcj02", "bd09"):
        return _where_in_china(lon, lat, shift)
    return np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)


def parse_crs(text: str) -> pyproj.CRS:
    """Return the CRS that ``text`` names (``EPSG:4549``, WKT ...).

    Raises
    ------
    UnreadableError
        Where PROJ does not know it.
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except CRSError as error:
        raise UnreadableError(f'不认识的坐标系 unknown CRS "{text}"') from error


def _datum_name(crs: pyproj.CRS) -> str:
    geodetic = crs.geodetic_crs
    name = geodetic.datum.name if geodetic is not None and geodetic.datum is not None else ""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def needs_parameters(crs: pyproj.CRS) -> str:
    """Return the Chinese name of an old datum that cannot be placed without local parameters, or an empty text."""
    name = _datum_name(crs)
    return next((label for key, label in NEEDS_PARAMETERS.items() if key in name), "")


def is_same_as_wgs84(crs: pyproj.CRS) -> bool:
    """Whether the CRS stands on WGS-84 or CGCS2000, which are taken as one."""
    name = _datum_name(crs)
    return any(known in name for known in SAME_AS_WGS84)


@lru_cache(maxsize=64)
def _transformer(source_wkt: str, target_wkt: str) -> pyproj.Transformer:
    source, target = pyproj.CRS(source_wkt), pyproj.CRS(target_wkt)
    if _datum_name(source) != _datum_name(target):
        for crs in (source, target):
            old = needs_parameters(crs)
            if old:
                raise UnreadableError(
                    f"{old} ({crs.name}) 到 {target.name} 没有公开的转换参数 has no public transformation parameters; "
                    "请用本地七参数转换后再用 transform it with your local parameters first"
                )
    is_one_family = is_same_as_wgs84(source) and is_same_as_wgs84(target)
    try:
        return pyproj.Transformer.from_crs(source, target, always_xy=True, allow_ballpark=is_one_family)
    except ProjError as error:
        raise UnreadableError(
            f"没有从 {source.name} 到 {target.name} 的可靠转换 no reliable transformation from {source.name}"
        ) from error


def transform_xy(x: Any, y: Any, source: pyproj.CRS, target: pyproj.CRS, *, is_strict: bool = True) -> Pair:
    """Return coordinates in ``target`` of places in ``source``; x is always easting or longitude.

    Parameters
    ----------
    is_strict
        Refuse places that cannot be transformed; otherwise they become NaN.

    Raises
    ------
    UnreadableError
        Where there is no reliable way between the two (Beijing54, Xian80), or, if strict, a result is not finite.
    """
    transformer = _transformer(source.to_wkt(), target.to_wkt())
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    try:
        out_x, out_y = transformer.transform(x, y, errcheck=is_strict)
    except ProjError as error:
        raise UnreadableError(f"坐标与坐标系 {source.name} 不符 coordinates do not fit {source.name}") from error
    out_x, out_y = np.asarray(out_x, dtype=np.float64), np.asarray(out_y, dtype=np.float64)
    is_placed = np.isfinite(out_x) & np.isfinite(out_y)
    if is_strict and not is_placed.all():
        raise UnreadableError(f"坐标与坐标系 {source.name} 不符 coordinates do not fit {source.name}")
    return np.where(is_placed, out_x, np.nan), np.where(is_placed, out_y, np.nan)


def to_district(x: Any, y: Any, source_crs: pyproj.CRS, district_crs: pyproj.CRS, *, is_strict: bool = True) -> Pair:
    """Return metres in the district's CRS; see :func:`transform_xy`."""
    return transform_xy(x, y, source_crs, district_crs, is_strict=is_strict)


def to_lonlat(x: Any, y: Any, district_crs: pyproj.CRS, *, is_strict: bool = True) -> Pair:
    """Return WGS-84 degrees of places in the district's CRS; see :func:`transform_xy`."""
    return transform_xy(x, y, district_crs, WGS84, is_strict=is_strict)


def transform_geometry(geometry: Any, source: pyproj.CRS, target: pyproj.CRS, datum: Datum | None = None) -> Any:
    """Return geometries in ``target``, every vertex moved, heights dropped.

    A vertex that cannot be transformed becomes infinite; the caller looks for it.

    Parameters
    ----------
    datum
        Where ``gcj02`` or ``bd09``, ``source`` is only how the shifted coordinates are written.

    Raises
    ------
    UnreadableError
        Where there is no reliable way between the two.
    """

    def move(x: FloatArray, y: FloatArray) -> Pair:
        if datum in ("gcj02", "bd09"):
            if source != WGS84:
                x, y = transform_xy(x, y, source, WGS84, is_strict=False)
            x, y = to_wgs84(x, y, datum)
            x, y = transform_xy(x, y, WGS84, target, is_strict=False)
        else:
            x, y = transform_xy(x, y, source, target, is_strict=False)
        # NaN is not equal to itself, so that a ring of it would not close.
        return np.where(np.isnan(x), np.inf, x), np.where(np.isnan(y), np.inf, y)

    return shapely.transform(geometry, move, interleaved=False)


def district_crs_fault(text: str) -> str:
    """Return what makes ``text`` unfit as a district's CRS, or an empty text where it is projected, in metres."""
    try:
        crs = parse_crs(text)
    except UnreadableError as error:
        return str(error)
    old = needs_parameters(crs)
    if old:
        return f"{text} 是{old}坐标系 stands on an old datum ({crs.name})"
    if not crs.is_projected:
        return f"{text} 不是投影坐标系 is not a projected CRS ({crs.name})"
    units = {axis.unit_name for axis in crs.axis_info[:2]}
    if not units <= {"metre", "meter", "m"}:
        return f"{text} 的单位不是米 is not in metres ({', '.join(sorted(units))})"
    return ""
