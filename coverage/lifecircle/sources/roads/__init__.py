"""The street map, from whatever file holds it, to ways over shared nodes in the district's CRS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyproj

from lifecircle.config import Configuration
from lifecircle.model import InputFile, Roads, Sailing
from lifecircle.problems import Problems, UnreadableError, nearest_name
from lifecircle.sources.datum import WGS84, parse_crs, to_district
from lifecircle.sources.files import describe_file, resolve_path
from lifecircle.sources.roads.osm import read_osm
from lifecircle.sources.roads.vector import read_graphml, read_lines

__all__ = ["read_roads"]

OSM_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2")


def read_roads(configuration: Configuration, problems: Problems) -> tuple[Roads | None, list[InputFile]]:
    """Read the roads layer: ``.osm.pbf``/``.osm`` (pyosmium), ``.graphml`` (OSMnx), or any vector layer of lines.

    Returns
    -------
    roads : Roads or None
        None where there is no usable roads layer; ``problems`` says why.
    inputs : list of InputFile
    """
    layer, district = configuration.roads, configuration.district
    if layer is None or district is None:
        return None, []
    if layer.source == "overpass" or layer.path is None:
        problems.error(
            "roads-not-yet", "district.toml", 'source = "overpass" 本版本尚不支持 is not in this version yet',
            field="roads.source", mend='改用本地文件 use a local file: path = "roads.osm.pbf"',
        )  # fmt: skip
        return None, []
    path = resolve_path(configuration.folder, layer.path, problems, field="roads.path")
    if path is None:
        return None, []
    roads: Roads | None
    errors_before = len(problems.errors)
    crs = parse_crs(district.crs)
    try:
        if path.name.lower().endswith(OSM_SUFFIXES):
            roads = read_osm(path, layer, crs, problems)
        elif path.suffix.lower() == ".graphml":
            roads = read_graphml(path, crs)
        else:
            roads = read_lines(configuration.folder, layer, crs, problems)
    except UnreadableError as error:
        problems.error(
            "roads-unreadable", layer.path, str(error), mend="重新导出或重新下载 export or download it again"
        )
        return None, []
    if roads is None:
        return None, []
    if not len(roads):
        if len(problems.errors) == errors_before:
            problems.error(
                "roads-empty", layer.path, "没有一条道路 not a single road in it",
                expected="highway=* 的线 lines with highway=*", mend="文件是否截断? is the file cut short?",
            )  # fmt: skip
        return None, []
    roads = _close_ways(roads, layer.closed, problems)
    roads = replace(roads, sailings=_read_sailings(configuration, crs))
    source = describe_file(configuration.folder, path, "roads", roads.source)
    return roads, [replace(source, rows=len(roads), used=len(roads))]


def _close_ways(roads: Roads, closed: tuple[str, ...], problems: Problems) -> Roads:
    """Return the street map without the ways that are closed, by their names or ids."""
    if not closed:
        return roads
    names = roads.tags["name"].astype(object).to_numpy()
    is_closed = np.isin(roads.way_id.astype(str), closed) | np.isin(
        np.where(roads.tags["name"].isna(), "", names).astype(str), closed
    )
    met = {*roads.way_id[is_closed], *names[is_closed]}
    for index, name in enumerate(closed):
        if name not in met:
            known = sorted({value for value in names if isinstance(value, str)})
            problems.error(
                "roads-closed-unknown", "district.toml", f'没有这条道路或轮渡 no such road or ferry "{name}"',
                field=f"roads.closed[{index + 1}]", mend=nearest_name(name, known) if len(known) < 5000 else "",
            )  # fmt: skip
    keep = ~is_closed
    counts = np.diff(roads.way_start)
    return replace(
        roads,
        way_start=np.concatenate([[0], np.cumsum(counts[keep])]).astype(np.int64),
        way_node=roads.way_node[np.repeat(keep, counts)],
        way_id=roads.way_id[keep],
        tags=roads.tags[keep].reset_index(drop=True),
    )


def _read_sailings(configuration: Configuration, district_crs: pyproj.CRS) -> tuple[Sailing, ...]:
    """Return the ``[[ferries]]`` with their landings in the district's CRS."""
    sailings = []
    for ferry in configuration.ferries:
        if ferry.closed:
            continue
        lon, lat = zip(ferry.from_, ferry.to, strict=True)
        x, y = to_district(np.array(lon), np.array(lat), WGS84, district_crs)
        seconds = ferry.minutes * 60 + ferry.headway_minutes * 60 / 2
        name = ferry.name or f"({ferry.from_[0]}, {ferry.from_[1]}) - ({ferry.to[0]}, {ferry.to[1]})"
        sailings.append(Sailing(name, (float(x[0]), float(y[0])), (float(x[1]), float(y[1])), seconds, ferry.modes))
    return tuple(sailings)
