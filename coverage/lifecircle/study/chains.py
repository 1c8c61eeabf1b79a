"""Help that comes and takes people on: station -> patient -> hospital with a capability, the chain behind a 急救地图.

The station nearest in time is sent, and goes on to the capable hospital nearest in time. What passes before it moves, on scene and
at handover is the same for every pair, so that the two nearest together are the quickest chain there is.
"""

from __future__ import annotations

import numpy as np

from lifecircle.config import Rule
from lifecircle.measures.catchments import count_choices
from lifecircle.measures.coverage import cells_covered, people_nearest, people_within
from lifecircle.model import IntArray, Legs, NearestFacility, RuleResult
from lifecircle.study.journeys import Journeys


def answer_rule(journeys: Journeys, rule: Rule) -> RuleResult:
    """Return which cells a rule covers, a chain or not, by the facilities that serve it."""
    serving = journeys.layers.serving[rule.id]
    if rule.then is not None:
        return answer_chain(journeys, rule, serving, journeys.layers.onward[rule.id])
    return journeys.answer(rule, serving)


def answer_chain(journeys: Journeys, rule: Rule, serving: IntArray, onward: IntArray) -> RuleResult:
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
        legs=Legs(
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
