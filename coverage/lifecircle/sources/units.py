"""The units of each level: polygons in the district's CRS, with codes as text."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from lifecircle.config.schema import LEVELS, Level
from lifecircle.model import BoolArray, FloatArray, InputFile, IntArray, TextArray, Units
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import district_crs_fault, parse_crs, to_lonlat, transform_geometry
from lifecircle.sources.datum_fit import FAR_FROM_ZONE_M, crs_box, name_of_zone, suggest_crs
from lifecircle.sources.files import ReadLayer, read_source
from lifecircle.sources.polygons import (
    POLYGONS,
    has_bad_vertex,
    keep_polygons,
    mend_coverage,
    merge_slivers,
    repair_polygons,
    simplify_polygons,
)
from lifecircle.sources.tables import SHORTENED, as_code, as_text, match_key, report_rows, show_rows

__all__ = [
    "district_bounds", "is_in_units", "keep_polygons", "locate", "read_district_crs", "read_units", "with_district",
]  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, District, UnitLayer

CODE_LENGTHS = (6, 9, 12)
LEAST_OUTSIDE = 0.001  # of the larger unit's area: less is generalised borders


def read_district_crs(configuration: Configuration, problems: Problems) -> pyproj.CRS | None:
    """Return the district's CRS; None, and one error however often asked, where it is not projected in metres."""
    district = configuration.district
    if district is None:
        return None
    fault = district_crs_fault(district.crs)
    if not fault:
        return parse_crs(district.crs)
    if not any(problem.code == "district-crs" for problem in problems):
        problems.error(
            "district-crs", "district.toml", fault, field="district.crs",
            expected="以米为单位的投影坐标系 a projected CRS in metres",
            mend='如 such as "EPSG:4549" (CGCS2000, 中央经线 120°E)',
        )  # fmt: skip
    return None


def read_units(configuration: Configuration, problems: Problems) -> tuple[dict[Level, Units], list[InputFile]]:
    """Read the units of every level, from large to small.

    Polygons are brought to the district's CRS, heights dropped, invalid ones repaired (and refused where the repair changes the
    area by more than 0.1 %). Every unit has one code, of its own. Overlaps and slits between units are warned of with their area.

    Returns
    -------
    units
        By level; a level that cannot be read is absent.
    files
        What was read, for the manifest.
    """
    crs = read_district_crs(configuration, problems)
    if crs is None:
        return {}, []
    units: dict[Level, Units] = {}
    files: list[InputFile] = []
    for layer in sorted(configuration.units, key=lambda layer: LEVELS.index(layer.level)):
        read = read_source(
            configuration.folder, layer, f"units: {layer.level}", problems, columns=(layer.id, layer.name),
            field=f"units.{layer.level}.path",
        )  # fmt: skip
        if read is None:
            continue
        level_units, source = _read_level(layer, read, crs, problems, is_official=_has_official_code(configuration))
        files.append(source)
        if level_units is not None:
            units[layer.level] = level_units
    _check_crs_area(units, crs, problems)
    _check_nesting(units, configuration, problems)
    _check_code_lengths(units, configuration, problems)
    _check_codes_nest(units, configuration, problems)
    _check_codes_above(units, configuration, problems)
    return units, files


def _read_level(
    layer: UnitLayer, read: ReadLayer, crs: pyproj.CRS, problems: Problems, *, is_official: bool
) -> tuple[Units | None, InputFile]:
    rows, frame = read.frame.index.to_numpy(), read.frame
    code, name = as_code(frame[layer.id]), as_text(frame[layer.name])
    polygons = _read_polygons(read, code, crs, layer, problems)
    if polygons is None:
        _check_codes(code, name, rows, layer, read.layer, problems)
        return None, read.counted(kept=0, set_aside=len(frame))
    geometry, is_repaired, is_empty = polygons
    drawn = np.flatnonzero(~is_empty)
    merged, is_sliver = merge_slivers(geometry[drawn], code[drawn], _rows_of(read, drawn), problems)
    held = drawn[~is_sliver]
    has_code = _check_codes(code[held], name[held], rows[held], layer, read.layer, problems)
    units = Units(layer.level, code[held][has_code], name[held][has_code], merged[~is_sliver][has_code])
    is_mended = is_repaired[held]
    if len(units):
        outlines, is_cut = mend_coverage(
            units, layer.path, read.layer, problems, is_asked=layer.repair or not is_official
        )
        units = replace(units, geometry=outlines)
        is_mended[has_code] |= is_cut
    # Units without a code of their own, of which every one stops the run, went on as far as any.
    source = read.counted(
        kept=len(held) + int(is_sliver.sum()),
        repaired=int(is_mended.sum() + is_sliver.sum()),
        set_aside=int(is_empty.sum()),
    )
    # The run stops for units without a code of their own; the others still show what is wrong in other layers.
    return (units if len(units) else None), source


def _has_official_code(configuration: Configuration) -> bool:
    """Whether the district has a code of Chinese statistics: its units are administrative, and never overlap."""
    district = configuration.district
    return district is not None and district.code.isdigit() and len(district.code) in CODE_LENGTHS


def _rows_of(read: ReadLayer, chosen: IntArray) -> ReadLayer:
    """Return the layer with some of its rows."""
    return replace(read, frame=read.frame.iloc[chosen])


def _check_codes(
    code: TextArray, name: TextArray, rows: IntArray, layer: UnitLayer, shown: str, problems: Problems
) -> BoolArray:
    """Return which units have a code of their own."""
    is_blank = code == ""
    names = ", ".join(name[is_blank][:5])
    report_rows(
        problems,
        "units-no-code",
        "error",
        layer.path,
        rows[is_blank],
        f"{layer.level} 没有代码 without a code: {names}",
        layer=shown,
        field=layer.id,
        expected="每个单元一个代码 one code each",
        mend="补上代码 fill in the code",
    )
    is_short = np.array([SHORTENED.fullmatch(text) is not None for text in code], dtype=bool)
    report_rows(
        problems,
        "units-shortened-code",
        "error",
        layer.path,
        rows[is_short],
        f"Excel 把代码写成了科学计数 Excel shortened the code: {', '.join(code[is_short][:3])}",
        layer=shown,
        field=layer.id,
        expected="如 such as 330305001",
        mend="把该列设为文本后重新填写 format the column as text and fill it in again",
    )
    is_doubled = pd.Series(code).duplicated(keep=False).to_numpy() & ~is_blank
    doubled = ", ".join(dict.fromkeys(code[is_doubled]))
    report_rows(
        problems,
        "units-duplicate-code",
        "error",
        layer.path,
        rows[is_doubled],
        f"代码重复 code used twice: {doubled[:200]}",
        layer=shown,
        field=layer.id,
        expected="每个单元一个代码 one code each",
        mend="改正代码,或将同一单元的各块融合 mend the code, or dissolve the parts of one unit",
    )
    return np.asarray(~(is_blank | is_short | is_doubled))


def _read_polygons(
    read: ReadLayer, code: TextArray, crs: pyproj.CRS, layer: UnitLayer, problems: Problems
) -> tuple[TextArray, BoolArray, BoolArray] | None:
    """Return valid polygons in the district's CRS, which of them were repaired, and which rows have none."""
    if not read.has_geometry or read.crs is None:
        problems.error(
            "units-no-geometry", read.file, "没有图形 no geometry", layer=read.layer, expected="面 polygons",
            mend="给出面图层 give a polygon layer (gpkg, shp, geojson ...)",
        )  # fmt: skip
        return None
    raw, rows = np.asarray(read.frame.geometry.array, dtype=object), read.frame.index.to_numpy()
    is_empty = shapely.is_missing(raw) | shapely.is_empty(raw)
    if not _are_polygons(raw, is_empty, code, rows, read, problems):
        return None
    try:
        geometry = np.full(len(raw), None, dtype=object)
        geometry[~is_empty] = transform_geometry(raw[~is_empty], read.crs, crs, layer.datum)
    except UnreadableError as error:
        problems.error(
            "layer-crs", read.file, str(error), layer=read.layer, field="crs", expected="有公开转换参数的坐标系 a CRS with a public transformation",
            mend="用本地参数转换后再用 transform it with your local parameters first",
        )  # fmt: skip
        return None
    is_lost = ~is_empty & has_bad_vertex(geometry)
    hint = suggest_crs(raw[~is_empty], read.crs, crs, crs_box(crs))
    report_rows(
        problems, "units-not-finite", "error", read.file, rows[is_lost],
        f"坐标与坐标系不符 coordinates do not fit {read.crs.name}", layer=read.layer, field="crs",
        expected=hint or f"{crs.name} 范围内的坐标 coordinates within {crs.name}", mend="检查图层的坐标系 check the layer's crs",
    )  # fmt: skip
    is_wild = ~is_empty & ~is_lost & _has_wild_vertex(geometry, crs)
    report_rows(
        problems, "units-bad-vertex", "error", read.file, rows[is_wild],
        f"有顶点远在千里之外 a vertex that lies more than 1,000 km off: {show_rows(code[is_wild])}", layer=read.layer, field="geometry",
        expected=hint or "同一处的顶点 vertices of one place", mend="在 GIS 中重画该面，或重新导出 draw the polygon again in a GIS, or export it again",
    )  # fmt: skip
    if is_wild.any():
        return None
    if is_lost.any() or _is_elsewhere(geometry[~is_empty], hint, read, crs, problems):
        return None
    drawn = simplify_polygons(geometry[~is_empty], read, problems)
    mended = repair_polygons(drawn, rows[~is_empty], read, problems, is_asked=layer.repair)
    if mended is None:
        return None
    is_repaired = np.zeros(len(raw), dtype=bool)
    geometry[~is_empty], is_repaired[~is_empty] = mended
    return geometry, is_repaired, is_empty


def _has_wild_vertex(geometry: TextArray, crs: pyproj.CRS) -> BoolArray:
    """Return which shapes have some vertices near where the CRS is meant for and some far beyond: one of them is damaged."""
    box = crs_box(crs)
    is_wild = np.zeros(len(geometry), dtype=bool)
    if box is None:
        return is_wild
    left, bottom, right, top = shapely.buffer(box, FAR_FROM_ZONE_M, join_style="mitre").bounds
    place, row = shapely.get_coordinates(geometry, return_index=True)
    inside = (place[:, 0] >= left) & (place[:, 0] <= right) & (place[:, 1] >= bottom) & (place[:, 1] <= top)
    count = np.bincount(row, minlength=len(geometry))
    near = np.bincount(row, weights=inside, minlength=len(geometry))
    return np.asarray((near > 0) & (near < count), dtype=bool)


def _are_polygons(
    raw: TextArray, is_empty: BoolArray, code: TextArray, rows: IntArray, read: ReadLayer, problems: Problems
) -> bool:
    """Return whether every row that is drawn is an area with vertices that are numbers; rows that are not drawn are set aside."""
    kind = shapely.get_type_id(raw)
    is_other = ~is_empty & ~np.isin(kind, POLYGONS)
    report_rows(
        problems, "units-empty-geometry", "error" if is_empty.all() else "set_aside", read.file, rows[is_empty],
        f"单元没有图形 unit without a geometry: {show_rows(code[is_empty])}", layer=read.layer,
        expected="每行一个面 a polygon in each row", mend="补画或删去该行 draw it, or delete the row",
    )  # fmt: skip
    found = ", ".join(sorted({shapely.GeometryType(int(value)).name.lower() for value in kind[is_other]}))
    report_rows(
        problems, "units-not-polygons", "error", read.file, rows[is_other], f"不是面 not polygons but {found}", layer=read.layer,
        expected="面 polygons", mend=_mend_of_lines(raw[is_other]),
    )  # fmt: skip
    is_bad = ~is_empty & ~is_other & has_bad_vertex(raw)
    report_rows(
        problems, "units-bad-vertex", "error", read.file, rows[is_bad],
        f"顶点坐标不是数 a vertex that is no number (NaN) or infinite: {show_rows(code[is_bad])}", layer=read.layer, field="geometry",
        expected="每个顶点两个数 two numbers a vertex", mend="在 GIS 中重画该面，或重新导出 draw the polygon again in a GIS, or export it again",
    )  # fmt: skip
    heights = int(shapely.has_z(raw).sum())
    if heights:
        problems.add(
            "layer-heights", "repaired", read.file, "图形带高程，已去掉 heights of the vertices dropped", layer=read.layer, field="geometry",
            expected="平面坐标 plane coordinates", mend="无须处理 nothing to do", count=heights,
        )  # fmt: skip
    return not (is_empty.all() or is_other.any() or is_bad.any())


def _is_elsewhere(geometry: TextArray, hint: str, read: ReadLayer, crs: pyproj.CRS, problems: Problems) -> bool:
    """Return whether the units lie far outside where the district's CRS is meant for: their own CRS is not what the file says."""
    box = crs_box(crs)
    if box is None:
        return False
    lost = ~shapely.intersects(geometry, shapely.buffer(box, FAR_FROM_ZONE_M))
    if not lost.all():
        return False
    left, bottom, right, top = shapely.total_bounds(geometry)
    problems.error(
        "layer-crs-contradicts", read.file,
        f"坐标与坐标系 {read.crs.name if read.crs is not None else ''} 矛盾，落在 the coordinates contradict the CRS: they would lie at "
        f"x {left:.0f} - {right:.0f}, y {bottom:.0f} - {top:.0f} ({crs.name})", layer=read.layer, field="crs",
        expected=hint or f"{crs.name} 范围内的坐标 coordinates within {crs.name}", count=len(geometry),
        mend='核对后写明 check, and set crs = "EPSG:..."; 或检查 or check district.crs',
    )  # fmt: skip
    return True


def _mend_of_lines(shapes: TextArray) -> str:
    """Return how to make areas of what is none: lines that close enclose some, and QGIS draws them."""
    lines = shapely.get_parts(shapes[shapely.get_dimensions(shapes) == 1])
    # Where lines cross without a vertex they enclose areas too.
    closed = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)])) if len(lines) else lines
    if len(closed):
        return (
            f"这些线围成 {len(closed)} 个面 these lines make {len(closed)} polygons: 在 QGIS 中用“面化”转为面并补上代码与名称 "
            "turn them into polygons in QGIS with Polygonize, and give each its code and name"
        )
    return (
        "线没有闭合，请用面图层 the lines do not close: use the layer of areas"
        if len(lines)
        else "请用面图层 use the layer of areas"
    )


def _check_crs_area(units: Mapping[Level, Units], crs: pyproj.CRS, problems: Problems) -> None:
    """Warn where the district lies outside the CRS's zone: lengths are stretched there."""
    area = crs.area_of_use
    if not units or area is None:
        return
    bounds = district_bounds(units)
    try:
        lon, lat = to_lonlat((bounds[0] + bounds[2]) / 2.0, (bounds[1] + bounds[3]) / 2.0, crs)
    except UnreadableError as error:
        problems.error(
            "district-crs", "district.toml", str(error), field="district.crs", expected="区县所在的投影带 the zone of the district",
            mend='检查 check district.crs, 如 such as "EPSG:4549"',
        )  # fmt: skip
        return
    if not (area.west - 1.0 <= lon <= area.east + 1.0 and area.south - 1.0 <= lat <= area.north + 1.0):
        problems.add(
            "district-crs-zone",
            "warning",
            "district.toml",
            f"区县在 {float(lon):.2f}, {float(lat):.2f},不在该坐标系的适用范围 the district is outside the zone of {crs.name}",
            field="district.crs",
            expected=f"{area.west}-{area.east} E, {area.south}-{area.north} N",
            mend=f"换成 take the zone of {round(float(lon) / 3.0) * 3} E: {name_of_zone(float(lon))}",
        )


def _check_nesting(units: Mapping[Level, Units], configuration: Configuration, problems: Problems) -> None:
    """Warn of units outside every unit of the level above, and of ground that only one of two levels has."""
    path = {layer.level: layer.path for layer in configuration.units}
    levels = [level for level in LEVELS if level in units]
    for large, small in itertools.pairwise(levels):
        point = shapely.point_on_surface(units[small].geometry)
        inside = shapely.STRtree(units[large].geometry).query(point, predicate="intersects")[0]
        is_out = np.ones(len(point), dtype=bool)
        is_out[inside] = False
        report_rows(
            problems, "units-outside", "warning", path[small], units[small].code[is_out],
            f"{small} 不在任何 {large} 内 in no {large}: {', '.join(units[small].name[is_out][:5])}",
            expected=f"在某一 {large} 之内 in a {large}", mend="检查两层的边界与坐标系 check the borders and the crs of both layers",
        )  # fmt: skip
        _check_outline(units[large], units[small], path[small], problems)


def _check_outline(large: Units, small: Units, file: str, problems: Problems) -> None:
    """Warn where two levels do not cover the same ground, with the areas."""
    outer, inner = shapely.union_all(large.geometry), shapely.union_all(small.geometry)
    beyond, bare = shapely.difference(inner, outer).area, shapely.difference(outer, inner).area
    if max(beyond, bare) <= LEAST_OUTSIDE * outer.area:
        return
    lost = shapely.area(shapely.difference(small.geometry, outer))
    worst = [index for index in np.argsort(-lost) if lost[index] > 0.0][:3]
    listed = "; ".join(f"{small.name[index]} {lost[index] / 1e4:.1f} ha" for index in worst)
    problems.add(
        "units-outline", "warning", file,
        f"{small.level} 与 {large.level} 的范围不同 do not cover the same ground: {beyond / 1e4:.1f} ha 在外 outside"
        f"{f' ({listed})' if listed else ''}, {bare / 1e4:.1f} ha 无 {small.level} without a {small.level}",
        row=show_rows(small.code[worst]), field=small.level, expected=f"同一范围 the same ground, within {LEAST_OUTSIDE:.1%}",
        mend="统一两层的边界 use borders of one source; 人口按各层边界分别汇总，见 people are added up by each level's own borders, see "
        "population-in-no-unit",
    )  # fmt: skip


def _check_codes_nest(units: Mapping[Level, Units], configuration: Configuration, problems: Problems) -> None:
    """Warn where codes say another place than the map: of another district, of a township that is not there, of another township."""
    district = configuration.district
    path = {layer.level: layer.path for layer in configuration.units}
    if district is None or not _has_official_code(configuration):
        return  # other countries' ids have their own form
    own = district.code.rstrip("0").ljust(6, "0")[:6] if len(district.code) >= 6 else district.code
    for level, held in units.items():
        key = np.array([match_key(code) for code in held.code], dtype=object)
        is_official = np.array([code.isdigit() and len(code) == 12 for code in key], dtype=bool)
        is_foreign = is_official & np.array([not code.startswith(own) for code in key], dtype=bool)
        report_rows(
            problems, "units-other-district", "warning", path[level], held.code[is_foreign],
            f"{int(is_foreign.sum())} / {len(held)} 个 {level} 的代码不属于 codes are not of {district.code}: {show_rows(held.name[is_foreign])}",
            field="district.code", expected=f"{own}...", mend="检查 check [district] code 与图层的代码 and the layer's codes",
        )  # fmt: skip
    if "township" not in units or "village" not in units:
        return
    village, township = units["village"], units["township"]
    key = np.array([match_key(code) for code in village.code], dtype=object)
    is_official = np.array([code.isdigit() and len(code) == 12 for code in key], dtype=bool)
    row_of = {match_key(code)[:9]: row for row, code in enumerate(township.code)}
    said = np.array([row_of.get(code[:9], -1) for code in key], dtype=np.int64)
    if not (said[is_official] >= 0).any():
        return  # codes of the two levels have nothing in common: ids of the layer's own
    is_absent = is_official & (said < 0)
    report_rows(
        problems, "units-township-missing", "warning", path["township"], sorted({code[:9] for code in key[is_absent]}),
        f"村社区代码所属的乡镇街道不在图层中 townships that villages' codes name are not in the layer: {show_rows(village.name[is_absent])}",
        field="id", expected="每个乡镇街道一个面 a polygon of every township",
        mend="补上乡镇街道，或改正村社区代码 add the township, or mend the villages' codes",
    )  # fmt: skip


def _check_code_lengths(units: Mapping[Level, Units], configuration: Configuration, problems: Problems) -> None:
    district = configuration.district
    if district is None or not district.code.isdigit():
        return  # other countries' ids have their own form
    path = {layer.level: layer.path for layer in configuration.units}
    for level, level_units in units.items():
        odd = [code for code in level_units.code if not (code.isdigit() and len(code) in CODE_LENGTHS)]
        report_rows(
            problems,
            "units-code-form",
            "note",
            path[level],
            odd,
            f"{level} 代码不是 6, 9 或 12 位数字 not 6, 9 or 12 digits",
        )


def _check_codes_above(units: Mapping[Level, Units], configuration: Configuration, problems: Problems) -> None:
    """Warn of villages whose code begins with another township's than the one they lie in."""
    if not {"township", "village"} <= units.keys():
        return
    above, below = units["township"], units["village"]
    row = {str(code)[:9]: index for index, code in enumerate(above.code) if len(str(code)) in (9, 12)}
    said = np.array([row.get(str(code)[:9], -1) if len(str(code)) == 12 else -1 for code in below.code], dtype=np.int64)
    point = shapely.point_on_surface(below.geometry)
    lies = locate(shapely.get_x(point), shapely.get_y(point), above.geometry)
    is_other = (said >= 0) & (lies >= 0) & (said != lies)
    path = {layer.level: layer.path for layer in configuration.units}["village"]
    shown = "; ".join(
        f"{below.name[at]} {below.code[at]} 在 lies in {above.name[lies[at]]}, 代码属 code of {above.name[said[at]]}"
        for at in np.flatnonzero(is_other)[:3]
    )
    report_rows(
        problems, "units-code-elsewhere", "warning", path, below.code[is_other], f"代码与所在乡镇街道不符 codes of another township: {shown}",
        field="id", expected="前 9 位是所在乡镇街道的代码 the first 9 digits are the township's", mend="改正代码或边界 mend the code or the borders",
    )  # fmt: skip


def district_bounds(units: Mapping[Level, Units]) -> tuple[float, float, float, float]:
    """Return the box around all units in the district's CRS: left, bottom, right, top, in metres."""
    box = np.vstack([shapely.bounds(level_units.geometry) for level_units in units.values()])
    lowest, highest = box.min(axis=0), box.max(axis=0)
    return float(lowest[0]), float(lowest[1]), float(highest[2]), float(highest[3])


def locate(x: FloatArray, y: FloatArray, polygons: TextArray) -> IntArray:
    """Return the row of the polygon each point lies in, -1 where in none; a point on a shared border is the first one's."""
    points = shapely.points(x, y)
    row = np.full(len(points), len(polygons), dtype=np.int64)
    point, polygon = shapely.STRtree(polygons).query(points, predicate="intersects")
    np.minimum.at(row, point, polygon)
    return np.where(row == len(polygons), -1, row)


def is_in_units(geometry: TextArray, units: Mapping[Level, Units]) -> BoolArray:
    """Return which places touch a unit of the district."""
    inside = np.zeros(len(geometry), dtype=bool)
    for level_units in units.values():
        hits = shapely.STRtree(level_units.geometry).query(geometry, predicate="intersects")[0]
        inside[hits] = True
    return inside


def with_district(units: Mapping[Level, Units], district: District | None) -> Mapping[Level, Units]:
    """Return the units with the district itself: the union of its largest units, where no layer draws it."""
    if "district" in units or not units or district is None:
        return units
    largest = units[next(level for level in LEVELS if level in units)]
    outline = np.empty(1, dtype=object)
    outline[0] = shapely.union_all(largest.geometry)
    code, name = np.array([district.code], dtype=object), np.array([district.name.zh], dtype=object)
    return {"district": Units("district", code, name, outline), **units}
