"""Hospitals, clinics, sport, parks and schools: named ones near their village, the others spread by people."""

import datetime as dt
from pathlib import Path

import geopandas as gpd
import land
import lanes
import numpy as np
import people
import xlsxwriter
from common import GEOGRAPHIC, METRIC, gcj02, read_csv, rng, write_csv
from placing import Placer, at, places, plan

# Which of the named grounds and parks are the district's and the townships' own; all others are a village's.
OF_DISTRICT = ("区体育场", "城中全民健身中心", "望海公园", "南塘湾湿地公园", "昆鹏中央公园")
OF_TOWNSHIP = (
    "大门体育场", "中仑多功能运动场", "布袋岙多功能运动场", "鹿西球场", "灵昆足球场", "昆鹏体育公园", "中心公园", "大门公园", "灵昆公园",
)  # fmt: skip
# Outside the district only what it may count on: those hospitals serve their own people, of whom nothing is known here.
HOSPITAL_MORE = (
    "beds_for_district", "daily", "type", "ownership", "nutrition", "nutritionist", "obstetric", "mch_standard",
)  # fmt: skip
KINDS_OF_POINT = [("健身苑点", 260), ("百姓健身房", 180), ("门球点", 420), ("社区健身广场", 800), ("笼式球场", 540)]


def workbook(path: Path, sheet: str, rows: list[dict]) -> None:
    """One header row, text as text; dated by the data, so that rebuilding gives the same bytes."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"created": dt.datetime(2025, 1, 1), "author": "lifecircle"})
        page = book.add_worksheet(sheet)
        bold = book.add_format({"bold": True})
        page.write_row(0, 0, list(rows[0]), bold)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row.values()):
                page.write(number, column, int(value) if isinstance(value, np.integer) else value)
        page.freeze_panes(1, 0)
        page.set_column(0, len(rows[0]) - 1, 16)


def yes(random: np.random.Generator, chance: float) -> str:
    """是 with a chance, else 否."""
    return "是" if random.random() < chance else "否"


def level_of(name: str) -> str:
    """The level of a named ground or park."""
    return "区级" if name in OF_DISTRICT else "街镇级" if name in OF_TOWNSHIP else "村居级"


def hospitals(folder: Path) -> None:
    place, rows = Placer("hospital"), []
    for k, fact in enumerate(plan()["hospital"]):
        lon, lat = at(place.beside(fact["place"]))
        keep = {key: fact[key] for key in ("name", "level", "beds", "thrombolysis", "pci")}
        more = {key: fact[key] for key in HOSPITAL_MORE}
        rows.append({"id": f"YY{k + 1:02d}"} | keep | {"lon": lon, "lat": lat} | more | {"source": fact["source"]})
    write_csv(folder / "hospitals.csv", rows)


def clinics(folder: Path) -> None:
    place, random, rows = Placer("clinic"), rng("clinic facts"), []
    standards = rng("clinic standards")  # a stream of its own: what was there before does not change
    counted = people.village_people()

    def add(
        name: str,
        grade: str,
        where: str,
        beds: int,
        daily: int,
        tcm: str,
        owner: str,
        opened: int,
        joint: str,
        source: str,
    ) -> None:
        lon, lat = at(place.beside(where), gcj02)
        _, code, town = places()[where]
        rows.append(
            {
                "编码": f"WS{len(rows) + 1:03d}",
                "机构名称": name,
                "级别": grade,
                "产权": owner,
                "中医馆": tcm,
                "床位数": beds,
                "日接诊能力": daily,
                "启用年份": opened,
                "所属街道": town,
                "所在村": where if code else "",
                "联合设置": joint,
                **_standards(grade, tcm, standards),
                "经度": lon,
                "纬度": lat,
                "数据来源": source,
            }
        )

    for fact in [*plan()["centre"], plan()["centre_outside"]]:
        grade = "乡镇卫生院" if "卫生院" in fact["name"] else "社区卫生服务中心"
        add(
            fact["name"],
            grade,
            fact["place"],
            fact["beds"],
            fact["daily"],
            fact["tcm"],
            "公有",
            fact["opened"],
            "",
            "模拟 (数量7为已知)",
        )
    for where in plan()["station_places"]:
        daily = int(np.clip(counted[places()[where][1]] / 90, 15, 90))
        owner = "公有" if random.random() < 0.7 else "集体"
        add(
            where.removesuffix("社区") + "社区卫生服务站",
            "社区卫生服务站",
            where,
            0,
            daily,
            "是" if random.random() < 0.35 else "否",
            owner,
            plan()["opened_later"].get(where, int(random.integers(2004, 2022))),
            "",
            "模拟 (数量17为已知)",
        )
    for where, joint in plan()["village_clinics"]:
        daily = int(np.clip(counted[places()[where][1]] / 60, 8, 40))
        owner = random.choice(["集体", "私有", "公有"], p=[0.5, 0.3, 0.2])
        add(
            where + "卫生室",
            "村卫生室",
            where,
            0,
            daily,
            "否",
            str(owner),
            int(random.integers(1995, 2020)),
            joint,
            "模拟 (数量29为已知)",
        )
    workbook(folder / "clinics.xlsx", "医疗机构", rows)


def _standards(grade: str, tcm: str, random: np.random.Generator) -> dict[str, str]:
    """What a 区 keeps of its clinics beside: 中医馆 of a centre or 中医阁 of a village clinic, and what is up to standard."""
    is_centre, is_village = grade in ("乡镇卫生院", "社区卫生服务中心"), grade == "村卫生室"
    rooms = yes(random, 0.3)
    return {
        "中医馆阁": rooms if is_village else tcm,
        "标准化": yes(random, 0.9 if is_centre else 0.7 if is_village else 0.85),
        "妇幼门诊标准化": yes(random, 0.8) if is_centre else "",
        "中医预防保健": "是" if tcm == "是" else yes(random, 0.45),
        "上门服务": "是" if is_centre else yes(random, 0.2),
    }


def fitness(folder: Path) -> None:
    place, random, rows = Placer("fitness"), rng("fitness facts"), []
    years = rng("fitness years")
    counted = people.village_people()
    seats = land.seats()
    for seat in seats[seats.code != ""].itertuples():
        # About one point in ten villages is missing: gaps are what the tool is to find.
        number = 0 if random.random() < 0.09 else int(np.clip(round(counted[seat.code] / 1300), 1, 5))
        for k in range(number):
            kind, area = KINDS_OF_POINT[int(random.choice(5, p=[0.5, 0.18, 0.08, 0.14, 0.1]))]
            lon, lat = at(place.beside(seat.name, 330))
            rows.append(
                {
                    "编码": f"JS{len(rows) + 1:03d}",
                    "名称": f"{seat.name}{kind}{k + 1 if number > 1 else ''}",
                    "类型": kind,
                    "面积": round(area * random.uniform(0.6, 1.5)),
                    "级别": "村居级",
                    "启用年份": int(years.integers(2010, 2026)),
                    "经度": lon,
                    "纬度": lat,
                }
            )
    write_csv(folder / "fitness_points.csv", rows, "gbk")
    paths = lanes.fitness_paths()
    out = gpd.GeoDataFrame(
        {"编码": paths.id, "名称": paths.name, "长度": paths.length_m}, geometry=paths.geometry, crs=METRIC
    ).to_crs(GEOGRAPHIC)
    # GeoJSON knows no CRS but WGS84; CGCS2000 differs from it by less than a metre.
    out.set_crs(4326, allow_override=True).to_file(
        folder / "fitness_paths.geojson", driver="GeoJSON", COORDINATE_PRECISION=7
    )


def grounds(folder: Path) -> None:
    place = Placer("grounds")
    path = folder / "parks_sports.gpkg"
    path.unlink(missing_ok=True)
    for layer, kind, prefix in (("sports_grounds", "sports_ground", "YD"), ("parks", "park", "GY")):
        rows = []
        for k, fact in enumerate(plan()[kind]):
            shape = place.plot(fact[1], fact[2])
            row = {
                "编码": f"{prefix}{k + 1:02d}",
                "名称": fact[0],
                "类型": fact[3] if len(fact) > 3 else "公园",
                "级别": level_of(fact[0]),
                "场地面积": float(round(shape.area)),
                "geometry": shape,
            }
            rows.append(row)
        gpd.GeoDataFrame(rows, crs=METRIC).to_file(path, layer=layer, driver="GPKG")


def _places_by_school() -> dict[str, int]:
    """学位 of 义务教育: near what a township's children need, shared among its schools; a ninth of them a year."""
    random = rng("school places")
    resident = {row["name"]: int(row["resident"]) for row in read_csv("townships.csv")}
    listed = [(name, places()[where][2], kind) for name, where, kind, _ in plan()["school"]]
    out = dict.fromkeys((name for name, _, _ in listed), 0)
    for years, kinds in ((6, ("小学", "九年一贯")), (3, ("初中", "九年一贯", "完全中学"))):
        for town, count in resident.items():
            own = [name for name, at_town, kind in listed if at_town == town and kind in kinds]
            needed = count * 0.1289 / 15 * years * random.uniform(0.95, 1.25)
            for name in own:
                out[name] += max(1, round(needed / len(own) / 45)) * 45
    return out


def schools(folder: Path) -> None:
    place, random, rows = Placer("school"), rng("school facts"), []
    staff, taught = rng("school staff"), _places_by_school()
    for k, (name, where, kind, source) in enumerate(plan()["school"]):
        lon, lat = at(place.beside(where), gcj02)
        rows.append(
            {
                "编码": f"XX{k + 1:02d}",
                "学校名称": name,
                "学段": kind,
                "对外开放": "是" if random.random() < 0.55 else "否",
                "运动场面积": int(random.integers(8, 90)) * 100,
                "学位": taught[name],
                "校医保健教师配足": yes(staff, 0.8),
                "营养师": yes(staff, 0.4),
                "所属街道": places()[where][2],
                "经度": lon,
                "纬度": lat,
                "数据来源": source,
            }
        )
    workbook(folder / "schools.xlsx", "学校", rows)


def write(folder: Path) -> None:
    for step in (hospitals, clinics, fitness, grounds, schools):
        step(folder)
