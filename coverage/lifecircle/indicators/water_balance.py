"""Demand against supply, plant by plant: what is needed, what can be given, and who goes short.

Demand of a plant is ``S @ demand_m3d``. What it can give is the least of what it can treat and what its sources yield. A source or plant of
unknown capacity sets no limit, and what rests on it is marked as not known. A plant that is short receives from its links, in the order
listed, what their plants do not need themselves. What is still short is rationed in proportion: every village on the plant
goes without the same share of its demand.

Each step lowers a surplus or a shortage by the least of the two and the link's limit, so a greater demand, or a smaller capacity of a
source or plant, never makes anyone's shortage smaller. A lost link may: what it would have taken is left for those listed after it.


Losses (N-1): lose one source, plant or link, or a named set of them at once, and see who goes short. People *affected* are those on a plant
that falls short. People *unmet* are how many persons' full demand is missing: with rationing in proportion, ``S[p, v] people[v] unmet[p]``.
People *dry* are on a plant that has no water at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from lifecircle.indicators.figures import mean_of
from lifecircle.indicators.water_system import ROUNDING, SupplySystem, rows_of_ids
from lifecircle.model import BoolArray, FloatArray, IntArray, TextArray

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


LossKind = Literal["none", "source", "plant", "link", "set"]

VILLAGE_COLUMNS = ["lost_kind", "lost_id", "lost_name", "season_factor", "plant_id", "plant_name", "village_id", "village_name",
    "people_affected", "people_unmet", "people_unmet_before", "is_dry"]  # fmt: skip
PLANT_COLUMNS = ["lost_kind", "lost_id", "lost_name", "season_factor", "plant_id", "plant_name", "demand_m3d", "capacity_before_m3d",
    "capacity_m3d", "received_m3d", "shortage_m3d", "ratio", "is_short", "is_short_before", "is_known"]  # fmt: skip
SUM_COLUMNS = ["lost_kind", "lost_id", "lost_name", "season_factor", "capacity_lost_m3d", "plants_short", "villages_affected",
    "people_affected", "people_unmet", "people_dry", "people_affected_before", "people_unmet_before",
    "people_worse_off"]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """What is lost at once, under the name it is asked for by."""

    kind: LossKind
    id: str
    name: str
    lost: Lost


@dataclass(frozen=True, slots=True, eq=False)
class LossTables:
    """What losses do; rows in the order of the losses, then of the seasons, then of plants and villages."""

    sums: pd.DataFrame
    """One row a loss and season. ``capacity_lost_m3d`` is what plants can give less of: NaN where that is not known. ``people_worse_off``
    are those on a plant whose unmet share has grown: the loss's own doing, where ``people_affected`` has the season's in it too."""
    plants: pd.DataFrame
    """One row a plant that gives less, receives or is short. NaN capacity where no limit is known."""
    villages: pd.DataFrame
    """One row a plant that is short and a village on it; ``people_unmet_before`` is what was missing with nothing lost."""


def no_loss(system: SupplySystem) -> Loss:
    """Return the loss of nothing: the season alone."""
    return Loss("none", "", "", nothing_lost(system))


def single_losses(system: SupplySystem, kinds: Sequence[LossKind] = ("source", "plant", "link")) -> tuple[Loss, ...]:
    """Return every loss of one source, then of one plant, then of one link, in the order of their tables."""
    tables: dict[LossKind, tuple[TextArray, TextArray]] = {
        "source": (system.sources.id, system.sources.name),
        "plant": (system.plants.id, system.plants.name),
        "link": (system.links.id, system.links.name),
    }
    return tuple(
        Loss(kind, str(ids[row]), str(names[row]), _lose_rows(system, {kind: np.array([row])}))
        for kind in kinds
        for ids, names in [tables[kind]]
        for row in range(len(ids))
    )


def named_loss(
    system: SupplySystem,
    loss_id: str,
    name: str,
    *,
    sources: Sequence[str] = (),
    plants: Sequence[str] = (),
    links: Sequence[str] = (),
) -> Loss:
    """Return the loss of several things at once: a main that feeds two plants, a drought of all reservoirs.

    Raises
    ------
    ValueError
        An id that is not in its table, or in it twice.
    """
    rows: dict[LossKind, IntArray] = {
        "source": rows_of_ids(sources, system.sources.id),
        "plant": rows_of_ids(plants, system.plants.id),
        "link": rows_of_ids(links, system.links.id),
    }
    asked = [*sources, *plants, *links]
    unknown = [asked[i] for i in np.flatnonzero(np.concatenate(list(rows.values())) < 0)]
    if unknown:
        raise ValueError(f"{loss_id} | 没有或不止一个 not there, or more than once: {', '.join(unknown)}")
    return Loss("set", loss_id, name, _lose_rows(system, rows))


def lose(
    system: SupplySystem,
    people: FloatArray,
    demands: Mapping[float, FloatArray],
    losses: Sequence[Loss] | None = None,
) -> LossTables:
    """Return what each loss does in each season.

    Parameters
    ----------
    people
        Of each village.
    demands
        Season factor to each village's demand, m3/d.
    losses
        Nothing and then each single thing, where not given.
    """
    asked = (no_loss(system), *single_losses(system)) if losses is None else tuple(losses)
    before = {season: balance(system, demand) for season, demand in demands.items()}
    sums, plants, villages = [], [], []
    for loss in asked:
        for season, demand in demands.items():
            case = _Case(loss, season, before[season], balance(system, demand, loss.lost))
            rows = _village_rows(system, people, case)
            villages.append(rows)
            plants.append(_plant_rows(system, case))
            sums.append(_sum_row(system, people, case, rows))
    return LossTables(_stack(sums, SUM_COLUMNS), _stack(plants, PLANT_COLUMNS), _stack(villages, VILLAGE_COLUMNS))


@dataclass(frozen=True, slots=True, eq=False)
class BackupCover:
    """People by whether they keep full supply whatever single source is lost (备用水源覆盖); by village, summing to everyone."""

    kept: FloatArray
    lost: FloatArray
    """Short after the loss of some source, or already."""
    unknown: FloatArray
    """On a plant whose sources, or whose capacity without one of them, are not known."""
    unserved: FloatArray


def backup_cover(
    system: SupplySystem, people: FloatArray, demand_m3d: FloatArray, losses: Sequence[Loss] | None = None
) -> BackupCover:
    """Return the people with a backup: those whose plant is short in no loss of a single source, links helping.

    A village that two plants share is backed up by neither for the other, unless a link says so.

    Parameters
    ----------
    losses
        Every single source, where not given.
    """
    single = single_losses(system, ("source",)) if losses is None else losses
    n = len(system.plants)
    fed = system.sources.plant[system.sources.plant >= 0]
    is_short, is_known = np.zeros(n, dtype=np.bool_), np.bincount(fed, minlength=n) > 0
    for loss in (no_loss(system), *single):
        found = balance(system, demand_m3d, loss.lost)
        is_short |= found.is_short
        is_known &= found.is_known
    states = (~is_short & is_known, is_short, ~is_short & ~is_known)
    kept, lost, unknown = (np.asarray(system.service.T @ state.astype(np.float64)) * people for state in states)
    return BackupCover(kept, lost, unknown, (1 - system.served_share) * people)


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    loss: Loss
    season: float
    before: Balance
    after: Balance

    @property
    def columns(self) -> dict[str, object]:
        loss = self.loss
        return {"lost_kind": loss.kind, "lost_id": loss.id, "lost_name": loss.name, "season_factor": float(self.season)}


def _lose_rows(system: SupplySystem, rows: Mapping[LossKind, IntArray]) -> Lost:
    whole = nothing_lost(system)

    def without(kind: LossKind, whole_rows: BoolArray) -> BoolArray:
        is_lost = whole_rows.copy()
        is_lost[rows.get(kind, np.zeros(0, dtype=np.int64))] = True
        return is_lost

    return Lost(without("source", whole.sources), without("plant", whole.plants), without("link", whole.links))


def _village_rows(system: SupplySystem, people: FloatArray, case: _Case) -> pd.DataFrame:
    pairs = system.service.tocoo()
    plant, village = pairs.coords
    served = pairs.data * people[village]
    row = np.flatnonzero(case.after.is_short[plant] & (served > 0))
    row = row[np.lexsort((village[row], plant[row]))]
    plant, village, served = plant[row], village[row], served[row]
    return pd.DataFrame(
        {
            **{name: [value] * len(row) for name, value in case.columns.items()},
            "plant_id": system.plants.id[plant],
            "plant_name": system.plants.name[plant],
            "village_id": system.villages.id[village],
            "village_name": system.villages.name[village],
            "people_affected": served,
            "people_unmet": served * case.after.unmet_share[plant],
            "people_unmet_before": served * case.before.unmet_share[plant],
            "is_dry": case.after.is_dry[plant],
        }
    )


def _plant_rows(system: SupplySystem, case: _Case) -> pd.DataFrame:
    before, after = case.before, case.after
    is_told = (after.capacity_m3d < before.capacity_m3d) | after.is_short | (after.received_m3d > 0)
    row = np.flatnonzero(is_told)
    return pd.DataFrame(
        {
            **{name: [value] * len(row) for name, value in case.columns.items()},
            "plant_id": system.plants.id[row],
            "plant_name": system.plants.name[row],
            "demand_m3d": after.demand_m3d[row],
            "capacity_before_m3d": _known(before.capacity_m3d[row]),
            "capacity_m3d": _known(after.capacity_m3d[row]),
            "received_m3d": after.received_m3d[row],
            "shortage_m3d": after.shortage_m3d[row],
            "ratio": after.ratio[row],
            "is_short": after.is_short[row],
            "is_short_before": before.is_short[row],
            "is_known": after.is_known[row],
        }
    )


def _sum_row(system: SupplySystem, people: FloatArray, case: _Case, rows: pd.DataFrame) -> pd.DataFrame:
    before, after = case.before, case.after
    served = np.asarray(system.service @ people, dtype=np.float64)
    falls = after.capacity_m3d < before.capacity_m3d
    lost = _known(before.capacity_m3d[falls]) - _known(after.capacity_m3d[falls])
    is_worse = after.unmet_share > before.unmet_share + ROUNDING
    return pd.DataFrame(
        {
            **{name: [value] for name, value in case.columns.items()},
            "capacity_lost_m3d": [float(lost.sum())],
            "plants_short": [int(after.is_short.sum())],
            "villages_affected": [int(rows["village_id"].nunique())],
            "people_affected": [float(served[after.is_short].sum())],
            "people_unmet": [float((served * after.unmet_share).sum())],
            "people_dry": [float(served[after.is_dry].sum())],
            "people_affected_before": [float(served[before.is_short].sum())],
            "people_unmet_before": [float((served * before.unmet_share).sum())],
            "people_worse_off": [float(served[is_worse].sum())],
        }
    )


def _known(capacity_m3d: FloatArray) -> FloatArray:
    return np.where(np.isfinite(capacity_m3d), capacity_m3d, np.nan)


def _stack(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=columns)
