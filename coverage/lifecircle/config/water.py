"""What a district says of its water supply: how much a person takes, how much more in season, and who is served by whom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecircle.config.entries import EntryId
from lifecircle.config.schema import FacilityKind, Frozen


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
