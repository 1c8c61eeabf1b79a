"""Travel over terrain, asked as a network is: the nearest facility of every cell of people, and each facility's bounded reach.

A step costs half its length at the speed of the cell it leaves and half at that of the cell it enters; a knight's move a quarter in
each of the four cells it touches. On foot speed follows Tobler, by bicycle AccessMod's cyclist, by motor nothing; the slope of a
step is its rise over its horizontal length, signed in the direction people go. This is the cost surface of WHO's AccessMod 5 and, in
its moves, of GRASS r.walk. A place takes the time of the cell that contains it; within one cell the time is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from lifecircle.compilation import map_slices
from lifecircle.config.schema import Direction
from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.terrain.kernels import (
    CELL,
    FASTEST_RIDE,
    FASTEST_WALK,
    KPH_PER_MPS,
    NO_GROUND,
    PARITY_SLOPE,
    SEALED,
    Records,
    make_powers,
    reach_cells,
    search_grid,
)
from lifecircle.travel.terrain.surface import UNKNOWN, Going, Surface

Moves = Literal[8, 16]
Weight = Literal["seconds", "metres"]

STRAIGHT_STEPS = ((-1, 0), (0, -1), (0, 1), (1, 0))
DIAGONAL_STEPS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
KNIGHT_STEPS = tuple((row, column) for row in (-2, -1, 1, 2) for column in (-2, -1, 1, 2) if abs(row) != abs(column))
BORDER = 2
"""Cells that nobody enters around the grid, so that no move needs to look whether it leaves it: a knight leaps two."""
MOST_BUCKETS = 4096
BUCKET_SHARE = 0.6
"""Of the time of a typical step: wider, and cells settle twice; narrower, and there are more buckets than need be."""
FINEST_BUCKET = 1 / 32
ROUNDING = 1e-9
"""By which the least time of a step is lowered before it is trusted to rule a step out."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundPlaces:
    """Where points lie on a surface; one entry a point."""

    cell: IntArray
    """Row x columns + column of the cell that contains it; -1 off the grid."""

    def __len__(self) -> int:
        return len(self.cell)


@dataclass(frozen=True, slots=True, eq=False)
class GroundEntrances:
    """The places at which facilities are entered, grouped: facility *f* has ``start[f]`` .. ``start[f + 1] - 1``."""

    places: GroundPlaces
    start: IntArray

    @property
    def facility(self) -> IntArray:
        """The facility of each door."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def only(self, facility: int) -> GroundEntrances:
        """Return the doors of one facility, as if there were no other."""
        cell = self.places.cell[self.start[facility] : self.start[facility + 1]]
        return GroundEntrances(GroundPlaces(cell), np.array([0, len(cell)], dtype=np.int64))


def place_points(surface: Surface, x: FloatArray, y: FloatArray) -> GroundPlaces:
    """Place points, in the surface's CRS, in the cells that contain them.

    People are never resampled: each of their cells takes the time of the ground under its centre.
    """
    return GroundPlaces(surface.find_cells(x, y))


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """The moves of a search over rows of a given length."""

    move: IntArray
    part_m: FloatArray
    per_m: FloatArray
    beside: IntArray


def _make_steps(moves: Moves, cell_m: tuple[float, float], stride: int) -> _Steps:
    steps = STRAIGHT_STEPS + DIAGONAL_STEPS + (KNIGHT_STEPS if moves == 16 else ())
    row, column = np.array(steps, dtype=np.int64).T
    length_m = np.hypot(row * cell_m[1], column * cell_m[0])
    is_knight = np.abs(row) + np.abs(column) == 3
    # A diagonal step passes between the cells beside it; a knight's goes through one straight and one diagonal neighbour.
    is_tall = np.abs(row) == 2
    near = np.where(is_knight & ~is_tall, np.sign(column), np.sign(row) * stride)
    far = np.where(is_knight, np.sign(row) * stride + np.sign(column), column)
    beside = np.column_stack([near, far])
    return _Steps(row * stride + column, length_m / np.where(is_knight, 4.0, 2.0), 1.0 / length_m, beside)


def _tabulate_goings(goings: tuple[Going, ...], weight: Weight, speed_factor: float) -> FloatArray:
    """Return for each code: seconds a metre by motor, on foot on the flat, the cyclist's km/h, the least seconds a metre."""
    table = np.zeros((len(goings), 4))
    for code, going in enumerate(goings):
        if going.way == "none":
            continue
        kph = going.speed_kph * speed_factor
        pace = 18.0 / (5.0 * kph)  # one rounding, where 3.6 / kph has two
        if weight == "metres":
            table[code] = (1.0, 0.0, 0.0, 1.0)
        elif going.way == "motor":
            table[code] = (pace, 0.0, 0.0, pace)
        elif going.way == "walk":
            table[code] = (0.0, pace, 0.0, pace * FASTEST_WALK)
        else:
            table[code] = (0.0, 0.0, kph, pace * FASTEST_RIDE)
    table[:, 3] *= 1.0 - ROUNDING
    return table


class TerrainSearch:
    """A surface, asked in one weight and one direction.

    Parameters
    ----------
    surface
        The ground, roads and barriers laid over it.
    direction
        ``toward``: people go from cells to facilities; ``from``: help comes from facilities to cells.
    moves
        8 neighbours, or 16 with knight's moves.
    weight
        ``seconds``, or ``metres`` of the shortest way over ground where people can go.
    parity
        Cycle as AccessMod does, nearly blind to slope.
    is_sealed
        No diagonal step slips between a barrier and another cell nobody enters.
    speed_factor
        Multiplies every flat speed: 0.8 and 1.2 for the honest range.
    """

    def __init__(
        self,
        surface: Surface,
        direction: Direction = "toward",
        *,
        moves: Moves = 8,
        weight: Weight = "seconds",
        parity: bool = False,
        is_sealed: bool = True,
        speed_factor: float = 1.0,
    ) -> None:
        self.surface = surface
        self.weight = weight
        rows, columns = surface.shape
        self._stride = columns + 2 * BORDER
        self._shape = (rows + 2 * BORDER, self._stride)
        self._going = _tabulate_goings(surface.goings, weight, speed_factor)
        self._steps = _make_steps(moves, surface.cell_m, self._stride)
        # Searched from the facilities: against the journey when people go toward them.
        self._uphill = 1.0 if direction == "from" else -1.0
        self._bike_slope = PARITY_SLOPE if parity else 1.0
        self._powers = make_powers()
        self._blocked = np.array([NO_GROUND if g.way == "none" else np.inf for g in surface.goings])
        if is_sealed:
            is_barrier = np.array([g.way == "none" for g in surface.goings])
            is_barrier[UNKNOWN] = False
            self._blocked[is_barrier] = SEALED
        self._width = self._bucket_width()
        self._ground = self._lay_ground()

    def _bucket_width(self) -> float:
        """Return a width near the cost of a typical step, finer where some ground is much faster."""
        is_open = self._blocked > 0.0
        count = np.bincount(self.surface.code.reshape(-1), minlength=len(is_open))[is_open]
        if not count.sum():
            return 1.0
        flat = self._going[is_open, 0] + self._going[is_open, 1]
        is_bike = self._going[is_open, 2] > 0.0
        flat[is_bike] = KPH_PER_MPS / self._going[is_open, 2][is_bike]
        typical = count.sum() / (count / flat).sum()
        fastest = flat[count > 0].min()
        return float(min(self.surface.cell_m) * BUCKET_SHARE * max(min(fastest, typical), typical * FINEST_BUCKET))

    def _lay_ground(self) -> Records:
        """Return the grid as records with a border, ready to be searched."""
        ground = np.zeros(self._shape, dtype=CELL)
        ground["cost"] = NO_GROUND
        inner = ground[BORDER:-BORDER, BORDER:-BORDER]
        inner["cost"] = self._blocked[self.surface.code]
        inner["elevation"] = self.surface.elevation_m
        inner["code"] = self.surface.code
        ground["label"] = -1
        return ground.reshape(-1)

    def _inner(self, places: GroundPlaces) -> tuple[IntArray, BoolArray]:
        """Return the record of each place, and which lie on the grid."""
        columns = self.surface.shape[1]
        is_on = places.cell >= 0
        row, column = np.divmod(np.where(is_on, places.cell, 0), columns)
        return (row + BORDER) * self._stride + column + BORDER, is_on

    def _buckets(self, limit: float) -> int:
        return int(min(MOST_BUCKETS, limit / self._width + 2.0))

    def _arguments(
        self,
    ) -> tuple[FloatArray, IntArray, FloatArray, FloatArray, IntArray, float, float, FloatArray, float]:
        steps = self._steps
        return (
            self._going, steps.move, steps.part_m, steps.per_m, steps.beside,
            self._uphill, self._bike_slope, self._powers, self._width,
        )  # fmt: skip

    def spread(
        self, doors: GroundEntrances, limit: float = np.inf, *, start_cost: FloatArray | None = None
    ) -> tuple[FloatArray, IntArray]:
        """Return the cost of every cell of the surface to its nearest facility, and which that is.

        Parameters
        ----------
        limit
            Costs above it are not reported.
        start_cost
            Per door, what the way has cost before it (or costs after it), such as the rest of a way by street.

        Returns
        -------
        cost : FloatArray
            Rows x columns, seconds or metres; inf where no facility can be reached.
        facility : IntArray
            Rows x columns; -1 where unreachable.
        """
        ground = self._run(doors, limit, start_cost).reshape(self._shape)[BORDER:-BORDER, BORDER:-BORDER]
        cost = np.where(ground["cost"] < 0.0, np.inf, ground["cost"])
        return cost, ground["label"].astype(np.int64)

    def _run(self, doors: GroundEntrances, limit: float, start_cost: FloatArray | None = None) -> Records:
        ground = self._ground.copy()
        cell, is_on = self._inner(doors.places)
        cost = np.zeros(len(cell)) if start_cost is None else np.asarray(start_cost, dtype=np.float64)
        untouched = np.empty(0, dtype=np.int32)
        search_grid(
            ground, *self._arguments(), self._buckets(limit),
            cell[is_on], cost[is_on], doors.facility[is_on], float(limit), untouched,
        )  # fmt: skip
        return ground

    def nearest(
        self,
        cells: GroundPlaces,
        doors: GroundEntrances,
        limit: float = np.inf,
        *,
        start_cost: FloatArray | None = None,
    ) -> tuple[FloatArray, IntArray]:
        """Return each cell's cost to its nearest facility, without horizon unless a limit is given, and which facility that is.

        Returns
        -------
        cost : FloatArray
            Seconds or metres; inf where no facility can be reached, off the grid and where nobody goes.
        facility : IntArray
            -1 where unreachable.
        """
        ground = self._run(doors, limit, start_cost)
        at, is_on = self._inner(cells)
        found, label = ground["cost"][at], ground["label"][at]
        is_reached = is_on & (found >= 0.0) & np.isfinite(found)
        return np.where(is_reached, found, np.inf), np.where(is_reached, label, -1).astype(np.int64)

    def reach(self, cells: GroundPlaces, doors: GroundEntrances, horizon: float) -> csr_array:
        """Return the sparse reach, facilities x cells: cost where it is at most ``horizon``, nothing elsewhere.

        A stored 0 is a cell of people on the facility's own ground. Memory is that of the result, and of the grid once a thread.
        """
        n_facilities = len(doors.start) - 1
        shape = (n_facilities, len(cells))
        if not n_facilities or not len(cells):
            return csr_array(shape)
        door, is_on = self._inner(doors.places)
        start = np.zeros(n_facilities + 1, dtype=np.int64)
        np.cumsum(np.bincount(doors.facility[is_on], minlength=n_facilities), out=start[1:])
        home_start, home_order = self._group_homes(cells)

        def search(first: int, last: int) -> tuple[IntArray, IntArray, FloatArray]:
            found: tuple[IntArray, IntArray, FloatArray] = reach_cells(
                first, last, start, door[is_on], self._ground.copy(), *self._arguments(), self._buckets(horizon),
                home_start, home_order, float(horizon), np.empty(len(self._ground), dtype=np.int32),
            )  # fmt: skip
            return found

        parts = map_slices(search, n_facilities, smallest=8)
        facility, cell, cost = (np.concatenate(part) for part in zip(*parts, strict=True))
        indptr = np.zeros(n_facilities + 1, dtype=np.int64)
        np.cumsum(np.bincount(facility, minlength=n_facilities), out=indptr[1:])
        matrix = csr_array((cost, cell, indptr), shape=shape)
        matrix.sort_indices()
        return matrix

    def _group_homes(self, cells: GroundPlaces) -> tuple[IntArray, IntArray]:
        """Return ``start, order``: the cells of people in each record; those off the grid are left out."""
        at, is_on = self._inner(cells)
        order = np.argsort(np.where(is_on, at, -1), kind="stable")[int((~is_on).sum()) :]
        start = np.zeros(len(self._ground) + 1, dtype=np.int64)
        np.cumsum(np.bincount(at[order], minlength=len(self._ground)), out=start[1:])
        return start, order
