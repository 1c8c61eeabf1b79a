"""Clauses that count records: shares, ratios, counts, densities, figures reported."""

from __future__ import annotations

import datetime as dt

import numpy as np
import shapely

from lifecircle.clauses.facts import Facts, Selected
from lifecircle.clauses.registry import Finding, Findings, beside, measure
from lifecircle.config import TableFilter
from lifecircle.config.indicators import Count, Density, OnTime, Progress, Ratio, Reported, Share
from lifecircle.config.schema import LEVELS, Level
from lifecircle.measures.rows import Figures, own_figures, plain_figures, ratio_figures
from lifecircle.model import BoolArray, FloatArray
from lifecircle.sources import match_where
from lifecircle.sources.tables import as_numbers, as_text, read_date, show_rows, show_values

DONE_WORDS = ("完成", "已完成", "done")


@measure(Share)
def share(entry: Share, facts: Facts) -> Findings:
    """Divide records that have something by all records, or a sum by a sum: numerators and denominators are summed by unit."""
    chosen = facts.select(entry.of, *entry.having, entry.numerator, entry.denominator)
    counts, base = facts.amount(chosen, entry.numerator), facts.amount(chosen, entry.denominator)
    if entry.numerator and entry.denominator and len(chosen):
        # A record that lacks one of both sums says nothing of the share: it is neither 0 of its all nor more than all.
        is_whole = np.isfinite(facts.numbers(chosen, entry.numerator) + facts.numbers(chosen, entry.denominator))
        counts, base = counts * is_whole, base * is_whole
        _warn_of_more(entry, chosen, counts > base, facts)
    if entry.having and len(chosen):
        counts = counts * match_where(chosen.frame, entry.having)
        facts.warn_unclear(chosen.frame, entry.having, chosen.name, chosen.row)
    if entry.in_units is not None:
        inside = _lies_in(entry.in_units, chosen, facts)
        counts, base = counts * inside, base * inside
    figures = [
        ratio_figures(facts.levels[level], facts.sum(level, chosen, counts), facts.sum(level, chosen, base))
        for level in facts.levels_for(entry.levels, chosen.unit)
    ]
    return Findings((Finding(tuple(figures), note=chosen.year_note),))


def _lies_in(wanted: TableFilter, chosen: Selected, facts: Facts) -> BoolArray:
    """Return which records lie in one of the units that a filter of a unit table lets through."""
    level = facts.registers[wanted.table].level
    unit = chosen.unit[level]
    return (unit >= 0) & facts.units_in(wanted, level)[np.maximum(unit, 0)]


def _warn_of_more(entry: Share, chosen: Selected, is_more: BoolArray, facts: Facts) -> None:
    """Warn of parts larger than their whole: columns that were taken for each other, or people from elsewhere."""
    if is_more.any():
        facts.problems.add(
            "records-part-above-whole", "warning", chosen.name,
            f"{entry.numerator} 大于 {entry.denominator} the part is more than the whole",
            row=show_rows(chosen.row[is_more]) if chosen.row is not None else "", field=str(entry.numerator),
            mend="两列是否颠倒 are the columns swapped?", count=int(is_more.sum()),
            expected="部分不大于整体 a part no larger than the whole",
        )  # fmt: skip


@measure(Ratio)
def ratio(entry: Ratio, facts: Facts) -> Findings:
    """Divide an amount by so many people of the unit, or by an amount of other records."""
    above = facts.select(entry.of, entry.amount)
    amount = facts.amount(above, entry.amount)
    below = facts.select(entry.among, entry.among_amount) if entry.among else None
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
    return Findings((Finding(tuple(figures), counts=entry.unit.partition("/")[0], label=label, note=above.year_note),))


@measure(Count)
def count(entry: Count, facts: Facts) -> Findings:
    """Count records, or sum how much of them, in each unit."""
    chosen = facts.select(entry.of, entry.amount)
    amount = facts.amount(chosen, entry.amount)
    figures = [
        plain_figures(facts.levels[level], facts.sum(level, chosen, amount) / entry.scale, entry.scale)
        for level in facts.levels_for(entry.levels, chosen.unit)
    ]
    return Findings((Finding(tuple(figures), counts=entry.unit.removeprefix("万"), note=chosen.year_note),))


@measure(Density)
def density(entry: Density, facts: Facts) -> Findings:
    """Divide records by the square kilometres of the unit."""
    chosen = facts.select(entry.of, entry.amount)
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
    chosen = facts.select(entry.of, entry.value)
    level: Level = next(iter(facts.levels_for(LEVELS, chosen.unit)[::-1]), "district")
    if level not in entry.levels:
        return Findings(
            (), reason=f"数据为 {level} 级，不报此级 the figures are of the {level}, which it is not reported at"
        )
    value = np.full(len(facts.levels[level].code), np.nan)
    if len(chosen):
        numbers = facts.numbers(chosen, entry.value)
        _warn_of_parts(entry, chosen, numbers, facts)
        held = (chosen.unit[level] >= 0) & np.isfinite(numbers)
        unit, first = np.unique(chosen.unit[level][held], return_index=True)
        value[unit] = numbers[held][first]
        twice = int(held.sum()) - len(unit)
        if twice:
            facts.problems.add(
                "records-twice", "warning", chosen.name, "同一单元有几个数，取第一个 several figures of one unit, the first is used",
                field=entry.value, count=twice,
                expected="每个单元一行 one row a unit", mend="用 where 只选一年或一类 choose one year or kind with where",
            )  # fmt: skip
    return Findings((Finding((own_figures(facts.levels[level], value),), note=chosen.year_note),))


def _warn_of_parts(entry: Reported, chosen: Selected, numbers: FloatArray, facts: Facts) -> None:
    """Warn where percentages look like parts of 1: a spreadsheet holds 62 % as 0.62."""
    given = numbers[np.isfinite(numbers)]
    if entry.value_unit == "%" and ((given < 0) | (given > 100)).any():
        facts.problems.add(
            "records-no-percentage", "warning", chosen.name, f"百分数不在 0-100 之间 no percentage: {show_values(given[(given < 0) | (given > 100)])}",
            field=entry.value, expected="0-100", count=int(((given < 0) | (given > 100)).sum()),
            mend="改成 0-100 的数 write numbers of 0-100",
        )  # fmt: skip
    if entry.value_unit == "%" and given.size and given.max() <= 1.0 and given.max() > 0.0:
        facts.problems.add(
            "records-parts-of-one", "warning", chosen.name,
            f"百分数应为 0-100，列中最大为 percentages are 0-100, the largest is {given.max():g}",
            field=entry.value, expected="62.5", mend="表格中的百分格式请改为数值 a cell in % format holds 0.625", count=int(given.size),
        )  # fmt: skip


@measure(Progress)
def progress(entry: Progress, facts: Facts) -> Findings:
    """Give the share of units (or lines) of a task that are reported done."""
    chosen, is_task = _of_task(entry.table, entry.task or entry.id, facts)
    if not is_task.any():
        return _no_task(entry.table, entry.task or entry.id)
    state = as_text(chosen.frame["state"]) if len(chosen) else np.zeros(0, dtype=object)
    done = np.isin(state.astype(str), DONE_WORDS) & is_task
    return Findings((Finding(_shares(facts, entry.levels, chosen, done, is_task), note=chosen.year_note),))


@measure(OnTime)
def on_time(entry: OnTime, facts: Facts) -> Findings:
    """Tell whether what is due for the run's year was handed in by its date; what was never handed in counts as late."""
    task = entry.task or entry.id
    chosen, is_task = _of_task(entry.table, task, facts, every_year=True)
    due = dt.date(facts.year + entry.years_after, entry.month, entry.day)
    # A row is of the year the table's own year says, else of its column "year"; one that says none is of the run's.
    of_year = np.full(len(chosen), np.nan) if chosen.row_year is None else chosen.row_year
    if len(chosen) and np.isnan(of_year).all() and "year" in chosen.frame:
        of_year = as_numbers(chosen.frame["year"].to_numpy(dtype=object)).value
    is_task &= np.isnan(of_year) | (of_year == facts.year)
    if not is_task.any():
        return _no_task(entry.table, task, facts.year)
    cells = as_text(chosen.frame["submitted"])
    handed = [read_date(cell) for cell in cells]
    is_bad = np.array([bool(cell) and day is None for cell, day in zip(cells, handed, strict=True)]) & is_task
    if is_bad.any():
        facts.problems.add(
            "records-no-date", "warning", chosen.name,
            f"不是日期，按未报送计 no date, counts as not handed in: {show_values(cells[is_bad])}",
            row=show_rows(chosen.row[is_bad]) if chosen.row is not None else "", field="submitted", expected="2026-03-31",
            count=int(is_bad.sum()),
            mend="写成日期，如 write a date, such as 2026-03-31",
        )  # fmt: skip
    in_time = np.array([day is not None and day <= due for day in handed], dtype=bool) & is_task
    note = f"；应于 due {due.isoformat()}"
    return Findings((Finding(_shares(facts, entry.levels, chosen, in_time, is_task), note=note),))


def _no_task(table: str, task: str, year: int | None = None) -> Findings:
    of_year = f" ({year})" if year is not None else ""
    return Findings((), reason=f'[[tables]] {table}: 没有任务的行 no row of the task "{task}"{of_year}，列 column task')


def _of_task(table: str, task: str, facts: Facts, *, every_year: bool = False) -> tuple[Selected, BoolArray]:
    chosen = facts.select([TableFilter(table=table)], every_year=every_year)
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
