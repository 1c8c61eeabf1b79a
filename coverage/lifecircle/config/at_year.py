"""A district as it was described for another year."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from lifecircle.config.configuration import FILE_NAME, Configuration
from lifecircle.config.consistency import check_ferries, check_kinds
from lifecircle.config.rules import Rule
from lifecircle.config.schema import FacilityLayer, Frozen
from lifecircle.config.tables import TableLayer
from lifecircle.config.years import FacilitiesThen, RuleThen, YearLayers, named_as, stood_for
from lifecircle.problems import Problems, nearest_name

Listed = TypeVar("Listed", bound=Frozen)


def at_year(configuration: Configuration, year: int, problems: Problems) -> Configuration:
    """Return the configuration with what ``[[years]]`` says of a year; unchanged where it says nothing."""
    then = next((entry for entry in configuration.years if entry.year == year), None)
    if then is None or configuration.district is None:
        return configuration

    def dated(table: TableLayer) -> TableLayer:
        """Return a table that was described for this year: where it says no other, it is of it."""
        return table.model_copy(update={"year": year}) if table.year is None and table.holds is None else table

    district = configuration.district.model_copy(update={"code": then.code} if then.code else {})
    own = {layer.level: layer for layer in then.units}
    today = [own.pop(layer.level, layer) for layer in configuration.units]
    place = f"years.{year}"
    changed = replace(
        configuration,
        district=district,
        units=(*today, *own.values()),
        population=then.population or configuration.population,
        roads=then.roads or configuration.roads,
        rules=_rules_then(configuration, then, problems),
        facilities=_layers_then(configuration.facilities, then.facilities, f"{place}.facilities", problems),
        layers=_layers_then(configuration.layers, then.layers, f"{place}.layers", problems),
        ferries=_listed_then(configuration.ferries, then.ferries, named_as, f"{place}.ferries", problems),
        tables=_listed_then(
            configuration.tables, tuple(map(dated, then.tables)), named_as, f"{place}.tables", problems
        ),
    )
    if then.facilities or then.layers:
        check_kinds(changed, f"{place}.layers", problems)
    check_ferries(then.ferries, f"{place}.ferries", configuration.modes, problems)
    for index, ferry in enumerate(then.ferries):
        for mode in ferry.modes:
            _check_mode(mode, f"{place}.ferries[{index + 1}].modes", configuration, problems)
    return changed


def _layers_then(
    today: tuple[FacilityLayer, ...], then: tuple[FacilitiesThen, ...], place: str, problems: Problems
) -> tuple[FacilityLayer, ...]:
    for index, one in enumerate(then):
        known = [layer.path for layer in today if layer.kind == one.kind]
        if one.instead_of is not None and one.instead_of not in known:
            problems.error(
                "config-unknown-entry", FILE_NAME, f'今天没有这个图层 no such layer of this kind today: "{one.instead_of}"',
                field=f"{place}[{index + 1}].instead_of", mend=nearest_name(one.instead_of, known),
                expected="今天已有的 path 或准则 a path or rule of today",
            )  # fmt: skip
    listed: tuple[FacilityLayer, ...] = then
    return _listed_then(today, listed, stood_for, place, problems)


def _listed_then(
    today: tuple[Listed, ...], then: Sequence[Listed], pick: Callable[[Mapping[str, Any], Mapping[str, Any]], bool], place: str,
    problems: Problems,
) -> tuple[Listed, ...]:  # fmt: skip
    """Return today's list with the year's entries in the places of those they stand for; the others follow."""
    found, added = list(today), []
    taken: dict[int, int] = {}
    for index, one in enumerate(then):
        own = one.model_dump()
        rows = [row for row, other in enumerate(today) if pick(own, other.model_dump())]
        if len(rows) > 1:
            paths = ", ".join(str(getattr(today[row], "path", "")) for row in rows)
            problems.error(
                "config-which-layer", FILE_NAME, f"今天有几个，不知替换哪个 several of them today, which is replaced? {paths}",
                field=f"{place}[{index + 1}]", mend='加上 add instead_of = "今天的 path"',
                expected="只替换一个 one of them",
            )  # fmt: skip
        elif rows and rows[0] in taken:
            problems.error(
                "config-duplicate", FILE_NAME, "同一个写了两次 the same one given twice", field=f"{place}[{index + 1}]",
                expected=f"已见 already {place}[{taken[rows[0]] + 1}]",
                mend="删去一个 leave one out",
            )  # fmt: skip
        elif rows:
            taken[rows[0]], found[rows[0]] = index, one
        else:
            added.append(one)
    return (*found, *added)


def _check_mode(mode: str, place: str, configuration: Configuration, problems: Problems) -> None:
    if mode not in configuration.modes:
        problems.error(
            "config-unknown-mode", FILE_NAME, f'未知的出行方式 unknown mode "{mode}"', field=place,
            mend=nearest_name(mode, list(configuration.modes)),
            expected="已有的出行方式 a mode there is",
        )  # fmt: skip


def _rules_then(configuration: Configuration, then: YearLayers, problems: Problems) -> tuple[Rule, ...]:
    known = [rule.id for rule in configuration.rules]
    for name, changed in then.rules.items():
        place = f"years.{then.year}.rules.{name}"
        if name not in known:
            problems.error("config-unknown-entry", FILE_NAME, f'没有这条准则 no such rule "{name}"', field=place,
                           mend=nearest_name(name, known), expected="今天已有的 path 或准则 a path or rule of today")  # fmt: skip
        if changed.mode is not None:
            _check_mode(changed.mode, f"{place}.mode", configuration, problems)
    return tuple(
        _rule_then(rule, then.rules[rule.id], f"years.{then.year}.rules.{rule.id}", problems)
        if rule.id in then.rules
        else rule
        for rule in configuration.rules
    )


def _rule_then(rule: Rule, then: RuleThen, place: str, problems: Problems) -> Rule:
    """Return a rule with that year's limit and mode, if they are one a rule may have."""
    limit = {} if then.minutes is None and then.metres is None else {"minutes": then.minutes, "metres": then.metres}
    changed = rule.model_copy(update={**limit, **({"mode": then.mode} if then.mode else {})})
    is_wrong = changed.is_distance and (rule.fixed_minutes > 0 or rule.then is not None)
    if is_wrong or (not changed.is_distance and changed.fixed_minutes >= changed.limit):
        problems.error(
            "config-value", FILE_NAME, f"限值不适于此准则 not a limit for this rule: {then.model_dump(exclude_none=True)}",
            field=place, expected=f"大于 {rule.fixed_minutes:g} 分钟 more than these minutes" if rule.fixed_minutes else "",
            mend="时间准则写 minutes，距离准则写 metres a rule in minutes takes minutes, one in metres metres",
        )  # fmt: skip
        return rule
    return changed
