"""Clauses of access that follow from a rule's travel times: minutes, gains."""

from __future__ import annotations

from lifecircle.clauses.facts import Facts
from lifecircle.clauses.registry import Finding, Findings, measure
from lifecircle.config.indicators import Gain, MeanMinutes
from lifecircle.measures.partial import partial_ratio
from lifecircle.measures.rows import without_range
from lifecircle.measures.rule_rows import minutes_figures


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
