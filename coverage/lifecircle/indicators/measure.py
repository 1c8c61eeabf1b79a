"""A measure is one module of this room: its keys, how it is computed, and what outputs call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd

from lifecircle.config import IndicatorEntry, Label, Rule
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import Figures, figure_rows
from lifecircle.model import FloatArray

Asked = TypeVar("Asked", bound=IndicatorEntry)


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One indicator that an entry came to: its own, or one beside it."""

    figures: tuple[Figures, ...]
    """One a level."""
    suffix: str = ""
    """Of the indicator's id; empty for the entry's own."""
    label: Label | None = None
    unit: str | None = None
    is_asked: bool = True
    """Whether the entry's targets are asked of it."""
    rule: Rule | None = None
    counts: str = ""
    """What the numerator counts, such as 人; empty where the records say it."""
    note: str = ""
    """Follows the source: the year of the records, the date something was due."""
    years: tuple[int, ...] = ()
    """The years the records are of, where they say so."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All that an entry came to."""

    findings: tuple[Finding, ...]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """By file name without its ending, rows beside the indicators: who lacks what, what is left over."""
    by_cell: FloatArray | None = None
    """The value of each cell, where it has one."""
    reason: str = ""
    """Why there are no findings, where there are none."""


_MEASURES: dict[type[IndicatorEntry], Callable[[Any, Facts], Findings]] = {}


def measure(
    model: type[Asked],
) -> Callable[[Callable[[Asked, Facts], Findings]], Callable[[Asked, Facts], Findings]]:
    """Register the function that computes the entries of a measure."""

    def register(function: Callable[[Asked, Facts], Findings]) -> Callable[[Asked, Facts], Findings]:
        _MEASURES[model] = function
        return function

    return register


def find(entry: IndicatorEntry, facts: Facts) -> Findings:
    """Return what an entry comes to; everything it needs must be there."""
    return _MEASURES[type(entry)](entry, facts)


def is_computed(model: type[IndicatorEntry]) -> bool:
    """Whether a function for a measure is there."""
    return model in _MEASURES


def rows_of(entry: IndicatorEntry, findings: Findings, facts: Facts) -> pd.DataFrame:
    """Return the rows of an entry's findings, not judged yet."""
    rows = [
        figure_rows(
            facts.district, facts.year, entry, figures, indicator=f"{entry.id}{finding.suffix}", label=finding.label,
            unit=finding.unit, counts=finding.counts, is_asked=finding.is_asked, rule=finding.rule,
            source=f"{entry.source}{finding.note}" if finding.note else "",
        )
        for finding in findings.findings
        for figures in finding.figures
    ]  # fmt: skip
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def beside(entry: IndicatorEntry, zh: str, en: str) -> Label:
    """Return the label of a figure beside an entry's own."""
    names = entry.names
    return Label(zh=f"{names.zh}（{zh}）", en=f"{names.en or names.zh} ({en})")
