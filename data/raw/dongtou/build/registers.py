"""Tables by unit as offices keep them: registers of villages and townships, statistics, healthy cells, tasks, earlier years."""

import datetime as dt
from pathlib import Path

import land
import numpy as np
import people
import surroundings
import xlsxwriter
from common import read_csv, rng, share_out, write_csv
from facilities import yes
from placing import places, plan

MODELLED = "模拟"
YEARS = (2024, 2025)
CELLS = ("机关", "社区", "村庄", "学校", "医院", "企业", "家庭")


def titled(path: Path, sheet: str, title: str, rows: list[dict], summed: tuple[str, ...]) -> None:
    """A sheet as it is printed: title and unit line above the header, a row of sums (合计) under the rows."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"created": dt.datetime(2025, 1, 1), "author": "lifecircle"})
        page = book.add_worksheet(sheet)
        bold = book.add_format({"bold": True})
        head = list(rows[0])
        page.merge_range(0, 0, 0, len(head) - 1, title, bold)
        page.write(1, 0, "填报单位：示范区县（模拟）    单位：户、人")
        page.write_row(2, 0, head, bold)
        total = {head[0]: "合计"} | {key: sum(int(row[key]) for row in rows) for key in summed}
        for number, row in enumerate([*rows, *([total] if summed else [])], start=3):
            for column, key in enumerate(head):
                value = row.get(key, "")
                page.write(number, column, int(value) if isinstance(value, np.integer) else value)
        page.freeze_panes(3, 2)
        page.set_column(0, len(head) - 1, 14)


def residents() -> dict[str, int]:
    """Village code to residents, the hamlets with the village they lie in: 148,807 in all."""
    out = {code: int(count) for code, count in people.village_people().items()}
    shapes = land.villages()
    for hamlet in land.seats().itertuples():
        if not hamlet.code:
            out[shapes.code.iloc[int(shapes.distance(hamlet.geometry).argmin())]] += int(hamlet.weight)
    return out


def households() -> dict[str, int]:
    """Village code to households, of 2.4 to 2.9 people."""
    random = rng("households")
    return {code: round(count / random.uniform(2.4, 2.9)) for code, count in sorted(residents().items())}


def villages(folder: Path) -> None:
    random, rows, counted, households_of = rng("village register"), [], residents(), households()
    seats = land.seats()
    for seat in seats[seats.code != ""].sort_values("code").itertuples():
        count, is_urban = counted[seat.code], surroundings.is_urban()[seat.code]
        homes = households_of[seat.code]
        sanitary = homes - int(homes * random.uniform(0, 0.02))
        is_village = not seat.name.endswith("社区")
        award = random.choice(["国家卫生村", "省级卫生村", "市级卫生村", ""], p=[0.08, 0.45, 0.17, 0.3])
        rows.append(
            {
                "村社代码": seat.code,
                "村社名称": seat.name,
                "街道乡镇": places()[seat.name][2],
                "类型": "村" if is_village else "社区",
                "城镇": "是" if is_urban else "否",
                "常住人口": count,
                "户数": homes,
                "卫生户厕": sanitary,
                "无害化户厕": sanitary - int(homes * max(0.0, random.normal(0.006, 0.01))),
                "垃圾分类": "是" if is_urban and random.random() < 0.98 else yes(random, 0.9),
                "卫生村称号": str(award) if is_village else "",
                "食安协管员": yes(random, 0.96),
                "家庭医生签约": int(count * random.uniform(0.34, 0.52)),
                "老年友好社区": yes(random, 0.16 if is_urban else 0.05),
                "数据来源": MODELLED,
            }
        )
    titled(
        folder / "villages_register.xlsx", "村社台账", "洞头区村社台账（2025年，模拟）", rows,
        ("常住人口", "户数", "卫生户厕", "无害化户厕", "家庭医生签约"),
    )  # fmt: skip


def townships(folder: Path) -> None:
    """Two years in one table, units by name."""
    random, rows = rng("township register"), []
    facts = read_csv("townships.csv")
    resident = np.array([int(row["resident"]) for row in facts])
    due = share_out(round(people.TOTAL * 0.1289 * 7 / 15), resident * random.uniform(0.9, 1.1, len(facts)))
    staff = share_out(92, resident + 1500.0)
    samples = share_out(164, resident * random.uniform(0.75, 1.3, len(facts)))
    rate = {"昆鹏街道": 0.941, "鹿西乡": 0.936}  # many newcomers; a clinic by boat
    for year in YEARS:
        for k, fact in enumerate(facts):
            name, later = fact["name"], year == YEARS[-1]
            share = rate.get(name, random.uniform(0.958, 0.985)) - (0 if later else random.uniform(0, 0.006))
            children = int(due[k]) if later else round(int(due[k]) * 1.03)
            rows.append(
                {
                    "年份": year,
                    "街道乡镇": name,
                    "类型": name[-2:] if name.endswith("街道") else name[-1],
                    "应种儿童数": children,
                    "实种儿童数": int(children * share),
                    "食品风险监测样本": int(samples[k]) if later else round(int(samples[k]) * 0.95),
                    "公共卫生人员": int(staff[k]) if later else max(1, int(staff[k]) - 1),
                    "卫生乡镇称号": {"大门镇": "国家卫生镇", "鹿西乡": "省级卫生镇" if later else ""}.get(name, ""),
                    "健康乡镇建设": "是" if name == "大门镇" and later else "否",
                    "食安监管所": "否" if name == "昆鹏街道" and not later else "是",
                    "数据来源": MODELLED,
                }
            )
    titled(folder / "townships_register.xlsx", "街镇台账", "洞头区街道（乡镇）台账（2024—2025年，模拟）", rows, ())
    marks = {"known": "已知", "modelled": MODELLED}
    write_csv(
        folder / "registered_people.csv",
        [
            {
                "街道乡镇代码": fact["code"],
                "街道乡镇": fact["name"],
                "户籍人口": fact["registered"],
                "已知或模拟": marks[fact["registered_mark"]],
                "数据来源": fact["registered_source"],
            }
            for fact in facts
        ],
    )


def statistics(folder: Path) -> None:
    """The district's own figures, a row a year, in GBK."""
    rows = [
        {
            "年份": year,
            "国民体质合格率": physique,
            "经常参加体育锻炼比例": exercise,
            "居民健康素养水平": literacy,
            "人均预期寿命": life,
            "婴儿死亡率": infant,
            "总诊疗人次": visits,
            "基层诊疗人次": primary,
            "参保人员诊疗人次": insured,
            "参保人员区内诊疗人次": within,
            "生活垃圾清运量": waste,
            "生活垃圾回收利用量": recycled,
            "区级食安监管机构": "是",
            "健康县区": healthy,
            "省级示范个数": models,
            "120电话10秒接听率": answered,
            "3分钟出车率": left,
            "数据来源": MODELLED,
        }
        for year, physique, exercise, literacy, life, infant, visits, primary, insured, within, waste, recycled, healthy, models, answered, left in [
            (2024, 94.1, 42.6, 39.8, 82.3, 2.2, 918_000, 591_000, 1_004_000, 897_000, 57_200, 19_700, "否", 0, 95.1, 92.8),
            (2025, 94.6, 43.9, 41.6, 82.6, 2.0, 946_000, 629_000, 1_021_000, 924_000, 56_400, 21_100, "是", 1, 96.3, 94.1),
        ]
    ]  # fmt: skip
    write_csv(folder / "statistics.csv", rows, "gbk")


def healthy_cells(folder: Path) -> None:
    """健康细胞: how many there are of each kind in each township, how many are built, how many are models."""
    random, rows, homes = rng("cells"), [], households()
    towns = read_csv("townships.csv")
    seats = land.seats()
    own = seats[seats.code != ""]
    at_school = [places()[where][2] for _, where, *_ in plan()["school"]]
    at_care = [places()[fact["place"]][2] for fact in [*plan()["centre"], *plan()["hospital"]]]
    for town in towns:
        name = town["name"]
        total = {
            "机关": 38 if name == "北岙街道" else int(random.integers(4, 9)),
            "社区": int(((own.unit == town["code"]) & own.name.str.endswith("社区")).sum()),
            "村庄": int(((own.unit == town["code"]) & own.name.str.endswith("村")).sum()),
            "学校": at_school.count(name),
            "医院": at_care.count(name),
            "企业": int(random.integers(4, 22)),
            "家庭": sum(homes[code] for code in own[own.unit == town["code"]].code),
        }
        for kind in CELLS:
            share = random.uniform(0.12, 0.42) if kind == "家庭" else random.uniform(0.5, 0.9)
            built = int(random.binomial(total[kind], share))
            rows.append(
                {
                    "街道乡镇": name,
                    "细胞类别": kind,
                    "总数": total[kind],
                    "已建成": built,
                    "示范点": 0 if kind == "家庭" else min(built, int(random.integers(0, 3))),
                    "年份": YEARS[-1],
                    "数据来源": MODELLED,
                }
            )
    write_csv(folder / "healthy_cells.csv", rows, "gbk")


def institutions(folder: Path) -> None:
    """机关企事业单位 and whether they are 卫生先进单位."""
    random, rows = rng("institutions"), []
    for town in read_csv("townships.csv"):
        name = town["name"]
        kinds = [
            "办事处" if name.endswith("街道") else "人民政府",
            "市场监管所",
            "税务所",
            "供电所",
            "派出所",
            "中心学校",
        ]
        if name == "北岙街道":
            kinds += [f"区级机关{k + 1}" for k in range(18)]
        kinds += [f"企业{k + 1}" for k in range(int(random.integers(2, 6)))]
        for kind in kinds:
            award = random.choice(
                ["省级卫生先进单位", "市级卫生先进单位", "卫生先进单位", ""], p=[0.1, 0.4, 0.24, 0.26]
            )
            rows.append(
                {
                    "单位名称": f"{name}{kind}(模拟)",
                    "街道乡镇": name,
                    "性质": "企业" if "企业" in kind else "事业" if "学校" in kind else "机关",
                    "卫生先进称号": str(award),
                    "数据来源": MODELLED,
                }
            )
    write_csv(folder / "institutions.csv", rows)


def tasks(folder: Path) -> None:
    """Progress of tasks that no figure measures, and what was handed in when."""
    random, rows = rng("tasks"), []
    bodies = [
        "区卫生健康局",
        "区教育局",
        "区体育中心",
        "区民政局",
        "区市场监管局",
        "区住建局",
        "区生态环境分局",
        "区农业农村局",
        "区交通运输局",
        "区医保局",
    ]
    for body in bodies:
        for k in range(int(random.integers(2, 5))):
            state = str(random.choice(["完成", "推进中", "未开展"], p=[0.68, 0.26, 0.06]))
            rows.append(("department-tasks", f"部门任务{k + 1}(模拟)", body, state))
    rows.append(("regional-health-plan", "区域卫生规划修编", "区卫生健康局", "完成"))
    rows.append(("regional-health-plan", "区域卫生规划年度评估", "区卫生健康局", "推进中"))
    heads = ("任务", "任务名称", "责任单位", "状态", "数据来源")
    write_csv(folder / "progress.csv", [dict(zip(heads, (*row, MODELLED), strict=True)) for row in rows])
    handed = [
        ("annual-data", "监测数据与评价报告", 2024, "2025-05-08"),
        ("annual-data", "监测数据与评价报告", 2025, "2026-05-07"),
        ("action-report", "专项行动监测评估报告", 2024, "2025-04-29"),
        ("action-report", "专项行动监测评估报告", 2025, "2026-05-06"),
        ("model-plan", "年度示范培育计划", 2024, "2024-05-11"),
        ("model-plan", "年度示范培育计划", 2025, "2025-04-25"),
        ("case-material", "案例材料", 2024, "2024-10-28"),
        ("case-material", "案例材料", 2025, "2025-10-30"),
    ]
    heads = ("事项", "事项名称", "监测年份", "提交日期", "数据来源")
    write_csv(folder / "submissions.csv", [dict(zip(heads, (*row, MODELLED), strict=True)) for row in handed])


def earlier_and_others(folder: Path) -> None:
    """Where the district stood in 2020, and what the province has: both modelled, to show how clauses are judged by them."""
    heads = ("indicator", "level", "unit_code", "year", "value", "source")
    base = [
        ("school-grounds-open", "district", "", 41.7),
        ("sanitary-toilets", "district", "", 96.4),
        ("green-and-water", "district", "", 19.6),
        ("water-large-scale", "district", "", 93.0),
        ("water-large-scale-rural", "district", "", 86.4),
        ("toilets-renovated", "district", "", 51.3),
        ("nursing-beds", "district", "", 31.5),
        ("day-care-village", "district", "", 15.2),
        ("fitness-equipment-village", "district", "", 84.8),
        ("clinic-gini", "district", "", 0.49),
        ("clinic-theil", "district", "", 0.58),
        ("beds-variation", "district", "", 0.71),
        ("clinic-urban-rural-gap", "district", "", 31.6),
        ("water-urban-rural-gap", "district", "", 7.9),
        ("day-care-village", "township", "330305001", 24.0),
        ("day-care-village", "township", "330305101", 16.7),
        ("fitness-equipment-village", "township", "330305001", 88.0),
        ("fitness-equipment-village", "township", "330305005", 80.0),
        ("nursing-beds", "township", "330305001", 35.2),
    ]
    rows = [
        dict(zip(heads, (ident, level, code, 2020, value, MODELLED), strict=True)) for ident, level, code, value in base
    ]
    write_csv(folder / "baseline_2020.csv", rows)
    mean = [
        ("literacy-vs-province", 40.9),
        ("exercise-vs-province", 43.2),
        ("life-expectancy-vs-province", 82.9),
        ("infant-mortality-vs-province", 2.3),
        ("sports-area-vs-province", 2.9),
    ]
    heads = ("indicator", "value", "year", "name", "source")
    rows = [dict(zip(heads, (ident, value, 2024, "全省平均(模拟)", MODELLED), strict=True)) for ident, value in mean]
    write_csv(folder / "province_2024.csv", rows)


def people_2022(folder: Path) -> None:
    """Residents of an earlier year by township, for comparing two years: all modelled, the district's total that of the census."""
    rows = [
        {
            "街道乡镇代码": town["code"],
            "街道乡镇": town["name"],
            "年份": 2022,
            "常住人口": int(town["resident_2022"]),
            "数据来源": "模拟：各街镇为假定，全区合计沿用 2020 年普查总数",
        }
        for town in read_csv("townships.csv")
    ]
    write_csv(folder / "people_2022.csv", rows)


def write(folder: Path) -> None:
    for step in (villages, townships, statistics, healthy_cells, institutions, tasks, earlier_and_others, people_2022):
        step(folder)
