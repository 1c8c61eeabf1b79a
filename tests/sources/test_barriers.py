"""Rivers and lakes through the door: rows in = used + repaired + set aside, and a CRS that is stated."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import osmium
import pyproj
import pytest
import shapely
from tests.sources.district import BOTTOM, CRS, HEAD, LEFT, codes, only

from lifecircle.model import TerrainLayers
from lifecircle.problems import Problems
from lifecircle.sources import read_barriers
from lifecircle.sources.datum import from_wgs84, parse_crs

TO_LONLAT = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
TOP = BOTTOM + 1000


def place(x, y):
    return LEFT + x, TOP - y


RIVER = shapely.LineString([place(100, -50), place(700, 1050)])
LAKE = shapely.box(*place(1200, 700), *place(1500, 400))


@pytest.fixture
def terrain():
    from rasterio import Affine

    known = np.ones((10, 20), dtype=bool)
    return TerrainLayers(
        Affine(100, 0, LEFT, 0, -100, TOP), parse_crs(CRS).to_wkt(), None, known.astype("int32"), known
    )


@pytest.fixture
def read(configure, terrain):
    def through_the_door(*entries: str, ground=terrain):
        text = '[terrain]\nlandcover = "landcover.tif"\n' + "".join(
            f"[[terrain.barriers]]\n{entry}\n" for entry in entries
        )
        problems = Problems()
        found, _, files = read_barriers(configure(text, HEAD), ground, problems)
        return found, files, problems

    return through_the_door


def write(folder, name, shapes, crs=CRS, **columns):
    gpd.GeoDataFrame(columns or {"n": range(len(shapes))}, geometry=shapes, crs=crs).to_file(folder / name)


def lonlat(shape):
    return shapely.transform(shape, lambda xy: np.column_stack(TO_LONLAT.transform(xy[:, 0], xy[:, 1])))


@pytest.mark.parametrize("name", ["water.gpkg", "water.geojson", "water.shp"])
def test_lines_or_areas_from_any_vector_file(folder, read, name):
    shapes = [RIVER] if name.endswith("shp") else [RIVER, LAKE]
    write(folder, name, [lonlat(shape) for shape in shapes], "EPSG:4326")
    found, (file,), problems = read(f'path = "{name}"')
    assert codes(problems) == []
    assert (file.rows, file.used, file.role) == (len(shapes), len(shapes), "terrain: barriers")
    for ours, given in zip(found.barriers, shapes, strict=True):
        assert shapely.hausdorff_distance(ours, given) < 0.01


def test_only_the_rows_of_where(folder, read):
    write(folder, "water.gpkg", [RIVER, LAKE, RIVER], kind=["river", "pond", "ditch"])
    found, (file,), _ = read('path = "water.gpkg"\nwhere = { kind = ["river", "pond"] }')
    assert len(found.barriers) == file.rows == 2


def test_a_datum_moves_the_river_back(folder, read):
    shifted = shapely.transform(lonlat(RIVER), lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], "gcj02")))
    gpd.GeoDataFrame({"n": [1]}, geometry=[shifted], crs="EPSG:4326").to_file(folder / "water.gpkg")
    found, _, problems = read('path = "water.gpkg"\ndatum = "gcj02"')
    assert codes(problems) == []
    assert shapely.hausdorff_distance(found.barriers[0], RIVER) < 0.5


def test_rows_that_are_no_barrier_are_counted(folder, read):
    bow = shapely.Polygon([place(0, 0), place(300, 300), place(300, 0), place(0, 300)])
    shapes = [RIVER, LAKE.centroid, None, bow, shapely.LineString()]
    write(folder, "water.geojson", shapes)
    found, (file,), problems = read('path = "water.geojson"')
    assert sorted(codes(problems)) == ["barriers-repaired", "barriers-set-aside", "barriers-set-aside"]
    assert (file.rows, file.used, file.repaired, file.set_aside) == (5, 1, 1, 3)
    assert len(found.barriers) == 2
    assert shapely.is_valid(found.barriers).all()


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_layer_without_a_crs_is_not_guessed(folder, read):
    write(folder, "water.shp", [RIVER], None)
    found, files, problems = read('path = "water.shp"')
    assert only(problems, "layer-no-crs").severity == "error"
    assert files == []
    assert len(found.barriers) == 0


def test_every_fault_of_every_layer_at_once(folder, read):
    (folder / "water.osm.pbf").write_bytes(b"not an extract")
    write(folder, "water.gpkg", [RIVER], kind=["river"])
    _, _, problems = read(
        'path = "nowhere.shp"',
        'path = "water.osm.pbf"',
        'path = "water.osm.pbf"\nwhere = { waterway = "river" }',
        'path = "water.gpkg"\nwhere = { kind = "lake" }',
        'path = "water.gpkg"\nwhere = { kin = "lake" }',
        ground=None,
    )
    assert codes(problems) == [
        "file-missing", "barriers-no-tags", "file-unreadable", "layer-where-empty", problems.errors[-1].code,
    ]  # fmt: skip
    assert len(problems.errors) == 5


def test_barriers_far_from_the_ground_are_suspicious(folder, read):
    write(folder, "water.gpkg", [shapely.transform(RIVER, lambda xy: xy + 1e5)])
    _, _, problems = read('path = "water.gpkg"')
    assert only(problems, "barriers-elsewhere").severity == "warning"


def osm_file(path, nodes, ways, relations=(), absent=()):
    with osmium.SimpleWriter(str(path)) as writer:
        for number, at in nodes.items():
            if number not in absent:
                writer.add_node(osmium.osm.mutable.Node(id=number, location=TO_LONLAT.transform(*at), version=1))
        for number, members, tags in ways:
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=members, tags=tags, version=1))
        for number, members, tags in relations:
            writer.add_relation(osmium.osm.mutable.Relation(id=number, members=members, tags=tags, version=1))


NODES = {
    1: place(100, -50), 2: place(400, 500), 3: place(700, 1050),
    4: place(1200, 400), 5: place(1500, 400), 6: place(1500, 700), 7: place(1200, 700),
    8: place(1300, 500), 9: place(1400, 500), 10: place(1400, 600), 11: place(1300, 600),
}  # fmt: skip
RIVER_WAY = (1, [1, 2, 3], {"waterway": "river"})
LAKE_WAY = (2, [4, 5, 6, 7, 4], {"natural": "water"})


def test_rivers_lakes_and_islands_of_an_osm_file(folder, read):
    shore, island = (3, [4, 5, 6, 7, 4], {}), (4, [8, 9, 10, 11, 8], {})
    lake = (9, [("w", 3, "outer"), ("w", 4, "inner")], {"type": "multipolygon", "natural": "water"})
    culvert = (5, [1, 3], {"waterway": "river", "tunnel": "culvert"})
    moat = (6, [8, 9, 10, 11, 8], {"waterway": "river"})
    osm_file(folder / "water.osm.pbf", NODES, [RIVER_WAY, shore, island, culvert, moat], [lake])
    found, files, problems = read(
        'path = "water.osm.pbf"\nwhere = { waterway = ["river", "canal"] }',
        'path = "water.osm.pbf"\nwhere = { natural = "water" }',
    )
    assert codes(problems) == ["barriers-underground"]
    assert [(file.rows, file.used, file.set_aside) for file in files] == [(3, 2, 1), (1, 1, 0)]
    river, ring, water = found.barriers
    assert shapely.hausdorff_distance(river, RIVER) < 0.1
    assert ring.geom_type == "LineString"  # a river that closes is a ring to go round, not an area
    assert water.area == pytest.approx(300 * 300 - 100 * 100, rel=1e-3)
    assert not shapely.intersects(water, shapely.Point(place(1350, 550)))


def test_what_an_extract_cut_away_is_said(folder, read):
    lake = (9, [("w", 3, "outer"), ("w", 77, "outer")], {"type": "multipolygon", "natural": "water"})
    osm_file(folder / "water.osm.pbf", NODES, [RIVER_WAY, LAKE_WAY, (3, [4, 5, 6], {})], [lake], absent={3})
    found, files, problems = read(
        'path = "water.osm.pbf"\nwhere = { waterway = "river" }',
        'path = "water.osm.pbf"\nwhere = { natural = "water" }',
    )
    assert [(problem.code, problem.count) for problem in problems] == [("barriers-incomplete", 1)] * 2
    assert shapely.length(found.barriers[0]) == pytest.approx(shapely.length(RIVER) / 2, rel=1e-3)
    assert found.barriers[1].area == pytest.approx(300 * 300, rel=1e-3)
    assert [file.used for file in files] == [1, 1]


def test_a_truncated_extract_is_named(folder, read):
    osm_file(folder / "water.osm.pbf", NODES, [RIVER_WAY])
    whole = (folder / "water.osm.pbf").read_bytes()
    (folder / "water.osm.pbf").write_bytes(whole[: len(whole) // 2])
    _, _, problems = read('path = "water.osm.pbf"\nwhere = { waterway = "river" }')
    assert only(problems, "file-unreadable").field == "terrain.barriers[1]"


def test_barriers_without_land_cover_only_say_what_cuts_people_off(folder, configure):
    gpd.GeoDataFrame({"名称": ["大河", None]}, geometry=[RIVER, LAKE], crs=CRS).to_file(folder / "water.gpkg")
    problems = Problems()
    entry = '[[terrain.barriers]]\npath = "water.gpkg"\n'
    ground, barriers, _ = read_barriers(configure(entry, HEAD), None, problems)
    assert ground is None
    assert [(problem.code, problem.severity) for problem in problems] == [("barriers-no-ground", "note")]
    assert barriers.name.tolist() == ["大河", ""]
    assert shapely.hausdorff_distance(barriers.shape, [RIVER, LAKE]).max() < 0.01


def test_the_names_of_an_osm_file_and_of_rows_left_out(folder, configure, terrain):
    osm_file(folder / "water.osm.pbf", NODES, [(1, [1, 2, 3], {"waterway": "river", "name": "大河"})], [])
    gpd.GeoDataFrame({"name": ["点", "湖"]}, geometry=[LAKE.centroid, LAKE], crs=CRS).to_file(folder / "w.geojson")
    text = (
        '[terrain]\nlandcover = "landcover.tif"\n[[terrain.barriers]]\npath = "water.osm.pbf"\nwhere = { waterway = "river" }\n'
        '[[terrain.barriers]]\npath = "w.geojson"\n'
    )
    ground, barriers, _ = read_barriers(configure(text, HEAD), terrain, Problems())
    assert barriers.name.tolist() == ["大河", "湖"]
    assert len(ground.barriers) == 2


def test_an_unknown_key_is_named_with_the_nearest(folder):
    from lifecircle.config import read_configuration

    (folder / "district.toml").write_text(HEAD + '[[terrain.barriers]]\npaht = "water.gpkg"\n', encoding="utf-8")
    problems = Problems()
    read_configuration(folder, problems)
    found = [problem for problem in problems.errors if problem.field.startswith("terrain.barriers")]
    assert any('"path"' in problem.mend for problem in found)
