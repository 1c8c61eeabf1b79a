"""The compiled searches against scipy's Dijkstra, to 1e-6 s, on networks hypothesis makes up."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lifecircle.travel.hierarchy import rank_nodes
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


@settings(max_examples=200, deadline=None)
@given(graphs(), st.integers(0, 12))
def test_ranking_changes_the_way_and_not_the_answer(made, most):
    n, tail, head, cost, rng = made
    graph = make_graph(tail, head, cost, n)
    graph.__dict__["hierarchy"] = _with(graph, most)
    k = int(rng.integers(1, 6))
    seeds = rng.integers(0, n, k), rng.uniform(0, 50, k) * rng.choice([0, 1, 1000]), np.arange(k)
    found, label = search_from(graph, *seeds)
    expected, _ = search_from(graph, *seeds, np.finfo(float).max)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-9)
    assert ((label >= 0) == np.isfinite(found)).all()


def _with(graph, most):
    """The hierarchy of a graph with nodes of up to ``most`` neighbours taken out."""
    ranking = rank_nodes(graph.start, graph.head, graph.cost, most)
    n_core = graph.n_nodes - ranking.n_out
    return ranking, make_graph(ranking.core_tail, ranking.core_head, ranking.core_cost, n_core)


def test_a_hub_stays_and_its_leaves_are_reached():
    """Two hubs of 500 leaves that touch: beside a node of many neighbours nothing is taken out."""
    leaves = np.arange(2, 1002)
    hub = np.repeat([0, 1], 500)
    tail, head = np.concatenate([hub, leaves, [0, 1]]), np.concatenate([leaves, hub, [1, 0]])
    cost = np.concatenate([np.arange(1000.0), np.arange(1000.0), [3.0, 3.0]])
    graph = make_graph(tail, head, cost, 1002)
    found, _ = search_from(graph, np.array([5]), np.array([2.0]), np.array([0]))
    expected = np.concatenate([[5.0, 8.0], 5.0 + np.arange(500), 8.0 + np.arange(500, 1000)])
    expected[5] = 2.0
    np.testing.assert_array_equal(found, expected)


def test_no_node_in_the_core_where_a_line_is_all_there_is():
    graph = make_graph(np.arange(9), np.arange(1, 10), np.ones(9), 10)
    ranking, core = graph.hierarchy
    assert (ranking.n_out, core.n_nodes) == (10, 0)
    found, label = search_from(graph, np.array([3]), np.zeros(1), np.array([7]))
    np.testing.assert_array_equal(found, [np.inf] * 3 + list(range(7)))
    np.testing.assert_array_equal(label, [-1] * 3 + [7] * 7)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.floats(0, 100))
def test_a_limit_hides_only_what_is_beyond_it(made, limit):
    n, tail, head, cost, _ = made
    graph = make_graph(tail, head, cost, n)
    seeds = np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1, dtype=np.int64)
    whole, _ = search_from(graph, *seeds, np.finfo(float).max)
    cut, _ = search_from(graph, *seeds, limit)
    np.testing.assert_array_equal(cut, np.where(whole <= limit, whole, np.inf))
