"""p-median: sites from which the people, together, are nearest; in the radius form, from a good choice to a proven one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from scipy.sparse import coo_array, csr_array, hstack, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray, Siting, Status
from lifecircle.siting.bounds import Bounding, Relaxed, probe, raise_bound
from lifecircle.siting.problem import (
    DEFAULT_S,
    EXACT,
    Candidates,
    Costs,
    TimeLimit,
    check_candidates,
    check_weights,
    infeasible,
    nearest_rows,
    of_rows,
    read_costs,
    relative_gap,
    unfound,
)
from lifecircle.siting.program import cut_off
from lifecircle.siting.solver import Program, Solved, solve


@njit(cache=True, nogil=True)
def two_nearest(
    start: IntArray, site: IntArray, cost: FloatArray, beyond: FloatArray, is_open: BoolArray
) -> tuple[IntArray, FloatArray, FloatArray]:  # pragma: no cover - compiled
    """Return each cell's nearest open site (-1: none), its weighted cost and that of the second nearest."""
    cells = len(beyond)
    first = np.full(cells, -1, dtype=np.int64)
    one, two = beyond.copy(), beyond.copy()
    for cell in range(cells):
        for at in range(start[cell], start[cell + 1]):
            if is_open[site[at]]:
                if first[cell] < 0:
                    first[cell] = site[at]
                    one[cell] = min(cost[at], beyond[cell])
                else:
                    two[cell] = min(cost[at], beyond[cell])
                    break
    return first, one, two


@njit(cache=True, nogil=True)
def savings(
    start: IntArray, site: IntArray, cost: FloatArray, one: FloatArray, sites: int
) -> FloatArray:  # pragma: no cover - compiled
    """Return how much each site would lower the total if it were opened too."""
    gain = np.zeros(sites)
    for cell in range(len(one)):
        for at in range(start[cell], start[cell + 1]):
            if cost[at] >= one[cell]:
                break
            gain[site[at]] += one[cell] - cost[at]
    return gain


@njit(cache=True, nogil=True)
def best_swap(
    start: IntArray,
    site: IntArray,
    cost: FloatArray,
    first: IntArray,
    one: FloatArray,
    two: FloatArray,
    place: IntArray,
    leavers: IntArray,
    barred: BoolArray,
    site_cost: FloatArray,
    left: float,
) -> tuple[int, int, float]:  # pragma: no cover - compiled
    """Return who comes, who leaves (its place among the leavers) and what that saves, the most of all swaps within the money left.

    Resende & Werneck 2007, EJOR 182, 54-68, doi:10.1016/j.ejor.2006.07.029: what a pair saves is what the one brings, less what the other
    takes along, plus what both counts have in common.
    """
    sites, number = len(place), len(leavers)
    gain = np.zeros(sites)
    loss = np.zeros(number)
    common = np.zeros((sites, number))
    for cell in range(len(one)):
        here = place[first[cell]] if first[cell] >= 0 else -1
        if here >= 0:
            loss[here] += two[cell] - one[cell]
        for at in range(start[cell], start[cell + 1]):
            if cost[at] >= two[cell]:
                break
            if cost[at] < one[cell]:
                gain[site[at]] += one[cell] - cost[at]
                if here >= 0:
                    common[site[at], here] += two[cell] - one[cell]
            elif here >= 0:
                common[site[at], here] += two[cell] - cost[at]
    best, comes, leaves = 0.0, -1, -1
    for new in range(sites):
        if barred[new]:
            continue
        for here in range(number):
            if site_cost[new] - site_cost[leavers[here]] > left:
                continue
            saved = gain[new] - loss[here] + common[new, here]
            if saved > best:
                best, comes, leaves = saved, new, here
    return comes, leaves, best


@njit(cache=True, nogil=True)
def priced(
    start: IntArray, site: IntArray, cost: FloatArray, prices: FloatArray, sites: int
) -> FloatArray:  # pragma: no cover - compiled
    """Return what each site is worth at prices: the sum over cells of min(0, cost - price)."""
    values = np.zeros(sites)
    for cell in range(len(prices)):
        for at in range(start[cell], start[cell + 1]):
            if cost[at] >= prices[cell]:
                break
            values[site[at]] += cost[at] - prices[cell]
    return values


@njit(cache=True, nogil=True)
def times_served(
    start: IntArray, site: IntArray, cost: FloatArray, prices: FloatArray, is_open: BoolArray
) -> FloatArray:  # pragma: no cover - compiled
    """Return how many open sites would serve each cell at its price."""
    times = np.zeros(len(prices))
    for cell in range(len(prices)):
        for at in range(start[cell], start[cell + 1]):
            if cost[at] >= prices[cell]:
                break
            if is_open[site[at]]:
                times[cell] += 1.0
    return times


@dataclass(frozen=True, slots=True, eq=False)
class Median:
    """Open rows so that the weighted costs of cells to the nearest of them add up to the least.

    A choice is a mask over all rows; what is locked is always part of it.
    """

    start: IntArray
    """Where each cell's list begins. Shape (cells + 1,)."""
    site: IntArray
    """Rows that reach it, the nearest first."""
    cost: FloatArray
    """People times cost, of each of them."""
    beyond: FloatArray
    """What a cell costs that no open row reaches. Shape (cells,)."""
    must_reach: bool
    """Whether a choice that does not reach a cell is none; ``beyond`` is then more than any that does could cost."""
    people: FloatArray
    locked: BoolArray
    free: BoolArray
    site_costs: FloatArray
    count: int
    budget: float

    @property
    def least(self) -> float:
        """The least by which one cost is better than another."""
        total = float(self.dearest.sum())
        if total < 2**50 and (self.cost == np.rint(self.cost)).all() and (self.dearest == np.rint(self.dearest)).all():
            return 1.0 - 1e-6
        return EXACT * total

    @property
    def dearest(self) -> FloatArray:
        """The most a cell can cost while it is reached, or while it need not be. Shape (cells,)."""
        last = self.cost[self.start[1:] - 1] if len(self.beyond) else np.empty(0)
        return last if self.must_reach else self.beyond

    def nearest(self, choice: BoolArray) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return of each cell the nearest open row, its cost and that of the next."""
        found: tuple[IntArray, FloatArray, FloatArray] = two_nearest(
            self.start, self.site, self.cost, self.beyond, choice | self.locked
        )
        return found

    def total(self, choice: BoolArray) -> float:
        """Return the cost of a choice."""
        return math.fsum(self.nearest(choice)[1])

    def allows(self, choice: BoolArray) -> bool:
        """Whether a choice meets every condition."""
        new = choice & self.free
        spent = math.fsum(self.site_costs[new])
        within = int(new.sum()) <= self.count and spent <= self.budget * (1 + EXACT)
        return within and not (self.must_reach and (self.nearest(choice)[0] < 0).any())

    def mend(self, choice: BoolArray) -> BoolArray:
        """Return a choice that no addition and no single swap betters, begun with the given one."""
        choice = choice & self.free
        spent = math.fsum(self.site_costs[choice])
        threshold = EXACT * float(self.dearest.sum())
        while True:
            first, one, two = self.nearest(choice)
            if int(choice.sum()) < self.count:
                gain = savings(self.start, self.site, self.cost, one, len(choice))
                gain[~self.free | choice | (self.site_costs > self.budget - spent)] = -1.0
                row = int(np.argmax(gain)) if len(gain) else -1
                if row >= 0 and gain[row] > threshold:
                    choice[row] = True
                    spent += self.site_costs[row]
                    continue
            leavers = np.flatnonzero(choice)
            place = np.full(len(choice), -1)
            place[leavers] = np.arange(len(leavers))
            comes, leaves, saved = best_swap(
                self.start, self.site, self.cost, first, one, two, place, leavers, ~self.free | choice,
                self.site_costs, self.budget - spent,
            )  # fmt: skip
            if comes < 0 or saved <= threshold:
                return choice
            choice[comes], choice[leavers[leaves]] = True, False
            spent += self.site_costs[comes] - self.site_costs[leavers[leaves]]


@dataclass(frozen=True, slots=True, eq=False)
class RadiusForm:
    """The program of what is not settled."""

    program: Program
    rows: IntArray
    """The row of each site variable, which come first."""
    constant: float
    """What is added to the program's cost."""
    cell: IntArray
    """Cell and cost of each ring variable, to write a choice as a point."""
    radius: FloatArray
    is_impossible: bool
    """Whether a cell that must be reached has nobody left that could."""

    def point(self, problem: Median, choice: BoolArray) -> FloatArray:
        """Return the program's point of a choice."""
        cost = problem.nearest(choice)[1]
        return np.concatenate(
            [choice[self.rows].astype(np.float64), (cost[self.cell] > self.radius).astype(np.float64)]
        )


def radius_form(problem: Median, banned: BoolArray, needed: BoolArray) -> RadiusForm:
    """Return the program over rows that are neither banned nor needed; locked rows are needed.

    With the cell's distinct costs D_1 < ... < D_k, and D_(k+1) what it costs beyond them (the nearest needed row, or nobody):

        cost of the cell = D_1 + sum_j (D_(j+1) - D_j) z_j,    z_j >= z_(j-1) - sum of x_s at D_j,    z_0 = 1
    """
    cells = len(problem.beyond)
    cell_of = np.repeat(np.arange(cells), np.diff(problem.start))
    ceiling = problem.nearest(needed)[1]
    open_end = problem.must_reach & (problem.nearest(needed)[0] < 0)
    kept = ~banned[problem.site] & ~needed[problem.site] & (problem.cost < ceiling[cell_of])
    cell, site, cost = cell_of[kept], problem.site[kept], problem.cost[kept]
    is_new = np.ones(len(cell), dtype=np.bool_)
    is_new[1:] = (cell[1:] != cell[:-1]) | (cost[1:] != cost[:-1])
    ring = np.cumsum(is_new) - 1
    ring_cell, radius = cell[is_new], cost[is_new]
    rings = len(radius)
    is_first = np.ones(rings, dtype=np.bool_)
    is_first[1:] = ring_cell[1:] != ring_cell[:-1]
    is_last = np.append(is_first[1:], True)[:rings]
    following = np.append(radius[1:], 0.0)[:rings]
    following[is_last] = ceiling[ring_cell[is_last]]
    closes = is_last & open_end[ring_cell]
    rows = np.unique(site)
    column = np.searchsorted(rows, site)
    here = np.arange(rings)
    before = here[~is_first]
    sites = len(rows)
    matrix = coo_array(
        (
            np.ones(len(ring) + rings + len(before)) * np.repeat([1.0, 1.0, -1.0], [len(ring), rings, len(before)]),
            (
                np.concatenate([ring, here, before]),
                np.concatenate([column, sites + here, sites + before - 1]),
            ),
        ),
        shape=(rings, sites + rings),
    ).tocsr()
    blocks, upper = _conditions(problem, needed, rows, rings)
    above = np.concatenate([np.full(rings, np.inf), upper])
    at_first = ceiling.copy()
    at_first[ring_cell[is_first]] = radius[is_first]
    program = Program(
        np.concatenate([np.zeros(sites), np.where(closes, 0.0, following - radius)]),
        np.concatenate([np.ones(sites), np.where(closes, 0.0, 1.0)]),
        np.arange(sites + rings) < sites,
        csr_array(vstack([matrix, blocks], format="csr")),
        np.concatenate([is_first.astype(np.float64), np.full(len(upper), -np.inf)]),
        above,
    )
    is_impossible = bool(open_end.sum() > len(np.unique(ring_cell[open_end[ring_cell]])))
    return RadiusForm(program, rows, math.fsum(at_first), ring_cell, radius, is_impossible)


def _conditions(problem: Median, needed: BoolArray, rows: IntArray, rings: int) -> tuple[csr_array, FloatArray]:
    """Return the count, and the budget where there is one, of what is left to choose."""
    spent = needed & problem.free
    each, most = [np.ones(len(rows))], [problem.count - float(spent.sum())]
    if math.isfinite(problem.budget):
        each.append(problem.site_costs[rows])
        most.append(problem.budget - math.fsum(problem.site_costs[spent]))
    return csr_array(hstack([csr_array(np.array(each)), csr_array((len(each), rings))])), np.array(most)


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


def prove_median(problem: Median, clock: TimeLimit) -> ProvenMedian:
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


def _solve_rest(problem: Median, best: BoolArray | None, bounding: Bounding, clock: TimeLimit) -> ProvenMedian:
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
    problem: Median, form: RadiusForm, needed: BoolArray, start: FloatArray | None, clock: TimeLimit
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


def p_median(
    cost: Any,
    people: Any,
    count: int | None = None,
    *,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    budget: float | None = None,
    unreached_cost: float | None = None,
    time_limit_s: float = DEFAULT_S,
) -> Siting:
    """Return the candidates that make the sum of people times cost to the nearest least.

    Parameters
    ----------
    cost
        Facilities x cells, minutes or metres, not negative. Dense: inf or NaN is out of reach. Sparse: what is not stored is out of
        reach, and a stored 0 is at the door.
    people
        Of each cell. Cells without people ask for nothing.
    count, locked, excluded, costs, budget, time_limit_s
        As in `maximal_covering`; ``costs`` are yuan of sites.
    unreached_cost
        What a person counts whom no chosen site reaches, in the unit of ``cost``; who is farther than this counts as much. None: everybody
        whom any facility or candidate reaches must be reached, and a count too small for it is infeasible.

    Returns
    -------
    Siting
        ``objective``: person-minutes (or -metres) to the nearest of what stands and what is chosen. People whom nothing can reach are in
        no sum: ``people_unreachable`` counts them. ``assigned``: the row each cell goes to, the lower of two as near.

    Examples
    --------
    >>> cost = [[0, 5, 9, 14], [5, 0, 4, 9], [14, 9, 5, 0]]  # minutes from three candidates to four cells
    >>> found = p_median(cost, [40, 30, 20, 10], 1)
    >>> found.chosen.tolist(), found.objective
    ([1], 370.0)
    """
    clock = TimeLimit(time_limit_s)
    pairs = read_costs(cost)
    cells = len(pairs.start) - 1
    each = check_weights(people, cells)
    candidates = check_candidates(pairs.facilities, count, locked, excluded, costs, budget)
    if unreached_cost is not None and not 0 <= unreached_cost < math.inf:
        raise ValueError(f"unreached_cost 须为非负有限数 must be finite and >= 0: {unreached_cost}")
    problem = _pose(pairs, each, candidates, unreached_cost)
    proven = prove_median(problem, clock)
    if proven.choice is None:
        return infeasible(cells, clock) if proven.status == "infeasible" else unfound(cells, clock, proven.bound)
    rows = np.flatnonzero(proven.choice & candidates.free)
    assigned, each_cost = nearest_rows(pairs, candidates.locked | np.isin(np.arange(pairs.facilities), rows))
    reachable = np.diff(of_rows(pairs, candidates.locked | candidates.free).start) > 0
    if unreached_cost is not None:
        each_cost = np.minimum(each_cost, unreached_cost)
    counted = reachable & (each > 0)
    objective = math.fsum(each[counted] * each_cost[counted])
    bound = objective if proven.status == "optimal" else min(objective, proven.bound)
    gap = relative_gap(objective, bound)
    served = assigned >= 0
    return Siting(
        rows, objective, bound, gap, "optimal" if gap == 0 else proven.status, served, math.fsum(each[served]),
        math.fsum(each[~reachable]), assigned, candidates.spend(rows), clock.spent_s,
    )  # fmt: skip


def _pose(pairs: Costs, people: FloatArray, candidates: Candidates, unreached_cost: float | None) -> Median:
    """Return the question on cells with people whom something can reach, with weighted costs."""
    pairs = of_rows(pairs, candidates.locked | candidates.free)
    asked = (people > 0) & (np.diff(pairs.start) > 0)
    size = np.diff(pairs.start)
    kept = np.repeat(asked, size)
    weight = np.repeat(people, size)[kept]
    start = np.concatenate([[0], np.cumsum(size[asked])]).astype(np.int64)
    weighted = pairs.cost[kept] * weight
    each = people[asked]
    if unreached_cost is None:
        # More than any choice that reaches everybody could cost: whoever it is charged for is not reached.
        dearest = weighted[start[1:] - 1] if len(each) else np.empty(0)
        beyond = np.full(len(each), 2 * float(dearest.sum()) + 1.0)
    else:
        beyond = each * unreached_cost
    return Median(
        start, pairs.site[kept], weighted, beyond, unreached_cost is None, each, candidates.locked, candidates.free,
        candidates.costs, candidates.count, candidates.budget,
    )  # fmt: skip
