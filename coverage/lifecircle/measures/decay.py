"""Decay: how much a facility counts for people at a cost, 1 at the door and less the farther it is.

Each is a small frozen function of cost (minutes or metres, not negative; its own parameters are in the same unit) that returns weights of
the same shape. Everywhere in this project a cost equal to a limit is within it; a decay that is continuous and falls to 0 at its limit
(linear, Gaussian) therefore weighs 0 there.

======================== ========================================================================= =================================
class                    weight at cost *d*                                                        source
======================== ========================================================================= =================================
:class:`Binary`          1 where d <= limit                                                        2SFCA, Luo & Wang 2003
:class:`Stepped`         that of the first band whose limit is not below d; 0 beyond the last      E2SFCA, Luo & Qi 2009
:class:`Linear`          1 - d / limit                                                             R ``accessibility``
:class:`Exponential`     exp(-rate d)                                                              gravity, R ``accessibility``
:class:`Power`           d ** -exponent, at most 1                                                 gravity, R ``accessibility``
:class:`Gaussian`        (exp(-(d / limit)**2 / 2) - exp(-1/2)) / (1 - exp(-1/2))                  Dai 2010
:class:`Logistic`        g(0) / g(d), g(x) = 1 + exp((x - median) pi / (spread sqrt(3)))           Bauer & Groneberg 2016
======================== ========================================================================= =================================

Luo, W. & Wang, F. 2003, Environment and Planning B 30, 865-884, doi:10.1068/b29120. Luo, W. & Qi, Y. 2009, Health & Place 15, 1100-1107,
doi:10.1016/j.healthplace.2009.06.002. Dai, D. 2010, Health & Place 16, 1038-1052, doi:10.1016/j.healthplace.2010.06.012. Bauer, J. &
Groneberg, D. 2016, PLoS ONE 11(7), e0159148, doi:10.1371/journal.pone.0159148.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

import numpy as np

from lifecircle.model import FloatArray


class Decay(Protocol):
    """Weights of costs: finite, not negative, of the same shape."""

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return the weight at each cost."""
        ...


@dataclass(frozen=True, slots=True)
class Binary:
    """1 up to the limit, which is within, and 0 beyond."""

    limit: float

    def __post_init__(self) -> None:
        _refuse_unless(self.limit >= 0, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return 1 where cost <= limit, else 0."""
        return (cost <= self.limit).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Stepped:
    """One weight a band of cost, as in E2SFCA."""

    bands: tuple[tuple[float, float], ...]
    """(limit, weight), limits ascending: ``((10, 1.0), (20, 0.68), (30, 0.22))`` are the weights of Luo & Qi 2009, in minutes."""
    closed: Literal["right", "left"] = "right"
    """Whether a cost at a band's limit belongs to it (``right``, as everywhere here) or to the next. R's ``decay_stepped(steps,
    weights)`` is ``left``, with bands ((steps[0], 1), (steps[1], weights[0]), ..., (inf, weights[-1]))."""

    def __post_init__(self) -> None:
        limits = [limit for limit, _ in self.bands]
        _refuse_unless(bool(limits) and limits[0] >= 0, "bands", self.bands)
        _refuse_unless(all(low < high for low, high in pairwise(limits)), "bands", self.bands)
        _refuse_unless(all(0 <= weight < math.inf for _, weight in self.bands), "bands", self.bands)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return the weight of each cost's band; 0 beyond the last."""
        limits = np.array([limit for limit, _ in self.bands])
        weights = np.array([*(weight for _, weight in self.bands), 0.0])
        return weights[np.searchsorted(limits, cost, side="left" if self.closed == "right" else "right")]


@dataclass(frozen=True, slots=True)
class Linear:
    """Falls evenly from 1 at the door to 0 at the limit."""

    limit: float

    def __post_init__(self) -> None:
        _refuse_unless(0 < self.limit < math.inf, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return 1 - cost / limit, not below 0."""
        return np.maximum(1.0 - cost / self.limit, 0.0)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Falls by the same share with each further minute or metre."""

    rate: float
    """Per unit of cost."""
    limit: float = math.inf
    """0 beyond it; without one the horizon of the reach is the limit."""

    def __post_init__(self) -> None:
        _refuse_unless(0 <= self.rate < math.inf, "rate", self.rate)
        _refuse_unless(self.limit >= 0, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return exp(-rate cost) up to the limit."""
        return np.where(cost <= self.limit, np.exp(-self.rate * cost), 0.0)


@dataclass(frozen=True, slots=True)
class Power:
    """Inverse power; at costs below 1, where it would exceed 1, it is 1, so that its unit matters."""

    exponent: float
    limit: float = math.inf
    """0 beyond it; without one the horizon of the reach is the limit."""

    def __post_init__(self) -> None:
        _refuse_unless(0 <= self.exponent < math.inf, "exponent", self.exponent)
        _refuse_unless(self.limit >= 0, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return cost ** -exponent, at most 1, up to the limit."""
        return np.where(cost <= self.limit, np.maximum(cost, 1.0) ** -self.exponent, 0.0)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Falls as a bell, slowly at first, to 0 at the limit (Dai 2010)."""

    limit: float

    def __post_init__(self) -> None:
        _refuse_unless(0 < self.limit < math.inf, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return Dai's weight, 0 from the limit on."""
        edge = math.exp(-0.5)
        return np.maximum((np.exp(-0.5 * (cost / self.limit) ** 2) - edge) / (1.0 - edge), 0.0)


@dataclass(frozen=True, slots=True)
class Logistic:
    """One less a cumulative logistic curve, scaled to 1 at cost 0 (Bauer & Groneberg 2016)."""

    median: float
    """Cost at which it turns; in R ``cutoff``."""
    spread: float
    """Standard deviation of the curve; near 0 it is binary. In R ``sd``."""
    limit: float = math.inf
    """0 beyond it; without one the horizon of the reach is the limit."""

    def __post_init__(self) -> None:
        _refuse_unless(0 <= self.median < math.inf, "median", self.median)
        _refuse_unless(0 < self.spread < math.inf, "spread", self.spread)
        _refuse_unless(self.limit >= 0, "limit", self.limit)

    def __call__(self, cost: FloatArray) -> FloatArray:
        """Return g(0) / g(cost) up to the limit."""
        steepness = math.pi / (self.spread * math.sqrt(3.0))
        # In logarithms: exp() of a far cost over a small spread overflows, its weight is simply 0.
        at_door = np.logaddexp(0.0, -self.median * steepness)
        weight = np.exp(at_door - np.logaddexp(0.0, (cost - self.median) * steepness))
        return np.where(cost <= self.limit, weight, 0.0)


def _refuse_unless(holds: bool, name: str, value: object) -> None:
    if not holds:
        raise ValueError(f"衰减函数参数不成立 decay: {name} = {value!r}")
