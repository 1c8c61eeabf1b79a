"""What people go over: streets and ferries, heights and land cover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from lifecircle.config.tags import is_ferry_route
from lifecircle.model.arrays import BoolArray, FloatArray, IntArray, TextArray

if TYPE_CHECKING:
    import pandas as pd
    from affine import Affine


@dataclass(frozen=True, slots=True)
class Sailing:
    """A ferry of the district's own: both landings in the district's CRS, sailing time and half the headway in seconds."""

    name: str
    from_xy: tuple[float, float]
    to_xy: tuple[float, float]
    seconds: float
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewLink:
    """A path, gate or bridge that is not built yet, laid over the streets as a scenario or a plan has it.

    It is joined at its ends only, to the street nearest to each, so that it can shorten a way and never lengthen one.
    """

    name: str
    line: tuple[tuple[float, float], ...]
    """From end to end, in the district's CRS; two points or more."""
    modes: tuple[str, ...]
    highway: str
    """The class of way, whose speed a mode goes at."""
    seconds: float | None = None
    """What it takes whatever the mode; None: as its length and the mode's speed have it."""
    is_level: bool = False
    """Rises evenly between its ends, as a bridge does, in place of following the ground."""


@dataclass(frozen=True, slots=True)
class LinkWork:
    """A link as something to build: what it would be, and its price."""

    id: str
    name: str
    kind: str
    """``footpath``, ``gate``, ``bridge`` or ``ferry``."""
    laid: NewLink | Sailing
    line: tuple[tuple[float, float], ...]
    """From end to end, in the district's CRS."""
    cost_yuan: float
    """NaN where nobody priced it."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A road, bridge or ferry that this run does without."""

    name: str
    """As it is called, or its id."""
    kind: Literal["road", "ferry"]
    why: Literal["closed", "hours"]
    """Closed by the configuration, or a ferry that does not sail at the run's time of day."""
    hours: str = ""
    ways: int = 0
    """How many ways of the street map it takes away."""


@dataclass(frozen=True, slots=True)
class Features:
    """The ledger of a street file: rows = used + repaired + set aside."""

    rows: int = 0
    repaired: int = 0
    set_aside: int = 0
    as_of: str = ""
    """The date of an OpenStreetMap extract's data, where the file says it."""


def _no_tags() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(index=pd.RangeIndex(0))


@dataclass(frozen=True, slots=True, eq=False)
class Roads:
    """The street map: ways over shared nodes, with the tags that decide who may use them."""

    x: FloatArray
    y: FloatArray
    way_start: IntArray
    """Way *w* runs over ``way_node[way_start[w] : way_start[w + 1]]``."""
    way_node: IntArray
    way_id: TextArray
    tags: pd.DataFrame
    """One row a way, one column an OSM key; None where the way has no such tag."""
    source: str
    sailings: tuple[Sailing, ...] = ()
    links: tuple[NewLink, ...] = ()
    closures: tuple[Closure, ...] = ()
    features: Features | None = None
    """Of the file; None where it was not counted."""
    barrier_node: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Nodes that stand in somebody's way: bollards, gates, walls."""
    barrier_tags: pd.DataFrame = field(default_factory=_no_tags)
    """One row for each of them, one column an OSM key."""
    turn_kind: TextArray = field(default_factory=lambda: np.zeros(0, dtype=object))
    """Turns the map forbids to cars (``no_left_turn``), or leaves as the only one (``only_straight_on``)."""
    turn_xy: FloatArray = field(default_factory=lambda: np.zeros((0, 2)))
    """Where they are, in the district's CRS."""

    def __len__(self) -> int:
        return len(self.way_id)

    def only(self, keep: BoolArray) -> Roads:
        """Return the street map with the ways a mask keeps, over the same nodes."""
        counts = np.diff(self.way_start)
        return replace(
            self,
            way_start=np.concatenate([[0], np.cumsum(counts[keep])]).astype(np.int64),
            way_node=self.way_node[np.repeat(keep, counts)],
            way_id=self.way_id[keep],
            tags=self.tags[keep].reset_index(drop=True),
        )

    @property
    def is_ferry(self) -> BoolArray:
        """Whether each way is a ferry: ``route=ferry``, alone or among others, whatever ``highway`` says."""
        route = self.tags["route"].cat
        found = [is_ferry_route(str(value)) for value in route.categories]
        return np.array([*found, False])[route.codes.to_numpy()]

    @property
    def length_m(self) -> FloatArray:
        """Length of each way on the plan."""
        between = np.hypot(np.diff(self.x[self.way_node]), np.diff(self.y[self.way_node]))
        way = np.repeat(np.arange(len(self)), np.diff(self.way_start))
        is_piece = way[:-1] == way[1:]
        return np.bincount(way[:-1][is_piece], weights=between[is_piece], minlength=len(self)).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class HeightGrid:
    """Heights on the grid they were surveyed on (or on square cells of that size, where that is in degrees)."""

    transform: Affine
    """Column and row to the coordinates of ``crs``; upright, metres."""
    crs: str
    """WKT."""
    elevation_m: npt.NDArray[np.float32]
    """Rows x columns; NaN where not known."""

    @property
    def cell_m(self) -> float:
        """The shorter side of a cell."""
        return float(min(abs(self.transform.a), abs(self.transform.e)))


@dataclass(frozen=True, slots=True, eq=False)
class Barriers:
    """Rivers, lakes, motorways: what stands between people and a place that is near as the crow flies."""

    shape: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, dtype=object))
    """Lines and areas in the district's CRS."""
    name: TextArray = field(default_factory=lambda: np.zeros(0, dtype=object))
    """Empty where the layer does not say."""


@dataclass(frozen=True, slots=True, eq=False)
class TerrainLayers:
    """Heights and land cover on one grid; arrays are rows x columns."""

    transform: Affine
    """Column and row to the coordinates of ``crs``; upright, metres."""
    crs: str
    """WKT. Land cover's own where that is in metres, else the district's."""
    elevation_m: npt.NDArray[np.float32] | None
    """NaN where not known; None without a ``dem``."""
    landcover: npt.NDArray[np.int32] | None
    """Classes; None without a ``landcover``, and the grid is then the dem's."""
    is_known: BoolArray
    """False where land cover (or, without it, the dem) has no data."""
    heights: HeightGrid | None = None
    """The dem as it is, for slopes along streets; None without a ``dem``."""
    barriers: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, dtype=object))
    """Lines and areas in ``crs`` that nobody crosses but on a road or bridge."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.is_known.shape[0], self.is_known.shape[1]

    @property
    def classes(self) -> dict[int, int]:
        """Land-cover class to its count of cells."""
        if self.landcover is None:
            return {}
        name, count = np.unique(self.landcover[self.is_known], return_counts=True)
        return dict(zip(name.tolist(), count.tolist(), strict=True))
