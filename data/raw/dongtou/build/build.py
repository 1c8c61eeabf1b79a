"""Rebuilds every layer of the demonstration district from the facts beside this file.

    python data/raw/dongtou/build/build.py [--out FOLDER]

Same facts, same bytes: seeds are fixed, file dates are those of the data, nothing is fetched.
"""

import argparse
from pathlib import Path

import ages
import facilities
import land
import numpy as np
import people
import poi
import pyogrio
import rasterio
import registers
import services
import streets
import surroundings
from common import GEOGRAPHIC, METRIC

DATE = "2025-01-01"  # GeoPackage and DBF carry a date; the day of the build is not a fact about the data


def units(folder: Path) -> None:
    (folder / "townships.gpkg").unlink(missing_ok=True)
    towns = land.townships()[["code", "name", "seat", "geometry"]].to_crs(GEOGRAPHIC)
    towns.to_file(folder / "townships.gpkg", layer="townships", driver="GPKG", promote_to_multi=True)
    frame = land.villages()[["code", "name", "township", "registered", "geometry"]]
    frame = frame.rename(columns={"code": "编码", "name": "名称", "township": "街道", "registered": "户籍"})
    frame.to_file(folder / "villages.shp", encoding="GB18030", DBF_DATE_LAST_UPDATE=DATE)


def terrain(folder: Path) -> None:
    transform, high, wide = land.grid()
    metres = np.where(np.isnan(land.height()), -32768, np.rint(land.height())).astype(np.int16)
    with rasterio.open(
        folder / "dem.tif",
        "w",
        driver="GTiff",
        height=high,
        width=wide,
        count=1,
        dtype="int16",
        crs=METRIC,
        transform=transform,
        nodata=-32768,
        compress="lzw",
        predictor=2,
    ) as file:
        file.write(metres, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1], help="where the layers go")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": DATE + "T00:00:00.000Z"})
    drawn = (units, terrain, streets.write, people.write, ages.write)
    for step in (
        *drawn,
        facilities.write,
        services.services,
        services.water,
        surroundings.write,
        poi.write,
        registers.write,
    ):
        step(folder)


if __name__ == "__main__":
    main()
