"""Who is served, from a plant's own list of villages: by code or by name, however it is punctuated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from lifecircle.measures.unit_names import UnitNames
from lifecircle.measures.water.system import Villages
from lifecircle.model import TextArray

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
