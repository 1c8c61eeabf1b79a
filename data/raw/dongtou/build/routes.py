"""Roads that find their own way: least-cost routes over the hills between seats, bridge heads and ports."""

import functools
import itertools
import math
from collections import defaultdict

import land
import numpy as np
import shapely
from rasterio.features import rasterize
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

RANK = {"trunk": 0, "primary": 1, "secondary": 2, "tertiary": 3, "unclassified": 4, "track": 5, "path": 6}
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
REUSE = 0.35  # an existing road is this cheap to follow: side roads join main roads instead of running beside them


class Router:
    """One island on the terrain grid. Every route laid is remembered and makes later ones join it."""

    def __init__(self, island: str) -> None:
        transform, high, wide = land.grid()
        frame = land.islands()
        shape = frame[frame.island == island].geometry.iloc[0]
        west, south, east, north = shape.bounds
        self.r0 = max(int((transform.f - north) / land.DEM_CELL) - 1, 0)
        self.c0 = max(int((west - transform.c) / land.DEM_CELL) - 1, 0)
        r1, c1 = int((transform.f - south) / land.DEM_CELL) + 2, int((east - transform.c) / land.DEM_CELL) + 2
        window = (slice(self.r0, r1), slice(self.c0, c1))
        self.z = np.nan_to_num(land.height()[window], nan=0.0)
        self.shape = self.z.shape
        small = shape.area < 1.2e6
        core = shape.buffer(-25 if small else -45)
        self.free = rasterize([core], (high, wide), transform=transform).astype(bool)[window]
        self.shore = shape.buffer(-25)
        self.edges: dict[tuple[int, int], tuple[str, str]] = {}
        self._links()

    def _links(self) -> None:
        index = np.arange(self.z.size).reshape(self.shape)
        starts, ends, lengths, grades = [], [], [], []
        for dr, dc in STEPS:
            a = (slice(0, self.shape[0] - dr), slice(max(0, -dc), self.shape[1] - max(0, dc)))
            b = (slice(dr, None), slice(max(0, dc), self.shape[1] - max(0, -dc)))
            ok = self.free[a] & self.free[b]
            step = land.DEM_CELL * math.hypot(dr, dc)
            starts.append(index[a][ok])
            ends.append(index[b][ok])
            lengths.append(np.full(ok.sum(), step))
            grades.append(np.abs(self.z[a] - self.z[b])[ok] / step)
        self.a, self.b = np.concatenate(starts), np.concatenate(ends)
        self.length, self.grade = np.concatenate(lengths), np.concatenate(grades)
        self.used = np.zeros(len(self.a), bool)
        self.number = {(int(i), int(j)): k for k, (i, j) in enumerate(zip(self.a, self.b, strict=True))}

    def cell(self, x: float, y: float) -> int:
        """The free cell nearest to a point."""
        transform, _, _ = land.grid()
        row = (transform.f - y) / land.DEM_CELL - 0.5 - self.r0
        col = (x - transform.c) / land.DEM_CELL - 0.5 - self.c0
        rows, cols = np.nonzero(self.free)
        best = np.argmin((rows - row) ** 2 + (cols - col) ** 2)
        return int(rows[best] * self.shape[1] + cols[best])

    def point(self, cell: int) -> tuple[float, float]:
        transform, _, _ = land.grid()
        row, col = divmod(cell, self.shape[1])
        return (
            transform.c + (col + self.c0 + 0.5) * land.DEM_CELL,
            transform.f - (row + self.r0 + 0.5) * land.DEM_CELL,
        )

    def lay(self, start: int, end: int, highway: str, name: str = "") -> None:
        steep = 0.35 if highway in ("path", "track") else 0.06  # paths climb straight, carriageways wind
        cost = self.length * (1 + (self.grade / steep) ** 2)
        cost = np.where(self.used, cost * REUSE, cost)
        graph = csr_matrix((cost, (self.a, self.b)), shape=(self.z.size, self.z.size))
        _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
        here = end
        while here != start:
            back = int(before[here])
            if back < 0:
                raise ValueError(f"no way for {name or highway} from {self.point(start)} to {self.point(end)}")
            key = (back, here) if (back, here) in self.number else (here, back)
            self.used[self.number[key]] = True
            old = self.edges.get(key)
            if old is None or RANK[highway] < RANK[old[0]]:
                self.edges[key] = (highway, name)
            here = back

    def chains(self) -> list[tuple[shapely.LineString, str, str]]:
        """The laid cells as smooth lines between junctions, one per stretch of one class and name."""
        at: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for key in sorted(self.edges):
            at[key[0]].append(key)
            at[key[1]].append(key)

        def ends(cell: int) -> bool:
            return len(at[cell]) != 2 or len({self.edges[key] for key in at[cell]}) > 1

        lines, seen = [], set()
        for stop_only in (True, False):  # stretches between junctions first, then closed rings
            for cell in sorted(at):
                if stop_only and not ends(cell):
                    continue
                for key in at[cell]:
                    if key in seen:
                        continue
                    run, here, edge = [cell], cell, key
                    while True:
                        seen.add(edge)
                        here = edge[1] if edge[0] == here else edge[0]
                        run.append(here)
                        if ends(here) or here == cell:
                            break
                        edge = next(other for other in at[here] if other != edge)
                    line = shapely.LineString([self.point(c) for c in run])
                    lines.append((self._smooth(line), *self.edges[key]))
        return lines

    def _smooth(self, line: shapely.LineString) -> shapely.LineString:
        simple = shapely.simplify(line, 14 if self.z.max() > 6 else 45)  # roads on the flat run straight
        points = list(simple.coords)
        if len(points) < 3 or points[0] == points[-1]:
            return simple
        out = [points[0]]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            out += [
                (0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1),
                (0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1),
            ]
        round_ = shapely.simplify(shapely.LineString([*out, points[-1]]), 2.5)
        return round_ if self.shore.contains(round_) else simple


@functools.cache
def router(island: str) -> Router:
    return Router(island)
