"""Demand against supply, plant by plant: what is needed, what can be given, and who goes short.

Demand of a plant is ``S @ demand_m3d``. What it can give is the least of what it can treat and what its sources yield. A source or plant of
unknown capacity sets no limit, and what rests on it is marked as not known. A plant that is short receives from its links, in the order
listed, what their plants do not need themselves. What is still short is rationed in proportion: every village on the plant
goes without the same share of its demand.

Each step lowers a surplus or a shortage by the least of the two and the link's limit, so a greater demand, or a smaller capacity of a
source or plant, never makes anyone's shortage smaller. A lost link may: what it would have taken is left for those listed after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecircle.measures.coverage import mean_of
from lifecircle.measures.water.system import ROUNDING, SupplySystem
from lifecircle.model import BoolArray, FloatArray

L_PER_M3 = 1000.0


def demand_m3d(
    people: FloatArray,
    quota_l: float | FloatArray,
    season_factor: float | FloatArray = 1.0,
    visitors: float | FloatArray = 0.0,
    visitor_quota_l: float | FloatArray = 0.0,
) -> FloatArray:
    """Return each village's demand in a day: ``(people x quota x season_factor + visitors x visitor_quota) / 1000``, m3.

    Parameters
    ----------
    quota_l
        Litres per person and day; one number or one of each village, as are the others.
    season_factor
        On the residents' demand; visitors are those of the season already.
    """
    litres = people * quota_l * season_factor + np.asarray(visitors) * visitor_quota_l
    return np.asarray(litres / L_PER_M3, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """What is out of use, by row: True is lost."""

    sources: BoolArray
    plants: BoolArray
    links: BoolArray


def nothing_lost(system: SupplySystem) -> Lost:
    """Return a system whole."""
    sizes = (len(system.sources), len(system.plants), len(system.links))
    return Lost(*(np.zeros(size, dtype=np.bool_) for size in sizes))


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """Demand and supply of each plant's network, m3/d. Shape (plants,)."""

    demand_m3d: FloatArray
    capacity_m3d: FloatArray
    """Of its own; inf where no limit is known."""
    received_m3d: FloatArray
    given_m3d: FloatArray
    shortage_m3d: FloatArray
    is_known: BoolArray
    """False where it is enough only as far as is known: its own capacity, or that of a plant or link that helped, is not."""

    @property
    def is_short(self) -> BoolArray:
        """Whether anyone on it goes without."""
        return self.shortage_m3d > 0

    @property
    def unmet_share(self) -> FloatArray:
        """Share (0-1) of its demand that is not met; 0 where nothing is asked of it."""
        return np.divide(self.shortage_m3d, self.demand_m3d, out=np.zeros_like(self.demand_m3d), where=self.is_short)

    @property
    def is_dry(self) -> BoolArray:
        """Whether it has no water at all for those it serves."""
        return self.unmet_share >= 1 - ROUNDING

    @property
    def ratio(self) -> FloatArray:
        """Capacity of its own / demand; NaN where nothing is asked of it, or no limit is known."""
        return mean_of(np.where(np.isfinite(self.capacity_m3d), self.capacity_m3d, np.nan), self.demand_m3d)


def usable_capacity_m3d(system: SupplySystem, lost: Lost | None = None) -> FloatArray:
    """Return what each plant can give in a day: ``min(what it treats, sum of what its sources yield)``.

    What is not known (a capacity, or which sources a plant has) sets no limit; inf where nothing does. A plant that had sources and
    lost them all gives nothing, and so does a lost plant.
    """
    lost = lost or nothing_lost(system)
    sources, n = system.sources, len(system.plants)
    feeds = sources.plant >= 0
    has_sources = np.bincount(sources.plant[feeds], minlength=n) > 0
    runs = feeds & ~lost.sources
    yields = np.bincount(sources.plant[runs], weights=_no_limit(sources.capacity_m3d[runs]), minlength=n)
    water = np.where(has_sources, yields, np.inf)
    return np.where(lost.plants, 0.0, np.minimum(_no_limit(system.plants.capacity_m3d), water))


def balance(system: SupplySystem, village_demand_m3d: FloatArray, lost: Lost | None = None) -> Balance:
    """Return each plant's demand, supply and shortage.

    A lost plant's network still stands, and may receive through its links; a lost plant gives nothing.

    Parameters
    ----------
    village_demand_m3d
        Of each village, as :func:`demand_m3d` gives it.
    """
    lost = lost or nothing_lost(system)
    demand = np.asarray(system.service @ village_demand_m3d, dtype=np.float64)
    capacity = usable_capacity_m3d(system, lost)
    shortage = _round_off(demand - capacity, demand)
    surplus = np.maximum(capacity - demand, 0.0)
    received, given = np.zeros_like(demand), np.zeros_like(demand)
    is_known = np.isfinite(capacity)
    limit = _no_limit(system.links.capacity_m3d)
    for link in np.flatnonzero(~lost.links):
        source, target = system.links.from_plant[link], system.links.to_plant[link]
        flow = min(surplus[source], shortage[target], limit[link])
        if flow <= 0:
            continue
        is_known[target] &= bool(np.isfinite(capacity[source]) and np.isfinite(limit[link]))
        surplus[source] -= flow
        given[source] += flow
        shortage[target] -= flow
        received[target] += flow
    return Balance(demand, capacity, received, given, _round_off(shortage, demand), is_known)


def litres_per_person(
    system: SupplySystem, people: FloatArray, balanced: Balance, village_demand_m3d: FloatArray
) -> FloatArray:
    """Return the litres a day that reach each person of a village who is on a plant; NaN where nobody is.

    ``1000 x sum_p S[p, v] demand[v] (1 - unmet[p]) / sum_p S[p, v] people[v]``
    """
    met = np.asarray(system.service.T @ (1 - balanced.unmet_share), dtype=np.float64)
    return mean_of(L_PER_M3 * met * village_demand_m3d, system.served_share * people)


def _no_limit(capacity_m3d: FloatArray) -> FloatArray:
    return np.where(np.isnan(capacity_m3d), np.inf, capacity_m3d)


def _round_off(shortage: FloatArray, demand: FloatArray) -> FloatArray:
    """Return shortages, without those that are only the rounding of sums."""
    return np.where(shortage > ROUNDING * demand, shortage, 0.0)
