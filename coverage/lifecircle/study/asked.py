"""One question of where to build, as arrays, and every answer that stands beside the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.config import Question, Rule
from lifecircle.model import BoolArray, Cells, FloatArray, IntArray
from lifecircle.planning.links import LinkedCovers
from lifecircle.planning.sites import (
    Floors,
    Siting,
    alternatives,
    coverage_curve,
    maximal_covering,
    set_covering,
    sites_for_targets,
)

TARGETS = (0.8, 0.9, 0.95, 1.0)
"""Shares of the people for which the least number of works is told."""
YUAN = 10_000.0
"""Gains are told per so many yuan."""
COLUMNS = (
    "order", "work", "candidate_id", "name", "people_gained", "cumulative_people", "cumulative_share_pct", "cost_yuan",
    "people_per_10k_yuan", "price_of_no", "instead", "geometry",
)  # fmt: skip


def floors_of(question: Question, cells: Cells) -> Floors | None:
    """Return the least share of every township, where a question asks for one and the cells know theirs."""
    townships = cells.membership.get("township")
    if question.floor is None or townships is None:
        return None
    return Floors(townships, np.full(townships.shape[0], question.floor))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The arrays of one question. Rows are what stands, then the works: candidates, and links after them."""

    covers: csr_array | LinkedCovers
    people: FloatArray
    standing: int
    works: gpd.GeoDataFrame
    """One row a candidate or link: ``candidate_id, name, cost_yuan, work, geometry``."""
    question: Question
    floors: Floors | None
    """The least share of every township, where one is asked for."""
    rule: Rule

    @property
    def _conditions(self) -> dict[str, Any]:
        return {"locked": np.arange(self.standing), "costs": self.costs, "floors": self.floors}

    @property
    def costs(self) -> FloatArray | None:
        """Yuan of each row; None where nobody said."""
        own = self.works["cost_yuan"].to_numpy(dtype=np.float64)
        return None if np.isnan(own).any() else np.concatenate([np.zeros(self.standing), own])

    @property
    def seconds_each(self) -> float:
        """For each plan beside the one asked for."""
        return self.question.seconds / 4

    def solve(self, *, excluded: IntArray | None = None, seconds: float | None = None) -> Siting:
        """Answer the question, with some rows ruled out."""
        question, limit_s = self.question, seconds or self.question.seconds
        asked = {**self._conditions, "excluded": excluded, "time_limit_s": limit_s}
        if question.target is not None:
            return set_covering(self.covers, self.people, question.target, **asked)
        return maximal_covering(self.covers, self.people, question.count, budget=question.budget_yuan, **asked)

    def covered_by(self, rows: IntArray) -> BoolArray:
        """Return which cells what stands and these rows cover."""
        if isinstance(self.covers, LinkedCovers):
            return self.covers.covered(np.concatenate([np.arange(self.standing), rows]))
        chosen = np.concatenate([np.arange(self.standing), rows]).astype(np.int64)
        return np.asarray(self.covers[chosen].sum(axis=0)).ravel() > 0

    @property
    def covered_before(self) -> float:
        """People whom what stands covers."""
        return float(self.people[self.covered_by(np.empty(0, dtype=np.int64))].sum())

    def prices(self, siting: Siting) -> dict[int, tuple[float, list[str]]]:
        """Return by chosen row what the answer loses without it, and what comes in its place.

        People; or works (yuan) more, where a share is asked for; inf: nothing meets the conditions without it.
        """
        prices = {}
        if self.question.target is None:
            for other in alternatives(
                self.covers, self.people, self.question.count, plan=siting, budget=self.question.budget_yuan,
                time_limit_s=self.seconds_each, **self._conditions,
            ):  # fmt: skip
                lost = np.inf if np.isnan(other.people_lost) else other.people_lost
                prices[other.struck] = (lost, self._named(other.comes_instead))
            return prices
        for row in siting.chosen.tolist():
            without = self.solve(excluded=np.array([row]), seconds=self.seconds_each)
            more = np.inf if np.isnan(without.objective) else without.objective - siting.objective
            prices[row] = (more, self._named(np.setdiff1d(without.chosen, siting.chosen)))
        return prices

    def _named(self, rows: IntArray) -> list[str]:
        return [str(self.works["candidate_id"].iloc[row - self.standing]) for row in rows]

    def curve(self, most: int) -> pd.DataFrame:
        """Return the people covered by 0 .. so many works; NaN where so few cannot meet the floors."""
        found = coverage_curve(
            self.covers, self.people, range(most + 1), time_limit_s=self.seconds_each, **self._conditions
        )
        return pd.DataFrame(
            {
                "sites": found.counts, "people_covered": found.people_covered, "share_pct": 100 * found.share,
                "bound": found.bound, "status": [one.status for one in found.sitings],
            }
        )  # fmt: skip

    def least(self) -> pd.DataFrame:
        """Return the least number of works to each share, whatever they cost; NaN where no number is enough."""
        found = sites_for_targets(
            self.covers, self.people, TARGETS, time_limit_s=self.seconds_each, **{**self._conditions, "costs": None}
        )
        rows = [
            (100 * share, np.nan if one.status == "infeasible" else len(one.chosen), one.status)
            for share, one in found.items()
        ]
        return pd.DataFrame(rows, columns=["share_pct", "sites", "status"])

    def describe(self, siting: Siting) -> gpd.GeoDataFrame:
        """Return the chosen works, each next the one that brings most people to those before it; see `SitesFound.sites`."""
        prices, left = self.prices(siting), siting.chosen.tolist()
        built = np.empty(0, dtype=np.int64)
        reached, total = self.covered_before, float(self.people.sum())
        rows: list[tuple[Any, ...]] = []
        while left:
            each = [float(self.people[self.covered_by(np.append(built, row))].sum()) for row in left]
            best = int(np.argmax(each))
            row, gained, reached = left.pop(best), each[best] - reached, each[best]
            built = np.append(built, row)
            work, price = self.works.iloc[row - self.standing], prices[row]
            cost = float(work["cost_yuan"])
            per_yuan = gained / (cost / YUAN) if cost > 0 else np.nan
            share = 100 * reached / total if total else np.nan
            rows.append(
                (len(rows) + 1, work["work"], work["candidate_id"], work["name"], gained, reached, share, cost, per_yuan, price[0],
                 "、".join(price[1]), work["geometry"])
            )  # fmt: skip
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        return gpd.GeoDataFrame(frame, geometry="geometry", crs=self.works.crs)
