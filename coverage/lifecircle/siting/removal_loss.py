"""Removal loss: what it costs to leave a chosen site out, what one more or fewer would do, and how many a target takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecircle.model import FloatArray, IntArray, Siting
from lifecircle.siting.covering import maximal_covering, set_covering
from lifecircle.siting.problem import DEFAULT_S, Floors


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """The best plan without one of the chosen sites."""

    struck: int
    """The row that is left out."""
    siting: Siting
    """The best without it."""
    people_lost: float
    """People covered by the plan less those of this one; NaN where no choice meets the conditions without it."""
    people_lost_at_least: float
    """The least that any plan without it loses, proven; ``people_lost`` where both are proven."""
    comes_instead: IntArray
    """Rows of this plan that are not in the first."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """People covered against the number of sites."""

    counts: IntArray
    """Ascending. Shape (n,)."""
    people_covered: FloatArray
    """Never falls. NaN where no choice of so many meets the conditions."""
    bound: FloatArray
    """No choice of so many covers more; never falls."""
    share: FloatArray
    """Of all people."""
    sitings: tuple[Siting, ...]


def alternatives(
    covers: Any,
    people: Any,
    count: int | None = None,
    *,
    plan: Siting | None = None,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    budget: float | None = None,
    floors: Floors | None = None,
    time_limit_s: float = DEFAULT_S,
) -> tuple[Alternative, ...]:
    """Strike each chosen site in turn and return what the best plan without it loses, in the order of rows.

    Parameters
    ----------
    plan
        The answer of `maximal_covering` to the same question; None: it is asked first.
    time_limit_s
        For each plan.

    Others as in `maximal_covering`.
    """
    asked: dict[str, Any] = {
        "locked": locked, "costs": costs, "budget": budget, "floors": floors, "time_limit_s": time_limit_s,
    }  # fmt: skip
    first = plan or maximal_covering(covers, people, count, excluded=excluded, **asked)
    out = _rows(excluded)
    found = []
    for row in first.chosen.tolist():
        rest = first.chosen[first.chosen != row]
        siting = maximal_covering(covers, people, count, excluded=np.append(out, row), start=rest, **asked)
        found.append(
            Alternative(
                row,
                siting,
                first.objective - siting.objective,
                max(0.0, first.objective - siting.bound),
                np.setdiff1d(siting.chosen, first.chosen),
            )
        )
    return tuple(found)


def coverage_curve(
    covers: Any,
    people: Any,
    counts: Iterable[int],
    *,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    budget: float | None = None,
    floors: Floors | None = None,
    time_limit_s: float = DEFAULT_S,
) -> Curve:
    """Return the people covered by each number of sites, each begun with the choice of the number before.

    A choice of fewer is one of more, so that people never fall even where time ran out, and a bound of more is one of fewer.

    Parameters
    ----------
    counts
        Numbers of sites, in any order.
    time_limit_s
        For each number.

    Others as in `maximal_covering`.
    """
    numbers = sorted(set(counts))
    sitings: list[Siting] = []
    for number in numbers:
        before = sitings[-1].chosen if sitings else None
        sitings.append(
            maximal_covering(
                covers,
                people,
                number,
                locked=locked,
                excluded=excluded,
                costs=costs,
                budget=budget,
                floors=floors,
                start=before,
                time_limit_s=time_limit_s,
            )  # fmt: skip
        )
    total = float(np.asarray(people, dtype=np.float64).sum())
    covered = np.array([siting.objective for siting in sitings])
    bound = np.array([siting.bound for siting in sitings])
    bound = np.fmin.accumulate(bound[::-1])[::-1] if len(bound) else bound
    bound[np.isnan(covered)] = np.nan
    share = covered / total if total else np.full(len(covered), np.nan)
    return Curve(np.array(numbers, dtype=np.int64), covered, bound, share, tuple(sitings))


def sites_for_targets(
    covers: Any,
    people: Any,
    shares: Iterable[float],
    *,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    floors: Floors | None = None,
    time_limit_s: float = DEFAULT_S,
) -> dict[float, Siting]:
    """Return by target share the fewest (with ``costs``: the cheapest) sites that reach it; see `set_covering`."""
    return {
        share: set_covering(
            covers,
            people,
            share,
            locked=locked,
            excluded=excluded,
            costs=costs,
            floors=floors,
            time_limit_s=time_limit_s,
        )
        for share in sorted(set(shares))
    }


def _rows(rows: Any) -> IntArray:
    if rows is None:
        return np.empty(0, dtype=np.int64)
    given = np.asarray(rows)
    return np.flatnonzero(given) if given.dtype == np.bool_ else given.astype(np.int64)
