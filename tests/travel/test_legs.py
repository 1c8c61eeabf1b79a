"""Access legs to every street that is near: by hand, and what must hold on any network."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifecircle.config import load_modes, load_ways
from lifecircle.model import NewLink, Sailing
from lifecircle.travel.isochrones import catchment_polygons, isochrones
from lifecircle.travel.isochrones.spread import Spread, find_doors
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Search, join_points
from lifecircle.travel.samples import sample_points
from tests.travel.made import doors_at, make_network, make_roads

NEAR = {"direct_m": 100.0}
few = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def legs_of(network, *at):
    """The lengths of a point's legs, shortest first."""
    joins = join_points(network, np.array([float(at[0])]), np.array([float(at[1])]))
    return sorted(joins.access_m.tolist())


def costs(network, homes, doors, direction="toward", weight="seconds"):
    xy = np.array(homes, dtype=float).reshape(-1, 2)
    joins = join_points(network, xy[:, 0].copy(), xy[:, 1].copy())
    search, entrances = Search(network, weight, direction), doors_at(network, doors)
    cost = search.nearest(joins, entrances)[0]
    reach = search.reach(joins, entrances, 1e9)
    least = np.full(len(xy), np.inf)
    np.minimum.at(least, reach.indices, reach.data)
    np.testing.assert_allclose(least, cost, rtol=1e-12)  # each cell is stored once, at its best
    assert reach.nnz == len(
        np.unique(np.repeat(np.arange(reach.shape[0]), np.diff(reach.indptr)) * len(xy) + reach.indices)
    )
    return cost


def barred(nodes, ways, *barriers, **changes):
    mode = load_modes({"walk": {"speed_kph": 3.6, "access_kph": 3.6, "min_fragment_m": 0.0, **NEAR, **changes}})["walk"]
    shapes = np.array([shapely.from_wkt(text) for text in barriers], dtype=object)
    return build_network(make_roads(nodes, ways), mode, load_ways(), None, shapes)


STREET = [(-600, 0), (1600, 0)]
COURT = [(-300, 22), (300, 22), (300, 122), (-300, 122)]


def test_a_loose_path_swallows_nobody():
    network = make_network(make_roads([*STREET, *COURT], [([0, 1], {}), ([2, 3, 4, 5], {})]), **NEAR)
    assert legs_of(network, 0, 20) == pytest.approx([2, 20])
    # The facility beside the path, and the people beside it: 20 m to the street, 800 along.
    assert costs(network, [(800, 0), (0, 20)], [(0, 20)]) == pytest.approx([820, 0])
    assert costs(network, [(0, 20)], [(800, 0)]) == pytest.approx([820])
    alone = make_network(make_roads([*STREET, *COURT], [([0, 1], {}), ([2, 3, 4, 5], {})]), join="nearest", **NEAR)
    assert np.isinf(costs(alone, [(800, 0)], [(0, 20)])).all()


def test_beyond_direct_m_the_nearest_of_each_part_is_joined():
    # 150 m to a loose path, 250 m to the town, whose other street is 260 m away.
    nodes = [(-50, 150), (50, 150), (-500, -250), (500, -250), (-500, 260), (500, 260)]
    ways = [([0, 1], {}), ([2, 3], {}), ([2, 4, 5], {})]
    network = make_network(make_roads(nodes, ways), **NEAR)
    assert legs_of(network, 0, 0) == pytest.approx([150, 250])
    # 200 m is the longest leg: only the path. Within 100 m of it the town is none of anybody's business.
    assert legs_of(make_network(make_roads(nodes, ways), max_access_m=200.0, **NEAR), 0, 0) == pytest.approx([150])
    assert legs_of(network, 0, 60) == pytest.approx([90])
    assert legs_of(make_network(make_roads(nodes, ways), max_access_m=90.0, **NEAR), 0, 0) == []


def test_within_direct_m_is_up_to_it():
    network = make_network(make_roads([(0, 0), (500, 0), (0, 180), (500, 180)], [([0, 1], {}), ([2, 3], {})]), **NEAR)
    assert legs_of(network, 250, 80) == pytest.approx([80, 100])
    assert legs_of(network, 250, 79.99) == pytest.approx([79.99])


def test_of_a_street_the_nearest_place_is_joined_and_of_two_as_near_both():
    # A crescent: one street, whose arms lie 60 m apart.
    nodes = [(0, 0), (300, 0), (300, 60), (0, 60)]
    network = make_network(make_roads(nodes, [([0, 1, 2, 3], {})]), **NEAR)
    assert legs_of(network, 100, 20) == pytest.approx([20])
    assert legs_of(network, 100, 30) == pytest.approx([30, 30])
    # A side street at its far end cuts it in two, and each half is joined.
    cut = make_network(make_roads([*nodes, (400, 60)], [([0, 1, 2, 3], {}), ([2, 4], {})]), **NEAR)
    assert legs_of(cut, 100, 20) == pytest.approx([20, 40])


def test_junctions_are_joined_once():
    nodes = [(0, 0), (100, 0), (-100, 0), (0, 100), (0, -100)]
    network = make_network(make_roads(nodes, [([0, other], {}) for other in (1, 2, 3, 4)]), **NEAR)
    assert legs_of(network, 0, 0) == [0]
    # Between two arms: both, and the crossing for the other two.
    assert legs_of(network, 30, 40) == pytest.approx([30, 40, 50])


def test_parallel_streets_between_the_same_junctions_are_two():
    nodes = [(0, 0), (300, 0), (150, 40), (150, -40), (-100, 0), (400, 0)]
    ways = [([0, 2, 1], {}), ([0, 3, 1], {}), ([4, 0], {}), ([1, 5], {})]
    assert len(legs_of(make_network(make_roads(nodes, ways), **NEAR), 140, 0)) == 2


@pytest.mark.parametrize("turn", range(4))
def test_a_ring_has_no_first_point(turn):
    ring = [(0, 0), (200, 0), (200, 200), (0, 200)]
    nodes = ring[turn:] + ring[:turn]
    network = make_network(make_roads(nodes, [([0, 1, 2, 3, 0], {})]), **NEAR)
    for at, expected in (((100, 20), [20]), ((10, 10), [10, 10]), ((-30, -40), [50]), ((100, 100), [100] * 4)):
        assert legs_of(network, *at) == pytest.approx(expected)
    by_car = make_network(
        make_roads(nodes, [([0, 1, 2, 3, 0], {"oneway": "yes"})]), "drive", speeds_kph={"default": 3.6}, **NEAR
    )
    # Along it, and against it round the ring; and the other way in the other direction. All are more than a straight walk away.
    assert costs(by_car, [(0, 50), (200, 50)], [(100, 0)]) == pytest.approx([150, 650])
    assert costs(by_car, [(0, 50), (200, 50)], [(100, 0)], "from") == pytest.approx([650, 150])


def test_where_the_direction_changes_another_street_begins():
    nodes = [(0, 0), (300, 0), (600, 0)]
    network = make_network(make_roads(nodes, [([0, 1], {}), ([1, 2], {"oneway": "yes"})]), "drive", **NEAR)
    assert legs_of(network, 310, 30) == pytest.approx([30, np.hypot(10, 30)])
    on_foot = make_network(make_roads(nodes, [([0, 1], {}), ([1, 2], {"oneway": "yes"})]), **NEAR)
    assert legs_of(on_foot, 310, 30) == pytest.approx([30])


@pytest.mark.parametrize(("direction", "oneway"), [("toward", "yes"), ("from", "-1")])
def test_a_one_way_dead_end_swallows_nobody(direction, oneway):
    # Into the dead end, or out of it, nobody gets: where no street is within direct_m, the town's is joined too.
    nodes = [(-500, 0), (0, 0), (500, 0), (0, 170), (0, 210)]
    roads = make_roads(nodes, [([0, 1, 2], {}), ([1, 3, 4], {"oneway": oneway})])
    door = [(60.0, 190.0)]
    other = "from" if direction == "toward" else "toward"
    network, alone = (
        make_network(roads, "drive", speeds_kph={"default": 3.6}, direct_m=0.0, join=join)
        for join in ("near", "nearest")
    )
    assert np.isinf(costs(alone, [(400.0, 0.0)], door, other)).all()
    assert costs(network, [(400.0, 0.0)], door, other) == pytest.approx([340 + 190])
    assert np.isfinite(costs(network, [(400.0, 0.0)], door, direction)).all()


def test_a_link_end_joins_every_street_near_it_and_nobody_walks_over_a_pier():
    # Two streets that do not meet, 60 m apart; a boat leaves from between them, 20 m from the one and 40 m from the other.
    nodes = [(0, 0), (500, 0), (0, 60), (500, 60), (0, 2000), (500, 2000)]
    ways = [([0, 1], {}), ([2, 3], {}), ([4, 5], {})]
    boat = Sailing("boat", (250.0, 20.0), (250.0, 2000.0), 600.0, ("walk",))
    network = make_network(make_roads(nodes, ways, (boat,)), max_access_m=45.0, direct_m=45.0)
    homes = [(0, 0), (0, 60)]
    assert costs(network, homes, [(500, 2000)]) == pytest.approx([250 + 20 + 600 + 250, 250 + 40 + 600 + 250])
    # From the one street to the other one sails there and back: the pier is no way between them.
    assert costs(network, [(0, 0)], [(0, 60)]) == pytest.approx([250 + 20 + 600 + 600 + 40 + 250])
    assert np.isinf(costs(network, [(0, 0)], [(500, 2000)], weight="metres")).all()


def test_a_link_moves_nobodys_legs():
    nodes = [(0, 0), (500, 0), (0, 300), (500, 300)]
    ways = [([0, 1], {}), ([2, 3], {})]
    roads = make_roads(nodes, ways)
    link = NewLink("bridge", ((200.0, 0.0), (200.0, 300.0)), ("walk",), "footway", 300.0)
    with_link = make_network(replace(roads, links=(link,)), **NEAR)
    for at in ((190, 50), (250, 20), (200, 290)):
        assert legs_of(with_link, *at) == pytest.approx(legs_of(make_network(roads, **NEAR), *at))
    assert costs(with_link, [(100, 0)], [(100, 300)]) == pytest.approx([100 + 300 + 100])
    assert costs(with_link, [(100, 0)], [(100, 300)], weight="metres") == pytest.approx([500])


# --- barriers


def test_a_leg_does_not_cross_a_river_but_by_the_bridge():
    # A street along either bank, and a bridge 400 m off; the river between.
    nodes = [(0, 0), (500, 0), (0, 60), (500, 60)]
    ways = [([0, 1], {}), ([2, 3], {}), ([1, 3], {})]
    river = "LINESTRING (-1000 30, 1000 30)"
    network = barred(nodes, ways, river)
    assert legs_of(network, 100, 10) == pytest.approx([10])
    # Along the bank to the bridge, over it and back; a straight walk of 30 m would go through the water.
    assert costs(network, [(100, 10)], [(100, 40)]) == pytest.approx([10 + 400 + 60 + 400 + 20])
    assert legs_of(barred(nodes, ways), 100, 10) == pytest.approx([10])  # both banks are one street, by the bridge
    assert costs(barred(nodes, ways), [(100, 10)], [(100, 40)]) == pytest.approx([30])
    assert legs_of(barred(nodes, ways, river, join="nearest"), 100, 10) == pytest.approx([10])


def test_the_near_bank_of_a_bridge_is_joined_at_its_head():
    # One street, slanting over the river: its nearest place lies beyond the water, the bridgehead on this side.
    network = barred([(0, -100), (0, 100), (80, 200)], [([0, 1, 2], {})], "LINESTRING (-500 20, 500 20)")
    assert legs_of(network, 10, 10) == pytest.approx([10])
    assert legs_of(network, 50, 19) == pytest.approx([50])
    slanting = barred([(-200, -100), (200, 100)], [([0, 1], {})], "LINESTRING (-500 0, 500 0)")
    assert legs_of(slanting, 30, -20) == pytest.approx([np.hypot(30, 20)])


def test_an_area_is_not_entered_and_may_be_left_once():
    lake = "POLYGON ((100 -200, 200 -200, 200 200, 100 200, 100 -200))"
    streets = [(50, -500), (50, 500), (250, -500), (250, 500)]
    network = barred(streets, [([0, 1], {}), ([2, 3], {})], lake)
    assert legs_of(network, 90, 0) == pytest.approx([40])  # not the one 160 m away, across the lake
    assert legs_of(network, 140, 0) == pytest.approx([90])  # stands in the water, 90 and 110 m from land's streets
    assert legs_of(network, 150, 0) == pytest.approx([100, 100])
    two = barred(
        streets, [([0, 1], {}), ([2, 3], {})], lake, "POLYGON ((210 -200, 220 -200, 220 200, 210 200, 210 -200))"
    )
    assert legs_of(two, 170, 0) == pytest.approx([120])  # out of one and through another is across


def test_no_leg_at_all_across_a_barrier_on_every_side():
    ring = "LINESTRING (-50 -50, 50 -50, 50 50, -50 50, -50 -50)"
    network = barred([(-500, 80), (500, 80)], [([0, 1], {})], ring)
    assert legs_of(network, 0, 0) == []
    assert np.isinf(costs(network, [(0, 0)], [(400, 80)])).all()


# --- what holds on any network

place = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda at: (10.0 * at[0] + 0.7, 10.0 * at[1] + 0.3))
modes = st.sampled_from(["walk", "drive"])
directions = st.sampled_from(["toward", "from"])
weights = st.sampled_from(["seconds", "metres"])


@st.composite
def towns(draw):
    """Streets between places of a grid, some one-way; people and facilities anywhere."""
    nodes = draw(st.lists(place, min_size=3, max_size=10, unique=True))
    number = st.integers(0, len(nodes) - 1)
    line = st.lists(number, min_size=2, max_size=4).filter(lambda ends: all(a != b for a, b in pairwise(ends)))
    ways = draw(
        st.lists(
            st.tuples(line, st.sampled_from([{}, {}, {"oneway": "yes"}, {"highway": "primary"}])),
            min_size=1,
            max_size=12,
        )
    )
    homes = draw(st.lists(place, min_size=1, max_size=12))
    doors = draw(st.lists(place, min_size=1, max_size=4))
    return nodes, ways, homes, doors


def town(nodes, ways, mode, **changes):
    slow = {"speeds_kph": {"primary": 20.0, "default": 9.0}} if mode == "drive" else {"speed_kph": 3.6}
    return make_network(make_roads(nodes, ways), mode, **{"max_access_m": 250.0, "direct_m": 60.0, **slow, **changes})


def is_near(network, at):
    xy = np.array(at, dtype=float)
    return join_points(network, xy[:, 0].copy(), xy[:, 1].copy()).nearest_m <= 60.0


@few
@given(towns(), modes, directions, weights, st.data())
def test_opening_a_street_lengthens_nobodys_way_who_has_one_near(made, mode, direction, weight, data):
    """Between junctions, from along a street, or from nowhere; one that prolongs a dead end makes that a longer street."""
    nodes, ways, homes, doors = made
    opened = data.draw(st.integers(0, len(ways) - 1))
    rest = [*ways[:opened], *ways[opened + 1 :]]
    assume(rest)
    degree = np.zeros(len(nodes), dtype=int)
    for line, _ in rest:
        for a, b in pairwise(line):
            degree[[a, b]] += 1
    assume(not (degree[ways[opened][0]] == 1).any())
    before, after = town(nodes, rest, mode), town(nodes, ways, mode)
    doors = [door for door, near in zip(doors, is_near(before, doors), strict=True) if near]
    assume(doors)
    near = is_near(before, homes)
    was, now = (costs(network, homes, doors, direction, weight)[near] for network in (before, after))
    assert (now <= was * (1 + 1e-12) + 2e-3).all()


@few
@given(towns(), modes, directions, weights, st.data())
def test_cutting_a_line_in_two_changes_no_minute(made, mode, direction, weight, data):
    nodes, ways, homes, doors = made
    cut = data.draw(st.integers(0, len(ways) - 1))
    line, tags = ways[cut]
    piece = data.draw(st.integers(0, len(line) - 2))
    share = data.draw(st.floats(0.1, 0.9))
    (ax, ay), (bx, by) = nodes[line[piece]], nodes[line[piece + 1]]
    more = [*nodes, (ax + share * (bx - ax), ay + share * (by - ay))]
    first, second = [*line[: piece + 1], len(nodes)], [len(nodes), *line[piece + 1 :]]
    halves = [*ways[:cut], (first, tags), *ways[cut + 1 :], (second, tags)]
    one, two = (costs(town(*each, mode), homes, doors, direction, weight) for each in ((nodes, ways), (more, halves)))
    np.testing.assert_allclose(two, one, rtol=1e-9, atol=2e-3)  # a place within 1 mm of the cut joins it


@few
@given(towns(), modes, directions, weights, st.randoms(use_true_random=False))
def test_the_order_and_the_sense_of_rows_do_not_matter(made, mode, direction, weight, random):
    nodes, ways, homes, doors = made
    other = [
        (line[::-1], tags) if "oneway" not in tags and random.random() < 0.5 else (line, tags) for line, tags in ways
    ]
    random.shuffle(other)
    one, two = (costs(town(nodes, each, mode), homes, doors, direction, weight) for each in (ways, other))
    np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-6)


@few
@given(towns(), modes, directions, weights)
def test_every_street_near_is_never_slower_than_the_nearest_alone(made, mode, direction, weight):
    nodes, ways, homes, doors = made
    every, alone = (
        costs(town(nodes, ways, mode, join=join), homes, doors, direction, weight) for join in ("near", "nearest")
    )
    assert (every <= alone * (1 + 1e-12) + 2e-3).all()


@few
@given(towns(), modes, directions, weights)
def test_another_facility_slows_nobody_and_longer_legs_strand_nobody(made, mode, direction, weight):
    nodes, ways, homes, doors = made
    network = town(nodes, ways, mode)
    whole = costs(network, homes, doors, direction, weight)
    assert (whole <= costs(network, homes, doors[:1], direction, weight) * (1 + 1e-12)).all()
    longer = costs(town(nodes, ways, mode, max_access_m=400.0), homes, doors, direction, weight)
    assert (np.isfinite(longer) >= np.isfinite(whole)).all()


# --- areas

BLOCKS = [(float(x), float(y)) for y in range(0, 501, 125) for x in range(0, 501, 125)]
GRID = [([5 * r + c, 5 * r + c + 1], {}) for r in range(5) for c in range(4)] + [
    ([5 * r + c, 5 * r + c + 5], {"oneway": "yes"} if c % 2 else {}) for r in range(4) for c in range(5)
]


@pytest.mark.parametrize(
    "barriers", [(), ("LINESTRING (-300 190, 430 190)", "POLYGON ((520 0, 560 0, 560 400, 520 400, 520 0))")]
)
@pytest.mark.parametrize(("mode_id", "limit"), [("walk", 350.0), ("drive", 330.0)])
def test_an_isochrone_is_where_the_cells_are_in_time(mode_id, limit, barriers):
    speeds = {"speed_kph": 3.6} if mode_id == "walk" else {"speeds_kph": {"default": 7.2}}
    keys = {"access_kph": 3.6, "min_fragment_m": 0.0, "max_access_m": 220.0, **speeds, **NEAR}
    shapes = np.array([shapely.from_wkt(text) for text in barriers], dtype=object)
    lone = [(250.0, 700.0), (650.0, 700.0)]
    roads = make_roads([*BLOCKS, *lone], [*GRID, ([25, 26], {})])
    network = build_network(roads, load_modes({mode_id: keys})[mode_id], load_ways(), None, shapes)
    doors = doors_at(network, [(190.0, 130.0), (430.0, 480.0)])
    both = isochrones(network, doors, [limit])
    search = Search(network, "seconds", "toward")
    for drawn in both:
        assert drawn.passes
        box = shapely.box(*shapely.bounds(shapely.buffer(drawn.polygon, 60.0)))
        x, y = sample_points(shapely.multipolygons([box]), 7.0)
        cost, _ = search.nearest(join_points(network, x, y), doors.only(drawn.facility))
        inside = shapely.contains_xy(drawn.polygon, x, y)
        assert (inside != (cost <= limit)).sum() < 0.012 * inside.sum()
    areas = catchment_polygons(network, doors, limit)
    x, y = sample_points(shapely.multipolygons([shapely.box(-250, -250, 750, 950)]), 7.0)
    cost, facility = search.nearest(join_points(network, x, y), doors)
    inside = np.full(len(x), -1)
    for area in areas:
        inside[shapely.contains_xy(area.polygon, x, y)] = area.facility
    assert (inside != np.where(cost <= limit, facility, -1)).sum() < 0.02 * (inside >= 0).sum()


def test_the_cost_of_an_area_is_that_of_the_cells():
    network = make_network(make_roads(BLOCKS, GRID), "drive", speeds_kph={"default": 7.2}, **NEAR)
    doors = doors_at(network, [(190.0, 130.0)])
    search = Search(network, "seconds", "from")
    x, y = np.random.default_rng(1).uniform(-150, 650, (2, 400))
    joins = join_points(network, x, y)
    spread = Spread(search, find_doors(search, doors))
    spread.run(np.array([0]), 1e9)
    straight = np.hypot(x - 190.0, y - 130.0)
    by_street = np.where(straight <= 100.0, np.minimum(straight, spread.cost_at(joins)), spread.cost_at(joins))
    np.testing.assert_allclose(by_street, search.nearest(joins, doors)[0], rtol=1e-12)
