"""A district one can hold in the head: two townships of 1 km side by side, four villages, north of Dongtou's origin.

::

    y 3_092_000  +---------+---------+
                 |  A2     |  B2     |      villages, 500 m high
                 |---------|---------|
                 |  A1     |  B1     |
    y 3_091_000  +---------+---------+
              x 610_000   611_000   612_000
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
from tests.made import CRS, Ground, head, units_toml

if TYPE_CHECKING:
    from lifecircle.problems import Problem, Problems

__all__ = ["CRS"]

LEFT, BOTTOM = 610_000, 3_091_000
GROUND = Ground(LEFT, BOTTOM)
HEAD = head("demo", "示范区", "Demo", code="330305")
VILLAGES = units_toml("village")
TOWNSHIPS = {"330305001": "甲街道", "330305002": "乙镇"}


def square(x: float, y: float, wide: float, high: float) -> shapely.Polygon:
    """A box in kilometres from the district's corner."""
    return GROUND.box(x * 1e3, y * 1e3, (x + wide) * 1e3, (y + high) * 1e3)


def codes(problems: Problems) -> list[str]:
    return [problem.code for problem in problems]


def only(problems: Problems, code: str) -> Problem:
    found = [problem for problem in problems if problem.code == code]
    assert len(found) == 1, [str(problem) for problem in problems]
    return found[0]
