"""How hills change the time along streets: on foot after Tobler, by bicycle by power and drag, in the direction of travel.

A segment's slope is its rise over its length on the plan, from heights at its ends; one longer than a cell of the heights is cut
for this into steps of about a cell. Bridges and tunnels do not follow the ground: they rise evenly between their ends. Steps go at a
speed of their own, whatever their slope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from lifecircle.config import Mode
from lifecircle.config.schema import Slope
from lifecircle.model import BoolArray, FloatArray, IntArray, Roads
from lifecircle.travel.segments import Segments
from lifecircle.travel.terrain.kernels import TOBLER_BEST_SLOPE, TOBLER_STEEPNESS, ride_speeds_mps
from lifecircle.travel.ways import KPH_TO_MPS

STEEPEST = 2.0
"""Rise over run beyond which heights are noise and not ground: some 63 degrees, where streets end and climbing begins."""


@dataclass(frozen=True, slots=True)
class Heights:
    """Heights of the ground, asked in the district's CRS."""

    sample: Callable[[FloatArray, FloatArray, bool], FloatArray]
    """x, y, and whether to take the cell's own height instead of one between four cells; metres, NaN where not known."""
    cell_m: float
    """Side of a cell: steps much shorter than this say nothing new."""


def hinder_walking(slope: FloatArray) -> FloatArray:
    """Return by what a walk's time on the flat is multiplied: exp(3.5 |slope + 0.05|) / exp(0.175) (W. Tobler 1993).

    Parameters
    ----------
    slope
        Rise over run in the direction of travel, a ratio.
    """
    return np.asarray(np.exp(TOBLER_STEEPNESS * (np.abs(slope - TOBLER_BEST_SLOPE) + TOBLER_BEST_SLOPE)))


def hinder_riding(slope: FloatArray, flat_kph: FloatArray, push_kph: float) -> FloatArray:
    """Return by what a ride's time on the flat is multiplied; where walking is quicker, the bicycle is pushed.

    Parameters
    ----------
    slope
        Rise over run in the direction of travel, a ratio.
    flat_kph, push_kph
        The ride's speed on the flat, and the walk's.
    """
    riding = flat_kph * KPH_TO_MPS / ride_speeds_mps(flat_kph * KPH_TO_MPS, slope)
    pushing = flat_kph / push_kph * hinder_walking(slope)
    return np.asarray(np.minimum(riding, pushing))


def follows_slope(mode: Mode) -> bool:
    """Whether a mode's time depends on slope: people's own power moves it, and the district has not switched it off."""
    return mode.slope is not None and mode.network_type in ("walk", "bike")


def climb(segments: Segments, roads: Roads, x: FloatArray, y: FloatArray, mode: Mode, heights: Heights) -> Segments:
    """Return the segments with seconds that follow the ground, each way its own.

    Ferries stay as they are; where a height is not known the street is level.

    Parameters
    ----------
    x, y
        Of the nodes, in the district's CRS.
    """
    slope = mode.slope
    if slope is None or not len(segments):
        return segments
    street = np.flatnonzero(~segments.is_ferry)
    u, v, plan_m = segments.u[street], segments.v[street], segments.length_m[street]
    way = segments.way[street]
    highway = roads.tags["highway"]
    is_steps = np.asarray(highway.cat.codes == _code_of(highway, "steps"))[way]
    is_bridge = _is_off_ground(roads)[way]
    z = _node_heights(u, v, plan_m, is_bridge, x, y, heights, slope)
    flat_kph = np.ones(len(street))
    np.divide(plan_m, segments.there_s[street] * KPH_TO_MPS, out=flat_kph, where=plan_m > 0.0)
    there, back, length_m = _factors(u, v, plan_m, is_bridge, x, y, z, flat_kph, mode, heights)
    if mode.network_type == "walk":
        steps_kph = (mode.speeds_kph or {}).get("steps", slope.steps_kph)
        there[is_steps] = back[is_steps] = (flat_kph / steps_kph)[is_steps]
    there_s, back_s = segments.there_s.copy(), segments.back_s.copy()
    there_s[street] *= there
    back_s[street] *= back
    if slope.metres == "plan":
        return replace(segments, there_s=there_s, back_s=back_s)
    metres = segments.length_m.copy()
    metres[street] = length_m
    return replace(segments, there_s=there_s, back_s=back_s, length_m=metres)


def climb_line(
    x: FloatArray, y: FloatArray, is_level: bool, flat_kph: float, mode: Mode, heights: Heights
) -> tuple[float, float, float]:
    """Return by what the time along a line is multiplied, there and back, and what its metres are: those of a segment, see `climb`.

    Parameters
    ----------
    x, y
        Of the line's points, in the district's CRS. Shape (points,), two or more.
    is_level
        Whether it rises evenly between its ends.
    """
    plan_m = np.hypot(np.diff(x), np.diff(y))
    whole_m = float(plan_m.sum())
    slope = mode.slope
    if slope is None or whole_m == 0.0:
        return 1.0, 1.0, whole_m
    if is_level:
        x, y, plan_m = x[[0, -1]], y[[0, -1]], np.array([whole_m])
    first = np.arange(len(plan_m))
    z = heights.sample(x, y, slope.heights == "nearest")
    level, kph = np.full(len(first), is_level), np.full(len(first), flat_kph)
    there, back, length_m = _factors(first, first + 1, plan_m, level, x, y, z, kph, mode, heights)
    metres = whole_m if slope.metres == "plan" else float(length_m.sum())
    return float(there @ plan_m) / whole_m, float(back @ plan_m) / whole_m, metres


def _code_of(column: pd.Series, value: str) -> int:
    categories = list(column.cat.categories)
    return categories.index(value) if value in categories else -2


def _is_off_ground(roads: Roads) -> BoolArray:
    """Return which ways are bridges or tunnels; one entry a way."""
    found = np.zeros(len(roads), dtype=bool)
    for key in ("bridge", "tunnel"):
        column = roads.tags[key]
        is_one = np.array([str(value) != "no" for value in column.cat.categories] + [False])
        found |= is_one[column.cat.codes.to_numpy()]
    return found


def _node_heights(
    u: IntArray, v: IntArray, plan_m: FloatArray, is_bridge: BoolArray,
    x: FloatArray, y: FloatArray, heights: Heights, slope: Slope,
) -> FloatArray:  # fmt: skip
    """Return the height of every node: the ground's, and along bridges and tunnels an even rise between their ends."""
    z = np.full(len(x), np.nan)
    used = np.unique(np.concatenate([u, v]))
    z[used] = heights.sample(x[used], y[used], slope.heights == "nearest")
    if not is_bridge.any():
        return z
    # A bridge is often several ways, and may fork: its inner nodes are those that no street on the ground touches.
    a, b, length_m = u[is_bridge], v[is_bridge], np.maximum(plan_m[is_bridge], 1e-3)
    on_bridge = np.unique(np.concatenate([a, b]))
    degree = np.bincount(np.concatenate([a, b]), minlength=len(x))
    at_ground = np.zeros(len(x), dtype=bool)
    at_ground[u[~is_bridge]] = True
    at_ground[v[~is_bridge]] = True
    inner = on_bridge[~at_ground[on_bridge] & (degree[on_bridge] > 1)]
    if not len(inner):
        return z
    number = np.full(len(x), -1, dtype=np.int64)
    number[inner] = np.arange(len(inner))
    z[inner] = _even_rise(number[a], number[b], z[a], z[b], 1.0 / length_m, len(inner))
    return z


def _even_rise(
    a: IntArray, b: IntArray, z_a: FloatArray, z_b: FloatArray, weight: FloatArray, count: int
) -> FloatArray:
    """Return the heights of inner nodes, each the mean of its neighbours by nearness: along a chain an even rise.

    ``a`` and ``b`` are the ends' numbers among the inner nodes, -1 where an end's height is given. An end whose height is not known
    is none; NaN where that leaves no end, and such a bridge is level.
    """
    rows, columns, values = [], [], []
    total, given, has_end = np.zeros(count), np.zeros(count), np.zeros(count, dtype=bool)
    for one, other, z_other in ((a, b, z_b), (b, a, z_a)):
        both = (one >= 0) & (other >= 0)
        ends = (one >= 0) & (other < 0) & np.isfinite(z_other)
        np.add.at(total, one[both | ends], weight[both | ends])
        np.add.at(given, one[ends], weight[ends] * z_other[ends])
        has_end[one[ends]] = True
        rows.append(one[both])
        columns.append(other[both])
        values.append(-weight[both])
    links = coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count))
    part = connected_components(links, directed=False)[1]
    held = np.flatnonzero(np.isin(part, part[has_end]))
    z = np.full(count, np.nan)
    if len(held):
        matrix = (diags_array(total, format="csr") + links.tocsr())[held][:, held]
        z[held] = spsolve(matrix.tocsc(), given[held])
    return z


def _factors(
    u: IntArray, v: IntArray, plan_m: FloatArray, is_bridge: BoolArray, x: FloatArray, y: FloatArray, z: FloatArray,
    flat_kph: FloatArray, mode: Mode, heights: Heights,
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """Return for each segment what its time is multiplied by, there and back, and its length along the ground."""
    nearest = mode.slope is not None and mode.slope.heights == "nearest"
    # A nearest height jumps between cells and is not to be asked more often than there are nodes.
    most = np.where(is_bridge | nearest, 1, np.ceil(plan_m / heights.cell_m)).astype(np.int64)
    steps = np.maximum(most, 1)
    segment = np.repeat(np.arange(len(u)), steps)
    first = np.cumsum(steps) - steps
    place = np.arange(len(segment)) - first[segment]
    start, stop = z[u][segment], z[v][segment]
    inner = np.flatnonzero(place > 0)
    share = place[inner] / steps[segment[inner]]
    owner = segment[inner]
    between = heights.sample(
        x[u[owner]] + share * (x[v[owner]] - x[u[owner]]), y[u[owner]] + share * (y[v[owner]] - y[u[owner]]), False
    )
    start[inner] = between
    stop[inner - 1] = between
    run_m = (plan_m / steps)[segment]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.clip((stop - start) / run_m, -STEEPEST, STEEPEST)
    slope = np.where(np.isfinite(slope), slope, 0.0)
    factors = []
    for way_slope in (slope, -slope):
        is_walk = mode.network_type == "walk"
        factor = hinder_walking(way_slope) if is_walk else hinder_riding(way_slope, flat_kph[segment], mode.access_kph)
        factors.append(np.add.reduceat(factor, first) / steps)
    length_m = np.add.reduceat(run_m * np.hypot(1.0, slope), first)
    return factors[0], factors[1], length_m
