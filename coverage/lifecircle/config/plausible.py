"""What a number may be, for every number that decides a figure: ``plausible.toml`` as models. The one place of plausibility.

Readers and the configuration ask here, and nowhere else, whether a value is taken, taken with a warning, or refused.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field, model_validator

from lifecircle.config.schema import Frozen, Names

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
