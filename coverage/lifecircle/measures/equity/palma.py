"""The Palma ratio: what the best-off tenth has, by what the worst-off four tenths have."""

from __future__ import annotations

import numpy as np

from lifecircle.measures.equity.lorenz import lorenz
from lifecircle.measures.equity.people import count_in, mean_value
from lifecircle.model import FloatArray

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
