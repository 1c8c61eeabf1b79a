"""Clauses that count records: shares, ratios, counts, densities, figures reported."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import shapely

from lifecircle.clauses.facts import Facts, Selected
from lifecircle.clauses.registry import Finding, Findings, beside, measure
from lifecircle.config import TableFilter
from lifecircle.config.indicators import Count, Density, OnTime, Progress, Ratio, Reported, Share
from lifecircle.config.schema import LEVELS, Level
from lifecircle.measures.rows import Figures, plain_figures, ratio_figures
from lifecircle.model import BoolArray, FloatArray
from lifecircle.sources import match_where
from lifecircle.sources.tables import as_numbers, as_text

DONE_WORDS = ("完成", "已完成", "done")


@measure(Share)
def share(entry: Share, facts: Facts) -> Findings:
    """Divide records that have something by all records, or a sum by a sum: numerators and denominators are summed by unit."""
    chosen = facts.select(entry.of)
    counts = facts.amount(chosen, entry.numerator)
    if entry.having:
        counts = counts * match_where(chosen.frame, entry.having) if len(chosen) else counts
    base = facts.amount(chosen, entry.denominator)
    figures = [
        ratio_figures(facts.levels[level], facts.sum(level, chosen, counts), facts.sum(level, chosen, base))
        for level in facts.levels_for(entry.levels, chosen.unit)
    ]
    return Findings((Finding(tuple(figures), note=chosen.year_note),))


@measure(Ratio)
def ratio(entry: Ratio, facts: Facts) -> Findings:
    """Divide an amount by so many people of the unit, or by an amount of other records."""
    above = facts.select(entry.of)
    amount = facts.amount(above, entry.amount)
    below = facts.select(entry.among) if entry.among else None
    base = facts.amount(below, entry.among_amount) if below is not None else None
    figures = []
    for level in facts.levels_for(entry.levels, above.unit):
        if below is None:
            denominator = facts.levels[level].sum(facts.group(entry.group))
        elif base is not None and level in below.unit:
            denominator = facts.sum(level, below, base)
        else:
            continue
        figures.append(ratio_figures(facts.levels[level], facts.sum(level, above, amount), denominator, entry.per))
    word = {"resident": ("常住人口", "residents"), "registered": ("户籍人口", "registered people")}
    kind = entry.population
    if kind is None and below is None and facts.configuration.population is not None:
        kind = facts.configuration.population.kind
    label = beside(entry, *word[kind]) if kind and entry.group is None and below is None else None
    return Findings((Finding(tuple(figures), label=label, note=above.year_note),))


@measure(Count)
def count(entry: Count, facts: Facts) -> Findings:
    """Count records, or sum how much of them, in each unit."""
    chosen = facts.select(entry.of)
    amount = facts.amount(chosen, entry.amount)
    figures = [
        plain_figures(facts.levels[level], facts.sum(level, chosen, amount) / entry.scale, entry.scale)
        for level in facts.levels_for(entry.levels, chosen.unit)
    ]
    return Findings((Finding(tuple(figures), note=chosen.year_note),))


@measure(Density)
def density(entry: Density, facts: Facts) -> Findings:
    """Divide records by the square kilometres of the unit."""
    chosen = facts.select(entry.of)
    amount = facts.amount(chosen, entry.amount)
    figures = [
        ratio_figures(facts.levels[level], facts.sum(level, chosen, amount), unit_area_km2(facts, level), 1.0)
        for level in facts.levels_for(entry.levels, chosen.unit)
    ]
    return Findings((Finding(tuple(figures), note=chosen.year_note),))


def unit_area_km2(facts: Facts, level: Level) -> FloatArray:
    """Return the area of each unit; a district's is that of its units."""
    own = facts.levels[level]
    area_m2 = shapely.area(facts.units[own.parts or level].geometry)
    return np.array([area_m2.sum()]) / 1e6 if own.parts is not None else area_m2 / 1e6


@measure(Reported)
def reported(entry: Reported, facts: Facts) -> Findings:
    """Give a figure others found at the level it was found at and no other: a mean of percentages would be nobody's percentage."""
    chosen = facts.select(entry.of)
    level: Level = next(iter(facts.levels_for(LEVELS, chosen.unit)[::-1]), "district")
    numbers = as_numbers(chosen.frame[entry.value].to_numpy(dtype=object)) if len(chosen) else None
    value = np.full(len(facts.levels[level].code), np.nan)
    if numbers is not None:
        held = (chosen.unit[level] >= 0) & np.isfinite(numbers.value)
        unit, first = np.unique(chosen.unit[level][held], return_index=True)
        value[unit] = numbers.value[held][first]
        twice = int(held.sum()) - len(unit)
        if twice:
            facts.problems.add(
                "records-twice", "warning", chosen.name, "同一单元有几个数，取第一个 several figures of one unit, the first is used",
                field=entry.value, count=twice,
            )  # fmt: skip
    return Findings((Finding((plain_figures(facts.levels[level], value),), note=chosen.year_note),))


@measure(Progress)
def progress(entry: Progress, facts: Facts) -> Findings:
    """Give the share of units (or lines) of a task that are reported done."""
    chosen, is_task = _of_task(entry.table, entry.task or entry.id, facts)
    state = as_text(chosen.frame["state"]) if len(chosen) else np.zeros(0, dtype=object)
    done = np.isin(state.astype(str), DONE_WORDS) & is_task
    return Findings((Finding(_shares(facts, entry.levels, chosen, done, is_task), note=chosen.year_note),))


@measure(OnTime)
def on_time(entry: OnTime, facts: Facts) -> Findings:
    """Tell whether what is due for the run's year was handed in by its date; what was never handed in counts as late."""
    chosen, is_task = _of_task(entry.table, entry.task or entry.id, facts)
    due = dt.date(facts.year + entry.years_after, entry.month, entry.day)
    handed = pd.to_datetime(pd.Series(as_text(chosen.frame["submitted"]) if len(chosen) else []), errors="coerce")
    in_time = np.asarray(handed <= pd.Timestamp(due)) & is_task
    if "year" in chosen.frame:
        is_task &= as_numbers(chosen.frame["year"].to_numpy(dtype=object)).value == facts.year
        in_time &= is_task
    note = f"；应于 due {due.isoformat()}"
    return Findings((Finding(_shares(facts, entry.levels, chosen, in_time, is_task), note=note),))


def _of_task(table: str, task: str, facts: Facts) -> tuple[Selected, BoolArray]:
    chosen = facts.select([TableFilter(table=table)])
    return chosen, np.array([text == task for text in as_text(chosen.frame["task"])] if len(chosen) else [], dtype=bool)


def _shares(
    facts: Facts, levels: tuple[Level, ...], chosen: Selected, counts: BoolArray, base: BoolArray
) -> tuple[Figures, ...]:
    return tuple(
        ratio_figures(
            facts.levels[level],
            facts.sum(level, chosen, counts.astype(np.float64)),
            facts.sum(level, chosen, base.astype(np.float64)),
        )
        for level in facts.levels_for(levels, chosen.unit)
    )
