"""Ferries of the map in every shape that mappers give them: at 1 m/s on foot, metres are seconds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.travel.made import make_network, make_roads
from tests.travel.test_reach_by_hand import nearest_s

# A street, 900 m of water with two nodes in it, a street.
NODES = [(0, 0), (100, 0), (400, 0), (700, 0), (1000, 0), (1100, 0), (400, -500), (700, 500)]
SHORES = [([0, 1], {}), ([4, 5], {})]
HERE, THERE = (0, 0), (1100, 0)
WHOLE_S = 2400


def boat(*nodes, **tags):
    return list(nodes), {"route": "ferry", **{key.replace("__", ":"): value for key, value in tags.items()}}


def of_relation(*nodes, whole="40", interval=None, own=None):
    said = {"relation": "r1", "relation:duration": whole, "relation:interval": interval, "duration": own}
    return list(nodes), {"route": "ferry", **{key: value for key, value in said.items() if value}}


def crossing(*ways, mode="walk", there=THERE, **changes):
    """Seconds from one shore to the other, less the streets of 100 m at both ends; and back, the same."""
    network = make_network(make_roads(NODES, [*SHORES, *ways]), mode, **changes)
    out, home = (nearest_s(network, [a], [b])[0][0] for a, b in ((HERE, there), (there, HERE)))
    assert out == pytest.approx(home)
    return out - 200


@pytest.mark.parametrize(
    "ways",
    [
        [boat(1, 4, duration="40")],
        [boat(1, 2, 3, 4, duration="40")],
        [boat(1, 2, duration="10"), boat(2, 4, duration="30")],
        [boat(1, 2, duration="10"), boat(4, 3, 2, duration="30")],
        [boat(1, 2, duration="10"), boat(2, 3, duration="20"), boat(3, 4, duration="10")],
        [of_relation(1, 4)],
        [of_relation(1, 2), of_relation(2, 4)],
        [of_relation(1, 2), of_relation(4, 3), of_relation(2, 3)],
        [of_relation(1, 2, own="40"), of_relation(2, 4, own="40")],
        [of_relation(1, 2), of_relation(2, 4, own="40")],
    ],
    ids=["one", "bent", "two", "turned", "three", "relation", "its two", "its three", "copied", "on one"],
)
def test_in_however_many_pieces_it_is_one_sailing(ways):
    assert crossing(*ways) == pytest.approx(WHOLE_S)
    waited = [(nodes, {**tags, "interval": "01:00"}) for nodes, tags in ways]
    assert crossing(*waited) == pytest.approx(WHOLE_S + 1800), "waited for once"
    once = [
        (nodes, {**tags, **({"interval": "01:00"} if index == 0 else {})}) for index, (nodes, tags) in enumerate(ways)
    ]
    assert crossing(*once) == pytest.approx(WHOLE_S + 1800), "a headway on one piece is the sailing's"
    by_sea = make_network(make_roads(NODES, [*SHORES, *ways]))
    assert nearest_s(by_sea, [(550, 0)], [HERE])[0] == pytest.approx([450 + 100]), "nobody joins it at sea"


def test_pieces_keep_times_of_their_own_that_add_up_to_the_relations():
    ways = [of_relation(1, 2, own="30"), of_relation(2, 4, own="10")]
    pier = ([2, 6], {})
    # 300 of 900 m would be 800 s; the piece itself says 1800
    network = make_network(make_roads(NODES, [*SHORES, *ways, pier]))
    assert nearest_s(network, [HERE], [(400, -500)])[0] == pytest.approx([100 + 1800 + 500])


def test_a_relations_headway_is_waited_for_once():
    assert crossing(of_relation(1, 2, interval="20"), of_relation(2, 4, interval="20")) == pytest.approx(WHOLE_S + 600)


def test_past_a_landing_one_stays_aboard_and_waits_where_one_boards():
    pier = ([2, 6], {})
    for ways in (
        [boat(1, 2, 4, duration="45", interval="20")],
        [of_relation(1, 2, whole="45", interval="20"), of_relation(2, 4, whole="45")],
    ):
        network = make_network(make_roads(NODES, [*SHORES, pier, *ways]))
        assert nearest_s(network, [HERE], [THERE])[0] == pytest.approx([200 + 2700 + 600])
        assert nearest_s(network, [HERE], [(400, -500)])[0] == pytest.approx([100 + 900 + 600 + 500])
        assert nearest_s(network, [(400, -500)], [THERE])[0] == pytest.approx([500 + 600 + 1800 + 100])


def test_two_lines_that_meet_at_a_landing_are_each_waited_for():
    pier = ([2, 6], {})
    ways = [boat(1, 2, duration="15", interval="20"), boat(2, 4, duration="30", interval="10")]
    assert crossing(*ways, pier) == pytest.approx(2700 + 600 + 300)


def test_two_lines_at_one_landing_change_ashore():
    """Both are of one relation, and from one to the other nobody goes ashore; of two lines one does, and waits."""
    apart = [boat(1, 2, 4, duration="45", interval="20"), boat(2, 7, duration="10", interval="30")]
    network = make_network(make_roads([*NODES, (700, 600)], [*SHORES, ([2, 6], {}), ([7, 8], {}), *apart]))
    assert nearest_s(network, [HERE], [(700, 600)])[0] == pytest.approx([100 + 600 + 900 + 900 + 600 + 100])


def test_a_relation_that_branches_or_goes_round_says_nothing_of_its_pieces():
    fork = [of_relation(1, 2), of_relation(2, 4), of_relation(2, 7)]
    there_and_back = [of_relation(1, 2, 4), of_relation(4, 3, 1)]
    for ways in (fork, there_and_back):
        network = make_network(make_roads(NODES, [*SHORES, *ways]))
        assert np.isinf(nearest_s(network, [HERE], [THERE])[0]).all()
        assert any("branches or goes round" in text for text in network.problems)
    own = [(nodes, {**tags, "duration": "20"}) for nodes, tags in fork[:2]]
    assert crossing(*own, fork[2]) == pytest.approx(2400)


def test_a_piece_without_a_time_breaks_the_line_and_is_said():
    network = make_network(make_roads(NODES, [*SHORES, boat(1, 2, duration="10"), boat(2, 4)]))
    assert np.isinf(nearest_s(network, [HERE], [THERE])[0]).all()
    assert any("1 条轮渡没有 duration" in text for text in network.problems)


def test_pieces_that_all_say_one_duration_are_added_up_and_that_is_said():
    ways = [boat(1, 2, duration="20"), boat(2, 4, duration="20")]
    assert crossing(*ways) == pytest.approx(2400)
    assert any("say one duration" in text for text in make_network(make_roads(NODES, [*SHORES, *ways])).problems)
    for other in ([boat(1, 2, duration="10"), boat(2, 4, duration="30")], [of_relation(1, 2, own="40"), of_relation(2, 4, own="40")],
                  [boat(1, 4, duration="20"), boat(1, 4, duration="20")]):  # fmt: skip
        assert not make_network(make_roads(NODES, [*SHORES, *other])).problems


def test_a_duration_that_cannot_be_read_is_not_said_to_be_absent():
    network = make_network(make_roads(NODES, [*SHORES, boat(1, 4, duration="quick")]))
    assert np.isinf(nearest_s(network, [HERE], [THERE])[0]).all()
    assert not any("没有 duration" in text for text in network.problems)


@pytest.mark.parametrize("highway", ["tertiary", "service", "footway", "path"])
@pytest.mark.parametrize("mode", ["walk", "bike", "drive", "ambulance"])
def test_highway_beside_route_makes_no_street_of_it(highway, mode):
    changes = {"speeds_kph": {"default": 3.6}} if mode in ("drive", "ambulance") else {"speed_kph": 3.6}
    tags = {"highway": highway, "foot": "yes", "bicycle": "yes", "motor_vehicle": "yes"}
    assert crossing(boat(1, 4, duration="40", **tags), mode=mode, **changes) == pytest.approx(WHOLE_S)
    untimed = make_network(make_roads(NODES, [*SHORES, boat(1, 4, **tags)]), mode, **changes)
    assert np.isinf(nearest_s(untimed, [HERE], [THERE])[0]).all()
    metres = make_network(make_roads(NODES, [*SHORES, boat(1, 4, duration="40", **tags)]), mode, **changes)
    assert np.isinf(nearest_s(metres, [HERE], [THERE], weight="metres")[0]).all()


def test_by_osmnx_a_highway_stays_a_street():
    assert crossing(boat(1, 4, duration="40", highway="tertiary"), ways="osmnx") == pytest.approx(900)


@given(st.lists(st.floats(1, 899), max_size=4, unique=True), st.booleans(), st.sampled_from(["", "00:10", "01:00"]))
def test_cutting_a_ferry_changes_no_minute(cuts, has_relation, interval):
    at = [100, *(100 + metres for metres in sorted(cuts)), 1000]
    nodes = [(0, 0), *((x, 0) for x in at), (1100, 0)]
    last = len(nodes) - 1
    shores = [([0, 1], {}), ([last - 1, last], {})]
    tags = {"route": "ferry", **({"interval": interval} if interval else {})}
    ways = []
    for number, (a, b) in enumerate(itertools.pairwise(at), start=1):
        share_s = 2400 * (b - a) / 900
        time = {"relation": "r1", "relation:duration": "40"} if has_relation else {"duration": f"PT{share_s:.6f}S"}
        ways.append(([number, number + 1], {**tags, **time}))
    wait_s = {"": 0, "00:10": 300, "01:00": 1800}[interval]
    network = make_network(make_roads(nodes, [*shores, *ways]))
    assert nearest_s(network, [(0, 0)], [(1100, 0)])[0] == pytest.approx([200 + 2400 + wait_s], abs=0.01)
    assert len(network.ferries) == len(ways), "each piece has an id of its own for a name"
