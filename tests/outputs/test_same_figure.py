"""The page, the workbook, the terminal and the tables give the same figure for the same question."""

from __future__ import annotations

import contextlib
import io
import math

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.districts.demonstration import run_demonstration
from tests.outputs.pages import answer_of
from tests.outputs.reading import head_row

from lifecircle.outputs.publish import publish_study
from lifecircle.outputs.shown import show_study
from lifecircle.outputs.wording import TENTHS, WHOLE, excel_format, figure_text, number_text, share_text

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study():
    return run_demonstration()


@pytest.fixture(scope="module")
def published(study, tmp_path_factory):
    out = tmp_path_factory.mktemp("published")
    said = io.StringIO()
    paths = publish_study(study, out, with_map=True, progress=lambda _: None)
    with contextlib.redirect_stdout(said):
        show_study(study, paths, print, as_json=False)
    return out, said.getvalue()


@pytest.fixture(scope="module")
def figures(published):
    """The district's figures as ``indicators.csv`` has them."""
    table = pd.read_csv(published[0] / "data/processed/dongtou/2025/indicators.csv", encoding="utf-8-sig")
    rows = table[(table["level"] == "district") & table["value"].notna()]
    assert len(rows) > 250
    return dict(zip(rows["indicator"], zip(rows["value"], rows["value_unit"].fillna(""), strict=True), strict=True))


def as_excel_shows(value: float, form: str) -> str:
    if form == "#,##0":
        return f"{value:,.0f}"
    return f"{value:.{len(form.partition('.')[2])}f}"


def bare(text: str, unit: str) -> str:
    """Return a printed figure without its unit."""
    return text.removesuffix("%") if unit == "%" else text.split(" ")[0]


def test_the_workbook_shows_what_is_printed(published, figures):
    sheet = openpyxl.load_workbook(published[0] / "maps/dongtou/2025/指标监测表.xlsx")["指标监测表"]
    top = head_row(sheet)
    heads = [str(cell.value).split("\n")[0] for cell in sheet[top]]
    name, value = heads.index("指标编号"), heads.index("本年值")
    compared = 0
    for row in sheet.iter_rows(min_row=top + 1):
        if row[name].value not in figures or row[value].value is None:
            continue
        known, unit = figures[row[name].value]
        shown = as_excel_shows(float(row[value].value), row[value].number_format)
        printed = bare(figure_text(known, unit), unit)
        if printed.startswith((">", "<")):
            assert float(shown) == pytest.approx(known, abs=5e-4), row[name].value
        else:
            assert shown == printed or float(shown.replace(",", "")) == float(printed.replace(",", "")), row[name].value
        compared += 1
    assert compared == len(figures)


def test_the_terminal_prints_every_rules_share(study, published, figures):
    said = published[1]
    missing = [
        rule
        for rule, result in study.results.items()
        if rule in figures and not result.rule.scenario and figure_text(*figures[rule]) not in said
    ]
    assert missing == []


@pytest.mark.browser
def test_the_page_shows_what_is_printed(published, figures, tmp_path):
    page = published[0] / "maps/dongtou/2025/index.html"
    script = """
      const shown = {};
      for (const row of [...study.board.indicators, ...study.board.others]) if (row.value !== null) shown[row.id] = valueText(row.value, row.unit);
      for (const rule of Object.keys(study.figures)) {
        const own = study.figures[rule].district;
        shown[`card ${rule}`] = shareText(own.share[0]);
        for (const group of own.groups) if (group.share[0] !== null) shown[`group ${rule}-${group.id}`] = groupText({...group, share: group.share[0],
          covered: group.covered[0], people: group.people[0]});
      }
      document.title = JSON.stringify(shown);
    """
    shown = answer_of(page, "", script, tmp_path)
    compared = 0
    for key, text in shown.items():
        where, _, name = key.rpartition(" ")
        if name not in figures or text in ("–", "n/a"):
            continue
        known, unit = figures[name]
        printed = bare(figure_text(known, unit), unit)
        if where == "group":
            assert printed in text, key
            assert ("（" in text) == (unit == "%"), f"{key}: {text}"
        else:
            assert bare(text, unit) == printed, key
        compared += 1
    assert compared > 150


def test_minutes_are_no_percentage(figures):
    minutes = {name: value for name, value in figures.items() if value[1] == "min"}
    assert minutes
    assert all(figure_text(*value).endswith(" min") for value in minutes.values())


UNITS = st.sampled_from(["%", "min", "人", "m2/人", "", "处", "m", "张/千人"])


@given(st.floats(0, 1e9), UNITS)
def test_what_is_something_is_never_printed_as_nothing(value, unit):
    text = bare(figure_text(value, unit), unit)
    if value > 0 and not text.startswith("<"):
        assert float(text.replace(",", "").lstrip(">")) > 0


@given(st.floats(0.001, 1e9), UNITS)
def test_the_format_of_excel_shows_what_is_printed(value, unit):
    text = share_text(value) if unit == "%" else number_text(value, unit)
    shown = float(as_excel_shows(value, excel_format(unit, value)).replace(",", ""))
    printed = text.removesuffix("%")
    if not printed.startswith((">", "<")):
        # Half of the last digit lies between two ways of rounding halves.
        assert math.isclose(shown, float(printed.replace(",", "")), rel_tol=6e-3)


def test_units_have_one_kind_of_digits():
    assert not set(TENTHS) & set(WHOLE)
