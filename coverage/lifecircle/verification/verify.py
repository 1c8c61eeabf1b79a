"""Run the cases that can be run, and say of every other oracle why it was not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lifecircle.verification.case import Case, Outcome, load_cases, run_case

NOT_USED = {
    "zonal": "其规则为像元中心法，本工具按精确面积份额（见 cell-shares） "
    "its rule takes cells whose centre lies inside; people here are by exact share of area (case cell-shares)",
}
"""Oracles whose figures no part of the engine claims to give."""


@dataclass(frozen=True, slots=True)
class NotRun:
    """An oracle that was not compared with; it counts neither for nor against."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything that was compared, and what was not."""

    outcomes: tuple[Outcome, ...]
    not_run: tuple[NotRun, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The cases that do not hold."""
        return tuple(outcome for outcome in self.outcomes if not outcome.holds)


def verify(oracles: Path | None, progress: Callable[[str], None]) -> Verification:
    """Run the cases that ship and, where a folder is given, those whose oracle lies in it.

    Parameters
    ----------
    oracles
        A folder with one folder an oracle.
    progress
        Told which case is being computed.
    """
    outcomes: list[Outcome] = []
    cases = load_cases()
    for entry in cases:
        folder = _oracle_folder(entry, oracles)
        if folder is not None:
            progress(entry.label.both)
            outcomes.append(run_case(entry, folder))
    return Verification(tuple(outcomes), tuple(_not_run(cases, oracles)) if oracles is not None else ())


def _oracle_folder(entry: Case, oracles: Path | None) -> Path | None:
    if entry.oracle is None:
        return Path()
    if oracles is None or not (oracles / entry.oracle).is_dir():
        return None
    return oracles / entry.oracle


def _not_run(cases: list[Case], oracles: Path) -> list[NotRun]:
    wanted = sorted({entry.oracle for entry in cases if entry.oracle})
    there = sorted(path.name for path in oracles.iterdir() if path.is_dir() and not path.name.startswith("."))
    absent = [NotRun(name, "文件夹里没有 not in the folder") for name in wanted if name not in there]
    others = [
        NotRun(name, NOT_USED.get(name, "没有对应的算例 no case knows it")) for name in there if name not in wanted
    ]
    return absent + others
