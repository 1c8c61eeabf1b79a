"""选址.xlsx and the layer of sites: see ``tests/study/test_siting.py`` for the district and its answers by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from tests.made import CRS, ORIGIN_X, ORIGIN_Y
from tests.outputs.reading import open_workbook, read_sheet, texts_of
from tests.study.test_siting import CANDIDATES, PARCELS, RULE
from tests.tiny import TOML, write_tiny

from lifecircle.config import Plan, Question
from lifecircle.outputs.layers import SITE_COLUMNS, sites_layer
from lifecircle.outputs.workbook import write_sites_workbook
from lifecircle.outputs.workbook.book import open_book
from lifecircle.outputs.workbook.sites import add_sites, question_text
from lifecircle.study import run_district
from lifecircle.study.layers import say_nothing
from lifecircle.study.siting import site_district

COUNTED = '[[indicators]]\nid = "clinics"\nmeasure = "count"\nof = { kind = "clinic" }\nunit = "处"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_tiny(tmp_path_factory.mktemp("sites") / "tiny", TOML + RULE + CANDIDATES)
    rows = [(name, ORIGIN_X + x, ORIGIN_Y, yuan, label) for name, x, yuan, label in PARCELS]
    pd.DataFrame(rows, columns=["id", "x", "y", "yuan", "name"]).to_csv(folder / "parcels.csv", index=False)
    return folder


def ask(folder, **question):
    layers, found, _ = site_district(folder, Plan(**{"id": "plan", "rule": "near", **question}), progress=say_nothing)
    return layers.district, found


@pytest.fixture(scope="module")
def answers(folder):
    """One site; the two that a budget buys; a share that nobody can reach; the least money to a share, with c3 for 乙镇's half."""
    asked = ({"count": 1}, {"budget_yuan": 25.0}, {"target": 1.0}, {"target": 0.7, "floor": 0.5})
    return [ask(folder, **{**question, "id": f"plan-{at}"})[1] for at, question in enumerate(asked)]


def test_the_workbook_says_what_was_found(folder, tmp_path):
    district, found = ask(folder, count=1)
    path = tmp_path / "选址.xlsx"
    write_sites_workbook(found, district, path)
    # p2 brings c2 and c3, 80 people; without it p1 would bring 50.
    row = read_sheet(path, "选址").iloc[0]
    assert (row["候选点"], row["所在"], row["新增人口"], row["累计人口"], row["累计 %"]) == ("p2", "乙地", 80, 180, 90)
    assert (row["造价（元）"], row["不选该点的影响"], row["代价计"]) == (30, 30, "人 people")
    assert "已证最优" in row["证明"]
    plan = read_sheet(path, "选址方案").iloc[0]
    assert (plan["候选点"], plan["计入人口"], plan["现已覆盖"], plan["建后覆盖"], plan["界"], plan["差距 %"]) == (
        3,
        200,
        100,
        180,
        180,
        0,
    )
    assert read_sheet(path, "选址曲线")["覆盖人口"].tolist() == [100, 180]
    targets = read_sheet(path, "达标处数").set_index("覆盖到 %")
    assert targets.loc[90, "至少几处"] == 1
    assert targets.loc[95, "至少几处"] == "做不到 impossible"
    assert len(open_workbook(path)["选址曲线"]._charts) == 1
    others = read_sheet(path, "方案敏感性检验")
    assert len(others) == len(found.assumptions) > 1
    assert others["方案覆盖"].tolist() == found.assumptions["people_covered"].tolist()
    assert others["少覆盖"].fillna(-1).tolist() == found.assumptions["regret"].fillna(-1).tolist()
    (tmp_path / "again").mkdir()
    again = tmp_path / "again" / "选址.xlsx"
    write_sites_workbook(found, district, again)
    assert again.read_bytes() == path.read_bytes()


def test_several_plans_stand_in_one_workbook(folder, answers, tmp_path):
    district, _ = ask(folder, count=1)
    path = tmp_path / "book.xlsx"
    with open_book(path, district, "2025") as book:
        add_sites(book, answers)
    table = read_sheet(path, "选址")
    assert table["候选点"].tolist() == ["p2", "p1", "p3", "p1", "p3"]
    plans = read_sheet(path, "选址方案")
    assert plans["新址"].tolist() == [1, 2, 0, 2]
    assert plans["建后覆盖"].isna().tolist() == [False, False, True, False], "nothing found is not nobody covered"
    assert read_sheet(path, "选址曲线")["方案"].unique().tolist() == plans["方案"].tolist(), (
        "plans of one rule are told apart"
    )
    assert plans["方案编号"].tolist() == ["plan-0", "plan-1", "plan-2", "plan-3"]
    assert "无解" in plans["证明"][2]
    assert plans["造价（元）"].dropna().tolist() == [30, 22, 22]


def test_where_there_is_no_plan_the_sheet_says_how_to_ask(folder, tmp_path):
    district, _ = ask(folder, count=1)
    path = tmp_path / "book.xlsx"
    with open_book(path, district, "2025") as book:
        add_sites(book, [])
    assert open_workbook(path).sheetnames == ["选址"]
    assert any("[[plans]]" in text for text in texts_of(path))


def test_the_question_is_told_in_words():
    told = question_text(Question(rule="near", budget_yuan=25_000, floor=0.8))
    assert "25,000 元" in told
    assert "80%" in told


def test_the_layer_has_one_point_a_site(answers):
    layer = sites_layer(answers, CRS)
    assert list(layer.columns) == [*SITE_COLUMNS, "geometry"]
    assert layer.crs.to_epsg() == 4549
    assert layer["candidate_id"].tolist() == ["p2", "p1", "p3", "p1", "p3"]
    assert layer["order"].tolist() == [1, 1, 2, 1, 2]
    assert layer["people_gained"].tolist() == [80, 50, 30, 50, 30]
    assert layer["cumulative_share_pct"].tolist() == [90, 75, 90, 75, 90]
    assert layer["gap"].tolist() == [0] * 5
    assert layer["bound"].tolist() == [180, 180, 180, 22, 22]
    assert (shapely.get_x(layer.geometry.to_numpy()) - ORIGIN_X).tolist() == [1100, 700, 1600, 700, 1600]


def test_a_parcel_is_a_point_inside_it(folder):
    _, found = ask(folder, count=1)
    parcel = shapely.box(0, 0, 10, 10).difference(shapely.box(2, 0, 8, 8))
    found.sites.geometry = [parcel]
    point = sites_layer([found], CRS).geometry.iloc[0]
    assert point.geom_type == "Point"
    assert parcel.contains(point)


def test_a_layer_without_a_site_has_the_same_columns(answers, tmp_path):
    full, empty = sites_layer(answers, CRS), sites_layer([answers[2]], CRS)
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes.astype(str).tolist() == full.dtypes.astype(str).tolist()
    empty.to_parquet(tmp_path / "sites.parquet")
    assert gpd.read_parquet(tmp_path / "sites.parquet").crs.to_epsg() == 4549


def test_a_run_always_has_both_layers(tmp_path):
    """Everyone covered and no plan: gaps and sites stand, empty, with their columns and kinds."""
    from lifecircle.outputs.publish import publish_study

    everyone = TOML.replace("minutes = 15", "minutes = 60").replace("metres = 1000", "metres = 9000")
    everyone = everyone.replace("max_access_m = 250", "max_access_m = 900")
    study = run_district(write_tiny(tmp_path / "tiny", everyone), with_areas=False)
    paths = publish_study(study, tmp_path / "out", with_map=False, progress=say_nothing)
    folder = next(path for path in paths if path.name == "gaps.parquet").parent
    assert len(gpd.read_parquet(folder / "gaps.parquet")) == 0
    assert list(gpd.read_parquet(folder / "sites.parquet").columns) == [*SITE_COLUMNS, "geometry"]
    kinds = dict(pyogrio.list_layers(folder / "coverage.gpkg"))
    assert (kinds["gaps"], kinds["sites"]) == ("MultiPolygon", "Point")
    wanted = {"rule", "rank", "people", "cause", "nearest_facility", "minutes"}
    assert wanted <= set(pyogrio.read_info(folder / "coverage.gpkg", layer="gaps")["fields"])


def test_a_study_without_rules_has_the_columns_of_gaps_too(tmp_path):
    from lifecircle.outputs.gaps import gap_table

    with_rules = run_district(write_tiny(tmp_path / "with"), with_areas=False)
    without = run_district(
        write_tiny(tmp_path / "without", TOML[: TOML.index("[[rules]]")] + COUNTED), with_areas=False
    )
    assert not without.gaps
    assert list(gap_table(without).columns) == list(gap_table(with_rules).columns)
    assert np.isfinite(gap_table(with_rules)["people"]).all()
