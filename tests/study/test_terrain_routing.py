"""A terrain mode serves any rule, from files, as a network mode does; and rivers hold."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from rasterio import Affine
from shapely.ops import split

from lifecircle.study import run_district
from tests.made import write_layer, write_raster
from tests.sources.district import BOTTOM, CRS, HEAD, LEFT, TOWNSHIPS
from tests.study.ground import (
    CELL_M,
    CLINICS,
    COLUMNS,
    GROUND,
    HIKE,
    OPEN_GROUND,
    ROWS,
    RULE,
    TERRAIN,
    TOP,
    line,
    steps_m,
    write_ground,
)

MORE_RULES = """
[[rules]]
id = "clinic-505m"
facilities = { kind = "clinic" }
mode = "hike"
metres = 505

[[rules]]
id = "visit"
facilities = { kind = "clinic" }
mode = "hike"
minutes = 12.3
ready_minutes = 2
direction = "from"
group = "age60"
levels = ["district"]

[[rules]]
id = "path-5"
facilities = { kind = "path" }
mode = "hike"
minutes = 5.1

[[rules]]
id = "park-5"
facilities = { kind = "park" }
mode = "hike"
minutes = 5.1

[[facilities]]
kind = "path"
path = "paths.gpkg"
fields = { id = "id", name = "id" }

[[facilities]]
kind = "park"
path = "parks.gpkg"
fields = { id = "id", name = "id" }
"""
CLINIC_CELLS = ((2, 3), (7, 16))


@pytest.fixture(scope="module", params=[8, 16])
def served(request, tmp_path_factory):
    # No limit that a cell lies on exactly, at any speed.
    toml = OPEN_GROUND.replace("moves = 8", f"moves = {request.param}").replace("minutes = 10", "minutes = 10.1")
    toml += MORE_RULES
    folder = write_ground(tmp_path_factory.mktemp("ground") / "demo", toml, CLINIC_CELLS)
    path = line((350, 850), (950, 850))  # along the middle of row 8, from the middle of cell 3 to that of 9
    write_layer(folder / "paths.gpkg", [path], id=["f1"])
    park = GROUND.polygon((1250, 250), (1650, 250), (1650, 650), (1250, 650))
    write_layer(folder / "parks.gpkg", [park], id=["g1"])
    return run_district(folder), request.param


def grid(study, values):
    """Values of the people's cells, rows x columns, whatever order they are in."""
    at = np.array([[int(part) for part in name.split("-")] for name in study.cells.id])
    out = np.zeros((ROWS, COLUMNS), dtype=np.asarray(values).dtype)
    out[at[:, 0], at[:, 1]] = values
    return out


PATH_CELLS = [(8, column) for column in range(3, 10)]
PARK_CELLS = [(row, column) for row in range(2, 7) for column in range(12, 17) if row in (2, 6) or column in (12, 16)]


@pytest.mark.parametrize(
    ("rule", "doors", "unit", "ready"),
    [
        ("clinic-hike", CLINIC_CELLS, 60, 0),
        ("clinic-505m", CLINIC_CELLS, 1, 0),
        ("visit", CLINIC_CELLS, 60, 2),
        ("path-5", PATH_CELLS, 60, 0),
        ("park-5", PARK_CELLS, 60, 0),
    ],
)
def test_any_rule_gets_its_cost_its_cover_and_its_reach(served, rule, doors, unit, ready):
    study, moves = served
    result = study.results[rule]
    expected = steps_m(list(doors), moves) / unit + ready
    np.testing.assert_allclose(grid(study, result.nearest.cost), expected, rtol=1e-12)
    limit = result.rule.limit
    assert (np.abs(expected - limit) > 1e-6).all()
    covered = grid(study, result.covered)
    assert (covered == (expected <= limit)).all()
    # The same reach at 0.8 and 1.2 times the speed; a distance has none. Readiness takes no longer on foot.
    if result.rule.is_distance:
        slow = fast = expected <= limit
    else:
        slow, fast = ((expected - ready) / factor <= limit - ready for factor in (0.8, 1.2))
    assert (grid(study, result.covered_low) == slow).all()
    assert (grid(study, result.covered_high) == fast).all()
    # Bounded reach is the nearest within the limit, facility by facility.
    people = grid(study, result.people)
    group = study.cells.people if result.rule.group is None else study.cells.groups[result.rule.group]
    assert (people == grid(study, group)).all()
    one_by_one = [doors] if rule in ("path-5", "park-5") else [[door] for door in doors]
    within = [people[steps_m(list(each), moves) / unit + ready <= limit].sum() for each in one_by_one]
    assert result.people_within.tolist() == pytest.approx(within, rel=1e-12)
    assert result.people_nearest.sum() == pytest.approx(people.sum(), rel=1e-12)


def test_units_of_every_level_add_up_what_is_covered(served):
    study, _ = served
    for rule, result in study.results.items():
        table = study.indicators[study.indicators["indicator"] == rule].set_index("unit_code")["numerator"]
        covered = grid(study, result.covered) * grid(study, result.people)
        assert table["330305"] == pytest.approx(covered.sum(), rel=1e-9), rule
        levels = set(study.indicators.loc[study.indicators["indicator"] == rule, "level"])
        assert levels == ({"district"} if rule == "visit" else {"district", "township"})
        if rule != "visit":
            halves = [covered[:, : COLUMNS // 2].sum(), covered[:, COLUMNS // 2 :].sum()]
            assert table[list(TOWNSHIPS)].tolist() == pytest.approx(halves, rel=1e-9), rule


RASTER = '[population]\nsource = "raster"\npath = "population.tif"\nunit = "people"\n'


@pytest.mark.parametrize(
    ("crs", "size"),
    [
        ("EPSG:4326", 0.0009),
        ("EPSG:4326", 0.00017),
        ("EPSG:32651", 73.0),
        (CRS, 100.0),
        (CRS, 250.0),
        ("EPSG:4490", 0.004),
    ],
)
def test_people_on_another_grid_are_neither_made_nor_lost(tmp_path, crs, size):
    """The people's raster keeps its own cells; each takes the time of the ground its centre lies on."""
    folder = write_ground(tmp_path / "demo", HEAD + RASTER + CLINICS + TERRAIN + HIKE + RULE, ((4, 9),))
    to_raster = pyproj.Transformer.from_crs(CRS, crs, always_xy=True)
    # Wholly within the district, so that nobody is cut off at its edge.
    left, bottom, right, top = to_raster.transform_bounds(LEFT + 300, BOTTOM + 300, LEFT + 1700, BOTTOM + 700)
    shape = max(int((top - bottom) / size), 1), max(int((right - left) / size), 1)
    people = np.random.default_rng(4).gamma(0.5, 3.0, shape).astype("float32")
    write_raster(folder / "population.tif", people, Affine(size, 0, left, 0, -size, top), crs)
    study = run_district(folder)
    total = people.astype(np.float64).sum()
    assert study.cells.people.sum() == pytest.approx(total, rel=1e-9)
    sums = study.conservation["clinic-hike"]
    assert sums["covered"] + sums["uncovered"] + sums["unreachable"] == pytest.approx(total, rel=1e-9)
    assert sums["unreachable"] == 0
    column = ((study.cells.x - LEFT) // CELL_M).astype(int)
    row = ((TOP - study.cells.y) // CELL_M).astype(int)
    expected = steps_m([(4, 9)])[row, column] / 60
    np.testing.assert_allclose(study.results["clinic-hike"].nearest.cost, expected, rtol=1e-12)


def test_land_cover_in_degrees_loses_nobody_either(tmp_path):
    folder = write_ground(tmp_path / "demo")
    lonlat = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    left, bottom, right, top = lonlat.transform_bounds(LEFT - 500, BOTTOM - 500, LEFT + 2500, TOP + 500)
    step = 0.0007
    shape = int((top - bottom) / step), int((right - left) / step)
    write_raster(folder / "landcover.tif", np.ones(shape, "uint8"), Affine(step, 0, left, 0, -step, top), "EPSG:4326")
    study = run_district(folder)
    people = pd.read_csv(folder / "people.csv")["people"].sum()
    assert study.cells.people.sum() == pytest.approx(people, rel=1e-12)
    assert study.conservation["clinic-hike"]["unreachable"] == 0
    minutes = grid(study, study.results["clinic-hike"].nearest.cost)
    straight = np.hypot(*np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))) * CELL_M / 60
    # On squares of about 70 m: no nearer than the straight line but for a cell's size, no farther than 8 moves make it.
    assert (minutes >= straight - 2 * 80 / 60).all()
    assert (minutes <= straight * 1.09 + 2 * 80 / 60).all()


# Rivers: across the district from its upper to its lower edge, beyond both.
RIVERS = {
    "steep": line((700, -200), (820, 300), (760, 520), (1100, 1200)),
    "along_the_diagonal": line((400, -100), (1600, 1100)),
    "through_every_corner": line((500, 0), (1500, 1000)),
    "bent": line((900, -50), (650, 333), (1230, 610), (880, 1050)),
}
BARRIERS = '\n[[terrain.barriers]]\npath = "{path}"\n{more}'
ROADS = '\n[roads]\npath = "roads.gpkg"\n'


def write_river(folder, river, form):
    """Write the river as a file of one kind or another; return its entry in the configuration."""
    if form == "osm":
        lonlat = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
        with osmium.SimpleWriter(str(folder / "water.osm.pbf")) as writer:
            for number, (x, y) in enumerate(river.coords, 1):
                writer.add_node(osmium.osm.mutable.Node(id=number, location=lonlat.transform(x, y), version=1))
            nodes = list(range(1, len(river.coords) + 1))
            writer.add_way(osmium.osm.mutable.Way(id=1, nodes=nodes, tags={"waterway": "river"}, version=1))
            writer.add_way(osmium.osm.mutable.Way(id=2, nodes=nodes[:2], tags={"highway": "path"}, version=1))
        return BARRIERS.format(path="water.osm.pbf", more='where = { waterway = ["river", "canal"] }\n')
    shape = river if form == "line" else river.buffer(8.0)
    frame = gpd.GeoDataFrame({"kind": ["river"]}, geometry=[shape], crs=CRS)
    frame.to_crs("EPSG:4326").to_file(folder / "water.geojson")
    return BARRIERS.format(path="water.geojson", more="")


def write_roads(folder, *roads):
    write_layer(folder / "roads.gpkg", roads, highway=["primary"] * len(roads))


def banks(river, shape):
    """Which cells' middles lie right of the river; into which it reaches; and which it touches, if only at a corner."""
    x, y = LEFT + CELL_M * (np.arange(COLUMNS) + 0.5), TOP - CELL_M * (np.arange(ROWS) + 0.5)
    x, y = np.meshgrid(x, y)
    boxes = shapely.box(x - CELL_M / 2, y - CELL_M / 2, x + CELL_M / 2, y + CELL_M / 2)
    whole = shapely.box(LEFT - 1000, BOTTOM, LEFT + 3000, TOP)
    right = max(split(whole, river).geoms, key=lambda side: side.centroid.x)
    inner = shapely.buffer(boxes, -1e-6, join_style="mitre")
    return (
        shapely.contains(right, shapely.points(x, y)),
        shapely.intersects(inner, shape),
        shapely.dwithin(boxes, shape, 1e-3),
    )


@pytest.mark.parametrize("form", ["line", "area", "osm"])
@pytest.mark.parametrize("moves", [8, 16])
@pytest.mark.parametrize("name", RIVERS)
def test_nobody_slips_through_a_river_and_the_bridge_carries_everyone(tmp_path, name, moves, form):
    river = RIVERS[name]
    folder = write_ground(tmp_path / "demo")
    toml = OPEN_GROUND.replace("moves = 8", f"moves = {moves}") + write_river(folder, river, form)
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    study = run_district(folder)
    minutes = grid(study, study.results["clinic-hike"].nearest.cost)
    is_right, is_wet, is_near = banks(river, river.buffer(8.0) if form == "area" else river)
    assert np.isinf(minutes[is_right | is_wet]).all()
    assert np.isfinite(minutes[~is_right & ~is_near]).all()
    assert (minutes >= steps_m([(0, 0)], moves) / 60 * (1 - 1e-12)).all()  # a barrier speeds nobody
    (read,) = [file for file in study.inputs if file.role == "terrain: barriers"]
    assert (read.rows, read.used, read.set_aside) == (1, 1, 0)
    if form == "line":
        check_the_bridge(folder, toml, minutes, is_wet, is_near)


def check_the_bridge(folder, toml, without, is_wet, is_near):
    """One road over the river: everyone comes across, by it and by nothing else."""
    write_roads(folder, line((50, 450), (1950, 450)))
    going = 'classes = { 1 = { as = "walk", speed_kph = 3.6 } }\n'
    with_roads = toml.replace(going, going + 'roads = { default = { as = "walk", speed_kph = 3.6 } }\n') + ROADS
    (folder / "district.toml").write_text(with_roads, encoding="utf-8")
    study = run_district(folder)
    minutes = grid(study, study.results["clinic-hike"].nearest.cost)
    is_road = np.zeros_like(is_wet)
    is_road[4] = True
    assert np.isfinite(minutes[is_road | ~is_near]).all()
    assert np.isinf(minutes[is_wet & ~is_road]).all()
    assert (minutes <= without * (1 + 1e-12)).all()
    # Whoever crosses does so in row 4: from the other bank it is at least as far as to the bridge and on from it.
    crossing = np.flatnonzero(is_wet[4])
    at_bridge = minutes[4, crossing].min()
    assert minutes[np.isinf(without) & ~is_near].min() >= at_bridge - 1e-9


@pytest.mark.parametrize(("beside_m", "false_cells"), [(30, 9 - 3), (130, 0)])
def test_a_road_along_the_bank_in_the_rivers_own_cells_is_said(tmp_path, beside_m, false_cells):
    """Straight down column 9, with a bridge in row 4: rows 3 to 5 are the bridge's, the other cells the bank road opens."""
    folder = write_ground(tmp_path / "demo")
    toml = OPEN_GROUND + write_river(folder, line((980, -50), (980, 1050)), "line") + ROADS
    going = 'classes = { 1 = { as = "walk", speed_kph = 3.6 } }\n'
    toml = toml.replace(going, going + 'roads = { default = { as = "walk", speed_kph = 3.6 } }\n')
    write_roads(folder, line((50, 450), (1950, 450)), line((980 - beside_m, 50), (980 - beside_m, 850)))
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    found = [problem for problem in run_district(folder).problems if problem.code == "terrain-false-bridge"]
    assert [problem.count for problem in found] == ([false_cells] if false_cells else [])


@pytest.mark.parametrize("tags", [{"highway": "primary", "route": "ferry"}, {"highway": "proposed"}])
def test_a_ferry_with_a_class_of_road_or_a_planned_bridge_is_no_ground_to_walk_on(tmp_path, tags):
    folder = write_ground(tmp_path / "demo")
    toml = OPEN_GROUND + write_river(folder, line((980, -50), (980, 1050)), "line") + ROADS
    going = 'classes = { 1 = { as = "walk", speed_kph = 3.6 } }\n'
    (folder / "district.toml").write_text(
        toml.replace(going, going + 'roads = { default = { as = "walk", speed_kph = 3.6 } }\n'), encoding="utf-8"
    )
    road = {key: [value] for key, value in tags.items()}
    write_layer(folder / "roads.gpkg", [line((50, 450), (1950, 450))], **road)
    study = run_district(folder)
    minutes = grid(study, study.results["clinic-hike"].nearest.cost)
    assert np.isinf(minutes[:, 10:]).all()


def test_barriers_that_are_not_there_are_an_error_beside_the_others(tmp_path):
    from lifecircle.problems import InputError

    folder = write_ground(tmp_path / "demo")
    (folder / "water.osm.pbf").write_bytes(b"")
    more = BARRIERS.format(path="rivers.shp", more="") + BARRIERS.format(path="water.osm.pbf", more="")
    (folder / "clinics.csv").unlink()
    (folder / "district.toml").write_text(OPEN_GROUND + more, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        run_district(folder)
    places = {problem.field for problem in caught.value.problems if problem.severity == "error"}
    assert {"terrain.barriers[1].path", "terrain.barriers[2].where"} <= places
    assert any("clinics.csv" in str(problem) for problem in caught.value.problems)


def test_the_manifest_counts_the_cells_that_are_shut(tmp_path):
    folder = write_ground(tmp_path / "demo")
    (folder / "district.toml").write_text(OPEN_GROUND + write_river(folder, RIVERS["steep"], "line"), encoding="utf-8")
    study = run_district(folder)
    with rasterio.open(folder / "landcover.tif") as source:
        cells = source.width * source.height
    surface = study.details["terrain"]["hike"]
    _, is_wet, is_near = banks(RIVERS["steep"], RIVERS["steep"])
    assert is_wet.sum() <= surface["barrier_cells"] <= is_near.sum()
    assert surface["passable_cells"] == cells - surface["barrier_cells"]
