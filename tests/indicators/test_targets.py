"""The eight kinds of targets and the seven statuses, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lifecircle.config import Target, load_measures
from lifecircle.indicators.counts import OnTime
from lifecircle.indicators.targets import Measured, due_target, judge, missing_to, still_missing

NAN = float("nan")


def status(value, *targets, year, unit="%", base=(NAN, NAN), reference=NAN, of=0):
    """Status of one value to one of the targets."""
    measured = Measured(np.array([base[1]]), np.array([float(base[0])]), reference)
    return judge(np.array([float(value)]), unit, targets[of], targets, year, measured).status[0]


def target(kind, value=None, year=2025, **more):
    return Target(kind=kind, value=value, year=year, **more)


@pytest.mark.parametrize(
    ("kind", "year", "expected"),
    [
        ("at_least", 2024, ["提前", "推进中", "缺数据"]),
        ("at_least", 2025, ["如期", "未达标", "缺数据"]),
        ("at_least", 2026, ["如期", "未达标", "缺数据"]),
        ("at_most", 2025, ["未达标", "如期", "缺数据"]),
        ("count", 2025, ["如期", "未达标", "缺数据"]),
    ],
)
def test_without_a_base_there_is_no_line(kind, year, expected):
    found = [status(value, target(kind, 0.5), year=year) for value in (60, 40, NAN)]
    assert found == expected


def test_all_is_all_but_for_rounding():
    assert status(100 - 1e-12, target("all"), year=2025) == "如期"
    assert status(99.99, target("all"), year=2025) == "未达标"


@pytest.mark.parametrize(
    ("value", "expected"),
    # From 60 % in 2020 to 80 % in 2025 the line stands at 72 % in 2023.
    [(72, "如期"), (71.9, "滞后"), (80, "提前"), (59, "滞后")],
)
def test_on_the_way_the_straight_line_decides(value, expected):
    assert status(value, target("at_least", 0.8), year=2023, base=(2020, 60)) == expected


def test_where_less_is_better_the_line_falls():
    # From 20 % in 2020 to 10 % in 2030: 15 % in 2025.
    goal = target("at_most", 0.1, 2030)
    assert [status(value, goal, year=2025, base=(2020, 20)) for value in (15, 15.1, 10)] == ["如期", "滞后", "提前"]


def test_a_passed_milestone_is_where_the_line_to_the_next_begins():
    # 93 % by 2022 and 94 % by 2030: 93.375 % in 2025, without any base year.
    goals = (target("at_least", 0.93, 2022), target("at_least", 0.94, 2030))
    assert [status(value, *goals, year=2025, of=1) for value in (93.375, 93.3, 94)] == ["如期", "滞后", "提前"]
    assert status(92.9, *goals, year=2025, of=0) == "未达标", "the first of them is over"
    # A base later than the milestone replaces it: 93.9 in 2024 -> 93.9167 in 2025.
    assert status(93.9, *goals, year=2025, of=1, base=(2024, 93.9)) == "滞后"


def test_the_year_answers_to_the_next_target_due():
    goals = (target("at_least", 0.3, 2022), target("at_least", 0.8, 2030))
    assert [due_target(goals, year).year for year in (2020, 2022, 2023, 2030, 2031)] == [2022, 2022, 2030, 2030, 2030]
    assert due_target((), 2025) is None
    undated = (Target(kind="at_least", value=0.5), target("at_least", 0.6, 2022))
    assert due_target(undated, 2025).year == 2022, "an undated target comes last"


def test_hold_stands_from_its_first_year_on_and_is_never_ahead():
    goals = (target("hold", 0.9, 2022), target("hold", 0.9, 2030))
    assert [status(91, *goals, year=year, of=1) for year in (2021, 2025, 2030)] == ["如期"] * 3
    assert [status(89, *goals, year=year, of=1) for year in (2021, 2022, 2025, 2030)] == [
        "推进中",
        "未达标",
        "未达标",
        "未达标",
    ]
    assert status(89, Target(kind="hold", value=0.9), year=2025) == "未达标", "a standing duty has begun"


def test_improve_is_better_than_the_base_and_no_equal_of_it():
    goal = target("improve")
    assert [status(value, goal, year=2025, base=(2020, 40)) for value in (40.1, 40, 39)] == ["如期", "未达标", "未达标"]
    assert status(41, goal, year=2024, base=(2020, 40)) == "提前"
    assert status(41, goal, year=2025) == "缺数据", "without a base there is nothing to be better than"
    down = target("improve", sense="down")
    assert [status(value, down, year=2025, base=(2020, 40)) for value in (39, 41)] == ["如期", "未达标"]


def test_a_figure_worse_than_the_base_is_behind_and_an_equal_one_under_way():
    goal = Target(kind="improve", sense="down")
    assert [status(value, goal, year=2025, unit="index", base=(2020, 0.4)) for value in (0.3, 0.4, 0.5)] == [
        "如期",
        "推进中",
        "滞后",
    ]
    undated = Target(kind="all")
    assert [status(value, undated, year=2025, base=(2020, 60)) for value in (59, 60, 100)] == ["滞后", "推进中", "如期"]
    assert status(59, undated, year=2025) == "推进中", "there is no base to judge by"
    assert status(59, target("improve"), year=2024, base=(2020, 60)) == "滞后", "not due yet"
    assert status(59, target("improve"), year=2025, base=(2020, 60)) == "未达标", "due"


def test_worse_than_the_base_is_behind_even_above_a_line_from_a_later_milestone():
    goals = (target("at_least", 0.9, 2022), target("at_least", 0.96, 2030))
    # From 90 in 2022 to 96 in 2030: 93 in 2026; but it was 95 in 2020.
    assert status(94, *goals, year=2026, of=1) == "如期"
    assert status(94, *goals, year=2026, of=1, base=(2020, 95)) == "滞后"


@pytest.mark.parametrize(
    ("value", "base", "expected"),
    # Town less country, in points: nearer to zero is the better, on whichever side.
    [(-3, -5, "如期"), (-10, -5, "滞后"), (3, -5, "如期"), (10, 5, "滞后"), (5, -5, "推进中"), (0, 5, "如期")],
)
def test_a_signed_difference_improves_towards_zero(value, base, expected):
    assert status(value, Target(kind="improve", sense="zero"), year=2025, unit="pp", base=(2020, base)) == expected


def test_a_difference_is_held_to_a_distance_from_zero_and_its_line_falls_from_one():
    goal = target("at_most", 5, 2025, sense="zero")
    assert [status(value, goal, year=2025, unit="pp") for value in (4, -4, -6, 6)] == [
        "如期",
        "如期",
        "未达标",
        "未达标",
    ]
    # From 15 points in 2020 to 5 in 2025: 9 in 2023.
    assert [status(value, goal, year=2023, unit="pp", base=(2020, -15)) for value in (-9, -10, 8, 4)] == [
        "如期",
        "滞后",
        "如期",
        "提前",
    ]


def test_before_it_begins_what_is_to_hold_has_a_line_to_its_first_year():
    goals = (target("hold", 0.9, 2022), target("hold", 0.9, 2030))
    # From 80 in 2018 to 90 in 2022: 87.5 in 2021.
    assert [status(value, *goals, year=2021, of=1, base=(2018, 80)) for value in (87.5, 87, 79, 90)] == [
        "如期",
        "滞后",
        "滞后",
        "如期",
    ]


def test_what_is_due_every_year_is_missed_when_it_is_late():
    entry = OnTime.model_validate(
        {"id": "report", "measure": "on_time", "month": 4, "day": 30, "target": {"kind": "all"}}
    )
    (asked,) = entry.targets_in(2025)
    assert asked.year == 2025
    assert [status(value, asked, year=2025) for value in (100, 0)] == ["如期", "未达标"]


@pytest.mark.parametrize(
    ("measure", "more", "sense"),
    [
        ("difference", {"indicator": "a", "unit": "village", "of": {"table": "villages", "urban": True}}, "zero"),
        ("inequality", {"index": "gini", "rule": "a"}, "down"),
        ("inequality", {"index": "concentration", "rule": "a", "order_by": "age60"}, "zero"),
        ("mean_minutes", {"rule": "a"}, "down"),
        ("units_meeting", {"indicator": "a", "unit": "village", "at_least": 1}, "up"),
    ],
)
def test_improvement_is_what_the_measure_makes_of_it(measure, more, sense):
    entry = load_measures()[measure].model_validate(
        {"id": "it", "measure": measure, "target": {"kind": "improve"}, **more}
    )
    (asked,) = entry.targets
    assert (asked.sense or "up") == sense
    down = load_measures()[measure].model_validate(
        {"id": "it", "measure": measure, "target": {"kind": "improve", "sense": "down"}, **more}
    )
    assert down.targets[0].sense == ("zero" if sense == "zero" else "down"), "a gap that is to fall falls towards zero"


@pytest.mark.parametrize(
    ("asked", "value", "goal", "expected"),
    [
        (target("at_least", 0.8), 50.0, 80.0, 30.0),
        (target("at_least", 0.8), 90.0, 80.0, -10.0),
        (target("all"), 50.0, 100.0, 50.0),
        (target("hold", 0.9), 80.0, 90.0, 10.0),
        (target("count", 3), 1.0, 3.0, 2.0),
        (target("not_below"), 60.0, 70.0, 10.0),
        (target("improve"), 30.0, 40.0, 10.0),
        (target("at_most", 0.1), 12.0, 10.0, 2.0),
        (target("at_most", 0.1), 8.0, 10.0, -2.0),
        (target("not_below", sense="down"), 6.0, 5.0, 1.0),
        (target("improve", sense="down"), 0.5, 0.4, 0.1),
        (target("improve", sense="zero"), -8.0, 5.0, 3.0),
        (target("improve", sense="zero"), 2.0, -5.0, -3.0),
        (target("at_most", 5, sense="zero"), -6.0, 5.0, 1.0),
        (target("qualitative"), 6.0, NAN, NAN),
    ],
)
def test_a_gap_is_positive_while_something_is_missing_whatever_is_better(asked, value, goal, expected):
    found = still_missing(np.array([value]), np.array([goal]), asked)[0]
    np.testing.assert_allclose(found, expected)


def test_not_below_is_measured_by_what_others_have():
    goal = target("not_below")
    assert [status(value, goal, year=2025, reference=70) for value in (70, 69, 71)] == ["如期", "未达标", "如期"]
    assert status(71, goal, year=2025) == "缺数据", "the reference is not known"
    assert status(6, target("not_below", sense="down"), unit="min", year=2025, reference=5) == "未达标"
    assert status(71, target("not_below", 0.7), year=2025) == "如期", "the reference may stand in the target"


def test_words_alone_judge_nobody():
    assert status(100, target("qualitative"), year=2025) == "无目标"


def test_a_target_without_a_year_is_never_missed():
    goal = Target(kind="at_least", value=0.5)
    assert [status(value, goal, year=2099) for value in (50, 49)] == ["如期", "推进中"]


def test_a_value_in_its_own_unit_is_not_a_share():
    assert status(2.6, target("at_least", 2.6), unit="m2/人", year=2025) == "如期"
    assert status(2.59, target("at_least", 2.6), unit="m2/人", year=2025) == "未达标"


@pytest.mark.parametrize(
    ("goal", "value", "numerator", "denominator", "scale", "asked", "expected"),
    [
        (80.0, 50.0, 50.0, 100.0, 100.0, target("at_least", 0.8), 30.0),  # 30 people more
        (2.6, 2.0, 2000.0, 1000.0, 1.0, target("at_least", 2.6), 600.0),  # 600 m2 more
        (100.0, 50.0, 1.0, 1000.0, 50000.0, target("at_least", 100.0), 1.0),  # one more per 50,000
        (3.0, 1.0, 1.0, NAN, 1.0, target("count", 3), 2.0),
        (50.0, 30.0, 300000.0, NAN, 10000.0, target("count", 50), 200000.0),  # in 10,000 households
        (10.0, 12.0, 12.0, 100.0, 100.0, target("at_most", 0.1), 2.0),  # two too many
        (80.0, 90.0, 90.0, 100.0, 100.0, target("at_least", 0.8), 0.0),
    ],
)
def test_what_is_missing_to_the_target(goal, value, numerator, denominator, scale, asked, expected):
    found = missing_to(*(np.array([one]) for one in (goal, value, numerator, denominator)), scale, asked)
    assert found[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "at_least"},
        {"kind": "all", "value": 1},
        {"kind": "improve", "value": 0.5},
        {"kind": "at_least", "value": 0.5, "sense": "down"},
        {"kind": "at_most", "value": 0.5, "sense": "down"},
        {"kind": "all", "levels": ["county"]},
        {"kind": "sometimes", "value": 1},
        {"kind": "at_least", "value": 0.5, "year": 20},
    ],
)
def test_a_target_that_says_too_little_or_too_much_is_refused(wrong):
    with pytest.raises(ValidationError):
        Target(**wrong)


@given(
    st.sampled_from(["at_least", "at_most", "hold", "not_below"]),
    st.floats(0, 100),
    st.integers(2015, 2035),
    st.floats(0, 100) | st.just(NAN),
    st.integers(2000, 2020),
)
def test_a_better_value_never_has_a_worse_status(kind, goal, year, base, base_year):
    rank = ["未达标", "滞后", "推进中", "如期", "提前"]
    asked = target(kind, goal / 100, 2025)
    values = np.linspace(0, 100, 41)
    measured = Measured(np.full(41, base), np.full(41, NAN if np.isnan(base) else float(base_year)))
    ranks = [rank.index(word) for word in judge(values, "%", asked, (asked,), year, measured).status]
    assert ranks == sorted(ranks, reverse=kind == "at_most")
