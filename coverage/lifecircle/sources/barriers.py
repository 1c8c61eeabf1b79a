"""Rivers, lakes, motorways: what nobody crosses but by road or bridge, through the door.

``[[terrain.barriers]]`` names layers of lines or areas: any vector file, or an OSM file whose ``where`` says which tags.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from lifecircle.model import Barriers, BoolArray, InputFile, TerrainLayers, TextArray
from lifecircle.problems import Problems, Severity, UnreadableError
from lifecircle.sources.datum import WGS84, parse_crs, transform_geometry
from lifecircle.sources.files import describe_file, read_source, resolve_path
from lifecircle.sources.osm_shapes import OSM_SUFFIXES, read_osm_shapes

if TYPE_CHECKING:
    import pandas as pd

    from lifecircle.config import Configuration, SourceLayer

    Shapes = npt.NDArray[np.object_]

ROWS_SHOWN = 5
NAME_COLUMNS = ("name", "名称", "NAME", "Name")
"""Where a layer says what its rivers are called; the first that it has."""


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A layer's shapes as they stand in its file; ``row`` is what the planner finds them by."""

    shapes: Shapes
    row: TextArray
    name: TextArray
    crs: pyproj.CRS
    file: InputFile
    unread: int = 0
    """Rows that are not among the shapes; already spoken of."""


def read_barriers(
    configuration: Configuration, terrain: TerrainLayers | None, problems: Problems
) -> tuple[TerrainLayers | None, Barriers, list[InputFile]]:
    """Read every ``[[terrain.barriers]]``, for the ground and for saying what cuts people off.

    Parameters
    ----------
    terrain
        The ground they lie on; None where the district has none or it could not be read.

    Returns
    -------
    terrain
        With its ``barriers``.
    barriers
        The same in the district's CRS, with their names.
    files
        What was read, for the manifest: rows = used + repaired + set aside.
    """
    layers, district = configuration.terrain.barriers, configuration.district
    if not layers or district is None:
        return terrain, Barriers(), []
    if configuration.terrain.landcover is None:
        problems.add(
            "barriers-no-ground", "note", "district.toml",
            "没有土地覆盖，障碍只阻断到道路的直线段，并说明缺口的成因 without land cover barriers stop straight legs to the streets "
            "and say what cuts a gap off, and stop nobody who walks over ground",
            field="terrain.barriers", mend='要阻断越野步行 to stop those who leave the streets: [terrain] landcover = "landcover.tif"',
        )  # fmt: skip
    crs = parse_crs(terrain.crs if terrain is not None else district.crs)
    shapes, names, files = [], [], []
    for index, layer in enumerate(layers):
        field = f"terrain.barriers[{index + 1}]"
        read = _read_layer(configuration, layer, field, problems)
        if read is not None:
            found, called, file = _place(read, layer, terrain, crs, field, problems)
            shapes.append(found)
            names.append(called)
            files.append(file)
    if not shapes:
        return terrain, Barriers(), files
    placed, metric = np.concatenate(shapes), parse_crs(district.crs)
    moved = placed if crs.equals(metric, ignore_axis_order=True) else transform_geometry(placed, crs, metric)
    barriers = Barriers(moved, np.concatenate(names))
    return terrain if terrain is None else replace(terrain, barriers=placed), barriers, files


def _read_layer(configuration: Configuration, layer: SourceLayer, field: str, problems: Problems) -> _Read | None:
    if layer.path.lower().endswith(OSM_SUFFIXES):
        return _read_osm(configuration, layer, field, problems)
    read = read_source(
        configuration.folder, layer, "terrain: barriers", problems, field=f"{field}.path", may_be_empty=not layer.where
    )
    if read is None:
        return None
    if not read.has_geometry or read.crs is None:
        problems.error(
            "barriers-no-shapes", read.file, "没有几何 no geometry", layer=read.layer, field=field,
            expected="线或面 a layer of lines or areas",
            mend="给出线或面图层 give a layer of lines or areas",
        )  # fmt: skip
        return None
    frame = read.frame
    row = np.array([*map(str, frame.index)], dtype=object)
    return _Read(frame.geometry.to_numpy(), row, _names(frame), read.crs, read.source)


def _names(frame: pd.DataFrame) -> TextArray:
    """Return what each row is called; empty where nothing says."""
    column = next((name for name in NAME_COLUMNS if name in frame.columns), None)
    values = [None] * len(frame) if column is None else frame[column].tolist()
    return np.array([value.strip() if isinstance(value, str) else "" for value in values], dtype=object)


def _read_osm(configuration: Configuration, layer: SourceLayer, field: str, problems: Problems) -> _Read | None:
    path = resolve_path(configuration.folder, layer.path, problems, f"{field}.path")
    if path is None:
        return None
    if not layer.where:
        problems.error(
            "barriers-no-tags", layer.path, "OSM 文件里什么都有 an OSM file holds everything", field=f"{field}.where",
            mend='写明哪些是障碍 say which are barriers: where = { waterway = ["river", "canal"] }',
            expected="要哪些标签 the tags that are meant",
        )  # fmt: skip
        return None
    try:
        found = read_osm_shapes(path, layer.where)
    except UnreadableError as error:
        problems.error(
            "file-unreadable",
            layer.path,
            str(error),
            field=field,
            mend="重新下载，或按编号排序 download it again; where it is out of order: osmium sort",
            expected="完整的 OSM 文件 a whole OSM file",
        )
        return None
    if not len(found.shapes) and not found.underground:
        problems.error(
            "layer-where-empty", layer.path, "where 没有选中任何要素 selects nothing", field=f"{field}.where",
            mend="检查键与值 check the keys and values",
            expected="文件里有的标签 tags that the file has",
        )  # fmt: skip
        return None
    for code, count, text, mend in (
        ("barriers-underground", found.underground, "地下的水道不是障碍 ways in a tunnel or culvert are no barrier", ""),
        (
            "barriers-incomplete", found.incomplete, "不完整，可能漏出通道 incomplete: people may pass where they are missing",
            "用 complete-ways、smart 方式裁剪 cut the extract with complete ways and relations",
        ),
    ):  # fmt: skip
        if count:
            severity: Severity = "note" if code == "barriers-underground" else "warning"
            problems.add(
                code,
                severity,
                layer.path,
                text,
                field=field,
                mend=mend,
                count=count,
                expected="完整、在地面的水道 whole ways above ground",
            )
    file = describe_file(configuration.folder, path, "terrain: barriers", WGS84.to_string())
    return _Read(found.shapes, found.identity, found.name, WGS84, file, unread=found.underground)


def _place(
    read: _Read, layer: SourceLayer, terrain: TerrainLayers | None, crs: pyproj.CRS, field: str, problems: Problems
) -> tuple[Shapes, TextArray, InputFile]:
    """Return the usable shapes in ``crs``, their names, and the manifest's line."""
    shapes, is_line_or_area = read.shapes, np.isin(shapely.get_dimensions(read.shapes), (1, 2))
    is_empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    placed = np.full(len(shapes), None, dtype=object)
    use = is_line_or_area & ~is_empty
    try:
        placed[use] = transform_geometry(shapes[use], read.crs, crs, layer.datum)
    except UnreadableError as error:
        problems.error(
            "layer-crs",
            layer.path,
            str(error),
            field=field,
            expected="有公开转换参数的坐标系 a CRS with a public transformation",
            mend="用本地参数转换后再用 transform it with your local parameters first",
        )
        return placed[:0], read.name[:0], replace(read.file, rows=len(shapes), set_aside=len(shapes))
    is_lost = use & ~np.isfinite(shapely.bounds(placed)).all(axis=1)
    is_broken = use & ~is_lost & (shapely.get_dimensions(placed) == 2) & ~shapely.is_valid(placed)
    placed[is_broken] = shapely.make_valid(placed[is_broken], method="structure", keep_collapsed=True)
    for is_aside, text in (
        (is_empty, "没有几何 no geometry"),
        (~is_line_or_area & ~is_empty, "不是线或面 neither a line nor an area"),
        (is_lost, "坐标无法转换 coordinates cannot be transformed"),
    ):
        _report(is_aside, text, "set_aside", read, layer, field, problems)
    _report(is_broken, "无效图形已修复 invalid polygons repaired", "repaired", read, layer, field, problems)
    good, names = placed[use & ~is_lost], read.name[use & ~is_lost]
    _warn_of_elsewhere(good, terrain, layer, field, problems)
    set_aside, repaired = len(shapes) - len(good) + read.unread, int(is_broken.sum())
    rows = len(shapes) + read.unread
    used = rows - set_aside - repaired
    return good, names, replace(read.file, rows=rows, used=used, repaired=repaired, set_aside=set_aside)


def _report(
    where: BoolArray, text: str, severity: Severity, read: _Read, layer: SourceLayer, field: str, problems: Problems
) -> None:
    if where.any():
        rows = ", ".join(read.row[where][:ROWS_SHOWN])
        problems.add(
            f"barriers-{severity.replace('_', '-')}", severity, layer.path, text,
            layer=layer.layer or "", row=rows, field=field, count=int(where.sum()),
            expected="可用的线或面 a line or an area", mend="在 GIS 中修正 mend it in a GIS",
        )  # fmt: skip


def _warn_of_elsewhere(
    shapes: Shapes, terrain: TerrainLayers | None, layer: SourceLayer, field: str, problems: Problems
) -> None:
    """Say so where not one shape touches the ground: a wrong CRS looks like that."""
    if terrain is None or not len(shapes):
        return
    rows, columns = terrain.shape
    grid = terrain.transform
    ground = shapely.box(grid.c, grid.f, grid.c + columns * grid.a, grid.f + rows * grid.e)
    if not shapely.intersects(ground, shapes).any():
        problems.add(
            "barriers-elsewhere", "warning", layer.path, "没有一处在土地覆盖范围内 not one lies on the land cover", field=field,
            mend="检查坐标系 check the crs", count=len(shapes),
            expected="在土地覆盖范围内 on the land cover",
        )  # fmt: skip
