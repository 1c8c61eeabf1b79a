"""Compiled walk through choices of maximal covering: one site moves at a time, to a near candidate mostly.

A group that one chosen site alone covers is that site's own; what a site would lose is kept up to date, so that a move is judged by one
look at the groups of the candidate that would come.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray

CLOSEST_OF_16, NEAR_OF_16 = 9, 15
"""Of sixteen moves, those that go to one of the candidates closest to the site that moves, and, with them, those that go to one that
shares any group; the rest go anywhere."""
NOBODY, SEVERAL = -1, -2


class Walk:
    """One walk: where it is, and the best it came by of late."""

    def __init__(
        self,
        lists: tuple[IntArray, IntArray, IntArray, IntArray],
        weight: FloatArray,
        closest: IntArray,
        costs: FloatArray,
        budget: float,
        start: BoolArray,
        seed: int,
    ) -> None:
        self._best = start.copy()
        self._question = *lists, weight, closest, costs, budget
        times, members = np.zeros(len(weight), dtype=np.int64), np.zeros(len(weight), dtype=np.int64)
        own: Any = np.empty(len(weight), dtype=np.int32)
        loss = np.zeros(len(start))
        sites = np.flatnonzero(start)
        take_stock(lists[0], lists[1], weight, sites, times, members, own, loss)
        self._state: tuple[Any, ...] = start.copy(), sites, times, members, own, loss
        self._random: Any = np.array([seed * 2_654_435_761 + 88_172_645_463_325_252], dtype=np.uint64)
        self._sums = np.array([0.0, 0.0, float(costs[sites].sum())])

    @property
    def gained(self) -> float:
        """People covered, less those at the start."""
        return float(self._sums[0])

    def take_best(self) -> BoolArray:
        """Return the best choice since this was last asked."""
        best = self._best.copy()
        self._best[:] = self._state[0]
        self._sums[1] = self._sums[0]
        return best

    def go(self, moves: int, heat: float) -> float:
        """Try so many moves and return the share that was taken; a loss of ``heat`` people is taken once in e times."""
        arrays: tuple[Any, ...] = (*self._question, *self._state, moves, heat, self._random, self._sums, self._best)
        return float(go(*arrays)) / moves


@njit(cache=True, nogil=True)
def find_closest(
    indptr: IntArray, indices: IntArray, group_start: IntArray, group_site: IntArray, wanted: int
) -> IntArray:  # pragma: no cover - compiled
    """Return of each candidate those that share most groups for their size, itself where there are too few. Shape (n, wanted).

    Close is who shares much of what both cover: shared / (one + other - shared).
    """
    sites = len(indptr) - 1
    closest = np.empty((sites, wanted), dtype=np.int64)
    shared = np.zeros(sites, dtype=np.int64)
    touched = np.empty(sites, dtype=np.int64)
    for site in range(sites):
        found = 0
        for at in range(indptr[site], indptr[site + 1]):
            group = indices[at]
            for position in range(group_start[group], group_start[group + 1]):
                other = group_site[position]
                if other == site:
                    continue
                if shared[other] == 0:
                    touched[found] = other
                    found += 1
                shared[other] += 1
        apart = np.empty(found)
        size = indptr[site + 1] - indptr[site]
        for position in range(found):
            other = touched[position]
            apart[position] = -shared[other] / (size + indptr[other + 1] - indptr[other] - shared[other])
            shared[other] = 0
        order = np.argsort(apart, kind="mergesort")
        for place in range(wanted):
            closest[site, place] = touched[order[place]] if place < found else site
    return closest


@njit(cache=True, nogil=True)
def take_stock(
    indptr: IntArray,
    indices: IntArray,
    weight: FloatArray,
    sites: IntArray,
    times: IntArray,
    members: IntArray,
    own: IntArray,
    loss: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Fill in how often each group is covered, by whom (the sum of sites, which is the site where it is one) and what sites would lose."""
    for site in sites:
        for at in range(indptr[site], indptr[site + 1]):
            times[indices[at]] += 1
            members[indices[at]] += site
    for group in range(len(weight)):
        own[group] = NOBODY if times[group] == 0 else SEVERAL
        if times[group] == 1:
            own[group] = members[group]
            loss[members[group]] += weight[group]


@njit(cache=True, nogil=True)
def draw(random: IntArray) -> Any:  # pragma: no cover - compiled
    """Return the next of 64 random bits: Marsaglia 2003, Journal of Statistical Software 8(14), doi:10.18637/jss.v008.i14."""
    bits = random[0]
    bits ^= bits << np.uint64(13)
    bits ^= bits >> np.uint64(7)
    bits ^= bits << np.uint64(17)
    random[0] = bits
    return bits


@njit(cache=True, nogil=True)
def below(bits: Any, limit: int) -> Any:  # pragma: no cover - compiled
    """Return a whole number below a limit from the upper 32 bits."""
    return np.int64(((bits >> np.uint64(32)) * np.uint64(limit)) >> np.uint64(32))


@njit(cache=True, nogil=True)
def go(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    closest: IntArray,
    costs: FloatArray,
    budget: float,
    built: BoolArray,
    sites: IntArray,
    times: IntArray,
    members: IntArray,
    own: IntArray,
    loss: FloatArray,
    moves: int,
    heat: float,
    random: IntArray,
    sums: FloatArray,
    best: BoolArray,
) -> int:  # pragma: no cover - compiled
    """Try moves and return how many were taken; ``sums`` are what is gained, the most that was gained, and the yuan spent."""
    taken = 0
    for _ in range(moves):
        bits = draw(random)
        place = below(bits, len(sites))
        out = sites[place]
        kind = bits & np.uint64(15)
        size = indptr[out + 1] - indptr[out]
        if kind < np.uint64(CLOSEST_OF_16):
            new = closest[out, below(draw(random), closest.shape[1])]
        elif kind < np.uint64(NEAR_OF_16) and size > 0:
            group = indices[indptr[out] + below(draw(random), size)]
            degree = group_start[group + 1] - group_start[group]
            new = group_site[group_start[group] + below(draw(random), degree)]
        else:
            new = below(draw(random), len(built))
        if built[new] or sums[2] - costs[out] + costs[new] > budget:
            continue
        chance = (float(draw(random) >> np.uint64(11)) + 1.0) / 9007199254740993.0
        wanted = loss[out] + heat * np.log(chance)
        gain = 0.0
        for at in range(indptr[new], indptr[new + 1]):
            group = indices[at]
            gain += weight[group] * ((own[group] == NOBODY) | (own[group] == out))
        if gain < wanted:
            continue
        taken += 1
        sums[0] += gain - loss[out]
        sums[2] += costs[new] - costs[out]
        built[out], built[new], sites[place] = False, True, new
        leave(out, indptr, indices, weight, times, members, own, loss)
        arrive(new, indptr, indices, weight, times, members, own, loss)
        if sums[0] > sums[1]:
            sums[1] = sums[0]
            best[:] = built
    return taken


@njit(cache=True, nogil=True)
def leave(
    site: int,
    indptr: IntArray,
    indices: IntArray,
    weight: FloatArray,
    times: IntArray,
    members: IntArray,
    own: IntArray,
    loss: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Take a site away: a group that one other still covers becomes its own."""
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        times[group] -= 1
        members[group] -= site
        if times[group] == 0:
            own[group] = NOBODY
        elif times[group] == 1:
            own[group] = members[group]
            loss[members[group]] += weight[group]
    loss[site] = 0.0


@njit(cache=True, nogil=True)
def arrive(
    site: int,
    indptr: IntArray,
    indices: IntArray,
    weight: FloatArray,
    times: IntArray,
    members: IntArray,
    own: IntArray,
    loss: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Build a site: a group that nobody covered is its own, and one that was another's is no longer."""
    lost = 0.0
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        times[group] += 1
        if times[group] == 1:
            own[group] = site
            lost += weight[group]
        elif times[group] == 2:
            own[group] = SEVERAL
            loss[members[group]] -= weight[group]
        members[group] += site
    loss[site] = lost
