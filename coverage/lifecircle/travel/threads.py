"""Work on slices of arrays with every core; the kernels release the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
SMALLEST_SLICE = 2_000
"""Below this a thread costs more than it brings."""
SLICES_A_WORKER = 2
"""One slice may hold the town and another the hills, and a core may have other work: the next slice goes to whoever is free."""


def count_workers() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_slices(function: Callable[[int, int], Result], count: int, smallest: int = SMALLEST_SLICE) -> list[Result]:
    """Return ``function(first, last)`` over consecutive slices of ``range(count)``, in order."""
    workers = max(1, min(count_workers(), count // max(smallest, 1)))
    if workers == 1:
        return [function(0, count)]
    slices = min(SLICES_A_WORKER * workers, count // max(smallest, 1))
    bounds = [count * part // slices for part in range(slices + 1)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, bounds[:-1], bounds[1:]))
