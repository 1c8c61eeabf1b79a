"""The scorecard as the Nanyang text counts: so many monitored, so many of them with a target, so many of these met or ahead."""

from __future__ import annotations

import pandas as pd

from lifecircle.measures.targets import AHEAD, MISSED, NO_TARGET, ON_SCHEDULE, UNDER_WAY

SCORES = ("monitored", "with_target", "ahead", "on_schedule", "under_way", "missed")
WORDS = {AHEAD: "ahead", ON_SCHEDULE: "on_schedule", UNDER_WAY: "under_way", MISSED: "missed"}


def score_units(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a unit: how many indicators it has a figure of, and how they stand.

    Source: 南阳广播电视台, 2023-11-13: 67 monitored, 53 with a target set, 48 of these met on time or ahead.

    Parameters
    ----------
    rows
        One row an indicator and unit, with ``level, unit_code, value, status``.
    """
    counted = rows[rows["value"].notna()]
    words = counted["status"].map(WORDS)
    table = pd.DataFrame({"level": counted["level"], "unit_code": counted["unit_code"], "monitored": 1})
    table["with_target"] = (counted["status"] != NO_TARGET).astype(int)
    for name in WORDS.values():
        table[name] = (words == name).astype(int)
    return table.groupby(["level", "unit_code"], sort=False, as_index=False).sum()
