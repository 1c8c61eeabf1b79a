"""The oracle itself, on networks small enough to do by hand.

People walk one metre a second and drive ten (twenty on primary roads), so metres turn into seconds at sight::

    4 ------ B ------ 3
    |                 |          two-way B: 3-4-1
    B                 A          one-way A: 1-2-3
    |                 |
    1 ------ A ------ 2 ~~~~ 7 ~~~~ 5 -- C -- 6
   (0,0)          (1000,0)  (2000,0) (3000,0) (3300,0)
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pytest
import shapely
from tests.oracle.reference import (
    ReferenceFerry,
    ReferenceMode,
    ReferenceNetwork,
    Way,
    duration_s,
    read_osm,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARED = Path(__file__).parents[2].parent / "shared"

WALK = ReferenceMode("walk", 3.6, access_kph=3.6, join="nearest")
BIKE = ReferenceMode("bike", 18.0, access_kph=3.6, join="nearest")
DRIVE = ReferenceMode("drive", {"primary": 72.0, "default": 36.0}, access_kph=3.6, join="nearest")
NEAR = ReferenceMode("walk", 3.6, access_kph=3.6, min_fragment_m=0)

XY = {
    1: (0, 0),
    2: (1000, 0),
    3: (1000, 1000),
    4: (0, 1000),
    5: (3000, 0),
    6: (3300, 0),
    7: (2000, 0),
    8: (2000, -800),
}
ONE_WAY = Way([1, 2, 3], {"highway": "residential", "oneway": "yes"})
TWO_WAY = Way([3, 4, 1], {"highway": "residential"})
SQUARE = [ONE_WAY, TWO_WAY]
ISLET = Way([5, 6], {"highway": "residential"})


def ferry(*nodes: int, **tags: str) -> Way:
    return Way(nodes or [2, 7, 5], {"route": "ferry", "duration": "00:10"} | tags)


def network(ways: Sequence[Way], mode: ReferenceMode = WALK, **options: Any) -> ReferenceNetwork:
    return ReferenceNetwork.from_ways(XY, ways, mode, **options)


def cost(net: ReferenceNetwork, cell: Any, facility: Any, direction: Any = "toward", measure: Any = "s") -> float:
    """The cost of one pair, which both ways of asking must give."""
    nearest = net.nearest([cell], [facility], direction, measure)[0][0]
    pair = net.matrix([cell], [facility], direction, measure)[0, 0]
    assert nearest == pair
    return float(nearest)


def test_two_places_on_one_edge_go_along_it() -> None:
    # 30 to the street, 300 along it, 40 from it
    assert cost(network(SQUARE), (100, 30), (400, -40)) == pytest.approx(370)


def test_a_one_way_street_is_two_way_on_foot_and_one_way_on_wheels() -> None:
    cell, facility = (100, 30), (400, -40)
    assert cost(network(SQUARE), facility, cell) == pytest.approx(370)
    # with the traffic: 30 + 300 / 10 + 40
    assert cost(network(SQUARE, DRIVE), cell, facility) == pytest.approx(100)
    # against it, round the square: 600 + 1000 + 1000 + 1000 + 100 m, and the two legs
    assert cost(network(SQUARE, DRIVE), cell, facility, "from") == pytest.approx(370 + 70)
    assert cost(network(SQUARE, DRIVE), facility, cell, "toward") == pytest.approx(370 + 70)
    # metres take the same way
    assert cost(network(SQUARE, DRIVE), cell, facility, "from", "m") == pytest.approx(3700 + 70)


@pytest.mark.parametrize("oneway", ["yes", "true", "1", "F"])
def test_values_that_make_a_way_one_way(oneway: str) -> None:
    net = network([Way([1, 2], {"highway": "residential", "oneway": oneway}), TWO_WAY], DRIVE)
    assert cost(net, (100, 0), (400, 0)) == pytest.approx(30)
    assert cost(net, (400, 0), (100, 0)) == math.inf  # 2-3 is missing here: no way round


@pytest.mark.parametrize("oneway", ["-1", "reverse", "T"])
def test_values_that_turn_a_way_round(oneway: str) -> None:
    net = network([Way([1, 2], {"highway": "residential", "oneway": oneway})], BIKE)
    assert cost(net, (400, 0), (100, 0)) == pytest.approx(300 / 5)
    assert cost(net, (100, 0), (400, 0)) == math.inf


def test_values_that_leave_a_way_two_way() -> None:
    for tags in ({"oneway": "no"}, {"oneway": "alternating"}, {}):
        assert cost(network([Way([1, 2], {"highway": "residential"} | tags)], DRIVE), (400, 0), (100, 0)) == 30


def test_a_roundabout_is_one_way_whatever_oneway_says() -> None:
    net = network([Way([1, 2, 3, 4, 1], {"highway": "residential", "junction": "roundabout", "oneway": "no"})], DRIVE)
    assert cost(net, (100, 0), (400, 0)) == pytest.approx(30)
    assert cost(net, (400, 0), (100, 0)) == pytest.approx(370)


def test_a_place_beside_a_vertex_joins_the_vertex_and_may_leave_it_any_way() -> None:
    # from vertex 1 it may take the two-way street north: 10 + 500 / 10 + 10
    assert cost(network(SQUARE, DRIVE), (0.0005, -10), (-10, 500)) == pytest.approx(70)
    # two millimetres along the one-way street it may not: round by 2, 3 and 4
    assert cost(network(SQUARE, DRIVE), (0.002, -10), (-10, 500)) == pytest.approx(349.9998 + 20)
    # the corner is the nearest point from outside: sqrt(20^2 + 20^2) + 80 along + 60
    assert cost(network(SQUARE), (-20, -20), (80, -60)) == pytest.approx(math.sqrt(800) + 80 + 60)


def test_places_on_the_street_and_at_one_spot() -> None:
    mode = ReferenceMode("walk", 3.6, access_kph=3.6, direct_m=0)
    assert cost(network(SQUARE, mode), (100, 0), (100, 0)) == 0
    assert cost(network(SQUARE, mode), (100, 30), (100, -30)) == pytest.approx(60)
    many = network(SQUARE, mode).nearest([(x, 5) for x in (300, 100, 200)], [(100, 0), (260, 0)], "toward")
    # 300: 5 + 40 to the second; 100: 5 to the first; 200: 5 + 60 to the second
    assert many[0] == pytest.approx([45, 5, 65])
    assert many[1].tolist() == [1, 0, 1]


def test_the_nearest_edge_is_taken_not_the_nearest_node() -> None:
    # 1 m beside the middle of a kilometre: 1 + 500 to the corner; the corner itself is 500 m off
    assert cost(network(SQUARE), (500, -1), (0, 0)) == pytest.approx(501)


def test_beyond_the_access_limit_nothing_is_joined() -> None:
    assert cost(network(SQUARE), (100, -500), (400, 0)) == pytest.approx(800)
    assert cost(network(SQUARE), (100, -500.01), (400, 0)) == math.inf
    assert network(SQUARE).nearest([(100, -500.01)], [(400, 0)], "from")[1].tolist() == [-1]


def test_a_straight_walk_needs_no_street() -> None:
    assert cost(network(SQUARE), (2000, 2000), (2060, 2080)) == pytest.approx(100)
    assert cost(network(SQUARE), (2000, 2000), (2060, 2080.1)) == math.inf
    # 49 m apart across the corner of the square, 51 + 51 + ... along it
    assert cost(network(SQUARE), (50, 0), (0, 50)) == pytest.approx(math.hypot(50, 50))
    # a car is left standing if one is there sooner on foot, not else: 80 m apart, 80 s or 8 s
    assert cost(network(SQUARE, DRIVE), (100, 0), (180, 0)) == pytest.approx(8)
    assert cost(network(SQUARE, DRIVE), (180, 0), (100, 0)) == pytest.approx(80)
    assert cost(network(SQUARE), (2000, 2000), (2060, 2080), measure="m") == pytest.approx(100)
    for measure in ("s", "m"):
        alone = network([]).nearest([(0, 0), (500, 0)], [(3, 4)], "from", measure)[0]  # type: ignore[arg-type]
        assert alone.tolist() == [5, math.inf]


def test_speeds_go_by_class_and_links_with_their_class() -> None:
    for highway, speed_ms in (("primary", 20), ("primary_link", 20), ("tertiary", 10)):
        net = network([Way([1, 2], {"highway": highway})], DRIVE)
        assert cost(net, (0, 0), (1000, 0)) == pytest.approx(1000 / speed_ms)


def test_of_parallel_edges_the_quicker_counts() -> None:
    net = network([Way([1, 2], {"highway": "tertiary"}), Way([1, 2], {"highway": "primary"})], DRIVE)
    assert cost(net, (-5, 0), (1005, 0)) == pytest.approx(5 + 50 + 5)


def test_fragments_are_left_out_before_places_join() -> None:
    net = network([*SQUARE, ISLET])  # 300 m < 500 m
    assert net.fragments_left_out == 1
    assert cost(net, (3100, 10), (3250, 10)) == math.inf
    near = Way([7, 8], {"highway": "residential"})  # 800 m: stays, though nothing ties it to the square
    assert network([*SQUARE, near]).fragments_left_out == 0
    # the islet no longer hides the street behind it
    assert cost(network([*SQUARE, Way([9, 10], {"highway": "path"})]), (500, -200), (0, 0)) == pytest.approx(700)


def test_a_fragment_as_long_as_the_limit_stays_and_a_ferry_ties_it_to_the_rest() -> None:
    exact = ReferenceMode("walk", 3.6, access_kph=3.6, min_fragment_m=300)
    assert network([*SQUARE, ISLET], exact).fragments_left_out == 0
    assert network([*SQUARE, ISLET, ferry()]).fragments_left_out == 0
    assert network([*SQUARE, ISLET, ferry()], osm_ferries=False).fragments_left_out == 1


def test_a_ferry_takes_its_duration_and_half_its_headway() -> None:
    cell, facility = (3100, 10), (900, 10)
    # 10 + 100 + 600 + 100 + 10
    assert cost(network([*SQUARE, ISLET, ferry()]), cell, facility) == pytest.approx(820)
    assert cost(network([*SQUARE, ISLET, ferry(interval="00:20")]), cell, facility) == pytest.approx(820 + 600)
    assert cost(network([*SQUARE, ISLET, ferry()], osm_ferries=False), cell, facility) == math.inf
    # metres do not count on the sea
    assert cost(network([*SQUARE, ISLET, ferry()]), cell, facility, measure="m") == math.inf


def test_ferries_that_meet_at_sea_are_one_sailing_and_wait_once() -> None:
    ways = [*SQUARE, ISLET, ferry(interval="20"), ferry(7, 8)]
    # ten minutes at sea, and half of twenty
    assert cost(network(ways), (3100, 10), (900, 10)) == pytest.approx(220 + 600 + 600)


def test_whoever_stays_aboard_past_a_landing_does_not_wait_again() -> None:
    pier = Way([7, 8], {"highway": "residential"})
    net = network([*SQUARE, ISLET, pier, ferry(interval="20")])
    assert cost(net, (3100, 10), (900, 10)) == pytest.approx(220 + 600 + 600)
    # half of the way, and the whole wait
    assert cost(net, (3100, 10), (2010, -100)) == pytest.approx(10 + 100 + 600 + 300 + 100 + 10)


def test_a_ferry_is_entered_at_its_ends_only() -> None:
    assert cost(network([*SQUARE, ISLET, ferry()]), (2000, 10), (900, 10)) == math.inf


def test_ferries_need_a_duration_and_carry_whom_they_say() -> None:
    def crossing(mode: ReferenceMode, **tags: str) -> bool:
        streets = [*SQUARE, Way([5, 6], {"highway": "residential"}), Way([6, 8], {"highway": "residential"})]
        return math.isfinite(cost(network([*streets, ferry(**tags)], mode), (3100, 10), (0, 900)))

    assert crossing(WALK)
    assert not crossing(WALK, duration="")
    assert not crossing(WALK, foot="no")
    assert crossing(WALK, foot="yes", access="no")
    assert crossing(BIKE)
    assert not crossing(BIKE, bicycle="no")
    assert not crossing(DRIVE)
    assert not crossing(DRIVE, motor_vehicle="no", motorcar="no")
    for key in ("motor_vehicle", "motorcar", "vehicle"):
        assert crossing(DRIVE, **{key: "yes"})


def test_a_one_way_ferry() -> None:
    ways = [*SQUARE, ISLET, ferry(oneway="yes")]
    assert cost(network(ways), (900, 0), (3100, 0)) == pytest.approx(100 + 600 + 100)
    assert cost(network(ways), (3100, 0), (900, 0)) == math.inf


def test_a_ferry_of_the_district_joins_the_nearest_streets() -> None:
    near = Way([7, 8], {"highway": "residential"})
    boat = ReferenceFerry((900, -20), (2030, -300), minutes=5, headway_minutes=10)
    net = network([*SQUARE, near], ferries=[boat])
    # 5 + 50 along, 20 to the pier, 300 + 300 at sea, 30 from the pier, 100 along, 5
    assert cost(net, (850, 5), (1995, -400)) == pytest.approx(5 + 50 + 20 + 600 + 30 + 100 + 5)
    assert cost(net, (850, 5), (1995, -400), "from") == pytest.approx(810)
    assert cost(net, (850, 5), (1995, -400), measure="m") == math.inf


def test_places_tell_every_edge_they_may_join() -> None:
    # the diagonal is as near to both sides of the corner
    joins = network(SQUARE).joins_within((30, 30), 1e-6)
    assert sorted(joins.along_m.tolist()) == pytest.approx([30, 970])
    assert joins.access_m == pytest.approx([30, 30])


def test_the_network_of_each_mode() -> None:
    for mode, tags, expected in (
        (WALK, {"highway": "footway"}, True),
        (WALK, {"highway": "motorway"}, False),  # "motor" is searched for, not matched
        (WALK, {"highway": "footway", "access": "private"}, False),
        (WALK, {"highway": "primary", "sidewalk": "separate"}, False),
        (WALK, {"highway": "residential", "foot": "no"}, False),
        (WALK, {"highway": "pedestrian", "area": "yes"}, False),
        (WALK, {"railway": "rail"}, False),
        (BIKE, {"highway": "cycleway"}, True),
        (BIKE, {"highway": "steps"}, False),
        (BIKE, {"highway": "residential", "bicycle": "no"}, False),
        (DRIVE, {"highway": "motorway_link"}, True),
        (DRIVE, {"highway": "service"}, False),
        (DRIVE, {"highway": "track"}, False),
        (DRIVE, {"highway": "residential", "motor_vehicle": "no"}, False),
        (DRIVE, {"highway": "residential", "access": "destination"}, True),
    ):
        assert mode.may_use_street(tags) is expected, (mode.network, tags)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:05:00", 300),
        ("1:45", 6300),
        ("33:31", 120660),
        ("25", 1500),
        ("PT1H30M", 5400),
        ("PT45M", 2700),
        ("P1DT2H", 93600),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_durations(text: str | None, seconds: float | None) -> None:
    assert duration_s(text) == seconds


OSM = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6">
  <node id="1" lon="15.0" lat="0.0"/>
  <node id="2" lon="15.01" lat="0.0"/>
  <node id="4" lon="15.02" lat="0.0"/>
  <node id="5" lon="15.03" lat="0.0"/>
  <node id="9" lon="15.5" lat="0.5"/>
  <way id="1">
    <nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="5"/><tag k="highway" v="residential"/>
  </way>
  <way id="2"><nd ref="2"/><nd ref="4"/><tag k="route" v="ferry"/><tag k="duration" v="10"/></way>
  <way id="3"><nd ref="1"/><nd ref="9"/><tag k="building" v="yes"/></way>
</osm>
"""


def test_osm_files_are_read_and_holes_stay_open(tmp_path: Path) -> None:
    path = tmp_path / "hole.osm"
    path.write_text(OSM, encoding="utf-8")
    lonlat, ways = read_osm(path)
    assert sorted(lonlat) == [1, 2, 4, 5]
    assert len(ways) == 2
    net = ReferenceNetwork.from_osm(path, "EPSG:32633", WALK)
    # on the central meridian of zone 33: 0.01 degrees of the equator x 0.9996
    metres = math.radians(0.01) * 6378137 * 0.9996
    streets = net.edges.only(~net.edges.is_ferry)
    ends = net.xy[streets.a[0]], net.xy[streets.b[-1]]
    assert cost(net, *ends) == pytest.approx(2 * metres + 600, abs=0.01)
    assert cost(ReferenceNetwork.from_osm(path, "EPSG:32633", WALK, osm_ferries=False), *ends) == math.inf


def test_lines_meet_where_they_share_a_vertex() -> None:
    lines = geopandas.GeoDataFrame(
        {"highway": ["residential", "primary", None], "oneway": [None, "yes", None]},
        geometry=[
            shapely.LineString([(0, 0), (600, 0)]),
            shapely.MultiLineString([[(600, 0), (600, 600)], [(600, 600), (900, 600)]]),
            shapely.LineString([(0, 0), (900, 600)]),  # without a class it is no street
        ],
        crs="EPSG:32650",
    )
    net = ReferenceNetwork.from_lines(lines, "EPSG:32650", DRIVE)
    assert cost(net, (0, 0), (900, 600)) == pytest.approx(60 + 30 + 15)
    assert cost(net, (0, 0), (900, 600), "from") == math.inf


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared: published route lengths, and their map")
@pytest.mark.parametrize(
    ("name", "mode", "rows"),
    [
        # Row 0 crosses a square (highway=pedestrian, area=yes) that OSMnx leaves out: 2,242 m round it.
        ("foot", WALK, [1, 2, 3]),
        # Rows 5 and 6 start in a service road, which OSMnx leaves out too.
        ("car_shortest", DRIVE, [0, 1, 2, 3, 4]),
    ],
)
def test_route_lengths_others_published_for_monaco(name: str, mode: ReferenceMode, rows: list[int]) -> None:
    """GraphHopper's shortest routes on the same map, between the same snapped points: within 4 m."""
    path = SHARED / "oracles/monaco_routes/graphhopper_monaco_routes.json"
    published = json.loads(path.read_text("utf-8"))[name]
    net = ReferenceNetwork.from_osm(SHARED / "data/monaco_srtm/monaco.osm.gz", "EPSG:32632", mode)
    for lat, lon, to_lat, to_lon, metres in [published[row] for row in rows]:
        ends = geopandas.GeoSeries.from_xy([lon, to_lon], [lat, to_lat], crs="EPSG:4326").to_crs("EPSG:32632")
        start, end = ((point.x, point.y) for point in ends)
        legs = net.join([start, end]).access_m.sum()
        assert cost(net, start, end, measure="m") - legs == pytest.approx(metres, abs=4.1)


def test_every_answer_is_the_least_over_all_walks() -> None:
    """A check by another road: Floyd-Warshall over every street vertex of a random small network."""
    random = np.random.default_rng(5)
    xy = {n: tuple(random.uniform(0, 2000, 2)) for n in range(12)}
    ways = [
        Way(
            list(random.choice(12, 4, replace=False)),
            {"highway": "primary", "oneway": random.choice(["yes", "no"])},
        )
        for _ in range(8)
    ]
    net = ReferenceNetwork.from_ways(xy, ways, DRIVE)
    far = np.full((12, 12), np.inf)
    np.fill_diagonal(far, 0)
    for way in ways:
        for a, b in zip(way.nodes[:-1], way.nodes[1:], strict=True):
            seconds = math.dist(xy[a], xy[b]) / 20
            far[a, b] = min(far[a, b], seconds)
            if way.tags["oneway"] == "no":
                far[b, a] = min(far[b, a], seconds)
    for via in range(12):
        far = np.minimum(far, far[:, [via]] + far[[via], :])
    used = [n for n in xy if any(n in way.nodes for way in ways)]
    places = [xy[n] for n in used]
    assert net.matrix(places, places, "from") == pytest.approx(far[np.ix_(used, used)])
    assert net.matrix(places, places, "toward") == pytest.approx(far[np.ix_(used, used)].T)
