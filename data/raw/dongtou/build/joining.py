"""Lines become a network: a node wherever they meet, and nothing that hangs in the air."""

from collections import defaultdict

import numpy as np
import shapely
from drawing import Lines
from scipy.spatial import cKDTree
from shapely.geometry import Point


def join(lines: Lines) -> tuple[np.ndarray, list[tuple[list[int], dict[str, str]]]]:
    """Put a vertex where lines cross or end on each other, and give vertices closer than 1.5 m one node."""
    shapes = np.array([line for line, _, _ in lines], dtype=object)
    marks, ends = _meetings(shapes, np.array([node for _, _, node in lines]))
    vertices, owners = [], []
    for k, shape in enumerate(shapes):
        places = [(shape.project(Point(p)), p) for p in shape.coords[1:-1]] + [
            (shape.project(Point(p)), p) for p in marks[k]
        ]
        middle = [p for _, p in sorted(places)]
        run = [ends.get((k, 0), shape.coords[0]), *middle, ends.get((k, -1), shape.coords[-1])]
        vertices += run
        owners += [k] * len(run)
    xy, owner = np.array(vertices), np.array(owners)
    root = np.arange(len(xy))
    for i, j in sorted(cKDTree(xy).query_pairs(1.5)):
        a, b = root[i], root[j]
        if a != b:
            root[root == max(a, b)] = min(a, b)
    ways = []
    for k, (_, tags, _) in enumerate(lines):
        run = root[owner == k]
        run = run[np.r_[True, run[1:] != run[:-1]]].tolist()
        if len(run) > 1:
            ways.append((run, tags))
    ways = _keep_joined(xy, ways)
    used = sorted({n for run, _ in ways for n in run})
    number = {old: new for new, old in enumerate(used)}
    return xy[used], [([number[n] for n in run], tags) for run, tags in ways]


Spot = tuple[float, float]


def _meetings(shapes: np.ndarray, joins: np.ndarray) -> tuple[dict[int, list[Spot]], dict[tuple[int, int], Spot]]:
    """Per line, the points where others cross it or end within 6 m of it; and, for those ends, where they now end."""
    ends: dict[tuple[int, int], tuple[float, float]] = {}
    marks: dict[int, list[tuple[float, float]]] = defaultdict(list)
    index = shapely.STRtree(shapes)
    left, right = index.query(shapes, predicate="intersects")
    for a, b in zip(left, right, strict=True):
        if a < b and joins[a] and joins[b]:
            for point in shapely.get_coordinates(shapes[a].intersection(shapes[b])):
                marks[a].append(tuple(point))
                marks[b].append(tuple(point))
    for a in np.flatnonzero(joins):
        for side in (0, -1):
            end = Point(shapes[a].coords[side])
            near = [b for b in index.query(end, predicate="dwithin", distance=6) if b != a]
            if any(shapes[b].distance(end) < 0.01 and not joins[b] for b in near):
                continue  # the head of a bridge or a quay stays where it is
            near = [b for b in near if joins[b]]
            if near:
                b = min(near, key=lambda other: (shapes[other].distance(end), other))
                foot = shapes[b].interpolate(shapes[b].project(end)).coords[0]
                marks[b].append(foot)
                ends[int(a), side] = foot
    return marks, ends


def _keep_joined(xy: np.ndarray, ways: list) -> list:
    """Scraps that lead nowhere are dropped: whatever is joined to less than 1.2 km of street and to no boat."""
    parent: dict[int, int] = {}

    def find(n: int) -> int:
        while parent.setdefault(n, n) != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    for run, _ in ways:
        for n in run[1:]:
            parent[find(n)] = find(run[0])
    size: dict[int, float] = defaultdict(float)
    for run, tags in ways:
        size[find(run[0])] += 1e6 if "route" in tags else np.hypot(*np.diff(xy[run], axis=0).T).sum()
    return [(run, tags) for run, tags in ways if size[find(run[0])] > 1200]
