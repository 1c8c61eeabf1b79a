"""Small made networks: nodes by hand, ways by node numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifecircle.config import load_modes
from lifecircle.model import Roads, Sailing
from lifecircle.sources.roads.osm import tag_frame, tag_keys
from lifecircle.travel.network import Network, build_network
from lifecircle.travel.reach import Entrances, join_points


def make_roads(
    nodes: list[tuple[float, float]], ways: list[tuple[list[int], dict[str, str]]], sailings: tuple[Sailing, ...] = ()
) -> Roads:
    """Return ways over nodes; a way without ``highway`` or ``route`` is residential."""
    xy = np.array(nodes, dtype=float).reshape(-1, 2)
    tags = [{"highway": "residential", **tag} if "route" not in tag else tag for _, tag in ways]
    return Roads(
        x=xy[:, 0].copy(),
        y=xy[:, 1].copy(),
        way_start=np.cumsum([0, *(len(line) for line, _ in ways)]),
        way_node=np.array([node for line, _ in ways for node in line], dtype=np.int64),
        way_id=np.array([f"w{index}" for index in range(len(ways))], dtype=object),
        tags=tag_frame({key: [tag.get(key) for tag in tags] for key in tag_keys()}),
        source="made",
        sailings=sailings,
    )


def make_network(roads: Roads, mode_id: str = "walk", **changes: Any) -> Network:
    """Return a mode's network: 3.6 km/h on foot (1 m/s), access likewise, no fragment left out unless told."""
    from lifecircle.config import load_ways

    base = {"access_kph": 3.6, "max_access_m": 500.0, "direct_m": 0.0, "min_fragment_m": 0.0}
    if mode_id == "walk":
        base["speed_kph"] = 3.6
    mode = load_modes({mode_id: {**base, **changes}})[mode_id]
    return build_network(roads, mode, load_ways())


def doors_at(network: Network, points: list[tuple[float, float]]) -> Entrances:
    """Return one entrance a facility."""
    xy = np.array(points, dtype=float).reshape(-1, 2)
    return Entrances(join_points(network, xy[:, 0].copy(), xy[:, 1].copy()), np.arange(len(xy) + 1))
