"""Travel where there are no streets, or none that are mapped: least-cost ways over a grid of ground."""

from lifecircle.travel.terrain.bridges import find_false_bridges
from lifecircle.travel.terrain.search import Doors, Moves, Places, TerrainSearch, place_points
from lifecircle.travel.terrain.speeds import published_minutes
from lifecircle.travel.terrain.surface import (
    Going,
    Surface,
    WayOfGoing,
    add_barriers,
    make_surface,
    merge_roads,
)

__all__ = [
    "Doors",
    "Going",
    "Moves",
    "Places",
    "Surface",
    "TerrainSearch",
    "WayOfGoing",
    "add_barriers",
    "find_false_bridges",
    "make_surface",
    "merge_roads",
    "place_points",
    "published_minutes",
]
