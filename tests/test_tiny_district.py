"""The whole way from files to files, on a district computed by hand (see ``tests/tiny.py``)."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.indicators.figures import COLUMNS
from tests.tiny import TOML, write_tiny


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny")
    result = CliRunner().invoke(app, ["run", str(write_tiny(root / "tiny")), "--out", str(root)])
    assert result.exit_code == 0, result.output
    assert "甲街道" in result.output
    return root


@pytest.fixture(scope="module")
def processed(out):
    return out / "data" / "processed" / "tiny" / "2025"


@pytest.fixture(scope="module")
def indicators(processed):
    return pd.read_csv(processed / "indicators.csv", dtype={"unit_code": str})


def row(indicators, indicator, code):
    found = indicators[(indicators["indicator"] == indicator) & (indicators["unit_code"] == code)]
    assert len(found) == 1
    return found.iloc[0]


def test_every_file_of_the_contract_is_there(out, processed):
    names = {
        "indicators.csv",
        "indicators.parquet",
        "cells.parquet",
        "facilities.parquet",
        "coverage.gpkg",
        "gaps.csv",
        "gaps.parquet",
        "sites.csv",
        "sites.parquet",
        "issues.csv",
        "network_parts.csv",
        "targets.csv",
        "sensitivity.csv",
        "sensitivity_alternatives.csv",
        "manifest.json",
    }
    assert {path.name for path in processed.iterdir()} == names
    assert {path.name for path in (out / "maps" / "tiny" / "2025").iterdir()} == {"index.html", "指标监测表.xlsx"}
    assert not list(out.rglob("*.new-*"))
    assert not list(out.rglob("*publishing*"))


def test_minutes_to_the_nearest_clinic(processed):
    cells = pd.read_parquet(processed / "cells.parquet").set_index("cell_id")
    # 100; 900 along and 30 off; 1500; 300 m off the street is farther than max_access_m.
    np.testing.assert_allclose(cells["clinic-walk-15__min"], np.array([100, 930, 1500, np.nan]) / 60, atol=1e-9)
    np.testing.assert_allclose(cells["clinic-walk-1000m__m"], [100, 930, 1500, np.nan], atol=1e-9)
    assert cells["clinic-walk-15__facility"].tolist()[:3] == ["k1"] * 3
    assert pd.isna(cells.loc["c4", "clinic-walk-15__facility"])
    assert cells["township_code"].tolist() == ["330399001"] * 2 + ["330399002"] * 2
    assert cells["people"].tolist() == [100, 50, 30, 20]
    assert cells["age60"].tolist() == [20, 30, 5, 10]


def test_coverage_low_high_and_unreachable(indicators):
    assert list(indicators.columns) == list(COLUMNS)
    district = row(indicators, "clinic-walk-15", "330399")
    assert (district["numerator"], district["denominator"]) == (100, 200)
    # At 0.8 times the speed 720 s remain, at 1.2 times 1080: the first cell, and the first two.
    assert (district["value"], district["low"], district["high"]) == (50, 50, 75)
    assert row(indicators, "clinic-walk-15", "330399001")["value"] == pytest.approx(100 * 100 / 150)
    assert row(indicators, "clinic-walk-15", "330399002")["value"] == 0
    assert row(indicators, "clinic-walk-15-unreachable", "330399")["numerator"] == 20
    assert row(indicators, "clinic-walk-15-age60", "330399")["value"] == pytest.approx(100 * 20 / 65)
    metres = row(indicators, "clinic-walk-1000m", "330399")
    assert (metres["numerator"], metres["low"], metres["high"], metres["limit_unit"]) == (150, 75, 75, "m")


def test_status_follows_the_target(indicators):
    assert row(indicators, "clinic-walk-15", "330399001")["status"] == "如期"
    assert row(indicators, "clinic-walk-15", "330399002")["status"] == "未达标"
    assert row(indicators, "clinic-walk-15", "330399")["target"] == 60
    assert row(indicators, "clinic-walk-1000m", "330399")["status"] == "无目标"


def test_townships_add_up_to_the_district_and_people_are_conserved(indicators, processed):
    for indicator, rows in indicators.groupby("indicator"):
        district = rows[rows["level"] == "district"].iloc[0]
        townships = rows[rows["level"] == "township"]
        assert townships["numerator"].sum() == pytest.approx(district["numerator"], abs=1e-9), indicator
        assert townships["denominator"].sum() == pytest.approx(district["denominator"], abs=1e-9), indicator
    manifest = json.loads((processed / "manifest.json").read_text("utf-8"))
    sums = manifest["conservation"]["clinic-walk-15"]
    assert (sums["covered"], sums["uncovered"], sums["unreachable"], sums["people"]) == (100, 80, 20, 200)


def test_facilities_say_whom_they_serve(processed):
    clinic = pd.read_parquet(processed / "facilities.parquet").iloc[0]
    assert (clinic["facility_id"], clinic["kind"], clinic["status"], clinic["access_m"]) == ("k1", "clinic", "used", 0)
    assert (clinic["clinic-walk-15__people_within"], clinic["clinic-walk-15__people_nearest"]) == (100, 180)
    assert clinic["grade"] == "乡镇卫生院"
    assert clinic["is_inside"]


def test_layers_open_in_a_gis(processed):
    layers = dict(pyogrio.list_layers(processed / "coverage.gpkg"))
    areas = dict.fromkeys(
        ["district", "township", "isochrones", "isochrones_by_facility", "catchments", "gaps"], "MultiPolygon"
    )
    assert layers == {**areas, "facilities": "Point", "sites": "Point"}
    townships = gpd.read_file(processed / "coverage.gpkg", layer="township")
    assert townships.crs.to_epsg() == 4549
    assert townships["clinic-walk-15"].tolist() == pytest.approx([200 / 3, 0])
    assert townships["clinic-walk-15_uncovered"].tolist() == [50, 50]


def test_the_manifest_names_inputs_parameters_and_outputs(processed):
    manifest = json.loads((processed / "manifest.json").read_text("utf-8"))
    assert {source["path"] for source in manifest["inputs"]} == {
        "townships.gpkg",
        "people.csv",
        "clinics.csv",
        "roads.gpkg",
    }
    assert all(
        source["rows"] == source["used"] + source["repaired"] + source["set_aside"] for source in manifest["inputs"]
    )
    assert manifest["parameters"]["modes"]["walk"]["speed_kph"] == 3.6
    assert manifest["parameters"]["rules"]["clinic-walk-15"]["minutes"] == 15
    assert "data/processed/tiny/2025/indicators.csv" in manifest["outputs"]
    assert "maps/tiny/2025/index.html" in manifest["outputs"]


def test_the_same_inputs_give_the_same_bytes(out, processed, tmp_path):
    result = CliRunner().invoke(app, ["run", str(out / "tiny"), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    again = tmp_path / "data" / "processed" / "tiny" / "2025"
    for path in processed.iterdir():
        if path.name != "manifest.json":  # it has the timings
            assert path.read_bytes() == (again / path.name).read_bytes(), path.name
    page = "maps/tiny/2025/index.html"
    assert (out / page).read_bytes() == (tmp_path / page).read_bytes()


def test_year_and_rule_can_be_chosen(out, tmp_path):
    call = [
        "run",
        str(out / "tiny"),
        "--out",
        str(tmp_path),
        "--year",
        "2030",
        "--rule",
        "clinic-walk-15",
        "--no-map",
        "--json",
    ]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert [entry["rule"] for entry in summary["rules"]] == ["clinic-walk-15"]
    assert summary["rules"][0]["share_pct"] == 50
    table = pd.read_csv(tmp_path / "data/processed/tiny/2030/indicators.csv")
    assert set(table["year"]) == {2030}
    assert not (tmp_path / "maps/tiny/2030/index.html").exists()


def test_row_order_does_not_matter(processed, tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    people = pd.read_csv(folder / "people.csv")
    people.iloc[::-1].to_csv(folder / "people.csv", index=False)
    assert CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path), "--no-map"]).exit_code == 0
    assert (tmp_path / "data/processed/tiny/2025/indicators.csv").read_bytes() == (
        processed / "indicators.csv"
    ).read_bytes()


def test_ready_minutes_are_part_of_the_limit_and_of_the_minutes(tmp_path):
    rule = """
[[rules]]
id = "visit"
facilities = { kind = "clinic" }
mode = "walk"
minutes = 18
ready_minutes = 3
direction = "from"
levels = ["district"]
"""
    folder = write_tiny(tmp_path / "tiny", TOML + rule)
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path), "--no-map", "--rule", "visit"])
    assert result.exit_code == 0, result.output
    cells = pd.read_parquet(tmp_path / "data/processed/tiny/2025/cells.parquet")
    np.testing.assert_allclose(cells["visit__min"], np.array([100, 930, 1500, np.nan]) / 60 + 3)
    table = pd.read_csv(tmp_path / "data/processed/tiny/2025/indicators.csv")
    # 15 minutes are left to travel: as the clinic rule, low and high too.
    one = table[table["indicator"] == "visit"].iloc[0]
    assert (one["value"], one["low"], one["high"]) == (50, 50, 75)
    assert set(table["level"]) == {"district"}
