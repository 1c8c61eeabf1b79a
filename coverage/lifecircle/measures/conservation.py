"""People are conserved: covered + uncovered + unreachable = all, whatever the rule."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lifecircle.model import Cells, RuleResult


def conserve_people(cells: Cells, results: Mapping[str, RuleResult]) -> dict[str, dict[str, float]]:
    """Return the people by rule: covered + uncovered + unreachable = all; and those in no unit of a level."""
    sums: dict[str, dict[str, float]] = {"population": {"people": float(cells.people.sum())}}
    for level, membership in cells.membership.items():
        inside = np.asarray(membership.sum(axis=0)).ravel()
        sums["population"][f"in_no_{level}"] = float((cells.people * (1 - np.clip(inside, 0, 1))).sum())
    for rule_id, result in results.items():
        reached = np.isfinite(result.nearest.cost)
        sums[rule_id] = {
            "people": float(result.people.sum()),
            "covered": float(result.people[result.covered].sum()),
            "uncovered": float(result.people[reached & ~result.covered].sum()),
            "unreachable": float(result.people[~reached].sum()),
        }
    return sums
