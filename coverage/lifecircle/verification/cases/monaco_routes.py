"""Lengths of routes that GraphHopper publishes for Monaco, between the places where both join the streets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lifecircle.config import Roads as RoadsLayer
from lifecircle.config import load_modes, load_ways
from lifecircle.problems import Problems
from lifecircle.sources.datum import WGS84, parse_crs, to_district
from lifecircle.sources.roads.osm import read_osm
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Entrances, Search, join_points
from lifecircle.verification.case import Figure, case

ORACLE = "monaco_routes"
ROUTES = "graphhopper_monaco_routes.json"
MAP = Path("..") / ".." / "data" / "monaco_srtm"
"""From the oracle's folder: the map its routes run on."""
CRS = "EPSG:32632"
SHARE = 0.03
"""Of a length: rules of access and the joining of places differ that much."""
SERVICE_ROADS = (5, 6)
"""Routes by car that start on service roads, which OSMnx's ``drive`` leaves out: they have no answer here."""


def route_lengths(oracle: Path, routes: list[list[float]], mode_id: str, **changes: Any) -> list[float]:
    """Return the metres of the shortest way between the two places of each route, without the legs to the streets."""
    crs, path = parse_crs(CRS), oracle / MAP / "monaco.osm.gz"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} | 没有这份地图 the map is not there | ../data/monaco_srtm 须在 oracles 旁边 beside oracles"
        )
    roads = read_osm(path, RoadsLayer(path=path.name), crs, Problems())
    network = build_network(roads, load_modes({mode_id: changes})[mode_id], load_ways())
    search = Search(network, "metres", "toward")
    lat, lon, to_lat, to_lon = np.array(routes)[:, :4].T
    start = join_points(network, *to_district(lon, lat, WGS84, crs))
    end = join_points(network, *to_district(to_lon, to_lat, WGS84, crs))
    cost = search.reach(start, Entrances(end, np.arange(len(routes) + 1)), np.inf).toarray().diagonal()
    return [float(length) for length in cost - start.access_m - end.access_m]


@case(
    "monaco-foot",
    zh="摩纳哥步行路程（平面；沿广场边缘可走）",
    en="Monaco on foot: lengths on the plan",
    source="graphhopper RoutingAlgorithmWithOSMTest (Apache-2.0); the map is ODbL",
    unit="米 m，容许 within 3 %",
    tolerance=0.0,
    oracle=ORACLE,
)
def foot(oracle: Path) -> Iterator[Figure]:
    """Yield the routes on foot. GraphHopper walks along the outlines of squares, so our walkers are told to."""
    routes = json.loads((oracle / ROUTES).read_text("utf-8"))["foot"]
    for index, metres in enumerate(route_lengths(oracle, routes, "walk", squares=True)):
        yield f"路线 route {index}", routes[index][4], metres, SHARE * routes[index][4]


@case(
    "monaco-car",
    zh="摩纳哥驾车路程（起点在内部道路的两条除外）",
    en="Monaco by car, but two from service roads",
    source="graphhopper RoutingAlgorithmWithOSMTest (Apache-2.0); the map is ODbL",
    unit="米 m，容许 within 3 %",
    tolerance=0.0,
    oracle=ORACLE,
)
def car(oracle: Path) -> Iterator[Figure]:
    """Yield the shortest routes by car on one-way streets."""
    routes = json.loads((oracle / ROUTES).read_text("utf-8"))["car_shortest"]
    chosen = [index for index in range(len(routes)) if index not in SERVICE_ROADS]
    for index, metres in zip(chosen, route_lengths(oracle, [routes[i] for i in chosen], "drive"), strict=True):
        yield f"路线 route {index}", routes[index][4], metres, SHARE * routes[index][4]
