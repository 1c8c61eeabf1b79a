"""What is data is data: the policies, the modes and the kinds that ship with the package."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from lifecircle.config.bands import Bands
from lifecircle.config.rules import Rule
from lifecircle.config.schema import Frozen, Label, Mode, Names, Ways


class Kind(Frozen):
    """A kind of facility: its names and its colour on the map."""

    id: str
    zh: str
    en: str
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")


class Policy(Frozen):
    """One document's clauses as rules."""

    id: str
    title: Names
    document: str
    source: str
    year: int | None = None
    note: str = ""
    rules: tuple[Rule, ...]


def _read_packaged(name: str) -> dict[str, Any]:
    return tomllib.loads((files("lifecircle") / name).read_text(encoding="utf-8"))


@cache
def load_ways() -> dict[str, Ways]:
    """Return which ways of a street map each way of going may use, by name."""
    return {key: Ways.model_validate(value) for key, value in _read_packaged("modes.toml")["ways"].items()}


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
def load_kinds() -> dict[str, Kind]:
    """Return the known kinds of facility by id, in the order they are listed in outputs."""
    return {key: Kind.model_validate({"id": key, **value}) for key, value in _read_packaged("kinds.toml").items()}


@cache
def load_bands() -> Bands:
    """Return how isochrones are cut into bands."""
    return Bands.model_validate(_read_packaged("areas.toml")["bands"])


@cache
def load_groups() -> dict[str, Label]:
    """Return the names of the groups of people the outputs know; a district may have others."""
    return {key: Label.model_validate(value) for key, value in _read_packaged("groups.toml").items()}


@cache
def load_policies() -> dict[str, Policy]:
    """Return every policy that ships, by id; each rule knows its policy and, where it has none of its own, its source."""
    policies = {}
    for path in sorted(files("lifecircle").joinpath("policies").iterdir(), key=lambda entry: entry.name):
        if not path.name.endswith(".toml"):
            continue
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        head = table["policy"]
        rules = [{"policy": head["id"], "source": head["document"], **rule} for rule in table.get("rules", [])]
        policies[head["id"]] = Policy.model_validate({**head, "rules": rules})
    return policies
