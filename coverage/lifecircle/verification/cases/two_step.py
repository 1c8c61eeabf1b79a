"""Two clinics and three cells: supply per person, found with pencil and paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array

from lifecircle.measures.decay import Binary, Stepped
from lifecircle.measures.floating_catchment import balanced, three_step, two_step
from lifecircle.verification.case import Figure, case

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
