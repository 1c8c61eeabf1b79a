"""One rule's answer, or only what it costs each cell to be served."""

from __future__ import annotations

import numpy as np

from lifecircle.config import Rule
from lifecircle.model import FloatArray, IntArray, RuleResult
from lifecircle.study.chains import answer_chain, second_half
from lifecircle.study.journeys import Journeys


def answer_rule(travel: Journeys, rule: Rule) -> RuleResult:
    """Return a rule's answer: a chain's, or that of the way to the nearest facility."""
    serving = travel.layers.serving[rule.id]
    if rule.then is not None:
        return answer_chain(travel, rule, serving, travel.layers.onward[rule.id])
    return travel.answer(rule, serving)


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
