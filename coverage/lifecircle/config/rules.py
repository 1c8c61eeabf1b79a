"""The frozen models of a rule: one clause made computable. Unknown keys are errors, as in :mod:`.schema`."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from lifecircle.config.schema import (
    LEVELS,
    AttributeValue,
    Direction,
    FacilityKind,
    Frozen,
    Label,
    Level,
    ModeId,
    Names,
    as_tuple,
)

RuleId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class FacilityFilter(Frozen):
    """Which facilities count: a kind (or several), and any attribute of theirs."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Annotated[tuple[FacilityKind, ...], BeforeValidator(as_tuple)]

    @property
    def attributes(self) -> dict[str, tuple[AttributeValue, ...]]:
        """Attribute to the values that count."""
        return {key: tuple(as_tuple(value)) for key, value in (self.model_extra or {}).items()}


Filters = Annotated[tuple[FacilityFilter, ...], BeforeValidator(as_tuple)]
"""Any of these."""


class Target(Frozen):
    """What the clause asks of a unit; ``value`` is a share, 0-1. The kinds of DESIGN that need a base year come later."""

    kind: Literal["at_least", "at_most", "all"]
    value: float | None = Field(default=None, ge=0, le=1)
    year: int = Field(ge=1949, le=2100)

    @model_validator(mode="after")
    def _all_needs_no_value(self) -> Target:
        if self.kind != "all" and self.value is None:
            raise ValueError(f"{self.kind} 须给出 value (0-1 之间的份额) give a value between 0 and 1")
        return self


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


class Rule(Frozen):
    """One clause made computable."""

    id: RuleId
    label: Names | None = None
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
    levels: tuple[Level, ...] = LEVELS
    group: str | None = None
    """Who counts: a group of the population; everyone where absent."""
    target: Target | None = None
    policy: str = ""
    clause: str = ""
    quote: str = ""
    source: str = ""
    assumption: str = ""
    """What the clause leaves open and this rule fills in; shown wherever the rule is."""

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
    def names(self) -> Label:
        """The label, or the id where there is none."""
        return self.label or Label(zh=self.id, en=self.id)

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
