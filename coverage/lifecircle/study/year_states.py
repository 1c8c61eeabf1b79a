"""YearStates two years: the people of one over the roads of the other, to the facilities and by the rules of either.

Routing are computed once for each set of roads and cells, and costs once for each set of facilities: the rest is adding up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array

from lifecircle.cache import Cache
from lifecircle.comparison.decomposition import (
    CAUSES,
    Cause,
    ChangedCells,
    Turnover,
    UnitLinks,
    share_by_unit,
    split_by_cause,
    split_table,
    turnover,
    turnover_of_units,
)
from lifecircle.config import Rule
from lifecircle.config.schema import LEVELS, Level
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import LevelSums
from lifecircle.model import BoolArray, Cells, Facilities, FloatArray, InputFile, Roads, TextArray
from lifecircle.problems import Problems
from lifecircle.sources.opening import CLOSED, OPENED
from lifecircle.sources.tables import is_missing
from lifecircle.study.layers import Layers
from lifecircle.study.routing import Routing, StageTimer
from lifecircle.study.rules import cost_of


def mark_places(frame: pd.DataFrame) -> bytes:
    """Return what tells facilities from others as far as the way to them goes: where they are, and how they are entered."""
    shapes = shapely.to_wkb(frame["geometry"].to_numpy(dtype=object))
    entered = frame[["entrance_spacing_m", "border_m"]].to_numpy(dtype=np.float64)
    return b"".join(sorted(shape + each.tobytes() for shape, each in zip(shapes, entered, strict=True)))


def is_one_list(first: Facilities, second: Facilities) -> bool:
    """Whether both years' facilities are the same rows at the same places, whichever of them stood."""
    columns = ["kind", "facility_id", "entrance_spacing_m", "border_m"]
    frames = [pd.DataFrame(one.frame[columns]) for one in (first, second)]
    if len(frames[0]) != len(frames[1]) or not frames[0].equals(frames[1]):
        return False
    shapes = [shapely.to_wkb(one.frame["geometry"].to_numpy(dtype=object)) for one in (first, second)]
    return bool((shapes[0] == shapes[1]).all())


def with_records_of(facilities: Facilities, year: Facilities) -> Facilities:
    """Return a year's facilities with the dated records (samples, inspections) of another: they came with that year, as its tables did."""
    kinds = [*facilities.record_years, *year.record_years]
    if not kinds:
        return facilities
    own, other = facilities.frame, year.frame
    is_record = own["kind"].isin(kinds).to_numpy()
    frame = own.copy()
    if is_one_list(facilities, year):
        frame["status"] = np.where(is_record, other["status"], own["status"])
        frame["reason"] = np.where(is_record, other["reason"], own["reason"])
    else:
        # At the end, so that every facility keeps its row.
        frame["status"] = np.where(is_record, "set_aside", own["status"])
        frame = pd.concat([frame, other[other["kind"].isin(kinds)]], ignore_index=True)
    return replace(facilities, frame=frame, record_years={**facilities.record_years, **year.record_years})


def describe_facility_changes(first: Facilities, second: Facilities, without_id: Collection[str]) -> dict[str, Any]:
    """Return what opened, closed, moved and was altered, by kind and id; empty where the same facilities stand as they were.

    Parameters
    ----------
    without_id
        Kinds of which either year's list has no ids: they are the same where name and place are.
    """
    before, now = (_standing(one, without_id) for one in (first, second))
    both = now.index.intersection(before.index)
    told = {
        "opened": _list(now.loc[now.index.difference(before.index, sort=False)]),
        "closed": _list(before.loc[before.index.difference(now.index, sort=False)]),
        "moved": _moved(before.loc[both], now.loc[both]),
        "altered": _altered(
            before.loc[both], now.loc[both], {*first.attributes, *second.attributes} - {OPENED, CLOSED}
        ),
    }
    return {word: listed for word, listed in told.items() if listed}


def describe_ferries(first: Roads | None, second: Roads | None) -> dict[str, list[str]]:
    """Return which of the sailings that a district describes itself were added, gone, or otherwise; empty where all are as they were."""
    before, now = ({one.name: one for one in roads.sailings} if roads is not None else {} for roads in (first, second))
    told = {
        "added": [name for name in now if name not in before],
        "gone": [name for name in before if name not in now],
        "changed": [name for name, one in now.items() if name in before and before[name] != one],
    }
    return {word: names for word, names in told.items() if names}


def _standing(facilities: Facilities, without_id: Collection[str]) -> pd.DataFrame:
    is_standing = (facilities.frame["status"] == "used") & ~facilities.frame["kind"].isin(list(facilities.record_years))
    frame = pd.DataFrame(facilities.frame[is_standing])
    point = shapely.point_on_surface(frame["geometry"].to_numpy(dtype=object))
    place = [f"{name} {x:.0f} {y:.0f}" for name, x, y in zip(frame["name"], shapely.get_x(point), shapely.get_y(point), strict=True)]  # fmt: skip
    identity = np.where(frame["kind"].isin(list(without_id)), np.array(place, dtype=object), frame["facility_id"])
    frame.index = pd.MultiIndex.from_arrays([frame["kind"], identity], names=["of_kind", "identity"])
    return frame[~frame.index.duplicated()]


def _list(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = zip(frame["kind"], frame["facility_id"], frame["name"], strict=True)
    return [{"kind": kind, "id": identity, "name": name} for kind, identity, name in columns]


def _moved(before: pd.DataFrame, now: pd.DataFrame) -> list[dict[str, Any]]:
    shapes = [one["geometry"].to_numpy(dtype=object) for one in (before, now)]
    is_moved = ~shapely.equals_exact(*shapes)
    metres = shapely.distance(*(shapely.point_on_surface(one) for one in shapes))
    return [
        {**one, "metres": round(float(far), 1)} for one, far in zip(_list(now[is_moved]), metres[is_moved], strict=True)
    ]


def _altered(before: pd.DataFrame, now: pd.DataFrame, attributes: Collection[str]) -> list[dict[str, Any]]:
    differs = pd.DataFrame(
        {
            name: [
                not (is_missing(old) and is_missing(new)) and old != new
                for old, new in zip(*(one.get(name, pd.Series(None, one.index, dtype=object)) for one in (before, now)), strict=True)
            ]
            for name in sorted(attributes)
        },
        index=now.index, dtype=bool,
    )  # fmt: skip
    rows = differs.any(axis=1).to_numpy()
    names = [sorted(row.index[row]) for _, row in differs[rows].iterrows()]
    return [{**one, "attributes": own} for one, own in zip(_list(now[rows]), names, strict=True)]


Which = tuple[int, int, int, int]
"""Of which year (0 or 1) the facilities, the people, the roads and the rule are."""
Pair = tuple[FloatArray, FloatArray]
"""Of the earlier and the later year."""
ONE_UNIT = 1e-9
"""Units whose parts of every cell differ by no more are one and the same."""


@dataclass(frozen=True, slots=True, eq=False)
class YearRead:
    """One year's layers, through the door."""

    year: int
    layers: Layers
    crosswalk: UnitLinks
    inputs: tuple[InputFile, ...]
    problems: Problems

    @property
    def rules(self) -> dict[str, Rule]:
        """The rules that can be computed."""
        return {rule.id: rule for rule in self.layers.configuration.rules if rule.id in self.layers.serving}


class YearStates:
    """Every state between two years: the people of one over the roads of the other, to the facilities and by the rules of either."""

    def __init__(self, states: tuple[YearRead, YearRead], clock: StageTimer, cache: Cache) -> None:
        self.states, self.clock, self.cache = states, clock, cache
        first, second = (state.layers for state in states)
        self.has_one_grid = is_one_grid(first.cells, second.cells)
        self.has_same_roads = _is_same_map(first.roads, second.roads)
        self.has_one_list = is_one_list(first.facilities, second.facilities)
        self.problems = Problems()
        self.journeys: dict[tuple[int, int, int], Routing] = {}
        self.costs: dict[tuple[Any, ...], FloatArray] = {}
        self.marks: dict[tuple[int, str], bytes] = {}

    def travel(self, facilities: int, people: int, roads: int) -> Routing:
        """Return the journeys to the facilities listed in one year, of the cells of one, over the roads of one.

        Made once where any does not differ; to another list of facilities, over the same network.
        """
        key = (
            0 if self.has_one_list else facilities, 0 if self.has_one_grid else people, 0 if self.has_same_roads else roads,
        )  # fmt: skip
        if key not in self.journeys:
            listed, lived, roads_of = (self.states[place].layers for place in key)
            layers = replace(lived, facilities=listed.facilities, roads=roads_of.roads)
            known = next((made for other, made in self.journeys.items() if other[1:] == key[1:]), None)
            self.journeys[key] = Routing(layers, self.clock, self.problems, self.cache)
            if known is not None:
                rows = np.arange(max(len(layers.facilities), len(known.layers.facilities)))
                self.journeys[key] = known.beside_these(layers, rows, self.problems)
        return self.journeys[key]

    def own(self, place: int) -> Routing:
        """Return a year's own journeys, which share networks and searches with those between."""
        own = copy(self.travel(place, place, place))
        own.layers, own.problems = self.states[place].layers, self.states[place].problems
        return own

    def cost(self, rule_id: str, which: Which) -> FloatArray:
        """Return what it costs each cell to be served with the facilities, people (the cells), roads and rule of these years (0 or 1)."""
        facilities, people, roads, ruled = which
        rule = self.states[ruled].rules[rule_id]
        serving = self.states[facilities].layers.serving[rule_id]
        onward = self.states[facilities].layers.onward.get(rule_id)
        key = (
            rule_id, rule.mode, rule.is_distance, self.mark(facilities, rule_id),
            0 if self.has_one_grid else people, 0 if self.has_same_roads else roads,
        )  # fmt: skip
        if key not in self.costs:
            self.costs[key] = cost_of(self.travel(facilities, people, roads), rule, serving, onward)
        return self.costs[key]

    def mark(self, place: int, rule_id: str) -> bytes:
        """Return what tells the facilities that serve a rule in one year from others: where they are, and how they are entered."""
        if (place, rule_id) not in self.marks:
            layers = self.states[place].layers
            parts = [
                mark_places(layers.facilities.frame.iloc[rows[rule_id]])
                for rows in (layers.serving, layers.onward)
                if rule_id in rows
            ]
            self.marks[place, rule_id] = b"|".join(parts)
        return self.marks[place, rule_id]

    def covered(self, rule_id: str, which: Which) -> BoolArray:
        """Return which cells are covered."""
        return np.asarray(self.cost(rule_id, which) <= self.states[which[3]].rules[rule_id].limit, dtype=np.bool_)

    def unreachable(self, rule_id: str, which: Which) -> BoolArray:
        """Return which cells can reach none."""
        return np.asarray(~np.isfinite(self.cost(rule_id, which)), dtype=np.bool_)

    def changed(self, rule_id: str, level: Level) -> tuple[Cause, ...]:
        """Return the causes that differ for a rule; people too where its units do."""
        first, second = self.states
        rules = first.rules[rule_id], second.rules[rule_id]
        limits = [(rule.mode, rule.limit, rule.limit_unit) for rule in rules]
        cells = first.layers.cells, second.layers.cells
        has_moved = not self.has_one_grid or not _is_same_people(*cells) or not _is_same_units(first, second, level)
        differs = (
            self.mark(0, rule_id) != self.mark(1, rule_id), has_moved, not self.has_same_roads, limits[0] != limits[1],
        )  # fmt: skip
        return tuple(cause for cause, is_other in zip(CAUSES, differs, strict=True) if is_other)

    def split(self, rule_id: str, level: Level, facts: list[Facts]) -> pd.DataFrame:
        """Return the change of a rule's coverage, of each group's beside it and of who can reach none, by cause: one row a unit of a level."""
        first, second = (one.levels.get(level) for one in facts)
        if first is None or second is None:
            return pd.DataFrame()
        codes, carry = _carry(first, second, self.states)
        add_up = first.sum, second.sum
        changed = self.changed(rule_id, level)
        is_by_cell = self.has_one_grid and _has_same_parts((first, second), carry)

        def share(people: Pair, counts: Callable[[str, Which], BoolArray]) -> dict[Cause, FloatArray]:
            def figure(later: frozenset[Cause]) -> FloatArray:
                which = tuple(int(cause in later) for cause in CAUSES)
                year = which[1]
                counted = counts(rule_id, (which[0], which[1], which[2], which[3]))
                return share_by_unit(carry[year], add_up[year](people[year] * counted), add_up[year](people[year]))

            return split_by_cause(figure, changed)

        own = self.covered(rule_id, (0, 0, 0, 0)), self.covered(rule_id, (1, 1, 1, 1))
        tables = []
        for indicator, people in self._who_counts(rule_id, facts).items():
            covered = [carry[at] @ add_up[at](people[at] * own[at]) for at in (0, 1)]
            found = turnover_of_units(covered[0], covered[1])
            if is_by_cell:
                found = turnover(people, own, lambda values: carry[1] @ second.sum(values))
            by_cause = share(people, self.covered)
            how = "cell" if is_by_cell else "unit"
            tables.append(split_table(indicator, level, codes, by_cause, (covered[0], covered[1]), found, how))
            if indicator == rule_id:
                # Nobody is covered by what they cannot reach: whose cover changed stands in the rule's own row.
                nothing = np.full(len(codes), np.nan)
                by_cause = share(people, self.unreachable)
                none = Turnover(nothing, nothing, nothing)
                tables.append(
                    split_table(f"{rule_id}-unreachable", level, codes, by_cause, (nothing, nothing), none, "")
                )
        return pd.concat(tables, ignore_index=True)

    def cells(self, rule_id: str, facts: list[Facts]) -> ChangedCells:
        """Return where people are and whether a rule covers them there, in both years."""
        people = self._who_counts(rule_id, facts)[rule_id]
        covered = [[self.covered(rule_id, (year, year, year, year)) for year in (0, 1)]]
        if not self.has_one_grid:
            # At the places of each year, what the other's facilities, roads and rule would cover.
            covered = [[self.covered(rule_id, (year, at, year, year)) for year in (0, 1)] for at in (0, 1)]
            people = (
                np.concatenate([people[0], np.zeros(len(people[1]))]),
                np.concatenate([np.zeros(len(people[0])), people[1]]),
            )
        x, y = self.places
        return ChangedCells(
            x=x,
            y=y,
            people_from=people[0],
            people_to=people[1],
            covered_from=np.concatenate([of_place[0] for of_place in covered]),
            covered_to=np.concatenate([of_place[1] for of_place in covered]),
        )

    @cached_property
    def places(self) -> tuple[FloatArray, FloatArray]:
        """Where people are counted in either year: the earlier year's places, then the later's where they are others."""
        grids = [state.layers.cells for state in self.states][: 1 if self.has_one_grid else 2]
        return np.concatenate([one.x for one in grids]), np.concatenate([one.y for one in grids])

    def _who_counts(self, rule_id: str, facts: list[Facts]) -> dict[str, Pair]:
        """Return by indicator the people of both years, per cell: who counts under a rule, and the groups beside it that both years have."""
        rule = self.states[1].rules[rule_id]
        who = {rule_id: (facts[0].group(rule.group), facts[1].group(rule.group))}
        if rule.group is None:
            before, now = (one.groups_beside for one in facts)
            who |= {f"{rule_id}-{group}": (before[group], now[group]) for group in now if group in before}
        return who

    @property
    def has_own_units(self) -> bool:
        """Whether either year has units of its own."""
        return any(not _is_same_units(*self.states, level) for level in LEVELS)

    def changed_anywhere(self) -> tuple[Cause, ...]:
        """Return the causes that differ for anything at all."""
        differs = {cause: bool(told) for cause, told in self.describe().items()}
        shared = self.states[0].rules.keys() & self.states[1].rules.keys()
        # Entered otherwise, and nothing else to tell of them: other spacing of entrances, say.
        differs["facilities"] |= any(self.mark(0, rule_id) != self.mark(1, rule_id) for rule_id in shared)
        return tuple(cause for cause in CAUSES if differs[cause])

    def describe(self) -> dict[Cause, dict[str, Any]]:
        """Return what differs, by cause, for people to read."""
        first, second = self.states
        closures = [
            {one.name for one in state.layers.roads.closures} if state.layers.roads else set() for state in self.states
        ]
        roads = {} if self.has_same_roads else {
            "ways": [len(state.layers.roads or ()) for state in self.states],
            "opened": sorted(closures[0] - closures[1]), "closed": sorted(closures[1] - closures[0]),
            "ferries": describe_ferries(first.layers.roads, second.layers.roads),
        }  # fmt: skip
        people = {} if self.has_one_grid and _is_same_people(first.layers.cells, second.layers.cells) else {
            "people": [float(state.layers.cells.people.sum()) for state in self.states], "has_one_grid": self.has_one_grid,
        }  # fmt: skip
        rules = {
            rule_id: {"from": _limit_of(first.rules[rule_id]), "to": _limit_of(rule)}
            for rule_id, rule in second.rules.items()
            if rule_id in first.rules and _limit_of(first.rules[rule_id]) != _limit_of(rule)
        }
        listed = [(*one.layers.configuration.facilities, *one.layers.configuration.layers) for one in self.states]
        others = [one for one in listed[0] if one not in listed[1]] + [one for one in listed[1] if one not in listed[0]]
        without_id = {layer.kind for layer in others if "id" not in layer.fields}
        stood = describe_facility_changes(first.layers.facilities, second.layers.facilities, without_id)
        for word, also in describe_facility_changes(first.layers.places, second.layers.places, without_id).items():
            stood[word] = [*stood.get(word, []), *also]
        return {"facilities": stood, "people": people, "roads": roads, "rule": rules}


def _limit_of(rule: Rule) -> str:
    return f"{rule.limit:g} {rule.limit_unit}, {rule.mode}"


def _carry(
    first: LevelSums, second: LevelSums, states: tuple[YearRead, YearRead]
) -> tuple[TextArray, tuple[csr_array, csr_array]]:
    """Return today's codes of a level, and what carries each year's units into them."""
    walks = [state.crosswalk for state in states]
    linked = [
        walk.link([str(code) for code in sums.code])["to_code"]
        for walk, sums in zip(walks, (first, second), strict=True)
    ]
    codes = np.array(list(dict.fromkeys([*map(str, second.code), *linked[1], *linked[0]])), dtype=object)
    if len(walks[1].links):  # the later year's own codes are today's only where it has no crosswalk
        codes = np.array(list(dict.fromkeys([*linked[1], *linked[0]])), dtype=object)
    return codes, (walks[0].matrix(first.code, codes), walks[1].matrix(second.code, codes))


def _has_same_parts(sums: tuple[LevelSums, LevelSums], carry: tuple[csr_array, csr_array]) -> bool:
    """Whether every unit holds the same parts of the same cells in both years, once they are carried into today's."""
    parts = [csr_array(matrix @ one.membership) for matrix, one in zip(carry, sums, strict=True)]
    apart = abs(parts[0] - parts[1])
    return bool(apart.nnz == 0 or apart.max() <= ONE_UNIT)


def _is_same_units(first: YearRead, second: YearRead, level: Level) -> bool:
    """Whether neither year has units of its own: today's stand for both."""
    return not any(
        one.year == state.year and (one.units or one.crosswalk)
        for state in (first, second)
        for one in state.layers.configuration.years
    ) and (level in first.layers.units) == (level in second.layers.units)


def is_one_grid(first: Cells, second: Cells) -> bool:
    """Whether people are counted at the same places, in the same order."""
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in ("id", "x", "y"))


def _is_same_people(first: Cells, second: Cells) -> bool:
    same = first.groups.keys() == second.groups.keys() and np.array_equal(first.people, second.people)
    return same and all(np.array_equal(count, second.groups[group]) for group, count in first.groups.items())


def _is_same_map(first: Roads | None, second: Roads | None) -> bool:
    if first is None or second is None:
        return first is second
    arrays = all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("x", "y", "way_start", "way_node", "way_id", "barrier_node")
    )
    same_tags = first.tags.equals(second.tags) and first.barrier_tags.equals(second.barrier_tags)
    return arrays and first.sailings == second.sailings and same_tags
