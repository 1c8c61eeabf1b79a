"""The conclusions of a small district under other assumptions, by hand, from the configuration to the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.problems import Problems
from lifecircle.siting.robustness import robust_sites
from lifecircle.study import check_district, run_district
from lifecircle.study.routing import Routing, StageTimer
from lifecircle.study.sensitivity import assume_for_sites
from lifecircle.travel.network import Network
from tests.made import ORIGIN_X, ORIGIN_Y
from tests.tiny import TOML, write_tiny

RULE, METRES = "clinic-walk-15", "clinic-walk-1000m"
HUKOU = """
[[scenarios]]
id = "hukou"
label = { zh = "户籍人口", en = "registered people" }
population = { path = "hukou.csv", kind = "registered" }
close = ["k1"]
"""


def write_people(folder, *cells):
    table = pd.DataFrame([(name, ORIGIN_X + x, ORIGIN_Y + y, people, 0) for name, x, y, people in cells])
    table.set_axis(["id", "x", "y", "people", "age60"], axis=1).to_csv(folder / "hukou.csv", index=False)


def run(folder, toml=TOML):
    return run_district(write_tiny(folder, toml), with_areas=False).tables


def values(tables, indicator, unit):
    rows = tables["sensitivity_alternatives"]
    rows = rows[(rows["indicator"] == indicator) & (rows["unit_code"] == unit)]
    return dict(zip(rows["alternative"], rows["value"], strict=True))


def summary(tables, indicator, unit):
    rows = tables["sensitivity"].set_index(["indicator", "unit_code"])
    return rows.loc[(indicator, unit)]


def test_speeds_and_limits_move_the_line_through_known_ways(tmp_path):
    tables = run(tmp_path / "tiny")
    # c1 (100 people) 100 s, c2 (50) 930 s, c3 (30) 1500 s, c4 (20) never: 15 minutes are 900 s, x 1.2 1080 s.
    assert values(tables, RULE, "330399") == {"speed-0.8": 50, "speed-1.2": 75, "limit-0.8": 50, "limit-1.2": 75}
    assert values(tables, METRES, "330399") == {"limit-0.8": 50, "limit-1.2": 75}
    district = summary(tables, RULE, "330399")
    assert (district["value"], district["passes"], bool(district["pass_holds"])) == (50, False, False)
    assert district["pass_changes_in"] == "速度×1.2 speed x 1.2; 限值×1.2 limit x 1.2"
    assert bool(summary(tables, RULE, "330399001")["pass_holds"])
    low_high = tables["sensitivity"].set_index(["indicator", "unit_code"])[["low", "high"]]
    assert low_high.loc[(RULE, "330399")].tolist() == [50, 75]


def test_the_district_says_which_assumptions_are_tried(tmp_path):
    tables = run(tmp_path / "tiny", TOML + "\n[sensitivity]\nspeeds = [0.1]\nlimits = [2]\n")
    # At a tenth of the speed c1's 100 s are 1000.
    assert values(tables, RULE, "330399") == {"speed-0.1": 0, "limit-2": 90}
    assert values(run(tmp_path / "none", TOML + "\n[sensitivity]\nspeeds = []\nlimits = []\n"), RULE, "330399") == {}


def test_other_people_at_the_same_places_and_nothing_else_of_their_scenario(tmp_path):
    folder = tmp_path / "tiny"
    write_tiny(folder, TOML + HUKOU)
    write_people(folder, ("c1", 100, 0, 10), ("c2", 900, 30, 10), ("c3", 1500, 0, 10), ("c4", 1900, 300, 0))
    tables = run_district(folder, with_areas=False).tables
    # The clinic that the scenario closes stands: c1's 10 of 30.
    assert values(tables, RULE, "330399")["hukou"] == pytest.approx(100 / 3)
    assert values(tables, METRES, "330399")["hukou"] == pytest.approx(200 / 3)
    labels = tables["sensitivity_alternatives"].set_index("alternative")["alternative_label"]
    assert labels["hukou"].iloc[0] == "户籍人口（户籍） registered people (registered)"
    assert values(tables, f"{RULE}-age60", "330399")["hukou"] is not None


def test_other_people_elsewhere_go_over_the_streets_there_are(tmp_path, monkeypatch):
    folder = tmp_path / "tiny"
    write_tiny(folder, TOML + HUKOU)
    write_people(folder, ("h1", 800, 0, 30), ("h2", 950, 0, 10))
    built = []
    plain = Network.__init__
    monkeypatch.setattr(Network, "__init__", lambda *given, **named: (built.append(1), plain(*given, **named))[1])
    found = run_district(folder, with_areas=False)
    tables = found.tables
    # h1 is 800 s away, h2 950 s.
    assert values(tables, RULE, "330399")["hukou"] == 75
    assert values(tables, RULE, "330399001")["hukou"] == 75
    assert np.isnan(values(tables, RULE, "330399002")["hukou"])  # nobody of theirs lives there
    assert summary(tables, RULE, "330399002")["pass_changes_in"] == ""
    assert found.details["sensitivity"] == {"speeds": [0.8, 1.2], "limits": [0.8, 1.2], "populations": ["hukou"]}
    assert len(built) == 1


def test_who_covers_whom_under_every_assumption_is_what_the_tables_count(tmp_path):
    ready = TOML.replace("minutes = 15\n", "minutes = 15\nready_minutes = 5\n") + HUKOU
    folder = write_tiny(tmp_path / "tiny", ready)
    write_people(folder, ("h1", 550, 0, 30), ("h2", 950, 0, 10))
    places = [("k1", "甲", "", ORIGIN_X, ORIGIN_Y), ("k2", "乙", "", ORIGIN_X + 1400, ORIGIN_Y)]
    pd.DataFrame(places, columns=["id", "name", "grade", "x", "y"]).to_csv(folder / "clinics.csv", index=False)
    tables = run_district(folder, with_areas=False).tables
    problems = Problems()
    layers = check_district(folder, problems)
    rules = {rule.id: rule for rule in layers.configuration.rules}
    travel = Routing(layers, StageTimer(lambda _: None), problems)
    for rule_id in (RULE, METRES):
        assumed = assume_for_sites(travel, rules[rule_id])
        counted = values(tables, rule_id, "330399")
        assert assumed.keys() - {"base"} == counted.keys()
        for name, share in counted.items():
            one = assumed[name]
            assert 100 * one.people[one.covers.sum(axis=0) > 0].sum() / one.people.sum() == pytest.approx(share)
    # 10 of the 15 minutes are left to travel, 600 s; of 18 minutes 13, 780 s: k2 reaches c2 (530 s) and c3 (100 s), k1 c1.
    found = robust_sites(np.array([1]), assume_for_sites(travel, rules[RULE]), 1)
    told = found.assumptions.set_index("assumption")["people_covered"]
    # Slower, 480 s: c3 alone. The registered at 550 and 950 m: k2 reaches h2 (450 s), k1 both but h2 (950).
    assert told.to_dict() == {
        "base": 80,
        "speed-0.8": 30,
        "speed-1.2": 80,
        "limit-0.8": 30,
        "limit-1.2": 80,
        "hukou": 10,
    }
    # k1 alone covers c1's 100.
    assert found.assumptions["regret"].tolist() == [20, 70, 20, 70, 20, 20]
    assert found.sites["optimal_in"].tolist() == [0]


READINGS = """
[[rules]]
id = "clinic-wide"
policy = "dongtou-2021"
statement = "D02"
facilities = { kind = "clinic" }
mode = "walk"
metres = 1000
target = { kind = "at_least", value = 0.6, year = 2025 }

[[rules]]
id = "clinic-narrow"
policy = "dongtou-2021"
statement = "D02"
facilities = { kind = "clinic" }
mode = "walk"
metres = 500
target = { kind = "at_least", value = 0.6, year = 2025 }
"""


def test_two_readings_of_one_clause_are_each_others_alternatives(tmp_path):
    tables = run(tmp_path / "tiny", TOML + READINGS)
    assert values(tables, "clinic-narrow", "330399")["clinic-wide"] == 75
    assert values(tables, "clinic-wide", "330399")["clinic-narrow"] == 50
    assert "clinic-narrow" in summary(tables, "clinic-wide", "330399")["pass_changes_in"]
    assert METRES not in values(tables, "clinic-wide", "330399")  # the same limit, but no clause says so


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sensitivity]\nspeeds = [1.0]\n", "the figure itself"),
        ("[sensitivity]\nlimits = [0.8, 0.8]\n", "each factor once"),
        ("[sensitivity]\nspeeds = [0]\n", "greater than 0"),
        ('[sensitivity]\npopulations = ["hukuo"]\n' + HUKOU, 'did you mean "hukou"'),
        ('[sensitivity]\npopulations = ["nobody"]\n[[scenarios]]\nid = "nobody"\n', "people of its own"),
    ],
)
def test_a_wrong_assumption_is_named_with_its_mend(tmp_path, text, said):
    folder = write_tiny(tmp_path / "tiny", TOML + text)
    write_people(folder, ("c1", 100, 0, 10))
    done = CliRunner().invoke(app, ["check", str(folder)])
    assert done.exit_code == 2
    assert "sensitivity" in done.output
    assert said in done.output


def test_the_run_says_what_was_assumed_and_how_much_holds(tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    done = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path), "--no-areas", "--no-map", "--no-cache"])
    assert done.exit_code == 0, done.output
    assert "速度 speeds ×0.8 ×1.2；限值 limits ×0.8 ×1.2；人口 people 不变 as they are" in done.output
    # Of the district the faster reach enough more to pass; the group beside (60+) is asked nothing, and has no pass to hold.
    assert "passes 2/3" in done.output
    assert (tmp_path / "data/processed/tiny/2025/sensitivity_alternatives.csv").is_file()
