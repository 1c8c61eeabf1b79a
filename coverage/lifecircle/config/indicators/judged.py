"""Indicators of other indicators: how evenly, how many units meet it, between whom, how many are met."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lifecircle.config.entries import EntryId
from lifecircle.config.indicators.base import IndicatorEntry
from lifecircle.config.records import Need, TableFilter, TableName, needs_of
from lifecircle.config.schema import Level
from lifecircle.config.targets import Sense, with_sense

Index = Literal["gini", "theil", "palma", "concentration", "variation"]


class Inequality(IndicatorEntry):
    """How unevenly something is spread: over people by their cell (``rule``), or over the units of a level (``indicator``)."""

    sense: ClassVar[Sense] = "down"
    measure: Literal["inequality"]
    index: Index
    rule: EntryId | None = None
    """The minutes or metres of people to a rule's nearest facility; a rule's floating catchment is an indicator."""
    indicator: EntryId | None = None
    unit: Level = "township"
    """With ``indicator``: the level whose units are compared; with ``rule``: the level that Theil's between and within are of."""
    order_by: str | None = None
    """Of ``concentration`` and ``palma``: a group of the population, whose share of the people ranks places; or a column of ``ranks``."""
    ranks: TableName | None = None
    """A table by unit with the column ``order_by``, such as how urban units are, that ranks places in place of a group."""
    weakest: int = Field(default=5, ge=0)
    """How many of the weakest units are listed."""

    @model_validator(mode="after")
    def _over_one_thing(self) -> Inequality:
        if (self.rule is None) == (self.indicator is None):
            raise ValueError("rule 与 indicator 必须且只能给一个 give exactly one of rule and indicator")
        if self.order_by is None and (self.index == "concentration" or self.ranks):
            raise ValueError(
                "须给出 order_by，按什么排序 needs order_by, what ranks places: a group, or a column of ranks"
            )
        if self.index == "concentration":  # signed: on whom it falls; even is zero
            object.__setattr__(self, "targets", with_sense(self.targets, "zero"))
        return self

    @property
    def value_unit(self) -> str:
        """None: an index."""
        return "index"

    @property
    def after(self) -> tuple[str, ...]:
        """What it is spread over."""
        return tuple(name for name in (self.rule, self.indicator) if name)

    @property
    def of_rules(self) -> tuple[str, ...]:
        """The rule, where it is over people by their cell."""
        return (self.rule,) if self.rule else ()

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The group that ranks, if any."""
        return (self.order_by,) if self.order_by and not self.ranks else ()

    @property
    def needs(self) -> tuple[Need, ...]:
        """The table that ranks, if any."""
        return (Need(self.ranks, (str(self.order_by),), is_table=True),) if self.ranks else ()


class UnitsMeeting(IndicatorEntry):
    """The share of units of a level whose own figure of another indicator is at least (or at most) so much: 以街道(乡镇)为单位."""

    measure: Literal["units_meeting"]
    indicator: EntryId
    unit: Level
    at_least: float | None = None
    at_most: float | None = None
    """In the indicator's unit, as it stands in the tables: percentages 0-100."""
    quasi: bool = False

    @model_validator(mode="after")
    def _one_bound(self) -> UnitsMeeting:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("at_least 与 at_most 必须且只能给一个 give exactly one of at_least and at_most")
        return self

    @property
    def after(self) -> tuple[str, ...]:
        """The indicator."""
        return (self.indicator,)


class Difference(IndicatorEntry):
    """One indicator over some units less over the others: 城乡差 in percentage points; numerators are summed first."""

    sense: ClassVar[Sense] = "zero"
    measure: Literal["difference"]
    indicator: EntryId
    unit: Level
    of: TableFilter
    """The rows of a unit table that are the first: town units. All others of that table are the second."""

    @property
    def value_unit(self) -> str:
        """Percentage points."""
        return "pp"

    @property
    def after(self) -> tuple[str, ...]:
        """The indicator."""
        return (self.indicator,)

    @property
    def needs(self) -> tuple[Need, ...]:
        """The table that tells the units apart."""
        return needs_of((self.of,))


class Scorecard(IndicatorEntry):
    """The share of clauses with a target that are met or ahead, as the Nanyang text counts: monitored, with target, met or ahead.

    A scorecard is of one document; an entry that names none gives one of each that the district answers to.
    """

    measure: Literal["scorecard"]
    indicators: tuple[EntryId, ...] = ()
    """These, each counted once, whichever document they are of."""
    policies: tuple[str, ...] = ()
    """These documents, each by itself; those that the district answers to where neither is given."""
