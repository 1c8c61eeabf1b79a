"""Which conclusions hold from the slower to the faster: whether a unit passes, and where it stands among its like.

Every figure of travel time has a low and a high, the same reach at 0.8 and 1.2 times the speed. A conclusion holds when it is the same at
the figure, at all units' lows and at all units' highs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecircle.measures.targets import NO_TARGET
from lifecircle.model import BoolArray, FloatArray

COLUMNS = (
    "district", "year", "level", "unit_code", "unit_name", "indicator", "label_zh", "value", "low", "high", "value_unit", "target",
    "status", "passes", "passes_low", "passes_high", "pass_holds", "rank", "rank_low", "rank_high", "rank_holds",
)  # fmt: skip
"""Of ``sensitivity.csv``: one row a unit and figure that speed changes."""
LESS_IS_BETTER = ("min", "m")
HAIR = 1e-9


def hold_conclusions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what becomes of each unit's pass and rank over the range of speeds.

    Only indicators that the range changes for some unit are listed, all their units with them. ``passes`` are empty where there is no
    target to pass; ranks are among the units of the level, 1 the best, of equals the same.

    Parameters
    ----------
    rows
        Judged rows of ``indicators.csv``.
    """
    moves = (rows["high"] - rows["low"]).abs() > HAIR
    moved = rows[rows["indicator"].isin(rows.loc[moves, "indicator"].unique())]
    parts = [_of_level(part) for _, part in moved.groupby(["indicator", "level"], sort=False)]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)] if parts else pd.DataFrame(columns=list(COLUMNS))


def _of_level(part: pd.DataFrame) -> pd.DataFrame:
    sign = -1.0 if str(part["value_unit"].iloc[0]) in LESS_IS_BETTER else 1.0
    figures = {name: part[name].to_numpy(np.float64) for name in ("value", "low", "high")}
    ranks = {name: _rank(sign * value) for name, value in figures.items()}
    # The lows of minutes are those of the faster: a rank compares like with like, and it does not matter which is which.
    same = (ranks["value"] == ranks["low"]) & (ranks["value"] == ranks["high"])
    found = part.copy()
    for name, one in (("rank", ranks["value"]), ("rank_low", ranks["low"]), ("rank_high", ranks["high"])):
        found[name] = pd.Series(one, index=part.index).astype("Int64")
    found["rank_holds"] = same | np.isnan(figures["value"])
    for name, told in _passes(part, figures).items():
        found[name] = told
    return found


def _rank(value: FloatArray) -> FloatArray:
    """Return 1 for the greatest, the same for equals, NaN where there is no figure."""
    return np.asarray(pd.Series(value.round(9)).rank(method="min", ascending=False), dtype=np.float64)


def _passes(part: pd.DataFrame, figures: dict[str, FloatArray]) -> dict[str, pd.Series[bool]]:
    """Return whether each unit reaches its target at the figure, the low and the high; empty where it has none."""
    has_target = (part["status"] != NO_TARGET).to_numpy() & part["target"].notna().to_numpy()
    goal = part["target"].to_numpy(np.float64)
    kind = str(part["target_kind"].iloc[0])
    sign = -1.0 if kind == "at_most" else 1.0
    met: dict[str, BoolArray] = {}
    for name, value in figures.items():
        with np.errstate(invalid="ignore"):
            met[name] = sign * (value - goal) >= -HAIR
    holds = ~has_target | ((met["value"] == met["low"]) & (met["value"] == met["high"]))
    told = {"value": "passes", "low": "passes_low", "high": "passes_high"}
    index = part.index
    passes = {
        told[name]: pd.Series(
            [bool(yes) if asked else pd.NA for yes, asked in zip(one, has_target, strict=True)],
            index=index,
            dtype="boolean",
        )
        for name, one in met.items()
    }
    return {**passes, "pass_holds": pd.Series(holds, index=index)}
