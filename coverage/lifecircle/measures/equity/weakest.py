"""The units that have least: where to look first."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lifecircle.model import FloatArray, IntArray


def weakest(
    values: FloatArray, n: int, codes: npt.NDArray[Any], *, weak_is: Literal["low", "high"] = "low"
) -> IntArray:
    """Return the rows of the weakest units, the weakest first; equal ones by code, then by row.

    Parameters
    ----------
    values
        Of each unit; a unit with NaN has no figure and is never among them. inf (minutes where unreachable) is a figure.
    n
        At most so many; fewer where fewer have a figure.
    codes
        Of each unit, as text: what puts equals in order, whatever the order of rows.
    weak_is
        ``low`` for shares and supply, ``high`` for minutes.
    """
    value = np.asarray(values, dtype=np.float64)
    rows = np.flatnonzero(~np.isnan(value))
    _, code = np.unique(np.asarray(codes)[rows], return_inverse=True)
    key = value[rows] if weak_is == "low" else -value[rows]
    return rows[np.lexsort((rows, code, key))][: max(n, 0)].astype(np.int64)
