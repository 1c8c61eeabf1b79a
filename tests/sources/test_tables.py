from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.sources.tables import (
    as_bool,
    as_code,
    as_numbers,
    as_text,
    match_key,
    match_where,
    read_degrees,
    read_number,
    show_rows,
)


@pytest.mark.parametrize(
    ("cell", "number", "is_repaired"),
    [
        ("12.5", 12.5, False),
        (7, 7.0, False),
        ("１２３", 123.0, True),
        ("1,234", 1234.0, True),
        ("1,234,567.5", 1234567.5, True),
        ("300人", 300.0, True),
        ("1 200 ㎡", 1200.0, True),
        ("-3", -3.0, False),
        ("1e3", 1000.0, False),
    ],
)
def test_numbers_as_people_type_them(cell, number, is_repaired):
    assert read_number(cell) == (number, is_repaired)


@pytest.mark.parametrize("cell", ["约300", "116,4", "3万人", "12亩", "无", dt.datetime(2025, 1, 2), True, "1,23"])
def test_what_is_not_plainly_a_number_is_bad(cell):
    assert np.isnan(read_number(cell)[0])
    assert as_numbers([cell]).is_bad.all()


def test_blank_is_not_bad_and_infinite_is():
    numbers = as_numbers(["", None, " ", "inf", "1"])
    assert numbers.is_blank.tolist() == [True, True, True, False, False]
    assert numbers.is_bad.tolist() == [False, False, False, True, False]
    assert as_numbers(np.array([1.0, np.inf, np.nan])).is_bad.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("cell", "degrees"),
    [
        ("121°10′56″", 121 + 10 / 60 + 56 / 3600),
        ("121°10'56.5\"", 121 + 10 / 60 + 56.5 / 3600),
        ("东经121度10分56秒", 121 + 10 / 60 + 56 / 3600),
        ("27°50′N", 27 + 50 / 60),
        ("27.5°S", -27.5),
        ("W 14°30′", -14.5),
        ("１２１．５", 121.5),
    ],
)
def test_degrees(cell, degrees):
    found, is_repaired = read_degrees(cell)
    assert found == pytest.approx(degrees, abs=1e-12)
    assert is_repaired


def test_degrees_that_are_none():
    assert np.isnan(read_degrees("121°70′00″")[0])
    assert np.isnan(read_degrees("北岙街道")[0])


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 59))
def test_degrees_round_trip(degrees, minutes, seconds):
    found, _ = read_degrees(f"{degrees}°{minutes}′{seconds}″")
    assert found == pytest.approx(degrees + minutes / 60 + seconds / 3600, abs=1e-12)


def test_codes_are_text():
    cells = [330305001.0, "330305001.0", 330305001, " ３３０３０５００１ ", "0110101001", None, "'330305001"]
    expected = ["330305001"] * 4 + ["0110101001", "", "330305001"]
    assert as_code(cells).tolist() == expected
    assert match_key("330305001") == match_key("330305001000")
    assert match_key("MT-01") == "MT-01"


def test_texts_and_booleans():
    assert as_text(["NA", None, float("nan"), 3.0, "a\x0bb", True]).tolist() == ["NA", "", "", "3", "ab", "true"]
    cells = ["是", "否", "有", "无", 1, 0.0, "TRUE", True, "也许", None]
    assert as_bool(cells).tolist() == [True, False, True, False, True, False, True, True, None, None]


def test_where_understands_numbers_and_booleans():
    frame = pd.DataFrame({"a": ["是", "否", True, None], "n": [3.0, "3", "四", 3]}, dtype=object)
    assert match_where(frame, {"a": True}).tolist() == [True, False, True, False]
    assert match_where(frame, {"a": "是"}).tolist() == [True, False, True, False]
    assert match_where(frame, {"n": 3}).tolist() == [True, True, False, True]
    assert match_where(frame, {"n": "3"}).tolist() == [True, True, False, True]
    assert match_where(frame, {"a": True, "n": (3, "四")}).tolist() == [True, False, True, False]


def test_rows_are_folded():
    assert show_rows(range(3)) == "0, 1, 2"
    assert show_rows(range(100)).endswith("9 ...")
