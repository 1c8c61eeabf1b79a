"""Ratios against peers on the same streets and the same ground, with the same answer checked.

Run ``python -m tests.benchmarks`` in the repository, or ``pytest tests/benchmarks -s -m benchmark``.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator

from tests.benchmarks import isochrones, nearest, polygons, reading, siting, snapping, terrain
from tests.benchmarks.harness import Job, Row, print_table
from tests.benchmarks.networks import RAW, drawn_streets, real_streets


def _nearest(nodes: int) -> Iterator[Job]:
    if RAW.exists():
        yield from nearest.jobs(real_streets("las_palmas", "drive"), 100)
        yield from nearest.jobs(real_streets("malta", "walk"), 200)
    yield from nearest.jobs(drawn_streets(nodes), nodes // 500)


def _reach(nodes: int) -> Iterator[Job]:
    if RAW.exists():
        yield from isochrones.jobs(real_streets("malta", "walk"), 2_000, 600)
    yield from isochrones.jobs(drawn_streets(min(nodes, 100_000)), 2_000, 600)


def _polygons(nodes: int) -> Iterator[Job]:
    streets = real_streets("malta", "walk") if RAW.exists() else drawn_streets(min(nodes, 100_000))
    yield from polygons.jobs(streets, 200, 600)


def _snapping(nodes: int) -> Iterator[Job]:
    if RAW.exists():
        yield from snapping.jobs(real_streets("malta", "walk"), 100_000)
    yield from snapping.jobs(drawn_streets(nodes), nodes)


def _terrain(nodes: int) -> Iterator[Job]:
    yield from terrain.jobs(2_000 if nodes >= 1_000_000 else 500)


def _reading(_: int) -> Iterator[Job]:
    if RAW.exists():
        yield from reading.jobs("malta", "drive")
        yield from reading.jobs("malta", "walk")


def _siting(nodes: int) -> Iterator[Job]:
    yield from siting.jobs(large=nodes >= 1_000_000)


JOBS: dict[str, Callable[[int], Iterator[Job]]] = {
    "nearest": _nearest,
    "reach": _reach,
    "polygons": _polygons,
    "terrain": _terrain,
    "snapping": _snapping,
    "reading": _reading,
    "sites": _siting,
}
"""Each for a drawn network of so many nodes, and real streets where their files are."""
SMALL, FULL = 20_000, 1_000_000


def run(names: list[str], nodes: int, *, only_goals: bool = False) -> list[Row]:
    """Run jobs one after another, saying which; with ``only_goals`` against the peers that a goal is set by."""
    rows: list[Row] = []
    for name in names:
        for job in JOBS[name](nodes):
            wanted = {
                each.name
                for each in job.contenders
                if not only_goals or each.goal or each.name.startswith("lifecircle")
            }
            if only_goals and not any(each.goal for each in job.contenders):
                continue
            print(job.name, file=sys.stderr, flush=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # peers' own, about things this comparison does not touch
                rows += [row for row in job.run(wanted.__contains__) if row.contender != job.contenders[0].name]
    return rows


def main() -> None:
    """Read the call, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(JOBS)}; all if none is named")
    parser.add_argument("--small", action="store_true", help="drawn networks of 20,000 nodes instead of a million")
    parser.add_argument("--goals", action="store_true", help="only the peers that a goal is set by")
    arguments = parser.parse_args()
    if unknown := set(arguments.jobs) - set(JOBS):
        parser.error(f"no such job: {', '.join(sorted(unknown))}; there are {', '.join(JOBS)}")
    print_table(run(arguments.jobs or list(JOBS), SMALL if arguments.small else FULL, only_goals=arguments.goals))


if __name__ == "__main__":
    main()
