"""The gaps of a made district, by hand: a river, a full clinic, a far hamlet, one nobody mapped, and one on streets of its own."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.study import run_district
from tests.gaps.district import HOMES, TOML, write_gaps_district
from tests.made import ORIGIN_X, ORIGIN_Y


def run(folder, out):
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(out), "--no-map", "--no-areas"])
    assert result.exit_code == 0, result.output
    return out / "data" / "processed" / "gaps" / "2025", result.output


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    root = tmp_path_factory.mktemp("gaps")
    return run(write_gaps_district(root / "gaps"), root)


@pytest.fixture(scope="module")
def gaps(tables):
    found = gpd.read_parquet(tables[0] / "gaps.parquet")
    return found.set_index(found["name"].str.slice(2, 5).str.rstrip("（"))  # 甲镇 and then the village


def test_every_cause_is_named_right_and_ranked_by_people(gaps):
    assert gaps["cause"].to_dict() == {
        "河北村": "cut_off", "远村": "too_far", "荒村": "no_roads", "近村": "full", "岛村": "cut_off",
    }  # fmt: skip
    assert gaps["people"].tolist() == [80, 60, 45, 40, 22]
    assert gaps["rank"].tolist() == [1, 2, 3, 4, 5]
    assert gaps["cells"].tolist() == [2, 2, 2, 1, 2]
    assert gaps["age60"].tolist() == [20, 12, 9, 10, 6]
    assert (gaps["rule"] == "clinic-walk-15").all()
    assert gaps.loc["近村", "indicator"] == "clinic-places"
    assert (gaps["indicator"] == "clinic-walk-15").sum() == 4
    assert gaps["people_pct"].tolist() == pytest.approx([100 * n / 347 for n in (80, 60, 45, 40, 22)])


def test_the_river_is_the_barrier_between_streets_that_meet_far_off(gaps):
    river = gaps.loc["河北村"]
    # r1: 2600 m east, 400 m south, 2600 m back; r2 200 m less.
    assert river["minutes"] == pytest.approx((60 * 5600 + 20 * 5400) / 80 / 60)
    crow = (60 * 400 + 20 * np.hypot(200, 400)) / 80
    assert river["crow_m"] == pytest.approx(crow)
    assert river["crow_minutes"] == pytest.approx(1.6 * crow / 60)
    assert river["detour"] == pytest.approx((60 * 5600 + 20 * 5400) / 80 / crow)
    assert (river["link"], river["barrier"], river["nearest_facility"], river["crow_facility"]) == (
        "same",
        "大河",
        "k1",
        "k1",
    )
    assert "大河" in river["evidence_zh"]
    assert "大河" in river["evidence_en"]
    assert "桥" in river["work_zh"]


def test_streets_of_their_own_are_a_missing_link(gaps):
    island = gaps.loc["岛村"]
    assert (island["link"], island["barrier"], island["nearest_facility"]) == ("none", "", "")
    assert np.isnan(island["minutes"])
    assert np.isnan(island["detour"])
    assert island["people_unreachable"] == 22
    assert island["crow_m"] == pytest.approx((12 * 400 + 10 * np.hypot(100, 400)) / 22)
    assert "不可达" in island["evidence_zh"]


def test_far_is_connected_and_slower(gaps):
    far = gaps.loc["远村"]
    assert far["minutes"] == pytest.approx(5050 / 60)
    assert far["detour"] == pytest.approx(1)
    assert (far["link"], far["people_unreachable"]) == ("", 0)
    assert "新建" in far["work_zh"]


def test_where_no_way_is_mapped_one_surveys_first(gaps):
    unmapped = gaps.loc["荒村"]
    assert np.isnan(unmapped["minutes"])
    assert "250 米内没有路网道路" in unmapped["evidence_zh"]
    assert "先核实道路" in unmapped["work_zh"]


def test_who_finds_no_place_is_full(gaps):
    full = gaps.loc["近村"]
    # 100 places: n1 and n2 take them, and the 40 of n3, 400 m away, find none.
    assert (full["nearest_facility"], full["capacity"], full["people_served"]) == ("k1", 100, 100)
    assert full["minutes"] == pytest.approx(400 / 60)
    assert full["work_zh"] == "扩容"
    assert "甲卫生院" in full["evidence_zh"]


def test_names_and_codes(gaps):
    # Most of 近村's people are served: the gap lies 110 m east of the middle of its people, too near for a direction.
    assert gaps["name"].tolist() == ["甲镇河北村", "甲镇远村", "甲镇荒村", "甲镇近村", "甲镇岛村"]
    assert (gaps["township_code"] == "330399001").all()
    assert gaps.loc["荒村", "village_code"] == "330399001003"


def test_people_are_conserved(tables, gaps):
    sums = json.loads((tables[0] / "manifest.json").read_text("utf-8"))["conservation"]["clinic-walk-15"]
    of_rule = gaps[gaps["indicator"] == gaps["rule"]]
    assert of_rule["people"].sum() == pytest.approx(sums["uncovered"] + sums["unreachable"], abs=1e-9)
    assert (
        gaps[[f"people_{cause}" for cause in ("too_far", "cut_off", "full", "no_roads")]].sum(axis=1).tolist()
        == gaps["people"].tolist()
    )


def test_every_home_of_a_gap_lies_in_its_ground(gaps):
    assert gaps.geometry.is_valid.all()
    assert (gaps.geometry.geom_type == "MultiPolygon").all()
    homes = {name: shapely.Point(ORIGIN_X + x, ORIGIN_Y + y) for name, x, y, _, _ in HOMES}
    of_gap = {"河北村": "r1 r2", "远村": "f1 f2", "荒村": "w1 w2", "近村": "n3", "岛村": "i1 i2"}
    for village, names in of_gap.items():
        assert gaps.geometry[village].covers(shapely.union_all([homes[name] for name in names.split()]))
        assert shapely.intersects(gaps.geometry[village], list(homes.values())).sum() == len(names.split())


def test_a_sheet_a_layer_a_summary_and_the_manifest(tables, gaps):
    folder, said = tables
    sheet = pd.read_csv(folder / "gaps.csv", encoding="utf-8-sig", dtype={"village_code": str})
    assert sheet["name"].tolist() == gaps["name"].tolist()
    assert "geometry" not in sheet
    layer = gpd.read_file(folder / "coverage.gpkg", layer="gaps")
    assert layer["cause"].tolist() == gaps["cause"].tolist()
    assert layer.crs == gaps.crs
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["gaps"]["detour_factor"] == 1.6
    assert manifest["gaps"]["rules"]["clinic-walk-15"]["cut_off"] == {"gaps": 2, "people": 102}
    assert any(name.endswith("/gaps.parquet") for name in manifest["outputs"])
    assert "缺口 gaps 5" in said
    assert "甲镇河北村 80 人" in said


def test_the_same_bytes_again_whatever_the_order_of_homes(tables, tmp_path):
    again, _ = run(write_gaps_district(tmp_path / "gaps"), tmp_path)
    for name in ("gaps.parquet", "gaps.csv", "coverage.gpkg"):
        assert (again / name).read_bytes() == (tables[0] / name).read_bytes()
    turned, _ = run(write_gaps_district(tmp_path / "turned", homes=HOMES[::-1]), tmp_path / "out")
    sheets = [pd.read_csv(folder / "gaps.csv", encoding="utf-8-sig") for folder in (turned, tables[0])]
    pd.testing.assert_frame_equal(*sheets, rtol=1e-12)


def test_a_rule_with_no_facility_is_too_far_from_everything(tmp_path):
    folder = write_gaps_district(tmp_path / "gaps")
    clinics = pd.read_csv(folder / "clinics.csv")
    clinics.iloc[:0].to_csv(folder / "clinics.csv", index=False)  # a list on which nothing stands
    found = run_district(folder, with_areas=False).gaps["clinic-walk-15"].frame
    assert set(found["cause"]) == {"too_far", "no_roads"}
    assert found["people"].sum() == 347
    assert (found["crow"] == -1).all()


def test_an_if_has_no_gaps(tmp_path):
    study = run_district(
        write_gaps_district(tmp_path / "gaps", TOML.replace("minutes = 15", "minutes = 15\nscenario = true"))
    )
    assert study.gaps == {}


def test_everyone_covered_is_no_gap_and_an_empty_table(tmp_path):
    toml = TOML.split("[[indicators]]")[0].replace("minutes = 15", "metres = 90000")
    homes = [home for home in HOMES if home[0][0] in "nfr"]
    folder, said = run(write_gaps_district(tmp_path / "gaps", toml, homes), tmp_path)
    assert not len(gpd.read_parquet(folder / "gaps.parquet"))
    assert "缺口 gaps" not in said


def test_the_empty_table_has_the_columns_of_a_full_one(tables, tmp_path):
    toml = TOML.split("[[indicators]]")[0].replace("minutes = 15", "metres = 90000")
    folder, _ = run(write_gaps_district(tmp_path / "gaps", toml, HOMES[:3]), tmp_path)
    empty, full = (gpd.read_parquet(one / "gaps.parquet") for one in (folder, tables[0]))
    assert not len(empty)
    assert list(empty.columns) == list(full.columns)
