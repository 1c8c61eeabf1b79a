"""Convenience and the four criteria."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lifecircle.indicators.water_quality import (
    CHES_18_2018,
    INDEX_2004_BASIC,
    INDEX_2004_SAFE,
    WIDER,
    FetchLimits,
    all_met,
    any_met,
    at_least,
    at_most,
    four_criteria,
    is_convenient,
)
from tests.indicators.water.networks import NAN, PEOPLE

INF = np.inf


def convenient(minutes, distance_m, climb_m, limits, *, piped=False):
    one = [np.array([float(value)]) for value in (minutes, distance_m, climb_m)]
    return is_convenient(*one, np.array([piped]), limits)[0]


ALL = dataclasses.replace(CHES_18_2018, reading="all")


@pytest.mark.parametrize(
    ("minutes", "distance_m", "climb_m", "limits", "expected"),
    [
        (10, 2000, 200, INDEX_2004_BASIC, 1),  # 20 there and back
        (10.1, 801, 81, INDEX_2004_BASIC, 0),
        (10.1, 800, 81, INDEX_2004_BASIC, 1),
        (10.1, 801, -80, INDEX_2004_BASIC, 1),
        (10.1, 801, -81, INDEX_2004_BASIC, 0),  # down counts as up does
        (5, INF, INF, INDEX_2004_SAFE, 1),
        (5.1, 0, 0, INDEX_2004_SAFE, 0),
        (20, 2000, 200, CHES_18_2018, 1),  # one way
        (20.1, 801, 81, CHES_18_2018, 0),
        (20.1, 1000, 101, WIDER, 1),
        (20, 800, 80, ALL, 1),
        (20, 800, 80.1, ALL, 0),
        (INF, INF, INF, CHES_18_2018, 0),
        (NAN, 900, 90, CHES_18_2018, NAN),
        (NAN, 800, 90, CHES_18_2018, 1),
        (NAN, 900, 90, ALL, 0),
        (NAN, 800, 80, ALL, NAN),
    ],
)
def test_convenience(minutes, distance_m, climb_m, limits, expected):
    np.testing.assert_equal(convenient(minutes, distance_m, climb_m, limits), float(expected))
    assert convenient(minutes, distance_m, climb_m, limits, piped=True) == 1


def test_limits_without_any_are_refused():
    with pytest.raises(ValueError, match="FetchLimits"):
        FetchLimits(None, None, None, is_round_trip=False, reading="any")


THREE = arrays(np.float64, (3, 5), elements=st.one_of(st.just(NAN), st.floats(0, 2000)))


@given(THREE, st.floats(0, 500), st.booleans())
def test_a_looser_limit_never_takes_convenience_away(measured, more, is_all):
    limits = ALL if is_all else CHES_18_2018
    looser = dataclasses.replace(limits, minutes=20 + more, distance_m=800 + more, climb_m=80 + more)
    piped = np.zeros(5, dtype=bool)
    tight, loose = (is_convenient(*measured, piped, which) for which in (limits, looser))
    assert (loose[tight == 1] == 1).all()
    # And all is never easier than any.
    assert (is_convenient(*measured, piped, CHES_18_2018)[is_convenient(*measured, piped, ALL) == 1] == 1).all()


def test_thresholds_keep_what_is_not_known():
    values = np.array([0.89, 0.9, NAN])
    np.testing.assert_array_equal(at_least(values, 0.9), [0, 1, NAN])
    np.testing.assert_array_equal(at_most(values, 0.89), [1, 0, NAN])


def test_all_and_any_of_three_states():
    pairs = np.array([[1, 1, 1, 0, 0, NAN], [1, 0, NAN, 0, NAN, NAN]])
    np.testing.assert_array_equal(all_met(pairs), [1, 0, NAN, 0, 0, NAN])
    np.testing.assert_array_equal(any_met(pairs), [1, 1, 1, 0, NAN, NAN])


def test_fail_one_is_fail_and_not_knowing_is_apart():
    quality = np.array([1.0, 0.0, NAN, 1.0])
    quantity = np.array([1.0, 1.0, 1.0, NAN])
    reliability = np.array([1.0, NAN, 1.0, 1.0])
    convenience = np.array([1.0, 1.0, 1.0, 0.0])
    found = four_criteria(quality, quantity, reliability, convenience, PEOPLE)
    np.testing.assert_array_equal(found.met, [1, 0, NAN, 0])
    assert found.people.tolist() == [[100, 0, 0], [0, 200, 0], [0, 0, 300], [0, 400, 0]]
    assert found.people_by_criterion.tolist() == [[500, 200, 300], [600, 0, 400], [800, 0, 200], [600, 400, 0]]


@given(
    arrays(np.float64, (4, 5), elements=st.sampled_from([0.0, 1.0, NAN])),
    arrays(np.float64, 5, elements=st.floats(0, 1e5)),
)
def test_the_criteria_conserve_people(criteria, people):
    found = four_criteria(*criteria, people)
    np.testing.assert_allclose(found.people.sum(axis=1), people)
    np.testing.assert_allclose(found.people_by_criterion.sum(axis=1), people.sum())
    assert (found.people[:, 0].sum() <= found.people_by_criterion[:, 0] + 1e-6).all()
