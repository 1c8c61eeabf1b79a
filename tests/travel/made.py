"""Small made networks: nodes by hand, ways by node numbers."""

from __future__ import annotations

from typing import Any

from lifecircle.config import load_modes
from lifecircle.model import Roads
from lifecircle.travel.network import Network, build_network
from lifecircle.verification.made import doors_at, make_roads

__all__ = ["doors_at", "make_network", "make_roads"]


def make_network(roads: Roads, mode_id: str = "walk", **changes: Any) -> Network:
    """Return a mode's network: 3.6 km/h on foot (1 m/s), access likewise, no fragment left out unless told."""
    from lifecircle.config import load_ways

    base = {"access_kph": 3.6, "max_access_m": 500.0, "direct_m": 0.0, "min_fragment_m": 0.0}
    if mode_id == "walk":
        base["speed_kph"] = 3.6
    mode = load_modes({mode_id: {**base, **changes}})[mode_id]
    return build_network(roads, mode, load_ways())
