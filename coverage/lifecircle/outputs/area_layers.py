"""Isochrones and catchments as the layers of ``coverage.gpkg``, and what the manifest says of them.

The cells decide every figure: ``people_covered`` and ``people`` are sums over cells; ``people_inside`` is what a polygon holds, to be
held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.config import load_bands
from lifecircle.measures.catchments import MOST_CHOICES, people_by_choice
from lifecircle.model import AreaWithin, RuleResult, Study


def area_layers(study: Study) -> dict[str, gpd.GeoDataFrame]:
    """Return ``isochrones`` (dissolved, in nested bands), ``isochrones_by_facility`` and ``catchments``; none where none were drawn."""
    if not study.areas:
        return {}
    rows: dict[str, list[dict[str, Any]]] = {"isochrones": [], "isochrones_by_facility": [], "catchments": []}
    for rule_id, areas in study.areas.items():
        result = study.results[rule_id]
        rows["isochrones"] += _isochrone_rows(study, result, areas.bands)
        rows["isochrones_by_facility"] += _isochrone_rows(study, result, areas.by_facility)
        rows["catchments"] += [
            {
                **_of_rule(result, result.rule.limit),
                **_of_facility(study, area.facility),
                "people": area.people,
                **area.groups,
                "geometry": area.polygon,
            }
            for area in areas.catchments
        ]
    return {
        name: gpd.GeoDataFrame(pd.DataFrame(entries), geometry="geometry", crs=study.district.crs)
        for name, entries in rows.items()
        if entries
    }


def _isochrone_rows(study: Study, result: RuleResult, areas: Iterable[AreaWithin]) -> Iterator[dict[str, Any]]:
    for area in areas:
        yield {
            **_of_rule(result, area.limit),
            **_of_facility(study, area.facility),
            "people_covered": area.people_covered,
            "people_inside": area.people_inside,
            "people_difference": area.people_inside - area.people_covered,
            "outside_share": area.outside_share,
            "slower_share": area.slower_share,
            "cell_m": area.cell_m,
            "geometry": area.polygon,
        }


def _of_rule(result: RuleResult, limit: float) -> dict[str, Any]:
    return {
        "rule": result.rule.id,
        "label": result.rule.names.zh,
        "limit": float(limit),
        "limit_unit": result.rule.limit_unit,
    }


def _of_facility(study: Study, row: int) -> dict[str, Any]:
    if row < 0:
        return {"facility_id": "", "name": ""}
    facility = study.facilities.frame.iloc[row]
    name = facility["name"]
    return {"facility_id": str(facility["facility_id"]), "name": name if isinstance(name, str) else ""}


def describe_areas(study: Study) -> dict[str, Any]:
    """Return how areas were cut and, per rule, what each band's polygon holds, misses and should not hold; and who has a choice."""
    return {
        "note": "等时圈由出行时间画出，数字以人口格为准 drawn from travel times; the cells decide the figures",
        "bands": load_bands().model_dump(mode="json"),
        "rules": {
            rule_id: {
                "people_by_choices": _choices(result),
                "bands": [_describe_band(area) for area in study.areas[rule_id].bands]
                if rule_id in study.areas
                else [],
            }
            for rule_id, result in study.results.items()
        },
    }


def _choices(result: RuleResult) -> dict[str, float]:
    people = people_by_choice(result.choices, result.people)
    names = [*map(str, range(MOST_CHOICES)), f"{MOST_CHOICES}+"]
    return dict(zip(names, people.tolist(), strict=True))


def _describe_band(area: AreaWithin) -> dict[str, float | None]:
    apart = area.people_inside - area.people_covered
    values = {
        "limit": area.limit,
        "people_covered": area.people_covered,
        "people_inside": area.people_inside,
        "people_difference_share": apart / area.people_covered if area.people_covered else np.nan,
        "outside_share": area.outside_share,
        "slower_share": area.slower_share,
        "cell_m": area.cell_m,
        "area_km2": area.polygon.area / 1e6,
    }
    return {name: None if np.isnan(value) else float(value) for name, value in values.items()}
