"""选址: what to build for each plan, the price of refusing each site, the curve, the least number of sites, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifecircle.config import District, Question
from lifecircle.model import SitesFound
from lifecircle.outputs.wording import OBJECTIVE_NAMES, SITING_STATUS, figure_text, work_names
from lifecircle.outputs.workbook.about import SHEETS, Item, add_about
from lifecircle.outputs.workbook.book import Book, Column, Mark, Table, open_book

NO_PLANS = (
    "本次运行没有选址方案：在 district.toml 写 [[plans]]，或用 lifecircle sites。 "
    "No plans: write [[plans]] in district.toml, or use lifecircle sites."
)
NOTHING_CHOSEN = (
    "没有选中的点：无解，或现有设施已经够了。 No site chosen: no plan meets the conditions, or what stands is enough."
)
MARKS: dict[str, Mark] = {"optimal": "good", "time": "open", "feasible": "open", "infeasible": "bad"}
CURVE, OTHERWISE = "选址曲线", "方案敏感性检验"
NEEDED = "不可替代 needed"
CURVE_WIDTH_PX, CURVE_HEIGHT_PX = 720, 360
CURVE_ROWS = 18
"""Of the sheet, that the drawing covers."""


def question_text(question: Question) -> str:
    """Return what was asked, in words."""
    parts = [
        *([OBJECTIVE_NAMES[question.objective].both] if question.objective != "coverage" else []),
        *([f"至多 {question.count} 处 at most {question.count} works"] if question.count is not None else []),
        *(
            [f"覆盖 {100 * question.target:g}% 的人 {100 * question.target:g}% of people"]
            if question.target is not None
            else []
        ),
        *([f"预算 {question.budget_yuan:,.0f} 元 yuan"] if question.budget_yuan is not None else []),
        *(
            [f"每个乡镇街道不低于 {100 * question.floor:g}% every township at least"]
            if question.floor is not None
            else []
        ),
    ]
    return "；".join(parts)


def proof_text(found: SitesFound) -> str:
    """Return whether the answer is proven, and how far from proven it may be."""
    siting = found.siting
    text = SITING_STATUS[siting.status]
    if siting.status in ("optimal", "infeasible") or not np.isfinite(siting.bound):
        return text
    apart = f"，差距 gap {100 * siting.gap:.2f}%" if np.isfinite(siting.gap) else ""
    return f"{text}：上界或下界 bound {figure_text(found.objective[2], found.objective_unit)}{apart}"


def price_unit(found: SitesFound) -> str:
    """Return what a refusal costs: people, or works or yuan more where a share is asked for."""
    if found.question.target is None:
        return {"人": "人 people", "min": "分钟 min", "m": "米 m"}[found.objective_unit]
    return "元 yuan" if found.siting.cost_yuan else "处 works"


def sites_table(plans: Sequence[SitesFound]) -> Table:
    """Return the chosen sites of every plan, in the order in which they bring most, with what refusing each costs."""
    rows, names = [(plan, row) for plan in plans for row in plan.sites.to_dict("records")], work_names()

    def values(name: str) -> list[Any]:
        return [row[name] for _, row in rows]

    columns = [
        Column("方案\nplan", [plan.names.zh for plan, _ in rows], 22),
        Column("问题\nquestion", [question_text(plan.question) for plan, _ in rows], 26),
        Column("次序\norder", values("order"), 6, "year"),
        Column("工程\nwork", [names[one].both for one in values("work")], 12, "short"),
        Column("候选点\ncandidate", values("candidate_id"), 18),
        Column("所在\nplace", values("name"), 16),
        Column("新增人口\npeople gained", values("people_gained"), 13, "people"),
        Column("累计人口\ncovered", values("cumulative_people"), 11, "people"),
        Column("累计 %\nshare %", values("cumulative_share_pct"), 8, "percent"),
        Column("造价（元）\ncost, yuan", values("cost_yuan"), 12, "people"),
        Column("每万元新增人口\nper 10,000 yuan", values("people_per_10k_yuan"), 11, "figure"),
        Column("不选该点的影响\nremoval loss", [_price(one) for one in values("price_of_no")], 13, "figure", [plan.objective_unit for plan, _ in rows]),
        Column("代价计\nin", [price_unit(plan) if np.isfinite(row["price_of_no"]) else None for plan, row in rows], 9, "short"),
        Column("改选\ninstead", [str(one).replace("、", "\n") for one in values("instead")], 16),
        Column("其他假设下仍选\nholds in", values("holds_in"), 12, "short"),
        Column("证明\nproof", [proof_text(plan) for plan, _ in rows], 24, "short", marks=[MARKS[plan.siting.status] for plan, _ in rows]),
        Column("哪些假设下不选\nnot in", values("not_in"), 26),
        Column("准则\nrule", [plan.rule.names.zh for plan, _ in rows], 26),
        Column("方案编号\nplan id", [plan.id for plan, _ in rows], 30),
    ]  # fmt: skip
    notes = [
        "次序：每一步取新增人口最多的一处。不选该点的影响：不准用这一处而重新求解，最优方案会少覆盖多少人（或多要几处、多花多少元）；改选：那时换上哪处。",
        (
            "Order: each next brings most. Removal loss: solved again without this one, how many people fewer (or works, yuan more) the best plan has; "
            "instead: what then comes in its place."
        ),
        "其他假设下仍选：速度、限值、人口另作假设时，多少种假设的最优方案里仍有这一处。 Holds in: under how many assumptions a best plan has it.",
    ]
    return Table(
        "选址", "选址 Sites", columns, notes, frozen=3, printed=16, empty=NOTHING_CHOSEN if plans else NO_PLANS
    )


def _price(value: float) -> float | str | None:
    return NEEDED if np.isposinf(value) else None if pd.isna(value) else value


def plans_table(plans: Sequence[SitesFound]) -> Table:
    """Return one row a plan: the question, before and after, the bound and whether it is proven."""
    before = [plan.covered_before for plan in plans]
    after = [plan.siting.people_covered if _is_there(plan) else None for plan in plans]
    links = [int((plan.sites["work"] != "site").sum()) for plan in plans]
    columns = [
        Column("方案\nplan", [plan.names.both for plan in plans], 30),
        Column("问题\nquestion", [question_text(plan.question) for plan in plans], 34),
        Column("候选点\ncandidates", [plan.candidates for plan in plans], 10, "people"),
        Column("计入人口\npeople", [plan.people for plan in plans], 11, "people"),
        Column("现已覆盖\ncovered now", before, 11, "people"),
        Column("现覆盖 %\nnow %", _shares(before, plans), 8, "percent"),
        Column("新址\nsites", [len(plan.sites) - count for plan, count in zip(plans, links, strict=True)], 7, "people"),
        Column("连接\nlinks", links, 7, "people"),
        Column("建后覆盖\ncovered then", after, 11, "people"),
        Column("建后覆盖 %\nthen %", _shares(after, plans), 9, "percent"),
        Column("造价（元）\ncost, yuan", [plan.siting.cost_yuan or None for plan in plans], 12, "people"),
        Column("界\nbound", [plan.siting.bound for plan in plans], 11, "figure"),
        Column("差距 %\ngap %", [100 * plan.siting.gap for plan in plans], 8, "percent"),
        Column("证明\nproof", [SITING_STATUS[plan.siting.status] for plan in plans], 24, "short",
               marks=[MARKS[plan.siting.status] for plan in plans]),
        Column("候选点由来\nmade by", [_made(plan) for plan in plans], 30),
        Column("候选连接\nlinks weighed", [plan.links for plan in plans], 10, "people"),
        Column("准则\nrule", [plan.rule.names.zh for plan in plans], 26),
        Column("方案编号\nplan id", [plan.id for plan in plans], 30),
    ]  # fmt: skip
    notes = [
        "界：任何别的选法都不会更好于此（求覆盖最多时为上界，求处数或造价最少时为下界）；差距为 0 即已证明最优。",
        "Bound: no other choice is better than this; a gap of 0 is a proof.",
    ]
    return Table("选址方案", "选址方案 Plans", columns, notes, frozen=2, printed=14, empty=NO_PLANS)


def _is_there(plan: SitesFound) -> bool:
    """Return whether anything was found: of nothing, nothing is covered, and that is no answer."""
    return plan.siting.status != "infeasible" and not np.isnan(plan.siting.objective)


def _told(people: float, plan: SitesFound) -> str:
    return f"{people:,.0f}" + (f"（{100 * people / plan.people:.1f}%）" if plan.people > 0 else "")


def _shares(people: Sequence[float | None], plans: Sequence[SitesFound]) -> list[float | None]:
    pairs = zip(people, plans, strict=True)
    return [100 * some / plan.people if some is not None and plan.people > 0 else None for some, plan in pairs]


def _made(plan: SitesFound) -> str:
    if plan.spacing_m is None:
        return "本区给出 given by the district"
    return f"每 {plan.spacing_m:g} 米方格人口最多处 the most peopled place of each square of {plan.spacing_m:g} m"


def curve_table(plans: Sequence[SitesFound]) -> Table:
    """Return the people covered by each number of sites, with the bound, of every plan."""
    rows = [(plan, row) for plan in plans for row in plan.curve.to_dict("records")]
    columns = [
        Column("方案\nplan", [plan.names.zh for plan, _ in rows], 26),
        Column("工程数\nworks", [row["sites"] for _, row in rows], 10, "people"),
        Column("覆盖人口\npeople covered", [row["people_covered"] for _, row in rows], 13, "people"),
        Column("覆盖 %\nshare %", [row["share_pct"] for _, row in rows], 9, "percent"),
        Column("上界\nbound", [row["bound"] for _, row in rows], 12, "people"),
        Column("证明\nproof", [SITING_STATUS[row["status"]] for _, row in rows], 26, "short",
               marks=[MARKS[row["status"]] for _, row in rows]),
        Column("方案编号\nplan id", [plan.id for plan, _ in rows], 30),
    ]  # fmt: skip
    notes = ["建几处能覆盖多少人：每一行都是该处数的最优解或其上界。 How many people so many works cover at best."]
    return Table(CURVE, "选址曲线 Curve", columns, notes, frozen=2, printed=6, empty=NO_PLANS)


def targets_table(plans: Sequence[SitesFound]) -> Table:
    """Return the least number of sites to each share of the people, of every plan."""
    rows = [(plan, row) for plan in plans for row in plan.targets.to_dict("records")]
    columns = [
        Column("方案\nplan", [plan.names.zh for plan, _ in rows], 26),
        Column("覆盖到 %\nshare %", [row["share_pct"] for _, row in rows], 10, "percent"),
        Column("至少几处\nleast works", ["做不到 impossible" if pd.isna(row["sites"]) else row["sites"] for _, row in rows], 18, "year"),
        Column("证明\nproof", [SITING_STATUS[row["status"]] for _, row in rows], 26, "short",
               marks=[MARKS[row["status"]] for _, row in rows]),
        Column("方案编号\nplan id", [plan.id for plan, _ in rows], 30),
    ]  # fmt: skip
    notes = [
        "不计造价，至少几处。做不到：用尽全部候选点也到不了。 The least number, whatever they cost; impossible: not with every candidate."
    ]
    return Table(
        "达标处数", "达标所需处数 Sites to reach each share", columns, notes, frozen=1, printed=4, empty=NO_PLANS
    )


def otherwise_table(plans: Sequence[SitesFound]) -> Table:
    """Return what each plan covers under other speeds, limits and people, beside the best plan there."""
    rows = [(plan, row) for plan in plans for row in plan.assumptions.to_dict("records")]

    def values(name: str) -> list[Any]:
        return [row[name] for _, row in rows]

    columns = [
        Column("方案\nplan", [plan.names.zh for plan, _ in rows], 26),
        Column("假设\nassumption", ["本方案 the plan's own" if one == "base" else one for one in values("assumption")], 22),
        Column("计入人口\npeople", values("people"), 11, "people"),
        Column("方案覆盖\nplan covers", values("people_covered"), 11, "people"),
        Column("覆盖 %\nshare %", values("share_pct"), 8, "percent"),
        Column("仍合条件\nstill allowed", values("is_allowed"), 10, "short"),
        Column("最优可覆盖\nbest covers", values("best_covered"), 11, "people"),
        Column("少覆盖\nregret", values("regret"), 9, "people"),
        Column("仍属最优的处数\nsites kept", values("shared_sites"), 12, "people"),
        Column("仍达到份额\nmeets its share", values("meets_share"), 11, "short"),
        Column("那时至少\nleast there", values("least_sites"), 11, "people"),
        Column("证明\nproof", [SITING_STATUS[one] for one in values("status")], 24, "short", marks=[MARKS[one] for one in values("status")]),
        Column("方案编号\nplan id", [plan.id for plan, _ in rows], 30),
    ]  # fmt: skip
    notes = [
        "方案不变，换一个假设：它能覆盖多少，那时最优的方案又能覆盖多少，相差即“少覆盖”。那时至少：达到份额所需的处数（有造价则为元）。",
        "The same plan under another assumption, beside the best plan there. Least there: works that reach the share (yuan where priced).",
    ]
    return Table(OTHERWISE, "方案敏感性检验 Plans under other assumptions", columns, notes, frozen=2, printed=12)


def sites_sheets(plans: Sequence[SitesFound]) -> list[str]:
    """Return the names of the sheets that :func:`add_sites` adds."""
    return [table.sheet for table in _tables(plans)]


def add_sites(book: Book, plans: Sequence[SitesFound]) -> None:
    """Add the sheets of plans: the sites, and where there are any the plans, the curve and the least numbers."""
    for table in _tables(plans):
        sheet = book.add(table)
        if table.sheet == CURVE and len(plans) == 1 and table.rows > 1:
            _draw_curve(book, sheet, table)


def _tables(plans: Sequence[SitesFound]) -> list[Table]:
    if not plans:
        return [sites_table(plans)]
    tables = [sites_table(plans), plans_table(plans), curve_table(plans), targets_table(plans)]
    return [*tables, otherwise_table(plans)] if any(len(plan.assumptions) for plan in plans) else tables


def _draw_curve(book: Book, sheet: Any, table: Table) -> None:
    """Draw people covered over sites, below the table."""
    first = book.first_row(table)
    last = first + table.rows - 1
    chart = book.file.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    for place, label, colour in ((4, "上界 bound", "#9AA5B1"), (2, "覆盖人口 people covered", "#1D6FA5")):
        chart.add_series(
            {
                "name": label,
                "categories": [table.sheet, first, 1, last, 1],
                "values": [table.sheet, first, place, last, place],
                "line": {"color": colour, "width": 1.75},
                "marker": {"type": "circle", "size": 5, "border": {"color": colour}, "fill": {"color": colour}},
            }
        )
    chart.set_title({"name": "工程数与覆盖人口 Works and people covered", "name_font": {"size": 12}})
    chart.set_x_axis({"name": "工程数 works", "min": 0, "major_gridlines": {"visible": False}})
    chart.set_y_axis(
        {"name": "人 people", "num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#E3E7EC"}}}
    )
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": CURVE_WIDTH_PX, "height": CURVE_HEIGHT_PX})
    said = {"description": "工程数与覆盖人口 works and people covered"}
    sheet.insert_chart(last + 2, 0, chart, said)
    sheet.fit_to_pages(1, 1)
    sheet.print_area(0, 0, last + 2 + CURVE_ROWS, (table.printed or len(table.columns)) - 1)


def write_sites_workbook(found: SitesFound, district: District, path: Path) -> None:
    """Write ``选址.xlsx``: the sites with the price of refusing each, the plan and its proof, the curve, the least numbers."""
    with open_book(path, district, str(district.year)) as book:
        add_about(book, "选址 Sites", _about(found), [(name, SHEETS[name]) for name in sites_sheets([found])])
        add_sites(book, [found])


def _about(found: SitesFound) -> list[Item]:
    now, then = _told(found.covered_before, found), _told(found.siting.people_covered, found)
    then = then if _is_there(found) else "-"
    rule = found.rule
    return [
        ("准则 rule", f"{rule.names.both}，限 limit {rule.limit:g} {rule.limit_unit}，编号 id {rule.id}"),
        ("问题 question", question_text(found.question)),
        ("覆盖人口 people covered", f"{now} → {then}，共 of {found.people:,.0f}"),
        ("证明 proof", proof_text(found)),
        (
            "候选 candidates",
            f"{found.candidates:,}，{_made(found)}" + (f"；连接 links {found.links}" if found.links else ""),
        ),
        (
            "方法 method",
            (
                "现有设施保留；在候选点中精确求解（化简、贪心、交换，再由 HiGHS 求解并给出界）。上界之下没有更好的选法，差距为 0 即已证最优。 "
                "What stands stays; the choice among candidates is exact: reduced, improved, then solved by HiGHS, which gives the bound."
            ),
        ),
    ]
