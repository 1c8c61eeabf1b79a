"""A district's waterworks as the nouns that the measures of water ask: built once a run, whatever evidence says who is served."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array

from lifecircle.config.schema import Level
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import mean_of
from lifecircle.indicators.spatial import cells_inside
from lifecircle.indicators.water_balance import demand_m3d
from lifecircle.indicators.water_quality import STAGES, TAP, Samples
from lifecircle.indicators.water_system import (
    Plants,
    Sources,
    SupplySystem,
    Villages,
    rows_of_ids,
    service_from_areas,
    service_from_lists,
    service_from_pipes,
)
from lifecircle.model import FloatArray, IntArray, TextArray
from lifecircle.sources.opening import UNDATED, read_years
from lifecircle.sources.tables import as_bool, as_numbers, as_text, show_values

TOUCH_M = 1.0
"""Pipes whose ends are drawn this near are joined."""
FAULTS = {
    "unknown": "供水村认不出 no such village",
    "ambiguous": "供水村同名，认不出是哪个 several villages have this name",
    "repeated": "供水村重复 listed twice",
    "shared": "几个水厂都列了此村，平分 several plants list it, shared evenly",
}


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """Plants, sources and samples over the villages (townships where there are no villages)."""

    level: Level
    system: SupplySystem
    people: FloatArray
    """Of each village."""
    samples: Samples
    reliability: FloatArray
    """Of each plant, 0-1; NaN where not known."""
    quota_l: float
    season_factor: float
    peak_factor: float
    loss_sets: tuple[tuple[str, ...], ...]
    has_unlisted: bool = False
    """Whether a plant does not say whom it serves, so that of people on none it is not known."""
    has_unplaced_source: bool = False
    """Whether a source does not say which plant it feeds, so that of a plant that is short it is not known."""
    unclear_samples: int = 0
    """Samples that may be of the year, any stage or any plant: they have no date, no stage, or (before the tap) no plant."""

    @property
    def demand_m3d(self) -> FloatArray:
        """Each village's demand in the season the figures are for."""
        return self.demand_in(self.season_factor)

    @property
    def peak_season(self) -> float:
        """The season's factor times the peak's."""
        return self.season_factor * self.peak_factor

    def demand_in(self, factor: float) -> FloatArray:
        """Return each village's demand in a season, m3/d."""
        return demand_m3d(self.people, self.quota_l, factor)

    def name_of(self, identity: str) -> str:
        """Return the name of a source or a plant."""
        for table in (self.system.sources, self.system.plants):
            found = np.flatnonzero(table.id == identity)
            if len(found):
                return str(table.name[found[0]])
        return identity

    def of_plants(self, value: FloatArray) -> FloatArray:
        """Return a figure of plants for each village: the mean over those it is on that have one, by their shares; NaN where none has."""
        known = np.isfinite(value)
        share = np.asarray(self.system.service.T @ known.astype(np.float64))
        return mean_of(np.asarray(self.system.service.T @ np.where(known, value, 0.0)), share)

    def served_share_of_cells(self, facts: Facts) -> FloatArray:
        """Return the share (0-1) of each cell's people who are on a plant, as their village is."""
        membership = facts.levels[self.level].membership
        inside = np.asarray(membership.sum(axis=0)).ravel()
        return np.clip(np.nan_to_num(mean_of(np.asarray(self.system.served_share @ membership), inside)), 0.0, 1.0)

    def to_water(self, facts: Facts) -> tuple[FloatArray, FloatArray]:
        """Return for each cell the metres, as the crow flies, and the climb to the nearest water point; inf and NaN where there is none."""
        kind = facts.configuration.water.points
        places = facts.places
        asked = kind if kind in facts.kinds else "water_source"
        points = places[(places["kind"] == asked) & (places["status"] == "used")]
        count = len(facts.cells)
        if not len(points):
            return np.full(count, np.inf), np.full(count, np.nan)
        cells = shapely.points(facts.cells.x, facts.cells.y)
        shape = points["geometry"].to_numpy(dtype=object)
        (_, nearest), distance_m = shapely.STRtree(shape).query_nearest(cells, return_distance=True, all_matches=False)
        if facts.height_m is None:
            return distance_m, np.full(count, np.nan)
        at = shapely.point_on_surface(shape)[nearest]
        climb = facts.height_m(shapely.get_x(at), shapely.get_y(at)) - facts.height_m(facts.cells.x, facts.cells.y)
        return distance_m, climb


def supply_of(facts: Facts) -> Supply:
    """Return the district's supply, built when first asked for."""
    supply: Supply = facts.supply if facts.supply is not None else _build(facts)
    facts.supply = supply
    return supply


def _build(facts: Facts) -> Supply:
    asked = facts.configuration.water
    level: Level = list(facts.levels)[-1]
    units = facts.levels[level]
    plants = _rows(facts, "water_plant")
    identity = plants["facility_id"].to_numpy(dtype=object)
    villages = Villages(units.code, units.name)
    people = units.sum(facts.cells.people)
    made = Plants(
        id=identity,
        name=plants["name"].to_numpy(dtype=object),
        tier=_text(plants, "tier"),
        capacity_m3d=_number(plants, "capacity"),
        is_inside=plants["is_inside"].to_numpy(dtype=bool),
    )
    sources = _rows(facts, "water_source")
    fed = rows_of_ids(_text(sources, "plant"), identity)
    _report_lost(facts, sources, "water_source", fed)
    system = SupplySystem(
        made,
        villages,
        _service(facts, plants, villages, people, level),
        Sources(
            id=sources["facility_id"].to_numpy(dtype=object), name=sources["name"].to_numpy(dtype=object),
            type=_text(sources, "type"), plant=fed, capacity_m3d=_number(sources, "capacity"),
        ),
    )  # fmt: skip
    samples = _samples(facts, identity, level)
    return Supply(
        level=level, system=system, people=people, samples=samples, reliability=_number(plants, "reliability"),
        quota_l=asked.quota_l_per_day, season_factor=asked.season_factor, peak_factor=asked.peak_factor,
        loss_sets=_known_losses(facts, system),
        has_unlisted=asked.served_by == "list" and bool(len(plants)) and not all(_text(plants, "served")),
        has_unplaced_source=bool((fed < 0).any()), unclear_samples=_unclear_samples(facts, samples),
    )  # fmt: skip


def _rows(facts: Facts, kind: str) -> pd.DataFrame:
    """Return the used facilities of a kind, those outside the district too: a plant across the border is a supplier."""
    places = facts.places
    return places[(places["kind"] == kind) & (places["status"] == "used")].reset_index(drop=True)


def _text(frame: pd.DataFrame, column: str) -> TextArray:
    return as_text(frame[column]) if column in frame else np.full(len(frame), "", dtype=object)


def _number(frame: pd.DataFrame, column: str) -> FloatArray:
    return as_numbers(frame[column].to_numpy(dtype=object)).value if column in frame else np.full(len(frame), np.nan)


def _report_lost(facts: Facts, frame: pd.DataFrame, kind: str, row: IntArray) -> None:
    lost = frame[row < 0]
    if len(lost):
        facts.problems.add(
            "water-no-plant", "warning", f"facilities: {kind}", f"没有这个水厂 no such plant: {show_values(_text(lost, 'plant'))}",
            row=", ".join(lost["facility_id"][:10]), field="plant", mend="写水厂编号 write the plant's id", count=len(lost),
            expected="水厂图层中的编号 an id of the plants' layer",
        )  # fmt: skip


def _service(facts: Facts, plants: pd.DataFrame, villages: Villages, people: FloatArray, level: Level) -> csr_array:
    """Return who is served, by the evidence the district has."""
    asked = facts.configuration.water
    if asked.served_by == "polygon":
        areas = _rows(facts, asked.areas)
        owner = rows_of_ids(_text(areas, "plant"), plants["facility_id"].to_numpy(dtype=object))
        overlap = [
            cells_inside(facts.cells, shapely.union_all(areas["geometry"].to_numpy(dtype=object)[owner == plant]), 0.0)
            for plant in range(len(plants))
        ]
        return service_from_areas(csr_array(np.array(overlap)), facts.levels[level].membership, facts.cells.people)
    if asked.served_by == "network":
        return _service_by_pipes(facts, plants, people, level)
    listed = service_from_lists(
        plants["served"].to_numpy(dtype=object) if "served" in plants else [None] * len(plants), villages
    )
    for kind, text in FAULTS.items():
        faults = [fault for fault in listed.faults if fault.kind == kind]
        if faults:
            facts.problems.add(
                f"water-served-{kind}", "warning", "facilities: water_plant", f"{text}: {show_values([fault.entry for fault in faults])}",
                row=", ".join(dict.fromkeys(str(plants["facility_id"].iloc[fault.plant]) for fault in faults)), field="served",
                mend="写村代码，分号隔开 write village codes, separated by ;", count=len(faults),
                expected="水厂与水源的编号 ids of plants and sources",
            )  # fmt: skip
    return listed.service


def _service_by_pipes(facts: Facts, plants: pd.DataFrame, people: FloatArray, level: Level) -> csr_array:
    """Return who is served over pipes: those that touch are one, a plant and a village's middle stand at the nearest within reach."""
    asked, cells = facts.configuration.water, facts.cells
    pipes = _rows(facts, asked.pipes)["geometry"].to_numpy(dtype=object)
    tree = shapely.STRtree(pipes)
    touching = tree.query(pipes, predicate="dwithin", distance=TOUCH_M).T
    middle = [mean_of(facts.levels[level].sum(cells.people * at), people) for at in (cells.x, cells.y)]

    def node(shape: TextArray) -> IntArray:
        found = np.full(len(shape), -1, dtype=np.int64)
        (row, pipe), _ = tree.query_nearest(shape, max_distance=asked.snap_m, return_distance=True, all_matches=False)
        found[row] = pipe
        return found

    points = shapely.points(np.nan_to_num(middle[0]), np.nan_to_num(middle[1]))
    at_middle: TextArray = np.asarray(points, dtype=object)
    at_middle[people <= 0] = None
    return service_from_pipes(
        touching,
        len(pipes),
        node(plants["geometry"].to_numpy(dtype=object)),
        node(at_middle),
        _number(plants, "capacity"),
    )


def _samples(facts: Facts, plants: TextArray, level: Level) -> Samples:
    places = facts.places
    chosen = ((places["kind"] == "water_monitoring") & (places["status"] == "used")).to_numpy()
    taken = places[chosen]
    made = read_years(taken["date"]) if "date" in taken else np.full(len(taken), np.nan)
    year = np.where(np.isnan(made), -1, made).astype(np.int64)
    passed = as_bool(taken["pass"]) if "pass" in taken else np.full(len(taken), None, dtype=object)
    return Samples(
        stage=np.array(
            [STAGES.index(word) if word in STAGES else -1 for word in _text(taken, "stage")], dtype=np.int64
        ),
        year=year,
        plant=rows_of_ids(_text(taken, "plant"), plants),
        village=facts.place_unit[level][chosen],
        is_pass=np.array([np.nan if one is None else float(one) for one in passed]),
    )


def _unclear_samples(facts: Facts, samples: Samples) -> int:
    """Return how many samples may be of the run's year, any stage or any plant."""
    is_lost = (samples.year == facts.year) & ((samples.stage < 0) | ((samples.plant < 0) & (samples.stage != TAP)))
    places = facts.places
    is_undated = (places["kind"] == "water_monitoring") & (places["reason"] == UNDATED)
    return int(is_lost.sum() + is_undated.sum())


def _known_losses(facts: Facts, system: SupplySystem) -> tuple[tuple[str, ...], ...]:
    known = {*system.sources.id, *system.plants.id}
    lost = sorted({one for ids in facts.configuration.water.losses for one in ids} - known)
    if lost:
        facts.problems.add("water-unknown-loss", "warning", "district.toml", f"没有这个水源或水厂 no such source or plant: {show_values(lost)}",
                           field="water.losses", count=len(lost), expected="图层中的水源或水厂 a source or plant of the layers",
                           mend="改用编号 use its id")  # fmt: skip
    return tuple(ids for ids in facts.configuration.water.losses if set(ids) <= known)
