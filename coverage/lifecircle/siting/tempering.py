"""Parallel tempering of maximal covering: walks at several heats side by side, which now and then change places, compiled.

A walk moves one site at a time, to a near candidate mostly.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit

from lifecircle.compilation import count_workers
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


WALKS = 10
CLOSEST = 24
"""Candidates that are held to be closest to each."""
MOST_TAKEN, LEAST_TAKEN = 0.07, 0.007
"""Shares of moves that the hottest and the coldest walk take."""
HOTTEST_TRIED, COLDEST_TRIED, COOLING = 0.1, 2e-4, 0.8
"""Heats that are tried for those shares, as shares of the people a site is worth on average, each this much of the one before."""
MOVES_A_TURN, MOVES_A_TRIAL = 20_000, 20_000
"""Of each walk between two changes of place; at each heat that is tried."""
TURNS_A_MERGE, KEPT = 25, 10
"""Turns between two merges, and choices that are kept from one to the next."""
WORK = 1.5e10
"""Groups that all walks together may look at."""
PATIENCE = 0.6
"""Walks end when nothing better was found in this last share of them..."""
FEWEST_TURNS = 250
"""...and never before so many turns."""


def temper(
    lists: tuple[IntArray, IntArray, IntArray, IntArray],
    weight: FloatArray,
    costs: FloatArray,
    budget: float,
    start: BoolArray,
    merge: Callable[[list[BoolArray]], list[BoolArray]],
    is_enough: Callable[[BoolArray], bool],
) -> BoolArray:
    """Return the best choice of as many sites as ``start`` that the walks come by.

    Parameters
    ----------
    lists
        Groups of each candidate and candidates of each group, each as pointers and indices.
    weight
        People of each group.
    costs, budget
        Yuan of each candidate, and the most in all.
    merge
        Given choices, returns the best of them first, or a better one made of their sites, and the others behind it in order.
    is_enough
        Asked after every turn with the best known: whether to stop.
    """
    number = int(start.sum())
    if not 0 < number < len(start):
        return start.copy()
    closest = find_closest(*lists, CLOSEST)

    def begin(seed: int) -> Walk:
        return Walk(lists, weight, closest, costs, budget, start, seed)

    heats = _find_heats(begin(WALKS), float(weight.sum()) / number)
    walks = [begin(seed) for seed in range(WALKS)]
    random = np.random.default_rng(WALKS)
    degree = max(1.0, len(lists[1]) / len(start))
    most = max(FEWEST_TURNS, int(WORK / (degree * MOVES_A_TURN * WALKS)))
    elite, found_at = [start], 0
    with ThreadPoolExecutor(count_workers()) as pool:  # the loops hold no lock; each walk has its own draws
        for turn in range(1, most + 1):
            list(pool.map(lambda walk, heat: walk.go(MOVES_A_TURN, heat), walks, heats))
            _change_places(walks, heats, turn % 2, random)
            is_last = is_enough(elite[0]) or turn == most
            if turn % TURNS_A_MERGE and not is_last:
                continue
            merged = merge([*elite, *(walk.take_best() for walk in walks)])
            if not np.array_equal(merged[0], elite[0]):
                found_at = turn
            elite = merged[:KEPT]
            if is_last or turn - found_at > max(FEWEST_TURNS, PATIENCE * turn):
                break
    return elite[0]


def _find_heats(walk: Walk, worth: float) -> list[float]:
    """Return heats, the coldest first, between those at which the wanted shares of moves are taken while a walk cools."""
    heat, hottest, coldest = HOTTEST_TRIED * worth, 0.0, COLDEST_TRIED * worth
    while heat > coldest:
        taken = walk.go(MOVES_A_TRIAL, heat)
        if taken >= MOST_TAKEN:
            hottest = heat
        if taken <= LEAST_TAKEN:
            coldest = heat
        heat *= COOLING
    hottest = max(hottest, 2 * coldest)
    return [float(each) for each in np.geomspace(coldest, hottest, WALKS)]


def _change_places(walks: list[Walk], heats: list[float], first: int, random: np.random.Generator) -> None:
    """Let neighbours change places, always where the colder gets the better choice and else by chance."""
    for place in range(first, len(walks) - 1, 2):
        colder, hotter = walks[place], walks[place + 1]
        chance = (1 / heats[place] - 1 / heats[place + 1]) * (hotter.gained - colder.gained)
        if np.log(1.0 - random.random()) < chance:
            walks[place], walks[place + 1] = hotter, colder
