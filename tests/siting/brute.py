"""Every answer by trying every subset, written from the definitions and from nothing of the package."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np


def subsets(rows: list[int], most: int) -> Iterator[tuple[int, ...]]:
    for size in range(min(most, len(rows)) + 1):
        yield from combinations(rows, size)


def open_rows(covers: np.ndarray, locked: list[int], excluded: list[int]) -> list[int]:
    return [row for row in range(len(covers)) if row not in locked and row not in excluded]


def best_covering(
    covers: np.ndarray,
    people: np.ndarray,
    count: int,
    *,
    locked: list[int] = [],  # noqa: B006
    excluded: list[int] = [],  # noqa: B006
    allowed: Callable[[tuple[int, ...], np.ndarray], bool] = lambda _, __: True,
    times: int = 1,
) -> float:
    """Return the most people covered so many times; NaN where no subset is allowed."""
    best = math.nan
    for chosen in subsets(open_rows(covers, locked, excluded), count):
        covered = covers[[*locked, *chosen]].sum(axis=0) >= times
        if allowed(chosen, covered) and not people[covered].sum() <= best:
            best = float(people[covered].sum())
    return best


def least_price(covers: np.ndarray, people: np.ndarray, share: float, price: np.ndarray, locked: list[int]) -> float:
    """Return the least price of rows that cover a share of all; NaN where none do."""
    best = math.nan
    for chosen in subsets(open_rows(covers, locked, []), len(covers)):
        covered = covers[[*locked, *chosen]].sum(axis=0) >= 1
        cost = sum(price[row] for row in chosen)
        if people[covered].sum() >= share * people.sum() - 1e-9 and not cost >= best:
            best = float(cost)
    return best


def served_by(covers: np.ndarray, people: np.ndarray, capacity: np.ndarray, rows: list[int]) -> float:
    """Return the people who find a place: by the cut theorem, the least over sets of cells of (people outside + places they reach)."""
    best = math.inf
    cells = range(len(people))
    for size in range(len(people) + 1):
        for inside in combinations(cells, size):
            places = sum(capacity[row] for row in rows if any(covers[row, cell] for cell in inside))
            best = min(best, people.sum() - sum(people[cell] for cell in inside) + places)
    return float(best)


def total_cost(cost: np.ndarray, people: np.ndarray, rows: list[int], unreached: float | None) -> float:
    """Return people times the least cost over rows; inf where somebody whom anything reaches is not reached, unless that has a price."""
    asked = (people > 0) & np.isfinite(cost).any(axis=0)
    nearest = cost[rows].min(axis=0) if rows else np.full(cost.shape[1], np.inf)
    if unreached is not None:
        nearest = np.minimum(nearest, unreached)
    return float((people[asked] * nearest[asked]).sum())
