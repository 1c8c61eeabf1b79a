"""People: from a raster, points or zone totals to cells with exact memberships, rescaled where the district gives totals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.sparse import csr_array

from lifecircle.config import load_plausible
from lifecircle.model import Cells, FloatArray, InputFile, Units
from lifecircle.sources.datum import to_lonlat
from lifecircle.sources.people.control import apply_control, read_control
from lifecircle.sources.people.points import read_points
from lifecircle.sources.people.raster import read_raster
from lifecircle.sources.people.zones import read_zones
from lifecircle.sources.units import read_district_crs, with_district

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, Population
    from lifecircle.config.schema import Level
    from lifecircle.problems import Problems
    from lifecircle.sources.people.shares import FoundPeople

READERS = {"raster": read_raster, "points": read_points, "zones": read_zones}
LEAST_LOST = 0.5  # people; fewer in no unit is rounding at borders


def read_people(
    configuration: Configuration, units: Mapping[Level, Units], problems: Problems
) -> tuple[Cells | None, list[InputFile], dict[str, Any]]:
    """Read where people are, and in which unit.

    Returns
    -------
    cells
        None where they cannot be read; the errors are in ``problems``.
    files
        What was read, for the manifest.
    details
        ``source, kind, as_of, people, groups`` (sums), ``in_no_unit`` (people per level), ``outside_people`` (on raster cells that
        touch no unit, not counted), ``not_placed`` (people of rows set aside), ``control`` (factor, original and target per unit),
        and for zones ``is_modelled`` with a note.
    """
    population, crs = configuration.population, read_district_crs(configuration, problems)
    if population is None or crs is None or not units:
        return None, [], {}  # what is wrong with the files themselves is said by `open_people`
    found = READERS[population.source](configuration, population, units, crs, problems)
    if found is None:
        return None, [], {}
    if not found.people.sum() > 0.0:
        problems.error("population-zero", population.path, "没有人 nobody: all people are 0", field="population.people",
                       expected="大于 0 的人数 more than nobody", mend="检查列与单位 check the column and the unit")  # fmt: skip
        return None, found.files, {}
    _check_groups(found, population, problems)
    _check_density(found, units, population, problems)
    details: dict[str, Any] = {
        "source": population.source,
        "kind": population.kind,
        "as_of": population.as_of.isoformat() if population.as_of else None,
        **found.details,
    }
    controlled = _control(configuration, population, found, units, problems, details)
    if controlled is None:
        return None, found.files, details
    cells = _make_cells(controlled, crs)
    details["people"] = float(cells.people.sum())
    details["groups"] = {group: float(count.sum()) for group, count in cells.groups.items()}
    details["in_no_unit"] = _count_in_no_unit(cells, units, population, problems)
    _check_empty_units(cells, units, population, problems)
    return cells, controlled.files, details


def _control(
    configuration: Configuration,
    population: Population,
    found: FoundPeople,
    units: Mapping[Level, Units],
    problems: Problems,
    details: dict[str, Any],
) -> FoundPeople | None:
    """Return the people after control totals; all groups of a cell are scaled as its people are."""
    control = population.control
    if control is None:
        return found
    read = read_control(configuration, control, units, problems)
    if read is None:
        return None
    target, file = read
    found = replace(found, files=[*found.files, file])
    if control.level == "district":
        units = with_district(units, configuration.district)
    share = found.membership.get(control.level)
    if share is None:
        share = _district_share(found, units)
    applied = apply_control(control, target, units[control.level], share, found.people, problems)
    if applied is None:
        return None
    factor, details["control"] = applied
    return replace(
        found,
        people=found.people * factor,
        groups={group: count * factor for group, count in found.groups.items()},
    )


def _district_share(found: FoundPeople, units: Mapping[Level, Units]) -> Any:
    """Return the district's own row: the part of each cell in its largest inner level, or all of it where there is none."""
    inner = next(iter(found.membership.values()), None)
    inside = np.ones(len(found.people)) if inner is None else np.asarray(inner.sum(axis=0)).ravel()
    rows = np.zeros((len(units["district"]), len(found.people)))
    rows[0] = inside
    return csr_array(rows)


def _make_cells(found: FoundPeople, crs: pyproj.CRS) -> Cells:
    lon, lat = to_lonlat(found.x, found.y, crs)
    return Cells(
        id=found.id,
        x=np.asarray(found.x, dtype=np.float64),
        y=np.asarray(found.y, dtype=np.float64),
        lon=lon,
        lat=lat,
        people=found.people,
        groups=found.groups,
        membership=found.membership,
        grid=found.grid,
        size_m=found.size_m,
    )


def _check_density(
    found: FoundPeople, units: Mapping[Level, Units], population: Population, problems: Problems
) -> None:
    """Report more people a km2 of the whole district than anywhere: a density read as counts, or people counted several times."""
    area_km2 = float(shapely.area(shapely.union_all(next(iter(units.values())).geometry))) / 1e6
    per_km2, density = float(found.people.sum()) / area_km2, load_plausible()["people_per_km2_district"]
    verdict = density.judge(per_km2)
    if verdict != "usual":
        problems.add(
            "population-density", "error" if verdict == "impossible" else "warning", population.path,
            f"全区平均每 km2 {per_km2:,.0f} 人 people a km2 over the whole district", field="population.unit",
            expected=density.limits if verdict == "impossible" else density.expected,
            mend='检查单位与人数列 check population.unit and the column: "people_per_km2", "people_per_ha"?',
        )  # fmt: skip


def _check_groups(found: FoundPeople, population: Population, problems: Problems) -> None:
    for group, count in found.groups.items():
        is_more = count > found.people * (1.0 + 1e-6) + 1e-9
        if is_more.any():
            problems.add(
                "population-group-larger", "warning", population.path,
                f"人群 {group} 多于总人口 group larger than the people of {int(is_more.sum())} cells, "
                f"by {float((count - found.people)[is_more].sum()):.0f}",
                field=f"population.groups.{group}", count=int(is_more.sum()), expected="<= 总人口 the people of the cell",
                mend="检查两者是否同一年、同一单位 are both of one year and one unit?",
            )  # fmt: skip


def _count_in_no_unit(
    cells: Cells, units: Mapping[Level, Units], population: Population, problems: Problems
) -> dict[str, float]:
    """Return people in no unit of each level; a warning names how many, and the unit most of them are nearest to."""
    counted: dict[str, float] = {}
    for level, share in cells.membership.items():
        inside = np.asarray(share.sum(axis=0)).ravel()
        lost: FloatArray = cells.people * np.maximum(0.0, 1.0 - inside)
        counted[level] = float(lost.sum())
        if counted[level] <= LEAST_LOST:
            continue
        is_lost = lost > 0.0
        points = shapely.points(cells.x[is_lost], cells.y[is_lost])
        nearest = shapely.STRtree(units[level].geometry).nearest(points)
        worst = int(np.argmax(np.bincount(nearest, weights=lost[is_lost])))
        share_lost = counted[level] / float(cells.people.sum())
        problems.add(
            "population-in-no-unit", "warning", population.path,
            f"{counted[level]:.0f} 人 ({share_lost:.2%}) 不在任何 {level} people in no {level}, "
            f"最近的是 most of them near {units[level].name[worst]}",
            field=level, count=int(is_lost.sum()), expected="每人都在一个单元 everybody in a unit", mend="检查单元边界 check the units' borders",
        )  # fmt: skip
    return counted


def _check_empty_units(cells: Cells, units: Mapping[Level, Units], population: Population, problems: Problems) -> None:
    for level, share in cells.membership.items():
        is_empty = ~(share @ cells.people > 0.0)
        if is_empty.any():
            names = ", ".join(units[level].name[is_empty][:5])
            problems.add(
                "population-empty-unit",
                "warning",
                population.path,
                f"{level} 无人 nobody lives in: {names}",
                field=level,
                expected="大于 0 的人数 more than nobody",
                mend="若确实无人则无妨,否则检查人口图层 right if nobody lives there; else check the people's layer",
                count=int(is_empty.sum()),
            )
