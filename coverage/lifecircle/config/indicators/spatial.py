"""Indicators that measure places: areas, lines, people inside or near, records near others."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecircle.config.indicators.base import IndicatorEntry
from lifecircle.config.records import Filters, Need, needs_of


class AreaShare(IndicatorEntry):
    """The share of an area that others cover, overlaps counted once: 绿地+水域 of the built-up area."""

    measure: Literal["area_share"]
    of: Filters
    within: Filters | None = None
    """The area below the line; the unit's own where absent."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """The areas above and below the line."""
        return (*needs_of(self.of), *needs_of(self.within or ()))


class PeopleNear(IndicatorEntry):
    """The share of people inside areas, or within so many metres of them or of lines, as the crow flies: 长廊两侧."""

    measure: Literal["people_near"]
    of: Filters
    metres: float = Field(default=0.0, ge=0)
    """0: inside."""
    group: str | None = None

    @property
    def needs(self) -> tuple[Need, ...]:
        """The areas or lines."""
        return needs_of(self.of)

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The group counted, if it is one."""
        return (self.group,) if self.group else ()


class Length(IndicatorEntry):
    """The length of lines in each unit, each counted once: 步道, 整治河道."""

    measure: Literal["length"]
    of: Filters

    @property
    def value_unit(self) -> str:
        """Kilometres."""
        return "km"

    @property
    def needs(self) -> tuple[Need, ...]:
        """The lines."""
        return needs_of(self.of)


class Near(IndicatorEntry):
    """The share of records within so many metres of any of others, as the crow flies: restaurants beside dwellings."""

    measure: Literal["near"]
    of: Filters
    to: Filters
    metres: float = Field(gt=0)

    @property
    def needs(self) -> tuple[Need, ...]:
        """Both."""
        return (*needs_of(self.of), *needs_of(self.to))


class Affected(IndicatorEntry):
    """How many people live inside places, or within so many metres of them: whom an impact assessment must hear."""

    measure: Literal["affected"]
    of: Filters
    metres: float = Field(default=0.0, ge=0)

    @property
    def value_unit(self) -> str:
        """People."""
        return "人"

    @property
    def needs(self) -> tuple[Need, ...]:
        """The places."""
        return needs_of(self.of)
