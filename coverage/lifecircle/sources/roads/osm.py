"""OpenStreetMap extracts through pyosmium."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
import pyproj
import shapely

from lifecircle.config import Roads as RoadsLayer
from lifecircle.config import load_ways
from lifecircle.model import Roads
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import WGS84, to_district

_ALWAYS = (
    "highway",
    "route",
    "oneway",
    "junction",
    "maxspeed",
    "duration",
    "interval",
    "name",
    "bridge",
    "tunnel",
    "vehicle",
)


def tag_keys() -> tuple[str, ...]:
    """Return the OSM keys that decide anything: ours and those the modes' filters look at."""
    keys = dict.fromkeys(_ALWAYS)
    for ways in load_ways().values():
        keys.update(dict.fromkeys([*ways.exclude, *ways.ferry_require, *ways.ferry_exclude]))
    return tuple(keys)


def read_osm(path: Path, layer: RoadsLayer, district_crs: pyproj.CRS, problems: Problems) -> Roads:
    """Read the ways with a ``highway`` tag, and those with ``route=ferry``, from a ``.pbf`` or ``.osm`` file.

    Raises
    ------
    UnreadableError
        Where the file is cut short or is not what its name says.
    """
    keys = tag_keys()
    found = _Found()
    factory = osmium.geom.WKBFactory()
    try:
        processor = (
            osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
            .with_locations()
            .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
            .with_filter(osmium.filter.KeyFilter("highway", "route"))
        )
        for way in processor:
            if not isinstance(way, osmium.osm.Way):
                continue
            get = way.tags.get
            row = [get(key) for key in keys]
            is_ferry = row[0] is None
            if (is_ferry and (row[1] != "ferry" or not layer.ferries)) or len(way.nodes) < 2:
                continue
            # Coordinates come as WKB, made in C++: asking every node for its place takes three times as long.
            try:
                found.add(
                    way.id, row, factory.create_linestring(way, osmium.geom.ALL), [node.ref for node in way.nodes]
                )
            except (osmium.InvalidLocationError, RuntimeError):
                found.broken += 1
                if not is_ferry:  # a ferry's duration cannot be shared over a part of it
                    found.add_whole_runs(way, row)
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableError(f"读不出 cannot be read: {error}") from error
    if found.broken:
        problems.add(
            "roads-missing-nodes", "warning", layer.path or "", "道路有节点不在文件里 ways with nodes that are not in the file",
            expected="完整的道路 complete ways", mend="道路在缺口处断开 they break there; 用 complete-ways 方式裁剪 cut it with complete ways",
            count=found.broken,
        )  # fmt: skip
    return found.roads(keys, district_crs)


@dataclass(slots=True)
class _Found:
    """The ways met so far, as growing columns."""

    references: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    identities: list[str] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    broken: int = 0

    def add(self, identity: int, row: list[str | None], line: str, references: list[int]) -> None:
        """Add a way: its tags, its line as hexadecimal WKB, and its nodes."""
        self.lines.append(line)
        self.references += references
        self.starts.append(len(self.references))
        self.identities.append(f"w{identity}")
        self.rows.append(row)

    def add_whole_runs(self, way: osmium.osm.Way, row: list[str | None]) -> None:
        """Add the pieces of a way between the nodes that an extract cut away: no street is drawn across the hole."""
        for is_there, run in groupby(way.nodes, key=lambda node: node.location.valid()):
            nodes = [(node.ref, node.location.lon, node.location.lat) for node in run] if is_there else []
            if len(nodes) > 1:
                line = shapely.LineString([(lon, lat) for _, lon, lat in nodes])
                self.add(way.id, row, shapely.to_wkb(line, hex=True), [reference for reference, _, _ in nodes])

    def roads(self, keys: tuple[str, ...], district_crs: pyproj.CRS) -> Roads:
        """Return the columns as a street map in the district's CRS; a node keeps its identity, whoever shares it."""
        lonlat = shapely.get_coordinates(shapely.from_wkb(self.lines)) if self.lines else np.empty((0, 2))
        _, first, node = np.unique(np.asarray(self.references, dtype=np.int64), return_index=True, return_inverse=True)
        x, y = to_district(lonlat[first, 0], lonlat[first, 1], WGS84, district_crs)
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(keys)
        return Roads(
            x=x,
            y=y,
            way_start=np.asarray(self.starts, dtype=np.int64),
            way_node=node.astype(np.int64),
            way_id=np.array(self.identities, dtype=object),
            tags=tag_frame(dict(zip(keys, columns, strict=True))),
            source="OpenStreetMap, EPSG:4326",
        )


def tag_frame(columns: dict[str, Any]) -> pd.DataFrame:
    """Return the tags as categories, one row a way: few values stand for very many ways."""
    count = len(next(iter(columns.values()))) if columns else 0
    keys = dict.fromkeys([*columns, *tag_keys()])
    return pd.DataFrame({key: pd.Categorical(list(columns.get(key, [None] * count))) for key in keys})
