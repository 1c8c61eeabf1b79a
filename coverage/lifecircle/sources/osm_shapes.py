"""Points, lines and areas of an OSM file by their tags, through pyosmium: barriers, and layers whose columns are the tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from lifecircle.config import describe_condition
from lifecircle.problems import Problems, UnreadableError, nearest_name
from lifecircle.sources.datum import WGS84
from lifecircle.sources.tables import match_where, report_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from lifecircle.config import Condition, SourceLayer
    from lifecircle.model import TextArray

OSM_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2")
LINE_KEYS = ("waterway", "highway", "railway", "barrier", "power", "route")
"""A closed way with one of these is a ring to go round, not an area, unless it says ``area=yes``.

https://wiki.openstreetmap.org/wiki/Key:area
"""
AREA_VALUES = frozenset({"riverbank", "dock", "boatyard", "dam"})
"""Values of ``waterway`` that are areas all the same."""
AREA_KINDS = frozenset({"multipolygon", "boundary"})
NOT_UNDERGROUND = frozenset({"no", ""})
"""Values of ``tunnel``; ``culvert``, ``yes`` and the like are crossed over."""


@dataclass(frozen=True, slots=True, eq=False)
class OsmShapes:
    """What was found, in degrees of WGS-84."""

    shapes: npt.NDArray[np.object_]
    identity: TextArray
    """``w123``, ``r123``."""
    name: TextArray
    """The tag ``name``; empty where there is none."""
    underground: int
    """Ways in a tunnel or culvert, which are not among the shapes."""
    incomplete: int
    """Ways and relations of which the file lacks a part; what is there is used."""


@dataclass(slots=True)
class _Found:
    shapes: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    underground: set[str] = field(default_factory=set)
    incomplete: set[str] = field(default_factory=set)
    takes_all: bool = False
    """Points too, what is underground, and the tags of what has no shape: a layer of places, not of barriers."""


def is_osm_file(path: str | Path) -> bool:
    """Whether a name is that of an OSM file: ``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``."""
    return str(path).lower().endswith(OSM_SUFFIXES)


def read_osm_shapes(path: Path, where: Mapping[str, Condition]) -> OsmShapes:
    """Return the lines and areas, multipolygon relations too, whose tags meet every condition of ``where``.

    Raises
    ------
    UnreadableError
        Where the file is cut short or is not what its name says.
    """
    found = _Found()
    for entity in _entities(path, where):
        _add(found, entity)
    if found.tags:
        meets = match_where(_tag_table(found.tags, where), where)
        kept = {name for name, is_met in zip(found.tags, meets, strict=True) if is_met}
    else:
        kept = set()
    chosen = [name for name in found.shapes if name in kept]
    shapes = np.empty(len(chosen), dtype=object)
    shapes[:] = [found.shapes[name] for name in chosen]
    identity = np.array(chosen, dtype=object)
    name = np.array([found.tags[one].get("name", "") for one in chosen], dtype=object)
    return OsmShapes(shapes, identity, name, len(found.underground & kept), len(found.incomplete & kept))


def read_osm_layer(
    path: Path, layer: SourceLayer, columns: Iterable[str], problems: Problems
) -> gpd.GeoDataFrame | None:
    """Return what meets ``layer.where``, points, lines and areas together, with its tags as columns.

    The index is OpenStreetMap's own id (``n1``, ``w2``, ``r3``). An object without a geometry (a relation that is no area, or of
    which the file lacks a part) has none here either, so that it is counted where rows are placed.

    Parameters
    ----------
    columns
        Tags that are asked for besides; one that no object has is a column without values, and a warning.

    Returns
    -------
    GeoDataFrame or None
        None where ``where`` is missing or selects nothing; the error is in ``problems``.

    Raises
    ------
    UnreadableError
        Where the file is cut short or is not what its name says.
    """
    if not layer.where:
        problems.error(
            "osm-no-where", layer.path, "OSM 文件里什么都有 an OSM file holds everything", field="where",
            expected="要哪些对象的标签 the tags of the objects that are meant",
            mend='写明 say which: where = { amenity = ["clinic", "doctors"] }',
        )  # fmt: skip
        return None
    found = _Found(takes_all=True)
    for entity in _entities(path, layer.where):
        _add(found, entity)
    table = _tag_table(found.tags, layer.where)
    table = table[match_where(table, layer.where)] if len(table) else table
    if not len(table):
        _report_nothing(path, layer, problems)
        return None
    # Only the tags of what was chosen are columns.
    table = table.dropna(axis="columns", how="all")
    shapes = np.empty(len(table), dtype=object)
    shapes[:] = [found.shapes.get(name) for name in table.index]
    is_absent = np.array([shape is None for shape in shapes], dtype=bool)
    report_rows(
        problems, "osm-no-shape", "warning", layer.path, table.index[is_absent],
        "没有图形的关系，或文件里缺其部分 relations that are no area, or of which the file lacks a part",
        field="where", expected="点、线、面 points, lines and areas",
        mend="用 complete-ways、smart 方式裁剪 cut the extract with complete ways and relations",
    )  # fmt: skip
    for name in dict.fromkeys(columns):
        if name not in table.columns:
            problems.add(
                "osm-no-tag", "warning", layer.path, f'选中的对象都没有标签 none of the chosen objects has a tag "{name}"',
                field=name, expected="有此标签的对象 objects with this tag", count=len(table),
                mend=f"{nearest_name(name, [str(column) for column in table.columns])}; 此属性视为不详 it is taken as unknown",
            )  # fmt: skip
            table[name] = None
    table = table.drop(columns="geometry", errors="ignore")
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=table.index), crs=WGS84)


def _entities(path: Path, where: Mapping[str, Condition]) -> Iterable[Any]:
    """Yield the objects that may meet ``where``: those with the key, and where values are listed one of the values, of one condition."""
    exact = {key: values for key, one in where.items() if (values := _listed(one))}
    key = next(iter(exact or where))
    pairs = [(key, value) for value in exact.get(key, ())]
    chosen: Any = osmium.filter.TagFilter(*pairs) if pairs else osmium.filter.KeyFilter(key)
    try:
        yield from osmium.FileProcessor(str(path)).with_areas(chosen).with_filter(chosen)
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableError(f"读不出 cannot be read: {error}") from error


def _listed(condition: Condition) -> tuple[str, ...]:
    """Return the texts that alone meet a condition; none where others do too (numbers are written in many ways, and so is yes)."""
    is_listed = isinstance(condition, tuple) and not any(isinstance(value, (bool, float)) for value in condition)
    return tuple(map(str, condition)) if is_listed else ()


def _tag_table(tags: Mapping[str, Mapping[str, str]], where: Mapping[str, Condition]) -> pd.DataFrame:
    """Return tags as columns, one row an object, None where it has no such tag; every key of ``where`` is a column."""
    table = pd.DataFrame(list(tags.values()), index=pd.Index(list(tags), dtype=object), dtype=object)
    table = table.reindex(columns=list(dict.fromkeys([*table.columns, *where])))
    cells: pd.DataFrame = table.astype(object).where(table.notna(), None)
    return cells


def _report_nothing(path: Path, layer: SourceLayer, problems: Problems) -> None:
    """Say that nothing was chosen, and what stands under the keys that were asked for."""
    held: dict[str, Counter[str]] = {key: Counter() for key in layer.where}
    for key in layer.where:
        keyed = osmium.filter.KeyFilter(key)
        try:
            for entity in osmium.FileProcessor(str(path)).with_filter(keyed):
                held[key][entity.tags[key]] += 1
        except (RuntimeError, ValueError, OSError) as error:
            raise UnreadableError(f"读不出 cannot be read: {error}") from error
    listed = "; ".join(
        f"{key}: {', '.join(f'{value} ({count})' for value, count in values.most_common(8)) or '无 none'}"
        for key, values in held.items()
    )
    problems.error(
        "layer-where-empty", layer.path, "where 没有选中任何对象 selects nothing in the file", field="where",
        expected=", ".join(f"{key} {describe_condition(one)}" for key, one in layer.where.items()),
        mend=f"文件里有 the file holds: {listed}",
    )  # fmt: skip


def _add(found: _Found, entity: Any) -> None:
    """Take one way, relation or area; osmium hands out a closed way twice, the second time as an area."""
    if entity.is_node() and not found.takes_all:
        return
    is_way = entity.is_way() or (entity.is_area() and entity.from_way())
    identity = "n" if entity.is_node() else "w" if is_way else "r"
    identity += str(entity.orig_id() if entity.is_area() else entity.id)
    if identity not in found.tags:
        found.tags[identity] = {tag.k: tag.v for tag in entity.tags}
    if entity.is_node():
        found.shapes[identity] = shapely.Point(entity.location.lon, entity.location.lat)
    elif not found.takes_all and (
        entity.tags.get("tunnel", "no") not in NOT_UNDERGROUND or entity.tags.get("location") == "underground"
    ):
        found.underground.add(identity)
    elif entity.is_area():
        if not (entity.from_way() and _is_ring(entity.tags)):
            found.incomplete.discard(identity)
            found.shapes[identity] = shapely.from_wkb(osmium.geom.WKBFactory().create_multipolygon(entity))
    elif entity.is_relation():
        if entity.tags.get("type") in AREA_KINDS:
            found.incomplete.add(identity)  # until its area comes, if all its ways are there
    else:
        _add_line(found, identity, entity)


def _add_line(found: _Found, identity: str, way: Any) -> None:
    places = [(node.lon, node.lat) if node.location.valid() else None for node in way.nodes]
    if None in places:
        found.incomplete.add(identity)
    pieces: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            pieces.append([])
        else:
            pieces[-1].append(place)
    lines = [shapely.LineString(piece) for piece in pieces if len(piece) > 1]
    if lines:
        found.shapes[identity] = lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)


def _is_ring(tags: Any) -> bool:
    if tags.get("area") == "yes" or tags.get("waterway") in AREA_VALUES:
        return False
    return any(key in tags for key in LINE_KEYS)
