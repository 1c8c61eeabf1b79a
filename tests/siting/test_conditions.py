"""What holds of every plan, and what each question says when it cannot be answered."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lifecircle.siting import (
    Floors,
    alternatives,
    backup_covering,
    capacitated_covering,
    coverage_curve,
    covers_within,
    maximal_covering,
    p_center,
    p_median,
    set_covering,
    sites_for_targets,
)

COVERS = np.array(
    [
        [1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 1, 0],
    ]
)
PEOPLE = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 7.0])
"""All but the last cell can be covered: 150 of 157."""


def districts(seed: int) -> tuple[np.random.Generator, csr_array, np.ndarray]:
    random = np.random.default_rng(seed)
    places, sites = random.random((150, 2)), random.random((25, 2))
    near = ((places[None] - sites[:, None]) ** 2).sum(axis=2) < random.uniform(0.01, 0.06)
    return random, csr_array(near), random.integers(0, 90, 150).astype(float)


def test_two_sites_of_four():
    found = maximal_covering(COVERS, PEOPLE, 2)
    assert found.chosen.tolist() == [1, 2]
    assert found.objective == found.bound == found.people_covered == 140
    assert found.people_unreachable == 7
    assert found.covered.tolist() == [False, True, True, True, True, False]
    assert (found.status, found.gap) == ("optimal", 0)


def test_what_stands_costs_nothing_and_does_not_count():
    found = maximal_covering(COVERS, PEOPLE, 1, locked=[1])
    assert found.chosen.tolist() == [2]
    assert found.objective == 140
    assert maximal_covering(COVERS, PEOPLE, 1, locked=[1], excluded=[2]).chosen.tolist() == [3]
    assert maximal_covering(COVERS, PEOPLE, 0, locked=[1]).objective == 90


def test_a_site_that_adds_nobody_is_not_built():
    assert maximal_covering(COVERS, PEOPLE, 4).chosen.tolist() == [0, 1, 2]


def test_a_budget_holds_beside_a_count():
    costs = [5.0, 9.0, 4.0, 1.0]
    assert maximal_covering(COVERS, PEOPLE, costs=costs, budget=9).chosen.tolist() == [0, 2]
    assert maximal_covering(COVERS, PEOPLE, 1, costs=costs, budget=9).chosen.tolist() == [1]
    nothing = maximal_covering(COVERS, PEOPLE, costs=costs, budget=0.5)
    assert (nothing.status, nothing.objective, nothing.chosen.tolist()) == ("optimal", 0, [])


def test_a_floor_bends_the_plan_and_an_impossible_one_says_so():
    units = csr_array(np.array([[1.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1]]))
    found = maximal_covering(COVERS, PEOPLE, 2, floors=Floors(units, np.array([1.0, np.nan])))
    assert found.chosen.tolist() == [0, 2]
    assert found.objective == 120
    for share, count in (([np.nan, 0.9], 4), ([1.0, 0.5], 1)):
        refused = maximal_covering(COVERS, PEOPLE, count, floors=Floors(units, np.array(share)))
        assert refused.status == "infeasible"
        assert math.isnan(refused.objective)
        assert len(refused.chosen) == 0


def test_the_fewest_and_the_cheapest_sites_for_a_share():
    assert set_covering(COVERS, PEOPLE, 0.85).chosen.tolist() == [1, 2]
    assert set_covering(COVERS, PEOPLE, 0.5, costs=[5, 9, 4, 1]).chosen.tolist() == [2]
    assert set_covering(COVERS, PEOPLE, 1.0).status == "infeasible"
    by_share = sites_for_targets(COVERS, PEOPLE, [0.9, 0.5])
    assert {share: len(siting.chosen) for share, siting in by_share.items()} == {0.5: 1, 0.9: 3}


def test_backup_and_places():
    found = backup_covering(COVERS, PEOPLE, 2)
    assert found.chosen.tolist() == [2, 3]
    assert found.objective == 50
    assert backup_covering(COVERS, PEOPLE, 1, locked=[1]).objective == 40
    places = capacitated_covering(COVERS, PEOPLE, [5, 60, 60, 60], 2)
    assert places.objective == 120
    assert capacitated_covering(COVERS, PEOPLE, [25, np.inf, 60, 60], 1, locked=[1]).objective == 140


def test_median_and_center_by_hand():
    cost = np.array([[0.0, 4.0, 9.0], [5.0, 1.0, 5.0], [9.0, 4.0, np.inf]])
    found = p_median(cost, [1, 10, 1], 1)
    assert (found.chosen.tolist(), found.objective, found.assigned.tolist()) == ([1], 20, [1, 1, 1])
    assert p_center(cost, 1).objective == 5
    assert p_center(cost, 2).objective == 5
    assert p_median(csr_array(np.array([[1.0, 0.0]])), [3, 4], 1).people_unreachable == 4
    assert p_median(cost, [1, 10, 1], 1, excluded=[0, 1], unreached_cost=20).objective == 9 + 40
    assert p_median(cost, [1, 10, 1], 1, excluded=[0, 1]).people_unreachable == 1


def test_too_few_to_reach_all_is_infeasible_unless_it_has_a_price():
    cost = np.array([[1.0, np.inf], [np.inf, 1.0]])
    assert p_median(cost, [1, 1], 1).status == "infeasible"
    assert p_center(cost, 1).status == "infeasible"
    assert p_median(cost, [1, 1], 1, unreached_cost=9).objective == 10


def test_a_stored_zero_is_within_reach():
    reach = csr_array((np.array([0.0, 5.0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
    assert maximal_covering(covers_within(reach, 3), [4, 6], 1).objective == 4
    assert maximal_covering(covers_within(reach, 5), [4, 6], 1).objective == 10
    assert p_median(reach, [4, 6], 1).objective == 30


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("count", {}),
        ("no such row", {"count": 1, "locked": [4]}),
        ("both locked and excluded", {"count": 1, "locked": [1], "excluded": [1]}),
        ("needs costs", {"budget": 3.0}),
        ("finite", {"costs": [1, np.nan, 1, 1], "budget": 3.0}),
        ("whole number", {"count": 1.5}),
        ("positive", {"count": 1, "time_limit_s": 0}),
        ("shares are 0 to 1", {"count": 1, "floors": Floors(csr_array(np.ones((1, 6))), np.array([95.0]))}),
    ],
)
def test_what_cannot_be_meant_is_refused(said, asked):
    with pytest.raises(ValueError, match=said):
        maximal_covering(COVERS, PEOPLE, **asked)


def test_people_must_fit():
    with pytest.raises(ValueError, match="shape"):
        maximal_covering(COVERS, PEOPLE[:-1], 1)
    with pytest.raises(ValueError, match="finite"):
        maximal_covering(COVERS, -PEOPLE, 1)
    with pytest.raises(ValueError, match="negative"):
        p_median(-np.ones((2, 2)), [1, 1], 1)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_a_site_more_never_lowers_coverage(seed):
    _, covers, people = districts(seed)
    curve = coverage_curve(covers, people, range(0, 9, 2))
    assert (np.diff(curve.people_covered) >= 0).all()
    assert (np.diff(curve.bound) >= 0).all()
    assert (curve.bound >= curve.people_covered).all()
    for number, siting in zip(curve.counts, curve.sitings, strict=True):
        assert len(siting.chosen) <= number
        assert siting == maximal_covering(covers, people, int(number), start=siting.chosen)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_costs_and_floors_hold_in_every_plan(seed):
    random, covers, people = districts(seed)
    costs = random.uniform(1, 50, 25)
    budget = float(random.uniform(20, 200))
    unit = random.integers(0, 3, 150)
    units = csr_array((np.ones(150), (unit, np.arange(150))), shape=(3, 150))
    share = random.uniform(0, 0.4, 3)
    found = maximal_covering(covers, people, 6, costs=costs, budget=budget, floors=Floors(units, share))
    assert found.status in ("optimal", "infeasible")
    if found.status == "optimal":
        assert costs[found.chosen].sum() <= budget * (1 + 1e-9)
        assert len(found.chosen) <= 6
        assert (units @ (people * found.covered) >= share * (units @ people) - 1e-6).all()
        assert found.objective <= maximal_covering(covers, people, 6, costs=costs, budget=budget).objective


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter_and_the_answer_is_repeated(seed):
    random, covers, people = districts(seed)
    found = maximal_covering(covers, people, 5)
    assert found == maximal_covering(covers, people, 5)
    sites, cells = random.permutation(25), random.permutation(150)
    turned = maximal_covering(covers[sites][:, cells], people[cells], 5)
    assert turned.objective == found.objective


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_the_price_of_no(seed):
    _, covers, people = districts(seed)
    plan = maximal_covering(covers, people, 4)
    struck = alternatives(covers, people, 4, plan=plan)
    assert [each.struck for each in struck] == plan.chosen.tolist()
    for each in struck:
        assert each.struck not in each.siting.chosen
        assert each.people_lost == plan.objective - each.siting.objective >= 0
        assert each.people_lost_at_least == each.people_lost
        expected = maximal_covering(covers, people, 4, excluded=[each.struck]).objective
        assert each.siting.objective == expected


def test_the_price_of_no_by_hand():
    struck = alternatives(COVERS, PEOPLE, 2)
    assert [(each.struck, each.people_lost, each.comes_instead.tolist()) for each in struck] == [
        (1, 20, [0]),
        (2, 0, [3]),
    ]


def test_time_that_is_short_still_gives_a_plan_and_its_gap():
    random = np.random.default_rng(3)
    places = random.random((3000, 2))
    near = ((places[None, :600] - places[:, None]) ** 2).sum(axis=2).T < 0.004
    people = random.integers(1, 99, 3000).astype(float)
    found = maximal_covering(near, people, 30, time_limit_s=0.05)
    assert found.objective <= found.bound
    assert found.gap == pytest.approx((found.bound - found.objective) / found.objective)
    assert (found.status == "optimal") == (found.gap == 0)
    assert len(found.chosen) == 30
