"""Where to build for one rule: candidates and links beside what stands, all reached as a run reaches them, then the exact question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.cache import NO_CACHE, Cache
from lifecircle.config import Question, Rule
from lifecircle.model import BoolArray, Cells, FloatArray, IntArray, LinkWork, RuleGaps, SitesFound, Siting
from lifecircle.problems import InputError, Problem, Problems
from lifecircle.siting.covering import covers_within, maximal_covering, set_covering
from lifecircle.siting.links import LinkedCovers
from lifecircle.siting.problem import Floors
from lifecircle.siting.removal_loss import alternatives, coverage_curve, sites_for_targets
from lifecircle.siting.robustness import RobustSites, robust_sites
from lifecircle.sources import lay_links
from lifecircle.study.candidates import check_costs, find_candidates, join_candidates
from lifecircle.study.evaluate import gather_facts
from lifecircle.study.gaps import GapFinder
from lifecircle.study.layers import Layers, Progress, check_district, say_nothing
from lifecircle.study.link_candidates import describe_link_candidates, link_covers, links_of, propose_links
from lifecircle.study.objectives import Rows, capacities, check_size, loss_of, solve_objective, within_limit
from lifecircle.study.routing import Routing, StageTimer
from lifecircle.study.rules import answer_rule
from lifecircle.study.scenario_layers import add_said
from lifecircle.study.sensitivity import assume_for_sites

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
    rows: Rows | None = None
    """What an objective beside coverage needs."""

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
        if self.rows is not None:
            found = solve_objective(question, self.rows, self.people, asked)
            return within_limit(found, self.covered_by(found.chosen), self.people)
        if question.target is not None:
            return set_covering(self.covers, self.people, question.target, **asked)
        return maximal_covering(self.covers, self.people, question.count, budget=question.budget_yuan, **asked)

    def solve_nothing(self) -> float | None:
        """Return what the objective comes to with what stands alone; None where that is no answer, or coverage is asked for."""
        if self.rows is None:
            return None
        works = np.arange(self.standing, self.standing + len(self.works))
        found = replace(self, question=self.question.model_copy(update={"count": 0})).solve(excluded=works)
        return None if np.isnan(found.objective) else found.objective

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
        if self.rows is not None:
            for row in siting.chosen.tolist():
                without = self.solve(excluded=np.array([row]), seconds=self.seconds_each)
                lost = loss_of(self.question.objective, siting, without, self.people)
                prices[row] = (lost, self._named(np.setdiff1d(without.chosen, siting.chosen)))
            return prices
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


def find_sites(
    travel: Routing, question: Question, problems: Problems, *, progress: Progress, gaps: RuleGaps | None = None
) -> SitesFound:
    """Return the sites (and links) that answer a question of a rule.

    Existing facilities of the rule stand (locked in). The candidates are the district's ``[[candidates]]`` and the hosts of
    ``[siting]``; without any, one cell for each square of its ``spacing_m``. ``[[links]]`` that carry the rule's mode are weighed beside
    them.

    Parameters
    ----------
    travel
        Over the district's layers; networks that are built already are used.
    gaps
        Of the rule, for the links that ``[siting] made_links`` asks for; None: they are found.

    Raises
    ------
    lifecircle.problems.InputError
        Where there is no candidate, or a cost is missing that the question needs.
    """
    layers = travel.layers
    rule = next(one for one in layers.configuration.rules if one.id == question.rule)
    candidates, spacing_m = find_candidates(layers, question, rule, problems)
    is_coverage = question.objective == "coverage"
    links = _links(travel, rule, gaps, problems) if question.links and is_coverage else ()
    works = candidates
    if links:
        works = gpd.GeoDataFrame(
            pd.concat([candidates, describe_link_candidates(links, candidates.crs)], ignore_index=True),
            crs=candidates.crs,
        )
    check_costs(works, question, problems)
    standing = layers.serving[rule.id]
    check_size(question, len(standing) + len(candidates), len(layers.cells), problems)
    room = capacities(question, layers.facilities, standing, len(candidates), problems)
    problems.raise_errors()
    joined = join_candidates(layers, candidates, rule, standing)
    beside = f"，连接 links {len(links)}" if links else ""
    progress(f"{rule.names.both}：候选 candidates {len(candidates)}{beside}")
    covers: LinkedCovers | csr_array
    rows = None
    if links:
        covers = link_covers(joined, links, rule, problems, progress)
    else:
        added = np.arange(len(layers.facilities), len(joined.facilities))
        beside_all = travel.beside_these(joined, added, problems)
        covers = covers_within(beside_all.within(rule), rule.limit)
        rows = None if is_coverage else Rows(covers, cache(partial(beside_all.all_costs, rule)), room)
    asked = Asked(
        covers, travel.people(rule), len(standing), works, question, floors_of(question, layers.cells), rule, rows
    )
    progress(f"{rule.names.both}：求解 solving")
    siting = asked.solve()
    progress(f"{rule.names.both}：不选各点的影响 the removal loss")
    sites = asked.describe(siting)
    progress(f"{rule.names.both}：其他假设下是否仍选 whether they are chosen under other assumptions")
    robust = _try_otherwise(travel, joined, links, asked, siting, problems)
    return SitesFound(
        rule=rule,
        question=question,
        siting=siting,
        sites=_with_holds(sites, asked, robust),
        curve=asked.curve(max(len(siting.chosen), 1)),
        targets=asked.least(),
        people=float(asked.people.sum()),
        covered_before=asked.covered_before,
        candidates=len(candidates),
        links=len(links),
        assumptions=robust.assumptions,
        spacing_m=spacing_m,
        cells_before=asked.covered_by(np.empty(0, dtype=np.int64)),
        objective_before=asked.solve_nothing(),
    )


def _try_otherwise(
    travel: Routing, joined: Layers, links: tuple[LinkWork, ...], asked: Asked, siting: Siting, problems: Problems
) -> RobustSites:
    """Return how the chosen sites do under other speeds, limits and people; the links that are chosen stand built."""
    first = asked.standing + len(asked.works) - len(links)
    plan, chosen = siting.chosen[siting.chosen < first], siting.chosen[siting.chosen >= first] - first
    rule, question, costs = asked.rule, asked.question, asked.costs
    if len(chosen) and joined.roads is not None:
        built = tuple(links[row] for row in chosen.tolist())
        ground = Routing(replace(joined, roads=lay_links(joined.roads, built)), StageTimer(say_nothing), Problems())
    else:
        added = np.arange(len(travel.layers.facilities), len(joined.facilities))
        ground = travel.beside_these(joined, added, problems)
    spent = 0.0 if costs is None else float(costs[first:][chosen].sum())
    return robust_sites(
        plan,
        assume_for_sites(ground, rule, lambda cells: floors_of(question, cells))
        if len(plan) and asked.rows is None
        else {},
        None if question.count is None else question.count - len(chosen),
        share=question.target,
        locked=np.arange(asked.standing),
        costs=None if costs is None else costs[:first],
        budget=None if question.budget_yuan is None else question.budget_yuan - spent,
        time_limit_s=asked.seconds_each,
    )


def _with_holds(sites: gpd.GeoDataFrame, asked: Asked, robust: RobustSites) -> gpd.GeoDataFrame:
    """Return the sites with ``holds_in`` (under how many assumptions a best plan has the site, of how many) and ``not_in``, the others."""
    names = asked.works["candidate_id"].to_numpy(dtype=object)
    tried = robust.sites
    ids = names[tried["row"].to_numpy(dtype=np.int64) - asked.standing]
    told = {
        name: f"{best}/{count}" if count else ""
        for name, best, count in zip(ids, tried["optimal_in"], tried["assumptions"], strict=True)
    }
    others = dict(zip(ids, tried["not_optimal_in"], strict=True))
    return sites.assign(
        holds_in=[told.get(name, "") for name in sites["candidate_id"]],
        not_in=[others.get(name, "") for name in sites["candidate_id"]],
    )


def _links(travel: Routing, rule: Rule, gaps: RuleGaps | None, problems: Problems) -> tuple[LinkWork, ...]:
    """Return the district's links for a rule, and those proposed for its gaps."""
    layers = travel.layers
    given = links_of(layers, rule)
    if not layers.configuration.siting.made_links:
        return given
    if gaps is None:
        result = answer_rule(travel, rule)
        facts = gather_facts(layers, layers.district.year, {rule.id: result}, travel, problems)
        gaps = GapFinder(travel, facts).of_rule(result)
    return (*given, *propose_links(layers, rule, gaps))


def site_district(
    folder: Path, question: Question, *, progress: Progress, cache: Cache = NO_CACHE
) -> tuple[Layers, SitesFound, tuple[Problem, ...]]:
    """Read a district and answer a question of one of its rules; with what was met on the way.

    Raises
    ------
    lifecircle.problems.InputError
        Where a layer is wrong, the rule is unknown, a chain, or cannot be computed; with every problem at once.
    """
    problems = Problems()
    layers = check_district(folder, problems, only_rules=(question.rule,), progress=progress, cache=cache)
    problems.raise_errors()
    if layers is None:
        raise RuntimeError("a district that could not be read must have said why")
    why = why_not(layers, question.rule)
    if why:
        problems.error(
            "sites-rule",
            "--rule",
            f"{question.rule}: {why}",
            expected="可以选址的准则 a rule that sites can be sought for",
            mend="换一条准则，或补上所缺 name another rule, or add what is missing",
        )
        problems.raise_errors()
    travel = Routing(layers, StageTimer(progress), problems, cache)
    return layers, find_sites(travel, question, problems, progress=progress), tuple(problems)


def why_not(layers: Layers, rule_id: str) -> str:
    """Return why a rule cannot be sited for; empty where it can."""
    rule: Rule | None = next((one for one in layers.configuration.rules if one.id == rule_id), None)
    if rule is None or rule.then is not None or rule_id not in layers.serving:
        return layers.not_computed.get(
            rule_id, "不是单段的可达准则 no rule of one way: chains and other indicators have no sites"
        )
    return ""


def answer_plans(
    travel: Routing, gaps: Mapping[str, RuleGaps], only: tuple[str, ...], problems: Problems
) -> tuple[SitesFound, ...]:
    """Return the answers to the district's ``[[plans]]``, of the rules that the run is about.

    A plan whose rule cannot be computed, or whose question cannot be put, is reported and left out; the others stand.
    """
    layers, found = travel.layers, []
    for index, plan in enumerate(layers.configuration.plans):
        if only and plan.rule not in only:
            continue
        place, why, said = f"plans[{index + 1}]", why_not(layers, plan.rule), Problems()
        if why:
            problems.add(
                "plan-rule",
                "warning",
                "district.toml",
                f"{plan.rule}: {why}",
                field=f"{place}.rule",
                expected="可以选址的准则 a rule that sites can be sought for",
                mend="换一条准则，或补上所缺 name another rule, or add what is missing",
            )
            continue
        try:
            found.append(find_sites(travel, plan, said, progress=travel.clock.progress, gaps=gaps.get(plan.rule)))
        except InputError:
            said.found = [replace(one, severity="warning", found=f"{plan.id}: {one.found}") for one in said.found]
        add_said(said, problems.found, place, problems)
    return tuple(found)
