"""Journeys one can add up in the head: at 1 m/s, metres are seconds."""

from __future__ import annotations

import numpy as np
import pytest

from lifecircle.model import Sailing
from lifecircle.travel.reach import Search, join_points
from tests.travel.made import doors_at, make_network, make_roads

#   0 (0,0) ---- 1 (100,0) ---- 2 (200,0)
#                 |
#                3 (100,100)
TEE = [(0, 0), (100, 0), (200, 0), (100, 100)]


def nearest_s(network, cells, doors, direction="toward", weight="seconds"):
    xy = np.array(cells, dtype=float).reshape(-1, 2)
    joins = join_points(network, xy[:, 0].copy(), xy[:, 1].copy())
    search = Search(network, weight, direction)
    cost, facility = search.nearest(joins, doors_at(network, doors))
    # The reach must say the same.
    reach = search.reach(joins, doors_at(network, doors), 1e9).toarray()
    stored = search.reach(joins, doors_at(network, doors), 1e9)
    least = np.full(len(xy), np.inf)
    np.minimum.at(least, stored.indices, stored.data)
    assert least == pytest.approx(cost)
    assert reach.shape == (len(doors), len(cells))
    return cost, facility


def test_access_path_access():
    network = make_network(make_roads(TEE, [([0, 1, 2], {}), ([1, 3], {})]))
    # 10 m to the street, 30 m along, 100 m up, and the door stands 5 m beside the way's end.
    cost, facility = nearest_s(network, [(70, 10)], [(105, 100)])
    assert cost == pytest.approx([10 + 30 + 100 + 5])
    assert facility.tolist() == [0]


def test_two_points_on_one_edge_go_along_it():
    network = make_network(make_roads(TEE, [([0, 1, 2], {})]))
    cost, _ = nearest_s(network, [(20, 0), (60, 3), (20, 0)], [(50, 0)])
    assert cost == pytest.approx([30, 13, 30])


def test_contraction_keeps_crossings_and_ends_only():
    network = make_network(make_roads(TEE, [([0, 1, 2], {}), ([1, 3], {})]))
    assert (network.n_nodes, network.n_edges) == (4, 3)
    assert make_network(make_roads(TEE, [([0, 1, 2], {})])).n_nodes == 2


def test_one_way_streets_hold_on_wheels_and_not_on_foot():
    # A ring 0 -> 1 -> 3 -> 0, one way; lengths 100, 100, 141.42.
    roads = make_roads(TEE, [([0, 1, 3, 0], {"oneway": "yes"})])
    on_foot = make_network(roads)
    assert nearest_s(on_foot, [(50, 0)], [(0, 0)])[0] == pytest.approx([50])
    by_car = make_network(roads, "drive", speeds_kph={"default": 3.6})
    ring_m = 200 + np.hypot(100, 100)
    assert nearest_s(by_car, [(50, 0)], [(0, 0)])[0] == pytest.approx([ring_m - 50])
    assert nearest_s(by_car, [(50, 0)], [(0, 0)], "from")[0] == pytest.approx([50])
    # Past the door on the same one-way piece: all the way round.
    assert nearest_s(by_car, [(60, 0)], [(40, 0)])[0] == pytest.approx([ring_m - 20])
    assert nearest_s(by_car, [(60, 0)], [(40, 0)], "from")[0] == pytest.approx([20])


def test_reversed_one_way_and_roundabout():
    reverse = make_roads(TEE, [([0, 1, 3, 0], {"oneway": "-1"})])
    assert nearest_s(make_network(reverse, "drive", speeds_kph={"default": 3.6}), [(50, 0)], [(0, 0)])[
        0
    ] == pytest.approx([50])
    circle = make_roads(TEE, [([0, 1, 3, 0], {"junction": "roundabout"})])
    ring_m = 200 + np.hypot(100, 100)
    assert nearest_s(make_network(circle, "drive", speeds_kph={"default": 3.6}), [(50, 0)], [(0, 0)])[
        0
    ] == pytest.approx([ring_m - 50])


def test_a_point_on_a_vertex_may_leave_in_any_direction():
    # 0 -> 1 one way; at 1 a two-way street to 3. A cell exactly on node 1 reaches 3, and cannot go back to 0.
    roads = make_roads(TEE, [([0, 1], {"oneway": "yes"}), ([1, 3], {}), ([1, 2], {})])
    network = make_network(roads, "drive", speeds_kph={"default": 3.6})
    assert nearest_s(network, [(100, 0)], [(100, 100)])[0] == pytest.approx([100])
    assert np.isinf(nearest_s(network, [(100, 0)], [(0, 0)])[0]).all()
    assert np.isinf(nearest_s(network, [(100, 0)], [(50, 0)])[0]).all()


def test_direction_may_change_along_a_street_without_a_crossing():
    # 0 -> 1 one way, 1 - 2 both ways, in one run of degree-2 nodes: the point between 1 and 2 may go back to 1 and no further.
    roads = make_roads(TEE, [([0, 1], {"oneway": "yes"}), ([1, 2], {})])
    network = make_network(roads, "drive", speeds_kph={"default": 3.6})
    assert nearest_s(network, [(150, 0)], [(110, 0)])[0] == pytest.approx([40])
    assert np.isinf(nearest_s(network, [(150, 0)], [(90, 0)])[0]).all()
    assert nearest_s(network, [(90, 0)], [(150, 0)])[0] == pytest.approx([60])


def test_nearest_edge_not_nearest_node():
    # The long street passes 5 m away; the nearest node belongs to another street 40 m off.
    roads = make_roads([(0, 0), (1000, 0), (500, 45), (500, 400)], [([0, 1], {}), ([2, 3], {})])
    network = make_network(roads)
    joins = join_points(network, np.array([500.0]), np.array([5.0]))
    assert joins.nearest_m == pytest.approx([5])
    assert sorted(joins.access_m) == pytest.approx([5, 40])  # the other street is a part of its own
    assert joins.along(network.vertex_m)[joins.nearest_leg] == pytest.approx([500])


def test_too_far_from_any_street_is_unreachable_and_stays():
    network = make_network(make_roads(TEE, [([0, 1, 2], {})]), max_access_m=50.0)
    cost, facility = nearest_s(network, [(0, 60), (0, 50)], [(200, 0)])
    assert np.isinf(cost[0])
    assert facility[0] == -1
    assert cost[1] == pytest.approx(250)


def test_a_straight_walk_needs_no_street():
    network = make_network(make_roads(TEE, [([0, 1, 2], {})]), direct_m=100.0, max_access_m=50.0)
    # 80 m off the street, with a door 100 m and another 101 m away.
    assert nearest_s(network, [(0, 80)], [(100, 80)])[0] == pytest.approx([100])
    assert np.isinf(nearest_s(network, [(0, 80)], [(101, 80)])[0]).all()


def test_fragments_are_left_out_and_counted():
    roads = make_roads([(0, 0), (1000, 0), (10, 30), (60, 30)], [([0, 1], {}), ([2, 3], {})])
    network = make_network(roads, min_fragment_m=500.0)
    assert (network.left_out.fragments, network.left_out.length_m) == (1, pytest.approx(50))
    # The cell beside the fragment joins the street beyond it.
    assert join_points(network, np.array([30.0]), np.array([29.0])).access_m == pytest.approx([29])


def test_ferry_of_the_map_takes_its_duration_and_half_the_interval():
    nodes = [(0, 0), (100, 0), (100, 5000), (100, 5100)]
    ways = [([0, 1], {}), ([2, 3], {}), ([1, 2], {"route": "ferry", "duration": "00:20", "interval": "01:00"})]
    network = make_network(make_roads(nodes, ways))
    cost, _ = nearest_s(network, [(0, 0)], [(100, 5100)])
    assert cost == pytest.approx([100 + 20 * 60 + 30 * 60 + 100])
    # No one joins it at sea, and a circle in metres does not cross it.
    assert join_points(network, np.array([100.0]), np.array([2500.0])).count.tolist() == [0]
    assert np.isinf(nearest_s(network, [(0, 0)], [(100, 5100)], weight="metres")[0]).all()


def test_ferry_without_a_time_or_without_cars_is_not_used():
    nodes = [(0, 0), (100, 0), (100, 5000), (100, 5100)]
    untimed = make_network(make_roads(nodes, [([0, 1], {}), ([2, 3], {}), ([1, 2], {"route": "ferry"})]))
    assert np.isinf(nearest_s(untimed, [(0, 0)], [(100, 5100)])[0]).all()
    assert untimed.problems
    tags = {"route": "ferry", "duration": "20"}
    roads = make_roads(nodes, [([0, 1], {}), ([2, 3], {}), ([1, 2], tags)])
    assert np.isinf(nearest_s(make_network(roads, "drive"), [(0, 0)], [(100, 5100)])[0]).all()
    roads = make_roads(nodes, [([0, 1], {}), ([2, 3], {}), ([1, 2], {**tags, "motor_vehicle": "yes"})])
    assert np.isfinite(nearest_s(make_network(roads, "drive"), [(0, 0)], [(100, 5100)])[0]).all()


def test_the_districts_own_ferry_lands_at_the_nearest_point_of_the_nearest_street():
    nodes = [(0, 0), (100, 0), (0, 5000), (100, 5000)]
    sailing = Sailing("made", (40.0, 10.0), (60.0, 4990.0), 1200.0, ("walk",))
    network = make_network(make_roads(nodes, [([0, 1], {}), ([2, 3], {})], (sailing,)))
    cost, _ = nearest_s(network, [(0, 0)], [(100, 5000)])
    assert cost == pytest.approx([40 + 10 + 1200 + 10 + 40])
    by_car = make_network(make_roads(nodes, [([0, 1], {}), ([2, 3], {})], (sailing,)), "drive")
    assert np.isinf(nearest_s(by_car, [(0, 0)], [(100, 5000)])[0]).all()


def test_no_streets_at_all_leaves_the_straight_walk():
    network = make_network(make_roads(TEE, [([0, 1], {"highway": "motorway"})]), direct_m=100.0)
    assert network.n_edges == 0
    cost, _ = nearest_s(network, [(0, 0), (0, 200)], [(0, 50)])
    assert cost[0] == pytest.approx(50)
    assert np.isinf(cost[1])


def test_no_facility_leaves_everyone_unreachable():
    network = make_network(make_roads(TEE, [([0, 1, 2], {})]))
    cost, facility = nearest_s(network, [(0, 0)], [])
    assert np.isinf(cost).all()
    assert facility.tolist() == [-1]


def test_speed_by_class_links_and_maxspeed():
    tags = [{"highway": "primary"}, {"highway": "primary_link"}, {"highway": "living_street", "maxspeed": "36 km/h"}]
    nodes = [(0, 0), (1000, 0), (2000, 0), (3000, 0)]
    roads = make_roads(nodes, [([0, 1], tags[0]), ([1, 2], tags[1]), ([2, 3], tags[2])])
    table = make_network(roads, "drive")
    assert nearest_s(table, [(0, 0)], [(3000, 0)])[0] == pytest.approx([60 + 60 + 120])
    tagged = make_network(roads, "drive", maxspeed=True)
    assert nearest_s(tagged, [(0, 0)], [(3000, 0)])[0] == pytest.approx([60 + 60 + 100])


def test_a_ring_without_a_crossing_is_an_edge_like_any_other():
    roads = make_roads([(0, 0), (100, 0), (100, 100), (0, 100)], [([0, 1, 2, 3, 0], {})])
    network = make_network(roads)
    assert (network.n_nodes, network.n_edges) == (1, 1)
    # Both ways round: 100 through node 0's corner, whichever node was kept.
    cost, _ = nearest_s(network, [(50, 0), (50, 0)], [(0, 50)])
    assert cost == pytest.approx([100, 100])


def test_squares_are_crossed_along_their_outline_where_the_mode_says_so():
    """A street, a square of 100 m entered at two opposite corners, a street: half of its outline is walked."""
    nodes = [(0, 0), (300, 0), (400, 0), (400, 100), (300, 100), (700, 100)]
    square = ([1, 2, 3, 4, 1], {"highway": "pedestrian", "area": "yes"})
    roads = make_roads(nodes, [([0, 1], {}), square, ([3, 5], {})])
    place = np.array([0.0]), np.array([0.0])
    costs = {}
    for squares in (False, True):
        network = make_network(roads, "walk", squares=squares)
        search = Search(network, "metres", "toward")
        costs[squares] = search.nearest(join_points(network, *place), doors_at(network, [(700, 100)]))[0][0]
    assert costs[False] == np.inf
    assert costs[True] == pytest.approx(300 + 200 + 300)


def test_squares_are_for_walkers():
    with pytest.raises(ValueError, match="on foot"):
        make_network(make_roads([(0, 0), (1, 0)], [([0, 1], {})]), "drive", squares=True)
