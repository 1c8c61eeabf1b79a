"""Places where something may be built, made from where people are."""

from __future__ import annotations

import numpy as np

from lifecircle.model import FloatArray, IntArray


def spaced_cells(x: FloatArray, y: FloatArray, people: FloatArray, spacing_m: float) -> IntArray:
    """Return the cells that stand for their square of a grid: in each the one with most people, of equals the first.

    Squares without people have none. Ascending. Source: a thinning by grid, so that it depends on no order.

    Parameters
    ----------
    x, y
        Metres. Shape (cells,).
    people
        Of each cell, not negative.
    """
    peopled = np.flatnonzero(people > 0)
    column, row = (np.floor(at[peopled] / spacing_m).astype(np.int64) for at in (x, y))
    order = np.lexsort((peopled, -people[peopled], row, column))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(column[order]) != 0) | (np.diff(row[order]) != 0)
    return np.sort(peopled[order[first]])
