"""Under which other assumptions the conclusions of a run are tried: ``[sensitivity]`` of ``district.toml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from lifecircle.config.entries import EntryId
from lifecircle.config.schema import Frozen


def _are_others(factors: tuple[float, ...]) -> tuple[float, ...]:
    if 1.0 in factors or len(set(factors)) < len(factors):
        raise ValueError("每个倍数写一次，1 就是现状本身 each factor once; 1 is the figure itself")
    return factors


Factors = Annotated[tuple[Annotated[float, Field(gt=0, le=10)], ...], AfterValidator(_are_others)]


class Sensitivity(Frozen):
    """Factors of the speed and of the limit, and other people."""

    speeds: Factors = (0.8, 1.2)
    """Times the speed, of rules in minutes."""
    limits: Factors = (0.8, 1.2)
    """Times the limit, in minutes or metres."""
    populations: tuple[EntryId, ...] | None = None
    """Scenarios whose people are tried, and nothing else of theirs; where absent, all that have people of their own."""
