"""Areas as they are drawn, made fit to count with: vertices that are numbers, valid outlines, units that meet without overlap.

What a repair changes is said with both areas. Nothing is ever buffered by 0: that loses half of a bowtie in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from lifecircle.sources.tables import report_rows, show_rows

if TYPE_CHECKING:
    from lifecircle.model import BoolArray, IntArray, TextArray, Units
    from lifecircle.problems import Problems
    from lifecircle.sources.files import ReadLayer

MOST_AREA_CHANGE = 0.001  # of a repaired polygon's area
MOST_STRIP_M = 0.5  # a wider overlap is no rounding: two units claim the same ground
GAP_M = 10.0  # narrower slits between units are digitising, wider ones may be real enclaves
LEAST_FAULT_M2 = 1.0  # overlaps and slits under this are rounding
SNAP_M = 0.001  # vertices nearer than a millimetre are one
SLIVER_M, SLIVER_M2 = 0.5, 5000.0  # no unit is narrower than this on the average, and as small
MOST_VERTICES = 500_000  # of a layer: coasts at 1:10,000 have some 100,000 a county
SIMPLIFY_M = 1.0
POLYGONS = (3, 6)  # shapely's type ids


def keep_polygons(geometry: TextArray) -> TextArray:
    """Return the polygons of each geometry; a repair may leave lines and points beside them."""
    kind = shapely.get_type_id(geometry)
    kept = geometry.copy()
    for index in np.flatnonzero(~np.isin(kind, POLYGONS)):
        parts = shapely.get_parts(shapely.get_parts(geometry[index]))
        kept[index] = shapely.union_all(parts[shapely.get_type_id(parts) == POLYGONS[0]])
    return kept


def has_bad_vertex(geometry: TextArray) -> BoolArray:
    """Return which geometries have a vertex that is no number (NaN) or infinite."""
    coordinates, row = shapely.get_coordinates(geometry, return_index=True)
    is_bad = np.zeros(len(geometry), dtype=bool)
    is_bad[row[~np.isfinite(coordinates).all(axis=1)]] = True
    return is_bad


def repair_polygons(
    geometry: TextArray, rows: IntArray, read: ReadLayer, problems: Problems, *, is_asked: bool
) -> tuple[TextArray, BoolArray] | None:
    """Return valid polygons and which were repaired; None and an error for each whose area a repair would change by over 0.1 %.

    Parameters
    ----------
    is_asked
        Take the repair whatever it changes: ``repair = true`` in the layer.
    """
    is_broken = ~shapely.is_valid(geometry)
    if not is_broken.any():
        return geometry, is_broken
    broken = geometry[is_broken]
    before, mended = shapely.area(broken), _make_valid(broken)
    after, reason = shapely.area(mended), shapely.is_valid_reason(broken)
    is_changed = np.abs(after - before) > MOST_AREA_CHANGE * np.maximum(before, after)
    is_lost = ~shapely.is_valid(mended) | shapely.is_empty(mended) | ~(after > 0.0)
    is_refused = is_lost | (is_changed & (not is_asked))
    for index in np.flatnonzero(is_refused):
        problems.error(
            "units-invalid", read.file, f"图形无效 invalid polygon: {reason[index]}; 修复前后面积 area before and after a repair "
            f"{before[index]:.0f} -> {after[index]:.0f} m2", layer=read.layer, row=str(rows[is_broken][index]),
            expected="修复后面积变化不超过 0.1 % an area that a repair changes by at most 0.1 %",
            mend="在 GIS 中修正（QGIS：修正几何图形） mend it in a GIS (QGIS: Fix geometries)"
            + ("" if is_lost[index] else "；接受修复则写 or take the repair: repair = true"),
        )  # fmt: skip
    if is_refused.any():
        return None
    areas = f"{before.sum():.1f} -> {after.sum():.1f} m2"
    report_rows(
        problems, "units-repaired", "repaired", read.file, rows[is_broken],
        f"无效图形已修复 invalid polygons repaired: {'; '.join(reason[:3])}; 面积 area {areas}", layer=read.layer,
        expected="有效的面 valid polygons", mend="在 GIS 中修正源文件 mend the file in a GIS",
    )  # fmt: skip
    repaired = geometry.copy()
    repaired[is_broken] = mended
    return repaired, is_broken


def _make_valid(broken: TextArray) -> TextArray:
    """Return valid polygons; where absurd coordinates defeat the repair, of the outline snapped to millimetres."""
    mended = keep_polygons(shapely.make_valid(broken, method="structure", keep_collapsed=False))
    is_left = ~shapely.is_valid(mended)
    if is_left.any():
        snapped = shapely.set_precision(broken[is_left], SNAP_M, mode="pointwise")
        mended[is_left] = keep_polygons(shapely.make_valid(snapped, method="structure", keep_collapsed=False))
    return mended


def simplify_polygons(geometry: TextArray, read: ReadLayer, problems: Problems) -> TextArray:
    """Return outlines of absurd detail without what is under a metre; shared borders stay shared."""
    before = int(shapely.get_num_coordinates(geometry).sum())
    if before <= MOST_VERTICES:
        return geometry
    simple = np.asarray(shapely.coverage_simplify(geometry, SIMPLIFY_M), dtype=object)
    after = int(shapely.get_num_coordinates(simple).sum())
    problems.add(
        "units-simplified", "repaired", read.file, f"顶点过多 absurd detail: {before} -> {after} 个顶点 vertices", layer=read.layer,
        expected=f"<= {MOST_VERTICES}", mend="在 GIS 中按 1 米简化 simplify it by 1 m in a GIS", count=before - after,
    )  # fmt: skip
    return simple


def merge_slivers(
    geometry: TextArray, code: TextArray, read: ReadLayer, problems: Problems
) -> tuple[TextArray, BoolArray]:
    """Return the polygons with slivers given to the neighbour with the longest shared border, and which rows were slivers.

    A sliver is what drawing leaves between two units: on the average under half a metre wide.
    """
    area, length = shapely.area(geometry), shapely.length(geometry)
    is_sliver = (2.0 * area < SLIVER_M * length) & (area < SLIVER_M2)
    if not is_sliver.any() or is_sliver.all():
        return geometry, np.zeros(len(geometry), dtype=bool)
    merged = geometry.copy()
    whole = np.flatnonzero(~is_sliver)
    tree = shapely.STRtree(geometry[whole])
    is_merged = np.zeros(len(geometry), dtype=bool)
    for index in np.flatnonzero(is_sliver):
        near = whole[tree.query(geometry[index], predicate="dwithin", distance=SLIVER_M)]
        if not len(near):
            continue
        border = shapely.length(
            shapely.intersection(shapely.boundary(geometry[near]), shapely.buffer(geometry[index], SNAP_M))
        )
        host = int(near[int(np.argmax(border))])
        merged[host] = keep_polygons(_as_array(shapely.union(merged[host], geometry[index])))[0]
        is_merged[index] = True
    report_rows(
        problems, "units-sliver", "repaired", read.file, read.frame.index[is_merged],
        f"碎条并入相邻单元 slivers given to the neighbour with the longest border: {show_rows(code[is_merged])}; {area[is_merged].sum():.1f} m2",
        layer=read.layer, expected="单元 units", mend="在 GIS 中消除碎条（QGIS：消除选中的面） mend it in a GIS (QGIS: Eliminate selected polygons)",
    )  # fmt: skip
    return merged, is_merged


def _as_array(geometry: shapely.Geometry) -> TextArray:
    array = np.empty(1, dtype=object)
    array[0] = geometry
    return array


def mend_coverage(
    units: Units, file: str, shown: str, problems: Problems, *, is_asked: bool
) -> tuple[TextArray, BoolArray]:
    """Return outlines that do not overlap, and which of them were changed.

    A strip of up to 0.5 m that two units share goes to the first; a wider one is an error, for nobody knows whose people those are.
    Where it is asked for, and of areas that are no administrative units (school catchments may overlap), wider ones stand and are warned of.
    Vertices that one unit has on a shared border and its neighbour lacks are given to the neighbour. Slits between units are warned of.
    """
    geometry, is_changed = units.geometry, np.zeros(len(units), dtype=bool)
    if len(units) < 2 or shapely.coverage_is_valid(geometry, gap_width=GAP_M):
        return geometry, is_changed
    geometry, is_changed = _share_strips(units, file, shown, problems, is_asked=is_asked)
    geometry = _node_borders(geometry, file, shown, problems)
    if not shapely.coverage_is_valid(geometry, gap_width=GAP_M):
        _warn_of_gaps(geometry, units, file, shown, problems)
    return geometry, is_changed


def _share_strips(
    units: Units, file: str, shown: str, problems: Problems, *, is_asked: bool
) -> tuple[TextArray, BoolArray]:
    first, second = shapely.STRtree(units.geometry).query(units.geometry, predicate="intersects")
    first, second = first[first < second], second[first < second]
    shared = keep_polygons(
        np.asarray(shapely.intersection(units.geometry[first], units.geometry[second]), dtype=object)
    )
    area, length = shapely.area(shared), shapely.length(shared)
    width = np.divide(2.0 * area, length, out=np.zeros_like(area), where=length > 0.0)
    is_overlap = area > LEAST_FAULT_M2
    is_wide = is_overlap & (width > MOST_STRIP_M)
    is_strip = is_overlap & ~is_wide
    changed = np.zeros(len(units), dtype=bool)
    if is_wide.any():
        problems.add(
            "units-overlap", "warning" if is_asked else "error", file,
            f"单元重叠 units overlap by {area[is_wide].sum():.0f} m2: {_pairs(units, first, second, area, is_wide)}",
            layer=shown, row=show_rows(dict.fromkeys(units.code[np.concatenate([first[is_wide], second[is_wide]])])), count=int(is_wide.sum()),
            expected=f"重叠带不宽于 {MOST_STRIP_M} 米 strips of at most {MOST_STRIP_M} m",
            mend="在 GIS 中改正边界（QGIS：拓扑检查器）；若确实重叠则写 repair = true，重叠处的人口按份分给各单元，只计一次 mend the borders in a GIS "
            "(QGIS: Topology checker); where they do overlap, repair = true: people there are shared and counted once",
        )  # fmt: skip
        if not is_asked:
            return units.geometry, changed
    geometry = units.geometry.copy()
    for one, other in zip(first[is_strip], second[is_strip], strict=True):
        geometry[other] = keep_polygons(_as_array(shapely.difference(geometry[other], geometry[one])))[0]
        changed[other] = True
    if is_strip.any():
        problems.add(
            "units-overlap-shared", "repaired", file,
            f"单元重叠，归前一单元 overlapping strips given to the first unit, {area[is_strip].sum():.1f} m2: "
            f"{_pairs(units, first, second, area, is_strip)}", layer=shown, count=int(is_strip.sum()),
            expected="相邻单元共用一条边界 neighbours share one border", mend="在 GIS 中改正边界 mend the borders in a GIS",
        )  # fmt: skip
    return geometry, changed


def _pairs(units: Units, first: IntArray, second: IntArray, area: TextArray, chosen: BoolArray) -> str:
    worst = [index for index in np.argsort(-area) if chosen[index]][:3]
    return "; ".join(f"{units.name[first[i]]} / {units.name[second[i]]} {area[i]:.0f} m2" for i in worst)


def _node_borders(geometry: TextArray, file: str, shown: str, problems: Problems) -> TextArray:
    """Return the outlines with every vertex that a neighbour has on a shared border."""
    edges = shapely.coverage_invalid_edges(geometry)
    is_off = ~shapely.is_empty(edges)
    if not is_off.any():
        return geometry
    vertices = shapely.multipoints(shapely.get_coordinates(edges))
    noded = geometry.copy()
    noded[is_off] = shapely.snap(geometry[is_off], vertices, SNAP_M)
    is_good = shapely.is_valid(noded) & np.isin(shapely.get_type_id(noded), POLYGONS)
    noded[~is_good] = geometry[~is_good]
    added = int((shapely.get_num_coordinates(noded) - shapely.get_num_coordinates(geometry)).sum())
    if added > 0:
        problems.add(
            "units-noded", "note", file, f"共用边界上补了 {added} 个顶点 vertices added on shared borders that only one of two units had",
            layer=shown, count=added,
        )  # fmt: skip
    return noded


def _warn_of_gaps(geometry: TextArray, units: Units, file: str, shown: str, problems: Problems) -> None:
    """Warn of slits between units, closed or open at an end, with their area."""
    edges = shapely.coverage_invalid_edges(geometry, gap_width=GAP_M)
    is_edge = ~shapely.is_empty(edges)
    if not is_edge.any():
        return
    # The ground that lies within the width of a slit from the edges of two units, and in neither.
    near = shapely.buffer(edges[is_edge], GAP_M, cap_style="flat")
    one, other = shapely.STRtree(near).query(near, predicate="intersects")
    one, other = one[one < other], other[one < other]
    between = shapely.union_all(shapely.intersection(near[one], near[other]))
    slits = shapely.difference(between, shapely.union_all(geometry))
    if slits.area > LEAST_FAULT_M2:
        names = units.name[is_edge]
        problems.add(
            "units-gap", "warning", file, f"单元之间有缝隙，约 slits between units, about {slits.area:.0f} m2: {show_rows(names)}",
            layer=shown, row=show_rows(units.code[is_edge]), count=len(shapely.get_parts(slits)),
            expected="相邻单元共用一条边界 neighbours share one border",
            mend="缝隙中的人口不属于任何单元（见 population-in-no-unit） people in them are in no unit; 在 GIS 中改正边界 mend the borders in a GIS",
        )  # fmt: skip
