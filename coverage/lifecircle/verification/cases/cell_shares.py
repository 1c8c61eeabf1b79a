"""People by the exact share of each cell, so that units add up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely

from lifecircle.study import run_district
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import CRS, ORIGIN_X, ORIGIN_Y, district_folder

TOML = """
[district]
id = "shares"
code = "330399"
name = { zh = "格网", en = "Shares" }
year = 2025
crs = "EPSG:4549"

[[units]]
level = "township"
path = "townships.gpkg"
id = "code"
name = "name"

[population]
source = "raster"
path = "population.tif"
unit = "people"

[[facilities]]
kind = "clinic"
path = "clinics.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name" }

[roads]
path = "roads.gpkg"

[[rules]]
id = "clinic-1000m"
facilities = { kind = "clinic" }
mode = "walk"
metres = 1000
"""
SIDE, CELL_M, PEOPLE = 10, 100.0, 10.0


def _write_people(path: Path) -> None:
    value = np.full((1, SIDE, SIDE), PEOPLE, dtype=np.float32)
    transform = rasterio.Affine(CELL_M, 0, ORIGIN_X, 0, -CELL_M, ORIGIN_Y + SIDE * CELL_M)
    with rasterio.open(
        path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="float32", crs=CRS, transform=transform, nodata=-1
    ) as target:  # fmt: skip
        target.write(value)


@case(
    "cell-shares",
    zh="人口格按面积份额：斜界两侧",
    en="Cells shared exactly by slanted borders",
    source="geometry: 1 km2 of 1,000 people, cut from corner 0, 0 to 1000, 730; the corner of 150 x 210 m is in no township",
    unit="人 people",
    tolerance=1e-4,
)
def cell_shares(_: Path) -> Iterator[Figure]:
    """Yield the people of two townships, of both, and of neither."""
    lower = [(0, 0), (1000, 0), (1000, 730)]
    upper = [(0, 0), (1000, 730), (1000, 1000), (150, 1000), (0, 790)]
    shapes = [shapely.Polygon([(ORIGIN_X + x, ORIGIN_Y + y) for x, y in ring]) for ring in (lower, upper)]
    street = shapely.LineString([(ORIGIN_X, ORIGIN_Y + 400), (ORIGIN_X + 1000, ORIGIN_Y + 400)])
    layers = {
        "townships": gpd.GeoDataFrame({"code": ["330399001", "330399100"], "name": ["甲街道", "乙镇"]}, geometry=shapes, crs=CRS),
        "roads": gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[street], crs=CRS),
    }  # fmt: skip
    clinics = pd.DataFrame([("k", "卫生院", ORIGIN_X + 500, ORIGIN_Y + 400)], columns=["id", "name", "x", "y"])
    with district_folder(TOML, layers, {"clinics": clinics}) as folder:
        _write_people(folder / "population.tif")
        study = run_district(folder)
    people = study.indicators[study.indicators["indicator"] == "clinic-1000m"].set_index("unit_code")["denominator"]
    triangle, corner = 1000 * 730 / 2 * PEOPLE / CELL_M**2, 150 * 210 / 2 * PEOPLE / CELL_M**2
    yield "甲街道 lower township", triangle, people["330399001"]
    yield "乙镇 upper township", 1000 - triangle - corner, people["330399100"]
    yield "全区 district", 1000 - corner, people["330399"]
    yield "不在任何镇 in no township", corner, study.conservation["population"]["in_no_township"]
