"""Capacity, floating catchments, equity and water on the made district, by hand: through a whole run, unit by unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecircle.config import load_measures
from lifecircle.study import run_district
from tests.indicators.district import DISTRICT, FULL, V1, V2, V3, V4, V5, V6, A, B, Q, figures, write_district
from tests.indicators.test_every_measure import ELSEWHERE
from tests.made import ORIGIN_X, ORIGIN_Y

WATER = "".join(
    f'\n[[facilities]]\nkind = "{kind}"\npath = "{kind}.csv"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"\nfields = {{ id = "id" }}\n'
    for kind in ("water_plant", "water_source", "water_monitoring")
)
PLACES = {
    # w1 serves V1 and V2, w2 V4 by its name, w3 (outside the district) V5; nobody V3 and V6.
    "water_plant": pd.DataFrame(
        [
            ("w1", 500, "县域网", 100, f"{V1};{V2}"),
            ("w2", 1600, "单村水厂", 1, "南村"),
            ("w3", 4500, "县域网", 5000, V5),
        ],
        columns=["id", "x", "tier", "capacity", "served"],
    ),
    "water_source": pd.DataFrame(
        [("q1", 400, "w1", 60), ("q2", 450, "w1", 60), ("q3", 1500, "w2", 1)], columns=["id", "x", "plant", "capacity"]
    ),
    # The whole chain of w1, at the tap in V1 alone; a sample of last year is none of this.
    "water_monitoring": pd.DataFrame(
        [
            ("m1", 400, "w1", "水源", "2025-06-01", "是"), ("m2", 500, "w1", "出厂", "2025年6月1日", "是"),
            ("m3", 100, "w1", "龙头", "2025-06-01", "是"), ("m4", 900, "w1", "龙头", "2024-06-01", "否"),
        ],
        columns=["id", "x", "plant", "stage", "date", "pass"],
    ),
}  # fmt: skip


def water(name, ask, more=""):
    return f'\n[[indicators]]\nid = "{name}"\nmeasure = "water"\nask = "{ask}"\n{more}\n'


TOML = (
    FULL
    + WATER
    + """
[[indicators]]
id = "toilets"
measure = "share"
of = { table = "villages" }
numerator = "sanitary_toilets"
denominator = "households"

[[indicators]]
id = "beds-for-all"
measure = "capacity_share"
rule = "clinic-walk"
capacity = "beds"
per_person = 0.1

[[indicators]]
id = "beds-2sfca"
measure = "floating_catchment"
rule = "clinic-walk"
supply = "beds"

[[indicators]]
id = "minutes-gini"
measure = "inequality"
index = "gini"
rule = "clinic-walk"

[[indicators]]
id = "minutes-variation"
measure = "inequality"
index = "variation"
rule = "clinic-walk"
levels = ["district"]

[[indicators]]
id = "toilets-gini"
measure = "inequality"
index = "gini"
indicator = "toilets"
unit = "township"
weakest = 2
"""
    + water("tier-county", "tier")
    + water("tier-none", "tier", 'tiers = ["未覆盖"]')
    + water("from-outside", "outside")
    + water("large", "large_scale")
    + water("same-quality", "same_quality")
    + water("enough", "adequacy")
    + water("backup", "backup")
    + water("chain", "chain")
)

EXPECTED = {
    # Beds for ten each: 200, 0, 20, 10, 100 people. Nearest first: c1 to k1, ten of c5 to k4, c4 to k3, the rest of c5 to k5; k3 is then
    # full for c3; c2 and c6 come too late to any.
    "beds-for-all": (
        "capacity_share",
        {DISTRICT: (60, 180, 300), A: (200 / 3, 100, 150), B: (800 / 11, 80, 110), Q: (0, 0, 40), V1: (100, 100, 100), V2: (0, 0, 50),
         V3: (0, 0, 30), V4: (100, 20, 20), V5: (100, 60, 60), V6: (0, 0, 40)},
    ),
    "beds-for-all-full": (
        "capacity_share",
        {DISTRICT: (10, 30, 300), A: (0, 0, 150), B: (300 / 11, 30, 110), Q: (0, 0, 40), V1: (0, 0, 100), V2: (0, 0, 50),
         V3: (100, 30, 30), V4: (0, 0, 20), V5: (0, 0, 60), V6: (0, 0, 40)},
    ),
    # Beds per person in reach: k1 20/100, k2 0, k3 2/50 (c3 and c4), k4 1/60, k5 10/60; c5 adds up two of them. A thousand people each.
    "beds-2sfca": (
        "floating_catchment",
        {DISTRICT: (110, 33, 300), A: (20_000 / 150, 20, 150), B: (13_000 / 110, 13, 110), Q: (0, 0, 40), V1: (200, 20, 100), V2: (0, 0, 50),
         V3: (40, 1.2, 30), V4: (40, 0.8, 20), V5: (11_000 / 60, 11, 60), V6: (0, 0, 40)},
    ),
    # Seconds (people): 50 (100), 100 (60), 200 (20), 400 (30), 600 (90); mean 270. Sum over pairs of people x people x difference
    # 11.34e6, of 300 x 300 x 270 = 24.3e6. In A: 100 x 50 x 550 of 150 x 150 x 700/3. In B 200 s on the mean:
    # 60 x 20 x 100 + 60 x 30 x 300 + 20 x 30 x 200 = 780e3 of 110 x 110 x 200.
    "minutes-gini": (
        "inequality",
        {DISTRICT: (11.34 / 24.3, np.nan, np.nan), A: (2.75 / 5.25, np.nan, np.nan), B: (780 / 2420, np.nan, np.nan), Q: (0, np.nan, np.nan),
         **dict.fromkeys([V1, V2, V3, V4, V5, V6], (0, np.nan, np.nan))},
    ),
    # Variance 16.98e6 / 300 = 56,600.
    "minutes-variation": ("inequality", {DISTRICT: (56_600**0.5 / 270, np.nan, np.nan)}),
    # 93.33 (150 people), 60 (110), 0 (40), on the mean 206/3: 550e3 + 560e3 + 264e3 of 300 x 300 x 206/3.
    "toilets-gini": ("inequality", {DISTRICT: (1374 / 6180, np.nan, np.nan)}),
    "tier-county": (
        "water",
        {DISTRICT: (70, 210, 300), A: (100, 150, 150), B: (600 / 11, 60, 110), Q: (0, 0, 40), V1: (100, 100, 100), V2: (100, 50, 50),
         V3: (0, 0, 30), V4: (0, 0, 20), V5: (100, 60, 60), V6: (0, 0, 40)},
    ),
    "tier-none": (
        "water",
        {DISTRICT: (70 / 3, 70, 300), A: (0, 0, 150), B: (300 / 11, 30, 110), Q: (100, 40, 40), V1: (0, 0, 100), V2: (0, 0, 50),
         V3: (100, 30, 30), V4: (0, 0, 20), V5: (0, 0, 60), V6: (100, 40, 40)},
    ),
    "from-outside": (
        "water",
        {DISTRICT: (20, 60, 300), A: (0, 0, 150), B: (600 / 11, 60, 110), Q: (0, 0, 40), V1: (0, 0, 100), V2: (0, 0, 50),
         V3: (0, 0, 30), V4: (0, 0, 20), V5: (100, 60, 60), V6: (0, 0, 40)},
    ),
    "large": (
        "water",
        {DISTRICT: (20, 60, 300), A: (0, 0, 150), B: (600 / 11, 60, 110), Q: (0, 0, 40), V1: (0, 0, 100), V2: (0, 0, 50),
         V3: (0, 0, 30), V4: (0, 0, 20), V5: (100, 60, 60), V6: (0, 0, 40)},
    ),
    # All three of w1's samples of the year pass; w3 has none, so that of the 60 in V5 it is not known: a fifth of the people of the
    # district, and more than half of B's.
    "same-quality": (
        "water",
        {DISTRICT: (62.5, 150, 240), A: (100, 150, 150), B: (np.nan, 0, 50), Q: (0, 0, 40), V1: (100, 100, 100), V2: (100, 50, 50),
         V3: (0, 0, 30), V4: (0, 0, 20), V5: (np.nan, np.nan, np.nan), V6: (0, 0, 40)},
    ),
    # 100 l a day: w1 15 m3 of 100, w2 2 of 1, w3 6 of 5000.
    "enough": (
        "water",
        {DISTRICT: (70, 210, 300), A: (100, 150, 150), B: (600 / 11, 60, 110), Q: (0, 0, 40), V1: (100, 100, 100), V2: (100, 50, 50),
         V3: (0, 0, 30), V4: (0, 0, 20), V5: (100, 60, 60), V6: (0, 0, 40)},
    ),
    # w1 has 60 m3 of 15 left without either source; w3's sources are not known.
    "backup": (
        "water",
        {DISTRICT: (62.5, 150, 240), A: (100, 150, 150), B: (np.nan, 0, 50), Q: (0, 0, 40), V1: (100, 100, 100), V2: (100, 50, 50),
         V3: (0, 0, 30), V4: (0, 0, 20), V5: (np.nan, np.nan, np.nan), V6: (0, 0, 40)},
    ),
    "chain": (
        "water",
        {DISTRICT: (100 / 3, 100, 300), A: (200 / 3, 100, 150), B: (0, 0, 110), Q: (0, 0, 40), V1: (100, 100, 100), V2: (0, 0, 50),
         V3: (0, 0, 30), V4: (0, 0, 20), V5: (0, 0, 60), V6: (0, 0, 40)},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = write_district(tmp_path_factory.mktemp("supply") / "clauses", TOML)
    for kind, places in PLACES.items():
        named = places.assign(x=places["x"] + ORIGIN_X, y=ORIGIN_Y, name=places["id"])
        named.to_csv(folder / f"{kind}.csv", index=False)
    return run_district(folder, with_areas=False)


@pytest.mark.parametrize("indicator", EXPECTED)
def test_value_numerator_and_denominator_of_every_unit(study, indicator):
    _, units = EXPECTED[indicator]
    found = [figures(study, indicator, column) for column in ("value", "numerator", "denominator")]
    assert set(found[0]) == set(units)
    for unit, expected in units.items():
        np.testing.assert_allclose([one[unit] for one in found], expected, rtol=1e-9, atol=1e-9, err_msg=unit)


def test_every_measure_is_in_one_of_the_two_modules():
    assert {measure for measure, _ in EXPECTED.values()} == ELSEWHERE
    assert set(load_measures()) >= ELSEWHERE


def test_people_of_whom_it_is_not_known_are_said(study):
    for indicator in ("same-quality", "backup"):
        assert figures(study, f"{indicator}-unknown", "numerator")[DISTRICT] == 60, indicator
        assert figures(study, indicator, "low")[DISTRICT] == 50, indicator
        assert figures(study, indicator, "high")[DISTRICT] == 70, indicator
        assert figures(study, indicator, "unknown")[DISTRICT] == 20, indicator


def test_the_weakest_units_come_first(study):
    rows = study.tables["weakest"]
    rows = rows[rows["indicator"] == "toilets-gini"]
    assert rows["unit_code"].tolist() == [Q, B]
    assert rows["rank"].tolist() == [1, 2]


def test_what_is_left_over_and_whom_it_turns_away(study):
    rows = study.tables["capacity"].set_index("facility_id")
    assert rows.loc[["k1", "k2", "k3", "k4", "k5"], "people_served"].tolist() == pytest.approx([100, 0, 20, 10, 50])
    assert rows.loc[["k1", "k2", "k3", "k4", "k5"], "spare"].tolist() == pytest.approx([10, 0, 0, 0, 5])
    assert rows.loc["k3", "people_left_out_within"] == 30


def test_concentration_ranks_places_by_a_table_or_by_a_group(tmp_path):
    toml = FULL + "".join(
        f'\n[[indicators]]\nid = "{name}"\nmeasure = "inequality"\nindex = "concentration"\nrule = "clinic-walk"\n{more}\nlevels = ["district"]\n'
        for name, more in (
            ("by-award", 'ranks = "villages"\norder_by = "sanitary_award"'),
            ("by-age", 'order_by = "age60"'),
        )
    )
    study = run_district(write_district(tmp_path / "clauses", toml), with_areas=False)
    # With an award: V1 50 s (100 people), V2 600 s (50), V4 200 s (20); without: V3 400 s (30), V5 100 s (60), V6 1,500 s (40) as below.
    minutes = dict(zip(study.cells.id, study.results["clinic-walk"].nearest.cost, strict=True))
    without = sum(minutes[cell] * count for cell, count in (("c3", 30), ("c5", 60), ("c6", 40)))
    whole = without + sum(minutes[cell] * count for cell, count in (("c1", 100), ("c2", 50), ("c4", 20)))
    # Two steps: 130 of 300 people, the lowest in rank, have `without` of `whole`.
    assert figures(study, "by-award")[DISTRICT] == pytest.approx(130 / 300 - without / whole)
    share = {"c1": 0.2, "c2": 0.6, "c3": 5 / 30, "c4": 0.5, "c5": 0.2, "c6": 3 / 40}
    assert sorted(share, key=share.get)[0] == "c6", "the youngest place is ranked first"
    assert -1 < figures(study, "by-age")[DISTRICT] < 1
