"""Who is served by areas and by pipes, how far water is fetched, and the four criteria: on the made district, by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

from lifecircle.study import run_district
from tests.indicators.district import DISTRICT, FULL, V1, V2, V3, V4, V5, V6, figures, write_district
from tests.indicators.test_supply_and_equity import PLACES, WATER, water
from tests.made import CRS, GROUND, ORIGIN_X, ORIGIN_Y

TIERS = (
    water("county", "tier")
    + water("single", "tier", 'tiers = ["单村水厂"]')
    + water("none", "tier", 'tiers = ["未覆盖"]')
)
POINT = '\n[[facilities]]\nkind = "water_point"\npath = "water_point.csv"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"\nfields = { id = "id" }\n'


def lay_out(folder, toml, **extra):
    """Write the district with its waterworks and any other layers, and return it."""
    write_district(folder, toml)
    for kind, places in {**PLACES, **extra}.items():
        if isinstance(places, gpd.GeoDataFrame):
            places.to_file(folder / f"{kind}.gpkg", layer=kind)
            continue
        named = places.assign(x=places["x"] + ORIGIN_X, y=ORIGIN_Y, name=places["id"])
        named.to_csv(folder / f"{kind}.csv", index=False)
    return folder


def layer(kind, geometry, **columns):
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=CRS)
    return frame, f'\n[[layers]]\nkind = "{kind}"\npath = "{kind}.gpkg"\n'


def people(study, indicator):
    return figures(study, indicator, "numerator")


def test_service_areas_tell_who_is_served(tmp_path):
    # w1 over A, w2 over x 1500-1900 with c4, a second area of w1 over nobody.
    boxes = [GROUND.box(west, -100, east, 100) for west, east in ((0, 1000), (1500, 1900), (3000, 3200))]
    areas, toml = layer("water_service_area", boxes, plant=["w1", "w2", "w1"])
    toml = FULL + WATER + TIERS + toml + '\n[water]\nserved_by = "polygon"\n'
    study = run_district(lay_out(tmp_path / "clauses", toml, water_service_area=areas), with_areas=False)
    assert [people(study, name)[DISTRICT] for name in ("county", "single", "none")] == pytest.approx([150, 20, 130])
    assert people(study, "none")[V5] == 60


def test_pipes_serve_what_they_come_near(tmp_path):
    # The first two pipes touch; w1 stands on the first. V1's people are 400 m from any pipe, V5's and V6's farther.
    lines = [
        shapely.LineString([(ORIGIN_X + west, ORIGIN_Y), (ORIGIN_X + east, ORIGIN_Y)])
        for west, east in ((500, 900), (900, 1200), (1600, 1800))
    ]
    pipes, toml = layer("water_pipe", lines, name=["p1", "p2", "p3"])
    toml = FULL + WATER + TIERS + toml + '\n[water]\nserved_by = "network"\nsnap_m = 60\n'
    study = run_district(lay_out(tmp_path / "clauses", toml, water_pipe=pipes), with_areas=False)
    assert [people(study, name)[DISTRICT] for name in ("county", "single", "none")] == pytest.approx([80, 20, 200])
    assert [people(study, "county")[unit] for unit in (V1, V2, V3, V4)] == pytest.approx([0, 50, 30, 0])


WELL = pd.DataFrame([("b1", 2000)], columns=["id", "x"])


def test_water_is_convenient_where_it_is_piped_or_near_enough(tmp_path):
    # V1, V2, V4 and V5 are piped. c3 is 800 m from the well, and that is still near; c6 1,500 m, and how high nobody knows.
    toml = FULL + WATER + POINT + water("near", "convenience")
    study = run_district(lay_out(tmp_path / "clauses", toml, water_point=WELL), with_areas=False)
    found = people(study, "near")
    assert [found[unit] for unit in (V1, V2, V3, V4, V5, V6)] == pytest.approx(
        [100, 50, 30, 20, 60, np.nan], nan_ok=True
    )
    assert people(study, "near-unknown")[DISTRICT] == 40
    assert figures(study, "near", "high")[DISTRICT] == 100


@pytest.mark.parametrize(
    ("metres", "climb_m", "needs", "convenient"),
    [
        (800, 80, "any", 260),  # c3 is near, c6 far and high
        (799, 80, "any", 260),  # a metre too far, but not too high
        (799, 9, "any", 230),  # both
        (800, 9, "all", 230),  # near enough, too high
        (1500, 200, "all", 300),  # c6 too
    ],
)
def test_metres_and_climb_are_limits_of_the_district(tmp_path, metres, climb_m, needs, convenient):
    toml = FULL + WATER + POINT + water("near", "convenience")
    toml += f'\n[terrain]\ndem = "dem.tif"\n\n[water]\nfetch_metres = {metres}\nfetch_climb_m = {climb_m}\nfetch_needs = "{needs}"\n'
    toml += 'fetch_rule = "well-walk"\nfetch_minutes = 13\n'  # c3 walks 800 s, 13.3 min: never near by minutes alone
    toml += '\n[[rules]]\nid = "well-walk"\nfacilities = { kind = "water_point" }\nmode = "walk"\nminutes = 20\n'
    if needs == "all":
        toml = toml.replace("fetch_minutes = 13", "fetch_minutes = 26")
    toml = toml.replace("[modes.walk]\n", "[modes.walk]\nslope = false\n")
    folder = lay_out(tmp_path / "clauses", toml, water_point=WELL)
    # The well lies at 0 m, x 1000-1500 at 10 m, x 3000-4000 at 200 m.
    heights = np.zeros((10, 60), dtype=np.float32)
    heights[:, 10:15], heights[:, 30:40] = 10, 200
    with rasterio.open(
        folder / "dem.tif", "w", driver="GTiff", width=60, height=10, count=1, dtype="float32", crs=CRS,
        transform=Affine(100, 0, ORIGIN_X, 0, -100, ORIGIN_Y + 500),
    ) as sink:  # fmt: skip
        sink.write(heights, 1)
    study = run_district(folder, with_areas=False)
    assert people(study, "near")[DISTRICT] == pytest.approx(convenient)


def test_four_criteria_fail_one_fail_all_and_not_known_is_apart(tmp_path):
    # w1 0.95, w2 half the days: V4 fails. V5's water was never sampled, V3 and V6 have no works: not known.
    toml = FULL + WATER + POINT + water("four", "four_criteria")
    plants = PLACES["water_plant"].assign(reliability=[0.95, 0.5, 0.99])
    study = run_district(lay_out(tmp_path / "clauses", toml, water_point=WELL, water_plant=plants), with_areas=False)
    assert people(study, "four")[DISTRICT] == 150
    assert people(study, "four-unknown")[DISTRICT] == 130
    states = study.tables["water_four_criteria"].set_index("unit_code")["state"]
    words = ["达标 meets", "达标 meets", "不明 not known", "不达标 fails", "不明 not known", "不明 not known"]
    assert [states[unit] for unit in (V1, V2, V3, V4, V5, V6)] == words
    litres = study.tables["water_four_criteria"].set_index("unit_code")["litres_per_person"]
    assert litres[V4] == pytest.approx(50), "1 m3 for 20 people"
