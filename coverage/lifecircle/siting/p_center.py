"""p-center: sites from which nobody is farther than need be.

Minimise the greatest cost of any cell to its nearest site (Hakimi 1964). Whether a radius can be kept with *p* sites is a set covering
question, and the answer is one of the costs: bisection over them asks about twenty (Minieka 1970, SIAM Review 12, 138-139,
doi:10.1137/1012016). Most radii are settled without a solver: greedy and swaps keep them, or the Lagrangian bound shows that some cell
stays outside whatever is chosen. Only those between are the solver's.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, Siting
from lifecircle.siting.problem import (
    DEFAULT_S,
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
from lifecircle.siting.program import pose
from lifecircle.siting.set_covering import cover_all


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

    Examples
    --------
    >>> cost = [[0, 5, 9, 14], [5, 0, 4, 9], [14, 9, 5, 0]]  # minutes from three candidates to four cells
    >>> found = p_center(cost, 2)
    >>> found.chosen.tolist(), found.objective
    ([1, 2], 5.0)
    """
    clock = TimeLimit(time_limit_s)
    pairs = read_costs(cost)
    cells = len(pairs.start) - 1
    each = np.ones(cells) if people is None else check_weights(people, cells)
    candidates = check_candidates(pairs.facilities, count, locked, excluded, costs, budget)
    usable = of_rows(pairs, candidates.locked | candidates.free)
    reachable = np.diff(usable.start) > 0
    asked = (each > 0) & reachable
    radii = np.unique(usable.cost[np.repeat(asked, np.diff(usable.start))])
    if not len(radii):
        nothing = np.zeros(pairs.facilities, dtype=np.bool_)
        return _answer(nothing, 0.0, pairs, each, reachable, asked, candidates, clock)
    # No cell is nearer than its nearest usable row: no radius below the greatest of those can be kept.
    lowest = int(np.searchsorted(radii, usable.cost[usable.start[:-1][asked]].max()))
    balls = _Balls(radii, usable, asked, candidates, clock, lowest)
    balls.try_to_keep(len(radii) - 1, hard=True)
    if balls.best is None:
        is_proven = balls.lowest == len(radii)
        return infeasible(cells, clock) if is_proven else unfound(cells, clock, float(radii[balls.lowest]))
    balls.settle_from_below()
    balls.settle_from_above()
    balls.settle_between()
    return _answer(
        balls.best, float(radii[min(balls.lowest, balls.high)]), pairs, each, reachable, asked, candidates, clock
    )


def _answer(
    choice: BoolArray, bound: float, pairs: Costs, people: FloatArray, reachable: BoolArray, asked: BoolArray,
    candidates: Candidates, clock: TimeLimit,
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


class _Balls:
    """Radii as indices: below ``lowest`` none can be kept, and ``best`` keeps ``high``."""

    def __init__(
        self, radii: FloatArray, usable: Costs, asked: BoolArray, candidates: Candidates, clock: TimeLimit, lowest: int
    ) -> None:
        self.radii, self.usable, self.asked, self.candidates, self.clock = radii, usable, asked, candidates, clock
        self.lowest, self.high = lowest, len(radii) - 1
        self.best: BoolArray | None = None
        self._unseen: set[int] = set()
        """Radii that only the solver could settle."""

    def settle_from_below(self) -> None:
        """Bisect for the greatest radius that the bound shows cannot be kept."""
        low, high = self.lowest, self.high
        while low < high and self.clock.left_s > 0:
            middle = (low + high) // 2
            if self.try_to_keep(middle, hard=False) is False:
                low = middle + 1
            else:
                high = min(middle, self.high)

    def settle_from_above(self) -> None:
        """Bisect for the least radius that greedy and swaps keep."""
        low = self.lowest
        while low < self.high and self.clock.left_s > 0:
            middle = (low + self.high) // 2
            if not self.try_to_keep(middle, hard=False):
                low = middle + 1

    def settle_between(self) -> None:
        """Bisect with the solver; a radius that time leaves open is passed by for the next greater."""
        low = self.lowest
        while low < self.high and self.clock.left_s > 0:
            middle = (low + self.high) // 2
            if not self.try_to_keep(middle, hard=True):
                low = middle + 1

    def try_to_keep(self, index: int, *, hard: bool) -> bool | None:
        """Return whether a radius can be kept, None where that is not seen; ``hard``: with the solver."""
        if not hard and index in self._unseen:
            return None
        choice = _keep(float(self.radii[index]), self.usable, self.asked, self.candidates, self.clock, hard=hard)
        if isinstance(choice, bool):
            self.lowest = max(self.lowest, index + 1)
            return False
        if choice is None:
            self._unseen.add(index)
            return None
        self.best = choice
        served = nearest_rows(self.usable, choice | self.candidates.locked)[1][self.asked]
        self.high = min(index, int(np.searchsorted(self.radii, served.max())))
        return True


def _keep(
    radius: float, usable: Costs, asked: BoolArray, candidates: Candidates, clock: TimeLimit, *, hard: bool
) -> BoolArray | Literal[False] | None:
    """Return a choice that keeps all cells within a radius, False where there is none, and None where neither is seen."""
    covers = _within(usable, radius)
    stands = np.asarray((covers.T @ candidates.locked.astype(np.float64)) > 0)
    weight = (asked & ~stands).astype(np.float64)
    problem = pose(
        covers, weight, csr_array((0, len(asked))), np.empty(0), candidates.free, candidates.costs, candidates.count,
        candidates.budget,
    )  # fmt: skip
    if problem.model.weight.sum() < weight.sum():
        return False  # a cell that no row has within the radius
    found = cover_all(problem, clock, hard=hard)
    if found is None or found is False:
        return found
    choice = np.zeros(usable.facilities, dtype=np.bool_)
    choice[problem.model.rows[np.flatnonzero(found)]] = True
    return choice


def _within(usable: Costs, radius: float) -> csr_array:
    kept = usable.cost <= radius
    cells = len(usable.start) - 1
    cell = np.repeat(np.arange(cells), np.diff(usable.start))[kept]
    return csr_array((np.ones(int(kept.sum())), (usable.site[kept], cell)), shape=(usable.facilities, cells))
