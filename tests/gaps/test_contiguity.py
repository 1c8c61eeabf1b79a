"""What touches, by hand, and against all pairs and what scipy labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lifecircle.gaps.contiguity import Lattice, absorb_small, group_touching


def lattice(pairs, reach_m=0.0):
    x, y = (np.array(part, dtype=float) for part in zip(*pairs, strict=True))
    return Lattice(x, y, reach_m)


def test_squares_touch_at_corners():
    groups = group_touching(lattice([(0, 0), (1, 1), (3, 1), (1, 1)]), np.zeros(4, dtype=np.int64))
    assert groups.tolist() == [0, 0, 1, 0]


def test_kinds_do_not_mix():
    groups = group_touching(lattice([(0, 0), (1, 0), (2, 0)]), np.array([0, 3, 0]))
    assert groups.tolist() == [0, 1, 2]


def test_points_at_the_reach_touch_and_a_millimetre_on_they_do_not():
    assert group_touching(lattice([(0, 0), (120, 160)], 200.0), np.zeros(2, dtype=np.int64)).tolist() == [0, 0]
    assert group_touching(lattice([(0, 0), (120, 160.001)], 200.0), np.zeros(2, dtype=np.int64)).tolist() == [0, 1]


def test_no_places():
    none = Lattice(np.zeros(0), np.zeros(0))
    assert not len(group_touching(none, np.zeros(0, dtype=np.int64)))
    assert not len(absorb_small(none, np.zeros(0, dtype=np.int64), np.zeros(0), 0.1))


def all_pairs(x, y, kind, reach_m):
    dx, dy = x[:, None] - x, y[:, None] - y
    near = dx**2 + dy**2 <= reach_m**2 if reach_m else (abs(dx) <= 1) & (abs(dy) <= 1)
    return connected_components(coo_array(near & (kind[:, None] == kind)), directed=False)[1]


def same_partition(first, second):
    return (np.equal.outer(first, first) == np.equal.outer(second, second)).all()


points = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(0, 2)), min_size=1, max_size=60)


@given(points, st.sampled_from([0.0, 1.0, 2.0, 3.5]), st.floats(0.1, 1.0))
def test_groups_are_those_of_all_pairs(given_points, reach_m, scale):
    x, y, kind = np.array(given_points).T
    u, v = (x * scale, y * scale) if reach_m else (x.astype(float), y.astype(float))
    found = group_touching(Lattice(u, v, reach_m), kind)
    assert same_partition(found, all_pairs(u, v, kind, reach_m))
    assert found[0] == 0
    assert (np.diff(np.unique(found, return_index=True)[1]) > 0).all()


def test_a_raster_of_one_kind_is_what_scipy_labels():
    picture = np.random.default_rng(5).random((40, 50)) < 0.35
    row, column = np.nonzero(picture)
    found = group_touching(Lattice(column.astype(float), row.astype(float)), np.zeros(len(row), dtype=np.int64))
    assert same_partition(found, label(picture, np.ones((3, 3)))[0][picture])


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([100.0, 4.0, 50.0], [0, 0, 1]),  # 4 of 100: with its neighbour
        ([100.0, 5.0, 50.0], [0, 1, 2]),  # a twentieth is a gap of its own
        ([10.0, 4.0, 100.0], [0, 1, 1]),  # the larger of two neighbours
    ],
)
def test_small_pieces_join_the_largest_they_touch(people, expected):
    places = lattice([(0, 0), (1, 0), (2, 0)])
    assert absorb_small(places, np.arange(3), np.array(people), 0.05).tolist() == expected


def test_a_piece_joins_one_that_itself_joins():
    places = lattice([(0, 0), (1, 0), (2, 0)])
    assert absorb_small(places, np.arange(3), np.array([1.0, 30.0, 1000.0]), 0.05).tolist() == [0, 0, 0]


def test_a_small_piece_alone_stays():
    assert absorb_small(lattice([(0, 0), (5, 0)]), np.arange(2), np.array([1.0, 1000.0]), 0.05).tolist() == [0, 1]
