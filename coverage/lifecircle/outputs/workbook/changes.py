"""变化表: two years compared, by cause and by township, and what stood otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from lifecircle.comparison.decomposition import CAUSES, Comparison
from lifecircle.config import load_entries, load_kinds
from lifecircle.outputs.wording import CHANGE_CAUSES, CHANGE_METHOD, FACILITY_CHANGES, FERRY_CHANGES, year_lines
from lifecircle.outputs.workbook.about import add_about
from lifecircle.outputs.workbook.book import Column, Mark, Table, open_book
from lifecircle.outputs.workbook.lists import LEVEL_WORDS, SCREENED
from lifecircle.outputs.workbook.monitoring import names_of, policy_title

COUNTED_BY = {"cell": "逐格 cell by cell", "unit": "按单元净值 net, by unit"}
STOOD_MARKS: dict[str, Mark] = {"opened": "good", "closed": "bad", "moved": "open", "altered": "none"}
ROUNDING = 1e-9
"""Sums in another order differ by less."""
SHEETS = (
    ("全区变化", "每项指标全区的两年值、差，和各原因的份额 every indicator of the district, its change by cause"),
    ("分乡镇街道变化", "同上，逐乡镇街道，只列有变化的 the same by township, where anything changed"),
    (
        "受益与失去",
        "新覆盖与失去覆盖的人口，全区与逐乡镇街道 people newly covered and newly lost, district and townships",
    ),
    ("设施增减", "启用、停用、移位、改了属性的设施 facilities opened, closed, moved, altered"),
    ("道路与准则", "人口、道路、准则的不同 what else stood otherwise"),
    ("单元沿革", "两年单元的对照 the crosswalk of units"),
    ("未比较", "只有一年有的指标，及其原因 what only one year has, and why"),
)


def write_comparison_workbook(comparison: Comparison, path: Path) -> None:
    """Write ``变化表.xlsx``."""
    first, second = comparison.years
    with open_book(path, comparison.district, f"{first} → {second}") as book:
        add_about(book, "两年变化 Changes between two years", _about(comparison), SHEETS)
        for table in comparison_tables(comparison):
            book.add(table)


def comparison_tables(comparison: Comparison) -> list[Table]:
    """Return every sheet after the first, in order."""
    return [
        changes_table(comparison, "district"),
        changes_table(comparison, "township"),
        turnover_table(comparison),
        facilities_table(comparison),
        year_differences_table(comparison),
        crosswalk_table(comparison),
        left_table(comparison),
    ]


def _about(comparison: Comparison) -> list[tuple[str, str]]:
    before, now = comparison.people
    return [
        ("方法", CHANGE_METHOD["zh"]),
        ("Method", CHANGE_METHOD["en"]),
        ("人口 people", f"{before:,.0f} → {now:,.0f}"),
        *[("注意 note", line) for line in year_lines(comparison)],
        (
            "怎么读 how to read",
            (
                "差＝后一年－前一年＝设施＋人口＋道路＋准则＋其他因素，以指标的单位计（% 为百分点）。原因空白：该指标没有分解，差全在其他因素。"
                " Change = later - earlier = facilities + people + roads + rule + rest, in the indicator's unit (of %, points). No causes: not split."
            ),
        ),
        (
            "受益与失去 gained and lost",
            "后一年覆盖人口－前一年＝新覆盖－失去＋在已覆盖处增加的人口。 Covered then - before = newly covered - newly lost + more where covered.",
        ),
    ]


def changes_table(comparison: Comparison, level: str) -> Table:
    """Return the change of every figure of one level, by cause."""
    changes = comparison.changes
    found = changes[changes["level"] == level]
    is_whole = level == "district"
    if not is_whole:
        found = found[(found["difference"].abs() > ROUNDING) | _moves(found)]
    units = list(found["value_unit"])
    first, second = comparison.years
    causes = [Column(CHANGE_CAUSES[cause], list(found[f"by_{cause}"]), 9, "signed", units) for cause in CAUSES]
    place = [] if is_whole else [Column("乡镇街道\ntownship", list(found["unit_name"]), 11)]
    columns = [
        *place,
        Column("指标\nindicator", names_of(found), 40),
        Column("单位\nunit", units, 8, "short"),
        Column(str(first), list(found["value_from"]), 9, "figure", units),
        Column(str(second), list(found["value_to"]), 9, "figure", units),
        Column("变化\nchange", list(found["difference"]), 9, "signed", units),
        *causes,
        Column("其他因素\nrest", list(found["residual"]), 9, "signed", units),
        Column("新覆盖\nnewly covered", list(found["newly_covered"]), 10, "people"),
        Column("失去\nnewly lost", list(found["newly_lost"]), 10, "people"),
        Column("政策文件\npolicy", [policy_title(one) for one in found["policy"]], 22),
        Column("限值\nlimit", [_limits(row) for row in found.to_dict("records")], 16, "short"),
        *([] if is_whole else [Column("代码\ncode", list(found["unit_code"]), 13, "short")]),
        Column("指标编号\nid", list(found["indicator"]), 30),
        Column("说明\nnote", list(found["note"]), 50),
    ]  # fmt: skip
    notes = [
        "变化＝设施＋人口＋道路＋准则＋其他因素，以指标的单位计。 Change = facilities + people + roads + rule + rest, in the indicator's unit.",
        *(
            []
            if is_whole
            else [
                "只列有变化的；全部与村社区的见 changes.csv。 Those that changed; all, and villages, are in changes.csv."
            ]
        ),
    ]
    sheet, title = (
        ("全区变化", "全区变化 The district") if is_whole else ("分乡镇街道变化", "分乡镇街道变化 By township")
    )
    return Table(
        sheet,
        title,
        columns,
        notes,
        frozen=len(place) + 1,
        printed=len(place) + 12,
        empty="没有可比的 nothing to compare",
    )


def _limits(row: dict[Any, Any]) -> str:
    if pd.isna(row["limit_to"]) or pd.isna(row["limit_from"]):
        return ""
    then, now, unit = row["limit_from"], row["limit_to"], row["limit_unit"]
    return f"{now:g} {unit}" if then == now else f"{then:g} → {now:g} {unit}"


def turnover_table(comparison: Comparison) -> Table:
    """Return whose cover changed: every unit where anyone is newly covered or newly lost, or moved."""
    changes = comparison.changes
    found = changes[changes["level"].isin(SCREENED) & _moves(changes)]
    first, second = comparison.years
    columns = [
        Column("级别\nlevel", [LEVEL_WORDS[one] for one in found["level"]], 10, "short"),
        Column("单元\nunit", list(found["unit_name"]), 12, "short"),
        Column("指标\nindicator", names_of(found), 40),
        Column(f"{first} 覆盖\ncovered", list(found["covered_from"]), 11, "people"),
        Column("新覆盖\nnewly covered", list(found["newly_covered"]), 11, "people"),
        Column("失去\nnewly lost", list(found["newly_lost"]), 11, "people"),
        Column("已覆盖处人口增减\nmore where covered", list(found["moved"]), 14, "signed_people"),
        Column(f"{second} 覆盖\ncovered", list(found["covered_to"]), 11, "people"),
        Column("数法\ncounted", [COUNTED_BY.get(one, one) for one in found["counted_by"]], 16, "short"),
        Column("代码\ncode", list(found["unit_code"]), 15, "short"),
        Column("指标编号\nid", list(found["indicator"]), 30),
    ]  # fmt: skip
    notes = [
        "后一年覆盖＝前一年覆盖＋新覆盖－失去＋已覆盖处人口增减。 Covered then = covered before + newly covered - newly lost + more where covered.",
        "村社区的见 changes.csv。 Villages are in changes.csv.",
    ]
    return Table(
        "受益与失去",
        "受益与失去 People newly covered and newly lost",
        columns,
        notes,
        frozen=3,
        printed=9,
        empty="没有人的覆盖变了 nobody's cover changed",
    )


def _moves(changes: pd.DataFrame) -> pd.Series[bool]:
    """Return where anyone is newly covered, newly lost, or lives in another number where it was covered."""
    return changes[["newly_covered", "newly_lost", "moved"]].abs().fillna(0).sum(axis=1) > 0


def facilities_table(comparison: Comparison) -> Table:
    """Return the facilities that opened, closed, moved, or are otherwise than they were."""
    kinds, told = load_kinds(), comparison.causes["facilities"]
    rows = [(word, one) for word in FACILITY_CHANGES for one in told.get(word, [])]
    columns = [
        Column("变化\nchange", [FACILITY_CHANGES[word] for word, _ in rows], 16, "short", marks=[STOOD_MARKS[word] for word, _ in rows]),
        Column("类别\nkind", [kinds[one["kind"]].zh if one["kind"] in kinds else one["kind"] for _, one in rows], 22),
        Column("名称\nname", [one["name"] for _, one in rows], 36),
        Column("编号\nid", [one["id"] for _, one in rows], 20),
        Column("移了多少米\nmoved by, m", [one.get("metres") for _, one in rows], 12, "figure"),
        Column("哪些属性\nattributes", ["、".join(one.get("attributes", ())) for _, one in rows], 20),
        Column("类别编号\nkind id", [one["kind"] for _, one in rows], 22),
    ]  # fmt: skip
    return Table(
        "设施增减",
        "设施增减 Facilities opened, closed, moved and altered",
        columns,
        empty="两年设施相同 the same facilities",
    )


def year_differences_table(comparison: Comparison) -> Table:
    """Return what differs of people, roads and rules."""
    causes, names = comparison.causes, {rule.id: rule.names.both for rule in comparison.rules}
    before, now = comparison.people
    rows: list[tuple[str, str, Any, Any]] = []
    if causes["people"]:
        rows.append(("人口 people", "总人口 all people", before, now))
    roads = causes["roads"]
    if roads.get("ways"):
        rows.append(("道路 roads", "路段数 ways", *roads["ways"]))
    rows += [("道路 roads", f"新通 opened: {one}", "关闭 closed", "通行 open") for one in roads.get("opened", [])]
    rows += [("道路 roads", f"停用 closed: {one}", "通行 open", "关闭 closed") for one in roads.get("closed", [])]
    for word, text in FERRY_CHANGES.items():
        rows += [("道路 roads", f"轮渡{text}: {one}", None, None) for one in roads.get("ferries", {}).get(word, [])]
    rows += [("准则 rule", names.get(rule, rule), then["from"], then["to"]) for rule, then in causes["rule"].items()]
    first, second = comparison.years
    columns = [
        Column("原因\ncause", [row[0] for row in rows], 14, "short"),
        Column("什么\nwhat", [row[1] for row in rows], 56),
        Column(str(first), [row[2] for row in rows], 22, "people"),
        Column(str(second), [row[3] for row in rows], 22, "people"),
    ]  # fmt: skip
    return Table(
        "道路与准则",
        "人口、道路与准则 People, roads and rules",
        columns,
        empty="两年的人口、道路、准则相同 the same people, roads and rules",
    )


def crosswalk_table(comparison: Comparison) -> Table:
    """Return the links of units that were split, merged or given another code."""
    rows = [(year, one) for year, links in comparison.units["crosswalk"].items() for one in links]
    columns = [
        Column("年份\nyear", [int(year) for year, _ in rows], 12, "year"),
        Column("当年代码\ncode then", [one["from_code"] for _, one in rows], 34, "short"),
        Column("今代码\ncode today", [one["to_code"] for _, one in rows], 34, "short"),
        Column("人口份额 %\nshare of people %", [100 * one["share"] for _, one in rows], 32, "percent"),
    ]  # fmt: skip
    grid = (
        "两年人口格相同 the same cells in both years"
        if comparison.units["has_one_grid"]
        else "两年人口格不同，逐单元比较 other cells, compared by unit"
    )
    return Table(
        "单元沿革",
        "单元沿革 Crosswalk of units",
        columns,
        [grid, *year_lines(comparison)],
        empty="没有对照表：代码相同的单元相对照 no crosswalk: units of one code are one",
    )


def left_table(comparison: Comparison) -> Table:
    """Return what was not compared, and why."""
    left, known = list(comparison.not_compared.items()), load_entries()
    columns = [
        Column("指标\nindicator", [known[name].names.both if name in known else name for name, _ in left], 50),
        Column("原因\nwhy", [why for _, why in left], 84),
        Column("指标编号\nid", [name for name, _ in left], 34),
    ]  # fmt: skip
    return Table("未比较", "未比较 Not compared", columns, printed=2, empty="全都比较了 everything was compared")
