"""A siting problem as arrays, checked once, and its answer: who is within reach of which candidate, what is asked, what was found."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array, issparse

from lifecircle.model import BoolArray, FloatArray, IntArray, Siting, Status

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


DEFAULT_S = 60.0
"""Seconds a question may take where no limit is given."""


class TimeLimit:
    """How much of the time limit is left."""

    def __init__(self, limit_s: float) -> None:
        if not limit_s > 0:
            raise ValueError(f"time_limit_s 须为正数 must be positive: {limit_s}")
        self.start, self.limit_s = time.monotonic(), limit_s

    @property
    def spent_s(self) -> float:
        """Seconds since the question was asked."""
        return time.monotonic() - self.start

    @property
    def left_s(self) -> float:
        """Seconds left, not negative."""
        return max(0.0, self.limit_s - self.spent_s)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Which rows may be built, how many, and for how much."""

    locked: BoolArray
    """Stand already. Shape (facilities,)."""
    free: BoolArray
    """May be built: neither locked nor excluded. Shape (facilities,)."""
    costs: FloatArray
    """Yuan of each row; 0 where none were given. Shape (facilities,)."""
    count: int
    """The most that may be built."""
    budget: float
    """Yuan; inf where there is none."""

    def affords(self, rows: IntArray) -> bool:
        """Whether rows keep within the count and the budget."""
        return len(rows) <= self.count and self.spend(rows) <= self.budget * (1 + EXACT)

    def spend(self, rows: IntArray) -> float:
        """Return the yuan that rows cost together."""
        return math.fsum(self.costs[rows])


def check_candidates(
    facilities: int, count: int | None, locked: Any, excluded: Any, costs: Any, budget: float | None
) -> Candidates:
    """Check who may be built; ``count`` None is as many as the budget allows, and one of the two must be given."""
    if count is None and budget is None:
        raise ValueError("须给出 count 或 budget give a count, a budget, or both")
    if count is not None and (count != int(count) or count < 0):
        raise ValueError(f"count 须为非负整数 must be a whole number, 0 or more: {count}")
    if budget is not None and (costs is None or not budget >= 0):
        raise ValueError(f"budget 须为非负数且须有 costs | a budget is 0 or more and needs costs: {budget}")
    is_locked, is_excluded = _mask("locked", locked, facilities), _mask("excluded", excluded, facilities)
    if (is_locked & is_excluded).any():
        rows = np.flatnonzero(is_locked & is_excluded)[:5]
        raise ValueError(f"既锁定又排除 both locked and excluded: 行 rows {rows.tolist()}")
    each = np.zeros(facilities) if costs is None else np.asarray(costs, dtype=np.float64)
    if each.shape != (facilities,):
        raise ValueError(f"costs 的形状 {each.shape} 与 {facilities} 处候选不符 one a facility, locked ones too (0)")
    free = ~is_locked & ~is_excluded
    if wrong := np.flatnonzero(free & ~((each >= 0) & np.isfinite(each))).tolist():
        raise ValueError(f"costs 不是非负有限数 costs are not finite and >= 0: 行 rows {wrong[:5]}")
    most = int(free.sum())
    return Candidates(
        is_locked, free, np.where(free, each, 0.0), most if count is None else min(int(count), most),
        math.inf if budget is None else float(budget),
    )  # fmt: skip


def read_covers(covers: Any, people: Any) -> tuple[csr_array, FloatArray]:
    """Return who covers whom as a matrix of ones (rows sorted, no explicit zero) and the people of each cell."""
    matrix = csr_array(covers, copy=True) if issparse(covers) else csr_array(np.asarray(covers) != 0)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    each = check_weights(people, matrix.shape[1])
    return csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape), each


def check_weights(people: Any, cells: int) -> FloatArray:
    """Return the people of each cell, checked."""
    each = np.asarray(people, dtype=np.float64)
    if each.shape != (cells,):
        raise ValueError(f"people 的形状 {each.shape} 与 {cells} 个人口格不符 shape is not that of {cells} cells")
    if wrong := np.flatnonzero(~((each >= 0) & np.isfinite(each))).tolist():
        raise ValueError(f"人口不是非负有限数 people are not finite and >= 0: 人口格行 cell rows {wrong[:5]}")
    return each


def read_floors(floors: Floors | None, people: FloatArray) -> tuple[csr_array, FloatArray]:
    """Return people by unit and cell and the least people to be covered, of the units that have a floor."""
    if floors is None:
        return csr_array((0, len(people))), np.empty(0)
    membership, share = csr_array(floors.membership, dtype=np.float64), np.asarray(floors.share, dtype=np.float64)
    if membership.shape != (len(share), len(people)):
        raise ValueError(
            f"floors 的形状 {membership.shape} 与 {len(share)} 个单元、{len(people)} 个人口格不符 "
            f"is not units x cells ({len(share)} x {len(people)})"
        )
    if wrong := np.flatnonzero((share < 0) | (share > 1)).tolist():
        raise ValueError(f"floors 的份额须在 0 与 1 之间 shares are 0 to 1: 单元行 unit rows {wrong[:5]}")
    rows = np.flatnonzero(share > 0)
    of_unit = csr_array(membership[rows].multiply(people[None, :]))
    return of_unit, share[rows] * of_unit.sum(axis=1)


def _mask(name: str, rows: Any, facilities: int) -> BoolArray:
    mask = np.zeros(facilities, dtype=np.bool_)
    if rows is None:
        return mask
    given = np.asarray(rows)
    if given.dtype == np.bool_ and given.shape == (facilities,):
        return given.copy()
    given = given.astype(np.int64)
    if wrong := given[(given < 0) | (given >= facilities)].tolist():
        raise ValueError(f"{name} 的行不存在 no such row among {facilities} facilities: {wrong[:5]}")
    mask[given] = True
    return mask


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """Costs of pairs, by cell: the candidates that reach it in ascending cost, then row."""

    start: IntArray
    site: IntArray
    cost: FloatArray
    facilities: int


def read_costs(cost: Any) -> Costs:
    """Return the pairs of a dense or sparse matrix of costs, checked."""
    if issparse(cost):
        matrix = csc_array(cost, copy=True)
        matrix.sort_indices()
        cell = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.indptr))
        site, value = matrix.indices.astype(np.int64), matrix.data.astype(np.float64)
        facilities, cells = matrix.shape
    else:
        dense = np.asarray(cost, dtype=np.float64)
        facilities, cells = dense.shape
        cell, site = (
            np.divmod(np.arange(dense.size), facilities) if dense.size else (np.empty(0, int), np.empty(0, int))
        )
        value = dense.T.ravel()
    there = value < np.inf  # NaN is not
    cell, site, value = cell[there], site[there], value[there]
    if (value < 0).any():
        at = int(np.flatnonzero(value < 0)[0])
        raise ValueError(
            f"成本为负 a cost is negative: 设施行 facility row {site[at]}, 人口格行 cell row {cell[at]}: {value[at]}"
        )
    order = np.lexsort((site, value, cell))
    start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=cells))])
    return Costs(start.astype(np.int64), site[order].astype(np.int64), value[order], facilities)


def nearest_rows(pairs: Costs, is_open: BoolArray) -> tuple[IntArray, FloatArray]:
    """Return the open row each cell goes to (-1: none) and its cost (inf)."""
    cells = len(pairs.start) - 1
    row, cost = np.full(cells, -1, dtype=np.int64), np.full(cells, np.inf)
    there = np.flatnonzero(is_open[pairs.site])
    cell = np.searchsorted(pairs.start, there, side="right") - 1
    first = np.unique(cell, return_index=True)
    row[first[0]], cost[first[0]] = pairs.site[there[first[1]]], pairs.cost[there[first[1]]]
    return row, cost


def of_rows(pairs: Costs, usable: BoolArray) -> Costs:
    """Return the pairs of some rows."""
    kept = usable[pairs.site]
    cell = np.repeat(np.arange(len(pairs.start) - 1), np.diff(pairs.start))[kept]
    start = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=len(pairs.start) - 1))])
    return Costs(start.astype(np.int64), pairs.site[kept], pairs.cost[kept], pairs.facilities)


def answer(
    rows: IntArray, objective: float, bound: float, status: Status, matrix: csr_array, people: FloatArray,
    candidates: Candidates, clock: TimeLimit, *, times: int = 1,
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


def infeasible(cells: int, clock: TimeLimit) -> Siting:
    """Return the siting of a question that no choice answers."""
    nothing = np.zeros(cells, dtype=np.bool_)
    return Siting(
        np.empty(0, dtype=np.int64), math.nan, math.nan, math.inf, "infeasible", nothing, 0.0, seconds=clock.spent_s
    )


def unfound(cells: int, clock: TimeLimit, bound: float) -> Siting:
    """Return the siting of a question to which time found no answer, and which may have one."""
    nothing = np.zeros(cells, dtype=np.bool_)
    return Siting(np.empty(0, dtype=np.int64), math.nan, bound, math.inf, "time", nothing, 0.0, seconds=clock.spent_s)


def covered_cells(matrix: csr_array, locked: BoolArray, rows: IntArray, times: int = 1) -> BoolArray:
    """Return which cells at least so many of what stands and what is chosen have within reach."""
    there = locked.astype(np.float64)
    there[rows] = 1.0
    return np.asarray((matrix.T @ there) >= times)
