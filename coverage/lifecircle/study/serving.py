"""Which facilities serve which rule."""

from __future__ import annotations

import numpy as np

from lifecircle.config import Configuration
from lifecircle.model import Facilities, IntArray
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
    frame = facilities.frame
    usable = (frame["status"] == "used").to_numpy()
    kinds = set(frame["kind"]) | {layer.kind for layer in configuration.facilities}
    serving: dict[str, IntArray] = {}
    not_computed: dict[str, str] = {}
    for rule in configuration.rules:
        if only_rules and rule.id not in only_rules:
            continue
        chosen = np.zeros(len(frame), dtype=bool)
        faults, found = [], False
        for facility_filter in rule.facilities:
            missing = [kind for kind in facility_filter.kind if kind not in kinds]
            faults += [(kind, "没有此类设施的图层 no layer of kind", sorted(kinds)) for kind in missing]
            of_kind = frame["kind"].isin(facility_filter.kind).to_numpy()
            absent = [
                key
                for key in facility_filter.attributes
                if key not in frame.columns or frame.loc[of_kind, key].isna().all()
            ]
            if len(missing) < len(facility_filter.kind) and of_kind.any():
                faults += [
                    (key, f"{'/'.join(facility_filter.kind)} 没有属性 has no attribute", list(facilities.attributes))
                    for key in absent
                ]
            if len(missing) < len(facility_filter.kind) and not absent:
                found = True
                chosen |= of_kind & match_where(frame, facility_filter.attributes) & usable
        is_own = rule.id in configuration.own_rules
        for name, text, names in faults:
            problems.add(
                "rule-no-facilities", "error" if is_own else "note", "district.toml", f'{text} "{name}"', field=f"rules.{rule.id}",
                mend=nearest_name(name, names) if is_own else "加上 add [[facilities]]",
            )  # fmt: skip
        if found:
            serving[rule.id] = np.flatnonzero(chosen)
            if not chosen.any():
                problems.add(
                    "rule-no-match",
                    "warning",
                    "district.toml",
                    "没有一处设施符合条件 no facility matches",
                    field=f"rules.{rule.id}.facilities",
                )
        elif not is_own:
            not_computed[rule.id] = "; ".join(f"{text} {name}" for name, text, _ in faults) or "没有设施 no facilities"
    return serving, not_computed
