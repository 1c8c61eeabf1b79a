"""What a run says at its end: rules, targets and statements, scenarios, conclusions, and what was wrong, the gravest first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from lifecircle.indicators.targets import NOT_MET, Status
from lifecircle.model import Study
from lifecircle.outputs.wording import figure_text
from lifecircle.problems import Problem, Severity

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


WORDS: dict[Severity, str] = {
    "error": "错误 error",
    "set_aside": "剔除 set aside",
    "repaired": "修复 repaired",
    "warning": "注意 warning",
    "note": "说明 note",
}


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """Return one line a problem, and one that says that nothing was written where any of them is an error."""
    lines = []
    for severity, word in WORDS.items():
        for problem in problems:
            if problem.severity == severity:
                count = f" ({problem.count})" if problem.count > 1 else ""
                lines.append(f"{word}{count}: {problem}")
    errors = sum(problem.severity == "error" for problem in problems)
    if errors:
        lines.append(f"共 {errors} 处错误，未写任何文件 {errors} errors, nothing was written")
    return lines


def sensitivity_lines(study: Study) -> list[str]:
    """Return the assumptions tried, defaults too, and how many passes and ranks are the same under all of them."""
    table, tried = study.tables["sensitivity"], study.details["sensitivity"]
    if not len(table):
        return []
    factors = {
        name: " ".join(f"×{one:g}" for one in tried[name]) or "不变 as they are" for name in ("speeds", "limits")
    }
    people = "、".join(tried["populations"]) or "不变 as they are"
    judged = table[table["passes"].notna()]
    passes, ranks = int(judged["pass_holds"].sum()), int(table["rank_holds"].sum())
    return [
        f"假设 assumptions: 速度 speeds {factors['speeds']}；限值 limits {factors['limits']}；人口 people {people}",
        f"都成立 hold in all: 达标与否 passes {passes}/{len(judged)}，名次 ranks {ranks}/{len(table)}，见 see sensitivity.csv",
    ]


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


MOST_SHOWN = 3
"""Indicators of one scenario that the terminal shows; all are in ``scenarios.csv``."""


def scenario_summary(study: Study) -> list[dict[str, Any]]:
    """Return one entry a scenario: the district's indicators that differ; who no longer reaches anything first, then what moves most people.

    Of the figures beside an indicator, who can no longer reach any is shown: it is what a closed road does, while the mean minutes of
    those who still can may fall. Who has a choice, and each group, are left to the file.
    """
    table = study.tables.get("scenarios")
    if table is None or not len(table):
        return []
    rules = [rule.id for rule in study.configuration.rules]
    entries = {*rules, *(f"{rule}-unreachable" for rule in rules), *(one.id for one in study.configuration.indicators)}
    found = []
    for scenario, rows in table.groupby("scenario", sort=False):
        district = rows[(rows["level"] == "district") & rows["indicator"].isin(entries)]
        counted = district["numerator_difference"].abs().where(district["counts"] == "人", 0.0).fillna(0.0)
        is_stranding = strands(district)
        weight = pd.DataFrame(
            {
                "stranded": counted.where(is_stranding, 0.0),
                "people": counted,
                "value": district["difference"].abs().fillna(0.0),
            }
        )
        order = weight.sort_values(["stranded", "people", "value"], ascending=False, kind="stable").index
        found.append(
            {
                "scenario": scenario,
                "label": rows["label"].iloc[0],
                "indicators": int(rows["indicator"].replace("", pd.NA).nunique()),
                "units": int(rows.loc[rows["level"] != "district", "unit_code"].replace("", pd.NA).nunique()),
                "changes": [
                    _change(row) for row in district.assign(strands=is_stranding).loc[order].to_dict("records")
                ],
            }
        )
    return found


def strands(rows: pd.DataFrame) -> pd.Series:
    """Return which rows of ``scenarios.csv`` say that people can no longer reach any facility of a rule: what is shown first, in red."""
    return rows["indicator"].str.endswith("-unreachable") & (rows["numerator_difference"] > 0)


def _change(row: dict[Any, Any]) -> dict[str, Any]:
    numbers = {
        name: None if pd.isna(row[name]) else float(row[name])
        for name in ("base", "value", "difference", "numerator_difference")
    }
    return {
        "indicator": row["indicator"], "label": row["label_zh"], "unit": row["value_unit"], **numbers, "counts": row["counts"],
        "base_status": row["base_status"], "status": row["status"], "note": row["note"], "strands": bool(row["strands"]),
    }  # fmt: skip


def scenario_table(study: Study) -> Table | None:
    """Return the summary as a table for the terminal; None where there are no scenarios."""
    from rich import box
    from rich.table import Table

    found = scenario_summary(study)
    if not found:
        return None
    table = Table(
        title="情景 Scenarios（逐单元见 by unit: scenarios.csv）", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )  # fmt: skip
    table.add_column("情景\nscenario", overflow="fold", min_width=16)
    table.add_column("变化最大的指标\ngreatest change", overflow="fold", min_width=20)
    for heading in ("现状\nbase", "情景\nif", "增减\ngained, lost"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("进度\nstatus", no_wrap=True)
    for one in found:
        shown = one["changes"][:MOST_SHOWN]
        for number, row in enumerate(shown):
            status = row["status"] if row["status"] == row["base_status"] else f"{row['base_status']}→{row['status']}"
            table.add_row(
                one["label"] if number == 0 else "", _named(row), figure_text(row["base"], row["unit"], missing="n/a"),
                figure_text(row["value"], row["unit"], missing="n/a"), _moved(row), status,
            )  # fmt: skip
        if not shown:
            table.add_row(one["label"], "没有变化 nothing changed", "-", "-", "-", "")
    return table


def _named(change: dict[str, Any]) -> Text:
    """Return an indicator's name, in red where people are stranded, with what its note says of the people."""
    from rich.text import Text

    name = Text(change["label"], style="bold red" if change["strands"] else "")
    return name.append(f"\n{change['note']}", style="dim") if change["note"] else name


def _moved(change: dict[str, Any]) -> str:
    """Return the people gained or lost; of a figure that counts no people, its difference."""
    if change["counts"] == "人" and change["numerator_difference"] is not None:
        return f"{change['numerator_difference']:+,.0f} 人"
    if change["difference"] is None:
        return "-"
    return f"{change['difference']:+,.3g} {'pp' if change['unit'] == '%' else change['unit']}".rstrip()


WORST = 3
"""How many of the least covered townships are named."""


def summarise(study: Study) -> list[dict[str, Any]]:
    """Return one entry a rule, ready for a table or for JSON."""
    entries = []
    for rule_id, result in study.shown.results.items():
        rows = study.indicators[study.indicators["indicator"] == rule_id]
        district = rows[rows["level"] == "district"]
        units = rows[rows["level"] == "township"]
        worst = units[units["value"].notna()].sort_values(["value", "unit_code"]).head(WORST)
        sums = study.conservation[rule_id]
        rule = result.rule
        entry: dict[str, Any] = {
            "rule": rule_id,
            "label": rule.names.zh,
            "mode": rule.mode,
            "limit": rule.limit,
            "limit_unit": rule.limit_unit,
            "facilities": len(result.facilities),
            "people": sums["people"],
            "unreachable": sums["unreachable"],
            "worst": [
                {"code": row.unit_code, "name": row.unit_name, "share_pct": _number(row.value)}
                for row in worst.itertuples()
            ],
        }
        if len(district):
            one = district.iloc[0]
            entry |= {
                "people": float(one["denominator"]),
                "covered": float(one["numerator"]),
                "share_pct": _number(one["value"]),
                "low_pct": _number(one["low"]),
                "high_pct": _number(one["high"]),
                "status": one["status"],
            }
            cut_off = study.indicators[study.indicators["indicator"] == f"{rule_id}-unreachable"]
            entry["unreachable"] = float(cut_off.loc[cut_off["level"] == "district", "numerator"].iloc[0])
        entries.append(entry)
    return entries


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def summary_table(study: Study) -> Table | None:
    """Return the summary as a table for the terminal, narrow enough for 80 columns; None where no rule was computed."""
    from rich import box
    from rich.table import Table

    if not study.shown.results:
        return None
    title = f"{study.district.name.both} {study.year}  {study.cells.people.sum():,.0f} 人 people"
    if study.district.demonstration:
        title += f"\n【{study.district.demonstration.zh}】"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("准则\nrule", overflow="fold", min_width=20)
    for heading in ("限值\nlimit", "覆盖\ncovered", "占比\nshare", "低-高\nlow-high", "不可达\nnone"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("最弱\nweakest", no_wrap=True)
    for entry in summarise(study):
        has_range = entry["limit_unit"] == "min" and entry.get("low_pct") is not None
        table.add_row(
            entry["rule"] if entry["label"] == entry["rule"] else f"{entry['label']}\n[dim]{entry['rule']}[/dim]",
            f"{entry['limit']:g} {entry['limit_unit']}\n[dim]{study.modes[entry['mode']].label.zh}[/dim]",
            f"{entry['covered']:,.0f}" if "covered" in entry else "-",
            _percent(entry.get("share_pct")),
            f"{entry['low_pct']:.1f}-{entry['high_pct']:.1f}" if has_range else "-",
            f"{entry['unreachable']:,.0f}",
            "\n".join(f"{unit['name']} {_percent(unit['share_pct'])}" for unit in entry["worst"]),
        )
    return table


def _percent(value: float | None) -> str:
    return figure_text(value, "%", missing="n/a")
