"""Travel over terrain: AccessMod's Malawi, and flat ground by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from math import atan2, cos, hypot, pi
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio import Affine

from lifecircle.study import run_district
from lifecircle.travel.terrain import (
    Going,
    GroundEntrances,
    GroundPlaces,
    TerrainSearch,
    make_surface,
    place_points,
    published_minutes,
)
from lifecircle.travel.terrain.search import Moves
from lifecircle.travel.terrain.surface import WayOfGoing
from lifecircle.verification.case import Figure, case

ORACLE = "accessmod_malawi"
SOURCE = "WHO AccessMod 5, demonstration data set (GPL-3; read from the folder, not copied)"
WAYS: dict[str, WayOfGoing] = {"BICYCLING": "bike", "WALKING": "walk", "MOTORIZED": "motor"}
PUBLISHED = (("8 向 moves", "health-60min", 29.419, 32_283), ("16 向 moves", "health-60min-knight", 29.522, 31_829))
LONGEST_S = 1e7


def lay_out_malawi(oracle: Path, folder: Path) -> None:
    """Write the demonstration district as an ordinary one: a person on every cell, so that cells of people are its raster."""
    folder.mkdir(exist_ok=True)
    for name in ("dem.tif", "landcover_merged.tif", "facilities.csv"):
        shutil.copy(oracle / name, folder)
    with rasterio.open(oracle / "landcover_merged.tif") as source:
        bounds, profile = source.bounds, source.profile
        classes = np.unique(source.read(1, masked=True).compressed())
    profile.update(dtype="float32", nodata=-1)
    with rasterio.open(folder / "population.tif", "w", **profile) as target:
        target.write(np.ones((1, profile["height"], profile["width"]), dtype="float32"))
    outline = gpd.GeoDataFrame(
        {"code": ["MW"], "name": ["district"]}, geometry=[shapely.box(*bounds)], crs="EPSG:32636"
    )
    outline.to_file(folder / "outline.gpkg", layer="outline")
    everywhere = ", ".join(f'{number} = {{ as = "motor", speed_kph = 50 }}' for number in classes.tolist())
    template = files("lifecircle.verification.cases").joinpath("accessmod_malawi.toml").read_text("utf-8")
    (folder / "district.toml").write_text(template.replace("@CLASSES@", everywhere), encoding="utf-8")


@case(
    "accessmod-means",
    zh="AccessMod 示范区：由 district.toml 算出的均值与空格",
    en="AccessMod's district, through district.toml",
    source=SOURCE,
    unit="分钟 min；格 cells",
    tolerance=5e-4,
    oracle=ORACLE,
)
def means(oracle: Path) -> Iterator[Figure]:
    """Yield the mean minutes within an hour by motor, and the cells that no facility reaches in it."""
    with TemporaryDirectory(prefix="lifecircle-") as name:
        lay_out_malawi(oracle, Path(name))
        study = run_district(Path(name))
    for moves, rule, mean_min, empty in PUBLISHED:
        minutes = study.results[rule].nearest.cost
        within = minutes[minutes <= 60]
        yield f"{moves}: 均值 mean", mean_min, float(within.mean())
        yield f"{moves}: 空格 null cells", empty, len(minutes) - len(within), 0.0


@case(
    "accessmod-referrals",
    zh="AccessMod 示范区：90 对转诊时间，逐分钟",
    en="AccessMod's 90 referral times, to the minute",
    source=SOURCE,
    unit="对 pairs；分钟 min",
    tolerance=0.0,
    oracle=ORACLE,
)
def referrals(oracle: Path) -> Iterator[Figure]:
    """Yield how many of the referral times between facilities agree, and the greatest difference."""
    with rasterio.open(oracle / "landcover_merged.tif") as landcover, rasterio.open(oracle / "dem.tif") as dem:
        classes, is_known = landcover.read(1), landcover.read_masks(1) > 0
        height_m, transform, crs = dem.read(1).astype(np.float64), landcover.transform, landcover.crs.to_wkt()
    scenario = pd.read_csv(oracle / "tScenario__demo.csv")
    goings = {
        int(number): Going(WAYS[way], float(speed))
        for number, way, speed in zip(scenario["class"], scenario["mode"], scenario["speed"], strict=True)
    }
    surface = make_surface(classes, goings, height_m, transform, crs, is_known=is_known)
    facilities = pd.read_csv(oracle / "facilities.csv")
    places = place_points(surface, facilities["x"].to_numpy(), facilities["y"].to_numpy())
    doors = GroundEntrances(places, np.arange(len(places) + 1))
    reach = TerrainSearch(surface, parity=True).reach(places, doors, LONGEST_S).toarray()
    expected = pd.read_csv(oracle / "expected_referral_all.csv")
    number = pd.Series(np.arange(len(facilities)), index=facilities["cat"])
    there, here = number[expected["to__cat"]].to_numpy(), number[expected["from__cat"]].to_numpy()
    difference = np.abs(published_minutes(reach[there, here]) - expected["time_m"].to_numpy())
    yield "相同的对 equal pairs", len(expected), int((difference == 0).sum())
    yield "最大差 greatest difference", 0.0, float(difference.max())


SIDE, CELL_M, KPH = 401, 30.0, 4.0


def elongations(moves: Moves) -> np.ndarray:
    """Return, by row and column from a corner, the length of the way over the straight distance; NaN at the corner."""
    surface = make_surface(
        np.ones((SIDE, SIDE), dtype=np.int32),
        {1: Going("walk", KPH)},
        None,
        Affine(CELL_M, 0, 0, 0, -CELL_M, 0),
        "EPSG:4549",
    )
    cost_s, _ = TerrainSearch(surface, moves=moves).spread(
        GroundEntrances(GroundPlaces(np.array([0])), np.array([0, 1]))
    )
    row, column = np.indices((SIDE, SIDE))
    with np.errstate(invalid="ignore"):
        return np.asarray(cost_s * (KPH / 3.6) / (np.hypot(row, column) * CELL_M))


@case(
    "flat-ground",
    zh="平地上的地形方式：路程与直线距离之比",
    en="Terrain on flat ground: way / distance",
    source="geometry: along a move 1; between two moves at most 1 / cos(half the angle between them)",
    unit="比值 ratio",
    tolerance=1e-6,
)
def flat_ground(_: Path) -> Iterator[Figure]:
    """Yield the length of ways over an even grid, along the moves and where they are longest."""
    eight, sixteen = elongations(8), elongations(16)
    far = SIDE - 1
    yield "8 向 moves: 正东 east", 1.0, eight[0, far]
    yield "8 向 moves: 对角 diagonal", 1.0, eight[far, far]
    yield "8 向 moves: 二比一 2 by 1", (1 + 2**0.5) / hypot(2, 1), eight[far // 2, far]
    yield "16 向 moves: 二比一 2 by 1", 1.0, sixteen[far // 2, far]
    # The grid's directions come this near to the one in between.
    yield "8 向 moves: 最长 longest", 1 / cos(pi / 8), np.nanmax(eight), 1e-5
    yield "16 向 moves: 最长 longest", 1 / cos(atan2(1, 2) / 2), np.nanmax(sixteen), 1e-5
