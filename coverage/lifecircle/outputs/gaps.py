"""Gaps as tables and a layer: ranked, named, with people, cause, the evidence for it in words, and the kind of work that would close it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.config.schema import LEVELS
from lifecircle.model import RuleResult, Study, TextArray
from lifecircle.outputs.tables import write_csv
from lifecircle.planning.gaps import ABSORBED_PEOPLE, ABSORBED_SHARE, BARRED_FACTOR, CAUSES, DETOUR_FACTOR, LINK_M

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
    """Return every gap of every rule, in the order of the rules and their ranks, in the district's CRS; no row where there is none.

    Its columns stand in DESIGN 6 and in :class:`~lifecircle.model.RuleGaps`; ``minutes`` or ``metres`` is the cost, whichever the limit is
    in, and so are ``crow_minutes`` and ``crow_metres``.
    """
    if not study.gaps:
        return gpd.GeoDataFrame(
            {name: [] for name in ("rule", "rank", "people", "cause")}, geometry=[], crs=study.district.crs
        )
    tables = [_rule_table(study, study.results[rule], gaps.frame) for rule, gaps in study.gaps.items()]
    tables = [table for table in tables if len(table)] or tables[:1]
    whole = pd.concat(tables, ignore_index=True)
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=study.district.crs)


def _rule_table(study: Study, result: RuleResult, frame: gpd.GeoDataFrame) -> pd.DataFrame:
    rule = result.rule
    facilities = study.facilities.frame
    columns: dict[str, Any] = {
        "district": study.district.id, "year": study.year, "rule": frame["rule"], "indicator": frame["indicator"],
        "label": rule.names.zh, "rank": frame["rank"], "name": frame["name_zh"], "name_en": frame["name_en"],
    }  # fmt: skip
    for level in LEVELS[1:]:
        units = study.units.get(level)
        row = frame[level].to_numpy() if level in frame else np.full(len(frame), -1)
        columns[f"{level}_code"] = _at(units.code if units is not None else None, row)
    everyone = float(result.people.sum())
    straight = (frame["crow_cost"] - rule.fixed_minutes) / DETOUR_FACTOR + rule.fixed_minutes
    how_far = np.where(frame["is_near"], 0, np.where(straight <= rule.limit, 1, 2))
    work = [_work(*asked) for asked in zip(frame["cause"], frame["link"], how_far, strict=True)]
    minutes, metres = (frame["cost"], np.nan) if not rule.is_distance else (np.nan, frame["cost"])
    crow_minutes, crow_metres = (np.nan, frame["crow_cost"]) if rule.is_distance else (frame["crow_cost"], np.nan)
    called = _called(study)
    evidence = [
        _evidence(study, result, row, called) for row in pd.DataFrame(frame.drop(columns="geometry")).to_dict("records")
    ]
    columns |= {
        "people": frame["people"], "people_pct": 100.0 * frame["people"] / everyone,
        **{group: frame[group] for group in study.cells.groups}, "cells": frame["cells"],
        "cause": frame["cause"], "cause_zh": [CAUSE_WORDS[cause][0] for cause in frame["cause"]],
        "nearest_facility": _at(facilities["facility_id"].to_numpy(dtype=object), frame["nearest"].to_numpy()),
        "nearest_name": _at(facilities["name"].to_numpy(dtype=object), frame["nearest"].to_numpy()),
        "minutes": minutes, "metres": metres, "limit": rule.limit, "limit_unit": rule.limit_unit,
        "people_unreachable": frame["people_unreachable"],
        "crow_facility": _at(facilities["facility_id"].to_numpy(dtype=object), frame["crow"].to_numpy()),
        "crow_name": _at(facilities["name"].to_numpy(dtype=object), frame["crow"].to_numpy()),
        "crow_m": np.where(np.isfinite(frame["crow_m"]), frame["crow_m"], np.nan),
        "crow_minutes": crow_minutes, "crow_metres": crow_metres, "detour": frame["detour"],
        "link": frame["link"], "barrier": frame["barrier"], "capacity": frame["capacity"], "people_served": frame["served"],
        **{f"people_{cause}": frame[f"people_{cause}"] for cause in CAUSES},
        "evidence_zh": [zh for zh, _ in evidence], "evidence_en": [en for _, en in evidence],
        "work_zh": [zh for zh, _ in work], "work_en": [en for _, en in work],
        "x": frame["x"], "y": frame["y"], "lon": frame["lon"], "lat": frame["lat"], "geometry": frame["geometry"],
    }  # fmt: skip
    table = pd.DataFrame(columns)
    empty = ["minutes", "metres", "crow_minutes", "crow_metres"]
    return table.astype(dict.fromkeys(empty, np.float64))


def _work(cause: str, link: str, how_far: int) -> tuple[str, str]:
    """Return the work that would close a gap; ``how_far`` is 0 where a link would do, 1 where a straight one might, 2 where none would."""
    if cause != "cut_off":
        return WORK[cause]
    zh, en = LINK_WORK[link]
    if how_far == 0 or link in ("no_way", "no_door"):
        return zh, en
    return FAR_WORK if how_far == 2 else (f"{zh}；或就地新建", f"{en}; or a new facility there")


def _at(values: TextArray | None, row: Any) -> TextArray:
    """Return texts by row; empty at -1, or where there is none."""
    if values is None:
        return np.full(len(row), "", dtype=object)
    texts = [value if isinstance(value, str) else "" if pd.isna(value) else str(value) for value in values]
    return np.asarray(np.array([*texts, ""], dtype=object)[row])


def _called(study: Study) -> list[str]:
    """Return what each facility is called, by its id where it has no name; the last entry, of no facility, is empty."""
    frame = study.facilities.frame
    pairs = zip(frame["name"], frame["facility_id"], strict=True)
    return [*(name if isinstance(name, str) and name else str(own) for name, own in pairs), ""]


def _evidence(study: Study, result: RuleResult, gap: Mapping[Any, Any], called: list[str]) -> tuple[str, str]:
    """Return what speaks for a gap's cause, in Chinese and English."""
    rule = result.rule
    zh_unit, en_unit = ("米", "m") if rule.is_distance else ("分钟", "min")
    crow, nearest = called[int(gap["crow"])], called[int(gap["nearest"])]
    limit = f"{rule.limit:g}"
    if not np.isfinite(gap["crow_m"]):
        return "没有一处此类设施", "there is no such facility"
    if gap["cause"] == "full":
        return (
            f"{nearest}在时限内（{gap['cost']:.0f} {zh_unit} ≤ {limit}），能力 {gap['capacity']:g}，已满",
            f"{nearest} is within the limit ({gap['cost']:.0f} {en_unit} <= {limit}), capacity {gap['capacity']:g}, and is full",
        )
    reached_zh = f"至{nearest}平均 {gap['cost']:.0f} {zh_unit}，限 {limit}" if np.isfinite(gap["cost"]) else "不可达"
    reached_en = (
        f"to {nearest} {gap['cost']:.0f} {en_unit} on average, limit {limit}"
        if np.isfinite(gap["cost"])
        else "unreachable"
    )
    zh = [
        f"直线距{crow} {gap['crow_m']:,.0f} 米（按 {DETOUR_FACTOR:g} 倍绕行 {gap['crow_cost']:.0f} {zh_unit}）",
        reached_zh,
    ]
    en = [
        f"{gap['crow_m']:,.0f} m straight from {crow} ({gap['crow_cost']:.0f} {en_unit} at {DETOUR_FACTOR:g} times the line)", reached_en,
    ]  # fmt: skip
    if np.isfinite(gap["detour"]):
        zh.append(f"路程为直线的 {gap['detour']:.1f} 倍")
        en.append(f"the way is {gap['detour']:.1f} times the straight line")
    if gap["cause"] == "no_roads":
        most = study.modes[rule.mode].max_access_m
        is_street = study.modes[rule.mode].engine == "network"
        zh.append(f"{most:g} 米内没有路网道路" if is_street else "所在地面不可通行")
        en.append(f"no street within {most:g} m" if is_street else "on ground that nobody passes")
    if gap["link"]:
        zh.append(LINKS[gap["link"]][0])
        en.append(LINKS[gap["link"]][1])
    if gap["barrier"]:
        zh.append(f"隔着{gap['barrier']}")
        en.append(f"across {gap['barrier']}")
    return "；".join(zh), "; ".join(en)


def write_gaps(study: Study, folder: Path) -> list[Path]:
    """Write ``gaps.parquet`` (GeoParquet) and ``gaps.csv`` (without the outlines, for a spreadsheet)."""
    table = gap_table(study)
    parquet, text = folder / "gaps.parquet", folder / "gaps.csv"
    table.to_parquet(parquet, index=False)
    write_csv(pd.DataFrame(table.drop(columns="geometry")), text)
    return [parquet, text]


def describe_gaps(study: Study) -> dict[str, Any]:
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
