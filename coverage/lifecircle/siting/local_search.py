"""Good choices of a covering problem before anything is proven: greedy, the swaps that a greedy choice leaves open, and walks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numba import njit
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.siting.problem import EXACT, TimeLimit
from lifecircle.siting.program import CoveringProgram, as_point, as_program, narrow
from lifecircle.siting.solver import solve
from lifecircle.siting.tempering import temper


@njit(cache=True, nogil=True)
def start_gains(indptr: IntArray, indices: IntArray, weight: FloatArray) -> FloatArray:  # pragma: no cover - compiled
    """Return the people of each candidate while nothing is covered."""
    gain = np.zeros(len(indptr) - 1)
    for site in range(len(gain)):
        for at in range(indptr[site], indptr[site + 1]):
            gain[site] += weight[indices[at]]
    return gain


@njit(cache=True, nogil=True)
def add(
    site: int,
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Build a site: groups it covers first stop being a gain to others."""
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        if times[group] == 0:
            for position in range(group_start[group], group_start[group + 1]):
                gain[group_site[position]] -= weight[group]
        times[group] += 1


@njit(cache=True, nogil=True)
def drop(
    site: int,
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Take a site away again; its own gain is then what it was worth."""
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        times[group] -= 1
        if times[group] == 0:
            for position in range(group_start[group], group_start[group + 1]):
                gain[group_site[position]] += weight[group]


@njit(cache=True, nogil=True)
def best_candidate(
    gain: FloatArray, built: BoolArray, costs: FloatArray, left: float, per_yuan: bool
) -> int:  # pragma: no cover - compiled
    """Return the affordable candidate of the greatest gain (by yuan, if asked); -1 where none is affordable."""
    best, best_value = -1, -np.inf
    for site in range(len(gain)):
        if built[site] or costs[site] > left:
            continue
        value = gain[site]
        if per_yuan:
            value = value / costs[site] if costs[site] > 0 else (np.inf if value > 0 else 0.0)
        if value > best_value:
            best, best_value = site, value
    return best


@njit(cache=True, nogil=True)
def fill_greedily(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    costs: FloatArray,
    count: int,
    budget: float,
    per_yuan: bool,
    least: float,
    built: BoolArray,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Build the best candidate one after another, while the next adds more than ``least`` people and is affordable."""
    number, spent = 0, 0.0
    for site in range(len(built)):
        if built[site]:
            number += 1
            spent += costs[site]
    while number < count:
        site = best_candidate(gain, built, costs, budget - spent, per_yuan)
        if site < 0 or gain[site] <= least:
            return
        add(site, indptr, indices, group_start, group_site, weight, times, gain)
        built[site] = True
        number += 1
        spent += costs[site]


@njit(cache=True, nogil=True)
def swap_until_none_helps(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    costs: FloatArray,
    budget: float,
    least: float,
    built: BoolArray,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Replace one site by one other while that adds more than ``least`` people."""
    spent = 0.0
    for site in range(len(built)):
        if built[site]:
            spent += costs[site]
    since, site = 0, 0
    while since < len(built):
        if built[site]:
            drop(site, indptr, indices, group_start, group_site, weight, times, gain)
            built[site] = False
            other = best_candidate(gain, built, costs, budget - spent + costs[site], False)
            if other < 0 or gain[other] <= gain[site] + least:
                other = site
            else:
                since = 0
            add(other, indptr, indices, group_start, group_site, weight, times, gain)
            built[other] = True
            spent += costs[other] - costs[site]
        since += 1
        site = site + 1 if site + 1 < len(built) else 0


MERGING_S = 3.0
MERGED = 2.0
"""Candidates that are merged, for each site: of many more the best is not found in a moment."""
FLOOR_ROUNDS = 12
"""Times that people of units below their floor are weighed twice as much as before."""


class CoveringSearch:
    """Choices of one problem, with its arrays as the compiled loops want them."""

    def __init__(self, problem: CoveringProgram) -> None:
        self.problem = problem
        model = problem.model
        self.lists = pointers(model.by_site) + pointers(model.by_group)
        self.price = np.zeros(len(problem.spare))
        """What a person of each unit with a floor weighs beside one, for all floors to be met."""

    def greedy(self, weight: FloatArray | None = None, start: BoolArray | None = None) -> BoolArray:
        """Return a choice that no single swap betters, begun with a start; conditions of floors are not looked at."""
        problem = self.problem
        each = problem.model.weight if weight is None else weight
        by_yuan = (False, True) if math.isfinite(problem.budget) else (False,)
        found = [self._mend(each, start, per_yuan) for per_yuan in by_yuan]
        return min(found, key=problem.uncovered) if weight is None else found[-1]

    def meet_floors(self) -> BoolArray | None:
        """Return a choice that meets every condition; None where none is found, which proves nothing."""
        problem = self.problem
        if not len(problem.spare):
            return self.greedy()
        price = np.zeros(len(problem.spare))
        for _ in range(FLOOR_ROUNDS):
            choice = self.greedy(problem.model.weight + price @ problem.model.units)
            short = problem.shortfall(choice)
            if not short.any():
                self.price = price
                return choice
            price = np.where(short > 0, np.maximum(1.0, 2 * price), price)
        return None

    def _mend(self, weight: FloatArray, start: BoolArray | None, per_yuan: bool) -> BoolArray:
        problem = self.problem
        built = np.zeros(len(problem.costs), dtype=np.bool_) if start is None else start.copy()
        gain = start_gains(*self.lists[:2], weight)
        times = np.zeros(len(weight), dtype=np.int64)
        for site in np.flatnonzero(built).tolist():
            add(site, *self.lists, weight, times, gain)
        least = EXACT * float(weight.sum())
        conditions = problem.costs, problem.count, problem.budget
        fill_greedily(*self.lists, weight, *conditions, per_yuan, least, built, times, gain)
        swap_until_none_helps(*self.lists, weight, problem.costs, problem.budget, least, built, times, gain)
        fill_greedily(*self.lists, weight, *conditions, False, least, built, times, gain)
        return built


def search_widely(
    search: CoveringSearch, start: BoolArray, clock: TimeLimit, until_s: float, enough: float
) -> BoolArray:
    """Return the best that tempering comes by, or the start where that is as good.

    The walks know no floors. Where what they find breaks one, they walk once more with the weights at which greedy met all.
    """
    problem = search.problem
    posed = [problem]
    if search.price.any():
        priced = problem.model.weight + search.price @ problem.model.units
        posed.append(replace(problem, model=replace(problem.model, weight=priced)))
    for turn, question in enumerate(posed):
        last_s = clock.spent_s + (until_s - clock.spent_s) / (len(posed) - turn)
        # Begun afresh: what is known already would draw every walk back to it.
        found = _walk(search, question, start, clock, last_s, enough if question is problem else -math.inf)
        choices = [choice for choice in (found, search.greedy(question.model.weight, found)) if problem.allows(choice)]
        if choices:
            return min([start, *choices], key=problem.uncovered)
    return start


def _walk(
    search: CoveringSearch, question: CoveringProgram, known: BoolArray, clock: TimeLimit, until_s: float, enough: float
) -> BoolArray:
    question = replace(
        question, spare=np.empty(0), model=replace(question.model, units=csr_array((0, len(question.model.weight))))
    )
    start = CoveringSearch(question).greedy()

    def is_enough(best: BoolArray) -> bool:
        return clock.spent_s > until_s or question.uncovered(best) <= enough

    def merge(choices: list[BoolArray]) -> list[BoolArray]:
        each = {choice.tobytes(): choice for choice in (known, *choices)}
        ordered = sorted(each.values(), key=question.uncovered)
        return [_best_of_union(question, ordered, min(MERGING_S, until_s - clock.spent_s)), *ordered]

    return temper(search.lists, question.model.weight, question.costs, question.budget, start, merge, is_enough)


def _best_of_union(problem: CoveringProgram, choices: list[BoolArray], limit_s: float) -> BoolArray:
    """Return the best choice of candidates that any of these has, by the solver, from the best of them, which come first."""
    best = choices[0]
    together = best.copy()
    for choice in choices:
        if (together | choice).sum() <= MERGED * best.sum():
            together |= choice
    inner, rows = narrow(problem, ~together, np.zeros(len(best), np.bool_))
    solved = solve(as_program(inner), limit_s, start=as_point(inner, best[rows]), apart=problem.least)
    if solved.point is None:
        return best
    choice = np.zeros(len(best), dtype=np.bool_)
    choice[rows] = solved.point[: len(rows)] > 0.5
    return choice if problem.affords(choice) and problem.uncovered(choice) < problem.uncovered(best) else best


def pointers(matrix: csr_array) -> tuple[IntArray, IntArray]:
    """Return where each row of a pattern begins, and its columns, as the compiled loops want them."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
