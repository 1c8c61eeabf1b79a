"""Building footprints, over which zone totals are spread by floor area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from lifecircle.sources.files import read_source
from lifecircle.sources.places import place_rows
from lifecircle.sources.tables import as_numbers, report_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Buildings, Configuration
    from lifecircle.config.schema import Level
    from lifecircle.model import FloatArray, InputFile, TextArray, Units
    from lifecircle.problems import Problems


@dataclass(frozen=True, slots=True, eq=False)
class Homes:
    """Buildings as points with a floor area."""

    id: TextArray
    x: FloatArray
    y: FloatArray
    floor_m2: FloatArray
    file: InputFile


def read_homes(
    configuration: Configuration,
    layer: Buildings,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> Homes | None:
    """Read buildings; each stands at a point inside it, with footprint x floors (1 where the floors are not known)."""
    columns = [layer.floors] if layer.floors else []
    field = "population.buildings.path"
    read = read_source(configuration.folder, layer, "population: buildings", problems, columns=columns, field=field)
    places = place_rows(layer, read, units, crs, problems) if read is not None else None
    if read is None or places is None:
        return None
    area = np.nan_to_num(shapely.area(places.geometry), nan=0.0)
    used = places.is_used & (area > 0.0)
    if not used.any():
        problems.error(
            "buildings-not-polygons",
            read.file,
            "没有建筑轮廓 no building footprints",
            layer=read.layer,
            expected="面 polygons",
            mend="给出建筑轮廓面图层 give a layer of building footprints",
        )
        return None
    floors = np.ones(len(area))
    if layer.floors:
        numbers = as_numbers(read.frame[layer.floors])
        is_known = np.isfinite(numbers.value) & (numbers.value > 0.0)
        report_rows(
            problems, "buildings-no-floors", "warning", read.file, read.frame.index[used & ~is_known],
            "层数不明,按 1 层 floors unknown, taken as 1", layer=read.layer, field=layer.floors,
            expected="层数 the number of floors", mend="补上层数 fill in the floors",
        )  # fmt: skip
        floors = np.where(is_known, numbers.value, 1.0)
    point = shapely.point_on_surface(places.geometry[used])
    own_id = np.empty(int(used.sum()), dtype=object)
    own_id[:] = [f"b{row}" for row in read.frame.index[used]]
    return Homes(
        id=own_id,
        x=shapely.get_x(point),
        y=shapely.get_y(point),
        floor_m2=(area * floors)[used],
        file=read.counted(
            kept=int(used.sum()), repaired=int((places.is_repaired & used).sum()), set_aside=int((~used).sum())
        ),
    )
