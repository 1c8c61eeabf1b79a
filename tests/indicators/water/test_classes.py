"""People by tier and by scale, and those on water of the same quality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.indicators.water_quality import (
    SCALE_COLUMNS,
    TIER_COLUMNS,
    class_pct,
    people_by_scale,
    people_by_tier,
    people_of_same_quality,
    people_on_large_works,
    scale_classes,
)
from tests.indicators.water.networks import NAN, PEOPLE, peopled, system, systems, two_towns


def test_people_by_tier():
    found = people_by_tier(two_towns(), PEOPLE)
    assert TIER_COLUMNS == ("县域网", "局域网", "单村水厂", "层级不明", "未覆盖")
    assert found.tolist() == [[100, 0, 0, 0, 0], [200, 0, 0, 0, 0], [0, 150, 0, 0, 150], [0, 0, 0, 0, 400]]
    assert class_pct(found.sum(axis=0)[None, :]).tolist() == [[30, 15, 0, 0, 55]]


def test_a_tier_that_is_none_of_the_three_is_told_apart():
    found = people_by_tier(system([[0.5], [0.5]], [" 单村水厂 ", "自备井"], [1, 1]), np.array([10.0]))
    assert found.tolist() == [[0, 0, 5, 5, 0]]


def test_no_people_have_no_shares():
    assert np.isnan(class_pct(np.zeros((1, 5)))).all()


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [(10_000, "I"), (9_999.9, "II"), (5_000, "II"), (1_000, "III"), (999, "IV"), (100, "IV"), (10, "V"), (9.9, "不足V"), (0, "不足V"),
     (NAN, "能力不明")],
)  # fmt: skip
def test_scale_classes(capacity, expected):
    assert SCALE_COLUMNS[scale_classes(np.array([float(capacity)]))[0]] == expected


def test_people_on_large_works():
    found = people_by_scale(system([[1, 0, 0], [0, 0.5, 0], [0, 0, 1]], ["县域网"] * 3, [1000, 500, NAN]), PEOPLE[:3])
    assert found.tolist() == [[0, 0, 100, 0, 0, 0, 0, 0], [0, 0, 0, 100, 0, 0, 0, 100], [0, 0, 0, 0, 0, 0, 300, 0]]
    assert people_on_large_works(found).tolist() == [100, 0, 0]
    assert people_on_large_works(found, "IV").tolist() == [100, 100, 0]


def test_people_of_same_quality():
    towns = two_towns()
    assert people_of_same_quality(towns, PEOPLE, np.array([0.9, 1.0]), 0.9).tolist() == [100, 200, 0, 0]
    assert people_of_same_quality(towns, PEOPLE, np.array([0.89, 1.0]), 0.9).sum() == 0
    assert people_of_same_quality(towns, PEOPLE, np.array([NAN, 1.0]), 0.9).sum() == 0
    both = people_of_same_quality(towns, PEOPLE, np.array([0.9, 0.9]), 0.9, ("县域网", "局域网"))
    assert both.tolist() == [100, 200, 150, 0]


@given(st.data(), systems())
def test_classes_sum_to_everyone(data, any_system):
    people = peopled(data.draw, any_system)
    for by_class in (people_by_tier(any_system, people), people_by_scale(any_system, people)):
        assert (by_class >= 0).all()
        np.testing.assert_allclose(by_class.sum(axis=1), people, rtol=1e-9)
