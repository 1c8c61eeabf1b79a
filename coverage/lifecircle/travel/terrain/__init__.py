"""Travel where there are no streets, or none that are mapped: least-cost ways over a grid of ground."""

from lifecircle.travel.terrain.areas import Project, catchments_of_cells, outline_cells, slower_share, spread_each
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
    "Project",
    "Surface",
    "TerrainSearch",
    "WayOfGoing",
    "add_barriers",
    "catchments_of_cells",
    "find_false_bridges",
    "make_surface",
    "merge_roads",
    "outline_cells",
    "place_points",
    "published_minutes",
    "slower_share",
    "spread_each",
]
