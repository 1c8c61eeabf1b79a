"""Covering every group: whether so many candidates can, and which are the cheapest that do.

Greedy, swaps and the row weighting search find choices, the Lagrangian bound rules out fewer and settles candidates, and what is left is
the solver's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.sparse import csr_array, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.bounds import Bounding, Relaxed, polish_bound, raise_bound
from lifecircle.planning.lightening import WORK, lighten
from lifecircle.planning.problem import Problem, narrow
from lifecircle.planning.proof import FIRST_TRY, MOST_ENTRIES, POLISHING_STEPS, STEPS, raise_covering_bound
from lifecircle.planning.questions import Clock
from lifecircle.planning.reduction import Model, keep_needed
from lifecircle.planning.search import Search
from lifecircle.planning.siting import EXACT, Status
from lifecircle.planning.solver import Program, solve

SOMEBODY = 1e-6
"""A bound of this many groups uncovered, of weight 1, proves that one is."""
SHARE_OF_TIME = 0.4
"""Of the time left, what the solver may take for one question of several."""
FIRST_WORK, LOOKING = 1e7, 0.3
"""Of the first look for cheaper choices, and the share of the time left that a long one may take."""


def cover_all(problem: Problem, clock: Clock, *, hard: bool) -> BoolArray | Literal[False] | None:
    """Return a choice that covers every group within the count and the budget.

    False where none does, and None where neither is seen. Floors are not looked at: nobody is left uncovered.

    Parameters
    ----------
    hard
        Whether the solver is asked where nothing quicker decides.
    """
    whole = replace(problem, spare=np.empty(0))
    costs = problem.costs if math.isfinite(problem.budget) else np.zeros(len(problem.costs))
    needed = keep_needed(whole.model, costs)
    small = replace(whole, model=needed, costs=problem.costs[needed.rows])
    choice = _decide(small, clock, hard)
    if choice is None or choice is False:
        return choice
    wide = np.zeros(len(problem.costs), dtype=np.bool_)
    wide[needed.rows[np.flatnonzero(choice)]] = True
    return wide


def _decide(small: Problem, clock: Clock, hard: bool) -> BoolArray | Literal[False] | None:
    found = Search(small).greedy()
    if small.uncovered(found) == 0:
        return found
    bounding = raise_covering_bound(small, found, SOMEBODY, clock)
    if bounding.is_settled or bounding.bound >= SOMEBODY:
        return False
    inner, rows = narrow(small, bounding.banned, bounding.needed)
    if inner.count < 0 or inner.budget < 0:
        return False
    if (~small.covers(~bounding.banned)).any():
        return False  # whoever covers it is ruled out
    if not hard:
        return None
    if math.isinf(small.budget):
        until_s = clock.spent_s + SHARE_OF_TIME / 2 * clock.left_s
        unpriced = replace(small, costs=np.ones(len(small.costs)), count=len(small.costs))
        search = Search(unpriced)
        fewest = _lighten(search, search.greedy(), clock, lambda total: total <= small.count or clock.spent_s > until_s)
        if int(fewest.sum()) <= small.count:
            return fewest
    solved = solve(_program(inner), SHARE_OF_TIME * clock.left_s)
    if solved.point is None:
        return False if solved.outcome == "infeasible" else None
    choice = bounding.needed.copy()
    choice[rows] = solved.point > 0.5
    return choice if small.uncovered(choice) == 0 and small.affords(choice) else None


@dataclass(frozen=True, slots=True, eq=False)
class Cheapest:
    """The cheapest choice found, and a bound of its price."""

    choice: BoolArray
    bound: float
    status: Status


def cover_everybody(problem: Problem, best: BoolArray, clock: Clock) -> Cheapest:
    """Return the cheapest choice that covers every group; ``best`` covers them."""
    needed = keep_needed(problem.model, problem.costs)
    price = problem.costs[needed.rows]
    small = replace(problem, model=needed, costs=price, count=len(price), budget=math.inf, spare=np.empty(0))
    search = Search(small)
    found = _lighten(search, search.greedy(), clock, lambda _: False, FIRST_WORK)
    least = 1.0 - 1e-6 if are_whole(price) else EXACT * float(price.sum())
    bounding = _bound_price(small, found, least, clock)
    found, bound, status = _solve_price(small, found, bounding, least, clock, FIRST_TRY * clock.limit_s)
    if status == "time" and clock.left_s > 0:
        until_s = clock.spent_s + LOOKING * clock.left_s
        found = _lighten(search, found, clock, lambda total: total <= bound or clock.spent_s > until_s)
        bounding = _bound_price(small, found, least, clock, bounding)
        found, better, status = _solve_price(small, found, bounding, least, clock, clock.left_s)
        bound = max(bound, better)
    wide = np.zeros(len(problem.costs), dtype=np.bool_)
    wide[needed.rows[np.flatnonzero(found)]] = True
    if math.fsum(problem.costs[wide]) > math.fsum(problem.costs[best]):
        wide = best
    return Cheapest(wide, min(bound, math.fsum(problem.costs[wide])), status)


def _lighten(
    search: Search, start: BoolArray, clock: Clock, is_enough: Callable[[float], bool], work: float = WORK
) -> BoolArray:
    price = search.problem.costs
    found = lighten(search.lists, price, start, lambda total: clock.left_s == 0 or is_enough(total), work)
    return found if math.fsum(price[found]) < math.fsum(price[start]) else start


def _bound_price(
    small: Problem, best: BoolArray, least: float, clock: Clock, known: Bounding | None = None
) -> Bounding:
    """Raise the bound of the price: each group pays towards whoever covers it, and no site is paid more than its price."""
    model, price = small.model, small.costs
    total = math.fsum(price[best])

    def served(_: FloatArray, choice: IntArray) -> FloatArray:
        return np.bincount(model.by_site[choice].indices, minlength=len(model.weight)).astype(np.float64)

    dearest = float(price.max(initial=0.0))
    cheapest = np.array([price[model.by_group.indices[a:b]].min() for a, b in pairwise(model.by_group.indptr)])
    relaxed = Relaxed(
        start=cheapest / max(1.0, float(np.diff(model.by_site.indptr).max(initial=1))),
        ceiling=np.full(len(model.weight), dearest),
        floor=0.0,
        values=lambda prices: price - model.by_site @ prices,
        served=served,
        costs=np.zeros(len(price)),
        count=len(price),
        budget=math.inf,
    )
    bounding = raise_bound(relaxed, total, total - least, STEPS, clock, known)
    if bounding.bound < total - least and not bounding.is_settled:
        polish_bound(relaxed, total, total - least, POLISHING_STEPS, clock, bounding)
    return bounding


def _solve_price(
    small: Problem, best: BoolArray, bounding: Bounding, least: float, clock: Clock, limit_s: float
) -> tuple[BoolArray, float, Status]:
    """Return the cheapest of what is known and what the solver finds among the unsettled, a bound, and how it ended."""
    total, paid = math.fsum(small.costs[best]), math.fsum(small.costs[bounding.needed])
    bound = _up(bounding.bound, small.costs)
    if bounding.is_settled or bound >= total - least:
        return best, total, "optimal"
    open_rows, left = _what_is_left(small, bounding)
    if (~small.covers(~bounding.banned)).any():
        return best, total, "optimal"
    if left.by_site.nnz > MOST_ENTRIES:
        return best, bound, "feasible"
    groups, sites = left.by_group.shape
    price = small.costs[open_rows]
    program = Program(
        price, np.ones(sites), np.ones(sites, dtype=np.bool_), left.by_group, np.ones(groups), np.full(groups, np.inf)
    )
    start = best[open_rows].astype(np.float64)
    is_start = bool((left.by_group @ start >= 1).all())
    solved = solve(program, min(limit_s, clock.left_s), start=start if is_start else None, apart=least)
    if solved.outcome == "infeasible":
        return best, total, "optimal"
    choice = bounding.needed.copy()
    if solved.point is not None:
        choice[open_rows[solved.point > 0.5]] = True
    is_whole = solved.point is not None and small.uncovered(choice) == 0
    if is_whole and math.fsum(small.costs[choice]) < total:
        best = choice
    if solved.outcome == "optimal" and is_whole:
        return best, math.fsum(small.costs[best]), "optimal"
    # Beyond what was narrowed away there is nothing cheaper than the cheapest that was known then.
    bound = max(bound, min(total, _up(solved.bound + paid, small.costs)))
    return best, bound, "time" if solved.outcome == "time" else "feasible"


def _what_is_left(small: Problem, bounding: Bounding) -> tuple[IntArray, Model]:
    """Return the candidates that are unsettled and not outdone, and their model of groups that the needed ones leave open."""
    rows = np.flatnonzero(~bounding.banned & ~bounding.needed)
    groups = np.flatnonzero(~small.covers(bounding.needed))
    by_group = csr_array(csr_array(small.model.by_group[groups])[:, rows])
    nothing = csr_array((0, len(groups)))
    model = Model(rows, csr_array(by_group.T), by_group, np.ones(len(groups)), nothing, np.empty(0, dtype=np.int64))
    left = keep_needed(model, small.costs[rows])
    return rows[left.rows], left


def are_whole(price: FloatArray) -> bool:
    """Whether all prices are whole yuan, so that any sum of them is."""
    return bool((price == np.rint(price)).all()) and float(price.sum()) < 2**50


def _up(bound: float, price: FloatArray) -> float:
    """Return a bound of whole prices as a whole number."""
    return math.ceil(bound - 1e-6) if are_whole(price) and math.isfinite(bound) else max(0.0, bound)


def _program(problem: Problem) -> Program:
    """Return the program of any sites that cover every group, within the count and the budget: the first point will do."""
    groups, sites = problem.model.by_group.shape
    rows = [problem.model.by_group, csr_array(np.ones((1, sites)))]
    upper = [np.full(groups, np.inf), np.array([float(problem.count)])]
    if math.isfinite(problem.budget):
        rows.append(csr_array(problem.costs[None, :]))
        upper.append(np.array([problem.budget]))
    above = np.concatenate(upper)
    lower = np.concatenate([np.ones(groups), np.full(len(above) - groups, -np.inf)])
    return Program(
        np.zeros(sites),
        np.ones(sites),
        np.ones(sites, dtype=np.bool_),
        csr_array(vstack(rows, format="csr")),
        lower,
        above,
    )
