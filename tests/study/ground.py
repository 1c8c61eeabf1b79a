"""A district of open ground as files: 2 km x 1 km of uniform land cover in 100 m cells, two townships, no street needed.

On foot 3.6 km/h, so that a metre is a second; the way between two cells is straight and diagonal steps, known by heart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.made import CRS, Ground, head, people_toml, places_toml, write_toml
from tests.sources.district import BOTTOM, LEFT, TOWNSHIPS

__all__ = ["CRS", "LEFT", "line"]

TOP, CELL_M, ROWS, COLUMNS = BOTTOM + 1000, 100.0, 10, 20
GROUND = Ground(LEFT, TOP, up=-1.0)
"""Metres right and down from the upper left corner."""
line = GROUND.line
HEAD = head("demo", "示范区", "Demo", code="330305")
PEOPLE = people_toml("age60")
CLINICS = places_toml("clinic", "clinics.csv")
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
    """The middle of a cell, in metres right and down."""
    return CELL_M * (column + 0.5), CELL_M * (row + 0.5)


def write_ground(
    folder: Path,
    toml: str = OPEN_GROUND,
    clinics: tuple[tuple[int, int], ...] = ((0, 0),),
    landcover: np.ndarray | None = None,
) -> Path:
    """Write the folder: a few people in the middle of every cell, clinics in the middle of theirs."""
    write_toml(folder, toml)
    boxes = ((0, 1000, 1000, 0), (1000, 1000, 2000, 0))
    units = {code: (name, box) for (code, name), box in zip(TOWNSHIPS.items(), boxes, strict=True)}
    GROUND.write_units(folder / "townships.gpkg", units)
    classes = np.ones((ROWS, COLUMNS), dtype="uint8") if landcover is None else landcover
    GROUND.write_raster(folder / "landcover.tif", classes, cell_m=CELL_M)
    cells = [(row, column) for row in range(ROWS) for column in range(COLUMNS)]
    people = [(f"{row}-{column}", *centre(row, column), 3.0 + n % 7, n % 3) for n, (row, column) in enumerate(cells)]
    GROUND.write_places(folder / "people.csv", ["id", "x", "y", "people", "age60"], people)
    places = [(f"k{index}", f"诊所{index}", *centre(*cell)) for index, cell in enumerate(clinics)]
    GROUND.write_places(folder / "clinics.csv", ["id", "name"], places)
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
