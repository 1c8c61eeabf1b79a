"""The gaps of real districts: whole, conserved, and the largest where the map says people are without."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from tests.districts.demonstration import run_demonstration
from tests.districts.folders import RAW, lay_out

from lifecircle.outputs.gaps import gap_table
from lifecircle.study import run_district

pytestmark = pytest.mark.slow

needs_raw = pytest.mark.skipif(
    not RAW.exists(), reason="needs ../shared/data: real districts, not part of the repository"
)
REAL = [
    pytest.param(name, marks=needs_raw)
    for name in ("malta_with_ferries", "las_palmas", "liechtenstein", "monaco", "wuhan")
]
every_district = pytest.mark.parametrize("name", ["dongtou", *REAL])


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Each district is run once, when a test first asks for it."""
    root, found = tmp_path_factory.mktemp("gaps"), {}

    def study(name):
        if name not in found:
            found[name] = (
                run_demonstration()
                if name == "dongtou"
                else run_district(lay_out(name, root / name), with_areas=False, with_plans=False)
            )
        return found[name]

    return study


def table(study, rule):
    found = gap_table(study)
    return found[found["rule"] == rule].reset_index(drop=True)


@every_district
def test_people_are_conserved_in_every_rule(studies, name):
    study = studies(name)
    assert set(study.gaps) == set(study.shown.results)
    for rule, gaps in study.gaps.items():
        frame, sums, result = gaps.frame, study.conservation[rule], study.results[rule]
        own = frame[frame["cause"] != "full"]
        assert own["people"].sum() == pytest.approx(sums["uncovered"] + sums["unreachable"], rel=1e-9, abs=1e-9)
        assert own["people_unreachable"].sum() == pytest.approx(sums["unreachable"], rel=1e-9, abs=1e-9)
        lacking = ~result.covered & (result.people > 0)
        assert ((gaps.of_cell >= 0) == lacking).all()
        by_gap = np.bincount(gaps.of_cell[lacking], weights=result.people[lacking], minlength=len(frame))
        np.testing.assert_allclose(by_gap[own.index], own["people"], rtol=1e-9)
        assert frame["rank"].tolist() == list(range(1, len(frame) + 1))
        assert (frame["people"].diff().dropna() <= 0).all()


@every_district
def test_the_clauses_of_capacity_and_their_full_gaps_agree(studies, name):
    study = studies(name)
    for rule, gaps in study.gaps.items():
        full = gaps.frame[gaps.frame["cause"] == "full"]
        for _entry, part in full.groupby("indicator"):
            rows = study.tables["capacity"].query("indicator == @_entry")
            served = rows["people_served"].sum()
            assert study.results[rule].people[study.results[rule].covered].sum() == pytest.approx(
                served + part["people"].sum(), rel=1e-9
            )


@every_district
def test_outlines_hold_their_cells(studies, name):
    study = studies(name)
    points = shapely.points(study.cells.x, study.cells.y)
    for gaps in list(study.gaps.values())[:6]:
        shapes = gaps.frame.geometry.to_numpy()
        assert shapely.is_valid(shapes).all()
        assert (shapely.area(shapes) > 0).all()
        cell = np.flatnonzero(gaps.of_cell >= 0)
        assert shapely.dwithin(shapes[gaps.of_cell[cell]], points[cell], 1e-3).all()


@every_district
def test_every_gap_has_a_name_a_cause_and_words(studies, name):
    found = gap_table(studies(name))
    assert isinstance(found, gpd.GeoDataFrame)
    assert found["cause"].isin(["too_far", "cut_off", "full", "no_roads"]).all()
    for column in ("name", "name_en", "evidence_zh", "evidence_en", "work_zh", "work_en"):
        assert (found[column].str.len() > 0).all(), column
        assert not found[column].str.contains(r"\bnan\b|\binf\b").any(), column


def test_dongtou_luxi_has_no_hospital_in_reach_but_over_the_sea(studies):
    study = studies("dongtou")
    gaps = table(study, "hospital-30min-drive")
    luxi = gaps[gaps["name"].str.startswith("鹿西乡")]
    assert luxi.iloc[0]["rank"] <= 2
    assert luxi["cause"].head(2).tolist() == ["cut_off", "cut_off"]
    assert luxi["people"].head(2).sum() > 0.99 * luxi["people"].sum()
    islets = gaps[gaps["people_unreachable"] > 0]
    assert set(islets["cause"]) <= {"cut_off", "no_roads"}


def test_dongtou_full_clinics_are_named(studies):
    gaps = table(studies("dongtou"), "clinic-15min-walk")
    full = gaps[gaps["cause"] == "full"]
    assert len(full)
    assert (full["minutes"] <= 15).all()
    assert (full["nearest_name"].str.len() > 0).all()
    assert (full["people_served"] > 0).all()


@needs_raw
def test_malta_gozo_and_comino(studies):
    study = studies("malta_with_ferries")
    gaps = table(study, "main-hospital-60min-drive")
    gozo = gaps.iloc[0]
    assert gozo["cause"] == "too_far"  # 77 minutes with the ferry, and 25 km even straight
    assert 25_000 < gozo["people"] < 40_000
    assert gozo["lat"] > 36.0
    comino = gaps[gaps["lon"].between(14.32, 14.36) & gaps["lat"].between(36.0, 36.03)].iloc[0]
    assert (comino["cause"], comino["link"]) == ("cut_off", "ferry")
    # Manoel island in Gżira: the map says its bridge is private (way 240132167), which no walker may use.
    walk = table(study, "care-15min-walk")
    manoel = walk[
        walk["lon"].between(14.499, 14.512) & walk["lat"].between(35.900, 35.906) & (walk["cause"] == "cut_off")
    ].iloc[0]
    # Those with no street within 100 m join the quay over the water too: no layer of barriers here says that a leg may not cross it.
    assert (manoel["link"], manoel["people_unreachable"] > 250) == ("none", True)


@needs_raw
def test_las_palmas_the_largest_are_where_no_clinic_is_mapped(studies):
    gaps = table(studies("las_palmas"), "clinic-15min-walk")
    ten = gaps.head(10)
    assert (ten["cause"] == "too_far").all()
    assert (ten["minutes"] > 15).all()
    assert (ten["crow_m"] > 690).all()  # 15 minutes at 4.5 km/h and the detour factor are 703 m
    assert gaps.iloc[0]["lat"] > 28.15  # La Isleta, the north end of the city
