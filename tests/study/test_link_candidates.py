"""Footpaths, gates, bridges and boats that might be built, in the tiny district, by hand.

A second street runs 450 m south of the first, and nothing joins them: h1 (40 people) and h2 (25) live there.

    clinic 0 -- c1 100 ------ c2 900, p 1000 ---- c3 1500 ---- c4
              | f1 (30 yuan)              | f2 (20)
            h1 100 -------------------- h2 1200
"""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.problems import InputError
from lifecircle.study import run_district
from tests.made import GROUND, ORIGIN_X, ORIGIN_Y, write_layer
from tests.tiny import TOML, write_tiny

line = GROUND.line
LINKS = """
[[links]]
path = "links.gpkg"
layer = "links"
fields = { id = "编号", name = "名称", kind = "类型", cost_yuan = "造价" }

[[candidates]]
path = "parcels.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
id = "id"
cost = "yuan"
"""
BOTH = """
[[scenarios]]
id = "path"
build = "f1"

[[scenarios]]
id = "both"
build = ["f2"]
add = { kind = "clinic", id = "p", x = @X@, y = @Y@ }
""".replace("@X@", str(ORIGIN_X + 1000)).replace("@Y@", str(ORIGIN_Y))


def write_south(folder, toml=TOML + LINKS, links=None):
    write_tiny(folder, toml)
    GROUND.write_streets(folder / "roads.gpkg", [(0, 0), (700, 0), (2000, 0)], [(0, -450), (2000, -450)])
    people = pd.read_csv(folder / "people.csv")
    south = [("h1", ORIGIN_X + 100, ORIGIN_Y - 450, 40, 0), ("h2", ORIGIN_X + 1200, ORIGIN_Y - 450, 25, 0)]
    pd.concat([people, pd.DataFrame(south, columns=list(people))]).to_csv(folder / "people.csv", index=False)
    drawn = links or [
        ("f1", "南步道", "步道", 30.0, line((100, 0), (100, -450))),
        ("f2", "东步道", "步道", 20.0, line((1200, -450), (1200, 0))),
    ]
    *columns, lines = zip(*drawn, strict=True)
    named = dict(zip(("编号", "名称", "类型", "造价"), columns, strict=True))
    write_layer(folder / "links.gpkg", lines, **named)
    pd.DataFrame({"id": ["p"], "x": [ORIGIN_X + 1000], "y": [ORIGIN_Y], "yuan": [50]}).to_csv(
        folder / "parcels.csv", index=False
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_south(tmp_path_factory.mktemp("south") / "tiny")


def ask(folder, out, *options, rule="clinic-walk-15", code=0):
    done = CliRunner().invoke(app, ["sites", str(folder), "--rule", rule, "--out", str(out), "--json", *options])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout[done.stdout.index("{") :])


def test_one_optimisation_over_sites_and_links(folder, tmp_path):
    # Within 900 s now: c1 (100). p brings c2 and c3 (80); f1 brings h1 (550 s); f2 brings nobody but with p: h2 (650 s).
    found = ask(folder, tmp_path, "--budget", "70")
    assert (found["chosen"], found["covered_after"], found["status"], found["links"]) == (
        ["p", "link:f2"],
        205,
        "optimal",
        2,
    )
    found = ask(folder, tmp_path, "--budget", "60")
    assert (found["chosen"], found["covered_after"]) == (["p"], 180)
    found = ask(folder, tmp_path, "--budget", "40")
    assert (found["chosen"], found["covered_after"]) == (["link:f1"], 140)
    found = ask(folder, tmp_path, "--target", "0.8")  # 212 of 265: p and both links, 245
    assert (sorted(found["chosen"]), found["cost_yuan"]) == (["link:f1", "p"], 80)


def test_what_each_work_brings_and_what_no_would_cost(folder, tmp_path):
    ask(folder, tmp_path, "--budget", "100")
    table = pd.read_csv(tmp_path / "data/processed/tiny/sites-clinic-walk-15/sites.csv").set_index("candidate_id")
    assert table["people_gained"].to_dict() == {"p": 80, "link:f1": 40, "link:f2": 25}
    assert table["work"].to_dict() == {"p": "site", "link:f1": "footpath", "link:f2": "footpath"}
    assert table["people_per_10k_yuan"].to_dict() == {
        "p": 16_000,
        "link:f1": pytest.approx(40 / 0.003),
        "link:f2": 12_500,
    }
    # Without p, f2 is of no use either.
    assert table["price_of_no"].to_dict() == {"p": 105, "link:f1": 40, "link:f2": 25}


def test_without_links_only_sites_are_weighed(folder, tmp_path):
    found = ask(folder, tmp_path, "--budget", "100", "--no-links")
    assert (found["chosen"], found["covered_after"], found["links"]) == (["p"], 180, 0)


def test_metres_of_a_link_are_walked_and_a_boat_crosses_no_circle_in_metres(tmp_path):
    boat = '\n[[links]]\nid = "boat"\nkind = "ferry"\nminutes = 1\ncost_yuan = 1\nfrom = [121.9, 27.8]\nto = [121.91, 27.8]\n'
    folder = write_south(tmp_path / "tiny", TOML + LINKS + boat)
    found = ask(folder, tmp_path, "--budget", "40", rule="clinic-walk-1000m")
    assert found["links"] == 2
    assert (found["chosen"], found["covered_before"], found["covered_after"]) == (["link:f1"], 150, 190)


def test_what_was_promised_is_what_the_scenario_has(tmp_path):
    folder = write_south(tmp_path / "tiny", TOML + LINKS + BOTH)
    study = run_district(folder, with_areas=False)
    table = study.tables["scenarios"]
    own = table[(table["level"] == "district") & (table["indicator"] == "clinic-walk-15")].set_index("scenario")
    assert own["numerator"].to_dict() == {"path": 140, "both": 205}
    metres = table[(table["level"] == "district") & (table["indicator"] == "clinic-walk-1000m")].set_index("scenario")
    assert metres["numerator"].to_dict() == {"path": 190, "both": 100 + 50 + 30 + 25}


def test_a_plan_is_answered_by_every_run(tmp_path):
    plan = '\n[[plans]]\nid = "first"\nrule = "clinic-walk-15"\nbudget_yuan = 70\nlabel = { zh = "一期", en = "Phase one" }\n'
    study = run_district(write_south(tmp_path / "tiny", TOML + LINKS + plan), with_areas=False)
    assert [found.id for found in study.plans] == ["first"]
    assert study.plans[0].sites["candidate_id"].tolist() == ["p", "link:f2"]
    assert study.plans[0].names.zh == "一期"
    assert not run_district(folder=tmp_path / "tiny", with_areas=False, with_plans=False).plans


MADE = (
    LINKS[LINKS.index("\n[[candidates]]") :]
    + "\n[siting]\nmade_links = 3\nfootpath_yuan_per_m = 2\nbridge_yuan_per_m = 5\n"
)
RIVER = '\n[[terrain.barriers]]\npath = "river.gpkg"\n'


def test_a_short_way_is_proposed_for_a_gap_that_is_cut_off(tmp_path):
    # h1's cell ends 412 m from the clinic as the crow flies, and no street leads there; h2 is too far for any way.
    folder = write_south(tmp_path / "tiny", TOML + MADE)
    found = ask(folder, tmp_path / "o", "--budget", "1000")
    assert (found["links"], found["chosen"], found["covered_after"]) == (1, ["p", "link:gap-2"], 220)
    table = pd.read_csv(tmp_path / "o/data/processed/tiny/sites-clinic-walk-15/sites.csv").set_index("candidate_id")
    assert table.loc["link:gap-2", "work"] == "footpath"
    assert table.loc["link:gap-2", "cost_yuan"] == pytest.approx(2 * math.hypot(100, 400))


def test_across_a_river_it_is_a_bridge(tmp_path):
    folder = write_south(tmp_path / "tiny", TOML + MADE + RIVER)
    write_layer(folder / "river.gpkg", [line((-50, -200), (2000, -200))], name=["南河"])
    ask(folder, tmp_path / "o", "--budget", "3000")
    table = pd.read_csv(tmp_path / "o/data/processed/tiny/sites-clinic-walk-15/sites.csv").set_index("candidate_id")
    assert table.loc["link:gap-2", ["work", "cost_yuan"]].tolist() == [
        "bridge",
        pytest.approx(5 * math.hypot(100, 400)),
    ]


@pytest.mark.parametrize(
    ("links", "code"),
    [
        ([("f1", "", "索道", 1.0, line((0, 0), (0, -450)))], "links-kind"),
        ([("f1", "", "渡口", 1.0, line((0, 0), (0, -450)))], "links-minutes"),
        ([("f1", "", "步道", -1.0, line((0, 0), (0, -450)))], "links-amount"),
        ([("", "", "步道", 1.0, line((0, 0), (0, -450)))], "links-no-id"),
        (
            [("f1", "", "步道", 1.0, line((0, 0), (0, -450))), ("f1", "", "桥", 1.0, line((9, 0), (9, -450)))],
            "links-duplicate",
        ),
        ([("f1", "", "步道", 1.0, shapely.Point(ORIGIN_X, ORIGIN_Y))], "links-not-lines"),
    ],
)
def test_a_link_that_cannot_be_is_named(tmp_path, links, code):
    folder = write_south(tmp_path / "tiny", links=links)
    with pytest.raises(InputError) as caught:
        run_district(folder, with_areas=False)
    assert code in [one.code for one in caught.value.problems]
    for one in caught.value.problems:
        assert one.found
        assert one.field


def test_an_end_that_no_street_is_near_is_said(tmp_path):
    toml = (TOML + LINKS).replace("max_access_m = 250", "max_access_m = 200")
    folder = write_south(tmp_path / "tiny", toml, [("f1", "南步道", "步道", 1.0, line((100, 0), (100, -225)))])
    done = CliRunner().invoke(
        app, ["sites", str(folder), "--rule", "clinic-walk-15", "--count", "1", "--out", str(tmp_path / "o")]
    )
    assert "南步道" in done.output
    assert "米内没有" in done.output


def test_unknown_names_are_errors(tmp_path):
    wrong = '\n[[scenarios]]\nid = "s"\nbuild = "f9"\n[[plans]]\nid = "p"\nrule = "no-such"\ncount = 1\n'
    with pytest.raises(InputError) as caught:
        run_district(write_south(tmp_path / "tiny", TOML + LINKS + wrong))
    assert {"scenario-unknown-link", "config-unknown-entry"} <= {one.code for one in caught.value.problems}
