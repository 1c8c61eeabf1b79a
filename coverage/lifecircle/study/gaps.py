"""Every rule's gaps, from the joins, doors and costs that its figures came from: nothing is searched again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from lifecircle.config import Rule
from lifecircle.gaps.causes import CAUSES, CUT_OFF, DETOUR_FACTOR, FULL, Division, Gaps, cell_causes, find_gaps
from lifecircle.gaps.outlines import (
    GapNames,
    Landmarks,
    UnitPeople,
    lattice_of,
    name_gaps,
    outline_gaps,
    place_units,
    unit_of_cells,
)
from lifecircle.indicators.facts import Facts
from lifecircle.model import BoolArray, FloatArray, IntArray, RuleGaps, RuleResult
from lifecircle.sources.datum import parse_crs, transform_geometry
from lifecircle.sources.tables import is_missing
from lifecircle.study.components import number_components, share_part
from lifecircle.study.routing import Routing
from lifecircle.study.rules import second_half
from lifecircle.travel.entrances import outline_entrances
from lifecircle.travel.network import Network
from lifecircle.travel.reach import Joins
from lifecircle.travel.terrain import Surface
from lifecircle.travel.ways import KPH_TO_MPS

LINKS = ("same", "no_way", "ferry", "none", "no_door", "")
SAME, NO_WAY, FERRY, NONE, NO_DOOR, UNKNOWN = range(6)
MOST_BARRIERS = 3
"""Names listed of what a straight line crosses."""
BARRIER = "障碍 a barrier"
"""One without a name."""


class FacilityPlaces(NamedTuple):
    """Where a rule's facilities are entered."""

    x: FloatArray
    y: FloatArray
    facility: IntArray
    """Rows of the facilities' frame."""
    joins: Joins | None
    """To the network; None over terrain."""


@dataclass(frozen=True, slots=True, eq=False)
class Crow:
    """Straight lines from cells to the nearest door; one entry a cell. inf and -1 where there is none."""

    metres: FloatArray
    cost: FloatArray
    """Minutes or metres at no detour, what no speed changes left out."""
    door: IntArray


def find_all_gaps(travel: Routing, results: Mapping[str, RuleResult], facts: Facts) -> dict[str, RuleGaps]:
    """Return the gaps of every rule that is not hypothetical, in the order of the rules."""
    finder = GapFinder(travel, facts)
    return {key: finder.of_rule(result) for key, result in results.items() if not result.rule.scenario}


class GapFinder:
    """What gaps of all rules share: who touches whom, where units' people are, which streets hang together."""

    def __init__(self, travel: Routing, facts: Facts) -> None:
        self.travel, self.facts, self.layers = travel, facts, travel.layers
        self.cells = self.layers.cells
        self.lattice = lattice_of(self.cells)
        self.parts: dict[str, IntArray] = {}
        self.speeds: dict[str, float] = {}

    @cached_property
    def placed(self) -> list[UnitPeople]:
        """Where the people of each unit are."""
        return place_units(self.layers.units, self.cells)

    @cached_property
    def unit(self) -> IntArray:
        """Who answers for each cell: the largest units under the district."""
        return unit_of_cells(self.placed, len(self.cells))

    @cached_property
    def marks(self) -> Landmarks:
        """The facilities that have names."""
        frame = self.layers.facilities.frame
        named = (frame["status"] == "used").to_numpy() & np.array(
            [not is_missing(name) for name in frame["name"]], dtype=bool
        )
        point = shapely.point_on_surface(frame.geometry.to_numpy()[named])
        return Landmarks(frame["name"].to_numpy(dtype=object)[named], shapely.get_x(point), shapely.get_y(point))

    @cached_property
    def barriers(self) -> shapely.STRtree:
        """What straight lines may cross."""
        return shapely.STRtree(self.layers.barriers.shape)

    def of_rule(self, result: RuleResult) -> RuleGaps:
        """Return the gaps of a rule, and of the clauses of capacity that ask about it."""
        rule = result.rule
        doors = self._doors(rule, result.facilities)
        cell = np.flatnonzero(~result.covered & (result.people > 0))
        crow = self._crow(result, doors, cell)
        cause = cell_causes(
            result.nearest.cost[cell], crow.cost, rule.limit, self._has_way(rule, cell), fixed=rule.fixed_minutes
        )
        division = self._division(rule)
        gaps = find_gaps(self.lattice, cell, result.people[cell], cause, division)
        frames = [self._describe(result, doors, gaps, result.people[cell], crow, rule.id)]
        for entry, filled in self.facts.filled.items():
            if filled.rule == rule.id:
                cell = np.flatnonzero(filled.people_full > 0)
                people = filled.people_full[cell]
                full = find_gaps(self.lattice, cell, people, np.full(len(cell), FULL), division)
                found = self._describe(result, doors, full, people, self._crow(result, doors, cell), entry)
                at = {row: place for place, row in enumerate(result.facilities.tolist())}
                place = np.array([at.get(row, -1) for row in found["nearest"].tolist()], dtype=np.int64)
                found["capacity"] = np.append(filled.capacity, np.nan)[place]
                found["served"] = np.append(filled.people_served, np.nan)[place]
                frames.append(found)
        return _rank(frames, gaps, len(self.cells), self.layers.district.crs)

    def _division(self, rule: Rule) -> Division:
        """Return where gaps are divided that are wider than a facility in their middle would serve at the detour factor."""
        metres = (
            rule.limit if rule.is_distance else (rule.limit - rule.fixed_minutes) * 60.0 * self._crow_speed(rule.mode)
        )
        return Division(self.cells.x, self.cells.y, self.unit, 2.0 * metres / DETOUR_FACTOR)

    def _doors(self, rule: Rule, serving: IntArray) -> FacilityPlaces:
        if self.layers.configuration.modes[rule.mode].engine != "terrain":
            entrances = self.travel.doors(rule, serving)
            joins = entrances.joins
            return FacilityPlaces(joins.x, joins.y, serving[entrances.facility], joins)
        frame = self.layers.facilities.frame.iloc[serving]
        facility, xy = outline_entrances(
            frame.geometry.to_numpy(), frame["entrance_spacing_m"].to_numpy(dtype=np.float64)
        )
        return FacilityPlaces(xy[:, 0], xy[:, 1], serving[facility], None)

    def _has_way(self, rule: Rule, cell: IntArray) -> Any:
        """Return whether a street is within a mode's longest access leg of each cell, or, over terrain, ground that can be passed."""
        mode = self.layers.configuration.modes[rule.mode]
        if mode.engine != "terrain":
            return self.travel.cell_joins[mode.id].is_joined[cell]
        at = self.travel.overland.homes[mode.id].cell[cell]
        return (at >= 0) & self.travel.overland.surface(mode).is_passable.reshape(-1)[np.maximum(at, 0)]

    def _crow(self, result: RuleResult, doors: FacilityPlaces, cell: IntArray) -> Crow:
        """Return the straight lines; of a chain, costs are of the line to the nearest station and of that to the nearest hospital."""
        rule = result.rule
        metres, door = self._straight(doors, cell)
        cost = metres if rule.is_distance else metres / self._crow_speed(rule.mode) / 60.0
        if rule.then is not None:
            half = second_half(rule)
            onward, _ = self._straight(self._doors(half, self.layers.onward[rule.id]), cell)
            cost = cost + onward / self._crow_speed(half.mode) / 60.0
        return Crow(metres, cost, door)

    def _straight(self, doors: FacilityPlaces, cell: IntArray) -> tuple[FloatArray, IntArray]:
        if not len(doors.x) or not len(cell):
            return np.full(len(cell), np.inf), np.full(len(cell), -1, dtype=np.int64)
        tree = cKDTree(np.column_stack([doors.x, doors.y]))
        metres, door = tree.query(np.column_stack([self.cells.x[cell], self.cells.y[cell]]))
        return np.asarray(metres, dtype=np.float64), np.asarray(door, dtype=np.int64)

    def _crow_speed(self, mode_id: str) -> float:
        """Return the metres a second at which a mode goes on the mean metre of its streets, or on its mean passable ground."""
        if mode_id not in self.speeds:
            mode = self.layers.configuration.modes[mode_id]
            over_terrain = mode.engine == "terrain"
            found = (
                _ground_speed(self.travel.overland.surface(mode))
                if over_terrain
                else _street_speed(self.travel.network(mode_id))
            )
            self.speeds[mode_id] = found or mode.access_kph * KPH_TO_MPS
        return self.speeds[mode_id]

    def _has_detour(self, rule: Rule) -> bool:
        """Return whether a cost over that of the straight line is a length over a length: not where speeds differ by class of way."""
        mode = self.layers.configuration.modes[rule.mode]
        return rule.is_distance or (rule.then is None and mode.engine == "network" and mode.speed_kph is not None)

    def _links(self, rule: Rule, doors: FacilityPlaces, cell: IntArray, door: IntArray, reached: BoolArray) -> IntArray:
        """Return how the streets of each cell hang together with those of a door, a number of :data:`LINKS`; -1 where unknown."""
        links = np.full(len(cell), -1, dtype=np.int64)
        if doors.joins is None:
            return links
        network = self.travel.network(rule.mode)
        if rule.mode not in self.parts:
            self.parts[rule.mode] = number_components(network)[0]
        homes = self.travel.cell_joins[rule.mode]
        known = homes.is_joined[cell] & (door >= 0)
        is_same = share_part(network, self.parts[rule.mode], (homes, cell[known]), (doors.joins, door[known]))
        is_linked = share_part(network, network.part, (homes, cell[known]), (doors.joins, door[known]))
        found = np.where(is_same, np.where(reached[known], SAME, NO_WAY), np.where(is_linked, FERRY, NONE))
        links[known] = np.where(doors.joins.is_joined[door[known]], found, NO_DOOR)
        return links

    def _describe(
        self, result: RuleResult, doors: FacilityPlaces, gaps: Gaps, people: FloatArray, crow: Crow, indicator: str
    ) -> pd.DataFrame:
        rule, cell, cells = result.rule, gaps.cell, self.cells
        cost = result.nearest.cost[cell]
        reached = np.isfinite(cost)
        crow_cost = rule.fixed_minutes + DETOUR_FACTOR * crow.cost
        place = gaps.middle(cells.x[cell], cells.y[cell], people)
        middle = cell[place]
        share = np.divide(people, result.people[cell])
        names: GapNames = name_gaps(gaps, people, middle, cells, self.placed, self.marks)
        moving = gaps.sum(np.where(reached, people * (np.where(reached, cost, 0.0) - rule.fixed_minutes), 0.0))
        straight = gaps.sum(np.where(reached & np.isfinite(crow.cost), people * crow.cost, 0.0))
        cut_off = gaps.cause == CUT_OFF
        link = gaps.most(np.where(cut_off[gaps.gap], self._links(rule, doors, cell, crow.door, reached), -1), people)
        facility = np.append(doors.facility, -1)
        return pd.DataFrame(
            {
                "rule": rule.id,
                "indicator": indicator,
                "name_zh": names.zh,
                "name_en": names.en,
                "people": gaps.people,
                "cells": gaps.cells,
                **{name: gaps.sum(values[cell] * share) for name, values in cells.groups.items()},
                **{str(level): row for level, row in names.unit.items()},
                "cause": np.array(CAUSES, dtype=object)[gaps.cause],
                **{f"people_{name}": gaps.cause_people[:, number] for number, name in enumerate(CAUSES)},
                "people_unreachable": gaps.sum(np.where(reached, 0.0, people)),
                "cost": gaps.mean(cost, people),
                "nearest": gaps.most(result.nearest.facility[cell], people),
                "crow_m": gaps.mean(crow.metres, people),
                "crow_cost": gaps.mean(crow_cost, people),
                "is_near": gaps.sum(np.where(crow_cost <= rule.limit, people, 0.0)) >= 0.5 * gaps.people,
                "crow": gaps.most(facility[crow.door], people),
                "detour": np.divide(
                    moving, straight, out=np.full(len(gaps), np.nan), where=self._has_detour(rule) & (straight > 0)
                ),
                "link": np.array(LINKS, dtype=object)[np.where(link >= 0, link, UNKNOWN)],
                "barrier": self._barriers(doors, middle, crow.door[place], cut_off),
                "capacity": np.nan,
                "served": np.nan,
                "x": cells.x[middle],
                "y": cells.y[middle],
                "lon": cells.lon[middle],
                "lat": cells.lat[middle],
                "geometry": self._outline(gaps),
            }
        )

    def _barriers(self, doors: FacilityPlaces, middle: IntArray, door: IntArray, asked: Any) -> Any:
        """Return what the straight line from the middle of each gap asked to the nearest door crosses, by name; empty where nothing."""
        found = np.full(len(middle), "", dtype=object)
        rows = np.flatnonzero(asked & (door >= 0))
        if not len(rows) or not len(self.layers.barriers.shape):
            return found
        ends = np.stack(
            [
                np.column_stack([self.cells.x[middle[rows]], self.cells.y[middle[rows]]]),
                np.column_stack([doors.x[door[rows]], doors.y[door[rows]]]),
            ],
            axis=1,
        )
        line, crossed = self.barriers.query(shapely.linestrings(ends), predicate="intersects")
        for at in np.unique(line).tolist():
            names = [self.layers.barriers.name[row] or BARRIER for row in np.sort(crossed[line == at]).tolist()]
            found[rows[at]] = "、".join(list(dict.fromkeys(names))[:MOST_BARRIERS])
        return found

    def _outline(self, gaps: Gaps) -> Any:
        shape = outline_gaps(self.cells, gaps)
        if self.cells.grid is None:
            return shape
        here, there = parse_crs(self.cells.grid.crs), parse_crs(self.layers.district.crs)
        return shape if here.equals(there, ignore_axis_order=True) else transform_geometry(shape, here, there)


def _street_speed(network: Network) -> float:
    """Return the metres of all streets over the seconds they take, in m/s; 0 where there is none."""
    street = ~network.is_ferry
    seconds = network.edge_costs("seconds")[0][street].sum()
    return float(network.edge_costs("metres")[0][street].sum() / seconds) if seconds > 0 else 0.0


def _ground_speed(surface: Surface) -> float:
    """Return the mean flat speed of the cells of ground that can be passed, in m/s; 0 where there is none."""
    count = np.bincount(surface.code.reshape(-1), minlength=len(surface.goings))
    speed = np.array([going.speed_kph for going in surface.goings])
    count = np.where(speed > 0, count, 0)
    return float((count * speed).sum() / count.sum()) * KPH_TO_MPS if count.any() else 0.0


def _rank(frames: list[pd.DataFrame], gaps: Gaps, n_cells: int, crs: str) -> RuleGaps:
    """Return the gaps of all causes, the most people first; of equals those of the rule first, and then those of the first cell."""
    held = [frame for frame in frames if len(frame)] or frames[:1]
    whole = pd.concat(held, ignore_index=True)
    order = np.argsort(-whole["people"].to_numpy(), kind="stable")
    whole = whole.iloc[order].reset_index(drop=True)
    whole.insert(2, "rank", np.arange(1, len(whole) + 1))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    of_cell = np.full(n_cells, -1, dtype=np.int64)
    of_cell[gaps.cell] = place[gaps.gap]
    return RuleGaps(gpd.GeoDataFrame(whole, geometry="geometry", crs=crs), of_cell)
