"""Which facilities serve which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from lifecircle.config import Configuration, FacilityFilter, Rule, Words, named_by
from lifecircle.config.entries import say_also
from lifecircle.model import BoolArray, Facilities, IntArray
from lifecircle.problems import Problems, nearest_name
from lifecircle.sources import read_open
from lifecircle.sources.tables import as_bool, is_missing, match_known, other_words, show_values


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of facilities by rule id; a rule that cannot be computed is in ``not_computed`` only."""

    serving: dict[str, IntArray] = field(default_factory=dict)
    onward: dict[str, IntArray] = field(default_factory=dict)
    """Where a chain ends; only of rules that are chains."""
    not_computed: dict[str, str] = field(default_factory=dict)
    hours: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What rules assume of opening hours, where any of their facilities state them; Chinese and English."""
    unsure: dict[str, IntArray] = field(default_factory=dict)
    """Facilities of which it is not known whether they serve a rule: what it asks for is blank. Only of rules that have any."""
    unsure_onward: dict[str, IntArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Hours:
    """The run's time of day, and which facilities are open then and state their hours."""

    at: str | None
    is_open: BoolArray
    is_timed: BoolArray


def choose_facilities(
    configuration: Configuration, facilities: Facilities, groups: tuple[str, ...], only_rules: tuple[str, ...],
    problems: Problems,
) -> Chosen:  # fmt: skip
    """Return for each rule the facilities that serve it, and why some rules cannot be computed.

    A policy's rule whose kind of facility the district has no layer of is not computed and says so; a rule of the district's own
    must find its layers.
    """
    asked = asked_entries(configuration, only_rules)
    known = {entry.id for entry in configuration.entries}
    for name in only_rules:
        if name not in known:
            problems.error(
                "call-unknown-rule",
                "--rule",
                f'没有这条准则 no such rule "{name}"',
                mend=nearest_name(name, sorted(known)),
                expected="已有的准则 a rule there is",
            )
    at = configuration.district.at if configuration.district is not None else None
    hours = _Hours(at, *read_open(facilities, at, configuration.facilities, problems))
    found = Chosen()
    for rule in configuration.rules:
        if rule.id not in asked:
            continue
        if rule.group is not None and rule.group not in groups:
            reason = f'没有人群 no group "{rule.group}" in [population] groups'
            problems.add(
                "rule-no-group",
                "note",
                "district.toml",
                reason,
                field=f"rules.{rule.id}",
                mend=f"加上 add groups.{rule.group}",
            )
            found.not_computed[rule.id] = reason
            continue
        _choose_for(rule, configuration, facilities, hours, found, problems)
    return found


def _choose_for(
    rule: Rule, configuration: Configuration, facilities: Facilities, hours: _Hours, found: Chosen, problems: Problems
) -> None:
    """Add the facilities of one rule to what is found, or why there are none."""
    kinds = set(facilities.frame["kind"]) | {layer.kind for layer in configuration.facilities}
    filters = {"facilities": rule.facilities}
    if rule.then is not None:
        filters["then.facilities"] = rule.then.facilities
    matched = {part: _match_any(wanted, facilities, kinds, configuration) for part, wanted in filters.items()}
    faults = [fault for one in matched.values() for fault in one.faults]
    is_own = rule.id in configuration.own_rules
    for fault in faults:
        problems.add(
            "rule-no-facilities", "error" if is_own else "note", "district.toml", f'{fault.text} "{fault.name}"',
            field=f"rules.{rule.id}", mend=nearest_name(fault.name, fault.known) if is_own else fault.mend,
            expected="图层已有的类别与属性 a kind and attributes that the layers have",
        )  # fmt: skip
    rows = {part: np.flatnonzero(one.chosen & hours.is_open) for part, one in matched.items() if one.chosen is not None}
    told = [one.chosen & hours.is_timed for one in matched.values() if one.chosen is not None]
    found.hours.update(_say_hours(rule.id, hours, told))
    if len(rows) < len(matched):
        found.not_computed[rule.id] = "; ".join(f"{fault.text} {fault.name}" for fault in faults)
        return
    strange = [text for one in matched.values() for text in one.strange]
    if strange:
        # Whether there is none, or it is called otherwise, is not known: that is no coverage of 0 %.
        found.not_computed[rule.id] = "; ".join(strange)
        problems.add(
            "rule-no-match", "warning", "district.toml", f"没有一处设施符合条件，未计算 no facility matches, not computed: {strange[0]}",
            field=f"rules.{rule.id}", expected="列中有的词 words that the column has",
            mend="改词，或写明确无 mend the words, or say that there is none: words = { … = [...] }",
        )  # fmt: skip
        return
    found.serving[rule.id] = rows["facilities"]
    if "then.facilities" in rows:
        found.onward[rule.id] = rows["then.facilities"]
    for part, held in (("facilities", found.unsure), ("then.facilities", found.unsure_onward)):
        if part in matched and matched[part].unsure.any():
            held[rule.id] = np.flatnonzero(matched[part].unsure & hours.is_open)
    for part, chosen in rows.items():
        _report_unclear(filters[part], facilities, f"rules.{rule.id}.{part}", problems)
        if not len(chosen):
            problems.add(
                "rule-no-match", "warning", "district.toml", "没有一处设施符合条件 no facility matches",
                field=f"rules.{rule.id}.{part}", expected="至少一处 at least one",
                mend="检查图层与条件;确实没有则为 0 check the layer and the conditions; where there is none, 0 is right",
            )  # fmt: skip


def _say_hours(rule: str, hours: _Hours, told: list[BoolArray]) -> dict[str, tuple[str, str]]:
    """Return what a rule's figures assume of opening hours; nothing where no facility of it has any."""
    timed = int(sum(part.sum() for part in told))
    if not timed:
        return {}
    if hours.at is None:
        return {
            rule: (
                f"未设时刻：{timed} 处有开放时间的都按开放计。",
                f"No time of day: {timed} with opening hours all count as open.",
            )
        }
    closed = int(sum((part & ~hours.is_open).sum() for part in told))
    zh = f"{hours.at} 时：{timed} 处有开放时间，其中 {closed} 处不开放，未计。"
    return {rule: (zh, f"At {hours.at}: of {timed} with opening hours {closed} are closed and serve nobody.")}


def say_hours(configuration: Configuration, hours: Mapping[str, tuple[str, str]]) -> Configuration:
    """Return the configuration whose rules say what they assume of opening hours."""
    rules = tuple(
        rule.model_copy(update={"assumption": say_also(rule.assumption, *hours[rule.id])}) if rule.id in hours else rule
        for rule in configuration.rules
    )
    return replace(configuration, rules=rules)


def asked_entries(configuration: Configuration, only: tuple[str, ...]) -> set[str]:
    """Return the ids to compute: all, or those named with what they are computed from."""
    entries = {entry.id: entry for entry in configuration.entries}
    if not only:
        return set(entries)
    asked, waiting = set[str](), list(only)
    while waiting:
        name = waiting.pop()
        if name not in asked and name in entries:
            asked.add(name)
            waiting += named_by(entries[name])
    return asked


def _report_unclear(
    filters: tuple[FacilityFilter, ...], facilities: Facilities, place: str, problems: Problems
) -> None:
    """Warn of what stands where yes or no is asked for and says neither: whether the facility counts is not known."""
    for wanted in filters:
        frame = facilities.frame[facilities.frame["kind"].isin(wanted.kind)]
        asked = [
            key
            for key, values in wanted.attributes.items()
            if isinstance(values, tuple) and any(isinstance(value, bool) for value in values)
        ]
        for key in (key for key in asked if key in frame.columns):
            answer = as_bool(frame[key])
            cells = [cell for cell, yes in zip(frame[key], answer, strict=True) if yes is None and not is_missing(cell)]
            if cells:
                problems.add(
                    "rule-not-yes-or-no", "warning", f"facilities: {'/'.join(wanted.kind)}",
                    f"{key} 不是是否，不明 neither yes nor no, not known: {show_values(cells)}",
                    field=place, mend="写成 write 是/否, true/false, 1/0", count=len(cells),
                    expected="是或否 yes or no",
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Fault:
    """A kind or an attribute that a rule asks for and no layer has."""

    name: str
    text: str
    known: list[str]
    mend: str


@dataclass(frozen=True, slots=True, eq=False)
class _Matched:
    """What the filters of a rule let through."""

    chosen: BoolArray | None
    """None where no filter can be asked."""
    unsure: BoolArray
    """Of which it is not known."""
    faults: list[_Fault]
    strange: list[str]
    """Where nothing is let through, the words asked for that a column does not have, with those it has."""


def _match_any(
    filters: tuple[FacilityFilter, ...], facilities: Facilities, kinds: set[str], configuration: Configuration
) -> _Matched:
    """Return which facilities any of the filters lets through, and what is missing."""
    frame = facilities.frame
    is_used = (frame["status"] == "used").to_numpy()
    chosen: BoolArray | None = None
    unsure = np.zeros(len(frame), dtype=bool)
    faults: list[_Fault] = []
    strange: list[str] = []
    for wanted in filters:
        missing = [kind for kind in wanted.kind if kind not in kinds]
        text, mend = "没有此类设施的图层 no layer of kind", "加上 add [[facilities]]"
        faults += [_Fault(kind, text, sorted(kinds), mend) for kind in missing]
        of_kind = frame["kind"].isin(wanted.kind).to_numpy()
        absent = [
            key
            for key in wanted.attributes
            if of_kind.any() and (key not in frame.columns or frame.loc[of_kind, key].isna().all())
        ]
        text = f"{'/'.join(wanted.kind)} 没有属性 has no attribute"
        mend = '在 fields 中加上列名 add its column to the layer\'s fields: fields = { name = "列名" }'
        faults += [_Fault(key, text, list(facilities.attributes), mend) for key in absent]
        if absent or len(missing) == len(wanted.kind):
            continue
        found = of_kind & is_used
        if found.any():
            has, may = match_known(frame, wanted.attributes)
            unsure |= found & may
            found = found & has
            strange += _strange_words(wanted, frame[of_kind], configuration)
        chosen = found if chosen is None else chosen | found
    is_found = chosen is not None and bool((chosen | unsure).any())
    return _Matched(chosen, unsure if chosen is None else unsure & ~chosen, faults, [] if is_found else strange)


def _strange_words(wanted: FacilityFilter, frame: pd.DataFrame, configuration: Configuration) -> list[str]:
    """Return the conditions none of whose words is in the column, whatever the year, with the words that are."""
    layers = [layer for layer in configuration.facilities if layer.kind in wanted.kind]
    said = []
    for column, condition in wanted.attributes.items():
        known = tuple(word for layer in layers for word in layer.words.get(column, ()))
        found = other_words(frame[column], condition, known) if isinstance(condition, (tuple, Words)) else ()
        if found:
            said.append(
                f"{'/'.join(wanted.kind)}.{column}: 没有一行写作 no row says {show_values(condition)}，列中写的是 the column says "
                f"{show_values(found)}"
            )
    return said
