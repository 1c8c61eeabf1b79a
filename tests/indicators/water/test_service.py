"""Who is served: by lists, by areas, by pipes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from lifecircle.indicators.water_system import (
    ListFault,
    Villages,
    service_from_areas,
    service_from_lists,
    service_from_pipes,
)
from tests.indicators.water.networks import NAN, text

VILLAGES = Villages(
    text("330305202200", "330305202201", "330305202202", "330305001001", "330305001200"),
    text("鹿西村", "口筐村", "East Bay Village", "九厅社区", "九厅村"),
)


def test_lists_by_code_and_name_however_punctuated():
    found = service_from_lists(
        ["330305202200; 口筐、East Bay Village", "九厅社区\n330305001200", None, " ； "], VILLAGES
    )
    assert found.faults == ()
    assert found.service.toarray().tolist() == [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1], [0] * 5, [0] * 5]


def test_nothing_is_dropped_unsaid():
    found = service_from_lists(["鹿西村，九厅 山坪村", "鹿西 330305202200"], VILLAGES)
    assert found.faults == (
        ListFault("ambiguous", 0, "九厅", ("330305001001", "330305001200")),
        ListFault("unknown", 0, "山坪村"),
        ListFault("repeated", 1, "330305202200"),
        ListFault("shared", 0, "330305202200"),
        ListFault("shared", 1, "330305202200"),
    )
    # Two claim it: half each. The ambiguous and the unknown serve no one.
    assert found.service.toarray().tolist() == [[0.5, 0, 0, 0, 0], [0.5, 0, 0, 0, 0]]


def test_an_exact_name_is_not_ambiguous():
    found = service_from_lists(["九厅村"], VILLAGES)
    assert found.faults == ()
    assert found.service.toarray()[0].tolist() == [0, 0, 0, 0, 1]


def test_no_plants_serve_no_one():
    assert service_from_lists([], VILLAGES).service.shape == (0, 5)
    assert service_from_lists([NAN], VILLAGES).service.nnz == 0


def test_areas_weigh_by_people():
    # V0 is cell 0 and half of cell 1; V1 the other half; V2 is cell 2, where nobody lives; V3 lies in no cell.
    membership = csr_array(np.array([[1, 0.5, 0], [0, 0.5, 0], [0, 0, 1], [0, 0, 0]]))
    overlap = csr_array(np.array([[1, 0.2, 0], [0, 0, 0.25]]))
    found = service_from_areas(overlap, membership, np.array([10.0, 40.0, 0.0])).toarray()
    # V0: (10 x 1 + 20 x 0.2) / 30; V1: 0.2; V2 by area: 0.25.
    np.testing.assert_allclose(found, [[14 / 30, 0.2, 0, 0], [0, 0, 0.25, 0]])


def test_areas_that_overlap_share_a_cell():
    overlap = csr_array(np.array([[1.0, 0.5], [1.0, 0.25], [0.5, 0.0]]))
    found = service_from_areas(overlap, csr_array(np.eye(2)), np.array([5.0, 5.0])).toarray()
    np.testing.assert_allclose(found, [[0.4, 0.5], [0.4, 0.25], [0.2, 0.0]])


@given(
    arrays(np.float64, (3, 6), elements=st.floats(0, 1)),
    arrays(np.float64, 6, elements=st.integers(0, 50).map(float)),
)
def test_areas_serve_no_one_twice(overlap, people):
    membership = csr_array(
        np.repeat(np.eye(3), 2, axis=1) * 0.5 + np.roll(np.repeat(np.eye(3), 2, axis=1), 1, axis=1) * 0.5
    )
    found = service_from_areas(csr_array(overlap), membership, people).toarray()
    assert (found >= 0).all()
    assert (found.sum(axis=0) <= 1 + 1e-12).all()


# 0 - 1 - 2, 3 - 4, 5 alone. P0 at 0, P1 at 2, P2 at 4, P3 on no pipe.
EDGES = np.array([[0, 1], [2, 1], [4, 3]])
PLANT_NODE = np.array([0, 2, 4, -1])
VILLAGE_NODE = np.array([1, 0, 3, 5, -1])


def test_pipes_serve_what_they_join_and_share_by_capacity():
    found = service_from_pipes(EDGES, 6, PLANT_NODE, VILLAGE_NODE, np.array([30.0, 10.0, 5.0, 99.0])).toarray()
    expected = [[0.75, 0.75, 0, 0, 0], [0.25, 0.25, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert found.tolist() == expected


@pytest.mark.parametrize("capacity", [(NAN, 10.0), (0.0, 0.0)])
def test_pipes_share_evenly_where_capacity_does_not_say(capacity):
    found = service_from_pipes(EDGES, 6, PLANT_NODE, VILLAGE_NODE, np.array([*capacity, NAN, NAN])).toarray()
    assert found[:, 0].tolist() == [0.5, 0.5, 0, 0]
    assert found[:, 2].tolist() == [0, 0, 1, 0]


def test_no_pipes():
    none = np.zeros((0, 2), dtype=np.int64)
    assert service_from_pipes(none, 0, np.array([-1]), np.array([-1, -1]), np.array([1.0])).nnz == 0
    alone = service_from_pipes(none, 2, np.array([0]), np.array([0, 1]), np.array([1.0]))
    assert alone.toarray().tolist() == [[1.0, 0.0]]
