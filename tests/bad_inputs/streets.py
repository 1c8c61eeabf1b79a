"""Street files that are cut, foreign, elsewhere, in other words, or that do not meet (B76-B86, and beyond the rows)."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from tests.bad_inputs.catalogue import Expected, corruption
from tests.bad_inputs.district import OX, OY, to_lonlat

FILES = ("roads.gpkg", "district.toml")


# ---- the same streets in other files


def point_to(folder: Path, text: str) -> None:
    """Let ``[roads]`` say something else."""
    toml = folder / "district.toml"
    toml.write_text(toml.read_text("utf-8").replace('path = "roads.gpkg"', text), "utf-8")


def read_streets(folder: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(folder / "roads.gpkg")


def write_streets(folder: Path, streets: gpd.GeoDataFrame, name: str = "roads.gpkg") -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    streets.to_file(path, layer=path.stem) if path.suffix == ".gpkg" else streets.to_file(path)


def change(folder: Path, **columns: list[object]) -> gpd.GeoDataFrame:
    """Write the streets with other columns; a list is repeated to their number."""
    streets = read_streets(folder)
    for name, values in columns.items():
        streets[name] = [values[index % len(values)] for index in range(len(streets))]
    write_streets(folder, streets)
    return streets


def write_osm(
    folder: Path, name: str, *, shift: tuple[float, float] = (0, 0), tags: dict[str, str] | None = None
) -> Path:
    """Write the streets as an OpenStreetMap file and point the district to it."""
    streets = read_streets(folder)
    ends = shapely.get_coordinates(streets.geometry.array)
    places, number = np.unique(np.round(ends).astype(int), axis=0, return_inverse=True)
    lon, lat = to_lonlat((places[:, 0] - OX + shift[0]).tolist(), (places[:, 1] - OY + shift[1]).tolist())
    path = folder / name
    with osmium.SimpleWriter(str(path)) as writer:
        for index, place in enumerate(zip(lon.tolist(), lat.tolist(), strict=True), start=1):
            writer.add_node(osmium.osm.mutable.Node(id=index, location=place, version=1))
        for way, pair in enumerate(number.reshape(-1, 2) + 1, start=1):
            writer.add_way(
                osmium.osm.mutable.Way(id=way, nodes=pair.tolist(), tags=tags or {"highway": "residential"}, version=1)
            )
    point_to(folder, f'path = "{name}"')
    return path


GRAPHML = """<?xml version='1.0' encoding='utf-8'?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d0" for="graph" attr.name="crs" attr.type="string"/>
<key id="d1" for="node" attr.name="y" attr.type="string"/><key id="d2" for="node" attr.name="x" attr.type="string"/>
<key id="d3" for="edge" attr.name="highway" attr.type="string"/><key id="d4" for="edge" attr.name="oneway" attr.type="string"/>
<key id="d5" for="edge" attr.name="length" attr.type="string"/>
<graph edgedefault="directed"><data key="d0">epsg:4326</data>
"""


def write_graphml(folder: Path, *, length: str = "250.0", oneway: str = "False") -> Path:
    """Write the streets as OSMnx writes a graph: every two-way street as two edges; the first edge as the test has it."""
    streets = read_streets(folder)
    ends = shapely.get_coordinates(streets.geometry.array)
    places, number = np.unique(np.round(ends).astype(int), axis=0, return_inverse=True)
    lon, lat = to_lonlat((places[:, 0] - OX).tolist(), (places[:, 1] - OY).tolist())
    nodes = [
        f'<node id="{at}"><data key="d1">{b}</data><data key="d2">{a}</data></node>'
        for at, (a, b) in enumerate(zip(lon, lat, strict=True))
    ]
    edge = '<edge source="{}" target="{}" id="0"><data key="d3">residential</data><data key="d4">{}</data><data key="d5">{}</data></edge>'
    edges = []
    for index, (u, v) in enumerate(number.reshape(-1, 2)):
        edges += [
            edge.format(u, v, oneway if index == 0 else "False", length if index == 0 else "250.0"),
            edge.format(v, u, oneway if index == 0 else "False", "250.0"),
        ]
    path = folder / "roads.graphml"
    path.write_text(GRAPHML + "\n".join([*nodes, *edges]) + "</graph></graphml>", "utf-8")
    point_to(folder, 'path = "roads.graphml"')
    return path


def cut(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])


# ---- B76-B80: cut and foreign OpenStreetMap files


@corruption("B76", *FILES)
def pbf_cut_short(folder: Path) -> Expected:
    cut(write_osm(folder, "roads.osm.pbf"), 0.7)
    return Expected("roads-unreadable", "error", "roads.osm.pbf", field="roads.path")


@corruption("B76", *FILES)
def osm_cut_short(folder: Path) -> Expected:
    cut(write_osm(folder, "roads.osm"), 0.7)
    return Expected("roads-unreadable", "error", "roads.osm", field="roads.path")


@corruption("B77", *FILES)
def pbf_without_its_ways(folder: Path) -> Expected:
    write_osm(folder, "roads.osm.pbf", tags={"building": "yes"})
    return Expected("roads-empty", "error", "roads.osm.pbf")


@corruption("B77", *FILES)
def ways_without_their_nodes(folder: Path) -> Expected:
    path = write_osm(folder, "roads.osm")
    lines = path.read_text("utf-8").splitlines()
    nodes = [at for at, line in enumerate(lines) if "<node" in line]
    gone = set(nodes[: int(0.8 * len(nodes))])
    path.write_text("\n".join(line for at, line in enumerate(lines) if at not in gone), "utf-8")
    return Expected("roads-missing-nodes", "error", "roads.osm", words=("319", "388"))


@corruption("B78", *FILES)
def pbf_with_flipped_bits(folder: Path) -> Expected:
    path = write_osm(folder, "roads.osm.pbf")
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 2, len(content) // 2 + 40):
        content[at] ^= 0xFF
    path.write_bytes(content)
    return Expected("roads-unreadable", "error", "roads.osm.pbf")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>\n'


@corruption("B79", *FILES)
def osm_with_entities(folder: Path) -> Expected:
    path = write_osm(folder, "roads.osm")
    head, _, rest = path.read_text("utf-8").partition("\n")
    path.write_text(head + "\n" + BOMB + rest.replace("residential", "&b;", 1), "utf-8")
    return Expected("roads-unreadable", "error", "roads.osm")


@corruption("B79", *FILES)
def graphml_with_entities(folder: Path) -> Expected:
    path = write_graphml(folder)
    path.write_text(path.read_text("utf-8").replace("<graphml", BOMB + "<graphml", 1), "utf-8")
    return Expected("roads-unreadable", "error", "roads.graphml", words=("DOCTYPE",))


# ---- B83: directions


@corruption("B83", *FILES)
def every_street_one_way(folder: Path) -> Expected:
    change(folder, oneway=["yes"])
    return Expected("roads-all-oneway", "warning", "roads.gpkg", field="oneway", count=388, also=("roads-no-way-out",))


@corruption("B83", *FILES)
def a_crossing_nobody_can_leave(folder: Path) -> Expected:
    streets = read_streets(folder)
    centre = shapely.Point(OX + 1000, OY + 500)
    ends = [shapely.Point(line.coords[-1]) for line in streets.geometry]
    touches = streets.geometry.distance(centre) < 1
    streets["oneway"] = [
        None if not near else "yes" if end.distance(centre) < 1 else "-1"
        for near, end in zip(touches, ends, strict=True)
    ]
    write_streets(folder, streets)
    return Expected("roads-no-way-out", "warning", "roads.gpkg", field="oneway", count=1)


def _direction(word: object, code: str, name: str) -> None:
    def spoil(folder: Path) -> Expected:
        change(folder, oneway=[word, "no", "no", "no"])
        return Expected(
            code,
            "warning",
            "roads.gpkg",
            field="oneway",
            words=(str(word), "oneway_values"),
            also=("roads-no-way-out",),
        )

    spoil.__name__ = f"direction_{name}"
    corruption("B83", *FILES)(spoil)


for _word, _code, _name in (
    ("2", "roads-oneway-assumed", "of_navigation_data"), ("3", "roads-oneway-assumed", "of_navigation_data_against"),
    ("T", "roads-oneway-assumed", "t_for_true_or_to"), ("东向", "roads-unknown-oneway", "eastward"), ("?", "roads-unknown-oneway", "unknown"),
):  # fmt: skip
    _direction(_word, _code, _name)


@corruption("B83", *FILES)
def directions_in_a_column_that_is_not_read(folder: Path) -> Expected:
    change(folder, 单行=["是", "否", "否"])
    return Expected("roads-oneway-unread", "warning", "roads.gpkg", field="单行", words=("fields.oneway",))


@corruption("B83", *FILES)
def graphml_with_other_directions(folder: Path) -> Expected:
    write_graphml(folder, oneway="东向")
    return Expected("roads-unknown-oneway", "warning", "roads.graphml", field="oneway", words=("东向",), count=2)


# ---- B84: speeds and lengths


@corruption("B84", *FILES)
def absurd_speed_limits(folder: Path) -> Expected:
    change(folder, maxspeed=["3000", "0", "60", "30 mph", "CN:urban", "60 km/h", None])
    toml = folder / "district.toml"
    toml.write_text(toml.read_text("utf-8") + "\n[modes.drive]\nmaxspeed = true\n", "utf-8")
    return Expected(
        "roads-maxspeed-absurd", "warning", "roads.gpkg", field="maxspeed", words=("3000", "5-160"), count=112
    )


@corruption("B84", *FILES)
def an_edge_without_a_length(folder: Path) -> Expected:
    write_graphml(folder, length="nan")
    return Expected("roads-bad-length", "warning", "roads.graphml", row="-", field="length", count=1)


@corruption("B84", *FILES)
def an_edge_of_negative_length(folder: Path) -> Expected:
    write_graphml(folder, length="-5")
    return Expected("roads-bad-length", "warning", "roads.graphml", field="length", count=1)


# ---- B85: another extent


@corruption("B85", *FILES)
def streets_of_another_county(folder: Path) -> Expected:
    write_osm(folder, "roads.osm", shift=(50_000, 90_000))
    return Expected("roads-elsewhere", "error", "roads.osm", field="roads.path", words=("km",))


@corruption("B85", *FILES)
def latitude_first(folder: Path) -> Expected:
    streets = read_streets(folder).to_crs(4326)
    turned = shapely.transform(streets.geometry.array, lambda place: place[:, ::-1])
    write_streets(folder, streets.set_geometry(gpd.GeoSeries(turned, crs=4326)), "roads.geojson")
    point_to(folder, 'path = "roads.geojson"')
    return Expected("roads-elsewhere", "error", "roads.geojson", words=("对调", "388 of 388"))


@corruption("B85", *FILES)
def another_zone(folder: Path) -> Expected:
    point_to(folder, 'path = "roads.gpkg"\ncrs = "EPSG:4546"')
    return Expected(
        "roads-elsewhere", "error", "roads.gpkg", words=("EPSG:4549", "388 of 388"), also=("layer-crs-overridden",)
    )


@corruption("B85", *FILES)
def metres_said_to_be_degrees(folder: Path) -> Expected:
    streets = read_streets(folder)
    write_streets(folder, streets.set_crs(4326, allow_override=True))
    return Expected("roads-elsewhere", "error", "roads.gpkg", words=("EPSG:4549", "388 of 388"))


@corruption("B85", *FILES)
def the_other_hemisphere(folder: Path) -> Expected:
    streets = read_streets(folder).to_crs(4326)
    moved = shapely.transform(streets.geometry.array, lambda place: place * [1, -1])
    write_streets(folder, streets.set_geometry(gpd.GeoSeries(moved, crs=4326)))
    return Expected("roads-elsewhere", "error", "roads.gpkg", words=("变号", "388 of 388"))


@corruption("B85", *FILES)
def half_the_townships(folder: Path) -> Expected:
    streets = read_streets(folder)
    write_streets(folder, streets[streets.bounds["maxx"] < OX + 1800])
    return Expected(
        "roads-not-covering", "warning", "roads.gpkg", row="330399101", field="township", words=("乙镇", "680 人"), count=1,
        also=("roads-clipped",),
    )  # fmt: skip


@corruption("B85", *FILES)
def clipped_inside(folder: Path) -> Expected:
    streets = read_streets(folder)
    box = shapely.box(OX - 300, OY - 1300, OX + 2600, OY + 1300)
    write_streets(folder, streets.clip(box, keep_geom_type=True))
    return Expected("roads-clipped", "warning", "roads.gpkg", words=("东 east 11",))


@corruption("B85", *FILES)
def cut_at_the_border(folder: Path) -> Expected:
    streets = read_streets(folder)
    streets = streets.set_geometry(streets.translate(100, 100))
    box = shapely.box(OX, OY - 1000, OX + 4000, OY + 1000)
    write_streets(folder, streets.clip(box, keep_geom_type=True))
    return Expected("roads-cut-at-border", "warning", "roads.gpkg", count=48)


@corruption("B85", *FILES)
def mirrored(folder: Path) -> Expected:
    """Streets of the east on the west, and the people where there are streets."""
    streets = read_streets(folder)
    half = streets[(streets.bounds["maxx"] < OX + 1100) & (streets.bounds["maxy"] < OY)]
    far = gpd.GeoDataFrame(
        {"highway": ["trunk"]},
        geometry=[shapely.LineString([(OX - 250, OY - 1250), (OX + 4250, OY - 1250)])],
        crs=half.crs,
    )
    turned = half.set_geometry(
        gpd.GeoSeries(shapely.transform(half.geometry.array, lambda p: [2 * OX + 4000, 0] + p * [-1, 1]), crs=half.crs)
    )
    write_streets(folder, pd.concat([turned, far]))
    from tests.bad_inputs.district import write_raster

    people = np.zeros((20, 40))
    people[10:, :10] = 8.0
    people[0, 30] = 1.0
    write_raster(folder / "people.tif", people)
    write_raster(folder / "people_60.tif", people / 4)
    return Expected(
        "roads-mirrored", "warning", "roads.gpkg", words=("east-west",),
        also=("roads-not-covering", "roads-clipped", "roads-ends-on-street", "population-empty-unit"),
    )  # fmt: skip


# ---- B86: graphs


@corruption("B86", *FILES)
def graphml_cut_short(folder: Path) -> Expected:
    cut(write_graphml(folder), 0.6)
    return Expected("roads-unreadable", "error", "roads.graphml")


@corruption("B86", *FILES)
def graphml_of_something_else(folder: Path) -> Expected:
    path = folder / "roads.graphml"
    path.write_text(
        GRAPHML
        + '<node id="1"><data key="d3">a</data></node><node id="2"/><edge source="1" target="2"/></graph></graphml>',
        "utf-8",
    )
    point_to(folder, 'path = "roads.graphml"')
    return Expected("roads-unreadable", "error", "roads.graphml", words=("x",))


@corruption("B86", *FILES)
def a_pickle_by_another_name(folder: Path) -> Expected:
    (folder / "roads.graphml").write_bytes(b"\x80\x04cos\nsystem\n(S'false'\ntR.")
    point_to(folder, 'path = "roads.graphml"')
    return Expected("roads-unreadable", "error", "roads.graphml")


@corruption("B86", *FILES)
def graphml_without_crs(folder: Path) -> Expected:
    path = write_graphml(folder)
    path.write_text(path.read_text("utf-8").replace('<data key="d0">epsg:4326</data>', ""), "utf-8")
    return Expected("roads-unreadable", "error", "roads.graphml", words=("crs",))


# ---- beyond the rows: streets that do not meet, classes, keys


def _move_end(folder: Path, metres: float) -> None:
    """Draw one street so much too short."""
    streets = read_streets(folder)
    chosen = next(
        at for at, line in enumerate(streets.geometry)
        if line.coords[0] == (OX + 1000, OY + 500) and line.coords[-1] == (OX + 1000, OY + 750)
    )  # fmt: skip
    shapes = streets.geometry.tolist()
    shapes[chosen] = shapely.LineString([(OX + 1000, OY + 500), (OX + 1000, OY + 750 - metres)])
    write_streets(folder, streets.set_geometry(gpd.GeoSeries(shapes, crs=streets.crs)))


def _loose(metres: float) -> None:
    def spoil(folder: Path) -> Expected:
        _move_end(folder, metres)
        return Expected("roads-loose-ends", "warning", "roads.gpkg", words=("snap_m",), count=1)

    spoil.__name__ = f"end_short_by_{metres:g}_m".replace(".", "_")
    corruption("B86+", *FILES)(spoil)


for _metres in (0.0015, 0.01, 0.3, 0.95):
    _loose(_metres)


def _whole_lines() -> list[shapely.LineString]:
    """The same net, one line a street."""
    across = [shapely.LineString([(OX - 250, OY + y), (OX + 4250, OY + y)]) for y in range(-1250, 1251, 250)]
    return across + [shapely.LineString([(OX + x, OY - 1250), (OX + x, OY + 1250)]) for x in range(-250, 4251, 250)]


@corruption("B86+", *FILES)
def streets_that_cross_without_a_vertex(folder: Path) -> Expected:
    lines = _whole_lines()
    streets = gpd.GeoDataFrame({"highway": ["residential"] * len(lines)}, geometry=lines, crs=read_streets(folder).crs)
    write_streets(folder, streets)
    return Expected(
        "roads-crossings", "warning", "roads.gpkg", words=("node = true",), count=153, also=("roads-ends-on-street",)
    )


@corruption("B86+", *FILES)
def streets_that_end_on_another(folder: Path) -> Expected:
    lines = _whole_lines()
    streets = gpd.GeoDataFrame({"highway": ["residential"] * len(lines)}, geometry=lines, crs=read_streets(folder).crs)
    write_streets(folder, streets)
    return Expected(
        "roads-ends-on-street", "warning", "roads.gpkg", words=("node = true",), count=52, also=("roads-crossings",)
    )


@corruption("B86+", *FILES)
def two_nodes_at_one_place(folder: Path) -> Expected:
    path = write_osm(folder, "roads.osm")
    lines = path.read_text("utf-8").splitlines()
    node = next(line for line in lines if "<node" in line and 'id="60"' in line)
    way = next(at for at, line in enumerate(lines) if 'ref="60"' in line)
    lines[way] = lines[way].replace('ref="60"', 'ref="9060"')
    lines.insert(lines.index(node), node.replace('id="60"', 'id="9060"'))
    path.write_text("\n".join(lines), "utf-8")
    return Expected("roads-twin-nodes", "warning", "roads.osm", words=("snap_m",), count=1)


@corruption("B86+", *FILES)
def classes_of_administrative_rank(folder: Path) -> Expected:
    change(folder, highway=["县道", "村道", "国道"])
    return Expected(
        "roads-class-assumed",
        "warning",
        "roads.gpkg",
        field="highway",
        words=("县道 = secondary", "classes"),
        count=388,
    )


@corruption("B86+", *FILES)
def classes_that_nobody_knows(folder: Path) -> Expected:
    change(folder, highway=["residential", "类别7"])
    return Expected("roads-unknown-class", "warning", "roads.gpkg", field="highway", words=("类别7",), count=194)


@corruption("B86+", *FILES)
def a_class_that_does_not_exist(folder: Path) -> Expected:
    change(folder, highway=["主路"])
    point_to(folder, 'path = "roads.gpkg"\nclasses = { "主路" = "secondry" }')
    return Expected(
        "roads-unknown-class-target", "error", "district.toml", field="roads.classes.主路", words=('"secondary"',)
    )


@corruption("B86+", *FILES)
def a_field_that_does_not_exist(folder: Path) -> Expected:
    point_to(folder, 'path = "roads.gpkg"\nfields = { onewy = "highway" }')
    return Expected("roads-unknown-field", "error", "district.toml", field="roads.fields.onewy", words=('"oneway"',))


@corruption("B86+", *FILES)
def only_paths_for_cars(folder: Path) -> Expected:
    change(folder, highway=["footway"])
    return Expected("roads-none-for-mode", "warning", "roads.gpkg", field="modes.drive")


@corruption("B86+", *FILES)
def rows_without_lines(folder: Path) -> Expected:
    streets = read_streets(folder)
    shapes = streets.geometry.tolist()
    extra = gpd.GeoDataFrame(
        {"highway": ["residential"] * 3},
        geometry=[None, shapely.Point(OX, OY), shapely.LineString([(OX, OY), (OX, OY)])], crs=streets.crs,
    )  # fmt: skip
    write_streets(
        folder, pd.concat([streets.set_geometry(gpd.GeoSeries(shapes, crs=streets.crs)), extra], ignore_index=True)
    )
    return Expected(
        "roads-not-lines", "set_aside", "roads.gpkg", count=1, also=("roads-no-geometry", "roads-no-length")
    )


@corruption("B86+", *FILES)
def a_bridge_with_a_vertex_on_the_street_below(folder: Path) -> Expected:
    streets = read_streets(folder)
    bridge = shapely.LineString([(OX + 1050, OY + 450), (OX + 1000, OY + 500), (OX + 950, OY + 550)])
    extra = gpd.GeoDataFrame({"highway": ["residential"], "bridge": ["yes"]}, geometry=[bridge], crs=streets.crs)
    write_streets(folder, pd.concat([streets, extra], ignore_index=True))
    return Expected("roads-levels-apart", "note", "roads.gpkg", field="bridge", words=("1 处",))


@corruption("B86+", *FILES)
def node_for_openstreetmap(folder: Path) -> Expected:
    write_osm(folder, "roads.osm")
    point_to(folder, "")
    toml = folder / "district.toml"
    toml.write_text(toml.read_text("utf-8").replace('path = "roads.osm"', 'path = "roads.osm"\nnode = true'), "utf-8")
    return Expected("roads-node-osm", "error", "district.toml", field="roads.node")
