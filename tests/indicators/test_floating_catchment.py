"""Floating catchments: by hand, against plain loops, and what must hold on any district."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lifecircle.indicators.supply_and_demand import (
    Binary,
    Exponential,
    Gaussian,
    Stepped,
    balanced,
    three_step,
    two_step,
)
from tests.indicators.test_capacity import BEYOND, reach_of, shuffled

REACH = reach_of([[5.0, 10.0, BEYOND, BEYOND], [BEYOND, 15.0, 0.0, BEYOND]])
PEOPLE = np.array([100.0, 200.0, 300.0, 50.0])
SUPPLY = np.array([6.0, 9.0])


def test_two_steps_share_then_add_up():
    found = two_step(REACH, PEOPLE, SUPPLY, Binary(15.0))
    assert found.demand.tolist() == [300, 500]
    assert found.ratio.tolist() == [0.02, 0.018]
    assert found.access.tolist() == pytest.approx([0.02, 0.038, 0.018, 0])


def test_steps_weigh_demand_and_supply():
    found = two_step(REACH, PEOPLE, SUPPLY, Stepped(((10.0, 1.0), (15.0, 0.5))))
    assert found.demand.tolist() == [300, 400]
    assert found.access.tolist() == pytest.approx([0.02, 0.02 + 0.01125, 0.0225, 0])


def test_three_steps_divide_people_among_what_they_reach():
    # The second cell weighs 1 and 0.5: two thirds choose A, one third B.
    found = three_step(REACH, PEOPLE, SUPPLY, Stepped(((10.0, 1.0), (15.0, 0.5))))
    demand = [100 + 200 * 2 / 3, 300 + 200 / 3 * 0.5]
    assert found.demand.tolist() == pytest.approx(demand)
    a, b = 6 / demand[0], 9 / demand[1]
    assert found.access.tolist() == pytest.approx([a, 2 / 3 * a + 1 / 3 * 0.5 * b, b, 0])


def test_balanced_counts_each_person_and_each_level_once():
    found = balanced(REACH, PEOPLE, SUPPLY, Stepped(((10.0, 1.0), (15.0, 0.5))))
    demand = [100 + 200 * 2 / 3, 300 + 200 / 3]
    assert found.demand.tolist() == pytest.approx(demand)
    a, b = 6 / demand[0], 9 / demand[1]
    # A's level goes to two cells of weight 1, B's to one of 0.5 and one of 1.
    assert found.access.tolist() == pytest.approx([a / 2, a / 2 + b / 3, b * 2 / 3, 0])


@pytest.mark.parametrize("method", [two_step, three_step, balanced])
def test_supply_that_reaches_nobody_is_nobodys(method):
    reach = reach_of([[5.0, 40.0], [BEYOND, 5.0], [BEYOND, BEYOND]])
    found = method(reach, np.array([0.0, 10.0]), np.array([3.0, 5.0, 7.0]), Binary(15.0))
    assert np.isnan(found.ratio[[0, 2]]).all()
    assert found.demand.tolist() == [0, 10, 0]
    assert found.access.tolist() == [0, 0.5]


@pytest.mark.parametrize("method", [two_step, three_step, balanced])
def test_what_makes_no_sense_is_refused(method):
    with pytest.raises(ValueError, match="2 facilities and 1 cells"):
        method(REACH, PEOPLE[:1], SUPPLY, Binary(15.0))
    with pytest.raises(ValueError, match="people"):
        method(REACH, np.array([1.0, np.nan, 1.0, 1.0]), SUPPLY, Binary(15.0))
    with pytest.raises(ValueError, match="supply"):
        method(REACH, PEOPLE, np.array([1.0, -1.0]), Binary(15.0))
    with pytest.raises(ValueError, match="weights"):
        method(REACH, PEOPLE, SUPPLY, lambda cost: cost - 7.0)


def by_loops(method, cost, people, supply, decay):
    """Return access, pair by pair, as the papers write it."""
    facilities, cells = cost.shape
    f = [
        [float(decay(np.array([cost[j, i]]))[0]) if cost[j, i] < BEYOND else 0.0 for i in range(cells)]
        for j in range(facilities)
    ]
    access = [0.0] * cells
    for j in range(facilities):
        served, level = 0.0, sum(f[j])
        for i in range(cells):
            reached = sum(f[k][i] for k in range(facilities))
            chosen = f[j][i] / reached if reached else 0.0
            served += people[i] * {"two_step": f[j][i], "three_step": chosen * f[j][i], "balanced": chosen}[method]
        for i in range(cells):
            if served > 0 and f[j][i] > 0:
                chosen = f[j][i] / sum(f[k][i] for k in range(facilities))
                share = {"two_step": f[j][i], "three_step": chosen * f[j][i], "balanced": f[j][i] / level}[method]
                access[i] += supply[j] / served * share
    return access


costs = arrays(
    np.float64, (3, 5), elements=st.one_of(st.just(BEYOND), st.sampled_from([0.0, 10.0, 30.0]), st.floats(0, 40))
)
crowds = arrays(np.float64, 5, elements=st.one_of(st.just(0.0), st.floats(1, 1e4)))
supplies = arrays(np.float64, 3, elements=st.floats(0, 1e3))
decays = st.sampled_from(
    [Binary(30.0), Stepped(((10.0, 1.0), (20.0, 0.68), (30.0, 0.22))), Gaussian(35.0), Exponential(0.05, limit=30.0)]
)


@pytest.mark.parametrize("method", [two_step, three_step, balanced])
@given(cost=costs, people=crowds, supply=supplies, decay=decays)
def test_as_the_papers_write_it(method, cost, people, supply, decay):
    found = method(reach_of(cost), people, supply, decay)
    np.testing.assert_allclose(found.access, by_loops(method.__name__, cost, people, supply, decay), rtol=1e-9)


@pytest.mark.parametrize("method", [two_step, three_step])
@given(cost=costs, people=crowds, supply=supplies, decay=decays)
def test_all_the_supply_that_reaches_anyone_is_shared_out(method, cost, people, supply, decay):
    found = method(reach_of(cost), people, supply, decay)
    shared = supply[found.demand > 0].sum()
    assert people @ found.access == pytest.approx(shared, rel=1e-9, abs=1e-12)
    assert (np.isnan(found.ratio) == (found.demand == 0)).all()


@given(costs, crowds, supplies, decays)
def test_balanced_keeps_people_and_levels_of_service(cost, people, supply, decay):
    found = balanced(reach_of(cost), people, supply, decay)
    reached = (np.where(cost < BEYOND, decay(np.where(cost < BEYOND, cost, 0.0)), 0.0) > 0).any(axis=0)
    assert found.demand.sum() == pytest.approx(people[reached].sum(), rel=1e-9)
    assert found.access.sum() == pytest.approx(np.nansum(found.ratio), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("method", [two_step, three_step, balanced])
@given(cost=costs, people=crowds, supply=supplies)
def test_the_order_of_storage_means_nothing(method, cost, people, supply):
    one, other = (method(given, people, supply, Gaussian(35.0)) for given in (reach_of(cost), shuffled(reach_of(cost))))
    assert (one.access == other.access).all()
    assert (one.demand == other.demand).all()


def test_neither_argument_is_changed():
    reach = shuffled(REACH)
    stored = reach.data.copy(), reach.indices.copy(), reach.indptr.copy()
    two_step(reach, PEOPLE, SUPPLY, Binary(9.0))
    for now, before in zip((reach.data, reach.indices, reach.indptr), stored, strict=True):
        assert (now == before).all()
