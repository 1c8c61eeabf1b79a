"""Every kind of target through a whole run: indicators.csv has the one the year answers to, targets.csv has all, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from tests.indicators.district import DISTRICT, ONLY_TABLES, A, B, Q, run, write_district

NAN = float("nan")
# The share everything is asked of: A 96 of 200, B 46 of 50, Q 10 of 10; the district 248 of 260 = 95.3846 %.
IMMUNISED = """
measure = "share"
of = { table = "townships" }
numerator = "children_vaccinated"
denominator = "children_due"
levels = ["district", "township"]
"""
TARGETS = {
    "two-years": '[{ kind = "at_least", value = 0.93, year = 2022 }, { kind = "at_least", value = 0.97, year = 2030 }]',
    "with-base": '{ kind = "at_least", value = 0.98, year = 2030, base = { year = 2020, value = 0.90 } }',
    "at-most": '{ kind = "at_most", value = 0.94, year = 2025 }',
    "every-one": '{ kind = "all", year = 2025 }',
    "held": '[{ kind = "hold", value = 0.95, year = 2022 }, { kind = "hold", value = 0.95, year = 2030 }]',
    "better": '{ kind = "improve", year = 2025 }',
    "as-others": '{ kind = "not_below", year = 2025 }',
    "as-others-file": '{ kind = "not_below", year = 2025 }',
    "words": '{ kind = "qualitative", text = { zh = "逐步提高", en = "rising" } }',
}
TOML = (
    ONLY_TABLES
    + "".join(f'\n[[indicators]]\nid = "{name}"{IMMUNISED}target = {target}\n' for name, target in TARGETS.items())
    + """
[[indicators]]
id = "awards"
measure = "count"
of = { table = "villages", sanitary_award = true }
target = { kind = "count", value = 4, year = 2025 }

[[indicators]]
id = "households"
measure = "count"
of = { table = "villages" }
amount = "households"
scale = 100
unit = "百户"
levels = ["district"]
target = { kind = "at_least", value = 4, year = 2030 }

[[indicators]]
id = "card"
measure = "scorecard"

[[indicators]]
id = "card-two"
measure = "scorecard"
indicators = ["every-one", "awards"]

[[baselines]]
path = "earlier.csv"

[[references]]
indicator = "as-others"
value = 95
year = 2024
name = "全省平均"

[[references]]
path = "others.csv"
"""
)
EARLIER = pd.DataFrame(
    [
        ("better", "district", "", 2020, 96.0), ("better", "district", "", 2023, 95.0),  # the earliest year is the base
        ("better", "district", "", 2026, 1.0),  # later than the run
        ("better", "township", A, 2023, 96.0), ("better", "township", B, 2023, 90.0),
        ("with-base", "township", f"{A}000", 2020, 95.0),  # 12 digits of one table and 9 of another are one unit
        ("with-base", "township", A, 2023, 97.9),  # the target's base year is 2020: its line does not begin anew
        ("with-base", "district", "", 2023, 97.9),
        ("with-base", "township", Q, 2024, 90.0),  # none of 2020: the latest there is
        ("with-base", "township", "330398009", 2020, 1.0), ("with-base", "乡镇", B, 2020, 1.0),
        ("as-others", "district", "", 2023, "缺"),
    ],
    columns=["indicator", "level", "unit_code", "year", "value"],
)  # fmt: skip
OTHERS = pd.DataFrame(
    [("as-others-file", 97.0, "温州平均", 2023), ("as-others-file", 94.0, "温州平均", 2024), ("as-others-file", 1.0, "后年", 2026)],
    columns=["indicator", "value", "name", "year"],
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return run(tmp_path_factory.mktemp("targets") / "clauses", TOML, {"earlier": EARLIER, "others": OTHERS})


def listed(study, indicator, code, target_year=None):
    rows = study.tables["targets"]
    rows = rows[(rows["indicator"] == indicator) & (rows["unit_code"] == code)]
    rows = rows if target_year is None else rows[rows["target_year"] == target_year]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def judged(study, indicator, code):
    rows = study.indicators
    return rows[(rows["indicator"] == indicator) & (rows["unit_code"] == code)].iloc[0]


SHARE = 100 * 248 / 260
CASES = [
    # indicator, unit, target year: base, expected, gap, missing, is_due, status
    # The first target is over: 93 % was to be had by 2022.
    ("two-years", DISTRICT, 2022, (NAN, NAN, 93 - SHARE, 0.0, False, "如期")),
    ("two-years", B, 2022, (NAN, NAN, 1.0, 0.5, False, "未达标")),
    # From 93 in 2022 to 97 in 2030: 94.5 in 2025. 97 % of 260 are 252.2; of 50, 48.5.
    ("two-years", DISTRICT, 2030, (NAN, 94.5, 97 - SHARE, 4.2, True, "如期")),
    ("two-years", B, 2030, (NAN, 94.5, 5.0, 2.5, True, "滞后")),
    ("two-years", Q, 2030, (NAN, 94.5, -3.0, 0.0, True, "提前")),
    # From 90 in 2020 to 98 in 2030: 94 in 2025, for the district; A has a base of its own, 95: 96.5; B has none.
    ("with-base", DISTRICT, 2030, (90.0, 94.0, 98 - SHARE, 6.8, True, "如期")),
    ("with-base", A, 2030, (95.0, 96.5, 2.0, 4.0, True, "滞后")),
    ("with-base", B, 2030, (NAN, NAN, 6.0, 3.0, True, "推进中")),
    ("with-base", Q, 2030, (90.0, 90 + 8 / 6, -2.0, 0.0, True, "提前")),
    # 94 % of 260 are 244.4: 3.6 too many; of 50, 47: B has 46.
    ("at-most", DISTRICT, 2025, (NAN, NAN, SHARE - 94, 3.6, True, "未达标")),
    ("at-most", B, 2025, (NAN, NAN, -2.0, 0.0, True, "如期")),
    ("every-one", DISTRICT, 2025, (NAN, NAN, 100 - SHARE, 12.0, True, "未达标")),
    ("every-one", Q, 2025, (NAN, NAN, 0.0, 0.0, True, "如期")),
    ("held", DISTRICT, 2030, (NAN, NAN, 95 - SHARE, 0.0, True, "如期")),
    ("held", B, 2022, (NAN, NAN, 3.0, 1.5, False, "未达标")),
    ("held", B, 2030, (NAN, NAN, 3.0, 1.5, True, "未达标")),
    # 96 in 2020, and not 95 in 2023: 249.6 of 260; A equals its base, which is no improvement; Q has none.
    ("better", DISTRICT, 2025, (96.0, NAN, 96 - SHARE, 249.6 - 248, True, "未达标")),
    ("better", A, 2025, (96.0, NAN, 0.0, 0.0, True, "未达标")),
    ("better", B, 2025, (90.0, NAN, -2.0, 0.0, True, "如期")),
    ("better", Q, 2025, (NAN, NAN, NAN, NAN, True, "缺数据")),
    # 95 % of others: 247 of 260; 47.5 of 50.
    ("as-others", DISTRICT, 2025, (NAN, NAN, 95 - SHARE, 0.0, True, "如期")),
    ("as-others", B, 2025, (NAN, NAN, 3.0, 1.5, True, "未达标")),
    ("as-others-file", B, 2025, (NAN, NAN, 2.0, 1.0, True, "未达标")),
    ("words", DISTRICT, None, (NAN, NAN, NAN, NAN, True, "无目标")),
    # 3 of 4 villages.
    ("awards", DISTRICT, 2025, (NAN, NAN, 1.0, 1.0, True, "未达标")),
    # 80 households more.
    ("households", DISTRICT, 2030, (NAN, NAN, 0.8, 80.0, True, "推进中")),
]


@pytest.mark.parametrize(("indicator", "unit", "year", "expected"), CASES)
def test_base_expected_gap_missing_and_status(study, indicator, unit, year, expected):
    row = listed(study, indicator, unit, year)
    found = [float(row[name]) for name in ("base", "expected", "gap", "missing")]
    np.testing.assert_allclose(found, expected[:4], atol=1e-9)
    assert (row["is_due"], row["status"]) == expected[4:]
    if expected[4]:
        in_rows = judged(study, indicator, unit)
        assert in_rows["status"] == row["status"]
        assert in_rows["target_kind"] == row["target_kind"]
        np.testing.assert_allclose(in_rows["target"], row["target"])


def test_a_count_is_asked_of_the_district_alone(study):
    rows = study.tables["targets"]
    assert set(rows.loc[rows["indicator"] == "awards", "level"]) == {"district"}
    assert judged(study, "awards", A)["status"] == "无目标"


def test_references_say_whose_they_are_and_words_are_shown(study):
    assert listed(study, "as-others", DISTRICT)["reference_name"] == "全省平均 2024"
    assert listed(study, "as-others-file", DISTRICT)["reference_name"] == "温州平均 2024"
    assert listed(study, "as-others-file", DISTRICT)["target"] == 94
    assert listed(study, "words", DISTRICT)["target_text"] == "逐步提高 rising"
    assert listed(study, "two-years", DISTRICT, 2022)["reference_name"] == ""


def test_a_base_that_is_no_number_is_warned_of_with_its_row(study):
    (bad,) = [problem for problem in study.problems if problem.code == "tables-bad-number"]
    assert (bad.file, bad.row, bad.field) == ("earlier.csv", "13", "value")


def test_a_base_of_units_that_nobody_knows_is_set_aside_and_listed(study):
    (lost,) = [problem for problem in study.problems if problem.code == "baselines-unknown-unit"]
    assert (lost.file, lost.row, lost.severity) == ("earlier.csv", "11, 12", "set_aside")
    assert "330398009" in lost.found
    assert "乡镇" in lost.found


def test_the_scorecard_counts_as_nanyang_does(study):
    cards = study.tables["scorecard"]
    card = cards[(cards["scorecard"] == "card") & (cards["unit_code"] == DISTRICT)].iloc[0]
    # 9 shares and 2 counts; words are no target. 如期: two-years, with-base, held, both as-others. 未达标: at-most,
    # every-one, better, awards. 推进中: households.
    assert card[["monitored", "with_target", "ahead", "on_schedule", "under_way", "missed"]].tolist() == [
        11,
        10,
        0,
        5,
        1,
        4,
    ]
    assert card["met_pct"] == 50
    # B: 如期 at-most, better; 未达标 every-one, held, both as-others; 滞后 two-years, 推进中 with-base. It is asked of no count.
    card = cards[(cards["scorecard"] == "card") & (cards["unit_code"] == B)].iloc[0]
    assert card[["monitored", "with_target", "ahead", "on_schedule", "under_way", "missed"]].tolist() == [
        10,
        8,
        0,
        2,
        1,
        4,
    ]
    assert card[["behind", "not_known", "policy"]].tolist() == [1, 0, ""]
    two = cards[cards["scorecard"] == "card-two"].set_index("unit_code")
    assert two.loc[DISTRICT, ["monitored", "with_target", "missed"]].tolist() == [2, 2, 2]
    assert two.loc[Q, ["monitored", "with_target", "on_schedule"]].tolist() == [2, 1, 1]
    assert judged(study, "card", DISTRICT)[["numerator", "denominator"]].tolist() == [5, 10]


def test_the_year_of_the_run_decides_what_is_due(tmp_path):
    study = run(tmp_path / "clauses", TOML, {"earlier": EARLIER, "others": OTHERS}, year=2022)
    assert listed(study, "two-years", DISTRICT, 2022)[["is_due", "status"]].tolist() == [True, "如期"]
    assert listed(study, "two-years", DISTRICT, 2030)["is_due"] == False  # noqa: E712 - numpy's own
    assert listed(study, "better", DISTRICT)[["base", "base_year"]].tolist() == [96, 2020]


def test_tables_alone_are_a_run(tmp_path):
    folder = write_district(tmp_path / "clauses", TOML, {"earlier": EARLIER, "others": OTHERS})
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    processed = tmp_path / "data/processed/clauses/2025"
    targets = pd.read_csv(processed / "targets.csv", dtype={"unit_code": str})
    assert set(TARGETS) <= set(targets["indicator"])
    assert (processed / "scorecard.csv").exists()
    assert (tmp_path / "maps/clauses/2025/index.html").exists()
    checked = CliRunner().invoke(app, ["check", str(folder)])
    assert checked.exit_code == 0, checked.output


def test_one_scorecard_can_be_asked_for(tmp_path):
    study = run(tmp_path / "clauses", TOML, {"earlier": EARLIER, "others": OTHERS}, only_rules=("card-two",))
    assert set(study.indicators["indicator"]) == {"every-one", "awards", "card-two", "card-two-monitored"}
