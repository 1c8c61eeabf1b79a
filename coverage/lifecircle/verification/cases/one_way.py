"""A one-way ring: there is not back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lifecircle.config.schema import Direction
from lifecircle.travel.reach import Search, join_points
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import doors_at, make_network, make_roads

NODES = ((0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0), (0.0, 1000.0))


@case(
    "one-way",
    zh="单行环路：来与去不同（36 km/h，每边 1 km）",
    en="One-way ring of 4 km by car, 36 km/h",
    source="by hand: the hospital at a corner, a place 250 m past it in the direction of travel and 20 m off at 1 m/s",
    unit="秒 s",
    tolerance=1e-6,
)
def one_way(_: Path) -> Iterator[Figure]:
    """Yield the time to and from a place that lies just past the facility."""
    ring = make_roads(NODES, [([0, 1, 2, 3, 0], {"oneway": "yes"})])
    expected: tuple[tuple[str, Direction, str, float], ...] = (
        ("开车去 people go", "toward", "drive", 20 + 375),
        ("开车来 help comes", "from", "drive", 20 + 25),
        ("步行双向 on foot, both ways", "toward", "walk", 20 + 250),
    )
    for label, direction, mode, seconds in expected:
        speed = {"speeds_kph": {"default": 36}} if mode == "drive" else {"speed_kph": 3.6}
        network = make_network(ring, mode, None, access_kph=3.6, **speed)
        place = join_points(network, np.array([250.0]), np.array([20.0]))
        cost, _facility = Search(network, "seconds", direction).nearest(place, doors_at(network, [NODES[0]]))
        yield label, float(seconds), cost[0]
