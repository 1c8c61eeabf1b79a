"""For every cell of a raster the street it joins: which, how far along, how far away. Made once a network, where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
from numba import njit

from lifecircle.compilation import map_slices
from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.isochrones.kernels import TILE, Float32Array, Int32Array
from lifecircle.travel.isochrones.near import SLACK_CELLS, LegTiles
from lifecircle.travel.join import VERTEX_M, SegmentGrid, find_nearest_segments
from lifecircle.travel.legs import FoundLegs, find_legs
from lifecircle.travel.network import Network

BLOCK_M = 40.0
"""Cells in a square of about this side share a list of candidates."""


def join_tile(
    grid: SegmentGrid,
    x: FloatArray,
    y: FloatArray,
    max_m: float,
    out_segment: Int32Array,
    out_share: Float32Array,
    out_m: Float32Array,
) -> bool:
    """Fill the nearest segment, share and distance at the cells of a tile; return whether any has one.

    Parameters
    ----------
    x, y
        Of columns and rows, equally far apart; their number a power of two.
    max_m
        Segments farther than this are not found.
    out_segment, out_share, out_m
        Shape (rows, columns); -1, 0 and inf where none is near enough.
    """
    out_segment[:], out_share[:], out_m[:] = -1, 0.0, np.inf
    cell_m = float(x[1] - x[0])
    block = min(len(x), max(2, 1 << int(np.log2(BLOCK_M / cell_m)) if cell_m < BLOCK_M else 2))
    middle_x, middle_y = x.reshape(-1, block).mean(axis=1), y.reshape(-1, block).mean(axis=1)
    # No cell of a block is farther from its middle than this, so what may be nearest to one lies within twice it of the nearest.
    aside_m = block * cell_m / np.sqrt(2)
    xx, yy = np.meshgrid(middle_x, middle_y)
    _, _, nearest_m = find_nearest_segments(grid, xx.ravel(), yy.ravel(), max_m + aside_m)
    if not np.isfinite(nearest_m).any():
        return False
    _search_blocks(
        grid.x1, grid.y1, grid.x2, grid.y2, grid.left, grid.bottom, grid.size_m, grid.columns, grid.rows, grid.start,
        grid.segment, x, y, middle_x, middle_y, nearest_m.reshape(xx.shape), block, aside_m, max_m,
        out_segment, out_share, out_m,
    )  # fmt: skip
    return bool((out_segment >= 0).any())


@njit(cache=True, nogil=True)
def _search_blocks(  # noqa: C901 - a call in the hot path costs more than a long body
    x1: FloatArray,
    y1: FloatArray,
    x2: FloatArray,
    y2: FloatArray,
    left: float,
    bottom: float,
    size: float,
    columns: int,
    rows: int,
    start: IntArray,
    segment: IntArray,
    x: FloatArray,
    y: FloatArray,
    middle_x: FloatArray,
    middle_y: FloatArray,
    nearest_m: FloatArray,
    block_cells: int,
    aside: float,
    max_m: float,
    out_segment: Int32Array,
    out_share: Float32Array,
    out_m: Float32Array,
) -> None:  # pragma: no cover - compiled
    found = np.empty(256, dtype=np.int64)
    away = np.empty(256)
    for block in range(len(middle_x) * len(middle_y)):
        block_row, block_column = block // len(middle_x), block % len(middle_x)
        mx, my = middle_x[block_column], middle_y[block_row]
        if nearest_m[block_row, block_column] == np.inf:
            continue
        bound = min(nearest_m[block_row, block_column] + 2.0 * aside, max_m + aside) + 1e-6
        count = 0
        for r in range(max(0, int((my - bound - bottom) / size)), min(rows - 1, int((my + bound - bottom) / size)) + 1):
            # Of a row of the grid only what lies within the circle.
            dy = max(0.0, bottom + r * size - my, my - bottom - (r + 1) * size)
            half = np.sqrt(max(bound * bound - dy * dy, 0.0)) + 1e-6
            first_column = max(0, int((mx - half - left) / size))
            for c in range(first_column, min(columns - 1, int((mx + half - left) / size)) + 1):
                cell = r * columns + c
                for position in range(start[cell], start[cell + 1]):
                    index = segment[position]
                    ax, ay = x1[index], y1[index]
                    dx, dy2 = x2[index] - ax, y2[index] - ay
                    squared = dx * dx + dy2 * dy2
                    t = 0.0
                    if squared > 0.0:
                        t = min(max(((mx - ax) * dx + (my - ay) * dy2) / squared, 0.0), 1.0)
                    apart = np.hypot(ax + t * dx - mx, ay + t * dy2 - my)
                    if apart > bound:
                        continue
                    if count == len(found):
                        grown, grown_away = np.empty(2 * count, dtype=np.int64), np.empty(2 * count)
                        grown[:count], grown_away[:count] = found, away
                        found, away = grown, grown_away
                    found[count], away[count] = index, apart
                    count += 1
        order = np.argsort(away[:count])
        for r in range(block_row * block_cells, (block_row + 1) * block_cells):
            for c in range(block_column * block_cells, (block_column + 1) * block_cells):
                px, py = x[c], y[r]
                from_middle = np.hypot(px - mx, py - my)
                best2, best, best_share = max_m * max_m, -1, 0.0
                last = np.inf
                for rank in range(count):
                    index = found[order[rank]]
                    if away[order[rank]] - from_middle > last:
                        break
                    ax, ay = x1[index], y1[index]
                    dx, dy = x2[index] - ax, y2[index] - ay
                    squared = dx * dx + dy * dy
                    t = 0.0
                    if squared > 0.0:
                        t = min(max(((px - ax) * dx + (py - ay) * dy) / squared, 0.0), 1.0)
                    ox, oy = ax + t * dx - px, ay + t * dy - py
                    d2 = ox * ox + oy * oy
                    if d2 < best2 or (d2 == best2 and (best == -1 or index < best)):
                        best2, best, best_share = d2, index, t
                        last = np.sqrt(d2) + 1e-6
                if best < 0:
                    continue
                length = np.hypot(x2[best] - x1[best], y2[best] - y1[best])
                if best_share * length < VERTEX_M:
                    best_share = 0.0
                elif (1.0 - best_share) * length < VERTEX_M:
                    best_share = 1.0
                out_segment[r, c], out_share[r, c], out_m[r, c] = best, best_share, np.sqrt(best2)


MOST_TILES = 2000
"""Held at once, 393 MB if ever all are needed: when they are full all are let go, and what is asked for is made again."""
MOST_LEG_TILES, MOST_LEGS = 1500, 30_000_000
"""The same where cells have several legs: 245 MB of cells, and 360 MB of legs and those of the last box more."""
TILES_AT_ONCE = 16
FINEST_M, COARSEST_M = 1.25, 20.0
"""Cells when none is told: finer ones cost more than they show, coarser ones look like it."""


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Cells of a level: ``rows`` from ``row`` on, ``columns`` from ``column`` on."""

    row: int
    column: int
    rows: int
    columns: int

    @property
    def tiles(self) -> tuple[slice, slice]:
        """Rows and columns of the tiles that its cells lie in."""
        rows = slice(self.row // TILE, -(-(self.row + self.rows) // TILE))
        return rows, slice(self.column // TILE, -(-(self.column + self.columns) // TILE))


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """What was asked for; what is made later never changes it."""

    slot: Int32Array
    """For each tile of the level, its place in the arrays below; -1 where no street is near."""
    segment: Int32Array
    """Of ``network.streets``; -1 where none is near. Shape (places, TILE, TILE), as the others."""
    share: Float32Array
    """How far along the segment, 0 to 1."""
    access_m: Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The cells at one size; their centres at ``left + (column + 0.5) * cell_m``."""

    cell_m: float
    left: float
    bottom: float
    columns: int
    rows: int
    margin_m: float
    """How far from a street cells are joined: a little more than is walked, so that contours close."""

    def cut(self, low_x: float, low_y: float, high_x: float, high_y: float) -> Box:
        """Return the cells that cover a rectangle and two more on every side, as far as there are any."""
        row = max(0, int((low_y - self.bottom) / self.cell_m) - 2)
        column = max(0, int((low_x - self.left) / self.cell_m) - 2)
        last_row = min(self.rows, int((high_y - self.bottom) / self.cell_m) + 3)
        last_column = min(self.columns, int((high_x - self.left) / self.cell_m) + 3)
        return Box(row, column, max(0, last_row - row), max(0, last_column - column))

    def tiles_near(self, pieces: FloatArray, aside_m: FloatArray) -> BoolArray:
        """Return which tiles lie within some metres of straight pieces (rows of x1, y1, x2, y2; each its own), and a few more."""
        shape = (-(-self.rows // TILE), -(-self.columns // TILE))
        side_m = TILE * self.cell_m
        ends = []
        for axis, (origin, count) in enumerate(((self.bottom, shape[0]), (self.left, shape[1]))):
            low = pieces[:, [1 - axis, 3 - axis]].min(axis=1) - aside_m - 2 * self.cell_m
            high = pieces[:, [1 - axis, 3 - axis]].max(axis=1) + aside_m + 2 * self.cell_m
            first, last = (np.clip((end - origin) // side_m, 0, count - 1).astype(np.int64) for end in (low, high))
            ends.append((first, last + 1))
        (low_row, high_row), (low_column, high_column) = ends
        # Each piece lays a rectangle of ones, by its corners; summed both ways they are how many lie on a tile.
        corner = np.zeros((shape[0] + 1, shape[1] + 1), dtype=np.int64)
        np.add.at(corner, (low_row, low_column), 1)
        np.add.at(corner, (high_row, high_column), 1)
        np.add.at(corner, (low_row, high_column), -1)
        np.add.at(corner, (high_row, low_column), -1)
        return np.asarray(corner.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0)


def lay_cells(network: Network, cell_m: float) -> Level:
    """Return the cells of one size over all that a network's mode may reach."""
    margin_m = network.mode.max_access_m + 4 * cell_m
    beyond_m = margin_m + network.mode.direct_m
    streets = network.streets
    x = np.concatenate([streets.x1, streets.x2]) if len(streets.x1) else np.zeros(1)
    y = np.concatenate([streets.y1, streets.y2]) if len(streets.y1) else np.zeros(1)
    left = float(np.floor((x.min() - beyond_m) / cell_m) * cell_m)
    bottom = float(np.floor((y.min() - beyond_m) / cell_m) * cell_m)
    columns, rows = int((x.max() + beyond_m - left) / cell_m) + 1, int((y.max() + beyond_m - bottom) / cell_m) + 1
    return Level(cell_m, left, bottom, columns, rows, margin_m)


class AccessRaster:
    """The rasters of one network, by size of cell; tiles are made when first asked for and kept for the next call.

    Give the same one to every call on a network, and its streets are searched once. Threads may share it.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._levels: dict[float, Level] = {}
        self._used_legs = 0
        self._piece: Int32Array = np.empty(0, dtype=np.int32)
        self._leg_share: Float32Array = np.empty(0, dtype=np.float32)
        self._leg_m: Float32Array = np.empty(0, dtype=np.float32)
        self._lock = Lock()
        self._forget()

    def level(self, cell_m: float) -> Level:
        """Return the cells of one size."""
        if cell_m not in self._levels:
            self._levels[cell_m] = lay_cells(self.network, cell_m)
        return self._levels[cell_m]

    def ask(self, level: Level, box: Box, is_wanted: BoolArray) -> Tiles | LegTiles:
        """Return the tiles of a box that are wanted, making those that are missing; ``is_wanted`` is of all the level's tiles."""
        rows, columns = box.tiles
        with self._lock:
            missing = self._missing(level, rows, columns, is_wanted)
            if len(missing) and (self._used + len(missing) > self._room or self._used_legs > MOST_LEGS):
                self._forget(len(missing))
                missing = self._missing(level, rows, columns, is_wanted)
            if len(missing):
                self._slots[level.cell_m] = self._make(level, missing)
            if self._is_near:
                return LegTiles(
                    self._slots[level.cell_m], self._first, self._count, self._piece, self._leg_share, self._leg_m
                )  # fmt: skip
            return Tiles(self._slots[level.cell_m], self._segment, self._share, self._access_m)

    def _missing(self, level: Level, rows: slice, columns: slice, is_wanted: BoolArray) -> IntArray:
        if level.cell_m not in self._slots:
            self._slots[level.cell_m] = np.full(is_wanted.shape, -1, np.int32)
            self._is_made[level.cell_m] = np.zeros(is_wanted.shape, dtype=bool)
        lacks = is_wanted[rows, columns] & ~self._is_made[level.cell_m][rows, columns]
        return np.asarray(np.argwhere(lacks) + np.array([rows.start, columns.start]), dtype=np.int64)

    def _make(self, level: Level, missing: IntArray) -> Int32Array:
        """Fill places and return the level's slots with them; readers keep the slots they were given."""
        first_place = self._used

        def make(first: int, last: int) -> list[bool]:
            return [
                self._fill(level, int(row), int(column), first_place + first + number)
                for number, (row, column) in enumerate(missing[first:last])
            ]

        if self._is_near:
            has_street = self._fill_legs(level, missing, first_place)
        else:
            has_street = np.array([found for part in map_slices(make, len(missing), smallest=2) for found in part])
        slot = self._slots[level.cell_m].copy()
        row, column = missing.T
        slot[row, column] = np.where(has_street, first_place + np.arange(len(missing)), -1)
        self._is_made[level.cell_m][row, column] = True
        self._used += len(missing)
        return slot

    def _fill(self, level: Level, row: int, column: int, place: int) -> bool:
        middle = np.arange(TILE, dtype=np.float64) + 0.5
        x = level.left + (column * TILE + middle) * level.cell_m
        y = level.bottom + (row * TILE + middle) * level.cell_m
        return join_tile(
            self.network.streets, x, y, level.margin_m,
            self._segment[place], self._share[place], self._access_m[place],
        )  # fmt: skip

    def _fill_legs(self, level: Level, missing: IntArray, first_place: int) -> BoolArray:
        """Find the legs of the cells of tiles, a few tiles at once, and return which have any."""
        mode, network = self.network.mode, self.network
        middle = np.arange(TILE, dtype=np.float64) + 0.5
        near_m, slack_m = min(mode.direct_m, mode.max_access_m), SLACK_CELLS * level.cell_m
        has_street = np.zeros(len(missing), dtype=bool)
        for batch in range(0, len(missing), TILES_AT_ONCE):
            row, column = missing[batch : batch + TILES_AT_ONCE].T
            x = level.left + (column[:, None, None] * TILE + middle) * level.cell_m
            y = level.bottom + (row[:, None, None] * TILE + middle[:, None]) * level.cell_m
            x, y = np.broadcast_arrays(x, y)
            found = find_legs(network.pieces, network.obstacles, x.ravel(), y.ravel(), near_m, level.margin_m, slack_m)
            places = slice(first_place + batch, first_place + batch + len(row))
            self._first[places] = (self._used_legs + found.start[:-1]).reshape(x.shape)
            self._count[places] = np.diff(found.start).reshape(x.shape)
            has_street[batch : batch + len(row)] = self._count[places].any(axis=(1, 2))
            self._add_legs(found)
        return has_street

    def _add_legs(self, found: FoundLegs) -> None:
        """Write legs behind those there are; where there is no room left the arrays are new, and readers keep the old ones."""
        used, needed = self._used_legs, self._used_legs + len(found.piece)
        if needed > len(self._piece):
            room = max(2 * len(self._piece), needed)
            self._piece, self._leg_share, self._leg_m = (
                np.concatenate([old[:used], np.empty(room - used, dtype=old.dtype)])
                for old in (self._piece, self._leg_share, self._leg_m)
            )
        self._piece[used:needed], self._leg_share[used:needed] = found.piece, found.share
        self._leg_m[used:needed] = found.metres
        self._used_legs = needed

    def _forget(self, least: int = 0) -> None:
        """Let go of all tiles. The arrays are new: whoever still reads the old ones may."""
        self._is_near = self.network.mode.join == "near"
        self._room = max(MOST_LEG_TILES if self._is_near else MOST_TILES, least)
        shape = (0 if self._is_near else self._room, TILE, TILE)
        self._segment = np.empty(shape, dtype=np.int32)
        self._share = np.empty(shape, dtype=np.float32)
        self._access_m = np.empty(shape, dtype=np.float32)
        leg_shape = (self._room if self._is_near else 0, TILE, TILE)
        self._first = np.empty(leg_shape, dtype=np.int64)
        self._count = np.empty(leg_shape, dtype=np.int16)
        self._piece = np.empty(0, dtype=np.int32)
        self._leg_share = np.empty(0, dtype=np.float32)
        self._leg_m = np.empty(0, dtype=np.float32)
        self._used_legs = 0
        self._slots: dict[float, Int32Array] = {}
        self._is_made: dict[float, BoolArray] = {}
        self._used = 0
