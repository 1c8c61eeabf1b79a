"""One district, start to end.

Read the layers through the door; build one network a mode; find each rule's facilities, their entrances, and the
way from every cell to the nearest; call a cell covered when that is within the limit; add cells up to villages,
townships and the district; gather the cells that are not covered into gaps, and say why each is there.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd

from lifecircle.cache import NO_CACHE, Cache
from lifecircle.config import kinds_of
from lifecircle.indicators.figures import conserve_people
from lifecircle.indicators.missing import data_missing, foresee_missing
from lifecircle.model import SitesFound, Study
from lifecircle.problems import Problems
from lifecircle.study.areas import draw_areas
from lifecircle.study.components import describe_networks, network_parts
from lifecircle.study.evaluate import evaluate_entries, gather_facts
from lifecircle.study.gaps import find_all_gaps
from lifecircle.study.layers import Layers, Progress, check_district, say_nothing
from lifecircle.study.routing import Routing, StageTimer
from lifecircle.study.rule_facilities import asked_entries
from lifecircle.study.rules import answer_rule
from lifecircle.study.scenarios import compare_scenarios
from lifecircle.study.sensitivity import describe_assumptions, try_conclusions
from lifecircle.study.siting import answer_plans
from lifecircle.study.terrain_routing import describe_grounds

__all__ = ["check_district", "evaluate_district", "find_missing", "run_district"]


def run_district(
    folder: Path,
    *,
    year: int | None = None,
    only_rules: tuple[str, ...] = (),
    policies: tuple[str, ...] | None = None,
    at: str | None = None,
    with_areas: bool = True,
    with_plans: bool = True,
    progress: Progress = say_nothing,
    cache: Cache = NO_CACHE,
) -> Study:
    """Return what :func:`evaluate_district` does, without the ways it was found by."""
    return evaluate_district(
        folder, year=year, only_rules=only_rules, policies=policies, at=at, with_areas=with_areas, with_plans=with_plans,
        progress=progress, cache=cache,
    )[0]  # fmt: skip


def evaluate_district(
    folder: Path,
    *,
    year: int | None = None,
    only_rules: tuple[str, ...] = (),
    policies: tuple[str, ...] | None = None,
    at: str | None = None,
    with_areas: bool = True,
    with_plans: bool = True,
    progress: Progress = say_nothing,
    cache: Cache = NO_CACHE,
) -> tuple[Study, Routing]:
    """Compute everything one district's rules ask for, at a time of day where ferries have hours; and keep the networks it was found on.

    What is only prepared (the street map, networks) may come from a cache; the study is the same to the byte.

    Parameters
    ----------
    policies
        Those the run answers to, in place of the configuration's.
    with_areas
        Draw isochrones and catchments too; no figure needs them.
    with_plans
        Answer ``[[plans]]`` too.

    Raises
    ------
    lifecircle.problems.InputError
        Where the configuration or a layer is wrong; with every problem at once.
    """
    problems = Problems()
    clock = StageTimer(progress)
    began = time.perf_counter()
    with clock.stage("read", "读取图层 reading the layers"):
        layers = check_district(
            folder, problems, only_rules=only_rules, year=year, policies=policies, at=at, progress=progress, cache=cache
        )
    problems.raise_errors()
    if layers is None:
        raise RuntimeError("a district that could not be read must have said why")
    configuration = layers.configuration
    rules = [rule for rule in configuration.rules if rule.id in layers.serving]
    travel = Routing(layers, clock, problems, cache)
    results = {rule.id: answer_rule(travel, rule) for rule in rules}
    with clock.stage("measures", "汇总覆盖 adding up coverage"):
        used_year = year or layers.district.year
        facts = gather_facts(layers, used_year, results, travel, problems)
        answers = evaluate_entries(facts, layers.known, asked_entries(configuration, only_rules), layers.not_computed)
        conservation = conserve_people(layers.cells, results)
    with clock.stage("gaps", "分析缺口 finding gaps and their causes"):
        gaps = find_all_gaps(travel, results, facts)
    plans: tuple[SitesFound, ...] = ()
    if with_plans and configuration.plans:
        with clock.stage("plans", "选址 where to build"):
            plans = answer_plans(travel, gaps, only_rules, problems)
    tables = dict(answers.tables)
    if layers.variants:
        with clock.stage("scenarios", "情景 scenarios"):
            tables["scenarios"] = compare_scenarios(travel, facts, only_rules, problems)
    with clock.stage("sensitivity", "各种假设下结论是否成立 which conclusions hold"):
        tables |= try_conclusions(travel, facts)
    areas = draw_areas(travel, results) if with_areas else {}
    clock.seconds["compute"] = time.perf_counter() - began
    study = Study(
        configuration=configuration,
        district=layers.district,
        units=layers.units,
        cells=layers.cells,
        facilities=layers.facilities,
        results=results,
        modes={mode: configuration.modes[mode] for rule in rules for mode in rule.modes},
        kinds=kinds_of((*configuration.facilities, *configuration.layers)),
        indicators=answers.indicators,
        tables=tables,
        by_cell=dict(facts.by_cell),
        conservation=conservation,
        parts=network_parts(travel),
        inputs=layers.inputs,
        problems=tuple(problems),
        not_computed=answers.not_computed,
        closures=layers.roads.closures if layers.roads is not None else (),
        year=used_year,
        folder=folder,
        areas=areas,
        gaps=gaps,
        plans=plans,
        timings_s=clock.seconds,
        details=_details(travel, cache),
    )
    return study, travel


def find_missing(layers: Layers, *, year: int | None = None) -> pd.DataFrame:
    """Return what the policies ask for and the district does not have, before anything is computed: the columns of ``missing.csv``."""
    problems = Problems()
    travel = Routing(layers, StageTimer(say_nothing), problems)
    facts = gather_facts(layers, year or layers.district.year, {}, travel, problems)
    rules = [rule for rule in layers.configuration.rules if rule.id in layers.not_computed]
    return data_missing(facts, [*rules, *foresee_missing(facts, layers.serving)])


def _details(travel: Routing, cache: Cache) -> dict[str, Any]:
    return {
        **travel.layers.details,
        "networks": describe_networks(travel),
        "terrain": describe_grounds(travel.overland),
        "sensitivity": describe_assumptions(travel),
        "cache": dict(cache.outcomes),
    }
