"""Gaps on the page: the made district with every kind of gap, by hand, and in a browser; names that are markup stay names."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from tests.gaps.district import write_gaps_district
from tests.outputs.pages import ASKED, answer_of, open_part, text_of
from tests.outputs.test_webmap import HOSTILE, decode, open_in_chromium

from lifecircle.outputs.webmap import describe_study, write_webmap
from lifecircle.outputs.webmap.gaps import MOST_LISTED, describe_gaps
from lifecircle.outputs.webmap.places import to_degrees
from lifecircle.study import run_district

RULE = "clinic-walk-15"
# 河北村 80 cut off by the river, 远村 60 too far, 荒村 45 without roads, 近村 40 find the clinic full, 岛村 22 cut off.
PEOPLE = [80, 60, 45, 40, 22]
CAUSES = ["cut_off", "too_far", "no_roads", "full", "cut_off"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return run_district(write_gaps_district(tmp_path_factory.mktemp("gaps") / "gaps"), with_areas=False)


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_webmap(study, path)
    return path


def test_every_gap_has_its_people_cause_words_and_work(study):
    found = describe_gaps(study)
    gaps = found["rules"][RULE]
    assert gaps["people"] == PEOPLE
    assert [found["causes"][cause]["id"] for cause in gaps["cause"]] == CAUSES
    assert dict(zip((one["id"] for one in found["causes"]), gaps["totals"], strict=True)) == {
        "too_far": [1, 60], "cut_off": [2, 102], "full": [1, 40], "no_roads": [1, 45],
    }  # fmt: skip
    river = gaps["listed"][0]
    assert "河北村" in river["name"]["zh"]
    assert "隔着大河" in river["evidence"]["zh"]
    assert "across 大河" in river["evidence"]["en"]
    assert river["work"]["en"].startswith("open a shorter way")
    assert river["groups"] == [20]
    lat, lon = river["crow"]
    assert (lon, lat) == pytest.approx(tuple(study.facilities.frame[["lon", "lat"]].iloc[0]), abs=1e-5)
    assert [group["zh"] for group in found["groups"]] == ["60岁及以上"]


def test_outlines_hold_the_people_and_lie_where_the_gaps_were_drawn(study):
    gaps = describe_gaps(study)["rules"][RULE]
    frame = study.gaps[RULE].frame
    assert all(gaps["outline"]), "each is large enough to be drawn"
    for polygons, place, drawn in zip(
        gaps["outline"], np.reshape(gaps["point"], (-1, 2)) / 1e5, frame.geometry, strict=True
    ):
        shown = shapely.union_all(
            [shapely.Polygon(decode(shell), [decode(hole) for hole in holes]) for shell, *holes in polygons]
        )
        true = to_degrees(np.array([drawn], dtype=object), study.district.crs)[0]
        assert shapely.distance(shapely.Point(place), shown) < 1e-4
        assert shapely.area(shapely.symmetric_difference(shown, true)) < 0.25 * shapely.area(true)


def test_a_district_without_gaps_has_no_panel_of_them(study):
    from dataclasses import replace

    assert describe_gaps(replace(study, gaps={})) is None
    assert describe_study(replace(study, gaps={}))["gaps"] is None


def test_more_gaps_than_are_listed_are_counted(study):
    from dataclasses import replace

    import pandas as pd

    frame = study.gaps[RULE].frame
    many = pd.concat([frame] * 80, ignore_index=True).assign(rank=range(1, 80 * len(frame) + 1))
    many = gpd.GeoDataFrame(many, geometry="geometry", crs=frame.crs)
    gaps = describe_gaps(replace(study, gaps={RULE: replace(study.gaps[RULE], frame=many)}))["rules"][RULE]
    assert len(gaps["listed"]) == MOST_LISTED
    assert sum(count for count, _ in gaps["totals"]) == 400
    assert sum(people for _, people in gaps["totals"]) == 80 * sum(PEOPLE)
    assert len(gaps["people"]) < 400


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["太远", "隔断", "已满", "无路", "隔着大河", "对策", "80 人", "先核实道路"]),
        (
            "en",
            [
                "too far",
                "cut off",
                "full",
                "no roads",
                "across 大河",
                "Would close it",
                "80 people",
                "survey the roads first",
            ],
        ),
    ],
)
def test_in_a_browser_gaps_are_ranked_with_cause_evidence_and_work(page, tmp_path, language, words):
    shown, dom = open_part(page, f"#panel=gaps&lang={language}", "panel-gaps", tmp_path)
    assert [word for word in words if word not in shown] == []
    assert dom.count('class="gap ') == 5
    assert dom.count('class="number-pin"') == 2 * 5, "on the map and in the list"
    legend = text_of(dom, "legend-coverage")
    assert "102" in legend
    assert re.search(r'id="panel-units"[^>]*hidden', dom)


@pytest.mark.browser
def test_in_a_browser_a_gap_is_chosen_by_address_and_by_click_and_stays_in_the_address(page, tmp_path):
    card, _ = open_part(page, "#panel=gaps&gap=4", "card", tmp_path)
    assert "近村" in card
    assert "40 人" in card
    _, dom = open_part(page, "#panel=gaps&gap=1", "card", tmp_path)
    assert dom.count('class="crow"') == 1, "the straight line over the river"
    script = """
      const before = map.getZoom();
      document.querySelector('#gap-list [data-gap="2"]').click();
      document.title = JSON.stringify([state.gap, location.hash.includes("gap=3"), map.getZoom() > before,
        document.querySelector('#gap-list [aria-pressed="true"]').dataset.gap, document.getElementById("card").textContent.includes("荒村")]);
    """
    assert answer_of(page, "#panel=gaps", script, tmp_path) == [2, True, True, "2", True]


@pytest.mark.browser
@pytest.mark.parametrize(
    "fragment", ["#panel=gaps&gap=999", "#panel=gaps&gap=-1", "#panel=gaps&gap=x", "#panel=nothing"]
)
def test_in_a_browser_an_address_that_names_no_gap_shows_the_page(page, tmp_path, fragment):
    card, _ = open_part(page, fragment, "card", tmp_path)
    assert "缺口区" in card


@pytest.mark.browser
def test_in_a_browser_the_page_asks_no_one_for_anything(page, tmp_path):
    assert answer_of(page, "#panel=gaps", ASKED, tmp_path) == []


@pytest.mark.browser
def test_in_a_browser_a_gap_named_in_markup_is_text(tmp_path):
    folder = write_gaps_district(tmp_path / "gaps")
    villages = gpd.read_file(folder / "villages.gpkg")
    villages["name"] = [*HOSTILE, *villages["name"][2:]]
    villages.to_file(folder / "villages.gpkg")
    path = tmp_path / "index.html"
    write_webmap(run_district(folder, with_areas=False), path)
    dom, console = open_in_chromium(path, "#panel=gaps&gap=2", tmp_path)
    assert not console
    assert re.search(r"<title>(.*?)</title>", dom).group(1) != "ran"
    assert "&lt;/script&gt;" in dom
