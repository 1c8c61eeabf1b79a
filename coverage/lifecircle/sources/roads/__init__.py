"""The street map, from whatever file holds it, to ways over shared nodes in the district's CRS, with what is wrong with it said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import osmium
import pyproj

from lifecircle.cache import NO_CACHE, Cache, make_key
from lifecircle.config import Configuration, RoadsLayer
from lifecircle.config.schema import Level
from lifecircle.model import Cells, Features, FloatArray, InputFile, Roads, Units
from lifecircle.problems import Problem, Problems, UnreadableError
from lifecircle.sources.datum import parse_crs, transform_xy
from lifecircle.sources.files import describe_file, resolve_path
from lifecircle.sources.roads.checks import Place, check_directions, check_topology
from lifecircle.sources.roads.closures import close_links, close_more
from lifecircle.sources.roads.extent import (
    check_border,
    check_mirrored,
    check_people,
    check_sides,
    check_touches,
    place,
    report_elsewhere,
    source_crs,
)
from lifecircle.sources.roads.graph import read_graphml
from lifecircle.sources.roads.osm import read_osm
from lifecircle.sources.roads.tags import note_tags, note_turns
from lifecircle.sources.roads.vector import read_lines
from lifecircle.sources.roads.words import check_words, drop_absurd_speeds
from lifecircle.sources.units import district_bounds

__all__ = ["close_more", "read_roads"]

OSM_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2")
OSM_DATES = ("osmosis_replication_timestamp", "timestamp")
"""Where an extract says of when its data are: the header of a pbf, the attribute of an .osm."""
REACH_M = 500.0
"""How far people join a street, where no rule says by which mode."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one reading of a street file needs."""

    folder: Path
    path: Path
    layer: RoadsLayer
    crs: pyproj.CRS
    units: Mapping[Level, Units]
    problems: Problems


def read_roads(
    configuration: Configuration,
    problems: Problems,
    cache: Cache = NO_CACHE,
    units: Mapping[Level, Units] | None = None,
    *,
    cells: Cells | None = None,
) -> tuple[Roads | None, list[InputFile]]:
    """Read the roads layer: ``.osm.pbf``/``.osm`` (pyosmium), ``.graphml`` (OSMnx), or any vector layer of lines.

    What its tags leave open is said, and with ``units`` how many forbidden turns lie in the district.
    A file that was read before, in the same way and for the same CRS, comes from the cache with what was said of it then.

    Parameters
    ----------
    units, cells
        Where given, the streets must lie in the district and among its people.

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
            field="roads.source", expected='source = "file"', mend='改用本地文件 use a local file: path = "roads.osm.pbf"',
        )  # fmt: skip
        return None, []
    are_words_known = check_words(layer, problems)
    path = resolve_path(configuration.folder, layer.path, problems, field="roads.path")
    if path is None or not are_words_known:
        return None, []
    crs = parse_crs(district.crs)
    errors_before = len(problems.errors)
    reading = _Reading(configuration.folder, path, layer, crs, units or {}, problems)
    try:
        source = describe_file(configuration.folder, path, "roads")
        roads = _recall_map(reading, source, cache)
    except (UnreadableError, OSError) as error:
        problems.error(
            "roads-unreadable", layer.path, str(error), field="roads.path",
            expected=".osm.pbf, .osm, .graphml, 或线图层 or a layer of lines", mend="重新导出或重新下载 export or download it again",
        )  # fmt: skip
        return None, []
    if roads is None or not len(roads):
        if len(problems.errors) == errors_before:
            problems.error(
                "roads-empty", layer.path, "没有一条道路 not a single road in it", field="roads.path",
                expected="highway=* 的线 lines with highway=*", mend="文件是否截断? is the file cut short? 重新下载 download it again",
            )  # fmt: skip
        return None, []
    if not _check_place(roads, reading, configuration, cells):
        return None, []
    is_by_maxspeed = any(mode.maxspeed for mode in configuration.modes.values())
    roads = replace(roads, tags=drop_absurd_speeds(roads.tags, is_by_maxspeed, layer.path, problems))
    note_tags(roads, configuration, layer.path, problems)
    if units:
        note_turns(roads, units, layer.path, problems)
    roads = close_links(roads, configuration, crs, problems)
    return roads, [_count(source, roads)]


def _count(source: InputFile, roads: Roads) -> InputFile:
    """Return the manifest's line: rows = used + repaired + set aside, in features of the file."""
    features = roads.features or Features(rows=len(roads))
    return replace(
        source, crs=roads.source, rows=features.rows, used=features.rows - features.repaired - features.set_aside,
        repaired=features.repaired, set_aside=features.set_aside, as_of=features.as_of,
    )  # fmt: skip


def _recall_map(reading: _Reading, source: InputFile, cache: Cache) -> Roads | None:
    """Return the street map from the cache, with what was said of it when it was read; else read it and keep it.

    What is closed, and the district's own ferries, are laid over the map afterwards: scenarios share it.
    """
    problems = reading.problems
    if cache.folder is None:
        return _read_map(reading)
    settings = reading.layer.model_dump(mode="json", exclude={"closed"})
    key = make_key("roads", source.sha256, settings, reading.crs.to_wkt())
    recalled = cache.recall("roads", key, (Roads, Features, Problem))
    if recalled is not None:
        roads: Roads | None = recalled[0]
        problems.found.extend(recalled[1])
        return roads
    said_before = len(problems)
    roads = _read_map(reading)
    said = tuple(problems.found[said_before:])
    is_good = roads is not None and len(roads) > 0 and all(each.severity != "error" for each in said)
    # A file that changed while it was read is not what its hash says.
    if is_good and describe_file(reading.folder, reading.path, "roads").sha256 == source.sha256:
        cache.keep("roads", key, (roads, said))
    return roads


def _read_map(reading: _Reading) -> Roads | None:
    """Read the file, and tell of where its streets do not meet."""
    path, layer, problems = reading.path, reading.layer, reading.problems
    shown, kind = layer.layer or "", "lines"
    roads: Roads | None
    if path.name.lower().endswith(OSM_SUFFIXES):
        kind = "osm"
        roads = _dated(read_osm(path, layer, reading.crs, problems), path)
    elif path.suffix.lower() == ".graphml":
        kind = "graph"
        roads = read_graphml(path, layer, reading.crs, problems)
    else:
        read = read_lines(reading.folder, layer, reading.crs, problems)
        roads, shown = read.roads, read.shown
        if roads is None and len(read.raw):
            where = "坐标不成立 its coordinates are no places on Earth"
            report_elsewhere(layer.path or "", shown, where, read.raw, read.crs, reading.units, reading.crs, problems)
    if roads is None or not len(roads):
        return roads
    if not layer.ferries:
        roads = roads.only(~roads.is_ferry)
    return check_topology(roads, layer, Place(layer.path or "", shown, reading.crs), kind, problems)


def _dated(roads: Roads, path: Path) -> Roads:
    """Return the street map with the date of the extract's data, where its header says it."""
    with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
        header = reader.header()
        as_of = next((text for key in OSM_DATES if (text := header.get(key))), "")
    return replace(roads, features=replace(roads.features or Features(rows=len(roads)), as_of=as_of))


def _check_place(roads: Roads, reading: _Reading, configuration: Configuration, cells: Cells | None) -> bool:
    """Tell of streets that are not where the district and its people are; False where none is."""
    units, problems = reading.units, reading.problems
    where = Place(reading.layer.path or "", reading.layer.layer or "", reading.crs)
    if not any(len(each) for each in units.values()):
        check_directions(roads, where, problems)
        return True
    placed = place(roads, units, _reach_m(configuration), where.file, where.layer)
    source = source_crs(roads.source)
    if not check_touches(placed, _raw_places(roads, source, reading.crs), source, reading.crs, problems):
        return False
    check_directions(roads, where, problems, np.asarray(district_bounds(units)))
    check_border(placed, roads, problems)
    if cells is not None and len(cells):
        check_people(placed, cells, problems)
        check_sides(placed, roads, cells, problems)
        check_mirrored(placed, cells, problems)
    return True


def _raw_places(roads: Roads, source: pyproj.CRS | None, crs: pyproj.CRS) -> FloatArray:
    """Return one vertex a way as its file has it."""
    first = roads.way_node[roads.way_start[:-1]]
    x, y = roads.x[first], roads.y[first]
    if source is not None:
        x, y = transform_xy(x, y, crs, source, is_strict=False)
    raw = np.column_stack([x, y])
    return np.asarray(raw[np.isfinite(raw).all(axis=1)], dtype=np.float64)


def _reach_m(configuration: Configuration) -> float:
    """Return how far from a street people still join it, in the modes that rules go by."""
    named = {name for rule in configuration.rules for name in (rule.mode, *rule.modes) if name}
    reaches = [configuration.modes[name].max_access_m for name in named if name in configuration.modes]
    return max((reach for reach in reaches if reach is not None), default=REACH_M)
