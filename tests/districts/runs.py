"""One run of the command line on a district, its tables, and what the oracle says about the same folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyproj
from tests.districts.folders import facility_rows
from tests.oracle.reference import (
    Floats,
    ReferenceFerry,
    ReferenceMode,
    ReferenceNetwork,
    Way,
    project_nodes,
    read_barriers,
    read_osm,
)
from tests.oracle.slope import ReferenceHeights

REPOSITORY = Path(__file__).parents[2]
MODES = tomllib.loads((REPOSITORY / "coverage" / "lifecircle" / "modes.toml").read_text("utf-8"))["modes"]

CLOSE = 0.1
"""Seconds, or metres."""


@dataclass(frozen=True)
class Expected:
    """The oracle's answer to one rule.

    ``cost`` has a row for every facility of the rule and a column for every cell, in seconds or metres.
    """

    rule: dict[str, Any]
    network: ReferenceNetwork
    facility_ids: list[str]
    facilities_xy: Floats
    cost: Floats

    @property
    def nearest(self) -> Floats:
        """What the nearest facility costs each cell; inf where unreachable."""
        return self.cost.min(axis=0, initial=np.inf)

    @property
    def measure(self) -> str:
        """``s`` or ``m``."""
        return "m" if "metres" in self.rule else "s"

    @property
    def limit(self) -> float:
        """The rule's limit, in the unit of ``cost``."""
        return float(self.rule["metres"]) if "metres" in self.rule else self.rule["minutes"] * 60.0

    @property
    def column(self) -> str:
        """The rule's column in ``cells.parquet``."""
        return f"{self.rule['id']}__{'m' if self.measure == 'm' else 'min'}"


class DistrictRun:
    """A district's folder, what a run of it wrote, and what it should have written."""

    def __init__(self, folder: Path, out: Path) -> None:
        self.folder = folder
        self.out = out
        self.toml = tomllib.loads((folder / "district.toml").read_text("utf-8"))
        self.rules = {rule["id"]: rule for rule in self.toml["rules"]}
        self.crs = self.toml["district"]["crs"]
        self._networks: dict[str, ReferenceNetwork] = {}
        self._expected: dict[str, Expected] = {}

    def run(self) -> DistrictRun:
        """Run the command line; a failure shows what it said."""
        command = [sys.executable, "-c", "from lifecircle.cli import main; main()"]
        command += ["run", str(self.folder), "--out", str(self.out), "--no-map", "--no-areas", "--no-plans"]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "coverage"), "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            command,
            cwd=self.folder.parent,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return self

    @cached_property
    def tables(self) -> Path:
        """The folder of tables."""
        district = self.toml["district"]
        return self.out / "data" / "processed" / district["id"] / str(district["year"])

    @cached_property
    def cells(self) -> pd.DataFrame:
        """``cells.parquet``."""
        return pd.read_parquet(self.tables / "cells.parquet")

    @cached_property
    def facilities(self) -> pd.DataFrame:
        """``facilities.parquet``."""
        return pd.read_parquet(self.tables / "facilities.parquet")

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """``indicators.csv``."""
        return pd.read_csv(self.tables / "indicators.csv", dtype={"unit_code": str}, encoding="utf-8-sig")

    @cached_property
    def issues(self) -> pd.DataFrame:
        """``issues.csv``."""
        return pd.read_csv(self.tables / "issues.csv", encoding="utf-8-sig")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """``manifest.json``."""
        return dict(json.loads((self.tables / "manifest.json").read_text("utf-8")))

    @cached_property
    def cells_xy(self) -> Floats:
        """Where the run says people are, in the district's CRS."""
        return self.cells[["x", "y"]].to_numpy(float)

    @cached_property
    def _streets(self) -> tuple[dict[int, Floats], list[Way], dict[int, dict[str, str]]]:
        """The street map and its barriers, read once for all modes."""
        path = self.folder / self.toml["roads"]["path"]
        lonlat, ways = read_osm(path)
        return project_nodes(lonlat, self.crs), ways, read_barriers(path)

    @cached_property
    def _heights(self) -> ReferenceHeights | None:
        """The ground, if the district has a DEM."""
        dem = self.toml.get("terrain", {}).get("dem")
        return ReferenceHeights.from_dem(self.folder / dem, self.crs) if dem else None

    def mode(self, mode_id: str) -> ReferenceMode:
        """Read a mode: the district's values, laid over those that ship; one kind of speed replaces the other."""
        keys, own = dict(MODES.get(mode_id, {})), self.toml.get("modes", {}).get(mode_id, {})
        if "speed_kph" in own or "speeds_kph" in own:
            keys = {key: value for key, value in keys.items() if key not in ("speed_kph", "speeds_kph")}
        keys |= own
        slope = {} if keys.get("slope", True) is True else keys["slope"]
        if slope and (slope.get("metres", "plan"), slope.get("heights", "bilinear")) != ("plan", "bilinear"):
            raise NotImplementedError(f"{mode_id}: the oracle knows lengths on the plan and bilinear heights only")
        return ReferenceMode(
            keys["network_type"],
            keys.get("speeds_kph") or keys["speed_kph"],
            keys["access_kph"],
            keys["max_access_m"],
            keys["direct_m"],
            keys["min_fragment_m"],
            keys.get("join", "near"),
            slope=slope is not False,
            ways=keys.get("ways", "tags"),
            **({"steps_kph": slope["steps_kph"]} if slope and "steps_kph" in slope else {}),
        )

    def expected(self, rule_id: str) -> Expected:
        """Ask the oracle about one rule, for the cells of the run."""
        if rule_id not in self._expected:
            rule = self.rules[rule_id]
            network = self.network(rule["mode"])
            ids, xy = self.facilities_of(rule)
            measure = "m" if "metres" in rule else "s"
            cost = network.matrix(self.cells_xy, xy, rule.get("direction", "toward"), measure)
            self._expected[rule_id] = Expected(rule, network, ids, xy, cost)
        return self._expected[rule_id]

    def network(self, mode_id: str) -> ReferenceNetwork:
        """Build a mode's network from the raw roads and the district's ferries."""
        if mode_id not in self._networks:
            mode = self.mode(mode_id)
            project = pyproj.Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)
            ferries = [
                ReferenceFerry(
                    project.transform(*ferry["from"]),
                    project.transform(*ferry["to"]),
                    ferry["minutes"],
                    ferry.get("headway_minutes", 0.0),
                )
                for ferry in self.toml.get("ferries", [])
                if mode_id in ferry["modes"]
            ]
            path = self.folder / self.toml["roads"]["path"]
            if path.suffix == ".parquet":
                lines = geopandas.read_parquet(path)
                network = ReferenceNetwork.from_lines(lines, self.crs, mode, ferries=ferries, heights=self._heights)
            else:
                osm_ferries = self.toml["roads"].get("ferries", True)
                nodes, ways, barriers = self._streets
                network = ReferenceNetwork.from_ways(
                    nodes,
                    ways,
                    mode,
                    osm_ferries=osm_ferries,
                    ferries=ferries,
                    heights=self._heights,
                    barriers=barriers,
                )
            self._networks[mode_id] = network
        return self._networks[mode_id]

    def facilities_of(self, rule: dict[str, Any]) -> tuple[list[str], Floats]:
        """Read the facilities a rule asks for from the raw files: ids, and places in the district's CRS."""
        wanted = {key: value if isinstance(value, list) else [value] for key, value in rule["facilities"].items()}
        rows = [
            (row_id, lon, lat)
            for layer in self.toml["facilities"]
            if layer["kind"] in wanted["kind"]
            for row_id, lon, lat, attributes in facility_rows(self.folder, layer)
            if all(attributes[key] in values for key, values in wanted.items() if key != "kind")
        ]
        ids, lon, lat = (list(column) for column in zip(*rows, strict=True))
        project = pyproj.Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)
        return ids, np.column_stack(project.transform(lon, lat))


def computed(run: DistrictRun, expected: Expected) -> np.ndarray:
    """The run's own answer, in the oracle's units; inf where unreachable."""
    values = run.cells[expected.column].to_numpy(float)
    return np.where(np.isnan(values), np.inf, values * (1 if expected.measure == "m" else 60))


def differs(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Where two answers are apart, or one of them says unreachable alone."""
    reached = np.isfinite(ours) & np.isfinite(theirs)
    apart = np.isfinite(ours) != np.isfinite(theirs)
    apart[reached] = np.abs(ours[reached] - theirs[reached]) > CLOSE
    return apart


def is_a_tie(run: DistrictRun, expected: Expected, cell: int, ours: float) -> bool:
    """Whether the run's answer is right from another edge that is as near to the cell as the nearest."""
    at = run.cells_xy[cell]
    if expected.network.mode.join == "near":
        return expected.network.is_unsure(at)
    joins = expected.network.joins_within(at, 1e-6)
    again = np.repeat(at[None], len(joins.edge), axis=0)
    direction = expected.rule.get("direction", "toward")
    cost, _ = expected.network.nearest(
        again,
        expected.facilities_xy,
        direction,
        expected.measure,
        cell_joins=joins,  # type: ignore[arg-type]
    )
    return not differs(np.full(len(cost), ours), cost).all()
