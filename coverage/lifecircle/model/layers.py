"""What a district's layers become once they are through the door: units, people, facilities, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from lifecircle.config.schema import Level
from lifecircle.model.arrays import BoolArray, FloatArray, IntArray, TextArray
from lifecircle.problems import LedgerError

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd
    from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True, eq=False)
class InputFile:
    """One file that was read, for the manifest."""

    path: str
    """Relative to the district's folder where it lies in it."""
    sha256: str
    size_bytes: int
    role: str
    """``population``, ``facilities: clinic``, ``roads`` ..."""
    crs: str = ""
    rows: int = 0
    used: int = 0
    repaired: int = 0
    set_aside: int = 0
    not_chosen: int = 0
    """Rows that the file has besides, which ``where`` leaves out."""
    as_of: str = ""
    """The date of its data, where the file itself says it (OpenStreetMap extracts)."""

    part: str = ""
    """The sheet or layer of the file, where it has several."""
    row_range: str = ""
    """The first and the last row read, as the planner sees them in the file: ``4-95``."""

    def __post_init__(self) -> None:
        """Check the ledger: rows in = used + repaired + set aside, and none of them below 0.

        Raises
        ------
        LedgerError
            Where they do not add up: rows were lost or counted twice between the file and the figures.
        """
        parts = (self.used, self.repaired, self.set_aside)
        if self.rows != sum(parts) or min(*parts, self.not_chosen) < 0:
            raise LedgerError(
                f"内部错误：行数不平 internal error, rows do not add up | {self.path} ({self.role}): {self.rows} 行 rows, "
                f"{self.used} 使用 used + {self.repaired} 修复 repaired + {self.set_aside} 剔除 set aside | "
                "请把此文件与配置发给开发者 send this file and the configuration to the developers"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The units of one level, in file order."""

    level: Level
    code: TextArray
    name: TextArray
    geometry: npt.NDArray[np.object_]
    """Valid shapely polygons in the district's CRS."""

    def __len__(self) -> int:
        return len(self.code)


@dataclass(frozen=True, slots=True, eq=False)
class RasterGrid:
    """The raster that cells came from, for drawing them as a surface."""

    crs: str
    transform: tuple[float, float, float, float, float, float]
    """Affine a, b, c, d, e, f: column, row to raster coordinates."""
    shape: tuple[int, int]
    row: IntArray
    column: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Where people are."""

    id: TextArray
    x: FloatArray
    y: FloatArray
    lon: FloatArray
    lat: FloatArray
    people: FloatArray
    groups: Mapping[str, FloatArray]
    membership: Mapping[Level, csr_array]
    """Per level, units x cells: the fraction of the cell that lies in the unit. No entry for ``district``."""
    grid: RasterGrid | None = None
    size_m: float = 0.0
    """Side of a cell where it has one; 0 for points."""

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class Facilities:
    """Supply of every kind, used and set aside.

    ``frame`` is indexed 0 .. n-1 with the columns ``facility_id, kind, name, lon, lat, status`` (``used`` or ``set_aside``),
    ``reason``, ``is_inside`` (within the district), ``entrance_spacing_m``, ``border_m``, ``geometry`` (district CRS; None where
    set aside for want of a place), and the attributes listed in ``attributes``, as the files have them.
    """

    frame: gpd.GeoDataFrame
    attributes: tuple[str, ...]
    record_years: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Of kinds whose rows are records with a date: the years they are of. Those of other years than the run's are set aside."""

    def __len__(self) -> int:
        return len(self.frame)


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
    row: TextArray  # as the planner sees it in the file, for messages
    people: Literal["resident", "registered"] | None = None
    holds: Literal["its_year", "until_next", "every_year"] = "every_year"
    """Which runs a row holds for: that of its year, any until the next year there is, or all."""
    lists_all: bool = False
    """Whether a unit without a row has none; else nothing is known of it."""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column to every word it may hold, where that is declared."""

    def __len__(self) -> int:
        return len(self.frame)

    def rows_for(self, year: int) -> tuple[BoolArray, float]:
        """Return the rows that hold for a year, and the year they are of (NaN where they are of none, or of several)."""
        if self.holds == "every_year":
            return np.ones(len(self), dtype=np.bool_), np.nan
        if self.holds == "its_year":
            chosen = self.year == year
            return chosen, float(year) if chosen.any() else np.nan
        known = self.year[self.year <= year]
        latest = float(known.max()) if known.size else np.nan
        return self.year == latest, latest


@dataclass(frozen=True, slots=True)
class Known:
    """What units are measured against beside the targets' own figures; values as in the tables (percentages 0-100)."""

    bases: Mapping[tuple[str, str, str], Mapping[int, float]] = field(default_factory=dict)
    """(indicator, level, unit code) to the value in each earlier year that is known."""
    references: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    """Indicator to what others have, and who they are."""
    reference_years: Mapping[str, int] = field(default_factory=dict)
    """Indicator to the year of what others have, where it is said."""
