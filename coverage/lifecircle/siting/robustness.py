"""Whether chosen sites would be chosen otherwise too: under other speeds, limits, people, or readings of the clause.

Under each assumption the question is solved anew. What the plan would cover there is set against the best plan of that assumption (its
regret), and each of its sites is tried: is there a plan as good as the best that has it? There may be many best plans, so that a site is
not called wrong because the solver happened to name another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.model import FloatArray, IntArray, Siting
from lifecircle.siting.covering import maximal_covering, set_covering
from lifecircle.siting.problem import DEFAULT_S, EXACT, Floors, covered_cells, read_covers


@dataclass(frozen=True, slots=True, eq=False)
class Assumption:
    """The arrays of the question under one assumption; its facilities are the plan's, its cells may be others."""

    covers: csr_array
    """Facilities x cells."""
    people: FloatArray
    """Shape (cells,)."""
    floors: Floors | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RobustSites:
    """A plan under every assumption."""

    sites: pd.DataFrame
    """A row a site of the plan, in its order: ``row, assumptions, optimal_in`` (in how many of them some best plan has it),
    ``not_optimal_in`` (their names), ``most_people_lost`` (the most that insisting on it costs in any of them; inf where no plan with it
    meets the conditions)."""
    assumptions: pd.DataFrame
    """A row an assumption: ``assumption, people, people_covered, share_pct`` of the plan, ``is_allowed`` (whether it keeps to the floors
    there), ``best_covered, bound`` (no plan covers more), ``regret = best_covered - people_covered`` (0 or more where the plan is allowed;
    NaN where it is not, or none is), ``regret_pct`` of all people, ``status`` of the best plan, ``shared_sites`` (of the plan, in some best
    plan). Where a share is asked for: ``meets_share``, ``least_sites`` that reach it there (yuan where costs are given; NaN where no number
    does) and ``least_status``; else these are empty."""
    people_lost: FloatArray
    """What insisting on a site costs in people against the best plan; 0 where some best plan has it, NaN where there is no best plan. Shape
    (assumptions, sites)."""


def robust_sites(
    plan: IntArray,
    assumptions: Mapping[str, Assumption],
    count: int | None = None,
    *,
    share: float | None = None,
    locked: IntArray | None = None,
    excluded: IntArray | None = None,
    costs: FloatArray | None = None,
    budget: float | None = None,
    time_limit_s: float = DEFAULT_S,
) -> RobustSites:
    """Return how a plan, and each of its sites, would do under other assumptions.

    Parameters
    ----------
    plan
        Rows of the chosen sites.
    assumptions
        By name; the plan's own may be among them. All of the same facilities.
    count, budget
        What the plan was asked for. Where that was a share, as many sites as the plan has are compared.
    share
        Of all people, 0-1: the plan was asked for so much. It is then set against the best plan of as many sites whatever the floors,
        and ``least_sites`` are those that keep them: the best of so many under floors is no question anyone asked, and a hard one.
    locked, excluded
        Rows that stand, and rows that may not be built.
    costs
        Yuan of each row.
    time_limit_s
        For each plan solved: one an assumption, and one for each site that the best found lacks. Where time runs out, ``status`` says so,
        and best plans are the best found.
    """
    most = count if count is not None or budget is not None else len(plan)
    standing = np.empty(0, dtype=np.int64) if locked is None else np.asarray(locked, dtype=np.int64)
    price = np.zeros(0) if costs is None else np.asarray(costs, dtype=np.float64)
    rows: list[dict[str, Any]] = []
    lost = np.full((len(assumptions), len(plan)), np.nan)

    def best_plan(one: Assumption, built: IntArray, start: IntArray) -> Siting:
        spent = math.fsum(price[built]) if len(price) else 0.0
        return maximal_covering(
            one.covers, one.people, None if most is None else most - len(built), locked=np.append(standing, built), excluded=excluded,
            costs=costs, budget=None if budget is None else max(0.0, budget - spent), floors=one.floors if share is None else None, start=start,
            time_limit_s=time_limit_s,
        )  # fmt: skip

    for place, (name, one) in enumerate(assumptions.items()):
        best = best_plan(one, np.empty(0, dtype=np.int64), plan)
        for site, row in enumerate(plan.tolist()) if not math.isnan(best.objective) else ():
            lost[place, site] = 0.0
            if row not in best.chosen:
                with_it = best_plan(one, np.array([row]), plan[plan != row]).objective
                lost[place, site] = _unless_same(best.objective - with_it, one.people)
        least = None
        if share is not None:
            least = set_covering(
                one.covers, one.people, share, locked=standing, excluded=excluded, costs=costs, floors=one.floors,
                time_limit_s=time_limit_s,
            )  # fmt: skip
        told = _weigh(plan, standing, one, best)
        goal = None if share is None else share * told["people"] * (1 - EXACT)
        rows.append(
            {
                "assumption": name,
                **told,
                "shared_sites": int((lost[place] == 0).sum()),
                "meets_share": pd.NA if goal is None else told["people_covered"] >= goal,
                "least_sites": np.nan if least is None else least.objective,
                "least_status": "" if least is None else least.status,
            }
        )
    return RobustSites(_list_sites(plan, list(assumptions), lost), pd.DataFrame(rows), lost)


def _weigh(plan: IntArray, standing: IntArray, one: Assumption, best: Siting) -> dict[str, Any]:
    """Return what a plan covers under an assumption, and the best plan beside it."""
    matrix, people = read_covers(one.covers, one.people)
    is_standing = np.zeros(matrix.shape[0], dtype=np.bool_)
    is_standing[standing] = True
    covered = covered_cells(matrix, is_standing, plan)
    total, reached = math.fsum(people), math.fsum(people[covered])
    is_allowed = one.floors is None or _keeps(one.floors, people, people * covered)
    regret = _unless_same(best.objective - reached, people) if is_allowed else math.nan
    of_all = 100.0 / total if total else math.nan
    return {
        "people": total, "people_covered": reached, "share_pct": reached * of_all, "is_allowed": is_allowed,
        "best_covered": best.objective, "bound": best.bound, "regret": regret, "regret_pct": regret * of_all, "status": best.status,
    }  # fmt: skip


def _keeps(floors: Floors, people: FloatArray, covered: FloatArray) -> bool:
    """Whether every unit has its least share covered."""
    whole = floors.membership @ people
    return bool((floors.membership @ covered >= np.nan_to_num(floors.share) * whole - EXACT * (1 + whole)).all())


def _unless_same(lost: float, people: FloatArray) -> float:
    """Return people lost, 0 where none are but for rounding; inf where no plan is left to compare with."""
    if math.isnan(lost):
        return math.inf
    return 0.0 if lost <= EXACT * float(people.sum()) else lost


def _list_sites(plan: IntArray, names: list[str], lost: FloatArray) -> pd.DataFrame:
    is_known = ~np.isnan(lost)
    return pd.DataFrame(
        {
            "row": plan,
            "assumptions": is_known.sum(axis=0),
            "optimal_in": (lost == 0).sum(axis=0),
            "not_optimal_in": [
                "; ".join(name for name, no in zip(names, known & (cost > 0), strict=True) if no)
                for known, cost in zip(is_known.T, lost.T, strict=True)
            ],
            "most_people_lost": np.where(is_known, lost, 0.0).max(axis=0, initial=0.0),
        }
    )
