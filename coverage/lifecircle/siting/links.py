"""Sites and links in one plan: which of both to build, exactly, though links change who is within reach of what.

Who covers whom as links are built is asked of whoever knows the streets, and what has been learnt of sets of links is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray, Siting, Status
from lifecircle.siting.problem import EXACT, Candidates, TimeLimit, infeasible, relative_gap, unfound
from lifecircle.siting.reduction import reduce_covers, undominated
from lifecircle.siting.solver import Program, Solved, solve


class LinkedCovers:
    """Facilities x cells for any set of links; each set is asked for once.

    In `maximal_covering`, `set_covering` and what is made of them it stands in the place of ``covers``; rows are then the
    facilities and candidates, and after them the links.

    Parameters
    ----------
    facilities, links
        How many of each.
    covers
        Of a mask of the links that are built, facilities x cells: not 0 where within reach. More links must never cover less.
    """

    def __init__(self, facilities: int, links: int, covers: Callable[[BoolArray], Any]) -> None:
        self.facilities, self.links = facilities, links
        self._covers, self._known = covers, dict[bytes, csr_array]()

    def __len__(self) -> int:
        return self.facilities + self.links

    def ask(self, built: BoolArray) -> csr_array:
        """Return who covers whom with these links: a matrix of ones. Shape (facilities, cells)."""
        key = np.packbits(built).tobytes()
        if key not in self._known:
            found = csr_array(self._covers(built.copy()) != 0, dtype=np.float64)
            found.sort_indices()
            self._known[key] = found
        return self._known[key]

    def covered(self, rows: IntArray) -> BoolArray:
        """Return which cells these rows cover together: facilities over the streets with those links that are among them."""
        there = np.isin(np.arange(len(self)), rows)
        matrix = self.ask(there[self.facilities :])
        return np.asarray(matrix[np.flatnonzero(there[: self.facilities])].sum(axis=0)).ravel() > 0


class Learnt:
    """What is known of which links bring which cell within reach of which site, so far as they are asked about.

    Row 0 stands for all that is there already, the others for the sites that may be built. An *entry* is a row and a cell.
    """

    def __init__(
        self, linked: LinkedCovers, standing: BoolArray, sites: IntArray, built: BoolArray, links: IntArray, cells: IntArray
    ) -> None:  # fmt: skip
        self.linked, self.standing, self.sites, self.built, self.links, self.cells = (
            linked, standing, sites, built, links, cells,
        )  # fmt: skip
        self.sets: list[BoolArray] = []
        """Of the links in question, those built; the first is none of them. Shape (links,) each."""
        self.entries: list[IntArray] = []
        """Of each set, ascending: row times the count of cells plus cell."""
        none, every = np.zeros(len(links), dtype=np.bool_), np.ones(len(links), dtype=np.bool_)
        self.ask(none)
        self.ask(every)
        self.open = np.setdiff1d(self.entries[-1], self.entries[0], assume_unique=True)
        """Entries that some links bring."""
        self.within: list[BoolArray] = []
        """Of each set, which open entries it brings. Shape (open entries,) each."""
        self._look()

    def knows(self, links: BoolArray) -> bool:
        """Whether a set was asked for."""
        return any(np.array_equal(links, one) for one in self.sets)

    def ask(self, links: BoolArray) -> None:
        """Ask for a set, if it is not known."""
        if self.knows(links):
            return
        entries = self._entries(links)
        for one, known in zip(self.sets, self.entries, strict=True):
            if not (one & ~links).any():
                entries = np.union1d(entries, known)  # never less, whatever rounding did to a way just at the limit
        self.sets.append(links.copy())
        self.entries.append(entries)

    def learn(self, links: BoolArray) -> None:
        """Ask for a set, and look at what it says of the open entries."""
        self.ask(links)
        self._look()

    def _look(self) -> None:
        for entries in self.entries[len(self.within) :]:
            self.within.append(np.isin(self.open, entries, assume_unique=True))

    def _entries(self, links: BoolArray) -> IntArray:
        built = self.built.copy()
        built[self.links[links]] = True
        matrix = csr_array(self.linked.ask(built)[:, self.cells])
        there = np.flatnonzero(np.asarray(matrix[self.standing].sum(axis=0)).ravel() > 0)
        own = csr_array(matrix[self.sites])
        own.sort_indices()
        row = np.repeat(np.arange(1, len(self.sites) + 1), np.diff(own.indptr))
        return np.concatenate([there, row * len(self.cells) + own.indices]).astype(np.int64)

    def learn_each(self) -> None:
        """Ask for each link alone, and for all links without those that bring an entry alone: that settles most entries."""
        every = np.ones(len(self.links), dtype=np.bool_)
        for link in range(len(self.links)):
            self.ask(_only(link, len(self.links)))
        self._look()
        alone = self._alone()
        if not len(self.open):
            return
        for enough in np.unique(alone, axis=0)[: 2 * len(self.links)]:
            if enough.any():
                self.ask(every & ~enough)
        if not alone.any(axis=1).all():  # some take several together
            for link in range(len(self.links)):
                self.ask(every & ~_only(link, len(self.links)))
            self._look()
            needed = self._needed()[~alone.any(axis=1)]
            for together in np.unique(needed, axis=0)[: 2 * len(self.links)]:
                self.ask(together)
        self._look()

    def _alone(self) -> BoolArray:
        """Return which links bring an entry alone. Shape (open entries, links)."""
        found = np.zeros((len(self.open), len(self.links)), dtype=np.bool_)
        for one, within in zip(self.sets, self.within, strict=True):
            if one.sum() == 1:
                found[:, np.flatnonzero(one)[0]] = within
        return found

    def _needed(self) -> BoolArray:
        """Return which links every set that brings an entry holds, so far as is known. Shape (open entries, links)."""
        found = np.zeros((len(self.open), len(self.links)), dtype=np.bool_)
        for one, within in zip(self.sets, self.within, strict=True):
            if (~one).sum() == 1:
                found[:, np.flatnonzero(~one)[0]] = ~within
        return found

    def options(self) -> list[tuple[BoolArray, IntArray]]:
        """Return by set of links the entries that it brings and no known part of it does."""
        found = []
        for one, within in zip(self.sets, self.within, strict=True):
            fresh = within.copy()
            for part, known in zip(self.sets, self.within, strict=True):
                if not (part & ~one).any() and (one & ~part).any():
                    fresh &= ~known
            if one.any() and fresh.any():
                found.append((one, self.open[fresh]))
        return found

    def doubts(self) -> list[tuple[list[BoolArray], IntArray]]:
        """Return entries that sets not asked for may bring, by what is known of them: each such set has one of every mask.

        The masks are what the sets that are known not to bring the entries leave out.
        """
        alone, needed = self._alone(), self._needed()
        settled = np.zeros(len(self.open), dtype=np.bool_)
        for one, within in zip(self.sets, self.within, strict=True):
            # All that is left without these brings nothing, and each of these is enough; or all of these are needed, and enough.
            settled |= ~within & ~(~alone[:, ~one]).any(axis=1)
            settled |= within & needed[:, one].all(axis=1)
        left = np.flatnonzero(~settled)
        if not len(left):
            return []
        table = np.stack([within[left] for within in self.within], axis=1)
        kinds, number = np.unique(table, axis=0, return_inverse=True)
        return [
            (_least([~self.sets[column] for column in np.flatnonzero(~kind)]), self.open[left[number.ravel() == which]])
            for which, kind in enumerate(kinds)
        ]


def _only(link: int, links: int) -> BoolArray:
    return np.asarray(np.arange(links) == link)


def _least(masks: list[BoolArray]) -> list[BoolArray]:
    """Return the masks that hold no other: who has one of these has one of each."""
    ordered = sorted(masks, key=lambda mask: (int(mask.sum()), np.packbits(mask).tobytes()))
    kept: list[BoolArray] = []
    for mask in ordered:
        if not any((~mask & one).sum() == 0 for one in kept):
            kept.append(mask)
    return kept


@dataclass(frozen=True, slots=True, eq=False)
class Works:
    """What may be built, and what it must achieve."""

    linked: LinkedCovers
    people: FloatArray
    candidates: Candidates
    """Rows: facilities and candidates, then links."""
    units: csr_array
    """People by unit with a floor and cell. Shape (units, cells)."""
    spare: FloatArray
    """People of each unit whom its floor lets go uncovered. Shape (units,)."""
    price: FloatArray | None
    """Of each row, where the cheapest plan is asked for; None where the most people are."""


class LinkedProgram:
    """The program on what is known now.

    Variables: sites and links (whole), what they bring together and what may be hoped for (at most any of those it takes), and the
    groups of cells left uncovered.
    """

    def __init__(self, works: Works, learnt: Learnt, spare: FloatArray) -> None:
        self.works, self.learnt, self.spare = works, learnt, spare
        n_cells, n_links = len(learnt.cells), len(learnt.links)
        price = np.zeros(len(works.candidates.costs)) if works.price is None else works.price
        if works.price is None and math.isfinite(works.candidates.budget):
            price = works.candidates.costs
        site = self._useful(price[learnt.sites])
        self.rows = np.concatenate([learnt.sites[site], learnt.links + works.linked.facilities])
        place = np.full(len(learnt.sites) + 1, -1)  # of each entry's row, the column of its site
        place[site + 1] = np.arange(len(site))
        self.n_sites, self.n_own = len(site), len(site) + n_links
        own = _by_row(learnt.entries[0], n_cells, place, with_standing=False)
        self.together: list[tuple[int, list[BoolArray]]] = []
        """Of each further column: the column of its site (-1: it stands), and masks of links of each of which it takes one."""
        cells_of: list[IntArray] = []
        for masks, entries in [*(([np.arange(n_links) == one for one in np.flatnonzero(links)], entries)
                                 for links, entries in learnt.options()), *learnt.doubts()]:  # fmt: skip
            for at, cells in _by_row(entries, n_cells, place):
                if at < 0 and len(masks) == 1 and masks[0].sum() == 1:  # a link alone, to what stands
                    own.append((self.n_sites + int(np.flatnonzero(masks[0])[0]), cells))
                else:
                    self.together.append((at, masks))
                    cells_of.append(cells)
        lists = [*own, *((self.n_own + number, cells) for number, cells in enumerate(cells_of))]
        column = np.repeat([at for at, _ in lists], [len(cells) for _, cells in lists]).astype(np.int64)
        cell = np.concatenate([np.empty(0, dtype=np.int64), *(cells for _, cells in lists)])
        n_columns = self.n_own + len(self.together)
        self.matrix = csr_array(coo_array((np.ones(len(cell)), (column, cell)), shape=(n_columns, n_cells)))
        units = csr_array(csr_array(works.units)[:, learnt.cells])
        self.model = reduce_covers(
            self.matrix, works.people[learnt.cells], units, np.ones(n_columns, dtype=np.bool_), np.zeros(n_columns), drop_outdone=False
        )  # fmt: skip

    @property
    def apart(self) -> float:
        """By how much two costs differ at least, where they differ."""
        values = self.model.weight if self.works.price is None else self.works.price[self.rows]
        whole = bool((values == np.rint(values)).all()) and values.sum() < 2**50
        return 1.0 - 1e-6 if whole else EXACT * float(values.sum())

    def _useful(self, price: FloatArray) -> IntArray:
        """Return the sites that no other outdoes under every set of links that is known."""
        n_cells, n_sites = len(self.learnt.cells), len(self.learnt.sites)
        blocks = []
        for entries in self.learnt.entries:
            row, cell = np.divmod(entries, max(n_cells, 1))
            own = row > 0
            blocks.append(coo_array((np.ones(int(own.sum())), (row[own] - 1, cell[own])), shape=(n_sites, n_cells)))
        return np.flatnonzero(undominated(csr_array(hstack(blocks, format="csr")), price))

    def choice(self, point: FloatArray) -> IntArray:
        """Return the rows that a point of the program builds."""
        return np.sort(self.rows[point[: self.n_own] > 0.5])

    def _point(self, rows: IntArray) -> FloatArray | None:
        """Return the program's point of a choice, nothing hoped for; None where a site of it was outdone."""
        own = np.isin(self.rows, rows)
        if own.sum() < len(rows):
            return None
        on = np.concatenate([own, np.zeros(len(self.together), dtype=np.bool_)])
        links = own[self.n_sites :]
        for number, (at, masks) in enumerate(self.together):
            on[self.n_own + number] = (at < 0 or own[at]) and all((links & mask).any() for mask in masks)
        covered = np.asarray(self.model.by_group @ on[self.model.rows].astype(np.float64)) > 0
        return np.concatenate([on.astype(np.float64), (~covered).astype(np.float64)])

    def gains(self, rows: IntArray, people: FloatArray) -> FloatArray:
        """Return about how many of these people each site or link would bring, beside the rows. Shape (sites + links,)."""
        each = np.asarray(self.matrix @ people)
        own = np.isin(self.rows, rows)
        links = own[self.n_sites :]
        gain = each[: self.n_own].copy()
        for number, (at, masks) in enumerate(self.together):
            lacking = [mask for mask in masks if not (links & mask).any()]
            if at >= 0 and not own[at] and not lacking:
                gain[at] += each[self.n_own + number]
            elif (at < 0 or own[at]) and len(lacking) == 1:
                gain[self.n_sites + np.flatnonzero(lacking[0])] += each[self.n_own + number]
        return gain

    def solve(self, time_limit_s: float, start: IntArray | None) -> Solved:
        """Solve, from a choice where one is given."""
        point = None if start is None else self._point(start)
        return solve(self._program(), time_limit_s, start=point, apart=self.apart)

    def _program(self) -> Program:
        works, model = self.works, self.model
        n_columns, groups = self.matrix.shape[0], len(model.weight)
        by_column = csr_array((groups, n_columns)) if not groups else self._by_column()
        blocks = [hstack([by_column, eye_array(groups)])]
        lower, upper = [np.ones(groups)], [np.full(groups, np.inf)]

        def at_most(coefficients: csr_array, most: FloatArray) -> None:
            blocks.append(coefficients)
            lower.append(np.full(len(most), -np.inf))
            upper.append(most)

        taken = self._takes()
        at_most(hstack([taken, csr_array((taken.shape[0], groups))]), np.zeros(taken.shape[0]))
        own = np.arange(n_columns) < self.n_own
        none = csr_array((1, groups))
        at_most(hstack([csr_array(own[None, :].astype(np.float64)), none]), np.array([float(works.candidates.count)]))
        if math.isfinite(works.candidates.budget):
            costs = np.zeros(n_columns)
            costs[: self.n_own] = works.candidates.costs[self.rows]
            at_most(hstack([csr_array(costs[None, :]), none]), np.array([works.candidates.budget]))
        if len(self.spare):
            at_most(hstack([csr_array((len(self.spare), n_columns)), model.units]), self.spare)
        cost = np.zeros(n_columns + groups)
        if works.price is None:
            cost[n_columns:] = model.weight
        else:
            cost[: self.n_own] = works.price[self.rows]
        whole = np.arange(n_columns + groups) < self.n_own
        return Program(
            cost, np.ones(n_columns + groups), whole, csr_array(vstack(blocks, format="csr")),
            np.concatenate(lower), np.concatenate(upper),
        )  # fmt: skip

    def _by_column(self) -> csr_array:
        """Return groups x columns, columns that cover no group among them."""
        model = self.model
        spread = coo_array(
            (np.ones(len(model.rows)), (np.arange(len(model.rows)), model.rows)), shape=(len(model.rows), self.matrix.shape[0])
        )  # fmt: skip
        return csr_array(model.by_group @ csr_array(spread))

    def _takes(self) -> csr_array:
        """Return the rows that hold what is brought together to each of what it takes."""
        row, column, value, count = [], [], [], 0
        for number, (at, masks) in enumerate(self.together):
            takes = [np.array([at])] if at >= 0 else []
            takes += [self.n_sites + np.flatnonzero(mask) for mask in masks]
            for those in takes:
                row += [count] * (1 + len(those))
                column += [self.n_own + number, *those.tolist()]
                value += [1.0, *([-1.0] * len(those))]
                count += 1
        return csr_array(coo_array((value, (row, column)), shape=(count, self.matrix.shape[0])))


def _by_row(
    entries: IntArray, n_cells: int, place: IntArray, *, with_standing: bool = True
) -> list[tuple[int, IntArray]]:
    """Return the cells of each row of entries, by the column of its site: -1 for what stands; sites that are out are left out."""
    row, cell = np.divmod(entries, max(n_cells, 1))
    edges = np.flatnonzero(np.diff(row, prepend=-1, append=-1))
    found = [(int(row[first]), cell[first:last]) for first, last in pairwise(edges)]
    return [(int(place[at]), cells) for at, cells in found if place[at] >= 0 or (at == 0 and with_standing)]


def cover_with_links(works: Works, clock: TimeLimit, start: IntArray | None = None) -> Siting:
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
        self.clock = TimeLimit(limit_s)
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
