"""指标监测表: the district's indicators, one a row, as the yearly form has them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lifecircle.config import IndicatorEntry, Rule, load_policies
from lifecircle.indicators.sensitivity import HAIR
from lifecircle.model import Study
from lifecircle.outputs.workbook.book import STATUS_MARKS, Column, Look, Table

OWN = "本区自定 the district's own"
TARGET_KINDS = {
    "at_least": "不低于 at least", "at_most": "不高于 at most", "all": "全部 all", "hold": "保持 hold", "improve": "比基期好 improve on the base",
    "not_below": "不低于对照 not below", "count": "数量 count", "qualitative": "定性 in words",
}  # fmt: skip
NOT_COMPUTED = "缺数据"
"""Stands for the status of what could not be computed."""
PASS_MOVES = "※ 换假设则达标与否不同 it passes or not under"
"""Before the assumptions under which it does otherwise."""


def entries_of(study: Study) -> dict[str, Rule | IndicatorEntry]:
    """Return the rules and indicators a study was asked for, by id."""
    return {entry.id: entry for entry in study.configuration.entries}


def moved_figures(study: Study) -> pd.DataFrame:
    """Return what becomes of each figure's pass under other assumptions: indexed by indicator, level and unit code."""
    return study.tables["sensitivity"].set_index(["indicator", "level", "unit_code"])


def pass_remark(moved: pd.DataFrame, place: tuple[str, str, str]) -> str:
    """Return under which assumptions a unit's pass is another; empty where under none."""
    if place not in moved.index or pd.isna(holds := moved["pass_holds"].loc[place]) or holds:
        return ""
    return f"{PASS_MOVES}：{moved['pass_changes_in'].loc[place]}"


def ranged_indicators(study: Study) -> set[str]:
    """Return the indicators that speed changes for any unit: the others have no low and high of their own."""
    rows = study.indicators
    return set(rows.loc[(rows["high"] - rows["low"]).abs() > HAIR, "indicator"])


def policy_title(policy: str) -> str:
    """Return the title of a policy, or that the entry is the district's own."""
    known = load_policies()
    return known[policy].title.zh if policy in known else OWN


def monitoring_table(study: Study) -> Table:
    """Return the district's figures with base, target, status and what is missing; those not computed last, with what they need."""
    rows = _district_rows(study)
    looks: list[Look] = ["" if row["is_entry"] else "beside" for row in rows]
    units = [row["value_unit"] for row in rows]

    def values(name: str) -> list[Any]:
        return [row.get(name) for row in rows]

    columns = [
        Column("序号\nno.", list(range(1, len(rows) + 1)), 5.5, "year"),
        Column("政策文件\npolicy", values("policy_title"), 15),
        Column("指标\nindicator", values("label"), 40),
        Column("单位\nunit", units, 7, "short"),
        Column("基期值\nbase", values("base"), 7.5, "figure", units),
        Column("基期年\nof", values("base_year"), 6.5, "year"),
        Column("本年值\nvalue", values("value"), 8.5, "figure", units),
        Column("低\nlow", values("low"), 7, "figure", units),
        Column("高\nhigh", values("high"), 7, "figure", units),
        Column("目标值\ntarget", values("target"), 7.5, "figure", units),
        Column("目标年\nby", values("target_year"), 6.5, "year"),
        Column("完成情况\nstatus", values("status"), 9, "short", marks=[STATUS_MARKS.get(row["status"], "") for row in rows]),
        Column("差距\ngap", values("gap"), 7.5, "figure", units),
        Column("还差\nmissing", values("missing"), 8.5, "figure", [str(row.get("missing_unit") or "") for row in rows]),
        Column("还差单位\nof", values("missing_unit"), 7, "short"),
        Column("条款与数据来源\nclause and source", values("clause_source"), 26),
        Column("备注\nremarks", values("remarks"), 38),
        Column("类别\nkind", ["指标 indicator" if row["is_entry"] else "其中 beside it" for row in rows], 11, "short"),
        Column("分子\nnumerator", values("numerator"), 11, "figure"),
        Column("分母\ndenominator", values("denominator"), 11, "figure"),
        Column("出行与限值\nmode and limit", values("limit_text"), 16, "short"),
        Column("目标种类\nkind of target", values("target_kind"), 14, "short"),
        Column("条款原文\nquote", values("quote"), 50),
        Column("指标编号\nid", values("indicator"), 30),
    ]  # fmt: skip
    notes = [
        (
            "差距：离目标还差多少，正数为未达到，越小越好的指标也一样。"
            "低、高为速度取 0.8、1.2 倍时的值，空白则与速度无关。灰字“其中”是其上指标的分人群、不可达、可选等，点左侧“－”可收起。"
        ),
        (
            "Gap: what is still missing to the target, positive until it is met, also where less is better; low and high are at 0.8 and 1.2 times "
            "the speed, empty where speed changes nothing. Rows in grey stand beside the "
            "indicator above."
        ),
    ]
    return Table(
        "指标监测表", "指标监测表 Indicators", columns, notes, frozen=3, printed=17, looks=looks,
        empty="没有可算的指标 no indicator could be computed",
    )  # fmt: skip


def _district_rows(study: Study) -> list[dict[str, Any]]:
    entries, moved, ranged = entries_of(study), moved_figures(study), ranged_indicators(study)
    targets = study.tables["targets"]
    own = targets[targets["level"] == "district"]
    due = {row["indicator"]: row for row in own[own["is_due"].astype(bool)].to_dict("records")}
    later = own[~own["is_due"].astype(bool)].groupby("indicator", sort=False)
    others = {str(name): part.to_dict("records") for name, part in later}
    rows = []
    for figure in study.indicators[study.indicators["level"] == "district"].to_dict("records"):
        indicator = str(figure["indicator"])
        entry, asked = entries.get(indicator), due.get(indicator, {})
        row: dict[str, Any] = {str(name): value for name, value in figure.items()} | {
            name: asked.get(name) for name in ("base", "base_year", "gap", "missing")
        }
        place = (indicator, "district", figure["unit_code"])
        if indicator not in ranged:
            row |= {"low": None, "high": None}
        row |= {
            "missing_unit": unit_of_missing(asked),
            "is_entry": entry is not None,
            "policy_title": policy_title(str(figure["policy"])),
            "label": two_lines(str(figure["label_zh"]), str(figure["label_en"])),
            "clause_source": _from_where(figure["clause"], figure["source"]) if entry is not None else "",
            "limit_text": _limit_text(study, figure),
            "target_kind": TARGET_KINDS.get(str(figure["target_kind"]), ""),
            "quote": entry.quote if entry is not None else "",
            "remarks": _remarks(
                asked,
                others.get(indicator, []),
                entry,
                pass_remark(moved, place),
            ),
        }
        rows.append(row)
    return [*rows, *(_not_computed(entries, name, why) for name, why in study.not_computed.items())]


def _from_where(clause: str, source: str) -> str:
    return "\n".join(part for part in (clause, source) if part)


def two_lines(zh: str, en: str) -> str:
    """Return a name in Chinese, and in English on the next line where it says something else."""
    return zh if en in ("", zh) else f"{zh}\n{en}"


def unit_of_missing(asked: dict[Any, Any]) -> str:
    """Return what is missing to a target is counted in; records of a kind that only the indicator's name tells are 项."""
    return str(asked["missing_unit"] or "项") if asked and pd.notna(asked["missing"]) else ""


def names_of(rows: pd.DataFrame) -> list[str]:
    """Return the names of rows' indicators, each as :func:`two_lines` has it."""
    return [two_lines(str(zh), str(en)) for zh, en in zip(rows["label_zh"], rows["label_en"], strict=True)]


def _limit_text(study: Study, figure: dict[Any, Any]) -> str:
    mode = str(figure["mode"] or "")
    if mode not in study.modes or pd.isna(figure["limit"]):
        return ""
    unit = "米 m" if figure["limit_unit"] == "m" else "分钟 min"
    return f"{study.modes[mode].label.zh} {figure['limit']:g} {unit}"


def _remarks(
    asked: dict[Any, Any], others: list[dict[Any, Any]], entry: Rule | IndicatorEntry | None, pass_moves: str
) -> str:
    parts = [pass_moves] if pass_moves else []
    if asked.get("target_text"):
        parts.append(f"目标 target: {asked['target_text']}")
    if asked.get("reference_name"):
        parts.append(f"对照 reference: {asked['reference_name']} {asked['reference']:.4g}")
    for other in others:
        year = "" if pd.isna(other["target_year"]) else f" {other['target_year']}"
        goal = other["target_text"] or (
            "" if pd.isna(other["target"]) else f"{other['target']:.6g} {other['value_unit']}"
        )
        parts.append(f"另有目标 also{year}: {goal}（{other['status']}）")
    if entry is not None and entry.assumption:
        parts.append(entry.assumption)
    return "\n".join(parts)


def _not_computed(entries: dict[str, Rule | IndicatorEntry], name: str, why: str) -> dict[str, Any]:
    entry = entries.get(name)
    row: dict[str, Any] = {
        "indicator": name, "label": name, "is_entry": True, "value_unit": "", "status": NOT_COMPUTED, "remarks": f"未计算 not computed: {why}",
        "policy_title": "", "clause_source": "",
    }  # fmt: skip
    if entry is not None:
        row |= {
            "label": two_lines(entry.names.zh, entry.names.en), "value_unit": entry.value_unit, "policy_title": policy_title(entry.policy),
            "clause_source": _from_where(entry.clause, entry.source), "quote": entry.quote,
        }  # fmt: skip
    return row
