"""Good choices of a covering problem before anything is proven: greedy, swaps, annealing, and the exact best of several."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.annealing import anneal
from lifecircle.planning.problem import Problem, as_point, as_program, narrow
from lifecircle.planning.questions import Clock
from lifecircle.planning.siting import EXACT
from lifecircle.planning.solver import solve
from lifecircle.planning.swaps import add, fill_greedily, start_gains, swap_until_none_helps
from lifecircle.travel.threads import count_workers

MOST_MOVES = 2_000_000
MOVES_A_CANDIDATE = 500
HEATS = (0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.2)
"""First temperatures of one round, as shares of the people a site is worth on average."""
MOST_ROUNDS, ELITE = 12, 12
MERGING_S = 5.0
WORK_OF_ONE = 1.5e8
"""Groups that one annealing may touch, in all."""
FLOOR_ROUNDS = 12
"""Times that people of units below their floor are weighed twice as much as before."""


class Search:
    """Choices of one problem, with its arrays as the compiled loops want them."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        model = problem.model
        self.lists = _pointers(model.by_site) + _pointers(model.by_group)

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
                return choice
            price = np.where(short > 0, np.maximum(1.0, 2 * price), price)
        return None

    def anneal(self, start: BoolArray, moves: int, hottest: float, seed: int) -> BoolArray:
        """Return what annealing makes of a start, mended by swaps; floors are not looked at."""
        problem = self.problem
        found = anneal(*self.lists, problem.model.weight, problem.costs, problem.budget, start, moves, hottest, seed)
        return self.greedy(start=found)

    def best_of_union(self, choices: list[BoolArray], limit_s: float) -> BoolArray:
        """Return the best choice of candidates that any of these has, by the solver, from the best of them."""
        problem = self.problem
        best = min(choices, key=problem.uncovered)
        inner, rows = narrow(problem, ~np.logical_or.reduce(choices), np.zeros(len(best), np.bool_))
        start = best[rows]
        solved = solve(as_program(inner), limit_s, start=as_point(inner, start), apart=problem.least)
        if solved.point is None:
            return best
        choice = np.zeros(len(best), dtype=np.bool_)
        choice[rows] = solved.point[: len(rows)] > 0.5
        return choice if problem.allows(choice) and problem.uncovered(choice) < problem.uncovered(best) else best

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


def search_widely(search: Search, start: BoolArray, clock: Clock, until_s: float) -> BoolArray:
    """Anneal several times side by side, take the exact best of what the results have between them, and again while that helps.

    A few results of a landscape of overlapping circles have most sites in common with the best choice and, between them, often all.
    Rounds end with the time, or when two in turn have found nothing better.
    """
    problem = search.problem
    degree = problem.model.by_site.nnz / max(1, len(problem.costs))
    moves = int(min(MOST_MOVES, MOVES_A_CANDIDATE * len(problem.costs), WORK_OF_ONE / max(1.0, degree)))
    best, elite, since = start, [start], 0
    afresh = search.greedy()  # what is known already would draw every walk back to it
    for turn in range(MOST_ROUNDS):
        worth = (problem.model.weight.sum() - problem.uncovered(best)) / max(1, int(best.sum()))
        heats = [max(heat * worth, 1e-9) for heat in HEATS]
        with ThreadPoolExecutor(
            count_workers()
        ) as pool:  # the loops hold no lock; each has its own seed, whoever runs first
            made = pool.map(
                lambda seed, heat: search.anneal(afresh, moves, heat, seed),
                range(turn * len(heats), (turn + 1) * len(heats)),
                heats,
            )
            found = [choice for choice in made if problem.allows(choice)]
        elite = sorted([*elite, *found], key=problem.uncovered)[:ELITE]
        if not elite or clock.spent_s > until_s:
            break
        union = search.best_of_union(elite, min(MERGING_S, until_s - clock.spent_s))
        elite = [union, *elite]
        since = 0 if problem.uncovered(union) < problem.uncovered(best) - problem.least / 2 else since + 1
        best = union
        if since == 2 or clock.spent_s > until_s:
            break
    return min([start, *elite], key=problem.uncovered)


def _pointers(matrix: csr_array) -> tuple[IntArray, IntArray]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
