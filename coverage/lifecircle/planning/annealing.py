"""Compiled annealing of maximal covering: moves of one site to a near one, mostly, and ever fewer that lose people.

Moving a site changes only the groups it covers, before and after. A near candidate is one that shares a group: half of a step in a
landscape of overlapping circles, which greedy and swaps alone do not get through. Kirkpatrick, Gelatt & Vecchi 1983, Science 220, 671-680,
doi:10.1126/science.220.4598.671. The draw is from a fixed seed: the same question gets the same answer.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray

NEAR_OF_TEN = 9
"""Of ten moves, those that go to a candidate that shares a group with the site that moves."""
COLDEST = 3e-2
"""The last temperature, of the first."""


@njit(cache=True, nogil=True)
def anneal(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    costs: FloatArray,
    budget: float,
    start: BoolArray,
    moves: int,
    hottest: float,
    seed: int,
) -> BoolArray:  # pragma: no cover - compiled
    """Return the best set of as many sites that is come by, beginning with ``start`` at the temperature ``hottest`` (people)."""
    built, best = start.copy(), start.copy()
    sites = np.flatnonzero(built)
    if len(sites) == 0 or len(sites) == len(built):
        return best
    times = np.zeros(len(weight), dtype=np.int64)
    spent = 0.0
    for site in sites:
        spent += costs[site]
        for at in range(indptr[site], indptr[site + 1]):
            times[indices[at]] += 1
    value, best_value = 0.0, 0.0
    random = np.uint64(seed + 88172645463325252)
    cooling = COLDEST ** (1.0 / max(moves, 1))
    temperature = hottest
    for _ in range(moves):
        temperature *= cooling
        random ^= random << np.uint64(13)
        random ^= random >> np.uint64(7)
        random ^= random << np.uint64(17)
        draw = random >> np.uint64(4)
        place = np.int64(draw % np.uint64(len(sites)))
        out = sites[place]
        draw = draw // np.uint64(len(sites))
        size = indptr[out + 1] - indptr[out]
        if draw % np.uint64(10) < np.uint64(NEAR_OF_TEN) and size > 0:
            draw = draw // np.uint64(10)
            group = indices[indptr[out] + np.int64(draw % np.uint64(size))]
            draw = draw // np.uint64(size)
            degree = group_start[group + 1] - group_start[group]
            new = group_site[group_start[group] + np.int64(draw % np.uint64(degree))]
        else:
            new = np.int64((draw // np.uint64(10)) % np.uint64(len(built)))
        if built[new] or spent - costs[out] + costs[new] > budget:
            continue
        change = 0.0
        for at in range(indptr[out], indptr[out + 1]):
            group = indices[at]
            times[group] -= 1
            if times[group] == 0:
                change -= weight[group]
        for at in range(indptr[new], indptr[new + 1]):
            group = indices[at]
            if times[group] == 0:
                change += weight[group]
            times[group] += 1
        random ^= random << np.uint64(13)
        random ^= random >> np.uint64(7)
        random ^= random << np.uint64(17)
        chance = float(random >> np.uint64(11)) / 9007199254740992.0
        if change >= 0.0 or chance < np.exp(change / temperature):
            built[out], built[new] = False, True
            sites[place] = new
            spent += costs[new] - costs[out]
            value += change
            if value > best_value + 1e-9 * hottest:
                best_value = value
                best[:] = built
        else:
            for at in range(indptr[new], indptr[new + 1]):
                times[indices[at]] -= 1
            for at in range(indptr[out], indptr[out + 1]):
                times[indices[at]] += 1
    return best
