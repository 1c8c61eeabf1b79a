"""A scenario beside the base: what each unit would have and what it has; means over the people reached on both sides.

A mean of minutes is over those who reach anything at all. Where a ferry stops, those it served leave the mean, and the mean of the others
falls: nothing has improved. Over the same people it does not fall, and who is reached on one side alone is said beside it. Two years are
compared in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecircle.config import IndicatorEntry
from lifecircle.config.schema import Level
from lifecircle.indicators.access import MeanMinutes
from lifecircle.indicators.figures import LevelSums
from lifecircle.model import BoolArray, FloatArray, RuleResult

SAME = 1e-9
"""Relative: two sums in another order differ by less, and no figure that anyone reads does."""
OTHER_CELLS = "人口格不同，均值不可比 other cells of people: means cannot be compared"


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """A rule's people per cell and what the nearest costs them in all (minutes or metres; inf where none is reached), on one side."""

    people: FloatArray
    cost: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Both sides of one cost of a rule, and the indicators that hang on it."""

    rule: str
    base: Reached
    after: Reached
    means: frozenset[str]
    """Indicators that are means of this cost."""
    counts: frozenset[str]
    """Those that count people by it: coverage, the unreachable."""

    @property
    def has_same_cells(self) -> bool:
        """Whether both sides count people at as many places."""
        return len(self.base.cost) == len(self.after.cost)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums over the unit of each row of a table; numerators are people x cost, over those reached on both sides."""

    stranded: FloatArray
    """People of the later side who were reached and are not."""
    gained: FloatArray
    """People of the later side who were not reached and are."""
    base_denominator: FloatArray
    denominator: FloatArray
    base_numerator: FloatArray
    numerator: FloatArray

    @property
    def has_moved(self) -> BoolArray:
        """Where anyone is reached on one side alone."""
        return np.asarray(self.stranded + self.gained > SAME)

    def means(self) -> tuple[FloatArray, FloatArray]:
        """Return both sides' means over those reached on both; NaN where no one is."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.base_numerator / self.base_denominator, self.numerator / self.denominator


def pair_results(
    before: Mapping[str, RuleResult], after: Mapping[str, RuleResult], indicators: Iterable[IndicatorEntry]
) -> Iterator[Pair]:
    """Yield every cost of every rule that both sides answer, and not with the same result."""
    asked = [one for one in indicators if isinstance(one, MeanMinutes)]
    for name, old in before.items():
        new = after.get(name)
        if new is None or new is old:
            continue
        whole = {f"{name}-total-min", *(one.id for one in asked if one.rule == name)}
        counts = frozenset({name, f"{name}-unreachable"})
        if old.rule.then is None:
            whole.add(f"{name}-response-min")
        else:
            yield Pair(
                name, Reached(old.people, old.response.cost), Reached(new.people, new.response.cost),
                frozenset({f"{name}-response-min"}), frozenset(),
            )  # fmt: skip
        sides = Reached(old.people, old.nearest.cost), Reached(new.people, new.nearest.cost)
        yield Pair(name, *sides, frozenset(whole), counts)


def sum_reached(table: pd.DataFrame, levels: Mapping[Level, LevelSums], pair: Pair) -> Sums:
    """Return the sums of a pair over the unit of each row (``level``, ``unit_code``); NaN for a unit that is none of the levels'."""
    base, after = pair.base, pair.after
    before, now = np.isfinite(base.cost), np.isfinite(after.cost)
    both = before & now
    cells = (
        after.people * (before & ~now),
        after.people * (now & ~before),
        base.people * both,
        after.people * both,
        base.people * np.where(both, base.cost, 0.0),
        after.people * np.where(both, after.cost, 0.0),
    )
    keys = [(level, str(code)) for level, sums in levels.items() for code in sums.code]
    found = np.concatenate([np.column_stack([sums.sum(one) for one in cells]) for sums in levels.values()])
    place = pd.MultiIndex.from_tuples(keys).get_indexer(
        pd.MultiIndex.from_arrays([table["level"], table["unit_code"].astype(str)])
    )
    return Sums(*np.vstack([found, np.full(len(cells), np.nan)])[place].T)


def compare_reached(table: pd.DataFrame, levels: Mapping[Level, LevelSums], pair: Pair) -> pd.DataFrame:
    """Return a scenario's differences whose means are over the people reached on both sides, and whose notes say who is reached on one alone.

    Parameters
    ----------
    table
        As :func:`.scenarios.differences` returns it.
    levels
        Level to the sums over its units.
    """
    is_mean, is_count = (table["indicator"].isin(names).to_numpy() for names in (pair.means, pair.counts))
    if not (is_mean | is_count).any():
        return table
    changed = table.copy()
    if not pair.has_same_cells:
        changed.loc[is_mean, "note"] = OTHER_CELLS
        changed.loc[is_mean, "difference"] = np.nan
        return changed
    sums = sum_reached(table, levels, pair)
    here = is_mean & sums.has_moved
    for name in ("base_denominator", "denominator", "base_numerator", "numerator"):
        changed.loc[here, name] = getattr(sums, name)[here]
    base, value = sums.means()
    changed.loc[here, "base"], changed.loc[here, "value"] = base[here], value[here]
    changed.loc[here, "difference"] = subtract(value, base)[here]
    changed.loc[here, "numerator_difference"] = subtract(sums.numerator, sums.base_numerator)[here]
    said = (is_mean | is_count) & sums.has_moved & (table["note"] == "").to_numpy()
    changed.loc[said, "note"] = _say_reached(sums, is_mean, ("两侧", "on both sides"))[said]
    return changed


def compare_reached_years(changes: pd.DataFrame, levels: Mapping[Level, LevelSums], pair: Pair) -> pd.DataFrame:
    """Return the changes of two years whose means, where anyone is reached in one year alone, are over those reached in both.

    The people are each year's own, at the places that are reached in both. Such a change is not split by cause: all of it is residual.

    Parameters
    ----------
    changes
        As :func:`lifecircle.comparison.decomposition.change_rows` returns it; both years in the same units, people at the same places.
    """
    is_mean = changes["indicator"].isin(pair.means).to_numpy() & changes["difference"].notna().to_numpy()
    if not is_mean.any():
        return changes
    sums = sum_reached(changes, levels, pair)
    here = is_mean & sums.has_moved
    if not here.any():
        return changes
    changed = changes.copy()
    base, value = sums.means()
    difference = subtract(value, base)
    for name, figure in (
        ("value_from", base), ("value_to", value), ("difference", difference), ("residual", difference),
    ):  # fmt: skip
        changed.loc[here, name] = figure[here]
    causes = [name for name in map(str, changes) if name.startswith("by_")]
    changed[causes] = changed[causes].mask(pd.Series(here, index=changed.index), axis=0)
    changed.loc[here, "note"] = _say_reached(sums, is_mean, ("两年", "in both years"))[here]
    return changed


def _say_reached(sums: Sums, is_mean: BoolArray, both: tuple[str, str]) -> np.ndarray:
    """Return for each row who is reached on one side alone, and of a mean whom it is over."""
    rows = zip(is_mean.tolist(), sums.stranded.tolist(), sums.gained.tolist(), sums.denominator.tolist(), strict=True)
    texts = []
    for mean, stranded, gained, reached in rows:
        parts = [f"{stranded:,.0f} 人不再可达 people no longer reach any"] if stranded > SAME else []
        parts += [f"{gained:,.0f} 人新可达 people now reach one"] if gained > SAME else []
        if mean:
            parts.append(
                f"均值按{both[0]}都可达的 {reached:,.0f} 人计 means are over the {reached:,.0f} people reached {both[1]}"
            )
        texts.append("；".join(parts))
    return np.array(texts, dtype=object)


def is_same(one: FloatArray, other: FloatArray) -> BoolArray:
    """Return where two figures differ by rounding alone; NaN is NaN."""
    return np.isclose(one, other, rtol=SAME, atol=SAME, equal_nan=True)


def subtract(value: FloatArray, base: FloatArray) -> FloatArray:
    """Return ``value - base``, exactly 0 where only rounding is between them."""
    with np.errstate(invalid="ignore"):
        return np.where(is_same(value, base) & np.isfinite(value), 0.0, value - base)


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
