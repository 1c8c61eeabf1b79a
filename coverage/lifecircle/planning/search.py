"""Good choices of a covering problem before anything is proven: greedy, swaps, and walks at several heats."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.problem import Problem, as_point, as_program, narrow
from lifecircle.planning.questions import Clock
from lifecircle.planning.siting import EXACT
from lifecircle.planning.solver import solve
from lifecircle.planning.swaps import add, fill_greedily, start_gains, swap_until_none_helps
from lifecircle.planning.tempering import temper

MERGING_S = 3.0
MERGED = 2.0
"""Candidates that are merged, for each site: of many more the best is not found in a moment."""
FLOOR_ROUNDS = 12
"""Times that people of units below their floor are weighed twice as much as before."""


class Search:
    """Choices of one problem, with its arrays as the compiled loops want them."""

    def __init__(self, problem: Problem) -> None:
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


def search_widely(search: Search, start: BoolArray, clock: Clock, until_s: float, enough: float) -> BoolArray:
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
    search: Search, question: Problem, known: BoolArray, clock: Clock, until_s: float, enough: float
) -> BoolArray:
    question = replace(
        question, spare=np.empty(0), model=replace(question.model, units=csr_array((0, len(question.model.weight))))
    )
    start = Search(question).greedy()

    def is_enough(best: BoolArray) -> bool:
        return clock.spent_s > until_s or question.uncovered(best) <= enough

    def merge(choices: list[BoolArray]) -> list[BoolArray]:
        each = {choice.tobytes(): choice for choice in (known, *choices)}
        ordered = sorted(each.values(), key=question.uncovered)
        return [_best_of_union(question, ordered, min(MERGING_S, until_s - clock.spent_s)), *ordered]

    return temper(search.lists, question.model.weight, question.costs, question.budget, start, merge, is_enough)


def _best_of_union(problem: Problem, choices: list[BoolArray], limit_s: float) -> BoolArray:
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
