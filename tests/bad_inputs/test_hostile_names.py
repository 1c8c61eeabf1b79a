"""Names that are markup, formulas, paths and templates are only names: nothing runs, nothing is computed, no file goes astray."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from tests.bad_inputs.district import write_clean
from tests.bad_inputs.settings import HOSTILE, hostile_names


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = write_clean(tmp_path_factory.mktemp("hostile") / "clean")
    hostile_names(folder)
    out = tmp_path_factory.mktemp("out")
    done = CliRunner().invoke(app, ["run", str(folder), "--out", str(out), "--no-areas", "--no-plans", "--no-cache"])
    assert done.exit_code == 0, done.output
    return out


def test_the_page_holds_no_markup_of_a_name(out):
    page = (out / "maps/clean/2025/index.html").read_text("utf-8")
    for name in HOSTILE:
        if "<" in name:
            assert name not in page


def test_the_workbook_computes_nothing(out):
    for sheet in openpyxl.load_workbook(out / "maps/clean/2025/指标监测表.xlsx"):
        assert not [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_no_table_has_a_cell_that_a_spreadsheet_would_compute(out):
    for path in (out / "data/processed/clean/2025").glob("*.csv"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        texts = table.astype(object).to_numpy().ravel().tolist()
        bad = [text for text in texts if text and (text[0] in "=@\t" or (text[0] in "+-" and not _is_number(text)))]
        assert bad == [], path.name


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_every_file_lies_where_it_belongs(out):
    folders = {path.parent.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert folders == {Path("data/processed/clean/2025").as_posix(), Path("maps/clean/2025").as_posix()}
