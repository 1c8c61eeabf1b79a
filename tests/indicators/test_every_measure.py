"""Every measure on the made district, by hand: value, numerator and denominator of every unit (see ``tests/indicators/district.py``)."""

from __future__ import annotations

import numpy as np
import pytest

from lifecircle.config import load_measures
from lifecircle.indicators.measure import is_computed
from tests.indicators.district import DISTRICT, FULL, V1, V2, V3, V4, V5, V6, A, B, Q, figures, run

NAN = float("nan")
ELSEWHERE = {"capacity_share", "floating_catchment", "inequality", "water"}
"""Their figures by hand are in test_supply_and_equity."""

TOML = (
    FULL
    + """
[[indicators]]
id = "town-clinic"
measure = "presence"
unit = "township"
of = { kind = "clinic", grade = "乡镇卫生院" }

[[indicators]]
id = "two-clinics"
measure = "presence"
unit = "township"
at_least = 3
quasi = true
of = { kind = "clinic" }

[[indicators]]
id = "village-room"
measure = "presence"
unit = "village"
of = { kind = "clinic", ownership = ["公有", "集体"] }
serves = "joint"

[[indicators]]
id = "tcm"
measure = "share"
of = { kind = "clinic", grade = "乡镇卫生院" }
having = { tcm = true }

[[indicators]]
id = "toilets"
measure = "share"
of = { table = "villages" }
numerator = "sanitary_toilets"
denominator = "households"

[[indicators]]
id = "awards"
measure = "share"
of = { table = "villages" }
having = { sanitary_award = true }

[[indicators]]
id = "immunised"
measure = "share"
of = { table = "townships" }
numerator = "children_vaccinated"
denominator = "children_due"

[[indicators]]
id = "ground"
measure = "ratio"
of = { kind = "sports_ground" }
amount = "area_m2"
unit = "m2/人"
population = "resident"

[[indicators]]
id = "beds-old"
measure = "ratio"
of = { kind = "clinic" }
amount = "beds"
per = 1000
unit = "张/千人"
group = "age60"

[[indicators]]
id = "beds-registered"
measure = "ratio"
of = { kind = "clinic" }
amount = "beds"
per = 1000
unit = "张/千人"
population = "registered"
among = { table = "townships" }
among_amount = "registered"

[[indicators]]
id = "healthy-schools"
measure = "ratio"
of = { table = "cells", type = "学校" }
per = 100
unit = "%"
among = { table = "cell_totals", type = "学校" }
among_amount = "total"

[[indicators]]
id = "clinics"
measure = "count"
of = { kind = "clinic" }

[[indicators]]
id = "households"
measure = "count"
of = { table = "villages" }
amount = "households"
scale = 100
unit = "百户"

[[indicators]]
id = "clinic-density"
measure = "density"
of = { kind = "clinic" }

[[indicators]]
id = "physique"
measure = "reported"
of = { table = "statistics" }
value = "physique_pass_pct"

[[indicators]]
id = "river-chief"
measure = "progress"
task = "river"

[[indicators]]
id = "report"
measure = "on_time"
month = 3
day = 31

[[indicators]]
id = "green-built-up"
measure = "area_share"
of = { kind = ["park", "water"] }
within = { kind = "built_up" }

[[indicators]]
id = "green"
measure = "area_share"
of = { kind = ["park", "water"] }

[[indicators]]
id = "corridor-people"
measure = "people_near"
of = { kind = "corridor" }
metres = 250

[[indicators]]
id = "corridor-old"
measure = "people_near"
of = { kind = "corridor" }
metres = 250
group = "age60"

[[indicators]]
id = "hazard-people"
measure = "affected"
of = { kind = "hazard" }

[[indicators]]
id = "hazard-700"
measure = "affected"
of = { kind = "hazard" }
metres = 700

[[indicators]]
id = "hazard-beyond"
measure = "affected"
of = { kind = "hazard_beyond" }
metres = 650

[[indicators]]
id = "paths"
measure = "length"
of = { kind = "fitness_path" }

[[indicators]]
id = "restaurants-near"
measure = "near"
of = { kind = "restaurant" }
to = { kind = "dwelling" }
metres = 50

[[indicators]]
id = "clinic-minutes"
measure = "mean_minutes"
rule = "clinic-walk"

[[indicators]]
id = "small-clinics-gain"
measure = "gain"
rule = "clinic-walk"
without = "hospital-walk"

[[indicators]]
id = "units-immunised"
measure = "units_meeting"
indicator = "immunised"
unit = "township"
at_least = 95

[[indicators]]
id = "units-few-toilets"
measure = "units_meeting"
indicator = "toilets"
unit = "village"
at_most = 50

[[indicators]]
id = "town-country"
measure = "difference"
indicator = "toilets"
unit = "township"
of = { table = "unit_types", type = "城" }

[[indicators]]
id = "card"
measure = "scorecard"
indicators = ["immunised", "toilets", "clinics"]
"""
).replace('measure = "on_time"\n', 'measure = "on_time"\ntask = "report"\n')

TWO_TOWNS = {V1, V2, V3, V4, V5, V6}
# indicator: unit -> (value, numerator, denominator); a unit that is not here has no row.
EXPECTED = {
    # k1 in A, k5 in B; the quasi-unit Q is no town, k6 is outside.
    "town-clinic": ("presence", {DISTRICT: (100, 2, 2), A: (100, 1, 1), B: (100, 1, 1), Q: (NAN, 0, 0)}),
    # A has 2, B 3, Q none; here quasi-units count.
    "two-clinics": ("presence", {DISTRICT: (100 / 3, 1, 3), A: (0, 0, 1), B: (100, 1, 1), Q: (0, 0, 1)}),
    # V1 has two, which does not help V2; k4 is private, k6 outside.
    "village-room": (
        "presence",
        {DISTRICT: (50, 3, 6), A: (50, 1, 2), B: (200 / 3, 2, 3), Q: (0, 0, 1),
         V1: (100, 1, 1), V2: (0, 0, 1), V3: (0, 0, 1), V4: (100, 1, 1), V5: (100, 1, 1), V6: (0, 0, 1)},
    ),
    # k2 serves 西村 too; k3's 东村 is that of its own town, so V3 and not V1.
    "village-room-with-shared": (
        "presence",
        {DISTRICT: (500 / 6, 5, 6), A: (100, 2, 2), B: (100, 3, 3), Q: (0, 0, 1),
         V1: (100, 1, 1), V2: (100, 1, 1), V3: (100, 1, 1), V4: (100, 1, 1), V5: (100, 1, 1), V6: (0, 0, 1)},
    ),
    "tcm": (
        "share",
        {DISTRICT: (50, 1, 2), A: (100, 1, 1), B: (0, 0, 1), Q: (NAN, 0, 0), V1: (100, 1, 1), V2: (NAN, 0, 0),
         V3: (NAN, 0, 0), V4: (NAN, 0, 0), V5: (0, 0, 1), V6: (NAN, 0, 0)},
    ),
    # Sums before division: the mean of the villages' percentages would be 65.
    "toilets": (
        "share",
        {DISTRICT: (71.875, 230, 320), A: (100 * 140 / 150, 140, 150), B: (60, 90, 150), Q: (0, 0, 20),
         V1: (90, 90, 100), V2: (100, 50, 50), V3: (50, 20, 40), V4: (100, 30, 30), V5: (50, 40, 80), V6: (0, 0, 20)},
    ),
    "awards": (
        "share",
        {DISTRICT: (50, 3, 6), A: (100, 2, 2), B: (100 / 3, 1, 3), Q: (0, 0, 1),
         V1: (100, 1, 1), V2: (100, 1, 1), V3: (0, 0, 1), V4: (100, 1, 1), V5: (0, 0, 1), V6: (0, 0, 1)},
    ),
    # A table of townships says nothing of villages.
    "immunised": ("share", {DISTRICT: (100 * 248 / 260, 248, 260), A: (96, 192, 200), B: (92, 46, 50), Q: (100, 10, 10)}),
    # s3 is outside.
    "ground": (
        "ratio",
        {DISTRICT: (1.4, 420, 300), A: (2, 300, 150), B: (120 / 110, 120, 110), Q: (0, 0, 40),
         V1: (3, 300, 100), V2: (0, 0, 50), V3: (0, 0, 30), V4: (0, 0, 20), V5: (2, 120, 60), V6: (0, 0, 40)},
    ),
    "beds-old": (
        "ratio",
        {DISTRICT: (412.5, 33, 80), A: (400, 20, 50), B: (13000 / 27, 13, 27), Q: (0, 0, 3),
         V1: (1000, 20, 20), V2: (0, 0, 30), V3: (0, 0, 5), V4: (200, 2, 10), V5: (11000 / 12, 11, 12), V6: (0, 0, 3)},
    ),
    "beds-registered": ("ratio", {DISTRICT: (33000 / 350, 33, 350), A: (100, 20, 200), B: (13000 / 120, 13, 120), Q: (0, 0, 30)}),
    # The totals are the district's only.
    "healthy-schools": ("ratio", {DISTRICT: (30, 3, 10)}),
    "clinics": (
        "count",
        {DISTRICT: (5, 5, NAN), A: (2, 2, NAN), B: (3, 3, NAN), Q: (0, 0, NAN), V1: (2, 2, NAN), V2: (0, 0, NAN),
         V3: (0, 0, NAN), V4: (1, 1, NAN), V5: (2, 2, NAN), V6: (0, 0, NAN)},
    ),
    "households": (
        "count",
        {DISTRICT: (3.2, 320, NAN), A: (1.5, 150, NAN), B: (1.5, 150, NAN), Q: (0.2, 20, NAN), V1: (1, 100, NAN),
         V2: (0.5, 50, NAN), V3: (0.4, 40, NAN), V4: (0.3, 30, NAN), V5: (0.8, 80, NAN), V6: (0.2, 20, NAN)},
    ),
    # 4 km2 in all: A 1, B 2, Q 1.
    "clinic-density": (
        "density",
        {DISTRICT: (1.25, 5, 4), A: (2, 2, 1), B: (1.5, 3, 2), Q: (0, 0, 1), V1: (4, 2, 0.5), V2: (0, 0, 0.5),
         V3: (0, 0, 0.5), V4: (2, 1, 0.5), V5: (2, 2, 1), V6: (0, 0, 1)},
    ),
    # The latest year up to the run's is 2024.
    "physique": ("reported", {DISTRICT: (93.1, NAN, NAN)}),
    "river-chief": ("progress", {DISTRICT: (200 / 3, 2, 3), A: (100, 1, 1), B: (0, 0, 1), Q: (100, 1, 1)}),
    # Due 2026-03-31: A on the day itself, B a day late, Q never.
    "report": ("on_time", {DISTRICT: (100 / 3, 1, 3), A: (100, 1, 1), B: (0, 0, 1), Q: (0, 0, 1)}),
    # Parks 30,000 m2 once dissolved and 10,000 of the water in A's 100,000; 5,000 of the water in B's 50,000.
    "green-built-up": (
        "area_share",
        {DISTRICT: (30, 45_000, 150_000), A: (40, 40_000, 100_000), B: (10, 5_000, 50_000), Q: (NAN, 0, 0),
         V1: (60, 30_000, 50_000), V2: (20, 10_000, 50_000), V3: (20, 5_000, 25_000), V4: (0, 0, 25_000), V5: (NAN, 0, 0), V6: (NAN, 0, 0)},
    ),
    "green": (
        "area_share",
        {DISTRICT: (1.25, 50_000, 4e6), A: (4, 40_000, 1e6), B: (0.5, 10_000, 2e6), Q: (0, 0, 1e6),
         V1: (6, 30_000, 5e5), V2: (2, 10_000, 5e5), V3: (2, 10_000, 5e5), V4: (0, 0, 5e5), V5: (0, 0, 1e6), V6: (0, 0, 1e6)},
    ),
    # The line is 200 m off the street and ends at x 1300: c1, c2, c3.
    "corridor-people": (
        "people_near",
        {DISTRICT: (60, 180, 300), A: (100, 150, 150), B: (300 / 11, 30, 110), Q: (0, 0, 40), V1: (100, 100, 100),
         V2: (100, 50, 50), V3: (100, 30, 30), V4: (0, 0, 20), V5: (0, 0, 60), V6: (0, 0, 40)},
    ),
    "corridor-old": (
        "people_near",
        {DISTRICT: (68.75, 55, 80), A: (100, 50, 50), B: (500 / 27, 5, 27), Q: (0, 0, 3), V1: (100, 20, 20),
         V2: (100, 30, 30), V3: (100, 5, 5), V4: (0, 0, 10), V5: (0, 0, 12), V6: (0, 0, 3)},
    ),
    # c4 and c5 live in it.
    "hazard-people": (
        "affected",
        {DISTRICT: (80, 80, NAN), A: (0, 0, NAN), B: (80, 80, NAN), Q: (0, 0, NAN), V1: (0, 0, NAN), V2: (0, 0, NAN),
         V3: (0, 0, NAN), V4: (20, 20, NAN), V5: (60, 60, NAN), V6: (0, 0, NAN)},
    ),
    # c3 is 500 m from it; c2 and c6 are 800.
    "hazard-700": (
        "affected",
        {DISTRICT: (110, 110, NAN), A: (0, 0, NAN), B: (110, 110, NAN), Q: (0, 0, NAN), V1: (0, 0, NAN), V2: (0, 0, NAN),
         V3: (30, 30, NAN), V4: (20, 20, NAN), V5: (60, 60, NAN), V6: (0, 0, NAN)},
    ),
    # It lies outside, 600 m from c6: people are counted, not places.
    "hazard-beyond": (
        "affected",
        {DISTRICT: (40, 40, NAN), A: (0, 0, NAN), B: (0, 0, NAN), Q: (40, 40, NAN), V1: (0, 0, NAN), V2: (0, 0, NAN),
         V3: (0, 0, NAN), V4: (0, 0, NAN), V5: (0, 0, NAN), V6: (40, 40, NAN)},
    ),
    # A: 500 m of F1 and the 100 m on its border with B; B: 500 m of F1 and the 200 m of F2 that do not lie on it; Q: half of F4.
    "paths": (
        "length",
        {DISTRICT: (1.4, 1.4, NAN), A: (0.6, 0.6, NAN), B: (0.7, 0.7, NAN), Q: (0.1, 0.1, NAN), V1: (0, 0, NAN),
         V2: (0.6, 0.6, NAN), V3: (0.5, 0.5, NAN), V4: (0.2, 0.2, NAN), V5: (0, 0, NAN), V6: (0.1, 0.1, NAN)},
    ),
    # r1 20 m, r2 70 m, r3 exactly 50 m from the nearest dwelling.
    "restaurants-near": (
        "near",
        {DISTRICT: (200 / 3, 2, 3), A: (100, 1, 1), B: (50, 1, 2), Q: (NAN, 0, 0), V1: (100, 1, 1), V2: (NAN, 0, 0),
         V3: (0, 0, 1), V4: (NAN, 0, 0), V5: (100, 1, 1), V6: (NAN, 0, 0)},
    ),
    # Seconds to the nearest clinic: 50, 600, 400, 200, 100, 600 (k5; k6 is 1500 m off).
    "clinic-minutes": (
        "mean_minutes",
        {DISTRICT: (4.5, 1350, 300), A: (35_000 / 9000, 35_000 / 60, 150), B: (22_000 / 6600, 22_000 / 60, 110), Q: (10, 400, 40),
         V1: (50 / 60, 5000 / 60, 100), V2: (10, 500, 50), V3: (400 / 60, 200, 30), V4: (200 / 60, 4000 / 60, 20),
         V5: (100 / 60, 100, 60), V6: (10, 400, 40)},
    ),
    # Within 8 minutes of a clinic: c1, c3, c4, c5; of a 卫生院: c1, c5. So c3 and c4.
    "small-clinics-gain": (
        "gain",
        {DISTRICT: (50 / 3, 50, 300), A: (0, 0, 150), B: (500 / 11, 50, 110), Q: (0, 0, 40), V1: (0, 0, 100), V2: (0, 0, 50),
         V3: (100, 30, 30), V4: (100, 20, 20), V5: (0, 0, 60), V6: (0, 0, 40)},
    ),
    # A 96 meets 95, B 92 does not; the quasi-unit's 100 does not count.
    "units-immunised": ("units_meeting", {DISTRICT: (50, 1, 2), A: (100, 1, 1), B: (0, 0, 1), Q: (NAN, 0, 0)}),
    "units-few-toilets": (
        "units_meeting",
        {DISTRICT: (50, 3, 6), A: (0, 0, 2), B: (200 / 3, 2, 3), Q: (100, 1, 1), V1: (0, 0, 1), V2: (0, 0, 1),
         V3: (100, 1, 1), V4: (0, 0, 1), V5: (100, 1, 1), V6: (100, 1, 1)},
    ),
    # 140/150 in town less 90/150 in the country; the table says nothing of Q, which is neither.
    "town-country": ("difference", {DISTRICT: (100 * 50 / 150, NAN, NAN)}),
    # None of the three has a target; villages have no immunisation figure.
    "card": ("scorecard", dict.fromkeys([DISTRICT, A, B, Q, V1, V2, V3, V4, V5, V6], (NAN, 0, 0))),
    "card-monitored": (
        "scorecard",
        {**dict.fromkeys([DISTRICT, A, B, Q], (3, 3, NAN)), **dict.fromkeys([V1, V2, V3, V4, V5, V6], (2, 2, NAN))},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return run(tmp_path_factory.mktemp("clauses") / "clauses", TOML)


@pytest.mark.parametrize("measure", load_measures())
def test_every_measure_is_computed_by_hand(measure):
    if measure in ELSEWHERE:
        return
    assert is_computed(load_measures()[measure])
    assert [name for name, (of, _) in EXPECTED.items() if of == measure], f"no figure of {measure} is known by hand"


@pytest.mark.parametrize("indicator", EXPECTED)
def test_value_numerator_and_denominator_of_every_unit(study, indicator):
    _, units = EXPECTED[indicator]
    found = [figures(study, indicator, column) for column in ("value", "numerator", "denominator")]
    assert set(found[0]) == set(units)
    for unit, expected in units.items():
        np.testing.assert_allclose([one[unit] for one in found], expected, rtol=1e-9, atol=1e-9, err_msg=unit)


def test_everything_asked_for_was_computed(study):
    assert study.not_computed == {}
    asked = {entry.id for entry in study.configuration.indicators}
    assert asked <= set(study.indicators["indicator"])


def test_units_and_years_of_figures_are_said(study):
    rows = study.indicators.drop_duplicates("indicator").set_index("indicator")
    units = {"toilets": "%", "ground": "m2/人", "paths": "km", "clinic-minutes": "min", "town-country": "pp", "card-monitored": "项",
             "households": "百户", "hazard-people": "人", "clinic-density": "个/km2"}  # fmt: skip
    assert rows.loc[list(units), "value_unit"].to_dict() == units
    assert "2024" in rows.loc["physique", "source"]
    assert "2026-03-31" in rows.loc["report", "source"]
    assert "常住人口" in rows.loc["ground", "label_zh"]
    assert "常住" not in rows.loc["beds-registered", "label_zh"]
    minutes = rows.loc["clinic-minutes"]
    assert (minutes["rule"], minutes["mode"], minutes["limit"], minutes["limit_unit"]) == (
        "clinic-walk",
        "walk",
        8,
        "min",
    )


def test_the_accountable_list_names_what_each_unit_has_and_lacks(study):
    listed = study.tables["presence"]
    rooms = listed[listed["indicator"] == "village-room"].set_index("unit_code")
    assert rooms["count"].tolist() == [2, 0, 0, 1, 1, 0]
    states = {V1: "有 has", V2: "例外 exception", V3: "例外 exception", V4: "有 has", V5: "有 has", V6: "缺 lacks"}
    assert rooms["state"].to_dict() == states
    assert rooms.loc[V2, "reason"] == "联合设置 joint: 东村卫生室"
    assert rooms.loc[V3, "reason"] == "联合设置 joint: 南村卫生室"
    assert rooms.loc[V1, "reason"] == ""
    assert rooms.loc[V1, "facilities"] == "甲卫生院；东村卫生室"
    assert rooms.loc[V6, "township"] == "丙园区"
    towns = listed[listed["indicator"] == "town-clinic"].set_index("unit_code")
    assert towns.loc[Q, "state"] == "不计 quasi-unit"


@pytest.mark.parametrize(
    "indicator",
    [name for name, (of, units) in EXPECTED.items() if A in units and of not in ("mean_minutes", "scorecard")],
)
def test_townships_add_up_to_the_district(study, indicator):
    for column in ("numerator", "denominator"):
        found = figures(study, indicator, column)
        for level in ((A, B, Q), (V1, V2, V3, V4, V5, V6)):
            if set(level) <= set(found):
                np.testing.assert_allclose(sum(found[unit] for unit in level), found[DISTRICT], rtol=1e-12)
