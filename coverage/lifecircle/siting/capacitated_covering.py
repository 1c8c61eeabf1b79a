"""Capacitated covering: the most people who find a place, where a site holds only so many.

Maximise ``sum_sc f[s, c]`` where ``f`` people of cell *c* go to site *s* within reach, no cell sends more than its people and no site
takes more than its capacity, and only if it is there (Current & Storbeck 1988, Environment and Planning B 15, 153-163,
doi:10.1068/b150153). Cells may be split between sites. This assigns people as well as can be: `measures.capacity`, which fills the
nearest first as people do, serves as many or fewer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray, Siting, Status
from lifecircle.siting.problem import (
    DEFAULT_S,
    EXACT,
    Candidates,
    TimeLimit,
    check_candidates,
    read_covers,
    relative_gap,
)
from lifecircle.siting.program import cut_off
from lifecircle.siting.reduction import Model, reduce_covers
from lifecircle.siting.solver import Program, solve


def capacitated_covering(
    covers: Any,
    people: Any,
    capacity: Any,
    count: int | None = None,
    *,
    locked: Any = None,
    excluded: Any = None,
    costs: Any = None,
    budget: float | None = None,
    time_limit_s: float = DEFAULT_S,
) -> Siting:
    """Return the candidates that give the most people a place.

    Parameters
    ----------
    capacity
        People each row can serve, those that stand too; inf is unlimited. A capacity in visits or beds is divided by what a person asks
        for first. Shape (facilities,).

    Others as in `maximal_covering`.

    Returns
    -------
    Siting
        ``objective`` and ``people_covered``: people who find a place, at what is locked too; ``covered``: cells all of whose people do,
        in one of the assignments that serve as many.

    Examples
    --------
    >>> covers = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]  # three candidates, four cells
    >>> found = capacitated_covering(covers, [40, 30, 20, 10], [50, 50, 50], 2)
    >>> found.chosen.tolist(), found.objective
    ([0, 1], 90.0)
    """
    clock = TimeLimit(time_limit_s)
    matrix, each = read_covers(covers, people)
    candidates = check_candidates(matrix.shape[0], count, locked, excluded, costs, budget)
    places = np.asarray(capacity, dtype=np.float64)
    if places.shape != (matrix.shape[0],) or not (places >= 0).all():
        raise ValueError(
            f"capacity 须为每处一个非负数，inf 表示不限 must be one number >= 0 a facility, inf where unlimited: {places.shape}"
        )
    flows = _pose(matrix, each, places, candidates)
    best = flows.greedy()
    proven = _prove(flows, best, clock)
    # Served in full by the best assignment of the choice: one linear program.
    sent = flows.assign(proven.choice)
    served = np.bincount(flows.group, weights=sent, minlength=len(flows.model.weight))
    objective = _whole(math.fsum(sent), flows)
    bound = objective if proven.status == "optimal" else max(objective, min(proven.bound, flows.most()))
    rows = flows.model.rows[np.flatnonzero(proven.choice & candidates.free[flows.model.rows])]
    full = served >= flows.model.weight * (1 - EXACT)
    covered = (flows.model.group_of_cell >= 0) & np.append(full, False)[flows.model.group_of_cell]
    reachable = np.asarray(matrix.T @ (candidates.locked | candidates.free).astype(np.float64)) > 0
    gap = relative_gap(objective, bound)
    return Siting(
        rows, objective, bound, gap, "optimal" if gap == 0 else proven.status, covered, objective,
        math.fsum(each[~reachable]), cost_yuan=candidates.spend(rows), seconds=clock.spent_s,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Flows:
    """Pairs of a site and a group; sites that stand are in every choice."""

    model: Model
    stands: BoolArray
    places: FloatArray
    """People each of the model's sites can serve, no more than it reaches. Shape (n,)."""
    site: IntArray
    group: IntArray
    costs: FloatArray
    count: int
    budget: float

    @property
    def are_whole(self) -> bool:
        return all((values == np.rint(values)).all() for values in (self.model.weight, self.places))

    def most(self) -> float:
        """Return people whom the places of the largest sites, and reach, leave at most."""
        places = np.sort(self.places[~self.stands])[::-1][: self.count].sum() + self.places[self.stands].sum()
        return float(min(self.model.weight.sum(), places))

    def greedy(self) -> BoolArray:
        """Build whoever could serve most of those not served yet; they are then taken as served."""
        choice, left, budget = self.stands.copy(), self.model.weight.copy(), self.budget
        for site in np.flatnonzero(choice).tolist():
            self._fill(site, left)
        for _ in range(self.count):
            gain = np.minimum(self.places, self.model.by_site @ left)
            gain[choice | (self.costs > budget)] = 0.0
            site = int(np.argmax(gain)) if len(gain) else -1
            if site < 0 or gain[site] <= 0:
                break
            choice[site] = True
            budget -= self.costs[site]
            self._fill(site, left)
        return choice

    def _fill(self, site: int, left: FloatArray) -> None:
        """Take people off, those first whom the fewest others reach."""
        groups = self.model.by_site.indices[self.model.by_site.indptr[site] : self.model.by_site.indptr[site + 1]]
        groups = groups[np.argsort(np.diff(self.model.by_group.indptr)[groups], kind="stable")]
        before = np.concatenate([[0.0], np.cumsum(left[groups])[:-1]])
        left[groups] -= np.clip(self.places[site] - before, 0.0, left[groups])

    def program(self) -> Program:
        """Return the program: x of sites that do not stand, then flows; least of minus the people served."""
        sites, pairs, groups = len(self.places), len(self.site), len(self.model.weight)
        column = sites + np.arange(pairs)
        limit = np.minimum(self.model.weight[self.group], self.places[self.site])
        ones = np.ones(pairs)
        of_group = coo_array((ones, (self.group, column)), shape=(groups, sites + pairs))
        of_site = coo_array(
            (
                np.append(ones, -self.places),
                (np.append(self.site, np.arange(sites)), np.append(column, np.arange(sites))),
            ),
            shape=(sites, sites + pairs),
        )
        here = np.arange(pairs)
        if_built = coo_array(
            (np.append(ones, -limit), (np.append(here, here), np.append(column, self.site))),
            shape=(pairs, sites + pairs),
        )
        new = (~self.stands).astype(np.float64)
        rows = [of_group, of_site, if_built, csr_array(np.append(new, np.zeros(pairs))[None, :])]
        upper = [self.model.weight, np.zeros(sites), np.zeros(pairs), np.array([float(self.count)])]
        if math.isfinite(self.budget):
            rows.append(csr_array(np.append(self.costs * new, np.zeros(pairs))[None, :]))
            upper.append(np.array([self.budget]))
        above = np.concatenate(upper)
        return Program(
            np.append(np.zeros(sites), -ones), np.append(np.ones(sites), limit), np.arange(sites + pairs) < sites,
            csr_array(vstack(rows, format="csr")), np.full(len(above), -np.inf), above,
        )  # fmt: skip

    def assign(self, choice: BoolArray) -> FloatArray:
        """Return the people of each pair in an assignment of a choice that serves most. Shape (pairs,)."""
        sent = np.zeros(len(self.site))
        used = np.flatnonzero(choice[self.site])
        if not len(used):
            return sent
        groups, sites, pairs = len(self.model.weight), len(self.places), len(used)
        here, ones = np.arange(pairs), np.ones(pairs)
        rows = vstack(
            [
                coo_array((ones, (self.group[used], here)), shape=(groups, pairs)),
                coo_array((ones, (self.site[used], here)), shape=(sites, pairs)),
            ],
            format="csr",
        )
        above = np.append(self.model.weight, self.places)
        solved = solve(
            Program(
                -ones, np.full(pairs, np.inf), np.zeros(pairs, np.bool_), csr_array(rows), np.zeros(len(above)), above
            ),
            ASSIGNING_S,
        )
        if solved.point is None:
            raise RuntimeError("分配未完成 the assignment of people to chosen sites was not found")
        sent[used] = np.clip(solved.point, 0.0, None)
        return sent


ASSIGNING_S = 600.0
"""More than any assignment takes; it is beside the time limit, since an answer without it would have no objective."""


@dataclass(frozen=True, slots=True, eq=False)
class _Proven:
    choice: BoolArray
    bound: float
    status: Status


def _prove(flows: _Flows, best: BoolArray, clock: TimeLimit) -> _Proven:
    sent = flows.assign(best)
    served = math.fsum(sent)
    whole = flows.are_whole and flows.model.weight.sum() < 2**50
    least = 1.0 - 1e-6 if whole else EXACT * float(flows.model.weight.sum())
    if served >= flows.most() - least:
        return _Proven(best, served, "optimal")
    program = flows.program()
    start: FloatArray | None = np.append(best.astype(np.float64), sent)
    while True:
        solved = solve(program, clock.left_s, start=start, apart=least)
        bound = -solved.bound
        if solved.point is None:
            return _Proven(best, bound, "optimal" if solved.outcome == "infeasible" else "time")
        choice = (solved.point[: len(best)] > 0.5) | flows.stands
        new = choice & ~flows.stands
        allowed = int(new.sum()) <= flows.count and math.fsum(flows.costs[new]) <= flows.budget * (1 + EXACT)
        if allowed:
            better = math.fsum(flows.assign(choice))
            if better > served:
                best, served = choice, better
        if solved.outcome != "optimal":
            return _Proven(best, bound, "time" if solved.outcome == "time" else "feasible")
        if allowed:
            return _Proven(best, served, "optimal")
        program, start = cut_off(program, choice), None


def _pose(matrix: csr_array, people: FloatArray, places: FloatArray, candidates: Candidates) -> _Flows:
    usable = candidates.locked | candidates.free
    model = reduce_covers(matrix, people, csr_array((0, len(people))), usable, candidates.costs, drop_outdone=False)
    site = np.repeat(np.arange(len(model.rows)), np.diff(model.by_site.indptr))
    return _Flows(
        model, candidates.locked[model.rows], np.minimum(places[model.rows], model.by_site @ model.weight), site,
        model.by_site.indices.astype(np.int64), candidates.costs[model.rows], candidates.count, candidates.budget,
    )  # fmt: skip


def _whole(value: float, flows: _Flows) -> float:
    """Return people served as a whole number where they must be one: the most of whole flows is whole."""
    return float(round(value)) if flows.are_whole else value
