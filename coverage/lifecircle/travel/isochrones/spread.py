"""How far journeys spread from doors: costs at nodes, at the cells of a raster, at points, and the streets reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.contraction import index_incident
from lifecircle.travel.isochrones.kernels import Int32Array, cost_surface, label_shares, signed_margin
from lifecircle.travel.isochrones.near import LegTiles, add_walks, near_surface, part_labels
from lifecircle.travel.isochrones.pieces import reached_pieces
from lifecircle.travel.isochrones.raster import Box, Level, Tiles
from lifecircle.travel.kernels import cost_to_points
from lifecircle.travel.reach import Entrances, Joins, Legs, Search
from lifecircle.travel.shortest_paths import make_queue, run_search


@dataclass(frozen=True, slots=True, eq=False)
class DrawnEntrances:
    """Entrances as a search sees them; one entry an entrance, costs in the search's weight.

    ``vertex``, ``share``, ``legs`` and ``leg_facility`` have one entry an access leg.
    """

    x: FloatArray
    y: FloatArray
    facility: IntArray
    start: IntArray
    """Facility *f* has the doors ``start[f]`` .. ``start[f + 1] - 1``."""
    vertex: IntArray
    share: FloatArray
    legs: Legs
    leg_facility: IntArray

    @property
    def is_joined(self) -> BoolArray:
        """Which doors have a leg."""
        return np.asarray(np.diff(self.legs.start) > 0)

    def legs_of(self, chosen: IntArray) -> IntArray:
        """Return the legs of some doors."""
        count = np.diff(self.legs.start)[chosen]
        first = np.cumsum(count) - count
        return np.asarray(np.repeat(self.legs.start[chosen] - first, count) + np.arange(int(count.sum())))

    def __len__(self) -> int:
        return len(self.x)


def find_doors(search: Search, entrances: Entrances) -> DrawnEntrances:
    """Return entrances with what it costs to come to them from either end of their edge."""
    joins, facility = entrances.joins, entrances.facility
    return DrawnEntrances(
        joins.x, joins.y, facility, entrances.start, joins.vertex, joins.share, search.door_legs(joins), facility[joins.point]
    )  # fmt: skip


class Spread:
    """One search at a time over a network; its scratch is as long as the network and is reset by what was touched.

    Not to be shared between threads.
    """

    def __init__(self, search: Search, doors: DrawnEntrances) -> None:
        self.search, self.doors = search, doors
        self.network = search.network
        n_nodes, n_edges = self.network.n_nodes, self.network.n_edges
        self.node_cost = np.full(n_nodes, np.inf)
        self.node_label = np.full(n_nodes, -1, dtype=np.int64)
        self._touched = np.empty(n_nodes, dtype=np.int64)
        self._queue = make_queue(search.graph)
        self._incident = index_incident(self.network.a, self.network.b, n_nodes)
        self._seen = np.full(n_edges, -1, dtype=np.int64)
        self._stamp = 0
        self._door_first = np.full(max(n_edges, 1), -1, dtype=np.int64)
        self._door_after = np.full(len(doors.legs.edge), -1, dtype=np.int64)
        self._n_touched = 0
        self.chosen: IntArray = np.zeros(0, dtype=np.int64)
        self._legs: IntArray = np.zeros(0, dtype=np.int64)

    def run(self, chosen: IntArray, limit: float) -> None:
        """Search from some doors; nodes keep the cost and the facility of the nearest, up to ``limit``."""
        self._reset()
        self.chosen, self._legs = chosen, self.doors.legs_of(chosen)
        doors, network, joined = self.doors, self.network, self._legs
        if not network.n_edges:
            return
        edge = doors.legs.edge[joined]
        for leg, on in zip(joined.tolist(), edge.tolist(), strict=True):
            self._door_after[leg] = self._door_first[on]
            self._door_first[on] = leg
        legs = doors.legs
        access = legs.access[joined]
        self._n_touched = run_search(
            self.search.graph.start, self.search.graph.head, self.search.graph.cost, self.search.graph.width,
            np.concatenate([network.a[edge], network.b[edge]]),
            np.concatenate([access + legs.by_a[joined], access + legs.by_b[joined]]),
            np.tile(doors.leg_facility[joined], 2), limit, self.node_cost, self.node_label, self._touched, *self._queue,
        )  # fmt: skip

    def _reset(self) -> None:
        touched = self._touched[: self._n_touched]
        self.node_cost[touched] = np.inf
        self.node_label[touched] = -1
        self._door_first[self.doors.legs.edge[self._legs]] = -1
        self._n_touched = 0

    def pieces(self, limit: float) -> FloatArray:
        """Return the reached parts of streets as rows of x1, y1, x2, y2; partial edges end to the metre where the limit does."""
        return self._pieces(limit)[0]

    def surroundings(self, limit: float) -> tuple[FloatArray, FloatArray]:
        """Return pieces, nodes and doors as rows of x1, y1, x2, y2, and how far from each anything may still be reached."""
        network, doors = self.network, self.doors
        pieces, left = self._pieces(limit)
        node = self._touched[: self._n_touched]
        node = node[self.node_cost[node] <= limit]
        rows, legs = [pieces], [left]
        rows.append(np.column_stack([network.node_x[node], network.node_y[node]] * 2))
        legs.append(limit - self.node_cost[node])
        legs_m = np.minimum(np.concatenate(legs) * self.search.access_speed, network.mode.max_access_m)
        if (direct_m := self.direct_m(limit)) > 0:
            rows.append(np.column_stack([doors.x[self.chosen], doors.y[self.chosen]] * 2))
            legs_m = np.concatenate([legs_m, np.full(len(self.chosen), direct_m)])
        return np.concatenate(rows), legs_m

    def _pieces(self, limit: float) -> tuple[FloatArray, FloatArray]:
        network, doors = self.network, self.doors
        if not network.n_edges:
            return np.zeros((0, 4)), np.zeros(0)
        self._stamp += 1
        pieces, left = reached_pieces(
            self._touched[: self._n_touched], *self._incident, self._seen, self._stamp,
            network.a, network.b, self.search.forward, self.search.backward, network.is_ferry,
            network.edge_start, network.vertex_x, network.vertex_y, self.search.there, self.search.back, self.node_cost,
            self._legs, doors.legs.edge, self._door_first, self._door_after, doors.vertex, doors.share,
            doors.legs.there, doors.legs.back, doors.legs.access, limit,
        )  # fmt: skip
        return pieces, left

    def direct_m(self, limit: float) -> float:
        """Return the longest straight walk that needs no street."""
        return min(self.network.mode.direct_m, limit * self.search.access_speed)

    def surface(self, level: Level, tiles: Tiles | LegTiles, box: Box) -> tuple[FloatArray, Int32Array]:
        """Return cost and facility at the cells of a box, by street; inf and -1 where there is none."""
        if isinstance(tiles, LegTiles):
            return self._near(level, tiles, box, np.zeros(0))[:2]
        network, search, doors = self.network, self.search, self.doors
        cost = np.full((box.rows, box.columns), np.inf)
        label = np.full((box.rows, box.columns), -1, dtype=np.int32)
        if network.n_edges:
            cost_surface(
                box.row, box.column, tiles.slot, tiles.segment, tiles.share, tiles.access_m, level.cell_m,
                network.pieces.edge, network.pieces.vertex, search.there, search.back, search.edge_there,
                network.a, network.b, search.forward, search.backward, self.node_cost, self.node_label,
                self._door_first, self._door_after, doors.legs.there, doors.legs.back, doors.legs.access,
                doors.leg_facility, search.access_speed, cost, label,
            )  # fmt: skip
        return cost, label

    def _near(
        self, level: Level, tiles: LegTiles, box: Box, limits: FloatArray
    ) -> tuple[FloatArray, Int32Array, FloatArray]:
        """Return cost and facility at the cells of a box and, by limit, the metres left at its inner ones: streets alone."""
        network, search, doors, pieces, mode = (
            self.network,
            self.search,
            self.doors,
            self.network.pieces,
            self.network.mode,
        )
        cost = np.full((box.rows, box.columns), np.inf)
        label = np.full((box.rows, box.columns), -1, dtype=np.int32)
        margin = np.full((len(limits), box.rows - 2, box.columns - 2), -2.0 * level.cell_m)
        if network.n_edges:
            near_surface(
                box.row, box.column, tiles.slot, tiles.first, tiles.count, tiles.piece, tiles.share, tiles.metres, level.cell_m,
                min(mode.direct_m, mode.max_access_m), mode.max_access_m, pieces.part,
                pieces.edge, pieces.vertex, pieces.low, pieces.high, search.there, search.back, search.edge_there,
                network.a, network.b, search.forward, search.backward, self.node_cost, self.node_label,
                self._door_first, self._door_after, doors.legs.there, doors.legs.back, doors.legs.access,
                doors.leg_facility, search.access_speed, limits, cost, label, margin,
            )  # fmt: skip
        return cost, label, margin

    def margins(self, level: Level, tiles: Tiles | LegTiles, box: Box, limits: Sequence[float]) -> list[FloatArray]:
        """Return for each limit the metres of walking left at the inner cells of a box, by street or straight; negative: too far."""
        if isinstance(tiles, Tiles):
            cost, _ = self.surface(level, tiles, box)
            return [self.margin(level, tiles, box, cost, limit) for limit in limits]
        found = list(self._near(level, tiles, box, np.asarray(limits, dtype=np.float64))[2])
        bars, doors = self.network.obstacles, self.doors
        for value, limit in zip(found, limits, strict=True):
            add_walks(
                box.row, box.column, level.left, level.bottom, level.cell_m, doors.x[self.chosen], doors.y[self.chosen],
                self.direct_m(limit), len(bars) > 0, bars.grid.ends, bars.is_line, bars.grid.left, bars.grid.bottom,
                bars.grid.size_m, bars.grid.columns, bars.grid.rows, bars.grid.start, bars.grid.segment, value,
            )  # fmt: skip
        return found

    def margin(self, level: Level, tiles: Tiles, box: Box, cost: FloatArray, limit: float) -> FloatArray:
        """Return the metres of walking left at the inner cells of a box where the nearest edge is joined alone."""
        out = np.empty((box.rows - 2, box.columns - 2))
        streets, doors = self.network.streets, self.doors
        signed_margin(
            box.row, box.column, tiles.slot, tiles.segment, tiles.access_m, level.left, level.bottom, level.cell_m,
            streets.x1, streets.y1, streets.x2, streets.y2, cost, limit, self.search.access_speed,
            self.network.mode.max_access_m, doors.x[self.chosen], doors.y[self.chosen], self.direct_m(limit), out,
        )  # fmt: skip
        return out

    def parting(
        self, level: Level, tiles: Tiles | LegTiles, box: Box, cost: FloatArray, label: Int32Array
    ) -> tuple[FloatArray, FloatArray]:
        """Return where labels part between each inner cell and the next, rightwards and upwards, as a share of the way."""
        streets = self.network.streets
        shares = np.empty((2, box.rows - 2, box.columns - 2))
        for share, step in zip(shares, ((0, 1), (1, 0)), strict=True):
            inner = share[: box.rows - 2 - step[0], : box.columns - 2 - step[1]]
            share[:] = 0.5
            if isinstance(tiles, LegTiles):
                part_labels(cost, label, *step, inner)
                continue
            label_shares(
                box.row, box.column, tiles.slot, tiles.segment, tiles.access_m, level.left, level.bottom, level.cell_m,
                streets.x1, streets.y1, streets.x2, streets.y2, cost, label, *step, inner,
            )  # fmt: skip
        return shares[0], shares[1]

    def cost_at(self, joins: Joins) -> FloatArray:
        """Return the cost at points, by the loop that decides the figures; inf beyond the limit of the search."""
        network, doors = self.network, self.doors
        cost = np.full(len(joins), np.inf)
        if network.n_edges and len(joins.edge):
            # Only the edges with a leg on them, so that a small area costs little on a large network.
            edges, edge = np.unique(joins.edge, return_inverse=True)
            homes = self.search.home_legs(joins)
            door_start, door_order = _on_edges(doors.legs.edge[self._legs], edges)
            label = np.full(len(joins), -1, dtype=np.int64)
            cost_to_points(
                self.node_cost, self.node_label, network.a[edges], network.b[edges],
                self.search.forward[edges], self.search.backward[edges],
                joins.start, edge.astype(np.int64), homes.access, homes.there, homes.back, homes.by_a, homes.by_b,
                door_start, self._legs[door_order], doors.leg_facility, doors.legs.access, doors.legs.there, doors.legs.back, cost, label,
            )  # fmt: skip
        return cost


def _on_edges(door_edge: IntArray, edges: IntArray) -> tuple[IntArray, IntArray]:
    """Return ``start, order``: for each of the (sorted) edges, the doors on it."""
    order = np.argsort(door_edge, kind="stable")
    sorted_edge = door_edge[order]
    first, last = np.searchsorted(sorted_edge, edges, "left"), np.searchsorted(sorted_edge, edges, "right")
    start = np.concatenate([[0], np.cumsum(last - first)])
    place = np.repeat(first - start[:-1], last - first) + np.arange(start[-1])
    return start.astype(np.int64), order[place].astype(np.int64)
