"""The indicators of every rule and level as columns that stand in the order of the units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lifecircle.config import Configuration
from lifecircle.config.schema import LEVELS, Level
from lifecircle.indicators.access import MeanMinutes
from lifecircle.indicators.rule_coverage import MOST_CHOICES
from lifecircle.model import Study

Column = list[float | None]
UNREACHABLE = "-unreachable"
"""Ends the indicator of those whom no facility of a rule reaches."""
SHARED = "-with-shared"
HOSTED = "-with-host"
"""Ends the indicator of an entry with joint service counted too."""
NO_INDICATOR = pd.DataFrame(columns=["unit_code", "value", "numerator", "denominator", "low", "high", "status"])


def describe_figures(study: Study) -> dict[str, dict[str, Any]]:
    """Return, per rule and level, one column per figure with one entry per unit.

    ``people`` is the denominator, ``covered`` the numerator, ``unreachable`` those whom no facility reaches; ``share``, ``low``
    and ``high`` are 0-100. ``minutes`` holds the mean minutes until help is there and those of a whole chain, where a rule has them.
    None where a unit has no row, or no people for the figure to speak of.
    """
    table = study.indicators
    figures: dict[str, dict[str, Any]] = {}
    for rule in study.results:
        of_rule = table[table["rule"] == rule]
        figures[rule] = {
            level: _describe_level(rule, of_rule[of_rule["level"] == level], _unit_codes(study, level))
            for level in LEVELS
            if level == "district" or level in study.units
        }
    return figures


def _unit_codes(study: Study, level: Level) -> list[str]:
    if level == "district":
        return [study.district.code]
    return [str(code) for code in study.units[level].code]


def _describe_level(rule: str, rows: pd.DataFrame, codes: Sequence[str]) -> dict[str, Any]:
    by_indicator = {str(name): part for name, part in rows.groupby("indicator", sort=False)}
    coverage = _by_unit(by_indicator.get(rule, NO_INDICATOR))
    unreachable = _by_unit(by_indicator.get(f"{rule}{UNREACHABLE}", NO_INDICATOR))
    minutes = {part: by_indicator.pop(f"{rule}-{part}-min", NO_INDICATOR) for part in ("response", "total")}
    choice = _by_unit(by_indicator.get(f"{rule}-choice{MOST_CHOICES}", NO_INDICATOR))
    others = (rule, f"{rule}{UNREACHABLE}", f"{rule}-choice{MOST_CHOICES}")
    groups = [name for name in by_indicator if name not in others]
    return {
        "people": _column(coverage, "denominator", codes),
        "covered": _column(coverage, "numerator", codes),
        "share": _column(coverage, "value", codes),
        "low": _column(coverage, "low", codes),
        "high": _column(coverage, "high", codes),
        "unreachable": _column(unreachable, "numerator", codes),
        "choice": _column(choice, "numerator", codes),
        "status": [text_or_empty(coverage.get(code, {}).get("status")) for code in codes],
        "minutes": {part: _column(_by_unit(rows), "value", codes) for part, rows in minutes.items() if len(rows)},
        "groups": [_describe_group(name.removeprefix(f"{rule}-"), by_indicator[name], codes) for name in groups],
    }


def _describe_group(group: str, rows: pd.DataFrame, codes: Sequence[str]) -> dict[str, Any]:
    figures = _by_unit(rows)
    return {
        "id": group,
        "zh": text_or_empty(rows["label_zh"].iloc[0]) or group,
        "en": text_or_empty(rows["label_en"].iloc[0]) or group,
        "unit": text_or_empty(rows["value_unit"].iloc[0]),
        "people": _column(figures, "denominator", codes),
        "covered": _column(figures, "numerator", codes),
        "share": _column(figures, "value", codes),
    }


def _by_unit(rows: pd.DataFrame) -> dict[str, Mapping[str, Any]]:
    return {str(row["unit_code"]): {str(key): value for key, value in row.items()} for row in rows.to_dict("records")}


def _column(rows: Mapping[str, Mapping[str, Any]], name: str, codes: Sequence[str]) -> Column:
    return [as_number(rows.get(code, {}).get(name)) for code in codes]


def is_less_better(indicator: str, configuration: Configuration) -> bool | None:
    """Whether a figure is the better the less it is; None where nothing says so: it has no target, and counts neither people nor minutes.

    Coverage is the better the more, who can reach none and mean minutes the less; of any other entry its targets say.
    """
    if indicator.endswith(UNREACHABLE):
        return True
    if indicator in {rule.id for rule in configuration.rules}:
        return False
    entry = next((one for one in configuration.indicators if one.id == indicator.removesuffix(SHARED)), None)
    if isinstance(entry, MeanMinutes):
        return True
    return any(target.is_less_better for target in entry.targets) if entry is not None and entry.targets else None


def as_number(value: Any) -> float | None:
    """Return ``value`` as a finite float, or None."""
    if value is None or value is pd.NA:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def text_or_empty(value: Any) -> str:
    """Return a text, empty where there is none."""
    return value if isinstance(value, str) else ""
