"""Exact contraction: runs of nodes where nothing can be decided become one edge.

A node stays when it is a crossing or an end (degree other than 2), when the direction of travel changes there, or when a ferry
meets a street. Every other node becomes a vertex inside an edge, with the time and length from the edge's start, so nothing is
lost: points join edges between vertices, and times are those of the uncontracted network.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lifecircle.model import BoolArray, IntArray
from lifecircle.travel.segments import Segments


def find_kept_nodes(segments: Segments, start: IntArray, incident: IntArray) -> BoolArray:
    """Return which nodes stay nodes.

    ``incident[start[n] : start[n + 1]]`` are the segments at node *n*.
    """
    degree = np.diff(start)
    kept = degree > 0
    two = np.flatnonzero(degree == 2)
    first, second = incident[start[two]], incident[start[two] + 1]
    passes = (_may_arrive(segments, first, two) == _may_leave(segments, second, two)) & (
        _may_arrive(segments, second, two) == _may_leave(segments, first, two)
    )
    # A ferry is boarded, and waited for, once from end to end: it is joined to nothing but itself.
    is_sea = segments.is_ferry[first] | segments.is_ferry[second]
    passes &= ~is_sea | ((segments.sailing[first] >= 0) & (segments.sailing[first] == segments.sailing[second]))
    kept[two[passes]] = False
    return kept


def _may_arrive(segments: Segments, segment: IntArray, node: IntArray) -> BoolArray:
    return np.where(segments.v[segment] == node, segments.forward[segment], segments.backward[segment])


def _may_leave(segments: Segments, segment: IntArray, node: IntArray) -> BoolArray:
    return np.where(segments.u[segment] == node, segments.forward[segment], segments.backward[segment])


def index_incident(u: IntArray, v: IntArray, n_nodes: int) -> tuple[IntArray, IntArray]:
    """Return ``start, incident``: the segments (or edges) at each node, as compressed rows."""
    ends = np.concatenate([u, v])
    order = np.argsort(ends, kind="stable")
    start = np.zeros(n_nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(ends, minlength=n_nodes), out=start[1:])
    return start, (order % len(u)) if len(u) else order


@njit(cache=True, nogil=True)
def trace_edges(
    u: IntArray, v: IntArray, start: IntArray, incident: IntArray, kept: BoolArray
) -> tuple[IntArray, IntArray, BoolArray]:  # pragma: no cover - compiled
    """Walk from every kept node along its segments to the next kept node.

    A ring without a kept node gets one; ``kept`` is changed there.

    Returns
    -------
    edge_start
        Edge *e* is ``segment[edge_start[e] : edge_start[e + 1]]``.
    segment, is_turned
        The segments in the order walked, and whether each is walked from ``v`` to ``u``.
    """
    n_segments = len(u)
    n_nodes = len(start) - 1
    segment = np.empty(n_segments, dtype=np.int64)
    is_turned = np.empty(n_segments, dtype=np.bool_)
    edge_start = np.zeros(n_segments + 1, dtype=np.int64)
    is_done = np.zeros(n_segments, dtype=np.bool_)
    n_edges = 0
    filled = 0
    for ring_pass in range(2):
        for origin in range(n_nodes):
            if ring_pass == 0 and not kept[origin]:
                continue
            for position in range(start[origin], start[origin + 1]):
                current = incident[position]
                if is_done[current]:
                    continue
                if ring_pass == 1:
                    kept[origin] = True
                node = origin
                while True:
                    is_done[current] = True
                    segment[filled] = current
                    is_turned[filled] = v[current] == node
                    filled += 1
                    node = u[current] if v[current] == node else v[current]
                    if kept[node]:
                        break
                    following = incident[start[node]]
                    current = incident[start[node] + 1] if following == current else following
                n_edges += 1
                edge_start[n_edges] = filled
    return edge_start[: n_edges + 1], segment, is_turned


@njit(cache=True, nogil=True)
def accumulate(edge_start: IntArray, step: np.ndarray) -> np.ndarray:  # pragma: no cover - compiled
    """Return the running sum along each edge, one entry a vertex: 0 at its start, its whole at its end."""
    n_edges = len(edge_start) - 1
    total = np.empty(len(step) + n_edges, dtype=np.float64)
    for edge in range(n_edges):
        running = 0.0
        total[edge_start[edge] + edge] = 0.0
        for position in range(edge_start[edge], edge_start[edge + 1]):
            running += step[position]
            total[position + edge + 1] = running
    return total
