"""Set covering: the fewest or cheapest candidates that cover every group, or a share of the people.

Greedy, taking back what is not needed, and then three ways; whether so many candidates can cover all is proven on the reduced model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.sparse import csr_array, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray, Status
from lifecircle.siting.bounds import Bounding, Relaxed, polish_bound, raise_bound
from lifecircle.siting.local_search import CoveringSearch, search_widely
from lifecircle.siting.problem import EXACT, TimeLimit
from lifecircle.siting.program import CoveringProgram, as_point, as_program, cut_off, narrow, pose
from lifecircle.siting.proof import FEW_CUTS, FIRST_TRY, MOST_ENTRIES, POLISHING_STEPS, STEPS, raise_covering_bound
from lifecircle.siting.reduction import Model, keep_needed
from lifecircle.siting.row_weighting import WORK, lighten
from lifecircle.siting.solver import Outcome, Program, solve

SOMEBODY = 1e-6
"""A bound of this many groups uncovered, of weight 1, proves that one is."""
SHARE_OF_TIME = 0.4
"""Of the time left, what the solver may take for one question of several."""
FIRST_WORK, LOOKING = 1e7, 0.3
"""Of the first look for cheaper choices, and the share of the time left that a long one may take."""


def cover_all(problem: CoveringProgram, clock: TimeLimit, *, hard: bool) -> BoolArray | Literal[False] | None:
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


def _decide(small: CoveringProgram, clock: TimeLimit, hard: bool) -> BoolArray | Literal[False] | None:
    found = CoveringSearch(small).greedy()
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
        search = CoveringSearch(unpriced)
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


def cover_everybody(problem: CoveringProgram, best: BoolArray, clock: TimeLimit) -> Cheapest:
    """Return the cheapest choice that covers every group; ``best`` covers them."""
    needed = keep_needed(problem.model, problem.costs)
    price = problem.costs[needed.rows]
    small = replace(problem, model=needed, costs=price, count=len(price), budget=math.inf, spare=np.empty(0))
    search = CoveringSearch(small)
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
    search: CoveringSearch, start: BoolArray, clock: TimeLimit, is_enough: Callable[[float], bool], work: float = WORK
) -> BoolArray:
    price = search.problem.costs
    found = lighten(search.lists, price, start, lambda total: clock.left_s == 0 or is_enough(total), work)
    return found if math.fsum(price[found]) < math.fsum(price[start]) else start


def _bound_price(
    small: CoveringProgram, best: BoolArray, least: float, clock: TimeLimit, known: Bounding | None = None
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
    small: CoveringProgram, best: BoolArray, bounding: Bounding, least: float, clock: TimeLimit, limit_s: float
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


def _what_is_left(small: CoveringProgram, bounding: Bounding) -> tuple[IntArray, Model]:
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


def _program(problem: CoveringProgram) -> Program:
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


FEWER, ONE_FEWER = 0.6, 0.4
"""Shares of the time left that trying fewer sites may take in all, and each time."""
# With a start at hand "infeasible" means that nothing is better than it.
STATUS_OF: dict[Outcome, Status] = {
    "optimal": "optimal",
    "infeasible": "optimal",
    "time": "time",
    "stopped": "feasible",
}


@dataclass(frozen=True, slots=True, eq=False)
class LeastSites:
    """The rows found and a lower bound of their cost."""

    rows: IntArray | None
    bound: float
    status: Status


def cover_share(
    covers: csr_array,
    weight: FloatArray,
    units: csr_array,
    spare: FloatArray,
    free: BoolArray,
    price: FloatArray,
    clock: TimeLimit,
) -> LeastSites:
    """Return the candidates of the least price that leave in no unit more uncovered than it may spare.

    Units are those with a floor, the whole district among them. A budget without end keeps prices in the reduction.
    """
    problem = replace(
        pose(covers, weight, units, spare, free, price, len(price), float(price.sum()) + 1.0), budget=math.inf
    )
    totals = units.sum(axis=1)
    if (problem.spare < -EXACT * (1 + totals)).any():
        return LeastSites(None, math.nan, "infeasible")
    problem = replace(problem, spare=np.maximum(problem.spare, 0.0))
    best = _take_back(problem, _greedy(problem))
    if problem.shortfall(best).any():
        return LeastSites(None, math.nan, "infeasible")  # all candidates together fall short
    if not best.any():
        return LeastSites(np.empty(0, dtype=np.int64), 0.0, "optimal")
    if problem.spare[-1] <= EXACT * (1 + totals[-1]):
        found = cover_everybody(problem, best, clock)
        return LeastSites(problem.model.rows[np.flatnonzero(found.choice)], found.bound, found.status)
    bound = 0.0
    if (problem.costs == 1.0).all():
        best, bound = _try_fewer(problem, best, clock)
    if bound >= math.fsum(problem.costs[best]):
        return LeastSites(problem.model.rows[np.flatnonzero(best)], bound, "optimal")
    return _prove(problem, best, bound, clock)


def _try_fewer(problem: CoveringProgram, best: BoolArray, clock: TimeLimit) -> tuple[BoolArray, float]:
    """Return a choice of fewer sites, where one is found, and the least number that is not ruled out."""
    fewest, limit_s = 1, clock.spent_s + FEWER * clock.left_s
    while int(best.sum()) > fewest and clock.spent_s < limit_s:
        asked = replace(problem, count=int(best.sum()) - 1)
        choice, is_ruled_out = _cover_by(asked, best, clock, limit_s)
        if is_ruled_out:
            return best, float(best.sum())
        if choice is None:
            break
        best = choice
    high = int(best.sum()) - 1
    while fewest < high and clock.left_s > 0:
        middle = (fewest + high) // 2
        asked = replace(problem, count=middle)
        if _is_ruled_out(asked, CoveringSearch(asked).greedy(), clock):
            fewest = middle + 1
        else:
            high = middle
    return best, float(fewest)


def _cover_by(
    asked: CoveringProgram, best: BoolArray, clock: TimeLimit, until_s: float
) -> tuple[BoolArray | None, bool]:
    """Return a choice of no more than so many sites that meets all floors, or whether that is ruled out."""
    search = CoveringSearch(asked)
    choice = search.meet_floors()
    if choice is not None:
        return choice, False
    fewer = _without_least(asked, best)
    if _is_ruled_out(asked, fewer, clock):
        return None, True
    enough = float(asked.spare[-1])
    found = search_widely(search, fewer, clock, min(until_s, clock.spent_s + ONE_FEWER * clock.left_s), enough)
    return (found if asked.allows(found) else None), False


def _is_ruled_out(asked: CoveringProgram, guess: BoolArray, clock: TimeLimit) -> bool:
    """Whether more people stay uncovered, whatever is chosen, than all may together."""
    most = float(asked.spare[-1]) + max(asked.least / 2, EXACT * (1 + float(asked.model.weight.sum())))
    bounding = raise_covering_bound(asked, guess, most, clock)
    return bounding.is_settled or bounding.bound >= most


def _without_least(problem: CoveringProgram, choice: BoolArray) -> BoolArray:
    """Return a choice less the site whose going leaves fewest uncovered, mended."""
    times = problem.model.by_group @ choice.astype(np.float64)
    alone = problem.model.by_site @ (problem.model.weight * (times == 1))
    fewer = choice.copy()
    fewer[int(np.argmin(np.where(choice, alone, np.inf)))] = False
    return CoveringSearch(problem).greedy(start=fewer)


def _prove(problem: CoveringProgram, best: BoolArray, known: float, clock: TimeLimit) -> LeastSites:
    price = problem.costs
    whole = are_whole(price)
    least = 1.0 - 1e-6 if whole else EXACT * float(price.sum())
    if problem.model.by_site.nnz > MOST_ENTRIES:
        return LeastSites(problem.model.rows[np.flatnonzero(best)], known, "feasible")
    program = as_program(problem, site_cost=price)
    start: FloatArray | None = as_point(problem, best)
    bound, sites = known, len(price)
    status: Status = "time"
    for _ in range(FEW_CUTS):
        solved = solve(program, clock.left_s, start=start, apart=least)
        choice = None if solved.point is None else solved.point[:sites] > 0.5
        bound = max(bound, math.ceil(solved.bound - 1e-6) if whole and math.isfinite(solved.bound) else solved.bound)
        broken = choice is not None and bool(problem.shortfall(choice).any())
        if choice is not None and not broken and math.fsum(price[choice]) < math.fsum(price[best]):
            best = choice
        if solved.outcome == "optimal" and broken and choice is not None:
            program, start = cut_off(program, choice), None
            continue
        status = STATUS_OF[solved.outcome]
        break
    best = _take_back(problem, best)
    return LeastSites(problem.model.rows[np.flatnonzero(best)], bound, status)


def _greedy(problem: CoveringProgram) -> BoolArray:
    """Return a choice built of whoever lowers the shortfall of units most for its price, until there is none."""
    model, sites = problem.model, len(problem.costs)
    choice, open_groups = np.zeros(sites, dtype=np.bool_), np.ones(len(model.weight))
    totals = EXACT * (1 + model.units.sum(axis=1))
    while True:
        lacking = model.units @ open_groups - problem.spare
        short = lacking > totals
        if not short.any():
            return choice
        # Of each unit no more than it lacks is of use.
        each = np.asarray(model.by_site @ csr_array(model.units[short].multiply(open_groups[None, :])).T.toarray())
        gain = np.minimum(each, lacking[short][None, :]).sum(axis=1)
        gain[choice] = -1.0
        value = np.divide(gain, problem.costs, out=np.where(gain > 0, np.inf, 0.0), where=problem.costs > 0)
        site = int(np.argmax(value))
        if gain[site] <= 0:
            return choice
        choice[site] = True
        open_groups[model.by_site.indices[model.by_site.indptr[site] : model.by_site.indptr[site + 1]]] = 0.0


def _take_back(problem: CoveringProgram, choice: BoolArray) -> BoolArray:
    """Return a choice without sites that the others do not need, the dearest first, then the higher rows."""
    kept, model = choice.copy(), problem.model
    times = model.by_group @ choice.astype(np.float64)
    left = model.units @ (times == 0).astype(np.float64)
    slack = EXACT * (1 + model.units.sum(axis=1))
    order = np.flatnonzero(choice)
    for site in order[np.lexsort([-order, -problem.costs[order]])]:
        groups = model.by_site.indices[model.by_site.indptr[site] : model.by_site.indptr[site + 1]]
        alone = np.zeros(len(times))
        alone[groups[times[groups] == 1]] = 1.0
        more = left + model.units @ alone
        if ((more - problem.spare) <= slack).all():
            kept[site], left = False, more
            times[groups] -= 1
    return kept
