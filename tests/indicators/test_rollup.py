"""Districts to cities and provinces, by hand: sums before division."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.config import Entry
from lifecircle.indicators.figures import COLUMNS
from lifecircle.indicators.rollup import roll_up

SHARE = Entry.model_validate({"id": "share", "target": {"kind": "at_least", "value": 0.5, "year": 2025}})
RATIO = Entry.model_validate({"id": "beds"})


def row(code, indicator, value, numerator, denominator, unit="%", level="district", low=None, high=None):
    return dict.fromkeys(COLUMNS, "") | {
        "district": code, "year": 2025, "level": level, "unit_code": code, "unit_name": code, "indicator": indicator, "value": value,
        "value_unit": unit, "numerator": numerator, "denominator": denominator, "low": value if low is None else low,
        "high": value if high is None else high, "limit": np.nan, "unknown": 0.0,
    }  # fmt: skip


TWO = pd.DataFrame(
    [
        row("330305", "share", 80.0, 80.0, 100.0, low=70.0),
        row("330326", "share", 20.0, 60.0, 300.0, low=10.0),
        row("330305", "beds", 5.0, 0.5, 100.0, "床/千人"),
        row("330326", "beds", 0.0, 0.0, 300.0, "床/千人"),
        row("330305", "paths", 3.0, 3.0, np.nan, "km"),
        row("330326", "paths", 4.5, 4.5, np.nan, "km"),
        row("330305", "gini", 0.3, np.nan, np.nan, "index"),
        row("330326", "gini", 0.5, np.nan, np.nan, "index"),
        row("330305", "survey", 50.0, 1.0, 2.0),
        row("610102", "share", 100.0, 7.0, 7.0),
        row("330305001", "share", 80.0, 80.0, 100.0, level="township"),
    ]
)


def figure(found, code, indicator, column="value"):
    rows = found.indicators
    return rows[(rows["unit_code"] == code) & (rows["indicator"] == indicator)][column].item()


def test_shares_are_sums_over_sums_and_no_mean_of_percentages():
    found = roll_up(TWO, {"share": SHARE, "beds": RATIO}, {"3303": "温州市"})
    # (80 + 60) / (100 + 300); the mean of 80 % and 20 % would be 50 %.
    assert figure(found, "3303", "share") == pytest.approx(35.0)
    assert figure(found, "33", "share") == pytest.approx(35.0)
    assert figure(found, "3303", "share", "unit_name") == "温州市"
    assert figure(found, "61", "share") == 100
    assert figure(found, "3303", "share", "low") == pytest.approx((70 * 100 + 10 * 300) / 400)
    assert figure(found, "3303", "share", "status") == "未达标"
    assert figure(found, "61", "share", "status") == "如期"
    assert figure(found, "3303", "share", "districts") == 2


def test_ratios_and_amounts_keep_their_unit():
    found = roll_up(TWO, {}, {})
    assert figure(found, "3303", "beds") == pytest.approx(1000 * 0.5 / 400)
    assert figure(found, "3303", "paths") == pytest.approx(7.5)


def test_what_is_no_sum_is_left_out_and_said():
    found = roll_up(TWO, {}, {})
    assert "gini" not in set(found.indicators["indicator"])
    reasons = found.left_out[found.left_out["unit_code"] == "3303"].set_index("indicator")["reason"]
    assert "no sum" in reasons["gini"]
    assert "1/2" in reasons["survey"], "a figure of one district of two says so"


def test_the_scorecard_counts_as_the_nanyang_text_does():
    found = roll_up(TWO, {"share": SHARE, "beds": RATIO}, {})
    card = found.scorecard.set_index("unit_code").loc["3303"]
    assert (card["monitored"], card["with_target"], card["missed"], card["met_pct"]) == (2, 1, 1, 0)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 1000)), min_size=1, max_size=8))
def test_a_city_is_never_beyond_its_districts(parts):
    rows = pd.DataFrame(
        [row(f"3303{place:02d}", "x", 100 * min(n, d) / d, min(n, d), d) for place, (n, d) in enumerate(parts)]
    )
    value = figure(roll_up(rows, {}, {}), "3303", "x")
    assert rows["value"].min() - 1e-9 <= value <= rows["value"].max() + 1e-9
