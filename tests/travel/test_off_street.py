"""Where streets end: a made valley with one street, a hamlet up the hill, and a clinic without a street."""

from __future__ import annotations

import numpy as np
import pytest
from rasterio import Affine
from scipy.sparse import csr_array

from lifecircle.travel.off_network import Crossing, OffStreet, least
from lifecircle.travel.reach import Search, join_points
from lifecircle.travel.terrain import Going, make_surface
from tests.travel.made import doors_at, make_network, make_roads

WALK = Going("walk", 3.6)


def valley(barrier_row=None, slope=0.0, direction_rows=40):
    """A street along y = 50 (row 39 from the top is y 0-100), ground of 100 m cells north of it, rising northwards."""
    rows, columns = direction_rows, 20
    landcover = np.ones((rows, columns), dtype=int)
    if barrier_row is not None:
        landcover[barrier_row] = 0
    y = (rows - 0.5 - np.arange(rows)) * 100.0
    heights = np.repeat((slope * y)[:, None], columns, axis=1)
    surface = make_surface(landcover, {1: WALK}, heights, Affine(100, 0, 0, 0, -100, rows * 100.0), "EPSG:32650")
    network = make_network(make_roads([(50, 50), (1950, 50)], [([0, 1], {})]), max_access_m=200.0)
    return network, OffStreet(network, surface, 8, lambda x, y: (x, y), lambda x, y: (x, y))


def ask(network, beside, cells, doors, direction="toward", weight="seconds"):
    xy = np.array(cells, dtype=float)
    homes, gates = join_points(network, xy[:, 0].copy(), xy[:, 1].copy()), doors_at(network, doors)
    crossing = Crossing(beside, Search(network, weight, direction), gates)
    cost, facility = crossing.nearest(homes)
    reach = crossing.reach(homes, 1e9)
    found = np.full(len(xy), np.inf)
    np.minimum.at(found, reach.indices, reach.data)
    assert found == pytest.approx(cost)
    return cost, facility


def test_a_hamlet_walks_down_to_the_street_and_along_it():
    network, beside = valley()
    # 2,000 m over the ground, then 900 m of street.
    cost, facility = ask(network, beside, [(550, 2050), (550, 150)], [(1450, 50)])
    assert cost == pytest.approx([2000 + 900, 100 + 900])
    assert facility.tolist() == [0, 0]
    metres, _ = ask(network, beside, [(550, 2050)], [(1450, 50)], weight="metres")
    assert metres == pytest.approx([2900])


def test_uphill_takes_longer_and_help_comes_the_other_way():
    network, beside = valley(slope=0.1)
    down, up = 2000 * np.exp(0.0), 2000 * np.exp(0.35)
    assert ask(network, beside, [(550, 2050)], [(550, 50)])[0] == pytest.approx([down])
    assert ask(network, beside, [(550, 2050)], [(550, 50)], "from")[0] == pytest.approx([up])
    # A clinic up there: people climb to it.
    assert ask(network, beside, [(550, 50)], [(550, 2050)])[0] == pytest.approx([up])


def test_two_places_without_a_street_meet_over_the_ground():
    network, beside = valley()
    cost, _ = ask(network, beside, [(550, 2050)], [(850, 2050)])
    assert cost == pytest.approx([300])


def test_a_river_cuts_the_hamlet_off():
    network, beside = valley(barrier_row=30)
    cost, facility = ask(network, beside, [(550, 2050)], [(550, 50)])
    assert np.isinf(cost).all()
    assert facility.tolist() == [-1]


def test_a_track_that_leads_nowhere_is_walked_away_from():
    """A track above the hamlet, 600 m long, is no street to a clinic: people walk down to the one that is."""
    _, beside = valley()
    nodes = [(50, 50), (1950, 50), (250, 2050), (850, 2050)]
    network = make_network(make_roads(nodes, [([0, 1], {}), ([2, 3], {})]), max_access_m=200.0)
    beside = OffStreet(network, beside.surface, 8, lambda x, y: (x, y), lambda x, y: (x, y))
    assert ask(network, beside, [(550, 2050)], [(1450, 50)])[0] == pytest.approx([2000 + 900])
    # With a clinic on the track it is taken.
    assert ask(network, beside, [(550, 2050)], [(1450, 50), (850, 2050)])[0] == pytest.approx([300])
    # A clinic there and nowhere else: from the valley people walk up to the track.
    assert ask(network, beside, [(550, 50)], [(850, 2050)])[0] == pytest.approx([2000 + 300])


def test_the_lesser_of_two_reaches_keeps_a_stored_nothing():
    first = csr_array((np.array([0.0, 5.0]), np.array([0, 2]), np.array([0, 2, 2])), shape=(2, 3))
    second = csr_array((np.array([3.0, 4.0, 1.0]), np.array([0, 2, 1]), np.array([0, 2, 3])), shape=(2, 3))
    both = least(first, second)
    assert both.indptr.tolist() == [0, 2, 3]
    assert both.indices.tolist() == [0, 2, 1]
    assert both.data.tolist() == [0.0, 4.0, 1.0]
