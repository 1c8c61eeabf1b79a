"""Hospitals, clinics, sport, parks and schools: named ones near their village, the others spread by people."""

import datetime as dt
from pathlib import Path

import geopandas as gpd
import land
import lanes
import numpy as np
import people
import xlsxwriter
from common import GEOGRAPHIC, METRIC, gcj02, rng, write_csv
from placing import Placer, at, places, plan

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


def hospitals(folder: Path) -> None:
    place, rows = Placer("hospital"), []
    for k, fact in enumerate(plan()["hospital"]):
        lon, lat = at(place.beside(fact["place"]))
        keep = {key: fact[key] for key in ("name", "level", "beds", "thrombolysis", "pci")}
        rows.append({"id": f"YY{k + 1:02d}"} | keep | {"lon": lon, "lat": lat, "source": fact["source"]})
    write_csv(folder / "hospitals.csv", rows)


def clinics(folder: Path) -> None:
    place, random, rows = Placer("clinic"), rng("clinic facts"), []
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
            int(random.integers(2004, 2022)),
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


def fitness(folder: Path) -> None:
    place, random, rows = Placer("fitness"), rng("fitness facts"), []
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
                "场地面积": float(round(shape.area)),
                "geometry": shape,
            }
            rows.append(row)
        gpd.GeoDataFrame(rows, crs=METRIC).to_file(path, layer=layer, driver="GPKG")


def schools(folder: Path) -> None:
    place, random, rows = Placer("school"), rng("school facts"), []
    for k, (name, where, kind, source) in enumerate(plan()["school"]):
        lon, lat = at(place.beside(where), gcj02)
        rows.append(
            {
                "编码": f"XX{k + 1:02d}",
                "学校名称": name,
                "学段": kind,
                "对外开放": "是" if random.random() < 0.55 else "否",
                "运动场面积": int(random.integers(8, 90)) * 100,
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
