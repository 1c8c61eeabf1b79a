"""The answer to where to build, and the conditions it is asked under."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray

Status = Literal["optimal", "feasible", "infeasible", "time"]
"""``optimal``: proven. ``time``: time ran out, and ``gap`` says how far from proven. ``feasible``: the solver ended without a proof for
another reason. ``infeasible``: proven that no choice meets the conditions; nothing is chosen."""
EXACT = 1e-9
"""Sums of people, costs or yuan that differ by less than this share of the whole are the same but for rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Floors:
    """At least a share of the people of each unit within reach, whatever it costs elsewhere."""

    membership: csr_array
    """``F``: the fraction of each cell that lies in each unit. Shape (units, cells)."""
    share: FloatArray
    """Of each unit's people, 0 to 1; NaN or 0 is no floor. A unit without people meets any. Shape (units,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Siting:
    """Sites, what they achieve, and the proof of how much better any others could be.

    Two are equal where all but ``seconds`` is.
    """

    chosen: IntArray
    """Rows of the candidates to build, ascending; facilities that stand already (``locked``) are not among them."""
    objective: float
    """What was asked for: people covered, number or cost of sites, weighted cost, greatest cost. NaN where nothing was found."""
    bound: float
    """No choice is better than this: the objective's upper bound where more is better, its lower bound where less is. NaN: infeasible."""
    gap: float
    """``abs(bound - objective) / abs(objective)``; 0 where proven, inf where nothing was found or the objective is 0 and not proven."""
    status: Status
    covered: BoolArray
    """Cells that are served, by what stands or is chosen: within reach (two facilities within reach, for backup). Shape (cells,)."""
    people_covered: float
    """People served; of a capacitated covering those who find a place."""
    people_unreachable: float = 0.0
    """People whom no facility or candidate reaches, whatever is chosen: they are in no cost, and counted here."""
    assigned: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """The row that serves each cell, -1 for none, where the question is who goes where (p-median, p-center). Shape (cells,) or (0,)."""
    cost_yuan: float = 0.0
    """Of the chosen, where site costs were given."""
    seconds: float = 0.0
    """How long it took; not part of equality."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Siting):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=name in ("objective", "bound"))
            for name in self.__slots__
            if name != "seconds"
        )

    __hash__ = None  # type: ignore[assignment]


def relative_gap(objective: float, bound: float) -> float:
    """Return how far the bound is from the objective, as a share of it."""
    if math.isnan(objective):
        return math.inf
    apart = abs(bound - objective)
    if apart == 0:
        return 0.0
    return apart / abs(objective) if objective else math.inf
