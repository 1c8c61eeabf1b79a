"""What holds of clauses whatever the figures: sums are kept, the order of rows is nothing, a scorecard's parts add up, 0 is missing where it is met."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lifecircle.config import District, Target
from lifecircle.config.records import TableFilter
from lifecircle.indicators import counts as counted
from lifecircle.indicators.counts import Share
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import levels_of
from lifecircle.indicators.spatial import area_within_m2, length_within_m
from lifecircle.indicators.targets import (
    AHEAD,
    BEHIND,
    MISSED,
    NO_TARGET,
    NOT_KNOWN,
    ON_SCHEDULE,
    SCORES,
    UNDER_WAY,
    Measured,
    judge,
    missing_to,
    score_units,
)
from lifecircle.model import Cells, Register, Units
from lifecircle.problems import Problems
from lifecircle.sources.tables import read_date

DISTRICT = District(id="d", code="330398", name="区", year=2025, crs="EPSG:4549")
TOWNS, VILLAGES = 3, 6
PARENT = np.array([0, 0, 1, 1, 1, -1])  # the last village lies in no town


def facts_of(frame: pd.DataFrame, village: np.ndarray) -> Facts:
    """Facts of one table by village; nothing else of a district."""
    codes = {
        "township": [f"33039800{row}" for row in range(TOWNS)],
        "village": [f"330398001{row:03d}" for row in range(VILLAGES)],
    }
    units = {
        level: Units(level, np.array(code, object), np.array(code, object), np.array([shapely.box(0, 0, 1, 1)] * len(code), object))
        for level, code in codes.items()
    }  # fmt: skip
    nobody = np.zeros(1)
    cells = Cells(
        np.array(["c"], object), nobody, nobody, nobody, nobody, np.ones(1), {},
        {level: csr_array(np.ones((len(code), 1))) for level, code in codes.items()},
    )  # fmt: skip
    township = np.where(village >= 0, PARENT[village], -1)
    unit = {"district": np.zeros(len(frame), dtype=np.int64), "township": township, "village": village}
    nothing = np.full(len(frame), np.nan)
    row = np.arange(len(frame)).astype(object)
    register = Register("villages", frame, "villages.csv", unit, "village", nothing, row)
    return Facts(
        configuration=None, district=DISTRICT, year=2025, units=units, levels=levels_of(DISTRICT, units, cells),
        parents={("village", "township"): PARENT}, cells=cells, facilities=None, layers=None, place_unit={},
        registers={"villages": register}, results={}, reach=None, problems=Problems(),
    )  # fmt: skip


numbers = st.integers(0, 1000)
cells_of_tables = numbers | st.sampled_from([None, "约5", "1,000"])
rows_of_tables = st.lists(
    st.tuples(st.integers(0, VILLAGES - 1), cells_of_tables, cells_of_tables), min_size=1, max_size=30
).filter(
    # A table with an empty column is not computed from at all.
    lambda rows: all(any(row[column] is not None for row in rows) for column in (1, 2))
)
SHARE = Share.model_validate(
    {"id": "it", "measure": "share", "of": {"table": "villages"}, "numerator": "part", "denominator": "whole"}
)


def share_figures(rows):
    frame = pd.DataFrame({"part": [row[1] for row in rows], "whole": [row[2] for row in rows]}, dtype=object)
    facts = facts_of(frame, np.array([row[0] for row in rows], dtype=np.int64))
    return {one.level.level: one for one in counted.share(SHARE, facts).findings[0].figures}


@given(rows_of_tables)
def test_sums_of_a_table_are_kept_from_level_to_level(rows):
    found = share_figures(rows)
    read = {"约5": None, "1,000": 1000}
    whole = [(at, read.get(a, a), read.get(b, b)) for at, a, b in rows]
    whole = [row for row in whole if row[1] is not None and row[2] is not None]
    of_level = {"district": lambda _: 0, "township": lambda at: PARENT[at], "village": lambda at: at}
    for level, unit_of in of_level.items():
        figures = found[level]
        for place, name in ((1, "numerator"), (2, "denominator")):
            sums = np.zeros(len(figures.value))
            for row in whole:
                if unit_of(row[0]) >= 0:
                    sums[unit_of(row[0])] += row[place]
            # Of units where nothing is known there is no figure: neither a share nor what it would be made of.
            is_known = np.isfinite(figures.denominator)
            np.testing.assert_allclose(getattr(figures, name)[is_known], sums[is_known])
        assert np.isnan(figures.value[~is_known]).all()
        # Where rows that are whole have something to divide by, that is known.
        below = np.zeros(len(figures.value))
        for row in whole:
            if unit_of(row[0]) >= 0:
                below[unit_of(row[0])] += row[2]
        assert is_known[below > 0].all()


@given(rows_of_tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_nothing(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    first, second = share_figures(rows), share_figures(shuffled)
    for level, figures in first.items():
        np.testing.assert_array_equal(figures.value, second[level].value)
        np.testing.assert_array_equal(figures.denominator, second[level].denominator)


@given(st.lists(st.floats(0, 1e6), min_size=VILLAGES, max_size=VILLAGES))
def test_rolling_up_keeps_totals_but_for_units_that_lie_in_none_above(values):
    facts = facts_of(pd.DataFrame({"part": [1]}), np.array([0]))
    value = np.array(values)
    assert facts.roll_up("village", "district", value).tolist() == pytest.approx([value.sum()])
    np.testing.assert_allclose(facts.roll_up("village", "township", value), [value[:2].sum(), value[2:5].sum(), 0.0])
    np.testing.assert_array_equal(facts.roll_up("village", "village", value), value)


def test_rows_of_tables_that_no_one_has_are_none():
    facts = facts_of(pd.DataFrame({"part": [1]}), np.array([0]))
    assert len(facts.select([TableFilter(table="nothing")])) == 0
    assert len(facts.select([TableFilter(table="villages")], "whole")) == 0
    assert len(facts.select([TableFilter(table="villages")], "part")) == 1


statuses = st.sampled_from([AHEAD, ON_SCHEDULE, BEHIND, UNDER_WAY, MISSED, NOT_KNOWN, NO_TARGET])


@given(st.lists(st.tuples(st.sampled_from("abc"), statuses, st.booleans()), min_size=1, max_size=40))
def test_the_parts_of_a_scorecard_add_up(rows):
    table = pd.DataFrame(
        {"level": "township", "unit_code": [row[0] for row in rows], "status": [row[1] for row in rows],
         "value": [1.0 if row[2] else np.nan for row in rows]}
    )  # fmt: skip
    scores = score_units(table)
    assert (scores["monitored"] >= scores["with_target"]).all()
    met = scores[["ahead", "on_schedule", "behind", "under_way", "missed"]].sum(axis=1)
    assert (scores["with_target"] == met).all()
    assert scores["monitored"].sum() == sum(row[2] for row in rows)
    assert list(scores.columns) == ["level", "unit_code", *SCORES]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), statuses), min_size=1, max_size=30))
def test_a_clause_counts_once_and_stands_as_its_worst(rows):
    unit, clause, status = (list(each) for each in zip(*rows, strict=True))
    table = pd.DataFrame({"level": "township", "unit_code": unit, "clause": clause, "status": status, "value": 1.0})
    scores = score_units(table.assign(target_kind="all")).set_index("unit_code")
    for code in set(unit):
        own = [{one for u, c, one in rows if (u, c) == (code, name)} for name in "xyz"]
        own = [each for each in own if each]
        assert scores.loc[code, "monitored"] == len(own)
        assert scores.loc[code, "missed"] == sum(MISSED in each for each in own)
        met = [each - {NO_TARGET} for each in own]
        reached = scores.loc[code, "ahead"] + scores.loc[code, "on_schedule"]
        assert reached == sum(bool(each) and each <= {AHEAD, ON_SCHEDULE} for each in met)


@given(
    st.sampled_from(["at_least", "at_most"]),
    st.floats(0, 1),
    st.floats(0, 1e7),
    st.floats(1e-3, 1e7),
    st.integers(2020, 2030),
)
def test_nothing_is_missing_where_and_only_where_it_is_met(kind, goal, numerator, denominator, year):
    target = Target(kind=kind, value=goal, year=2025)
    value = np.array([100.0 * numerator / denominator])
    found = judge(value, "%", target, (target,), year, Measured.nothing(1))
    missing = missing_to(found.goal, value, np.array([numerator]), np.array([denominator]), 100.0, target)
    assert (missing[0] == 0) == (found.status[0] in (AHEAD, ON_SCHEDULE))
    assert missing[0] >= 0


@given(st.floats(0, 1), st.floats(1, 1e6), st.floats(1, 1e6))
def test_what_is_missing_is_just_enough(goal, numerator, denominator):
    target = Target(kind="at_least", value=goal, year=2025)
    args = (
        np.array([goal * 100]),
        np.array([100 * numerator / denominator]),
        np.array([numerator]),
        np.array([denominator]),
    )
    more = missing_to(*args, 100.0, target)[0]
    assert 100 * (numerator + more) / denominator >= goal * 100 - 1e-6


coordinates = st.integers(0, 8)
paths = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=4, unique=True), min_size=1, max_size=4
)
GRID = np.array([shapely.box(x, y, x + 2, y + 2) for x in range(0, 8, 2) for y in range(0, 8, 2)], dtype=object)


@given(paths)
def test_lines_that_run_along_borders_count_once(lines):
    # Integer vertices on a grid of 2 x 2 units: many run along a border or meet a corner.
    drawn = shapely.union_all([shapely.LineString(line) for line in lines])
    length = length_within_m(GRID, drawn)
    assert length.sum() == pytest.approx(shapely.length(drawn), abs=1e-9)
    assert (length >= 0).all()


@given(st.lists(st.tuples(coordinates, coordinates, coordinates, coordinates), min_size=1, max_size=5))
def test_areas_that_overlap_count_once_and_units_add_up(boxes):
    shapes = [shapely.box(min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1) for a, b, c, d in boxes]
    whole = shapely.union_all(shapes)
    inside = shapely.area(shapely.intersection(whole, shapely.box(0, 0, 8, 8)))
    assert area_within_m2(GRID, whole).sum() == pytest.approx(inside, abs=1e-9)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-03-31", "2026-03-31"), ("2026/3/1", "2026-03-01"), ("2026.3.1", "2026-03-01"), ("2026年3月1日", "2026-03-01"),
        ("2026-03-31 16:20:00", "2026-03-31"), ("2026-03-31T16:20:00", "2026-03-31"), ("２０２６－０３－３１", "2026-03-31"),
        (pd.Timestamp("2026-03-31 09:00"), "2026-03-31"), ("2026-02-30", None), ("2026-13-01", None), ("三月底", None), ("20260331", None),
        ("31/3/2026", None), ("2026-03", None), ("2026-03-311", None), (None, None), (46112, None),
    ],
)  # fmt: skip
def test_a_day_is_read_in_the_order_year_month_day_or_not_at_all(cell, day):
    found = read_date(cell)
    assert (found.isoformat() if found else None) == day
