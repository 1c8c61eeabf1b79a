"""Shortest paths over the contracted network: Dijkstra's algorithm with buckets for a queue, compiled.

Costs are float64 throughout and exact: within a bucket nodes settle again as often as their cost falls (R. B. Dial 1969;
delta-stepping, U. Meyer and P. Sanders 2003, https://doi.org/10.1016/S0196-6774(03)00076-2), so the bucket's width changes the
speed and never the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from lifecircle.model import FloatArray, IntArray

MOST_BUCKETS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Arcs as compressed rows: from node *n* to ``head[start[n] : start[n + 1]]`` at ``cost``."""

    start: IntArray
    head: IntArray
    cost: FloatArray
    width: float
    """Width of a bucket, in the unit of cost."""
    buckets: int

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.start) - 1


def make_graph(tail: IntArray, head: IntArray, cost: FloatArray, n_nodes: int) -> Graph:
    """Return arcs ordered by tail. Arcs of infinite cost and loops are left out: no shortest path uses them."""
    good = np.isfinite(cost) & (tail != head)
    tail, head, cost = tail[good], head[good], cost[good]
    order = np.argsort(tail, kind="stable")
    start = np.zeros(n_nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=n_nodes), out=start[1:])
    longest = float(cost.max()) if len(cost) else 1.0
    mean = float(cost.mean()) if len(cost) else 1.0
    width = max(mean / 4, longest / (MOST_BUCKETS - 2), 1e-9)
    return Graph(start, head[order].astype(np.int32), cost[order], width, int(longest / width) + 2)


def make_travel_graph(
    a: IntArray, b: IntArray, there: FloatArray, back: FloatArray, n_nodes: int, *, reverse: bool
) -> Graph:
    """Return the graph of edges ``a``-``b``; with ``reverse``, searched from the end of the journey to its start.

    ``there`` is the cost from ``a`` to ``b`` and ``back`` from ``b`` to ``a``: inf where nobody may go.
    """
    if reverse:
        there, back = back, there
    return make_graph(np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([there, back]), n_nodes)


def search_from(
    graph: Graph, seed_node: IntArray, seed_cost: FloatArray, seed_label: IntArray, limit: float = np.inf
) -> tuple[FloatArray, IntArray]:
    """Return for every node the least cost from any seed, and that seed's label.

    Parameters
    ----------
    seed_node, seed_cost, seed_label
        Where the search starts, at what cost (inf is passed over), and what to call it.
    limit
        Costs above it are not reported.

    Returns
    -------
    cost : FloatArray
        inf where not reached.
    label : IntArray
        -1 where not reached.
    """
    cost = np.full(graph.n_nodes, np.inf)
    label = np.full(graph.n_nodes, -1, dtype=np.int64)
    touched = np.empty(graph.n_nodes, dtype=np.int64)
    queue = make_queue(graph)
    run_search(
        graph.start,
        graph.head,
        graph.cost,
        graph.width,
        seed_node,
        seed_cost,
        seed_label,
        limit,
        cost,
        label,
        touched,
        *queue,
    )
    return cost, label


def make_queue(graph: Graph) -> tuple[IntArray, IntArray, IntArray]:
    """Return the scratch of a search: the buckets' first nodes, and each node's next and previous in its bucket."""
    return (
        np.full(graph.buckets + 1, -1, dtype=np.int64),
        np.full(graph.n_nodes, -1, dtype=np.int64),
        np.full(graph.n_nodes, -1, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def run_search(
    start: IntArray,
    head: IntArray,
    arc_cost: FloatArray,
    width: float,
    seed_node: IntArray,
    seed_cost: FloatArray,
    seed_label: IntArray,
    limit: float,
    cost: FloatArray,
    label: IntArray,
    touched: IntArray,
    first: IntArray,
    after: IntArray,
    before: IntArray,
) -> int:  # pragma: no cover - compiled
    """Fill ``cost`` and ``label``; return how many nodes of ``touched`` were reached. ``cost`` must be inf, ``first`` -1."""
    n_buckets = len(first)
    inverse = 1.0 / width
    n_touched = 0
    waiting = 0
    # Seeds may lie farther apart than the ring of buckets is long: they enter in order of cost, as the ring comes by.
    order = np.argsort(seed_cost)
    next_seed = 0
    bucket = 0
    if len(order) == 0 or not seed_cost[order[0]] <= limit:
        return 0
    bucket = int(seed_cost[order[0]] * inverse)
    while True:
        if waiting == 0:
            if next_seed >= len(order) or not seed_cost[order[next_seed]] <= limit:
                break
            bucket = max(bucket, int(seed_cost[order[next_seed]] * inverse))
        while next_seed < len(order):
            seed = order[next_seed]
            if not seed_cost[seed] <= limit or int(seed_cost[seed] * inverse) > bucket:
                break
            next_seed += 1
            node = seed_node[seed]
            if seed_cost[seed] < cost[node]:
                if cost[node] == np.inf:
                    touched[n_touched] = node
                    n_touched += 1
                elif after[node] != -1:
                    waiting -= 1
                    _take_out(node, int(cost[node] * inverse) % n_buckets, first, after, before)
                cost[node] = seed_cost[seed]
                label[node] = seed_label[seed]
                _put_in(node, bucket % n_buckets, first, after, before)
                waiting += 1
        slot = bucket % n_buckets
        while first[slot] != -1:
            node = first[slot]
            _take_out(node, slot, first, after, before)
            waiting -= 1
            here = cost[node]
            name = label[node]
            for arc in range(start[node], start[node + 1]):
                other = head[arc]
                reached = here + arc_cost[arc]
                if reached < cost[other] and reached <= limit:
                    if cost[other] == np.inf:
                        touched[n_touched] = other
                        n_touched += 1
                    elif after[other] != -1:
                        waiting -= 1
                        _take_out(other, int(cost[other] * inverse) % n_buckets, first, after, before)
                    cost[other] = reached
                    label[other] = name
                    _put_in(other, int(reached * inverse) % n_buckets, first, after, before)
                    waiting += 1
        bucket += 1
    return n_touched


@njit(cache=True, nogil=True, inline="always")
def _put_in(
    node: int,
    slot: int,
    first: IntArray,
    after: IntArray,
    before: IntArray,
) -> None:  # pragma: no cover - compiled
    """Put a node at the head of its bucket. ``after`` is -1 outside any bucket and the node itself at a bucket's end."""
    following = first[slot]
    after[node] = node if following == -1 else following
    before[node] = -1
    if following != -1:
        before[following] = node
    first[slot] = node


@njit(cache=True, nogil=True, inline="always")
def _take_out(
    node: int,
    slot: int,
    first: IntArray,
    after: IntArray,
    before: IntArray,
) -> None:  # pragma: no cover - compiled
    following = after[node]
    previous = before[node]
    if following == node:
        following = -1
    if previous == -1:
        first[slot] = following
    elif following == -1:
        after[previous] = previous
    else:
        after[previous] = following
    if following != -1:
        before[following] = previous
    after[node] = -1
