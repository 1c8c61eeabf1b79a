"""Two years on a map: units by the change of an indicator, whose cover changed, and what differs between the years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from lifecircle.comparison.decomposition import CAUSES, ChangedCells, Comparison, ComparisonLayers
from lifecircle.config import kinds_of, load_policies
from lifecircle.config.schema import LEVELS
from lifecircle.model import Cells, Facilities, FloatArray
from lifecircle.outputs.webmap.notes import describe_identity, describe_kinds, name_of
from lifecircle.outputs.webmap.page import COMPARISON, write_page
from lifecircle.outputs.webmap.places import describe_units, encode_shape, list_facilities, to_degrees
from lifecircle.outputs.webmap.surfaces import CLASSES, ClassArray, break_people, draw_cells, list_points
from lifecircle.outputs.webmap.unit_figures import as_number, is_less_better

GAINED_COLOURS = ("#a6dba0", "#5aae61", "#1b7837", "#00441b")
LOST_COLOURS = ("#c2a5cf", "#9970ab", "#762a83", "#40004b")
"""ColorBrewer PRGn: who is newly covered and who no longer, apart from the blue and red of the units."""
MOVED_COLOURS = ("#5ab4ac", "#d8b365")
"""ColorBrewer BrBG, its middle: more people, and fewer, where it was covered already."""
COLUMNS = ("value_from", "value_to", "difference", *(f"by_{cause}" for cause in CAUSES), "residual",
           "covered_from", "covered_to", "newly_covered", "newly_lost", "moved")  # fmt: skip
DIGITS = 6
"""Significant ones; whoever needs more opens changes.csv."""
LEAST_MOVED = 0.005
"""Of a cell's people, that many more or fewer are drawn as moved."""
NO_DIFFERENCE = 1e-9


def draw_comparison(comparison: Comparison, path: Path) -> None:
    """Write the map of a comparison to ``path``: the same comparison gives the same bytes. It must have a ground."""
    first, second = comparison.years
    title = f"{comparison.district.name.zh} {first}–{second} 年变化图"
    write_page(describe_comparison(comparison), COMPARISON, title, path)


def describe_comparison(comparison: Comparison) -> dict[str, Any]:
    """Return everything the page shows, as one block of plain values.

    Per indicator and level there is a column for each of :data:`COLUMNS` in the order of the units; None is no figure.
    """
    ground = comparison.ground
    if ground is None:
        raise ValueError("a comparison without a ground cannot be drawn")
    facilities, position = list_facilities(ground)
    stood = comparison.causes["facilities"]
    return {
        "district": describe_identity(comparison.district) | {"year": comparison.years[1]},
        "years": list(comparison.years),
        "levels": describe_units(ground),
        "indicators": _describe_indicators(comparison, ground),
        "surfaces": _describe_cells(comparison, ground),
        "facilities": facilities
        | {
            "serving": {
                rule: {"facility": [position[row] for row in rows.tolist() if row in position], "onward": []}
                for rule, rows in ground.serving.items()
            }
        },
        "kinds": describe_kinds(ground.facilities, kinds_of((*ground.configuration.facilities, *ground.configuration.layers))),
        "changed": {
            "facilities": {
                word: _describe_turned(stood.get(word, []), whose, comparison.district.crs)
                for word, whose in (("opened", ground.facilities), ("closed", ground.facilities_from))
            },
            "roads": {word: list(comparison.causes["roads"].get(word, [])) for word in ("opened", "closed")},
            "streets": {word: _describe_lines(lines, comparison.district.crs) for word, lines in ground.streets.items()},
            "people": list(comparison.people),
            "is_people": bool(comparison.causes["people"]),
            "rules": [{"rule": rule, **limits} for rule, limits in comparison.causes["rule"].items()],
        },
        "not_compared": [{"id": name, "why": why} for name, why in comparison.not_compared.items()],
    }  # fmt: skip


def _describe_turned(listed: Sequence[Mapping[str, Any]], facilities: Facilities, crs: str) -> list[dict[str, Any]]:
    """Return facilities that opened or closed with their place (lat, lon); None where it is not known."""
    frame = facilities.frame
    row_of = {
        (str(kind), str(name)): row
        for row, (kind, name) in enumerate(zip(frame["kind"], frame["facility_id"], strict=True))
    }
    described = []
    for one in listed:
        row = row_of.get((one["kind"], one["id"]))
        geometry = None if row is None else frame.geometry.iloc[row]
        point = None
        if geometry is not None and not geometry.is_empty:
            lon, lat = shapely.get_coordinates(
                to_degrees(np.array([geometry.representative_point()], dtype=object), crs)
            )[0]
            point = [round(float(lat), 5), round(float(lon), 5)]
        described.append({"id": one["id"], "name": one["name"] or one["id"], "kind": one["kind"], "point": point})
    return described


def _describe_lines(lines: Sequence[shapely.LineString], crs: str) -> list[dict[str, Any]]:
    if not lines:
        return []
    return [encode_shape(line) for line in to_degrees(np.array(lines, dtype=object), crs)]


def _describe_indicators(comparison: Comparison, ground: ComparisonLayers) -> list[dict[str, Any]]:
    """Return the rules that both years answer, then every other indicator; groups beside a rule are left to the file."""
    rules = {rule.id: rule for rule in comparison.rules if not rule.scenario}
    changes = comparison.changes
    beside = tuple(f"{rule}-" for rule in [*rules, *(rule.id for rule in comparison.rules if rule.scenario)])
    known = load_policies()
    described = []
    for name, rows in changes.groupby("indicator", sort=False):
        indicator = str(name)
        if indicator not in rules and (
            indicator.startswith(beside) or indicator in {rule.id for rule in comparison.rules}
        ):
            continue
        first = rows.iloc[0]
        policy = known.get(str(first["policy"]))
        described.append(
            {
                "id": indicator,
                "zh": str(first["label_zh"]),
                "en": str(first["label_en"]) if isinstance(first["label_en"], str) else str(first["label_zh"]),
                "unit": str(first["value_unit"]),
                "policy": name_of(policy.title) if policy else {"zh": str(first["policy"]), "en": str(first["policy"])},
                "is_rule": indicator in rules,
                "is_less_better": is_less_better(indicator, ground.configuration),
                "why": next((str(note) for note in rows.loc[rows["level"] == "district", "note"] if note), ""),
                "counted_by": str(first["counted_by"]) if isinstance(first["counted_by"], str) else "",
                "levels": {
                    level: _describe_level(rows[rows["level"] == level], _codes(ground, level))
                    for level in LEVELS
                    if level == "district" or level in ground.units
                },
            }
        )  # fmt: skip
    return sorted(described, key=_rank)


def _rank(indicator: Mapping[str, Any]) -> int:
    """Rules first, then what changed in the district, then what did not or has a figure of one year only."""
    district = indicator["levels"]["district"]
    return 0 if indicator["is_rule"] else 1 if district and district["difference"][0] else 2


def _codes(ground: ComparisonLayers, level: Any) -> list[str]:
    return [ground.district.code] if level == "district" else [str(code) for code in ground.units[level].code]


def _describe_level(rows: pd.DataFrame, codes: Sequence[str]) -> dict[str, list[float | None]] | None:
    """Return the columns, each in the order of the units; None where no unit of the level has a row."""
    if not len(rows):
        return None
    table = rows.set_index(rows["unit_code"].astype(str)).reindex(list(codes))
    return {name: [_short(value) for value in table[name]] for name in COLUMNS}


def _short(value: Any) -> float | None:
    number = as_number(value)
    if number is None:
        return None
    return 0.0 if abs(number) < NO_DIFFERENCE else float(f"{number:.{DIGITS}g}")


def _describe_cells(comparison: Comparison, ground: ComparisonLayers) -> dict[str, Any]:
    """Return by rule who is newly covered (classes 1-4) and newly lost (5-8), and apart from them who moved (1 more, 2 fewer)."""
    shown = {rule.id: comparison.cells[rule.id] for rule in comparison.rules if not rule.scenario}
    breaks = break_people(_all_changed(list(shown.values())))
    turned = {rule: (_classify(cells, breaks), cells.people_to) for rule, cells in shown.items()}
    moved = {
        rule: (_classify_moved(cells), np.abs(cells.people_to - cells.people_from)) for rule, cells in shown.items()
    }
    return {
        "breaks": breaks,
        "people": {rule: _count(classes, people, 2 * CLASSES) for rule, (classes, people) in turned.items()},
        "moved_people": {
            rule: _count(classes, people, len(MOVED_COLOURS)) for rule, (classes, people) in moved.items()
        },
        "turned": _draw(turned, shown, ground, (*GAINED_COLOURS, *LOST_COLOURS)),
        "moved": _draw(moved, shown, ground, MOVED_COLOURS),
    }


def _all_changed(shown: Sequence[ChangedCells]) -> FloatArray:
    people = [cells.people_to[(cells.covered_from != cells.covered_to) & (cells.people_to > 0)] for cells in shown]
    return np.concatenate(people) if people else np.empty(0)


def _classify(cells: ChangedCells, breaks: Sequence[float]) -> ClassArray:
    size = np.digitize(cells.people_to, breaks) + 1
    is_new, is_lost = cells.covered_to & ~cells.covered_from, cells.covered_from & ~cells.covered_to
    return np.where(cells.people_to > 0, np.where(is_new, size, np.where(is_lost, size + CLASSES, 0)), 0).astype(
        np.uint8
    )


def _classify_moved(cells: ChangedCells) -> ClassArray:
    more = cells.people_to - cells.people_from
    is_moved = cells.covered_from & (np.abs(more) > LEAST_MOVED * np.maximum(cells.people_from, cells.people_to))
    return np.where(is_moved, np.where(more > 0, 1, 2), 0).astype(np.uint8)


def _count(classes: ClassArray, people: FloatArray, most: int) -> list[float]:
    return [float(value) for value in np.bincount(classes, weights=people, minlength=most + 1)[1:]]


def _draw(
    drawn: dict[str, tuple[ClassArray, FloatArray]],
    shown: dict[str, ChangedCells],
    ground: ComparisonLayers,
    colours: Sequence[str],
) -> dict[str, Any]:
    """Return the pictures of the later year's cells; where the years' places differ, points."""
    if all(len(cells.x) == len(ground.cells) for cells in shown.values()):
        return draw_cells(ground.cells, drawn, colours)
    points = {rule: list_points(_points(shown[rule], ground), *of_rule) for rule, of_rule in drawn.items()}
    return {"colours": list(colours), "points": points}


def _points(cells: ChangedCells, ground: ComparisonLayers) -> Cells:
    """Return places of both years as cells that are points."""
    lonlat = shapely.get_coordinates(to_degrees(shapely.points(cells.x, cells.y), ground.district.crs))
    names = np.arange(len(cells.x)).astype(str).astype(object)
    return Cells(names, cells.x, cells.y, lonlat[:, 0], lonlat[:, 1], cells.people_to, {}, {})
