"""5,137 places in San Francisco that are demand and candidates at once: as good as the best choice published, or better."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.spatial import cKDTree

from lifecircle.model import FloatArray
from lifecircle.planning.sites import maximal_covering
from lifecircle.verification.case import Figure, case

RADIUS_M, EARTH_M = 600.0, 6_378_100.0
TIME_LIMIT_S = 60.0
"""At most, for each of the two questions, which no solver is known to prove; it ends where the best known is reached, with the bound of
that moment."""
BEST_KNOWN = {50: 617_592, 60: 683_139}


def _read(path: Path) -> tuple[csr_array, FloatArray]:
    """Return who covers whom, by great-circle distance, and the weight of each place."""
    lines = path.read_text("ascii").splitlines()
    start, end = lines.index("NODE_COORD_SECTION") + 1, lines.index("DEMAND_SECTION")
    lat, lon = np.radians(np.array([line.split() for line in lines[start:end]], dtype=np.float64)).T
    count = end - start
    weight = np.array(lines[end + 1 : end + 1 + count], dtype=np.float64)
    # The chord of an arc on the unit sphere: 2 sin(arc / 2).
    places = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    tree = cKDTree(places)
    pairs = tree.query_pairs(2 * np.sin(RADIUS_M / EARTH_M / 2), output_type="ndarray")
    here = np.arange(count)
    row = np.concatenate([pairs[:, 0], pairs[:, 1], here])
    column = np.concatenate([pairs[:, 1], pairs[:, 0], here])
    return coo_array((np.ones(len(row)), (row, column)), shape=(count, count)).tocsr(), weight


def _published(path: Path) -> tuple[float, list[int]]:
    value, rows = (line.split(":")[1] for line in path.read_text("ascii").splitlines()[:2])
    return float(value), [int(row) for row in rows.split()]


@case(
    "mclp-san-francisco",
    zh="旧金山最大覆盖：不逊于已知最优",
    en="San Francisco MCLP: as good as the best known",
    source="mclp_sf: best known values and choices, p = 50 and 60, 600 m; 60 s at most for each",
    unit="",
    tolerance=1e-9,
    oracle="mclp_sf",
)
def best_known(oracle: Path) -> Iterator[Figure]:
    """Yield the value of the published choice, how much less ours covers (0: none), and the bound and gap beside it."""
    covers, weight = _read(oracle / "SanFrancisco.txt")
    for count, best in BEST_KNOWN.items():
        value, rows = _published(oracle / f"SanFrancisco_{count}_600.txt")
        at_theirs = np.zeros(len(weight))
        at_theirs[rows] = 1.0
        yield f"p = {count}: 所发表 as published", best, value
        yield f"p = {count}: 其选址复算 their choice, recomputed", value, weight[covers.T @ at_theirs > 0].sum()
        found = maximal_covering(covers, weight, count, enough=value, time_limit_s=TIME_LIMIT_S)
        label = f"p = {count}: 少于 less by ({found.objective:,.0f}, 上界 bound {found.bound:,.0f}, {found.gap:.2%})"
        yield label, 0.0, max(0.0, value - found.objective)
