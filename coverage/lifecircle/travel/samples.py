"""Points spread over an area, to ask what share of it is as it should be."""

from __future__ import annotations

import numpy as np
import shapely

from lifecircle.model import FloatArray

SAMPLES = 5_000
"""Points in a polygon, about: a share of 1 % is known to 0.15 %."""


def sample_points(polygon: shapely.MultiPolygon, step_m: float) -> tuple[FloatArray, FloatArray]:
    """Return the points of a grid in a polygon, row by row of its parts, so that a thin far part costs little."""
    found = []
    for part in shapely.get_parts(polygon):
        low_x, low_y, high_x, high_y = shapely.bounds(part) / step_m
        row = np.arange(np.ceil(low_y - 0.382), np.floor(high_y - 0.382) + 1)
        column = np.arange(np.floor(low_x), np.ceil(high_x) + 1)
        # Each row starts a golden share farther on, so that no border runs along the grid, whatever its slope.
        xx = ((column + (row * 0.6180339887 % 1.0)[:, None]) * step_m).ravel()
        yy = np.repeat((row + 0.382) * step_m, len(column))
        shapely.prepare(part)
        inside = shapely.contains_xy(part, xx, yy)
        found.append(np.stack([xx[inside], yy[inside]]))
    x, y = np.concatenate(found, axis=1) if found else np.zeros((2, 0))
    return np.ascontiguousarray(x), np.ascontiguousarray(y)
