"""Figures of which a part is not known: the value is over what is known, low and high bracket the rest.

With ``d`` the part of the denominator that is known, ``u`` the part that is not, and ``n`` the numerator over the known part,

- value = scale x n / d, low = scale x n / (d + u) (none of the rest), high = scale x (n + u) / (d + u) (all of it);
- ``unknown`` = 100 u / (d + u), and above ``most`` of it (0-1) there is no value, only what is known: numerator, denominator, low and high;
- where nothing is known there is nothing at all: value, numerator, denominator, low and high are NaN. Absent data are never 0.

An amount (beds, square metres) has no all of it: its high is not known.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifecircle.measures.coverage import mean_of
from lifecircle.measures.levels import LevelSums
from lifecircle.measures.rows import Figures
from lifecircle.model import FloatArray

HAIR = 1e-9
"""A share of the unknown that is the rounding of sums."""


def partial_ratio(
    level: LevelSums, numerator: FloatArray, denominator: FloatArray, unknown: FloatArray, most: float, scale: float = 100.0,
    *, is_share: bool = True,
) -> Figures:  # fmt: skip
    """Return ``scale x numerator / denominator`` over what is known of the denominator.

    Parameters
    ----------
    unknown
        The part of the denominator that is not known, in its unit. Shape (units,).
    most
        The largest share (0-1) of the denominator that may be unknown.
    is_share
        Whether the numerator is a part of the denominator, so that all of the unknown is known to be no more than itself.
    """
    unknown = np.where(unknown > HAIR * (denominator + unknown), unknown, 0.0)
    total = denominator + unknown
    value = mean_of(scale * numerator, denominator)
    has_part = unknown > 0
    low = np.where(has_part, mean_of(scale * numerator, total), value)
    all_of_it = mean_of(scale * (numerator + unknown), total) if is_share else np.full(len(total), np.nan)
    high = np.where(has_part, all_of_it, value)
    share = np.where(has_part, 100.0 * np.divide(unknown, total, out=np.ones_like(total), where=total > 0), 0.0)
    return withheld(Figures(level, numerator, denominator, value, low, high, scale, share), most)


def partial_sum(
    level: LevelSums, value: FloatArray, unknown_share: FloatArray, more: FloatArray, most: float, scale: float = 1.0
) -> Figures:
    """Return counts and amounts of what is known; low is that, high with ``more`` (what the rest comes to, NaN where nobody knows).

    Parameters
    ----------
    unknown_share
        Share (0-1) of the records, or of the people whose units have none, of which it is not known. Shape (units,).
    """
    has_part = unknown_share > HAIR
    nothing = np.full(len(value), np.nan)
    high = np.where(has_part, value + more, value)
    share = np.where(has_part, 100.0 * np.minimum(unknown_share, 1.0), 0.0)
    return withheld(Figures(level, value * scale, nothing, value, value, high, scale, share), most)


def partial_own(level: LevelSums, value: FloatArray, unknown: FloatArray, most: float) -> Figures:
    """Return values that are no sum of anything, over what is known (``unknown`` in percent); what the rest would make of them is not known."""
    nothing = np.full(len(value), np.nan)
    unknown = np.where(unknown > 100.0 * HAIR, unknown, 0.0)
    end = np.where(unknown > 0, np.nan, value)
    return withheld(Figures(level, nothing, nothing, value, end, end, 1.0, unknown), most)


def withheld(figures: Figures, most: float) -> Figures:
    """Return figures without a value where more than ``most`` (0-1) is not known, and without anything where all is not."""
    unknown = np.broadcast_to(np.asarray(figures.unknown, dtype=np.float64), figures.value.shape)
    is_short = unknown > 100.0 * most + HAIR
    is_nothing = unknown >= 100.0 * (1.0 - HAIR)
    return replace(
        figures,
        value=np.where(is_short | is_nothing, np.nan, figures.value),
        numerator=np.where(is_nothing, np.nan, figures.numerator),
        denominator=np.where(is_nothing, np.nan, figures.denominator),
        low=np.where(is_nothing, np.nan, figures.low),
        high=np.where(is_nothing, np.nan, figures.high),
        unknown=unknown,
    )


def with_absent(denominator: FloatArray, unknown: FloatArray, absent: FloatArray) -> FloatArray:
    """Return the unknown part of denominators with that of units of which there is no row, as large as their share of the people.

    Parameters
    ----------
    absent
        Share (0-1) of each unit's people who live in units without a row: ``(d + u) / (1 - absent) - d`` is the unknown part.
    """
    held = denominator + unknown
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = held / (1.0 - absent) - denominator
    # Nothing is known where no unit has a row; nor is it where those that have one have nothing to divide by.
    return np.where(absent <= HAIR, unknown, np.where((absent >= 1.0 - HAIR) | (held <= 0), 1.0, grown))
