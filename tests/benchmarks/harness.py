"""Contenders for one job, run in turn so that a busy machine slows all alike, and one table of ratios.

A turn lasts at least `TURN_S`: a job of a millisecond is repeated, as it is in a run over many kinds of facilities, lest what is
timed be the caches that the contender before it left behind. Ratios are of medians over turns.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Run = Callable[[], Any]
"""Does the job once and returns its answer."""
TURN_S = 0.05
LONG_S = 3.0
"""A peer that takes longer than this at first is not tried again to see how long it takes."""
SAME = "same answer"


@dataclass
class Contender:
    """One way of doing a job.

    Parameters
    ----------
    name
        As the table shows it; ours starts with ``lifecircle``.
    prepare
        Builds what comes before the job, untimed, and returns the job. ImportError: it is not installed.
    rounds
        The most rounds it takes part in: slow peers take part in few.
    share
        The part of the whole job it does, where the whole would take minutes; its time is divided by it.
    check
        Compares its answer with ours and says in words how far apart they are, beginning with `SAME` where they agree; empty if
        nothing at all is different.
    goal
        How many times as long as ours it should take, at least.
    """

    name: str
    prepare: Callable[[], Run]
    rounds: int = 99
    share: float = 1.0
    check: Callable[[Any, Any], str] | None = None
    goal: float | None = None
    seconds: list[float] = field(default_factory=list)
    prepared_s: float = 0.0
    said: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    job: str
    contender: str
    seconds: float | None
    ours_s: float | None
    prepared_s: float | None
    said: str
    goal: float | None = None

    @property
    def times_ours(self) -> float | None:
        """How many times as long as ours."""
        return None if self.seconds is None or self.ours_s is None else self.seconds / self.ours_s

    @property
    def verdict(self) -> str:
        """Whether the goal is met; never where the answers were not the same."""
        if self.goal is None or self.times_ours is None:
            return ""
        if not self.said.startswith(SAME):
            return "MISSED: other answer"
        return "met" if self.times_ours >= self.goal else f"MISSED: {self.times_ours / self.goal:.0%} of it"


@dataclass
class Job:
    """One job on one input, and who does it; the first contender is ours."""

    name: str
    contenders: list[Contender]
    rounds: int = 5

    def run(self, wanted: Callable[[str], bool] = lambda _: True) -> list[Row]:
        """Prepare, check and time every contender."""
        ready: list[tuple[Contender, Run, int]] = []
        reference: Any = None
        for place, contender in enumerate(self.contenders):
            if place and not wanted(contender.name):
                continue
            run = self._prepare(contender)
            if run is None:
                continue
            start = time.perf_counter()
            answer = run()  # compiles, for all alike
            took_s = time.perf_counter() - start
            again = 1
            if self.rounds and (not place or took_s < LONG_S):
                start = time.perf_counter()
                run()
                again = max(1, round(TURN_S / max(time.perf_counter() - start, 1e-6)))
            if place == 0:
                reference = answer
            elif contender.check is not None and reference is not None:
                contender.said = contender.check(reference, answer) or SAME
            del answer
            ready.append((contender, run, again))
        del reference
        gc.collect()
        gc.freeze()  # what was prepared is not looked through again at every turn
        for number in range(self.rounds):
            for contender, run, again in ready:
                if number < contender.rounds:
                    gc.collect()
                    start = time.perf_counter()
                    for _ in range(again):
                        run()
                    contender.seconds.append((time.perf_counter() - start) / again / contender.share)
        gc.unfreeze()
        return [self._row(contender) for contender in self.contenders if contender.said or contender.seconds]

    def _prepare(self, contender: Contender) -> Run | None:
        start = time.perf_counter()
        try:
            run = contender.prepare()
        except ImportError as error:
            contender.said = f"not installed ({error.name})" if error.name else "not installed"
            return None
        except NotImplementedError:
            contender.said = "not written yet"
            return None
        contender.prepared_s = time.perf_counter() - start
        return run

    def _row(self, contender: Contender) -> Row:
        ours = self.contenders[0].seconds
        seconds = median(contender.seconds) if contender.seconds else None
        said = contender.said
        if contender.share < 1:
            said = f"{said}; from {contender.share:.1%} of the job".removeprefix("; ")
        prepared_s = contender.prepared_s if seconds is not None else None
        return Row(self.name, contender.name, seconds, median(ours) if ours else None, prepared_s, said, contender.goal)


def print_table(rows: Iterable[Row]) -> None:
    """Print the one table."""
    lines = [("job", "peer", "ours, s", "peer, s", "peer / ours", "goal", "", "before it, s", "answers")]
    lines += [
        (
            row.job,
            row.contender,
            "" if row.ours_s is None else f"{row.ours_s:.4f}",
            "" if row.seconds is None else f"{row.seconds:.4f}",
            "" if row.times_ours is None else f"{row.times_ours:.2f}",
            "" if row.goal is None else f"{row.goal:.3g}",
            row.verdict,
            "" if row.prepared_s is None else f"{row.prepared_s:.2f}",
            row.said,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, tuple("-" * width for width in widths))
    for line in lines:
        print(" | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
