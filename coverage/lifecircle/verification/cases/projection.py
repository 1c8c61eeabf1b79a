"""The metric coordinates of a district on the coast of Zhejiang."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lifecircle.sources.datum import WGS84, parse_crs, to_district, to_lonlat
from lifecircle.verification.case import Figure, case

QUADRANT_M = 10_001_965.7293
"""From the equator to the pole on GRS 80, whose axis and flattening CGCS2000 has."""


@case(
    "projection",
    zh="EPSG:4549 高斯-克吕格投影，中央经线 120 度",
    en="EPSG:4549, Gauss-Kruger about 120 E",
    source="H. Moritz, Geodetic Reference System 1980, Journal of Geodesy 74 (2000): meridian quadrant; EPSG:4549",
    unit="米 m",
    tolerance=1e-3,
)
def projection(_: Path) -> Iterator[Figure]:
    """Yield where the equator and the pole lie on the central meridian, whose scale is 1, and that east comes first."""
    crs = parse_crs("EPSG:4549")
    x, y = to_district(np.array([120.0, 120.0]), np.array([0.0, 90.0]), WGS84, crs)
    yield "赤道 equator: 东 east", 500_000.0, x[0]
    yield "赤道 equator: 北 north", 0.0, y[0]
    yield "北极 pole: 北 north", QUADRANT_M, y[1]
    place = np.array([121.146]), np.array([27.840])
    lon, lat = to_lonlat(*to_district(*place, WGS84, crs), crs)
    yield "往返 there and back", 0.0, max(abs(lon[0] - 121.146), abs(lat[0] - 27.840)) * 111_320.0
