"""What stands in a list of supply and of units: amounts that cannot be, places entered twice, rows that repeat, units that do."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.district import HEAD, LEFT, VILLAGES, codes, only

from lifecircle.config import load_nodata_values, load_plausible
from lifecircle.problems import Problems
from lifecircle.sources import read_facilities, read_registers, read_units
from lifecircle.sources.facilities import AMOUNTS, are_like

LAYER = (
    '[[facilities]]\nkind = "clinic"\npath = "clinics.csv"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"\n'
    'fields = { id = "id", name = "name", beds = "beds" }\n'
)
TABLE = '[[tables]]\nname = "villages"\npath = "villages.csv"\nlevel = "village"\nid = "code"\nfields = { households = "hh" }\n'


def clinics(folder, *rows):
    text = "id,name,x,y,beds\n" + "".join(f"{row}\n" for row in rows)
    (folder / "clinics.csv").write_text(text, encoding="utf-8")


def at(x, y=500):
    return f"{LEFT + x},{3_091_000 + y}"


def read(configure, units, text=LAYER):
    problems = Problems()
    facilities, files = read_facilities(configure(text, HEAD + VILLAGES), units, problems)
    for file in files:
        assert file.rows == file.used + file.repaired + file.set_aside
    return facilities.frame, files, problems


def test_beds_are_numbers_or_not_known(configure, units, folder):
    written = ["0", "", "-200", "约300", "300人", "1,234", "20.5", "99999999"]
    clinics(folder, *(f'k{n},院{"一二三四五六七八"[n]},{at(200 * n)},"{beds}"' for n, beds in enumerate(written)))
    frame, files, problems = read(configure, units)
    beds = frame["beds"].to_numpy(dtype=float)
    # 0 is a number, a blank is not known; what cannot be is not known either, and the clinic stays.
    np.testing.assert_array_equal(beds, [0, np.nan, np.nan, np.nan, 300, 1234, 20.5, np.nan])
    assert (frame["status"] == "used").all()
    wrong = only(problems, "facilities-bad-amount")
    assert (wrong.severity, wrong.row, wrong.count) == ("set_aside", "4, 5, 9", 3)
    assert only(problems, "table-repaired-number").row == "6, 7"
    assert (files[0].rows, files[0].set_aside) == (8, 0)


def test_a_row_that_repeats_is_counted_once(configure, units, folder):
    clinics(folder, f"k1,甲院,{at(0)},3", f"k2,乙院,{at(300)},4", f"k1,甲院,{at(0)},3")
    frame, files, problems = read(configure, units)
    assert frame["facility_id"].tolist() == ["k1", "k2"]
    assert only(problems, "table-row-twice").row == "4"
    assert (files[0].rows, files[0].used, files[0].set_aside) == (3, 2, 1)


def test_the_same_id_with_another_row_is_an_error(configure, units, folder):
    clinics(folder, f"k1,甲院,{at(0)},3", f"k1,甲院,{at(0)},4")
    assert only(read(configure, units)[2], "facilities-duplicate-id").severity == "error"


@pytest.mark.parametrize(
    ("name", "apart_m", "is_told"),
    [
        ("中心 卫生院", 5, True), ("中心卫生院", 29, True), ("中心卫生院", 31, False), ("东风诊所", 5, False), ("中心卫生院2", 5, False),
        ("中心卫生院（分院）", 5, False), ("", 5, False),
    ],
)  # fmt: skip
def test_one_place_under_two_ids(configure, units, folder, name, apart_m, is_told):
    clinics(folder, f"k1,中心卫生院,{at(500)},3", f"k2,{name},{at(500 + apart_m)},3")
    assert ("facilities-same-place" in codes(read(configure, units)[2])) == is_told


def test_names_are_like_or_not():
    assert are_like("中心卫生院", "中心卫生院 ")
    assert are_like("ＡＢＣ诊所", "abc诊所")
    assert are_like("洞头区北岙街道城中社区卫生服务站", "洞头区北岙街道城中社区卫生服务中心站")
    assert not are_like("一号站", "二号站")
    assert not are_like("东站", "西站")
    assert not are_like("", "")


def test_a_unit_twice_in_a_register_is_told_and_in_a_list_is_not(configure, units, folder):
    rows = ["330305001001,10", "330305001002,20", "330305002001,30", "330305002002,40"]
    twice = [*rows, "330305001001,11"]
    for listed, told in ((rows, []), (twice, ["tables-unit-twice"]), ([*twice, *twice], [])):
        (folder / "villages.csv").write_text("code,hh\n" + "\n".join(listed), encoding="utf-8")
        problems = Problems()
        read_registers(configure(TABLE, HEAD + VILLAGES), units, problems)
        assert codes(problems) == told


def test_villages_of_another_townships_code_are_told(configure, folder):
    frame = gpd.read_file(folder / "villages.gpkg")
    frame.loc[0, "code"] = "330305002009"
    (folder / "villages.gpkg").unlink()
    frame.to_file(folder / "villages.gpkg")
    problems = Problems()
    read_units(configure("", HEAD + VILLAGES), problems)
    problem = only(problems, "units-code-elsewhere")
    assert problem.row == "330305002009"
    assert "乙镇" in problem.found


@pytest.mark.parametrize("quantity", load_plausible().values(), ids=lambda one: one.id)
def test_every_quantity_has_a_range_with_a_source(quantity):
    assert quantity.source
    assert quantity.judge(quantity.usual[0]) == quantity.judge(quantity.usual[1]) == "usual"
    assert quantity.judge(quantity.possible[1] * 1.01 + 1) == "impossible"
    assert quantity.judge(quantity.possible[0] - abs(quantity.possible[0]) - 1) == "impossible"
    assert not quantity.is_odd(float("nan"))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(list(load_plausible().values())), st.lists(st.floats(allow_nan=True), min_size=1, max_size=20))
def test_an_array_is_judged_as_its_numbers_are(quantity, values):
    for value, odd, impossible in zip(
        values, quantity.is_odd(np.array(values)), quantity.is_impossible(np.array(values)), strict=True
    ):
        verdict = quantity.judge(value)
        assert (verdict != "usual", verdict == "impossible") == (odd, impossible)
        assert odd or not impossible


def test_all_amounts_have_ranges_and_marks_are_numbers():
    assert set(AMOUNTS) <= set(load_plausible())
    assert {255.0, 65535.0, -9999.0} <= set(load_nodata_values())
