"""Costs of pairs as siting reads them: by cell, the nearest row first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, issparse

from lifecircle.model import BoolArray, FloatArray, IntArray


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
