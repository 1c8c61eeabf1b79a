"""Filling from the nearest on: by hand, against people placed one by one, and what must hold on any district."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import coo_array, csr_array

from lifecircle.indicators.supply_and_demand import fill_nearest_first

BEYOND = np.inf


def reach_of(cost) -> csr_array:
    """Return facilities x cells; inf is beyond the horizon and not stored, 0 is at the door and is."""
    cost = np.asarray(cost, dtype=float)
    rows = np.nonzero(np.isfinite(cost))
    return coo_array((cost[rows], rows), shape=cost.shape).tocsr()


def shuffled(reach: csr_array) -> csr_array:
    """Return the same matrix, each row stored backwards."""
    order = np.concatenate(
        [np.arange(low, high)[::-1] for low, high in zip(reach.indptr[:-1], reach.indptr[1:], strict=True)]
    )
    return csr_array((reach.data[order], reach.indices[order], reach.indptr.copy()), shape=reach.shape)


def fill(cost, limit, people, capacity, **more):
    return fill_nearest_first(reach_of(cost), limit, np.array(people, float), np.array(capacity, float), **more)


def test_the_nearest_come_first_and_a_cell_is_split():
    found = fill([[4.0, 2.0, 9.0]], 10.0, [30, 50, 20], [60])
    assert found.people_served.tolist() == [10, 50, 0]
    assert found.people_full.tolist() == [20, 0, 20]
    assert found.people_out_of_reach.tolist() == [0, 0, 0]
    assert found.facility_people.tolist() == [60]
    assert found.facility_spare.tolist() == [0]
    assert found.assigned.toarray().tolist() == [[10, 50, 0]]


def test_who_finds_no_place_goes_on_to_the_next():
    found = fill([[1.0, 2.0], [5.0, 8.0]], 10.0, [30, 50], [40, 30])
    assert found.assigned.toarray().tolist() == [[30, 10], [0, 30]]
    assert found.people_full.tolist() == [0, 10]


def test_the_limit_counts_and_so_does_the_door():
    found = fill([[0.0, 10.0, 10.000001, BEYOND]], 10.0, [1, 2, 4, 8], [100])
    assert found.people_served.tolist() == [1, 2, 0, 0]
    assert found.people_out_of_reach.tolist() == [0, 0, 4, 8]
    assert found.facility_spare.tolist() == [97]


def test_ties_go_by_facility_then_by_cell():
    found = fill([[5.0, 5.0], [5.0, 5.0]], 5.0, [30, 30], [40, 10])
    assert found.assigned.toarray().tolist() == [[30, 10], [0, 10]]
    assert found.people_full.tolist() == [0, 10]


def test_capacity_has_a_unit_of_its_own():
    # 0.5 visits a person and day: 30 visits are 60 people.
    found = fill([[1.0, 2.0], [BEYOND, 3.0]], 10.0, [50, 50], [30, 25], demand_per_person=0.5)
    assert found.people_served.tolist() == [50, 50]
    assert found.facility_people.tolist() == [60, 40]
    assert found.facility_spare.tolist() == [0, 5]


def test_no_capacity_is_full_and_no_limit_is_spare():
    found = fill([[1.0], [2.0]], 10.0, [7], [0, np.inf])
    assert found.assigned.toarray().tolist() == [[0], [7]]
    assert found.assigned.nnz == 1
    assert found.facility_spare.tolist() == [0, np.inf]
    assert fill([[1.0]], 10.0, [7], [0]).people_full.tolist() == [7]


def test_an_infinite_cost_is_no_way_there_even_without_a_limit():
    reach = csr_array((np.array([np.inf, 3.0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
    found = fill_nearest_first(reach, np.inf, np.array([5.0, 6.0]), np.array([np.inf]))
    assert found.people_out_of_reach.tolist() == [5, 0]


def test_nothing_to_fill():
    found = fill(np.empty((0, 2)), 10.0, [3, 4], [])
    assert found.people_out_of_reach.tolist() == [3, 4]
    assert fill(np.empty((2, 0)), 10.0, [], [3, 4]).facility_spare.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("people", "capacity", "demand", "said"),
    [
        ([1, 1], [np.nan], 1.0, "not known"),
        ([1, 1], [-1], 1.0, "negative"),
        ([1, np.nan], [1], 1.0, "cell rows 1"),
        ([1, -1], [1], 1.0, "cell rows 1"),
        ([1, np.inf], [1], 1.0, "cell rows 1"),
        ([1, 1], [1], 0.0, "positive"),
        ([1, 1], [1], np.nan, "positive"),
        ([1], [1], 1.0, "1 cells"),
    ],
)
def test_what_is_not_known_is_refused(people, capacity, demand, said):
    with pytest.raises(ValueError, match=said):
        fill([[1.0, 2.0]], 10.0, people, capacity, demand_per_person=demand)


def test_neither_argument_is_changed():
    reach, people, capacity = shuffled(reach_of([[4.0, 2.0]])), np.array([3.0, 4.0]), np.array([5.0])
    fill_nearest_first(reach, 9.0, people, capacity)
    assert reach.data.tolist() == [2, 4]
    assert people.tolist() == [3, 4]
    assert capacity.tolist() == [5]


def place_one_by_one(cost, limit, people, capacity):
    """Return facilities x cells: every person and every place by itself, each pair of places asked in turn."""
    free_people = {(cell, one) for cell, count in enumerate(people) for one in range(count)}
    free_places = {(facility, one) for facility, count in enumerate(capacity) for one in range(count)}
    placed = [[0] * len(people) for _ in capacity]
    pairs = sorted((cost[f][c], f, c) for f in range(len(capacity)) for c in range(len(people)) if cost[f][c] <= limit)
    for _, f, c in pairs:
        for person in [one for one in sorted(free_people) if one[0] == c]:
            place = min((one for one in free_places if one[0] == f), default=None)
            if place is None:
                break
            free_people.remove(person)
            free_places.remove(place)
            placed[f][c] += 1
    return placed


SHAPE = (3, 5)
few_costs = arrays(np.float64, SHAPE, elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 6.0, BEYOND]))
counts = st.integers(0, 6)


@given(few_costs, st.lists(counts, min_size=5, max_size=5), st.lists(counts, min_size=3, max_size=3))
def test_as_people_placed_one_by_one(cost, people, capacity):
    found = fill(cost, 4.0, people, capacity)
    assert found.assigned.toarray().tolist() == place_one_by_one(cost.tolist(), 4.0, people, capacity)


costs = arrays(np.float64, SHAPE, elements=st.one_of(st.just(BEYOND), st.floats(0, 30)))
crowds = arrays(np.float64, 5, elements=st.floats(0, 1e4))
places = arrays(np.float64, 3, elements=st.one_of(st.just(np.inf), st.floats(0, 1e4, allow_subnormal=False)))


@given(costs, st.floats(0, 30), crowds, places, st.floats(0.01, 20))
def test_people_and_places_are_conserved(cost, limit, people, capacity, demand):
    found = fill(cost, limit, people, capacity, demand_per_person=demand)
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(found.people_served + found.people_full + found.people_out_of_reach, people, **close)
    assert (found.people_served <= people).all()
    assert min(found.people_served.min(), found.people_full.min(), found.facility_spare.min()) >= 0
    np.testing.assert_allclose(found.assigned.sum(axis=0), found.people_served, **close)
    np.testing.assert_allclose(found.assigned.sum(axis=1), found.facility_people, **close)
    np.testing.assert_allclose(
        (found.facility_people * demand + found.facility_spare)[np.isfinite(capacity)],
        capacity[np.isfinite(capacity)],
        **close,
    )
    in_reach = (cost <= limit).any(axis=0)
    assert (found.people_out_of_reach[in_reach] == 0).all()
    assert (found.people_served[~in_reach] == 0).all()
    # Nobody waits where there is a place.
    waiting, free = found.people_full > 0, found.facility_spare > 0
    assert not ((cost <= limit) & free[:, None] & waiting[None, :]).any()


@given(costs, st.floats(0, 30), crowds)
def test_without_limits_of_capacity_it_is_plain_coverage(cost, limit, people):
    found = fill(cost, limit, people, [np.inf] * 3)
    covered = (cost <= limit).any(axis=0)
    assert (found.people_served == np.where(covered, people, 0)).all()
    assert (found.people_full == 0).all()
    nearest = np.where(covered & (people > 0), cost.argmin(axis=0), -1)
    for facility in range(3):
        at = nearest == facility
        assert (found.assigned.toarray()[facility] == np.where(at, people, 0)).all()


whole_crowds = arrays(np.float64, 5, elements=st.integers(0, 1000).map(float))
whole_places = arrays(np.float64, 3, elements=st.integers(0, 1000).map(float))


@given(few_costs, whole_crowds, whole_places, whole_places)
def test_more_capacity_never_lowers_anyones_service(cost, people, capacity, more):
    before, after = fill(cost, 4.0, people, capacity), fill(cost, 4.0, people, capacity + more)
    assert (before.people_served <= after.people_served).all()


@given(few_costs, whole_crowds, whole_places)
def test_a_further_facility_never_lowers_anyones_service(cost, people, capacity):
    before, after = fill(cost[1:], 4.0, people, capacity[1:]), fill(cost, 4.0, people, capacity)
    assert (before.people_served <= after.people_served).all()


@given(few_costs, whole_crowds, whole_places, st.sampled_from([0.0, 1.0, 2.0, 3.0]))
def test_a_longer_limit_never_lowers_anyones_service(cost, people, capacity, limit):
    before, after = fill(cost, limit, people, capacity), fill(cost, limit + 2.0, people, capacity)
    assert (before.people_served <= after.people_served).all()


def test_a_shorter_road_may_lower_the_total():
    # B is for the second cell only as long as the first does not take A's one place: the road from cell 1 to A is mended.
    people, capacity = [1, 1], [1, 1]
    before = fill([[4.0, 3.0], [2.0, BEYOND]], 10.0, people, capacity)
    after = fill([[1.0, 3.0], [2.0, BEYOND]], 10.0, people, capacity)
    assert before.people_served.sum() == 2
    assert after.people_served.sum() == 1


@given(costs, st.floats(0, 30), crowds, places)
def test_the_order_of_storage_means_nothing(cost, limit, people, capacity):
    reach = reach_of(cost)
    one, other = (fill_nearest_first(given, limit, people, capacity) for given in (reach, shuffled(reach)))
    for name in ("people_served", "people_full", "people_out_of_reach", "facility_people", "facility_spare"):
        assert (getattr(one, name) == getattr(other, name)).all()
    assert one.assigned.has_canonical_format
    for part in ("data", "indices", "indptr"):
        assert (getattr(one.assigned, part) == getattr(other.assigned, part)).all()


@given(st.permutations(range(15)), whole_crowds, whole_places, st.permutations(range(5)))
def test_without_ties_the_order_of_cells_means_nothing(ranks, people, capacity, order):
    cost = np.array(ranks, dtype=float).reshape(SHAPE)
    one, other = fill(cost, 11.0, people, capacity), fill(cost[:, order], 11.0, people[list(order)], capacity)
    assert (one.people_served[list(order)] == other.people_served).all()
    assert (one.assigned.toarray()[:, order] == other.assigned.toarray()).all()
