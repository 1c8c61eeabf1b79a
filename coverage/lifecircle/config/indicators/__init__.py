"""The frozen models of indicators, told apart by their ``measure``; a new measure is one class here and one function in ``clauses``."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from lifecircle.config.indicators.access import CapacityShare, FloatingCatchment, Gain, MeanMinutes
from lifecircle.config.indicators.base import IndicatorEntry
from lifecircle.config.indicators.counted import (
    Count,
    Density,
    OnTime,
    Presence,
    Progress,
    Ratio,
    Reported,
    Share,
)
from lifecircle.config.indicators.judged import Difference, Inequality, Scorecard, UnitsMeeting
from lifecircle.config.indicators.spatial import Affected, AreaShare, Length, Near, PeopleNear
from lifecircle.config.indicators.water import Water

AnyIndicator = (
    Presence | Share | Ratio | Count | Density | Reported | Progress | OnTime
    | AreaShare | PeopleNear | Length | Near | Affected
    | MeanMinutes | CapacityShare | FloatingCatchment | Gain
    | Inequality | UnitsMeeting | Difference | Scorecard
    | Water
)  # fmt: skip
Indicator = Annotated[AnyIndicator, Field(discriminator="measure")]
MEASURES: dict[str, type[IndicatorEntry]] = {
    get_args(model.model_fields["measure"].annotation)[0]: model for model in get_args(AnyIndicator)
}
"""Every measure by its name in TOML."""

__all__ = [
    "MEASURES",
    "Affected",
    "AnyIndicator",
    "AreaShare",
    "CapacityShare",
    "Count",
    "Density",
    "Difference",
    "FloatingCatchment",
    "Gain",
    "Indicator",
    "IndicatorEntry",
    "Inequality",
    "Length",
    "MeanMinutes",
    "Near",
    "OnTime",
    "PeopleNear",
    "Presence",
    "Progress",
    "Ratio",
    "Reported",
    "Scorecard",
    "Share",
    "UnitsMeeting",
    "Water",
]
