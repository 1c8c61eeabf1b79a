"""The scenarios of the demonstration district: the boats to 鹿西, the schools' grounds, a health station."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from tests.districts.demonstration import FOLDER, run_demonstration

from lifecircle.study import run_district

pytestmark = pytest.mark.slow

BOATS = '["洞头—鹿西航线", "大门—鹿西航线"]'
KEY = ["indicator", "level", "unit_code"]


@pytest.fixture(scope="module")
def study():
    return run_demonstration()


@pytest.fixture(scope="module")
def table(study):
    return study.tables["scenarios"]


def test_closing_the_boats_is_the_district_whose_boats_are_closed(study, table, tmp_path_factory):
    """Every figure of every unit, those that the scenario did not compute again too."""
    folder = tmp_path_factory.mktemp("closed") / "dongtou"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("build", "__pycache__"))
    toml = (folder / "district.toml").read_text("utf-8")
    toml = toml.replace('path = "dongtou.osm.pbf"', f'path = "dongtou.osm.pbf"\nclosed = {BOATS}')
    (folder / "district.toml").write_text(toml[: toml.index("[[scenarios]]")], encoding="utf-8")
    closed = run_district(folder, with_areas=False, with_plans=False).indicators.set_index(KEY)
    base = study.indicators.set_index(KEY)
    differing = table[table["scenario"] == "luxi-ferry-closed"].set_index(KEY)
    assert closed.index.equals(base.index)
    assert differing.index.isin(base.index).all()
    for name in ("value", "numerator", "denominator"):
        expected = base[name].copy()
        expected.loc[differing.index] = differing[name].astype(np.float64)
        np.testing.assert_allclose(closed[name].astype(float), expected.astype(float), rtol=1e-9, atol=1e-9)
    expected = base["status"].copy()
    expected.loc[differing.index] = differing["status"]
    assert (closed["status"] == expected).all()


def test_without_boats_the_people_of_luxi_reach_no_hospital(study, table):
    rows = table[
        (table["scenario"] == "luxi-ferry-closed") & (table["indicator"] == "hospital-30min-drive-unreachable")
    ]
    township = rows[rows["level"] == "township"]
    assert township["unit_name"].tolist() == ["鹿西乡"]
    on_luxi = study.indicators[
        (study.indicators["indicator"] == "hospital-30min-drive") & (study.indicators["unit_name"] == "鹿西乡")
    ]["denominator"].iloc[0]
    assert township["value"].iloc[0] == pytest.approx(100)
    assert township["numerator"].iloc[0] == pytest.approx(on_luxi)
    district = rows[rows["level"] == "district"]
    assert district["numerator_difference"].iloc[0] == pytest.approx(township["numerator_difference"].iloc[0])


def test_opening_every_school_takes_nothing_from_anyone(table):
    rows = table[(table["scenario"] == "schools-open") & table["indicator"].str.startswith("fitness-10min")]
    rows = rows[~rows["indicator"].str.endswith("-unreachable")]
    assert len(rows)
    assert (rows["numerator_difference"] >= 0).all()


def test_a_larger_station_serves_more_and_is_reached_by_the_same(table):
    rows = table[table["scenario"] == "chengzhong-station-doubled"]
    room = rows[(rows["indicator"] == "clinic-room") & (rows["level"] == "district")]
    assert room["numerator_difference"].iloc[0] > 0
    assert "clinic-15min-walk" not in set(rows["indicator"])
    assert pd.notna(rows["base"]).all()
