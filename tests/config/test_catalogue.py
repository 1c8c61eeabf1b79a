"""What ships as data is whole: policies, modes, kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecircle.config import load_kinds, load_modes, load_policies, load_ways

TEXTS = Path(__file__).parents[3] / "shared" / "domain" / "policies"
POLICIES = load_policies()
RULES = [rule for policy in POLICIES.values() for rule in policy.rules]


def test_rule_ids_are_unique_over_all_policies():
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_ready_to_run_and_says_where_it_is_from(rule):
    assert rule.policy in POLICIES
    assert rule.source
    assert rule.label is not None
    assert rule.label.en
    assert set(rule.modes) <= set(load_modes())
    filters = rule.facilities + (rule.then.facilities if rule.then else ())
    assert all(kind in load_kinds() for wanted in filters for kind in wanted.kind)
    assert rule.quote or rule.assumption


@pytest.mark.skipif(not TEXTS.is_dir(), reason="the policy texts are not beside this checkout")
@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.policy in ("dongtou-2021", "aed", "emergency")], ids=lambda rule: rule.id
)
def test_quotes_are_exact(rule):
    text = (TEXTS / "002_7498f88df587db6f.txt").read_text("utf-8")
    assert rule.quote in text


def test_the_chains_of_the_emergency_map_say_what_each_part_takes():
    chains = [rule for rule in POLICIES["emergency"].rules if rule.then]
    assert {key for rule in chains for wanted in rule.then.facilities for key in wanted.attributes} == {
        "thrombolysis",
        "pci",
    }
    for rule in chains:
        assert rule.fixed_minutes == rule.ready.total_min + rule.then.on_scene_minutes + rule.then.handover_minutes
        assert "假定" in rule.assumption, "minutes on scene have no source"


def test_the_two_readings_of_ten_minutes_stand_side_by_side():
    metres = {rule.metres for rule in POLICIES["dongtou-2021"].rules if rule.quote == "打造群众身边10分钟健身圈"}
    assert metres == {500, 1000}


def test_every_mode_names_its_ways():
    assert {mode.network_type for mode in load_modes().values()} <= set(load_ways())
    assert {mode.ways for mode in load_modes().values()} == {"tags"}


def test_ways_are_osmnx_filters_value_by_value():
    import re

    overpass = pytest.importorskip("osmnx._overpass", reason="OSMnx moved its filters")
    for name, ways in load_ways().items():
        named = {"ambulance": "drive"}.get(name, name)
        theirs = dict(re.findall(r'\["([^"]+)"!~"([^"]+)"\]', overpass._get_network_filter(named)))
        assert ways.exclude == theirs


def test_a_district_may_replace_a_speed_by_a_table_and_the_other_way_round():
    modes = load_modes({"drive": {"speed_kph": 30}, "walk": {"speeds_kph": {"default": 4, "steps": 2}}})
    assert (modes["drive"].speed_kph, modes["drive"].speeds_kph) == (30, None)
    assert modes["walk"].speeds_kph == {"default": 4, "steps": 2}
    table = load_modes({"drive": {"speeds_kph": {"primary": 55, "default": 20}}})["drive"].speeds_kph
    assert table == {"primary": 55, "default": 20}, "what the district writes is all that counts"


def test_what_a_district_says_of_slope_is_laid_over_the_modes_own():
    """Elderly people keep their own speed on steps when only the lengths are asked for along the ground."""
    mode = load_modes({"walk_elderly": {"slope": {"metres": "slope"}}})["walk_elderly"]
    assert mode.slope is not None
    assert (mode.slope.steps_kph, mode.slope.metres) == (1.3, "slope")
    assert load_modes({"walk": {"slope": False}})["walk"].slope is None
