"""Which entries a district answers to, and in what order they can be computed."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from lifecircle.config.catalogue import Policy, holds_in, load_entries, load_policies
from lifecircle.config.measures import IndicatorEntry
from lifecircle.config.rules import Rule
from lifecircle.config.schema import District
from lifecircle.problems import Problems, nearest_name


def choose_entries(
    policies: Sequence[Policy], own: Sequence[Rule | IndicatorEntry], district: District | None = None
) -> list[Rule | IndicatorEntry]:
    """Return the district's own entries, then its policies', then what any of them is answered by or computed from elsewhere.

    An entry of the district's own with a policy entry's id takes its place: that is how a district changes a limit. A clause of a policy
    that holds in other places only is left out. What is drawn in from a policy that the district neither lists nor lies in is computed,
    and its targets are asked of nobody here.
    """
    catalogue = load_entries()
    listed = {policy.id for policy in policies}
    chosen: dict[str, Rule | IndicatorEntry] = {}
    for entry in own:
        chosen.setdefault(entry.id, entry)
    for policy in policies:
        for entry in policy.entries:
            if district is None or holds_in(entry.applies_to, district):
                chosen.setdefault(entry.id, entry)
    waiting = [name for policy in policies for statement in policy.statements for name in statement.also]
    waiting += [name for entry in chosen.values() for name in named_by(entry)]
    while waiting:
        name = waiting.pop(0)
        if name not in chosen and name in catalogue:
            chosen[name] = _drawn_in(catalogue[name], listed, district)
            waiting += named_by(catalogue[name])
    return list(chosen.values())


def _drawn_in(entry: Rule | IndicatorEntry, listed: set[str], district: District | None) -> Rule | IndicatorEntry:
    """Return an entry that another one needs, without its targets where its policy does not hold in the district."""
    policy = load_policies().get(entry.policy)
    if district is None or policy is None or policy.id in listed or policy.holds_in(district):
        return entry
    return entry.model_copy(update={"targets": ()})


def named_by(entry: Rule | IndicatorEntry) -> tuple[str, ...]:
    """Return the entries that one is computed from, and those that a scorecard counts (it counts what there is of them)."""
    return (*entry.after, *entry.counts_entries) if isinstance(entry, IndicatorEntry) else entry.after


def order_indicators(
    indicators: Sequence[IndicatorEntry], rules: Sequence[Rule], file: str, problems: Problems
) -> tuple[IndicatorEntry, ...]:
    """Return indicators with each after those it is computed from, scorecards last; else in the order given.

    An indicator that is computed from one that is not there, or from itself in a circle, is an error.
    """
    by_id = {entry.id: entry for entry in indicators}
    known = {*by_id, *(rule.id for rule in rules)}
    for entry in indicators:
        for name in named_by(entry):
            if name not in known:
                problems.error(
                    "config-unknown-entry", file, f'没有这条准则或指标 no such rule or indicator "{name}"',
                    field=f"indicators.{entry.id}", mend=nearest_name(name, sorted(known)),
                    expected="已有的准则或指标 a rule or indicator there is",
                )  # fmt: skip
        for name in entry.of_rules:
            if name in by_id:
                problems.error(
                    "config-not-a-rule", file, f'"{name}" 是指标，此处须为准则 is an indicator, a rule is needed here',
                    field=f"indicators.{entry.id}", mend=nearest_name(name, sorted(known - by_id.keys())),
                    expected="准则的 id the id of a rule",
                )  # fmt: skip
        for name in entry.counts_policies:
            if name not in load_policies():
                problems.error(
                    "config-unknown-policy", file, f'没有这个政策 no such policy "{name}"',
                    field=f"indicators.{entry.id}.policies", mend=nearest_name(name, list(load_policies())),
                    expected="随包的政策 a policy of the catalogue",
                )  # fmt: skip
    # Scorecards count what all the others came to.
    plain = {name: entry for name, entry in by_id.items() if not entry.is_last}
    last = [entry for entry in indicators if entry.is_last]
    sorter = TopologicalSorter({name: [on for on in entry.after if on in plain] for name, entry in plain.items()})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        problems.error(
            "config-circle",
            file,
            f"指标互相依赖 computed from each other: {' -> '.join(error.args[1])}",
            field="indicators",
            expected="一个由另一个算出，不成环 one computed from another, not in a circle",
            mend="去掉其中一个引用 take one of the references out",
        )
        return ()
    rank = {name: place for place, name in enumerate(order)}
    depends = {name for name in plain if plain[name].after}
    # Those that stand alone keep their order; the rest follow in the order found.
    free = [entry for name, entry in plain.items() if name not in depends]
    bound = sorted((plain[name] for name in depends), key=lambda entry: rank[entry.id])
    return (*free, *bound, *last)
