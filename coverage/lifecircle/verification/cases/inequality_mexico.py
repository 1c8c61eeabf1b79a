"""Inequality among the states of Mexico 1940-2000, as PySAL's ``inequality`` publishes it; a state is one, whoever lives there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from lifecircle.measures.equity import gini, theil_decomposition
from lifecircle.verification.case import Figure, case

THEIL = (0.20894344, 0.15222451, 0.10472941, 0.10194725, 0.09560113, 0.10511256, 0.10660832)
BETWEEN = (0.0345889, 0.02816853, 0.05260921, 0.05931219, 0.03205257, 0.02963731, 0.03635872)
WITHIN = (0.17435454, 0.12405598, 0.0521202, 0.04263506, 0.06354856, 0.07547525, 0.0702496)
YEARS = range(1940, 2010, 10)


@case(
    "inequality-gini",
    zh="墨西哥各州人均产值：基尼系数",
    en="Mexican states' product per head: Gini",
    source="inequality/mexico.csv, tests of pysal/inequality",
    unit="",
    tolerance=1e-12,
    oracle="inequality",
)
def gini_of_states(oracle: Path) -> Iterator[Figure]:
    """Yield the Gini coefficient of 1940."""
    states = pd.read_csv(oracle / "mexico.csv")
    yield "基尼系数 Gini 1940", 0.35372371173452849, gini(states["pcgdp1940"].to_numpy())


@case(
    "inequality-theil",
    zh="墨西哥各州人均产值：泰尔 T 及其分解",
    en="Mexican states' product per head: Theil's T",
    source="inequality/mexico.csv, documentation of pysal/inequality (Theil, TheilD by hanson98)",
    unit="",
    tolerance=6e-9,
    oracle="inequality",
)
def theil_of_states(oracle: Path) -> Iterator[Figure]:
    """Yield Theil's T of each decade, between and within regions."""
    states = pd.read_csv(oracle / "mexico.csv")
    regions = states["hanson98"].to_numpy()
    for year, total, between, within in zip(YEARS, THEIL, BETWEEN, WITHIN, strict=True):
        found = theil_decomposition(states[f"pcgdp{year}"].to_numpy(), None, regions)
        yield f"泰尔 T Theil's T {year}", total, found.total
        yield f"  区域间 between {year}", between, found.between
        yield f"  区域内 within {year}", within, found.within
