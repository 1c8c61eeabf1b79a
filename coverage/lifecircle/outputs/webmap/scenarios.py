"""Scenarios on the page: what each changes, the district's figures that differ, and the units', beside the base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lifecircle.config import Kind, Scenario
from lifecircle.config.records import FacilityFilter
from lifecircle.config.schema import LEVELS
from lifecircle.model import Study
from lifecircle.outputs.summary import scenario_summary
from lifecircle.outputs.webmap.notes import name_of
from lifecircle.outputs.webmap.unit_figures import as_number, is_less_better, text_or_empty

FIGURES = {"base": "base", "value": "value", "difference": "difference", "people": "numerator_difference"}
"""Ours to the table's."""
DONE_TO = ("close", "open", "enlarge", "set")
"""Changes of a scenario that name facilities."""


def describe_scenarios(study: Study) -> list[dict[str, Any]] | None:
    """Return each scenario with its indicators that differ, those that move the most people first; None where there is none.

    Per indicator and level under the district there are the units that differ (their places among the level's) and their columns of
    :data:`FIGURES`; ``people`` is the numerator's difference, None of what counts no people.
    """
    table = study.tables.get("scenarios")
    if table is None or not len(table):
        return None
    known = {scenario.id: scenario for scenario in study.configuration.scenarios}
    places = {
        level: {str(code): place for place, code in enumerate(units.code)} for level, units in study.units.items()
    }
    described = []
    for one in scenario_summary(study):
        rows = table[table["scenario"] == one["scenario"]]
        scenario = known.get(one["scenario"])
        described.append(
            {
                "id": one["scenario"],
                **(name_of(scenario.names) if scenario else {"zh": one["label"], "en": one["label"]}),
                "what": _describe_changes(scenario, study.kinds) if scenario else [],
                "indicators": [
                    _describe_change(change, rows, places)
                    | {"is_less_better": is_less_better(change["indicator"], study.configuration)}
                    for change in one["changes"]
                ],
            }
        )
    return described


def _describe_change(change: Mapping[str, Any], rows: pd.DataFrame, places: Mapping[Any, Any]) -> dict[str, Any]:
    own = rows[rows["indicator"] == change["indicator"]]
    counts_people = change["counts"] == "人"
    return {
        "id": change["indicator"], "zh": change["label"], "en": text_or_empty(own["label_en"].iloc[0]) or change["label"], "unit": change["unit"],
        "base": change["base"], "value": change["value"], "difference": change["difference"],
        "people": change["numerator_difference"] if counts_people else None,
        "base_status": change["base_status"], "status": change["status"], "note": change["note"], "strands": change["strands"],
        "levels": {
            level: _describe_units(own[own["level"] == level], places[level], counts_people)
            for level in LEVELS[1:]
            if level in places
        },
    }  # fmt: skip


def _describe_units(rows: pd.DataFrame, places: Mapping[str, int], counts_people: bool) -> dict[str, list[Any]]:
    known = rows[rows["unit_code"].astype(str).isin(list(places))]
    columns: dict[str, list[Any]] = {"unit": [places[str(code)] for code in known["unit_code"]]}
    for name, column in FIGURES.items():
        is_told = name != "people" or counts_people
        columns[name] = [as_number(value) if is_told else None for value in known[column]]
    return columns


def _describe_changes(scenario: Scenario, kinds: Mapping[str, Kind]) -> list[dict[str, Any]]:
    """Return what a scenario does, by the key of ``[[scenarios]]``: names, or kinds of facilities in both languages."""
    done: list[dict[str, Any]] = [
        {"key": key, "names": [_describe_choice(one, kinds) for one in _chosen(getattr(scenario, key))]}
        for key in DONE_TO
    ]
    done += [
        {"key": "add", "names": [_plain(one.name or one.id or one.kind) for one in scenario.add]},
        {"key": "move", "names": [_describe_choice(one.facility, kinds) for one in scenario.move]},
        {"key": "close_roads", "names": [_plain(name) for name in scenario.close_roads]},
        {"key": "population", "names": [] if scenario.population is None else [_plain(scenario.population.path or "")]},
    ]
    return [one for one in done if one["names"]]


def _chosen(entries: Iterable[Any]) -> Iterable[str | FacilityFilter]:
    for entry in entries:
        if isinstance(entry, (str, FacilityFilter)):
            yield entry
        else:
            yield from entry.facilities


def _describe_choice(choice: str | FacilityFilter, kinds: Mapping[str, Kind]) -> dict[str, str]:
    if isinstance(choice, str):
        return _plain(choice)
    names = [kinds.get(kind) for kind in choice.kind]
    return {
        "zh": "、".join(known.zh if known else kind for known, kind in zip(names, choice.kind, strict=True)),
        "en": ", ".join(known.en if known else kind for known, kind in zip(names, choice.kind, strict=True)),
    }


def _plain(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}
