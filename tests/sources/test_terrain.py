from __future__ import annotations

import numpy as np
import pyproj
import pytest
from rasterio import Affine
from tests.made import write_raster
from tests.sources.district import BOTTOM, CRS, HEAD, LEFT, VILLAGES, codes, only

from lifecircle.problems import Problems
from lifecircle.sources import read_units
from lifecircle.sources.datum import parse_crs
from lifecircle.sources.terrain import read_terrain

BOTH = '[terrain]\ndem = "dem.tif"\nlandcover = "landcover.tif"\n'
TOP = BOTTOM + 1000


def write(folder, name, values, size, *, left=LEFT, top=TOP, crs=CRS, nodata=None, dtype=None):
    write_raster(
        folder / name, np.asarray(values, dtype=dtype), Affine(size, 0, left, 0, -size, top), crs, nodata=nodata
    )


def read(configure, text=BOTH):
    problems = Problems()
    configuration = configure(text, HEAD + VILLAGES)
    units, _ = read_units(configuration, problems)
    assert problems.errors == []
    layers, files = read_terrain(configuration, units, parse_crs(CRS), problems)
    assert (layers is None) == bool(problems.errors)
    return layers, files, problems


COVER = [[1, 2, -9], [1, 1001, 2]]


def test_two_rasters_on_one_grid_are_used_as_they_are(configure, folder):
    height = [[1.25, 2.5, 3.0], [4.0, -99.0, 6.0]]
    write(folder, "landcover.tif", COVER, 500, nodata=-9, dtype="int16")
    write(folder, "dem.tif", height, 500, nodata=-99, dtype="float32")
    layers, files, problems = read(configure)
    assert layers.shape == (2, 3)
    assert layers.landcover.tolist() == [[1, 2, 0], [1, 1001, 2]]
    assert layers.is_known.tolist() == [[True, True, False], [True, True, True]]
    assert layers.classes == {1: 2, 2: 2, 1001: 1}
    np.testing.assert_array_equal(layers.elevation_m, [[1.25, 2.5, 3.0], [4.0, np.nan, 6.0]])
    assert tuple(layers.transform)[:6] == (500, 0, LEFT, 0, -500, TOP)
    assert pyproj.CRS(layers.crs) == pyproj.CRS(CRS)
    assert codes(problems) == [
        "raster-holes",
        "dem-missing",
    ]  # a quarter of land cover has no data, and one cell of it no height
    assert [file.role for file in files] == ["landcover", "dem"]


def test_a_larger_dem_on_the_same_cells_is_cut_not_resampled(configure, folder):
    height = np.arange(24, dtype="float32").reshape(4, 6) ** 2
    write(folder, "landcover.tif", np.ones((2, 3), "uint8"), 500)
    write(folder, "dem.tif", height, 500, left=LEFT - 500, top=TOP + 500)
    layers, _, problems = read(configure)
    assert codes(problems) == []
    np.testing.assert_array_equal(layers.elevation_m, height[1:3, 1:4])


def test_heights_of_another_grid_are_interpolated_onto_land_cover(configure, folder):
    # A plane: a rise of 0.1 east and 0.2 north, which bilinear interpolation keeps.
    size = 100.0
    x = LEFT - 1000 + size * (np.arange(45) + 0.5)
    y = TOP + 1000 - size * (np.arange(35) + 0.5)
    plane = 50 + 0.1 * (x[None, :] - LEFT) + 0.2 * (y[:, None] - BOTTOM)
    write(folder, "landcover.tif", np.ones((8, 16), "uint8"), 125)
    write(folder, "dem.tif", plane, size, left=LEFT - 1000, top=TOP + 1000, dtype="float32")
    layers, _, problems = read(configure)
    assert codes(problems) == []
    column, row = np.meshgrid(np.arange(16), np.arange(8))
    expected = 50 + 0.1 * 125 * (column + 0.5) + 0.2 * (1000 - 125 * (row + 0.5))
    np.testing.assert_allclose(layers.elevation_m, expected, atol=0.02)
    # The same plane in another CRS.
    lonlat = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    left, bottom, right, top = lonlat.transform_bounds(LEFT - 900, BOTTOM - 900, LEFT + 2900, TOP + 900)
    step = 0.0005
    shape = (int((top - bottom) / step), int((right - left) / step))
    lon, lat = np.meshgrid(left + step * (np.arange(shape[1]) + 0.5), top - step * (np.arange(shape[0]) + 0.5))
    east, north = lonlat.transform(lon, lat, direction="INVERSE")
    values = 50 + 0.1 * (east - LEFT) + 0.2 * (north - BOTTOM)
    write(folder, "dem.tif", values, step, left=left, top=top, crs="EPSG:4326", dtype="float32")
    layers, _, problems = read(configure)
    assert codes(problems) == []
    np.testing.assert_allclose(layers.elevation_m, expected, atol=0.5)


def test_land_cover_in_degrees_is_brought_to_metres_without_new_classes(configure, folder):
    lonlat = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    left, bottom, right, top = lonlat.transform_bounds(LEFT - 500, BOTTOM - 500, LEFT + 2500, TOP + 500)
    step = 0.001
    shape = (int((top - bottom) / step) + 1, int((right - left) / step) + 1)
    classes = np.where(np.arange(shape[1]) % 2, 10, 60) * np.ones((shape[0], 1))
    write(folder, "landcover.tif", classes, step, left=left, top=top, crs="EPSG:4326", dtype="uint8")
    layers, _, problems = read(configure, '[terrain]\nlandcover = "landcover.tif"\n')
    assert codes(problems) == []
    assert set(layers.classes) == {10, 60}
    assert layers.elevation_m is None
    assert pyproj.CRS(layers.crs).equals(pyproj.CRS(CRS), ignore_axis_order=True)
    assert 80 < layers.transform.a < 120
    assert layers.is_known.mean() > 0.9


def test_only_heights_and_nothing_at_all(configure, folder):
    write(folder, "dem.tif", [[1.0, 2.0], [3.0, 4.0]], 1000, dtype="float32")
    layers, files, _ = read(configure, '[terrain]\ndem = "dem.tif"\n')
    assert layers.landcover is None
    assert layers.classes == {}
    assert layers.elevation_m.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert len(files) == 1
    problems = Problems()
    configuration = configure("", HEAD + VILLAGES)
    units, _ = read_units(configuration, problems)
    assert read_terrain(configuration, units, parse_crs(CRS), problems) == (None, [])
    assert list(problems) == []


@pytest.mark.parametrize(
    ("cover", "height", "code"),
    [
        ({"crs": None}, {}, "layer-no-crs"),
        ({}, {"crs": None}, "layer-no-crs"),
        ({"left": LEFT + 1e5}, {}, "raster-elsewhere"),
        ({"values": [[1.5, 2.0]], "dtype": "float32"}, {}, "landcover-not-classes"),
        ({"values": [[-9, -9]], "nodata": -9, "dtype": "int16"}, {}, "raster-empty"),
        ({}, {"values": [[-32768.0, 5.0]]}, "dem-bad-value"),
        ({}, {"left": LEFT + 1e5}, "raster-empty"),
    ],
)
def test_rasters_that_cannot_be_used(configure, folder, cover, height, code):
    cover = {"values": [[1, 2]], "size": 1000, "dtype": "uint8"} | cover
    height = {"values": [[10.0, 20.0]], "size": 1000, "dtype": "float32"} | height
    write(folder, "landcover.tif", **cover)
    write(folder, "dem.tif", **height)
    layers, _, problems = read(configure)
    assert layers is None
    assert only(problems, code).mend or code == "raster-empty"


def test_files_that_are_not_there_or_no_rasters(configure, folder):
    write(folder, "landcover.tif", [[1, 2]], 1000, dtype="uint8")
    layers, _, problems = read(configure)
    assert only(problems, "file-missing").field == "terrain.dem"
    (folder / "dem.tif").write_bytes(b"no raster")
    layers, _, problems = read(configure)
    assert layers is None
    assert only(problems, "file-unreadable").field == "terrain.dem"


def test_of_a_large_raster_only_the_surroundings_are_read(configure, folder, monkeypatch):
    import lifecircle.sources.terrain as terrain

    write(folder, "landcover.tif", np.ones((300, 300), "uint8"), 500, left=LEFT - 75_000, top=TOP + 75_000)
    whole, _, _ = read(configure, '[terrain]\nlandcover = "landcover.tif"\n')
    assert whole.shape == (300, 300)
    monkeypatch.setattr(terrain, "MOST_CELLS", 80_000)
    layers, _, problems = read(configure, '[terrain]\nlandcover = "landcover.tif"\n')
    assert codes(problems) == []
    assert layers.shape == (82, 84)
    assert (layers.transform.c, layers.transform.f) == (LEFT - 20_000, TOP + 20_000)
