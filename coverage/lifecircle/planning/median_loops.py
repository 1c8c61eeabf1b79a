"""Compiled loops of p-median, on each cell's candidates in the order of their cost.

Every list ends where it is stored; what stands beyond is ``beyond[cell]``, the weighted cost of being served by nobody. What stands
already is in the lists, and open from the start.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray


@njit(cache=True, nogil=True)
def two_nearest(
    start: IntArray, site: IntArray, cost: FloatArray, beyond: FloatArray, is_open: BoolArray
) -> tuple[IntArray, FloatArray, FloatArray]:  # pragma: no cover - compiled
    """Return each cell's nearest open site (-1: none), its weighted cost and that of the second nearest."""
    cells = len(beyond)
    first = np.full(cells, -1, dtype=np.int64)
    one, two = beyond.copy(), beyond.copy()
    for cell in range(cells):
        for at in range(start[cell], start[cell + 1]):
            if is_open[site[at]]:
                if first[cell] < 0:
                    first[cell] = site[at]
                    one[cell] = min(cost[at], beyond[cell])
                else:
                    two[cell] = min(cost[at], beyond[cell])
                    break
    return first, one, two


@njit(cache=True, nogil=True)
def savings(
    start: IntArray, site: IntArray, cost: FloatArray, one: FloatArray, sites: int
) -> FloatArray:  # pragma: no cover - compiled
    """Return how much each site would lower the total if it were opened too."""
    gain = np.zeros(sites)
    for cell in range(len(one)):
        for at in range(start[cell], start[cell + 1]):
            if cost[at] >= one[cell]:
                break
            gain[site[at]] += one[cell] - cost[at]
    return gain


@njit(cache=True, nogil=True)
def best_swap(
    start: IntArray,
    site: IntArray,
    cost: FloatArray,
    first: IntArray,
    one: FloatArray,
    two: FloatArray,
    place: IntArray,
    leavers: IntArray,
    barred: BoolArray,
    site_cost: FloatArray,
    left: float,
) -> tuple[int, int, float]:  # pragma: no cover - compiled
    """Return who comes, who leaves (its place among the leavers) and what that saves, the most of all swaps within the money left.

    Resende & Werneck 2007, EJOR 182, 54-68, doi:10.1016/j.ejor.2006.07.029: what a pair saves is what the one brings, less what the other
    takes along, plus what both counts have in common.
    """
    sites, number = len(place), len(leavers)
    gain = np.zeros(sites)
    loss = np.zeros(number)
    common = np.zeros((sites, number))
    for cell in range(len(one)):
        here = place[first[cell]] if first[cell] >= 0 else -1
        if here >= 0:
            loss[here] += two[cell] - one[cell]
        for at in range(start[cell], start[cell + 1]):
            if cost[at] >= two[cell]:
                break
            if cost[at] < one[cell]:
                gain[site[at]] += one[cell] - cost[at]
                if here >= 0:
                    common[site[at], here] += two[cell] - one[cell]
            elif here >= 0:
                common[site[at], here] += two[cell] - cost[at]
    best, comes, leaves = 0.0, -1, -1
    for new in range(sites):
        if barred[new]:
            continue
        for here in range(number):
            if site_cost[new] - site_cost[leavers[here]] > left:
                continue
            saved = gain[new] - loss[here] + common[new, here]
            if saved > best:
                best, comes, leaves = saved, new, here
    return comes, leaves, best


@njit(cache=True, nogil=True)
def priced(
    start: IntArray, site: IntArray, cost: FloatArray, prices: FloatArray, sites: int
) -> FloatArray:  # pragma: no cover - compiled
    """Return what each site is worth at prices: the sum over cells of min(0, cost - price)."""
    values = np.zeros(sites)
    for cell in range(len(prices)):
        for at in range(start[cell], start[cell + 1]):
            if cost[at] >= prices[cell]:
                break
            values[site[at]] += cost[at] - prices[cell]
    return values


@njit(cache=True, nogil=True)
def times_served(
    start: IntArray, site: IntArray, cost: FloatArray, prices: FloatArray, is_open: BoolArray
) -> FloatArray:  # pragma: no cover - compiled
    """Return how many open sites would serve each cell at its price."""
    times = np.zeros(len(prices))
    for cell in range(len(prices)):
        for at in range(start[cell], start[cell + 1]):
            if cost[at] >= prices[cell]:
                break
            if is_open[site[at]]:
                times[cell] += 1.0
    return times
