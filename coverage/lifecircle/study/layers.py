"""A district's layers, through the door: everything read and checked, nothing computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecircle.cache import NO_CACHE, Cache
from lifecircle.config import Configuration, District, at_year, dated_kinds, load_ways, read_configuration
from lifecircle.config.schema import Level
from lifecircle.model import (
    Barriers,
    Cells,
    Facilities,
    InputFile,
    IntArray,
    Known,
    LinkWork,
    Register,
    Roads,
    TerrainLayers,
    Units,
)
from lifecircle.problems import Problems
from lifecircle.sources import (
    check_positions,
    keep_standing,
    open_layers,
    open_people,
    open_terrain,
    read_barriers,
    read_candidates,
    read_district_crs,
    read_facilities,
    read_known,
    read_layers,
    read_links,
    read_people,
    read_registers,
    read_roads,
    read_terrain,
    read_units,
)
from lifecircle.study.rule_facilities import Chosen, choose_facilities, say_hours
from lifecircle.study.scenario_layers import Variant, vary
from lifecircle.travel.ways import use_ways

if TYPE_CHECKING:
    import geopandas as gpd

Progress = Callable[[str], None]
"""Told what is being done, in Chinese and English."""


def say_nothing(_: str) -> None:
    """Watch nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """A district's layers, checked, in its CRS."""

    configuration: Configuration
    district: District
    units: Mapping[Level, Units]
    cells: Cells
    facilities: Facilities
    places: Facilities
    """Places that are no supply."""
    registers: Mapping[str, Register]
    known: Known
    roads: Roads | None
    """None only where every rule goes over terrain."""
    terrain: TerrainLayers | None
    barriers: Barriers
    serving: Mapping[str, IntArray]
    """By rule id, the rows of the facilities that serve it; rules that cannot be computed are absent."""
    onward: Mapping[str, IntArray]
    """Of the rules that are chains, the rows of the facilities that the chain ends at."""
    not_computed: Mapping[str, str]
    inputs: tuple[InputFile, ...]
    details: Mapping[str, Any]
    unsure: Mapping[str, IntArray] = field(default_factory=dict)
    """By rule id, the rows of the facilities of which it is not known whether they serve it; only of rules that have any."""
    unsure_onward: Mapping[str, IntArray] = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    """The layers of the scenarios."""
    links: tuple[LinkWork, ...] = ()
    """What might be built to link places."""
    candidates: gpd.GeoDataFrame | None = None
    """Where something may be built, of the district's own layers; see `read_candidates`."""


def check_district(
    folder: Path,
    problems: Problems,
    *,
    only_rules: tuple[str, ...] = (),
    year: int | None = None,
    policies: tuple[str, ...] | None = None,
    at: str | None = None,
    with_scenarios: bool = True,
    progress: Progress = say_nothing,
    cache: Cache = NO_CACHE,
) -> Layers | None:
    """Read every layer and list every problem; compute nothing.

    Parameters
    ----------
    year
        The run's; the configuration's where absent. Its layers are those that ``[[years]]`` gives for it, its facilities those that
        stood in it; figures of earlier years are what it is measured against.
    policies
        Those the run answers to, in place of the configuration's.
    at
        The run's time of day, in place of the configuration's.
    with_scenarios
        Read and check the scenarios' layers too.

    Returns
    -------
    Layers or None
        None where something that stops the run was found; ``problems`` says what.
    """
    progress("读取配置 reading the configuration")
    configuration = read_configuration(folder, problems, policies=policies)
    if configuration is None:
        return None
    if configuration.district is None:
        open_layers(configuration, problems)
        return None
    used_year = year or configuration.district.year
    configuration = at_year(_set_time(configuration, configuration.district, at, problems), used_year, problems)
    crs = read_district_crs(configuration, problems)
    if crs is None:
        open_layers(configuration, problems)
        return None
    progress("读取行政单元 reading units")
    units, unit_files = read_units(configuration, problems)
    progress("读取人口 reading people")
    cells, people_files, people_details = read_people(configuration, units, problems)
    if not units:
        open_people(configuration, problems)
        open_terrain(configuration, problems)
    progress("读取设施 reading facilities")
    facilities, facility_files = read_facilities(configuration, units, problems)
    places, place_files = read_layers(configuration, units, problems)
    dated = dated_kinds((*configuration.facilities, *configuration.layers))
    facilities = keep_standing(facilities, used_year, "facilities", problems, dated)
    places = keep_standing(places, used_year, "layers", problems, dated)
    registers, table_files = read_registers(configuration, units, problems)
    known, known_files = read_known(configuration, units, used_year, problems)
    progress("读取道路 reading roads")
    roads, road_files = read_roads(configuration, problems, cache, units=units, cells=cells)
    if facilities is not None:
        check_positions(configuration, facilities, roads, crs, problems)
    terrain, terrain_files = read_terrain(configuration, units, crs, problems)
    terrain, barriers, barrier_files = read_barriers(configuration, terrain, problems)
    chosen = Chosen()
    if facilities is not None:
        groups = tuple(cells.groups) if cells is not None else ()
        chosen = choose_facilities(configuration, facilities, groups, only_rules, problems)
        configuration = say_hours(configuration, chosen.hours)
    _check_ways(configuration, roads, chosen, problems)
    links, link_files = read_links(configuration, units, problems)
    candidates, candidate_files = read_candidates(configuration, units, problems)
    variants: tuple[Variant, ...] = ()
    if with_scenarios and cells is not None and facilities is not None:
        variants = vary(configuration, units, cells, facilities, roads, links, only_rules, problems)
    if problems.errors or cells is None or facilities is None or configuration.district is None:
        return None
    return Layers(
        configuration=configuration,
        district=configuration.district,
        units=units,
        cells=cells,
        facilities=facilities,
        places=places,
        registers=registers,
        known=known,
        roads=roads,
        terrain=terrain,
        barriers=barriers,
        serving=chosen.serving,
        onward=chosen.onward,
        not_computed=chosen.not_computed,
        unsure=chosen.unsure,
        unsure_onward=chosen.unsure_onward,
        inputs=(
            *unit_files,
            *people_files,
            *facility_files,
            *place_files,
            *table_files,
            *known_files,
            *road_files,
            *terrain_files,
            *barrier_files,
            *link_files,
            *candidate_files,
            *(file for variant in variants for file in variant.files),
        ),
        details={"people": people_details},
        variants=variants,
        links=links,
        candidates=candidates,
    )


def _check_ways(configuration: Configuration, roads: Roads | None, chosen: Chosen, problems: Problems) -> None:
    """Tell of modes that rules go by and that may use no street of the map at all: everybody would be unreachable."""
    if roads is None or configuration.roads is None:
        return
    going = [rule.modes for rule in configuration.rules if rule.id in chosen.serving]
    for name in dict.fromkeys(name for modes in going for name in modes):
        mode = configuration.modes.get(name)
        if mode is None or mode.engine != "network":
            continue
        use = use_ways(roads, mode, load_ways()[mode.network_type or "walk"])
        if not (use.is_used & ~use.is_ferry).any():
            classes = ", ".join(str(value) for value in roads.tags["highway"].dropna().unique()[:8])
            problems.add(
                "roads-none-for-mode", "warning", configuration.roads.path or "",
                f"{mode.label.zh}没有一条可走的道路 no street that may be gone {mode.label.en}; 图层等级 classes: {classes}",
                field=f"modes.{name}", expected="至少一条 one at least", count=len(roads),
                mend="图层是否只有别的道路? 或核对 [roads] classes 与 access 等标签 are these the right streets? look at classes and access tags",
            )  # fmt: skip


def _set_time(configuration: Configuration, district: District, at: str | None, problems: Problems) -> Configuration:
    """Return the configuration at another time of day."""
    if at is None:
        return configuration
    try:
        timed = District.model_validate({**district.model_dump(), "at": at})
    except ValueError:
        problems.error(
            "call-at",
            "--at",
            f'不是时刻 not a time of day: "{at}"',
            expected='"22:30"',
            mend="写成时:分 write hours:minutes",
        )
        return configuration
    return replace(configuration, district=timed)
