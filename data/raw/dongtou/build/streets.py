"""Main roads, bridges, dyke and boats; the whole network, written as OpenStreetMap data."""

import functools
import math
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import land
import numpy as np
import osmium
import shapely
from common import METRIC, to_lonlat, to_metric
from drawing import Lines, island_shape, lattice, plan, slopes_at
from joining import join
from lanes import fitness_paths, lanes, planned_grid
from routes import router
from shapely.geometry import LineString, Point
from shapely.ops import nearest_points

Stop = tuple[str, int]  # island, cell of its router


def skeleton(lines: Lines) -> None:
    """Named routes, then every seat tied to its two nearest neighbours, then boats, then paths up the hills."""
    seats = land.seats()
    stops = {
        seat.name: (seat.island, router(seat.island).cell(seat.geometry.x, seat.geometry.y))
        for seat in seats.itertuples()
    }
    _named_routes(stops, _bridges(lines))
    for island, own in seats.groupby("island", sort=True):
        for seat in own.itertuples():
            others = own[own.name != seat.name]
            for near in others.assign(d=others.distance(seat.geometry)).nsmallest(2, "d").itertuples():
                kind = "tertiary" if seat.weight >= 0.9 else "unclassified"
                router(island).lay(stops[seat.name][1], stops[near.name][1], kind)
    _boats(lines, stops)
    _hill_paths(stops)
    for island in land.islands().island:
        for line, highway, name in router(island).chains():
            steep = highway == "path" and slopes_at(shapely.get_coordinates(line)).mean() > 0.42
            limit = {"secondary": {"maxspeed": "40"}, "primary": {"maxspeed": "60"}}.get(highway, {})
            lines.add(line, "steps" if steep else highway, name, **limit)


def _named_routes(stops: dict[str, Stop], heads: dict[str, list[Stop]]) -> None:
    """A bridge is a stop on both its islands: each route takes the head on the island it is on."""
    for route in plan()["routes"]:
        for start, end in pairwise(route["through"]):
            for island, a in heads.get(start) or [stops[start]]:
                for other, b in heads.get(end) or [stops[end]]:
                    if island == other:
                        router(island).lay(a, b, route["highway"], route["name"])


def _hill_paths(stops: dict[str, Stop]) -> None:
    seats = land.seats()
    for island in land.islands().island:
        way = router(island)
        if way.z.max() < 60 or not way.edges:
            continue
        top = int(np.argmax(np.where(way.free, way.z, -1)))
        own = seats[seats.island == island]
        for seat in own.assign(d=own.distance(Point(way.point(top)))).nsmallest(3, "d").itertuples():
            way.lay(stops[seat.name][1], top, "path", f"{island.removesuffix('岛')}登山步道")


def _bridges(lines: Lines) -> dict[str, list[Stop]]:
    heads: dict[str, list[Stop]] = defaultdict(list)

    def head(name: str, island: str, shore: Point) -> tuple[float, float]:
        way = router(island)
        cell = way.cell(shore.x, shore.y)
        heads[name].append((island, cell))
        return way.point(cell)

    for bridge in plan()["bridges"]:
        sides = [island_shape(bridge["from"]), island_shape(bridge["to"])]
        if "near" in bridge:  # not where the channel is narrowest
            sides = [side.intersection(Point(to_metric(*bridge["near"])).buffer(900)) for side in sides]
        near, far = nearest_points(*sides)
        ends = head(bridge["name"], bridge["from"], near), head(bridge["name"], bridge["to"], far)
        lines.add(
            LineString(ends),
            bridge["highway"],
            bridge["name"],
            node=False,
            bridge="yes",
            layer="1",
            maxspeed="60",
        )
    for link in plan()["mainland"]:
        far = Point(to_metric(*link["bridge_to"]))
        start = head(link["name"], link["from"], nearest_points(island_shape(link["from"]), far)[0])
        lines.add(
            LineString([start, far.coords[0]]),
            link["highway"],
            link["name"],
            node=False,
            bridge="yes",
            layer="1",
            maxspeed=link["maxspeed"],
        )
        stub = LineString([far.coords[0]] + [to_metric(*p) for p in link["stub"]])
        lines.add(stub, link["highway"], link["name"] + "接线")
        town = Point(stub.coords[-1]).buffer(420)
        for line in lattice(town, (130, 170), 20, "mainland " + link["town"]):
            lines.add(line, "residential", is_in=f"{link['town']}(区外)")
    lines.add(_dyke(heads), name=plan()["dyke"]["name"], **plan()["dyke"]["tags"])
    return heads


def _dyke(heads: dict[str, list[Stop]]) -> LineString:
    """One way of its known length, whose middle is at the known point: cut on the reclaimed land to fit."""
    fact = plan()["dyke"]
    middle = to_metric(*fact["middle"])
    east = [to_metric(*p) for p in fact["east"]]
    way = router("霓屿岛")
    cell = way.cell(*east[-1])
    heads["dyke end"].append(("霓屿岛", cell))
    spot = way.point(cell)
    eastern = LineString([middle, *east[:-1], spot])
    west = to_metric(*fact["west"])
    left = fact["length_m"] - eastern.length
    span = math.dist(middle, west)
    start = tuple(m + (w - m) * left / span for m, w in zip(middle, west, strict=True))
    way = router("灵昆岛")
    cell = way.cell(*start)
    heads["dyke west"].append(("灵昆岛", cell))
    return LineString([way.point(cell), *eastern.coords]).segmentize(900)


def _boats(lines: Lines, stops: dict[str, Stop]) -> None:
    for boat in plan()["ferries"]:
        ports, via = [], [to_metric(*p) for p in boat["via"]]
        for stop, toward in ((boat["from"], (via or [None])[0]), (boat["to"], (via or [None])[-1])):
            island, cell = stops[stop]
            way = router(island)
            if toward is None:
                other = stops[boat["to"] if stop == boat["from"] else boat["from"]]
                toward = router(other[0]).point(other[1])
            seat = Point(way.point(cell))
            ray = LineString([seat, toward]).intersection(island_shape(island))
            quay = Point(shapely.get_parts(ray)[0].coords[-1])
            port = way.cell(quay.x, quay.y)
            if port != cell:
                way.lay(cell, port, "tertiary", "码头路")
            ports.append(way.point(port))
        track = LineString([ports[0], *via, ports[1]])
        lines.add(
            track,
            "",
            boat["name"],
            node=False,
            route="ferry",
            duration=boat["duration"],
            foot="yes",
            bicycle="yes",
            motor_vehicle=boat["motor_vehicle"],
            interval=boat["interval"],
        )


@functools.cache
def draft() -> tuple[Lines, dict[str, list[Point]]]:
    """All lines before they are joined, and the settlements of every village (by its code)."""
    lines = Lines()
    skeleton(lines)
    centres = lanes(lines)
    planned_grid(lines)
    for path in fitness_paths().itertuples():
        lines.add(path.geometry, "footway", path.name)
        lines.add(path.lead, "footway")
    return lines, centres


@functools.cache
def network() -> tuple[np.ndarray, list[tuple[list[int], dict[str, str]]]]:
    """Nodes in metres, and ways as node numbers with their tags."""
    xy, runs = join(draft()[0])
    # Giving close vertices one node bends lines a little, and may make some cross anew: joined once more, none do.
    again = Lines()
    for run, tags in runs:
        again.append((LineString(xy[run]), tags, tags.get("bridge") != "yes" and "route" not in tags))
    return join(again)


@functools.cache
def ways() -> gpd.GeoDataFrame:
    xy, runs = network()
    rows = [
        {
            "highway": tags.get("highway", ""),
            "route": tags.get("route", ""),
            "bridge": tags.get("bridge", ""),
            "name": tags.get("name", ""),
            "outside": "is_in" in tags or tags.get("name", "").endswith("接线"),
            "geometry": LineString(xy[run]),
        }
        for run, tags in runs
    ]
    return gpd.GeoDataFrame(rows, crs=METRIC)


def write(folder: Path) -> None:
    xy, runs = network()
    path = folder / "dongtou.osm.pbf"
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for number, (x, y) in enumerate(xy):
            writer.add_node(osmium.osm.mutable.Node(id=number + 1, version=1, location=to_lonlat(x, y)))
        for number, (run, tags) in enumerate(runs):
            writer.add_way(
                osmium.osm.mutable.Way(
                    id=number + 1, version=1, nodes=[n + 1 for n in run], tags=dict(sorted(tags.items()))
                )
            )
