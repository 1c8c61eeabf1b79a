"""Outlines by hand: squares of a raster, squares that zones were cut into, ground round points."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from lifecircle.gaps import outlines as gap_shapes
from lifecircle.gaps.causes import find_gaps
from lifecircle.gaps.outlines import ROUND_M, lattice_of, outline_gaps
from lifecircle.model import Cells, RasterGrid


def cells_at(x, y, *, grid=None, size_m=0.0):
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    name = np.array([str(n) for n in range(len(x))], dtype=object)
    return Cells(name, x, y, x, y, np.ones(len(x)), {}, {}, grid, size_m)


def raster(columns, rows):
    row, column = np.array(rows), np.array(columns)
    grid = RasterGrid("EPSG:4549", (100.0, 0.0, 5000.0, 0.0, -100.0, 9000.0), (99, 99), row, column)
    return cells_at(5050 + 100.0 * column, 8950 - 100.0 * row, grid=grid, size_m=100.0)


def gaps_of(cells, people=None, cause=None):
    count = len(cells)
    people = np.ones(count) * 100 if people is None else np.array(people, dtype=float)
    return find_gaps(
        lattice_of(cells), np.arange(count), people, np.zeros(count, int) if cause is None else np.array(cause)
    )


@pytest.fixture(params=["traced", "joined"])
def _either_way(request, monkeypatch):
    if request.param == "joined":
        monkeypatch.setattr(gap_shapes, "MOST_SQUARES", 0)


@pytest.mark.usefixtures("_either_way")
def test_squares_of_a_raster_where_they_are():
    cells = raster([3, 4, 5, 9], [7, 8, 8, 7])
    (large, small) = outline_gaps(cells, gaps_of(cells))
    # Two squares side by side and one at a corner: valid, and in two parts.
    assert large.equals(shapely.union_all([shapely.box(5300, 8200, 5400, 8300), shapely.box(5400, 8100, 5600, 8200)]))
    assert small.equals(shapely.box(5900, 8200, 6000, 8300))
    assert large.is_valid


@pytest.mark.usefixtures("_either_way")
def test_a_hole_stays_a_hole():
    ring = [(c, r) for c in range(3) for r in range(3) if (c, r) != (1, 1)]
    cells = raster([c for c, _ in ring], [r for _, r in ring])
    (shape,) = outline_gaps(cells, gaps_of(cells))
    assert shape.area == 8 * 100 * 100
    assert not shape.contains(shapely.Point(5150, 8850))


def test_squares_of_zones_and_two_gaps_in_one_square():
    # Pieces of two zones in the square (2, 3): one cut off, and no square of its own.
    cells = cells_at([410, 590, 700], [650, 700, 650], size_m=200.0)
    gaps = gaps_of(cells, people=[300, 200, 100], cause=[0, 1, 0])
    assert gaps.people.tolist() == [400, 200]
    large, hidden = outline_gaps(cells, gaps)
    assert large.equals(shapely.box(400, 600, 800, 800))
    assert hidden.equals(shapely.box(400, 600, 600, 800))


def test_the_ground_round_points_holds_them_all():
    rng = np.random.default_rng(3)
    cells = cells_at(rng.uniform(0, 900, 300), rng.uniform(0, 900, 300))
    gaps = gaps_of(cells)
    shapes = outline_gaps(cells, gaps)
    points = shapely.points(cells.x, cells.y)
    assert shapely.covers(shapes[gaps.gap], points).all()
    assert (shapely.distance(shapes[gaps.gap], points) == 0).all()
    assert sum(shape.area for shape in shapes) < 1e6 + 4 * 1000 * ROUND_M


def test_nothing_has_no_outline():
    cells = cells_at([0.0], [0.0])
    none = np.zeros(0, dtype=np.int64)
    assert not len(outline_gaps(cells, find_gaps(lattice_of(cells), none, np.zeros(0), none)))
