"""Links among what a plan may build: for each set of them the streets are laid anew, and asked who is within reach."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import Rule, load_link_kinds
from lifecircle.model import BoolArray, LinkWork, NewLink, RuleGaps
from lifecircle.problems import Problems
from lifecircle.siting.covering import covers_within
from lifecircle.siting.links import LinkedCovers
from lifecircle.sources import lay_links
from lifecircle.study.candidates import areas_kept_clear
from lifecircle.study.layers import Layers, Progress, say_nothing
from lifecircle.study.routing import Routing, StageTimer
from lifecircle.study.scenario_layers import add_said
from lifecircle.travel.ways import KPH_TO_MPS, class_speed_kph

COAST_M = 20.0
"""How far a line may leave the district's units before it is taken to leave the land."""


def links_of(layers: Layers, rule: Rule) -> tuple[LinkWork, ...]:
    """Return the links that carry a rule's mode; none where it goes over terrain. A circle in metres is not crossed by boat."""
    if layers.configuration.modes[rule.mode].engine == "terrain" or layers.roads is None:
        return ()
    on_foot = [link for link in layers.links if rule.mode in link.laid.modes]
    return tuple(link for link in on_foot if not (rule.is_distance and link.kind == "ferry"))


def propose_links(layers: Layers, rule: Rule, gaps: RuleGaps) -> tuple[LinkWork, ...]:
    """Return straight ways from a rule's largest gaps that are cut off to the facility that is near as the crow flies.

    As many as ``[siting] made_links`` says, for people on foot only; a bridge where the line crosses a barrier or an area that is kept
    clear, else a footpath. Left out are lines that alone take longer than the limit, to streets that only a ferry joins, and out
    over what is not in the district (the sea). They are proposals to be looked at on the ground: nobody has seen what lies between.
    """
    options, mode = layers.configuration.siting, layers.configuration.modes[rule.mode]
    if not options.made_links or mode.engine == "terrain" or mode.network_type != "walk":
        return ()
    place = layers.facilities.frame["geometry"].to_numpy(dtype=object)
    names = layers.facilities.frame["name"].to_numpy(dtype=object)
    frame = gaps.frame
    cut_off = frame[(frame["cause"] == "cut_off") & (frame["crow"] >= 0) & (frame["link"] != "ferry")]
    lines = shapely.shortest_line(cut_off["geometry"].to_numpy(dtype=object), place[cut_off["crow"].to_numpy()])
    length_m = shapely.length(lines)
    most_m = rule.limit
    if not rule.is_distance:
        most_m = (rule.limit - rule.fixed_minutes) * 60 * class_speed_kph(mode, "footway") * KPH_TO_MPS
    fits = (length_m > 0) & (length_m <= most_m) & _stays_inside(layers, lines)
    water = shapely.STRtree([*layers.barriers.shape, *areas_kept_clear(layers)])
    found: list[LinkWork] = []
    for at in np.flatnonzero(fits)[: options.made_links].tolist():
        gap, line = cut_off.iloc[at], lines[at]
        is_bridge = len(water.query(line, predicate="intersects")) > 0
        kind = load_link_kinds()["bridge" if is_bridge else "footpath"]
        points = tuple((float(x), float(y)) for x, y in shapely.get_coordinates(line))
        name = f"{gap['name_zh']}→{names[gap['crow']]}"
        per_m = options.bridge_yuan_per_m if is_bridge else options.footpath_yuan_per_m
        cost = float(length_m[at]) * per_m if per_m > 0 else np.nan
        laid = NewLink(name, points, (rule.mode,), kind.highway, None, is_bridge)
        found.append(LinkWork(f"gap-{gap['rank']}", name, kind.id, laid, points, cost))
    return tuple(found)


def _stays_inside(layers: Layers, lines: np.ndarray) -> BoolArray:
    """Return which lines lie in the district's units, but for a few metres of coast drawn coarsely."""
    units = next(iter(layers.units.values()), None)
    if units is None:
        return np.ones(len(lines), dtype=np.bool_)
    outside = shapely.difference(lines, shapely.union_all(units.geometry))
    return np.asarray(shapely.length(outside) <= COAST_M)


def describe_link_candidates(links: tuple[LinkWork, ...], crs: object) -> gpd.GeoDataFrame:
    """Return links as works beside candidates: ``candidate_id, name, cost_yuan, work, geometry``."""
    frame = pd.DataFrame(
        {
            "candidate_id": [f"link:{link.id}" for link in links],
            "name": [link.name for link in links],
            "cost_yuan": [link.cost_yuan for link in links],
            "work": [link.kind for link in links],
        }
    )
    lines = np.array([shapely.LineString(link.line) for link in links], dtype=object)
    return gpd.GeoDataFrame(frame, geometry=lines, crs=crs)


def link_covers(
    layers: Layers, links: tuple[LinkWork, ...], rule: Rule, problems: Problems, progress: Progress
) -> LinkedCovers:
    """Return who is within a rule's limit of which of its facilities, for any set of links.

    Parameters
    ----------
    layers
        With the candidates among the facilities that serve the rule.
    problems
        Gets what laying the links shows: an end that no street is near.
    """
    roads, known = layers.roads, list(problems.found)
    if roads is None:
        raise RuntimeError("links without roads must have been left out")
    count = 0

    def ask(built: BoolArray) -> object:
        nonlocal count
        count += 1
        progress(f"连接的第 {count} 种组合 set of links no. {count}")
        chosen = tuple(link for link, is_built in zip(links, built, strict=True) if is_built)
        said = Problems()
        laid = replace(layers, roads=lay_links(roads, chosen))
        covers = covers_within(Routing(laid, StageTimer(say_nothing), said).within(rule), rule.limit)
        add_said(said, known, "links", problems)
        known.extend(said.found)
        return covers

    return LinkedCovers(len(layers.serving[rule.id]), len(links), ask)
