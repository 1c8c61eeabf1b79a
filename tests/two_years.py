"""The tiny district in two years, for comparisons computed by hand."""

from __future__ import annotations

import json

import pandas as pd
from typer.testing import CliRunner

from lifecircle.cli import app
from tests.made import GROUND
from tests.tiny import TOML, write_tiny

LATER = TOML.replace('grade = "grade" }', 'grade = "grade", opened = "year", closed_year = "until" }').replace(
    'path = "roads.gpkg"', 'path = "roads.gpkg"\nfields = { name = "name" }'
)
YEARS = """
[[years]]
year = 2022
population = { control = { path = "people_2022.csv", level = "township", id = "code", people = "people" } }
roads = { closed = ["新街"] }
"""
CAUSES = ["by_facilities", "by_people", "by_roads", "by_rule"]
CLINICS = (("k1", "甲卫生院", "乡镇卫生院", 0, "", ""), ("k2", "乙卫生院", "乡镇卫生院", 1100, "2024年5月", ""),
           ("k3", "旧卫生室", "村卫生室", 1900, 1990, 2020))  # fmt: skip


def write_clinics(folder, name, rows):
    """Write a list of clinics on the street: id, name, grade, x, year opened, year closed, and whatever else."""
    columns = ["id", "name", "grade", "x", "year", "until"]
    GROUND.write_places(folder / name, columns, [(*row[:6], 0) for row in rows])


def write_streets(folder, name, *ends):
    """Write streets along the axis, 老街 and 新街, each through these places."""
    streets = [[(x, 0) for x in each] for each in ends]
    GROUND.write_streets(folder / name, *streets, name=["老街", "新街"][: len(streets)])


def write_district(folder, toml=LATER + YEARS):
    """Write the tiny district with a second clinic of 2024 at 1100 m, and 新街 from 1200 m on, closed in 2022."""
    write_tiny(folder, toml)
    write_streets(folder, "roads.gpkg", (0, 700, 1200), (1200, 1600, 2000))
    write_clinics(folder, "clinics.csv", CLINICS)
    # 甲 120: 80 and 40 (150 in 2025: 100 and 50); 乙 80: 48 and 32 (50 in 2025: 30 and 20).
    pd.DataFrame({"code": ["330399001", "330399002"], "people": [120, 80]}).to_csv(
        folder / "people_2022.csv", index=False
    )
    return folder


def invoke(*arguments):
    """Call the command line."""
    return CliRunner().invoke(app, [str(one) for one in arguments])


def compare(folder, first, second, *more):
    """Compare two years and return changes by indicator and unit, the summary, and what was said."""
    done = invoke("compare", folder, first, second, "--out", folder, "--no-cache", *more)
    assert done.exit_code == 0, done.output
    made = folder / "data" / "processed" / "tiny" / f"compare-{first}-{second}"
    changes = pd.read_csv(made / "changes.csv", dtype={"unit_code": str})
    return (
        changes.set_index(["indicator", "unit_code"]),
        json.loads((made / "comparison.json").read_text("utf-8")),
        done,
    )


def parts_of(row):
    """Return the causes' parts and the residual of one change."""
    return row[[*CAUSES, "residual"]].astype(float).tolist()
