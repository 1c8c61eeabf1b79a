"""Ferries of the map: how long they sail, whatever pieces they are mapped in, and that they are boarded, and waited for, once.

A *sailing* is what one stays aboard for: the pieces that meet at sea, where no street is, and those of one ``route=ferry`` relation. Its
pieces share what the relation says of the whole, by length; without a relation each piece says its own.
https://wiki.openstreetmap.org/wiki/Tag:route=ferry, https://wiki.openstreetmap.org/wiki/Key:duration
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lifecircle.config.tags import parse_duration_s
from lifecircle.model import BoolArray, FloatArray, IntArray, Roads

SAME = 0.05
"""Pieces whose own times add up to the relation's within this share keep them; else they are copies of one."""


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """When ferries sail; one entry a way of the map."""

    sailing: IntArray
    """Which sailing it is a piece of; -1 where it is no ferry."""
    sea_s: FloatArray
    """Seconds at sea; NaN where nothing that can be read says them."""
    wait_s: FloatArray
    """Half the headway of the whole sailing; 0 where nothing says it."""


def read_timetable(roads: Roads, is_boat: BoolArray, carries: BoolArray) -> Timetable:
    """Return what the map says of the ferries that carry a mode; ``is_boat`` are all of them.

    Where pieces of one sailing say different headways the longest counts.
    """
    tags, n_ways = roads.tags, len(roads)
    nothing = np.full(n_ways, np.nan)
    if not carries.any():
        return Timetable(np.full(n_ways, -1, dtype=np.int64), nothing, np.zeros(n_ways))
    sea_s = _share_relations(roads, is_boat, _seconds(tags, "duration"))
    carries = carries & np.isfinite(sea_s)
    own_s = _seconds(tags, "interval")
    headway_s = np.where(np.isnan(own_s), _seconds(tags, "relation:interval"), own_s)
    sailing = _sailings(roads, is_boat, carries)
    ferry = np.flatnonzero(carries)
    longest_s = np.zeros(int(sailing.max(initial=-1)) + 1)
    np.maximum.at(longest_s, sailing[ferry], np.nan_to_num(headway_s[ferry]))
    wait_s = np.zeros(n_ways)
    wait_s[ferry] = longest_s[sailing[ferry]] / 2
    return Timetable(sailing, np.where(carries, sea_s, np.nan), wait_s)


def _seconds(tags: pd.DataFrame, key: str) -> FloatArray:
    column = tags.get(key)
    if column is None:
        return np.full(len(tags), np.nan)
    values = [parse_duration_s(str(value)) for value in column.cat.categories]
    return np.array([*values, np.nan])[column.cat.codes.to_numpy()]


def _sailings(roads: Roads, is_boat: BoolArray, carries: BoolArray) -> IntArray:
    """Return the number of each sailing: ferries that share a node where no street is, or a relation, are one."""
    way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
    is_street = np.zeros(len(roads.x), dtype=bool)
    is_street[roads.way_node[~is_boat[way]]] = True
    at_sea = carries[way] & ~is_street[roads.way_node]
    codes = roads.tags["relation"].cat.codes.to_numpy() if "relation" in roads.tags else np.full(len(roads), -1)
    member = np.flatnonzero(carries & (codes >= 0))
    n_ways, n_nodes = len(roads), len(roads.x)
    one = np.concatenate([way[at_sea], member])
    other = np.concatenate([n_ways + roads.way_node[at_sea], n_ways + n_nodes + codes[member].astype(np.int64)])
    size = n_ways + n_nodes + int(codes.max(initial=-1)) + 1
    joined = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size, size)).tocsr()
    _, part = connected_components(joined, directed=False)
    sailing = np.full(n_ways, -1, dtype=np.int64)
    sailing[carries] = np.unique(part[:n_ways][carries], return_inverse=True)[1]
    return sailing


def _share_relations(roads: Roads, is_boat: BoolArray, own_s: FloatArray) -> FloatArray:
    """Return the seconds of each ferry way: its own, or its share, by length, of what its relation says of the whole.

    Pieces that all say a time of their own keep it where they add up to the relation's. A relation that branches, or goes round, says nothing
    of its pieces: which of them are sailed one after another is not known.
    """
    whole_s = _seconds(roads.tags, "relation:duration")
    codes = roads.tags["relation"].cat.codes.to_numpy() if "relation" in roads.tags else np.full(len(roads), -1)
    sea_s, length_m = own_s.copy(), roads.length_m
    for code in np.unique(codes[(codes >= 0) & np.isfinite(whole_s)]):  # a handful in a district
        pieces = np.flatnonzero((codes == code) & is_boat)
        total_s, total_m = whole_s[pieces[0]] if len(pieces) else np.nan, length_m[pieces].sum()
        adds_up = abs(own_s[pieces].sum() - total_s) <= SAME * total_s  # False where a piece says none
        if len(pieces) and total_m > 0 and not adds_up and _is_one_line(roads, pieces):
            sea_s[pieces] = total_s * length_m[pieces] / total_m
    return sea_s


def _is_one_line(roads: Roads, ways: IntArray) -> bool:
    """Whether ways, end to end, are one line without a branch or a ring."""
    ends = np.concatenate([roads.way_node[roads.way_start[ways]], roads.way_node[roads.way_start[ways + 1] - 1]])
    _, node, meet = np.unique(ends, return_inverse=True, return_counts=True)
    n_nodes = len(meet)
    pairs = coo_array(
        (np.ones(len(ways), dtype=np.int8), (node[: len(ways)], node[len(ways) :])), shape=(n_nodes, n_nodes)
    )
    n_parts, _ = connected_components(pairs.tocsr(), directed=False)
    return bool(n_parts == 1 and meet.max() <= 2 and len(ways) == n_nodes - 1)
