"""指标监测表.xlsx, 选址.xlsx, 变化表.xlsx: what a planner opens, prints, filters and hands on."""

from __future__ import annotations

from pathlib import Path

from lifecircle.model import Study
from lifecircle.outputs.workbook.about import SHEETS, add_about, study_about
from lifecircle.outputs.workbook.book import Table, open_book
from lifecircle.outputs.workbook.changes import write_comparison_workbook
from lifecircle.outputs.workbook.lists import (
    gaps_table,
    issues_table,
    missing_table,
    scenarios_table,
    sources_table,
    steadiness_table,
)
from lifecircle.outputs.workbook.monitoring import monitoring_table
from lifecircle.outputs.workbook.sites import add_sites, sites_sheets, write_sites_workbook
from lifecircle.outputs.workbook.units import long_table, wide_table

__all__ = ["write_comparison_workbook", "write_sites_workbook", "write_workbook"]


def write_workbook(study: Study, path: Path) -> None:
    """Write ``指标监测表.xlsx``: indicators, townships, gaps, sites, scenarios, what holds, what was wrong, and what to collect."""
    plans = study.plans
    first = _given(monitoring_table(study), wide_table(study), long_table(study), gaps_table(study))
    last = _given(
        scenarios_table(study), steadiness_table(study), issues_table(study), missing_table(study), sources_table(study)
    )
    names = [*(table.sheet for table in first), *sites_sheets(plans), *(table.sheet for table in last)]
    with open_book(path, study.district, str(study.year)) as book:
        add_about(book, "指标监测表 Monitoring workbook", study_about(study), [(name, SHEETS[name]) for name in names])
        for table in first:
            book.add(table)
        add_sites(book, plans)
        for table in last:
            book.add(table)


def _given(*tables: Table | None) -> list[Table]:
    return [table for table in tables if table is not None]
