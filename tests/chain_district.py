"""A district of one road to compute chains by hand: a station, two hospitals, a one-way street, a way in without a way out, an island.

    S 0 ==== H2 600 == c1 1200 ==== H1 2400 == P 3000 ---> c2 6000      the arrow is 3 km one way; back is 6 km round by the north
                                               |
                                               v 1500, one way          c4 at its end: help comes and cannot leave
    island (y -9000): 0 ======= c3 1200 ======= 2400

By ambulance 10 m/s.
"""

from __future__ import annotations

from pathlib import Path

from tests.made import GROUND, ROADS, head, people_toml, places_toml, write_toml

HEAD = (
    head("chain", "链区", "Chain")
    + people_toml()
    + places_toml("ambulance_station", "stations.csv")
    + places_toml("hospital", "hospitals.csv", 'id = "id", name = "name", thrombolysis = "溶栓"')
    + ROADS
    + 'fields = { oneway = "oneway" }\n'
    + """
[modes.ambulance]
speed_kph = 36
access_kph = 3.6
direct_m = 0
"""
)
TOWNSHIPS = {"330399001": ("西镇", (-500, -10000, 2000, 3000)), "330399002": ("东镇", (2000, -10000, 7000, 3000))}

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
    return [float(one) for one in GROUND.lonlat(x, y)]


def write_chain(folder: Path, toml: str = HEAD + CHAIN) -> Path:
    """Write the district's folder and return it."""
    write_toml(folder, toml)
    GROUND.write_units(folder / "townships.gpkg", TOWNSHIPS)
    oneway = [oneway or None for oneway, *_ in STREETS]
    GROUND.write_streets(folder / "roads.gpkg", *(points for _, *points in STREETS), oneway=oneway)
    GROUND.write_places(folder / "people.csv", ["id", "people"], [(name, people, x, y) for name, x, y, people in CELLS])
    GROUND.write_places(folder / "stations.csv", ["id", "name"], [("s1", "急救站", 0, 0)])
    hospitals = [("h1", "近医院", "否", 2400, 0), ("h2", "溶栓医院", "是", 600, 0)]
    GROUND.write_places(folder / "hospitals.csv", ["id", "name", "溶栓"], hospitals)
    return folder
