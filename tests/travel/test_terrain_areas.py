"""Areas of cells, by hand: any raster of costs, traced along the borders of its cells."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio import Affine

from lifecircle.travel.terrain import catchments_of_cells, outline_cells, slower_cells_share

GRID = Affine(10, 0, 500, 0, -20, 900)
INF = np.inf
COST = np.array([
    [1.0, 2.0, 9.0, INF],
    [2.0, INF, 9.0, 1.0],
    [3.0, 4.0, 9.0, INF],
])  # fmt: skip


def turn(x, y):
    """Another CRS: turned, larger and a little bent."""
    return 3 * y + 1e-7 * x**2, -3 * x + 7


def turn_back(x, y):
    first = (7 - y) / 3
    return first, (x - 1e-7 * first**2) / 3


def test_an_area_is_its_cells_with_holes_and_islands():
    small, large = outline_cells(COST, [2.0, 9.0], GRID)
    cells = [shapely.box(500, 880, 510, 900), shapely.box(510, 880, 520, 900), shapely.box(500, 860, 510, 880)]
    assert small.equals(shapely.union_all([*cells, shapely.box(530, 860, 540, 880)]))
    assert large.area == 10 * 200 - 200
    assert len(shapely.get_parts(large)) == 1
    assert sum(len(part.interiors) for part in large.geoms) == 1
    assert large.is_valid


def test_cells_that_touch_in_a_corner_do_not_leak():
    (area,) = outline_cells(np.array([[1.0, INF], [INF, 1.0]]), [5.0], GRID)
    assert len(area.geoms) == 2
    assert area.is_valid


def test_nothing_reached_is_an_empty_area():
    (area,) = outline_cells(np.full((3, 3), INF), [5.0], GRID)
    assert area.is_empty
    assert np.isnan(slower_cells_share(area, COST, 5.0, GRID))


def test_catchments_are_exclusive_and_together_the_area():
    facility = np.array([[0, 0, 1, -1], [0, -1, 1, 2], [0, 1, 1, -1]])
    parts = catchments_of_cells(facility, COST, 4.0, GRID)
    assert {row: area.area for row, area in parts.items()} == {0: 800, 1: 200, 2: 200}
    (whole,) = outline_cells(COST, [4.0], GRID)
    assert shapely.union_all(list(parts.values())).equals(whole)


def test_the_audit_finds_what_is_slower():
    (area,) = outline_cells(COST, [9.0], GRID)
    assert slower_cells_share(area, COST, 9.0, GRID) == 0
    assert slower_cells_share(area, COST, 4.0, GRID) == pytest.approx(3 / 9, abs=0.02)


@given(arrays(np.float64, (7, 9), elements=st.sampled_from([1.0, 2.0, 3.0, INF])))
def test_in_another_crs_bands_still_lie_in_one_another_and_hold_their_cells(cost):
    bands = outline_cells(cost, [1.0, 2.0, 3.0], GRID, turn)
    for smaller, larger in pairwise(bands):
        assert shapely.difference(smaller, larger).area < 1e-6
    row, column = np.indices(cost.shape)
    x, y = turn(505.0 + 10.0 * column.ravel(), 890.0 - 20.0 * row.ravel())
    for limit, band in zip((1.0, 2.0, 3.0), bands, strict=True):
        assert band.is_valid
        np.testing.assert_array_equal(shapely.contains_xy(band, x, y), cost.ravel() <= limit)
        assert band.is_empty or slower_cells_share(band, cost, limit, GRID, turn_back) < 0.002
