"""The grid search against scipy's Dijkstra on the same steps written out as a graph, and what must hold on any ground."""

from __future__ import annotations

import itertools

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import Affine
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lifecircle.travel.terrain import (
    Going,
    GroundEntrances,
    GroundPlaces,
    TerrainSearch,
    add_barriers,
    make_surface,
    merge_roads,
)

GOINGS = {
    1: Going("walk", 5.0),
    2: Going("walk", 0.7),
    3: Going("motor", 90.0),
    4: Going("bike", 15.0),
    5: Going("motor", 3.0),
}
UNKNOWN = 9


@st.composite
def grounds(draw, *, is_flat=False):
    rows, columns = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes = rng.choice([1, 2, 3, 4, 5, 0, UNKNOWN], (rows, columns), p=[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    height = rng.normal(0, draw(st.sampled_from([0.0, 5.0, 60.0])), (rows, columns))
    height[rng.random((rows, columns)) < 0.1] = np.nan
    cell = Affine(draw(st.sampled_from([10.0, 100.0])), 0, 0, 0, -draw(st.sampled_from([10.0, 130.0])), 0)
    surface = make_surface(classes, GOINGS, None if is_flat else height, cell, "", is_known=classes != UNKNOWN)
    return surface, rng


def pace(going, slope, parity):
    """Seconds a metre."""
    flat = going.speed_kph / 3.6
    if going.way == "motor":
        return 1 / flat
    if going.way == "walk":
        return 1 / (flat * np.exp(-3.5 * abs(slope + 0.05)) / np.exp(-0.175))
    drag = 0.5 * 0.445 * (1.293 - 0.00426 * 20) * np.exp(-500 / 7000)
    rolling = 9.8 * 95 * ((0.01 if parity else 1.0) * slope + 0.012)
    roots = np.roots([drag, 0.0, rolling, -flat * (drag * flat**2 + 9.8 * 95 * 0.012)])
    return 1 / min(max(roots[np.abs(roots.imag) < 1e-9].real), 2 * flat)


def step_graph(surface, moves, parity, is_sealed):
    """Every step as people go it, from cell to cell."""
    rows, columns = surface.shape
    wide, high = surface.cell_m
    goings = [[surface.goings[code] for code in row] for row in surface.code]
    matrix = {}
    steps = [
        (i, j) for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2) if 0 < abs(i) + abs(j) <= (3 if moves == 16 else 2)
    ]
    steps = [(i, j) for i, j in steps if max(abs(i), abs(j)) == 1 or (moves == 16 and {abs(i), abs(j)} == {1, 2})]
    for row, column in np.ndindex(rows, columns):
        for i, j in steps:
            to = (row + i, column + j)
            if not (0 <= to[0] < rows and 0 <= to[1] < columns):
                continue
            cells = [(row, column), to]
            if abs(i) + abs(j) == 3:
                half = (row + i // 2, column) if abs(i) == 2 else (row, column + j // 2)
                cells += [half, (row + int(np.sign(i)), column + int(np.sign(j)))]
            elif abs(i) + abs(j) == 2 and is_sealed:
                sides = [(row, to[1]), (to[0], column)]
                if not any(surface.is_passable[side] for side in sides) and any(
                    surface.is_barrier[side] for side in sides
                ):
                    continue
            if not all(surface.is_passable[cell] for cell in cells):
                continue
            length = np.hypot(i * high, j * wide)
            slope = (surface.elevation_m[to] - surface.elevation_m[row, column]) / length
            slope = 0.0 if np.isnan(slope) else slope
            seconds = sum(length / len(cells) * pace(goings[a][b], slope, parity) for a, b in cells)
            matrix[row * columns + column, to[0] * columns + to[1]] = seconds
    n = rows * columns
    if not matrix:
        return csr_array((n, n))
    tail, head = np.array(list(matrix)).T
    return csr_array((np.array(list(matrix.values())), (tail, head)), shape=(n, n))


def doors_at(cells):
    return GroundEntrances(GroundPlaces(np.asarray(cells, dtype=np.int64)), np.arange(len(cells) + 1))


def spread(surface, cells, direction, **options):
    return TerrainSearch(surface, direction, **options).spread(doors_at(cells))


@settings(max_examples=200, deadline=None)
@given(grounds(), st.sampled_from([8, 16]), st.sampled_from(["toward", "from"]), st.booleans(), st.booleans())
def test_equal_to_dijkstra_on_the_steps_written_out(made, moves, direction, parity, is_sealed):
    surface, rng = made
    cells = rng.integers(0, surface.code.size, 3)
    graph = step_graph(surface, moves, parity, is_sealed)
    matrix = dijkstra(graph if direction == "from" else graph.T.tocsr(), indices=cells)
    matrix[~surface.is_passable.reshape(-1)[cells]] = np.inf
    found, label = spread(surface, cells, direction, moves=moves, parity=parity, is_sealed=is_sealed)
    np.testing.assert_allclose(found.reshape(-1), matrix.min(axis=0), rtol=1e-12, atol=1e-6)
    is_reached = np.isfinite(found.reshape(-1))
    assert ((label.reshape(-1) >= 0) == is_reached).all()
    by_label = matrix[label.reshape(-1)[is_reached], np.flatnonzero(is_reached)]
    np.testing.assert_allclose(by_label, found.reshape(-1)[is_reached], rtol=1e-12, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(grounds(), st.sampled_from([8, 16]), st.floats(0, 2000))
def test_reach_is_the_searches_one_by_one_up_to_the_horizon(made, moves, horizon):
    surface, rng = made
    n = surface.code.size
    cells = rng.integers(-1, n, 12)
    people = GroundPlaces(rng.permutation(np.arange(-1, n)))
    search = TerrainSearch(surface, moves=moves)
    matrix = search.reach(people, doors_at(cells), horizon)
    dense = np.full(matrix.shape, np.inf)
    dense[np.repeat(np.arange(12), np.diff(matrix.indptr)), matrix.indices] = matrix.data
    for facility in range(12):
        alone, _ = search.nearest(people, doors_at(cells[[facility]]))
        np.testing.assert_array_equal(dense[facility], np.where(alone <= horizon, alone, np.inf))
    limited, _ = search.nearest(people, doors_at(cells), horizon)
    np.testing.assert_array_equal(limited, dense.min(axis=0))


@settings(max_examples=60, deadline=None)
@given(grounds(), st.sampled_from([8, 16]))
def test_one_more_facility_slows_nobody_and_more_moves_slow_nobody(made, moves):
    surface, rng = made
    cells = rng.integers(0, surface.code.size, 4)
    few, _ = spread(surface, cells[:3], "toward", moves=moves)
    more, _ = spread(surface, cells, "toward", moves=moves)
    assert (more <= few).all()
    leaping, _ = spread(surface, cells, "toward", moves=16)
    assert (leaping <= more).all()


@settings(max_examples=60, deadline=None)
@given(grounds(is_flat=True), st.sampled_from([8, 16]))
def test_there_and_back_agree_on_level_ground(made, moves):
    surface, rng = made
    cells = rng.integers(0, surface.code.size, 3)
    there, _ = spread(surface, cells, "toward", moves=moves)
    back, _ = spread(surface, cells, "from", moves=moves)
    np.testing.assert_allclose(there, back, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(grounds(), st.integers(0, 80))
def test_closing_ground_speeds_nobody(made, closed):
    surface, rng = made
    cells = rng.integers(0, surface.code.size, 3)
    before, _ = spread(surface, cells, "toward")
    code = surface.code.copy()
    code.reshape(-1)[closed % code.size] = 1
    after, _ = TerrainSearch(
        type(surface)(surface.transform, surface.crs, code, surface.goings, surface.elevation_m)
    ).spread(doors_at(cells))
    assert (after >= before).all()


corner = st.tuples(st.floats(-100, 1000), st.floats(-1300, 100))


@settings(max_examples=60, deadline=None)
@given(grounds(), st.lists(corner, min_size=2, max_size=5, unique=True), st.booleans(), st.sampled_from([8, 16]))
def test_a_river_or_a_lake_speeds_nobody_and_no_step_leads_over_it(made, corners, is_area, moves):
    surface, rng = made
    shape = shapely.LineString(corners)
    shape = shape.convex_hull if is_area else shape
    split = add_barriers(surface, [shape])
    cells = rng.integers(0, surface.code.size, 3)
    for direction in ("toward", "from"):
        before, _ = spread(surface, cells, direction, moves=moves)
        after, _ = spread(split, cells, direction, moves=moves)
        assert (after >= before).all()
        assert np.isinf(after[split.is_barrier]).all()
    # Every single step between two cells that are still open keeps clear of the line between them.
    if not is_area:
        wide, high = surface.cell_m
        graph = step_graph(split, moves, parity=False, is_sealed=True).tocoo()
        (from_row, from_column), (to_row, to_column) = (
            np.divmod(ends, surface.shape[1]) for ends in (graph.row, graph.col)
        )
        starts, ends = (
            (wide * (column + 0.5), -high * (row + 0.5))
            for row, column in ((from_row, from_column), (to_row, to_column))
        )
        steps = (
            shapely.linestrings(np.stack([np.column_stack(starts), np.column_stack(ends)], axis=1)) if graph.nnz else []
        )
        assert not shapely.crosses(steps, shape).any()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 12), st.integers(1, 12), st.floats(1, 500), st.floats(1, 500), st.floats(0.1, 120),
    st.sampled_from(["walk", "bike", "motor"]), st.sampled_from([8, 16]), st.sampled_from(["toward", "from"]), st.data(),
)  # fmt: skip
def test_flat_uniform_ground_is_distance_over_speed_within_the_moves(
    rows, columns, wide, high, kph, way, moves, direction, data
):
    surface = make_surface(
        np.ones((rows, columns), int), {1: Going(way, kph)}, None, Affine(wide, 0, 0, 0, -high, 0), ""
    )
    start = data.draw(st.integers(0, rows * columns - 1))
    seconds, _ = spread(surface, [start], direction, moves=moves)
    metres, _ = TerrainSearch(surface, direction, moves=moves, weight="metres").spread(doors_at([start]))
    np.testing.assert_allclose(seconds * kph / 3.6, metres, rtol=1e-9, atol=1e-9)
    row, column = np.indices((rows, columns))
    down, across = abs(row - start // columns), abs(column - start % columns)
    # The cheapest mixture of two moves that lead there: straight and diagonal, with a knight's move between them.
    kinds = [(1, 0), (1, 1), (0, 1)] if moves == 8 else [(1, 0), (2, 1), (1, 1), (1, 2), (0, 1)]
    expected = np.full((rows, columns), np.inf)
    for (i, j), (k, m) in itertools.pairwise(kinds):
        first, second = (down * m - across * k) / (i * m - j * k), (across * i - down * j) / (i * m - j * k)
        mixed = first * np.hypot(i * high, j * wide) + second * np.hypot(k * high, m * wide)
        expected = np.where((first >= 0) & (second >= 0), mixed, expected)
    if min(wide, high) * 1.5 >= max(wide, high) and min(rows, columns) > 2:
        # Near square the neighbouring moves are the best there are; a knight's move needs room at the border.
        np.testing.assert_allclose(metres, expected, rtol=1e-9)
    straight = np.hypot(down * high, across * wide)
    assert (metres >= straight * (1 - 1e-9)).all()
    assert (metres <= down * high + across * wide + 1e-6).all()


@settings(max_examples=40, deadline=None)
@given(grounds(), st.lists(corner, min_size=2, max_size=4, unique=True))
def test_a_road_over_a_barrier_is_a_way_across(made, corners):
    surface, _ = made
    river = add_barriers(surface, [shapely.LineString(corners)])
    road = shapely.LineString(
        [(0.0, -surface.cell_m[1] * surface.shape[0]), (surface.cell_m[0] * surface.shape[1], 0.0)]
    )
    bridged = merge_roads(river, [road], np.array([0]), [Going("motor", 50.0)])
    opened = bridged.is_passable & ~river.is_passable
    boxes = np.flatnonzero(opened.reshape(-1))
    wide, high = surface.cell_m
    row, column = np.divmod(boxes, surface.shape[1])
    shapes = shapely.box(wide * column, -high * (row + 1), wide * (column + 1), -high * row)
    assert (shapely.distance(shapes, road) < 1e-6).all()


def test_a_long_way_goes_round_the_ring_of_buckets_more_than_once():
    # A day on foot beside a motorway: steps from 3 s to hours, far beyond what the buckets span at once.
    classes = np.full((3, 4000), 2)
    classes[1] = 3
    rng = np.random.default_rng(5)
    surface = make_surface(classes, GOINGS, rng.normal(0, 60, classes.shape), Affine(100, 0, 0, 0, -100, 0), "")
    found, _ = spread(surface, [0], "toward")
    expected = dijkstra(step_graph(surface, 8, parity=False, is_sealed=True).T.tocsr(), indices=0)
    np.testing.assert_allclose(found.reshape(-1), expected, rtol=1e-11)


def test_cliffs_that_take_longer_than_the_world_has_stood():
    # Costs so large that the bucket's number has more digits than a float64.
    height = np.array(
        [[-59.35129452, 32.21716234, np.nan, -44.13050097, 114.49450505, -30.07947489, 62.63203532, -42.07]]
    )
    surface = make_surface(np.array([[1, 2, 1, 4, 1, 1, 3, 0]]), GOINGS, height, Affine(10, 0, 0, 0, -10, 0), "")
    found, _ = spread(surface, [3, 4], "toward")
    graph = step_graph(surface, 8, parity=False, is_sealed=True).T.tocsr()
    np.testing.assert_allclose(found.reshape(-1), dijkstra(graph, indices=[3, 4]).min(axis=0), rtol=1e-12)
    assert found[0, 6] > 1e22
