"""A district whose clauses can be computed by hand: one street, two towns, one quasi-unit, six villages, six cells of people.

    A 甲街道 001 (x 0-1000)    B 乙镇 002 (x 1000-3000)          Q 丙园区 401 (x 3000-4000)   outside
    V1 东村 0-500              V3 东村 1000-1500                 V6 园村 3000-4000            k6 5000
    V2 西村 500-1000           V4 南村 1500-2000
                               V5 北村 2000-3000

Every unit is y -500..500; the street is y = 0, x 0-5200; on foot 1 m/s, so metres are seconds. Two villages are called 东村.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lifecircle.model import Study
from lifecircle.study import run_district
from tests.made import GROUND, ROADS, WALK, head, people_toml, places_toml, write_layer, write_toml

DISTRICT = "330398"
A, B, Q = "330398001", "330398002", "330398401"
V1, V2, V3, V4, V5, V6 = (
    "330398001001", "330398001002", "330398002201", "330398002202", "330398002203", "330398401301",
)  # fmt: skip
TOWNSHIPS = [(A, "甲街道", 0, 1000), (B, "乙镇", 1000, 3000), (Q, "丙园区", 3000, 4000)]
VILLAGES = [
    (V1, "东村", 0, 500), (V2, "西村", 500, 1000), (V3, "东村", 1000, 1500),
    (V4, "南村", 1500, 2000), (V5, "北村", 2000, 3000), (V6, "园村", 3000, 4000),
]  # fmt: skip
PEOPLE = [
    # id, x, people, age60: A 150 (50), B 110 (27), Q 40 (3), the district 300 (80)
    ("c1", 100, 100, 20), ("c2", 900, 50, 30), ("c3", 1200, 30, 5), ("c4", 1800, 20, 10), ("c5", 2600, 60, 12), ("c6", 3500, 40, 3),
]  # fmt: skip
CLINICS = [
    # id, x, name, grade, ownership, joint, tcm, beds
    ("k1", 50, "甲卫生院", "乡镇卫生院", "公有", "", "是", 20),
    ("k2", 300, "东村卫生室", "村卫生室", "公有", "西村", "否", 0),
    ("k3", 1600, "南村卫生室", "村卫生室", "集体", "东村", "否", 2),  # the 东村 of its own town: V3
    ("k4", 2500, "北村诊所", "诊所", "私有", "", "否", 1),
    ("k5", 2900, "乙卫生院", "乡镇卫生院", "公有", "", "否", 10),
    ("k6", 5000, "外卫生院", "乡镇卫生院", "公有", "园村", "是", 50),  # outside: serves people, counts for no unit
]
POINTS = {
    # kind: (id, x, y, area_m2)
    "sports_ground": [("s1", 200, 100, 300), ("s2", 2200, 100, 120), ("s3", 4500, 0, 1000)],
    "restaurant": [("r1", 100, 50, 0), ("r2", 1450, 50, 0), ("r3", 2500, 50, 0)],
    "dwelling": [("d1", 120, 50, 0), ("d2", 1450, 120, 0), ("d3", 2500, 100, 0), ("d4", 4001, 0, 0)],
    "shelter": [("o1", 4500, 0, 0)],  # all of them outside
}
LINES = {
    # F1 crosses from A to B, F2 lies on 300 m of it, F3 on the border of A and B, F4 leaves the district.
    "fitness_path": [[(500, 300), (1500, 300)], [(1200, 300), (1700, 300)], [(1000, -400), (1000, -300)], [(3900, 300), (4100, 300)]],
    "corridor": [[(0, 200), (1300, 200)]],
}  # fmt: skip
AREAS = {
    # kind: (x, y, x, y)
    "park": [(0, 0, 200, 100), (100, 0, 300, 100)],  # 30,000 m2: half of each lies on the other
    "water": [(900, 0, 1100, 100)],  # half in A, half in B
    "built_up": [(0, 0, 1000, 100), (1000, 0, 2000, 50)],
    "hazard": [(1700, -50, 2700, 50)],
    "hazard_beyond": [(4100, -50, 4300, 50)],
}
TABLES = {
    "villages": pd.DataFrame(
        [(V1, 100, 90, "是"), (V2, 50, 50, "是"), (V3, 40, 20, "否"), (V4, 30, 30, "是"), (V5, 80, 40, "否"), (V6, 20, 0, "否")],
        columns=["代码", "总户数", "sanitary_toilets", "sanitary_award"],
    ),
    "townships": pd.DataFrame(
        [(A, 200, 192, 200), (B, 50, 46, 120), (Q, 10, 10, 30)],
        columns=["code", "children_due", "children_vaccinated", "registered"],
    ),
    "unit_types": pd.DataFrame([("甲街道", "城"), ("乙镇", "乡")], columns=["unit", "type"]),  # says nothing of Q
    "cells": pd.DataFrame(
        [(V1, "学校"), (V3, "学校"), (V5, "学校"), (V1, "医院")], columns=["code", "type"]
    ),
    "cell_totals": pd.DataFrame([("学校", 10), ("医院", 4)], columns=["type", "total"]),
    "statistics": pd.DataFrame(
        [(2023, 92.5, 30), (2024, 93.1, 31), (2026, 99.0, 90)], columns=["年份", "physique_pass_pct", "exercise_pct"]
    ),
    "progress": pd.DataFrame(
        [(A, "river", "完成"), (B, "river", "推进中"), (Q, "river", "已完成"), (A, "other", "完成")], columns=["code", "task", "state"]
    ),
    "submissions": pd.DataFrame(
        [
            (A, "report", 2025, "2026-03-31 16:20:00"), (B, "report", 2025, "2026/4/1"), (Q, "report", 2025, None),
            (A, "report", 2024, "2025-03-01"), (A, "report", 2026, "2027-03-01"),
        ],
        columns=["code", "task", "年份", "submitted"],
    ),
}  # fmt: skip

HEAD = head("clauses", "条款区", "Clauses", code=DISTRICT, levels=("township", "village"))
POPULATION = people_toml("age60", more='kind = "resident"\n')
ROADS_AND_WALK = ROADS + WALK
CLINIC = places_toml("clinic", "clinic.csv", 'id = "id", name = "name", beds = "床位"')
PLACES = "".join(
    [CLINIC]
    + [places_toml(kind, f"{kind}.csv", 'id = "id"') for kind in ("sports_ground", "shelter")]
    + [places_toml(kind, f"{kind}.csv", 'id = "id"', section="layers") for kind in ("restaurant", "dwelling")]
    + [places_toml("fitness_path", "fitness_path.gpkg", "")]
    + [places_toml(kind, f"{kind}.gpkg", "", section="layers") for kind in ("corridor", *AREAS)]
)
_TABLE_KEYS = {
    "villages": 'level = "village"\nid = "代码"\nfields = { households = "总户数" }',
    "townships": 'level = "township"\nid = "code"\npeople = "registered"',
    "unit_types": 'level = "township"\nid = "unit"',
    "cells": 'level = "village"\nid = "code"\nlists_all = true',
    "cell_totals": 'level = "district"',
    "statistics": 'level = "district"\nyear = "年份"\nholds = "until_next"',
    "progress": 'level = "township"\nid = "code"',
    "submissions": 'level = "township"\nid = "code"\nyear = "年份"',
}


def table_toml(name: str, keys: str | None = None) -> str:
    """Return the ``[[tables]]`` of one of the district's tables."""
    return f'\n[[tables]]\nname = "{name}"\npath = "{name}.csv"\n{_TABLE_KEYS[name] if keys is None else keys}\n'


ALL_TABLES = "".join(table_toml(name) for name in TABLES)
RULES = """
[[rules]]
id = "clinic-walk"
facilities = { kind = "clinic" }
mode = "walk"
minutes = 8

[[rules]]
id = "hospital-walk"
facilities = { kind = "clinic", grade = "乡镇卫生院" }
mode = "walk"
minutes = 8
"""
FULL = HEAD + POPULATION + ROADS_AND_WALK + PLACES + ALL_TABLES + RULES
ONLY_TABLES = HEAD + POPULATION + ALL_TABLES


def write_district(folder: Path, toml: str, tables: dict[str, pd.DataFrame] | None = None) -> Path:
    """Write the district's folder, with other tables in place of its own where given, and return it."""
    write_toml(folder, toml)
    for name, units in (("townships", TOWNSHIPS), ("villages", VILLAGES)):
        boxes = {code: (called, (low, -500, high, 500)) for code, called, low, high in units}
        GROUND.write_units(folder / f"{name}.gpkg", boxes)
    GROUND.write_streets(folder / "roads.gpkg", [(0, 0), (5200, 0)])
    people = [(*cell, 0) for cell in PEOPLE]
    GROUND.write_places(folder / "people.csv", ["id", "x", "people", "age60"], people)
    columns = ["id", "x", "name", "grade", "ownership", "joint", "tcm", "床位"]
    GROUND.write_places(folder / "clinic.csv", columns, [(*clinic, 0) for clinic in CLINICS])
    for kind, rows in POINTS.items():
        GROUND.write_places(folder / f"{kind}.csv", ["id", "x", "y", "area_m2"], rows)
    for kind, lines in LINES.items():
        write_layer(folder / f"{kind}.gpkg", [GROUND.line(*line) for line in lines])
    for kind, areas in AREAS.items():
        write_layer(folder / f"{kind}.gpkg", [GROUND.box(*area) for area in areas])
    for name, table in {**TABLES, **(tables or {})}.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def write_raster(folder: Path) -> None:
    """Write people as 100 m cells: half a person in each cell that touches the street (y 0-100 and -100-0), x 0-4000: 40 in all."""
    people = np.zeros((10, 40), dtype=np.float32)
    people[4:6, :] = 0.5
    GROUND.write_raster(folder / "people.tif", people, top=500)


def run(folder: Path, toml: str, tables: dict[str, pd.DataFrame] | None = None, **options: object) -> Study:
    """Write the district and run it."""
    return run_district(write_district(folder, toml, tables), with_areas=False, **options)  # type: ignore[arg-type]


def figures(study: Study, indicator: str, column: str = "value") -> dict[str, float]:
    """Return unit code to figure of one indicator."""
    rows = study.indicators[study.indicators["indicator"] == indicator]
    return dict(zip(rows["unit_code"], rows[column].astype(float), strict=True))
