"""What is closed is not there, whatever kind of file it comes from, and a name nobody knows is an error."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pytest
import shapely
from tests.sources.test_roads import NODES, configure, write_osm

from lifecircle.config import Ferry
from lifecircle.problems import Problems
from lifecircle.sources import read_roads

# A street, a bridge with a name of its own that carries it on, a side street, a ferry.
NAMED = {
    10: ([1, 2], {"highway": "primary", "name": "滨海路"}),
    11: ([2, 3], {"highway": "primary", "name": "滨海路", "bridge": "yes", "bridge:name": "跨海大桥"}),
    12: ([2, 4], {"highway": "residential"}),
    13: ([3, 5], {"route": "ferry", "duration": "00:30", "name": "夜航"}),
}


def osm_file(folder, name):
    write_osm(folder / name, ways=NAMED)
    return {"path": name}


def vector_file(folder, name, column):
    lines = [shapely.LineString([NODES[n] for n in nodes]) for nodes, _ in NAMED.values()]
    tags = [tag for _, tag in NAMED.values()]
    gpd.GeoDataFrame(
        {
            "highway": [tag.get("highway", "") or None for tag in tags],
            column: [tag.get("bridge:name") or tag.get("name") for tag in tags],
        },
        geometry=lines, crs=4490,
    )[:3].to_file(folder / name)  # fmt: skip
    return {"path": name, **({"fields": {"name": column}} if column != "name" else {})}


def graph_file(folder, name):
    import osmnx

    write_osm(folder / "roads.osm", ways={key: NAMED[key] for key in (10, 11, 12)})
    graph = osmnx.graph_from_xml(folder / "roads.osm", retain_all=True, simplify=False)
    osmnx.save_graphml(graph, folder / name)
    return {"path": name}


def read(folder, layer, closed, ferries=(), at=None):
    problems = Problems()
    configuration = configure(folder, ferries, **layer, closed=closed)
    configuration = replace(configuration, district=configuration.district.model_copy(update={"at": at}))
    roads, _ = read_roads(configuration, problems)
    return roads, problems


KINDS = {
    "pbf": lambda folder: osm_file(folder, "roads.osm.pbf"),
    "osm": lambda folder: osm_file(folder, "roads.osm"),
    "gpkg": lambda folder: vector_file(folder, "roads.gpkg", "name"),
    "shp": lambda folder: vector_file(folder, "roads.shp", "名称"),
    "graphml": lambda folder: graph_file(folder, "roads.graphml"),
}


# A vector layer has one column of names; a graph that OSMnx saved has no bridge:name.
@pytest.mark.parametrize(
    ("kind", "closed", "left"),
    [
        *((kind, [], 3) for kind in KINDS),
        *((kind, ["滨海路"], 2 if kind in ("gpkg", "shp") else 1) for kind in KINDS),
        *((kind, ["跨海大桥"], 2) for kind in KINDS if kind != "graphml"),
    ],
)
def test_a_name_closes_every_way_that_has_it(tmp_path, kind, closed, left):
    roads, problems = read(tmp_path, KINDS[kind](tmp_path), closed)
    assert problems.errors == []
    assert int(roads.tags["highway"].notna().sum()) == left
    assert [closure.name for closure in roads.closures] == closed
    assert all(closure.kind == "road" and closure.why == "closed" for closure in roads.closures)
    assert len(roads.way_start) == len(roads) + 1
    assert roads.way_start[-1] == len(roads.way_node)


@pytest.mark.parametrize(
    ("kind", "identity"), [("pbf", "w12"), ("osm", "w12"), ("gpkg", "r3"), ("shp", "r2"), ("graphml", "w12")]
)
def test_an_id_closes_one_way(tmp_path, kind, identity):
    layer = KINDS[kind](tmp_path)
    whole, _ = read(tmp_path, layer, [])
    roads, problems = read(tmp_path, layer, [identity])
    assert problems.errors == []
    assert set(whole.way_id) - set(roads.way_id) == {identity}
    assert roads.tags["highway"].astype(object).dropna().tolist() == ["primary", "primary"]


def test_an_osmnx_edge_of_several_ways_is_closed_by_each(tmp_path):
    import osmnx

    ways = {10: ([1, 2], {"highway": "primary", "name": "甲路"}), 11: ([2, 3], {"highway": "primary", "name": "乙路"})}
    write_osm(tmp_path / "roads.osm", ways=ways)
    osmnx.save_graphml(osmnx.graph_from_xml(tmp_path / "roads.osm", retain_all=True), tmp_path / "roads.graphml")
    for name in ("w10", "w11", "甲路", "乙路"):
        roads, problems = read(tmp_path, {"path": "roads.graphml"}, [name])
        assert problems.errors == [], name
        assert len(roads) == 0, name


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_nobody_knows_is_an_error_with_the_nearest(tmp_path, kind):
    layer = KINDS[kind](tmp_path)
    _, problems = read(tmp_path, layer, ["滨海大路", "w12345"])
    assert [problem.field for problem in problems.errors] == ["roads.closed[1]", "roads.closed[2]"]
    assert '"滨海路"' in problems.errors[0].mend
    assert problems.errors[1].mend


def test_a_layer_without_names_says_so(tmp_path):
    write_osm(tmp_path / "roads.osm.pbf", ways={12: NAMED[12]})
    _, problems = read(tmp_path, {"path": "roads.osm.pbf"}, ["滨海路"])
    assert "fields.name" in problems.errors[0].mend


BOAT = {"from": NODES[4], "to": NODES[5], "minutes": 10, "modes": ["walk"], "name": "日航", "hours": ["06:30-18:00"]}


@pytest.mark.parametrize(
    ("changes", "closed", "at", "sails", "why"),
    [
        ({}, [], None, True, None),
        ({}, [], "12:00", True, None),
        ({}, [], "22:30", False, "hours"),
        ({"hours": ["22:00-02:00", "06:30-18:00"]}, [], "22:30", True, None),
        ({"hours": []}, [], "22:30", True, None),
        ({"closed": True}, [], "12:00", False, "closed"),
        ({}, ["日航"], None, False, "closed"),
    ],
)
def test_a_ferry_sails_within_its_hours_unless_closed(tmp_path, changes, closed, at, sails, why):
    layer = osm_file(tmp_path, "roads.osm.pbf")
    roads, problems = read(tmp_path, layer, closed, [Ferry.model_validate(BOAT | changes)], at)
    assert problems.errors == []
    assert [sailing.name for sailing in roads.sailings] == (["日航"] if sails else [])
    assert [(closure.name, closure.why) for closure in roads.closures] == ([("日航", why)] if why else [])
    said = {problem.code for problem in problems if problem.severity == "note" and "日航" in problem.found}
    assert said == ({"ferry-not-sailing"} if why == "hours" else {"ferry-closed"} if why else set())


def test_without_a_time_of_day_it_is_said_that_every_ferry_sails(tmp_path):
    layer = osm_file(tmp_path, "roads.osm.pbf")
    _, problems = read(tmp_path, layer, [], [Ferry.model_validate(BOAT)])
    assert [(problem.code, problem.field) for problem in problems] == [("ferry-hours", "district.at")]
    _, problems = read(tmp_path, layer, [], [], "22:30")
    (note,) = problems
    assert "opening_hours" in note.found  # the map's own ferry, whose hours are not read


def test_a_ferry_of_the_map_is_closed_by_its_name(tmp_path):
    roads, _ = read(tmp_path, osm_file(tmp_path, "roads.osm.pbf"), ["夜航"])
    assert sorted(roads.way_id) == ["w10", "w11", "w12"]
    assert [(closure.kind, closure.ways) for closure in roads.closures] == [("ferry", 1)]
