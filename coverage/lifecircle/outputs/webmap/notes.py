"""The words around the figures: the district, the rules and their clauses, the modes' assumptions, the files that were read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PureWindowsPath
from typing import Any

from lifecircle.config import District, Kind, Label, Mode, Rule, describe_condition, load_policies
from lifecircle.config.layer_rules import OTHER_COLOUR
from lifecircle.indicators.targets import due_target
from lifecircle.model import Facilities, Study
from lifecircle.outputs.components import describe_parts

PARTS_SHOWN = 12
"""Of each mode; the rest are added up, and all stand in network_parts.csv."""


def describe_district(study: Study) -> dict[str, Any]:
    """Return what the page is about."""
    population = study.configuration.population
    return {
        **describe_identity(study.district),
        "year": study.year,
        "people": float(study.cells.people.sum()),
        "cells": len(study.cells),
        "cell_m": study.cells.size_m,
        "population_kind": (population.kind if population else None) or "",
        "population_as_of": population.as_of.isoformat() if population and population.as_of else "",
        "conservation": {part: dict(sums) for part, sums in study.conservation.items()},
        "issues": dict(sorted(Counter(problem.severity for problem in study.problems).items())),
    }


def describe_identity(district: District) -> dict[str, Any]:
    """Return the names of the district, and the label of demonstration data where it is."""
    return {
        "id": district.id,
        "code": district.code,
        "name": name_of(district.name),
        "year": district.year,
        "crs": district.crs,
        "demonstration": name_of(district.demonstration) if district.demonstration else None,
    }


def describe_rules(study: Study) -> list[dict[str, Any]]:
    """Return the rules that were computed, in their order."""
    return [_describe_rule(study, result.rule) for result in study.results.values()]


def _describe_rule(study: Study, rule: Rule) -> dict[str, Any]:
    mode = study.modes.get(rule.mode)
    policy = load_policies().get(rule.policy)
    return {
        "id": rule.id,
        "name": name_of(rule.names),
        "policy": name_of(policy.title) if policy else {"zh": rule.policy, "en": rule.policy},
        "mode": rule.mode,
        "mode_name": name_of(mode.label) if mode else {"zh": rule.mode, "en": rule.mode},
        "limit": rule.limit,
        "limit_unit": rule.limit_unit,
        "ready_minutes": rule.ready_minutes,
        "ready": {
            part: minutes for part, minutes in (rule.ready.model_dump() if rule.ready else {}).items() if minutes
        },
        "then": _describe_onward(study, rule),
        "direction": rule.direction,
        "group": rule.group or "",
        "kinds": list(dict.fromkeys(kind for part in rule.facilities for kind in part.kind)),
        "levels": list(rule.levels),
        "clause": rule.clause,
        "quote": rule.quote,
        "source": rule.source,
        "assumption": rule.assumption,
        "target": _describe_target(rule, study.year),
    }


def _describe_onward(study: Study, rule: Rule) -> dict[str, Any] | None:
    """Return the rest of a chain: where it ends, how people are taken there, what passes on scene and at handover."""
    if rule.then is None:
        return None
    mode = study.modes.get(rule.then.mode or rule.mode)
    return {
        "kinds": list(dict.fromkeys(kind for part in rule.then.facilities for kind in part.kind)),
        "attributes": [
            key if values == (True,) else f"{key} {describe_condition(values)}"
            for part in rule.then.facilities
            for key, values in part.attributes.items()
        ],
        "mode_name": name_of(mode.label) if mode else {"zh": "", "en": ""},
        "on_scene_minutes": rule.then.on_scene_minutes,
        "handover_minutes": rule.then.handover_minutes,
    }


def _describe_target(rule: Rule, year: int) -> dict[str, Any] | None:
    """Return the share that the year answers to, and from which side; None where no share is asked."""
    target = due_target(rule.targets, year)
    if target is None or target.kind not in ("at_least", "at_most", "all", "hold"):
        return None
    share = 1.0 if target.kind == "all" else float(target.value or 0.0)
    return {"kind": "at_least" if target.kind == "hold" else target.kind, "share": share * 100, "year": target.year}


def describe_kinds(facilities: Facilities, catalogue: Mapping[str, Kind]) -> dict[str, dict[str, str]]:
    """Return a name and a colour for every kind among the facilities."""
    kinds: dict[str, dict[str, str]] = {}
    present = set(facilities.frame["kind"].astype(str))
    for kind in [*(kind for kind in catalogue if kind in present), *sorted(present - set(catalogue))]:
        known = catalogue.get(kind)
        kinds[kind] = {
            "zh": known.zh if known else kind,
            "en": known.en if known else kind,
            "colour": known.colour if known else OTHER_COLOUR,
        }
    return kinds


def describe_modes(study: Study) -> list[dict[str, Any]]:
    """Return the ways of going that a rule uses, every assumption with its value."""
    used = {mode for result in study.results.values() for mode in result.rule.modes}
    return [
        {
            "id": mode.id,
            "name": name_of(mode.label),
            "speed_kph": mode.speed_kph,
            "steps_kph": _steps_kph(study, mode),
            "off_street": mode.off_street,
            "speeds_kph": dict(mode.speeds_kph or {})
            | {f"{number} {going.as_}": going.speed_kph for number, going in mode.classes.items()}
            | {f"{road} {going.as_}": going.speed_kph for road, going in mode.roads.items()},
            "access_kph": mode.access_kph,
            "max_access_m": mode.max_access_m,
            "direct_m": mode.direct_m,
            "min_fragment_m": mode.min_fragment_m,
            "source": mode.source,
        }
        for mode in study.modes.values()
        if mode.id in used
    ]


def describe_links(study: Study) -> dict[str, Any]:
    """Return the parts the networks fall into, and what this run does without: closed roads and ferries, the time of day."""
    return {
        "at": study.district.at or "",
        "closed": [asdict(closure) for closure in study.closures],
        "parts": describe_parts(study, most=PARTS_SHOWN),
    }


def describe_inputs(study: Study) -> list[dict[str, Any]]:
    """Return the files that were read; a file outside the district's folder by its name alone."""
    return [
        {
            "path": _public_path(file.path),
            "role": file.role,
            "crs": file.crs,
            "rows": file.rows,
            "used": file.used,
            "set_aside": file.set_aside,
            "sha256": file.sha256[:12],
        }
        for file in study.inputs
    ]


def _public_path(path: str) -> str:
    """Return the path without the machine's folders. Windows' reading knows both kinds of slash."""
    pure = PureWindowsPath(path)
    return pure.name if pure.anchor or ".." in pure.parts else pure.as_posix()


def name_of(label: Label) -> dict[str, str]:
    """Return a label in both languages."""
    return {"zh": label.zh, "en": label.en or label.zh}


def _steps_kph(study: Study, mode: Mode) -> float | None:
    """Return the speed on steps of a mode that follows the slope in this run; None for one that goes as on the flat."""
    network = study.details.get("networks", {}).get(mode.id, {})
    if mode.slope is None or not network.get("follows_slope"):
        return None
    return (mode.speeds_kph or {}).get("steps", mode.slope.steps_kph)
