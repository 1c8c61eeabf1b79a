"""Gaps as tables and a layer: ranked, named, with people, cause, the evidence for it in words, and the kind of work that would close it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.config import Mode, Rule
from lifecircle.config.schema import LEVELS, Level
from lifecircle.gaps.causes import ABSORBED_PEOPLE, ABSORBED_SHARE, BARRED_FACTOR, CAUSES, DETOUR_FACTOR, LINK_M
from lifecircle.model import Study, TextArray
from lifecircle.outputs.tables import write_csv

CAUSE_WORDS = {
    "too_far": ("太远", "too far"),
    "cut_off": ("隔断", "cut off"),
    "full": ("已满", "full"),
    "no_roads": ("无路", "no roads"),
}
WORK = {
    "too_far": ("新建设施，或巡回服务", "a new facility, or a mobile service"),
    "full": ("扩容", "enlarge"),
    "no_roads": ("先核实道路", "survey the roads first"),
}
LINK_WORK = {
    "same": ("打通近路：步道、桥或门", "open a shorter way: a footpath, bridge or gate"),
    "no_way": ("核实单行等限制，打通出入", "check the one-way streets, open a way in or out"),
    "ferry": ("加密轮渡，或建桥", "more sailings, or a bridge"),
    "none": ("打通连接：路、桥、门或轮渡", "open a link: a way, bridge, gate or ferry"),
    "no_door": ("核实设施出入口，接通道路", "check the facility's entrance, join it to the streets"),
    "": ("打通连接：路或桥", "open a link: a way or bridge"),
}
"""Of what is cut off, by its link to the facility that is near as the crow flies."""
FAR_WORK = (
    "就地新建或巡回服务；打通连接也不够近",
    "a new facility there, or a mobile service: a link alone would not be near enough",
)
"""Of what is cut off, and not near as the crow flies either."""
LINKS = {
    "same": ("路网相连而绕行", "the streets are connected, by a long way round"),
    "no_way": (
        "路网相连，但此方向走不通（单行等）",
        "the streets are connected, but not in this direction (one-way streets)",
    ),
    "ferry": ("两边路网只有轮渡相连", "only a ferry links the two networks"),
    "none": ("两边路网之间缺连接", "a link is missing between the two networks"),
    "no_door": ("该设施附近没有道路", "no street is near that facility"),
}
SHOWN = 5
"""Gaps named in the terminal."""


def gap_table(study: Study) -> gpd.GeoDataFrame:
    """Return every gap of every rule, in the order of the rules and their ranks, in the district's CRS; no row, and every column, where there is none.

    Its columns are those of :class:`~lifecircle.model.RuleGaps`, facilities and units by id and name. ``minutes`` or ``metres`` is the cost,
    whichever the limit is in, and so are ``crow_minutes`` and ``crow_metres``; the others are NaN.
    """
    frames = [pd.DataFrame(gaps.frame) for gaps in study.gaps.values()]
    frames = [frame for frame in frames if len(frame)] or frames[:1] or [_no_gaps(study)]
    table = _fill_table(study, pd.concat(frames, ignore_index=True))
    return gpd.GeoDataFrame(table, geometry="geometry", crs=study.district.crs)


def _no_gaps(study: Study) -> pd.DataFrame:
    """Return what a rule without gaps has, for a study without rules: readers of the files find the same columns."""
    texts = ("rule", "indicator", "name_zh", "name_en", "cause", "link", "barrier", "geometry")
    rows = ("rank", "cells", "nearest", "crow", *(level for level in LEVELS[1:] if level in study.units))
    numbers = ("people", "cost", "crow_m", "crow_cost", "detour", "capacity", "served", "people_unreachable", "x", "y", "lon", "lat",
               *study.cells.groups, *(f"people_{cause}" for cause in CAUSES))  # fmt: skip
    kinds = {**dict.fromkeys(texts, object), **dict.fromkeys(rows, np.int64), **dict.fromkeys(numbers, np.float64)}
    return pd.DataFrame({name: np.empty(0, dtype=kind) for name, kind in {**kinds, "is_near": np.bool_}.items()})


def _fill_table(study: Study, frame: pd.DataFrame) -> pd.DataFrame:
    rules = {key: study.results[key].rule for key in study.gaps}
    by_rule = frame["rule"]
    limit = by_rule.map({key: rule.limit for key, rule in rules.items()}).astype(np.float64)
    fixed = by_rule.map({key: rule.fixed_minutes for key, rule in rules.items()}).astype(np.float64)
    is_distance = by_rule.map({key: rule.is_distance for key, rule in rules.items()}).astype(bool)
    everyone = by_rule.map({key: float(study.results[key].people.sum()) for key in rules}).astype(np.float64)
    facilities = study.facilities.frame
    identity, called = _texts(facilities["facility_id"]), _texts(facilities["name"])
    nearest, crow = frame["nearest"].to_numpy(), frame["crow"].to_numpy()
    # Straight to the nearest: 0 near at the detour factor, 1 only without one, 2 not even so.
    straight = (frame["crow_cost"] - fixed) / DETOUR_FACTOR + fixed
    how_far = np.where(frame["is_near"], 0, np.where(straight <= limit, 1, 2))
    work = [_work(*asked) for asked in zip(frame["cause"], frame["link"], how_far.tolist(), strict=True)]
    evidence = _all_evidence(study, frame, [name or own for name, own in zip(called, identity, strict=True)])
    columns: dict[str, Any] = {
        "district": study.district.id, "year": study.year, "rule": by_rule, "indicator": frame["indicator"],
        "label": by_rule.map({key: rule.names.zh for key, rule in rules.items()}),
        "rank": frame["rank"], "name": frame["name_zh"], "name_en": frame["name_en"],
        **{f"{level}_code": _unit_codes(study, frame, level) for level in LEVELS[1:]},
        "people": frame["people"], "people_pct": 100.0 * frame["people"] / everyone,
        **{group: frame[group] for group in study.cells.groups}, "cells": frame["cells"],
        "cause": frame["cause"], "cause_zh": frame["cause"].map({cause: zh for cause, (zh, _) in CAUSE_WORDS.items()}),
        "nearest_facility": identity[nearest], "nearest_name": called[nearest],
        "minutes": frame["cost"].mask(is_distance), "metres": frame["cost"].where(is_distance),
        "limit": limit, "limit_unit": np.where(is_distance, "m", "min"), "people_unreachable": frame["people_unreachable"],
        "crow_facility": identity[crow], "crow_name": called[crow], "crow_m": frame["crow_m"],
        "crow_minutes": frame["crow_cost"].mask(is_distance), "crow_metres": frame["crow_cost"].where(is_distance),
        "detour": frame["detour"], "link": frame["link"], "barrier": frame["barrier"],
        "capacity": frame["capacity"], "people_served": frame["served"],
        **{f"people_{cause}": frame[f"people_{cause}"] for cause in CAUSES},
        "evidence_zh": [zh for zh, _ in evidence], "evidence_en": [en for _, en in evidence],
        "work_zh": [zh for zh, _ in work], "work_en": [en for _, en in work],
        "x": frame["x"], "y": frame["y"], "lon": frame["lon"], "lat": frame["lat"],
        "group": by_rule.map({key: rule.group or "all" for key, rule in rules.items()}), "geometry": frame["geometry"],
    }  # fmt: skip
    return pd.DataFrame(columns)


def _texts(values: pd.Series) -> TextArray:
    """Return texts, empty where there is none, and an empty one more: what -1 stands for."""
    return np.array([*(value if isinstance(value, str) else "" for value in values), ""], dtype=object)


def _unit_codes(study: Study, frame: pd.DataFrame, level: Level) -> TextArray:
    """Return the code of the unit that holds most of each gap's people; empty where none does."""
    if level not in study.units or level not in frame:
        return np.full(len(frame), "", dtype=object)
    return np.asarray(np.append(study.units[level].code, "")[frame[level].to_numpy()])


def _work(cause: str, link: str, how_far: int) -> tuple[str, str]:
    """Return the work that would close a gap; ``how_far`` is 0 where a link would do, 1 where a straight one might, 2 where none would."""
    if cause != "cut_off":
        return WORK[cause]
    zh, en = LINK_WORK[link]
    if how_far == 0 or link in ("no_way", "no_door"):
        return zh, en
    return FAR_WORK if how_far == 2 else (f"{zh}；或就地新建", f"{en}; or a new facility there")


def _all_evidence(study: Study, frame: pd.DataFrame, called: list[str]) -> list[tuple[str, str]]:
    """Return what speaks for each gap's cause; ``called`` by row of the facilities, the last of none."""
    names = ("rule", "cause", "link", "barrier", "nearest", "crow", "cost", "crow_m", "crow_cost", "detour", "capacity")
    values = zip(*(frame[name].tolist() for name in names), strict=True)
    found = []
    for rule_id, cause, link, barrier, nearest, crow, cost, crow_m, crow_cost, detour, capacity in values:
        rule = study.results[rule_id].rule
        if cause == "full":
            found.append(_full(rule, called[nearest], cost, capacity))
            continue
        if not np.isfinite(crow_m):
            found.append(("没有一处此类设施", "there is no such facility"))
            continue
        parts = [_line(rule, called[crow], crow_m, crow_cost), _way(rule, called[nearest], cost)]
        if np.isfinite(detour):
            parts.append((f"路程为直线的 {detour:.1f} 倍", f"the way is {detour:.1f} times the straight line"))
        if cause == "no_roads":
            parts.append(_no_way(study.modes[rule.mode]))
        if link:
            parts.append(LINKS[link])
        if barrier:
            parts.append((f"隔着{barrier}", f"across {barrier}"))
        found.append(("；".join(zh for zh, _ in parts), "; ".join(en for _, en in parts)))
    return found


def _units(rule: Rule) -> tuple[str, str]:
    return ("米", "m") if rule.is_distance else ("分钟", "min")


def _full(rule: Rule, name: str, cost: float, capacity: float) -> tuple[str, str]:
    zh, en = _units(rule)
    return (
        f"{name}在时限内（{cost:.0f} {zh} ≤ {rule.limit:g}），能力 {capacity:g}，已满",
        f"{name} is within the limit ({cost:.0f} {en} <= {rule.limit:g}), capacity {capacity:g}, and is full",
    )


def _line(rule: Rule, name: str, crow_m: float, crow_cost: float) -> tuple[str, str]:
    zh, en = _units(rule)
    onward = ("，再送往医院，全程", "and on to a hospital ") if rule.then is not None else ("", "")
    return (
        f"直线距{name} {crow_m:,.0f} 米{onward[0]}（按 {DETOUR_FACTOR:g} 倍绕行 {crow_cost:.0f} {zh}）",
        f"{crow_m:,.0f} m straight from {name} {onward[1]}({crow_cost:.0f} {en} at {DETOUR_FACTOR:g} times the line)",
    )


def _way(rule: Rule, name: str, cost: float) -> tuple[str, str]:
    if not np.isfinite(cost):
        return "不可达", "unreachable"
    zh, en = _units(rule)
    if rule.then is not None:
        return (
            f"全程平均 {cost:.0f} {zh}，限 {rule.limit:g}",
            f"the whole chain takes {cost:.0f} {en} on average, limit {rule.limit:g}",
        )
    return (
        f"至{name}平均 {cost:.0f} {zh}，限 {rule.limit:g}",
        f"to {name} {cost:.0f} {en} on average, limit {rule.limit:g}",
    )


def _no_way(mode: Mode) -> tuple[str, str]:
    if mode.engine == "terrain":
        return "所在地面不可通行", "on ground that nobody passes"
    return f"{mode.max_access_m:g} 米内没有路网道路", f"no street within {mode.max_access_m:g} m"


def write_gaps(study: Study, folder: Path) -> list[Path]:
    """Write ``gaps.parquet`` (GeoParquet) and ``gaps.csv`` (without the outlines, for a spreadsheet)."""
    table = gap_table(study)
    parquet, text = folder / "gaps.parquet", folder / "gaps.csv"
    table.to_parquet(parquet, index=False)
    write_csv(pd.DataFrame(table.drop(columns="geometry")), text)
    return [parquet, text]


def summarise_gaps(study: Study) -> dict[str, Any]:
    """Return how gaps are found, and per rule how many there are of each cause and their people."""
    return {
        "detour_factor": DETOUR_FACTOR,
        "barred_factor": BARRED_FACTOR,
        "points_touch_within_m": LINK_M,
        "absorbed_share": ABSORBED_SHARE,
        "absorbed_people": ABSORBED_PEOPLE,
        "rules": {
            rule: {
                cause: {"gaps": len(part), "people": float(part["people"].sum())}
                for cause, part in gaps.frame.groupby("cause", sort=True)
            }
            for rule, gaps in study.gaps.items()
        },
    }


def gap_lines(study: Study) -> list[str]:
    """Return how many gaps there are, and the largest of those rules whose largest are the largest; nothing where there is no gap."""
    frames = [gaps.frame for gaps in study.gaps.values() if len(gaps.frame)]
    if not frames:
        return []
    causes = pd.concat([frame["cause"] for frame in frames])
    counted = ", ".join(f"{' '.join(CAUSE_WORDS[cause])} {int((causes == cause).sum())}" for cause in CAUSES)
    lines = [f"缺口 gaps {len(causes):,}: {counted}; 见 see gaps.csv"]
    largest = sorted((frame.iloc[0] for frame in frames), key=lambda gap: (-gap["people"], gap["rule"]))[:SHOWN]
    for gap in largest:
        cause = " ".join(CAUSE_WORDS[gap["cause"]])
        lines.append(f"  {gap['rule']}: {gap['name_zh']} {gap['people']:,.0f} 人 people, {cause}")
    return lines
