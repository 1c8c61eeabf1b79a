"""What holds from the slower to the faster, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecircle.measures.rows import COLUMNS
from lifecircle.measures.sensitivity import hold_conclusions


def row(unit, indicator, value, low, high, status="如期", target=60.0, kind="at_least", unit_of="%"):
    return dict.fromkeys(COLUMNS, "") | {
        "level": "township", "unit_code": unit, "indicator": indicator, "value": value, "low": low, "high": high, "value_unit": unit_of,
        "target": target, "target_kind": kind, "status": status,
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
    ]
)


def found(indicator, column):
    table = hold_conclusions(ROWS)
    rows = table[table["indicator"] == indicator].set_index("unit_code")[column]
    return {key: None if pd.isna(value) else value for key, value in rows.items()}


def test_only_what_speed_changes_is_listed():
    assert set(hold_conclusions(ROWS)["indicator"]) == {"near", "wait"}
    assert not len(hold_conclusions(ROWS[ROWS["indicator"] == "metres"]))


def test_a_pass_holds_where_it_is_the_same_at_both_ends():
    assert found("near", "passes_low") == {"a": True, "b": False, "c": False, "d": None}
    assert found("near", "pass_holds") == {"a": True, "b": False, "c": True, "d": True}
    assert found("wait", "passes") == {"a": None, "b": None}


def test_ranks_compare_like_with_like():
    assert found("near", "rank") == {"a": 1, "b": 2, "c": 3, "d": None}
    assert found("near", "rank_high") == {"a": 2, "b": 1, "c": 3, "d": None}
    assert found("near", "rank_holds") == {"a": False, "b": False, "c": True, "d": True}
    # Fewer minutes are better: a first at the figure and the low, b at the high.
    assert found("wait", "rank_high") == {"a": 2, "b": 1}
