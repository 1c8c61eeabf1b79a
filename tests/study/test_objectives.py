"""Objectives of siting by hand: distances, room, and a second facility within reach, from the command line and from Python.

k1 at 0; people c1 100 at 100, c2 50 at 900 (30 m off), c3 30 at 1500, c4 20 at 1900 (300 m off the street: nobody reaches it);
candidates p1 at 1000, p2 at 1500. On foot 1 m/s.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

import lifecircle as lc
from lifecircle.siting import backup_covering, capacitated_covering, p_center, p_median
from tests.made import GROUND
from tests.tiny import TOML, write_tiny
from tests.two_years import invoke

RULE = "clinic-walk-15"
CANDIDATES = '\n[[candidates]]\npath = "candidates.csv"\nid = "id"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"\n'


def write(folder, more=""):
    write_tiny(folder, TOML.replace('grade = "grade" }', 'grade = "grade", capacity = "room" }') + CANDIDATES + more)
    GROUND.write_places(folder / "candidates.csv", ["id"], [("p1", 1000, 0), ("p2", 1500, 0)])
    GROUND.write_places(
        folder / "clinics.csv", ["id", "name", "grade", "room"], [("k1", "甲卫生院", "乡镇卫生院", 60, 0, 0)]
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("objectives") / "tiny")


# Minutes: c1 100 s; c2 930, 130, 630 s; c3 1500, 500, 0 s, to k1, p1, p2.
BEFORE_S = 100 * 100 + 50 * 930 + 30 * 1500
WITH_P1_S, WITH_P2_S = 100 * 100 + 50 * 130 + 30 * 500, 100 * 100 + 50 * 630


def test_p_median_is_the_least_mean_of_those_who_reach_any(folder):
    found = lc.sites(folder, RULE, count=1, objective="p_median", cache=False)
    assert found.sites.index.tolist() == ["p1"]
    assert found.objective == pytest.approx(WITH_P1_S / 60)
    assert found.objective_before == pytest.approx(BEFORE_S / 60)
    assert (found.status, found.gap) == ("optimal", 0)
    assert found.sites["holds_in"].tolist() == [""]  # tried under no other assumption, and said of none
    # Within the limit: c1; and c2 and c3 by p1.
    assert found.people_covered == (100, 180)
    # Without p1 the best is p2: so much more for each of the 180 who reach any.
    assert found.removal_loss["p1"] == pytest.approx((WITH_P2_S - WITH_P1_S) / 60 / 180)


def test_p_center_is_the_least_greatest(folder):
    found = lc.sites(folder, RULE, count=1, objective="p_center", cache=False)
    # p1: c3 500 s away; p2: c2 630.
    assert found.sites.index.tolist() == ["p1"]
    assert found.objective == pytest.approx(500 / 60)
    assert found.objective_before == pytest.approx(1500 / 60)
    assert found.removal_loss["p1"] == pytest.approx(130 / 60)


def test_capacitated_counts_those_who_find_a_place(folder):
    found = lc.sites(folder, RULE, count=1, objective="capacitated", capacity="capacity", new_capacity=40, cache=False)
    # k1 has room for 60 of c1's 100; a new site serves 40 of the 80 at c2 and c3, wherever of the two it is.
    assert (found.objective_before, found.objective) == (60, 100)
    more = lc.sites(folder, RULE, count=2, objective="capacitated", capacity="capacity", new_capacity=40, cache=False)
    assert more.objective == 60 + 40 + 40


def test_backup_counts_those_with_two_within_the_limit(folder):
    found = lc.sites(folder, RULE, count=2, objective="backup", cache=False)
    # Both p1 and p2 reach c2 (130 and 630 s) and c3; c1 has k1 and, 900 s away, p1.
    assert (found.objective_before, found.objective) == (0, 180)
    assert sorted(found.sites.index) == ["p1", "p2"]


def test_the_same_by_the_functions_alone():
    cost = np.array([[100, 930, 1500, np.inf], [900, 130, 500, np.inf], [1400, 630, 0, np.inf]])
    people = np.array([100.0, 50, 30, 20])
    assert p_median(cost, people, 1, locked=[0]).chosen.tolist() == [1]
    assert p_center(cost, 1, people=people, locked=[0]).objective == 500
    covers = cost <= 900
    assert capacitated_covering(covers, people, [60, 40, 40], 1, locked=[0]).objective == 100
    assert backup_covering(covers, people, 2, locked=[0]).objective == 80 + 100  # c1 by k1, and by p1 900 s away


def test_the_command_line_says_what_was_made_best_before_and_after(folder, tmp_path):
    done = invoke("sites", folder, "--rule", RULE, "--count", 1, "--objective", "p_median", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    for text in ("p-median", "9.4 min", "2.9 min", "不选该点的影响", "+0.9 min"):
        assert text in done.output.replace("\n", " ")
    summary = json.loads((tmp_path / f"data/processed/tiny/sites-{RULE}/summary.json").read_text("utf-8"))
    assert (summary["objective_name"], summary["objective_unit"]) == ("p_median", "min")
    assert summary["objective_before"] == pytest.approx(BEFORE_S / 60 / 180)
    assert summary["objective_after"] == pytest.approx(WITH_P1_S / 60 / 180)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--count", 1, "--objective", "p_medan"], "p_median"),
        (["--target", 0.9, "--objective", "p_median"], "target"),
        (["--count", 1, "--objective", "capacitated"], "new_capacity"),
        (["--count", 1, "--objective", "capacitated", "--new-capacity", 5, "--capacity", "beds"], "beds"),
    ],
)
def test_what_does_not_go_together_is_said_in_a_line(folder, tmp_path, options, said):
    done = invoke("sites", folder, "--rule", RULE, *options, "--out", tmp_path)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_a_plan_of_every_run_may_have_any_objective(tmp_path):
    plans = f'\n[[plans]]\nid = "near"\nrule = "{RULE}"\ncount = 1\nobjective = "p_median"\n'
    study = lc.run(write(tmp_path / "tiny", plans), areas=False, cache=False)
    paths = study.publish(tmp_path / "o")
    (plan,) = study._result.plans
    assert plan.sites["candidate_id"].tolist() == ["p1"]
    assert any(path.name == "index.html" for path in paths)
