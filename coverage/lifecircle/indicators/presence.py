"""Presence: the share of units that have their own. 每个镇办好一所卫生院, 每个行政村办好一所公有制卫生室.

Strict: a unit with two does not make up for a unit with none. Quasi-units are no towns. A unit served jointly (联合设置) or exempt (巡诊)
is counted in a second figure beside the strict one, and listed with its reason; a target is asked of the strict figure, or of the one
that counts hosts (``judged``), and of no other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from lifecircle.config.measures import IndicatorEntry
from lifecircle.config.records import Filters, Need, Records, needs_of
from lifecircle.config.schema import LEVEL_NAMES, Label, Level
from lifecircle.indicators.facts import Facts, Selected
from lifecircle.indicators.figures import HAIR, Figures, partial_ratio
from lifecircle.indicators.measure import Finding, Findings, beside, measure
from lifecircle.indicators.water_system import UnitNames
from lifecircle.model import BoolArray, TextArray
from lifecircle.sources.tables import as_text, clean_code, show_values


class Presence(IndicatorEntry):
    """The share of units of one level that have their own: 每个镇办好一所卫生院. Strict: two in one make up for none in no other."""

    called: ClassVar[Label] = Label(zh="逐单元有无", en="presence per unit")
    may_exempt: ClassVar[bool] = True
    measure: Literal["presence"]
    unit: Level
    """The level whose units are counted."""
    of: Records
    at_least: int = Field(default=1, ge=1)
    serves: str | None = None
    """Attribute naming the other units (codes or names) that a record serves too, 联合设置: reported beside the strict figure."""
    quasi: bool = False
    """Whether quasi-units (codes 400-599, 园区、林场) count as units."""
    host: Filters | None = None
    """What stands for the unit's own where it is in the unit: a village that hosts the township's health centre needs no clinic beside it.
    Counted in a figure of its own, ``-with-host``, beside the strict one."""
    judged: Literal["strict", "with-host"] = "strict"
    """Which of the two figures the targets are asked of."""

    @model_validator(mode="after")
    def _judges_what_it_has(self) -> Presence:
        if self.judged == "with-host" and self.host is None:
            raise ValueError('judged = "with-host" 须给出 host; needs host, what stands for the unit\'s own')
        return self

    @property
    def needs(self) -> tuple[Need, ...]:
        """The records, and what may stand for them; the attribute of joint service may be absent."""
        return (*needs_of(self.of), *needs_of(self.host or ()))


WITH_HOST = "-with-host"
HOSTS = "上级机构所在 host"
"""State of a unit that has none of its own and hosts what stands for it."""


@measure(Presence)
def presence(entry: Presence, facts: Facts) -> Findings:
    """Count units with at least so many records over all units that count, quasi-units left out."""
    chosen = facts.select(entry.of)
    count = facts.sum(entry.unit, chosen, np.ones(len(chosen)))
    may = sum((facts.sum(entry.unit, one, np.ones(len(one))) for one in chosen.unsure), np.zeros(len(count)))
    is_unit = np.ones(len(count), dtype=bool) if entry.quasi else ~facts.is_quasi(entry.unit)
    has = (count >= entry.at_least) & is_unit
    unclear = (
        ~has & is_unit & ((count + may >= entry.at_least) | (facts.absent_share(entry.unit, chosen.absent) > HAIR))
    )
    reason = _reasons(entry, chosen, facts)
    passes = has | ((reason != "") & is_unit)
    is_strict = entry.judged == "strict"
    found = [replace(_finding(entry, chosen, _figures(entry, facts, has, is_unit, unclear)), is_asked=is_strict)]
    hosts = np.zeros(len(count), dtype=bool)
    if entry.host is not None:
        hosting = facts.select(entry.host)
        hosts = (facts.sum(entry.unit, hosting, np.ones(len(hosting))) > 0) & is_unit & ~has
        may_host = np.zeros(len(count), dtype=bool)
        for one in hosting.unsure:
            may_host |= facts.sum(entry.unit, one, np.ones(len(one))) > 0
        figures = _figures(entry, facts, has | hosts, is_unit, (unclear | (may_host & is_unit)) & ~(has | hosts))
        label = beside(entry, "含卫生院所在单元", "units that host the next larger facility counted")
        found.append(replace(_finding(entry, chosen, figures), suffix=WITH_HOST, label=label, is_asked=not is_strict))
    if entry.serves or (reason != "").any():
        may_pass = np.zeros(len(count), dtype=bool)
        for one in chosen.unsure:
            may_pass |= _jointly_served(entry, one, facts) != ""
        figures = _figures(entry, facts, passes, is_unit, (unclear | (may_pass & is_unit)) & ~passes)
        label = beside(entry, "含联合设置与例外", "joint service and exceptions counted")
        found.append(replace(_finding(entry, chosen, figures), suffix="-with-shared", label=label, is_asked=False))
    return Findings(
        tuple(found), {"presence": _table(entry, chosen, facts, count, has, hosts, reason, is_unit, unclear)}
    )


def _finding(entry: Presence, chosen: Selected, figures: tuple[Figures, ...]) -> Finding:
    return Finding(figures, note=chosen.year_note, counts=LEVEL_NAMES[entry.unit], years=chosen.years)


def _figures(
    entry: Presence, facts: Facts, has: BoolArray, is_unit: BoolArray, unclear: BoolArray
) -> tuple[Figures, ...]:
    levels = [level for level in facts.above(entry.unit) if level in entry.levels]
    counted = [each.astype(np.float64) for each in (has, is_unit & ~unclear, unclear)]
    figures = []
    for level in levels:
        have, known, unknown = (facts.roll_up(entry.unit, level, each) for each in counted)
        figures.append(partial_ratio(facts.levels[level], have, known, unknown, facts.unknown_max))
    return tuple(figures)


def _reasons(entry: Presence, chosen: Selected, facts: Facts) -> TextArray:
    """Return why a unit may do without its own: who serves it too, or what it is exempt for; empty where nothing says so."""
    level = facts.levels[entry.unit]
    reason, known = _jointly_served(entry, chosen, facts), UnitNames(level.code, level.name)
    for exempt in facts.configuration.exempt:
        if exempt.indicator == entry.id:
            units = _units_named(exempt.unit, known, entry, -1, facts)
            if len(units) != 1:
                found = "几个单元同名 several units have this name" if units else f"没有这个单元 no such {entry.unit}"
                facts.problems.add(
                    "presence-exempt-unit", "warning", "district.toml", f'{found}: "{exempt.unit}"',
                    field=f"exempt.{exempt.indicator}.unit", mend="改用代码 use the code",
                    expected="图层中的代码 a code of the layer",
                )  # fmt: skip
                continue
            reason[units[0]] = "；".join(part for part in (reason[units[0]], exempt.reason) if part)
    return reason


def _jointly_served(entry: Presence, chosen: Selected, facts: Facts) -> TextArray:
    """Return who serves each unit too that has none of its own, as the records say; empty where none does."""
    level = facts.levels[entry.unit]
    reason = np.full(len(level.code), "", dtype=object)
    names, known = _names(chosen), UnitNames(level.code, level.name)
    if entry.serves is None or entry.serves not in chosen.frame.columns:
        return reason
    lost = []
    for row, text in enumerate(as_text(chosen.frame[entry.serves])):
        for word in known.split(text):
            units = _units_named(word, known, entry, int(chosen.unit[entry.unit][row]), facts)
            lost += [] if len(units) == 1 else [word]
            if len(units) == 1:
                who = names[row] or (chosen.row[row] if chosen.row is not None else "")
                reason[units[0]] = "；".join(part for part in (reason[units[0]], f"联合设置 joint: {who}") if part)
    if lost:
        facts.problems.add(
            "presence-unknown-unit", "warning", chosen.name, f"联合设置的单元认不出 units jointly served that no layer knows: {show_values(lost)}",
            field=entry.serves, expected="代码，或唯一的名称 a code, or a name only one unit has", count=len(lost),
            mend="改用代码 use the code",
        )  # fmt: skip
    return reason


def _names(chosen: Selected) -> TextArray:
    """Return what records are called, empty where they say nothing."""
    return as_text(chosen.frame["name"]) if "name" in chosen.frame else np.full(len(chosen), "", dtype=object)


def _units_named(word: str, known: UnitNames, entry: Presence, near: int, facts: Facts) -> list[int]:
    """Return the units that a code or a name means: of several of one name, those of the same unit above as ``near``."""
    found = known.find(clean_code(word)) or known.find(word)
    if len(found) > 1 and near >= 0 and (entry.unit, "township") in facts.parents:
        parent = facts.parents[entry.unit, "township"]
        return [row for row in found if parent[row] == parent[near]]
    return found


def _table(
    entry: Presence,
    chosen: Selected,
    facts: Facts,
    count: np.ndarray,
    has: BoolArray,
    hosts: BoolArray,
    reason: TextArray,
    is_unit: BoolArray,
    unclear: BoolArray,
) -> pd.DataFrame:
    """Return one row a unit: what it has, what excuses it, and what it lacks; the accountable list."""
    level = facts.levels[entry.unit]
    names = _names(chosen)
    held = [[] for _ in level.code]  # type: list[list[str]]
    for name, unit in zip(names, chosen.unit[entry.unit], strict=True):
        if unit >= 0 and name:
            held[unit].append(str(name))
    # Exceptions are those that the district lists; a host has what stands for its own.
    lacks = np.where(unclear, "不明 not known", "缺 lacks")
    without = np.select([reason != "", hosts], ["例外 exception", HOSTS], lacks)
    state = np.where(has, "有 has", without)
    township = np.full(len(level.code), "", dtype=object)
    if (entry.unit, "township") in facts.parents:
        parent = facts.parents[entry.unit, "township"]
        township = np.where(parent >= 0, facts.levels["township"].name[parent], "")
    return pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "indicator": entry.id, "label_zh": entry.names.zh,
            "level": entry.unit, "township": township, "unit_code": level.code, "unit_name": level.name,
            "count": count.astype(np.int64), "state": np.where(is_unit, state, "不计 quasi-unit"), "reason": reason,
            "facilities": ["；".join(one) for one in held],
        }
    )  # fmt: skip
