"""Two years of one district: both are run, and the ways between them are walked to see what each cause did.

A year is run as any run is, without areas. YearStates the years, people, facilities, roads and rules are exchanged one set at a time:
see :mod:`.between` for coverage, where most of that is adding up, and :mod:`.counterfactuals` for everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from lifecircle.cache import NO_CACHE, Cache
from lifecircle.comparison.decomposition import (
    CAUSES,
    KEYS,
    NO_CROSSWALK,
    NOT_COMPARED,
    SPLIT,
    Cause,
    Comparison,
    ComparisonLayers,
    UnitLinks,
    carry_rows,
    change_rows,
    refuse_means,
    split_by_cause,
)
from lifecircle.config import District, YearLayers, read_configuration
from lifecircle.config.configuration import FILE_NAME
from lifecircle.config.schema import Level
from lifecircle.indicators.facts import Facts
from lifecircle.model import FloatArray, Roads, Units
from lifecircle.problems import Problem, Problems
from lifecircle.scenarios import OTHER_CELLS, compare_reached_years, pair_results
from lifecircle.sources import read_units
from lifecircle.sources.crosswalk import read_crosswalk
from lifecircle.study.evaluate import Evaluation, evaluate_entries, gather_facts
from lifecircle.study.layers import Layers, Progress, check_district, say_nothing
from lifecircle.study.routing import Routing, StageTimer
from lifecircle.study.rule_facilities import asked_entries
from lifecircle.study.rules import answer_rule
from lifecircle.study.year_states import YearRead, YearStates, with_records_of

MOST_WAYS = 3_000
"""More ways than this are another edition of the street map, not works: they are counted and not drawn."""


def comparison_layers(first: Layers, second: Layers) -> ComparisonLayers:
    """Return what the comparison of two years' layers is drawn on."""
    return ComparisonLayers(
        configuration=second.configuration,
        district=second.district,
        units=second.units,
        cells=second.cells,
        facilities=second.facilities,
        facilities_from=first.facilities,
        serving=second.serving,
        streets={"opened": ways_beside(second.roads, first.roads), "closed": ways_beside(first.roads, second.roads)},
    )


def ways_beside(roads: Roads | None, others: Roads | None) -> tuple[shapely.LineString, ...]:
    """Return the ways, by their ids, that the other map does not have; none where there are too many to be works."""
    if roads is None or others is None:
        return ()
    rows = np.flatnonzero(~np.isin(roads.way_id.astype(str), others.way_id.astype(str)))
    if len(rows) > MOST_WAYS:
        return ()
    nodes = [roads.way_node[roads.way_start[row] : roads.way_start[row + 1]] for row in rows.tolist()]
    return tuple(shapely.LineString(np.column_stack([roads.x[way], roads.y[way]])) for way in nodes if len(way) > 1)


def split_others(
    between: YearStates, answers: Sequence[Evaluation], carried: Sequence[pd.DataFrame], only_rules: tuple[str, ...]
) -> pd.DataFrame:
    """Return the parts of each cause in the change of every figure both years have, by ``indicator, level, unit_code``.

    Nothing where either year has units of its own: registers are laid out by units, and cannot be exchanged between two sets of them.
    A figure that some set of causes cannot have (no one lives there, no facility of the kind) has no parts: NaN.

    Parameters
    ----------
    answers
        Both years'.
    carried
        Their rows in today's units: only the district's code may have been another.
    """
    first = between.states[0]
    if between.has_own_units:
        return pd.DataFrame()
    changed = between.changed_anywhere()
    both = pd.MultiIndex.from_frame(carried[1][KEYS]).intersection(pd.MultiIndex.from_frame(carried[0][KEYS]))

    def figure(later: frozenset[Cause]) -> FloatArray:
        done = later == frozenset(changed)
        between.clock.progress(f"按原因分解 splitting by cause: {', '.join(sorted(later)) or first.year}")
        found = answers[1] if done else _run(between, later, only_rules)
        rows = carried[1] if done else carry_rows(found.indicators, between.states[1].crosswalk)
        value = rows.set_index(KEYS)["value"].reindex(both)
        return np.asarray(value, dtype=np.float64)

    parts = split_by_cause(figure, changed)
    is_known = np.isfinite(sum(parts.values(), np.zeros(len(both))))
    frame = both.to_frame(index=False)
    frame["counted_by"] = ""
    for name in SPLIT:
        frame[name] = np.nan
    for cause in CAUSES:
        frame[f"by_{cause}"] = np.where(is_known, parts[cause], np.nan)
    return frame


def _run(between: YearStates, later: frozenset[Cause], only_rules: tuple[str, ...]) -> Evaluation:
    """Return what the later year's run would have come to with only these causes as they are in it."""
    facilities, people, roads, ruled = (between.states[int(cause in later)].layers for cause in CAUSES)
    last = between.states[1]
    layers = replace(
        people,
        district=last.layers.district,
        facilities=with_records_of(facilities.facilities, last.layers.facilities),
        places=with_records_of(facilities.places, last.layers.places),
        serving=facilities.serving,
        onward=facilities.onward,
        not_computed=facilities.not_computed,
        unsure=facilities.unsure,
        unsure_onward=facilities.unsure_onward,
        roads=roads.roads,
        registers=last.layers.registers,
        known=last.layers.known,
        configuration=replace(
            people.configuration,
            district=last.layers.configuration.district,
            rules=ruled.configuration.rules,
            facilities=facilities.configuration.facilities,
            layers=facilities.configuration.layers,
            tables=last.layers.configuration.tables,
        ),
    )
    travel: Routing = copy(between.travel(*(int(cause in later) for cause in ("facilities", "people", "roads"))))
    said = Problems()
    travel.layers, travel.problems = layers, said
    results = {rule.id: answer_rule(travel, rule) for rule in layers.configuration.rules if rule.id in layers.serving}
    facts = gather_facts(layers, last.year, results, travel, said)
    return evaluate_entries(facts, layers.known, asked_entries(layers.configuration, only_rules), layers.not_computed)


def compare_years(
    folder: Path,
    years: tuple[int, int],
    *,
    only_rules: tuple[str, ...] = (),
    is_all: bool = True,
    progress: Progress = say_nothing,
    cache: Cache = NO_CACHE,
) -> Comparison:
    """Return what changed between two years of a district, and what each cause did.

    Parameters
    ----------
    is_all
        Split every indicator by cause, not coverage alone: the whole run is computed anew for every set of causes that changed.

    Raises
    ------
    lifecircle.problems.InputError
        Where the configuration or a layer of either year is wrong; with every problem at once.
    """
    first, second = _read_years(folder, years, only_rules, progress, cache)
    clock = StageTimer(progress)
    between = YearStates((first, second), clock, cache)
    facts: list[Facts] = []
    answers: list[Evaluation] = []
    for place, state in enumerate((first, second)):
        travel = between.own(place)
        results = {rule_id: answer_rule(travel, rule) for rule_id, rule in state.rules.items()}
        with clock.stage("measures", f"汇总 adding up {state.year}"):
            facts.append(gather_facts(state.layers, state.year, results, travel, state.problems))
            asked = asked_entries(state.layers.configuration, only_rules)
            answers.append(evaluate_entries(facts[-1], state.layers.known, asked, state.layers.not_computed))
    progress("按原因分解 splitting by cause")
    shared = [rule_id for rule_id in second.rules if rule_id in first.rules]
    split = [between.split(rule_id, level, facts) for rule_id in shared for level in second.rules[rule_id].levels]
    rows = [
        carry_rows(answer.indicators, state.crosswalk) for answer, state in zip(answers, (first, second), strict=True)
    ]
    held = [part for part in split if len(part)]
    if is_all:
        done = {name for part in held for name in part["indicator"]}
        others = split_others(between, answers, rows, only_rules)
        held += [others[~others["indicator"].isin(done)]] if len(others) else []
    columns = ["indicator", "level", "unit_code", "counted_by", *SPLIT]
    joined = (
        pd.concat(held, ignore_index=True)
        if held
        else pd.DataFrame(columns=columns).astype(dict.fromkeys(SPLIT, float))
    )
    reasons = answers[0].not_computed, answers[1].not_computed
    changes = _over_same_people(change_rows(rows[0], rows[1], joined, years, reasons), between, facts)
    return Comparison(
        district=second.layers.district,
        years=years,
        changes=changes,
        rules=tuple(second.rules[rule_id] for rule_id in shared),
        cells={rule_id: between.cells(rule_id, facts) for rule_id in shared},
        causes=between.describe(),
        units=_describe_units(first, second, rows, has_one_grid=between.has_one_grid),
        people=(float(first.layers.cells.people.sum()), float(second.layers.cells.people.sum())),
        not_compared=_not_compared(first, second, answers, changes),
        problems=_merge_problems(first, second),
        as_today=_undescribed(first, second),
        inputs={state.year: state.inputs for state in (first, second)},
        ground=comparison_layers(first.layers, second.layers),
    )


def _over_same_people(changes: pd.DataFrame, between: YearStates, facts: list[Facts]) -> pd.DataFrame:
    """Return the changes with every mean over the people reached in both years; what cannot be so compared, and leaves anyone out, is 不可比."""
    pairs = pair_results(facts[0].results, facts[1].results, facts[1].configuration.indicators)
    is_one_place = between.has_one_grid and not between.has_own_units
    for pair in pairs:
        if is_one_place:
            changes = compare_reached_years(changes, facts[1].levels, pair)
        else:
            changes = refuse_means(changes, pair.means, f"{pair.rule}-unreachable", OTHER_CELLS)
    return changes


def check_all_years(
    folder: Path,
    problems: Problems,
    *,
    year: int | None = None,
    policies: tuple[str, ...] | None = None,
    at: str | None = None,
    progress: Progress = say_nothing,
) -> Layers | None:
    """Read every layer as a run would, and, where no year is named, those of every year in ``[[years]]`` too; compute nothing.

    Returns
    -------
    Layers or None
        The year's, or today's; None where anything that stops a run was found.
    """
    layers = check_district(folder, problems, year=year, policies=policies, at=at, progress=progress)
    if layers is None or year is not None:
        return layers
    for entry in layers.configuration.years:
        said = Problems()
        _read_year(folder, entry.year, said, progress=progress)
        _add_of_year(entry.year, said, problems)
    return None if problems.errors else layers


def _add_of_year(year: int, said: Problems, problems: Problems) -> None:
    """Add what was said of a year's layers and is not known yet, with the year it was said of."""
    for one in said:
        if one not in problems.found:
            # A crosswalk is one year's alone: its field is the column's name and no more.
            is_told = one.field.startswith(f"years.{year}") or one.code.startswith("crosswalk")
            problems.found.append(one if is_told else replace(one, field=f"{year}: {one.field}"))


def _read_years(
    folder: Path, years: tuple[int, int], only_rules: tuple[str, ...], progress: Progress, cache: Cache
) -> tuple[YearRead, YearRead]:
    """Read both years; what is wrong in either is raised together."""
    read = [Problems(), Problems()]
    found = [
        _read_year(folder, year, problems, only_rules=only_rules, progress=progress, cache=cache)
        for year, problems in zip(years, read, strict=True)
    ]
    said = Problems([problem for problem in read[0] if problem in read[1].found])
    for year, problems in zip(years, read, strict=True):
        _add_of_year(year, problems, said)
    said.raise_errors()
    first, second = found
    if first is None or second is None:
        raise RuntimeError("a year that could not be read must have said why")
    return first, second


def _read_year(
    folder: Path,
    year: int,
    problems: Problems,
    *,
    only_rules: tuple[str, ...] = (),
    progress: Progress,
    cache: Cache = NO_CACHE,
) -> YearRead | None:
    """Read one year's layers and its crosswalk; None where they cannot be used."""

    def tell(text: str) -> None:
        progress(f"{year}: {text}" if text else "")

    layers = check_district(
        folder, problems, only_rules=only_rules, year=year, with_scenarios=False, progress=tell, cache=cache
    )
    if layers is None:
        return None
    today = layers.district.year
    entry = next((one for one in layers.configuration.years if one.year == year), None)
    if entry is None and year > today:
        problems.error(
            "compare-later-year", FILE_NAME, f"{year} 晚于本区县的年份 {today}，没有写明 is after the district's year, nothing is said of it",
            field="years", mend=f"加上 add [[years]] year = {year}，写不同之处 with what differs, 哪怕没有 be it nothing",
            expected="不晚于区县年份，或 [[years]] 写明的年份 a year up to the district's, or one of [[years]]",
        )  # fmt: skip
        return None
    if entry is None or (entry.crosswalk is None and entry.code is None):
        return YearRead(year, layers, NO_CROSSWALK, layers.inputs, problems)
    return _with_crosswalk(folder, entry, layers, problems)


def _with_crosswalk(folder: Path, entry: YearLayers, layers: Layers, problems: Problems) -> YearRead | None:
    """Return a year whose units, or whose district's code, were others, with what links them to today's; None where that is wrong."""
    base = read_configuration(folder, Problems())
    if base is None or base.district is None:
        raise RuntimeError("a configuration that was read must read again")
    links, files = NO_CROSSWALK.links, layers.inputs
    if entry.crosswalk is not None:
        then, today = _codes(layers.district, layers.units), _codes(base.district, read_units(base, Problems())[0])
        read = read_crosswalk(folder, entry.crosswalk, f"years.{entry.year}.crosswalk.path", then, today, problems)
        if read is None:
            return None
        links, files = read[0], (*files, read[1])
    own = pd.DataFrame({"from_code": [layers.district.code], "to_code": [base.district.code], "share": [1.0]})
    if entry.code and layers.district.code not in set(links["from_code"]):
        links = pd.concat([links, own], ignore_index=True) if len(links) else own
    return YearRead(entry.year, layers, UnitLinks(links), files, problems)


def _codes(district: District, units: Mapping[Level, Units]) -> dict[str, Level]:
    """Return the level of every code, the district's own too."""
    found: dict[str, Level] = {str(code): level for level, held in units.items() for code in held.code}
    return {**found, district.code: "district"}


def _describe_units(
    first: YearRead, second: YearRead, rows: list[pd.DataFrame], *, has_one_grid: bool
) -> dict[str, Any]:
    """Return the links of both years, whether people are counted at the same places, and the units that only one year has."""
    links = {
        str(state.year): state.crosswalk.links.to_dict("records")
        for state in (first, second)
        if len(state.crosswalk.links)
    }
    codes = [dict.fromkeys(table["unit_code"].astype(str)) for table in rows]
    only = {
        str(state.year): [code for code in own if code not in other]
        for state, own, other in ((first, codes[0], codes[1]), (second, codes[1], codes[0]))
        if any(code not in other for code in own)
    }
    return {"crosswalk": links, "only_in": only, "has_one_grid": has_one_grid}


def _undescribed(first: YearRead, second: YearRead) -> tuple[int, ...]:
    """Return the years other than the district's own that ``[[years]]`` does not speak of."""
    configuration = second.layers.configuration
    told = {second.layers.district.year, *(one.year for one in configuration.years)}
    return tuple(dict.fromkeys(state.year for state in (first, second) if state.year not in told))


def _not_compared(
    first: YearRead, second: YearRead, answers: list[Evaluation], changes: pd.DataFrame
) -> dict[str, str]:
    """Return what has no change of the district, and why: not computed in a year, or of one it is not known."""
    found: dict[str, str] = {}
    for state, answer in zip((first, second), answers, strict=True):
        for name, why in answer.not_computed.items():
            found[name] = f"{found[name]}；{state.year}: {why}" if name in found else f"{state.year}: {why}"
    own = changes[(changes["level"] == "district") & changes["note"].str.startswith(NOT_COMPARED)]
    for name, note in zip(own["indicator"], own["note"], strict=True):
        found.setdefault(str(name), str(note).removeprefix(f"{NOT_COMPARED}: "))
    return found


def _merge_problems(first: YearRead, second: YearRead) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys([*first.problems, *second.problems]))
