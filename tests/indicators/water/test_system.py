"""A system is checked when it is made."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from lifecircle.indicators.water_system import SupplySystem, rows_of_ids
from tests.indicators.water.networks import NAN, plants, sources, system, text, two_towns, villages


def test_a_village_is_served_at_most_once_over():
    with pytest.raises(ValueError, match=r"V1.*1\.25"):
        system([[0.5, 0.75], [0.5, 0.5]], ["县域网", "局域网"], [1, 1])
    # A third three times is one, whatever the rounding.
    system([[1 / 3], [1 / 3], [1 / 3]], ["县域网"] * 3, [1, 1, 1])


@pytest.mark.parametrize("share", [-0.1, np.inf, NAN])
def test_a_share_is_a_number_of_people(share):
    with pytest.raises(ValueError, match="service"):
        system([[share]], ["县域网"], [1])


def test_every_fault_is_told_at_once():
    with pytest.raises(ValueError, match=r"plants.*below 0.*sources\.plant.*service"):
        SupplySystem(plants(["县域网"], [-1]), villages(2), csr_array(np.ones((1, 1))), sources([3], [1]))


@pytest.mark.parametrize(("ends", "column"), [(([-1], [0]), "from_plant"), (([0], [1]), "to_plant")])
def test_a_link_joins_two_plants_there_are(ends, column):
    with pytest.raises(ValueError, match=column):
        system([[1.0]], ["县域网"], [1], link=(*ends, [1]))


def test_columns_are_as_long_as_each_other():
    with pytest.raises(ValueError, match=r"sources.*differ in length"):
        SupplySystem(plants(["县域网"], [1]), villages(1), csr_array(np.ones((1, 1))), sources([0], [1, 2]))


def test_the_share_served():
    assert two_towns().served_share.tolist() == [1.0, 1.0, 0.5, 0.0]


def test_rows_by_text():
    assert rows_of_ids([" SC01", "SC03", 7, "SC02"], text("SC01", "SC02", "SC02", "7")).tolist() == [0, -1, 3, -1]
