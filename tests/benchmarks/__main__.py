"""Ratios against peers on the same streets, with the same answer checked.

Run ``python -m tests.benchmarks`` in the repository, or ``pytest tests/benchmarks -s -m benchmark``.
"""

from __future__ import annotations

import argparse
import sys
import warnings

from tests.benchmarks import isochrones, nearest, reading, snapping
from tests.benchmarks.harness import Job, Row, print_table
from tests.benchmarks.networks import RAW, drawn_streets, real_streets

JOBS = ("nearest", "reading", "snapping", "reach")


def all_jobs(wanted: set[str], *, large: bool = False) -> list[Job]:
    """Return the jobs asked for; real streets only where their files are."""
    real = RAW.exists()
    jobs: list[Job] = []
    if "nearest" in wanted:
        if real:
            jobs += nearest.jobs(real_streets("las_palmas", "drive"), 100)
            jobs += nearest.jobs(real_streets("malta", "walk"), 200)
        jobs += nearest.jobs(drawn_streets(100_000), 200)
        if large:
            jobs += nearest.jobs(drawn_streets(1_000_000), 2_000)
    if "reading" in wanted and real:
        jobs += reading.jobs("malta", "drive")
        jobs += reading.jobs("malta", "walk")
    if "snapping" in wanted:
        jobs += snapping.jobs(real_streets("malta", "walk") if real else drawn_streets(100_000), 100_000)
        if large:
            jobs += snapping.jobs(drawn_streets(1_000_000), 1_000_000)
    if "reach" in wanted:
        if real:
            jobs += isochrones.jobs(real_streets("malta", "walk"), 2_000, 600)
        jobs += isochrones.jobs(drawn_streets(100_000), 2_000, 600)
        if large:
            jobs += isochrones.jobs(drawn_streets(1_000_000), 2_000, 600)
    return jobs


def run(jobs: list[Job]) -> list[Row]:
    """Run jobs one after another, saying which."""
    rows: list[Row] = []
    for job in jobs:
        print(job.name, file=sys.stderr, flush=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers' own, about things this comparison does not touch
            rows += job.run()
    return rows


def main() -> None:
    """Read the call, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(JOBS)}; all if none is named")
    parser.add_argument("--large", action="store_true", help="with networks of a million nodes too")
    arguments = parser.parse_args()
    if unknown := set(arguments.jobs) - set(JOBS):
        parser.error(f"no such job: {', '.join(sorted(unknown))}; there are {', '.join(JOBS)}")
    print_table(run(all_jobs(set(arguments.jobs) or set(JOBS), large=arguments.large)))


if __name__ == "__main__":
    main()
