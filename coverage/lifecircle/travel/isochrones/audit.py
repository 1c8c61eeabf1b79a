"""What a polygon leaves out and what it should not hold: measured apart from the raster it was drawn from."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import cKDTree

from lifecircle.model import FloatArray
from lifecircle.travel.isochrones.spread import Spread
from lifecircle.travel.reach import join_points
from lifecircle.travel.samples import SAMPLES, sample_points
from lifecircle.travel.straight import find_nearest_doors, index_doors


def outside_share(pieces: FloatArray, polygon: shapely.MultiPolygon) -> float:
    """Return the share of the length of reached streets that lies outside a polygon; NaN where no street is reached.

    Parameters
    ----------
    pieces
        Rows of x1, y1, x2, y2: partial edges, exact.
    polygon
        Prepared by this call.
    """
    length_m = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    if not length_m.sum() > 0.0:
        return float("nan")
    shapely.prepare(polygon)
    lines = shapely.linestrings(pieces.reshape(-1, 2, 2))
    leaves = np.flatnonzero(~shapely.contains_properly(polygon, lines))
    # All at once, as one by one would read the whole polygon every time; a street mapped twice is measured twice.
    ends = pieces[leaves].reshape(-1, 2, 2)
    is_turned = (ends[:, 0] > ends[:, 1])[:, 0]
    ends[is_turned] = ends[is_turned, ::-1]
    _, first, times = np.unique(ends.reshape(-1, 4), axis=0, return_index=True, return_counts=True)
    once, again = lines[leaves[first]], lines[leaves[first[times > 1]]]
    outside_m = shapely.length(shapely.difference(shapely.multilinestrings(once), polygon))
    outside_m += shapely.length(shapely.difference(again, polygon)) @ (times[times > 1] - 1)
    return max(0.0, float(outside_m / length_m.sum()))


def slower_share(spread: Spread, polygon: shapely.MultiPolygon, limit: float, samples: int = SAMPLES) -> float:
    """Return the share of a polygon's area that is slower than the limit; NaN where there is no area.

    Points of a grid that has nothing to do with the raster's are joined and timed as cells of people are: by street, or straight
    to a door.
    """
    area_m2 = shapely.area(polygon)
    if not area_m2 > 0.0:
        return float("nan")
    shapely.prepare(polygon)
    x, y = sample_points(polygon, float(np.sqrt(area_m2 / samples)))
    cost = spread.cost_at(join_points(spread.network, x, y))
    doors = spread.doors
    direct_m = spread.direct_m(limit)
    obstacles = spread.network.obstacles
    if len(obstacles) and len(spread.chosen) and direct_m > 0:
        grid = index_doors(doors.x[spread.chosen], doors.y[spread.chosen], direct_m)
        cost = np.minimum(cost, find_nearest_doors(grid, x, y, obstacles)[1] / spread.search.access_speed)
    elif len(spread.chosen) and direct_m > 0:
        tree = cKDTree(np.c_[doors.x[spread.chosen], doors.y[spread.chosen]])
        straight_m, _ = tree.query(np.c_[x, y], distance_upper_bound=np.nextafter(direct_m, np.inf))
        cost = np.minimum(cost, straight_m / spread.search.access_speed)
    return float((cost > limit).mean()) if len(x) else float("nan")
