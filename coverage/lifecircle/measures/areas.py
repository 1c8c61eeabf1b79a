"""People inside polygons: what a map of areas says, to be held against what the cells say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from lifecircle.model import FloatArray


def people_inside(points: shapely.STRtree, areas: Sequence[shapely.Geometry], people: FloatArray) -> FloatArray:
    """Return for each area the people of the cells whose centre lies in it or on its border. Shape (areas,).

    Parameters
    ----------
    points
        Of the cells' centres, in their order.
    """
    area, cell = points.query(np.array(areas, dtype=object), predicate="intersects")
    return np.bincount(area, weights=people[cell], minlength=len(areas)).astype(np.float64)
