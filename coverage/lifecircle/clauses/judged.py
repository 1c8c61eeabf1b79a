"""Clauses of other indicators: how many units meet one, the gap between two groups of units, how many are met."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecircle.clauses.facts import Facts
from lifecircle.clauses.registry import Finding, Findings, beside, measure
from lifecircle.config import TableFilter
from lifecircle.config.indicators import Difference, Scorecard, UnitsMeeting
from lifecircle.config.schema import LEVEL_NAMES
from lifecircle.measures.partial import partial_own, partial_ratio
from lifecircle.measures.rows import plain_figures, ratio_figures
from lifecircle.measures.scorecards import SCORES, score_units
from lifecircle.measures.targets import HAIR
from lifecircle.model import BoolArray, FloatArray


def own_rows(facts: Facts, indicator: str, level: str) -> pd.DataFrame:
    """Return an indicator's own rows of a level, in the order of the units."""
    rows = facts.rows[indicator]
    return rows[(rows["indicator"] == indicator) & (rows["level"] == level)]


def _no_figures(entry: UnitsMeeting | Difference) -> Findings:
    return Findings((), reason=f"{entry.indicator} 没有 {entry.unit} 级的数 has no figures of the {entry.unit}")


@measure(UnitsMeeting)
def units_meeting(entry: UnitsMeeting, facts: Facts) -> Findings:
    """Count units whose figure is at least (or at most) so much, over the units that have one; quasi-units left out.

    Of units whose figure is not known it is not known whether they do; units of which there can be none (no one lives there) are left out.
    """
    rows = own_rows(facts, entry.indicator, entry.unit)
    if not len(rows):
        return _no_figures(entry)
    value, low, high, unknown = (rows[name].to_numpy(np.float64) for name in ("value", "low", "high", "unknown"))
    is_unit = True if entry.quasi else ~facts.is_quasi(entry.unit)
    # A unit of which a part is not known is judged where that part could not turn it.
    ends = [_meets(entry, end) for end in (low, high)]
    is_sure = (unknown == 0) | (np.isfinite(low) & np.isfinite(high) & (ends[0] == ends[1]))
    meets, is_told = _meets(entry, value), (np.isfinite(value) | (unknown > 0)) & is_unit
    counts, unclear = is_told & is_sure & np.isfinite(value), is_told & ~(is_sure & np.isfinite(value))
    parts = [each.astype(np.float64) for each in (meets & counts, counts, unclear)]
    figures = []
    for level in facts.above(entry.unit):
        if level in entry.levels:
            met, known, unknown_units = (facts.roll_up(entry.unit, level, each) for each in parts)
            figures.append(partial_ratio(facts.levels[level], met, known, unknown_units, facts.unknown_max))
    return Findings((Finding(tuple(figures), counts=LEVEL_NAMES[entry.unit]),))


def _meets(entry: UnitsMeeting, value: FloatArray) -> BoolArray:
    """Return which figures are at least, or at most, what is asked for; none is not."""
    with np.errstate(invalid="ignore"):
        if entry.at_least is not None:
            return np.asarray(value >= entry.at_least - HAIR, dtype=np.bool_)
        return np.asarray(value <= float(entry.at_most or 0.0) + HAIR, dtype=np.bool_)


@measure(Difference)
def difference(entry: Difference, facts: Facts) -> Findings:
    """Take an indicator over some units less over the others of the same table, sums before division; in percentage points."""
    rows = own_rows(facts, entry.indicator, entry.unit)
    chosen = facts.select((entry.of,))
    if not len(rows):
        return _no_figures(entry)
    listed = facts.select((TableFilter(table=entry.of.table),), *entry.of.attributes)
    is_first, is_listed = (facts.sum(entry.unit, each, np.ones(len(each))) > 0 for each in (chosen, listed))
    numerator, denominator = (rows[name].to_numpy(np.float64) for name in ("numerator", "denominator"))
    scale = float(rows["scale"].iloc[0])
    people = facts.levels[entry.unit].sum(facts.cells.people)
    # A unit that the table does not list is on neither side; of one whose figure is not known its side has that much less.
    sides = [is_first, is_listed & ~is_first]
    share, lacks = np.full(2, np.nan), np.ones(2)
    for place, side in enumerate(sides):
        below, lived = np.nansum(denominator[side]), people[side].sum()
        share[place] = scale * np.nansum(numerator[side]) / below if below > 0 else np.nan
        missing = (people * np.nan_to_num(rows["unknown"].to_numpy(np.float64)) / 100.0)[side].sum()
        lacks[place] = missing / lived if lived > 0 else float(not below > 0)
    unknown = np.array([100.0 * lacks.max()])
    value = np.array([share[0] - share[1]])
    figures = partial_own(facts.levels["district"], value, unknown, facts.unknown_max)
    return Findings((Finding((figures,), years=chosen.years),))


@measure(Scorecard)
def scorecard(entry: Scorecard, facts: Facts) -> Findings:
    """Count, of the indicators with a target, those met or ahead: 48 of 53, as the Nanyang text counts; and how many are monitored."""
    # A scorecard counts what is measured, not other scorecards.
    cards = {one.id for one in facts.configuration.indicators if isinstance(one, Scorecard)}
    asked = [
        rows[rows["indicator"] == name]
        for name, rows in facts.rows.items()
        if len(rows)
        and name not in cards
        and (not entry.indicators or name in entry.indicators)
        and (not entry.policies or rows["policy"].iloc[0] in entry.policies)
    ]
    if not asked:
        return Findings(())
    scores = score_units(pd.concat(asked, ignore_index=True))
    met, monitored, listed = [], [], []
    for level in facts.levels_for(entry.levels):
        own = facts.levels[level]
        by_unit = scores[scores["level"] == level].set_index("unit_code")[list(SCORES)].reindex(own.code).fillna(0.0)
        number = {name: by_unit[name].to_numpy(np.float64) for name in SCORES}
        met.append(ratio_figures(own, number["ahead"] + number["on_schedule"], number["with_target"]))
        monitored.append(plain_figures(own, number["monitored"]))
        listed.append(
            pd.DataFrame(
                {
                    "district": facts.district.id,
                    "year": facts.year,
                    "scorecard": entry.id,
                    "label_zh": entry.names.zh,
                    "level": level,
                    "unit_code": own.code,
                    "unit_name": own.name,
                    **{name: number[name].astype(np.int64) for name in SCORES},
                    "met_pct": met[-1].value,
                }
            )  # fmt: skip
        )
    if not listed:
        return Findings(())
    beside_label = beside(entry, "监测指标数", "indicators monitored")
    ranked = pd.concat(listed, ignore_index=True)
    ranked["rank"] = ranked.groupby("level")["met_pct"].rank(method="min", ascending=False).astype("Int64")
    found = (
        Finding(tuple(met)),
        Finding(tuple(monitored), suffix="-monitored", label=beside_label, unit="项", is_asked=False),
    )
    return Findings(found, {"scorecard": ranked})
