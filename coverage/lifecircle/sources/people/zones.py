"""People as totals of zones: a table joined to units, or a polygon layer of its own.

Where people live inside a zone is modelled, not measured; the manifest says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from lifecircle.config.schema import LEVELS, Level
from lifecircle.model import BoolArray, FloatArray, IntArray, TextArray, Units
from lifecircle.sources.files import ReadLayer, drop_repeats, read_source
from lifecircle.sources.people.points import read_counts
from lifecircle.sources.people.spread import Zones, read_homes, spread_zones
from lifecircle.sources.places import place_rows
from lifecircle.sources.tables import as_code, match_key, report_long_codes, report_rows, show_rows
from lifecircle.sources.units import is_in_units, with_district

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, Population
    from lifecircle.problems import Problems, Severity
    from lifecircle.sources.people.shares import FoundPeople

Counts = tuple[FloatArray, dict[str, FloatArray], BoolArray, BoolArray]


def read_zones(
    configuration: Configuration,
    population: Population,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> FoundPeople | None:
    """Read zone totals and spread them.

    A table is joined to the units of ``level`` (the smallest there is, where not given) by code; a polygon layer brings its own zones.
    Over ``cells``, each zone is cut by a grid of ``cell_m`` and every piece gets people by its area. Over ``buildings``, every
    building whose inner point lies in the zone gets people by floor area; a zone without buildings falls back to cells.
    Zone totals are kept exactly.
    """
    columns = [str(population.id), str(population.people), *population.groups.values()]
    read = read_source(
        configuration.folder, population, "population", problems, columns=columns, field="population.path"
    )
    if read is not None:
        read = drop_repeats(read, str(population.id), problems)
        codes = read.frame[str(population.id)]
        report_long_codes(codes, read.frame.index, read.file, read.layer, str(population.id), problems)
    counts = read_counts(read, str(population.people), population.groups, problems) if read is not None else None
    if read is None or counts is None:
        return None
    code = as_code(read.frame[str(population.id)])
    if not _check_codes(code, read, population, problems):
        return None
    if _has_polygons(read):
        zones = _own_zones(population, read, code, counts, units, crs, problems)
    else:
        zones = _join_units(configuration, read, code, counts, units, problems)
    if zones is None:
        return None
    if zones.level == "district":
        units = with_district(units, configuration.district)
    files, homes = [zones.file], None
    if population.spread == "buildings" and population.buildings is not None:
        homes = read_homes(configuration, population.buildings, units, crs, problems)
        if homes is None:
            return None
        files.append(homes.file)
    return spread_zones(zones, homes, population, units, files, problems)


def _check_codes(code: TextArray, read: ReadLayer, population: Population, problems: Problems) -> bool:
    rows, column = read.frame.index.to_numpy(), str(population.id)
    key = pd.Series([match_key(text) for text in code], dtype=object)
    is_doubled = key.duplicated(keep=False).to_numpy() & (code != "")
    report_rows(
        problems,
        "zones-no-code",
        "error",
        read.file,
        rows[code == ""],
        "没有代码 no code",
        layer=read.layer,
        field=column,
        expected="每行一个代码 one code each",
        mend="补上代码,或用 where 去掉这些行 fill it in, or leave the rows out with where",
    )
    report_rows(
        problems,
        "zones-duplicate-code",
        "error",
        read.file,
        rows[is_doubled],
        f"代码重复 code used twice: {show_rows(dict.fromkeys(code[is_doubled]))}",
        layer=read.layer,
        field=column,
        expected="每个代码一行 one row a code",
        mend="用 where 只选一年或一类 choose one year or kind with where",
    )
    return not (is_doubled.any() or (code == "").any())


def _has_polygons(read: ReadLayer) -> bool:
    if not read.has_geometry:
        return False
    return bool((shapely.get_dimensions(np.asarray(read.frame["geometry"].array, dtype=object)) == 2).any())


def _own_zones(
    population: Population,
    read: ReadLayer,
    code: TextArray,
    counts: Counts,
    units: Mapping[Level, Units],
    crs: pyproj.CRS,
    problems: Problems,
) -> Zones | None:
    """Return the zones of a polygon layer; rows without a polygon or a count are set aside."""
    places = place_rows(population, read, units, crs, problems)
    if places is None:
        return None
    value, groups, is_counted, is_repaired = counts
    is_area = shapely.area(places.geometry) > 0.0
    is_outside = is_counted & places.is_used & is_area & ~is_in_units(places.geometry, units)
    report_rows(
        problems, "population-outside", "set_aside", read.file, read.frame.index[is_outside],
        f"{float(np.nansum(value[is_outside])):.0f} 人在区县之外，不计 people of zones outside the district left out", layer=read.layer,
        expected="与某一单元相交 touching a unit of the district",
        mend="若属于本区县，检查坐标与单元边界 if they belong to it, check the coordinates and the units' borders",
    )  # fmt: skip
    used = is_counted & places.is_used & is_area & ~is_outside
    is_flat = is_counted & places.is_used & ~is_area
    report_rows(
        problems,
        "zones-not-polygons",
        "set_aside",
        read.file,
        read.frame.index[is_flat],
        "不是面 not a polygon",
        layer=read.layer,
        field="geometry",
        expected="面 polygons",
        mend="改为面，或改用点 draw polygons, or give the people as points",
    )
    lost = float(value[is_counted & ~used & ~is_outside].sum())
    if lost > 0.0:
        problems.add(
            "population-not-placed",
            "warning",
            read.file,
            f"{lost:.0f} 人没有可用的图形 people have no usable polygon",
            layer=read.layer,
            field=str(population.people),
            expected="每行一个面 a polygon for every row",
            mend="补上图形 draw them",
            count=int((is_counted & ~used).sum()),
        )
    repaired = int(((is_repaired | places.is_repaired) & used).sum())
    return Zones(
        code=code[used],
        geometry=places.geometry[used],
        people=value[used],
        groups={group: count[used] for group, count in groups.items()},
        level=None,
        unit=np.full(int(used.sum()), -1, dtype=np.int64),
        file=read.counted(kept=int(used.sum()), repaired=repaired, set_aside=int((~used).sum())),
        not_placed=lost,
    )


def _join_units(
    configuration: Configuration,
    read: ReadLayer,
    code: TextArray,
    counts: Counts,
    units: Mapping[Level, Units],
    problems: Problems,
) -> Zones | None:
    """Return the units of the level as zones, with their people."""
    population = configuration.population
    assert population is not None  # it was read
    level = population.level or next((level for level in reversed(LEVELS) if level in units), None)
    if level == "district":
        units = with_district(units, configuration.district)
    if level is None or level not in units:
        problems.error(
            "zones-no-units",
            read.file,
            f"没有这一级单元 no units of level {level}",
            field="population.level",
            expected=", ".join(units),
            mend=f'加上 add [[units]] level = "{level}"',
        )
        return None
    value, groups, is_counted, is_repaired = counts
    unit = join_codes(code, units[level].code)
    rows = read.frame.index.to_numpy()
    is_unknown = unit < 0
    lost = float(np.nansum(value[is_unknown]))
    severity: Severity = "error" if is_unknown.all() else "set_aside"
    report_rows(
        problems,
        "zones-unknown-code",
        severity,
        read.file,
        rows[is_unknown],
        f"单元中没有这些代码 codes that no {level} has ({lost:.0f} 人 people): {show_rows(code[is_unknown])}",
        layer=read.layer,
        field=str(population.id),
        expected=f"如 such as {show_rows(units[level].code[:3])}",
        mend=mend_of_codes(
            code[is_unknown],
            units[level].code,
            "改正代码;区县外的行可用 where 去掉 mend the codes; leave rows of elsewhere out with where",
        ),
    )
    used = is_counted & ~is_unknown
    is_missing = np.ones(len(units[level]), dtype=bool)
    is_missing[unit[used]] = False
    report_rows(
        problems, "zones-missing", "warning", read.file, units[level].code[is_missing],
        f"{level} 没有人口数,当作 0 without a count, taken as 0: {show_rows(units[level].name[is_missing])}",
        layer=read.layer, field=str(population.people), expected="每个单元一行 a row for every unit", mend="补上,没人则写 0 fill in, 0 for nobody",
    )  # fmt: skip
    if not used.any():
        return None
    chosen = unit[used]
    return Zones(
        code=units[level].code[chosen],
        geometry=units[level].geometry[chosen],
        people=value[used],
        groups={group: count[used] for group, count in groups.items()},
        level=level,
        unit=chosen,
        file=read.counted(kept=int(used.sum()), repaired=int((is_repaired & used).sum()), set_aside=int((~used).sum())),
        not_placed=lost,
    )


def join_codes(code: TextArray, unit_code: TextArray) -> IntArray:
    """Return for each code the row of the unit that has it, -1 where none has; 9 and 12 digits of one area are the same."""
    row = {match_key(text): index for index, text in enumerate(unit_code)}
    return np.array([row.get(match_key(text), -1) for text in code], dtype=np.int64)


def mend_of_codes(code: TextArray, unit_code: TextArray, otherwise: str) -> str:
    """Return how to mend codes that no unit has: by the zeros they lost at the front, where with these they are the units'."""
    lengths = {len(text) for text in unit_code if text.isdigit()}
    units = set(unit_code)
    is_cut = [text.isdigit() and any(text.zfill(length) in units for length in lengths) for text in code]
    if any(is_cut):
        return f"前导零丢失,把该列设为文本 zeros lost at the front of {sum(is_cut)}: format the column as text and fill it in again"
    return otherwise
