"""Units and facilities as places on the page: lon, lat in whole 1e-5 degrees, each vertex as its step from the one before.

A polygon is a list of rings, a line a list of one path; each ring or path is ``[lon, lat, step_lon, step_lat, ...]``. One unit of
the last place is about a metre, and neighbours that share a border keep sharing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

from lifecircle.config import Configuration, District
from lifecircle.config.schema import LEVELS, Level
from lifecircle.model import Cells, Facilities, Study, Units
from lifecircle.outputs.webmap.unit_figures import as_number

PLACES = 1e5
MAX_VERTICES = 24_000
"""Per level: some 130 kB of the page."""
FIRST_TOLERANCE_M = 4.0
FACILITY_TOLERANCE_M = 2.0

Geometries = npt.NDArray[np.object_]
Flat = list[int]


class Drawn(Protocol):
    """What every page is drawn on: a study has it, and so have the layers it came from."""

    @property
    def configuration(self) -> Configuration: ...  # noqa: D102
    @property
    def district(self) -> District: ...  # noqa: D102
    @property
    def units(self) -> Mapping[Level, Units]: ...  # noqa: D102
    @property
    def cells(self) -> Cells: ...  # noqa: D102
    @property
    def facilities(self) -> Facilities: ...  # noqa: D102


@cache
def _to_degrees(crs: str) -> Transformer:
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def to_degrees(geometries: Geometries, crs: str) -> Geometries:
    """Return the geometries in WGS-84 degrees, lon first."""
    transformer = _to_degrees(crs)

    def transform(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    transformed: Geometries = shapely.transform(geometries, transform)
    return transformed


def simplify_units(geometries: Geometries, max_vertices: int = MAX_VERTICES) -> Geometries:
    """Return the units with fewer vertices, sharing borders where they did; the tolerance (m) doubles until they fit."""
    if len(geometries) == 0:
        return geometries
    is_coverage = bool(shapely.coverage_is_valid(geometries))
    tolerance_m = FIRST_TOLERANCE_M
    while True:
        if is_coverage:
            simple: Geometries = shapely.coverage_simplify(geometries, tolerance_m)
        else:
            simple = shapely.simplify(geometries, tolerance_m, preserve_topology=True)
        if shapely.get_num_coordinates(simple).sum() <= max_vertices or tolerance_m > 1000:
            return simple
        tolerance_m *= 2


def describe_units(drawn: Drawn) -> dict[str, Any]:
    """Return, per level, the codes, names, outlines, label places and the enclosing unit of the level above."""
    described: dict[str, Any] = {}
    above: Units | None = None
    for level in LEVELS:
        units = drawn.units.get(level)
        if units is None or level == "district":
            continue
        described[level] = _describe_level(units, above, drawn.district.crs)
        above = units
    described["district"] = {
        "code": [drawn.district.code],
        "outline": _describe_outline(drawn),
    }
    return described


def _describe_level(units: Units, above: Units | None, crs: str) -> dict[str, Any]:
    outlines = to_degrees(simplify_units(units.geometry), crs)
    labels = to_degrees(np.array([_label_point(geometry) for geometry in units.geometry], dtype=object), crs)
    return {
        "code": [str(code) for code in units.code],
        "name": [str(name) for name in units.name],
        "outline": [encode_polygons(outline) for outline in outlines],
        "label": [_encode_path(shapely.get_coordinates(label)) for label in labels],
        "parent": _find_parents(units, above),
    }


def _label_point(geometry: Any) -> Any:
    """Return the middle of the unit's largest part."""
    parts = shapely.get_parts(geometry)
    largest = parts[int(np.argmax(shapely.area(parts)))]
    tolerance_m = max(1.0, float(np.sqrt(shapely.area(largest))) / 50)
    circle = shapely.maximum_inscribed_circle(largest, tolerance=tolerance_m)
    return shapely.get_point(circle, 0)


def _find_parents(units: Units, above: Units | None) -> list[int | None]:
    """Return, for each unit, the row of the unit above that holds a point of it; None where none does."""
    parents: list[int | None] = [None] * len(units)
    if above is None:
        return parents
    points = shapely.point_on_surface(units.geometry)
    for row, parent in zip(*shapely.STRtree(above.geometry).query(points, predicate="intersects"), strict=True):
        parents[int(row)] = int(parent)
    return parents


def _describe_outline(drawn: Drawn) -> list[list[Flat]]:
    units = next((drawn.units[level] for level in LEVELS if level in drawn.units), None)
    if units is None or len(units) == 0:
        return []
    simple = simplify_units(units.geometry)
    joined = shapely.coverage_union_all(simple) if shapely.coverage_is_valid(simple) else shapely.union_all(simple)
    return encode_polygons(to_degrees(np.array([joined], dtype=object), drawn.district.crs)[0])


def describe_facilities(study: Study) -> dict[str, Any]:
    """Return the facilities that have a place, and per rule which of them serve it, and whom."""
    described, position = list_facilities(study)
    return described | {"serving": {rule: _describe_serving(study, rule, position) for rule in study.results}}


def list_facilities(drawn: Drawn) -> tuple[dict[str, Any], dict[int, int]]:
    """Return the facilities that have a place, and by row where each stands among them."""
    frame, crs = drawn.facilities.frame, drawn.district.crs
    shown = [row for row, geometry in enumerate(frame.geometry) if geometry is not None and not geometry.is_empty]
    geometries = np.array([frame.geometry.iloc[row] for row in shown], dtype=object)
    geometries = to_degrees(shapely.simplify(geometries, FACILITY_TOLERANCE_M), crs) if shown else geometries
    part = frame.iloc[shown]
    described: dict[str, Any] = {
        "id": [str(value) for value in part["facility_id"]],
        "name": [value if isinstance(value, str) else "" for value in part["name"]],
        "kind": [str(value) for value in part["kind"]],
        "is_inside": [bool(value) for value in part["is_inside"]],
        "is_used": [str(value) == "used" for value in part["status"]],
        "shape": [encode_shape(geometry) for geometry in geometries],
    }
    return described, {row: place for place, row in enumerate(shown)}


def _describe_serving(study: Study, rule: str, position: dict[int, int]) -> dict[str, Any]:
    result = study.results[rule]
    kept = [index for index, row in enumerate(result.facilities) if int(row) in position]
    legs = result.legs
    ends = [] if legs is None else [index for index, row in enumerate(legs.hospitals) if int(row) in position]
    return {
        "onward": [position[int(legs.hospitals[index])] for index in ends] if legs is not None else [],
        "people_taken": [as_number(legs.people_taken[index]) for index in ends] if legs is not None else [],
        "row": kept,
        "facility": [position[int(result.facilities[index])] for index in kept],
        "access_m": [as_number(result.access_m[index]) for index in kept],
        "people_within": [as_number(result.people_within[index]) for index in kept],
        "people_nearest": [as_number(result.people_nearest[index]) for index in kept],
    }


def encode_shape(geometry: Any) -> dict[str, Any]:
    """Return one facility's place: ``point`` (several where it has several), ``line`` or ``area``."""
    dimension = shapely.get_dimensions(geometry)
    if dimension == 0:
        return {"point": [_encode_path(shapely.get_coordinates(part)) for part in shapely.get_parts(geometry)]}
    if dimension == 1:
        return {"line": [_encode_path(shapely.get_coordinates(part)) for part in shapely.get_parts(geometry)]}
    return {"area": encode_polygons(geometry)}


def encode_polygons(geometry: Any) -> list[list[Flat]]:
    """Return a polygon or several as lists of rings, the outer one first."""
    parts = [part for part in shapely.get_parts(geometry) if shapely.get_dimensions(part) == 2]
    return [
        [_encode_path(shapely.get_coordinates(ring)) for ring in (part.exterior, *part.interiors)] for part in parts
    ]


def _encode_path(lonlat: npt.NDArray[np.float64]) -> Flat:
    places = np.rint(lonlat * PLACES).astype(np.int64)
    moves = np.diff(places, axis=0)
    moves = moves[(moves != 0).any(axis=1)]
    flat: Flat = np.concatenate([places[:1], moves]).ravel().tolist()
    return flat
