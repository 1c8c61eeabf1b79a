"""The levels figures are reported at, and sums over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from lifecircle.config import District
from lifecircle.config.schema import LEVELS, Level
from lifecircle.measures.coverage import sum_by_unit
from lifecircle.model import Cells, FloatArray, TextArray, Units


@dataclass(frozen=True, slots=True, eq=False)
class LevelSums:
    """The units of a level, and what of each cell's value lies in them."""

    level: Level
    code: TextArray
    name: TextArray

    cells: Cells
    parts: Level | None
    """Where the district is the sum of its units: the level summed."""

    @property
    def membership(self) -> csr_array:
        """Units x cells: the fraction of each cell in each unit."""
        if self.parts is not None:
            return csr_array(np.asarray(self.cells.membership[self.parts].sum(axis=0)).reshape(1, -1))
        return self.cells.membership[self.level]

    def sum(self, values: FloatArray) -> FloatArray:
        """Return the sum of a value over the cells of each unit."""
        if self.parts is not None:
            return np.array([sum_by_unit(self.cells.membership[self.parts], values).sum()])
        return sum_by_unit(self.cells.membership[self.level], values)


def levels_of(district: District, units: Mapping[Level, Units], cells: Cells) -> dict[Level, LevelSums]:
    """Return the levels that can be reported, the district first.

    The district is the sum of its townships (of its villages where there are no townships), so that units always add up to it;
    only a district without units is its own polygon.
    """
    parts: Level | None = next((level for level in LEVELS[1:] if level in units), None)
    code, name = np.array([district.code], dtype=object), np.array([district.name.zh], dtype=object)
    levels: dict[Level, LevelSums] = {"district": LevelSums("district", code, name, cells, parts)}
    for level in LEVELS[1:]:
        if level in units:
            levels[level] = LevelSums(level, units[level].code, units[level].name, cells, None)
    return levels
