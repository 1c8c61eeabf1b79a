"""Small questions of every kind against trying every subset."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lifecircle.siting import (
    Floors,
    backup_covering,
    capacitated_covering,
    maximal_covering,
    p_center,
    p_median,
    set_covering,
)
from tests.siting import brute

SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, facilities: int = 7, cells: int = 9) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    covers = random.random((facilities, cells)) < random.uniform(0.1, 0.5)
    people = random.integers(0, 30, cells).astype(float)
    if random.random() < 0.3:
        people = people * 1.37
    return random, covers, people


def split(random: np.random.Generator, facilities: int) -> tuple[list[int], list[int]]:
    kind = random.choice(4, size=facilities, p=[0.5, 0.3, 0.1, 0.1])
    return np.flatnonzero(kind == 2).tolist(), np.flatnonzero(kind == 3).tolist()


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_maximal_covering(seed):
    random, covers, people = drawn(seed)
    locked, excluded = split(random, len(covers))
    count = int(random.integers(0, 5))
    found = maximal_covering(csr_array(covers), people, count, locked=locked, excluded=excluded)
    expected = brute.best_covering(covers, people, count, locked=locked, excluded=excluded)
    assert found.status == "optimal"
    assert found.gap == 0
    assert found.objective == pytest.approx(expected, abs=1e-9)
    assert len(found.chosen) <= count
    assert not set(found.chosen.tolist()) & {*locked, *excluded}
    assert found.objective == pytest.approx(people[covers[[*locked, *found.chosen]].any(axis=0)].sum(), abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_budgets_and_floors_hold_and_are_not_held_too_tightly(seed):
    random, covers, people = drawn(seed)
    locked, excluded = split(random, len(covers))
    costs = random.integers(0, 50, len(covers)).astype(float)
    budget = float(random.integers(0, 120))
    count = int(random.integers(1, 6)) if random.random() < 0.5 else None
    membership = random.dirichlet([0.3, 0.3], size=len(people)).T
    share = np.where(random.random(2) < 0.6, random.random(2) * 0.7, np.nan)
    of_unit = membership * people

    def allowed(chosen, covered):
        floors = np.nan_to_num(share) * of_unit.sum(axis=1)
        return sum(costs[list(chosen)]) <= budget + 1e-9 and (of_unit @ covered >= floors - 1e-9).all()

    most = len(covers) if count is None else count
    expected = brute.best_covering(covers, people, most, locked=locked, excluded=excluded, allowed=allowed)
    found = maximal_covering(
        covers, people, count, locked=locked, excluded=excluded, costs=costs, budget=budget,
        floors=Floors(csr_array(membership), share),
    )  # fmt: skip
    if math.isnan(expected):
        assert found.status == "infeasible"
        assert len(found.chosen) == 0
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(expected, abs=1e-6)
    assert allowed(tuple(found.chosen), found.covered)
    assert found.cost_yuan == pytest.approx(costs[found.chosen].sum())


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_set_covering(seed):
    random, covers, people = drawn(seed)
    locked, _ = split(random, len(covers))
    share = float(random.choice([0.0, 0.3, 0.5, 0.8, 0.95, 1.0]))
    costs = None if random.random() < 0.5 else random.integers(0, 9, len(covers)).astype(float)
    price = np.ones(len(covers)) if costs is None else costs
    found = set_covering(covers, people, share, locked=locked, costs=costs)
    expected = brute.least_price(covers, people, share, price, locked)
    if math.isnan(expected):
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(expected, abs=1e-9)
    assert found.people_covered >= share * people.sum() - 1e-9


@settings(deadline=None, max_examples=40)
@example(209)  # HiGHS 1.16 believes the start cheaper than it is, and calls it optimal
@given(SEEDS)
def test_backup_covering(seed):
    random, covers, people = drawn(seed)
    locked, excluded = split(random, len(covers))
    count = int(random.integers(0, 5))
    found = backup_covering(covers, people, count, locked=locked, excluded=excluded)
    best = brute.best_covering(covers, people, count, locked=locked, excluded=excluded, times=2)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best, abs=1e-9)
    rows = brute.open_rows(covers, locked, excluded)
    once = max(
        people[covers[[*locked, *chosen]].any(axis=0)].sum()
        for chosen in brute.subsets(rows, count)
        if people[covers[[*locked, *chosen]].sum(axis=0) >= 2].sum() >= best - 1e-9
    )
    assert people[covers[[*locked, *found.chosen]].any(axis=0)].sum() == pytest.approx(once, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(SEEDS)
def test_capacitated_covering(seed):
    random, covers, people = drawn(seed, 6, 6)
    locked, excluded = split(random, len(covers))
    capacity = random.integers(0, 60, len(covers)).astype(float)
    capacity[random.random(len(covers)) < 0.15] = np.inf
    count = int(random.integers(0, 4))
    found = capacitated_covering(covers, people, capacity, count, locked=locked, excluded=excluded)
    expected = max(
        brute.served_by(covers, people, capacity, [*locked, *chosen])
        for chosen in brute.subsets(brute.open_rows(covers, locked, excluded), count)
    )
    assert found.status == "optimal"
    assert found.objective == pytest.approx(expected, abs=1e-6)
    assert brute.served_by(covers, people, capacity, [*locked, *found.chosen]) == pytest.approx(expected, abs=1e-6)


def drawn_costs(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    random, _, people = drawn(seed)
    cost = random.integers(0, 40, (7, len(people))).astype(float)
    cost[random.random(cost.shape) < random.choice([0.0, 0.3, 0.6])] = np.inf
    return random, cost, people


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_p_median(seed):
    random, cost, people = drawn_costs(seed)
    locked, excluded = split(random, len(cost))
    count = int(random.integers(0, 5))
    unreached = None if random.random() < 0.5 else float(random.integers(10, 60))
    found = p_median(cost, people, count, locked=locked, excluded=excluded, unreached_cost=unreached)
    usable = cost.copy()
    usable[excluded] = np.inf
    expected = min(
        brute.total_cost(usable, people, [*locked, *chosen], unreached)
        for chosen in brute.subsets(brute.open_rows(cost, locked, excluded), count)
    )
    if math.isinf(expected):
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(expected, abs=1e-6)
    assert brute.total_cost(usable, people, [*locked, *found.chosen], unreached) == pytest.approx(expected, abs=1e-6)
    assert found.people_unreachable == pytest.approx(people[~np.isfinite(usable).any(axis=0)].sum())


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_p_median_within_a_budget(seed):
    random, cost, people = drawn_costs(seed)
    yuan = random.integers(0, 30, len(cost)).astype(float)
    budget = float(random.integers(0, 80))
    found = p_median(cost, people, costs=yuan, budget=budget)
    expected = min(
        brute.total_cost(cost, people, list(chosen), None)
        for chosen in brute.subsets(list(range(len(cost))), len(cost))
        if yuan[list(chosen)].sum() <= budget
    )
    if math.isinf(expected):
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(expected, abs=1e-6)
    assert found.cost_yuan <= budget


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_p_center(seed):
    random, cost, people = drawn_costs(seed)
    locked, excluded = split(random, len(cost))
    count = int(random.integers(0, 5))
    found = p_center(cost, count, people=people, locked=locked, excluded=excluded)
    usable = cost.copy()
    usable[excluded] = np.inf
    asked = (people > 0) & np.isfinite(usable).any(axis=0)
    expected = min(
        (usable[[*locked, *chosen]][:, asked].min(axis=0, initial=np.inf).max(initial=0.0))
        for chosen in brute.subsets(brute.open_rows(cost, locked, excluded), count)
    )
    if math.isinf(expected):
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.objective == expected
