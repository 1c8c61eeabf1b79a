"""Compiled search for the cheapest candidates that cover every group: take sites away, and mend what opens with others.

Groups that stay open for long weigh more and more, so that the search does not come back to where it was. Row weighting local search: Gao,
Weise & Li 2015, An efficient local search heuristic with row weighting for the unicost set covering problem, European Journal of
Operational Research 246, 750-761, doi:10.1016/j.ejor.2015.05.038; here by yuan, where sites have prices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.siting.problem import EXACT

STEPS_A_TURN = 2_000
WORK = 2e9
"""Of a long search."""


def lighten(
    lists: tuple[IntArray, IntArray, IntArray, IntArray],
    price: FloatArray,
    start: BoolArray,
    is_enough: Callable[[float], bool],
    work: float = WORK,
) -> BoolArray:
    """Return the cheapest choice that is come by and covers every group, as the start does.

    Parameters
    ----------
    lists
        Groups of each candidate and candidates of each group, each as pointers and indices.
    price
        Of each candidate.
    is_enough
        Asked now and then with the least price so far: whether to stop.
    work
        Pairs of a group and a candidate that may be looked at, about.
    """
    sites, groups, pairs = len(start), len(lists[2]) - 1, len(lists[1])
    if not groups or not start.any():
        return start.copy()
    built, best = start.copy(), start.copy()
    times, weight = np.zeros(groups, dtype=np.int64), np.ones(groups)
    score, since = np.zeros(sites), np.zeros(sites, dtype=np.int64)
    count_covers(*lists[:2], built, times, weight, score)
    is_open, place = np.zeros(groups, dtype=np.int64), np.full(groups, -1)
    may_come = np.ones(sites, dtype=np.bool_)
    random: Any = np.array([88_172_645_463_325_252], dtype=np.uint64)
    sums = np.array([price[start].sum(), price[start].sum(), 0.0, 0.0])
    touched = 6.0 * pairs / sites * pairs / groups
    least = EXACT * float(price.sum())
    for _ in range(1 + int(work / (touched * STEPS_A_TURN))):
        search(
            *lists, price, built, best, times, weight, score, since, is_open, place, may_come, random, sums, least,
            STEPS_A_TURN,
        )  # fmt: skip
        if is_enough(float(sums[1])):
            break
    return best


@njit(cache=True, nogil=True)
def count_covers(
    indptr: IntArray,
    indices: IntArray,
    built: BoolArray,
    times: IntArray,
    weight: FloatArray,
    score: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Count how often each group is covered, and weigh what each built site alone covers."""
    for site in np.flatnonzero(built):
        for at in range(indptr[site], indptr[site + 1]):
            times[indices[at]] += 1
    for site in np.flatnonzero(built):
        for at in range(indptr[site], indptr[site + 1]):
            if times[indices[at]] == 1:
                score[site] += weight[indices[at]]


@njit(cache=True, nogil=True)
def search(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    price: FloatArray,
    built: BoolArray,
    best: BoolArray,
    times: IntArray,
    weight: FloatArray,
    score: FloatArray,
    since: IntArray,
    is_open: IntArray,
    place: IntArray,
    may_come: BoolArray,
    random: IntArray,
    sums: FloatArray,
    least: float,
    steps: int,
) -> None:  # pragma: no cover - compiled
    """Take steps; ``sums`` are the price now, the least so far, the number of open groups and the steps taken.

    ``score`` of a built site is the weight it alone covers, of another the weight of the open groups it would cover.
    """
    kept = -1
    for _ in range(steps):
        sums[3] += 1
        while sums[2] == 0:
            if sums[0] < sums[1] - least:
                sums[1] = sums[0]
                best[:] = built
            site = cheapest_to_lose(built, score, price, since, -1)
            if site < 0:
                return
            turn(
                site,
                indptr,
                indices,
                group_start,
                group_site,
                built,
                times,
                weight,
                score,
                since,
                is_open,
                place,
                may_come,
                sums,
            )
            sums[0] -= price[site]
        site = cheapest_to_lose(built, score, price, since, kept)
        if site >= 0:
            turn(
                site,
                indptr,
                indices,
                group_start,
                group_site,
                built,
                times,
                weight,
                score,
                since,
                is_open,
                place,
                may_come,
                sums,
            )
            sums[0] -= price[site]
            may_come[site] = False
        while sums[2] > 0:
            bits = random[0]
            bits ^= bits << np.uint64(13)
            bits ^= bits >> np.uint64(7)
            bits ^= bits << np.uint64(17)
            random[0] = bits
            group = is_open[np.int64((bits >> np.uint64(11)) % np.uint64(sums[2]))]
            new = best_to_come(group, group_start, group_site, price, score, since, may_come, sums[1] - least - sums[0])
            if new < 0:
                break
            turn(
                new,
                indptr,
                indices,
                group_start,
                group_site,
                built,
                times,
                weight,
                score,
                since,
                is_open,
                place,
                may_come,
                sums,
            )
            sums[0] += price[new]
            kept = new
            for at in range(np.int64(sums[2])):
                group = is_open[at]
                weight[group] += 1.0
                for position in range(group_start[group], group_start[group + 1]):
                    score[group_site[position]] += 1.0


@njit(cache=True, nogil=True)
def best_to_come(
    group: int,
    group_start: IntArray,
    group_site: IntArray,
    price: FloatArray,
    score: FloatArray,
    since: IntArray,
    may_come: BoolArray,
    left: float,
) -> int:  # pragma: no cover - compiled
    """Return the candidate of a group that brings most by yuan for less than is left, of equals the one longest away; -1: none."""
    new = -1
    for position in range(group_start[group], group_start[group + 1]):
        other = group_site[position]
        if not may_come[other] or price[other] >= left:
            continue
        if new >= 0:
            ahead = score[other] * price[new] - score[new] * price[other]
            if ahead < 0 or (ahead == 0 and since[other] >= since[new]):
                continue
        new = other
    return new


@njit(cache=True, nogil=True)
def cheapest_to_lose(
    built: BoolArray, score: FloatArray, price: FloatArray, since: IntArray, kept: int
) -> Any:  # pragma: no cover - compiled
    """Return the built site of the least score by yuan, of equals the one that stands longest; never the one just come."""
    found: Any = -1
    for site in np.flatnonzero(built):
        if site == kept:
            continue
        if (
            found < 0
            or score[site] * price[found] < score[found] * price[site]
            or (score[site] * price[found] == score[found] * price[site] and since[site] < since[found])
        ):
            found = site
    return found


@njit(cache=True, nogil=True)
def turn(
    site: int,
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    built: BoolArray,
    times: IntArray,
    weight: FloatArray,
    score: FloatArray,
    since: IntArray,
    is_open: IntArray,
    place: IntArray,
    may_come: BoolArray,
    sums: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Build a site or take it away, and all that hangs on it; whoever shares a group with it may come again."""
    comes = not built[site]
    built[site] = comes
    since[site] = np.int64(sums[3])
    score[site] = 0.0
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        times[group] += 1 if comes else -1
        now = times[group]
        if comes and now == 1:  # no longer open: nobody else would gain it
            score[site] += weight[group]
            sums[2] -= 1
            last = is_open[np.int64(sums[2])]
            is_open[place[group]], place[last] = last, place[group]
            place[group] = -1
        if not comes and now == 0:
            score[site] += weight[group]
            is_open[np.int64(sums[2])] = group
            place[group] = np.int64(sums[2])
            sums[2] += 1
        for position in range(group_start[group], group_start[group + 1]):
            other = group_site[position]
            may_come[other] = True
            if other == site:
                continue
            # What was open to all is so no longer, or what one site alone covered is so no longer; and the other way about.
            if now == (1 if comes else 0) or (now == (2 if comes else 1) and built[other]):
                score[other] += -weight[group] if comes else weight[group]
