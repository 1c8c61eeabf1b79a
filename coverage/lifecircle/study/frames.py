"""Reach from frames alone, for those who already hold GeoDataFrames: streets, people and facilities in, costs out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from scipy.sparse import csr_array

from lifecircle.config import Mode, load_modes, load_ways
from lifecircle.config.schema import Direction
from lifecircle.model import FloatArray, IntArray
from lifecircle.problems import Problems, nearest_name
from lifecircle.sources.roads.vector import roads_from_frame
from lifecircle.travel.entrances import find_entrances
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Search, join_points

ENTRANCE_SPACING_M, BORDER_M = 50.0, 30.0
"""Of facilities that are lines or areas, where the configuration of a district says nothing else."""


@dataclass(frozen=True, slots=True, eq=False)
class FramesReached:
    """What came of frames."""

    cost: FloatArray
    """Of each row of people, minutes or metres to the nearest facility; inf where none can be reached."""
    facility: IntArray
    """Row of the facilities; -1 where unreachable."""
    pairs: csr_array
    """Facilities x people: minutes or metres, up to the limit."""
    problems: Problems


def reach_frames(
    roads: gpd.GeoDataFrame, people: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, *, mode: str, limit: float,
    is_distance: bool, direction: str, options: Mapping[str, Any], barriers: gpd.GeoDataFrame | None = None,
) -> FramesReached:  # fmt: skip
    """Return the nearest facility of every row of people, and every pair within the limit.

    Raises
    ------
    ValueError
        A CRS that is missing, or the roads' in degrees; an unknown mode or direction.
    lifecircle.problems.InputError
        Where nothing of the roads can be used.
    """
    crs = _check_crs(roads, people, facilities)
    if direction not in ("toward", "from"):
        raise ValueError(f'direction: "toward" 或 or "from": {direction}')
    problems = Problems()
    streets = roads_from_frame(roads, crs, problems, barriers)
    problems.raise_errors()
    network = build_network(streets, _mode(mode, options), load_ways())
    places = shapely.centroid(people.geometry.to_crs(crs).to_numpy())
    cells = join_points(network, shapely.get_x(places), shapely.get_y(places))
    shapes = facilities.geometry.to_crs(crs).to_numpy()
    whole = np.ones(len(shapes))
    entrances, _ = find_entrances(network, shapes, ENTRANCE_SPACING_M * whole, BORDER_M * whole)
    search = Search(network, "metres" if is_distance else "seconds", cast(Direction, direction))
    unit = 1.0 if is_distance else 60.0
    cost, facility = search.nearest(cells, entrances)
    pairs = search.reach(cells, entrances, limit * unit * (1 + 1e-9))
    pairs.data[:] = pairs.data / unit
    return FramesReached(cost / unit, facility, pairs, problems)


def _check_crs(roads: gpd.GeoDataFrame, people: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame) -> pyproj.CRS:
    for name, frame in (("roads", roads), ("people", people), ("facilities", facilities)):
        if frame.crs is None:
            raise ValueError(f"{name}: 没有坐标系 no CRS; {name}.set_crs(...)")
    if not roads.crs.is_projected:
        raise ValueError(
            f"roads: 须为投影坐标系，米 must be in a projected CRS, metres: {roads.crs.name}; roads.to_crs(roads.estimate_utm_crs())"
        )
    return pyproj.CRS(roads.crs)


def _mode(mode: str, options: Mapping[str, Any]) -> Mode:
    known = load_modes()
    if mode not in known:
        raise ValueError(f'没有这种出行方式 no such mode "{mode}"; {nearest_name(mode, list(known))}')
    return load_modes({mode: dict(options)})[mode] if options else known[mode]
