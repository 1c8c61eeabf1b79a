"""Equity: by hand, against measures taken person by person, and what must hold of any distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.indicators.inequality_indices import (
    coefficient_of_variation,
    concentration_index,
    gini,
    lorenz,
    palma_ratio,
    palma_thresholds,
    theil_decomposition,
    theil_t,
    weakest,
)

NAN = float("nan")


def a(*numbers):
    return np.array(numbers, dtype=float)


# By hand.


def test_the_curve_has_one_point_for_each_value():
    curve = lorenz(a(4, 0, 2, 2), a(1, 2, 3, 2))
    assert curve.people_share.tolist() == [0, 0.25, 0.875, 1]
    assert curve.value_share.tolist() == [0, 0, 10 / 14, 1]


def test_gini_by_hand():
    assert gini(a(0, 1)) == 0.5
    assert gini(a(1, 3)) == 0.25  # |1 - 3| / (2 n mean) = 2 x 2 / (2 x 4 x 2)
    assert gini(a(1, 3), a(3, 1)) == pytest.approx(0.25)  # 2 x 3 x 1 x 2 / 16 / (2 x 1.5)
    assert gini(a(0, 0, 0, 8)) == 0.75


def test_theil_by_hand():
    assert theil_t(a(0, 0, 0, 8)) == pytest.approx(math.log(4))
    assert theil_t(a(1, 3), a(3, 1)) == pytest.approx(0.75 * (2 / 3) * math.log(2 / 3) + 0.25 * 2 * math.log(2))


def test_theil_between_and_within_by_hand():
    # Means 2 and 4 of 2 and 1 people; the first group is uneven within.
    found = theil_decomposition(a(1, 3, 4), None, np.array(["b", "b", "a"]))
    assert found.groups.tolist() == ["a", "b"]
    assert found.between_by_group.tolist() == pytest.approx([0.5 * math.log(1.5), 0.5 * math.log(0.75)])
    inner = 0.5 * (0.5 * math.log(0.5) + 1.5 * math.log(1.5))
    assert found.theil_by_group.tolist() == pytest.approx([0, inner])
    assert found.within_by_group.tolist() == pytest.approx([0, 0.5 * inner])
    assert found.between + found.within == pytest.approx(found.total)
    assert found.total == pytest.approx(theil_t(a(1, 3, 4)))


def test_a_group_that_has_nothing_adds_nothing():
    found = theil_decomposition(a(0, 0, 2), None, a(1, 1, 2))
    assert found.between_by_group.tolist() == pytest.approx([0, math.log(3)])
    assert found.within_by_group.tolist() == [0, 0]
    assert np.isnan(found.theil_by_group[0])
    assert found.total == pytest.approx(math.log(3))


def test_people_of_no_group_are_left_out():
    label = np.array(["a", None, "b"], dtype=object)
    found = theil_decomposition(a(1, 100, 3), a(1, 1, 1), label)
    assert found.groups.tolist() == ["a", "b"]
    assert found.total == pytest.approx(theil_t(a(1, 3)))
    assert theil_decomposition(a(1, 100, 3), None, a(1, NAN, 2)).total == pytest.approx(theil_t(a(1, 3)))


def test_variation_by_hand():
    assert coefficient_of_variation(a(1, 3)) == 0.5
    assert coefficient_of_variation(a(1, 3), a(3, 1)) == pytest.approx(math.sqrt(0.75) / 1.5)


def test_concentration_by_hand():
    # Ranks 1/4 and 3/4, mean 2: 2 (1/2)(-1/4)(-1) + 2 (1/2)(1/4)(1), by 2.
    assert concentration_index(a(1, 3), None, a(10, 20)) == pytest.approx(0.25)
    assert concentration_index(a(1, 3), None, a(20, 10)) == pytest.approx(-0.25)
    # Erreygers: 4 x 2 / (3 - 1) of it; with the bounds 0 and 4, 4 x 2 / 4.
    assert concentration_index(a(1, 3), None, a(10, 20), kind="corrected") == pytest.approx(1.0)
    assert concentration_index(a(1, 3), None, a(10, 20), kind="corrected", bounds=(0, 4)) == pytest.approx(0.5)


def test_people_alike_share_a_rank():
    assert concentration_index(a(1, 3), None, a(10, 10)) == 0
    one, other = (concentration_index(values, None, a(5, 5, 9)) for values in (a(1, 3, 4), a(3, 1, 4)))
    assert one == other


def test_concentration_needs_a_standing_and_bounds_that_hold():
    assert concentration_index(a(1, 99, 3), None, a(10, NAN, 20)) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="bounds"):
        concentration_index(a(1, 3), None, a(10, 20), kind="corrected", bounds=(0, 2))


def test_palma_takes_places_whole_by_standing():
    # Ten people: the 40 % are at place 1 + 9 x 0.4 = 4.6 of incomes 1..10, the 90 % at 9.1.
    income, value = np.arange(1.0, 11.0), np.arange(10.0, 110.0, 10.0)
    assert palma_thresholds(income) == pytest.approx((4.6, 9.1))
    assert palma_ratio(value, None, income) == pytest.approx(100 / 25)
    # A place of 5 straddles 40 %: it is poorest with all its people; a place of 3 straddles 90 %: it is not richest.
    assert palma_thresholds(a(1, 2, 3), a(5, 3, 2)) == (1, pytest.approx(3.0))
    assert math.isnan(palma_ratio(a(1, 2, 3), a(5, 3, 2), a(1, 2, 3)))
    assert palma_ratio(a(2, 3, 5, 8), a(50, 30, 11, 9), a(1, 2, 3, 4)) == pytest.approx(8 / 2)


def test_palma_by_itself_splits_the_place_that_straddles():
    # Of 10 people 5 have 1, 3 have 2, 2 have 3: the best-off tenth 3, the worst-off four 1.
    assert palma_ratio(a(1, 2, 3), a(5, 3, 2)) == pytest.approx(3.0)
    # 2 have 1 and 8 have 4: the worst-off four have 2.5 on average.
    assert palma_ratio(a(1, 4), a(2, 8)) == pytest.approx(1.6)
    assert palma_ratio(a(7, 7), a(2, 8)) == pytest.approx(1.0)


def test_palma_thresholds_of_a_wider_population():
    income = np.arange(1.0, 101.0)
    bounds = palma_thresholds(income)
    assert palma_ratio(a(10, 40, 99), None, a(20, 60, 95), thresholds=bounds) == pytest.approx(9.9)
    assert math.isnan(palma_ratio(a(10, 40), None, a(20, 60), thresholds=bounds))
    with pytest.raises(ValueError, match="order_by"):
        palma_ratio(a(10, 40), thresholds=bounds)


def test_palma_without_end_and_without_sense():
    assert palma_ratio(a(0, 0, 5), a(4, 4, 2)) == math.inf
    assert math.isnan(palma_ratio(a(0, 0)))


def test_the_weakest_by_value_then_code():
    codes = np.array(["330305003", "330305001", "330305002", "330305004"], dtype=object)
    assert weakest(a(0.5, 0.5, 0.2, NAN), 3, codes).tolist() == [2, 1, 0]
    assert weakest(a(0.5, 0.5, 0.2, NAN), 1, codes).tolist() == [2]
    assert weakest(a(0.5, 0.5, 0.2, NAN), 9, codes).tolist() == [2, 1, 0]
    assert weakest(a(10, math.inf, 12, 12), 3, codes, weak_is="high").tolist() == [1, 2, 3]
    assert weakest(a(1, 2), 0, codes[:2]).tolist() == []


# What holds of all of them.

SCALARS = {
    "gini": gini,
    "theil": theil_t,
    "variation": coefficient_of_variation,
    "concentration": lambda values, weights=None: concentration_index(values, weights, np.arange(len(values))),
    "between": lambda values, weights=None: theil_decomposition(values, weights, np.arange(len(values)) % 2).between,
    "within": lambda values, weights=None: theil_decomposition(values, weights, np.arange(len(values)) % 2).within,
}
each = pytest.mark.parametrize("measure", SCALARS.values(), ids=SCALARS.keys())
every = pytest.mark.parametrize("measure", [*SCALARS.values(), palma_ratio], ids=[*SCALARS.keys(), "palma"])


@each
def test_even_is_0(measure):
    assert measure(a(5)) == 0
    assert measure(a(0.1, 0.1, 0.1), a(3, 7, 11)) == pytest.approx(0, abs=1e-15)


@every
def test_nothing_to_share_is_nan(measure):
    assert math.isnan(measure(a()))
    assert math.isnan(measure(a(0, 0)))
    assert math.isnan(measure(a(1, 2), a(0, 0)))
    assert math.isnan(measure(a(NAN, NAN), a(1, 2)))


@every
def test_the_unknown_and_the_empty_are_left_out(measure):
    known = measure(a(1, 2, 5, 9), a(10, 20, 30, 40))
    # Rows are put at the end: standing and groups of these measures are by row.
    assert measure(a(1, 2, 5, 9, NAN, 1e9), a(10, 20, 30, 40, 1e6, 0)) == pytest.approx(known, rel=1e-12)


@every
def test_negative_and_infinite_are_refused(measure):
    for values, weights in ((a(1, -1), None), (a(1, math.inf), None), (a(1, 2), a(1, -1)), (a(1, 2), a(1, NAN))):
        with pytest.raises(ValueError, match="row 1"):
            measure(values, weights)
    with pytest.raises(ValueError, match="lengths"):
        measure(a(1, 2), a(1, 2, 3))


# Person by person: integers of people, each written out.

haves = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0, 3.0, 7.5, 20.0]), st.integers(0, 5), st.integers(0, 4)),
    min_size=1,
    max_size=8,
).filter(lambda rows: sum(value * people for value, people, _ in rows) > 0)


def columns(rows):
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


def persons(rows):
    """Return (value, standing) of each person."""
    return [(value, standing) for value, people, standing in rows for _ in range(people)]


@given(haves)
def test_gini_is_half_the_mean_difference_of_pairs(rows):
    value, people, _ = columns(rows)
    each_has = [own for own, _ in persons(rows)]
    n, mean = len(each_has), sum(each_has) / len(each_has)
    expected = sum(abs(one - other) for one in each_has for other in each_has) / (2 * n * n * mean)
    assert gini(value, people) == pytest.approx(expected, abs=1e-12)


@given(haves)
def test_theil_is_the_entropy_lost(rows):
    # ln(n) less the entropy of the shares: another form of the same.
    value, people, _ = columns(rows)
    each_has = [own for own, _ in persons(rows)]
    shares = [own / sum(each_has) for own in each_has if own > 0]
    expected = math.log(len(each_has)) + sum(share * math.log(share) for share in shares)
    assert theil_t(value, people) == pytest.approx(expected, abs=1e-12)


@given(haves)
def test_theil_between_is_that_of_group_means_and_the_rest_is_within(rows):
    value, people, group = columns(rows)
    found = theil_decomposition(value, people, group)
    everyone = persons(rows)
    means = {g: np.mean([own for own, other in everyone if other == g]) for _, g in everyone}
    between = theil_t(np.array([means[g] for _, g in everyone]))
    assert found.between == pytest.approx(between, abs=1e-12)
    assert found.between + found.within == pytest.approx(found.total, abs=1e-12)
    assert found.between_by_group.sum() == pytest.approx(found.between, abs=1e-12)
    assert found.within_by_group.sum() == pytest.approx(found.within, abs=1e-12)
    for g, own in zip(found.groups, found.theil_by_group, strict=True):
        inside = theil_t(np.array([value for value, other in everyone if other == g]))
        assert own == pytest.approx(inside, abs=1e-12, nan_ok=True)
    assert found.within >= -1e-12


@given(haves)
def test_concentration_is_the_covariance_with_rank(rows):
    value, people, standing = columns(rows)
    everyone = persons(rows)
    n = len(everyone)
    rank = [
        (sum(other < own for _, other in everyone) + sum(other == own for _, other in everyone) / 2) / n
        for _, own in everyone
    ]
    each_has = [own for own, _ in everyone]
    mean = sum(each_has) / n
    covariance = sum((r - 0.5) * own for r, own in zip(rank, each_has, strict=True)) / n
    assert concentration_index(value, people, standing) == pytest.approx(2 * covariance / mean, abs=1e-12)
    spread = max(each_has) - min(each_has)
    corrected = 8 * covariance / spread if spread else NAN
    found = concentration_index(value, people, standing, kind="corrected")
    assert found == pytest.approx(corrected, abs=1e-12, nan_ok=True)


@given(haves)
def test_ordered_by_itself_concentration_is_gini(rows):
    value, people, _ = columns(rows)
    assert concentration_index(value, people, value) == pytest.approx(gini(value, people), abs=1e-12)


@given(haves)
def test_palma_thresholds_are_quantiles_of_persons(rows):
    _, people, standing = columns(rows)
    everyone = [own for _, own in persons(rows)]
    expected = np.quantile(everyone, [0.4, 0.9], method="linear")
    assert palma_thresholds(standing, people) == pytest.approx(tuple(expected), abs=1e-9)


@given(haves)
def test_palma_is_the_means_of_persons(rows):
    value, people, standing = columns(rows)
    low, high = palma_thresholds(standing, people)
    poorest = [own for own, other in persons(rows) if other <= low]
    richest = [own for own, other in persons(rows) if other > high]
    found = palma_ratio(value, people, standing)
    if not richest or sum(poorest) == sum(richest) == 0:
        assert math.isnan(found)
    elif sum(poorest) == 0:
        assert found == math.inf
    else:
        assert found == pytest.approx(np.mean(richest) / np.mean(poorest))


@given(haves)
def test_palma_by_itself_is_of_tenths_of_persons(rows):
    # Each person ten times: tenths are then whole.
    value, people, _ = columns(rows)
    each_has = sorted(own for own, _ in persons(rows) for _ in range(10))
    n = len(each_has) // 10
    poorest, richest = np.mean(each_has[: 4 * n]), np.mean(each_has[-n:])
    found = palma_ratio(value, people)
    assert found == (math.inf if poorest == 0 else pytest.approx(richest / poorest, rel=1e-9))


@every
@given(rows=haves, factor=st.sampled_from([0.001, 0.37, 12.0, 1e6]))
def test_the_unit_of_what_they_have_means_nothing(measure, rows, factor):
    value, people, _ = columns(rows)
    assert measure(value * factor, people) == pytest.approx(measure(value, people), rel=1e-9, abs=1e-12)


@every
@given(rows=haves, factor=st.sampled_from([0.01, 3.0, 1e5]))
def test_twice_the_people_have_the_same_inequality(measure, rows, factor):
    value, people, _ = columns(rows)
    assert measure(value, people * factor) == pytest.approx(measure(value, people), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("measure", [gini, theil_t, coefficient_of_variation, palma_ratio])
@given(rows=haves, seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(measure, rows, seed):
    shuffled_rows = list(rows)
    seed.shuffle(shuffled_rows)
    one, other = (measure(*columns(given)[:2]) for given in (rows, shuffled_rows))
    assert one == pytest.approx(other, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("measure", [gini, theil_t, coefficient_of_variation])
@given(rows=haves)
def test_giving_from_who_has_most_to_who_has_least_never_raises_it(measure, rows):
    each_has = np.array([own for own, _ in persons(rows)])
    most, least = each_has.argmax(), each_has.argmin()
    after = each_has.copy()
    gift = (each_has[most] - each_has[least]) / 4
    after[most] -= gift
    after[least] += gift
    assert measure(after) <= measure(each_has) + 1e-12


@given(haves)
def test_bounds_of_gini_and_theil(rows):
    value, people, _ = columns(rows)
    n = people.sum()
    assert 0 <= gini(value, people) <= 1 - 1 / n + 1e-12
    assert 0 <= theil_t(value, people) <= math.log(n) + 1e-12


def test_the_curve_is_convex_and_below_even():
    generator = np.random.default_rng(7)
    curve = lorenz(generator.gamma(0.7, size=500), generator.integers(0, 90, 500).astype(float))
    assert (curve.value_share <= curve.people_share + 1e-12).all()
    assert (np.diff(np.diff(curve.value_share) / np.diff(curve.people_share)) >= -1e-9).all()
    assert (curve.people_share[-1], curve.value_share[-1]) == (1, 1)
