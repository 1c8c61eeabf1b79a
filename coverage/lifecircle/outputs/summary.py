"""What a run says at its end: rule, people covered, share, low-high, worst townships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lifecircle.model import Study
from lifecircle.outputs.printed import figure_text

if TYPE_CHECKING:
    from rich.table import Table

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
