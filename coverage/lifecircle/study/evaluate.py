"""From rules' results to every row of the run: clauses computed, targets judged, statements answered, and what is missing said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely

from lifecircle.config import IndicatorEntry, Rule, load_policies
from lifecircle.config.schema import LEVELS, Level
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import COLUMNS, levels_of
from lifecircle.indicators.measure import find, rows_of
from lifecircle.indicators.missing import blank_findings, data_missing, missing_for, of_other_years, partial_for
from lifecircle.indicators.rule_coverage import rule_rows
from lifecircle.indicators.targets import TARGET_COLUMNS, judge_rows
from lifecircle.indicators.trace import trace_rows
from lifecircle.model import IntArray, Known, RuleResult, TextArray, Units
from lifecircle.problems import Problems
from lifecircle.sources import parents
from lifecircle.study.layers import Layers
from lifecircle.study.routing import Routing


def gather_facts(
    layers: Layers, year: int, results: Mapping[str, RuleResult], travel: Routing, problems: Problems
) -> Facts:
    """Return everything a clause may ask for."""
    heights = travel.heights
    levels = levels_of(layers.district, layers.units, layers.cells)
    geometry = pd.concat([layers.facilities.frame["geometry"], layers.places.frame["geometry"]]).to_numpy(dtype=object)
    return Facts(
        configuration=layers.configuration,
        district=layers.district,
        year=year,
        units=layers.units,
        levels=levels,
        parents=_parents(layers.units),
        cells=layers.cells,
        facilities=layers.facilities,
        layers=layers.places,
        place_unit=_units_of_places(geometry, layers.units),
        registers=layers.registers,
        results=results,
        reach=travel.within,
        problems=problems,
        height_m=(lambda x, y: heights.sample(x, y, False)) if heights is not None else None,
    )


def _parents(units: Mapping[Level, Units]) -> dict[tuple[Level, Level], IntArray]:
    held = [level for level in LEVELS[1:] if level in units]
    return {
        (level, above): parents(units[level], units[above])
        for place, level in enumerate(held)
        for above in held[:place]
    }


def _units_of_places(geometry: TextArray, units: Mapping[Level, Units]) -> dict[Level, IntArray]:
    """Return the unit of every place per level: that of a point on it, else the first that it touches; -1 outside."""
    point = shapely.point_on_surface(geometry)
    found: dict[Level, IntArray] = {}
    for level, held in units.items():
        tree = shapely.STRtree(held.geometry)
        row = np.full(len(geometry), -1, dtype=np.int64)
        for shape in (geometry, point):
            inner, outer = tree.query(shape, predicate="intersects")
            row[inner[::-1]] = outer[::-1]
        found[level] = row
    inside = np.full(len(geometry), -1, dtype=np.int64)
    for row in found.values():
        inside[row >= 0] = 0
    return {"district": inside, **{level: row for level, row in found.items() if level != "district"}}


NOT_KNOWN = "缺数据"
"""The status of a figure that rests on data that are absent."""
STATEMENT_COLUMNS = (
    "policy", "statement", "label_zh", "label_en", "clause", "quote", "state", "entries", "computed", "not_computed", "missing",
)  # fmt: skip
"""Of ``statements.csv``: one row a statement of the district's policies."""
NOTHING = pd.DataFrame(columns=list(COLUMNS)).astype({"target_year": "Int64"})


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What one run came to, as tables."""

    indicators: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    """By file name without its ending: ``targets``, ``statements``, and what measures list beside."""
    not_computed: Mapping[str, str]


def evaluate_entries(facts: Facts, known: Known, asked: set[str], not_computed: Mapping[str, str]) -> Evaluation:
    """Return the rows of every rule and clause asked for, judged by their targets.

    Parameters
    ----------
    not_computed
        The rules that could not be computed, and why.
    """
    missing = dict(not_computed)
    made = evaluate_some(facts, known, asked, missing, {})
    rows, targets, tables = made.rows, made.targets, made.tables
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    joined["targets"] = _stack(targets, TARGET_COLUMNS)
    joined["statements"] = statement_table(facts, missing)
    entries = facts.configuration.entries
    joined["missing"] = data_missing(facts, [entry for entry in entries if entry.id in missing])
    return Evaluation(_stack(rows, COLUMNS), joined, missing)


@dataclass(slots=True)
class Done:
    """Tables as they are made, entry by entry."""

    rows: list[pd.DataFrame] = field(default_factory=list)
    targets: list[pd.DataFrame] = field(default_factory=list)
    tables: dict[str, list[pd.DataFrame]] = field(default_factory=dict)


def evaluate_some(
    facts: Facts, known: Known, asked: set[str], missing: dict[str, str], kept: Mapping[str, pd.DataFrame]
) -> Done:
    """Compute and judge the entries asked for; their rows are then in ``facts.rows``, and why one has none is in ``missing``.

    Parameters
    ----------
    kept
        By entry, rows that are known already: nothing they follow from differs.
    """
    done = Done()
    for result in facts.results.values():
        if result.rule.id in kept:
            facts.rows[result.rule.id] = kept[result.rule.id]
            continue
        made = rule_rows(facts.district, facts.year, facts.levels, facts.groups_beside, result)
        if made:
            traced = trace_rows(pd.concat(made, ignore_index=True), result.rule, facts)
            judged, listed = _judge(traced, result.rule, facts, known)
            facts.rows[result.rule.id] = judged
            done.rows.append(judged)
            done.targets.append(listed)
    for entry in facts.configuration.indicators:
        if entry.id in kept:
            facts.rows[entry.id] = kept[entry.id]
            continue
        if entry.id not in asked:
            continue
        absent = missing_for(entry, facts)
        if absent:
            missing[entry.id] = "; ".join(absent)
            _report(facts, entry.id, absent, "indicator-missing-data")
            # What only the year lacks has its rows, that say so: no value, no verdict, all of it unknown.
            if absent != of_other_years(entry, facts):
                continue
        partial = partial_for(entry, facts)
        _report(facts, entry.id, partial, "indicator-partial-data")
        findings = blank_findings(entry, facts) if absent else find(entry, facts)
        rows = rows_of(entry, findings, facts)
        traced = (
            trace_rows(rows, entry, facts, findings, [*absent, *(f"未含 counted without: {text}" for text in partial)])
            if len(rows)
            else rows
        )
        judged, listed = _judge(traced, entry, facts, known)
        if not len(judged):
            missing[entry.id] = findings.reason or "所报级别没有单元 no units of the levels it is reported at"
            _report(facts, entry.id, [missing[entry.id]], "indicator-missing-data")
            continue
        facts.rows[entry.id] = judged
        done.rows.append(judged)
        done.targets.append(listed)
        if findings.by_cell is not None:
            facts.by_cell[entry.id] = findings.by_cell
        for name, table in findings.tables.items():
            done.tables.setdefault(name, []).append(table)
    return done


def _judge(
    rows: pd.DataFrame, entry: Rule | IndicatorEntry, facts: Facts, known: Known
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows and targets as they are judged; of what is not known nothing is said but that."""
    judged, listed = judge_rows(rows, entry, facts.year, known)
    if len(judged):
        is_unknown = judged["value"].isna() & (judged["unknown"] > 0)
        judged = judged.assign(status=judged["status"].mask(is_unknown, NOT_KNOWN))
    if len(listed):
        listed = listed.assign(status=listed["status"].mask(listed["value"].isna(), NOT_KNOWN))
    return judged, listed


def _stack(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    held = [part for part in parts if len(part)]
    if not held:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(held, ignore_index=True)[list(columns)]


def _report(facts: Facts, entry: str, absent: list[str], code: str) -> None:
    found = "未计算，缺数据 not computed, data missing" if code == "indicator-missing-data" else "未含 counted without"
    for text in absent:
        facts.problems.add(code, "note", "district.toml", f"{found}: {text}", field=f"indicators.{entry}")


def statement_table(facts: Facts, missing: Mapping[str, str]) -> pd.DataFrame:
    """Return every statement of the district's policies: what answers it, what was computed, and what is missing. None is left out."""
    rows = []
    asked = facts.configuration.entries
    for policy in (load_policies()[name] for name in facts.district.policies):
        for statement in policy.statements:
            # An entry of the district's own may answer a policy's statement too.
            own = [entry.id for entry in asked if (entry.policy, entry.statement) == (policy.id, statement.id)]
            entries = tuple(dict.fromkeys([*policy.answers(statement), *own]))
            done = [name for name in entries if name in facts.rows and name not in missing]
            lacking = [name for name in entries if name in missing]
            state = "已计算 computed" if done else "未要求 not asked for"
            if lacking:
                state = "部分 in part" if done else "缺数据 data missing"
            state = state if entries else "没有指标 nothing answers it"
            rows.append(
                (
                    policy.id, statement.id, statement.label.zh, statement.label.en, statement.clause, statement.quote, state,
                    "; ".join(entries), "; ".join(done), "; ".join(lacking),
                    " | ".join(f"{name}: {missing[name]}" for name in lacking),
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(STATEMENT_COLUMNS))
