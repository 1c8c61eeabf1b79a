"""Contenders for one job, run in turn so that a busy machine slows all alike, and one table of ratios."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Run = Callable[[], Any]
"""Does the job once and returns its answer."""


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
        Compares its answer with ours and returns what is different, in words; empty if nothing is.
    """

    name: str
    prepare: Callable[[], Run]
    rounds: int = 99
    share: float = 1.0
    check: Callable[[Any, Any], str] | None = None
    seconds: list[float] = field(default_factory=list)
    prepared_s: float = 0.0
    said: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    job: str
    contender: str
    seconds: float | None
    times_ours: float | None
    prepared_s: float | None
    said: str


@dataclass
class Job:
    """One job on one input, and who does it; the first contender is ours."""

    name: str
    contenders: list[Contender]
    rounds: int = 5

    def run(self, wanted: Callable[[str], bool] = lambda _: True) -> list[Row]:
        """Prepare, check and time every contender."""
        ready: list[tuple[Contender, Run]] = []
        reference: Any = None
        for place, contender in enumerate(self.contenders):
            if place and not wanted(contender.name):
                continue
            run = self._prepare(contender)
            if run is None:
                continue
            answer = run()  # warms caches and compiles, for all alike
            if place == 0:
                reference = answer
            elif contender.check is not None and reference is not None:
                contender.said = contender.check(reference, answer) or "same answer"
            del answer
            ready.append((contender, run))
        del reference
        for number in range(self.rounds):
            for contender, run in ready:
                if number < contender.rounds:
                    gc.collect()
                    start = time.perf_counter()
                    run()
                    contender.seconds.append((time.perf_counter() - start) / contender.share)
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
        ratio = seconds / median(ours) if seconds is not None and ours else None
        said = contender.said
        if contender.share < 1:
            said = f"{said}; from {contender.share:.1%} of the job".removeprefix("; ")
        prepared_s = contender.prepared_s if seconds is not None else None
        return Row(self.name, contender.name, seconds, ratio, prepared_s, said)


def print_table(rows: Iterable[Row]) -> None:
    """Print the one table."""
    lines = [("job", "engine", "seconds", "x ours", "before it, s", "answer")]
    lines += [
        (
            row.job,
            row.contender,
            "" if row.seconds is None else f"{row.seconds:.4f}",
            "" if row.times_ours is None else f"{row.times_ours:.2f}",
            "" if row.prepared_s is None else f"{row.prepared_s:.2f}",
            row.said,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, tuple("-" * width for width in widths))
    for line in lines:
        print(" | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
