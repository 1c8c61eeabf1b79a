"""Rule results to rows: coverage, who reaches none, who has a choice, each group, and minutes where help comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from lifecircle.config import District, Label, Rule, label_of_group
from lifecircle.config.schema import Level
from lifecircle.measures.catchments import MOST_CHOICES
from lifecircle.measures.coverage import mean_of, minutes_range, share_pct
from lifecircle.measures.levels import LevelSums
from lifecircle.measures.partial import partial_ratio, withheld
from lifecircle.measures.rows import Figures, figure_rows
from lifecircle.model import BoolArray, FloatArray, RuleResult


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
    for name, level in levels.items():
        if name not in rule.levels:
            continue
        rows.append(coverage_rows(district, year, level, result, result.people))
        rows.append(unreachable_rows(district, year, level, result))
        if rule.is_response:
            rows.extend(response_rows(district, year, level, result))
        rows.append(choice_rows(district, year, level, result))
        for group, people in ({} if rule.group else groups).items():
            label = _label_of_group(rule, group)
            rows.append(
                coverage_rows(
                    district, year, level, result, people, indicator=f"{rule.id}-{group}", label=label
                ).assign(
                    is_asked=False  # the clause asks it of everyone, and not of a group beside them
                )
            )
    return rows


def _label_of_group(rule: Rule, group: str) -> Label:
    names, who = rule.names, label_of_group(group)
    return Label(zh=f"{names.zh}（{who.zh}）", en=f"{names.en or names.zh} ({who.en})")


def coverage_rows(
    district: District, year: int, level: LevelSums, result: RuleResult, people: FloatArray,
    *, indicator: str | None = None, label: Label | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return the coverage of each unit as indicator rows: value 0-100 %, numerator and denominator in people.

    People whom only a facility covers that may not count are in neither; low leaves them out, high counts them.
    """
    rule, everyone = result.rule, level.sum(people)
    covered, unclear = level.sum(people * result.covered), level.sum(people * result.may_cover)
    figures = partial_ratio(level, covered, everyone - unclear, unclear, district.unknown_max)
    low = share_pct(level.sum(people * result.covered_low), everyone)
    high = share_pct(level.sum(people * (result.covered_high | result.may_cover)), everyone)
    is_nothing = np.asarray(figures.unknown) >= 100.0
    ranged = replace(figures, low=np.where(is_nothing, np.nan, low), high=np.where(is_nothing, np.nan, high))
    return figure_rows(district, year, rule, ranged, indicator=indicator, label=label, counts="人")


def share_rows(
    district: District, year: int, level: LevelSums, result: RuleResult, counts: BoolArray, unclear: BoolArray, name: str,
    label: Label,
) -> pd.DataFrame:  # fmt: skip
    """Return the share of people of each unit whose cells count, as indicator rows without a range or a target."""
    rule, everyone = result.rule, level.sum(result.people)
    counted, unknown = level.sum(result.people * (counts & ~unclear)), level.sum(result.people * unclear)
    figures = partial_ratio(level, counted, everyone - unknown, unknown, district.unknown_max)
    return figure_rows(
        district, year, rule, figures, indicator=f"{rule.id}-{name}", label=label, is_asked=False, counts="人"
    )


def unreachable_rows(district: District, year: int, level: LevelSums, result: RuleResult) -> pd.DataFrame:
    """Return the share of people of each unit who can reach no facility of the rule at all."""
    names, is_unreachable = result.rule.names, ~np.isfinite(result.nearest.cost)
    label = Label(zh=f"{names.zh}：不可达人口", en=f"{names.en or names.zh}: people who can reach none")
    unclear = (
        np.zeros_like(is_unreachable) if result.may_cost is None else is_unreachable & np.isfinite(result.may_cost)
    )
    return share_rows(district, year, level, result, is_unreachable, unclear, "unreachable", label)


def response_rows(district: District, year: int, level: LevelSums, result: RuleResult) -> list[pd.DataFrame]:
    """Return the mean minutes of each unit until help is there; of a chain also those of the whole chain.

    Over the people who are reached, ``F @ (people * minutes) / F @ people``; NaN where no one is. Low is at 1.2 times the speed, high
    at 0.8: the fewest and the most minutes.
    """
    rule, names = result.rule, result.rule.names
    response = Label(zh=f"{names.zh}：反应分钟", en=f"{names.en or names.zh}: minutes until help is there")
    has_onward = result.legs is not None
    # Of a chain, what may shorten the whole of it is not known to shorten its first part.
    asked = [
        ("response-min", response, result.response.cost, rule.ready_minutes, None if has_onward else result.may_cost)
    ]
    if has_onward:
        total = Label(zh=f"{names.zh}：全程分钟", en=f"{names.en or names.zh}: minutes in all")
        asked.append(("total-min", total, result.nearest.cost, rule.fixed_minutes, result.may_cost))
    return [
        figure_rows(
            district, year, rule, minutes_figures(level, result.people, minutes, fixed, may_cost=may, most=district.unknown_max),
            indicator=f"{rule.id}-{name}", label=label, unit="min", is_asked=False,
        )
        for name, label, minutes, fixed, may in asked
    ]  # fmt: skip


def minutes_figures(
    level: LevelSums, people: FloatArray, minutes: FloatArray, fixed: float, *, has_range: bool = True,
    may_cost: FloatArray | None = None, most: float = 1.0,
) -> Figures:  # fmt: skip
    """Return the mean minutes (or metres) of the people of each unit who are reached, NaN where no one is; inf is not reached.

    Parameters
    ----------
    may_cost
        What it would be with the facilities that may not count: of people who would then have less to go it is not known.
    most
        The largest share (0-1) of people of whom it may be unknown.
    """
    unclear = np.zeros(len(minutes), dtype=bool) if may_cost is None else may_cost < minutes
    reached = np.isfinite(minutes) & ~unclear
    there, at = people * reached, np.where(reached, minutes, 0.0)
    denominator, numerator = level.sum(there), level.sum(there * at)
    value = mean_of(numerator, denominator)
    fewest, most_minutes = value, value
    if has_range:
        fewest, most_minutes = (mean_of(level.sum(there * each), denominator) for each in minutes_range(at, fixed))
    unknown = level.sum(people * unclear)
    share = np.divide(100.0 * unknown, unknown + denominator, out=np.zeros_like(unknown), where=unknown > 0)
    # What the unclear would make of the mean is not known, but that it would be no more than with the facilities known.
    low, high = (np.where(share > 0, np.nan, end) for end in (fewest, most_minutes))
    left_out = level.sum(people * ~np.isfinite(minutes))
    said = [
        f"{count:,.0f} 人到不了，未计入平均 people reach none and are in no mean" if count >= 0.5 else ""
        for count in left_out
    ]
    note = np.array(said, dtype=object)
    return withheld(Figures(level, numerator, denominator, value, low, high, 1.0, share, note), most)


def choice_rows(district: District, year: int, level: LevelSums, result: RuleResult) -> pd.DataFrame:
    """Return the share of people of each unit with two or more facilities of the rule within its limit."""
    names, has_choice = result.rule.names, result.choices >= MOST_CHOICES
    label = Label(zh=f"{names.zh}：有两处及以上可选", en=f"{names.en or names.zh}: two or more to choose from")
    unclear = (
        np.zeros_like(has_choice) if result.may_cost is None else ~has_choice & (result.may_cost <= result.rule.limit)
    )
    return share_rows(district, year, level, result, has_choice, unclear, f"choice{MOST_CHOICES}", label)
