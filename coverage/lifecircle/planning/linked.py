"""Sites and links in one plan: which of both to build, exactly, though links change who is within reach of what.

A mixed-integer program over sites, links, and what they bring together, on what has been learnt of sets of links. Where a set was not
asked for, the program hopes for the best; the set it then chooses is asked for, and it is solved again. It ends when the set it
chooses is one that is known: nothing better is then possible, for hope was never below the truth. (A cutting-plane scheme as Hooker &
Ottosson 2003, Mathematical Programming 96, 33-60, doi:10.1007/s10107-003-0375-9.)
"""

from __future__ import annotations

import math

import numpy as np

from lifecircle.model import BoolArray, IntArray
from lifecircle.planning.answers import infeasible, unfound
from lifecircle.planning.linked_program import LinkedProgram, Works
from lifecircle.planning.links import Learnt
from lifecircle.planning.questions import Clock
from lifecircle.planning.siting import EXACT, Siting, Status, relative_gap


def cover_with_links(works: Works, clock: Clock, start: IntArray | None = None) -> Siting:
    """Return the sites and links that cover most people, or that cost least.

    Parameters
    ----------
    clock
        Its limit is for solving: what sets of links do is asked before it counts, and each set once for all questions.
    start
        Rows of a choice known already.
    """
    search = _Search(works, clock.limit_s)
    if start is not None:
        search.offer(start)
    search.offer(search.greedy())
    bound, status = search.solve()
    if search.best is None:
        return infeasible(len(works.people), clock) if status == "infeasible" else unfound(
            len(works.people), clock, bound
        )  # fmt: skip
    rows = search.without_idle(search.best)
    covered = search.within(rows)
    people = math.fsum(works.people[covered])
    objective = people if works.price is None else math.fsum(works.price[rows])
    if works.price is None:
        bound = math.fsum(works.people) - bound - search.never_open
        bound = objective if status == "optimal" else max(objective, min(bound, math.fsum(works.people)))
    else:
        bound = objective if status == "optimal" else min(objective, bound)
    gap = relative_gap(objective, bound)
    every = works.linked.ask(search.all_links)
    usable = (works.candidates.locked | works.candidates.free)[: works.linked.facilities]
    reachable = np.asarray(every[usable].sum(axis=0)).ravel() > 0
    return Siting(
        chosen=rows,
        objective=objective,
        bound=bound,
        gap=gap,
        status="optimal" if gap == 0 else status,
        covered=covered,
        people_covered=people,
        people_unreachable=math.fsum(works.people[~reachable]),
        cost_yuan=works.candidates.spend(rows),
        seconds=clock.spent_s,
    )


class _Search:
    """One question's learning and solving; rows are those of the question."""

    def __init__(self, works: Works, limit_s: float) -> None:
        self.works = works
        linked, candidates = works.linked, works.candidates
        first = linked.facilities
        self.built: BoolArray = candidates.locked[first:]
        """Links that stand already."""
        self.links = np.flatnonzero(candidates.free[first:])
        self.all_links = self.built.copy()
        self.all_links[self.links] = True
        self.standing: BoolArray = candidates.locked[:first]
        base, every = linked.ask(self.built), linked.ask(self.all_links)
        self.base_covered = np.asarray(base[self.standing].sum(axis=0)).ravel() > 0
        usable = self.standing | candidates.free[:first]
        reachable = np.asarray(every[usable].sum(axis=0)).ravel() > 0
        self.cells = np.flatnonzero(~self.base_covered & reachable & (works.people > 0))
        lost = ~self.base_covered & ~reachable & (works.people > 0)
        self.never_open = math.fsum(works.people[lost])
        self.spare = works.spare - works.units @ lost.astype(np.float64)
        sites = np.flatnonzero(candidates.free[:first])
        self.learnt = Learnt(linked, self.standing, sites, self.built, self.links, self.cells)
        self.learnt.learn_each()
        self.clock = Clock(limit_s)
        self.best: IntArray | None = None
        self.best_cost = math.inf

    @property
    def sites(self) -> IntArray:
        """Rows of the sites in question."""
        return self.learnt.sites

    def covered(self, rows: IntArray) -> BoolArray:
        """Return which cells a choice covers, with what stands."""
        chosen = np.isin(self.links + self.works.linked.facilities, rows)
        self.learnt.learn(chosen)
        which = next(at for at, one in enumerate(self.learnt.sets) if np.array_equal(one, chosen))
        row, cell = np.divmod(self.learnt.entries[which], max(len(self.cells), 1))
        is_open = np.concatenate([[True], np.isin(self.sites, rows)])
        covered = self.base_covered.copy()
        covered[self.cells[cell[is_open[row]]]] = True
        return covered

    def within(self, rows: IntArray) -> BoolArray:
        """Return which cells a choice covers, those without people among them."""
        covered = self.works.linked.covered(np.union1d(np.flatnonzero(self.works.candidates.locked), rows))
        return np.where(self.works.people > 0, self.covered(rows), covered)

    def cost(self, rows: IntArray) -> float:
        """Return what a choice comes to: people uncovered of those who can be covered, or its price; inf where it is not allowed."""
        if not self.works.candidates.affords(rows):
            return math.inf
        uncovered = np.zeros(len(self.works.people))
        uncovered[self.cells] = ~self.covered(rows)[self.cells]
        left = self.works.units @ uncovered
        if (left > self.spare + EXACT * (1 + self.works.units.sum(axis=1))).any():
            return math.inf
        if self.works.price is not None:
            return math.fsum(self.works.price[rows])
        return math.fsum(self.works.people[uncovered > 0])

    def offer(self, rows: IntArray) -> None:
        """Keep a choice, if it is the best so far."""
        cost = self.cost(rows)
        if cost < self.best_cost:
            self.best, self.best_cost = np.sort(rows).astype(np.int64), cost

    def without_idle(self, rows: IntArray) -> IntArray:
        """Return a choice without what changes nothing, dearest first."""
        cost = self.cost(rows)
        for row in sorted(rows.tolist(), key=lambda one: (-self.works.candidates.costs[one], -one)):
            rest = rows[rows != row]
            if self.cost(rest) <= cost + 1e-9 * abs(cost):
                rows, cost = rest, self.cost(rest)
        return rows

    def greedy(self) -> IntArray:
        """Return works one after another, each the one that brings most people for its price, until no more are allowed or needed."""
        model = LinkedProgram(self.works, self.learnt, self.spare)
        rows = np.empty(0, dtype=np.int64)
        left = self.works.people[self.cells].copy()
        price = self.works.candidates.costs if self.works.price is None else self.works.price
        asks_share = self.works.price is not None
        while not (asks_share and math.isfinite(self.cost(rows))):
            gain = model.gains(rows, left)
            gain[np.isin(model.rows, rows)] = 0.0
            per_yuan = gain / np.where(price[model.rows] > 0, price[model.rows], 1.0)
            order = [at for at in np.argsort(-per_yuan, kind="stable") if gain[at] > 0]
            more = (np.append(rows, model.rows[at]) for at in order)
            chosen = next((one for one in more if self.works.candidates.affords(one)), None)
            if chosen is None:
                break
            rows = chosen
            left = np.where(self.covered(rows)[self.cells], 0.0, self.works.people[self.cells])
        return rows

    def solve(self) -> tuple[float, Status]:
        """Solve until the links chosen are known; return a bound of the cost, and whether it is proven."""
        bound = -math.inf
        while True:
            model = LinkedProgram(self.works, self.learnt, self.spare)
            solved = model.solve(self.clock.left_s, self.best)
            bound = max(bound, solved.bound)
            if solved.outcome == "infeasible":
                return math.nan, "infeasible"
            if solved.point is None:
                return bound, "time"
            rows = model.choice(solved.point)
            known = self.learnt.knows(np.isin(self.links + self.works.linked.facilities, rows))
            self.offer(rows)
            if self.best_cost <= bound + model.apart or (known and solved.outcome == "optimal"):
                return bound, "optimal" if self.best is not None else "infeasible"
            if self.clock.left_s == 0 or (known and solved.outcome != "optimal"):
                return bound, "time"
