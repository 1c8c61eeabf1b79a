"""A district of one road to compute chains by hand: a station, two hospitals, a one-way street, a way in without a way out, an island.

    S 0 ==== H2 600 == c1 1200 ==== H1 2400 == P 3000 ---> c2 6000      the arrow is 3 km one way; back is 6 km round by the north
                                               |
                                               v 1500, one way          c4 at its end: help comes and cannot leave
    island (y -9000): 0 ======= c3 1200 ======= 2400

By ambulance 10 m/s. Coordinates are metres from (600000, 3080000) in EPSG:4549.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from tests.tiny import CRS, ORIGIN_X, ORIGIN_Y, head

HEAD = (
    head("chain", "链区", "Chain")
    + """
[[facilities]]
kind = "ambulance_station"
path = "stations.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name" }

[[facilities]]
kind = "hospital"
path = "hospitals.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name", thrombolysis = "溶栓" }

[roads]
path = "roads.gpkg"
fields = { oneway = "oneway" }

[modes.ambulance]
speed_kph = 36
access_kph = 3.6
direct_m = 0
"""
)

CHAIN = """
[[rules]]
id = "stroke"
label = { zh = "卒中", en = "Stroke" }
facilities = { kind = "ambulance_station" }
mode = "ambulance"
minutes = 34
ready = { call_min = 1, turnout_min = 2 }
direction = "from"
then = { facilities = { kind = "hospital", thrombolysis = true }, on_scene_minutes = 10, handover_minutes = 2 }
"""

CELLS = (("c1", 1200, 0, 100), ("c2", 6000, 0, 50), ("c3", 1200, -9000, 30), ("c4", 3000, -1500, 20))
STREETS = (
    ("", (0, 0), (3000, 0)),
    ("yes", (3000, 0), (6000, 0)),
    ("", (6000, 0), (6000, 1500), (3000, 1500), (3000, 0)),
    ("yes", (3000, 0), (3000, -1500)),
    ("", (0, -9000), (2400, -9000)),
)


def lonlat(x: float, y: float) -> list[float]:
    """Return a place as ``[[ferries]]`` has it."""
    return list(pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(ORIGIN_X + x, ORIGIN_Y + y))


def write_places(path: Path, columns: list[str], rows: list[tuple]) -> None:
    """Write a csv of places; ``x`` and ``y`` are the last two columns."""
    moved = [(*row[:-2], ORIGIN_X + row[-2], ORIGIN_Y + row[-1]) for row in rows]
    pd.DataFrame(moved, columns=[*columns, "x", "y"]).to_csv(path, index=False)


def write_chain(folder: Path, toml: str = HEAD + CHAIN) -> Path:
    """Write the district's folder and return it."""
    folder.mkdir(parents=True)
    boxes = [
        shapely.box(ORIGIN_X + low, ORIGIN_Y - 10000, ORIGIN_X + high, ORIGIN_Y + 3000)
        for low, high in ((-500, 2000), (2000, 7000))
    ]
    gpd.GeoDataFrame({"code": ["330399001", "330399002"], "name": ["西镇", "东镇"]}, geometry=boxes, crs=CRS).to_file(
        folder / "townships.gpkg", layer="townships"
    )
    lines = [shapely.LineString([(ORIGIN_X + x, ORIGIN_Y + y) for x, y in points]) for _, *points in STREETS]
    oneway = [oneway or None for oneway, *_ in STREETS]
    gpd.GeoDataFrame({"highway": "residential", "oneway": oneway}, geometry=lines, crs=CRS).to_file(
        folder / "roads.gpkg", layer="roads"
    )
    write_places(folder / "people.csv", ["id", "people"], [(name, people, x, y) for name, x, y, people in CELLS])
    write_places(folder / "stations.csv", ["id", "name"], [("s1", "急救站", 0, 0)])
    write_places(
        folder / "hospitals.csv",
        ["id", "name", "溶栓"],
        [("h1", "近医院", "否", 2400, 0), ("h2", "溶栓医院", "是", 600, 0)],
    )
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    return folder
