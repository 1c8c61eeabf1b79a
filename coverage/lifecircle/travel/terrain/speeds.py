"""How slope changes speed on foot and by bicycle, compiled, and minutes as AccessMod publishes them.

Slope is the rise over the horizontal length of a step, signed in the direction people go: positive is uphill.

Sources: W. Tobler, Three presentations on geographical analysis and modeling, NCGIA 93-1 (1993),
https://escholarship.org/uc/item/05r820mz, for walking; WHO AccessMod 5 (r.walk.accessmod) for cycling and for scaling Tobler's
curve so that flat ground gives the cell's own speed.
"""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from numba import njit

from lifecircle.model import FloatArray

KPH_PER_MPS = 3.6
TOBLER_STEEPNESS = 3.5
TOBLER_BEST_SLOPE = -0.05
"""People walk fastest slightly downhill."""
FASTEST_WALK = exp(-TOBLER_STEEPNESS * -TOBLER_BEST_SLOPE)
"""The least a walk can take, as a share of its time on flat ground."""
FASTEST_RIDE = 0.5
"""AccessMod lets no cyclist go faster than twice the speed on flat ground."""

# AccessMod's cyclist: drag of 0.445 m2 at 20 degrees and 500 m above the sea, 95 kg with the bicycle, tyres that roll at 0.012.
DRAG = 0.5 * 0.445 * (1.293 - 0.00426 * 20.0) * exp(-500.0 / 7000.0)
WEIGHT_N = 9.8 * 95.0
ROLLING = 0.012

PARITY_SLOPE = 0.01
"""AccessMod's factor, meant for slopes in per cent but met by ratios: its cyclists hardly notice a hill."""
STILL_MPS = 1e-12
MOST_STEPS = 60

# exp by a table of sixteenths of powers of two and a short series: a call to the library's would cost the loop its registers.
_PER_OCTAVE = 16
_BELOW = 8
_TABLE_LENGTH = _PER_OCTAVE * 1024
_TO_INDEX = _PER_OCTAVE / np.log(2.0)
_FROM_INDEX = np.log(2.0) / _PER_OCTAVE


def make_powers() -> FloatArray:
    """Return the table that :func:`hinder_walking` looks powers of two up in."""
    return np.asarray(2.0 ** ((np.arange(_TABLE_LENGTH) - _BELOW) / _PER_OCTAVE), dtype=np.float64)


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def hinder_walking(slope: float, powers: FloatArray) -> float:  # pragma: no cover - compiled
    """Return by what a walk's time on flat ground is multiplied: exp(3.5 |slope + 0.05|) / exp(0.175), to some 1e-14.

    Infinite on cliffs beyond what float64 holds.
    """
    power = TOBLER_STEEPNESS * (abs(slope - TOBLER_BEST_SLOPE) + TOBLER_BEST_SLOPE)
    scaled = power * _TO_INDEX + (_BELOW + 0.5)
    if scaled >= _TABLE_LENGTH:
        return np.inf
    index = np.int64(scaled)
    rest = power - (index - _BELOW) * _FROM_INDEX
    series = 1.0 + rest * (
        1.0 + rest * (1 / 2 + rest * (1 / 6 + rest * (1 / 24 + rest * (1 / 120 + rest * (1 / 720)))))
    )
    hindrance: float = powers[np.uint64(index)] * series
    return hindrance


@njit(cache=True, nogil=True, error_model="numpy")
def ride_mps(flat_mps: float, slope: float) -> float:  # pragma: no cover - compiled
    """Return a cyclist's speed in m/s: the *v* that solves ``power = v (drag v^2 + weight (slope + rolling))``.

    Power is what ``flat_mps`` takes on flat ground; the speed is at most twice that. For AccessMod's own figures the slope is
    multiplied by 0.01 first.
    """
    power = flat_mps * (DRAG * flat_mps * flat_mps + WEIGHT_N * ROLLING)
    push = WEIGHT_N * (slope + ROLLING)
    speed = flat_mps / FASTEST_RIDE
    # The cubic is convex above 0 and has one root there: Newton's method comes down on it from the right.
    for _ in range(MOST_STEPS):
        excess = speed * (DRAG * speed * speed + push) - power
        if excess <= 0.0:
            break
        step = excess / (3.0 * DRAG * speed * speed + push)
        speed -= step
        if step <= STILL_MPS * speed:
            break
    return speed


@njit(cache=True, nogil=True)
def ride_speeds_mps(flat_mps: FloatArray, slope: FloatArray) -> FloatArray:  # pragma: no cover - compiled
    """Return :func:`ride_mps` of each pair. Shape as given, one dimension."""
    speed = np.empty(len(slope))
    for index in range(len(slope)):
        speed[index] = ride_mps(flat_mps[index], slope[index])
    return speed


def published_minutes(seconds: Any) -> FloatArray:
    """Return whole minutes, rounded up as AccessMod publishes them.

    A millionth of a minute is forgiven, so that five steps of 72 s are six minutes however their sum was rounded.
    NaN and inf stay.
    """
    return np.asarray(np.ceil(np.asarray(seconds, dtype=np.float64) / 60.0 - 1e-6))
