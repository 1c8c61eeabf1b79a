"""The street map, from whatever file holds it, to ways over shared nodes in the district's CRS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyproj

from lifecircle.cache import NO_CACHE, Cache, make_key
from lifecircle.config import Configuration
from lifecircle.config import Roads as RoadsLayer
from lifecircle.config.schema import Level
from lifecircle.model import InputFile, Roads, Units
from lifecircle.problems import Problem, Problems, UnreadableError
from lifecircle.sources.datum import parse_crs
from lifecircle.sources.files import describe_file, resolve_path
from lifecircle.sources.roads.closures import close_links, close_more
from lifecircle.sources.roads.osm import read_osm
from lifecircle.sources.roads.tags import note_tags, note_turns
from lifecircle.sources.roads.vector import read_graphml, read_lines

__all__ = ["close_more", "read_roads"]

OSM_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2")


def read_roads(
    configuration: Configuration,
    problems: Problems,
    cache: Cache = NO_CACHE,
    units: Mapping[Level, Units] | None = None,
) -> tuple[Roads | None, list[InputFile]]:
    """Read the roads layer: ``.osm.pbf``/``.osm`` (pyosmium), ``.graphml`` (OSMnx), or any vector layer of lines.

    What its tags leave open is said, and with ``units`` how many forbidden turns lie in the district.
    A file that was read before, in the same way and for the same CRS, comes from the cache with what was said of it then.

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
    crs = parse_crs(district.crs)
    errors_before = len(problems.errors)
    try:
        source = describe_file(configuration.folder, path, "roads")
        roads = _recall_map(configuration.folder, path, layer, crs, source, problems, cache)
    except (UnreadableError, OSError) as error:
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
    note_tags(roads, configuration, layer.path, problems)
    if units:
        note_turns(roads, units, layer.path, problems)
    roads = close_links(roads, configuration, crs, problems)
    return roads, [replace(source, crs=roads.source, rows=len(roads), used=len(roads))]


def _recall_map(
    folder: Path, path: Path, layer: RoadsLayer, crs: pyproj.CRS, source: InputFile, problems: Problems, cache: Cache
) -> Roads | None:
    """Return the street map from the cache, with what was said of it when it was read; else read it and keep it.

    What is closed, and the district's own ferries, are laid over the map afterwards: scenarios share it.
    """
    if cache.folder is None:
        return _read_map(folder, path, layer, crs, problems)
    key = make_key("roads", source.sha256, layer.model_dump(mode="json", exclude={"closed"}), crs.to_wkt())
    recalled = cache.recall("roads", key, (Roads, Problem))
    if recalled is not None:
        roads: Roads | None = recalled[0]
        problems.found.extend(recalled[1])
        return roads
    said_before = len(problems)
    roads = _read_map(folder, path, layer, crs, problems)
    said = tuple(problems.found[said_before:])
    is_good = roads is not None and len(roads) > 0 and all(each.severity != "error" for each in said)
    # A file that changed while it was read is not what its hash says.
    if is_good and describe_file(folder, path, "roads").sha256 == source.sha256:
        cache.keep("roads", key, (roads, said))
    return roads


def _read_map(folder: Path, path: Path, layer: RoadsLayer, crs: pyproj.CRS, problems: Problems) -> Roads | None:
    if path.name.lower().endswith(OSM_SUFFIXES):
        return read_osm(path, layer, crs, problems)
    is_graph = path.suffix.lower() == ".graphml"
    roads = read_graphml(path, crs) if is_graph else read_lines(folder, layer, crs, problems)
    return roads if roads is None or layer.ferries else roads.only(~roads.is_ferry)
