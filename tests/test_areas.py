"""What a run draws of the district computed by hand (see ``tests/tiny.py``): isochrones, catchments and who has a choice."""

from __future__ import annotations

import json
from itertools import pairwise
from math import pi

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from rasterio import Affine
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.config import Rule, load_bands
from lifecircle.study import run_district
from tests.made import ORIGIN_X, ORIGIN_Y
from tests.tiny import TOML, write_tiny


def run(folder, out, *options):
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(out), "--no-map", *options])
    assert result.exit_code == 0, result.output
    return out / "data" / "processed" / "tiny" / "2025"


@pytest.fixture(scope="module")
def one_clinic(tmp_path_factory):
    root = tmp_path_factory.mktemp("areas")
    return run(write_tiny(root / "tiny"), root)


@pytest.fixture(scope="module")
def two_clinics(tmp_path_factory):
    """A second clinic at 950 m along the street."""
    root = tmp_path_factory.mktemp("choice")
    folder = write_tiny(root / "tiny")
    clinics = pd.read_csv(folder / "clinics.csv")
    clinics.loc[1] = ["k2", "二院", "医院", ORIGIN_X + 950, ORIGIN_Y]
    clinics.to_csv(folder / "clinics.csv", index=False)
    return run(folder, root)


def layer(processed, name):
    frame = gpd.read_file(processed / "coverage.gpkg", layer=name)
    return frame[frame["rule"] == "clinic-walk-15"].reset_index(drop=True)


def rule_of(**limits):
    return Rule(id="r", facilities={"kind": "clinic"}, mode="walk", **limits)


@pytest.mark.parametrize(
    ("limits", "bands"),
    [
        ({"minutes": 15}, (5, 10, 15)),
        ({"minutes": 30}, (10, 20, 30)),
        ({"minutes": 10}, (5, 10)),
        ({"minutes": 4}, (2, 4)),
        ({"minutes": 7}, (3.5, 7)),
        ({"minutes": 12, "ready_minutes": 3}, (6, 9, 12)),
        ({"metres": 500}, (250, 500)),
        ({"metres": 1000}, (500, 1000)),
        ({"metres": 300}, (100, 200, 300)),
    ],
)
def test_bands_end_on_numbers_a_plan_can_say_and_at_the_limit(limits, bands):
    assert load_bands().cut(rule_of(**limits)) == bands


def area_by_hand(limit_s):
    """A lens along the street, at most 250 m to either side, that tapers at its far end; half a disc behind the clinic."""
    return pi * 250**2 / 2 + 2 * (250 * (limit_s - 250) + 250**2 / 2)


def test_the_bands_of_one_clinic_have_the_areas_and_the_people_computed_by_hand(one_clinic):
    bands = layer(one_clinic, "isochrones")
    assert bands["limit"].tolist() == [5, 10, 15]
    assert set(bands["limit_unit"]) == {"min"}
    assert set(bands["facility_id"]) == {""}
    assert bands.crs.to_epsg() == 4549
    np.testing.assert_allclose(bands.area, [area_by_hand(limit) for limit in (300, 600, 900)], rtol=0.005)
    assert bands["people_inside"].tolist() == [100, 100, 100]
    assert bands["people_covered"].tolist() == [100, 100, 100]
    assert (bands["outside_share"] <= 0.005).all()
    assert (bands["slower_share"] <= 0.01).all()
    for smaller, larger in pairwise(bands.geometry):
        assert shapely.difference(smaller, larger).area < 1e-6


def test_one_facility_s_area_and_catchment_are_the_dissolved_one(one_clinic):
    whole = layer(one_clinic, "isochrones").geometry.iloc[-1]
    own, catchment = layer(one_clinic, "isochrones_by_facility"), layer(one_clinic, "catchments")
    assert (own["facility_id"].tolist(), own["limit"].tolist(), own["people_covered"].tolist()) == (["k1"], [15], [100])
    assert (catchment["facility_id"].tolist(), catchment["people"].tolist(), catchment["age60"].tolist()) == (
        ["k1"],
        [100],
        [20],
    )
    for shape in (own.geometry.iloc[0], catchment.geometry.iloc[0]):
        assert shapely.symmetric_difference(shape, whole).area < 0.005 * whole.area


def test_catchments_part_half_way_and_hold_the_covered_people(two_clinics):
    catchments = layer(two_clinics, "catchments").set_index("facility_id")
    assert catchments["people"].to_dict() == {"k1": 100, "k2": 80}
    first, second = catchments.geometry["k1"], catchments.geometry["k2"]
    assert shapely.intersection(first, second).area < 1e-6
    assert first.bounds[2] - ORIGIN_X == pytest.approx(475, abs=20)
    assert second.bounds[0] - ORIGIN_X == pytest.approx(475, abs=20)
    covered = pd.read_parquet(two_clinics / "indicators.parquet").set_index(["indicator", "level"])
    assert catchments["people"].sum() == covered.loc[("clinic-walk-15", "district"), "numerator"]


def test_who_has_a_choice_by_unit_and_in_total(two_clinics):
    """c1 has both within 900 s, c2 and c3 one, c4 none."""
    table = pd.read_csv(two_clinics / "indicators.csv", dtype={"unit_code": str})
    rows = table[table["indicator"] == "clinic-walk-15-choice2"].set_index("unit_code")
    assert rows["numerator"].to_dict() == {"330399": 100, "330399001": 100, "330399002": 0}
    assert rows.loc["330399", "value"] == 50
    assert rows.loc["330399001", "label_zh"].endswith("有两处及以上可选")
    manifest = json.loads((two_clinics / "manifest.json").read_text("utf-8"))
    assert manifest["areas"]["rules"]["clinic-walk-15"]["people_by_choices"] == {"0": 20, "1": 80, "2+": 100}


def test_the_manifest_says_how_bands_are_cut_and_that_the_cells_decide(one_clinic):
    areas = json.loads((one_clinic / "manifest.json").read_text("utf-8"))["areas"]
    assert areas["bands"]["parts"] == [3, 2]
    assert "数字以人口格为准" in areas["note"]
    band = areas["rules"]["clinic-walk-15"]["bands"][-1]
    assert (band["limit"], band["people_covered"], band["people_inside"], band["people_difference_share"]) == (
        15,
        100,
        100,
        0,
    )
    assert band["area_km2"] == pytest.approx(area_by_hand(900) / 1e6, rel=0.005)


def test_a_run_may_draw_nothing_and_says_the_same(one_clinic, tmp_path):
    bare = run(write_tiny(tmp_path / "tiny"), tmp_path, "--no-areas")
    assert not {"isochrones", "isochrones_by_facility", "catchments"} & {
        name for name, _ in pyogrio.list_layers(bare / "coverage.gpkg")
    }
    for name in ("indicators.csv", "cells.parquet", "facilities.parquet"):
        assert (bare / name).read_bytes() == (one_clinic / name).read_bytes()


TERRAIN = """
[terrain]
landcover = "landcover.tif"

[modes.hike]
engine = "terrain"
classes = { 1 = { as = "walk", speed_kph = 3.6 } }

[[rules]]
id = "hike"
facilities = { kind = "clinic" }
mode = "hike"
minutes = 15
"""


@pytest.mark.parametrize("crs", ["EPSG:4549", "EPSG:4550"])
def test_over_terrain_an_area_is_its_cells(tmp_path, crs):
    """A plain of 100 m cells with a wall across, open at one place; people are in the area exactly where their cells are in time."""
    folder = write_tiny(tmp_path / "tiny", TOML + TERRAIN)
    ground = np.ones((30, 40), dtype="uint8")
    ground[5:, 20] = 2  # no way of going: a barrier
    corner = gpd.GeoSeries([shapely.Point(ORIGIN_X - 1010, ORIGIN_Y + 1510)], crs="EPSG:4549").to_crs(crs).iloc[0]
    profile = {"driver": "GTiff", "width": 40, "height": 30, "count": 1, "dtype": "uint8", "nodata": 255, "crs": crs}
    with rasterio.open(
        folder / "landcover.tif", "w", transform=Affine(100, 0, corner.x, 0, -100, corner.y), **profile
    ) as target:
        target.write(ground, 1)
    study = run_district(folder, only_rules=("hike",))
    result, areas = study.results["hike"], study.areas["hike"]
    assert [area.limit for area in areas.bands] == [5, 10, 15]
    for area in (*areas.bands, *areas.by_facility):
        assert area.polygon.is_valid
        assert area.people_inside == area.people_covered
        assert area.slower_share == 0
        assert np.isnan(area.outside_share)
    for smaller, larger in pairwise(areas.bands):
        assert shapely.difference(larger.polygon, smaller.polygon).area > 0
        assert shapely.difference(smaller.polygon, larger.polygon).area < 1e-3
    assert areas.catchments[0].people == result.people[result.covered].sum()
    assert shapely.symmetric_difference(areas.catchments[0].polygon, areas.bands[-1].polygon).area < 1e-3
    if crs == "EPSG:4549":
        assert areas.bands[-1].polygon.area % 1e4 == pytest.approx(0, abs=1e-3)
