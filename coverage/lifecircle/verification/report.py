"""The table of expected, computed and difference: for people, and for machines."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from lifecircle.verification.case import Check, Outcome
from lifecircle.verification.verify import Verification

MARKS = {True: ("相符", "green"), False: ("不符", "bold red")}
WIDTHS = (36, 14, 14, 8, 4)
"""Of the columns: with a space between them, 80."""
TINY = 0.01
"""Smaller figures are remainders: three digits say enough."""


def verification_table(verification: Verification) -> Group:
    """Return a table of all figures, case by case, 80 columns wide, and what was not compared."""
    head = _grid()
    head.add_row(
        *(Text(word, style="bold") for word in ("指标\nfigure", "应为\nexpected", "算得\ncomputed", "差\ndiffer", ""))
    )
    parts: list[Any] = [head]
    for outcome in verification.outcomes:
        case = outcome.case
        parts += [Rule(style="dim"), Text(case.label.zh, style="bold"), _second_line(case.label.en, case.unit)]
        rows = _grid()
        for check in outcome.checks:
            rows.add_row(f" {check.label}", *_numbers(check), _mark(check.holds))
        parts.append(rows)
        if outcome.fault:
            parts.append(Text(f" 算不出 not computed: {outcome.fault}", style="bold red"))
    parts.append(Rule(style="dim"))
    if verification.not_run:
        parts.append(Text("未比较（不计入相符） not compared, and not counted as holding:"))
        parts += [Text(f" {entry.name}: {entry.reason}") for entry in verification.not_run]
    return Group(*parts)


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    for column, width in enumerate(WIDTHS):
        grid.add_column(width=width, justify="right" if 0 < column < len(WIDTHS) - 1 else "left", overflow="fold")
    return grid


def _second_line(english: str, unit: str) -> Text:
    return Text(english, style="bold") + (Text(f"  [{unit}]", style="dim") if unit else Text())


def verdict(verification: Verification) -> str:
    """Return the last line: how many hold, and the names of those that do not."""
    failed = verification.failed
    figures = sum(len(outcome.checks) for outcome in verification.outcomes)
    if not failed:
        cases = len(verification.outcomes)
        return f"全部相符：{cases} 个算例，{figures} 个数 all hold: {cases} cases, {figures} figures"
    return f"{len(failed)} 个算例不符 do not hold: {', '.join(outcome.case.id for outcome in failed)}"


def verification_json(verification: Verification) -> dict[str, Any]:
    """Return the same for machines; figures unrounded, None where not finite."""
    return {
        "holds": not verification.failed,
        "failed": [outcome.case.id for outcome in verification.failed],
        "cases": [_outcome_json(outcome) for outcome in verification.outcomes],
        "not_compared": [{"name": entry.name, "reason": entry.reason} for entry in verification.not_run],
    }


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "case": case.id,
        "label_zh": case.label.zh,
        "label_en": case.label.en,
        "source": case.source,
        "oracle": case.oracle,
        "unit": case.unit,
        "holds": outcome.holds,
        "fault": outcome.fault or None,
        "figures": [
            {
                "figure": check.label,
                "expected": _finite(check.expected),
                "computed": _finite(check.computed),
                "difference": _finite(check.difference),
                "tolerance": check.tolerance,
                "holds": check.holds,
            }
            for check in outcome.checks
        ],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _numbers(check: Check) -> tuple[str, str, str]:
    difference = check.difference
    shown = f"{difference:.1f}" if abs(difference) >= 1 else f"{difference:.1g}" if difference else "0"
    return _number(check.expected), _number(check.computed), shown


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < TINY else f"{value:.10g}"


def _mark(holds: bool) -> Text:
    word, style = MARKS[holds]
    return Text(word, style=style)
