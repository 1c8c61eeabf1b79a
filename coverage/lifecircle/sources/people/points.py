"""People at points: villages, addresses, registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from lifecircle.sources.files import drop_repeats, read_source
from lifecircle.sources.people.shares import FoundPeople, share_points
from lifecircle.sources.places import place_rows
from lifecircle.sources.tables import as_code, as_numbers, refuse_dates, report_long_codes, report_rows, show_values
from lifecircle.sources.units import is_in_units

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, Population
    from lifecircle.config.schema import Level
    from lifecircle.model import BoolArray, FloatArray, TextArray, Units
    from lifecircle.problems import Problems
    from lifecircle.sources.files import ReadLayer
    from lifecircle.sources.tables import Numbers


def read_counts(
    read: ReadLayer, people: str, groups: Mapping[str, str], problems: Problems
) -> tuple[FloatArray, dict[str, FloatArray], BoolArray, BoolArray] | None:
    """Return people and groups per row, which rows have a count, and which were repaired.

    A row without a readable count is set aside; a negative one is an error (None is returned). An unreadable group is 0 and warned of.
    """
    rows = read.frame.index.to_numpy()
    refuse_dates(read.frame, (), read.file, read.layer, problems, numbers=[people, *groups.values()])
    total = as_numbers(read.frame[people])
    _report_people(read, people, total, problems)
    is_repaired = total.is_repaired.copy()
    counted, is_negative = {}, total.value < 0
    for group, column in groups.items():
        numbers = as_numbers(read.frame[column])
        is_wanting = numbers.is_bad | numbers.is_blank
        report_rows(
            problems,
            "table-bad-number",
            "warning",
            read.file,
            rows[is_wanting],
            f"人群 {group} 读不出,当作 0 group unreadable, read as 0: {show_values(read.frame[column][is_wanting])}",
            layer=read.layer,
            field=column,
            expected="人数 people",
            mend="补上数字,没有则写 0 fill in a number; write 0 where there are none",
        )
        is_negative = is_negative | (numbers.value < 0)
        is_repaired |= numbers.is_repaired
        counted[group] = np.nan_to_num(numbers.value, nan=0.0)
    report_rows(
        problems,
        "population-negative",
        "error",
        read.file,
        rows[is_negative],
        "人数为负 negative people",
        layer=read.layer,
        field=people,
        expected=">= 0",
        mend="修正该行 mend the rows",
    )
    report_rows(
        problems, "table-repaired-number", "repaired", read.file, rows[is_repaired],
        f"人数写法已规范 counts rewritten as plain numbers: {show_values(read.frame[people][is_repaired])}",
        layer=read.layer, field=people, expected="数字 plain numbers", mend="改为数字 write plain numbers",
    )  # fmt: skip
    if is_negative.any():
        return None
    return total.value, counted, np.isfinite(total.value), is_repaired


def _report_people(read: ReadLayer, people: str, total: Numbers, problems: Problems) -> None:
    rows = read.frame.index.to_numpy()
    report_rows(
        problems, "table-bad-number", "set_aside", read.file, rows[total.is_bad],
        f"不是数 not a number: {show_values(read.frame[people][total.is_bad])}", layer=read.layer, field=people,
        expected="人数 people", mend="改为数字 write a plain number",
    )  # fmt: skip
    report_rows(
        problems, "table-no-number", "set_aside", read.file, rows[total.is_blank], "没有人数 no count of people",
        layer=read.layer, field=people, expected="人数 people", mend="补上,没有人则写 0 fill in; write 0 where nobody lives",
    )  # fmt: skip


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
