"""One district, start to end.

Read the layers through the door; build one network a mode; find each rule's facilities, their entrances, and the way from every
cell to the nearest; call a cell covered when that is within the limit; add cells up to villages, townships and the district.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecircle.config import Configuration, Label, Rule, load_groups, load_kinds, load_ways, read_configuration
from lifecircle.config.schema import Level
from lifecircle.measures.coverage import Covered, cells_covered, people_nearest, people_within
from lifecircle.measures.indicators import COLUMNS, coverage_rows, levels_of, unreachable_rows
from lifecircle.model import (
    Cells,
    Facilities,
    FloatArray,
    InputFile,
    IntArray,
    NearestFacility,
    NetworkPart,
    Roads,
    RuleResult,
    Study,
    Units,
)
from lifecircle.problems import Problems, nearest_name
from lifecircle.sources import match_where, read_facilities, read_people, read_roads, read_units
from lifecircle.sources.datum import district_crs_fault
from lifecircle.travel.entrances import find_entrances
from lifecircle.travel.network import Network, build_network
from lifecircle.travel.reach import Entrances, Joins, Search, join_points

Progress = Callable[[str], None]
"""Told what is being done, in Chinese and English."""


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """A district's layers, checked, in its CRS."""

    configuration: Configuration
    units: Mapping[Level, Units]
    cells: Cells
    facilities: Facilities
    roads: Roads
    serving: Mapping[str, IntArray]
    """By rule id, the rows of the facilities that serve it; rules that cannot be computed are absent."""
    not_computed: Mapping[str, str]
    inputs: tuple[InputFile, ...]
    details: Mapping[str, Any]


@dataclass(slots=True)
class _Clock:
    """Seconds by stage, and word of it to whoever watches."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        self.progress(text)
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def _say_nothing(_: str) -> None:
    pass


def check_district(
    folder: Path, problems: Problems, *, only_rules: tuple[str, ...] = (), progress: Progress = _say_nothing
) -> Layers | None:
    """Read every layer and list every problem; compute nothing.

    Returns
    -------
    Layers or None
        None where something that stops the run was found; ``problems`` says what.
    """
    progress("读取配置 reading the configuration")
    configuration = read_configuration(folder, problems)
    if configuration is None or configuration.district is None:
        return None
    fault = district_crs_fault(configuration.district.crs)
    if fault:
        problems.error("config-crs", "district.toml", fault, field="district.crs", mend='例如 for example "EPSG:4549"')
        return None
    progress("读取行政单元 reading units")
    units, unit_files = read_units(configuration, problems)
    progress("读取人口 reading people")
    cells, people_files, people_details = read_people(configuration, units, problems)
    progress("读取设施 reading facilities")
    facilities, facility_files = read_facilities(configuration, units, problems)
    progress("读取道路 reading roads")
    roads, road_files = read_roads(configuration, problems)
    serving: dict[str, IntArray] = {}
    not_computed: dict[str, str] = {}
    if facilities is not None:
        serving, not_computed = choose_facilities(configuration, facilities, only_rules, problems)
    if problems.errors or cells is None or facilities is None or roads is None:
        return None
    return Layers(
        configuration=configuration,
        units=units,
        cells=cells,
        facilities=facilities,
        roads=roads,
        serving=serving,
        not_computed=not_computed,
        inputs=(*unit_files, *people_files, *facility_files, *road_files),
        details={"people": people_details},
    )


def choose_facilities(
    configuration: Configuration, facilities: Facilities, only_rules: tuple[str, ...], problems: Problems
) -> tuple[dict[str, IntArray], dict[str, str]]:
    """Return for each rule the facilities that serve it, and why some rules cannot be computed.

    A policy's rule whose kind of facility the district has no layer of is not computed and says so; a rule of the district's own
    must find its layers.
    """
    known = {rule.id: rule for rule in configuration.rules}
    for name in only_rules:
        if name not in known:
            problems.error("call-unknown-rule", "--rule", f'没有这条准则 no such rule "{name}"', mend=nearest_name(name, list(known)))
    frame = facilities.frame
    usable = (frame["status"] == "used").to_numpy()
    kinds = set(frame["kind"]) | {layer.kind for layer in configuration.facilities}
    serving: dict[str, IntArray] = {}
    not_computed: dict[str, str] = {}
    for rule in configuration.rules:
        if only_rules and rule.id not in only_rules:
            continue
        chosen = np.zeros(len(frame), dtype=bool)
        faults, found = [], False
        for facility_filter in rule.facilities:
            missing = [kind for kind in facility_filter.kind if kind not in kinds]
            faults += [(kind, "没有此类设施的图层 no layer of kind", sorted(kinds)) for kind in missing]
            of_kind = frame["kind"].isin(facility_filter.kind).to_numpy()
            absent = [key for key in facility_filter.attributes if key not in frame.columns or frame.loc[of_kind, key].isna().all()]
            if len(missing) < len(facility_filter.kind) and of_kind.any():
                faults += [(key, f"{'/'.join(facility_filter.kind)} 没有属性 has no attribute", list(facilities.attributes)) for key in absent]
            if len(missing) < len(facility_filter.kind) and not absent:
                found = True
                chosen |= of_kind & match_where(frame, facility_filter.attributes) & usable
        is_own = rule.id in configuration.own_rules
        for name, text, names in faults:
            problems.add(
                "rule-no-facilities", "error" if is_own else "note", "district.toml", f'{text} "{name}"', field=f"rules.{rule.id}",
                mend=nearest_name(name, names) if is_own else "加上 add [[facilities]]",
            )  # fmt: skip
        if found:
            serving[rule.id] = np.flatnonzero(chosen)
            if not chosen.any():
                problems.add(
                    "rule-no-match", "warning", "district.toml", "没有一处设施符合条件 no facility matches", field=f"rules.{rule.id}.facilities"
                )
        elif not is_own:
            not_computed[rule.id] = "; ".join(f"{text} {name}" for name, text, _ in faults) or "没有设施 no facilities"
    return serving, not_computed


def run_district(
    folder: Path, *, year: int | None = None, only_rules: tuple[str, ...] = (), progress: Progress = _say_nothing
) -> Study:
    """Compute everything one district's rules ask for.

    Raises
    ------
    lifecircle.problems.InputError
        Where the configuration or a layer is wrong; with every problem at once.
    """
    problems = Problems()
    clock = _Clock(progress)
    began = time.perf_counter()
    layers = check_district(folder, problems, only_rules=only_rules, progress=progress)
    clock.seconds["read"] = time.perf_counter() - began
    problems.raise_errors()
    if layers is None or layers.configuration.district is None:
        raise RuntimeError("a district that could not be read must have said why")
    configuration, district = layers.configuration, layers.configuration.district
    rules = [rule for rule in configuration.rules if rule.id in layers.serving]
    travel = _Travel(layers, clock, problems)
    results = {rule.id: travel.answer(rule, layers.serving[rule.id]) for rule in rules}
    with clock.stage("measures", "汇总覆盖 adding up coverage"):
        used_year = year or district.year
        indicators = _indicators(layers, results, used_year)
        conservation = _conserve(layers, results)
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
        timings_s=clock.seconds,
        details={**layers.details, "networks": travel.describe()},
    )


class _Travel:
    """Networks, joins and reach, each made once and only when a rule asks for it."""

    def __init__(self, layers: Layers, clock: _Clock, problems: Problems) -> None:
        self.layers, self.clock, self.problems = layers, clock, problems
        self.networks: dict[str, Network] = {}
        self.cell_joins: dict[str, Joins] = {}
        self.entrances: dict[tuple[str, bytes], Entrances] = {}
        self.nearest: dict[tuple[Any, ...], tuple[FloatArray, IntArray]] = {}

    def network(self, mode_id: str) -> Network:
        """Return the network of a mode, with its cells joined."""
        if mode_id not in self.networks:
            mode = self.layers.configuration.modes[mode_id]
            with self.clock.stage("networks", f"建立{mode.label.zh}路网 building the network {mode.label.en}"):
                network = build_network(self.layers.roads, mode, load_ways())
                self.networks[mode_id] = network
                self.cell_joins[mode_id] = join_points(network, self.layers.cells.x, self.layers.cells.y)
            for text in network.problems:
                self.problems.add("network-ferry", "warning", "roads", text, field=f"modes.{mode_id}")
        return self.networks[mode_id]

    def doors(self, rule: Rule, serving: IntArray) -> Entrances:
        """Return the entrances of a rule's facilities on its mode's network."""
        key = (rule.mode, serving.tobytes())
        if key not in self.entrances:
            frame = self.layers.facilities.frame.iloc[serving]
            entrances, untouched = find_entrances(
                self.network(rule.mode),
                frame.geometry.to_numpy(),
                frame["entrance_spacing_m"].to_numpy(dtype=np.float64),
                frame["border_m"].to_numpy(dtype=np.float64),
            )
            for index in untouched:
                row = frame.iloc[int(index)]
                self.problems.add(
                    "facility-no-way-in", "warning", f"facilities: {row['kind']}", f"没有道路接到边界 no way touches the border: {row['name']}",
                    row=row["facility_id"], field=f"modes.{rule.mode}", mend="由离道路最近的边界点进入 entered where its border is nearest to a street",
                )  # fmt: skip
            self.entrances[key] = entrances
        return self.entrances[key]

    def answer(self, rule: Rule, serving: IntArray) -> RuleResult:
        """Return which cells a rule covers, and whom each of its facilities serves."""
        network = self.network(rule.mode)
        cells = self.cell_joins[rule.mode]
        entrances = self.doors(rule, serving)
        weight, unit = ("metres", 1.0) if rule.is_distance else ("seconds", 60.0)
        people = self.layers.cells.people if rule.group is None else self.layers.cells.groups[rule.group]
        with self.clock.stage("reach", f"{rule.names.zh} {rule.names.en}"):
            search = Search(network, weight, rule.direction)  # type: ignore[arg-type]
            key = (rule.mode, weight, rule.direction, serving.tobytes())
            if key not in self.nearest:
                self.nearest[key] = search.nearest(cells, entrances)
            cost, facility = self.nearest[key]
            cost = cost / unit + rule.ready_minutes
            # The figures published are the figures compared: a hair of horizon more, so that rounding drops no one at the limit.
            reach = search.reach(cells, entrances, (rule.limit - rule.ready_minutes) * unit * (1 + 1e-9))
            reach.data[:] = reach.data / unit + rule.ready_minutes
            found = cells_covered(cost, rule.limit, rule.ready_minutes, has_range=not rule.is_distance)
        return RuleResult(
            rule=rule,
            nearest=NearestFacility(cost, np.where(facility >= 0, serving[facility], -1) if len(serving) else facility),
            covered=found.covered,
            covered_low=found.low,
            covered_high=found.high,
            people=people,
            facilities=serving,
            access_m=_nearest_access_m(entrances),
            people_within=people_within(reach, rule.limit, people),
            people_nearest=people_nearest(facility, people, len(serving)),
        )

    def parts(self) -> Iterator[NetworkPart]:
        """Yield the connected parts of each network with their people and facilities."""
        for mode_id, network in self.networks.items():
            joins = self.cell_joins[mode_id]
            people = _sum_by_part(network, joins.edge, self.layers.cells.people)
            doors = [entrances.joins.edge for (mode, _), entrances in self.entrances.items() if mode == mode_id]
            facilities = sum((_sum_by_part(network, edge, np.ones(len(edge))) for edge in doors), np.zeros(len(network.part_m)))
            for part in range(len(network.part_m)):
                yield NetworkPart(mode_id, part, float(network.part_m[part] / 1000), float(people[part]), int(facilities[part]))

    def describe(self) -> dict[str, Any]:
        """Return what the manifest says of each network."""
        return {
            mode_id: {
                "nodes": network.n_nodes,
                "edges": network.n_edges,
                "length_km": float(network.part_m.sum() / 1000),
                "parts": len(network.part_m),
                "fragments_left_out": network.left_out.fragments,
                "fragments_left_out_km": network.left_out.length_m / 1000,
                "ferries": list(network.ferries),
                "people_without_a_street_near": float(self.layers.cells.people[self.cell_joins[mode_id].edge < 0].sum()),
            }
            for mode_id, network in self.networks.items()
        }


def _sum_by_part(network: Network, edge: IntArray, values: FloatArray) -> FloatArray:
    joined = edge >= 0
    return np.bincount(network.part[network.a[edge[joined]]], weights=values[joined], minlength=len(network.part_m))


def _nearest_access_m(entrances: Entrances) -> FloatArray:
    if not len(entrances.joins):
        return np.zeros(0)
    return np.minimum.reduceat(entrances.joins.access_m, entrances.start[:-1])


def _indicators(layers: Layers, results: Mapping[str, RuleResult], year: int) -> pd.DataFrame:
    """Return all indicator rows: per rule the coverage, the people who can reach none, and the coverage of each group."""
    district = layers.configuration.district
    if district is None:
        raise RuntimeError("a study has a district")
    rows = []
    levels = levels_of(district, layers.units, layers.cells)
    for rule_id, result in results.items():
        rule = result.rule
        found = Covered(result.covered, result.covered_low, result.covered_high)
        groups = {} if rule.group else layers.cells.groups
        for name, level in levels.items():
            if name not in rule.levels:
                continue
            rows.append(coverage_rows(district, year, rule, level, result.people, found))
            rows.append(unreachable_rows(district, year, rule, level, result.people, ~np.isfinite(result.nearest.cost)))
            for group, people in groups.items():
                label = _label_of_group(rule, group)
                rows.append(
                    coverage_rows(district, year, rule, level, people, found, indicator=f"{rule_id}-{group}", label=label)
                )
    if not rows:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(rows, ignore_index=True)


def _label_of_group(rule: Rule, group: str) -> Label:
    names, who = rule.names, load_groups().get(group, Label(zh=group, en=group))
    return Label(zh=f"{names.zh}（{who.zh}）", en=f"{names.en or names.zh} ({who.en})")


def _conserve(layers: Layers, results: Mapping[str, RuleResult]) -> dict[str, dict[str, float]]:
    """Return the people by rule: covered + uncovered + unreachable = all; and those in no unit of a level."""
    cells = layers.cells
    sums: dict[str, dict[str, float]] = {"population": {"people": float(cells.people.sum())}}
    for level, membership in cells.membership.items():
        inside = np.asarray(membership.sum(axis=0)).ravel()
        sums["population"][f"in_no_{level}"] = float((cells.people * (1 - np.clip(inside, 0, 1))).sum())
    for rule_id, result in results.items():
        reached = np.isfinite(result.nearest.cost)
        sums[rule_id] = {
            "people": float(result.people.sum()),
            "covered": float(result.people[result.covered].sum()),
            "uncovered": float(result.people[reached & ~result.covered].sum()),
            "unreachable": float(result.people[~reached].sum()),
        }
    return sums
