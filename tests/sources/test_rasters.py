"""What a raster means: every way to say that a cell has no data, scales, bands, and what looks like no data and is not said to be."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rasterio.enums import ColorInterp
from tests.sources.district import BOTTOM, CRS, HEAD, LEFT, VILLAGES, codes, only

from lifecircle.problems import Problems
from lifecircle.sources import read_people, read_units
from lifecircle.sources.datum import parse_crs
from lifecircle.sources.rasters import RasterCells, StatedRaster, undeclared_nodata
from lifecircle.sources.terrain import read_terrain

RASTER = '[population]\nsource = "raster"\npath = "people.tif"\nunit = "people"\n'
TOP = BOTTOM + 1000
VALUES = np.array([[500.0, 500.0, 1.0, 2.0], [500.0, 3.0, 4.0, 5.0]])
IS_LAND = VALUES < 100
"""A district of 2 x 1 km in cells of 500 m; the sea in the west has 500 under its mask: 15 people live here."""


def write(path, values, *, bands=1, dtype="float32", cell=500, **options):
    profile = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": bands,
        "dtype": dtype,
        "crs": CRS,
    }
    with rasterio.open(
        path, "w", **profile, transform=rasterio.Affine(cell, 0, LEFT, 0, -cell, TOP), **options
    ) as raster:  # fmt: skip
        raster.write(values.astype(dtype), 1)


def mask_inside(path):
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as raster:
        raster.write_mask(IS_LAND)


def mask_beside(path):
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as raster:
        raster.write_mask(IS_LAND)
    assert path.with_name(f"{path.name}.msk").exists()


def alpha_band(path):
    write(path, VALUES, bands=2)
    with rasterio.open(path, "r+") as raster:
        raster.write((IS_LAND * 255).astype("float32"), 2)
        raster.colorinterp = [ColorInterp.gray, ColorInterp.alpha]


def nodata(path):
    with rasterio.open(path, "r+") as raster:
        raster.nodata = 500.0


def nodata_and_mask(path):
    """Part of the sea is masked, part declared."""
    values = VALUES.copy()
    values[0, 0] = -9999.0
    write(path, values, nodata=-9999.0)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as raster:
        raster.write_mask(IS_LAND | (values < 0))


def _vrt(path, mask):
    source = path.rename(path.with_name("source.tif"))
    geo = f"{LEFT}, 500, 0, {TOP}, 0, -500"
    simple = (
        '<SimpleSource><SourceFilename relativeToVRT="1">{}</SourceFilename><SourceBand>{}</SourceBand>'
        '<SrcRect xOff="0" yOff="0" xSize="4" ySize="2"/><DstRect xOff="0" yOff="0" xSize="4" ySize="2"/></SimpleSource>'
    )
    write(path.with_name("mask.tif"), IS_LAND * 255, dtype="uint8")
    band = f'<MaskBand><VRTRasterBand dataType="Byte">{simple.format("mask.tif", 1)}</VRTRasterBand></MaskBand>'
    text = (
        f'<VRTDataset rasterXSize="4" rasterYSize="2"><SRS>{CRS}</SRS><GeoTransform>{geo}</GeoTransform>'
        f'<VRTRasterBand dataType="Float32" band="1">{simple.format(source.name, 1)}{band if mask == "band" else ""}</VRTRasterBand>'
        f"{band if mask == 'dataset' else ''}</VRTDataset>"
    )
    path.write_text(text)


def vrt_mask_of_dataset(path):
    _vrt(path, "dataset")


def vrt_mask_of_band(path):
    _vrt(path, "band")


MASKS = [mask_inside, mask_beside, alpha_band, nodata, nodata_and_mask, vrt_mask_of_dataset, vrt_mask_of_band]


def read(configure, text=RASTER):
    problems = Problems()
    configuration = configure(text, HEAD)
    units, _ = read_units(configuration, problems)
    cells, files, _ = read_people(configuration, units, problems)
    for file in files:
        assert file.rows == file.used + file.repaired + file.set_aside
    return cells, files, problems


@pytest.mark.parametrize("mask", MASKS, ids=lambda one: one.__name__)
def test_masked_cells_hold_nobody(configure, folder, mask):
    write(folder / "people.tif", VALUES)
    mask(folder / "people.tif")
    cells, files, problems = read(configure)
    assert codes(problems) == []
    assert cells.people.sum() == 15
    assert (files[0].rows, files[0].used, files[0].set_aside) == (8, 5, 3)


@pytest.mark.parametrize("mask", MASKS, ids=lambda one: one.__name__)
def test_masked_cells_of_a_group_hold_nobody(configure, folder, mask):
    write(folder / "people.tif", np.where(IS_LAND, VALUES, 0.0))
    write(folder / "sub.tif", VALUES)
    mask(folder / "sub.tif")
    cells, _, problems = read(configure, RASTER + 'groups.all = "sub.tif"\n')
    assert codes(problems) == []
    assert cells.groups["all"].sum() == 15


@pytest.mark.parametrize("mask", MASKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("role", ["dem", "landcover"])
def test_masked_heights_and_classes_are_not_known(configure, folder, mask, role):
    write(folder / "ground.tif", VALUES)
    mask(folder / "ground.tif")
    problems = Problems()
    configuration = configure(f'[terrain]\n{role} = "ground.tif"\n', HEAD + VILLAGES)
    units, _ = read_units(configuration, problems)
    layers, files = read_terrain(configuration, units, parse_crs(CRS), problems)
    assert codes(problems) == ["raster-holes"]
    assert layers.is_known.tolist() == IS_LAND.tolist()
    assert (files[0].rows, files[0].used, files[0].set_aside) == (8, 5, 3)


def test_scale_and_offset_are_applied_before_nodata_is_forgotten(configure, folder):
    write(folder / "people.tif", np.array([[10, 20, -1, 30]] * 2), dtype="int16", nodata=-1)
    with rasterio.open(folder / "people.tif", "r+") as raster:
        raster.scales, raster.offsets = (0.1,), (2.0,)
    cells, _, problems = read(configure)
    assert codes(problems) == []
    np.testing.assert_allclose(cells.people, [3, 4, 5] * 2)


def test_heights_have_scale_and_unit(configure, folder):
    write(folder / "dem.tif", np.array([[1000, 2000, 3000, 4000]] * 2), dtype="int16")
    with rasterio.open(folder / "dem.tif", "r+") as raster:
        raster.scales, raster.units = (0.1,), ("ft",)
    expected = {"": 0.3048, 'dem_unit = "m"\n': 1.0, 'dem_unit = "ft"\n': 0.3048}
    for stated, metre in expected.items():
        problems = Problems()
        configuration = configure(f'[terrain]\ndem = "dem.tif"\n{stated}', HEAD + VILLAGES)
        units, _ = read_units(configuration, problems)
        layers, _ = read_terrain(configuration, units, parse_crs(CRS), problems)
        assert codes(problems) == (["dem-feet"] if not stated else [])
        np.testing.assert_allclose(layers.elevation_m[0], np.array([100, 200, 300, 400]) * metre, rtol=1e-6)


def test_a_band_can_be_named(configure, folder):
    write(folder / "people.tif", VALUES, bands=2)
    with rasterio.open(folder / "people.tif", "r+") as raster:
        raster.write(np.full((2, 4), 7, "float32"), 2)
    cells, _, problems = read(configure)
    assert cells is None
    assert "population.band" in only(problems, "raster-bands").mend
    assert read(configure, RASTER + "band = 2\n")[0].people.sum() == 56
    assert only(read(configure, RASTER + "band = 3\n")[2], "raster-bands").severity == "error"


def test_what_is_stated_to_mean_no_data_joins_what_the_file_declares(configure, folder):
    values = np.array([[65535, 255, 1, 2], [65535, 255, 3, 4]])
    write(folder / "people.tif", values, dtype="uint16", nodata=255)
    problem = only(read(configure)[2], "raster-undeclared-nodata")
    assert (problem.severity, problem.count) == ("warning", 2)  # two cells of one value may be two crowds
    assert "population.nodata = 65535" in problem.mend
    cells, _, problems = read(configure, RASTER + "nodata = 65535\n")
    assert cells.people.sum() == 10
    assert codes(problems) == ["population-empty-unit"]
    write(folder / "people.tif", values, dtype="uint16")
    cells, _, problems = read(configure, RASTER + "nodata = [65535, 255]\n")
    assert cells.people.sum() == 10
    assert codes(problems) == ["population-empty-unit"]


def test_a_value_that_is_real_can_be_said_to_be(configure, folder):
    write(folder / "people.tif", np.array([[255, 255, 255, 2], [1, 1, 3, 4]]), dtype="uint8")
    assert only(read(configure)[2], "raster-undeclared-nodata").severity == "error"
    cells, _, problems = read(configure, RASTER + 'nodata = "none"\n')
    assert cells.people.sum() == 255 * 3 + 11
    assert codes(problems) == []


def looks_whole(values, quantity="people"):
    values = np.asarray(values)
    problems = Problems()
    cells = RasterCells(values, np.ones(values.shape, dtype=bool), values)
    stated = StatedRaster("r.tif", "population.path", None, "population.nodata")
    undeclared_nodata(cells, stated, problems, quantity=quantity)
    return codes(problems) == []


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([("uint8", 255), ("uint16", 65535), ("int16", 32767), ("int32", 2**31 - 1), ("float32", 65535.0), ("float64", 9999.0)]),
    st.integers(3, 400), st.integers(1, 30), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_mark_shared_by_many_and_near_none_is_never_silent(kind, count, most, seed):
    dtype, mark = kind
    people = np.random.default_rng(seed).integers(0, most + 1, 500)
    assert not looks_whole(np.concatenate([people, np.full(count, mark)]).astype(dtype))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5, 3.0), st.floats(0.1, 4.0), st.integers(0, 2**32 - 1))
def test_people_as_they_live_are_never_suspected(mean, spread, seed):
    people = np.random.default_rng(seed).lognormal(mean, spread / 3.0, 2000)
    assert looks_whole(people.astype("float32"))
    # Cut at the type's end: as many come near it as stand on it, or nobody can tell them from a mark.
    cut = np.minimum(people * 3.0, 255.0).astype("uint8")
    assume(((cut > 204) & (cut < 255)).sum() >= (cut == 255).sum())
    assert looks_whole(cut)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([-32768.0, -9999.0, -99.0, 9999.0]), st.integers(0, 2**32 - 1))
def test_voids_of_heights_are_never_silent(void, seed):
    heights = np.random.default_rng(seed).uniform(0.0, 900.0, 3000)
    assert looks_whole(heights, "height")
    assert not looks_whole(np.concatenate([heights, np.full(50, void)]), "height")
    sea = np.concatenate([heights, np.zeros(5000)])
    assert looks_whole(sea, "height")


def test_of_a_huge_raster_only_the_district_is_read(configure, folder):
    """60,000 x 60,000 cells, 14 GB if read whole; on disk a few tiles."""
    at = rasterio.Affine(50, 0, LEFT - 1_500_000, 0, -50, TOP + 1_500_000)
    for name in ("people.tif", "dem.tif"):
        with rasterio.open(
            folder / name, "w", driver="GTiff", height=60_000, width=60_000, count=1, dtype="float32", crs=CRS, transform=at,
            tiled=True, blockxsize=512, blockysize=512, sparse_ok=True,
        ) as raster:  # fmt: skip
            window = rasterio.windows.Window(30_000, 30_000, 40, 20)
            raster.write(np.arange(800, dtype="float32").reshape(1, 20, 40) / 10, window=window)
    cells, files, problems = read(configure)
    assert codes(problems) == []
    assert cells.people.sum() == pytest.approx(799 * 800 / 20)
    assert files[0].rows < 2000


def test_partial_cover_tells_the_share_and_the_units(configure, folder):
    write(folder / "people.tif", np.full((2, 2), 5.0), cell=500)  # the western township of two
    problem = only(read(configure)[2], "raster-partial")
    # A cell to spare: half of the eastern township.
    assert problem.row == "330305002"
    assert "75.0%" in problem.found
    assert "乙镇 50%" in problem.found


def test_several_marks_are_told_in_one_pass(configure, folder):
    values = np.array([[65535] * 3 + [9999] * 3 + [1, 2]] * 2)
    write(folder / "people.tif", values, dtype="uint16", cell=250)
    told = [problem for problem in read(configure)[2] if problem.code == "raster-undeclared-nodata"]
    assert [problem.count for problem in told] == [6, 6]
    assert ["65535" in told[0].mend, "9999" in told[1].mend] == [True, True]
