"""One rule's answer, or only what it costs each cell to be served; and help that comes and takes people on.

A chain is station -> patient -> hospital with a capability: what stands behind a 急救地图.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifecircle.config import Rule
from lifecircle.indicators.figures import cells_covered, people_nearest, people_within
from lifecircle.indicators.rule_coverage import count_choices
from lifecircle.model import ChainLegs, FloatArray, IntArray, NearestFacility, RuleResult
from lifecircle.study.routing import Routing


def answer_chain(journeys: Routing, rule: Rule, serving: IntArray, onward: IntArray) -> RuleResult:
    """Return which cells have the whole chain within a rule's limit.

    ``total = ready + station -> cell + on scene + cell -> hospital + handover``, in minutes; inf where either way is missing.

    Parameters
    ----------
    serving, onward
        Rows of the facilities that the chain may start from, and of those it may end at.
    """
    people = journeys.people(rule)
    with journeys.clock.stage("reach", rule.names.both):
        horizon_s = (rule.limit - rule.fixed_minutes) * 60.0 * (1 + 1e-9)
        response_s, station, reach, access_m = journeys.ask(rule, serving, horizon_s)
        # Only the nearest hospital counts: no hospital's reach is wanted.
        transfer_s, hospital, _, _ = journeys.ask(second_half(rule), onward, 0.0)
        rest_min = transfer_s / 60.0 + rule.fixed_minutes
        total_min = response_s / 60.0 + rest_min
        # A station reaches a cell in time when the rest of that cell's chain still fits.
        reach.data[:] = reach.data / 60.0 + rest_min[reach.indices]
        found = cells_covered(total_min, rule.limit, rule.fixed_minutes)
    complete = np.where(np.isfinite(total_min), station, -1)
    return RuleResult(
        rule=rule,
        nearest=NearestFacility(total_min, _rows(complete, serving)),
        covered=found.covered,
        covered_low=found.low,
        covered_high=found.high,
        people=people,
        facilities=serving,
        access_m=access_m,
        people_within=people_within(reach, rule.limit, people),
        people_nearest=people_nearest(complete, people, len(serving)),
        choices=count_choices(reach, rule.limit),
        legs=ChainLegs(
            response_min=response_s / 60.0 + rule.ready_minutes,
            station=_rows(station, serving),
            transfer_min=transfer_s / 60.0,
            hospital=_rows(hospital, onward),
            hospitals=onward,
            people_taken=people_nearest(np.where(complete >= 0, hospital, -1), people, len(onward)),
        ),
    )


def second_half(rule: Rule) -> Rule:
    """Return a chain's way from the patient on, as a rule of its own: toward the facilities it ends at, nothing else counted."""
    if rule.then is None:
        raise ValueError(f"{rule.id} 不是急救链 is no chain: it has no then")
    return rule.model_copy(
        update={
            "facilities": rule.then.facilities,
            "mode": rule.then.mode or rule.mode,
            "direction": "toward",
            "ready": None,
            "ready_minutes": 0.0,
            "then": None,
        }
    )


def _rows(position: IntArray, rows: IntArray) -> IntArray:
    """Return the rows at positions; -1 stays."""
    return np.where(position >= 0, rows[position], -1) if len(rows) else position


def answer_rule(travel: Routing, rule: Rule) -> RuleResult:
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


def cost_of(travel: Routing, rule: Rule, serving: IntArray, onward: IntArray | None = None) -> FloatArray:
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
