"""A district one can hold in the head, from its files to its indicators."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.sources.datum import parse_crs, to_lonlat
from lifecircle.study import run_district
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import CRS, ORIGIN_X, ORIGIN_Y, district_folder

TOML = """
[district]
id = "street"
code = "330399"
name = { zh = "一条街", en = "One street" }
year = 2025
crs = "EPSG:4549"

[[units]]
level = "township"
path = "townships.gpkg"
id = "code"
name = "name"

[population]
source = "points"
path = "people.csv"
id = "id"
people = "people"
x = "x"
y = "y"
crs = "EPSG:4549"

[[facilities]]
kind = "clinic"
path = "clinics.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name" }

[roads]
path = "roads.gpkg"

[[ferries]]
from = @FROM@
to = @TO@
minutes = 10
headway_minutes = 20
modes = ["walk"]

[modes.walk]
speed_kph = 3.6
access_kph = 3.6
max_access_m = 250
direct_m = 0
min_fragment_m = 0

[[rules]]
id = "clinic-15min"
facilities = { kind = "clinic" }
mode = "walk"
minutes = 15

[[rules]]
id = "clinic-1000m"
facilities = { kind = "clinic" }
mode = "walk"
metres = 1000
"""
PEOPLE = (("a", 300, 30, 100), ("b", 900, 0, 60), ("c", 1500, 400, 25), ("d", 4600, 0, 15))
"""Id, metres east and north of the clinic, people."""


def _landing(east_m: float) -> str:
    lon, lat = to_lonlat(np.array([ORIGIN_X + east_m]), np.array([ORIGIN_Y]), parse_crs(CRS))
    return f"[{lon[0]:.12f}, {lat[0]:.12f}]"


def _layers() -> dict[str, gpd.GeoDataFrame]:
    def street(first: float, last: float) -> shapely.LineString:
        return shapely.LineString([(ORIGIN_X + first, ORIGIN_Y), (ORIGIN_X + last, ORIGIN_Y)])

    boxes = [
        shapely.box(ORIGIN_X + west, ORIGIN_Y - 600, ORIGIN_X + east, ORIGIN_Y + 600)
        for west, east in ((-500, 3000), (3000, 6000))
    ]
    return {
        "townships": gpd.GeoDataFrame({"code": ["330399001", "330399100"], "name": ["甲街道", "乙镇"]}, geometry=boxes, crs=CRS),
        "roads": gpd.GeoDataFrame({"highway": ["residential"] * 2}, geometry=[street(0, 2000), street(4000, 5000)], crs=CRS),
    }  # fmt: skip


def _tables() -> dict[str, pd.DataFrame]:
    people = [(name, ORIGIN_X + x, ORIGIN_Y + y, count) for name, x, y, count in PEOPLE]
    return {
        "people": pd.DataFrame(people, columns=["id", "x", "y", "people"]),
        "clinics": pd.DataFrame([("k", "卫生院", ORIGIN_X, ORIGIN_Y)], columns=["id", "name", "x", "y"]),
    }


@case(
    "one-street",
    zh="一条街与一座岛：从文件到指标",
    en="A street and an island, from files",
    source="by hand: a clinic at 0 m of a street of 2 km, walks of 1 m/s; a ferry of 10 min every 20 to an island 2 km off",
    unit="",
    tolerance=1e-6,
)
def one_street(_: Path) -> Iterator[Figure]:
    """Yield minutes, people and shares of a run."""
    toml = TOML.replace("@FROM@", _landing(2000)).replace("@TO@", _landing(4000))
    with district_folder(toml, _layers(), _tables()) as folder:
        study = run_district(folder)
    minutes, metres = (study.results[rule].nearest.cost for rule in ("clinic-15min", "clinic-1000m"))
    for index, (label, expected) in enumerate(
        (("30 m 在路旁 off the street", 5.5), ("限值上 at the limit", 15.0), ("400 m 无路 no street", inf))
    ):
        yield f"{label}, min", expected, minutes[index]
    # 2,000 m of street, half of 20 minutes, 10 minutes at sea, 600 m of street; landings to the nanometre.
    yield "岛上 on the island, min", (2000 + 600 + 600 + 600) / 60, minutes[3]
    yield "路旁 off the street, m", 330.0, metres[0]
    yield "岛上以米计 island in metres", inf, metres[3]
    rows = study.indicators[study.indicators["indicator"] == "clinic-15min"].set_index("unit_code")
    numerator, value, low, high = (rows[name].astype(float) for name in ("numerator", "value", "low", "high"))
    yield "覆盖人口 people covered", 160.0, numerator["330399"]
    yield "覆盖率 covered, %", 80.0, value["330399"]
    yield "低 low (0.8 v), %", 50.0, low["330399"]
    yield "高 high (1.2 v), %", 80.0, high["330399"]
    yield "甲街道 township A, %", 100 * 160 / 185, value["330399001"]
    yield "乙镇 township B, %", 0.0, value["330399100"]
    yield "不可达 unreachable people", 25.0, study.conservation["clinic-15min"]["unreachable"]
