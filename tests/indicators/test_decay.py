"""Weights of costs: at the door, between, at the limit and beyond."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lifecircle.indicators.supply_and_demand import Binary, Exponential, Gaussian, Linear, Logistic, Power, Stepped

LUO_QI = ((10.0, 1.0), (20.0, 0.68), (30.0, 0.22))


def at(decay, *cost):
    return decay(np.array(cost, dtype=float)).tolist()


def test_binary_counts_the_limit():
    assert at(Binary(45.0), 0, 45, 45.0001) == [1, 1, 0]
    assert at(Binary(0.0), 0, 1) == [1, 0]


def test_steps_count_their_limits():
    assert at(Stepped(LUO_QI), 0, 10, 10.0001, 20, 30, 30.0001) == [1, 1, 0.68, 0.68, 0.22, 0]


def test_steps_as_r_has_them():
    # decay_stepped(c(10, 20, 30, 40), c(0.75, 0.5, 0.25, 0)): the value changes at the step.
    steps = Stepped(((10, 1), (20, 0.75), (30, 0.5), (40, 0.25), (math.inf, 0)), closed="left")
    assert at(steps, 0, 10, 20, 30, 40) == [1, 0.75, 0.5, 0.25, 0]
    assert at(steps, 5, 25, 35, 45) == [1, 0.5, 0.25, 0]


def test_linear():
    assert at(Linear(30.0), 0, 7.5, 30, 40) == [1, 0.75, 0, 0]


def test_exponential():
    assert at(Exponential(0.1), 0, 20, 35) == pytest.approx([1, 0.1353352832, 0.0301973834], abs=1e-10)
    assert at(Exponential(0.1, limit=20.0), 20, 20.1) == [math.exp(-2.0), 0]
    assert at(Exponential(0.0), 0, 1e6) == [1, 1]


def test_power():
    assert at(Power(2.0), 0, 0.5, 1, 4, 10) == [1, 1, 1, 0.0625, 0.01]
    assert at(Power(1.0, limit=4.0), 4, 4.1) == [0.25, 0]


def test_gaussian_of_dai():
    # At half the limit: (exp(-1/8) - exp(-1/2)) / (1 - exp(-1/2)).
    assert at(Gaussian(60.0), 0, 60, 61, 1e9) == [1, 0, 0, 0]
    assert at(Gaussian(60.0), 30) == pytest.approx([0.70136657], abs=1e-8)


def test_logistic_as_r_documents_it():
    # The example of decay_logistic(cutoff = 30, sd = 5).
    found = at(Logistic(30.0, 5.0), 0, 30, 45, 60)
    assert found == pytest.approx([1.0, 5.000094e-01, 4.314804e-03, 1.877853e-05], rel=1e-6)
    assert at(Logistic(30.0, 0.001), 29, 31) == pytest.approx([1, 0])
    assert at(Logistic(30.0, 5.0, limit=30.0), 30.1) == [0]


ALL = [
    Binary(20.0),
    Stepped(LUO_QI),
    Stepped(LUO_QI, closed="left"),
    Linear(25.0),
    Exponential(0.1),
    Power(1.5),
    Gaussian(40.0),
    Logistic(30.0, 8.0),
]


@pytest.mark.parametrize("decay", ALL, ids=repr)
@given(cost=arrays(np.float64, 12, elements=st.floats(0, 1e6)))
def test_weights_fall_from_1_and_stay_in_bounds(decay, cost):
    ascending = np.sort(cost)
    weight = decay(ascending)
    assert weight.dtype == np.float64
    assert weight.shape == cost.shape
    assert ((weight >= 0) & (weight <= 1)).all()
    assert (np.diff(weight) <= 1e-15).all()
    assert decay(np.zeros(1))[0] == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Binary(-1.0),
        lambda: Binary(math.nan),
        lambda: Stepped(()),
        lambda: Stepped(((10, 1), (10, 0.5))),
        lambda: Stepped(((20, 1), (10, 0.5))),
        lambda: Stepped(((10, -1),)),
        lambda: Stepped(((10, math.nan),)),
        lambda: Linear(0.0),
        lambda: Linear(math.inf),
        lambda: Exponential(-0.1),
        lambda: Power(-1.0),
        lambda: Power(1.0, limit=-1.0),
        lambda: Gaussian(0.0),
        lambda: Logistic(30.0, 0.0),
    ],
)
def test_what_is_no_decay_is_refused(make):
    with pytest.raises(ValueError, match="decay"):
        make()
