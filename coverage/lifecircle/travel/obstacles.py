"""What no access leg crosses: the boundaries of ``[[terrain.barriers]]``, indexed for straight lines of a few hundred metres.

A leg crosses a line when it passes from one side of it to the other, and an area when it goes in. Whoever stands inside an area (a
cell whose centre falls into the river beside the village) may leave it once. A leg that only touches - the street's bridgehead on
the bank - does not cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.join import VERTEX_M, SegmentGrid, index_segments


@dataclass(frozen=True, slots=True, eq=False)
class Obstacles:
    """Boundaries in a grid; empty where a mode's legs are stopped by nothing."""

    grid: SegmentGrid
    is_line: BoolArray
    """Of each segment: of a line, or of an area's boundary."""

    def __len__(self) -> int:
        return len(self.is_line)


def index_obstacles(shapes: npt.NDArray[np.object_] | Sequence[shapely.Geometry]) -> Obstacles:
    """Return lines and areas as boundaries; areas that overlap or touch are one, so that no border lies inside the water.

    Parameters
    ----------
    shapes
        In the district's CRS; points and empty shapes stop nobody.
    """
    shapes = np.asarray(shapes, dtype=object)
    parts = shapely.get_parts(shapes[~shapely.is_missing(shapes)]) if len(shapes) else shapes
    parts = shapely.get_parts(parts) if len(parts) else parts
    dimension = shapely.get_dimensions(parts) if len(parts) else np.zeros(0, dtype=np.int64)
    area = shapely.union_all(shapely.make_valid(parts[dimension == 2])) if (dimension == 2).any() else None
    rings = shapely.get_parts(shapely.boundary(area)) if area is not None else np.zeros(0, dtype=object)
    lines = parts[dimension == 1] if len(parts) else np.zeros(0, dtype=object)
    ends, is_line = [], []
    for outlines, of_line in ((lines, True), (rings, False)):
        xy, owner = shapely.get_coordinates(outlines, return_index=True)
        follows = owner[1:] == owner[:-1]
        piece = np.column_stack([xy[:-1], xy[1:]])[follows] if len(xy) else np.zeros((0, 4))
        piece = piece[(piece[:, 0] != piece[:, 2]) | (piece[:, 1] != piece[:, 3])]
        ends.append(piece)
        is_line.append(np.full(len(piece), of_line))
    whole = np.concatenate(ends)
    return Obstacles(index_segments(*(np.ascontiguousarray(side) for side in whole.T)), np.concatenate(is_line))


def stand_inside(obstacles: Obstacles, x: FloatArray, y: FloatArray) -> BoolArray:
    """Return which points stand inside an area, by the boundaries on their left."""
    inside = np.zeros(len(x), dtype=bool)
    grid = obstacles.grid
    if len(obstacles) and not obstacles.is_line.all():
        _count_left(
            grid.ends, obstacles.is_line, grid.left, grid.bottom, grid.size_m, grid.columns, grid.rows, grid.start,
            grid.segment, np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(y, dtype=np.float64), inside,
        )  # fmt: skip
    return inside


def find_blocked(obstacles: Obstacles, x: FloatArray, y: FloatArray, to_x: FloatArray, to_y: FloatArray) -> BoolArray:
    """Return which straight lines cross an obstacle."""
    blocked = np.zeros(len(x), dtype=bool)
    grid = obstacles.grid
    if len(obstacles) and len(x):
        _cross_each(
            grid.ends, obstacles.is_line, grid.left, grid.bottom, grid.size_m, grid.columns, grid.rows, grid.start,
            grid.segment, x, y, to_x, to_y, stand_inside(obstacles, x, y), blocked,
        )  # fmt: skip
    return blocked


def cut_at_obstacles(
    obstacles: Obstacles, x1: FloatArray, y1: FloatArray, x2: FloatArray, y2: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return where straight pieces meet obstacles: the piece and how far along it (inside it), ordered by both."""
    if not len(obstacles) or not len(x1):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    grid = obstacles.grid
    bars = shapely.linestrings(np.stack([grid.ends[:, :2], grid.ends[:, 2:]], axis=1))
    pieces = shapely.linestrings(np.stack([np.column_stack([x1, y1]), np.column_stack([x2, y2])], axis=1))
    piece, bar = shapely.STRtree(bars).query(pieces, predicate="intersects")
    met = shapely.intersection(pieces[piece], bars[bar])
    xy, owner = shapely.get_coordinates(met, return_index=True)
    piece = piece[owner]
    dx, dy = x2[piece] - x1[piece], y2[piece] - y1[piece]
    length_m = np.hypot(dx, dy)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = ((xy[:, 0] - x1[piece]) * dx + (xy[:, 1] - y1[piece]) * dy) / length_m**2
    inside = (share * length_m > VERTEX_M) & ((1 - share) * length_m > VERTEX_M)
    piece, share = piece[inside], share[inside]
    order = np.lexsort((share, piece))
    piece, share = piece[order], share[order]
    is_new = np.ones(len(piece), dtype=bool)
    is_new[1:] = (piece[1:] != piece[:-1]) | (
        (share[1:] - share[:-1]) * np.hypot(x2 - x1, y2 - y1)[piece[1:]] > VERTEX_M
    )
    return piece[is_new].astype(np.int64), share[is_new]


@njit(cache=True, nogil=True)
def crosses(
    ends: FloatArray,
    is_line: BoolArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    start: IntArray,
    segment: IntArray,
    px: float,
    py: float,
    qx: float,
    qy: float,
    is_inside: bool,
) -> bool:  # pragma: no cover - compiled
    """Return whether the way from p to q crosses; of areas one boundary is allowed to who stands inside."""
    length = np.hypot(qx - px, qy - py)
    if length < VERTEX_M:
        return False
    crossed = 0
    first_row = max(0, int(np.floor((min(py, qy) - bottom) / size)))
    last_row = min(rows - 1, int(np.floor((max(py, qy) - bottom) / size)))
    first_column = max(0, int(np.floor((min(px, qx) - left) / size)))
    last_column = min(columns - 1, int(np.floor((max(px, qx) - left) / size)))
    for row in range(first_row, last_row + 1):
        for column in range(first_column, last_column + 1):
            cell = row * columns + column
            for position in range(start[cell], start[cell + 1]):
                at = segment[position]
                ax, ay, bx, by = ends[at, 0], ends[at, 1], ends[at, 2], ends[at, 3]
                # Which side of the leg's line the bar's ends lie on; half open, so that a corner is met once.
                side_a = (qx - px) * (ay - py) - (qy - py) * (ax - px)
                side_b = (qx - px) * (by - py) - (qy - py) * (bx - px)
                if (side_a >= 0.0) == (side_b >= 0.0):
                    continue
                bar = np.hypot(bx - ax, by - ay)
                off_p = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / bar
                off_q = ((bx - ax) * (qy - ay) - (by - ay) * (qx - ax)) / bar
                if abs(off_p) < VERTEX_M or abs(off_q) < VERTEX_M or (off_p > 0.0) == (off_q > 0.0):
                    continue
                share = side_a / (side_a - side_b)
                mx, my = ax + share * (bx - ax), ay + share * (by - ay)
                # A bar lies in several cells: it is met in the one that holds the crossing.
                met_row = min(max(int((my - bottom) / size), 0), rows - 1)
                met_column = min(max(int((mx - left) / size), 0), columns - 1)
                if is_line[at] or not is_inside:
                    return True
                if met_row == row and met_column == column:
                    crossed += 1
                    if crossed > 1:
                        return True
    return False


@njit(cache=True, nogil=True)
def _cross_each(
    ends: FloatArray,
    is_line: BoolArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    start: IntArray,
    segment: IntArray,
    x: FloatArray,
    y: FloatArray,
    to_x: FloatArray,
    to_y: FloatArray,
    is_inside: BoolArray,
    out: BoolArray,
) -> None:  # pragma: no cover - compiled
    for at in range(len(x)):
        out[at] = crosses(
            ends, is_line, left, bottom, size, columns, rows, start, segment, x[at], y[at], to_x[at], to_y[at], is_inside[at]
        )  # fmt: skip


@njit(cache=True, nogil=True)
def is_inside_area(
    ends: FloatArray,
    is_line: BoolArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    start: IntArray,
    segment: IntArray,
    px: float,
    py: float,
) -> bool:  # pragma: no cover - compiled
    """Return whether a point stands inside an area: an odd number of its boundaries lie on the left."""
    row, column = int(np.floor((py - bottom) / size)), int(np.floor((px - left) / size))
    inside = False
    if row < 0 or row >= rows or column < 0:
        return inside
    for c in range(min(column, columns - 1) + 1):
        cell = row * columns + c
        for position in range(start[cell], start[cell + 1]):
            bar = segment[position]
            ay, by = ends[bar, 1], ends[bar, 3]
            if is_line[bar] or (ay > py) == (by > py):
                continue
            met = ends[bar, 0] + (py - ay) / (by - ay) * (ends[bar, 2] - ends[bar, 0])
            # A bar lies in several cells of the row: it is met in the one that holds the crossing.
            if met < px and min(max(int((met - left) / size), 0), columns - 1) == c:
                inside = not inside
    return inside


@njit(cache=True, nogil=True)
def _count_left(
    ends: FloatArray,
    is_line: BoolArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    start: IntArray,
    segment: IntArray,
    x: FloatArray,
    y: FloatArray,
    out: BoolArray,
) -> None:  # pragma: no cover - compiled
    for at in range(len(x)):
        out[at] = is_inside_area(ends, is_line, left, bottom, size, columns, rows, start, segment, x[at], y[at])
