"""The monitoring board: what it holds, by hand on the tiny district, and what it does in a browser."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from importlib.resources import files

import geopandas as gpd
import pytest
from tests.outputs.test_webmap import HOSTILE, open_in_chromium
from tests.tiny import TOML, write_tiny

from lifecircle.config import load_measures, load_policies
from lifecircle.config.schema import LEVEL_NAMES
from lifecircle.outputs.webmap import describe_study, write_webmap
from lifecircle.outputs.webmap.board import describe_board
from lifecircle.study import run_district

INDICATORS = f"""
[[indicators]]
id = "own-clinic"
measure = "presence"
label = {{ zh = "有卫生院的乡镇街道", en = "Townships with a clinic" }}
unit = "township"
of = {{ kind = "clinic" }}
target = {{ kind = "all", year = 2030 }}

[[indicators]]
id = "clinics-per-1000"
measure = "ratio"
label = {{ zh = {json.dumps(HOSTILE[1])}, en = "Clinics per 1,000" }}
of = {{ kind = "clinic" }}
per = 1000
unit = "家/千人"
target = {{ kind = "at_least", value = 10, year = 2024 }}

[[indicators]]
id = "clinics"
measure = "count"
label = {{ zh = "=卫生院数", en = "Clinics" }}
of = {{ kind = "clinic" }}
unit = "家"
levels = ["district", "township"]
target = {{ kind = "count", value = 1, year = 2024 }}

[[indicators]]
id = "clinics-more"
measure = "count"
of = {{ kind = "clinic" }}
target = {{ kind = "qualitative", text = {{ zh = "更多", en = "more" }} }}

[[indicators]]
id = "clinics-untold"
measure = "count"
label = {{ zh = "卫生院总数", en = "All clinics" }}
of = {{ kind = "clinic" }}
unit = "家"
"""
AHEAD, ON_SCHEDULE, BEHIND, UNDER_WAY, MISSED, NOT_KNOWN, NO_TARGET = range(7)


def write_district(folder):
    toml = TOML.replace('crs = "EPSG:4549"\n\n[[units]]', 'crs = "EPSG:4549"\npolicies = ["huzhou"]\n\n[[units]]', 1)
    write_tiny(folder, toml + INDICATORS)
    townships = gpd.read_file(folder / "townships.gpkg")
    townships["name"] = HOSTILE
    townships.to_file(folder / "townships.gpkg", layer="townships")
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return run_district(write_district(tmp_path_factory.mktemp("board") / "tiny"), with_areas=False)


@pytest.fixture(scope="module")
def board(study):
    return describe_board(study)


def row_of(board, name):
    return next(row for row in board["indicators"] if row["id"] == name)


def test_a_rule_with_a_target_stands_with_what_is_missing_and_each_township(board):
    # 100 of 200 people are covered, all of them in township A, which has 150; 60 % is asked this year: 120, so 20 are missing.
    row = row_of(board, "clinic-walk-15")
    assert row["value"] == 50
    assert row["target"] == {"kind": "at_least", "value": 60, "year": 2025}
    assert (row["status"], row["missing"], row["missing_unit"]) == (MISSED, 20, "人")
    assert row["townships"] == [66.6667, 0]
    assert row["statuses"] == [ON_SCHEDULE, MISSED]
    assert row["rule"] == "clinic-walk-15"


def test_a_presence_lacks_townships(board):
    row = row_of(board, "own-clinic")
    assert (row["value"], row["target"]["value"], row["missing"]) == (50, 100, 1)
    assert (row["status"], row["missing_unit"]) == (UNDER_WAY, "乡镇街道")
    assert row["townships"] == [100, 0]
    assert row["statuses"] == [AHEAD, UNDER_WAY]
    assert (row["zh"], row["en"], row["rule"]) == ("有卫生院的乡镇街道", "Townships with a clinic", "")


def test_a_rate_lacks_what_stands_above_the_line(board):
    # 1 clinic for 200 people is 5 per 1,000; 10 are asked: one more.
    row = row_of(board, "clinics-per-1000")
    assert (row["value"], row["missing"], row["missing_unit"]) == (5, 1, "家")
    assert row["townships"] == [6.66667, 0]
    assert row["status"] == MISSED


def test_so_many_of_the_district_are_asked_of_no_township_but_its_figures_are_shown(board):
    row = row_of(board, "clinics")
    assert (row["value"], row["status"], row["missing"]) == (1, ON_SCHEDULE, 0)
    assert row["townships"] == [1, 0]
    assert row["statuses"] == [NO_TARGET, NO_TARGET]


def test_a_target_in_words_has_both_languages(board):
    row = row_of(board, "clinics-more")
    assert row["target"] == {"kind": "qualitative", "value": None, "year": None, "text": {"zh": "更多", "en": "more"}}
    assert (row["status"], row["missing"]) == (NO_TARGET, None)


def test_groups_are_no_rows_and_what_has_no_target_stands_apart(study, board):
    assert "clinic-walk-15-age60" in set(study.indicators["indicator"])
    assert "clinic-walk-15-age60" not in set(study.tables["targets"]["indicator"]), "the clause asks it of everyone"
    # A statement of the policy is answered by another policy's rule, and by its scorecard.
    assert [row["id"] for row in board["indicators"]] == [
        "clinic-walk-15", "clinic-15min-walk", "own-clinic", "clinics-per-1000", "clinics", "clinics-more",
    ]  # fmt: skip
    assert [policy["id"] for policy in board["policies"]] == ["huzhou", "", "living-circle", "monitoring"]
    assert [row["id"] for row in board["others"]] == ["clinic-walk-1000m", "clinics-untold"]
    assert board["others"][1]["value"] == 1


def test_statements_that_lack_data_say_each_need_once(study, board):
    statements = study.tables["statements"]
    lacking = statements[statements["state"].str.startswith(("缺数据", "部分"))]
    assert len(lacking) > 0
    assert [row["id"] for row in board["unanswered"]] == lacking["statement"].tolist()
    assert all(row["needs"] and len(set(row["needs"])) == len(row["needs"]) for row in board["unanswered"])
    assert board["statements"]["statements"] == len(statements)


def test_what_is_reported_of_townships_only_is_not_lost(study):
    targets = study.tables["targets"]
    kept = targets[~((targets["indicator"] == "own-clinic") & (targets["level"] == "district"))]
    row = row_of(
        describe_board(dataclasses.replace(study, tables={**study.tables, "targets": kept})),
        "own-clinic",
    )
    assert (row["value"], row["status"], row["missing"]) == (None, None, None)
    assert row["townships"] == [100, 0]


def test_where_nothing_is_monitored_there_is_no_board(study):
    bare = {name: table.iloc[:0] for name, table in study.tables.items()}
    assert describe_board(dataclasses.replace(study, tables=bare)) is None
    assert describe_board(dataclasses.replace(study, tables={})) is None
    only = {"statements": study.tables["statements"]}
    assert describe_board(dataclasses.replace(study, tables=only))["indicators"] == []


def with_entry(study, name, measure, **fields):
    """Return the study as if one of its indicators were of another measure."""
    entry = load_measures()[measure].model_construct(id=name, **fields)
    kept = [one for one in study.configuration.indicators if one.id != name]
    configuration = dataclasses.replace(study.configuration, indicators=(*kept, entry))
    return dataclasses.replace(study, configuration=configuration)


@pytest.mark.parametrize(
    ("measure", "fields", "expected"),
    [
        ("share", {"numerator": None}, (1, "项")),
        ("share", {"numerator": "tonnes"}, (1, "")),
        ("area_share", {}, (1, "m2")),
        # 1 minute more is no clinic less: of a mean the gap is told, 10 less 5.
        ("mean_minutes", {"rule": "clinic-walk-15"}, (5, "家/千人")),
        ("floating_catchment", {"rule": "clinic-walk-15"}, (5, "家/千人")),
    ],
)
def test_what_is_missing_is_something_that_can_be_provided(study, measure, fields, expected):
    changed = with_entry(study, "clinics-per-1000", measure, **fields)
    targets = study.tables["targets"].copy()
    targets["missing_unit"] = ""
    row = row_of(describe_board(dataclasses.replace(changed, tables={"targets": targets})), "clinics-per-1000")
    assert (row["missing"], row["missing_unit"]) == expected


def test_every_unit_of_the_catalogue_has_its_words_on_the_page():
    words = json.loads((files("lifecircle.outputs.webmap") / "words.json").read_text("utf-8"))
    entries = [entry for policy in load_policies().values() for entry in policy.entries]
    parts = {part for entry in entries for part in entry.value_unit.split("/")}
    assert {part for part in parts if not part.isascii() and f"unit_{part}" not in words} <= {"‰"}
    assert {f"missing_{name}" for name in ("人", "项", *LEVEL_NAMES.values())} <= set(words)


def test_the_description_is_json(study):
    json.dumps(describe_study(study)["board"], allow_nan=False)


# In a browser


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_webmap(study, path)
    return path


def with_script(page, script, tmp_path):
    """Return the page with a script of the test at its end, which its own policy would not let run."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
    path = tmp_path / "scripted.html"
    path.write_text(text.replace("</html>", f"<script>{script}</script></html>"), "utf-8")
    return path


def shown_rows(dom):
    return re.findall(r'<tr[^>]*data-indicator="([^"]+)"', dom)


def board_of(dom):
    return re.search(r'<section id="board"(.*?)</section>', dom, flags=re.DOTALL).group(1)


@pytest.mark.browser
def test_in_a_browser_the_board_opens_from_its_address(page, tmp_path):
    dom, console = open_in_chromium(page, "#view=board", tmp_path)
    assert not console
    text = board_of(dom)
    assert not re.search(r"^[^>]*hidden", text)
    assert shown_rows(text) == [
        "clinic-walk-15",
        "own-clinic",
        "clinics-per-1000",
        "clinics",
        "clinics-more",
        "clinic-15min-walk",
    ]
    line = re.search(r'data-indicator="own-clinic">(.*?)</tr>', text).group(1)
    for part in ("有卫生院的乡镇街道", "50.0%", "100%（2030）", "推进中", "1 个乡镇街道"):
        assert part in line
    assert re.search(r'aria-expanded="true"[^>]*id="open-board"|id="open-board"[^>]*aria-expanded="true"', dom)
    for status, count in {"ahead": 0, "on_schedule": 1, "under_way": 2, "missed": 2, "no_target": 1}.items():
        assert re.search(rf'class="chip {status}"[^>]*>[^<]* <b>{count}</b>', text)


@pytest.mark.browser
def test_in_a_browser_the_board_is_closed_unless_asked_for_and_filters_by_address_in_english(page, tmp_path):
    dom, _ = open_in_chromium(page, "", tmp_path)
    assert re.search(r"^[^>]*hidden", board_of(dom))
    assert not shown_rows(dom)
    dom, console = open_in_chromium(page, "#board=missed&lang=en", tmp_path)
    assert not console
    assert shown_rows(board_of(dom)) == ["clinic-walk-15", "clinics-per-1000"]
    assert "20 people" in dom
    assert "Still missing" in dom


@pytest.mark.browser
def test_in_a_browser_chips_filter_names_do_not_run_and_the_file_holds_what_is_shown(page, tmp_path):
    script = """
      const before = location.hash;
      document.querySelector("#open-board").click();
      document.querySelector('.chip[data-status="missed"]').click();
      document.querySelector('.chip[data-status="on_schedule"]').click();
      const result = document.createElement("pre");
      result.id = "result";
      result.textContent = JSON.stringify({ csv: boardAsCsv(), hash: location.hash, pressed:
        [...document.querySelectorAll('.chip[aria-pressed="true"]')].map((chip) => chip.dataset.status) });
      document.body.append(result);
    """
    dom, console = open_in_chromium(with_script(page, script, tmp_path), "", tmp_path)
    assert not console
    assert re.search(r"<title>(.*?)</title>", dom).group(1) != "ran", "a name must never run, policy or not"
    result = json.loads(
        re.search(r'<pre id="result">(.*?)</pre>', dom, flags=re.DOTALL)
        .group(1)
        .replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    )  # fmt: skip
    assert result["pressed"] == ["on_schedule", "missed"]
    assert "board=on_schedule%2Cmissed" in result["hash"]
    assert shown_rows(board_of(dom)) == ["clinic-walk-15", "clinics-per-1000", "clinics"]
    table = list(csv.DictReader(io.StringIO(result["csv"])))
    assert [row["indicator"] for row in table] == ["clinic-walk-15", "clinics-per-1000", "clinics"]
    first, second, third = table
    assert (first["value"], first["target"], first["missing"], first["missing_unit"]) == ("50", "60", "20", "人")
    assert first["status"] == "未达标"
    assert first[f"330399001 {HOSTILE[0]}"] == "66.6667"
    assert first[f"330399001 {HOSTILE[0]} status"] == "如期"
    assert second["label_zh"] == HOSTILE[1]
    assert third["label_zh"] == "'=卫生院数", "a spreadsheet must not compute a label"


@pytest.mark.browser
def test_in_a_browser_a_row_of_a_rule_shows_the_rule_and_escape_closes(page, tmp_path):
    script = """
      document.querySelector('[data-indicator="clinic-walk-15"] button').click();
      const seen = [state.rule, state.board, document.activeElement.value];
      document.querySelector("#open-board").click();
      const isOver = state.board && document.querySelector(".map").inert && document.activeElement.id === "board";
      document.getElementById("board").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
      document.title = JSON.stringify([...seen, isOver, state.board, document.querySelector(".map").inert, document.activeElement.id]);
    """
    dom, console = open_in_chromium(with_script(page, script, tmp_path), "#board=all&rule=clinic-walk-1000m", tmp_path)
    assert not console
    seen = json.loads(re.search(r"<title>(.*?)</title>", dom).group(1))
    assert seen == ["clinic-walk-15", False, "clinic-walk-15", True, False, False, "open-board"]


@pytest.mark.browser
def test_in_a_browser_without_targets_there_is_no_button(study, tmp_path):
    path = tmp_path / "index.html"
    write_webmap(dataclasses.replace(study, tables={}), path)
    dom, console = open_in_chromium(path, "#board=all", tmp_path)
    assert not console
    assert re.search(r'<button[^>]*id="open-board"[^>]*hidden', dom)
    assert re.search(r"^[^>]*hidden", board_of(dom))


@pytest.mark.browser
def test_in_a_browser_a_district_without_a_rule_has_its_board(study, tmp_path):
    table = study.indicators[study.indicators["rule"] == ""]
    bare = dataclasses.replace(study, results={}, indicators=table, areas={})
    path = tmp_path / "index.html"
    write_webmap(bare, path)
    dom, console = open_in_chromium(path, "", tmp_path)
    assert not console
    assert shown_rows(board_of(dom)) == ["own-clinic", "clinics-per-1000", "clinics", "clinics-more"]
