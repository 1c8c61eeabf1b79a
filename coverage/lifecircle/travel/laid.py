"""What the map does not have: ferries with the district's own timetable, and paths, gates and bridges that may be built.

Both are joined at their ends, over access legs to the streets near each, and nowhere between: one more of them can shorten a
way, and never lengthens one, because nobody joins the streets elsewhere for it.
"""

from __future__ import annotations

import numpy as np

from lifecircle.config import Mode
from lifecircle.model import BoolArray, FloatArray, IntArray, NewLink, Roads, Sailing
from lifecircle.travel.join import find_nearest_segments, index_segments
from lifecircle.travel.legs import find_legs, lay_pieces, number_parts
from lifecircle.travel.obstacles import Obstacles
from lifecircle.travel.segments import Segments, join_segments, split_segments
from lifecircle.travel.slope import Heights, climb_line, follows_slope
from lifecircle.travel.ways import KPH_TO_MPS, class_speed_kph


def lay_over(
    roads: Roads, mode: Mode, segments: Segments, obstacles: Obstacles, heights: Heights | None = None
) -> tuple[Segments, FloatArray, FloatArray, tuple[str, ...], tuple[str, ...]]:
    """Return a mode's segments with the ferries and links that carry it, the nodes, the ferries' names, and what could not be joined.

    An end joins the streets as any other place does (``mode.join``): from each leg at one end to each at the other is a segment of
    its own, so that nobody walks from street to street over a pier.
    """
    given: tuple[Sailing | NewLink, ...] = (*roads.sailings, *roads.links)
    laid = [one for one in given if mode.id in one.modes]
    x, y = roads.x, roads.y
    if not laid or not len(segments):
        return segments, x, y, (), ()
    ends = np.array([point for one in laid for point in _ends(one)])
    start, where, share, access_m = _join_ends(segments, x, y, ends, mode, obstacles)
    count = np.diff(start).reshape(-1, 2)
    is_joined: BoolArray = np.asarray((count > 0).all(axis=1))
    problems = tuple(_unjoined(one, mode) for one, joined in zip(laid, is_joined.tolist(), strict=True) if not joined)
    is_used = np.repeat(np.repeat(is_joined, 2), count.ravel())  # of the legs
    segments, x, y, used_node = split_segments(segments, x, y, where[is_used], share[is_used])
    node = np.full(len(where), -1, dtype=np.int64)
    node[is_used] = used_node
    pairs = count[:, 0] * count[:, 1]
    which = np.repeat(np.arange(len(laid)), pairs)
    number = np.arange(len(which)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    from_leg = start[2 * which] + number // np.maximum(count[which, 1], 1)
    to_leg = start[2 * which + 1] + number % np.maximum(count[which, 1], 1)
    added = _as_segments(
        laid, which, np.column_stack([node[from_leg], node[to_leg]]), access_m[from_leg] + access_m[to_leg], x, y, mode, heights
    )  # fmt: skip
    joined = [one for one, good in zip(laid, is_joined.tolist(), strict=True) if good]
    names = tuple(one.name for one in joined if isinstance(one, Sailing))
    return join_segments([segments, added]), x, y, names, problems


def _join_ends(
    segments: Segments, x: FloatArray, y: FloatArray, ends: FloatArray, mode: Mode, obstacles: Obstacles
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return the legs of ends as compressed rows: ``start``, and of each leg its segment, the share along it and its metres."""
    street = np.flatnonzero(~segments.is_ferry)
    u, v = segments.u[street], segments.v[street]
    if mode.join == "nearest":
        grid = index_segments(x[u], y[u], x[v], y[v])
        nearest, share, access_m = find_nearest_segments(grid, ends[:, 0], ends[:, 1], mode.max_access_m)
        near = nearest >= 0
        return np.concatenate([[0], np.cumsum(near)]), street[nearest[near]], share[near], access_m[near]
    forward, backward = segments.forward[street], segments.backward[street]
    pieces = lay_pieces(
        x, y, u, v, forward, backward, node=np.arange(len(x)), part=number_parts(u, v, forward, backward, len(x)),
        edge=street, vertex=street, obstacles=obstacles, max_m=mode.max_access_m,
    )  # fmt: skip
    near_m = min(mode.direct_m, mode.max_access_m)
    found = find_legs(pieces, obstacles, ends[:, 0], ends[:, 1], near_m, mode.max_access_m)
    where, _, share = pieces.places(found.piece, found.share)
    return found.start, where, share, found.metres


def _ends(one: Sailing | NewLink) -> tuple[tuple[float, float], tuple[float, float]]:
    return (one.from_xy, one.to_xy) if isinstance(one, Sailing) else (one.line[0], one.line[-1])


def _unjoined(one: Sailing | NewLink, mode: Mode) -> str:
    near = f"{mode.max_access_m:g} 米内没有{mode.label.zh}道路，未使用"
    if isinstance(one, Sailing):
        return f"轮渡两端 {near} no street near a landing, not used: {one.name}"
    return f"连接两端 {near} no street near an end of the link, not used: {one.name}"


def _as_segments(
    laid: list[Sailing | NewLink], which: IntArray, node: IntArray, access_m: FloatArray, x: FloatArray, y: FloatArray,
    mode: Mode, heights: Heights | None,
) -> Segments:  # fmt: skip
    """Return one segment a pair of legs; ``which`` is the ferry or link of each, and both its access legs are part of it."""
    from_node, to_node = node.T
    is_link = np.array([isinstance(one, NewLink) for one in laid], dtype=bool)
    there_s = np.array([one.seconds or 0.0 for one in laid])
    back_s, along_m = there_s.copy(), np.zeros(len(laid))
    for row, link in enumerate(laid):
        if isinstance(link, NewLink):
            there_s[row], back_s[row], along_m[row] = _travel(link, mode, heights)
    straight_m = np.hypot(x[from_node] - x[to_node], y[from_node] - y[to_node])
    access_s = access_m / (mode.access_kph * KPH_TO_MPS)
    yes = np.ones(len(which), dtype=bool)
    return Segments(
        u=from_node,
        v=to_node,
        length_m=np.where(is_link[which], along_m[which] + access_m, straight_m),
        there_s=there_s[which] + access_s,
        back_s=back_s[which] + access_s,
        forward=yes,
        backward=yes,
        is_ferry=yes,
        is_link=is_link[which],
        wait_s=np.zeros(len(which)),
        way=-1 - which,
        sailing=np.full(len(which), -1),
    )


def _travel(link: NewLink, mode: Mode, heights: Heights | None) -> tuple[float, float, float]:
    """Return the seconds along a link, there and back, and its metres."""
    x, y = np.array(link.line).T
    kph = class_speed_kph(mode, link.highway)
    there, back, metres = 1.0, 1.0, float(np.hypot(np.diff(x), np.diff(y)).sum())
    plan_m = metres
    if heights is not None and follows_slope(mode):
        there, back, metres = climb_line(x, y, link.is_level, kph, mode, heights)
    if link.seconds is not None:
        return link.seconds, link.seconds, metres
    flat_s = plan_m / (kph * KPH_TO_MPS)
    return flat_s * there, flat_s * back, metres
