"""The one place where these benchmarks touch ``lifecircle``: each function does what a peer does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lifecircle import compilation as threads
from lifecircle.config import Mode, RoadsLayer, load_ways
from lifecircle.model import Roads
from lifecircle.problems import Problems
from lifecircle.sources.datum import parse_crs
from lifecircle.sources.roads.osm import read_osm, tag_frame, tag_keys
from lifecircle.travel.join import find_nearest_segments, index_segments
from lifecircle.travel.network import Network, build_network
from lifecircle.travel.reach import Entrances, Joins, Search, join_points

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import scipy.sparse
    from tests.benchmarks.networks import Streets
    from tests.oracle.reference import Floats, Ints


def _mode(ways: str, speeds_kph: dict[str, float]) -> Mode:
    return Mode.model_validate(
        {
            "id": "benchmark",
            "label": "benchmark",
            "network_type": ways,
            "ways": "osmnx",  # as the engines beside it read the map
            "speeds_kph": speeds_kph,
            "access_kph": 4.5,
            "max_access_m": 500,
            "direct_m": 0,
            "min_fragment_m": 0,
        }
    )


def _network(streets: Streets) -> Network:
    """Build our network of streets given as edges: one way an edge, a class a speed."""
    kph = np.round(streets.length_m / streets.seconds * 3.6, 6)
    speeds, kind = np.unique(kph, return_inverse=True)
    oneway = np.where(streets.ahead & streets.back, None, np.where(streets.ahead, "yes", "-1"))
    n_edges = len(streets.a)
    tags: dict[str, list[str | None]] = {key: [None] * n_edges for key in tag_keys()}
    tags |= {"highway": [f"c{k}" for k in kind], "oneway": list(oneway)}
    roads = Roads(
        x=streets.xy[:, 0].copy(),
        y=streets.xy[:, 1].copy(),
        way_start=np.arange(n_edges + 1) * 2,
        way_node=np.column_stack([streets.a, streets.b]).ravel(),
        way_id=np.arange(n_edges).astype(str).astype(object),
        tags=tag_frame(tags),
        source="benchmark",
    )
    table = {f"c{number}": float(speed) for number, speed in enumerate(speeds)} | {"default": 1.0}
    return build_network(roads, _mode("drive", table), load_ways())


def on_one_thread(run: Callable[[], Any]) -> Callable[[], Any]:
    """Return the job done without a second thread."""

    def run_alone() -> Any:
        all_workers, threads.count_workers = threads.count_workers, lambda: 1
        try:
            return run()
        finally:
            threads.count_workers = all_workers

    return run_alone


def prepare_nearest(streets: Streets, facilities: Ints, *, is_first: bool = False) -> Callable[[], Floats]:
    """Seconds from every node to the nearest facility; what a `Search` keeps between calls is made before, or each time."""
    network, homes, doors = _asked(streets, facilities)
    search = Search(network, "seconds", "toward")
    if not is_first:
        search.nearest(homes, doors)  # ranks the network
    return lambda: (Search(network, "seconds", "toward") if is_first else search).nearest(homes, doors)[0]


def prepare_reach(
    streets: Streets, facilities: Ints, horizon_s: float, *, is_first: bool = False
) -> Callable[[], scipy.sparse.csr_array]:
    """Seconds between every facility and every node, facilities x nodes, up to a horizon; prepared as `prepare_nearest`."""
    network, homes, doors = _asked(streets, facilities)
    search = Search(network, "seconds", "toward")
    if not is_first:
        search.reach(homes, doors, horizon_s)
    return lambda: (Search(network, "seconds", "toward") if is_first else search).reach(homes, doors, horizon_s)


def _asked(streets: Streets, facilities: Ints) -> tuple[Network, Joins, Entrances]:
    network = _network(streets)
    homes = join_points(network, streets.xy[:, 0].copy(), streets.xy[:, 1].copy())
    at = streets.xy[facilities]
    return network, homes, Entrances(join_points(network, at[:, 0].copy(), at[:, 1].copy()), np.arange(len(at) + 1))


def prepare_contraction(streets: Streets) -> Callable[[], object]:
    """The network from its edges: what comes before `prepare_nearest`'s job, once a mode."""
    return lambda: _network(streets)


def prepare_snapping(streets: Streets, points: Floats) -> Callable[[], Floats]:
    """Metres from every point to the nearest edge."""
    a, b = streets.xy[streets.a], streets.xy[streets.b]
    grid = index_segments(*(np.ascontiguousarray(part) for part in (a[:, 0], a[:, 1], b[:, 0], b[:, 1])))
    return lambda: find_nearest_segments(grid, points[:, 0], points[:, 1], np.inf)[2]


def prepare_reading(path: Path, crs: str, ways: str) -> Callable[[], tuple[int, float]]:
    """An OSM file to a network ready to be searched: its street segments, and their length in kilometres."""
    layer = RoadsLayer(path=path.name, ferries=False)
    mode = _mode(ways, {"default": 30.0})

    def read() -> tuple[int, float]:
        network = build_network(read_osm(path, layer, parse_crs(crs), Problems()), mode, load_ways())
        return len(network.pieces.edge), float(pd.Series(network.part_m).sum()) / 1000

    return read
