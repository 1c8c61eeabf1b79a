"""Isochrones: the area from which a facility is reached in time along the reached streets.

A place joins the streets as a cell of people does (:mod:`lifecircle.travel.legs`). The polygon is where access leg + network is at
most the limit by any of its legs, with the straight walk of ``direct_m`` round every entrance. Borders
are contours of that cost over a raster; where a raster's cells are too coarse is known by the audit, and those are drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from lifecircle.compilation import map_slices
from lifecircle.config.schema import Direction
from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.travel.isochrones.audit import outside_share, slower_share
from lifecircle.travel.isochrones.contours import (
    Borders,
    ShapeArray,
    fill_borders,
    gather,
    outline_positive,
    trace_borders,
)
from lifecircle.travel.isochrones.kernels import Int32Array
from lifecircle.travel.isochrones.raster import COARSEST_M, FINEST_M, AccessRaster, Box, Level
from lifecircle.travel.isochrones.spread import DrawnEntrances, Spread, find_doors
from lifecircle.travel.network import Network, Weight
from lifecircle.travel.obstacles import Obstacles, find_blocked
from lifecircle.travel.reach import Entrances, Search

MOST_OUTSIDE, MOST_SLOWER = 0.005, 0.01
"""The audit an isochrone should pass: shares of reached street length left out, and of area slower than the limit."""
FIRST_CELLS = 15_000
"""A raster is first tried at the cell that gives about this many in the box of what is reached."""
STRIP_M = 3000.0
CUT_M = 0.01
BLOCK = 2048
"""Cells along the side of what is contoured at once: larger boxes are drawn block by block and sewn together."""


@dataclass(frozen=True, slots=True, eq=False)
class Isochrone:
    """The area within a limit of one facility, or of the nearest of all."""

    facility: int
    """Index among the entrances' facilities; -1 for the nearest of all."""
    limit: float
    """Seconds or metres."""
    polygon: shapely.MultiPolygon
    """Valid, in the district's CRS; empty where nothing is reached."""
    outside_share: float
    """Share (0-1) of the length of reached streets that lies outside the polygon; NaN where no street is reached."""
    slower_share: float
    """Share (0-1) of the polygon's area that is slower than the limit, sampled; NaN where it is empty."""
    cell_m: float
    """Of the raster it was drawn from."""

    @property
    def passes(self) -> bool:
        """Whether the audit is within what an isochrone should reach."""
        return not (self.outside_share > MOST_OUTSIDE or self.slower_share > MOST_SLOWER)


def isochrones(
    network: Network,
    entrances: Entrances,
    limits: Sequence[float],
    *,
    weight: Weight = "seconds",
    direction: Direction = "toward",
    cell_m: float | None = None,
    simplify_cells: float = 0.0,
    raster: AccessRaster | None = None,
) -> list[Isochrone]:
    """Return the isochrones of every facility, each with its audit; facilities in order, the limits of each in the order given.

    Parameters
    ----------
    limits
        Seconds or metres. The area of a smaller limit lies in that of a larger one.
    cell_m
        Of the raster, in metres. None: as coarse as the audit of each limit allows, never coarser than that of a larger limit.
    simplify_cells
        Borders may move by this much of a cell for fewer vertices; the audit speaks of what is left.
    raster
        From an earlier call on this network, to be used again.
    """
    search = Search(network, weight, direction)
    doors = find_doors(search, entrances)
    raster = raster or AccessRaster(network)

    order = _order_by_place(doors)

    def draw(first: int, last: int) -> list[Isochrone]:
        spread = Spread(search, doors)
        drawn: list[Isochrone] = []
        for facility in order[first:last].tolist():
            chosen = np.arange(doors.start[facility], doors.start[facility + 1])
            drawn += _draw_bands(Task(spread, raster, facility, chosen, tuple(limits), simplify_cells), cell_m)
        return drawn

    drawn = [each for part in map_slices(draw, len(order), smallest=8) for each in part]
    return sorted(drawn, key=lambda each: each.facility)


def _order_by_place(doors: DrawnEntrances) -> IntArray:
    """Return the facilities in strips of STRIP_M, so that neighbours find the raster's tiles made."""
    count = len(doors.start) - 1
    first = np.minimum(doors.start[:-1], max(len(doors) - 1, 0))
    if not len(doors):
        return np.arange(count)
    return np.lexsort((doors.y[first], doors.x[first] // STRIP_M)).astype(np.int64)


def dissolved_isochrones(
    network: Network,
    entrances: Entrances,
    limits: Sequence[float],
    *,
    weight: Weight = "seconds",
    direction: Direction = "toward",
    cell_m: float | None = None,
    simplify_cells: float = 0.0,
    raster: AccessRaster | None = None,
    accept: Callable[[Isochrone], bool] | None = None,
) -> list[Isochrone]:
    """Return the area within each limit of the nearest facility: the contour of the surface of nearest cost.

    It is the union of :func:`isochrones` up to the cell. Parameters as there.

    Parameters
    ----------
    accept
        What else must be satisfied before a cell is fine enough, such as the people inside.
    """
    search = Search(network, weight, direction)
    doors = find_doors(search, entrances)
    task = Task(
        Spread(search, doors), raster or AccessRaster(network), -1, np.arange(len(doors)), tuple(limits), simplify_cells
    )
    return _draw_bands(task, cell_m, accept)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The bands round one facility, or round all."""

    spread: Spread
    raster: AccessRaster
    facility: int
    chosen: IntArray
    limits: tuple[float, ...]
    simplify_cells: float


@dataclass(frozen=True, slots=True, eq=False)
class Extent:
    """Where anything may be reached, and by which pieces of street for each limit."""

    pieces: list[FloatArray]
    reaches: FloatArray
    """Pieces, nodes and doors, within the largest limit, as rows of x1, y1, x2, y2."""
    aside_m: FloatArray
    """How far from each anything may still be reached."""


def _draw_bands(task: Task, cell_m: float | None, accept: Callable[[Isochrone], bool] | None = None) -> list[Isochrone]:
    """Draw the bands from the largest down; where no size of cell was told and an audit fails, it and the smaller at half the cell."""
    extent = search_extent(task)
    size_m = cell_m or first_cell_m(extent)
    drawn: dict[int, Isochrone] = {}
    pending = np.argsort(task.limits, kind="stable")[::-1].tolist()
    around: Isochrone | None = None
    while pending:
        is_last = cell_m is not None or size_m / 2 < FINEST_M
        limits = [task.limits[band] for band in pending]
        if drawn:
            # What is drawn again, finer, is less and less.
            extent = Extent(extent.pieces, *task.spread.surroundings(limits[0]))
        polygons = _outline(task, size_m, extent, limits)
        for polygon in polygons:
            found = _audit(task, extent, pending[0], _keep_within(polygon, around, task, size_m), size_m)
            if not (is_last or (_is_fine(found) and (accept is None or accept(found)))):
                break
            around = drawn[pending.pop(0)] = found
        size_m /= 2
    return [drawn[band] for band in range(len(task.limits))]


def _audit(task: Task, extent: Extent, band: int, polygon: shapely.MultiPolygon, cell_m: float) -> Isochrone:
    return Isochrone(
        facility=task.facility,
        limit=task.limits[band],
        polygon=polygon,
        outside_share=outside_share(extent.pieces[band], polygon),
        slower_share=slower_share(task.spread, polygon, task.limits[band]),
        cell_m=cell_m,
    )


def _keep_within(
    polygon: shapely.MultiPolygon, around: Isochrone | None, task: Task, cell_m: float
) -> shapely.MultiPolygon:
    """Keep an area within that of the next larger limit; drawn from one raster and not simplified it lies there as it is."""
    if around is None or (around.cell_m == cell_m and not task.simplify_cells):
        return polygon
    cut = shapely.intersection(polygon, around.polygon)
    return gather(np.array([cut], dtype=object), 0.0, is_contour=False)


def _is_fine(drawn: Isochrone) -> bool:
    """Whether the audit passes with room for what another sample would find."""
    return not (drawn.outside_share > 0.8 * MOST_OUTSIDE or drawn.slower_share > 0.8 * MOST_SLOWER)


def search_extent(task: Task) -> Extent:
    """Search from the task's doors; the spread keeps the costs for what is drawn next."""
    spread = task.spread
    farthest = max(task.limits, default=0.0)
    # What is a little too far is needed too: the border lies between.
    spread.run(task.chosen, farthest + 4 * COARSEST_M / spread.search.access_speed)
    return Extent([spread.pieces(limit) for limit in task.limits], *spread.surroundings(farthest))


def first_cell_m(extent: Extent) -> float:
    """Return the largest of 20, 10, 5 ... m that gives FIRST_CELLS in the box of what may be reached."""
    if not len(extent.reaches):
        return COARSEST_M
    low_x, low_y, high_x, high_y = _bounds(extent.reaches, extent.aside_m)
    area_m2 = (high_x - low_x) * (high_y - low_y)
    wanted_m = max(float(np.sqrt(area_m2 / FIRST_CELLS)), FINEST_M)
    return float(COARSEST_M / 2 ** max(np.ceil(np.log2(COARSEST_M / wanted_m)), 0.0))


def _outline(task: Task, cell_m: float, extent: Extent, limits: Sequence[float]) -> list[shapely.MultiPolygon]:
    """Return the polygon of each limit."""
    if not len(extent.reaches):
        return [shapely.MultiPolygon() for _ in limits]
    spread, level = task.spread, task.raster.level(cell_m)
    drawn: list[list[ShapeArray]] = [[] for _ in limits]
    is_wanted = level.tiles_near(extent.reaches, extent.aside_m)
    for box in cut_blocks(level, extent.reaches, extent.aside_m, is_wanted):
        tiles = task.raster.ask(level, box, is_wanted)
        left, bottom = level.left + (box.column + 1) * cell_m, level.bottom + (box.row + 1) * cell_m
        for band, value in enumerate(spread.margins(level, tiles, box, limits)):
            drawn[band].append(outline_positive(value, left, bottom, cell_m))
    doors = spread.doors
    far = task.chosen[~doors.is_joined[task.chosen]]
    simplify_m = task.simplify_cells * cell_m
    polygons = []
    for parts, limit in zip(drawn, limits, strict=True):
        whole, is_contour = sew(parts), sum(len(part) > 0 for part in parts) < 2
        if len(far):
            # Where no street is near, the raster may not reach: the straight walk round such doors is added as it is.
            walks = walks_round(spread.network.obstacles, doors.x[far], doors.y[far], spread.direct_m(limit))
            whole, is_contour = np.array([shapely.union_all([*whole, *walks])], dtype=object), False
        polygons.append(gather(whole, cell_m * cell_m, simplify_m, is_contour=is_contour))
    return polygons


def _bounds(reaches: FloatArray, aside_m: FloatArray) -> tuple[float, float, float, float]:
    """Return low x, low y, high x, high y of what may be reached."""
    x, y = reaches[:, 0::2], reaches[:, 1::2]
    low_x, low_y = (float((end.min(axis=1) - aside_m).min()) for end in (x, y))
    high_x, high_y = (float((end.max(axis=1) + aside_m).max()) for end in (x, y))
    return low_x, low_y, high_x, high_y


def cut_blocks(level: Level, reaches: FloatArray, aside_m: FloatArray, is_wanted: BoolArray) -> list[Box]:
    """Return boxes over what may be reached that share their outermost inner cells, so that what is drawn in them meets.

    Boxes without a tile that is wanted (open water between islands) are left out.
    """
    whole = level.cut(*_bounds(reaches, aside_m))
    boxes = []
    for row in range(whole.row, whole.row + whole.rows - 3, BLOCK):
        for column in range(whole.column, whole.column + whole.columns - 3, BLOCK):
            rows = min(BLOCK + 3, whole.row + whole.rows - row)
            columns = min(BLOCK + 3, whole.column + whole.columns - column)
            boxes.append(Box(row, column, rows, columns))
    return [box for box in boxes if box.rows > 3 and box.columns > 3 and is_wanted[box.tiles].any()]


def walks_round(obstacles: Obstacles, x: FloatArray, y: FloatArray, direct_m: float) -> ShapeArray:
    """Return the straight walks round doors: circles, cut off where an obstacle runs through them."""
    doors = shapely.points(x, y)
    circles = np.asarray(shapely.buffer(doors, direct_m), dtype=object)
    if not len(obstacles):
        return circles
    ends = obstacles.grid.ends
    bars = shapely.multilinestrings(shapely.linestrings(ends.reshape(-1, 2, 2)))
    # Lines alone cut no area: a width below what a contour shows does.
    parts, owner = shapely.get_parts(shapely.difference(circles, shapely.buffer(bars, CUT_M)), return_index=True)
    return np.asarray(parts[shapely.distance(parts, doors[owner]) <= 2 * CUT_M], dtype=object)


def sew(parts: list[ShapeArray]) -> ShapeArray:
    """Join what was drawn block by block."""
    drawn = [part for part in parts if len(part)]
    if len(drawn) <= 1:
        return drawn[0] if drawn else np.zeros(0, dtype=object)
    return np.array([shapely.union_all(np.concatenate(drawn))], dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnCatchment:
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
) -> list[DrawnCatchment]:
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
        DrawnCatchment(facility, shapely.multipolygons(polygons))
        for facility, polygons in fill_borders(borders).items()
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
