"""What clauses are easily got wrong by, on made data: quasi-units, thresholds, joint service, 常住 and 户籍, cells of ground."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lifecircle.indicators.facts import Facts
from tests.indicators.district import (
    ALL_TABLES,
    CLINIC,
    CLINICS,
    DISTRICT,
    FULL,
    HEAD,
    ONLY_TABLES,
    PEOPLE,
    PLACES,
    POPULATION,
    TABLES,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    A,
    B,
    Q,
    figures,
    run,
    write_district,
    write_raster,
)
from tests.made import GROUND, ORIGIN_X, ORIGIN_Y, head, units_toml


def presence(**keys):
    table = {"id": '"it"', "measure": '"presence"', "unit": '"township"', "of": '{ kind = "clinic" }', **keys}
    return "\n[[indicators]]\n" + "\n".join(f"{key} = {value}" for key, value in table.items()) + "\n"


TOWNS = head("towns", "小区", "Towns", levels=()) + units_toml("township", "units.gpkg")


@pytest.mark.parametrize("digits", [9, 12])
def test_eighteen_towns_and_not_twenty_seven_codes(tmp_path, digits):
    codes = [f"330399{number:03d}" for number in (*range(1, 19), *range(400, 409))]
    folder = tmp_path / "towns"
    folder.mkdir()
    boxes = [(100 * row, 0, 100 * row + 100, 100) for row in range(27)]
    units = {code.ljust(digits, "0"): (code, box) for code, box in zip(codes, boxes, strict=True)}
    GROUND.write_units(folder / "units.gpkg", units)
    middle = ORIGIN_X + 50 + 100 * np.arange(27)
    everyone = pd.DataFrame({"id": codes, "people": 10, "age60": 1, "x": middle, "y": ORIGIN_Y + 50})
    everyone.to_csv(folder / "people.csv", index=False)
    # 17 towns have one, the first of them two; every quasi-unit has one.
    has = everyone[~everyone["id"].isin(["330399018"])]
    clinics = pd.concat([has, has.iloc[:1].assign(id="second")]).assign(name="甲", 床位=1)
    clinics[["id", "x", "y", "name", "床位"]].to_csv(folder / "clinic.csv", index=False)
    toml = TOWNS + POPULATION + CLINIC + presence() + presence(id='"all-codes"', quasi="true")
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    from lifecircle.study import run_district

    study = run_district(folder, with_areas=False)
    found = {
        name: study.indicators.query("level == 'district' and indicator == @name").iloc[0]
        for name in ("it", "all-codes")
    }
    assert found["it"][["numerator", "denominator"]].tolist() == [17, 18]
    assert found["all-codes"][["numerator", "denominator"]].tolist() == [26, 27]


def test_two_immunisation_thresholds_stand_side_by_side(tmp_path):
    share = """
[[indicators]]
id = "@"
measure = "share"
of = { table = "townships" }
numerator = "children_vaccinated"
denominator = "children_due"
target = $
"""
    d27 = share.replace("@", "d27-share").replace(
        "$", '[{ kind = "hold", value = 0.95, year = 2022 }, { kind = "hold", value = 0.95, year = 2030 }]'
    )
    d28 = share.replace("@", "d28-share").replace("$", '{ kind = "at_least", value = 0.9, year = 2025 }')
    by_town = """
[[indicators]]
id = "d27-towns"
measure = "units_meeting"
indicator = "d27-share"
unit = "township"
at_least = 95
target = { kind = "all", year = 2022 }
"""
    study = run(tmp_path / "clauses", ONLY_TABLES + by_town + d27 + d28)
    rows = study.indicators.set_index(["indicator", "unit_code"])
    # The district's 95.4 % meets both; B's 92 % meets 90 and not 95, so one town of two does.
    assert rows.loc[("d27-share", DISTRICT), "status"] == rows.loc[("d28-share", DISTRICT), "status"] == "如期"
    assert rows.loc[("d27-share", B), "status"] == "未达标"
    assert rows.loc[("d28-share", B), "status"] == "如期"
    towns = rows.loc[("d27-towns", DISTRICT)]
    assert towns[["value", "numerator", "denominator", "status"]].tolist() == [50, 1, 2, "未达标"]


def test_two_in_one_do_not_make_up_for_none_in_another(tmp_path):
    study = run(tmp_path / "clauses", HEAD + POPULATION + CLINIC + presence(unit='"village"', of='{ kind = "clinic" }'))
    # Five clinics, six villages: two each in V1 and V5.
    assert figures(study, "it", "numerator")[DISTRICT] == 3
    assert set(study.indicators["indicator"]) == {"it"}, "nothing is served jointly and nothing exempt"


def test_exceptions_are_counted_beside_and_listed_with_their_reason(tmp_path):
    exempt = """
[[exempt]]
indicator = "it"
unit = "园村"
reason = "巡诊"

[[exempt]]
indicator = "it"
unit = "330398001002"
reason = "并入东村"
"""
    study = run(tmp_path / "clauses", HEAD + POPULATION + CLINIC + presence(unit='"village"') + exempt)
    assert figures(study, "it", "numerator")[DISTRICT] == 3
    assert figures(study, "it-with-shared", "numerator") == {
        DISTRICT: 5,
        A: 2,
        B: 2,
        Q: 1,
        V1: 1,
        V2: 1,
        V3: 0,
        V4: 1,
        V5: 1,
        V6: 1,
    }
    reasons = study.tables["presence"].set_index("unit_code")["reason"]
    assert (reasons[V6], reasons[V2], reasons[V3]) == ("巡诊", "并入东村", "")


def test_an_exception_that_fits_no_unit_or_two_is_said_and_excuses_nobody(tmp_path):
    exempt = '\n[[exempt]]\nindicator = "it"\nunit = "@"\nreason = "巡诊"\n'
    toml = (
        HEAD
        + POPULATION
        + CLINIC
        + presence(unit='"village"')
        + exempt.replace("@", "东村")
        + exempt.replace("@", "无村")
    )
    study = run(tmp_path / "clauses", toml)
    assert "it-with-shared" not in set(study.indicators["indicator"])
    said = [problem.found for problem in study.problems if problem.code == "presence-exempt-unit"]
    assert len(said) == 2
    assert "几个单元同名" in said[0]
    assert "没有这个单元" in said[1]


def test_jointly_served_units_that_nobody_knows_are_warned_of(tmp_path):
    folder = write_district(
        tmp_path / "clauses", HEAD + POPULATION + CLINIC + presence(unit='"village"', serves='"joint"')
    )
    clinics = pd.read_csv(folder / "clinic.csv")
    clinics["joint"] = ["西村、无村", "", "330398002201；北村", "", "", ""]
    clinics.to_csv(folder / "clinic.csv", index=False)
    from lifecircle.study import run_district

    study = run_district(folder, with_areas=False)
    # k1 serves V2, k3 by code V3; 北村 has its own.
    assert figures(study, "it-with-shared", "numerator")[DISTRICT] == 5
    (lost,) = [problem for problem in study.problems if problem.code == "presence-unknown-unit"]
    assert "无村" in lost.found
    assert lost.count == 1


RATIO = """
[[indicators]]
id = "beds"
measure = "ratio"
of = { kind = "clinic" }
amount = "beds"
per = 1000
unit = "张/千人"
levels = ["district"]
"""
AMONG = 'among = { table = "townships" }\namong_amount = "registered"\n'


@pytest.mark.parametrize(
    ("population", "more", "table_people", "value", "said"),
    [
        ("resident", "", "registered", 110.0, ""),
        ("registered", "", "registered", None, '[population] kind = "registered"'),
        ("registered", AMONG, "registered", 33000 / 350, ""),
        ("registered", AMONG, "resident", None, '[[tables]] townships people = "registered"'),
        ("registered", AMONG, None, None, "未写明 not stated"),
        ("resident", AMONG, "registered", None, '[[tables]] townships people = "resident"'),
    ],
)
def test_residents_and_registered_people_are_never_mixed(tmp_path, population, more, table_people, value, said):
    tables = ALL_TABLES.replace('people = "registered"', f'people = "{table_people}"' if table_people else "")
    toml = HEAD + POPULATION + CLINIC + tables + RATIO + f'population = "{population}"\n{more}'
    study = run(tmp_path / "clauses", toml)
    if value is not None:
        assert figures(study, "beds") == {DISTRICT: pytest.approx(value)}
        return
    assert "beds" not in set(study.indicators["indicator"])
    assert said in study.not_computed["beds"]
    assert said in next(problem.found for problem in study.problems if problem.code == "indicator-missing-data")


def test_people_of_no_stated_kind_do_not_answer_a_clause_of_residents(tmp_path):
    toml = HEAD + POPULATION.replace('kind = "resident"\n', "") + CLINIC + RATIO
    assert "beds" in set(run(tmp_path / "a", toml).indicators["indicator"])
    study = run(tmp_path / "b", toml + 'population = "resident"\n')
    assert "未写明 not stated" in study.not_computed["beds"]


def test_facilities_outside_serve_people_and_count_for_no_unit(tmp_path):
    toml = (
        FULL
        + """
[[indicators]]
id = "clinics"
measure = "count"
of = { kind = "clinic" }

[[indicators]]
id = "shelters"
measure = "count"
of = { kind = "shelter" }

[[indicators]]
id = "good-shelters"
measure = "share"
of = { kind = "shelter" }
having = { area_m2 = { at_least = 1 } }

[[indicators]]
id = "shelter-people"
measure = "people_near"
of = { kind = "shelter" }
metres = 1000
"""
    )
    study = run(tmp_path / "clauses", toml)
    assert figures(study, "clinics")[DISTRICT] == 5
    # All shelters lie outside: none of the district's, and a share of nothing is no share.
    assert figures(study, "shelters") == dict.fromkeys([DISTRICT, A, B, Q, V1, V2, V3, V4, V5, V6], 0.0)
    assert np.isnan(list(figures(study, "good-shelters").values())).all()
    assert set(figures(study, "good-shelters", "denominator").values()) == {0.0}
    # The shelter at x 4500 is 1000 m from c6.
    assert figures(study, "shelter-people", "numerator")[DISTRICT] == 40


def test_a_kind_without_the_column_is_left_out_and_said_not_counted_as_without(tmp_path):
    toml = (
        HEAD
        + POPULATION
        + PLACES
        + """
[[indicators]]
id = "tcm"
measure = "share"
of = { kind = ["clinic", "restaurant"] }
having = { tcm = true }
"""
    )
    study = run(tmp_path / "clauses", toml)
    # Of five clinics one; the restaurants say nothing of it.
    assert (figures(study, "tcm", "numerator")[DISTRICT], figures(study, "tcm", "denominator")[DISTRICT]) == (1, 5)
    (said,) = [problem for problem in study.problems if problem.code == "indicator-partial-data"]
    assert "restaurant" in said.found
    assert "tcm" in said.found


def test_nothing_is_near_itself(tmp_path):
    toml = (
        HEAD
        + POPULATION
        + PLACES
        + """
[[indicators]]
id = "crowded"
measure = "near"
of = { kind = "clinic" }
to = { kind = "clinic" }
metres = 400
"""
    )
    study = run(tmp_path / "clauses", toml)
    # k1 and k2 are 250 m apart, k4 and k5 400; k3 is alone.
    assert figures(study, "crowded", "numerator")[DISTRICT] == 4


def test_points_and_areas_of_one_kind_dissolve_together(tmp_path):
    folder = write_district(tmp_path / "clauses", HEAD + POPULATION + PLACES.replace('kind = "dwelling"', 'kind = "park"') + """
[[indicators]]
id = "green"
measure = "area_share"
of = { kind = "park" }
levels = ["district"]
""")  # fmt: skip
    from lifecircle.study import run_district

    (folder / "park.csv").write_bytes((folder / "dwelling.csv").read_bytes())
    assert figures(run_district(folder, with_areas=False), "green", "numerator")[DISTRICT] == pytest.approx(30_000)


@pytest.mark.parametrize("source", ["raster", "zones"])
def test_cells_of_ground_are_inside_by_their_share_of_area(tmp_path, source):
    zones = POPULATION.replace('"points"', '"zones"').replace(
        'id = "id"', 'id = "code"\nlevel = "village"\ncell_m = 100'
    )
    raster = '\n[population]\nsource = "raster"\npath = "people.tif"\nunit = "people"\nkind = "resident"\n'
    for name in ('x = "x"\n', 'y = "y"\n', 'crs = "EPSG:4549"\n'):
        zones = zones.replace(name, "")
    toml = (
        HEAD
        + (raster if source == "raster" else zones)
        + PLACES
        + """
[[indicators]]
id = "inside"
measure = "affected"
of = { kind = "hazard" }

[[indicators]]
id = "near"
measure = "people_near"
of = { kind = "hazard" }
metres = 90
"""
    )
    folder = write_district(tmp_path / "clauses", toml)
    write_raster(folder)
    code = [V1, V2, V3, V4, V5, V6]
    pd.DataFrame({"code": code, "people": [one[2] for one in PEOPLE], "age60": 0}).to_csv(
        folder / "people.csv", index=False
    )
    from lifecircle.study import run_district

    study = run_district(folder, with_areas=False)
    found, near = figures(study, "inside"), figures(study, "near", "numerator")
    if source == "raster":
        # A person a column of cells, half above and half below the street; the hazard covers half of each: x 1700-2700.
        assert found[DISTRICT] == pytest.approx(5)
        assert (found[V4], found[V5]) == (pytest.approx(1.5), pytest.approx(3.5))
        # Centres within 90 m: the same ten columns whole, and one column more at either end (50 m off).
        assert near[DISTRICT] == pytest.approx(12)
        return
    # V4: 30,000 of its 500,000 m2, of 20 people; V5: 70,000 of 1,000,000, of 60.
    assert (found[V4], found[V5]) == (pytest.approx(1.2), pytest.approx(4.2))
    assert found[DISTRICT] == pytest.approx(5.4)
    # Cells with centres 50 m off the street, both sides (those 150 m off are 100 m from it): V4 4 columns of 2 x 0.4, V5 8 columns of 2 x 0.6.
    assert near[DISTRICT] == pytest.approx(3.2 + 9.6)


def test_row_order_of_tables_and_places_changes_no_figure(tmp_path):
    from tests.indicators.test_every_measure import TOML

    first = run(tmp_path / "a", TOML)
    folder = write_district(tmp_path / "b", TOML, {name: table.iloc[::-1] for name, table in TABLES.items()})
    clinics = pd.read_csv(folder / "clinic.csv")
    assert len(clinics) == len(CLINICS)
    clinics.iloc[::-1].to_csv(folder / "clinic.csv", index=False)
    from lifecircle.study import run_district

    second = run_district(folder, with_areas=False)
    pd.testing.assert_frame_equal(first.indicators, second.indicators)


@pytest.mark.parametrize(
    ("level", "code", "is_quasi"),
    [
        ("township", "611002400", True),
        ("township", "611002599000", True),
        ("township", "611002399", False),
        ("township", "611002600", False),
        ("village", "611002400498", True),  # a virtual village
        ("village", "611002101598", True),
        ("village", "611002400201", False),  # a real village in a quasi-unit is a village
        ("village", "611002101200", False),
        ("township", "MT-498", False),
    ],
)
def test_which_codes_are_no_units(level, code, is_quasi):
    own = SimpleNamespace(levels={level: SimpleNamespace(code=[code])})
    assert Facts.is_quasi(own, level).tolist() == [is_quasi]
