"""What a rule comes to, unit by unit: coverage, who reaches none, who has a choice, each group, and minutes where help comes.

Catchments are whose facility people are nearest to. The table of a 急救地图 says for each unit which station comes, how soon, and which
hospital takes people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import District, Label, Rule, label_of_group
from lifecircle.config.schema import Level
from lifecircle.indicators.figures import (
    Figures,
    LevelSums,
    figure_rows,
    levels_of,
    mean_of,
    minutes_range,
    partial_ratio,
    people_nearest,
    share_pct,
    sum_by_unit,
    withheld,
)
from lifecircle.model import BoolArray, Cells, Facilities, FloatArray, IntArray, RuleResult, TextArray, Units

MOST_CHOICES = 2
"""Two or more are one class: the second choice is what a closure leaves."""


def catchment_people(
    facility: IntArray, people: FloatArray, groups: Mapping[str, FloatArray], n_facilities: int
) -> dict[str, FloatArray]:
    """Return the people of each nearest-facility catchment, and those of each group.

    Parameters
    ----------
    facility
        Of each cell, its nearest; -1 where none is reached (or none within the limit, where that is asked).

    Returns
    -------
    dict of FloatArray
        ``people`` and each group's name; shape (facilities,). With the people of the cells at -1 they sum to all.
    """
    counted = {"people": people, **groups}
    return {name: people_nearest(facility, values, n_facilities) for name, values in counted.items()}


def count_choices(reach: csr_array, limit: float) -> IntArray:
    """Return how many facilities each cell has within a limit. Shape (cells,).

    Parameters
    ----------
    reach
        Facilities x cells, in the unit of ``limit``; what is not stored is beyond its horizon. A cost equal to the limit counts, and
        so does a stored 0.
    """
    return np.bincount(reach.indices[reach.data <= limit], minlength=reach.shape[1]).astype(np.int64)


def people_by_choice(choices: IntArray, people: FloatArray, most: int = MOST_CHOICES) -> FloatArray:
    """Return the people with 0, 1, ... and with ``most`` or more choices. Shape (most + 1,); they sum to all people."""
    return np.bincount(np.minimum(choices, most), weights=people, minlength=most + 1).astype(np.float64)


def people_by_choice_and_unit(
    membership: csr_array, choices: IntArray, people: FloatArray, most: int = MOST_CHOICES
) -> FloatArray:
    """Return the people of each unit with 0, 1, ... and with ``most`` or more choices: ``F @ (people * (choices == k))``.

    Returns
    -------
    FloatArray
        Shape (units, most + 1); a row sums to the unit's people.
    """
    capped = np.minimum(choices, most)
    columns = [sum_by_unit(membership, people * (capped == count)) for count in range(most + 1)]
    return np.stack(columns, axis=1)


def people_shared(reach: csr_array, limit: float, people: FloatArray) -> FloatArray:
    """Return for each facility the people within a limit who have another within it too. Shape (facilities,).

    What is not shared is lost to the limit if the facility closes.
    """
    near = csr_array(((reach.data <= limit).astype(np.float64), reach.indices, reach.indptr), shape=reach.shape)
    return np.asarray(near @ (people * (count_choices(reach, limit) > 1)), dtype=np.float64)


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
    response = Label(zh=f"{names.zh}：响应时间", en=f"{names.en or names.zh}: minutes until help is there")
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


def response_table(
    district: District, units: Mapping[Level, Units], cells: Cells, facilities: Facilities, results: Mapping[str, RuleResult]
) -> pd.DataFrame:  # fmt: skip
    """Return one row a unit and rule for the rules by which help comes to people; empty where there is none.

    The units are the smallest that the rule is reported for: villages, townships where there are none.

    Each ``_min`` is a mean over the people of the unit whom that part reaches (NaN where no one is), ``_worst_min`` the most of any of
    them. Of a rule that is no chain, ``total`` is the response and there is no hospital.
    """
    levels = levels_of(district, units, cells)
    rows = []
    for result in results.values():
        named = [name for name in levels if name in result.rule.levels]
        if result.rule.is_response and named:
            rows.append(_unit_rows(levels[named[-1]], facilities, result))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def _unit_rows(level: LevelSums, facilities: Facilities, result: RuleResult) -> pd.DataFrame:
    rule, legs, people = result.rule, result.legs, result.people
    share = level.membership
    weight = csr_array((share.data * people[share.indices], share.indices, share.indptr), shape=share.shape)
    everyone = weight.sum(axis=1)
    response, total = result.response, result.nearest.cost
    transfer = legs.transfer_min if legs is not None else np.full(len(people), np.inf)
    hospital = legs.hospital if legs is not None else np.full(len(people), -1, dtype=np.int64)
    within = weight @ result.covered.astype(np.float64)
    return pd.DataFrame(
        {
            "level": level.level,
            "unit_code": level.code,
            "unit_name": level.name,
            "rule": rule.id,
            "label_zh": rule.names.zh,
            "label_en": rule.names.en or rule.names.zh,
            "people": everyone,
            **_most("station", weight, response.facility, facilities),
            "response_min": _mean(weight, response.cost),
            "response_worst_min": _worst(weight, response.cost),
            **_most("hospital", weight, hospital, facilities),
            "transfer_min": _mean(weight, transfer),
            "total_min": _mean(weight, total),
            "total_worst_min": _worst(weight, total),
            "ready_min": rule.ready_minutes,
            "fixed_min": rule.fixed_minutes,
            "limit_min": rule.limit,
            "people_within": within,
            "share_within_pct": share_pct(within, everyone),
            "people_without_station": weight @ np.isinf(response.cost).astype(np.float64),
            "people_unreachable": weight @ np.isinf(total).astype(np.float64),
        }
    )


def _mean(weight: csr_array, minutes: FloatArray) -> FloatArray:
    reached = np.isfinite(minutes)
    return mean_of(weight @ np.where(reached, minutes, 0.0), weight @ reached.astype(np.float64))


def _worst(weight: csr_array, minutes: FloatArray) -> FloatArray:
    """Return the most minutes of anyone in each unit who is reached; NaN where no one is."""
    unit = np.repeat(np.arange(weight.shape[0]), np.diff(weight.indptr))
    at = minutes[weight.indices]
    counts = (weight.data > 0) & np.isfinite(at)
    worst = np.full(weight.shape[0], -np.inf)
    np.maximum.at(worst, unit[counts], at[counts])
    return np.where(np.isfinite(worst), worst, np.nan)


def _most(name: str, weight: csr_array, facility: IntArray, facilities: Facilities) -> dict[str, object]:
    """Return, of each unit, the facility that serves most of its people and how many; no text where none does."""
    cell = np.flatnonzero(facility >= 0)
    found, position = np.unique(facility[cell], return_inverse=True)
    serves = csr_array((np.ones(len(cell)), (cell, position)), shape=(len(facility), len(found)))
    by_unit = (weight @ serves).toarray()
    most = by_unit.argmax(axis=1) if len(found) else np.zeros(len(by_unit), dtype=np.int64)
    count = by_unit.max(axis=1, initial=0.0)
    frame, is_served = facilities.frame, count > 0
    row = found[most] if len(found) else most

    def text(column: str) -> TextArray:
        return (
            np.where(is_served, frame[column].to_numpy(dtype=object)[row], "") if len(found) else np.full(len(row), "")
        )

    return {f"{name}_id": text("facility_id"), name: text("name"), f"{name}_people": count}
