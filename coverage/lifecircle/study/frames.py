"""Frames in and out: a district's layers as GeoDataFrames, and reach from frames alone, for those who already hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.sparse import coo_array

from lifecircle.config import Mode, load_modes, load_ways
from lifecircle.config.schema import Direction, Level
from lifecircle.model import FloatArray, IntArray, Units
from lifecircle.outputs.tables import issue_table
from lifecircle.problems import Problems, nearest_name
from lifecircle.sources.roads.vector import roads_from_frame
from lifecircle.study.layers import Layers
from lifecircle.travel.entrances import find_entrances
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Search, join_points

ENTRANCE_SPACING_M, BORDER_M = 50.0, 30.0
"""Of facilities that are lines or areas, where the configuration of a district says nothing else."""


class DistrictFrames:
    """A district's layers, read and checked: what a run would be computed from."""

    def __init__(self, layers: Layers, problems: Problems) -> None:
        self._layers = layers
        self._problems = problems

    @property
    def crs(self) -> str:
        """The district's projected CRS."""
        return self._layers.district.crs

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that can be computed."""
        return tuple(self._layers.serving)

    @property
    def problems(self) -> pd.DataFrame:
        """What was repaired, set aside or is doubtful: the columns of ``issues.csv``."""
        return issue_table(self._problems)

    @property
    def units(self) -> dict[str, gpd.GeoDataFrame]:
        """By level, units indexed by ``unit_code``: ``unit_name`` and polygons in the district's CRS."""
        return unit_frames(self._layers.units, self.crs)

    @property
    def people(self) -> gpd.GeoDataFrame:
        """Where people are, indexed by ``cell_id``: ``people``, a column a group, points in the district's CRS."""
        cells = self._layers.cells
        columns = {"people": cells.people, **{name: values.copy() for name, values in cells.groups.items()}}
        index = pd.Index(cells.id, name="cell_id")
        return gpd.GeoDataFrame(columns, index=index, geometry=shapely.points(cells.x, cells.y), crs=self.crs)

    @property
    def facilities(self) -> gpd.GeoDataFrame:
        """Supply of every kind, indexed by ``facility_id``, used and set aside, with its attributes; district CRS."""
        return self._layers.facilities.frame.set_index("facility_id").copy()

    @property
    def roads(self) -> gpd.GeoDataFrame:
        """The street map as lines, indexed by ``way_id``, one column a tag of OpenStreetMap's; empty where there is none.

        ``nodes`` holds the number of every vertex: streets meet where they share one, and not where they only cross.
        """
        roads = self._layers.roads
        if roads is None:
            return gpd.GeoDataFrame({"highway": []}, geometry=[], crs=self.crs)
        way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
        lines = shapely.linestrings(np.column_stack([roads.x, roads.y])[roads.way_node], indices=way)
        tags = roads.tags.astype(object).set_index(pd.Index(roads.way_id, name="way_id"))
        nodes = [part.tolist() for part in np.split(roads.way_node, roads.way_start[1:-1])]
        return gpd.GeoDataFrame(tags.assign(nodes=nodes), geometry=lines, crs=self.crs)

    @property
    def barriers(self) -> gpd.GeoDataFrame:
        """Bollards, gates and other points in somebody's way, indexed by their number among the ``nodes`` of :attr:`roads`."""
        roads = self._layers.roads
        if roads is None or not len(roads.barrier_node):
            return gpd.GeoDataFrame({"barrier": []}, geometry=[], crs=self.crs)
        node = roads.barrier_node
        tags = roads.barrier_tags.astype(object).set_index(pd.Index(node, name="node"))
        return gpd.GeoDataFrame(tags, geometry=shapely.points(roads.x[node], roads.y[node]), crs=self.crs)


@dataclass(frozen=True, slots=True, eq=False)
class FramesAsked:
    """The frames that were asked of, and the limit."""

    people: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    people_column: str
    limit: float
    unit: str
    """``minutes`` or ``metres``."""


class Reach:
    """Who reaches what, from frames alone."""

    def __init__(
        self, asked: FramesAsked, cost: FloatArray, facility: IntArray, pairs: coo_array, problems: Problems
    ) -> None:
        self._asked, self._cost, self._facility, self._pairs, self._problems = asked, cost, facility, pairs, problems

    @property
    def nearest(self) -> gpd.GeoDataFrame:
        """The people, with ``minutes`` (or ``metres``; NaN unreachable), the nearest ``facility_id``, and ``is_covered``."""
        asked = self._asked
        named = np.array([*asked.facilities.index, None], dtype=object)[self._facility]
        columns = {
            asked.unit: np.where(np.isfinite(self._cost), self._cost, np.nan), "facility_id": named,
            "is_covered": self._cost <= asked.limit,
        }  # fmt: skip
        return asked.people.assign(**columns)

    @property
    def pairs(self) -> pd.DataFrame:
        """``facility_id``, ``cell_id`` and ``minutes`` (or ``metres``) of every pair within the limit."""
        found, asked = self._pairs, self._asked
        return pd.DataFrame(
            {"facility_id": self._asked.facilities.index.to_numpy()[found.row], "cell_id": asked.people.index.to_numpy()[found.col],
             asked.unit: found.data}
        )  # fmt: skip

    @property
    def people(self) -> float:
        """Everyone."""
        return float(self._asked.people[self._asked.people_column].sum())

    @property
    def people_covered(self) -> float:
        """Those within the limit."""
        return float(self._asked.people.loc[self._cost <= self._asked.limit, self._asked.people_column].sum())

    @property
    def problems(self) -> pd.DataFrame:
        """What of the streets was repaired, set aside or is doubtful."""
        return issue_table(self._problems)


def reach_frames(
    roads: gpd.GeoDataFrame, people: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, *, mode: str, limit: float,
    is_distance: bool, direction: str, options: Mapping[str, Any], barriers: gpd.GeoDataFrame | None = None,
    people_column: str = "people",
) -> Reach:  # fmt: skip
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
    asked = FramesAsked(people.copy(), facilities.copy(), people_column, limit, "metres" if is_distance else "minutes")
    return Reach(asked, cost / unit, facility, pairs.tocoo(), problems)


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


def unit_frames(units: Mapping[Level, Units], crs: str) -> dict[str, gpd.GeoDataFrame]:
    """Return units by level as frames: indexed by ``unit_code``, with ``unit_name`` and polygons."""
    return {
        str(level): gpd.GeoDataFrame(
            {"unit_name": held.name},
            index=pd.Index(held.code, name="unit_code"),
            geometry=held.geometry.copy(),
            crs=crs,
        )
        for level, held in units.items()
    }
