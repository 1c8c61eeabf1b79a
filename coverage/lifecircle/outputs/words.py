"""Words that several outputs share; what only one says stands there."""

from __future__ import annotations

from lifecircle.config import Label, load_link_kinds
from lifecircle.planning.siting import Status
from lifecircle.planning.trends import Cause, Comparison

SITING_STATUS: dict[Status, str] = {
    "optimal": "已证最优 proven optimal",
    "time": "到时，未证最优 time ran out, not proven",
    "feasible": "未证最优 not proven",
    "infeasible": "无解：条件不能同时满足 no choice meets the conditions",
}
CHANGE_METHOD = {
    "zh": "两年之差按设施、人口、道路、准则分解：每个原因的份额，是在各种先后次序中逐一替换所带来变化的平均（Shapley 值），"
    "各份与余项之和等于差。人口含单元界线的变化；余项是统计表、当年样本、到期目标等随年份而变的部分，以及没有分解的指标。",
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
