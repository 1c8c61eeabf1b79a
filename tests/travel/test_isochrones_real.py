"""Isochrones of real streets and of the demonstration district: every audit, and the people inside against the people covered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from lifecircle.config import load_ways
from lifecircle.problems import Problems
from lifecircle.study.heights import find_heights
from lifecircle.study.layers import check_district
from lifecircle.travel.entrances import find_entrances
from lifecircle.travel.isochrones import AccessRaster, dissolved_isochrones, isochrones
from lifecircle.travel.isochrones.draw import MOST_OUTSIDE, MOST_SLOWER
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Search, join_points
from tests.districts.folders import RAW, lay_out

pytestmark = pytest.mark.slow

DONGTOU = Path(__file__).parents[2] / "data" / "raw" / "dongtou"
KINDS = {
    "dongtou": ("insurance_window", "hospital"),
    "las_palmas": ("clinic", "hospital"),
    "malta": ("pharmacy", "hospital"),
}
LIMITS = {"walk": [300.0, 900.0], "drive": [600.0, 1800.0]}


@pytest.fixture(scope="module", params=KINDS)
def district(request, tmp_path_factory):
    name = request.param
    if name != "dongtou" and not RAW.exists():
        pytest.skip("needs ../shared/data: real districts, not part of the repository")
    folder = DONGTOU if name == "dongtou" else lay_out(name, tmp_path_factory.mktemp("isochrones") / name)
    problems = Problems()
    layers = check_district(folder, problems)
    assert layers is not None, problems.errors
    return layers, dict(zip(LIMITS, KINDS[name], strict=True))


@pytest.mark.parametrize("mode", LIMITS)
def test_audits_and_people(district, mode):
    layers, kinds = district
    heights = find_heights(layers.terrain, layers.district.crs)
    network = build_network(layers.roads, layers.configuration.modes[mode], load_ways(), heights)
    frame = layers.facilities.frame
    frame = frame[(frame["kind"] == kinds[mode]) & (frame["status"] == "used")]
    entrances, _ = find_entrances(
        network,
        frame.geometry.to_numpy(),
        frame["entrance_spacing_m"].to_numpy(float),
        frame["border_m"].to_numpy(float),
    )
    made = AccessRaster(network)
    whole = dissolved_isochrones(network, entrances, LIMITS[mode], raster=made)
    drawn = [*whole, *isochrones(network, entrances, LIMITS[mode], raster=made)]
    reached = [each for each in drawn if not each.polygon.is_empty]
    assert len(reached) > len(drawn) / 2
    for each in reached:
        assert each.polygon.is_valid
        assert not each.outside_share > MOST_OUTSIDE, each
        assert not each.slower_share > MOST_SLOWER, each
    cells = layers.cells
    cost, _ = Search(network, "seconds", "toward").nearest(join_points(network, cells.x, cells.y), entrances)
    for each in whole:
        shapely.prepare(each.polygon)
        inside = cells.people[shapely.contains_xy(each.polygon, cells.x, cells.y)].sum()
        assert inside == pytest.approx(cells.people[cost <= each.limit].sum(), rel=0.01)
    assert shapely.difference(whole[0].polygon, whole[1].polygon).area < 1e-3
    assert np.isfinite([each.slower_share for each in whole]).all()
