"""Indicators of water supply: who is on which tier, how good, how safe, how far."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecircle.config.indicators.base import IndicatorEntry
from lifecircle.config.records import Need, TableFilter, needs_of

Ask = Literal[
    "tier", "outside", "large_scale", "same_quality", "adequacy", "backup", "chain", "convenience", "four_criteria"
]
PLANTS = Need("water_plant", ("tier", "capacity", "served"))
SOURCES = Need("water_source", ("plant", "capacity"))
SAMPLES = Need("water_monitoring", ("plant", "stage", "date", "pass"))
NEEDS: dict[str, tuple[Need, ...]] = {
    "tier": (PLANTS,),
    "outside": (PLANTS,),
    "large_scale": (PLANTS,),
    "same_quality": (PLANTS, SAMPLES),
    "adequacy": (PLANTS, SOURCES),
    "backup": (PLANTS, SOURCES),
    "chain": (PLANTS, SOURCES, SAMPLES),
    "convenience": (PLANTS,),
    "four_criteria": (Need("water_plant", ("tier", "capacity", "served", "reliability")), SOURCES, SAMPLES),
}


class Water(IndicatorEntry):
    """A share of people by what supplies them; quota, season and who is served are set in the district's ``[water]``.

    ``tier``: on the tiers ``tiers`` (``["未覆盖"]``: on none). ``outside``: supplied from outside the district. ``large_scale``: by a plant of
    at least ``large_m3d``. ``same_quality``: on ``tiers``, from a plant whose samples pass at ``pass_at_least``. ``adequacy``: by plants that
    meet demand in season. ``backup``: who keep their supply whatever single source is lost. ``chain``: sampled at source, plant and tap.
    ``convenience``: piped, or near enough to fetch. ``four_criteria``: quality, quantity, reliability and convenience, fail one = fail.
    """

    measure: Literal["water"]
    ask: Ask
    tiers: tuple[str, ...] = ("县域网",)
    pass_at_least: float = Field(default=0.95, ge=0, le=1)
    large_m3d: float = Field(default=1000.0, gt=0)
    samples: int = Field(default=1, ge=1)
    """Samples a year that a stage must have to count as watched."""
    in_units: TableFilter | None = None
    """Rows of a unit table: only people of these units count, such as those of rural villages (``urban = false``)."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """Plants, and what the question asks for beside."""
        return (*NEEDS[self.ask], *(needs_of((self.in_units,)) if self.in_units else ()))
