"""The access legs of points: to every street within ``direct_m``, else to the nearest of each connected part.

A street runs from junction to junction, however many pieces the file cuts it into, and it is joined where it is nearest. Where its
direction changes another begins; a ferry's pier or the end of a link is no junction, so that to lay one changes nobody's legs. A ring
without a junction has no first point. A street that is opened between junctions, or from somewhere along another street, takes no leg
away: what it cuts in two is joined twice. (One that prolongs a dead end makes it a longer street, which is again joined where it is
nearest.) Of equally near places, to a micrometre, all are joined, so that no order of rows decides.

A connected part is one within which the mode gets from anywhere to anywhere by street: a one-way street that only leads in or only
leads out is a part of its own, and what ferries link are two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lifecircle.compilation import map_slices
from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.contraction import index_incident
from lifecircle.travel.join import VERTEX_M, SegmentGrid, index_segments, order_nearby
from lifecircle.travel.obstacles import Obstacles, crosses, cut_at_obstacles, stand_inside

HAIR_M = 1e-6
"""Within ``direct_m`` is up to this much more, and equally near up to this much farther: rounding in a projection decides nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class PartWindow:
    """How many connected parts there may be near a place, by squares and their neighbours: when all are found the search ends."""

    left: float
    bottom: float
    size_m: float
    columns: int
    rows: int
    count: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class StreetPieces:
    """The straight pieces of streets that points may join, one entry a piece."""

    grid: SegmentGrid
    beside: IntArray
    """Of each piece's start and end, twice the piece that continues the street there, and 1 more where it is met at its end; -1 at
    the street's end. Shape (pieces, 2)."""
    node: IntArray
    """The network's node at its start and end; -1 between junctions."""
    street: IntArray
    """Which street it is a piece of: a stretch from junction to junction, or to an obstacle."""
    part: IntArray
    """The connected part it belongs to."""
    edge: IntArray
    vertex: IntArray
    """The edge and the vertex of the network before the piece."""
    low: FloatArray
    high: FloatArray
    """Which share of the way from that vertex to the next the piece is: 0 and 1 where no obstacle cuts it."""
    window: PartWindow

    def places(self, piece: IntArray, share: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Return the edge, the vertex before and the share of the way to the next, of places along pieces."""
        along = np.where(share >= 1.0, self.high[piece], self.low[piece] + share * (self.high - self.low)[piece])
        return self.edge[piece], self.vertex[piece], along


@dataclass(frozen=True, slots=True, eq=False)
class FoundLegs:
    """Legs of points as compressed rows: point *p* has ``start[p]`` .. ``start[p + 1] - 1``."""

    start: IntArray
    piece: IntArray
    share: FloatArray
    """How far along the piece, 0 to 1; within 1 mm of an end it is that end."""
    metres: FloatArray


def lay_pieces(
    x: FloatArray, y: FloatArray, u: IntArray, v: IntArray, forward: BoolArray, backward: BoolArray, *, node: IntArray,
    part: IntArray, edge: IntArray, vertex: IntArray, obstacles: Obstacles, max_m: float,
) -> StreetPieces:  # fmt: skip
    """Return the pieces of streets that points may join.

    Parameters
    ----------
    x, y
        Of the nodes before contraction.
    u, v, forward, backward
        Of each piece: the nodes at its start and end, and whether the mode may go from one to the other, and back.
    node
        What each node before contraction is called; -1 where it is none.
    part, edge, vertex
        Of each piece; ``part`` as :func:`number_parts` has it.
    max_m
        The longest leg.
    """
    ends = np.column_stack([x[u], y[u], x[v], y[v]])
    whole = continue_streets(u, v, forward, backward, len(x))
    row, low, high, beside = split_at_obstacles(obstacles, ends, whole)
    start = ends[row, :2] + low[:, None] * (ends[row, 2:] - ends[row, :2])
    stop = np.where(high[:, None] < 1.0, ends[row, :2] + high[:, None] * (ends[row, 2:] - ends[row, :2]), ends[row, 2:])
    grid = index_segments(*(np.ascontiguousarray(side) for side in (*start.T, *stop.T)))
    at_node = np.column_stack([np.where(low == 0.0, node[u[row]], -1), np.where(high == 1.0, node[v[row]], -1)])
    # A street on both sides of a river is one street: of it the nearest place is joined that can be seen.
    street, of_piece = _number_streets(whole)[row], part[row]
    # A street that leads from one part to another is a part of its own.
    of_piece = np.where(of_piece < 0, of_piece.max(initial=0) + 1 + street, of_piece)
    window = count_parts_near(grid, of_piece, max_m)
    return StreetPieces(grid, beside, at_node, street, of_piece, edge[row], vertex[row], low, high, window)


def continue_streets(u: IntArray, v: IntArray, forward: BoolArray, backward: BoolArray, n_nodes: int) -> IntArray:
    """Return for each piece's start and end which piece continues the street there: see :attr:`StreetPieces.beside`.

    Parameters
    ----------
    u, v
        Nodes at each piece's start and end, before contraction; ferries and links are not among the pieces, so that a pier is no junction.
    forward, backward
        Whether the mode may go from ``u`` to ``v``, and back.
    """
    beside = np.full((len(u), 2), -1, dtype=np.int64)
    start, incident = index_incident(u, v, n_nodes)
    two = np.flatnonzero(np.diff(start) == 2)
    first, second = incident[start[two]], incident[start[two] + 1]
    alike = first != second
    two, first, second = two[alike], first[alike], second[alike]
    # Of a ring of two pieces both ends are shared: each end is met once.
    first_end, second_end = (v[first] == two).astype(np.int64), (v[second] == two).astype(np.int64)
    may_leave_first = np.where(first_end == 0, forward[first], backward[first])
    may_come_first = np.where(first_end == 0, backward[first], forward[first])
    may_leave_second = np.where(second_end == 0, forward[second], backward[second])
    may_come_second = np.where(second_end == 0, backward[second], forward[second])
    passes = (may_come_first == may_leave_second) & (may_come_second == may_leave_first)
    first, second, first_end, second_end = (each[passes] for each in (first, second, first_end, second_end))
    beside[first, first_end] = 2 * second + second_end
    beside[second, second_end] = 2 * first + first_end
    return beside


def _number_streets(beside: IntArray) -> IntArray:
    """Return the street of each piece: pieces that continue one another are one."""
    piece, side = np.nonzero(beside >= 0)
    other = beside[piece, side] >> 1
    graph = coo_array((np.ones(len(piece), dtype=np.int8), (piece, other)), shape=(len(beside), len(beside))).tocsr()
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def number_parts(a: IntArray, b: IntArray, forward: BoolArray, backward: BoolArray, n_nodes: int) -> IntArray:
    """Return the connected part of each edge, within which the mode gets from anywhere to anywhere; -1 where it leads between two."""
    tail, head = np.concatenate([a[forward], b[backward]]), np.concatenate([b[forward], a[backward]])
    ones = np.ones(len(tail), dtype=np.int8)
    graph = coo_array((ones, (tail, head)), shape=(n_nodes, n_nodes)).tocsr()
    of_node = connected_components(graph, directed=True, connection="strong")[1]
    return np.where(of_node[a] == of_node[b], of_node[a], -1).astype(np.int64)


def split_at_obstacles(
    obstacles: Obstacles, ends: FloatArray, beside: IntArray
) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
    """Cut pieces where obstacles cross them, so that the near bank of a bridged river is joined at the bridgehead.

    Returns
    -------
    piece, low, high
        Of each new piece the old one, and from which share of it to which.
    beside
        Of the new pieces: nothing continues a street across an obstacle.
    """
    at, share = cut_at_obstacles(obstacles, *ends.T)
    count = np.ones(len(ends), dtype=np.int64) + np.bincount(at, minlength=len(ends))
    last = np.cumsum(count) - 1
    first = last - count + 1
    piece = np.repeat(np.arange(len(ends)), count)
    low, high = np.zeros(len(piece)), np.ones(len(piece))
    place = np.arange(len(at)) + at  # a cut before each is one more piece
    high[place], low[place + 1] = share, share
    moved = np.full((len(piece), 2), -1, dtype=np.int64)
    other, side = beside >> 1, beside & 1
    renumbered = np.where(beside < 0, -1, 2 * np.where(side == 0, first[other], last[other]) + side)
    moved[first, 0], moved[last, 1] = renumbered[:, 0], renumbered[:, 1]
    return piece, low, high, moved


def count_parts_near(grid: SegmentGrid, part: IntArray, reach_m: float) -> PartWindow:
    """Return how many parts have a piece in each square and the eight round it: all that ``reach_m`` from the square may find."""
    # A piece lies within a cell of the grid of where that cell begins.
    size_m = max(reach_m + grid.size_m, grid.size_m * max(grid.columns, grid.rows) / 4000)
    columns, rows = int(grid.columns * grid.size_m / size_m) + 1, int(grid.rows * grid.size_m / size_m) + 1
    cell = np.repeat(np.arange(grid.columns * grid.rows), np.diff(grid.start))
    row = ((cell // grid.columns) * grid.size_m / size_m).astype(np.int64)
    column = ((cell % grid.columns) * grid.size_m / size_m).astype(np.int64)
    seen = np.unique(np.column_stack([row * columns + column, part[grid.segment]]), axis=0)
    count = np.zeros((rows, columns), dtype=np.int64)
    near = []
    for up in (-1, 0, 1):
        for right in (-1, 0, 1):
            r, c = seen[:, 0] // columns + up, seen[:, 0] % columns + right
            inside = (r >= 0) & (r < rows) & (c >= 0) & (c < columns)
            near.append(np.column_stack([r * columns + c, seen[:, 1]])[inside])
    square, _ = np.unique(np.concatenate(near), axis=0).T if len(seen) else np.zeros((2, 0), dtype=np.int64)
    count = np.bincount(square, minlength=rows * columns).astype(np.int64)
    return PartWindow(grid.left, grid.bottom, size_m, columns, rows, count)


def find_legs(
    pieces: StreetPieces, obstacles: Obstacles, x: FloatArray, y: FloatArray, near_m: float, max_m: float,
    slack_m: float = 0.0,
) -> FoundLegs:  # fmt: skip
    """Return every leg of every point.

    Parameters
    ----------
    near_m
        Every street within it is joined.
    max_m
        Where none is, the nearest of each connected part within this.
    slack_m
        For rasters: streets this much farther than ``near_m`` and than the nearest of a part are found too, and the nearest of each
        part already where a street is within ``near_m`` but farther than ``near_m - slack_m``.
    """
    x, y = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64)
    none = np.zeros(0, dtype=np.int64)
    if not len(x) or not len(pieces.edge):
        return FoundLegs(np.zeros(len(x) + 1, dtype=np.int64), none, np.zeros(0), np.zeros(0))
    order = order_nearby(pieces.grid, x, y)
    if order is not None:
        x, y = x[order], y[order]
    grid, bars, window = pieces.grid, obstacles.grid, pieces.window
    inside = stand_inside(obstacles, x, y)

    def search(first: int, last: int) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        return _find_legs(
            grid.ends, grid.left, grid.bottom, grid.size_m, grid.columns, grid.rows, grid.start, grid.segment,
            pieces.beside, pieces.node, pieces.street, pieces.part,
            window.left, window.bottom, window.size_m, window.columns, window.rows, window.count,
            len(obstacles) > 0, bars.ends, obstacles.is_line, bars.left, bars.bottom, bars.size_m, bars.columns, bars.rows,
            bars.start, bars.segment, inside[first:last],
            x[first:last], y[first:last], near_m + HAIR_M, max_m + HAIR_M, slack_m,
        )  # fmt: skip

    parts = map_slices(search, len(x))
    count, piece, share, metres = (np.concatenate(each) for each in zip(*parts, strict=True))
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    if order is None:
        return FoundLegs(start, piece, share, metres)
    sorted_count = np.empty_like(count)
    sorted_count[order] = count
    back = np.concatenate([[0], np.cumsum(sorted_count)]).astype(np.int64)
    at = np.repeat(start[:-1], count)  # leg k of the search belongs to point order[p], as its leg k - start[p]
    place = np.repeat(back[order], count) + np.arange(len(piece)) - at
    moved = FoundLegs(back, np.empty_like(piece), np.empty_like(share), np.empty_like(metres))
    moved.piece[place], moved.share[place], moved.metres[place] = piece, share, metres
    return moved


@njit(cache=True, nogil=True, inline="always")
def _foot(ends: FloatArray, at: int, px: float, py: float) -> tuple[float, float]:  # pragma: no cover - compiled
    """Return the share of a piece that is nearest, snapped to its ends, and the square of how far it is."""
    ax, ay = ends[at, 0], ends[at, 1]
    dx, dy = ends[at, 2] - ax, ends[at, 3] - ay
    squared = dx * dx + dy * dy
    t = 0.0
    if squared > 0.0:
        t = min(max(((px - ax) * dx + (py - ay) * dy) / squared, 0.0), 1.0)
    ox, oy = ax + t * dx - px, ay + t * dy - py
    if t * t * squared < VERTEX_M * VERTEX_M:
        t = 0.0
    elif (1.0 - t) * (1.0 - t) * squared < VERTEX_M * VERTEX_M:
        t = 1.0
    return t, ox * ox + oy * oy


@njit(cache=True, nogil=True)
def _find_legs(  # noqa: C901 - a call in the hot path costs more than a long body
    ends: FloatArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    start: IntArray,
    segment: IntArray,
    beside: IntArray,
    node: IntArray,
    street: IntArray,
    part: IntArray,
    window_left: float,
    window_bottom: float,
    window_size: float,
    window_columns: int,
    window_rows: int,
    window_count: IntArray,
    has_bars: bool,
    bars: FloatArray,
    bar_is_line: BoolArray,
    bar_left: float,
    bar_bottom: float,
    bar_size: float,
    bar_columns: int,
    bar_rows: int,
    bar_start: IntArray,
    bar_segment: IntArray,
    is_inside: BoolArray,
    x: FloatArray,
    y: FloatArray,
    near: float,
    most: float,
    slack: float,
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:  # pragma: no cover - compiled
    """Return how many legs each point has, and their pieces, shares and metres one after another."""
    stamp = np.full(len(ends), -1, dtype=np.int32)
    # A point's own legs, and the parts near it with the square of how far the nearest leg of each is.
    own_piece, own_node = np.empty(64, dtype=np.int64), np.empty(64, dtype=np.int64)
    own_share, own_m = np.empty(64), np.empty(64)
    found_part, found_best = np.empty(64, dtype=np.int64), np.empty(64)
    count = np.zeros(len(x), dtype=np.int64)
    out_piece, out_share, out_m = np.empty(1024, dtype=np.int64), np.empty(1024), np.empty(1024)
    out_node = np.empty(64, dtype=np.int64)
    filled, stamped = 0, 0
    for point in range(len(x)):
        px, py = x[point], y[point]
        n_own, n_parts = 0, 0
        nearest = np.inf
        for stage in range(2):
            radius = near + slack
            if stage == 1:
                if nearest <= near - slack or (slack == 0.0 and n_own > 0):
                    break
                # Ring by ring, until every part that may be near is found and no nearer leg of any can follow.
                n_parts = 0
                window_row = min(max(int((py - window_bottom) / window_size), 0), window_rows - 1)
                window_column = min(max(int((px - window_left) / window_size), 0), window_columns - 1)
                is_beside = (
                    py < window_bottom
                    or px < window_left
                    or py > window_bottom + window_rows * window_size
                    or px > window_left + window_columns * window_size
                )
                expected = window_count[window_row * window_columns + window_column]
                if is_beside:
                    expected = len(part)
                column, row = int(np.floor((px - left) / size)), int(np.floor((py - bottom) / size))
                inset = min(px - left - column * size, (column + 1) * size - (px - left))
                inset = min(inset, min(py - bottom - row * size, (row + 1) * size - (py - bottom)))
                ring = max(0, -column, column - columns + 1, -row, row - rows + 1)
                last_ring = max(abs(column), abs(columns - 1 - column), abs(row), abs(rows - 1 - row))
                farthest = most
                while ring <= last_ring and expected > 0:
                    unsearched = (ring - 1) * size + inset
                    if ring > 0 and unsearched > farthest:
                        break
                    for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                        is_whole = r == row - ring or r == row + ring
                        for side in range(1 if is_whole else 2):
                            first = column - ring if side == 0 else column + ring
                            last = min(column + ring if is_whole else first, columns - 1)
                            first = max(first, 0)
                            if first > last:
                                continue
                            for position in range(start[r * columns + first], start[r * columns + last + 1]):
                                at = segment[position]
                                t, d2 = _foot(ends, at, px, py)
                                if d2 > most * most:
                                    continue
                                place = 0
                                while place < n_parts and found_part[place] != part[at]:
                                    place += 1
                                if place < n_parts and d2 >= found_best[place]:
                                    continue
                                if not _is_least(ends, beside, at, t, d2, px, py):
                                    continue
                                if has_bars and crosses(
                                    bars, bar_is_line, bar_left, bar_bottom, bar_size, bar_columns, bar_rows, bar_start,
                                    bar_segment, px, py, ends[at, 0] + t * (ends[at, 2] - ends[at, 0]),
                                    ends[at, 1] + t * (ends[at, 3] - ends[at, 1]), is_inside[point],
                                ):  # fmt: skip
                                    continue
                                if place == n_parts:
                                    if n_parts == len(found_part):
                                        found_part, found_best = _grow_whole(found_part), _grow(found_best)
                                    found_part[place] = part[at]
                                    n_parts += 1
                                found_best[place] = d2
                    if n_parts >= expected:
                        farthest = np.sqrt(found_best[:n_parts].max()) if n_parts else 0.0
                    ring += 1
                if n_parts == 0:
                    break
                radius = min(np.sqrt(found_best[:n_parts].max()) + HAIR_M + slack, most + slack)
            wide = radius + 1e-6
            stamped += 1
            for r in range(
                max(0, int(np.floor((py - wide - bottom) / size))),
                min(rows - 1, int(np.floor((py + wide - bottom) / size))) + 1,
            ):
                dy = max(0.0, bottom + r * size - py, py - bottom - (r + 1) * size)
                half = np.sqrt(max(wide * wide - dy * dy, 0.0)) + 1e-6
                first = max(0, int(np.floor((px - half - left) / size)))
                last = min(columns - 1, int(np.floor((px + half - left) / size)))
                if first > last:
                    continue
                for position in range(start[r * columns + first], start[r * columns + last + 1]):
                    at = segment[position]
                    if stamp[at] == stamped:
                        continue
                    stamp[at] = stamped
                    t, d2 = _foot(ends, at, px, py)
                    if d2 > radius * radius:
                        continue
                    metres = np.sqrt(d2)
                    if stage == 1:
                        if metres <= near + slack:
                            continue  # found before
                        place = 0
                        while place < n_parts and found_part[place] != part[at]:
                            place += 1
                        if place == n_parts or metres > np.sqrt(found_best[place]) + HAIR_M + slack:
                            continue
                    elif metres > most + slack:
                        continue
                    if not _is_least(ends, beside, at, t, d2, px, py):
                        continue
                    if has_bars and crosses(
                        bars, bar_is_line, bar_left, bar_bottom, bar_size, bar_columns, bar_rows, bar_start, bar_segment, px, py,
                        ends[at, 0] + t * (ends[at, 2] - ends[at, 0]), ends[at, 1] + t * (ends[at, 3] - ends[at, 1]),
                        is_inside[point],
                    ):  # fmt: skip
                        continue
                    on_node = node[at, 0] if t == 0.0 else (node[at, 1] if t == 1.0 else -1)
                    if n_own == len(own_piece):
                        own_piece, own_node = _grow_whole(own_piece), _grow_whole(own_node)
                        own_share, own_m = _grow(own_share), _grow(own_m)
                    own_piece[n_own], own_node[n_own], own_share[n_own], own_m[n_own] = at, on_node, t, metres
                    n_own += 1
                    nearest = min(nearest, metres)
        begun = filled
        for leg in range(n_own):
            # Of a street the nearest place, of the streets that end at one junction one.
            is_kept = True
            for other in range(n_own):
                if street[own_piece[other]] == street[own_piece[leg]] and own_m[other] + HAIR_M < own_m[leg]:
                    is_kept = False
                    break
            if is_kept and own_node[leg] >= 0:
                for earlier in range(begun, filled):
                    if out_node[earlier - begun] == own_node[leg]:
                        is_kept = False
                        if own_m[leg] < out_m[earlier]:
                            out_piece[earlier], out_share[earlier] = own_piece[leg], own_share[leg]
                            out_m[earlier] = own_m[leg]
                        break
            if not is_kept:
                continue
            if filled == len(out_piece):
                out_piece, out_share, out_m = _grow_whole(out_piece), _grow(out_share), _grow(out_m)
            if filled - begun == len(out_node):
                out_node = _grow_whole(out_node)
            out_piece[filled], out_share[filled], out_m[filled] = own_piece[leg], own_share[leg], own_m[leg]
            out_node[filled - begun] = own_node[leg]
            filled += 1
        count[point] = filled - begun
    return count, out_piece[:filled], out_share[:filled], out_m[:filled]


@njit(cache=True, nogil=True, inline="always")
def _is_least(
    ends: FloatArray, beside: IntArray, at: int, t: float, d2: float, px: float, py: float
) -> bool:  # pragma: no cover - compiled
    """Return whether a street is nowhere nearer just before and just after the place on a piece that is nearest.

    A vertex that two pieces share counts once, as that of the nearer (within the millimetre round it), else of the first.
    """
    if 0.0 < t < 1.0:
        return True
    follows = beside[at, 0 if t == 0.0 else 1]
    if follows < 0:
        return True
    other = follows >> 1
    if ends[other, 0] != ends[other, 2] or ends[other, 1] != ends[other, 3]:
        share, apart = _foot(ends, other, px, py)
        if share != float(follows & 1):
            return False
        if apart != d2:
            return bool(d2 < apart)
    return bool(at <= other)


@njit(cache=True, nogil=True)
def _grow(values: FloatArray) -> FloatArray:  # pragma: no cover - compiled
    grown = np.empty(2 * len(values), dtype=np.float64)
    grown[: len(values)] = values
    return grown


@njit(cache=True, nogil=True)
def _grow_whole(values: IntArray) -> IntArray:  # pragma: no cover - compiled
    grown = np.empty(2 * len(values), dtype=np.int64)
    grown[: len(values)] = values
    return grown
