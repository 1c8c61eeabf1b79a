"""The nouns of a supply network (plants, their sources, the villages they serve, the links between them), and who is served.

Who is served comes from service areas, from pipes, or from a plant's own list of villages, by code or by name, however it is punctuated.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from lifecircle.model import BoolArray, FloatArray, IntArray, TextArray

MARKS = re.compile(r"[;；、,，|\n\r\t]+")
SUFFIX = re.compile(r"(行政村|社区居委会|居委会|社区|村委会|村)$")
"""What lists leave off or put on: 鹿西 for 鹿西村."""


class UnitNames:
    """Codes and names of the units of a level, to look entries of lists up in."""

    def __init__(self, codes: Iterable[object], names: Iterable[object]) -> None:
        self._codes: dict[str, list[int]] = defaultdict(list)
        self._names: dict[str, list[int]] = defaultdict(list)
        self._short: dict[str, list[int]] = defaultdict(list)
        for row, (code, name) in enumerate(zip(codes, names, strict=True)):
            plain = str(name).strip()
            self._codes[str(code).strip()].append(row)
            self._names[plain].append(row)
            self._short[without_suffix(plain)].append(row)

    def find(self, entry: str) -> list[int]:
        """Return the rows of the units an entry may mean: of its code, else its name, else its name but for 村, 社区 and the like."""
        return self._codes.get(entry) or self._names.get(entry) or self._short.get(without_suffix(entry)) or []

    def split(self, text: object) -> list[str]:
        """Return the entries of a list: between them stand ; ； 、 , ， | or white space; a name with spaces of its own is one entry."""
        if not isinstance(text, str):
            return []
        entries: list[str] = []
        for part in (part.strip() for part in MARKS.split(text)):
            entries.extend([part] if part and self.find(part) else part.split())
        return entries


def without_suffix(name: str) -> str:
    """Return a name without 村, 社区 and the like at its end; a name that is nothing else stays."""
    return SUFFIX.sub("", name) or name


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


def rows_of_ids(values: Sequence[object] | TextArray, known: Sequence[str] | TextArray) -> IntArray:
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


def service_from_areas(overlap: csr_array, membership: csr_array, people: FloatArray) -> csr_array:
    """Return who is served from the plants' service areas: ``S[p, v] = sum_c O[p, c] F[v, c] people[c] / sum_c F[v, c] people[c]``.

    Within a cell, people are taken to be spread evenly, and areas and units to lie across each other. Where areas overlap so that a
    cell is served more than once over, they share it in proportion. A village without people is shared by area.

    Parameters
    ----------
    overlap
        Plants x cells: the fraction (0-1) of the cell in the plant's area.
    membership
        Villages x cells: the fraction of the cell in the village.
    people
        Of each cell.

    Returns
    -------
    csr_array
        Plants x villages. A village that no cell lies in is served by none.
    """
    served = np.asarray(overlap.sum(axis=0), dtype=np.float64).ravel()
    shares = _scale_columns(overlap, 1.0 / np.maximum(served, 1.0))
    village_people = np.asarray(membership @ people, dtype=np.float64)
    village_cells = np.asarray(membership.sum(axis=1), dtype=np.float64).ravel()
    has_people = village_people > 0
    by_people = _scale_columns(shares, people) @ membership.T
    by_area = shares @ membership.T
    people_weight = np.divide(1.0, village_people, out=np.zeros_like(village_people), where=has_people)
    area_weight = np.divide(
        1.0, village_cells, out=np.zeros_like(village_cells), where=~has_people & (village_cells > 0)
    )
    return csr_array(_scale_columns(by_people, people_weight) + _scale_columns(by_area, area_weight))


def service_from_pipes(
    edges: IntArray, n_nodes: int, plant_node: IntArray, village_node: IntArray, capacity_m3d: FloatArray
) -> csr_array:
    """Return who is served from a pipe network: a village is on every plant that it is connected to, whichever way water runs.

    Several plants on one network share its villages by capacity; evenly where the capacity of one of them is not known, or all are 0.

    Parameters
    ----------
    edges
        Shape (pipes, 2): the nodes each pipe joins.
    plant_node, village_node
        The node each stands at; -1 where it is on no pipe.
    capacity_m3d
        Of each plant; NaN where not known.

    Returns
    -------
    csr_array
        Plants x villages; a column sums to 1, or to 0 where the village is connected to no plant.
    """
    pipes = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n_nodes, n_nodes))
    n_parts, part_of_node = connected_components(pipes.tocsr(), directed=False)
    weight = _weights(plant_node, part_of_node, n_parts, capacity_m3d)
    plant, village = np.flatnonzero(plant_node >= 0), np.flatnonzero(village_node >= 0)
    on_part = csr_array((weight[plant], (plant, part_of_node[plant_node[plant]])), shape=(len(plant_node), n_parts))
    in_part = csr_array(
        (np.ones(len(village)), (part_of_node[village_node[village]], village)), shape=(n_parts, len(village_node))
    )
    service = csr_array(on_part @ in_part)
    service.eliminate_zeros()
    service.sort_indices()
    return service


def _weights(plant_node: IntArray, part_of_node: IntArray, n_parts: int, capacity_m3d: FloatArray) -> FloatArray:
    """Return each plant's share (0-1) of its part of the network; those of a part sum to 1."""
    is_on = plant_node >= 0
    if not is_on.any():
        return np.zeros(len(plant_node))
    part = np.where(is_on, part_of_node[plant_node], 0)
    capacity = np.where(is_on, capacity_m3d, 0.0)
    total = np.bincount(part, weights=capacity, minlength=n_parts)
    count = np.bincount(part[is_on], minlength=n_parts)
    # A total of NaN (one not known) is not above 0 either.
    is_by_capacity = total > 0
    by_capacity = np.divide(capacity, total[part], out=np.zeros(len(part)), where=is_by_capacity[part])
    evenly = np.divide(1.0, count[part], out=np.zeros(len(part)), where=count[part] > 0)
    return np.where(is_on, np.where(is_by_capacity[part], by_capacity, evenly), 0.0)


def _scale_columns(matrix: csr_array, factor: FloatArray) -> csr_array:
    rows = csr_array(matrix)
    return csr_array((rows.data * factor[rows.indices], rows.indices, rows.indptr), shape=rows.shape)


FaultKind = Literal["unknown", "ambiguous", "repeated", "shared"]


@dataclass(frozen=True, slots=True)
class ListFault:
    """One entry of a list that needs a look."""

    kind: FaultKind
    """``unknown`` no such village; ``ambiguous`` several; ``repeated`` twice in one list; ``shared`` other plants claim it too."""
    plant: int
    """Row of the plant whose list it is."""
    entry: str
    """As it stands in the list; of ``shared`` and ``repeated`` the village's id."""
    villages: tuple[str, ...] = ()
    """Ids of the villages it may mean."""


@dataclass(frozen=True, slots=True, eq=False)
class ListedService:
    """What the lists say."""

    service: csr_array
    """Plants x villages. A village that k plants claim is served 1/k by each (and reported as ``shared``)."""
    faults: tuple[ListFault, ...]
    """In the order of the plants and of their lists; those of kind ``shared`` after them, by village."""


def service_from_lists(served: Sequence[str | None] | TextArray, villages: Villages) -> ListedService:
    """Return who is served from the lists of plants.

    An entry is a village's id, else its name, else its name but for 村, 社区 and the like at the end. Between entries stand
    ; ； 、 , ， | or white space; a name that holds spaces of its own is known as a whole. Nothing is dropped unsaid: an entry that
    means no village, or more than one, serves no one and is a fault.

    Parameters
    ----------
    served
        The list of each plant; None, NaN or blank for none.
    """
    names = UnitNames(villages.id, villages.name)
    claims: list[tuple[int, int]] = []
    faults: list[ListFault] = []
    for plant, text in enumerate(served):
        seen: set[int] = set()
        for entry in names.split(text):
            found = names.find(entry)
            if len(found) != 1:
                kind: FaultKind = "ambiguous" if found else "unknown"
                faults.append(ListFault(kind, plant, entry, tuple(str(villages.id[row]) for row in found)))
            elif found[0] in seen:
                faults.append(ListFault("repeated", plant, str(villages.id[found[0]])))
            else:
                seen.add(found[0])
                claims.append((plant, found[0]))
    return _share_out(claims, faults, len(served), villages)


def _share_out(
    claims: list[tuple[int, int]], faults: list[ListFault], n_plants: int, villages: Villages
) -> ListedService:
    plant = np.array([claim[0] for claim in claims], dtype=np.int64)
    village = np.array([claim[1] for claim in claims], dtype=np.int64)
    count = np.bincount(village, minlength=len(villages))
    service = csr_array((1.0 / count[village], (plant, village)), shape=(n_plants, len(villages)))
    shared = [
        ListFault("shared", int(row), str(villages.id[v]))
        for v in np.flatnonzero(count > 1)
        for row in np.sort(plant[village == v])
    ]
    return ListedService(service, (*faults, *shared))
