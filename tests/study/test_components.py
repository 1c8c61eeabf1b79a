"""The parts of a network, on two islands computed by hand; and through the command line to every output."""

from __future__ import annotations

import json
import re

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.study import run_district
from tests.made import CRS, GROUND, ORIGIN_X, ORIGIN_Y
from tests.tiny import TOML, TOWNSHIPS, write_tiny

# The tiny district, and 3 km east of its street an island street of 1 km with 40 people, a clinic and a pharmacy, a boat between
# them; farther east a lighthouse road where nobody lives but a pharmacy stands.
FERRY = """
[[ferries]]
name = "小区—东岛"
from = [{from_lon}, {from_lat}]
to = [{to_lon}, {to_lat}]
minutes = 10
modes = ["walk"]
hours = ["06:30-18:00"]
"""
MORE = """
[[facilities]]
kind = "pharmacy"
path = "pharmacies.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name" }

[[rules]]
id = "care-walk-15"
facilities = { kind = ["clinic", "pharmacy"] }
mode = "walk"
minutes = 15
"""


def write_islands(folder):
    write_tiny(folder)
    island = {"330399003": ("东岛乡", (4500, -500, 9500, 500))}
    GROUND.write_units(folder / "townships.gpkg", {**TOWNSHIPS, **island})
    GROUND.write_streets(
        folder / "roads.gpkg", *([(low, 0), (high, 0)] for low, high in ((0, 2000), (5000, 6000), (8000, 8800)))
    )
    people = pd.read_csv(folder / "people.csv")
    people.loc[len(people)] = ["c5", ORIGIN_X + 5500, ORIGIN_Y, 40, 20]
    people.to_csv(folder / "people.csv", index=False)
    clinics = pd.read_csv(folder / "clinics.csv")
    clinics.loc[len(clinics)] = ["k2", "东岛卫生室", "村卫生室", ORIGIN_X + 5600, ORIGIN_Y]
    clinics.to_csv(folder / "clinics.csv", index=False)
    pd.DataFrame(
        [("p1", "东岛药店", ORIGIN_X + 5700, ORIGIN_Y), ("p2", "灯塔药店", ORIGIN_X + 8200, ORIGIN_Y)],
        columns=["id", "name", "x", "y"],
    ).to_csv(folder / "pharmacies.csv", index=False)
    ends = gpd.GeoSeries.from_xy([ORIGIN_X + 2000, ORIGIN_X + 5000], [ORIGIN_Y, ORIGIN_Y], crs=CRS).to_crs(4326)
    ferry = FERRY.format(from_lon=ends.x[0], from_lat=ends.y[0], to_lon=ends.x[1], to_lat=ends.y[1])
    (folder / "district.toml").write_text(TOML + MORE + ferry, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_islands(tmp_path_factory.mktemp("islands") / "tiny")


@pytest.fixture(scope="module")
def runs(folder):
    return {at: run_district(folder, at=at) for at in (None, "22:30")}


def test_people_facilities_names_and_links(runs):
    found = [
        (part.part, part.length_km, part.people, dict(part.facilities), part.name, part.joined)
        for part in runs[None].parts
    ]
    expected = [
        # c4 with 20 people lives 300 m off the street, farther than max_access_m.
        # 150 of the 180 live in the first township: more than four fifths.
        (0, pytest.approx(2.0), 180, {"clinic": 1}, "甲街道等", "main"),
        (1, pytest.approx(1.0), 40, {"clinic": 1, "pharmacy": 1}, "东岛乡", "ferry"),
        (2, pytest.approx(0.8), 0, {"pharmacy": 1}, "灯塔药店", "none"),
        (-1, 0.0, 20, {}, "乙镇", "no_street"),
    ]
    assert found == expected


def test_a_ferry_that_does_not_sail_cuts_the_part_off(runs):
    assert [part.joined for part in runs["22:30"].parts] == ["main", "none", "none", "no_street"]
    for at, study in runs.items():
        minutes = dict(zip(study.cells.id, study.results["clinic-walk-15"].nearest.cost, strict=True))
        assert minutes["c5"] == pytest.approx(100 / 60), at
        assert sum(part.people for part in study.parts) == pytest.approx(study.cells.people.sum(), abs=1e-9)
        assert [closure.name for closure in study.closures] == (["小区—东岛"] if at else [])


def test_the_command_line_tells_of_parts_and_closures_everywhere(folder, tmp_path):
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path), "--at", "22:30"])
    assert result.exit_code == 0, result.output
    assert "东岛乡" in result.output
    assert "小区—东岛 (06:30-18:00)" in result.output
    tables = tmp_path / "data/processed/tiny/2025"
    assert (tables / "network_parts.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(tables / "network_parts.csv")
    assert table["people"].tolist() == [180, 40, 0, 20]
    assert table["facilities"].tolist() == [1, 2, 1, 0]
    assert table["clinic__facilities"].tolist() == [1, 1, 0, 0]
    manifest = json.loads((tables / "manifest.json").read_text("utf-8"))
    assert manifest["district"]["at"] == "22:30"
    assert [(one["name"], one["why"]) for one in manifest["closed"]] == [("小区—东岛", "hours")]
    assert "data/processed/tiny/2025/network_parts.csv" in manifest["outputs"]
    page = (tmp_path / "maps/tiny/2025/index.html").read_text("utf-8")
    shown = json.loads(re.search(r'<script id="study" type="application/json">(.*?)</script>', page).group(1))
    assert shown["links"]["at"] == "22:30"
    assert [row["name"] for row in shown["links"]["parts"][0]["parts"]] == [
        "甲街道等",
        "东岛乡",
        "灯塔药店",
        "乙镇",
    ]
    issues = pd.read_csv(tables / "issues.csv")
    assert "小区—东岛" in issues.loc[issues["code"] == "ferry-not-sailing", "found"].item()


def test_a_time_that_is_none_is_a_wrong_call(folder, tmp_path):
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path), "--at", "夜里"])
    assert result.exit_code == 2
    assert "--at" in result.output
    checked = CliRunner().invoke(app, ["check", str(folder), "--at", "夜里"])
    assert (checked.exit_code, "--at" in checked.output) == (2, True)
    assert not (tmp_path / "data").exists()


def test_a_landing_far_from_any_street_is_said(tmp_path):
    copy = write_islands(tmp_path / "tiny")
    text = (copy / "district.toml").read_text("utf-8")
    (copy / "district.toml").write_text(re.sub(r"to = \[[^\]]*\]", "to = [121.9, 27.9]", text), encoding="utf-8")
    study = run_district(copy)
    (said,) = [problem for problem in study.problems if problem.code == "network-ferry"]
    assert "小区—东岛" in said.found
    assert [part.joined for part in study.parts] == ["main", "none", "none", "no_street"]
