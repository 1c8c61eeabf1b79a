"""Where streets end: people whom no street is near walk over terrain to the nearest one, or straight on to a facility as remote.

A point that no street is within ``max_access_m`` of joins the street that is nearest over the ground, as every other point joins
the street that is nearest straight: its access leg is then the least-cost walk there, uphill and downhill in the direction people
go. All else - shortest paths, reach, catchments, siting - is as with any other point. Two points as remote as each other may
also be joined over the ground alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from lifecircle.config.schema import Direction
from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.join import find_nearest_segments
from lifecircle.travel.network import Network, Weight
from lifecircle.travel.reach import Entrances, Joins, places_on_edges
from lifecircle.travel.terrain import Doors, Moves, Places, Surface, TerrainSearch, place_points
from lifecircle.travel.terrain.lines import walk_segments

Move = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True, eq=False)
class _StreetCells:
    """The cells of ground that streets run through, and the place on a street that stands for each."""

    cell: IntArray
    segment: IntArray
    share: FloatArray
    x: FloatArray
    y: FloatArray
    aside_m: FloatArray
    """From the cell's centre to that place."""


class OffStreet:
    """One mode's ground beside its network.

    Parameters
    ----------
    network, surface
        Of the same mode.
    moves
        8 or 16 neighbours over the ground.
    to_surface, from_surface
        Places of the district's CRS to the surface's, and back.
    """

    def __init__(self, network: Network, surface: Surface, moves: Moves, to_surface: Move, from_surface: Move) -> None:
        self.network, self.surface, self.moves = network, surface, moves
        self.to_surface, self.from_surface = to_surface, from_surface
        self._streets = self._find_street_cells()
        self._searches: dict[tuple[Direction, Weight], TerrainSearch] = {}

    def join(self, joins: Joins, direction: Direction, weight: Weight, *, is_cell: bool) -> Joins:
        """Return the joins with those points that no street is near joined over the ground; who cannot be stays as it is.

        Parameters
        ----------
        direction, weight
            Of the search they are for.
        is_cell
            People's cells leave for the street when they go ``toward`` facilities; facilities are then come to.
        """
        remote = np.flatnonzero(joins.edge < 0)
        streets = self._streets
        if not len(remote) or not len(streets.cell):
            return joins
        leaves = is_cell == (direction == "toward")
        search = self._search("toward" if leaves else "from", weight)
        places = self._place(joins.x[remote], joins.y[remote])
        doors = Doors(Places(streets.cell), np.arange(len(streets.cell) + 1))
        cost, street = search.nearest(places, doors, start_cost=streets.aside_m / self._access_speed(weight))
        found = street >= 0
        at, street = remote[found], street[found]
        edge, vertex, share = joins.edge.copy(), joins.vertex.copy(), joins.share.copy()
        access_m, leg_cost = joins.access_m.copy(), np.full(len(joins), np.nan)
        edge[at], vertex[at] = places_on_edges(self.network, streets.segment[street])
        share[at] = streets.share[street]
        access_m[at] = np.hypot(joins.x[at] - streets.x[street], joins.y[at] - streets.y[street])
        leg_cost[at] = cost[found]
        return replace(joins, edge=edge, vertex=vertex, share=share, access_m=access_m, leg_cost=leg_cost)

    def nearest(
        self, cells: Joins, entrances: Entrances, direction: Direction, weight: Weight
    ) -> tuple[FloatArray, IntArray]:
        """Return each cell's cost over the ground alone to the nearest facility as remote as itself, and which that is.

        ``cells`` and ``entrances`` are joined to streets only; inf and -1 where either is near a street.
        """
        cost, facility = np.full(len(cells), np.inf), np.full(len(cells), -1, dtype=np.int64)
        remote, doors, _ = self._remote(cells, entrances)
        if len(remote) and len(doors.places):
            cost[remote], facility[remote] = self._search(direction, weight).nearest(
                self._place(cells.x[remote], cells.y[remote]), doors
            )
        return cost, facility

    def reach(
        self, cells: Joins, entrances: Entrances, direction: Direction, weight: Weight, horizon: float
    ) -> csr_array:
        """Return the sparse reach over the ground alone, facilities x cells, between cells and facilities as remote."""
        shape = (len(entrances.start) - 1, len(cells))
        remote, doors, _ = self._remote(cells, entrances)
        if not len(remote) or not len(doors.places):
            return csr_array(shape)
        found = self._search(direction, weight).reach(self._place(cells.x[remote], cells.y[remote]), doors, horizon)
        return csr_array((found.data, remote[found.indices], found.indptr), shape=shape)

    def within(self, entrances: Entrances, direction: Direction, weight: Weight, limit: float) -> BoolArray:
        """Return which cells of the surface lie within a limit over the ground of a street, or of a facility that no street is near.

        One entry a cell, row by row; ``entrances`` are joined to streets only.
        """
        search, streets = self._search(direction, weight), self._streets
        _, doors, _ = self._remote(entrances.joins, entrances)
        cell = np.concatenate([streets.cell, doors.places.cell])
        sources = Doors(Places(cell), np.array([0, len(cell)], dtype=np.int64))
        if not len(cell):
            return np.zeros(self.surface.code.size, dtype=bool)
        return np.asarray(np.isfinite(search.spread(sources, limit)[0]).reshape(-1))

    def centres(self, cell: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the centres of cells of the surface in the district's CRS."""
        transform = self.surface.transform
        row, column = np.divmod(cell, self.surface.shape[1])
        return self.from_surface(transform.c + (column + 0.5) * transform.a, transform.f + (row + 0.5) * transform.e)

    def _remote(self, cells: Joins, entrances: Entrances) -> tuple[IntArray, Doors, BoolArray]:
        is_remote = entrances.joins.edge < 0
        facility = entrances.facility[is_remote]
        start = np.zeros(len(entrances.start), dtype=np.int64)
        np.cumsum(np.bincount(facility, minlength=len(start) - 1), out=start[1:])
        places = self._place(entrances.joins.x[is_remote], entrances.joins.y[is_remote])
        return np.flatnonzero(cells.edge < 0), Doors(places, start), is_remote

    def _search(self, direction: Direction, weight: Weight) -> TerrainSearch:
        key = (direction, weight)
        if key not in self._searches:
            self._searches[key] = TerrainSearch(self.surface, direction, moves=self.moves, weight=weight)
        return self._searches[key]

    def _place(self, x: FloatArray, y: FloatArray) -> Places:
        return place_points(self.surface, *self.to_surface(x, y))

    def _access_speed(self, weight: Weight) -> float:
        return 1.0 if weight == "metres" else self.network.mode.access_kph / 3.6

    def _find_street_cells(self) -> _StreetCells:
        """Return one place on a street for each cell that a street runs through: the one nearest to the cell's centre."""
        streets, transform = self.network.streets, self.surface.transform
        x1, y1 = self.to_surface(streets.x1, streets.y1)
        x2, y2 = self.to_surface(streets.x2, streets.y2)
        ends = np.column_stack(
            [
                (x1 - transform.c) / transform.a, (y1 - transform.f) / transform.e,
                (x2 - transform.c) / transform.a, (y2 - transform.f) / transform.e,
            ]
        )  # fmt: skip
        rows, columns = self.surface.shape
        cell = np.unique(walk_segments(np.ascontiguousarray(ends[np.isfinite(ends).all(axis=1)]), rows, columns)[0])
        x, y = self.centres(cell)
        segment, share, aside_m = find_nearest_segments(streets, x, y, 2.0 * max(self.surface.cell_m))
        found = segment >= 0
        cell, segment, share = cell[found], segment[found], share[found]
        on_x = streets.x1[segment] + share * (streets.x2[segment] - streets.x1[segment])
        on_y = streets.y1[segment] + share * (streets.y2[segment] - streets.y1[segment])
        return _StreetCells(cell, segment, share, on_x, on_y, aside_m[found])


def least(first: csr_array, second: csr_array) -> csr_array:
    """Return the lesser of two reaches where both are stored, and what only one has; a stored 0 is kept."""
    row = np.concatenate([np.repeat(np.arange(part.shape[0]), np.diff(part.indptr)) for part in (first, second)])
    column, cost = np.concatenate([first.indices, second.indices]), np.concatenate([first.data, second.data])
    order = np.lexsort((cost, column, row))
    row, column, cost = row[order], column[order], cost[order]
    is_first = np.ones(len(row), dtype=bool)
    is_first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    indptr = np.zeros(first.shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(row[is_first], minlength=first.shape[0]), out=indptr[1:])
    return csr_array((cost[is_first], column[is_first], indptr), shape=first.shape)
