"""AccessMod's demonstration district through an ordinary ``district.toml``, from its files to AccessMod's published figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from lifecircle.study import run_district

ORACLE = Path(__file__).parents[3] / "shared" / "oracles" / "accessmod_malawi"
pytestmark = pytest.mark.skipif(
    not ORACLE.is_dir(), reason="needs ../shared/oracles: AccessMod's case, not part of the repository"
)

CELLS = 227 * 196


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Everybody everywhere: one person on every cell of land, so that the run's cells are AccessMod's raster."""
    folder = tmp_path_factory.mktemp("malawi") / "malawi"
    folder.mkdir()
    for name in ("dem.tif", "landcover_merged.tif", "facilities.csv"):
        shutil.copy(ORACLE / name, folder)
    with rasterio.open(ORACLE / "landcover_merged.tif") as source:
        bounds, profile = source.bounds, source.profile
        classes = np.unique(source.read(1, masked=True).compressed())
    profile.update(dtype="float32", nodata=-1)
    with rasterio.open(folder / "population.tif", "w", **profile) as target:
        target.write(np.ones((1, profile["height"], profile["width"]), dtype="float32"))
    gpd.GeoDataFrame({"code": ["MW"], "name": ["district"]}, geometry=[shapely.box(*bounds)], crs="EPSG:32636").to_file(
        folder / "outline.gpkg", layer="outline"
    )
    everywhere = ", ".join(f'{number} = {{ as = "motor", speed_kph = 50 }}' for number in classes.tolist())
    template = (Path(__file__).parent / "malawi.toml").read_text("utf-8")
    (folder / "district.toml").write_text(template.replace("@CLASSES@", everywhere), encoding="utf-8")
    return run_district(folder)


@pytest.mark.parametrize(
    ("rule", "mean", "null"), [("health-60min", 29.419, 32_283), ("health-60min-knight", 29.522, 31_829)]
)
def test_accessmods_means_and_null_cells(study, rule, mean, null):
    """Published: at most 60 minutes, minutes rounded up."""
    minutes = study.results[rule].nearest.cost
    assert len(minutes) == CELLS
    within = minutes[minutes <= 60]
    assert (within == np.round(within)).all()
    assert round(float(within.mean()), 3) == mean
    assert CELLS - len(within) == null
    assert study.indicators.set_index(["indicator", "level"]).loc[(rule, "district"), "numerator"] == pytest.approx(
        len(within), abs=1e-6
    )


def test_areas_are_the_cells_of_ground_within_the_limit(study):
    for rule, areas in study.areas.items():
        covered = study.results[rule].people[study.results[rule].covered].sum()
        assert areas.bands[-1].people_inside == covered == sum(part.people for part in areas.catchments)
        assert areas.bands[-1].polygon.area == pytest.approx(covered * areas.bands[-1].cell_m ** 2)
        for area in (*areas.bands, *areas.by_facility):
            assert area.people_inside == area.people_covered
            assert area.polygon.is_empty or area.slower_share == 0


def test_reach_and_nearest_agree(study):
    for result in study.results.values():
        assert result.people_nearest.sum() == pytest.approx(result.people[np.isfinite(result.nearest.cost)].sum())
        assert (result.people_within <= result.people.sum()).all()
        assert result.people_within.max() > 0
