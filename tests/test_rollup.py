"""Two districts run, then their city and province by the command line."""

from __future__ import annotations

import pandas as pd
from typer.testing import CliRunner

from lifecircle.cli import app
from tests.tiny import TOML, write_tiny


def invoke(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_two_districts_make_a_city_and_a_province(tmp_path):
    for identity, code in (("one", "330301"), ("two", "330302")):
        toml = TOML.replace('id = "tiny"', f'id = "{identity}"').replace('code = "330399"', f'code = "{code}"')
        write_tiny(tmp_path / identity, toml)
        assert invoke("run", tmp_path / identity, "--out", tmp_path, "--no-map", "--no-areas").exit_code == 0
    done = invoke("rollup", "one", "two", "--year", 2025, "--out", tmp_path, "--name", "3303=温州市", "--id", "wenzhou")
    assert done.exit_code == 0, done.output
    rows = pd.read_csv(tmp_path / "data/processed/wenzhou/2025/indicators.csv", dtype={"unit_code": str})
    city = rows[(rows["level"] == "city") & (rows["indicator"] == "clinic-walk-15")].iloc[0]
    one = pd.read_parquet(tmp_path / "data/processed/one/2025/indicators.parquet")
    district = one[(one["level"] == "district") & (one["indicator"] == "clinic-walk-15")].iloc[0]
    assert (city["unit_name"], city["districts"]) == ("温州市", 2)
    assert city["numerator"] == 2 * district["numerator"]
    assert city["value"] == district["value"]


def test_a_run_that_is_not_there_is_named_with_the_way_to_make_it(tmp_path):
    done = invoke("rollup", "nowhere", "--year", 2025, "--out", tmp_path)
    assert done.exit_code == 2
    assert "nowhere" in done.output
    assert "lifecircle run" in done.output
