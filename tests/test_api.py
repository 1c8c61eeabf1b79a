"""The Python door: frames with ids, units and CRS; the same figures as a run; and reach from frames alone."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import lifecircle as lc
from lifecircle.problems import InputError
from tests.made import CRS, GROUND, WALK
from tests.tiny import TOML, write_tiny
from tests.two_years import LATER, YEARS, write_district

RULE = "clinic-walk-15"
WALKING = {"speed_kph": 3.6, "access_kph": 3.6, "max_access_m": 250, "direct_m": 0, "min_fragment_m": 500}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("api") / "tiny")


@pytest.fixture(scope="module")
def study(folder):
    return lc.run(folder, areas=True, cache=False)


def test_coverage_by_unit_is_indexed_by_code_and_has_its_polygons(study):
    found = study.coverage(RULE)
    assert found.index.name == "unit_code"
    assert found["value"].to_dict() == {"330399001": pytest.approx(100 * 100 / 150), "330399002": 0}
    assert found.crs == CRS
    assert found.geometry.area.tolist() == [1e6, 1e6]
    whole = study.coverage(RULE, level="district")
    assert (whole["numerator"].item(), whole["denominator"].item()) == (100, 200)
    assert whole.geometry.area.item() == pytest.approx(2e6)


def test_travel_times_and_reach_are_by_cell_and_facility(study):
    times = study.travel_times(RULE)
    assert times.index.tolist() == ["c1", "c2", "c3", "c4"]
    # 100 s; 900 m and 30 m of access; 1500 m; c4 is 300 m off the street, too far to walk to it.
    np.testing.assert_allclose(times["minutes"], [100 / 60, 930 / 60, 1500 / 60, np.nan])
    assert times["is_covered"].tolist() == [True, False, False, False]
    assert times["facility_id"].tolist()[:3] == ["k1", "k1", "k1"]
    assert pd.isna(times["facility_id"]["c4"])
    pairs = study.reach(RULE)
    assert pairs.to_dict("records") == [{"facility_id": "k1", "cell_id": "c1", "minutes": pytest.approx(100 / 60)}]
    assert "metres" in study.travel_times("clinic-walk-1000m")


def test_what_is_returned_is_a_copy(study):
    for take in (
        lambda: study.indicators,
        lambda: study.coverage(RULE),
        lambda: study.facilities,
        lambda: study.gaps(RULE),
    ):
        before = take()
        changed = take()
        changed.iloc[:, 0] = None
        pd.testing.assert_frame_equal(pd.DataFrame(take()), pd.DataFrame(before))


def test_facilities_units_gaps_isochrones(study):
    assert study.facilities.loc["k1", f"{RULE}__people_within"] == 100
    assert study.facilities.loc["k1"].geometry.equals(GROUND.point(0, 0))
    assert list(study.units) == ["township"]
    assert study.units["township"].loc["330399001", "unit_name"] == "甲街道"
    assert study.gaps(RULE)["people"].sum() == 100
    areas = study.isochrones(RULE)
    assert set(areas["rule"]) == {RULE}
    assert (areas.geometry.area > 0).all()
    assert set(study.tables) >= {"targets", "statements", "sensitivity"}


def test_names_that_are_not_there_say_what_there_is(study):
    with pytest.raises(KeyError, match="clinic-walk-15"):
        study.coverage("clinic-walk-16")
    with pytest.raises(KeyError, match="township"):
        study.coverage(RULE, level="village")


def test_an_explored_rule_is_a_folium_map_with_its_units(study):
    text = study.explore(RULE).get_root().render()
    for name in ("甲街道", "甲卫生院"):
        assert json.dumps(name)[1:-1] in text


def test_a_published_study_is_what_the_command_line_publishes(study, tmp_path):
    paths = study.publish(tmp_path, with_map=False)
    table = pd.read_csv(next(path for path in paths if path.name == "indicators.csv"), dtype={"unit_code": str})
    np.testing.assert_array_equal(table["value"], study.indicators["value"])


def test_a_district_is_read_and_checked_without_being_computed(folder):
    district = lc.read_district(folder, cache=False)
    assert district.rules == (RULE, "clinic-walk-1000m")
    assert district.people["people"].sum() == 200
    assert district.roads.geometry.length.sum() == pytest.approx(2000)
    assert district.problems.empty
    assert lc.check(folder).empty


def test_a_wrong_input_raises_with_every_problem_as_a_table(tmp_path):
    wrong = write_tiny(
        tmp_path / "tiny",
        TOML.replace('path = "people.csv"', 'path = "nobody.csv"').replace("minutes = 15", "minuts = 15"),
    )
    with pytest.raises(InputError) as told:
        lc.run(wrong)
    table = told.value.table
    assert {"code", "severity", "file", "field", "found", "expected", "mend"} <= set(table.columns)
    assert {"file-missing"} <= set(table["code"])
    assert len(lc.check(wrong)) >= len(table[table["severity"] == "error"])


def test_where_to_build(tmp_path):
    candidates = '\n[[candidates]]\npath = "candidates.csv"\nid = "id"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"\n'
    folder = write_tiny(tmp_path / "tiny", TOML + candidates)
    GROUND.write_places(folder / "candidates.csv", ["id"], [("p1", 1000, 0), ("p2", 1500, 0)])
    found = lc.sites(folder, RULE, count=1, cache=False)
    # Either reaches c2 and c3 (50 + 30): 1000 m is 130 and 500 s away, 1500 m 630 and 0.
    assert found.people_covered == (100, 180)
    assert (found.status, found.gap, found.bound) == ("optimal", 0, 180)
    assert found.sites.index.isin(["p1", "p2"]).all()
    assert found.removal_loss.tolist() == [0]
    with pytest.raises(ValueError, match="count"):
        lc.sites(folder, RULE)


def test_two_years(tmp_path):
    found = lc.compare(write_district(tmp_path / "tiny", LATER + YEARS), 2022, 2025, coverage_only=True, cache=False)
    own = found.changes[(found.changes["indicator"] == RULE) & (found.changes["level"] == "district")]
    assert own["difference"].item() == 50
    assert found.causes["roads"]["opened"] == ["新街"]


def test_several_districts(study, tmp_path):
    study.publish(tmp_path, with_map=False)
    rows = lc.rollup([tmp_path / "data" / "processed" / "tiny" / "2025"], names={"3303": "温州市"})
    assert "温州市" in set(rows["unit_name"])


def test_the_catalogue_and_the_known_answers():
    table = lc.policies()
    assert table.loc["fitness-10min-500m", "policy"] == "dongtou-2021"
    checks = lc.verify()
    assert checks["holds"].all()
    assert len(checks) > 50


def test_reach_from_frames_alone_is_what_a_run_of_the_same_district_finds(folder, study):
    district = lc.read_district(folder, cache=False)
    clinics = district.facilities[district.facilities["kind"] == "clinic"]
    found = lc.reach(district.roads, district.people, clinics, minutes=15, options=WALKING)
    times = study.travel_times(RULE)
    np.testing.assert_allclose(found.nearest["minutes"], times["minutes"])
    pd.testing.assert_series_equal(found.nearest["facility_id"], times["facility_id"])
    assert (found.people, found.people_covered) == (200, 100)
    pd.testing.assert_frame_equal(found.pairs, study.reach(RULE))


def test_frames_of_any_crs_and_shape_and_without_a_word_of_configuration():
    roads = gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[GROUND.line((0, 0), (2000, 0))], crs=CRS)
    people = gpd.GeoDataFrame({"n": [10, 20]}, geometry=[GROUND.point(100, 0), GROUND.point(1900, 0)], crs=CRS)
    parks = gpd.GeoDataFrame(geometry=[GROUND.box(-50, -50, 50, 50)], crs=CRS, index=["park"])
    found = lc.reach(roads, people.to_crs(4326), parks.to_crs(4490), metres=500, people_column="n")
    assert found.people_covered == 10
    assert found.nearest["facility_id"].tolist() == ["park", "park"]
    assert found.pairs["cell_id"].tolist() == [0]


def test_wrong_frames_say_what_is_wrong():
    roads = gpd.GeoDataFrame(
        {"highway": ["residential"]}, geometry=[shapely.LineString([(120, 27), (120.1, 27)])], crs=4326
    )
    people = gpd.GeoDataFrame({"people": [1]}, geometry=[shapely.Point(120, 27)], crs=4326)
    with pytest.raises(ValueError, match="projected"):
        lc.reach(roads, people, people, minutes=15)
    with pytest.raises(ValueError, match="no CRS"):
        lc.reach(roads.to_crs(4549), people.set_crs(None, allow_override=True), people, minutes=15)
    with pytest.raises(ValueError, match="exactly one"):
        lc.reach(roads, people, people)
    with pytest.raises(ValueError, match="no such mode"):
        lc.reach(roads.to_crs(4549), people, people, mode="wlk", minutes=15)


def test_progress_goes_to_the_log_and_to_a_callback(folder, caplog):
    told = []
    with caplog.at_level(logging.INFO, logger="lifecircle"):
        lc.run(folder, areas=False, cache=False, progress=told.append)
    assert told
    assert told[0] in caplog.messages


def test_the_door_opens_at_once_and_says_what_is_behind_it():
    code = (
        "import sys, lifecircle; assert not {'pandas', 'numba', 'pydantic'} & set(sys.modules); print(dir(lifecircle))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("read_district", "check", "run", "sites", "compare", "rollup", "policies", "verify", "reach"):
        assert f"'{name}'" in done.stdout
    assert WALK
