"""A district as it was described for another year."""

from __future__ import annotations

from dataclasses import replace

from lifecircle.config.configuration import FILE_NAME, Configuration
from lifecircle.config.rules import Rule
from lifecircle.config.years import RuleThen, YearLayers
from lifecircle.problems import Problems, nearest_name


def at_year(configuration: Configuration, year: int, problems: Problems) -> Configuration:
    """Return the configuration with what ``[[years]]`` says of a year; unchanged where it says nothing."""
    then = next((entry for entry in configuration.years if entry.year == year), None)
    if then is None or configuration.district is None:
        return configuration
    district = configuration.district.model_copy(update={"code": then.code} if then.code else {})
    own = {layer.level: layer for layer in then.units}
    today = [own.pop(layer.level, layer) for layer in configuration.units]
    return replace(
        configuration,
        district=district,
        units=(*today, *own.values()),
        population=then.population or configuration.population,
        roads=then.roads or configuration.roads,
        rules=_rules_then(configuration, then, problems),
    )


def _rules_then(configuration: Configuration, then: YearLayers, problems: Problems) -> tuple[Rule, ...]:
    known = [rule.id for rule in configuration.rules]
    for name, changed in then.rules.items():
        place = f"years.{then.year}.rules.{name}"
        if name not in known:
            problems.error("config-unknown-entry", FILE_NAME, f'没有这条准则 no such rule "{name}"', field=place,
                           mend=nearest_name(name, known))  # fmt: skip
        if changed.mode is not None and changed.mode not in configuration.modes:
            problems.error("config-unknown-mode", FILE_NAME, f'未知的出行方式 unknown mode "{changed.mode}"',
                           field=f"{place}.mode", mend=nearest_name(changed.mode, list(configuration.modes)))  # fmt: skip
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
        )  # fmt: skip
        return rule
    return changed
