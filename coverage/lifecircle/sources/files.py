"""The files of a district's folder: where they are, what they weigh, and which reader opens them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.model import InputFile
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import WGS84, parse_crs
from lifecircle.sources.sheets import read_sheet
from lifecircle.sources.tables import match_where, name_columns
from lifecircle.sources.vectors import read_layer, shapefile_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyproj

    from lifecircle.config import SourceLayer

TABLE_SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls")


@dataclass(frozen=True, slots=True, eq=False)
class ReadLayer:
    """A layer as it stands in its file, after ``where``; ``frame.index`` is the row as the planner sees it."""

    file: str
    layer: str
    frame: pd.DataFrame
    """A GeoDataFrame where the file has geometry."""
    crs: pyproj.CRS | None
    """What the coordinates are in; None for a table, whose coordinate columns are not read yet."""
    source: InputFile

    @property
    def has_geometry(self) -> bool:
        """Whether the rows come with their places."""
        return isinstance(self.frame, gpd.GeoDataFrame)

    def counted(self, *, repaired: int = 0, set_aside: int = 0) -> InputFile:
        """Return the manifest's line: rows = used + repaired + set aside."""
        rows = len(self.frame)
        used = rows - repaired - set_aside
        numbers = pd.to_numeric(pd.Series(self.frame.index), errors="coerce").dropna()
        span = f"{numbers.min():.0f}-{numbers.max():.0f}" if len(numbers) else ""
        return replace(
            self.source, rows=rows, used=used, repaired=repaired, set_aside=set_aside, part=self.layer, row_range=span
        )


def resolve_path(folder: Path, path: str, problems: Problems, field: str) -> Path | None:
    """Return the file that ``path`` names, relative to the district's folder; None and an error where there is none."""
    try:
        full = (folder / path).resolve()
        if full.exists():
            return full
    except (OSError, ValueError):
        pass
    near = folder / Path(path).parent
    names = sorted(entry.name for entry in near.iterdir()) if near.is_dir() else []
    problems.error(
        "file-missing", path, "没有这个文件 no such file", field=field,
        mend=f"文件夹里有 the folder has: {', '.join(names[:20])}" if names else "检查 check path",
    )  # fmt: skip
    return None


def describe_file(folder: Path, path: Path, role: str, crs: str = "") -> InputFile:
    """Return the manifest's line of a file: all parts of a shapefile, all files of a geodatabase, are hashed together."""
    if path.is_dir():
        parts = sorted(part for part in path.rglob("*") if part.is_file() and part.suffix != ".lock")
    elif path.suffix.lower() == ".shp":
        parts = sorted(shapefile_parts(path).values())
    else:
        parts = [path]
    digest, size = hashlib.sha256(), 0
    for part in parts:
        with part.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    base = folder.resolve()
    shown = path.relative_to(base) if path.is_relative_to(base) else path
    return InputFile(shown.as_posix(), digest.hexdigest(), size, role, crs=crs)


def read_source(
    folder: Path,
    layer: SourceLayer,
    role: str,
    problems: Problems,
    *,
    columns: Iterable[str] = (),
    field: str,
    is_table: bool = False,
) -> ReadLayer | None:
    """Read a layer, whatever its format.

    Parameters
    ----------
    columns
        The columns that must be there; they come back under these very names. A sheet's header row is the row that has them.
    field
        The place in ``district.toml``, for messages.
    is_table
        Only the columns are asked for: a geometry, and its CRS, may be anything.

    Returns
    -------
    ReadLayer or None
        None where it cannot be read; the errors are in ``problems``.
    """
    path = resolve_path(folder, layer.path, problems, field)
    if path is None:
        return None
    wanted = [*columns, *layer.where]
    if path.suffix.lower() in TABLE_SUFFIXES:
        wanted += [name for name in (layer.lon, layer.lat, layer.x, layer.y) if name]
    frame: pd.DataFrame | None
    try:
        if path.suffix.lower() in TABLE_SUFFIXES:
            frame, shown = read_sheet(path, layer, wanted, problems)
        else:
            frame, shown = read_layer(path, layer, problems)
    except UnreadableError as error:
        problems.error("file-unreadable", layer.path, str(error), layer=layer.layer or layer.sheet or "", field=field)
        return None
    if frame is None:
        return None
    frame = name_columns(frame, wanted, layer.path, shown, problems)
    if frame is None:
        return None
    crs = None
    if is_table and isinstance(frame, gpd.GeoDataFrame):
        frame = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    if isinstance(frame, gpd.GeoDataFrame):
        crs = _layer_crs(layer, frame, shown, problems)
        if crs is None:
            return None
    frame = _keep_where(frame, layer, shown, problems)
    if frame is None:
        return None
    text = layer.datum if layer.datum in ("gcj02", "bd09") else crs.to_string() if crs is not None else ""
    return ReadLayer(layer.path, shown, frame, crs, describe_file(folder, path, role, text))


def _layer_crs(layer: SourceLayer, frame: gpd.GeoDataFrame, shown: str, problems: Problems) -> pyproj.CRS | None:
    """Return the CRS of a vector layer: the configuration's, else the file's own; never a guess."""
    own: pyproj.CRS | None = frame.crs
    if layer.crs is not None:
        try:
            stated = parse_crs(layer.crs)
        except UnreadableError as error:
            problems.error("layer-bad-crs", layer.path, str(error), layer=shown, field="crs")
            return None
        if own is not None and not own.equals(stated, ignore_axis_order=True):
            problems.add(
                "layer-crs-overridden",
                "warning",
                layer.path,
                f"文件自带坐标系 the file says {own.name}",
                layer=shown,
                field="crs",
                expected=stated.name,
                mend="按配置 the configuration is followed",
            )
        return stated
    if own is not None:
        return own
    if layer.datum is not None:
        return WGS84 if layer.datum != "cgcs2000" else parse_crs("EPSG:4490")
    lowest = np.nanmin(frame.total_bounds) if len(frame) else np.nan
    highest = np.nanmax(frame.total_bounds) if len(frame) else np.nan
    looks = "看似经纬度 looks like degrees" if lowest >= -180 and highest <= 180 else "看似投影米 looks like metres"
    problems.error(
        "layer-no-crs", layer.path, f"没有坐标系 no CRS; {looks}", layer=shown, field="crs",
        mend='写明 set crs = "EPSG:4490" (经纬度 degrees), "EPSG:4549" (米 metres) ... 或 or datum = "gcj02"',
    )  # fmt: skip
    return None


def _keep_where(frame: pd.DataFrame, layer: SourceLayer, shown: str, problems: Problems) -> pd.DataFrame | None:
    if len(frame) == 0:
        problems.error("layer-empty", layer.path, "没有要素 no features", layer=shown)
        return None
    if not layer.where:
        return frame
    keep = match_where(frame, layer.where)
    if not keep.any():
        values = {column: sorted({str(v) for v in frame[column].head(1000)})[:8] for column in layer.where}
        problems.error(
            "layer-where-empty",
            layer.path,
            f"where 没有选中任何行 selects none of {len(frame)} rows",
            layer=shown,
            field="where",
            mend=f"列中有 the columns hold: {values}",
        )
        return None
    return frame[keep]
