"""The ways of one mode, cut at every node: the network before contraction, as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lifecircle.model import BoolArray, FloatArray, IntArray, Roads
from lifecircle.travel.ways import WayUse


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Straight pieces between two nodes; every array has one entry a segment."""

    u: IntArray
    v: IntArray
    length_m: FloatArray
    there_s: FloatArray
    """Seconds from ``u`` to ``v``; where nothing slopes, those of ``back_s``."""
    back_s: FloatArray
    """Seconds from ``v`` to ``u``."""
    forward: BoolArray
    """Whether the mode may go from ``u`` to ``v``."""
    backward: BoolArray
    is_ferry: BoolArray
    is_link: BoolArray
    """A path, gate or bridge laid over the map: like a ferry it is joined at its ends only, but its metres are walked."""
    wait_s: FloatArray
    """Half the headway of the ferry, the same on all its segments; 0 on streets."""
    way: IntArray
    """Which way it is a piece of."""
    sailing: IntArray
    """Which sailing of the map it is a piece of, boarded once; -1 on streets, below that what is boarded alone."""

    def __len__(self) -> int:
        return len(self.u)

    def take(self, index: npt.NDArray[np.generic]) -> Segments:
        """Return the segments at ``index`` (positions or a mask)."""
        return Segments(**{item.name: getattr(self, item.name)[index] for item in fields(self)})


def cut_ways(roads: Roads, use: WayUse) -> Segments:
    """Return the used ways cut at every node; lengths are planar, in the district's CRS."""
    start, node = roads.way_start, roads.way_node
    way_of_vertex = np.repeat(np.arange(len(roads)), np.diff(start))
    is_piece = way_of_vertex[:-1] == way_of_vertex[1:]
    is_piece &= use.is_used[way_of_vertex[:-1]] & (node[:-1] != node[1:])
    first = np.flatnonzero(is_piece)
    u, v, way = node[first], node[first + 1], way_of_vertex[first]
    length_m = np.hypot(roads.x[u] - roads.x[v], roads.y[u] - roads.y[v])
    with np.errstate(invalid="ignore"):
        seconds = length_m / use.speed_mps[way]
    is_ferry = use.is_ferry[way]
    if is_ferry.any():
        # A sailing time holds for the whole ferry; its pieces share it by length.
        whole_m = np.bincount(way, weights=length_m, minlength=len(roads))
        share = length_m[is_ferry] / np.maximum(whole_m[way[is_ferry]], 1e-9)
        seconds[is_ferry] = use.ferry_s[way[is_ferry]] * share
    no_link = np.zeros(len(u), dtype=bool)
    return Segments(
        u, v, length_m, seconds, seconds, use.forward[way], use.backward[way], is_ferry, no_link, use.wait_s[way], way,
        use.sailing[way],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Fragments of the network too short to be believed: a drive inside a yard, a path nobody joined to the street."""

    fragments: int
    length_m: float
    unclear_barriers: int = 0
    """Barriers that would stop the mode but stand where ways cross: which of them is closed is not known, and none is cut."""


def leave_out_fragments(segments: Segments, n_nodes: int, min_fragment_m: float) -> tuple[Segments, LeftOut]:
    """Drop the connected parts, ferries included, that are shorter in all than ``min_fragment_m``."""
    part = connected_parts(segments.u, segments.v, n_nodes)[segments.u]
    total_m = np.bincount(part, weights=segments.length_m, minlength=1)
    is_short = (total_m < min_fragment_m) & (np.bincount(part, minlength=1) > 0)
    kept = segments.take(~is_short[part]) if len(segments) else segments
    return kept, LeftOut(int(is_short.sum()), float(total_m[is_short].sum()))


def connected_parts(u: IntArray, v: IntArray, n_nodes: int) -> IntArray:
    """Return the number of the connected part of each node, direction ignored."""
    ones = np.ones(len(u), dtype=np.int8)
    _, part = connected_components(coo_array((ones, (u, v)), shape=(n_nodes, n_nodes)).tocsr(), directed=False)
    return np.asarray(part, dtype=np.int64)


def split_segments(
    segments: Segments, x: FloatArray, y: FloatArray, where: IntArray, share: FloatArray
) -> tuple[Segments, FloatArray, FloatArray, IntArray]:
    """Put a node on a segment for each point, so that something may start there.

    Parameters
    ----------
    segments, x, y
        The network; ``x``, ``y`` of its nodes.
    where, share
        For each point its segment, and how far along it (0 at ``u``, 1 at ``v``).

    Returns
    -------
    segments, x, y
        With the new pieces and nodes.
    node : IntArray
        The node of each point.
    """
    node = np.where(share <= 0, segments.u[where], segments.v[where])
    inside = np.flatnonzero((share > 0) & (share < 1))
    node[inside] = len(x) + np.arange(len(inside))
    u, v = segments.u[where[inside]], segments.v[where[inside]]
    x = np.concatenate([x, x[u] + share[inside] * (x[v] - x[u])])
    y = np.concatenate([y, y[u] + share[inside] * (y[v] - y[u])])
    pieces = [segments.take(np.setdiff1d(np.arange(len(segments)), where[inside]))]
    for index in np.unique(where[inside]):  # a handful of ferry landings
        on_it = inside[where[inside] == index]
        on_it = on_it[np.argsort(share[on_it], kind="stable")]
        stops = np.concatenate([[0.0], share[on_it], [1.0]])
        nodes = np.concatenate([segments.u[[index]], node[on_it], segments.v[[index]]])
        whole = segments.take(np.full(len(stops) - 1, index))
        part = np.diff(stops)
        pieces.append(
            Segments(
                nodes[:-1],
                nodes[1:],
                whole.length_m * part,
                whole.there_s * part,
                whole.back_s * part,
                whole.forward,
                whole.backward,
                whole.is_ferry,
                whole.is_link,
                whole.wait_s,
                whole.way,
                whole.sailing,
            )
        )
    return join_segments(pieces), x, y, node


def join_segments(pieces: list[Segments]) -> Segments:
    """Return the segments one after another."""
    return Segments(
        **{item.name: np.concatenate([getattr(piece, item.name) for piece in pieces]) for item in fields(Segments)}
    )


def board_once(segments: Segments, x: FloatArray, y: FloatArray) -> tuple[Segments, FloatArray, FloatArray]:
    """Return the segments with boarding apart from sailing, where one may stay aboard past a landing or a fork.

    A sailing that is one line between two landings needs nothing: it becomes one edge, and its wait is in it. Any other gets a deck of
    its own: at each landing a segment leads aboard, and takes the wait; ashore again it takes nothing.
    """
    sea = np.flatnonzero(segments.is_ferry & (segments.sailing >= 0))
    if not len(sea):
        return segments, x, y
    n_nodes = len(x)
    at = np.concatenate([segments.u[sea], segments.v[sea]])
    of = np.tile(segments.sailing[sea], 2)
    place, where, aboard = np.unique(of * n_nodes + at, return_inverse=True, return_counts=True)
    sailing, node = place // n_nodes, place % n_nodes
    meet = np.bincount(np.concatenate([segments.u, segments.v]), minlength=n_nodes)
    is_landing = meet[node] > aboard
    is_forked = np.zeros(int(sailing.max()) + 1, dtype=bool)
    is_forked[sailing[(is_landing & (aboard > 1)) | (aboard > 2)]] = True
    landing = np.flatnonzero(is_landing & is_forked[sailing])
    if not len(landing):
        return segments, x, y
    deck = node.copy()
    deck[landing] = n_nodes + np.arange(len(landing))
    u, v, wait_s = segments.u.copy(), segments.v.copy(), segments.wait_s.copy()
    u[sea], v[sea] = deck[where[: len(sea)]], deck[where[len(sea) :]]
    decked = sea[is_forked[segments.sailing[sea]]]
    longest_s = np.zeros(len(is_forked))
    np.maximum.at(longest_s, segments.sailing[sea], segments.wait_s[sea])
    wait_s[decked] = 0.0
    ashore = node[landing]
    yes, zeros = np.ones(len(landing), dtype=bool), np.zeros(len(landing))
    boarding = Segments(
        u=ashore, v=deck[landing], length_m=zeros, there_s=longest_s[sailing[landing]], back_s=zeros, forward=yes, backward=yes,
        is_ferry=yes, is_link=~yes, wait_s=zeros, way=np.full(len(landing), -1), sailing=-2 - np.arange(len(landing)),
    )  # fmt: skip
    aboard_too = join_segments([replace(segments, u=u, v=v, wait_s=wait_s), boarding])
    return aboard_too, np.append(x, x[ashore]), np.append(y, y[ashore])
