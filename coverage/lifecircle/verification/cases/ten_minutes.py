"""Ten minutes are 500 m in one standard and 1 km in another: a fourfold area."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lifecircle.model import Roads
from lifecircle.travel.reach import Search, join_points
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import doors_at, make_network, make_roads

BLOCK_M, SIDE = 50.0, 61
"""Crossings every 50 m, 61 streets each way."""


def make_town() -> Roads:
    """Return a square town of equal blocks; the middle crossing is at 0, 0."""
    line = (np.arange(SIDE) - SIDE // 2) * BLOCK_M
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    nodes = [(float(x), float(y)) for y in line for x in line]
    return make_roads(nodes, [(street.tolist(), {}) for street in (*number, *number.T)])


@case(
    "ten-minutes",
    zh="“十分钟”两种读法：500 米与 1 公里",
    en="Two readings of ten minutes: 500 m, 1 km",
    source="by hand: of a square lattice, 2 n^2 + 2 n + 1 points lie within n steps; 500 m GB 50180-2018, 1 km Zhejiang's sports plan 2021-2025",
    unit="路口 crossings",
    tolerance=0.0,
)
def ten_minutes(_: Path) -> Iterator[Figure]:
    """Yield the crossings within either distance of the middle, and within ten minutes at 4.5 km/h (750 m)."""
    roads = make_town()
    network = make_network(roads, speed_kph=4.5)
    crossings, door = join_points(network, roads.x, roads.y), doors_at(network, [(0.0, 0.0)])
    hair = 1 + 1e-9  # as a run allows for rounding at the limit
    in_metres = Search(network, "metres", "toward")
    for metres in (500, 1000):
        n = metres / BLOCK_M
        yield f"{metres} m", 2 * n * n + 2 * n + 1, float(in_metres.reach(crossings, door, metres * hair).nnz)
    n = 10 * 75 / BLOCK_M
    reach = Search(network, "seconds", "toward").reach(crossings, door, 600 * hair)
    yield "10 min x 4.5 km/h", 2 * n * n + 2 * n + 1, float(reach.nnz)
