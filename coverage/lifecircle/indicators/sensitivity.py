"""Which conclusions hold under other assumptions: whether a unit passes, and where it stands among its like.

The assumptions are the speed (slower, faster), the limit (narrower, wider), who lives where, and how a clause is read that can be read in
two ways. Coverage is counted anew from the cost of each cell to the nearest facility, which does not ask how far the limit is. Of every
other figure that speed changes, the two ends of its range are tried. A conclusion holds when it is the same in all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from lifecircle.config import Label
from lifecircle.indicators.figures import share_pct
from lifecircle.indicators.targets import NO_TARGET
from lifecircle.model import FloatArray

Kind = Literal["speed", "limit", "people", "reading", "range"]


@dataclass(frozen=True, slots=True)
class Variation:
    """One assumption other than the run's."""

    id: str
    kind: Kind
    label: Label
    speed: float = 1.0
    """Times the speed."""
    limit: float = 1.0
    """Times the limit."""


SUMMARY_COLUMNS = (
    "district", "year", "level", "unit_code", "unit_name", "indicator", "label_zh", "value", "low", "high", "value_unit", "target",
    "status", "passes", "passes_low", "passes_high", "pass_holds", "rank", "rank_low", "rank_high", "rank_holds",
    "alternatives", "pass_changes_in", "rank_changes_in",
)  # fmt: skip
"""Of ``sensitivity.csv``: one row a unit and figure that any of the assumptions could change."""
ALTERNATIVE_COLUMNS = (
    "district", "year", "level", "unit_code", "unit_name", "indicator", "label_zh", "alternative", "alternative_kind", "alternative_label",
    "limit", "limit_unit", "value", "value_unit", "difference", "target", "status", "passes", "rank",
)  # fmt: skip
"""Of ``sensitivity_alternatives.csv``: one row a unit, figure and assumption."""
KEYS = ["indicator", "level", "unit_code"]
GROUP = ["indicator", "level", "alternative"]
RANGE = (
    Variation("range-low", "range", Label(zh="区间低端", en="low end of the range")),
    Variation("range-high", "range", Label(zh="区间高端", en="high end of the range")),
)
"""``low`` and ``high`` of a figure that is no coverage."""
LESS_IS_BETTER = ("min", "m")
"""Units of figures of which a smaller one is better, where no target says so."""
HAIR = 1e-9


def vary_factors(speeds: Iterable[float], limits: Iterable[float]) -> tuple[Variation, ...]:
    """Return the assumptions of other speeds and limits."""
    faster = [Variation(f"speed-{x:g}", "speed", Label(zh=f"速度×{x:g}", en=f"speed x {x:g}"), speed=x) for x in speeds]
    wider = [Variation(f"limit-{x:g}", "limit", Label(zh=f"限值×{x:g}", en=f"limit x {x:g}"), limit=x) for x in limits]
    return (*faster, *wider)


def share_otherwise(
    rows: pd.DataFrame, variation: Variation, numerator: FloatArray, denominator: FloatArray
) -> pd.DataFrame:
    """Return one figure's rows of one level with the people of another assumption: value = 100 x numerator / denominator."""
    return _figure_otherwise(rows, variation, share_pct(numerator, denominator)).assign(
        numerator=numerator, denominator=denominator, limit=rows["limit"] * variation.limit
    )


def ends_of_range(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows at both ends of the range, of the figures whose range moves for some unit."""
    moves = (rows["high"] - rows["low"]).abs() > HAIR
    moved = rows[rows["indicator"].isin(rows.loc[moves, "indicator"].unique())]
    ends = zip(RANGE, ("low", "high"), strict=True)
    return [_figure_otherwise(moved, variation, moved[end]) for variation, end in ends] if len(moved) else []


def read_otherwise(rows: pd.DataFrame, other: pd.DataFrame, variation: Variation) -> pd.DataFrame:
    """Return a rule's own rows with the figures, limits and statuses of the other reading of its clause."""
    found = other.set_index(["level", "unit_code"]).reindex(pd.MultiIndex.from_frame(rows[["level", "unit_code"]]))
    given = _figure_otherwise(rows, variation, found["value"].to_numpy(np.float64))
    taken = ["numerator", "denominator", "limit", "limit_unit", "target", "target_kind", "target_year", "status"]
    return given.assign(**{name: found[name].array for name in taken})


def _figure_otherwise(rows: pd.DataFrame, variation: Variation, value: FloatArray | pd.Series[float]) -> pd.DataFrame:
    return rows.assign(
        alternative=variation.id, alternative_kind=variation.kind, alternative_label=variation.label.both, value=value
    )


def stand_otherwise(base: pd.DataFrame, others: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what becomes of each unit's pass and rank: the rows of ``sensitivity.csv`` and of ``sensitivity_alternatives.csv``.

    ``passes`` are empty where there is no target to pass; ranks are among the units of the level, 1 the best, of equals the same. A
    conclusion that an assumption cannot come to (nobody lives there, in other people's year) is not changed by it.

    Parameters
    ----------
    base
        Judged rows of the run, with ``is_less_better``: whether a smaller figure is the better one.
    others
        Judged rows of the same figures under other assumptions, with ``alternative, alternative_kind, alternative_label`` too.
    """
    if not len(others):
        return pd.DataFrame(columns=list(SUMMARY_COLUMNS)), pd.DataFrame(columns=list(ALTERNATIVE_COLUMNS))
    asked = pd.MultiIndex.from_frame(base[KEYS]).isin(pd.MultiIndex.from_frame(others[KEYS]))
    told = _conclude(base[asked].assign(alternative="").reset_index(drop=True))
    for end in ("low", "high"):
        at_end = _conclude(told.assign(value=told[end]))
        told[f"passes_{end}"], told[f"rank_{end}"] = at_end["passes"], at_end["rank"]
    tried = _conclude(others.reset_index(drop=True))
    own = told.set_index(KEYS)
    place = own.index.get_indexer(pd.MultiIndex.from_frame(tried[KEYS]))
    tried["difference"] = tried["value"].to_numpy(np.float64) - told["value"].to_numpy(np.float64)[place]
    told["alternatives"] = np.bincount(place, minlength=len(told))
    for name, holds in (("passes", "pass_holds"), ("rank", "rank_holds")):
        is_other = (tried[name] != told[name].take(place).array).fillna(False).to_numpy(dtype=bool)
        changes = tried["alternative_label"][is_other].groupby(place[is_other]).agg("; ".join)
        told[f"{name.removesuffix('es')}_changes_in"] = changes.reindex(range(len(told)), fill_value="")
        told[holds] = ~np.isin(np.arange(len(told)), place[is_other])
    # Without a target, or a figure, there is no pass to hold.
    told["pass_holds"] = told["pass_holds"].astype("boolean").where(told["passes"].notna())
    return told[list(SUMMARY_COLUMNS)], tried[list(ALTERNATIVE_COLUMNS)]


def _conclude(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with ``passes`` (boolean, empty without a target or a figure) and ``rank`` (of its level; empty without a figure)."""
    value, goal = rows["value"].to_numpy(np.float64), rows["target"].to_numpy(np.float64)
    sign = np.where(rows["is_less_better"].to_numpy(dtype=bool), -1.0, 1.0)
    # Better than the base year, and no equal of it, as targets are judged.
    slack = np.where(rows["target_kind"] == "improve", HAIR, -HAIR) * np.maximum(1.0, np.abs(goal))
    has_pass = (rows["status"] != NO_TARGET).to_numpy() & np.isfinite(goal) & np.isfinite(value)
    with np.errstate(invalid="ignore"):
        met = pd.Series(sign * (value - goal) >= slack, index=rows.index, dtype="boolean")
    ranked = rows.assign(score=(sign * value).round(9)).groupby(GROUP, sort=False)["score"]
    return rows.assign(passes=met.where(has_pass), rank=ranked.rank(method="min", ascending=False).astype("Int64"))
