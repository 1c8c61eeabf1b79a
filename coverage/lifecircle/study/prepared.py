"""Networks that an earlier run prepared from the same roads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np
import shapely

from lifecircle.cache import Cache, make_key
from lifecircle.config import Mode
from lifecircle.study.layers import Layers
from lifecircle.travel.join import SegmentGrid
from lifecircle.travel.legs import PartWindow, StreetPieces
from lifecircle.travel.network import Network
from lifecircle.travel.obstacles import Obstacles
from lifecircle.travel.segments import LeftOut


class PreparedNetworks:
    """The networks of a district's modes: recalled by what they are made from, else built and kept.

    They are made from the street map (with what is closed and the sailings laid over it), the terrain whose slopes they may follow,
    the barriers that no access leg crosses, the CRS that it is asked in, the mode, and the code. Everything else a network depends on
    is data of the package, and so part of the code.
    """

    def __init__(self, layers: Layers, cache: Cache) -> None:
        self.layers, self.cache = layers, cache

    @cached_property
    def _ground(self) -> str:
        barriers = shapely.to_wkb(self.layers.barriers.shape, hex=True).tolist()
        terrain = self.layers.terrain
        heights = None if terrain is None else replace(terrain, barriers=np.zeros(0, dtype=object))
        return make_key(self.layers.roads, heights, barriers, self.layers.district.crs)

    def ask(self, mode: Mode, build: Callable[[], Network]) -> Network:
        """Return the network of a mode."""
        if self.cache.folder is None:
            return build()
        name, given = f"network {mode.id}", {"mode": mode}
        key = make_key("network", self._ground, mode.model_dump(mode="json"))
        network: Network | None = self.cache.recall(
            name, key, (Network, SegmentGrid, StreetPieces, PartWindow, Obstacles, LeftOut), given
        )
        if network is None:
            network = build()
            self.cache.keep(name, key, network, given)
        return network
