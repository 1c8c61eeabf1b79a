"""Catchment areas: where each facility is the nearest, drawn from the raster that isochrones are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from lifecircle.config.schema import Direction
from lifecircle.model import FloatArray
from lifecircle.travel.isochrones.contours import Borders, fill_borders, trace_borders
from lifecircle.travel.isochrones.draw import Task, cut_blocks, dissolved_isochrones, search_extent
from lifecircle.travel.isochrones.kernels import Int32Array
from lifecircle.travel.isochrones.raster import AccessRaster, Box, Level
from lifecircle.travel.isochrones.spread import Spread, find_doors
from lifecircle.travel.network import Network, Weight
from lifecircle.travel.obstacles import find_blocked
from lifecircle.travel.reach import Entrances, Search


@dataclass(frozen=True, slots=True, eq=False)
class Catchment:
    """Where one facility is the nearest."""

    facility: int
    """Index among the entrances' facilities."""
    polygon: shapely.MultiPolygon
    """Valid, in the district's CRS."""


def catchment_polygons(
    network: Network,
    entrances: Entrances,
    limit: float,
    *,
    weight: Weight = "seconds",
    direction: Direction = "toward",
    cell_m: float | None = None,
    raster: AccessRaster | None = None,
) -> list[Catchment]:
    """Return the nearest-facility areas within a limit: exclusive, and together the dissolved isochrone of that limit.

    Facilities that are nowhere the nearest are left out. Between two of them the border is known to a cell.

    Parameters
    ----------
    limit
        Seconds or metres.
    cell_m
        Of the raster, in metres. None: as the audit of the dissolved isochrone asks for.
    raster
        From an earlier call on this network, to be used again.
    """
    raster = raster or AccessRaster(network)
    if cell_m is None:
        (drawn,) = dissolved_isochrones(network, entrances, [limit], weight=weight, direction=direction, raster=raster)
        cell_m = drawn.cell_m
    search = Search(network, weight, direction)
    doors = find_doors(search, entrances)
    task = Task(Spread(search, doors), raster, -1, np.arange(len(doors)), (limit,), 0.0)
    borders = _trace_all(task, cell_m, limit)
    if borders is None:
        return []
    return [
        Catchment(facility, shapely.multipolygons(polygons)) for facility, polygons in fill_borders(borders).items()
    ]


def _trace_all(task: Task, cell_m: float, limit: float) -> Borders | None:
    extent = search_extent(task)
    if not len(extent.reaches):
        return None
    spread, level = task.spread, task.raster.level(cell_m)
    is_wanted = level.tiles_near(extent.reaches, extent.aside_m)
    found = []
    for box in cut_blocks(level, extent.reaches, extent.aside_m, is_wanted):
        tiles = task.raster.ask(level, box, is_wanted)
        cost, label = spread.surface(level, tiles, box)
        (value,) = spread.margins(level, tiles, box, [limit])
        _walk_straight(level, box, spread, limit, cost, label)
        parting = spread.parting(level, tiles, box, cost, label)
        inner = np.where(value > 0.0, label[1:-1, 1:-1], np.int32(-1))
        left, bottom = level.left + (box.column + 1) * cell_m, level.bottom + (box.row + 1) * cell_m
        found.append(trace_borders(inner, value, parting, left, bottom, cell_m))
    return Borders(
        np.concatenate([each.one for each in found]),
        np.concatenate([each.other for each in found]),
        np.concatenate([each.ends for each in found]),
    )


def _walk_straight(level: Level, box: Box, spread: Spread, limit: float, cost: FloatArray, label: Int32Array) -> None:
    """Give cells within a straight walk of a door to its facility, where that is quicker."""
    doors, direct_m, speed = spread.doors, spread.direct_m(limit), spread.search.access_speed
    obstacles = spread.network.obstacles
    if direct_m <= 0:
        return
    cell_m = level.cell_m
    x = level.left + (box.column + np.arange(box.columns) + 0.5) * cell_m
    y = level.bottom + (box.row + np.arange(box.rows) + 0.5) * cell_m
    for door_x, door_y, facility in zip(doors.x.tolist(), doors.y.tolist(), doors.facility.tolist(), strict=True):
        # A cell more than the walk: the border may lie between.
        rows = slice(*np.searchsorted(y, [door_y - direct_m - cell_m, door_y + direct_m + cell_m]))
        columns = slice(*np.searchsorted(x, [door_x - direct_m - cell_m, door_x + direct_m + cell_m]))
        apart_m = np.hypot(x[columns] - door_x, (y[rows] - door_y)[:, None])
        is_quicker = (apart_m <= direct_m) & (apart_m / speed < cost[rows, columns])
        if len(obstacles) and is_quicker.any():
            row, column = np.nonzero(is_quicker)
            at_x, at_y = (np.asarray(each, dtype=np.float64) for each in (x[columns][column], y[rows][row]))
            blocked = find_blocked(obstacles, at_x, at_y, np.full(len(row), door_x), np.full(len(row), door_y))
            is_quicker[row[blocked], column[blocked]] = False
        cost[rows, columns][is_quicker] = apart_m[is_quicker] / speed
        label[rows, columns][is_quicker] = facility
