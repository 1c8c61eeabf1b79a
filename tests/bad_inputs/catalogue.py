"""What can be wrong with an input, as functions that spoil the clean district and say what must be told.

A corruption takes the folder of a clean district, spoils it, and returns what is expected. Families of them stand in modules of
their own (``polygons``, ``positions``, ``tables``, ``rasters``, ``streets``, ``archives``, ``settings``); each registers its own::

    @corruption("B11")
    def township_twice(folder: Path) -> Expected:
        ...
        return Expected("units-duplicate-code", "error", "townships.gpkg", field="code", words=("330399001",))
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from lifecircle.cli import app


@dataclass(frozen=True)
class Expected:
    """One problem that must be told, and how the program must end."""

    code: str
    severity: str  # error, set_aside, repaired, warning, note
    file: str
    layer: str = ""
    row: str = ""  # must stand in the problem's row
    field: str = ""
    words: tuple[str, ...] = ()  # each must stand in found, expected or mend
    count: int | None = None
    also: tuple[str, ...] = ()  # codes that may come beside it and are right to

    @property
    def status(self) -> int:
        """Exit status of ``check``."""
        return 2 if self.severity == "error" else 0


@dataclass(frozen=True)
class Corruption:
    """A named way to spoil a district, of one row of the catalogue of bad inputs."""

    row: str
    spoil: Callable[[Path], Expected]
    touches: frozenset[str] = field(default_factory=frozenset)  # files, so that a pair does not undo one another

    @property
    def name(self) -> str:
        return f"{self.row}-{self.spoil.__name__}"


CORRUPTIONS: list[Corruption] = []


def corruption(row: str, *touches: str) -> Callable[[Callable[[Path], Expected]], Callable[[Path], Expected]]:
    """Register a corruption of a row; ``touches`` names the files it changes."""

    def register(spoil: Callable[[Path], Expected]) -> Callable[[Path], Expected]:
        CORRUPTIONS.append(Corruption(row, spoil, frozenset(touches)))
        return spoil

    return register


@dataclass(frozen=True)
class Outcome:
    """What ``check --json`` said."""

    status: int
    problems: list[dict[str, Any]]
    exception: BaseException | None


def check(folder: Path, *options: str) -> Outcome:
    """Run ``check --json`` in this process; an exception that is no exit is kept for the test to show."""
    done = CliRunner().invoke(app, ["check", str(folder), "--json", *options])
    exception = done.exception if not isinstance(done.exception, SystemExit) else None
    return Outcome(done.exit_code, [] if exception else json.loads(done.stdout), exception)


def assert_told(outcome: Outcome, expected: Expected) -> None:
    """Assert that the problem is told with everything a planner needs, and that nothing that is wrong was passed in silence."""
    if outcome.exception is not None:
        raise outcome.exception
    told = [problem for problem in outcome.problems if problem["code"] == expected.code]
    assert told, f"{expected.code} was not told; told: {[(p['code'], p['found']) for p in outcome.problems]}"
    one = next((problem for problem in told if expected.row in problem["row"]), told[0])
    assert one["severity"] == expected.severity, one
    assert expected.file in one["file"], one
    assert expected.layer in one["layer"], one
    assert expected.row in one["row"], one
    assert expected.field in one["field"], one
    text = " ".join((one["found"], one["expected"], one["mend"], one["row"]))
    assert [word for word in expected.words if word not in text] == [], one
    if expected.count is not None:
        assert one["count"] == expected.count, one
    assert outcome.status == expected.status, outcome.problems
    assert_mends(outcome)


def assert_mends(outcome: Outcome) -> None:
    """Assert that every error and warning says what was found, what was expected, and how to mend it."""
    for problem in outcome.problems:
        if problem["severity"] in ("error", "warning", "set_aside"):
            assert [name for name in ("found", "expected", "mend") if not problem[name]] == [], problem
