"""The demonstration district, run once for all the tests of one process that only read what it came to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lifecircle.model import Study
from lifecircle.study import run_district

FOLDER = Path(__file__).parents[2] / "data" / "raw" / "dongtou"


@cache
def run_demonstration() -> Study:
    """Return the district's study, without areas and plans: frozen, and not to be changed."""
    return run_district(FOLDER, with_areas=False, with_plans=False)
