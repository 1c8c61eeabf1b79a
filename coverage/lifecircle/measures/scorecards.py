"""The scorecard as the Nanyang text counts: so many monitored, so many of them with a target, so many of these met or ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecircle.measures.targets import (
    AHEAD,
    BEHIND,
    MISSED,
    NO_TARGET,
    NOT_KNOWN,
    ON_SCHEDULE,
    UNDER_WAY,
    Status,
)

SCORES = ("monitored", "with_target", "ahead", "on_schedule", "under_way", "missed", "behind", "not_known")
WORDS: dict[Status, str] = {
    AHEAD: "ahead", ON_SCHEDULE: "on_schedule", UNDER_WAY: "under_way", MISSED: "missed", BEHIND: "behind", NOT_KNOWN: "not_known",
}  # fmt: skip
WORST_FIRST: tuple[Status, ...] = (MISSED, BEHIND, UNDER_WAY, NOT_KNOWN, ON_SCHEDULE, AHEAD, NO_TARGET)
"""A clause that asks several things stands as the worst of them does: it is met when all of them are."""


def score_units(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a unit: how many clauses it has a figure of, and how they stand; each clause counts once.

    ``monitored`` have a figure, ``with_target`` a verdict; of ``not_known`` a target is asked and what it would be judged by is missing.
    Source: 南阳广播电视台, 2023-11-13: 67 monitored, 53 with a target set, 48 of these met on time or ahead.

    Parameters
    ----------
    rows
        One row a figure and unit, with ``level, unit_code, value, status``; ``clause``, what counts once (each row where absent), and
        ``target_kind``: figures that have none are monitored and judged by nothing. A figure that is missing has no verdict.
    """
    clause = rows["clause"] if "clause" in rows else pd.Series(np.arange(len(rows)), index=rows.index, name="clause")
    asked = rows["status"] != NO_TARGET
    if "target_kind" in rows:
        asked &= rows["target_kind"].fillna("").astype(str) != ""
    status = rows["status"].where(rows["value"].notna(), NOT_KNOWN).where(asked, NO_TARGET)
    place = status.map({word: rank for rank, word in enumerate(WORST_FIRST)})
    by_clause = (
        pd.DataFrame({"place": place.astype(np.int64), "has_value": rows["value"].notna()})
        .groupby([rows["level"], rows["unit_code"], clause], sort=False)
        .agg(place=("place", "min"), has_value=("has_value", "any"))
        .reset_index()
    )
    word = by_clause["place"].map(dict(enumerate(WORST_FIRST)))
    table = by_clause[["level", "unit_code"]].assign(
        monitored=by_clause["has_value"].astype(np.int64),
        with_target=(~word.isin([NO_TARGET, NOT_KNOWN])).astype(np.int64),
        **{name: (word == status).astype(np.int64) for status, name in WORDS.items()},
    )
    return table.groupby(["level", "unit_code"], sort=False, as_index=False).sum()
