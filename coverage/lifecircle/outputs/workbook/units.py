"""分乡镇街道: every township beside every other, and each township's own figures one below another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lifecircle.config.schema import Level
from lifecircle.indicators.figures import levels_of
from lifecircle.model import Study
from lifecircle.outputs.workbook.book import STATUS_MARKS, Column, Kind, Look, Table
from lifecircle.outputs.workbook.monitoring import (
    entries_of,
    moved_figures,
    names_of,
    pass_remark,
    policy_title,
    ranged_indicators,
    unit_of_missing,
)

SIGNS = {"提前": "◎", "如期": "○", "滞后": "▽", "推进中": "△", "未达标": "×"}
"""After a figure, for those who print without colours or do not see them; in every Chinese font."""
MOVES = "※"
"""After them, where the range of speeds changes whether the unit passes."""
LEGEND = (
    (
        "绿 ◎ 提前、○ 如期；黄 △ 推进中；红 ▽ 滞后、× 未达标；灰：缺数据；无色：无目标；※ 换速度、限值、人口或口径，达标与否不同。"
        "记号是格式，单元格仍是数字。末行为全区。"
    ),
    (
        "Green ◎ ahead, ○ on schedule; yellow △ under way; red ▽ behind, × missed; grey: not known; no target: no colour; "
        "※ passes under some assumptions. Cells are numbers. The last row is the district."
    ),
)


def reported_level(study: Study) -> Level | None:
    """Return the townships, or where a district has none the next level that it has."""
    known: list[Level] = ["township", "village"]
    return next((level for level in known if level in study.units), None)


def wide_table(study: Study) -> Table | None:
    """Return one row a township and one column an indicator, the district below; None where there are no units."""
    level = reported_level(study)
    if level is None:
        return None
    levels = levels_of(study.district, study.units, study.cells)
    codes = [*map(str, levels[level].code), *map(str, levels["district"].code)]
    people = [*levels[level].sum(study.cells.people), *levels["district"].sum(study.cells.people)]
    plain: Look = ""
    looks: list[Look] = [*([plain] * len(levels[level].code)), "total"]
    columns = [
        Column("代码\ncode", codes, 13, "short"),
        Column(
            "乡镇街道\nunit" if level == "township" else "村社区\nunit",
            [*levels[level].name, *levels["district"].name],
            12,
        ),
        Column("人口\npeople", people, 10, "people"),
    ]
    entries = entries_of(study)
    rows = study.indicators
    shown = rows[rows["level"].isin([level, "district"]) & rows["indicator"].isin(entries)]
    there = set(shown.loc[shown["level"] == level, "indicator"])
    moved = moved_figures(study)
    for indicator, part in shown[shown["indicator"].isin(there)].groupby("indicator", sort=False):
        columns.append(_indicator_column(str(indicator), part, level, len(levels[level].code), codes, moved))
    return Table(
        "分乡镇街道", "分乡镇街道指标 Indicators by township", columns, LEGEND, frozen=3, is_wide=True, looks=looks,
    )  # fmt: skip


def _indicator_column(
    indicator: str, part: pd.DataFrame, level: Level, count: int, codes: list[str], moved: pd.DataFrame
) -> Column:
    found = {(row["level"], str(row["unit_code"])): row for row in part.to_dict("records")}
    first = part.iloc[0]
    places = [(level, code) for code in codes[:count]] + [("district", code) for code in codes[count:]]
    held = [found.get(place, {}) for place in places]
    status = [str(row.get("status", "")) for row in held]
    signs = []
    for (at, code), word in zip(places, status, strict=True):
        signs.append(SIGNS.get(word, "") + (MOVES if pass_remark(moved, (indicator, at, code)) else ""))
    unit = str(first["value_unit"])
    return Column(
        f"{first['label_zh']}\n{unit}{_goal(part)}", [row.get("value") for row in held], 11.5, "figure", [unit] * len(held),
        marks=[STATUS_MARKS.get(word, "") for word in status], signs=signs,
    )  # fmt: skip


def _goal(part: pd.DataFrame) -> str:
    """Return the target of a column, where all its units have the same."""
    goals = part["target"].dropna().unique()
    if len(goals) != 1:
        return ""
    years = part["target_year"].dropna().unique()
    return f"\n目标 {goals[0]:.6g}" + (f"（{years[0]}）" if len(years) == 1 else "")


def long_table(study: Study) -> Table | None:
    """Return one row a township and figure, for whoever filters one township; None where there are no units."""
    level = reported_level(study)
    if level is None:
        return None
    rows = study.indicators[study.indicators["level"] == level]
    targets = study.tables["targets"]
    due = targets[(targets["level"] == level) & targets["is_due"].astype(bool)]
    lacking = {(row["indicator"], row["unit_code"]): row for row in due.to_dict("records")}
    order = {str(code): place for place, code in enumerate(study.units[level].code)}
    rows = rows.iloc[np.argsort(rows["unit_code"].map(order).to_numpy(), kind="stable")]
    entries, moved, units = entries_of(study), moved_figures(study), list(rows["value_unit"])
    places = list(zip(rows["indicator"], rows["unit_code"], strict=True))
    missing = [lacking.get(place, {}) for place in places]
    counted = [unit_of_missing(one) for one in missing]
    ranged = ranged_indicators(study)
    remarks = [pass_remark(moved, (str(indicator), level, str(code))) for indicator, code in places]

    def if_ranged(name: str) -> list[Any]:
        return [value if one in ranged else None for value, one in zip(rows[name], rows["indicator"], strict=True)]

    def figures(head: str, values: Any, width: float, kind: Kind = "figure") -> Column:
        return Column(head, list(values), width, kind, units)

    columns = [
        Column("乡镇街道\nunit", list(rows["unit_name"]), 11),
        Column("指标\nindicator", names_of(rows), 48),
        Column("单位\nunit of value", units, 9, "short"),
        figures("本年值\nvalue", rows["value"], 9),
        figures("低\nlow", if_ranged("low"), 8),
        figures("高\nhigh", if_ranged("high"), 8),
        figures("目标值\ntarget", rows["target"], 8),
        Column("目标年\nby", list(rows["target_year"]), 7, "year"),
        Column("完成情况\nstatus", list(rows["status"]), 9.5, "short", marks=[STATUS_MARKS.get(one, "") for one in rows["status"]]),
        Column("还差\nmissing", [one.get("missing") for one in missing], 9, "figure", counted),
        Column("还差单位\nof", counted, 8, "short"),
        Column("备注\nremarks", remarks, 30),
        Column("类别\nkind", ["指标 indicator" if one in entries else "其中 beside it" for one in rows["indicator"]], 12, "short"),
        Column("分子\nnumerator", list(rows["numerator"]), 11, "figure"),
        Column("分母\ndenominator", list(rows["denominator"]), 11, "figure"),
        Column("政策文件\npolicy", [policy_title(one) for one in rows["policy"]], 26),
        Column("乡镇街道代码\ncode", list(rows["unit_code"]), 13, "short"),
        Column("指标编号\nid", list(rows["indicator"]), 30),
    ]  # fmt: skip
    notes = ["用筛选只看一个乡镇街道，或一项指标。 Filter for one township, or one indicator."]
    return Table(
        "分乡镇街道明细", "分乡镇街道明细 Every figure of every township", columns, notes, frozen=2, printed=12
    )
