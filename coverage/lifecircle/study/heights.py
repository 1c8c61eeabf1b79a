"""Heights of the ground, asked where streets run."""

from __future__ import annotations

import numpy as np

from lifecircle.model import FloatArray, TerrainLayers
from lifecircle.sources.datum import parse_crs, transform_xy
from lifecircle.sources.terrain import interpolate_cells
from lifecircle.travel.slope import Heights


def find_heights(terrain: TerrainLayers | None, district_crs: str) -> Heights | None:
    """Return the heights of a district for :func:`lifecircle.travel.network.build_network`; None without a ``dem``."""
    if terrain is None or terrain.heights is None:
        return None
    grid = terrain.heights
    source, target = parse_crs(district_crs), parse_crs(grid.crs)
    is_same = source.equals(target, ignore_axis_order=True)
    rows, columns = grid.elevation_m.shape
    is_known = ~np.isnan(grid.elevation_m)

    def sample(x: FloatArray, y: FloatArray, nearest: bool) -> FloatArray:
        if not is_same:
            x, y = transform_xy(x, y, source, target, is_strict=False)
        with np.errstate(invalid="ignore"):
            column, row = (x - grid.transform.c) / grid.transform.a, (y - grid.transform.f) / grid.transform.e
            is_inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        column, row = np.where(is_inside, column, 0.0), np.where(is_inside, row, 0.0)
        if nearest:
            height = grid.elevation_m[row.astype(np.int64), column.astype(np.int64)].astype(np.float64)
        else:
            height, has_any = interpolate_cells(grid.elevation_m, is_known, row, column)
            is_inside &= has_any
        return np.where(is_inside, height, np.nan)

    return Heights(sample, grid.cell_m)
