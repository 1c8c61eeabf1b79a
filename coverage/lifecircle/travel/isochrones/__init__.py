"""Isochrones and catchment areas, drawn from travel costs, each with its audit."""

from lifecircle.travel.isochrones.draw import (
    DrawnCatchment,
    Isochrone,
    catchment_polygons,
    dissolved_isochrones,
    isochrones,
)
from lifecircle.travel.isochrones.raster import AccessRaster
from lifecircle.travel.isochrones.streets import outline_strip, reached_streets

__all__ = [
    "AccessRaster",
    "DrawnCatchment",
    "Isochrone",
    "catchment_polygons",
    "dissolved_isochrones",
    "isochrones",
    "outline_strip",
    "reached_streets",
]
