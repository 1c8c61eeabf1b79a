"""What a run makes of a district: who reaches what, where, and everything together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lifecircle.config import Configuration, District, Kind, Mode, Rule
from lifecircle.config.schema import Level
from lifecircle.model.arrays import BoolArray, FloatArray, IntArray
from lifecircle.model.ground import Closure
from lifecircle.model.layers import Cells, Facilities, InputFile, Units
from lifecircle.model.siting import SitesFound
from lifecircle.problems import Problem

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import shapely

Joined = Literal["main", "ferry", "none", "no_street"]


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
class ChainLegs:
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
    may_cost: FloatArray | None = None
    """What the nearest would cost were the facilities among them of which it is not known whether the rule counts them; None where there is
    none such."""
    legs: ChainLegs | None = None
    """Of a chain only; ``nearest`` is then the whole chain's minutes, and its station."""

    @property
    def may_cover(self) -> BoolArray:
        """Of which cells it is not known whether they are covered: only a facility that may not count is within the limit."""
        if self.may_cost is None:
            return np.zeros_like(self.covered)
        return np.asarray(~self.covered & (self.may_cost <= self.rule.limit), dtype=np.bool_)

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


Cause = Literal["too_far", "cut_off", "full", "no_roads"]
Link = Literal["same", "no_way", "ferry", "none", "no_door", ""]


@dataclass(frozen=True, slots=True, eq=False)
class RuleGaps:
    """One rule's gaps: uncovered cells that touch and have one cause, and those whose people find every place taken.

    Sorted by people, and indexed so, ``frame`` has the columns

    - ``rule``, ``indicator`` (the clause of capacity whose people find no place; else the rule), ``rank`` (1 has the most people),
      ``name_zh``, ``name_en``, ``people`` (who counts under the rule), ``cells``, a column a group of the population,
      ``<level>`` (row of the units of each level under the district; -1 where none);
    - ``cause``, ``people_<cause>`` of each (a few cells of another cause may be counted with a gap), ``people_unreachable``;
    - ``cost`` to the nearest facility (minutes or metres, as the limit; a mean over those who can reach one; NaN where nobody can) and
      ``nearest``, which it is for most (row of :attr:`Facilities.frame`; -1);
    - ``crow_m`` straight to the nearest as the crow flies, ``crow_cost`` (what that would cost were the way the detour factor longer),
      ``is_near`` (whether that is within the limit for most of its people), ``crow``, which it is for most; ``detour``, the way taken over
      the straight line, of those who can reach one (NaN where speeds differ by class of way);
    - ``link``, where it is ``cut_off``, from its streets to those of that facility: the ``same`` part of the network, ``no_way`` in that part
      in the direction people go, only a ``ferry``, ``none``, or ``no_door``, no street near the facility; empty over terrain; ``barrier``,
      what the straight line crosses, by name;
    - ``capacity`` and ``served`` of the nearest facility, where it is full; NaN elsewhere;
    - ``x``, ``y``, ``lon``, ``lat`` of the cell in its middle, and ``geometry`` in the district's CRS.
    """

    frame: gpd.GeoDataFrame
    of_cell: IntArray
    """For each cell the row of its gap, those that are ``full`` left out; -1 where it is in none."""


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
    gaps: Mapping[str, RuleGaps] = field(default_factory=dict)
    """By rule id, of the rules that are not hypothetical; empty where every one is covered."""
    plans: tuple[SitesFound, ...] = ()
    """The answers to ``[[plans]]``, in their order."""
    timings_s: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the manifest reports beside: control factors, fragments left out, ferries."""

    @property
    def shown(self) -> Study:
        """The study without the rules that are only ifs: what is drawn and summed up for people."""
        return replace(self, results={key: result for key, result in self.results.items() if not result.rule.scenario})
