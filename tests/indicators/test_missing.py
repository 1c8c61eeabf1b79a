"""Missing is missing: whatever is taken from the made district's data, no figure becomes 0 by it, nor gets a verdict it did not have."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifecircle.problems import InputError
from lifecircle.study import run_district
from tests.indicators import test_every_measure, test_supply_and_equity
from tests.indicators.district import (
    ALL_TABLES,
    DISTRICT,
    FULL,
    ONLY_TABLES,
    TABLES,
    V1,
    V2,
    V6,
    A,
    B,
    Q,
    figures,
    run,
    table_toml,
    write_district,
)
from tests.made import ORIGIN_X, ORIGIN_Y

KEYS = ["indicator", "level", "unit_code"]
HEAD_AND_PEOPLE = ONLY_TABLES.replace(ALL_TABLES, "")
SUPPLY = test_supply_and_equity.TOML.removeprefix(FULL)
TOILETS = SUPPLY[
    SUPPLY.index('\n[[indicators]]\nid = "toilets"\n') : SUPPLY.index('\n[[indicators]]\nid = "beds-for-all"')
]
WHOLE = test_every_measure.TOML + SUPPLY.replace(TOILETS, "")
COUNTING = (
    "card",
    "card-monitored",
    "same-quality-unknown",
    "backup-unknown",
    "large-unknown",
    "enough-unknown",
    "chain-unknown",
)
"""How many are monitored is fewer where fewer are known, and those of whom it is not known are more."""
UNIT_OF = {"villages": "代码", "townships": "code", "unit_types": "unit", "progress": "code", "submissions": "code"}
"""Tables of which a unit without a row is not known: ``cells`` lists all there is."""
ATTRIBUTES = {
    "clinic": ("grade", "ownership", "tcm", "床位"),
    "sports_ground": ("area_m2",),
    "water_plant": ("tier", "capacity", "served"),
    "water_source": ("plant", "capacity"),
    "water_monitoring": ("plant", "stage", "date", "pass"),
}
# An empty date of submission was not handed in, and an empty list of units served jointly is none.
SAID_BY_BLANK = {("submissions", "submitted")}


def lay_out(folder: Path) -> Path:
    write_district(folder, WHOLE)
    for kind, places in test_supply_and_equity.PLACES.items():
        named = places.assign(x=places["x"] + ORIGIN_X, y=ORIGIN_Y, name=places["id"])
        named.to_csv(folder / f"{kind}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = lay_out(tmp_path_factory.mktemp("missing") / "clauses")
    return folder, run_district(folder, with_areas=False)


def change(file: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        table = pd.read_csv(folder / file, dtype=object, keep_default_na=False)
        edit(table).to_csv(folder / file, index=False)

    return apply


def take_table(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        toml = (folder / "district.toml").read_text(encoding="utf-8")
        assert table_toml(name) in toml
        (folder / "district.toml").write_text(toml.replace(table_toml(name), ""), encoding="utf-8")

    return apply


def blank(column: str, rows: slice) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def edit(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[table.index[rows], column] = ""
        return table

    return edit


def without(column: str, value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table[table[column] != value]


def losses() -> Iterator[tuple[str, Callable[[Path], None]]]:
    for name, table in TABLES.items():
        yield f"no table {name}", take_table(name)
        own = UNIT_OF.get(name, "")
        for value in dict.fromkeys(table[own].astype(str)) if own else ():
            yield f"{name} without {value}", change(f"{name}.csv", without(own, value))
        for column in table.columns:
            if column not in (own, "code", "代码", "unit", "年份") and (name, column) not in SAID_BY_BLANK:
                for which, rows in (("all", slice(None)), ("first", slice(0, 1)), ("last", slice(-1, None))):
                    yield f"{name}.{column} {which} blank", change(f"{name}.csv", blank(column, rows))
    yield "statistics of later years", change("statistics.csv", lambda table: table.assign(年份="2031"))
    yield "submissions of other years", change("submissions.csv", lambda table: table.assign(年份="2019"))
    for kind, columns in ATTRIBUTES.items():
        for column in columns:
            for which, rows in (("all", slice(None)), ("first", slice(0, 1)), ("second", slice(1, 2))):
                yield f"{kind}.{column} {which} blank", change(f"{kind}.csv", blank(column, rows))
    yield "samples of last year", change("water_monitoring.csv", lambda table: table.assign(date="2024-06-01"))


LOSSES = dict(losses())


def faults(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Return the figures that say something else than before, and do not say that a part is not known."""
    both = before[~before["indicator"].isin(COUNTING)].merge(after, on=KEYS, suffixes=("", "_after"), how="inner")
    old, new = both["value"].to_numpy(float), both["value_after"].to_numpy(float)
    unknown = both["unknown_after"].to_numpy(float)
    is_same = np.isclose(old, new, rtol=1e-9, atol=1e-9, equal_nan=True)
    is_empty = np.isnan(new) & (unknown > 0)
    # A value over what is known lies anywhere; what is known of the whole brackets what it was.
    with np.errstate(invalid="ignore"):
        high = both["high_after"].to_numpy(float)
        is_bracketed = np.isfinite(new) & (unknown > 0) & (np.isnan(high) | (high > new))
    wrong = both[~(is_same | is_empty | is_bracketed)]
    said = [f"{row['indicator']} {row['unit_code']}: {row['value']} -> {row['value_after']} ({row['unknown_after']})"
            for row in wrong.to_dict("records")]  # fmt: skip
    verdict = both[(both["value_after"].isna()) & (both["unknown_after"] > 0) & (both["status_after"] != "缺数据")]
    return [*said, *(f"{row['indicator']}: {row['status_after']}" for row in verdict.to_dict("records"))]


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_taken_away_makes_no_figure_and_no_verdict(whole, loss, tmp_path):
    folder, study = whole
    shutil.copytree(folder, tmp_path / "clauses")
    LOSSES[loss](tmp_path / "clauses")
    if loss == "clinic.grade all blank":
        # A rule of the district's own asks for it: the run stops and says so.
        with pytest.raises(InputError, match="grade"):
            run_district(tmp_path / "clauses", with_areas=False)
        return
    after = run_district(tmp_path / "clauses", with_areas=False)
    assert faults(study.indicators, after.indicators) == []


def unit(study, indicator, code=DISTRICT):
    rows = study.indicators
    row = rows[(rows["indicator"] == indicator) & (rows["unit_code"] == code)].iloc[0]
    return row[["value", "numerator", "denominator", "low", "high", "unknown", "status"]].to_list()


def indicator(name, measure, of, more=""):
    return f'\n[[indicators]]\nid = "{name}"\nmeasure = "{measure}"\nof = {of}\n{more}\n'


NAN = pytest.approx(np.nan, nan_ok=True)
TOILETS_SHARE = indicator(
    "it", "share", '{ table = "villages" }', 'numerator = "sanitary_toilets"\ndenominator = "households"'
)


def test_units_without_a_row_are_as_large_as_their_people_and_above_a_fifth_there_is_no_value(tmp_path):
    toml = ONLY_TABLES + TOILETS_SHARE + 'target = { kind = "at_least", value = 0.5, year = 2025 }\n'
    study = run(tmp_path / "a", toml, {"villages": TABLES["villages"][lambda table: table["代码"] != V6]})
    # 40 of 300 people live in V6: the 300 households known are 260/300 of all, 346.15; 230 of them have one.
    whole = 300 / (260 / 300)
    share = 100 * 40 / 300
    assert unit(study, "it") == [
        *(pytest.approx(one) for one in (100 * 230 / 300, 230, 300, 100 * 230 / whole, 100 * (230 + whole - 300) / whole, share)), "如期",
    ]  # fmt: skip
    assert unit(study, "it", V6) == [NAN, NAN, NAN, NAN, NAN, 100.0, "缺数据"]
    assert unit(study, "it", Q) == [NAN, NAN, NAN, NAN, NAN, 100.0, "缺数据"]
    assert unit(study, "it", B)[5] == 0
    # In B and A 150 of 300 people: without A's villages half of it is not known.
    study = run(tmp_path / "b", toml, {"villages": TABLES["villages"][lambda table: ~table["代码"].isin([V1, V2])]})
    value, numerator, denominator, low, high, unknown, status = unit(study, "it")
    assert (unknown, status) == (50, "缺数据")
    assert np.isnan(value)
    assert (numerator, denominator) == (90, 170)
    assert (low, high) == (pytest.approx(100 * 90 / 340), pytest.approx(100 * 260 / 340))
    targets = study.tables["targets"]
    assert targets[targets["value"].isna()]["status"].unique().tolist() == ["缺数据"]
    # A district that will live with it says so.
    most = toml.replace('crs = "EPSG:4549"\n\n[[units]]', 'crs = "EPSG:4549"\nunknown_max = 0.5\n\n[[units]]', 1)
    assert most != toml
    study = run(tmp_path / "c", most, {"villages": TABLES["villages"][lambda table: ~table["代码"].isin([V1, V2])]})
    assert unit(study, "it")[0] == pytest.approx(100 * 90 / 170)


def test_a_list_of_all_there_is_has_none_where_it_has_no_row(tmp_path):
    of = indicator("schools", "count", '{ table = "cells", type = "学校" }')
    study = run(tmp_path / "a", ONLY_TABLES + of)
    assert (figures(study, "schools")[V1], figures(study, "schools")[V2]) == (1, 0)
    study = run(tmp_path / "b", ONLY_TABLES.replace("lists_all = true", "") + of)
    assert np.isnan(figures(study, "schools")[V2])
    assert figures(study, "schools", "unknown")[V2] == 100
    assert np.isnan(figures(study, "schools")[DISTRICT])


def test_what_an_empty_cell_stands_for_is_the_districts_to_say(tmp_path):
    tables = {"villages": TABLES["villages"].assign(sanitary_award=["是", None, None, "是", None, None])}
    awards = indicator("it", "share", '{ table = "villages" }', "having = { sanitary_award = true }")
    assert np.isnan(figures(run(tmp_path / "a", ONLY_TABLES + awards, tables), "it")[DISTRICT])
    said = ONLY_TABLES.replace(
        table_toml("villages"), table_toml("villages") + 'blank_means = { sanitary_award = "无" }\n'
    )
    study = run(tmp_path / "b", said + awards, tables)
    assert figures(study, "it")[DISTRICT] == pytest.approx(100 * 2 / 6)
    assert figures(study, "it", "unknown")[DISTRICT] == 0


@pytest.mark.parametrize(
    ("holds", "year", "value", "said"),
    [
        ("", 2024, 93.1, ""),
        ("", 2025, None, "没有 2025 年的数据"),
        ('holds = "its_year"\n', 2025, None, "没有 2025 年的数据"),
        ('holds = "until_next"\n', 2025, 93.1, "2024 年数据沿用至 2025 年"),
        ('holds = "until_next"\n', 2022, None, "没有 2022 年的数据"),
        ('holds = "every_year"\n', 2025, 92.5, "按声明各年均适用"),
    ],
)
def test_a_row_holds_for_its_year_unless_the_table_is_declared_to(tmp_path, holds, year, value, said):
    keys = f'level = "district"\nyear = "年份"\n{holds}'
    physique = indicator(
        "it",
        "reported",
        '{ table = "statistics" }',
        'value = "physique_pass_pct"\ntarget = { kind = "at_least", value = 0.9 }',
    )
    study = run(tmp_path / "clauses", HEAD_AND_PEOPLE + table_toml("statistics", keys) + physique, year=year)
    row = study.indicators.set_index("indicator").loc["it"]
    assert said in row["assumption"]
    if value is None:
        assert np.isnan(row["value"])
        assert (row["status"], row["unknown"]) == ("缺数据", 100)
        assert said in study.not_computed["it"]
        (need,) = study.tables["missing"].to_dict("records")
        assert (need["name"], need["columns"]) == ("statistics", f"{year} 年的行 rows of {year}")
        assert set(study.tables["targets"]["status"]) == {"缺数据"}
        return
    assert row["value"] == value
    assert row["data_year"] == ("" if "every" in holds else "2024")


def test_an_undated_table_says_once_in_the_row_that_it_stands_for_every_year(tmp_path):
    study = run(tmp_path / "clauses", ONLY_TABLES + TOILETS_SHARE, year=2019)
    row = study.indicators.iloc[0]
    assert row["assumption"] == "villages: 未注明年份，按各年均适用 undated, taken to hold for every year"
    assert (row["data"], row["data_year"], row["people_as_of"], row["unknown"]) == ("villages.csv", "", "", 0)


SAMPLES = """
[[layers]]
kind = "inspection"
path = "inspection.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", date = "日期", pass = "合格" }
"""
INSPECTED = indicator("it", "share", '{ kind = "inspection" }', "having = { pass = true }")


def inspect(folder, dates, passed, year=2025):
    write_district(folder, HEAD_AND_PEOPLE + SAMPLES + INSPECTED)
    table = pd.DataFrame(
        {
            "id": [f"i{row}" for row in range(len(dates))],
            "日期": dates,
            "合格": passed,
            "x": ORIGIN_X + 100,
            "y": ORIGIN_Y,
        }
    )
    table.to_csv(folder / "inspection.csv", index=False)
    return run_district(folder, with_areas=False, year=year)


def test_records_with_a_date_count_in_their_year_alone(tmp_path):
    dates, passed = ["2025-03-01", "2025/4/1", "2024年5月1日", "2024-06-01"], ["是", "否", "否", "否"]
    study = inspect(tmp_path / "a", dates, passed)
    assert unit(study, "it")[:3] == [50, 1, 2]
    assert set(study.indicators["data_year"]) == {"2025"}
    study = inspect(tmp_path / "b", dates, passed, year=2022)
    assert unit(study, "it") == [NAN, NAN, NAN, NAN, NAN, 100.0, "缺数据"]
    assert "没有 2022 年的数据，有 no data of 2022, there are of 2024, 2025" in study.not_computed["it"]
    # One without a date may be of the year: of five that may count one is not known.
    study = inspect(tmp_path / "c", [*["2025-03-01"] * 4, "", "2024-01-01"], ["是"] * 6)
    assert unit(study, "it") == [100, 4, 4, 80, 100, 20, "无目标"]
    # Where none has a date, they hold for every year, and the row says so.
    study = inspect(tmp_path / "d", [""] * 2, ["是", "否"])
    assert unit(study, "it")[:3] == [50, 1, 2]
    assert "inspection: 未注明日期" in study.indicators["assumption"].iloc[0]


def test_a_word_that_no_row_has_is_no_zero(tmp_path):
    of = indicator("it", "presence", '{ kind = "clinic", grade = "卫生院分院" }', 'unit = "township"')
    own = '\n[[rules]]\nid = "branch-walk"\nfacilities = { kind = "clinic", grade = "卫生院分院" }\nmode = "walk"\nminutes = 8\n'
    study = run(tmp_path / "a", FULL + of + own)
    assert not {"it", "branch-walk"} & set(study.indicators["indicator"])
    for name in ("it", "branch-walk"):
        assert "卫生院分院" in study.not_computed[name]
        assert "村卫生室" in study.not_computed[name]
    # Where the district says which words there are, none is none.
    said = FULL.replace(
        'beds = "床位" }\n', 'beds = "床位" }\nwords = { grade = ["卫生院分院", "乡镇卫生院", "村卫生室", "诊所"] }\n'
    )
    assert said != FULL
    study = run(tmp_path / "b", said + of + own)
    assert figures(study, "it")[DISTRICT] == 0
    assert figures(study, "branch-walk")[DISTRICT] == 0


def test_a_rule_whose_facility_may_not_count_brackets_who_rests_on_it(tmp_path):
    folder = write_district(tmp_path / "clauses", FULL)
    clinics = pd.read_csv(folder / "clinic.csv", keep_default_na=False)
    clinics.loc[clinics["id"] == "k5", "grade"] = ""
    clinics.to_csv(folder / "clinic.csv", index=False)
    study = run_district(folder, with_areas=False)
    # Within 8 minutes of a 卫生院: c1 (100) of k1; c5 (60) only of k5, of which nobody says what it is; c6 (40) of none.
    value, numerator, denominator, low, high, unknown, _ = unit(study, "hospital-walk")
    assert (numerator, denominator, unknown) == (100, 240, 20)
    assert value == pytest.approx(100 * 100 / 240)
    assert low == pytest.approx(100 * 100 / 300)
    assert high >= 100 * 160 / 300
    assert unit(study, "hospital-walk", B)[5:] == [pytest.approx(100 * 60 / 110), "缺数据"]
    assert figures(study, "hospital-walk")[A] == pytest.approx(100 * 100 / 150)
    # The other rule asks for no grade, and knows all.
    assert set(study.indicators[study.indicators["indicator"] == "clinic-walk"]["unknown"]) == {0}
    # People are conserved: who may be covered is covered by none that is known.
    sums = study.conservation["hospital-walk"]
    assert sums["covered"] + sums["uncovered"] + sums["unreachable"] == pytest.approx(sums["people"])


def test_every_row_says_what_it_rests_on(whole):
    rows = whole[1].indicators
    assert list(rows.columns[-5:]) == ["data", "data_year", "people_as_of", "unknown", "assumption"]
    assert rows["unknown"].between(0, 100).all()
    own = rows.drop_duplicates("indicator").set_index("indicator")
    assert own.loc["clinic-walk", "data"] == "clinic.csv; people.csv; roads.gpkg"
    assert own.loc["toilets", "data"] == "villages.csv"
    assert own.loc["ground", "data"] == "sports_ground.csv; people.csv"
    assert own.loc["toilets-gini", "data"] == "villages.csv"
    assert own.loc["clinic-minutes", "data"] == "clinic.csv; people.csv; roads.gpkg"
    assert own.loc["physique", "data_year"] == "2024"
    assert own.loc["chain", "data_year"] == "2025"
    assert set(own["data"]) - {""}
    assert set(own.index[own["data"] == ""]) <= {"card", "card-monitored"}


def test_people_say_as_of_when(tmp_path):
    study = run(tmp_path / "clauses", FULL.replace('kind = "resident"', 'kind = "resident"\nas_of = 2020-11-01'))
    assert set(study.indicators["people_as_of"]) == {"2020-11-01"}


def test_no_value_stands_beside_no_row_of_the_table_whose_units_it_counts(tmp_path):
    # The table of towns has no row of Q: of its 40 people nothing is known, and no one of them is below the line.
    staff = indicator(
        "it",
        "ratio",
        '{ table = "townships" }',
        'amount = "children_due"\nper = 100\nunit = "/百人"\nlevels = ["district"]',
    )
    townships = TABLES["townships"][lambda table: table["code"] != Q]
    study = run(tmp_path / "clauses", ONLY_TABLES + staff, {"townships": townships})
    value, numerator, denominator, _, high, unknown, _ = unit(study, "it")
    assert (numerator, denominator) == (250, 260)
    assert value == pytest.approx(100 * 250 / 260)
    assert unknown == pytest.approx(100 * 40 / 300)
    assert np.isnan(high), "what more there may be nobody knows"


def test_a_table_of_one_year_is_of_no_other(tmp_path):
    of_2024 = table_toml("villages", 'level = "village"\nid = "代码"\nyear = 2024\nfields = { households = "总户数" }')
    study = run(tmp_path / "clauses", HEAD_AND_PEOPLE + of_2024 + TOILETS_SHARE)
    assert set(study.indicators["status"]) == {"缺数据"}
    assert study.indicators["value"].isna().all()
