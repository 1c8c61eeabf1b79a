"""Points to the nearest point of the nearest segment: against shapely, whatever the order and the place of the points."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.travel.join import find_nearest_segments, index_segments


def by_shapely(segments, x, y):
    tree = shapely.STRtree(shapely.linestrings(segments.reshape(-1, 2, 2)))
    point, found = tree.query_nearest(shapely.points(x, y), all_matches=False)
    nearest = np.empty(len(x), dtype=np.int64)
    nearest[point] = found
    return shapely.distance(shapely.points(x, y), tree.geometries[nearest])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 1e3, 1e5]), st.integers(1, 60))
def test_distances_are_shapelys(seed, spread, count):
    rng = np.random.default_rng(seed)
    middle = rng.uniform(-spread, spread, (count, 2))
    reach = (
        rng.exponential(spread / 10, (count, 2))
        * rng.choice([-1, 1], (count, 2))
        * rng.choice([0, 1], (count, 1), p=[0.1, 0.9])
    )
    segments = np.hstack([middle, middle + reach])
    x, y = rng.uniform(-2 * spread, 2 * spread, (2, 50))
    grid = index_segments(*(segments[:, column].copy() for column in range(4)))
    found, share, metres = find_nearest_segments(grid, x, y, np.inf)
    np.testing.assert_allclose(metres, by_shapely(segments, x, y), rtol=1e-9, atol=1e-9)
    x1, y1, x2, y2 = segments[found].T
    np.testing.assert_allclose(np.hypot(x1 + share * (x2 - x1) - x, y1 + share * (y2 - y1) - y), metres, atol=2e-3)


def test_nothing_beyond_the_limit_and_the_limit_itself():
    grid = index_segments(*(np.array([value]) for value in (0.0, 0.0, 10.0, 0.0)))
    found, _, metres = find_nearest_segments(grid, np.array([5.0, 5.0]), np.array([3.0, 3.0001]), 3.0)
    assert found.tolist() == [0, -1]
    assert metres[1] == np.inf


def test_of_two_equally_near_the_first():
    grid = index_segments(*(np.array(values) for values in ([0.0, 0.0], [1.0, -1.0], [10.0, 10.0], [1.0, -1.0])))
    assert find_nearest_segments(grid, np.array([5.0]), np.array([0.0]), 10.0)[0].tolist() == [0]


def test_within_a_millimetre_of_an_end_is_the_end():
    grid = index_segments(*(np.array([value]) for value in (0.0, 0.0, 10.0, 0.0)))
    share = find_nearest_segments(grid, np.array([0.0005, 9.9995, 0.0015]), np.zeros(3), 10.0)[1]
    assert share[:2].tolist() == [0.0, 1.0]
    assert share[2] == pytest.approx(0.00015)


def test_the_order_of_many_points_does_not_matter():
    rng = np.random.default_rng(1)
    start = rng.uniform(0, 10_000, (3_000, 2))
    segments = np.hstack([start, start + rng.normal(0, 40, start.shape)])
    grid = index_segments(*(segments[:, column].copy() for column in range(4)))
    x, y = rng.uniform(-500, 10_500, (2, 30_000))
    mixed = find_nearest_segments(grid, x, y, 400.0)
    order = np.lexsort((x, np.round(y, -2)))
    tidy = find_nearest_segments(grid, x[order], y[order], 400.0)
    for one, other in zip(mixed, tidy, strict=True):
        np.testing.assert_array_equal(one[order], other)
