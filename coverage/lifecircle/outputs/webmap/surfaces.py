"""Areas and surfaces on the page: isochrones and catchments, and where the people are whom a rule does not cover.

Areas are simplified and in whole 1e-5 degrees, as units are (see :mod:`.places`). Uncovered people are a palette picture for raster cells, and
points for the rest.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.warp import Resampling, calculate_default_transform, reproject

from lifecircle.config.schema import LEVELS
from lifecircle.model import Cells, FloatArray, IntArray, RasterGrid, RuleAreas, RuleResult, Study
from lifecircle.outputs.webmap.places import Flat, encode_polygons, to_degrees
from lifecircle.outputs.webmap.unit_figures import as_number
from lifecircle.travel.isochrones.contours import gather

MAX_BAND_VERTICES, MAX_FACILITY_VERTICES = 6_000, 4_000
"""Per rule: of its bands; of its facilities' isochrones, and of its catchments. Some 5 bytes each."""
FIRST_TOLERANCE_M, LAST_TOLERANCE_M = 10.0, 320.0

Encoded = list[list[list[Flat]]]
"""For each area its polygons, for each polygon its rings."""


def describe_areas(study: Study) -> dict[str, Any] | None:
    """Return per rule its bands, and of each facility that serves it what is within its limit and where it is the nearest.

    Facilities stand in the order of the rule's result. None where no areas were drawn.
    """
    if not study.areas:
        return None
    units = next((study.units[level] for level in LEVELS if level in study.units), None)
    land = shapely.union_all(units.geometry) if units else None
    return {
        rule: _describe_rule(study.results[rule], areas, land, study.district.crs)
        for rule, areas in study.areas.items()
    }


def _describe_rule(result: RuleResult, areas: RuleAreas, land: shapely.Geometry | None, crs: str) -> dict[str, Any]:
    bands = _cut([area.polygon for area in areas.bands], land)
    nearest = {area.facility: area.polygon for area in areas.catchments}
    catchments = _cut([nearest.get(row, shapely.MultiPolygon()) for row in result.facilities.tolist()], land)
    within = _cut([area.polygon for area in areas.by_facility], land)
    return {
        "limits": [area.limit for area in areas.bands],
        "people": [as_number(area.people_covered) for area in areas.bands],
        "inside": [as_number(area.people_inside) for area in areas.bands],
        "bands": encode_areas(bands, crs, MAX_BAND_VERTICES, "nested"),
        "within": encode_areas(within, crs, MAX_FACILITY_VERTICES, "any"),
        "catchment": encode_areas(catchments, crs, MAX_FACILITY_VERTICES, "apart"),
    }


def _cut(areas: Sequence[shapely.Geometry], land: shapely.Geometry | None) -> list[shapely.Geometry]:
    return list(areas) if land is None else list(shapely.intersection(np.array(areas, dtype=object), land))


def encode_areas(
    areas: Sequence[shapely.Geometry], crs: str, max_vertices: int, kind: Literal["nested", "apart", "any"]
) -> Encoded:
    """Return the areas with fewer vertices; the tolerance (m) doubles until they fit, and parts smaller than it are left out.

    ``nested`` areas (small to large) still lie in one another, those that are ``apart`` still share their borders.
    """
    simple = np.array(areas, dtype=object)
    tolerance_m = FIRST_TOLERANCE_M
    is_coverage = kind == "apart" and len(simple) > 0 and bool(shapely.coverage_is_valid(simple))
    while len(simple):
        if is_coverage:
            simple = shapely.coverage_simplify(simple, tolerance_m)
        move_m = 0.0 if is_coverage else tolerance_m
        simple = np.array([_gather(area, tolerance_m * tolerance_m, move_m) for area in simple], dtype=object)
        if shapely.get_num_coordinates(simple).sum() <= max_vertices or tolerance_m >= LAST_TOLERANCE_M:
            break
        tolerance_m *= 2
    if kind == "nested":
        for smaller in range(len(simple) - 2, -1, -1):
            simple[smaller] = _gather(shapely.intersection(simple[smaller], simple[smaller + 1]))
    return [encode_polygons(area) for area in (to_degrees(simple, crs) if len(simple) else [])]


def _gather(area: shapely.Geometry, least_m2: float = 0.0, simplify_m: float = 0.0) -> shapely.MultiPolygon:
    return gather(np.array([area], dtype=object), least_m2, simplify_m, is_contour=False)


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
