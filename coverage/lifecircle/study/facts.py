"""A district's layers and what its rules came to, as the facts that clauses ask."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import shapely

from lifecircle.clauses import Facts
from lifecircle.config.schema import LEVELS, Level
from lifecircle.measures.levels import levels_of
from lifecircle.model import IntArray, RuleResult, TextArray, Units
from lifecircle.problems import Problems
from lifecircle.sources import parents
from lifecircle.study.journeys import Journeys
from lifecircle.study.layers import Layers


def gather_facts(
    layers: Layers, year: int, results: Mapping[str, RuleResult], travel: Journeys, problems: Problems
) -> Facts:
    """Return everything a clause may ask for."""
    heights = travel.heights
    levels = levels_of(layers.district, layers.units, layers.cells)
    geometry = pd.concat([layers.facilities.frame["geometry"], layers.places.frame["geometry"]]).to_numpy(dtype=object)
    return Facts(
        configuration=layers.configuration,
        district=layers.district,
        year=year,
        units=layers.units,
        levels=levels,
        parents=_parents(layers.units),
        cells=layers.cells,
        facilities=layers.facilities,
        layers=layers.places,
        place_unit=_units_of_places(geometry, layers.units),
        registers=layers.registers,
        results=results,
        reach=travel.within,
        problems=problems,
        height_m=(lambda x, y: heights.sample(x, y, False)) if heights is not None else None,
    )


def _parents(units: Mapping[Level, Units]) -> dict[tuple[Level, Level], IntArray]:
    held = [level for level in LEVELS[1:] if level in units]
    return {
        (level, above): parents(units[level], units[above])
        for place, level in enumerate(held)
        for above in held[:place]
    }


def _units_of_places(geometry: TextArray, units: Mapping[Level, Units]) -> dict[Level, IntArray]:
    """Return the unit of every place per level: that of a point on it, else the first that it touches; -1 outside."""
    point = shapely.point_on_surface(geometry)
    found: dict[Level, IntArray] = {}
    for level, held in units.items():
        tree = shapely.STRtree(held.geometry)
        row = np.full(len(geometry), -1, dtype=np.int64)
        for shape in (geometry, point):
            inner, outer = tree.query(shape, predicate="intersects")
            row[inner[::-1]] = outer[::-1]
        found[level] = row
    inside = np.full(len(geometry), -1, dtype=np.int64)
    for row in found.values():
        inside[row >= 0] = 0
    return {"district": inside, **{level: row for level, row in found.items() if level != "district"}}
