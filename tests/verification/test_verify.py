"""The known answers hold, and an engine that is wrong is found out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.config import Label
from lifecircle.verification import Case, Outcome, Verification, load_cases, run_case, verify
from lifecircle.verification.report import verdict, verification_json, verification_table
from lifecircle.verification.verify import NOT_USED

pytestmark = pytest.mark.slow

ORACLES = Path(__file__).parents[3] / "shared" / "oracles"
needs_oracles = pytest.mark.skipif(not ORACLES.is_dir(), reason="needs ../shared/oracles, not part of the repository")
SHIPPED = [entry for entry in load_cases() if entry.oracle is None]
ORACLE_CASES = [entry for entry in load_cases() if entry.oracle is not None]


def faults(outcome: Outcome) -> list[str]:
    return [f"{c.label}: {c.expected} {c.computed}" for c in outcome.checks if not c.holds] + (
        [outcome.fault] if outcome.fault else []
    )


@pytest.mark.parametrize("entry", SHIPPED, ids=lambda entry: entry.id)
def test_what_ships_holds(entry):
    outcome = run_case(entry, Path())
    assert not faults(outcome)
    assert outcome.holds
    assert entry.source
    assert entry.label.zh


@needs_oracles
@pytest.mark.parametrize("entry", ORACLE_CASES, ids=lambda entry: entry.id)
def test_what_others_published_holds(entry):
    outcome = run_case(entry, ORACLES / entry.oracle)
    assert not faults(outcome)
    assert outcome.holds


def outcome_of(identity: str) -> Outcome:
    return run_case(next(entry for entry in SHIPPED if entry.id == identity), Path())


def test_a_wrong_speed_on_streets_is_found_out(monkeypatch):
    from lifecircle.travel import reach
    from lifecircle.travel import ways as modes

    monkeypatch.setattr(modes, "KPH_TO_MPS", 1 / 3.5)
    assert not outcome_of("one-way").holds
    assert not outcome_of("one-street").holds
    monkeypatch.setattr(modes, "KPH_TO_MPS", 1 / 3.7)
    assert not outcome_of("ten-minutes").holds
    monkeypatch.undo()
    monkeypatch.setattr(reach, "KPH_TO_MPS", 1 / 3.5)
    assert not outcome_of("one-way").holds


def test_a_wrong_speed_over_terrain_is_found_out(monkeypatch):
    from lifecircle.travel.terrain import search

    tabulate = search._tabulate_goings
    monkeypatch.setattr(search, "_tabulate_goings", lambda *asked: tabulate(*asked) * 1.001)
    assert not outcome_of("tobler").holds
    assert not outcome_of("flat-ground").holds


def test_a_wrong_slope_on_streets_is_found_out(monkeypatch):
    from lifecircle.travel import slope

    monkeypatch.setattr(slope, "TOBLER_BEST_SLOPE", -0.04)
    assert not outcome_of("tobler-streets").holds


def test_another_ellipsoid_is_found_out(monkeypatch):
    from lifecircle.sources import datum

    monkeypatch.setattr(datum, "AXIS_M", 6378137.0)
    assert not outcome_of("gcj02").holds


def test_shares_by_centre_are_found_out(monkeypatch):
    from lifecircle.sources.people import raster

    build = raster.build_membership
    monkeypatch.setattr(raster, "build_membership", lambda u, c, share, shape: build(u, c, np.round(share), shape))
    assert not outcome_of("cell-shares").holds


def made_case(*figures: tuple[str, float, float]) -> Case:
    return Case("made", Label(zh="自造", en="made"), "by hand", "m", 0.1, None, lambda _: iter(figures))


def test_nothing_and_nan_prove_nothing():
    assert not run_case(made_case(), Path()).holds
    assert not run_case(made_case(("a", 1.0, float("nan"))), Path()).holds
    assert run_case(made_case(("a", float("inf"), float("inf"))), Path()).holds
    assert not run_case(made_case(("a", float("inf"), 3.0)), Path()).holds
    assert run_case(made_case(("a", 1.0, 1.05)), Path()).holds


def test_what_fails_is_named_and_a_fault_says_why():
    def broken(_):
        yield "a", 1.0, 1.0
        raise ValueError("the file is cut short")

    good = made_case(("a", 1.0, 1.0))
    bad = Case("broken", good.label, good.source, good.unit, 0.1, None, broken)
    found = Verification((run_case(good, Path()), run_case(bad, Path())), ())
    assert [outcome.case.id for outcome in found.failed] == ["broken"]
    assert "broken" in verdict(found)
    content = verification_json(found)
    assert content["failed"] == ["broken"]
    assert "cut short" in content["cases"][1]["fault"]


def test_the_table_fits_a_terminal():
    found = Verification(tuple(run_case(entry, Path()) for entry in SHIPPED), ())
    console = Console(width=80, file=io.StringIO())
    console.print(verification_table(found))
    lines = console.file.getvalue().splitlines()
    figures = sum(len(outcome.checks) for outcome in found.outcomes)
    assert sum(line.rstrip().endswith("相符") for line in lines) == figures, "a row that folds loses its mark"
    assert found.outcomes[0].case.label.zh in lines[3]


@needs_oracles
def test_oracles_that_are_not_compared_are_listed_and_not_counted(tmp_path):
    known = {entry.oracle for entry in ORACLE_CASES} | set(NOT_USED)
    assert {path.name for path in ORACLES.iterdir() if path.is_dir()} <= known
    (tmp_path / "zonal").mkdir()
    (tmp_path / "unheard-of").mkdir()
    found = verify(tmp_path, lambda _: None)
    assert {outcome.case.id for outcome in found.outcomes} == {entry.id for entry in SHIPPED}
    reasons = {entry.name: entry.reason for entry in found.not_run}
    assert reasons["zonal"] == NOT_USED["zonal"]
    assert "no case knows it" in reasons["unheard-of"]
    assert "not in the folder" in reasons["accessmod_malawi"]


def test_the_command_line(monkeypatch):
    runner = CliRunner()
    done = runner.invoke(app, ["verify", "--json"])
    assert done.exit_code == 0
    content = json.loads(done.stdout)
    assert content["holds"]
    assert {entry["case"] for entry in content["cases"]} == {entry.id for entry in SHIPPED}
    assert runner.invoke(app, ["verify", "--oracles", "nowhere"]).exit_code == 2
    from lifecircle.travel import ways as modes

    monkeypatch.setattr(modes, "KPH_TO_MPS", 1 / 3.5)
    wrong = runner.invoke(app, ["verify"])
    assert wrong.exit_code == 1
    assert "one-way" in wrong.stdout.splitlines()[-1]
