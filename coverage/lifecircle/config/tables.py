"""Tables by unit: statistics, lists, surveys, earlier years, references; and what a district says of its water supply."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from lifecircle.config.conditions import AttributeValue, Conditions
from lifecircle.config.entries import EntryId
from lifecircle.config.records import TableName
from lifecircle.config.schema import FacilityKind, Frozen, Level

PopulationKind = Literal["resident", "registered"]


class TableFile(Frozen):
    """A file read for its columns alone."""

    path: str = Field(min_length=1)
    layer: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    where: Conditions = Field(default_factory=dict)


class TableLayer(TableFile):
    """Rows by unit: one a unit (households, awards), or many (a list of 健康细胞), under the columns' own names."""

    name: TableName
    level: Level = "district"
    """What the units of its rows are; a table of the district needs no ``id``."""
    id: str | None = None
    """Column of the unit's code, or of its name where that is the only one of its level."""
    fields: dict[str, str] = Field(default_factory=dict)
    """The name an indicator asks for to the file's column."""
    year: str | int | None = None
    """Column of the year a row is of, or the year of the whole table."""
    holds: Literal["its_year", "until_next", "every_year"] | None = None
    """Which run a row holds for: that of its own year (where absent, and the table says its years), any later one ``until_next`` year's rows
    follow, or ``every_year`` (where absent, and the table says no year; the figures then say so)."""
    lists_all: bool = False
    """Whether it lists every thing there is, so that a unit without a row has none; else of a unit without a row nothing is known."""
    blank_means: dict[str, AttributeValue] = Field(default_factory=dict)
    """Column (by our name) to what an empty cell of it stands for, such as ``sanitary_award = "无"``; without it an empty cell is not known."""
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Column to every word it may hold; see ``words`` of ``[[facilities]]``."""
    people: PopulationKind | None = None
    """Where the table counts people: 常住 or 户籍."""

    @model_validator(mode="after")
    def _holds_what_it_can_tell(self) -> TableLayer:
        if self.year is None and self.holds in ("its_year", "until_next"):
            raise ValueError(
                f'holds = "{self.holds}" 须给出 year needs the year of the rows: year = "年份" (column), year = 2025 (table)'
            )
        return self

    @property
    def holding(self) -> Literal["its_year", "until_next", "every_year"]:
        """:attr:`holds`, or what it is where absent."""
        return self.holds or ("every_year" if self.year is None else "its_year")


class Baseline(TableFile):
    """Where units stood in an earlier year: an ``indicators.csv`` of an earlier run, or a table with the same columns.

    Columns: ``indicator, level, unit_code, year, value`` (percentages 0-100); ``value`` of a district needs no ``unit_code``.
    """


class Reference(Frozen):
    """What others have, for targets of the kind ``not_below``: one figure, or a file with the columns of the other keys."""

    path: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    indicator: EntryId | None = None
    value: float | None = None
    """As in the tables: percentages 0-100."""
    year: int | None = Field(default=None, ge=1949, le=2100)
    name: str = ""
    """Whose it is: 全省平均."""
    source: str = ""

    @model_validator(mode="after")
    def _a_figure_or_a_file(self) -> Reference:
        if self.path is None and (self.indicator is None or self.value is None or not self.name):
            raise ValueError("须给出 path，或 indicator、value 与 name give a path, or indicator, value and name")
        return self

    @property
    def file(self) -> TableFile | None:
        """The file, where it is one."""
        return TableFile(path=self.path, sheet=self.sheet, encoding=self.encoding) if self.path else None


class Exempt(Frozen):
    """A unit that a presence indicator lets pass, and why: 联合设置, 巡诊."""

    indicator: EntryId
    unit: str = Field(min_length=1)
    """Code or name."""
    reason: str = Field(min_length=1)


class WaterSupply(Frozen):
    """The district's ``[water]``; every value is shown in the outputs. The quota is an assumption until the district sets its own."""

    quota_l_per_day: float = Field(default=100.0, gt=0)
    """Litres a person a day; SL 310-2019 gives 60 to 100 and more by zone, which was not at hand."""
    season_factor: float = Field(default=1.0, gt=0)
    """Demand in the season the figures are for."""
    peak_factor: float = Field(default=1.5, gt=0)
    """Demand in the tourist season, with which losses are computed a second time."""
    served_by: Literal["list", "polygon", "network"] = "list"
    """The plants' ``served`` villages, service areas (``areas``), or pipes (``pipes``)."""
    areas: FacilityKind = "water_service_area"
    """Kind of the service areas, with ``plant``."""
    pipes: FacilityKind = "water_pipe"
    """Kind of the pipes: lines; what their ends touch is joined."""
    snap_m: float = Field(default=200.0, gt=0)
    """How near a pipe must come to a plant, or to where a village's people are in the middle, to serve it."""
    losses: tuple[tuple[str, ...], ...] = ()
    """Sets of sources and plants (ids) whose loss together is asked for, beside each alone."""
    least_l_per_day: float = Field(default=35.0, gt=0)
    """Litres a day that must reach a person for 水量 to be met: T/CHES 18-2018 as applied in water-rich places; 20 where water is scarce."""
    least_reliability: float = Field(default=0.9, ge=0, le=1)
    """Share of days with water for 保证率 to be met (36 days without in a year); plants say theirs as ``reliability``, 0-1."""
    fetch_minutes: float = Field(default=20.0, gt=0)
    fetch_metres: float = Field(default=800.0, gt=0)
    fetch_climb_m: float = Field(default=80.0, gt=0)
    """Convenient without a tap: a way of so many minutes, so far on the flat, or so high."""
    fetch_is_round_trip: bool = False
    """Whether the minutes are there and back, as in the index of 2004; T/CHES 18-2018 counts one way."""
    fetch_needs: Literal["any", "all"] = "any"
    """Whether one of the three is enough. ``all`` asks for each that is known."""
    fetch_rule: EntryId | None = None
    """A rule whose minutes to the nearest water point are the way on foot, over terrain or streets; without it minutes are not known."""
    points: FacilityKind = "water_point"
    """Kind of the public taps and wells that water is fetched from; sources where the district has no such layer."""
