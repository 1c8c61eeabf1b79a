"""From rows found to the answer of a covering question."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.questions import Candidates, Clock
from lifecircle.planning.siting import Siting, Status, relative_gap


def answer(
    rows: IntArray, objective: float, bound: float, status: Status, matrix: csr_array, people: FloatArray,
    candidates: Candidates, clock: Clock, *, times: int = 1,
) -> Siting:  # fmt: skip
    """Return the siting of rows that were found."""
    covered = covered_cells(matrix, candidates.locked, rows, times)
    usable = candidates.locked | candidates.free
    reachable = np.asarray((matrix.T @ usable.astype(np.float64)) > 0)
    gap = relative_gap(objective, bound)
    return Siting(
        chosen=np.sort(rows).astype(np.int64),
        objective=objective,
        bound=bound,
        gap=gap,
        status="optimal" if gap == 0 else status,
        covered=covered,
        people_covered=math.fsum(people[covered]),
        people_unreachable=math.fsum(people[~reachable]),
        cost_yuan=candidates.spend(rows),
        seconds=clock.spent_s,
    )


def infeasible(cells: int, clock: Clock) -> Siting:
    """Return the siting of a question that no choice answers."""
    nothing = np.zeros(cells, dtype=np.bool_)
    return Siting(
        np.empty(0, dtype=np.int64), math.nan, math.nan, math.inf, "infeasible", nothing, 0.0, seconds=clock.spent_s
    )


def unfound(cells: int, clock: Clock, bound: float) -> Siting:
    """Return the siting of a question to which time found no answer, and which may have one."""
    nothing = np.zeros(cells, dtype=np.bool_)
    return Siting(np.empty(0, dtype=np.int64), math.nan, bound, math.inf, "time", nothing, 0.0, seconds=clock.spent_s)


def covered_cells(matrix: csr_array, locked: BoolArray, rows: IntArray, times: int = 1) -> BoolArray:
    """Return which cells at least so many of what stands and what is chosen have within reach."""
    there = locked.astype(np.float64)
    there[rows] = 1.0
    return np.asarray((matrix.T @ there) >= times)
