"""How evenly people in Belo Horizonte reach jobs, as R's ``accessibility`` asserts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from lifecircle.measures.equity import concentration_index, gini, palma_ratio, palma_thresholds, theil_decomposition
from lifecircle.verification.case import Figure, case

LIMIT_MIN = 30.0
CELLS = ("89a88cdb57bffff", "89a88cdb597ffff", "89a88cdb5b3ffff", "89a88cd909bffff", "89a88cdb5cfffff")
"""The five cells of the published figures; the last is left out in the second of each pair of figures."""
GROUPED_CELLS = ("89a88cdb57bffff", "89a88cdb597ffff", "89a88cdb5cfffff", "89a88cdb5b3ffff", "89a88cd900bffff")
"""Those of the figures by income decile; the same."""


def _read(oracle: Path) -> pd.DataFrame:
    """Return the land use of all cells, with the jobs within 30 minutes."""
    land = pd.read_csv(oracle / "land_use_data.csv").set_index("id")
    minutes = pd.read_csv(oracle / "travel_matrix.csv.gz")
    near = minutes[minutes["travel_time"] <= LIMIT_MIN]
    jobs = near["to_id"].map(land["jobs"]).groupby(near["from_id"]).sum()
    return land.assign(access=jobs.reindex(land.index, fill_value=0).astype(float))


@case(
    "bho-gini",
    zh="贝洛奥里藏特：30 分钟内职位的基尼系数",
    en="Belo Horizonte: Gini of jobs within 30 minutes",
    source="bho, tests of ipeaGIT/accessibility (gini_index); its figures have 4 decimals",
    unit="",
    tolerance=5e-5,
    oracle="bho",
)
def gini_of_jobs(oracle: Path) -> Iterator[Figure]:
    """Yield the Gini coefficient over five cells, and over four."""
    land = _read(oracle)
    for cells, expected in ((CELLS, 0.1386), (CELLS[:-1], 0.1148)):
        at = land.loc[list(cells)]
        found = gini(at["access"].to_numpy(), at["population"].to_numpy())
        yield f"{len(cells)} 格 cells", expected, found


@case(
    "bho-equity",
    zh="贝洛奥里藏特：30 分钟内职位与收入",
    en="Belo Horizonte: jobs within 30 minutes, by income",
    source="bho, tests of ipeaGIT/accessibility (palma_ratio, concentration_index, theil_t); its figures have 4 decimals",
    unit="",
    tolerance=5e-5,
    oracle="bho",
)
def jobs_by_income(oracle: Path) -> Iterator[Figure]:
    """Yield the Palma ratio, the concentration index and Theil's T by income decile."""
    land = _read(oracle)
    thresholds = palma_thresholds(land["income_per_capita"].to_numpy(), land["population"].to_numpy())
    for cells, palma, relative, corrected in (
        (CELLS, 1.0911, -0.0248, -0.1314),
        (CELLS[:-1], 0.5249, -0.1148, -0.8282),
    ):
        at = land.loc[list(cells)]
        given = at["access"].to_numpy(), at["population"].to_numpy(), at["income_per_capita"].to_numpy()
        label = f"{len(cells)} 格 cells"
        yield f"帕尔马比 Palma, {label}", palma, palma_ratio(*given, thresholds=thresholds)
        yield f"集中指数 concentration, {label}", relative, concentration_index(*given)
        yield f"修正集中指数 corrected, {label}", corrected, concentration_index(*given, kind="corrected")
    for cells, total, between, within in (
        (GROUPED_CELLS, 0.0852, 0.0515, 0.0337),
        (GROUPED_CELLS[:-1], 0.0378, 0.0021, 0.0357),
    ):
        at = land.loc[list(cells)]
        found = theil_decomposition(
            at["access"].to_numpy(), at["population"].to_numpy(), at["income_decile"].to_numpy()
        )
        label = f"{len(cells)} 格 cells"
        yield f"泰尔 T Theil's T, {label}", total, found.total
        yield f"  组间 between, {label}", between, found.between
        yield f"  组内 within, {label}", within, found.within
