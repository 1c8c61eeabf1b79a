"""Figures to the rows of ``indicators.csv``: one number for one unit and year."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lifecircle.config import District, Entry, Label, Rule
from lifecircle.measures.coverage import mean_of
from lifecircle.measures.levels import LevelSums
from lifecircle.model import FloatArray, TextArray

COLUMNS = (
    "district", "year", "level", "unit_code", "unit_name", "policy", "indicator", "label_zh", "label_en", "value", "value_unit",
    "numerator", "denominator", "low", "high", "target", "target_kind", "target_year", "status", "rule", "mode", "limit",
    "limit_unit", "clause", "source", "data", "data_year", "people_as_of", "unknown", "assumption",
)  # fmt: skip
"""Of the contract; a table of rows has ``scale`` and ``is_asked`` beside them until it is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """One indicator over the units of one level; arrays are per unit."""

    level: LevelSums
    numerator: FloatArray
    denominator: FloatArray
    """NaN where the value is not a ratio of sums (a count, an index, a figure reported)."""
    value: FloatArray
    low: FloatArray
    high: FloatArray
    scale: float
    """value = scale x numerator / denominator; without a denominator, numerator = scale x value."""
    unknown: FloatArray | float = 0.0
    """Percent (0-100) of the denominator of which nothing is known; see :mod:`.partial`."""
    note: TextArray | str = ""
    """What is to be said of each unit's figure: who is left out of it."""


def ratio_figures(level: LevelSums, numerator: FloatArray, denominator: FloatArray, scale: float = 100.0) -> Figures:
    """Return ``scale x numerator / denominator``, NaN where the denominator is 0; no speed changes it, so low and high equal it."""
    value = mean_of(scale * numerator, denominator)
    return Figures(level, numerator, denominator, value, value, value, scale)


def without_range(figures: Figures) -> Figures:
    """Return figures that speed would change, but nobody has computed how: low and high are not known."""
    nothing = np.full(len(figures.value), np.nan)
    return replace(figures, low=nothing, high=nothing)


def own_figures(level: LevelSums, value: FloatArray) -> Figures:
    """Return values that are no sum of anything: indices, differences, figures reported. They have no numerator, and are never added up."""
    nothing = np.full(len(value), np.nan)
    return Figures(level, nothing, nothing, value, value, value, 1.0)


def plain_figures(level: LevelSums, value: FloatArray, scale: float = 1.0) -> Figures:
    """Return counts and amounts: they add up, over no denominator."""
    nothing = np.full(len(value), np.nan)
    return Figures(level, value * scale, nothing, value, value, value, scale)


def figure_rows(
    district: District, year: int, entry: Entry, figures: Figures,
    *, indicator: str | None = None, label: Label | None = None, unit: str | None = None, is_asked: bool = True,
    rule: Rule | None = None, source: str = "", counts: str = "",
) -> pd.DataFrame:  # fmt: skip
    """Return one row a unit, not judged yet.

    Parameters
    ----------
    entry
        Whose policy, clause and source the rows carry.
    indicator, label, unit
        The entry's own where absent; those of a figure beside it otherwise.
    is_asked
        Whether the entry's targets are asked of these figures.
    rule
        Whose mode and limit they follow from.
    source
        The entry's own where empty.
    counts
        What the numerator counts, such as 人; empty where the records say it.
    """
    names = label or entry.names
    level, rule = figures.level, entry if isinstance(entry, Rule) else rule
    return pd.DataFrame(
        {
            "district": district.id,
            "year": year,
            "level": level.level,
            "unit_code": level.code,
            "unit_name": level.name,
            "policy": entry.policy,
            "indicator": indicator or entry.id,
            "label_zh": names.zh,
            "label_en": names.en or names.zh,
            "value": figures.value,
            "value_unit": unit or entry.value_unit,
            "numerator": figures.numerator,
            "denominator": figures.denominator,
            "low": figures.low,
            "high": figures.high,
            "target": np.nan,
            "target_kind": "",
            "target_year": pd.array([pd.NA] * len(level.code), dtype="Int64"),
            "status": "无目标",
            "rule": rule.id if rule else "",
            "mode": rule.mode if rule else "",
            "limit": rule.limit if rule else np.nan,
            "limit_unit": rule.limit_unit if rule else "",
            "clause": entry.clause,
            "source": source or entry.source,
            "data": "",
            "data_year": "",
            "people_as_of": "",
            "unknown": figures.unknown,
            "assumption": entry.assumption,
            "note": figures.note,
            "scale": figures.scale,
            "is_asked": is_asked,
            "entry": entry.id,
            "counts": counts,
        },
    )
