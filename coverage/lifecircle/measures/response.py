"""What a 急救地图 needs, one row a unit: which station comes, how soon; which hospital takes people, and how soon they are there.

With ``W[u, c] = F[u, c] * people[c]``, a unit's minutes are ``W @ minutes / W @ 1`` over the cells that are reached, and the facility
that serves most of a unit is the one with the greatest ``sum_c W[u, c]`` over the cells it is the nearest of.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import District
from lifecircle.config.schema import Level
from lifecircle.measures.coverage import mean_of, share_pct
from lifecircle.measures.levels import LevelSums, levels_of
from lifecircle.model import Cells, Facilities, FloatArray, IntArray, RuleResult, TextArray, Units


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
