"""Sites under other assumptions, by hand and against every subset."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lifecircle.siting import Floors, maximal_covering
from lifecircle.siting.robustness import Assumption, robust_sites
from tests.siting import brute

# Sites 0-3 over cells a-d with 40, 30, 20 and 10 people.
PEOPLE = np.array([40.0, 30, 20, 10])
BASE = csr_array(np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]], dtype=bool))
SLOW = csr_array(np.array([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=bool))
PLAN = np.array([0, 1])


def of(name, covers, people=PEOPLE, **more):
    return {name: Assumption(covers, people, **more)}


def test_two_sites_for_the_slow_and_for_other_people():
    moved = np.array([0.0, 10, 45, 45])
    found = robust_sites(PLAN, of("base", BASE) | of("slow", SLOW) | of("moved", BASE, moved), 2)
    by = found.assumptions.set_index("assumption")
    assert by["people_covered"].tolist() == [70, 40, 10]
    # The slow: 0 and 2 cover 60. Other people: 2 covers 90, and 1 brings 10 more: all of them.
    assert by["best_covered"].tolist() == [70, 60, 100]
    assert by["regret"].tolist() == [0, 20, 90]
    assert by["regret_pct"].tolist() == [0, 20, 90]
    assert by["status"].tolist() == ["optimal"] * 3
    # To insist on site 1, which nobody slow reaches, costs c's 20; on site 0, where nobody of theirs lives, b's 10.
    np.testing.assert_array_equal(found.people_lost, [[0, 0], [0, 20], [10, 0]])
    assert found.sites["optimal_in"].tolist() == [2, 2]
    assert found.sites["not_optimal_in"].tolist() == ["moved", "slow"]
    assert found.sites["most_people_lost"].tolist() == [10, 20]
    assert by["shared_sites"].tolist() == [2, 1, 1]


def test_a_site_of_another_plan_as_good_is_optimal_too():
    twins = csr_array(np.array([[1, 0], [1, 0], [0, 1]], dtype=bool))
    people = np.array([10.0, 1])
    for row in (0, 1):
        found = robust_sites(np.array([row]), of("base", twins, people), 1)
        assert found.sites["optimal_in"].tolist() == [1]
    assert robust_sites(np.array([2]), of("base", twins, people), 1).people_lost.tolist() == [[9]]


def test_a_share_is_told_with_the_least_sites_that_reach_it():
    found = robust_sites(PLAN, of("base", BASE) | of("slow", SLOW), share=0.7).assumptions.set_index("assumption")
    assert found["meets_share"].tolist() == [True, False]
    assert found["least_sites"].tolist()[0] == 2
    # The slow reach 40, 20 and 10: three sites for 70 %.
    assert found.loc["slow", "least_sites"] == 3
    assert found.loc["slow", "best_covered"] == 60  # with as many sites as the plan has


def test_what_stands_costs_and_may_not_be_built_is_so_under_every_assumption():
    costs = np.array([0.0, 3, 2, 2])
    found = robust_sites(
        np.array([1]), of("slow", SLOW), locked=np.array([0]), excluded=np.array([3]), costs=costs, budget=3
    )
    row = found.assumptions.iloc[0]
    assert (row["people_covered"], row["best_covered"], row["regret"]) == (40, 60, 20)
    assert found.people_lost.tolist() == [[20]]


def test_a_plan_that_breaks_a_floor_is_not_allowed_and_has_no_regret():
    units = csr_array(np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]]))
    floors = Floors(units, np.array([0.4, 0.5]))
    found = robust_sites(PLAN, of("base", BASE, floors=floors), 2)
    row = found.assumptions.iloc[0]
    assert not row["is_allowed"]
    assert np.isnan(row["regret"])
    assert row["best_covered"] == 70  # 0 and 2
    # With 1 (43 % of the first unit) only 2 keeps to the second's floor: 60.
    assert found.people_lost.tolist() == [[0, 10]]
    none = robust_sites(PLAN, of("base", BASE, floors=Floors(units, np.array([1.0, 1.0]))), 2)
    assert none.assumptions["status"].tolist() == ["infeasible"]
    assert np.isnan(none.people_lost).all()
    assert none.sites["assumptions"].tolist() == [0, 0]


def test_a_site_that_no_allowed_plan_has_costs_everything():
    costs = np.array([5.0, 1, 1, 1])
    found = robust_sites(np.array([1, 2]), of("base", BASE), budget=2, costs=costs)
    assert found.assumptions["regret"].tolist() == [0]
    dear = robust_sites(
        np.array([0]), of("base", BASE, floors=Floors(csr_array(np.array([[0, 1.0, 0, 0]])), np.array([1.0]))), 1
    )
    assert dear.people_lost.tolist() == [[np.inf]]
    assert dear.sites["most_people_lost"].tolist() == [np.inf]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_against_every_subset(seed):
    random = np.random.default_rng(seed)
    covers = [random.random((6, 8)) < 0.3 for _ in range(2)]
    people = [random.integers(0, 30, 8).astype(float) for _ in range(2)]
    count, locked = 3, np.array([5])
    plan = maximal_covering(csr_array(covers[0]), people[0], count, locked=locked).chosen
    pairs = zip(("base", "other"), covers, people, strict=True)
    found = robust_sites(
        plan, {name: Assumption(csr_array(one), who) for name, one, who in pairs}, count, locked=locked
    )
    assert found.assumptions["regret"].iloc[0] == 0
    assert (found.people_lost[0] == 0).all()
    for place, (one, who) in enumerate(zip(covers, people, strict=True)):
        best = brute.best_covering(one, who, count, locked=[5])
        row = found.assumptions.iloc[place]
        assert row["best_covered"] == pytest.approx(best, abs=1e-9)
        assert row["regret"] == pytest.approx(best - who[one[[5, *plan]].any(axis=0)].sum(), abs=1e-9)
        for site, at in enumerate(plan.tolist()):
            others = [each for each in range(5) if each != at]
            with_it = max(
                who[one[[5, at, *chosen]].any(axis=0)].sum()
                for size in range(count)
                for chosen in combinations(others, size)
            )
            assert found.people_lost[place, site] == pytest.approx(best - with_it, abs=1e-9)
