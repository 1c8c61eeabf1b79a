"""What a known-answer case is, and how one is run."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from lifecircle.config import Label

Figure = tuple[str, float, float] | tuple[str, float, float, float]
"""Label, expected, computed, and the tolerance where it is not the case's."""


@dataclass(frozen=True, slots=True)
class Check:
    """One figure: what it should be, and what the engine makes of it."""

    label: str
    expected: float
    computed: float
    tolerance: float
    """The difference that is still agreement, in the unit of the case."""

    @property
    def difference(self) -> float:
        """Computed less expected; 0 where both are the same infinity."""
        return 0.0 if self.computed == self.expected else self.computed - self.expected

    @property
    def holds(self) -> bool:
        """Whether the two agree; a NaN never does."""
        return abs(self.difference) <= self.tolerance


@dataclass(frozen=True, slots=True)
class Case:
    """A question whose answer is known, and the function that asks the engine."""

    id: str
    label: Label
    source: str
    """Who published the figures, or how they were found."""
    unit: str
    tolerance: float
    oracle: str | None
    """The folder of an oracle it reads; None where it ships whole."""
    figures: Callable[[Path], Iterator[Figure]]
    """Given the oracle's folder (an empty path where there is none)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case."""

    case: Case
    checks: tuple[Check, ...]
    fault: str = ""
    """Why it could not be computed to its end."""

    @property
    def holds(self) -> bool:
        """Whether every figure agrees; a case without one proves nothing and does not hold."""
        return not self.fault and bool(self.checks) and all(check.holds for check in self.checks)


_CASES: dict[str, Case] = {}


def case(
    identity: str, *, zh: str, en: str, source: str, unit: str, tolerance: float, oracle: str | None = None
) -> Callable[[Callable[[Path], Iterator[Figure]]], Callable[[Path], Iterator[Figure]]]:
    """Register a function that yields figures as a case."""

    def register(figures: Callable[[Path], Iterator[Figure]]) -> Callable[[Path], Iterator[Figure]]:
        _CASES[identity] = Case(identity, Label(zh=zh, en=en), source, unit, tolerance, oracle, figures)
        return figures

    return register


def load_cases() -> list[Case]:
    """Return every case, in the order of their files: those that ship first."""
    package = import_module("lifecircle.verification.cases")
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda entry: entry.name):
        import_module(f"{package.__name__}.{module.name}")
    return sorted(_CASES.values(), key=lambda entry: entry.oracle or "")


def run_case(entry: Case, folder: Path) -> Outcome:
    """Ask the engine; what it cannot compute, or a broken oracle, is a case that does not hold and says why."""
    checks: list[Check] = []
    try:
        for label, expected, computed, *own in entry.figures(folder):
            checks.append(Check(label, float(expected), float(computed), own[0] if own else entry.tolerance))
    except (OSError, ValueError, LookupError, RuntimeError, ArithmeticError) as error:
        return Outcome(entry, tuple(checks), f"{type(error).__name__}: {error}")
    return Outcome(entry, tuple(checks))
