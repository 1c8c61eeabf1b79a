"""The fewest or cheapest candidates for a share of the people: greedy, taking back what is not needed, fewer and fewer, and the solver."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.problem import Problem, as_point, as_program, cut_off, pose
from lifecircle.planning.proof import FEW_CUTS, MOST_ENTRIES
from lifecircle.planning.questions import Clock
from lifecircle.planning.siting import EXACT, Status
from lifecircle.planning.solver import Outcome, solve

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
    return _prove(problem, best, clock)


def _prove(problem: Problem, best: BoolArray, clock: Clock) -> LeastSites:
    price = problem.costs
    whole = bool((price == np.rint(price)).all()) and price.sum() < 2**50
    least = 1.0 - 1e-6 if whole else EXACT * float(price.sum())
    if problem.model.by_site.nnz > MOST_ENTRIES:
        return LeastSites(problem.model.rows[np.flatnonzero(best)], 0.0, "feasible")
    program = as_program(problem, site_cost=price)
    start: FloatArray | None = as_point(problem, best)
    bound, sites = 0.0, len(price)
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
