"""Who covers whom as links are built, asked of whoever knows the streets, and what has been learnt of it.

A link (a footpath, gate, bridge, ferry) changes the ways of many, and two may be of use only together: what a set of links does is not
the sum of what each does. Built links never take anyone's way, so that a set does at least what its parts do. That is enough to know
most sets without asking: if a cell is within reach of a facility with link *a* alone, and not with all links but *a*, then it is with
exactly the sets that hold *a*.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, IntArray


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
