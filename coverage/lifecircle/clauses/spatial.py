"""Clauses that measure places: areas, lines, people inside or near, records near others."""

from __future__ import annotations

import numpy as np
import shapely

from lifecircle.clauses.facts import Facts, Selected
from lifecircle.clauses.registry import Finding, Findings, measure
from lifecircle.config.indicators import Affected, AreaShare, Length, Near, PeopleNear
from lifecircle.config.schema import Level
from lifecircle.measures.places import area_within_m2, cells_inside, length_within_m
from lifecircle.measures.rows import plain_figures, ratio_figures
from lifecircle.model import FloatArray


@measure(AreaShare)
def area_share(entry: AreaShare, facts: Facts) -> Findings:
    """Divide what covers an area by the area, overlaps counted once; both cut at the unit."""
    above = _dissolved(facts.select(entry.of, everywhere=True))
    below = _dissolved(facts.select(entry.within, everywhere=True)) if entry.within else None
    covered = above if below is None else shapely.intersection(above, below)
    figures = []
    for level in facts.levels_for(entry.levels):
        base = _by_unit(facts, level, None if below is None else below)
        figures.append(ratio_figures(facts.levels[level], _by_unit(facts, level, covered), base))
    return Findings((Finding(tuple(figures)),))


def _dissolved(chosen: Selected) -> shapely.Geometry:
    return shapely.union_all(chosen.geometry if chosen.geometry is not None else [])


def _by_unit(facts: Facts, level: Level, area: shapely.Geometry | None) -> FloatArray:
    own = facts.levels[level]
    geometry = facts.units[own.parts or level].geometry
    value = area_within_m2(geometry, area) if area is not None else shapely.area(geometry)
    return np.array([value.sum()]) if own.parts is not None else value


@measure(PeopleNear)
def people_near(entry: PeopleNear, facts: Facts) -> Findings:
    """Count people inside places, or within so many metres as the crow flies, over all people; places outside the district too."""
    share = cells_inside(facts.cells, _dissolved(facts.select(entry.of, everywhere=True)), entry.metres)
    people = facts.group(entry.group)
    figures = [
        ratio_figures(facts.levels[level], facts.levels[level].sum(people * share), facts.levels[level].sum(people))
        for level in facts.levels_for(entry.levels)
    ]
    return Findings((Finding(tuple(figures), counts="人"),))


@measure(Affected)
def affected(entry: Affected, facts: Facts) -> Findings:
    """Count the people who live inside places or near them, wherever the places are."""
    share = cells_inside(facts.cells, _dissolved(facts.select(entry.of, everywhere=True)), entry.metres)
    figures = [
        plain_figures(facts.levels[level], facts.levels[level].sum(facts.cells.people * share))
        for level in facts.levels_for(entry.levels)
    ]
    return Findings((Finding(tuple(figures), counts="人"),))


@measure(Length)
def length(entry: Length, facts: Facts) -> Findings:
    """Sum the kilometres of lines in each unit; where two lines lie on each other they count once."""
    lines = _dissolved(facts.select(entry.of))
    figures = []
    for level in facts.levels_for(entry.levels):
        own = facts.levels[level]
        value = length_within_m(facts.units[own.parts or level].geometry, lines) / 1000.0
        figures.append(plain_figures(own, np.array([value.sum()]) if own.parts is not None else value))
    return Findings((Finding(tuple(figures)),))


@measure(Near)
def near(entry: Near, facts: Facts) -> Findings:
    """Divide records within so many metres of any other by all records; what they are near to may lie outside the district."""
    chosen, others = facts.select(entry.of), facts.select(entry.to, everywhere=True)
    is_near = np.zeros(len(chosen))
    if chosen.row is not None and others.row is not None and len(chosen) and len(others):
        one, other = shapely.STRtree(others.geometry).query(chosen.geometry, predicate="dwithin", distance=entry.metres)
        # Of AEDs near AEDs: none is near itself.
        is_near[one[chosen.row[one] != others.row[other]]] = 1.0
    figures = [
        ratio_figures(
            facts.levels[level], facts.sum(level, chosen, is_near), facts.sum(level, chosen, np.ones(len(chosen)))
        )
        for level in facts.levels_for(entry.levels, chosen.unit)
    ]
    return Findings((Finding(tuple(figures)),))
