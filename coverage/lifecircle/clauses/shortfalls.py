"""What to collect: every layer, table, column and group of people that something asked for and the district does not have."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lifecircle.clauses.facts import Facts
from lifecircle.clauses.missing import absent_of, missing_for, needs_of_year, of_other_years
from lifecircle.config import AnyIndicator, Need, Rule, kinds_of, load_policies
from lifecircle.config.indicators import OnTime, Progress
from lifecircle.config.records import needs_of

COLUMNS = ("section", "name", "label_zh", "columns", "is_whole_missing", "indicators", "statements")
"""Of ``missing.csv``: one row a layer, table or group; ``columns`` those that are asked of it and not there."""


def data_missing(facts: Facts, entries: Iterable[Rule | AnyIndicator]) -> pd.DataFrame:
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


def foresee_missing(facts: Facts, rules: Iterable[str]) -> list[AnyIndicator]:
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


def _lacking(entry: Rule | AnyIndicator, facts: Facts) -> list[tuple[Need, tuple[str, ...]]]:
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


def _groups(entry: Rule | AnyIndicator) -> tuple[str, ...]:
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
