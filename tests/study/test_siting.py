"""Where to build in the tiny district, by hand, through the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.study.candidates import spaced_cells
from tests.made import ORIGIN_X, ORIGIN_Y
from tests.tiny import TOML, write_tiny

# The clinic stands at 0; on foot 1 m/s. c1 100 (100 people) is within 500 m, c2 900 (50), c3 1500 (30) are not; c4 1900 (20) is off the street.
RULE = '\n[[rules]]\nid = "near"\nfacilities = { kind = "clinic" }\nmode = "walk"\nmetres = 500\n'
CANDIDATES = '\n[[candidates]]\npath = "parcels.csv"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"\nid = "id"\nname = "name"\ncost = "yuan"\n'
PARCELS = [("p1", 700, 10, "甲地"), ("p2", 1100, 30, "乙地"), ("p3", 1600, 12, "丙地")]


@pytest.fixture
def folder(tmp_path):
    folder = write_tiny(tmp_path / "tiny", TOML + RULE + CANDIDATES)
    rows = [(name, ORIGIN_X + x, ORIGIN_Y, yuan, label) for name, x, yuan, label in PARCELS]
    pd.DataFrame(rows, columns=["id", "x", "y", "yuan", "name"]).to_csv(folder / "parcels.csv", index=False)
    return folder


def ask(folder, tmp_path, *options, code=0):
    done = CliRunner().invoke(app, ["sites", str(folder), "--rule", "near", "--out", str(tmp_path), "--json", *options])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout[done.stdout.index("{") :])


def test_one_site_goes_where_it_brings_most(folder, tmp_path):
    # p1 reaches c2 (230 m), p2 c2 (230) and c3 (400), p3 c3 (100).
    found = ask(folder, tmp_path, "--count", "1")
    assert found["chosen"] == ["p2"]
    assert (found["covered_before"], found["covered_after"], found["status"], found["bound"]) == (
        100,
        180,
        "optimal",
        180,
    )


def test_a_budget_buys_the_two_cheap_ones(folder, tmp_path):
    # p2 costs 30; p1 and p3 together 22, and reach the same people.
    found = ask(folder, tmp_path, "--budget", "25")
    assert (found["chosen"], found["cost_yuan"]) == (["p1", "p3"], 22)


def test_a_share_takes_the_least_money(folder, tmp_path):
    found = ask(folder, tmp_path, "--target", "0.7")
    assert found["chosen"] == ["p1"], "150 of 200 people for 10"
    assert ask(folder, tmp_path, "--target", "1", code=1)["status"] == "infeasible", "nobody reaches c4"


def test_the_price_of_no_is_what_the_next_best_loses(folder, tmp_path):
    ask(folder, tmp_path, "--count", "1")
    table = pd.read_csv(tmp_path / "data/processed/tiny/sites-near/sites.csv")
    # Without p2 the best is p1: 150 in place of 180.
    assert table[["candidate_id", "people_gained", "price_of_no"]].values.tolist() == [["p2", 80, 30]]
    curve = pd.read_csv(tmp_path / "data/processed/tiny/sites-near/curve.csv")
    assert curve["people_covered"].tolist() == [100, 180]


def test_candidates_are_made_where_people_are(tmp_path):
    folder = write_tiny(tmp_path / "tiny", TOML + RULE + "\n[siting]\nspacing_m = 500\n")
    found = ask(folder, tmp_path, "--count", "2")
    assert found["candidates"] == 3, "c3 and c4 share a square; more people live at c3"
    assert found["chosen"] == ["cell:c2", "cell:c3"]


def test_what_cannot_be_asked_is_said(folder):
    runner = CliRunner()
    assert runner.invoke(app, ["sites", str(folder), "--rule", "near"]).exit_code == 2
    assert runner.invoke(app, ["sites", str(folder), "--rule", "nera", "--count", "1"]).exit_code == 2
    both = runner.invoke(app, ["sites", str(folder), "--rule", "near", "--count", "1", "--target", "0.5"])
    assert both.exit_code == 2
    assert "--target" in both.output


def test_one_cell_a_square_the_most_peopled():
    x, y = np.array([10.0, 20.0, 110.0, 30.0, 250.0]), np.zeros(5)
    people = np.array([5.0, 7.0, 1.0, 7.0, 0.0])
    assert spaced_cells(x, y, people, 100.0).tolist() == [1, 2], "of equals the first; nobody, none"


def test_what_nobody_priced_is_not_free(folder):
    table = pd.read_csv(folder / "parcels.csv")
    table.loc[table["id"] == "p3", "yuan"] = None
    table.to_csv(folder / "parcels.csv", index=False)
    done = CliRunner().invoke(app, ["sites", str(folder), "--rule", "near", "--budget", "25"])
    assert done.exit_code == 2
    assert "p3" in done.output
    assert "cost_yuan" in done.output, "it says how to mend it"


def test_a_budget_without_any_cost_is_refused(tmp_path):
    folder = write_tiny(tmp_path / "tiny", TOML + RULE)
    done = CliRunner().invoke(app, ["sites", str(folder), "--rule", "near", "--budget", "25"])
    assert done.exit_code == 2
    assert "没有造价" in done.output
