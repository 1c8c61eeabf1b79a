"""Scenarios beside the base: only what a change can reach is computed again, everything else is the base's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from lifecircle.config import IndicatorEntry, Rule, named_by
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import COLUMNS
from lifecircle.indicators.judged import Scorecard
from lifecircle.indicators.water import Water
from lifecircle.model import IntArray, RuleResult
from lifecircle.problems import Problems
from lifecircle.scenarios import compare_reached, differences, name_scenario, pair_results
from lifecircle.study.evaluate import evaluate_some, gather_facts
from lifecircle.study.layers import Layers
from lifecircle.study.routing import Routing
from lifecircle.study.rule_facilities import asked_entries
from lifecircle.study.rules import answer_rule
from lifecircle.study.scenario_layers import Variant, add_said

WATER_KINDS = ("water_plant", "water_source", "water_monitoring")


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What a scenario came to."""

    facts: Facts
    """With the rows of every entry: those computed again, and the base's."""
    again: frozenset[str]
    """The entries that were computed again."""

    @property
    def indicators(self) -> pd.DataFrame:
        """All rows, as a run of the district so changed would have them."""
        return stack_rows(self.facts)[list(COLUMNS)]


def compare_scenarios(travel: Routing, facts: Facts, only: tuple[str, ...], problems: Problems) -> pd.DataFrame:
    """Return what every scenario of the district changes, unit by unit: the columns of ``scenarios.csv``.

    Parameters
    ----------
    travel, facts
        Of the base, answered.
    only
        The entries that the run is about; all where empty.
    """
    tables = []
    for number, variant in enumerate(travel.layers.variants):
        said = Problems()
        answered = answer_scenario(travel, facts, variant, only, said)
        add_said(said, problems.found, f"scenarios[{number + 1}]", problems)
        names = variant.scenario.indicators
        shown = [name for name in answered.again if not names or name in names]
        before, after = ([one.rows[name] for name in one.rows if name in shown] for one in (facts, answered.facts))
        found = differences(_join(before, facts), _join(after, facts))
        for pair in pair_results(facts.results, answered.facts.results, facts.configuration.indicators):
            found = compare_reached(found, facts.levels, pair)
        tables.append(name_scenario(found, variant.scenario.id, variant.scenario.names.zh))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def answer_scenario(
    travel: Routing, base: Facts, variant: Variant, only: tuple[str, ...], problems: Problems
) -> Answered:
    """Return a scenario's facts, every entry answered."""
    layers = replace(
        travel.layers,
        configuration=variant.configuration,
        facilities=variant.supply.facilities,
        cells=variant.cells,
        roads=variant.roads,
        serving=variant.chosen.serving,
        onward=variant.chosen.onward,
        not_computed=variant.chosen.not_computed,
        unsure=variant.chosen.unsure,
        unsure_onward=variant.chosen.unsure_onward,
    )
    journeys = travel.beside_these(layers, variant.supply.moved, problems)
    asked = asked_entries(layers.configuration, only)
    if variant.scenario.indicators:
        asked &= asked_entries(layers.configuration, variant.scenario.indicators)
    results, stirred, same = _answer_rules(journeys, travel, base.results, variant, asked)
    facts = gather_facts(layers, base.year, results, journeys, problems)
    again = stirred | _stirred_entries(layers, base, variant, stirred, asked)
    kept = {name: rows for name, rows in base.rows.items() if name in same or name not in again}
    totals = {one.id for one in layers.configuration.indicators if isinstance(one, Scorecard)}
    evaluate_some(facts, layers.known, again - totals, {}, kept | _held(base, totals))
    # A scorecard counts what others came to: only where one of them came to something else is it counted again.
    if again & totals and any(not _is_kept(name, base, facts) for name in again - totals):
        kept = {name: rows for name, rows in facts.rows.items() if name not in again & totals}
        facts.rows.clear()
        evaluate_some(facts, layers.known, again & totals, {}, kept)
    return Answered(facts, frozenset(again))


def _held(base: Facts, entries: set[str]) -> dict[str, pd.DataFrame]:
    return {name: base.rows[name] for name in entries if name in base.rows}


def _is_kept(name: str, base: Facts, facts: Facts) -> bool:
    """Whether an entry has the base's very rows."""
    before, after = base.rows.get(name), facts.rows.get(name)
    return before is after or (before is not None and after is not None and before.equals(after))


def _answer_rules(
    journeys: Routing, travel: Routing, base: Mapping[str, RuleResult], variant: Variant, asked: set[str]
) -> tuple[dict[str, RuleResult], set[str], set[str]]:
    """Return the rules' results; which of them may differ; and which of these came to the very same all the same.

    What follows from a rule may differ though its result does not: how much its facilities hold, or a second choice farther off.
    """
    results: dict[str, RuleResult] = {}
    stirred, same = set[str](), set[str]()
    for rule in journeys.layers.configuration.rules:
        if rule.id not in journeys.layers.serving:
            if rule.id in base and rule.id in asked:
                stirred.add(rule.id)
            continue
        old = base.get(rule.id)
        if old is not None and (rule.id not in asked or not _may_differ(rule, journeys, travel, variant)):
            results[rule.id] = old
            if rule.id in asked and _rows_of(rule, journeys.layers, variant.supply.changed):
                stirred.add(rule.id)
                same.add(rule.id)
            continue
        if rule.id not in asked:
            continue
        results[rule.id] = answer_rule(journeys, rule)
        stirred.add(rule.id)
        if old is not None and _is_same_result(old, results[rule.id]) and variant.scenario.population is None:
            same.add(rule.id)
    return results, stirred, same


def _may_differ(rule: Rule, journeys: Routing, travel: Routing, variant: Variant) -> bool:
    """Whether a rule's way of going, its facilities or its people are not the base's."""
    before, after = travel.layers, journeys.layers
    if after.cells is not before.cells or not all(mode in journeys.as_before for mode in rule.modes):
        return True
    if _rows_of(rule, after, variant.supply.moved) or _rows_of(rule, before, variant.supply.moved):
        return True
    return any(
        not np.array_equal(new.get(rule.id, _NONE), old.get(rule.id, _NONE))
        for new, old in (
            (after.serving, before.serving),
            (after.onward, before.onward),
            (after.unsure, before.unsure),
            (after.unsure_onward, before.unsure_onward),
        )
    )


_NONE = np.zeros(0, dtype=np.int64)


def _rows_of(rule: Rule, layers: Layers, rows: IntArray) -> bool:
    """Whether any of the rows serves a rule."""
    held = np.concatenate([layers.serving.get(rule.id, _NONE), layers.onward.get(rule.id, _NONE)])
    return bool(np.isin(rows, held).any())


def _is_same_result(old: RuleResult, new: RuleResult) -> bool:
    """Whether two results have the same figures by cell, to the bit."""
    names = ("covered", "covered_low", "covered_high", "people", "choices")
    pairs = [(getattr(old, name), getattr(new, name)) for name in names]
    pairs += [(old.nearest.cost, new.nearest.cost), (old.response.cost, new.response.cost)]
    if old.legs is not None and new.legs is not None:
        pairs += [
            (getattr(old.legs, each.name), getattr(new.legs, each.name))
            for each in fields(old.legs)
            if each.name.endswith("_min")
        ]
    return all(np.array_equal(one, other) for one, other in pairs)


def _stirred_entries(layers: Layers, base: Facts, variant: Variant, rules: set[str], asked: set[str]) -> set[str]:
    """Return the indicators that may differ: by their records, their people, or what they are computed from."""
    kinds, stirred = variant.supply.kinds, set(rules)
    has_other_people = layers.cells is not base.cells
    for entry in layers.configuration.indicators:
        if entry.id not in asked:
            continue
        is_total = isinstance(entry, Scorecard) and bool(stirred)  # it may count all there is
        is_fetched = isinstance(entry, Water) and layers.configuration.water.fetch_rule in stirred
        of_stirred = bool(stirred & set(named_by(entry)))
        if has_other_people or is_total or is_fetched or of_stirred or kinds & _kinds_of(entry, layers):
            stirred.add(entry.id)
    return stirred - rules


def _kinds_of(entry: IndicatorEntry, layers: Layers) -> set[str]:
    """Return the kinds of places that an indicator counts."""
    named = {need.name for need in entry.needs if not need.is_table}
    if isinstance(entry, Water):
        water = layers.configuration.water
        named |= {*WATER_KINDS, water.areas, water.pipes, water.points}
    return named


def stack_rows(facts: Facts) -> pd.DataFrame:
    """Return the rows of every entry, in the order of the run's own table."""
    order = [*facts.results, *(entry.id for entry in facts.configuration.indicators)]
    return _join([facts.rows[name] for name in order if name in facts.rows], facts)


def _join(rows: list[pd.DataFrame], facts: Facts) -> pd.DataFrame:
    held = [one for one in rows if len(one)]
    if held:
        return pd.concat(held, ignore_index=True)
    example = next(iter(facts.rows.values()), None)
    return pd.DataFrame(columns=[*COLUMNS, "counts"]) if example is None else example.iloc[:0]
