"""Two years compared on a page: the tiny district of ``tests/comparison/test_compare.py``, by hand, and in a browser."""

from __future__ import annotations

import re
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from tests.comparison.test_compare import compare, write_district
from tests.outputs.pages import ASKED, answer_of, described, open_part, text_of
from tests.outputs.test_webmap import HOSTILE, open_in_chromium
from tests.tiny import TOML, write_tiny

from lifecircle.config import read_configuration
from lifecircle.outputs.changes import publish_comparison
from lifecircle.outputs.webmap.compare import describe_comparison, draw_comparison
from lifecircle.outputs.webmap.unit_figures import is_less_better
from lifecircle.problems import Problems
from lifecircle.study.comparison import compare_years

RULE = "clinic-walk-15"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    return compare_years(write_district(tmp_path_factory.mktemp("compare") / "tiny"), (2022, 2025))


@pytest.fixture(scope="module")
def page(comparison, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    draw_comparison(comparison, path)
    return path


def test_the_page_is_published_with_the_tables(tmp_path):
    compare(write_district(tmp_path / "tiny"), 2022, 2025)
    assert described(tmp_path / "tiny" / "maps" / "tiny" / "compare-2022-2025" / "index.html")["years"] == [2022, 2025]


def test_the_page_says_what_the_table_says(page):
    shown = described(page)
    rule = next(one for one in shown["indicators"] if one["id"] == RULE)
    # See test_compare: 80 of 200 in 2022, 180 of 200 in 2025; facilities 31.5, people 9.5, roads 9.
    district = {name: column[0] for name, column in rule["levels"]["district"].items()}
    assert (district["value_from"], district["value_to"], district["difference"]) == (40, 90, 50)
    assert [district[f"by_{cause}"] for cause in ("facilities", "people", "roads", "rule")] == [31.5, 9.5, 9, 0]
    assert (district["newly_covered"], district["newly_lost"], district["moved"], district["residual"]) == (
        80,
        0,
        20,
        0,
    )
    towns = rule["levels"]["township"]
    assert sum(towns["newly_covered"]) == 80
    assert [sum(towns[name]) for name in ("covered_from", "covered_to")] == [80, 180]
    assert not [one["id"] for one in shown["indicators"] if one["id"].startswith(f"{RULE}-")], "groups stay in the file"


def test_cells_of_the_page_are_the_figures_of_the_table(page):
    surfaces = described(page)["surfaces"]
    # c2 (50) and c3 (30) are newly within; 20 more live at c1, which always was.
    assert (sum(surfaces["people"][RULE][:4]), sum(surfaces["people"][RULE][4:])) == (80, 0)
    assert surfaces["moved_people"][RULE] == [20, 0]
    assert len(surfaces["turned"]["points"][RULE]["class"]) == 2
    assert surfaces["moved"]["points"][RULE]["class"] == [1]


def test_years_exchanged_are_lost_where_they_were_gained(tmp_path):
    comparison = compare_years(write_district(tmp_path / "tiny"), (2025, 2022))
    surfaces = describe_comparison(comparison)["surfaces"]
    # 48 and 32 people of 2022, spread as they were then: c2 40 of 甲's 120, c3 48 of 乙's 80.
    assert sum(surfaces["people"][RULE][:4]) == 0
    assert sum(surfaces["people"][RULE][4:]) == pytest.approx(88)


def test_what_opened_is_on_the_map(page):
    changed = described(page)["changed"]
    (clinic,) = changed["facilities"]["opened"]
    assert (clinic["name"], clinic["kind"]) == ("乙卫生院", "clinic")
    place = described(page)["facilities"]["id"].index("k2")
    lon, lat = described(page)["facilities"]["shape"][place]["point"][0]
    assert clinic["point"] == [lat / 1e5, lon / 1e5]
    assert changed["roads"] == {"opened": ["新街"], "closed": []}
    (street,) = changed["streets"]["opened"]
    assert len(street["line"][0]) == 2 * 3, "1200, 1600, 2000"
    assert changed["streets"]["closed"] == []


def test_the_same_comparison_gives_the_same_page(comparison, page, tmp_path):
    draw_comparison(comparison, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_what_closed_is_where_it_stood(tmp_path):
    changed = describe_comparison(compare_years(write_district(tmp_path / "tiny"), (2025, 2022)))["changed"]
    (clinic,) = changed["facilities"]["closed"]
    assert (clinic["id"], clinic["point"] is not None) == ("k2", True)
    assert (changed["roads"]["closed"], len(changed["streets"]["closed"])) == (["新街"], 1)


def test_without_a_ground_there_are_tables_and_no_page(comparison, tmp_path):
    paths = publish_comparison(replace(comparison, ground=None), tmp_path)
    assert sorted(path.name for path in paths) == ["changes.csv", "changes.parquet", "comparison.json", "变化表.xlsx"]
    with pytest.raises(ValueError, match="ground"):
        describe_comparison(replace(comparison, ground=None))


def test_people_counted_at_other_places_are_drawn_as_points_of_both_years(tmp_path):
    folder = write_district(tmp_path / "tiny")
    people = pd.read_csv(folder / "people.csv")
    people.assign(id=[f"old{i}" for i in range(len(people))], x=people["x"] + 5).to_csv(
        folder / "people_then.csv", index=False
    )
    toml = (folder / "district.toml").read_text("utf-8")
    own = 'population = { source = "points", path = "people_then.csv", id = "id", people = "people", x = "x", y = "y", crs = "EPSG:4549" }'
    (folder / "district.toml").write_text(re.sub(r"population = \{ control.*", own, toml), "utf-8")
    comparison = compare_years(folder, (2022, 2025))
    assert len(comparison.cells[RULE].x) == 8
    points = describe_comparison(comparison)["surfaces"]["turned"]["points"][RULE]
    rows = comparison.cells[RULE]
    assert len(points["class"]) == int(((rows.covered_from != rows.covered_to) & (rows.people_to > 0)).sum()) > 0


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["40.0% → 2025 90.0%", "+50.00", "设施", "+31.50", "+9.50", "+9.00", "新街", "80 原覆盖", "+ 80 新增", "+ 20 人口", "= 180 现"]),
        ("en", ["40.0% → 2025 90.0%", "percentage points", "facilities", "+31.50", "乙卫生院", "180 covered now", "Shapley"]),
    ],
)  # fmt: skip
def test_in_a_browser_the_change_is_split_by_cause(page, tmp_path, language, words):
    shown, dom = open_part(page, f"#rule={RULE}&lang={language}", "panel-beside", tmp_path)
    assert [word for word in words if word not in shown] == []
    assert dom.count('class="street opened') == 1
    assert dom.count('class="turn opened"') == 2, "on the map and in the legend"


@pytest.mark.browser
def test_in_a_browser_a_unit_is_chosen_by_address_and_taken_back(page, tmp_path):
    shown, dom = open_part(page, f"#rule={RULE}&unit=330399002", "panel-beside", tmp_path)
    row = next(one for one in described(page)["indicators"] if one["id"] == RULE)["levels"]["township"]
    assert shown.strip().startswith("乙镇")
    assert f"+{row['difference'][1]:.2f}" in shown
    script = """
      document.querySelector(".plan-head .close").click();
      const back = [state.unit, document.querySelector(".plan-head h2").textContent.includes("小区")];
      document.querySelectorAll(".changes tbody button")[0].click();
      document.title = JSON.stringify([...back, state.unit !== null, location.hash.includes("unit=33039900")]);
    """
    assert answer_of(page, f"#rule={RULE}&unit=330399002", script, tmp_path) == [None, True, True, True]
    assert "1" in text_of(dom, "legend-coverage")


@pytest.mark.browser
def test_in_a_browser_the_page_asks_no_one_and_names_in_markup_are_text(tmp_path):
    folder = write_district(tmp_path / "tiny")
    townships = gpd.read_file(folder / "townships.gpkg")
    townships["name"] = HOSTILE
    townships.to_file(folder / "townships.gpkg", layer="townships")
    clinics = pd.read_csv(folder / "clinics.csv")
    clinics["name"] = HOSTILE[1]
    clinics.to_csv(folder / "clinics.csv", index=False)
    path = tmp_path / "index.html"
    draw_comparison(compare_years(folder, (2022, 2025)), path)
    dom, console = open_in_chromium(path, f"#rule={RULE}&unit=330399001", tmp_path)
    assert not console
    assert re.search(r"<title>(.*?)</title>", dom).group(1) != "ran"
    assert answer_of(path, "", ASKED, tmp_path) == []


@pytest.mark.browser
def test_in_a_browser_a_year_and_itself_have_no_change(tmp_path):
    path = tmp_path / "index.html"
    draw_comparison(compare_years(write_district(tmp_path / "tiny"), (2025, 2025)), path)
    shown, dom = open_part(path, f"#rule={RULE}", "panel-beside", tmp_path)
    assert "+" not in shown.replace("+ 0", "")
    assert np.array(re.findall(r'class="turn (\w+)"', dom)).tolist() == ["opened", "closed"], "in the legend alone"


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [
        ("clinic-walk-15", False),
        ("clinic-walk-15-unreachable", True),
        ("few", True),
        ("share", False),
        ("count", None),
        ("share-with-shared", False),
        ("minutes", True),
        ("nobody", None),
    ],
)
def test_which_way_is_better_is_said_by_what_it_is_or_its_target_and_else_by_nobody(tmp_path, indicator, expected):
    toml = (
        TOML
        + """
[[indicators]]
id = "few"
measure = "count"
of = { kind = "clinic" }
unit = "家"
target = { kind = "at_most", value = 3, year = 2025 }

[[indicators]]
id = "share"
measure = "presence"
unit = "township"
of = { kind = "clinic" }
target = { kind = "all", year = 2025 }

[[indicators]]
id = "count"
measure = "count"
of = { kind = "clinic" }
unit = "家"

[[indicators]]
id = "minutes"
measure = "mean_minutes"
rule = "clinic-walk-15"
"""
    )
    problems = Problems()
    configuration = read_configuration(write_tiny(tmp_path / "tiny", toml), problems)
    problems.raise_errors()
    assert is_less_better(indicator, configuration) is expected
