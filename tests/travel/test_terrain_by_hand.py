"""Grounds one can hold in the head."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
import shapely
from rasterio import Affine

from lifecircle.travel.terrain import (
    Going,
    GroundEntrances,
    GroundPlaces,
    TerrainSearch,
    add_barriers,
    make_surface,
    merge_roads,
    place_points,
    published_minutes,
)
from lifecircle.travel.terrain.surface import BARRIER

CELL_M = 100.0
NORTH_UP = Affine(CELL_M, 0, 0, 0, -CELL_M, 0)
WALK, SLOW, MOTOR, BIKE = Going("walk", 3.6), Going("walk", 1.8), Going("motor", 36.0), Going("bike", 14.4)
CLASSES = {1: WALK, 2: SLOW, 3: MOTOR, 4: BIKE}


def ground(rows, elevation=None, classes=CLASSES, transform=NORTH_UP, is_known=None):
    """A surface from rows of digits; 1 on foot at 1 m/s, 2 at half that, 3 by motor at 10 m/s, 4 by bike at 4 m/s, 0 a barrier."""
    landcover = np.array([[int(letter) for letter in row] for row in rows])
    known = landcover != 9 if is_known is None else is_known
    height = None if elevation is None else np.array(elevation, dtype=float)
    return make_surface(landcover, classes, height, transform, "EPSG:32650", is_known=known)


def doors(*cells):
    return GroundEntrances(GroundPlaces(np.array(cells, dtype=np.int64)), np.arange(len(cells) + 1))


def times(surface, *cells, direction="toward", **options):
    return TerrainSearch(surface, direction, **options).spread(doors(*cells))[0]


def test_flat_uniform_ground_is_distance_over_speed_along_the_moves():
    plain = ground(["11111"] * 5)
    row, column = np.indices((5, 5))
    long, short = np.maximum(row, column), np.minimum(row, column)
    np.testing.assert_allclose(times(plain, 0), 100.0 * (long - short + short * sqrt(2)), rtol=1e-12)
    knight = times(plain, 0, moves=16)
    # Between a straight and a diagonal way a knight's move is shorter than both together.
    leaps = np.minimum(short, long - short)
    expected = 100.0 * (leaps * sqrt(5) + (short - leaps) * sqrt(2) + (long - short - leaps))
    np.testing.assert_allclose(knight, expected, rtol=1e-12)
    assert (knight >= 100.0 * np.hypot(row, column) * (1 - 1e-12)).all()


def test_half_of_a_step_at_either_cells_speed():
    assert times(ground(["12"]), 0).tolist() == [[0.0, 50.0 + 100.0]]
    assert times(ground(["13"]), 0)[0, 1] == pytest.approx(50.0 + 5.0)
    # A knight's move bears a quarter in each of its four cells: three of 1 s a metre, one of 2.
    mixed = ground(["110", "012"])
    expected = 100.0 * sqrt(5) / 4 * (1 + 1 + 1 + 2)
    assert times(mixed, 0, moves=16)[1, 2] == pytest.approx(expected)
    assert times(mixed, 0, moves=8)[1, 2] == pytest.approx(100.0 * sqrt(2) + 50.0 * (1 + 2))


def test_a_knight_passes_only_over_ground_people_can_go_on():
    # From a corner to (2, 1): by way of (1, 0) and (1, 1). Either one closed, no leap; both diagonals of the detour remain.
    open_way, closed = ground(["11", "11", "11"]), ground(["11", "01", "11"])
    assert times(open_way, 0, moves=16)[2, 1] == pytest.approx(100.0 * sqrt(5))
    assert times(closed, 0, moves=16)[2, 1] == pytest.approx(100.0 * (1 + sqrt(2)))


def test_up_is_slower_than_down_and_direction_decides_which_is_which():
    hill = ground(["11"], [[0.0, 10.0]])  # a tenth
    up, down = 100.0 * exp(3.5 * 0.10), 100.0 * exp(3.5 * 0.05 - 0.175)
    # The facility stands at the bottom: people come down to it, help goes up from it.
    assert times(hill, 0, direction="toward")[0, 1] == pytest.approx(down, rel=1e-12)
    assert times(hill, 0, direction="from")[0, 1] == pytest.approx(up, rel=1e-12)
    gentle = ground(["11"], [[0.0, 5.0]])
    assert times(gentle, 0, direction="toward")[0, 1] == pytest.approx(100.0 * exp(-0.175), rel=1e-12)


def test_motor_ignores_the_hill_and_a_bicycle_does_not():
    height = [[0.0, 10.0]]
    assert times(ground(["33"], height), 0)[0, 1] == 10.0
    up = times(ground(["44"], height), 0, direction="from")[0, 1]
    parity = times(ground(["44"], height), 0, direction="from", parity=True)[0, 1]
    down = times(ground(["44"], height), 0)[0, 1]
    drag = 0.5 * 0.445 * (1.293 - 0.00426 * 20) * exp(-500 / 7000)
    power = 4.0 * (drag * 16 + 931.0 * 0.012)
    for seconds, slope in ((up, 0.1), (parity, 0.001)):
        speed = 100.0 / seconds
        assert speed * (drag * speed**2 + 931.0 * (slope + 0.012)) == pytest.approx(power, rel=1e-10)
    assert down == pytest.approx(100.0 / 8.0)  # no more than twice the flat speed
    assert times(ground(["44"]), 0)[0, 1] == pytest.approx(25.0)


def test_an_unknown_height_is_flat_and_a_cliff_is_no_way():
    assert times(ground(["111"], [[0.0, np.nan, 500.0]]), 0)[0].tolist() == [0.0, 100.0, 200.0]
    assert np.isinf(times(ground(["11"], [[0.0, 1e6]]), 0, direction="from")[0, 1])


@pytest.mark.parametrize("moves", [8, 16])
def test_no_step_slips_between_two_barrier_cells(moves):
    river = ground(["1110", "1101", "1011", "0111"])
    assert river.is_barrier.sum() == 4
    sealed = times(river, 0, moves=moves)
    assert np.isinf(sealed[3, 3])
    assert np.isfinite(sealed).sum() == 6
    assert np.isfinite(times(river, 0, moves=moves, is_sealed=False)[3, 3])
    # Ground without data is no barrier, as in AccessMod; a barrier that meets it still holds.
    unknown = ground(["1119", "1191", "1911", "9111"])
    assert np.isfinite(times(unknown, 0, moves=moves)[3, 3])
    assert np.isinf(times(ground(["19", "01"]), 0, moves=moves)[1, 1])
    # One barrier cell may be passed at its corner.
    assert times(ground(["10", "11"]), 0, moves=moves)[1, 1] == pytest.approx(100.0 * sqrt(2))


@pytest.mark.parametrize("moves", [8, 16])
@pytest.mark.parametrize("turned", [False, True])
def test_a_river_drawn_as_a_line_lets_nobody_through_but_on_the_bridge(moves, turned):
    plain = ground(["1" * 12] * 12)
    bank = [(-50, -1250), (350, -640), (420, -600), (1300, 70)]
    river = shapely.LineString([(y * -1, x * -1) for x, y in bank] if turned else bank)
    split = add_barriers(plain, [river])
    assert 12 < split.is_barrier.sum() < 40
    corner = 0
    assert np.isinf(times(split, corner, moves=moves)[11, 11])
    road = shapely.LineString([(50, -50), (1150, -1150)])
    bridged = merge_roads(split, [road], np.array([0]), [MOTOR])
    found = times(bridged, corner, moves=moves)
    assert found[11, 11] == pytest.approx(1100 * sqrt(2) / 10, rel=0.01)
    without_roads = np.isinf(found)
    assert (without_roads == bridged.is_barrier).all()


def test_a_lake_is_closed_to_its_shore():
    lake = add_barriers(ground(["11111"] * 5), [shapely.box(110, -390, 390, -110)])
    assert lake.is_barrier.sum() == 9
    assert times(lake, 0)[4, 4] == pytest.approx(100.0 * (6 + sqrt(2)))
    assert add_barriers(lake, []) is lake
    # Thinner than a cell, and over no cell's centre.
    sliver = add_barriers(ground(["11111"] * 5), [shapely.box(-10, -230, 600, -210)])
    assert np.isinf(times(sliver, 0)[4, 4])


def test_a_road_is_continuous_and_the_faster_wins():
    bush = ground(["2" * 8] * 8)
    slow, fast = Going("motor", 18.0), Going("motor", 72.0)
    lines = [shapely.LineString([(20, -60), (790, -410)]), shapely.LineString([(400, 0), (400, -800)])]
    merged = merge_roads(bush, lines, np.array([1, 0]), [fast, slow])
    assert set(np.unique(merged.speed_kph)) == {1.8, 18.0, 72.0}
    assert (merged.speed_kph[:, 4] == 72.0).all()
    steps = np.argwhere(merged.speed_kph == 18.0)
    assert len(steps) >= 8
    assert times(merged, 0)[4, 7] < 400.0  # 18 km/h all the way, not a cell of bush at 200 s
    assert merge_roads(bush, lines, np.array([-1, -1]), [fast]) is bush
    assert bush.speed_kph.max() == 1.8


def test_places_take_the_time_of_the_cell_that_contains_them():
    surface = ground(["11", "12"])
    places = place_points(
        surface, np.array([5.0, 99.0, 100.0, 150.0, -1.0, 50.0]), np.array([-5.0, -99.0, -1.0, -199.0, -1.0, 1.0])
    )
    assert places.cell.tolist() == [0, 0, 1, 3, -1, -1]
    door = GroundEntrances(place_points(surface, np.array([10.0]), np.array([-10.0])), np.array([0, 1]))
    cost, facility = TerrainSearch(surface).nearest(places, door)
    np.testing.assert_allclose(cost, [0.0, 0.0, 100.0, sqrt(2) * 150.0, np.inf, np.inf])
    assert facility.tolist() == [0, 0, 0, 0, -1, -1]


def test_reach_is_sparse_bounded_and_least_over_doors():
    surface = ground(["11111", "00000", "11111"])
    cells = GroundPlaces(np.array([4, 0, 10, 7, 0, -1]))
    entered = GroundEntrances(GroundPlaces(np.array([0, 3, 10, 6, -1])), np.array([0, 2, 3, 4, 5, 5]))
    matrix = TerrainSearch(surface).reach(cells, entered, 300.0)
    assert matrix.shape == (5, 6)
    found = {(f, c): t for f, c, t in zip(*matrix.nonzero(), matrix.data[matrix.data > 0], strict=True)}
    assert found == {(0, 0): 100.0}
    assert matrix.nnz == 4  # the doors' own cells are stored zeros
    assert TerrainSearch(surface).reach(cells, entered, 99.0).nnz == 3
    empty = GroundEntrances(GroundPlaces(np.zeros(0, dtype=np.int64)), np.zeros(1, dtype=np.int64))
    assert TerrainSearch(surface).reach(cells, empty, 300.0).shape == (0, 6)
    assert np.isinf(TerrainSearch(surface).nearest(cells, empty)[0]).all()


def test_metres_are_the_shortest_way_whatever_the_speed():
    surface = ground(["132", "104"], [[0, 50, 0], [9, 9, 9]])
    np.testing.assert_allclose(times(surface, 0, weight="metres"), [[0, 100, 200], [100, np.inf, 100 * (1 + sqrt(2))]])


def test_a_way_that_has_begun_elsewhere_and_a_faster_pace():
    surface = ground(["11111"])
    cells = GroundPlaces(np.arange(5))
    cost, facility = TerrainSearch(surface).nearest(cells, doors(0, 4), start_cost=np.array([250.0, 0.0]))
    assert cost.tolist() == [250.0, 300.0, 200.0, 100.0, 0.0]
    assert facility.tolist() == [0, 1, 1, 1, 1]
    assert times(surface, 0, speed_factor=0.8)[0, 4] == pytest.approx(500.0)


def test_published_minutes_are_rounded_up():
    seconds = np.array([0.0, 60.0, 60.0 + 1e-9, 60.1, 5 * 72.00000000000001, np.inf, np.nan])
    np.testing.assert_array_equal(published_minutes(seconds), [0, 1, 1, 2, 6, np.inf, np.nan])


def test_a_class_nobody_spoke_of_is_a_barrier_and_a_speed_is_needed():
    surface = ground(["17"], classes={1: WALK, 7: Going("none")})
    assert surface.code[0, 1] == BARRIER
    assert ground(["17"]).code[0, 1] == BARRIER
    assert surface.way.tolist() == [["walk", "none"]]
    with pytest.raises(ValueError, match="speed_kph = 0 of walk"):
        Going("walk")
