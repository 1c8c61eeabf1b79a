"""The demonstration district's workbook: three hundred figures of the district, two thousand of its townships, every gap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.outputs.reading import open_workbook, read_sheet

from lifecircle.outputs.gaps import gap_table
from lifecircle.outputs.workbook import write_workbook
from lifecircle.study import run_district

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "data" / "raw" / "dongtou"


@pytest.fixture(scope="module")
def study():
    return run_district(FOLDER, with_areas=False)


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "指标监测表.xlsx"
    write_workbook(study, path)
    return path


def same(found, expected):
    one, other = (pd.to_numeric(pd.Series(list(values))).to_numpy(float) for values in (found, expected))
    np.testing.assert_allclose(one, other, rtol=1e-15, atol=0, err_msg="a workbook holds 16 digits")


def test_every_figure_of_the_district_and_its_townships(study, path):
    rows = study.indicators
    district = read_sheet(path, "指标监测表")
    done = district[~district["指标编号"].isin(list(study.not_computed))].set_index("指标编号")
    own = rows[rows["level"] == "district"].set_index("indicator").loc[done.index]
    assert len(own) == (rows["level"] == "district").sum() > 300
    assert len(district) - len(done) == len(study.not_computed) > 0
    townships = read_sheet(path, "分乡镇街道明细").set_index(["指标编号", "乡镇街道代码"])
    theirs = rows[rows["level"] == "township"].set_index(["indicator", "unit_code"]).loc[townships.index]
    assert len(theirs) == (rows["level"] == "township").sum() > 2000
    for table, expected in ((done, own), (townships, theirs)):
        for head, column in (("本年值", "value"), ("分子", "numerator"), ("分母", "denominator"), ("目标值", "target")):
            same(table[head], expected[column])
        assert list(table["完成情况"]) == list(expected["status"])


def test_what_is_missing_to_each_target_is_that_of_the_targets(study, path):
    targets = study.tables["targets"]
    due = targets[(targets["level"] == "district") & targets["is_due"].astype(bool)].set_index("indicator")
    table = read_sheet(path, "指标监测表").set_index("指标编号").loc[due.index]
    for head, column in (("差距", "gap"), ("还差", "missing"), ("基期值", "base"), ("基期年", "base_year")):
        same(table[head], due[column])


def test_every_gap_with_its_township(study, path):
    table, gaps = read_sheet(path, "缺口清单"), gap_table(study)
    assert len(table) == len(gaps) > 2000
    names = dict(zip(study.units["township"].code, study.units["township"].name, strict=True))
    assert list(table["乡镇街道"].fillna("")) == [names.get(code, "") for code in gaps["township_code"]]
    for head, column in (("人口", "people"), ("位次", "rank"), ("不可达人口", "people_unreachable")):
        same(table[head], gaps[column])


def test_no_text_is_cut_and_no_column_is_wider_than_a_screen(path):
    for sheet in open_workbook(path):
        assert max(len(str(cell)) for row in sheet.iter_rows(values_only=True) for cell in row if cell) < 32_767
        assert all(dimension.width <= 112 + 1 for dimension in sheet.column_dimensions.values())
