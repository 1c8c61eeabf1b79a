"""Rule results to rows: coverage, who reaches none, who has a choice, each group, and minutes where help comes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lifecircle.config import District, Label, Rule, load_groups
from lifecircle.config.schema import Level
from lifecircle.measures.catchments import MOST_CHOICES
from lifecircle.measures.coverage import Covered, mean_of, minutes_range, share_pct
from lifecircle.measures.levels import LevelSums
from lifecircle.measures.rows import Figures, figure_rows, ratio_figures
from lifecircle.model import BoolArray, FloatArray, IntArray, RuleResult


def rule_rows(
    district: District,
    year: int,
    levels: Mapping[Level, LevelSums],
    groups: Mapping[str, FloatArray],
    result: RuleResult,
) -> list[pd.DataFrame]:
    """Return all rows of a rule: the coverage, who can reach none, who has a choice, and the coverage of each group.

    Where help comes to people, also the minutes until it is there, and of a chain the minutes in all.
    """
    rows: list[pd.DataFrame] = []
    rule = result.rule
    found = Covered(result.covered, result.covered_low, result.covered_high)
    for name, level in levels.items():
        if name not in rule.levels:
            continue
        rows.append(coverage_rows(district, year, rule, level, result.people, found))
        rows.append(unreachable_rows(district, year, rule, level, result.people, ~np.isfinite(result.nearest.cost)))
        if rule.is_response:
            rows.extend(response_rows(district, year, level, result))
        rows.append(choice_rows(district, year, rule, level, result.people, result.choices))
        for group, people in ({} if rule.group else groups).items():
            label = _label_of_group(rule, group)
            rows.append(
                coverage_rows(
                    district, year, rule, level, people, found, indicator=f"{rule.id}-{group}", label=label
                ).assign(
                    is_asked=False  # the clause asks it of everyone, and not of a group beside them
                )
            )
    return rows


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
    figures = Figures(level, numerator, denominator, share_pct(numerator, denominator), low, high, 100.0)
    return figure_rows(district, year, rule, figures, indicator=indicator, label=label, counts="人")


def share_rows(
    district: District, year: int, rule: Rule, level: LevelSums, people: FloatArray, counts: BoolArray,
    indicator: str, label: Label,
) -> pd.DataFrame:  # fmt: skip
    """Return the share of people of each unit whose cells count, as indicator rows without a range or a target."""
    figures = ratio_figures(level, level.sum(people * counts), level.sum(people))
    return figure_rows(district, year, rule, figures, indicator=indicator, label=label, is_asked=False, counts="人")


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
    figures = minutes_figures(level, people, minutes, fixed)
    return figure_rows(district, year, rule, figures, indicator=indicator, label=label, unit="min", is_asked=False)


def minutes_figures(
    level: LevelSums, people: FloatArray, minutes: FloatArray, fixed: float, *, has_range: bool = True
) -> Figures:
    """Return the mean minutes (or metres) of the people of each unit who are reached, NaN where no one is; inf is not reached."""
    reached = np.isfinite(minutes)
    there = people * reached
    at = np.where(reached, minutes, 0.0)
    denominator, numerator = level.sum(there), level.sum(there * at)
    value = mean_of(numerator, denominator)
    if not has_range:
        return Figures(level, numerator, denominator, value, value, value, 1.0)
    fewest, most = (mean_of(level.sum(there * each), denominator) for each in minutes_range(at, fixed))
    return Figures(level, numerator, denominator, value, fewest, most, 1.0)


def choice_rows(
    district: District, year: int, rule: Rule, level: LevelSums, people: FloatArray, choices: IntArray
) -> pd.DataFrame:
    """Return the share of people of each unit with two or more facilities of the rule within its limit."""
    names = rule.names
    label = Label(zh=f"{names.zh}：有两处及以上可选", en=f"{names.en or names.zh}: two or more to choose from")
    return share_rows(
        district, year, rule, level, people, choices >= MOST_CHOICES, f"{rule.id}-choice{MOST_CHOICES}", label
    )
