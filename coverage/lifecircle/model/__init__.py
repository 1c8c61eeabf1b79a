"""The nouns, frozen: what one district's layers become once they are through the door, and what a run makes of them.

Coordinates ``x``, ``y`` are in the district's metric CRS; ``lon``, ``lat`` are WGS-84 degrees. Arrays are aligned: element *i* of
every array of :class:`Cells` speaks of cell *i*, column *i* of a membership matrix too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from lifecircle.config import Configuration, District, Kind, Mode, Rule
from lifecircle.config.schema import Level
from lifecircle.model.arrays import BoolArray as BoolArray
from lifecircle.model.arrays import FloatArray as FloatArray
from lifecircle.model.arrays import IntArray as IntArray
from lifecircle.model.arrays import TextArray as TextArray
from lifecircle.model.registers import Known as Known
from lifecircle.model.registers import Register as Register
from lifecircle.problems import Problem

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import shapely
    from affine import Affine
    from scipy.sparse import csr_array

Joined = Literal["main", "ferry", "none", "no_street"]


@dataclass(frozen=True, slots=True, eq=False)
class InputFile:
    """One file that was read, for the manifest."""

    path: str
    """Relative to the district's folder where it lies in it."""
    sha256: str
    size_bytes: int
    role: str
    """``population``, ``facilities: clinic``, ``roads`` ..."""
    crs: str = ""
    rows: int = 0
    used: int = 0
    repaired: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The units of one level, in file order."""

    level: Level
    code: TextArray
    name: TextArray
    geometry: npt.NDArray[np.object_]
    """Valid shapely polygons in the district's CRS."""

    def __len__(self) -> int:
        return len(self.code)


@dataclass(frozen=True, slots=True, eq=False)
class RasterGrid:
    """The raster that cells came from, for drawing them as a surface."""

    crs: str
    transform: tuple[float, float, float, float, float, float]
    """Affine a, b, c, d, e, f: column, row to raster coordinates."""
    shape: tuple[int, int]
    row: IntArray
    column: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Where people are."""

    id: TextArray
    x: FloatArray
    y: FloatArray
    lon: FloatArray
    lat: FloatArray
    people: FloatArray
    groups: Mapping[str, FloatArray]
    membership: Mapping[Level, csr_array]
    """Per level, units x cells: the fraction of the cell that lies in the unit. No entry for ``district``."""
    grid: RasterGrid | None = None
    size_m: float = 0.0
    """Side of a cell where it has one; 0 for points."""

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, eq=False)
class Facilities:
    """Supply of every kind, used and set aside.

    ``frame`` is indexed 0 .. n-1 with the columns ``facility_id, kind, name, lon, lat, status`` (``used`` or ``set_aside``),
    ``reason``, ``is_inside`` (within the district), ``entrance_spacing_m``, ``border_m``, ``geometry`` (district CRS; None where
    set aside for want of a place), and the attributes listed in ``attributes``, as the files have them.
    """

    frame: gpd.GeoDataFrame
    attributes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True)
class Sailing:
    """A ferry of the district's own: both landings in the district's CRS, sailing time and half the headway in seconds."""

    name: str
    from_xy: tuple[float, float]
    to_xy: tuple[float, float]
    seconds: float
    modes: tuple[str, ...]


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
    closures: tuple[Closure, ...] = ()

    def __len__(self) -> int:
        return len(self.way_id)


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


@dataclass(frozen=True, slots=True, eq=False)
class NearestFacility:
    """For every cell, the way to the nearest facility of a rule, without horizon."""

    cost: FloatArray
    """Minutes (readiness included) or metres; inf where no facility can be reached."""
    facility: IntArray
    """Row of :attr:`Facilities.frame`; -1 where unreachable."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkPart:
    """Streets of one mode that hang together without a ferry, or (``part`` -1) the people who have none of its streets near."""

    mode: str
    part: int
    """0 is the longest."""
    length_km: float
    people: float
    facilities: Mapping[str, int]
    """By kind, the facilities a rule of this mode asks for that are entered here, each counted once."""
    name: str
    """The units that most of its people live in, the most peopled first; where nobody does, its facilities'."""
    joined: Joined
    """``main`` part 0; ``ferry`` or ``none``: whether ferries link it to part 0; ``no_street``."""


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """The parts of a chain station -> patient -> hospital, per cell; rows are of :attr:`Facilities.frame`.

    A chain's minutes are ``response_min`` + on scene + ``transfer_min`` + handover. A cell may have the one part and not the other.
    """

    response_min: FloatArray
    """From the call until help is there, readiness included; inf where no station reaches."""
    station: IntArray
    """-1 where none reaches."""
    transfer_min: FloatArray
    """From the patient to the nearest facility the chain may end at; inf where none can be reached."""
    hospital: IntArray
    """-1 where none can be reached."""
    hospitals: IntArray
    """Rows of the facilities that the chain may end at."""
    people_taken: FloatArray
    """For each of them, the people who would be taken there: those of whole chains that end at it."""


@dataclass(frozen=True, slots=True, eq=False)
class RuleResult:
    """One rule's answer."""

    rule: Rule
    nearest: NearestFacility
    covered: BoolArray
    covered_low: BoolArray
    covered_high: BoolArray
    people: FloatArray
    """Who counts, per cell."""
    facilities: IntArray
    """Rows of :attr:`Facilities.frame` that serve this rule."""
    access_m: FloatArray
    """For each of them, the straight leg from its nearest entrance to the network; inf where none is near enough."""
    people_within: FloatArray
    """For each of them, the people within the limit."""
    people_nearest: FloatArray
    """For each of them, the people for whom it is the nearest."""
    choices: IntArray
    """How many of them each cell has within the limit."""
    legs: Legs | None = None
    """Of a chain only; ``nearest`` is then the whole chain's minutes, and its station."""

    @property
    def response(self) -> NearestFacility:
        """The way until help is there: of a chain its first part, of any other rule all of it."""
        if self.legs is None:
            return self.nearest
        return NearestFacility(self.legs.response_min, self.legs.station)


@dataclass(frozen=True, slots=True, eq=False)
class AreaWithin:
    """The area within a limit of one facility, or of the nearest of all, drawn from travel times. The cells decide every figure."""

    facility: int
    """Row of :attr:`Facilities.frame`; -1 for the nearest of all."""
    limit: float
    """Minutes (readiness included) or metres."""
    polygon: shapely.MultiPolygon
    """Valid, in the district's CRS; empty where nothing is reached."""
    outside_share: float
    """Share (0-1) of the length of reached streets outside it; NaN where no street is reached, and over terrain."""
    slower_share: float
    """Share (0-1) of its area that is slower than the limit, sampled; NaN where it is empty."""
    cell_m: float
    """Of the raster it was drawn from."""
    people_inside: float
    """People of the cells whose centre lies in it."""
    people_covered: float
    """People of the cells within the limit: the figure."""


@dataclass(frozen=True, slots=True, eq=False)
class CatchmentArea:
    """Where one facility is the nearest, within the limit."""

    facility: int
    """Row of :attr:`Facilities.frame`."""
    polygon: shapely.MultiPolygon
    """Valid, in the district's CRS; those of one rule do not overlap."""
    people: float
    """Who counts, of the covered cells for whom it is the nearest; over all facilities they sum to the people covered."""
    groups: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class RuleAreas:
    """What is drawn of one rule."""

    bands: tuple[AreaWithin, ...]
    """Within each band's limit of the nearest facility, from small to large; each lies in the next."""
    by_facility: tuple[AreaWithin, ...]
    """Within the rule's limit of each facility, in the order of :attr:`RuleResult.facilities`."""
    catchments: tuple[CatchmentArea, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Everything one run produced; the only argument an output takes."""

    configuration: Configuration
    district: District
    units: Mapping[Level, Units]
    cells: Cells
    facilities: Facilities
    results: Mapping[str, RuleResult]
    """By rule id, in the order of the rules."""
    modes: Mapping[str, Mode]
    kinds: Mapping[str, Kind]
    indicators: pd.DataFrame
    """The columns of ``indicators.csv``."""
    tables: Mapping[str, pd.DataFrame]
    """By file name without its ending: every target, every statement, and what measures list beside their figures."""
    by_cell: Mapping[str, FloatArray]
    """By indicator, the value of each cell, where it has one."""
    conservation: Mapping[str, Mapping[str, float]]
    """By rule id: people, covered, uncovered, unreachable; and ``population``: people, in_no_<level>."""
    parts: tuple[NetworkPart, ...]
    inputs: tuple[InputFile, ...]
    problems: tuple[Problem, ...]
    not_computed: Mapping[str, str]
    """Rules that could not be computed, and what each would need."""
    year: int
    folder: Path
    closures: tuple[Closure, ...] = ()
    """Roads, bridges and ferries this run does without."""
    areas: Mapping[str, RuleAreas] = field(default_factory=dict)
    """By rule id; empty where none were asked for."""
    timings_s: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the manifest reports beside: control factors, fragments left out, ferries."""

    @property
    def shown(self) -> Study:
        """The study without the rules that are only ifs: what is drawn and summed up for people."""
        return replace(self, results={key: result for key, result in self.results.items() if not result.rule.scenario})
