"""Links among what a plan may build: for each set of them the streets are laid anew, and asked who is within reach."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import Rule, load_link_kinds
from lifecircle.model import BoolArray, LinkWork, NewLink, RuleGaps
from lifecircle.planning.links import LinkedCovers
from lifecircle.planning.sites import covers_within
from lifecircle.problems import Problems
from lifecircle.sources import lay_links
from lifecircle.study.journeys import Clock, Journeys
from lifecircle.study.layers import Layers, Progress, say_nothing
from lifecircle.study.variants import add_said


def links_of(layers: Layers, rule: Rule) -> tuple[LinkWork, ...]:
    """Return the links that carry a rule's mode; none where it goes over terrain. A circle in metres is not crossed by boat."""
    if layers.configuration.modes[rule.mode].engine == "terrain" or layers.roads is None:
        return ()
    on_foot = [link for link in layers.links if rule.mode in link.laid.modes]
    return tuple(link for link in on_foot if not (rule.is_distance and link.kind == "ferry"))


def propose_links(layers: Layers, rule: Rule, gaps: RuleGaps) -> tuple[LinkWork, ...]:
    """Return straight ways from a rule's largest gaps that are cut off to the facility that is near as the crow flies.

    As many as ``[siting] made_links`` says; a bridge where the line crosses a barrier, else a footpath. One longer than the limit in
    metres is of no use and left out. They are proposals to be looked at on the ground: nobody has seen what lies between.
    """
    options, mode = layers.configuration.siting, layers.configuration.modes[rule.mode]
    if not options.made_links or mode.engine == "terrain" or layers.roads is None:
        return ()
    place = layers.facilities.frame["geometry"].to_numpy(dtype=object)
    names = layers.facilities.frame["name"].to_numpy(dtype=object)
    barriers = shapely.STRtree(layers.barriers.shape)
    found: list[LinkWork] = []
    cut_off = gaps.frame[(gaps.frame["cause"] == "cut_off") & (gaps.frame["crow"] >= 0)]
    for gap in cut_off.itertuples(index=False):
        if len(found) == options.made_links:
            break
        line = shapely.shortest_line(gap.geometry, place[gap.crow])
        if line.length == 0 or (rule.is_distance and line.length > rule.limit):
            continue
        is_bridge = len(barriers.query(line, predicate="intersects")) > 0
        kind = load_link_kinds()["bridge" if is_bridge else "footpath"]
        points = tuple((float(x), float(y)) for x, y in shapely.get_coordinates(line))
        name = f"{gap.name_zh}→{names[gap.crow]}"
        per_m = options.bridge_yuan_per_m if is_bridge else options.footpath_yuan_per_m
        cost = line.length * per_m if per_m > 0 else np.nan
        laid = NewLink(name, points, (rule.mode,), kind.highway, None, is_bridge)
        found.append(LinkWork(f"gap-{gap.rank}", name, kind.id, laid, points, cost))
    return tuple(found)


def describe_links(links: tuple[LinkWork, ...], crs: object) -> gpd.GeoDataFrame:
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
        covers = covers_within(Journeys(laid, Clock(say_nothing), said).within(rule), rule.limit)
        add_said(said, known, "links", problems)
        known.extend(said.found)
        return covers

    return LinkedCovers(len(layers.serving[rule.id]), len(links), ask)
