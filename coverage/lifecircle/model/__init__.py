"""The nouns, frozen: what one district's layers become once they are through the door, and what a run makes of them.

Coordinates ``x``, ``y`` are in the district's metric CRS; ``lon``, ``lat`` are WGS-84 degrees. Arrays are aligned: element *i* of
every array of :class:`Cells` speaks of cell *i*, column *i* of a membership matrix too.
"""

from lifecircle.model.arrays import BoolArray, FloatArray, IntArray, TextArray
from lifecircle.model.ground import (
    Barriers,
    Closure,
    Features,
    HeightGrid,
    LinkWork,
    NewLink,
    Roads,
    Sailing,
    TerrainLayers,
)
from lifecircle.model.layers import Cells, Facilities, InputFile, Known, RasterGrid, Register, Units
from lifecircle.model.results import (
    AreaWithin,
    CatchmentArea,
    Cause,
    ChainLegs,
    Joined,
    Link,
    NearestFacility,
    NetworkPart,
    RuleAreas,
    RuleGaps,
    RuleResult,
    Study,
)
from lifecircle.model.siting import SitesFound, Siting, Status

__all__ = [
    "AreaWithin",
    "Barriers",
    "BoolArray",
    "CatchmentArea",
    "Cause",
    "Cells",
    "ChainLegs",
    "Closure",
    "Facilities",
    "Features",
    "FloatArray",
    "HeightGrid",
    "InputFile",
    "IntArray",
    "Joined",
    "Known",
    "Link",
    "LinkWork",
    "NearestFacility",
    "NetworkPart",
    "NewLink",
    "RasterGrid",
    "Register",
    "Roads",
    "RuleAreas",
    "RuleGaps",
    "RuleResult",
    "Sailing",
    "SitesFound",
    "Siting",
    "Status",
    "Study",
    "TerrainLayers",
    "TextArray",
    "Units",
]
