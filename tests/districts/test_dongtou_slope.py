"""Every way of going by one's own power on the demonstration district's hills, through the command line, against the oracle."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.districts.runs import DistrictRun, computed, differs, is_a_tie

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "data" / "raw" / "dongtou"
MODES = ("walk", "walk_elderly", "bike", "stroll", "flat")
DIRECTIONS = ("toward", "from")

OWN_MODES = """
[modes.stroll]
network_type = "walk"
speeds_kph = { steps = 1.0, tertiary = 5.0, default = 4.0 }
access_kph = 4.0
max_access_m = 400
direct_m = 50
min_fragment_m = 300

[modes.flat]
network_type = "bike"
speed_kph = 15
access_kph = 4.5
max_access_m = 500
direct_m = 100
min_fragment_m = 500
slope = false

[modes.walk_elderly]
slope = { steps_kph = 0.9 }
"""


def rule(mode: str, direction: str, limit: str) -> str:
    """One rule: hospitals, the only layer here that is a plain table in WGS-84."""
    return f"""
[[rules]]
id = "{mode.replace("_", "-")}-{direction}-{limit.split()[0]}"
facilities = {{ kind = "hospital" }}
mode = "{mode}"
direction = "{direction}"
{limit}
"""


RULES = [rule(mode, direction, "minutes = 45") for mode in MODES for direction in DIRECTIONS]
RULES.append(rule("walk", "toward", "metres = 3000"))
RULE_IDS = [text.split('id = "', 1)[1].split('"', 1)[0] for text in RULES]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> DistrictRun:
    folder = tmp_path_factory.mktemp("hills") / "dongtou"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("build"))
    toml = folder / "district.toml"
    text = toml.read_text("utf-8")
    toml.write_text(text + OWN_MODES + "".join(RULES), "utf-8")
    return DistrictRun(folder, folder.parent / "out").run()


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_the_command_line_agrees_with_the_oracle(run: DistrictRun, rule_id: str) -> None:
    expected = run.expected(rule_id)
    ours, theirs = computed(run, expected), expected.nearest
    apart = np.flatnonzero(differs(ours, theirs))
    assert not [cell for cell in apart if not is_a_tie(run, expected, cell, ours[cell])]
    assert len(apart) <= 3
    assert np.isfinite(theirs).sum() > 1000


def test_uphill_and_downhill_are_not_the_same_but_for_modes_without_slope(run: DistrictRun) -> None:
    for mode in MODES:
        there, back = (run.expected(f"{mode.replace('_', '-')}-{way}-minutes").nearest for way in DIRECTIONS)
        both = np.isfinite(there) & np.isfinite(back)
        is_steep = np.abs(there[both] - back[both]) > 60
        # one-way streets alone make some of it by bicycle
        assert is_steep.mean() > 0.1 if mode != "flat" else is_steep.mean() < 0.1
