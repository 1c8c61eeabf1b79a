"""Gaps on the page: outlines and points by cause, and of the largest of each rule the name, the evidence and the work in words.

Outlines are for the eye, simplified as areas are (:mod:`.areas`); ``gaps.parquet`` has them as they are, and every gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.config import label_of_group
from lifecircle.gaps.causes import CAUSES
from lifecircle.model import Study
from lifecircle.outputs.gaps import CAUSE_WORDS, gap_table
from lifecircle.outputs.webmap.places import PLACES
from lifecircle.outputs.webmap.surfaces import encode_areas
from lifecircle.outputs.webmap.unit_figures import as_number

COLOURS = {"too_far": "#b35806", "cut_off": "#6a3d9a", "full": "#2166ac", "no_roads": "#4d4d4d"}
"""After ColorBrewer PuOr: apart for the colour-blind, and from the red of the people beyond; outlines differ in their dashes too."""
MOST_DRAWN = 300
"""Gaps of a rule, those with the most people."""
MOST_LISTED = 20
"""Of a rule, with their words: some 600 bytes each."""
MOST_VERTICES = 4_000
"""Per rule, some 6 bytes each."""

Column = list[Any]


def describe_gaps(study: Study) -> dict[str, Any] | None:
    """Return the causes, and per rule its gaps, the most people first; None where no gap was found.

    Per gap drawn: ``people``, ``cause`` (its place in ``causes``), ``point`` (lon, lat in 1e-5 degrees) and ``outline`` (empty where
    the gap is too small to be drawn); ``counted`` is the group they are of, None of everyone. The first of them are ``listed`` with
    words, groups and the place of the nearest facility as the crow flies. ``totals`` are of all gaps, by cause.
    """
    table = gap_table(replace(study, gaps={rule: gaps for rule, gaps in study.gaps.items() if rule in study.results}))
    if not len(table):
        return None
    groups = [group for group in study.cells.groups if group in table]
    return {
        "causes": [
            {"id": cause, "zh": CAUSE_WORDS[cause][0], "en": CAUSE_WORDS[cause][1], "colour": COLOURS[cause]}
            for cause in CAUSES
        ],
        "groups": [
            {"id": group, **_named(group)} for group in groups
        ],
        "rules": {
            str(rule): _describe_rule(study, str(rule), gpd.GeoDataFrame(rows, geometry="geometry", crs=table.crs), groups)
            for rule, rows in table.groupby("rule", sort=False)
        },
    }  # fmt: skip


def _describe_rule(study: Study, rule: str, gaps: gpd.GeoDataFrame, groups: Sequence[str]) -> dict[str, Any]:
    drawn = gaps.head(MOST_DRAWN)
    places = np.rint(drawn[["lon", "lat"]].to_numpy(dtype=np.float64) * PLACES).astype(np.int64)
    crow = study.gaps[rule].frame["crow"].head(MOST_LISTED).tolist()
    counted = study.results[rule].rule.group
    return {
        "counted": None if counted is None else _named(counted),
        "people": [as_number(round(people, 1)) for people in drawn["people"]],
        "cause": [CAUSES.index(cause) for cause in drawn["cause"]],
        "point": places.ravel().tolist(),
        "outline": encode_areas(list(drawn.geometry), study.district.crs, MOST_VERTICES, "any"),
        "listed": [
            _describe_gap(row, groups) | {"crow": _place_of(study, int(facility))}
            for row, facility in zip(drawn.head(MOST_LISTED).to_dict("records"), crow, strict=True)
        ],
        "totals": [
            [int((gaps["cause"] == cause).sum()), float(gaps.loc[gaps["cause"] == cause, "people"].sum())]
            for cause in CAUSES
        ],
    }


def _named(group: str) -> dict[str, str]:
    label = label_of_group(group)
    return {"zh": label.zh, "en": label.en or label.zh}


def _place_of(study: Study, row: int) -> list[float] | None:
    """Return a facility's lat and lon; None for none."""
    frame = study.facilities.frame
    place = [None, None] if row < 0 else [as_number(frame[name].iloc[row]) for name in ("lat", "lon")]
    return [round(value, 5) for value in place if value is not None] or None


def _describe_gap(row: dict[Any, Any], groups: Sequence[str]) -> dict[str, Any]:
    cost = row["minutes"] if pd.notna(row["minutes"]) else row["metres"]
    others = {cause: round(row[f"people_{cause}"], 1) for cause in CAUSES if row[f"people_{cause}"] > 0}
    return {
        "name": {"zh": row["name"], "en": row["name_en"]},
        "share": as_number(row["people_pct"]),
        "groups": [as_number(round(row[group], 1)) for group in groups],
        "cost": as_number(cost),
        "nearest": row["nearest_name"] or row["nearest_facility"],
        "unreachable": as_number(round(row["people_unreachable"], 1)),
        "causes": others if len(others) > 1 else {},
        "evidence": {"zh": row["evidence_zh"], "en": row["evidence_en"]},
        "work": {"zh": row["work_zh"], "en": row["work_en"]},
    }
