"""The compiled searches against scipy's Dijkstra, to 1e-6 s, on networks hypothesis makes up."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lifecircle.travel.shortest_paths import make_graph, search_from


@st.composite
def graphs(draw):
    n = draw(st.integers(2, 40))
    m = draw(st.integers(1, 120))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    cost = rng.choice([rng.uniform(0.1, 10, m), rng.uniform(0, 1e-3, m), rng.uniform(1, 1e5, m), np.full(m, 7.0)])
    return n, rng.integers(0, n, m), rng.integers(0, n, m), cost, rng


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_many_seeds_agree_with_scipy(made):
    n, tail, head, cost, rng = made
    graph = make_graph(tail, head, cost, n)
    k = int(rng.integers(1, 6))
    seed_node, seed_cost = rng.integers(0, n, k), rng.uniform(0, 50, k) * rng.choice([0, 1, 1000])
    found, label = search_from(graph, seed_node, seed_cost, np.arange(k))
    # One more node, joined to each seed at its cost: scipy's way of many seeds with costs.
    shift = 1.0  # scipy takes an explicit 0 for no edge
    keep = tail != head
    matrix = np.full((n + 1, n + 1), np.inf)
    np.minimum.at(matrix, (tail[keep], head[keep]), cost[keep] + 1e-12)
    np.minimum.at(matrix, (np.full(k, n), seed_node), seed_cost + shift)
    rows, columns = np.nonzero(np.isfinite(matrix))
    expected = (
        dijkstra(csr_array((matrix[rows, columns], (rows, columns)), shape=(n + 1, n + 1)), indices=n)[:n] - shift
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert ((label >= 0) == np.isfinite(found)).all()
    # Each label's own seed gives that cost.
    for node in np.flatnonzero(label >= 0):
        alone, _ = search_from(graph, seed_node[[label[node]]], seed_cost[[label[node]]], np.zeros(1, dtype=np.int64))
        assert abs(alone[node] - found[node]) < 1e-9


@settings(max_examples=100, deadline=None)
@given(graphs(), st.floats(0, 100))
def test_a_limit_hides_only_what_is_beyond_it(made, limit):
    n, tail, head, cost, _ = made
    graph = make_graph(tail, head, cost, n)
    seeds = np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1, dtype=np.int64)
    whole, _ = search_from(graph, *seeds)
    cut, _ = search_from(graph, *seeds, limit)
    np.testing.assert_array_equal(cut, np.where(whole <= limit, whole, np.inf))
