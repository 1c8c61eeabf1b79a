"""One rule's answer, or only what it costs each cell to be served."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifecircle.config import Rule
from lifecircle.model import FloatArray, IntArray, RuleResult
from lifecircle.study.chains import answer_chain, second_half
from lifecircle.study.journeys import Journeys


def answer_rule(travel: Journeys, rule: Rule) -> RuleResult:
    """Return a rule's answer: a chain's, or that of the way to the nearest facility.

    Where it is not known of some facilities whether they serve it, also what the way would cost if they did.
    """
    layers = travel.layers
    serving, onward = layers.serving[rule.id], layers.onward.get(rule.id)
    if rule.then is None:
        found = travel.answer(rule, serving)
    elif onward is None:
        raise ValueError(f"{rule.id}: 急救链须有终点 a chain needs the facilities it ends at")
    else:
        found = answer_chain(travel, rule, serving, onward)
    if rule.id not in layers.unsure and rule.id not in layers.unsure_onward:
        return found
    none = np.zeros(0, dtype=np.int64)
    every = np.union1d(serving, layers.unsure.get(rule.id, none))
    every_onward = None if onward is None else np.union1d(onward, layers.unsure_onward.get(rule.id, none))
    return replace(found, may_cost=cost_of(travel, rule, every, every_onward))


def cost_of(travel: Journeys, rule: Rule, serving: IntArray, onward: IntArray | None = None) -> FloatArray:
    """Return minutes (all that the limit counts included) or metres per cell, inf where unreachable; the same as the answer's cost."""
    unit = 1.0 if rule.is_distance else 60.0
    cost = travel.ask(rule, serving, 0.0)[0] / unit
    if rule.then is None:
        return np.asarray(cost + rule.ready_minutes, dtype=np.float64)
    if onward is None:
        raise ValueError(f"{rule.id}: 急救链须有终点 a chain needs the facilities it ends at")
    # In the order in which answer_chain adds, so that both are the same to the last bit.
    rest = travel.ask(second_half(rule), onward, 0.0)[0] / 60.0 + rule.fixed_minutes
    return np.asarray(cost + rest, dtype=np.float64)
