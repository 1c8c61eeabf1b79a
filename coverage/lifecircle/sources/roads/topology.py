"""Where streets meet on the map and not in the network: crossings and ends without a common vertex, and how they are joined.

A network is joined where ways share a node. Lines drawn by hand, simplified or merged from two sheets often miss one another by a
hair: each miss cuts the network in silence. Streets on two levels (bridges, tunnels, ``layer``) are meant to miss one another.
QGIS's "Validate network" (https://docs.qgis.org, Network analysis) looks for the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from lifecircle.model import BoolArray, FloatArray, IntArray, Roads
from lifecircle.sources.roads.words import find_levels

JOIN_M = 0.001
"""Vertices this near are one node: the width of rounding, far below any survey."""
ROUND_DIGITS = 6
"""Places that are computed are rounded to a micrometre, so that a street of round coordinates that is cut keeps its metres to the bit."""
MOST_AT_ONE_END = 1
"""An end with nothing beyond; where streets meet already, what is near is another junction."""


@dataclass(frozen=True, slots=True, eq=False)
class MapPieces:
    """The straight pieces of the streets, from vertex to vertex; one entry a piece."""

    position: IntArray
    """Where the piece starts in ``roads.way_node``."""
    u: IntArray
    v: IntArray
    way: IntArray
    level: IntArray
    is_structure: BoolArray
    """Of a bridge or tunnel."""


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Places where two pieces cross between their vertices."""

    one: IntArray
    other: IntArray
    share_one: FloatArray
    share_other: FloatArray
    x: FloatArray
    y: FloatArray

    def __len__(self) -> int:
        return len(self.one)


@dataclass(frozen=True, slots=True, eq=False)
class Misses:
    """Nodes that lie on a piece of another street, or near one, and are not of it."""

    node: IntArray
    piece: IntArray
    share: FloatArray
    """Of the piece, where it is nearest: 0 at ``u``, 1 at ``v``."""
    distance_m: FloatArray

    def __len__(self) -> int:
        return len(self.node)

    def take(self, chosen: npt.NDArray[np.generic]) -> Misses:
        """Return those chosen (positions or a mask)."""
        return Misses(self.node[chosen], self.piece[chosen], self.share[chosen], self.distance_m[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """What does not meet of a street map, in one look."""

    pieces: MapPieces
    crossings: Crossings
    touching: Misses
    """On the other street, to a millimetre."""
    loose: Misses
    """Ends near the other street."""


def cut_pieces(roads: Roads) -> MapPieces:
    """Return the straight pieces of all streets; ferries meet nothing at sea."""
    way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
    is_street = roads.tags["highway"].notna().to_numpy() & ~roads.is_ferry
    node = roads.way_node
    position = np.flatnonzero((way[:-1] == way[1:]) & is_street[way[:-1]] & (node[:-1] != node[1:]))
    level, is_structure = find_levels(roads.tags)
    of = way[position]
    return MapPieces(position, node[position], node[position + 1], of, level[of], is_structure[of])


def find_topology(roads: Roads, loose_m: float) -> Topology:
    """Return what does not meet: crossings and touches to a millimetre, ends that miss another street by at most ``loose_m``."""
    pieces = cut_pieces(roads)
    low = np.minimum(_ends(roads, pieces, 0), _ends(roads, pieces, 1))
    high = np.maximum(_ends(roads, pieces, 0), _ends(roads, pieces, 1))
    boxes = shapely.box(low[0] - JOIN_M, low[1] - JOIN_M, high[0] + JOIN_M, high[1] + JOIN_M)
    tree = shapely.STRtree(boxes)
    one, other = _near_pairs(tree, boxes)
    is_apart = (
        (pieces.u[one] != pieces.u[other]) & (pieces.u[one] != pieces.v[other])
        & (pieces.v[one] != pieces.u[other]) & (pieces.v[one] != pieces.v[other])
    )  # fmt: skip
    one, other = one[is_apart], other[is_apart]
    touching = _find_touching(roads, pieces, one, other)
    return Topology(
        pieces,
        _find_crossings(roads, pieces, one, other),
        touching,
        _find_loose(roads, pieces, tree, loose_m, touching),
    )


def _ends(roads: Roads, pieces: MapPieces, which: int) -> FloatArray:
    node = pieces.v if which else pieces.u
    return np.stack([roads.x[node], roads.y[node]])


def _near_pairs(tree: shapely.STRtree, boxes: npt.NDArray[np.object_]) -> tuple[IntArray, IntArray]:
    one, other = tree.query(boxes)
    is_once = one < other
    return one[is_once], other[is_once]


def _find_crossings(roads: Roads, pieces: MapPieces, one: IntArray, other: IntArray) -> Crossings:
    """Return where pieces on one level cross between their ends; bridges and tunnels cross nothing."""
    is_level = ~pieces.is_structure[one] & ~pieces.is_structure[other] & (pieces.level[one] == pieces.level[other])
    one, other = one[is_level], other[is_level]
    start, along = _ends(roads, pieces, 0), _ends(roads, pieces, 1) - _ends(roads, pieces, 0)
    length = np.hypot(*along)
    r, s, gap = along[:, one], along[:, other], start[:, other] - start[:, one]
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = r[0] * s[1] - r[1] * s[0]
        t = (gap[0] * s[1] - gap[1] * s[0]) / turn
        w = (gap[0] * r[1] - gap[1] * r[0]) / turn
        crosses = np.isfinite(t) & np.isfinite(w)
        for share, metres in ((t, length[one]), (w, length[other])):
            crosses &= (share * metres > JOIN_M) & ((1.0 - share) * metres > JOIN_M)
    one, other, t, w = one[crosses], other[crosses], t[crosses], w[crosses]
    at = np.round(start[:, one] + t * along[:, one], ROUND_DIGITS)
    return Crossings(one, other, t, w, at[0], at[1])


def _project(roads: Roads, pieces: MapPieces, node: IntArray, piece: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return where along the piece each node is nearest (0-1), and how far from there in metres."""
    start, end = _ends(roads, pieces, 0)[:, piece], _ends(roads, pieces, 1)[:, piece]
    along, to = end - start, np.stack([roads.x[node], roads.y[node]]) - start
    square = (along**2).sum(axis=0)
    share = np.clip((along * to).sum(axis=0) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    return share, np.hypot(*(to - share * along))


def _may_meet(pieces: MapPieces, of: IntArray, piece: IntArray, is_end: BoolArray) -> BoolArray:
    """Whether a street that ends, or passes, at a piece of another is on its level there: a bridge comes down at its ends."""
    is_same = pieces.level[of] == pieces.level[piece]
    on_ground = ~pieces.is_structure[piece] & (pieces.level[piece] == 0)
    passes = is_same & ~pieces.is_structure[of] & ~pieces.is_structure[piece]
    return np.asarray(np.where(is_end, on_ground | is_same, passes), dtype=bool)


def _is_way_end(roads: Roads, pieces: MapPieces, at: int) -> BoolArray:
    """Whether the piece's first (0) or last (1) vertex is an end of its way."""
    position = pieces.position + at
    ends = roads.way_start[pieces.way + 1] - 1 if at else roads.way_start[pieces.way]
    return np.asarray(position == ends, dtype=bool)


def _find_touching(roads: Roads, pieces: MapPieces, one: IntArray, other: IntArray) -> Misses:
    """Return the vertices of one street that lie on another between its vertices."""
    length = np.hypot(*(_ends(roads, pieces, 1) - _ends(roads, pieces, 0)))
    found = []
    for of, piece in ((one, other), (other, one)):
        for at, node in enumerate((pieces.u[of], pieces.v[of])):
            share, distance_m = _project(roads, pieces, node, piece)
            metres = share * length[piece]
            lies_on = (distance_m <= JOIN_M) & (metres > JOIN_M) & (length[piece] - metres > JOIN_M)
            lies_on &= _may_meet(pieces, of, piece, _is_way_end(roads, pieces, at)[of])
            found.append(Misses(node, piece, share, distance_m).take(lies_on))
    every = _concatenate(found)
    _, first = np.unique(every.node * np.int64(len(pieces.u) + 1) + every.piece, return_index=True)
    return every.take(first)


def _concatenate(parts: list[Misses]) -> Misses:
    return Misses(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("node", "piece", "share", "distance_m"))
    )


def _find_loose(roads: Roads, pieces: MapPieces, tree: shapely.STRtree, loose_m: float, touching: Misses) -> Misses:
    """Return the ends of streets that miss another street by at most ``loose_m``, each with the nearest; those that touch left out.

    What a short way already joins to the end is no miss.
    """
    degree = np.bincount(np.concatenate([pieces.u, pieces.v]), minlength=len(roads.x))
    node, of = [], []
    for at, nodes in enumerate((pieces.u, pieces.v)):
        is_end = _is_way_end(roads, pieces, at) & (degree[nodes] <= MOST_AT_ONE_END)
        node.append(nodes[is_end])
        of.append(np.flatnonzero(is_end))
    ends, owner = np.concatenate(node), np.concatenate(of)
    x, y = roads.x[ends], roads.y[ends]
    index, piece = tree.query(shapely.box(x - loose_m, y - loose_m, x + loose_m, y + loose_m))
    ends, owner = ends[index], owner[index]
    together = _short_parts(roads, pieces, 2 * loose_m)
    is_other = (together[ends] != together[pieces.u[piece]]) & (together[ends] != together[pieces.v[piece]])
    is_other &= _may_meet(pieces, owner, piece, np.ones(len(owner), dtype=bool)) & ~np.isin(ends, touching.node)
    ends, piece = ends[is_other], piece[is_other]
    share, distance_m = _project(roads, pieces, ends, piece)
    near = Misses(ends, piece, share, distance_m).take((distance_m <= loose_m) & (distance_m > JOIN_M))
    order = np.lexsort((near.piece, near.distance_m, near.node))
    _, first = np.unique(near.node[order], return_index=True)
    return near.take(order[first])


def _short_parts(roads: Roads, pieces: MapPieces, most_m: float) -> IntArray:
    """Return for each node the number of the part it is of when only pieces up to ``most_m`` join."""
    length = np.hypot(*(_ends(roads, pieces, 1) - _ends(roads, pieces, 0)))
    is_short = length <= most_m
    return _parts(pieces.u[is_short], pieces.v[is_short], len(roads.x))


def _parts(u: IntArray, v: IntArray, n_nodes: int) -> IntArray:
    graph = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(n_nodes, n_nodes)).tocsr()
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def find_twins(roads: Roads, pieces: MapPieces, within_m: float) -> tuple[IntArray, IntArray]:
    """Return pairs of nodes of streets that lie at one place and are two: where two extracts, or two graphs, were put together.

    Nodes on different levels, and nodes that a short way joins, are left out.
    """
    nodes = np.unique(np.concatenate([pieces.u, pieces.v]))
    pairs = cKDTree(np.column_stack([roads.x[nodes], roads.y[nodes]])).query_pairs(within_m, output_type="ndarray")
    one, other = nodes[pairs[:, 0]], nodes[pairs[:, 1]]
    together = _short_parts(roads, pieces, 4 * within_m)
    lowest, highest = _levels_of_nodes(pieces, len(roads.x))
    is_level = (lowest[one] <= highest[other]) & (lowest[other] <= highest[one])
    keep = is_level & (together[one] != together[other])
    return one[keep], other[keep]


def _levels_of_nodes(pieces: MapPieces, n_nodes: int) -> tuple[IntArray, IntArray]:
    lowest = np.full(n_nodes, np.iinfo(np.int64).max)
    highest = np.full(n_nodes, np.iinfo(np.int64).min)
    for ends in (pieces.u, pieces.v):
        np.minimum.at(lowest, ends, pieces.level)
        np.maximum.at(highest, ends, pieces.level)
    return lowest, highest


def count_parts(roads: Roads, pieces: MapPieces, one: IntArray, other: IntArray) -> tuple[int, int]:
    """Return in how many connected parts the streets are, and in how many they were if these nodes were joined."""
    nodes = np.unique(np.concatenate([pieces.u, pieces.v]))
    now = _parts(pieces.u, pieces.v, len(roads.x))
    then = _parts(np.concatenate([pieces.u, one]), np.concatenate([pieces.v, other]), len(roads.x))
    return len(np.unique(now[nodes])), len(np.unique(then[nodes]))


def count_places(x: FloatArray, y: FloatArray, within_m: float) -> tuple[int, IntArray]:
    """Return how many places there are when those within ``within_m`` are one, and the first entry of each."""
    if not len(x):
        return 0, np.zeros(0, dtype=np.int64)
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(within_m, output_type="ndarray")
    part = _parts(pairs[:, 0], pairs[:, 1], len(x))
    _, first = np.unique(part, return_index=True)
    return len(first), np.sort(first)


# ---- joining


def join_streets(roads: Roads, topology: Topology, *, at_crossings: bool, snap_m: float) -> Roads:
    """Return the street map with a common node where streets cross or touch (``at_crossings``) and where ends miss by ``snap_m``.

    An end that is snapped moves onto the other street, or into its node where that is as near; nothing else moves.
    """
    pieces = topology.pieces
    x, y = roads.x.copy(), roads.y.copy()
    none = np.zeros(0, dtype=np.int64)
    inserted_piece, inserted_share, inserted_node = [none], [np.zeros(0)], [none]
    merged_one, merged_other = [none], [none]
    if at_crossings and len(topology.crossings):
        found = topology.crossings
        key = np.round(np.column_stack([found.x, found.y]) / JOIN_M).astype(np.int64)
        _, first, number = np.unique(key, axis=0, return_index=True, return_inverse=True)
        node = len(x) + number.reshape(-1)
        x, y = np.concatenate([x, found.x[first]]), np.concatenate([y, found.y[first]])
        for piece, share in ((found.one, found.share_one), (found.other, found.share_other)):
            inserted_piece.append(piece)
            inserted_share.append(share)
            inserted_node.append(node)
    misses = [topology.touching] if at_crossings else []
    if snap_m > 0:
        misses.append(topology.loose.take(topology.loose.distance_m <= snap_m))
    for found_misses in misses:
        joined = found_misses
        length = np.hypot(*(_ends(roads, pieces, 1) - _ends(roads, pieces, 0)))[joined.piece]
        within_m = np.maximum(joined.distance_m, JOIN_M)
        at_u, at_v = joined.share * length <= within_m, (1 - joined.share) * length <= within_m
        merged_one.append(joined.node[at_u | at_v])
        merged_other.append(np.where(at_u, pieces.u[joined.piece], pieces.v[joined.piece])[at_u | at_v])
        between = joined.take(~(at_u | at_v))
        start, end = _ends(roads, pieces, 0)[:, between.piece], _ends(roads, pieces, 1)[:, between.piece]
        moves = between.distance_m > JOIN_M
        moved = np.round(start + between.share * (end - start), ROUND_DIGITS)
        x[between.node[moves]], y[between.node[moves]] = moved[:, moves]
        inserted_piece.append(between.piece)
        inserted_share.append(between.share)
        inserted_node.append(between.node)
    joined_roads = _insert(
        replace(roads, x=x, y=y), pieces.position[np.concatenate(inserted_piece)], np.concatenate(inserted_share),
        np.concatenate(inserted_node),
    )  # fmt: skip
    return merge_nodes(joined_roads, np.concatenate(merged_one), np.concatenate(merged_other))


def _insert(roads: Roads, position: IntArray, share: FloatArray, node: IntArray) -> Roads:
    """Put nodes into ways, each behind the vertex at its position, in the order of their shares."""
    all_position = np.concatenate([np.arange(len(roads.way_node)), position])
    order = np.lexsort((np.concatenate([np.zeros(len(roads.way_node)), share]), all_position))
    way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
    counts = np.diff(roads.way_start) + np.bincount(way[position], minlength=len(roads))
    return replace(
        roads,
        way_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        way_node=np.concatenate([roads.way_node, node])[order],
    )


def merge_nodes(roads: Roads, one: IntArray, other: IntArray) -> Roads:
    """Make one node of each pair, at the place of the first of them; nodes that are no longer used stay, unused."""
    if not len(one):
        return roads
    part = _parts(one, other, len(roads.x))
    _, first, number = np.unique(part, return_index=True, return_inverse=True)
    node = first[number.reshape(-1)].astype(np.int64)
    return replace(roads, way_node=node[roads.way_node], barrier_node=node[roads.barrier_node])


def join_vertices(x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
    """Return for each vertex its place, those within a millimetre being one, and the first vertex of each place."""
    keys = np.round(np.column_stack([x, y]) / JOIN_M).astype(np.int64)
    _, first, place = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    place = place.reshape(-1)
    # Two vertices of one place may have been rounded to two keys.
    pairs = cKDTree(np.column_stack([x[first], y[first]])).query_pairs(JOIN_M, output_type="ndarray")
    if len(pairs):
        part = _parts(pairs[:, 0], pairs[:, 1], len(first))
        _, kept, number = np.unique(part, return_index=True, return_inverse=True)
        order = np.argsort(kept, kind="stable")  # places stay in the order of their keys
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        return rank[number.reshape(-1)][place], first[kept[order]]
    return place, first


def keep_levels_apart(place: IntArray, way_start: IntArray, tags: pd.DataFrame) -> tuple[IntArray, BoolArray]:
    """Return the node of each vertex: a bridge or tunnel does not meet, between its ends, a street of another level that has a vertex there.

    Returns
    -------
    node
        As ``place``, and numbers beyond for what is kept apart.
    is_apart
        The vertices that are kept apart from another street at their place.
    """
    level, is_structure = find_levels(tags)
    way = np.repeat(np.arange(len(way_start) - 1), np.diff(way_start))
    is_end = np.zeros(len(place), dtype=bool)
    is_end[way_start[:-1]] = True
    is_end[way_start[1:] - 1] = True
    is_raised = ((level != 0) | is_structure)[way]
    passes = is_raised & ~is_end
    if not passes.any():
        return place, np.zeros(len(place), dtype=bool)
    # A raised street that passes has a node of its own level there; raised ends of that level join it.
    key = place * np.int64(64) + np.clip(level[way], -30, 30) + 31
    own = np.unique(key[passes])
    joins = is_raised & np.isin(key, own)
    n_places = int(place.max()) + 1
    node = place.copy()
    node[joins] = n_places + np.searchsorted(own, key[joins])
    shared = np.bincount(place[~joins], minlength=n_places) > 0
    several = np.bincount(own // 64, minlength=n_places) > 1
    is_apart = joins & (shared | several)[place]
    return node, is_apart
