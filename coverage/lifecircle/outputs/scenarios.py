"""What a run says of its scenarios at its end: what each changes most, and how many people gain or lose by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lifecircle.model import Study
from lifecircle.outputs.printed import figure_text

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

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
