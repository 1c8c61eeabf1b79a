"""What gaps are called, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy.sparse import csr_array

from lifecircle.gaps.causes import find_gaps
from lifecircle.gaps.contiguity import Lattice
from lifecircle.gaps.outlines import Landmarks, name_gaps, place_units, unit_of_cells
from lifecircle.model import Cells, Units

NO_MARKS = Landmarks(np.zeros(0, dtype=object), np.zeros(0), np.zeros(0))


def texts(*values):
    return np.array(values, dtype=object)


def units_of(level, *names):
    return Units(
        level,
        texts(*(f"{level}{n}" for n in range(len(names)))),
        texts(*names),
        np.array([shapely.Point(0, 0)] * len(names)),
    )


def name(x, y, people, membership, lacking, *, marks=NO_MARKS, units=None):
    """Name the one gap that the lacking cells are."""
    x, y, people = (np.array(part, dtype=float) for part in (x, y, people))
    ids = texts(*map(str, range(len(x))))
    cells = Cells(
        ids,
        x,
        y,
        x,
        y,
        people,
        {},
        {level: csr_array(np.array(part, dtype=float)) for level, part in membership.items()},
    )
    lacking = np.array(lacking)
    gaps = find_gaps(
        Lattice(np.arange(len(x), dtype=float), np.zeros(len(x))), lacking, people[lacking], np.zeros(len(lacking), int)
    )
    assert len(gaps) == 1
    held = people[lacking]
    middle = lacking[gaps.middle(x[lacking], y[lacking], held)]
    found = name_gaps(gaps, held, middle, cells, place_units(units or UNITS, cells), marks)
    return found.zh[0], found.en[0], {level: int(row[0]) for level, row in found.unit.items()}


UNITS = {"township": units_of("township", "甲镇", "乙镇"), "village": units_of("village", "东村", "西村", "南村")}


def test_a_village_without_anyone_covered_is_called_by_its_name():
    zh, en, unit = name(
        [0, 5000], [0, 0], [10, 90], {"township": [[1, 1], [0, 0]], "village": [[1, 0], [0, 1], [0, 0]]}, [1]
    )
    assert (zh, en) == ("甲镇西村", "甲镇 西村")
    assert unit == {"township": 0, "village": 1}


@pytest.mark.parametrize(
    ("where", "zh"),
    [
        ((0, 3000), "甲镇东村（北约1.5公里）"),
        ((3000, 0), "甲镇东村（东约1.5公里）"),
        ((-3000, -3000), "甲镇东村（西南约2.1公里）"),
    ],
)
def test_a_part_of_a_village_says_which_way_from_the_middle_of_its_people(where, zh):
    # Half of the village's people are at (0, 0) and covered: the middle is half way.
    found = name(
        [0, where[0]], [0, where[1]], [50, 50], {"township": [[1, 1], [0, 0]], "village": [[1, 1], [0, 0], [0, 0]]}, [1]
    )
    assert found[0] == zh
    assert found[1].startswith("甲镇 东村, ")
    assert found[1].endswith("of its middle")


def test_near_the_middle_no_direction():
    zh, _, _ = name(
        [0, 400], [0, 0], [50, 50], {"township": [[1, 1], [0, 0]], "village": [[1, 1], [0, 0], [0, 0]]}, [1]
    )
    assert zh == "甲镇东村"


def test_a_gap_over_several_villages_or_townships_is_that_of_most_and_others():
    members = {"township": [[1, 1, 1], [0, 0, 0]], "village": np.eye(3)}
    assert name([0, 100, 200], [0, 0, 0], [60, 30, 10], members, [0, 1, 2])[0] == "甲镇东村等"
    members = {"township": [[1, 0, 0], [0, 1, 1]], "village": np.eye(3)}
    assert name([0, 100, 200], [0, 0, 0], [60, 30, 10], members, [0, 1, 2])[0] == "甲镇等"
    # A fifth of the people elsewhere are not worth a word.
    assert name([0, 100, 200], [0, 0, 0], [80, 10, 10], members, [0, 1, 2])[0] == "甲镇东村"


def test_where_units_are_no_villages_a_named_place_that_is_nearer_is_the_mark():
    townships = {"township": UNITS["township"]}
    members = {"township": [[1, 1], [0, 0]]}
    marks = Landmarks(texts("卫生院", "学校"), np.array([4000.0, 9000.0]), np.array([600.0, 0.0]))
    assert (
        name([0, 4000], [0, 0], [50, 50], members, [1], marks=marks, units=townships)[0] == "甲镇（卫生院南约0.6公里）"
    )
    close = Landmarks(texts("卫生院"), np.array([4000.0]), np.array([200.0]))
    assert name([0, 4000], [0, 0], [50, 50], members, [1], marks=close, units=townships)[:2] == (
        "甲镇（卫生院附近）",
        "甲镇, near 卫生院",
    )
    distant = Landmarks(texts("卫生院"), np.array([9000.0]), np.array([0.0]))
    assert name([0, 4000], [0, 0], [50, 50], members, [1], marks=distant, units=townships)[0] == "甲镇（东约2.0公里）"


def test_a_gap_in_no_unit_is_called_after_the_nearest_named_place():
    marks = Landmarks(texts("码头"), np.array([0.0]), np.array([0.0]))
    members = {"township": [[1, 0], [0, 0]], "village": [[1, 0], [0, 0], [0, 0]]}
    zh, en, unit = name([0, 4000], [0, 0], [50, 50], members, [1], marks=marks)
    assert (zh, en) == ("码头东约4.0公里", "4.0 km E of 码头")
    assert unit == {"township": -1, "village": -1}


def test_each_cell_answers_to_the_unit_with_its_largest_share():
    shares = csr_array(np.array([[0.3, 0.5, 0.0], [0.7, 0.5, 0.0]]))
    cells = Cells(texts("a", "b", "c"), *[np.zeros(3)] * 4, np.ones(3), {}, {"township": shares})
    assert unit_of_cells(place_units(UNITS, cells), 3).tolist() == [1, 0, -1]
    assert unit_of_cells([], 2).tolist() == [-1, -1]
