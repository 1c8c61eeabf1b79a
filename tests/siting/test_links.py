"""Sites and links in one plan, against every subset of both; covers come from shortest paths, so that links may need one another."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lifecircle.siting import Floors, alternatives, coverage_curve, maximal_covering, set_covering
from lifecircle.siting.links import LinkedCovers

NODES, LIMIT = 9, 3.0


class District:
    """Nodes that are cells; some hold a facility or a candidate; base edges, and links that may be built."""

    def __init__(self, seed: int, links: int = 4) -> None:
        draw = np.random.default_rng(seed)
        self.base = [(i, i + 1, float(draw.integers(1, 4))) for i in range(NODES - 1) if draw.random() < 0.6]
        pairs = [pair for pair in combinations(range(NODES), 2) if draw.random() < 0.5]
        order = draw.permutation(len(pairs))[:links]
        self.links = [(*pairs[at], float(draw.integers(1, 3))) for at in order]
        self.at = draw.permutation(NODES)[:5]
        self.people = draw.integers(0, 30, NODES).astype(float)
        self.costs = draw.integers(1, 9, len(self.at) + len(self.links)).astype(float)
        self.linked = LinkedCovers(len(self.at), len(self.links), self.covers)

    def covers(self, built: np.ndarray) -> csr_array:
        weight = np.full((NODES, NODES), np.inf)
        for u, v, w in [*self.base, *(link for link, is_built in zip(self.links, built, strict=True) if is_built)]:
            weight[u, v] = weight[v, u] = min(w, weight[u, v])
        weight[~np.isfinite(weight)] = 0.0
        return csr_array((dijkstra(csr_array(weight), indices=self.at) <= LIMIT).astype(float))

    def covered(self, rows: tuple[int, ...], locked: list[int]) -> np.ndarray:
        built = np.isin(np.arange(len(self.links)) + len(self.at), [*rows, *locked])
        chosen = [row for row in [*locked, *rows] if row < len(self.at)]
        return np.asarray(self.covers(built).toarray()[chosen].sum(axis=0) > 0)

    def plans(self, locked: list[int], excluded: list[int] = []) -> list[tuple[int, ...]]:  # noqa: B006
        free = [row for row in range(len(self.costs)) if row not in locked and row not in excluded]
        return [plan for size in range(len(free) + 1) for plan in combinations(free, size)]


@pytest.mark.parametrize("seed", range(60))
def test_most_people_by_count_or_budget_is_that_of_all_subsets(seed: int) -> None:
    district = District(seed)
    locked = [0] if seed % 2 else []
    count, budget = [(2, None), (3, 9.0), (None, 11.0)][seed % 3]
    units = np.array([np.arange(NODES) < 4, np.arange(NODES) >= 4], dtype=float)
    floors = Floors(csr_array(units), np.array([0.5, 0.0])) if seed % 5 == 0 else None
    best = math.nan
    for plan in district.plans(locked):
        covered = district.covered(plan, locked)
        fits = (count is None or len(plan) <= count) and (budget is None or district.costs[list(plan)].sum() <= budget)
        fits &= floors is None or district.people[:4][covered[:4]].sum() >= 0.5 * district.people[:4].sum() - 1e-9
        if fits and not district.people[covered].sum() <= best:
            best = float(district.people[covered].sum())
    found = maximal_covering(
        district.linked, district.people, count, locked=locked, costs=district.costs, budget=budget, floors=floors
    )
    if math.isnan(best):
        assert found.status == "infeasible"
        return
    assert (found.objective, found.bound, found.status) == (
        pytest.approx(best, abs=1e-6),
        pytest.approx(best, abs=1e-6),
        "optimal",
    )
    assert district.people[district.covered(tuple(found.chosen), locked)].sum() == pytest.approx(best)
    np.testing.assert_array_equal(found.covered, district.covered(tuple(found.chosen), locked))
    if budget is not None:
        assert district.costs[found.chosen].sum() <= budget


@pytest.mark.parametrize("seed", range(60))
def test_least_cost_of_a_share_is_that_of_all_subsets(seed: int) -> None:
    district = District(seed + 1000)
    share = [0.5, 0.8, 1.0][seed % 3]
    costs = district.costs if seed % 2 else np.ones(len(district.costs))
    best = math.nan
    for plan in district.plans([0]):
        people = district.people[district.covered(plan, [0])].sum()
        if people >= share * district.people.sum() - 1e-9 and not costs[list(plan)].sum() >= best:
            best = float(costs[list(plan)].sum())
    found = set_covering(district.linked, district.people, share, locked=[0], costs=costs if seed % 2 else None)
    if math.isnan(best):
        assert found.status == "infeasible"
        return
    assert (found.objective, found.bound, found.status) == (pytest.approx(best), pytest.approx(best), "optimal")
    assert district.people[district.covered(tuple(found.chosen), [0])].sum() >= share * district.people.sum() - 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 7))
def test_more_links_and_sites_never_cover_less(seed: int, links: int) -> None:
    district = District(seed, links)
    curve = coverage_curve(district.linked, district.people, range(4), locked=[0])
    assert (np.diff(curve.people_covered) >= 0).all()
    plan = maximal_covering(district.linked, district.people, 2, locked=[0])
    for other in alternatives(district.linked, district.people, 2, plan=plan, locked=[0]):
        assert other.people_lost >= 0
        assert other.struck not in other.siting.chosen


def test_links_that_only_together_help_are_chosen_together_and_few_sets_are_asked() -> None:
    # facility 0 -1- 1 .. 2 .. 3: two gates in a row, each of no use alone; a third link goes nowhere useful.
    asked = []

    def covers(built: np.ndarray) -> csr_array:
        asked.append(tuple(built.tolist()))
        return csr_array(np.array([[1.0, 1.0, 0.0, float(built[0] and built[1])]]))

    found = maximal_covering(LinkedCovers(1, 3, covers), np.array([5.0, 5.0, 5.0, 7.0]), 2, locked=[0])
    assert found.chosen.tolist() == [1, 2]
    assert found.objective == 17.0
    assert found.people_unreachable == 5.0
    assert len(asked) == len(set(asked))
