"""TOML to frozen models: the district's file, the policies, the modes and the kinds. The only reader of TOML."""

from lifecircle.config.bands import Bands
from lifecircle.config.catalogue import (
    Kind,
    Policy,
    load_bands,
    load_groups,
    load_kinds,
    load_modes,
    load_policies,
    load_ways,
)
from lifecircle.config.reader import Configuration, read_configuration
from lifecircle.config.rules import FacilityFilter, Onward, Ready, Rule, Target
from lifecircle.config.schema import (
    Buildings,
    ClassGoing,
    Control,
    District,
    FacilityLayer,
    Ferry,
    Label,
    Mode,
    Population,
    Roads,
    SourceLayer,
    Terrain,
    UnitLayer,
    Ways,
)

__all__ = [
    "Bands",
    "Buildings",
    "ClassGoing",
    "Configuration",
    "Control",
    "District",
    "FacilityFilter",
    "FacilityLayer",
    "Ferry",
    "Kind",
    "Label",
    "Mode",
    "Onward",
    "Policy",
    "Population",
    "Ready",
    "Roads",
    "Rule",
    "SourceLayer",
    "Target",
    "Terrain",
    "UnitLayer",
    "Ways",
    "load_bands",
    "load_groups",
    "load_kinds",
    "load_modes",
    "load_policies",
    "load_ways",
    "read_configuration",
]
