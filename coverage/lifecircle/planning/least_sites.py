"""The fewest or cheapest candidates for a share of the people: greedy, taking back what is not needed, and then three ways.

Where everybody must be covered, `cover_everybody` searches, bounds and solves what is left. Where a share must be, and sites have one
price, so many fewer are tried as maximal covering: what it covers at most is bounded well. Whatever remains open is the solver's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.cover_all import are_whole, cover_everybody
from lifecircle.planning.problem import Problem, as_point, as_program, cut_off, pose
from lifecircle.planning.proof import FEW_CUTS, MOST_ENTRIES, raise_covering_bound
from lifecircle.planning.questions import Clock
from lifecircle.planning.search import Search, search_widely
from lifecircle.planning.siting import EXACT, Status
from lifecircle.planning.solver import Outcome, solve

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
    clock: Clock,
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


def _try_fewer(problem: Problem, best: BoolArray, clock: Clock) -> tuple[BoolArray, float]:
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
        if _is_ruled_out(asked, Search(asked).greedy(), clock):
            fewest = middle + 1
        else:
            high = middle
    return best, float(fewest)


def _cover_by(asked: Problem, best: BoolArray, clock: Clock, until_s: float) -> tuple[BoolArray | None, bool]:
    """Return a choice of no more than so many sites that meets all floors, or whether that is ruled out."""
    search = Search(asked)
    choice = search.meet_floors()
    if choice is not None:
        return choice, False
    fewer = _without_least(asked, best)
    if _is_ruled_out(asked, fewer, clock):
        return None, True
    enough = float(asked.spare[-1])
    found = search_widely(search, fewer, clock, min(until_s, clock.spent_s + ONE_FEWER * clock.left_s), enough)
    return (found if asked.allows(found) else None), False


def _is_ruled_out(asked: Problem, guess: BoolArray, clock: Clock) -> bool:
    """Whether more people stay uncovered, whatever is chosen, than all may together."""
    most = float(asked.spare[-1]) + max(asked.least / 2, EXACT * (1 + float(asked.model.weight.sum())))
    bounding = raise_covering_bound(asked, guess, most, clock)
    return bounding.is_settled or bounding.bound >= most


def _without_least(problem: Problem, choice: BoolArray) -> BoolArray:
    """Return a choice less the site whose going leaves fewest uncovered, mended."""
    times = problem.model.by_group @ choice.astype(np.float64)
    alone = problem.model.by_site @ (problem.model.weight * (times == 1))
    fewer = choice.copy()
    fewer[int(np.argmin(np.where(choice, alone, np.inf)))] = False
    return Search(problem).greedy(start=fewer)


def _prove(problem: Problem, best: BoolArray, known: float, clock: Clock) -> LeastSites:
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


def _greedy(problem: Problem) -> BoolArray:
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


def _take_back(problem: Problem, choice: BoolArray) -> BoolArray:
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
