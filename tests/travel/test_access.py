"""Who may go where, by hand: a street of 100 m with tags, one way at a time; and barriers on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.config import load_tags
from lifecircle.travel.ways import closed_nodes, cut_at_barriers, way_access
from tests.travel.made import make_network, make_roads
from tests.travel.test_reach_by_hand import nearest_s

MODES = ("walk", "bike", "drive", "ambulance")
WHEELS = ("bike", "drive", "ambulance")
CARS = ("drive", "ambulance")
TAGS = load_tags()
CLASSES = [line.highway for line in TAGS.classes if line.highway != "ferry"]
THERE = [line.highway for line in TAGS.classes if line.highway != "ferry" and not line.absent]
OPEN_VALUES = ["yes", "designated", "permissive", "official", "destination", "customers"]
CLOSED_VALUES = ["no", "private", "military", "forestry", "agricultural", "delivery"]


def directions(mode, **tags):
    """Whether a mode may go along a way with these tags, and against it."""
    tags = {key.replace("__", ":"): value for key, value in tags.items()}
    access = way_access(make_roads([(0, 0), (100, 0)], [([0, 1], tags)]), mode, TAGS)
    return bool(access.forward[0]), bool(access.backward[0])


def is_open(mode, **tags):
    return any(directions(mode, **tags))


@pytest.mark.parametrize("value", [*CLOSED_VALUES, "emergency"])
def test_a_closed_value_closes_to_all_but_whom_a_key_of_their_own_lets(value):
    for mode in MODES:
        assert is_open(mode, access=value) is (value == "emergency" and mode == "ambulance"), mode
    assert is_open("walk", access=value, foot="yes")
    assert is_open("bike", access=value, bicycle="designated")
    assert is_open("bike", access=value, vehicle="yes")
    assert not is_open("walk", access=value, vehicle="yes")
    for mode, key in (
        ("drive", "motor_vehicle"),
        ("drive", "motorcar"),
        ("drive", "vehicle"),
        ("ambulance", "emergency"),
    ):
        assert is_open(mode, access=value, **{key: "yes"}), (mode, key)


@pytest.mark.parametrize(
    ("mode", "keys"),
    [("walk", ["foot"]), ("bike", ["bicycle", "vehicle"]), ("drive", ["motorcar", "motor_vehicle", "vehicle"]),
     ("ambulance", ["emergency", "motorcar", "motor_vehicle", "vehicle"])],
)  # fmt: skip
@pytest.mark.parametrize("value", [*CLOSED_VALUES, "use_sidepath"])
def test_the_more_particular_tag_wins(mode, keys, value):
    for one, particular in enumerate(keys):
        assert not is_open(mode, **{particular: value}), particular
        assert not is_open(mode, **{particular: value}, access="yes")
        for general in keys[one + 1 :]:
            assert not is_open(mode, **{particular: value, general: "yes"}), (particular, general)
            assert is_open(mode, **{particular: "yes", general: value}), (particular, general)


@pytest.mark.parametrize("highway", THERE)
def test_foot_yes_opens_whatever_highway_and_access_say(highway):
    for value in OPEN_VALUES:
        assert is_open("walk", highway=highway, foot=value)
        assert is_open("walk", highway=highway, foot=value, access="private", service="private", motorroad="yes")
    assert is_open("bike", highway=highway, bicycle="yes")
    assert is_open("drive", highway=highway, motor_vehicle="yes")
    assert is_open("ambulance", highway=highway, emergency="yes", access="no", service="driveway")
    assert not is_open("ambulance", highway=highway, emergency="no", motor_vehicle="yes")


@pytest.mark.parametrize("highway", sorted(TAGS.absent))
def test_what_is_not_there_is_opened_by_nothing(highway):
    assert not any(
        is_open(mode, highway=highway, foot="yes", bicycle="yes", motor_vehicle="yes", emergency="yes")
        for mode in MODES
    )


@pytest.mark.parametrize("highway", CLASSES)
def test_access_yes_opens_no_class_that_is_not_the_modes(highway):
    for mode in MODES:
        assert is_open(mode, highway=highway, access="yes") is is_open(mode, highway=highway), mode


@pytest.mark.parametrize(
    ("highway", "who"),
    [("motorway", CARS), ("trunk", MODES), ("residential", MODES), ("service", MODES), ("track", ("walk", "bike")), ("footway", ("walk",)),
     ("path", ("walk", "bike")), ("cycleway", ("bike",)), ("pedestrian", ("walk", "bike")), ("steps", ("walk",)), ("busway", ()),
     ("via_ferrata", ()), ("construction", ()), ("a_word_of_ones_own", MODES)],
)  # fmt: skip
def test_classes_without_a_tag(highway, who):
    assert tuple(mode for mode in MODES if is_open(mode, highway=highway)) == who


def test_service_ways_of_cars():
    assert [
        is_open("drive", highway="service", service=of) for of in ("alley", "parking_aisle", "driveway", "private")
    ] == [True] * 2 + [False] * 2
    assert [is_open(mode, highway="service", service="emergency_access") for mode in CARS] == [False, True]
    assert is_open("drive", highway="service", service="driveway", motor_vehicle="yes")
    assert not is_open("walk", highway="service", service="private")
    assert is_open("walk", highway="service", service="driveway")


def test_several_values_are_open_where_one_is_and_an_unknown_one_says_nothing():
    assert is_open("walk", access="agricultural;destination")
    assert not is_open("walk", access="agricultural; forestry")
    assert is_open("walk", foot="perhaps")
    assert not is_open("walk", foot="perhaps", access="no"), "the next key decides"
    assert is_open("walk", access="unknown")
    assert not is_open("walk", access="Private"), "letters of any size"


def test_a_graphs_edge_that_is_closed_in_one_part_is_closed():
    assert not is_open("walk", access="yes|private")
    assert is_open("walk", access="yes|permissive")


def test_directions_of_access():
    assert directions("drive", motor_vehicle__backward="no") == (True, False)
    assert directions("drive", access="no", motor_vehicle__forward="yes") == (True, False)
    assert directions("bike", bicycle__backward="no", oneway="yes") == (True, False)
    assert directions("walk", motor_vehicle__backward="no") == (True, True)


@pytest.mark.parametrize(
    ("tags", "stays"),
    [
        ({"sidewalk": "separate"}, False), ({"sidewalk": "separate", "foot": "yes"}, True), ({"sidewalk__both": "separate"}, False),
        ({"sidewalk__left": "separate", "sidewalk__right": "separate"}, False), ({"sidewalk__left": "separate", "sidewalk__right": "yes"}, True),
        ({"sidewalk__left": "yes", "sidewalk__right": "separate"}, True), ({"sidewalk__left": "separate"}, True),
        ({"sidewalk": "right", "sidewalk__left": "separate"}, True), ({"sidewalk": "separate", "sidewalk__right": "yes"}, True),
        ({"sidewalk__both": "separate", "foot": "designated"}, True), ({"sidewalk": "both"}, True), ({"sidewalk": "no"}, True),
    ],
)  # fmt: skip
def test_a_street_is_left_out_on_foot_where_both_pavements_are_ways_of_their_own(tags, stays):
    assert is_open("walk", **tags) is stays
    assert all(is_open(mode, **tags) for mode in WHEELS)


ALONG, AGAINST, BOTH, NEITHER = (True, False), (False, True), (True, True), (False, False)


@pytest.mark.parametrize(
    ("tags", "bike", "drive"),
    [
        ({"oneway": "yes"}, ALONG, ALONG), ({"oneway": "1"}, ALONG, ALONG), ({"oneway": "True"}, ALONG, ALONG), ({"oneway": "-1"}, AGAINST, AGAINST),
        ({"oneway": "reverse"}, AGAINST, AGAINST), ({"oneway": "no"}, BOTH, BOTH), ({"oneway": "0"}, BOTH, BOTH),
        ({"oneway": "alternating"}, BOTH, BOTH),
        ({"oneway": "reversible"}, NEITHER, NEITHER), ({"oneway": "reversible", "motor_vehicle": "yes"}, NEITHER, NEITHER),
        ({"oneway": "reversible", "oneway__bicycle": "no"}, BOTH, NEITHER), ({"oneway": "odd"}, BOTH, BOTH),
        ({"oneway": "yes", "oneway__bicycle": "no"}, BOTH, ALONG), ({"oneway__bicycle": "-1"}, AGAINST, BOTH),
        ({"oneway": "yes", "cycleway": "opposite"}, BOTH, ALONG), ({"oneway": "yes", "cycleway__left": "opposite_lane"}, BOTH, ALONG),
        ({"oneway": "yes", "cycleway": "opposite", "oneway__bicycle": "yes"}, ALONG, ALONG), ({"oneway": "yes", "cycleway": "lane"}, ALONG, ALONG),
        ({"oneway": "yes", "cycleway__left__oneway": "-1"}, BOTH, ALONG), ({"oneway": "yes", "oneway__motor_vehicle": "no"}, ALONG, BOTH),
        ({"oneway__vehicle": "yes"}, ALONG, ALONG), ({"oneway__foot": "yes"}, BOTH, BOTH), ({"junction": "roundabout"}, ALONG, ALONG),
        ({"junction": "circular"}, ALONG, ALONG), ({"junction": "roundabout", "oneway": "-1"}, AGAINST, AGAINST),
        ({"junction": "circular", "oneway": "no"}, BOTH, BOTH), ({"junction": "roundabout", "oneway": "odd"}, ALONG, ALONG),
        ({"highway": "motorway", "bicycle": "yes"}, ALONG, ALONG), ({"highway": "motorway_link", "bicycle": "yes"}, BOTH, BOTH),
    ],
)  # fmt: skip
def test_one_way(tags, bike, drive):
    assert directions("bike", **tags) == bike
    assert directions("drive", **tags) == directions("ambulance", **tags) == drive
    if tags.get("highway", "residential") == "residential":
        assert directions("walk", **tags) == (ALONG if tags.get("oneway__foot") else BOTH)


def test_an_escalator_goes_one_way_on_foot():
    assert directions("walk", highway="steps", conveying="forward") == ALONG
    assert directions("walk", highway="steps", conveying="backward") == AGAINST
    assert directions("walk", highway="steps", conveying="yes") == BOTH


@pytest.mark.parametrize("highway", [None, "tertiary", "service", "footway", "path", "construction"])
@pytest.mark.parametrize("route", ["ferry", "ferry;road"])
def test_a_ferry_is_one_whatever_highway_says(highway, route):
    tags = {"route": route, "duration": "40", "oneway": "yes"} | ({"highway": highway} if highway else {})
    assert [directions(mode, **tags) for mode in MODES] == [ALONG, ALONG, NEITHER, NEITHER]
    assert directions("drive", **tags, motor_vehicle="yes") == ALONG
    assert [is_open(mode, **tags, access="no") for mode in MODES] == [False] * 4
    assert is_open("walk", **tags, access="private", foot="yes")
    assert directions("walk", route=route, junction="roundabout") == BOTH


def test_a_bicycle_is_led_at_the_pace_of_the_access_leg():
    roads = make_roads([(0, 0), (100, 0)], [([0, 1], {"highway": "footway", "bicycle": "dismount"})])
    network = make_network(roads, "bike", speed_kph=18)  # access legs go at 1 m/s
    assert nearest_s(network, [(0, 0)], [(100, 0)])[0] == pytest.approx([100])


@given(
    st.sampled_from(CLASSES),
    st.dictionaries(
        st.sampled_from(["access", "foot", "vehicle", "sidewalk"]), st.sampled_from([*OPEN_VALUES, *CLOSED_VALUES, "?"])
    ),
)
def test_opening_by_the_modes_own_key_never_closes_and_closing_never_opens(highway, tags):
    for mode, key in (("walk", "foot"), ("bike", "bicycle"), ("drive", "motorcar"), ("ambulance", "emergency")):
        now = directions(mode, highway=highway, **tags)
        opened = directions(mode, highway=highway, **{**tags, key: "yes"})
        closed = directions(mode, highway=highway, **{**tags, key: "no"})
        assert all(before <= after for before, after in zip(now, opened, strict=True))
        assert closed == NEITHER


# Barriers

NODES = [(0, 0), (400, 0), (800, 0), (800, 700), (0, 700)]
THROUGH = [([0, 1, 2], {}), ([2, 3, 4, 0], {})]
AROUND_M = 700 + 800 + 700


def with_barrier(tags, ways=THROUGH, node=1):
    return make_roads(NODES, ways, barriers={node: tags})


def passes(mode, **tags):
    return not len(closed_nodes(with_barrier(tags), mode, TAGS)[0])


@pytest.mark.parametrize(
    ("kind", "who"),
    [("bollard", ("walk", "bike")), ("block", ("walk", "bike")), ("chain", ("walk", "bike")), ("jersey_barrier", ("walk", "bike")),
     ("cycle_barrier", ("walk", "bike")), ("sump_buster", ("walk", "bike")), ("stile", ("walk",)), ("turnstile", ("walk",)),
     ("kissing_gate", ("walk",)), ("gate", MODES), ("lift_gate", MODES), ("swing_gate", MODES), ("cattle_grid", MODES), ("toll_booth", MODES),
     ("kerb", MODES), ("entrance", MODES), ("no", MODES), ("wall", ()), ("fence", ()), ("hedge", ()), ("yes", ("walk", "bike")),
     ("of_ones_own", MODES)],
)  # fmt: skip
def test_whom_a_barrier_lets_pass(kind, who):
    assert tuple(mode for mode in MODES if passes(mode, barrier=kind)) == who


def test_the_nodes_own_tags_go_first():
    assert [passes(mode, barrier="gate", access="private") for mode in MODES] == [False] * 4
    assert [passes(mode, barrier="gate", access="no", foot="yes") for mode in MODES] == [True, False, False, False]
    assert [passes(mode, barrier="gate", locked="yes") for mode in MODES] == [False] * 4
    assert [passes(mode, barrier="gate", locked="yes", bicycle="yes") for mode in MODES] == [False, True, False, False]
    assert [passes(mode, barrier="lift_gate", access="private") for mode in MODES] == [True, False, False, False], (
        "one walks round it"
    )
    assert [passes(mode, barrier="bollard", access="no") for mode in MODES] == [True, True, False, False], (
        "that speaks of cars"
    )
    assert [passes(mode, barrier="bollard", foot="no", bicycle="no") for mode in MODES] == [False] * 4
    assert [passes(mode, barrier="bollard", motor_vehicle="yes") for mode in MODES] == [True] * 4
    assert [passes(mode, barrier="bollard", emergency="yes") for mode in MODES] == [True, True, False, True]
    assert [passes(mode, barrier="wall", foot="yes") for mode in MODES] == [True, False, False, False]
    assert passes("drive", barrier="gate", access="destination")
    assert not passes("drive", barrier="gate", motor_vehicle="forestry", access="yes")


def test_a_closed_barrier_cuts_the_way_and_what_leads_up_to_it_stays():
    roads = with_barrier({"barrier": "bollard"})
    on_foot, by_car = make_network(roads), make_network(roads, "drive", speeds_kph={"default": 3.6})
    assert nearest_s(on_foot, [(0, 0)], [(800, 0)])[0] == pytest.approx([800])
    assert nearest_s(by_car, [(0, 0)], [(800, 0)])[0] == pytest.approx([AROUND_M])
    # from 100 m before the bollard to 100 m behind it: back, round, and up to it from the other side
    assert nearest_s(by_car, [(300, 0)], [(500, 0)])[0] == pytest.approx([300 + AROUND_M + 300])
    assert nearest_s(by_car, [(300, 0)], [(390, 0)])[0] == pytest.approx([90])
    assert by_car.part_m.sum() == pytest.approx(on_foot.part_m.sum())


@pytest.mark.parametrize("ways", [[([0, 1], {}), ([1, 2], {}), ([2, 3, 4, 0], {})], [([1, 0], {}), ([1, 2], {}), ([0, 4, 3, 2], {})],
                                  [([0, 1, 2, 3, 4, 0], {})], [([1, 2, 3, 4, 0, 1], {})]])  # fmt: skip
def test_wherever_the_ways_begin_the_barrier_cuts_them(ways):
    network = make_network(with_barrier({"barrier": "block"}, ways), "drive", speeds_kph={"default": 3.6})
    assert nearest_s(network, [(0, 0)], [(800, 0)])[0] == pytest.approx([AROUND_M])


def test_a_barrier_where_ways_cross_cuts_none_and_is_counted():
    nodes = [*NODES, (400, -300)]
    roads = make_roads(nodes, [*THROUGH, ([1, 5], {"highway": "footway"})], barriers={1: {"barrier": "bollard"}})
    network = make_network(roads, "drive", speeds_kph={"default": 3.6})
    assert network.left_out.unclear_barriers == 1
    assert nearest_s(network, [(0, 0)], [(800, 0)])[0] == pytest.approx([800])
    assert make_network(roads).left_out.unclear_barriers == 0, "it stops nobody on foot"


def test_osmnx_knows_no_barriers():
    network = make_network(with_barrier({"barrier": "block"}), "drive", speeds_kph={"default": 3.6}, ways="osmnx")
    assert nearest_s(network, [(0, 0)], [(800, 0)])[0] == pytest.approx([800])


@given(
    st.lists(st.lists(st.integers(0, 11), min_size=2, max_size=7), min_size=1, max_size=6), st.sets(st.integers(0, 11))
)
def test_cutting_keeps_every_metre_and_leaves_nothing_through(lines, closed):
    at = np.random.default_rng(3).uniform(0, 900, (12, 2))
    roads = make_roads(at.tolist(), [(line, {"name": f"{index}"}) for index, line in enumerate(lines)])
    cut = cut_at_barriers(roads, np.array(sorted(closed), dtype=np.int64))
    assert cut.length_m.sum() == pytest.approx(roads.length_m.sum())
    by_way = [
        np.bincount(one.tags["name"].astype(int), weights=one.length_m, minlength=len(lines)) for one in (roads, cut)
    ]
    assert by_way[0] == pytest.approx(by_way[1])
    assert set(cut.way_id) == set(roads.way_id)
    at_closed = np.flatnonzero(np.isin(cut.x, roads.x[sorted(closed)]))
    assert np.bincount(cut.way_node, minlength=len(cut.x))[at_closed].max(initial=0) <= 1
