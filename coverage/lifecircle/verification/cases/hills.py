"""Speed on foot and by bicycle over slopes, as published."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from pathlib import Path

import numpy as np
from rasterio import Affine

from lifecircle.travel.reach import Search, join_points
from lifecircle.travel.slope import Heights
from lifecircle.travel.terrain import Doors, Going, Places, TerrainSearch, make_surface
from lifecircle.travel.terrain.speeds import ride_mps
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import doors_at, make_network, make_roads

STEPS, STEP_M = 10, 100.0
TOBLER_FLAT_KPH = 6.0 * exp(-0.175)


def ramp_kph(going: Going, slope: float) -> float:
    """Return the speed up (or, where negative, down) an even ramp of 1 km, over the plan."""
    height_m = np.arange(STEPS + 1)[np.newaxis, :] * slope * STEP_M
    surface = make_surface(
        np.ones((1, STEPS + 1), dtype=np.int32), {1: going}, height_m, Affine(STEP_M, 0, 0, 0, -STEP_M, 0), "EPSG:4549"
    )
    cost_s, _ = TerrainSearch(surface).nearest(
        Places(np.array([0])), Doors(Places(np.array([STEPS])), np.array([0, 1]))
    )
    return STEPS * STEP_M / float(cost_s[0]) * 3.6


@case(
    "tobler",
    zh="托布勒步行函数：坡道上的速度",
    en="Tobler's hiking function on a ramp",
    source="W. Tobler, Three presentations on geographical analysis and modeling, NCGIA 93-1 (1993): 6 exp(-3.5 |S + 0.05|) km/h",
    unit="km/h",
    tolerance=1e-4,
)
def tobler(_: Path) -> Iterator[Figure]:
    """Yield the speed uphill, downhill and on the flat."""
    going = Going("walk", TOBLER_FLAT_KPH)
    yield "坡度 slope -5 %: 最快 fastest", 6.0, ramp_kph(going, -0.05)
    yield "坡度 slope 0", 5.0367, ramp_kph(going, 0.0)
    for slope in (-0.3, -0.1, 0.1, 0.3):
        yield f"坡度 slope {slope:+.0%}", 6.0 * exp(-3.5 * abs(slope + 0.05)), ramp_kph(going, slope)


def street_kph(slope: float, **tags: str) -> float:
    """Return the speed up (or, where negative, down) a street of 1 km on an even ramp, over the plan."""
    street = make_roads([(0.0, 0.0), (450.0, 0.0), (1000.0, 0.0)], [([0, 1, 2], tags)])
    network = make_network(
        street, "walk", Heights(lambda x, _y, _nearest: slope * x, STEP_M), speed_kph=TOBLER_FLAT_KPH
    )
    start = join_points(network, np.array([0.0]), np.array([0.0]))
    cost_s, _ = Search(network, "seconds", "toward").nearest(start, doors_at(network, [(1000.0, 0.0)]))
    return 1000.0 / float(cost_s[0]) * 3.6


@case(
    "tobler-streets",
    zh="托布勒步行函数：坡道上的街道",
    en="Tobler's hiking function on a street",
    source="as for tobler, through a network with heights; steps go at 2 km/h whatever their slope",
    unit="km/h",
    tolerance=1e-6,
)
def tobler_streets(_: Path) -> Iterator[Figure]:
    """Yield the speed along a street uphill and downhill, and on steps."""
    for slope in (-0.3, -0.05, 0.0, 0.1, 0.3):
        yield f"坡度 slope {slope:+.0%}", 6.0 * exp(-3.5 * abs(slope + 0.05)), street_kph(slope)
    yield "台阶 steps +30%", 2.0, street_kph(0.3, highway="steps")
    yield "台阶 steps -30%", 2.0, street_kph(-0.3, highway="steps")


@case(
    "cycling",
    zh="AccessMod 的骑行方程：同样的功率",
    en="AccessMod's cyclist: equal power",
    source="WHO AccessMod 5, r.walk.accessmod: P = v (a v^2 + w (slope + 0.012)), a of 0.445 m2 at 20 C and 500 m, 95 kg",
    unit="km/h",
    tolerance=1e-6,
)
def cycling(_: Path) -> Iterator[Figure]:
    """Yield the speed on slopes, against the root of the published cubic; at most twice the speed on the flat."""
    drag = 0.5 * 0.445 * (1.293 - 0.00426 * 20) * exp(-500 / 7000)
    weight_n = 9.8 * 95
    for flat_kph in (12.0, 20.0):
        flat = flat_kph / 3.6
        power = flat * (drag * flat**2 + weight_n * 0.012)
        for slope in (-0.05, 0.0, 0.03, 0.1):
            roots = np.roots([drag, 0.0, weight_n * (slope + 0.012), -power])
            root = min(float(roots[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)].real.max()), 2 * flat)
            yield f"{flat_kph:g} km/h, 坡度 slope {slope:+.0%}", root * 3.6, float(ride_mps(flat, slope)) * 3.6
