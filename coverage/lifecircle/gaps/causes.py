"""Gaps: groups of uncovered populated cells that touch, each with one cause and the evidence for it.

With the cost to the nearest facility ``t[c]`` (minutes, readiness included, or metres; inf where none can be reached), the limit *T*, what
of both no speed changes *f*, and ``k[c]``, the cost of the straight line to the nearest facility as the crow flies, an uncovered cell is

- ``no_roads`` where no mapped way is near it, whatever it costs: survey first;
- ``cut_off`` where a facility is near as the crow flies and the way to any is not: a barrier or a missing link. Near is ``f + 1.6 k <= T``:
  in time were the way no longer than ways commonly are; or ``f + k <= T`` where the way is over three times the line. Where nothing can be
  reached it is cut off however far the line is;
- ``too_far`` otherwise: connected, and slower than the limit; or there is no such facility anywhere.

``full`` are the people within the limit who find no place: they are covered, and gaps of their own.

Cells of one cause that touch are a gap, so that a gap has one cause and one kind of work. One that is wider than a facility in its middle
could serve is divided where townships meet, so that it has one who answers for it. A few people of another cause or township beside a
far larger gap are no work of their own: they are counted there, and the gap says how many of its people have which cause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecircle.gaps.contiguity import Lattice, absorb_small, group_touching
from lifecircle.model import BoolArray, FloatArray, IntArray

TOO_FAR, CUT_OFF, FULL, NO_ROADS = range(4)
CAUSES = ("too_far", "cut_off", "full", "no_roads")
"""By number."""

DETOUR_FACTOR = 1.6
"""Way over straight line. The Beijing ambulance model's (中国全科医学 2011), where roads are not known."""
BARRED_FACTOR = 3.0
"""A way over so many times the straight line goes round something: streets alone seldom make it twice as long."""
LINK_M = 200.0
"""Villages and buildings this near to one another are one gap: houses across a street or a field, not the next village."""
ABSORBED_SHARE, ABSORBED_PEOPLE = 0.05, 50.0
"""A piece with less than this share of the people of the largest gap it touches, and fewer than so many, is counted there."""


def cell_causes(
    cost: FloatArray, straight: FloatArray, limit: float, has_way: BoolArray, *, fixed: float = 0.0
) -> IntArray:
    """Return why each cell is not covered, were it not.

    Parameters
    ----------
    cost
        To the nearest facility, ``fixed`` included, in the unit of the limit; inf where none can be reached. Shape (cells,).
    straight
        What the straight line to the nearest as the crow flies would cost, ``fixed`` left out; inf where there is no facility.
    has_way
        Whether a way people may use is mapped near the cell.
    fixed
        The part of the cost that no speed changes.
    """
    is_near = straight * DETOUR_FACTOR + fixed <= limit
    is_barred = (straight + fixed <= limit) & (cost - fixed > straight * BARRED_FACTOR)
    is_apart = np.isinf(cost) & np.isfinite(straight)
    is_cut_off = is_near | is_barred | is_apart
    return np.where(~has_way, NO_ROADS, np.where(is_cut_off, CUT_OFF, TOO_FAR)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Groups of cells, the most people first (of equals, the first cell first); arrays by gap unless they say otherwise."""

    cell: IntArray
    """Rows of the cells in gaps, ascending."""
    gap: IntArray
    """The gap of each of them."""
    people: FloatArray
    cause: IntArray
    """Of most of its people."""
    cause_people: FloatArray
    """Its people by cause. Shape (gaps, 4)."""

    def __len__(self) -> int:
        return len(self.people)

    @property
    def cells(self) -> IntArray:
        """How many cells each has."""
        return np.bincount(self.gap, minlength=len(self))

    def sum(self, values: FloatArray) -> FloatArray:
        """Return the sum of a value, one a cell of :attr:`cell`, over each gap."""
        return np.bincount(self.gap, weights=values, minlength=len(self)).astype(np.float64)

    def mean(self, values: FloatArray, people: FloatArray) -> FloatArray:
        """Return the mean of a value over the people of each gap, of those where it is finite; NaN where it is nowhere.

        Both one a cell of :attr:`cell`.
        """
        known = np.isfinite(values)
        weight = np.where(known, people, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.sum(np.where(known, values, 0.0) * weight) / self.sum(weight))

    def most(self, choice: IntArray, people: FloatArray) -> IntArray:
        """Return the choice (-1 for none) of most people of each gap who have one; -1 where nobody has, the lower of equals.

        Both one a cell of :attr:`cell`.
        """
        found = np.full(len(self), -1, dtype=np.int64)
        chosen = choice >= 0
        if not chosen.any():
            return found
        pair, inverse = np.unique(np.column_stack([self.gap[chosen], choice[chosen]]), axis=0, return_inverse=True)
        held = np.bincount(inverse.reshape(-1), weights=people[chosen])
        order = np.lexsort((pair[:, 1], -held, pair[:, 0]))
        gap, at = np.unique(pair[order, 0], return_index=True)
        found[gap] = pair[order[at], 1]
        return found

    def middle(self, x: FloatArray, y: FloatArray, people: FloatArray) -> IntArray:
        """Return for each gap the cell (its place in :attr:`cell`) nearest to the mean place of its people: a place in the gap itself.

        All one a cell of :attr:`cell`. Of cells as near to the millimetre the most western, then the most southern.
        """
        away = np.hypot(x - self.mean(x, people)[self.gap], y - self.mean(y, people)[self.gap])
        order = np.lexsort((y, x, np.round(away, 3), self.gap))
        return order[np.unique(self.gap[order], return_index=True)[1]]


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """Where gaps that are too wide for one piece of work are divided; the first three by cell, of all cells."""

    x: FloatArray
    y: FloatArray
    """Metres."""
    unit: IntArray
    """Who answers for each cell; -1 for none."""
    widest_m: float
    """From west to east or south to north between the centres of a gap's cells."""


def find_gaps(
    places: Lattice, cell: IntArray, people: FloatArray, cause: IntArray, division: Division | None = None
) -> Gaps:
    """Return the gaps among cells that lack.

    Parameters
    ----------
    places
        Where all cells are.
    cell
        The cells that lack, ascending, all with people.
    people, cause
        Who lacks in each of them (within the limit of a full facility it may be part of a cell), and a number of :data:`CAUSES`.
    division
        None: gaps may be as wide as they are.
    """
    lattice = places.take(cell)
    group = group_touching(lattice, cause)
    if division is not None and len(cell):
        is_wide = np.maximum(_width(group, division.x[cell]), _width(group, division.y[cell])) > division.widest_m
        group = group_touching(lattice, np.where(is_wide[group], 4 * (division.unit[cell] + 2) + cause, cause))
    group = absorb_small(lattice, group, people, ABSORBED_SHARE, ABSORBED_PEOPLE)
    count = int(group.max()) + 1 if len(group) else 0
    cause_people = np.bincount(group * 4 + cause, weights=people, minlength=4 * count).reshape(count, 4)
    total = np.bincount(group, weights=people, minlength=count).astype(np.float64)
    order = np.argsort(-total, kind="stable")  # groups are numbered by their first cell
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    return Gaps(
        cell=cell,
        gap=place[group],
        people=total[order],
        cause=cause_people[order].argmax(axis=1).astype(np.int64) if count else np.zeros(0, dtype=np.int64),
        cause_people=cause_people[order].astype(np.float64),
    )


def _width(group: IntArray, values: FloatArray) -> FloatArray:
    """Return the difference of the most and the least of a value in each group."""
    order = np.argsort(group, kind="stable")
    starts = np.unique(group[order], return_index=True)[1]
    return np.asarray(np.maximum.reduceat(values[order], starts) - np.minimum.reduceat(values[order], starts))
