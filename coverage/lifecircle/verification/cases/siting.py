"""Siting: San Francisco's maximal covering and set covering as spopt has them, and the OR-Library's p-medians."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import cKDTree

from lifecircle.model import FloatArray
from lifecircle.siting import maximal_covering, p_median
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


OPTIMA = (5819, 4093, 4250, 3034, 1355, 7824, 5631, 4445, 2734, 1255)


def _read_instance(path: Path) -> tuple[FloatArray, int]:
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
        distance, medians = _read_instance(oracle / f"pmed{number}.txt")
        found = p_median(distance, np.ones(len(distance)), medians)
        worst_gap = max(worst_gap, found.gap)
        yield f"pmed{number}: {len(distance)} 点 nodes, p = {medians}", optimum, found.objective
    yield "最大证明差距 greatest gap to the proof", 0.0, worst_gap


LIMIT_M = 5_000.0
STORES = 4


@case(
    "maximal-covering",
    zh="旧金山商店：5 公里内，4 处",
    en="San Francisco stores: 4 within 5 km",
    source="spopt_sf: spopt's MCLP on ArcGIS network distances; its 89.756 % counts tracts, not people",
    unit="人 people",
    tolerance=1e-9,
    oracle="spopt_sf",
)
def four_stores(oracle: Path) -> Iterator[Figure]:
    """Yield the people and tracts that the best four stores cover, and the proof."""
    pairs = pd.read_csv(oracle / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    metres = pairs.pivot_table(index="name", columns="DestinationName", values="distance")
    people = pairs.groupby("DestinationName")["demand"].first().loc[metres.columns].to_numpy(np.float64)
    found = maximal_covering(metres.to_numpy() <= LIMIT_M, people, STORES)
    yield "所有人口 all people", 955_113, people.sum()
    yield "覆盖人口 people covered", 875_247, found.objective
    yield "未覆盖普查区 tracts not covered", 21, float((~found.covered).sum())
    yield "上界 bound", 875_247, found.bound
