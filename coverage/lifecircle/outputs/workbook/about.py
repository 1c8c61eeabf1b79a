"""说明: what a workbook is, of which district and year, how it is to be read, and by which method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifecircle import __version__
from lifecircle.indicators.figures import FAST, SLOW
from lifecircle.model import Study
from lifecircle.outputs.gaps import CAUSE_WORDS
from lifecircle.outputs.summary import count_statements, target_line
from lifecircle.outputs.workbook.book import TITLE_PT, Book, row_height

Item = tuple[str, str]
NAME_WIDTH, TEXT_WIDTH = 26, 112
"""In characters of Latin."""
METHOD: tuple[Item, ...] = (
    (
        "覆盖 coverage",
        (
            "逐个人口格算到最近设施的时间（分钟）或路程（米），不超过条款的限值即为覆盖；单元的覆盖率＝其覆盖人口 ÷ 其人口，"
            "跨界的人口格按面积份额计。 A cell of people is covered where the way to the nearest facility is within the clause's limit; a unit's "
            "coverage is its people covered over its people."
        ),
    ),
    (
        "出行 going",
        (
            "沿路网：接入段＋最短路＋接入段，轮渡计航时与半个班距；没有路网的地形按坡度逐格推算。不能到达的人单列为“不可达”，不取平均。 "
            "Along streets, with the ways to and from them, and ferries; over terrain by slope. Who can reach none is counted as such, never averaged."
        ),
    ),
    (
        "份额与密度 shares and ratios",
        "先加分子、分母再相除，从不平均百分数。 Numerators and denominators are added up first; percentages are never averaged.",
    ),
    (
        "速度范围 range of speeds",
        (
            f"每个出行时间的覆盖率另按速度的 {SLOW:g} 倍（低）与 {FAST:g} 倍（高）各算一遍。按米的准则与速度无关。 "
            f"Every coverage by time is computed again at {SLOW:g} (low) and {FAST:g} (high) times the speed; rules in metres do not depend on it."
        ),
    ),
    (
        "完成情况 status",
        (
            "提前 ahead：已达到日后的目标；如期 on schedule：已达标，或在基期与目标的连线之上；滞后 behind：在连线之下，或不如基期；"
            "推进中 under way：未到期，无基期可比；未达标 missed：到期未达；缺数据 not known：没有数据、基期或对照，不作判断；无目标 no target。"
        ),
    ),
    (
        "缺口 gaps",
        "相邻而同一原因的未覆盖人口格为一个缺口。"
        + "；".join(f"{zh} {en}" for zh, en in CAUSE_WORDS.values())
        + "。 Uncovered cells that touch and have "
        "one cause are a gap.",
    ),
)
SHEETS: dict[str, str] = {
    "指标监测表": "全区每项指标一行：基期、本年、目标、完成情况、差距、来源 one row an indicator of the district",
    "分乡镇街道": "一行一乡镇街道，一列一指标，记号为完成情况 a row a township, a column an indicator, with the status",
    "分乡镇街道明细": "逐乡镇街道逐指标，可筛选 every figure of every township, to filter",
    "缺口清单": "未覆盖的人在哪里，为什么，怎么补 where the uncovered are, why, and what would close each gap",
    "选址": "新建在哪里，每处新增多少人，不选该点的影响 where to build, and the removal loss",
    "选址方案": "每个方案的问题、前后、证明 each plan's question, before and after, proof",
    "选址曲线": "建几处能覆盖多少人 people covered by so many sites",
    "达标处数": "达到各份额至少几处 the least number of sites to each share",
    "方案敏感性检验": "换了速度、限值、人口，方案还能覆盖多少 the plans under other assumptions",
    "情景": "停航、新建、开放等会改变什么 what each scenario would change",
    "敏感性检验": "换了速度、限值、人口、口径，哪些结论不变 which conclusions hold under other assumptions",
    "问题": "数据的修复、提醒与剔除 repairs, warnings and rows set aside",
    "缺数据": "补上什么就能多算什么 what to collect",
    "数据来源": "读了哪些文件的哪张表、第几行到第几行 which file, sheet and rows each source is",
}


def study_about(study: Study) -> list[Item]:
    """Return what the first sheet of a study's workbook says."""
    district, people = study.district, study.configuration.population
    kinds = {"resident": "常住 resident", "registered": "户籍 registered", None: ""}
    counted = f"{study.cells.people.sum():,.0f} 人 people"
    if people is not None:
        of = [kinds[people.kind], f"时点 as of {people.as_of}" if people.as_of else ""]
        counted += "".join(f"，{part}" for part in of if part)
    modes = [f"{mode.label.both}{_speed(mode)}" for mode in study.modes.values()]
    states = count_statements(study)
    said = [
        (
            f"条款 {states['statements']} 条：已计算 {states['computed']}，部分 {states['in_part']}，缺数据 {states['data_missing']}。 "
            f"{states['statements']} statements: {states['computed']} computed, {states['in_part']} in part, {states['data_missing']} lack data."
        )
    ]
    return [
        ("区县 district", f"{district.name.both}，代码 code {district.code}"),
        ("年份 year", str(study.year)),
        ("人口 people", counted),
        ("进展 progress", "\n".join([*target_line(study), *(said if states["statements"] else [])])),
        ("出行方式 modes", "；".join(modes)),
        *([("停用 closed", "；".join(one.name for one in study.closures))] if study.closures else []),
        *METHOD,
    ]


def _speed(mode: Any) -> str:
    return f" {mode.speed_kph:g} km/h" if mode.speed_kph else ""


def add_about(book: Book, title: str, items: Sequence[Item], sheets: Sequence[Item]) -> None:
    """Add the first sheet: what the workbook is, what each sheet holds (with a link to it), and the method."""
    sheet = book.file.add_worksheet("说明")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, NAME_WIDTH)
    sheet.set_column(1, 1, TEXT_WIDTH)
    sheet.write_string(0, 0, f"{book.subject}　{title}", book.format(bold=True, font_size=TITLE_PT))
    sheet.set_row(0, 28)
    row = 1
    if book.demonstration:
        warning = book.format(bold=True, font_color="#B00020", text_wrap=True)
        sheet.write_string(row, 0, "示范数据 demonstration", warning)
        said = "\n".join(book.demonstration)
        sheet.write_string(row, 1, said, warning)
        sheet.set_row(row, row_height([(said, TEXT_WIDTH)]))
        row += 1
    row = _heading(book, sheet, row + 1, "各表 Sheets")
    linked = book.format(font_color="#1D6FA5", underline=1)
    for name, what in sheets:
        sheet.write_url(row, 0, f"internal:'{name}'!A1", linked, name)
        sheet.write_string(row, 1, what, book.format(text_wrap=True))
        row += 1
    row = _heading(book, sheet, row + 1, "内容与方法 Content and method")
    for name, text in items:
        sheet.write_string(row, 0, name, book.format(bold=True, text_wrap=True, valign="top"))
        sheet.write_string(row, 1, text, book.format(text_wrap=True, valign="top"))
        sheet.set_row(row, row_height([(name, NAME_WIDTH), (text, TEXT_WIDTH)]))
        row += 1
    made = f"lifecircle {__version__}；数字与 indicators.csv 等同源 the figures are those of indicators.csv and its neighbours"
    sheet.write_string(row + 1, 0, made, book.format(font_color="#808080"))
    book.page(sheet)
    sheet.print_area(0, 0, row + 1, 1)


def _heading(book: Book, sheet: Any, row: int, text: str) -> int:
    look = book.format(bold=True, bg_color="#DCE6F1")
    sheet.write_string(row, 0, text, look)
    sheet.write_blank(row, 1, None, look)
    return row + 1
