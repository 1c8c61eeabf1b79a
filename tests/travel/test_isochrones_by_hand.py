"""Isochrones and catchment areas on streets whose answer is known without a computer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely

from lifecircle.travel.isochrones import (
    AccessRaster,
    catchment_polygons,
    dissolved_isochrones,
    draw,
    isochrones,
    outline_strip,
    raster,
    reached_streets,
)
from lifecircle.travel.isochrones.audit import outside_share, slower_share
from lifecircle.travel.isochrones.contours import fill_borders, trace_borders
from lifecircle.travel.isochrones.raster import join_tile
from lifecircle.travel.isochrones.spread import Spread, find_doors
from lifecircle.travel.join import find_nearest_segments
from lifecircle.travel.reach import Entrances, Search, join_points
from tests.travel.made import doors_at, make_network, make_roads


def straight(length_m: float = 4000.0, **changes):
    return make_network(make_roads([(0, 0), (length_m, 0)], [([0, 1], {})]), **changes)


def a_town(**changes):
    """Streets every 100 m, 9 x 9, some missing."""
    nodes = [(100.0 * column, 100.0 * row) for row in range(9) for column in range(9)]
    links = [(9 * r + c, 9 * r + c + 1) for r in range(9) for c in range(8)]
    links += [(9 * r + c, 9 * r + c + 9) for r in range(8) for c in range(9)]
    return make_network(
        make_roads(nodes, [([a, b], {}) for number, (a, b) in enumerate(links) if number % 5]), **changes
    )


def contains(polygon, *points):
    return [bool(shapely.contains_xy(polygon, x, y)) for x, y in points]


@pytest.mark.parametrize("cell_m", [2.5, 5.0, 10.0, None])
def test_a_straight_street_gives_a_lens_that_tapers_to_its_ends(cell_m):
    # On foot at 1 m/s along the street and beside it: |x| + |y| <= T, a square on its tip of area 2 T^2.
    network = straight()
    (drawn,) = isochrones(network, doors_at(network, [(2000, 0)]), [400.0], cell_m=cell_m)
    lens = shapely.Polygon([(1600, 0), (2000, -400), (2400, 0), (2000, 400)])
    assert drawn.polygon.is_valid
    assert shapely.symmetric_difference(drawn.polygon, lens).area < lens.length * drawn.cell_m / 20
    assert drawn.outside_share < 1e-3
    assert drawn.slower_share < 2e-3
    assert drawn.passes


def test_the_access_leg_ends_at_the_mode_s_maximum():
    network = straight(max_access_m=150.0)
    (drawn,) = isochrones(network, doors_at(network, [(2000, 0)]), [400.0], cell_m=5.0)
    # The lens without the tips above and below 150 m.
    assert drawn.polygon.area == pytest.approx(2 * 400**2 - 2 * 250**2, rel=2e-3)
    assert drawn.polygon.bounds[3] == pytest.approx(150.0, abs=0.5)


def test_by_car_the_lens_is_slender_and_its_tips_are_kept():
    network = straight(20_000.0, mode_id="drive")
    speed = 30 / 3.6
    (drawn,) = isochrones(network, doors_at(network, [(10_000, 0)]), [300.0])
    # 2500 m along the street either way, 300 m beside it.
    assert drawn.polygon.area == pytest.approx(2 * 300**2 * speed, rel=0.01)
    assert drawn.polygon.bounds[2] - drawn.polygon.bounds[0] == pytest.approx(5000.0, rel=0.01)
    assert drawn.passes


def test_metres_are_walked_and_counted():
    network = straight()
    (drawn,) = isochrones(network, doors_at(network, [(2000, 0)]), [300.0], weight="metres", cell_m=5.0)
    assert drawn.polygon.area == pytest.approx(2 * 300**2, rel=2e-3)


def test_one_way_people_come_from_behind_and_help_goes_ahead():
    roads = make_roads([(0, 0), (2000, 0)], [([0, 1], {"oneway": "yes"})])
    network = make_network(roads, "drive")
    doors = doors_at(network, [(1000, 0)])
    behind, ahead = (700.0, 0.0), (1300.0, 0.0)
    (toward,) = isochrones(network, doors, [60.0], direction="toward", cell_m=5.0)
    (away,) = isochrones(network, doors, [60.0], direction="from", cell_m=5.0)
    assert contains(toward.polygon, behind, ahead) == [True, False]
    assert contains(away.polygon, behind, ahead) == [False, True]
    for drawn in (toward, away):
        assert drawn.passes
        # Past the door time jumps: it is not smeared by more than half a cell.
        assert drawn.polygon.area == pytest.approx(60 * 60 * 30 / 3.6, rel=0.02)


def test_a_river_with_one_bridge_is_not_leaked_across():
    # Banks 40 m apart, joined at x = 0 alone; the northern one is 1240 s away.
    roads = make_roads([(0, 0), (2000, 0), (0, 40), (2000, 40)], [([0, 1], {}), ([2, 3], {}), ([0, 2], {})])
    network = make_network(roads)
    for cell_m in (5.0, 10.0, None):
        (drawn,) = isochrones(network, doors_at(network, [(1200, 0)]), [300.0], cell_m=cell_m)
        assert drawn.polygon.bounds[3] <= 20.0 + drawn.cell_m / 2
        assert drawn.polygon.bounds[1] == pytest.approx(-300.0, abs=drawn.cell_m / 2)
        # The middle of the river, where both banks are equally near, is found closer than to the half cell.
        assert drawn.polygon.bounds[3] == pytest.approx(20.0, abs=0.1)
    (over,) = isochrones(network, doors_at(network, [(1200, 0)]), [1500.0], cell_m=5.0)
    assert contains(over.polygon, (200.0, 60.0), (300.0, 60.0)) == [True, False]


def test_a_ring_road_has_a_hole_and_a_little_one_is_no_hole():
    roads = make_roads([(0, 0), (1000, 0), (1000, 1000), (0, 1000)], [([0, 1, 2, 3, 0], {})])
    network = make_network(roads, max_access_m=200.0)
    (drawn,) = isochrones(network, doors_at(network, [(0, 0)]), [2300.0], cell_m=5.0)
    (part,) = drawn.polygon.geoms
    (hole,) = part.interiors
    assert shapely.Polygon(hole).area == pytest.approx(600.0**2, rel=1e-3)


def test_an_unreachable_island_is_left_out_and_one_with_a_ferry_is_a_part():
    nodes = [(0.0, 0.0), (1000.0, 0.0), (3000.0, 0.0), (4000.0, 0.0)]
    streets = [([0, 1], {}), ([2, 3], {})]
    ferry = ([1, 2], {"route": "ferry", "duration": "00:05"})
    island = (3200.0, 5.0)
    apart = make_network(make_roads(nodes, streets))
    joined = make_network(make_roads(nodes, [*streets, ferry]))
    (alone,) = isochrones(apart, doors_at(apart, [(900, 0)]), [700.0], cell_m=5.0)
    (both,) = isochrones(joined, doors_at(joined, [(900, 0)]), [700.0], cell_m=5.0)
    assert contains(alone.polygon, island) == [False]
    assert contains(both.polygon, island, (2000.0, 0.0)) == [True, False]
    assert len(both.polygon.geoms) == 2
    # 300 s are left on the other shore: a half lens, and the quarter turn round its end.
    assert both.passes


def test_a_straight_walk_needs_no_street():
    network = straight(1000.0, max_access_m=50.0, direct_m=100.0)
    near, far = (500.0, 80.0), (500.0, 5000.0)
    found = isochrones(network, doors_at(network, [near, far]), [60.0, 600.0], cell_m=2.5)
    # 60 s are 60 m of the 100; neither door joins a street.
    for drawn, radius_m in zip(found, [60.0, 100.0, 60.0, 100.0], strict=True):
        assert drawn.polygon.area == pytest.approx(np.pi * radius_m**2, rel=0.01)
        assert np.isnan(drawn.outside_share)
        assert drawn.slower_share < 0.01


@pytest.mark.parametrize("simplify_cells", [0.0, 0.4])
def test_bands_never_cross(simplify_cells):
    network = a_town()
    limits = [250.0, 60.0, 400.0, 130.0]
    drawn = isochrones(
        network, doors_at(network, [(310, 20), (755, 640)]), limits, cell_m=5.0, simplify_cells=simplify_cells
    )
    assert [(each.facility, each.limit) for each in drawn] == [(f, limit) for f in (0, 1) for limit in limits]
    for facility in (0, 1):
        bands = sorted((each for each in drawn if each.facility == facility), key=lambda each: each.limit)
        for smaller, larger in pairwise(bands):
            assert smaller.polygon.is_valid
            assert shapely.difference(smaller.polygon, larger.polygon).area < 1e-6


def test_the_dissolved_one_is_the_union_and_belongs_to_no_one():
    network = a_town()
    doors = doors_at(network, [(310, 20), (755, 640), (330, 50)])
    made = AccessRaster(network)
    (whole,) = dissolved_isochrones(network, doors, [200.0], cell_m=2.5, raster=made)
    each = isochrones(network, doors, [200.0], cell_m=2.5, raster=made)
    union = shapely.union_all([drawn.polygon for drawn in each])
    assert whole.facility == -1
    assert shapely.symmetric_difference(whole.polygon, union).area < 0.01 * union.area
    assert shapely.difference(union, whole.polygon).buffer(-2.5).is_empty


def test_blocks_and_few_tiles_draw_the_same(monkeypatch):
    network = a_town()
    doors = doors_at(network, [(310, 20), (755, 640)])
    whole = dissolved_isochrones(network, doors, [200.0, 300.0], cell_m=2.5)
    parts = catchment_polygons(network, doors, 300.0, cell_m=2.5)
    monkeypatch.setattr(draw, "BLOCK", 100)
    monkeypatch.setattr(raster, "MOST_TILES", 5)
    again = dissolved_isochrones(network, doors, [200.0, 300.0], cell_m=2.5)
    parts_again = catchment_polygons(network, doors, 300.0, cell_m=2.5)
    for one, other in zip([*whole, *parts], [*again, *parts_again], strict=True):
        assert shapely.symmetric_difference(one.polygon, other.polygon).area < 1.0


def test_the_reached_streets_end_to_the_metre():
    network = straight()
    (pieces,) = reached_streets(network, doors_at(network, [(2000, 100)]), 400.0)
    assert np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1]).sum() == pytest.approx(600.0)
    assert (pieces[:, [0, 2]].min(), pieces[:, [0, 2]].max()) == pytest.approx((1700.0, 2300.0))


def test_a_strip_is_what_buffers_unite_to():
    network = a_town()
    (pieces,) = reached_streets(network, doors_at(network, [(310, 20)]), 350.0)
    strip = outline_strip(pieces, 25.0)
    buffers = shapely.union_all(shapely.buffer(shapely.linestrings(pieces.reshape(-1, 2, 2)), 25.0, quad_segs=8))
    assert strip.is_valid
    assert abs(strip.area / buffers.area - 1) < 0.005
    assert shapely.symmetric_difference(strip, buffers).area < 0.01 * buffers.area
    assert outline_strip(np.zeros((0, 4)), 25.0).is_empty


def test_the_audit_finds_what_is_wrong():
    network = straight()
    doors = doors_at(network, [(2000, 0)])
    spread = Spread(search := Search(network, "seconds", "toward"), find_doors(search, doors))
    spread.run(np.array([0]), 1000.0)
    pieces = spread.pieces(400.0)
    half = shapely.multipolygons([shapely.box(1000, -50, 2000, 50)])
    assert outside_share(pieces, half) == pytest.approx(0.5)
    # A street mapped twice is as long as twice the street.
    assert outside_share(np.concatenate([pieces, pieces[:, [2, 3, 0, 1]]]), half) == pytest.approx(0.5)
    # A box round the lens is half slower.
    assert slower_share(spread, shapely.multipolygons([shapely.box(1600, -400, 2400, 400)]), 400.0) == pytest.approx(
        0.5, abs=0.01
    )
    assert np.isnan(slower_share(spread, shapely.MultiPolygon(), 400.0))


def test_catchments_are_exclusive_and_cover_the_reached_area():
    network = a_town(direct_m=30.0)
    doors = doors_at(network, [(310, 20), (755, 640), (330, 390), (40, 760)])
    cell_m = 2.5
    made = AccessRaster(network)
    (whole,) = dissolved_isochrones(network, doors, [400.0], cell_m=cell_m, raster=made)
    areas = catchment_polygons(network, doors, 400.0, cell_m=cell_m, raster=made)
    assert [each.facility for each in areas] == [0, 1, 2, 3]
    union = shapely.union_all([each.polygon for each in areas])
    assert sum(each.polygon.area for each in areas) == pytest.approx(union.area, rel=1e-9)
    assert shapely.symmetric_difference(union, whole.polygon).area < 0.005 * union.area
    random = np.random.default_rng(5)
    x, y = random.uniform(-200, 1000, (2, 4000))
    cost, facility = Search(network, "seconds", "toward").nearest(join_points(network, x, y), doors)
    for each in areas:
        mine = (facility == each.facility) & (cost <= 400.0)
        drawn = shapely.contains_xy(each.polygon, x, y)
        far = shapely.distance(each.polygon.boundary, shapely.points(x, y)) > cell_m
        assert (mine == drawn)[far].mean() > 0.995
    # Without a size of cell, the audit's.
    assert len(catchment_polygons(network, doors, 400.0, raster=made)) == 4


def test_nothing_to_reach_gives_nothing():
    network = straight()
    nobody = Entrances(join_points(network, np.zeros(0), np.zeros(0)), np.zeros(1, dtype=np.int64))
    assert isochrones(network, nobody, [400.0]) == []
    (drawn,) = dissolved_isochrones(network, nobody, [400.0])
    assert drawn.polygon.is_empty
    assert catchment_polygons(network, nobody, 400.0) == []
    (too_far,) = isochrones(network, doors_at(network, [(2000, 3000)]), [400.0])
    assert too_far.polygon.is_empty
    no_streets = make_network(make_roads([(0, 0), (1, 0)], [([0, 1], {"highway": "motorway"})]), direct_m=50.0)
    (drawn,) = isochrones(no_streets, doors_at(no_streets, [(900, 900)]), [600.0])
    assert drawn.polygon.area == pytest.approx(np.pi * 50**2, rel=0.01)


@pytest.mark.parametrize("cell_m", [0.7, 6.0, 33.0])
def test_a_tile_is_joined_as_points_are(cell_m):
    network = a_town()
    x, y = -400 + cell_m * np.arange(64), 300 + cell_m * np.arange(64)
    segment = np.empty((64, 64), np.int32)
    share, metres = np.empty((64, 64), np.float32), np.empty((64, 64), np.float32)
    for most_m in (90.0, 600.0):
        has_any = join_tile(network.streets, x, y, most_m, segment, share, metres)
        xx, yy = (grid.ravel() for grid in np.meshgrid(x, y))
        expected = find_nearest_segments(network.streets, xx, yy, most_m)
        assert has_any == (expected[0] >= 0).any()
        assert (segment.ravel() == expected[0]).all()
        np.testing.assert_allclose(share.ravel(), expected[1], atol=1e-6)
        np.testing.assert_allclose(metres.ravel(), expected[2], atol=1e-3)


def test_enclaves_that_touch_in_a_point_are_not_filled():
    """Facility 1 in the middle of 0, in two cells that meet in a corner: each cell's area goes to one of them."""
    label = np.zeros((8, 8), dtype=np.int32)
    label[[3, 4], [3, 4]] = 1
    label[[0, -1], :] = label[:, [0, -1]] = -1
    value = np.where(label < 0, -1.0, 1.0)
    half = np.full((8, 8), 0.5)
    areas = fill_borders(trace_borders(label, value, (half, half), 0.0, 0.0, 10.0))
    one, other = (shapely.multipolygons(areas[number]) for number in (0, 1))
    # Half a cell of border round 36 cells, its corners cut; of each cell of the enclave a diamond and what joins the other's.
    assert shapely.union(one, other).area == pytest.approx(6 * 6 * 100 - 4 * 12.5)
    assert shapely.intersection(one, other).area == 0
    assert one.is_valid
    assert other.is_valid
    assert len(shapely.get_parts(other)) == 2
