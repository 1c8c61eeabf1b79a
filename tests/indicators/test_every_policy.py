"""Any district may answer to any policy: what it lacks is named, entry by entry, and the rest is computed."""

from __future__ import annotations

import pytest

from lifecircle.config import load_entries, load_policies
from lifecircle.study import run_district
from tests.tiny import TOML, write_tiny


def answer(folder, policies):
    toml = TOML.replace("year = 2025\ncrs", f"year = 2025\npolicies = {list(policies)}\ncrs".replace("'", '"'))
    return run_district(write_tiny(folder / "tiny", toml), with_areas=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return answer(tmp_path_factory.mktemp("all"), load_policies())


def test_every_entry_of_every_policy_is_computed_or_says_what_it_lacks(study):
    computed = set(study.indicators["indicator"])
    assert {name for name in load_entries() if name not in computed and not study.not_computed.get(name)} == set()
    assert {"clinic-15min-walk", "town-health-centre", "clinic-mean-minutes", "annual-scorecard"} <= computed


def test_a_district_without_villages_is_told_so(study):
    assert 'level = "village"' in study.not_computed["village-clinic-public"]
    assert "village-clinic-public" not in set(study.indicators["indicator"])


def test_facilities_that_do_not_say_what_they_hold_turn_nobody_away(study):
    assert "capacity" in study.not_computed["clinic-room"]
    assert "clinic-room" not in set(study.indicators["indicator"])
