"""Tables by unit, and what units are measured against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from lifecircle.config.schema import Level
from lifecircle.model.arrays import FloatArray, IntArray, TextArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """A table by unit: statistics, one row a unit, or a list with many rows of one."""

    name: str
    frame: pd.DataFrame
    """Indexed 0 .. n-1, only rows of a unit; the columns' own names, or ours where the configuration gives them."""
    file: str
    unit: Mapping[Level, IntArray]
    """Per level, the unit of each row: its own level's and those above; -1 where it lies in none."""
    level: Level
    year: FloatArray
    """The year each row is of; NaN where the table does not say."""
    row: TextArray
    """Each row as the planner sees it in the file, for messages."""
    people: Literal["resident", "registered"] | None = None

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True)
class Known:
    """What units are measured against beside the targets' own figures; values as in the tables (percentages 0-100)."""

    bases: Mapping[tuple[str, str, str], tuple[int, float]] = field(default_factory=dict)
    """(indicator, level, unit code) to an earlier year and the value then."""
    references: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    """Indicator to what others have, and who they are."""
