"""The network a mode may use, contracted, with the streets that points may join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from lifecircle.config import Mode, Ways
from lifecircle.config.tags import parse_duration_s
from lifecircle.model import BoolArray, FloatArray, IntArray, Roads
from lifecircle.travel.contraction import accumulate, find_kept_nodes, index_incident, trace_edges
from lifecircle.travel.join import SegmentGrid
from lifecircle.travel.laid import lay_over
from lifecircle.travel.legs import StreetPieces, lay_pieces, number_parts
from lifecircle.travel.obstacles import Obstacles, index_obstacles
from lifecircle.travel.segments import (
    LeftOut,
    Segments,
    board_once,
    connected_parts,
    cut_ways,
    leave_out_fragments,
)
from lifecircle.travel.slope import Heights, climb, follows_slope
from lifecircle.travel.ways import WayUse, closed_nodes, cut_at_barriers, use_ways

Weight = Literal["seconds", "metres"]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Nodes 0 .. n_nodes-1, edges between them, and the edges' vertices.

    Vertex arrays are compressed: edge *e* has the vertices ``edge_start[e] + e`` .. ``edge_start[e + 1] + e``, and its piece *i*
    (``edge_start[e] <= i < edge_start[e + 1]``) runs from vertex ``i + e`` to the next.
    """

    mode: Mode
    n_nodes: int
    node_x: FloatArray
    node_y: FloatArray
    a: IntArray
    b: IntArray
    forward: BoolArray
    """Whether the mode may go from ``a`` to ``b``."""
    backward: BoolArray
    is_ferry: BoolArray
    """Crossed from end to end and joined nowhere between: ferries, and links laid over the map."""
    is_link: BoolArray
    """Of these, the links, whose metres are walked."""
    edge_start: IntArray
    vertex_x: FloatArray
    vertex_y: FloatArray
    vertex_m: FloatArray
    """Metres from the edge's start."""
    vertex_there_s: FloatArray
    """Seconds from the edge's start to the vertex; on ferries half the headway is in the last piece."""
    vertex_back_s: FloatArray
    """Seconds from the vertex back to the edge's start: the same array where nothing slopes."""
    part: IntArray
    """Connected part of each node, direction ignored; part 0 is the longest."""
    part_m: FloatArray
    """Length of each part in metres, ferries left out."""
    left_out: LeftOut
    ferries: tuple[str, ...]
    problems: tuple[str, ...]
    pieces: StreetPieces
    """The pieces of edges that points may join: all but ferries and links."""
    obstacles: Obstacles
    """What no access leg crosses; empty where the mode joins the nearest edge alone."""

    @property
    def streets(self) -> SegmentGrid:
        """The pieces of edges that points may join, as lines."""
        return self.pieces.grid

    @property
    def n_edges(self) -> int:
        """Edges after contraction."""
        return len(self.a)

    def vertex_costs(self, weight: Weight) -> tuple[FloatArray, FloatArray]:
        """Return what it costs at each vertex to have come from the edge's start, and to go back there."""
        return (self.vertex_m, self.vertex_m) if weight == "metres" else (self.vertex_there_s, self.vertex_back_s)

    def edge_costs(self, weight: Weight) -> tuple[FloatArray, FloatArray]:
        """Return the cost of each whole edge, from ``a`` to ``b`` and from ``b`` to ``a``.

        inf for ferries where metres are asked: a circle in metres is walked.
        """
        there, back = (cost[self.edge_start[1:] + np.arange(self.n_edges)] for cost in self.vertex_costs(weight))
        if weight == "metres":
            there = back = np.where(self.is_ferry & ~self.is_link, np.inf, there)
        return there, back


def is_same_network(one: Network, other: Network) -> bool:
    """Whether two networks of a mode have the same edges, to the bit: every way over the one is a way over the other."""
    names = ("a", "b", "forward", "backward", "is_ferry", "is_link", "edge_start", "vertex_x", "vertex_y", "vertex_m",
             "vertex_there_s", "vertex_back_s")  # fmt: skip
    return one.mode == other.mode and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def build_network(
    roads: Roads,
    mode: Mode,
    ways: Mapping[str, Ways],
    heights: Heights | None = None,
    barriers: npt.NDArray[np.object_] | None = None,
) -> Network:
    """Return the contracted network of a mode, as DESIGN 5 defines it.

    Ways as the tags (or OSMnx's filter) say, cut at the barriers that stop the mode; fragments shorter than ``mode.min_fragment_m`` left
    out, ferries included; on foot and by bicycle seconds by the slope, where there are heights; the district's own ferries and what is to
    be built joined at their ends; ferries boarded once a sailing; degree-2 nodes contracted, exactly. ``barriers`` are lines and areas
    that no access leg crosses, in the district's CRS.
    """
    network_type, unclear = mode.network_type or "walk", 0
    if mode.ways == "tags":
        closed, at_crossings = closed_nodes(roads, network_type, ways[network_type].tags)
        roads, unclear = cut_at_barriers(roads, closed), len(at_crossings)
    use = use_ways(roads, mode, ways[network_type])
    segments, left_out = leave_out_fragments(cut_ways(roads, use), len(roads.x), mode.min_fragment_m)
    if heights is not None and follows_slope(mode):
        segments = climb(segments, roads, roads.x, roads.y, mode, heights)
    obstacles = index_obstacles(barriers if barriers is not None and mode.join == "near" else ())
    segments, x, y, ferries, unjoined = lay_over(roads, mode, segments, obstacles, heights)
    ferries = (*_ferry_names(roads, use), *ferries)
    problems = (
        *unjoined,
        *_untimed(roads, use.is_untimed),
        *_alike_pieces(roads, use),
        *_loose_ferries(roads, mode, segments, len(x)),
    )
    left_out = replace(left_out, unclear_barriers=unclear)
    return _contract(*board_once(segments, x, y), mode, left_out, ferries, problems, obstacles)


def _untimed(roads: Roads, is_untimed: BoolArray) -> tuple[str, ...]:
    """Say which ferries are not used because nothing says how long they sail; a text that cannot be read is said where it is read."""
    says = roads.tags["duration"].notna().to_numpy() & is_untimed
    of_whole = roads.tags["relation:duration"]
    can_be_read = np.array([np.isfinite(parse_duration_s(str(value))) for value in of_whole.cat.categories] + [False])
    is_forked = is_untimed & can_be_read[of_whole.cat.codes.to_numpy()]
    is_silent = is_untimed & ~says & of_whole.isna().to_numpy()
    found = []
    if is_silent.any():
        found.append(f"{is_silent.sum()} 条轮渡没有 duration，未使用 ferries without a duration are not used")
    if is_forked.any():
        found.append(
            f"{is_forked.sum()} 条轮渡所属航线关系有分叉或成环，总时长无法分摊，未使用 ferries of a relation that branches or goes round are not used: "
            "give each way its duration"
        )
    return tuple(found)


def _alike_pieces(roads: Roads, use: WayUse) -> tuple[str, ...]:
    """Say which sailings are in pieces that all give one duration: it may be that of the whole, copied when the way was cut in two."""
    is_own = use.is_ferry & roads.tags["relation:duration"].isna().to_numpy()
    ways = np.flatnonzero(is_own)
    if not len(ways):
        return ()
    order = ways[np.argsort(use.sailing[ways], kind="stable")]
    _, first, pieces = np.unique(use.sailing[order], return_index=True, return_counts=True)
    least, most = (reduce.reduceat(use.ferry_s[order], first) for reduce in (np.minimum, np.maximum))
    alike = int(((pieces > 1) & (least == most)).sum())
    if not alike:
        return ()
    text = (
        f"{alike} 条轮渡分段绘制而各段 duration 相同，按相加计 ferries in pieces that all say one duration: they are added up; "
        "若为全程时长，写在航线关系上 if it is that of the whole, say it on the route relation"
    )
    return (text,)


def _ferry_names(roads: Roads, use: WayUse) -> tuple[str, ...]:
    """Name the ferries, once a sailing however many pieces it is mapped in."""
    names = roads.tags["name"].to_numpy()
    ways = np.flatnonzero(use.is_ferry)
    named = [(use.sailing[way], names[way] if isinstance(names[way], str) else roads.way_id[way]) for way in ways]
    return tuple(str(name) for _, name in dict.fromkeys(named))


def _loose_ferries(roads: Roads, mode: Mode, segments: Segments, n_nodes: int) -> tuple[str, ...]:
    """Name the ferries of the map that end where the mode has no street: they carry no one."""
    is_sea = segments.is_ferry
    ways = np.unique(segments.way[is_sea & (segments.way >= 0)])
    if not len(ways):
        return ()
    at_street = np.zeros(n_nodes, dtype=bool)
    at_street[segments.u[~is_sea]] = True
    at_street[segments.v[~is_sea]] = True
    sailings = np.bincount(np.concatenate([segments.u[is_sea], segments.v[is_sea]]), minlength=n_nodes)
    ends = roads.way_node[np.stack([roads.way_start[ways], roads.way_start[ways + 1] - 1])]
    names = roads.tags["name"].to_numpy()
    return tuple(
        f"轮渡一端没有{mode.label.zh}道路，无人可乘 a ferry ends where the mode has no street: "
        f"{names[way] if isinstance(names[way], str) else roads.way_id[way]}；可用 [[ferries]] 写明 or give it in [[ferries]]"
        for way in ways[~(at_street | (sailings > 1))[ends].all(axis=0)]
    )


def _contract(
    segments: Segments, x: FloatArray, y: FloatArray, mode: Mode, left_out: LeftOut,
    ferries: tuple[str, ...], problems: tuple[str, ...], obstacles: Obstacles,
) -> Network:  # fmt: skip
    start, incident = index_incident(segments.u, segments.v, len(x))
    kept = find_kept_nodes(segments, start, incident)
    edge_start, order, is_turned = trace_edges(segments.u, segments.v, start, incident, kept)
    number = np.cumsum(kept) - 1
    first, last = order[edge_start[:-1]], order[edge_start[1:] - 1]
    first_turned, last_turned = is_turned[edge_start[:-1]], is_turned[edge_start[1:] - 1]
    tail = np.where(first_turned, segments.v[first], segments.u[first])
    head = np.where(last_turned, segments.u[last], segments.v[last])
    is_ferry = segments.is_ferry[first]
    there_s = np.where(is_turned, segments.back_s[order], segments.there_s[order])
    back_s = np.where(is_turned, segments.there_s[order], segments.back_s[order])
    for seconds in (there_s, back_s):
        seconds[edge_start[1:] - 1] += segments.wait_s[last]  # once a boarding, whichever way it sails
    n_edges = len(first)
    edge = np.repeat(np.arange(n_edges), np.diff(edge_start))
    vertex_node = np.empty(len(order) + n_edges, dtype=np.int64)
    vertex_node[np.arange(len(order)) + edge] = np.where(is_turned, segments.v[order], segments.u[order])
    vertex_node[edge_start[1:] + np.arange(n_edges)] = head
    vertex_x, vertex_y = x[vertex_node], y[vertex_node]
    vertex_m = accumulate(edge_start, segments.length_m[order])
    vertex_there_s = accumulate(edge_start, there_s)
    vertex_back_s = vertex_there_s if np.array_equal(there_s, back_s) else accumulate(edge_start, back_s)
    part, part_m = _number_parts(
        number[tail], number[head], int(kept.sum()), np.where(is_ferry, 0.0, _totals(vertex_m, edge_start))
    )
    forward = np.where(first_turned, segments.backward[first], segments.forward[first])
    backward = np.where(first_turned, segments.forward[first], segments.backward[first])
    piece = np.flatnonzero(~is_ferry[edge])
    vertex = piece + edge[piece]
    part_of_edge = _part_of_edges(~is_ferry, number[tail], number[head], forward, backward, int(kept.sum()))
    pieces = lay_pieces(
        x, y, vertex_node[vertex], vertex_node[vertex + 1], forward[edge[piece]], backward[edge[piece]],
        node=np.where(kept, number, -1), part=part_of_edge[edge[piece]], edge=edge[piece], vertex=vertex,
        obstacles=obstacles, max_m=mode.max_access_m,
    )  # fmt: skip
    return Network(
        mode=mode,
        n_nodes=int(kept.sum()),
        node_x=x[kept],
        node_y=y[kept],
        a=number[tail],
        b=number[head],
        forward=forward,
        backward=backward,
        is_ferry=is_ferry,
        is_link=segments.is_link[first],
        edge_start=edge_start,
        vertex_x=vertex_x,
        vertex_y=vertex_y,
        vertex_m=vertex_m,
        vertex_there_s=vertex_there_s,
        vertex_back_s=vertex_back_s,
        part=part,
        part_m=part_m,
        left_out=left_out,
        ferries=ferries,
        problems=problems,
        pieces=pieces,
        obstacles=obstacles,
    )


def _part_of_edges(
    is_street: BoolArray, a: IntArray, b: IntArray, forward: BoolArray, backward: BoolArray, n_nodes: int
) -> IntArray:
    """Return the part of each edge that streets connect; -1 for ferries and links."""
    part = np.full(len(a), -1, dtype=np.int64)
    part[is_street] = number_parts(a[is_street], b[is_street], forward[is_street], backward[is_street], n_nodes)
    return part


def _totals(vertex_cost: FloatArray, edge_start: IntArray) -> FloatArray:
    return np.asarray(vertex_cost[edge_start[1:] + np.arange(len(edge_start) - 1)])


def _number_parts(a: IntArray, b: IntArray, n_nodes: int, length_m: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the part of each node and the parts' lengths, the longest first."""
    if not n_nodes:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    part = connected_parts(a, b, n_nodes)
    total_m = np.bincount(part[a], weights=length_m, minlength=int(part.max()) + 1).astype(np.float64)
    order = np.argsort(-total_m, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[part].astype(np.int64), total_m[order]
