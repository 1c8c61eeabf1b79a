"""Lengths of routes that GraphHopper publishes for Monaco, from a district's files to the way between two places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from lifecircle.config import load_ways
from lifecircle.problems import Problems
from lifecircle.sources.datum import WGS84, parse_crs, to_district
from lifecircle.study import check_district
from lifecircle.study.layers import Layers
from lifecircle.study.routing import find_heights
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Entrances, Search, join_points
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import district_folder, outline

ORACLE = "monaco_routes"
ROUTES = "graphhopper_monaco_routes.json"
MAP = Path("..") / ".." / "data" / "monaco_srtm"
"""From the oracle's folder: the map and the heights that its routes run on."""
SOURCE = "graphhopper RoutingAlgorithmWithOSMTest (Apache-2.0); the map is ODbL"
SHARE = 0.03
"""Of a length: rules of access and the joining of places differ that much."""
SERVICE_ROADS = (5, 6)
"""Routes by car that start on service roads, which OSMnx's ``drive`` leaves out: they have no answer here."""

Route = list[float]
"""Latitude and longitude of the start, and of the end; metres."""


def read_routes(oracle: Path, name: str) -> list[Route]:
    """Return the routes of one kind; those of ``foot3d`` run between the places of ``foot``."""
    published = json.loads((oracle / ROUTES).read_text("utf-8"))
    if name == "foot3d":
        return [[*published["foot"][int(index)][:4], metres] for index, metres in published[name].items()]
    routes: list[Route] = published[name]
    return routes


@cache
def read_monaco(oracle: Path) -> Layers:
    """Return the layers of a district made round the routes.

    Raises
    ------
    FileNotFoundError
        Where the map is not beside the oracles.
    """
    where = (oracle / MAP).resolve()
    if not where.is_dir():
        raise FileNotFoundError(
            f"{where} | 没有这份地图 the map is not there | 放在 oracles 旁边 put it beside the oracles"
        )
    toml = files("lifecircle.verification.cases").joinpath("monaco_routes.toml").read_text("utf-8")
    routes = np.array(read_routes(oracle, "foot"))
    tables = {}
    for table, place in (("starts", 0), ("ends", 2)):
        names = [f"{table}-{index}" for index in range(len(routes))]
        tables[table] = pd.DataFrame(
            {"id": names, "name": names, "people": 1.0, "lat": routes[:, place], "lon": routes[:, place + 1]}
        )
    problems = Problems()
    lon, lat = routes[:, [1, 3]], routes[:, [0, 2]]
    with district_folder(toml.replace("@MAP@", where.as_posix()), {"outline": outline(lon, lat)}, tables) as folder:
        layers = check_district(folder, problems)
    problems.raise_errors()
    if layers is None:
        raise RuntimeError("a district that could not be read must have said why")
    return layers


def route_lengths(oracle: Path, routes: list[Route], mode_id: str) -> list[float]:
    """Return the metres of the shortest way between the two places of each route, without the legs to the streets."""
    layers = read_monaco(oracle)
    crs, roads = parse_crs(layers.district.crs), layers.roads
    if roads is None:
        raise RuntimeError("a district with a roads layer must have roads")
    heights = find_heights(layers.terrain, layers.district.crs)
    network = build_network(roads, layers.configuration.modes[mode_id], load_ways(), heights)
    lat, lon, to_lat, to_lon = np.array(routes)[:, :4].T
    start = join_points(network, *to_district(lon, lat, WGS84, crs))
    end = join_points(network, *to_district(to_lon, to_lat, WGS84, crs))
    reach = Search(network, "metres", "toward").reach(start, Entrances(end, np.arange(len(routes) + 1)), np.inf)
    return [float(length) for length in reach.toarray().diagonal() - start.access_m - end.access_m]


def _compare(oracle: Path, name: str, mode_id: str, left_out: tuple[int, ...] = ()) -> Iterator[Figure]:
    routes = read_routes(oracle, name)
    chosen = [index for index in range(len(routes)) if index not in left_out]
    lengths = route_lengths(oracle, [routes[index] for index in chosen], mode_id)
    for index, metres in zip(chosen, lengths, strict=True):
        yield f"路线 route {index}", routes[index][4], metres, SHARE * routes[index][4]


@case(
    "monaco-foot",
    zh="摩纳哥步行路程（平面；沿广场边缘可走）",
    en="Monaco on foot: lengths on the plan",
    source=SOURCE,
    unit="米 m，容许 within 3 %",
    tolerance=0.0,
    oracle=ORACLE,
)
def foot(oracle: Path) -> Iterator[Figure]:
    """Yield the routes on foot. GraphHopper walks along the outlines of squares, so our walkers are told to."""
    yield from _compare(oracle, "foot", "foot")


@case(
    "monaco-foot-terrain",
    zh="摩纳哥步行路程（沿地面起伏，SRTM 高程）",
    en="Monaco on foot: lengths along the ground",
    source=f"{SOURCE}; SRTM3, the nearest cell's height",
    unit="米 m，容许 within 3 %",
    tolerance=0.0,
    oracle=ORACLE,
)
def foot_terrain(oracle: Path) -> Iterator[Figure]:
    """Yield the routes on foot over hills, bridges and tunnels rising evenly."""
    yield from _compare(oracle, "foot3d", "foot3d")


@case(
    "monaco-car",
    zh="摩纳哥驾车路程（起点在内部道路的两条除外）",
    en="Monaco by car, but two from service roads",
    source=SOURCE,
    unit="米 m，容许 within 3 %",
    tolerance=0.0,
    oracle=ORACLE,
)
def car(oracle: Path) -> Iterator[Figure]:
    """Yield the shortest routes by car on one-way streets."""
    yield from _compare(oracle, "car_shortest", "drive", SERVICE_ROADS)
