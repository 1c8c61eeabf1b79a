"""p-median: sites from which the people, together, are nearest.

Minimise ``sum_c people[c] d[s(c), c]`` with s(c) the nearest of at most *p* sites (Hakimi 1964, Operations Research 12, 450-459,
doi:10.1287/opre.12.3.450). Greedy and swaps find a choice, the Lagrangian bounds it and settles most candidates, and what is left goes to
the solver in the radius form (Cornuéjols, Nemhauser & Wolsey 1980, SIAM J. Algebraic Discrete Methods 1, 261-272, doi:10.1137/0601030;
García, Labbé & Marín 2011, INFORMS J. Computing 23, 546-556, doi:10.1287/ijoc.1100.0418): a cell is served beyond its k-th radius, or a
site stands within, so that the cost adds up ring by ring and one variable does for all sites at one distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, issparse

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.covering import DEFAULT_S, infeasible, unfound
from lifecircle.planning.median_proof import prove_median
from lifecircle.planning.median_problem import Median
from lifecircle.planning.questions import Candidates, Clock, read_candidates, read_people
from lifecircle.planning.siting import Siting, relative_gap


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """Costs of pairs, by cell: the candidates that reach it in ascending cost, then row."""

    start: IntArray
    site: IntArray
    cost: FloatArray
    facilities: int


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
    """
    clock = Clock(time_limit_s)
    pairs = read_costs(cost)
    cells = len(pairs.start) - 1
    each = read_people(people, cells)
    candidates = read_candidates(pairs.facilities, count, locked, excluded, costs, budget)
    if unreached_cost is not None and not 0 <= unreached_cost < math.inf:
        raise ValueError(f"unreached_cost 须为非负有限数 must be finite and >= 0: {unreached_cost}")
    problem = _pose(pairs, each, candidates, unreached_cost)
    proven = prove_median(problem, clock)
    if proven.choice is None:
        return infeasible(cells, clock) if proven.status == "infeasible" else unfound(cells, clock, proven.bound)
    rows = np.flatnonzero(proven.choice & candidates.free)
    assigned, each_cost = nearest_rows(pairs, candidates.locked | np.isin(np.arange(pairs.facilities), rows))
    reachable = np.diff(_usable(pairs, candidates.locked | candidates.free).start) > 0
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


def read_costs(cost: Any) -> Costs:
    """Return the pairs of a dense or sparse matrix of costs, checked."""
    if issparse(cost):
        matrix = csc_array(cost, copy=True)
        matrix.sort_indices()
        cell = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.indptr))
        site, value = matrix.indices.astype(np.int64), matrix.data.astype(np.float64)
        facilities, cells = matrix.shape
    else:
        dense = np.asarray(cost, dtype=np.float64)
        facilities, cells = dense.shape
        cell, site = np.divmod(np.arange(dense.size), facilities) if dense.size else (np.empty(0, int), np.empty(0, int))
        value = dense.T.ravel()
    there = value < np.inf  # NaN is not
    cell, site, value = cell[there], site[there], value[there]
    if (value < 0).any():
        at = int(np.flatnonzero(value < 0)[0])
        raise ValueError(
            f"成本为负 a cost is negative: 设施行 facility row {site[at]}, 人口格行 cell row {cell[at]}: {value[at]}"
        )
    order = np.lexsort((site, value, cell))
    start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=cells))])
    return Costs(start.astype(np.int64), site[order].astype(np.int64), value[order], facilities)


def nearest_rows(pairs: Costs, is_open: BoolArray) -> tuple[IntArray, FloatArray]:
    """Return the open row each cell goes to (-1: none) and its cost (inf)."""
    cells = len(pairs.start) - 1
    row, cost = np.full(cells, -1, dtype=np.int64), np.full(cells, np.inf)
    there = np.flatnonzero(is_open[pairs.site])
    cell = np.searchsorted(pairs.start, there, side="right") - 1
    first = np.unique(cell, return_index=True)
    row[first[0]], cost[first[0]] = pairs.site[there[first[1]]], pairs.cost[there[first[1]]]
    return row, cost


def _usable(pairs: Costs, usable: BoolArray) -> Costs:
    kept = usable[pairs.site]
    cell = np.repeat(np.arange(len(pairs.start) - 1), np.diff(pairs.start))[kept]
    start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=len(pairs.start) - 1))])
    return Costs(start.astype(np.int64), pairs.site[kept], pairs.cost[kept], pairs.facilities)


def _pose(pairs: Costs, people: FloatArray, candidates: Candidates, unreached_cost: float | None) -> Median:
    """Return the question on cells with people whom something can reach, with weighted costs."""
    pairs = _usable(pairs, candidates.locked | candidates.free)
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


