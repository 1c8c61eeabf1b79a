"""The demonstration district against the printed facts it claims to follow. Reads the layers as a user would."""

import hashlib
import math
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import osmium
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from exactextract import exact_extract

DATA = Path(__file__).resolve().parents[2] / "data" / "raw" / "dongtou"
CODES = {
    "330305001": "北岙街道",
    "330305002": "灵昆街道",
    "330305003": "东屏街道",
    "330305004": "元觉街道",
    "330305005": "霓屿街道",
    "330305006": "昆鹏街道",
    "330305101": "大门镇",
    "330305202": "鹿西乡",
}
# group: lat, lon, km2, direction of the long axis (degrees from east, anticlockwise), points on each of its islands
ISLANDS = {
    "灵昆": (27.954, 120.906, 70.8, 160, [(120.906, 27.954)]),
    "大门": (27.965, 121.088, 26.3, 3, [(121.105, 27.970), (121.04782, 27.96641)]),
    "洞头本岛": (27.840, 121.146, 24.5, 30, [(121.146, 27.840), (121.14244, 27.82061)]),
    "状元岙-花岗-三盘": (
        27.887,
        121.125,
        10.1,
        36,
        [(121.122, 27.893), (121.1189, 27.86873), (121.14113, 27.8782)],
    ),
    "霓屿": (27.862, 121.040, 7.8, 109, [(121.040, 27.862)]),
    "鹿西": (27.9836, 121.1822, 8.71, None, [(121.1822, 27.9836)]),
}
CAR = {"motorway", "trunk", "primary", "secondary", "tertiary", "residential", "unclassified", "service"}


@pytest.fixture(scope="module")
def towns() -> gpd.GeoDataFrame:
    return gpd.read_file(DATA / "townships.gpkg", layer="townships")


@pytest.fixture(scope="module")
def villages() -> gpd.GeoDataFrame:
    return gpd.read_file(DATA / "villages.shp", encoding="gb18030")


@pytest.fixture(scope="module")
def roads() -> gpd.GeoDataFrame:
    rows, points = [], {}
    for item in osmium.FileProcessor(str(DATA / "dongtou.osm.pbf")):
        if item.is_node():
            points[item.id] = (item.location.lon, item.location.lat)
        else:
            nodes = [n.ref for n in item.nodes]
            rows.append(
                {
                    "tags": dict(item.tags),
                    "nodes": nodes,
                    "geometry": shapely.LineString([points[n] for n in nodes]),
                }
            )
    return gpd.GeoDataFrame(rows, crs=4490).to_crs(4549)


def joined(roads: gpd.GeoDataFrame, boats: str) -> dict[int, int]:
    """Node -> component, for cars ('none' or 'cars' boats) or for people on foot ('all')."""
    parent: dict[int, int] = {}

    def find(n: int) -> int:
        while parent.setdefault(n, n) != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    for road in roads.itertuples():
        boat = road.tags.get("route") == "ferry"
        fits = boats == "all" or (
            road.tags.get("highway") in CAR if not boat else boats == "cars" and road.tags["motor_vehicle"] == "yes"
        )
        if fits:
            for n in road.nodes[1:]:
                parent[find(n)] = find(road.nodes[0])
    return {n: find(n) for n in parent}


def nearest_node(roads: gpd.GeoDataFrame, parts: dict[int, int], lon: float, lat: float) -> int:
    x, y = pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(lon, lat)
    at: dict[int, tuple[float, float]] = {}
    for road in roads.itertuples():
        at.update(zip(road.nodes, road.geometry.coords, strict=True))
    return parts[min(parts, key=lambda n: math.dist(at[n], (x, y)))]


def test_eight_townships_with_their_codes(towns):
    assert dict(zip(towns.code, towns.name, strict=True)) == CODES
    assert towns.crs.to_epsg() == 4490
    assert set(towns.geom_type) == {"MultiPolygon"}


def test_ninety_two_villages_nest_in_their_townships(towns, villages):
    assert len(villages) == villages["编码"].nunique() == 92
    assert villages["编码"].str.fullmatch(r"\d{12}").all()
    assert villages["户籍"].sum() == 155_000
    assert villages.crs.to_epsg() == 4549
    metric = towns.to_crs(4549).set_index("code").geometry
    for code, rows in villages.groupby(villages["编码"].str[:9]):
        assert set(rows["街道"]) == {CODES[code]}
        assert shapely.union_all(rows.geometry).symmetric_difference(metric[code]).area < 1.0


def test_units_are_valid_coverages(towns, villages):
    assert shapely.coverage_is_valid(towns.geometry.values)
    assert shapely.coverage_is_valid(villages.geometry.values)


def test_villages_are_gbk_and_read_without_being_told():
    assert (DATA / "villages.cpg").read_text().strip().upper() in ("GBK", "GB18030")
    raw = (DATA / "villages.dbf").read_bytes()
    assert "城中社区".encode("gbk") in raw
    assert "城中社区".encode() not in raw
    assert "布袋岙村" in set(gpd.read_file(DATA / "villages.shp")["名称"])


@pytest.mark.parametrize("name", ISLANDS)
def test_islands_lie_where_they_lie(towns, name):
    lat, lon, km2, axis, marks = ISLANDS[name]
    parts = shapely.get_parts(shapely.union_all(towns.to_crs(4549).geometry.values))
    to_metric = pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform
    group = shapely.union_all(
        [part for part in parts if any(part.contains(shapely.Point(to_metric(*m))) for m in marks)]
    )
    assert len(shapely.get_parts(group)) == len(marks)
    assert group.area / 1e6 == pytest.approx(km2, rel=0.05)
    assert math.dist((group.centroid.x, group.centroid.y), to_metric(lon, lat)) < 400
    if axis is not None:
        grid = shapely.points(np.random.default_rng(1).uniform(group.bounds[:2], group.bounds[2:], (30000, 2)))
        _, vectors = np.linalg.eigh(np.cov(shapely.get_coordinates(grid[shapely.contains(group, grid)]).T))
        found = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
        assert abs((found - axis + 90) % 180 - 90) < 8


@pytest.mark.parametrize(("file", "total"), [("population.tif", 148_807), ("population_60plus.tif", 28_184)])
def test_people_add_up_to_the_census(towns, file, total):
    metric = towns.to_crs(4549)
    with rasterio.open(DATA / file) as raster:
        field = raster.read(1, masked=True).filled(0).astype(float)
        assert raster.dtypes[0] == "float32"
        assert raster.nodata is not None
        assert raster.res == (100, 100)
        assert raster.crs.to_epsg() == 4549
        sums = exact_extract(raster, metric, ["sum"], include_cols=["code"], output="pandas").set_index("code")["sum"]
    assert field.sum() == total
    assert (field == np.rint(field)).all()
    assert sums.sum() == pytest.approx(total, abs=1e-6 * total)
    if file == "population.tif":
        assert sums["330305002"] + sums["330305006"] == pytest.approx(41_804, abs=0.1)
        assert sums["330305005"] == pytest.approx(8_537, abs=0.1)
        assert sums["330305202"] == pytest.approx(4_000, abs=0.1)


def test_no_cell_has_more_old_people_than_people_and_every_village_has_some(villages):
    with (
        rasterio.open(DATA / "population.tif") as everyone,
        rasterio.open(DATA / "population_60plus.tif") as aged,
    ):
        assert everyone.transform == aged.transform
        assert everyone.shape == aged.shape
        assert (aged.read(1, masked=True).filled(0) <= everyone.read(1, masked=True).filled(0)).all()
        sums = exact_extract(everyone, villages, ["sum"], output="pandas")["sum"]
    assert (sums > 5).all()


def test_terrain_has_its_summits(towns):
    with rasterio.open(DATA / "dem.tif") as dem:
        assert dem.dtypes[0] == "int16"
        assert dem.nodata == -32768
        assert dem.res == (30, 30)
        assert dem.crs.to_epsg() == 4549
        top = exact_extract(dem, towns.to_crs(4549), ["max"], include_cols=["code"], output="pandas").set_index("code")[
            "max"
        ]
    assert top["330305101"] == pytest.approx(392, abs=4)
    assert top["330305202"] == pytest.approx(233, abs=4)
    assert top["330305002"] <= 5


def test_counts_of_institutions_inside_the_district(towns):
    land = shapely.union_all(towns.geometry.values)
    beds = pd.read_csv(DATA / "hospitals.csv")
    assert shapely.contains_xy(land, beds.lon, beds.lat).sum() == 3
    assert len(beds) == 5
    sheet = openpyxl.load_workbook(DATA / "clinics.xlsx")["医疗机构"]
    head, *rows = sheet.iter_rows(values_only=True)
    frame = pd.DataFrame(rows, columns=head)
    frame = frame[~frame["所属街道"].str.contains("区外")]
    grades = frame["级别"].replace({"乡镇卫生院": "centre", "社区卫生服务中心": "centre"}).value_counts()
    assert grades.to_dict() == {"村卫生室": 29, "社区卫生服务站": 17, "centre": 7}
    for shares in frame["联合设置"].dropna():
        assert set(filter(None, shares.split(";"))) <= set(gpd.read_file(DATA / "villages.shp")["名称"])


def test_shifted_datums_are_really_shifted():
    """Read as if unshifted, GCJ-02 stands half a kilometre and BD-09 over a kilometre off the village."""
    seats = pd.read_csv(DATA / "build" / "places.csv").set_index("name")
    schools = pd.read_excel(DATA / "schools.xlsx")
    row = schools[schools["学校名称"] == "大门镇中学"].iloc[0]
    east = (row["经度"] - seats.lon["大溪社区"]) * 98_400
    assert 100 < east < 900
    windows = pd.read_excel(DATA / "insurance_windows.xlsx")
    row = windows[windows["名称"].str.startswith("鹿西")].iloc[0]
    assert 600 < (row["经度"] - seats.lon["鹿西村"]) * 98_400 < 1500


def test_facilities_stand_beside_streets(roads):
    streets = roads[[("highway" in t) for t in roads.tags]].geometry
    for file, encoding in [
        ("hospitals.csv", None),
        ("aeds.csv", None),
        ("elder_care.csv", None),
        ("psych_stations.csv", None),
        ("ambulance_stations.csv", None),
        ("fitness_points.csv", "gbk"),
        ("water_plants.csv", None),
    ]:
        frame = pd.read_csv(DATA / file, encoding=encoding or "utf-8")
        lon, lat = (frame["经度"], frame["纬度"]) if "经度" in frame else (frame.lon, frame.lat)
        points = gpd.GeoSeries.from_xy(lon, lat, crs=4490).to_crs(4549)
        gap = points.apply(lambda p: streets.distance(p).min())
        assert gap.max() < 60, file
    for layer in ("parks", "sports_grounds"):
        frame = gpd.read_file(DATA / "parks_sports.gpkg", layer=layer)
        assert np.allclose(frame["场地面积"], frame.area, rtol=0.01)
        assert frame.geometry.apply(lambda p: streets.distance(p).min()).max() < 30


def test_dyke_and_seven_bridges(roads):
    names = defaultdict(list)
    for road in roads.itertuples():
        names[road.tags.get("name", "")].append(road)
    (dyke,) = names["灵霓大堤"]
    assert dyke.tags["highway"] == "trunk"
    assert dyke.geometry.length == pytest.approx(14_500, rel=0.01)
    middle = pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(120.99037, 27.90797)
    assert dyke.geometry.interpolate(0.5, normalized=True).distance(shapely.Point(middle)) < 400
    for name in ("浅门大桥", "窄门大桥", "深门大桥", "状元大桥", "花岗大桥", "洞头大桥", "三盘大桥"):
        assert [road.tags["bridge"] for road in names[name]] == ["yes"]


def test_damen_is_not_reached_from_dongtou_by_road_and_luxi_by_boat_only(roads):
    cars, ro_ro, foot = (joined(roads, boats) for boats in ("none", "cars", "all"))
    beiao, lingkun, damen, luxi, mainland = (
        (121.148, 27.837),
        (120.885, 27.955),
        (121.105, 27.972),
        (121.178, 27.982),
        (120.969, 28.0275),
    )
    at = [nearest_node(roads, cars, *p) for p in (beiao, lingkun, damen, luxi, mainland)]
    assert at[0] == at[1]
    assert at[2] == at[4]
    assert len({at[0], at[2], at[3]}) == 3
    at = [nearest_node(roads, ro_ro, *p) for p in (beiao, damen, luxi)]
    assert at[0] == at[2] != at[1]
    assert len({nearest_node(roads, foot, *p) for p in (beiao, damen, luxi)}) == 1
    boats = [road for road in roads.tags if road.get("route") == "ferry"]
    assert len(boats) >= 5
    assert all("duration" in boat and "foot" in boat for boat in boats)


def test_roads_are_ashore_but_for_bridges_and_dyke(roads, towns):
    land = shapely.union_all(towns.to_crs(4549).geometry.values)
    for road in roads.itertuples():
        tags = road.tags
        outside = "is_in" in tags or tags.get("name", "").endswith("接线")
        if "highway" in tags and tags.get("bridge") != "yes" and tags.get("name") != "灵霓大堤" and not outside:
            assert land.buffer(1).covers(road.geometry), tags


def test_roads_cross_only_at_nodes(roads):
    plain = roads[[("highway" in t and t.get("bridge") != "yes") for t in roads.tags]].reset_index(drop=True)
    shapes = plain.geometry.values
    left, right = shapely.STRtree(shapes).query(shapes, predicate="crosses")
    for a, b in zip(left, right, strict=True):
        if a < b:
            shared = set(plain.nodes[a]) & set(plain.nodes[b])
            assert shared, (plain.tags[a], plain.tags[b])
            common = shapely.multipoints([shapes[a].coords[plain.nodes[a].index(n)] for n in shared])
            for point in shapely.get_coordinates(shapes[a].intersection(shapes[b])):
                assert common.distance(shapely.Point(point)) < 4, (plain.tags[a], plain.tags[b], point)


def test_people_and_seats_are_near_streets(roads):
    streets = shapely.union_all(roads[[("highway" in t) for t in roads.tags]].geometry.values)
    seats = pd.read_csv(DATA / "build" / "places.csv")
    points = gpd.GeoSeries.from_xy(seats.lon, seats.lat, crs=4490).to_crs(4549)
    assert shapely.distance(points.values, streets).max() < 300
    with rasterio.open(DATA / "population.tif") as raster:
        field = raster.read(1, masked=True).filled(0)
        rows, cols = np.nonzero(field > 0)
        xs, ys = raster.xy(rows, cols)
    far = shapely.distance(shapely.points(xs, ys), streets) > 500
    assert field[rows, cols][far].sum() < 0.01 * 148_807


def test_network_has_a_sensible_size(roads):
    assert 8_000 < len({n for nodes in roads.nodes for n in nodes}) < 20_000
    classes = {t.get("highway") for t in roads.tags}
    assert {
        "trunk",
        "primary",
        "secondary",
        "tertiary",
        "residential",
        "unclassified",
        "service",
        "footway",
        "steps",
        "path",
        "pedestrian",
    } <= classes
    assert any(t.get("junction") == "roundabout" for t in roads.tags)
    assert any(t.get("oneway") == "yes" and "junction" not in t for t in roads.tags)


def test_water_plants_serve_every_village_once(villages):
    plants = pd.read_csv(DATA / "water_plants.csv", dtype=str)
    served = [code for codes in plants.served.dropna() for code in codes.split(";")]
    assert sorted(served) == sorted(villages["编码"])
    tests = pd.read_csv(DATA / "water_monitoring.csv")
    assert set(tests.plant) == set(plants.id)
    assert set(tests.stage) == {"水源", "出厂", "龙头"}


def test_folder_is_small():
    assert sum(f.stat().st_size for f in DATA.rglob("*") if f.is_file()) < 10_000_000


@pytest.mark.slow
def test_rebuild_gives_the_same_bytes(tmp_path):
    subprocess.run([sys.executable, str(DATA / "build" / "build.py"), "--out", str(tmp_path)], check=True)
    made = sorted(p.name for p in tmp_path.iterdir())
    assert len(made) > 20

    def digest(folder: Path) -> dict[str, str]:
        return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in made}

    assert digest(tmp_path) == digest(DATA)
