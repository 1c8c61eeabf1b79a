"""p-center: sites from which nobody is farther than need be.

Minimise the greatest cost of any cell to its nearest site (Hakimi 1964). Whether a radius can be kept with *p* sites is a set covering
question, and the answer is one of the costs: bisection over them asks about twenty (Minieka 1970, SIAM Review 12, 138-139,
doi:10.1137/1012016).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from lifecircle.model import BoolArray, FloatArray
from lifecircle.planning.answers import infeasible, unfound
from lifecircle.planning.costs import Costs, nearest_rows, of_rows, read_costs
from lifecircle.planning.problem import Problem, pose
from lifecircle.planning.questions import DEFAULT_S, Candidates, Clock, read_candidates, read_people
from lifecircle.planning.search import Search
from lifecircle.planning.siting import Siting, relative_gap
from lifecircle.planning.solver import Program, solve


def p_center(
    cost: Any,
    count: int | None = None,
    *,
    people: Any = None,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    budget: float | None = None,
    time_limit_s: float = DEFAULT_S,
) -> Siting:
    """Return the candidates that make the greatest cost of a cell to its nearest site least.

    Parameters
    ----------
    cost
        As in `p_median`.
    people
        Of each cell: those without people are not asked about. None: every cell counts, as one.
    count, locked, excluded, costs, budget, time_limit_s
        As in `maximal_covering`.

    Returns
    -------
    Siting
        ``objective``: the greatest cost of a cell that anything can reach; those that nothing can are counted in
        ``people_unreachable``. A count too small to reach all others is infeasible. ``assigned``: the row each cell goes to.
    """
    clock = Clock(time_limit_s)
    pairs = read_costs(cost)
    cells = len(pairs.start) - 1
    each = np.ones(cells) if people is None else read_people(people, cells)
    candidates = read_candidates(pairs.facilities, count, locked, excluded, costs, budget)
    usable = of_rows(pairs, candidates.locked | candidates.free)
    reachable = np.diff(usable.start) > 0
    asked = (each > 0) & reachable
    radii = np.unique(usable.cost[np.repeat(asked, np.diff(usable.start))])
    if not len(radii):
        nothing = np.zeros(pairs.facilities, dtype=np.bool_)
        return _answer(nothing, 0.0, pairs, each, reachable, asked, candidates, clock)
    # No cell is nearer than its nearest usable row: no radius below the greatest of those can be kept.
    low = int(np.searchsorted(radii, usable.cost[usable.start[:-1][asked]].max()))
    high, best, is_proven = len(radii), None, True
    lowest = low  # radii below this are proven too short
    while low < high:
        middle = (low + high) // 2 if best is not None else len(radii) - 1
        choice, is_known = _keep(radii[middle], usable, asked, candidates, clock)
        if choice is not None:
            best = choice
            served = nearest_rows(usable, choice | candidates.locked)[1][asked]
            high = min(middle, int(np.searchsorted(radii, served.max())))
        else:
            low = middle + 1
            is_proven &= is_known
            lowest = low if is_proven else lowest
    if best is None:
        return infeasible(cells, clock) if is_proven else unfound(cells, clock, float(radii[lowest]))
    return _answer(best, float(radii[lowest]), pairs, each, reachable, asked, candidates, clock)


def _answer(
    choice: BoolArray, bound: float, pairs: Costs, people: FloatArray, reachable: BoolArray, asked: BoolArray,
    candidates: Candidates, clock: Clock,
) -> Siting:  # fmt: skip
    rows = np.flatnonzero(choice)
    assigned, cost = nearest_rows(pairs, choice | candidates.locked)
    objective = float(cost[asked].max()) if asked.any() else 0.0
    bound = min(bound, objective)
    gap = relative_gap(objective, bound)
    served = assigned >= 0
    return Siting(
        rows, objective, bound, gap, "optimal" if gap == 0 else "time", served, math.fsum(people[served]),
        math.fsum(people[~reachable]), assigned, candidates.spend(rows), clock.spent_s,
    )  # fmt: skip


def _keep(
    radius: float, usable: Costs, asked: BoolArray, candidates: Candidates, clock: Clock
) -> tuple[BoolArray | None, bool]:
    """Return a choice that keeps all cells within a radius, None where there is none or none was found, and whether that is proven."""
    covers = _within(usable, radius)
    stands = np.asarray((covers.T @ candidates.locked.astype(np.float64)) > 0)
    weight = (asked & ~stands).astype(np.float64)
    problem = pose(
        covers, weight, csr_array((0, len(asked))), np.empty(0), candidates.free, candidates.costs, candidates.count,
        candidates.budget,
    )  # fmt: skip
    choice = np.zeros(usable.facilities, dtype=np.bool_)
    if problem.model.weight.sum() < weight.sum():
        return None, True  # a cell that no row has within the radius
    found = Search(problem).greedy()
    if problem.uncovered(found) > 0:
        solved = solve(_all_covered(problem), clock.left_s, enough=problem.count + 0.5)
        if solved.point is None:
            return None, solved.outcome == "infeasible"
        found = solved.point > 0.5
        if problem.uncovered(found) > 0 or not problem.affords(found):
            return None, False
    choice[problem.model.rows[np.flatnonzero(found)]] = True
    return choice, True


def _within(usable: Costs, radius: float) -> csr_array:
    kept = usable.cost <= radius
    cells = len(usable.start) - 1
    cell = np.repeat(np.arange(cells), np.diff(usable.start))[kept]
    return csr_array((np.ones(int(kept.sum())), (usable.site[kept], cell)), shape=(usable.facilities, cells))


def _all_covered(problem: Problem) -> Program:
    """Return the program of the fewest sites that cover every group, within the count and the budget."""
    sites, groups = problem.model.by_site.shape
    rows = [problem.model.by_group, csr_array(np.ones((1, sites)))]
    upper = [np.full(groups, np.inf), np.array([float(problem.count)])]
    if math.isfinite(problem.budget):
        rows.append(csr_array(problem.costs[None, :]))
        upper.append(np.array([problem.budget]))
    above = np.concatenate(upper)
    lower = np.concatenate([np.ones(groups), np.full(len(above) - groups, -np.inf)])
    whole = np.ones(sites, dtype=np.bool_)
    matrix = csr_array(vstack(rows, format="csr"))
    return Program(np.ones(sites), np.ones(sites), whole, matrix, lower, above)
