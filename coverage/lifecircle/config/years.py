"""What stood otherwise in another year: ``[[years]]`` of ``district.toml``.

An entry says only what differs from the rest of the file. Whatever it does not mention is as today; facilities come and go by
their own ``opened`` and ``closed_year``, or are listed anew by kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field, model_validator

from lifecircle.config.schema import FacilityLayer, Ferry, Frozen, ModeId, Population, RoadsLayer, UnitLayer
from lifecircle.config.tables import TableFile, TableLayer

MERGED = ("population", "roads")
"""Sections of which an entry gives only the keys that differ."""
OF_THE_FILE = ("sheet", "layer", "encoding", "where")
"""How today's file is laid out: not taken over by an entry with a file of its own."""
OF_THE_PLACE = ("lon", "lat", "x", "y", "crs", "datum")
"""Not taken over by an entry that gives any of them."""


class Crosswalk(TableFile):
    """A year's units in today's: columns ``from_code, to_code, share``, where share is of the people (1 where the column is empty).

    The shares of each ``from_code`` sum to 1. Units that are not listed have the same code today.
    """


class RuleThen(Frozen):
    """A rule's limit or mode in that year."""

    minutes: float | None = Field(default=None, gt=0)
    metres: float | None = Field(default=None, gt=0)
    mode: ModeId | None = None

    @model_validator(mode="after")
    def _minutes_or_metres(self) -> RuleThen:
        if self.minutes is not None and self.metres is not None:
            raise ValueError("minutes 与 metres 只给一个 give one of minutes and metres")
        return self


class FacilitiesThen(FacilityLayer):
    """A kind's facilities as they were listed in that year, in place of today's layer of the kind."""

    instead_of: str | None = None
    """The ``path`` of today's layer, where several are of the kind."""

    @model_validator(mode="after")
    def _has_no_limits(self) -> FacilitiesThen:
        if self.within:
            raise ValueError(
                "往年的限值写在 rules a limit that was another goes into rules = { ... } of the year, not within"
            )
        return self


class YearLayers(Frozen):
    """One year, as far as it differs."""

    year: int = Field(ge=1949, le=2100)
    code: str | None = None
    """The district's code in that year."""
    units: tuple[UnitLayer, ...] = ()
    """Units of that year, by level; levels that are not given are today's."""
    population: Population | None = None
    roads: RoadsLayer | None = None
    """``closed`` names what was not built yet."""
    rules: dict[str, RuleThen] = Field(default_factory=dict)
    """By rule id, a limit or a mode that was another."""
    crosswalk: Crosswalk | None = None
    facilities: tuple[FacilitiesThen, ...] = ()
    """By kind; kinds that are not listed are today's."""
    layers: tuple[FacilitiesThen, ...] = ()
    """Places that are no supply, in the same way."""
    ferries: tuple[Ferry, ...] = ()
    """By name: one of today's with other keys (``closed = true`` where it did not sail), or one that sailed then only."""
    tables: tuple[TableLayer, ...] = ()
    """By name."""

    @model_validator(mode="before")
    @classmethod
    def _has_no_modes(cls, value: Any) -> Any:
        """Refuse modes: two years of one mode would be two things of one name in every table."""
        if isinstance(value, dict) and "modes" in value:
            raise ValueError(
                '往年的速度另立一种出行方式 give the speed of that year a mode of its own: [modes.walk_then] network_type = "walk", '
                'speed_kph = 4; rules = { "clinic-15min-walk" = { mode = "walk_then" } }'
            )
        return value


def complete_years(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``district.toml`` with the entries of ``[[years]]`` completed from the sections they differ from.

    An entry that gives ``source`` (of people) describes the section anew: nothing of today's is taken over.
    """
    entries = table.get("years")
    if not isinstance(entries, list):
        return dict(table)
    return {**table, "years": [_complete(entry, table) if isinstance(entry, dict) else entry for entry in entries]}


def _complete(entry: dict[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    whole = dict(entry)
    for name in MERGED:
        own, today = entry.get(name), table.get(name)
        if isinstance(own, dict) and isinstance(today, dict) and "source" not in own:
            whole[name] = {**today, **own}
    for name, pick in (("facilities", stood_for), ("layers", stood_for), ("ferries", named_as), ("tables", named_as)):
        if isinstance(entry.get(name), list):
            whole[name] = [_complete_layer(one, _entries(table, name), pick) for one in entry[name]]
    return whole


def _entries(table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    listed = table.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def stood_for(own: Mapping[str, Any], today: Mapping[str, Any]) -> bool:
    """Whether a year's layer, as written, stands for one of today's: of its kind, and the one it names where it names one."""
    return own.get("kind") == today.get("kind") and own.get("instead_of") in (None, today.get("path"))


def named_as(own: Mapping[str, Any], today: Mapping[str, Any]) -> bool:
    """Whether a year's ferry or table, as written, stands for one of today's: by its name."""
    return bool(own.get("name")) and own.get("name") == today.get("name")


def _complete_layer(
    own: Any, today: list[dict[str, Any]], pick: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
) -> Any:
    """Return a year's layer with what it does not say taken from the one of today's that it stands for, if that is one."""
    if not isinstance(own, dict):
        return own
    # One that names a layer there is not is told of that, and of nothing else: it takes over what its kind has.
    kin = {key: value for key, value in own.items() if key != "instead_of"}
    found = [one for one in today if pick(own, one)] or [one for one in today if pick(kin, one)]
    if len(found) != 1:
        return own
    left = {"within"}
    left |= set(OF_THE_FILE) if "path" in own else set()
    left |= set(OF_THE_PLACE) if own.keys() & set(OF_THE_PLACE) else set()
    return {**{key: value for key, value in found[0].items() if key not in left}, **own}
