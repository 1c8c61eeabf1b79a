"""Whether so many candidates can cover every group: greedy and swaps find them, the bound rules them out, or the solver decides."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.sparse import csr_array, vstack

from lifecircle.model import BoolArray
from lifecircle.planning.problem import Problem, narrow
from lifecircle.planning.proof import raise_covering_bound
from lifecircle.planning.questions import Clock
from lifecircle.planning.reduction import keep_needed
from lifecircle.planning.search import Search
from lifecircle.planning.solver import Program, solve

SOMEBODY = 1e-6
"""A bound of this many groups uncovered, of weight 1, proves that one is."""
SHARE_OF_TIME = 0.4
"""Of the time left, what the solver may take for one question of several."""


def cover_all(problem: Problem, clock: Clock, *, hard: bool) -> BoolArray | Literal[False] | None:
    """Return a choice that covers every group within the count and the budget.

    False where none does, and None where neither is seen. Floors are not looked at: nobody is left uncovered.

    Parameters
    ----------
    hard
        Whether the solver is asked where nothing quicker decides.
    """
    whole = replace(problem, spare=np.empty(0))
    costs = problem.costs if math.isfinite(problem.budget) else np.zeros(len(problem.costs))
    needed = keep_needed(whole.model, costs)
    small = replace(whole, model=needed, costs=problem.costs[needed.rows])
    choice = _decide(small, clock, hard)
    if choice is None or choice is False:
        return choice
    wide = np.zeros(len(problem.costs), dtype=np.bool_)
    wide[needed.rows[np.flatnonzero(choice)]] = True
    return wide


def _decide(small: Problem, clock: Clock, hard: bool) -> BoolArray | Literal[False] | None:
    found = Search(small).greedy()
    if small.uncovered(found) == 0:
        return found
    bounding = raise_covering_bound(small, found, SOMEBODY, clock)
    if bounding.is_settled or bounding.bound >= SOMEBODY:
        return False
    inner, rows = narrow(small, bounding.banned, bounding.needed)
    if inner.count < 0 or inner.budget < 0:
        return False
    if (~small.covers(~bounding.banned)).any():
        return False  # whoever covers it is ruled out
    if not hard:
        return None
    solved = solve(_program(inner), SHARE_OF_TIME * clock.left_s)
    if solved.point is None:
        return False if solved.outcome == "infeasible" else None
    choice = bounding.needed.copy()
    choice[rows] = solved.point > 0.5
    return choice if small.uncovered(choice) == 0 and small.affords(choice) else None


def _program(problem: Problem) -> Program:
    """Return the program of any sites that cover every group, within the count and the budget: the first point will do."""
    groups, sites = problem.model.by_group.shape
    rows = [problem.model.by_group, csr_array(np.ones((1, sites)))]
    upper = [np.full(groups, np.inf), np.array([float(problem.count)])]
    if math.isfinite(problem.budget):
        rows.append(csr_array(problem.costs[None, :]))
        upper.append(np.array([problem.budget]))
    above = np.concatenate(upper)
    lower = np.concatenate([np.ones(groups), np.full(len(above) - groups, -np.inf)])
    return Program(
        np.zeros(sites),
        np.ones(sites),
        np.ones(sites, dtype=np.bool_),
        csr_array(vstack(rows, format="csr")),
        lower,
        above,
    )
