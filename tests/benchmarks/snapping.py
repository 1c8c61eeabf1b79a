"""Job (c): the nearest edge of the streets for many points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from tests.benchmarks import ours
from tests.benchmarks.harness import Contender, Job
from tests.benchmarks.nearest import within

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.networks import Streets
    from tests.oracle.reference import Floats


def jobs(streets: Streets, count: int) -> list[Job]:
    """Return the job with points in no order, and in the order of a raster."""
    low, high = streets.xy.min(axis=0), streets.xy.max(axis=0)
    # Where people are: near streets, not anywhere in the box.
    near = np.random.default_rng(3).choice(len(streets.xy), count)
    random = streets.xy[near] + np.random.default_rng(4).normal(0, 60, (count, 2))
    raster = random[np.lexsort((random[:, 0], (random[:, 1] - low[1]) // 100))]
    assert (high > low).all()
    return [
        Job(f"snapping, {streets.name}, {count:,} points, {order}", _contenders(streets, points), rounds=5)
        for order, points in (("in no order", random), ("in raster order", raster))
    ]


def _contenders(streets: Streets, points: Floats) -> list[Contender]:
    few = 2 if len(points) > 300_000 else 3
    return [
        Contender("lifecircle, to edges", lambda: ours.prepare_snapping(streets, points)),
        Contender(
            "lifecircle, one thread",
            lambda: ours.on_one_thread(ours.prepare_snapping(streets, points)),
            check=within(0.0, unit="m"),
        ),
        Contender(
            "STRtree.query_nearest", lambda: _strtree(streets, points), few, check=within(1e-8, unit="m"), goal=25
        ),
        Contender("geopandas sjoin_nearest", lambda: _geopandas(streets, points), few, check=within(1e-8, unit="m")),
        Contender("scipy cKDTree, to nodes", lambda: _nodes(streets, points), check=_farther),
    ]


def _lines(streets: Streets) -> Any:
    return shapely.linestrings(np.stack([streets.xy[streets.a], streets.xy[streets.b]], axis=1))


def _strtree(streets: Streets, points: Floats) -> Callable[[], Floats]:
    tree = shapely.STRtree(_lines(streets))

    def run() -> Floats:
        places = shapely.points(points)
        (_, _), metres = tree.query_nearest(places, all_matches=False, return_distance=True)
        return metres

    return run


def _geopandas(streets: Streets, points: Floats) -> Callable[[], Floats]:
    import geopandas

    lines = geopandas.GeoDataFrame(geometry=_lines(streets), crs="EPSG:32633")
    lines.sindex  # noqa: B018 - built before the job, as the other trees are
    places = geopandas.GeoDataFrame(geometry=shapely.points(points), crs="EPSG:32633")

    def run() -> Floats:
        joined = places.sjoin_nearest(lines, distance_col="metres")
        return joined["metres"].groupby(level=0).first().to_numpy()

    return run


def _nodes(streets: Streets, points: Floats) -> Callable[[], Floats]:
    from scipy.spatial import cKDTree

    tree = cKDTree(streets.xy)
    return lambda: tree.query(points)[0]


def _farther(edge_m: Floats, node_m: Floats) -> str:
    return f"another question: nodes, on average {node_m.mean():.1f} m against {edge_m.mean():.1f} m"
