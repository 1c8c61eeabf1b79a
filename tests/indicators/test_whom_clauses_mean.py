"""Whom a clause means and where it holds, by hand: rural people, hosts of the health centre, documents by place, opening hours."""

from __future__ import annotations

import pandas as pd
import pytest

from lifecircle.config import District
from lifecircle.config.catalogue import holds_in, load_policies, read_policy
from lifecircle.config.chosen import choose_entries
from lifecircle.study import run_district
from tests.indicators.district import (
    CLINIC,
    CLINICS,
    DISTRICT,
    FULL,
    HEAD,
    ONLY_TABLES,
    POPULATION,
    ROADS_AND_WALK,
    RULES,
    TABLES,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    A,
    B,
    figures,
    run,
    write_district,
)
from tests.indicators.test_supply_and_equity import PLACES, WATER, water
from tests.indicators.test_water_evidence import lay_out
from tests.made import ORIGIN_X, ORIGIN_Y

RURAL = 'in_units = { table = "villages", urban = false }'
CLASSES = ["111", 121, "122", "220", 220.0, "210"]
WORDS = ["城镇", "城区", "镇区", "乡村", "村庄", "rural"]
YES_NO = ["是", "是", "有", "否", "否", "0"]


@pytest.mark.parametrize("written", [CLASSES, WORDS, YES_NO], ids=["classes", "words", "yes-no"])
def test_rural_people_are_told_by_the_urban_rural_class_however_it_is_written(tmp_path, written):
    # w1 supplies V1, V2, V5; w2 V4; V3 and V6 have none. V4, V5 and V6 are country: 20 + 60 + 40 people, 80 of them supplied.
    toml = FULL + WATER + water("all", "adequacy") + water("country", "adequacy", RURAL)
    villages = TABLES["villages"].assign(urban=written)
    folder = lay_out(tmp_path / "clauses", toml)
    villages.to_csv(folder / "villages.csv", index=False)
    study = run_district(folder, with_areas=False)
    assert figures(study, "all", "denominator")[DISTRICT] == 300
    below = figures(study, "country", "denominator")
    assert [below[unit] for unit in (DISTRICT, A, B, V1, V4, V5, V6)] == [120, 0, 80, 0, 20, 60, 40]
    everybody, rural = (figures(study, name, "numerator") for name in ("all", "country"))
    assert [rural[unit] for unit in (V1, V2, V3)] == [0, 0, 0]
    assert [rural[unit] for unit in (V4, V5, V6)] == [everybody[unit] for unit in (V4, V5, V6)]
    assert "units-not-told" not in {problem.code for problem in study.problems}
    assert len(study.tables["water_plants"]) == len(PLACES["water_plant"]), "plants are listed once"


def test_a_village_of_which_the_table_does_not_say_is_counted_on_no_side_and_said(tmp_path):
    folder = lay_out(tmp_path / "clauses", FULL + WATER + water("country", "adequacy", RURAL))
    TABLES["villages"].assign(urban=["是", "是", "是", "否", None, "否"]).to_csv(folder / "villages.csv", index=False)
    study = run_district(folder, with_areas=False)
    assert figures(study, "country", "denominator")[DISTRICT] == 60, "V5's 60 people are neither"
    (said,) = [problem for problem in study.problems if problem.code == "units-not-told"]
    assert (said.file, said.count) == ("villages", 1)
    assert "北村" in said.found


def test_without_the_class_rural_people_are_missing_and_say_so(tmp_path):
    folder = lay_out(
        tmp_path / "clauses", FULL + WATER + water("all", "adequacy") + water("country", "adequacy", RURAL)
    )
    study = run_district(folder, with_areas=False)
    assert "all" in set(study.indicators["indicator"])
    assert "country" not in set(study.indicators["indicator"])
    assert "urban" in study.not_computed["country"]


def test_only_records_in_rural_villages_are_shared_out(tmp_path):
    share = f'\n[[indicators]]\nid = "tcm"\nmeasure = "share"\nof = {{ kind = "clinic" }}\nhaving = {{ tcm = true }}\n{RURAL}\n'
    villages = TABLES["villages"].assign(urban=["否", "是", "否", "否", "是", "是"])
    study = run(tmp_path / "clauses", FULL + share, {"villages": villages})
    # k1 (yes) and k2 (no) are in V1, k3 (no) in V4; k4 and k5 in V5, which is town.
    assert figures(study, "tcm", "denominator")[DISTRICT] == 3
    assert figures(study, "tcm", "numerator")[DISTRICT] == 1


HOST = """
[[indicators]]
id = "room"
measure = "presence"
unit = "village"
of = { kind = "clinic", grade = ["村卫生室"] }
serves = "joint"
target = { kind = "all", year = 2025 }
"""


def test_hosts_have_a_figure_of_their_own_that_may_be_judged(tmp_path):
    more = 'host = { kind = "clinic", grade = "乡镇卫生院" }\njudged = "with-host"\n'
    study = run(tmp_path / "clauses", HEAD + POPULATION + CLINIC + HOST + more)
    # Rooms in V1 and V4; health centres in V1 and V5. V2 and V3 are served jointly, which is a third figure.
    strict, hosting, shared = (figures(study, f"room{end}", "numerator") for end in ("", "-with-host", "-with-shared"))
    assert [strict[unit] for unit in (V1, V2, V3, V4, V5, V6)] == [1, 0, 0, 1, 0, 0]
    assert [hosting[unit] for unit in (V1, V2, V3, V4, V5, V6)] == [1, 0, 0, 1, 1, 0]
    assert shared[DISTRICT] == 4
    targets = study.tables["targets"]
    assert set(targets["indicator"]) == {"room-with-host"}, "asked once, of what the clause says"
    rows = study.indicators.set_index(["indicator", "unit_code"])["status"]
    assert (rows["room-with-host", V5], rows["room", V5], rows["room-with-shared", V2]) == ("如期", "无目标", "无目标")
    assert study.tables["presence"].set_index("unit_code")["state"][V5] == "上级机构所在 host"


def test_without_hosts_the_strict_figure_is_judged_and_the_shared_one_is_not(tmp_path):
    study = run(tmp_path / "clauses", HEAD + POPULATION + CLINIC + HOST)
    assert set(study.tables["targets"]["indicator"]) == {"room"}
    with pytest.raises(Exception, match="host"):
        run(tmp_path / "wrong", HEAD + POPULATION + CLINIC + HOST + 'judged = "with-host"\n')


# Where documents hold


def district(code, name="某区"):
    return District.model_validate({"id": "it", "code": code, "name": name, "year": 2025, "crs": "EPSG:4549"})


@pytest.mark.parametrize(
    ("places", "code", "holds"),
    [
        ((), "611002", True),
        (("33",), "330305", True),
        (("33",), "611002", False),
        (("3303",), "330305", True),
        (("3305",), "330305", False),
        (("330305",), "330305", True),
        (("某区",), "611002", True),
        (("别区", "61"), "611002", True),
    ],
)
def test_a_document_holds_by_code_or_name(places, code, holds):
    assert holds_in(places, district(code)) is holds


def test_every_document_says_where_it_holds_and_which_years_it_is_for():
    for policy in load_policies().values():
        if policy.is_document:
            assert policy.applies_to, policy.id
            assert policy.period is None or policy.period.quote


def test_what_is_drawn_in_from_elsewhere_is_computed_and_judges_nobody():
    zhejiang = load_policies()["zhejiang-2023"]
    here, there = (
        {entry.id: entry for entry in choose_entries([zhejiang], [], district(code))} for code in ("330305", "611002")
    )
    # The gap between town and country needs the water of Zhejiang's network, whose targets hold in Zhejiang.
    assert here["water-qualified"].targets
    assert not there["water-qualified"].targets
    assert there["sanitary-towns-90"].targets, "listed: it applies as a demonstration"


def test_a_clause_of_one_province_is_not_asked_in_another():
    fitness = load_policies()["fitness"]
    ids = [{entry.id for entry in choose_entries([fitness], [], district(code))} for code in ("330305", "611002")]
    assert ids[0] - ids[1] == {"sports-area-zhejiang", "village-sports"}


def test_a_listed_document_of_another_place_is_noted(tmp_path):
    toml = ONLY_TABLES.replace("year = 2025\n", 'year = 2025\npolicies = ["shangzhou-2022"]\n', 1)
    study = run(tmp_path / "clauses", toml)
    (said,) = [problem for problem in study.problems if problem.code == "policy-elsewhere"]
    assert (said.severity, said.expected) == ("note", "611002")


def test_undated_states_take_the_end_of_the_documents_period_and_duties_and_directions_do_not():
    entry = {"measure": "share", "of": {"table": "villages"}, "having": {"a": True}}
    kinds = {
        "state": {"kind": "all"}, "many": {"kind": "at_least", "value": 0.5}, "dated": {"kind": "all", "year": 2024},
        "duty": {"kind": "hold", "value": 0.9}, "direction": {"kind": "improve"},
    }  # fmt: skip
    table = {
        "policy": {
            "id": "it",
            "title": "它",
            "document": "它",
            "source": "它",
            "period": {"last": 2027, "quote": "到2027年"},
        },
        "indicators": [{"id": name, **entry, "target": target} for name, target in kinds.items()],
    }
    made = {one.id: one for one in read_policy(table, "it.toml").indicators}
    years = {name: one.targets[0].year for name, one in made.items()}
    assert years == {"state": 2027, "many": 2027, "dated": 2024, "duty": None, "direction": None}
    assert "2027" in made["state"].assumption
    assert not made["direction"].assumption


# Scorecards


def test_a_scorecard_is_of_one_document_and_a_clause_is_met_when_all_it_asks_is(tmp_path):
    policies = '"dongtou-2021", "shangzhou-2022"'
    toml = ONLY_TABLES.replace("year = 2025\n", f"year = 2025\npolicies = [{policies}]\n", 1)
    toml += '\n[[indicators]]\nid = "card"\nmeasure = "scorecard"\n'
    study = run(tmp_path / "clauses", toml)
    cards = study.tables["scorecard"]
    own = cards[(cards["scorecard"] == "card") & (cards["level"] == "district")].set_index("policy")
    # Of Dongtou's: immunisation of the district (90 %: 95.4), of every township (95 %: B has 92 and fails), and the fitness test, whose
    # 93.1 are below the line from 93 in 2022 to 94 in 2030.
    assert own.loc["dongtou-2021", ["with_target", "on_schedule", "missed", "behind"]].tolist() == [3, 1, 1, 1]
    targets = study.tables["targets"]
    asked = targets[(targets["policy"] == "shangzhou-2022") & (targets["level"] == "district")]
    assert own.loc["shangzhou-2022", "with_target"] <= asked["indicator"].nunique()
    assert {"card", "card-shangzhou-2022"} <= set(study.indicators["indicator"])
    assert not study.indicators.duplicated(["indicator", "level", "unit_code"]).any()


# Opening hours


HOURS = CLINIC.replace('beds = "床位" }', 'beds = "床位", hours = "开放" }\nhours = { "半天" = "08:00-12:00" }')
OPEN = ["24小时", "08:00-17:00", "22:00至06:00", "半天", "周末", ""]


def clinics(folder, toml, hours=OPEN):
    write_district(folder, toml)
    table = pd.DataFrame(CLINICS, columns=["id", "x", "name", "grade", "ownership", "joint", "tcm", "床位"])
    table = table.assign(x=table["x"] + ORIGIN_X, y=ORIGIN_Y, 开放=hours)
    table.to_csv(folder / "clinic.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("at", "open_"),
    # k1 always, k2 by day, k3 by night, k4 in the morning, k5 cannot be read, k6 says nothing.
    [
        (None, ["k1", "k2", "k3", "k4", "k5", "k6"]),
        ("10:00", ["k1", "k2", "k4", "k5", "k6"]),
        ("15:00", ["k1", "k2", "k5", "k6"]),
        ("23:00", ["k1", "k3", "k5", "k6"]),
        ("05:30", ["k1", "k3", "k5", "k6"]),
    ],
)
def test_a_facility_that_is_closed_serves_nobody_and_is_still_there(tmp_path, at, open_):
    count = '\n[[indicators]]\nid = "count"\nmeasure = "count"\nof = { kind = "clinic" }\n'
    folder = clinics(tmp_path / "clauses", HEAD + POPULATION + ROADS_AND_WALK + HOURS + RULES + count)
    study = run_district(folder, at=at, with_areas=False)
    result = study.results["clinic-walk"]
    assert list(study.facilities.frame["facility_id"].iloc[result.facilities]) == open_
    assert figures(study, "count")[DISTRICT] == 5, "presence and counts stay"
    said = {problem.code: problem for problem in study.problems}
    assert (said["facilities-bad-hours"].row, said["facilities-bad-hours"].count) == ("k5", 1)
    assert "周末" in said["facilities-bad-hours"].found
    assert said["facilities-bad-hours"].mend
    if at is None:
        assert "facilities-closed-at" not in said
        assert said["facilities-hours"].count == 4
        assert "未设时刻：4 处" in result.rule.assumption
    else:
        assert said["facilities-closed-at"].count == 6 - len(open_)
        assert f"{at} 时：4 处有开放时间，其中 {6 - len(open_)} 处不开放" in result.rule.assumption


def test_hours_of_the_day_may_stand_in_the_configuration(tmp_path):
    toml = (HEAD + POPULATION + ROADS_AND_WALK + HOURS + RULES).replace(
        "year = 2025\n", 'year = 2025\nat = "23:00"\n', 1
    )
    study = run_district(clinics(tmp_path / "clauses", toml), with_areas=False)
    assert len(study.results["clinic-walk"].facilities) == 4
