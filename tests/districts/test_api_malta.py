"""Frames alone, on Malta: the figures of a run, to rounding."""

from __future__ import annotations

import re
import tomllib

import numpy as np
import pytest
from tests.districts.folders import RAW, lay_out
from tests.districts.runs import REPOSITORY

import lifecircle as lc

pytestmark = [
    pytest.mark.skipif(not RAW.exists(), reason="needs ../shared/data: real districts, not part of the repository"),
    pytest.mark.slow,
]


@pytest.mark.parametrize("rule", ["care-15min-walk", "pharmacy-1000m-walk", "hospital-30min-drive"])
def test_frames_give_what_a_run_gives(malta, rule):
    district, study = malta
    ways = tomllib.loads((study[1] / "district.toml").read_text("utf-8"))
    asked = next(one for one in ways["rules"] if one["id"] == rule)
    serving = study[0].facilities[f"{rule}__people_within"].notna()
    clinics = district.facilities.loc[serving[serving].index]
    limit = {key: asked[key] for key in ("minutes", "metres") if key in asked}
    found = lc.reach(
        district.roads, district.people, clinics, mode=asked["mode"], direction=asked.get("direction", "toward"),
        options=ways["modes"][asked["mode"]], barriers=district.barriers, **limit,
    )  # fmt: skip
    times, unit = study[0].travel_times(rule), next(iter(limit))
    np.testing.assert_allclose(found.nearest[unit], times[unit], rtol=1e-9)
    assert found.people_covered == pytest.approx(study[0].coverage(rule, level="district")["numerator"].item())


@pytest.fixture(scope="module")
def malta(tmp_path_factory):
    folder = lay_out("malta", tmp_path_factory.mktemp("api") / "malta")
    study = lc.run(folder, areas=False, plans=False, cache=False)
    return lc.read_district(folder, cache=False), (study, folder)


def test_the_script_of_the_guide_runs_and_gives_the_figures_of_a_run(malta, capsys):
    study, folder = malta[1]
    guide = (REPOSITORY / "data" / "raw" / "README.md").read_text("utf-8")
    (script,) = re.findall(r"```python\n(import lifecircle as lc.*?)```", guide, flags=re.DOTALL)
    assert len([line for line in script.splitlines() if line.strip() and not line.startswith("#")]) <= 25
    names: dict[str, object] = {}
    exec(compile(script.replace("data/raw/malta", str(folder)), "guide", "exec"), names)
    rule = "care-15min-walk"
    assert names["found"].people_covered == pytest.approx(study.coverage(rule, level="district")["numerator"].item())
    own, whole = names["study"].coverage(rule), study.coverage(rule)
    np.testing.assert_array_equal(own["value"], whole["value"])
    assert f"{names['found'].people_covered:,.0f} / " in capsys.readouterr().out
