"""What if: a district with something closed, moved, opened, enlarged or added, roads cut, or the people of another year.

``[sensitivity]`` says under which other assumptions the conclusions of a run are tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from lifecircle.config.conditions import AttributeValue, as_tuple
from lifecircle.config.entries import EntryId
from lifecircle.config.records import FacilityFilter
from lifecircle.config.schema import Datum, FacilityKind, Frozen, Label, Names, Population


def _are_others(factors: tuple[float, ...]) -> tuple[float, ...]:
    if 1.0 in factors or len(set(factors)) < len(factors):
        raise ValueError("每个倍数写一次，1 就是现状本身 each factor once; 1 is the figure itself")
    return factors


Factors = Annotated[tuple[Annotated[float, Field(gt=0, le=10)], ...], AfterValidator(_are_others)]


class Sensitivity(Frozen):
    """Factors of the speed and of the limit, and other people."""

    speeds: Factors = (0.8, 1.2)
    """Times the speed, of rules in minutes."""
    limits: Factors = (0.8, 1.2)
    """Times the limit, in minutes or metres."""
    populations: tuple[EntryId, ...] | None = None
    """Scenarios whose people are tried, and nothing else of theirs; where absent, all that have people of their own."""


def _read_choice(value: Any) -> Any:
    """Return names as they stand and tables as filters, so that a mistake in one is told of that one."""
    return FacilityFilter.model_validate(value) if isinstance(value, dict) else value


Which = Annotated[
    tuple[Annotated[str | FacilityFilter, BeforeValidator(_read_choice)], ...],
    BeforeValidator(as_tuple),
    Field(min_length=1),
]
"""Facilities by id, by a name that only one has, or by a filter as rules have it: ``{ kind = "school", stage = "小学" }``."""
_VALUES: TypeAdapter[dict[str, AttributeValue]] = TypeAdapter(dict[str, AttributeValue])


class Placed(Frozen):
    """A place: longitude and latitude with their datum, or x and y in the district's CRS."""

    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    datum: Datum | None = None
    x: float | None = None
    y: float | None = None

    @model_validator(mode="after")
    def _one_pair(self) -> Placed:
        lonlat, xy = (self.lon, self.lat), (self.x, self.y)
        if (None in lonlat) == (None in xy) or lonlat.count(None) == 1 or xy.count(None) == 1:
            raise ValueError(
                "须给出 lon、lat 与 datum，或 x、y give lon, lat and datum, or x and y in the district's CRS"
            )
        if self.lon is not None and self.datum is None:
            raise ValueError(
                'lon、lat 须写明 datum state the datum: "wgs84", "cgcs2000", "gcj02" (高德) or "bd09" (百度)'
            )
        return self


class Added(Placed):
    """A facility that is not there yet; any other key is an attribute of it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: FacilityKind
    id: str = ""
    name: str = ""

    @model_validator(mode="after")
    def _attributes_can_be_read(self) -> Added:
        _read_values(self.model_extra or {})
        return self

    @property
    def attributes(self) -> dict[str, AttributeValue]:
        """What rules filter on and clauses count."""
        return _read_values(self.model_extra or {})


class Moved(Placed):
    """A facility that would stand elsewhere."""

    facility: str | FacilityFilter


def _read_values(values: Any) -> dict[str, AttributeValue]:
    try:
        return _VALUES.validate_python(values)
    except ValidationError as error:
        raise ValueError(
            f"属性只能是文字、数字或真假 attributes are text, numbers, true or false: {values!r}"
        ) from error


class Altered(Frozen):
    """Attributes that facilities would have."""

    facilities: Which
    values: dict[str, AttributeValue] = Field(min_length=1)


class Opened(Frozen):
    """What would be open to the public."""

    facilities: Which
    attribute: str = "open_to_public"
    """Set to true; what the rules of the catalogue ask of a school's grounds."""


class Enlarged(Frozen):
    """What would hold more (or less): exactly one of ``to``, ``by`` and ``factor``."""

    facilities: Which
    attribute: str = Field(min_length=1)
    """Which amount: ``capacity``, ``beds``, ``area_m2``."""
    to: float | None = Field(default=None, ge=0)
    by: float | None = None
    factor: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _says_how(self) -> Enlarged:
        if [self.to, self.by, self.factor].count(None) != 2:
            raise ValueError("to、by、factor 必须且只能给一个 give exactly one of to, by and factor")
        return self


def _as_choices(value: Any) -> Any:
    """Let ``open = { kind = "school" }`` stand for ``open = { facilities = { kind = "school" } }``."""
    return [
        one if isinstance(one, Opened) or (isinstance(one, dict) and "facilities" in one) else {"facilities": one}
        for one in as_tuple(value)
    ]


def _say_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


class Scenario(Frozen):
    """One if, run beside the district as it is. Without a change it is the district as it is."""

    id: EntryId
    label: Names | None = None
    add: Annotated[tuple[Added, ...], BeforeValidator(as_tuple)] = ()
    close: Annotated[
        tuple[Annotated[str | FacilityFilter, BeforeValidator(_read_choice)], ...], BeforeValidator(as_tuple)
    ] = ()
    move: Annotated[tuple[Moved, ...], BeforeValidator(as_tuple)] = ()
    open: Annotated[tuple[Opened, ...], BeforeValidator(_as_choices)] = ()
    enlarge: Annotated[tuple[Enlarged, ...], BeforeValidator(as_tuple)] = ()
    set: Annotated[tuple[Altered, ...], BeforeValidator(as_tuple)] = ()
    close_roads: Annotated[tuple[str, ...], BeforeValidator(as_tuple), AfterValidator(_say_once)] = ()
    """RoadsLayer, bridges and ferries, ``[[ferries]]`` too, by name or id, as in ``[roads] closed``."""
    build: Annotated[tuple[str, ...], BeforeValidator(as_tuple), AfterValidator(_say_once)] = ()
    """``[[links]]`` that would be built, by id."""
    population: Population | None = None
    """Other people: the keys of ``[population]`` that differ, the rest as there, but for ``control``."""
    indicators: Annotated[tuple[EntryId, ...], BeforeValidator(as_tuple)] = ()
    """The rules and indicators to compare; all where absent."""

    @property
    def names(self) -> Label:
        """The label, or the id where there is none."""
        return self.label or Label(zh=self.id, en=self.id)

    @property
    def has_other_supply(self) -> bool:
        """Whether any facility differs."""
        return bool(self.add or self.close or self.move or self.open or self.enlarge or self.set)


def inherit_population(table: dict[str, Any]) -> None:
    """Fill in what the scenarios' ``population`` leaves unsaid from ``[population]``, in a table as written.

    Control totals are not taken over: they would turn the people of another year into those of the base.
    """
    base = table.get("population")
    for scenario in _tables_of(table.get("scenarios")):
        own = scenario.get("population")
        if isinstance(base, dict) and isinstance(own, dict):
            shared = {key: value for key, value in base.items() if key != "control"}
            groups = own.get("groups")
            if isinstance(groups, dict) and isinstance(shared.get("beside"), list):
                shared["beside"] = [name for name in shared["beside"] if name in groups]
            scenario["population"] = {**shared, **own}


def _tables_of(entries: Any) -> Iterator[dict[str, Any]]:
    yield from (entry for entry in (entries if isinstance(entries, list) else ()) if isinstance(entry, dict))
