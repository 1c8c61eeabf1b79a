"""Means of a scenario over the people reached in both, by hand: four cells of 10, 20, 30 and 40 people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecircle.scenarios import OTHER_CELLS, Pair, Reached, compare_reached

PEOPLE = np.array([10.0, 20.0, 30.0, 40.0])
BASE = np.array([5.0, 10.0, 20.0, np.inf])
STOPPED = np.array([5.0, 10.0, np.inf, np.inf])  # the ferry of the third cell
BUILT = np.array([5.0, 10.0, 20.0, 60.0])


class Whole:
    """The district alone."""

    code = ("330399",)

    def sum(self, values):
        return np.array([values.sum()])


def table(*indicators, base, value):
    row = {"level": "district", "unit_code": "330399", "note": "", "base_numerator": 0.0, "numerator": 0.0, "numerator_difference": 0.0,
           "base_denominator": 0.0, "denominator": 0.0, "base": base, "value": value, "difference": value - base}  # fmt: skip
    return pd.DataFrame([{"indicator": one, **row} for one in indicators])


def compared(after, people=PEOPLE):
    pair = Pair("rule", Reached(PEOPLE, BASE), Reached(people, after), frozenset({"mean"}), frozenset({"rule"}))
    found = compare_reached(table("mean", "rule", "other", base=850 / 60, value=250 / 30), {"district": Whole()}, pair)
    return found.set_index("indicator")


def test_a_mean_does_not_fall_because_the_stranded_leave_it():
    found = compared(STOPPED)
    assert (found.loc["mean", "base"], found.loc["mean", "value"], found.loc["mean", "difference"]) == pytest.approx(
        (250 / 30, 250 / 30, 0.0)
    )
    assert (found.loc["mean", "base_denominator"], found.loc["mean", "denominator"]) == (30.0, 30.0)
    assert "30 人不再可达 people no longer reach any" in found.loc["mean", "note"]
    assert "均值按两侧都可达的 30 人计" in found.loc["mean", "note"]
    assert found.loc["rule", "note"] == "30 人不再可达 people no longer reach any"


def test_nor_does_it_rise_because_the_far_are_reached_at_last():
    found = compared(BUILT)
    assert (found.loc["mean", "base"], found.loc["mean", "value"]) == pytest.approx((850 / 60, 850 / 60))
    assert "40 人新可达 people now reach one" in found.loc["mean", "note"]


def test_what_does_not_hang_on_the_rule_stands():
    found = compared(STOPPED)
    assert found.loc["other"].equals(table("other", base=850 / 60, value=250 / 30).set_index("indicator").loc["other"])


def test_where_all_are_reached_as_before_nothing_is_said_and_the_figures_stand():
    found = compared(BASE - 1.0)
    assert (found["note"] == "").all()
    assert found.loc["mean", "base"] == 850 / 60


def test_other_cells_cannot_be_compared():
    found = compared(np.array([5.0, 6.0]), people=np.array([50.0, 50.0]))
    assert found.loc["mean", "note"] == OTHER_CELLS
    assert np.isnan(found.loc["mean", "difference"])
