"""What changed between two years, and why.

A figure of the later year less that of the earlier is split over what changed between them: which facilities stood, where people
lived, which roads there were, what the rule said. Each cause's part is its Shapley value: the mean, over every order in which the
causes can be replaced one after another, of what replacing it changes. No order is preferred, the parts sum to the difference, and a
cause that did not change has none (Shapley, A value for n-person games, 1953). What the year itself brought (statistics reported,
targets that fall due) belongs to none of the causes and is left as residual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import Configuration, District, Rule
from lifecircle.config.schema import Level
from lifecircle.model import BoolArray, Cells, Facilities, FloatArray, InputFile, IntArray, TextArray, Units
from lifecircle.problems import Problem

if TYPE_CHECKING:
    import shapely


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonLayers:
    """The later year's layers, and what only one of the years has."""

    configuration: Configuration
    district: District
    units: Mapping[Level, Units]
    cells: Cells
    facilities: Facilities
    facilities_from: Facilities
    """The earlier year's: where those stood that closed."""
    serving: Mapping[str, IntArray]
    """By rule id, rows of the facilities that serve it."""
    streets: Mapping[str, tuple[shapely.LineString, ...]]
    """``opened`` and ``closed``: ways that only the later year has, and only the earlier; district CRS."""


Cause = Literal["facilities", "people", "roads", "rule"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
EXACT = 1e-6
"""Shares of a unit's people may sum to 1 within this: tables are rounded."""


def split_by_cause(
    figure: Callable[[frozenset[Cause]], FloatArray], changed: Sequence[Cause]
) -> dict[Cause, FloatArray]:
    """Return the part of each cause in the change of a figure.

    ``part[c] = sum over S of |S|! (n - |S| - 1)! / n! x (figure(S + c) - figure(S))`` over the sets S of the n changed causes without c.

    Parameters
    ----------
    figure
        The figure, per unit, when the causes in the set are the later year's and the others the earlier's; asked once a set.
    changed
        The causes that differ at all; the others' part is 0.

    Returns
    -------
    dict
        Every cause of :data:`CAUSES`; NaN where any of the figures is. Shapes as the figure's.
    """
    known = {
        frozenset(chosen): figure(frozenset(chosen))
        for count in range(len(changed) + 1)
        for chosen in combinations(changed, count)
    }
    nothing = np.where(np.isnan(known[frozenset()]), np.nan, 0.0)
    parts = dict.fromkeys(CAUSES, nothing)
    n = len(changed)
    for cause in changed:
        for others, before in known.items():
            if cause not in others:
                weight = factorial(len(others)) * factorial(n - len(others) - 1) / factorial(n)
                parts[cause] = parts[cause] + weight * (known[others | {cause}] - before)
    return parts


@dataclass(frozen=True, slots=True, eq=False)
class Turnover:
    """Whose cover changed; people per unit. ``covered_to - covered_from = newly_covered - newly_lost + moved``."""

    newly_covered: FloatArray
    """People of the later year where it was not covered and is now."""
    newly_lost: FloatArray
    """People of the later year where it was covered and is not now."""
    moved: FloatArray
    """By how many more people live, in the later year, where it was covered in the earlier."""


def turnover(
    people: tuple[FloatArray, FloatArray],
    covered: tuple[BoolArray, BoolArray],
    add_up: Callable[[FloatArray], FloatArray],
) -> Turnover:
    """Return whose cover changed, cell by cell.

    Parameters
    ----------
    people, covered
        Of the earlier and the later year, per cell of one grid.
    add_up
        Values per cell to sums per unit.
    """
    before, now = covered
    return Turnover(
        newly_covered=add_up(people[1] * (now & ~before)),
        newly_lost=add_up(people[1] * (before & ~now)),
        moved=add_up((people[1] - people[0]) * before),
    )


def turnover_of_units(covered_from: FloatArray, covered_to: FloatArray) -> Turnover:
    """Return whose cover changed where the years' grids differ: the least that each unit's own sums allow."""
    change = covered_to - covered_from
    return Turnover(np.maximum(change, 0.0), np.maximum(-change, 0.0), np.zeros_like(change))


@dataclass(frozen=True, slots=True, eq=False)
class UnitLinks:
    """A year's units in today's: one row a link, ``from_code, to_code, share`` (of the people, 0-1)."""

    links: pd.DataFrame

    def faults(self) -> dict[str, float]:
        """Return the codes whose shares do not sum to 1, and what they sum to."""
        sums = self.links.groupby("from_code", sort=False)["share"].sum()
        return {str(code): float(total) for code, total in sums.items() if abs(total - 1.0) > EXACT}

    def link(self, codes: Sequence[str]) -> pd.DataFrame:
        """Return the links of these codes; one that is not listed goes to itself. Shares sum to exactly 1."""
        listed = self.links[self.links["from_code"].isin(list(codes))]
        same = [code for code in dict.fromkeys(codes) if code not in set(listed["from_code"])]
        own = pd.DataFrame({"from_code": same, "to_code": same, "share": 1.0})
        joined = pd.concat([listed, own], ignore_index=True) if len(listed) else own
        total = joined.groupby("from_code")["share"].transform("sum")
        return joined.assign(share=joined["share"] / total)

    def matrix(self, from_codes: TextArray, to_codes: TextArray) -> csr_array:
        """Return to-units x from-units: the share of each earlier unit in each of today's. Columns sum to 1 where all links end in a unit."""
        link = self.link([str(code) for code in from_codes])
        row = pd.Index(to_codes).get_indexer(pd.Index(link["to_code"]))
        column = pd.Index(from_codes).get_indexer(pd.Index(link["from_code"]))
        known = row >= 0
        held = (link["share"].to_numpy(dtype=np.float64)[known], (row[known], column[known]))
        return csr_array(held, shape=(len(to_codes), len(from_codes)))


NO_CROSSWALK = UnitLinks(pd.DataFrame({"from_code": [], "to_code": [], "share": []}).astype({"share": float}))
KEYS = ["indicator", "level", "unit_code"]
FIGURES = ["value", "numerator", "denominator"]


def carry_rows(rows: pd.DataFrame, crosswalk: UnitLinks) -> pd.DataFrame:
    """Return indicator rows in today's units.

    A unit that only changed its code keeps its figures. Where units were split or merged, numerators and denominators go by the people's
    shares and are divided anew; a figure that is no ratio or sum of such (an index, a figure reported) has no value there (NaN).

    Parameters
    ----------
    rows
        ``indicator, level, unit_code, value, numerator, denominator`` at least.
    """
    if not len(crosswalk.links):
        return rows
    codes = [str(code) for code in dict.fromkeys(rows["unit_code"])]
    link = crosswalk.link(codes)
    carried = rows.merge(link, left_on="unit_code", right_on="from_code", how="left")
    carried["unit_code"] = carried["to_code"]
    over = carried["denominator"].fillna(1.0)
    carried["scale"] = (carried["value"] * over / carried["numerator"]).where(carried["numerator"] != 0)
    is_alone = (carried["share"] == 1.0) & ~carried.duplicated(KEYS, keep=False)
    whole, parted = carried[is_alone], carried[~is_alone]
    columns = list(rows.columns)
    if not len(parted):
        return whole[columns]
    for name in ("numerator", "denominator"):
        parted = parted.assign(**{name: parted[name] * parted["share"]})
    plain = [name for name in columns if name not in (*KEYS, *FIGURES)]
    grouped = parted.groupby(KEYS, sort=False)
    summed = grouped[plain].first()
    for name in ("numerator", "denominator"):
        summed[name] = grouped[name].sum(min_count=1)
    summed["scale"] = grouped["scale"].max()
    summed = summed.reset_index()
    scale = summed["scale"].fillna(pd.Series(np.where(summed["value_unit"] == "%", 100.0, 1.0), index=summed.index))
    ratio = scale * summed["numerator"] / summed["denominator"].where(summed["denominator"] > 0)
    summed["value"] = np.where(summed["denominator"].isna(), scale * summed["numerator"], ratio)
    return pd.concat([whole[columns], summed[columns]], ignore_index=True)


@dataclass(frozen=True, slots=True, eq=False)
class ChangedCells:
    """Where people live, and whether a rule covers them there, in both years: what a map of a change is drawn from.

    Where both years count people at the same places there is one row a place, in the order of the cells. Otherwise the earlier year's
    places come first, where no one of the later year is counted, and then the later's, where no one of the earlier is: whether a place
    is covered is known of both years all the same. ``sum(people_to x covered_to) - sum(people_from x covered_from)`` is the change of
    the people covered, those in no unit included.
    """

    x: FloatArray
    """Metres in the district's CRS, as the other arrays per place."""
    y: FloatArray
    people_from: FloatArray
    """Those who count under the rule; 0 at places of the later year alone."""
    people_to: FloatArray
    covered_from: BoolArray
    """By the facilities, roads and rule of the earlier year."""
    covered_to: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two years of one district."""

    district: District
    years: tuple[int, int]
    """The earlier (or first named) and the later."""
    changes: pd.DataFrame
    """The columns of :data:`CHANGE_COLUMNS`."""
    rules: tuple[Rule, ...]
    """The rules that both years answer, as the later year has them."""
    cells: Mapping[str, ChangedCells]
    """By rule id, of the rules that both years answer."""
    causes: Mapping[Cause, Mapping[str, Any]]
    """What differs, by cause: an empty mapping where nothing does."""
    units: Mapping[str, Any]
    """What became of units: ``crosswalk``, codes that changed; ``only_in``, codes that the other year lacks; ``has_one_grid``, whether both
    years count people at the same places."""
    people: tuple[float, float]
    not_compared: Mapping[str, str]
    """Rules and indicators that only one year has, and why."""
    as_today: tuple[int, ...]
    """Years of which nothing is said but when facilities opened and closed: their people, roads and units are today's."""
    problems: tuple[Problem, ...]
    inputs: Mapping[int, tuple[InputFile, ...]]
    ground: ComparisonLayers | None = None
    """What the map is drawn on."""


CHANGE_COLUMNS = (
    "district", "year_from", "year_to", "policy", "indicator", "label_zh", "label_en", "level", "unit_code", "unit_name", "value_unit",
    "value_from", "value_to", "difference", "by_facilities", "by_people", "by_roads", "by_rule", "residual",
    "covered_from", "covered_to", "newly_covered", "newly_lost", "moved", "counted_by", "limit_from", "limit_to", "limit_unit", "note",
)  # fmt: skip
"""Of ``changes.csv``. ``note`` says why a figure is not compared (不可比, and which side lacks it), or whom a mean is over."""
NOT_COMPARED = "不可比 not comparable"
SPLIT = (*(f"by_{cause}" for cause in CAUSES), "covered_from", "covered_to", "newly_covered", "newly_lost", "moved")


def change_rows(
    rows_from: pd.DataFrame, rows_to: pd.DataFrame, split: pd.DataFrame, years: tuple[int, int],
    reasons: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
) -> pd.DataFrame:  # fmt: skip
    """Return the difference of every figure that either year has: the columns of ``changes.csv``.

    ``difference = by_facilities + by_people + by_roads + by_rule + residual``; of a figure that is not split by cause all of it is
    residual, and its causes are empty. A figure that one year lacks has no difference.

    Parameters
    ----------
    rows_from, rows_to
        Rows of ``indicators.csv`` of both years, in the same units.
    split
        ``indicator, level, unit_code, counted_by`` and :data:`SPLIT`: what is split by cause.
    reasons
        Of each year, why indicators were not computed.
    """
    names = ["district", "policy", "label_zh", "label_en", "unit_name", "value_unit", "limit", "limit_unit"]
    both = rows_to[[*KEYS, *names, "value"]].merge(
        rows_from[[*KEYS, *names, "value"]], on=KEYS, how="outer", suffixes=("_to", "_from"), sort=False, validate="one_to_one"
    )  # fmt: skip
    table = both[KEYS].copy()
    for name in names:
        table[name] = both[f"{name}_to"].where(both[f"{name}_to"].notna(), both[f"{name}_from"])
    table = table.assign(
        year_from=years[0], year_to=years[1], value_from=both["value_from"], value_to=both["value_to"],
        difference=both["value_to"] - both["value_from"], limit_from=both["limit_from"], limit_to=both["limit_to"],
    ).merge(split, on=KEYS, how="left", sort=False, validate="one_to_one")  # fmt: skip
    # Where a side has no figure there is no change, nor any part of one.
    is_missing = table["difference"].isna()
    parts = [f"by_{cause}" for cause in CAUSES]
    table[parts] = table[parts].mask(is_missing)
    table["note"] = _why_not_compared(table, rows_from, rows_to, years, reasons).where(is_missing, "")
    causes = table[[f"by_{cause}" for cause in CAUSES]]
    table["residual"] = table["difference"] - causes.sum(axis=1)
    order = {key: place for place, key in enumerate(zip(*(rows_to[name] for name in KEYS), strict=True))}
    place = [order.get(key, len(order)) for key in zip(*(table[name] for name in KEYS), strict=True)]
    return table.iloc[np.argsort(place, kind="stable")][list(CHANGE_COLUMNS)].reset_index(drop=True)


def _why_not_compared(
    table: pd.DataFrame, rows_from: pd.DataFrame, rows_to: pd.DataFrame, years: tuple[int, int],
    reasons: tuple[Mapping[str, str], Mapping[str, str]],
) -> pd.Series:  # fmt: skip
    """Return for each figure which year lacks it, and why."""
    keys = pd.MultiIndex.from_frame(table[KEYS])
    said = pd.Series("", index=table.index, dtype=object)
    for year, rows, value, why in zip(years, (rows_from, rows_to), ("value_from", "value_to"), reasons, strict=True):
        place = pd.MultiIndex.from_frame(rows[KEYS]).get_indexer(keys)
        unknown = rows["unknown"].to_numpy(np.float64) if "unknown" in rows else np.zeros(len(rows))
        at = np.append(unknown, np.nan)[place]
        told = np.where(
            place < 0, "没有此项 has none", np.where(at > 0, "缺数据 not known", "无人或无可计 nothing to divide by")
        )
        own = table["indicator"].map(why)
        text = f"{year} " + pd.Series(told, index=table.index, dtype=object).where(own.isna(), own)
        lacks = table[value].isna()
        said = said.mask(lacks, said.where(said == "", said + "；") + text)
    return f"{NOT_COMPARED}: " + said


def refuse_means(changes: pd.DataFrame, means: frozenset[str], unreachable: str, why: str) -> pd.DataFrame:
    """Return the changes without those of means that leave anyone out: where people are counted at other places, no one can be followed.

    Parameters
    ----------
    means
        Indicators that are over those who reach anything.
    unreachable
        The indicator of those who do not.
    """
    left = changes[changes["indicator"] == unreachable]
    is_left = (left["value_from"] > 0) | (left["value_to"] > 0)
    units = pd.MultiIndex.from_frame(left.loc[is_left, ["level", "unit_code"]])
    is_mean = changes["indicator"].isin(means) & changes["difference"].notna()
    here = is_mean & pd.MultiIndex.from_frame(changes[["level", "unit_code"]]).isin(units)
    refused = changes.copy()
    refused.loc[here, ["difference", "residual", *(f"by_{cause}" for cause in CAUSES)]] = np.nan
    refused.loc[here, "note"] = f"{NOT_COMPARED}: {why}"
    return refused


def worst_changes(changes: pd.DataFrame, indicator: str, level: str, most: int, least: float) -> pd.DataFrame:
    """Return the units of a level whose figure changed most, up or down, by at least so much: the largest change first."""
    chosen = changes[(changes["indicator"] == indicator) & (changes["level"] == level)]
    chosen = chosen[chosen["difference"].abs() >= least]
    order = np.lexsort((chosen["unit_code"].astype(str), -chosen["difference"].abs()))
    return chosen.iloc[order].head(most)


def share_by_unit(matrix: csr_array, covered: FloatArray, people: FloatArray) -> FloatArray:
    """Return ``100 x W covered / W people``, per today's unit, of sums per a year's own units; NaN where there is no one."""
    part, whole = matrix @ covered, matrix @ people
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 0, 100.0 * part / whole, np.nan), dtype=np.float64)


def split_table(
    indicator: str, level: str, codes: TextArray, parts: Mapping[Cause, FloatArray], covered: tuple[FloatArray, FloatArray],
    found: Turnover, counted_by: str,
) -> pd.DataFrame:  # fmt: skip
    """Return the rows of one figure that :func:`change_rows` takes as ``split``."""
    return pd.DataFrame(
        {
            "indicator": indicator, "level": level, "unit_code": codes, "counted_by": counted_by,
            **{f"by_{cause}": parts[cause] for cause in CAUSES},
            "covered_from": covered[0], "covered_to": covered[1],
            "newly_covered": found.newly_covered, "newly_lost": found.newly_lost, "moved": found.moved,
        }
    )  # fmt: skip
