"""Whether places lie where they should: a layer in another CRS, order of axes or datum than is said, a part of one, and places off the streets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from lifecircle.problems import UnreadableError
from lifecircle.sources.datum import WGS84, from_wgs84, is_in_china, to_lonlat, to_wgs84, transform_xy
from lifecircle.sources.tables import report_rows, show_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from lifecircle.config import Configuration
    from lifecircle.config.schema import Datum
    from lifecircle.model import BoolArray, Facilities, FloatArray, Roads
    from lifecircle.problems import Problems


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


FAR_FROM_ROADS_M = 500.0
LEAST_POINTS = 5
"""Fewer say nothing: two of three points may come nearer by luck."""
OFF_M = 25.0
"""Places that lie at streets are nearer than this; half a dense block away is not."""
FITS = 0.4
"""A shift fits where it brings the median distance under this share of what it was."""
NEARER_SHARE = 0.75
MIXED_SHARE, LEAST_MIXED = 0.2, 4
SHIFTED_FROM_M, SHIFTED_TO_M = 30.0, 12.0
"""A single point is taken as shifted that lies farther than the one from a street, and nearer than the other once the shift is taken away."""
TURNS = tuple(range(45, 360, 45))
"""Shifts of the same length in other directions, which show what chance does."""
NAMES: dict[str, str] = {"gcj02": "GCJ-02（高德、腾讯）", "bd09": "BD-09（百度）"}
Pair = tuple[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """How far points lie from the streets, as they are and with a shift taken away."""

    datum: Datum
    metres: float
    """The length of the shift, median."""
    raw: FloatArray
    shifted: FloatArray
    turned: tuple[FloatArray, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the whole layer comes to the streets by this shift, and by no other of its length."""
        before, after = float(np.median(self.raw)), float(np.median(self.shifted))
        by_chance = [float(np.median(one)) for one in self.turned]
        nearer = float(np.mean(self.shifted < self.raw))
        return (
            before > OFF_M
            and after < FITS * before
            and nearer >= NEARER_SHARE
            and _stands_out(-after, [-one for one in by_chance])
        )

    @property
    def is_shifted(self) -> BoolArray:
        """Which points come to a street by it."""
        return _comes_near(self.raw, self.shifted)

    @property
    def is_mixed(self) -> bool:
        """Whether far more points come to the streets by it than by other shifts."""
        count = int(self.is_shifted.sum())
        by_chance = [float(_comes_near(self.raw, one).sum()) for one in self.turned]
        is_many = count >= max(LEAST_MIXED, MIXED_SHARE * len(self.raw), 2.0 * float(np.median(by_chance)) + 2.0)
        return is_many and _stands_out(count, by_chance)


def _stands_out(value: float, by_chance: list[float]) -> bool:
    """Whether a value is above all that chance gave."""
    return value > max(by_chance)


def _comes_near(raw: FloatArray, shifted: FloatArray) -> BoolArray:
    return np.asarray((raw > SHIFTED_FROM_M) & (shifted < SHIFTED_TO_M), dtype=bool)


def check_positions(
    configuration: Configuration, facilities: Facilities, roads: Roads | None, crs: pyproj.CRS, problems: Problems
) -> None:
    """Warn of facilities that the streets say are in another datum, and of those that are far from any street.

    Asked of points of layers that are said to be WGS-84 or CGCS2000, within the box that the streets fill, in China.
    """
    frame = facilities.frame
    if roads is None or not len(roads) or not len(frame):
        return
    streets = _street_tree(roads)
    is_used = (frame["status"] == "used").to_numpy()
    _warn_of_far(frame[is_used & frame["is_inside"].to_numpy(dtype=bool)], streets, problems)
    box = shapely.box(roads.x.min(), roads.y.min(), roads.x.max(), roads.y.max())
    shape = frame["geometry"].to_numpy(dtype=object)
    is_point = (shapely.get_type_id(shape) == 0) & is_used
    is_point[is_point] = shapely.intersects(box, shape[is_point])
    for kind in dict.fromkeys(frame["kind"][is_point]):
        layers = [(index, layer) for index, layer in enumerate(configuration.facilities) if layer.kind == kind]
        if len(layers) != 1 or layers[0][1].datum in ("gcj02", "bd09"):
            continue  # of two layers of a kind it is not known which a row is of
        rows = frame[is_point & (frame["kind"] == kind).to_numpy()]
        _check_layer(rows, layers[0][1].path, layers[0][0], streets, crs, problems)


def _street_tree(roads: Roads) -> shapely.STRtree:
    """Return the segments of all ways, to measure to; a way of one node is none."""
    start = np.delete(np.arange(len(roads.way_node)), roads.way_start[1:] - 1)
    first, second = roads.way_node[start], roads.way_node[start + 1]
    ends = np.stack(
        [np.column_stack([roads.x[first], roads.y[first]]), np.column_stack([roads.x[second], roads.y[second]])], axis=1
    )
    return shapely.STRtree(shapely.linestrings(ends))


def _distances(streets: shapely.STRtree, shapes: Any) -> FloatArray:
    """Return the metres from each shape to the nearest street."""
    (index, _), metres = streets.query_nearest(shapes, return_distance=True, all_matches=False)
    found = np.full(len(shapes), np.inf)
    found[index] = metres
    return found


def _warn_of_far(frame: pd.DataFrame, streets: shapely.STRtree, problems: Problems) -> None:
    metres = _distances(streets, frame["geometry"].to_numpy(dtype=object))
    for kind in dict.fromkeys(frame["kind"][metres > FAR_FROM_ROADS_M]):
        is_far = (frame["kind"] == kind).to_numpy() & (metres > FAR_FROM_ROADS_M)
        order = np.flatnonzero(is_far)[np.argsort(-metres[is_far])]
        listed = [f"{frame['facility_id'].iloc[i]} {metres[i]:.0f} m" for i in order]
        report_rows(
            problems, "facilities-far-from-roads", "warning", f"facilities: {kind}", frame["facility_id"].iloc[order],
            f"离最近的道路超过 {FAR_FROM_ROADS_M:.0f} 米 more than {FAR_FROM_ROADS_M:.0f} m from any street: {show_rows(listed)}",
            field="geometry", expected=f"道路 {FAR_FROM_ROADS_M:.0f} 米内 within {FAR_FROM_ROADS_M:.0f} m of a street",
            mend="核对坐标与坐标系，或补上道路 check the coordinates and the crs, or add the streets that are missing",
        )  # fmt: skip


def _check_layer(
    frame: pd.DataFrame, path: str, index: int, streets: shapely.STRtree, crs: pyproj.CRS, problems: Problems
) -> None:
    if len(frame) < LEAST_POINTS:
        return
    place = shapely.get_coordinates(frame["geometry"].to_numpy(dtype=object))
    lon, lat = to_lonlat(place[:, 0], place[:, 1], crs, is_strict=False)
    if not is_in_china(lon, lat).all():
        return
    raw = _distances(streets, shapely.points(place))
    fits = [_fit(datum, (lon, lat), place, raw, streets, crs, is_back=True) for datum in ("gcj02", "bd09")]
    field = f"facilities[{index + 1}].datum"
    whole = min((one for one in fits if one.is_whole), key=lambda one: float(np.median(one.shifted)), default=None)
    if whole is not None:
        problems.add(
            "layer-datum-doubtful", "warning", path,
            f"看来是 looks like {NAMES[whole.datum]}: 减去偏移（{whole.metres:.0f} 米）后，到道路的中位距离 the median distance to the streets "
            f"{np.median(whole.raw):.0f} -> {np.median(whole.shifted):.0f} m once the shift of {whole.metres:.0f} m is taken away",
            field=field, count=len(frame), expected="与道路同一坐标系 the datum of the streets",
            mend=f'核对来源；若是则写 ask where it is from; if so, set datum = "{whole.datum}"。未作转换 nothing was converted',
        )  # fmt: skip
        return
    mixed = max((one for one in fits if one.is_mixed), key=lambda one: int(one.is_shifted.sum()), default=None)
    if mixed is not None:
        _report_mixed(frame, mixed, path, field, problems)
        return
    streets_off = [_fit(datum, (lon, lat), place, raw, streets, crs, is_back=False) for datum in ("gcj02", "bd09")]
    other = min(
        (one for one in streets_off if one.is_whole), key=lambda one: float(np.median(one.shifted)), default=None
    )
    if other is not None:
        problems.add(
            "roads-datum-doubtful", "warning", path,
            f"道路看来是 the streets look like {NAMES[other.datum]}: 设施加上偏移后到道路的中位距离 with the shift the facilities' median distance to "
            f"them is {np.median(other.raw):.0f} -> {np.median(other.shifted):.0f} m",
            field="roads.datum", count=len(frame), expected="与设施同一坐标系 the datum of the facilities",
            mend=f'核对道路来源；若是则写 ask where the streets are from; if so, [roads] datum = "{other.datum}"',
        )  # fmt: skip


def _fit(
    datum: Datum,
    lonlat: Pair,
    place: FloatArray,
    raw: FloatArray,
    streets: shapely.STRtree,
    crs: pyproj.CRS,
    *,
    is_back: bool,
) -> _Fit:
    """Return how points lie with the shift of a datum taken away (``is_back``), or added."""
    there = to_wgs84(*lonlat, datum) if is_back else from_wgs84(*lonlat, datum)
    x, y = transform_xy(*there, WGS84, crs, is_strict=False)
    east, north = x - place[:, 0], y - place[:, 1]
    turned = []
    for degrees in TURNS:
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        moved = shapely.points(place[:, 0] + cosine * east - sine * north, place[:, 1] + sine * east + cosine * north)
        turned.append(_distances(streets, moved))
    metres = float(np.median(np.hypot(east, north)))
    return _Fit(datum, metres, raw, _distances(streets, shapely.points(x, y)), tuple(turned))


def _report_mixed(frame: pd.DataFrame, fit: _Fit, path: str, field: str, problems: Problems) -> None:
    chosen = fit.is_shifted
    source = _source_column(frame, chosen)
    split = (
        f'分成两个图层 give them as two layers: where = {{ {source[0]} = "{source[1]}" }}, datum = "{fit.datum}"'
        if source
        else f'分成两个图层，一个写 give them as two layers, one with datum = "{fit.datum}"'
    )
    report_rows(
        problems, "layer-datum-mixed", "warning", path, frame["facility_id"][chosen],
        f"{int(chosen.sum())} / {len(frame)} 处看来是 look like {NAMES[fit.datum]}，偏移约 shifted by about {fit.metres:.0f} m"
        + (f"；它们的 their {source[0]} = {source[1]}" if source else ""),
        field=field, expected="一个图层一种坐标系 one datum a layer", mend=f"核对来源 ask where they are from; {split}。未作转换 nothing was converted",
    )  # fmt: skip


def _source_column(frame: pd.DataFrame, chosen: BoolArray) -> tuple[str, str] | None:
    """Return the attribute and its value that tell the shifted rows from the others, where one does."""
    own = {"facility_id", "kind", "name", "lon", "lat", "status", "reason", "is_inside", "geometry"}
    for column in (name for name in frame.columns if name not in own):
        values = frame[column].astype(str).to_numpy(dtype=object)
        if not 2 <= len(set(values)) <= 10:
            continue
        for value in dict.fromkeys(values[chosen]):
            of_it = values == value
            if np.mean(of_it[chosen]) >= 0.9 and np.mean(chosen[of_it]) >= 0.5:
                return str(column), str(value)
    return None
