"""Tables by unit: statistics and lists, where units stood in earlier years, and what others have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from lifecircle.config import SourceLayer
from lifecircle.config.schema import LEVELS
from lifecircle.model import Known, Register
from lifecircle.sources.files import read_source
from lifecircle.sources.people.zones import join_codes, mend_of_codes
from lifecircle.sources.tables import (
    as_code,
    as_numbers,
    as_text,
    fill_blanks,
    plain_cells,
    read_urban,
    refuse_dates,
    report_long_codes,
    report_rows,
    show_values,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lifecircle.config import Configuration, District, TableFile, TableLayer
    from lifecircle.config.schema import Level
    from lifecircle.model import BoolArray, FloatArray, InputFile, IntArray, TextArray, Units
    from lifecircle.problems import Problems
    from lifecircle.sources.files import ReadLayer

ONE_ROW_EACH = 0.6
"""Where so many rows are the only ones of their unit, the table has one row a unit, and a second one is a mistake."""
FEW_TWICE = 20
"""One unit in so many twice is a mistake; more are a list, which has as many rows of a unit as there are things in it."""
DATED = ("year", "date", "submitted", "opened", "closed_year")
"""Columns that may hold days."""
BASE_COLUMNS = ("indicator", "level", "year", "value")
REFERENCE_COLUMNS = ("indicator", "value", "name")


def read_registers(
    configuration: Configuration, units: Mapping[Level, Units], problems: Problems
) -> tuple[dict[str, Register], list[InputFile]]:
    """Read every table of the district.

    A row whose unit no level knows is set aside and listed. Tables of one name are an error.
    """
    registers: dict[str, Register] = {}
    files: list[InputFile] = []
    for index, table in enumerate(configuration.tables):
        place = f"tables[{index + 1}]"
        if table.name in registers:
            problems.error(
                "tables-duplicate",
                table.path,
                f'表名重复 table given twice: "{table.name}"',
                field=f"{place}.name",
                expected="各不相同的表名 names that differ",
                mend="改名 give one another name",
            )
            continue
        year_column = (table.year,) if isinstance(table.year, str) else ()
        columns = [*table.fields.values(), *([table.id] if table.id else []), *year_column]
        read = _read_file(configuration, table, f"table: {table.name}", columns, f"{place}.path", problems)
        made = _register(table, read, configuration.district, units, place, problems) if read is not None else None
        if read is None or made is None:
            continue
        registers[table.name] = made
        files.append(read.counted(kept=len(made), set_aside=len(read.frame) - len(made)))
    return registers, files


def _read_file(
    configuration: Configuration, table: TableFile, role: str, columns: list[str], place: str, problems: Problems
) -> ReadLayer | None:
    layer = SourceLayer(
        path=table.path, layer=table.layer, sheet=table.sheet, encoding=table.encoding, where=table.where
    )
    return read_source(
        configuration.folder, layer, role, problems, columns=columns, field=place, is_table=True, may_be_empty=True
    )


def _register(
    table: TableLayer, read: ReadLayer, district: District | None, units: Mapping[Level, Units], place: str,
    problems: Problems,
) -> Register | None:  # fmt: skip
    # A column may have several names of ours; those that have one lose their own.
    kept = read.frame.drop(columns=list(dict.fromkeys(table.fields.values())))
    named = {name: read.frame[column] for name, column in table.fields.items()}
    frame = pd.concat([kept, pd.DataFrame(named, index=kept.index)], axis=1)
    doubled = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
    if doubled:
        problems.error("tables-field-twice", read.file, f"列名与 fields 重名 a column has a name that fields gives: {doubled}",
                       layer=read.layer, field=f"{place}.fields", expected="各不相同的列名 names that differ",
                       mend="在 fields 里换一个名字 take another name in fields")  # fmt: skip
        return None
    _check_cells(table, read, problems)
    unit = _units_of_rows(table, read, district, units, place, problems)
    if unit is None:
        return None
    year = _years_of_rows(table, read, problems)
    _report_twice(table, read, unit, year, problems)
    is_placed = unit[table.level] >= 0 if table.level in unit else unit["district"] >= 0
    plain = {
        str(name): fill_blanks(
            plain_cells(frame[name].to_numpy(dtype=object)[is_placed]), table.blank_means.get(str(name))
        )
        for name in frame.columns
    }
    if "urban" in plain:  # 是、否, or a class of the statistical code
        plain["urban"] = _objects_of(read_urban(cell) for cell in plain["urban"])
    return Register(
        name=table.name,
        frame=pd.DataFrame(plain, index=np.arange(int(is_placed.sum()))),
        file=read.file,
        unit={level: rows[is_placed] for level, rows in unit.items()},
        level=table.level,
        year=year[is_placed],
        row=np.asarray(read.frame.index, dtype=object)[is_placed],
        people=table.people,
        holds=table.holding,
        lists_all=table.lists_all,
        words=table.words,
    )


def _check_cells(table: TableLayer, read: ReadLayer, problems: Problems) -> None:
    """Refuse what Excel made of codes and figures: days where none are meant, codes without their last digits."""
    named = [column for name, column in table.fields.items() if name not in DATED and column != table.year]
    refuse_dates(read.frame, [table.id] if table.id else [], read.file, read.layer, problems, words=named)
    if table.id:
        report_long_codes(read.frame[table.id], read.frame.index, read.file, read.layer, table.id, problems)


def _report_twice(
    table: TableLayer, read: ReadLayer, unit: Mapping[Level, IntArray], year: FloatArray, problems: Problems
) -> None:
    """Warn of units that stand twice in a table that has one row a unit (and year): sums would count them twice."""
    own = unit.get(table.level)
    if own is None or table.level == "district":
        return
    key = pd.DataFrame({"unit": own, "year": np.nan_to_num(year, nan=-1.0)})[own >= 0]
    count = key.groupby(["unit", "year"])["unit"].transform("size")
    is_single = count == 1
    several = int(key[~is_single].drop_duplicates().shape[0])
    is_list = (
        not len(key) or float(is_single.sum()) < ONE_ROW_EACH * len(key) or several > max(1, len(key) // FEW_TWICE)
    )
    rows = read.frame.index.to_numpy()[own >= 0][(count > 1).to_numpy()]
    if is_list or not len(rows):
        return
    report_rows(
        problems, "tables-unit-twice", "warning", read.file, rows,
        f"其他单元各一行,这些有几行 other units have one row each, these have several: {show_values(read.frame.loc[rows, str(table.id)])}",
        layer=read.layer, field=str(table.id), expected="每个单元(每年)一行 one row a unit and year",
        mend="删去重复行;若是名单则无妨 leave the repeated rows out; in a list of things they are right",
    )  # fmt: skip


def _objects_of(values: Iterable[Any]) -> TextArray:
    listed = list(values)
    held = np.empty(len(listed), dtype=object)
    held[:] = listed
    return held


def _years_of_rows(table: TableLayer, read: ReadLayer, problems: Problems) -> FloatArray:
    if not isinstance(table.year, str):
        return np.full(len(read.frame), float(table.year) if table.year is not None else np.nan)
    years = as_numbers(read.frame[table.year])
    report_rows(
        problems, "tables-bad-year", "warning", read.file, read.frame.index.to_numpy()[years.is_bad],
        f"不是年份 not a year: {show_values(read.frame[table.year][years.is_bad])}", layer=read.layer, field=table.year,
        expected="2025", mend="写年份 write the year",
    )  # fmt: skip
    return years.value


def _units_of_rows(
    table: TableLayer, read: ReadLayer, district: District | None, units: Mapping[Level, Units], place: str,
    problems: Problems,
) -> dict[Level, IntArray] | None:  # fmt: skip
    """Return the unit of every row at the table's level and above, -1 where there is none; None where the table fits no unit."""
    count, rows = len(read.frame), read.frame.index.to_numpy()
    if table.id is None:
        if table.level != "district":
            problems.error("tables-no-id", read.file, f"{table.level} 表须给出单元列 a table of a level needs the column of its units",
                           field=f"{place}.id", expected="列名 a column", mend='加上 add id = "编码"')  # fmt: skip
            return None
        return {"district": np.zeros(count, dtype=np.int64)}
    code = as_code(read.frame[table.id])
    is_said = np.zeros(count, dtype=bool)
    if table.level not in units:
        own = str(district.code) if district else ""
        found: dict[Level, IntArray] = {"district": np.where(_starts_with(code, own), 0, -1)}
        found |= {level: _by_prefix(code, held.code) for level, held in units.items() if _is_above(level, table.level)}
        if table.level != "district" and found.get("township") is not None:
            found["district"] = np.where(found["township"] >= 0, 0, found["district"])
        is_lost = found["district"] < 0
    else:
        held = units[table.level]
        own_row = join_codes(code, held.code)
        by_name = _by_name(as_text(read.frame[table.id]), held, own_row < 0, read, table.id, problems)
        own_row = np.where(own_row < 0, by_name, own_row)
        found = {"district": np.where(own_row >= 0, 0, -1), table.level: own_row}
        for level, above in units.items():
            if _is_above(level, table.level):
                parent = parents(held, above)
                found[level] = np.where(own_row >= 0, parent[own_row], -1)
        is_lost = own_row < 0
        twice = known_twice(held)
        is_said = is_lost & np.array([text in twice for text in as_text(read.frame[table.id])], dtype=bool)
    report_rows(
        problems, "tables-unknown-unit", "error" if is_lost.all() else "set_aside", read.file, rows[is_lost & ~is_said],
        f"{table.level} 中没有这些单元 units that no layer has: {show_values(read.frame[table.id][is_lost & ~is_said])}", layer=read.layer,
        field=table.id, expected=f"如 such as {show_values(units[table.level].code[:3])}" if table.level in units else "",
        mend=mend_of_codes(
            code[is_lost], units[table.level].code if table.level in units else code[:0],
            "写代码，或唯一的名称 write the code, or a name only one unit has",
        ),
    )  # fmt: skip
    return None if is_lost.all() else found


def _is_above(level: Level, other: Level) -> bool:
    return LEVELS.index(level) < LEVELS.index(other)


def _starts_with(code: TextArray, prefix: str) -> BoolArray:
    return np.array([bool(prefix) and text.startswith(prefix) for text in code], dtype=bool)


def _by_prefix(code: TextArray, above: TextArray) -> IntArray:
    """Return the unit above by the digits of its code, where a code of 12 digits begins with one of 9."""
    row = {str(text)[:9]: index for index, text in enumerate(above) if len(str(text)) in (9, 12)}
    return np.array([row.get(text[:9], -1) if len(text) == 12 else -1 for text in code], dtype=np.int64)


def _by_name(
    name: TextArray, held: Units, is_open: BoolArray, read: ReadLayer, column: str, problems: Problems
) -> IntArray:
    """Return the unit that has this very name, where only one has; a name that several have is an error."""
    twice = known_twice(held)
    row = {text: index for index, text in enumerate(held.name)}
    unclear = is_open & np.array([text in twice for text in name], dtype=bool)
    report_rows(
        problems, "tables-ambiguous-unit", "error", read.file, read.frame.index.to_numpy()[unclear],
        f"有几个单元同名 several units have this name: {show_values(name[unclear])}", layer=read.layer, field=column,
        expected="唯一的名称 a name only one has", mend="改用代码 use the code",
    )  # fmt: skip
    return np.array([row.get(text, -1) if free and text not in twice else -1
                     for text, free in zip(name, is_open, strict=True)], dtype=np.int64)  # fmt: skip


def known_twice(held: Units) -> set[str]:
    """Return the names that several units have."""
    name, count = np.unique(held.name.astype(str), return_counts=True)
    return set(name[count > 1])


def parents(units: Units, above: Units) -> IntArray:
    """Return for each unit the one above that a point inside it lies in, -1 where none: shape (units,)."""
    point = shapely.point_on_surface(units.geometry)
    tree = shapely.STRtree(above.geometry)
    inner, outer = tree.query(point, predicate="intersects")
    parent = np.full(len(units.code), -1, dtype=np.int64)
    parent[inner[::-1]] = outer[::-1]
    return parent


def read_known(
    configuration: Configuration, units: Mapping[Level, Units], before: int, problems: Problems
) -> tuple[Known, list[InputFile]]:
    """Read where units stood in earlier years, and what others have.

    Parameters
    ----------
    before
        The run's year: of each indicator and unit the latest earlier year counts, of references the latest up to it.
    """
    files: list[InputFile] = []
    bases: dict[tuple[str, str, str], dict[int, float]] = {}
    for index, table in enumerate(configuration.baselines):
        read = _read_file(
            configuration, table, "baseline", list(BASE_COLUMNS), f"baselines[{index + 1}].path", problems
        )
        if read is None:
            continue
        year, value = _numbers(read, "year", problems), _numbers(read, "value", problems)
        code, is_known = _codes_of_rows(read, configuration.district, units, problems)
        used = np.isfinite(year) & (year < before) & np.isfinite(value) & is_known
        for key, unit, when, amount in _rows_of(read, code, year, value, used):
            place = (*key, unit)
            bases.setdefault(place, {}).setdefault(when, amount)
        files.append(read.counted(kept=int(used.sum()), set_aside=int((~used).sum())))
    references = _read_references(configuration, before, files, problems)
    named = {
        indicator: (value, f"{name} {year:.0f}" if np.isfinite(year) else name)
        for indicator, (value, year, name) in references.items()
    }
    years = {indicator: int(year) for indicator, (_, year, _) in references.items() if np.isfinite(year)}
    return Known(bases, named, years), files


def _codes_of_rows(
    read: ReadLayer, district: District | None, units: Mapping[Level, Units], problems: Problems
) -> tuple[TextArray, BoolArray]:
    """Return the code of each row's unit as the units have it, and whether there is such a unit; a district's may be blank."""
    count = len(read.frame)
    given = as_code(read.frame["unit_code"]) if "unit_code" in read.frame else np.full(count, "", dtype=object)
    level, own = as_text(read.frame["level"]), np.array([district.code if district else ""], dtype=object)
    code, is_known = given.copy(), np.zeros(count, dtype=bool)
    held: dict[str, TextArray] = {
        "district": own,
        **{name: one.code for name, one in units.items() if name != "district"},
    }
    for name, codes in held.items():
        row = join_codes(given, codes)
        row = np.where(given == "", 0, row) if name == "district" else row
        found = (level == name) & (row >= 0)
        code[found], is_known[found] = codes[row[found]], True
    report_rows(
        problems, "baselines-unknown-unit", "set_aside", read.file, read.frame.index.to_numpy()[~is_known],
        f"没有这些单元或级别 units or levels that no layer has: {show_values(given[~is_known])} ({show_values(level[~is_known])})",
        layer=read.layer, field="level, unit_code", expected=f"级别 levels {', '.join(held)}", mend="改正代码与级别 mend code and level",
    )  # fmt: skip
    return code, is_known


def _rows_of(read: ReadLayer, code: TextArray, year: FloatArray, value: FloatArray, used: BoolArray) -> list[Any]:
    indicator, level = as_text(read.frame["indicator"]), as_text(read.frame["level"])
    return [
        ((indicator[row], level[row]), code[row], int(year[row]), float(value[row])) for row in np.flatnonzero(used)
    ]


def _numbers(read: ReadLayer, column: str, problems: Problems) -> FloatArray:
    numbers = as_numbers(read.frame[column])
    report_rows(
        problems, "tables-bad-number", "warning", read.file, read.frame.index.to_numpy()[numbers.is_bad],
        f"不是数 not a number: {show_values(read.frame[column][numbers.is_bad])}", layer=read.layer, field=column,
        expected="数字 a number", mend="改为数字 write a plain number",
    )  # fmt: skip
    return numbers.value


def _read_references(
    configuration: Configuration, upto: int, files: list[InputFile], problems: Problems
) -> dict[str, tuple[float, float, str]]:
    """Return by indicator what others have, the year of it (-inf where it does not say), and who they are."""
    found: dict[str, tuple[float, float, str]] = {}

    def keep(indicator: str, value: float, year: float, name: str) -> None:
        if np.isfinite(value) and not year > upto and (indicator not in found or not found[indicator][1] > year):
            found[indicator] = (value, year, name)

    for index, reference in enumerate(configuration.references):
        if reference.file is None:
            year = float(reference.year) if reference.year is not None else -np.inf
            keep(str(reference.indicator), float(reference.value or 0.0), year, reference.name)
            continue
        read = _read_file(
            configuration,
            reference.file,
            "reference",
            list(REFERENCE_COLUMNS),
            f"references[{index + 1}].path",
            problems,
        )
        if read is None:
            continue
        value = _numbers(read, "value", problems)
        year_of = _numbers(read, "year", problems) if "year" in read.frame else np.full(len(value), -np.inf)
        year_of = np.where(np.isnan(year_of), -np.inf, year_of)
        indicator, name = as_text(read.frame["indicator"]), as_text(read.frame["name"])
        for row in range(len(value)):
            keep(indicator[row], float(value[row]), float(year_of[row]), name[row])
        files.append(read.counted(kept=int(np.isfinite(value).sum()), set_aside=int((~np.isfinite(value)).sum())))
    return found
