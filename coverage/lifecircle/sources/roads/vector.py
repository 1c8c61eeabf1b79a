"""Street maps that are lines: any vector layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from lifecircle.config import RoadsLayer, SourceLayer
from lifecircle.config.tags import is_ferry_route
from lifecircle.model import BoolArray, Features, FloatArray, InputFile, Roads
from lifecircle.problems import Problems
from lifecircle.sources.datum import transform_geometry
from lifecircle.sources.files import ReadLayer, read_source
from lifecircle.sources.roads.osm import tag_frame, tag_keys
from lifecircle.sources.roads.topology import join_vertices, keep_levels_apart
from lifecircle.sources.roads.words import (
    STRUCTURES,
    read_classes,
    read_directions,
    read_structures,
    report_unread_directions,
    tag_text,
)
from lifecircle.sources.tables import report_rows

LINE = ("LineString", "MultiLineString", "LinearRing")
MOST_LATITUDE, MOST_LONGITUDE = 90.0, 180.0


@dataclass(frozen=True, slots=True, eq=False)
class ReadLines:
    """What came of a vector layer."""

    roads: Roads | None = None
    """None where nothing of it can be used."""
    raw: FloatArray = field(default_factory=lambda: np.zeros((0, 2)))
    """Coordinates as they stand in the file, one a line, to say where the layer would fit; empty where it could not be read."""
    crs: pyproj.CRS | None = None
    """The file's."""
    shown: str = ""
    """The layer's name for messages."""


def read_lines(folder: Path, layer: RoadsLayer, district_crs: pyproj.CRS, problems: Problems) -> ReadLines:
    """Read a vector layer of lines; ends and vertices at the same place are joined, on one level.

    The class comes from ``fields.highway`` (default ``highway``), through ``classes`` where the file's words are not OSM's. Columns
    named as OSM's keys are (``oneway``, ``bridge``, ``maxspeed`` ...) in any case are read; ``fields`` is for other names.
    """
    source = SourceLayer(
        path=layer.path or "", layer=layer.layer, encoding=layer.encoding, crs=layer.crs, datum=layer.datum
    )
    fields = {"highway": "highway", **layer.fields}
    read = read_source(folder, source, "roads", problems, columns=fields.values(), field="roads.path")
    if read is None:
        return ReadLines()
    if not read.has_geometry or read.crs is None:
        problems.error(
            "roads-no-lines", read.file, "没有几何 no geometry", layer=read.layer, expected="线图层 a layer of lines",
            mend="改指线图层 name a layer of lines: [roads] path, layer",
        )  # fmt: skip
        return ReadLines(shown=read.layer)
    return _lines_of(read, layer, district_crs, problems)


def roads_from_frame(
    frame: gpd.GeoDataFrame, crs: pyproj.CRS, problems: Problems, barriers: gpd.GeoDataFrame | None = None
) -> Roads:
    """Return the street map of a frame of lines whose columns are OpenStreetMap's tags; what cannot be used is told as of a file.

    Parameters
    ----------
    frame
        Vertices at the same place are one node, on one level; or those with the same number, where a column ``nodes`` gives the number of
        every vertex of each line, as OpenStreetMap does.
    barriers
        Points with OpenStreetMap's tags, indexed by such numbers: bollards, gates.

    Raises
    ------
    lifecircle.problems.InputError
        Where nothing of it can be used.
    """
    if "highway" not in frame.columns:
        problems.error(
            "column-missing", "roads", "没有 highway 列 no column highway", field="highway",
            expected="OpenStreetMap 的道路等级 OpenStreetMap's class of way", mend='frame["highway"] = "residential"',
        )  # fmt: skip
        problems.raise_errors()
    plain = frame.reset_index(drop=True)
    plain = plain if plain.geometry.name == "geometry" else plain.rename_geometry("geometry")
    read = ReadLayer("roads", "", plain, frame.crs, InputFile("roads", "", 0, "roads"))
    layer = RoadsLayer(path="roads")
    found = (
        _lines_of(read, layer, crs, problems)
        if "nodes" not in frame
        else ReadLines(_by_node(read, layer, crs, problems, barriers))
    )
    if found.roads is None:
        problems.error(
            "roads-empty", "roads", "没有可用的线 no line can be used", field="geometry",
            expected="至少一条线 at least one line", mend="给出道路的线 give the lines of the streets",
        )  # fmt: skip
        problems.raise_errors()
        raise RuntimeError("roads without a line must have said why")
    return found.roads


def _by_node(
    read: ReadLayer, layer: RoadsLayer, crs: pyproj.CRS, problems: Problems, barriers: gpd.GeoDataFrame | None
) -> Roads | None:
    """Return the street map whose vertices say themselves where streets meet."""
    frame, _ = _place_lines(read, layer, crs, problems)
    counts = shapely.get_num_coordinates(frame.geometry.to_numpy())
    given = np.array([len(numbers) for numbers in frame["nodes"]], dtype=np.int64)
    report_rows(
        problems, "roads-nodes", "error", read.file, frame.index[counts != given], "节点数与顶点数不同 not one number a vertex", field="nodes",
        expected="每个顶点一个编号 one number for every vertex", mend="去掉 nodes 列，按位置相接 drop the column: vertices at the same place then join",
    )  # fmt: skip
    if not len(frame) or (counts != given).any():
        return None
    tags = _read_tags(frame, read, {"highway": "highway"}, layer, problems)
    coordinates = shapely.get_coordinates(frame.geometry.to_numpy())
    number, first, node = np.unique(np.concatenate(frame["nodes"].to_list()), return_index=True, return_inverse=True)
    roads = Roads(
        x=coordinates[first, 0],
        y=coordinates[first, 1],
        way_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        way_node=node.reshape(-1).astype(np.int64),
        way_id=np.array([f"r{index}" for index in frame.index], dtype=object),
        tags=tag_frame({key: tags[key].to_list() for key in tags.columns}),
        source="roads",
    )
    if barriers is None or not len(barriers):
        return roads
    held = barriers[barriers.index.isin(number)]
    told = pd.DataFrame(held.drop(columns=held.geometry.name)).astype(object)
    told = told.where(told.notna(), None)
    return replace(
        roads,
        barrier_node=np.searchsorted(number, held.index.to_numpy()).astype(np.int64),
        barrier_tags=tag_frame({key: told[key].to_list() for key in told.columns}),
    )


def _lines_of(read: ReadLayer, layer: RoadsLayer, district_crs: pyproj.CRS, problems: Problems) -> ReadLines:
    fields = {"highway": "highway", **layer.fields}
    frame, is_lost = _place_lines(read, layer, district_crs, problems)
    raw = _raw_coordinates(read.frame.loc[frame.index.union(read.frame.index[is_lost])])
    if not len(frame):
        return ReadLines(None, raw, read.crs, read.layer)
    tags = _read_tags(frame, read, fields, layer, problems)
    parts = shapely.get_parts(frame.geometry.to_numpy(), return_index=True)
    lines, row = parts[0], parts[1]
    roads = _roads_from_lines(
        lines,
        tags.iloc[row].reset_index(drop=True),
        frame.index.to_numpy()[row],
        read.crs.to_string() if read.crs is not None else "",
    )
    features = Features(rows=len(read.frame), set_aside=len(read.frame) - len(frame))
    return ReadLines(_with_levels(roads, features, read, problems), raw, read.crs, read.layer)


def _raw_coordinates(frame: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    geometry = frame.geometry.to_numpy()
    coordinates, owner = shapely.get_coordinates(geometry, return_index=True)
    _, first = np.unique(owner, return_index=True)
    raw = coordinates[first]
    return np.asarray(raw[np.isfinite(raw).all(axis=1)], dtype=np.float64)


def _place_lines(
    read: ReadLayer, layer: RoadsLayer, district_crs: pyproj.CRS, problems: Problems
) -> tuple[gpd.GeoDataFrame, BoolArray]:
    """Return the lines that can be used, in the district's CRS, and which rows have no place on Earth; all others are set aside aloud."""
    frame = gpd.GeoDataFrame(read.frame)
    geometry = frame.geometry.to_numpy()
    is_empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    kind = frame.geom_type.to_numpy()
    is_line = np.isin(kind, LINE)
    wrong = sorted(set(kind[~is_line & ~is_empty].tolist()))
    _set_aside(
        read, ~is_line & ~is_empty, "roads-not-lines", f"不是线 not lines: {', '.join(map(str, wrong))}",
        "改指线图层；面用 QGIS“面转线”，或取中心线 name a layer of lines", problems,
    )  # fmt: skip
    _set_aside(
        read,
        is_empty,
        "roads-no-geometry",
        "没有几何 no geometry",
        "补画或删去该行 draw it or delete the row",
        problems,
    )
    usable = is_line & ~is_empty
    moved = np.full(len(frame), None, dtype=object)
    if read.crs is not None:
        moved[usable] = transform_geometry(_on_earth(geometry[usable], read.crs), read.crs, district_crs, layer.datum)
    bounds = np.full((len(frame), 4), np.nan)
    bounds[usable] = shapely.bounds(moved[usable])
    is_lost = usable & ~np.isfinite(bounds).all(axis=1)
    is_placed = usable & ~is_lost
    is_point = is_placed.copy()
    is_point[is_placed] = ~(shapely.length(moved[is_placed]) > 0)
    if not is_lost[usable].all():
        _set_aside(
            read, is_lost, "roads-not-finite", "坐标不成立 coordinates are no place on Earth",
            "更正坐标或坐标系 correct the vertices, or the layer's crs", problems,
        )  # fmt: skip
    _set_aside(
        read,
        is_point,
        "roads-no-length",
        "长度为零 lines without length",
        "删去或重画 delete or draw them again",
        problems,
    )
    kept = usable & ~is_lost & ~is_point
    placed = frame[kept].set_geometry(moved[kept], crs=district_crs)
    return placed, is_lost


def _on_earth(geometry: npt.NDArray[np.object_], crs: pyproj.CRS) -> npt.NDArray[np.object_]:
    """Return the lines with vertices that are no degrees made infinite: PROJ folds 121 degrees of latitude back onto the globe."""
    if not crs.is_geographic:
        return geometry

    def check(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        is_bad = ~((np.abs(coordinates[:, 0]) <= 2 * MOST_LONGITUDE) & (np.abs(coordinates[:, 1]) <= MOST_LATITUDE))
        return np.where(is_bad[:, None], np.inf, coordinates)

    return np.asarray(shapely.transform(geometry, check), dtype=object)


def _set_aside(read: ReadLayer, chosen: BoolArray, code: str, found: str, mend: str, problems: Problems) -> None:
    report_rows(
        problems, code, "set_aside", read.file, read.frame.index[chosen], found, layer=read.layer, field="geometry",
        expected="LineString", mend=mend,
    )  # fmt: skip


def _read_tags(
    frame: gpd.GeoDataFrame, read: ReadLayer, fields: dict[str, str], layer: RoadsLayer, problems: Problems
) -> pd.DataFrame:
    """Return the lines' tags in OpenStreetMap's words."""
    keys = {key.casefold(): key for key in tag_keys()}
    named = {keys[str(column).casefold()]: str(column) for column in frame.columns if str(column).casefold() in keys}
    columns = {**named, **fields}
    tags = pd.DataFrame({key: frame[column].map(tag_text).astype(object) for key, column in columns.items()})
    tags = tags.where(tags.notna(), None)
    place = (read.file, read.layer, columns["highway"])
    is_street = np.ones(len(tags), dtype=bool)
    if "route" in tags:
        is_street = np.array([not is_ferry_route(text or "") for text in tags["route"]])  # a ferry has no class
    tags.loc[is_street, "highway"] = read_classes(tags.loc[is_street, "highway"], layer, place, problems)
    if "oneway" in tags:
        tags["oneway"] = read_directions(tags["oneway"], layer, (read.file, read.layer, columns["oneway"]), problems)
    else:
        report_unread_directions(frame, set(columns.values()), (read.file, read.layer), problems)
    for key in STRUCTURES:
        if key in tags:
            tags[key] = read_structures(tags[key])
    return tags


def _roads_from_lines(
    lines: npt.NDArray[np.object_], tags: pd.DataFrame, row: npt.NDArray[np.generic], source: str
) -> Roads:
    """Join the vertices of lines that lie at the same place."""
    coordinates = shapely.get_coordinates(lines)
    place, first = join_vertices(coordinates[:, 0], coordinates[:, 1])
    return Roads(
        x=coordinates[first, 0],
        y=coordinates[first, 1],
        way_start=np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(lines))]).astype(np.int64),
        way_node=place.astype(np.int64),
        way_id=np.array([f"r{index}" for index in row], dtype=object),
        tags=tag_frame({key: tags[key].to_list() for key in tags.columns}),
        source=source,
    )


def _with_levels(roads: Roads, features: Features, read: ReadLayer, problems: Problems) -> Roads:
    """Return the street map with bridges and tunnels apart from what they only pass, and say how often they share a vertex with it."""
    node, is_apart = keep_levels_apart(roads.way_node, roads.way_start, roads.tags)
    _, first, used = np.unique(node, return_index=True, return_inverse=True)
    if is_apart.any():
        way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
        rows = [name.removeprefix("r") for name in dict.fromkeys(roads.way_id[way[is_apart]].tolist())]
        report_rows(
            problems, "roads-levels-apart", "note", read.file, rows,
            f"桥或隧道在 {len(np.unique(roads.way_node[is_apart]))} 处与别的层次的道路共用节点，未连通 bridges and tunnels share vertices "
            "with streets of another level, not joined there",
            layer=read.layer, field="bridge", expected="桥只在两端连通 a bridge is joined at its ends",
            mend="如确应连通，在该处打断桥 split the bridge there if it is a junction",
        )  # fmt: skip
    return Roads(
        x=roads.x[roads.way_node[first]],
        y=roads.y[roads.way_node[first]],
        way_start=roads.way_start,
        way_node=used.reshape(-1).astype(np.int64),
        way_id=roads.way_id,
        tags=roads.tags,
        source=roads.source,
        features=features,
    )


def all_text(values: Iterable[object]) -> str | None:
    """Return every name of a street that OSMnx made of several ways, as OSM writes many values."""
    return ";".join(dict.fromkeys(text for part in values if (text := tag_text(part)))) or None
