"""变化表.xlsx: see ``tests/comparison/test_compare.py`` for the districts and their changes by hand."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from tests.comparison.test_compare import compare, write_district, write_old
from tests.outputs.reading import open_workbook, read_sheet, texts_of

from lifecircle.outputs.workbook import write_comparison_workbook
from lifecircle.study.comparison import compare_years

BOOK = "变化表.xlsx"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = write_district(tmp_path_factory.mktemp("compare") / "tiny")
    changes, summary, done = compare(folder, 2022, 2025)
    return folder / "maps" / "tiny" / "compare-2022-2025" / BOOK, changes, summary, done


def test_compare_publishes_it_and_names_it(made):
    path, _, summary, done = made
    assert path.is_file()
    assert BOOK in summary["outputs"]
    assert BOOK in done.output


def test_the_district_by_cause(made):
    path, changes, _, _ = made
    table = read_sheet(path, "全区变化").set_index("指标编号")
    row = table.loc["clinic-walk-15"]
    # 80 of 200 in 2022, 180 of 200 in 2025; the parts by hand are those of test_three_causes_by_hand.
    assert [row[head] for head in ("2022", "2025", "变化")] == [40, 90, 50]
    assert [row[head] for head in ("设施", "人口", "道路", "准则")] == pytest.approx([31.5, 9.5, 9, 0])
    assert (row["新覆盖"], row["失去"]) == (80, 0)
    district = changes[changes["level"] == "district"]
    assert sorted(table.index) == sorted(district.index.get_level_values("indicator"))


def test_townships_whose_figures_changed_and_whose_people(made):
    path, changes, _, _ = made
    table = read_sheet(path, "分乡镇街道变化").set_index(["指标编号", "代码"])
    own = changes[changes["level"] == "township"]
    changed = own[own["difference"].abs() > 1e-9]
    assert set(changed.index) <= set(table.index)
    for place in changed.index:
        assert table.loc[place, "变化"] == pytest.approx(changed.loc[place, "difference"], rel=1e-14)
    people = read_sheet(path, "受益与失去")
    assert set(people["级别"]) == {"区县 district", "乡镇街道 township"}
    told = people["2022 覆盖"] + people["新覆盖"] - people["失去"] + people["已覆盖处人口增减"]
    assert told.tolist() == pytest.approx(people["2025 覆盖"].tolist())


def test_what_stood_otherwise(made):
    path = made[0]
    opened = read_sheet(path, "设施增减")
    assert opened[["变化", "名称", "编号"]].values.tolist() == [["新启用 opened", "乙卫生院", "k2"]]
    others = read_sheet(path, "道路与准则")
    assert others["什么"].tolist()[-1] == "新通 opened: 新街"
    texts = texts_of(path)
    assert any("Shapley" in text for text in texts)
    assert open_workbook(path).sheetnames[0] == "说明"


def test_the_crosswalk_is_told(tmp_path):
    compare(write_old(tmp_path / "tiny"), 2015, 2025)
    path = tmp_path / "tiny" / "maps" / "tiny" / "compare-2015-2025" / BOOK
    walk = read_sheet(path, "单元沿革")
    assert walk["当年代码"].tolist() == ["330322", "330322100", "330322100"]
    assert walk["人口份额 %"].tolist() == [100, 75, 25]


def test_the_same_comparison_gives_the_same_bytes(made, tmp_path):
    folder = write_district(tmp_path / "tiny")
    compare(folder, 2022, 2025)
    assert (folder / "maps" / "tiny" / "compare-2022-2025" / BOOK).read_bytes() == made[0].read_bytes()


def test_a_year_and_itself_have_empty_sheets_that_say_so(tmp_path):
    folder = write_district(tmp_path / "tiny")
    compare(folder, 2025, 2025)
    path = folder / "maps" / "tiny" / "compare-2025-2025" / BOOK
    texts = texts_of(path)
    for said in ("两年设施相同", "两年的人口、道路、准则相同", "没有人的覆盖变了"):
        assert any(said in text for text in texts)
    assert pd.to_numeric(read_sheet(path, "全区变化")["变化"]).abs().max() == 0


def test_what_moved_and_what_is_otherwise_is_told(tmp_path):
    found = compare_years(write_district(tmp_path / "tiny"), (2022, 2025))
    one = {"kind": "clinic", "id": "k1", "name": "甲卫生院"}
    stood = {"moved": [{**one, "metres": 120.0}], "altered": [{**one, "attributes": ["grade", "beds"]}]}
    causes = {**found.causes, "facilities": stood, "roads": {"ferries": {"gone": ["岛航线"]}}}
    write_comparison_workbook(replace(found, causes=causes, as_today=(2022,)), tmp_path / BOOK)
    table = read_sheet(tmp_path / BOOK, "设施增减")
    assert table["变化"].tolist() == ["移位 moved", "属性不同 altered"]
    assert (table["移了多少米"][0], table["哪些属性"][1]) == (120, "grade、beds")
    assert "轮渡停开 gone: 岛航线" in read_sheet(tmp_path / BOOK, "道路与准则")["什么"].tolist()
    assert any("2022 没有 [[years]]" in text for text in texts_of(tmp_path / BOOK))
