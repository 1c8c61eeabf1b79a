"""What roads are drawn with: the list of lines, the plan they follow, and how steep the ground is."""

import functools
import json
import math

import land
import numpy as np
import shapely
from common import HERE, rng
from shapely.geometry import LineString

STEEP = 0.34  # above this slope nobody lays out lanes


@functools.cache
def plan() -> dict:
    return json.loads((HERE / "network.json").read_text(encoding="utf-8"))


@functools.cache
def island_shape(island: str) -> shapely.Geometry:
    frame = land.islands()
    return frame[frame.island == island].geometry.iloc[0]


@functools.cache
def _slope() -> np.ndarray:
    return land.slope()


def slopes_at(xy: np.ndarray) -> np.ndarray:
    transform, high, wide = land.grid()
    rows = np.clip(((transform.f - xy[:, 1]) / land.DEM_CELL).astype(int), 0, high - 1)
    cols = np.clip(((xy[:, 0] - transform.c) / land.DEM_CELL).astype(int), 0, wide - 1)
    return _slope()[rows, cols]


class Lines(list):
    def add(self, line: shapely.Geometry, highway: str, name: str = "", node: bool = True, **tags: str) -> None:
        """`node`: joins whatever it crosses; bridges and boats meet others at their ends only."""
        for part in shapely.get_parts(line):
            if part.geom_type == "LineString" and part.length > 5:
                known = {"highway": highway} if highway else {}
                self.append((part, known | ({"name": name} if name else {}) | tags, node))


def lattice(area: shapely.Geometry, spacing: tuple[float, float], turn: float, name: str) -> list[LineString]:
    """Two families of wavy lines over an area, broken where it is steep: how lanes lie on a slope."""
    random, middle = rng("lanes " + name), area.centroid
    reach = math.dist(area.bounds[:2], area.bounds[2:]) / 2
    out = []
    for family, gap in enumerate(spacing):
        a = math.radians(turn + 90 * family)
        for offset in np.arange(-reach, reach, gap):
            t = np.arange(-reach, reach + 1, 45.0)
            off = (
                offset + 0.16 * gap * np.sin(t / random.uniform(70, 130) + random.uniform(0, 6)) + random.uniform(-6, 6)
            )
            xy = np.column_stack(
                [
                    middle.x + t * math.cos(a) - off * math.sin(a),
                    middle.y + t * math.sin(a) + off * math.cos(a),
                ]
            )
            gentle = slopes_at(xy) < STEEP
            for run in np.split(np.arange(len(t)), np.flatnonzero(np.diff(gentle.astype(int))) + 1):
                if gentle[run[0]] and len(run) > 1:
                    out += shapely.get_parts(LineString(xy[run]).intersection(area)).tolist()
    return [shapely.simplify(line, 2) for line in out if line.geom_type == "LineString" and line.length > 60]
