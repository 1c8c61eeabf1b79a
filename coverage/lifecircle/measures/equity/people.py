"""Who counts in a measure of equity: places with people and a value that is known."""

from __future__ import annotations

import numpy as np

from lifecircle.model import BoolArray, FloatArray


def count_in(
    values: FloatArray, weights: FloatArray | None, *known: BoolArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return the values and people of the places that count, and which they are.

    Parameters
    ----------
    values
        What people have, by place.
    weights
        People, by place; each place is one where it is None.
    known
        Further conditions, by place: a rank or a group that is known.

    Raises
    ------
    ValueError
        Where lengths differ, a value is negative or infinite, or a weight is negative, NaN or infinite.
    """
    value = np.asarray(values, dtype=np.float64)
    people = np.ones(len(value)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not all(len(other) == len(value) for other in (people, *known)):
        raise ValueError(f"长度不一 lengths differ: {[len(value), len(people), *map(len, known)]}")
    _refuse(
        np.isinf(value) | (value < 0), value, "数值 values", "非负有限数，未知为 NaN finite and >= 0, NaN where unknown"
    )
    _refuse(~(np.isfinite(people) & (people >= 0)), people, "权重 weights", "非负有限数 finite and >= 0")
    counts = ~np.isnan(value) & (people > 0)
    for condition in known:
        counts &= condition
    return value[counts], people[counts], counts


def _refuse(wrong: BoolArray, values: FloatArray, what: str, expected: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise ValueError(f"{what}: 第 {rows[0]} 行 row {rows[0]} = {values[rows[0]]} ({len(rows)}) | 应为 {expected}")


def mean_value(value: FloatArray, people: FloatArray) -> float:
    """Return what a person has on average; NaN where there is no one."""
    return float(people @ value / people.sum()) if len(value) else float("nan")
