"""The Lorenz curve and what is read from it: Gini, concentration; and the coefficient of variation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lifecircle.measures.equity.people import count_in, mean_value
from lifecircle.model import FloatArray


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
