"""From districts to cities and provinces: always from numerators and denominators, never a mean of percentages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from lifecircle.config import Entry, Target
from lifecircle.indicators.figures import COLUMNS
from lifecircle.indicators.judged import Scorecard
from lifecircle.indicators.presence import Presence
from lifecircle.indicators.targets import NO_TARGET, NOT_KNOWN, SCORES, Measured, due_target, judge, score_units
from lifecircle.model import FloatArray

Above = Literal["city", "province"]
DIGITS: dict[Above, int] = {"city": 4, "province": 2}
"""A city is the first four digits of a district's code, a province the first two."""
KEYS = (
    "year",
    "policy",
    "indicator",
    "label_zh",
    "label_en",
    "value_unit",
    "rule",
    "mode",
    "limit",
    "limit_unit",
    "clause",
    "source",
)


@dataclass(frozen=True, slots=True, eq=False)
class Rollup:
    """What several districts come to together."""

    indicators: pd.DataFrame
    """The columns of ``indicators.csv`` and ``districts``: how many of them each figure is of."""
    scorecard: pd.DataFrame
    left_out: pd.DataFrame
    """Indicators that are no sum of their districts (an index, a figure reported), and those that not all districts have."""


def roll_up(rows: pd.DataFrame, entries: dict[str, Entry], names: dict[str, str]) -> Rollup:
    """Return the figures of cities and provinces.

    ``value = scale x sum(numerator) / sum(denominator)``; a count is the sum. Low and high are the districts', weighted with their
    denominators: for shares that is the sum again. A target is judged anew at the larger unit; a ``count`` is each district's own.

    Parameters
    ----------
    rows
        District rows of ``indicators.csv`` of several districts and one year.
    entries
        By id, for their targets; an indicator that is in none has no target here.
    names
        City or province code to its name; the code where absent.
    """
    entries = _judged_by_figure(entries)
    district = rows[rows["level"] == "district"].copy()
    parts, left_out = [], []
    for level, digits in DIGITS.items():
        district["above"] = district["unit_code"].astype(str).str[:digits]
        for (code, indicator), part in district.groupby(["above", "indicator"], sort=False):
            whole = district[district["above"] == code]["unit_code"].nunique()
            if part["numerator"].isna().all():
                left_out.append((level, code, indicator, "不是各区县之和 no sum of its districts"))
                continue
            if len(part) < whole:
                left_out.append(
                    (level, code, indicator, f"只有 {len(part)}/{whole} 个区县有此指标 only these districts have it")
                )
            if (lacking := part["value"].isna() & (part["unknown"] > 0)).any():
                left_out.append(
                    (level, code, indicator, f"{int(lacking.sum())} 个区县缺数据 of these districts it is not known")
                )
            parts.append(_sum(part, level, str(code), names, entries))
    columns = [*COLUMNS, "districts"]
    found = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    missing = pd.DataFrame(left_out, columns=["level", "unit_code", "indicator", "reason"])
    # What stands beside an entry's own figure (who reaches none, a group's coverage) is no indicator of its own.
    own = found[found["indicator"].isin(list(entries)) | (found["indicator"] == found["rule"])]
    return Rollup(found, _scorecard(own, entries, names), missing)


def _judged_by_figure(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Return entries by the figure that their targets are asked of: of some that is not their own but one beside it."""
    named = dict(entries)
    for name, entry in entries.items():
        if isinstance(entry, Presence) and entry.judged != "strict":
            named[f"{name}-{entry.judged}"] = entry
            named[name] = entry.model_copy(update={"targets": ()})
    return named


def _sum(part: pd.DataFrame, level: Above, code: str, names: dict[str, str], entries: dict[str, Entry]) -> pd.DataFrame:
    first = part.iloc[0]
    is_unknown = bool((part["value"].isna() & (part["unknown"] > 0)).any())
    numerator, denominator = part["numerator"].sum(), part["denominator"].sum(min_count=1)
    scale = _scale(part)
    value = _ratio(scale, numerator, denominator)
    low, high = (_weighted(part, side) if np.isfinite(denominator) else value for side in ("low", "high"))
    if is_unknown:
        # A city is no sum of those of its districts that know: what the others have is missing, and so is the city's figure.
        value, low, high = np.nan, np.nan, np.nan
    row = {
        **{key: first[key] for key in KEYS}, "district": code, "level": level, "unit_code": code, "unit_name": names.get(code, code),
        "value": value, "numerator": numerator, "denominator": denominator, "low": low, "high": high, "districts": len(part),
        "target": np.nan, "target_kind": "", "target_year": pd.NA, "status": NO_TARGET if np.isfinite(value) else NOT_KNOWN,
        "unknown": _unknown_pct(part), **{name: _together(part[name]) for name in ("data", "data_year", "people_as_of", "assumption")},
    }  # fmt: skip
    target, goal, status = _judge(
        entries.get(str(first["indicator"])), value, str(first["value_unit"]), int(first["year"])
    )
    if target is not None:
        row |= {
            "target": goal,
            "target_kind": target.kind,
            "target_year": target.year or pd.NA,
            "status": NOT_KNOWN if is_unknown else status,
        }
    return pd.DataFrame([row]).astype({"target_year": "Int64"})


def _unknown_pct(part: pd.DataFrame) -> float:
    """Return the percent of the sum's denominator that is not known: ``u`` of a district is ``d k / (100 - k)``; of counts, the mean of theirs."""
    unknown, known = (part[name].fillna(0.0).to_numpy(np.float64) for name in ("unknown", "denominator"))
    if (unknown >= 100.0).any() or not known.sum() > 0:
        return float(unknown.mean())
    lacking = known * unknown / (100.0 - unknown)
    return float(100.0 * lacking.sum() / (known + lacking).sum())


def _together(values: pd.Series) -> str:
    """Return the texts of several districts, each once."""
    return "; ".join(dict.fromkeys(part for text in values.fillna("") for part in str(text).split("; ") if part))


def _scale(part: pd.DataFrame) -> float:
    """Return what numerator by denominator is multiplied by: 100 of shares, else what the districts' own figures say."""
    if part["value_unit"].iloc[0] == "%":
        return 100.0
    told = part[(part["numerator"] > 0) & part["value"].notna()]
    if not len(told):
        return 1.0
    one = told.iloc[0]
    base = one["denominator"] if pd.notna(one["denominator"]) else 1.0
    return float(one["value"] * base / one["numerator"])


def _ratio(scale: float, numerator: float, denominator: float) -> float:
    if pd.isna(denominator):
        return scale * numerator
    return scale * numerator / denominator if denominator > 0 else float("nan")


def _weighted(part: pd.DataFrame, side: str) -> float:
    known = part[part[side].notna() & (part["denominator"] > 0)]
    total = float(known["denominator"].sum())
    return float((known[side] * known["denominator"]).sum() / total) if total > 0 else float("nan")


def _judge(entry: Entry | None, value: float, unit: str, year: int) -> tuple[Target | None, float, str]:
    targets = entry.targets_in(year) if entry is not None else ()
    target = due_target(targets, year)
    if entry is None or target is None or target.kind == "count":
        return None, float("nan"), ""
    at: FloatArray = np.array([value], dtype=np.float64)
    found = judge(at, unit, target, targets, year, Measured.nothing(1))
    return target, float(found.goal[0]), str(found.status[0])


def _scorecard(found: pd.DataFrame, entries: dict[str, Entry], names: dict[str, str]) -> pd.DataFrame:
    """Return one row a unit and document, each clause once; scorecards count no scorecards."""
    columns = ["level", "unit_code", "unit_name", *SCORES[:6], "met_pct", "policy", *SCORES[6:]]
    of = [entries.get(str(name)) for name in found["indicator"]]
    found = found[[not isinstance(entry, Scorecard) for entry in of]] if len(found) else found
    if not len(found):
        return pd.DataFrame(columns=columns)
    statement = [entries[name].statement if name in entries else "" for name in map(str, found["indicator"])]
    clause = np.where(np.array(statement, dtype=object) != "", np.array(statement, dtype=object), found["indicator"])
    told = found.assign(clause=clause)
    scores = pd.concat(
        [score_units(part).assign(policy=policy) for policy, part in told.groupby("policy", sort=False)],
        ignore_index=True,
    )
    scores["unit_name"] = [names.get(code, code) for code in scores["unit_code"]]
    met = scores["ahead"] + scores["on_schedule"]
    scores["met_pct"] = np.where(scores["with_target"] > 0, 100.0 * met / scores["with_target"].clip(lower=1), np.nan)
    return scores[columns]
