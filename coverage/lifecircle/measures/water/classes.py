"""People by the class of the works they are on: by tier (县域网, 局域网, 单村水厂) and by scale (I-V)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from lifecircle.measures.coverage import share_pct
from lifecircle.measures.water.system import SupplySystem, rows_of
from lifecircle.model import FloatArray, IntArray

TIERS = ("县域网", "局域网", "单村水厂")
"""The three tiers of 三级供水网, from the widest."""
TIER_COLUMNS = (*TIERS, "层级不明", "未覆盖")

SCALE_M3D = (10_000.0, 5_000.0, 1_000.0, 100.0, 10.0)
"""Least m3/d of classes I to V of 农村供水工程 (mandatory text on rural water supply works)."""
SCALE_COLUMNS = ("I", "II", "III", "IV", "V", "不足V", "能力不明", "未覆盖")
BELOW_V, SCALE_UNKNOWN = 5, 6
"""Classes, as columns of :data:`SCALE_COLUMNS`."""


def people_served(system: SupplySystem, people: FloatArray) -> csr_array:
    """Return the people of each village on each plant: ``S[p, v] * people[v]``. Plants x villages."""
    service = system.service
    return csr_array((service.data * people[service.indices], service.indices, service.indptr), shape=service.shape)


def people_by_class(system: SupplySystem, people: FloatArray, plant_class: IntArray, n_classes: int) -> FloatArray:
    """Return the people of each village by the class of the plant they are on, and last those on none.

    Parameters
    ----------
    plant_class
        Of each plant, from 0 to ``n_classes`` - 1.

    Returns
    -------
    FloatArray
        Shape (villages, n_classes + 1); a row sums to the village's people.
    """
    n = len(system.plants)
    is_of = csr_array((np.ones(n), (np.arange(n), plant_class)), shape=(n, n_classes))
    served = (people_served(system, people).T @ is_of).toarray()
    return np.column_stack([served, np.maximum(people - served.sum(axis=1), 0.0)])


def people_by_tier(system: SupplySystem, people: FloatArray) -> FloatArray:
    """Return the people of each village by tier of supply, in the order of :data:`TIER_COLUMNS`.

    Shape (villages, 5); a row sums to the village's people. 层级不明 are those on a plant whose tier is none of the three.
    """
    tier = rows_of(system.plants.tier, TIERS)
    return people_by_class(system, people, np.where(tier < 0, len(TIERS), tier), len(TIERS) + 1)


def scale_classes(capacity_m3d: FloatArray) -> IntArray:
    """Return the scale class of works by what they can treat: 0-4 for I-V, 5 for less than V, 6 where not known.

    The lower bound belongs to the class: 10,000 m3/d is I, 1,000 is III.
    """
    bounds = np.array(SCALE_M3D[::-1])
    found = BELOW_V - np.searchsorted(bounds, capacity_m3d, side="right")
    return np.where(np.isnan(capacity_m3d), SCALE_UNKNOWN, found).astype(np.int64)


def people_by_scale(system: SupplySystem, people: FloatArray) -> FloatArray:
    """Return the people of each village by the scale of works they are on, in the order of :data:`SCALE_COLUMNS`.

    Shape (villages, 8); a row sums to the village's people. Give rural people alone where the clause is about them.
    """
    return people_by_class(system, people, scale_classes(system.plants.capacity_m3d), SCALE_UNKNOWN + 1)


def people_on_large_works(by_scale: FloatArray, smallest: str = "III") -> FloatArray:
    """Return the people on works of a class and above (规模化供水工程: III and above, 1,000 m3/d). Shape (villages,)."""
    return np.asarray(by_scale[:, : SCALE_COLUMNS.index(smallest) + 1].sum(axis=1), dtype=np.float64)


def class_pct(by_class: FloatArray) -> FloatArray:
    """Return each class as a percentage of everyone in its row; NaN where there is no one.

    Sum the rows of a unit's villages first: percentages are never averaged.
    """
    return share_pct(by_class, by_class.sum(axis=1, keepdims=True))


def people_of_same_quality(
    system: SupplySystem,
    people: FloatArray,
    pass_rate: FloatArray,
    least_pass_rate: float,
    tiers: Sequence[str] = TIERS[:1],
) -> FloatArray:
    """Return the people on same-quality water (同质饮水): on one of the tiers, from a plant that passes often enough.

    Parameters
    ----------
    pass_rate
        Of each plant's samples, 0-1; NaN where none was taken, and then its people do not count.
    least_pass_rate
        0-1; a rate equal to it passes.
    tiers
        Those counted as the same quality.

    Returns
    -------
    FloatArray
        Shape (villages,).
    """
    is_same = (rows_of(system.plants.tier, tuple(tiers)) >= 0) & (pass_rate >= least_pass_rate)
    return people_by_class(system, people, np.where(is_same, 0, 1), 2)[:, 0]
