"""Equity: how unevenly people have something, and who has least.

Every measure takes the values that people have (supply per person, choices, square metres) by place, and the people of each place as
weights: it speaks of people, not of places. What holds for all of them:

- values are finite and not negative, else ValueError: the share of a negative total means nothing, and an infinite time has no mean.
- NaN (not known) is left out with its people, and so are places without people.
- no one left, or everyone having 0, is NaN: there is nothing to share.
- one place, or all alike, is 0 but for rounding: perfectly even (an exact Palma ratio is 1).
- without weights every place is one.

PySAL's ``inequality`` knows no weights, and people are the weights here, so it is not used: unweighted, the two agree (checked).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.model import BoolArray, FloatArray, IntArray


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


@dataclass(frozen=True, slots=True, eq=False)
class Lorenz:
    """The curve: from (0, 0) to (1, 1), one point for each different value, from the least on."""

    people_share: FloatArray
    """Of all people, those who have at most so much. Ascending, 0-1."""
    value_share: FloatArray
    """Of all that people have, what they have. Ascending, 0-1; NaN after the first where no one has anything."""


def lorenz(values: FloatArray, weights: FloatArray | None = None) -> Lorenz:
    """Return the Lorenz curve of what people have: the share of it that the share of people with least have.

    Parameters
    ----------
    values
        What each person of a place has. Shape (places,).
    weights
        People of each place; one each where None.
    """
    value, people, _ = count_in(values, weights)
    level, place = np.unique(value, return_inverse=True)
    who = np.bincount(place, weights=people, minlength=len(level)).astype(np.float64)
    have = who * level
    with np.errstate(divide="ignore", invalid="ignore"):
        return Lorenz(_cumulative_share(who), _cumulative_share(have))


def _cumulative_share(amounts: FloatArray) -> FloatArray:
    sums = np.concatenate([[0.0], np.cumsum(amounts)])
    return np.concatenate([[0.0], sums[1:] / sums[-1]])


def gini(values: FloatArray, weights: FloatArray | None = None) -> float:
    """Return the Gini coefficient of what people have: 0 where all have the same, towards 1 where one has all.

    One less twice the area under the Lorenz curve (trapezia); equally ``sum_ij p_i p_j |x_i - x_j| / (2 mean)`` with ``p`` the shares of
    people. That of a population, not of a sample: no factor n / (n - 1). As ``gini_index`` of R's ``accessibility``, and unweighted as
    PySAL's ``Gini``.

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
    curve = lorenz(values, weights)
    share = curve.value_share
    if len(share) == 1 or np.isnan(share[-1]):
        return float("nan")
    twice_area = float(np.diff(curve.people_share) @ (share[1:] + share[:-1]))
    return max(1.0 - twice_area, 0.0)  # not below 0 by rounding: even is even


def concentration_index(
    values: FloatArray,
    weights: FloatArray | None,
    order_by: FloatArray,
    *,
    kind: Literal["relative", "corrected"] = "relative",
    bounds: tuple[float, float] | None = None,
) -> float:
    """Return how far what people have goes with their standing: above 0 the well-off have more, below 0 the poor.

    ``C = 2 sum_i p_i (r_i - 1/2) (x_i - mean) / mean`` with ``p`` the shares of people and ``r_i`` the fractional rank by ``order_by``, the
    share of people below plus half of those alike (van Doorslaer & Koolman 2004, eq. 4, doi:10.1002/hec.918). Ordered by the values
    themselves it is the Gini coefficient. ``corrected`` is Erreygers' ``E = 4 mean / (high - low) C`` (2009,
    doi:10.1016/j.jhealeco.2008.02.003), for values that have a least and a greatest.

    People of equal standing share one rank, so that the order of rows means nothing; R's ``accessibility``, otherwise the same, ranks
    them as they come.

    Parameters
    ----------
    values
        What each person of a place has. Shape (places,).
    weights
        People of each place; one each where None.
    order_by
        Standing, such as income per person: more is better off. NaN is left out. Shape (places,).
    kind
        ``relative``, or ``corrected`` by Erreygers.
    bounds
        The least and the greatest value that could be, for ``corrected``; those found among people where None, as in R.

    Returns
    -------
    float
        NaN where there is no one, no one has anything, or the bounds are the same.

    Raises
    ------
    ValueError
        Where a value lies outside the bounds given; otherwise as all measures of equity.
    """
    standing = np.asarray(order_by, dtype=np.float64)
    value, people, counts = count_in(values, weights, ~np.isnan(standing))
    mean = mean_value(value, people)
    if not mean > 0:
        return float("nan")
    share = people / people.sum()
    level, place = np.unique(standing[counts], return_inverse=True)
    alike = np.bincount(place, weights=share, minlength=len(level))
    rank = np.cumsum(alike) - alike / 2
    covariance = float(share @ ((rank[place] - 0.5) * (value - mean)))
    if kind == "relative":
        return 2.0 * covariance / mean
    low, high = bounds if bounds is not None else (float(value.min()), float(value.max()))
    if value.min() < low or value.max() > high:
        raise ValueError(f"数值越出界限 values {value.min()} to {value.max()} are not within bounds {low} to {high}")
    return 8.0 * covariance / (high - low) if high > low else float("nan")


def coefficient_of_variation(values: FloatArray, weights: FloatArray | None = None) -> float:
    """Return the standard deviation of what people have (of the population: no n - 1) by its mean.

    Returns
    -------
    float
        NaN where there is no one or no one has anything.
    """
    value, people, _ = count_in(values, weights)
    mean = mean_value(value, people)
    if not mean > 0:
        return float("nan")
    return float(np.sqrt(mean_value((value - mean) ** 2, people)) / mean)


POOREST, RICHEST = 0.4, 0.9
"""Up to the first share of people, ordered from the poorest, and from the second on. Palma 2006, DESA Working Paper 35."""


ROUNDING = 1e-12


def palma_ratio(
    values: FloatArray,
    weights: FloatArray | None = None,
    order_by: FloatArray | None = None,
    *,
    thresholds: tuple[float, float] | None = None,
) -> float:
    """Return the mean of the best-off tenth of people by the mean of the worst-off four tenths: 1 is even.

    Ordered by standing (income), as ``palma_ratio`` of R's ``accessibility``: the poorest are the places whose standing is at most the
    lower threshold, the richest those above the upper one, see :func:`palma_thresholds`. Places are whole: that which straddles 40 % is
    poorest with all its people, that which straddles 90 % is not richest.

    Without ``order_by``, ordered by the values themselves, the tenths are exact: the place that straddles is split, which is harmless
    as its people all have the same. It is ``((1 - L(0.9)) / 0.1) / (L(0.4) / 0.4)`` on the Lorenz curve *L*.

    Parameters
    ----------
    values
        What each person of a place has. Shape (places,).
    weights
        People of each place; one each where None.
    order_by
        Standing, such as income per person: more is better off. NaN is left out. Shape (places,).
    thresholds
        Standings that bound the poorest and the richest, where they are those of a wider population than ``values`` has; only with
        ``order_by``. Found among the places that count where None.

    Returns
    -------
    float
        NaN where there is no one, no one is among the richest or the poorest, or no one has anything; inf where only the poorest have
        nothing.
    """
    if order_by is None:
        if thresholds is not None:
            raise ValueError("thresholds 是 order_by 的界限，须同给 thresholds are standings: give order_by too")
        return _exact(values, weights)
    standing = np.asarray(order_by, dtype=np.float64)
    value, people, counts = count_in(values, weights, ~np.isnan(standing))
    standing = standing[counts]
    low, high = thresholds if thresholds is not None else palma_thresholds(standing, people)
    poorest, richest = standing <= low, standing > high
    return _ratio(mean_value(value[richest], people[richest]), mean_value(value[poorest], people[poorest]))


def palma_thresholds(order_by: FloatArray, weights: FloatArray | None = None) -> tuple[float, float]:
    """Return the standings of the person at 40 % and at 90 % of people, ordered from the poorest.

    People are counted one by one: of *n* of them the quantile *q* is at place ``1 + (n - 1) q``, linear between the persons on either
    side (type 7 of Hyndman & Fan 1996, as ``wtd.quantile`` of R's ``Hmisc``). Weights are therefore heads, not shares.

    Returns
    -------
    tuple of float
        NaN where there is no one.
    """
    standing = np.asarray(order_by, dtype=np.float64)
    _, people, counts = count_in(np.zeros(len(standing)), weights, ~np.isnan(standing))
    level, place = np.unique(standing[counts], return_inverse=True)
    if not len(level):
        return float("nan"), float("nan")
    heads = np.cumsum(np.bincount(place, weights=people, minlength=len(level)))

    def quantile(share: float) -> float:
        at = 1.0 + (heads[-1] - 1.0) * share
        person = max(np.floor(at), 1.0)
        beside = min(person + 1.0, heads[-1])
        below, above = level[np.minimum(np.searchsorted(heads, (person, beside)), len(level) - 1)]
        between = at % 1.0
        return float((1.0 - between) * below + between * above)

    return quantile(POOREST), quantile(RICHEST)


def _exact(values: FloatArray, weights: FloatArray | None) -> float:
    curve = lorenz(values, weights)
    if len(curve.people_share) == 1:
        return float("nan")
    low, high = np.interp((POOREST, RICHEST), curve.people_share, curve.value_share)
    # A share that is only the rounding of a corner at exactly 40 % is none.
    return _ratio((1.0 - high) / (1.0 - RICHEST), low / POOREST if low > ROUNDING else 0.0)


def _ratio(richest: float, poorest: float) -> float:
    if poorest > 0:
        return richest / poorest
    return float("inf") if poorest == 0 and richest > 0 else float("nan")


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
