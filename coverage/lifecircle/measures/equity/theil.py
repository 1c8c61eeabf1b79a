"""Theil's T, and how much of it lies between groups and within them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.measures.equity.people import count_in, mean_value
from lifecircle.model import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class TheilDecomposition:
    """Theil's T of everyone, in its two parts and by group: ``total = between + within``."""

    total: float
    between: float
    """What would be left if everyone had the mean of their group."""
    within: float
    """The T of each group, weighted with its share of all that people have."""
    groups: npt.NDArray[Any]
    """The groups with people, sorted. Shape (groups,)."""
    between_by_group: FloatArray
    """Sums to ``between``; negative for groups that have less than their share. Shape (groups,)."""
    within_by_group: FloatArray
    """Sums to ``within``. Shape (groups,)."""
    theil_by_group: FloatArray
    """The T of each group by itself; NaN where no one in it has anything. Shape (groups,)."""


def theil_t(values: FloatArray, weights: FloatArray | None = None) -> float:
    """Return Theil's T of what people have: 0 where all have the same, ln(people) where one has all.

    ``T = sum_i p_i (x_i / mean) ln(x_i / mean)`` with ``p`` the shares of people; who has nothing adds 0, the limit of x ln x, and counts
    in the mean and among the people. PySAL's ``Theil`` is the same, unweighted. R's ``accessibility`` leaves those with nothing out of
    the people it divides by, so its T is higher where there are any.

    Parameters
    ----------
    values
        What each person of a place has. Shape (places,).
    weights
        People of each place; one each where None.

    Returns
    -------
    float
        NaN where there is no one or no one has anything.
    """
    value, people, _ = count_in(values, weights)
    return _theil(value, people)


def _theil(value: FloatArray, people: FloatArray) -> float:
    mean = mean_value(value, people)
    if not mean > 0:
        return float("nan")
    relative = value / mean
    return max(mean_value(_times_log(relative, relative), people), 0.0)


def _times_log(factor: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return factor x ln(ratio); 0 where the factor is."""
    return factor * np.log(ratio, out=np.zeros_like(ratio), where=factor > 0)


def theil_decomposition(values: FloatArray, weights: FloatArray | None, groups: npt.NDArray[Any]) -> TheilDecomposition:
    """Return Theil's T between and within groups of people: townships, incomes.

    With ``s_g`` a group's share of all that people have and ``p_g`` its share of people, ``between = sum_g s_g ln(s_g / p_g)`` and
    ``within = sum_g s_g T_g``, exactly the whole. As ``theil_t`` with groups of R's ``accessibility``, and unweighted as PySAL's
    ``TheilD``.

    Parameters
    ----------
    values
        What each person of a place has. Shape (places,).
    weights
        People of each place; one each where None.
    groups
        The group of each place, numbers or text; missing (NaN, None) is left out with its people. Shape (places,).

    Returns
    -------
    TheilDecomposition
        NaN throughout where there is no one or no one has anything.
    """
    label = np.asarray(groups)
    value, people, counts = count_in(values, weights, np.asarray(~pd.isna(label)))
    code, names = pd.factorize(label[counts], sort=True)
    total = _theil(value, people)
    if np.isnan(total):
        none, nowhere = float("nan"), np.full(len(names), np.nan)
        return TheilDecomposition(none, none, none, np.asarray(names), nowhere, nowhere, nowhere)
    held = np.bincount(code, weights=people * value, minlength=len(names))
    who = np.bincount(code, weights=people, minlength=len(names))
    of_all, has = held / held.sum(), held > 0
    between = _times_log(of_all, of_all / (who / who.sum()))
    relative = np.where(has[code], value / np.where(has, held / who, 1.0)[code], 0.0)
    own = np.bincount(code, weights=people * _times_log(relative, relative), minlength=len(names)) / who
    within = of_all * own
    return TheilDecomposition(
        total=total,
        between=float(between.sum()),
        within=float(within.sum()),
        groups=np.asarray(names),
        between_by_group=between,
        within_by_group=within,
        theil_by_group=np.where(has, own, np.nan),
    )
