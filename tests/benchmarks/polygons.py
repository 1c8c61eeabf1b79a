"""Job (e): the reached streets of many facilities to polygons, and the whole way from facilities to isochrones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from tests.benchmarks import ours
from tests.benchmarks.harness import Contender, Job
from tests.benchmarks.isochrones import _graph

from lifecircle.travel.isochrones import AccessRaster, isochrones, outline_strip, reached_streets
from lifecircle.travel.reach import Entrances, join_points

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.networks import Streets
    from tests.oracle.reference import Floats, Ints

    from lifecircle.travel.network import Network

ASIDE_M = 25.0
"""Half the width of the strip along reached streets that every engine draws."""
CELL_M = 5.0
SEGMENTS = 8
"""Of a quarter turn: shapely's own default is 16, its former one 8."""


def jobs(streets: Streets, facilities: int, horizon_s: float) -> list[Job]:
    """Return both jobs on one network: strips of a sample of facilities, and isochrones of all."""
    at = streets.facilities(facilities)
    few = at[:: max(1, len(at) // 40)][:40]
    minutes = horizon_s / 60
    return [
        Job(f"strips, {streets.name}, {len(few)} x {minutes:.0f} min", _strips(streets, few, horizon_s)),
        Job(
            f"polygons, {streets.name}, {facilities} x {minutes:.0f} min", _whole_way(streets, at, horizon_s), rounds=3
        ),
    ]


def _strips(streets: Streets, at: Ints, horizon_s: float) -> list[Contender]:
    """From the same reached pieces of street to the area within 25 m of them."""
    network, doors = _doors(streets, at)
    pieces = reached_streets(network, doors, horizon_s)
    return [
        Contender("lifecircle strip", lambda: lambda: [outline_strip(each, ASIDE_M, CELL_M) for each in pieces]),
        Contender("shapely, each buffered, union_all", lambda: lambda: [_united(each) for each in pieces], check=_same, goal=8),
        Contender(
            "shapely, buffer of all", lambda: lambda: [_at_once(each) for each in pieces[:10]], 2, share=10 / len(at),
            check=_same,
        ),
    ]  # fmt: skip


def _whole_way(streets: Streets, at: Ints, horizon_s: float) -> list[Contender]:
    """From facilities to polygons: search, area, and for ours the audit that goes with it. Samples stand for all."""

    def some(count: int) -> tuple[Ints, float]:
        return at[:count], min(1.0, count / len(at))

    (many, many_share), (few, few_share), (ten, ten_share) = some(200), some(40), some(10)
    return [
        Contender(
            "lifecircle isochrones, audited", lambda: _isochrones(*_doors(streets, many), horizon_s), share=many_share
        ),
        Contender(
            "lifecircle streets, shapely union", lambda: _unite_all(*_doors(streets, few), horizon_s), 2, few_share, _another
        ),
        Contender("OSMnx tutorial: ego_graph, buffers", lambda: _tutorial(streets, ten, horizon_s), 2, ten_share, _another),
    ]  # fmt: skip


def _doors(streets: Streets, at: Ints) -> tuple[Network, Entrances]:
    network = ours._network(streets)
    xy = streets.xy[at]
    return network, Entrances(join_points(network, xy[:, 0].copy(), xy[:, 1].copy()), np.arange(len(at) + 1))


def _isochrones(network: Network, doors: Entrances, horizon_s: float) -> Callable[[], list[Any]]:
    """Return the job with its raster made: once a network, it is counted as coming before."""
    raster = AccessRaster(network)
    isochrones(network, doors, [horizon_s], raster=raster)
    return lambda: [each.polygon for each in isochrones(network, doors, [horizon_s], raster=raster)]


def _united(pieces: Floats) -> Any:
    return shapely.union_all(shapely.buffer(_lines(pieces), ASIDE_M, quad_segs=SEGMENTS))


def _at_once(pieces: Floats) -> Any:
    return shapely.buffer(shapely.multilinestrings(_lines(pieces)), ASIDE_M, quad_segs=SEGMENTS)


def _lines(pieces: Floats) -> Any:
    return shapely.linestrings(pieces.reshape(-1, 2, 2))


def _unite_all(network: Network, doors: Entrances, horizon_s: float) -> Callable[[], list[Any]]:
    return lambda: [_united(pieces) for pieces in reached_streets(network, doors, horizon_s)]


def _tutorial(streets: Streets, at: Ints, horizon_s: float) -> Callable[[], list[Any]]:
    """OSMnx's isochrone notebook: an ego graph, its nodes and edges buffered and united."""
    import networkx as nx

    graph = _graph(streets, "MultiDiGraph")

    def draw(facility: int) -> Any:
        reached = nx.ego_graph(graph, facility, radius=horizon_s, distance="travel_time")
        nodes = shapely.points(streets.xy[list(reached.nodes)])
        lines = [shapely.LineString([streets.xy[a], streets.xy[b]]) for a, b in reached.edges()]
        spots = shapely.buffer(nodes, ASIDE_M)
        return shapely.union_all([*spots, *(line.buffer(ASIDE_M) for line in lines)])

    return lambda: [draw(facility) for facility in at.tolist()]


def _same(ours: list[Any], theirs: list[Any]) -> str:
    pairs = list(zip(ours, theirs, strict=False))
    area = sum(one.area for one, _ in pairs) / sum(other.area for _, other in pairs) - 1
    apart = sum(shapely.symmetric_difference(*pair).area for pair in pairs) / sum(other.area for _, other in pairs)
    said = f"area {area:+.2%}, {apart:.2%} in one alone"
    return (
        said if max(abs(area), apart) > 0.005 or not all(one.is_valid for one, _ in pairs) else f"same answer: {said}"
    )


def _another(ours: list[Any], theirs: list[Any]) -> str:
    pairs = list(zip(ours, theirs, strict=False))
    ratio = sum(other.area for _, other in pairs) / sum(one.area for one, _ in pairs)
    return f"another question: a strip of {ASIDE_M:g} m, {ratio:.0%} of the area"
