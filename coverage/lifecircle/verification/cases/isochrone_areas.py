"""Areas of isochrones whose shape is known: a diamond round a crossing, a circle where no street is needed."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi
from pathlib import Path

from lifecircle.travel.isochrones import Isochrone, isochrones
from lifecircle.verification.case import Figure, case
from lifecircle.verification.made import doors_at, make_network, make_roads

NODES = ((0.0, 0.0), (2000.0, 0.0), (0.0, 2000.0), (-2000.0, 0.0), (0.0, -2000.0))


def draw(limit_m: float, **mode: float) -> Isochrone:
    """Draw the area within a distance of the crossing of two long streets."""
    network = make_network(make_roads(NODES, [([1, 0, 3], {}), ([2, 0, 4], {})]), "walk", None, **mode)
    (drawn,) = isochrones(network, doors_at(network, [NODES[0]]), [limit_m], weight="metres")
    return drawn


@case(
    "isochrone-areas",
    zh="等时圈面积：十字街口",
    en="Isochrone areas at a crossing of streets",
    source="by hand: access leg + street <= L is |x| + |y| <= L, 2 L^2; less 2 (L - 2 a)^2 where legs are at most a; a straight walk is a circle",
    unit="公顷 ha",
    tolerance=0.0,
)
def isochrone_areas(_: Path) -> Iterator[Figure]:
    """Yield areas in hectares, within 0.5 %, and the audits."""
    diamond, strips, circle = draw(400.0), draw(400.0, max_access_m=100.0), draw(200.0, direct_m=200.0)
    for label, drawn, area_m2 in (
        ("菱形 diamond, 400 m", diamond, 2 * 400.0**2),
        ("支线至多 legs up to 100 m", strips, 2 * 400.0**2 - 2 * 200.0**2),
        ("圆 circle, 200 m", circle, pi * 200.0**2),
    ):
        yield label, area_m2 / 1e4, drawn.polygon.area / 1e4, 0.005 * area_m2 / 1e4
        yield "  圈外路长 streets outside", 0.0, drawn.outside_share, 0.005
        yield "  圈内超时 slower area", 0.0, drawn.slower_share, 0.01
