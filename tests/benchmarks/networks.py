"""The streets every engine is given: real ones from files beside the repository, and one drawn by a rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import scipy.sparse
import shapely
from scipy.sparse.csgraph import connected_components
from tests.oracle.reference import Bools, Floats, Ints, ReferenceMode, ReferenceNetwork

RAW = Path(__file__).parents[2].parent / "shared" / "data"
EXTRACTS = {
    "malta": (RAW / "malta_2018/malta-latest.osm.pbf", "EPSG:32633"),
    "las_palmas": (RAW / "las_palmas/example_las_palmas_2023_osm_20230221.pbf", "EPSG:32628"),
    "liechtenstein": (RAW / "liechtenstein/liechtenstein-latest.osm.pbf", "EPSG:32632"),
}
SPEEDS_KPH = {"motorway": 100, "trunk": 80, "primary": 60, "secondary": 50, "tertiary": 40, "default": 30}
WALK_KPH = 4.5


@dataclass(frozen=True, eq=False)
class Streets:
    """Nodes and straight edges between them, before anybody simplifies them."""

    name: str
    xy: Floats
    a: Ints
    b: Ints
    length_m: Floats
    seconds: Floats
    ahead: Bools
    back: Bools

    @property
    def tail(self) -> Ints:
        """Where each arc starts; two-way edges are two arcs."""
        return np.concatenate([self.a[self.ahead], self.b[self.back]])

    @property
    def head(self) -> Ints:
        """Where each arc ends."""
        return np.concatenate([self.b[self.ahead], self.a[self.back]])

    @property
    def arc_s(self) -> Floats:
        """What each arc costs."""
        return np.concatenate([self.seconds[self.ahead], self.seconds[self.back]])

    def reversed_matrix(self) -> scipy.sparse.csr_array:
        """Return the arcs turned round, to be searched from where people go; of several the cheapest."""
        tail, head, cost = self.head, self.tail, self.arc_s
        order = np.lexsort((cost, head, tail))
        tail, head, cost = tail[order], head[order], cost[order]
        first = np.ones(len(tail), bool)
        first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        return scipy.sparse.csr_array((cost[first], (tail[first], head[first])), shape=(len(self.xy),) * 2)

    @cached_property
    def sure(self) -> Bools:
        """Nodes that lie on no street but their own.

        Ours is asked from places, the peers from nodes: where a bridge's node lies on the street under it, these differ.
        """
        tree = shapely.STRtree(shapely.linestrings(np.stack([self.xy[self.a], self.xy[self.b]], axis=1)))
        node, edge = tree.query(shapely.points(self.xy), predicate="dwithin", distance=0.001)
        sure = np.ones(len(self.xy), bool)
        sure[node[(self.a[edge] != node) & (self.b[edge] != node)]] = False
        return sure

    def facilities(self, count: int) -> Ints:
        """Return nodes that stand for facilities."""
        return np.sort(np.random.default_rng(7).choice(np.flatnonzero(self.sure), count, replace=False))


@cache
def real_streets(place: str, network: Literal["walk", "drive"]) -> Streets:
    """Read a real network as the oracle does, its largest part: not every engine knows "unreachable"."""
    path, crs = EXTRACTS[place]
    mode = ReferenceMode(network, SPEEDS_KPH if network == "drive" else WALK_KPH, min_fragment_m=0)
    net = ReferenceNetwork.from_osm(path, crs, mode, osm_ferries=False)
    edges = net.edges
    tail = np.concatenate([edges.a[edges.ahead], edges.b[edges.back]])
    head = np.concatenate([edges.b[edges.ahead], edges.a[edges.back]])
    arcs = scipy.sparse.coo_array((np.ones(len(tail)), (tail, head)), shape=(len(net.xy),) * 2)
    part = connected_components(arcs, connection="strong")[1]
    largest = np.bincount(part[edges.a]).argmax()
    inside = (part[edges.a] == largest) & (part[edges.b] == largest) & (edges.length_m > 0)
    edges = edges.only(inside)
    used, ends = np.unique(np.concatenate([edges.a, edges.b]), return_inverse=True)
    a, b = ends.reshape(2, -1)
    name = f"{place} {network}"
    return Streets(name, net.xy[used], a, b, edges.length_m, edges.seconds, edges.ahead, edges.back)


@cache
def drawn_streets(nodes: int) -> Streets:
    """Draw a town: a crooked grid, a seventh of its streets missing, every street with bends; all two-way.

    Its mean degree is about that of real streets with their bends (2.2).
    """
    random = np.random.default_rng(11)
    side = max(3, round((nodes / 4.2) ** 0.5))
    row, column = np.divmod(np.arange(side * side), side)
    crossing = np.column_stack([column, row]) * 120.0 + random.uniform(-35, 35, (side * side, 2))
    right = np.flatnonzero(column < side - 1)
    up = np.flatnonzero(row < side - 1)
    links = np.concatenate([np.column_stack([right, right + 1]), np.column_stack([up, up + side])])
    links = links[random.random(len(links)) > 1 / 7]
    matrix = scipy.sparse.coo_array((np.ones(len(links)), links.T), shape=(side * side,) * 2)
    part = connected_components(matrix, directed=False)[1]
    links = links[part[links[:, 0]] == np.bincount(part).argmax()]
    bends = random.integers(0, 5, len(links))
    steps = np.repeat(np.arange(len(links)), bends)
    place = np.arange(len(steps)) - np.repeat(np.cumsum(bends) - bends, bends)
    along = (place + 1) / (bends[steps] + 1)
    start, stop = crossing[links[steps, 0]], crossing[links[steps, 1]]
    bend = start + along[:, None] * (stop - start) + random.uniform(-6, 6, (len(steps), 2))
    xy = np.concatenate([crossing, bend])
    node = len(crossing) + np.arange(len(steps))
    is_first = place == 0
    is_last = place == bends[steps] - 1
    a = np.concatenate([links[bends == 0, 0], links[steps[is_first], 0], node])
    after = np.where(is_last, links[steps, 1], np.minimum(node + 1, len(xy) - 1))
    b = np.concatenate([links[bends == 0, 1], node[is_first], after])
    used, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    a, b = ends.reshape(2, -1)
    xy = xy[used]
    length_m = np.hypot(*(xy[a] - xy[b]).T)
    both = np.ones(len(a), bool)
    return Streets(f"drawn {len(xy) // 1000}k", xy, a, b, length_m, length_m / (WALK_KPH / 3.6), both, both)
