"""Going over flat, even ground: distance over speed, within the geometry of the moves."""

from __future__ import annotations

from collections.abc import Iterator
from math import atan2, cos, hypot, pi
from pathlib import Path

import numpy as np
from rasterio import Affine

from lifecircle.travel.terrain import Doors, Going, Places, TerrainSearch, make_surface
from lifecircle.travel.terrain.search import Moves
from lifecircle.verification.case import Figure, case

SIDE, CELL_M, KPH = 401, 30.0, 4.0


def elongations(moves: Moves) -> np.ndarray:
    """Return, by row and column from a corner, the length of the way over the straight distance; NaN at the corner."""
    surface = make_surface(
        np.ones((SIDE, SIDE), dtype=np.int32),
        {1: Going("walk", KPH)},
        None,
        Affine(CELL_M, 0, 0, 0, -CELL_M, 0),
        "EPSG:4549",
    )
    cost_s, _ = TerrainSearch(surface, moves=moves).spread(Doors(Places(np.array([0])), np.array([0, 1])))
    row, column = np.indices((SIDE, SIDE))
    with np.errstate(invalid="ignore"):
        return np.asarray(cost_s * (KPH / 3.6) / (np.hypot(row, column) * CELL_M))


@case(
    "flat-ground",
    zh="平地上的地形方式：路程与直线距离之比",
    en="Terrain on flat ground: way / distance",
    source="geometry: along a move 1; between two moves at most 1 / cos(half the angle between them)",
    unit="比值 ratio",
    tolerance=1e-6,
)
def flat_ground(_: Path) -> Iterator[Figure]:
    """Yield the length of ways over an even grid, along the moves and where they are longest."""
    eight, sixteen = elongations(8), elongations(16)
    far = SIDE - 1
    yield "8 向 moves: 正东 east", 1.0, eight[0, far]
    yield "8 向 moves: 对角 diagonal", 1.0, eight[far, far]
    yield "8 向 moves: 二比一 2 by 1", (1 + 2**0.5) / hypot(2, 1), eight[far // 2, far]
    yield "16 向 moves: 二比一 2 by 1", 1.0, sixteen[far // 2, far]
    # The grid's directions come this near to the one in between.
    yield "8 向 moves: 最长 longest", 1 / cos(pi / 8), np.nanmax(eight), 1e-5
    yield "16 向 moves: 最长 longest", 1 / cos(atan2(1, 2) / 2), np.nanmax(sixteen), 1e-5
