"""What hills do to people on foot and on bicycles, read plainly from words; nothing is imported from the package.

A straight segment of length L goes in n = max(1, ceil(L / cell)) equal steps. Each step has a slope, rise over run
in the direction of travel (clipped to 2 either way, 0 where a height is unknown), and a factor on the flat time;
the segment takes its flat time x the mean factor. On foot the factor is Tobler's, by bicycle that of even power,
or of pushing where that is quicker. Bridges and tunnels are one step, and rise evenly between their ends.

Where the words are silent:

- outside the raster means beyond the borders of its outermost cells;
- an end of a bridge without a known height is no end of it: the others decide; with none, the heights along it are
  unknown, and it is level.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio

if TYPE_CHECKING:
    from pathlib import Path

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Factor = Callable[[Floats, Floats], Floats]
"""Slopes and flat speeds (km/h) of steps to their factors on the flat time."""

STEEPEST = 2.0
WEIGHT_N = 9.8 * 95
ROLLING = 0.012
DRAG_KG_M = 0.5 * 0.445 * (1.293 - 0.00426 * 20) * math.exp(-500 / 7000)


@dataclass(frozen=True)
class ReferenceHeights:
    """Heights of the ground.

    Parameters
    ----------
    sample
        Places (n, 2) in the district's CRS to their heights, m; NaN where unknown.
    cell_m
        The longest step over which the ground is taken as one slope.
    """

    sample: Callable[[Floats], Floats]
    cell_m: float

    @classmethod
    def from_dem(cls, path: str | Path, crs: Any) -> ReferenceHeights:
        """Take a raster in a CRS of metres, read where it lies: between four cell centres."""
        with rasterio.open(path) as dem:
            if not pyproj.CRS(dem.crs).is_projected:
                raise NotImplementedError(f"{path}: the oracle knows rasters in metres only")
            cells = dem.read(1, masked=True).astype(float).filled(np.nan)
            to_dem = pyproj.Transformer.from_crs(crs, dem.crs, always_xy=True)
            to_cells, cell_m = ~dem.transform, min(dem.res)

        def sample(xy: Floats) -> Floats:
            column, row = to_cells @ np.array(to_dem.transform(xy[:, 0], xy[:, 1]))
            return between_cells(cells, np.asarray(column), np.asarray(row))

        return cls(sample, float(cell_m))


def between_cells(cells: Floats, column: Floats, row: Floats) -> Floats:
    """Sample between the four centres around each place, given in columns and rows from the raster's corner.

    A cell without a value, or beyond the border, leaves its weight to the others.
    """
    rows, columns = cells.shape
    total, weights = np.zeros(len(row)), np.zeros(len(row))
    top, left = np.floor(row - 0.5), np.floor(column - 0.5)
    for r in (top, top + 1):
        for c in (left, left + 1):
            weight = (1 - np.abs(row - 0.5 - r)) * (1 - np.abs(column - 0.5 - c))
            there = (r >= 0) & (r < rows) & (c >= 0) & (c < columns)
            value = np.full(len(row), np.nan)
            value[there] = cells[r[there].astype(int), c[there].astype(int)]
            counts = ~np.isnan(value)
            total[counts] += (weight * value)[counts]
            weights[counts] += weight[counts]
    inside = (row >= 0) & (row <= rows) & (column >= 0) & (column <= columns)
    known = inside & (weights > 0)
    return np.divide(total, weights, out=np.full(len(row), np.nan), where=known)


def walking_factor(slope: Floats, _flat_kph: Floats | None = None) -> Floats:
    """Tobler's: exp(-3.5 |slope + 0.05|) of a speed, scaled so that flat ground has factor 1."""
    return np.exp(3.5 * np.abs(slope + 0.05)) / np.exp(3.5 * 0.05)


def cycling_speed_ms(slope: Floats, flat_ms: Floats) -> Floats:
    """Find the speed at which drag, rolling and climbing take the power that the flat takes; at most twice the flat's."""
    power_w = flat_ms * (DRAG_KG_M * flat_ms**2 + WEIGHT_N * ROLLING)
    slow, fast = np.zeros_like(flat_ms), 2 * flat_ms
    # The power needed is below the one given up to the root, and above it from there: halving closes in on it, and
    # on the upper end where the root lies beyond.
    for _ in range(80):
        middle = (slow + fast) / 2
        too_slow = middle * (DRAG_KG_M * middle**2 + WEIGHT_N * (slope + ROLLING)) < power_w
        slow, fast = np.where(too_slow, middle, slow), np.where(too_slow, fast, middle)
    return (slow + fast) / 2


def cycling_factor(access_kph: float) -> Factor:
    """Build the factor of riding, or of pushing the bicycle at the speed on foot where that is quicker."""

    def factor(slope: Floats, flat_kph: Floats) -> Floats:
        flat_ms = flat_kph / 3.6
        riding = flat_ms / cycling_speed_ms(slope, flat_ms)
        return np.minimum(riding, flat_kph / access_kph * walking_factor(slope))

    return factor


class Segment(NamedTuple):
    """A street between two consecutive nodes (rows of the places): on the flat, and what it is."""

    a: int
    b: int
    length_m: float
    flat_kph: float
    is_bridge: bool
    is_steps: bool


def is_bridge(tags: Mapping[str, str]) -> bool:
    """Whether a way leaves the ground, over it or under it."""
    return any(tags.get(key, "no") != "no" for key in ("bridge", "tunnel"))


def climb(segments: Sequence[Segment], xy: Floats, heights: ReferenceHeights, factor: Factor) -> tuple[Floats, Floats]:
    """Compute what the segments take from a to b and from b to a, s."""
    ground_m = node_heights(segments, heights.sample(xy))
    profiles = _profiles(segments, xy, ground_m, heights)
    flat_s = np.array([segment.length_m / (segment.flat_kph / 3.6) for segment in segments])
    steps = np.array([len(profile) - 1 for profile in profiles])
    run_m = np.array([segment.length_m for segment in segments]) / steps
    run_m, flat_kph = np.repeat(run_m, steps), np.repeat([segment.flat_kph for segment in segments], steps)
    rise_m = np.concatenate([np.diff(profile) for profile in profiles])
    slope = np.divide(rise_m, run_m, out=np.zeros(len(rise_m)), where=run_m > 0)
    slope = np.clip(np.nan_to_num(slope, nan=0.0), -STEEPEST, STEEPEST)
    first = np.cumsum(steps) - steps
    there, back = (flat_s * np.add.reduceat(factor(s, flat_kph), first) / steps for s in (slope, -slope))
    on_steps = np.array([segment.is_steps for segment in segments])
    return np.where(on_steps, flat_s, there), np.where(on_steps, flat_s, back)


def _profiles(segments: Sequence[Segment], xy: Floats, node_m: Floats, heights: ReferenceHeights) -> list[Floats]:
    """Find the heights along each segment, at its ends and between its steps."""
    inner = []
    for segment in segments:
        steps = 1 if segment.is_bridge else max(1, math.ceil(segment.length_m / heights.cell_m))
        share = np.arange(1, steps)[:, None] / steps
        inner.append(xy[segment.a] + share * (xy[segment.b] - xy[segment.a]))
    inner_m = heights.sample(np.concatenate(inner))
    parts = np.split(inner_m, np.cumsum([len(places) for places in inner])[:-1])
    return [np.array([node_m[s.a], *part, node_m[s.b]]) for s, part in zip(segments, parts, strict=True)]


def node_heights(segments: Sequence[Segment], dem_m: Floats) -> Floats:
    """Return the nodes' heights: the DEM's, but on bridges and in tunnels between those of their ends.

    There each node is the mean of its neighbours, each weighing 1 / its distance: an even rise along a chain.
    """
    on_ground = {node for segment in segments if not segment.is_bridge for node in (segment.a, segment.b)}
    degree = Counter(node for segment in segments for node in (segment.a, segment.b))
    beside: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for segment in segments:
        if segment.is_bridge:
            weight = 1 / max(segment.length_m, 1e-6)
            beside[segment.a].append((segment.b, weight))
            beside[segment.b].append((segment.a, weight))
    floating = {node for node in beside if node not in on_ground and degree[node] > 1}
    node_m = dem_m.copy()
    left = set(floating)
    while left:
        span, ends = _span(left.pop(), beside, floating)
        left -= set(span)
        if not any(np.isfinite(dem_m[end]) for end in ends):
            node_m[span] = np.nan
            continue
        place = {node: n for n, node in enumerate(span)}
        balance, known = np.zeros((len(span), len(span))), np.zeros(len(span))
        for node, n in place.items():
            for other, weight in beside[node]:
                if other in place:
                    balance[n, n] += weight
                    balance[n, place[other]] -= weight
                elif np.isfinite(dem_m[other]):
                    balance[n, n] += weight
                    known[n] += weight * dem_m[other]
        node_m[span] = np.linalg.solve(balance, known)
    return node_m


def _span(
    start: int, beside: Mapping[int, Sequence[tuple[int, float]]], floating: set[int]
) -> tuple[list[int], set[int]]:
    """Find the floating nodes that hang together with one, and the ends they hang from."""
    span, ends, ahead = {start}, set(), [start]
    while ahead:
        for other, _ in beside[ahead.pop()]:
            if other not in floating:
                ends.add(other)
            elif other not in span:
                span.add(other)
                ahead.append(other)
    return sorted(span), ends
