"""Which ways a mode may use, in which direction, and how long each takes: OpenStreetMap's access tags and classes to arrays.

Whom a barrier's node lets through is told here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lifecircle.config import Mode, Ways
from lifecircle.config.tags import (
    DIRECTIONS,
    FERRY,
    IN_PARTS,
    SIDES,
    Direction,
    Means,
    NetworkType,
    Tags,
    parse_maxspeed_kph,
    split_values,
)
from lifecircle.model import BoolArray, FloatArray, IntArray, Roads
from lifecircle.travel.ferries import read_timetable

UNSAID, CLOSED, LEFT_TO_CLASS, OPEN, PUSHED = 0, 1, 2, 3, 4
"""What the access tags of a way come to: nothing, closed, open where its class is, open whatever its class, open to a bicycle led."""
_RANK: dict[Means, int] = {"unsaid": UNSAID, "closed": CLOSED, "pushed": PUSHED, "open": OPEN}
FORWARD, BACKWARD, BOTH, NEITHER = 1, 2, 3, 4
_DIRECTION: dict[Direction, int] = {"forward": FORWARD, "backward": BACKWARD, "both": BOTH, "closed": NEITHER}


@dataclass(frozen=True, slots=True, eq=False)
class WayAccess:
    """Who may use each way; one entry a way."""

    forward: BoolArray
    """Whether the mode may go along it, and against it."""
    backward: BoolArray
    is_pushed: BoolArray
    """Gone at the access leg's speed, a bicycle led on foot."""


def way_access(roads: Roads, network_type: NetworkType, meaning: Tags, *, squares: bool = False) -> WayAccess:
    """Return which ways a mode may use.

    A ferry has the class ``ferry``, whatever ``highway`` says. The outline of an area (``area=yes``) is no way, but with ``squares``. A street
    whose pavements are ways of their own on both sides is not walked on, unless ``foot`` says so.
    """
    tags, is_ferry = roads.tags, roads.is_ferry
    is_class_open, is_there = _class_access(tags, is_ferry, network_type, meaning)
    if network_type == "walk":
        is_class_open &= ~_is_beside_pavements(tags)
    if not squares:
        is_there &= ~_has_value(tags, "area", ("yes",))
    said = _decide(tags, network_type, meaning, "")
    ahead, back = (_decide(tags, network_type, meaning, direction) for direction in DIRECTIONS)
    forward, backward = (
        is_there & _is_open(np.where(one == UNSAID, said, one), is_class_open) for one in (ahead, back)
    )
    direction = _oneway(tags, is_ferry, network_type, meaning)
    return WayAccess(
        forward=forward & ((direction == FORWARD) | (direction == BOTH)),
        backward=backward & ((direction == BACKWARD) | (direction == BOTH)),
        is_pushed=said == PUSHED,
    )


def _is_open(said: IntArray, is_class_open: BoolArray) -> BoolArray:
    return np.asarray(np.isin(said, (OPEN, PUSHED)) | (np.isin(said, (UNSAID, LEFT_TO_CLASS)) & is_class_open))


def _decide(tags: pd.DataFrame, network_type: NetworkType, meaning: Tags, suffix: str) -> IntArray:
    """Return what the access keys come to, the most specific first; of the keys with a suffix, where there is one."""
    keys, words = meaning.modes[network_type], meaning.meanings(network_type)
    found = np.zeros(len(tags), dtype=np.int64)
    for key in keys.keys:
        column = tags.get(key + suffix)
        if column is None:
            continue
        said = _by_value(column, lambda text: _means(text, words), UNSAID)
        if key not in keys.opens:
            said = np.where(said == OPEN, LEFT_TO_CLASS, said)
        found = np.where(found == UNSAID, said, found)
    return found


def _means(text: str, words: Mapping[str, Means]) -> int:
    """Return what a value means: of several the most open, as any of them may pass; of a graph's edge in parts the least."""
    parts = [
        max(
            (_RANK[words.get(value, "unsaid")] for value in split_values(part)),
            key=_OPENNESS.__getitem__,
            default=UNSAID,
        )
        for part in text.split(IN_PARTS)
    ]
    return CLOSED if CLOSED in parts else min(parts, key=_OPENNESS.__getitem__)


_OPENNESS = {UNSAID: 0, CLOSED: 1, PUSHED: 2, OPEN: 3}


def _class_access(
    tags: pd.DataFrame, is_ferry: BoolArray, network_type: NetworkType, meaning: Tags
) -> tuple[BoolArray, BoolArray]:
    """Return whether a way is open by its class and the tags that close one, and whether it is there at all."""
    closed, absent = meaning.closed_classes(network_type), meaning.absent
    highway = tags["highway"]
    is_closed = _by_value(highway, lambda text: all(part in closed for part in split_values(text)), default=True) != 0
    is_absent = _by_value(highway, lambda text: any(part in absent for part in split_values(text)), default=True) != 0
    is_closed, is_absent = np.where(is_ferry, FERRY in closed, is_closed), is_absent & ~is_ferry
    for line in meaning.closes:
        if network_type in line.modes:
            is_closed |= _has_value(tags, line.key, (line.value,)) & ~is_ferry
    return ~is_closed, ~is_absent


def _is_beside_pavements(tags: pd.DataFrame) -> BoolArray:
    """Whether the pavements of both sides are mapped as ways of their own.

    A side is as ``sidewalk:left`` says, else ``sidewalk:both``, else ``sidewalk``. https://wiki.openstreetmap.org/wiki/Key:sidewalk
    """
    whole = _has_value(tags, "sidewalk", ("separate",))
    both, is_both_said = _has_value(tags, "sidewalk:both", ("separate",)), ~_is_empty(tags, "sidewalk:both")
    apart = np.ones(len(tags), dtype=bool)
    for side in SIDES:
        key = f"sidewalk:{side}"
        of_side = _has_value(tags, key, ("separate",))
        apart &= np.where(~_is_empty(tags, key), of_side, np.where(is_both_said, both, whole))
    return apart


def _oneway(tags: pd.DataFrame, is_ferry: BoolArray, network_type: NetworkType, meaning: Tags) -> IntArray:
    """Return the directions in which a mode may go along each way, access apart.

    The mode's own key first, then what lets bicycles go against the rest, then ``oneway``, then what a class or a roundabout implies. A ferry
    that sails one way sails one way for all, and no roundabout bends it.
    """
    words = meaning.oneway_words
    keys = meaning.modes[network_type].oneway
    contraflow = np.zeros(len(tags), dtype=bool)
    for line in meaning.contraflow:
        if network_type in line.modes:
            contraflow |= _has_value(tags, line.key, line.values)
    found = np.zeros(len(tags), dtype=np.int64)
    for key in keys:
        if key == "oneway":  # what is said of the mode itself goes before it
            found = np.where((found == 0) & contraflow, BOTH, found)
        found = np.where(found == 0, _direction(tags, key, words), found)
    found = np.where((found == 0) & is_ferry, _direction(tags, "oneway", words), found)
    for implied in meaning.implied:
        if network_type in implied.modes:
            is_so = (found == 0) & ~is_ferry & _has_value(tags, implied.key, (implied.value,))
            found = np.where(is_so, _DIRECTION[implied.means], found)
    return np.where(found == 0, BOTH, found)


def _direction(tags: pd.DataFrame, key: str, words: Mapping[str, Direction]) -> IntArray:
    column = tags.get(key)
    if column is None:
        return np.zeros(len(tags), dtype=np.int64)
    return _by_value(column, lambda text: _DIRECTION[words[text.lower()]] if text.lower() in words else 0, 0)


# Barriers


def closed_nodes(roads: Roads, network_type: NetworkType, meaning: Tags) -> tuple[IntArray, IntArray]:
    """Return the nodes whose barrier stops a mode, and those among the barriers that stop nobody because streets cross there.

    The node's own access tags go first, then what its kind of barrier lets pass. Where more than two pieces of way meet the map does not
    say which of them is closed: a bollard at the mouth of a path must not cut the street.
    """
    barriers = roads.barrier_node
    if not len(barriers):
        return barriers, barriers
    is_stopped = ~_passes(roads.barrier_tags, network_type, meaning)
    ways_meet = np.bincount(roads.way_node, minlength=len(roads.x))
    start, end = roads.way_node[roads.way_start[:-1]], roads.way_node[roads.way_start[1:] - 1]
    pieces = 2 * ways_meet - np.bincount(start, minlength=len(roads.x)) - np.bincount(end, minlength=len(roads.x))
    is_crossing = pieces[barriers] > 2
    return barriers[is_stopped & ~is_crossing], barriers[is_stopped & is_crossing]


def _passes(tags: pd.DataFrame, network_type: NetworkType, meaning: Tags) -> BoolArray:
    kinds = {line.kind: line for line in meaning.barriers}

    def lets_pass(text: str) -> bool:
        lines = [kinds[kind] for kind in split_values(text) if kind in kinds]
        return not lines or any(network_type in line.passes for line in lines)

    def only_own(text: str) -> bool:
        return any(network_type in kinds[kind].only_own for kind in split_values(text) if kind in kinds)

    by_kind = _by_value(tags["barrier"], lets_pass, default=True) != 0
    is_only_own = _by_value(tags["barrier"], only_own, default=False) != 0
    by_kind &= ~(_has_value(tags, "locked", ("yes",)) & ~is_only_own)
    keys = meaning.modes[network_type]
    own = _with_keys(meaning, network_type, keys.opens)
    said = np.where(is_only_own, _decide(tags, network_type, own, ""), _decide(tags, network_type, meaning, ""))
    return _is_open(said, by_kind)


def _with_keys(meaning: Tags, network_type: NetworkType, keys: tuple[str, ...]) -> Tags:
    """Return the tables with fewer access keys for a mode."""
    line = meaning.modes[network_type].model_copy(update={"keys": keys})
    return meaning.model_copy(update={"modes": {**meaning.modes, network_type: line}})


def cut_at_barriers(roads: Roads, closed: IntArray) -> Roads:
    """Return the street map cut at these nodes: a way that runs through becomes two that do not meet.

    Each piece keeps its end at the barrier, so that what leads up to it stays; the ways keep their ids and tags.
    """
    if not len(closed):
        return roads
    is_closed = np.zeros(len(roads.x), dtype=bool)
    is_closed[closed] = True
    node = roads.way_node
    way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
    is_first, is_last = np.zeros(len(node), dtype=bool), np.zeros(len(node), dtype=bool)
    is_first[roads.way_start[:-1]] = True
    is_last[roads.way_start[1:] - 1] = True
    # A node inside a way stands twice, once as the end of a piece and once as the start of the next.
    is_twice = is_closed[node] & ~is_first & ~is_last
    node, piece_of = np.repeat(node, 1 + is_twice), np.repeat(way, 1 + is_twice)
    second = np.flatnonzero(is_twice) + np.cumsum(is_twice)[is_twice]
    starts = np.zeros(len(node), dtype=bool)
    starts[np.flatnonzero(np.diff(piece_of, prepend=-1))] = True
    starts[second] = True
    # Every end at the barrier but the first is a node of its own, at the same place.
    at = np.flatnonzero(is_closed[node])
    order = at[np.argsort(node[at], kind="stable")]
    again = order[1:][node[order[1:]] == node[order[:-1]]]
    x, y = np.append(roads.x, roads.x[node[again]]), np.append(roads.y, roads.y[node[again]])
    node = node.copy()
    node[again] = len(roads.x) + np.arange(len(again))
    first = np.flatnonzero(starts)
    return replace(
        roads, x=x, y=y, way_start=np.append(first, len(node)).astype(np.int64), way_node=node,
        way_id=roads.way_id[piece_of[first]], tags=roads.tags.take(piece_of[first]).reset_index(drop=True),
    )  # fmt: skip


# A tag column is a category: work is done once a value, and handed to the rows by code. Code -1 is "no such tag".


def _by_value(column: pd.Series, function: Callable[[str], int], default: int) -> IntArray:
    values = [int(function(str(value))) for value in column.cat.categories]
    return np.array([*values, int(default)], dtype=np.int64)[column.cat.codes.to_numpy()]


def _has_value(tags: pd.DataFrame, key: str, values: Iterable[str]) -> BoolArray:
    """Whether one of a tag's values is among these."""
    column, wanted = tags.get(key), frozenset(values)
    if column is None:
        return np.zeros(len(tags), dtype=bool)
    return np.asarray(_by_value(column, lambda text: not wanted.isdisjoint(split_values(text)), default=False) != 0)


def _is_empty(tags: pd.DataFrame, key: str) -> BoolArray:
    column = tags.get(key)
    return np.ones(len(tags), dtype=bool) if column is None else np.asarray(column.cat.codes.to_numpy() < 0)


KPH_TO_MPS = 1 / 3.6
ONE_WAY = frozenset({"yes", "true", "1", "-1", "reverse", "T", "F"})
"""OSMnx's values of ``oneway`` that mean one way (osmnx.graph)."""
REVERSED = frozenset({"-1", "reverse", "T"})


@dataclass(frozen=True, slots=True, eq=False)
class WayUse:
    """How a mode uses each way of :class:`~lifecircle.model.Roads`; all arrays have one entry a way."""

    is_used: BoolArray
    is_ferry: BoolArray
    forward: BoolArray
    backward: BoolArray
    speed_mps: FloatArray
    """Speed along the way; NaN on ferries."""
    ferry_s: FloatArray
    """Sailing time of a whole ferry; NaN elsewhere."""
    wait_s: FloatArray
    """Half the headway of the sailing that a ferry is a piece of; 0 elsewhere."""
    sailing: IntArray
    """Which sailing a ferry is a piece of, boarded once; -1 elsewhere."""
    is_untimed: BoolArray
    """Ferries that carry the mode but say no duration that can be read; they are not used."""


def use_ways(roads: Roads, mode: Mode, ways: Ways) -> WayUse:
    """Apply a mode to a street map.

    Which ways it may use is what OpenStreetMap's access tags say (``mode.ways = "tags"``), or OSMnx's filter of its name (``"osmnx"``).
    With ``mode.squares`` the outlines of mapped areas (``area=yes``: a square, a forecourt) are ways like others: people cross them, and
    without them streets that meet at a square do not meet. The outline is never shorter than the way across, so no time is flattered. A
    ferry is used when it carries the mode and says its ``duration``; half of its ``interval``, if any, is waited.
    Speed is the mode's for the class of way, ``*_link`` as its class; with ``mode.maxspeed`` the tag wins where it has a number.
    """
    tags = roads.tags
    if mode.ways == "osmnx":
        forward, backward, carries = _osmnx_ways(tags, mode, ways)
        is_boat = roads.is_ferry & _is_blank(tags["highway"])
        is_pushed = np.zeros(len(roads), dtype=bool)
    else:
        access = way_access(roads, ways.network_type, ways.tags, squares=mode.squares)
        forward, backward, is_pushed = access.forward, access.backward, access.is_pushed
        is_boat = roads.is_ferry
        carries = is_boat & (forward | backward)
    timetable = read_timetable(roads, is_boat, carries)
    is_ferry = carries & np.isfinite(timetable.sea_s)
    is_used = (forward | backward) & (~carries | is_ferry)
    speeds_kph = _speeds_kph(tags, mode)
    speeds_kph = np.where(is_pushed, np.minimum(speeds_kph, mode.access_kph), speeds_kph)
    return WayUse(
        is_used=is_used,
        is_ferry=is_ferry,
        forward=forward,
        backward=backward,
        speed_mps=np.where(is_ferry, np.nan, speeds_kph * KPH_TO_MPS),
        ferry_s=np.where(is_ferry, timetable.sea_s, np.nan),
        wait_s=np.where(is_ferry, timetable.wait_s, 0.0),
        sailing=np.where(is_ferry, timetable.sailing, -1),
        is_untimed=carries & ~is_ferry,
    )


def _osmnx_ways(tags: pd.DataFrame, mode: Mode, ways: Ways) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Return which ways OSMnx's filter lets through, along and against them, and which are ferries that carry the mode.

    A way is used when none of the ``exclude`` patterns is found in its tags; a ferry is a way that is no highway, where it carries the mode.
    """
    carries = ~_matches_any(tags, ways.ferry_exclude)
    if ways.ferry_require:
        carries &= _matches_any(tags, ways.ferry_require)
    is_ferry = _matches(tags["route"], r"^ferry$") & _is_blank(tags["highway"]) & carries
    exclude = {key: value for key, value in ways.exclude.items() if key != "area"} if mode.squares else ways.exclude
    is_street = ~_is_blank(tags["highway"]) & ~_matches_any(tags, exclude)
    oneway, junction = tags["oneway"], tags["junction"]
    one_way = _is_in(oneway, ONE_WAY) | (_is_in(junction, frozenset({"roundabout"})) & ~is_ferry)
    if ways.bidirectional:
        one_way &= is_ferry  # on foot streets run both ways; a ferry that sails one way sails one way for all
    reverse = one_way & _is_in(oneway, REVERSED)
    is_way = is_street | is_ferry
    return is_way & ~reverse, is_way & (~one_way | reverse), is_ferry


def _speeds_kph(tags: pd.DataFrame, mode: Mode) -> FloatArray:
    if mode.speeds_kph is None:
        speeds = np.full(len(tags), float(mode.speed_kph or np.nan))
    else:
        speeds = _number_by_value(tags["highway"], lambda value: class_speed_kph(mode, value))
        speeds = np.where(np.isnan(speeds), mode.speeds_kph["default"], speeds)
    if mode.maxspeed:
        tagged = _number_by_value(tags["maxspeed"], parse_maxspeed_kph)
        speeds = np.where(np.isfinite(tagged) & (tagged > 0), tagged, speeds)
    return speeds


def class_speed_kph(mode: Mode, highway: str) -> float:
    """Return how fast a mode goes on a class of way, ``*_link`` as its class."""
    if mode.speeds_kph is None:
        return float(mode.speed_kph or np.nan)
    table = mode.speeds_kph
    return table.get(highway, table.get(highway.removesuffix("_link"), table["default"]))


# A tag column is a category: work is done once a value, and handed to the rows by code. Code -1 is "no such tag".


def _number_by_value(column: pd.Series, function: Callable[[str], float]) -> FloatArray:
    values = [float(function(str(value))) for value in column.cat.categories]
    return np.array([*values, np.nan])[column.cat.codes.to_numpy()]


def _matches(column: pd.Series, pattern: str) -> BoolArray:
    compiled = re.compile(pattern)
    found = [compiled.search(str(value)) is not None for value in column.cat.categories]
    return np.array([*found, False])[column.cat.codes.to_numpy()]


def _matches_any(tags: pd.DataFrame, patterns: dict[str, str]) -> BoolArray:
    found = np.zeros(len(tags), dtype=bool)
    for key, pattern in patterns.items():
        found |= _matches(tags[key], pattern)
    return found


def _is_in(column: pd.Series, values: frozenset[str]) -> BoolArray:
    found = [str(value) in values for value in column.cat.categories]
    return np.array([*found, False])[column.cat.codes.to_numpy()]


def _is_blank(column: pd.Series) -> BoolArray:
    return np.asarray(column.cat.codes.to_numpy() < 0)
