"""What holds for isochrones on any streets."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lifecircle.travel.isochrones import AccessRaster, dissolved_isochrones, isochrones, reached_streets
from tests.travel.made import doors_at, make_network, make_roads

CELL_M = 4.0
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
place = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda at: (10.0 * at[0] + 0.7, 10.0 * at[1] + 0.3))


@st.composite
def towns(draw):
    """A few nodes, a chain through them and some more links, some of them one-way; by car, so that one-way holds."""
    nodes = draw(st.lists(place, min_size=4, max_size=10, unique=True))
    chain = [(number, number + 1) for number in range(len(nodes) - 1)]
    number = st.integers(0, len(nodes) - 1)
    links = draw(st.lists(st.tuples(number, number).filter(lambda pair: pair[0] != pair[1]), max_size=8))
    ways = [
        ([a, b], {"oneway": "yes"} if draw(st.booleans()) and (a, b) not in chain else {}) for a, b in [*chain, *links]
    ]
    mode = draw(st.sampled_from(["walk", "drive"]))
    network = make_network(
        make_roads(nodes, ways), mode, max_access_m=80.0, direct_m=draw(st.sampled_from([0.0, 40.0]))
    )
    return network, draw(st.lists(place, min_size=1, max_size=4, unique=True))


@few
@given(towns(), st.floats(20, 300), st.floats(1.0, 3.0), st.sampled_from(["toward", "from"]))
def test_a_longer_limit_holds_the_shorter_one(town, limit, times, direction):
    network, places = town
    shorter, longer = dissolved_isochrones(
        network, doors_at(network, places), [limit, limit * times], direction=direction, cell_m=CELL_M
    )
    assert shorter.polygon.is_valid
    assert longer.polygon.is_valid
    assert shapely.difference(shorter.polygon, longer.polygon).area < 1e-6


@few
@given(towns(), st.floats(20, 300))
def test_another_facility_takes_nothing_away(town, limit):
    network, places = town
    assume(len(places) > 1)
    made = AccessRaster(network)
    (fewer,) = dissolved_isochrones(network, doors_at(network, places[:-1]), [limit], cell_m=CELL_M, raster=made)
    (more,) = dissolved_isochrones(network, doors_at(network, places), [limit], cell_m=CELL_M, raster=made)
    # Where a street is reached from a new side, what lies between it and the next is found anew, to the cell.
    assert shapely.difference(fewer.polygon, more.polygon).buffer(-CELL_M).is_empty
    assert more.polygon.area > fewer.polygon.area * 0.995 - CELL_M**2


@few
@given(towns(), st.floats(20, 300))
def test_the_dissolved_one_holds_each(town, limit):
    network, places = town
    doors = doors_at(network, places)
    made = AccessRaster(network)
    (whole,) = dissolved_isochrones(network, doors, [limit], cell_m=CELL_M, raster=made)
    union = shapely.union_all(
        [each.polygon for each in isochrones(network, doors, [limit], cell_m=CELL_M, raster=made)]
    )
    for one, other in ((whole.polygon, union), (union, whole.polygon)):
        assert shapely.difference(one, other).buffer(-CELL_M).is_empty


@few
@given(towns(), st.floats(60, 300))
def test_no_metre_of_street_is_reached_twice_or_late(town, limit):
    network, places = town
    for pieces, longer in zip(
        reached_streets(network, doors_at(network, places), limit),
        reached_streets(network, doors_at(network, places), 2 * limit),
        strict=True,
    ):
        metres, more = (np.hypot(rows[:, 2] - rows[:, 0], rows[:, 3] - rows[:, 1]).sum() for rows in (pieces, longer))
        assert metres <= more + 1e-6
        assert more <= network.part_m.sum() * (1 + 1e-9)


@few
@given(towns(), st.floats(60, 300))
def test_walking_there_is_walking_back(town, limit):
    network, places = town
    assume(network.mode.id == "walk")
    doors = doors_at(network, places)
    (there,) = dissolved_isochrones(network, doors, [limit], direction="toward", cell_m=CELL_M)
    (back,) = dissolved_isochrones(network, doors, [limit], direction="from", cell_m=CELL_M)
    assert shapely.symmetric_difference(there.polygon, back.polygon).area == pytest.approx(0.0, abs=1e-6)
