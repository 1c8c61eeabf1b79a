"""Small street maps and districts made on the spot, so that cases need no data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import load_modes, load_tags, load_ways
from lifecircle.model import FloatArray, Roads, Sailing
from lifecircle.sources.roads.osm import tag_frame, tag_keys
from lifecircle.travel.network import Network, build_network
from lifecircle.travel.reach import Entrances, join_points
from lifecircle.travel.slope import Heights

ORIGIN_X, ORIGIN_Y = 600_000.0, 3_080_000.0
"""Metres in EPSG:4549 that made districts count from."""
CRS = "EPSG:4549"


def make_roads(
    nodes: Sequence[tuple[float, float]],
    ways: Sequence[tuple[Sequence[int], Mapping[str, str]]],
    sailings: tuple[Sailing, ...] = (),
    barriers: Mapping[int, Mapping[str, str]] | None = None,
) -> Roads:
    """Return ways over nodes; a way without ``highway`` or ``route`` is residential; ``barriers`` are the tags of nodes that have one."""
    xy = np.array(nodes, dtype=float).reshape(-1, 2)
    tags = [{"highway": "residential", **tag} if "route" not in tag else dict(tag) for _, tag in ways]
    stands = barriers or {}
    barrier_tags = {key: pd.Categorical([tag.get(key) for tag in stands.values()]) for key in load_tags().barrier_keys}
    return Roads(
        x=xy[:, 0].copy(),
        y=xy[:, 1].copy(),
        way_start=np.cumsum([0, *(len(line) for line, _ in ways)]),
        way_node=np.array([node for line, _ in ways for node in line], dtype=np.int64),
        way_id=np.array([f"w{index}" for index in range(len(ways))], dtype=object),
        tags=tag_frame({key: [tag.get(key) for tag in tags] for key in tag_keys()}),
        source="made",
        sailings=sailings,
        barrier_node=np.array(list(stands), dtype=np.int64),
        barrier_tags=pd.DataFrame(barrier_tags),
    )


def make_network(roads: Roads, mode_id: str = "walk", heights: Heights | None = None, **changes: Any) -> Network:
    """Return a mode's network; nothing is left out, and no straight walk allowed, unless told."""
    mode = load_modes({mode_id: {"direct_m": 0.0, "min_fragment_m": 0.0, **changes}})[mode_id]
    return build_network(roads, mode, load_ways(), heights)


def doors_at(network: Network, points: Sequence[tuple[float, float]]) -> Entrances:
    """Return one entrance a facility."""
    xy = np.array(points, dtype=float).reshape(-1, 2)
    return Entrances(join_points(network, xy[:, 0].copy(), xy[:, 1].copy()), np.arange(len(xy) + 1))


def outline(lon: FloatArray, lat: FloatArray, margin_deg: float = 0.02) -> gpd.GeoDataFrame:
    """Return one unit, in WGS-84, with room around places."""
    box = shapely.box(lon.min() - margin_deg, lat.min() - margin_deg, lon.max() + margin_deg, lat.max() + margin_deg)
    return gpd.GeoDataFrame({"code": ["1"], "name": ["outline"]}, geometry=[box], crs="EPSG:4326")


@contextmanager
def district_folder(
    toml: str, layers: Mapping[str, gpd.GeoDataFrame], tables: Mapping[str, pd.DataFrame]
) -> Iterator[Path]:
    """Lay a district out in a folder that is gone afterwards: ``district.toml``, ``<layer>.gpkg``, ``<table>.csv``."""
    with TemporaryDirectory(prefix="lifecircle-") as name:
        folder = Path(name)
        (folder / "district.toml").write_text(toml, encoding="utf-8")
        for layer, frame in layers.items():
            frame.to_file(folder / f"{layer}.gpkg", layer=layer)
        for table, rows in tables.items():
            rows.to_csv(folder / f"{table}.csv", index=False)
        yield folder
