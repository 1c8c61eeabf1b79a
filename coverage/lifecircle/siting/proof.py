"""From a good choice to a proven one: bound, settle, narrow, solve; and again with a better choice while time lasts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lifecircle.model import BoolArray, FloatArray, IntArray, Status
from lifecircle.siting.bounds import Bounding, Relaxed, polish_bound, probe, raise_bound
from lifecircle.siting.local_search import CoveringSearch, search_widely
from lifecircle.siting.problem import TimeLimit
from lifecircle.siting.program import CoveringProgram, as_point, as_program, cut_off, narrow
from lifecircle.siting.solver import solve

STEPS, POLISHING_STEPS = 400, 2500
"""Of the bound, and of its polishing once choices have been sought more widely."""
FIRST_TRY = 0.1
"""The share of the time limit that the solver has before choices are sought more widely."""
WIDELY = 0.75
"""The share of the time left after that in which choices may be sought more widely."""
PROBING = 0.03
"""The share of the time left that probing may take."""
MOST_ENTRIES = 8_000_000
"""A narrowed model with more nonzeros than this is not given to the solver: it would spend the time on reading it."""
FEW_CUTS = 20
"""Times that a point of the solver that breaks a condition by its tolerance is cut off, before it is left at that."""


@dataclass(frozen=True, slots=True, eq=False)
class Proven:
    """The best choice found and a lower bound of the people left uncovered."""

    choice: BoolArray | None
    uncovered: float
    bound: float
    status: Status


def cover_best(
    problem: CoveringProgram, clock: TimeLimit, start: BoolArray | None = None, enough: float = -math.inf
) -> Proven:
    """Return the choice that leaves the fewest uncovered, with its proof or the bound that time allowed.

    The search ends with the first that leaves no more than ``enough``.
    """
    search = CoveringSearch(problem)
    best = search.meet_floors()
    if start is not None and problem.allows(start):
        mended = search.greedy(start=start)
        better = [choice for choice in (best, start, mended) if choice is not None and problem.allows(choice)]
        best = min(better, key=problem.uncovered)
    guess = search.greedy() if best is None else best
    bounding = _bound(problem, guess, best, clock, None)
    best = _better(problem, best, search.greedy(start=_as_choice(problem, bounding)))
    return _prove(problem, search, best, bounding, clock, enough)


def _prove(
    problem: CoveringProgram,
    search: CoveringSearch,
    best: BoolArray | None,
    bounding: Bounding,
    clock: TimeLimit,
    enough: float,
) -> Proven:
    guess = search.greedy() if best is None else best
    bounding = _bound(problem, guess, best, clock, bounding)
    first_s = FIRST_TRY * clock.limit_s
    for limit_s in (first_s, math.inf):
        best, bound, is_done = _solve_rest(problem, best, bounding, min(limit_s, clock.left_s))
        bounding.bound = max(bounding.bound, bound)
        if is_done:
            if best is None:
                return Proven(None, math.nan, math.nan, "infeasible")
            return Proven(best, problem.uncovered(best), problem.uncovered(best), "optimal")
        if clock.left_s == 0 or limit_s == math.inf:
            break
        if best is not None:
            best = search_widely(search, best, clock, clock.spent_s + WIDELY * clock.left_s, enough)
            bounding = _bound(problem, best, best, clock, bounding)
            relaxed, uncovered, target = _relax(problem, best), problem.uncovered(best), _target(problem, best)
            polish_bound(relaxed, uncovered, target, POLISHING_STEPS, clock, bounding)
            if uncovered <= enough:
                break
            probe(relaxed, bounding, uncovered, target, clock, clock.spent_s + PROBING * clock.left_s)
    if best is None:
        return Proven(None, math.nan, bounding.bound, "time")
    uncovered = problem.uncovered(best)
    bound = min(uncovered, _rounded_up(problem, bounding.bound))
    if bound >= uncovered - problem.least:
        return Proven(best, uncovered, uncovered, "optimal")
    return Proven(best, uncovered, bound, "time" if clock.left_s == 0 else "feasible")


def _solve_rest(
    problem: CoveringProgram, best: BoolArray | None, bounding: Bounding, limit_s: float
) -> tuple[BoolArray | None, float, bool]:
    """Return the best of what is known and what the solver finds among the unsettled, a bound, and whether that is the end of it."""
    uncovered = math.inf if best is None else problem.uncovered(best)
    if bounding.is_settled or bounding.bound >= uncovered - problem.least:
        return best, uncovered, True
    inner, rows = narrow(problem, bounding.banned, bounding.needed)
    if inner.count < 0 or inner.budget < 0:
        return best, uncovered, True
    if inner.model.by_site.nnz > MOST_ENTRIES:
        return best, -math.inf, False
    program = as_program(inner)
    # What the narrowed model never covers: nobody covers it in any solution better than the best.
    lost = problem.model.weight[~problem.covers(bounding.needed)].sum() - inner.model.weight.sum()
    start = None
    if best is not None and inner.allows(best[rows]):
        start = as_point(inner, best[rows])
    clock = TimeLimit(max(limit_s, 1e-9))
    for _ in range(FEW_CUTS):
        solved = solve(program, clock.left_s, start=start, apart=problem.least)
        choice = None
        if solved.point is not None:
            choice = bounding.needed.copy()
            choice[rows] = solved.point[: len(rows)] > 0.5
        broken = choice is not None and not problem.allows(choice)
        if choice is None or not broken or solved.outcome != "optimal":
            break
        program, start = cut_off(program, choice[rows]), None
    best = _better(problem, best, choice)
    if solved.outcome == "infeasible":
        return best, uncovered, True
    if solved.outcome == "optimal" and not broken:
        return best, math.inf, True
    # Beyond what was narrowed away there is nothing better than the best that was known then.
    return best, min(uncovered, solved.bound + float(lost)), False


def raise_covering_bound(problem: CoveringProgram, guess: BoolArray, target: float, clock: TimeLimit) -> Bounding:
    """Return the bound of people uncovered, as far as a target, and the candidates that are settled by it."""
    relaxed, about = _relax(problem, guess), problem.uncovered(guess)
    bounding = raise_bound(relaxed, about, target, STEPS, clock)
    if bounding.bound < target and not bounding.is_settled:
        polish_bound(relaxed, about, target, POLISHING_STEPS, clock, bounding)
    return bounding


def _bound(
    problem: CoveringProgram, guess: BoolArray, best: BoolArray | None, clock: TimeLimit, known: Bounding | None
) -> Bounding:
    """Raise the bound; floors are left out of it, which only makes it lower."""
    relaxed, about = _relax(problem, guess), problem.uncovered(guess)
    return raise_bound(relaxed, about, _target(problem, best), STEPS, clock, known)


def _target(problem: CoveringProgram, best: BoolArray | None) -> float:
    return math.inf if best is None else problem.uncovered(best) - problem.least


def _relax(problem: CoveringProgram, guess: BoolArray) -> Relaxed:
    model = problem.model
    times = model.by_group @ guess.astype(np.float64)

    def served(_: FloatArray, choice: IntArray) -> FloatArray:
        return np.bincount(model.by_site[choice].indices, minlength=len(model.weight)).astype(np.float64)

    return Relaxed(
        start=model.weight / np.maximum(times, 1.0),
        ceiling=model.weight,
        floor=0.0,
        values=lambda prices: -(model.by_site @ prices),
        served=served,
        costs=problem.costs,
        count=problem.count,
        budget=problem.budget,
    )


def _as_choice(problem: CoveringProgram, bounding: Bounding) -> BoolArray:
    """Return the sites that the best prices choose, as far as the budget goes."""
    choice = np.zeros(len(problem.costs), dtype=np.bool_)
    left = problem.budget
    for site in bounding.choice:
        if problem.costs[site] <= left:
            choice[site] = True
            left -= problem.costs[site]
    return choice


def _better(problem: CoveringProgram, best: BoolArray | None, other: BoolArray | None) -> BoolArray | None:
    if other is None or not problem.allows(other):
        return best
    return other if best is None or problem.uncovered(other) < problem.uncovered(best) else best


def _rounded_up(problem: CoveringProgram, bound: float) -> float:
    """Return a bound of whole people as a whole number."""
    return math.ceil(bound - 1e-6) if problem.least > 0.5 else bound
