"""The street map, from whatever file holds it, to ways over shared nodes in the district's CRS."""

from __future__ import annotations

from dataclasses import replace

from lifecircle.config import Configuration
from lifecircle.model import InputFile, Roads
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import parse_crs
from lifecircle.sources.files import describe_file, resolve_path
from lifecircle.sources.roads.closures import close_links
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
    roads = close_links(roads, configuration, crs, problems)
    source = describe_file(configuration.folder, path, "roads", roads.source)
    return roads, [replace(source, rows=len(roads), used=len(roads))]
