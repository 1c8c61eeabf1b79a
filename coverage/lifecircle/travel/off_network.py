"""Where streets end: people whom no street leads to a facility walk over terrain to the nearest street that does.

A point joins the street that is nearest over the ground, as any other point joins the street that is nearest straight: its access leg
is then the least-cost walk there, uphill and downhill in the direction people go. This is for places that no street is within
``max_access_m`` of, and for those whose streets lead to no facility at all (a track above a village that nobody mapped on). All else -
shortest paths, reach, catchments, siting - is as with any other point. Two places without streets may also be joined over the ground
alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.sparse import csr_array

from lifecircle.config.schema import Direction
from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.join import find_nearest_segments
from lifecircle.travel.network import Network, Weight
from lifecircle.travel.reach import Entrances, Joins, Search
from lifecircle.travel.segments import connected_parts
from lifecircle.travel.terrain import GroundEntrances, GroundPlaces, Moves, Surface, TerrainSearch, place_points
from lifecircle.travel.terrain.surface import walk_segments
from lifecircle.travel.ways import KPH_TO_MPS

Move = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True, eq=False)
class _StreetCells:
    """The cells of ground that streets run through, and the place on a street that stands for each."""

    cell: IntArray
    edge: IntArray
    vertex: IntArray
    share: FloatArray
    x: FloatArray
    y: FloatArray
    aside_m: FloatArray
    """From the cell's centre to that place."""

    def only(self, which: BoolArray) -> _StreetCells:
        """Return some of them."""
        return _StreetCells(**{each.name: getattr(self, each.name)[which] for each in fields(self)})


class OffStreet:
    """One mode's ground beside its network.

    Parameters
    ----------
    network, surface
        Of the same mode.
    moves
        8 or 16 neighbours over the ground.
    to_surface, from_surface
        GroundPlaces of the district's CRS to the surface's, and back.
    """

    def __init__(self, network: Network, surface: Surface, moves: Moves, to_surface: Move, from_surface: Move) -> None:
        self.network, self.surface, self.moves = network, surface, moves
        self.to_surface, self.from_surface = to_surface, from_surface
        self._streets = self._find_street_cells()
        self._searches: dict[tuple[Direction, Weight], TerrainSearch] = {}

    def join(
        self, joins: Joins, direction: Direction, weight: Weight, *, is_cell: bool, is_useful: BoolArray | None = None
    ) -> Joins:
        """Return the joins with remote points joined over the ground; who cannot be stays as it is.

        Parameters
        ----------
        direction, weight
            Of the search they are for.
        is_cell
            People's cells leave for the street when they go ``toward`` facilities; facilities are then come to.
        is_useful
            Of the edges that may be joined; points on others are remote too. None: all are, and only points on none are remote.
        """
        remote = np.flatnonzero(is_remote(joins, is_useful))
        streets = self._streets if is_useful is None else self._streets.only(is_useful[self._streets.edge])
        if not len(remote) or not len(streets.cell):
            return joins
        leaves = is_cell == (direction == "toward")
        search = self.search("toward" if leaves else "from", weight)
        doors = GroundEntrances(GroundPlaces(streets.cell), np.arange(len(streets.cell) + 1))
        speed = 1.0 if weight == "metres" else self.network.mode.access_kph * KPH_TO_MPS
        places = self.place(joins.x[remote], joins.y[remote])
        cost, street = search.nearest(places, doors, start_cost=streets.aside_m / speed)
        found = street >= 0
        return _replace_legs(joins, remote[found], streets, street[found], cost[found])

    def useful_edges(self, doors: Joins, weight: Weight) -> BoolArray:
        """Return which edges lie in a connected part of the network with a facility in it; ferries link parts, but not in metres."""
        network = self.network
        carries = np.isfinite(network.edge_costs(weight)[0])
        part = connected_parts(network.a[carries], network.b[carries], network.n_nodes)
        has_door = np.zeros(network.n_nodes + 1, dtype=bool)
        has_door[part[network.a[doors.edge]]] = True
        return np.asarray(has_door[part[network.a]])

    def within(self, doors: GroundPlaces, direction: Direction, weight: Weight, limit: float) -> BoolArray:
        """Return which cells of the surface lie within a limit over the ground of a street, or of a door.

        One entry a cell, row by row.
        """
        cell = np.concatenate([self._streets.cell, doors.cell])
        if not len(cell):
            return np.zeros(self.surface.code.size, dtype=bool)
        sources = GroundEntrances(GroundPlaces(cell), np.array([0, len(cell)], dtype=np.int64))
        return np.asarray(np.isfinite(self.search(direction, weight).spread(sources, limit)[0]).reshape(-1))

    def search(self, direction: Direction, weight: Weight) -> TerrainSearch:
        """Return the search over the ground alone; made once."""
        key = (direction, weight)
        if key not in self._searches:
            self._searches[key] = TerrainSearch(self.surface, direction, moves=self.moves, weight=weight)
        return self._searches[key]

    def place(self, x: FloatArray, y: FloatArray) -> GroundPlaces:
        """Return where points of the district's CRS lie on the ground."""
        return place_points(self.surface, *self.to_surface(x, y))

    def centres(self, cell: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the centres of cells of the surface in the district's CRS."""
        transform = self.surface.transform
        row, column = np.divmod(cell, self.surface.shape[1])
        return self.from_surface(transform.c + (column + 0.5) * transform.a, transform.f + (row + 0.5) * transform.e)

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
        return _StreetCells(cell, *self.network.pieces.places(segment, share), on_x, on_y, aside_m[found])


def is_remote(joins: Joins, is_useful: BoolArray | None = None) -> BoolArray:
    """Return which points no street is near, or none that is useful."""
    useful = np.ones(len(joins.edge), dtype=bool) if is_useful is None else is_useful[joins.edge]
    return np.asarray(np.bincount(joins.point[useful], minlength=len(joins)) == 0)


def _replace_legs(joins: Joins, at: IntArray, streets: _StreetCells, street: IntArray, cost: FloatArray) -> Joins:
    """Return the joins with one leg over the ground in place of the legs of some points."""
    is_replaced = np.zeros(len(joins), dtype=bool)
    is_replaced[at] = True
    kept = ~is_replaced[joins.point]
    point = np.concatenate([joins.point[kept], at])
    order = np.argsort(point, kind="stable")
    old_cost = np.full(len(joins.edge), np.nan) if joins.leg_cost is None else joins.leg_cost
    straight_m = np.hypot(joins.x[at] - streets.x[street], joins.y[at] - streets.y[street])
    edge, vertex, share, access_m, leg_cost = (
        np.concatenate([old[kept], new])[order]
        for old, new in (
            (joins.edge, streets.edge[street]), (joins.vertex, streets.vertex[street]), (joins.share, streets.share[street]),
            (joins.access_m, straight_m), (old_cost, cost),
        )
    )  # fmt: skip
    start = np.concatenate([[0], np.cumsum(np.bincount(point, minlength=len(joins)))]).astype(np.int64)
    return Joins(joins.x, joins.y, start, edge, vertex, share, access_m, leg_cost)


class Crossing:
    """One search over streets and the ground beside them, to the facilities of one rule.

    Parameters
    ----------
    beside, search
        Of the same network.
    doors
        The facilities' entrances, joined to streets only.
    """

    def __init__(self, beside: OffStreet, search: Search, doors: Entrances) -> None:
        self.beside, self.search = beside, search
        self._way = search.direction, search.weight
        self.entrances = replace(doors, joins=beside.join(doors.joins, *self._way, is_cell=False))
        self.is_useful = beside.useful_edges(self.entrances.joins, search.weight)
        far = ~doors.joins.is_joined
        start = np.zeros(len(doors.start), dtype=np.int64)
        np.cumsum(np.bincount(doors.facility[far], minlength=len(start) - 1), out=start[1:])
        self.far_doors = GroundEntrances(beside.place(doors.joins.x[far], doors.joins.y[far]), start)
        """The entrances that no street is near."""

    def join(self, homes: Joins) -> Joins:
        """Return cells, joined to streets only, with the remote ones joined over the ground."""
        return self.beside.join(homes, *self._way, is_cell=True, is_useful=self.is_useful)

    def nearest(self, homes: Joins, facility: int = -1) -> tuple[FloatArray, IntArray]:
        """Return the cost of each cell to the nearest facility, or to one alone, and which it is; inf and -1 where unreachable.

        ``homes`` are joined to streets only.
        """
        entrances, far = self.entrances, self.far_doors
        if facility >= 0:
            entrances, far = entrances.only(facility), far.only(facility)
        cost, found = self.search.nearest(self.join(homes), entrances)
        remote = np.flatnonzero(is_remote(homes, self.is_useful))
        if len(remote) and len(far.places):
            places = self.beside.place(homes.x[remote], homes.y[remote])
            walked, other = self.beside.search(*self._way).nearest(places, far)
            found[remote] = np.where(walked < cost[remote], other, found[remote])
            cost[remote] = np.minimum(cost[remote], walked)
        return cost, found

    def reach(self, homes: Joins, horizon: float) -> csr_array:
        """Return the sparse reach, facilities x cells, over streets and ground; ``homes`` are joined to streets only."""
        reach = self.search.reach(self.join(homes), self.entrances, horizon)
        remote = np.flatnonzero(is_remote(homes, self.is_useful))
        if not len(remote) or not len(self.far_doors.places):
            return reach
        places = self.beside.place(homes.x[remote], homes.y[remote])
        walked = self.beside.search(*self._way).reach(places, self.far_doors, horizon)
        return least(reach, csr_array((walked.data, remote[walked.indices], walked.indptr), shape=reach.shape))


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
