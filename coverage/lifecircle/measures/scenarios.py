"""A scenario's rows beside the base's: what each unit would have, and what it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecircle.config.schema import Level
from lifecircle.measures.levels import LevelSums
from lifecircle.model import FloatArray

SCENARIO_COLUMNS = (
    "scenario", "label", "level", "unit_code", "unit_name", "indicator", "label_zh", "label_en", "value_unit", "base", "value",
    "difference", "base_numerator", "numerator", "numerator_difference", "base_denominator", "denominator", "counts", "base_status",
    "status", "note",
)  # fmt: skip
"""Of ``scenarios.csv``. ``numerator_difference``: people (or what ``counts`` says) gained or lost. NaN where one side has no figure."""
KEY = ["indicator", "level", "unit_code"]
SAME = 1e-9
"""Relative: two sums in another order differ by less, and no figure that anyone reads does."""
FIGURES = ("value", "numerator", "denominator")
UNCHANGED = "没有变化 nothing changed"
OTHER_CELLS = "人口格不同，均值不可比 other cells of people: means cannot be compared"
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
        is_changed = is_changed | ~_is_same(_numbers(old, name), _numbers(new, name))
    touched = set(order["indicator"].to_numpy()[is_changed])
    is_shown = is_changed | ((order["level"] == "district") & order["indicator"].isin(touched)).to_numpy()
    note = np.where(old["unit_name"].isna(), NOT_BEFORE, np.where(new["unit_name"].isna(), NOT_AFTER, ""))
    table = pd.DataFrame(
        {
            **{name: order[name].to_numpy() for name in KEY},
            **{name: either[name].to_numpy() for name in ("unit_name", "label_zh", "label_en", "value_unit", "counts")},
            "base": _numbers(old, "value"),
            "value": _numbers(new, "value"),
            "difference": _less(_numbers(new, "value"), _numbers(old, "value")),
            "base_numerator": _numbers(old, "numerator"),
            "numerator": _numbers(new, "numerator"),
            "numerator_difference": _less(_numbers(new, "numerator"), _numbers(old, "numerator")),
            "base_denominator": _numbers(old, "denominator"),
            "denominator": _numbers(new, "denominator"),
            "base_status": old["status"].fillna("").to_numpy(),
            "status": new["status"].fillna("").to_numpy(),
            "note": note,
        }
    )
    return table[is_shown].reset_index(drop=True)


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """A rule's people per cell and what the nearest costs them in all (minutes or metres; inf where none is reached), on one side."""

    people: FloatArray
    cost: FloatArray


def compare_reached(
    table: pd.DataFrame,
    levels: Mapping[Level, LevelSums],
    base: Reached,
    after: Reached,
    names: tuple[set[str], set[str]],
) -> pd.DataFrame:
    """Return differences whose means are over the people reached on both sides, and whose notes say who is reached on one side alone.

    Where a ferry stops, those it served leave the mean, and the mean of the others falls: nothing has improved. Over the same people it does
    not fall.

    Parameters
    ----------
    table
        As `differences` returns it.
    levels
        Level to the sums over its units.
    names
        Indicators that are means of this cost, and those that count people by it (coverage, the unreachable).
    """
    means, counts = names
    is_mean, is_count = table["indicator"].isin(means).to_numpy(), table["indicator"].isin(counts).to_numpy()
    if not (is_mean | is_count).any():
        return table
    changed = table.copy()
    if len(base.cost) != len(after.cost):
        changed.loc[is_mean, "note"] = OTHER_CELLS
        changed.loc[is_mean, "difference"] = np.nan
        return changed
    before, now = np.isfinite(base.cost), np.isfinite(after.cost)
    both = before & now
    cells = {
        "stranded": after.people * (before & ~now),
        "gained": after.people * (now & ~before),
        "base_denominator": base.people * both,
        "denominator": after.people * both,
        "base_numerator": base.people * np.where(both, base.cost, 0.0),
        "numerator": after.people * np.where(both, after.cost, 0.0),
    }
    units: dict[tuple[str, str], FloatArray] = {
        (level, code): row
        for level, sums in levels.items()
        for code, row in zip(sums.code, np.column_stack([sums.sum(one) for one in cells.values()]), strict=True)
    }
    at = np.array([units[key] for key in zip(table["level"], table["unit_code"], strict=True)]).reshape(-1, len(cells))
    found = dict(zip(cells, at.T, strict=True))
    moved = found["stranded"] + found["gained"] > SAME
    here = is_mean & moved
    for name in ("base_denominator", "denominator", "base_numerator", "numerator"):
        changed.loc[here, name] = found[name][here]
    with np.errstate(divide="ignore", invalid="ignore"):
        changed.loc[here, "base"] = (found["base_numerator"] / found["base_denominator"])[here]
        changed.loc[here, "value"] = (found["numerator"] / found["denominator"])[here]
    changed.loc[here, "difference"] = _less(_numbers(changed, "value"), _numbers(changed, "base"))[here]
    changed.loc[here, "numerator_difference"] = _less(
        _numbers(changed, "numerator"), _numbers(changed, "base_numerator")
    )[here]
    notes = changed["note"].to_numpy(dtype=object)
    for row in np.flatnonzero((is_mean | is_count) & moved & (notes == "")):
        notes[row] = _say_reached(is_mean[row], found["stranded"][row], found["gained"][row], found["denominator"][row])
    changed["note"] = notes
    return changed


def _say_reached(is_mean: bool, stranded: float, gained: float, both: float) -> str:
    parts = []
    if stranded > SAME:
        parts.append(f"{stranded:,.0f} 人不再可达 people no longer reach any")
    if gained > SAME:
        parts.append(f"{gained:,.0f} 人新可达 people now reach one")
    if is_mean:
        parts.append(f"均值按两侧都可达的 {both:,.0f} 人计 means are over the {both:,.0f} people reached on both sides")
    return "；".join(parts)


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


def _is_same(one: FloatArray, other: FloatArray) -> np.ndarray:
    return np.isclose(one, other, rtol=SAME, atol=SAME, equal_nan=True)


def _less(value: FloatArray, base: FloatArray) -> FloatArray:
    """Return ``value - base``, exactly 0 where only rounding is between them."""
    with np.errstate(invalid="ignore"):
        return np.where(_is_same(value, base) & np.isfinite(value), 0.0, value - base)
