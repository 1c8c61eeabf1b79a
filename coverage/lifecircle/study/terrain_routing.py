"""Rules answered over terrain: the surface of each mode, made once, and the ways over it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_array

from lifecircle.config import ClassGoing, Mode, Rule, load_tags
from lifecircle.model import FloatArray, IntArray, Roads
from lifecircle.problems import Problems
from lifecircle.sources.datum import parse_crs, transform_xy
from lifecircle.study.layers import Layers
from lifecircle.travel.entrances import outline_entrances
from lifecircle.travel.terrain import (
    Going,
    GroundEntrances,
    GroundPlaces,
    Surface,
    TerrainSearch,
    add_barriers,
    find_false_bridges,
    make_surface,
    merge_roads,
    place_points,
    published_minutes,
)


class TerrainRouting:
    """The surfaces that rules ask for."""

    def __init__(self, layers: Layers, problems: Problems) -> None:
        self.layers, self.problems = layers, problems
        self.surfaces: dict[str, Surface] = {}
        self.homes: dict[str, GroundPlaces] = {}

    def ask(self, rule: Rule, serving: IntArray, horizon: float) -> tuple[FloatArray, IntArray, csr_array, FloatArray]:
        """Return the cost to the nearest facility and which it is, the reach up to a horizon, and the facilities' access legs.

        Seconds or metres. A facility is entered on the ground it stands on, so that its access leg is 0; inf where nobody goes.
        """
        mode = self.layers.configuration.modes[rule.mode]
        search, doors = self.prepare(rule, serving)
        surface, homes = search.surface, self.homes[mode.id]
        cost, facility = search.nearest(homes, doors)
        reach = search.reach(homes, doors, horizon)
        if mode.accessmod_parity and not rule.is_distance:
            cost = published_minutes(cost) * 60.0
            reach.data[:] = published_minutes(reach.data) * 60.0
        return cost, facility, reach, self._access_m(surface, doors, rule, serving)

    def prepare(self, rule: Rule, serving: IntArray) -> tuple[TerrainSearch, GroundEntrances]:
        """Return the search over a rule's surface, and where its facilities are entered."""
        mode = self.layers.configuration.modes[rule.mode]
        surface = self.surface(mode)
        search = TerrainSearch(
            surface,
            rule.direction,
            moves=mode.moves,
            weight="metres" if rule.is_distance else "seconds",
            parity=mode.cycling == "accessmod",
        )
        return search, self._doors(surface, serving)

    def to_surface(self, surface: Surface, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return places of the district's CRS in a surface's."""
        return self._transform(self.layers.district.crs, surface.crs, x, y)

    def from_surface(self, surface: Surface, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return places of a surface's CRS in the district's."""
        return self._transform(surface.crs, self.layers.district.crs, x, y)

    def _transform(self, source: str, target: str, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        here, there = parse_crs(source), parse_crs(target)
        if here.equals(there, ignore_axis_order=True):
            return x, y
        return transform_xy(x, y, here, there, is_strict=False)

    def _place(self, surface: Surface, x: FloatArray, y: FloatArray) -> GroundPlaces:
        return place_points(surface, *self.to_surface(surface, x, y))

    def surface(self, mode: Mode) -> Surface:
        """Return the ground of a terrain mode, or of a walk that may leave the streets; made once.

        Without land cover such a walk may cross whatever has a height other than 0: heights fill the sea with zeros.
        """
        if mode.id not in self.surfaces:
            terrain = self.layers.terrain
            if terrain is None or (terrain.landcover is None and mode.engine == "terrain"):
                raise RuntimeError("a mode over terrain without its layers must have been refused")
            is_known = terrain.is_known
            landcover, classes = terrain.landcover, {number: _going(going) for number, going in mode.classes.items()}
            if landcover is None:
                landcover, classes = np.zeros(terrain.shape, dtype=np.int32), {0: Going("walk", mode.access_kph)}
                is_known = is_known & (terrain.elevation_m != 0.0)
            else:
                self._report_classes(mode, terrain.classes)
            surface = make_surface(
                landcover, classes, terrain.elevation_m, terrain.transform, terrain.crs, is_known=is_known
            )
            # Barriers first: roads and bridges, laid over them, are the only way across.
            surface = add_barriers(surface, terrain.barriers.tolist())
            if mode.roads and self.layers.roads is not None:
                lines, going, goings = self._road_lines(self.layers.roads, mode, surface)
                barred, surface = surface, merge_roads(surface, lines.tolist(), going, goings)
                self._report_false_bridges(mode, barred, surface, lines[going >= 0])
            cells = self.layers.cells
            self.surfaces[mode.id] = surface
            self.homes[mode.id] = self._place(surface, cells.x, cells.y)
            off = float(cells.people[self.homes[mode.id].cell < 0].sum())
            if off and mode.engine == "terrain":
                self.problems.add(
                    "terrain-off-grid", "warning", self.layers.configuration.terrain.landcover or "",
                    f"{off:,.0f} 人在土地覆盖之外，不可达 people beyond the land cover, unreachable", field=f"modes.{mode.id}",
                    expected="土地覆盖覆盖全区 land cover over the whole district", mend="换范围更大的土地覆盖 take a larger land cover",
                )  # fmt: skip
        return self.surfaces[mode.id]

    def _report_false_bridges(
        self, mode: Mode, barred: Surface, merged: Surface, roads: npt.NDArray[np.object_]
    ) -> None:
        terrain = self.layers.terrain
        if terrain is None or not len(terrain.barriers):
            return
        found = find_false_bridges(barred, merged, terrain.barriers.tolist(), roads.tolist())
        if len(found):
            self.problems.add(
                "terrain-false-bridge", "warning", "district.toml",
                f"{len(found)} 格道路与障碍同格而不相交，人可由此穿越 cells hold a road and a barrier it does not cross: people pass there",
                field=f"modes.{mode.id}", mend="用更细的土地覆盖 use a finer land cover", count=len(found),
                expected="路与障碍不同格，或相交 road and barrier in different cells, or crossing",
            )  # fmt: skip

    def _report_classes(self, mode: Mode, found: dict[int, int]) -> None:
        missing = sorted(set(found) - set(mode.classes))
        if missing:
            self.problems.add(
                "terrain-class-not-listed", "warning", self.layers.configuration.terrain.landcover or "",
                f"未列出的类别按不可通行处理 classes not listed are barriers: {', '.join(map(str, missing[:12]))}",
                field=f"modes.{mode.id}.classes", count=sum(found[number] for number in missing),
                expected="每一类都写明 every class listed", mend='在 classes 中写明 list them in classes: { 5 = { as = "none" } }',
            )  # fmt: skip

    def _road_lines(
        self, roads: Roads, mode: Mode, surface: Surface
    ) -> tuple[npt.NDArray[np.object_], IntArray, list[Going]]:
        """Return the roads as lines in the surface's CRS, and how people go on each."""
        names = list(mode.roads)
        default = names.index("default") if "default" in names else -1
        column = roads.tags["highway"]
        by_class = [
            names.index(value) if value in names else names.index(link) if (link := value.removesuffix("_link")) in names else default
            for value in map(str, column.cat.categories)
        ]  # fmt: skip
        absent = load_tags().absent
        by_class = [
            -1 if value in absent else of for value, of in zip(map(str, column.cat.categories), by_class, strict=True)
        ]
        going = np.array([*by_class, -1], dtype=np.int64)[column.cat.codes.to_numpy()]
        going[roads.is_ferry] = -1  # nobody walks the water, whatever class of road the ferry says it is
        x, y = self.to_surface(surface, roads.x[roads.way_node], roads.y[roads.way_node])
        way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
        lines = shapely.linestrings(np.column_stack([x, y]), indices=way)
        return np.asarray(lines, dtype=object), going, [_going(mode.roads[name]) for name in names]

    def _doors(self, surface: Surface, serving: IntArray) -> GroundEntrances:
        frame = self.layers.facilities.frame.iloc[serving]
        facility, xy = outline_entrances(
            frame.geometry.to_numpy(), frame["entrance_spacing_m"].to_numpy(dtype=np.float64)
        )
        start = np.zeros(len(serving) + 1, dtype=np.int64)
        np.cumsum(np.bincount(facility, minlength=len(serving)), out=start[1:])
        return GroundEntrances(self._place(surface, xy[:, 0], xy[:, 1]), start)

    def _access_m(self, surface: Surface, doors: GroundEntrances, rule: Rule, serving: IntArray) -> FloatArray:
        cell = doors.places.cell
        is_open = (cell >= 0) & surface.is_passable.reshape(-1)[np.maximum(cell, 0)]
        opened = np.bincount(doors.facility[is_open], minlength=len(serving)) > 0
        for index in np.flatnonzero(~opened):
            row = self.layers.facilities.frame.iloc[int(serving[index])]
            self.problems.add(
                "terrain-facility-shut", "warning", f"facilities: {row['kind']}",
                f"位于无法通行的地面 stands where nobody goes: {row['name']}", row=row["facility_id"], field=f"rules.{rule.id}",
                expected="站在可通行的地面 on ground where people go", mend="核对坐标与土地覆盖 check its place and the land cover",
            )  # fmt: skip
        return np.where(opened, 0.0, np.inf)


def _going(going: ClassGoing) -> Going:
    return Going(going.as_, going.speed_kph)


def describe_grounds(overland: TerrainRouting) -> dict[str, Any]:
    """Return what the manifest says of each surface."""
    return {
        mode_id: {
            "rows": surface.shape[0],
            "columns": surface.shape[1],
            "cell_m": list(surface.cell_m),
            "passable_cells": int(surface.is_passable.sum()),
            "barrier_cells": int(surface.is_barrier.sum()),
            "crs": parse_crs(surface.crs).to_string(),
        }
        for mode_id, surface in overland.surfaces.items()
    }
