"""Streets made by hand: the nearest first, a one-way ring, ten minutes' walk, the area of an isochrone, hills."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, pi
from pathlib import Path

import numpy as np
from rasterio import Affine
from scipy.sparse import coo_array

from lifecircle.config.schema import Direction
from lifecircle.indicators.supply_and_demand import fill_nearest_first
from lifecircle.model import Roads
from lifecircle.travel.isochrones import Isochrone, isochrones
from lifecircle.travel.reach import Search, join_points
from lifecircle.travel.slope import Heights
from lifecircle.travel.terrain import Going, GroundEntrances, GroundPlaces, TerrainSearch, make_surface
from lifecircle.travel.terrain.kernels import ride_mps
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import doors_at, make_network, make_roads

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


NODES = ((0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0), (0.0, 1000.0))


@case(
    "one-way",
    zh="单行环路：来与去不同（36 km/h，每边 1 km）",
    en="One-way ring of 4 km by car, 36 km/h",
    source="by hand: the hospital at a corner, a place 250 m past it in the direction of travel and 20 m off at 1 m/s",
    unit="秒 s",
    tolerance=1e-6,
)
def one_way(_: Path) -> Iterator[Figure]:
    """Yield the time to and from a place that lies just past the facility."""
    ring = make_roads(NODES, [([0, 1, 2, 3, 0], {"oneway": "yes"})])
    expected: tuple[tuple[str, Direction, str, float], ...] = (
        ("开车去 people go", "toward", "drive", 20 + 375),
        ("开车来 help comes", "from", "drive", 20 + 25),
        ("步行双向 on foot, both ways", "toward", "walk", 20 + 250),
    )
    for label, direction, mode, seconds in expected:
        speed = {"speeds_kph": {"default": 36}} if mode == "drive" else {"speed_kph": 3.6}
        network = make_network(ring, mode, None, access_kph=3.6, **speed)
        place = join_points(network, np.array([250.0]), np.array([20.0]))
        cost, _facility = Search(network, "seconds", direction).nearest(place, doors_at(network, [NODES[0]]))
        yield label, float(seconds), cost[0]


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


CROSSING = ((0.0, 0.0), (2000.0, 0.0), (0.0, 2000.0), (-2000.0, 0.0), (0.0, -2000.0))


def draw_crossing(limit_m: float, **mode: float) -> Isochrone:
    """Draw the area within a distance of the crossing of two long streets."""
    network = make_network(make_roads(CROSSING, [([1, 0, 3], {}), ([2, 0, 4], {})]), "walk", None, **mode)
    (drawn,) = isochrones(network, doors_at(network, [CROSSING[0]]), [limit_m], weight="metres")
    return drawn


@case(
    "isochrone-areas",
    zh="等时圈面积：十字街口",
    en="Isochrone areas at a crossing of streets",
    source="by hand: access leg + street <= L is |x| + |y| <= L, 2 L^2; less 2 (L - 2 a)^2 where legs are at most a; a straight walk is a circle",
    unit="公顷 ha",
    tolerance=0.0,
)
def isochrone_areas(_: Path) -> Iterator[Figure]:
    """Yield areas in hectares, within 0.5 %, and the audits."""
    diamond, strips, circle = (
        draw_crossing(400.0),
        draw_crossing(400.0, max_access_m=100.0),
        draw_crossing(200.0, direct_m=200.0),
    )
    for label, drawn, area_m2 in (
        ("菱形 diamond, 400 m", diamond, 2 * 400.0**2),
        ("支线至多 legs up to 100 m", strips, 2 * 400.0**2 - 2 * 200.0**2),
        ("圆 circle, 200 m", circle, pi * 200.0**2),
    ):
        yield label, area_m2 / 1e4, drawn.polygon.area / 1e4, 0.005 * area_m2 / 1e4
        yield "  圈外路长 streets outside", 0.0, drawn.outside_share, 0.005
        yield "  圈内超时 slower area", 0.0, drawn.slower_share, 0.01


STEPS, STEP_M = 10, 100.0
TOBLER_FLAT_KPH = 6.0 * exp(-0.175)


def ramp_kph(going: Going, slope: float) -> float:
    """Return the speed up (or, where negative, down) an even ramp of 1 km, over the plan."""
    height_m = np.arange(STEPS + 1)[np.newaxis, :] * slope * STEP_M
    surface = make_surface(
        np.ones((1, STEPS + 1), dtype=np.int32), {1: going}, height_m, Affine(STEP_M, 0, 0, 0, -STEP_M, 0), "EPSG:4549"
    )
    cost_s, _ = TerrainSearch(surface).nearest(
        GroundPlaces(np.array([0])), GroundEntrances(GroundPlaces(np.array([STEPS])), np.array([0, 1]))
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
