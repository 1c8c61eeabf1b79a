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

from lifecircle.measures.equity.lorenz import Lorenz, coefficient_of_variation, concentration_index, gini, lorenz
from lifecircle.measures.equity.palma import palma_ratio, palma_thresholds
from lifecircle.measures.equity.theil import TheilDecomposition, theil_decomposition, theil_t
from lifecircle.measures.equity.weakest import weakest

__all__ = [
    "Lorenz",
    "TheilDecomposition",
    "coefficient_of_variation",
    "concentration_index",
    "gini",
    "lorenz",
    "palma_ratio",
    "palma_thresholds",
    "theil_decomposition",
    "theil_t",
    "weakest",
]
