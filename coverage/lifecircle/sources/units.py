"""The units of each level: polygons in the district's CRS, with codes as text."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from lifecircle.config.schema import LEVELS, Level
from lifecircle.model import BoolArray, FloatArray, InputFile, IntArray, TextArray, Units
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import district_crs_fault, parse_crs, to_lonlat, transform_geometry
from lifecircle.sources.files import ReadLayer, read_source
from lifecircle.sources.tables import SHORTENED, as_code, as_text, report_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, District, UnitLayer

MOST_AREA_CHANGE = 0.001  # of a repaired polygon's area
GAP_M = 10.0  # narrower slits between units are digitising, wider ones may be real enclaves
LEAST_FAULT_M2 = 1.0  # overlaps and slits under this are rounding
CODE_LENGTHS = (6, 9, 12)
POLYGONS = (3, 6)  # shapely's type ids


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
        level_units, source = _read_level(layer, read, crs, problems)
        files.append(source)
        if level_units is not None:
            units[layer.level] = level_units
    _check_crs_area(units, crs, problems)
    _check_nesting(units, configuration, problems)
    _check_code_lengths(units, configuration, problems)
    _check_codes_above(units, configuration, problems)
    return units, files


def _read_level(
    layer: UnitLayer, read: ReadLayer, crs: pyproj.CRS, problems: Problems
) -> tuple[Units | None, InputFile]:
    rows, frame = read.frame.index.to_numpy(), read.frame
    code = as_code(frame[layer.id])
    has_code = _check_codes(code, as_text(frame[layer.name]), rows, layer, read.layer, problems)
    polygons = _read_polygons(read, crs, layer, problems)
    if polygons is None:
        return None, read.counted(set_aside=len(frame))
    geometry, is_repaired = polygons
    source = read.counted(repaired=int(is_repaired.sum()))
    if not has_code.any():
        return None, source
    # The run stops for units without a code of their own; the others still show what is wrong in other layers.
    units = Units(layer.level, code[has_code], as_text(frame[layer.name])[has_code], geometry[has_code])
    _check_coverage(units, layer.path, read.layer, problems)
    return units, source


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
        mend="改正代码,或将同一单元的各块融合 mend the code, or dissolve the parts of one unit",
    )
    return np.asarray(~(is_blank | is_short | is_doubled))


def _read_polygons(
    read: ReadLayer, crs: pyproj.CRS, layer: UnitLayer, problems: Problems
) -> tuple[TextArray, BoolArray] | None:
    """Return valid polygons in the district's CRS and which of them were repaired."""
    if not read.has_geometry or read.crs is None:
        problems.error(
            "units-no-geometry", read.file, "没有图形 no geometry", layer=read.layer, expected="面 polygons",
            mend="给出面图层 give a polygon layer (gpkg, shp, geojson ...)",
        )  # fmt: skip
        return None
    raw, rows = np.asarray(read.frame.geometry.array, dtype=object), read.frame.index.to_numpy()
    is_empty = shapely.is_missing(raw) | shapely.is_empty(raw)
    kind = shapely.get_type_id(raw)
    is_other = ~is_empty & ~np.isin(kind, POLYGONS)
    report_rows(
        problems,
        "units-empty-geometry",
        "error",
        read.file,
        rows[is_empty],
        "单元没有图形 unit without a geometry",
        layer=read.layer,
        mend="补画或删去该行 draw it, or delete the row",
    )
    found = ", ".join(sorted({shapely.GeometryType(int(value)).name.lower() for value in kind[is_other]}))
    report_rows(
        problems, "units-not-polygons", "error", read.file, rows[is_other], f"不是面 not polygons but {found}", layer=read.layer,
        expected="面 polygons", mend=_mend_of_lines(raw[is_other]),
    )  # fmt: skip
    if is_empty.any() or is_other.any():
        return None
    try:
        geometry = transform_geometry(raw, read.crs, crs, layer.datum)
    except UnreadableError as error:
        problems.error("layer-crs", read.file, str(error), layer=read.layer, field="crs")
        return None
    box = shapely.bounds(geometry)
    is_lost = ~np.isfinite(box).all(axis=1)
    report_rows(
        problems, "units-not-finite", "error", read.file, rows[is_lost],
        f"坐标与坐标系不符 coordinates do not fit {read.crs.name}", layer=read.layer, field="crs",
        mend="检查图层的坐标系 check the layer's crs",
    )  # fmt: skip
    return None if is_lost.any() else _repair(geometry, rows, read, problems)


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


def _repair(
    geometry: TextArray, rows: IntArray, read: ReadLayer, problems: Problems
) -> tuple[TextArray, BoolArray] | None:
    is_broken = ~shapely.is_valid(geometry)
    if not is_broken.any():
        return geometry, is_broken
    broken = geometry[is_broken]
    mended = keep_polygons(shapely.make_valid(broken, method="structure", keep_collapsed=False))
    before, after = shapely.area(broken), shapely.area(mended)
    is_changed = np.abs(after - before) > MOST_AREA_CHANGE * np.maximum(before, after)
    is_changed |= ~shapely.is_valid(mended) | shapely.is_empty(mended)
    reason = shapely.is_valid_reason(broken)
    for index in np.flatnonzero(is_changed):
        problems.error(
            "units-invalid",
            read.file,
            f"图形无效 {reason[index]}",
            layer=read.layer,
            row=str(rows[is_broken][index]),
            expected=f"修复后面积变化不超过 0.1% ({before[index]:.0f} -> {after[index]:.0f} m2)",
            mend="在 GIS 中修正 mend it in a GIS",
        )
    areas = f"{before[~is_changed].sum():.1f} -> {after[~is_changed].sum():.1f} m2"
    report_rows(
        problems,
        "units-repaired",
        "repaired",
        read.file,
        rows[is_broken][~is_changed],
        f"无效图形已修复 invalid polygons repaired: {'; '.join(reason[~is_changed][:3])}; {areas}",
        layer=read.layer,
    )
    if is_changed.any():
        return None
    repaired = geometry.copy()
    repaired[is_broken] = mended
    return repaired, is_broken


def keep_polygons(geometry: TextArray) -> TextArray:
    """Return the polygons of each geometry; a repair may leave lines and points beside them."""
    kind = shapely.get_type_id(geometry)
    kept = geometry.copy()
    for index in np.flatnonzero(~np.isin(kind, POLYGONS)):
        parts = shapely.get_parts(shapely.get_parts(geometry[index]))
        kept[index] = shapely.union_all(parts[shapely.get_type_id(parts) == POLYGONS[0]])
    return kept


def _check_coverage(units: Units, file: str, shown: str, problems: Problems) -> None:
    """Warn of units that overlap and of slits between them, with the area."""
    if len(units) < 2 or shapely.coverage_is_valid(units.geometry, gap_width=GAP_M):
        return
    first, second = shapely.STRtree(units.geometry).query(units.geometry, predicate="intersects")
    first, second = first[first < second], second[first < second]
    area = shapely.area(shapely.intersection(units.geometry[first], units.geometry[second]))
    is_overlap = area > LEAST_FAULT_M2
    if is_overlap.any():
        worst = np.argsort(-area)[: min(3, int(is_overlap.sum()))]
        pairs = "; ".join(f"{units.name[first[i]]} / {units.name[second[i]]} {area[i]:.0f} m2" for i in worst)
        problems.add(
            "units-overlap",
            "warning",
            file,
            f"单元重叠 units overlap by {area[is_overlap].sum():.0f} m2: {pairs}",
            layer=shown,
            count=int(is_overlap.sum()),
            mend="重叠处的人口只计一次 people there are counted once: cells are shared, points go to the first unit",
        )
    union = shapely.union_all(units.geometry)
    parts = shapely.get_parts(union)
    rings = shapely.get_rings(parts)
    exterior = set(shapely.to_wkb(shapely.get_exterior_ring(parts)))
    holes = [shapely.Polygon(ring) for ring in rings if shapely.to_wkb(ring) not in exterior]
    slits = [hole.area for hole in holes if hole.area < GAP_M * hole.length / 2.0]
    if sum(slits) > LEAST_FAULT_M2:
        problems.add(
            "units-gap",
            "warning",
            file,
            f"单元之间有缝隙 slits between units, {sum(slits):.0f} m2",
            layer=shown,
            count=len(slits),
            mend="缝隙中的人口不属于任何单元 people in them are in no unit",
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
        problems.error("district-crs", "district.toml", str(error), field="district.crs")
        return
    if not (area.west - 1.0 <= lon <= area.east + 1.0 and area.south - 1.0 <= lat <= area.north + 1.0):
        problems.add(
            "district-crs-zone",
            "warning",
            "district.toml",
            f"区县在 {float(lon):.2f}, {float(lat):.2f},不在该坐标系的适用范围 the district is outside the zone of {crs.name}",
            field="district.crs",
            expected=f"{area.west}-{area.east} E, {area.south}-{area.north} N",
        )


def _check_nesting(units: Mapping[Level, Units], configuration: Configuration, problems: Problems) -> None:
    """Warn of units outside every unit of the level above."""
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
        problems, "units-code-elsewhere", "warning", path, below.code[is_other], f"代码与所在镇街不符 codes of another township: {shown}",
        field="id", expected="前 9 位是所在镇街的代码 the first 9 digits are the township's", mend="改正代码或边界 mend the code or the borders",
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
