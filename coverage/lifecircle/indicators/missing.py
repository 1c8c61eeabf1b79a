"""What an entry would need that the district does not have, said so that a planner knows what to add.

What to collect is every layer, table, column and group of people that something asked for and the district does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from lifecircle.config import Condition, FacilityFilter, IndicatorEntry, Need, Rule, Words, kinds_of, load_policies
from lifecircle.config.records import TableFilter, needs_of
from lifecircle.config.schema import Level
from lifecircle.indicators.access import CapacityShare, FloatingCatchment
from lifecircle.indicators.counts import OnTime, Progress, Ratio, Reported, Share
from lifecircle.indicators.facts import Facts, absent_columns
from lifecircle.indicators.figures import Figures
from lifecircle.indicators.judged import Difference, UnitsMeeting
from lifecircle.indicators.measure import Finding, Findings
from lifecircle.indicators.presence import Presence
from lifecircle.indicators.water import Water
from lifecircle.model import FloatArray
from lifecircle.sources.tables import other_words, show_values


def missing_for(entry: IndicatorEntry, facts: Facts) -> list[str]:
    """Return what is missing, empty where the entry can be computed.

    Needs of one choice stand for each other: it is missing only where none of them is there.
    """
    missing = [
        _say_absent(need, absent) for need in _unmet(entry, facts) if (absent := absent_of(need, facts)) is not None
    ]
    missing += [
        f'人群 group "{group}": 在 [population] groups 中给出 add groups.{group}'
        for group in entry.needs_groups
        if group not in facts.cells.groups
    ]
    missing += [f"先须算出 needs first: {name}" for name in entry.after if name not in facts.rows]
    missing += (
        _wrong_level(entry, facts)
        + of_other_years(entry, facts)
        + _other_words(entry, facts)
        + _no_supply(entry, facts)
    )
    has_chain = isinstance(entry, (CapacityShare, FloatingCatchment)) and entry.rule in facts.results
    if has_chain and facts.results[entry.after[0]].rule.then is not None:
        missing.append(f"{entry.after[0]}: 急救链没有容量口径 a chain of two facilities has no capacity of its own")
    return missing + _other_people(entry, facts)


def _other_people(entry: IndicatorEntry, facts: Facts) -> list[str]:
    """Return where the people of the data are not those that the clause means: 常住 and 户籍 are never mixed."""
    if not isinstance(entry, Ratio) or entry.population is None:
        return []
    population = facts.configuration.population
    given: dict[str, str | None] = {"[population] kind": population.kind if population else None}
    if entry.among:
        tables = [one.table for one in entry.among if isinstance(one, TableFilter) and one.table in facts.registers]
        given = {f"[[tables]] {name} people": facts.registers[name].people for name in tables}
    return [
        f"人口口径 people: 条款为 the clause means {_kind(entry.population)}，数据为 the data are {_kind(kind)}; "
        f'{place} = "{entry.population}"'
        for place, kind in given.items()
        if kind != entry.population
    ]


def _wrong_level(entry: IndicatorEntry, facts: Facts) -> list[str]:
    """Return the level whose units are asked for and which the district, or a table that must tell them apart, does not have."""
    if isinstance(entry, (Share, Water)) and entry.in_units is not None:
        return _told_apart(entry.in_units, entry, facts)
    if not isinstance(entry, (Presence, UnitsMeeting, Difference)):
        return []
    if entry.unit not in facts.levels:
        return [f'缺单元图层 units missing: [[units]] level = "{entry.unit}"']
    records = () if isinstance(entry, UnitsMeeting) else (entry.of,) if isinstance(entry, Difference) else entry.of
    tables = [one.table for one in records if isinstance(one, TableFilter) and one.table in facts.registers]
    return [
        f"[[tables]] {name}: 为 {facts.registers[name].level} 级，须为 {entry.unit} 级 rows must be by {entry.unit}"
        for name in dict.fromkeys(tables)
        if entry.unit not in facts.registers[name].unit
    ]


def of_other_years(entry: IndicatorEntry, facts: Facts) -> list[str]:
    """Return the tables and records of which nothing holds for the run's year: none is no figure of 0, and no other year stands in."""
    return list(dict.fromkeys(text for _, text in needs_of_year(entry, facts)))


def needs_of_year(entry: IndicatorEntry, facts: Facts) -> list[tuple[Need, str]]:
    """Return the needs of which there is nothing for the run's year, though there is of others, each with what to say of it."""
    said = []
    records = {**facts.facilities.record_years, **facts.layers.record_years}
    for need in dict.fromkeys(entry.needs):
        register = facts.registers.get(need.name) if need.is_table else None
        if isinstance(entry, OnTime) and need.is_table:
            continue  # its rows are of the year they report on
        if register is not None and len(register) and not register.rows_for(facts.year)[0].any():
            said.append((need, _say_other_years(f"[[tables]] {need.name}", register.year, facts.year)))
        elif not need.is_table and need.name in records and facts.year not in records[need.name]:
            years = np.array(records[need.name], dtype=np.float64)
            said.append((need, _say_other_years(f"[[facilities]]/[[layers]] {need.name}", years, facts.year)))
    return said


def _say_other_years(name: str, years: FloatArray, year: int) -> str:
    found = ", ".join(f"{one:.0f}" for one in np.unique(years[np.isfinite(years)]))
    return f"{name}: 没有 {year} 年的数据，有 no data of {year}, there are of {found or '未注明 no year'}"


def _other_words(entry: IndicatorEntry, facts: Facts) -> list[str]:
    """Return where not one of the words asked for is in a column that has others: whether there is none, or it is called otherwise, is not known."""
    said: dict[str, None] = {}
    for records in (getattr(entry, name, None) for name in ("of", "among", "within", "to")):
        filters = records if isinstance(records, tuple) else (records,) if records is not None else ()
        strange = [text for wanted in filters for text in words_unlike(wanted, wanted.attributes, facts)]
        # Of a choice, one that finds something answers for the others.
        is_found = any(not words_unlike(wanted, wanted.attributes, facts) for wanted in filters)
        said |= dict.fromkeys([] if is_found else strange)
    if isinstance(entry, Share):
        said |= dict.fromkeys(text for wanted in entry.of for text in words_unlike(wanted, entry.having, facts))
    return list(said)


def words_unlike(wanted: TableFilter | FacilityFilter, conditions: Mapping[str, Condition], facts: Facts) -> list[str]:
    """Return the conditions of a filter none of whose words is in the column, whatever the year, with the words that are."""
    is_table = isinstance(wanted, TableFilter)
    names = (wanted.table,) if isinstance(wanted, TableFilter) else wanted.kind
    held = [facts.cells_of(name, is_table=is_table) for name in names]
    said = []
    for column, condition in conditions.items():
        if not isinstance(condition, (tuple, Words)):
            continue
        cells = [cell for frame, _ in held if column in frame.columns for cell in frame[column]]
        words = tuple(word for _, known in held for word in known.get(column, ()))
        found = other_words(cells, condition, words)
        if found:
            said.append(
                f"{'/'.join(names)}.{column}: 没有一行写作 no row says {show_values(condition)}，列中写的是 the column says {show_values(found)}；"
                f"改词，或写明确无 mend the words, or say that there is none: words = {{ {column} = [...] }}"
            )
    return said


def _told_apart(wanted: TableFilter, entry: Share | Water, facts: Facts) -> list[str]:
    """Return what a table lacks that must tell units apart: rows by the smallest units, and an answer in any of them."""
    register = facts.registers.get(wanted.table)
    if register is None or absent_columns(register.frame, tuple(wanted.attributes)):
        return []  # said as a need of its own
    smallest = list(facts.levels)[-1]
    if smallest not in register.unit or (isinstance(entry, Share) and register.level == "district"):
        return [f"[[tables]] {wanted.table}: 为 {register.level} 级，须为 {smallest} 级 rows must be by {smallest}"]
    return []


def _no_supply(entry: IndicatorEntry, facts: Facts) -> list[str]:
    """Return what to add where no facility of a rule says how much it holds: counted as none, everyone would be turned away."""
    column = {CapacityShare: "capacity", FloatingCatchment: "supply"}.get(type(entry))
    name = getattr(entry, column) if column else None
    if not name or entry.after[0] not in facts.results:
        return []
    frame = facts.facilities.frame.iloc[facts.results[entry.after[0]].facilities]
    if not len(frame) or (name in frame and frame[name].notna().any()):
        return []
    return [f"[[facilities]] {'/'.join(dict.fromkeys(frame['kind']))}: 缺列 columns missing: {name}"]


def _kind(kind: str | None) -> str:
    return {"resident": "常住 resident", "registered": "户籍 registered"}.get(kind or "", "未写明 not stated")


def partial_for(entry: IndicatorEntry, facts: Facts) -> list[str]:
    """Return what of a choice is absent where another of it is there: the figure stands, without these."""
    unmet = {id(need) for need in _unmet(entry, facts)}
    return [
        _say_absent(need, absent)
        for need in entry.needs
        if need.choice and id(need) not in unmet and (absent := absent_of(need, facts)) is not None
    ]


def _unmet(entry: IndicatorEntry, facts: Facts) -> list[Need]:
    """Return the needs that stop the entry."""
    met = {need.choice for need in entry.needs if need.choice and absent_of(need, facts) is None}
    return [
        need for need in entry.needs if not (need.choice and need.choice in met) and absent_of(need, facts) is not None
    ]


def absent_of(need: Need, facts: Facts) -> tuple[str, ...] | None:
    """Return the columns that are absent (none: the whole layer or table is), or None where all is there."""
    if need.is_table:
        register = facts.registers.get(need.name)
        if register is None:
            return ()
        frame = register.frame
    else:
        if need.name not in facts.kinds:
            return ()
        places = facts.places
        frame = places[(places["kind"] == need.name) & (places["status"] == "used")]
        if not len(frame):
            return None
    return absent_columns(frame, need.columns) or None


def _say_absent(need: Need, absent: tuple[str, ...]) -> str:
    if absent:
        return f"{need.section} {need.name}: 缺列 columns missing: {', '.join(absent)}"
    columns = f": {', '.join(need.columns)}" if need.columns else ""
    key = f'name = "{need.name}"' if need.is_table else f'kind = "{need.name}"'
    word = "缺表 table missing" if need.is_table else "缺图层 layer missing"
    return f"{word}: {need.section} {key}{'，列 columns' + columns if columns else ''}"


def blank_findings(entry: IndicatorEntry, facts: Facts) -> Findings:
    """Return an entry of which there is nothing for the year: rows without a figure, of which all is unknown, where it would have some."""
    tables = [facts.registers[need.name] for need in entry.needs if need.is_table and need.name in facts.registers]
    known: list[Level] = [level for level in facts.levels if all(level in one.unit for one in tables)]
    if isinstance(entry, Presence):
        known = [level for level in facts.above(entry.unit) if level in known]
    if isinstance(entry, Reported):
        known = known[-1:]
    figures = []
    for level in facts.levels_for(entry.levels):
        if level in known:
            nothing = np.full(len(facts.levels[level].code), np.nan)
            scale = 100.0 if entry.value_unit == "%" else 1.0
            whole = np.full(len(nothing), 100.0)
            figures.append(Figures(facts.levels[level], nothing, nothing, nothing, nothing, nothing, scale, whole))
    return Findings((Finding(tuple(figures)),))


COLUMNS = ("section", "name", "label_zh", "columns", "is_whole_missing", "indicators", "statements")
"""Of ``missing.csv``: one row a layer, table or group; ``columns`` those that are asked of it and not there."""


def data_missing(facts: Facts, entries: Iterable[Rule | IndicatorEntry]) -> pd.DataFrame:
    """Return what the entries that could not be computed lack, together: what is asked for most first."""
    told: dict[tuple[str, str], tuple[dict[str, None], bool, list[str]]] = {}
    for entry in entries:
        for need, absent in _lacking(entry, facts):
            place = (need.section, need.name)
            columns, is_whole, asked = told.get(place, ({}, not absent, []))
            columns |= dict.fromkeys(absent or need.columns)
            told[place] = (columns, is_whole, [*asked, entry.id])
        for group in _groups(entry):
            if group not in facts.cells.groups:
                place = ("[population]", f"groups.{group}")
                told[place] = ({}, True, [*told.get(place, ({}, True, []))[2], entry.id])
    answered = _statements_by_entry(facts)
    kinds = kinds_of((*facts.configuration.facilities, *facts.configuration.layers))
    rows = []
    for (section, name), (columns, is_whole, asked) in told.items():
        label = kinds[name].zh if name in kinds and "[[facilities]]" in section else ""
        statements = dict.fromkeys(one for entry in asked for one in answered.get(entry, ()))
        waiting = dict.fromkeys(asked)
        rows.append(
            (
                section,
                name,
                label,
                ", ".join(columns),
                is_whole,
                "; ".join(waiting),
                "; ".join(statements),
                len(waiting),
            )
        )
    table = pd.DataFrame(rows, columns=[*COLUMNS, "count"])
    ordered = table.sort_values(["count", "section", "name"], ascending=[False, True, True], kind="stable")
    return ordered[list(COLUMNS)].reset_index(drop=True)


def foresee_missing(facts: Facts, rules: Iterable[str]) -> list[IndicatorEntry]:
    """Return the indicators that a run would not compute, before anything is computed.

    Parameters
    ----------
    rules
        Those that can be computed.
    """
    facts.rows.update({name: pd.DataFrame() for name in rules})
    lacking = []
    for entry in facts.configuration.indicators:
        if absent := missing_for(entry, facts):
            lacking.append(entry)
            if absent == of_other_years(entry, facts):
                facts.rows[entry.id] = pd.DataFrame()
        else:
            facts.rows[entry.id] = pd.DataFrame()
    return lacking


def _lacking(entry: Rule | IndicatorEntry, facts: Facts) -> list[tuple[Need, tuple[str, ...]]]:
    """Return the needs that are not met, and the columns that are absent (none: all of it is); of a task, its row."""
    needs = (
        needs_of((*entry.facilities, *(entry.then.facilities if entry.then else ())))
        if isinstance(entry, Rule)
        else entry.needs
    )
    lacking = [(need, absent) for need in needs if (absent := absent_of(need, facts)) is not None]
    if not lacking and not isinstance(entry, Rule):
        of_year: list[tuple[Need, tuple[str, ...]]] = [
            (need, (f"{facts.year} 年的行 rows of {facts.year}",)) for need, _ in needs_of_year(entry, facts)
        ]
        if of_year:
            return of_year
    if not lacking and isinstance(entry, (Progress, OnTime)):
        return [(needs[0], (f"task = {entry.task or entry.id}",))]
    return lacking


def _groups(entry: Rule | IndicatorEntry) -> tuple[str, ...]:
    if isinstance(entry, Rule):
        return (entry.group,) if entry.group else ()
    return entry.needs_groups


def _statements_by_entry(facts: Facts) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for policy in (load_policies()[name] for name in facts.district.policies):
        for statement in policy.statements:
            for entry in policy.answers(statement):
                found.setdefault(entry, []).append(statement.id)
    return found
