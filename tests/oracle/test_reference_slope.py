"""The oracle on hills, by hand: people walk one metre a second on the flat and cycle five.

Heights are formulas of the place, so that every slope can be seen: up 10 % a walk takes exp(0.35) of its time on the
flat, down 10 % as long as on the flat, for Tobler's best slope, -5 %, lies half way.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import rasterio
from tests.oracle.reference import ReferenceMode, ReferenceNetwork, Way
from tests.oracle.slope import ReferenceHeights, Segment, between_cells, cycling_speed_ms, node_heights, walking_factor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WALK = ReferenceMode("walk", 3.6, access_kph=3.6, min_fragment_m=0)
BIKE = replace(WALK, network="bike", speed_kph=18.0)
DRIVE = replace(WALK, network="drive", speed_kph=36.0)
STREET = {"highway": "residential"}
UP_10 = math.exp(0.35)
LINE = {1: (0.0, 0.0), 2: (1000.0, 0.0), 3: (2000.0, 0.0)}


def ground(height: Callable[[Any, Any], Any], cell_m: float = 5000.0) -> ReferenceHeights:
    return ReferenceHeights(lambda xy: np.asarray(height(xy[:, 0], xy[:, 1]), float) + 0 * xy[:, 0], cell_m)


HILL = ground(lambda x, _y: 0.1 * x)
TENT = ground(lambda x, _y: 0.1 * np.minimum(x, 1000 - x), 500)


def trip_s(
    ways: list[Way],
    heights: ReferenceHeights | None,
    start: tuple[float, float],
    stop: tuple[float, float],
    mode: ReferenceMode = WALK,
    xy: Any = LINE,
    measure: Any = "s",
) -> float:
    net = ReferenceNetwork.from_ways(xy, ways, mode, heights=heights)
    there = net.matrix([start], [stop], "toward", measure)[0, 0]
    assert net.matrix([stop], [start], "from", measure)[0, 0] == there
    return float(there)


def test_up_and_down_take_their_own_time_and_parts_their_share() -> None:
    ways = [Way([1, 2], STREET)]
    assert trip_s(ways, HILL, (0, 0), (1000, 0)) == pytest.approx(1000 * UP_10)
    assert trip_s(ways, HILL, (1000, 0), (0, 0)) == pytest.approx(1000)
    assert trip_s(ways, HILL, (200, 10), (600, -10)) == pytest.approx(20 + 400 * UP_10)
    assert trip_s(ways, HILL, (600, -10), (200, 10)) == pytest.approx(20 + 400)
    # drawn the other way round it is the same street
    assert trip_s([Way([2, 1], STREET)], HILL, (0, 0), (1000, 0)) == pytest.approx(1000 * UP_10)
    down_5 = ground(lambda x, _y: -0.05 * x)
    assert trip_s(ways, down_5, (0, 0), (1000, 0)) == pytest.approx(1000 * math.exp(-0.175))


def test_metres_stay_on_the_plan_and_cars_and_modes_without_slope_on_the_flat() -> None:
    ways = [Way([1, 2], STREET)]
    assert trip_s(ways, HILL, (0, 0), (1000, 0), measure="m") == 1000
    assert trip_s(ways, HILL, (0, 0), (1000, 0), DRIVE) == pytest.approx(100)
    assert trip_s(ways, HILL, (0, 0), (1000, 0), replace(WALK, slope=False)) == pytest.approx(1000)
    assert trip_s(ways, None, (0, 0), (1000, 0)) == pytest.approx(1000)
    sailing = [Way([1, 2], {"route": "ferry", "duration": "10"}), Way([2, 3], STREET)]
    assert trip_s(sailing, HILL, (0, 0), (2000, 0)) == math.inf  # a place joins no ferry
    assert trip_s([Way([1, 2], STREET), Way([2, 3], sailing[0].tags)], HILL, (0, 0), (1000, 0)) < math.inf
    beyond = {**LINE, 4: (3000.0, 0.0)}
    ways = [Way([1, 2], STREET), Way([2, 3], sailing[0].tags), Way([3, 4], STREET)]
    assert trip_s(ways, HILL, (0, 0), (3000, 0), xy=beyond) == pytest.approx(2000 * UP_10 + 600)


def test_a_segment_goes_in_steps_no_longer_than_a_cell() -> None:
    ways = [Way([1, 2], STREET)]
    # two steps of 500 m: up, then down; the time is even along the segment all the same
    assert trip_s(ways, TENT, (0, 0), (1000, 0)) == pytest.approx(500 * UP_10 + 500)
    assert trip_s(ways, TENT, (0, 0), (500, 0)) == pytest.approx((500 * UP_10 + 500) / 2)
    assert trip_s(ways, replace(TENT, cell_m=999), (0, 0), (1000, 0)) == pytest.approx(500 * UP_10 + 500)
    # one step sees its ends alone; three see 0, 33.3, 33.3 and 0 m
    assert trip_s(ways, replace(TENT, cell_m=1000), (0, 0), (1000, 0)) == pytest.approx(1000)
    assert trip_s(ways, replace(TENT, cell_m=499), (0, 0), (1000, 0)) == pytest.approx(1000 / 3 * (UP_10 + 1 + 1))


def test_unknown_heights_are_level_and_cliffs_count_as_two_to_one() -> None:
    ways = [Way([1, 2], STREET)]
    # of four steps of 250 m the middle two touch the unknown top; the last goes down
    hole = ground(lambda x, _y: np.where(np.abs(x - 500) < 1, np.nan, 0.1 * np.minimum(x, 1000 - x)), 250)
    assert trip_s(ways, hole, (0, 0), (1000, 0)) == pytest.approx(250 * (UP_10 + 3))
    cliff = ground(lambda x, _y: 3 * x)
    assert trip_s(ways, cliff, (0, 0), (1000, 0)) == pytest.approx(1000 * math.exp(3.5 * 2.05 - 0.175))
    assert trip_s(ways, cliff, (1000, 0), (0, 0)) == pytest.approx(1000 * math.exp(3.5 * 1.95 - 0.175))


def test_a_bicycle_rides_at_even_power_at_most_twice_as_fast_and_is_pushed_up_walls() -> None:
    air_kg_m = 0.5 * 0.445 * (1.293 - 0.0852) * math.exp(-1 / 14)
    for slope in (0.03, 0.01, -0.005, -0.012):
        power_w = 5 * (air_kg_m * 25 + 931 * 0.012)
        roots = np.roots([air_kg_m, 0, 931 * (slope + 0.012), -power_w])
        (speed_ms,) = (root.real for root in roots if abs(root.imag) < 1e-9 and root.real > 0)
        assert cycling_speed_ms(np.array([slope]), np.array([5.0]))[0] == pytest.approx(speed_ms, rel=1e-12)
        height = ground(lambda x, _y, slope=slope: slope * x)
        expected = 1000 / min(speed_ms, 10.0)
        assert trip_s([Way([1, 2], STREET)], height, (0, 0), (1000, 0), BIKE) == pytest.approx(expected)
    ways = [Way([1, 2], STREET)]
    assert trip_s(ways, ground(lambda _x, _y: 7.0), (0, 0), (1000, 0), BIKE) == pytest.approx(200)
    assert trip_s(ways, HILL, (1000, 0), (0, 0), BIKE) == pytest.approx(100)
    # up 30 % riding takes 931 W x 0.312 m a metre of its 70 W: 4 s; pushing exp(3.5 x 0.35 - 0.175) = 2.86 s
    steep = ground(lambda x, _y: 0.3 * x)
    assert trip_s(ways, steep, (0, 0), (1000, 0), BIKE) == pytest.approx(1000 * math.exp(1.05))
    one_way = [Way([1, 2], STREET | {"oneway": "yes"})]
    assert trip_s(one_way, HILL, (1000, 0), (0, 0), BIKE) == math.inf


def test_bridges_and_tunnels_rise_evenly_between_their_ends() -> None:
    # 0 -- 10 == 11 == 12 -- 13; the valley under 11 and 12 is deep; the bridge starts at 10 m, ends at 60 m
    xy = {n: (float(x), 0.0) for n, x in zip((0, 10, 11, 12, 13), (0, 100, 200, 600, 1000), strict=True)}
    heights = ground(lambda x, _y: np.where((x > 100) & (x < 600), -300.0, np.where(x < 600, 10.0, 60.0)), 30)
    even = math.exp(0.35)  # 50 m over 500 m
    for key in ("bridge", "tunnel"):
        span = Way([10, 11, 12], STREET | {key: "yes"})
        ways = [Way([0, 10], STREET), span, Way([12, 13], STREET)]
        assert trip_s(ways, heights, (0, 0), (1000, 0), xy=xy) == pytest.approx(100 + 500 * even + 400)
        assert trip_s(ways, heights, (1000, 0), (0, 0), xy=xy) == pytest.approx(1000)
        # in two ways of different kinds as well
        two = [Way([10, 11], span.tags), Way([11, 12], STREET | {"bridge": "viaduct"})]
        assert trip_s([ways[0], *two, ways[2]], heights, (0, 0), (1000, 0), xy=xy) == pytest.approx(500 + 500 * even)
        on_ground = [ways[0], Way(span.nodes, STREET | {key: "no"}), ways[2]]
        assert trip_s(on_ground, heights, (0, 0), (1000, 0), xy=xy) > 2000
    # what meets the bridge on the ground holds it there, if the mode may use it
    xy[20] = (200.0, 50.0)
    ways.append(Way([11, 20], {"highway": "footway"}))
    assert trip_s(ways, heights, (0, 0), (1000, 0), xy=xy) > 2000
    slope = np.array([0.1])
    rides_s = 100 / 5 + 500 / cycling_speed_ms(slope, np.array([5.0]))[0] + 400 / 5
    pushes_s = 500 * walking_factor(slope)[0] + 100
    assert trip_s(ways, heights, (0, 0), (1000, 0), BIKE, xy=xy) == pytest.approx(min(rides_s, pushes_s))


def bridge(a: int, b: int, length_m: float, *, is_bridge: bool = True) -> Segment:
    return Segment(a, b, length_m, 3.6, is_bridge, False)


def test_heights_where_bridges_fork_end_and_float() -> None:
    dem_m = np.array([0.0, 0.0, 40.0, -99.0, -50.0])
    # 3 hangs between 0, 1 (100 m each) and 2 (50 m): (0 + 0 + 40 / 50) / (1 / 100 + 1 / 100 + 1 / 50) = 20
    fork = [bridge(0, 3, 100), bridge(3, 1, 100), bridge(2, 3, 50)]
    assert node_heights(fork, dem_m).tolist() == pytest.approx([0, 0, 40, 20, -50])
    # an end of unknown height is no end: (0 / 100 + 40 / 50) / (1 / 100 + 1 / 50)
    assert node_heights(fork, np.array([0, np.nan, 40, -99, -50]))[3] == pytest.approx(80 / 3)
    # two inner nodes on a chain 0 - 3 - 4 - 2 of 10, 20 and 10 m
    chain = [bridge(0, 3, 10), bridge(3, 4, 20), bridge(4, 2, 10)]
    assert node_heights(chain, dem_m).tolist() == pytest.approx([0, 0, 40, 10, 30])
    # a pier, a dead end, stands where the DEM says; a street on the ground takes an inner node down
    assert node_heights(chain[:2], dem_m).tolist() == pytest.approx([0, 0, 40, -50 / 3, -50])
    assert node_heights([*chain, bridge(4, 1, 5, is_bridge=False)], dem_m)[[3, 4]] == pytest.approx([-50 / 3, -50])
    # no end at all, or none that is known
    ring = [bridge(0, 1, 10), bridge(1, 2, 10), bridge(2, 0, 10)]
    assert np.isnan(node_heights(ring, dem_m)[:3]).all()
    assert np.isnan(node_heights(chain, np.array([np.nan, 0, np.nan, 5, 5]))[[3, 4]]).all()


def test_steps_go_at_their_own_speed_whatever_their_slope() -> None:
    ways = [Way([1, 2], {"highway": "steps"})]
    by_class = {"default": 3.6, "residential": 7.2}
    for mode, seconds in (
        (WALK, 1800),
        (replace(WALK, steps_kph=1.8), 2000),
        (replace(WALK, speed_kph=by_class), 1800),
        (replace(WALK, speed_kph=by_class | {"steps": 1.2}), 3000),
        (replace(WALK, slope=False), 1000),
        (replace(WALK, slope=False, speed_kph=by_class | {"steps": 1.2}), 3000),
    ):
        assert trip_s(ways, HILL, (0, 0), (1000, 0), mode) == pytest.approx(seconds)
        assert trip_s(ways, HILL, (1000, 0), (0, 0), mode) == pytest.approx(seconds)
    assert trip_s(ways, None, (0, 0), (1000, 0)) == pytest.approx(1000)
    # the street beside them keeps its slope
    assert trip_s([*ways, Way([2, 3], STREET)], HILL, (0, 0), (2000, 0)) == pytest.approx(1800 + 1000 * UP_10)


def test_heights_lie_between_four_centres() -> None:
    cells = np.array([[0.0, 10.0, 20.0], [100.0, np.nan, 40.0]])

    def at(column: float, row: float) -> float:
        return float(between_cells(cells, np.array([column]), np.array([row]))[0])

    assert at(0.5, 0.5) == 0
    assert at(1.25, 0.5) == pytest.approx(7.5)
    # 0 and 10 and 100 share what the unknown fourth leaves: each a third at the corner of the four
    assert at(1.0, 1.0) == pytest.approx(110 / 3)
    # nearer the first column: weights 9/16, 3/16, 3/16 of the known three
    assert at(0.75, 0.75) == pytest.approx((3 * 10 + 3 * 100) / 15)
    # the rim has half its neighbours, the outside none; nothing is known at the centre of a hole
    assert at(0.0, 0.0) == 0
    assert at(0.0, 1.0) == pytest.approx(50)
    assert at(3.0, 2.0) == 40
    assert math.isnan(at(3.01, 1.0))
    assert math.isnan(at(1.0, -0.01))
    assert math.isnan(at(1.5, 1.5))


def write_dem(path: Path, crs: str, cell_m: tuple[float, float]) -> Path:
    corner = rasterio.Affine(cell_m[0], 0, 500_000, 0, -cell_m[1], 100)
    options = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "int16", "nodata": -1}
    with rasterio.open(path, "w", crs=crs, transform=corner, **options) as file:
        file.write(np.array([[0, 10], [-1, 30]], np.int16), 1)
    return path


def test_rasters_are_read_in_their_own_crs(tmp_path: Path) -> None:
    heights = ReferenceHeights.from_dem(write_dem(tmp_path / "dem.tif", "EPSG:32650", (30, 20)), "EPSG:32650")
    assert heights.cell_m == 20
    places = np.array([[500_015.0, 90.0], [500_045.0, 80.0], [500_045.0, 101.0], [500_030.0, 80.0]])
    expected = [0, 20, np.nan, 40 / 3]
    assert heights.sample(places) == pytest.approx(expected, nan_ok=True)
    # asked from the neighbouring zone
    project = pyproj.Transformer.from_crs("EPSG:32650", "EPSG:32651", always_xy=True).transform(*places.T)
    moved = ReferenceHeights.from_dem(tmp_path / "dem.tif", "EPSG:32651")
    assert moved.sample(np.column_stack(project)) == pytest.approx(expected, abs=1e-3, nan_ok=True)
    with pytest.raises(NotImplementedError, match="metres"):
        ReferenceHeights.from_dem(write_dem(tmp_path / "degrees.tif", "EPSG:4326", (1e-4, 1e-4)), "EPSG:32650")
