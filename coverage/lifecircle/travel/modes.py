"""Which ways a mode may use, in which direction, and how long each takes: OSM tags to arrays."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecircle.config import Mode, Ways
from lifecircle.model import BoolArray, FloatArray, Roads

KPH_TO_MPS = 1 / 3.6
MPH_TO_KPH = 1.609344
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
    """Half the headway of a ferry; 0 elsewhere."""
    ferries_without_time: int
    """Ferries that carry the mode but say no duration; they are not used."""


def use_ways(roads: Roads, mode: Mode, ways: Ways) -> WayUse:
    """Apply a mode to a street map.

    A way is used when none of the ``exclude`` patterns is found in its tags (OSMnx's filter of that name). With ``mode.squares``
    the outlines of mapped areas (``area=yes``: a square, a forecourt) are ways like others: people cross them, and without them
    streets that meet at a square do not meet. The outline is never shorter than the way across, so no time is flattered. A ferry
    (``route=ferry``) is used when it carries the mode and says its ``duration``; half of its ``interval``, if any, is waited.
    Speed is the mode's for the class of way, ``*_link`` as its class; with ``mode.maxspeed`` the tag wins where it has a number.
    """
    tags = roads.tags
    carries = ~_matches_any(tags, ways.ferry_exclude)
    if ways.ferry_require:
        carries &= _matches_any(tags, ways.ferry_require)
    ferry_s = _by_value(tags["duration"], parse_duration_s)
    is_ferry = _matches(tags["route"], r"^ferry$") & _is_empty(tags["highway"]) & carries
    is_timed = np.isfinite(ferry_s) & (ferry_s > 0)
    exclude = {key: value for key, value in ways.exclude.items() if key != "area"} if mode.squares else ways.exclude
    is_street = ~_is_empty(tags["highway"]) & ~_matches_any(tags, exclude)
    oneway, junction = tags["oneway"], tags["junction"]
    used_ferry = is_ferry & is_timed
    one_way = _is_in(oneway, ONE_WAY) | (_is_in(junction, frozenset({"roundabout"})) & ~used_ferry)
    if ways.bidirectional:
        one_way &= used_ferry  # on foot streets run both ways; a ferry that sails one way sails one way for all
    reverse = one_way & _is_in(oneway, REVERSED)
    return WayUse(
        is_used=is_street | used_ferry,
        is_ferry=used_ferry,
        forward=~reverse,
        backward=~one_way | reverse,
        speed_mps=np.where(used_ferry, np.nan, _speeds_kph(tags, mode) * KPH_TO_MPS),
        ferry_s=np.where(used_ferry, ferry_s, np.nan),
        wait_s=np.where(used_ferry, np.nan_to_num(_by_value(tags["interval"], parse_duration_s)) / 2, 0.0),
        ferries_without_time=int((is_ferry & ~is_timed).sum()),
    )


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


def parse_duration_s(text: str) -> float:
    """Return the seconds of an OSM ``duration`` or ``interval``: ``MM``, ``HH:MM``, ``HH:MM:SS`` or ISO ``PT1H30M``; NaN else.

    https://wiki.openstreetmap.org/wiki/Key:duration
    """
    text = text.strip()
    iso = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", text)
    if iso and any(iso.groups()):
        hours, minutes, seconds = (float(part or 0) for part in iso.groups())
        return hours * 3600 + minutes * 60 + seconds
    clock = re.fullmatch(r"(\d+):(\d{1,2})(?::(\d{1,2}))?", text)
    if clock:
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    plain = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:min|minutes)?", text)
    return float(plain.group(1)) * 60 if plain else float("nan")


def parse_maxspeed_kph(text: str) -> float:
    """Return the km/h of an OSM ``maxspeed``: ``60``, ``60 km/h``, ``40 mph``; NaN for words such as ``CN:urban``."""
    match = re.match(r"\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?", text)
    if not match:
        return float("nan")
    return float(match.group(1)) * (MPH_TO_KPH if match.group(2) == "mph" else 1.0)


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
