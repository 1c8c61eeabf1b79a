"""What to collect is told before a run, and is what the run then misses."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.config import load_policies
from lifecircle.problems import Problems
from lifecircle.study import check_district, find_missing, run_district
from tests.tiny import write_tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("short") / "tiny")


def test_what_check_foresees_is_what_a_run_misses(folder):
    policies = tuple(load_policies())
    layers = check_district(folder, Problems(), policies=policies)
    foreseen, missed = find_missing(layers), run_district(folder, policies=policies, with_areas=False).tables["missing"]
    key = ["section", "name", "columns", "is_whole_missing"]
    pd.testing.assert_frame_equal(foreseen[key], missed[key])


def test_a_table_is_named_once_with_all_its_columns_and_who_waits_for_it(folder):
    layers = check_district(folder, Problems(), policies=("shangzhou-2022",))
    missing = find_missing(layers).set_index("name")
    townships = missing.loc["townships"]
    assert townships["section"] == "[[tables]]"
    assert {"sanitary_award", "healthy_town"} <= set(townships["columns"].split(", "))
    assert "S08" in townships["statements"].split("; ")
    assert missing.loc["bus_stop", "is_whole_missing"]
    clinic = missing.loc["clinic"]
    assert not clinic["is_whole_missing"], "the layer is there; a column of it is not"
    assert "ownership" in clinic["columns"]


def test_check_prints_it(folder):
    done = CliRunner().invoke(app, ["check", str(folder), "--policy", "aed"])
    assert done.exit_code == 0, done.output
    assert "aed" in done.output
    assert "项指标" in done.output
