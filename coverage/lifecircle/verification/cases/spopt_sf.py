"""Stores in San Francisco by distances along streets, as spopt's tutorial has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lifecircle.planning.sites import maximal_covering
from lifecircle.verification.case import Figure, case

LIMIT_M = 5_000.0
STORES = 4


@case(
    "maximal-covering",
    zh="旧金山商店：5 公里内，4 处",
    en="San Francisco stores: 4 within 5 km",
    source="spopt_sf: spopt's MCLP on ArcGIS network distances; its 89.756 % counts tracts, not people",
    unit="人 people",
    tolerance=1e-9,
    oracle="spopt_sf",
)
def four_stores(oracle: Path) -> Iterator[Figure]:
    """Yield the people and tracts that the best four stores cover, and the proof."""
    pairs = pd.read_csv(oracle / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    metres = pairs.pivot_table(index="name", columns="DestinationName", values="distance")
    people = pairs.groupby("DestinationName")["demand"].first().loc[metres.columns].to_numpy(np.float64)
    found = maximal_covering(metres.to_numpy() <= LIMIT_M, people, STORES)
    yield "所有人口 all people", 955_113, people.sum()
    yield "覆盖人口 people covered", 875_247, found.objective
    yield "未覆盖普查区 tracts not covered", 21, float((~found.covered).sum())
    yield "上界 bound", 875_247, found.bound
