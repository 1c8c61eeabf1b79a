"""People at points: villages, addresses, registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from lifecircle.sources.files import drop_repeats, read_source
from lifecircle.sources.people.counts import read_counts
from lifecircle.sources.people.shares import FoundPeople, share_points
from lifecircle.sources.places import place_rows
from lifecircle.sources.tables import as_code, report_long_codes, report_rows
from lifecircle.sources.units import is_in_units

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, Population
    from lifecircle.config.schema import Level
    from lifecircle.model import BoolArray, TextArray, Units
    from lifecircle.problems import Problems
    from lifecircle.sources.files import ReadLayer


def read_points(
    configuration: Configuration,
    population: Population,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> FoundPeople | None:
    """Read people at points; a row with no place or no count is set aside, with its people, and named.

    A line or polygon stands for a point on it. The id is the configured column's, else the row number.
    """
    people = str(population.people)
    columns = [people, *population.groups.values(), *([population.id] if population.id else [])]
    read = read_source(
        configuration.folder, population, "population", problems, columns=columns, field="population.path"
    )
    if read is not None and population.id:
        read = drop_repeats(read, population.id, problems)
        report_long_codes(read.frame[population.id], read.frame.index, read.file, read.layer, population.id, problems)
    places = place_rows(population, read, units, crs, problems) if read is not None else None
    if read is None or places is None:
        return None
    counts = read_counts(read, people, population.groups, problems)
    if counts is None:
        _read_ids(read, population, places.is_used, problems)  # what else is wrong with the rows is told beside
        return None
    value, groups, is_counted, is_repaired = counts
    has_people = np.logical_or.reduce([value > 0.0, *(count > 0.0 for count in groups.values())])
    is_placed = is_counted & places.is_used
    is_outside = is_placed & ~is_in_units(places.geometry, units)
    outside = float(np.nansum(value[is_outside]))
    report_rows(
        problems, "population-outside", "set_aside", population.path, read.frame.index[is_outside],
        f"{outside:.0f} 人在区县之外，不计 people outside the district left out", layer=read.layer, field=people,
        expected="在某一单元之内 in a unit of the district",
        mend="若属于本区县，检查坐标与单元边界 if they belong to it, check the coordinates and the units' borders",
    )  # fmt: skip
    used = is_placed & ~is_outside & has_people
    if outside > 0.0 and not used.any():
        problems.error(
            "population-none-inside", population.path, "区县内没有人口 nobody lives in the units", layer=read.layer, field=people,
            expected="有人口的点在单元之内 points with people in the units",
            mend="检查点与单元的坐标系 check the crs of the points and of the units",
        )  # fmt: skip
        return None
    lost = float(np.nansum(value[is_counted & ~places.is_used]))
    if lost > 0:
        problems.add(
            "population-not-placed",
            "warning",
            population.path,
            f"{lost:.0f} 人没有可用的坐标 people have no usable place",
            layer=read.layer,
            field="population",
            expected="每行都有坐标 a place for every row",
            count=int((is_counted & ~places.is_used).sum()),
            mend="补上坐标 give them coordinates",
        )
    own_id = _read_ids(read, population, used, problems)
    if own_id is None:
        return None
    point = shapely.point_on_surface(places.geometry[used])
    x, y = shapely.get_x(point), shapely.get_y(point)
    is_aside = ~is_placed | is_outside
    repaired = int(((is_repaired | places.is_repaired) & ~is_aside).sum())
    return FoundPeople(
        id=own_id[used],
        x=x,
        y=y,
        people=value[used],
        groups={group: count[used] for group, count in groups.items()},
        membership=share_points(x, y, units),
        files=[
            read.counted(kept=int((is_placed & ~is_outside).sum()), repaired=repaired, set_aside=int(is_aside.sum()))
        ],
        details={"not_placed": lost, "outside_people": outside},
    )


def _read_ids(read: ReadLayer, population: Population, used: BoolArray, problems: Problems) -> TextArray | None:
    """Return the id of every row, its number where it has none; None where two used rows share one."""
    rows = read.frame.index.to_numpy()
    own_id = np.array([str(row) for row in rows], dtype=object)
    if population.id:
        given = as_code(read.frame[population.id])
        own_id = np.where(given == "", own_id, given)
    is_doubled = pd.Series(own_id).duplicated(keep=False).to_numpy() & used
    report_rows(
        problems, "population-duplicate-id", "error", population.path, rows[is_doubled], "编号重复 id used twice",
        layer=read.layer, field=population.id or "", expected="各不相同的编号 ids that differ", mend="每行一个编号 one id each",
    )  # fmt: skip
    return None if is_doubled.any() else own_id
