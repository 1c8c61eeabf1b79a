"""What a clause may ask of a district: its units, people, records by unit, and what rules came to. Arrays and frames, no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import Condition, Configuration, District, FacilityFilter, Rule, TableFilter
from lifecircle.config.schema import LEVELS, Level
from lifecircle.measures.levels import LevelSums
from lifecircle.model import (
    BoolArray,
    Cells,
    Facilities,
    FloatArray,
    IntArray,
    Register,
    RuleResult,
    TextArray,
    Units,
)
from lifecircle.problems import Problem, Problems
from lifecircle.sources import match_where
from lifecircle.sources.tables import as_numbers, is_missing, read_bool, show_rows, show_values


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """Records that a filter lets through: facilities, places of a layer, or rows of a table."""

    frame: pd.DataFrame
    unit: Mapping[Level, IntArray]
    """Per level, the unit of each record; -1 where it lies in none. Levels that the records do not know are absent."""
    geometry: TextArray | None
    """District CRS; None for rows of a table."""
    name: str
    """Kinds or tables, for messages."""
    year: float = float("nan")
    """The year the records are of, where they say so."""
    row: TextArray | None = None
    """What each record is called in a message: a facility's kind and id, a table's row as the planner sees it."""
    row_year: FloatArray | None = None
    """The year each row of a table is of; NaN where it does not say. None for places."""

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def year_note(self) -> str:
        """What to say of the year the records are of; empty where they do not say."""
        return f"（{self.year:.0f}年数据 data of {self.year:.0f}）" if np.isfinite(self.year) else ""


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """What a clause of capacity came to, for those who ask why people find no place."""

    rule: str
    people_full: FloatArray
    """Of each cell: within the limit, and no place left."""
    capacity: FloatArray
    """Of each facility of the rule, 0 where nobody says."""
    people_served: FloatArray
    """By each of them."""


@dataclass(eq=False)
class Facts:
    """One district's facts. Figures are functions of these and of nothing else."""

    configuration: Configuration
    district: District
    year: int
    units: Mapping[Level, Units]
    levels: Mapping[Level, LevelSums]
    parents: Mapping[tuple[Level, Level], IntArray]
    """(level, level above) to the row above of each unit, -1 where none."""
    cells: Cells
    facilities: Facilities
    layers: Facilities
    place_unit: Mapping[Level, IntArray]
    """Per level, the unit of each facility and then of each place of a layer."""
    registers: Mapping[str, Register]
    results: Mapping[str, RuleResult]
    reach: Callable[[Rule, float], csr_array]
    """A rule to facilities x cells: minutes (readiness included) or metres, up to its limit, or so many times what it leaves to travel."""
    problems: Problems
    height_m: Callable[[FloatArray, FloatArray], FloatArray] | None = None
    """x, y in the district's CRS to the height of the ground, NaN where not known; None without a dem."""
    rows: dict[str, pd.DataFrame] = field(default_factory=dict)
    """By entry id, the judged rows of what has been computed so far."""
    supply: Any = None
    """The waterworks, built when a clause first asks for them."""
    listed: set[str] = field(default_factory=set)
    """Tables that are listed once, whichever entry asks first."""
    by_cell: dict[str, FloatArray] = field(default_factory=dict)
    """By entry id, the values by cell of what has been computed so far and has them."""
    filled: dict[str, Filled] = field(default_factory=dict)
    """By entry id, the clauses of capacity computed so far."""

    @cached_property
    def places(self) -> pd.DataFrame:
        """Facilities, then places of layers."""
        held = [one.frame for one in (self.facilities, self.layers) if len(one)] or [self.facilities.frame]
        return pd.DataFrame(pd.concat(held, ignore_index=True))

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Kinds that the district has a layer of, whether or not anything is in it."""
        described = (*self.configuration.facilities, *self.configuration.layers)
        return frozenset({*self.places["kind"], *(layer.kind for layer in described)})

    def select(
        self,
        records: Sequence[TableFilter | FacilityFilter],
        *columns: str | None,
        everywhere: bool = False,
        every_year: bool = False,
    ) -> Selected:
        """Return the records that any of the filters lets through.

        Parameters
        ----------
        records
            Kinds and tables that are absent, or that lack a column asked of them, add no record.
        columns
            What is asked of the records beside the filters' own conditions.
        everywhere
            Places outside the district too: they are near its people; a clause that counts units or facilities counts those inside.
        every_year
            Rows of all years, and not of the latest up to the run's.
        """
        asked = [column for column in columns if column]
        tables = [wanted for wanted in records if isinstance(wanted, TableFilter)]
        if tables:
            return self._select_rows(tables, asked, every_year=every_year)
        kinds = [wanted for wanted in records if isinstance(wanted, FacilityFilter)]
        return self._select_places(kinds, asked, everywhere=everywhere)

    def _select_places(self, filters: list[FacilityFilter], asked: list[str], *, everywhere: bool) -> Selected:
        places = self.places
        chosen = np.zeros(len(places), dtype=bool)
        is_used = (places["status"] == "used").to_numpy()
        for wanted in filters:
            for kind in wanted.kind:
                of_kind = (places["kind"] == kind).to_numpy() & is_used
                if of_kind.any() and not absent_columns(places[of_kind], [*wanted.attributes, *asked]):
                    chosen[of_kind] |= match_where(places[of_kind], wanted.attributes)
                    self.warn_unclear(places[of_kind], wanted.attributes, kind, places.loc[of_kind, "facility_id"])
        if not everywhere:
            chosen &= self.place_unit["district"] >= 0
        name = "/".join(dict.fromkeys(kind for wanted in filters for kind in wanted.kind))
        frame = places[chosen].reset_index(drop=True)
        unit = {level: rows[chosen] for level, rows in self.place_unit.items()}
        row = np.array(
            [f"{kind} {name}" for kind, name in zip(frame["kind"], frame["facility_id"], strict=True)], dtype=object
        )
        return Selected(frame, unit, frame["geometry"].to_numpy(dtype=object), name, row=row)

    def _select_rows(self, filters: list[TableFilter], asked: list[str], *, every_year: bool) -> Selected:
        frames, units, years, rows, row_years = [], [], [], [], []
        for wanted in filters:
            register = self.registers.get(wanted.table)
            if register is None or absent_columns(register.frame, [*wanted.attributes, *asked]):
                continue
            of_year, year = latest_year(register.year, self.year)
            if every_year:
                of_year, year = np.ones(len(register), dtype=bool), float("nan")
            chosen = of_year & match_where(register.frame, wanted.attributes)
            self.warn_unclear(register.frame, wanted.attributes, wanted.table, register.row)
            frames.append(register.frame[chosen])
            units.append({level: unit[chosen] for level, unit in register.unit.items()})
            years.append(year)
            rows.append(register.row[chosen])
            row_years.append(register.year[chosen])
        name = "/".join(dict.fromkeys(wanted.table for wanted in filters))
        if not frames:
            return Selected(pd.DataFrame(), {"district": np.zeros(0, dtype=np.int64)}, None, name)
        shared = [level for level in units[0] if all(level in one for one in units)]
        joined = {level: np.concatenate([one[level] for one in units]) for level in shared}
        return Selected(
            pd.concat(frames, ignore_index=True),
            joined,
            None,
            name,
            float(np.nanmin([*years, np.inf])) if np.isfinite(years).any() else np.nan,
            np.concatenate(rows),
            np.concatenate(row_years),
        )

    def units_in(self, wanted: TableFilter, level: Level) -> BoolArray:
        """Return which units of a level have a row that a filter lets through.

        Units that the table has no row of, or whose row does not say (whether it is town or country), are neither counted nor left out in
        silence: they are warned of.
        """
        rows = self.select((TableFilter(table=wanted.table),), *wanted.attributes)
        count, unit = len(self.levels[level].code), rows.unit[level]
        matches = match_where(rows.frame, wanted.attributes) if len(rows) else np.zeros(0, dtype=bool)
        says = np.ones(len(rows), dtype=bool)
        for column in wanted.attributes:
            says &= np.array([not is_missing(cell) for cell in rows.frame[column]], dtype=bool)
        chosen, known = (
            np.bincount(unit[held], minlength=count) > 0 for held in ((unit >= 0) & matches, (unit >= 0) & says)
        )
        if not known.all():
            lost = self.levels[level].name[~known]
            self._warn_once(Problem(
                "units-not-told", "warning", wanted.table, f"表中没有说明，未计入 the table does not say, not counted: {show_values(lost)}",
                field=", ".join(wanted.attributes), expected="每个单元一行 a row a unit", mend="补上 fill in", count=int((~known).sum()),
            ))  # fmt: skip
        return np.asarray(chosen)

    def amount(self, selected: Selected, column: str | None) -> FloatArray:
        """Return a column of records as numbers, 1 each where ``column`` is None; what is no number adds nothing and is warned of."""
        if column is None:
            return np.ones(len(selected))
        if column not in selected.frame.columns:
            return np.zeros(len(selected))
        return np.nan_to_num(self.numbers(selected, column), nan=0.0)

    def warn_unclear(self, frame: pd.DataFrame, conditions: Mapping[str, Condition], name: str, row: Any) -> None:
        """Warn of what stands where yes or no is asked for and says neither: it counts as no."""
        for column, wanted in conditions.items():
            if not isinstance(wanted, tuple) or not any(isinstance(value, bool) for value in wanted):
                continue
            cells = frame[column].to_numpy(dtype=object)
            unclear = np.array([read_bool(cell) is None and not is_missing(cell) for cell in cells], dtype=bool)
            if unclear.any():
                self._warn_once(Problem(
                    "records-not-yes-or-no", "warning", name, f"不是是否，按无计 neither yes nor no, counted as no: {show_values(cells[unclear])}",
                    row=show_rows(np.asarray(row)[unclear]), field=column, count=int(unclear.sum()), mend="写成 write 是/否, true/false, 1/0",
                ))  # fmt: skip

    def _warn_once(self, warning: Problem) -> None:
        """Add a warning; several indicators may ask for one column."""
        if warning not in self.problems.found:
            self.problems.found.append(warning)

    def numbers(self, selected: Selected, column: str) -> FloatArray:
        """Return a column of records as numbers, NaN where a cell is empty or no number, which is warned of with its rows."""
        cells = selected.frame[column].to_numpy(dtype=object)
        numbers = as_numbers(cells)
        wanting = numbers.is_bad | numbers.is_blank
        if wanting.any():
            row = selected.row if selected.row is not None else selected.frame.index.to_numpy()
            values = show_values(cells[numbers.is_bad])
            warning = Problem(
                "records-no-number", "warning", selected.name,
                f"没有数或不是数，未计入 no number, adds nothing{': ' + values if values else ''}",
                row=show_rows(row[wanting]), field=column, count=int(wanting.sum()),
                mend="改成数字（百分数写 62.5，不写 62.5%） write a number (62.5 for 62.5%)",
            )  # fmt: skip
            self._warn_once(warning)
        return numbers.value

    def sum(self, level: Level, selected: Selected, weights: FloatArray) -> FloatArray:
        """Return the sum of a weight over the records of each unit. Shape (units,)."""
        unit = selected.unit[level]
        held = unit >= 0
        count = len(self.levels[level].code)
        return np.bincount(unit[held], weights=weights[held], minlength=count).astype(np.float64)

    def levels_for(self, asked: Sequence[Level], known: Mapping[Level, IntArray] | None = None) -> list[Level]:
        """Return the levels to report, from large to small: those asked for that the district and the records have."""
        return [level for level in self.levels if level in asked and (known is None or level in known)]

    def roll_up(self, level: Level, above: Level, values: FloatArray) -> FloatArray:
        """Return the sum over the units of each unit above."""
        count = len(self.levels[above].code)
        if level == above:
            return values
        row = np.zeros(len(values), dtype=np.int64) if above == "district" else self.parents[level, above]
        held = row >= 0
        return np.bincount(row[held], weights=values[held], minlength=count).astype(np.float64)

    def above(self, level: Level) -> list[Level]:
        """Return a level and those above it that the district has, from large to small."""
        return [one for one in LEVELS[: LEVELS.index(level) + 1] if one in self.levels]

    def is_quasi(self, level: Level) -> BoolArray:
        """Return which units are none that a clause means, by their codes of 9 or 12 digits.

        Townships with 400-599 in the digits of the town are quasi-units (园区、林场); villages with 498 or 598 at the end stand for the
        residents of one and are no villages. A real village in a quasi-unit is a village.
        """
        code = [text if text.isdigit() and len(text) in (9, 12) else "" for text in self.levels[level].code]
        if level == "village":
            return np.array([text[9:12] in ("498", "598") for text in code], dtype=bool)
        is_quasi = np.array(["400" <= text[6:9] <= "599" for text in code], dtype=bool)
        return is_quasi if level == "township" else np.zeros(len(code), dtype=bool)

    @property
    def groups_beside(self) -> dict[str, FloatArray]:
        """The groups whose coverage stands beside every rule's."""
        population = self.configuration.population
        asked = (
            population.beside if population is not None and population.beside is not None else tuple(self.cells.groups)
        )
        return {name: self.cells.groups[name] for name in asked if name in self.cells.groups}

    def group(self, name: str | None) -> FloatArray:
        """Return the people of each cell, or those of a group."""
        return self.cells.people if name is None else self.cells.groups[name]


def absent_columns(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """Return which columns records do not have, or have nothing in."""
    return tuple(column for column in columns if column not in frame.columns or frame[column].isna().all())


def latest_year(years: FloatArray, upto: int) -> tuple[BoolArray, float]:
    """Return the rows of the latest year up to one, and that year; all rows where none says its year."""
    if np.isnan(years).all():
        return np.ones(len(years), dtype=bool), float("nan")
    known = years[years <= upto]
    if not known.size:
        return np.zeros(len(years), dtype=bool), float("nan")
    return years == known.max(), float(known.max())
