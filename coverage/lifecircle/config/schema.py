"""The frozen models behind ``district.toml``, the policies and the modes. Unknown keys are errors everywhere."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lifecircle.config.conditions import AttributeValue, Conditions, as_tuple
from lifecircle.config.hours import TimeOfDay, Window
from lifecircle.config.tags import NETWORK_TYPES, NetworkType, Tags

Level = Literal["district", "township", "village"]
LEVELS: tuple[Level, ...] = ("district", "township", "village")
"""From large to small. Units of a level lie inside one unit of the level above."""
LEVEL_NAMES: dict[Level, str] = {"district": "区县", "township": "乡镇街道", "village": "村社区"}
"""What units of a level are counted in."""

Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
Direction = Literal["toward", "from"]

FacilityKind = Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]
ModeId = Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]


def _as_label(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


def _as_slope(value: Any) -> Any:
    """Return the defaults for true, nothing for false."""
    return {True: {}, False: None}[value] if isinstance(value, bool) else value


def _as_nodata(value: Any) -> Any:
    """Return one number as a list of one; the word ``none`` stays."""
    return (value,) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


NoData = Annotated[tuple[float, ...] | Literal["none"] | None, BeforeValidator(_as_nodata)]
"""Values of a raster that mean no data, beside those the file declares; ``"none"``: whatever looks like one is a value."""


class Frozen(BaseModel):
    """A model that cannot change and knows every key it may have."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)


class Label(Frozen):
    """A name in Chinese and English; a plain text stands for both."""

    zh: str = Field(min_length=1)
    en: str = ""

    @property
    def both(self) -> str:
        """Chinese first, English beside it where it says something else."""
        return self.zh if self.en in ("", self.zh) else f"{self.zh} {self.en}"


Names = Annotated[Label, BeforeValidator(_as_label)]


class District(Frozen):
    """What one run is about."""

    id: str = Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=60)
    code: str = Field(min_length=1)
    name: Names
    year: int = Field(ge=1949, le=2100)
    crs: str
    policies: tuple[str, ...] = ()
    at: TimeOfDay | None = None
    """Time of day of the run, ``"22:30"``: a ferry whose ``hours`` do not include it does not sail, and a facility whose ``hours`` do not
    serves nobody. Without it every ferry sails and every facility serves."""
    unknown_max: float = Field(default=0.2, ge=0, le=1)
    """The largest share (0-1) of a figure's denominator that may be unknown: above it the figure has no value, only what is known of it."""
    demonstration: Names | None = None
    """Set on made-up data; every map, table and manifest then says so on its face."""


class SourceLayer(Frozen):
    """A file with places in it, and what one must know to place them."""

    path: str = Field(min_length=1)
    layer: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    lon: str | None = None
    lat: str | None = None
    x: str | None = None
    y: str | None = None
    crs: str | None = None
    datum: Datum | None = None
    where: Conditions = Field(default_factory=dict)
    """Keep only the rows whose columns meet these conditions: values, bounds or words, as in rules."""

    @model_validator(mode="after")
    def _coordinates_come_in_pairs(self) -> SourceLayer:
        for first, second in (("lon", "lat"), ("x", "y")):
            if (getattr(self, first) is None) != (getattr(self, second) is None):
                raise ValueError(f"{first} 与 {second} 须同时给出 give both {first} and {second}")
        if self.lon and self.x:
            raise ValueError("lon/lat 与 x/y 只能给一组 give lon/lat or x/y, not both")
        return self


class UnitLayer(SourceLayer):
    """Administrative areas of one level."""

    level: Level
    id: str
    name: str
    repair: bool = False
    """Take repairs that move more than a rounding does: an invalid outline whose area changes, units that overlap by more than 0.5 m."""


class Control(Frozen):
    """Totals by unit that the people are rescaled to."""

    path: str
    layer: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    level: Level
    id: str
    people: str
    where: Conditions = Field(default_factory=dict)


class Buildings(SourceLayer):
    """Building footprints over which zone totals are spread, by floor area."""

    floors: str | None = None


class Population(SourceLayer):
    """People: where they are, in what unit, and as of when."""

    source: Literal["raster", "points", "zones"]
    unit: Literal["people", "people_per_km2", "people_per_ha"] | None = None
    """What a raster's values are: people in the cell, or a density. A raster must say; tables count people."""
    kind: Literal["resident", "registered"] | None = None
    as_of: dt.date | None = None
    nodata: NoData = None
    band: int | None = Field(default=None, ge=1)
    """Which band of a raster with several, groups too."""
    id: str | None = None
    people: str | None = None
    level: Level | None = None
    spread: Literal["cells", "buildings"] = "cells"
    cell_m: float = Field(default=100.0, gt=0, le=10_000)
    buildings: Buildings | None = None
    groups: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], str] = Field(default_factory=dict)
    """Group name to raster path (``source = "raster"``) or to column name."""
    control: Control | None = None
    beside: tuple[str, ...] | None = None
    """The groups whose coverage stands beside every rule's; all where absent."""

    @model_validator(mode="after")
    def _beside_are_groups(self) -> Population:
        unknown = [name for name in self.beside or () if name not in self.groups]
        if unknown:
            raise ValueError(
                f"beside 中没有这些人群 no such groups: {', '.join(unknown)}; 可用 known: {', '.join(self.groups)}"
            )
        return self

    @model_validator(mode="after")
    def _each_source_says_what_it_needs(self) -> Population:
        if self.source == "points" and not self.people:
            raise ValueError('points 须给出 people 列名 points need the column of people: people = "人口"')
        if self.source == "zones":
            if not self.people or not self.id:
                raise ValueError("zones 须给出 id 与 people 列名 zones need the columns id and people")
            if self.spread == "buildings" and self.buildings is None:
                raise ValueError('spread = "buildings" 须给出 buildings = { path = "..." }')
        if self.source == "raster" and self.unit is None:
            raise ValueError(
                'raster 须写明 unit a raster must say what its values are: unit = "people" (每格人数 people in the cell), '
                '"people_per_km2" 或 or "people_per_ha" (密度 a density)'
            )
        if self.source != "raster" and self.unit not in (None, "people"):
            raise ValueError(f"{self.source} 的 unit 只能是 people; only rasters may hold densities")
        return self


class Within(Frozen):
    """A limit that stands in the layer itself: a kind of facility and its rule in one entry."""

    minutes: float | None = Field(default=None, gt=0)
    metres: float | None = Field(default=None, gt=0)
    mode: ModeId = "walk"
    direction: Direction = "toward"
    group: str | None = None

    @model_validator(mode="after")
    def _minutes_or_metres(self) -> Within:
        if (self.minutes is None) == (self.metres is None):
            raise ValueError("minutes 与 metres 必须且只能给一个 give exactly one of minutes and metres")
        return self

    @property
    def limit(self) -> str:
        """``15min`` or ``500m``."""
        return f"{self.minutes:g}min" if self.minutes is not None else f"{self.metres:g}m"


class FacilityLayer(SourceLayer):
    """Supply of one kind: points, lines or polygons."""

    kind: FacilityKind
    label: Names | None = None
    """What the outputs call a kind that the package does not know."""
    colour: str | None = Field(default=None, pattern=r"^#[0-9a-f]{6}$")
    """Its colour on the map."""
    within: Annotated[tuple[Within, ...], BeforeValidator(as_tuple)] = ()
    """Rules of this kind: ``within = { minutes = 15 }`` is a rule ``<kind>-15min-walk`` of the district's own."""
    fields: dict[str, str] = Field(default_factory=dict)
    """Our attribute name to the file's column: ``id``, ``name`` and anything a rule filters on. With ``date`` (or ``year``) each row is a
    record of that year and counts in no other: samples, inspections, accidents."""
    blank_means: dict[str, AttributeValue] = Field(default_factory=dict)
    """Attribute to what an empty cell of it stands for, such as ``tcm = false``; without it an empty cell is not known, and never a no."""
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Attribute to every word it may hold: a clause that asks for one of these finds none where no row has it. Of any other word that no
    row has it is not known whether the file calls it otherwise."""
    entrance_spacing_m: float = Field(default=50.0, gt=0)
    """Along a line, one entrance each so many metres."""
    border_m: float = Field(default=30.0, ge=0)
    """A way this near to an area's border enters it."""
    hours: dict[str, Annotated[tuple[Window, ...], BeforeValidator(as_tuple)]] = Field(default_factory=dict)
    """What words in the column ``hours`` mean, ``{ "营业时间" = "09:00-21:00" }``, beside those of ``hours.toml``. At the run's time of day
    (``[district] at``) a facility that is closed serves nobody; whether it is there is another question."""


class RoadsLayer(Frozen):
    """The street network."""

    source: Literal["file", "overpass"] = "file"
    path: str | None = None
    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    datum: Datum | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    """OSM key to the file's column, for vector layers: ``highway = "等级"``, ``oneway = "单行"`` ..."""
    classes: dict[str, str] = Field(default_factory=dict)
    """The file's class to OSM's: ``国道 = "trunk"``."""
    oneway_values: dict[str, Literal["yes", "-1", "no", "reversible"]] = Field(default_factory=dict)
    """The file's word for a direction to OSM's: ``单行 = "yes"`` (along the line as drawn), ``逆向 = "-1"``, ``双向 = "no"``."""
    node: bool = False
    """Vector lines only: join streets where they cross, or end on one another, on one level without a common vertex."""
    snap_m: float = Field(default=0.0, ge=0, le=50)
    """Join an end to the street that it misses by at most this; 0: not at all."""
    ferries: bool = True
    """Use the layer's own ferries (``route=ferry`` with a ``duration``)."""
    closed: tuple[str, ...] = ()
    """Names or ids (``w123``) of roads, bridges and ferries, ``[[ferries]]`` too, that are closed: typhoon, night, works."""

    @model_validator(mode="after")
    def _a_file_has_a_path(self) -> RoadsLayer:
        if self.source == "file" and not self.path:
            raise ValueError('须给出 path = "roads.osm.pbf" give the roads file')
        return self


LonLat = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]


class Ferry(Frozen):
    """A sailing that the roads layer lacks, or has without a timetable. ``from`` and ``to`` are lon, lat (WGS-84)."""

    from_: LonLat = Field(alias="from")
    to: LonLat
    minutes: float = Field(gt=0)
    headway_minutes: float = Field(default=0.0, ge=0)
    modes: tuple[ModeId, ...] = Field(min_length=1)
    name: str = ""
    hours: Annotated[tuple[Window, ...], BeforeValidator(as_tuple)] = ()
    """When it sails: ``["06:30-11:00", "13:00-01:15"]``, both ends included, past midnight too; always where absent."""
    closed: bool = False


class Terrain(Frozen):
    """Heights and land cover, and what nobody crosses but by road or bridge."""

    dem: str | None = None
    dem_unit: Literal["m", "ft"] | None = None
    """Of the heights, where the file does not say or says it wrongly; metres where neither says."""
    dem_nodata: NoData = None
    dem_band: int | None = Field(default=None, ge=1)
    landcover: str | None = None
    landcover_nodata: NoData = None
    landcover_band: int | None = Field(default=None, ge=1)
    barriers: tuple[SourceLayer, ...] = ()
    """Rivers, lakes, motorways ...: layers of lines or areas, or an OSM file with ``where = { waterway = ["river"] }``."""


class Ways(Frozen):
    """Which ways of a street map a mode may use: OSMnx's filter of a name, and what OpenStreetMap's tags mean to it."""

    network_type: NetworkType
    tags: Tags
    bidirectional: bool
    """On foot ways run both ways; on wheels ``oneway`` and roundabouts hold."""
    exclude: dict[str, str]
    """OSM key to a regular expression: a way whose value contains a match is not used."""
    ferry_require: dict[str, str] = Field(default_factory=dict)
    """Where not empty, one of these keys must match for a ferry to carry the mode."""
    ferry_exclude: dict[str, str] = Field(default_factory=dict)
    source: str = ""


class ClassGoing(Frozen):
    """How people go over a class of land cover, and how fast on flat ground."""

    as_: Literal["walk", "bike", "motor", "none"] = Field(alias="as")
    speed_kph: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _going_has_a_speed(self) -> ClassGoing:
        if self.as_ != "none" and self.speed_kph <= 0:
            raise ValueError("须给出大于 0 的 speed_kph give a speed_kph above 0")
        return self


class Slope(Frozen):
    """How a network mode that people move by their own power follows the ground, where there is a DEM."""

    steps_kph: float = Field(default=2.0, gt=0)
    """Speed on steps (``highway=steps``) on foot, whatever their slope; a table ``speeds_kph`` has its own for them."""
    metres: Literal["plan", "slope"] = "plan"
    """Whether lengths, for rules in metres, are those on the plan or along the ground."""
    heights: Literal["bilinear", "nearest"] = "bilinear"
    """Between four cells of the DEM, or the cell's own: coarser, but what some published figures were made with."""


class Mode(Frozen):
    """How people go: over a network of streets, or over terrain. Every value is shown in the outputs."""

    id: ModeId
    label: Names
    engine: Literal["network", "terrain"] = "network"
    network_type: NetworkType | None = None
    """Who goes, as OSMnx names its networks: on foot, by bicycle, by car; an ambulance besides. None over terrain."""
    ways: Literal["tags", "osmnx"] = "tags"
    """Which ways they may use: as OpenStreetMap's access tags say, or by OSMnx's filter of that name."""
    moves: Literal[8, 16] = 8
    """Over terrain: 8 neighbours, or 16 with knight's moves."""
    classes: dict[int, ClassGoing] = Field(default_factory=dict)
    """Land-cover class to how people go there; a class that is not listed is a barrier."""
    roads: dict[str, ClassGoing] = Field(default_factory=dict)
    """``highway`` class to how people go on roads laid over the land cover; ``default`` for the others."""
    accessmod_parity: bool = False
    """Publish whole minutes rounded up, as WHO's AccessMod does."""
    cycling: Literal["accessmod", "slope"] = "accessmod"
    """Over terrain: cycle nearly blind to slope, as AccessMod's figures do, or let the slope count in full."""
    speed_kph: float | None = Field(default=None, gt=0)
    speeds_kph: dict[str, Annotated[float, Field(gt=0)]] | None = None
    maxspeed: bool = False
    """Let OSM ``maxspeed`` tags win over the table."""
    access_kph: float = Field(default=4.5, gt=0)
    max_access_m: float = Field(default=500.0, ge=0)
    direct_m: float = Field(default=100.0, ge=0)
    min_fragment_m: float = Field(default=500.0, ge=0)
    join: Literal["near", "nearest"] = "near"
    """Which streets a place joins: every one within ``direct_m`` (else the nearest of each connected part), or the single nearest edge."""
    squares: bool = False
    """On foot: walk along the outlines of squares and other mapped areas (``area=yes``) too, which OSMnx's filter leaves out."""
    slope: Annotated[Slope | None, BeforeValidator(_as_slope)] = Slope()
    """Where there is a DEM, walking and cycling follow it; false for flat everywhere."""
    off_street: bool = False
    """Whether people whom no street is near walk over terrain to the nearest street, in place of being unreachable."""
    source: str = ""

    @model_validator(mode="before")
    @classmethod
    def _ways_may_name_who_goes(cls, given: Any) -> Any:
        """Take ``ways = "walk"``, as versions before wrote it, for a mode that walks where the tags let it."""
        if isinstance(given, dict) and given.get("ways") in NETWORK_TYPES:
            return {**given, "network_type": given["ways"], "ways": "tags"}
        return given

    @model_validator(mode="after")
    def _engine_has_what_it_needs(self) -> Mode:
        if self.engine == "terrain":
            if not self.classes:
                raise ValueError(
                    '地形方式须给出 classes a terrain mode needs classes = { 1 = { as = "walk", speed_kph = 4 } }'
                )
            return self
        if self.off_street and self.network_type != "walk":
            raise ValueError("off_street 只用于步行 is for modes that go on foot")
        if self.network_type is None:
            raise ValueError(f"须给出 give network_type: {', '.join(NETWORK_TYPES)}")
        if self.squares and self.network_type != "walk":
            raise ValueError("squares 只用于步行 is for modes that go on foot")
        if (self.speed_kph is None) == (self.speeds_kph is None):
            raise ValueError("speed_kph 与 speeds_kph 必须且只能给一个 give exactly one of speed_kph and speeds_kph")
        if self.speeds_kph is not None and "default" not in self.speeds_kph:
            raise ValueError("speeds_kph 须有 default; the table needs a default speed")
        return self
