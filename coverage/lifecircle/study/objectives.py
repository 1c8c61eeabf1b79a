"""What a choice of sites makes best, beside coverage: distances, room, or a second facility within reach.

Each objective is asked of the same rows (what stands, then the candidates) and told in the same words: what it comes to now, with the sites,
and no choice better than the bound. The people within the rule's limit are told beside it, whatever was made best.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from lifecircle.config import Objective, Question
from lifecircle.model import Facilities, FloatArray, IntArray, Siting
from lifecircle.problems import Problems
from lifecircle.siting import backup_covering, capacitated_covering, p_center, p_median

MOST_PAIRS = 200_000_000
"""Of a site and a cell, that p-median and p-center weigh at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a question as its objective needs them."""

    covers: csr_array
    """Facilities x cells within the rule's limit."""
    costs: Callable[[], csr_array]
    """Facilities x cells, minutes or metres as far as anyone goes; asked only by p-median and p-center."""
    capacity: FloatArray
    """People each row can serve; inf is unlimited. Empty where the question asks for none."""


def capacities(
    question: Question, facilities: Facilities, standing: IntArray, candidates: int, problems: Problems
) -> FloatArray:
    """Return the people that each row can serve: what stands by its attribute, new sites as the question says."""
    if question.objective != "capacitated" or question.new_capacity is None:
        return np.zeros(0)
    own = np.full(len(standing), np.inf)
    if question.capacity is not None:
        if question.capacity not in facilities.frame:
            problems.error(
                "sites-capacity", "--capacity", f'设施没有这个属性 the facilities have no attribute "{question.capacity}"', field="capacity",
                expected="已有的属性 an attribute there is", mend=f"可用 there are: {', '.join(facilities.attributes)}",
            )  # fmt: skip
            return np.zeros(0)
        given = facilities.frame[question.capacity].iloc[standing].to_numpy(dtype=np.float64)
        own = np.where(np.isnan(given), np.inf, given)
    return np.concatenate([own, np.full(candidates, question.new_capacity)]) / question.per_person


def check_size(question: Question, rows: int, cells: int, problems: Problems) -> None:
    """Report a question whose distances are too many to be weighed at once."""
    if question.objective in ("p_median", "p_center") and rows * cells > MOST_PAIRS:
        problems.error(
            "sites-too-many", "--objective", f"{rows:,} 处 × {cells:,} 格，距离过多 too many distances to weigh at once", field="siting.spacing_m",
            expected=f"< {MOST_PAIRS:,}", mend="调大 [siting] spacing_m，或给出候选点 a larger spacing_m, or candidates of your own",
        )  # fmt: skip


def solve_objective(question: Question, rows: Rows, people: FloatArray, asked: dict[str, Any]) -> Siting:
    """Answer a question that asks for something else than coverage; ``asked`` holds its conditions."""
    conditions = {name: value for name, value in asked.items() if name != "floors"}
    count, budget = question.count, question.budget_yuan
    if question.objective == "p_median":
        return p_median(rows.costs(), people, count, budget=budget, **conditions)
    if question.objective == "p_center":
        return p_center(rows.costs(), count, people=people, budget=budget, **conditions)
    if question.objective == "capacitated":
        return capacitated_covering(rows.covers, people, rows.capacity, count, budget=budget, **conditions)
    return backup_covering(rows.covers, people, count, budget=budget, **conditions)


def within_limit(siting: Siting, covered: np.ndarray, people: FloatArray) -> Siting:
    """Return an answer whose ``covered`` and ``people_covered`` are of the rule's limit, as those of every other question."""
    return replace(siting, covered=covered, people_covered=float(people[covered].sum()))


def _is_less_better(objective: Objective) -> bool:
    """Whether the smaller objective is the better one."""
    return objective in ("p_median", "p_center")


def loss_of(objective: Objective, siting: Siting, without: Siting, people: FloatArray) -> float:
    """Return what an answer loses without a site, in the objective's own words (see `lifecircle.model.SitesFound.objective`).

    Mean minutes or metres more for p-median, the greatest more for p-center, people for the others; inf: no plan without it.
    """
    if np.isnan(without.objective):
        return float(np.inf)
    lost = without.objective - siting.objective if _is_less_better(objective) else siting.objective - without.objective
    total = float(people.sum()) - siting.people_unreachable
    return lost / total if objective == "p_median" and total else lost
