"""Several districts that have been run, together: cities and provinces."""

from __future__ import annotations

from pathlib import Path

from lifecircle.config import load_entries
from lifecircle.indicators.rollup import Rollup, roll_up
from lifecircle.problems import Problems
from lifecircle.sources.published import read_published


def roll_up_districts(folders: list[Path], names: dict[str, str]) -> Rollup:
    """Return the figures of the cities and provinces that published runs lie in.

    Raises
    ------
    lifecircle.problems.InputError
        Where a run is not there, or two are of one district.
    """
    problems = Problems()
    rows = read_published(folders, problems)
    problems.raise_errors()
    return roll_up(rows, dict(load_entries()), names)
