"""An earlier run's own indicators are the base of a later one."""

from __future__ import annotations

import pandas as pd
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.study import run_district
from tests.tiny import TOML, write_tiny

TARGET = 'target = { kind = "at_least", value = 0.6, year = 2025 }'
LATER = 'target = [{ kind = "at_least", value = 0.9, year = 2030 }]'


def test_last_years_outputs_are_this_years_base(tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    done = CliRunner().invoke(
        app, ["run", str(folder), "--year", "2020", "--out", str(tmp_path), "--no-map", "--no-areas"]
    )
    assert done.exit_code == 0, done.output
    earlier = "../data/processed/tiny/2020/indicators.csv"
    toml = TOML.replace(TARGET, LATER) + f'\n[[baselines]]\npath = "{earlier}"\n'
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    study = run_district(folder, with_areas=False)
    rows = study.tables["targets"].set_index(["indicator", "unit_code"])
    own = rows.loc[("clinic-walk-15", "330399")]
    before = pd.read_csv(tmp_path / "data/processed/tiny/2020/indicators.csv", dtype={"unit_code": str})
    base = before[(before["indicator"] == "clinic-walk-15") & (before["level"] == "district")]["value"].item()
    assert (own["base"], own["base_year"]) == (base, 2020)
    # Half the way from 2020 to 2030, and nothing has changed since: behind the line.
    assert own["expected"] == base + (90 - base) / 2
    assert own["status"] == "滞后"
    town = rows.loc[("clinic-walk-15", "330399001")]
    assert town["base_year"] == 2020, "townships have their own base"
