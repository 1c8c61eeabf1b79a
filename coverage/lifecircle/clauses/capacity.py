"""Clauses of capacity: who finds a place, and how much supply there is for each person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.clauses.facts import Facts, Filled
from lifecircle.clauses.registry import Finding, Findings, beside, measure
from lifecircle.config.indicators import CapacityShare, FloatingCatchment
from lifecircle.measures.capacity import Filling, fill_nearest_first
from lifecircle.measures.coverage import FAST, SLOW, share_pct
from lifecircle.measures.decay import Binary, Decay, Gaussian, Stepped
from lifecircle.measures.floating_catchment import balanced, three_step, two_step
from lifecircle.measures.rows import Figures, ratio_figures, without_range
from lifecircle.model import BoolArray, FloatArray, RuleResult
from lifecircle.sources.tables import as_numbers, show_rows

METHODS = {"2sfca": two_step, "e2sfca": two_step, "3sfca": three_step, "bfca": balanced}


@measure(CapacityShare)
def capacity_share(entry: CapacityShare, facts: Facts) -> Findings:
    """Count the people who find a place within a rule's limit, the nearest served first; and those who come in time to full ones."""
    result = facts.results[entry.rule]
    capacity, is_known = _supply(entry.capacity, result, facts)
    rule = result.rule
    # One reach, as far as the fastest come; who is slower is held to less of it.
    reach = facts.reach(rule, 1.0 if rule.is_distance else FAST)
    filled, low, high = (
        fill_nearest_first(
            reach, rule.fixed_minutes + (rule.limit - rule.fixed_minutes) * speed, result.people, capacity,
            demand_per_person=entry.per_person,
        )
        for speed in ((1.0, 1.0, 1.0) if rule.is_distance else (1.0, SLOW, FAST))
    )  # fmt: skip
    facts.filled[entry.id] = Filled(entry.rule, filled.people_full, capacity, filled.facility_people)
    full = beside(entry, "在时限内而已满", "in time, but full")
    found = (
        Finding(_shares(entry, facts, result, [one.people_served for one in (filled, low, high)]), rule=rule, counts="人"),
        Finding(
            _shares(entry, facts, result, [one.people_full for one in (filled, low, high)]), suffix="-full", label=full, rule=rule,
            is_asked=False,
        ),
    )  # fmt: skip
    listed = _facility_table(entry, facts, result, capacity, is_known, filled, reach)
    return Findings(found, {"capacity": listed})


def _shares(entry: CapacityShare, facts: Facts, result: RuleResult, people: list[FloatArray]) -> tuple[Figures, ...]:
    """Return shares of all people, and the least and the most of them at the run's speed, slower and faster.

    Of those who come in time to full places neither end need bound the middle: with a little more speed more come and find no place, with
    much more they reach another.
    """
    figures = []
    for level in facts.levels_for(entry.levels):
        own = facts.levels[level]
        everyone = own.sum(result.people)
        found = ratio_figures(own, own.sum(people[0]), everyone)
        shares = [found.value, *(share_pct(own.sum(side), everyone) for side in people[1:])]
        figures.append(replace(found, low=np.fmin.reduce(shares), high=np.fmax.reduce(shares)))
    return tuple(figures)


def _supply(column: str | None, result: RuleResult, facts: Facts) -> tuple[FloatArray, BoolArray]:
    """Return what each facility of a rule can hold, 0 where nobody says, and whether somebody does."""
    frame = facts.facilities.frame.iloc[result.facilities]
    if column is None:
        return np.ones(len(frame)), np.ones(len(frame), dtype=bool)
    given = frame[column].to_numpy(dtype=object) if column in frame else np.full(len(frame), None, dtype=object)
    numbers = as_numbers(given)
    is_known = np.isfinite(numbers.value) & ~(numbers.value < 0)
    if not is_known.all():
        facts.problems.add(
            "capacity-unknown", "warning", "/".join(dict.fromkeys(frame["kind"])), "没有能力数，按无计 no capacity given, counted as none",
            row=show_rows(frame["facility_id"][~is_known]), field=column, mend="补上 fill in", count=int((~is_known).sum()),
            expected="每处的能力数 a capacity of each",
        )  # fmt: skip
    return np.where(is_known, numbers.value, 0.0), is_known


def _facility_table(
    entry: CapacityShare, facts: Facts, result: RuleResult, capacity: FloatArray, is_known: BoolArray, filled: Filling,
    reach: csr_array,
) -> pd.DataFrame:  # fmt: skip
    """Return one row a facility: what it holds, whom it serves, what is left over, and whom it turned away to others or to none."""
    frame = facts.facilities.frame.iloc[result.facilities]
    near = csr_array(
        ((reach.data <= result.rule.limit).astype(np.float64), reach.indices, reach.indptr), shape=reach.shape
    )
    taken = capacity - filled.facility_spare
    with np.errstate(divide="ignore", invalid="ignore"):
        used = np.where(capacity > 0, 100.0 * taken / capacity, np.nan)
    return pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "indicator": entry.id, "facility_id": frame["facility_id"].to_numpy(),
            "name": frame["name"].to_numpy(), "kind": frame["kind"].to_numpy(), "is_inside": frame["is_inside"].to_numpy(),
            "capacity": np.where(is_known, capacity, np.nan), "people_within": near @ result.people,
            "people_served": filled.facility_people, "spare": filled.facility_spare, "used_pct": used,
            "people_left_out_within": near @ filled.people_full,
        }
    )  # fmt: skip


@measure(FloatingCatchment)
def floating_catchment(entry: FloatingCatchment, facts: Facts) -> Findings:
    """Give the supply per person of each cell, and its mean over the people of each unit."""
    result = facts.results[entry.rule]
    supply, _ = _supply(entry.supply, result, facts)
    found = METHODS[entry.method](
        facts.reach(result.rule, 1.0), result.people, supply, _decay(entry, result.rule.limit)
    )
    figures = tuple(
        without_range(
            ratio_figures(
                facts.levels[level],
                facts.levels[level].sum(result.people * found.access),
                facts.levels[level].sum(result.people),
                entry.per,
            )
        )
        for level in facts.levels_for(entry.levels)
    )
    frame = facts.facilities.frame.iloc[result.facilities]
    listed = pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "indicator": entry.id, "facility_id": frame["facility_id"].to_numpy(),
            "name": frame["name"].to_numpy(), "supply": supply, "demand": found.demand, "supply_per_person": found.ratio,
        }
    )  # fmt: skip
    return Findings((Finding(figures, rule=result.rule),), {"catchment_ratios": listed}, found.access * entry.per)


def _decay(entry: FloatingCatchment, limit: float) -> Decay:
    if entry.bands:
        return Stepped(entry.bands)
    return Binary(limit) if entry.method == "2sfca" else Gaussian(limit)
