"""The conclusions of a run under other speeds, limits, people and readings: no network is built and no way is searched for again.

Every cell's cost to its nearest facility is known, however far: another speed or limit is another line drawn through it. Only people who
live at other places than the run's are joined to the streets there are, and asked their way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import Entry, Label, Rule
from lifecircle.config.schema import LEVELS, Level
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import LevelSums, levels_of, within_at_speed
from lifecircle.indicators.sensitivity import (
    LESS_IS_BETTER,
    Variation,
    ends_of_range,
    read_otherwise,
    share_otherwise,
    stand_otherwise,
    vary_factors,
)
from lifecircle.indicators.targets import due_target, judge_rows
from lifecircle.model import Cells, FloatArray, IntArray
from lifecircle.problems import Problems
from lifecircle.siting import Floors
from lifecircle.siting.robustness import Assumption
from lifecircle.study.routing import Routing
from lifecircle.study.rules import cost_of
from lifecircle.study.scenario_layers import Variant
from lifecircle.study.year_states import is_one_grid

KINDS = {"resident": Label(zh="常住", en="resident"), "registered": Label(zh="户籍", en="registered")}


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Other people, by unit, and the ways from where they live."""

    variation: Variation
    cells: Cells
    levels: Mapping[Level, LevelSums]
    travel: Routing | None
    """None where they live at the run's own places."""


def try_conclusions(travel: Routing, facts: Facts) -> dict[str, pd.DataFrame]:
    """Return the tables ``sensitivity`` and ``sensitivity_alternatives`` of a run that is answered."""
    options = facts.configuration.sensitivity
    factors = vary_factors(options.speeds, options.limits)
    crowds = _gather_crowds(travel)
    base, others = [], []
    for entry in facts.configuration.entries:
        rows = facts.rows.get(entry.id)
        if rows is None or (isinstance(entry, Rule) and entry.scenario):
            continue
        tried = list(_other_rows(entry, rows, facts, factors, crowds))
        if tried:
            judged, _ = judge_rows(pd.concat(tried, ignore_index=True), entry, facts.year, travel.layers.known)
            others.append(_with_sense(judged, entry, facts.year))
            base.append(_with_sense(rows, entry, facts.year))
    others += _other_readings(facts, base)
    joined = [pd.concat(parts, ignore_index=True) if parts else pd.DataFrame() for parts in (base, others)]
    summary, listed = stand_otherwise(*joined)
    return {"sensitivity": summary, "sensitivity_alternatives": listed}


def assume_for_sites(
    travel: Routing, rule: Rule, floors_of: Callable[[Cells], Floors | None] = lambda _: None
) -> dict[str, Assumption]:
    """Return who covers whom under every assumption, the run's own first (``base``): what `robust_sites` asks.

    Each way is searched once, as far as the widest limit and the fastest go.

    Parameters
    ----------
    travel
        Over layers in which the rule is served by what stands and by the candidates.
    floors_of
        The least shares of units, for the cells of the run or of other people.

    Raises
    ------
    ValueError
        For a chain: its second half is not a question of sites.
    """
    if rule.then is not None:
        raise ValueError(f"{rule.id} 是急救链，没有选址 is a chain, and has no sites")
    options = travel.layers.configuration.sensitivity
    base = Variation("base", "range", Label(zh="现状", en="base"))
    tried = [base, *(one for one in vary_factors(options.speeds, options.limits) if _applies(one, rule))]
    fixed = rule.fixed_minutes
    stretch = max((rule.limit * one.limit - fixed) * one.speed / (rule.limit - fixed) for one in tried)
    found: dict[str, Assumption] = {}
    reach = travel.within(rule, stretch)
    for one in tried:
        people = travel.people(rule)
        found[one.id] = Assumption(_covers(reach, rule, one), people, floors_of(travel.layers.cells))
    for crowd in _gather_crowds(travel):
        cells = crowd.cells
        if rule.group is None or rule.group in cells.groups:
            theirs = reach if crowd.travel is None else crowd.travel.within(rule)
            people = cells.people if rule.group is None else cells.groups[rule.group]
            found[crowd.variation.id] = Assumption(_covers(theirs, rule, crowd.variation), people, floors_of(cells))
    return found


def _applies(variation: Variation, rule: Rule) -> bool:
    """Whether an assumption can change a rule: no speed changes a distance."""
    return variation.kind != "speed" or not rule.is_distance


def _covers(reach: csr_array, rule: Rule, variation: Variation) -> csr_array:
    """Return facilities x cells: who covers whom under an assumption; a cost of 0 is stored, and covers."""
    inside = csr_array(
        (_is_covered(rule, reach.data, variation), reach.indices.copy(), reach.indptr.copy()), shape=reach.shape
    )
    inside.eliminate_zeros()
    return inside


def describe_assumptions(travel: Routing) -> dict[str, list[float] | list[str]]:
    """Return what is tried, defaults too."""
    options = travel.layers.configuration.sensitivity
    people = [one.scenario.id for one in _peopled(travel)]
    return {"speeds": list(options.speeds), "limits": list(options.limits), "populations": people}


def _peopled(travel: Routing) -> list[Variant]:
    asked = travel.layers.configuration.sensitivity.populations
    variants = [one for one in travel.layers.variants if one.scenario.population is not None]
    return [one for one in variants if asked is None or one.scenario.id in asked]


def _gather_crowds(travel: Routing) -> list[Crowd]:
    layers, crowds = travel.layers, []
    for variant in _peopled(travel):
        population = variant.configuration.population
        kind = KINDS.get((population.kind if population else None) or "")
        names = variant.scenario.names
        label = Label(zh=f"{names.zh}（{kind.zh}）", en=f"{names.en or names.zh} ({kind.en})") if kind else names
        ways = None
        if not is_one_grid(variant.cells, layers.cells):
            moved = replace(layers, cells=variant.cells)
            ways = travel.beside_these(moved, np.zeros(0, dtype=np.int64), Problems())
        levels = levels_of(layers.district, layers.units, variant.cells)
        crowds.append(Crowd(Variation(variant.scenario.id, "people", label), variant.cells, levels, ways))
    return crowds


def _other_rows(
    entry: Entry, rows: pd.DataFrame, facts: Facts, factors: tuple[Variation, ...], crowds: list[Crowd]
) -> Iterator[pd.DataFrame]:
    """Return an entry's rows under every other assumption: coverage counted anew, of other figures the ends of their range."""
    if not isinstance(entry, Rule):
        yield from ends_of_range(rows)
        return
    cost = facts.results[entry.id].nearest.cost
    who = {entry.id: entry.group}
    if entry.group is None:
        who |= {f"{entry.id}-{group}": group for group in facts.groups_beside}
    yield from ends_of_range(rows[~rows["indicator"].isin(who)])
    own = rows[rows["indicator"].isin(who)]
    parts = _parts_of(own)
    for variation in factors:
        if not _applies(variation, entry):
            continue
        covered = _is_covered(entry, cost, variation)
        yield share_otherwise(own, variation, *_count(parts, who, facts.levels, facts.cells, covered))
    for crowd in crowds:
        from_there = cost if crowd.travel is None else _cost_from(crowd.travel, entry)
        counted = {name: group for name, group in who.items() if group is None or group in crowd.cells.groups}
        covered = _is_covered(entry, from_there, crowd.variation)
        yield share_otherwise(own, crowd.variation, *_count(parts, counted, crowd.levels, crowd.cells, covered))


def _cost_from(travel: Routing, rule: Rule) -> FloatArray:
    return cost_of(travel, rule, travel.layers.serving[rule.id], travel.layers.onward.get(rule.id))


def _is_covered(rule: Rule, cost: FloatArray, variation: Variation) -> FloatArray:
    """Return 1.0 for each cell that is covered under an assumption, else 0."""
    limit = rule.limit * variation.limit
    inside = cost <= limit
    if variation.speed != 1.0:
        inside = within_at_speed(cost, limit, rule.fixed_minutes, variation.speed)
    return inside.astype(np.float64)


def _parts_of(rows: pd.DataFrame) -> list[tuple[str, Level, IntArray]]:
    """Return where the rows of each indicator and level stand; those of a level are in the order of its units."""
    of_level = [(level, (rows["level"] == level).to_numpy()) for level in LEVELS]
    of_indicator = [(str(name), (rows["indicator"] == name).to_numpy()) for name in rows["indicator"].unique()]
    return [
        (name, level, np.flatnonzero(is_level & is_named))
        for level, is_level in of_level
        for name, is_named in of_indicator
        if (is_level & is_named).any()
    ]


def _count(
    parts: list[tuple[str, Level, IntArray]], who: Mapping[str, str | None], levels: Mapping[Level, LevelSums], cells: Cells,
    covered: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return the people covered and all people of each row; NaN of a group that is not counted there."""
    numerator, denominator = np.full((2, sum(len(at) for _, _, at in parts)), np.nan)
    for indicator, level, at in parts:
        if indicator in who:
            group = who[indicator]
            people = cells.people if group is None else cells.groups[group]
            numerator[at], denominator[at] = levels[level].sum(people * covered), levels[level].sum(people)
    return numerator, denominator


def _other_readings(facts: Facts, base: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return each rule's coverage as the other rules of its clause have it: the same facilities and people, another limit or way of going."""
    rules = [one for one in facts.configuration.rules if one.statement and not one.scenario and one.id in facts.rows]
    found = []
    for rows in base:
        rule = next((one for one in rules if one.id == rows["entry"].iloc[0]), None)
        for other in rules if rule is not None else ():
            if rule is None or other.id == rule.id or _clause(other) != _clause(rule):
                continue
            label = Label(zh=f"另一口径 {other.id}", en="the clause read otherwise")
            coverage = facts.rows[other.id][facts.rows[other.id]["indicator"] == other.id]
            own = rows[rows["indicator"] == rule.id]
            found.append(read_otherwise(own, coverage, Variation(other.id, "reading", label)))
    return found


def _clause(rule: Rule) -> tuple[object, ...]:
    onward = rule.then.facilities if rule.then is not None else None
    return rule.policy, rule.statement, rule.facilities, onward, rule.group, rule.direction


def _with_sense(rows: pd.DataFrame, entry: Entry, year: int) -> pd.DataFrame:
    """Return rows with ``is_less_better``: as the target says, else as the unit has it."""
    due = due_target(entry.targets, year)
    by_unit = rows["value_unit"].isin(LESS_IS_BETTER)
    return rows.assign(
        is_less_better=by_unit if due is None else np.where(rows["is_asked"], due.is_less_better, by_unit)
    )
