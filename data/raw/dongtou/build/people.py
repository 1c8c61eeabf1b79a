"""People: township totals shared among villages, then among 100 m cells near seats and streets on gentle ground."""

import functools
from pathlib import Path

import land
import numpy as np
import pandas as pd
import rasterio
import shapely
from common import METRIC, read_csv, rng, share_out
from rasterio.transform import from_origin

TOTAL, AGED = 148_807, 28_184  # census of 2020-11-01; 60 and over = 13.20 % + 5.74 % = 18.94 %
CELL = 100.0
CELL_LIMIT = 420  # people: what apartment blocks hold in one hectare here


@functools.cache
def village_people() -> pd.Series:
    """Residents of every village, whole people, adding up to the township's figure."""
    out = {}
    places = land.seats()
    for town in read_csv("townships.csv"):
        own = places[(places.unit == town["code"]) & (places.code != "")]
        hamlets = int(places[(places.unit == town["code"]) & (places.code == "")].weight.sum())
        for code, count in zip(
            own.code, share_out(int(town["resident"]) - hamlets, own.weight.to_numpy()), strict=True
        ):
            out[code] = int(count)
    return pd.Series(out)


@functools.cache
def grid() -> tuple[rasterio.Affine, int, int]:
    west, south, east, north = land.islands().total_bounds
    west, south = np.floor(west / CELL) * CELL - CELL, np.floor(south / CELL) * CELL - CELL
    east, north = np.ceil(east / CELL) * CELL + CELL, np.ceil(north / CELL) * CELL + CELL
    return from_origin(west, north, CELL, CELL), int((north - south) / CELL), int((east - west) / CELL)


@functools.cache
def rasters() -> tuple[np.ndarray, np.ndarray]:
    import drawing
    import streets  # here, because lanes are laid by the number of people in a village

    transform, high, wide = grid()
    rows, cols = np.divmod(np.arange(high * wide), wide)
    west, north = transform.c + cols * CELL, transform.f - rows * CELL
    boxes = shapely.box(west, north - CELL, west + CELL, north)
    towns = land.townships()
    # Only cells that lie wholly in one township: nobody stands in the sea or on a border, and sums are exact.
    cell, town = shapely.STRtree(boxes).query(towns.geometry.values, predicate="contains")[::-1]
    middle = shapely.points(west[cell] + CELL / 2, north[cell] - CELL / 2)
    codes = land.villages()
    at, who = shapely.STRtree(middle).query(codes.geometry.values, predicate="contains")[::-1]
    frame = pd.DataFrame(
        {
            "cell": cell[at],
            "unit": towns.code.values[town[at]],
            "code": codes.code.values[who],
            "x": shapely.get_x(middle[at]),
            "y": shapely.get_y(middle[at]),
        }
    )
    frame = frame.drop_duplicates("cell").sort_values("cell", ignore_index=True)
    roads = streets.ways()
    roads = roads[(roads.highway != "") & (roads.bridge != "yes")].geometry.values
    spots = shapely.points(frame.x, frame.y)
    gap = shapely.distance(spots, shapely.union_all(roads))
    near = np.bincount(shapely.STRtree(spots).query(roads, predicate="dwithin", distance=90)[1], minlength=len(frame))
    slope = drawing.slopes_at(frame[["x", "y"]].to_numpy())
    seats = land.seats()
    homes = {code: shapely.multipoints(points) for code, points in streets.draft()[1].items()}
    far = shapely.distance(spots, frame.code.map(homes).to_numpy())
    frame["weight"] = (
        np.exp(-far / 260)
        * np.exp(-((slope / 0.2) ** 2))
        * (0.25 + np.minimum(near, 9)) ** 1.2
        * np.exp(-gap / 120)
        * rng("cells").lognormal(0, 0.45, len(frame))
    )
    planned = frame.unit == "330305006"  # new estates lie along the grid, not round an old village
    frame.loc[planned, "weight"] = (
        np.exp(-((far[planned] / 520) ** 2)) * (gap[planned] < 160) * rng("estates").lognormal(-1, 1.0, planned.sum())
    )
    frame.loc[frame.weight < 2e-3 * frame.groupby("code").weight.transform("max"), "weight"] = 0
    frame["people"] = 0
    hamlets = seats[seats.code == ""]
    reserved = np.zeros(len(frame), bool)
    for hamlet in hamlets.itertuples():
        near_by = np.flatnonzero(
            (shapely.distance(spots, hamlet.geometry) < 230) & (gap < 90) & (frame.unit == hamlet.unit).to_numpy()
        )
        frame.loc[near_by, "people"] += share_out(int(hamlet.weight), frame.weight.to_numpy()[near_by] + 1e-9)
        reserved[near_by] = True
    for code, count in village_people().items():
        own = np.flatnonzero((frame.code == code).to_numpy() & ~reserved)
        frame.loc[own, "people"] += _capped(count, frame.weight.to_numpy()[own])
    frame["aged"] = _aged(frame)
    both = []
    for column in ("people", "aged"):
        field = np.zeros(high * wide, np.float32)
        field[frame.cell] = frame[column]
        land_cells = np.zeros(high * wide, bool)
        land_cells[frame.cell] = True
        field[~land_cells] = -9999
        both.append(field.reshape(high, wide))
    return both[0], both[1]


def _capped(count: int, weight: np.ndarray) -> np.ndarray:
    """Shares by weight, none above the cell limit: what is over goes to the others."""
    out, free = np.zeros(len(weight), int), weight > 0
    while count:
        part = share_out(count, np.where(free, weight, 0))
        out += part
        over = np.maximum(out - CELL_LIMIT, 0)
        out -= over
        count = int(over.sum())
        free &= out < CELL_LIMIT
        if count and not free.any():
            raise ValueError("a village has more people than its cells hold")
    return out


def _aged(frame: pd.DataFrame) -> np.ndarray:
    """People of 60 and over: more on the outer islands and in the villages, fewer in town; never above the total."""
    share = {row["code"]: float(row["age60_weight"]) for row in read_csv("townships.csv")}
    by_village = {code: rng("aged " + code).uniform(0.85, 1.2) for code in village_people().index}
    rate = frame.unit.map(share) * frame.code.map(by_village) * rng("aged cells").uniform(0.8, 1.2, len(frame))
    weight = (frame.people * rate).to_numpy()
    out, left = np.zeros(len(frame), int), AGED
    while left:
        out += share_out(left, np.where(out < frame.people, weight, 0))
        over = np.maximum(out - frame.people.to_numpy(), 0)
        out -= over
        left = int(over.sum())
    return out


def write(folder: Path) -> None:
    transform, high, wide = grid()
    for name, field in zip(("population.tif", "population_60plus.tif"), rasters(), strict=True):
        with rasterio.open(
            folder / name,
            "w",
            driver="GTiff",
            height=high,
            width=wide,
            count=1,
            dtype="float32",
            crs=METRIC,
            transform=transform,
            nodata=-9999,
            compress="lzw",
            predictor=3,
        ) as file:
            file.write(field, 1)
