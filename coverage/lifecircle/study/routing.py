"""From rules to journeys: each network, join and search made once, and only when a rule asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
import shapely
from scipy.sparse import csr_array

from lifecircle.cache import NO_CACHE, Cache, make_key
from lifecircle.config import Mode, Rule, load_ways
from lifecircle.indicators.figures import cells_covered, people_nearest, people_within
from lifecircle.indicators.rule_coverage import count_choices
from lifecircle.model import FloatArray, IntArray, NearestFacility, RuleResult, TerrainLayers
from lifecircle.problems import Problems
from lifecircle.sources.datum import parse_crs, transform_xy
from lifecircle.sources.terrain import interpolate_cells
from lifecircle.study.layers import Layers, Progress
from lifecircle.study.terrain_routing import TerrainRouting
from lifecircle.travel.entrances import find_entrances
from lifecircle.travel.join import SegmentGrid
from lifecircle.travel.legs import PartWindow, StreetPieces
from lifecircle.travel.network import Network, Weight, build_network, is_same_network
from lifecircle.travel.obstacles import Obstacles
from lifecircle.travel.off_network import Crossing, OffStreet
from lifecircle.travel.reach import Entrances, Joins, Search, join_points
from lifecircle.travel.segments import LeftOut
from lifecircle.travel.slope import Heights


def find_heights(terrain: TerrainLayers | None, district_crs: str) -> Heights | None:
    """Return the heights of a district for :func:`lifecircle.travel.network.build_network`; None without a ``dem``."""
    if terrain is None or terrain.heights is None:
        return None
    grid = terrain.heights
    source, target = parse_crs(district_crs), parse_crs(grid.crs)
    is_same_network = source.equals(target, ignore_axis_order=True)
    rows, columns = grid.elevation_m.shape
    is_known = ~np.isnan(grid.elevation_m)

    def sample(x: FloatArray, y: FloatArray, nearest: bool) -> FloatArray:
        if not is_same_network:
            x, y = transform_xy(x, y, source, target, is_strict=False)
        with np.errstate(invalid="ignore"):
            column, row = (x - grid.transform.c) / grid.transform.a, (y - grid.transform.f) / grid.transform.e
            is_inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        column, row = np.where(is_inside, column, 0.0), np.where(is_inside, row, 0.0)
        if nearest:
            height = grid.elevation_m[row.astype(np.int64), column.astype(np.int64)].astype(np.float64)
        else:
            height, has_any = interpolate_cells(grid.elevation_m, is_known, row, column)
            is_inside &= has_any
        return np.where(is_inside, height, np.nan)

    return Heights(sample, grid.cell_m)


class PreparedNetworks:
    """The networks of a district's modes: recalled by what they are made from, else built and kept.

    They are made from the street map (with what is closed and the sailings laid over it), the terrain whose slopes they may follow,
    the barriers that no access leg crosses, the CRS that it is asked in, the mode, and the code. Everything else a network depends on
    is data of the package, and so part of the code.
    """

    def __init__(self, layers: Layers, cache: Cache) -> None:
        self.layers, self.cache = layers, cache

    @cached_property
    def _ground(self) -> str:
        barriers = shapely.to_wkb(self.layers.barriers.shape, hex=True).tolist()
        terrain = self.layers.terrain
        heights = None if terrain is None else replace(terrain, barriers=np.zeros(0, dtype=object))
        return make_key(self.layers.roads, heights, barriers, self.layers.district.crs)

    def ask(self, mode: Mode, build: Callable[[], Network]) -> Network:
        """Return the network of a mode."""
        if self.cache.folder is None:
            return build()
        name, given = f"network {mode.id}", {"mode": mode}
        key = make_key("network", self._ground, mode.model_dump(mode="json"))
        network: Network | None = self.cache.recall(
            name, key, (Network, SegmentGrid, StreetPieces, PartWindow, Obstacles, LeftOut), given
        )
        if network is None:
            network = build()
            self.cache.keep(name, key, network, given)
        return network


Held = TypeVar("Held")


@dataclass(slots=True)
class StageTimer:
    """Seconds by stage, and word of it to whoever watches."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        """Say what is being done, and add its seconds to a stage."""
        self.progress(text)
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


class Routing:
    """Networks, joins and reach, each made once and only when a rule asks for it."""

    def __init__(self, layers: Layers, clock: StageTimer, problems: Problems, cache: Cache = NO_CACHE) -> None:
        self.layers, self.clock, self.problems = layers, clock, problems
        self.prepared = PreparedNetworks(layers, cache)
        self.networks: dict[str, Network] = {}
        self.as_before: frozenset[str] = frozenset()
        self.cell_joins: dict[str, Joins] = {}
        self.entrances: dict[tuple[str, bytes], Entrances] = {}
        self.nearest: dict[tuple[Any, ...], tuple[FloatArray, IntArray]] = {}
        self.searches: dict[tuple[Any, ...], Search] = {}
        self.overland = TerrainRouting(layers, problems)
        self.beside: dict[str, OffStreet] = {}
        self.heights = find_heights(layers.terrain, layers.district.crs)

    def beside_these(self, layers: Layers, moved: IntArray, problems: Problems) -> Routing:
        """Return journeys over a scenario's layers, with what does not differ taken from here.

        By mode that goes as it did: its network and ranked searches; where the cells are the same too, their joins, and every way
        asked for facilities of which none is among the rows ``moved``. ``as_before`` names these modes.
        """
        made = Routing(layers, StageTimer(lambda _: None), problems, self.prepared.cache)
        made.as_before = frozenset(mode for mode in layers.configuration.modes if self._goes_as_before(mode, made))
        made.networks |= self._of_modes(self.networks, made.as_before)
        made.searches = {key: search for key, search in self.searches.items() if key[0] in made.as_before}
        if layers.cells is not self.layers.cells:
            return made
        made.cell_joins = self._of_modes(self.cell_joins, made.as_before)
        made.beside = self._of_modes(self.beside, made.as_before)
        made.overland.surfaces = self._of_modes(self.overland.surfaces, made.as_before)
        made.overland.homes = self._of_modes(self.overland.homes, made.as_before)
        made.entrances = {
            key: doors
            for key, doors in self.entrances.items()
            if key[0] in made.as_before and _is_without(moved, key[-1])
        }
        made.nearest = {
            key: found
            for key, found in self.nearest.items()
            if key[0] in made.as_before and _is_without(moved, key[-1])
        }
        return made

    def _goes_as_before(self, mode_id: str, made: Routing) -> bool:
        """Whether a mode's ways are those of these journeys; builds its network where the roads differ and it was asked here."""
        if made.layers.roads is self.layers.roads:
            return True
        mode = made.layers.configuration.modes[mode_id]
        if mode.engine == "terrain" or mode.off_street:
            is_off_roads = not mode.roads  # roads are laid over the ground otherwise
            if mode.engine == "terrain" or not is_off_roads:
                return is_off_roads
        return mode_id in self.networks and is_same_network(self.networks[mode_id], made.build(mode_id))

    @staticmethod
    def _of_modes(held: dict[str, Held], modes: frozenset[str]) -> dict[str, Held]:
        return {mode: one for mode, one in held.items() if mode in modes}

    def build(self, mode_id: str) -> Network:
        """Return the network of a mode."""
        if mode_id not in self.networks:
            mode = self.layers.configuration.modes[mode_id]
            roads = self.layers.roads
            if roads is None:
                raise RuntimeError("a network mode without roads must have been refused")
            network = self.prepared.ask(
                mode, lambda: build_network(roads, mode, load_ways(), self.heights, self.layers.barriers.shape)
            )
            self.networks[mode_id] = network
            for text in network.problems:
                self.problems.add(
                    "network-ferry",
                    "warning",
                    "roads",
                    text,
                    field=f"modes.{mode_id}",
                    expected="两端都靠近该方式的道路 both ends near a street of the mode",
                    mend="核对两端坐标，或把道路修到码头 check the ends, or draw the street to the pier",
                )
            if network.left_out.unclear_barriers:
                self.problems.add(
                    "network-barrier-at-crossing", "note", "roads",
                    "障碍位于路口，图上不知挡住哪条路，未断开 barriers where ways cross: which is closed is not known, none is cut",
                    expected="障碍在路段上 on the way it closes", mend="在地图上移到所挡的路上 move it along that way",
                    field=f"modes.{mode_id}", count=network.left_out.unclear_barriers,
                )  # fmt: skip
        return self.networks[mode_id]

    def network(self, mode_id: str) -> Network:
        """Return the network of a mode, with its cells joined."""
        if mode_id not in self.cell_joins:
            label = self.layers.configuration.modes[mode_id].label.both
            with self.clock.stage("networks", f"建立路网 building the network: {label}"):
                cells = self.layers.cells
                self.cell_joins[mode_id] = join_points(self.build(mode_id), cells.x, cells.y)
        return self.networks[mode_id]

    def doors(self, rule: Rule, serving: IntArray) -> Entrances:
        """Return the entrances of a rule's facilities on its mode's network."""
        key = (rule.mode, serving.tobytes())
        if key not in self.entrances:
            frame = self.layers.facilities.frame.iloc[serving]
            entrances, untouched = find_entrances(
                self.network(rule.mode),
                frame.geometry.to_numpy(),
                frame["entrance_spacing_m"].to_numpy(dtype=np.float64),
                frame["border_m"].to_numpy(dtype=np.float64),
            )
            for index in untouched:
                row = frame.iloc[int(index)]
                self.problems.add(
                    "facility-no-way-in", "warning", f"facilities: {row['kind']}", f"没有道路接到边界 no way touches the border: {row['name']}",
                    row=row["facility_id"], field=f"modes.{rule.mode}", mend="由离道路最近的边界点进入 entered where its border is nearest to a street",
                    expected="边界 border_m 米内有路 a way within border_m of the border",
                )  # fmt: skip
            self.entrances[key] = entrances
        return self.entrances[key]

    def answer(self, rule: Rule, serving: IntArray) -> RuleResult:
        """Return which cells a rule covers, and whom each of its facilities serves."""
        people = self.people(rule)
        with self.clock.stage("reach", rule.names.both):
            cost, facility, reach, access_m = self._to_limit(rule, serving)
            found = cells_covered(cost, rule.limit, rule.ready_minutes, has_range=not rule.is_distance)
        return RuleResult(
            rule=rule,
            nearest=NearestFacility(cost, np.where(facility >= 0, serving[facility], -1) if len(serving) else facility),
            covered=found.covered,
            covered_low=found.low,
            covered_high=found.high,
            people=people,
            facilities=serving,
            access_m=access_m,
            people_within=people_within(reach, rule.limit, people),
            people_nearest=people_nearest(facility, people, len(serving)),
            choices=count_choices(reach, rule.limit),
        )

    def within(self, rule: Rule, stretch: float = 1.0) -> csr_array:
        """Return a rule's facilities x cells: minutes (readiness included) or metres, up to its limit.

        ``stretch`` times what the limit leaves to travel, for those who are faster.
        """
        return self._to_limit(rule, self.layers.serving[rule.id], stretch)[2]

    def _to_limit(
        self, rule: Rule, serving: IntArray, stretch: float = 1.0
    ) -> tuple[FloatArray, IntArray, csr_array, FloatArray]:
        """Return what :meth:`ask` does, in minutes (readiness included) or metres, the reach up to the rule's limit."""
        unit = 1.0 if rule.is_distance else 60.0
        # A hair of horizon more, so that rounding drops no one at the limit: the figures published are the figures compared.
        horizon = (rule.limit - rule.ready_minutes) * stretch * unit * (1 + 1e-9)
        cost, facility, reach, access_m = self.ask(rule, serving, horizon)
        reach.data[:] = reach.data / unit + rule.ready_minutes
        return cost / unit + rule.ready_minutes, facility, reach, access_m

    def all_costs(self, rule: Rule) -> csr_array:
        """Return a rule's facilities x cells: minutes (readiness included) or metres, as far as anyone goes."""
        unit = 1.0 if rule.is_distance else 60.0
        reach = self.ask(rule, self.layers.serving[rule.id], np.inf)[2]
        reach.data[:] = reach.data / unit + rule.ready_minutes
        return reach

    def people(self, rule: Rule) -> FloatArray:
        """Return who counts under a rule, per cell."""
        return self.layers.cells.people if rule.group is None else self.layers.cells.groups[rule.group]

    def ask(self, rule: Rule, serving: IntArray, horizon: float) -> tuple[FloatArray, IntArray, csr_array, FloatArray]:
        """Return the cost to the nearest facility and which it is, the reach up to a horizon, and the facilities' access legs.

        Seconds or metres on the way, nothing else; the facility and the rows of the reach count within ``serving``.
        """
        over_terrain = self.layers.configuration.modes[rule.mode].engine == "terrain"
        return self.overland.ask(rule, serving, horizon) if over_terrain else self._ask_network(rule, serving, horizon)

    def _ask_network(
        self, rule: Rule, serving: IntArray, horizon: float
    ) -> tuple[FloatArray, IntArray, csr_array, FloatArray]:
        network = self.network(rule.mode)
        homes, doors = self.cell_joins[rule.mode], self.doors(rule, serving)
        weight: Weight = "metres" if rule.is_distance else "seconds"
        asked = rule.mode, weight, rule.direction
        if asked not in self.searches:
            self.searches[asked] = Search(network, weight, rule.direction)  # ranked when first asked
        search = self.searches[asked]
        crossing = self.crossing(rule, search, doors)
        key = (rule.mode, weight, rule.direction, serving.tobytes())
        if key not in self.nearest:
            self.nearest[key] = crossing.nearest(homes) if crossing else search.nearest(homes, doors)
        reach = crossing.reach(homes, horizon) if crossing else search.reach(homes, doors, horizon)
        return *self.nearest[key], reach, _nearest_access_m(crossing.entrances if crossing else doors)

    def crossing(self, rule: Rule, search: Search, doors: Entrances) -> Crossing | None:
        """Return a rule's way over streets and the ground beside them; None where its mode stays on the streets."""
        beside = self.off_street(rule.mode)
        return None if beside is None else Crossing(beside, search, doors)

    def off_street(self, mode_id: str) -> OffStreet | None:
        """Return the ground beside a mode's streets; None where the mode stays on them."""
        mode = self.layers.configuration.modes[mode_id]
        if not mode.off_street:
            return None
        if mode_id not in self.beside:
            surface = self.overland.surface(mode)
            self.beside[mode_id] = OffStreet(
                self.network(mode_id), surface, mode.moves,
                partial(self.overland.to_surface, surface), partial(self.overland.from_surface, surface),
            )  # fmt: skip
        return self.beside[mode_id]


def _nearest_access_m(entrances: Entrances) -> FloatArray:
    if not len(entrances.joins):
        return np.zeros(0)
    return np.minimum.reduceat(entrances.joins.nearest_m, entrances.start[:-1])


def _is_without(rows: IntArray, serving: bytes) -> bool:
    """Whether none of the rows is among those of a key."""
    return not np.isin(rows, np.frombuffer(serving, dtype=np.int64)).any()
