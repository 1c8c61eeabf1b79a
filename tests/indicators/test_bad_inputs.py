"""Wrong entries and tables: every error at once, with place, found and mend; what is only missing is said and stops nothing else."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.problems import InputError
from tests.indicators.district import (
    ALL_TABLES,
    CLINIC,
    DISTRICT,
    FULL,
    HEAD,
    ONLY_TABLES,
    POPULATION,
    TABLES,
    A,
    B,
    Q,
    figures,
    run,
    table_toml,
)


def indicator(name="it", measure="count", of='{ kind = "clinic" }', **keys):
    table = {"id": f'"{name}"', "measure": f'"{measure}"', "of": of, **keys}
    return "\n[[indicators]]\n" + "".join(f"{key} = {value}\n" for key, value in table.items() if value is not None)


def errors(tmp_path, toml, tables=None):
    with pytest.raises(InputError) as caught:
        run(tmp_path / "clauses", toml, tables)
    return [problem for problem in caught.value.problems if problem.severity == "error"]


BAD_ENTRIES = {
    # what is written: (field, words that must be said)
    "measure": (indicator(measure="counts"), "indicators[1].measure", ["counts", '"count"']),
    "no measure": (indicator().replace('measure = "count"\n', ""), "indicators[1].measure", ["None"]),
    "key": (indicator(amuont='"beds"'), "indicators[1].amuont", ['"amount"']),
    "target key": (indicator(target='{ kind = "count", value = 3, yaer = 2025 }'), "indicators[1].target[1].yaer", ['"year"']),
    "condition": (indicator(of='{ kind = "clinic", beds = { atleast = 3 } }'), "indicators[1].of[1]", ["beds", "at_least"]),
    "no kind": (indicator(of='[{ kind = "clinic" }, { kin = "clinic" }]'), "indicators[1].of[2].kind", ["kind"]),
    "share above 1": (
        indicator(measure="share", having="{ tcm = true }", target='{ kind = "at_least", value = 95, year = 2025 }'),
        "indicators[1]", ["0-1", "95"],
    ),
    "no such rule": (indicator(measure="mean_minutes", of=None, rule='"clinic-wlk"'), "indicators.it", ["clinic-wlk", '"clinic-walk"']),
    "an indicator for a rule": (
        indicator("other") + indicator(measure="gain", of=None, rule='"clinic-walk"', without='"other"'), "indicators.it", ["other", "准则"],
    ),
    "no such indicator": (
        indicator(measure="units_meeting", of=None, indicator='"nothing"', unit='"township"', at_least="1"), "indicators.it", ["nothing"],
    ),
    "of itself": (
        indicator(measure="units_meeting", of=None, indicator='"it"', unit='"township"', at_least="1"), "indicators", ["it -> it"],
    ),
    "card of nothing": (indicator(measure="scorecard", of=None, indicators='["clinics"]'), "indicators.it", ["clinics"]),
    "card of no policy": (indicator(measure="scorecard", of=None, policies='["dongtou"]'), "indicators.it.policies", ["dongtou", "dongtou-2021"]),
    "tables and places": (indicator(of='[{ kind = "clinic" }, { table = "villages" }]'), "indicators[1].of", ["table", "kind"]),
    "twice": (indicator() + indicator(), "indicators", ['"it"']),
    "a rule's id": (indicator("clinic-walk"), "indicators", ['"clinic-walk"', "准则与指标同号"]),
    "no such day": (indicator(measure="on_time", of=None, month="2", day="30"), "indicators[1]", ["2-30"]),
    "no such statement": (indicator(statement='"D99"', policy='"dongtou-2021"'), "it.statement", ["D99", "dongtou-2021"]),
    "a statement of nobody": (indicator(statement='"D99"'), "it.statement", ["D99"]),
    "exempt from nothing": (
        '\n[[exempt]]\nindicator = "nothing"\nunit = "a"\nreason = "b"\n', "exempt[1].indicator", ["nothing"],
    ),
    "exempt from a count": (
        indicator() + '\n[[exempt]]\nindicator = "it"\nunit = "a"\nreason = "b"\n', "exempt[1].indicator", ["it", "presence"],
    ),
    "reference of nothing": ('\n[[references]]\nindicator = "nothing"\nvalue = 1\nname = "省"\n', "references[1].indicator", ["nothing"]),
    "reference of nobody": ('\n[[references]]\nindicator = "clinic-walk"\nvalue = 1\n', "references[1]", ["name"]),
    "one kind twice": ('\n[[layers]]\nkind = "clinic"\npath = "park.gpkg"\n', "layers", ['"clinic"']),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_ENTRIES)
def test_a_wrong_entry_says_where_and_what_to_write(tmp_path, case):
    toml, field, words = BAD_ENTRIES[case]
    (error,) = errors(tmp_path, FULL + toml)
    assert error.file == "district.toml"
    assert error.field.startswith(field)
    for word in words:
        assert word in str(error), str(error)


def test_a_circle_of_indicators_names_it(tmp_path):
    of = {"measure": "units_meeting", "of": None, "unit": '"township"', "at_least": "1"}
    toml = indicator("one", indicator='"two"', **of) + indicator("two", indicator='"one"', **of)
    (error,) = errors(tmp_path, FULL + toml)
    assert error.code == "config-circle"
    assert "one" in error.found
    assert "two" in error.found


def test_everything_wrong_is_said_at_once(tmp_path):
    toml = FULL + indicator(measure="counts") + indicator(amuont='"beds"') + indicator("that", of='{ kin = "clinic" }')
    toml += table_toml("cells").replace("cells.csv", "cell.csv").replace('name = "cells"', 'name = "more"')
    toml += table_toml("progress").replace('"code"', '"编码"').replace('name = "progress"', 'name = "again"')
    found = errors(tmp_path, toml, {"villages": TABLES["villages"].assign(代码="330500")})
    assert {error.code for error in found} == {
        "config-unknown-measure", "config-unknown-key", "config-missing-key", "file-missing", "column-missing", "tables-unknown-unit",
    }  # fmt: skip
    assert len(found) == 6, [str(error) for error in found]


def test_a_table_given_twice(tmp_path):
    (error,) = errors(tmp_path, ONLY_TABLES + table_toml("villages") + indicator(of='{ table = "villages" }'))
    assert (error.code, error.field) == ("tables-duplicate", "tables[9].name")
    assert '"villages"' in error.found


def test_units_that_nobody_knows_are_set_aside_and_listed(tmp_path):
    villages = pd.concat(
        [
            TABLES["villages"],
            pd.DataFrame([("330398009001", 7, 7, "是"), ("无村", 5, 5, "是")], columns=TABLES["villages"].columns),
        ]
    )
    study = run(
        tmp_path / "clauses",
        ONLY_TABLES + indicator(of='{ table = "villages" }', amount='"households"'),
        {"villages": villages},
    )
    assert figures(study, "it")[DISTRICT] == 320
    (lost,) = [problem for problem in study.problems if problem.code == "tables-unknown-unit"]
    assert (lost.severity, lost.file, lost.row, lost.field, lost.count) == (
        "set_aside",
        "villages.csv",
        "8, 9",
        "代码",
        2,
    )
    assert "330398009001" in lost.found
    (file,) = [one for one in study.inputs if one.path == "villages.csv"]
    assert (file.rows, file.used, file.set_aside) == (8, 6, 2)


def test_a_table_of_units_that_are_all_unknown_is_an_error(tmp_path):
    villages = TABLES["villages"].assign(代码=[f"33050000{row}001" for row in range(6)])
    (error,) = errors(tmp_path, ONLY_TABLES + indicator(of='{ table = "villages" }'), {"villages": villages})
    assert (error.code, error.file, error.field, error.count) == ("tables-unknown-unit", "villages.csv", "代码", 6)
    assert "330398001001" in error.expected


def test_a_name_that_two_villages_have_is_an_error_and_said_once(tmp_path):
    villages = TABLES["villages"].assign(代码=["东村", "西村", "330398002201", "南村", "北村", "园村"])
    (error,) = errors(tmp_path, ONLY_TABLES + indicator(of='{ table = "villages" }'), {"villages": villages})
    assert (error.code, error.row, error.count) == ("tables-ambiguous-unit", "2", 1)
    assert "东村" in error.found
    assert "代码" in error.mend


def test_nine_digits_and_twelve_are_one_code(tmp_path):
    townships = TABLES["townships"].assign(code=[f"{code}000" for code in (A, B, Q)])
    study = run(
        tmp_path / "clauses",
        ONLY_TABLES + indicator(of='{ table = "townships" }', amount='"registered"'),
        {"townships": townships},
    )
    assert figures(study, "it") == {DISTRICT: 350, A: 200, B: 120, Q: 30}


def test_villages_can_be_counted_where_only_townships_have_borders(tmp_path):
    head = HEAD[: HEAD.index('[[units]]\nlevel = "village"')]
    toml = head + POPULATION + ALL_TABLES + indicator(of='{ table = "villages" }', amount='"households"')
    assert figures(run(tmp_path / "clauses", toml), "it") == {DISTRICT: 320, A: 150, B: 150, Q: 20}


def test_columns_that_fields_names_and_the_file_lacks(tmp_path):
    toml = ONLY_TABLES.replace('fields = { households = "总户数" }', 'fields = { households = "户数" }')
    (error,) = errors(tmp_path, toml + indicator(of='{ table = "villages" }'))
    assert (error.code, error.file, error.field) == ("column-missing", "villages.csv", "户数")
    assert "总户数" in error.mend


def test_one_column_may_have_two_names_of_ours(tmp_path):
    toml = ONLY_TABLES.replace('{ households = "总户数" }', '{ households = "总户数", homes = "总户数" }')
    study = run(
        tmp_path / "clauses",
        toml
        + "".join(indicator(name, of='{ table = "villages" }', amount=f'"{name}"') for name in ("households", "homes")),
    )
    assert figures(study, "households") == figures(study, "homes")


def test_fields_may_not_give_a_name_that_the_file_has(tmp_path):
    toml = ONLY_TABLES.replace('{ households = "总户数" }', '{ sanitary_award = "总户数" }')
    (error,) = errors(tmp_path, toml + indicator(of='{ table = "villages" }'))
    assert error.code == "tables-field-twice"
    assert "sanitary_award" in error.found


SHARE = indicator(
    "toilets", "share", '{ table = "villages" }', numerator='"sanitary_toilets"', denominator='"households"'
)


def test_what_is_no_number_is_warned_of_with_its_rows_and_is_in_neither_sum(tmp_path):
    villages = TABLES["villages"].assign(
        sanitary_toilets=[90, "约50", 20, 30, None, 0], 总户数=[100, 50, 40, "未报", 80, 20]
    )
    study = run(tmp_path / "clauses", ONLY_TABLES + SHARE, {"villages": villages})
    # V1, V3 and V6 say both: 90 + 20 + 0 of 100 + 40 + 20.
    assert (figures(study, "toilets", "numerator")[DISTRICT], figures(study, "toilets", "denominator")[DISTRICT]) == (
        110,
        160,
    )
    said = {problem.field: problem for problem in study.problems if problem.code == "records-no-number"}
    assert set(said) == {"sanitary_toilets", "households"}
    assert (said["sanitary_toilets"].row, said["sanitary_toilets"].count) == ("3, 6", 2), (
        "as the planner sees them: the header is row 1"
    )
    assert "约50" in said["sanitary_toilets"].found
    assert (said["households"].row, said["households"].count) == ("5", 1)
    assert len([problem for problem in study.problems if problem.code == "records-no-number"]) == 2, "each is said once"


@pytest.mark.parametrize(
    ("cells", "value", "code"),
    [
        ([93.1, 94], 94.0, ""),
        (["62.5%", "93%"], np.nan, "records-no-number"),
        ([0.62, 0.93], 0.93, "records-parts-of-one"),
    ],
)
def test_percentages_that_are_none_are_warned_of(tmp_path, cells, value, code):
    statistics = pd.DataFrame({"年份": [2023, 2024], "physique_pass_pct": cells})
    toml = ONLY_TABLES + indicator("physique", "reported", '{ table = "statistics" }', value='"physique_pass_pct"')
    study = run(tmp_path / "clauses", toml, {"statistics": statistics})
    np.testing.assert_equal(figures(study, "physique"), {DISTRICT: value})
    assert code in {problem.code for problem in study.problems} | {""}


def test_a_percentage_of_more_than_all_is_warned_of(tmp_path):
    statistics = pd.DataFrame({"年份": [2024], "physique_pass_pct": [931]})
    toml = ONLY_TABLES + indicator("physique", "reported", '{ table = "statistics" }', value='"physique_pass_pct"')
    study = run(tmp_path / "clauses", toml, {"statistics": statistics})
    assert "records-no-percentage" in {problem.code for problem in study.problems}


def test_a_part_of_more_than_its_whole_is_warned_of_with_its_row(tmp_path):
    swapped = (
        SHARE.replace("sanitary_toilets", "@").replace("households", "sanitary_toilets").replace("@", "households")
    )
    study = run(tmp_path / "clauses", ONLY_TABLES + swapped)
    (said,) = [problem for problem in study.problems if problem.code == "records-part-above-whole"]
    assert (said.row, said.count, said.field) == ("2, 4, 6, 7", 4, "households")


def test_what_is_neither_yes_nor_no_or_blank_is_not_known_and_is_warned_of(tmp_path):
    villages = TABLES["villages"].assign(sanitary_award=["是", "申报中", "否", "√", None, "N"])
    toml = ONLY_TABLES + indicator("awards", "share", '{ table = "villages" }', having="{ sanitary_award = true }")
    toml += indicator("counted", of='{ table = "villages", sanitary_award = true }')
    study = run(tmp_path / "clauses", toml, {"villages": villages})
    # Of six villages two have one and two have none; of two it is not known, and a third is too much for a figure.
    found = {
        name: figures(study, "awards", name)[DISTRICT]
        for name in ("numerator", "denominator", "low", "high", "unknown")
    }
    assert found == pytest.approx(
        {"numerator": 2, "denominator": 4, "low": 100 * 2 / 6, "high": 100 * 4 / 6, "unknown": 100 * 2 / 6}
    )
    assert np.isnan(figures(study, "awards")[DISTRICT])
    assert np.isnan(figures(study, "counted")[DISTRICT])
    assert (figures(study, "counted", "low")[DISTRICT], figures(study, "counted", "high")[DISTRICT]) == (2, 4)
    (said,) = [problem for problem in study.problems if problem.code == "records-not-yes-or-no"]
    assert (said.file, said.row, said.count, said.field) == ("villages", "3", 1, "sanitary_award")
    assert "申报中" in said.found


def test_several_figures_of_one_unit_are_warned_of(tmp_path):
    statistics = pd.DataFrame({"年份": [2024, 2024], "physique_pass_pct": [93, 95]})
    toml = ONLY_TABLES + indicator("physique", "reported", '{ table = "statistics" }', value='"physique_pass_pct"')
    study = run(tmp_path / "clauses", toml, {"statistics": statistics})
    assert figures(study, "physique") == {DISTRICT: 93}
    assert "records-twice" in {problem.code for problem in study.problems}


def test_dates_that_are_none_are_not_known_and_are_warned_of(tmp_path):
    submissions = TABLES["submissions"].assign(
        submitted=["2026年3月31日", "三月底", "2026.3.1", "2025-03-01", "2026-02-30"]
    )
    toml = ONLY_TABLES + indicator("report", "on_time", None, month="3", day="31")
    study = run(tmp_path / "clauses", toml, {"submissions": submissions})
    assert figures(study, "report", "numerator") == pytest.approx({DISTRICT: 2, A: 1, B: np.nan, Q: 1}, nan_ok=True)
    assert figures(study, "report", "unknown") == pytest.approx({DISTRICT: 100 / 3, A: 0, B: 100, Q: 0})
    (bad,) = [problem for problem in study.problems if problem.code == "records-no-date"]
    assert (bad.row, bad.field, bad.count) == ("3", "submitted", 1)


MISSING = {
    # what is asked of a district without it: words that say what to add
    "no table": (indicator(of='{ table = "schools", stage = "小学" }', amount='"pupils"'), ["[[tables]]", 'name = "schools"', "stage", "pupils"]),
    "no column": (indicator(of='{ table = "villages" }', amount='"dwellings"'), ["villages", "dwellings"]),
    "no layer": (indicator(of='{ kind = "harbour" }', amount='"berths"'), ["[[facilities]]/[[layers]]", 'kind = "harbour"', "berths"]),
    "no attribute": (indicator(of='{ kind = "clinic" }', amount='"rooms"'), ["clinic", "rooms"]),
    "no group": (indicator(measure="ratio", unit='"/人"', group='"children"'), ["children", "groups"]),
    "no task": (indicator(measure="progress", of=None), ["progress", '"it"']),
    "no task of the year": (indicator(measure="on_time", of=None, month="3", day="31"), ["submissions", '"it"', "2025"]),
    "another level": (indicator(measure="presence", of='{ table = "townships" }', unit='"village"'), ["townships", "village"]),
    "another level to tell apart": (
        indicator("of-it", "share", '{ table = "villages" }', having="{ sanitary_award = true }")
        + indicator(measure="difference", of='{ table = "unit_types", type = "城" }', indicator='"of-it"', unit='"village"'),
        ["unit_types", "village"],
    ),
    "no figure of the level": (
        indicator("of-it", "reported", '{ table = "statistics" }', value='"physique_pass_pct"')
        + indicator(measure="units_meeting", of=None, indicator='"of-it"', unit='"township"', at_least="1"),
        ["of-it", "township"],
    ),
    "not reported at that level": (
        indicator(measure="reported", of='{ table = "statistics" }', value='"physique_pass_pct"', levels='["village"]'), ["district"],
    ),
    "what it is computed from": (
        indicator("of-it", of='{ kind = "harbour" }')
        + indicator(measure="units_meeting", of=None, indicator='"of-it"', unit='"village"', at_least="1"),
        ["needs first", "of-it"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing_is_said_and_stops_nothing_else(tmp_path, case):
    toml, words = MISSING[case]
    study = run(tmp_path / "clauses", HEAD + POPULATION + CLINIC + ALL_TABLES + toml + indicator("clinics"))
    assert figures(study, "clinics")[DISTRICT] == 5
    assert "it" not in set(study.indicators["indicator"])
    said = [problem for problem in study.problems if problem.field == "indicators.it"]
    assert [problem.code for problem in said] == ["indicator-missing-data"]
    for word in words:
        assert word in study.not_computed["it"], study.not_computed["it"]
        assert word in said[0].found


@pytest.mark.parametrize("measure", ["presence", "units_meeting", "difference"])
def test_a_level_that_the_district_has_no_units_of(tmp_path, measure):
    head = HEAD[: HEAD.index('[[units]]\nlevel = "village"')]
    asked = {
        "presence": indicator(measure="presence", unit='"village"'),
        "units_meeting": indicator(measure="units_meeting", of=None, indicator='"clinics"', unit='"village"', at_least="1"),
        "difference": indicator(measure="difference", of='{ table = "unit_types", type = "城" }', indicator='"clinics"', unit='"village"'),
    }  # fmt: skip
    study = run(tmp_path / "clauses", head + POPULATION + CLINIC + ALL_TABLES + indicator("clinics") + asked[measure])
    assert '[[units]] level = "village"' in study.not_computed["it"]


def test_a_scorecard_at_levels_the_district_lacks_is_not_computed(tmp_path):
    head = HEAD[: HEAD.index('[[units]]\nlevel = "village"')]
    toml = (
        head
        + POPULATION
        + CLINIC
        + indicator("clinics")
        + indicator(measure="scorecard", of=None, levels='["village"]')
    )
    assert "it" in run(tmp_path / "clauses", toml).not_computed


def test_a_table_of_later_years_is_no_figure_of_nought(tmp_path):
    toml = ONLY_TABLES + indicator(of='{ table = "statistics" }') + indicator("households", of='{ table = "villages" }')
    study = run(tmp_path / "clauses", toml, year=2020)
    assert "2020" in study.not_computed["it"]
    assert "statistics" in study.not_computed["it"]
    assert "households" in set(study.indicators["indicator"])


def test_nothing_computed_is_exit_1_and_says_what_to_add(tmp_path):
    from tests.indicators.district import write_district

    folder = write_district(tmp_path / "clauses", ONLY_TABLES + indicator(of='{ kind = "harbour" }'))
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path), "--no-map", "--json"])
    assert result.exit_code == 1, result.output
    assert 'kind = "harbour"' in json.loads(result.stdout)["not_computed"]["it"]
    issues = pd.read_csv(tmp_path / "data/processed/clauses/2025/issues.csv")
    assert "indicators.it" in set(issues["field"])


POLICY = HEAD.replace('crs = "EPSG:4549"', 'crs = "EPSG:4549"\npolicies = ["dongtou-2021"]', 1)


def test_statements_that_lack_data_name_tables_and_columns(tmp_path):
    study = run(tmp_path / "clauses", POLICY + POPULATION + ALL_TABLES + indicator(of='{ table = "villages" }'))
    assert "it" in set(study.indicators["indicator"])
    rows = study.tables["statements"]
    lacking = rows[rows["state"] != "已计算 computed"]
    for row in lacking.itertuples():
        assert row.missing or not row.entries, row


def test_a_policy_rule_for_people_that_nobody_counts_is_said_and_no_error(tmp_path, monkeypatch):
    from lifecircle.config import Rule, catalogue, chosen, load_policies, reader

    policy = load_policies()["dongtou-2021"]
    rule = Rule.model_validate({"id": "for-babies", "facilities": {"kind": "clinic"}, "mode": "walk", "minutes": 15, "group": "babies",
                                "policy": "dongtou-2021"})  # fmt: skip
    made = {
        **load_policies(),
        "dongtou-2021": policy.model_copy(update={"rules": (rule,), "indicators": (), "statements": ()}),
    }
    for module in (catalogue, chosen, reader):
        monkeypatch.setattr(module, "load_policies", lambda: made, raising=False)
    full = FULL.replace('crs = "EPSG:4549"', 'crs = "EPSG:4549"\npolicies = ["dongtou-2021"]', 1)
    study = run(tmp_path / "clauses", full)
    assert "babies" in study.not_computed["for-babies"]
    assert set(study.results) == {"clinic-walk", "hospital-walk"}


def test_an_entry_of_the_districts_own_may_answer_a_statement(tmp_path):
    from lifecircle.config import load_policies

    statements = load_policies()["dongtou-2021"].statements
    if not statements:
        pytest.skip("the policy has no statements in this version")
    own = indicator(of='{ table = "villages" }', policy='"dongtou-2021"', statement=f'"{statements[0].id}"')
    study = run(tmp_path / "clauses", POLICY + POPULATION + ALL_TABLES + own)
    row = study.tables["statements"].set_index("statement").loc[statements[0].id]
    assert "it" in row["computed"].split("; ")
