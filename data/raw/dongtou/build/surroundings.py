"""Areas and lines round people: built-up area, green space and water, rivers, where rules apply, projects, dwellings."""

import functools
from pathlib import Path

import geopandas as gpd
import land
import numpy as np
import people
import shapely
from common import GEOGRAPHIC, METRIC, rng
from placing import Placer, places
from shapely.geometry import LineString, Point

# name, from, to, width in metres, level, cleaned: rivers of the flat islands, streams of the others
RIVERS = [
    ("灵昆大河(模拟)", "叶先村", "北段村", 18, "区级", "是"),
    ("周宅河(模拟)", "双昆村", "周宅村", 12, "区级", "是"),
    ("海思河(模拟)", "九村", "海思村", 10, "区级", "否"),
    ("昆鹏中心河(模拟)", "昆鹏第一社区", "昆鹏第二社区", 24, "区级", "是"),
    ("南塘河(模拟)", "风门社区", "打水鞍社区", 10, "区级", "是"),
    ("中仑溪(模拟)", "垄头村", "中仑村", 6, "街镇级", "否"),
    ("大荆溪(模拟)", "小荆村", "大荆村", 6, "街镇级", "是"),
    ("黄岙溪(模拟)", "岙底村", "岙面村", 7, "区级", "否"),
]
SMOKE_FREE = {
    "主城控烟范围(模拟)": ["城中社区", "城南社区", "银海社区", "岭背社区", "上新社区", "新城社区"],
    "昆鹏控烟范围(模拟)": ["昆鹏第一社区", "昆鹏第二社区", "昆鹏第三社区"],
    "大门镇区控烟范围(模拟)": ["大溪社区", "兰湖洞社区"],
}
PROJECTS = [
    ("状元岙港区二期(模拟)", "状元村", 30000, "是"),
    ("昆鹏产业园二期(模拟)", "昆鹏第二社区", 45000, "是"),
    ("环岛公路改造(模拟)", "东沙村", 16000, "否"),
    ("小门岛储运项目(模拟)", "小门村", 36000, "是"),
    ("灵昆安置房(模拟)", "王相村", 20000, "否"),
]
OLD_TOWN = [
    "城中社区",
    "城南社区",
    "银海社区",
    "岭背社区",
    "上新社区",
    "新城社区",
    "中仑村",
    "蓝港社区",
    "大溪社区",
    "九村",
]


def write_geojson(path: Path, rows: list[dict]) -> None:
    """GeoJSON knows no CRS but WGS84; CGCS2000 differs from it by less than a metre."""
    frame = gpd.GeoDataFrame(rows, crs=METRIC).to_crs(GEOGRAPHIC)
    path.unlink(missing_ok=True)
    frame.set_crs(4326, allow_override=True).to_file(path, driver="GeoJSON", COORDINATE_PRECISION=6)


@functools.cache
def is_urban() -> dict[str, bool]:
    """Village code to whether it is 城镇: communities, and the seats of townships that are nearly town.

    Modelled so that 城镇 holds about the 52.82 % of the census.
    """
    names = land.seats().set_index("code").name
    seats = ("中仑村", "惠民村", "岙面村")
    return {code: names[code].endswith("社区") or names[code] in seats for code in people.village_people().index}


@functools.cache
def rivers() -> gpd.GeoDataFrame:
    rows = []
    for name, start, end, width, level, cleaned in RIVERS:
        a, b = places()[start][0], places()[end][0]
        marks, random = np.linspace(0, 1, 25), rng("river " + name)
        swing = np.cumsum(random.normal(0, 26, 25)) * np.sin(np.pi * marks)
        nx, ny = -(b.y - a.y) / a.distance(b), (b.x - a.x) / a.distance(b)
        # It passes beside the two seats, not through them.
        points = [
            (a.x + (b.x - a.x) * t + nx * (60 + s), a.y + (b.y - a.y) * t + ny * (60 + s))
            for t, s in zip(marks, swing, strict=True)
        ]
        line = LineString(points).intersection(_ground().buffer(-5))
        line = max(shapely.get_parts(line), key=lambda part: part.length)
        rows.append({"name": name, "width": width, "level": level, "cleaned": cleaned, "geometry": line})
    return gpd.GeoDataFrame(rows, crs=METRIC)


@functools.cache
def _ground() -> shapely.Geometry:
    return shapely.union_all(land.townships().geometry.values)


@functools.cache
def built_up() -> list[dict]:
    """Where people live densely: cells of 25 and more in town, closed over gaps, by township."""
    transform, _, _ = people.grid()
    row, column = np.nonzero(people.rasters()[0] >= 25)
    west, north = transform.c + column * people.CELL, transform.f - row * people.CELL
    boxes = shapely.box(west, north - people.CELL, west + people.CELL, north)
    villages = land.villages()
    town = shapely.union_all(villages[villages.code.map(is_urban())].geometry.values)
    dense = shapely.union_all(boxes[shapely.intersects(shapely.centroid(boxes), town)])
    closed = dense.buffer(90, join_style="mitre").buffer(-90, join_style="mitre").intersection(_ground())
    rows = []
    for unit in land.townships().itertuples():
        parts = shapely.get_parts(closed.intersection(unit.geometry))
        parts = [part for part in parts if part.geom_type == "Polygon" and part.area > 120_000]
        if parts:
            rows.append({"名称": unit.name + "建成区", "geometry": shapely.simplify(shapely.union_all(parts), 8)})
    return rows


def land_use(folder: Path) -> None:
    """One file of three classes, as a survey of land use has them; a planner picks one with ``where``."""
    rows = [{"类别": "建成区"} | row for row in built_up()]
    parks = gpd.read_file(folder / "parks_sports.gpkg", layer="parks").to_crs(METRIC)
    # Drawn a little wider than the parks' own layer, and other green runs over them: what overlaps is to count once.
    rows += [
        {"类别": "绿地", "名称": park.名称, "geometry": shapely.simplify(park.geometry.buffer(12), 2)}
        for park in parks.itertuples()
    ]
    random = rng("green")
    for row in built_up():
        area = row["geometry"]
        number, tried = 0, 0
        low_x, low_y, high_x, high_y = area.bounds
        green = 0.0
        while green < 0.19 * area.area and tried < 4000:
            tried += 1
            spot = Point(random.uniform(low_x, high_x), random.uniform(low_y, high_y))
            if not area.contains(spot):
                continue
            radius = random.uniform(70, 160)
            turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
            reach = radius * random.uniform(0.7, 1.2, 14)
            blob = shapely.Polygon(
                np.column_stack([spot.x + reach * np.cos(turn), spot.y + 0.6 * reach * np.sin(turn)])
            ).intersection(_ground())
            number += 1
            green += blob.intersection(area).area
            rows.append(
                {"类别": "绿地", "名称": f"{row['名称'].removesuffix('建成区')}绿地{number}(模拟)", "geometry": blob}
            )
    for river in rivers().itertuples():
        shape = shapely.simplify(river.geometry.buffer(river.width / 2, cap_style="flat"), 1)
        rows.append({"类别": "水域", "名称": river.name, "geometry": shape})
    for k, (name, where, radius) in enumerate(
        [("长坑水库", "大长坑村", 110), ("南山水库", "山坪村", 75), ("仰天岙水库", "扎不断村", 60),
         ("南塘湖(模拟)", "打水鞍社区", 150), ("昆鹏湖(模拟)", "昆鹏第一社区", 170), ("城南池塘(模拟)", "城南社区", 35)]
    ):  # fmt: skip
        at = places()[where][0]
        shape = Point(at.x + 180, at.y - 140 + 20 * k).buffer(radius, quad_segs=4).intersection(_ground())
        rows.append({"类别": "水域", "名称": name, "geometry": shape})
    rows = [row for row in rows if not row["geometry"].is_empty]
    for k, row in enumerate(rows):
        row["编码"] = f"YD{k + 1:03d}"
        row["数据来源"] = "模拟"
    order = ["编码", "名称", "类别", "数据来源", "geometry"]
    write_geojson(folder / "land_use.geojson", [{key: row[key] for key in order} for row in rows])


def river_lines(folder: Path) -> None:
    rows = [
        {
            "编码": f"HD{k + 1:02d}",
            "名称": river.name,
            "级别": river.level,
            "已整治": river.cleaned,
            "数据来源": "模拟",
            "geometry": river.geometry,
        }
        for k, river in enumerate(rivers().itertuples())
    ]
    write_geojson(folder / "rivers.geojson", rows)


def zones(folder: Path) -> None:
    """Where smoke-free rules are in force, and the sites of major projects."""
    shapes = land.villages().set_index("code").geometry
    place, rows = Placer("projects"), []
    for name, inside in SMOKE_FREE.items():
        area = shapely.union_all([shapes[places()[village][1]] for village in inside])
        rows.append({"名称": name, "类别": "无烟法规适用范围", "已评估": "", "geometry": shapely.simplify(area, 25)})
    for name, where, area, assessed in PROJECTS:
        rows.append({"名称": name, "类别": "重大项目", "已评估": assessed, "geometry": place.plot(where, area)})
    rows = [{"编码": f"FW{k + 1:02d}"} | row | {"数据来源": "模拟"} for k, row in enumerate(rows)]
    order = ["编码", "名称", "类别", "已评估", "数据来源", "geometry"]
    write_geojson(folder / "zones.geojson", [{key: row[key] for key in order} for row in rows])


@functools.cache
def dwellings() -> list[tuple[str, shapely.Polygon]]:
    """Blocks of flats beside streets of the old town: village name and shape."""
    place, random = Placer("dwellings"), rng("dwellings")
    names = [name for name in OLD_TOWN for _ in range(8 if name.endswith("社区") else 4)]
    return [(name, place.plot(name, float(random.uniform(420, 800)))) for name in names]


def dwelling_shapes(folder: Path) -> None:
    rows = [
        {"编码": f"ZZ{k + 1:03d}", "名称": f"{name}住宅{k + 1}号(模拟)", "数据来源": "模拟", "geometry": shape}
        for k, (name, shape) in enumerate(dwellings())
    ]
    write_geojson(folder / "dwellings.geojson", rows)


def write(folder: Path) -> None:
    for step in (land_use, river_lines, zones, dwelling_shapes):
        step(folder)
