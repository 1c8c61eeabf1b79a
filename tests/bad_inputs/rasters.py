"""Rasters that do not mean what they seem to: masks, nodata nobody declared, scales, bands, extents, units, damage."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp

from tests.bad_inputs.catalogue import Expected, corruption
from tests.bad_inputs.district import CRS, OX, OY, write_raster

PEOPLE = np.full((20, 40), 2.0)
DEM_ROWS, DEM_COLUMNS = np.mgrid[0:30, 0:50]
HEIGHTS = 10.0 + 0.3 * DEM_ROWS + 0.2 * DEM_COLUMNS


def write_people(folder: Path, values: np.ndarray, dtype: str = "float32", **options: float | None) -> None:
    write_raster(folder / "people.tif", values, dtype=dtype, **options)


def write_heights(folder: Path, values: np.ndarray, dtype: str = "float32", nodata: float | None = None) -> None:
    write_raster(folder / "dem.tif", values, left=-500, top=1500, nodata=nodata, dtype=dtype)


def _set(folder: Path, before: str, after: str) -> None:
    path = folder / "district.toml"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


def _undeclared(value: float, dtype: str):
    def spoil(folder: Path) -> Expected:
        values = np.full((20, 40), 3.0)
        values[:, :10] = value
        write_people(folder, values, dtype)
        words = ("population.nodata", '"none"', f"{np.array(value).astype(dtype):.10g}")
        return Expected(
            "raster-undeclared-nodata",
            "error",
            "people.tif",
            field="population.path",
            words=words,
            count=200,
            also=("population-group-larger",),
        )

    spoil.__name__ = f"undeclared_{value:g}_{dtype}".replace("-", "minus").replace("+", "").replace(".", "_")
    return spoil


for _value, _dtype in (
    (255, "uint8"), (65535, "uint16"), (32767, "int16"), (2147483647, "int32"), (4294967295, "uint32"), (9999, "float32"),
    (99999, "int32"), (3.4028235e38, "float32"), (65535, "float32"), (1e20, "float64"), (999, "int16"),
):  # fmt: skip
    corruption("B61", "people.tif")(_undeclared(_value, _dtype))


@corruption("B61", "people.tif")
def improbable_value(folder: Path) -> Expected:
    values = PEOPLE.copy()
    values[:, :10] = 777.0  # no program's mark, but nothing else is near it
    write_people(folder, values)
    return Expected("raster-undeclared-nodata", "warning", "people.tif", words=("777",), count=200)


@corruption("B61", "people.tif")
def minus_9999(folder: Path) -> Expected:
    values = PEOPLE.copy()
    values[:, :10] = -9999
    write_people(folder, values)
    return Expected("raster-bad-value", "error", "people.tif", words=("population.nodata = -9999",), count=200)


@corruption("B61", "people_60.tif")
def undeclared_in_a_group(folder: Path) -> Expected:
    values = np.full((20, 40), 1)
    values[:3] = 255
    write_raster(folder / "people_60.tif", values, dtype="uint8")
    return Expected("raster-undeclared-nodata", "error", "people_60.tif", field="population.groups.age60", count=120)


@corruption("B61", "people.tif", "district.toml")
def undeclared_in_a_density(folder: Path) -> Expected:
    values = np.full((20, 40), 200)
    values[:, :5] = 65535
    write_people(folder, values, "uint16")
    _set(folder, 'unit = "people"', 'unit = "people_per_km2"')
    return Expected("raster-undeclared-nodata", "error", "people.tif", count=100)


@corruption("B61", "district.toml")
def undeclared_in_a_scenario(folder: Path) -> Expected:
    values = np.full((20, 40), 2)
    values[:, :5] = 65535
    write_raster(folder / "later.tif", values, dtype="uint16")
    _set(
        folder,
        "[[facilities]]",
        '[[scenarios]]\nid = "later"\npopulation = { path = "later.tif", groups = {} }\n\n[[facilities]]',
    )
    return Expected("raster-undeclared-nodata", "error", "later.tif", field="scenarios[1]", count=100)


@corruption("B61", "district.toml")
def undeclared_in_another_year(folder: Path) -> Expected:
    values = np.full((20, 40), 2)
    values[:, :5] = 32767
    write_raster(folder / "then.tif", values, dtype="int16")
    _set(folder, "[roads]", '[[years]]\nyear = 2020\npopulation = { path = "then.tif", groups = {} }\n\n[roads]')
    return Expected("raster-undeclared-nodata", "error", "then.tif", count=100)


@corruption("B62", "people.tif")
def not_numbers(folder: Path) -> Expected:
    values = PEOPLE.copy()
    values[:2, :5] = np.nan
    write_people(folder, values)
    return Expected("raster-nan", "warning", "people.tif", count=10, words=("population.nodata = nan",))


@corruption("B63", "people.tif")
def negative(folder: Path) -> Expected:
    values = PEOPLE.copy()
    values[3, 4] = -2.5
    write_people(folder, values)
    return Expected("raster-bad-value", "error", "people.tif", words=("-2.5",), count=1)


@corruption("B63", "people.tif")
def infinite(folder: Path) -> Expected:
    values = PEOPLE.copy()
    values[3, 4] = np.inf
    write_people(folder, values)
    return Expected("raster-bad-value", "error", "people.tif", words=("inf",), count=1)


@corruption("B63", "people.tif")
def damaged_tile(folder: Path) -> Expected:
    path = folder / "people.tif"
    noise = np.random.default_rng(1).uniform(1.0, 3.0, (20, 40)).astype("float32")
    transform = rasterio.transform.from_origin(OX, OY + 1000, 100, 100)
    with rasterio.open(
        path, "w", driver="GTiff", height=20, width=40, count=1, dtype="float32", crs=CRS, transform=transform, compress="deflate"
    ) as raster:  # fmt: skip
        raster.write(noise, 1)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    path.write_bytes(bytes(content))
    return Expected("raster-bad-value", "error", "people.tif", words=("damaged",), also=("raster-nan",))


@corruption("B64", "people.tif")
def people_without_a_crs(folder: Path) -> Expected:
    with rasterio.open(folder / "people.tif", "r+") as raster:
        raster.crs = rasterio.CRS()
    return Expected("layer-no-crs", "error", "people.tif", field="crs", words=("EPSG",))


@corruption("B66", "people.tif", "people_60.tif")
def people_over_a_third(folder: Path) -> Expected:
    write_people(folder, PEOPLE[:, :14])
    write_raster(folder / "people_60.tif", np.full((20, 14), 0.5))
    return Expected("raster-partial", "warning", "people.tif", words=("甲北村", "%"), also=("population-empty-unit",))


@corruption("B66", "dem.tif")
def heights_over_a_third(folder: Path) -> Expected:
    write_heights(folder, HEIGHTS[:, :17], nodata=-9999.0)
    return Expected("raster-partial", "warning", "dem.tif", field="terrain.dem", words=("%",))


@corruption("B66", "people.tif")
def people_elsewhere(folder: Path) -> Expected:
    write_people(folder, PEOPLE, left=90_000)
    return Expected("raster-elsewhere", "error", "people.tif")


@corruption("B66", "dem.tif")
def heights_with_a_hole(folder: Path) -> Expected:
    values = HEIGHTS.copy()
    values[8:12, 10:20] = -9999.0
    write_heights(folder, values, nodata=-9999.0)
    return Expected("raster-holes", "warning", "dem.tif", field="terrain.dem", count=40)


@corruption("B67", "people_60.tif")
def half_a_cell_off(folder: Path) -> Expected:
    write_raster(folder / "people_60.tif", np.full((20, 40), 0.5), left=50, top=950)
    return Expected(
        "population-group-grid", "error", "people_60.tif", field="population.groups.age60", also=("raster-partial",)
    )


@corruption("B67", "people.tif")
def values_at_points(folder: Path) -> Expected:
    with rasterio.open(folder / "people.tif", "r+") as raster:
        raster.update_tags(AREA_OR_POINT="Point")
    return Expected("raster-point", "warning", "people.tif", also=("population-group-grid",))


@corruption("B69", "district.toml", "people.tif")
def density_as_counts(folder: Path) -> Expected:
    write_people(folder, PEOPLE * 100)
    (folder / "control.csv").write_text("code,people\n330399001,800\n330399101,800\n", encoding="utf-8")
    _set(
        folder,
        "groups.age60",
        'control = { path = "control.csv", level = "township", id = "code", people = "people" }\ngroups.age60',
    )
    return Expected("control-far", "warning", "control.csv", words=("people_per_km2", "100"), also=("control-factors",))


@corruption("B69", "people.tif")
def more_than_anywhere(folder: Path) -> Expected:
    write_people(folder, np.random.default_rng(0).uniform(4000, 6000, (20, 40)))
    return Expected("population-density", "error", "people.tif", field="population.unit", also=("raster-bad-value",))


@corruption("B69", "district.toml")
def unit_left_out(folder: Path) -> Expected:
    _set(folder, 'unit = "people"\n', "")
    return Expected("config-value", "error", "district.toml", field="population", words=("unit", "people_per_km2"))


@corruption("B70", "people.tif")
def nobody_anywhere(folder: Path) -> Expected:
    write_people(folder, PEOPLE * 0)
    return Expected(
        "population-zero", "error", "people.tif", also=("population-group-larger", "population-none-inside")
    )


@corruption("B70", "people.tif", "people_60.tif")
def nobody_in_one_village(folder: Path) -> Expected:
    values, group = PEOPLE.copy(), np.full((20, 40), 0.5)
    values[:10, :20] = group[:10, :20] = 0.0
    write_people(folder, values)
    write_raster(folder / "people_60.tif", group)
    return Expected("population-empty-unit", "warning", "people.tif", field="village", words=("甲北村",), count=1)


@corruption("B73", "people.tif")
def cut_short(folder: Path) -> Expected:
    path = folder / "people.tif"
    path.write_bytes(path.read_bytes()[:2000])
    return Expected("file-unreadable", "error", "people.tif", words=("2000 bytes",))


@corruption("B73", "dem.tif")
def heights_cut_short(folder: Path) -> Expected:
    path = folder / "dem.tif"
    path.write_bytes(path.read_bytes()[:3000])
    return Expected("file-unreadable", "error", "dem.tif", words=("3000 bytes",), field="terrain.dem")


def _write_bands(path: Path, bands: list[np.ndarray], interp: list[ColorInterp] | None = None) -> None:
    transform = rasterio.transform.from_origin(OX, OY + 1000, 100, 100)
    with rasterio.open(
        path, "w", driver="GTiff", height=20, width=40, count=len(bands), dtype=bands[0].dtype, crs=CRS, transform=transform
    ) as raster:  # fmt: skip
        for number, band in enumerate(bands, start=1):
            raster.write(band, number)
        if interp:
            raster.colorinterp = interp


@corruption("B74", "people.tif")
def several_bands(folder: Path) -> Expected:
    _write_bands(folder / "people.tif", [PEOPLE.astype("float32")] * 3)
    return Expected("raster-bands", "error", "people.tif", field="population.band", words=("3", "population.band"))


@corruption("B74", "people.tif")
def colours_by_number(folder: Path) -> Expected:
    path = folder / "people.tif"
    write_people(folder, PEOPLE, "uint8")
    with rasterio.open(path, "r+") as raster:
        raster.write_colormap(1, {2: (255, 0, 0, 255)})
    return Expected("raster-palette", "error", "people.tif")


@corruption("B75", "dem.tif")
def heights_in_feet(folder: Path) -> Expected:
    with rasterio.open(folder / "dem.tif", "r+") as raster:
        raster.units = ("ft",)
    return Expected("dem-feet", "repaired", "dem.tif", field="terrain.dem", words=("dem_unit",))


@corruption("B75", "dem.tif")
def void_undeclared(folder: Path) -> Expected:
    values = HEIGHTS.astype("int16")
    values[:, :12] = -32768
    write_heights(folder, values, "int16")
    return Expected(
        "raster-undeclared-nodata", "error", "dem.tif", words=("terrain.dem_nodata = -32768",), also=("dem-bad-value",)
    )


@corruption("B75", "dem.tif")
def void_of_99(folder: Path) -> Expected:
    values = HEIGHTS.copy()
    values[:, :12] = -99.0
    write_heights(folder, values)
    return Expected("raster-undeclared-nodata", "error", "dem.tif", words=("terrain.dem_nodata = -99",))


@corruption("B75", "dem.tif")
def level_everywhere(folder: Path) -> Expected:
    write_heights(folder, HEIGHTS * 0)
    return Expected("dem-flat", "warning", "dem.tif", field="terrain.dem")


@corruption("B75", "dem.tif")
def steeper_than_mountains(folder: Path) -> Expected:
    rough = np.random.default_rng(2).uniform(0.0, 600.0, HEIGHTS.shape)
    write_heights(folder, rough)
    return Expected("dem-steep", "warning", "dem.tif", words=("terrain.dem_unit",))


@corruption("B72", "people.tif")
def not_georeferenced(folder: Path) -> Expected:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        path = folder / "people.tif"
        with rasterio.open(path, "w", driver="GTiff", height=20, width=40, count=1, dtype="float32") as raster:
            raster.write(PEOPLE.astype("float32"), 1)
    return Expected("layer-no-crs", "error", "people.tif")
