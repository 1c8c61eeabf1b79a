"""Compiled loops of maximal covering: greedy, and the swaps that a greedy choice leaves open.

The state is how often each group is covered and, for every candidate, the people it would add. Adding or dropping one site touches only
the groups that change sides, and the candidates of those. Ties go to the lowest candidate.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray


@njit(cache=True, nogil=True)
def start_gains(indptr: IntArray, indices: IntArray, weight: FloatArray) -> FloatArray:  # pragma: no cover - compiled
    """Return the people of each candidate while nothing is covered."""
    gain = np.zeros(len(indptr) - 1)
    for site in range(len(gain)):
        for at in range(indptr[site], indptr[site + 1]):
            gain[site] += weight[indices[at]]
    return gain


@njit(cache=True, nogil=True)
def add(
    site: int,
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Build a site: groups it covers first stop being a gain to others."""
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        if times[group] == 0:
            for position in range(group_start[group], group_start[group + 1]):
                gain[group_site[position]] -= weight[group]
        times[group] += 1


@njit(cache=True, nogil=True)
def drop(
    site: int,
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Take a site away again; its own gain is then what it was worth."""
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        times[group] -= 1
        if times[group] == 0:
            for position in range(group_start[group], group_start[group + 1]):
                gain[group_site[position]] += weight[group]


@njit(cache=True, nogil=True)
def best_candidate(
    gain: FloatArray, built: BoolArray, costs: FloatArray, left: float, per_yuan: bool
) -> int:  # pragma: no cover - compiled
    """Return the affordable candidate of the greatest gain (by yuan, if asked); -1 where none is affordable."""
    best, best_value = -1, -np.inf
    for site in range(len(gain)):
        if built[site] or costs[site] > left:
            continue
        value = gain[site]
        if per_yuan:
            value = value / costs[site] if costs[site] > 0 else (np.inf if value > 0 else 0.0)
        if value > best_value:
            best, best_value = site, value
    return best


@njit(cache=True, nogil=True)
def fill_greedily(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    costs: FloatArray,
    count: int,
    budget: float,
    per_yuan: bool,
    least: float,
    built: BoolArray,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Build the best candidate one after another, while the next adds more than ``least`` people and is affordable."""
    number, spent = 0, 0.0
    for site in range(len(built)):
        if built[site]:
            number += 1
            spent += costs[site]
    while number < count:
        site = best_candidate(gain, built, costs, budget - spent, per_yuan)
        if site < 0 or gain[site] <= least:
            return
        add(site, indptr, indices, group_start, group_site, weight, times, gain)
        built[site] = True
        number += 1
        spent += costs[site]


@njit(cache=True, nogil=True)
def swap_until_none_helps(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    costs: FloatArray,
    budget: float,
    least: float,
    built: BoolArray,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Replace one site by one other while that adds more than ``least`` people."""
    spent = 0.0
    for site in range(len(built)):
        if built[site]:
            spent += costs[site]
    since, site = 0, 0
    while since < len(built):
        if built[site]:
            drop(site, indptr, indices, group_start, group_site, weight, times, gain)
            built[site] = False
            other = best_candidate(gain, built, costs, budget - spent + costs[site], False)
            if other < 0 or gain[other] <= gain[site] + least:
                other = site
            else:
                since = 0
            add(other, indptr, indices, group_start, group_site, weight, times, gain)
            built[other] = True
            spent += costs[other] - costs[site]
        since += 1
        site = site + 1 if site + 1 < len(built) else 0
