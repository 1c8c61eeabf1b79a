"""Measures that count records: shares, ratios, counts, densities, figures reported, tasks done, what is handed in on time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import shapely
from pydantic import Field, model_validator

from lifecircle.config.conditions import Conditions
from lifecircle.config.entries import Target
from lifecircle.config.measures import IndicatorEntry, InUnit
from lifecircle.config.records import Need, Records, TableFilter, TableName, needs_of
from lifecircle.config.schema import LEVELS, Label, Level
from lifecircle.config.tables import PopulationKind
from lifecircle.indicators.facts import Absent, Facts, Selected, absent_columns
from lifecircle.indicators.figures import (
    HAIR,
    Figures,
    mean_of,
    partial_own,
    partial_ratio,
    partial_sum,
    ratio_figures,
    with_absent,
    withheld,
)
from lifecircle.indicators.measure import Finding, Findings, beside, measure
from lifecircle.model import BoolArray, FloatArray
from lifecircle.sources.tables import as_numbers, as_text, match_known, read_date, show_rows, show_values


class Share(IndicatorEntry):
    """The share of records that have something, or of a sum: numerators and denominators are summed, percentages never averaged."""

    called: ClassVar[Label] = Label(zh="占比", en="share")
    measure: Literal["share"]
    of: Records
    having: Conditions = Field(default_factory=dict)
    """What the records of the numerator have, beside those of the denominator."""
    numerator: str | None = None
    """Column summed above the line, in place of counting."""
    denominator: str | None = None
    """Column summed below the line; with ``numerator`` alone, records are counted there."""
    in_units: TableFilter | None = None
    """Rows of a unit table: only records in these units count, such as samples taken in rural villages."""

    @model_validator(mode="after")
    def _something_is_asked(self) -> Share:
        if not self.having and self.numerator is None:
            raise ValueError("须给出 having 或 numerator give having, or numerator (and denominator)")
        return self

    @property
    def needs(self) -> tuple[Need, ...]:
        """The records with every column asked of them."""
        units = needs_of((self.in_units,)) if self.in_units else ()
        return (*needs_of(self.of, *self.having, self.numerator, self.denominator), *units)


class Ratio(InUnit):
    """So much per so many people: 人均体育场地面积, beds per 1,000, AEDs per 100,000; or per an amount of other records."""

    called: ClassVar[Label] = Label(zh="人均、比率", en="ratio per people")
    measure: Literal["ratio"]
    of: Records
    amount: str | None = None
    """Attribute summed; records are counted where absent."""
    per: float = Field(default=1.0, gt=0)
    unit: str = Field(min_length=1)
    """Of the value, such as ``m2/人``."""
    group: str | None = None
    """The people counted; everyone where absent."""
    population: PopulationKind | None = None
    """Whether the clause means 常住 or 户籍; a district whose people are of the other kind is not computed, never mixed."""
    among: Records | None = None
    """Records below the line in place of people; they may be a table's people of the other kind."""
    among_amount: str | None = None

    @property
    def needs(self) -> tuple[Need, ...]:
        """The records above the line and, where given, below it."""
        below = needs_of(self.among, self.among_amount) if self.among else ()
        return (*needs_of(self.of, self.amount), *below)

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The group counted, if it is one."""
        return (self.group,) if self.group and not self.among else ()


class Count(InUnit):
    """How many there are, or how much of them."""

    called: ClassVar[Label] = Label(zh="数量", en="count")
    measure: Literal["count"]
    of: Records
    amount: str | None = None
    unit: str = "个"
    scale: float = Field(default=1.0, gt=0)
    """The value is the amount divided by this: 10,000 for 万户."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """The records."""
        return needs_of(self.of, self.amount)


class Density(InUnit):
    """Records per square kilometre of the unit."""

    called: ClassVar[Label] = Label(zh="密度", en="density")
    measure: Literal["density"]
    of: Records
    amount: str | None = None
    unit: str = "个/km2"

    @property
    def needs(self) -> tuple[Need, ...]:
        """The records."""
        return needs_of(self.of, self.amount)


class Reported(InUnit):
    """A figure that others found (a survey, statistics), by unit, with the year it is of. Never averaged to a larger unit."""

    called: ClassVar[Label] = Label(zh="上报数", en="figure reported")
    measure: Literal["reported"]
    of: Records
    value: str
    """The column; of an indicator in % its values are percentages, 0-100."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """The records with the column."""
        return needs_of(self.of, self.value)


class Progress(IndicatorEntry):
    """How far a task has come that no figure measures: the share of units that report it done, from a table of progress."""

    called: ClassVar[Label] = Label(zh="任务进展", en="progress of a task")
    measure: Literal["progress"]
    table: TableName = "progress"
    task: str = ""
    """The task's id in the table's ``task`` column; the entry's own where absent."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """The table, with the task, its state (完成/推进中/未开展) and the unit."""
        return (Need(self.table, ("task", "state"), is_table=True),)


class OnTime(IndicatorEntry):
    """Whether something was handed in by the date the clause states, from a table of submissions."""

    called: ClassVar[Label] = Label(zh="按期报送", en="handed in on time")
    measure: Literal["on_time"]
    table: TableName = "submissions"
    task: str = ""
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    years_after: int = Field(default=1, ge=0)
    """A report of year Y is due in Y + this."""

    @model_validator(mode="after")
    def _a_day_of_every_year(self) -> OnTime:
        try:
            dt.date(2025, self.month, self.day)
        except ValueError as error:
            raise ValueError(f"没有这一天 no such day of every year: {self.month}-{self.day}") from error
        return self

    def targets_in(self, year: int) -> tuple[Target, ...]:
        """Return the targets with the run's year where they have none: what is due every year is late in its own, and never under way."""
        return tuple(one if one.year is not None else one.model_copy(update={"year": year}) for one in self.targets)

    @property
    def needs(self) -> tuple[Need, ...]:
        """The table, with the task and the date it was handed in."""
        return (Need(self.table, ("task", "submitted"), is_table=True),)


DONE_WORDS = ("完成", "已完成", "done")


@dataclass(frozen=True, slots=True, eq=False)
class _Records:
    """Records that are counted, sure and unsure ones together, and what each adds."""

    chosen: Selected
    numerator: FloatArray
    denominator: FloatArray
    unknown: FloatArray
    """What each adds to the denominator of which it is not known; 0 of those that are."""


@measure(Share)
def share(entry: Share, facts: Facts) -> Findings:
    """Divide records that have something by all records, or a sum by a sum: numerators and denominators are summed by unit."""
    chosen = facts.select(entry.of, *entry.having, entry.numerator, entry.denominator)
    parts = [_share_records(entry, facts, one, is_sure=one is chosen) for one in (chosen, *chosen.unsure)]
    figures = []
    for level in facts.levels_for(entry.levels, chosen.unit):
        counts, base, unknown = (
            np.sum([facts.sum(level, one.chosen, getattr(one, name)) for one in parts], axis=0)
            for name in ("numerator", "denominator", "unknown")
        )
        unknown = with_absent(base, unknown, facts.absent_share(level, chosen.absent))
        figures.append(partial_ratio(facts.levels[level], counts, base, unknown, facts.unknown_max))
    return Findings((Finding(tuple(figures), note=chosen.year_note, years=chosen.years),))


def _share_records(entry: Share, facts: Facts, chosen: Selected, *, is_sure: bool) -> _Records:
    """Return what each record adds.

    One that lacks one of both sums, or of which it is not known whether it has what is asked for, says nothing of the share: it is
    neither 0 of its all nor more than all. Where its own all is not known, it is as large as the others are.
    """
    above, below = facts.amount(chosen, entry.numerator), facts.amount(chosen, entry.denominator)
    has, may = np.ones(len(chosen), dtype=bool), np.zeros(len(chosen), dtype=bool)
    if entry.having and len(chosen):
        is_said = not absent_columns(chosen.frame, list(entry.having))
        has, may = match_known(chosen.frame, entry.having) if is_said else (~has, ~may)
        if is_said and is_sure:
            facts.warn_unclear(chosen.frame, entry.having, chosen.name, chosen.row)
    if entry.numerator and entry.denominator and is_sure:
        with np.errstate(invalid="ignore"):
            _warn_of_more(entry, chosen, has & (above > below), facts)
    is_known = np.isfinite(below) & (np.isfinite(above) | ~has) & ~may & is_sure
    usual = float(np.nanmean(below)) if np.isfinite(below).any() else 1.0
    lies, may_lie = np.ones(len(chosen)), np.zeros(len(chosen))
    if entry.in_units is not None and len(chosen):
        lies, may_lie = _lies_in(entry.in_units, chosen, facts)
    weight = np.where(np.isfinite(below), below, usual)
    return _Records(
        chosen,
        numerator=np.where(is_known & has, np.nan_to_num(above), 0.0) * lies,
        denominator=np.where(is_known, np.nan_to_num(below), 0.0) * lies,
        # Of one in a unit of which the table does not say which it is, it is not known whether it is asked for.
        unknown=np.where(is_known, 0.0, weight) * lies + weight * may_lie,
    )


def _lies_in(wanted: TableFilter, chosen: Selected, facts: Facts) -> tuple[FloatArray, FloatArray]:
    """Return which records lie in a unit that a filter of a unit table lets through, and which in one of which it does not say (1.0)."""
    level = facts.registers[wanted.table].level
    unit = chosen.unit[level]
    is_in, is_told = facts.units_in(wanted, level)
    inside = unit >= 0
    at = np.maximum(unit, 0)
    return (inside & is_in[at]).astype(np.float64), (inside & ~is_told[at]).astype(np.float64)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Amount:
    """How much there is in each unit of a level, as far as is known."""

    known: FloatArray
    more: FloatArray
    """What records of which it is not known whether they count would add; NaN where nobody knows."""
    unknown_share: FloatArray
    """Share (0-1) of the records asked of which it is not known."""


def _amount_of(facts: Facts, chosen: Selected, column: str | None, level: Level, absent: Absent) -> _Amount:
    """Return records, or a sum over them, of the units of a level; those in units that another table has no row of are left out."""
    amount = facts.amount(chosen, column)
    counts = facts.is_known(chosen, absent)
    known = facts.sum(level, chosen, np.where(counts, np.nan_to_num(amount), 0.0))
    unsure = facts.sum(level, chosen, (np.isnan(amount) & counts).astype(np.float64))
    more = np.where(unsure > 0, np.nan, 0.0)
    for maybe in chosen.unsure:
        adds, within = facts.amount(maybe, column), facts.is_known(maybe, absent)
        unsure = unsure + facts.sum(level, maybe, within.astype(np.float64))
        lacks = facts.sum(level, maybe, (np.isnan(adds) & within).astype(np.float64)) > 0
        more = more + np.where(lacks, np.nan, facts.sum(level, maybe, np.where(within, np.nan_to_num(adds), 0.0)))
    at = chosen.asked.get(level, np.zeros(0, dtype=np.int64))
    asked = np.bincount(at[at >= 0], minlength=len(known)).astype(np.float64)
    share = np.divide(unsure, asked, out=np.zeros_like(unsure), where=asked > 0)
    return _Amount(known, more, np.clip(share, 0.0, 1.0))


@measure(Ratio)
def ratio(entry: Ratio, facts: Facts) -> Findings:
    """Divide an amount by so many people of the unit, or by an amount of other records: both over the units of which both are known."""
    above = facts.select(entry.of, entry.amount)
    below = facts.select(entry.among, entry.among_amount) if entry.among else None
    absent = (*above.absent, *(below.absent if below is not None else ()))
    figures = []
    for level in facts.levels_for(entry.levels, above.unit):
        amount = _amount_of(facts, above, entry.amount, level, absent)
        lacks = facts.absent_share(level, absent)
        if below is None:
            inside = facts.known_inside(absent) if absent else 1.0
            denominator = facts.levels[level].sum(facts.group(entry.group) * inside)
            base_share = np.zeros(len(denominator))
        elif level in below.unit:
            base = _amount_of(facts, below, entry.among_amount, level, absent)
            denominator, base_share = base.known, base.unknown_share
        else:
            continue
        known = (1.0 - amount.unknown_share) * (1.0 - base_share) * (1.0 - lacks)
        figures.append(_ratio_figures(entry, facts, level, amount, denominator, 1.0 - known))
    word = {"resident": ("常住人口", "residents"), "registered": ("户籍人口", "registered people")}
    kind = entry.population
    if kind is None and below is None and facts.configuration.population is not None:
        kind = facts.configuration.population.kind
    label = beside(entry, *word[kind]) if kind and entry.group is None and below is None else None
    years = tuple(sorted({*above.years, *(below.years if below is not None else ())}))
    counts = entry.unit.partition("/")[0]
    return Findings((Finding(tuple(figures), counts=counts, label=label, note=above.year_note, years=years),))


def _ratio_figures(
    entry: Ratio, facts: Facts, level: Level, amount: _Amount, denominator: FloatArray, unknown_share: FloatArray
) -> Figures:
    """Return a ratio over what is known; high counts what may count, where the unknown is that alone."""
    found = ratio_figures(facts.levels[level], amount.known, denominator, entry.per)
    if not (unknown_share > 0).any():
        return found
    more = mean_of(entry.per * (amount.known + amount.more), denominator)
    is_only_unsure = np.isclose(unknown_share, amount.unknown_share)
    has_part = unknown_share > HAIR
    low = np.where(has_part, found.value * (1.0 - np.where(is_only_unsure, 0.0, unknown_share)), found.value)
    high = np.where(has_part, np.where(is_only_unsure, more, np.nan), found.value)
    return withheld(replace(found, low=low, high=high, unknown=100.0 * unknown_share), facts.unknown_max)


@measure(Count)
def count(entry: Count, facts: Facts) -> Findings:
    """Count records, or sum how much of them, in each unit."""
    chosen = facts.select(entry.of, entry.amount)
    figures = []
    for level in facts.levels_for(entry.levels, chosen.unit):
        amount = _amount_of(facts, chosen, entry.amount, level, ())
        lacks = facts.absent_share(level, chosen.absent)
        unknown = 1.0 - (1.0 - amount.unknown_share) * (1.0 - lacks)
        more = np.where(lacks > 0, np.nan, amount.more) / entry.scale
        figures.append(
            partial_sum(facts.levels[level], amount.known / entry.scale, unknown, more, facts.unknown_max, entry.scale)
        )
    counts = entry.unit.removeprefix("万")
    return Findings((Finding(tuple(figures), counts=counts, note=chosen.year_note, years=chosen.years),))


@measure(Density)
def density(entry: Density, facts: Facts) -> Findings:
    """Divide records by the square kilometres of the unit."""
    chosen = facts.select(entry.of, entry.amount)
    figures = []
    for level in facts.levels_for(entry.levels, chosen.unit):
        amount = _amount_of(facts, chosen, entry.amount, level, ())
        lacks, area_km2 = facts.absent_share(level, chosen.absent), unit_area_km2(facts, level)
        unknown = 1.0 - (1.0 - amount.unknown_share) * (1.0 - lacks)
        found = ratio_figures(facts.levels[level], amount.known, area_km2, 1.0)
        more = mean_of(amount.known + amount.more, area_km2)
        high = np.where(unknown > HAIR, np.where(lacks > 0, np.nan, more), found.value)
        figures.append(withheld(replace(found, high=high, unknown=100.0 * unknown), facts.unknown_max))
    return Findings((Finding(tuple(figures), note=chosen.year_note, years=chosen.years),))


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
    unknown = np.where(np.isnan(value), 100.0, 0.0)
    found = partial_own(facts.levels[level], value, unknown, facts.unknown_max)
    return Findings((Finding((found,), note=chosen.year_note, years=chosen.years),))


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
    """Give the share of units (or lines) of a task that are reported done; of a line without a state it is not known."""
    chosen, is_task = _of_task(entry.table, entry.task or entry.id, facts)
    if not is_task.any():
        return _no_task(entry.table, entry.task or entry.id, facts.year if chosen.years else None)
    state = as_text(chosen.frame["state"]) if len(chosen) else np.zeros(0, dtype=object)
    done = np.isin(state.astype(str), DONE_WORDS) & is_task
    figures = _shares(facts, entry, chosen, done, is_task, is_task & (state == ""))
    return Findings((Finding(figures, note=chosen.year_note, years=chosen.years),))


@measure(OnTime)
def on_time(entry: OnTime, facts: Facts) -> Findings:
    """Tell whether what is due for the run's year was handed in by its date; what was never handed in counts as late.

    A row of the task without a date was not handed in; of one whose date cannot be read, and of a unit without a row, it is not known.
    """
    task = entry.task or entry.id
    chosen, is_task = _of_task(entry.table, task, facts, every_year=True)
    due = dt.date(facts.year + entry.years_after, entry.month, entry.day)
    # A row is of the year the table's own year says, else of its column "year"; a table that says none is of the run's.
    of_year = np.full(len(chosen), np.nan) if chosen.row_year is None else chosen.row_year
    if len(chosen) and np.isnan(of_year).all() and "year" in chosen.frame:
        of_year = as_numbers(chosen.frame["year"].to_numpy(dtype=object)).value
    says_years = bool(np.isfinite(of_year).any())
    is_task &= (of_year == facts.year) if says_years else np.isnan(of_year)
    if not is_task.any():
        return _no_task(entry.table, task, facts.year)
    cells = as_text(chosen.frame["submitted"])
    handed = [read_date(cell) for cell in cells]
    is_bad = np.array([bool(cell) and day is None for cell, day in zip(cells, handed, strict=True)]) & is_task
    if is_bad.any():
        facts.problems.add(
            "records-no-date", "warning", chosen.name,
            f"不是日期，不明 no date, not known: {show_values(cells[is_bad])}",
            row=show_rows(chosen.row[is_bad]) if chosen.row is not None else "", field="submitted", expected="2026-03-31",
            mend="写成日期 write a date", count=int(is_bad.sum()),
        )  # fmt: skip
    in_time = np.array([day is not None and day <= due for day in handed], dtype=bool) & is_task
    note = f"；应于 due {due.isoformat()}"
    figures = _shares(facts, entry, chosen, in_time, is_task, is_bad)
    return Findings((Finding(figures, note=note, years=(facts.year,) if says_years else ()),))


def _no_task(table: str, task: str, year: int | None = None) -> Findings:
    of_year = f" ({year})" if year is not None else ""
    return Findings((), reason=f'[[tables]] {table}: 没有任务的行 no row of the task "{task}"{of_year}，列 column task')


def _of_task(table: str, task: str, facts: Facts, *, every_year: bool = False) -> tuple[Selected, BoolArray]:
    chosen = facts.select([TableFilter(table=table)], every_year=every_year)
    return chosen, np.array([text == task for text in as_text(chosen.frame["task"])] if len(chosen) else [], dtype=bool)


def _shares(
    facts: Facts, entry: Progress | OnTime, chosen: Selected, counts: BoolArray, base: BoolArray, unclear: BoolArray
) -> tuple[Figures, ...]:
    """Return the share of a task's rows that count; of rows that are unclear, and of units without one, it is not known."""
    low: Level = next(
        (level for level in reversed(LEVELS) if level in chosen.unit and level in facts.levels), "district"
    )
    listed = np.bincount(chosen.unit[low][base & (chosen.unit[low] >= 0)], minlength=len(facts.levels[low].code)) > 0
    is_open = low != "district" and not listed.all() and not facts.registers[entry.table].lists_all
    absent: Absent = ((low, ~listed),) if is_open else ()
    figures = []
    for level in facts.levels_for(entry.levels, chosen.unit):
        done, known, unknown = (
            facts.sum(level, chosen, each.astype(np.float64)) for each in (counts & ~unclear, base & ~unclear, unclear)
        )
        unknown = with_absent(known, unknown, facts.absent_share(level, absent))
        figures.append(partial_ratio(facts.levels[level], done, known, unknown, facts.unknown_max))
    return tuple(figures)
