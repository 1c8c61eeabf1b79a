"""Street graphs saved by OSMnx as GraphML, read as XML and as nothing else: nothing is unpickled, and no entity is expanded.

http://graphml.graphdrawing.org/specification.html; https://osmnx.readthedocs.io (save_graphml)
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from lifecircle.config import RoadsLayer, load_tags
from lifecircle.config.tags import IN_PARTS
from lifecircle.model import BoolArray, Features, FloatArray, IntArray, Roads
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import parse_crs, to_district
from lifecircle.sources.roads.osm import tag_frame, tag_keys
from lifecircle.sources.roads.vector import all_text
from lifecircle.sources.roads.words import STRUCTURES, read_classes, read_directions, read_structures, tag_text
from lifecircle.sources.tables import report_rows

CHUNK = 1 << 20
WHOLE = ("nodes", "edges")
OSMNX_TRUTH = {"True": True, "False": False}
LISTED = re.compile(r"\s*\[.*\]\s*", re.DOTALL)
AS_OSMNX = "osmnx.save_graphml(G) 的输出 as osmnx.save_graphml writes it"


@dataclass(slots=True)
class SavedGraph:
    """A GraphML file as it stands: texts, by the names of its keys."""

    attributes: dict[str, str] = field(default_factory=dict)
    node_id: list[str] = field(default_factory=list)
    node_data: list[dict[str, str]] = field(default_factory=list)
    edge_ends: list[tuple[str, str]] = field(default_factory=list)
    edge_data: list[dict[str, str]] = field(default_factory=list)
    is_directed: bool = True
    is_graphml: bool = False


class _Handler:
    """The events of the XML, in order, to a :class:`SavedGraph`."""

    def __init__(self) -> None:
        self.graph = SavedGraph()
        self._names: dict[str, str] = {}
        self._into: dict[str, str] = {}
        self._key = ""
        self._text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "graphml":
            self.graph.is_graphml = True
        elif name == "key":
            self._names[attributes.get("id", "")] = attributes.get("attr.name", attributes.get("id", ""))
        elif name == "graph":
            self.graph.is_directed = attributes.get("edgedefault", "directed") != "undirected"
            self._into = self.graph.attributes
        elif name == "node":
            self._into = {}
            self.graph.node_id.append(attributes.get("id", ""))
            self.graph.node_data.append(self._into)
        elif name == "edge":
            self._into = {}
            self.graph.edge_ends.append((attributes.get("source", ""), attributes.get("target", "")))
            self.graph.edge_data.append(self._into)
        elif name == "data":
            key = attributes.get("key", "")
            self._key, self._text = self._names.get(key, key), []

    def text(self, data: str) -> None:
        if self._key:
            self._text.append(data)

    def end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "data":
            self._into[self._key] = "".join(self._text)
            self._key = ""
        elif name in ("node", "edge"):
            self._into = self.graph.attributes


def read_graph(path: Path) -> SavedGraph:
    """Read a GraphML file.

    Raises
    ------
    UnreadableError
        Where it is no XML, is cut short, declares entities, or is not GraphML.
    """
    handler = _Handler()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.buffer_text = True
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"不是完整的 graphml not a whole graphml: {error}") from error
    if not handler.graph.is_graphml:
        raise UnreadableError("不是 graphml not a graphml file")
    return handler.graph


def _refuse(*_: object) -> None:
    raise UnreadableError("graphml 中有 DOCTYPE 或实体定义，不读 a DOCTYPE or entities in it: not read")


def read_graphml(path: Path, layer: RoadsLayer, district_crs: pyproj.CRS, problems: Problems) -> Roads | None:
    """Read a graph saved by OSMnx. Its nodes stay the nodes; curves become vertices of their own.

    OSMnx stores a two-way street as two edges; one of the two is kept and runs both ways.

    Returns
    -------
    roads : Roads or None
        None where the file has no edge that can be used.

    Raises
    ------
    UnreadableError
        Where it is not a graph of streets.
    """
    graph = read_graph(path)
    crs = _crs_of(graph, layer)
    x, y = (_numbers([data.get(key, "") for data in graph.node_data]) for key in ("x", "y"))
    if len(x) and not (np.isfinite(x) & np.isfinite(y)).any():
        keys = sorted({key for data in graph.node_data[:100] for key in data})
        raise UnreadableError(f"节点没有 x, y its nodes have no x and y; 有 they have: {', '.join(keys) or '-'}")
    place = layer.path or path.name
    number = {name: index for index, name in enumerate(graph.node_id)}
    ends = np.array([[number.get(u, -1), number.get(v, -1)] for u, v in graph.edge_ends], dtype=np.int64).reshape(-1, 2)
    is_placed = (ends >= 0).all(axis=1) & np.isfinite(np.append(x + y, np.nan)[ends]).all(axis=1)
    names = np.array([f"{u}-{v}" for u, v in graph.edge_ends], dtype=object)
    report_rows(
        problems, "roads-edge-no-place", "set_aside", place, names[~is_placed],
        "边的端点不在文件里或没有坐标 edges whose nodes are absent or have no place",
        field="node", expected="x, y", mend="重新导出 export it again",
    )  # fmt: skip
    _check_lengths(graph, names, place, problems)
    kept = np.flatnonzero(is_placed)
    if not len(kept):
        return None
    tags, one_way = _graph_tags(graph, kept, layer, place, problems)
    chosen = _kept_edges(graph, kept, ends[kept], one_way)
    lines = _edge_lines(graph, kept, ends[kept], x, y, names, place, problems)
    roads = _graph_roads(lines[chosen], ends[kept][chosen], tags[chosen], crs, district_crs)
    ids = _edge_ids(graph, kept)[chosen]
    features = Features(rows=len(names), set_aside=int((~is_placed).sum()))
    return Roads(roads.x, roads.y, roads.way_start, roads.way_node, ids, roads.tags, roads.source, features=features)


def _crs_of(graph: SavedGraph, layer: RoadsLayer) -> pyproj.CRS:
    text = layer.crs or graph.attributes.get("crs", "")
    if not text:
        raise UnreadableError('graphml 没有坐标系 no crs in the graph; 写明 set [roads] crs = "EPSG:4326"')
    return parse_crs(text)


def _numbers(texts: list[str]) -> FloatArray:
    return np.asarray(pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce"), dtype=np.float64)


def _check_lengths(graph: SavedGraph, names: npt.NDArray[np.object_], place: str, problems: Problems) -> None:
    """Tell of edges whose ``length`` is absent, not a number or not above 0: lengths are measured on the lines, but the file is not whole."""
    texts = [data.get("length") for data in graph.edge_data]
    if all(text is None for text in texts):
        return
    length = _numbers([text or "" for text in texts])
    is_bad = ~(np.isfinite(length) & (length >= 0))
    report_rows(
        problems, "roads-bad-length", "warning", place, names[is_bad],
        "边的 length 空缺、非数或为负 edges whose length is absent, no number or negative",
        field="length", expected="米 metres, 0 or more", mend="长度改按图形量算 the length of the line is used; 请核对 look at these edges",
    )  # fmt: skip


def _values(text: str | None) -> list[object]:
    """Return the values of an attribute: OSMnx writes those of a simplified edge as a list."""
    if text is None or text == "":
        return []
    if LISTED.fullmatch(text):
        try:
            listed = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [text]
        return list(listed)
    return [text]


def _graph_tags(
    graph: SavedGraph, kept: IntArray, layer: RoadsLayer, place: str, problems: Problems
) -> tuple[pd.DataFrame, BoolArray]:
    """Return the edges' tags in OpenStreetMap's words, and which run one way only."""
    fields = {key: key for key in tag_keys()} | dict(layer.fields)
    data = [graph.edge_data[index] for index in kept]
    columns = {}
    for key, name in fields.items():
        values = [_values(each.get(name)) for each in data]
        if any(values):
            columns[key] = [_as_one(key, each) for each in values]
    tags = pd.DataFrame(columns, index=np.arange(len(data)), dtype=object)
    if "highway" not in tags:
        tags["highway"] = None
    tags["highway"] = read_classes(tags["highway"].astype(object), layer, (place, "", fields["highway"]), problems)
    for key in STRUCTURES:
        if key in tags:
            tags[key] = read_structures(tags[key])
    if "oneway" not in tags:
        return tags, np.zeros(len(tags), dtype=bool)
    # The stored direction of an edge of OSMnx is the direction of travel, whatever the original tag said; words other than True
    # and False are those of the ways themselves (settings.all_oneway), whose edges run as the ways were drawn.
    raw = [_values(each.get(fields["oneway"])) for each in data]
    is_truth = np.array([bool(each) and str(each[0]) in OSMNX_TRUTH for each in raw])
    words = tags["oneway"].where(~is_truth, None)
    directions = read_directions(words.astype(object), layer, (place, "", fields["oneway"]), problems)
    stored = np.array([bool(each) and str(each[0]) == "True" for each in raw])
    tags["oneway"] = np.where(is_truth, np.where(stored, "yes", "no"), directions.fillna("no"))
    return tags, np.asarray(tags["oneway"] != "no", dtype=bool)


def _as_one(key: str, values: list[object]) -> str | None:
    """Return the values of an edge that OSMnx made of several ways as one text: all names; access, of every part; else the first."""
    if key == "name":
        return all_text(values)
    if key in load_tags().access_keys:  # an edge that is closed in one part is closed
        return IN_PARTS.join(dict.fromkeys(tag_text(part) or "" for part in values)) or None
    return tag_text(values[0]) if values else None


def _kept_edges(graph: SavedGraph, kept: IntArray, ends: IntArray, one_way: BoolArray) -> BoolArray:
    """Return which edges to keep: of each two-way pair, the one whose ends are in order."""
    if not graph.is_directed:
        return np.ones(len(kept), dtype=bool)
    u, v = ends[:, 0], ends[:, 1]
    n_nodes = np.int64(len(graph.node_id) + 1)
    two_way = ~one_way
    has_twin = np.isin(v * n_nodes + u, (u * n_nodes + v)[two_way])
    reversed_as = [graph.edge_data[index].get("reversed") for index in kept]
    if any(text is not None for text in reversed_as):
        is_twin = np.array([text == "True" for text in reversed_as]) & (u != v)
        # Where both or neither of a pair say that they are reversed (simplified edges say both), their ends decide.
        key = u * n_nodes + v
        says = np.isin(v * n_nodes + u, key[is_twin & two_way])
        is_twin = np.where(is_twin == says, u > v, is_twin)
    else:
        is_twin = u > v
    return np.asarray(one_way | ~(is_twin & has_twin), dtype=bool)


def _edge_lines(
    graph: SavedGraph, kept: IntArray, ends: IntArray, x: FloatArray, y: FloatArray, names: npt.NDArray[np.object_], place: str,
    problems: Problems,
) -> npt.NDArray[np.object_]:  # fmt: skip
    """Return the line of each edge: its own, or straight between its nodes."""
    straight = shapely.linestrings(
        np.stack([np.stack([x[ends[:, at]], y[ends[:, at]]], axis=1) for at in (0, 1)], axis=1)
    )
    texts = [graph.edge_data[index].get("geometry") for index in kept]
    has_text = np.array([bool(text) for text in texts])
    lines = np.asarray(straight, dtype=object)
    drawn = shapely.from_wkt([text if text else None for text in texts], on_invalid="ignore")
    is_line = (shapely.get_type_id(drawn) == 1) & (shapely.get_num_points(drawn) > 1)
    is_line &= np.isfinite(shapely.bounds(drawn)).all(axis=1)
    lines[is_line] = drawn[is_line]
    report_rows(
        problems, "roads-bad-geometry", "repaired", place, names[kept[has_text & ~is_line]],
        "边的 geometry 读不出，按直线计 edges whose geometry cannot be read are taken as straight", field="geometry",
        expected="LINESTRING (...)", mend="重新导出 export it again",
    )  # fmt: skip
    return lines


def _graph_roads(
    lines: npt.NDArray[np.object_], ends: IntArray, tags: pd.DataFrame, crs: pyproj.CRS, district_crs: pyproj.CRS
) -> Roads:
    lonlat, owner = shapely.get_coordinates(lines, return_index=True)
    if (
        crs.is_geographic and not (np.abs(lonlat[:, 1]) <= 90).all()
    ):  # PROJ folds 121 degrees of latitude back onto the globe
        raise UnreadableError(
            f"坐标与坐标系 {crs.name} 不符 coordinates do not fit {crs.name}: {lonlat[0, 0]:.4f}, {lonlat[0, 1]:.4f}"
        )
    x, y = to_district(lonlat[:, 0], lonlat[:, 1], crs, district_crs)
    start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(lines)))]).astype(np.int64)
    # Ends are the graph's nodes; every vertex between is a node of its own, so that two streets never meet between crossings.
    names, node_of_end = np.unique(ends.T.reshape(-1), return_inverse=True)
    node = np.arange(len(x), dtype=np.int64) + len(names)
    node[start[:-1]] = node_of_end[: len(ends)]
    node[start[1:] - 1] = node_of_end[len(ends) :]
    _, first, node = np.unique(node, return_index=True, return_inverse=True)
    return Roads(
        x=x[first],
        y=y[first],
        way_start=start,
        way_node=node.astype(np.int64),
        way_id=np.zeros(len(lines), dtype=object),
        tags=tag_frame({key: tags[key].to_list() for key in tags.columns}),
        source=f"OSMnx graph, {crs.to_string()}",
    )


def _edge_ids(graph: SavedGraph, kept: IntArray) -> npt.NDArray[np.object_]:
    """Return the OSM ways of each edge, ``w12;w13``; its number, ``e0``, where the graph does not say."""
    ids = [_values(graph.edge_data[index].get("osmid")) for index in kept]
    return np.array(
        [
            ";".join(f"w{part}" for part in dict.fromkeys(each)) if each else f"e{at}"
            for at, each in zip(kept, ids, strict=True)
        ],
        dtype=object,
    )
