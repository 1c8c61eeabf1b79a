"""From a good p-median to a proven one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.bounds import Bounding, Relaxed, probe, raise_bound
from lifecircle.planning.median_loops import priced, times_served
from lifecircle.planning.median_problem import Median, RadiusForm, radius_form
from lifecircle.planning.problem import cut_off
from lifecircle.planning.questions import Clock
from lifecircle.planning.siting import Status
from lifecircle.planning.solver import Solved, solve

STEPS = 800
"""Of the bound, each of two times."""
PROBING = 0.1
"""The share of the time left that probing may take."""
MOST_ENTRIES = 6_000_000
"""A program with more nonzeros than this is not given to the solver."""


@dataclass(frozen=True, slots=True, eq=False)
class ProvenMedian:
    """The best choice found and a lower bound of its cost."""

    choice: BoolArray | None
    bound: float
    status: Status


def prove_median(problem: Median, clock: Clock) -> ProvenMedian:
    """Return the choice of the least cost, with its proof or the bound that time allowed."""
    guess = problem.mend(np.zeros(len(problem.free), dtype=np.bool_))
    best = guess if problem.allows(guess) else None
    bounding = _begin(problem)
    for _ in range(2):
        about = math.fsum(np.minimum(problem.nearest(guess)[1], problem.dearest))
        raise_bound(_relax(problem, guess), about, _target(problem, best), STEPS, clock, bounding)
        choice = np.zeros(len(problem.free), dtype=np.bool_)
        choice[bounding.choice] = True
        if math.isfinite(problem.budget):
            choice = _affordable(problem, choice)
        other = problem.mend(choice)
        if problem.total(other) < problem.total(guess):
            guess = other
        if problem.allows(guess):
            best = guess
    if best is not None and bounding.bound < _target(problem, best):
        until_s = clock.spent_s + PROBING * clock.left_s
        probe(_relax(problem, best), bounding, problem.total(best), _target(problem, best), clock, until_s)
    return _solve_rest(problem, best, bounding, clock)


def _target(problem: Median, best: BoolArray | None) -> float:
    return math.inf if best is None else problem.total(best) - problem.least


def _solve_rest(problem: Median, best: BoolArray | None, bounding: Bounding, clock: Clock) -> ProvenMedian:
    total = math.inf if best is None else problem.total(best)
    if best is not None and (bounding.is_settled or bounding.bound >= total - problem.least):
        return ProvenMedian(best, total, "optimal")
    if len(problem.cost) > 20 * MOST_ENTRIES:
        return ProvenMedian(best, _rounded(problem, bounding.bound), "feasible" if best is not None else "time")
    form = radius_form(problem, bounding.banned, bounding.needed)
    if form.program.rows.nnz > MOST_ENTRIES:
        return ProvenMedian(best, _rounded(problem, bounding.bound), "feasible" if best is not None else "time")
    start = None
    if best is not None and not (best & bounding.banned).any() and not (bounding.needed & problem.free & ~best).any():
        start = form.point(problem, best)
    if form.is_impossible:
        return ProvenMedian(best, total, "optimal" if best is not None else "infeasible")
    choice, solved = _solve_form(problem, form, bounding.needed, start, clock)
    if choice is not None and problem.total(choice) < total:
        best, total = choice, problem.total(choice)
    if solved.outcome == "infeasible":
        return ProvenMedian(best, total, "optimal" if best is not None else "infeasible")
    if solved.outcome == "optimal" and best is not None:
        return ProvenMedian(best, total, "optimal")
    bound = max(_rounded(problem, bounding.bound), _rounded(problem, min(total, solved.bound + form.constant)))
    return ProvenMedian(best, min(bound, total), "time" if solved.outcome == "time" or best is None else "feasible")


def _solve_form(
    problem: Median, form: RadiusForm, needed: BoolArray, start: FloatArray | None, clock: Clock
) -> tuple[BoolArray | None, Solved]:
    """Return the choice found, and how the solver ended; a point that breaks a condition by its tolerance is cut off."""
    program = form.program
    while True:
        solved = solve(program, clock.left_s, start=start, apart=problem.least)
        if solved.point is None:
            return None, solved
        picked = solved.point[: len(form.rows)] > 0.5
        choice = needed & problem.free
        choice[form.rows[picked]] = True
        if problem.allows(choice):
            return choice, solved
        if solved.outcome != "optimal":
            return None, solved
        program, start = cut_off(program, picked), None


def _relax(problem: Median, guess: BoolArray) -> Relaxed:
    first, one, two = problem.nearest(guess)
    lists = problem.start, problem.site, problem.cost
    sites = len(problem.free)
    dearest = problem.dearest
    one, two = np.minimum(one, dearest), np.minimum(two, dearest)

    def served(prices: FloatArray, choice: IntArray) -> FloatArray:
        is_open = np.zeros(sites, dtype=np.bool_)
        is_open[choice] = True
        times: FloatArray = times_served(*lists, prices, is_open)
        return times

    return Relaxed(
        start=np.where(first >= 0, (one + two) / 2, one),
        ceiling=np.full(len(one), np.inf) if problem.must_reach else problem.beyond,
        floor=0.0,
        values=lambda prices: priced(*lists, prices, sites),
        served=served,
        costs=problem.site_costs,
        count=problem.count + int(problem.locked.sum()),
        budget=problem.budget,
    )


def _begin(problem: Median) -> Bounding:
    """Return what is known at first: what stands is in every choice, and what may not be built in none."""
    closed = ~problem.locked & ~problem.free
    return Bounding(-math.inf, np.empty(0), np.empty(0, dtype=np.int64), closed, problem.locked.copy())


def _affordable(problem: Median, choice: BoolArray) -> BoolArray:
    kept, left = choice & problem.locked, problem.budget
    for row in np.flatnonzero(choice & problem.free):
        if problem.site_costs[row] <= left:
            kept[row] = True
            left -= problem.site_costs[row]
    return kept


def _rounded(problem: Median, bound: float) -> float:
    """Return a bound of whole costs as a whole number."""
    return math.ceil(bound - 1e-6) if problem.least > 0.5 and math.isfinite(bound) else bound
