"""A clean district with a layer of every kind, for corruptions to spoil: two townships, four villages, streets, people, supply, heights.

    y 1000  +-----------+-----------+     townships A (x 0-2000) and B (x 2000-4000), each cut into two villages at y 0;
            |  A-north  |  B-north  |     streets every 250 m, cut at their crossings, 250 m beyond the border on every side;
       0    |-----------|-----------|     people: 100 m cells, two each, 1,600 in all;
            |  A-south  |  B-south  |     supply: 6 clinics (csv, degrees), 2 hospitals (xlsx, metres), a park (GeoJSON);
    y -1000 +-----------+-----------+     heights of 10 m and a little more; a table by village; figures by township.

Everything is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from tests.made import CRS, GROUND, ORIGIN_X, ORIGIN_Y, ROADS, WALK, XY, head, units_toml, write_toml

__all__ = ["CRS"]

OX, OY = ORIGIN_X, ORIGIN_Y
A, B = "330399001", "330399101"
TOWNSHIPS = {A: ("甲街道", (0, -1000, 2000, 1000)), B: ("乙镇", (2000, -1000, 4000, 1000))}
VILLAGES = {
    "330399001001": ("甲北村", 0, 0), "330399001002": ("甲南村", 0, -1000),
    "330399101201": ("乙北村", 2000, 0), "330399101202": ("乙南村", 2000, -1000),
}  # fmt: skip
CLINICS = [
    # id, name, x, y, beds, opened
    ("k1", "甲卫生院", 500, 250, 20, 2001), ("k2", "甲北卫生室", 1250, 500, 2, 2005), ("k3", "甲南卫生室", 750, -500, 2, 2010),
    ("k4", "乙卫生院", 2500, 250, 30, 1999), ("k5", "乙北卫生室", 3250, 750, 1, 2012), ("k6", "乙南卫生室", 3500, -750, 3, 2015),
]  # fmt: skip
HOSPITALS = [("h1", "甲医院", 1000, 0, 200), ("h2", "乙医院", 3000, -250, 120)]

TOML = (
    head("clean", "净区", "Clean").lstrip()
    + units_toml("village", "villages.shp")
    + f"""
[population]
source = "raster"
path = "people.tif"
unit = "people"
kind = "resident"
as_of = 2020-11-01
groups.age60 = "people_60.tif"

[[facilities]]
kind = "clinic"
path = "clinics.csv"
lon = "经度"
lat = "纬度"
datum = "wgs84"
fields = {{ id = "编码", name = "名称", capacity = "床位", opened = "启用年份" }}

[[facilities]]
kind = "hospital"
path = "hospitals.xlsx"
{XY}
fields = {{ id = "id", name = "name", capacity = "beds" }}

[[facilities]]
kind = "park"
path = "parks.geojson"
fields = {{ id = "id", name = "name" }}

[[tables]]
name = "villages"
path = "village_facts.csv"
level = "village"
id = "代码"
fields = {{ households = "总户数" }}
"""
    + ROADS
    + '\n[terrain]\ndem = "dem.tif"\n'
    + WALK.replace("min_fragment_m = 500", "min_fragment_m = 0")
    + """
[[rules]]
id = "clinic-walk-15"
facilities = { kind = "clinic" }
mode = "walk"
minutes = 15

[[rules]]
id = "hospital-drive-15"
facilities = { kind = "hospital" }
mode = "drive"
minutes = 15

[[rules]]
id = "park-500m"
facilities = { kind = "park" }
mode = "walk"
metres = 500

[[indicators]]
id = "sanitary-toilets"
measure = "ratio"
amount = "sanitary_toilets"
of = { table = "villages" }
among = { table = "villages" }
among_amount = "households"
unit = "座/户"
"""
)


def write_clean(folder: Path) -> Path:
    """Write the district's folder and return it."""
    write_toml(folder, TOML)
    GROUND.write_units(folder / "townships.gpkg", TOWNSHIPS)
    villages = {code: (name, (x, y, x + 2000, y + 1000)) for code, (name, x, y) in VILLAGES.items()}
    GROUND.write_units(folder / "villages.shp", villages, encoding="UTF-8")
    write_roads(folder)
    write_raster(folder / "people.tif", np.full((20, 40), 2.0))
    write_raster(folder / "people_60.tif", np.full((20, 40), 0.5))
    rows, columns = np.mgrid[0:30, 0:50]
    write_raster(folder / "dem.tif", 10.0 + 0.3 * rows + 0.2 * columns, left=-500, top=1500, nodata=-9999.0)
    lon, lat = GROUND.lonlat([row[2] for row in CLINICS], [row[3] for row in CLINICS])
    pd.DataFrame(
        {
            "编码": [row[0] for row in CLINICS], "名称": [row[1] for row in CLINICS], "经度": np.round(lon, 7), "纬度": np.round(lat, 7),
            "床位": [row[4] for row in CLINICS], "启用年份": [row[5] for row in CLINICS],
        }
    ).to_csv(folder / "clinics.csv", index=False)  # fmt: skip
    GROUND.write_places(folder / "hospitals.xlsx", ["id", "name", "x", "y", "beds"], HOSPITALS)
    park = gpd.GeoDataFrame({"id": ["p1"], "name": ["中心公园"]}, geometry=[GROUND.box(1600, 350, 1900, 650)], crs=CRS)
    park.to_crs(4326).to_file(folder / "parks.geojson")
    pd.DataFrame(
        {"代码": list(VILLAGES), "总户数": [100, 90, 120, 80], "sanitary_toilets": [90, 80, 100, 60]}
    ).to_csv(folder / "village_facts.csv", index=False)  # fmt: skip
    return folder


def write_roads(folder: Path) -> None:
    """Write a net of streets 250 m apart, each a line from crossing to crossing."""
    xs, ys = np.arange(-250, 4251, 250), np.arange(-1250, 1251, 250)
    across = [[(x, y), (x + 250, y)] for y in ys for x in xs[:-1]]
    along = [[(x, y), (x, y + 250)] for x in xs for y in ys[:-1]]
    GROUND.write_streets(folder / "roads.gpkg", *across, *along)


def write_raster(
    path: Path, values: np.ndarray, *, top: float = 1000, cell: float = 100, dtype: str = "float32", **more: Any
) -> None:
    """Write one band, its corner at the district's unless told."""
    GROUND.write_raster(path, values, top=top, cell_m=cell, dtype=dtype, **more)


to_lonlat = GROUND.lonlat
