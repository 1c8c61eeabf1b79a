"""Losses: who goes short when one thing fails, by hand and in any system."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.indicators.water_balance import (
    PLANT_COLUMNS,
    SUM_COLUMNS,
    VILLAGE_COLUMNS,
    backup_cover,
    demand_m3d,
    lose,
    named_loss,
    no_loss,
    single_losses,
)
from tests.indicators.water.networks import NAN, PEOPLE, peopled, system, systems, two_towns

DEMANDS = {factor: demand_m3d(PEOPLE, 100.0, factor) for factor in (1.0, 1.5)}


def sums_of(table, *columns):
    return table.sums.set_index(["lost_id", "season_factor"])[list(columns)]


def test_each_loss_in_each_season():
    found = lose(two_towns(), PEOPLE, DEMANDS)
    assert found.sums["lost_id"].tolist() == [name for i in ("", "S0", "S1", "S2", "S3", "P0", "P1") for name in (i, i)]
    assert found.sums["season_factor"].tolist() == [1.0, 1.5] * 7
    sums = sums_of(
        found, "capacity_lost_m3d", "people_affected", "people_unmet", "people_dry", "people_affected_before"
    )
    # Season 1: P0 is asked for 30 of 46, P1 for 15 of 20. Season 1.5: 45 of 46 and 22.5 of 20.
    np.testing.assert_allclose(sums.loc[("", 1.0)], [0, 0, 0, 0, 0])
    np.testing.assert_allclose(sums.loc[("", 1.5)], [0, 150, 150 * 2.5 / 22.5, 0, 150])
    # Without the main, 6 m3 of 30 are left.
    np.testing.assert_allclose(sums.loc[("S0", 1.0)], [40, 300, 240, 0, 0])
    np.testing.assert_allclose(sums.loc[("S1", 1.0)], [6, 0, 0, 0, 0])
    # 40 of 45, and P1 short in the season as it was.
    np.testing.assert_allclose(sums.loc[("S1", 1.5)], [6, 450, 300 * 5 / 45 + 150 / 9, 0, 150])
    # P1 falls from 20 to 12 without its reservoir, to 9 without desalination.
    np.testing.assert_allclose(sums.loc[("S2", 1.0)], [8, 150, 150 * 3 / 15, 0, 0])
    np.testing.assert_allclose(sums.loc[("S3", 1.0)], [11, 150, 150 * 6 / 15, 0, 0])
    np.testing.assert_allclose(sums.loc[("P0", 1.0)], [46, 300, 300, 300, 0])
    np.testing.assert_allclose(sums.loc[("P1", 1.0)], [20, 150, 150, 150, 0])
    # What is the loss's own: P1 is short in season 1.5 in any case, and shorter without its reservoir.
    worse = found.sums.set_index(["lost_id", "season_factor"])["people_worse_off"]
    assert [worse[(lost, 1.5)] for lost in ("", "S1", "S2", "P0")] == [0, 300, 150, 300]


def test_the_rows_of_villages_and_plants():
    towns = two_towns(([0], [1], [10]))
    found = lose(
        towns, PEOPLE, {1.0: DEMANDS[1.0]}, [single_losses(towns, ("plant",))[1], single_losses(towns, ("source",))[0]]
    )
    assert found.villages.columns.tolist() == VILLAGE_COLUMNS
    assert found.villages.drop(columns=["lost_name", "plant_name", "village_name"]).to_dict("split")["data"] == [
        ["plant", "P1", 1.0, "P1", "V2", 150.0, 50.0, 0.0, False],
        ["source", "S0", 1.0, "P0", "V0", 100.0, 80.0, 0.0, False],
        ["source", "S0", 1.0, "P0", "V1", 200.0, 160.0, 0.0, False],
    ]
    assert found.plants.columns.tolist() == PLANT_COLUMNS
    assert found.plants.loc[0, ["plant_id", "demand_m3d", "capacity_before_m3d", "capacity_m3d", "received_m3d", "shortage_m3d"]].tolist() == [
        "P1", 15.0, 20.0, 0.0, 10.0, 5.0]  # fmt: skip
    assert found.sums.columns.tolist() == SUM_COLUMNS
    assert found.sums["villages_affected"].tolist() == [1, 2]
    assert found.sums["plants_short"].tolist() == [1, 1]


def test_a_named_set_is_lost_at_once():
    towns = two_towns(([0], [1], [10]))
    drought = named_loss(towns, "drought", "大旱", sources=["S1", "S2"], links=["L0"])
    sums = lose(towns, PEOPLE, {1.0: DEMANDS[1.0]}, [drought]).sums.iloc[0]
    assert (sums["lost_kind"], sums["lost_id"], sums["lost_name"]) == ("set", "drought", "大旱")
    assert sums["capacity_lost_m3d"] == 6 + 8
    assert sums["people_affected"] == 150
    with pytest.raises(ValueError, match=r"drought.*S9, P7"):
        named_loss(towns, "drought", "大旱", sources=["S1", "S9"], plants=["P7"])


def test_no_one_short_is_tables_without_rows():
    found = lose(two_towns(), PEOPLE, {1.0: DEMANDS[1.0]}, [no_loss(two_towns())])
    assert len(found.sums) == 1
    assert found.villages.columns.tolist() == VILLAGE_COLUMNS
    assert found.plants.columns.tolist() == PLANT_COLUMNS
    assert len(found.villages) == len(found.plants) == 0


def test_rows_go_by_plant_and_then_by_village():
    crossed = system([[0, 0.5, 1], [1, 0.5, 0]], ["县域网"] * 2, [0, 0])
    found = lose(crossed, PEOPLE[:3], {1.0: PEOPLE[:3] / 10}, [no_loss(crossed)]).villages
    rows = list(zip(found["plant_id"], found["village_id"], strict=True))
    assert rows == [("P0", "V1"), ("P0", "V2"), ("P1", "V0"), ("P1", "V1")]


def test_a_loss_of_unknown_size_is_not_zero():
    unknown = system([[1.0]], ["县域网"], [NAN], ([0, 0], [NAN, 5]))
    found = lose(unknown, np.array([100.0]), {1.0: np.array([10.0])})
    sums = sums_of(found, "capacity_lost_m3d", "people_affected", "people_unmet")
    assert np.isnan(sums.loc[("S0", 1.0), "capacity_lost_m3d"])
    assert sums.loc[("S0", 1.0), ["people_affected", "people_unmet"]].tolist() == [100, 50]
    assert sums.loc[("S1", 1.0), "people_affected"] == 0


def test_backup_cover():
    # P0 falls short without its main, P1 without either source.
    found = backup_cover(two_towns(), PEOPLE, DEMANDS[1.0])
    assert found.kept.tolist() == [0, 0, 0, 0]
    assert found.lost.tolist() == [100, 200, 150, 0]
    assert found.unserved.tolist() == [0, 0, 150, 400]
    # P0 spares 16 - enough for P1's 6 m3.
    linked = backup_cover(two_towns(([0], [1], [10])), PEOPLE, DEMANDS[1.0])
    assert linked.kept.tolist() == [0, 0, 150, 0]
    assert linked.lost.tolist() == [100, 200, 0, 0]


def test_a_backup_that_is_not_known_is_a_state_of_its_own():
    # P0 lists no source; P1 has two of unknown yield; P2 one of them; P3 has no source listed and is short already.
    asked = system(np.eye(4), ["县域网"] * 4, [50, NAN, NAN, 5], ([1, 1, 2], [NAN, NAN, NAN]))
    found = backup_cover(asked, np.full(4, 100.0), np.full(4, 10.0))
    assert found.unknown.tolist() == [100, 100, 0, 0]
    assert found.lost.tolist() == [0, 0, 100, 100]


def test_a_source_whose_plant_has_enough_without_it_is_a_backup():
    asked = system([[1.0]], ["县域网"], [50], ([0, 0], [NAN, 30]))
    assert backup_cover(asked, np.array([100.0]), np.array([10.0])).kept.tolist() == [100]


def test_a_plant_that_is_short_with_nothing_lost_has_no_backup():
    # No source is listed at all, so none can be lost.
    found = backup_cover(system([[1.0]], ["县域网"], [5]), np.array([100.0]), np.array([10.0]))
    assert (found.lost.tolist(), found.unknown.tolist()) == ([100], [0])


def test_a_lost_link_leaves_the_surplus_to_the_links_listed_after_it():
    # P2 has 10 to spare: L0 takes all of it for P0, and P1, 5 short, gets nothing; without L0 P1 has enough, and P0 is 10 short.
    shared = system(np.eye(3), ["县域网"] * 3, [0, 5, 20], link=([2, 2], [0, 1], [NAN, NAN]))
    found = lose(shared, np.full(3, 100.0), {1.0: np.full(3, 10.0)})
    sums = sums_of(found, "people_affected", "people_unmet", "people_affected_before", "people_worse_off")
    assert sums.loc[("", 1.0)].tolist() == [100, 50, 100, 0]
    assert sums.loc[("L0", 1.0)].tolist() == [100, 100, 100, 100]
    assert sums.loc[("L1", 1.0)].tolist() == [100, 50, 100, 0]


@given(st.data(), systems())
def test_losses_in_any_system(data, any_system):
    people = peopled(data.draw, any_system)
    demands = {factor: people / 8 * factor for factor in (1.0, 1.5, 2.0)}
    found = lose(any_system, people, demands)
    sums = found.sums
    # Losing nothing changes nothing.
    nothing = sums[sums["lost_kind"] == "none"]
    assert (nothing["people_affected"] == nothing["people_affected_before"]).all()
    assert (nothing["people_unmet"] == nothing["people_unmet_before"]).all()
    assert (nothing["capacity_lost_m3d"] == 0).all()
    assert (nothing["people_worse_off"] == 0).all()
    assert (sums["people_worse_off"] <= sums["people_affected"] + 1e-6).all()
    # A greater season never lowers what a loss does, and a loss never helps.
    for _, one in sums.groupby(["lost_kind", "lost_id"]):
        assert one["season_factor"].is_monotonic_increasing
        for column in ("people_affected", "people_unmet", "people_dry"):
            assert (np.diff(one[column]) >= -1e-9).all()
    # A lost link leaves its plant's surplus to the links after it: see the test above.
    water = sums[sums["lost_kind"] != "link"]
    assert (water["people_affected"] >= water["people_affected_before"]).all()
    assert (water["people_unmet"] >= water["people_unmet_before"] - 1e-9).all()
    # Dry within affected, unmet between them; the rows of villages sum to them.
    assert (sums["people_dry"] <= sums["people_unmet"] + 1e-6).all()
    assert (sums["people_unmet"] <= sums["people_affected"] + 1e-6).all()
    np.testing.assert_allclose(found.villages["people_affected"].sum(), sums["people_affected"].sum(), rtol=1e-9)
    np.testing.assert_allclose(found.villages["people_unmet"].sum(), sums["people_unmet"].sum(), rtol=1e-9)
    # The same again is the same.
    again = lose(any_system, people, demands)
    pd.testing.assert_frame_equal(found.villages, again.villages)
    pd.testing.assert_frame_equal(found.plants, again.plants)


@given(st.data(), systems())
def test_backup_cover_conserves_people(data, any_system):
    people = peopled(data.draw, any_system)
    found = backup_cover(any_system, people, people / 8)
    parts = (found.kept, found.lost, found.unknown, found.unserved)
    assert all((part >= 0).all() for part in parts)
    np.testing.assert_allclose(sum(parts), people, rtol=1e-9)
