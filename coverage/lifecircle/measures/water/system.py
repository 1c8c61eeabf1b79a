"""The nouns of a supply network: plants, their sources, the villages they serve, and the links between them."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray, TextArray

ROUNDING = 1e-9
"""Shares and balances closer than this (relative) are equal."""


def _no_text() -> TextArray:
    return np.zeros(0, dtype=object)


def _no_rows() -> IntArray:
    return np.zeros(0, dtype=np.int64)


def _no_numbers() -> FloatArray:
    return np.zeros(0, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Villages:
    """Who is to be supplied, in the order of every array by village."""

    id: TextArray
    name: TextArray

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class Plants:
    """Waterworks 水厂, those outside the district too: they are suppliers like any other."""

    id: TextArray
    name: TextArray
    tier: TextArray
    """县域网, 局域网 or 单村水厂; any other text is a tier that is not known."""
    capacity_m3d: FloatArray
    """What the works can treat in a day; NaN where not known."""
    is_inside: BoolArray

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Raw water 水源: reservoirs, desalination, and mains that bring it from elsewhere (引水)."""

    id: TextArray = field(default_factory=_no_text)
    name: TextArray = field(default_factory=_no_text)
    type: TextArray = field(default_factory=_no_text)
    plant: IntArray = field(default_factory=_no_rows)
    """Row of the plant it feeds; -1 where it feeds none."""
    capacity_m3d: FloatArray = field(default_factory=_no_numbers)
    """NaN where not known."""

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Mains that may carry treated water from one plant's network into another's when that one is short.

    They are used in the order listed, each from what its own plant does not need, and what a plant receives it does not pass on.
    """

    id: TextArray = field(default_factory=_no_text)
    name: TextArray = field(default_factory=_no_text)
    from_plant: IntArray = field(default_factory=_no_rows)
    to_plant: IntArray = field(default_factory=_no_rows)
    capacity_m3d: FloatArray = field(default_factory=_no_numbers)
    """NaN where not known: then no limit."""

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class SupplySystem:
    """A district's water: checked once, trusted after.

    Raises
    ------
    ValueError
        Arrays of unequal length, a row that does not exist, a negative capacity or share, a village served more than once over.
    """

    plants: Plants
    villages: Villages
    service: csr_array
    """Plants x villages: the share (0-1) of the village's people whom the plant serves. A column sums to at most 1."""
    sources: Sources = field(default_factory=Sources)
    links: Links = field(default_factory=Links)

    def __post_init__(self) -> None:
        faults = [*_table_faults(self), *_row_faults(self), *_service_faults(self)]
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def served_share(self) -> FloatArray:
        """Share (0-1) of each village's people who are on some plant. Shape (villages,)."""
        return np.minimum(np.asarray(self.service.sum(axis=0), dtype=np.float64).ravel(), 1.0)


def rows_of(values: Sequence[object] | TextArray, known: Sequence[str] | TextArray) -> IntArray:
    """Return the row of each value (stripped, as text) among ``known``; -1 where it is not there or there more than once."""
    row: dict[str, int] = {}
    for position, name in enumerate(str(name).strip() for name in known):
        row[name] = -1 if name in row else position
    return np.array([row.get(str(value).strip(), -1) for value in values], dtype=np.int64)


def _table_faults(system: SupplySystem) -> list[str]:
    plants, sources, links, villages = system.plants, system.sources, system.links, system.villages
    columns: dict[str, list[Sized]] = {
        "plants": [plants.id, plants.name, plants.tier, plants.capacity_m3d, plants.is_inside],
        "sources": [sources.id, sources.name, sources.type, sources.plant, sources.capacity_m3d],
        "links": [links.id, links.name, links.from_plant, links.to_plant, links.capacity_m3d],
        "villages": [villages.id, villages.name],
    }
    capacities = {"plants": plants.capacity_m3d, "sources": sources.capacity_m3d, "links": links.capacity_m3d}
    return [
        *(
            f"{name}: 各列长短不一 columns differ in length"
            for name, parts in columns.items()
            if len({len(part) for part in parts}) > 1
        ),
        *(f"{name}: 能力为负 a capacity is below 0" for name, capacity in capacities.items() if (capacity < 0).any()),
    ]


def _row_faults(system: SupplySystem) -> list[str]:
    n = len(system.plants)
    links = system.links
    rows = {
        "sources.plant": (system.sources.plant, -1),
        "links.from_plant": (links.from_plant, 0),
        "links.to_plant": (links.to_plant, 0),
    }
    return [
        f"{name}: 水厂行号须在 {least} 至 {n - 1} 之间 plant rows must be from {least} to {n - 1}"
        for name, (row, least) in rows.items()
        if ((row < least) | (row >= n)).any()
    ]


def _service_faults(system: SupplySystem) -> list[str]:
    expected = (len(system.plants), len(system.villages))
    if system.service.shape != expected:
        return [f"service: 形状 {system.service.shape}，应为 expected {expected}"]
    share = system.service.data
    if not np.isfinite(share).all() or (share < 0).any():
        return ["service: 份额须为不小于 0 的数 shares must be numbers of at least 0"]
    total = np.asarray(system.service.sum(axis=0)).ravel()
    over = np.flatnonzero(total > 1 + ROUNDING)
    return [f"service: 村 village {system.villages.id[v]} 供水份额合计 shares sum to {total[v]:g} > 1" for v in over]
