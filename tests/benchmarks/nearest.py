"""Job (a): the nearest of the facilities for every node of the streets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.csgraph import dijkstra
from tests.benchmarks import ours
from tests.benchmarks.harness import SAME, Contender, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.networks import Streets
    from tests.oracle.reference import Bools, Floats, Ints

PANDANA_LIMIT_S = 1e6
MOST_OF_SCIPY, MOST_OF_SCIPY_DRAWN = 0.2, 0.15
"""The share of scipy's time that ours may take, on real streets and on drawn ones."""


def jobs(streets: Streets, facilities: int) -> list[Job]:
    """Return the job on one network."""
    at = streets.facilities(facilities)
    is_drawn, is_large = streets.name.startswith("drawn"), len(streets.xy) > 300_000
    same = within(1e-6, streets.sure)
    contenders = [
        Contender("lifecircle", lambda: ours.prepare_nearest(streets, at)),
        Contender("lifecircle, first call", lambda: ours.prepare_nearest(streets, at, is_first=True), check=same),
        Contender("lifecircle, one thread", lambda: ours.on_one_thread(ours.prepare_nearest(streets, at)), check=same),
        Contender(
            "scipy dijkstra(min_only)", lambda: _scipy(streets, at), check=same,
            goal=1 / MOST_OF_SCIPY_DRAWN if is_drawn else 1 / MOST_OF_SCIPY,
        ),
        Contender("networkx multi_source", lambda: _networkx(streets, at), 2 if is_large else 3, check=same, goal=100),
        Contender("igraph distances", lambda: _igraph(streets, at), 3, check=same),
    ]  # fmt: skip
    if not is_large:
        contenders += [
            Contender(
                "OSMnx tutorial: a search a facility",
                lambda: _osmnx_way(streets, at),
                rounds=1,
                share=min(1.0, 5 / len(at)),
                check=lambda a, b: "" if (b >= a - 1e-6)[streets.sure].all() else "below ours",
            ),
            Contender("pandana nearest_pois", lambda: _pandana(streets, at), rounds=1, check=within(0.5, streets.sure)),
        ]
    name = f"nearest, {streets.name} ({len(streets.xy):,} nodes, {facilities} facilities)"
    return [Job(name, contenders, rounds=5 if is_large else 7)]


def within(tolerance: float, where: Bools | None = None, unit: str = "s") -> Callable[[Any, Any], str]:
    """Return a check that two answers are the same to a tolerance, at the nodes it may be asked of."""

    def check(ours: Floats, theirs: Floats) -> str:
        if where is not None:
            ours, theirs = ours[where], theirs[where]
        reached = np.isfinite(ours)
        if (reached != np.isfinite(theirs)).any():
            return f"{(reached != np.isfinite(theirs)).sum()} nodes reached by one alone"
        apart = float(np.abs(ours - theirs)[reached].max())
        return f"{SAME if apart <= tolerance else 'other'}: up to {apart:.1e} {unit} apart"

    return check


def _scipy(streets: Streets, at: Ints) -> Callable[[], Floats]:
    matrix = streets.reversed_matrix()
    return lambda: dijkstra(matrix, indices=at, min_only=True)


def _networkx(streets: Streets, at: Ints) -> Callable[[], Floats]:
    import networkx as nx

    graph = nx.DiGraph()
    matrix = streets.reversed_matrix().tocoo()
    rows = zip(matrix.row.tolist(), matrix.col.tolist(), matrix.data.tolist(), strict=True)
    graph.add_weighted_edges_from(rows, weight="travel_time")
    sources = set(at.tolist())

    def run() -> Floats:
        found = nx.multi_source_dijkstra_path_length(graph, sources, weight="travel_time")
        return as_array(found, len(streets.xy))

    return run


def _osmnx_way(streets: Streets, at: Ints) -> Callable[[], Floats]:
    """Search a MultiDiGraph from one facility after another, keeping the least, as OSMnx's examples go on."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    matrix = streets.reversed_matrix().tocoo()
    rows = zip(matrix.row.tolist(), matrix.col.tolist(), matrix.data.tolist(), strict=True)
    graph.add_weighted_edges_from(rows, weight="travel_time")
    some = at[: min(5, len(at))].tolist()

    def run() -> Floats:
        least = np.full(len(streets.xy), np.inf)
        for source in some:
            found = nx.single_source_dijkstra_path_length(graph, source, weight="travel_time")
            least = np.minimum(least, as_array(found, len(least)))
        return least

    return run


def _igraph(streets: Streets, at: Ints) -> Callable[[], Floats]:
    import igraph

    matrix = streets.reversed_matrix().tocoo()
    top = len(streets.xy)  # a source that stands before every facility
    tail = np.concatenate([matrix.row, np.full(len(at), top)])
    head = np.concatenate([matrix.col, at])
    weights = np.concatenate([matrix.data, np.zeros(len(at))]).tolist()
    graph = igraph.Graph(n=top + 1, edges=np.column_stack([tail, head]).tolist(), directed=True)
    return lambda: np.array(graph.distances(source=[top], weights=weights)[0][:top])


def _pandana(streets: Streets, at: Ints) -> Callable[[], Floats]:
    import pandana
    import pandas as pd

    node = pd.Index(np.arange(len(streets.xy)))
    network = pandana.Network(
        pd.Series(streets.xy[:, 0], node),
        pd.Series(streets.xy[:, 1], node),
        pd.Series(streets.tail),
        pd.Series(streets.head),
        pd.DataFrame({"s": streets.arc_s}),
        twoway=False,
    )
    xy = streets.xy[at]
    network.set_pois("facility", PANDANA_LIMIT_S, 1, pd.Series(xy[:, 0]), pd.Series(xy[:, 1]))
    return lambda: network.nearest_pois(PANDANA_LIMIT_S, "facility", num_pois=1)[1].to_numpy(float)


def as_array(found: dict[int, float], size: int) -> Floats:
    """Turn networkx's dictionary into an array by node; inf where it is silent."""
    values = np.full(size, np.inf)
    values[np.fromiter(found, np.int64, len(found))] = np.fromiter(found.values(), float, len(found))
    return values
