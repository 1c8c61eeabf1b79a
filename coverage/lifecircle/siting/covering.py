"""Maximal covering and set covering: the most people within reach of a number of sites, and the least for a share of the people.

Maximal covering (Church & ReVelle 1974, Papers of the Regional Science Association 32, 101-118, doi:10.1007/BF01942293) and location set
covering (Toregas et al. 1971, Operations Research 19, 1363-1373, doi:10.1287/opre.19.6.1363), with the conditions a plan has: facilities
that stand, candidates ruled out, a budget, and floors by unit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from lifecircle.model import BoolArray, FloatArray, Siting
from lifecircle.siting.links import LinkedCovers, Works, cover_with_links
from lifecircle.siting.problem import (
    DEFAULT_S,
    EXACT,
    Candidates,
    Floors,
    TimeLimit,
    answer,
    check_candidates,
    check_weights,
    covered_cells,
    infeasible,
    read_covers,
    read_floors,
    unfound,
)
from lifecircle.siting.program import CoveringProgram, pose
from lifecircle.siting.proof import cover_best
from lifecircle.siting.set_covering import cover_share


def covers_within(reach: csr_array, limit: float) -> csr_array:
    """Return which facility covers which cell: stored costs up to a limit, which is within; a stored 0 counts.

    Parameters
    ----------
    reach
        Facilities x cells, in the unit of ``limit``; what is not stored is out of reach.
    """
    # Copies: dropping the rest works in place, and the indices are the reach's own.
    inside = csr_array((reach.data <= limit, reach.indices.copy(), reach.indptr.copy()), shape=reach.shape)
    inside.eliminate_zeros()
    return inside


def maximal_covering(
    covers: Any,
    people: Any,
    count: int | None = None,
    *,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    budget: float | None = None,
    floors: Floors | None = None,
    start: Any = None,
    enough: float = math.inf,
    time_limit_s: float = DEFAULT_S,
) -> Siting:
    """Return the candidates that bring the most people within reach.

    Maximise ``sum_c people[c] min(1, sum_s covers[s, c] x[s])`` over x in {0, 1}, with at most ``count`` sites. A site that would add
    nobody is not chosen, so that there may be fewer. The answer is the same for the same input, as long as the time limit does not
    strike; of equally good sites the lower row is preferred.

    Parameters
    ----------
    covers
        Facilities x cells, sparse or dense: not 0 where a facility or candidate has the cell within reach. Or `LinkedCovers`, where
        links that change who is within reach are among what may be built: their rows come after the facilities'.
    people
        Of each cell, not negative. Shape (cells,).
    count
        The most sites; None: as many as the budget allows.
    locked
        Rows (or a mask) that stand already: they cover, cost nothing and do not count.
    excluded
        Rows (or a mask) that may not be built.
    costs
        Yuan of each row. Shape (facilities,).
    budget
        The most yuan in all. With both, count and budget both hold.
    floors
        The least share of the people of each unit that must be covered (with what is locked).
    start
        Rows of a choice known already: the answer is never worse.
    enough
        People covered that suffice: a long search ends with the first choice that covers as many, proven or not.
    time_limit_s
        Seconds; then the best found is returned with its proven gap.

    Returns
    -------
    Siting
        ``objective``: people covered, by what is locked too; ``bound``: no choice covers more.

    Examples
    --------
    >>> covers = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]  # three candidates, four cells
    >>> found = maximal_covering(covers, [40, 30, 20, 10], 1)
    >>> found.chosen.tolist(), found.objective, found.status
    ([0], 70.0, 'optimal')
    """
    clock = TimeLimit(time_limit_s)
    if isinstance(covers, LinkedCovers):
        candidates = check_candidates(len(covers), count, locked, excluded, costs, budget)
        return _with_links(covers, people, candidates, floors, None, clock, start)
    matrix, each = read_covers(covers, people)
    candidates = check_candidates(matrix.shape[0], count, locked, excluded, costs, budget)
    units, least = read_floors(floors, each)
    open_people, spare = _beside_locked(matrix, each, candidates.locked, units, least)
    if spare is None:
        return infeasible(len(each), clock)
    problem = pose(
        matrix, open_people, units, spare, candidates.free, candidates.costs, candidates.count, candidates.budget
    )
    if (problem.spare < -EXACT * (1 + least)).any():
        return infeasible(len(each), clock)
    served = math.fsum(each) - math.fsum(open_people)
    most = served + math.fsum(problem.model.weight)
    proven = cover_best(problem, clock, _as_start(start, problem, candidates), most - enough)
    if proven.choice is None:
        return infeasible(len(each), clock) if proven.status == "infeasible" else unfound(len(each), clock, math.nan)
    rows = problem.model.rows[np.flatnonzero(_without_idle(problem, proven.choice))]
    covered = covered_cells(matrix, candidates.locked, rows)
    objective = math.fsum(each[covered])
    bound = objective if proven.status == "optimal" else min(most, objective + proven.uncovered - proven.bound)
    return answer(rows, objective, bound, proven.status, matrix, each, candidates, clock)


def set_covering(
    covers: Any,
    people: Any,
    share: float = 1.0,
    *,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    floors: Floors | None = None,
    time_limit_s: float = DEFAULT_S,
) -> Siting:
    """Return the fewest candidates (the cheapest, where ``costs`` are given) that bring a share of all people within reach.

    Minimise ``sum_s c[s] x[s]`` (c = 1 without costs) so that ``sum_c people[c] covered[c] >= share sum_c people[c]``. People whom no
    candidate reaches count among all: a share that they stand in the way of is infeasible.

    Parameters
    ----------
    share
        0 to 1, of all people.

    Others as in `maximal_covering`.

    Returns
    -------
    Siting
        ``objective``: number of sites, or their yuan; ``bound``: no fewer do.

    Examples
    --------
    >>> covers = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]  # three candidates, four cells
    >>> set_covering(covers, [40, 30, 20, 10], 1.0).chosen.tolist()
    [0, 2]
    """
    clock = TimeLimit(time_limit_s)
    if not 0 <= share <= 1:
        raise ValueError(f"share 须在 0 与 1 之间 must be 0 to 1: {share}")
    if isinstance(covers, LinkedCovers):
        candidates = check_candidates(len(covers), len(covers), locked, excluded, costs, None)
        price = np.ones(len(covers)) if costs is None else candidates.costs
        return _with_links(covers, people, candidates, floors, (share, price), clock, None)
    matrix, each = read_covers(covers, people)
    candidates = check_candidates(matrix.shape[0], matrix.shape[0], locked, excluded, costs, None)
    units, least = _with_share(*read_floors(floors, each), each, share)
    open_people, spare = _beside_locked(matrix, each, candidates.locked, units, least)
    if spare is None:
        return infeasible(len(each), clock)
    price = np.ones(matrix.shape[0]) if costs is None else candidates.costs
    proven = cover_share(matrix, open_people, units, spare, candidates.free, price, clock)
    if proven.rows is None:
        return (
            infeasible(len(each), clock) if proven.status == "infeasible" else unfound(len(each), clock, proven.bound)
        )
    objective = math.fsum(price[proven.rows])
    bound = objective if proven.status == "optimal" else min(objective, proven.bound)
    return answer(proven.rows, objective, bound, proven.status, matrix, each, candidates, clock)


def _with_share(units: csr_array, least: FloatArray, people: FloatArray, share: float) -> tuple[csr_array, FloatArray]:
    """Return the floors with that of all people, as of one more unit."""
    return csr_array(vstack([units, csr_array(people[None, :])], format="csr")), np.append(
        least, share * float(people.sum())
    )


def _with_links(
    linked: LinkedCovers, people: Any, candidates: Candidates, floors: Floors | None, least_price: tuple[float, FloatArray] | None,
    clock: TimeLimit, start: Any,
) -> Siting:  # fmt: skip
    """Answer where links are among what may be built: the most people or, for a share of them at prices, the least price."""
    none = np.zeros(linked.links, dtype=np.bool_)
    each = check_weights(people, linked.ask(none).shape[1])
    units, least = read_floors(floors, each)
    price = None
    if least_price is not None:
        share, price = least_price
        units, least = _with_share(units, least, each, share)
    total = units.sum(axis=1)
    spare = total - least
    if (spare < -EXACT * (1 + total)).any():
        return infeasible(len(each), clock)
    works = Works(linked, each, candidates, units, np.maximum(spare, 0.0), price)
    return cover_with_links(works, clock, None if start is None else np.asarray(start, dtype=np.int64))


def _beside_locked(
    matrix: csr_array, people: FloatArray, locked: BoolArray, units: csr_array, least: FloatArray
) -> tuple[FloatArray, FloatArray | None]:
    """Return the people whom nothing covers yet and, by unit, how many of them may stay so; None where a floor is above 100 %."""
    covered = covered_cells(matrix, locked, np.empty(0, dtype=np.int64))
    total = units.sum(axis=1)
    slack = EXACT * (1 + total)
    spare = total - least
    if (spare < -slack).any():
        return people, None
    return np.where(covered, 0.0, people), np.maximum(spare, 0.0)


def _as_start(start: Any, problem: CoveringProgram, candidates: Candidates) -> BoolArray | None:
    """Return a given choice on the reduced model; None where a candidate of it was dropped there or may not be built."""
    if start is None:
        return None
    rows = np.unique(np.asarray(start, dtype=np.int64))
    rows = rows[~candidates.locked[rows]]
    choice = np.isin(problem.model.rows, rows)
    return choice if len(rows) else None


def _without_idle(problem: CoveringProgram, choice: BoolArray) -> BoolArray:
    """Return a choice without sites that cover nobody whom the others do not, the higher rows first."""
    kept = choice.copy()
    times = problem.model.by_group @ choice.astype(np.float64)
    lists = problem.model.by_site
    for site in np.flatnonzero(choice)[::-1]:
        groups = lists.indices[lists.indptr[site] : lists.indptr[site + 1]]
        if (times[groups] >= 2).all():
            kept[site] = False
            times[groups] -= 1
    return kept
