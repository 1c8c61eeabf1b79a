"""Where everything meets: the time or distance between cells and facilities, over one mode's network.

A journey is an access leg, the shortest path in the direction people go, and an access leg again, by whichever of the two points'
legs it is quickest; or a straight walk of at most ``direct_m`` where that is quicker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from lifecircle.compilation import map_slices
from lifecircle.config.schema import Direction
from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.contraction import index_incident
from lifecircle.travel.hierarchy import Int32Array
from lifecircle.travel.join import find_nearest_segments
from lifecircle.travel.kernels import cost_to_points, reach_points
from lifecircle.travel.legs import find_legs
from lifecircle.travel.network import Network, Weight
from lifecircle.travel.shortest_paths import Graph, make_queue, make_travel_graph, search_from
from lifecircle.travel.straight import find_near_pairs, find_nearest_doors, index_doors
from lifecircle.travel.ways import KPH_TO_MPS

MANY_CELLS = 100_000
"""Fewer are filled in faster by one thread: a cell takes 10 ns."""


@dataclass(frozen=True, slots=True, eq=False)
class Joins:
    """Where points join a network: one entry a point, and of each point's access legs one entry a leg.

    Point *p* has the legs ``start[p]`` .. ``start[p + 1] - 1``; none where no street is within the mode's ``max_access_m``.
    """

    x: FloatArray
    y: FloatArray
    start: IntArray
    edge: IntArray
    """Of each leg, the edge it leads to."""
    vertex: IntArray
    """The vertex before the leg's place on its edge."""
    share: FloatArray
    """How far on from there to the next vertex, 0 to 1."""
    access_m: FloatArray
    """Length of the straight leg."""
    leg_cost: FloatArray | None = None
    """Cost of the leg where it is no straight walk, NaN where it is; in the weight and direction it was made for."""

    def __len__(self) -> int:
        return len(self.x)

    @property
    def count(self) -> IntArray:
        """How many legs each point has."""
        return np.diff(self.start)

    @property
    def point(self) -> IntArray:
        """The point of each leg."""
        return np.repeat(np.arange(len(self)), self.count)

    @property
    def is_joined(self) -> BoolArray:
        """Which points have a leg."""
        return np.asarray(self.count > 0)

    @property
    def nearest_leg(self) -> IntArray:
        """The shortest leg of each point, of equals the first; -1 where it has none."""
        leg = np.full(len(self), -1, dtype=np.int64)
        if len(self.edge):
            point = self.point
            order = np.lexsort((self.access_m, point))
            owner, first = np.unique(point[order], return_index=True)
            leg[owner] = order[first]
        return leg

    @property
    def nearest_m(self) -> FloatArray:
        """Length of the shortest leg of each point; inf where it has none."""
        return np.append(self.access_m, np.inf)[self.nearest_leg]

    def take(self, which: slice) -> Joins:
        """Return the joins of some points that follow one another."""
        first, last, _ = which.indices(len(self))
        legs = slice(int(self.start[first]), int(self.start[max(first, last)]))
        of_leg: dict[str, Any] = {
            name: None if (part := getattr(self, name)) is None else part[legs]
            for name in ("edge", "vertex", "share", "access_m", "leg_cost")
        }
        return Joins(
            self.x[which], self.y[which], self.start[first : max(first, last) + 1] - self.start[first], **of_leg
        )

    def along(self, vertex_cost: FloatArray) -> FloatArray:
        """Return the cost at each leg's place, from the cost at vertices."""
        if not len(vertex_cost):
            return np.zeros(len(self.edge))
        after = np.minimum(self.vertex + 1, len(vertex_cost) - 1)
        inner = vertex_cost[self.vertex] + self.share * (vertex_cost[after] - vertex_cost[self.vertex])
        # The vertex itself at either end, so that a point on a node costs nothing to be there.
        return np.asarray(np.where(self.share >= 1.0, vertex_cost[after], inner))


@dataclass(frozen=True, slots=True, eq=False)
class Entrances:
    """The points at which facilities are entered, grouped: facility *f* has ``start[f]`` .. ``start[f + 1] - 1``."""

    joins: Joins
    start: IntArray

    @property
    def facility(self) -> IntArray:
        """The facility of each entrance."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def only(self, facility: int) -> Entrances:
        """Return the entrances of one facility, as if there were no other."""
        first, last = int(self.start[facility]), int(self.start[facility + 1])
        return Entrances(self.joins.take(slice(first, last)), np.array([0, last - first], dtype=np.int64))


def join_points(network: Network, x: FloatArray, y: FloatArray) -> Joins:
    """Join points to the streets as the mode's ``join`` says; ferries are not joined at sea.

    ``near``: to every street within ``direct_m``, else to the nearest of each connected part within ``max_access_m``, as
    :mod:`lifecircle.travel.legs` defines them. ``nearest``: to the nearest point of the nearest edge within ``max_access_m``.
    """
    mode, pieces = network.mode, network.pieces
    if mode.join == "near":
        found = find_legs(pieces, network.obstacles, x, y, min(mode.direct_m, mode.max_access_m), mode.max_access_m)
        return Joins(np.asarray(x), np.asarray(y), found.start, *pieces.places(found.piece, found.share), found.metres)
    piece, share, access_m = find_nearest_segments(network.streets, x, y, mode.max_access_m)
    start = np.concatenate([[0], np.cumsum(piece >= 0)]).astype(np.int64)
    is_near = piece >= 0
    return Joins(
        np.asarray(x), np.asarray(y), start, *pieces.places(piece[is_near], share[is_near]), access_m[is_near]
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Costs of points on their edges, seen in the direction people go; one entry a leg, grouped by point."""

    start: IntArray
    point: IntArray
    edge: IntArray
    access: FloatArray
    there: FloatArray
    """From the edge's ``a`` to the point."""
    back: FloatArray
    """From the point back to ``a``."""
    by_a: FloatArray
    """Between the point and the edge's ``a``: leaving towards it for cells, coming from it for entrances. inf against one-way."""
    by_b: FloatArray


_ByEdge = tuple[
    IntArray, IntArray, IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, bool
]


class Search:
    """One mode's network, asked in one weight and one direction.

    ``toward``: people go from cells to facilities; ``from``: help comes from facilities to cells. The second is the first with
    every street turned round, so only the setting-up differs.
    """

    def __init__(self, network: Network, weight: Weight, direction: Direction) -> None:
        self.network = network
        self.weight = weight
        self.direction = direction
        self.there, self.back = network.vertex_costs(weight)
        self.edge_there, self.edge_back = network.edge_costs(weight)
        self.forward, self.backward = network.forward, network.backward
        if direction == "from":
            self.forward, self.backward = self.backward, self.forward
            self.there, self.back = self.back, self.there
            self.edge_there, self.edge_back = self.edge_back, self.edge_there
        # Searched from the facilities: against the journey.
        self.graph: Graph = make_travel_graph(
            network.a, network.b, np.where(self.forward, self.edge_there, np.inf),
            np.where(self.backward, self.edge_back, np.inf), network.n_nodes, reverse=True,
        )  # fmt: skip
        self.access_speed = 1.0 if weight == "metres" else network.mode.access_kph * KPH_TO_MPS
        self._homes: tuple[Joins, Legs] | None = None
        self._by_edge: tuple[Joins, _ByEdge] | None = None

    def _cell_legs(self, cells: Joins) -> Legs:
        """Return the legs of cells; they are kept, for the next kind of facility is asked from the same cells."""
        kept = self._homes
        if kept is None or kept[0] is not cells:
            kept = self._homes = cells, self.home_legs(cells)
        return kept[1]

    def home_legs(self, joins: Joins) -> Legs:
        """Return the legs of cells: where journeys begin, seen from the facilities' side."""
        return self._legs(joins, is_cell=True)

    def _cells_by_edge(self, cells: Joins) -> _ByEdge:
        """Return where each node's edges and each edge's cells begin, and the cells' legs in that order; kept as the legs are."""
        kept = self._by_edge
        if kept is None or kept[0] is not cells:
            homes = self._cell_legs(cells)
            start, order = _group(homes.edge, self.network.n_edges)
            in_order = (
                homes.point[order], homes.access[order], homes.there[order], homes.back[order],
                homes.by_a[order], homes.by_b[order], bool((cells.count > 1).any()),
            )  # fmt: skip
            incident = index_incident(self.network.a, self.network.b, self.network.n_nodes)
            kept = self._by_edge = cells, (*incident, start, *in_order)
        return kept[1]

    def door_legs(self, joins: Joins) -> Legs:
        """Return the legs of entrances: where journeys end."""
        return self._legs(joins, is_cell=False)

    def _legs(self, joins: Joins, *, is_cell: bool) -> Legs:
        edge = joins.edge
        access = joins.access_m / self.access_speed
        if joins.leg_cost is not None:
            access = np.where(np.isnan(joins.leg_cost), access, joins.leg_cost)
        there = joins.along(self.there)
        back = there if self.back is self.there else joins.along(self.back)
        there_rest, back_rest = self.edge_there[edge] - there, self.edge_back[edge] - back
        # A point on the edge's end stands on the node: it leaves and arrives there whatever the edge's direction.
        at_a, at_b = there <= 0.0, there_rest <= 0.0
        forward, backward = self.forward[edge], self.backward[edge]
        if is_cell:
            by_a, by_b = np.where(backward | at_a, back, np.inf), np.where(forward | at_b, there_rest, np.inf)
        else:
            by_a, by_b = np.where(forward | at_a, there, np.inf), np.where(backward | at_b, back_rest, np.inf)
        return Legs(joins.start, joins.point, edge, access, there, back, by_a, by_b)

    def nearest(self, cells: Joins, entrances: Entrances) -> tuple[FloatArray, IntArray]:
        """Return each cell's cost to its nearest facility, without horizon, and which facility that is.

        Returns
        -------
        cost : FloatArray
            Seconds or metres; inf where no facility can be reached.
        facility : IntArray
            -1 where unreachable.
        """
        doors = self.door_legs(entrances.joins)
        homes = self._cell_legs(cells)
        seed_node = np.concatenate([self.network.a[doors.edge], self.network.b[doors.edge]])
        seed_cost = np.concatenate([doors.access + doors.by_a, doors.access + doors.by_b])
        node_cost, node_label = search_from(self.graph, seed_node, seed_cost, np.tile(doors.point, 2))
        door_start, door_order = _group(doors.edge, self.network.n_edges)
        cost = np.full(len(cells), np.inf)
        label = np.full(len(cells), -1, dtype=np.int64)
        if self.network.n_edges:

            def fill(first: int, last: int) -> None:
                cost_to_points(
                    node_cost, node_label, self.network.a, self.network.b, self.forward, self.backward,
                    homes.start[first : last + 1], homes.edge, homes.access, homes.there, homes.back, homes.by_a, homes.by_b,
                    door_start, door_order, doors.point, doors.access, doors.there, doors.back,
                    cost[first:last], label[first:last],
                )  # fmt: skip

            map_slices(fill, len(cells), smallest=MANY_CELLS)
        self._walk_straight(cells, entrances, cost, label)
        return cost, np.append(entrances.facility, -1)[label]  # -1 takes the last

    def _walk_straight(self, cells: Joins, entrances: Entrances, cost: FloatArray, label: IntArray) -> None:
        """Let the nearest entrance within ``direct_m`` be walked to straight, where that is quicker."""
        doors = entrances.joins
        if not len(doors) or not len(cells) or self.network.mode.direct_m <= 0:
            return
        door, distance_m = find_nearest_doors(
            index_doors(doors.x, doors.y, self.network.mode.direct_m), cells.x, cells.y, self.network.obstacles
        )
        straight = distance_m / self.access_speed
        is_quicker = straight < cost
        cost[is_quicker] = straight[is_quicker]
        label[is_quicker] = door[is_quicker]

    def reach(self, cells: Joins, entrances: Entrances, horizon: float) -> csr_array:
        """Return the sparse reach, facilities x cells: cost where it is at most ``horizon``, nothing elsewhere.

        A stored 0 is a cell at the door; memory is that of the result.
        """
        network, n_facilities = self.network, len(entrances.start) - 1
        doors = self.door_legs(entrances.joins)
        by_edge = self._cells_by_edge(cells)
        near_start, near_cell, near_cost = self._near_cells(cells, entrances, horizon)

        def search(first: int, last: int) -> tuple[IntArray, Int32Array, FloatArray]:
            return reach_points(
                first, last, doors.start[entrances.start], doors.edge, doors.access, doors.there, doors.back, doors.by_a, doors.by_b,
                self.graph.start, self.graph.head, self.graph.cost, self.graph.width,
                network.a, network.b, self.forward, self.backward, *by_edge,
                near_start, near_cell, near_cost, len(cells), horizon, *make_queue(self.graph),
            )  # fmt: skip

        slices = map_slices(search, n_facilities, smallest=16)
        count, cell, cost = (np.concatenate(parts) for parts in zip(*slices, strict=True))
        return csr_array((cost, cell, np.concatenate([[0], np.cumsum(count)])), shape=(n_facilities, len(cells)))

    def _near_cells(self, cells: Joins, entrances: Entrances, horizon: float) -> tuple[IntArray, IntArray, FloatArray]:
        """Return the cells a straight walk away from each facility, as compressed rows with their costs."""
        doors = entrances.joins
        start = np.zeros(len(entrances.start), dtype=np.int64)
        limit_m = min(self.network.mode.direct_m, horizon * self.access_speed)
        if limit_m <= 0 or not len(doors) or not len(cells):
            return start, np.zeros(0, dtype=np.int64), np.zeros(0)
        door, cell, metres = find_near_pairs(
            index_doors(doors.x, doors.y, limit_m), cells.x, cells.y, self.network.obstacles
        )
        # Doors are grouped by facility, and pairs ordered by door.
        np.cumsum(np.bincount(entrances.facility[door], minlength=len(start) - 1), out=start[1:])
        return start, cell, metres / self.access_speed


def _group(edge: IntArray, n_edges: int) -> tuple[IntArray, IntArray]:
    """Return ``start, order``: the legs on each edge."""
    order = np.argsort(edge, kind="stable").astype(np.int64)
    start = np.zeros(n_edges + 1, dtype=np.int64)
    np.cumsum(np.bincount(edge[order], minlength=n_edges), out=start[1:])
    return start, order
