"""What a run says of its targets and statements at its end: how they stand, what is still missing, what could not be computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from lifecircle.measures.targets import NOT_MET, Status
from lifecircle.model import Study
from lifecircle.outputs.printed import figure_text

if TYPE_CHECKING:
    from rich.table import Table

SHOWN_NOT_COMPUTED = 8
NOT_ASKED = "未要求 not asked for"
MARKS: dict[Status, str] = {
    "提前": "bold green", "如期": "green", "滞后": "red", "推进中": "yellow", "未达标": "bold red", "缺数据": "dim",
}  # fmt: skip
"""How a target may stand; what is in words alone is judged by nobody and no target here."""


def district_targets(study: Study) -> pd.DataFrame:
    """Return the targets of the district: the rows of ``targets.csv`` at its level that the year answers to.

    One definition for the terminal, the workbook, the board and the manifest. Targets in words alone are no targets here: nobody can be
    judged by them (:func:`district_words`).
    """
    due = _due(study)
    return due[due["target_kind"] != "qualitative"] if len(due) else due


def district_words(study: Study) -> pd.DataFrame:
    """Return the district's targets in words alone, which are monitored and judged by nobody."""
    due = _due(study)
    return due[due["target_kind"] == "qualitative"] if len(due) else due


def _due(study: Study) -> pd.DataFrame:
    targets = study.tables.get("targets", pd.DataFrame())
    return targets[(targets["level"] == "district") & targets["is_due"].astype(bool)] if len(targets) else targets


def count_targets(study: Study) -> dict[str, int]:
    """Return how many targets the district has, how many of them stand how, and how many there are in words alone."""
    due = district_targets(study)
    stand = due["status"].value_counts().to_dict() if len(due) else {}
    counted: dict[str, int] = {word: int(stand.get(word, 0)) for word in MARKS}
    return {"targets": len(due), **counted, "in_words": len(district_words(study))}


def target_table(study: Study) -> Table | None:
    """Return the district's targets that are not met, the missed first, as a table for the terminal; None where there are none."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    due = district_targets(study)
    open_ = due[due["status"].isin(NOT_MET)] if len(due) else due
    if not len(open_):
        return None
    table = Table(
        title="未达到的目标 Targets not met",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("指标\nindicator", overflow="fold", min_width=24)
    for heading in ("现值\nvalue", "目标\ntarget", "还差\nmissing"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("进度\nstatus", no_wrap=True)
    for row in sorted(open_.to_dict("records"), key=lambda one: [*NOT_MET].index(one["status"])):
        year = "" if pd.isna(row["target_year"]) else f" ({row['target_year']})"
        unit = str(row["value_unit"])
        table.add_row(
            str(row["label_zh"]), figure_text(row["value"], unit), f"{figure_text(row['target'], unit)}{year}",
            missing_text(row["missing"], str(row["missing_unit"]), is_whole=pd.notna(row["value"]) and unit == "%"),
            Text(str(row["status"]), style=MARKS.get(row["status"], "")),
        )  # fmt: skip
    return table


def missing_text(missing: Any, unit: str, *, is_whole: bool) -> str:
    """Return what is still missing; people, units and records are whole: of 0.8 of a town, one."""
    if pd.isna(missing) or missing <= 0:
        return "-"
    if is_whole and unit != "pp":
        return f"{math.ceil(missing - 1e-9):,} {unit}".rstrip()
    return (f"{missing:,.0f}" if missing >= 100 else f"{missing:.2g}") + f" {unit}".rstrip()


def target_line(study: Study) -> list[str]:
    """Return how the district's targets stand, in one line."""
    counts = count_targets(study)
    if not counts["targets"]:
        return []
    told = "，".join(f"{word} {counts[word]}" for word in MARKS if counts[word])
    words = f"；另有文字目标 in words {counts['in_words']} 项，不判断" if counts["in_words"] else ""
    return [f"目标 {counts['targets']} 项 targets：{told}{words}，全部见 targets.csv"]


def count_statements(study: Study) -> dict[str, int]:
    """Return how many statements of the district's policies were computed, in part, and for want of data not."""
    states = study.tables["statements"]["state"].value_counts().to_dict()
    return {
        "statements": int(sum(count for state, count in states.items() if state != NOT_ASKED)),
        "computed": int(states.get("已计算 computed", 0)),
        "in_part": int(states.get("部分 in part", 0)),
        "data_missing": int(states.get("缺数据 data missing", 0)),
    }


def statement_lines(study: Study) -> list[str]:
    """Return what became of the statements and of what could not be computed, each with what it needs; long lists are left to the files."""
    counts = count_statements(study)
    lines = target_line(study)
    if counts["statements"]:
        lines.append(
            f"条款 {counts['statements']} 条：已计算 {counts['computed']}，部分 {counts['in_part']}，缺数据 {counts['data_missing']}，"
            f"逐条见 statements.csv; {counts['statements']} statements: {counts['computed']} computed, "
            f"{counts['in_part']} in part, {counts['data_missing']} lack data"
        )
    missing = list(study.not_computed.items())
    lines += [f"未计算 not computed: {name}: {reason}" for name, reason in missing[:SHOWN_NOT_COMPUTED]]
    if len(missing) > SHOWN_NOT_COMPUTED:
        rest = len(missing) - SHOWN_NOT_COMPUTED
        lines.append(
            f"另有 {rest} 项未计算，所缺见 statements.csv 与 issues.csv; {rest} more, see these files for what they need"
        )
    return lines


def missing_lines(missing: pd.DataFrame) -> list[str]:
    """Return what to collect, one line a layer or table: the columns that are asked for, and how many indicators wait for them."""
    if not len(missing):
        return ["政策所需的数据齐全 everything the policies ask for is there"]
    lines = [f"政策所需而缺的数据 {len(missing)} 项 what the policies ask for and is not there:"]
    for row in missing.to_dict("records"):
        count = row["indicators"].count(";") + 1
        word = "缺 missing" if row["is_whole_missing"] else "缺列 columns missing"
        columns = f"（{row['columns']}）" if row["columns"] else ""
        lines.append(f"  {word}: {row['section']} {row['name']} {row['label_zh']}{columns} → {count} 项指标 indicators")
    return lines


def score_json(study: Study) -> dict[str, Any]:
    """Return the same for machines."""
    due = district_targets(study)
    return {
        "statements": count_statements(study),
        "targets": [
            {"indicator": row["indicator"], "label": row["label_zh"], "value": _number(row["value"]), "unit": row["value_unit"],
             "target": _number(row["target"]), "year": _number(row["target_year"]), "status": row["status"],
             "missing": _number(row["missing"])}
            for row in due.to_dict("records")
        ],
    }  # fmt: skip


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
