"""What holds on any network: adding helps, closing hurts, there and back agree, time and length never mix."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecircle.travel.reach import Search, join_points
from tests.travel.made import doors_at, make_network, make_roads

KPH = 5.4
SPEED_MPS = KPH / 3.6
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
place = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda at: (10.0 * at[0] + 0.7, 10.0 * at[1] + 0.3))
modes = st.sampled_from(["walk", "drive"])
directions = st.sampled_from(["toward", "from"])
weights = st.sampled_from(["seconds", "metres"])
BOAT = {"route": "ferry", "duration": "3", "motor_vehicle": "yes"}


@st.composite
def towns(draw, *, has_ferries=True):
    """A few nodes and links between them, some one-way, some boats; places where people and facilities are."""
    nodes = draw(st.lists(place, min_size=3, max_size=10, unique=True))
    number = st.integers(0, len(nodes) - 1)
    pair = st.tuples(number, number).filter(lambda ends: ends[0] != ends[1])
    tags = [{}, {}, {"oneway": "yes"}, {"highway": "primary"}, *([BOAT] if has_ferries else [])]
    links = draw(st.lists(st.tuples(pair, st.sampled_from(tags)), min_size=1, max_size=14))
    ways = [([a, b], tag) for (a, b), tag in links]
    homes = draw(st.lists(place, min_size=1, max_size=12))
    doors = draw(st.lists(place, min_size=1, max_size=4))
    return nodes, ways, homes, doors


def network_of(nodes, ways, mode="walk", **changes):
    settings = {"max_access_m": 900.0, "access_kph": KPH} | changes
    if mode == "walk":
        settings = {"speed_kph": KPH} | settings
    return make_network(make_roads(nodes, ways), mode, **settings)


def costs(network, homes, doors, direction="toward", weight="seconds"):
    xy = np.array(homes, dtype=float)
    cells = join_points(network, xy[:, 0].copy(), xy[:, 1].copy())
    return Search(network, weight, direction).nearest(cells, doors_at(network, doors))[0]


def is_no_slower(after, before):
    """Whether nobody's way has become longer, to a rounding."""
    return bool((after <= before * (1 + 1e-12) + 1e-9).all())


@few
@given(towns(), modes, directions, weights)
def test_another_facility_slows_nobody(town, mode, direction, weight):
    nodes, ways, homes, doors = town
    network = network_of(nodes, ways, mode)
    fewer = costs(network, homes, doors[:-1] or doors, direction, weight)
    assert is_no_slower(costs(network, homes, doors, direction, weight), fewer)


@st.composite
def standing(draw):
    """A town where people and doors stand on nodes, each on a stub of its own, so that they join there whatever else is changed.

    Elsewhere a closure may speed somebody honestly: who joined the closed street joins another, that leads elsewhere; and of two
    streets equally near either may be joined.
    """
    nodes, ways, _, _ = draw(towns())
    # Towards the golden ratio: no street between places of the grid runs along a stub.
    stubs = [(x + 0.25, y + 0.125 * (1 + 5**0.5)) for x, y in nodes]
    fixed = [([at, at + len(nodes)], {}) for at in range(len(nodes))]
    number = st.integers(0, len(nodes) - 1)
    homes = [stubs[at] for at in draw(st.lists(number, min_size=1, max_size=8))]
    doors = [stubs[at] for at in draw(st.lists(number, min_size=1, max_size=3))]
    return [*nodes, *stubs], ways, fixed, homes, doors


@few
@given(standing(), modes, directions, weights, st.data())
def test_closing_a_link_speeds_nobody(town, mode, direction, weight, data):
    nodes, ways, fixed, homes, doors = town
    closed = data.draw(st.integers(0, len(ways) - 1))
    whole = network_of(nodes, [*ways, *fixed], mode, max_access_m=1e-6)
    left = network_of(nodes, [*ways[:closed], *ways[closed + 1 :], *fixed], mode, max_access_m=1e-6)
    before, after = costs(whole, homes, doors, direction, weight), costs(left, homes, doors, direction, weight)
    assert is_no_slower(before, after)


@few
@given(towns(), weights)
def test_there_and_back_agree_where_every_link_runs_both_ways(town, weight):
    nodes, ways, homes, doors = town
    network = network_of(nodes, ways)  # on foot one-way streets run both ways, and no boat here is one-way
    np.testing.assert_allclose(
        costs(network, homes, doors, "toward", weight), costs(network, homes, doors, "from", weight), rtol=1e-12
    )


@few
@given(standing(), modes, weights)
def test_back_is_there_with_every_street_turned_round(town, mode, weight):
    nodes, ways, fixed, homes, doors = town
    there, back = (network_of(nodes, lines, mode, max_access_m=1e-6) for lines in (
        [*ways, *fixed], [*((line[::-1], tag) for line, tag in ways), *fixed]
    ))  # fmt: skip
    np.testing.assert_allclose(
        costs(back, homes, doors, "from", weight), costs(there, homes, doors, "toward", weight), rtol=1e-9, atol=1e-9
    )


@few
@given(towns(has_ferries=False), directions, st.sampled_from([0.0, 150.0]))
def test_metres_are_seconds_times_the_one_speed(town, direction, direct_m):
    nodes, ways, homes, doors = town
    network = network_of(nodes, ways, direct_m=direct_m)
    seconds, metres = (costs(network, homes, doors, direction, weight) for weight in ("seconds", "metres"))
    np.testing.assert_allclose(seconds * SPEED_MPS, metres, rtol=1e-12)


@few
@given(towns(), modes, directions, st.sampled_from([0.5, 2.0, 4.0]))
def test_longer_in_proportion_is_slower_in_proportion(town, mode, direction, times):
    """Every length and speed times the same: the seconds stay, the metres grow; boats keep their timetable."""
    nodes, ways, homes, doors = town
    ways = [(line, tag) for line, tag in ways if tag is not BOAT] or [([0, 1], {})]
    speeds = (
        {"speeds_kph": {"primary": 60.0 * times, "default": 30.0 * times}}
        if mode == "drive"
        else {"speed_kph": KPH * times}
    )
    before = {"speeds_kph": {"primary": 60.0, "default": 30.0}} if mode == "drive" else {}
    larger = [[(x * times, y * times) for x, y in points] for points in (nodes, homes, doors)]
    small = network_of(nodes, ways, mode, **before)
    large = network_of(larger[0], ways, mode, access_kph=KPH * times, max_access_m=900.0 * times, **speeds)
    for weight, grows in (("seconds", 1.0), ("metres", times)):
        np.testing.assert_allclose(
            costs(large, larger[1], larger[2], direction, weight),
            costs(small, homes, doors, direction, weight) * grows, rtol=1e-9, atol=1e-9,
        )  # fmt: skip
