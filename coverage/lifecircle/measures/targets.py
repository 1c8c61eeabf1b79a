"""What a clause asks of a unit, and how the unit stands."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lifecircle.config import Target
from lifecircle.model import FloatArray, TextArray

Status = Literal["提前", "如期", "推进中", "未达标", "无目标"]


def target_pct(target: Target | None) -> float:
    """Return the target in percent; NaN where there is none."""
    if target is None:
        return float("nan")
    return 100.0 if target.kind == "all" else 100.0 * float(target.value or 0.0)


def status_of(value_pct: FloatArray, target: Target | None, year: int) -> TextArray:
    """Return each unit's status.

    Without a base year there is nothing to interpolate from: a target met before its year is 提前 (ahead), met in its year or
    after 如期 (on schedule); not met before its year 推进中 (under way), in its year or after 未达标 (missed). A unit without
    people, and a rule without a target, has 无目标.
    """
    status = np.full(len(value_pct), "无目标", dtype=object)
    if target is None:
        return status
    goal = target_pct(target)
    # A full share computed as 99.99999999999999 is full.
    is_met = value_pct <= goal + 1e-9 if target.kind == "at_most" else value_pct >= goal - 1e-9
    before = year < target.year
    status[is_met] = "提前" if before else "如期"
    status[~is_met] = "推进中" if before else "未达标"
    status[np.isnan(value_pct)] = "无目标"
    return status
