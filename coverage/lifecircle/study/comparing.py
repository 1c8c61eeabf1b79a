"""Two years of one district: both are run, and the ways between them are walked to see what each cause did.

A year is run as any run is, without areas. Between the years, people, facilities, roads and rules are exchanged one set at a time:
journeys are computed once for each set of roads and cells, and costs once for each set of facilities, so that most of the ways between
cost no more than adding up.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.cache import NO_CACHE, Cache
from lifecircle.clauses import Facts
from lifecircle.config import Rule
from lifecircle.config.schema import Level
from lifecircle.measures.levels import LevelSums
from lifecircle.model import BoolArray, Cells, Facilities, FloatArray, InputFile, Roads, TextArray
from lifecircle.planning.trends import (
    CAUSES,
    NO_CROSSWALK,
    SPLIT,
    Cause,
    Comparison,
    Crosswalk,
    Turnover,
    carry_rows,
    change_rows,
    share_by_unit,
    split_by_cause,
    split_table,
    turnover,
    turnover_of_units,
)
from lifecircle.problems import Problem, Problems
from lifecircle.sources.crosswalk import read_crosswalk
from lifecircle.study.answers import Answers, answer_all
from lifecircle.study.facts import gather_facts
from lifecircle.study.journeys import Clock, Journeys
from lifecircle.study.layers import Layers, Progress, check_district, say_nothing
from lifecircle.study.rules import answer_rule, cost_of
from lifecircle.study.serving import asked_entries

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
    crosswalk: Crosswalk
    inputs: tuple[InputFile, ...]
    problems: Problems

    @property
    def rules(self) -> dict[str, Rule]:
        """The rules that can be computed."""
        return {rule.id: rule for rule in self.layers.configuration.rules if rule.id in self.layers.serving}


def compare_years(
    folder: Path,
    years: tuple[int, int],
    *,
    only_rules: tuple[str, ...] = (),
    progress: Progress = say_nothing,
    cache: Cache = NO_CACHE,
) -> Comparison:
    """Return what changed between two years of a district, and what each cause did.

    Raises
    ------
    lifecircle.problems.InputError
        Where the configuration or a layer of either year is wrong; with every problem at once.
    """
    first, second = _read_years(folder, years, only_rules, progress, cache)
    clock = Clock(progress)
    between = Between((first, second), clock, cache)
    facts: list[Facts] = []
    answers: list[Answers] = []
    for place, state in enumerate((first, second)):
        travel = between.own(place)
        results = {rule_id: answer_rule(travel, rule) for rule_id, rule in state.rules.items()}
        with clock.stage("measures", f"汇总 adding up {state.year}"):
            facts.append(gather_facts(state.layers, state.year, results, travel, state.problems))
            asked = asked_entries(state.layers.configuration, only_rules)
            answers.append(answer_all(facts[-1], state.layers.known, asked, state.layers.not_computed))
    progress("按原因分解 splitting by cause")
    shared = [rule_id for rule_id in second.rules if rule_id in first.rules]
    split = [between.split(rule_id, level, facts) for rule_id in shared for level in second.rules[rule_id].levels]
    rows = [
        carry_rows(answer.indicators, state.crosswalk) for answer, state in zip(answers, (first, second), strict=True)
    ]
    held = [part for part in split if len(part)]
    columns = ["indicator", "level", "unit_code", "counted_by", *SPLIT]
    joined = (
        pd.concat(held, ignore_index=True)
        if held
        else pd.DataFrame(columns=columns).astype(dict.fromkeys(SPLIT, float))
    )
    return Comparison(
        district=second.layers.district,
        years=years,
        changes=change_rows(rows[0], rows[1], joined, years),
        rules=tuple(second.rules[rule_id] for rule_id in shared),
        causes=between.describe(),
        units=_describe_units(first, second, has_one_grid=between.has_one_grid),
        people=(float(first.layers.cells.people.sum()), float(second.layers.cells.people.sum())),
        not_compared=_not_compared(first, second, answers),
        problems=_merge_problems(first, second),
        inputs={state.year: state.inputs for state in (first, second)},
    )


def _read_years(
    folder: Path, years: tuple[int, int], only_rules: tuple[str, ...], progress: Progress, cache: Cache
) -> tuple[YearRead, YearRead]:
    """Read both years; what is wrong in either is raised together."""
    found: list[YearRead] = []
    said = Problems()
    for year in years:
        problems = Problems()
        layers = check_district(
            folder, problems, only_rules=only_rules, year=year, cache=cache,
            progress=lambda text, year=year: progress(f"{year}: {text}"),  # type: ignore[misc]
        )  # fmt: skip
        crosswalk, files = NO_CROSSWALK, tuple[InputFile, ...]()
        entry = next((one for one in layers.configuration.years if one.year == year), None) if layers else None
        if entry is not None and entry.crosswalk is not None:
            read = read_crosswalk(folder, entry.crosswalk, f"years.{year}.crosswalk.path", problems)
            if read is not None:
                crosswalk, files = Crosswalk(read[0]), (read[1],)
        said.found += [problem for problem in problems if problem not in said.found]
        if layers is not None:
            found.append(YearRead(year, layers, crosswalk, (*layers.inputs, *files), problems))
    said.raise_errors()
    first, second = found
    return first, second


class Between:
    """Every state between two years: the people of one over the roads of the other, to the facilities and by the rules of either."""

    def __init__(self, states: tuple[YearRead, YearRead], clock: Clock, cache: Cache) -> None:
        self.states, self.clock, self.cache = states, clock, cache
        first, second = (state.layers for state in states)
        self.has_one_grid = _is_one_grid(first.cells, second.cells)
        self.has_same_roads = _is_same_map(first.roads, second.roads)
        self.problems = Problems()
        self.journeys: dict[tuple[int, int], Journeys] = {}
        self.costs: dict[tuple[Any, ...], FloatArray] = {}

    def travel(self, people: int, roads: int) -> Journeys:
        """Return the journeys of the cells of one year over the roads of one: made once where either does not differ."""
        key = (0 if self.has_one_grid else people, 0 if self.has_same_roads else roads)
        if key not in self.journeys:
            layers = replace(self.states[key[0]].layers, roads=self.states[key[1]].layers.roads)
            self.journeys[key] = Journeys(layers, self.clock, self.problems, self.cache)
        return self.journeys[key]

    def own(self, place: int) -> Journeys:
        """Return a year's own journeys, which share networks and searches with those between."""
        own = copy(self.travel(place, place))
        own.layers, own.problems = self.states[place].layers, self.states[place].problems
        return own

    def cost(self, rule_id: str, which: Which) -> FloatArray:
        """Return what it costs each cell to be served with the facilities, people (the cells), roads and rule of these years (0 or 1)."""
        facilities, people, roads, ruled = which
        rule = self.states[ruled].rules[rule_id]
        serving = self.states[facilities].layers.serving[rule_id]
        onward = self.states[facilities].layers.onward.get(rule_id)
        key = (
            rule_id, rule.mode, rule.is_distance, serving.tobytes(), None if onward is None else onward.tobytes(),
            0 if self.has_one_grid else people, 0 if self.has_same_roads else roads,
        )  # fmt: skip
        if key not in self.costs:
            self.costs[key] = cost_of(self.travel(people, roads), rule, serving, onward)
        return self.costs[key]

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
        serving = [state.layers.serving[rule_id].tobytes() for state in self.states]
        onward = [state.layers.onward.get(rule_id, np.zeros(0)).tobytes() for state in self.states]
        limits = [(rule.mode, rule.limit, rule.limit_unit) for rule in rules]
        cells = first.layers.cells, second.layers.cells
        has_moved = not self.has_one_grid or not _is_same_people(*cells) or not _is_same_units(first, second, level)
        differs = (
            serving[0] != serving[1] or onward[0] != onward[1], has_moved, not self.has_same_roads, limits[0] != limits[1],
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

    def _who_counts(self, rule_id: str, facts: list[Facts]) -> dict[str, Pair]:
        """Return by indicator the people of both years, per cell: who counts under a rule, and the groups beside it that both years have."""
        rule = self.states[1].rules[rule_id]
        who = {rule_id: (facts[0].group(rule.group), facts[1].group(rule.group))}
        if rule.group is None:
            before, now = (one.groups_beside for one in facts)
            who |= {f"{rule_id}-{group}": (before[group], now[group]) for group in now if group in before}
        return who

    def describe(self) -> dict[Cause, dict[str, Any]]:
        """Return what differs, by cause, for people to read."""
        first, second = self.states
        closures = [
            {one.name for one in state.layers.roads.closures} if state.layers.roads else set() for state in self.states
        ]
        roads = {} if self.has_same_roads else {
            "ways": [len(state.layers.roads or ()) for state in self.states],
            "opened": sorted(closures[0] - closures[1]), "closed": sorted(closures[1] - closures[0]),
        }  # fmt: skip
        people = {} if self.has_one_grid and _is_same_people(first.layers.cells, second.layers.cells) else {
            "people": [float(state.layers.cells.people.sum()) for state in self.states], "has_one_grid": self.has_one_grid,
        }  # fmt: skip
        rules = {
            rule_id: {"from": _limit_of(first.rules[rule_id]), "to": _limit_of(rule)}
            for rule_id, rule in second.rules.items()
            if rule_id in first.rules and _limit_of(first.rules[rule_id]) != _limit_of(rule)
        }
        stood = _describe_facilities(first.layers.facilities, second.layers.facilities)
        return {"facilities": stood, "people": people, "roads": roads, "rule": rules}


def _limit_of(rule: Rule) -> str:
    return f"{rule.limit:g} {rule.limit_unit}, {rule.mode}"


def _describe_facilities(first: Facilities, second: Facilities) -> dict[str, Any]:
    """Return what opened and what closed, by kind; empty where the same facilities stand."""
    stands = [(one.frame["status"] == "used").to_numpy() for one in (first, second)]
    changed = {"opened": stands[1] & ~stands[0], "closed": stands[0] & ~stands[1]}
    return {
        word: [
            {"kind": row.kind, "id": row.facility_id, "name": row.name_}
            for row in second.frame[rows].rename(columns={"name": "name_"}).itertuples(index=False)
        ]
        for word, rows in changed.items()
        if rows.any()
    }


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


def _is_one_grid(first: Cells, second: Cells) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in ("id", "x", "y"))


def _is_same_people(first: Cells, second: Cells) -> bool:
    same = first.groups.keys() == second.groups.keys() and np.array_equal(first.people, second.people)
    return same and all(np.array_equal(count, second.groups[group]) for group, count in first.groups.items())


def _is_same_map(first: Roads | None, second: Roads | None) -> bool:
    if first is None or second is None:
        return first is second
    arrays = all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("x", "y", "way_start", "way_node", "way_id")
    )
    return arrays and first.sailings == second.sailings and first.tags.equals(second.tags)


def _describe_units(first: YearRead, second: YearRead, *, has_one_grid: bool) -> dict[str, Any]:
    links = {
        str(state.year): state.crosswalk.links.to_dict("records")
        for state in (first, second)
        if len(state.crosswalk.links)
    }
    return {"crosswalk": links, "has_one_grid": has_one_grid}


def _not_compared(first: YearRead, second: YearRead, answers: list[Answers]) -> dict[str, str]:
    found: dict[str, str] = {}
    for state, answer in zip((first, second), answers, strict=True):
        for name, why in answer.not_computed.items():
            found.setdefault(name, f"{state.year}: {why}")
    return found


def _merge_problems(first: YearRead, second: YearRead) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys([*first.problems, *second.problems]))
