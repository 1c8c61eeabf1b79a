"""Isochrones and catchments of every rule, drawn from the network, the doors and the surfaces that its figures come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from rasterio import Affine

from lifecircle.compilation import map_slices
from lifecircle.config import Rule, load_bands
from lifecircle.indicators.rule_coverage import catchment_people
from lifecircle.indicators.spatial import people_inside
from lifecircle.model import AreaWithin, CatchmentArea, FloatArray, IntArray, RuleAreas, RuleResult
from lifecircle.sources.datum import parse_crs, transform_xy
from lifecircle.study.routing import Routing
from lifecircle.travel.isochrones import AccessRaster, Isochrone, catchment_polygons, dissolved_isochrones, isochrones
from lifecircle.travel.network import Weight
from lifecircle.travel.off_network import Crossing, is_remote
from lifecircle.travel.reach import Joins, Search, join_points
from lifecircle.travel.samples import SAMPLES, sample_points
from lifecircle.travel.terrain import (
    Project,
    catchments_of_cells,
    outline_cells,
    published_minutes,
    slower_cells_share,
    spread_each,
)

Number = TypeVar("Number", np.float64, np.int64)

OVERLAP_CELLS = 0.75
"""Cells this much nearer than the longest access leg are drawn too, so that no gap is left between streets and ground."""


@dataclass(frozen=True, slots=True, eq=False)
class Beyond:
    """The cells of ground that a rule's way may reach beyond the streets."""

    crossing: Crossing
    cell: IntArray
    """Cells of the surface."""
    homes: Joins
    """Their centres, joined to streets only."""

    def bands(self, limits: Sequence[float]) -> list[shapely.MultiPolygon]:
        """Return for each limit the ground beyond the streets within it."""
        cost, _ = self.crossing.nearest(self.homes)
        return outline_cells(self._lay(cost, np.inf), limits, *self._grid())

    def catchments(self, limit: float) -> dict[int, shapely.MultiPolygon]:
        """Return by facility the ground beyond the streets for which it is the nearest within a limit."""
        cost, facility = self.crossing.nearest(self.homes)
        return catchments_of_cells(self._lay(facility, -1), self._lay(cost, np.inf), limit, *self._grid())

    def by_facility(self, limit: float) -> list[shapely.MultiPolygon]:
        """Return for each facility the ground beyond the streets within a limit of it alone."""
        reach = self.crossing.reach(self.homes, limit)
        areas = []
        for first, last in pairwise(reach.indptr.tolist()):
            cost = np.full(len(self.cell), np.inf)
            cost[reach.indices[first:last]] = reach.data[first:last]
            areas += outline_cells(self._lay(cost, np.inf), [limit], *self._grid())
        return areas

    def widen(self, drawn: Isochrone, ground: shapely.MultiPolygon) -> Isochrone:
        """Return an isochrone with the ground beyond the streets, its slower share taken over both."""
        added = shapely.difference(ground, drawn.polygon)
        if shapely.area(added) <= 0.0:
            return drawn
        whole = _as_multi(shapely.union(drawn.polygon, ground))
        x, y = sample_points(_as_multi(added), float(np.sqrt(added.area / SAMPLES)))
        own = 0.0 if drawn.polygon.is_empty else drawn.slower_share * drawn.polygon.area
        slower = 0.0
        if len(x):
            cost, _ = self.crossing.nearest(join_points(self.crossing.search.network, x, y), drawn.facility)
            slower = float((cost > drawn.limit).mean())
        return replace(
            drawn, polygon=whole, slower_share=(own + slower * added.area) / (drawn.polygon.area + added.area)
        )

    def _grid(self) -> tuple[Affine, Project]:
        return self.crossing.beside.surface.transform, self.crossing.beside.from_surface

    def _lay(self, values: npt.NDArray[Number], nothing: float) -> npt.NDArray[Number]:
        laid = np.full(self.crossing.beside.surface.code.size, nothing, dtype=values.dtype)
        laid[self.cell] = values
        return laid.reshape(self.crossing.beside.surface.shape)


def look_beyond(crossing: Crossing, limit: float) -> Beyond:
    """Return the ground within a limit of a street or of a facility without one, where no street that leads to one is near."""
    beside, search = crossing.beside, crossing.search
    cell = np.flatnonzero(beside.within(crossing.far_doors.places, search.direction, search.weight, limit))
    x, y = beside.centres(cell)
    homes = join_points(search.network, x, y)
    near_m = search.network.mode.max_access_m - OVERLAP_CELLS * max(beside.surface.cell_m)
    is_far = is_remote(homes, crossing.is_useful) | (homes.nearest_m > near_m)
    return Beyond(crossing, cell[is_far], join_points(search.network, x[is_far], y[is_far]))


def merge_catchments(
    drawn: Mapping[int, shapely.MultiPolygon], ground: Mapping[int, shapely.MultiPolygon]
) -> dict[int, shapely.MultiPolygon]:
    """Return catchments with the ground beyond the streets; where the two overlap by part of a cell, the street's stands."""
    taken = shapely.union_all(list(drawn.values()))
    merged = dict(drawn)
    for facility, area in ground.items():
        rest = shapely.difference(area, taken)
        merged[facility] = _as_multi(shapely.union(merged.get(facility, shapely.MultiPolygon()), rest))
    return merged


def _as_multi(area: shapely.Geometry) -> shapely.MultiPolygon:
    parts = shapely.get_parts(area)
    return shapely.MultiPolygon([part for part in parts if shapely.get_dimensions(part) == 2])


SIMPLIFY_CELLS = 0.1
"""Borders may move by this much of a raster's cell: a quarter of the vertices, and the audits are of what is left."""
MOST_PEOPLE_APART = 0.008
"""Share by which the people inside a band may differ from the people its cells cover before it is drawn finer; 1 % is promised."""


def draw_areas(travel: Routing, results: Mapping[str, RuleResult]) -> dict[str, RuleAreas]:
    """Return the areas of every rule, in the order of the rules.

    A chain has none: whether a place is in time depends on the hospital it is taken to as much as on the station. Nor has an if.
    """
    results = {
        rule_id: result for rule_id, result in results.items() if result.rule.then is None and not result.rule.scenario
    }
    cells = travel.layers.cells
    centres = shapely.STRtree(shapely.points(cells.x, cells.y))
    modes = travel.layers.configuration.modes
    drawn: dict[str, RuleAreas] = {}
    for mode_id in dict.fromkeys(result.rule.mode for result in results.values()):
        of_mode = [result for result in results.values() if result.rule.mode == mode_id]
        # One raster a network, let go of with the last rule that needs it.
        raster = None if modes[mode_id].engine == "terrain" else AccessRaster(travel.network(mode_id))
        with travel.clock.stage("areas", f"画等时圈 drawing isochrones: {modes[mode_id].label.both}, {len(of_mode)}"):
            areas = _draw_side_by_side(travel, of_mode, centres, raster)
        drawn |= {result.rule.id: area for result, area in zip(of_mode, areas, strict=True)}
    return {rule_id: drawn[rule_id] for rule_id in results}


def _draw_side_by_side(
    travel: Routing, results: list[RuleResult], centres: shapely.STRtree, raster: AccessRaster | None
) -> list[RuleAreas]:
    """Return the areas of rules of one mode: between compiled loops much is said in Python, so two rules fill two cores better.

    Where cells of ground are traced, one after another: see :mod:`lifecircle.travel.terrain.areas`.
    """

    def draw(first: int, last: int) -> list[RuleAreas]:
        drawings = [Drawing(travel, result, centres) for result in results[first:last]]
        return [drawing.overland() if raster is None else drawing.by_street(raster) for drawing in drawings]

    if raster is None or raster.network.mode.off_street:
        return draw(0, len(results))
    return [each for part in map_slices(draw, len(results), smallest=1) for each in part]


class Drawing:
    """One rule's areas; limits are in seconds or metres of travel, without readiness, until they are reported."""

    def __init__(self, travel: Routing, result: RuleResult, centres: shapely.STRtree) -> None:
        self.travel, self.result, self.centres = travel, result, centres
        self.rule: Rule = result.rule
        self.unit = 1.0 if self.rule.is_distance else 60.0
        self.bands = load_bands().cut(self.rule)
        self.limits = [(band - self.rule.ready_minutes) * self.unit for band in self.bands]
        self.ground: dict[float, shapely.MultiPolygon] = {}

    def by_street(self, raster: AccessRaster) -> RuleAreas:
        """Return the areas along a network of streets."""
        rule, result = self.rule, self.result
        network, doors = raster.network, self.travel.doors(rule, result.facilities)
        weight: Weight = "metres" if rule.is_distance else "seconds"
        crossing = self.travel.crossing(rule, Search(network, weight, rule.direction), doors)
        beyond = look_beyond(crossing, self.limits[-1]) if crossing is not None else None
        if crossing is not None and beyond is not None:
            # A facility that no street is near is come to over the ground, and so are the streets round it.
            doors = crossing.entrances
            self.ground = dict(zip(self.limits, beyond.bands(self.limits), strict=True))
        bands = dissolved_isochrones(
            network, doors, self.limits, weight=weight, direction=rule.direction, raster=raster,
            simplify_cells=SIMPLIFY_CELLS, accept=self._holds_the_people,
        )  # fmt: skip
        each = isochrones(
            network, doors, self.limits[-1:], weight=weight, direction=rule.direction, raster=raster,
            simplify_cells=SIMPLIFY_CELLS,
        )  # fmt: skip
        parts = catchment_polygons(
            network, doors, self.limits[-1], weight=weight, direction=rule.direction, raster=raster,
            cell_m=bands[-1].cell_m,
        )  # fmt: skip
        catchments = {part.facility: part.polygon for part in parts}
        if beyond is not None:
            bands = [beyond.widen(drawn, self.ground[drawn.limit]) for drawn in bands]
            each = [beyond.widen(*pair) for pair in zip(each, beyond.by_facility(self.limits[-1]), strict=True)]
            catchments = merge_catchments(catchments, beyond.catchments(self.limits[-1]))
        return self._report(bands, each, catchments)

    def overland(self) -> RuleAreas:
        """Return the areas over a surface of ground: its cells within the limit."""
        rule, limit = self.rule, self.limits[-1]
        search, doors = self.travel.overland.prepare(rule, self.result.facilities)
        transform, cell_m = search.surface.transform, max(search.surface.cell_m)
        project, unproject = self._projections(search.surface.crs)
        is_rounded = self.travel.layers.configuration.modes[rule.mode].accessmod_parity and not rule.is_distance

        def as_published(cost: FloatArray) -> FloatArray:
            return published_minutes(cost) * 60.0 if is_rounded else cost

        def draw(facility: int, cost: FloatArray, limits: list[float]) -> list[Isochrone]:
            return [
                Isochrone(
                    facility, most, area, np.nan, slower_cells_share(area, cost, most, transform, unproject), cell_m
                )
                for most, area in zip(limits, outline_cells(cost, limits, transform, project), strict=True)
            ]  # fmt: skip

        cost, facility = search.spread(doors, limit)
        cost = as_published(cost)
        each = spread_each(search, doors, limit, lambda alone: draw(0, as_published(alone), [limit])[0])
        return self._report(
            draw(-1, cost, self.limits), each, catchments_of_cells(facility, cost, limit, transform, project)
        )

    def _projections(self, crs: str) -> tuple[Project | None, Project | None]:
        """Return the ways from a surface's CRS to the district's and back; None where they are the same."""
        source, target = parse_crs(crs), parse_crs(self.travel.layers.district.crs)
        if source.equals(target, ignore_axis_order=True):
            return None, None
        return (lambda x, y: transform_xy(x, y, source, target)), (lambda x, y: transform_xy(x, y, target, source))

    def _covered(self, band: float) -> float:
        """Return the people of the cells within a band's limit: what decides."""
        return float(self.result.people[self.result.nearest.cost <= band].sum())

    def _holds_the_people(self, drawn: Isochrone) -> bool:
        ground = self.ground.get(drawn.limit)
        area = drawn.polygon if ground is None else shapely.union(drawn.polygon, ground)
        (inside,) = people_inside(self.centres, [area], self.result.people)
        covered = self._covered(self.bands[self.limits.index(drawn.limit)])
        return bool(abs(inside - covered) <= MOST_PEOPLE_APART * covered)

    def _report(
        self, bands: list[Isochrone], each: list[Isochrone], parts: Mapping[int, shapely.MultiPolygon]
    ) -> RuleAreas:
        result = self.result
        inside = people_inside(self.centres, [drawn.polygon for drawn in (*bands, *each)], result.people)
        covered = [*(self._covered(band) for band in self.bands), *result.people_within.tolist()]
        rows = [-1] * len(bands) + result.facilities.tolist()
        limits = [*self.bands, *[self.rule.limit] * len(each)]
        areas = [
            AreaWithin(
                facility=row,
                limit=limit,
                polygon=drawn.polygon,
                outside_share=drawn.outside_share,
                slower_share=drawn.slower_share,
                cell_m=drawn.cell_m,
                people_inside=float(people),
                people_covered=float(figure),
            )
            for row, limit, drawn, people, figure in zip(rows, limits, (*bands, *each), inside, covered, strict=True)
        ]
        return RuleAreas(tuple(areas[: len(bands)]), tuple(areas[len(bands) :]), self._catchments(parts))

    def _catchments(self, parts: Mapping[int, shapely.MultiPolygon]) -> tuple[CatchmentArea, ...]:
        result, frame_rows = self.result, len(self.travel.layers.facilities)
        nearest = np.where(result.covered, result.nearest.facility, -1)
        sums = catchment_people(nearest, result.people, self.travel.layers.cells.groups, frame_rows)
        people = sums.pop("people")
        catchments = []
        for index, row in enumerate(result.facilities.tolist()):
            polygon = parts.get(index, shapely.MultiPolygon())
            if people[row] > 0 or not polygon.is_empty:
                groups = {name: float(values[row]) for name, values in sums.items()}
                catchments.append(CatchmentArea(row, polygon, float(people[row]), groups))
        return tuple(catchments)
