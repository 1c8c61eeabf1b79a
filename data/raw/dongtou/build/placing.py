"""Where a facility can stand: beside a street, inside its village, apart from the others."""

import functools
import json
import math
from collections.abc import Callable

import drawing
import land
import numpy as np
import shapely
import shapely.affinity
import streets
from common import HERE, rng, to_lonlat, to_metric
from shapely.geometry import Point, box

Datum = Callable[[float, float], tuple[float, float]]


def same(lon: float, lat: float) -> tuple[float, float]:
    return lon, lat


@functools.cache
def plan() -> dict:
    return json.loads((HERE / "facilities.json").read_text(encoding="utf-8"))


@functools.cache
def places() -> dict[str, tuple[Point, str, str]]:
    """Name -> where, village code, township name; mainland towns have no code."""
    out = {}
    towns = land.townships().set_index("code").name
    for seat in land.seats().itertuples():
        out[seat.name] = (seat.geometry, seat.code, towns[seat.unit])
    for link in drawing.plan()["mainland"]:
        out[link["town"]] = (Point(to_metric(*link["stub"][-1])), "", link["town"] + "(区外)")
    return out


@functools.cache
def _roads() -> tuple[np.ndarray, shapely.STRtree]:
    ways = streets.ways()
    fit = ways[
        ways.highway.isin(["primary", "secondary", "tertiary", "residential", "pedestrian"]) & (ways.bridge != "yes")
    ]
    return fit.geometry.values, shapely.STRtree(fit.geometry.values)


@functools.cache
def _ground() -> dict[str, shapely.Geometry]:
    return land.villages().set_index("code").geometry.to_dict()


class Placer:
    """Finds free spots beside streets; two facilities are never on one spot."""

    def __init__(self, kind: str) -> None:
        self.random = rng("place " + kind)
        self.taken: list[Point] = []

    def _street(self, where: Point, reach: float) -> tuple[Point, tuple[float, float]]:
        lines, index = _roads()
        near = np.sort(index.query(where, predicate="dwithin", distance=reach))
        line = lines[near[self.random.integers(len(near))]]
        along = self.random.uniform(0, line.length)
        a, b = line.interpolate(along), line.interpolate(min(along + 1, line.length))
        if a.equals(b):
            a = line.interpolate(line.length - 1)
        size = math.hypot(b.x - a.x, b.y - a.y)
        return a, (-(b.y - a.y) / size, (b.x - a.x) / size)

    def beside(self, name: str, reach: float = 260.0) -> Point:
        where, code, _ = places()[name]
        lines, index = _roads()
        for attempt in range(400):
            spot, (nx, ny) = self._street(where, reach * (1 + attempt / 100))
            off = self.random.uniform(9, 32) * self.random.choice([-1, 1])
            point = Point(spot.x + nx * off, spot.y + ny * off)
            gap = point.distance(lines[index.nearest(point)])
            if point.distance(where) > reach * (1.3 + attempt / 100) or not 6 <= gap <= 40:
                continue
            if code and not _ground()[code].buffer(-12).contains(point):
                continue
            if all(point.distance(other) > 40 for other in self.taken):
                self.taken.append(point)
                return point
        raise ValueError(f"no free spot near {name}")

    def plot(self, name: str, area: float) -> shapely.Polygon:
        """A rectangle with a corner cut, one long side along a street."""
        where, code, _ = places()[name]
        shape = self.random.uniform(1.25, 1.8)
        deep = math.sqrt(area / shape)
        wide = area / deep
        for attempt in range(900):
            spot, (nx, ny) = self._street(where, 300 + attempt)
            angle = math.degrees(math.atan2(-nx, ny))
            flip = self.random.choice([-1, 1])
            base = box(-wide / 2, -deep / 2, wide / 2, deep / 2)
            if area > 2500:
                base = base.difference(box(wide * 0.34, deep * 0.2, wide, deep))
            turned = shapely.affinity.rotate(base, angle, origin=(0, 0))
            off = flip * (deep / 2 + 7)
            shaped = shapely.affinity.translate(turned, spot.x + nx * off, spot.y + ny * off)
            if _ground()[code].buffer(-10).contains(shaped) and all(shaped.distance(o) > 30 for o in self.taken):
                steep = drawing.slopes_at(shapely.get_coordinates(shaped)).max()
                if steep < 0.25 + attempt / 900:
                    self.taken.append(shaped)
                    return shaped
        raise ValueError(f"no plot near {name}")


def at(point: Point, datum: Datum = same) -> tuple[float, float]:
    lon, lat = datum(*to_lonlat(point.x, point.y))
    return round(lon, 6), round(lat, 6)
