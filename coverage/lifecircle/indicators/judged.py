"""Measures of other indicators: how many units meet one, the gap between two groups of units, how many are met."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import model_validator

from lifecircle.config import Label, Policy, load_policies
from lifecircle.config.entries import EntryId, Sense
from lifecircle.config.measures import IndicatorEntry
from lifecircle.config.records import Need, TableFilter, needs_of
from lifecircle.config.schema import LEVEL_NAMES, Level
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import Figures, mean_of, partial_own, partial_ratio, plain_figures, ratio_figures
from lifecircle.indicators.measure import Finding, Findings, beside, measure
from lifecircle.indicators.targets import HAIR, NO_TARGET, SCORES, score_units
from lifecircle.model import BoolArray, FloatArray


class UnitsMeeting(IndicatorEntry):
    """The share of units of a level whose own figure of another indicator is at least (or at most) so much: 以街道(乡镇)为单位."""

    called: ClassVar[Label] = Label(zh="达标单元占比", en="units meeting a figure")
    measure: Literal["units_meeting"]
    indicator: EntryId
    unit: Level
    at_least: float | None = None
    at_most: float | None = None
    """In the indicator's unit, as it stands in the tables: percentages 0-100."""
    quasi: bool = False

    @model_validator(mode="after")
    def _one_bound(self) -> UnitsMeeting:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("at_least 与 at_most 必须且只能给一个 give exactly one of at_least and at_most")
        return self

    @property
    def after(self) -> tuple[str, ...]:
        """The indicator."""
        return (self.indicator,)


class Difference(IndicatorEntry):
    """One indicator over some units less over the others: 城乡差 in percentage points; numerators are summed first."""

    sense: ClassVar[Sense] = "zero"
    called: ClassVar[Label] = Label(zh="差距", en="difference between units")
    measure: Literal["difference"]
    indicator: EntryId
    unit: Level
    of: TableFilter
    """The rows of a unit table that are the first: town units. All others of that table are the second."""

    @property
    def value_unit(self) -> str:
        """Percentage points."""
        return "pp"

    @property
    def after(self) -> tuple[str, ...]:
        """The indicator."""
        return (self.indicator,)

    @property
    def needs(self) -> tuple[Need, ...]:
        """The table that tells the units apart."""
        return needs_of((self.of,))


class Scorecard(IndicatorEntry):
    """The share of clauses with a target that are met or ahead, as the Nanyang text counts: monitored, with target, met or ahead.

    A scorecard is of one document; an entry that names none gives one of each that the district answers to.
    """

    is_last: ClassVar[bool] = True
    called: ClassVar[Label] = Label(zh="计分卡", en="scorecard")
    measure: Literal["scorecard"]
    indicators: tuple[EntryId, ...] = ()
    """These, each counted once, whichever document they are of."""
    policies: tuple[str, ...] = ()
    """These documents, each by itself; those that the district answers to where neither is given."""

    @property
    def counts_entries(self) -> tuple[str, ...]:
        """Those named."""
        return self.indicators

    @property
    def counts_policies(self) -> tuple[str, ...]:
        """Those named."""
        return self.policies


SCORECARD_COLUMNS = (
    "district", "year", "scorecard", "label_zh", "level", "unit_code", "unit_name", "monitored", "with_target", "ahead", "on_schedule",
    "under_way", "missed", "met_pct", "rank", "policy", "behind", "not_known",
)  # fmt: skip
"""Of ``scorecard.csv``: one row a unit and document."""


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


@dataclass(frozen=True, slots=True, eq=False)
class _Card:
    """What one scorecard counts."""

    policy: str
    """The document; of a list of indicators the policy of the entry."""
    title: Label | None
    rows: pd.DataFrame
    """Judged rows with ``clause``, what counts once."""

    @property
    def has_targets(self) -> bool:
        """Whether anything is asked in it."""
        return bool(len(self.rows)) and bool((~self.rows["target_kind"].isin(["", "qualitative"])).any())


@measure(Scorecard)
def scorecard(entry: Scorecard, facts: Facts) -> Findings:
    """Count, of one document's clauses with a target, those met or ahead: 48 of 53, as the Nanyang text counts; and how many are monitored.

    Each document that the district answers to has its own, the first of them under the entry's id and the others under the id and
    theirs. Scorecards do not count scorecards, nor what would be (scenario rules).
    """
    cards = [card for card in _cards(entry, facts) if len(card.rows)]
    if not cards:
        return Findings(
            (), reason="没有可计的条款：所列政策都没有已算出的指标 no clause of the policies listed was computed"
        )
    found: list[Finding] = []
    listed: list[pd.DataFrame] = []
    for place, card in enumerate(cards):
        met, monitored, tables = _score(entry, card, facts)
        suffix = f"-{card.policy or 'own'}" if place else ""
        named = entry.names if card.title is None else beside(entry, card.title.zh, card.title.en or card.title.zh)
        words = Label(zh=f"{named.zh}：监测条款数", en=f"{named.en or named.zh}: clauses monitored")
        # A document without targets is monitored; there is no share of them that could be met, and none that is missing.
        found += [Finding(met, suffix=suffix, label=named, counts="项")] if card.has_targets or not place else []
        found.append(Finding(monitored, suffix=f"{suffix}-monitored", label=words, unit="项", is_asked=False))
        listed += tables
    if not listed:
        return Findings((), reason="所报级别没有单元 no units of the levels it is reported at")
    ranked = pd.concat(listed, ignore_index=True)
    by_level = ranked.groupby(["policy", "level"])["met_pct"]
    ranked["rank"] = by_level.rank(method="min", ascending=False).astype("Int64")
    return Findings(tuple(found), {"scorecard": ranked[list(SCORECARD_COLUMNS)]})


def _score(
    entry: Scorecard, card: _Card, facts: Facts
) -> tuple[tuple[Figures, ...], tuple[Figures, ...], list[pd.DataFrame]]:
    """Return per level the share met, how many are monitored, and the rows of ``scorecard.csv`` without their rank.

    Low and high are the share met were none, or all, of what is not known met.
    """
    scores = score_units(card.rows)
    met, monitored, listed = [], [], []
    for level in facts.levels_for(entry.levels):
        own = facts.levels[level]
        by_unit = scores[scores["level"] == level].set_index("unit_code")[list(SCORES)].reindex(own.code).fillna(0.0)
        number = {name: by_unit[name].to_numpy(np.float64) for name in SCORES}
        reached, known, rest = number["ahead"] + number["on_schedule"], number["with_target"], number["not_known"]
        share = ratio_figures(own, reached, known)
        low, high = (mean_of(100.0 * above, known + rest) for above in (reached, reached + rest))
        met.append(replace(share, low=low, high=high))
        monitored.append(plain_figures(own, number["monitored"]))
        listed.append(
            pd.DataFrame(
                {
                    "district": facts.district.id, "year": facts.year, "scorecard": entry.id, "label_zh": entry.names.zh, "level": level,
                    "unit_code": own.code, "unit_name": own.name, **{name: number[name].astype(np.int64) for name in SCORES},
                    "met_pct": share.value, "policy": card.policy,
                }
            )
        )  # fmt: skip
    return tuple(met), tuple(monitored), listed


def _cards(entry: Scorecard, facts: Facts) -> list[_Card]:
    """Return what each scorecard of an entry counts: the indicators it lists, or document by document what the district answers to."""
    if entry.indicators:
        rows = [_own_figures(name, facts).assign(clause=name) for name in entry.indicators if name in facts.rows]
        return [_Card(entry.policy, None, pd.concat(rows, ignore_index=True))] if rows else []
    policies, district = load_policies(), facts.district
    own = _own_card(entry, facts)
    if entry.policies:
        asked = [name for name in entry.policies if name in district.policies or policies[name].holds_in(district)]
        cards = [_document_card(policies[name], facts) for name in asked]
        return [replace(cards[0], title=None)] if len(cards) == 1 else cards
    answered = [policies[name] for name in district.policies if name in policies]
    documents = [policy for policy in answered if policy.is_document]
    cards = [_document_card(policy, facts) for policy in documents or answered]
    if not documents:
        cards = [card for card in cards if card.has_targets]
    # What the district asks of itself is one more document, where it asks anything.
    if own.has_targets or not any(len(card.rows) for card in cards):
        cards = [*cards, own] if cards else [replace(own, title=None)]
    return cards


def _document_card(policy: Policy, facts: Facts) -> _Card:
    """Return the rows that answer each clause of a document; a target that another document sets is none of this one's."""
    clauses = {statement.id: policy.answers(statement) for statement in policy.statements}
    asked = facts.configuration.entries
    for one in asked:
        if one.policy == policy.id:
            key = one.statement or one.id
            clauses[key] = tuple(dict.fromkeys((*clauses.get(key, ()), one.id)))
    set_here = {one.id for one in asked if one.policy == policy.id}
    rows = []
    for clause, names in clauses.items():
        for name in names:
            if _is_counted(name, facts):
                figures = _own_figures(name, facts).assign(clause=clause)
                rows.append(figures if name in set_here else figures.assign(target_kind="", status=NO_TARGET))
    return _Card(policy.id, policy.title, pd.concat(rows, ignore_index=True) if rows else pd.DataFrame())


def _own_card(entry: Scorecard, facts: Facts) -> _Card:
    """Return what the district asks of itself: entries of its own that answer no policy, each a clause."""
    own = (*facts.configuration.own_rules, *facts.configuration.own_indicators)
    listed = {one.id: one for one in facts.configuration.entries}
    names = [name for name in own if name in listed and not listed[name].policy and name != entry.id]
    rows = [_own_figures(name, facts).assign(clause=name) for name in names if _is_counted(name, facts)]
    title = Label(zh="本区自定", en="the district's own")
    return _Card("", title, pd.concat(rows, ignore_index=True) if rows else pd.DataFrame())


def _is_counted(name: str, facts: Facts) -> bool:
    """Whether an entry was computed and is neither a scorecard nor an if."""
    if name not in facts.rows or not len(facts.rows[name]):
        return False
    if name in facts.results:
        return not facts.results[name].rule.scenario
    return not any(one.id == name for one in facts.configuration.indicators if isinstance(one, Scorecard))


def _own_figures(name: str, facts: Facts) -> pd.DataFrame:
    """Return an entry's own rows, and those of a figure beside it that its targets are asked of."""
    rows = facts.rows[name]
    return rows[(rows["indicator"] == name) | rows["is_asked"].astype(bool)]
