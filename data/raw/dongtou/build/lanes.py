"""Where houses stand, and the lanes, estate streets and coastal paths among them."""

import functools
import math
from collections import defaultdict

import geopandas as gpd
import land
import numpy as np
import people
import shapely
import shapely.ops
from common import METRIC, rng
from drawing import Lines, island_shape, lattice, plan, slopes_at
from shapely.geometry import LineString, Point


def _settlements(lines: Lines) -> list[tuple[str, str, Point, float, float]]:
    """Where houses stand: at the seat and at up to two 自然村 farther along the village's roads, with the reach of
    the lanes and the direction of the road they lie along."""
    seats, head = land.seats(), people.village_people()
    roads = np.array(
        [
            line
            for line, tags, node in lines
            if node
            and tags.get("highway") in ("primary", "secondary", "tertiary", "unclassified")
            and "接线" not in tags.get("name", "")
        ]
    )
    index = shapely.STRtree(roads)
    own = land.villages().set_index("code").geometry

    def along(point: Point) -> float:
        line = roads[index.nearest(point)]
        mark = line.project(point)
        a, b = line.interpolate(max(mark - 60, 0)), line.interpolate(min(mark + 60, line.length))
        return math.degrees(math.atan2(b.y - a.y, b.x - a.x))

    out = []
    for seat in seats.itertuples():
        count = head[seat.code] if seat.code else seat.weight
        reach = float(np.clip(90 + 4.2 * math.sqrt(count), 110, 400))
        out.append((seat.code, seat.name, seat.geometry, reach, along(seat.geometry)))
        if not seat.code or seat.unit == "330305006" or seat.name in plan()["town"]["places"]:
            continue
        random = rng("hamlets " + seat.code)
        found = index.query(seat.geometry, predicate="dwithin", distance=900)
        spots = [line.interpolate(d) for line in roads[np.sort(found)] for d in np.arange(40, line.length, 90)]
        spots = [p for p in spots if own[seat.code].buffer(-70).contains(p) and reach + 150 < p.distance(seat.geometry)]
        chosen: list[Point] = []
        for k in random.permutation(len(spots)):
            if len(chosen) < (2 if count > 700 else 1) and all(spots[k].distance(p) > 350 for p in chosen):
                chosen.append(spots[k])
        out += [
            (seat.code, f"{seat.name}自然村{k}", p, reach * random.uniform(0.4, 0.65), along(p))
            for k, p in enumerate(chosen)
        ]
    return out


def lanes(lines: Lines) -> dict[str, list[Point]]:
    """Lanes round every settlement, as wide as its people need; one common street pattern in 北岙."""
    town = plan()["town"]
    seats = land.seats()
    dry = {row.island: row.geometry.buffer(-22) for row in land.islands().itertuples()}
    ashore = shapely.union_all(list(dry.values()))
    core = shapely.union_all(seats[seats.name.isin(town["places"])].buffer(town["radius_m"]).tolist())
    core = core.intersection(dry["洞头本岛"])
    centre = seats.set_index("name").geometry["城中社区"]
    settlements = _settlements(lines)
    for line in lattice(core, tuple(town["spacing_m"]), town["turn_deg"], "北岙"):
        lines.add(line, "residential")
    lines.add(
        shapely.ops.substring(
            line := min((g for g, t, _ in lines if t.get("name") == "人民路"), key=centre.distance).parallel_offset(38),
            0,
            min(320, line.length),
        ),
        "pedestrian",
        "中心街",
    )
    own = land.villages().set_index("code").geometry
    done = core
    for code, name, point, reach, turn in settlements:
        if name in town["places"] or code.startswith("330305006"):
            continue
        blob = shapely.affinity.rotate(shapely.affinity.scale(point.buffer(reach), 1.25, 0.8), turn)
        area = blob.intersection(ashore).difference(done)
        if code:
            area = area.intersection(own[code].buffer(-8))
        done = done.union(blob)
        gap = 78 if reach > 220 else 64
        for k, line in enumerate(lattice(area, (gap, gap * 1.4), turn, name)):
            steep = slopes_at(shapely.get_coordinates(line)).mean()
            kind = "steps" if steep > 0.27 else "footway" if steep > 0.2 or k % 5 == 4 else "residential"
            lines.add(line, kind if k % 7 != 6 or kind != "residential" else "service")
    centres: dict[str, list[Point]] = defaultdict(list)
    for code, _, point, _, _ in settlements:
        centres[code].append(point)
    return centres


def planned_grid(lines: Lines) -> None:
    """The wide chequerboard of the reclaimed land, with one dual carriageway and one roundabout."""
    spec = plan()["grid"]
    group = next(g for g in land.coast()["groups"] if g["id"] == spec["group"])
    ground = island_shape("灵昆岛").buffer(-90)
    seawall = shapely.simplify(island_shape("灵昆岛").buffer(-130), 15).exterior
    lines.add(LineString(seawall.coords), "tertiary", "环岛堤路")
    step = spec["street_m"] / 1000
    us, vs = np.arange(*spec["u"], step), np.arange(*spec["v"], step)
    cx, cy = spec["roundabout"]
    cx, cy = us[np.abs(us - cx).argmin()], vs[np.abs(vs - cy).argmin()]
    ring = land.to_world(Point(1000 * cx, 1000 * cy).buffer(45, quad_segs=4), group)
    every = round(spec["arterial_m"] / spec["street_m"])

    def draw(points: list[tuple[float, float]], kind: str, name: str = "", **tags: str) -> None:
        line = land.to_world(LineString([(1000 * u, 1000 * v) for u, v in points]), group)
        lines.add(line.intersection(ground).difference(ring), kind, name, **tags)

    pair = us[np.abs(us - spec["oneway_pair_u"]).argmin()]
    for k, u in enumerate(us):
        kind = "secondary" if k % every == 0 or u == cx else "residential"
        if u == pair:
            draw([(u - 0.016, v) for v in vs[::-1]], "secondary", "昆鹏路", oneway="yes", maxspeed="60")
            draw([(u + 0.016, v) for v in vs], "secondary", "昆鹏路", oneway="yes", maxspeed="60")
        else:
            draw([(u, v) for v in vs], kind, f"经{k + 1}路" if kind == "secondary" else "")
    for k, v in enumerate(vs):
        kind = "secondary" if k % every == 0 or v == cy else "residential"
        draw([(u, v) for u in us], kind, f"纬{k + 1}路" if kind == "secondary" else "")
    lines.add(LineString(ring.exterior.coords[::-1]), "secondary", "昆鹏环岛", junction="roundabout", oneway="yes")


@functools.cache
def fitness_paths() -> gpd.GeoDataFrame:
    """健身步道: stretches along the coast near a seat, walkable ground only."""
    rows = []
    wanted = [
        ("南塘湾步道", "打水鞍社区", 1500),
        ("新城滨海步道", "新城社区", 1800),
        ("渔港步道", "蓝港社区", 900),
        ("东岙沙滩步道", "东岙村", 800),
        ("韭菜岙步道", "半屏社区", 1200),
        ("东沙港步道", "东沙村", 900),
        ("三盘步道", "三盘社区", 1000),
        ("状元步道", "状元村", 900),
        ("布袋岙步道", "布袋岙村", 900),
        ("黄岙步道", "岙面村", 1100),
        ("鹿西渔港步道", "鹿西村", 900),
    ]
    seats = land.seats().set_index("name")
    for k, (name, place, length) in enumerate(wanted):
        seat = seats.loc[place]
        shore = max(shapely.get_parts(island_shape(seat.island).buffer(-60)), key=lambda part: part.area).exterior
        here = shore.project(seat.geometry)
        marks = [shore.interpolate((here + d) % shore.length) for d in np.arange(-length / 2, length / 2 + 1, 40)]
        line = shapely.simplify(LineString(marks), 4)
        lead = LineString([marks[len(marks) // 2], seat.geometry])
        rows.append(
            {
                "id": f"JSBD{k + 1:02d}",
                "name": name,
                "unit": seat.unit,
                "length_m": round(line.length),
                "lead": lead,
                "geometry": line,
            }
        )
    return gpd.GeoDataFrame(rows, crs=METRIC)
