"""A district small enough to compute by hand: one street, two townships, four cells, one clinic.

    township A (x 0-1000)                township B (x 1000-2000)
    clinic 0 ---- c1 100 ------- c2 900 (30 m off) ---- c3 1500 ---- c4 1900 (300 m off) ---- 2000

Coordinates are metres from (600000, 3080000) in EPSG:4549. On foot 1 m/s, so metres are seconds.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

ORIGIN_X, ORIGIN_Y = 600_000.0, 3_080_000.0
CRS = "EPSG:4549"

_HEAD = """
[district]
id = "@ID@"
code = "330399"
name = { zh = "@ZH@", en = "@EN@" }
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
"""


def head(district_id: str, zh: str, en: str) -> str:
    """Return what the made districts share: the district, its townships, and people at points; more of the people may follow."""
    return _HEAD.replace("@ID@", district_id).replace("@ZH@", zh).replace("@EN@", en)


TOML = (
    head("tiny", "小区", "Tiny")
    + """groups.age60 = "age60"

[[facilities]]
kind = "clinic"
path = "clinics.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name", grade = "grade" }

[roads]
path = "roads.gpkg"

[modes.walk]
speed_kph = 3.6
access_kph = 3.6
max_access_m = 250
direct_m = 0
min_fragment_m = 500

[[rules]]
id = "clinic-walk-15"
facilities = { kind = "clinic" }
mode = "walk"
minutes = 15
target = { kind = "at_least", value = 0.6, year = 2025 }

[[rules]]
id = "clinic-walk-1000m"
facilities = { kind = "clinic" }
mode = "walk"
metres = 1000
"""
)


def write_tiny(folder: Path, toml: str = TOML) -> Path:
    """Write the district's folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    boxes = [shapely.box(ORIGIN_X + low, ORIGIN_Y - 500, ORIGIN_X + low + 1000, ORIGIN_Y + 500) for low in (0, 1000)]
    gpd.GeoDataFrame({"code": ["330399001", "330399002"], "name": ["甲街道", "乙镇"]}, geometry=boxes, crs=CRS).to_file(
        folder / "townships.gpkg", layer="townships"
    )
    street = shapely.LineString([(ORIGIN_X, ORIGIN_Y), (ORIGIN_X + 700, ORIGIN_Y), (ORIGIN_X + 2000, ORIGIN_Y)])
    gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[street], crs=CRS).to_file(
        folder / "roads.gpkg", layer="roads"
    )
    cells = [("c1", 100, 0, 100, 20), ("c2", 900, 30, 50, 30), ("c3", 1500, 0, 30, 5), ("c4", 1900, 300, 20, 10)]
    pd.DataFrame(
        [(name, ORIGIN_X + x, ORIGIN_Y + y, people, age60) for name, x, y, people, age60 in cells],
        columns=["id", "x", "y", "people", "age60"],
    ).to_csv(folder / "people.csv", index=False)
    pd.DataFrame(
        [("k1", "甲卫生院", "乡镇卫生院", ORIGIN_X, ORIGIN_Y)], columns=["id", "name", "grade", "x", "y"]
    ).to_csv(folder / "clinics.csv", index=False)
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    return folder
