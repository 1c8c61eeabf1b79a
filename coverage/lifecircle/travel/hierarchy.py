"""A network ranked once, so that the costs from any seeds to every node are two passes over memory and a small search.

Nodes with few neighbours are taken out one after another; where a shortest path may have led through one, its neighbours are
joined by an arc of the same cost, so that what is left (the core) keeps every cost. Seeds then climb to the core in the order of
taking out, the core is searched, and costs come down in the reverse order (nested elimination as in customizable contraction
hierarchies, J. Dibbelt, B. Strasser and D. Wagner 2016, https://doi.org/10.1145/2886843; the pass downwards is PHAST, D. Delling
et al. 2013, https://doi.org/10.1016/j.jpdc.2012.02.007). Costs are float64 and exact but for the order in which they are summed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from lifecircle.model import FloatArray, IntArray

Int32Array = npt.NDArray[np.int32]

MOST_NEIGHBOURS = 4
"""Nodes with more stay in the core. With 16 a search takes 0.8 of the time on real streets and as long on a grid; ranking, 2 to 8
times as long."""
BUSIEST = 64
"""Next to a node with more neighbours nothing is taken out, so that a hub never makes the ranking quadratic."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Nodes in the order they were taken out, then the core; arcs from each node taken out to its neighbours above."""

    place: IntArray
    """Of each node: its place in that order."""
    n_out: int
    """How many were taken out; the core is the rest."""
    start: IntArray
    above: Int32Array
    """Places of the neighbours of place *p*: ``above[start[p] : start[p + 1]]``."""
    climb: FloatArray
    """Cost from the node to that neighbour."""
    descend: FloatArray
    """Cost from that neighbour to the node."""
    core_tail: IntArray
    core_head: IntArray
    core_cost: FloatArray
    """The core's arcs, its nodes counted from 0."""


def rank_nodes(start: IntArray, head: Int32Array, cost: FloatArray, most: int = MOST_NEIGHBOURS) -> Ranking:
    """Take nodes out, those with the fewest neighbours first, as long as one has at most ``most``.

    Parameters
    ----------
    start, head, cost
        Arcs as compressed rows; costs finite, not negative, no loops.
    """
    n_nodes = len(start) - 1
    first, following, other, price = _link_pairs(start, head, cost)
    order, n_out, rows, above, climb, descend, following, other, price = _take_out(first, following, other, price, most)
    place = np.empty(n_nodes, dtype=np.int64)
    place[order] = np.arange(n_nodes)
    core_tail, core_head, core_cost = _core_arcs(order[n_out:], first, following, other, price)
    return Ranking(
        place=place,
        n_out=n_out,
        start=rows,
        above=place[above].astype(np.int32),
        climb=climb,
        descend=descend,
        core_tail=place[core_tail] - n_out,
        core_head=place[core_head] - n_out,
        core_cost=core_cost,
    )


@njit(cache=True, nogil=True)
def _link_pairs(
    start: IntArray, head: Int32Array, cost: FloatArray
) -> tuple[Int32Array, Int32Array, Int32Array, FloatArray]:  # pragma: no cover - compiled
    """Return neighbours as linked lists: half *h* of a pair is kept at one node, half ``h ^ 1`` at the other.

    ``first[n]`` is the first half at node *n*, ``following[h]`` the next; ``other[h]`` the neighbour, ``price[h]`` the cost to it,
    inf if there is no arc that way. Of several arcs between two nodes the cheapest counts.
    """
    n_nodes = len(start) - 1
    first = np.full(n_nodes, -1, dtype=np.int32)
    following = np.full(2 * len(head) + 2, -1, dtype=np.int32)
    other = np.empty(2 * len(head) + 2, dtype=np.int32)
    price = np.full(2 * len(head) + 2, np.inf)
    half_to = np.full(n_nodes, -1, dtype=np.int32)
    filled = 0
    for node in range(n_nodes):
        half = first[node]
        while half != -1:
            half_to[other[half]] = half
            half = following[half]
        for arc in range(start[node], start[node + 1]):
            to = head[arc]
            half = half_to[to]
            if half == -1:
                half = filled
                filled += 2
                other[half], other[half + 1] = to, node
                following[half], following[half + 1] = first[node], first[to]
                first[node], first[to] = half, half + 1
                half_to[to] = half
            price[half] = min(price[half], cost[arc])
        half = first[node]
        while half != -1:
            half_to[other[half]] = -1
            half = following[half]
    return first, following[:filled], other[:filled], price[:filled]


@njit(cache=True, nogil=True)
def _take_out(
    first: Int32Array, following: Int32Array, other: Int32Array, price: FloatArray, most: int
) -> tuple[IntArray, int, IntArray, Int32Array, FloatArray, FloatArray, Int32Array, Int32Array, FloatArray]:  # fmt: skip  # pragma: no cover - compiled
    """Return all nodes in order, how many were taken out, their arcs as compressed rows, and the links that are left."""
    n_nodes = len(first)
    degree = np.bincount(other, minlength=n_nodes)
    # Nodes waiting, by number of neighbours, first come first served: neighbours in space are taken out near each other.
    begin, end = np.full(most + 1, -1, dtype=np.int32), np.full(most + 1, -1, dtype=np.int32)
    links = np.full((n_nodes, 2), -1, dtype=np.int32)
    for node in range(n_nodes):
        _move(node, most + 1, degree[node], most, begin, end, links)
    order, is_out = np.empty(n_nodes, dtype=np.int64), np.zeros(n_nodes, dtype=np.bool_)
    rows = np.zeros(n_nodes + 1, dtype=np.int64)
    above, climb, descend = np.empty(0, np.int32), np.empty(0), np.empty(0)
    index, was = np.full(n_nodes, -1, dtype=np.int32), np.empty(most, dtype=np.int64)
    free, n_free, n_out, filled, fewest = -1, 0, 0, 0, 0
    while fewest <= most:
        node = begin[fewest]
        if node == -1:
            fewest += 1
            continue
        _leave(node, fewest, begin, end, links)
        while filled + most > len(above):
            above, climb, descend = _longer_whole(above), _longer(climb), _longer(descend)
        if n_free < most * most:
            room = len(other)
            following, other, price = _longer_whole(following), _longer_whole(other), _longer(price)
            free, n_free = _set_free(free, room, following), n_free + (len(other) - room) // 2
        row, busiest, half = filled, 0, first[node]
        while half != -1:
            above[filled], climb[filled], descend[filled] = other[half], price[half], price[half ^ 1]
            was[filled - row] = degree[other[half]]
            busiest = max(busiest, was[filled - row])
            filled, half = filled + 1, following[half]
        if busiest > BUSIEST:
            filled = row
            continue
        free, n_made = _join_neighbours(
            node, above[row:filled], climb[row:filled], descend[row:filled], free, first, following, other, price, degree, index
        )  # fmt: skip
        n_free += filled - row - n_made
        for position in range(row, filled):
            _move(above[position], was[position - row], degree[above[position]], most, begin, end, links)
            fewest = min(fewest, degree[above[position]])
        is_out[node], order[n_out] = True, node
        n_out += 1
        rows[n_out] = filled
    order[n_out:] = np.flatnonzero(~is_out)
    return (
        order, n_out, rows[: n_out + 1], above[:filled].copy(), climb[:filled].copy(), descend[:filled].copy(),
        following, other, price,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _join_neighbours(
    node: int, neighbours: Int32Array, climb: FloatArray, descend: FloatArray, free: int, first: Int32Array,
    following: Int32Array, other: Int32Array, price: FloatArray, degree: IntArray, index: Int32Array,
) -> tuple[int, int]:  # fmt: skip  # pragma: no cover - compiled
    """Take a node out of the links; its neighbours keep what led through it. Return the first free pair, and how many were made.

    ``index`` is -1 throughout, before and after.
    """
    count, n_made = len(neighbours), 0
    for position in range(count):
        index[neighbours[position]] = position
    has_link = np.zeros((count, count), dtype=np.bool_)
    for position in range(count):
        neighbour = neighbours[position]
        previous, half = -1, first[neighbour]
        while half != -1:
            to, upon = other[half], following[half]
            if to == node:
                if previous == -1:
                    first[neighbour] = upon
                else:
                    following[previous] = upon
            else:
                previous = half
                if index[to] != -1:
                    has_link[position, index[to]] = True
                    price[half] = min(price[half], descend[position] + climb[index[to]])
            half = upon
        degree[neighbour] -= 1
        for further in range(position + 1, count):
            there, back = descend[position] + climb[further], descend[further] + climb[position]
            if has_link[position, further] or (there == np.inf and back == np.inf):
                continue
            pair, to = free, neighbours[further]
            free = following[pair]
            other[pair], other[pair + 1] = to, neighbour
            price[pair], price[pair + 1] = there, back
            following[pair], following[pair + 1] = first[neighbour], first[to]
            first[neighbour], first[to] = pair, pair + 1
            degree[neighbour] += 1
            degree[to] += 1
            n_made += 1
    half = first[node]
    while half != -1:
        upon, pair = following[half], half & ~1
        index[other[half]] = -1
        following[pair] = free
        free, half = pair, upon
    first[node] = -1
    return free, n_made


@njit(cache=True, nogil=True)
def _set_free(free: int, room: int, following: Int32Array) -> int:  # pragma: no cover - compiled
    """Put the pairs from ``room`` on among the free ones; return the first."""
    for pair in range(room, len(following), 2):
        following[pair] = free
        free = pair
    return free


@njit(cache=True, nogil=True, inline="always")
def _queue_up(
    node: int, rank: int, begin: Int32Array, end: Int32Array, links: Int32Array
) -> None:  # pragma: no cover - compiled
    """Put a node at the end of the queue of its rank; ``links`` are the next and the previous in the queue."""
    links[node, 0], links[node, 1] = -1, end[rank]
    if end[rank] == -1:
        begin[rank] = node
    else:
        links[end[rank], 0] = node
    end[rank] = node


@njit(cache=True, nogil=True, inline="always")
def _leave(
    node: int, rank: int, begin: Int32Array, end: Int32Array, links: Int32Array
) -> None:  # pragma: no cover - compiled
    following, previous = links[node]
    if previous == -1 and begin[rank] != node:
        return  # not waiting: it was passed over beside a hub
    if previous == -1:
        begin[rank] = following
    else:
        links[previous, 0] = following
    if following == -1:
        end[rank] = previous
    else:
        links[following, 1] = previous


@njit(cache=True, nogil=True)
def _move(
    node: int, was: int, now: int, most: int, begin: Int32Array, end: Int32Array, links: Int32Array
) -> None:  # pragma: no cover - compiled
    if was == now:
        return
    if was <= most:
        _leave(node, was, begin, end, links)
    if now <= most:
        _queue_up(node, now, begin, end, links)


@njit(cache=True, nogil=True)
def _longer(values: FloatArray) -> FloatArray:  # pragma: no cover - compiled
    grown = np.full(2 * len(values) + 1024, np.inf)
    grown[: len(values)] = values
    return grown


@njit(cache=True, nogil=True)
def _longer_whole(values: Int32Array) -> Int32Array:  # pragma: no cover - compiled
    grown = np.full(2 * len(values) + 1024, -1, dtype=np.int32)
    grown[: len(values)] = values
    return grown


@njit(cache=True, nogil=True)
def _core_arcs(
    core: IntArray, first: Int32Array, following: Int32Array, other: Int32Array, price: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:  # pragma: no cover - compiled
    count = 0
    for node in core:
        half = first[node]
        while half != -1:
            count += price[half] < np.inf
            half = following[half]
    tail, head, cost = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count)
    filled = 0
    for node in core:
        half = first[node]
        while half != -1:
            if price[half] < np.inf:
                tail[filled], head[filled], cost[filled] = node, other[half], price[half]
                filled += 1
            half = following[half]
    return tail, head, cost


@njit(cache=True, nogil=True)
def climb_to_core(
    start: IntArray, above: Int32Array, climb: FloatArray, cost: FloatArray, label: IntArray
) -> None:  # pragma: no cover - compiled
    """Carry the costs of seeds up to the core; ``cost`` and ``label`` are in the order of places."""
    for place in range(len(start) - 1):
        here = cost[place]
        if here < np.inf:
            for arc in range(start[place], start[place + 1]):
                to = np.uint64(above[arc])
                if here + climb[arc] < cost[to]:
                    cost[to], label[to] = here + climb[arc], label[place]


@njit(cache=True, nogil=True)
def descend_from_core(
    start: IntArray, above: Int32Array, descend: FloatArray, cost: FloatArray, label: IntArray
) -> None:  # pragma: no cover - compiled
    """Bring the core's costs down to every node taken out, the last first."""
    for place in range(len(start) - 2, -1, -1):
        best, name = cost[place], label[place]
        for arc in range(start[place], start[place + 1]):
            source = np.uint64(above[arc])
            if cost[source] + descend[arc] < best:
                best, name = cost[source] + descend[arc], label[source]
        cost[place], label[place] = best, name
