"""Layers through the door: read, brought to the district's CRS, checked once. Whatever is wrong goes to ``problems``."""

from lifecircle.sources.barriers import read_barriers
from lifecircle.sources.changes import ChangedFacilities, change_facilities
from lifecircle.sources.datum_fit import check_positions
from lifecircle.sources.facilities import read_facilities, read_layers
from lifecircle.sources.opening import keep_standing, read_open
from lifecircle.sources.people import read_people
from lifecircle.sources.registers import parents, read_known, read_registers
from lifecircle.sources.roads import close_more, read_roads
from lifecircle.sources.siting import build_links, lay_links, read_candidates, read_links
from lifecircle.sources.tables import match_where
from lifecircle.sources.terrain import read_terrain
from lifecircle.sources.units import read_district_crs, read_units
from lifecircle.sources.unread import open_layers, open_people, open_terrain

__all__ = [
    "ChangedFacilities",
    "build_links",
    "change_facilities",
    "check_positions",
    "close_more",
    "keep_standing",
    "lay_links",
    "match_where",
    "open_layers",
    "open_people",
    "open_terrain",
    "parents",
    "read_barriers",
    "read_candidates",
    "read_district_crs",
    "read_facilities",
    "read_known",
    "read_layers",
    "read_links",
    "read_open",
    "read_people",
    "read_registers",
    "read_roads",
    "read_terrain",
    "read_units",
]
