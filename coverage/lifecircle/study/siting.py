"""Where to build for one rule: candidates beside what stands, all reached as a run reaches them, then the exact question."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array

from lifecircle.cache import NO_CACHE, Cache
from lifecircle.config import Rule
from lifecircle.model import Facilities, FloatArray, IntArray
from lifecircle.planning.candidates import spaced_cells
from lifecircle.planning.found import Question, SitesFound
from lifecircle.planning.sites import (
    Floors,
    Siting,
    alternatives,
    coverage_curve,
    covers_within,
    maximal_covering,
    set_covering,
    sites_for_targets,
)
from lifecircle.problems import Problems
from lifecircle.sources import read_candidates
from lifecircle.sources.datum import to_lonlat
from lifecircle.sources.tables import show_rows
from lifecircle.study.journeys import Clock, Journeys
from lifecircle.study.layers import Layers, Progress, check_district

KIND = "candidate"
TARGETS = (0.8, 0.9, 0.95, 1.0)
"""Shares of the people for which the least number of sites is told."""


def find_sites(
    layers: Layers, rule: Rule, question: Question, problems: Problems, *, progress: Progress, cache: Cache = NO_CACHE
) -> SitesFound:
    """Return the sites that answer a question of a rule.

    Existing facilities of the rule stand (locked in). The candidates are the district's ``[[candidates]]``; without any, hosts and one
    cell for each square of ``[siting] spacing_m``.

    Raises
    ------
    lifecircle.problems.InputError
        Where candidates cannot be read, or there is none.
    """
    candidates = _candidates(layers, rule, question, problems)
    problems.raise_errors()
    standing = layers.serving[rule.id]
    joined = _join(layers, candidates, rule, standing)
    travel = Journeys(joined, Clock(progress), problems, cache)
    progress(f"{len(candidates)} 个候选点 candidates: {rule.names.both}")
    covers = covers_within(travel.within(rule), rule.limit)
    people = travel.people(rule)
    asked = _Asked(covers, people, np.arange(len(standing)), _costs(candidates, len(standing)), question, layers)
    progress("求解 solving")
    siting = asked.solve(question.count, question.share, question.budget)
    held = asked.covered_by(np.empty(0, dtype=np.int64))
    before = float(people[held].sum())
    sites = _describe(asked, siting, candidates, len(standing), before)
    progress("每个否决的代价 the price of no")
    sites["price_of_no"] = asked.prices(siting)[sites.pop("row").to_numpy()] if len(sites) else []
    curve = asked.curve(max(len(siting.chosen), 1))
    made = candidates["candidate_id"].str.startswith("cell:").all()
    spacing_m = layers.configuration.siting.spacing_m if made else None
    return SitesFound(
        rule,
        question,
        siting,
        sites,
        curve,
        asked.least(),
        float(people.sum()),
        before,
        len(candidates),
        spacing_m,
        held,
    )


def site_district(
    folder: Path, rule_id: str, question: Question, *, progress: Progress, cache: Cache = NO_CACHE
) -> tuple[Layers, SitesFound]:
    """Read a district and answer a question of one of its rules.

    Raises
    ------
    lifecircle.problems.InputError
        Where a layer is wrong, the rule is unknown, a chain, or cannot be computed; with every problem at once.
    """
    problems = Problems()
    layers = check_district(folder, problems, only_rules=(rule_id,), progress=progress, cache=cache)
    problems.raise_errors()
    if layers is None:
        raise RuntimeError("a district that could not be read must have said why")
    rule = next((one for one in layers.configuration.rules if one.id == rule_id), None)
    if rule is None or rule.then is not None or rule_id not in layers.serving:
        why = layers.not_computed.get(
            rule_id, "不是单段的可达准则 no rule of one way: chains and other indicators have no sites"
        )
        problems.error("sites-rule", "--rule", f"{rule_id}: {why}")
        problems.raise_errors()
        raise RuntimeError("an error must be raised")
    return layers, find_sites(layers, rule, question, problems, progress=progress, cache=cache)


def _candidates(layers: Layers, rule: Rule, question: Question, problems: Problems) -> gpd.GeoDataFrame:
    """Return ``candidate_id, name, cost_yuan, geometry`` of every place where the rule's facility may be built."""
    configuration, crs = layers.configuration, layers.facilities.frame.crs
    options = configuration.siting
    found = read_candidates(configuration, rule.id, layers.units, problems)
    if found is None:
        hosts = layers.facilities.frame
        hosts = hosts[hosts["kind"].isin(options.hosts) & hosts["is_inside"] & (hosts["status"] == "used")]
        cells = spaced_cells(layers.cells.x, layers.cells.y, layers.cells.people, options.spacing_m)
        cells = np.empty(0, dtype=np.int64) if len(hosts) else cells
        made = {
            "candidate_id": [
                *(hosts["kind"] + ":" + hosts["facility_id"]),
                *(f"cell:{layers.cells.id[cell]}" for cell in cells),
            ],
            "name": [*hosts["name"], *(_near(layers, cells))],
            "cost_yuan": np.nan,
        }
        points = shapely.points(layers.cells.x[cells], layers.cells.y[cells])
        geometry = np.concatenate([hosts["geometry"].to_numpy(dtype=object), np.asarray(points, dtype=object).ravel()])
        found = gpd.GeoDataFrame(made, geometry=geometry, crs=crs)
    if options.cost_yuan > 0:
        found["cost_yuan"] = found["cost_yuan"].fillna(options.cost_yuan)
    kept_clear = layers.places.frame
    kept_clear = kept_clear[kept_clear["kind"].isin(options.exclude)]
    if len(kept_clear):
        area = shapely.union_all(kept_clear["geometry"].to_numpy(dtype=object))
        found = found[~shapely.intersects(found["geometry"].to_numpy(dtype=object), area)]
    _check_costs(found, question, problems)
    if not len(found):
        problems.error(
            "sites-no-candidates", "district.toml", "没有候选点 no candidates", field="candidates",
            mend="加上 add [[candidates]], 或放宽 or relax [siting] exclude",
        )  # fmt: skip
    return found.reset_index(drop=True)


def _near(layers: Layers, cells: IntArray) -> list[str]:
    """Return the name of the smallest unit that holds most of each cell."""
    if not layers.cells.membership or not len(cells):
        return [""] * len(cells)
    level = list(layers.cells.membership)[-1]
    part = layers.cells.membership[level].tocsc()[:, cells]
    held = np.asarray(part.sum(axis=0)).ravel() > 0
    unit = np.asarray(part.argmax(axis=0)).ravel()
    return [str(layers.units[level].name[row]) if known else "" for row, known in zip(unit, held, strict=True)]


def _join(layers: Layers, candidates: gpd.GeoDataFrame, rule: Rule, standing: IntArray) -> Layers:
    """Return the layers with the candidates as facilities that serve the rule after those that stand."""
    frame = layers.facilities.frame
    point = shapely.point_on_surface(candidates["geometry"].to_numpy(dtype=object))
    lon, lat = to_lonlat(shapely.get_x(point), shapely.get_y(point), frame.crs, is_strict=False)
    added = gpd.GeoDataFrame(
        {
            "facility_id": candidates["candidate_id"], "kind": KIND, "name": candidates["name"], "lon": lon, "lat": lat, "status": "used",
            "reason": "", "is_inside": True, "entrance_spacing_m": 50.0, "border_m": 30.0,
        },
        geometry=candidates["geometry"].to_numpy(dtype=object), crs=frame.crs,
    )  # fmt: skip
    joined = gpd.GeoDataFrame(pd.concat([frame, added], ignore_index=True), geometry="geometry", crs=frame.crs)
    serving = np.concatenate([standing, np.arange(len(frame), len(joined))])
    return replace(
        layers,
        facilities=Facilities(joined, layers.facilities.attributes),
        serving={**layers.serving, rule.id: serving},
    )


def _check_costs(candidates: gpd.GeoDataFrame, question: Question, problems: Problems) -> None:
    """Refuse a budget where a candidate's cost is not known, and costs of some only: what nobody priced is not free."""
    unpriced = candidates["cost_yuan"].isna().to_numpy()
    if unpriced.any() and (question.budget is not None or not unpriced.all()):
        names = candidates["candidate_id"][unpriced]
        problems.error(
            "sites-no-cost", "district.toml", f"{len(names)} 个候选点没有造价 candidates have no cost: {show_rows(names)}",
            field="candidates.cost", mend="在候选表中补上，或写 fill it in, or set [siting] cost_yuan",
        )  # fmt: skip


def _costs(candidates: gpd.GeoDataFrame, standing: int) -> FloatArray | None:
    """Return the yuan of each row; None where no cost is given."""
    own = candidates["cost_yuan"].to_numpy(dtype=np.float64)
    return None if np.isnan(own).any() else np.concatenate([np.zeros(standing), own])


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The arrays of one question."""

    covers: csr_array
    people: FloatArray
    locked: IntArray
    costs: FloatArray | None
    question: Question
    layers: Layers

    def solve(
        self,
        count: int | None,
        share: float | None,
        budget: float | None,
        *,
        excluded: IntArray | None = None,
        seconds: float | None = None,
    ) -> Siting:
        limit = seconds or self.question.time_limit_s
        if share is not None:
            return set_covering(
                self.covers, self.people, share, locked=self.locked, excluded=excluded, costs=self.costs, floors=self.floors,
                time_limit_s=limit,
            )  # fmt: skip
        return maximal_covering(
            self.covers, self.people, count, locked=self.locked, excluded=excluded, costs=self.costs, budget=budget, floors=self.floors,
            time_limit_s=limit,
        )  # fmt: skip

    @property
    def floors(self) -> Floors | None:
        membership = self.layers.cells.membership.get("township")
        if self.question.floor is None or membership is None:
            return None
        return Floors(membership, np.full(membership.shape[0], self.question.floor))

    def covered_by(self, rows: IntArray) -> np.ndarray:
        """Return which cells what stands and these rows cover."""
        chosen = np.concatenate([self.locked, rows]).astype(np.int64)
        return np.asarray(self.covers[chosen].sum(axis=0)).ravel() > 0

    def prices(self, siting: Siting) -> FloatArray:
        """Return by row what the answer loses without it: people, or sites (yuan) more where a share is asked for; inf: no plan without."""
        price = np.full(self.covers.shape[0], np.nan)
        if self.question.share is None:
            for other in alternatives(
                self.covers, self.people, self.question.count, plan=siting, locked=self.locked, costs=self.costs,
                budget=self.question.budget, floors=self.floors, time_limit_s=self.seconds_each,
            ):  # fmt: skip
                price[other.struck] = np.inf if np.isnan(other.people_lost) else other.people_lost
            return price
        for row in siting.chosen:
            without = self.solve(None, self.question.share, None, excluded=np.array([row]), seconds=self.seconds_each)
            price[row] = np.inf if np.isnan(without.objective) else without.objective - siting.objective
        return price

    @property
    def seconds_each(self) -> float:
        """For each plan beside the one asked for."""
        return self.question.time_limit_s / 4

    def curve(self, most: int) -> pd.DataFrame:
        """Return the people covered by 0 .. so many sites; empty where so few cannot meet the floors."""
        found = coverage_curve(
            self.covers, self.people, range(most + 1), locked=self.locked, costs=self.costs, floors=self.floors,
            time_limit_s=self.seconds_each,
        )  # fmt: skip
        return pd.DataFrame(
            {
                "sites": found.counts, "people_covered": found.people_covered, "share_pct": 100 * found.share, "bound": found.bound,
                "status": [one.status for one in found.sitings],
            }
        )  # fmt: skip

    def least(self) -> pd.DataFrame:
        """Return the least number of sites to each share, whatever they cost; NaN where no number is enough."""
        found = sites_for_targets(
            self.covers, self.people, TARGETS, locked=self.locked, floors=self.floors, time_limit_s=self.seconds_each
        )
        rows = [
            (100 * share, np.nan if one.status == "infeasible" else len(one.chosen), one.status)
            for share, one in found.items()
        ]
        return pd.DataFrame(rows, columns=["share_pct", "sites", "status"])


def _describe(
    asked: _Asked, siting: Siting, candidates: gpd.GeoDataFrame, standing: int, before: float
) -> gpd.GeoDataFrame:
    """Return the chosen sites, each next the one that brings most people to those before it."""
    left, covered = list(siting.chosen), asked.covered_by(np.empty(0, dtype=np.int64))
    total, reached = float(asked.people.sum()), before
    rows: list[tuple[object, ...]] = []
    while left:
        gains = [float(asked.people[(asked.covers[[row]].toarray().ravel() > 0) & ~covered].sum()) for row in left]
        best = int(np.argmax(gains))
        row, gained = left.pop(best), gains[best]
        covered |= asked.covers[[row]].toarray().ravel() > 0
        reached += gained
        place, share = candidates.iloc[row - standing], 100 * reached / total
        rows.append(
            (
                len(rows) + 1,
                place["candidate_id"],
                place["name"],
                gained,
                reached,
                share,
                place["cost_yuan"],
                row,
                place["geometry"],
            )
        )
    names = (
        "order",
        "candidate_id",
        "name",
        "people_gained",
        "cumulative_people",
        "cumulative_share_pct",
        "cost_yuan",
        "row",
        "geometry",
    )
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(names)), geometry="geometry", crs=candidates.crs)
