"""From files to files: a hamlet beyond the last street, with and without leave to walk over the ground (see ``tests/tiny.py``)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.study import run_district
from tests.made import CRS, ORIGIN_X, ORIGIN_Y
from tests.tiny import TOML, write_tiny

CELL_M = 50.0


def write_dem(folder, rise=0.0, base_m=500.0):
    """Heights rising northwards, on cells whose centres lie on the street and on the hamlet, 300 m off it."""
    rows, columns = 21, 45
    transform = rasterio.Affine(CELL_M, 0, ORIGIN_X - CELL_M / 2, 0, -CELL_M, ORIGIN_Y + 10.5 * CELL_M)
    north_m = (10 - np.arange(rows)) * CELL_M
    heights = np.repeat((base_m + rise * north_m)[:, None], columns, axis=1).astype("float32")
    with rasterio.open(
        folder / "dem.tif", "w", driver="GTiff", height=rows, width=columns, count=1, dtype="float32", crs=CRS,
        transform=transform, nodata=-9999,
    ) as target:  # fmt: skip
        target.write(heights, 1)


def run(tmp_path, toml, rise=0.0):
    folder = write_tiny(tmp_path / "tiny", toml)
    write_dem(folder, rise)
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path), "--no-map"])
    assert result.exit_code == 0, result.output
    tables = tmp_path / "data" / "processed" / "tiny" / "2025"
    cells = pd.read_parquet(tables / "cells.parquet").set_index("cell_id")
    return cells, pd.read_csv(tables / "indicators.csv").set_index(["indicator", "level"])


WITH_DEM = TOML + '\n[terrain]\ndem = "dem.tif"\n'
OFF_STREET = WITH_DEM.replace("[modes.walk]", "[modes.walk]\noff_street = true")


def test_a_hamlet_beyond_the_streets_is_neither_dropped_nor_teleported(tmp_path):
    cells, indicators = run(tmp_path, OFF_STREET)
    # 300 m over the ground to the street below, then 1,900 m along it, at 1 m/s.
    assert cells.loc["c4", "clinic-walk-15__min"] == pytest.approx(2200 / 60)
    assert cells.loc["c4", "clinic-walk-1000m__m"] == pytest.approx(2200)
    assert indicators.loc[("clinic-walk-15-unreachable", "district"), "numerator"] == 0
    # Whom a street is near does not notice.
    assert cells.loc["c2", "clinic-walk-15__min"] == pytest.approx(930 / 60)


def test_without_leave_it_is_unreachable(tmp_path):
    cells, indicators = run(tmp_path, WITH_DEM)
    assert np.isnan(cells.loc["c4", "clinic-walk-15__min"])
    assert indicators.loc[("clinic-walk-15-unreachable", "district"), "numerator"] == 20


def test_down_the_hill_and_along_the_level_street(tmp_path):
    cells, _ = run(tmp_path, OFF_STREET, rise=0.1)
    assert cells.loc["c4", "clinic-walk-15__min"] == pytest.approx((300 * np.exp(0.0) + 1900) / 60)
    assert cells.loc["c1", "clinic-walk-15__min"] == pytest.approx(100 / 60)


def test_nobody_walks_over_the_sea(tmp_path):
    """Heights fill the sea with zeros; without land cover that is what tells it from land."""
    folder = write_tiny(tmp_path / "tiny", OFF_STREET)
    write_dem(folder, base_m=0.0)
    study = run_district(folder, with_areas=False)
    assert np.isinf(study.results["clinic-walk-15"].nearest.cost[3])


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (TOML.replace("[modes.walk]", "[modes.walk]\noff_street = true"), "没有地形"),
        (OFF_STREET.replace('dem = "dem.tif"', 'dem = "dem.tif"\nlandcover = "dem.tif"'), "modes.walk.classes"),
        (OFF_STREET.replace("[modes.walk]", '[modes.walk]\nways = "drive"'), "off_street"),
    ],
)
def test_what_leaving_the_streets_needs(tmp_path, toml, said):
    folder = write_tiny(tmp_path / "tiny", toml)
    write_dem(folder)
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert said in result.output


def test_areas_hold_the_ground_beyond_the_streets(tmp_path):
    """Within 40 minutes: the hamlet is covered, so the area drawn holds it, as the catchment does; nested, and audited."""
    folder = write_tiny(tmp_path / "tiny", OFF_STREET.replace("minutes = 15", "minutes = 40"))
    write_dem(folder)
    study = run_district(folder)
    areas = study.areas["clinic-walk-15"]
    hamlet = shapely.Point(ORIGIN_X + 1900, ORIGIN_Y + 300)
    largest = areas.bands[-1]
    assert shapely.contains(largest.polygon, hamlet)
    assert largest.people_inside == largest.people_covered == 200
    assert [area.people_inside for area in areas.by_facility] == [200]
    assert shapely.contains(areas.catchments[0].polygon, hamlet)
    assert areas.catchments[0].people == 200
    for smaller, larger in pairwise(areas.bands):
        assert shapely.difference(smaller.polygon, larger.polygon).area < 1e-3
    for area in (*areas.bands, *areas.by_facility):
        assert area.polygon.is_valid
        assert area.slower_share < 0.01
    # At 1 m/s the farthest ground due north of the clinic is 500 m, the grid's end: all of it within 40 minutes.
    assert shapely.contains(largest.polygon, shapely.Point(ORIGIN_X, ORIGIN_Y + 490))


def test_a_clinic_beyond_the_streets_has_the_streets_it_reaches_in_its_area(tmp_path):
    folder = write_tiny(tmp_path / "tiny", OFF_STREET.replace("minutes = 15", "minutes = 30"))
    write_dem(folder)
    clinics = pd.read_csv(folder / "clinics.csv")
    clinics[["x", "y"]] = ORIGIN_X + 1500, ORIGIN_Y + 300
    clinics.to_csv(folder / "clinics.csv", index=False)
    study = run_district(folder)
    # 300 m down to the street, then along it; c2 lies 30 m beside it.
    np.testing.assert_allclose(study.results["clinic-walk-15"].nearest.cost[:3] * 60, [1700, 930, 300], atol=1e-6)
    areas = study.areas["clinic-walk-15"]
    for area in (areas.bands[-1], *areas.by_facility):
        assert area.people_inside == area.people_covered == 200
        assert area.outside_share < 0.005
        assert area.slower_share < 0.01
    assert areas.catchments[0].people == 200
    assert shapely.contains(areas.catchments[0].polygon, shapely.Point(ORIGIN_X + 100, ORIGIN_Y))


def test_where_there_is_no_street_at_all_people_walk_over_the_ground(tmp_path):
    folder = write_tiny(tmp_path / "tiny", OFF_STREET.replace("min_fragment_m = 500", "min_fragment_m = 5000"))
    write_dem(folder)
    study = run_district(folder)
    cost_s = study.results["clinic-walk-15"].nearest.cost * 60
    # The clinic and the first two cells of people are 2 and 18 cells of 50 m apart (c2 stands in the next row).
    np.testing.assert_allclose(cost_s[:2], [100, 850 + 50 * np.sqrt(2)], atol=1e-6)
    assert (
        study.areas["clinic-walk-15"].bands[-1].people_inside == study.areas["clinic-walk-15"].bands[-1].people_covered
    )
