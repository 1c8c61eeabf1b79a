"""Measures of equity: how unevenly minutes, supply or an indicator are spread, between townships and within, and who is weakest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from lifecircle.config.entries import EntryId, Sense, with_sense
from lifecircle.config.measures import IndicatorEntry
from lifecircle.config.records import Need, TableFilter, TableName
from lifecircle.config.schema import Label, Level
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import mean_of, partial_own
from lifecircle.indicators.inequality_indices import (
    coefficient_of_variation,
    concentration_index,
    gini,
    palma_ratio,
    theil_decomposition,
    theil_t,
    weakest,
)
from lifecircle.indicators.measure import Finding, Findings, beside, measure
from lifecircle.model import BoolArray, FloatArray, TextArray
from lifecircle.sources.tables import as_bool, as_numbers

Index = Literal["gini", "theil", "palma", "concentration", "variation"]


class Inequality(IndicatorEntry):
    """How unevenly something is spread: over people by their cell (``rule``), or over the units of a level (``indicator``)."""

    sense: ClassVar[Sense] = "down"
    called: ClassVar[Label] = Label(zh="均衡性", en="inequality")
    measure: Literal["inequality"]
    index: Index
    rule: EntryId | None = None
    """The minutes or metres of people to a rule's nearest facility; a rule's floating catchment is an indicator."""
    indicator: EntryId | None = None
    unit: Level = "township"
    """With ``indicator``: the level whose units are compared; with ``rule``: the level that Theil's between and within are of."""
    order_by: str | None = None
    """Of ``concentration`` and ``palma``: a group of the population, whose share of the people ranks places; or a column of ``ranks``."""
    ranks: TableName | None = None
    """A table by unit with the column ``order_by``, such as how urban units are, that ranks places in place of a group."""
    weakest: int = Field(default=5, ge=0)
    """How many of the weakest units are listed."""

    @model_validator(mode="after")
    def _over_one_thing(self) -> Inequality:
        if (self.rule is None) == (self.indicator is None):
            raise ValueError("rule 与 indicator 必须且只能给一个 give exactly one of rule and indicator")
        if self.order_by is None and (self.index == "concentration" or self.ranks):
            raise ValueError(
                "须给出 order_by，按什么排序 needs order_by, what ranks places: a group, or a column of ranks"
            )
        if self.index == "concentration":  # signed: on whom it falls; even is zero
            object.__setattr__(self, "targets", with_sense(self.targets, "zero"))
        return self

    @property
    def value_unit(self) -> str:
        """None: an index."""
        return "index"

    @property
    def after(self) -> tuple[str, ...]:
        """What it is spread over."""
        return tuple(name for name in (self.rule, self.indicator) if name)

    @property
    def of_rules(self) -> tuple[str, ...]:
        """The rule, where it is over people by their cell."""
        return (self.rule,) if self.rule else ()

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The group that ranks, if any."""
        return (self.order_by,) if self.order_by and not self.ranks else ()

    @property
    def needs(self) -> tuple[Need, ...]:
        """The table that ranks, if any."""
        return (Need(self.ranks, (str(self.order_by),), is_table=True),) if self.ranks else ()


NOT_REACHED = "；到不了的人未计 people who reach none left out"


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """What people have, by place: a cell, or a unit."""

    value: FloatArray
    """NaN where there is none."""
    people: FloatArray
    rank: FloatArray | None
    """What orders places for concentration and Palma."""
    is_less_better: bool
    unclear: FloatArray
    """Share (0-1) of each place of which it is not known what they have; who reaches none has none, and that is known."""

    @property
    def unknown_pct(self) -> float:
        """Percent (0-100) of the people of whom it is not known."""
        whole = float(self.people.sum())
        return 100.0 * float(self.people @ self.unclear) / whole if whole > 0 else 0.0


@measure(Inequality)
def inequality(entry: Inequality, facts: Facts) -> Findings:
    """Give an index over the people of the district and, where it is over cells, of each unit above; people who reach none are left out."""
    by_cell = _over_cells(entry, facts)
    if entry.indicator is not None:
        spread = _over_units(entry, facts)
        if spread is None:
            return Findings((), reason=f"{entry.indicator} 没有 {entry.unit} 级的数 has no figures of the {entry.unit}")
        found = _between_units(entry, facts, spread, by_cell)
        if entry.index == "theil" and by_cell is not None and entry.unit in facts.units:
            found += _parts(entry, facts, by_cell)
        return Findings(tuple(found), {"weakest": _weakest(entry, facts, spread)})
    if by_cell is None:
        return Findings(())
    figures = tuple(
        replace(
            partial_own(
                facts.levels[level],
                _by_unit(entry, facts, by_cell, level),
                _unknown_pct(by_cell, facts, level),
                facts.unknown_max,
            ),
            note=_left_out(by_cell, facts, level),
        )
        for level in facts.levels_for(entry.levels)
    )
    note = NOT_REACHED if entry.rule else ""
    found = [Finding(figures, note=note)]
    if entry.index == "theil" and entry.unit in facts.units:
        found += _parts(entry, facts, by_cell)
    return Findings(tuple(found), {"weakest": _weakest(entry, facts, _mean_by_unit(entry, facts, by_cell))})


def _between_units(entry: Inequality, facts: Facts, spread: _Spread, by_cell: _Spread | None) -> list[Finding]:
    """Return the index between units, each by its people; beside it with every unit alike, and among people by what their own cell has."""
    alike = np.where(np.isfinite(spread.value) & (spread.people > 0), 1.0, 0.0)
    beside_it = [("-unweighted", "各单元同等计", "every unit alike", _index(entry, spread, alike))]
    if by_cell is not None:
        among = _index(entry, by_cell, by_cell.people)
        beside_it.append(("-among-people", "逐人，按所在格", "among people, by their cell", among))
    district = facts.levels["district"]
    unknown, most = np.array([spread.unknown_pct]), facts.unknown_max
    own = partial_own(district, np.array([_index(entry, spread, spread.people)]), unknown, most)
    weighed = beside(entry, "单元之间，按人口加权", "between units, by their people")
    return [
        Finding((own,), label=weighed),
        *(
            Finding(
                (partial_own(district, np.array([value]), unknown, most),),
                suffix=suffix,
                label=beside(entry, zh, en),
                is_asked=False,
            )
            for suffix, zh, en, value in beside_it
        ),
    ]


def _over_cells(entry: Inequality, facts: Facts) -> _Spread | None:
    """Return what each cell has; None where only units have it. Of a rule that is what is compared, of an indicator it stands beside."""
    if entry.rule is not None:
        result = facts.results[entry.rule]
        cost, rank = result.nearest.cost, _rank_of_cells(entry, facts)
        is_unclear = np.zeros(len(cost), dtype=bool) if result.may_cost is None else result.may_cost < cost
        value = np.where(np.isfinite(cost) & ~is_unclear, cost, np.nan)
        return _Spread(value, result.people, rank, True, _as_share(is_unclear, rank))
    if entry.indicator in facts.by_cell:
        value, rank = facts.by_cell[entry.indicator], _rank_of_cells(entry, facts)
        return _Spread(value, facts.cells.people, rank, False, _as_share(np.isnan(value), rank))
    return None


def _over_units(entry: Inequality, facts: Facts) -> _Spread | None:
    rows = facts.rows[str(entry.indicator)]
    rows = rows[(rows["indicator"] == entry.indicator) & (rows["level"] == entry.unit)]
    if not len(rows):
        return None
    level = facts.levels[entry.unit]
    people = level.sum(facts.cells.people)
    rank = _rank_of_cells(entry, facts)
    by_unit = None if rank is None else mean_of(level.sum(np.nan_to_num(rank) * facts.cells.people), people)
    less = str(rows["value_unit"].iloc[0]) in ("min", "m")
    value, unknown = rows["value"].to_numpy(np.float64), rows["unknown"].to_numpy(np.float64) / 100.0
    return _Spread(value, people, by_unit, less, np.where(np.isnan(value) & (unknown > 0), 1.0, unknown))


def _as_share(is_unclear: BoolArray, rank: FloatArray | None) -> FloatArray:
    """Return 1.0 where it is not known what people have, or where they stand in the order that is asked for; else 0."""
    return (is_unclear if rank is None else is_unclear | np.isnan(rank)).astype(np.float64)


def _unknown_pct(spread: _Spread, facts: Facts, level: Level) -> FloatArray:
    sums = facts.levels[level]
    return np.nan_to_num(mean_of(100.0 * sums.sum(spread.people * spread.unclear), sums.sum(spread.people)))


def _left_out(spread: _Spread, facts: Facts, level: Level) -> TextArray:
    """Return how many people of each unit are left out, as they reach none."""
    people = facts.levels[level].sum(spread.people * (np.isnan(spread.value) & (spread.unclear == 0)))
    said = [
        f"{count:,.0f} 人到不了，未计 people reach none and are left out" if count >= 0.5 else "" for count in people
    ]
    return np.array(said, dtype=object)


def _rank_of_cells(entry: Inequality, facts: Facts) -> FloatArray | None:
    """Return what orders cells: the share of a group among their people, or a figure of the units they lie in."""
    if entry.order_by is None:
        return None
    if entry.ranks is None:
        return mean_of(facts.cells.groups[entry.order_by], facts.cells.people)
    chosen = facts.select((TableFilter(table=entry.ranks),))
    level: Level = facts.levels_for(tuple(facts.levels), chosen.unit)[-1]
    stated = chosen.frame[entry.order_by].to_numpy(dtype=object)
    # 是 and 否 rank as 1 and 0; a unit of which the table says nothing has no rank, and is left out.
    yes = np.array([np.nan if one is None else float(one) for one in as_bool(stated)], dtype=np.float64)
    number = as_numbers(stated).value
    rank = np.full(len(facts.levels[level].code), np.nan)
    held = chosen.unit[level] >= 0
    rank[chosen.unit[level][held]] = np.where(np.isnan(number), yes, number)[held]
    membership, is_known = facts.levels[level].membership, np.isfinite(rank)
    return mean_of(np.asarray(np.nan_to_num(rank) @ membership), np.asarray(is_known.astype(np.float64) @ membership))


def _index(entry: Inequality, spread: _Spread, people: FloatArray) -> float:
    if entry.index == "palma":
        return palma_ratio(spread.value, people, spread.rank)
    if entry.index == "concentration" and spread.rank is not None:
        return concentration_index(spread.value, people, spread.rank)
    return {"gini": gini, "theil": theil_t, "variation": coefficient_of_variation}[entry.index](spread.value, people)


def _by_unit(entry: Inequality, facts: Facts, spread: _Spread, level: Level) -> FloatArray:
    """Return the index among the people of each unit: a loop over units, not over cells."""
    membership = facts.levels[level].membership
    found = np.full(membership.shape[0], np.nan)
    for unit in range(membership.shape[0]):
        cells = slice(membership.indptr[unit], membership.indptr[unit + 1])
        at = membership.indices[cells]
        rank = None if spread.rank is None else spread.rank[at]
        people = spread.people[at] * membership.data[cells]
        part = _Spread(spread.value[at], people, rank, spread.is_less_better, spread.unclear[at])
        found[unit] = _index(entry, part, part.people)
    return found


def _parts(entry: Inequality, facts: Facts, spread: _Spread) -> list[Finding]:
    """Return Theil between the units of a level and within them; a cell in two units is in each by its share."""
    membership = facts.levels[entry.unit].membership.tocoo()
    unit, cell = membership.row, membership.col
    parts = theil_decomposition(spread.value[cell], spread.people[cell] * membership.data, unit)
    named = (
        ("between", "单元之间", "between units", parts.between),
        ("within", "单元之内", "within units", parts.within),
    )
    return [
        Finding(
            (
                partial_own(
                    facts.levels["district"], np.array([value]), np.array([spread.unknown_pct]), facts.unknown_max
                ),
            ),
            suffix=f"-{name}",
            label=beside(entry, zh, en),
            is_asked=False,
        )
        for name, zh, en, value in named
    ]


def _mean_by_unit(entry: Inequality, facts: Facts, spread: _Spread) -> _Spread:
    level = facts.levels[entry.unit] if entry.unit in facts.levels else facts.levels["district"]
    known = np.isfinite(spread.value)
    people = level.sum(spread.people * known)
    value = mean_of(level.sum(np.where(known, spread.value, 0.0) * spread.people), people)
    return _Spread(value, people, None, spread.is_less_better, np.isnan(value).astype(np.float64))


def _weakest(entry: Inequality, facts: Facts, spread: _Spread) -> pd.DataFrame:
    """Return the weakest units, the weakest first: 薄弱区域."""
    level = facts.levels[entry.unit] if entry.unit in facts.levels else facts.levels["district"]
    rows = weakest(spread.value, entry.weakest, level.code, weak_is="high" if spread.is_less_better else "low")
    return pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "indicator": entry.id, "of": entry.rule or entry.indicator,
            "level": level.level, "rank": np.arange(1, len(rows) + 1), "unit_code": level.code[rows],
            "unit_name": level.name[rows], "value": spread.value[rows], "people": spread.people[rows],
        }
    )  # fmt: skip
