"""Scenarios on districts computed by hand: see ``tests/tiny.py`` and ``tests/chain_district.py``."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.config import Scenario
from lifecircle.outputs.tables import write_csv
from lifecircle.problems import InputError, Problems
from lifecircle.scenarios import SCENARIO_COLUMNS, UNCHANGED, differences
from lifecircle.study import run_district
from lifecircle.study.evaluate import evaluate_entries, gather_facts
from lifecircle.study.layers import check_district, say_nothing
from lifecircle.study.routing import Routing, StageTimer
from lifecircle.study.rule_facilities import asked_entries
from lifecircle.study.rules import answer_rule
from lifecircle.study.scenario_layers import vary
from lifecircle.study.scenarios import answer_scenario
from tests.chain_district import CHAIN, HEAD, lonlat, write_chain
from tests.made import ORIGIN_X, ORIGIN_Y, write_layer
from tests.study.ground import GROUND, OPEN_GROUND, centre, line, write_ground
from tests.tiny import TOML, write_tiny

CAPACITY = """
[[indicators]]
id = "clinic-room"
measure = "capacity_share"
rule = "clinic-walk-15"
capacity = "capacity"

[[indicators]]
id = "clinics"
measure = "count"
of = { kind = "clinic" }
unit = "处"

[[facilities]]
kind = "school"
path = "schools.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name", open_to_public = "开放" }

[[rules]]
id = "school-walk-15"
facilities = { kind = "school", open_to_public = true }
mode = "walk"
minutes = 15
"""
RICH = TOML.replace('grade = "grade" }', 'grade = "grade", capacity = "capacity" }') + CAPACITY
FERRY = f"""
[[ferries]]
name = "岛航线"
from = {lonlat(1200, 0)}
to = {lonlat(1200, -9000)}
minutes = 2
modes = ["ambulance"]
"""
K1 = ("k1", "甲卫生院", "乡镇卫生院", 60, 0, 0)
NEW = {"kind": "clinic", "id": "k2", "name": "乙卫生院", "grade": "乡镇卫生院", "capacity": 50}


class Base:
    """A district answered, to ask ifs of."""

    def __init__(self, folder):
        problems = Problems()
        self.layers = check_district(folder, problems)
        problems.raise_errors()
        self.travel = Routing(self.layers, StageTimer(say_nothing), problems)
        rules = {rule.id: rule for rule in self.layers.configuration.rules}
        results = {name: answer_rule(self.travel, rules[name]) for name in self.layers.serving}
        self.facts = gather_facts(self.layers, 2025, results, self.travel, problems)
        asked = asked_entries(self.layers.configuration, ())
        self.answers = evaluate_entries(self.facts, self.layers.known, asked, self.layers.not_computed)

    def variant(self, **changes):
        layers = self.layers
        scenario = Scenario.model_validate({"id": "if", **changes})
        configuration = replace(layers.configuration, scenarios=(scenario,))
        problems = Problems()
        made = vary(
            configuration, layers.units, layers.cells, layers.facilities, layers.roads, layers.links, (), problems
        )
        problems.raise_errors()
        return made[0]

    def ask(self, **changes):
        return answer_scenario(self.travel, self.facts, self.variant(**changes), (), Problems())


def write_rich(folder, toml=RICH, clinics=(K1,)):
    write_tiny(folder, toml)
    pd.DataFrame(
        [(*row[:-2], ORIGIN_X + row[-2], ORIGIN_Y + row[-1]) for row in clinics],
        columns=["id", "name", "grade", "capacity", "x", "y"],
    ).to_csv(folder / "clinics.csv", index=False)
    pd.DataFrame(
        [("s1", "甲小学", "否", ORIGIN_X + 100, ORIGIN_Y), ("s2", "乙小学", "是", ORIGIN_X + 1500, ORIGIN_Y)],
        columns=["id", "name", "开放", "x", "y"],
    ).to_csv(folder / "schools.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return Base(write_rich(tmp_path_factory.mktemp("base") / "tiny"))


def as_bytes(table, tmp_path):
    write_csv(table, tmp_path / "table.csv")
    return (tmp_path / "table.csv").read_bytes()


def people(answered, indicator="clinic-walk-15"):
    rows = answered.indicators
    rows = rows[rows["indicator"] == indicator]
    return dict(zip(rows["unit_code"], rows["numerator"], strict=True))


def at(x, y=0):
    return {"x": ORIGIN_X + x, "y": ORIGIN_Y + y}


def test_an_empty_scenario_is_the_base_to_the_byte(base, tmp_path):
    answered = base.ask()
    assert answered.again == frozenset()
    assert as_bytes(answered.indicators, tmp_path) == as_bytes(base.answers.indicators, tmp_path)


def test_everything_computed_again_over_the_same_people_is_the_base_to_the_byte(base, tmp_path):
    """The same file as another population: nothing is taken from the base, and nothing differs."""
    answered = base.ask(population=base.layers.configuration.population.model_dump())
    assert answered.again == set(base.facts.rows)
    assert as_bytes(answered.indicators, tmp_path) == as_bytes(base.answers.indicators, tmp_path)


def test_a_facility_closed_and_put_back_is_the_base_to_the_byte(base, tmp_path):
    back = {"kind": "clinic", "id": "k1", "name": "甲卫生院", "grade": "乡镇卫生院", "capacity": 60, **at(0)}
    answered = base.ask(close=["k1"], add=[back])
    assert {"clinic-walk-15", "clinic-walk-1000m", "clinic-room", "clinics"} <= answered.again
    assert "school-walk-15" not in answered.again
    assert as_bytes(answered.indicators, tmp_path) == as_bytes(base.answers.indicators, tmp_path)


def test_an_added_facility(base):
    # c2 has 600 m along and 30 m off to go, c3 none; c4 is off every street.
    assert people(base.ask(add=[{**NEW, **at(1500)}])) == {"330399": 180, "330399001": 150, "330399002": 30}


@pytest.mark.parametrize(
    "which",
    ["k1", "甲卫生院", {"kind": "clinic", "grade": "乡镇卫生院"}, {"kind": "clinic", "facility_id": "k1"}],
)
def test_a_facility_closed_by_id_by_name_or_by_what_it_is(base, which):
    answered = base.ask(close=[which])
    assert people(answered) == {"330399": 0, "330399001": 0, "330399002": 0}
    assert people(answered, "clinic-walk-15-unreachable")["330399"] == 200
    assert answered.facts.rows["clinics"]["value"].iloc[0] == 0


def test_a_facility_moved(base):
    moved = base.ask(move=[{"facility": "k1", **at(1500)}])
    assert people(moved) == {"330399": 80, "330399001": 50, "330399002": 30}
    row = base.variant(move=[{"facility": "k1", **at(5000)}]).supply.facilities.frame.iloc[0]
    assert not row["is_inside"]
    assert row["lon"] > base.layers.facilities.frame["lon"].iloc[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"open": {"kind": "school"}},
        {"open": [{"facilities": "s1"}]},
        {"set": [{"facilities": ["甲小学"], "values": {"open_to_public": "是"}}]},
    ],
)
def test_schools_opened_to_the_public(base, changes):
    assert people(base.answers, "school-walk-15")["330399"] == 80  # c2 at 630 m and c3
    answered = base.ask(**changes)
    assert people(answered, "school-walk-15")["330399"] == 180
    assert answered.again == {"school-walk-15"}


@pytest.mark.parametrize("how", [{"to": 90}, {"by": 30}, {"factor": 1.5}])
def test_a_clinic_enlarged_has_room_for_more_and_is_reached_as_before(base, how):
    assert people(base.answers, "clinic-room")["330399"] == 60
    answered = base.ask(enlarge=[{"facilities": "k1", "attribute": "capacity", **how}])
    assert people(answered, "clinic-room")["330399"] == 90
    assert answered.facts.results["clinic-walk-15"] is base.facts.results["clinic-walk-15"]
    assert "school-walk-15" not in answered.again


def test_other_people(base):
    folder = base.layers.configuration.folder
    table = pd.read_csv(folder / "people.csv")
    table.assign(people=table["people"] / 2, age60=0).to_csv(folder / "people_2035.csv", index=False)
    other = {**base.layers.configuration.population.model_dump(), "path": "people_2035.csv"}
    answered = base.ask(population=other)
    assert people(answered)["330399"] == 50
    assert people(answered, "clinic-walk-15-age60")["330399"] == 0


def test_other_people_take_over_what_the_scenario_does_not_say(tmp_path):
    toml = RICH.replace('groups.age60 = "age60"', 'groups.age60 = "age60"\nbeside = ["age60"]')
    toml += '\n[[scenarios]]\nid = "growth"\npopulation = { path = "people_2035.csv", groups = {} }\n'
    folder = write_rich(tmp_path / "tiny", toml)
    table = pd.read_csv(folder / "people.csv").drop(columns="age60")
    table.assign(people=table["people"] * 3).to_csv(folder / "people_2035.csv", index=False)
    study = run_district(folder, with_areas=False)
    district = study.tables["scenarios"].query("level == 'district'").set_index("indicator")
    assert district.loc["clinic-walk-15", ["base_numerator", "numerator"]].tolist() == [100, 300]
    assert district.loc["clinic-walk-15", "difference"] == 0
    assert district.loc["clinic-walk-15-age60", "note"]  # the old are not counted in 2035
    assert [source.role for source in study.inputs if source.path == "people_2035.csv"] == ["population: growth"]


@pytest.mark.parametrize(
    ("changes", "clinics"),
    [
        ({"add": [{**NEW, **at(1500, 40)}]}, [K1, ("k2", "乙卫生院", "乡镇卫生院", 50, 1500, 40)]),
        ({"move": [{"facility": "k1", **at(700, 9)}]}, [(*K1[:-2], 700, 9)]),
        ({"enlarge": {"facilities": "k1", "attribute": "capacity", "by": 7}}, [(*K1[:3], 67, 0, 0)]),
    ],
)
def test_a_scenario_is_the_district_so_changed_to_the_byte(base, tmp_path, changes, clinics):
    changed = Base(write_rich(tmp_path / "tiny", clinics=clinics))
    assert as_bytes(base.ask(**changes).indicators, tmp_path) == as_bytes(changed.answers.indicators, tmp_path)


def test_a_ferry_closed_is_the_district_without_it_to_the_byte(tmp_path):
    base = Base(write_chain(tmp_path / "with", HEAD + CHAIN + FERRY))
    without = Base(write_chain(tmp_path / "without"))
    reached, cut_off = people(base.answers, "stroke"), people(without.answers, "stroke")
    assert reached["330399"] == cut_off["330399"] + 30  # c3, on the island
    answered = base.ask(close_roads=["岛航线"])
    assert people(answered, "stroke") == cut_off
    assert as_bytes(answered.indicators, tmp_path) == as_bytes(without.answers.indicators, tmp_path)


def write_crossed(folder, toml, clinics=((0, 0),)):
    """Open ground with two roads across it."""
    write_ground(folder, toml, clinics)
    roads = [line((0, 450), (2000, 450)), line((50, 0), (50, 1000))]
    write_layer(folder / "roads.gpkg", roads, highway=["primary"] * 2, name=["大路", "小路"])
    return folder


ON_GROUND = OPEN_GROUND.replace(
    'speed_kph = 3.6 } }', 'speed_kph = 3.6 } }\nroads = { default = { as = "motor", speed_kph = 18 } }'
) + '[roads]\npath = "roads.gpkg"\n'  # fmt: skip


def test_over_terrain_a_scenario_is_the_district_so_changed_to_the_byte(tmp_path):
    base = Base(write_crossed(tmp_path / "base", ON_GROUND))
    x, y = GROUND.at(*centre(5, 14))
    moved = base.ask(move=[{"facility": "k0", "x": x, "y": y}])
    fresh = Base(write_crossed(tmp_path / "moved", ON_GROUND, clinics=((5, 14),)))
    assert people(moved, "clinic-hike") != people(base.answers, "clinic-hike")
    assert as_bytes(moved.indicators, tmp_path) == as_bytes(fresh.answers.indicators, tmp_path)


def test_a_road_closed_over_terrain_is_the_district_without_it_to_the_byte(tmp_path):
    base = Base(write_crossed(tmp_path / "base", ON_GROUND))
    closed = ON_GROUND.replace('path = "roads.gpkg"', 'path = "roads.gpkg"\nclosed = ["大路"]')
    fresh = Base(write_crossed(tmp_path / "closed", closed))
    answered = base.ask(close_roads=["大路"])
    assert people(answered, "clinic-hike")["330305"] < people(base.answers, "clinic-hike")["330305"]
    assert as_bytes(answered.indicators, tmp_path) == as_bytes(fresh.answers.indicators, tmp_path)


def test_what_did_not_change_is_the_bases_own(base):
    answered = base.ask(add=[{**NEW, **at(1500)}])
    assert answered.facts.results["school-walk-15"] is base.facts.results["school-walk-15"]
    layers = replace(base.layers, facilities=base.variant(close=["k1"]).supply.facilities)
    beside = base.travel.beside_these(layers, np.array([0]), Problems())
    assert beside.networks["walk"] is base.travel.networks["walk"]
    assert beside.cell_joins["walk"] is base.travel.cell_joins["walk"]
    assert beside.searches
    assert all(search is base.travel.searches[key] for key, search in beside.searches.items())
    assert {np.frombuffer(key[-1], dtype=np.int64)[0] for key in beside.nearest} == {
        2
    }  # the schools', not the clinic's


@settings(max_examples=30)
@given(st.floats(-400, 2400), st.floats(-480, 480), st.integers(0, 100))
def test_an_added_site_never_lowers_coverage(base, x, y, capacity):
    answered = base.ask(add=[{**NEW, **at(x, y), "capacity": capacity}])
    before, after = (
        one.set_index(["indicator", "level", "unit_code"])["numerator"]
        for one in (base.answers.indicators, answered.indicators)
    )
    assert before.index.equals(after.index)
    for entry in ("clinic-walk-15", "clinic-walk-1000m", "clinic-walk-15-choice2", "clinic-walk-15-age60"):
        assert (after.loc[entry] >= before.loc[entry] - 1e-9).all(), entry
    assert after.loc[("clinic-room", "district", "330399")] >= before.loc[("clinic-room", "district", "330399")] - 1e-9
    assert (after.loc["clinic-walk-15-unreachable"] <= before.loc["clinic-walk-15-unreachable"]).all()


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(-200, 200)), min_size=1, max_size=3))
def test_what_is_closed_beside_what_is_added_never_adds_coverage(base, places):
    added = [{**NEW, "id": f"n{number}", **at(*place)} for number, place in enumerate(places)]
    both, alone = people(base.ask(add=added)), people(base.ask(add=added, close=["k1"]))
    assert all(alone[unit] <= both[unit] for unit in both)


SCENARIOS = """
[[scenarios]]
id = "second-clinic"
label = { zh = "增设一处卫生院", en = "A second clinic" }
add = [{ kind = "clinic", name = "新院", grade = "乡镇卫生院", capacity = 50, x = 601500, y = 3080000 }]

[[scenarios]]
id = "as-it-is"
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    root = tmp_path_factory.mktemp("out")
    write_rich(root / "tiny", RICH + SCENARIOS)
    result = CliRunner().invoke(app, ["run", str(root / "tiny"), "--out", str(root), "--no-map", "--no-areas"])
    assert result.exit_code == 0, result.output
    assert "增设一处卫生院" in result.output
    assert "+80 人" in result.output
    return root / "data" / "processed" / "tiny" / "2025"


def test_the_table_of_differences(out):
    table = pd.read_csv(out / "scenarios.csv", dtype={"unit_code": str})
    assert list(table.columns) == list(SCENARIO_COLUMNS)
    second = table[table["scenario"] == "second-clinic"]
    row = second[second["indicator"] == "clinic-walk-15"].set_index("unit_code")
    assert row.loc["330399", ["base", "value", "difference"]].tolist() == [50, 90, 40]
    assert row.loc["330399", ["base_numerator", "numerator", "numerator_difference"]].tolist() == [100, 180, 80]
    # 60 % was asked for.
    assert row.loc["330399", ["base_status", "status", "counts"]].tolist() == ["未达标", "如期", "人"]
    assert row["level"].tolist() == ["district", "township", "township"]
    assert not second["indicator"].str.startswith("school").any()
    assert ((second["numerator_difference"] != 0) | (second["level"] == "district")).all()
    assert table.loc[table["scenario"] == "as-it-is", "note"].tolist() == [UNCHANGED]


def test_the_base_is_untouched_by_its_scenarios_and_the_manifest_names_them(out, tmp_path):
    write_rich(tmp_path / "tiny")
    call = ["run", str(tmp_path / "tiny"), "--out", str(tmp_path), "--no-map", "--no-areas"]
    assert CliRunner().invoke(app, call).exit_code == 0
    plain = tmp_path / "data" / "processed" / "tiny" / "2025"
    assert {path.name for path in out.iterdir()} - {path.name for path in plain.iterdir()} == {"scenarios.csv"}
    for path in plain.iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (out / path.name).read_bytes(), path.name
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert [one["id"] for one in manifest["configuration"]["scenarios"]] == ["second-clinic", "as-it-is"]
    assert "scenarios.csv" in {name.rsplit("/", 1)[-1] for name in manifest["outputs"]}


def test_only_the_indicators_asked_for_are_compared(tmp_path):
    toml = RICH + SCENARIOS.replace('id = "as-it-is"', 'id = "no-clinic"\nclose = ["k1"]\nindicators = ["clinics"]')
    table = run_district(write_rich(tmp_path / "tiny", toml), with_areas=False).tables["scenarios"]
    asked = table[table["scenario"] == "no-clinic"]
    assert set(asked["indicator"]) == {"clinics"}
    assert asked["difference"].tolist() == [-1, -1]  # the district, and the one township that had one


WRONG = """
[[scenarios]]
id = "wrong"
close = ["k9", { kind = "clinik" }, { kind = "clinic", grad = "甲" }]
move = [{ facility = "甲卫生员", lon = 27.8, lat = 88.9, datum = "wgs84" }]
open = [{ facilities = { kind = "school" }, attribute = "open_to_publik" }]
enlarge = [{ facilities = "s1", attribute = "capacity", factor = 2 }]
add = [
    { kind = "clinc", x = 601500, y = 3080000 },
    { kind = "clinic", id = "k1", x = 601500, y = 3080000, capacitie = 5 },
]
close_roads = ["鹿西航线"]
indicators = ["clinic-walk-15", "clinic-walk-1000"]

[[scenarios]]
id = "wrong"
population = { path = "none.csv" }
"""


def test_everything_wrong_is_said_at_once_with_the_nearest_names(tmp_path):
    with pytest.raises(InputError) as caught:
        run_district(write_rich(tmp_path / "tiny", RICH + WRONG))
    errors = [problem for problem in caught.value.problems if problem.severity == "error"]
    lines = [str(problem) for problem in errors]
    for words in (
        '"k9"', '"clinic"?', '"grade"?', '"甲卫生院"?', "100 km", '"open_to_public"?', "no capacity to enlarge: s1",
        '"capacity"?', 'taken: "k1"', '"鹿西航线"', '"clinic-walk-1000m"?', 'twice: "wrong"', "none.csv",
    ):  # fmt: skip
        assert any(words in line for line in lines), (words, lines)
    fields = {problem.field for problem in errors}
    assert {"scenarios[1].move[1]", "scenarios[1].add[2].capacitie", "scenarios[1].close_roads"} <= fields


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("add = [{ kind = 'clinic', lon = 121.0, lat = 27.8 }]", "datum"),
        ("add = [{ kind = 'clinic', lon = 121.0 }]", "lon"),
        ("move = [{ facility = 'k1', x = 1.0 }]", "x"),
        ("enlarge = [{ facilities = 'k1', attribute = 'capacity', by = 1, to = 2 }]", "factor"),
        ("closed = ['k1']", "close"),
    ],
)
def test_what_cannot_be_read(tmp_path, toml, words):
    with pytest.raises(InputError) as caught:
        run_district(write_rich(tmp_path / "tiny", f'{RICH}\n[[scenarios]]\nid = "a"\n{toml}\n'))
    lines = [str(one) for one in caught.value.problems if one.severity == "error"]
    assert any(words in line and "scenarios[1]" in line for line in lines), lines


def test_two_of_one_name_must_be_told_apart(tmp_path):
    rows = [("k1", "卫生院", "甲", 1, 0, 0), ("k2", "卫生院", "甲", 1, 9, 0)]
    folder = write_rich(tmp_path / "tiny", RICH + '\n[[scenarios]]\nid = "a"\nclose = ["卫生院"]\n', rows)
    with pytest.raises(InputError, match='facility_id = "k2"'):
        run_district(folder)


def test_an_added_facility_that_serves_nobody_for_want_of_an_attribute_is_said(tmp_path):
    toml = RICH + '\n[[scenarios]]\nid = "a"\nadd = [{ kind = "school", x = 601500, y = 3080000 }]\n'
    study = run_district(write_rich(tmp_path / "tiny", toml), with_areas=False)
    assert "scenario-add-idle" in {one.code for one in study.problems}
    # It serves no rule, and nothing counts schools.
    assert study.tables["scenarios"]["note"].tolist() == [UNCHANGED]


def test_differences_of_rows_that_only_one_side_has():
    shared = {
        "level": "district", "unit_code": "1", "unit_name": "区", "label_zh": "甲", "label_en": "", "value_unit": "%",
        "counts": "人", "denominator": 10.0, "status": "无目标",
    }  # fmt: skip
    same = {**shared, "indicator": "same", "value": 1 / 3, "numerator": 1.0}
    before = pd.DataFrame([{**shared, "indicator": "gone", "value": 50.0, "numerator": 5.0}, same])
    after = pd.DataFrame(
        [{**shared, "indicator": "came", "value": 0.0, "numerator": 0.0}, {**same, "value": 0.1 / 0.3}]
    )
    found = differences(before, after).set_index("indicator")
    assert found.index.tolist() == ["came", "gone"]
    assert found["base"].tolist()[1] == 50
    assert found["difference"].isna().all()
    assert found["note"].str.len().gt(0).all()
