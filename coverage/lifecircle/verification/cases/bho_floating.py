"""Floating catchments of jobs in Belo Horizonte, as R's ``accessibility`` asserts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from lifecircle.measures.decay import Binary, Exponential
from lifecircle.measures.floating_catchment import balanced, two_step
from lifecircle.model import FloatArray
from lifecircle.verification.case import Figure, case

LIMIT_MIN = 45.0
EVERYWHERE = Exponential(0.0)
"""Weighs 1 whatever the cost."""


def _read(oracle: Path) -> tuple[csr_array, FloatArray, FloatArray]:
    """Return the minutes from each cell to each cell's jobs (jobs are rows), people and jobs of the five cells."""
    land = pd.read_csv(oracle / "land_use_data.csv").set_index("id")
    pairs = pd.read_csv(oracle / "subset5_od.csv")
    places = pd.Index(pairs["from_id"].unique())
    where = places.get_indexer(pairs["to_id"]), places.get_indexer(pairs["from_id"])
    minutes = coo_array((pairs["travel_time"].to_numpy(), where), shape=(len(places),) * 2).tocsr()
    at = land.loc[places]
    return minutes, at["population"].to_numpy(np.float64), at["jobs"].to_numpy(np.float64)


@case(
    "bho-2sfca",
    zh="贝洛奥里藏特：两步移动搜索，45 分钟",
    en="Belo Horizonte: 2SFCA of jobs, 45 min",
    source="bho, tests of ipeaGIT/accessibility (2SFCA, binary decay); its figures have 4 decimals",
    unit="职位/人 jobs per person",
    tolerance=5e-5,
    oracle="bho",
)
def two_steps(oracle: Path) -> Iterator[Figure]:
    """Yield the access of the five cells; and of all of them alike where all reach all."""
    minutes, people, jobs = _read(oracle)
    found = two_step(minutes, people, jobs, Binary(LIMIT_MIN)).access
    for cell, access in enumerate((0.0152, 0.1491, 0.1491, 0.1068, 0.0)):
        yield f"第 {cell + 1} 格 cell {cell + 1}", access, found[cell]
    everywhere = two_step(minutes, people, jobs, EVERYWHERE).access
    yield "处处可达：最少 all reach all: least", 0.1108, everywhere.min()
    yield "处处可达：最多 all reach all: most", 0.1108, everywhere.max()


@case(
    "bho-bfca",
    zh="贝洛奥里藏特：平衡移动搜索，45 分钟",
    en="Belo Horizonte: balanced FCA of jobs, 45 min",
    source="bho, tests of ipeaGIT/accessibility (BFCA, binary decay); its figures have 4 decimals",
    unit="",
    tolerance=5e-5,
    oracle="bho",
)
def balanced_catchments(oracle: Path) -> Iterator[Figure]:
    """Yield the balanced access of the five cells."""
    found = balanced(*_read(oracle), Binary(LIMIT_MIN)).access
    for cell, access in enumerate((0.0094, 0.1993, 0.1993, 0.1147, 0.0)):
        yield f"第 {cell + 1} 格 cell {cell + 1}", access, found[cell]
