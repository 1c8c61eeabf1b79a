"""Two years of the demonstration district: what the comparison says follows from what was made to differ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app

DONGTOU = Path(__file__).parents[2] / "data" / "raw" / "dongtou"
CAUSES = ["by_facilities", "by_people", "by_roads", "by_rule"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("compare")
    done = CliRunner().invoke(app, ["compare", str(DONGTOU), "2022", "2025", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out / "data" / "processed" / "dongtou" / "compare-2022-2025"


@pytest.fixture(scope="module")
def changes(made):
    return pd.read_csv(made / "changes.csv", dtype={"unit_code": str})


def test_what_was_made_to_differ_is_what_is_named(made):
    summary = json.loads((made / "comparison.json").read_text("utf-8"))
    opened = pd.DataFrame(summary["causes"]["facilities"]["opened"])["kind"].value_counts().to_dict()
    assert opened == {"fitness": 23, "clinic": 2}
    assert summary["causes"]["roads"]["opened"] == ["东环公路"]
    assert summary["people"] == {"from": pytest.approx(148_807), "to": pytest.approx(148_807)}
    assert summary["demonstration"]["zh"].startswith("示范数据，非实测")


def test_causes_and_residual_sum_to_every_difference(changes):
    told = changes[changes["difference"].notna()]
    np.testing.assert_allclose(told[[*CAUSES, "residual"]].sum(axis=1), told["difference"], rtol=0, atol=1e-9)
    # A mean that leaves anyone out in one year is over those reached in both, and is no cause's.
    means = told["note"].fillna("").str.contains("均值按两年都可达")
    assert means.any()
    assert set(told.loc[means, "value_unit"]) == {"min"}
    assert (told["by_people"].isna() == means).all()
    told = told[~means]
    assert (told["by_rule"] == 0).all()
    # Samples and registers are of 2024 and 2025: what is computed from them, and what counts targets, is not what causes did.
    left = told[told["residual"].abs() > 1e-9]
    assert all("scorecard" in name or name.startswith("water-") for name in left["indicator"])
    assert (told.loc[told["counted_by"] == "cell", "residual"].abs() < 1e-9).all()


def test_people_newly_covered_and_lost_add_up(changes):
    by_cell = changes[changes["counted_by"] == "cell"]
    flows = by_cell["newly_covered"] - by_cell["newly_lost"] + by_cell["moved"]
    np.testing.assert_allclose(flows, by_cell["covered_to"] - by_cell["covered_from"], rtol=1e-9, atol=1e-6)
    parts = by_cell.pivot_table("newly_covered", "indicator", "level", aggfunc="sum")
    both = parts.dropna(subset=["district", "township"])
    np.testing.assert_allclose(both["township"], both["district"], rtol=1e-9, atol=1e-6)


def test_only_rules_about_what_opened_change_by_facilities(changes):
    own = changes[(changes["level"] == "district") & (changes["counted_by"] == "cell")]
    moved = set(own.loc[own["by_facilities"] != 0, "indicator"])
    assert moved
    assert all(name.startswith(("clinic", "health-station", "fitness")) for name in moved)
