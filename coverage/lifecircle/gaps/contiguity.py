"""Which places touch: squares of a lattice with their eight neighbours, points within a distance of one another. Exact.

Places are sorted into buckets so small that all within one touch; places of one kind in one bucket are a block, and only blocks are held
against one another. Thousands of houses within a stone's throw of each other cost no more than a few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from lifecircle.model import FloatArray, IntArray

BUCKET = 2.0 / 3.0
"""Side of a bucket of points, of their reach: its diagonal is less than the reach, and two buckets away is farther than it."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Places to look for neighbours among.

    Squares touch where their columns and rows differ by one at most, pieces of one square among them; points where they are at most
    ``reach_m`` apart, a distance equal to it included.
    """

    x: FloatArray
    """Columns, or metres east."""
    y: FloatArray
    """Rows, or metres north."""
    reach_m: float = 0.0
    """0 for squares."""

    def take(self, which: IntArray) -> Lattice:
        """Return some of the places."""
        return Lattice(self.x[which], self.y[which], self.reach_m)


def group_touching(places: Lattice, kind: IntArray) -> IntArray:
    """Return the group of each place: those of one kind that hang together by touching.

    Returns
    -------
    IntArray
        0 .. n-1, numbered by the first place of each group. Shape (places,).
    """
    blocks = _Blocks.of(places, kind)
    root = np.arange(len(blocks.start) - 1, dtype=np.int64)
    _join(*blocks.arrays, blocks.kind, places.reach_m, root)
    return _number(blocks.spread(root))


def absorb_small(places: Lattice, group: IntArray, people: FloatArray, share: float, most: float = np.inf) -> IntArray:
    """Return the groups after each that holds fewer than ``most`` people, and less than a share of the largest it touches, has joined that.

    The largest is the one with the most people, of equals the first; a group joins one that may itself join a larger.
    """
    if not len(group):
        return group
    held = np.bincount(group, weights=people).astype(np.float64)
    beside = np.full(len(held), -1, dtype=np.int64)
    blocks = _Blocks.of(places, group)
    _largest_beside(*blocks.arrays, blocks.kind, places.reach_m, held, beside)
    joins = (beside >= 0) & (held < np.minimum(share * held[beside], most))
    into = np.where(joins, beside, np.arange(len(held)))
    while (into != into[into]).any():  # people grow along the way: no circle
        into = into[into]
    return _number(into[group])


def _number(label: IntArray) -> IntArray:
    """Return labels numbered by where they are first seen."""
    _, at, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(at), dtype=np.int64)
    rank[np.argsort(at, kind="stable")] = np.arange(len(at))
    return rank[inverse]


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Places sorted by bucket and kind; block *b* holds ``order[start[b] : start[b + 1]]``."""

    order: IntArray
    x: FloatArray
    y: FloatArray
    """Of the places in that order."""
    start: IntArray
    kind: IntArray
    """By block."""
    first: IntArray
    last: IntArray
    """By block, the runs of blocks in the rows of buckets round it. Shapes (blocks, rows)."""

    @property
    def arrays(self) -> tuple[FloatArray, FloatArray, IntArray, IntArray, IntArray]:
        """What a search among them reads."""
        return self.x, self.y, self.start, self.first, self.last

    @classmethod
    def of(cls, places: Lattice, kind: IntArray) -> _Blocks:
        side, around = (places.reach_m * BUCKET, 2) if places.reach_m else (1.0, 1)
        column, row = (np.floor(part / side).astype(np.int64) for part in (places.x, places.y))
        column, row = (part - part.min(initial=0) + around for part in (column, row))
        width = int(column.max(initial=0)) + 1 + around
        bucket = row * width + column
        order = np.lexsort((np.arange(len(kind)), kind, bucket))
        bucket, kind = bucket[order], kind[order]
        is_new = np.ones(len(order), dtype=np.bool_)
        is_new[1:] = (bucket[1:] != bucket[:-1]) | (kind[1:] != kind[:-1])
        begin = np.flatnonzero(is_new)
        held = bucket[begin]
        middle = held[:, None] + width * np.arange(-around, around + 1)
        return cls(
            order=order,
            x=np.ascontiguousarray(places.x[order], dtype=np.float64),
            y=np.ascontiguousarray(places.y[order], dtype=np.float64),
            start=np.append(begin, len(order)).astype(np.int64),
            kind=np.ascontiguousarray(kind[begin]),
            first=np.searchsorted(held, middle - around, "left").astype(np.int64),
            last=np.searchsorted(held, middle + around, "right").astype(np.int64),
        )

    def spread(self, by_block: IntArray) -> IntArray:
        """Return a value of each block for its places."""
        values = np.empty(len(self.order), dtype=np.int64)
        values[self.order] = np.repeat(by_block, np.diff(self.start))
        return values


@njit(cache=True, nogil=True)
def _is_touching(
    x: FloatArray, y: FloatArray, start: IntArray, block: int, other: int, reach_m: float
) -> bool:  # pragma: no cover - compiled
    """Whether any place of one block touches any of another."""
    for here in range(start[block], start[block + 1]):
        for there in range(start[other], start[other + 1]):
            dx, dy = x[there] - x[here], y[there] - y[here]
            if reach_m > 0.0:
                if dx * dx + dy * dy <= reach_m * reach_m:
                    return True
            elif abs(dx) <= 1.0 and abs(dy) <= 1.0:
                return True
    return False


@njit(cache=True, nogil=True)
def _find(root: IntArray, block: int) -> int:  # pragma: no cover - compiled
    while root[block] != block:
        root[block] = root[root[block]]
        block = root[block]
    return block


@njit(cache=True, nogil=True)
def _join(
    x: FloatArray, y: FloatArray, start: IntArray, first: IntArray, last: IntArray, kind: IntArray, reach_m: float,
    root: IntArray,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """Write the first block of each group into ``root``."""
    for block in range(len(root)):
        for run in range(first.shape[1]):
            for other in range(first[block, run], min(last[block, run], block)):
                if kind[other] != kind[block]:
                    continue
                mine, theirs = _find(root, block), _find(root, other)
                if mine != theirs and _is_touching(x, y, start, block, other, reach_m):
                    root[max(mine, theirs)] = min(mine, theirs)
    for block in range(len(root)):
        root[block] = _find(root, block)


@njit(cache=True, nogil=True)
def _largest_beside(
    x: FloatArray, y: FloatArray, start: IntArray, first: IntArray, last: IntArray, group: IntArray, reach_m: float,
    held: FloatArray, beside: IntArray,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """Write the largest group that each touches into ``beside``."""
    for block in range(len(group)):
        mine = group[block]
        for run in range(first.shape[1]):
            for other in range(first[block, run], last[block, run]):
                theirs, best = group[other], beside[mine]
                if theirs in (mine, best):
                    continue
                if best >= 0 and (held[theirs] < held[best] or (held[theirs] == held[best] and theirs > best)):
                    continue
                if _is_touching(x, y, start, block, other, reach_m):
                    beside[mine] = theirs
