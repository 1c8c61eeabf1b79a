"""Two years compared, to files and to the terminal: what changed, by indicator, unit and cause."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lifecircle import __version__
from lifecircle.comparison.decomposition import CAUSES, Comparison, worst_changes
from lifecircle.outputs.lock import Held
from lifecircle.outputs.manifest import hash_file
from lifecircle.outputs.publish import publish_files, target_folders
from lifecircle.outputs.tables import write_csv
from lifecircle.outputs.wording import (
    CHANGE_CAUSES,
    CHANGE_METHOD,
    FACILITY_CHANGES,
    FERRY_CHANGES,
    figure_text,
    year_lines,
)

if TYPE_CHECKING:
    from rich.table import Table

MOST = 3
"""How many of the townships that changed most are named."""
LEAST = 0.05
"""Percentage points; less would be shown as no change."""
FIGURES = ("value_from", "value_to", "difference", *(f"by_{cause}" for cause in CAUSES), "residual",
           "covered_from", "covered_to", "newly_covered", "newly_lost", "moved")  # fmt: skip


def comparison_name(years: tuple[int, int]) -> str:
    """Return the name of the set of a comparison."""
    return f"compare-{years[0]}-{years[1]}"


def publish_comparison(comparison: Comparison, out: Path, *, held: Held | None = None) -> list[Path]:
    """Write ``changes.csv``, ``changes.parquet``, ``comparison.json``, ``变化表.xlsx`` and a map under ``compare-<from>-<to>``."""
    from lifecircle.outputs.workbook import write_comparison_workbook

    def write(tables: Path, maps: Path) -> list[Path]:
        table, parquet, summary = (tables / name for name in ("changes.csv", "changes.parquet", "comparison.json"))
        write_csv(comparison.changes, table)
        comparison.changes.to_parquet(parquet, index=False)
        workbook = maps / "变化表.xlsx"
        write_comparison_workbook(comparison, workbook)
        hashes = {path.name: hash_file(path) for path in (table, parquet, workbook)}
        content = {**comparison_json(comparison), "outputs": hashes}
        summary.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if comparison.ground is None:
            return [table, parquet, summary, workbook]
        from lifecircle.outputs.webmap import draw_comparison

        draw_comparison(comparison, maps / "index.html")
        return [table, parquet, summary, workbook, maps / "index.html"]

    folders = target_folders(out, comparison.district.id, comparison_name(comparison.years))
    return publish_files(*folders, write, held=held)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return what the comparison is of, what differs between the years, how each rule changed, and what was read."""
    district = comparison.district
    return {
        "version": __version__,
        "district": {"id": district.id, "code": district.code, "name": district.name.model_dump()},
        "demonstration": district.demonstration.model_dump() if district.demonstration else None,
        "year_from": comparison.years[0],
        "year_to": comparison.years[1],
        "method": CHANGE_METHOD,
        "people": {"from": comparison.people[0], "to": comparison.people[1]},
        "causes": comparison.causes,
        "units": comparison.units,
        "rules": [rule_summary(comparison, rule.id) for rule in comparison.rules],
        "not_compared": comparison.not_compared,
        "as_today": list(comparison.as_today),
        "inputs": {str(year): [asdict(file) for file in files] for year, files in comparison.inputs.items()},
    }


def rule_summary(comparison: Comparison, rule_id: str) -> dict[str, Any]:
    """Return a rule's change in the district, by cause, and the townships that changed most."""
    changes = comparison.changes
    own = changes[(changes["indicator"] == rule_id) & (changes["level"] == "district")]
    figures = {name: _number(own[name].iloc[0]) if len(own) else None for name in FIGURES}
    worst = worst_changes(changes, rule_id, "township", MOST, LEAST)
    return {
        "rule": rule_id,
        **figures,
        "most_changed": [
            {"code": row.unit_code, "name": row.unit_name, "difference": _number(row.difference)}
            for row in worst.itertuples(index=False)
        ],
    }


def comparison_table(comparison: Comparison) -> Table | None:
    """Return the rules' changes as a table for the terminal; None where no rule was compared."""
    from rich import box
    from rich.table import Table

    rules = [rule for rule in comparison.rules if not rule.scenario]
    if not rules:
        return None
    first, second = comparison.years
    title = f"{comparison.district.name.both} {first} → {second}，变化为百分点 changes in percentage points"
    if comparison.district.demonstration:
        title += f"\n【{comparison.district.demonstration.zh}】"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("准则\nrule", overflow="fold", min_width=20)
    for heading in (
        str(first),
        str(second),
        "变化\nchange",
        *CHANGE_CAUSES.values(),
        "其他因素\nrest",
        "新增人口\nnewly",
        "失去人口\nlost",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("变化最大的乡镇街道\nchanged most", overflow="fold")
    for rule in rules:
        found = rule_summary(comparison, rule.id)
        parts = [found["difference"], *(found[f"by_{cause}"] for cause in CAUSES), found["residual"]]
        table.add_row(
            rule.names.zh if rule.names.zh == rule.id else f"{rule.names.zh}\n[dim]{rule.id}[/dim]",
            figure_text(found["value_from"], "%"),
            figure_text(found["value_to"], "%"),
            *(_show(part, "{:+.2f}") for part in parts),
            _show(found["newly_covered"], "{:,.0f}"),
            _show(found["newly_lost"], "{:,.0f}"),
            "\n".join(f"{unit['name']} {unit['difference']:+.1f}" for unit in found["most_changed"]),
        )
    return table


def comparison_lines(comparison: Comparison) -> list[str]:
    """Return what differs between the years, in words, and how the table is to be read."""
    causes, lines = comparison.causes, year_lines(comparison)
    for word, text in FACILITY_CHANGES.items():
        listed = causes["facilities"].get(word, [])
        kinds = pd.Series([one["kind"] for one in listed], dtype=object).value_counts()
        if len(listed):
            lines.append(f"设施{text}: {len(listed)} ({', '.join(f'{kind} {count}' for kind, count in kinds.items())})")
    before, now = comparison.people
    moved = "，分布不同 spread otherwise" if causes["people"] else "，相同 the same"
    lines.append(f"人口 people: {before:,.0f} → {now:,.0f}{moved}")
    roads = causes["roads"]
    for word, text in (("opened", "新通 opened"), ("closed", "停用 closed")):
        if roads.get(word):
            lines.append(f"道路{text}: {', '.join(roads[word])}")
    for word, text in FERRY_CHANGES.items():
        if named := roads.get("ferries", {}).get(word):
            lines.append(f"轮渡{text}: {', '.join(named)}")
    lines += [f"准则 rule {name}: {then['from']} → {then['to']}" for name, then in causes["rule"].items()]
    lacking = comparison.changes[(comparison.changes["level"] == "district") & (comparison.changes["note"] != "")]
    if len(lacking):
        shown = "、".join(dict.fromkeys(lacking["label_zh"].iloc[:MOST]))
        lines.append(
            f"不可比 not comparable: {lacking['indicator'].nunique()} 项 indicators（{shown} …），原因见 why: changes.csv note、变化表 未比较"
        )
    if not any(causes.values()):
        lines.append("两年的设施、人口、道路、准则都相同：在 district.toml 里用 [[years]] 写明不同之处，或给设施加 opened；"
                     "nothing differs: say what did in [[years]] of district.toml, or give facilities their year opened")  # fmt: skip
    return [*lines, CHANGE_METHOD["zh"], CHANGE_METHOD["en"]]


def show_comparison(comparison: Comparison, paths: list[Path], say: Callable[[str], Any], *, as_json: bool) -> None:
    """Say what changed and where the files are: a table and words for people, or JSON for machines."""
    if as_json:
        content = {**comparison_json(comparison), "paths": [str(path) for path in paths]}
        say(json.dumps(content, ensure_ascii=False, indent=1))
        return
    from rich.console import Console

    table = comparison_table(comparison)
    if table is not None:
        Console(width=None if sys.stdout.isatty() else 150).print(table)
    for line in [*comparison_lines(comparison), *(f"  {path}" for path in paths)]:
        say(line)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _show(value: float | None, pattern: str) -> str:
    # "+ 0.0" keeps a rounded-away loss from reading as -0.00.
    return "-" if value is None else pattern.format(round(value, 6) + 0.0)
