"""From rules to journeys: each network, join and search made once, and only when a rule asks for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from lifecircle.config import Rule, load_ways
from lifecircle.measures.catchments import count_choices
from lifecircle.measures.coverage import cells_covered, people_nearest, people_within
from lifecircle.model import FloatArray, IntArray, NearestFacility, NetworkPart, RuleResult
from lifecircle.problems import Problems
from lifecircle.study.layers import Layers, Progress
from lifecircle.study.overland import Overland
from lifecircle.travel.entrances import find_entrances
from lifecircle.travel.network import Network, Weight, build_network
from lifecircle.travel.reach import Entrances, Joins, Search, join_points


@dataclass(slots=True)
class Clock:
    """Seconds by stage, and word of it to whoever watches."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        """Say what is being done, and add its seconds to a stage."""
        self.progress(text)
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


class Journeys:
    """Networks, joins and reach, each made once and only when a rule asks for it."""

    def __init__(self, layers: Layers, clock: Clock, problems: Problems) -> None:
        self.layers, self.clock, self.problems = layers, clock, problems
        self.networks: dict[str, Network] = {}
        self.cell_joins: dict[str, Joins] = {}
        self.entrances: dict[tuple[str, bytes], Entrances] = {}
        self.nearest: dict[tuple[Any, ...], tuple[FloatArray, IntArray]] = {}
        self.overland = Overland(layers, problems)

    def network(self, mode_id: str) -> Network:
        """Return the network of a mode, with its cells joined."""
        if mode_id not in self.networks:
            mode = self.layers.configuration.modes[mode_id]
            if self.layers.roads is None:
                raise RuntimeError("a network mode without roads must have been refused")
            with self.clock.stage("networks", f"建立路网 building the network: {mode.label.both}"):
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
        people = self.layers.cells.people if rule.group is None else self.layers.cells.groups[rule.group]
        unit = 1.0 if rule.is_distance else 60.0
        # A hair of horizon more, so that rounding drops no one at the limit: the figures published are the figures compared.
        horizon = (rule.limit - rule.ready_minutes) * unit * (1 + 1e-9)
        with self.clock.stage("reach", rule.names.both):
            over_terrain = self.layers.configuration.modes[rule.mode].engine == "terrain"
            ask = self.overland.ask if over_terrain else self._ask_network
            cost, facility, reach, access_m = ask(rule, serving, horizon)
            cost = cost / unit + rule.ready_minutes
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
            access_m=access_m,
            people_within=people_within(reach, rule.limit, people),
            people_nearest=people_nearest(facility, people, len(serving)),
            choices=count_choices(reach, rule.limit),
        )

    def _ask_network(
        self, rule: Rule, serving: IntArray, horizon: float
    ) -> tuple[FloatArray, IntArray, csr_array, FloatArray]:
        """Return the cost to the nearest facility and which it is, the reach up to a horizon, and the facilities' access legs."""
        network = self.network(rule.mode)
        cells, entrances = self.cell_joins[rule.mode], self.doors(rule, serving)
        weight: Weight = "metres" if rule.is_distance else "seconds"
        search = Search(network, weight, rule.direction)
        key = (rule.mode, weight, rule.direction, serving.tobytes())
        if key not in self.nearest:
            self.nearest[key] = search.nearest(cells, entrances)
        cost, facility = self.nearest[key]
        return cost, facility, search.reach(cells, entrances, horizon), _nearest_access_m(entrances)

    def parts(self) -> Iterator[NetworkPart]:
        """Yield the connected parts of each network with their people and facilities."""
        for mode_id, network in self.networks.items():
            joins = self.cell_joins[mode_id]
            people = _sum_by_part(network, joins.edge, self.layers.cells.people)
            doors = [entrances.joins.edge for (mode, _), entrances in self.entrances.items() if mode == mode_id]
            facilities = sum(
                (_sum_by_part(network, edge, np.ones(len(edge))) for edge in doors), np.zeros(len(network.part_m))
            )
            for part in range(len(network.part_m)):
                yield NetworkPart(
                    mode_id, part, float(network.part_m[part] / 1000), float(people[part]), int(facilities[part])
                )

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
                "people_without_a_street_near": float(
                    self.layers.cells.people[self.cell_joins[mode_id].edge < 0].sum()
                ),
            }
            for mode_id, network in self.networks.items()
        }


def _sum_by_part(network: Network, edge: IntArray, values: FloatArray) -> FloatArray:
    joined = edge >= 0
    return np.bincount(
        network.part[network.a[edge[joined]]], weights=values[joined], minlength=len(network.part_m)
    ).astype(np.float64)


def _nearest_access_m(entrances: Entrances) -> FloatArray:
    if not len(entrances.joins):
        return np.zeros(0)
    return np.minimum.reduceat(entrances.joins.access_m, entrances.start[:-1])
