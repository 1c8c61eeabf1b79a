"""B21-B37: places that are not where they are said to be."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from lifecircle.sources.datum import from_wgs84
from tests.bad_inputs.catalogue import Expected, corruption
from tests.bad_inputs.district import CLINICS, CRS, OX, OY, to_lonlat, write_roads
from tests.bad_inputs.polygons import NESTED, edit_toml

CLINIC, TOWNSHIPS = "clinics.csv", "townships.gpkg"


def edit_clinics(folder: Path, **columns: object) -> None:
    """Write columns of the clinics anew."""
    pd.read_csv(folder / CLINIC, dtype=str).assign(**columns).to_csv(folder / CLINIC, index=False)


def many_clinics(folder: Path, datum: str = "wgs84", shifted: slice = slice(None)) -> None:
    """Write 24 clinics at streets, some of them in another datum."""
    places = [(x, y) for x in range(310, 3900, 600) for y in (-750, -250, 250, 750)]
    lon, lat = to_lonlat([x for x, _ in places], [y for _, y in places])
    moved_lon, moved_lat = from_wgs84(lon[shifted], lat[shifted], datum)
    lon, lat = lon.copy(), lat.copy()
    lon[shifted], lat[shifted] = moved_lon, moved_lat
    source = np.full(len(places), "实测", dtype=object)
    if datum != "wgs84":
        source[shifted] = "高德"
    pd.DataFrame(
        {
            "编码": [f"k{i}" for i in range(len(places))],
            "名称": [f"卫生室{i}" for i in range(len(places))], "经度": lon.round(7), "纬度": lat.round(7),
            "床位": 2, "启用年份": 2001, "来源": source,
        }
    ).to_csv(folder / CLINIC, index=False)  # fmt: skip


def relabel(folder: Path, crs: str | None) -> None:
    """Say that the townships are in another CRS, their numbers as they are."""
    frame = gpd.read_file(folder / TOWNSHIPS)
    (folder / TOWNSHIPS).unlink()
    frame.set_crs(crs, allow_override=True).to_file(folder / TOWNSHIPS, layer="townships")


def reproject(folder: Path, crs: str, stated: str) -> None:
    """Write the townships in one CRS and say another."""
    frame = gpd.read_file(folder / TOWNSHIPS).to_crs(crs).set_crs(stated, allow_override=True)
    (folder / TOWNSHIPS).unlink()
    frame.to_file(folder / TOWNSHIPS, layer="townships")


@corruption("B21", "villages.shp")
def no_prj(folder: Path) -> Expected:
    (folder / "villages.prj").unlink()
    return Expected("layer-no-crs", "error", "villages.shp", field="crs", words=("EPSG:4549",))


@corruption("B22", TOWNSHIPS)
def metres_called_degrees(folder: Path) -> Expected:
    relabel(folder, "EPSG:4326")
    return Expected("units-not-finite", "error", TOWNSHIPS, field="crs", words=("EPSG:4549",))


@corruption("B22", TOWNSHIPS)
def degrees_called_metres(folder: Path) -> Expected:
    reproject(folder, "EPSG:4490", "EPSG:32651")
    return Expected("layer-crs-contradicts", "error", TOWNSHIPS, field="crs", words=("EPSG:4490",))


@corruption("B22", "parks.geojson")
def park_labelled_wrongly(folder: Path) -> Expected:
    edit_toml(folder, 'path = "parks.geojson"', 'path = "parks.geojson"\ncrs = "EPSG:32651"')
    return Expected(
        "layer-elsewhere", "error", "parks.geojson", field="crs", words=("EPSG:4490",), also=("layer-crs-overridden",)
    )


@corruption("B23", "district.toml")
def columns_swapped(folder: Path) -> Expected:
    edit_toml(folder, 'lon = "经度"\nlat = "纬度"', 'lon = "纬度"\nlat = "经度"')
    return Expected("layer-swapped", "error", CLINIC, field="纬度", words=("6 of 6", 'lon = "经度"'))


@corruption("B23", TOWNSHIPS)
def units_swapped(folder: Path) -> Expected:
    frame = gpd.read_file(folder / TOWNSHIPS).to_crs(4490)
    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda x, y: (y, x), interleaved=False)
    (folder / TOWNSHIPS).unlink()
    frame.set_crs(4490, allow_override=True).to_file(folder / TOWNSHIPS, layer="townships")
    return Expected("units-not-finite", "error", TOWNSHIPS, words=("swapped",))


@corruption("B23", "parks.geojson")
def park_swapped(folder: Path) -> Expected:
    frame = gpd.read_file(folder / "parks.geojson")
    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda x, y: (y, x), interleaved=False)
    frame.to_file(folder / "parks.geojson")
    return Expected("layer-elsewhere", "error", "parks.geojson", words=("swapped",))


@corruption("B24", CLINIC)
def two_rows_swapped(folder: Path) -> Expected:
    frame = pd.read_csv(folder / CLINIC, dtype=str)
    frame.loc[[1, 4], ["经度", "纬度"]] = frame.loc[[1, 4], ["纬度", "经度"]].to_numpy()
    frame.to_csv(folder / CLINIC, index=False)
    return Expected("row-swapped", "set_aside", CLINIC, row="3, 6", count=2)


@corruption("B25", CLINIC)
def gcj02_taken_as_wgs84(folder: Path) -> Expected:
    many_clinics(folder, "gcj02")
    return Expected("layer-datum-doubtful", "warning", CLINIC, field="datum", words=("GCJ-02", 'datum = "gcj02"'))


@corruption("B26", CLINIC)
def bd09_taken_as_wgs84(folder: Path) -> Expected:
    many_clinics(folder, "bd09")
    return Expected("layer-datum-doubtful", "warning", CLINIC, field="datum", words=("BD-09", 'datum = "bd09"'))


@corruption("B27", CLINIC)
def half_in_gcj02(folder: Path) -> Expected:
    many_clinics(folder, "gcj02", slice(0, 12))
    return Expected("layer-datum-mixed", "warning", CLINIC, row="k4", field="datum", words=("来源", "高德"))


@corruption("B25", CLINIC, "roads.gpkg")
def streets_in_gcj02(folder: Path) -> Expected:
    many_clinics(folder)
    write_roads(folder)
    frame = gpd.read_file(folder / "roads.gpkg").to_crs(4326)
    frame["geometry"] = shapely.transform(
        frame.geometry.to_numpy(), lambda x, y: from_wgs84(x, y, "gcj02"), interleaved=False
    )
    (folder / "roads.gpkg").unlink()
    frame.to_crs(CRS).to_file(folder / "roads.gpkg", layer="roads")
    return Expected("roads-datum-doubtful", "warning", CLINIC, field="roads.datum", words=("GCJ-02",))


@corruption("B28", "district.toml")
def beijing54(folder: Path) -> Expected:
    edit_toml(
        folder,
        'crs = "EPSG:4549"\nfields = { id = "id", name = "name", capacity',
        'crs = "EPSG:2436"\nfields = { id = "id", name = "name", capacity',
    )
    return Expected("layer-crs", "error", "hospitals.xlsx", field="crs", words=("北京54",))


@corruption("B28", TOWNSHIPS)
def xian80(folder: Path) -> Expected:
    relabel(folder, "EPSG:2384")
    return Expected("layer-crs", "error", TOWNSHIPS, field="crs", words=("西安80",))


@corruption("B30", "hospitals.xlsx")
def zone_in_eastings(folder: Path) -> Expected:
    frame = pd.read_excel(folder / "hospitals.xlsx")
    frame.assign(x=frame["x"] + 40_000_000).to_excel(folder / "hospitals.xlsx", index=False)
    return Expected("layer-elsewhere", "error", "hospitals.xlsx", field="x", words=("EPSG:4528",))


@corruption("B30", "district.toml")
def zone_lost(folder: Path) -> Expected:
    edit_toml(
        folder,
        'crs = "EPSG:4549"\nfields = { id = "id", name = "name", capacity',
        'crs = "EPSG:4528"\nfields = { id = "id", name = "name", capacity',
    )
    return Expected("layer-elsewhere", "error", "hospitals.xlsx", field="x", words=("EPSG:4549",))


@corruption("B30", TOWNSHIPS)
def zone_in_eastings_of_units(folder: Path) -> Expected:
    frame = gpd.read_file(folder / TOWNSHIPS)
    frame["geometry"] = frame.geometry.translate(40_000_000)
    (folder / TOWNSHIPS).unlink()
    frame.to_file(folder / TOWNSHIPS, layer="townships")
    return Expected("layer-crs-contradicts", "error", TOWNSHIPS, field="crs", words=("EPSG:4528",))


@corruption("B30", "district.toml")
def northing_first(folder: Path) -> Expected:
    edit_toml(folder, 'x = "x"\ny = "y"', 'x = "y"\ny = "x"')
    return Expected("layer-swapped", "error", "hospitals.xlsx", field="y", words=('x = "x"',))


@corruption("B31", CLINIC)
def degrees_minutes_seconds(folder: Path) -> Expected:
    lon, lat = to_lonlat([row[2] for row in CLINICS], [row[3] for row in CLINICS])
    edit_clinics(folder, 经度=[_dms(value) for value in lon], 纬度=[_dms(value) for value in lat])
    return Expected("row-repaired-place", "repaired", CLINIC, count=6)


def _dms(value: float) -> str:
    degrees, rest = divmod(value, 1.0)
    minutes, rest = divmod(rest * 60.0, 1.0)
    return f"{degrees:.0f}°{minutes:.0f}′{rest * 60.0:.3f}″"


@corruption("B31", CLINIC)
def words_for_coordinates(folder: Path) -> Expected:
    frame = pd.read_csv(folder / CLINIC, dtype=str)
    frame.loc[2, "经度"] = "海边"
    frame.to_csv(folder / CLINIC, index=False)
    return Expected("row-bad-place", "set_aside", CLINIC, row="4", words=("海边",), count=1)


@corruption("B32", CLINIC)
def full_width(folder: Path) -> Expected:
    frame = pd.read_csv(folder / CLINIC, dtype=str)
    wide = frame["经度"].str.translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))
    edit_clinics(folder, 经度=wide)
    return Expected("row-repaired-place", "repaired", CLINIC, count=6)


@corruption("B32", CLINIC)
def decimal_comma(folder: Path) -> Expected:
    frame = pd.read_csv(folder / CLINIC, dtype=str)
    edit_clinics(folder, 经度=frame["经度"].str.replace(".", ","), 纬度=frame["纬度"].str.replace(".", ","))
    return Expected("row-repaired-place", "repaired", CLINIC, count=6)


@corruption("B33", CLINIC)
def zeros_and_blanks(folder: Path) -> Expected:
    frame = pd.read_csv(folder / CLINIC, dtype=str)
    frame.loc[0, ["经度", "纬度"]] = "0"
    frame.loc[3, ["经度", "纬度"]] = ""
    frame.to_csv(folder / CLINIC, index=False)
    return Expected("row-no-place", "set_aside", CLINIC, row="2, 5", count=2)


@corruption("B33", CLINIC)
def rounded(folder: Path) -> Expected:
    frame = pd.read_csv(folder / CLINIC)
    edit_clinics(folder, 经度=frame["经度"].round(2), 纬度=frame["纬度"].round(2))
    return Expected("row-coarse-place", "warning", CLINIC, count=6, also=("facilities-far-from-roads",))


@corruption("B34", CLINIC)
def of_another_province(folder: Path) -> Expected:
    frame = pd.read_csv(folder / CLINIC, dtype=str)
    frame.loc[5, ["经度", "纬度"]] = ["116.4001234", "39.9005678"]
    frame.to_csv(folder / CLINIC, index=False)
    return Expected("row-far", "set_aside", CLINIC, row="7", count=1)


@corruption("B35", "roads.gpkg")
def far_from_any_road(folder: Path) -> Expected:
    frame = gpd.read_file(folder / "roads.gpkg")
    keep = frame.geometry.bounds["maxx"] < OX + 2300
    (folder / "roads.gpkg").unlink()
    frame[keep].to_file(folder / "roads.gpkg", layer="roads")
    return Expected(
        "facilities-far-from-roads", "warning", "facilities: clinic", row="k6", words=("1250 m", "k5"), count=2
    )


@corruption("B36", "district.toml")
def other_zone(folder: Path) -> Expected:
    edit_toml(folder, 'year = 2025\ncrs = "EPSG:4549"', 'year = 2025\ncrs = "EPSG:4547"')
    return Expected("district-crs-zone", "warning", "district.toml", field="district.crs", words=("EPSG:4549",))


@corruption("B37", TOWNSHIPS)
def layers_in_three_crs(folder: Path) -> Expected:
    """Townships in degrees, villages in another zone: all are brought to the district's, and the hospitals a little off are set aside."""
    frame = gpd.read_file(folder / TOWNSHIPS).to_crs(4490)
    (folder / TOWNSHIPS).unlink()
    frame.to_file(folder / TOWNSHIPS, layer="townships")
    pd.DataFrame(
        {"id": ["h1", "h2"], "name": ["甲医院", "乙医院"], "x": [OX + 1000, 0], "y": [OY, 0], "beds": [200, 120]}
    ).to_excel(folder / "hospitals.xlsx", index=False)
    return Expected("row-no-place", "set_aside", "hospitals.xlsx", row="3", count=1, also=NESTED)


assert pyproj.CRS("EPSG:4528").name.endswith("zone 40")
