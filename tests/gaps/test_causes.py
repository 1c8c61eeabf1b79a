"""Causes by hand, and what holds whatever the cells: people are conserved, gaps are whole, ranked and of one cause."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.gaps.causes import ABSORBED_PEOPLE, CUT_OFF, FULL, NO_ROADS, TOO_FAR, Division, cell_causes, find_gaps
from lifecircle.gaps.contiguity import Lattice

INF = np.inf


@pytest.mark.parametrize(
    ("cost", "straight", "has_way", "cause"),
    [
        (19.0, 8.1, True, TOO_FAR),  # 3 + 1.6 x 8.1 > 15
        (19.0, 7.5, True, CUT_OFF),  # 3 + 1.6 x 7.5 = 15
        (90.0, 3.0, True, CUT_OFF),
        (39.0, 12.0, True, TOO_FAR),  # the line is 15 minutes, the way three times as long
        (39.1, 12.0, True, CUT_OFF),  # and over three times
        (99.0, 12.1, True, TOO_FAR),  # even the line takes longer
        (INF, 3.0, True, CUT_OFF),
        (INF, 500.0, True, CUT_OFF),  # an island far out: not connected
        (INF, INF, True, TOO_FAR),  # no facility at all
        (INF, 3.0, False, NO_ROADS),
        (16.0, 40.0, False, NO_ROADS),  # reached over the ground
        (INF, INF, False, NO_ROADS),
    ],
)
def test_a_cell_has_one_cause(cost, straight, has_way, cause):
    found = cell_causes(np.array([cost]), np.array([straight]), 15.0, np.array([has_way]), fixed=3.0)
    assert found.tolist() == [cause]


def row_of(people, causes, division=None):
    cells = np.arange(len(people))
    places = Lattice(cells.astype(float), np.zeros(len(people)))
    return find_gaps(places, cells, np.array(people, dtype=float), np.array(causes), division)


def test_one_gap_one_cause_the_most_people_first():
    gaps = row_of([100, 100, 300, 90, 80], [TOO_FAR, TOO_FAR, CUT_OFF, NO_ROADS, NO_ROADS])
    assert gaps.people.tolist() == [300, 200, 170]
    assert gaps.cause.tolist() == [CUT_OFF, TOO_FAR, NO_ROADS]
    assert gaps.gap.tolist() == [1, 1, 0, 2, 2]
    assert gaps.cells.tolist() == [1, 2, 2]


def test_equals_are_ranked_by_their_first_cell():
    gaps = row_of([60, 60, 60], [TOO_FAR, CUT_OFF, TOO_FAR])
    assert gaps.gap.tolist() == [0, 1, 2]


def test_a_few_people_of_another_cause_are_counted_with_their_neighbours():
    gaps = row_of([1000, 49, 0.5], [TOO_FAR, CUT_OFF, NO_ROADS])
    assert gaps.cause.tolist() == [TOO_FAR]
    assert gaps.cause_people.tolist() == [[1000, 49, 0, 0.5]]
    # As small a share, but enough people for work of their own.
    assert row_of([10_000, ABSORBED_PEOPLE], [TOO_FAR, CUT_OFF]).people.tolist() == [10_000, ABSORBED_PEOPLE]


def test_only_what_is_too_wide_is_divided_where_townships_meet():
    def width(metres):
        division = Division(100.0 * np.arange(6), np.zeros(6), np.array([0, 0, 0, 1, 1, -1]), metres)
        return row_of([60.0] * 6, [TOO_FAR] * 6, division)

    assert width(500.0).people.tolist() == [360]
    divided = width(499.0)
    assert divided.gap.tolist() == [0, 0, 0, 1, 1, 2]


def test_means_are_over_people_and_leave_out_who_is_not_reached():
    gaps = row_of([100, 300], [TOO_FAR, TOO_FAR])
    people = np.array([100.0, 300.0])
    assert gaps.mean(np.array([10.0, 20.0]), people).tolist() == [17.5]
    assert gaps.mean(np.array([10.0, INF]), people).tolist() == [10.0]
    assert np.isnan(gaps.mean(np.array([INF, INF]), people)).all()
    assert gaps.most(np.array([5, 7]), people).tolist() == [7]
    assert gaps.most(np.array([5, -1]), people).tolist() == [5]
    assert gaps.most(np.array([-1, -1]), people).tolist() == [-1]


def test_the_middle_is_a_cell_of_the_gap_also_of_a_ring():
    x, y = np.array([(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)], dtype=float).T
    gaps = find_gaps(Lattice(x, y), np.arange(8), np.ones(8), np.zeros(8, dtype=np.int64))
    assert len(gaps) == 1
    assert (x[gaps.middle(x, y, np.ones(8))][0], y[gaps.middle(x, y, np.ones(8))][0]) == (0, 1)


def test_no_cells():
    none = np.zeros(0, dtype=np.int64)
    gaps = find_gaps(
        Lattice(np.zeros(0), np.zeros(0)), none, np.zeros(0), none, Division(*[np.zeros(0)] * 2, none, 1.0)
    )
    assert len(gaps) == 0
    assert gaps.cause_people.shape == (0, 4)
    assert not len(gaps.middle(np.zeros(0), np.zeros(0), np.zeros(0)))
    assert not len(gaps.cells)


cells = st.lists(
    st.tuples(
        st.integers(0, 12), st.integers(0, 12), st.floats(0.01, 1000), st.sampled_from([5.0, 20.0, 90.0, INF]),
        st.sampled_from([1.0, 30.0, INF]), st.booleans(), st.integers(-1, 2),
    ),
    min_size=1, max_size=80, unique_by=lambda cell: cell[:2],
)  # fmt: skip


@given(cells, st.sampled_from([0.0, 1.5]), st.sampled_from([2.0, 6.0, 100.0]))
def test_people_are_conserved_and_gaps_are_whole(given_cells, reach_m, widest):
    x, y, people, cost, crow, has_way, unit = (np.array(part) for part in zip(*given_cells, strict=True))
    x, y = x.astype(float), y.astype(float)
    places = Lattice(x, y, reach_m)
    lacking = np.flatnonzero(~(cost <= 15.0))
    cause = cell_causes(cost[lacking], crow[lacking], 15.0, has_way[lacking])
    gaps = find_gaps(places, lacking, people[lacking], cause, Division(x, y, unit, widest))
    uncovered = people[np.isfinite(cost) & (cost > 15.0)].sum()
    unreachable = people[np.isinf(cost)].sum()
    assert gaps.people.sum() == pytest.approx(uncovered + unreachable, rel=1e-9)
    np.testing.assert_allclose(gaps.cause_people.sum(axis=1), gaps.people, rtol=1e-9)
    assert (np.diff(gaps.people) <= 0).all()
    assert sorted(set(gaps.gap.tolist())) == list(range(len(gaps)))
    assert (gaps.cause == gaps.cause_people.argmax(axis=1)).all()
    assert FULL not in gaps.cause
    # Whatever gap a cell is in hangs together: from its first cell all others can be walked to.
    for gap in range(len(gaps)):
        mine = lacking[gaps.gap == gap]
        seen, waiting = {mine[0]}, [mine[0]]
        while waiting:
            here = waiting.pop()
            dx, dy = abs(x[mine] - x[here]), abs(y[mine] - y[here])
            near = mine[np.hypot(dx, dy) <= reach_m] if reach_m else mine[np.maximum(dx, dy) <= 1]
            waiting += [cell for cell in near.tolist() if cell not in seen]
            seen |= set(near.tolist())
        assert len(seen) == len(mine)
