"""Words that several outputs share, and a figure as people read it: by its unit, in one place for the terminal, the workbook and the page."""

from __future__ import annotations

import math
from typing import Any

from lifecircle.comparison.decomposition import Cause, Comparison
from lifecircle.config import Label, Objective, load_link_kinds
from lifecircle.model import Status

SITING_STATUS: dict[Status, str] = {
    "optimal": "已证最优 proven optimal",
    "time": "到时，未证最优 time ran out, not proven",
    "feasible": "未证最优 not proven",
    "infeasible": "无解：条件不能同时满足 no choice meets the conditions",
}
OBJECTIVE_NAMES: dict[Objective, Label] = {
    "coverage": Label(zh="覆盖人口最多（或设施最少）", en="most people covered, or fewest sites"),
    "p_median": Label(zh="平均路程最短（p-中位）", en="least mean cost (p-median)"),
    "p_center": Label(zh="最远路程最短（p-中心）", en="least greatest cost (p-center)"),
    "capacitated": Label(zh="有名额的人最多（容量）", en="most people who find a place (capacitated)"),
    "backup": Label(zh="有两处可达的人最多（备用）", en="most people with two facilities within the limit (backup)"),
}
"""What a choice of sites makes best, as ``--objective`` names it."""
CHANGE_METHOD = {
    "zh": "两年之差按设施、人口、道路、准则分解：每个原因的份额，是在各种先后次序中逐一替换所带来变化的平均（Shapley 值），"
    "各份与其他因素之和等于差。人口含单元界线的变化；其他因素是统计表、当年样本、到期目标等随年份而变的部分，以及没有分解的指标。",
    "en": "The difference is split over facilities, people, roads and the rule: each cause's part is the mean, over all orders of "
    "replacing one after another, of what replacing it changes (Shapley value); parts and residual sum to the difference. People "
    "include changes of the units' borders; the residual is what came with the year itself: statistics, its samples, targets that "
    "fall due, and figures that were not split.",
}
CHANGE_CAUSES: dict[Cause, str] = {
    "facilities": "设施\nfacilities",
    "people": "人口\npeople",
    "roads": "道路\nroads",
    "rule": "准则\nrule",
}
FACILITY_CHANGES = {
    "opened": "新启用 opened",
    "closed": "停用 closed",
    "moved": "移位 moved",
    "altered": "属性不同 altered",
}
FERRY_CHANGES = {"added": "新开 added", "gone": "停开 gone", "changed": "不同 changed"}
MOST_CODES = 8
"""Codes that are named in a line."""


def work_names() -> dict[str, Label]:
    """Return what each kind of work is called: a new site, or a kind of link."""
    return {"site": Label(zh="新址", en="site"), **{kind.id: kind.names for kind in load_link_kinds().values()}}


def year_lines(comparison: Comparison) -> list[str]:
    """Return what is doubtful about the years themselves: one that nothing is said of, one that is the other, units that one lacks."""
    lines = [
        f"{year} 没有 [[years]]：人口、道路、单元都按今天的，设施按启用、停用年份; no [[years]] entry: today's people, roads and units"
        for year in comparison.as_today
    ]
    if comparison.years[0] == comparison.years[1]:
        lines.append("两年是同一年，差都是零 the same year twice: every difference is 0")
    for year, codes in comparison.units["only_in"].items():
        named = ", ".join(codes[:MOST_CODES]) + (" …" if len(codes) > MOST_CODES else "")
        lines.append(
            f"只有 {year} 有这些单元 {len(codes)} units that only {year} has: {named}；用 crosswalk 折算 link them by a crosswalk"
        )
    return lines


TENTHS = ("%", "pp", "min", "‰")
"""Units whose figures have one decimal."""
WHOLE = ("人", "m", "个", "项", "家", "处", "条", "户", "元")
"""Units of which nobody wants a part: their figures have no decimals."""
DIGITS = {"tenths": TENTHS, "whole": WHOLE}
"""For the page."""
LARGE = 1000.0
"""From here on a figure is whole; below it has three digits that count."""
NEARLY_ALL, NEARLY_NONE = 99.95, 0.05
"""A share that would round to all or to nothing, and is neither, is written as more, or less, than the last that is not."""


def figure_text(value: Any, unit: str, *, missing: str = "-") -> str:
    """Return a figure with its unit: ``84.7%``, ``10.1 min``, ``2.91 m2/人``, ``148,807 人``.

    Parameters
    ----------
    value
        A number; ``missing`` is returned for None and NaN.
    unit
        ``value_unit`` of the figure. A share (``%``) stands close by its sign.
    """
    if value is None or math.isnan(value):
        return missing
    if unit == "%":
        return share_text(float(value))
    return f"{number_text(float(value), unit)} {unit}".rstrip()


def share_text(share: float) -> str:
    """Return a share (0-100): what is not quite all, or not quite nothing, never rounds to it."""
    if NEARLY_ALL < share < 100:
        return ">99.9%"
    if 0 < share < NEARLY_NONE:
        return "<0.1%"
    return f"{share:.1f}%"


def number_text(value: float, unit: str = "") -> str:
    """Return a number: a decimal, or none, where its unit has so many; else three digits that count, whole from 1,000 on.

    What is something is never written as nothing.
    """
    size = abs(value)
    if value.is_integer() or size >= LARGE or (unit in WHOLE and size > 0.5):
        return f"{value:,.0f}"
    if unit in TENTHS and size >= NEARLY_NONE:
        return f"{value:.1f}"
    return f"{float(f'{value:.3g}'):.15g}"


def excel_format(unit: str, value: float, *, is_change: bool = False) -> str:
    """Return the number format under which Excel shows a number as `number_text` writes it; its unit stands in a column beside.

    A change may round to nothing (``is_change``): it then is none that anyone reads.
    """
    size = abs(value)
    if is_change and unit in TENTHS:
        return "0.0"
    if unit == "%" and (NEARLY_ALL < value < 100 or 0 < value < NEARLY_NONE):
        return "0.000"
    if unit in TENTHS and (size >= NEARLY_NONE or size == 0):
        return "0.0"
    if size >= LARGE or size == round(size) or (unit in WHOLE and size > 0.5):
        return "#,##0"
    decimals = 2 - math.floor(math.log10(size))
    return "0" if decimals <= 0 else f"0.{'0' * min(decimals, 3 if is_change else 15)}"
