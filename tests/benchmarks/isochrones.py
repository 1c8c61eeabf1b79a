"""Job (d): from each of many facilities, every node within a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import dijkstra
from tests.benchmarks import ours
from tests.benchmarks.harness import SAME, Contender, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.networks import Streets
    from tests.oracle.reference import Ints

Pairs = scipy.sparse.csr_array
AT_ONCE = 100
"""Sources of one scipy call: its answer is dense, sources x nodes."""


def jobs(streets: Streets, facilities: int, horizon_s: float) -> list[Job]:
    """Return the job on one network."""
    at = streets.facilities(facilities)
    few = slice(None, None, max(1, len(at) // 20))  # from all over the network, as dense as the whole on average
    some = len(at[few]) / len(at)
    # scipy's dense answer costs by the node: a sample of sources stands for all where the network is large.
    scipy_share = 1.0 if len(streets.xy) * len(at) < 3e8 else 100 / len(at)
    scipy_some = slice(None, None, round(1 / scipy_share))
    contenders = [
        Contender("lifecircle reach", lambda: ours.prepare_reach(streets, at, horizon_s)),
        Contender(
            "lifecircle, first call",
            lambda: ours.prepare_reach(streets, at, horizon_s, is_first=True),
            check=same_pairs(streets),
        ),
        Contender(
            "lifecircle, one thread",
            lambda: ours.on_one_thread(ours.prepare_reach(streets, at, horizon_s)),
            check=same_pairs(streets),
        ),
        Contender(
            "scipy dijkstra(limit)",
            lambda: _scipy(streets, at[scipy_some], horizon_s),
            rounds=3,
            share=scipy_share,
            check=same_pairs(streets, scipy_some),
            goal=10,
        ),
        Contender(
            "networkx single_source(cutoff)",
            lambda: _networkx(streets, at[few], horizon_s),
            rounds=3,
            share=some,
            check=same_pairs(streets, few),
        ),
        Contender(
            "OSMnx tutorial: ego_graph",
            lambda: _ego_graph(streets, at[few], horizon_s),
            rounds=3,
            share=some,
            check=same_nodes(streets, few),
            goal=200,
        ),
    ]
    minutes = horizon_s / 60
    return [Job(f"reach, {streets.name}, {facilities} facilities x {minutes:.0f} min", contenders, rounds=5)]


def same_pairs(streets: Streets, done: slice = slice(None)) -> Callable[[Any, Any], str]:
    """Return a check of the pairs and their seconds, over the facilities that both did."""

    def check(ours: Pairs, theirs: Pairs) -> str:
        ours, theirs = (pairs.tocsc()[:, streets.sure].tocsr() for pairs in (ours[done], theirs))
        if ours.nnz != theirs.nnz:
            return f"{ours.nnz:,} pairs against {theirs.nnz:,}"
        ours.sort_indices()
        theirs.sort_indices()
        if (ours.indices != theirs.indices).any():
            return "other nodes"
        apart = float(np.abs(ours.data - theirs.data).max())
        return f"{SAME if apart <= 1e-6 else 'other'}: {ours.nnz:,} pairs, up to {apart:.1e} s apart"

    return check


def same_nodes(streets: Streets, done: slice) -> Callable[[Any, Any], str]:
    """Return a check of the nodes reached: an ego graph has no times."""
    unsure = set(np.flatnonzero(~streets.sure).tolist())

    def check(ours: Pairs, theirs: list[set[int]]) -> str:
        rows = range(ours.shape[0])[done]
        mine = [set(ours.indices[ours.indptr[f] : ours.indptr[f + 1]].tolist()) for f in rows]
        different = sum(len((a ^ b) - unsure) for a, b in zip(mine, theirs, strict=True))
        return (
            f"{different} nodes in one alone"
            if different
            else f"{SAME}: {sum(map(len, mine)):,} nodes, none in one alone"
        )

    return check


def _scipy(streets: Streets, at: Ints, horizon_s: float) -> Callable[[], Pairs]:
    matrix = streets.reversed_matrix()

    def run() -> Pairs:
        parts = []
        for start in range(0, len(at), AT_ONCE):
            dense = dijkstra(matrix, indices=at[start : start + AT_ONCE], limit=horizon_s)
            row, column = np.nonzero(np.isfinite(dense))
            parts.append(scipy.sparse.csr_array((dense[row, column], (row, column)), shape=dense.shape))
        return scipy.sparse.vstack(parts, format="csr")

    return run


def _graph(streets: Streets, kind: str) -> Any:
    import networkx as nx

    graph = getattr(nx, kind)()
    matrix = streets.reversed_matrix().tocoo()
    rows = zip(matrix.row.tolist(), matrix.col.tolist(), matrix.data.tolist(), strict=True)
    graph.add_weighted_edges_from(rows, weight="travel_time")
    return graph


def _networkx(streets: Streets, at: Ints, horizon_s: float) -> Callable[[], Pairs]:
    import networkx as nx

    graph = _graph(streets, "DiGraph")

    def run() -> Pairs:
        found = [
            nx.single_source_dijkstra_path_length(graph, f, cutoff=horizon_s, weight="travel_time") for f in at.tolist()
        ]
        start = np.concatenate([[0], np.cumsum([len(row) for row in found])])
        node = np.array([n for row in found for n in row], np.int64)
        seconds = np.array([s for row in found for s in row.values()], float)
        return scipy.sparse.csr_array((seconds, node, start), shape=(len(at), len(streets.xy)))

    return run


def _ego_graph(streets: Streets, at: Ints, horizon_s: float) -> Callable[[], list[set[int]]]:
    import networkx as nx

    graph = _graph(streets, "MultiDiGraph")
    return lambda: [set(nx.ego_graph(graph, f, radius=horizon_s, distance="travel_time").nodes) for f in at.tolist()]
