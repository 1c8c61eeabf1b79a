"""What a clause may ask of a district: its units, people, records by unit, and what rules came to. Arrays and frames, no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import Condition, Configuration, District, FacilityFilter, Rule
from lifecircle.config.records import TableFilter
from lifecircle.config.schema import LEVELS, Level
from lifecircle.indicators.figures import LevelSums
from lifecircle.model import BoolArray, Cells, Facilities, FloatArray, IntArray, Register, RuleResult, TextArray, Units
from lifecircle.problems import Problem, Problems
from lifecircle.sources.opening import UNDATED
from lifecircle.sources.tables import (
    as_numbers,
    is_missing,
    match_known,
    match_where,
    read_bool,
    show_rows,
    show_values,
)

Absent = tuple[tuple[Level, BoolArray], ...]
"""By level, the units of which a table has no row: nothing is known of them."""


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
    years: tuple[int, ...] = ()
    """The years the records are of, where they say so."""
    row: TextArray | None = None
    """What each record is called in a message: a facility's kind and id, a table's row as the planner sees it."""
    row_year: FloatArray | None = None
    """The year each row of a table is of; NaN where it does not say. None for places."""
    maybe: Selected | None = None
    """Records of which it is not known whether the filter lets them through; None where there is none."""
    asked: Mapping[Level, IntArray] = field(default_factory=dict)
    """Per level, the unit of every record that the filter was asked of, those it did not let through too."""
    absent: Absent = ()
    """Units of which the table has no row."""

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def year_note(self) -> str:
        """What to say of the year the records are of; empty where they do not say."""
        return f"（{self.years[0]}年数据 data of {self.years[0]}）" if self.years else ""

    @property
    def unsure(self) -> tuple[Selected, ...]:
        """:attr:`maybe` where there is any."""
        return () if self.maybe is None or not len(self.maybe) else (self.maybe,)


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

    def cells_of(self, name: str, *, is_table: bool) -> tuple[pd.DataFrame, Mapping[str, tuple[str, ...]]]:
        """Return all rows of a table or kind, of whatever year, and the words that their columns are declared to hold."""
        if is_table:
            register = self.registers.get(name)
            return (register.frame, register.words) if register is not None else (pd.DataFrame(), {})
        described = (*self.configuration.facilities, *self.configuration.layers)
        words = {column: held for layer in described if layer.kind == name for column, held in layer.words.items()}
        return self.places[self.places["kind"] == name], words

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
            Kinds and tables that are absent add no record; of places that lack a column asked of them it is not known.
        columns
            What is asked of the records beside the filters' own conditions.
        everywhere
            Places outside the district too: they are near its people; a clause that counts units or facilities counts those inside.
        every_year
            Rows of all years, and not only those that hold for the run's.
        """
        asked = [column for column in columns if column]
        tables = [wanted for wanted in records if isinstance(wanted, TableFilter)]
        if tables:
            return self._select_rows(tables, asked, every_year=every_year)
        kinds = [wanted for wanted in records if isinstance(wanted, FacilityFilter)]
        return self._select_places(kinds, asked, everywhere=everywhere)

    def _select_places(self, filters: list[FacilityFilter], asked: list[str], *, everywhere: bool) -> Selected:
        places = self.places
        chosen, unsure, of_kinds = np.zeros((3, len(places)), dtype=bool)
        is_used = (places["status"] == "used").to_numpy()
        is_undated = (places["reason"] == UNDATED).to_numpy()
        for wanted in filters:
            for kind in wanted.kind:
                of_kind = (places["kind"] == kind).to_numpy() & is_used
                undated = (places["kind"] == kind).to_numpy() & is_undated
                if undated.any() and not absent_columns(places[undated], list(wanted.attributes)):
                    # Of whatever year it is: of one that may be asked for it is not known whether it is of this.
                    unsure[undated] |= np.logical_or(*match_known(places[undated], wanted.attributes))
                of_kinds |= of_kind | undated
                if absent_columns(places[of_kind], [*wanted.attributes, *asked]):
                    unsure |= of_kind
                elif of_kind.any():
                    has, may = match_known(places[of_kind], wanted.attributes)
                    chosen[of_kind] |= has
                    unsure[of_kind] |= may
                    self.warn_unclear(places[of_kind], wanted.attributes, kind, places.loc[of_kind, "facility_id"])
        if not everywhere:
            for held in (chosen, unsure, of_kinds):
                held &= self.place_unit["district"] >= 0
        name = "/".join(dict.fromkeys(kind for wanted in filters for kind in wanted.kind))
        record_years = {**self.facilities.record_years, **self.layers.record_years}
        has_year = any(kind in record_years for wanted in filters for kind in wanted.kind)
        made = Selected(
            places[:0], {}, None, name, (self.year,) if has_year else (),
            asked={level: rows[of_kinds] for level, rows in self.place_unit.items()},
        )  # fmt: skip
        maybe = self._places_of(unsure & ~chosen, made) if (unsure & ~chosen).any() else None
        return replace(self._places_of(chosen, made), maybe=maybe)

    def _places_of(self, chosen: BoolArray, made: Selected) -> Selected:
        frame = self.places[chosen].reset_index(drop=True)
        row = [f"{kind} {name}" for kind, name in zip(frame["kind"], frame["facility_id"], strict=True)]
        return replace(
            made,
            frame=frame,
            unit={level: rows[chosen] for level, rows in self.place_unit.items()},
            geometry=frame["geometry"].to_numpy(dtype=object),
            row=np.array(row, dtype=object),
        )

    def _select_rows(self, filters: list[TableFilter], asked: list[str], *, every_year: bool) -> Selected:
        name = "/".join(dict.fromkeys(wanted.table for wanted in filters))
        chosen: list[Selected] = []
        for wanted in filters:
            register = self.registers.get(wanted.table)
            if register is None or absent_columns(register.frame, [*wanted.attributes, *asked]):
                continue
            of_year, year = register.rows_for(self.year)
            if every_year:
                of_year, year = np.ones(len(register), dtype=bool), float("nan")
            has, may = match_known(register.frame, wanted.attributes)
            self.warn_unclear(register.frame, wanted.attributes, wanted.table, register.row)
            made = Selected(
                register.frame[:0], {}, None, name, (int(year),) if np.isfinite(year) else (),
                asked={level: unit[of_year] for level, unit in register.unit.items()}, absent=self._absent_units(register, of_year),
            )  # fmt: skip
            maybe = _rows_of(register, of_year & may, made) if (of_year & may).any() else None
            chosen.append(replace(_rows_of(register, of_year & has, made), maybe=maybe))
        return _join_rows(chosen, name)

    def _absent_units(self, register: Register, of_year: BoolArray) -> Absent:
        """Return the units of a table's level of which it has no row of the year; none where it lists all there is."""
        if register.lists_all or register.level == "district" or register.level not in register.unit:
            return ()
        count = len(self.levels[register.level].code) if register.level in self.levels else 0
        unit = register.unit[register.level][of_year]
        is_absent = np.bincount(unit[unit >= 0], minlength=count) == 0
        return ((register.level, is_absent),) if is_absent.any() else ()

    def known_inside(self, absent: Absent) -> FloatArray:
        """Return the share (0-1) of each cell's people in units that tables have rows of. Shape (cells,)."""
        inside = np.ones(len(self.cells))
        for level, is_absent in absent:
            membership = self.levels[level].membership
            whole = np.asarray(membership.sum(axis=0)).ravel()
            known = np.asarray((~is_absent).astype(np.float64) @ membership)
            inside *= np.divide(known, whole, out=np.ones_like(whole), where=whole > 0)
        return inside

    def absent_share(self, level: Level, absent: Absent) -> FloatArray:
        """Return the share (0-1) of each unit's people in units that tables have no row of; of units without people, of the units."""
        if not absent:
            return np.zeros(len(self.levels[level].code))
        sums, people = self.levels[level], self.cells.people
        whole, known = sums.sum(people), sums.sum(people * self.known_inside(absent))
        low, is_absent = absent[0]
        if LEVELS.index(level) > LEVELS.index(low):
            by_count = np.zeros(len(whole))
        else:
            count = self.roll_up(low, level, np.ones(len(is_absent)))
            missing = self.roll_up(low, level, is_absent.astype(np.float64))
            by_count = np.divide(missing, count, out=np.zeros_like(count), where=count > 0)
        share = 1.0 - np.divide(known, whole, out=np.zeros_like(whole), where=whole > 0)
        return np.clip(np.where(whole > 0, share, by_count), 0.0, 1.0)

    def is_known(self, selected: Selected, absent: Absent) -> BoolArray:
        """Return which records do not lie in units that (other) tables have no row of."""
        known = np.ones(len(selected), dtype=bool)
        for level, is_absent in absent:
            if level in selected.unit:
                unit = selected.unit[level]
                known &= ~((unit >= 0) & is_absent[unit])
        return known

    @property
    def unknown_max(self) -> float:
        """The largest share (0-1) of a figure that may be unknown."""
        return self.district.unknown_max

    def units_in(self, wanted: TableFilter, level: Level) -> tuple[BoolArray, BoolArray]:
        """Return which units of a level have a row that a filter lets through, and of which the table says whether it does.

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
        return np.asarray(chosen), np.asarray(known)

    def warn_unclear(self, frame: pd.DataFrame, conditions: Mapping[str, Condition], name: str, row: Any) -> None:
        """Warn of what stands where yes or no is asked for and says neither: it is not known."""
        for column, wanted in conditions.items():
            if not isinstance(wanted, tuple) or not any(isinstance(value, bool) for value in wanted):
                continue
            cells = frame[column].to_numpy(dtype=object)
            unclear = np.array([read_bool(cell) is None and not is_missing(cell) for cell in cells], dtype=bool)
            if unclear.any():
                self._warn_once(Problem(
                    "records-not-yes-or-no", "warning", name, f"不是是否，不明 neither yes nor no, not known: {show_values(cells[unclear])}",
                    row=show_rows(np.asarray(row)[unclear]), field=column, count=int(unclear.sum()), mend="写成 write 是/否, true/false, 1/0",
                    expected="是或否 yes or no",
                ))  # fmt: skip

    def _warn_once(self, warning: Problem) -> None:
        """Add a warning; several indicators may ask for one column."""
        if warning not in self.problems.found:
            self.problems.found.append(warning)

    def amount(self, selected: Selected, column: str | None) -> FloatArray:
        """Return a column of records as numbers, 1 each where ``column`` is None; NaN where it is not known."""
        if column is None:
            return np.ones(len(selected))
        if column not in selected.frame.columns:
            return np.full(len(selected), np.nan)
        return self.numbers(selected, column)

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
                f"没有数或不是数，不明 no number, not known{': ' + values if values else ''}",
                row=show_rows(row[wanting]), field=column, count=int(wanting.sum()),
                mend="改成数字（百分数写 62.5，不写 62.5%） write a number (62.5 for 62.5%)",
                expected="数 numbers",
            )  # fmt: skip
            self._warn_once(warning)
        return numbers.value

    def sum(self, level: Level, selected: Selected, weights: FloatArray) -> FloatArray:
        """Return the sum of a weight over the records of each unit. Shape (units,)."""
        if not len(selected):
            return np.zeros(len(self.levels[level].code))
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


def _rows_of(register: Register, chosen: BoolArray, made: Selected) -> Selected:
    return replace(
        made,
        frame=register.frame[chosen],
        unit={level: unit[chosen] for level, unit in register.unit.items()},
        row=register.row[chosen],
        row_year=register.year[chosen],
    )


def _join_rows(parts: list[Selected], name: str) -> Selected:
    """Return rows of several tables as one; levels that not all of them know are left out."""
    if not parts:
        return Selected(pd.DataFrame(), {"district": np.zeros(0, dtype=np.int64)}, None, name)
    shared = [level for level in parts[0].unit if all(level in one.unit for one in parts)]
    unsure = [one for part in parts for one in part.unsure]
    return Selected(
        pd.concat([one.frame for one in parts], ignore_index=True),
        {level: np.concatenate([one.unit[level] for one in parts]) for level in shared},
        None,
        name,
        tuple(sorted({year for one in parts for year in one.years})),
        np.concatenate([one.row for one in parts if one.row is not None]),
        np.concatenate([one.row_year for one in parts if one.row_year is not None]),
        _join_rows(unsure, name) if unsure else None,
        {level: np.concatenate([one.asked[level] for one in parts]) for level in shared},
        tuple(pair for one in parts for pair in one.absent),
    )
