"""The shifted datum of Chinese web maps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lifecircle.sources.datum import from_wgs84, to_wgs84
from lifecircle.verification.case import Figure, case

PLACES = (
    ("上海 Shanghai", (121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ("深圳 Shenzhen", (113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ("北京 Beijing", (116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ("丹佛（境外不偏移） Denver", (-104.9903, 39.7392), (-104.9903, 39.7392)),
)
"""Place, WGS-84 and GCJ-02 longitude and latitude."""


@case(
    "gcj02",
    zh="GCJ-02 偏移坐标，正算与反算",
    en="GCJ-02, there and back",
    source="googollee/eviltransform, transform_test (a = 6378245)",
    unit="度 degrees",
    tolerance=1e-9,
)
def gcj02(_: Path) -> Iterator[Figure]:
    """Yield the shifted coordinates of published places, and the way back."""
    for place, wgs84, shifted in PLACES:
        lon, lat = from_wgs84(*wgs84, "gcj02")
        yield f"{place} 经度 lon", shifted[0], float(lon)
        yield f"{place} 纬度 lat", shifted[1], float(lat)
        back_lon, back_lat = to_wgs84(*shifted, "gcj02")
        yield f"{place} 反算 back", 0.0, max(abs(float(back_lon) - wgs84[0]), abs(float(back_lat) - wgs84[1])), 2e-9
