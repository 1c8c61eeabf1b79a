"""Samples from source to tap."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lifecircle.indicators.water_quality import CHAIN_STATES, Samples, count_passes, monitoring_chain
from lifecircle.indicators.water_system import SupplySystem
from tests.indicators.water.networks import NAN, PEOPLE, peopled, system, systems, two_towns


def samples(*rows):
    """From rows of stage, year, plant, village, pass."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    stage, year, plant, village = (np.array(column, dtype=np.int64) for column in columns[:4])
    return Samples(stage, year, plant, village, np.array(columns[4], dtype=float))


S, P, T = 0, 1, 2


def test_passes_are_counted_by_stage_and_unit():
    taken = samples(
        (S, 2025, 0, -1, 1), (S, 2025, 0, -1, 0), (T, 2025, 0, 1, 1), (T, 2025, 1, 1, NAN), (T, 2024, 0, 1, 0), (-1, 2025, 0, 1, 1),
        (P, 2025, -1, -1, 1),
    )  # fmt: skip
    by_plant = count_passes(taken, taken.plant, 2, 2025)
    assert by_plant.passed.tolist() == [[1, 0], [0, 0], [1, 0]]
    assert by_plant.total.tolist() == [[2, 0], [0, 0], [1, 0]]
    assert by_plant.no_result.tolist() == [[0, 0], [0, 0], [0, 1]]
    assert by_plant.left_out == 2
    np.testing.assert_array_equal(by_plant.rate, [[0.5, NAN], [NAN, NAN], [1, NAN]])
    by_village = count_passes(taken, taken.village, 3, 2025)
    assert by_village.total[T].tolist() == [0, 1, 0]


def chain(*rows, least=1, of=None):
    return monitoring_chain(of or two_towns(), PEOPLE, samples(*rows), 2025, least)


WATCHED = [(S, 2025, 0, -1, 0), (P, 2025, 0, -1, 1), (T, 2025, 0, 0, 1), (S, 2025, 1, -1, 1)]


def test_the_first_link_that_is_missing():
    found = chain(*WATCHED)
    # V1 has no tap of its own, P1 no sample at its outlet, V3 no plant.
    assert [CHAIN_STATES[state] for state in found.state] == ["完整", "龙头", "出厂", "无水厂"]
    assert found.people.tolist() == [[100, 0, 0, 0, 0], [0, 0, 0, 200, 0], [0, 0, 150, 0, 150], [0, 0, 0, 0, 400]]
    assert found.has_stage.tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert found.whole_share == 0.1
    assert found.villages_whole == 1


def test_enough_samples_of_the_year():
    assert chain(*WATCHED, *WATCHED, least=2).villages_whole == 1
    assert chain(*WATCHED, least=2).state[0] == CHAIN_STATES.index("水源")
    assert chain(*[(stage, 2024, plant, village, ok) for stage, _, plant, village, ok in WATCHED]).villages_whole == 0


def test_a_village_on_two_plants_is_whole_where_both_are():
    # V0 a quarter on P1, V1 by half; a share of 0 is no plant.
    service = csr_array(
        (np.array([0.75, 0.5, 0.0, 0.25, 0.5]), np.array([0, 1, 3, 0, 1]), np.array([0, 3, 5])), shape=(2, 4)
    )
    base = two_towns()
    shared = SupplySystem(base.plants, base.villages, service, base.sources)
    found = chain(*WATCHED, (T, 2025, 0, 3, 1), of=shared)
    assert [CHAIN_STATES[state] for state in found.state] == ["出厂", "出厂", "无水厂", "无水厂"]
    assert found.people[0].tolist() == [75, 0, 25, 0, 0]
    assert found.people[1].tolist() == [0, 0, 100, 100, 0]
    # The service matrix is as it was.
    assert service.nnz == 5


def test_no_one_has_no_share():
    nobody = monitoring_chain(system([[1.0]], ["县域网"], [1]), np.zeros(1), samples(), 2025)
    assert np.isnan(nobody.whole_share)


@given(st.data(), systems())
def test_the_chain_conserves_people(data, any_system):
    people = peopled(data.draw, any_system)
    row = st.tuples(
        st.integers(-1, 2),
        st.sampled_from([2024, 2025]),
        st.integers(-1, len(any_system.plants) - 1),
        st.integers(-1, len(any_system.villages) - 1),
        st.sampled_from([0.0, 1.0, NAN]),
    )
    found = monitoring_chain(any_system, people, samples(*data.draw(st.lists(row, max_size=12))), 2025)
    assert (found.people >= 0).all()
    np.testing.assert_allclose(found.people.sum(axis=1), people, rtol=1e-9)
    # A village whose chain is whole has nobody on a broken link, but for those on no plant.
    assert (found.people[found.state == 0, 1:4] == 0).all()
