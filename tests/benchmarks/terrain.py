"""Job (e): the time from every cell of a grid to the nearest of some facilities, over ground.

``python -m tests.benchmarks.terrain [SIDE]``; SIDE cells, 2,000 where none is given.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from tests.benchmarks.harness import Contender, Job, print_table
from tests.benchmarks.nearest import within

from lifecircle.travel.terrain import Going, GroundEntrances, GroundPlaces, Surface, TerrainSearch, make_surface

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oracle.reference import Floats, Ints

    from lifecircle.travel.terrain import Moves

CELL_M = 30.0
CRS = "EPSG:32650"
SPEEDS = 64
HIKER = ("0.72,6.0,1.9998,-1.9998", "0.72,0,0,0")
"""r.walk's coefficients: Langmuir's rule as it comes, and the same work with 0.72 s a metre whatever the slope."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Hills, and facilities on them."""

    height_m: Floats
    speed: Ints
    """Of each cell: its row of ``kph``."""
    kph: Floats
    row: Ints
    column: Ints

    @property
    def side(self) -> int:
        return len(self.height_m)

    @property
    def transform(self) -> rasterio.Affine:
        return rasterio.Affine(CELL_M, 0, 500_000, 0, -CELL_M, 3_100_000)

    @property
    def doors(self) -> GroundEntrances:
        return GroundEntrances(GroundPlaces(self.row * self.side + self.column), np.arange(len(self.row) + 1))

    def surface(self, classes: dict[int, Going]) -> Surface:
        return make_surface(self.speed, classes, self.height_m, self.transform, CRS)


def made_ground(side: int, facilities: int) -> Ground:
    """Return hills of 300 m with small ones upon them, always the same."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(1)
    noise = rng.normal(size=(side, side))
    large, small = (gaussian_filter(noise, size) for size in (side / 33, 8))
    height = 800 + 300 * large / large.std() + 20 * small / small.std()
    speed = np.digitize(small, np.quantile(small[::7, ::7], np.linspace(0, 1, SPEEDS + 1)[1:-1])).astype(np.int64)
    kph = np.linspace(2.0, 10.0, SPEEDS)
    return Ground(height, speed, kph, rng.integers(0, side, facilities), rng.integers(0, side, facilities))


def jobs(side: int, facilities: int = 50) -> list[Job]:
    """Return the jobs on one grid."""
    ground = made_ground(side, facilities)
    on_foot = dict.fromkeys(range(SPEEDS), Going("walk", 5.0))
    by_speed = {index: Going("motor", float(kph)) for index, kph in enumerate(ground.kph)}
    name = f"{side:,} x {side:,} cells, {facilities} facilities"
    blind = "another answer: it cannot tell up from down"
    rounds = 5 if side > 1000 else 3
    return [
        Job(
            f"ground of {SPEEDS} speeds, 8 moves, {name}",
            [
                Contender("lifecircle", lambda: _ours(ground.surface(by_speed), ground, 8)),
                Contender("skimage MCP_Geometric", lambda: _mcp(ground), check=within(1e-6), goal=2.5),
            ],
            rounds,
        ),
        Job(
            f"on foot over hills, 8 moves, {name}",
            [
                Contender("lifecircle", lambda: _ours(ground.surface(on_foot), ground, 8)),
                Contender("skimage MCP_Geometric", lambda: _mcp(ground), check=lambda *_: blind),
            ],
            rounds,
        ),
        Job(
            f"on foot over hills, 16 moves, {name}",
            [
                Contender("lifecircle", lambda: _ours(ground.surface(on_foot), ground, 16)),
                Contender("GRASS r.walk -k", lambda: _grass(ground, HIKER[0]), 3, check=_alike),
            ],
            rounds,
        ),
        Job(
            f"0.72 s a metre over hills, 16 moves, {name}",
            [
                Contender("lifecircle", lambda: _ours(ground.surface(on_foot), ground, 16, metres=0.72)),
                Contender("GRASS r.walk -k", lambda: _grass(ground, HIKER[1]), 3, check=_grass_within(0.05), goal=4),
            ],
            rounds,
        ),
    ]


def _ours(surface: Surface, ground: Ground, moves: Moves, metres: float = 0.0) -> Callable[[], Floats]:
    search = TerrainSearch(surface, "from", moves=moves, weight="metres" if metres else "seconds")
    doors = ground.doors
    return lambda: search.spread(doors)[0] * (metres or 1.0)


def _mcp(ground: Ground) -> Callable[[], Floats]:
    from skimage.graph import MCP_Geometric

    seconds = CELL_M * 3.6 / ground.kph[ground.speed]
    at = list(zip(ground.row.tolist(), ground.column.tolist(), strict=True))
    return lambda: MCP_Geometric(seconds).find_costs(at)[0]


def _grass(ground: Ground, hiker: str) -> Callable[[], Callable[[], Floats]]:
    """Return the job on a map that stands in a database of its own; reading it and writing the answer are part of it."""
    if shutil.which("grass") is None:
        raise ImportError("no grass", name="grass")
    folder = tempfile.TemporaryDirectory(prefix="terrain-")
    path = Path(folder.name)
    base = subprocess.run(["grass", "--config", "path"], capture_output=True, text=True, check=True).stdout.strip()
    with rasterio.open(
        path / "height.tif", "w", driver="GTiff", width=ground.side, height=ground.side, count=1, dtype="float64",
        crs=CRS, transform=ground.transform,
    ) as target:  # fmt: skip
        target.write(ground.height_m, 1)
    (path / "rc").write_text(f"GISDBASE: {path}\nLOCATION_NAME: ground\nMAPSET: PERMANENT\nGUI: text\n")
    env = dict(os.environ, GISBASE=base, GISRC=str(path / "rc"), LD_LIBRARY_PATH=f"{base}/lib", GRASS_VERBOSE="0")
    env["PATH"] = f"{base}/bin:{base}/scripts:{os.environ['PATH']}"

    def call(*words: str) -> None:
        subprocess.run(words, env=env, check=True, capture_output=True)

    call("grass", "-c", str(path / "height.tif"), "-e", str(path / "ground"))
    call("r.in.gdal", f"input={path / 'height.tif'}", "output=height")
    call("g.region", "raster=height")
    call("r.mapcalc", "expression=friction = 0.0")
    x = ground.transform.c + CELL_M * (ground.column + 0.5)
    y = ground.transform.f - CELL_M * (ground.row + 0.5)
    at = ",".join(f"{east},{north}" for east, north in zip(x.tolist(), y.tolist(), strict=True))

    def run() -> Callable[[], Floats]:
        call(
            "r.walk", "-k", "elevation=height", "friction=friction", "output=cost", f"start_coordinates={at}",
            f"walk_coeff={hiker}", "memory=4000", "--overwrite",
        )  # fmt: skip
        return read

    def read() -> Floats:
        call("r.out.bin", "input=cost", f"output={path / 'cost.bin'}", "bytes=8", "null=inf", "--overwrite")
        return np.fromfile(path / "cost.bin").reshape(ground.side, ground.side)

    run.folder = folder  # type: ignore[attr-defined]  # removed when the job is
    return run


def _grass_within(tolerance_s: float) -> Callable[[Any, Any], str]:
    check = within(tolerance_s)
    return lambda ours, theirs: check(ours, theirs())


def _alike(ours: Floats, theirs: Callable[[], Floats]) -> str:
    return f"Langmuir's hiker, not Tobler's: correlation {np.corrcoef(ours.ravel(), theirs().ravel())[0, 1]:.4f}"


def main() -> None:
    """Run every job and print the one table."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print_table([row for job in jobs(side) for row in job.run()])


if __name__ == "__main__":
    main()
