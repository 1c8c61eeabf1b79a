"""Where the people are whom a rule does not cover: a palette picture for raster cells, points for the rest.

Classes 1 .. 4 are people who can reach a facility, but not within the limit; 5 .. 8 those who can reach none; 0 draws nothing. The
class says how many people live in the cell; its limits are the same for every rule, so that rules can be compared by eye.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj import Transformer
from rasterio.warp import Resampling, calculate_default_transform, reproject

from lifecircle.model import Cells, FloatArray, IntArray, RasterGrid, RuleResult, Study

WEB_MERCATOR = "EPSG:3857"
BEYOND_COLOURS = ("#fdbb84", "#fc8d59", "#e34a33", "#b30000")
"""ColorBrewer OrRd, its four darkest of six: sequential, safe for the colour-blind, apart from the blue-green of the units."""
UNREACHABLE_COLOURS = ("#bcbddc", "#9e9ac8", "#756bb1", "#54278f")
"""ColorBrewer Purples."""
NEW_COLOURS = ("#9ecae1", "#4292c6", "#2171b5", "#084594")
"""ColorBrewer Blues: whom sites newly cover."""
CLASSES = len(BEYOND_COLOURS)
OVERSAMPLING = 3
"""Pixels per cell side: nearest neighbour at one pixel per cell would lose some cells and double others."""
MAX_PIXELS = 6_000_000
MAX_POINTS = 20_000

ClassArray = npt.NDArray[np.uint8]


def describe_surfaces(study: Study) -> dict[str, Any]:
    """Return the colours, the class limits, and per rule the drawing and the people of each class."""
    breaks = choose_breaks(study)
    classes = {rule: classify_cells(result, breaks) for rule, result in study.results.items()}
    described: dict[str, Any] = {
        "breaks": breaks,
        "beyond": list(BEYOND_COLOURS),
        "unreachable": list(UNREACHABLE_COLOURS),
        "people": {rule: count_people(classes[rule], result.people) for rule, result in study.results.items()},
    }
    drawn = {rule: (classes[rule], result.people) for rule, result in study.results.items()}
    return described | draw_cells(study.cells, drawn, BEYOND_COLOURS + UNREACHABLE_COLOURS)


def draw_cells(
    cells: Cells, drawn: Mapping[str, tuple[ClassArray, FloatArray]], colours: Sequence[str]
) -> dict[str, Any]:
    """Return cells by class, as a picture each with its ``bounds`` where they are of a raster, else as ``points``; and the ``colours``.

    ``drawn`` holds, by name, the class of every cell (1 has the first colour, 0 none) and its people.
    """
    described: dict[str, Any] = {"colours": list(colours)}
    if cells.grid is not None and len(cells):
        described["bounds"], cell_at_pixel = lay_out_pixels(cells.grid)
        described["pictures"] = {
            name: draw_picture(cell_at_pixel, classes, colours) for name, (classes, _) in drawn.items()
        }
    else:
        described["points"] = {name: list_points(cells, classes, people) for name, (classes, people) in drawn.items()}
    return described


def choose_breaks(study: Study) -> list[float]:
    """Return three round limits that part the uncovered cells of all rules into four classes of people per cell."""
    uncovered = [result.people[~result.covered & (result.people > 0)] for result in study.results.values()]
    return break_people(np.concatenate(uncovered) if uncovered else np.empty(0))


def break_people(people: FloatArray) -> list[float]:
    """Return three round limits that part so many people per cell into four classes."""
    if len(people) == 0:
        return [10.0, 20.0, 50.0]
    series = np.array([step * 10.0**power for power in range(-2, 7) for step in (1, 2, 5)])
    last = -1
    breaks = []
    for quantile in np.quantile(people, [0.4, 0.7, 0.9]):
        last = max(last + 1, int(np.argmin(np.abs(np.log(series / quantile)))))
        breaks.append(float(series[last]))
    return breaks


def classify_cells(result: RuleResult, breaks: list[float]) -> ClassArray:
    """Return the class of every cell, 0-8."""
    size = np.digitize(result.people, breaks) + 1
    size = np.where(np.isfinite(result.nearest.cost), size, size + CLASSES)
    return np.where(result.covered | ~(result.people > 0), 0, size).astype(np.uint8)


def count_people(classes: ClassArray, people: FloatArray) -> list[float]:
    """Return the people of classes 1 .. 8."""
    sums = np.bincount(classes, weights=np.nan_to_num(people), minlength=2 * CLASSES + 1)
    return [float(value) for value in sums[1:]]


def lay_out_pixels(grid: RasterGrid) -> tuple[list[list[float]], IntArray]:
    """Return the picture's corners ``[[south, west], [north, east]]`` and the cell under each web-mercator pixel, -1 for none."""
    first_row, first_column = int(grid.row.min()), int(grid.column.min())
    height, width = int(grid.row.max()) - first_row + 1, int(grid.column.max()) - first_column + 1
    cell_at = np.full((height, width), -1, dtype=np.int32)
    cell_at[grid.row - first_row, grid.column - first_column] = np.arange(len(grid.row), dtype=np.int32)
    whole = Affine(*grid.transform)
    x, y = _place(whole, first_column, first_row)
    source = Affine(whole.a, whole.b, x, whole.d, whole.e, y)
    bounds = _bounds(source, width, height)
    scale = min(OVERSAMPLING, max(1.0, (MAX_PIXELS / (height * width)) ** 0.5))
    target, columns, rows = calculate_default_transform(
        grid.crs, WEB_MERCATOR, width, height, *bounds,
        dst_width=round(width * scale), dst_height=round(height * scale),
    )  # fmt: skip
    pixels = np.full((rows, columns), -1, dtype=np.int32)
    reproject(
        cell_at, pixels, src_transform=source, src_crs=grid.crs, dst_transform=target, dst_crs=WEB_MERCATOR,
        src_nodata=-1, dst_nodata=-1, resampling=Resampling.nearest,
    )  # fmt: skip
    to_degrees = Transformer.from_crs(WEB_MERCATOR, "EPSG:4326", always_xy=True)
    west, north = to_degrees.transform(*_place(target, 0, 0))
    east, south = to_degrees.transform(*_place(target, columns, rows))
    return [[round(south, 7), round(west, 7)], [round(north, 7), round(east, 7)]], pixels.astype(np.int64)


def _place(transform: Affine, column: int, row: int) -> tuple[float, float]:
    """Return what a column and row are in coordinates; versions of affine differ in the operator for it."""
    return (
        transform.a * column + transform.b * row + transform.c,
        transform.d * column + transform.e * row + transform.f,
    )


def _bounds(transform: Affine, width: int, height: int) -> tuple[float, float, float, float]:
    corners = [_place(transform, *corner) for corner in ((0, 0), (width, 0), (0, height), (width, height))]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def draw_picture(cell_at_pixel: IntArray, classes: ClassArray, colours: Sequence[str]) -> str:
    """Return a data URI of a palette PNG: each pixel the class of the cell under it."""
    # Index -1 (no cell) takes the last entry, which is class 0.
    by_pixel = np.append(classes, np.uint8(0))[cell_at_pixel]
    return "data:image/png;base64," + base64.b64encode(encode_png(by_pixel, colours)).decode("ascii")


def encode_png(indices: ClassArray, colours: Sequence[str]) -> bytes:
    """Return a PNG of 4 bits per pixel (ISO/IEC 15948) with at most 15 colours from 1 on; index 0 is transparent."""
    height, width = indices.shape
    padded = np.pad(indices, ((0, 0), (0, width % 2)))
    packed = (padded[:, 0::2] << 4) | padded[:, 1::2]
    lines = np.concatenate([np.zeros((height, 1), np.uint8), packed], axis=1)
    palette = b"\0\0\0" + b"".join(bytes.fromhex(colour[1:]) for colour in colours)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)),
            _png_chunk(b"PLTE", palette),
            _png_chunk(b"tRNS", b"\0"),
            _png_chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _png_chunk(b"IEND", b""),
        )
    )


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def list_points(cells: Cells, classes: ClassArray, people: FloatArray) -> dict[str, Any]:
    """Return the uncovered points, the most people first where there are more than the page can hold."""
    shown = np.flatnonzero(classes)
    left_out = max(0, len(shown) - MAX_POINTS)
    if left_out:
        shown = np.sort(shown[np.argsort(-people[shown], kind="stable")[:MAX_POINTS]])
    return {
        "lon": np.rint(cells.lon[shown] * 1e5).astype(int).tolist(),
        "lat": np.rint(cells.lat[shown] * 1e5).astype(int).tolist(),
        "class": classes[shown].tolist(),
        "left_out": left_out,
    }
