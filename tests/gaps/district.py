"""A district with every kind of gap, small enough to compute by hand.

On foot 1 m/s, so metres are seconds; 15 minutes are 900 m; the clinic is at (0, 0) and serves 100.::

    y  2000   荒村 x 3000, no street within 250 m
        400   河北村 x 0-200  =====================================+ north street, 0-2600
        200   ~~~~~~~~~~~~~~~~~ 大河, x -500 to 2500 ~~~~~~~~      |
          0   clinic == 近村 x 200-400 ===========================+=========== 远村 x 5000 == 6000
       -400   岛村 x 0-100  ======== 0-800, joined to nothing
"""

from __future__ import annotations

from pathlib import Path

from tests.made import GROUND, ROADS, WALK, head, people_toml, places_toml, units_toml, write_layer, write_toml

TOML = (
    head("gaps", "缺口区", "Gaps")
    + people_toml("age60")
    + units_toml("village")
    + places_toml("clinic", "clinics.csv", 'id = "id", name = "name", daily = "daily"')
    + ROADS
    + '\n[[terrain.barriers]]\npath = "rivers.gpkg"\n'
    + WALK
    + """
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


def write_gaps_district(folder: Path, toml: str = TOML, homes=HOMES) -> Path:
    """Write the district's folder and return it."""
    write_toml(folder, toml)
    villages = {f"330399001{n:03d}": village for n, village in enumerate(VILLAGES.items(), 1)}
    GROUND.write_units(folder / "villages.gpkg", villages)
    GROUND.write_units(folder / "townships.gpkg", {"330399001": ("甲镇", (-1000, -1000, 7000, 3000))})
    GROUND.write_streets(folder / "roads.gpkg", *STREETS)
    write_layer(folder / "rivers.gpkg", [GROUND.line(*RIVER)], name=["大河"])
    GROUND.write_places(folder / "people.csv", ["id", "x", "y", "people", "age60"], homes)
    GROUND.write_places(folder / "clinics.csv", ["id", "name", "daily"], [("k1", "甲卫生院", 100, 0, 0)])
    return folder
