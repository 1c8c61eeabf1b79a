"""A district small enough to compute by hand: one street, two townships, four cells, one clinic.

    township A (x 0-1000)                township B (x 1000-2000)
    clinic 0 ---- c1 100 ------- c2 900 (30 m off) ---- c3 1500 ---- c4 1900 (300 m off) ---- 2000

On foot 1 m/s, so metres are seconds.
"""

from __future__ import annotations

from pathlib import Path

from tests.made import GROUND, ROADS, WALK, head, people_toml, places_toml, write_toml

TOML = (
    head("tiny", "小区", "Tiny")
    + people_toml("age60")
    + places_toml("clinic", "clinics.csv", 'id = "id", name = "name", grade = "grade"')
    + ROADS
    + WALK
    + """
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
TOWNSHIPS = {"330399001": ("甲街道", (0, -500, 1000, 500)), "330399002": ("乙镇", (1000, -500, 2000, 500))}
CELLS = [("c1", 100, 0, 100, 20), ("c2", 900, 30, 50, 30), ("c3", 1500, 0, 30, 5), ("c4", 1900, 300, 20, 10)]


def write_tiny(folder: Path, toml: str = TOML) -> Path:
    """Write the district's folder and return it."""
    write_toml(folder, toml)
    GROUND.write_units(folder / "townships.gpkg", TOWNSHIPS)
    GROUND.write_streets(folder / "roads.gpkg", [(0, 0), (700, 0), (2000, 0)])
    GROUND.write_places(folder / "people.csv", ["id", "x", "y", "people", "age60"], CELLS)
    GROUND.write_places(folder / "clinics.csv", ["id", "name", "grade"], [("k1", "甲卫生院", "乡镇卫生院", 0, 0)])
    return folder
