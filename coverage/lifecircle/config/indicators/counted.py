"""Indicators that count records: presence, shares, ratios, counts, densities, figures reported."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, model_validator

from lifecircle.config.conditions import Conditions
from lifecircle.config.indicators.base import IndicatorEntry, InUnit
from lifecircle.config.records import Filters, Need, Records, TableFilter, TableName, needs_of
from lifecircle.config.schema import Level
from lifecircle.config.targets import Target

PopulationKind = Literal["resident", "registered"]


class Presence(IndicatorEntry):
    """The share of units of one level that have their own: 每个镇办好一所卫生院. Strict: two in one make up for none in no other."""

    measure: Literal["presence"]
    unit: Level
    """The level whose units are counted."""
    of: Records
    at_least: int = Field(default=1, ge=1)
    serves: str | None = None
    """Attribute naming the other units (codes or names) that a record serves too, 联合设置: reported beside the strict figure."""
    quasi: bool = False
    """Whether quasi-units (codes 400-599, 园区、林场) count as units."""
    host: Filters | None = None
    """What stands for the unit's own where it is in the unit: a village that hosts the township's health centre needs no clinic beside it.
    Counted in a figure of its own, ``-with-host``, beside the strict one."""
    judged: Literal["strict", "with-host"] = "strict"
    """Which of the two figures the targets are asked of."""

    @model_validator(mode="after")
    def _judges_what_it_has(self) -> Presence:
        if self.judged == "with-host" and self.host is None:
            raise ValueError('judged = "with-host" 须给出 host; needs host, what stands for the unit\'s own')
        return self

    @property
    def needs(self) -> tuple[Need, ...]:
        """The records, and what may stand for them; the attribute of joint service may be absent."""
        return (*needs_of(self.of), *needs_of(self.host or ()))


class Share(IndicatorEntry):
    """The share of records that have something, or of a sum: numerators and denominators are summed, percentages never averaged."""

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
