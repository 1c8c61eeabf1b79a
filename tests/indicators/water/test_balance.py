"""Demand against supply on a system one can hold in the head."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.indicators.water_balance import (
    Lost,
    balance,
    demand_m3d,
    litres_per_person,
    nothing_lost,
    usable_capacity_m3d,
)
from tests.indicators.water.networks import NAN, PEOPLE, peopled, sources, system, systems, two_towns

DEMAND = PEOPLE / 10


def lost(a_system, *, source=(), plant=(), link=()):
    whole = nothing_lost(a_system)
    for rows, array in ((source, whole.sources), (plant, whole.plants), (link, whole.links)):
        array[list(rows)] = True
    return whole


def test_demand():
    assert demand_m3d(PEOPLE, 100.0).tolist() == [10, 20, 30, 40]
    assert demand_m3d(PEOPLE, 100.0, np.array([1, 1, 1.5, 2])).tolist() == [10, 20, 45, 80]
    visitors = np.array([0, 50.0, 0, 0])
    assert demand_m3d(PEOPLE, 100.0, 2.0, visitors, 200.0).tolist() == [20, 50, 60, 80]


def test_what_a_plant_can_give():
    towns = two_towns()
    # P0: 50 treated, 46 of raw water. P1: 20 treated, 21 of raw water.
    assert usable_capacity_m3d(towns).tolist() == [46, 20]
    assert usable_capacity_m3d(towns, lost(towns, source=[0, 3])).tolist() == [6, 9]
    assert usable_capacity_m3d(towns, lost(towns, source=[2, 3])).tolist() == [46, 0]
    assert usable_capacity_m3d(towns, lost(towns, plant=[1])).tolist() == [46, 0]


def test_what_is_not_known_sets_no_limit():
    unknown = system(np.zeros((4, 1)), ["县域网"] * 4, [NAN, 50, NAN, NAN], ([1, 1, 2, -1], [NAN, 8, 30, 5]))
    # P0 has neither; P1 a source of unknown yield; P2 one that is known; S3 feeds no one.
    assert usable_capacity_m3d(unknown).tolist() == [np.inf, 50, 30, np.inf]
    assert usable_capacity_m3d(unknown, lost(unknown, source=[0, 2, 3])).tolist() == [np.inf, 8, 0, np.inf]


def test_balance_of_a_whole_system():
    found = balance(two_towns(), DEMAND)
    assert found.demand_m3d.tolist() == [30, 15]
    assert found.shortage_m3d.tolist() == [0, 0]
    assert found.ratio.tolist() == [46 / 30, 20 / 15]
    assert found.is_known.all()


def test_a_shortage_is_rationed_in_proportion():
    towns = two_towns()
    found = balance(towns, DEMAND, lost(towns, source=[0]))
    # P0 keeps 6 of 30.
    assert found.shortage_m3d.tolist() == [24, 0]
    assert found.unmet_share.tolist() == [0.8, 0]
    litres = litres_per_person(towns, PEOPLE, found, DEMAND)
    np.testing.assert_allclose(litres, [20, 20, 100, np.nan])


def test_demand_equal_to_capacity_is_met_whatever_the_rounding():
    # 0.1 + 0.2 > 0.3 in binary.
    found = balance(system([[1, 1]], ["县域网"], [0.3]), np.array([0.1, 0.2]))
    assert found.shortage_m3d.tolist() == [0]


def test_a_link_helps_as_far_as_it_can():
    towns = two_towns(([0], [1], [10]))
    found = balance(towns, DEMAND, lost(towns, plant=[1]))
    # P0 has 46 - 30 = 16 to spare, the link carries 10, P1 is asked for 15.
    assert found.received_m3d.tolist() == [0, 10]
    assert found.given_m3d.tolist() == [10, 0]
    assert found.shortage_m3d.tolist() == [0, 5]
    assert balance(towns, DEMAND, lost(towns, plant=[1], link=[0])).shortage_m3d.tolist() == [0, 15]
    # At 1.4 times, P0 has 46 - 42 = 4 to spare, P1 is asked for 21 and has 0.
    np.testing.assert_allclose(balance(towns, DEMAND * 1.4, lost(towns, plant=[1])).shortage_m3d, [0, 17])
    # A plant that is lost gives nothing.
    assert balance(towns, DEMAND, lost(towns, plant=[0, 1])).shortage_m3d.tolist() == [30, 15]


def test_links_are_used_in_order_and_water_is_not_passed_on():
    chain = system(np.eye(3), ["县域网"] * 3, [20, 10, 10], link=([0, 0, 1], [1, 2, 2], [NAN, NAN, NAN]))
    found = balance(chain, np.array([10.0, 15.0, 30.0]))
    # P0 spares 10: 5 to P1, the rest to P2; P1 has none of its own to spare.
    assert found.received_m3d.tolist() == [0, 5, 5]
    assert found.shortage_m3d.tolist() == [0, 0, 15]
    # By links of unknown limit.
    assert found.is_known.tolist() == [True, False, False]


def test_help_from_a_plant_of_unknown_capacity_is_not_known():
    helped = system(np.eye(2), ["县域网"] * 2, [NAN, 5], link=([0], [1], [50]))
    found = balance(helped, np.array([10.0, 20.0]))
    assert found.shortage_m3d.tolist() == [0, 0]
    assert found.is_known.tolist() == [False, False]
    assert np.isnan(found.ratio[0])


def test_nobody_asks():
    found = balance(system([[0.0]], ["县域网"], [0]), np.array([5.0]))
    assert found.unmet_share.tolist() == [0]
    assert np.isnan(found.ratio[0])
    assert not found.is_dry[0]


FACTORS = st.sampled_from([0.5, 1.0, 1.25, 1.5, 2.0, 4.0])


@given(st.data(), systems(), FACTORS, FACTORS)
def test_a_greater_season_never_lowers_a_shortage(data, any_system, one, other):
    demand = peopled(data.draw, any_system) / 8
    out = Lost(
        *(np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
          for n in map(len, (any_system.sources, any_system.plants, any_system.links)))
    )  # fmt: skip
    low = balance(any_system, demand * min(one, other), out)
    high = balance(any_system, demand * max(one, other), out)
    whole = balance(any_system, demand * max(one, other))
    assert (high.is_short | ~low.is_short).all()
    assert (high.unmet_share >= low.unmet_share - 1e-12).all()
    # And losing something never helps anyone.
    assert (high.unmet_share >= whole.unmet_share - 1e-12).all()
    assert (high.is_dry | ~whole.is_dry).all()
    # Water is conserved, and none is given that there is not.
    np.testing.assert_allclose(high.given_m3d.sum(), high.received_m3d.sum(), rtol=1e-9, atol=1e-9)
    known = np.isfinite(high.capacity_m3d)
    used = high.demand_m3d - high.shortage_m3d - high.received_m3d + high.given_m3d
    assert (used[known] <= high.capacity_m3d[known] + 1e-9).all()


@given(st.data(), systems(unlisted=False), st.one_of(st.just(NAN), st.integers(0, 60).map(float)))
def test_one_more_source_makes_no_one_dry(data, any_system, capacity):
    demand = peopled(data.draw, any_system) / 8
    plant = data.draw(st.integers(0, len(any_system.plants) - 1))
    old = any_system.sources
    more = dataclasses.replace(any_system, sources=sources([*old.plant, plant], [*old.capacity_m3d, capacity]))
    was, now = balance(any_system, demand), balance(more, demand)
    assert (was.is_dry | ~now.is_dry).all()
    assert (was.is_short | ~now.is_short).all()
    assert (now.unmet_share <= was.unmet_share + 1e-12).all()
