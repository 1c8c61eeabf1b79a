"""Station -> patient -> hospital, computed by hand (see ``tests/chain_district.py``) and against all pairs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.config import Rule
from lifecircle.problems import InputError, Problems
from lifecircle.study import check_district, run_district
from lifecircle.study.routing import Routing, StageTimer
from lifecircle.study.rules import answer_chain, second_half
from tests.chain_district import CHAIN, HEAD, lonlat, write_chain
from tests.made import GROUND

FIXED = 1 + 2 + 10 + 2
RESPONSE = np.array([3 + 2, 3 + 10, np.inf, 3 + 7.5])
TRANSFER = np.array([1, 14, np.inf, np.inf])
PLAIN = """
[[rules]]
id = "response"
facilities = { kind = "ambulance_station" }
mode = "ambulance"
minutes = 12
ready_minutes = 3
direction = "from"

[[rules]]
id = "hospital"
facilities = { kind = "hospital", thrombolysis = true }
mode = "ambulance"
minutes = 30
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    root = tmp_path_factory.mktemp("chain")
    folder = write_chain(root / "chain", HEAD + CHAIN + PLAIN)
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(root)])
    assert result.exit_code == 0, result.output
    return root / "data" / "processed" / "chain" / "2025"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return run_district(write_chain(tmp_path_factory.mktemp("study") / "chain", HEAD + CHAIN + PLAIN))


def with_limit(minutes):
    return HEAD + CHAIN.replace("minutes = 34", f"minutes = {minutes}")


def test_the_chain_is_the_sum_of_its_parts(out):
    cells = pd.read_parquet(out / "cells.parquet").set_index("cell_id")
    known = [np.where(np.isfinite(part), part, np.nan) for part in (RESPONSE, TRANSFER, RESPONSE + 10 + TRANSFER + 2)]
    np.testing.assert_allclose(cells["stroke__response_min"], known[0], atol=1e-9)
    np.testing.assert_allclose(cells["stroke__transfer_min"], known[1], atol=1e-9)
    np.testing.assert_allclose(cells["stroke__min"], known[2], atol=1e-9)
    # A station comes to c4 and no hospital can be reached from there.
    assert cells["stroke__facility"].fillna("").tolist() == ["s1", "s1", "", "s1"]
    assert cells["stroke__hospital"].fillna("").tolist() == ["h2", "h2", "", ""]
    assert "response__transfer_min" not in cells
    facilities = pd.read_parquet(out / "facilities.parquet").set_index("facility_id")
    # The hospital that cannot takes no one; c4's people never leave.
    assert facilities.loc["h2", "stroke__people_taken"] == 150
    assert facilities["stroke__people_taken"].isna().tolist() == (facilities.index != "h2").tolist()


def test_only_the_way_is_scaled_in_low_and_high(tmp_path):
    # c2 takes 39 minutes, 24 of them on the way: 19 x 1.2 are too few, 21 x 1.2 enough; were all scaled, 34 x 1.2 would be enough.
    for minutes, high in ((34, [True, False]), (36, [True, True])):
        result = run_district(write_chain(tmp_path / str(minutes), with_limit(minutes))).results["stroke"]
        assert result.covered.tolist() == [True, False, False, False]
        assert result.covered_high.tolist()[:2] == high
    # c1 takes 18, 3 of them on the way: of a limit of 19, 4 are left, at 0.8 times the speed 3.2; of 18.5, 2.8.
    for minutes, low in ((19, True), (18.5, False)):
        result = run_district(write_chain(tmp_path / str(minutes), with_limit(minutes))).results["stroke"]
        assert (result.covered[0], result.covered_low[0]) == (True, low)


@pytest.mark.parametrize(("minutes", "people"), [(17.9, 0), (18, 100), (38.9, 100), (39, 150), (500, 150)])
def test_a_station_reaches_whom_the_whole_chain_reaches(tmp_path, minutes, people):
    result = run_district(write_chain(tmp_path / "chain", with_limit(minutes))).results["stroke"]
    assert result.people_within.tolist() == [people]
    assert result.people[result.covered].sum() == people
    assert result.people_nearest.tolist() == [150]


def test_the_two_halves_are_the_rules_they_are(study):
    chain, response, hospital = (study.results[name] for name in ("stroke", "response", "hospital"))
    assert (chain.legs.response_min == response.nearest.cost).all()
    assert (chain.legs.station == response.nearest.facility).all()
    assert (chain.legs.transfer_min == hospital.nearest.cost).all()
    assert (chain.legs.hospital == hospital.nearest.facility).all()
    assert response.legs is None
    assert response.response is response.nearest


def test_people_are_conserved(out):
    sums = json.loads((out / "manifest.json").read_text("utf-8"))["conservation"]["stroke"]
    assert sums == {"people": 200, "covered": 100, "uncovered": 50, "unreachable": 50}


def test_minutes_by_unit(out):
    table = pd.read_csv(out / "indicators.csv", dtype={"unit_code": str}).set_index(["indicator", "unit_code"])
    response = table.loc["stroke-response-min"]
    assert response["value_unit"].unique() == ["min"]
    assert response.loc["330399001", ["numerator", "denominator", "value"]].tolist() == pytest.approx([500, 100, 5])
    east = (50 * 13 + 20 * 10.5) / 70
    assert response.loc["330399002", "value"] == pytest.approx(east)
    assert response.loc["330399", "value"] == pytest.approx((100 * 5 + 70 * east) / 170)
    # 2 minutes of 5 are on the way.
    assert response.loc["330399001", ["low", "high"]].tolist() == pytest.approx([3 + 2 / 1.2, 3 + 2 / 0.8])
    total = table.loc["stroke-total-min"]
    assert total["value"].tolist() == pytest.approx([(1800 + 50 * 39) / 150, 18, 39])
    assert total["denominator"].tolist() == pytest.approx([150, 100, 50])
    assert total["status"].unique() == ["无目标"]
    assert table.loc[("stroke-unreachable", "330399002"), "numerator"] == 20
    assert table.loc["response-response-min"]["value"].tolist() == pytest.approx(response["value"].tolist())
    assert not {"response-total-min", "hospital-response-min"} & set(table.index.get_level_values(0))


def test_a_unit_that_no_one_reaches_has_no_minutes(tmp_path):
    folder = write_chain(tmp_path / "chain")
    GROUND.write_places(folder / "stations.csv", ["id", "name"], [("s1", "岛上急救站", 0, -9000)])
    study = run_district(folder)
    rows = study.indicators.set_index(["indicator", "unit_code"])
    assert np.isnan(rows.loc[("stroke-response-min", "330399002"), ["value", "low", "high"]].astype(float)).all()
    assert rows.loc[("stroke-response-min", "330399002"), "denominator"] == 0


def test_one_row_a_unit_for_the_emergency_map(out):
    assert (out / "emergency.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(out / "emergency.csv", dtype={"unit_code": str}, keep_default_na=False, na_values=[""])
    assert table["rule"].tolist() == ["stroke"] * 2 + ["response"] * 2
    west, east = table.iloc[0], table.iloc[1]
    assert west[["unit_code", "unit_name", "station_id", "station", "hospital_id", "hospital"]].tolist() == [
        "330399001", "西镇", "s1", "急救站", "h2", "溶栓医院",
    ]  # fmt: skip
    numbers = ["people", "station_people", "response_min", "response_worst_min", "hospital_people", "transfer_min", "total_min",
               "total_worst_min", "people_within", "share_within_pct", "people_without_station", "people_unreachable"]  # fmt: skip
    assert west[numbers].tolist() == pytest.approx([130, 100, 5, 5, 100, 1, 18, 18, 100, 100 * 100 / 130, 30, 30])
    mean = (50 * 13 + 20 * 10.5) / 70
    assert east[numbers].tolist() == pytest.approx([70, 70, mean, 13, 50, 14, 39, 39, 0, 0, 0, 20])
    plain = table.iloc[3]
    assert pd.isna(plain["hospital_id"])
    assert pd.isna(plain["transfer_min"])
    assert plain["total_min"] == pytest.approx(mean)
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert "data/processed/chain/2025/emergency.csv" in manifest["outputs"]
    ready = manifest["parameters"]["rules"]["stroke"]
    assert (ready["ready"], ready["ready_minutes"]) == ({"call_min": 1, "dispatch_min": 0, "turnout_min": 2}, 3)


def test_without_a_rule_by_which_help_comes_there_is_no_emergency_table(tmp_path):
    folder = write_chain(tmp_path / "chain", HEAD + PLAIN.replace('direction = "from"', ""))
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path), "--no-map"])
    assert result.exit_code == 0, result.output
    assert not list(tmp_path.rglob("emergency.csv"))


def test_a_boat_of_the_ambulance_reaches_the_island(tmp_path):
    boat = f"""
[[ferries]]
name = "急救艇"
from = {lonlat(0, 0)}
to = {lonlat(0, -9000)}
minutes = 20
modes = ["ambulance"]
"""
    chain = run_district(write_chain(tmp_path / "chain", HEAD + boat + CHAIN)).results["stroke"]
    # There: 20 on the water, 1200 m of road. Back: the same, and 600 m to the hospital.
    assert chain.legs.response_min[2] == pytest.approx(3 + 20 + 2, abs=1e-4)
    assert chain.legs.transfer_min[2] == pytest.approx(2 + 20 + 1, abs=1e-4)
    assert chain.nearest.cost[2] == pytest.approx(25 + 10 + 23 + 2, abs=1e-4)
    np.testing.assert_allclose(chain.nearest.cost[:2], [18, 39])


def test_the_way_on_may_be_by_another_mode(tmp_path):
    toml = HEAD + '[modes.drive]\nspeed_kph = 18\naccess_kph = 3.6\ndirect_m = 0\n' + CHAIN.replace(
        "on_scene_minutes", 'mode = "drive", on_scene_minutes'
    )  # fmt: skip
    study = run_district(write_chain(tmp_path / "chain", toml))
    np.testing.assert_allclose(study.results["stroke"].legs.transfer_min[:2], [2, 28])
    assert set(study.modes) == {"ambulance", "drive"}


def test_a_chain_over_terrain_is_its_two_halves(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    from tests.made import CRS, ORIGIN_X, ORIGIN_Y

    toml = (HEAD + CHAIN + PLAIN).replace('mode = "ambulance"', 'mode = "over"') + """
[modes.over]
engine = "terrain"
classes = { 1 = { as = "motor", speed_kph = 36 } }

[terrain]
landcover = "landcover.tif"
"""  # fmt: skip
    folder = write_chain(tmp_path / "chain", toml)
    transform = rasterio.Affine(100, 0, ORIGIN_X - 500, 0, -100, ORIGIN_Y + 3000)
    grid = np.ones((130, 75), dtype=np.uint8)
    profile = {"driver": "GTiff", "height": 130, "width": 75, "count": 1, "dtype": "uint8", "crs": CRS}
    with rasterio.open(folder / "landcover.tif", "w", transform=transform, **profile) as raster:
        raster.write(grid, 1)
    results = run_district(folder).results
    chain = results["stroke"]
    assert np.isfinite(chain.nearest.cost).all()
    assert (chain.legs.response_min == results["response"].nearest.cost).all()
    assert (chain.legs.transfer_min == results["hospital"].nearest.cost).all()
    np.testing.assert_allclose(chain.nearest.cost, chain.legs.response_min + chain.legs.transfer_min + 12)
    assert chain.people_within.tolist() == [chain.people[chain.covered].sum()]


# Whatever the stations and hospitals


@pytest.fixture(scope="module")
def journeys(tmp_path_factory):
    """The district with stations and hospitals all over it."""
    folder = write_chain(tmp_path_factory.mktemp("many") / "chain", with_limit(40))
    places = [
        (0, 0),
        (1500, 0),
        (3000, 700),
        (4500, 1500),
        (5000, 0),
        (6000, 900),
        (3000, -800),
        (300, -9000),
        (2200, -9000),
    ]
    GROUND.write_places(
        folder / "stations.csv", ["id", "name"], [(f"s{n}", "站", *place) for n, place in enumerate(places)]
    )
    GROUND.write_places(
        folder / "hospitals.csv",
        ["id", "name", "溶栓"],
        [(f"h{n}", "院", "是", *place) for n, place in enumerate(places)],
    )
    problems = Problems()
    layers = check_district(folder, problems)
    return Routing(layers, StageTimer(lambda _: None), problems)


def answer(journeys, stations, hospitals):
    rule = journeys.layers.configuration.rules[0]
    serving, onward = (rows[sorted(chosen)] for rows, chosen in zip(
        (journeys.layers.serving[rule.id], journeys.layers.onward[rule.id]), (stations, hospitals), strict=True))  # fmt: skip
    return answer_chain(journeys, rule, serving, onward), rule, serving, onward


chosen = st.sets(st.integers(0, 8), min_size=1)


@settings(deadline=None, max_examples=40)
@given(stations=chosen, hospitals=chosen, more=chosen)
def test_another_capable_hospital_or_station_never_slows_anyone(journeys, stations, hospitals, more):
    before = answer(journeys, stations, hospitals)[0]
    for after in (answer(journeys, stations, hospitals | more)[0], answer(journeys, stations | more, hospitals)[0]):
        assert (after.nearest.cost <= before.nearest.cost).all()
        assert (after.covered >= before.covered).all()
        assert (after.covered_low >= before.covered_low).all()


@settings(deadline=None, max_examples=40)
@given(stations=chosen, hospitals=chosen)
def test_the_two_nearest_are_the_quickest_of_all_pairs(journeys, stations, hospitals):
    result, rule, serving, onward = answer(journeys, stations, hospitals)
    there, back = (
        dense(journeys.ask(one, rows, 1e9)[2]) for one, rows in ((rule, serving), (second_half(rule), onward))
    )
    pairs = (there[:, None, :] + back[None, :, :]) / 60 + FIXED
    np.testing.assert_allclose(result.nearest.cost, pairs.min(axis=(0, 1)), atol=1e-9)
    within = np.where(pairs.min(axis=1) <= rule.limit, result.people, 0).sum(axis=1)
    np.testing.assert_allclose(result.people_within, within)
    reached = np.isfinite(result.nearest.cost)
    assert (reached == (result.nearest.facility >= 0)).all()
    assert result.people_nearest.sum() == result.legs.people_taken.sum() == pytest.approx(result.people[reached].sum())


def dense(reach):
    whole = np.full(reach.shape, np.inf)
    row = np.repeat(np.arange(reach.shape[0]), np.diff(reach.indptr))
    whole[row, reach.indices] = reach.data
    return whole


# What is wrong is said


def test_hospitals_that_do_not_say_what_they_can_do(tmp_path):
    folder = write_chain(tmp_path / "own", (HEAD + CHAIN).replace('thrombolysis = "溶栓"', 'other = "溶栓"'))
    with pytest.raises(InputError, match='hospital 没有属性 has no attribute "thrombolysis"'):
        run_district(folder)
    kind = write_chain(tmp_path / "kind", HEAD + CHAIN.replace('kind = "hospital"', 'kind = "stroke_centre"'))
    with pytest.raises(InputError, match='no layer of kind "stroke_centre"'):
        run_district(kind)


def test_a_policy_chain_of_a_district_that_cannot_have_it_is_not_computed(tmp_path):
    toml = HEAD.replace("[[units]]", 'policies = ["emergency"]\n[[units]]', 1)
    study = run_district(write_chain(tmp_path / "chain", toml))
    assert set(study.results) == {
        "ambulance-12min", "ambulance-5km", "ambulance-10km", "ambulance-20km", "stroke-thrombolysis-60min",
    }  # fmt: skip
    assert "pci" in study.not_computed["chest-pain-pci-60min"]
    note = next(problem for problem in study.problems if '"pci"' in problem.found)
    assert (note.severity, "fields" in note.mend) == ("note", True)


def test_neither_yes_nor_no_is_said(tmp_path):
    folder = write_chain(tmp_path / "chain")
    rows = [("h1", "近医院", "24小时", 2400, 0), ("h2", "溶栓医院", "是", 600, 0)]
    GROUND.write_places(folder / "hospitals.csv", ["id", "name", "溶栓"], rows)
    study = run_district(folder)
    warning = next(problem for problem in study.problems if problem.code == "rule-not-yes-or-no")
    assert "24小时" in warning.found
    np.testing.assert_allclose(study.results["stroke"].legs.transfer_min[0], 1)


def test_no_capable_hospital_leaves_everyone_unreachable(tmp_path):
    folder = write_chain(tmp_path / "chain")
    GROUND.write_places(folder / "hospitals.csv", ["id", "name", "溶栓"], [("h1", "近医院", "否", 2400, 0)])
    study = run_district(folder)
    assert study.conservation["stroke"]["unreachable"] == 200
    assert any(problem.field == "rules.stroke.then.facilities" for problem in study.problems)


def test_an_unknown_mode_of_the_way_on(tmp_path):
    folder = write_chain(
        tmp_path / "chain", HEAD + CHAIN.replace("on_scene_minutes", 'mode = "ambulanse", on_scene_minutes')
    )
    with pytest.raises(InputError, match=r"then\.mode .*ambulanse.*ambulance"):
        run_district(folder)


BASE = {"id": "a", "facilities": {"kind": "ambulance_station"}, "mode": "ambulance", "minutes": 20, "direction": "from"}
THEN = {"facilities": {"kind": "hospital"}}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"direction": "toward", "then": THEN}, "then 只用于"),
        ({"minutes": None, "metres": 500, "then": THEN}, "then 只用于"),
        ({"ready_minutes": 2, "ready": {"call_min": 1}}, "ready_minutes 与 ready 只给一个"),
        ({"ready": {"call_min": 8}, "then": {**THEN, "on_scene_minutes": 10, "handover_minutes": 2}}, "leave nothing to travel"),
        ({"ready": {"turnout": 2}}, "ready.turnout"),
        ({"then": {**THEN, "on_scene_minutes": -1}}, "then.on_scene_minutes"),
    ],
)  # fmt: skip
def test_what_a_rule_may_not_say(wrong, says):
    with pytest.raises(ValidationError, match=says.replace(".", r"\.")):
        Rule.model_validate({**BASE, **wrong})


def test_readiness_is_the_sum_of_its_parts():
    parts = Rule.model_validate({**BASE, "ready": {"call_min": 1, "dispatch_min": 0.5, "turnout_min": 2}})
    assert parts.ready_minutes == parts.fixed_minutes == 3.5
    assert Rule.model_validate(parts.model_dump()) == parts
    assert Rule.model_validate({**BASE, "ready_minutes": 3.5}).ready_minutes == 3.5
