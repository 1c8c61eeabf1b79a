"""Compiled swaps of backup covering: people count once two sites, or as many as they lack, have them within reach.

A first of two sites is worth a share of the people: without it the second has nothing to complete, and swaps would not begin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.swaps import best_candidate


@njit(cache=True, nogil=True)
def worth_of_next(times: int, lacks: int, first: float) -> float:  # pragma: no cover - compiled
    """Return what one more site is worth to a person who has so many and lacks so many in all."""
    if times >= lacks:
        return 0.0
    if lacks == 1:
        return 1.0
    return first if times < lacks - 1 else 1.0 - first


@njit(cache=True, nogil=True)
def shift(
    site: Any,
    step: int,
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    lacks: IntArray,
    first: float,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Build a site (step 1) or take it away (-1): what others would bring changes with it."""
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        before = worth_of_next(times[group], lacks[group], first)
        times[group] += step
        more = (worth_of_next(times[group], lacks[group], first) - before) * weight[group]
        if more != 0.0:
            for position in range(group_start[group], group_start[group + 1]):
                gain[group_site[position]] += more


@njit(cache=True, nogil=True)
def fill_and_swap(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    lacks: IntArray,
    first: float,
    costs: FloatArray,
    count: int,
    budget: float,
    least: float,
    built: BoolArray,
) -> None:  # pragma: no cover - compiled
    """Build the best candidates as far as count and budget go, then replace one by another while that adds more than ``least``."""
    times, gain = np.zeros(len(weight), dtype=np.int64), np.zeros(len(built))
    for group in range(len(weight)):
        for position in range(group_start[group], group_start[group + 1]):
            gain[group_site[position]] += worth_of_next(0, lacks[group], first) * weight[group]
    number, left = 0, budget
    site: Any = 0
    other: Any = 0
    for site in np.flatnonzero(built):
        shift(site, 1, indptr, indices, group_start, group_site, weight, lacks, first, times, gain)
        number += 1
        left -= costs[site]
    while number < count:
        site = best_candidate(gain, built, costs, left, False)
        if site < 0 or gain[site] <= least:
            break
        shift(site, 1, indptr, indices, group_start, group_site, weight, lacks, first, times, gain)
        built[site] = True
        number += 1
        left -= costs[site]
    since, site = 0, 0
    while since < len(built):
        if built[site]:
            shift(site, -1, indptr, indices, group_start, group_site, weight, lacks, first, times, gain)
            built[site] = False
            other = best_candidate(gain, built, costs, left + costs[site], False)
            if other < 0 or gain[other] <= gain[site] + least:
                other = site
            else:
                since = 0
            shift(other, 1, indptr, indices, group_start, group_site, weight, lacks, first, times, gain)
            built[other] = True
            left += costs[site] - costs[other]
        since += 1
        site = site + 1 if site + 1 < len(built) else 0
