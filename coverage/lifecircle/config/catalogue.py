"""What is data is data: the policies, the modes and the kinds that ship with the package."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from lifecircle.config.entries import EntryId, say_also
from lifecircle.config.measures import Indicator, IndicatorEntry
from lifecircle.config.rules import Rule
from lifecircle.config.schema import District, Frozen, Label, Mode, Names, Ways
from lifecircle.config.siting import LinkKind
from lifecircle.config.streets import StreetWords
from lifecircle.config.tags import Tags


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


class Kind(Frozen):
    """A kind of facility: its names and its colour on the map."""

    id: str
    zh: str
    en: str
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    is_dated: bool = False
    """Whether each row is a record of a day, its ``date``, and counts in that year alone: samples of water."""


class Statement(Frozen):
    """One sentence of a document that speaks of facilities, coverage or a target, and the entries that answer it."""

    id: str = Field(min_length=1)
    label: Names
    clause: str = ""
    quote: str = Field(min_length=1)
    also: tuple[EntryId, ...] = ()
    """Entries of other statements or policies that answer it too."""


class Period(Frozen):
    """The years a document is for, as its own words have them."""

    first: int | None = Field(default=None, ge=1949, le=2100)
    last: int = Field(ge=1949, le=2100)
    """By when what the document asks for is to be had, where a clause states no year of its own."""
    quote: str = Field(min_length=1)


class Policy(Frozen):
    """One document (it has statements) or standard (it has none), and what is computed to answer it."""

    id: str
    title: Names
    document: str
    source: str
    year: int | None = None
    text: str = ""
    """Name of the text that the quotes are exact parts of, where it was at hand."""
    note: str = ""
    applies_to: tuple[str, ...] = ()
    """Where it holds: codes of provinces, cities or districts (a district's code begins with one of them), or names of districts; everywhere
    where absent. A district that lists it answers to it wherever it is, as a demonstration."""
    period: Period | None = None
    statements: tuple[Statement, ...] = ()
    rules: tuple[Rule, ...] = ()
    indicators: tuple[Indicator, ...] = ()

    @property
    def entries(self) -> tuple[Rule | IndicatorEntry, ...]:
        """Rules and indicators, in that order."""
        return (*self.rules, *self.indicators)

    @property
    def is_document(self) -> bool:
        """Whether it has clauses that a district answers for, and not only common ways of counting."""
        return bool(self.statements)

    def holds_in(self, district: District) -> bool:
        """Whether it applies to a district by itself."""
        return holds_in(self.applies_to, district)

    def answers(self, statement: Statement) -> tuple[str, ...]:
        """Return the ids of the entries that answer a statement."""
        own = [entry.id for entry in self.entries if entry.statement == statement.id]
        return tuple(dict.fromkeys([*own, *statement.also]))


def holds_in(places: tuple[str, ...], district: District) -> bool:
    """Whether a district is, or lies in, one of so many places (codes, by what its own begins with, or its name); none: everywhere."""
    names = (district.name.zh, district.name.en)
    return not places or any(district.code.startswith(one) if one.isdigit() else one in names for one in places)


def _read_packaged(name: str) -> dict[str, Any]:
    return tomllib.loads((files("lifecircle") / name).read_text(encoding="utf-8"))


@cache
def load_ways() -> dict[str, Ways]:
    """Return which ways of a street map each way of going may use, by name."""
    tables, tags = _read_packaged("modes.toml")["ways"], load_tags()
    filters = {key: tables[table.get("like", key)] for key, table in tables.items()}
    return {key: Ways.model_validate({**table, "network_type": key, "tags": tags}) for key, table in filters.items()}


@cache
def load_tags() -> Tags:
    """Return what OpenStreetMap's tags mean."""
    return Tags.model_validate(_read_packaged("modes.toml")["tags"])


def load_modes(overrides: dict[str, dict[str, Any]] | None = None) -> dict[str, Mode]:
    """Return the modes by id, with a district's overrides laid over them.

    A speed replaces a speed table and the other way round; a table of the district's own stands alone: classes it does
    not list go at its default.

    Raises
    ------
    pydantic.ValidationError
        Where an override does not fit; the caller names the mode.
    """
    tables = {key: dict(value, id=key) for key, value in _read_packaged("modes.toml")["modes"].items()}
    for key, override in (overrides or {}).items():
        table = dict(tables.get(key, {"id": key, "label": key}))
        if "speed_kph" in override:
            table.pop("speeds_kph", None)
        if isinstance(override.get("speeds_kph"), dict):
            table.pop("speed_kph", None)
        if isinstance(override.get("slope"), dict) and isinstance(table.get("slope"), dict):
            override = {**override, "slope": {**table["slope"], **override["slope"]}}
        tables[key] = {**table, **override}
    return {key: Mode.model_validate(table) for key, table in tables.items()}


@cache
def load_streets() -> StreetWords:
    """Return what the words of street layers mean, and what is plausible of a street."""
    return StreetWords.model_validate(_read_packaged("streets.toml"))


@cache
def load_kinds() -> dict[str, Kind]:
    """Return the known kinds of facility by id, in the order they are listed in outputs."""
    return {key: Kind.model_validate({"id": key, **value}) for key, value in _read_packaged("kinds.toml").items()}


@cache
def load_link_kinds() -> dict[str, LinkKind]:
    """Return the kinds of links that may be built, by id."""
    return {key: LinkKind.model_validate({"id": key, **value}) for key, value in _read_packaged("links.toml").items()}


@cache
def load_bands() -> Bands:
    """Return how isochrones are cut into bands."""
    return Bands.model_validate(_read_packaged("areas.toml")["bands"])


@cache
def load_hours() -> dict[str, tuple[str, ...]]:
    """Return what words for opening hours mean, as spans of the day."""
    return {word: tuple(spans) for word, spans in _read_packaged("hours.toml")["words"].items()}


@cache
def load_groups() -> dict[str, Label]:
    """Return the names of the groups of people the outputs know; a district may have others."""
    return {key: Label.model_validate(value) for key, value in _read_packaged("groups.toml").items()}


def label_of_group(group: str) -> Label:
    """Return what outputs call a group of people: its id where they have no name for it."""
    return load_groups().get(group, Label(zh=group, en=group))


@cache
def load_policies() -> dict[str, Policy]:
    """Return every policy that ships, by id; each entry knows its policy and, where it has none of its own, its statement's words."""
    policies = {}
    for path in sorted(files("lifecircle").joinpath("policies").iterdir(), key=lambda entry: entry.name):
        if path.name.endswith(".toml"):
            policy = read_policy(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
            policies[policy.id] = policy
    return policies


def read_policy(table: dict[str, Any], file: str) -> Policy:
    """Return a policy from its TOML.

    Raises
    ------
    ValueError
        Naming the file, and every entry with what is wrong in it.
    """
    head = table.get("policy", {})
    statements = {entry.get("id"): entry for entry in table.get("statements", [])}
    faults: list[str] = []
    entries: dict[str, list[Any]] = {"statements": [], "rules": [], "indicators": []}
    for section, made in entries.items():
        for number, written in enumerate(table.get(section, []), start=1):
            place = f"{file} [[{section}]] {written.get('id', number)}"
            filled = written
            if section != "statements":
                said = statements.get(written.get("statement"), {})
                if "statement" in written and not said:
                    faults.append(f"{place}.statement: 没有这条陈述 no such statement {written['statement']!r}")
                words = {key: said[key] for key in ("clause", "quote") if key in said}
                written = _date_targets(written, head.get("period"))
                filled = {"policy": head.get("id", ""), "source": head.get("document", ""), **words, **written}
            try:
                made.append(_ENTRY_MODELS[section].validate_python(filled))
            except ValidationError as error:
                faults += [
                    f"{place}.{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
                    for one in error.errors(include_url=False)
                ]
    if faults:
        raise ValueError("\n".join(faults))
    return Policy.model_validate({**head, **entries})


STATES = ("at_least", "at_most", "all", "not_below", "count", "qualitative")
"""Kinds of targets that describe what is to be had by the end of a document's period. ``hold`` is a duty of every year and ``improve`` a
direction against the base year: neither has a due year of its own."""


def _date_targets(written: dict[str, Any], period: dict[str, Any] | None) -> dict[str, Any]:
    """Return an entry as written with the last year of its document's period where a clause states none: one year for all of them."""
    target = written.get("target")
    if not period or "last" not in period or not target or written.get("measure") == "on_time":
        return written
    last = period["last"]

    def is_open(one: Any) -> bool:
        return isinstance(one, dict) and "year" not in one and one.get("kind") in STATES

    listed = target if isinstance(target, list) else [target]
    if not any(is_open(one) for one in listed):
        return written
    zh, en = (
        f"条款未写年份，目标年取文件期末{last}年。",
        f"No year is stated: the end of the document's period, {last}.",
    )
    return {
        **written,
        "target": [{**one, "year": last} if is_open(one) else one for one in listed],
        "assumption": say_also(written.get("assumption", ""), zh, en),
    }


_ENTRY_MODELS: dict[str, TypeAdapter[Any]] = {
    "statements": TypeAdapter(Statement),
    "rules": TypeAdapter(Rule),
    "indicators": TypeAdapter(Indicator),
}


@cache
def load_entries() -> dict[str, Rule | IndicatorEntry]:
    """Return every entry of every policy by its id."""
    return {entry.id: entry for policy in load_policies().values() for entry in policy.entries}
