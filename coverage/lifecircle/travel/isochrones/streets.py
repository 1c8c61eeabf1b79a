"""The reached streets themselves, and a strip of one width along them: for maps that show streets rather than areas."""

from __future__ import annotations

import numpy as np
import shapely

from lifecircle.compilation import map_slices
from lifecircle.config.schema import Direction
from lifecircle.model import FloatArray
from lifecircle.travel.isochrones.contours import gather, outline_positive
from lifecircle.travel.isochrones.kernels import distance_surface
from lifecircle.travel.isochrones.spread import Spread, find_doors
from lifecircle.travel.network import Network, Weight
from lifecircle.travel.reach import Entrances, Search


def reached_streets(
    network: Network,
    entrances: Entrances,
    limit: float,
    *,
    weight: Weight = "seconds",
    direction: Direction = "toward",
) -> list[FloatArray]:
    """Return for each facility the streets within a limit, partial edges to the metre.

    Returns
    -------
    list of FloatArray
        Straight pieces as rows of x1, y1, x2, y2 in the district's CRS; no metre twice; ferries left out.
    """
    search = Search(network, weight, direction)
    doors = find_doors(search, entrances)

    def find(first: int, last: int) -> list[FloatArray]:
        spread = Spread(search, doors)
        found = []
        for facility in range(first, last):
            spread.run(np.arange(doors.start[facility], doors.start[facility + 1]), limit)
            found.append(spread.pieces(limit))
        return found

    return [each for part in map_slices(find, len(doors.start) - 1, smallest=16) for each in part]


def outline_strip(pieces: FloatArray, aside_m: float, cell_m: float = 5.0) -> shapely.MultiPolygon:
    """Return the area within some metres of straight pieces, such as those of :func:`reached_streets`.

    A strip is not an isochrone: it knows no access leg and no limit beside the street. It is what buffering the pieces and
    uniting the buffers gives, to a fraction of a cell; holes and parts smaller than a cell are left out.

    Parameters
    ----------
    aside_m
        Half the strip's width, in metres; at least two cells, or its border is not known.
    cell_m
        Of the raster of distances, in metres.
    """
    if not len(pieces):
        return shapely.MultiPolygon()
    reach_m = aside_m + 2 * cell_m
    low = np.minimum(pieces[:, :2], pieces[:, 2:]).min(axis=0) - reach_m - cell_m
    high = np.maximum(pieces[:, :2], pieces[:, 2:]).max(axis=0) + reach_m + cell_m
    columns, rows = (np.ceil((high - low) / cell_m)).astype(int)
    left, bottom = float(low[0]), float(low[1])
    inside_m = np.empty((rows, columns))
    distance_surface(pieces, left, bottom, cell_m, aside_m, reach_m, inside_m)
    return gather(outline_positive(inside_m, left, bottom, cell_m), cell_m * cell_m)
