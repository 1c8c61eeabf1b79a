"""An independent, slow and plain reading of DESIGN section 5, "Travel over a network".

It exists to disagree with ``lifecircle.travel``: nothing is imported from the package, nothing is contracted,
bucketed or compiled. Every pair of consecutive way nodes is an edge; every place (cell, facility, end of a
ferry) cuts the edge it joins, so that it becomes a node of its own; one Dijkstra of scipy gives the answer.

Where DESIGN is silent the rules below hold, on both sides:

- a way is read as OpenStreetMap's tags say (``tests.oracle.tags``), or as OSMnx 2.1 reads it: its filter strings, its meaning of
  ``oneway`` and of roundabouts;
- a barrier that stops a mode cuts the way it stands on, but where more than two pieces of way meet;
- a node that an extract cut away breaks its way there: no street is drawn across the hole, and a ferry with
  such a node is not used, for its duration cannot be shared out;
- the length of a fragment counts every street and usable ferry of the mode once, whatever its direction;
- seconds follow the slope as ``tests.oracle.slope`` says, from the nodes and tags of every usable street;
- ferries that meet where no street is are one sailing, with a deck of its own over every node: one goes aboard where others are
  too and waits half its headway, stays aboard for nothing, and goes ashore for nothing;
- a street ends at junctions (where not exactly two pieces of street meet; ferries are none) and where its direction changes;
- a connected part is what one can get about in, there and back, by street; a one-way street between parts is one of its own;
- of a street, or part, all places are joined that are as near as the nearest, and ``direct_m`` is kept, to a micrometre;
- with ``join="nearest"`` places equally near to two edges may join either: `ReferenceNetwork.joins_within` lists them all.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import osmium
import pyproj
import scipy.sparse
import shapely
from osmnx import _overpass
from scipy.sparse.csgraph import connected_components, dijkstra
from tests.oracle import tags as tags_read
from tests.oracle.slope import (
    Bools,
    Floats,
    Ints,
    ReferenceHeights,
    Segment,
    climb,
    cycling_factor,
    is_bridge,
    walking_factor,
)

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas
    import numpy.typing as npt

Direction = Literal["toward", "from"]
Measure = Literal["s", "m"]

VERTEX_M = 0.001
"""A nearest point this close to an end of its edge is that end."""
HAIR_M = 1e-6
"""What rounding may decide."""

ONEWAY = {"yes", "true", "1", "-1", "reverse", "T", "F"}
REVERSED = {"-1", "reverse", "T"}
CARRIES_CARS = {"yes", "designated", "permissive"}

_CLAUSE = re.compile(r'\["(?P<tag>[^"]+)"(?:!~"(?P<pattern>[^"]+)")?\]')
_ISO_DURATION = re.compile(r"P(?:(?P<days>[\d.]+)D)?(?:T(?:(?P<h>[\d.]+)H)?(?:(?P<m>[\d.]+)M)?(?:(?P<s>[\d.]+)S)?)?")


class Way(NamedTuple):
    """A line of the map: the ids of its nodes in order, and its tags."""

    nodes: Sequence[int]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ReferenceMode:
    """How people go: the network they may use, how fast, and how they come to it.

    Parameters
    ----------
    network
        Who goes, as OSMnx names its networks.
    speed_kph
        One speed, or speeds by ``highway`` class with a ``default``; ``*_link`` goes as its class.
    access_kph, max_access_m
        Speed on the straight leg between a place and the street, and its greatest length.
    direct_m
        A straight walk up to this long needs no street.
    min_fragment_m
        Parts of the network shorter than this in all are left out.
    join
        Every street within ``direct_m``, else the nearest of each connected part; or the nearest edge alone.
    slope
        Whether walking and cycling follow the heights, where there are any.
    steps_kph
        Speed on ``highway=steps`` on foot where they do, unless speeds by class have one for them.
    ways
        Which ways they may use: as the tags say, or by OSMnx's filter.
    """

    network: Literal["walk", "bike", "drive", "ambulance"]
    speed_kph: float | Mapping[str, float]
    access_kph: float = 4.5
    max_access_m: float = 500.0
    direct_m: float = 100.0
    min_fragment_m: float = 500.0
    join: Literal["near", "nearest"] = "near"
    slope: bool = True
    steps_kph: float = 2.0
    ways: Literal["tags", "osmnx"] = "osmnx"

    def speed_on(self, highway: str) -> float:
        """Speed on a class of way, km/h."""
        if isinstance(self.speed_kph, Mapping):
            return float(self.speed_kph.get(highway.removesuffix("_link"), self.speed_kph["default"]))
        return float(self.speed_kph)

    def directions(self, tags: Mapping[str, str]) -> tuple[bool, bool]:
        """Whether one may go along a way as drawn, and against it."""
        if self.ways == "tags":
            return tags_read.directions(tags, self.network)
        if tags.get("route") != "ferry" and self.network == "walk":
            return True, True
        return _directions(tags, heeds_roundabouts=tags.get("route") != "ferry")

    def follows(self, heights: ReferenceHeights | None) -> bool:
        """Whether seconds of this mode depend on heights."""
        return heights is not None and self.slope and self.network in ("walk", "bike")

    def speed_on_steps(self) -> float:
        """Speed on steps where slope counts, km/h."""
        own = self.speed_kph.get("steps") if isinstance(self.speed_kph, Mapping) else None
        return self.steps_kph if own is None else float(own)

    def may_use_street(self, tags: Mapping[str, str]) -> bool:
        """Whether the tags let a mode use a street, or OSMnx's filter of its name (a regex search; a missing tag passes)."""
        if self.ways == "tags":
            return not tags_read.is_ferry(tags) and any(tags_read.directions(tags, self.network))
        for clause in _CLAUSE.finditer(_overpass._get_network_filter(self.network)):
            value, pattern = tags.get(clause["tag"]), clause["pattern"]
            if pattern is None and value is None:
                return False
            if pattern is not None and value is not None and re.search(pattern, value):
                return False
        return True

    def may_use_ferry(self, tags: Mapping[str, str]) -> bool:
        """Whether a ferry has a duration and carries this mode."""
        if self.ways == "tags":
            is_timed = duration_s(tags.get("duration")) is not None
            return is_timed and tags_read.is_ferry(tags) and any(tags_read.directions(tags, self.network))
        if tags.get("route") != "ferry" or duration_s(tags.get("duration")) is None:
            return False
        if self.network == "drive":
            return any(tags.get(key) in CARRIES_CARS for key in ("motor_vehicle", "motorcar", "vehicle"))
        return tags.get("foot" if self.network == "walk" else "bicycle") != "no"


@dataclass(frozen=True)
class ReferenceFerry:
    """A ``[[ferries]]`` entry of a district: its ends in the district's CRS, and its timetable."""

    from_xy: tuple[float, float]
    to_xy: tuple[float, float]
    minutes: float
    headway_minutes: float = 0.0

    @property
    def seconds(self) -> float:
        """Sailing time and half the headway, s."""
        return self.minutes * 60 + self.headway_minutes * 60 / 2


@dataclass(frozen=True)
class Edges:
    """Edges of a network, one row each; ``a`` and ``b`` are the rows of their ends.

    ``ahead`` and ``back`` say whether one may go from a to b, and from b to a; ``seconds`` and ``back_seconds`` how
    long it takes.
    """

    a: Ints
    b: Ints
    length_m: Floats
    seconds: Floats
    back_seconds: Floats
    ahead: Bools
    back: Bools
    is_ferry: Bools

    def only(self, keep: Bools | Ints) -> Edges:
        """Return the edges a mask keeps, or those of some rows."""
        return Edges(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Joins:
    """Where places join the network: the edge, metres along it from a, the end it falls on; -1 is none."""

    edge: Ints
    along_m: Floats
    vertex: Ints
    access_m: Floats

    def rows(self, rows: Ints) -> Joins:
        """Return the joins of some of the places."""
        return Joins(self.edge[rows], self.along_m[rows], self.vertex[rows], self.access_m[rows])


@dataclass(frozen=True)
class Legs:
    """The access legs of places, one row a leg: whose it is, and where it meets the network."""

    place: Ints
    edge: Ints
    along_m: Floats
    vertex: Ints
    access_m: Floats

    @classmethod
    def of(cls, joins: Joins, place: Ints) -> Legs:
        """Take what was joined as legs of some places."""
        on = joins.edge >= 0
        return cls(place[on], joins.edge[on], joins.along_m[on], joins.vertex[on], joins.access_m[on])


@dataclass(frozen=True)
class ReferenceNetwork:
    """What a mode may use: streets and ferries without small fragments, in the district's CRS."""

    xy: Floats
    edges: Edges
    mode: ReferenceMode
    ferries: tuple[ReferenceFerry, ...] = ()
    fragments_left_out: int = 0
    _street: Ints = field(repr=False, default_factory=lambda: np.empty(0, np.int64))
    _tree: shapely.STRtree = field(repr=False, default_factory=lambda: shapely.STRtree([]))
    _of: tuple[Ints, Ints] = field(repr=False, default_factory=lambda: (np.empty(0, np.int64), np.empty(0, np.int64)))
    """The street and the connected part of each row of ``_street``."""

    @classmethod
    def from_osm(
        cls,
        path: str | Path,
        crs: Any,
        mode: ReferenceMode,
        *,
        osm_ferries: bool = True,
        ferries: Iterable[ReferenceFerry] = (),
        heights: ReferenceHeights | None = None,
    ) -> ReferenceNetwork:
        """Read an OpenStreetMap file of any kind osmium opens."""
        lonlat, ways = read_osm(path)
        xy_of, barriers = project_nodes(lonlat, crs), read_barriers(path)
        return cls.from_ways(
            xy_of, ways, mode, osm_ferries=osm_ferries, ferries=ferries, heights=heights, barriers=barriers
        )

    @classmethod
    def from_lines(
        cls,
        lines: geopandas.GeoDataFrame,
        crs: Any,
        mode: ReferenceMode,
        *,
        ferries: Iterable[ReferenceFerry] = (),
        heights: ReferenceHeights | None = None,
    ) -> ReferenceNetwork:
        """Take a layer of lines; columns are tags, and lines meet where they share a vertex."""
        lines = lines.to_crs(crs).explode(ignore_index=True)
        tags = lines.drop(columns="geometry").to_dict("records")
        numbers: dict[tuple[float, float], int] = {}
        ways = [
            Way(
                [numbers.setdefault((x, y), len(numbers)) for x, y in shapely.get_coordinates(line)],
                {key: str(value) for key, value in row.items() if value is not None and value == value},
            )
            for line, row in zip(lines.geometry, tags, strict=True)
        ]
        xy_of = {n: np.array(at) for at, n in numbers.items()}
        return cls.from_ways(xy_of, ways, mode, ferries=ferries, heights=heights)

    @classmethod
    def from_ways(
        cls,
        xy_of: Mapping[int, npt.ArrayLike],
        ways: Iterable[Way],
        mode: ReferenceMode,
        *,
        osm_ferries: bool = True,
        ferries: Iterable[ReferenceFerry] = (),
        heights: ReferenceHeights | None = None,
        barriers: Mapping[int, Mapping[str, str]] | None = None,
    ) -> ReferenceNetwork:
        """Turn ways into edges, cut at the barriers that stop the mode, and leave small fragments out."""
        ways = [way for way in ways if osm_ferries or not tags_read.is_ferry(way.tags)]
        land = [way for way in ways if not tags_read.is_ferry(way.tags)]
        streets = [way for way in land if mode.may_use_street(way.tags)]
        sailings = [way for way in ways if osm_ferries and mode.may_use_ferry(way.tags)]
        sailings = [way for way in sailings if all(node in xy_of for node in way.nodes)]
        rows = {node: row for row, node in enumerate(xy_of)}
        xy = np.array([np.asarray(at, float) for at in xy_of.values()]).reshape(-1, 2)
        walls = _walls(ways, mode, barriers or {})
        parts = _street_edges(streets, rows, xy, mode, heights)
        xy, decks = _ferry_edges(sailings, land, streets, rows, xy, mode)
        parts = [*parts, *decks]
        columns = list(zip(*parts, strict=True)) if parts else [[]] * 8
        kinds = (np.int64, np.int64, np.float64, np.float64, np.float64, np.bool_, np.bool_, np.bool_)
        edges = Edges(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))
        edges, xy = _cut_at(edges, xy, [rows[node] for node in walls])
        keep, left_out = _long_enough(edges, len(xy), mode.min_fragment_m)
        edges = edges.only(keep)
        # A segment of no length has no inside: whoever comes near it joins a neighbour at the same vertex.
        street = np.flatnonzero(~edges.is_ferry & (edges.length_m > 0))
        segments = shapely.linestrings(np.stack([xy[edges.a[street]], xy[edges.b[street]]], axis=1))
        whole = _whole_streets(edges.only(street))
        of = whole, _strong_parts(edges.only(street), len(xy), whole)
        return cls(xy, edges, mode, tuple(ferries), left_out, street, shapely.STRtree(segments), of)

    def legs(self, places_xy: npt.ArrayLike) -> Legs:
        """Find the access legs of places, as the mode joins them."""
        places_xy = np.asarray(places_xy, float).reshape(-1, 2)
        every = np.arange(len(places_xy))
        if self.mode.join == "nearest" or len(self._street) == 0:
            return Legs.of(self.join(places_xy), every)
        near_m, most_m = min(self.mode.direct_m, self.mode.max_access_m) + HAIR_M, self.mode.max_access_m + HAIR_M
        place, row, metres = self._within(places_xy, every, near_m)
        is_least = metres <= _least(place, self._of[0][row], metres) + HAIR_M
        place, row = place[is_least], row[is_least]
        far = np.setdiff1d(every, place)
        far_place, far_row, metres = self._within(places_xy, far, most_m)
        is_least = metres <= _least(far_place, self._of[1][far_row], metres) + HAIR_M
        place, row = np.append(place, far_place[is_least]), np.append(row, far_row[is_least])
        return Legs.of(self._join_to(places_xy[place], self._street[row], math.inf), place)

    def _within(self, places_xy: Floats, which: Ints, limit_m: float) -> tuple[Ints, Ints, Floats]:
        """Find the pieces of street within a distance of some of the places: place, row of ``_street``, metres."""
        points = shapely.points(places_xy[which])
        at, row = self._tree.query(points, predicate="dwithin", distance=limit_m)
        return which[at], row, shapely.distance(points[at], self._tree.geometries[row])

    def is_unsure(self, place_xy: npt.ArrayLike, width_m: float = 1e-5) -> bool:
        """Whether a hair decides which legs a place has: streets about as far as one is joined, or about as far as each other."""
        xy = np.asarray(place_xy, float).reshape(1, 2)
        _, row, metres = self._within(xy, np.zeros(1, np.int64), self.mode.max_access_m + 1.0)
        edges_m = np.array([self.mode.direct_m, self.mode.max_access_m])
        if (np.abs(metres[:, None] - edges_m) < width_m).any():
            return True
        beyond = [metres - _least(np.zeros(len(row), np.int64), of[row], metres) for of in self._of]
        return bool(any(((gap > HAIR_M / 2) & (gap < 2 * HAIR_M)).any() for gap in beyond))

    def join(self, places_xy: npt.ArrayLike, *, max_access_m: float | None = None) -> Joins:
        """Join places to the nearest point of the nearest street edge."""
        limit = self.mode.max_access_m if max_access_m is None else max_access_m
        places_xy = np.asarray(places_xy, float).reshape(-1, 2)
        edge = np.full(len(places_xy), -1)
        place, found = self._tree.query_nearest(shapely.points(places_xy), all_matches=False)
        edge[place] = self._street[found]
        return self._join_to(places_xy, edge, limit)

    def joins_within(self, place_xy: npt.ArrayLike, tolerance_m: float) -> Joins:
        """Return every way one place may join: edges no farther than the nearest and a tolerance."""
        point = shapely.Point(np.asarray(place_xy, float))
        nearest = self._tree.query_nearest(point, all_matches=False, return_distance=True)[1]
        if len(nearest) == 0:
            return self._join_to(np.empty((0, 2)), np.empty(0, np.int64), math.inf)
        near = self._street[self._tree.query(point, predicate="dwithin", distance=nearest[0] + tolerance_m)]
        return self._join_to(np.repeat(np.array([[point.x, point.y]]), len(near), axis=0), near, self.mode.max_access_m)

    def nearest(
        self,
        cells_xy: npt.ArrayLike,
        facilities_xy: npt.ArrayLike,
        direction: Direction,
        measure: Measure = "s",
        *,
        cell_joins: Joins | None = None,
        facility_joins: Joins | None = None,
    ) -> tuple[Floats, Ints]:
        """Find what the nearest facility costs each cell, and which it is.

        Parameters
        ----------
        cells_xy, facilities_xy
            Places in the district's CRS.
        direction
            ``toward``: the cell goes to the facility; ``from``: the facility comes to the cell.
        measure
            ``s``: seconds, with ferries; ``m``: metres, without.
        cell_joins, facility_joins
            Where they join, if not at the nearest edge (used to try each of several equally near edges).

        Returns
        -------
        cost, facility
            Seconds or metres, ``inf`` where unreachable; rows of the facilities, -1 where unreachable.
        """
        cells, facilities, graph = self._graph(cells_xy, facilities_xy, direction, measure, cell_joins, facility_joins)
        if len(facilities) == 0 or len(cells) == 0:
            return np.full(len(cells), np.inf), np.full(len(cells), -1)
        costs, _, sources = dijkstra(graph, indices=facilities, min_only=True, return_predecessors=True)
        cost = costs[cells]
        facility = np.where(np.isfinite(cost), sources[cells] - facilities[0], -1).astype(np.int64)
        cell, other, direct = self._direct(cells_xy, facilities_xy, measure)
        for c, f, straight in zip(cell, other, direct, strict=True):
            if straight < cost[c]:
                cost[c], facility[c] = straight, f
        return cost, facility

    def matrix(
        self,
        cells_xy: npt.ArrayLike,
        facilities_xy: npt.ArrayLike,
        direction: Direction,
        measure: Measure = "s",
    ) -> Floats:
        """Compute the cost of every pair, facilities x cells; ``inf`` where unreachable."""
        cells, facilities, graph = self._graph(cells_xy, facilities_xy, direction, measure, None, None)
        costs = np.array([dijkstra(graph, indices=facility)[cells] for facility in facilities])
        costs = costs.reshape(len(facilities), len(cells))
        cell, facility, direct = self._direct(cells_xy, facilities_xy, measure)
        np.minimum.at(costs, (facility, cell), direct)
        return costs

    def _join_to(self, places_xy: Floats, edge: Ints, max_access_m: float) -> Joins:
        """Join places to given edges at their nearest points, if the access leg is not too long."""
        if len(self.edges.a) == 0:
            nowhere = np.full(len(places_xy), -1)
            return Joins(nowhere, np.zeros(len(places_xy)), nowhere, np.full(len(places_xy), np.inf))
        a, b = self.edges.a[edge], self.edges.b[edge]
        along, length = self.xy[b] - self.xy[a], self.edges.length_m[edge]
        share = np.einsum("ij,ij->i", places_xy - self.xy[a], along) / np.maximum(length, 1e-12) ** 2
        share = np.clip(share, 0.0, 1.0)
        access_m = np.linalg.norm(self.xy[a] + share[:, None] * along - places_xy, axis=1)
        access_m[edge < 0] = np.inf
        at_a, at_b = share * length <= VERTEX_M, (1 - share) * length <= VERTEX_M
        vertex = np.where(at_a, a, np.where(at_b, b, -1))
        joined = access_m <= max_access_m
        return Joins(np.where(joined, edge, -1), share * length, np.where(joined, vertex, -1), access_m)

    def _graph(
        self,
        cells_xy: npt.ArrayLike,
        facilities_xy: npt.ArrayLike,
        direction: Direction,
        measure: Measure,
        cell_joins: Joins | None,
        facility_joins: Joins | None,
    ) -> tuple[Ints, Ints, scipy.sparse.csr_array]:
        """Build the graph in which every place is a node, to be searched from the facilities.

        Returns
        -------
        cells, facilities, graph
            Their nodes, and the arcs in the direction of travel, turned round for ``toward``.
        """
        cells_xy = np.asarray(cells_xy, float).reshape(-1, 2)
        facilities_xy = np.asarray(facilities_xy, float).reshape(-1, 2)
        ferries = self.ferries if measure == "s" else ()
        piers_xy = np.array([end for ferry in ferries for end in (ferry.from_xy, ferry.to_xy)]).reshape(-1, 2)
        cells, doors, piers = (np.arange(len(xy)) for xy in (cells_xy, facilities_xy, piers_xy))
        legs = [
            Legs.of(cell_joins, cells) if cell_joins else self.legs(cells_xy),
            Legs.of(facility_joins, doors) if facility_joins else self.legs(facilities_xy),
            self.legs(piers_xy),
        ]
        edge, along_m, vertex, access_m = (
            np.concatenate([getattr(each, name) for each in legs]) for name in ("edge", "along_m", "vertex", "access_m")
        )
        first_foot, n_legs = len(self.xy), len(edge)
        # The foot of a leg is where it meets the street: a new node on the edge, or the vertex.
        foot = np.where(vertex >= 0, vertex, first_foot + np.arange(n_legs))
        # A pier is two nodes, one to board and one to land at, so that nobody walks from street to street over it.
        cells, doors = first_foot + n_legs + cells, first_foot + n_legs + len(cells) + doors
        board = first_foot + n_legs + len(cells) + len(doors) + piers
        land = board + len(piers)
        arcs = _Arcs()
        self._add_edges(arcs, np.where(vertex >= 0, -1, edge), along_m, foot, measure)
        leg = access_m / (self.mode.access_kph / 3.6) if measure == "s" else access_m
        bounds = np.cumsum([len(each.place) for each in legs])[:-1]
        cell_foot, door_foot, pier_foot = np.split(foot, bounds)
        cell_leg, door_leg, pier_leg = np.split(leg, bounds)
        cell, door = cells[legs[0].place], doors[legs[1].place]
        # Nobody goes through a cell or a facility on the way: their legs run one way only.
        if direction == "toward":
            arcs.add(cell, cell_foot, cell_leg)
            arcs.add(door_foot, door, door_leg)
        else:
            arcs.add(cell_foot, cell, cell_leg)
            arcs.add(door, door_foot, door_leg)
        arcs.add(pier_foot, board[legs[2].place], pier_leg)
        arcs.add(land[legs[2].place], pier_foot, pier_leg)
        sailing_s = np.array([ferry.seconds for ferry in ferries])
        arcs.add(board[0::2], land[1::2], sailing_s)
        arcs.add(board[1::2], land[0::2], sailing_s)
        graph = arcs.matrix(first_foot + n_legs + len(cells) + len(doors) + 2 * len(piers))
        return cells, doors, graph.T.tocsr() if direction == "toward" else graph

    def _add_edges(self, arcs: _Arcs, edge: Ints, along_m: Floats, foot: Ints, measure: Measure) -> None:
        """Add every edge, cut at the feet that lie inside it."""
        edges = self.edges if measure == "s" else self.edges.only(~self.edges.is_ferry)
        if measure == "m":
            # Rows change when ferries are taken out; feet lie on streets only, so each finds its own again.
            renumbered = np.append(np.cumsum(~self.edges.is_ferry) - 1, -1)
            edge = np.where(edge >= 0, renumbered[edge], -1)
        there = edges.seconds if measure == "s" else edges.length_m
        back = edges.back_seconds if measure == "s" else edges.length_m
        whole = np.ones(len(edges.a), bool)
        whole[edge[edge >= 0]] = False
        arcs.add_both(edges.only(whole), edges.a[whole], edges.b[whole], there[whole], back[whole])
        inside = np.flatnonzero(edge >= 0)
        if len(inside) == 0:
            return
        inside = inside[np.lexsort((along_m[inside], edge[inside]))]
        cut = np.unique(edge[inside])
        # a, the feet in order, b: consecutive nodes of a cut edge are the ends of its pieces.
        on = np.concatenate([cut, edge[inside], cut])
        at = np.concatenate([np.zeros(len(cut)), along_m[inside], edges.length_m[cut]])
        rank = np.concatenate([np.zeros(len(cut)), np.ones(len(inside)), np.full(len(cut), 2)])
        node = np.concatenate([edges.a[cut], foot[inside], edges.b[cut]])
        order = np.lexsort((at, rank, on))
        on, at, node = on[order], at[order], node[order]
        same = on[1:] == on[:-1]
        of = on[1:][same]
        share = np.diff(at)[same] / edges.length_m[of]
        arcs.add_both(edges.only(of), node[:-1][same], node[1:][same], share * there[of], share * back[of])

    def _direct(
        self, cells_xy: npt.ArrayLike, facilities_xy: npt.ArrayLike, measure: Measure
    ) -> tuple[Ints, Ints, Floats]:
        """Find the straight walks that need no street: rows of cells and facilities, and their cost."""
        cells_xy = np.asarray(cells_xy, float).reshape(-1, 2)
        facilities_xy = np.asarray(facilities_xy, float).reshape(-1, 2)
        pairs = [
            (cell, facility)
            for facility, at in enumerate(facilities_xy)
            for cell in np.flatnonzero(np.hypot(*(cells_xy - at).T) <= self.mode.direct_m)
        ]
        cell, facility = np.array(pairs, np.int64).reshape(-1, 2).T
        metres = np.hypot(*(cells_xy[cell] - facilities_xy[facility]).T)
        return cell, facility, metres / (self.mode.access_kph / 3.6) if measure == "s" else metres


class _Arcs:
    """A growing list of one-way arcs."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints, Floats]] = []

    def add(self, tail: Ints, head: Ints, cost: Floats) -> None:
        self._parts.append((tail, head, cost))

    def add_both(self, edges: Edges, a: Ints, b: Ints, there: Floats, back: Floats) -> None:
        """Add the edges, or pieces of them from a to b, as their directions allow."""
        self.add(a[edges.ahead], b[edges.ahead], there[edges.ahead])
        self.add(b[edges.back], a[edges.back], back[edges.back])

    def matrix(self, n: int) -> scipy.sparse.csr_array:
        """Return the arcs as a sparse matrix, of several between two nodes the cheapest (scipy adds them up).

        Arcs of no cost stay: scipy's Dijkstra takes a stored zero as an arc.
        """
        tail, head, cost = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        order = np.lexsort((cost, head, tail))
        tail, head, cost = tail[order], head[order], cost[order]
        first = np.ones(len(tail), bool)
        first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        return scipy.sparse.csr_array((cost[first], (tail[first], head[first])), shape=(n, n))


def read_osm(path: str | Path) -> tuple[dict[int, tuple[float, float]], list[Way]]:
    """Read the nodes (lon, lat) and ways of streets and ferries, without nodes the file lacks."""
    lonlat: dict[int, tuple[float, float]] = {}
    ways = []
    for way in osmium.FileProcessor(str(path)).with_locations():
        if not way.is_way() or not ("highway" in way.tags or "ferry" in way.tags.get("route", "").split(";")):
            continue
        ways.append(Way([node.ref for node in way.nodes], {tag.k: tag.v for tag in way.tags}))
        for node in way.nodes:
            if node.location.valid():
                lonlat[node.ref] = (node.location.lon, node.location.lat)
    return lonlat, ways


def read_barriers(path: str | Path) -> dict[int, dict[str, str]]:
    """Read the tags of the nodes that have a barrier."""
    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(osmium.filter.KeyFilter("barrier"))
    return {node.id: {tag.k: tag.v for tag in node.tags} for node in nodes}


def project_nodes(lonlat: Mapping[int, tuple[float, float]], crs: Any) -> dict[int, Floats]:
    """Bring nodes to a district's CRS."""
    project = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    degrees = np.array(list(lonlat.values())).reshape(-1, 2)
    xy = np.column_stack(project.transform(degrees[:, 0], degrees[:, 1]))
    return dict(zip(lonlat, xy, strict=True))


def duration_s(text: str | None) -> float | None:
    """Read an OSM duration (``HH:MM``, ``HH:MM:SS``, minutes, ISO 8601) as seconds; None if it is none."""
    text = (text or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text) * 60
    if clock := re.fullmatch(r"(\d+):(\d{1,2})(?::(\d{1,2}))?", text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return float(hours * 3600 + minutes * 60 + seconds)
    if iso := _ISO_DURATION.fullmatch(text):
        days, hours, minutes, seconds = (float(part or 0) for part in iso.group("days", "h", "m", "s"))
        return (days * 86400 + hours * 3600 + minutes * 60 + seconds) or None
    return None


def _directions(tags: Mapping[str, str], *, heeds_roundabouts: bool = True) -> tuple[bool, bool]:
    """Whether a vehicle may go along a way as drawn, and against it."""
    oneway = tags.get("oneway")
    if oneway in REVERSED:
        return False, True
    return True, not (oneway in ONEWAY or (heeds_roundabouts and tags.get("junction") == "roundabout"))


def _street_edges(
    streets: Iterable[Way],
    rows: Mapping[int, int],
    xy: Floats,
    mode: ReferenceMode,
    heights: ReferenceHeights | None,
) -> list[tuple[Any, ...]]:
    """Return an edge for every pair of consecutive nodes that are both there."""
    segments, directions = [], []
    for way in streets:
        ahead, back = mode.directions(way.tags)
        is_steps = mode.follows(heights) and mode.network == "walk" and way.tags["highway"] == "steps"
        speed_kph = mode.speed_on_steps() if is_steps else mode.speed_on(way.tags["highway"])
        if mode.ways == "tags" and tags_read.is_pushed(way.tags, mode.network):
            speed_kph = min(speed_kph, mode.access_kph)
        for a, b in itertools.pairwise(way.nodes):
            if a != b and a in rows and b in rows:
                length_m = math.dist(xy[rows[a]], xy[rows[b]])
                segments.append(Segment(rows[a], rows[b], length_m, speed_kph, is_bridge(way.tags), is_steps))
                directions.append((ahead, back))
    flat_s = np.array([segment.length_m / (segment.flat_kph / 3.6) for segment in segments])
    there_s = back_s = flat_s
    if heights is not None and mode.follows(heights) and segments:
        factor = walking_factor if mode.network == "walk" else cycling_factor(mode.access_kph)
        there_s, back_s = climb(segments, xy, heights, factor)
    return [
        (segment.a, segment.b, segment.length_m, there, back, *way, False)
        for segment, there, back, way in zip(segments, there_s, back_s, directions, strict=True)
    ]


def _ferry_edges(
    boats: Sequence[Way],
    land: Sequence[Way],
    streets: Sequence[Way],
    rows: Mapping[int, int],
    xy: Floats,
    mode: ReferenceMode,
) -> tuple[Floats, list[tuple[Any, ...]]]:
    """Return the nodes with every sailing's deck, and the edges at sea and aboard."""
    ashore = {node for way in land for node in way.nodes}
    used = {node for way in streets for node in way.nodes}
    sailing = list(range(len(boats)))
    for one, other in itertools.combinations(range(len(boats)), 2):
        if (set(boats[one].nodes) & set(boats[other].nodes)) - ashore:
            old, new = sailing[other], sailing[one]
            sailing = [new if number == old else number for number in sailing]
    at = list(xy)
    deck: dict[tuple[int, int], int] = {}
    edges: list[tuple[Any, ...]] = []
    for boat, number in zip(boats, sailing, strict=True):
        for node in boat.nodes:
            if (number, node) not in deck:
                deck[number, node] = len(at)
                at.append(xy[rows[node]])
        ahead, back = mode.directions(boat.tags)
        lengths = [math.dist(xy[rows[a]], xy[rows[b]]) for a, b in itertools.pairwise(boat.nodes)]
        for (a, b), length_m in zip(itertools.pairwise(boat.nodes), lengths, strict=True):
            if a != b:  # a doubled node, as maps have
                seconds = (duration_s(boat.tags["duration"]) or 0.0) * length_m / sum(lengths)
                edges.append((deck[number, a], deck[number, b], length_m, seconds, seconds, ahead, back, True))
    for (number, node), aboard in deck.items():
        if node in used or any(other != number and shared == node for other, shared in deck):
            of_it = [boat for boat, group in zip(boats, sailing, strict=True) if group == number]
            wait_s = max(duration_s(boat.tags.get("interval")) or 0.0 for boat in of_it) / 2
            edges.append((rows[node], aboard, 0.0, wait_s, 0.0, True, True, True))
    return np.array(at).reshape(-1, 2), edges


def _walls(ways: Sequence[Way], mode: ReferenceMode, barriers: Mapping[int, Mapping[str, str]]) -> list[int]:
    """Return the nodes whose barrier stops a mode, but for those where more than two pieces of way meet."""
    pieces: Counter[int] = Counter()
    for way in ways:
        for a, b in itertools.pairwise(way.nodes):
            pieces[a] += 1
            pieces[b] += 1
    return [
        node
        for node, tags in barriers.items()
        if mode.ways == "tags" and 0 < pieces[node] <= 2 and tags_read.barrier_stops(tags, mode.network)
    ]


def _cut_at(edges: Edges, xy: Floats, walls: Sequence[int]) -> tuple[Edges, Floats]:
    """Give every end of an edge at a wall a node of its own."""
    a, b, at = edges.a.copy(), edges.b.copy(), list(xy)
    for ends in (a, b):
        for edge in np.flatnonzero(np.isin(ends, walls)):
            at.append(xy[ends[edge]])
            ends[edge] = len(at) - 1
    return replace(edges, a=a, b=b), np.array(at).reshape(-1, 2)


def _whole_streets(edges: Edges) -> Ints:
    """Number the streets that pieces belong to: they go on where exactly two meet and the direction is the same."""
    ends: dict[int, list[int]] = {}
    for row, (a, b) in enumerate(zip(edges.a.tolist(), edges.b.tolist(), strict=True)):
        ends.setdefault(a, []).append(row)
        ends.setdefault(b, []).append(row)
    pairs = []
    for node, rows in ends.items():
        if len(rows) != 2 or rows[0] == rows[1]:
            continue
        # Whether one may come to the node along each, and leave it along each.
        come, leave = zip(
            *((e.ahead, e.back) if e.b == node else (e.back, e.ahead) for e in map(_row(edges), rows)), strict=True
        )
        if come[0] == leave[1] and come[1] == leave[0]:
            pairs.append(rows)
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    links = scipy.sparse.coo_array((np.ones(len(first)), (first, second)), shape=(len(edges.a), len(edges.a)))
    return connected_components(links, directed=False)[1].astype(np.int64)


class _Ends(NamedTuple):
    a: int
    b: int
    ahead: bool
    back: bool


def _row(edges: Edges) -> Any:
    return lambda row: _Ends(int(edges.a[row]), int(edges.b[row]), bool(edges.ahead[row]), bool(edges.back[row]))


def _strong_parts(edges: Edges, n_nodes: int, street: Ints) -> Ints:
    """Number the connected part of each edge; a street that leads from one to another is its own."""
    tail = np.concatenate([edges.a[edges.ahead], edges.b[edges.back]])
    head = np.concatenate([edges.b[edges.ahead], edges.a[edges.back]])
    links = scipy.sparse.coo_array((np.ones(len(tail)), (tail, head)), shape=(n_nodes, n_nodes))
    part = connected_components(links, connection="strong")[1].astype(np.int64)
    return np.where(part[edges.a] == part[edges.b], part[edges.a], n_nodes + street)


def _least(place: Ints, group: Ints, metres: Floats) -> Floats:
    """For each row the least metres among the rows of its place and group."""
    _, key = np.unique(np.column_stack([place, group]), axis=0, return_inverse=True)
    least = np.full(int(key.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, key.reshape(-1), metres)
    return least[key.reshape(-1)]


def _long_enough(edges: Edges, n_nodes: int, min_fragment_m: float) -> tuple[Bools, int]:
    """Mark the edges of weakly connected parts of at least a length, and count the parts left out."""
    links = scipy.sparse.coo_array((np.ones(len(edges.a)), (edges.a, edges.b)), shape=(n_nodes, n_nodes))
    n_parts, part = connected_components(links, directed=False)
    length_m = np.bincount(part[edges.a], weights=edges.length_m, minlength=n_parts)
    has_edges = np.bincount(part[edges.a], minlength=n_parts) > 0
    return length_m[part[edges.a]] >= min_fragment_m, int((has_edges & (length_m < min_fragment_m)).sum())
