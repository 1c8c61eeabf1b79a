"""What stood otherwise in another year: ``[[years]]`` of ``district.toml``.

An entry says only what differs from the rest of the file. Whatever it does not mention is as today; facilities come and go by
their own ``opened`` and ``closed_year``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from lifecircle.config.schema import Frozen, ModeId, Population, Roads, UnitLayer
from lifecircle.config.tables import TableFile

MERGED = ("population", "roads")
"""Sections of which an entry gives only the keys that differ."""


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


class YearLayers(Frozen):
    """One year, as far as it differs."""

    year: int = Field(ge=1949, le=2100)
    code: str | None = None
    """The district's code in that year."""
    units: tuple[UnitLayer, ...] = ()
    """Units of that year, by level; levels that are not given are today's."""
    population: Population | None = None
    roads: Roads | None = None
    """``closed`` names what was not built yet."""
    rules: dict[str, RuleThen] = Field(default_factory=dict)
    """By rule id, a limit that was another."""
    crosswalk: Crosswalk | None = None


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
    return whole
