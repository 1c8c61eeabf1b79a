"""Two years of a district computed by hand, from the command line to the files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecircle.study.comparison import compare_years
from lifecircle.study.year_states import YearStates
from tests.made import GROUND, ORIGIN_X, ORIGIN_Y
from tests.two_years import CAUSES, LATER, YEARS, compare, invoke, write_district


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return compare(write_district(tmp_path_factory.mktemp("compare") / "tiny"), 2022, 2025)


def test_the_change_of_coverage_by_cause_is_the_one_computed_by_hand(found):
    row = found[0].loc["clinic-walk-15", "330399"]
    # 80 of 200 in 2022; 180 of 200 in 2025. See test_three_causes_by_hand for the parts.
    assert (row["value_from"], row["value_to"], row["difference"]) == (40, 90, 50)
    np.testing.assert_allclose(row[[*CAUSES, "residual"]].astype(float), [31.5, 9.5, 9.0, 0, 0], rtol=0, atol=1e-9)
    # c2 (50) and c3 (30) of today are newly within; 20 more live at c1, which always was.
    assert (row["covered_from"], row["covered_to"]) == (pytest.approx(80), 180)
    assert (row["newly_covered"], row["newly_lost"], row["moved"]) == (80, 0, pytest.approx(20))
    assert row["counted_by"] == "cell"


def assert_adds_up(comparison):
    """Assert that every rule's places add up to what the district is said to have, in both years."""
    own = comparison.changes[comparison.changes["level"] == "district"].set_index("indicator")
    assert set(comparison.cells) == {rule.id for rule in comparison.rules}
    for rule_id, cells in comparison.cells.items():
        sums = (cells.people_from * cells.covered_from).sum(), (cells.people_to * cells.covered_to).sum()
        np.testing.assert_allclose(
            sums, own.loc[rule_id, ["covered_from", "covered_to"]].astype(float), rtol=0, atol=1e-9
        )


def test_a_comparison_carries_the_places_it_is_of(tmp_path):
    comparison = compare_years(write_district(tmp_path / "tiny"), (2022, 2025))
    cells = comparison.cells["clinic-walk-15"]
    assert_adds_up(comparison)
    assert (cells.x - ORIGIN_X).tolist() == [100, 900, 1500, 1900]
    np.testing.assert_allclose(cells.people_from, [80, 40, 48, 32], rtol=0, atol=1e-9)
    assert cells.people_to.tolist() == [100, 50, 30, 20]
    # In 2022 only k1, to whom c2 is 930 s away; in 2025 k2 at 1100 m too, from which c4 is 800 m and 300 m of access too far.
    assert cells.covered_from.tolist() == [True, False, False, False]
    assert cells.covered_to.tolist() == [True, True, True, False]


def test_places_of_two_years_stand_one_after_the_other(tmp_path):
    years = '[[years]]\nyear = 2021\npopulation = { path = "people_2021.csv" }\n'
    folder = write_district(tmp_path / "tiny", LATER + years)
    places = pd.DataFrame({"id": ["p1", "p2"], "x": [ORIGIN_X + 100, ORIGIN_X + 1100], "people": [60, 40], "age60": 10})
    places.assign(y=ORIGIN_Y).to_csv(folder / "people_2021.csv", index=False)
    comparison = compare_years(folder, (2021, 2025))
    cells = comparison.cells["clinic-walk-15"]
    assert_adds_up(comparison)
    assert (cells.x - ORIGIN_X).tolist() == [100, 1100, 100, 900, 1500, 1900]
    assert cells.people_from.tolist() == [60, 40, 0, 0, 0, 0]
    assert cells.people_to.tolist() == [0, 0, 100, 50, 30, 20]
    # p2 stands at the clinic of 2024; without it the way to k1 is 1100 m.
    assert cells.covered_from.tolist() == [True, False, True, False, False, False]
    assert cells.covered_to.tolist() == [True, True, True, True, True, False]


def test_every_difference_is_its_causes_and_residual_and_people_add_up_to_the_district(found):
    changes = found[0]
    told = changes[changes["difference"].notna()]
    total = told[[*CAUSES, "residual"]].sum(axis=1)
    np.testing.assert_allclose(total, told["difference"], rtol=0, atol=1e-9)
    split = told[told["by_facilities"].notna()]
    assert len(split) > 6
    np.testing.assert_allclose(split["residual"], 0, rtol=0, atol=1e-9)
    people = ["covered_from", "covered_to", "newly_covered", "newly_lost", "moved"]
    own = changes.loc["clinic-walk-15"]
    towns, district = own.loc[["330399001", "330399002"], people].sum(), own.loc["330399", people]
    np.testing.assert_allclose(towns.astype(float), district.astype(float), rtol=0, atol=1e-9)


def test_what_differs_is_named(found):
    causes = found[1]["causes"]
    assert causes["facilities"] == {"opened": [{"kind": "clinic", "id": "k2", "name": "乙卫生院"}]}
    assert causes["roads"]["opened"] == ["新街"]
    assert causes["people"]["people"] == [pytest.approx(200), 200]
    assert causes["rule"] == {}
    output = found[2].output
    for text in ("新街", "乙镇", "+50.00", "+31.50"):
        assert text in output


def test_both_years_are_what_a_run_of_that_year_says(tmp_path, found):
    folder = write_district(tmp_path / "tiny")
    for year, column in ((2022, "value_from"), (2025, "value_to")):
        assert (
            invoke("run", folder, "--year", year, "--out", tmp_path, "--no-map", "--no-areas", "--no-cache").exit_code
            == 0
        )
        rows = pd.read_csv(tmp_path / f"data/processed/tiny/{year}/indicators.csv", dtype={"unit_code": str})
        own = rows.set_index(["indicator", "unit_code"])["value"]
        pd.testing.assert_series_equal(found[0][column].loc[own.index], own, check_names=False, check_exact=True)


@pytest.mark.parametrize("year", [2022, 2025])
def test_a_year_and_itself_do_not_differ(tmp_path, year):
    changes, summary, done = compare(write_district(tmp_path / "tiny"), year, year)
    zero = changes[["difference", "residual", "newly_covered", "newly_lost", "moved", *CAUSES]].fillna(0)
    assert (zero == 0).all(axis=None)
    assert not any(summary["causes"].values())
    assert "[[years]]" in done.output


def test_years_exchanged_exchange_the_signs(tmp_path, found):
    back = compare(write_district(tmp_path / "tiny"), 2025, 2022)[0].loc["clinic-walk-15", "330399"]
    np.testing.assert_allclose(back[CAUSES].astype(float), [-31.5, -9.5, -9, 0], rtol=0, atol=1e-9)
    assert found[0].loc["clinic-walk-15", "330399"]["difference"] == -back["difference"]


def test_another_limit_is_the_rules_doing(tmp_path):
    years = '[[years]]\nyear = 2024\nrules = { "clinic-walk-15" = { minutes = 3 } }\n'
    changes, summary, _ = compare(write_district(tmp_path / "tiny", LATER + years), 2024, 2025)
    row = changes.loc["clinic-walk-15", "330399"]
    # In 3 minutes only c1: 100 of 200.
    assert (row["difference"], row["by_rule"], row["by_facilities"]) == (40, 40, 0)
    assert (row["limit_from"], row["limit_to"]) == (3, 15)
    assert summary["causes"]["rule"] == {"clinic-walk-15": {"from": "3 min, walk", "to": "15 min, walk"}}
    assert changes.loc["clinic-walk-1000m", "330399"]["difference"] == 0


OTHERS = """
[[tables]]
name = "stats"
path = "stats.csv"
year = "year"

[[indicators]]
id = "clinic-each-township"
measure = "presence"
unit = "township"
of = { kind = "clinic" }
levels = ["district"]

[[indicators]]
id = "physique"
measure = "reported"
of = { table = "stats" }
value = "pct"
levels = ["district"]
"""


def write_others(folder):
    write_district(folder, LATER + OTHERS + YEARS)
    pd.DataFrame({"year": [2022, 2025], "pct": [90, 93]}).to_csv(folder / "stats.csv", index=False)
    return folder


def test_other_indicators_have_causes_too_and_a_years_own_statistics_are_residual(tmp_path):
    changes, _, _ = compare(write_others(tmp_path / "tiny"), 2022, 2025)
    presence = changes.loc["clinic-each-township", "330399"]
    # The clinic of 2024 is the first of its township.
    figures = presence[["value_from", "value_to", *CAUSES, "residual"]].astype(float)
    np.testing.assert_allclose(figures, [50, 100, 50, 0, 0, 0, 0], rtol=0, atol=1e-9)
    told = changes.loc["physique", "330399"]
    assert told[["difference", *CAUSES, "residual"]].tolist() == [3, 0, 0, 0, 0, 3]


def test_coverage_alone_leaves_the_others_unsplit(tmp_path):
    changes, _, _ = compare(write_others(tmp_path / "tiny"), 2022, 2025, "--coverage-only")
    presence = changes.loc["clinic-each-township", "330399"]
    assert presence["difference"] == presence["residual"] == 50
    assert presence[CAUSES].isna().all()
    assert changes.loc["clinic-walk-15", "330399"]["by_people"] == pytest.approx(9.5)


def test_adding_up_costs_and_running_anew_say_the_same_of_coverage(tmp_path, monkeypatch, found):
    monkeypatch.setattr(YearStates, "split", lambda *_: pd.DataFrame())
    anew = compare(write_district(tmp_path / "tiny"), 2022, 2025)[0]
    split = found[0][found[0]["by_facilities"].notna()]
    assert len(split) == len(anew[anew["by_facilities"].notna()])
    columns = [*CAUSES, "residual"]
    np.testing.assert_allclose(anew.loc[split.index, columns], split[columns], rtol=0, atol=1e-9)


def test_people_counted_at_other_places_are_compared_by_unit(tmp_path):
    years = '[[years]]\nyear = 2021\npopulation = { path = "people_2021.csv" }\n'
    folder = write_district(tmp_path / "tiny", LATER + years)
    places = pd.DataFrame({"id": ["p1", "p2"], "x": [ORIGIN_X + 100, ORIGIN_X + 1100], "people": [60, 40], "age60": 10})
    places.assign(y=ORIGIN_Y).to_csv(folder / "people_2021.csv", index=False)
    changes, summary, _ = compare(folder, 2021, 2025)
    row = changes.loc["clinic-walk-15", "330399"]
    # 2021: 60 of 100. With the clinic of 2024 all 100; with the people of 2025 but not the clinic 100 of 200; with both 180 of 200.
    assert (row["value_from"], row["value_to"]) == (60, 90)
    np.testing.assert_allclose(row[[*CAUSES, "residual"]].astype(float), [40, -10, 0, 0, 0], rtol=0, atol=1e-9)
    assert (row["counted_by"], row["newly_covered"], row["newly_lost"], row["moved"]) == ("unit", 120, 0, 0)
    assert summary["units"]["has_one_grid"] is False


OLD = """
[[years]]
year = 2015
code = "330322"
units = [{ level = "township", path = "old.gpkg", id = "code", name = "name" }]
crosswalk = { path = "crosswalk.csv" }
"""


def write_old(folder, shares=(0.75, 0.25)):
    """Write the district with one township in 2015, which is two today; the district's code was another."""
    write_district(folder, LATER + OLD)
    GROUND.write_units(folder / "old.gpkg", {"330322100": ("老镇", (0, -500, 2000, 500))})
    walk = [("330322", "330399", ""), ("330322100", "330399001", shares[0]), ("330322100", "330399002", shares[1])]
    pd.DataFrame(walk, columns=["from_code", "to_code", "share"]).to_csv(folder / "crosswalk.csv", index=False)
    return folder


def test_units_that_changed_are_compared_through_the_crosswalk(tmp_path):
    changes, _, _ = compare(write_old(tmp_path / "tiny"), 2015, 2025)
    own = changes.loc["clinic-walk-15"]
    assert set(own.index) == {"330399", "330399001", "330399002"}
    # 2015: k1 and k3 stand. k1 covers c1 (100), k3 c3 (400 m, 30): 130 of 200, and both parts of the old township alike.
    assert own["value_from"].tolist() == [65] * 3
    assert own["covered_from"].tolist() == [130, 97.5, 32.5]
    assert own.loc["330399", "value_to"] == 90
    np.testing.assert_allclose(own["residual"], 0, rtol=0, atol=1e-9)
    # Whose cover changed is known cell by cell of the district only: its border is the same.
    assert own["counted_by"].tolist() == ["cell", "unit", "unit"]
    assert (own.loc["330399", "newly_covered"], own.loc["330399", "newly_lost"]) == (50, 0)
    # The district's people did not move; those of the townships did, from one unit to another.
    assert own.loc["330399", "by_people"] == 0
    assert own.loc["330399001", "by_people"] != 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[years]]\nyear = 2022\npopulatoin = {}\n", "population"),
        ('[[years]]\nyear = 2022\nrules = { "clinic-walk-14" = { minutes = 3 } }\n', "clinic-walk-15"),
        ('[[years]]\nyear = 2022\nroads = { closed = ["新路"] }\n', 'no such road, bridge or ferry "新路"'),
        ("[[years]]\nyear = 2022\n[[years]]\nyear = 2022\n", "given twice"),
    ],
)
def test_a_wrong_entry_is_named_with_its_mend(tmp_path, text, said):
    done = invoke(
        "compare", write_district(tmp_path / "tiny", LATER + text), 2022, 2025, "--out", tmp_path, "--no-cache"
    )
    assert done.exit_code == 2
    assert "years" in done.output or "roads.closed" in done.output
    assert said in done.output
    assert not (tmp_path / "data").exists()


def test_check_reads_the_layers_of_every_year(tmp_path):
    folder = write_district(tmp_path / "tiny")
    assert invoke("check", folder).exit_code == 0
    (folder / "people_2022.csv").unlink()
    done = invoke("check", folder)
    assert done.exit_code == 2
    assert "people_2022.csv" in done.output
    assert done.output.count("错误 error: people_2022.csv") <= 1
    assert invoke("check", folder, "--year", 2025).exit_code == 0
    assert "crosswalk.csv" in invoke("check", write_old(tmp_path / "old", (0.5, 0.4))).output


def test_shares_that_lose_people_are_refused(tmp_path):
    done = invoke("compare", write_old(tmp_path / "tiny", (0.75, 0.2)), 2015, 2025, "--out", tmp_path, "--no-cache")
    assert done.exit_code == 2
    assert "crosswalk.csv" in done.output
    assert "330322100" in done.output


def test_a_year_opened_that_is_none_counts_always_and_is_said(tmp_path):
    folder = write_district(tmp_path / "tiny", LATER)
    table = pd.read_csv(folder / "clinics.csv")
    table["year"] = ["", "不详", 1990]
    table.to_csv(folder / "clinics.csv", index=False)
    assert (
        invoke("run", folder, "--year", 2018, "--out", tmp_path, "--no-map", "--no-areas", "--no-cache").exit_code == 0
    )
    made = tmp_path / "data/processed/tiny/2018"
    assert pd.read_parquet(made / "facilities.parquet")["status"].tolist() == ["used"] * 3
    issues = pd.read_csv(made / "issues.csv")
    assert "k2" in issues.set_index("code").loc["facilities-no-year", "row"]


MEAN = '\n[[indicators]]\nid = "clinic-mean"\nmeasure = "mean_minutes"\nrule = "clinic-walk-15"\n'


def test_a_mean_is_over_those_reached_in_both_years_and_says_who_is_not(tmp_path):
    changes = compare(write_district(tmp_path / "tiny", LATER + YEARS + MEAN), 2022, 2025)[0]
    row = changes.loc["clinic-mean", "330399"]
    # c1 and c2 are reached in both: 80 and 40 people at 100 and 930 s, 100 and 50 at 100 and 230 s. c3 (30) is reached in 2025 alone.
    assert (row["value_from"], row["value_to"]) == pytest.approx((45_200 / 120 / 60, 21_500 / 150 / 60))
    assert row["difference"] == row["residual"] == pytest.approx(21_500 / 9_000 - 45_200 / 7_200)
    assert row[CAUSES].isna().all()
    assert row["note"].startswith("30 人新可达 people now reach one；均值按两年都可达的 150 人计")
    # In 甲街道 the same people are reached in both years: nothing is left out, and the change is split.
    town = changes.loc["clinic-mean", "330399001"]
    assert town["note"] != town["note"] or town["note"] == ""
    assert town[CAUSES].notna().all()
    # In 乙镇 nobody is reached in both: there is nothing to compare.
    assert np.isnan(changes.loc["clinic-mean", "330399002"]["difference"])


def test_a_ferry_that_stopped_improves_no_mean(tmp_path):
    stopped = (
        YEARS.replace('closed = ["新街"]', "closed = []") + '[[years]]\nyear = 2023\nroads = { closed = ["新街"] }\n'
    )
    there = compare(write_district(tmp_path / "tiny", LATER + stopped + MEAN), 2025, 2023)[0]
    row = there.loc["clinic-mean", "330399"]
    # In 2023 the clinic of 2024 is not there yet: c1 100 s, c2 930 s; those of c3 (30) are stranded and leave neither mean.
    assert row["difference"] == pytest.approx((50 * 930 - 50 * 230) / 150 / 60)
    assert "30 人不再可达" in row["note"]


def test_where_people_are_counted_elsewhere_a_mean_that_leaves_anyone_out_is_not_compared(tmp_path):
    years = '[[years]]\nyear = 2021\npopulation = { path = "people_2021.csv" }\n'
    folder = write_district(tmp_path / "tiny", LATER + years + MEAN)
    places = pd.DataFrame({"id": ["p1", "p2"], "x": [ORIGIN_X + 100, ORIGIN_X + 1100], "people": [60, 40], "age60": 10})
    places.assign(y=ORIGIN_Y).to_csv(folder / "people_2021.csv", index=False)
    changes, summary, _ = compare(folder, 2021, 2025)
    row = changes.loc["clinic-mean", "330399"]
    assert np.isnan(row["difference"])
    assert "不可比" in row["note"]
    assert "人口格不同" in row["note"]
    assert "人口格不同" in summary["not_compared"]["clinic-mean"]
    # In 甲街道 everyone is reached in both years.
    assert np.isfinite(changes.loc["clinic-mean", "330399001"]["difference"])
