"""Places: the shifted datums, the projection, and the shares of cells in units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely

from lifecircle.sources.datum import WGS84, from_wgs84, parse_crs, to_district, to_lonlat, to_wgs84
from lifecircle.study import run_district
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import CRS, ORIGIN_X, ORIGIN_Y, district_folder


@case(
    "gcj02-vectors",
    zh="GCJ-02 测试向量：最大偏差",
    en="GCJ-02 vectors: greatest deviation",
    source="coords/gcj02_test_vectors.csv (a = 6378245)",
    unit="度 degrees",
    tolerance=1e-9,
    oracle="coords",
)
def vectors(oracle: Path) -> Iterator[Figure]:
    """Yield the greatest deviation over all vectors, forward and back."""
    table = pd.read_csv(oracle / "gcj02_test_vectors.csv")
    wgs84 = table[["wgs_lng", "wgs_lat"]].to_numpy()
    shifted = table[["gcj_lng", "gcj_lat"]].to_numpy()
    there, back = from_wgs84(wgs84[:, 0], wgs84[:, 1], "gcj02"), to_wgs84(shifted[:, 0], shifted[:, 1], "gcj02")
    yield f"正算 there ({len(table)} 处 places)", 0.0, float(np.abs(np.column_stack(there) - shifted).max())
    yield f"反算 back ({len(table)} 处 places)", 0.0, float(np.abs(np.column_stack(back) - wgs84).max()), 2e-9


PLACES = (
    ("上海 Shanghai", (121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ("深圳 Shenzhen", (113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ("北京 Beijing", (116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ("丹佛（境外不偏移） Denver", (-104.9903, 39.7392), (-104.9903, 39.7392)),
)
"""Place, WGS-84 and GCJ-02 longitude and latitude."""


@case(
    "gcj02",
    zh="GCJ-02 偏移坐标，正算与反算",
    en="GCJ-02, there and back",
    source="googollee/eviltransform, transform_test (a = 6378245)",
    unit="度 degrees",
    tolerance=1e-9,
)
def gcj02(_: Path) -> Iterator[Figure]:
    """Yield the shifted coordinates of published places, and the way back."""
    for place, wgs84, shifted in PLACES:
        lon, lat = from_wgs84(*wgs84, "gcj02")
        yield f"{place} 经度 lon", shifted[0], float(lon)
        yield f"{place} 纬度 lat", shifted[1], float(lat)
        back_lon, back_lat = to_wgs84(*shifted, "gcj02")
        yield f"{place} 反算 back", 0.0, max(abs(float(back_lon) - wgs84[0]), abs(float(back_lat) - wgs84[1])), 2e-9


QUADRANT_M = 10_001_965.7293
"""From the equator to the pole on GRS 80, whose axis and flattening CGCS2000 has."""


@case(
    "projection",
    zh="EPSG:4549 高斯-克吕格投影，中央经线 120 度",
    en="EPSG:4549, Gauss-Kruger about 120 E",
    source="H. Moritz, Geodetic Reference System 1980, Journal of Geodesy 74 (2000): meridian quadrant; EPSG:4549",
    unit="米 m",
    tolerance=1e-3,
)
def projection(_: Path) -> Iterator[Figure]:
    """Yield where the equator and the pole lie on the central meridian, whose scale is 1, and that east comes first."""
    crs = parse_crs("EPSG:4549")
    x, y = to_district(np.array([120.0, 120.0]), np.array([0.0, 90.0]), WGS84, crs)
    yield "赤道 equator: 东 east", 500_000.0, x[0]
    yield "赤道 equator: 北 north", 0.0, y[0]
    yield "北极 pole: 北 north", QUADRANT_M, y[1]
    place = np.array([121.146]), np.array([27.840])
    lon, lat = to_lonlat(*to_district(*place, WGS84, crs), crs)
    yield "往返 there and back", 0.0, max(abs(lon[0] - 121.146), abs(lat[0] - 27.840)) * 111_320.0


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
