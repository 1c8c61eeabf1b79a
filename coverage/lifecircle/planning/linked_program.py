"""The program of sites and links in one plan, on what has been learnt of sets of links."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.links import Learnt, LinkedCovers
from lifecircle.planning.questions import Candidates
from lifecircle.planning.reduction import reduce_covers, undominated
from lifecircle.planning.siting import EXACT
from lifecircle.planning.solver import Program, Solved, solve


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
