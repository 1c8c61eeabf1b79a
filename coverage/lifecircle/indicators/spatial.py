"""Measures of places: areas, lines, people inside or near, records near others. Dissolved first, so that nothing is counted twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import shapely
from pydantic import Field

from lifecircle.config.measures import IndicatorEntry
from lifecircle.config.records import Filters, Need, needs_of
from lifecircle.config.schema import Label, Level
from lifecircle.indicators.facts import Facts, Selected
from lifecircle.indicators.figures import Figures, partial_ratio, partial_sum
from lifecircle.indicators.measure import Finding, Findings, measure
from lifecircle.model import BoolArray, Cells, FloatArray, TextArray


class AreaShare(IndicatorEntry):
    """The share of an area that others cover, overlaps counted once: 绿地+水域 of the built-up area."""

    called: ClassVar[Label] = Label(zh="面积占比", en="share of area")
    measure: Literal["area_share"]
    of: Filters
    within: Filters | None = None
    """The area below the line; the unit's own where absent."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """The areas above and below the line."""
        return (*needs_of(self.of), *needs_of(self.within or ()))


class PeopleNear(IndicatorEntry):
    """The share of people inside areas, or within so many metres of them or of lines, as the crow flies: 长廊两侧."""

    called: ClassVar[Label] = Label(zh="范围内人口", en="people inside or near")
    measure: Literal["people_near"]
    of: Filters
    metres: float = Field(default=0.0, ge=0)
    """0: inside."""
    group: str | None = None

    @property
    def needs(self) -> tuple[Need, ...]:
        """The areas or lines."""
        return needs_of(self.of)

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The group counted, if it is one."""
        return (self.group,) if self.group else ()


class Length(IndicatorEntry):
    """The length of lines in each unit, each counted once: 步道, 整治河道."""

    called: ClassVar[Label] = Label(zh="长度", en="length of lines")
    measure: Literal["length"]
    of: Filters

    @property
    def value_unit(self) -> str:
        """Kilometres."""
        return "km"

    @property
    def needs(self) -> tuple[Need, ...]:
        """The lines."""
        return needs_of(self.of)


class Near(IndicatorEntry):
    """The share of records within so many metres of any of others, as the crow flies: restaurants beside dwellings."""

    called: ClassVar[Label] = Label(zh="邻近", en="records near others")
    measure: Literal["near"]
    of: Filters
    to: Filters
    metres: float = Field(gt=0)

    @property
    def needs(self) -> tuple[Need, ...]:
        """Both."""
        return (*needs_of(self.of), *needs_of(self.to))


class Affected(IndicatorEntry):
    """How many people live inside places, or within so many metres of them: whom an impact assessment must hear."""

    called: ClassVar[Label] = Label(zh="涉及人口", en="people affected")
    measure: Literal["affected"]
    of: Filters
    metres: float = Field(default=0.0, ge=0)

    @property
    def value_unit(self) -> str:
        """People."""
        return "人"

    @property
    def needs(self) -> tuple[Need, ...]:
        """The places."""
        return needs_of(self.of)


def area_within_m2(units: TextArray, area: shapely.Geometry) -> FloatArray:
    """Return how much of a dissolved area lies in each unit. Shape (units,)."""
    return np.asarray(shapely.area(shapely.intersection(units, area)), dtype=np.float64)


def length_within_m(units: TextArray, lines: shapely.Geometry) -> FloatArray:
    """Return how much of dissolved lines lies in each unit, the outline of areas among them counted as none. Shape (units,).

    A line on the border of two units (a river) is in the first of them, as a point there is.
    """
    length, left = np.zeros(len(units)), only_lines(lines)
    for row in np.flatnonzero(shapely.intersects(units, left)):
        length[row] = shapely.length(shapely.intersection(units[row], left))
        left = shapely.difference(left, units[row])
    return length


def only_lines(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return the lines of a collection."""
    parts = shapely.get_parts(geometry)
    return shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (1, 2, 5))])


def cells_inside(cells: Cells, place: shapely.Geometry, metres: float) -> FloatArray:
    """Return the share (0-1) of each cell that lies in a place, or whether its centre is within so many metres of it.

    A square cell is inside by its share of area, a point as a whole; within metres > 0 it is the centre that counts. Shape (cells,).
    """
    if shapely.is_empty(place):
        return np.zeros(len(cells))
    shapely.prepare(place)
    point = shapely.points(cells.x, cells.y)
    if metres > 0:
        return np.asarray(shapely.dwithin(point, place, metres), dtype=np.float64)
    if cells.size_m <= 0:
        return np.asarray(shapely.intersects(point, place), dtype=np.float64)
    half = cells.size_m / 2
    square = shapely.box(cells.x - half, cells.y - half, cells.x + half, cells.y + half)
    share = np.asarray(shapely.contains_properly(place, square), dtype=np.float64)
    border = np.flatnonzero((share == 0) & shapely.intersects(place, square))
    share[border] = shapely.area(shapely.intersection(square[border], place)) / cells.size_m**2
    return share


def people_inside(points: shapely.STRtree, areas: Sequence[shapely.Geometry], people: FloatArray) -> FloatArray:
    """Return for each area the people of the cells whose centre lies in it or on its border. Shape (areas,).

    Parameters
    ----------
    points
        Of the cells' centres, in their order.
    """
    area, cell = points.query(np.array(areas, dtype=object), predicate="intersects")
    return np.bincount(area, weights=people[cell], minlength=len(areas)).astype(np.float64)


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
