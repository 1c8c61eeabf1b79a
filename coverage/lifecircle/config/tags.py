"""What OpenStreetMap's tags mean: the tables of ``modes.toml``, and the values that people write as text.

The tables say what is open to whom; nothing here looks at a street map. Texts are read in every form that the wiki documents and
people use; what cannot be read is NaN, and whoever asked says so with the text itself.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict

NetworkType = Literal["walk", "bike", "drive", "ambulance"]
"""Who goes, as OSMnx names its networks; an ambulance is a car that ``emergency=yes`` lets pass."""
NETWORK_TYPES: tuple[NetworkType, ...] = ("walk", "bike", "drive", "ambulance")
Means = Literal["open", "closed", "pushed", "unsaid"]
Direction = Literal["forward", "backward", "both", "closed"]
MANY = ";"
"""Between several values of one tag: https://wiki.openstreetmap.org/wiki/Semi-colon_value_separator."""
IN_PARTS = "|"
"""Between the values of the pieces that one edge of a graph was made of."""
CONDITIONAL = ":conditional"
"""https://wiki.openstreetmap.org/wiki/Conditional_restrictions."""
DIRECTIONS = (":forward", ":backward")
SIDES = ("left", "right")
FERRY = "ferry"
RELATION = ("relation", "relation:duration", "relation:interval")
"""Of the ``route=ferry`` relation that a way is a member of: its id, and what it says of the whole sailing."""
RESTRICTED = ("locked",)
MPH_TO_KPH = 1.609344
WALK_KPH = 5.0
"""``maxspeed=walk``: https://wiki.openstreetmap.org/wiki/Key:maxspeed."""


class _Line(BaseModel):
    """One line of a table, with its source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    modes: tuple[NetworkType, ...] = NETWORK_TYPES


class ModeKeys(_Line):
    """The keys a mode goes by, the most specific first."""

    keys: tuple[str, ...]
    opens: tuple[str, ...]
    """Those of ``keys`` that open a way whatever its class."""
    oneway: tuple[str, ...]


class ValueMeaning(_Line):
    """What a value of an access key means."""

    value: str
    means: Means


class ClassMeaning(_Line):
    """Who goes on a class of way where no tag says otherwise."""

    highway: str
    open: tuple[NetworkType, ...]
    absent: bool = False
    """Not there (yet, or any more): nothing opens it."""


class ClosingTag(_Line):
    """A tag that closes a way of an open class."""

    key: str
    value: str


class OnewayMeaning(_Line):
    """What a word of ``oneway`` means."""

    value: str
    means: Direction


class ImpliedOneway(_Line):
    """A tag that means one way without saying so."""

    key: str
    value: str
    means: Direction


class Contraflow(_Line):
    """Values that let a mode go against a one-way street."""

    key: str
    values: tuple[str, ...]


class BarrierMeaning(_Line):
    """What a kind of barrier lets pass where its own tags do not say otherwise."""

    kind: str
    passes: tuple[NetworkType, ...]
    only_own: tuple[NetworkType, ...] = ()
    """Whom only their own key stops there: ``access=no`` on a bollard speaks of cars."""


class Tags(BaseModel):
    """Every table of what tags mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modes: dict[NetworkType, ModeKeys]
    values: tuple[ValueMeaning, ...]
    classes: tuple[ClassMeaning, ...]
    closes: tuple[ClosingTag, ...]
    oneway: tuple[OnewayMeaning, ...]
    implied: tuple[ImpliedOneway, ...]
    contraflow: tuple[Contraflow, ...]
    barriers: tuple[BarrierMeaning, ...]

    def meanings(self, network_type: NetworkType) -> dict[str, Means]:
        """Return what each value of an access key means to a mode."""
        return {line.value: line.means for line in self.values if network_type in line.modes}

    @property
    def oneway_words(self) -> dict[str, Direction]:
        """What each word of ``oneway`` means."""
        return {line.value: line.means for line in self.oneway}

    @property
    def absent(self) -> frozenset[str]:
        """Classes of ways that are not there."""
        return frozenset(line.highway for line in self.classes if line.absent)

    def closed_classes(self, network_type: NetworkType) -> frozenset[str]:
        """Return the classes of way a mode does not use unless a tag opens them."""
        return frozenset(line.highway for line in self.classes if network_type not in line.open)

    @property
    def access_keys(self) -> tuple[str, ...]:
        """Every key that opens or closes, once."""
        return tuple(dict.fromkeys(key for mode in self.modes.values() for key in mode.keys))

    @property
    def oneway_keys(self) -> tuple[str, ...]:
        """Every key that says one way."""
        return tuple(dict.fromkeys(key for mode in self.modes.values() for key in mode.oneway))

    @property
    def way_keys(self) -> tuple[str, ...]:
        """Every key of a way that the tables look at."""
        access, oneway = self.access_keys, self.oneway_keys
        others = [line.key for line in self.closes] + [line.key for line in self.implied]
        others += [line.key for line in self.contraflow]
        sidewalks = ["sidewalk", "sidewalk:both", *(f"sidewalk:{side}" for side in SIDES)]
        directed = [key + direction for key in access for direction in DIRECTIONS]
        conditional = [key + CONDITIONAL for key in (*access, *oneway)]
        return tuple(dict.fromkeys([*access, *oneway, *others, *sidewalks, "area", *directed, *conditional, *RELATION]))

    @property
    def barrier_keys(self) -> tuple[str, ...]:
        """Every key of a barrier's node that the tables look at."""
        return ("barrier", *RESTRICTED, *self.access_keys, *(key + CONDITIONAL for key in self.access_keys))


def split_values(text: str) -> list[str]:
    """Return the values of a tag, in small letters: ``destination; Yes`` is two."""
    return [part for each in text.split(MANY) if (part := each.strip().lower())]


def is_ferry_route(text: str) -> bool:
    """Whether a value of ``route`` has ``ferry`` among its values (``ferry;road``)."""
    return FERRY in split_values(text)


# Durations and intervals

_DASH = re.compile("\\s*(?:-|\u2013|\u2014|~|\uff5e|至|到|\\bto\\b)\\s*")
"""Between the ends of a range: hyphen, dashes, tildes, and as it is written in Chinese."""
_CLOCK = re.compile(r"(\d+):([0-5]?\d)(?::([0-5]?\d))?")
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_UNITS = re.compile(
    rf"(?:{_NUMBER}\s*(?:days?|d|天)\s*)?(?:{_NUMBER}\s*(?:hours?|hrs?|hr|h|小时|个小时|时)\s*)?"
    rf"(?:{_NUMBER}\s*(?:minutes?|mins?|min\.?|m|'|分钟|分|(?=$))\s*)?(?:{_NUMBER}\s*(?:seconds?|secs?|sec|s|秒)\s*)?"
)
_ISO = re.compile(rf"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.IGNORECASE)
_ISO_S = (604800.0, 86400.0, 3600.0, 60.0, 1.0)
_UNIT_S = _ISO_S[1:]


def parse_duration_s(text: str) -> float:
    """Return the seconds of an OSM ``duration`` or ``interval``; NaN where it cannot be read or is not above 0.

    ``MM``, ``HH:MM``, ``H:MM:SS``, ``1h 30min``, ``45m``, ``1.5h``, ``1小时30分``, ISO 8601 ``PT0.75H`` and ``P0DT1H30M``. Of a range
    (``00:45-01:00``) and of several (``00:10;00:20``) the longest, so that nobody is brought there sooner than the timetable says.

    https://wiki.openstreetmap.org/wiki/Key:duration, https://wiki.openstreetmap.org/wiki/Key:interval
    """
    ends = [_DASH.split(each.strip()) for each in text.split(MANY) if each.strip()]
    seconds = [_one_duration_s(_with_unit(part, parts)) for parts in ends for part in parts]
    if not seconds or any(not value > 0 for value in seconds):
        return float("nan")
    return max(seconds)


def _with_unit(part: str, parts: list[str]) -> str:
    """Give a bare number the unit of the range's end: ``1-2 h`` is one to two hours."""
    if part is parts[-1] or not re.fullmatch(_NUMBER, part):
        return part
    unit = re.fullmatch(rf"{_NUMBER}(\s*[^\d\s:]+)", parts[-1])
    return part + unit.group(2) if unit else part


def _one_duration_s(text: str) -> float:
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    for pattern, units in ((_ISO, _ISO_S), (_UNITS, _UNIT_S)):
        match = pattern.fullmatch(text.lower() if pattern is _UNITS else text)
        if match and any(match.groups()):
            amounts = (float((part or "0").replace(",", ".")) for part in match.groups())
            return sum(amount * unit for amount, unit in zip(amounts, units, strict=True))
    return float("nan")


# Speeds

_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph|公里/小时|公里/时)?")


def parse_maxspeed_kph(text: str) -> float:
    """Return the km/h of an OSM ``maxspeed``: ``60``, ``60 km/h``, ``40 mph``, ``walk``; of several the lowest.

    NaN for words that are no speed (``CN:urban``, ``none``, ``signals``, ``variable``) and for 0: the class's speed then holds.

    https://wiki.openstreetmap.org/wiki/Key:maxspeed
    """
    speeds = [_one_speed_kph(part) for part in re.split(r"[;|]", text.lower()) if part.strip()]
    return min(speeds) if speeds and all(speed > 0 for speed in speeds) else float("nan")


def _one_speed_kph(text: str) -> float:
    if text.strip() == "walk":
        return WALK_KPH
    match = _SPEED.fullmatch(text.strip())
    if not match:
        return float("nan")
    return float(match.group(1)) * (MPH_TO_KPH if match.group(2) == "mph" else 1.0)
