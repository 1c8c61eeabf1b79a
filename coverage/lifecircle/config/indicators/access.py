"""Indicators of access that follow from a rule's travel times: minutes, capacity, floating catchments, gains."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lifecircle.config.entries import EntryId
from lifecircle.config.indicators.base import IndicatorEntry, InUnit
from lifecircle.config.targets import Sense


class _OfRule(IndicatorEntry):
    rule: EntryId
    """The rule whose facilities, people and travel times it uses."""

    @property
    def after(self) -> tuple[str, ...]:
        """The rule."""
        return (self.rule,)

    @property
    def of_rules(self) -> tuple[str, ...]:
        """The rule."""
        return (self.rule,)


class MeanMinutes(_OfRule):
    """The mean minutes (or metres) of people to the nearest facility of a rule; who reaches none is counted apart."""

    sense: ClassVar[Sense] = "down"
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


class FloatingCatchment(_OfRule, InUnit):
    """Supply per person by floating catchment areas: what of every facility in reach is left for each who reaches it.

    ``2sfca`` (Luo & Wang 2003) counts everyone within the rule's limit alike; ``e2sfca`` (Luo & Qi 2009) weighs the nearer more, by
    ``bands`` or, without them, by a Gaussian that is 0 at the limit (Dai 2010); ``3sfca`` (Wan, Zou & Sternberg 2012) also lets people
    choose between facilities; ``bfca`` (Paez, Higgins & Vivona 2019) splits people between them.
    """

    measure: Literal["floating_catchment"]
    method: Literal["2sfca", "e2sfca", "3sfca", "bfca"] = "2sfca"
    supply: str | None = None
    """Attribute of the facilities; each counts one where absent."""
    bands: tuple[tuple[float, float], ...] = ()
    """(limit, weight), nearest first, in the rule's unit; the last limit is the rule's at most."""
    per: float = Field(default=1000.0, gt=0)
    unit: str = "/千人"

    @model_validator(mode="after")
    def _bands_where_distance_decays(self) -> FloatingCatchment:
        if self.method == "2sfca" and self.bands:
            raise ValueError("2sfca 不分带，分带用 method = e2sfca; 2sfca has no bands, e2sfca has")
        limits = [limit for limit, _ in self.bands]
        if limits != sorted(set(limits)) or any(weight < 0 for _, weight in self.bands):
            raise ValueError(
                "bands 须由近到远、权重不为负，如 nearest first, weights not negative: [[5, 1.0], [10, 0.6]]"
            )
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

    @property
    def of_rules(self) -> tuple[str, ...]:
        """Both."""
        return self.after
