"""Sites on the page: the tiny district's answers, by hand, on a page of their own and among the panels of a study."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from tests.made import ORIGIN_X, ORIGIN_Y
from tests.outputs.pages import ASKED, answer_of, described, open_part
from tests.outputs.test_webmap import HOSTILE, open_in_chromium
from tests.study.test_siting import CANDIDATES, PARCELS, RULE
from tests.tiny import TOML, write_tiny

from lifecircle.config import Plan
from lifecircle.outputs.webmap import describe_study
from lifecircle.outputs.webmap.page import COVERAGE, write_page
from lifecircle.outputs.webmap.sites import describe_plans, draw_sites
from lifecircle.study import run_district
from lifecircle.study.siting import site_district


def write_district(folder, names=("甲地", "乙地", "丙地")):
    write_tiny(folder, TOML + RULE + CANDIDATES)
    rows = [(one, ORIGIN_X + x, ORIGIN_Y, yuan, name) for (one, x, yuan, _), name in zip(PARCELS, names, strict=True)]
    pd.DataFrame(rows, columns=["id", "x", "y", "yuan", "name"]).to_csv(folder / "parcels.csv", index=False)
    return folder


def ask(folder, **question):
    plan = Plan(**{"id": "near", "rule": "near", **question})
    return site_district(folder, plan, progress=lambda _: None)[:2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_district(tmp_path_factory.mktemp("sites") / "tiny")


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    layers, found = ask(folder, count=1)
    path = tmp_path_factory.mktemp("page") / "index.html"
    draw_sites(found, layers, layers.serving["near"], path)
    return path


def test_the_page_says_what_was_found(page):
    shown = described(page)
    (plan,) = shown["plans"]["plans"]
    # p2 reaches c2 (50) and c3 (30) beside c1 (100) of 200; without it p1 reaches c2 alone.
    assert (plan["before"], plan["after"], plan["people"], plan["status"]) == (100, 180, 200, "optimal")
    (site,) = plan["sites"]
    assert (site["order"], site["id"], site["name"], site["gained"], site["share"], site["price"]) == (
        1,
        "p2",
        "乙地",
        80,
        90,
        30,
    )
    assert (plan["curve"]["sites"], plan["curve"]["share"]) == ([0, 1], [50, 90])
    assert plan["units"]["township"] == {"people": [150, 50], "before": [100, 0], "after": [150, 30]}
    assert shown["facilities"]["serving"]["near"]["facility"] == [0]


def test_every_person_is_newly_covered_left_or_was_covered(page):
    shown = described(page)
    (plan,) = shown["plans"]["plans"]
    new, left, held = np.add.reduceat(plan["classes"], [0, 4, 8])
    assert (new, left, held) == (80, 20, 100)
    assert len(shown["plans"]["surfaces"]["points"]["near"]["class"]) == 4


def test_a_share_that_nobody_reaches_is_drawn_without_sites(folder, tmp_path):
    layers, found = ask(folder, target=1.0)
    draw_sites(found, layers, layers.serving["near"], tmp_path / "index.html")
    (plan,) = described(tmp_path / "index.html")["plans"]["plans"]
    assert (plan["status"], plan["sites"], plan["bound"]) == ("infeasible", [], None)


def test_the_same_answer_gives_the_same_page(folder, page, tmp_path):
    layers, found = ask(folder, count=1)
    draw_sites(found, layers, layers.serving["near"], tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            [
                "已证最优",
                "50.0% → 90.0%",
                "100 → 180 / 200 人",
                "乙地",
                "+80",
                "−30 人",
                "不选该点的影响",
                "新建至多 1",
                "甲街道",
                "100.0%",
            ],
        ),
        (
            "en",
            [
                "proven optimal",
                "50.0% → 90.0%",
                "100 → 180 / 200 people",
                "乙地",
                "−30 people",
                "Removal loss",
                "sites at most 1",
            ],
        ),
    ],
)
def test_in_a_browser_a_plan_has_its_proof_its_order_and_the_price_of_no(page, tmp_path, language, words):
    shown, dom = open_part(page, f"#site=1&lang={language}", "sites-panel", tmp_path)
    assert [word for word in words if word not in shown] == []
    assert dom.count('class="site-pin chosen"') == 1
    assert dom.count('class="dot-proven"') == 2, "a dot for none and for one site"
    assert "site=1" in answer_of(page, "#site=1", "document.title = JSON.stringify(location.hash);", tmp_path)


@pytest.mark.browser
def test_in_a_browser_no_answer_says_so_and_asks_no_one(folder, tmp_path):
    layers, found = ask(folder, target=1.0)
    path = tmp_path / "index.html"
    draw_sites(found, layers, layers.serving["near"], path)
    shown, _ = open_part(path, "", "sites-panel", tmp_path)
    assert "无解" in shown
    assert answer_of(path, "", ASKED, tmp_path) == []


@pytest.mark.browser
def test_in_a_browser_plans_stand_among_the_panels_of_a_study(folder, tmp_path):
    study = run_district(folder, with_areas=False)
    plans = (ask(folder, count=1)[1], ask(folder, budget_yuan=25.0, id="cheap")[1])
    path = tmp_path / "index.html"
    write_page(describe_study(study) | {"plans": describe_plans(study, plans)}, COVERAGE, "", path)
    shown, dom = open_part(path, "#panel=sites&rule=near&plan=cheap", "sites-panel", tmp_path)
    # The two cheap ones, 22 yuan, reach the same people.
    assert [word for word in ("预算 25 元", "甲地", "丙地", "22 元", "→ 90.0%") if word not in shown] == []
    assert dom.count('class="site-pin"') == 4, "two on the map, two in the table"
    shown, _ = open_part(path, "#panel=sites&rule=clinic-walk-15", "sites-panel", tmp_path)
    assert "本准则没有选址方案" in shown
    script = """
      document.querySelectorAll("#sites-panel .chip")[1].click();
      document.title = JSON.stringify([state.rule, state.plan, document.querySelectorAll(".leaflet-pins-pane .site-pin").length]);
    """
    assert answer_of(path, "#panel=sites&rule=clinic-walk-15", script, tmp_path) == ["near", "cheap", 2]


@pytest.mark.browser
def test_in_a_browser_a_site_named_in_markup_is_text(tmp_path):
    folder = write_district(tmp_path / "tiny", names=(*HOSTILE, "丙地"))
    layers, found = ask(folder, count=2)
    path = tmp_path / "index.html"
    draw_sites(found, layers, layers.serving["near"], path)
    dom, console = open_in_chromium(path, "#site=1", tmp_path)
    assert not console
    assert re.search(r"<title>(.*?)</title>", dom).group(1) != "ran"
    assert "&lt;img" in dom or "&lt;/script" in dom
