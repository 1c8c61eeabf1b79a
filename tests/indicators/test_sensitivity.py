"""Which conclusions hold under other assumptions, by hand and by invariants."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lifecircle.config import Label
from lifecircle.indicators.figures import COLUMNS, cells_covered, within_at_speed
from lifecircle.indicators.sensitivity import (
    SUMMARY_COLUMNS,
    Variation,
    ends_of_range,
    read_otherwise,
    share_otherwise,
    stand_otherwise,
    vary_factors,
)


def row(unit, indicator, value, low, high, status="如期", target=60.0, kind="at_least", unit_of="%"):
    return dict.fromkeys(COLUMNS, "") | {
        "level": "township", "unit_code": unit, "indicator": indicator, "value": value, "low": low, "high": high, "value_unit": unit_of,
        "target": target, "target_kind": kind, "status": status, "limit": 15.0, "is_less_better": unit_of == "min" or kind == "at_most",
    }  # fmt: skip


ROWS = pd.DataFrame(
    [
        row("a", "near", 70.0, 65.0, 80.0),  # passes whatever the speed; first, but behind b at the high
        row("b", "near", 62.0, 55.0, 90.0),  # passes at the figure, not for the slower
        row("c", "near", 50.0, 40.0, 55.0, status="未达标"),
        row("d", "near", np.nan, np.nan, np.nan, status="无目标"),
        row("a", "metres", 70.0, 70.0, 70.0),  # no speed changes it: not listed
        row("a", "wait", 9.0, 8.0, 11.0, status="无目标", target=np.nan, kind="", unit_of="min"),
        row("b", "wait", 10.0, 9.0, 10.5, status="无目标", target=np.nan, kind="", unit_of="min"),
        row("a", "full", 30.0, 25.0, 35.0, target=32.0, kind="at_most"),  # too much at the high
    ]
)


def ends(rows=ROWS):
    return stand_otherwise(rows, pd.concat(ends_of_range(rows), ignore_index=True))


def found(indicator, column):
    rows = ends()[0]
    rows = rows[rows["indicator"] == indicator].set_index("unit_code")[column]
    return {key: None if pd.isna(value) else value for key, value in rows.items()}


def test_only_what_an_assumption_could_change_is_listed():
    assert set(ends()[0]["indicator"]) == {"near", "wait", "full"}
    assert ends_of_range(ROWS[ROWS["indicator"] == "metres"]) == []
    nothing = stand_otherwise(ROWS, pd.DataFrame())
    assert [len(table) for table in nothing] == [0, 0]
    assert tuple(nothing[0].columns) == SUMMARY_COLUMNS


def test_a_pass_holds_where_it_is_the_same_everywhere():
    assert found("near", "passes_low") == {"a": True, "b": False, "c": False, "d": None}
    assert found("near", "pass_holds") == {"a": True, "b": False, "c": True, "d": None}
    assert found("wait", "pass_holds") == {"a": None, "b": None}, "no target: no pass to hold"
    assert found("near", "pass_changes_in") == {"a": "", "b": "区间低端 low end of the range", "c": "", "d": ""}
    assert found("wait", "passes") == {"a": None, "b": None}
    assert found("full", "pass_changes_in") == {"a": "区间高端 high end of the range"}


def test_ranks_compare_like_with_like():
    assert found("near", "rank") == {"a": 1, "b": 2, "c": 3, "d": None}
    assert found("near", "rank_high") == {"a": 2, "b": 1, "c": 3, "d": None}
    assert found("near", "rank_holds") == {"a": False, "b": False, "c": True, "d": True}
    # Fewer minutes are better: a first at the figure and the low, b at the high.
    assert found("wait", "rank_high") == {"a": 2, "b": 1}


def test_every_alternative_is_listed_with_what_it_differs_by():
    listed = ends()[1].set_index(["indicator", "unit_code", "alternative"])
    one = listed.loc[("near", "b", "range-low")]
    assert (one["value"], one["difference"], one["passes"], one["rank"]) == (55, -7, False, 2)
    assert len(listed) == 2 * 7
    assert (ends()[0].set_index(["indicator", "unit_code"])["alternatives"] == 2).all()


def test_a_base_year_must_be_bettered_and_not_equalled():
    rows = pd.DataFrame([row("a", "near", 60.0, 60.0, 61.0, kind="improve", status="未达标")])
    table = stand_otherwise(rows, pd.concat(ends_of_range(rows), ignore_index=True))[0].iloc[0]
    assert (table["passes"], table["passes_low"], table["passes_high"]) == (False, False, True)


def test_the_other_reading_of_a_clause_has_its_own_limit_and_status():
    own = ROWS[ROWS["indicator"] == "near"]
    wider = own.assign(indicator="wide", value=[72.0, 75.0, 61.0, np.nan], limit=1000.0, limit_unit="m")
    reading = Variation("wide", "reading", Label(zh="另一口径 wide", en="the clause read otherwise"))
    summary, listed = stand_otherwise(own, read_otherwise(own, wider[::-1], reading))
    assert listed["value"].tolist()[:3] == [72, 75, 61]
    assert set(listed["limit"]) == {1000}
    assert set(listed["indicator"]) == {"near"}
    # c passes by the wider reading alone, though the status it was given is that of its own.
    holds = summary.set_index("unit_code")["pass_holds"]
    assert holds.dropna().to_dict() == {"a": True, "b": True, "c": False}


def test_other_factors_are_other_assumptions():
    named = vary_factors((0.5,), (0.8, 1.2))
    assert [(one.id, one.speed, one.limit) for one in named] == [
        ("speed-0.5", 0.5, 1.0), ("limit-0.8", 1.0, 0.8), ("limit-1.2", 1.0, 1.2),
    ]  # fmt: skip
    rows = share_otherwise(ROWS.iloc[:2], named[2], np.array([30.0, 5]), np.array([40.0, 0]))
    assert rows["value"].tolist()[0] == 75
    assert np.isnan(rows["value"].iloc[1])
    assert rows["limit"].tolist() == pytest.approx([18, 18])


@given(arrays(np.float64, 30, elements=st.floats(0, 60)), st.floats(10, 40), st.floats(0, 9))
def test_the_range_is_two_of_the_assumptions_and_a_faster_one_never_covers_less(cost, limit, fixed):
    cost = cost + fixed
    range_of = cells_covered(cost, limit, fixed)
    assert (within_at_speed(cost, limit, fixed, 0.8) == range_of.low).all()
    assert (within_at_speed(cost, limit, fixed, 1.2) == range_of.high).all()
    covered = [within_at_speed(cost, limit, fixed, speed) for speed in (0.5, 0.8, 1.2, 2.0)]
    assert all((less <= more).all() for less, more in pairwise(covered))
