"""What the map does not have: ferries with the district's own timetable, and paths, gates and bridges that may be built.

Both are joined at their ends, over an access leg to the street nearest to each, and nowhere between: one more of them can shorten a
way, and never lengthens one, because nobody joins the streets elsewhere for it.
"""

from __future__ import annotations

import numpy as np

from lifecircle.config import Mode
from lifecircle.model import BoolArray, FloatArray, NewLink, Roads, Sailing
from lifecircle.travel.join import find_nearest_segments, index_segments
from lifecircle.travel.modes import KPH_TO_MPS, class_speed_kph
from lifecircle.travel.segments import Segments, join_segments, split_segments
from lifecircle.travel.slope import Heights, climb_line, follows_slope


def lay_over(
    roads: Roads, mode: Mode, segments: Segments, heights: Heights | None = None
) -> tuple[Segments, FloatArray, FloatArray, tuple[str, ...], tuple[str, ...]]:
    """Return a mode's segments with the ferries and links that carry it, the nodes, the ferries' names, and what could not be joined."""
    given: tuple[Sailing | NewLink, ...] = (*roads.sailings, *roads.links)
    laid = [one for one in given if mode.id in one.modes]
    x, y = roads.x, roads.y
    if not laid or not len(segments):
        return segments, x, y, (), ()
    street = np.flatnonzero(~segments.is_ferry)
    u, v = segments.u[street], segments.v[street]
    grid = index_segments(x[u], y[u], x[v], y[v])
    ends = np.array([point for one in laid for point in _ends(one)])
    nearest, share, access_m = find_nearest_segments(grid, ends[:, 0], ends[:, 1], mode.max_access_m)
    is_joined: BoolArray = np.asarray((nearest >= 0).reshape(-1, 2).all(axis=1))
    problems = tuple(_unjoined(one, mode) for one, joined in zip(laid, is_joined.tolist(), strict=True) if not joined)
    at = np.repeat(is_joined, 2)
    segments, x, y, node = split_segments(segments, x, y, street[nearest[at]], share[at])
    joined = [one for one, good in zip(laid, is_joined.tolist(), strict=True) if good]
    added = _as_segments(joined, node.reshape(-1, 2), access_m[at].reshape(-1, 2).sum(axis=1), x, y, mode, heights)
    names = tuple(one.name for one in joined if isinstance(one, Sailing))
    return join_segments([segments, added]), x, y, names, problems


def _ends(one: Sailing | NewLink) -> tuple[tuple[float, float], tuple[float, float]]:
    return (one.from_xy, one.to_xy) if isinstance(one, Sailing) else (one.line[0], one.line[-1])


def _unjoined(one: Sailing | NewLink, mode: Mode) -> str:
    near = f"{mode.max_access_m:g} 米内没有{mode.label.zh}道路，未使用"
    if isinstance(one, Sailing):
        return f"轮渡两端 {near} no street near a landing, not used: {one.name}"
    return f"连接两端 {near} no street near an end of the link, not used: {one.name}"


def _as_segments(
    laid: list[Sailing | NewLink], node: np.ndarray, access_m: FloatArray, x: FloatArray, y: FloatArray, mode: Mode,
    heights: Heights | None,
) -> Segments:  # fmt: skip
    """Return one segment each; the access legs at both ends are part of it."""
    from_node, to_node = node.T
    length_m = np.hypot(x[from_node] - x[to_node], y[from_node] - y[to_node])
    is_link = np.array([isinstance(one, NewLink) for one in laid], dtype=bool)
    there_s = np.array([one.seconds or 0.0 for one in laid])
    back_s = there_s.copy()
    for row, link in enumerate(laid):
        if isinstance(link, NewLink):
            there_s[row], back_s[row], along_m = _travel(link, mode, heights)
            length_m[row] = along_m + access_m[row]
    access_s = access_m / (mode.access_kph * KPH_TO_MPS)
    yes = np.ones(len(laid), dtype=bool)
    return Segments(
        u=from_node,
        v=to_node,
        length_m=length_m,
        there_s=there_s + access_s,
        back_s=back_s + access_s,
        forward=yes,
        backward=yes,
        is_ferry=yes,
        is_link=is_link,
        wait_s=np.zeros(len(laid)),
        way=-1 - np.arange(len(laid)),
        sailing=np.full(len(laid), -1),
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
