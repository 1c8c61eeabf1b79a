"""Land: coasts from hand-drawn outlines, townships, villages around their seats, and hills."""

import functools
import itertools
import json
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from common import HERE, METRIC, read_csv, rng, share_out, to_metric
from rasterio.features import rasterize
from rasterio.transform import from_origin
from scipy import ndimage
from shapely import affinity
from shapely.geometry import LineString, MultiPoint, Point, Polygon
from shapely.ops import nearest_points

DEM_CELL = 30.0
SHORT_EDGE = 90.0  # metres: coasts are not drawn finer than the terrain model can see


@functools.cache
def coast() -> dict:
    return json.loads((HERE / "coast.json").read_text(encoding="utf-8"))


def _fractal(points: list[tuple[float, float]], rough: float, random: np.random.Generator) -> Polygon:
    """Midpoint displacement: each edge is broken at a middle pushed sideways in proportion to its length."""
    ring = points
    while True:
        grown: list[tuple[float, float]] = []
        for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
            grown.append((x0, y0))
            length = math.hypot(x1 - x0, y1 - y0)
            push = random.uniform(-rough, rough)  # drawn even if unused: one edge must not shift the next
            if length > SHORT_EDGE:
                grown.append(((x0 + x1) / 2 - push * (y1 - y0), (y0 + y1) / 2 + push * (x1 - x0)))
        if len(grown) == len(ring):
            break
        ring = grown
    shape = Polygon(ring).buffer(0)
    return max(getattr(shape, "geoms", [shape]), key=lambda part: part.area)


def to_world(shape: shapely.Geometry, group: dict, scale: float = 1.0) -> shapely.Geometry:
    x0, y0 = to_metric(group["centre"][1], group["centre"][0])
    turned = affinity.rotate(affinity.scale(shape, scale, scale, origin=(0, 0)), group["axis"], origin=(0, 0))
    return affinity.translate(turned, x0, y0)


def _in_frame(group: dict) -> list[Polygon]:
    random = rng("coast " + group["id"])
    outlines = [[(1000 * u, 1000 * v) for u, v in island["outline"]] for island in group["islands"]]
    return [_fractal(outline, group["rough"], random) for outline in outlines]


@functools.cache
def group_scale() -> dict[str, float]:
    """By how much each drawn group must be stretched to have its known area."""
    return {
        group["id"]: math.sqrt(group["area"] * 1e6 / sum(part.area for part in _in_frame(group)))
        for group in coast()["groups"]
    }


@functools.cache
def islands() -> gpd.GeoDataFrame:
    """Every island, stretched to its group's area and moved so that the group's centre is where it is known to be."""
    rows = []
    for group in coast()["groups"]:
        parts = [to_world(part, group, group_scale()[group["id"]]) for part in _in_frame(group)]
        middle = shapely.union_all(parts).centroid
        x0, y0 = to_metric(group["centre"][1], group["centre"][0])
        for island, part in zip(group["islands"], parts, strict=True):
            moved = affinity.translate(part, x0 - middle.x, y0 - middle.y)
            rows.append(
                {
                    "island": island["name"],
                    "group": group["id"],
                    "unit": island["unit"],
                    "peak": island["peak"],
                    "geometry": shapely.set_precision(moved, 0.01),
                }
            )
    return gpd.GeoDataFrame(rows, crs=METRIC)


def _pieces() -> gpd.GeoDataFrame:
    """Islands cut where a township border crosses them."""
    rows = []
    groups = {group["id"]: group for group in coast()["groups"]}
    for island in islands().itertuples():
        faces = [(island.unit, island.geometry)]
        for border in coast()["borders"]:
            if border["island"] != island.island:
                continue
            group = groups[border["group"]]
            line = to_world(LineString([(1000 * u, 1000 * v) for u, v in border["line"]]), group)
            wavy = _wavy(line, 0.06, "border " + border["unit"])
            side = Polygon([*wavy.coords, *_far(line, border["side"])]).buffer(0)
            faces = [
                (border["unit"], island.geometry.intersection(side)),
                (island.unit, island.geometry.difference(side)),
            ]
        for unit, shape in faces:
            rows += [
                {"island": island.island, "unit": unit, "geometry": part}
                for part in getattr(shape, "geoms", [shape])
                if part.area > 1
            ]
    return gpd.GeoDataFrame(rows, crs=METRIC)


def _far(line: LineString, side: str) -> list[tuple[float, float]]:
    (x0, y0), (x1, y1) = line.coords[0], line.coords[-1]
    turn = 1 if side == "left" else -1
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = -turn * (y1 - y0) / length * 30000, turn * (x1 - x0) / length * 30000
    return [(x1 + dx, y1 + dy), (x0 + dx, y0 + dy)]


def _wavy(line: LineString, rough: float, name: str) -> LineString:
    random, points = rng(name), list(line.coords)
    for _ in range(4):
        grown = [points[0]]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            push = random.uniform(-rough, rough)
            grown += [((x0 + x1) / 2 - push * (y1 - y0), (y0 + y1) / 2 + push * (x1 - x0)), (x1, y1)]
        points = grown
    return LineString(points)


@functools.cache
def seats() -> gpd.GeoDataFrame:
    """Village seats and hamlets, moved ashore (150 m inside the coast) where the drawn coast left them wet."""
    pieces, rows = _pieces(), []
    for place in read_csv("places.csv"):
        point = Point(to_metric(float(place["lon"]), float(place["lat"])))
        own = pieces[pieces.unit == place["unit"]]
        inner = shapely.union_all([part.buffer(-150) if part.area > 4e5 else part.buffer(-60) for part in own.geometry])
        point = nearest_points(inner, point)[0]
        island = own.iloc[own.distance(point).argmin()].island
        rows.append(place | {"weight": float(place["weight"]), "island": island, "geometry": point})
    return gpd.GeoDataFrame(rows, crs=METRIC)


@functools.cache
def villages() -> gpd.GeoDataFrame:
    """Each piece of a township is shared among the seats on it; all lines are noded together, so that villages and
    townships form one exact coverage."""
    pieces = _pieces()
    places = seats()[seats().code != ""]
    lines, cells = list(pieces.boundary), []
    for piece in pieces.itertuples():
        own = places[(places.unit == piece.unit) & (places.island == piece.island)]
        if len(own) > 1:
            diagram = shapely.voronoi_polygons(
                MultiPoint(list(own.geometry)), extend_to=piece.geometry.envelope, only_edges=True
            )
            lines.append(diagram.intersection(piece.geometry))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines, grid_size=0.01))))
    for face in faces:
        inside = face.representative_point()
        found = pieces[pieces.contains(inside)]
        if found.empty:
            continue  # a hole closed by lines, not land
        own = places[places.unit == found.iloc[0].unit]
        here = own[own.island == found.iloc[0].island]
        own = own if here.empty else here
        cells.append({"code": own.iloc[own.distance(inside).argmin()].code, "geometry": face})
    frame = gpd.GeoDataFrame(cells, crs=METRIC).dissolve("code", method="coverage").reset_index()
    frame = frame.merge(places[["code", "name", "unit"]], on="code").sort_values("code", ignore_index=True)
    names = {row["code"]: row for row in read_csv("townships.csv")}
    frame["township"] = frame.unit.map(lambda unit: names[unit]["name"])
    frame["registered"] = 0
    for unit, rows in frame.groupby("unit"):
        weight = places.set_index("code").weight[rows.code].to_numpy()
        # Spread more evenly than residents: people moved to town, their household registers stayed in the village.
        frame.loc[rows.index, "registered"] = share_out(int(names[unit]["registered"]), weight**0.8)
    return frame


@functools.cache
def townships() -> gpd.GeoDataFrame:
    """Townships are the union of their villages, vertex for vertex."""
    frame = villages()[["unit", "geometry"]].dissolve("unit", method="coverage").reset_index()
    facts = pd.DataFrame(read_csv("townships.csv"))
    return facts.merge(frame, left_on="code", right_on="unit").pipe(gpd.GeoDataFrame, crs=METRIC)


@functools.cache
def grid() -> tuple[rasterio.Affine, int, int]:
    """The terrain grid: every island with 600 m of sea round it, on whole hundreds of metres."""
    west, south, east, north = islands().total_bounds
    west, south = math.floor(west / 100) * 100 - 600, math.floor(south / 100) * 100 - 600
    east, north = math.ceil(east / 100) * 100 + 600, math.ceil(north / 100) * 100 + 600
    wide, high = math.ceil((east - west) / 300) * 10, math.ceil((north - south) / 300) * 10
    return from_origin(west, south + high * DEM_CELL, DEM_CELL, DEM_CELL), high, wide


@functools.cache
def height() -> np.ndarray:
    """Modelled hills: rising from the coast, ridged by smooth noise, cut by a valley at every village seat, and
    stretched so that each island has the summit height its gazetteer gives. NaN is sea."""
    transform, high, wide = grid()
    random = rng("hills")
    noise = sum(_smooth(random, (high, wide), size) * size**0.9 for size in (60, 30, 14, 7))
    ridges = 1 - np.abs(noise) / np.abs(noise).max() * 1.6
    rows, cols = np.mgrid[0:high, 0:wide]
    x, y = transform.c + (cols + 0.5) * DEM_CELL, transform.f - (rows + 0.5) * DEM_CELL
    flat = np.zeros((high, wide))
    for seat in seats().itertuples():
        reach = 170 + 170 * math.sqrt(max(seat.weight, 0.2)) if seat.code else 120
        reach = min(reach, 560)
        distance = (x - seat.geometry.x) ** 2 + (y - seat.geometry.y) ** 2
        flat = np.maximum(flat, np.exp(-distance / (2 * reach**2)))
    out = np.full((high, wide), np.nan)
    fine = _smooth(random, (high, wide), 4)
    for island in islands().itertuples():
        mask = rasterize([island.geometry], (high, wide), transform=transform, all_touched=True).astype(bool)
        inland = np.minimum(ndimage.distance_transform_edt(mask) * DEM_CELL, 1100)
        inland = ndimage.gaussian_filter(inland, 6) * mask  # distance alone would crease along the island's middle
        if island.island == "灵昆岛":
            out[mask] = np.clip(3.4 + 0.7 * fine[mask], 2, 5)
            continue
        shape = (inland / (inland.max() + 1)) ** 0.85 * np.clip(ridges + 0.25, 0.12, None) * (1 - 0.93 * flat)
        peak = np.where(mask, shape, 0).max()
        hills = (shape / peak) ** 1.15 * (island.peak - 3) + 3 + fine * 0.6
        out[mask] = np.clip(hills[mask], 1, island.peak)
    return out


def _smooth(random: np.random.Generator, shape: tuple[int, int], size: float) -> np.ndarray:
    field = ndimage.gaussian_filter(random.standard_normal(shape), size)
    return field / field.std()


def slope() -> np.ndarray:
    dy, dx = np.gradient(np.nan_to_num(height(), nan=0.0), DEM_CELL)
    return np.hypot(dx, dy)
