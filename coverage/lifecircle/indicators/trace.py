"""Where each row comes from: the files it was computed from, the years they are of, as of when people are counted, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lifecircle.config import IndicatorEntry, Rule, SourceLayer, dated_kinds
from lifecircle.indicators.counts import Ratio
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.measure import Findings
from lifecircle.indicators.spatial import Affected, PeopleNear
from lifecircle.indicators.water import Water
from lifecircle.sources.opening import CLOSED, OPENED
from lifecircle.sources.tables import is_missing

BETWEEN = "; "


def trace_rows(
    rows: pd.DataFrame,
    entry: Rule | IndicatorEntry,
    facts: Facts,
    findings: Findings | None = None,
    partial: Iterable[str] = (),
) -> pd.DataFrame:
    """Return an entry's rows with ``data``, ``data_year``, ``people_as_of`` and ``assumption`` filled in.

    Parameters
    ----------
    findings
        Of an indicator: which years its records are of.
    partial
        What the entry was counted without, said in full.
    """
    counts_people = _counts_people(entry)
    followed = [facts.rows[name] for name in entry.after if name in facts.rows and len(facts.rows[name])]
    files = [
        *_records_of(entry, facts),
        *(_people_files(entry, facts) if counts_people else []),
        *_ways_of(entry, facts),
    ]
    files += [file for one in followed for file in _split(one["data"])]
    years = {str(year) for one in (findings.findings if findings is not None else ()) for year in one.years}
    years |= {year for one in followed for year in _split(one["data_year"])}
    population = facts.configuration.population
    as_of = population.as_of.isoformat() if counts_people and population is not None and population.as_of else ""
    as_of = as_of or BETWEEN.join(dict.fromkeys(day for one in followed for day in _split(one["people_as_of"])))
    said = [entry.assumption, *_undated(entry, facts), *partial]
    said += [
        f"{name} 缺数据 is not known"
        for name in entry.after
        if name in facts.rows and len(facts.rows[name]) and (facts.rows[name]["unknown"] >= 100.0).all()
    ]
    common = "；".join(dict.fromkeys(text for text in said if text))
    notes = rows["note"].astype(str).to_numpy(dtype=object) if "note" in rows else np.full(len(rows), "", dtype=object)
    return rows.assign(
        data=BETWEEN.join(dict.fromkeys(files)),
        data_year=BETWEEN.join(sorted(years)),
        people_as_of=as_of,
        assumption=["；".join(text for text in (common, note) if text) for note in notes],
    )


def _split(values: pd.Series) -> list[str]:
    return [part for text in dict.fromkeys(values) for part in str(text).split(BETWEEN) if part]


def _counts_people(entry: Rule | IndicatorEntry) -> bool:
    """Whether an entry counts the people of the district's population itself, and not only through what it follows."""
    if isinstance(entry, Ratio):
        return entry.among is None
    return isinstance(entry, (Rule, PeopleNear, Affected, Water))


def _kinds_of(entry: Rule | IndicatorEntry, facts: Facts) -> list[str]:
    if isinstance(entry, Rule):
        onward = entry.then.facilities if entry.then is not None else ()
        return [kind for wanted in (*entry.facilities, *onward) for kind in wanted.kind]
    kinds = [need.name for need in entry.needs if not need.is_table]
    if isinstance(entry, Water):
        water = facts.configuration.water
        kinds += {"polygon": [water.areas], "network": [water.pipes]}.get(water.served_by, [])
        kinds += [water.points, "water_source"] if entry.ask in ("convenience", "four_criteria") else []
    return list(dict.fromkeys(kinds))


def _records_of(entry: Rule | IndicatorEntry, facts: Facts) -> list[str]:
    """Return the files of the facilities, places and tables that an entry counts, in the order of the configuration."""
    kinds = set(_kinds_of(entry, facts))
    asked = {need.name for need in entry.needs if need.is_table} if not isinstance(entry, Rule) else set()
    layers = (*facts.configuration.facilities, *facts.configuration.layers)
    return [
        *(_named(layer) for layer in layers if layer.kind in kinds),
        *(_named(table) for table in facts.configuration.tables if table.name in asked),
    ]


def _named(source: object) -> str:
    """Return a file's path, with the sheet or layer where one is named."""
    path, part = str(getattr(source, "path", "")), getattr(source, "sheet", None) or getattr(source, "layer", None)
    return f"{path}!{part}" if part else path


def _people_files(entry: Rule | IndicatorEntry, facts: Facts) -> list[str]:
    population = facts.configuration.population
    if population is None:
        return []
    group = getattr(entry, "group", None)
    has_rasters = population.source == "raster"
    groups = facts.groups_beside if isinstance(entry, Rule) and group is None else {group: None} if group else {}
    others: list[SourceLayer | object] = [one for one in (population.control, population.buildings) if one is not None]
    rasters = [population.groups[name] for name in groups if has_rasters and name in population.groups]
    return [_named(population), *rasters, *map(_named, others)]


def _ways_of(entry: Rule | IndicatorEntry, facts: Facts) -> list[str]:
    """Return the streets and the ground that a rule's people go over."""
    if not isinstance(entry, Rule):
        return []
    modes = [facts.configuration.modes[mode] for mode in entry.modes if mode in facts.configuration.modes]
    roads, terrain = facts.configuration.roads, facts.configuration.terrain
    found = (
        [str(roads.path)]
        if roads is not None and roads.path and any(mode.engine == "network" for mode in modes)
        else []
    )
    found += [terrain.landcover] if terrain.landcover and any(mode.engine == "terrain" for mode in modes) else []
    return [*found, *([terrain.dem] if terrain.dem else [])]


def _undated(entry: Rule | IndicatorEntry, facts: Facts) -> list[str]:
    """Return what stands in though it is not of the run's year, or does not say of which: once for each table and kind."""
    said = []
    for need in () if isinstance(entry, Rule) else entry.needs:
        register = facts.registers.get(need.name) if need.is_table else None
        if register is None:
            continue
        if register.holds == "every_year":
            has_years = bool(np.isfinite(register.year).any())
            why = (
                "按声明各年均适用 declared to hold for every year"
                if has_years
                else "未注明年份，按各年均适用 undated, taken to hold for every year"
            )
            said.append(f"{need.name}: {why}")
        elif (
            register.holds == "until_next" and np.isfinite(of := register.rows_for(facts.year)[1]) and of != facts.year
        ):
            said.append(
                f"{need.name}: {of:.0f} 年数据沿用至 {facts.year} 年 of {of:.0f}, declared to stand until the next"
            )
    records = {**facts.facilities.record_years, **facts.layers.record_years}
    dated = dated_kinds((*facts.configuration.facilities, *facts.configuration.layers))
    for kind in _kinds_of(entry, facts):
        if kind in dated and kind not in records:
            said.append(f"{kind}: 未注明日期，按各年均适用 undated, taken to hold for every year")
        elif facts.year != facts.district.year:
            said += _unopened(kind, facts)
    return said


def _unopened(kind: str, facts: Facts) -> list[str]:
    """Return how many facilities of a kind do not say when they opened, where the run is of another year than the district's."""
    then = next((one for one in facts.configuration.years if one.year == facts.year), None)
    if then is not None and any(layer.kind == kind for layer in (*then.facilities, *then.layers)):
        return []
    places = facts.places
    own = places[(places["kind"] == kind) & (places["status"] == "used")]
    says = np.zeros(len(own), dtype=bool)
    for name in (name for name in (OPENED, CLOSED) if name in own):
        says |= np.array([not is_missing(cell) for cell in own[name]], dtype=bool)
    count = int((~says).sum())
    if not count:
        return []
    told = f"{kind}: {len(own)} 处中 {count} 处未注明启用年份，按 {facts.year} 年已有计 of {len(own)}, {count} do not say when they opened"
    return [f"{told}, taken to stand"]
