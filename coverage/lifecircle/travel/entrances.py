"""Where a facility is entered: a point where it stands, a line at points along it, an area where ways cross or touch its border."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.model import FloatArray, IntArray
from lifecircle.travel.join import find_nearest_segments
from lifecircle.travel.network import Network
from lifecircle.travel.reach import Entrances, join_points

BORDER_STEP_M = 10.0
"""Where no way touches an area, its border is searched at this step for the point nearest a street."""


def find_entrances(
    network: Network, geometry: npt.NDArray[np.object_], spacing_m: FloatArray, border_m: FloatArray
) -> tuple[Entrances, IntArray]:
    """Find the entrances of facilities and join them to the network.

    Parameters
    ----------
    geometry
        Points, lines or polygons in the district's CRS, one a facility.
    spacing_m
        For lines: the distance between entrances; both ends are entrances too.
    border_m
        For areas: a way this near to the border enters there.

    Returns
    -------
    entrances : Entrances
        Grouped by facility, in the order given; every facility has at least one.
    untouched : IntArray
        Areas whose border no way touches: they are entered at the border point nearest to a street.
    """
    dimension = shapely.get_dimensions(geometry)
    owners, points = [], []
    for found in (
        _point_entrances(geometry, np.flatnonzero(dimension == 0)),
        _line_entrances(geometry, np.flatnonzero(dimension == 1), spacing_m),
        _area_entrances(network, geometry, np.flatnonzero(dimension == 2), border_m),
    ):
        owners.append(found[0])
        points.append(found[1])
    areas = np.flatnonzero(dimension == 2)
    untouched = np.setdiff1d(areas, owners[2])
    owner, point = _nearest_border_points(network, geometry, untouched)
    facility = np.concatenate([*owners, owner])
    xy = np.concatenate([*points, point])
    # Ways that share a node give the same entrance more than once; a centimetre tells entrances apart.
    key = np.column_stack([facility, np.round(xy * 100).astype(np.int64)])
    _, first = np.unique(key, axis=0, return_index=True)
    facility, xy = facility[first], xy[first]
    start = np.zeros(len(geometry) + 1, dtype=np.int64)
    np.cumsum(np.bincount(facility, minlength=len(geometry)), out=start[1:])
    return Entrances(join_points(network, xy[:, 0].copy(), xy[:, 1].copy()), start), untouched


def outline_entrances(geometry: npt.NDArray[np.object_], spacing_m: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return ``facility, xy`` of entrances where there are no streets: points, and along lines and borders every ``spacing_m``.

    In the order of the facilities.
    """
    dimension = shapely.get_dimensions(geometry)
    outlines = geometry.copy()
    areas = np.flatnonzero(dimension == 2)
    outlines[areas] = shapely.boundary(geometry[areas])
    points = _point_entrances(geometry, np.flatnonzero(dimension == 0))
    lines = _line_entrances(outlines, np.flatnonzero(dimension > 0), spacing_m)
    facility = np.concatenate([points[0], lines[0]])
    order = np.argsort(facility, kind="stable")
    return facility[order], np.concatenate([points[1], lines[1]])[order]


def _point_entrances(geometry: npt.NDArray[np.object_], which: IntArray) -> tuple[IntArray, FloatArray]:
    xy, owner = shapely.get_coordinates(geometry[which], return_index=True)
    return which[owner], xy


def _line_entrances(
    geometry: npt.NDArray[np.object_], which: IntArray, spacing_m: FloatArray
) -> tuple[IntArray, FloatArray]:
    parts, owner = shapely.get_parts(geometry[which], return_index=True)
    owner = which[owner]
    length_m = shapely.length(parts)
    stops = np.floor(length_m / spacing_m[owner]).astype(np.int64) + 1
    part = np.repeat(np.arange(len(parts)), stops)
    position = np.arange(len(part)) - np.repeat(np.cumsum(stops) - stops, stops)
    along = position * spacing_m[owner[part]]
    every = shapely.get_coordinates(shapely.line_interpolate_point(parts[part], along))
    ends = shapely.get_coordinates(shapely.get_point(parts, -1))
    return np.concatenate([owner[part], owner]), np.concatenate([every, ends])


def _street_lines(network: Network) -> npt.NDArray[np.object_]:
    streets = network.streets
    return np.asarray(
        shapely.linestrings(np.stack([np.c_[streets.x1, streets.y1], np.c_[streets.x2, streets.y2]], axis=1))
    )


def _area_entrances(
    network: Network, geometry: npt.NDArray[np.object_], which: IntArray, border_m: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return the points where streets cross the border, or the border's nearest point where they come near it."""
    if not len(which) or not len(network.streets.x1):
        return np.zeros(0, dtype=np.int64), np.zeros((0, 2))
    border = shapely.boundary(geometry[which])
    lines = _street_lines(network)
    area, line = shapely.STRtree(lines).query(border, predicate="dwithin", distance=border_m[which])
    shapely.prepare(border)
    crosses = shapely.intersects(border[area], lines[line])
    crossings, owner = shapely.get_coordinates(
        shapely.intersection(border[area[crosses]], lines[line[crosses]]), return_index=True
    )
    touching = shapely.shortest_line(border[area[~crosses]], lines[line[~crosses]])
    near = shapely.get_coordinates(shapely.get_point(touching, 0))
    return (
        np.concatenate([which[area[crosses][owner]], which[area[~crosses]]]),
        np.concatenate([crossings, near]),
    )


def _nearest_border_points(
    network: Network, geometry: npt.NDArray[np.object_], which: IntArray
) -> tuple[IntArray, FloatArray]:
    """Return for each area the point of its border nearest to a street."""
    owner, along = (
        _line_entrances(
            np.asarray([shapely.boundary(shape) for shape in geometry[which]], dtype=object),
            np.arange(len(which)),
            np.full(len(which), BORDER_STEP_M),
        )
        if len(which)
        else (np.zeros(0, dtype=np.int64), np.zeros((0, 2)))
    )
    _, _, distance_m = find_nearest_segments(
        network.streets, along[:, 0].copy(), along[:, 1].copy(), network.mode.max_access_m
    )
    order = np.lexsort((distance_m, owner))
    best = order[np.unique(owner[order], return_index=True)[1]]
    return which[owner[best]], along[best]
