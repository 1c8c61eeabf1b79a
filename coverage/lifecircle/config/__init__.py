"""TOML to frozen models: the district's file, the policies, the modes and the kinds. The only reader of TOML."""

from lifecircle.config.at_year import at_year
from lifecircle.config.bands import Bands
from lifecircle.config.catalogue import (
    Kind,
    Policy,
    Statement,
    label_of_group,
    load_bands,
    load_entries,
    load_groups,
    load_hours,
    load_kinds,
    load_link_kinds,
    load_measures,
    load_modes,
    load_policies,
    load_streets,
    load_tags,
    load_ways,
    read_policy,
)
from lifecircle.config.chosen import named_by
from lifecircle.config.conditions import Bounds, Condition, Words, describe_condition
from lifecircle.config.configuration import Configuration
from lifecircle.config.entries import Entry
from lifecircle.config.indicators import MEASURES, AnyIndicator, IndicatorEntry
from lifecircle.config.layer_rules import dated_kinds, kinds_of
from lifecircle.config.links import LinkEntry, LinkKind, LinkLayer, LinkTerms
from lifecircle.config.plausible import Plausible, load_nodata_values, load_plausible
from lifecircle.config.reader import read_configuration, read_identity
from lifecircle.config.records import FacilityFilter, Need, TableFilter
from lifecircle.config.rules import Onward, Ready, Rule
from lifecircle.config.scenarios import Placed, Scenario
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
from lifecircle.config.sensitivity import Sensitivity
from lifecircle.config.siting import CandidateLayer, Plan, Question
from lifecircle.config.streets import OnewayWords, StreetWords
from lifecircle.config.tables import Baseline, Exempt, Reference, TableFile, TableLayer
from lifecircle.config.targets import Base, Target, TargetKind
from lifecircle.config.water import WaterSupply
from lifecircle.config.years import Crosswalk, YearLayers

__all__ = [
    "MEASURES",
    "AnyIndicator",
    "Bands",
    "Base",
    "Baseline",
    "Bounds",
    "Buildings",
    "CandidateLayer",
    "ClassGoing",
    "Condition",
    "Configuration",
    "Control",
    "Crosswalk",
    "District",
    "Entry",
    "Exempt",
    "FacilityFilter",
    "FacilityLayer",
    "Ferry",
    "IndicatorEntry",
    "Kind",
    "Label",
    "LinkEntry",
    "LinkKind",
    "LinkLayer",
    "LinkTerms",
    "Mode",
    "Need",
    "OnewayWords",
    "Onward",
    "Placed",
    "Plan",
    "Plausible",
    "Policy",
    "Population",
    "Question",
    "Ready",
    "Reference",
    "Roads",
    "Rule",
    "Scenario",
    "Sensitivity",
    "SourceLayer",
    "Statement",
    "StreetWords",
    "TableFile",
    "TableFilter",
    "TableLayer",
    "Target",
    "TargetKind",
    "Terrain",
    "UnitLayer",
    "WaterSupply",
    "Ways",
    "Words",
    "YearLayers",
    "at_year",
    "dated_kinds",
    "describe_condition",
    "kinds_of",
    "label_of_group",
    "load_bands",
    "load_entries",
    "load_groups",
    "load_hours",
    "load_kinds",
    "load_link_kinds",
    "load_measures",
    "load_modes",
    "load_nodata_values",
    "load_plausible",
    "load_policies",
    "load_streets",
    "load_tags",
    "load_ways",
    "named_by",
    "read_configuration",
    "read_identity",
    "read_policy",
]
