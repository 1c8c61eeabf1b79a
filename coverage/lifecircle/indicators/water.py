"""Measures of water supply: the tiers of 三级供水网, same quality, large works, backup, the chain of monitoring, convenience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from lifecircle.config.measures import IndicatorEntry
from lifecircle.config.records import Need, TableFilter, needs_of
from lifecircle.config.schema import Label
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import Figures, partial_ratio
from lifecircle.indicators.measure import Finding, Findings, beside, measure
from lifecircle.indicators.water_balance import (
    LossTables,
    backup_cover,
    balance,
    litres_per_person,
    lose,
    named_loss,
    no_loss,
    single_losses,
)
from lifecircle.indicators.water_quality import (
    CHAIN_STATES,
    NO_PLANT,
    OUTLET,
    TAP,
    TIER_COLUMNS,
    TIERS,
    FetchLimits,
    PassCounts,
    at_least,
    count_passes,
    four_criteria,
    is_convenient,
    monitoring_chain,
    passes_surely,
    people_by_tier,
    people_of_same_quality,
    people_served,
)
from lifecircle.indicators.waterworks import Supply, supply_of
from lifecircle.model import FloatArray

Ask = Literal[
    "tier", "outside", "large_scale", "same_quality", "adequacy", "backup", "chain", "convenience", "four_criteria"
]
PLANTS = Need("water_plant", ("tier", "capacity", "served"))
SOURCES = Need("water_source", ("plant", "capacity"))
SAMPLES = Need("water_monitoring", ("plant", "stage", "date", "pass"))
NEEDS: dict[str, tuple[Need, ...]] = {
    "tier": (PLANTS,),
    "outside": (PLANTS,),
    "large_scale": (PLANTS,),
    "same_quality": (PLANTS, SAMPLES),
    "adequacy": (PLANTS, SOURCES),
    "backup": (PLANTS, SOURCES),
    "chain": (PLANTS, SOURCES, SAMPLES),
    "convenience": (PLANTS,),
    "four_criteria": (Need("water_plant", ("tier", "capacity", "served", "reliability")), SOURCES, SAMPLES),
}


class Water(IndicatorEntry):
    """A share of people by what supplies them; quota, season and who is served are set in the district's ``[water]``.

    ``tier``: on the tiers ``tiers`` (``["未覆盖"]``: on none). ``outside``: supplied from outside the district. ``large_scale``: by a plant of
    at least ``large_m3d``. ``same_quality``: on ``tiers``, from a plant whose samples pass at ``pass_at_least``. ``adequacy``: by plants that
    meet demand in season. ``backup``: who keep their supply whatever single source is lost. ``chain``: sampled at source, plant and tap.
    ``convenience``: piped, or near enough to fetch. ``four_criteria``: quality, quantity, reliability and convenience, fail one = fail.
    """

    called: ClassVar[Label] = Label(zh="供水人口", en="people by water supply")
    measure: Literal["water"]
    ask: Ask
    tiers: tuple[str, ...] = ("县域网",)
    pass_at_least: float = Field(default=0.95, ge=0, le=1)
    large_m3d: float = Field(default=1000.0, gt=0)
    samples: int = Field(default=1, ge=1)
    """Samples a year that a stage must have to count as watched."""
    in_units: TableFilter | None = None
    """Rows of a unit table: only people of these units count, such as those of rural villages (``urban = false``)."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """Plants, and what the question asks for beside."""
        return (*NEEDS[self.ask], *(needs_of((self.in_units,)) if self.in_units else ()))


UNKNOWN_TIER, NO_TIER = TIER_COLUMNS[-2:]
Answer = tuple[FloatArray, FloatArray | None, dict[str, pd.DataFrame]]
"""People of each village that count; those of whom it is not known; tables beside."""


@measure(Water)
def water(entry: Water, facts: Facts) -> Findings:
    """Divide the people of villages that count by all people, summed to townships and the district."""
    supply = supply_of(facts)
    people, unknown, tables = _ASKED[entry.ask](entry, facts, supply)
    if entry.in_units is not None:
        # The same question of some villages only; its tables by village are those of the question of all.
        is_in, is_told = facts.units_in(entry.in_units, supply.level)
        lacking = np.zeros(len(people)) if unknown is None else unknown
        people, unknown, tables = people * is_in, np.where(is_told, lacking * is_in, supply.people), {}
        supply = replace(supply, people=supply.people * (is_in | ~is_told))
    years = (facts.year,) if any(need.name == "water_monitoring" for need in entry.needs) else ()
    found = [Finding(_shares(entry, facts, supply, people, unknown), counts="人", years=years)]
    if unknown is not None and unknown.any():
        label = beside(entry, "资料不足的人口", "people of whom it is not known")
        found.append(
            Finding(_shares(entry, facts, supply, unknown), suffix="-unknown", label=label, is_asked=False, years=years)
        )
    return Findings(tuple(found), tables)


def _shares(
    entry: Water, facts: Facts, supply: Supply, people: FloatArray, unknown: FloatArray | None = None
) -> tuple[Figures, ...]:
    """Return shares of the people of whom it is known; high is what they would be did all those count of whom it is not."""
    figures = []
    for level in facts.above(supply.level):
        if level in entry.levels:
            all_people = facts.roll_up(supply.level, level, supply.people)
            count = facts.roll_up(supply.level, level, people)
            lacking = np.zeros(len(count)) if unknown is None else facts.roll_up(supply.level, level, unknown)
            lacking = np.clip(lacking, 0.0, np.maximum(all_people - count, 0.0))
            figures.append(partial_ratio(facts.levels[level], count, all_people - lacking, lacking, facts.unknown_max))
    return tuple(figures)


def _tier(entry: Water, facts: Facts, supply: Supply) -> Answer:
    by_tier = people_by_tier(supply.system, supply.people)
    counted = [TIER_COLUMNS.index(tier) for tier in entry.tiers if tier in TIER_COLUMNS]
    system = supply.system
    served = people_served(system, supply.people).tocoo()
    plant, village = served.coords
    listed = pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "unit_code": system.villages.id[village],
            "unit_name": system.villages.name[village], "plant_id": system.plants.id[plant],
            "plant_name": system.plants.name[plant], "tier": system.plants.tier[plant],
            "is_inside": system.plants.is_inside[plant], "people": served.data,
            "demand_m3d": supply.demand_m3d[village] * system.service.tocoo().data,
        }
    ).sort_values(["unit_code", "plant_id"], kind="stable")  # fmt: skip
    # Several entries ask for tiers; the list of who is on what is one.
    tables = {} if "water_supply" in facts.listed else {"water_supply": listed}
    facts.listed.add("water_supply")
    unknown, none = by_tier[:, TIER_COLUMNS.index(UNKNOWN_TIER)], TIER_COLUMNS.index(NO_TIER)
    people = by_tier[:, counted].sum(axis=1)
    if UNKNOWN_TIER in entry.tiers or entry.tiers == (NO_TIER,):
        unknown = np.zeros_like(unknown)  # asked for by name; on a plant of whatever tier is not on none
    if supply.has_unlisted:
        unknown = unknown + by_tier[:, none]
        people = people - (by_tier[:, none] if NO_TIER in entry.tiers else 0.0)
    return people, unknown, tables


def _outside(_entry: Water, _facts: Facts, supply: Supply) -> Answer:
    served = people_served(supply.system, supply.people)
    people = np.asarray(served.T @ (~supply.system.plants.is_inside).astype(np.float64))
    return people, _unlisted(supply), {}


def _unlisted(supply: Supply) -> FloatArray:
    """Return the people on no plant, of whom it is not known where a plant does not say whom it serves. Shape (villages,)."""
    return (1.0 - supply.system.served_share) * supply.people * float(supply.has_unlisted)


def _large_scale(entry: Water, _facts: Facts, supply: Supply) -> Answer:
    capacity = supply.system.plants.capacity_m3d
    served = people_served(supply.system, supply.people)
    is_large = np.nan_to_num(capacity, nan=0.0) >= entry.large_m3d
    unknown = np.asarray(served.T @ np.isnan(capacity).astype(np.float64)) + _unlisted(supply)
    return np.asarray(served.T @ is_large.astype(np.float64)), unknown, {}


def _same_quality(entry: Water, facts: Facts, supply: Supply) -> Answer:
    passed = count_passes(supply.samples, supply.samples.plant, len(supply.system.plants), facts.year)
    unclear = supply.unclear_samples + passed.no_result.sum(axis=0)
    is_good = passes_surely(passed.passed.sum(axis=0), passed.total.sum(axis=0), unclear, entry.pass_at_least)
    people = people_of_same_quality(supply.system, supply.people, is_good, 1.0, entry.tiers)
    tier = supply.system.plants.tier.astype(str)
    # Of those on other tiers, or from a plant that fails, it is known: they do not count.
    may_be = ~np.isin(tier, [one for one in TIERS if one not in entry.tiers]) & (is_good != 0.0)
    unknown = may_be & ~(np.isin(tier, entry.tiers) & (is_good == 1.0))
    served = people_served(supply.system, supply.people)
    return people, np.asarray(served.T @ unknown.astype(np.float64)) + _unlisted(supply), {}


def _adequacy(_entry: Water, facts: Facts, supply: Supply) -> Answer:
    found = balance(supply.system, supply.demand_m3d)
    served = people_served(supply.system, supply.people)
    # A source that does not say which plant it feeds may be what a short one has.
    unclear = (~found.is_short & ~found.is_known) | (found.is_short & supply.has_unplaced_source)
    enough = np.asarray(served.T @ (~found.is_short & found.is_known).astype(np.float64))
    plants = supply.system.plants
    listed = pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "plant_id": plants.id, "plant_name": plants.name, "tier": plants.tier,
            "is_inside": plants.is_inside, "people": np.asarray(served.sum(axis=1)).ravel(), "demand_m3d": found.demand_m3d,
            "capacity_m3d": np.where(np.isfinite(found.capacity_m3d), found.capacity_m3d, np.nan), "ratio": found.ratio,
            "shortage_m3d": found.shortage_m3d, "demand_peak_m3d": found.demand_m3d * supply.peak_factor,
        }
    )  # fmt: skip
    return (
        enough,
        np.asarray(served.T @ unclear.astype(np.float64)) + _unlisted(supply),
        {"water_plants": listed},
    )


def _backup(_entry: Water, facts: Facts, supply: Supply) -> Answer:
    found = backup_cover(supply.system, supply.people, supply.demand_m3d)
    seasons = dict.fromkeys((facts.configuration.water.season_factor, supply.peak_season))
    demands = {season: supply.demand_in(season) for season in seasons}
    system = supply.system
    sets = [
        named_loss(
            system, "+".join(ids), "、".join(supply.name_of(one) for one in ids),
            sources=[one for one in ids if one in system.sources.id], plants=[one for one in ids if one not in system.sources.id],
        )
        for ids in supply.loss_sets
    ]  # fmt: skip
    lost = lose(system, supply.people, demands, (no_loss(system), *single_losses(system), *sets))
    may_be_kept = found.lost if supply.has_unplaced_source else np.zeros_like(found.lost)
    return found.kept, found.unknown + may_be_kept + _unlisted(supply), _loss_tables(facts, lost)


def _loss_tables(facts: Facts, lost: LossTables) -> dict[str, pd.DataFrame]:
    named = {"water_losses": lost.sums, "water_loss_plants": lost.plants, "water_loss_villages": lost.villages}
    return {
        name: table.assign(district=facts.district.id, year=facts.year)[["district", "year", *table.columns]]
        for name, table in named.items()
    }


def _chain(entry: Water, facts: Facts, supply: Supply) -> Answer:
    chain = monitoring_chain(supply.system, supply.people, supply.samples, facts.year, entry.samples)
    villages = supply.system.villages
    listed = pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "indicator": entry.id, "unit_code": villages.id, "unit_name": villages.name,
            "people": supply.people, "source": chain.has_stage[:, 0], "plant": chain.has_stage[:, 1], "tap": chain.has_stage[:, 2],
            "broken_at": np.array(CHAIN_STATES, dtype=object)[chain.state],
        }
    )  # fmt: skip
    # Samples that may be of any link may be of the one that is missing.
    broken = chain.people[:, 1:NO_PLANT].sum(axis=1) if supply.unclear_samples else np.zeros(len(supply.people))
    return chain.people[:, 0], broken + _unlisted(supply), {"water_chain": listed}


def _convenience(_entry: Water, facts: Facts, supply: Supply) -> Answer:
    met = _convenient_cells(facts, supply)
    people = facts.cells.people
    level = facts.levels[supply.level]
    return level.sum(people * np.nan_to_num(met, nan=0.0)), level.sum(people * np.isnan(met)), {}


def _convenient_cells(facts: Facts, supply: Supply) -> FloatArray:
    """Return the share (0-1) of each cell's people whose water is convenient: piped as its village is, else fetched; NaN not known."""
    asked = facts.configuration.water
    distance_m, climb_m = supply.to_water(facts)
    rule = facts.results.get(asked.fetch_rule or "")
    minutes = rule.nearest.cost if rule is not None else np.full(len(facts.cells), np.nan)
    limits = FetchLimits(asked.fetch_minutes, asked.fetch_metres, asked.fetch_climb_m,
                         is_round_trip=asked.fetch_is_round_trip, reading=asked.fetch_needs)  # fmt: skip
    fetched = is_convenient(minutes, distance_m, climb_m, np.zeros(len(minutes), dtype=bool), limits)
    if supply.has_unlisted:
        # Who is on no plant may be on one that does not say whom it serves.
        fetched = np.where(fetched >= 1.0, 1.0, np.nan)
    piped = supply.served_share_of_cells(facts)
    return np.where(piped >= 1 - 1e-9, 1.0, piped + (1 - piped) * fetched)


def _four_criteria(entry: Water, facts: Facts, supply: Supply) -> Answer:
    asked, system = facts.configuration.water, supply.system
    tap = count_passes(supply.samples, supply.samples.village, len(system.villages), facts.year)
    outlet = count_passes(supply.samples, supply.samples.plant, len(system.plants), facts.year)
    unclear = supply.unclear_samples
    # A village's own taps speak first; where none was sampled, the plants it is on.
    of_plants = supply.of_plants(_sure_rate(outlet, OUTLET, unclear, entry.pass_at_least))
    is_sampled = tap.total[TAP] + tap.no_result[TAP] > 0
    quality = np.where(is_sampled, _sure_rate(tap, TAP, 0, entry.pass_at_least), of_plants)
    litres = litres_per_person(system, supply.people, balance(system, supply.demand_m3d), supply.demand_m3d)
    if supply.has_unplaced_source:
        litres = np.where(litres < asked.least_l_per_day, np.nan, litres)
    level = facts.levels[supply.level]
    met, people = _convenient_cells(facts, supply), facts.cells.people
    with np.errstate(divide="ignore", invalid="ignore"):
        convenient = level.sum(people * np.nan_to_num(met, nan=0.0)) / level.sum(people * np.isfinite(met))
    found = four_criteria(
        at_least(quality, entry.pass_at_least), at_least(litres, asked.least_l_per_day),
        at_least(supply.of_plants(supply.reliability), asked.least_reliability), at_least(convenient, 1 - 1e-9), supply.people,
    )  # fmt: skip
    words = np.array(["不达标 fails", "达标 meets"], dtype=object)
    state = np.where(np.isnan(found.met), "不明 not known", words[np.nan_to_num(found.met, nan=0.0).astype(int)])
    listed = pd.DataFrame(
        {
            "district": facts.district.id, "year": facts.year, "indicator": entry.id, "unit_code": system.villages.id,
            "unit_name": system.villages.name, "people": supply.people, "pass_rate": quality, "litres_per_person": litres,
            "reliability": supply.of_plants(supply.reliability), "convenient_share": convenient, "state": state,
        }
    )  # fmt: skip
    return found.people[:, 0], found.people[:, 2], {"water_four_criteria": listed}


def _sure_rate(passes: PassCounts, stage: int, unclear: int, least: float) -> FloatArray:
    """Return the pass rate of a stage, 0-1; NaN where samples without a result, or that may be its, could turn the verdict."""
    found = passes_surely(passes.passed[stage], passes.total[stage], unclear + passes.no_result[stage], least)
    return np.where(np.isnan(found), np.nan, passes.rate[stage])


_ASKED: dict[str, Callable[[Water, Facts, Supply], Answer]] = {
    "tier": _tier,
    "outside": _outside,
    "large_scale": _large_scale,
    "same_quality": _same_quality,
    "adequacy": _adequacy,
    "backup": _backup,
    "chain": _chain,
    "convenience": _convenience,
    "four_criteria": _four_criteria,
}
