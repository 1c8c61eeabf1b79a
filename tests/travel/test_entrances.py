"""Where lines and areas are entered."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from lifecircle.travel.entrances import find_entrances
from lifecircle.travel.reach import Search, join_points
from tests.travel.made import make_network, make_roads

# A street along y = 0 from 0 to 1000, and a lane north from (500, 0) to (500, 400).
STREETS = make_roads([(0, 0), (500, 0), (1000, 0), (500, 400)], [([0, 1, 2], {}), ([1, 3], {})])


def entrances_of(shape, *, spacing_m=50.0, border_m=30.0, **changes):
    network = make_network(STREETS, **changes)
    found, untouched = find_entrances(
        network, np.array([shape], dtype=object), np.array([spacing_m]), np.array([border_m])
    )
    points = sorted((round(x, 6), round(y, 6)) for x, y in zip(found.joins.x, found.joins.y, strict=True))
    return network, found, points, untouched


def test_a_point_is_its_own_entrance():
    assert entrances_of(shapely.Point(3, 4))[2] == [(3, 4)]


def test_a_line_is_entered_every_fifty_metres_and_at_both_ends():
    points = entrances_of(shapely.LineString([(0, 10), (120, 10)]))[2]
    assert points == [(0, 10), (50, 10), (100, 10), (120, 10)]


def test_a_multi_line_has_the_entrances_of_its_parts():
    shape = shapely.MultiLineString([[(0, 10), (60, 10)], [(0, 90), (0, 100)]])
    assert entrances_of(shape)[2] == [(0, 10), (0, 90), (0, 100), (50, 10), (60, 10)]


def test_an_area_is_entered_where_a_way_crosses_its_border():
    # The lane runs through it from south to north.
    points = entrances_of(shapely.box(450, 100, 550, 300))[2]
    assert points == [(500, 100), (500, 300)]


def test_an_area_is_entered_where_a_way_comes_within_thirty_metres_of_its_border():
    # The street passes 20 m south of it; nothing else is near.
    _, found, points, untouched = entrances_of(shapely.box(700, 20, 800, 120))
    assert len(points) == 1
    assert points[0][1] == 20
    assert found.joins.access_m == pytest.approx([20])
    assert not len(untouched)


def test_an_area_no_way_touches_is_entered_where_its_border_is_nearest_to_a_street():
    _, _, points, untouched = entrances_of(shapely.box(700, 60, 800, 160))
    assert untouched.tolist() == [0]
    assert points[0][1] == 60


def test_time_is_the_least_over_entrances():
    network, found, _, _ = entrances_of(shapely.box(450, 100, 550, 300))
    cells = join_points(network, np.array([500.0, 500.0]), np.array([0.0, 400.0]))
    cost, facility = Search(network, "seconds", "toward").nearest(cells, found)
    assert cost == pytest.approx([100, 100])
    assert facility.tolist() == [0, 0]
