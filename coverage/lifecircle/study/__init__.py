"""One district, start to end.

Read the layers through the door; build one network a mode; find each rule's facilities, their entrances, and the
way from every cell to the nearest; call a cell covered when that is within the limit; add cells up to villages,
townships and the district.
"""

from __future__ import annotations

import time
from pathlib import Path

from lifecircle.config import load_kinds
from lifecircle.measures.conservation import conserve_people
from lifecircle.measures.indicators import indicator_table
from lifecircle.model import Study
from lifecircle.problems import Problems
from lifecircle.study.areas import draw_areas
from lifecircle.study.journeys import Clock, Journeys
from lifecircle.study.layers import Progress, check_district, say_nothing
from lifecircle.study.overland import describe_surfaces

__all__ = ["check_district", "run_district"]


def run_district(
    folder: Path,
    *,
    year: int | None = None,
    only_rules: tuple[str, ...] = (),
    with_areas: bool = True,
    progress: Progress = say_nothing,
) -> Study:
    """Compute everything one district's rules ask for.

    Parameters
    ----------
    with_areas
        Draw isochrones and catchments too; no figure needs them.

    Raises
    ------
    lifecircle.problems.InputError
        Where the configuration or a layer is wrong; with every problem at once.
    """
    problems = Problems()
    clock = Clock(progress)
    began = time.perf_counter()
    layers = check_district(folder, problems, only_rules=only_rules, progress=progress)
    clock.seconds["read"] = time.perf_counter() - began
    problems.raise_errors()
    if layers is None:
        raise RuntimeError("a district that could not be read must have said why")
    configuration, district = layers.configuration, layers.district
    rules = [rule for rule in configuration.rules if rule.id in layers.serving]
    travel = Journeys(layers, clock, problems)
    results = {rule.id: travel.answer(rule, layers.serving[rule.id]) for rule in rules}
    with clock.stage("measures", "汇总覆盖 adding up coverage"):
        used_year = year or district.year
        indicators = indicator_table(district, used_year, layers.units, layers.cells, results)
        conservation = conserve_people(layers.cells, results)
    areas = draw_areas(travel, results) if with_areas else {}
    clock.seconds["compute"] = time.perf_counter() - began
    return Study(
        configuration=configuration,
        district=district,
        units=layers.units,
        cells=layers.cells,
        facilities=layers.facilities,
        results=results,
        modes={rule.mode: configuration.modes[rule.mode] for rule in rules},
        kinds=load_kinds(),
        indicators=indicators,
        conservation=conservation,
        parts=tuple(travel.parts()),
        inputs=layers.inputs,
        problems=tuple(problems),
        not_computed=layers.not_computed,
        year=used_year,
        folder=folder,
        areas=areas,
        timings_s=clock.seconds,
        details={**layers.details, "networks": travel.describe(), "terrain": describe_surfaces(travel.overland)},
    )
