"""What is told of a street map once it is read: where it does not meet, ways that lead nowhere, directions that cannot be meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lifecircle.config import load_streets
from lifecircle.model import BoolArray, FloatArray, IntArray, Roads
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import to_lonlat
from lifecircle.sources.roads.topology import (
    MapPieces,
    Misses,
    Topology,
    count_parts,
    count_places,
    cut_pieces,
    find_topology,
    find_twins,
    join_streets,
    merge_nodes,
)

if TYPE_CHECKING:
    import pyproj

    from lifecircle.config import RoadsLayer

PLACES_SHOWN = 3
ROWS_SHOWN = 10
ONE_WAY = ("yes", "true", "1", "-1", "reverse", "T", "F")
BACKWARD = ("-1", "reverse", "T")
WELL_INSIDE_M = 100.0
"""A street that ends nearer to the edge of what the file covers was cut there."""
FEWEST_FOR_A_SHARE = 10
"""Of fewer streets a share says nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message speaks of."""

    file: str
    layer: str
    crs: pyproj.CRS


def check_topology(roads: Roads, layer: RoadsLayer, place: Place, kind: str, problems: Problems) -> Roads:
    """Tell of crossings, touches and ends that do not meet; join them where ``[roads] node`` and ``snap_m`` say so.

    Parameters
    ----------
    kind
        ``lines``, ``graph`` or ``osm``: an OpenStreetMap file shares nodes by their ids, so that only nodes at one place are in doubt.
    """
    if kind == "osm":
        return _check_twins(roads, layer, place, problems)
    loose_m = max(load_streets().plausible.loose_m, layer.snap_m)
    found = find_topology(roads, loose_m)
    has_levels = any(roads.tags[key].notna().any() for key in ("bridge", "tunnel", "layer"))
    if kind == "graph" and not has_levels:  # an overpass of a graph without bridges looks like any crossing
        none = np.zeros(0, dtype=np.int64)
        empty = type(found.crossings)(none, none, np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
        found = Topology(found.pieces, empty, found.touching, found.loose)
    _tell_crossings(roads, found, layer, place, has_levels, problems)
    _tell_misses(roads, found, found.touching, layer, place, problems)
    is_snapped = found.loose.distance_m <= layer.snap_m
    _tell_loose(roads, found, found.loose.take(~is_snapped), place, problems)
    if is_snapped.any():
        problems.add(
            "roads-snapped", "repaired", place.file,
            f"道路端点已接到邻近道路 ends joined to the street they missed: {_at(roads, found.loose.node[is_snapped], place)}",
            layer=place.layer, field="roads.snap_m", expected=f"<= {layer.snap_m:g} m", mend="按配置 as configured", count=int(is_snapped.sum()),
        )  # fmt: skip
    if not layer.node and not is_snapped.any():
        return roads
    return join_streets(roads, found, at_crossings=layer.node, snap_m=layer.snap_m)


def _tell_crossings(
    roads: Roads, found: Topology, layer: RoadsLayer, place: Place, has_levels: bool, problems: Problems
) -> None:
    crossings, pieces = found.crossings, found.pieces
    count, first = count_places(crossings.x, crossings.y, 0.01)
    if not count:
        return
    rows = _rows(roads, np.concatenate([pieces.way[crossings.one[first]], pieces.way[crossings.other[first]]]))
    where = _places(crossings.x[first], crossings.y[first], place)
    if layer.node:
        problems.add(
            "roads-noded", "repaired", place.file, f"在 {count} 处交叉加了节点 joined where they cross: {where}",
            layer=place.layer, row=rows, field="roads.node", mend="按配置 as configured", count=count,
            expected="同层相交处有公共节点 a common vertex where streets of one level cross",
        )  # fmt: skip
        return
    now, then = count_parts(roads, pieces, pieces.u[crossings.one], pieces.u[crossings.other])
    doubt = (
        ""
        if has_levels
        else "；图层没有桥梁列，立交也计在内 the layer has no bridge column, so that overpasses count too: set fields.bridge"
    )
    problems.add(
        "roads-crossings", "warning", place.file,
        f"{count} 处同层交叉没有公共节点，在那里不连通 crossings on one level without a common vertex, not joined: {where}; "
        f"路网分 {now} 片，接上后 {then} 片 parts now and if joined{doubt}",
        layer=place.layer, row=rows, field="geometry", expected="相交处有公共节点 a vertex of both streets where they cross",
        count=count,
        mend="如确为平交 if they do meet: set [roads] node = true (桥隧和 layer 不同的不动 bridges, tunnels and other layers are left alone)",
    )  # fmt: skip


def _tell_misses(
    roads: Roads, found: Topology, misses: Misses, layer: RoadsLayer, place: Place, problems: Problems
) -> None:
    count, first = count_places(roads.x[misses.node], roads.y[misses.node], 0.01)
    if not count:
        return
    rows, where = _rows(roads, found.pieces.way[misses.piece[first]]), _at(roads, misses.node[first], place)
    if layer.node:
        problems.add(
            "roads-noded", "repaired", place.file, f"在 {count} 处把道路接到经过它的道路 joined where a street ends on another: {where}",
            layer=place.layer, row=rows, field="roads.node", expected="公共节点 a common vertex", mend="按配置 as configured", count=count,
        )  # fmt: skip
        return
    now, then = count_parts(roads, found.pieces, misses.node, found.pieces.u[misses.piece])
    problems.add(
        "roads-ends-on-street", "warning", place.file,
        f"{count} 处道路搭在另一条路上而没有公共节点，不连通 streets that end on another, or pass over its line, without a vertex there: {where}; "
        f"路网分 {now} 片，接上后 {then} 片 parts now and if joined",
        layer=place.layer, row=rows, field="geometry", expected="丁字路口处有公共节点 a vertex of the through street at the junction",
        mend="set [roads] node = true", count=count,
    )  # fmt: skip


def _tell_loose(roads: Roads, found: Topology, misses: Misses, place: Place, problems: Problems) -> None:
    if not len(misses):
        return
    widest_m = float(misses.distance_m.max())
    count, first = count_places(roads.x[misses.node], roads.y[misses.node], widest_m * 1.01)
    now, then = count_parts(roads, found.pieces, misses.node, found.pieces.u[misses.piece])
    problems.add(
        "roads-loose-ends", "warning", place.file,
        f"{count} 处道路端点离另一条路不到 {load_streets().plausible.loose_m:g} 米而未相接 ends within that distance of another street "
        f"without meeting it ({misses.distance_m.min():.3f}-{widest_m:.3f} m): {_at(roads, misses.node[first], place)}; "
        f"路网分 {now} 片，接上后 {then} 片 parts now and if joined",
        layer=place.layer, row=_rows(roads, found.pieces.way[misses.piece[first]]), field="geometry",
        expected="端点重合 ends at one place", mend=f"如应相连 if they meet: set [roads] snap_m = {_above(widest_m):g}", count=count,
    )  # fmt: skip


def _above(metres: float) -> float:
    """Return a round tolerance just above so many metres."""
    return next(
        step
        for step in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
        if step > metres
    )


def _check_twins(roads: Roads, layer: RoadsLayer, place: Place, problems: Problems) -> Roads:
    """Tell of two nodes of an OpenStreetMap file at one place, or make one of them (``snap_m``)."""
    if layer.node:
        problems.error(
            "roads-node-osm", "district.toml", "node 只用于矢量线，OSM 以节点编号相连 node is for vector lines: OpenStreetMap's ways share nodes by id",
            field="roads.node", expected="矢量线图层 a vector layer of lines", mend="删去 remove node = true",
        )  # fmt: skip
        return roads
    pieces = cut_pieces(roads)
    if not len(pieces.u):
        return roads
    within_m = max(load_streets().plausible.same_place_m, layer.snap_m)
    one, other = find_twins(roads, pieces, within_m)
    if not len(one):
        return roads
    if layer.snap_m > 0:
        problems.add(
            "roads-snapped", "repaired", place.file, f"同一处的两个节点已合一 two nodes at one place made one: {_at(roads, one, place)}",
            layer=place.layer, field="roads.snap_m", expected=f"<= {layer.snap_m:g} m", mend="按配置 as configured", count=len(one),
        )  # fmt: skip
        return merge_nodes(roads, one, other)
    now, then = count_parts(roads, pieces, one, other)
    problems.add(
        "roads-twin-nodes", "warning", place.file,
        f"{len(one)} 处有两个节点重叠，道路在那里断开 places with two nodes, where streets do not meet: {_at(roads, one, place)}; "
        f"路网分 {now} 片，接上后 {then} 片 parts now and if joined",
        layer=place.layer, row=_rows(roads, _ways_of(roads, np.concatenate([one, other]))), field="node",
        expected="一处一个节点 one node a place", count=len(one),
        mend=f"两幅图的接缝? where two extracts meet: set [roads] snap_m = {within_m:g}, 或合并原图后再裁 or cut them from one file",
    )  # fmt: skip
    return roads


def _ways_of(roads: Roads, nodes: IntArray) -> IntArray:
    way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
    return np.unique(way[np.isin(roads.way_node, nodes)])


def _rows(roads: Roads, ways: IntArray) -> str:
    names = [str(roads.way_id[way]).removeprefix("r") for way in dict.fromkeys(ways.tolist())]
    return ", ".join(dict.fromkeys(names[:ROWS_SHOWN])) + (" ..." if len(names) > ROWS_SHOWN else "")


def _at(roads: Roads, nodes: IntArray, place: Place) -> str:
    return _places(roads.x[nodes], roads.y[nodes], place)


def _places(x: FloatArray, y: FloatArray, place: Place) -> str:
    """Return the first places as ``lon lat``."""
    try:
        lon, lat = to_lonlat(x[:PLACES_SHOWN], y[:PLACES_SHOWN], place.crs)
    except UnreadableError:
        lon, lat = x[:PLACES_SHOWN], y[:PLACES_SHOWN]
    text = "; ".join(f"{one:.6f} {other:.6f}" for one, other in zip(lon, lat, strict=True))
    return text + (" ..." if len(x) > PLACES_SHOWN else "")


# ---- directions


def check_directions(roads: Roads, place: Place, problems: Problems, inside: FloatArray | None = None) -> None:
    """Tell of a street map of one-way streets only, and of crossings that nobody can leave, or come to, because of directions.

    Parameters
    ----------
    inside
        Box (west, south, east, north, in the district's CRS) beyond which streets are cut by the extract; only what lies in it is told.
    """
    pieces = cut_pieces(roads)
    if not len(pieces.u):
        return
    word = roads.tags["oneway"].astype(object).to_numpy()
    is_one_way = np.isin(word.astype(str), ONE_WAY)
    ways = np.unique(pieces.way)
    share = float(is_one_way[ways].mean())
    if share >= load_streets().plausible.all_oneway_share and len(ways) >= FEWEST_FOR_A_SHARE:
        values = dict(zip(*np.unique(word[ways][is_one_way[ways]].astype(str), return_counts=True), strict=True))
        shown = ", ".join(f"{value} x {count}" for value, count in values.items())
        problems.add(
            "roads-all-oneway", "warning", place.file, f"{len(ways)} 条道路有 {share:.0%} 是单行 of the streets are one-way: {shown}",
            layer=place.layer, field="oneway", expected="单行是少数 one-way streets are few",
            mend='通行方向列是否读对? is it the right column? set [roads] fields.oneway, oneway_values', count=int(is_one_way[ways].sum()),
        )  # fmt: skip
    n_nodes = len(roads.x)
    one_way = is_one_way[pieces.way]
    is_back = np.isin(word.astype(str), BACKWARD)[pieces.way]
    leaves = _degree(np.where(is_back, pieces.v, pieces.u), ~one_way, pieces.u, pieces.v, n_nodes)
    enters = _degree(np.where(is_back, pieces.u, pieces.v), ~one_way, pieces.u, pieces.v, n_nodes)
    is_minor = roads.tags["highway"].isin(load_streets().highway.minor).to_numpy()[pieces.way]
    has_major = np.bincount(np.concatenate([pieces.u[~is_minor], pieces.v[~is_minor]]), minlength=n_nodes) > 0
    stuck = _within(has_major & ((leaves == 0) | (enters == 0)), roads, pieces, inside)
    if len(stuck):
        problems.add(
            "roads-no-way-out", "warning", place.file,
            f"{len(stuck)} 个路口因单行只能进或只能出 places that one-way streets let nobody leave, or come to: {_at(roads, stuck, place)}",
            layer=place.layer, row=_rows(roads, _ways_of(roads, stuck)), field="oneway", expected="每个路口能进能出 a way in and a way out",
            mend="核对这些路的通行方向或缺失的路段 look at their directions, and for a missing street", count=len(stuck),
        )  # fmt: skip


def _within(is_stuck: BoolArray, roads: Roads, pieces: MapPieces, inside: FloatArray | None) -> IntArray:
    """Return the nodes in doubt: crossings, and the ends of streets well inside what the file covers; ferries come and go as they say."""
    degree = np.bincount(np.concatenate([pieces.u, pieces.v]), minlength=len(roads.x))
    way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
    at_ferry = np.zeros(len(roads.x), dtype=bool)
    at_ferry[roads.way_node[~np.isin(way, pieces.way)]] = True
    stuck = np.flatnonzero(is_stuck & (degree > 0) & ~at_ferry)
    if inside is None:
        return stuck[degree[stuck] > 1]
    x, y = roads.x[stuck], roads.y[stuck]
    used = np.unique(np.concatenate([pieces.u, pieces.v]))
    east_west_m = np.minimum(x - roads.x[used].min(), roads.x[used].max() - x)
    edge_m: FloatArray = np.minimum(east_west_m, np.minimum(y - roads.y[used].min(), roads.y[used].max() - y))
    is_inside = (x >= inside[0]) & (y >= inside[1]) & (x <= inside[2]) & (y <= inside[3])
    chosen: IntArray = stuck[is_inside & ((degree[stuck] > 1) | (edge_m > WELL_INSIDE_M))]
    return chosen


def _degree(from_node: IntArray, both: BoolArray, u: IntArray, v: IntArray, n_nodes: int) -> IntArray:
    """Return how many pieces may be gone along from each node."""
    nodes = np.concatenate([from_node[~both], u[both], v[both]])
    degree: IntArray = np.bincount(nodes, minlength=n_nodes).astype(np.int64)
    return degree
