"""Every status of the demonstration follows from its row, derived anew from the design's words; and one count of targets everywhere."""

from __future__ import annotations

import json

import openpyxl
import pandas as pd
import pytest
from tests.districts.demonstration import FOLDER, run_demonstration

from lifecircle.config import load_policies
from lifecircle.outputs.publish import publish_study
from lifecircle.outputs.summary import count_targets, target_line
from lifecircle.outputs.webmap.board import STATUSES, describe_board
from lifecircle.study import run_district
from lifecircle.study.layers import say_nothing

pytestmark = pytest.mark.slow

DOCUMENTS = ["dongtou-2021", "zhejiang-2023", "shangzhou-2022", "nanyang-2023", "huzhou"]
HAIR = 1e-6
LESS_IS_BETTER = {"infant-mortality-vs-province", "clinic-gini", "clinic-theil", "beds-variation"}
NEAR_ZERO_IS_BETTER = {"clinic-urban-rural-gap", "water-urban-rural-gap"}
"""By hand from the words of their clauses: the table does not say which figure is the better one."""


@pytest.fixture(scope="module")
def study():
    return run_demonstration()


@pytest.fixture(scope="module")
def out(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("targets")
    publish_study(study, folder, with_map=False, progress=say_nothing)
    return folder


@pytest.fixture(scope="module")
def targets(out):
    return pd.read_csv(out / "data/processed/dongtou/2025/targets.csv", dtype={"unit_code": str})


@pytest.fixture(scope="module")
def rows(out):
    return pd.read_csv(out / "data/processed/dongtou/2025/indicators.csv", dtype={"unit_code": str})


def better(row, figure, other):
    """How much better one figure is than another."""
    if row["indicator"] in NEAR_ZERO_IS_BETTER:
        return abs(other) - abs(figure)
    return other - figure if row["indicator"] in LESS_IS_BETTER or row["target_kind"] == "at_most" else figure - other


def derive(row):
    """The status that DESIGN's section 5 gives a row of targets.csv, from that row alone."""
    if pd.isna(row["value"]):
        return "缺数据"
    if row["target_kind"] == "qualitative":
        return "无目标"
    if pd.isna(row["target"]):
        return "缺数据"  # nothing to be better than, or no worse than
    ahead_by = better(row, row["value"], row["target"])
    if ahead_by > HAIR if row["target_kind"] == "improve" else ahead_by >= -HAIR:
        is_early = pd.notna(row["target_year"]) and row["year"] < row["target_year"]
        return "提前" if is_early and row["target_kind"] != "hold" else "如期"
    due = row["holds_from"] if row["target_kind"] == "hold" else row["target_year"]
    if row["target_kind"] == "hold" and pd.isna(due):
        return "未达标"  # a duty of every year
    if pd.notna(due) and row["year"] >= due:
        return "未达标"
    if pd.notna(row["base"]) and better(row, row["value"], row["base"]) < -HAIR:
        return "滞后"
    if pd.notna(row["expected"]):
        return "如期" if better(row, row["value"], row["expected"]) >= -HAIR else "滞后"
    return "推进中"


def test_every_status_follows_from_its_row(targets):
    derived = targets.apply(derive, axis=1)
    wrong = targets[derived != targets["status"]]
    assert not len(wrong), (
        wrong[["indicator", "level", "value", "target", "status"]].assign(derived=derived).to_string()
    )
    assert len(targets) > 1000
    assert set(targets["status"]) >= {"提前", "如期", "滞后", "推进中", "未达标", "缺数据", "无目标"}


def test_the_line_stands_between_the_base_or_the_last_milestone_and_the_target(targets):
    lined = targets[targets["expected"].notna()]
    assert len(lined)
    for (indicator, code), part in lined.groupby(["indicator", "unit_code"]):
        own = targets[(targets["indicator"] == indicator) & (targets["unit_code"] == code)]
        for row in part.to_dict("records"):
            starts = [(row["base_year"], row["base"])] if pd.notna(row["base"]) else []
            passed = own[(own["target_year"] <= row["year"]) & (own["target_year"] < row["target_year"])]
            starts += list(zip(passed["target_year"], passed["target"], strict=True))
            year, figure = max(starts)
            way = (row["year"] - year) / (row["target_year"] - year)
            assert row["expected"] == pytest.approx(figure + way * (row["target"] - figure))


def test_a_gap_is_what_is_still_missing_and_positive_only_then(targets):
    judged = targets[targets["target"].notna() & targets["value"].notna()]
    missing = judged.apply(lambda row: -better(row, row["value"], row["target"]), axis=1)
    pd.testing.assert_series_equal(judged["gap"], missing, check_names=False, rtol=0, atol=1e-6)
    met = judged["status"].isin(["提前", "如期"])
    # Above the line is on schedule without being met.
    assert (judged.loc[met & judged["expected"].isna(), "gap"] <= HAIR).all()
    assert ((judged["missing"] > HAIR) <= (judged["gap"] > 0)).all()


def test_the_rows_of_indicators_say_the_same_as_the_targets_that_are_due(targets, rows):
    due = targets[targets["is_due"]].set_index(["indicator", "level", "unit_code"])
    own = rows.set_index(["indicator", "level", "unit_code"])
    assert (own.loc[due.index, "status"] == due["status"]).all()
    others = own.drop(index=due.index)
    assert (others["target_kind"].isna()).all()
    assert (others["status"] == others["value"].isna().map({True: "缺数据", False: "无目标"})).all()


def test_low_value_and_high_stand_in_this_order_in_every_row(rows):
    assert (rows["low"] <= rows["value"] + 1e-9)[rows["low"].notna() & rows["value"].notna()].all()
    assert (rows["value"] <= rows["high"] + 1e-9)[rows["high"].notna() & rows["value"].notna()].all()


def test_targets_are_asked_at_the_levels_their_clauses_speak_of(targets):
    levels = targets.groupby("indicator")["level"].agg(set)
    assert levels["food-samples-per-1000"] == {"district"}, "D19: so many per thousand of the district's people"
    assert levels["sports-area-per-person"] == levels["regular-exercise"] == {"district"}
    assert levels["sanitary-villages"] == levels["cells-school-60"] == {"district"}
    assert levels["immunisation-township"] == {"township"}, "以街道(乡镇)为单位"
    assert levels["town-health-centre"] == {"district", "township"}, "每个镇(街道)"
    assert levels["village-clinic-public-with-host"] == {"district", "township", "village"}, "每个行政村(社区)"
    assert not [name for name in levels.index if name.endswith(("-age60", "-with-shared"))], "asked of no figure beside"


@pytest.mark.parametrize(
    ("indicator", "status"),
    [
        ("clinic-gini", "滞后"),  # 0.51, and 0.49 in 2020: worse than the base
        ("report-actions-30-april", "未达标"),  # handed in on 6 May
        ("report-data-10-may", "如期"),
        ("smoke-free-people", "滞后"),  # 39 %, and the line from 30 in 2022 to 80 in 2030 is at 48.75
        ("water-urban-rural-gap", "如期"),  # 7.9 points in 2020, now -1.8: nearer to zero
    ],
)
def test_statuses_that_were_wrong(targets, indicator, status):
    row = targets[(targets["indicator"] == indicator) & (targets["level"] == "district") & targets["is_due"]]
    assert row["status"].item() == status


def figure(rows, indicator, column="value"):
    return rows[(rows["indicator"] == indicator) & (rows["level"] == "district")][column].item()


def test_the_variation_of_beds_is_between_townships(rows):
    towns = rows[(rows["indicator"] == "hospital-beds-e2sfca") & (rows["level"] == "township")]
    beds, people = towns["value"], towns["denominator"]
    mean = (beds * people).sum() / people.sum()
    weighted = ((people * (beds - mean) ** 2).sum() / people.sum()) ** 0.5 / mean
    assert figure(rows, "beds-variation") == pytest.approx(weighted)
    assert figure(rows, "beds-variation") == pytest.approx(0.607, abs=0.02)
    assert figure(rows, "beds-variation-unweighted") == pytest.approx(beds.std(ddof=0) / beds.mean())
    assert "按人口加权" in figure(rows, "beds-variation", "label_zh")


def test_rural_clauses_count_rural_people_and_the_old_figures_everybody(rows):
    everybody = figure(rows, "clinic-15min-walk", "denominator")
    villages = pd.read_excel(FOLDER / "villages_register.xlsx", sheet_name="村社台账", header=None, dtype=str)
    head = villages.index[(villages == "村社代码").any(axis=1)][0]
    villages = villages.iloc[head + 1 :].set_axis(villages.iloc[head], axis=1)
    rural = set(villages.loc[villages["城镇"] == "否", "村社代码"])
    of_village = rows[(rows["indicator"] == "clinic-15min-walk") & (rows["level"] == "village")]
    people = of_village.loc[of_village["unit_code"].isin(rural), "denominator"].sum()
    for name in ("water-four-criteria", "water-adequacy", "water-convenience", "water-large-scale", "water-chain"):
        assert figure(rows, name, "denominator") == pytest.approx(everybody)
        assert figure(rows, f"{name}-rural", "denominator") == pytest.approx(people)
        assert figure(rows, name, "status") == "无目标"
    assert 0 < people < everybody


def test_a_village_that_hosts_the_health_centre_needs_no_other(rows, study):
    strict, hosting = (figure(rows, f"village-clinic-public{end}", "numerator") for end in ("", "-with-host"))
    assert (strict, hosting) == (35, 42), "seven health centres, each in a village without a clinic of its own"
    assert figure(rows, "village-clinic-public", "status") == "无目标"
    states = study.tables["presence"].query("indicator == 'village-clinic-public'")["state"].value_counts()
    assert states["上级机构所在 host"] + states["有 has"] <= hosting


def test_undated_clauses_of_a_document_have_one_year():
    for policy in load_policies().values():
        if policy.period is None:
            continue
        states = [
            (entry, target)
            for entry in policy.entries
            for target in entry.targets
            if target.kind not in ("improve", "hold") and getattr(entry, "measure", "") != "on_time"
        ]
        assert all(target.year is not None for _, target in states), "none is undated"
        filled = {target.year for entry, target in states if "目标年取文件期末" in entry.assumption}
        assert filled <= {policy.period.last}
        directions = [target.year for entry in policy.entries for target in entry.targets if target.kind == "improve"]
        assert set(directions) <= {None} if policy.id != "zhejiang-2023" else set(directions) == {2025}


def test_the_demonstration_shows_a_scorecard_for_each_of_its_five_documents(study, targets):
    cards = study.tables["scorecard"]
    annual = cards[(cards["scorecard"] == "annual-scorecard") & (cards["level"] == "district")].set_index("policy")
    assert list(annual.index) == DOCUMENTS
    for policy, card in annual.iterrows():
        document = load_policies()[policy]
        assert card["monitored"] <= len(document.statements), "each clause once"
        words = ["ahead", "on_schedule", "behind", "under_way", "missed"]
        assert card["with_target"] == card[words].sum()
        statement = {entry.id: entry.statement for entry in document.entries}
        own = targets[(targets["policy"] == policy) & (targets["level"] == "district") & targets["is_due"]]
        own = own[own["target_kind"] != "qualitative"]
        asked = own["indicator"].str.removesuffix("-with-host").map(statement)
        assert card["with_target"] + card["not_known"] == asked.nunique(), "only what the document itself asks"
        met = own.assign(clause=asked).groupby("clause")["status"].agg(lambda each: each.isin(["提前", "如期"]).all())
        assert card["ahead"] + card["on_schedule"] == int(met.astype(bool).sum()), (
            "met when all that a clause asks is met"
        )
    names = set(study.indicators["indicator"])
    assert {"annual-scorecard", "annual-scorecard-zhejiang-2023", "annual-scorecard-shangzhou-2022"} <= names
    assert {"annual-scorecard-nanyang-2023-monitored", "annual-scorecard-huzhou-monitored"} <= names
    assert "annual-scorecard-huzhou" not in names, "it sets no target: no share of them is met, and none is missing"
    township = cards[cards["scorecard"] == "township-scorecard"]
    assert set(township["policy"]) == {"dongtou-2021"}


def test_one_count_of_targets_on_the_board_in_the_workbook_the_terminal_and_the_manifest(study, out, targets):
    due = targets[targets["is_due"] & (targets["level"] == "district")]
    judged = due[due["target_kind"] != "qualitative"]
    counted = count_targets(study)
    assert counted["targets"] == len(judged) == judged["indicator"].nunique()
    assert sum(counted.values()) == 2 * len(judged) + counted["in_words"]
    assert counted["in_words"] == len(due) - len(judged)
    board = describe_board(study)
    assert board["targets"] == counted
    on_board = [STATUSES[row["status"]] for row in board["indicators"] if row["status"] is not None]
    assert {word: on_board.count(word) for word in STATUSES if word != "无目标"} == {
        word: counted[word] for word in STATUSES if word != "无目标"
    }
    assert on_board.count("无目标") == counted["in_words"]
    manifest = json.loads((out / "data/processed/dongtou/2025/manifest.json").read_text("utf-8"))
    assert manifest["targets"] == counted
    (line,) = target_line(study)
    assert line.startswith(f"目标 {len(judged)} 项")
    book = openpyxl.load_workbook(next((out / "maps/dongtou/2025").glob("*.xlsx")), read_only=True)
    told = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    assert any(line.split("，全部")[0] in cell for cell in told), "the workbook says what the terminal says"


def test_at_night_fewer_defibrillators_serve_and_all_are_still_there(study):
    night = run_district(
        FOLDER, at="23:00", only_rules=("aed-4min-walk", "aed-per-100k"), with_areas=False, with_plans=False
    )
    (closed,) = [problem for problem in night.problems if problem.code == "facilities-closed-at"]
    assert closed.count == 24
    assert len(night.results["aed-4min-walk"].facilities) == 41 - 24
    by_day, by_night = (
        one.indicators[(one.indicators["level"] == "district")].set_index("indicator") for one in (study, night)
    )
    assert by_night.loc["aed-4min-walk", "value"] < by_day.loc["aed-4min-walk", "value"]
    assert by_night.loc["aed-per-100k", "value"] == by_day.loc["aed-per-100k", "value"]
    assert "不开放" in night.results["aed-4min-walk"].rule.assumption
    assert "未设时刻" in study.results["aed-4min-walk"].rule.assumption
