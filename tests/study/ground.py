"""A district of open ground as files: 2 km x 1 km of uniform land cover in 100 m cells, two townships, no street needed.

On foot 3.6 km/h, so that a metre is a second; the way between two cells is straight and diagonal steps, known by heart.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio import Affine

from tests.sources.district import BOTTOM, CRS, HEAD, LEFT, TOWNSHIPS, square

TOP, CELL_M, ROWS, COLUMNS = BOTTOM + 1000, 100.0, 10, 20
PEOPLE = """
[population]
source = "points"
path = "people.csv"
id = "id"
people = "people"
x = "x"
y = "y"
crs = "EPSG:4549"
groups.age60 = "age60"
"""
CLINICS = """
[[facilities]]
kind = "clinic"
path = "clinics.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
fields = { id = "id", name = "name" }
"""
TERRAIN = """
[terrain]
landcover = "landcover.tif"
"""
HIKE = """
[modes.hike]
engine = "terrain"
label = "徒步"
moves = 8
classes = { 1 = { as = "walk", speed_kph = 3.6 } }
"""
RULE = """
[[rules]]
id = "clinic-hike"
facilities = { kind = "clinic" }
mode = "hike"
minutes = 10
"""
OPEN_GROUND = HEAD + PEOPLE + CLINICS + TERRAIN + HIKE + RULE


def centre(row: int, column: int) -> tuple[float, float]:
    """The middle of a cell."""
    return LEFT + CELL_M * (column + 0.5), TOP - CELL_M * (row + 0.5)


def write_raster(path: Path, values: np.ndarray, transform: Affine, crs: str = CRS) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype=values.dtype, crs=crs,
        transform=transform,
    ) as target:  # fmt: skip
        target.write(values, 1)


def write_ground(
    folder: Path,
    toml: str = OPEN_GROUND,
    clinics: tuple[tuple[int, int], ...] = ((0, 0),),
    landcover: np.ndarray | None = None,
) -> Path:
    """Write the folder: a few people in the middle of every cell, clinics in the middle of theirs."""
    folder.mkdir(parents=True, exist_ok=True)
    gpd.GeoDataFrame(
        {"code": list(TOWNSHIPS), "name": list(TOWNSHIPS.values())},
        geometry=[square(0, 0, 1, 1), square(1, 0, 1, 1)], crs=CRS,
    ).to_file(folder / "townships.gpkg")  # fmt: skip
    classes = np.ones((ROWS, COLUMNS), dtype="uint8") if landcover is None else landcover
    write_raster(folder / "landcover.tif", classes, Affine(CELL_M, 0, LEFT, 0, -CELL_M, TOP))
    rows = [(f"{row}-{column}", *centre(row, column)) for row in range(ROWS) for column in range(COLUMNS)]
    people = pd.DataFrame(rows, columns=["id", "x", "y"])
    people["people"] = 3.0 + np.arange(len(people)) % 7
    people["age60"] = np.arange(len(people)) % 3
    people.to_csv(folder / "people.csv", index=False)
    doors = [(f"k{index}", f"诊所{index}", *centre(*cell)) for index, cell in enumerate(clinics)]
    pd.DataFrame(doors, columns=["id", "name", "x", "y"]).to_csv(folder / "clinics.csv", index=False)
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    return folder


def steps_m(cells: list[tuple[int, int]], moves: int = 8) -> np.ndarray:
    """Metres from every cell to the nearest of some, rows x columns, over open ground in 8 or 16 moves."""
    row, column = np.indices((ROWS, COLUMNS))
    ways = []
    for at_row, at_column in cells:
        long = np.maximum(abs(row - at_row), abs(column - at_column))
        short = np.minimum(abs(row - at_row), abs(column - at_column))
        leaps = np.minimum(short, long - short) if moves == 16 else np.zeros_like(short)
        ways.append(leaps * 5**0.5 + (short - leaps) * 2**0.5 + (long - short - leaps))
    return CELL_M * np.min(ways, axis=0)


def line(*points: tuple[float, float]) -> shapely.LineString:
    """A line in metres from the district's upper left corner, right and down."""
    return shapely.LineString([(LEFT + x, TOP - y) for x, y in points])
