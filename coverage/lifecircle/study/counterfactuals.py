"""Every indicator split by cause: the whole run of the later year, with one set of causes after another as in the earlier.

The year itself, and the registers, baselines and references of it, are the later year's throughout: what they changed is left as residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd

from lifecircle.model import FloatArray
from lifecircle.planning.trends import CAUSES, KEYS, SPLIT, Cause, carry_rows, split_by_cause
from lifecircle.problems import Problems
from lifecircle.study.answers import Answers, answer_all
from lifecircle.study.between import Between
from lifecircle.study.facts import gather_facts
from lifecircle.study.journeys import Journeys
from lifecircle.study.rules import answer_rule
from lifecircle.study.serving import asked_entries
from lifecircle.study.stood import with_records_of


def split_others(
    between: Between, answers: Sequence[Answers], carried: Sequence[pd.DataFrame], only_rules: tuple[str, ...]
) -> pd.DataFrame:
    """Return the parts of each cause in the change of every figure both years have, by ``indicator, level, unit_code``.

    Nothing where either year has units of its own: registers are laid out by units, and cannot be exchanged between two sets of them.
    A figure that some set of causes cannot have (no one lives there, no facility of the kind) has no parts: NaN.

    Parameters
    ----------
    answers
        Both years'.
    carried
        Their rows in today's units: only the district's code may have been another.
    """
    first = between.states[0]
    if between.has_own_units:
        return pd.DataFrame()
    changed = between.changed_anywhere()
    both = pd.MultiIndex.from_frame(carried[1][KEYS]).intersection(pd.MultiIndex.from_frame(carried[0][KEYS]))

    def figure(later: frozenset[Cause]) -> FloatArray:
        done = later == frozenset(changed)
        between.clock.progress(f"按原因分解 splitting by cause: {', '.join(sorted(later)) or first.year}")
        found = answers[1] if done else _run(between, later, only_rules)
        rows = carried[1] if done else carry_rows(found.indicators, between.states[1].crosswalk)
        value = rows.set_index(KEYS)["value"].reindex(both)
        return np.asarray(value, dtype=np.float64)

    parts = split_by_cause(figure, changed)
    is_known = np.isfinite(sum(parts.values(), np.zeros(len(both))))
    frame = both.to_frame(index=False)
    frame["counted_by"] = ""
    for name in SPLIT:
        frame[name] = np.nan
    for cause in CAUSES:
        frame[f"by_{cause}"] = np.where(is_known, parts[cause], np.nan)
    return frame


def _run(between: Between, later: frozenset[Cause], only_rules: tuple[str, ...]) -> Answers:
    """Return what the later year's run would have come to with only these causes as they are in it."""
    facilities, people, roads, ruled = (between.states[int(cause in later)].layers for cause in CAUSES)
    last = between.states[1]
    layers = replace(
        people,
        district=last.layers.district,
        facilities=with_records_of(facilities.facilities, last.layers.facilities),
        places=with_records_of(facilities.places, last.layers.places),
        serving=facilities.serving,
        onward=facilities.onward,
        not_computed=facilities.not_computed,
        unsure=facilities.unsure,
        unsure_onward=facilities.unsure_onward,
        roads=roads.roads,
        registers=last.layers.registers,
        known=last.layers.known,
        configuration=replace(
            people.configuration,
            district=last.layers.configuration.district,
            rules=ruled.configuration.rules,
            facilities=facilities.configuration.facilities,
            layers=facilities.configuration.layers,
            tables=last.layers.configuration.tables,
        ),
    )
    travel: Journeys = copy(between.travel(*(int(cause in later) for cause in ("facilities", "people", "roads"))))
    said = Problems()
    travel.layers, travel.problems = layers, said
    results = {rule.id: answer_rule(travel, rule) for rule in layers.configuration.rules if rule.id in layers.serving}
    facts = gather_facts(layers, last.year, results, travel, said)
    return answer_all(facts, layers.known, asked_entries(layers.configuration, only_rules), layers.not_computed)
