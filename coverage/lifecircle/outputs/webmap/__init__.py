"""A study to the gap map: one page that opens from disk, offline, and asks no network for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lifecircle.model import Study
from lifecircle.outputs.webmap.board import describe_board
from lifecircle.outputs.webmap.compare import draw_comparison
from lifecircle.outputs.webmap.gaps import describe_gaps
from lifecircle.outputs.webmap.notes import (
    describe_district,
    describe_inputs,
    describe_kinds,
    describe_links,
    describe_modes,
    describe_rules,
)
from lifecircle.outputs.webmap.page import COVERAGE, write_page
from lifecircle.outputs.webmap.places import describe_facilities, describe_units
from lifecircle.outputs.webmap.scenarios import describe_scenarios
from lifecircle.outputs.webmap.sites import describe_plans, draw_sites
from lifecircle.outputs.webmap.surfaces import describe_areas, describe_surfaces
from lifecircle.outputs.webmap.unit_figures import describe_figures

__all__ = ["describe_study", "draw_comparison", "draw_sites", "write_webmap"]


def write_webmap(study: Study, path: Path) -> None:
    """Write the gap map of ``study`` to ``path``; the same study gives the same bytes."""
    write_page(describe_study(study), COVERAGE, f"{study.district.name.zh} {study.year} 设施覆盖图", path)


def describe_study(study: Study) -> dict[str, Any]:
    """Return everything the page shows, as one block of plain values.

    Shares are 0-100, people are raw sums, places are whole 1e-5 degrees (see :mod:`.places`), None stands for "no figure".
    """
    study = study.shown
    rules = {rule.id for rule in study.configuration.rules}
    return {
        "district": describe_district(study),
        "rules": describe_rules(study),
        "not_computed": [{"id": rule, "why": why} for rule, why in study.not_computed.items() if rule in rules],
        "levels": describe_units(study),
        "figures": describe_figures(study),
        "surfaces": describe_surfaces(study),
        "areas": describe_areas(study),
        "gaps": describe_gaps(study),
        "plans": describe_plans(study, study.plans),
        "scenarios": describe_scenarios(study),
        "board": describe_board(study),
        "facilities": describe_facilities(study),
        "kinds": describe_kinds(study.facilities, study.kinds),
        "modes": describe_modes(study),
        "links": describe_links(study),
        "inputs": describe_inputs(study),
    }
