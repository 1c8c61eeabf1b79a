"""A district with every kind of gap, small enough to compute by hand.

On foot 1 m/s, so metres are seconds; 15 minutes are 900 m; the clinic is at (0, 0) and serves 100. Metres from the origin of ``tiny``::

    y  2000   荒村 x 3000, no street within 250 m
        400   河北村 x 0-200  =====================================+ north street, 0-2600
        200   ~~~~~~~~~~~~~~~~~ 大河, x -500 to 2500 ~~~~~~~~      |
          0   clinic == 近村 x 200-400 ===========================+=========== 远村 x 5000 == 6000
       -400   岛村 x 0-100  ======== 0-800, joined to nothing
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from tests.tiny import CRS, ORIGIN_X, ORIGIN_Y, head

TOML = (
    head("gaps", "缺口区", "Gaps")
    + """groups.age60 = "age60"

[[units]]
level = "village"
path = "villages.gpkg"
id = "code"
name = "name"

[[facilities]]
kind = "clinic"
path = "clinics.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name", daily = "daily" }

[roads]
path = "roads.gpkg"

[[terrain.barriers]]
path = "rivers.gpkg"

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

[[indicators]]
id = "clinic-places"
measure = "capacity_share"
rule = "clinic-walk-15"
capacity = "daily"
"""
)

VILLAGES = {
    "近村": (-600, -150, 1500, 150),
    "远村": (4500, -500, 6500, 500),
    "荒村": (2500, 1500, 3500, 2500),
    "河北村": (-600, 150, 1500, 900),
    "岛村": (-600, -900, 1500, -150),
}
HOMES = [
    # id, x, y, people, age60
    ("n1", 200, 0, 50, 5), ("n2", 300, 0, 50, 5), ("n3", 400, 0, 40, 10),
    ("f1", 5000, 0, 30, 6), ("f2", 5100, 0, 30, 6),
    ("w1", 3000, 2000, 25, 5), ("w2", 3150, 2000, 20, 4),
    ("r1", 0, 400, 60, 20), ("r2", 200, 400, 20, 0),
    ("i1", 0, -400, 12, 3), ("i2", 100, -400, 10, 3),
]  # fmt: skip
STREETS = [
    [(0, 0), (2600, 0), (6000, 0)],
    [(0, 400), (2600, 400), (2600, 0)],
    [(0, -400), (800, -400)],
]
RIVER = [(-500, 200), (2500, 200)]


def at(places):
    return [(ORIGIN_X + x, ORIGIN_Y + y) for x, y in places]


def write_gaps_district(folder: Path, toml: str = TOML, homes=HOMES) -> Path:
    """Write the district's folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    boxes = [shapely.box(*at([box[:2]])[0], *at([box[2:]])[0]) for box in VILLAGES.values()]
    codes = [f"330399001{number:03d}" for number in range(1, len(boxes) + 1)]
    villages = gpd.GeoDataFrame({"code": codes, "name": list(VILLAGES)}, geometry=boxes, crs=CRS)
    villages.to_file(folder / "villages.gpkg")
    whole = shapely.box(*at([(-1000, -1000)])[0], *at([(7000, 3000)])[0])
    gpd.GeoDataFrame({"code": ["330399001"], "name": ["甲镇"]}, geometry=[whole], crs=CRS).to_file(
        folder / "townships.gpkg", layer="townships"
    )
    lines = [shapely.LineString(at(street)) for street in STREETS]
    gpd.GeoDataFrame({"highway": ["residential"] * 3}, geometry=lines, crs=CRS).to_file(folder / "roads.gpkg")
    gpd.GeoDataFrame({"name": ["大河"]}, geometry=[shapely.LineString(at(RIVER))], crs=CRS).to_file(
        folder / "rivers.gpkg"
    )
    pd.DataFrame(
        [(name, ORIGIN_X + x, ORIGIN_Y + y, people, age60) for name, x, y, people, age60 in homes],
        columns=["id", "x", "y", "people", "age60"],
    ).to_csv(folder / "people.csv", index=False)
    pd.DataFrame([("k1", "甲卫生院", 100, ORIGIN_X, ORIGIN_Y)], columns=["id", "name", "daily", "x", "y"]).to_csv(
        folder / "clinics.csv", index=False
    )
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    return folder
