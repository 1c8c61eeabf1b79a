"""What the words of street layers mean, and what is plausible of a street: the models of ``streets.toml``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lifecircle.config.schema import Frozen

Direction = Literal["yes", "-1", "no", "reversible", "alternating", "closed"]


class OnewayWords(Frozen):
    """One convention of writing directions."""

    id: str
    source: str = Field(min_length=1)
    signs: tuple[str, ...] = ()
    """The convention holds where one of these words stands in the column; always where there are none."""
    sure: tuple[str, ...] = ()
    """Words that leave no doubt that the convention is meant."""
    values: dict[str, Direction]


class Structures(Frozen):
    """Words of bridge and tunnel columns that say that there is none."""

    no: tuple[str, ...]
    source: str


class HighwayWords(Frozen):
    """OpenStreetMap's classes of way."""

    known: tuple[str, ...]
    source: str
    minor: tuple[str, ...]
    """Ways of which a dead end for wheels is no error."""


class ClassWords(Frozen):
    """Classes of way in other words than OpenStreetMap's."""

    source: str = Field(min_length=1)
    values: dict[str, str]


class PlausibleStreets(Frozen):
    """The ranges beyond which something is told of a street layer."""

    loose_m: float = Field(gt=0)
    same_place_m: float = Field(gt=0)
    all_oneway_share: float = Field(gt=0, le=1)
    broken_share: float = Field(gt=0, le=1)
    people_off_share: float = Field(gt=0, le=1)
    sides_share: float = Field(gt=0, le=1)


class StreetWords(Frozen):
    """All of ``streets.toml``."""

    oneway: tuple[OnewayWords, ...]
    structures: Structures
    highway: HighwayWords
    classes: tuple[ClassWords, ...]
    plausible: PlausibleStreets
