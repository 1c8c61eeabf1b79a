"""What a run does without: roads, bridges and ferries that are closed, and ferries that do not sail at its time of day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np
import pyproj

from lifecircle.config import Configuration, Ferry
from lifecircle.config.hours import is_within
from lifecircle.model import BoolArray, Closure, Roads, Sailing
from lifecircle.problems import Problems
from lifecircle.sources.datum import WGS84, to_district

NAME_KEYS = ("name", "bridge:name")
"""A bridge has its own name under ``bridge:name``; ``name`` is that of the road it carries."""
MANY = ";"
"""Between several values of one tag or id, as OSM writes them."""


def close_links(roads: Roads, configuration: Configuration, crs: pyproj.CRS, problems: Problems) -> Roads:
    """Return the street map without what ``[roads] closed`` names, with the ``[[ferries]]`` that sail; ``closures`` lists the rest."""
    named = configuration.roads.closed if configuration.roads is not None else ()
    roads, by_name = _close_ways(roads, named)
    sailings, idle = _read_sailings(configuration, named, crs, problems)
    known = {closure.name for closure in idle if closure.why == "closed"} | by_name.keys()
    for index, name in enumerate(named):
        if name not in known:
            problems.error(
                "roads-closed-unknown", "district.toml", f'没有这条道路、桥或轮渡 no such road, bridge or ferry "{name}"',
                field=f"roads.closed[{index + 1}]", mend=_nearest(name, roads, configuration.ferries),
                expected="图层中的名称或编号 a name or id of the layer",
            )  # fmt: skip
    closures = (*by_name.values(), *idle)
    _note_closures(roads, configuration, closures, problems)
    return replace(roads, sailings=sailings, closures=closures)


def close_more(
    roads: Roads, configuration: Configuration, named: tuple[str, ...], field: str, problems: Problems
) -> Roads:
    """Return the street map without these roads, bridges and ferries either: a scenario's, over what is closed already.

    A name that nothing has is an error; one that is closed already changes nothing.
    """
    left, by_name = _close_ways(roads, named)
    idle = [sailing.name for sailing in roads.sailings if sailing.name in named]
    known = {*by_name, *idle, *(closure.name for closure in roads.closures)}
    for name in named:
        if name not in known:
            problems.error(
                "scenario-unknown-road", "district.toml", f'没有这条道路、桥或轮渡 no such road, bridge or ferry "{name}"',
                field=f"{field}.close_roads", mend=_nearest(name, roads, configuration.ferries),
                expected="图层中的名称或编号 a name or id of the layer",
            )  # fmt: skip
    if not by_name and not idle:
        return roads
    sails = tuple(sailing for sailing in roads.sailings if sailing.name not in named)
    closed = (*by_name.values(), *(Closure(name, "ferry", "closed") for name in idle))
    return replace(left, sailings=sails, closures=(*roads.closures, *closed))


def _close_ways(roads: Roads, named: tuple[str, ...]) -> tuple[Roads, dict[str, Closure]]:
    """Return the street map without the ways of these names or ids, and what each name closed."""
    if not named:
        return roads, {}
    is_closed = np.zeros(len(roads), dtype=bool)
    found: dict[str, Closure] = {}
    is_ferry = roads.is_ferry
    for name in named:
        of_name = _has_value(roads.way_id, name)
        for key in NAME_KEYS:
            value = roads.tags[key].cat
            of_name |= np.append(_has_value(value.categories, name), False)[value.codes.to_numpy()]
        if of_name.any():
            found[name] = Closure(
                name, "ferry" if is_ferry[of_name].all() else "road", "closed", ways=int(of_name.sum())
            )
        is_closed |= of_name
    return roads.only(~is_closed), found


def _has_value(column: Iterable[object], wanted: str) -> BoolArray:
    """Whether each text is the wanted one, or has it among several."""
    return np.array(
        [text == wanted or (MANY in str(text) and wanted in _split(str(text))) for text in column], dtype=bool
    )


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(MANY)]


def _nearest(name: str, roads: Roads, ferries: Sequence[Ferry]) -> str:
    """Return the name most like one that is not there."""
    known = {ferry.name for ferry in ferries if ferry.name}
    for key in NAME_KEYS:
        for text in roads.tags[key].cat.categories:
            known.update(_split(str(text)))
    close = (
        get_close_matches(name, sorted(known), n=3, cutoff=0.6) or sorted(part for part in known if name in part)[:3]
    )
    if close:
        return f'是否应为 did you mean "{close[0]}"?' + "".join(f' "{other}"?' for other in close[1:])
    if known:
        return "名称须与图层一致，也可写编号 write it as the layer does, or its id"
    return '图层没有名称，可写编号，或指明名称列 the layer has no names: give ids, or fields.name = "名称"'


def _read_sailings(
    configuration: Configuration, named: tuple[str, ...], crs: pyproj.CRS, problems: Problems
) -> tuple[tuple[Sailing, ...], list[Closure]]:
    """Return the ``[[ferries]]`` that sail, with their landings in the district's CRS, and those that do not."""
    at = configuration.district.at if configuration.district is not None else None
    sailings, idle = [], []
    for index, ferry in enumerate(configuration.ferries):
        name = ferry.name or f"({ferry.from_[0]}, {ferry.from_[1]}) - ({ferry.to[0]}, {ferry.to[1]})"
        hours = ", ".join(ferry.hours)
        if ferry.closed or ferry.name in named:
            idle.append(Closure(name, "ferry", "closed", hours))
        elif at is not None and ferry.hours and not is_within(at, ferry.hours):
            idle.append(Closure(name, "ferry", "hours", hours))
            problems.add(
                "ferry-not-sailing", "note", "district.toml", f"{at} 不开航，未使用 does not sail at {at}, not used: {name}",
                field=f"ferries[{index + 1}].hours", expected=hours,
            )  # fmt: skip
        else:
            sailings.append(_sailing(name, ferry, crs))
    return tuple(sailings), idle


def _sailing(name: str, ferry: Ferry, crs: pyproj.CRS) -> Sailing:
    lon, lat = zip(ferry.from_, ferry.to, strict=True)
    x, y = to_district(np.array(lon), np.array(lat), WGS84, crs)
    seconds = ferry.minutes * 60 + ferry.headway_minutes * 60 / 2
    return Sailing(name, (float(x[0]), float(y[0])), (float(x[1]), float(y[1])), seconds, ferry.modes)


def _note_closures(
    roads: Roads, configuration: Configuration, closures: tuple[Closure, ...], problems: Problems
) -> None:
    """Say what is closed, and what the time of day, or its absence, does to the ferries."""
    for text, field in _hour_notes(roads, configuration):
        problems.add("ferry-hours", "note", "district.toml", text, field=field)
    for closure in closures:
        if closure.why == "closed":
            code, field = ("ferry-closed", "ferries") if closure.kind == "ferry" else ("road-closed", "roads.closed")
            problems.add(
                code, "note", "district.toml", f"停用 closed, not used: {closure.name}", field=field,
                count=max(closure.ways, 1),
            )  # fmt: skip


def _hour_notes(roads: Roads, configuration: Configuration) -> Iterator[tuple[str, str]]:
    at = configuration.district.at if configuration.district is not None else None
    timed = sum(bool(ferry.hours) for ferry in configuration.ferries)
    if at is None and timed:
        yield (
            f"未设时刻，{timed} 条有开航时段的轮渡都按开航计 no time of day: {timed} ferries with hours sail all day; 设 set district.at 或 or --at",
            "district.at",
        )
    if at is not None:
        of_map = int(roads.is_ferry.sum())
        if of_map:
            text = f"道路图层中的 {of_map} 条轮渡不读 opening_hours，都按开航计 the map's {of_map} ferries sail at any time"
            yield f"{text}: opening_hours is not read; 可用 use [roads] closed 或 or [[ferries]] hours", "roads"
