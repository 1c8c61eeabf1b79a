"""What a number may be, for every number that decides a figure: ``plausible.toml`` as models. The one place of plausibility.

Readers and the configuration ask here, and nowhere else, whether a value is taken, taken with a warning, or refused.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from lifecircle.config.schema import Frozen, Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lifecircle.config.configuration import Configuration
    from lifecircle.config.schema import Mode
    from lifecircle.problems import Problems

Verdict = Literal["usual", "odd", "impossible"]
Range = tuple[float, float]


class Plausible(Frozen):
    """One quantity: what is taken without a word (``usual``), with a warning (``possible``), and not at all (beyond)."""

    id: str
    label: Names
    unit: str
    usual: Range
    possible: Range
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _usual_is_possible(self) -> Plausible:
        if not self.possible[0] <= self.usual[0] < self.usual[1] <= self.possible[1]:
            raise ValueError(f"{self.id}: usual {self.usual} 须在 must lie within possible {self.possible}")
        return self

    def is_odd(self, values: Any) -> Any:
        """Whether a number, or each of an array, is outside the usual range; NaN is not."""
        return (values < self.usual[0]) | (values > self.usual[1])

    def is_impossible(self, values: Any) -> Any:
        """Whether a number, or each of an array, is outside the possible range; NaN is not."""
        return (values < self.possible[0]) | (values > self.possible[1])

    def judge(self, value: float) -> Verdict:
        """Return whether one number is usual, odd (to be warned of) or impossible (to be refused)."""
        return "impossible" if self.is_impossible(value) else "odd" if self.is_odd(value) else "usual"

    @property
    def expected(self) -> str:
        """The usual range as a message has it."""
        return _between(self.usual, self.unit)

    @property
    def limits(self) -> str:
        """The possible range as a message has it."""
        return _between(self.possible, self.unit)


def _between(ends: Range, unit: str) -> str:
    return f"{ends[0]:,.10g} - {ends[1]:,.10g} {unit}".rstrip()


@cache
def load_plausible() -> dict[str, Plausible]:
    """Return every quantity that has a range, by id."""
    table = _read()
    return {key: Plausible.model_validate({"id": key, **value}) for key, value in table.items() if key != "nodata"}


@cache
def load_nodata_values() -> tuple[float, ...]:
    """Return the numbers that programs write into a raster where there is nothing."""
    return tuple(float(value) for value in _read()["nodata"]["values"])


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads((files("lifecircle") / "plausible.toml").read_text(encoding="utf-8"))


def check_plausible(configuration: Configuration, file: str, problems: Problems) -> None:
    """Report limits and speeds that are unusual (a warning) or that nothing has (an error), of what the district's rules use."""
    for rule in configuration.rules:
        place = f"rules.{rule.id}.{'metres' if rule.is_distance else 'minutes'}"
        _check_value("limit_metres" if rule.is_distance else "limit_minutes", float(rule.limit), place, file, problems)
        if rule.ready_minutes:
            _check_value("ready_minutes", float(rule.ready_minutes), f"rules.{rule.id}.ready_minutes", file, problems)
    population, district = configuration.population, configuration.district
    if (
        population is not None
        and population.as_of is not None
        and district is not None
        and population.as_of.year > district.year
    ):
        problems.add(
            "config-implausible", "warning", file, f"人口时点晚于年份 people as of {population.as_of} in a run of {district.year}",
            field="population.as_of", expected=f"<= {district.year}-12-31", mend="改正时点或年份 mend the day or the year",
        )  # fmt: skip
    used = dict.fromkeys(mode for rule in configuration.rules for mode in rule.modes)
    for name in used:
        mode = configuration.modes.get(name)
        if mode is not None:
            for quantity, speed_kph, key in _speeds(mode):
                _check_value(quantity, speed_kph, f"modes.{name}.{key}", file, problems)


def _speeds(mode: Mode) -> Iterator[tuple[str, float, str]]:
    if mode.engine == "terrain":
        for number, going in mode.classes.items():
            quantity = {"walk": "speed_walk", "bike": "speed_bike", "motor": "speed_drive"}.get(going.as_)
            if quantity is not None:
                yield quantity, going.speed_kph, f"classes.{number}.speed_kph"
        return
    own = {"walk": "speed_walk", "bike": "speed_bike"}.get(str(mode.network_type), "speed_drive")
    if mode.speed_kph is not None:
        yield own, mode.speed_kph, "speed_kph"
    for road, speed_kph in (mode.speeds_kph or {}).items():
        yield own, speed_kph, f"speeds_kph.{road}"
    yield "speed_walk", mode.access_kph, "access_kph"


def _check_value(quantity: str, value: float, place: str, file: str, problems: Problems) -> None:
    known = load_plausible()[quantity]
    verdict = known.judge(value)
    if verdict != "usual":
        problems.add(
            "config-implausible", "error" if verdict == "impossible" else "warning", file,
            f"{known.label.zh} {known.label.en} {value:g} {known.unit}", field=place,
            expected=known.limits if verdict == "impossible" else known.expected, mend=f"核对数值与单位 check the number and its unit ({known.unit})",
        )  # fmt: skip
