"""What changed between two years and why, by hand and by invariants."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lifecircle.comparison.decomposition import (
    CAUSES,
    NO_CROSSWALK,
    UnitLinks,
    carry_rows,
    change_rows,
    share_by_unit,
    split_by_cause,
    split_table,
    turnover,
    turnover_of_units,
    worst_changes,
)


def figure_of(values):
    return lambda later: np.array([values["".join(cause[0] for cause in CAUSES if cause in later)]], dtype=float)


def links(*rows):
    return UnitLinks(pd.DataFrame(rows, columns=["from_code", "to_code", "share"]))


def test_causes_that_do_not_meet_keep_what_each_does():
    # facilities + 3 wherever, roads - 1 wherever.
    parts = split_by_cause(figure_of({"": 10, "f": 13, "r": 9, "fr": 12}), ("facilities", "roads"))
    assert {cause: part[0] for cause, part in parts.items()} == {"facilities": 3, "people": 0, "roads": -1, "rule": 0}


def test_a_clinic_that_needs_its_bridge_shares_the_gain_with_it():
    parts = split_by_cause(figure_of({"": 0, "f": 0, "r": 0, "fr": 10}), ("facilities", "roads"))
    assert (parts["facilities"][0], parts["roads"][0]) == (5, 5)


def test_three_causes_by_hand():
    values = {"": 40, "f": 60, "p": 50, "r": 40, "fp": 75, "fr": 84, "pr": 50, "fpr": 90}
    parts = split_by_cause(figure_of(values), ("facilities", "people", "roads"))
    # facilities: (20 + 40)/3 + (25 + 44)/6; people: (10 + 6)/3 + (15 + 10)/6; roads: (0 + 15)/3 + (24 + 0)/6
    np.testing.assert_allclose([parts[cause][0] for cause in CAUSES], [31.5, 9.5, 9.0, 0.0], rtol=0, atol=1e-12)


@given(arrays(np.float64, (16, 3), elements=st.floats(-1e3, 1e3)), st.permutations(CAUSES))
def test_the_parts_of_any_figure_sum_to_its_difference_in_whatever_order_causes_are_named(values, order):
    def figure(later):
        return values[sum(1 << CAUSES.index(cause) for cause in later)]

    parts = split_by_cause(figure, order)
    np.testing.assert_allclose(sum(parts.values()), values[15] - values[0], rtol=0, atol=1e-9)
    for cause, part in split_by_cause(figure, CAUSES).items():
        np.testing.assert_allclose(parts[cause], part, rtol=0, atol=1e-9)


def test_nothing_changed_asks_once_and_gives_nothing():
    asked = []

    def figure(later):
        asked.append(later)
        return np.array([7.0, np.nan])

    parts = split_by_cause(figure, ())
    assert asked == [frozenset()]
    assert all(part[0] == 0 and np.isnan(part[1]) for part in parts.values())


def test_whose_cover_changed_by_hand():
    people = np.array([10.0, 20, 30, 40]), np.array([12.0, 20, 33, 44])
    covered = np.array([True, True, False, False]), np.array([True, False, True, False])
    found = turnover(people, covered, lambda values: np.array([values.sum()]))
    # 33 of today are newly within, 20 of today are lost; 2 more live where it was covered.
    assert (found.newly_covered[0], found.newly_lost[0], found.moved[0]) == (33, 20, 2)
    assert (12 + 33) - (10 + 20) == 33 - 20 + 2


@given(
    arrays(np.float64, (2, 8), elements=st.floats(0, 1e4)),
    arrays(np.bool_, (2, 8)),
    arrays(np.float64, (3, 8), elements=st.floats(0, 1)),
)
def test_newly_less_lost_is_the_change_of_the_people_covered(people, covered, share):
    found = turnover((people[1], people[1]), (covered[0], covered[1]), lambda values: share @ values)
    change = share @ (people[1] * covered[1]) - share @ (people[1] * covered[0])
    np.testing.assert_allclose(found.newly_covered - found.newly_lost, change, rtol=0, atol=1e-9)
    assert (found.moved == 0).all()
    both = turnover((people[0], people[1]), (covered[0], covered[1]), lambda values: share @ values)
    change = share @ (people[1] * covered[1]) - share @ (people[0] * covered[0])
    np.testing.assert_allclose(both.newly_covered - both.newly_lost + both.moved, change, rtol=0, atol=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_in_every_unit_and_in_all_the_flows_are_the_change_whatever_became_of_units(seed):
    random = np.random.default_rng(seed)
    olds, news, cells = 4, 5, 12
    # Cells lie in old units in parts, a few in none; each old unit goes to one or more of today's.
    membership = random.dirichlet(np.ones(olds + 1), cells).T[:olds]
    rows = [
        (f"o{old}", f"n{new}", share)
        for old in range(olds)
        for new, share in enumerate(random.dirichlet(np.ones(news)))
    ]
    today = np.array([f"n{new}" for new in range(news)], dtype=object)
    carry = links(*rows).matrix(np.array([f"o{old}" for old in range(olds)], dtype=object), today)
    people = random.integers(0, 500, (2, cells)) * random.choice([1.0, 0.37])
    covered = random.random((2, cells)) < 0.5

    def add_up(values):
        return carry @ (membership @ values)

    sums = [add_up(people[at] * covered[at]) for at in (0, 1)]
    by_cell = turnover((people[0], people[1]), (covered[0], covered[1]), add_up)
    for found in (by_cell, turnover_of_units(*sums)):
        flows = found.newly_covered - found.newly_lost + found.moved
        np.testing.assert_allclose(flows, sums[1] - sums[0], rtol=0, atol=1e-9)
        assert flows.sum() == pytest.approx(sums[1].sum() - sums[0].sum(), abs=1e-9)
        assert (found.newly_covered >= 0).all()
        assert (found.newly_lost >= 0).all()
        # Who is newly covered is covered now, and who is newly lost is not.
        now = add_up(people[1])
        assert (found.newly_covered <= sums[1] + 1e-9).all()
        assert (by_cell.newly_lost <= now - sums[1] + 1e-9).all()
    # In today's units there are as many people as in those of the time.
    inside = membership.sum(axis=0)
    for at in (0, 1):
        assert sums[at].sum() == pytest.approx((people[at] * covered[at] * inside).sum(), rel=1e-9, abs=1e-9)


def test_where_grids_differ_a_unit_tells_the_least_it_can():
    found = turnover_of_units(np.array([10.0, 50]), np.array([30.0, 20]))
    assert found.newly_covered.tolist() == [20, 0]
    assert found.newly_lost.tolist() == [0, 30]


def test_a_unit_is_split_and_two_are_merged_and_no_one_is_lost():
    # 330305002 灵昆 gave up 昆鹏 in 2020; two others become one; the fourth keeps its code.
    walk = links(("002", "002", 0.6), ("002", "006", 0.4), ("010", "009", 1.0), ("009", "009", 1.0))
    codes = np.array(["002", "010", "009", "101"], dtype=object)
    today = np.array(["002", "006", "009", "101"], dtype=object)
    people = np.array([1000.0, 20, 30, 7])
    assert (walk.matrix(codes, today) @ people).tolist() == [600, 400, 50, 7]


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_a_crosswalk_conserves_people(shares, data):
    rows = [
        (f"old{place}", f"new{number}", share / sum(parts))
        for place, parts in enumerate(shares)
        for number, share in enumerate(parts)
    ]
    codes = np.array([*(f"old{place}" for place in range(len(shares))), "kept"], dtype=object)
    people = np.array(data.draw(st.lists(st.floats(0, 1e6), min_size=len(codes), max_size=len(codes))))
    walk = links(*rows)
    today = np.array(sorted(set(walk.link(list(codes))["to_code"])), dtype=object)
    assert (walk.matrix(codes, today) @ people).sum() == pytest.approx(people.sum(), rel=1e-9)
    assert not walk.faults()


def test_shares_that_do_not_sum_to_one_are_named():
    assert links(("a", "b", 0.5), ("a", "c", 0.4), ("d", "d", 1.0)).faults() == {"a": pytest.approx(0.9)}


def rows_of(*rows):
    frame = pd.DataFrame(rows, columns=["indicator", "unit_code", "value", "numerator", "denominator", "value_unit"])
    frame = frame.assign(
        level="township", district="d", policy="p", label_zh="数", label_en="figure", unit_name="某镇", limit=15.0, limit_unit="min"
    )  # fmt: skip
    return frame.astype({"value": float, "numerator": float, "denominator": float})


def test_figures_go_with_their_units():
    rows = rows_of(
        ("cover", "a", 50, 50, 100, "%"),
        ("cover", "b", 10, 30, 300, "%"),
        ("cover", "old", 80, 8, 10, "%"),
        ("beds", "a", 12, 12, np.nan, "张"),
        ("beds", "b", 4, 4, np.nan, "张"),
        ("gini", "a", 0.3, np.nan, np.nan, ""),
        ("gini", "b", 0.5, np.nan, np.nan, ""),
        ("index", "old", 0.7, np.nan, np.nan, ""),
        ("per-1000", "a", 6, 3, 500, "张/千人"),
        ("per-1000", "b", 2, 1, 500, "张/千人"),
    )
    carried = carry_rows(rows, links(("a", "ab", 1.0), ("b", "ab", 1.0), ("old", "new", 1.0)))
    value = carried.set_index(["indicator", "unit_code"])["value"]
    assert value["cover", "ab"] == pytest.approx(100 * 80 / 400)  # never the mean of 50 and 10
    assert value["cover", "new"] == 80
    assert value["beds", "ab"] == 16
    assert np.isnan(value["gini", "ab"])  # two of them are no third
    assert value["index", "new"] == 0.7  # only its code changed
    assert value["per-1000", "ab"] == pytest.approx(4)
    assert carry_rows(rows, NO_CROSSWALK) is rows


def test_a_split_unit_keeps_its_share_and_parts_its_people():
    carried = carry_rows(rows_of(("cover", "a", 50, 50, 100, "%")), links(("a", "x", 0.25), ("a", "y", 0.75)))
    assert carried["unit_code"].tolist() == ["x", "y"]
    assert carried["value"].tolist() == [50, 50]
    assert carried["denominator"].tolist() == [25, 75]


def test_differences_with_causes_and_what_is_left():
    before = rows_of(
        ("cover", "a", 40, 40, 100, "%"), ("beds", "a", 3, 3, np.nan, "张"), ("gone", "a", 1, 1, np.nan, "")
    )
    now = rows_of(("cover", "a", 90, 90, 100, "%"), ("beds", "a", 5, 5, np.nan, "张"), ("new", "a", 1, 1, np.nan, ""))
    parts = split_by_cause(figure_of({"": 40, "f": 90}), ("facilities",))
    found = turnover_of_units(np.array([40.0]), np.array([90.0]))
    codes = np.array(["a"], dtype=object)
    split = split_table("cover", "township", codes, parts, (np.array([40.0]), np.array([90.0])), found, "unit")
    changes = change_rows(before, now, split, (2022, 2025)).set_index("indicator")
    assert changes.index.tolist() == ["cover", "beds", "new", "gone"]
    cover = changes.loc["cover"]
    assert (cover["difference"], cover["by_facilities"], cover["by_people"], cover["residual"]) == (50, 50, 0, 0)
    assert (cover["newly_covered"], cover["newly_lost"]) == (50, 0)
    beds = changes.loc["beds"]  # not split: nothing is claimed of its causes
    assert beds["difference"] == beds["residual"] == 2
    assert np.isnan(beds["by_facilities"])
    assert changes.loc[["new", "gone"], "difference"].isna().all()
    assert changes.loc["gone", "value_from"] == 1


def test_the_units_that_changed_most_come_first_and_those_that_hardly_did_not_at_all():
    before = rows_of(*(("cover", code, 50, 50, 100, "%") for code in "abcd"))
    now = rows_of(
        *(("cover", code, value, value, 100, "%") for code, value in zip("abcd", (52, 40, 50.01, 52), strict=True))
    )
    none = pd.DataFrame({"indicator": [], "level": [], "unit_code": [], "counted_by": []}).reindex(
        columns=["indicator", "level", "unit_code", "counted_by", *(f"by_{cause}" for cause in CAUSES), "covered_from",
                 "covered_to", "newly_covered", "newly_lost", "moved"]
    )  # fmt: skip
    changes = change_rows(before, now, none.astype({f"by_{cause}": float for cause in CAUSES}), (2022, 2025))
    assert worst_changes(changes, "cover", "township", 3, 0.05)["unit_code"].tolist() == ["b", "a", "d"]


def test_a_unit_without_people_has_no_share():
    shares = share_by_unit(
        NO_CROSSWALK.matrix(*(np.array(["a", "b"], dtype=object),) * 2), np.array([1.0, 0]), np.array([4.0, 0])
    )
    assert shares[0] == 25
    assert np.isnan(shares[1])
