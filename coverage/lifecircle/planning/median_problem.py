"""A p-median question: its cost, good choices of it, and its program for the solver in the radius form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.median_loops import best_swap, savings, two_nearest
from lifecircle.planning.siting import EXACT
from lifecircle.planning.solver import Program


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
