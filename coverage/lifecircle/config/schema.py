"""The frozen models behind ``district.toml``, the policies and the modes. Unknown keys are errors everywhere."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Level = Literal["district", "township", "village"]
LEVELS: tuple[Level, ...] = ("district", "township", "village")
"""From large to small. Units of a level lie inside one unit of the level above."""

Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
Direction = Literal["toward", "from"]
AttributeValue = str | int | float | bool

FacilityKind = Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]
RuleId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
ModeId = Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]


def _as_tuple(value: Any) -> Any:
    """One value where a list may stand."""
    return (value,) if isinstance(value, (str, int, float, bool, dict)) else value


def _as_label(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


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
    where: dict[str, AttributeValue | tuple[AttributeValue, ...]] = Field(default_factory=dict)
    """Keep only the rows whose columns have these values."""

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


class Control(Frozen):
    """Totals by unit that the people are rescaled to."""

    path: str
    layer: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    level: Level
    id: str
    people: str
    where: dict[str, AttributeValue | tuple[AttributeValue, ...]] = Field(default_factory=dict)


class Buildings(SourceLayer):
    """Building footprints over which zone totals are spread, by floor area."""

    floors: str | None = None


class Population(SourceLayer):
    """People: where they are, in what unit, and as of when."""

    source: Literal["raster", "points", "zones"]
    unit: Literal["people", "people_per_km2", "people_per_ha"] = "people"
    kind: Literal["resident", "registered"] | None = None
    as_of: dt.date | None = None
    nodata: float | None = None
    id: str | None = None
    people: str | None = None
    level: Level | None = None
    spread: Literal["cells", "buildings"] = "cells"
    cell_m: float = Field(default=100.0, gt=0, le=10_000)
    buildings: Buildings | None = None
    groups: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], str] = Field(default_factory=dict)
    """Group name to raster path (``source = "raster"``) or to column name."""
    control: Control | None = None

    @model_validator(mode="after")
    def _each_source_says_what_it_needs(self) -> Population:
        if self.source == "points" and not self.people:
            raise ValueError('points 须给出 people 列名 points need the column of people: people = "人口"')
        if self.source == "zones":
            if not self.people or not self.id:
                raise ValueError("zones 须给出 id 与 people 列名 zones need the columns id and people")
            if self.spread == "buildings" and self.buildings is None:
                raise ValueError('spread = "buildings" 须给出 buildings = { path = "..." }')
        if self.source != "raster" and self.unit != "people":
            raise ValueError(f"{self.source} 的 unit 只能是 people; only rasters may hold densities")
        return self


class FacilityLayer(SourceLayer):
    """Supply of one kind: points, lines or polygons."""

    kind: FacilityKind
    fields: dict[str, str] = Field(default_factory=dict)
    """Our attribute name to the file's column: ``id``, ``name`` and anything a rule filters on."""
    entrance_spacing_m: float = Field(default=50.0, gt=0)
    """Along a line, one entrance each so many metres."""
    border_m: float = Field(default=30.0, ge=0)
    """A way this near to an area's border enters it."""


class Roads(Frozen):
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
    ferries: bool = True
    """Use the layer's own ferries (``route=ferry`` with a ``duration``)."""
    closed: tuple[str, ...] = ()
    """Names or ids (``w123``) of roads, bridges and ferries that are closed: typhoon, night, works."""

    @model_validator(mode="after")
    def _a_file_has_a_path(self) -> Roads:
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
    closed: bool = False


class Terrain(Frozen):
    """Heights and land cover."""

    dem: str | None = None
    landcover: str | None = None


class Ways(Frozen):
    """Which ways of a street map a mode may use."""

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


class Mode(Frozen):
    """How people go: over a network of streets, or over terrain. Every value is shown in the outputs."""

    id: ModeId
    label: Names
    engine: Literal["network", "terrain"] = "network"
    ways: str = ""
    moves: Literal[8, 16] = 8
    """Over terrain: 8 neighbours, or 16 with knight's moves."""
    classes: dict[int, ClassGoing] = Field(default_factory=dict)
    """Land-cover class to how people go there; a class that is not listed is a barrier."""
    roads: dict[str, ClassGoing] = Field(default_factory=dict)
    """``highway`` class to how people go on roads laid over the land cover; ``default`` for the others."""
    accessmod_parity: bool = False
    """Publish whole minutes rounded up, and cycle nearly blind to slope, as WHO's AccessMod does."""
    speed_kph: float | None = Field(default=None, gt=0)
    speeds_kph: dict[str, Annotated[float, Field(gt=0)]] | None = None
    maxspeed: bool = False
    """Let OSM ``maxspeed`` tags win over the table."""
    access_kph: float = Field(default=4.5, gt=0)
    max_access_m: float = Field(default=500.0, ge=0)
    direct_m: float = Field(default=100.0, ge=0)
    min_fragment_m: float = Field(default=500.0, ge=0)
    source: str = ""

    @model_validator(mode="after")
    def _engine_has_what_it_needs(self) -> Mode:
        if self.engine == "terrain":
            if not self.classes:
                raise ValueError(
                    '地形方式须给出 classes a terrain mode needs classes = { 1 = { as = "walk", speed_kph = 4 } }'
                )
            return self
        if self.ways not in ("walk", "bike", "drive"):
            raise ValueError(f'没有这种道路集 no such set of ways "{self.ways}": walk, bike, drive')
        if (self.speed_kph is None) == (self.speeds_kph is None):
            raise ValueError("speed_kph 与 speeds_kph 必须且只能给一个 give exactly one of speed_kph and speeds_kph")
        if self.speeds_kph is not None and "default" not in self.speeds_kph:
            raise ValueError("speeds_kph 须有 default; the table needs a default speed")
        return self


class Bands(Frozen):
    """How an isochrone is cut into nested bands: into the first number of parts whose bands all end on whole numbers, else the last."""

    parts: tuple[Annotated[int, Field(gt=0)], ...] = Field(min_length=1)
    whole_minutes: float = Field(gt=0)
    whole_metres: float = Field(gt=0)

    def cut(self, rule: Rule) -> tuple[float, ...]:
        """Return the bands' limits from small to large, in the rule's unit; the last is the rule's. Readiness is in every band."""
        travelled = rule.limit - rule.ready_minutes
        whole = self.whole_metres if rule.is_distance else self.whole_minutes
        steps = [travelled / parts / whole for parts in self.parts]
        fits = [abs(step - round(step)) < 1e-9 and step > 0.5 for step in steps]
        parts = self.parts[fits.index(True)] if any(fits) else self.parts[-1]
        return (*(rule.ready_minutes + travelled * part / parts for part in range(1, parts)), rule.limit)


class FacilityFilter(Frozen):
    """Which facilities count: a kind (or several), and any attribute of theirs."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Annotated[tuple[FacilityKind, ...], BeforeValidator(_as_tuple)]

    @property
    def attributes(self) -> dict[str, tuple[AttributeValue, ...]]:
        """Attribute to the values that count."""
        return {key: tuple(_as_tuple(value)) for key, value in (self.model_extra or {}).items()}


class Target(Frozen):
    """What the clause asks of a unit; ``value`` is a share, 0-1. The kinds of DESIGN that need a base year come later."""

    kind: Literal["at_least", "at_most", "all"]
    value: float | None = Field(default=None, ge=0, le=1)
    year: int = Field(ge=1949, le=2100)

    @model_validator(mode="after")
    def _all_needs_no_value(self) -> Target:
        if self.kind != "all" and self.value is None:
            raise ValueError(f"{self.kind} 须给出 value (0-1 之间的份额) give a value between 0 and 1")
        return self


class Rule(Frozen):
    """One clause made computable."""

    id: RuleId
    label: Names | None = None
    facilities: Annotated[tuple[FacilityFilter, ...], BeforeValidator(_as_tuple)] = Field(min_length=1)
    """Any of these."""
    mode: ModeId
    minutes: float | None = Field(default=None, gt=0)
    metres: float | None = Field(default=None, gt=0)
    ready_minutes: float = Field(default=0.0, ge=0)
    """Call handling and turnout before anyone moves; part of the limit."""
    direction: Direction = "toward"
    levels: tuple[Level, ...] = LEVELS
    group: str | None = None
    """Who counts: a group of the population; everyone where absent."""
    target: Target | None = None
    policy: str = ""
    clause: str = ""
    quote: str = ""
    source: str = ""
    assumption: str = ""
    """What the clause leaves open and this rule fills in; shown wherever the rule is."""

    @model_validator(mode="after")
    def _minutes_or_metres(self) -> Rule:
        if (self.minutes is None) == (self.metres is None):
            raise ValueError("minutes 与 metres 必须且只能给一个 give exactly one of minutes and metres")
        if self.metres is not None and self.ready_minutes:
            raise ValueError("ready_minutes 只用于 minutes 准则; a distance has no readiness")
        if self.minutes is not None and self.ready_minutes >= self.minutes:
            raise ValueError("ready_minutes 须小于 minutes; nothing is left to travel")
        return self

    @property
    def names(self) -> Label:
        """The label, or the id where there is none."""
        return self.label or Label(zh=self.id, en=self.id)

    @property
    def is_distance(self) -> bool:
        """Whether the limit is in metres."""
        return self.metres is not None

    @property
    def limit(self) -> float:
        """The limit in :attr:`limit_unit`."""
        return self.metres if self.metres is not None else float(self.minutes or 0.0)

    @property
    def limit_unit(self) -> Literal["min", "m"]:
        """``min`` or ``m``."""
        return "m" if self.is_distance else "min"

    @property
    def column(self) -> str:
        """The rule's column in ``cells.parquet``: minutes or metres to the nearest facility."""
        return f"{self.id}__{self.limit_unit}"
