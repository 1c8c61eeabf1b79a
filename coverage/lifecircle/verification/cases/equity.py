"""Equity and floating catchments: PySAL's Mexico, Belo Horizonte, and a two-step catchment by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from lifecircle.indicators.inequality_indices import (
    concentration_index,
    gini,
    palma_ratio,
    palma_thresholds,
    theil_decomposition,
)
from lifecircle.indicators.supply_and_demand import Binary, Exponential, Stepped, balanced, three_step, two_step
from lifecircle.model import FloatArray
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


FLOATING_MIN = 45.0
EVERYWHERE = Exponential(0.0)
"""Weighs 1 whatever the cost."""


def _read_jobs(oracle: Path) -> tuple[csr_array, FloatArray, FloatArray]:
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
    minutes, people, jobs = _read_jobs(oracle)
    found = two_step(minutes, people, jobs, Binary(FLOATING_MIN)).access
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
    found = balanced(*_read_jobs(oracle), Binary(FLOATING_MIN)).access
    for cell, access in enumerate((0.0094, 0.1993, 0.1993, 0.1147, 0.0)):
        yield f"第 {cell + 1} 格 cell {cell + 1}", access, found[cell]


BEYOND = np.inf
MINUTES = np.array([[5.0, 10.0, BEYOND], [BEYOND, 15.0, 0.0]])
"""Of two clinics to three cells."""
PEOPLE = np.array([100.0, 200.0, 300.0])
DOCTORS = np.array([6.0, 9.0])


@case(
    "two-step",
    zh="两个诊所 6、9 名医生，三格 100、200、300 人",
    en="Two clinics of 6 and 9 doctors",
    source="by hand",
    unit="每千人 per 1000",
    tolerance=1e-9,
)
def floating_catchments(_: Path) -> Iterator[Figure]:
    """Yield doctors per 1,000 people.

    Two steps, 15 minutes: A has 6 for 300, B 9 for 500, 20 and 18 per 1,000; the cell between has both. With weights 1 to 10 minutes and
    1/2 to 15: A 6 for 300, B 9 for 100 + 300, 20 and 22.5. Three steps and balanced, 15 minutes: the cell between is halved; A has 6
    for 100 + 100, B 9 for 100 + 300, 30 and 22.5 per 1,000; of each ratio that cell has half.
    """
    clinic, cell_row = np.nonzero(MINUTES < BEYOND)
    reach = coo_array((MINUTES[clinic, cell_row], (clinic, cell_row)), shape=MINUTES.shape).tocsr()
    steps = Stepped(((10.0, 1.0), (15.0, 0.5)))
    expected = {
        "2SFCA": (two_step(reach, PEOPLE, DOCTORS, Binary(15.0)), (20.0, 38.0, 18.0)),
        "E2SFCA": (two_step(reach, PEOPLE, DOCTORS, steps), (20.0, 31.25, 22.5)),
        "3SFCA": (three_step(reach, PEOPLE, DOCTORS, Binary(15.0)), (30.0, 26.25, 22.5)),
        "BFCA": (balanced(reach, PEOPLE, DOCTORS, Binary(15.0)), (15.0, 26.25, 11.25)),
    }
    for method, (found, per_thousand) in expected.items():
        for cell, doctors in enumerate(per_thousand):
            yield f"{method}: 第 {cell + 1} 格 cell {cell + 1}", doctors, 1000.0 * float(found.access[cell])
