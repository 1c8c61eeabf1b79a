"""缺口清单: every gap with its people, why it is there, and what would close it."""

from __future__ import annotations

from lifecircle.config import label_of_group
from lifecircle.model import Study
from lifecircle.outputs.gaps import CAUSE_WORDS, gap_table
from lifecircle.outputs.workbook.book import Column, Mark, Table

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
        Column("镇街\ntownship", unit("township"), 10, "short"),
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
        Column("村社\nvillage", unit("village"), 14, "short"),
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
