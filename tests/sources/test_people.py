from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from tests import made
from tests.sources.district import BOTTOM, CRS, HEAD, LEFT, VILLAGES, codes, only, square

from lifecircle.problems import Problems
from lifecircle.sources import read_people, read_units
from lifecircle.sources.people.control import scale_people, solve_factors
from lifecircle.sources.people.shares import build_membership
from lifecircle.sources.people.spread import cut_squares

BARE = '[population]\nsource = "raster"\npath = "people.tif"\n'
RASTER = BARE + 'unit = "people"\n'
POINTS = '[population]\nsource = "points"\npath = "people.csv"\nid = "id"\npeople = "人口"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"\n'
ZONES = '[population]\nsource = "zones"\npath = "people.csv"\nid = "id"\npeople = "人口"\n'
CONTROL = 'control = { path = "census.csv", level = "township", id = "code", people = "人口" }\n'


def read(configure, text, head=HEAD + VILLAGES):
    problems = Problems()
    configuration = configure(text, head)
    units, _ = read_units(configuration, problems)
    assert problems.errors == []
    cells, files, details = read_people(configuration, units, problems)
    for file in files:
        assert file.rows == file.used + file.repaired + file.set_aside
    if cells is not None:
        for share in cells.membership.values():
            total = np.asarray(share.sum(axis=0)).ravel()
            assert ((total <= 1.0 + 1e-12) & (total >= 0.0)).all()
            assert share.shape[1] == len(cells)
    return cells, files, details, problems


def write_raster(folder, values, left, top, size, crs=CRS, name="people.tif", nodata=-1.0, dtype="float32", flip=False):
    values = np.asarray(values, dtype=dtype)
    transform = rasterio.Affine(size, 0, left, 0, -size, top)
    if flip:
        values, transform = values[::-1], rasterio.Affine(size, 0, left, 0, size, top - size * len(values))
    made.write_raster(folder / name, values, transform, crs, nodata=nodata)


def in_townships(cells, people=None):
    return cells.membership["township"] @ (cells.people if people is None else people)


def test_a_cell_half_in_each_township(configure, folder):
    # Five columns of 400 m: the third lies half in each township.
    write_raster(folder, [[1, 2, 4, 8, 16]], LEFT, BOTTOM + 400, 400)
    cells, files, details, problems = read(configure, RASTER)
    # The raster ends 600 m short of the northern border, and nobody is in the northern villages.
    assert codes(problems) == ["raster-partial", "population-empty-unit"]
    assert cells.id.tolist() == [f"r0c{i}" for i in range(5)]
    assert cells.people.tolist() == [1, 2, 4, 8, 16]
    share = cells.membership["township"].toarray()
    np.testing.assert_allclose(share, [[1, 1, 0.5, 0, 0], [0, 0, 0.5, 1, 1]], atol=1e-12)
    np.testing.assert_allclose(cells.x, LEFT + 200 + 400 * np.arange(5))
    np.testing.assert_allclose(cells.y, BOTTOM + 200)
    assert cells.size_m == pytest.approx(400)
    assert cells.grid.row.tolist() == [0] * 5
    assert details["people"] == 31
    assert details["in_no_unit"] == {"township": 0.0, "village": 0.0}
    assert (files[0].rows, files[0].used) == (5, 5)


@pytest.mark.parametrize("flip", [False, True])
def test_cells_over_the_edge_and_outside(configure, folder, flip):
    # 1 km cells, half a km off: corners, edges and the middle; and one row that touches nothing.
    values = [[0, 0, 0], [4, 4, 4], [4, 8, 4], [100, 100, 100], [7, 7, 7]]
    write_raster(folder, values, LEFT - 500, BOTTOM + 2500, 1000, flip=flip)
    cells, files, details, problems = read(configure, RASTER)
    assert len(cells) == 6
    assert details["outside_people"] in (300, 321)  # only rows around the district are read
    assert files[0].set_aside in (3, 6)
    # Each township holds a quarter of each of its two corner cells and half of each middle cell's half.
    np.testing.assert_allclose(in_townships(cells), [4 / 4 + 4 / 4 + 4 / 4 + 8 / 4] * 2)
    assert details["in_no_unit"]["township"] == pytest.approx(28 - 10)
    assert "near 甲街道" in only([p for p in problems if p.field == "township"], "population-in-no-unit").found
    expected = {"r1c0": 3_092_000, "r2c1": 3_091_000} if not flip else {"r3c0": 3_092_000, "r2c1": 3_091_000}
    for cell, y in expected.items():
        assert cells.y[cells.id.tolist().index(cell)] == y


def test_a_raster_in_degrees_and_densities(configure, folder):
    size = 0.001
    to_wgs84 = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    left, bottom, right, top = to_wgs84.transform_bounds(LEFT, BOTTOM, LEFT + 2000, BOTTOM + 1000)
    high, wide = int((top - bottom) / size) + 5, int((right - left) / size) + 5
    write_raster(folder, np.full((high, wide), 1000.0), left - 2 * size, top + 2 * size, size, "EPSG:4326")
    cells, _, _, problems = read(configure, BARE + 'unit = "people_per_km2"\n')
    assert not problems.errors
    # 1000 people per km2 in townships of 1 km2: the geodesic area differs from the plane's by some 1e-4.
    np.testing.assert_allclose(in_townships(cells), [1000, 1000], rtol=5e-4)
    inside = np.asarray(cells.membership["township"].sum(axis=0)).ravel()
    assert (np.abs(inside - 1.0) < 1e-15).sum() > 100
    per_ha = read(configure, BARE + 'unit = "people_per_ha"\n')[0]
    assert per_ha.people.sum() == pytest.approx(100 * cells.people.sum())


def test_groups_share_the_grid(configure, folder):
    write_raster(folder, [[4, 0, -1], [6, 2, 0]], LEFT, BOTTOM + 1000, 500)
    write_raster(folder, [[1, 3, -1], [2, 1, 0]], LEFT, BOTTOM + 1000, 500, name="old.tif")
    cells, files, details, problems = read(configure, RASTER + 'groups.age60 = "old.tif"\n')
    assert cells.id.tolist() == ["r0c0", "r0c1", "r1c0", "r1c1"]
    assert cells.groups["age60"].tolist() == [1, 3, 2, 1]
    assert details["groups"] == {"age60": 7}
    assert only(problems, "population-group-larger").count == 1
    assert [file.role for file in files] == ["population", "population: age60"]
    write_raster(folder, [[1, 3, 0], [2, 1, 0]], LEFT + 250, BOTTOM + 1000, 500, name="old.tif")
    cells, _, _, problems = read(configure, RASTER + 'groups.age60 = "old.tif"\n')
    assert cells is None
    assert "same grid" in only(problems, "population-group-grid").expected


def test_rasters_that_lie(configure, folder):
    write_raster(folder, [[1, -9999]], LEFT, BOTTOM + 500, 500, nodata=None)
    cells, _, _, problems = read(configure, RASTER)
    assert cells is None
    assert "population.nodata = -9999" in only(problems, "raster-bad-value").mend
    cells, _, _, problems = read(configure, RASTER + "nodata = -9999\n")
    assert cells.people.tolist() == [1]
    write_raster(folder, [[1, np.nan]], LEFT, BOTTOM + 500, 500, nodata=None)
    assert read(configure, RASTER)[0].people.tolist() == [1]
    write_raster(folder, [[1, 1]], LEFT, BOTTOM + 500, 500, crs=None)
    assert only(read(configure, RASTER)[3], "layer-no-crs").severity == "error"
    assert read(configure, RASTER + 'crs = "EPSG:4549"\n')[0].people.sum() == 2
    write_raster(folder, [[1, 1]], LEFT + 50_000, BOTTOM + 500, 500)
    assert only(read(configure, RASTER)[3], "raster-elsewhere").severity == "error"
    write_raster(folder, [[0, 0]], LEFT, BOTTOM + 500, 500)
    assert "nobody" in only(read(configure, RASTER)[3], "population-none-inside").found
    content = (folder / "people.tif").read_bytes()
    (folder / "people.tif").write_bytes(content[:100])
    assert only(read(configure, RASTER)[3], "file-unreadable").file == "people.tif"


def test_control_totals_are_met_exactly(configure, folder):
    write_raster(folder, [[1, 2, 4, 8, 16]], LEFT, BOTTOM + 400, 400)
    write_raster(folder, [[1, 1, 1, 1, 1]], LEFT, BOTTOM + 400, 400, name="old.tif")
    (folder / "census.csv").write_text(
        'code,人口\n330305001000,100\n330305002,"1,000人"\n合计,1100\n', encoding="utf-8"
    )
    cells, files, details, problems = read(configure, RASTER + 'groups.age60 = "old.tif"\n' + CONTROL)
    np.testing.assert_allclose(in_townships(cells), [100, 1000], rtol=1e-12)
    control = details["control"]["units"]
    first, second = (control[code]["factor"] for code in ("330305001", "330305002"))
    # 1 f + 2 f + 4 (f + g)/2 / 2 = 100 and so on: by hand 3f + (f+g) = 100, 24g + (f+g) = 1000.
    assert 4 * first + second == pytest.approx(100)
    assert first + 25 * second == pytest.approx(1000)
    np.testing.assert_allclose(cells.groups["age60"], cells.people / [1, 2, 4, 8, 16])
    assert control["330305001"]["original"] == 5
    assert only(problems, "control-factors").severity == "note"
    assert only(problems, "table-repaired-number").row == "3"
    assert (files[-1].role, files[-1].rows, files[-1].repaired) == ("population: control", 2, 1)


def test_control_totals_with_people_outside(configure, folder):
    write_raster(folder, [[4, 4, 4], [4, 8, 4]], LEFT - 500, BOTTOM + 1500, 1000)
    (folder / "census.csv").write_text("code,人口\n330305001,50\n330305002,70\n", encoding="utf-8")
    cells, _, details, _ = read(configure, RASTER + CONTROL)
    np.testing.assert_allclose(in_townships(cells), [50, 70], rtol=1e-12)
    assert details["in_no_unit"]["township"] > 0


def test_control_totals_that_cannot_be_met(configure, folder):
    write_raster(folder, [[1, 2]], LEFT, BOTTOM + 400, 400)
    (folder / "census.csv").write_text("code,人口\n330305001,50\n330305002,70\n", encoding="utf-8")
    cells, _, _, problems = read(configure, RASTER + CONTROL)
    assert cells is None
    assert "乙镇" in only(problems, "control-nobody").found
    # All cells lie mostly in the first township: to give the second 100, its factor must take from the first.
    write_raster(folder, [[10, 1]], LEFT + 100, BOTTOM + 900, 880)
    (folder / "census.csv").write_text("code,人口\n330305001,0.01\n330305002,7\n", encoding="utf-8")
    assert "甲街道" in only(read(configure, RASTER + CONTROL)[3], "control-negative").found
    (folder / "census.csv").write_text("code,人口\n999,1\n", encoding="utf-8")
    assert only(read(configure, RASTER + CONTROL)[3], "control-no-match").severity == "error"


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_totals_are_met_to_1e_9(seed):
    random = np.random.default_rng(seed)
    units, cells = 5, 60
    share = random.dirichlet(np.ones(units + 1), cells).T[:units] * (random.random((units, cells)) < 0.6)
    people = random.random(cells) * 100
    target = (share @ people) * random.uniform(0.5, 2.0, units)
    factor = solve_factors(csr_array(share), people, target)
    np.testing.assert_allclose(share @ scale_people(csr_array(share), people, factor), target, rtol=1e-9)


def test_overlapping_units_never_count_anybody_twice():
    share = build_membership(np.array([0, 1, 0]), np.array([0, 0, 1]), np.array([1.0, 0.5, 0.3]), (2, 2)).toarray()
    np.testing.assert_allclose(share, [[2 / 3, 0.3], [1 / 3, 0.0]])


def test_points(configure, folder):
    (folder / "people.csv").write_text(
        "id,人口,x,y\n001,10,610500,3091200\n002,20,611000,3091500\n003,30,612050,3091500\n004,,610500,3091500\n005,5,,\n"
        "006,0,610500,3091500\n",
        encoding="gb18030",
    )
    cells, files, details, problems = read(configure, POINTS)
    assert cells.id.tolist() == ["001", "002"]
    np.testing.assert_array_equal(cells.membership["township"].toarray(), [[1, 1], [0, 0]])
    # The third lies in no unit: like a raster's cells outside it is no part of the district, and is named.
    assert details["in_no_unit"]["township"] == 0
    assert details["outside_people"] == 30
    assert details["not_placed"] == 5
    assert only(problems, "population-outside").row == "4"
    assert only(problems, "population-outside").severity == "set_aside"
    assert only(problems, "table-no-number").row == "5"
    assert only(problems, "population-not-placed").severity == "warning"
    assert (files[0].rows, files[0].used, files[0].set_aside) == (6, 3, 3)
    (folder / "people.csv").write_text("id,人口,x,y\n1,-3,610500,3091200\n", encoding="utf-8")
    assert only(read(configure, POINTS)[3], "population-negative").row == "2"
    (folder / "people.csv").write_text("id,人口,x,y\n1,3,610500,3091200\n1,3,610600,3091200\n", encoding="utf-8")
    assert only(read(configure, POINTS)[3], "population-duplicate-id").row == "2, 3"


def test_zones_join_the_smallest_units(configure, folder):
    (folder / "people.csv").write_text(
        "id,人口,老人\n330305001001,100,10\n330305001002,50,5\n330305002001,300,30\n990000000001,7,1\n",
        encoding="utf-8",
    )
    cells, files, details, problems = read(configure, ZONES + 'cell_m = 300\ngroups.age60 = "老人"\n')
    np.testing.assert_allclose(cells.membership["village"] @ cells.people, [100, 50, 300, 0], rtol=1e-12)
    np.testing.assert_allclose(in_townships(cells), [150, 300], rtol=1e-12)
    np.testing.assert_allclose(in_townships(cells, cells.groups["age60"]), [15, 30], rtol=1e-12)
    assert details["is_modelled"] is True
    assert details["in_no_unit"]["township"] == pytest.approx(0, abs=1e-9)
    assert "990000000001" in only(problems, "zones-unknown-code").found
    assert "B2" in only(problems, "zones-missing").found
    assert len(set(cells.id)) == len(cells)
    assert (files[0].rows, files[0].used, files[0].set_aside) == (4, 3, 1)


def test_zones_of_their_own_share_by_area(configure, folder):
    zone = gpd.GeoDataFrame({"id": ["z"], "人口": [1000]}, geometry=[square(0.5, 0.25, 1, 0.5)], crs=CRS)
    zone.to_file(folder / "zones.gpkg")
    cells, _, _, problems = read(configure, ZONES.replace("people.csv", "zones.gpkg") + "cell_m = 130\n")
    assert codes(problems) == []
    np.testing.assert_allclose(in_townships(cells), [500, 500], rtol=1e-9)
    np.testing.assert_allclose(cells.membership["village"] @ cells.people, [250] * 4, rtol=1e-9)
    assert cells.people.sum() == pytest.approx(1000, rel=1e-12)


def test_zones_spread_over_buildings(configure, folder):
    (folder / "people.csv").write_text("id,人口\n330305001,100\n330305002,50\n", encoding="utf-8")
    homes = [
        square(0.1, 0.1, 0.01, 0.01),
        square(0.3, 0.7, 0.01, 0.02),
        square(0.5, 0.1, 0.01, 0.01),
        square(5, 5, 0.01, 0.01),
    ]
    gpd.GeoDataFrame({"层数": [6, 1, None, 3]}, geometry=homes, crs=CRS).to_file(folder / "homes.gpkg")
    text = ZONES + 'level = "township"\nspread = "buildings"\nbuildings = { path = "homes.gpkg", floors = "层数" }\n'
    cells, files, _, problems = read(configure, text)
    housed = cells.id.tolist().index("b1"), cells.id.tolist().index("b2"), cells.id.tolist().index("b3")
    # Floor areas 600, 200 and 100 (floors unknown: one).
    np.testing.assert_allclose(cells.people[list(housed)], [600 / 9, 200 / 9, 100 / 9])
    np.testing.assert_allclose(in_townships(cells), [100, 50])
    np.testing.assert_allclose((cells.membership["village"] @ cells.people)[:2], [700 / 9, 200 / 9])
    assert only(problems, "zones-no-buildings").row == "330305002"
    assert only(problems, "buildings-no-floors").count == 1
    assert [file.role for file in files] == ["population", "population: buildings"]


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1), st.floats(9.0, 60.0))
def test_cut_squares_lose_nothing(seed, cell_m):
    random = np.random.default_rng(seed)
    angle = np.sort(random.random(1100)) * 2 * np.pi
    radius = 200 + 5 * random.random(1100) + 60 * np.sin(5 * angle)
    polygon = shapely.make_valid(shapely.Polygon(np.c_[LEFT + radius * np.cos(angle), BOTTOM + radius * np.sin(angle)]))
    for shape in (polygon, shapely.simplify(polygon, 20.0)):  # many vertices are cut into tiles first
        piece, column, row = cut_squares(shape, cell_m)
        assert shapely.area(piece).sum() == pytest.approx(shape.area, rel=1e-9)
        assert len(set(zip(column.tolist(), row.tolist(), strict=True))) == len(piece)
        boxes = shapely.box(column * cell_m, row * cell_m, (column + 1) * cell_m, (row + 1) * cell_m)
        assert shapely.covers(shapely.buffer(boxes, 1e-6), piece).all()


def test_zones_that_do_not_join(configure, folder):
    (folder / "people.csv").write_text("id,人口\n99,100\n", encoding="utf-8")
    assert only(read(configure, ZONES)[3], "zones-unknown-code").severity == "error"
    (folder / "people.csv").write_text("id,人口\n330305001001,1\n330305001001,2\n", encoding="utf-8")
    assert only(read(configure, ZONES)[3], "zones-duplicate-code").row == "2, 3"
    (folder / "people.csv").write_text("id,人口\n330305001001,约300\n330305001002,0\n", encoding="utf-8")
    cells, _, _, problems = read(configure, ZONES)
    assert cells is None
    assert '"约300"' in only(problems, "table-bad-number").found
    assert only(problems, "population-zero").severity == "error"


def test_people_row_order_does_not_matter(configure, folder):
    rows = pd.DataFrame({"id": ["330305001001", "330305002002"], "人口": [10, 20]})
    rows.to_csv(folder / "people.csv", index=False)
    first = read(configure, ZONES)[0]
    rows[::-1].to_csv(folder / "people.csv", index=False)
    second = read(configure, ZONES)[0]
    np.testing.assert_allclose(in_townships(first), in_townships(second))
    assert set(first.id) == set(second.id)


def test_units_that_share_all_their_cells():
    share, people = csr_array(np.array([[0.5], [0.5]])), np.array([10.0])
    factor = solve_factors(share, people, np.array([10.0, 10.0]))
    np.testing.assert_allclose(share @ scale_people(share, people, factor), [10, 10])
    with pytest.raises(np.linalg.LinAlgError):
        solve_factors(share, people, np.array([8.0, 12.0]))


def test_many_units_in_a_row_and_tiny_ones():
    # A cell in each unit and one astride every border; every hundredth unit holds hardly anybody.
    count = 1500
    inner = np.arange(count)
    astride = count + np.arange(count - 1)
    unit = np.concatenate([inner, inner[:-1], inner[1:]])
    cell = np.concatenate([inner, astride, astride])
    fraction = np.concatenate([np.ones(count), np.full(2 * (count - 1), 0.5)])
    share = build_membership(unit, cell, fraction, (count, 2 * count - 1))
    people = np.where(np.arange(2 * count - 1) % 100 == 0, 1e-6, 10.0)
    target = (share @ people) * np.linspace(0.9, 1.1, count)
    for width in (200, count):  # solved densely and sparsely
        part = csr_array(share[:width])
        factor = solve_factors(part, people, target[:width])
        np.testing.assert_allclose(part @ scale_people(part, people, factor), target[:width], rtol=1e-9)
