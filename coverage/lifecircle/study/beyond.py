"""The areas of a walk that may leave the streets: cells of ground that no street is near, beside what is drawn along streets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from rasterio import Affine

from lifecircle.model import IntArray
from lifecircle.travel.isochrones import Isochrone
from lifecircle.travel.off_street import Crossing, is_remote
from lifecircle.travel.reach import Joins, join_points
from lifecircle.travel.samples import SAMPLES, sample_points
from lifecircle.travel.terrain import Project, catchments_of_cells, outline_cells

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
