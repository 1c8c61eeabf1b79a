"""The frozen models of a rule: one clause made computable. Unknown keys are errors, as in :mod:`.schema`."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field, model_validator

from lifecircle.config.entries import Entry
from lifecircle.config.records import Filters
from lifecircle.config.schema import Direction, Frozen, ModeId


class Ready(Frozen):
    """What passes before help moves, by its parts; they add up to a rule's ``ready_minutes``."""

    call_min: float = Field(default=0.0, ge=0)
    """Answering the call and asking what has happened."""
    dispatch_min: float = Field(default=0.0, ge=0)
    """Choosing a crew and passing the order on."""
    turnout_min: float = Field(default=0.0, ge=0)
    """From the order to the wheels turning."""

    @property
    def total_min(self) -> float:
        """The sum of the parts."""
        return self.call_min + self.dispatch_min + self.turnout_min


class Onward(Frozen):
    """The rest of a chain: from the patient on to the nearest of these facilities."""

    facilities: Filters = Field(min_length=1)
    mode: ModeId | None = None
    """The rule's own where absent."""
    on_scene_minutes: float = Field(default=0.0, ge=0)
    """At the patient, between arriving and leaving."""
    handover_minutes: float = Field(default=0.0, ge=0)
    """At the hospital's door, where the clause counts it."""

    @property
    def fixed_minutes(self) -> float:
        """What no speed changes."""
        return self.on_scene_minutes + self.handover_minutes


class Rule(Entry):
    """One clause made computable: who is within reach of what."""

    facilities: Filters = Field(min_length=1)
    """Any of these."""
    mode: ModeId
    minutes: float | None = Field(default=None, gt=0)
    metres: float | None = Field(default=None, gt=0)
    ready_minutes: float = Field(default=0.0, ge=0)
    """Call handling and turnout before anyone moves; part of the limit. The sum of :attr:`ready` where that is given."""
    ready: Ready | None = None
    direction: Direction = "toward"
    then: Onward | None = None
    """Help comes, and takes people on to another facility; the limit is for the whole chain."""
    scenario: bool = False
    """An if, computed for others to compare with (were no school open): in the tables, and neither drawn nor on the map."""
    group: str | None = None
    """Who counts: a group of the population; everyone where absent."""

    @model_validator(mode="before")
    @classmethod
    def _sum_ready(cls, value: Any) -> Any:
        """Give ``ready_minutes`` the sum of ``ready``, so that whoever reads the one never misses the other."""
        if not isinstance(value, dict) or not isinstance(value.get("ready"), dict) or "ready_minutes" in value:
            return value
        parts = [part for part in value["ready"].values() if isinstance(part, (int, float))]
        return {**value, "ready_minutes": float(sum(parts))}

    @model_validator(mode="after")
    def _minutes_or_metres(self) -> Rule:
        if (self.minutes is None) == (self.metres is None):
            raise ValueError("minutes 与 metres 必须且只能给一个 give exactly one of minutes and metres")
        if self.ready is not None and not math.isclose(self.ready_minutes, self.ready.total_min):
            raise ValueError("ready_minutes 与 ready 只给一个 give one of ready_minutes and ready; they differ")
        if self.metres is not None and self.ready_minutes:
            raise ValueError("ready_minutes 只用于 minutes 准则; a distance has no readiness")
        if self.then is not None and (self.direction != "from" or self.metres is not None):
            raise ValueError(
                'then 只用于 direction = "from" 的 minutes 准则; a chain starts from a station, in minutes'
            )
        if self.minutes is not None and self.fixed_minutes >= self.minutes:
            raise ValueError("准备、现场与交接须小于 minutes; readiness, on scene and handover leave nothing to travel")
        return self

    @property
    def is_distance(self) -> bool:
        """Whether the limit is in metres."""
        return self.metres is not None

    @property
    def is_response(self) -> bool:
        """Whether help comes to people, in minutes: the rules of 急救地图."""
        return self.direction == "from" and not self.is_distance

    @property
    def fixed_minutes(self) -> float:
        """The part of the limit that no speed changes: readiness, and what passes on scene and at handover."""
        return self.ready_minutes + (self.then.fixed_minutes if self.then is not None else 0.0)

    @property
    def modes(self) -> tuple[str, ...]:
        """The ways of going: the rule's, and that of the rest of its chain where it is another."""
        onward = self.then.mode if self.then is not None else None
        return (self.mode,) if onward in (None, self.mode) else (self.mode, str(onward))

    @property
    def limit(self) -> float:
        """The limit in :attr:`limit_unit`."""
        return self.metres if self.metres is not None else float(self.minutes or 0.0)

    @property
    def limit_unit(self) -> Literal["min", "m"]:
        """``min`` or ``m``."""
        return "m" if self.is_distance else "min"

    @property
    def column(self) -> str:
        """The rule's column in ``cells.parquet``: minutes or metres to the nearest facility, of a chain in all."""
        return f"{self.id}__{self.limit_unit}"
