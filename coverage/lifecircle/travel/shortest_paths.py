"""Shortest paths over the contracted network: Dijkstra's algorithm with buckets for a queue, compiled.

Costs are float64 throughout and exact: within a bucket nodes settle again as often as their cost falls (R. B. Dial 1969;
delta-stepping, U. Meyer and P. Sanders 2003, https://doi.org/10.1016/S0196-6774(03)00076-2), so the bucket's width changes the
speed and never the answer. A search without limit from many seeds is answered by the network's hierarchy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from lifecircle.model import FloatArray, IntArray
from lifecircle.travel.hierarchy import Int32Array, Ranking, climb_to_core, descend_from_core, rank_nodes

MOST_BUCKETS = 1 << 16
BUCKETS_A_MEAN = 8
"""Buckets in the length of a mean arc; from 4 to 16 the speed is the same."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Arcs as compressed rows: from node *n* to ``head[start[n] : start[n + 1]]`` at ``cost``."""

    start: IntArray
    head: Int32Array
    cost: FloatArray
    width: float
    """Width of a bucket, in the unit of cost."""
    buckets: int
    """More than the longest arc passes over; a power of two."""

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.start) - 1

    @cached_property
    def hierarchy(self) -> tuple[Ranking, Graph]:
        """Its nodes ranked, and the core of them: once a graph."""
        ranking = rank_nodes(self.start, self.head, self.cost)
        n_core = self.n_nodes - ranking.n_out
        return ranking, make_graph(ranking.core_tail, ranking.core_head, ranking.core_cost, n_core)


def make_graph(tail: IntArray, head: IntArray, cost: FloatArray, n_nodes: int) -> Graph:
    """Return arcs ordered by tail. Arcs of infinite cost and loops are left out: no shortest path uses them."""
    good = np.isfinite(cost) & (tail != head)
    tail, head, cost = tail[good], head[good], cost[good]
    order = np.argsort(tail, kind="stable")
    start = np.zeros(n_nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=n_nodes), out=start[1:])
    longest = float(cost.max()) if len(cost) else 1.0
    mean = float(cost.mean()) if len(cost) else 1.0
    width = max(mean / BUCKETS_A_MEAN, longest / (MOST_BUCKETS - 3), 1e-9)
    buckets = 1 << (int(longest / width) + 2).bit_length()
    return Graph(start, head[order].astype(np.int32), cost[order], width, buckets)


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
    if limit == np.inf:
        ranking, core = graph.hierarchy
        return _search_everywhere(
            ranking.place, ranking.start, ranking.above, ranking.climb, ranking.descend,
            core.start, core.head, core.cost, core.width, seed_node, seed_cost, seed_label, *make_queue(core),
        )  # fmt: skip
    cost = np.full(graph.n_nodes, np.inf)
    label = np.full(graph.n_nodes, -1, dtype=np.int64)
    touched = np.empty(graph.n_nodes, dtype=np.int64)
    run_search(
        graph.start, graph.head, graph.cost, graph.width, seed_node, seed_cost, seed_label, limit,
        cost, label, touched, *make_queue(graph),
    )  # fmt: skip
    return cost, label


def make_queue(graph: Graph) -> tuple[Int32Array, Int32Array]:
    """Return the scratch of a search: the buckets' first nodes, and each node's next and previous in its bucket."""
    return np.full(graph.buckets, -1, dtype=np.int32), np.full((graph.n_nodes, 2), -1, dtype=np.int32)


@njit(cache=True, nogil=True)
def _search_everywhere(
    place: IntArray,
    rows: IntArray,
    above: Int32Array,
    climb: FloatArray,
    descend: FloatArray,
    start: IntArray,
    head: Int32Array,
    arc_cost: FloatArray,
    width: float,
    seed_node: IntArray,
    seed_cost: FloatArray,
    seed_label: IntArray,
    first: Int32Array,
    links: Int32Array,
) -> tuple[FloatArray, IntArray]:  # pragma: no cover - compiled
    """Return every node's cost and label: up to the core, through it, and down again."""
    n_nodes, n_out = len(place), len(rows) - 1
    cost, label = np.full(n_nodes, np.inf), np.full(n_nodes, -1, dtype=np.int64)
    for seed in range(len(seed_node)):
        at = place[seed_node[seed]]
        if seed_cost[seed] < cost[at]:
            cost[at], label[at] = seed_cost[seed], seed_label[seed]
    climb_to_core(rows, above, climb, cost, label)
    core_seed = np.flatnonzero(cost[n_out:] < np.inf)
    seed_cost, seed_label = cost[n_out:][core_seed], label[n_out:][core_seed]
    cost[n_out:] = np.inf
    run_search(
        start, head, arc_cost, width, core_seed, seed_cost, seed_label, np.inf,
        cost[n_out:], label[n_out:], np.empty(n_nodes - n_out, dtype=np.int64), first, links,
    )  # fmt: skip
    descend_from_core(rows, above, descend, cost, label)
    return cost[place], label[place]


@njit(cache=True, nogil=True)
def run_search(
    start: IntArray,
    head: Int32Array,
    arc_cost: FloatArray,
    width: float,
    seed_node: IntArray,
    seed_cost: FloatArray,
    seed_label: IntArray,
    limit: float,
    cost: FloatArray,
    label: IntArray,
    touched: IntArray,
    first: Int32Array,
    links: Int32Array,
) -> int:  # pragma: no cover - compiled
    """Fill ``cost`` and ``label``; return how many nodes of ``touched`` were reached.

    ``cost`` must be inf, ``first`` and ``links`` -1 as `make_queue` makes them, and so they are left. Indexes are unsigned: the
    compiler then leaves out Python's counting from the end, a third of the time.
    """
    ring = np.uint64(len(first) - 1)  # as many buckets as a power of two
    inverse = 1.0 / width
    one = np.uint64(1)
    n_touched = 0
    waiting = 0
    # Seeds may lie farther apart than the ring of buckets is long: they enter in order of cost, as the ring comes by.
    order = np.argsort(seed_cost)
    next_seed = 0
    if len(order) == 0 or not seed_cost[order[0]] <= limit or seed_cost[order[0]] == np.inf:
        return 0
    bucket = np.uint64(seed_cost[order[0]] * inverse)
    while True:
        if waiting == 0:
            if (
                next_seed >= len(order)
                or not seed_cost[order[next_seed]] <= limit
                or seed_cost[order[next_seed]] == np.inf
            ):
                break
            bucket = max(bucket, np.uint64(seed_cost[order[next_seed]] * inverse))
        slot = bucket & ring
        while next_seed < len(order):
            seed = order[next_seed]
            if not seed_cost[seed] * inverse < float(bucket + one) or not seed_cost[seed] <= limit:
                break
            next_seed += 1
            node = np.uint64(seed_node[seed])
            if seed_cost[seed] < cost[node]:
                if cost[node] == np.inf:
                    touched[n_touched] = node
                    n_touched += 1
                elif links[node, 0] != -1:
                    waiting -= 1
                    _take_out(node, np.uint64(cost[node] * inverse) & ring, first, links)
                cost[node] = seed_cost[seed]
                label[node] = seed_label[seed]
                _put_in(node, slot, first, links)
                waiting += 1
        while first[slot] != -1:
            node = np.uint64(first[slot])
            _take_out(node, slot, first, links)
            waiting -= 1
            here = cost[node]
            name = label[node]
            for arc in range(np.uint64(start[node]), np.uint64(start[node + one])):
                other = np.uint64(head[arc])
                reached = here + arc_cost[arc]
                if reached < cost[other] and reached <= limit:
                    if cost[other] == np.inf:
                        touched[n_touched] = other
                        n_touched += 1
                    elif links[other, 0] != -1:
                        waiting -= 1
                        _take_out(other, np.uint64(cost[other] * inverse) & ring, first, links)
                    cost[other] = reached
                    label[other] = name
                    _put_in(other, np.uint64(reached * inverse) & ring, first, links)
                    waiting += 1
        bucket += one
    return n_touched


@njit(cache=True, nogil=True, inline="always")
def _put_in(
    node: np.uint64, slot: np.uint64, first: Int32Array, links: Int32Array
) -> None:  # pragma: no cover - compiled
    """Put a node at the head of its bucket. Its next is -1 outside any bucket and the node itself at a bucket's end."""
    following, this = first[slot], np.int32(node)
    links[node, 1] = -1
    if following == -1:
        links[node, 0] = this
    else:
        links[node, 0] = following
        links[np.uint64(following), 1] = this
    first[slot] = this


@njit(cache=True, nogil=True, inline="always")
def _take_out(
    node: np.uint64, slot: np.uint64, first: Int32Array, links: Int32Array
) -> None:  # pragma: no cover - compiled
    following, previous = links[node, 0], links[node, 1]
    links[node, 0] = -1
    if following == np.int32(node):
        following = np.int32(-1)
    else:
        links[np.uint64(following), 1] = previous
    if previous == -1:
        first[slot] = following
    else:
        links[np.uint64(previous), 0] = previous if following == -1 else following
