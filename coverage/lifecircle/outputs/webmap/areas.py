"""Isochrones and catchments on the page: simplified and in whole 1e-5 degrees, as units are (see :mod:`.places`).

What lies beyond the district (the sea a street is near to, the neighbour's land) is left out here, as its people are not counted.
The page's polygons are for the eye; those of ``coverage.gpkg`` carry the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import shapely

from lifecircle.config.schema import LEVELS
from lifecircle.model import RuleAreas, RuleResult, Study
from lifecircle.outputs.webmap.places import Flat, encode_polygons, to_lonlat
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
    return [encode_polygons(area) for area in (to_lonlat(simple, crs) if len(simple) else [])]


def _gather(area: shapely.Geometry, least_m2: float = 0.0, simplify_m: float = 0.0) -> shapely.MultiPolygon:
    return gather(np.array([area], dtype=object), least_m2, simplify_m, is_contour=False)
