"""What two years are drawn on: the later year's layers, and the streets that only one of them has."""

from __future__ import annotations

import numpy as np
import shapely

from lifecircle.model import Roads
from lifecircle.planning.compared_ground import ComparedGround
from lifecircle.study.layers import Layers

MOST_WAYS = 3_000
"""More ways than this are another edition of the street map, not works: they are counted and not drawn."""


def draw_ground(first: Layers, second: Layers) -> ComparedGround:
    """Return what the comparison of two years' layers is drawn on."""
    return ComparedGround(
        configuration=second.configuration,
        district=second.district,
        units=second.units,
        cells=second.cells,
        facilities=second.facilities,
        facilities_from=first.facilities,
        serving=second.serving,
        streets={"opened": ways_beside(second.roads, first.roads), "closed": ways_beside(first.roads, second.roads)},
    )


def ways_beside(roads: Roads | None, others: Roads | None) -> tuple[shapely.LineString, ...]:
    """Return the ways, by their ids, that the other map does not have; none where there are too many to be works."""
    if roads is None or others is None:
        return ()
    rows = np.flatnonzero(~np.isin(roads.way_id.astype(str), others.way_id.astype(str)))
    if len(rows) > MOST_WAYS:
        return ()
    nodes = [roads.way_node[roads.way_start[row] : roads.way_start[row + 1]] for row in rows.tolist()]
    return tuple(shapely.LineString(np.column_stack([roads.x[way], roads.y[way]])) for way in nodes if len(way) > 1)
