"""What a comparison of two years is drawn on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecircle.config import Configuration, District
from lifecircle.config.schema import Level
from lifecircle.model import Cells, Facilities, IntArray, Units

if TYPE_CHECKING:
    import shapely


@dataclass(frozen=True, slots=True, eq=False)
class ComparedGround:
    """The later year's layers, and what only one of the years has."""

    configuration: Configuration
    district: District
    units: Mapping[Level, Units]
    cells: Cells
    facilities: Facilities
    facilities_from: Facilities
    """The earlier year's: where those stood that closed."""
    serving: Mapping[str, IntArray]
    """By rule id, rows of the facilities that serve it."""
    streets: Mapping[str, tuple[shapely.LineString, ...]]
    """``opened`` and ``closed``: ways that only the later year has, and only the earlier; district CRS."""
