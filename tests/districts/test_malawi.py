"""AccessMod's demonstration district through an ordinary ``district.toml``, from its files to AccessMod's published figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifecircle.study import run_district
from lifecircle.verification.cases.terrain import lay_out_malawi

ORACLE = Path(__file__).parents[3] / "shared" / "oracles" / "accessmod_malawi"
pytestmark = pytest.mark.skipif(
    not ORACLE.is_dir(), reason="needs ../shared/oracles: AccessMod's case, not part of the repository"
)

CELLS = 227 * 196


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Everybody everywhere: one person on every cell of land, so that the run's cells are AccessMod's raster."""
    folder = tmp_path_factory.mktemp("malawi") / "malawi"
    lay_out_malawi(ORACLE, folder)
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
