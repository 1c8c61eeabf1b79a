"""The parts each mode's network falls into without its ferries: who lives on them, what stands there, what links them.

Every person is in exactly one part of a mode, or has none of its streets near, so that the parts add up to all the people.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray, IntArray, Joined, NetworkPart, TextArray
from lifecircle.study.layers import Layers
from lifecircle.study.routing import Routing
from lifecircle.travel.network import Network
from lifecircle.travel.reach import Joins
from lifecircle.travel.segments import connected_parts
from lifecircle.travel.slope import follows_slope

MOST_OF = 0.8
"""A part is named by the units that hold this share of its people."""
ALL_OF = 0.95
"""Where the units named hold less, others are spoken of."""
MOST_NAMES = 3
"""A name lists no more."""
NO_STREET = -1
MORE = "等"


def network_parts(travel: Routing) -> tuple[NetworkPart, ...]:
    """Return the parts of each mode's network, the longest first, and after them the people without a street near."""
    return tuple(part for mode_id in travel.networks for part in _parts_of(travel, mode_id))


def _parts_of(travel: Routing, mode_id: str) -> list[NetworkPart]:
    network, cells = travel.networks[mode_id], travel.layers.cells
    part, length_m = number_components(network)
    of_cell = main_part(network, part, travel.cell_joins[mode_id])
    people = np.bincount(of_cell - NO_STREET, weights=cells.people, minlength=len(length_m) + 1)
    facilities = _facilities_by_part(travel, mode_id, part)
    joined = [*_link_parts(network, part, len(length_m)), "no_street"]
    names = _name_parts(travel.layers, of_cell, len(length_m), facilities)
    kinds = travel.layers.facilities.frame["kind"].to_numpy()
    return [
        NetworkPart(
            mode=mode_id,
            part=number,
            length_km=float(length_m[number] / 1000) if number >= 0 else 0.0,
            people=float(people[number - NO_STREET]),
            facilities=dict(sorted(Counter(kinds[facilities.get(number, [])].tolist()).items())),
            name=names[number - NO_STREET],
            joined=joined[number],  # -1 is the last, which has no street
        )
        for number in [*range(len(length_m)), NO_STREET]
    ]


def number_components(network: Network) -> tuple[IntArray, FloatArray]:
    """Return the part of each node when no ferry sails (-1: a pier without a street), and the parts' metres of street.

    Part 0 is the longest.
    """
    street = ~network.is_ferry
    if not street.any():
        return np.full(network.n_nodes, NO_STREET, dtype=np.int64), np.zeros(0)
    a, b = network.a[street], network.b[street]
    part = connected_parts(a, b, network.n_nodes)
    total_m = np.bincount(part[a], weights=network.edge_costs("metres")[0][street], minlength=int(part.max()) + 1)
    has_street = np.bincount(part[a], minlength=len(total_m)) > 0
    order = np.argsort(np.where(has_street, -total_m, np.inf), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    count = int(has_street.sum())
    numbered = rank[part]
    return np.where(numbered < count, numbered, NO_STREET).astype(np.int64), total_m[order[:count]].astype(np.float64)


def part_of(network: Network, part: IntArray, edge: IntArray) -> IntArray:
    """Return the part of legs by the edge they lead to."""
    return np.asarray(part[network.a[edge]])


def main_part(network: Network, part: IntArray, joins: Joins) -> IntArray:
    """Return the part that points count for: the longest they join, -1 where they join none.

    Whoever lives between a loose path and the street can get away.
    """
    main = np.full(len(joins), NO_STREET, dtype=np.int64)
    is_joined = joins.is_joined
    if is_joined.any():
        main[is_joined] = np.minimum.reduceat(part_of(network, part, joins.edge), joins.start[:-1][is_joined])
    return main


def share_part(
    network: Network, part: IntArray, first: tuple[Joins, IntArray], second: tuple[Joins, IntArray]
) -> BoolArray:
    """Return whether two points join a common part; each side's joins, and which point of them stands in each pair."""
    count = int(part.max(initial=0)) + 1
    keys = []
    for joins, point in (first, second):
        legs = joins.count[point]
        pair = np.repeat(np.arange(len(point)), legs)
        leg = np.repeat(joins.start[point], legs) + np.arange(len(pair)) - np.repeat(np.cumsum(legs) - legs, legs)
        keys.append(pair * count + part_of(network, part, joins.edge[leg]))
    shared = np.zeros(len(first[1]), dtype=bool)
    shared[np.intersect1d(keys[0], keys[1]) // count] = True
    return shared


def _link_parts(network: Network, part: IntArray, count: int) -> list[Joined]:
    """Return how each part hangs together with the longest: itself, over ferries, or not at all."""
    if not count:
        return []
    whole = np.zeros(count, dtype=np.int64)
    is_land = part >= 0
    whole[part[is_land]] = network.part[is_land]  # all nodes of a part without ferries are in one with them
    return ["main", *("ferry" if linked else "none" for linked in (whole[1:] == whole[0]).tolist())]


def _facilities_by_part(travel: Routing, mode_id: str, part: IntArray) -> dict[int, list[int]]:
    """Return the rows of the facilities entered in each part, each once however many rules and doors it has.

    One whose every entrance is far from any street is counted with the people who have none near; one entered from two parts in both.
    """
    network = travel.networks[mode_id]
    where, row = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for (mode, serving), entrances in travel.entrances.items():
        if mode == mode_id:
            joins, serves = entrances.joins, np.frombuffer(serving, dtype=np.int64)[entrances.facility]
            far = np.flatnonzero(~joins.is_joined)
            row += [serves[joins.point], serves[far]]
            where += [part_of(network, part, joins.edge), np.full(len(far), NO_STREET, dtype=np.int64)]
    pairs = np.unique(np.column_stack([np.concatenate(where), np.concatenate(row)]), axis=0)
    on_street = pairs[:, 0] >= 0
    pairs = pairs[on_street | ~np.isin(pairs[:, 1], pairs[on_street, 1])]
    found: dict[int, list[int]] = {}
    for number, facility in pairs.tolist():
        found.setdefault(number, []).append(facility)
    return found


def _name_parts(layers: Layers, of_cell: IntArray, count: int, facilities: dict[int, list[int]]) -> list[str]:
    """Return for "no street" and then each part the townships most of its people live in; where it is one, its villages after it.

    A part where nobody lives is called by its facilities.
    """
    cells, facility_name = layers.cells, layers.facilities.frame["name"].to_numpy()
    cell_part = (cells.people, (np.arange(len(cells)), of_cell - NO_STREET))
    people = csr_array(cell_part, shape=(len(cells), count + 1))
    found: list[list[str]] = [[] for _ in range(count + 1)]
    for level, units in layers.units.items():
        if level == "district" or level not in cells.membership:
            continue
        by_part = (cells.membership[level] @ people).tocsc()
        for column in np.flatnonzero(np.diff(by_part.indptr)).tolist():
            entries = slice(by_part.indptr[column], by_part.indptr[column + 1])
            if all("、" not in names and not names.endswith(MORE) for names in found[column]):
                found[column].append(_most_peopled(units.name[by_part.indices[entries]], by_part.data[entries]))
    for number, rows in facilities.items():
        if not any(found[number - NO_STREET]):
            found[number - NO_STREET] = [_list_names(facility_name[rows[:MOST_NAMES]], len(rows) > MOST_NAMES)]
    return [f"{first}（{within}）" if within else first for first, within, *_ in ([*names, "", ""] for names in found)]


def _most_peopled(names: TextArray, people: FloatArray) -> str:
    """Return the units that hold most of the people, at most a few; nothing where there is nobody."""
    order = np.argsort(-people, kind="stable")[:MOST_NAMES]
    before = np.concatenate([[0.0], np.cumsum(people[order])[:-1]])
    most = order[(before < MOST_OF * people.sum()) & (people[order] > 0)]
    return _list_names(names[most], people[most].sum() < ALL_OF * people.sum())


def _list_names(names: TextArray, has_more: bool) -> str:
    return "、".join(map(str, names)) + (MORE if has_more and len(names) else "")


def describe_networks(travel: Routing) -> dict[str, Any]:
    """Return what the manifest says of each network."""
    people = travel.layers.cells.people
    return {
        mode_id: {
            "nodes": network.n_nodes,
            "edges": network.n_edges,
            "length_km": float(network.part_m.sum() / 1000),
            "parts": len(number_components(network)[1]),
            "parts_with_ferries": len(network.part_m),
            "fragments_left_out": network.left_out.fragments,
            "fragments_left_out_km": network.left_out.length_m / 1000,
            "ferries": list(network.ferries),
            "follows_slope": travel.heights is not None and follows_slope(network.mode),
            "people_without_a_street_near": float(people[~travel.cell_joins[mode_id].is_joined].sum()),
        }
        for mode_id, network in travel.networks.items()
    }
