"""Travel where there are no streets, or none that are mapped: least-cost ways over a grid of ground."""

from lifecircle.travel.terrain.areas import Project, catchments_of_cells, outline_cells, slower_cells_share, spread_each
from lifecircle.travel.terrain.kernels import published_minutes
from lifecircle.travel.terrain.search import GroundEntrances, GroundPlaces, Moves, TerrainSearch, place_points
from lifecircle.travel.terrain.surface import (
    Going,
    Surface,
    WayOfGoing,
    add_barriers,
    find_false_bridges,
    make_surface,
    merge_roads,
)

__all__ = [
    "Going",
    "GroundEntrances",
    "GroundPlaces",
    "Moves",
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
    "slower_cells_share",
    "spread_each",
]
