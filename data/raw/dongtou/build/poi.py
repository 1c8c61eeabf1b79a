"""Points of daily life: stops, pharmacies, markets, toilets, restaurants; nurseries; sites of care; hazards; public venues."""

from pathlib import Path

import land
import numpy as np
import people
import surroundings
from common import gcj02, read_csv, rng, write_csv
from facilities import workbook, yes
from placing import Placer, at, places, plan
from shapely.geometry import Point

TOWN = ["城中社区", "城南社区", "银海社区", "岭背社区", "上新社区", "新城社区"]
SEATS = ["银海社区", "中仑村", "元觉社区", "布袋岙村", "九村", "昆鹏第一社区", "岙面村", "鹿西村"]
MODELLED = "模拟"
# name, kind, place, beds, standard, people it can supply, source
SITES = [
    (
        "洞头区妇幼保健计划生育服务中心",
        "妇幼保健机构",
        "新城社区",
        20,
        "是",
        "",
        "机构名见洞政发〔2021〕12号，其余模拟",
    ),
    ("区域医学检验诊断中心(模拟)", "康复诊断中心", "新城社区", 0, "", "", MODELLED),
    ("洞头区康复中心(模拟)", "康复诊断中心", "城南社区", 60, "", "", MODELLED),
    ("灵昆康复分中心(模拟)", "康复诊断中心", "九村", 20, "", "", MODELLED),
    ("洞头区精神障碍社区康复站(模拟)", "精神障碍社区康复", "城南社区", 12, "", "", MODELLED),
    ("东屏精神障碍社区康复站(模拟)", "精神障碍社区康复", "中仑村", 8, "", "", MODELLED),
    ("灵昆精神障碍社区康复站(模拟)", "精神障碍社区康复", "九村", 10, "", "", MODELLED),
    ("大门精神障碍社区康复站(模拟)", "精神障碍社区康复", "大溪社区", 8, "", "", MODELLED),
    ("区公共卫生应急物资储备库(模拟)", "应急物资储备点", "新城社区", 0, "", 90000, MODELLED),
    ("灵昆应急物资储备点(模拟)", "应急物资储备点", "九村", 0, "", 36000, MODELLED),
    ("大门应急物资储备点(模拟)", "应急物资储备点", "大溪社区", 0, "", 12000, MODELLED),
    ("洞头中心渔港救护艇码头(模拟)", "海空急救接驳点", "蓝港社区", 0, "", "", MODELLED),
    ("区人民医院直升机起降点(模拟)", "海空急救接驳点", "新城社区", 0, "", "", MODELLED),
    ("大门救护艇码头(模拟)", "海空急救接驳点", "岙面村", 0, "", "", MODELLED),
    ("鹿西救护艇码头(模拟)", "海空急救接驳点", "鹿西村", 0, "", "", MODELLED),
    ("鹿西直升机起降点(模拟)", "海空急救接驳点", "鹿西村", 0, "", "", MODELLED),
]
JOINT_REHAB = {
    "洞头区精神障碍社区康复站(模拟)": "元觉街道;霓屿街道",
    "灵昆精神障碍社区康复站(模拟)": "昆鹏街道",
}


class Export:
    """Rows of one export of POI with a column of classes, in GCJ-02, as a web map gives it."""

    def __init__(self) -> None:
        self.rows: list[dict] = []

    def add(self, kind: str, name: str, where: str, point: Point, **more: str) -> None:
        """A point of a class; ``more`` are the columns that only some classes fill."""
        lon, lat = at(point, gcj02)
        self.rows.append(
            {
                "编号": f"P{len(self.rows) + 1:04d}",
                "名称": name,
                "类别": kind,
                "所属街道": places()[where][2],
                "医保刷卡": more.get("card", ""),
                "已改造": more.get("renovated", ""),
                "健康餐饮": more.get("healthy", ""),
                "经度": lon,
                "纬度": lat,
                "数据来源": MODELLED,
            }
        )


def by_village(export: Export) -> None:
    """Stops, culture halls and toilets: by how many people a village has, with gaps."""
    random, counted = rng("poi facts"), people.village_people()
    seats = land.seats()
    own = seats[seats.code != ""]
    place = Placer("bus")
    for seat in own[~own.name.isin(["南策村", "大瞿村"])].itertuples():
        number = 0 if random.random() < 0.06 else int(np.clip(round(counted[seat.code] / 1100), 1, 6))
        for k in range(number):
            export.add("公交站", f"{seat.name}站{k + 1 if number > 1 else ''}", seat.name, place.beside(seat.name, 300))
    place = Placer("culture")
    for seat in own.itertuples():
        if random.random() < 0.82:
            export.add("文化活动站", f"{seat.name}文化礼堂(模拟)", seat.name, place.beside(seat.name, 220))
    place = Placer("toilet")
    for seat in own.itertuples():
        for k in range(int(np.clip(round(counted[seat.code] / 2500), 1, 4))):
            name, renovated = f"{seat.name}公厕{k + 1}(模拟)", yes(random, 0.72)
            export.add("公厕", name, seat.name, place.beside(seat.name, 260), renovated=renovated)


def shops(export: Export) -> None:
    """Pharmacies, markets, restaurants and canteens; every third block of flats has a restaurant next door."""
    random, place = rng("poi shops"), Placer("shops")
    more = ["惠民村", "状元村", "三盘社区", "昆鹏第二社区", "王相村", "大溪社区"]
    for k, where in enumerate([*TOWN, *TOWN, *SEATS, *more]):
        export.add("药店", f"{where}药店{k + 1}(模拟)", where, place.beside(where), card=yes(random, 0.85))
    for where in [*TOWN[:3], "新城社区", *SEATS[1:], "三盘社区"]:
        export.add("菜市场", f"{where}菜市场(模拟)", where, place.beside(where))
    for k, (where, shape) in enumerate(surroundings.dwellings()[::3]):
        ring = shape.buffer(float(random.uniform(4, 34))).exterior
        point = ring.interpolate(float(random.uniform(0, 1)), normalized=True)
        export.add("餐饮", f"{where}餐馆{k + 1}(模拟)", where, point, healthy=yes(random, 0.2))
    for where in [*TOWN, *SEATS, "东沙村", "东岙村", "半屏社区"]:
        for k in range(2):
            export.add("餐饮", f"{where}饭店{k + 1}(模拟)", where, place.beside(where), healthy=yes(random, 0.3))
    for where in [*TOWN, *SEATS[1:]]:
        export.add("食堂", f"{where}机关食堂(模拟)", where, place.beside(where), healthy=yes(random, 0.6))


def points(folder: Path) -> None:
    export = Export()
    by_village(export)
    shops(export)
    write_csv(folder / "poi.csv", export.rows, "gbk")


def nurseries(folder: Path) -> None:
    """托育机构 and 幼儿园 in one register."""
    place, random, rows = Placer("nursery"), rng("nursery facts"), []

    def add(kind: str, where: str, number: int, seats_for: int) -> None:
        lon, lat = at(place.beside(where), gcj02)
        rows.append(
            {
                "编码": f"TY{len(rows) + 1:02d}",
                "名称": f"{where}{kind}{number}(模拟)",
                "类别": kind,
                "所属街道": places()[where][2],
                "托位": seats_for if kind == "托育机构" else 0,
                "学位": seats_for if kind == "幼儿园" else 0,
                "营养师": yes(random, 0.45),
                "经度": lon,
                "纬度": lat,
                "数据来源": MODELLED,
            }
        )

    for where in [*TOWN, *SEATS[1:6], "昆鹏第三社区", "大溪社区"]:
        groups = int(random.integers(3, 9))
        add("托育机构", where, 1, 8 * (2 if where in ("元觉社区", "布袋岙村") else groups))
    for where in [*TOWN, *SEATS, "三盘社区", "惠民村", "王相村", "昆鹏第二社区", "昆鹏第三社区", "大溪社区"]:
        add("幼儿园", where, 1, int(random.integers(4, 11)) * 30)
    workbook(folder / "nurseries.xlsx", "托幼机构", rows)


def sites(folder: Path) -> None:
    """Maternity, rehabilitation, diagnosis, stockpiles, boats and helicopters."""
    place, rows = Placer("sites"), []
    for k, (name, kind, where, beds, standard, supplies, source) in enumerate(SITES):
        lon, lat = at(place.beside(where, 320))
        rows.append(
            {
                "id": f"ZD{k + 1:02d}",
                "name": name,
                "type": kind,
                "beds": beds,
                "mch_standard": standard,
                "capacity": supplies,
                "joint": JOINT_REHAB.get(name, ""),
                "lon": lon,
                "lat": lat,
                "source": source,
            }
        )
    write_csv(folder / "health_sites.csv", rows)


def hazards(folder: Path) -> None:
    """污染隐患 at drinking-water sources, and 隐患点段 of roads, some before a school."""
    random, rows = rng("hazard facts"), []

    def add(kind: str, name: str, point: Point, cleared: str) -> None:
        lon, lat = at(point)
        rows.append(
            {
                "编号": f"YH{len(rows) + 1:02d}",
                "名称": name,
                "类别": kind,
                "已整治": cleared,
                "经度": lon,
                "纬度": lat,
                "数据来源": MODELLED,
            }
        )

    place = Placer("water hazard")
    for ident, name, where, *_ in plan()["water_source"]:
        if ident not in ("SY07", "SY10"):
            for k in range(int(random.integers(1, 4))):
                add("饮用水源污染隐患", f"{name}隐患{k + 1}(模拟)", place.beside(where, 600), yes(random, 0.85))
    place = Placer("road hazard")
    for name, where, *_ in plan()["school"][::3]:
        add("道路交通隐患", f"{name.removesuffix('(模拟)')}周边路段(模拟)", place.beside(where, 260), yes(random, 0.5))
    for seat in land.seats().itertuples():
        if seat.code and random.random() < 0.3:
            add("道路交通隐患", f"{seat.name}路段(模拟)", place.beside(seat.name, 700), yes(random, 0.5))
    write_csv(folder / "hazards.csv", rows)


def venues(folder: Path) -> None:
    """Priority venues: those where a defibrillator of aeds.csv hangs, and others that have none."""
    place, random, rows = Placer("venue"), rng("venue facts"), []
    hung = {row["name"]: row for row in read_csv(str((folder / "aeds.csv").resolve()))}  # written just before
    for k, row in enumerate(hung.values()):
        # A few dozen metres of rounding between two offices' coordinates of the same hall.
        lon = round(float(row["lon"]) + random.uniform(-1, 1) * 1e-4, 6)
        lat = round(float(row["lat"]) + random.uniform(-1, 1) * 1e-4, 6)
        rows.append(
            {"id": f"CS{k + 1:02d}", "name": row["name"], "type": row["venue"], "aed": "是", "lon": lon, "lat": lat}
        )
    others = [*[(town, "学校") for town in TOWN], *[(seat, "商超") for seat in SEATS], ("东岙村", "景区"), ("半屏社区", "景区"),
              ("东沙村", "景区"), ("昆鹏第二社区", "体育馆"), ("大溪社区", "客运码头"), ("九村", "养老机构"), ("三盘社区", "客运码头")]  # fmt: skip
    for where, kind in others:
        lon, lat = at(place.beside(where, 400))
        name = f"{where}{kind}(模拟)"
        rows.append({"id": f"CS{len(rows) + 1:02d}", "name": name, "type": kind, "aed": "否", "lon": lon, "lat": lat})
    write_csv(folder / "public_venues.csv", [row | {"source": MODELLED} for row in rows])


def write(folder: Path) -> None:
    for step in (points, nurseries, sites, hazards, venues):
        step(folder)
