"""WHO AccessMod's own figures for its demonstration district, to the minute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

from lifecircle.travel.terrain import (
    Going,
    GroundEntrances,
    TerrainSearch,
    make_surface,
    place_points,
    published_minutes,
)

ORACLE = Path(__file__).parents[2].parent / "shared" / "oracles" / "accessmod_malawi"
pytestmark = pytest.mark.skipif(not ORACLE.is_dir(), reason="../shared/oracles/accessmod_malawi is not here")
WAYS = {"BICYCLING": "bike", "WALKING": "walk", "MOTORIZED": "motor"}


@pytest.fixture(scope="module")
def layers():
    with rasterio.open(ORACLE / "landcover_merged.tif") as landcover, rasterio.open(ORACLE / "dem.tif") as dem:
        assert landcover.transform == dem.transform
        classes, is_known = landcover.read(1), landcover.read_masks(1) > 0
        return classes, dem.read(1).astype(np.float64), landcover.transform, landcover.crs.to_wkt(), is_known


@pytest.fixture(scope="module")
def facilities():
    return pd.read_csv(ORACLE / "facilities.csv")


def surface_of(layers, goings):
    classes, elevation, transform, crs, is_known = layers
    return make_surface(classes, goings, elevation, transform, crs, is_known=is_known)


def doors_of(surface, facilities):
    places = place_points(surface, facilities["x"].to_numpy(), facilities["y"].to_numpy())
    assert (places.cell == facilities["row"] * surface.shape[1] + facilities["col"]).all()
    return GroundEntrances(places, np.arange(len(places) + 1))


@pytest.mark.parametrize(("moves", "mean_min", "unreached"), [(8, 29.419, 32_283), (16, 29.522, 31_829)])
def test_the_motorised_scenario(layers, facilities, moves, mean_min, unreached):
    surface = surface_of(layers, {name: Going("motor", 50.0) for name in np.unique(layers[0]).tolist()})
    cost, _ = TerrainSearch(surface, moves=moves).spread(doors_of(surface, facilities), 3600.0)
    minutes = published_minutes(cost)
    assert np.isinf(minutes).sum() == unreached
    assert minutes[np.isfinite(minutes)].mean() == pytest.approx(mean_min, abs=5e-4)


@pytest.mark.parametrize("direction", ["toward", "from"])
def test_ninety_referrals_to_the_minute(layers, facilities, direction):
    scenario = pd.read_csv(ORACLE / "tScenario__demo.csv")
    rows = zip(scenario["class"], scenario["mode"], scenario["speed"], strict=True)
    surface = surface_of(layers, {int(name): Going(WAYS[mode], float(speed)) for name, mode, speed in rows})
    doors = doors_of(surface, facilities)
    reach = TerrainSearch(surface, direction, parity=True).reach(doors.places, doors, 1e7).toarray()
    expected = pd.read_csv(ORACLE / "expected_referral_all.csv")
    origin, target = expected["from__cat"].to_numpy() - 1, expected["to__cat"].to_numpy() - 1
    seconds = reach[target, origin] if direction == "toward" else reach[origin, target]
    assert (published_minutes(seconds) == expected["time_m"]).sum() == len(expected) == 90
