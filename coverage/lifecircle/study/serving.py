"""Which facilities serve which rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecircle.config import Configuration, Rule
from lifecircle.model import BoolArray, Facilities, IntArray
from lifecircle.problems import Problems, nearest_name
from lifecircle.sources import match_where


def choose_facilities(
    configuration: Configuration, facilities: Facilities, only_rules: tuple[str, ...], problems: Problems
) -> tuple[dict[str, IntArray], dict[str, str]]:
    """Return for each rule the facilities that serve it, and why some rules cannot be computed.

    A policy's rule whose kind of facility the district has no layer of is not computed and says so; a rule of the district's own
    must find its layers.
    """
    known = {rule.id: rule for rule in configuration.rules}
    for name in only_rules:
        if name not in known:
            problems.error(
                "call-unknown-rule",
                "--rule",
                f'没有这条准则 no such rule "{name}"',
                mend=nearest_name(name, list(known)),
            )
    kinds = set(facilities.frame["kind"]) | {layer.kind for layer in configuration.facilities}
    serving: dict[str, IntArray] = {}
    not_computed: dict[str, str] = {}
    for rule in configuration.rules:
        if only_rules and rule.id not in only_rules:
            continue
        chosen, faults = _match_rule(rule, facilities, kinds)
        is_own = rule.id in configuration.own_rules
        for fault in faults:
            problems.add(
                "rule-no-facilities", "error" if is_own else "note", "district.toml", f'{fault.text} "{fault.name}"',
                field=f"rules.{rule.id}", mend=nearest_name(fault.name, fault.known) if is_own else "加上 add [[facilities]]",
            )  # fmt: skip
        if chosen is None:
            not_computed[rule.id] = "; ".join(f"{fault.text} {fault.name}" for fault in faults)
            continue
        serving[rule.id] = np.flatnonzero(chosen)
        if not chosen.any():
            problems.add(
                "rule-no-match", "warning", "district.toml", "没有一处设施符合条件 no facility matches",
                field=f"rules.{rule.id}.facilities",
            )  # fmt: skip
    return serving, not_computed


@dataclass(frozen=True, slots=True)
class _Fault:
    """A kind or an attribute that a rule asks for and no layer has."""

    name: str
    text: str
    known: list[str]


def _match_rule(rule: Rule, facilities: Facilities, kinds: set[str]) -> tuple[BoolArray | None, list[_Fault]]:
    """Return which facilities any of the rule's filters lets through, None where no filter can be asked; and what is missing."""
    frame = facilities.frame
    is_used = (frame["status"] == "used").to_numpy()
    chosen: BoolArray | None = None
    faults: list[_Fault] = []
    for wanted in rule.facilities:
        missing = [kind for kind in wanted.kind if kind not in kinds]
        faults += [_Fault(kind, "没有此类设施的图层 no layer of kind", sorted(kinds)) for kind in missing]
        of_kind = frame["kind"].isin(wanted.kind).to_numpy()
        absent = [
            key
            for key in wanted.attributes
            if of_kind.any() and (key not in frame.columns or frame.loc[of_kind, key].isna().all())
        ]
        text = f"{'/'.join(wanted.kind)} 没有属性 has no attribute"
        faults += [_Fault(key, text, list(facilities.attributes)) for key in absent]
        if absent or len(missing) == len(wanted.kind):
            continue
        found = of_kind & is_used
        if found.any():
            found &= match_where(frame, wanted.attributes)
        chosen = found if chosen is None else chosen | found
    return chosen, faults
