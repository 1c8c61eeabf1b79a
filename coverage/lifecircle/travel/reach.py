"""Where everything meets: the time or distance between cells and facilities, over one mode's network.

A journey is an access leg to the nearest point of the nearest edge, the shortest path in the direction people go, and an access
leg again; or a straight walk of at most ``direct_m`` where that is quicker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from lifecircle.config.schema import Direction
from lifecircle.model import FloatArray, IntArray
from lifecircle.travel.contraction import index_incident
from lifecircle.travel.hierarchy import Int32Array
from lifecircle.travel.join import find_nearest_segments
from lifecircle.travel.kernels import cost_to_points, reach_points
from lifecircle.travel.modes import KPH_TO_MPS
from lifecircle.travel.network import Network, Weight
from lifecircle.travel.shortest_paths import Graph, make_queue, make_travel_graph, search_from
from lifecircle.travel.straight import find_near_pairs, find_nearest_doors, index_doors
from lifecircle.travel.threads import map_slices

MANY_CELLS = 100_000
"""Fewer are filled in faster by one thread: a cell takes 10 ns."""


@dataclass(frozen=True, slots=True, eq=False)
class Joins:
    """Where points join a network; one entry a point."""

    x: FloatArray
    y: FloatArray
    edge: IntArray
    """-1 where no street is within the mode's ``max_access_m``."""
    along_m: FloatArray
    """From the edge's start."""
    along_s: FloatArray
    access_m: FloatArray
    """Straight leg to the street; inf where there is none."""

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True, eq=False)
class Entrances:
    """The points at which facilities are entered, grouped: facility *f* has ``start[f]`` .. ``start[f + 1] - 1``."""

    joins: Joins
    start: IntArray

    @property
    def facility(self) -> IntArray:
        """The facility of each entrance."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def join_points(network: Network, x: FloatArray, y: FloatArray) -> Joins:
    """Join points to the nearest point of the nearest edge, up to the mode's ``max_access_m``; ferries are not joined at sea."""
    segment, share, access_m = find_nearest_segments(network.streets, x, y, network.mode.max_access_m)
    is_joined = segment >= 0
    edge = np.full(len(x), -1, dtype=np.int64)
    edge[is_joined] = network.street_edge[segment[is_joined]]
    along = {}
    for weight in ("metres", "seconds"):
        cost = network.vertex_cost(weight)
        vertex = (
            network.street_vertex[np.where(is_joined, segment, 0)]
            if len(network.street_vertex)
            else np.zeros(len(x), int)
        )
        if len(cost):
            # The vertex itself at either end, so that a point on a node costs nothing to be there.
            inner = cost[vertex] + share * (cost[np.minimum(vertex + 1, len(cost) - 1)] - cost[vertex])
            along[weight] = np.where(share >= 1.0, cost[np.minimum(vertex + 1, len(cost) - 1)], inner)
        else:
            along[weight] = np.zeros(len(x))
    return Joins(np.asarray(x), np.asarray(y), edge, along["metres"], along["seconds"], access_m)


@dataclass(frozen=True, slots=True, eq=False)
class _Legs:
    """Costs of points on their edges, seen in the direction people go."""

    edge: IntArray
    access: FloatArray
    along: FloatArray
    """Cost from the edge's start."""
    by_a: FloatArray
    """Between the point and the edge's ``a``: leaving towards it for cells, coming from it for entrances. inf against one-way."""
    by_b: FloatArray


_ByEdge = tuple[IntArray, IntArray, IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray]


class Search:
    """One mode's network, asked in one weight and one direction.

    ``toward``: people go from cells to facilities; ``from``: help comes from facilities to cells. The second is the first with
    every street turned round, so only the setting-up differs.
    """

    def __init__(self, network: Network, weight: Weight, direction: Direction) -> None:
        self.network = network
        self.weight = weight
        self.edge_cost = network.edge_cost(weight)
        turned = direction == "from"
        self.forward = network.backward if turned else network.forward
        self.backward = network.forward if turned else network.backward
        self._turned = turned
        # Searched from the facilities: against the journey when people go toward them.
        self.graph: Graph = make_travel_graph(
            network.a, network.b, network.forward, network.backward, self.edge_cost, network.n_nodes, reverse=not turned
        )
        self.access_speed = 1.0 if weight == "metres" else network.mode.access_kph * KPH_TO_MPS
        self._homes: tuple[Joins, _Legs] | None = None
        self._by_edge: tuple[Joins, _ByEdge] | None = None

    def _cell_legs(self, cells: Joins) -> _Legs:
        """Return the legs of cells; they are kept, for the next kind of facility is asked from the same cells."""
        if self._homes is None or self._homes[0] is not cells:
            self._homes = cells, self._legs(cells, is_cell=True)
        return self._homes[1]

    def _cells_by_edge(self, cells: Joins) -> _ByEdge:
        """Return where each node's edges and each edge's cells begin, and the cells' legs in that order; kept as the legs are."""
        if self._by_edge is None or self._by_edge[0] is not cells:
            homes = self._cell_legs(cells)
            start, order = _group(homes.edge, self.network.n_edges)
            in_order = (start, order, homes.access[order], homes.along[order], homes.by_a[order], homes.by_b[order])
            self._by_edge = cells, (*index_incident(self.network.a, self.network.b, self.network.n_nodes), *in_order)
        return self._by_edge[1]

    def _legs(self, joins: Joins, *, is_cell: bool) -> _Legs:
        edge = joins.edge
        safe = np.maximum(edge, 0)
        along = joins.along_m if self.weight == "metres" else joins.along_s
        if not self.network.n_edges:
            nowhere = np.full(len(joins), np.inf)
            return _Legs(edge, nowhere, np.zeros(len(joins)), nowhere, nowhere)
        whole = self.edge_cost[safe]
        rest = whole - along
        # A point on the edge's end stands on the node: it leaves and arrives there whatever the edge's direction.
        at_a, at_b = along <= 0.0, rest <= 0.0
        forward, backward = self.forward[safe], self.backward[safe]
        # Seen from the facility's side of the journey: a cell leaves against `backward` to a, an entrance is reached by `forward` from a.
        to_a, to_b = (backward, forward) if is_cell else (forward, backward)
        return _Legs(
            edge,
            joins.access_m / self.access_speed,
            along,
            np.where(to_a | at_a, along, np.inf),
            np.where(to_b | at_b, rest, np.inf),
        )

    def nearest(self, cells: Joins, entrances: Entrances) -> tuple[FloatArray, IntArray]:
        """Return each cell's cost to its nearest facility, without horizon, and which facility that is.

        Returns
        -------
        cost : FloatArray
            Seconds or metres; inf where no facility can be reached.
        facility : IntArray
            -1 where unreachable.
        """
        doors = self._legs(entrances.joins, is_cell=False)
        homes = self._cell_legs(cells)
        usable = np.flatnonzero(doors.edge >= 0)
        edge = doors.edge[usable]
        seed_node = np.concatenate([self.network.a[edge], self.network.b[edge]])
        seed_cost = np.concatenate([(doors.access + doors.by_a)[usable], (doors.access + doors.by_b)[usable]])
        node_cost, node_label = search_from(self.graph, seed_node, seed_cost, np.concatenate([usable, usable]))
        door_start, door_order = _group(doors.edge, self.network.n_edges)
        cost = np.full(len(cells), np.inf)
        label = np.full(len(cells), -1, dtype=np.int64)
        if self.network.n_edges:

            def fill(first: int, last: int) -> None:
                cost_to_points(
                    node_cost, node_label, self.network.a, self.network.b, self.forward, self.backward,
                    homes.edge[first:last], homes.access[first:last], homes.along[first:last],
                    homes.by_a[first:last], homes.by_b[first:last],
                    door_start, door_order, doors.access, doors.along, cost[first:last], label[first:last],
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
            index_doors(doors.x, doors.y, self.network.mode.direct_m), cells.x, cells.y
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
        doors = self._legs(entrances.joins, is_cell=False)
        by_edge = self._cells_by_edge(cells)
        near_start, near_cell, near_cost = self._near_cells(cells, entrances, horizon)

        def search(first: int, last: int) -> tuple[IntArray, Int32Array, FloatArray]:
            return reach_points(
                first, last, entrances.start, doors.edge, doors.access, doors.along, doors.by_a, doors.by_b,
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
        door, cell, metres = find_near_pairs(index_doors(doors.x, doors.y, limit_m), cells.x, cells.y)
        # Doors are grouped by facility, and pairs ordered by door.
        np.cumsum(np.bincount(entrances.facility[door], minlength=len(start) - 1), out=start[1:])
        return start, cell, metres / self.access_speed


def _group(edge: IntArray, n_edges: int) -> tuple[IntArray, IntArray]:
    """Return ``start, order``: the points on each edge; points that joined none are left out."""
    order = np.argsort(edge, kind="stable")
    order = order[np.searchsorted(edge[order], 0) :]
    start = np.zeros(n_edges + 1, dtype=np.int64)
    np.cumsum(np.bincount(edge[order], minlength=n_edges), out=start[1:])
    return start, order
