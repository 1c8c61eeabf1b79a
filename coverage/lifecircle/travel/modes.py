"""Which ways a mode may use, in which direction, and how long each takes: OSM tags to arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecircle.config import Mode, Ways
from lifecircle.config.tags import parse_maxspeed_kph
from lifecircle.model import BoolArray, FloatArray, IntArray, Roads
from lifecircle.travel.access import way_access
from lifecircle.travel.ferries import read_timetable

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
        is_boat = roads.is_ferry & _is_empty(tags["highway"])
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
    is_ferry = _matches(tags["route"], r"^ferry$") & _is_empty(tags["highway"]) & carries
    exclude = {key: value for key, value in ways.exclude.items() if key != "area"} if mode.squares else ways.exclude
    is_street = ~_is_empty(tags["highway"]) & ~_matches_any(tags, exclude)
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
        speeds = _by_value(tags["highway"], lambda value: class_speed_kph(mode, value))
        speeds = np.where(np.isnan(speeds), mode.speeds_kph["default"], speeds)
    if mode.maxspeed:
        tagged = _by_value(tags["maxspeed"], parse_maxspeed_kph)
        speeds = np.where(np.isfinite(tagged) & (tagged > 0), tagged, speeds)
    return speeds


def class_speed_kph(mode: Mode, highway: str) -> float:
    """Return how fast a mode goes on a class of way, ``*_link`` as its class."""
    if mode.speeds_kph is None:
        return float(mode.speed_kph or np.nan)
    table = mode.speeds_kph
    return table.get(highway, table.get(highway.removesuffix("_link"), table["default"]))


# A tag column is a category: work is done once a value, and handed to the rows by code. Code -1 is "no such tag".


def _by_value(column: pd.Series, function: Callable[[str], float]) -> FloatArray:
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


def _is_empty(column: pd.Series) -> BoolArray:
    return np.asarray(column.cat.codes.to_numpy() < 0)
