"""A scenario's rows beside the base's: what each unit would have, and what it has."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecircle.measures.reached import is_same, subtract
from lifecircle.model import FloatArray

SCENARIO_COLUMNS = (
    "scenario", "label", "level", "unit_code", "unit_name", "indicator", "label_zh", "label_en", "value_unit", "base", "value",
    "difference", "base_numerator", "numerator", "numerator_difference", "base_denominator", "denominator", "counts", "base_status",
    "status", "note",
)  # fmt: skip
"""Of ``scenarios.csv``. ``numerator_difference``: people (or what ``counts`` says) gained or lost. NaN where one side has no figure."""
KEY = ["indicator", "level", "unit_code"]
FIGURES = ("value", "numerator", "denominator")
UNCHANGED = "没有变化 nothing changed"
NOT_BEFORE = "现状未计算 not computed in the base"
NOT_AFTER = "情景中无法计算 cannot be computed in the scenario"


def differences(base: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each unit and indicator that differ, and the district's of every indicator that differs anywhere.

    Parameters
    ----------
    base, after
        Rows of the same entries, as they are judged; one may lack rows of the other.

    Returns
    -------
    pandas.DataFrame
        ``SCENARIO_COLUMNS`` without scenario and label. ``difference = value - base``; a figure that only one side has differs, and
        its difference is NaN.
    """
    order = pd.concat([after[KEY], base[KEY]]).drop_duplicates()
    index = pd.MultiIndex.from_frame(order)
    old, new = (rows.set_index(KEY).reindex(index) for rows in (base, after))
    either = new.where(new["unit_name"].notna(), old)
    is_changed = (old["status"].fillna("") != new["status"].fillna("")).to_numpy()
    for name in FIGURES:
        is_changed = is_changed | ~is_same(_numbers(old, name), _numbers(new, name))
    touched = set(order["indicator"].to_numpy()[is_changed])
    is_shown = is_changed | ((order["level"] == "district") & order["indicator"].isin(touched)).to_numpy()
    note = np.where(old["unit_name"].isna(), NOT_BEFORE, np.where(new["unit_name"].isna(), NOT_AFTER, ""))
    table = pd.DataFrame(
        {
            **{name: order[name].to_numpy() for name in KEY},
            **{name: either[name].to_numpy() for name in ("unit_name", "label_zh", "label_en", "value_unit", "counts")},
            "base": _numbers(old, "value"),
            "value": _numbers(new, "value"),
            "difference": subtract(_numbers(new, "value"), _numbers(old, "value")),
            "base_numerator": _numbers(old, "numerator"),
            "numerator": _numbers(new, "numerator"),
            "numerator_difference": subtract(_numbers(new, "numerator"), _numbers(old, "numerator")),
            "base_denominator": _numbers(old, "denominator"),
            "denominator": _numbers(new, "denominator"),
            "base_status": old["status"].fillna("").to_numpy(),
            "status": new["status"].fillna("").to_numpy(),
            "note": note,
        }
    )
    return table[is_shown].reset_index(drop=True)


def name_scenario(table: pd.DataFrame, scenario: str, label: str) -> pd.DataFrame:
    """Return differences under their scenario's name; where there are none, one row that says so."""
    if not len(table):
        texts = dict.fromkeys((name for name in SCENARIO_COLUMNS), "")
        numbers = dict.fromkeys((name for name in SCENARIO_COLUMNS if name.split("_")[-1] in _NUMBERS), np.nan)
        table = pd.DataFrame([{**texts, **numbers, "note": UNCHANGED}])
    return table.assign(scenario=scenario, label=label)[list(SCENARIO_COLUMNS)]


_NUMBERS = ("base", "value", "difference", "numerator", "denominator")


def _numbers(rows: pd.DataFrame, name: str) -> FloatArray:
    return rows[name].to_numpy(dtype=np.float64)
