"""The first ten p-median instances of the OR-Library, whose optima are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from lifecircle.model import FloatArray
from lifecircle.planning.sites import p_median
from lifecircle.verification.case import Figure, case

OPTIMA = (5819, 4093, 4250, 3034, 1355, 7824, 5631, 4445, 2734, 1255)


def _read(path: Path) -> tuple[FloatArray, int]:
    """Return all shortest paths and the number of medians; of an edge given twice the last counts."""
    head, *rows = (line.split() for line in path.read_text("ascii").splitlines() if line.strip())
    nodes, _, medians = (int(value) for value in head)
    edges: dict[tuple[int, int], float] = {}
    for one, other, length in rows:
        a, b = int(one) - 1, int(other) - 1
        edges[min(a, b), max(a, b)] = float(length)
    ends = np.array(list(edges))
    graph = coo_array((np.array(list(edges.values())), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes)).tocsr()
    return np.asarray(shortest_path(graph, directed=False)), medians


@case(
    "p-median",
    zh="OR-Library：p-中位，十例最优值",
    en="OR-Library: p-median, ten optima",
    source="pmed, Beasley 1985; the optima are published with the instances",
    unit="",
    tolerance=1e-9,
    oracle="pmed",
)
def ten_optima(oracle: Path) -> Iterator[Figure]:
    """Yield the least cost of each instance, and the gap to its proof."""
    worst_gap = 0.0
    for number, optimum in enumerate(OPTIMA, start=1):
        distance, medians = _read(oracle / f"pmed{number}.txt")
        found = p_median(distance, np.ones(len(distance)), medians)
        worst_gap = max(worst_gap, found.gap)
        yield f"pmed{number}: {len(distance)} 点 nodes, p = {medians}", optimum, found.objective
    yield "最大证明差距 greatest gap to the proof", 0.0, worst_gap
