"""Rule results to the rows of ``indicators.csv``: one number for one unit and year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import District, Label, Rule, load_groups
from lifecircle.config.schema import LEVELS, Level
from lifecircle.measures.catchments import MOST_CHOICES
from lifecircle.measures.coverage import Covered, mean_of, minutes_range, share_pct, sum_by_unit
from lifecircle.measures.targets import status_of, target_pct
from lifecircle.model import BoolArray, Cells, FloatArray, IntArray, RuleResult, TextArray, Units

COLUMNS = (
    "district", "year", "level", "unit_code", "unit_name", "policy", "indicator", "label_zh", "label_en", "value", "value_unit",
    "numerator", "denominator", "low", "high", "target", "target_kind", "target_year", "status", "rule", "mode", "limit",
    "limit_unit", "clause", "source",
)  # fmt: skip


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


def indicator_table(
    district: District, year: int, units: Mapping[Level, Units], cells: Cells, results: Mapping[str, RuleResult]
) -> pd.DataFrame:
    """Return all indicator rows: per rule the coverage, who can reach none, who has a choice, and the coverage of each group.

    Where help comes to people, also the minutes until it is there, and of a chain the minutes in all.
    """
    rows = []
    levels = levels_of(district, units, cells)
    for rule_id, result in results.items():
        rule = result.rule
        found = Covered(result.covered, result.covered_low, result.covered_high)
        groups = {} if rule.group else cells.groups
        for name, level in levels.items():
            if name not in rule.levels:
                continue
            rows.append(coverage_rows(district, year, rule, level, result.people, found))
            rows.append(unreachable_rows(district, year, rule, level, result.people, ~np.isfinite(result.nearest.cost)))
            if rule.is_response:
                rows.extend(response_rows(district, year, level, result))
            rows.append(choice_rows(district, year, rule, level, result.people, result.choices))
            for group, people in groups.items():
                label = _label_of_group(rule, group)
                rows.append(
                    coverage_rows(
                        district, year, rule, level, people, found, indicator=f"{rule_id}-{group}", label=label
                    )
                )
    if not rows:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(rows, ignore_index=True)


def _label_of_group(rule: Rule, group: str) -> Label:
    names, who = rule.names, load_groups().get(group, Label(zh=group, en=group))
    return Label(zh=f"{names.zh}（{who.zh}）", en=f"{names.en or names.zh} ({who.en})")


def coverage_rows(
    district: District, year: int, rule: Rule, level: LevelSums, people: FloatArray, found: Covered,
    *, indicator: str | None = None, label: Label | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return the coverage of each unit as indicator rows: value 0-100 %, numerator and denominator in people."""
    denominator = level.sum(people)
    numerator = level.sum(people * found.covered)
    low = share_pct(level.sum(people * found.low), denominator)
    high = share_pct(level.sum(people * found.high), denominator)
    return _rows(
        district,
        year,
        rule,
        level,
        numerator,
        denominator,
        low,
        high,
        indicator or rule.id,
        label or rule.names,
        has_target=True,
    )


def share_rows(
    district: District, year: int, rule: Rule, level: LevelSums, people: FloatArray, counts: BoolArray,
    indicator: str, label: Label,
) -> pd.DataFrame:  # fmt: skip
    """Return the share of people of each unit whose cells count, as indicator rows without a range or a target."""
    denominator, numerator = level.sum(people), level.sum(people * counts)
    share = share_pct(numerator, denominator)
    return _rows(district, year, rule, level, numerator, denominator, share, share, indicator, label, has_target=False)


def unreachable_rows(
    district: District, year: int, rule: Rule, level: LevelSums, people: FloatArray, is_unreachable: BoolArray
) -> pd.DataFrame:
    """Return the share of people of each unit who can reach no facility of the rule at all."""
    names = rule.names
    label = Label(zh=f"{names.zh}：不可达人口", en=f"{names.en or names.zh}: people who can reach none")
    return share_rows(district, year, rule, level, people, is_unreachable, f"{rule.id}-unreachable", label)


def response_rows(district: District, year: int, level: LevelSums, result: RuleResult) -> list[pd.DataFrame]:
    """Return the mean minutes of each unit until help is there; of a chain also those of the whole chain.

    Over the people who are reached, ``F @ (people * minutes) / F @ people``; NaN where no one is. Low is at 1.2 times the speed, high
    at 0.8: the fewest and the most minutes.
    """
    rule, names = result.rule, result.rule.names
    response = Label(zh=f"{names.zh}：反应分钟", en=f"{names.en or names.zh}: minutes until help is there")
    rows = [_minutes_rows(district, year, rule, level, result.people, result.response.cost, rule.ready_minutes,
                          f"{rule.id}-response-min", response)]  # fmt: skip
    if result.legs is not None:
        total = Label(zh=f"{names.zh}：全程分钟", en=f"{names.en or names.zh}: minutes in all")
        rows.append(_minutes_rows(district, year, rule, level, result.people, result.nearest.cost, rule.fixed_minutes,
                                  f"{rule.id}-total-min", total))  # fmt: skip
    return rows


def _minutes_rows(
    district: District, year: int, rule: Rule, level: LevelSums, people: FloatArray, minutes: FloatArray, fixed: float,
    indicator: str, label: Label,
) -> pd.DataFrame:  # fmt: skip
    reached = np.isfinite(minutes)
    there = people * reached
    at = np.where(reached, minutes, 0.0)
    denominator = level.sum(there)
    fewest, most = (mean_of(level.sum(there * each), denominator) for each in minutes_range(at, fixed))
    return _rows(
        district, year, rule, level, level.sum(there * at), denominator, fewest, most, indicator, label,
        has_target=False, unit="min",
    )  # fmt: skip


def choice_rows(
    district: District, year: int, rule: Rule, level: LevelSums, people: FloatArray, choices: IntArray
) -> pd.DataFrame:
    """Return the share of people of each unit with two or more facilities of the rule within its limit."""
    names = rule.names
    label = Label(zh=f"{names.zh}：有两处及以上可选", en=f"{names.en or names.zh}: two or more to choose from")
    return share_rows(
        district, year, rule, level, people, choices >= MOST_CHOICES, f"{rule.id}-choice{MOST_CHOICES}", label
    )


def _rows(
    district: District, year: int, rule: Rule, level: LevelSums, numerator: FloatArray, denominator: FloatArray,
    low: FloatArray, high: FloatArray, indicator: str, label: Label, *, has_target: bool, unit: Literal["%", "min"] = "%",
) -> pd.DataFrame:  # fmt: skip
    value = share_pct(numerator, denominator) if unit == "%" else mean_of(numerator, denominator)
    target = rule.target if has_target else None
    return pd.DataFrame(
        {
            "district": district.id,
            "year": year,
            "level": level.level,
            "unit_code": level.code,
            "unit_name": level.name,
            "policy": rule.policy,
            "indicator": indicator,
            "label_zh": label.zh,
            "label_en": label.en or label.zh,
            "value": value,
            "value_unit": unit,
            "numerator": numerator,
            "denominator": denominator,
            "low": low,
            "high": high,
            "target": target_pct(target),
            "target_kind": target.kind if target else "",
            "target_year": target.year if target else pd.NA,
            "status": status_of(value, target, year),
            "rule": rule.id,
            "mode": rule.mode,
            "limit": rule.limit,
            "limit_unit": rule.limit_unit,
            "clause": rule.clause,
            "source": rule.source,
        },
        columns=list(COLUMNS),
    ).astype({"target_year": "Int64"})
