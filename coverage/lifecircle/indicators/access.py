"""Measures of access that follow from a rule's travel times: minutes, capacity, floating catchments, gains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator
from scipy.sparse import csr_array

from lifecircle.config.entries import EntryId, Sense
from lifecircle.config.measures import IndicatorEntry, InUnit
from lifecircle.config.schema import Label
from lifecircle.indicators.facts import Facts, Filled
from lifecircle.indicators.figures import FAST, SLOW, Figures, partial_ratio, share_pct, without_range
from lifecircle.indicators.measure import Finding, Findings, beside, measure
from lifecircle.indicators.rule_coverage import minutes_figures
from lifecircle.indicators.supply_and_demand import (
    Binary,
    Decay,
    Filling,
    Gaussian,
    Stepped,
    balanced,
    fill_nearest_first,
    three_step,
    two_step,
)
from lifecircle.model import BoolArray, FloatArray, RuleResult
from lifecircle.sources.tables import as_numbers, show_rows


class _OfRule(IndicatorEntry):
    rule: EntryId
    """The rule whose facilities, people and travel times it uses."""

    @property
    def after(self) -> tuple[str, ...]:
        """The rule."""
        return (self.rule,)

    @property
    def of_rules(self) -> tuple[str, ...]:
        """The rule."""
        return (self.rule,)


class MeanMinutes(_OfRule):
    """The mean minutes (or metres) of people to the nearest facility of a rule; who reaches none is counted apart."""

    sense: ClassVar[Sense] = "down"
    called: ClassVar[Label] = Label(zh="平均时间", en="mean minutes")
    measure: Literal["mean_minutes"]
    unit: Literal["min", "m"] = "min"

    @property
    def value_unit(self) -> str:
        """``min``, or ``m`` for a rule in metres."""
        return self.unit


class CapacityShare(_OfRule):
    """The share of people within a rule's limit of a facility that has room for them, nearest first."""

    called: ClassVar[Label] = Label(zh="容量内覆盖", en="coverage within capacity")
    measure: Literal["capacity_share"]
    capacity: str = Field(min_length=1)
    """Attribute of the facilities: how many can be served."""
    per_person: float = Field(default=1.0, gt=0)
    """What one person takes of it: 0.002 of a place where two in a thousand come a day."""


class FloatingCatchment(_OfRule, InUnit):
    """Supply per person by floating catchment areas: what of every facility in reach is left for each who reaches it.

    ``2sfca`` (Luo & Wang 2003) counts everyone within the rule's limit alike; ``e2sfca`` (Luo & Qi 2009) weighs the nearer more, by
    ``bands`` or, without them, by a Gaussian that is 0 at the limit (Dai 2010); ``3sfca`` (Wan, Zou & Sternberg 2012) also lets people
    choose between facilities; ``bfca`` (Paez, Higgins & Vivona 2019) splits people between them.
    """

    called: ClassVar[Label] = Label(zh="两步移动搜索", en="floating catchment")
    measure: Literal["floating_catchment"]
    method: Literal["2sfca", "e2sfca", "3sfca", "bfca"] = "2sfca"
    supply: str | None = None
    """Attribute of the facilities; each counts one where absent."""
    bands: tuple[tuple[float, float], ...] = ()
    """(limit, weight), nearest first, in the rule's unit; the last limit is the rule's at most."""
    per: float = Field(default=1000.0, gt=0)
    unit: str = "/千人"

    @model_validator(mode="after")
    def _bands_where_distance_decays(self) -> FloatingCatchment:
        if self.method == "2sfca" and self.bands:
            raise ValueError("2sfca 不分带，分带用 method = e2sfca; 2sfca has no bands, e2sfca has")
        limits = [limit for limit, _ in self.bands]
        if limits != sorted(set(limits)) or any(weight < 0 for _, weight in self.bands):
            raise ValueError(
                "bands 须由近到远、权重不为负，如 nearest first, weights not negative: [[5, 1.0], [10, 0.6]]"
            )
        return self


class Gain(IndicatorEntry):
    """The share of people that one rule covers and another does not: what opening the schools to the public gains."""

    called: ClassVar[Label] = Label(zh="覆盖增量", en="coverage gained")
    measure: Literal["gain"]
    rule: EntryId
    without: EntryId

    @property
    def after(self) -> tuple[str, ...]:
        """Both rules."""
        return (self.rule, self.without)

    @property
    def of_rules(self) -> tuple[str, ...]:
        """Both."""
        return self.after


@measure(MeanMinutes)
def mean_minutes(entry: MeanMinutes, facts: Facts) -> Findings:
    """Return the mean minutes (or metres) to the nearest facility of a rule, over the people who reach one."""
    result = facts.results[entry.rule]
    rule = result.rule
    figures = [
        minutes_figures(
            facts.levels[level],
            result.people,
            result.nearest.cost,
            rule.fixed_minutes,
            has_range=not rule.is_distance,
            may_cost=result.may_cost,
            most=facts.unknown_max,
        )
        for level in facts.levels_for(entry.levels)
    ]
    return Findings((Finding(tuple(figures), unit=rule.limit_unit, rule=rule),))


@measure(Gain)
def gain(entry: Gain, facts: Facts) -> Findings:
    """Count people whom one rule covers and another does not, over all people: what the first has and the second lacks."""
    first, second = facts.results[entry.rule], facts.results[entry.without]
    won = first.people * (first.covered & ~second.covered & ~second.may_cover)
    # Of whom it is not known whether the one covers them, or whether the other does.
    unclear = first.people * (
        (first.covered | first.may_cover) & ~second.covered & (first.may_cover | second.may_cover)
    )
    figures = []
    for level in facts.levels_for(entry.levels):
        own = facts.levels[level]
        gained, unknown, everyone = own.sum(won), own.sum(unclear), own.sum(first.people)
        found = partial_ratio(own, gained, everyone - unknown, unknown, facts.unknown_max)
        figures.append(found if unknown.any() else without_range(found))
    return Findings((Finding(tuple(figures), counts="人", rule=first.rule),))


METHODS = {"2sfca": two_step, "e2sfca": two_step, "3sfca": three_step, "bfca": balanced}


@measure(CapacityShare)
def capacity_share(entry: CapacityShare, facts: Facts) -> Findings:
    """Count the people who find a place within a rule's limit, the nearest served first; and those who come in time to full ones.

    Of people whom only facilities serve that do not say how much they hold, or may turn away, it is not known whether they find a place:
    facilities are filled with none of it and with as much as anyone asks for, and who is served in the one and not in the other is unknown.
    """
    result = facts.results[entry.rule]
    capacity, is_known = _supply(entry.capacity, result, facts)
    endless = np.where(is_known, capacity, (result.people.sum() + 1.0) * entry.per_person)
    rule = result.rule
    # One reach, as far as the fastest come; who is slower is held to less of it.
    reach = facts.reach(rule, 1.0 if rule.is_distance else FAST)
    speeds = (1.0, 1.0, 1.0) if rule.is_distance else (1.0, SLOW, FAST)

    def fill(speed: float, holds: FloatArray) -> Filling:
        limit = rule.fixed_minutes + (rule.limit - rule.fixed_minutes) * speed
        return fill_nearest_first(reach, limit, result.people, holds, demand_per_person=entry.per_person)

    least = [fill(speed, capacity) for speed in speeds]
    most = least if is_known.all() else [fill(speed, endless) for speed in speeds]
    filled = least[0]
    facts.filled[entry.id] = Filled(entry.rule, most[0].people_full, capacity, filled.facility_people)
    full = beside(entry, "在时限内而已满", "in time, but full")
    served = _Filled([one.people_served for one in least], [one.people_served for one in most])
    # The more facilities hold, the fewer are turned away.
    turned_away = _Filled([one.people_full for one in most], [one.people_full for one in least])
    found = (
        Finding(_shares(entry, facts, result, served), rule=rule, counts="人"),
        Finding(
            _shares(entry, facts, result, turned_away), suffix="-full", label=full, rule=rule,
            is_asked=False,
        ),
    )  # fmt: skip
    listed = _facility_table(entry, facts, result, capacity, is_known, filled, reach)
    return Findings(found, {"capacity": listed})


@dataclass(frozen=True, slots=True, eq=False)
class _Filled:
    """People of each cell at full speed, slower and faster."""

    least: list[FloatArray]
    """Whatever facilities hold that do not say."""
    most: list[FloatArray]
    """At most, were they to hold what would make them most."""


def _shares(entry: CapacityShare, facts: Facts, result: RuleResult, people: _Filled) -> tuple[Figures, ...]:
    """Return shares of all people, and the least and the most of them at the run's speed, slower and faster.

    Of those who come in time to full places neither end need bound the middle: with a little more speed more come and find no place, with
    much more they reach another.
    """
    figures = []
    unclear = np.maximum(people.most[0] - people.least[0], 0.0)
    for level in facts.levels_for(entry.levels):
        own = facts.levels[level]
        everyone, unknown = own.sum(result.people), own.sum(unclear)
        found = partial_ratio(own, own.sum(people.least[0]), everyone - unknown, unknown, facts.unknown_max)
        sides = [found.value, *(share_pct(own.sum(side), everyone) for side in (*people.least, *people.most))]
        is_nothing = np.isnan(found.low) & np.isnan(found.high)
        low, high = (np.where(is_nothing, np.nan, end.reduce(sides)) for end in (np.fmin, np.fmax))
        figures.append(replace(found, low=low, high=high))
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
            "capacity-unknown", "warning", "/".join(dict.fromkeys(frame["kind"])), "没有能力数，不明 no capacity given, not known",
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
            "people_served": np.where(is_known, filled.facility_people, np.nan),
            "spare": np.where(is_known, filled.facility_spare, np.nan), "used_pct": used,
            "people_left_out_within": near @ filled.people_full,
        }
    )  # fmt: skip


@measure(FloatingCatchment)
def floating_catchment(entry: FloatingCatchment, facts: Facts) -> Findings:
    """Give the supply per person of each cell, and its mean over the people of each unit."""
    result = facts.results[entry.rule]
    supply, is_known = _supply(entry.supply, result, facts)
    reach, decay = facts.reach(result.rule, 1.0), _decay(entry, result.rule.limit)
    found = METHODS[entry.method](reach, result.people, supply, decay)
    # Of who reaches a facility that does not say how much it holds, it is not known what there is for each.
    rests_on = METHODS[entry.method](reach, result.people, (~is_known).astype(np.float64), decay).access > 0
    access = np.where(rests_on, np.nan, found.access)
    figures = []
    for level in facts.levels_for(entry.levels):
        own = facts.levels[level]
        has, known, unknown = (own.sum(result.people * each) for each in (np.nan_to_num(access), ~rests_on, rests_on))
        one = partial_ratio(own, has, known, unknown, facts.unknown_max, entry.per, is_share=False)
        figures.append(without_range(one))
    frame = facts.facilities.frame.iloc[result.facilities]
    listed = pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "indicator": entry.id, "facility_id": frame["facility_id"].to_numpy(),
            "name": frame["name"].to_numpy(), "supply": np.where(is_known, supply, np.nan), "demand": found.demand,
            "supply_per_person": np.where(is_known, found.ratio, np.nan),
        }
    )  # fmt: skip
    return Findings((Finding(tuple(figures), rule=result.rule),), {"catchment_ratios": listed}, access * entry.per)


def _decay(entry: FloatingCatchment, limit: float) -> Decay:
    if entry.bands:
        return Stepped(entry.bands)
    return Binary(limit) if entry.method == "2sfca" else Gaussian(limit)
