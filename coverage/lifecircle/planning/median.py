"""p-median: sites from which the people, together, are nearest.

Minimise ``sum_c people[c] d[s(c), c]`` with s(c) the nearest of at most *p* sites (Hakimi 1964, Operations Research 12, 450-459,
doi:10.1287/opre.12.3.450). Greedy and swaps find a choice, the Lagrangian bounds it and settles most candidates, and what is left goes to
the solver in the radius form (Cornuéjols, Nemhauser & Wolsey 1980, SIAM J. Algebraic Discrete Methods 1, 261-272, doi:10.1137/0601030;
García, Labbé & Marín 2011, INFORMS J. Computing 23, 546-556, doi:10.1287/ijoc.1100.0418): a cell is served beyond its k-th radius, or a
site stands within, so that the cost adds up ring by ring and one variable does for all sites at one distance.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lifecircle.model import FloatArray
from lifecircle.planning.answers import infeasible, unfound
from lifecircle.planning.costs import Costs, nearest_rows, of_rows, read_costs
from lifecircle.planning.median_problem import Median
from lifecircle.planning.median_proof import prove_median
from lifecircle.planning.questions import DEFAULT_S, Candidates, Clock, read_candidates, read_people
from lifecircle.planning.siting import Siting, relative_gap


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
