"""Time along streets that climb: by hand, after Tobler's published figures, and by what must hold whatever the hills."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.config import load_modes, load_ways
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Search, join_points
from lifecircle.travel.slope import Heights, hinder_riding, hinder_walking
from lifecircle.travel.terrain.kernels import ride_mps
from tests.travel.made import doors_at, make_network, make_roads

FLAT = {"access_kph": 3.6, "max_access_m": 500.0, "direct_m": 0.0, "min_fragment_m": 0.0, "speed_kph": 3.6}


def sloped(roads, height, mode_id="walk", cell_m=1e6, **changes):
    """Return a network whose ground has ``height(x, y)``."""
    mode = load_modes({mode_id: {**FLAT, **changes}})[mode_id]
    heights = Heights(lambda x, y, _: np.asarray(height(x, y), dtype=float), cell_m)
    return build_network(roads, mode, load_ways(), heights)


def seconds(network, cell, door, direction="toward", weight="seconds"):
    cells = join_points(network, np.array([float(cell[0])]), np.array([float(cell[1])]))
    search = Search(network, weight, direction)
    cost, _ = search.nearest(cells, doors_at(network, [door]))
    reach = search.reach(cells, doors_at(network, [door]), 1e9)
    assert reach.data == pytest.approx(cost[np.isfinite(cost)])
    return float(cost[0])


def test_toblers_published_figures():
    """6 km/h at 5 % downhill, 5.036 on the flat (W. Tobler 1993: 6 exp(-3.5 |S + 0.05|))."""
    speed = 6 * np.exp(-3.5 * 0.05) / hinder_walking(np.array([-0.05, 0.0, 0.1, -0.1]))
    assert speed == pytest.approx([6.0, 5.0367, 6 * np.exp(-3.5 * 0.15), 5.0367], abs=1e-4)


def test_up_and_down_one_street():
    roads = make_roads([(0, 0), (100, 0), (300, 0)], [([0, 1, 2], {})])
    network = sloped(roads, lambda x, _: 0.1 * np.minimum(x, 100))  # 10 m up, then level
    up, down = np.exp(3.5 * 0.1), np.exp(3.5 * 0.0)
    assert seconds(network, (0, 0), (300, 0)) == pytest.approx(100 * up + 200)
    assert seconds(network, (300, 0), (0, 0)) == pytest.approx(200 + 100 * down)
    # Help comes the other way.
    assert seconds(network, (0, 0), (300, 0), "from") == pytest.approx(200 + 100 * down)
    # Both points inside the street, 5 m off it.
    assert seconds(network, (50, 5), (80, 0)) == pytest.approx(5 + 30 * up)
    assert seconds(network, (80, 0), (50, 5)) == pytest.approx(30 * down + 5)
    assert seconds(network, (80, 0), (50, 5), "from") == pytest.approx(5 + 30 * up)
    # Metres are those on the plan unless asked for along the ground.
    assert seconds(network, (0, 0), (300, 0), weight="metres") == pytest.approx(300)
    along = sloped(roads, lambda x, _: 0.1 * np.minimum(x, 100), slope={"metres": "slope"})
    assert seconds(along, (0, 0), (300, 0), weight="metres") == pytest.approx(np.hypot(100, 10) + 200)


def test_a_long_street_follows_the_ground_between_its_ends():
    roads = make_roads([(0, 0), (400, 0)], [([0, 1], {})])
    hill = lambda x, _: 20.0 - 0.1 * np.abs(x - 200)  # noqa: E731 - 20 m up and down again
    network = sloped(roads, hill, cell_m=50.0)
    assert seconds(network, (0, 0), (400, 0)) == pytest.approx(200 * np.exp(3.5 * 0.1) + 200 * np.exp(0.0))


def test_bridges_and_tunnels_rise_evenly_between_their_ends():
    # Ground at 10 and 30 m; between them a valley at 0 that two ways of a bridge cross, 100 m each.
    roads = make_roads(
        [(0, 0), (100, 0), (200, 0), (300, 0), (400, 0)],
        [([0, 1], {}), ([1, 2], {"bridge": "yes"}), ([2, 3], {"bridge": "viaduct"}), ([3, 4], {})],
    )
    ground = {0.0: 10.0, 100.0: 10.0, 200.0: 0.0, 300.0: 30.0, 400.0: 30.0}
    network = sloped(roads, lambda x, _: [ground.get(value, 0.0) for value in x], cell_m=20.0)
    # The streets before and after are level at their ends, and hold holes between them that the sampling finds.
    over = seconds(network, (100, 0), (300, 0))
    assert over == pytest.approx(200 * np.exp(3.5 * 0.1))
    assert seconds(network, (300, 0), (100, 0)) == pytest.approx(200 * np.exp(3.5 * 0.05 - 3.5 * 0.05))


def test_a_bridge_that_forks_and_one_that_touches_no_ground():
    forked = make_roads(
        [(0, 0), (100, 0), (200, 0), (100, 100), (-100, 0)],
        [([4, 0], {}), ([0, 1, 2], {"bridge": "yes"}), ([1, 3], {"bridge": "yes"})],
    )
    network = sloped(forked, lambda x, _: np.where((x == 0) | (x == -100), 30.0, 0.0))
    # The fork's height is the mean of its three neighbours: 10 m.
    assert seconds(network, (0, 0), (100, 0)) == pytest.approx(100 * np.exp(3.5 * (0.2 - 0.05) - 3.5 * 0.05))
    ring = make_roads([(0, 0), (100, 0), (100, 100)], [([0, 1, 2, 0], {"bridge": "yes"})])
    assert seconds(sloped(ring, lambda x, _: x), (0, 0), (100, 0)) == pytest.approx(100)


def test_steps_have_their_own_speed_where_there_are_heights():
    roads = make_roads([(0, 0), (60, 0)], [([0, 1], {"highway": "steps"})])
    assert seconds(sloped(roads, lambda x, _: 0.5 * x, slope={"steps_kph": 1.8}), (0, 0), (60, 0)) == pytest.approx(120)
    assert seconds(make_network(roads), (0, 0), (60, 0)) == pytest.approx(60)
    assert seconds(sloped(roads, lambda x, _: 0.5 * x, slope=False), (0, 0), (60, 0)) == pytest.approx(60)


def test_unknown_heights_are_level_and_cars_do_not_climb():
    roads = make_roads([(0, 0), (100, 0)], [([0, 1], {})])
    assert seconds(sloped(roads, lambda x, _: np.full(len(x), np.nan)), (0, 0), (100, 0)) == pytest.approx(100)
    drive = make_roads([(0, 0), (100, 0)], [([0, 1], {"highway": "primary"})])
    by_car = sloped(drive, lambda x, _: x, "drive", speed_kph=36.0)
    assert seconds(by_car, (0, 0), (100, 0)) == pytest.approx(10)


def test_cyclists_climb_by_power_and_push_where_walking_is_quicker():
    flat = np.array([12.0])
    for slope in (0.02, -0.02):
        expected = (12 / 3.6) / ride_mps(12 / 3.6, slope)
        assert hinder_riding(np.array([slope]), flat, 4.5) == pytest.approx([expected])
    # At 15 % riding takes more than pushing at 4.5 km/h after Tobler.
    assert hinder_riding(np.array([0.15]), flat, 4.5) == pytest.approx([12 / 4.5 * np.exp(3.5 * 0.15)])
    assert hinder_riding(np.array([0.0]), flat, 4.5) == pytest.approx([1.0])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_turned_round_the_way_up_is_the_way_down(seed):
    """``from`` a place to another costs what going ``toward`` it the other way round does; level ground is symmetric."""
    random = np.random.default_rng(seed)
    nodes = [tuple(xy) for xy in random.uniform(0, 1000, (8, 2)).tolist()]
    ways = [(random.permutation(8)[:4].tolist(), {}) for _ in range(4)]
    z = dict(zip([x for x, _ in nodes], random.uniform(0, 60, 8).tolist(), strict=True))
    roads = make_roads(nodes, ways)
    network = sloped(roads, lambda x, _: [z.get(value, 0.0) for value in x], max_access_m=2000.0)
    one, other = (tuple(xy) for xy in random.uniform(0, 1000, (2, 2)).tolist())
    assert seconds(network, one, other) == pytest.approx(seconds(network, other, one, "from"), rel=1e-9)
    level = make_network(roads, max_access_m=2000.0)
    assert seconds(level, one, other) == pytest.approx(seconds(level, other, one), rel=1e-9)
    metres = seconds(network, one, other, weight="metres")
    assert metres == pytest.approx(seconds(level, one, other, weight="metres"), rel=1e-9)
    # No way is quicker than Tobler's best everywhere.
    if np.isfinite(metres):
        assert seconds(network, one, other) >= metres * np.exp(-3.5 * 0.05) - 1e-6
