"""A smaller model with the same answer: cells with one cover set are one group, and candidates that another outdoes are dropped.

Both are exact. Cells that the same candidates cover are covered or not together, so their people add up (and by unit, for floors). A
candidate whose groups another covers too, at no higher cost, can give way to it in any solution: what is covered does not shrink.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.sparse import coo_array, csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray

MOST_COMPARISONS = 2_000_000_000
"""Beyond this many (pairs of candidates that share a group, counted by group) dominance is not looked for: it would take longer than it saves."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Candidates x groups, reduced."""

    rows: IntArray
    """The candidates left, as rows of the question. Shape (n,)."""
    by_site: csr_array
    """Groups of each candidate, ones. Shape (n, groups)."""
    by_group: csr_array
    """Candidates of each group, ones. Shape (groups, n)."""
    weight: FloatArray
    """People of each group, > 0. Shape (groups,)."""
    units: csr_array
    """People of each group by unit with a floor. Shape (units, groups)."""
    group_of_cell: IntArray
    """-1: covered by nobody who may be built, covered already, or empty. Shape (cells,)."""


def reduce_covers(
    covers: csr_array,
    weight: FloatArray,
    units: csr_array,
    free: BoolArray,
    costs: FloatArray,
    *,
    drop_outdone: bool = True,
) -> Model:
    """Merge cells, drop candidates, and merge again what has become the same.

    Parameters
    ----------
    covers
        Facilities x cells, ones.
    weight
        Of each cell; those of weight 0 are left out (covered already, or nobody there).
    units
        People by unit with a floor and cell.
    free
        Rows that may be chosen.
    costs
        Of each row: a candidate gives way only to one that costs no more.
    drop_outdone
        False where being covered twice counts: two candidates of one place are then both of use.
    """
    rows = np.flatnonzero(free)
    of_cell = np.arange(covers.shape[1])
    matrix, weight, units, of_cell = _merge(csr_array(covers[rows]), weight, units, of_cell)
    while drop_outdone:
        kept = undominated(matrix, costs[rows])
        if kept.all():
            break
        rows = rows[kept]
        before = matrix.shape[1]
        matrix, weight, units, of_cell = _merge(csr_array(matrix[kept]), weight, units, of_cell)
        if matrix.shape[1] == before:
            break
    return Model(rows, matrix, csr_array(matrix.T), weight, units, of_cell)


def _merge(
    matrix: csr_array, weight: FloatArray, units: csr_array, of_cell: IntArray
) -> tuple[csr_array, FloatArray, csr_array, IntArray]:
    """Return the matrix of groups of identical columns, in the order of their first column; empty ones and those of no weight go."""
    peopled = np.flatnonzero(weight > 0)
    columns = csr_array(csr_array(matrix.T)[peopled])
    columns.sort_indices()
    first = first_alike(columns.indptr.astype(np.int64), columns.indices.astype(np.int64), _keys(matrix.shape[0]))
    heads = np.flatnonzero(first == np.arange(len(first)))
    number = np.full(len(first) + 1, -1)  # the last stands for "no head"
    number[heads] = np.arange(len(heads))
    group = np.full(len(weight), -1)
    group[peopled] = number[first]
    inside = group >= 0
    together = np.bincount(group[inside], weights=weight[inside], minlength=len(heads))
    spread = coo_array(
        (np.ones(int(inside.sum())), (np.flatnonzero(inside), group[inside])), shape=(len(weight), len(heads))
    ).tocsr()
    merged = csr_array(columns[heads].T)
    merged.sort_indices()
    return merged, together.astype(np.float64), csr_array(units @ spread), np.append(group, -1)[of_cell]


def _keys(rows: int) -> IntArray:
    """Return a fixed 62-bit key for each row: sums of them tell sets apart, and equal sums are compared in full."""
    return np.random.default_rng(20_240_229).integers(1, 2**62, size=rows, dtype=np.int64)


def first_alike(indptr: IntArray, indices: IntArray, keys: IntArray) -> IntArray:
    """Return for each row of a sparse pattern (indices sorted) the first row of the same pattern; -1 for an empty one."""
    sums = _key_sums(indptr, indices, keys)
    order = np.argsort(sums, kind="stable")
    return _first_alike(indptr, indices, sums, order)


@njit(cache=True, nogil=True)
def _key_sums(indptr: IntArray, indices: IntArray, keys: IntArray) -> IntArray:  # pragma: no cover - compiled
    sums = np.zeros(len(indptr) - 1, dtype=np.int64)
    for row in range(len(sums)):
        for at in range(indptr[row], indptr[row + 1]):
            sums[row] += keys[indices[at]]  # wraps around
    return sums


@njit(cache=True, nogil=True)
def _first_alike(
    indptr: IntArray, indices: IntArray, sums: IntArray, order: IntArray
) -> IntArray:  # pragma: no cover - compiled
    """Rows of one key sum lie together and ascend; a collision of keys only leaves two alike apart, and never joins two unlike."""
    first = np.full(len(order), -1, dtype=np.int64)
    head = -1
    for at in range(len(order)):
        row = order[at]
        size = indptr[row + 1] - indptr[row]
        if size == 0:
            continue
        same = head >= 0 and sums[head] == sums[row] and indptr[head + 1] - indptr[head] == size
        if same:
            for step in range(size):
                if indices[indptr[head] + step] != indices[indptr[row] + step]:
                    same = False
                    break
        if not same:
            head = row
        first[row] = head
    return first


def keep_needed(model: Model, costs: FloatArray) -> Model:
    """Return the model where every group must be covered: whoever covers one group covers each that more candidates can cover too.

    What is left has a choice of the same least cost, and weights of 1. Its rows are those of the given model, counted from 0.
    """
    rows, matrix = np.arange(len(model.rows)), model.by_site
    while True:
        groups = undominated(csr_array(matrix.T), np.zeros(matrix.shape[1]), drop_larger=True)
        matrix = csr_array(csr_array(matrix.T)[groups].T)
        sites = undominated(matrix, costs)
        rows, matrix, costs = rows[sites], csr_array(matrix[sites]), costs[sites]
        if sites.all():
            break
    size = matrix.shape[1]
    nothing = csr_array((model.units.shape[0], size))
    return Model(rows, matrix, csr_array(matrix.T), np.ones(size), nothing, np.empty(0, dtype=np.int64))


def undominated(matrix: csr_array, costs: FloatArray, *, drop_larger: bool = False) -> BoolArray:
    """Return which rows stay: not empty, and no other row covers as much for no more (of two alike the lower row stays).

    With ``drop_larger`` it is the other way about: no row stays that has all of another.
    """
    by_group = csr_array(matrix.T)
    degree = np.diff(by_group.indptr).astype(np.float64)
    size = np.diff(matrix.indptr)
    if (degree**2).sum() > MOST_COMPARISONS:
        return np.asarray(size > 0)
    return _find_undominated(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64),
        by_group.indptr.astype(np.int64), by_group.indices.astype(np.int64), costs, drop_larger,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _find_undominated(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    costs: FloatArray,
    drop_larger: bool,
) -> BoolArray:  # pragma: no cover - compiled
    sites = len(indptr) - 1
    kept = np.ones(sites, dtype=np.bool_)
    shared = np.zeros(sites, dtype=np.int64)
    touched = np.empty(sites, dtype=np.int64)
    for site in range(sites):
        size = indptr[site + 1] - indptr[site]
        if size == 0:
            kept[site] = False
            continue
        found = 0
        for at in range(indptr[site], indptr[site + 1]):
            group = indices[at]
            for position in range(group_start[group], group_start[group + 1]):
                other = group_site[position]
                if shared[other] == 0:
                    touched[found] = other
                    found += 1
                shared[other] += 1
        for position in range(found):
            other = touched[position]
            if other != site and shared[other] == size and costs[other] <= costs[site]:
                other_size = indptr[other + 1] - indptr[other]
                # Of two that are the same in cover and cost the lower row stays; dominance is otherwise strict, so no circle arises.
                is_more = other_size > size or costs[other] < costs[site]
                if drop_larger and (is_more or site < other):
                    kept[other] = False
                if not drop_larger and (is_more or other < site):
                    kept[site] = False
            shared[other] = 0
    return kept
