"""Clauses of other indicators: how many units meet one, the gap between two groups of units, how many are met."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecircle.clauses.facts import Facts
from lifecircle.clauses.registry import Finding, Findings, beside, measure
from lifecircle.config import TableFilter
from lifecircle.config.indicators import Difference, Scorecard, UnitsMeeting
from lifecircle.config.schema import LEVEL_NAMES
from lifecircle.measures.rows import own_figures, plain_figures, ratio_figures
from lifecircle.measures.scorecards import SCORES, score_units
from lifecircle.measures.targets import HAIR


def own_rows(facts: Facts, indicator: str, level: str) -> pd.DataFrame:
    """Return an indicator's own rows of a level, in the order of the units."""
    rows = facts.rows[indicator]
    return rows[(rows["indicator"] == indicator) & (rows["level"] == level)]


def _no_figures(entry: UnitsMeeting | Difference) -> Findings:
    return Findings((), reason=f"{entry.indicator} 没有 {entry.unit} 级的数 has no figures of the {entry.unit}")


@measure(UnitsMeeting)
def units_meeting(entry: UnitsMeeting, facts: Facts) -> Findings:
    """Count units whose figure is at least (or at most) so much, over the units that have one; quasi-units left out."""
    value = own_rows(facts, entry.indicator, entry.unit)["value"].to_numpy(np.float64)
    if not len(value):
        return _no_figures(entry)
    counts = np.isfinite(value) & (True if entry.quasi else ~facts.is_quasi(entry.unit))
    with np.errstate(invalid="ignore"):
        meets = (
            value >= entry.at_least - HAIR
            if entry.at_least is not None
            else value <= float(entry.at_most or 0.0) + HAIR
        )
    figures = [
        ratio_figures(
            facts.levels[level],
            facts.roll_up(entry.unit, level, (meets & counts).astype(np.float64)),
            facts.roll_up(entry.unit, level, counts.astype(np.float64)),
        )
        for level in facts.above(entry.unit)
        if level in entry.levels
    ]
    return Findings((Finding(tuple(figures), counts=LEVEL_NAMES[entry.unit]),))


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
    with np.errstate(divide="ignore", invalid="ignore"):
        share = [scale * numerator[part].sum() / denominator[part].sum() for part in (is_first, is_listed & ~is_first)]
    figures = own_figures(facts.levels["district"], np.array([share[0] - share[1]]))
    return Findings((Finding((figures,)),))


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
