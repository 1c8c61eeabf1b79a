"""Links laid over the streets: a path is the street it would be, joined at its ends; it can shorten ways and lengthens none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.model import NewLink
from tests.travel.made import make_network, make_roads
from tests.travel.test_slope import seconds, sloped

# Two streets, 300 m apart; a path would join their middles.
NODES = [(0, 0), (500, 0), (1000, 0), (0, 300), (500, 300), (1000, 300)]
STREETS = [([0, 1, 2], {}), ([3, 4, 5], {})]
ROADS = make_roads(NODES, STREETS)
WITH_STREET = make_roads(NODES, [*STREETS, ([1, 4], {})])


def link(*line, **changes):
    return NewLink(**{"name": "路", "line": line, "modes": ("walk",), "highway": "footway", **changes})


def laid(roads, *links):
    return replace(roads, links=links)


@pytest.mark.parametrize("hill", [lambda x, _: 0 * x, lambda _, y: 0.1 * y, lambda x, y: 20 * np.sin(x / 90 + y / 70)])
@pytest.mark.parametrize("there_and_back", [((100, 0), (900, 300)), ((900, 300), (100, 0))])
def test_a_path_is_the_street_it_would_be(hill, there_and_back):
    path = laid(ROADS, link((500, 0), (500, 300)))
    for cell_m in (1e6, 40.0):
        ours, street = (sloped(roads, hill, cell_m=cell_m) for roads in (path, WITH_STREET))
        for weight in ("seconds", "metres"):
            assert seconds(ours, *there_and_back, weight=weight) == pytest.approx(
                seconds(street, *there_and_back, weight=weight), rel=1e-12
            )


def test_a_bridge_rises_evenly_and_metres_can_be_those_along_the_ground():
    valley = lambda _, y: 0.1 * np.minimum(y, 300 - y)  # noqa: E731
    bridge = laid(ROADS, link((500, 0), (500, 300), is_level=True))
    assert seconds(sloped(bridge, valley, cell_m=10), (500, 0), (500, 300)) == pytest.approx(300)
    path = sloped(laid(ROADS, link((500, 0), (500, 300))), lambda _, y: 0.1 * y, slope={"metres": "slope"})
    assert seconds(path, (500, 0), (500, 300), weight="metres") == pytest.approx(np.hypot(300, 30))


def test_an_end_beside_the_street_is_walked_to():
    network = make_network(laid(ROADS, link((500, 20), (500, 290))))
    assert seconds(network, (500, 0), (500, 300)) == pytest.approx(20 + 270 + 10)
    assert seconds(network, (500, 0), (500, 300), weight="metres") == pytest.approx(300)


def test_it_has_its_own_minutes_or_the_speed_of_its_class():
    timed = make_network(laid(ROADS, link((500, 0), (500, 300), seconds=30.0)))
    assert seconds(timed, (500, 0), (500, 300)) == pytest.approx(30)
    assert seconds(timed, (500, 0), (500, 300), weight="metres") == pytest.approx(300)
    car = make_network(laid(ROADS, link((500, 0), (500, 300), modes=("drive",), highway="trunk")), "drive")
    assert seconds(car, (500, 0), (500, 300)) == pytest.approx(300 / (80 / 3.6))
    assert not np.isfinite(
        seconds(make_network(laid(ROADS, link((500, 0), (500, 300), modes=("bike",)))), (0, 0), (0, 300))
    )


def test_one_that_joins_no_street_is_named_and_left_out():
    network = make_network(laid(ROADS, link((500, 0), (500, 900))))
    assert [text for text in network.problems if "路" in text]
    assert not np.isfinite(seconds(network, (0, 0), (0, 300)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 1000), st.integers(0, 300)] * 2), min_size=1, max_size=4), st.integers(0, 999)
)
def test_a_link_more_never_lengthens_a_way(ends, seed):
    draw = np.random.default_rng(seed)
    links = [link((a, b), (c, d)) for a, b, c, d in ends if (a, b) != (c, d)]
    before, after = make_network(laid(WITH_STREET, *links[:-1])), make_network(laid(WITH_STREET, *links))
    for _ in range(4):
        start, stop = draw.uniform((0, 0), (1000, 300), size=(2, 2))
        for weight in ("seconds", "metres"):
            assert seconds(after, start, stop, weight=weight) <= seconds(before, start, stop, weight=weight) * (
                1 + 1e-9
            )
