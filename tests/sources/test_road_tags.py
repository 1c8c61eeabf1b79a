"""From an OpenStreetMap file: barriers on their nodes, ferries' relations, forbidden turns; and what the tags leave open, said once."""

from __future__ import annotations

import numpy as np
import osmium
import pytest
import shapely

from lifecircle.cache import Cache
from lifecircle.config import Configuration, District, RoadsLayer, Terrain, load_modes, load_ways
from lifecircle.model import Units
from lifecircle.problems import Problems
from lifecircle.sources import read_roads
from lifecircle.travel.network import build_network

CRS = "EPSG:4549"
NODES = {number: (121.10 + 0.01 * number, 27.80) for number in range(1, 9)}
STREETS = {10: ([1, 2, 3], {"highway": "primary"}), 11: ([6, 7], {"highway": "residential"})}


def write(path, ways, nodes=NODES, tags=None, relations=()):
    mutable = osmium.osm.mutable
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for number, location in nodes.items():
            writer.add_node(mutable.Node(id=number, location=location, version=1, tags=(tags or {}).get(number, {})))
        for number, (members, of_way) in ways.items():
            writer.add_way(mutable.Way(id=number, nodes=members, tags=of_way, version=1))
        for number, (members, of_relation) in enumerate(relations, start=1):
            writer.add_relation(mutable.Relation(id=number, members=members, tags=of_relation, version=1))


def read(folder, ways=STREETS, units=None, cache=None, modes=None, layer=None, **more):
    write(folder / "roads.osm.pbf", ways, **more)
    district = District(id="x", code="1", name="x", year=2025, crs=CRS)
    given = RoadsLayer(path="roads.osm.pbf", **(layer or {}))
    configuration = Configuration(folder, district, (), None, (), given, (), Terrain(), load_modes(modes), (), ())
    problems = Problems()
    roads, _ = read_roads(configuration, problems, *([cache] if cache else []), units=units)
    return roads, problems


def codes(problems):
    return [(problem.code, problem.count) for problem in problems]


def test_barriers_stand_on_the_nodes_of_ways(tmp_path):
    tags = {
        2: {"barrier": "bollard", "bicycle": "no", "note": "a, b=c %"},
        5: {"barrier": "gate"},
        3: {"highway": "crossing"},
    }
    fence = {12: ([1, 5], {"barrier": "fence"})}
    roads, problems = read(tmp_path, {**STREETS, **fence}, tags=tags)
    assert not problems.found
    assert len(roads.barrier_node) == 1, "node 5 is on no street, and a fence is no street"
    assert roads.x[roads.barrier_node[0]] == pytest.approx(np.sort(roads.x)[1])
    assert roads.barrier_tags.loc[0, ["barrier", "bicycle", "access"]].tolist()[:2] == ["bollard", "no"]
    parts = {
        mode: len(build_network(roads, load_modes()[mode], load_ways()).part_m) for mode in ("walk", "bike", "drive")
    }
    assert parts == {"walk": 2, "bike": 3, "drive": 3}


def test_no_street_and_a_barrier(tmp_path):
    roads, problems = read(tmp_path, {12: ([1, 5], {"barrier": "fence"})}, tags={1: {"barrier": "gate"}})
    assert roads is None
    assert [problem.code for problem in problems] == ["roads-empty"]


RELATION = {"type": "route", "route": "ferry", "duration": "01:00", "interval": "00:30", "name": "甲线", "foot": "yes"}


@pytest.mark.parametrize("own", [{"route": "ferry"}, {"route": "ferry", "name": "甲线"}, {"man_made": "cable"}, {}])
def test_a_ferry_tagged_on_its_relation(tmp_path, own):
    """Pieces with a tag of their own, with one that nobody reads, and with none."""
    ways = {**STREETS, 20: ([3, 4], own), 21: ([6, 5, 4], own), 22: ([3, 8], {"highway": "service"})}
    members = [("w", 20, ""), ("w", 21, ""), ("w", 22, "")]
    roads, problems = read(tmp_path, ways, relations=[(members, RELATION)])
    assert not problems.found
    assert roads.is_ferry.sum() == 2, "a street of the relation stays a street"
    network = build_network(roads, load_modes({"walk": {"min_fragment_m": 0}})["walk"], load_ways())
    (sea,) = np.flatnonzero(network.is_ferry)
    assert network.edge_costs("seconds")[0][sea] == pytest.approx(3600 + 900)
    assert network.ferries == ("甲线",)
    without, _ = read(tmp_path, ways, relations=[(members, RELATION)], layer={"ferries": False})
    assert sorted(without.way_id) == ["w10", "w11", "w22"]


def test_of_two_relations_the_longer_sailing_counts(tmp_path):
    ways = {**STREETS, 20: ([3, 6], {"route": "ferry"})}
    relations = [([("w", 20, "")], {**RELATION, "duration": text}) for text in ("20", "01:10", "fast")]
    roads, _ = read(tmp_path, ways, relations=relations)
    assert roads.tags["relation:duration"].dropna().tolist() == ["01:10"]


def test_with_ferries_off_a_highway_beside_route_is_not_there_either(tmp_path):
    ways = {**STREETS, 20: ([3, 6], {"route": "ferry", "highway": "tertiary"})}
    assert sorted(read(tmp_path, ways, layer={"ferries": False})[0].way_id) == ["w10", "w11"]


def test_times_that_cannot_be_read_are_named_as_that(tmp_path):
    ways = {
        **STREETS,
        20: ([3, 6], {"route": "ferry", "duration": "quick", "interval": "15"}),
        21: ([3, 6], {"route": "ferry", "duration": "00:40", "interval": "now and then"}),
        22: ([3, 6], {"route": "ferry", "duration": "about an hour"}),
        23: ([3, 6], {"highway": "primary", "duration": "never"}),
    }
    _, problems = read(tmp_path, ways)
    assert codes(problems) == [("ferry-duration", 2), ("ferry-interval", 1)]
    duration, interval = problems
    assert all(word in duration.found for word in ("quick", "about an hour", "未使用"))
    assert (duration.row, duration.severity) == ("w20, w22", "warning")
    assert "now and then" in interval.found
    assert duration.expected
    assert duration.mend


def test_a_relation_that_can_be_read_makes_good_for_its_pieces(tmp_path):
    ways = {**STREETS, 20: ([3, 6], {"route": "ferry", "duration": "quick"})}
    assert not read(tmp_path, ways, relations=[([("w", 20, "")], RELATION)])[1].found
    _, problems = read(
        tmp_path, ways, relations=[([("w", 20, "")], {**RELATION, "duration": "soon", "interval": "soon"})]
    )
    assert codes(problems) == [("ferry-duration", 1), ("ferry-interval", 1)]


@pytest.mark.parametrize(
    ("tags", "code", "words"),
    [
        ({"access": "neighbours"}, "roads-access-unknown", "access=neighbours (1)"),
        ({"foot": "yes;maybe"}, "roads-access-unknown", "foot=yes;maybe (1)"),
        ({"motor_vehicle:forward": "odd"}, "roads-access-unknown", "motor_vehicle:forward=odd (1)"),
        ({"oneway": "onward"}, "roads-oneway-word", "oneway=onward (1)"),
        ({"oneway:bicycle": "sometimes"}, "roads-oneway-word", "oneway:bicycle=sometimes (1)"),
        ({"oneway": "reversible"}, "roads-oneway-reversible", "reversible"),
        ({"access:conditional": "no @ (22:00-06:00)"}, "roads-conditional", "no @ (22:00-06:00)"),
        ({"oneway:conditional": "yes @ (Mo-Fr)"}, "roads-conditional", "yes @ (Mo-Fr)"),
        ({"highway": "by_way"}, "roads-class-unknown", "by_way (1)"),
    ],
)
def test_what_tags_leave_open_is_said_once(tmp_path, tags, code, words):
    ways = {
        **STREETS,
        12: ([3, 4], {"highway": "residential", **tags}),
        13: ([4, 5], {"highway": "residential", "access": "unknown"}),
    }
    _, problems = read(tmp_path, ways)
    (said,) = problems
    assert (said.code, said.row, said.count) == (code, "w12", 1)
    assert words in said.found
    assert said.expected
    assert said.mend
    assert not read(tmp_path, ways, modes={mode: {"ways": "osmnx"} for mode in load_modes()})[1].found


def test_a_barrier_of_a_kind_that_nobody_knows(tmp_path):
    _, problems = read(tmp_path, tags={2: {"barrier": "moat"}})
    assert codes(problems) == [("roads-barrier-unknown", 1)]


def test_speeds_are_said_where_a_mode_goes_by_them(tmp_path):
    ways = {
        10: ([1, 2], {"highway": "primary", "maxspeed": "CN:urban"}),
        11: ([2, 3], {"highway": "primary", "maxspeed": "60 km/h"}),
    }
    assert not read(tmp_path, ways)[1].found
    _, problems = read(tmp_path, ways, modes={"drive": {"maxspeed": True}})
    assert codes(problems) == [("roads-maxspeed", 1)]


def test_turns_are_counted_in_all_and_in_the_district(tmp_path):
    def turn(via, **tags):
        return [("w", 10, "from"), ("n", via, "via"), ("w", 11, "to")], {"type": "restriction", **tags}

    relations = [
        turn(2, restriction="no_left_turn"),
        turn(7, **{"restriction:motorcar": "only_straight_on"}),
        turn(3, restriction="no_u_turn", **{"except": "bus;motorcar"}),
        turn(3, **{"restriction:hgv": "no_right_turn"}),
        turn(5, restriction="no_left_turn"),  # at no street of the file
    ]
    x, y = (np.array([shapely.Point(0, 0)]), None)
    roads, problems = read(tmp_path, relations=relations)
    assert sorted(roads.turn_kind) == ["no_left_turn", "only_straight_on"]
    assert not problems.found, "without units there is no district to count in"
    x, y = roads.turn_xy[list(roads.turn_kind).index("no_left_turn")]
    unit = Units(
        "township", np.array(["1"], object), np.array(["甲"], object), np.array([shapely.Point(x, y).buffer(100)])
    )
    _, problems = read(tmp_path, relations=relations, units={"township": unit})
    (said,) = problems
    assert (said.code, said.count, said.severity) == ("roads-turns", 2, "note")
    assert "其中 1 处在区内" in said.found


def test_everything_comes_back_from_the_cache(tmp_path):
    cache = Cache(tmp_path / "cache")
    ways = {**STREETS, 20: ([3, 6], {"route": "ferry"})}
    more = {
        "tags": {2: {"barrier": "gate", "locked": "yes"}},
        "relations": [([("w", 20, "")], RELATION)],
        "cache": cache,
    }
    first, _ = read(tmp_path, ways, **more)
    again, _ = read(tmp_path, ways, **more)
    assert cache.outcomes == {"roads": "recalled"}
    assert again.barrier_node.tolist() == first.barrier_node.tolist() != []
    assert again.barrier_tags["locked"].tolist() == ["yes"]
    assert again.tags["relation:interval"].dropna().tolist() == ["00:30"]
