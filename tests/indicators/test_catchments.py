"""Catchments and choice on arrays one can hold in the head."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from lifecircle.indicators.rule_coverage import (
    catchment_people,
    count_choices,
    people_by_choice,
    people_by_choice_and_unit,
    people_shared,
)

PEOPLE = np.array([10.0, 20.0, 30.0, 40.0])


def reach_of(rows):
    """Return facilities x cells; None is beyond the horizon, 0 is at the door."""
    facility, cell, cost = zip(
        *((f, c, value) for f, row in enumerate(rows) for c, value in enumerate(row) if value is not None),
        strict=True,
    )
    start = np.searchsorted(facility, np.arange(len(rows) + 1))
    return csr_array((np.array(cost, float), np.array(cell), start), shape=(len(rows), len(rows[0])))


REACH = reach_of([[0.0, 5.0, None, 12.0], [15.0, 10.0, None, None], [3.0, 11.0, None, 8.0]])


def test_the_people_of_each_catchment_and_of_its_groups():
    found = catchment_people(np.array([1, -1, 0, 1]), PEOPLE, {"age60": PEOPLE / 10}, 3)
    assert found["people"].tolist() == [30.0, 50.0, 0.0]
    assert found["age60"].tolist() == [3.0, 5.0, 0.0]


def test_choices_within_a_limit():
    # A cost equal to the limit counts, and so does a stored 0.
    assert count_choices(REACH, 10.0).tolist() == [2, 2, 0, 1]
    assert people_by_choice(count_choices(REACH, 10.0), PEOPLE).tolist() == [30.0, 40.0, 30.0]
    assert people_by_choice(count_choices(REACH, 20.0), PEOPLE, most=3).tolist() == [30.0, 0.0, 40.0, 30.0]


def test_choices_by_unit_split_cells_on_the_border():
    membership = csr_array(np.array([[1.0, 0.5, 0.0, 0.0], [0.0, 0.5, 1.0, 1.0]]))
    found = people_by_choice_and_unit(membership, count_choices(REACH, 10.0), PEOPLE)
    assert found.tolist() == [[0.0, 0.0, 20.0], [30.0, 40.0, 10.0]]


def test_what_a_closure_loses():
    shared = people_shared(REACH, 10.0, PEOPLE)
    assert shared.tolist() == [30.0, 20.0, 10.0]


@given(
    arrays(np.float64, (3, 6), elements=st.one_of(st.just(np.inf), st.floats(0, 30))),
    arrays(np.float64, 6, elements=st.floats(0, 1e4)),
    st.floats(0, 30),
    st.floats(0, 30),
)
def test_people_are_conserved_and_choice_grows_with_the_limit(cost, people, limit, more):
    finite = np.isfinite(cost)
    reach = csr_array(
        (cost[finite], np.nonzero(finite)[1], np.concatenate([[0], finite.sum(axis=1).cumsum()])), shape=cost.shape
    )
    choices = count_choices(reach, limit)
    assert (choices <= count_choices(reach, limit + more)).all()
    assert (count_choices(reach[:2], limit) <= choices).all()
    by_choice = people_by_choice(choices, people)
    assert by_choice.sum() == pytest.approx(people.sum())
    membership = csr_array(np.eye(6)[:4] * 0.7)
    units = people_by_choice_and_unit(membership, choices, people)
    np.testing.assert_allclose(units.sum(axis=1), membership @ people)
    nearest = np.where(finite.any(axis=0), cost.argmin(axis=0), -1)
    caught = catchment_people(nearest, people, {}, 3)["people"].sum()
    assert caught + people[nearest < 0].sum() == pytest.approx(people.sum())
