"""Coverage on arrays one can hold in the head, and what must hold on any."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from lifecircle.indicators.figures import cells_covered, people_nearest, people_within, share_pct, sum_by_unit

COST = np.array([0.0, 10.0, 12.5, 15.0, np.inf])
PEOPLE = np.array([1.0, 2.0, 4.0, 8.0, 16.0])


def test_the_limit_itself_is_covered():
    found = cells_covered(COST, 12.5)
    assert found.covered.tolist() == [True, True, True, False, False]
    assert found.low.tolist() == [True, True, False, False, False]  # 10 at full speed is 12.5 at 0.8
    assert found.high.tolist() == [True, True, True, True, False]  # 15 at full speed is 12.5 at 1.2


def test_readiness_has_no_speed():
    # 3 minutes of readiness in each: 7, 9.5 and 12 are travelled, of 9.5.
    found = cells_covered(COST, 12.5, 3.0)
    assert found.covered.tolist() == [True, True, True, False, False]
    assert found.low.tolist() == [True, True, False, False, False]
    assert found.high.tolist() == [True, True, True, False, False]


def test_a_distance_has_no_range():
    found = cells_covered(COST, 12.5, has_range=False)
    assert (found.low == found.covered).all()
    assert (found.high == found.covered).all()


def test_a_cell_on_a_border_counts_in_both_units_by_its_shares():
    membership = csr_array(np.array([[1, 0.25, 0], [0, 0.75, 1]]))
    assert sum_by_unit(membership, np.array([10.0, 100.0, 20.0])).tolist() == [35, 95]


def test_no_people_is_no_share():
    assert np.isnan(share_pct(np.array([0.0]), np.array([0.0]))[0])


def test_people_within_and_nearest():
    reach = csr_array(np.array([[5.0, 20.0, 0], [0, 12.0, 3.0]]))
    assert people_within(reach, 12.0, np.array([1.0, 10.0, 100.0])).tolist() == [1, 110]
    assert people_nearest(np.array([0, 1, -1]), np.array([1.0, 10.0, 100.0]), 3).tolist() == [1, 10, 0]


def test_a_cell_at_the_door_is_within():
    reach = csr_array((np.array([0.0]), np.array([1]), np.array([0, 1])), shape=(1, 2))
    assert people_within(reach, 5.0, np.array([1.0, 10.0])).tolist() == [10]


costs = arrays(float, 20, elements=st.floats(0, 100) | st.just(np.inf))


@given(costs, st.floats(0.1, 100), st.floats(0.1, 100))
def test_a_longer_limit_never_covers_fewer(cost, one, other):
    short, long = sorted((one, other))
    assert (cells_covered(cost, short).covered <= cells_covered(cost, long).covered).all()


@given(costs, costs, st.floats(0.1, 100))
def test_another_facility_never_covers_fewer(cost, other, limit):
    assert (cells_covered(cost, limit).covered <= cells_covered(np.minimum(cost, other), limit).covered).all()


@given(costs, st.floats(0.1, 100))
def test_low_is_within_the_coverage_and_the_coverage_within_high(cost, limit):
    found = cells_covered(cost, limit)
    assert (found.low <= found.covered).all()
    assert (found.covered <= found.high).all()
