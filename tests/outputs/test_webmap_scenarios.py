"""Scenarios on the page: the tiny district with its clinic closed, and with a second one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.made import ORIGIN_X, ORIGIN_Y
from tests.outputs.pages import answer_of, open_part
from tests.tiny import TOML, write_tiny

from lifecircle.outputs.webmap import write_webmap
from lifecircle.outputs.webmap.scenarios import describe_scenarios
from lifecircle.study import run_district

SCENARIOS = f"""
[[scenarios]]
id = "closed"
label = {{ zh = "卫生院停用", en = "The clinic closed" }}
close = "k1"

[[scenarios]]
id = "second"
label = {{ zh = "乙镇新建", en = "One in 乙" }}
add = {{ kind = "clinic", id = "k2", name = "乙卫生院", grade = "乡镇卫生院", x = {ORIGIN_X + 1500}, y = {ORIGIN_Y} }}

[[scenarios]]
id = "as-it-is"
"""
RULE = "clinic-walk-15"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return run_district(write_tiny(tmp_path_factory.mktemp("ifs") / "tiny", TOML + SCENARIOS), with_areas=False)


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_webmap(study, path)
    return path


def test_each_scenario_has_what_it_does_and_what_differs(study):
    closed, second, as_it_is = describe_scenarios(study)
    assert closed["what"] == [{"key": "close", "names": [{"zh": "k1", "en": "k1"}]}]
    assert [name["zh"] for name in second["what"][0]["names"]] == ["乙卫生院"]
    # Without the clinic nobody is covered: c1, 100 of 200, all of them in 甲. With one at 1500 c2 (50, 630 s) and c3 (30) are too.
    rule = next(one for one in closed["indicators"] if one["id"] == RULE)
    assert (rule["base"], rule["value"], rule["difference"], rule["people"]) == (50, 0, -50, -100)
    assert rule["levels"]["township"]["unit"] == [0]
    assert rule["levels"]["township"]["people"] == [-100]
    rule = next(one for one in second["indicators"] if one["id"] == RULE)
    assert (rule["value"], rule["people"]) == (90, 80)
    assert rule["levels"]["township"]["people"] == [50, 30]
    assert as_it_is["indicators"] == []


def test_whoever_can_no_longer_reach_any_comes_first_with_how_many(study):
    closed, second, _ = describe_scenarios(study)
    # With its only clinic closed nobody reaches one: 180 who did (c4, 20, never did).
    first = closed["indicators"][0]
    assert (first["id"], first["strands"], first["people"]) == (f"{RULE}-unreachable", True, 180)
    assert first["note"] == "180 人不再可达 people no longer reach any"
    assert not any(one["strands"] for one in second["indicators"])


def test_without_scenarios_there_is_no_panel(study):
    assert describe_scenarios(replace(study, tables={})) is None


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["卫生院停用", "停用", "50.0%", "−50.0", "−100", "甲街道"]),
        ("en", ["The clinic closed", "close", "−50.0", "−100", "now"]),
    ],
)
def test_in_a_browser_the_figures_that_differ_are_listed(page, tmp_path, language, words):
    shown, _ = open_part(
        page, f"#panel=scenarios&scenario=closed&differing={RULE}&lang={language}", "scenarios-panel", tmp_path
    )
    assert [word for word in words if word not in shown] == []


@pytest.mark.browser
def test_in_a_browser_the_stranded_stand_first_in_red_with_their_note(page, tmp_path):
    script = """
      const [first] = document.querySelectorAll("#scenarios-panel tbody tr");
      document.title = JSON.stringify([first.textContent, getComputedStyle(first.querySelector("th button")).color,
        getComputedStyle(document.querySelectorAll("#scenarios-panel tbody tr")[2].querySelector("th button")).color]);
    """
    text, colour, other = answer_of(page, "#panel=scenarios&scenario=closed", script, tmp_path)
    assert "不可达" in text
    assert "180 人不再可达 people no longer reach any" in text
    assert colour == "rgb(163, 24, 42)"
    assert other != colour


@pytest.mark.browser
def test_in_a_browser_units_take_the_colour_of_the_difference(page, tmp_path):
    script = """
      const colours = () => [...document.querySelectorAll(".leaflet-units-pane path")].map((path) => path.getAttribute("fill"));
      const closed = colours();
      document.querySelectorAll("#scenarios-panel .chip")[1].click();
      document.querySelectorAll("#scenarios-panel tbody button")[0].click();
      const second = colours();
      document.querySelectorAll("#scenarios-panel .chip")[2].click();
      document.title = JSON.stringify([closed, second, colours(), document.getElementById("scenarios-panel").textContent.includes("没有变化"),
        location.hash.includes("scenario=as-it-is")]);
    """
    closed, second, same, is_said, is_written = answer_of(page, f"#panel=scenarios&differing={RULE}", script, tmp_path)
    assert closed == ["#b2182b", "#f7f7f7"]
    assert second == ["#2166ac", "#2166ac"]
    assert same == ["#f7f7f7", "#f7f7f7"]
    assert is_said
    assert is_written
