"""OpenStreetMap extracts through pyosmium."""

from __future__ import annotations

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
    references: list[int] = []
    starts: list[int] = [0]
    identities: list[int] = []
    rows: list[list[str | None]] = []
    lines: list[str] = []
    broken = 0
    factory = osmium.geom.WKBFactory()
    # Coordinates come as WKB, made in C++: asking every node for its place in Python takes three times as long.
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
            if row[0] is None and (row[1] != "ferry" or not layer.ferries):
                continue
            if len(way.nodes) < 2:
                continue
            try:
                line = factory.create_linestring(way, osmium.geom.ALL)
            except (osmium.InvalidLocationError, RuntimeError):
                broken += 1
                continue
            lines.append(line)
            references += [node.ref for node in way.nodes]
            starts.append(len(references))
            identities.append(way.id)
            rows.append(row)
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableError(f"读不出 cannot be read: {error}") from error
    if broken:
        problems.add(
            "roads-missing-nodes", "warning", layer.path or "", "道路的节点不在文件里 ways whose nodes are not in the file",
            expected="完整的道路 complete ways", mend="用 complete-ways 方式重新裁剪 cut the extract with complete ways", count=broken,
        )  # fmt: skip
    lonlat = shapely.get_coordinates(shapely.from_wkb(lines)) if lines else np.empty((0, 2))
    _, first, node = np.unique(np.asarray(references, dtype=np.int64), return_index=True, return_inverse=True)
    x, y = to_district(lonlat[first, 0], lonlat[first, 1], WGS84, district_crs)
    return Roads(
        x=x,
        y=y,
        way_start=np.asarray(starts, dtype=np.int64),
        way_node=node.astype(np.int64),
        way_id=np.array([f"w{identity}" for identity in identities], dtype=object),
        tags=tag_frame(dict(zip(keys, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(keys, ())),
        source="OpenStreetMap, EPSG:4326",
    )


def tag_frame(columns: dict[str, Any]) -> pd.DataFrame:
    """Return the tags as categories, one row a way: few values stand for very many ways."""
    count = len(next(iter(columns.values()))) if columns else 0
    keys = dict.fromkeys([*columns, *tag_keys()])
    return pd.DataFrame({key: pd.Categorical(list(columns.get(key, [None] * count))) for key in keys})
