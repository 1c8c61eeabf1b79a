"""One district as its planner described it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lifecircle.config.measures import IndicatorEntry
from lifecircle.config.rules import Rule
from lifecircle.config.scenarios import Scenario, Sensitivity
from lifecircle.config.schema import District, FacilityLayer, Ferry, Mode, Population, RoadsLayer, Terrain, UnitLayer
from lifecircle.config.siting import CandidateLayer, LinkEntry, LinkLayer, Plan, SitingOptions
from lifecircle.config.tables import Baseline, Exempt, Reference, TableLayer, WaterSupply
from lifecircle.config.years import YearLayers

FILE_NAME = "district.toml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """One district as its planner described it; sections that did not validate are absent."""

    folder: Path
    district: District | None
    units: tuple[UnitLayer, ...]
    population: Population | None
    facilities: tuple[FacilityLayer, ...]
    roads: RoadsLayer | None
    ferries: tuple[Ferry, ...]
    terrain: Terrain
    modes: dict[str, Mode]
    rules: tuple[Rule, ...]
    """The district's own and its policies', in that order."""
    own_rules: tuple[str, ...]
    layers: tuple[FacilityLayer, ...] = ()
    """Places that are no supply: built-up area, green space, corridors, hazards."""
    tables: tuple[TableLayer, ...] = ()
    indicators: tuple[IndicatorEntry, ...] = ()
    """The district's own and its policies', each after those it is computed from."""
    own_indicators: tuple[str, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    references: tuple[Reference, ...] = ()
    exempt: tuple[Exempt, ...] = ()
    candidates: tuple[CandidateLayer, ...] = ()
    """Places where something may be built."""
    siting: SitingOptions = SitingOptions()  # noqa: RUF009 - frozen
    links: tuple[LinkEntry | LinkLayer, ...] = ()
    """Footpaths, gates, bridges and ferries that might be built."""
    plans: tuple[Plan, ...] = ()
    """Where to build: questions that every run answers."""
    sensitivity: Sensitivity = Sensitivity()  # noqa: RUF009 - frozen
    water: WaterSupply = WaterSupply()  # noqa: RUF009 - frozen
    years: tuple[YearLayers, ...] = ()
    """What differed in other years."""
    scenarios: tuple[Scenario, ...] = ()

    @property
    def entries(self) -> tuple[Rule | IndicatorEntry, ...]:
        """Rules and indicators, in that order."""
        return (*self.rules, *self.indicators)
