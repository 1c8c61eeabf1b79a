"""Isochrones and catchments on the page: simplified and in whole 1e-5 degrees, as units are (see :mod:`.places`).

What lies beyond the district (the sea a street is near to, the neighbour's land) is left out here, as its people are not counted.
Bands are told as what each adds to the one before, so that nothing lies over anything and neighbours share their border. The page's
polygons are for the eye; those of ``coverage.gpkg`` carry the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from lifecircle.config.schema import LEVELS
from lifecircle.model import RuleAreas, RuleResult, Study
from lifecircle.outputs.webmap.places import Flat, encode_polygons, to_lonlat
from lifecircle.outputs.webmap.unit_figures import as_number

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
    added = [bands[0], *(shapely.difference(larger, smaller) for smaller, larger in pairwise(bands))]
    nearest = {area.facility: area.polygon for area in areas.catchments}
    catchments = _cut([nearest.get(row, shapely.MultiPolygon()) for row in result.facilities.tolist()], land)
    within = _cut([area.polygon for area in areas.by_facility], land)
    return {
        "limits": [area.limit for area in areas.bands],
        "people": [as_number(area.people_covered) for area in areas.bands],
        "inside": [as_number(area.people_inside) for area in areas.bands],
        "rings": encode_areas(added, crs, MAX_BAND_VERTICES, shares_borders=True),
        "within": encode_areas(within, crs, MAX_FACILITY_VERTICES, shares_borders=False),
        "catchment": encode_areas(catchments, crs, MAX_FACILITY_VERTICES, shares_borders=True),
    }


def _cut(areas: Sequence[shapely.Geometry], land: shapely.Geometry | None) -> list[shapely.Geometry]:
    return list(areas) if land is None else list(shapely.intersection(np.array(areas, dtype=object), land))


def encode_areas(areas: Sequence[shapely.Geometry], crs: str, max_vertices: int, *, shares_borders: bool) -> Encoded:
    """Return the areas with fewer vertices; the tolerance (m) doubles until they fit. Parts too small to see then are left out."""
    simple = np.array(areas, dtype=object)
    if not len(simple):
        return []
    tolerance_m = FIRST_TOLERANCE_M
    as_coverage = shares_borders and bool(shapely.coverage_is_valid(simple))
    while True:
        simple = (
            shapely.coverage_simplify(simple, tolerance_m) if as_coverage else shapely.simplify(simple, tolerance_m)
        )
        simple = np.array([_without_specks(area, tolerance_m * tolerance_m) for area in simple], dtype=object)
        if shapely.get_num_coordinates(simple).sum() <= max_vertices or tolerance_m >= LAST_TOLERANCE_M:
            return [encode_polygons(area) for area in to_lonlat(simple, crs)]
        tolerance_m *= 2


def _without_specks(area: shapely.Geometry, least_m2: float) -> shapely.MultiPolygon:
    """Return the area without parts, and without holes, smaller than can be seen."""
    parts = shapely.get_parts(area)
    parts = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) >= least_m2)]
    kept = []
    for part in parts:
        holes = [hole for hole in part.interiors if shapely.area(shapely.Polygon(hole)) >= least_m2]
        kept.append(shapely.Polygon(part.exterior, holes))
    return shapely.MultiPolygon(kept)
