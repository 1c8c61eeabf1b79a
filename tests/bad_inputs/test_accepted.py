"""Rows of the catalogue whose right behaviour is to take what is there, and get the right figures from it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from lifecircle.model import Study
from lifecircle.study import run_district
from tests.bad_inputs.catalogue import check
from tests.bad_inputs.district import A, B, write_clean
from tests.bad_inputs.polygons import box, edit_toml, write


def people(study: Study) -> dict[str, float]:
    """Return the people under the clinic rule by unit."""
    rows = study.indicators[study.indicators["indicator"] == "clinic-walk-15"]
    return dict(zip(rows["unit_code"], rows["denominator"], strict=True))


def test_b13_people_of_an_enclave_are_not_counted_and_are_named(tmp_path: Path) -> None:
    folder = write_clean(tmp_path / "clean")
    # 400 m x 400 m of A are another district's: 16 cells of 2 people.
    write(
        folder, [shapely.difference(box(0, -1000, 2000, 1000), box(800, 300, 1200, 700)), box(2000, -1000, 4000, 1000)]
    )
    outcome = check(folder)
    assert outcome.status == 0
    assert "population-in-no-unit" in {problem["code"] for problem in outcome.problems}
    found = people(run_district(folder, with_areas=False))
    assert (found[A], found[B], found["330399"]) == pytest.approx((800 - 32, 800, 1600 - 32))


def test_b13_a_township_of_two_islands_is_one_unit(tmp_path: Path) -> None:
    folder = write_clean(tmp_path / "clean")
    islands = shapely.union_all([box(0, -1000, 900, 1000), box(1100, -1000, 2000, 1000)])
    assert islands.geom_type == "MultiPolygon"
    write(folder, [islands, box(2000, -1000, 4000, 1000)])
    found = people(run_district(folder, with_areas=False))
    assert (found[A], found["330399"]) == pytest.approx((800 - 80, 1600 - 80))


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4326", "EPSG:4549", "EPSG:4545"])
def test_b29_borders_in_degrees_of_cgcs2000_or_wgs84_and_in_any_zone_give_the_same_people(
    tmp_path: Path, crs: str
) -> None:
    folder = write_clean(tmp_path / "clean")
    frame = gpd.read_file(folder / "townships.gpkg").to_crs(crs)
    (folder / "townships.gpkg").unlink()
    frame.to_file(folder / "townships.gpkg", layer="townships")
    assert check(folder).problems == []
    found = people(run_district(folder, with_areas=False))
    assert (found[A], found[B]) == pytest.approx((800, 800), rel=1e-6)


def with_grades(folder: Path, words: list[str]) -> Path:
    """Give the clinics a column of grades, and the rule two of its words."""
    table = pd.read_csv(folder / "clinics.csv")
    table["等级"] = words
    table.to_csv(folder / "clinics.csv", index=False)
    edit_toml(folder, 'opened = "启用年份" }', 'opened = "启用年份", grade = "等级" }')
    edit_toml(
        folder, 'facilities = { kind = "clinic" }', 'facilities = { kind = "clinic", grade = ["村卫生室", "TCM诊所"] }'
    )
    return folder


def test_b56_spaces_and_full_width_letters_are_the_same_word(tmp_path: Path) -> None:
    folder = with_grades(write_clean(tmp_path / "clean"), ["村卫生室 ", "ＴＣＭ诊所", "乡镇卫生院"] * 2)
    assert check(folder).problems == []
    assert len(run_district(folder, with_areas=False).results["clinic-walk-15"].facilities) == 4


def test_b56_words_that_no_row_has_are_no_coverage_of_0_and_those_there_are_are_listed(tmp_path: Path) -> None:
    folder = with_grades(write_clean(tmp_path / "clean"), ["社区医院", "门诊部", "门诊部"] * 2)
    (problem,) = check(folder).problems
    assert problem["code"] == "rule-no-match"
    assert [
        word for word in ("grade", "村卫生室", "TCM诊所", "社区医院", "门诊部") if word not in problem["found"]
    ] == []
    study = run_district(folder, with_areas=False)
    assert "clinic-walk-15" in study.not_computed
    assert not len(study.indicators[study.indicators["indicator"] == "clinic-walk-15"])
