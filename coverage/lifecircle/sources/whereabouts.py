"""Where coordinates would lie if they were something else than said: the CRS, or the order of axes, that puts them into the district.

Nothing is converted by it. It turns "the coordinates do not fit" into "they look like EPSG:4528, whose eastings carry the zone".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from lifecircle.problems import UnreadableError
from lifecircle.sources.datum import WGS84, transform_xy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lifecircle.model import FloatArray

FAR_FROM_ZONE_M = 1_000_000.0
"""A district may lie outside the zone of its CRS (which is warned of), but not so far."""
MOST_TRIED = 200  # coordinates are tried
MOST_INSIDE = 0.8  # of them must lie in the district for a CRS to be proposed
ZONES_3 = range(25, 46)
"""Numbers of the 3-degree Gauss-Kruger zones of China: EPSG 4513 (zone 25) onward carry them in the easting, 4534 onward do not."""
ZONES_6 = range(13, 24)
"""Numbers of the 6-degree zones: EPSG 4491 (zone 13) onward carry them, 4502 onward do not."""


def name_of_zone(lon: float) -> str:
    """Return the CGCS2000 3-degree CRS (without a zone number in its eastings) of a longitude, in China."""
    meridian = min(max(round(lon / 3.0) * 3, 75), 135)
    return f"EPSG:{4534 + (meridian - 75) // 3}"


@lru_cache(maxsize=16)
def _zone_box(wkt: str) -> shapely.Polygon | None:
    crs = pyproj.CRS(wkt)
    area = crs.area_of_use
    if area is None:
        return None
    lon = np.linspace(area.west, area.east, 9)
    # A UTM zone ends at the equator on paper alone: districts that lie across it, or beyond it, use either half's.
    reach = max(abs(area.south), abs(area.north))
    lat = np.linspace(-reach, reach, 9) if 0.0 in (area.south, area.north) else np.linspace(area.south, area.north, 9)
    lon, lat = (part.ravel() for part in np.meshgrid(lon, lat))
    x, y = transform_xy(lon, lat, WGS84, crs, is_strict=False)
    is_placed = np.isfinite(x) & np.isfinite(y)
    if not is_placed.any():
        return None
    return shapely.box(x[is_placed].min(), y[is_placed].min(), x[is_placed].max(), y[is_placed].max())


def crs_box(crs: pyproj.CRS) -> shapely.Polygon | None:
    """Return the box, in metres of a projected CRS, around where it is meant to be used; None where PROJ does not say."""
    return _zone_box(crs.to_wkt())


def suggest_crs(shapes: Any, own: pyproj.CRS | None, district_crs: pyproj.CRS, box: shapely.Polygon | None) -> str:
    """Return the CRS or order of axes that would put shapes into a box of the district's CRS, in words; empty where none does."""
    if box is None:
        return ""
    places = shapely.get_coordinates(shapes)
    places = places[np.isfinite(places).all(axis=1)]
    return suggest_crs_of(places[:, 0], places[:, 1], own, district_crs, box)


def suggest_crs_of(
    x: FloatArray, y: FloatArray, own: pyproj.CRS | None, district_crs: pyproj.CRS, box: shapely.Polygon
) -> str:
    """Return what :func:`suggest_crs` does, for columns of coordinates."""
    is_given = np.isfinite(x) & np.isfinite(y)
    x, y = x[is_given], y[is_given]
    if not len(x):
        return ""
    step = max(1, len(x) // MOST_TRIED)
    x, y = x[::step], y[::step]
    for is_swapped in (False, True):
        first, second = (y, x) if is_swapped else (x, y)
        for name, crs in _candidates(first, second, own, district_crs):
            if not is_swapped and own is not None and crs.equals(own, ignore_axis_order=True):
                continue
            if _share_inside(first, second, crs, district_crs, box) >= MOST_INSIDE:
                swap = "纵横坐标颠倒 coordinates swapped; " if is_swapped else ""
                return f"{swap}看来是 looks like {name} ({crs.name})"
    return ""


def _candidates(
    x: FloatArray, y: FloatArray, own: pyproj.CRS | None, district_crs: pyproj.CRS
) -> Iterator[tuple[str, pyproj.CRS]]:
    """Yield the CRSs that numbers of this size may be in, the likeliest first."""
    east, north = float(np.median(x)), float(np.median(y))
    if abs(east) <= 180.0 and abs(north) <= 90.0:
        yield "EPSG:4490", pyproj.CRS("EPSG:4490")
        return
    if own is not None and own.is_projected:
        yield own.to_string(), own
    yield district_crs.to_string(), district_crs
    zone = int(east // 1e6)
    if zone in ZONES_3:
        yield f"EPSG:{4513 + zone - 25}", pyproj.CRS(4513 + zone - 25)
    if zone in ZONES_6:
        yield f"EPSG:{4491 + zone - 13}", pyproj.CRS(4491 + zone - 13)
    if zone == 0:
        for number in (*(4534 + one for one in range(21)), *(4502 + one for one in range(11)), *range(32643, 32654)):
            yield f"EPSG:{number}", pyproj.CRS(number)
    yield "EPSG:3857", pyproj.CRS("EPSG:3857")


def _share_inside(
    x: FloatArray, y: FloatArray, crs: pyproj.CRS, district_crs: pyproj.CRS, box: shapely.Polygon
) -> float:
    try:
        there_x, there_y = transform_xy(x, y, crs, district_crs, is_strict=False)
    except UnreadableError:
        return 0.0
    left, bottom, right, top = box.bounds
    inside = (there_x >= left) & (there_x <= right) & (there_y >= bottom) & (there_y <= top)
    return float(np.mean(inside))
