"""Sites on the page: what to build in which order, the proof, the removal loss, and whom it brings within reach."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.config import kinds_of
from lifecircle.config.schema import LEVELS
from lifecircle.model import BoolArray, Cells, FloatArray, IntArray, SitesFound
from lifecircle.outputs.layers import middle_of
from lifecircle.outputs.webmap.notes import describe_identity, describe_kinds, name_of
from lifecircle.outputs.webmap.page import SITES, write_page
from lifecircle.outputs.webmap.places import Drawn, describe_units, encode_shape, list_facilities, to_degrees
from lifecircle.outputs.webmap.surfaces import (
    BEYOND_COLOURS,
    CLASSES,
    NEW_COLOURS,
    ClassArray,
    break_people,
    draw_cells,
)
from lifecircle.outputs.webmap.unit_figures import as_number
from lifecircle.outputs.wording import OBJECTIVE_NAMES, work_names

HELD_COLOUR = "#d5dee3"
"""Who is covered by what stands: there, and out of the way."""
DETAIL_M = 2.0


def draw_sites(found: SitesFound, drawn: Drawn, serving: IntArray, path: Path) -> None:
    """Write the map of an answer to where to build to ``path``: the same answer gives the same bytes.

    Parameters
    ----------
    drawn
        The layers that the question was asked of (``study.layers.Layers``).
    serving
        Rows of the facilities that serve the rule and stand: ``layers.serving[found.rule.id]``.
    """
    title = f"{drawn.district.name.zh} {found.rule.names.zh} 选址方案图"
    write_page(describe_sites(found, drawn, serving), SITES, title, path)


def describe_sites(found: SitesFound, drawn: Drawn, serving: IntArray) -> dict[str, Any]:
    """Return everything the page of one answer shows, as one block of plain values."""
    facilities, position = list_facilities(drawn)
    kinds = kinds_of((*drawn.configuration.facilities, *drawn.configuration.layers))
    return {
        "district": describe_identity(drawn.district),
        "levels": describe_units(drawn),
        "facilities": facilities
        | {
            "serving": {
                found.rule.id: {
                    "facility": [position[row] for row in serving.tolist() if row in position],
                    "onward": [],
                }
            }
        },
        "kinds": describe_kinds(drawn.facilities, kinds),
        "plans": describe_plans(drawn, (found,)),
    }


def describe_plans(drawn: Drawn, plans: Sequence[SitesFound]) -> dict[str, Any] | None:
    """Return the answers to where to build, each with its sites, its proof and its curve; None where nobody asked.

    Shares are 0-100. ``price`` is people lost without a site (sites or yuan more, where a share was asked for), ``needed`` where no
    plan goes without it, None where that was not asked. ``surfaces`` draw whom the sites newly cover (classes 1-4), whom nobody
    covers still (5-8) and who was covered (9).
    """
    if not plans:
        return None
    named = {found.id: found for found in plans}
    people = {name: _people_of(drawn.cells, found) for name, found in named.items()}
    breaks = {name: break_people(people[name][people[name] > 0]) for name in named}
    classes = {name: _classify(found, people[name], breaks[name]) for name, found in named.items()}
    surfaces = draw_cells(
        drawn.cells,
        {name: (classes[name], people[name]) for name in named},
        (*NEW_COLOURS, *BEYOND_COLOURS, HELD_COLOUR),
    )
    return {
        "surfaces": surfaces,
        "plans": [
            _describe_plan(name, found, drawn, people[name])
            | {"breaks": breaks[name], "classes": _count(classes[name], people[name])}
            for name, found in named.items()
        ],
    }


def _people_of(cells: Cells, found: SitesFound) -> FloatArray:
    return cells.people if found.rule.group is None else cells.groups[found.rule.group]


def _classify(found: SitesFound, people: FloatArray, breaks: Sequence[float]) -> ClassArray:
    """Return the class of every cell; where it is not known what stood covers, all that is covered is new."""
    size = np.digitize(people, breaks) + 1
    after = found.siting.covered
    before = _before(found)
    by_cell = np.where(before, 2 * CLASSES + 1, np.where(after, size, size + CLASSES))
    return np.where(people > 0, by_cell, 0).astype(np.uint8)


def _before(found: SitesFound) -> BoolArray:
    return np.zeros_like(found.siting.covered) if found.cells_before is None else found.cells_before


def _count(classes: npt.NDArray[np.uint8], people: FloatArray) -> list[float]:
    sums = np.bincount(classes, weights=np.nan_to_num(people), minlength=2 * CLASSES + 2)
    return [float(value) for value in sums[1:]]


def _describe_plan(name: str, found: SitesFound, drawn: Drawn, people: FloatArray) -> dict[str, Any]:
    siting, question = found.siting, found.question
    return {
        "id": name,
        "rule": found.rule.id,
        "rule_name": name_of(found.rule.names),
        "name": name_of(found.names),
        "question": {
            "objective": None if question.objective == "coverage" else name_of(OBJECTIVE_NAMES[question.objective]),
            "count": question.count, "share": as_number(100 * question.target) if question.target is not None else None,
            "budget": as_number(question.budget_yuan), "floor": as_number(100 * question.floor) if question.floor is not None else None,
        },
        "status": siting.status,
        "gap": as_number(100 * siting.gap),
        "bound": as_number(found.objective[2] if question.target is None else siting.bound),
        "objective": [as_number(value) for value in found.objective[:2]],
        "unit": found.objective_unit,
        "people": found.people,
        "before": found.covered_before,
        "after": siting.people_covered,
        "cost_yuan": siting.cost_yuan,
        "candidates": found.candidates,
        "links": found.links,
        "spacing_m": found.spacing_m,
        "sites": _describe_sites(found, drawn.district.crs),
        "curve": {
            "sites": [int(count) for count in found.curve["sites"]],
            "share": [as_number(share) for share in found.curve["share_pct"]],
            "bound": [as_number(100 * bound / found.people) if found.people > 0 else None for bound in found.curve["bound"]],
            "is_proven": [status == "optimal" for status in found.curve["status"]],
        },
        "targets": [
            [float(row["share_pct"]), as_number(row["sites"]), row["status"] == "optimal"] for row in found.targets.to_dict("records")
        ],
        "units": _describe_units(found, drawn, people),
    }  # fmt: skip


def _describe_sites(found: SitesFound, crs: str) -> list[dict[str, Any]]:
    if not len(found.sites):
        return []
    geometries = np.array(list(found.sites.geometry), dtype=object)
    points = to_degrees(middle_of(geometries), crs)
    shapes = to_degrees(shapely.simplify(geometries, DETAIL_M), crs)
    works = {kind: name_of(label) for kind, label in work_names().items()}
    return [
        {
            "order": int(row["order"]), "id": str(row["candidate_id"]), "name": str(row["name"]),
            "point": [round(shapely.get_y(point), 5), round(shapely.get_x(point), 5)],
            "shape": None if shapely.get_dimensions(shape) == 0 else encode_shape(shape),
            "gained": as_number(row["people_gained"]), "share": as_number(row["cumulative_share_pct"]),
            "cost_yuan": as_number(row["cost_yuan"]), "price": _price(row["price_of_no"]), "instead": str(row["instead"]),
            "work": works[row["work"]], "per_10k": as_number(row["people_per_10k_yuan"]),
            "holds": str(row["holds_in"]),
        }
        for row, point, shape in zip(found.sites.drop(columns="geometry").to_dict("records"), points, shapes, strict=True)
    ]  # fmt: skip


def _price(price: Any) -> float | str | None:
    return "needed" if pd.notna(price) and np.isposinf(price) else as_number(price)


def _describe_units(found: SitesFound, drawn: Drawn, people: FloatArray) -> dict[str, dict[str, list[float]]]:
    """Return per level under the district the people of each unit, and how many were covered and would be."""
    covered = {"people": people, "before": people * _before(found), "after": people * found.siting.covered}
    return {
        level: {
            name: [round(float(value), 2) for value in drawn.cells.membership[level] @ values]
            for name, values in covered.items()
        }
        for level in LEVELS
        if level in drawn.cells.membership
    }
