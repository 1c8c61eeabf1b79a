"""Clauses that measure places: areas, lines, people inside or near, records near others."""

from __future__ import annotations

import numpy as np
import shapely

from lifecircle.clauses.facts import Facts, Selected
from lifecircle.clauses.registry import Finding, Findings, measure
from lifecircle.config.indicators import Affected, AreaShare, Length, Near, PeopleNear
from lifecircle.config.schema import Level
from lifecircle.measures.partial import partial_ratio, partial_sum
from lifecircle.measures.places import area_within_m2, cells_inside, length_within_m
from lifecircle.measures.rows import Figures
from lifecircle.model import BoolArray, FloatArray


@measure(AreaShare)
def area_share(entry: AreaShare, facts: Facts) -> Findings:
    """Divide what covers an area by the area, overlaps counted once; both cut at the unit."""
    above = facts.select(entry.of, everywhere=True)
    below = facts.select(entry.within, everywhere=True) if entry.within else None
    covers, may_cover = _dissolved(above), _dissolved(above, *above.unsure)
    base = None if below is None else _dissolved(below)
    whole = None if below is None else _dissolved(below, *below.unsure)
    covered = covers if base is None else shapely.intersection(covers, base)
    may = may_cover if whole is None else shapely.intersection(may_cover, whole)
    figures = []
    for level in facts.levels_for(entry.levels):
        has, may_have = _by_unit(facts, level, covered), _by_unit(facts, level, may)
        total = _by_unit(facts, level, whole)
        # What is surely of the area and surely covered or surely not is known; the rest is not.
        unknown = may_have - has
        if base is not None and below is not None and below.unsure:
            unknown = np.maximum(unknown, total - _by_unit(facts, level, base))
        known = np.where(unknown > 0, total - unknown, total)
        figures.append(partial_ratio(facts.levels[level], has, known, np.maximum(unknown, 0.0), facts.unknown_max))
    return Findings((Finding(tuple(figures), years=_years(above, below)),))


def _years(*chosen: Selected | None) -> tuple[int, ...]:
    return tuple(sorted({year for one in chosen if one is not None for year in one.years}))


def _dissolved(*chosen: Selected) -> shapely.Geometry:
    held = [one.geometry for one in chosen if one.geometry is not None and len(one)]
    return shapely.union_all(np.concatenate(held) if held else [])


def _by_unit(facts: Facts, level: Level, area: shapely.Geometry | None) -> FloatArray:
    own = facts.levels[level]
    geometry = facts.units[own.parts or level].geometry
    value = area_within_m2(geometry, area) if area is not None else shapely.area(geometry)
    return np.array([value.sum()]) if own.parts is not None else value


def _inside(facts: Facts, chosen: Selected, metres: float) -> tuple[FloatArray, FloatArray]:
    """Return the share (0-1) of each cell inside places (or near them), and the share more that may be, of those not known to count."""
    share = cells_inside(facts.cells, _dissolved(chosen), metres)
    if not chosen.unsure:
        return share, np.zeros_like(share)
    return share, np.maximum(cells_inside(facts.cells, _dissolved(chosen, *chosen.unsure), metres) - share, 0.0)


@measure(PeopleNear)
def people_near(entry: PeopleNear, facts: Facts) -> Findings:
    """Count people inside places, or within so many metres as the crow flies, over all people; places outside the district too."""
    chosen = facts.select(entry.of, everywhere=True)
    (share, more), people = _inside(facts, chosen, entry.metres), facts.group(entry.group)
    figures = []
    for level in facts.levels_for(entry.levels):
        near, may, everyone = (facts.levels[level].sum(people * each) for each in (share, more, 1.0))
        figures.append(partial_ratio(facts.levels[level], near, everyone - may, may, facts.unknown_max))
    return Findings((Finding(tuple(figures), counts="人", years=chosen.years),))


@measure(Affected)
def affected(entry: Affected, facts: Facts) -> Findings:
    """Count the people who live inside places or near them, wherever the places are."""
    chosen = facts.select(entry.of, everywhere=True)
    share, more = _inside(facts, chosen, entry.metres)
    figures = []
    for level in facts.levels_for(entry.levels):
        inside, may = (facts.levels[level].sum(facts.cells.people * each) for each in (share, more))
        figures.append(_sum_of(facts, level, inside, may))
    return Findings((Finding(tuple(figures), counts="人", years=chosen.years),))


def _sum_of(facts: Facts, level: Level, value: FloatArray, may: FloatArray) -> Figures:
    unknown = np.divide(may, value + may, out=np.zeros_like(may), where=may > 0)
    return partial_sum(facts.levels[level], value, unknown, may, facts.unknown_max)


@measure(Length)
def length(entry: Length, facts: Facts) -> Findings:
    """Sum the kilometres of lines in each unit; where two lines lie on each other they count once."""
    chosen = facts.select(entry.of)

    def lengths_km(level: Level, lines: shapely.Geometry) -> FloatArray:
        own = facts.levels[level]
        value = length_within_m(facts.units[own.parts or level].geometry, lines) / 1000.0
        return np.array([value.sum()]) if own.parts is not None else value

    lines, may = _dissolved(chosen), _dissolved(chosen, *chosen.unsure)
    figures = []
    for level in facts.levels_for(entry.levels):
        value = lengths_km(level, lines)
        more = np.maximum(lengths_km(level, may) - value, 0.0) if chosen.unsure else np.zeros_like(value)
        figures.append(_sum_of(facts, level, value, more))
    return Findings((Finding(tuple(figures), years=chosen.years),))


@measure(Near)
def near(entry: Near, facts: Facts) -> Findings:
    """Divide records within so many metres of any other by all records; what they are near to may lie outside the district."""
    chosen, others = facts.select(entry.of), facts.select(entry.to, everywhere=True)
    is_near = _is_near(chosen, others, entry.metres)
    may = np.zeros(len(chosen), dtype=bool)
    for maybe in others.unsure:
        may |= _is_near(chosen, maybe, entry.metres) & ~is_near
    figures = []
    for level in facts.levels_for(entry.levels, chosen.unit):
        counts, known, unknown = (facts.sum(level, chosen, each.astype(np.float64)) for each in (is_near, ~may, may))
        for maybe in chosen.unsure:
            unknown = unknown + facts.sum(level, maybe, np.ones(len(maybe)))
        figures.append(partial_ratio(facts.levels[level], counts, known, unknown, facts.unknown_max))
    return Findings((Finding(tuple(figures), years=_years(chosen, others)),))


def _is_near(chosen: Selected, others: Selected, metres: float) -> BoolArray:
    """Return which records have another within so many metres; of AEDs near AEDs none is near itself."""
    is_near = np.zeros(len(chosen), dtype=bool)
    if chosen.row is not None and others.row is not None and len(chosen) and len(others):
        one, other = shapely.STRtree(others.geometry).query(chosen.geometry, predicate="dwithin", distance=metres)
        is_near[one[chosen.row[one] != others.row[other]]] = True
    return is_near
