"""A clean district with a layer of every kind, for corruptions to spoil: two townships, four villages, streets, people, supply, heights.

    y 1000  +-----------+-----------+     townships A (x 0-2000) and B (x 2000-4000), each cut into two villages at y 0;
            |  A-north  |  B-north  |     streets every 250 m, cut at their crossings, 250 m beyond the border on every side;
       0    |-----------|-----------|     people: 100 m cells, two each, 1,600 in all;
            |  A-south  |  B-south  |     supply: 6 clinics (csv, degrees), 2 hospitals (xlsx, metres), a park (GeoJSON);
    y -1000 +-----------+-----------+     heights of 10 m and a little more; a table by village; figures by township.

Coordinates are metres from (600000, 3080000) in EPSG:4549, near Dongtou. Everything is made.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import rasterio
import shapely

CRS = "EPSG:4549"
OX, OY = 600_000.0, 3_080_000.0
A, B = "330399001", "330399101"
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

TOML = """[district]
id = "clean"
code = "330399"
name = { zh = "净区", en = "Clean" }
year = 2025
crs = "EPSG:4549"

[[units]]
level = "township"
path = "townships.gpkg"
id = "code"
name = "name"

[[units]]
level = "village"
path = "villages.shp"
id = "code"
name = "name"

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
fields = { id = "编码", name = "名称", capacity = "床位", opened = "启用年份" }

[[facilities]]
kind = "hospital"
path = "hospitals.xlsx"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name", capacity = "beds" }

[[facilities]]
kind = "park"
path = "parks.geojson"
fields = { id = "id", name = "name" }

[[tables]]
name = "villages"
path = "village_facts.csv"
level = "village"
id = "代码"
fields = { households = "总户数" }

[roads]
path = "roads.gpkg"

[terrain]
dem = "dem.tif"

[modes.walk]
speed_kph = 3.6
access_kph = 3.6
max_access_m = 250
direct_m = 0
min_fragment_m = 0

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


def write_clean(folder: Path) -> Path:
    """Write the district's folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    townships = [
        shapely.box(OX, OY - 1000, OX + 2000, OY + 1000),
        shapely.box(OX + 2000, OY - 1000, OX + 4000, OY + 1000),
    ]
    _write({"code": [A, B], "name": ["甲街道", "乙镇"]}, townships, folder / "townships.gpkg")
    villages = [shapely.box(OX + x, OY + y, OX + x + 2000, OY + y + 1000) for _, x, y in VILLAGES.values()]
    _write(
        {"code": list(VILLAGES), "name": [name for name, _, _ in VILLAGES.values()]},
        villages,
        folder / "villages.shp",
        encoding="UTF-8",
    )
    write_roads(folder)
    write_raster(folder / "people.tif", np.full((20, 40), 2.0))
    write_raster(folder / "people_60.tif", np.full((20, 40), 0.5))
    rows, columns = np.mgrid[0:30, 0:50]
    write_raster(folder / "dem.tif", 10.0 + 0.3 * rows + 0.2 * columns, left=-500, top=1500, nodata=-9999.0)
    lon, lat = to_lonlat([row[2] for row in CLINICS], [row[3] for row in CLINICS])
    pd.DataFrame(
        {
            "编码": [row[0] for row in CLINICS], "名称": [row[1] for row in CLINICS], "经度": np.round(lon, 7), "纬度": np.round(lat, 7),
            "床位": [row[4] for row in CLINICS], "启用年份": [row[5] for row in CLINICS],
        }
    ).to_csv(folder / "clinics.csv", index=False)  # fmt: skip
    pd.DataFrame(
        [(name, title, OX + x, OY + y, beds) for name, title, x, y, beds in HOSPITALS],
        columns=["id", "name", "x", "y", "beds"],
    ).to_excel(folder / "hospitals.xlsx", index=False)
    park = shapely.box(OX + 1600, OY + 350, OX + 1900, OY + 650)
    gpd.GeoDataFrame({"id": ["p1"], "name": ["中心公园"]}, geometry=[park], crs=CRS).to_crs(4326).to_file(
        folder / "parks.geojson"
    )
    pd.DataFrame(
        {"代码": list(VILLAGES), "总户数": [100, 90, 120, 80], "sanitary_toilets": [90, 80, 100, 60]}
    ).to_csv(folder / "village_facts.csv", index=False)  # fmt: skip
    (folder / "district.toml").write_text(TOML, encoding="utf-8")
    return folder


def write_roads(folder: Path) -> None:
    """Write a net of streets 250 m apart, each a line from crossing to crossing."""
    xs, ys = np.arange(-250, 4251, 250), np.arange(-1250, 1251, 250)
    across = [[(x, y), (x + 250, y)] for y in ys for x in xs[:-1]]
    along = [[(x, y), (x, y + 250)] for x in xs for y in ys[:-1]]
    lines = [shapely.LineString([(OX + x, OY + y) for x, y in pair]) for pair in across + along]
    _write({"highway": ["residential"] * len(lines)}, lines, folder / "roads.gpkg")


def write_raster(
    path: Path,
    values: np.ndarray,
    *,
    left: float = 0,
    top: float = 1000,
    cell: float = 100,
    nodata: float | None = None,
    dtype: str = "float32",
) -> None:
    """Write one band in the district's CRS, its corner in metres from the origin."""
    transform = rasterio.transform.from_origin(OX + left, OY + top, cell, cell)
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype=dtype, crs=CRS, transform=transform, nodata=nodata
    ) as raster:  # fmt: skip
        raster.write(values.astype(dtype), 1)


def to_lonlat(x: list[float], y: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return degrees of metres from the origin."""
    change = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    return change.transform(OX + np.asarray(x, dtype=float), OY + np.asarray(y, dtype=float))


def _write(columns: dict[str, list[str]], shapes: list[shapely.Geometry], path: Path, **options: str) -> None:
    gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).to_file(path, layer=path.stem, **options)
