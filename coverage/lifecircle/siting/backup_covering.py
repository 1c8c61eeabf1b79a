"""Backup covering: two within reach, so that one may be full, shut or on a call.

Maximise the people of cells that at least two of what stands and what is chosen have within reach; among the choices that do so, those
with most people who have at least one (Hogan & ReVelle 1986, Management Science 32, 1434-1444, doi:10.1287/mnsc.32.11.1434, who weigh the
two against each other instead).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from scipy.sparse import csr_array, eye_array, hstack, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray, Siting, Status
from lifecircle.siting.bounds import Bounding, Relaxed, polish_bound, raise_bound
from lifecircle.siting.local_search import best_candidate, pointers
from lifecircle.siting.problem import (
    DEFAULT_S,
    EXACT,
    Candidates,
    TimeLimit,
    answer,
    check_candidates,
    read_covers,
    unfound,
)
from lifecircle.siting.program import cut_off, without
from lifecircle.siting.proof import POLISHING_STEPS, STEPS
from lifecircle.siting.reduction import Model, reduce_covers
from lifecircle.siting.solver import Program, solve


@njit(cache=True, nogil=True)
def worth_of_next(times: int, lacks: int, first: float) -> float:  # pragma: no cover - compiled
    """Return what one more site is worth to a person who has so many and lacks so many in all."""
    if times >= lacks:
        return 0.0
    if lacks == 1:
        return 1.0
    return first if times < lacks - 1 else 1.0 - first


@njit(cache=True, nogil=True)
def shift(
    site: Any,
    step: int,
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    lacks: IntArray,
    first: float,
    times: IntArray,
    gain: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Build a site (step 1) or take it away (-1): what others would bring changes with it."""
    for at in range(indptr[site], indptr[site + 1]):
        group = indices[at]
        before = worth_of_next(times[group], lacks[group], first)
        times[group] += step
        more = (worth_of_next(times[group], lacks[group], first) - before) * weight[group]
        if more != 0.0:
            for position in range(group_start[group], group_start[group + 1]):
                gain[group_site[position]] += more


@njit(cache=True, nogil=True)
def fill_and_swap(
    indptr: IntArray,
    indices: IntArray,
    group_start: IntArray,
    group_site: IntArray,
    weight: FloatArray,
    lacks: IntArray,
    first: float,
    costs: FloatArray,
    count: int,
    budget: float,
    least: float,
    built: BoolArray,
) -> None:  # pragma: no cover - compiled
    """Build the best candidates as far as count and budget go, then replace one by another while that adds more than ``least``."""
    times, gain = np.zeros(len(weight), dtype=np.int64), np.zeros(len(built))
    for group in range(len(weight)):
        for position in range(group_start[group], group_start[group + 1]):
            gain[group_site[position]] += worth_of_next(0, lacks[group], first) * weight[group]
    number, left = 0, budget
    site: Any = 0
    other: Any = 0
    for site in np.flatnonzero(built):
        shift(site, 1, indptr, indices, group_start, group_site, weight, lacks, first, times, gain)
        number += 1
        left -= costs[site]
    while number < count:
        site = best_candidate(gain, built, costs, left, False)
        if site < 0 or gain[site] <= least:
            break
        shift(site, 1, indptr, indices, group_start, group_site, weight, lacks, first, times, gain)
        built[site] = True
        number += 1
        left -= costs[site]
    since, site = 0, 0
    while since < len(built):
        if built[site]:
            shift(site, -1, indptr, indices, group_start, group_site, weight, lacks, first, times, gain)
            built[site] = False
            other = best_candidate(gain, built, costs, left + costs[site], False)
            if other < 0 or gain[other] <= gain[site] + least:
                other = site
            else:
                since = 0
            shift(other, 1, indptr, indices, group_start, group_site, weight, lacks, first, times, gain)
            built[other] = True
            left += costs[site] - costs[other]
        since += 1
        site = site + 1 if site + 1 < len(built) else 0


def backup_covering(
    covers: Any,
    people: Any,
    count: int | None = None,
    *,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    budget: float | None = None,
    time_limit_s: float = DEFAULT_S,
) -> Siting:
    """Return the candidates that give the most people two facilities within reach.

    Parameters are those of `maximal_covering`.

    Returns
    -------
    Siting
        ``objective``, ``people_covered`` and ``covered`` are of cells with two or more; the bound and the gap are of that alone.

    Examples
    --------
    >>> covers = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]  # three candidates, four cells
    >>> backup_covering(covers, [40, 30, 20, 10], 3).objective
    50.0
    """
    clock = TimeLimit(time_limit_s)
    matrix, each = read_covers(covers, people)
    candidates = check_candidates(matrix.shape[0], count, locked, excluded, costs, budget)
    twice = _pose(matrix, each, candidates)
    best = min([twice.greedy(), *(twice.swapped(first) for first in FIRSTS)], key=twice.lacking_two)
    best, bounding = _bound(twice, best, clock)
    lacking = twice.lacking_two(best)
    if bounding.is_settled or bounding.bound >= lacking - twice.least:
        solved = _Improved(best, lacking, "optimal")
    else:
        program = without(twice.program(), bounding.banned, bounding.needed)
        solved = _improve(program, twice, best, twice.lacking_two, clock, limit_s=FIRST_OF_TWO * clock.left_s)
    # Who is settled is in no better choice, or in each.
    bound = max(0.0, bounding.bound, min(lacking, solved.bound))
    choice = solved.choice
    lacking = twice.lacking_two(choice)
    bound = lacking if solved.status == "optimal" else min(lacking, bound)
    if clock.left_s > 0:
        # Of all that do as well, most people with one.
        choice = _improve(twice.program(lacking), twice, choice, twice.lacking_one, clock, lacking).choice
    rows = twice.model.rows[np.flatnonzero(choice)]
    if not candidates.affords(rows):
        return unfound(len(each), clock, math.nan)
    stands = candidates.locked.astype(np.float64)
    stands[rows] = 1.0
    objective = math.fsum(each[np.asarray(matrix.T @ stands) >= 2])
    return answer(rows, objective, objective + lacking - bound, solved.status, matrix, each, candidates, clock, times=2)


FIRSTS = (0.5, 0.3, 0.1)
"""What a first of two sites is taken to be worth, of a person, in searches."""
FIRST_OF_TWO = 0.8
"""The share of the time left for people with two; the rest is for most people with one, of the choices that do as well."""


@dataclass(frozen=True, slots=True, eq=False)
class _Twice:
    """Groups that lack two sites, then groups that lack one."""

    model: Model
    """Of both kinds of groups together; none of its candidates is dropped."""
    lacks: FloatArray
    """2 or 1. Shape (groups,)."""
    costs: FloatArray
    count: int
    budget: float

    @property
    def least(self) -> float:
        total, weight = float(self.model.weight.sum()), self.model.weight
        return 1.0 - 1e-6 if total < 2**50 and (weight == np.rint(weight)).all() else EXACT * total

    def lacking_two(self, choice: BoolArray) -> float:
        return math.fsum(self.model.weight[self.model.by_group @ choice.astype(np.float64) < self.lacks])

    def lacking_one(self, choice: BoolArray) -> float:
        return math.fsum(self.model.weight[self.model.by_group @ choice.astype(np.float64) < self.lacks - 1])

    def greedy(self) -> BoolArray:
        """Build whoever completes most; a first of two counts half."""
        choice, lacks, left = np.zeros(len(self.costs), dtype=np.bool_), self.lacks.copy(), self.budget
        for _ in range(self.count):
            gain = self.model.by_site @ (self.model.weight * np.where(lacks > 1, 0.5, np.where(lacks > 0, 1.0, 0.0)))
            gain[choice | (self.costs > left)] = 0.0
            site = int(np.argmax(gain)) if len(gain) else -1
            if site < 0 or gain[site] <= 0:
                break
            choice[site] = True
            left -= self.costs[site]
            lacks[
                self.model.by_site.indices[self.model.by_site.indptr[site] : self.model.by_site.indptr[site + 1]]
            ] -= 1
        return choice

    def swapped(self, first: float, start: BoolArray | None = None) -> BoolArray:
        """Return a choice that no swap betters, where a first of two counts as a share, and then where it does not."""
        built = np.zeros(len(self.costs), dtype=np.bool_) if start is None else start.copy()
        arrays = *pointers(self.model.by_site), *pointers(self.model.by_group), self.model.weight
        least = EXACT * float(self.model.weight.sum())
        for share in (first, 0.0):
            lacks = self.lacks.astype(np.int64)
            fill_and_swap(*arrays, lacks, share, self.costs, self.count, self.budget, least, built)
        return built

    def relaxed(self, guess: BoolArray) -> Relaxed:
        """Return the question with groups priced: a site that covers one of two that are lacking is paid half its price."""
        model, lacks = self.model, self.lacks
        times = model.by_group @ guess.astype(np.float64)

        def served(_: FloatArray, choice: IntArray) -> FloatArray:
            each = np.bincount(model.by_site[choice].indices, minlength=len(lacks))
            return np.asarray(each / lacks, dtype=np.float64)

        return Relaxed(
            start=model.weight / np.maximum(1.0, times / lacks), ceiling=model.weight, floor=0.0,
            values=lambda prices: -(model.by_site @ (prices / lacks)), served=served, costs=self.costs, count=self.count,
            budget=self.budget,
        )  # fmt: skip

    def program(self, most_lacking: float | None = None) -> Program:
        """Return the program: fewest people short of two (v), or, where no more than so many may be, fewest short of one (z)."""
        groups, sites = self.model.by_group.shape
        short = eye_array(groups, format="csr") * self.lacks[:, None]
        rows = [hstack([self.model.by_group, short, csr_array((groups, groups))])]
        lower, upper = [self.lacks], [np.full(groups, np.inf)]
        first = self.lacks > 1
        one = csr_array(eye_array(groups, format="csr")[first])
        rows.append(hstack([csr_array(self.model.by_group[first]), csr_array(one.shape), one]))
        lower.append(np.ones(int(first.sum())))
        upper.append(np.full(int(first.sum()), np.inf))
        nothing = csr_array((1, groups))
        rows.append(hstack([csr_array(np.ones((1, sites))), nothing, nothing]))
        upper.append(np.array([float(self.count)]))
        if math.isfinite(self.budget):
            rows.append(hstack([csr_array(self.costs[None, :]), nothing, nothing]))
            upper.append(np.array([self.budget]))
        if most_lacking is not None:
            rows.append(hstack([csr_array((1, sites)), csr_array(self.model.weight[None, :]), nothing]))
            upper.append(np.array([most_lacking + 0.5 * self.least]))
        above = np.concatenate(upper)
        below = np.concatenate(lower)
        weight, zero = self.model.weight, np.zeros(groups)
        cost = [np.zeros(sites), weight, zero] if most_lacking is None else [np.zeros(sites), zero, weight * first]
        return Program(
            np.concatenate(cost),
            np.ones(sites + 2 * groups),
            np.arange(sites + 2 * groups) < sites + groups,
            csr_array(vstack(rows, format="csr")),
            np.concatenate([below, np.full(len(above) - len(below), -np.inf)]),
            above,
        )

    def point(self, choice: BoolArray) -> FloatArray:
        times = self.model.by_group @ choice.astype(np.float64)
        short = (times < self.lacks).astype(np.float64), ((times < 1) & (self.lacks > 1)).astype(np.float64)
        return np.concatenate([choice.astype(np.float64), *short])


@dataclass(frozen=True, slots=True, eq=False)
class _Improved:
    choice: BoolArray
    bound: float
    status: Status


def _bound(twice: _Twice, best: BoolArray, clock: TimeLimit) -> tuple[BoolArray, Bounding]:
    """Return the bound of people who lack two, who is settled by it, and the better of what is known and what its prices choose."""
    relaxed, about = twice.relaxed(best), twice.lacking_two(best)
    bounding = raise_bound(relaxed, about, about - twice.least, STEPS, clock)
    start = np.zeros(len(best), dtype=np.bool_)
    start[bounding.choice] = True
    if math.isinf(twice.budget):
        best = min([best, *(twice.swapped(first, start) for first in FIRSTS)], key=twice.lacking_two)
        about = twice.lacking_two(best)
    polish_bound(relaxed, about, about - twice.least, POLISHING_STEPS, clock, bounding)
    return best, bounding


def _improve(
    program: Program,
    twice: _Twice,
    best: BoolArray,
    value: Any,
    clock: TimeLimit,
    most_lacking: float = math.inf,
    *,
    limit_s: float = math.inf,
) -> _Improved:
    """Return the better of what is known and what the solver finds, with its bound."""
    start: FloatArray | None = twice.point(best)
    sites = len(best)
    while True:
        solved = solve(program, min(limit_s, clock.left_s), start=start, apart=twice.least)
        if solved.point is None:
            return _Improved(best, solved.bound, "optimal" if solved.outcome == "infeasible" else "time")
        choice = solved.point[:sites] > 0.5
        allowed = int(choice.sum()) <= twice.count and math.fsum(twice.costs[choice]) <= twice.budget * (1 + EXACT)
        if allowed and twice.lacking_two(choice) <= most_lacking + twice.least / 2 and value(choice) < value(best):
            best = choice
        if solved.outcome != "optimal":
            return _Improved(best, solved.bound, "time" if solved.outcome == "time" else "feasible")
        if allowed:
            return _Improved(best, solved.bound, "optimal")
        program, start = cut_off(program, choice), None


def _pose(matrix: csr_array, people: FloatArray, candidates: Candidates) -> _Twice:
    stands = np.asarray(matrix.T @ candidates.locked.astype(np.float64))
    none = csr_array((0, len(people)))
    parts = [
        reduce_covers(
            matrix, np.where(stands == times, people, 0.0), none, candidates.free, candidates.costs, drop_outdone=False
        )
        for times in (0, 1)
    ]
    model = replace(
        parts[0],
        by_site=csr_array(hstack([part.by_site for part in parts], format="csr")),
        by_group=csr_array(vstack([part.by_group for part in parts], format="csr")),
        weight=np.concatenate([part.weight for part in parts]),
    )
    lacks = np.repeat([2.0, 1.0], [len(part.weight) for part in parts])
    return _Twice(model, lacks, candidates.costs[model.rows], candidates.count, candidates.budget)
