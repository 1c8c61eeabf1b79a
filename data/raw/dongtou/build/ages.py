"""Groups of people beside those of 60 and over: school ages modelled from the published 0-14, women of 15 to 49 without a source."""

import functools
from pathlib import Path

import numpy as np
import people
import rasterio
from common import METRIC, rng, share_out

CHILDREN = 19_181  # census of 2020-11-01: 0-14 are 12.89 % of the district
# Modelled: as many children in every year of age. Pre-school is 3 to under 6.
OF_6_14, OF_6_11, OF_3_6 = round(CHILDREN * 9 / 15), round(CHILDREN * 6 / 15), round(CHILDREN * 3 / 15)
# Modelled, without a source: women of 15 to 49 are 23.5 % of the district.
WOMEN = round(people.TOTAL * 0.235)
NODATA = 255


def _spread(total: int, weight: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Whole people by weight, in no cell more than its limit; what is over goes to the others."""
    out, left = np.zeros(len(limit), int), total
    while left:
        out += share_out(left, np.where(out < limit, weight, 0))
        over = np.maximum(out - limit, 0)
        out -= over
        left = int(over.sum())
    return out


@functools.cache
def groups() -> dict[str, np.ndarray]:
    """File to people of every cell of the grid; cells outside the district are ``NODATA``."""
    everyone, aged = (field.ravel() for field in people.rasters())
    held = np.flatnonzero(everyone > 0)
    count, old = everyone[held].astype(int), aged[held].astype(int)

    def noise(name: str) -> np.ndarray:
        return rng("ages " + name).uniform(0.75, 1.25, len(held))

    children = _spread(CHILDREN, (count - old) * noise("children"), count - old)
    school = _spread(OF_6_14, children * noise("school"), children)
    primary = _spread(OF_6_11, school * noise("primary"), school)
    adults = count - old - children
    found = {
        "population_3_6.tif": _spread(OF_3_6, (children - school) * noise("preschool"), children - school),
        "population_6_14.tif": school,
        "population_6_11.tif": primary,
        "population_12_14.tif": school - primary,
        "population_women_15_49.tif": _spread(WOMEN, adults * noise("women"), adults),
    }
    fields = {}
    for name, of_cell in found.items():
        if of_cell.max() >= NODATA:
            raise ValueError(f"{name}: a cell has more people than a byte holds")
        field = np.where(everyone < 0, NODATA, 0).astype(np.uint8)
        field[held] = of_cell
        fields[name] = field.reshape(people.rasters()[0].shape)
    return fields


def write(folder: Path) -> None:
    transform, high, wide = people.grid()
    for name, field in groups().items():
        with rasterio.open(
            folder / name,
            "w",
            driver="GTiff",
            height=high,
            width=wide,
            count=1,
            dtype="uint8",
            crs=METRIC,
            transform=transform,
            nodata=NODATA,
            compress="deflate",
            zlevel=9,
        ) as file:
            file.write(field, 1)
