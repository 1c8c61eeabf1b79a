"""Places filled from the nearest on, found with pencil and paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array

from lifecircle.measures.capacity import fill_nearest_first
from lifecircle.verification.case import Figure, case

BEYOND = np.inf
MINUTES = np.array([[2.0, 6.0, BEYOND, 8.0], [7.0, 6.0, 0.0, BEYOND]])
"""Of two clinics to four cells."""
PEOPLE = np.array([60.0, 50.0, 40.0, 30.0])
CAPACITY = np.array([80.0, 70.0])


@case(
    "nearest-first",
    zh="两个诊所容 80、70 人，10 分钟内由近及远",
    en="Two clinics for 80 and 70, nearest first",
    source="by hand",
    unit="人 people",
    tolerance=1e-9,
)
def nearest_first(_: Path) -> Iterator[Figure]:
    """Yield who is served, and who finds the places taken.

    In order: 40 at the door of B; 60 of 2 minutes in A; of the 50 at 6 minutes from both, A (first row) has 20 places left and B 30,
    just enough; the 30 at 8 minutes from A are in time, and A is full. Within 1 minute only those at the door are.
    """
    clinic, cell_row = np.nonzero(MINUTES < BEYOND)
    reach = coo_array((MINUTES[clinic, cell_row], (clinic, cell_row)), shape=MINUTES.shape).tocsr()
    found = fill_nearest_first(reach, 10.0, PEOPLE, CAPACITY)
    for cell, served in enumerate((60.0, 50.0, 40.0, 0.0)):
        yield f"第 {cell + 1} 格获服务 cell {cell + 1} served", served, found.people_served[cell]
    yield "满员 full", 30.0, float(found.people_full.sum())
    yield "同距先到前行 tie: 1st row first", 20.0, float(found.assigned.toarray()[0, 1])
    yield "余额 places left", 0.0, float(found.facility_spare.sum())
    near = fill_nearest_first(reach, 1.0, PEOPLE, CAPACITY)
    yield "1 分钟内 within 1 minute", 40.0, float(near.people_served.sum())
    yield "1 分钟够不着 beyond 1 minute", 140.0, float(near.people_out_of_reach.sum())
    half = fill_nearest_first(reach, 10.0, PEOPLE, CAPACITY, demand_per_person=0.5)
    yield "人均半位时余 left at 1/2 each", 60.0, float(half.facility_spare.sum())
