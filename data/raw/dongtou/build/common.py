"""What every module of the build shares: where facts lie, the two datums that are not in PROJ, seeded randomness."""

import csv
import math
import zlib
from pathlib import Path

import numpy as np
from pyproj import Transformer

HERE = Path(__file__).parent
METRIC = "EPSG:4549"  # CGCS2000 / 3-degree Gauss-Kruger, central meridian 120E: metres over all of Dongtou
GEOGRAPHIC = "EPSG:4490"
TO_METRIC = Transformer.from_crs(4490, 4549, always_xy=True)
TO_LONLAT = Transformer.from_crs(4549, 4490, always_xy=True)

# The ellipsoid constants of the GCJ-02 formula (Krasovsky), as published with it.
GCJ_A, GCJ_EE = 6378245.0, 0.00669342162296594323


def rng(name: str) -> np.random.Generator:
    """A generator of its own for every step, so that a change in one layer does not shuffle the others."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def read_csv(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: list[dict], encoding: str = "utf-8") -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n" if encoding == "gbk" else "\n")
        writer.writeheader()
        writer.writerows(rows)


def to_metric(lon: float, lat: float) -> tuple[float, float]:
    return TO_METRIC.transform(lon, lat)


def to_lonlat(x: float, y: float) -> tuple[float, float]:
    return TO_LONLAT.transform(x, y)


def gcj02(lon: float, lat: float) -> tuple[float, float]:
    """WGS84/CGCS2000 to GCJ-02, the shifted datum of Chinese web maps (高德, 腾讯)."""
    x, y = lon - 105.0, lat - 35.0
    wave = 20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    d_lat += (wave + 20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    d_lat += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    d_lon += (wave + 20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    d_lon += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    phi = math.radians(lat)
    magic = 1 - GCJ_EE * math.sin(phi) ** 2
    d_lat = d_lat * 180 / (GCJ_A * (1 - GCJ_EE) / magic**1.5 * math.pi)
    d_lon = d_lon * 180 / (GCJ_A / math.sqrt(magic) * math.cos(phi) * math.pi)
    return lon + d_lon, lat + d_lat


def bd09(lon: float, lat: float) -> tuple[float, float]:
    """WGS84/CGCS2000 to BD-09, 百度's second shift on top of GCJ-02."""
    x, y = gcj02(lon, lat)
    factor = math.pi * 3000 / 180
    z = math.hypot(x, y) + 0.00002 * math.sin(y * factor)
    theta = math.atan2(y, x) + 0.000003 * math.cos(x * factor)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006


def share_out(total: int, weights: np.ndarray) -> np.ndarray:
    """Whole people by weight that add up to the total: largest remainders, ties by position."""
    raw = weights / weights.sum() * total
    whole = np.floor(raw).astype(int)
    order = np.lexsort((np.arange(len(raw)), -(raw - whole)))
    whole[order[: total - whole.sum()]] += 1
    return whole
