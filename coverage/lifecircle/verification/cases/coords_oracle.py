"""All GCJ-02 vectors of the folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lifecircle.sources.datum import from_wgs84, to_wgs84
from lifecircle.verification.case import Figure, case


@case(
    "gcj02-vectors",
    zh="GCJ-02 测试向量：最大偏差",
    en="GCJ-02 vectors: greatest deviation",
    source="coords/gcj02_test_vectors.csv (a = 6378245)",
    unit="度 degrees",
    tolerance=1e-9,
    oracle="coords",
)
def vectors(oracle: Path) -> Iterator[Figure]:
    """Yield the greatest deviation over all vectors, forward and back."""
    table = pd.read_csv(oracle / "gcj02_test_vectors.csv")
    wgs84 = table[["wgs_lng", "wgs_lat"]].to_numpy()
    shifted = table[["gcj_lng", "gcj_lat"]].to_numpy()
    there, back = from_wgs84(wgs84[:, 0], wgs84[:, 1], "gcj02"), to_wgs84(shifted[:, 0], shifted[:, 1], "gcj02")
    yield f"正算 there ({len(table)} 处 places)", 0.0, float(np.abs(np.column_stack(there) - shifted).max())
    yield f"反算 back ({len(table)} 处 places)", 0.0, float(np.abs(np.column_stack(back) - wgs84).max()), 2e-9
