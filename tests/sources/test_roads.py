"""The same streets from every kind of file give the same journeys."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pyproj
import pytest
import shapely

from lifecircle.config import Configuration, District, Ferry, RoadsLayer, Terrain, load_modes, load_ways
from lifecircle.problems import Problems
from lifecircle.sources import read_roads
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Entrances, Search, join_points

CRS = "EPSG:4549"
# lon, lat of a tee and of an island across the water.
NODES = {
    1: (121.10, 27.80),
    2: (121.11, 27.80),
    3: (121.12, 27.80),
    4: (121.11, 27.81),
    5: (121.20, 27.80),
    6: (121.21, 27.80),
}
WAYS = {
    10: ([1, 2, 3], {"highway": "primary", "oneway": "yes"}),
    11: ([2, 4], {"highway": "residential"}),
    12: ([5, 6], {"highway": "residential"}),
    13: ([3, 5], {"route": "ferry", "duration": "00:30", "motor_vehicle": "yes"}),
    14: ([1, 4], {"building": "yes"}),
}


def write_osm(path: Path, *, ways=WAYS, absent=()) -> None:
    with osmium.SimpleWriter(str(path)) as writer:
        for number, location in NODES.items():
            if number not in absent:
                writer.add_node(osmium.osm.mutable.Node(id=number, location=location, version=1))
        for number, (nodes, tags) in ways.items():
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags=tags, version=1))


def configure(folder: Path, sailings=(), **roads) -> Configuration:
    district = District(id="x", code="1", name="x", year=2025, crs=CRS)
    return Configuration(
        folder, district, (), None, (), RoadsLayer(**roads), tuple(sailings), Terrain(), load_modes(), (), ()
    )


def read(folder: Path, **roads):
    problems = Problems()
    found, inputs = read_roads(configure(folder, **roads), problems)
    return found, inputs, problems


def drive_s(roads, start, end):
    """Seconds by car between two lon, lat."""
    mode = load_modes({"drive": {"min_fragment_m": 0, "direct_m": 0}})["drive"]
    network = build_network(roads, mode, load_ways())
    x, y = pyproj.Transformer.from_crs(4326, CRS, always_xy=True).transform(*zip(start, end, strict=True))
    one, two = (join_points(network, np.array([x[at]]), np.array([y[at]])) for at in (0, 1))
    return Search(network, "seconds", "toward").nearest(one, Entrances(two, np.array([0, 1])))[0][0]


def metres(a, b):
    x, y = pyproj.Transformer.from_crs(4326, CRS, always_xy=True).transform(*zip(NODES[a], NODES[b], strict=True))
    return np.hypot(x[0] - x[1], y[0] - y[1])


EXPECTED = metres(1, 2) / (60 / 3.6) + metres(2, 4) / (30 / 3.6)


@pytest.mark.parametrize("name", ["roads.osm.pbf", "roads.osm", "roads.osm.gz"])
def test_osm_files(tmp_path, name):
    write_osm(tmp_path / name)
    roads, inputs, problems = read(tmp_path, path=name)
    assert not problems.found
    assert sorted(roads.way_id) == ["w10", "w11", "w12", "w13"]
    assert drive_s(roads, NODES[1], NODES[4]) == pytest.approx(EXPECTED)
    assert np.isinf(drive_s(roads, NODES[4], NODES[1]))
    sea = metres(1, 3) / (60 / 3.6) + 1800 + metres(5, 6) / (30 / 3.6)
    assert drive_s(roads, NODES[1], NODES[6]) == pytest.approx(sea)
    assert (inputs[0].role, inputs[0].rows, inputs[0].used) == ("roads", 4, 4)


def test_ferries_of_the_map_can_be_switched_off(tmp_path):
    write_osm(tmp_path / "roads.osm.pbf")
    roads, _, _ = read(tmp_path, path="roads.osm.pbf", ferries=False)
    assert sorted(roads.way_id) == ["w10", "w11", "w12"]


def test_the_districts_own_ferry(tmp_path):
    write_osm(tmp_path / "roads.osm.pbf")
    ferry = Ferry.model_validate(
        {"from": NODES[4], "to": NODES[5], "minutes": 10, "headway_minutes": 20, "modes": ["drive"]}
    )
    problems = Problems()
    roads, _ = read_roads(configure(tmp_path, [ferry], path="roads.osm.pbf", ferries=False), problems)
    assert drive_s(roads, NODES[4], NODES[6]) == pytest.approx(600 + 600 + metres(5, 6) / (30 / 3.6))


def test_a_way_breaks_where_an_extract_cut_its_nodes_away(tmp_path):
    ways = {10: ([1, 2, 3, 5, 6], {"highway": "primary"}), 13: ([3, 4], {"route": "ferry", "duration": "10"})}
    write_osm(tmp_path / "roads.osm.pbf", ways=ways, absent={3})
    roads, _, problems = read(tmp_path, path="roads.osm.pbf")
    assert roads.way_id.tolist() == ["w10", "w10"]
    assert np.diff(roads.way_start).tolist() == [2, 2]
    (problem,) = problems
    assert (problem.code, problem.count) == ("roads-missing-nodes", 2)


def test_a_vector_layer_with_a_planners_own_words(tmp_path):
    lines = [shapely.LineString([NODES[n] for n in nodes]) for nodes, _ in list(WAYS.values())[:3]]
    frame = gpd.GeoDataFrame({"等级": ["省道", "村道", "村道"], "单行": ["是", "否", None]}, geometry=lines, crs=4490)
    frame.to_file(tmp_path / "roads.shp", encoding="gb18030")
    roads, _, problems = read(
        tmp_path, path="roads.shp", encoding="gb18030", fields={"highway": "等级", "oneway": "单行"},
        classes={"省道": "primary", "村道": "residential"},
    )  # fmt: skip
    assert not problems.found
    assert drive_s(roads, NODES[1], NODES[4]) == pytest.approx(EXPECTED)
    assert np.isinf(drive_s(roads, NODES[4], NODES[1]))


def test_a_vector_layer_with_osms_own_column_names(tmp_path):
    lines = gpd.GeoDataFrame(
        {"highway": ["primary"], "oneway": ["yes"], "bridge": [None]},
        geometry=[shapely.LineString([NODES[1], NODES[2]])], crs="EPSG:4326",
    )  # fmt: skip
    lines.to_file(tmp_path / "roads.gpkg", layer="roads")
    roads, _, _ = read(tmp_path, path="roads.gpkg")
    assert drive_s(roads, NODES[1], NODES[2]) == pytest.approx(metres(1, 2) / (60 / 3.6))
    assert np.isinf(drive_s(roads, NODES[2], NODES[1]))


def test_a_vector_layer_without_its_class_field(tmp_path):
    gpd.GeoDataFrame({"等级": ["省道"]}, geometry=[shapely.LineString([NODES[1], NODES[2]])], crs=4490).to_file(
        tmp_path / "roads.gpkg"
    )
    roads, _, problems = read(tmp_path, path="roads.gpkg")
    assert roads is None
    assert "highway" in str(problems.errors[0])


def test_a_graph_saved_by_osmnx(tmp_path):
    import osmnx

    write_osm(tmp_path / "roads.osm", ways={key: WAYS[key] for key in (10, 11, 12)})
    graph = osmnx.graph_from_xml(tmp_path / "roads.osm", retain_all=True)
    osmnx.save_graphml(graph, tmp_path / "roads.graphml")
    roads, _, problems = read(tmp_path, path="roads.graphml")
    assert not problems.errors
    assert drive_s(roads, NODES[1], NODES[4]) == pytest.approx(EXPECTED, rel=1e-6)
    assert np.isinf(drive_s(roads, NODES[4], NODES[1]))
    assert len(roads) == 4, "the one-way street in two, and each two-way street once"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_extract_is_named(tmp_path, share):
    write_osm(tmp_path / "roads.osm.pbf")
    whole = (tmp_path / "roads.osm.pbf").read_bytes()
    (tmp_path / "roads.osm.pbf").write_bytes(whole[: int(len(whole) * share)])
    roads, _, problems = read(tmp_path, path="roads.osm.pbf")
    assert roads is None
    assert problems.errors[0].file == "roads.osm.pbf"


def test_an_extract_without_ways_is_an_error(tmp_path):
    write_osm(tmp_path / "roads.osm.pbf", ways={})
    roads, _, problems = read(tmp_path, path="roads.osm.pbf")
    assert roads is None
    assert problems.errors[0].code == "roads-empty"


def test_what_is_no_graph_is_named(tmp_path):
    (tmp_path / "roads.graphml").write_text("<html>")
    roads, _, problems = read(tmp_path, path="roads.graphml")
    assert roads is None
    assert problems.errors[0].code == "roads-unreadable"


def test_a_closed_ferry_or_road_is_not_there(tmp_path):
    ways = {**WAYS, 11: (WAYS[11][0], {"highway": "residential", "name": "滨海路"})}
    write_osm(tmp_path / "roads.osm.pbf", ways=ways)
    roads, _, problems = read(tmp_path, path="roads.osm.pbf", closed=["w13", "滨海路"])
    assert [(problem.code, problem.severity) for problem in problems] == [
        ("ferry-closed", "note"),
        ("road-closed", "note"),
    ]
    assert sorted(roads.way_id) == ["w10", "w12"]
    assert np.diff(roads.way_start).tolist() == [3, 2]
    assert np.isinf(drive_s(roads, NODES[1], NODES[6]))
    _, _, problems = read(tmp_path, path="roads.osm.pbf", closed=["滨海大路"])
    assert "滨海路" in problems.errors[0].mend
    ferry = {"from": NODES[4], "to": NODES[5], "minutes": 10, "modes": ["drive"], "closed": True}
    assert not read_roads(configure(tmp_path, [Ferry.model_validate(ferry)], path="roads.osm.pbf"), Problems())[
        0
    ].sailings
