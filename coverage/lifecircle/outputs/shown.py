"""What a run says at its end: tables and words for people, or one JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lifecircle.model import Study
from lifecircle.outputs.components import closure_lines, describe_parts, summary_parts
from lifecircle.outputs.gaps import gap_lines, summarise_gaps
from lifecircle.outputs.sites import plans_summary, sites_json
from lifecircle.outputs.summary import (
    scenario_summary,
    scenario_table,
    score_json,
    sensitivity_lines,
    statement_lines,
    summarise,
    summary_table,
    target_table,
)


def show_study(study: Study, paths: list[Path], say: Callable[[str], Any], *, as_json: bool) -> None:
    """Say the summary and where everything is."""
    if as_json:
        content = {"district": study.district.id, "year": study.year, "rules": summarise(study), **score_json(study),
                   "scenarios": scenario_summary(study), "not_computed": study.not_computed,
                   "gaps": summarise_gaps(study)["rules"], "closed": closure_lines(study.closures),
                   "plans": [{"plan": found.id, **sites_json(found)} for found in study.plans],
                   "network_parts": describe_parts(study, most=len(study.parts)),
                   "paths": [str(path) for path in paths]}  # fmt: skip
        say(json.dumps(content, ensure_ascii=False, indent=1))
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 150)
    for table in (
        summary_table(study),
        summary_parts(study),
        target_table(study),
        scenario_table(study),
        plans_summary(study.plans),
    ):
        if table is not None:
            console.print(table)
    for line in [*closure_lines(study.closures), *gap_lines(study), *sensitivity_lines(study), *statement_lines(study)]:
        say(line)
    notable = sum(problem.severity in ("warning", "set_aside", "repaired") for problem in study.problems)
    if notable:
        say(f"注意事项 {notable} 条，见 issues.csv; {notable} things to look at, see issues.csv")
    for path in paths:
        say(f"  {path}")
