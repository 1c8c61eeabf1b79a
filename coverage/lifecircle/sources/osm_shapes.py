"""Lines and areas of an OSM file by their tags, through pyosmium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import shapely

from lifecircle.problems import UnreadableError

if TYPE_CHECKING:
    import numpy.typing as npt

    from lifecircle.config.schema import AttributeValue
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
    names: dict[str, str] = field(default_factory=dict)
    underground: set[str] = field(default_factory=set)
    incomplete: set[str] = field(default_factory=set)


def read_osm_shapes(path: Path, where: Mapping[str, AttributeValue | tuple[AttributeValue, ...]]) -> OsmShapes:
    """Return the lines and areas, multipolygon relations too, whose tags have one of the values of every key of ``where``.

    Raises
    ------
    UnreadableError
        Where the file is cut short or is not what its name says.
    """
    wanted = {key: frozenset(map(str, value if isinstance(value, tuple) else (value,))) for key, value in where.items()}
    key, values = next(iter(wanted.items()))
    found = _Found()
    pairs = osmium.filter.TagFilter(*((key, value) for value in values))
    try:
        reader = osmium.FileProcessor(str(path)).with_areas(pairs).with_filter(pairs)
        for entity in reader:
            if all(entity.tags.get(key) in values for key, values in wanted.items()):
                _add(found, entity)
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableError(f"读不出 cannot be read: {error}") from error
    shapes = np.empty(len(found.shapes), dtype=object)
    shapes[:] = list(found.shapes.values())
    identity = np.array(list(found.shapes), dtype=object)
    name = np.array([found.names.get(one, "") for one in found.shapes], dtype=object)
    return OsmShapes(shapes, identity, name, len(found.underground), len(found.incomplete))


def _add(found: _Found, entity: Any) -> None:
    """Take one way, relation or area; osmium hands out a closed way twice, the second time as an area."""
    if entity.is_node():
        return
    identity = f"{'w' if entity.is_way() or (entity.is_area() and entity.from_way()) else 'r'}"
    identity += str(entity.orig_id() if entity.is_area() else entity.id)
    found.names.setdefault(identity, entity.tags.get("name", ""))
    if entity.tags.get("tunnel", "no") not in NOT_UNDERGROUND or entity.tags.get("location") == "underground":
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
