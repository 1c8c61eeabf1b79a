"""The answer to where to build, and the conditions it is asked under."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.sparse import csr_array

from lifecircle.model import FloatArray, Siting, Status

__all__ = ["EXACT", "Floors", "Siting", "Status", "relative_gap"]

EXACT = 1e-9
"""Sums of people, costs or yuan that differ by less than this share of the whole are the same but for rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Floors:
    """At least a share of the people of each unit within reach, whatever it costs elsewhere."""

    membership: csr_array
    """``F``: the fraction of each cell that lies in each unit. Shape (units, cells)."""
    share: FloatArray
    """Of each unit's people, 0 to 1; NaN or 0 is no floor. A unit without people meets any. Shape (units,)."""


def relative_gap(objective: float, bound: float) -> float:
    """Return how far the bound is from the objective, as a share of it."""
    if math.isnan(objective):
        return math.inf
    apart = abs(bound - objective)
    if apart == 0:
        return 0.0
    return apart / abs(objective) if objective else math.inf
