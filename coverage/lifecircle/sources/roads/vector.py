"""Street maps that are not OSM files: OSMnx graphs and any layer of lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from lifecircle.config import Roads as RoadsLayer
from lifecircle.config import SourceLayer, load_tags
from lifecircle.config.tags import IN_PARTS, is_ferry_route
from lifecircle.model import Roads
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import to_district, transform_geometry
from lifecircle.sources.files import read_source
from lifecircle.sources.roads.osm import tag_frame, tag_keys

if TYPE_CHECKING:
    import geopandas as gpd

JOIN_M = 0.001
"""Vertices this near are one node: the width of rounding, far below any survey."""


def read_lines(folder: Path, layer: RoadsLayer, district_crs: pyproj.CRS, problems: Problems) -> Roads | None:
    """Read a vector layer of lines; ends and vertices at the same place are joined.

    The class comes from ``fields.highway`` (default ``highway``), through ``classes`` where the file's words are not OSM's. Columns
    named as OSM's keys are (``oneway``, ``bridge``, ``maxspeed`` ...) are read as they stand; ``fields`` is for other names.
    """
    source = SourceLayer(
        path=layer.path or "", layer=layer.layer, encoding=layer.encoding, crs=layer.crs, datum=layer.datum
    )
    fields = {"highway": "highway", **layer.fields}
    read = read_source(folder, source, "roads", problems, columns=fields.values(), field="roads.path")
    if read is None:
        return None
    if not read.has_geometry or read.crs is None:
        problems.error(
            "roads-no-lines", read.file, "没有几何 no geometry", layer=read.layer, expected="线图层 a layer of lines"
        )
        return None
    if "name" not in fields and "name" in read.frame:
        fields["name"] = "name"  # what is closed is called by it
    frame = read.frame[read.frame.geometry.notna() & ~read.frame.geometry.is_empty]
    is_line = frame.geom_type.isin(["LineString", "MultiLineString"])
    if not is_line.all():
        problems.add(
            "roads-not-lines", "set_aside", read.file, f"不是线 not lines: {', '.join(sorted(set(frame.geom_type[~is_line])))}",
            layer=read.layer, expected="LineString", count=int((~is_line).sum()),
        )  # fmt: skip
    frame = frame[is_line]
    frame = frame.set_geometry(
        transform_geometry(frame.geometry.to_numpy(), read.crs, district_crs, layer.datum), crs=district_crs
    )
    parts = frame.explode(index_parts=False)
    named = {key: key for key in tag_keys() if key in parts.columns}
    tags = pd.DataFrame({key: parts[column].map(_tag_text) for key, column in {**named, **fields}.items()})
    is_street = ~tags["route"].map(lambda text: is_ferry_route(text or "")) if "route" in tags else slice(None)
    tags.loc[is_street, "highway"] = _map_classes(
        tags.loc[is_street, "highway"], layer, problems
    )  # a ferry has no class
    return _roads_from_lines(parts.geometry.to_numpy(), tags, parts.index.to_numpy(), read.crs.to_string())


def _tag_text(value: object) -> str | None:
    """Return a tag as OSM writes it; layers hold lists, numbers and truth values."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, (list, tuple, np.ndarray)):
        return _tag_text(value[0]) if len(value) else None
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return {"True": "yes", "False": "no", "是": "yes", "否": "no"}.get(text, text) or None


def _in_parts(value: object) -> str | None:
    """Return every value of a tag that decides who may pass: an edge that is closed in one part is closed."""
    if isinstance(value, (list, tuple)):
        return IN_PARTS.join(dict.fromkeys(_tag_text(part) or "" for part in value)) or None
    return _tag_text(value)


def _all_text(value: object) -> str | None:
    """Return every name of a street that OSMnx made of several ways, as OSM writes many values."""
    if isinstance(value, (list, tuple)):
        return ";".join(dict.fromkeys(text for part in value if (text := _tag_text(part)))) or None
    return _tag_text(value)


def _map_classes(classes: pd.Series, layer: RoadsLayer, problems: Problems) -> pd.Series:
    if layer.classes:
        unknown = sorted(set(classes.dropna()) - layer.classes.keys())
        if unknown:
            problems.add(
                "roads-unknown-class", "warning", layer.path or "", f"未列入 classes 的等级 classes not listed: {', '.join(unknown[:8])}",
                field="roads.classes", mend="补上对应关系，否则按 default 速度 they go at the default speed", count=int(classes.isin(unknown).sum()),
            )  # fmt: skip
        classes = classes.map(lambda value: layer.classes.get(value, value))
    empty = int(classes.isna().sum())
    if empty:
        problems.add(
            "roads-no-class", "warning", layer.path or "", "没有道路等级 no class", field="highway",
            mend="按 unclassified 处理 taken as unclassified", count=empty,
        )  # fmt: skip
    return classes.fillna("unclassified")


def _roads_from_lines(
    lines: npt.NDArray[np.object_], tags: pd.DataFrame, row: npt.NDArray[np.int64], source: str
) -> Roads:
    """Join the vertices of lines that lie at the same place."""
    coordinates = shapely.get_coordinates(lines)
    counts = shapely.get_num_coordinates(lines)
    keys = np.round(coordinates / JOIN_M).astype(np.int64)
    _, first, node = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return Roads(
        x=coordinates[first, 0],
        y=coordinates[first, 1],
        way_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        way_node=node.reshape(-1).astype(np.int64),
        way_id=np.array([f"r{index}" for index in row], dtype=object),
        tags=tag_frame({key: tags[key].to_list() for key in tags.columns}),
        source=source,
    )


def read_graphml(path: Path, district_crs: pyproj.CRS) -> Roads:
    """Read a graph saved by OSMnx. Its nodes stay the nodes; curves become vertices of their own.

    OSMnx stores a two-way street as two edges; one of the two is kept and runs both ways.
    """
    import osmnx  # 2.5 s: only those who bring a graph pay for it

    try:
        graph = osmnx.load_graphml(path)
    except Exception as error:
        raise UnreadableError(f"不是 OSMnx 的 graphml not an OSMnx graphml: {error}") from error
    edges = osmnx.graph_to_gdfs(graph, nodes=False)
    readers = {"name": _all_text, **dict.fromkeys(load_tags().access_keys, _in_parts)}
    tags = pd.DataFrame(
        {key: edges[key].map(readers.get(key, _tag_text)) for key in tag_keys() if key in edges.columns},
        index=edges.index,
    )
    if "highway" not in tags:
        tags["highway"] = "unclassified"
    one_way = (edges["oneway"] if "oneway" in edges else pd.Series(data=False, index=edges.index)).map(
        _tag_text
    ) == "yes"
    # The stored direction is the direction of travel, whatever the original tag said.
    tags["oneway"] = np.where(one_way, "yes", "no")
    return _graph_roads(edges[_kept_edges(edges, one_way)], tags[_kept_edges(edges, one_way)], district_crs)


def _kept_edges(edges: gpd.GeoDataFrame, one_way: pd.Series) -> npt.NDArray[np.bool_]:
    """Return which edges to keep: of each two-way pair, the one whose ends are in order."""
    u = edges.index.get_level_values("u").to_numpy()
    v = edges.index.get_level_values("v").to_numpy()
    pairs = set(zip(u.tolist(), v.tolist(), strict=True))
    has_twin = np.fromiter(((b, a) in pairs for a, b in zip(u.tolist(), v.tolist(), strict=True)), bool, len(u))
    is_twin = u > v
    if "reversed" in edges:
        is_twin = edges["reversed"].map(lambda value: str(value) == "True").to_numpy() & (u != v)
    return np.asarray(one_way.to_numpy() | ~(is_twin & has_twin), dtype=bool)


def _graph_roads(edges: gpd.GeoDataFrame, tags: pd.DataFrame, district_crs: pyproj.CRS) -> Roads:
    lines = edges.geometry.to_numpy()
    lonlat, owner = shapely.get_coordinates(lines, return_index=True)
    x, y = to_district(lonlat[:, 0], lonlat[:, 1], edges.crs, district_crs)
    counts = np.bincount(owner, minlength=len(lines))
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    # Ends are the graph's nodes; every vertex between is a node of its own, so that two streets never meet between crossings.
    u = edges.index.get_level_values("u").to_numpy()
    v = edges.index.get_level_values("v").to_numpy()
    names, ends = np.unique(np.concatenate([u, v]), return_inverse=True)
    node = np.arange(len(x), dtype=np.int64) + len(names)
    node[start[:-1]] = ends[: len(u)]
    node[start[1:] - 1] = ends[len(u) :]
    _, first, node = np.unique(node, return_index=True, return_inverse=True)
    return Roads(
        x=x[first],
        y=y[first],
        way_start=start,
        way_node=node.astype(np.int64),
        way_id=_edge_ids(edges),
        tags=tag_frame({key: tags[key].to_list() for key in tags.columns}),
        source=f"OSMnx graph, {edges.crs}",
    )


def _edge_ids(edges: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return the OSM ways of each edge, ``w12;w13``; its number, ``e0``, where the graph does not say."""
    if "osmid" not in edges:
        return np.array([f"e{index}" for index in range(len(edges))], dtype=object)
    ids = [value if isinstance(value, (list, tuple)) else [value] for value in edges["osmid"]]
    return np.array([";".join(f"w{part}" for part in dict.fromkeys(each)) for each in ids], dtype=object)
