"""The sheets that list: 缺口清单 every gap, 情景 what each scenario changes, 敏感性检验 what holds otherwise, 问题 issues, 缺数据 what to collect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecircle.config import label_of_group
from lifecircle.indicators.figures import FAST, SLOW
from lifecircle.model import Study
from lifecircle.outputs.gaps import CAUSE_WORDS, gap_table
from lifecircle.outputs.summary import WORDS as SEVERITIES
from lifecircle.outputs.summary import sensitivity_lines, strands
from lifecircle.outputs.tables import issue_table
from lifecircle.outputs.workbook.book import STATUS_MARKS, Column, Mark, Table
from lifecircle.outputs.workbook.monitoring import entries_of, names_of

CAUSE_MARKS: dict[str, Mark] = {"too_far": "open", "cut_off": "bad", "full": "good", "no_roads": "none"}


def gaps_table(study: Study) -> Table:
    """Return every gap of every rule, in the order of the rules and their ranks."""
    found = gap_table(study)
    names: dict[str, dict[str, str]] = {
        level: dict(zip(map(str, units.code), units.name, strict=True)) for level, units in study.units.items()
    }

    def unit(level: str) -> list[str]:
        codes = found.get(f"{level}_code", [""] * len(found))
        return [str(names.get(level, {}).get(str(code), "")) for code in codes]

    beside = [
        Column(_heading(group), list(found[group]), 9, "people") for group in study.cells.groups if group in found
    ]
    limit_unit = ["米" if one == "m" else "分钟" for one in found["limit_unit"]]
    columns = [
        Column("准则\nrule", list(found["label"]), 20),
        Column("位次\nrank", list(found["rank"]), 5.5, "year"),
        Column("缺口\ngap", list(found["name"]), 20),
        Column("乡镇街道\ntownship", unit("township"), 10, "short"),
        Column("人口\npeople", list(found["people"]), 9, "people"),
        Column("计数对象\ncounted", ["全部 all" if one == "all" else label_of_group(one).zh for one in found["group"]], 9, "short"),
        Column("占比 %\nshare %", list(found["people_pct"]), 7, "percent"),
        Column("原因\ncause", [" ".join(CAUSE_WORDS[one]) for one in found["cause"]], 11, "short",
               marks=[CAUSE_MARKS[one] for one in found["cause"]]),
        Column("最近设施\nnearest facility", list(found["nearest_name"].where(found["nearest_name"] != "", found["nearest_facility"])), 17),
        Column("路程\nway to it", list(found["minutes"].fillna(found["metres"])), 8, "figure", list(found["limit_unit"])),
        Column("限值\nlimit", list(found["limit"]), 7, "figure", list(found["limit_unit"])),
        Column("计\nin", limit_unit, 6, "short"),
        Column("依据\nevidence", list(found["evidence_zh"]), 44),
        Column("如何补上\nwhat would close it", list(found["work_zh"]), 22),
        *beside,
        Column("不可达人口\nunreachable", list(found["people_unreachable"]), 10, "people"),
        Column("村社区\nvillage", unit("village"), 14, "short"),
        Column("直线米\nstraight, m", list(found["crow_m"]), 9, "people"),
        Column("绕行倍数\ndetour", list(found["detour"]), 8, "figure"),
        Column("隔着\nbarrier", list(found["barrier"]), 14),
        Column("能力\ncapacity", list(found["capacity"]), 9, "figure"),
        Column("evidence (English)", list(found["evidence_en"]), 50),
        Column("what would close it (English)", list(found["work_en"]), 30),
        Column("经度\nlon", list(found["lon"]), 11, "place"),
        Column("纬度\nlat", list(found["lat"]), 11, "place"),
        Column("准则编号\nrule id", list(found["rule"]), 28),
    ]  # fmt: skip
    notes = [
        "每条准则内按人口排位；同一片未覆盖的人口格为一个缺口。轮廓在 gaps.parquet 与 coverage.gpkg 的 gaps 图层。",
        "Ranked by people within each rule; uncovered cells that touch are one gap. Outlines are in gaps.parquet and layer gaps of coverage.gpkg.",
    ]
    return Table("缺口清单", "缺口清单 Gaps", columns, notes, frozen=3, printed=14, empty="没有缺口 no gaps")


def _heading(group: str) -> str:
    label = label_of_group(group)
    return f"{label.zh}\n{label.en}" if label.en and label.en != label.zh else label.zh


LEVEL_WORDS = {"district": "区县 district", "township": "乡镇街道 township", "village": "村社区 village"}
SEVERITY_MARKS: dict[str, Mark] = {
    "error": "bad",
    "set_aside": "bad",
    "repaired": "open",
    "warning": "open",
    "note": "",
}
TO_COLLECT = {"[[facilities]]/[[layers]]": "图层 layer", "[[tables]]": "表 table", "[population]": "人群 group"}
SCREENED = ("district", "township")
"""Levels whose conclusions are listed; those of villages are in ``sensitivity.csv``."""


def scenarios_table(study: Study) -> Table | None:
    """Return what every scenario changes, unit by unit; None where the district has none."""
    found = study.tables.get("scenarios")
    if found is None or not len(found):
        return None
    stranding = strands(found)
    # Who can no longer reach anything comes first in each scenario, those of the district before those of its units.
    order = np.lexsort((np.arange(len(found)), ~stranding, pd.factorize(found["scenario"])[0]))
    found, stranding = found.iloc[order], stranding.iloc[order]
    units = list(found["value_unit"])

    def status(name: str) -> list[str]:
        return [str(one or "") for one in found[name]]

    columns = [
        Column("情景\nscenario", list(found["label"]), 18),
        Column("级别\nlevel", [LEVEL_WORDS.get(one, "") for one in found["level"]], 13, "short"),
        Column("单元\nunit", list(found["unit_name"]), 11, "short"),
        Column("指标\nindicator", names_of(found), 44, marks=["bad" if one else "" for one in stranding]),
        Column("单位\nunit of value", units, 9, "short"),
        Column("现状\nbase", list(found["base"]), 9, "figure", units),
        Column("情景值\nif", list(found["value"]), 9, "figure", units),
        Column("变化\nchange", list(found["difference"]), 9, "signed", units),
        Column("增减\ngained, lost", list(found["numerator_difference"]), 10, "signed_people", marks=["bad" if one else "" for one in stranding]),
        Column("计\ncounted in", list(found["counts"]), 8, "short"),
        Column("现状进度\nstatus", status("base_status"), 9, "short", marks=[STATUS_MARKS.get(one, "") for one in status("base_status")]),
        Column("情景进度\nif", status("status"), 9, "short", marks=[STATUS_MARKS.get(one, "") for one in status("status")]),
        Column("说明\nnote", list(found["note"]), 40),
        Column("单元代码\ncode", list(found["unit_code"]), 15, "short"),
        Column("指标编号\nid", list(found["indicator"]), 30),
    ]  # fmt: skip
    notes = [
        "只列与现状不同的单元；变化＝情景－现状；每个情景先列不再可达的人（红）。均值按两侧都可达的人计。",
        "Units that differ from the base; change = if - base; the stranded come first, in red; means are over those reached on both sides.",
    ]
    return Table("情景", "情景 Scenarios", columns, notes, frozen=3, printed=13)


def steadiness_table(study: Study) -> Table:
    """Return what of each conclusion holds under other assumptions: whether a unit passes, and its rank."""
    table = study.tables["sensitivity"]
    found = table[table["level"].isin(SCREENED)]
    units = list(found["value_unit"])
    told = [_told(row["pass_holds"], row["rank_holds"]) for row in found.to_dict("records")]
    columns = [
        Column("级别\nlevel", [LEVEL_WORDS[one] for one in found["level"]], 13, "short"),
        Column("单元\nunit", list(found["unit_name"]), 11, "short"),
        Column("指标\nindicator", list(found["label_zh"]), 36),
        Column("单位\nunit of value", units, 9, "short"),
        Column(f"低\nat {SLOW:g}", list(found["low"]), 8, "figure", units),
        Column("本年值\nvalue", list(found["value"]), 8, "figure", units),
        Column(f"高\nat {FAST:g}", list(found["high"]), 8, "figure", units),
        Column("目标\ntarget", list(found["target"]), 8, "figure", units),
        Column("结论\nconclusion", [text for text, _ in told], 24, "short", marks=[mark for _, mark in told]),
        Column("达标\npasses", list(found["passes"]), 8, "short"),
        Column("达标与否改变于\npass changes in", list(found["pass_changes_in"]), 30),
        Column("位次\nrank", list(found["rank"]), 7, "year"),
        Column("位次改变于\nrank changes in", list(found["rank_changes_in"]), 30),
        Column("假设数\nassumptions", list(found["alternatives"]), 10, "year"),
        Column("低时达标\npasses, low", list(found["passes_low"]), 9, "short"),
        Column("高时达标\npasses, high", list(found["passes_high"]), 9, "short"),
        Column("低时位次\nrank, low", list(found["rank_low"]), 8, "year"),
        Column("高时位次\nrank, high", list(found["rank_high"]), 8, "year"),
        Column("指标编号\nid", list(found["indicator"]), 30),
    ]  # fmt: skip
    notes = [
        *sensitivity_lines(study),
        "每换一个假设重算一遍：达标与否、位次都不变，才算成立。村社区的见 sensitivity.csv，逐个假设的值见 sensitivity_alternatives.csv。",
        (
            "A conclusion holds where it is the same under every assumption. Villages are in sensitivity.csv, the figures under each "
            "in sensitivity_alternatives.csv."
        ),
    ]
    return Table(
        "敏感性检验", "敏感性检验 What holds under other assumptions", columns, notes, frozen=3, printed=14,
        empty="没有随假设变化的指标 no assumption changes an indicator",
    )  # fmt: skip


def _told(pass_holds: bool | pd.api.typing.NAType, rank_holds: bool) -> tuple[str, Mark]:
    if not pd.isna(pass_holds) and not pass_holds:
        return "达标与否会变 its pass changes", "bad"
    if not rank_holds:
        return "位次会变 its rank changes", "open"
    return "成立 holds", "good"


def sources_table(study: Study) -> Table:
    """Return every file that was read: for what, which sheet or layer, from which row to which, and what became of its rows."""
    files = study.inputs
    columns = [
        Column("用途\nread as", [one.role for one in files], 30),
        Column("文件!表\nfile!sheet", [f"{one.path}!{one.part}" if one.part else one.path for one in files], 44),
        Column("行\nrows from-to", [one.row_range for one in files], 14, "short"),
        Column("行数\nrows", [one.rows for one in files], 9, "people"),
        Column("采用\nused", [one.used for one in files], 9, "people"),
        Column("修复\nrepaired", [one.repaired for one in files], 9, "people"),
        Column("剔除\nset aside", [one.set_aside for one in files], 9, "people"),
        Column("坐标系\nCRS or datum", [one.crs for one in files], 20, "short"),
        Column("SHA-256", [one.sha256 for one in files], 66, "short"),
    ]
    notes = [
        "每项指标用了哪些文件，见 indicators.csv 的 data 列。 Which files each figure rests on is in the column data of indicators.csv."
    ]
    return Table(
        "数据来源", "数据来源 Sources", columns, notes, frozen=2, printed=7, empty="没有读文件 nothing was read"
    )


def issues_table(study: Study) -> Table:
    """Return every repair, warning and row set aside, with the mend."""
    found = issue_table(study.problems)
    order = {word: place for place, word in enumerate(SEVERITIES)}
    found = found.sort_values("severity", key=lambda one: one.map(order), kind="stable")
    columns = [
        Column("性质\nseverity", [SEVERITIES[one] for one in found["severity"]], 12, "short",
               marks=[SEVERITY_MARKS[one] for one in found["severity"]]),
        Column("文件\nfile", list(found["file"]), 22),
        Column("图层\nlayer", list(found["layer"]), 12),
        Column("行\nrow", list(found["row"]), 10),
        Column("字段\nfield", list(found["field"]), 24),
        Column("发现\nfound", list(found["found"]), 50),
        Column("应为\nexpected", list(found["expected"]), 20),
        Column("如何改\nmend", list(found["mend"]), 34),
        Column("件数\ncount", list(found["count"]), 7, "people"),
        Column("代码\ncode", list(found["code"]), 22),
    ]  # fmt: skip
    notes = ["运行时改正的、提请注意的、没有计入的，逐条在此。 Every repair, warning and row that was set aside."]
    return Table("问题", "数据问题 Issues", columns, notes, frozen=1, printed=9, empty="没有问题 nothing to report")


def missing_table(study: Study) -> Table:
    """Return every layer, table, column and group that the policies ask for and the district does not have."""
    found = study.tables["missing"]
    entries = entries_of(study)
    waiting = [
        "\n".join(entries[one].names.zh if one in entries else one for one in text.split("; "))
        for text in found["indicators"]
    ]
    places = [f"{section} {name}" for section, name in zip(found["section"], found["name"], strict=True)]
    columns = [
        Column("要什么\nwhat", [TO_COLLECT.get(one, one) for one in found["section"]], 13, "short"),
        Column("名称\nname", [zh or name for zh, name in zip(found["label_zh"], found["name"], strict=True)], 20),
        Column("缺什么\nlacking", ["整个缺 all of it" if one else "缺列 columns" for one in found["is_whole_missing"]], 15, "short"),
        Column("所需的列\ncolumns asked for", list(found["columns"]), 28),
        Column("等它的指标\nindicators that wait for it", waiting, 46),
        Column("条款\nstatements", list(found["statements"]), 16),
        Column("写在 district.toml 的\nsection of district.toml", places, 40),
    ]  # fmt: skip
    notes = [
        "有了这些数据，就能多算这些指标；最急需的在前。 With these, more can be computed; what most wait for comes first."
    ]
    return Table(
        "缺数据", "缺数据 Data to collect", columns, notes, frozen=2,
        empty="政策所需的数据齐全 everything the policies ask for is there",
    )  # fmt: skip
