"""Indicators of access that follow from a rule's travel times: minutes, capacity, floating catchments, gains."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from lifecircle.config.entries import EntryId
from lifecircle.config.indicators.base import IndicatorEntry


class _OfRule(IndicatorEntry):
    rule: EntryId
    """The rule whose facilities, people and travel times it uses."""

    @property
    def after(self) -> tuple[str, ...]:
        """The rule."""
        return (self.rule,)


class MeanMinutes(_OfRule):
    """The mean minutes (or metres) of people to the nearest facility of a rule; who reaches none is counted apart."""

    measure: Literal["mean_minutes"]
    unit: Literal["min", "m"] = "min"

    @property
    def value_unit(self) -> str:
        """``min``, or ``m`` for a rule in metres."""
        return self.unit


class CapacityShare(_OfRule):
    """The share of people within a rule's limit of a facility that has room for them, nearest first."""

    measure: Literal["capacity_share"]
    capacity: str = Field(min_length=1)
    """Attribute of the facilities: how many can be served."""
    per_person: float = Field(default=1.0, gt=0)
    """What one person takes of it: 0.002 of a place where two in a thousand come a day."""


class FloatingCatchment(_OfRule):
    """Supply per person by floating catchment areas: what of every facility in reach is left for each who reaches it."""

    measure: Literal["floating_catchment"]
    method: Literal["2sfca", "e2sfca", "3sfca"] = "2sfca"
    supply: str | None = None
    """Attribute of the facilities; each counts one where absent."""
    bands: tuple[tuple[float, float], ...] = ()
    """Of e2sfca and 3sfca: (limit, weight), nearest first; the last limit is the rule's at most."""
    per: float = Field(default=1000.0, gt=0)
    unit: str = "/千人"

    @property
    def value_unit(self) -> str:
        """The unit given."""
        return self.unit

    @model_validator(mode="after")
    def _bands_where_distance_decays(self) -> FloatingCatchment:
        if (self.method == "2sfca") == bool(self.bands):
            raise ValueError("2sfca 不写 bands，e2sfca 与 3sfca 须写 bands = [[5, 1.0], [10, 0.6]]; only these decay")
        return self


class Gain(IndicatorEntry):
    """The share of people that one rule covers and another does not: what opening the schools to the public gains."""

    measure: Literal["gain"]
    rule: EntryId
    without: EntryId

    @property
    def after(self) -> tuple[str, ...]:
        """Both rules."""
        return (self.rule, self.without)
