"""The layers of each scenario: what differs is made anew and checked, what does not is the base's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lifecircle.config import Configuration, Population, Scenario
from lifecircle.config.schema import Level
from lifecircle.model import Cells, Facilities, InputFile, LinkWork, Roads, Units
from lifecircle.problems import Problems
from lifecircle.sources import ChangedFacilities, build_links, change_facilities, close_more, read_people
from lifecircle.study.rule_facilities import Chosen, choose_facilities

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lifecircle.problems import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One scenario's layers."""

    scenario: Scenario
    configuration: Configuration
    """The base's, with the scenario's own people."""
    supply: ChangedFacilities
    cells: Cells
    roads: Roads | None
    chosen: Chosen
    """Which facilities serve which rule."""
    files: tuple[InputFile, ...]
    """What was read for it alone."""


def vary(
    configuration: Configuration, units: Mapping[Level, Units], cells: Cells, facilities: Facilities, roads: Roads | None,
    links: tuple[LinkWork, ...], only_rules: tuple[str, ...], problems: Problems,
) -> tuple[Variant, ...]:  # fmt: skip
    """Return the layers of every scenario of a district; what is wrong with any of them is added to ``problems``."""
    base = Variant(
        Scenario(id="base"), configuration, ChangedFacilities(facilities, _NONE, _NONE), cells, roads, Chosen(), ()
    )
    made = [
        _vary(one, f"scenarios[{number + 1}]", base, units, links, only_rules, problems)
        for number, one in enumerate(configuration.scenarios)
    ]
    return tuple(one for one in made if one is not None)


_NONE = np.zeros(0, dtype=np.int64)


def _vary(
    scenario: Scenario, place: str, base: Variant, units: Mapping[Level, Units], links: tuple[LinkWork, ...],
    only_rules: tuple[str, ...], problems: Problems,
) -> Variant | None:  # fmt: skip
    errors_before = len(problems.errors)
    configuration, cells, roads, files = base.configuration, base.cells, base.roads, base.files
    supply = change_facilities(scenario, place, configuration, base.supply.facilities, units, problems)
    roads = _change_roads(scenario, place, configuration, roads, links, problems)
    if scenario.population is not None:
        configuration = replace(configuration, population=scenario.population)
        _report_groups(scenario.population, base.configuration.population, place, problems)
        said = Problems()
        other, read, _ = read_people(configuration, units, said)
        add_said(said, problems.found, place, problems)
        cells = other if other is not None else cells
        files = tuple(replace(file, role=f"{file.role}: {scenario.id}") for file in read)
    if len(problems.errors) > errors_before:
        return None
    said = Problems()
    chosen = choose_facilities(configuration, supply.facilities, tuple(cells.groups), only_rules, said)
    added = np.arange(len(base.supply.facilities), len(supply.facilities))
    _report_idle(supply, added, chosen, place, problems)
    return Variant(scenario, configuration, supply, cells, roads, chosen, files)


def _change_roads(
    scenario: Scenario, place: str, configuration: Configuration, roads: Roads | None, links: tuple[LinkWork, ...],
    problems: Problems,
) -> Roads | None:  # fmt: skip
    """Return the street map with what a scenario builds and without what it closes."""
    if roads is None:
        for field in ("close_roads", "build"):
            if getattr(scenario, field):
                problems.error(
                    "scenario-no-roads",
                    "district.toml",
                    "没有道路图层 no roads layer",
                    field=f"{place}.{field}",
                    expected="道路图层 a roads layer",
                    mend='加上 add [roads] path = "..."',
                )
        return None
    if scenario.build:
        roads = build_links(roads, links, scenario.build, place, problems)
    return close_more(roads, configuration, scenario.close_roads, place, problems) if scenario.close_roads else roads


def _report_groups(other: Population, base: Population | None, place: str, problems: Problems) -> None:
    """Say where rasters of groups are still those of the base, though its people are not."""
    is_other = base is not None and other.path != base.path and other.groups == base.groups
    if other.source == "raster" and other.groups and is_other:
        problems.add(
            "scenario-groups-of-base", "warning", "district.toml", "各人群仍取现状的栅格 the groups are still the base's rasters",
            field=f"{place}.population.groups", mend='写 groups = { age60 = "..." }，没有则写 or groups = {} where there are none',
            expected="情景自己的人群 groups of the scenario's own",
        )  # fmt: skip


def _report_idle(supply: ChangedFacilities, added: np.ndarray, chosen: Chosen, place: str, problems: Problems) -> None:
    """Say which added facilities serve no rule: an attribute that rules filter on was forgotten."""
    serving = [*chosen.serving.values(), *chosen.onward.values()]
    of_kind = set(supply.facilities.frame["kind"].iloc[np.concatenate([_NONE, *serving])])
    used = np.unique(np.concatenate([_NONE, *serving]))
    for row in np.setdiff1d(added, used).tolist():
        one = supply.facilities.frame.iloc[row]
        if one["kind"] in of_kind:
            problems.add(
                "scenario-add-idle", "warning", "district.toml", f"新增设施不符合任何准则的条件 the added facility serves no rule: {one['name']}",
                field=f"{place}.add", mend="写上准则所问的属性 give the attributes that rules ask for",
                expected="合乎至少一条准则 meeting at least one rule",
            )  # fmt: skip


def add_said(said: Iterable[Problem], known: list[Problem], place: str, problems: Problems) -> None:
    """Add what was said of a scenario's layers and not of the base's, under the scenario's name."""
    seen = set(known)
    for one in said:
        if one not in seen:
            problems.found.append(replace(one, field=f"{place}: {one.field}" if one.field else place))
