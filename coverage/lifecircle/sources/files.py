"""The files of a district's folder: where they are, what they weigh, and which reader opens them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.model import InputFile
from lifecircle.problems import Problems, Severity, UnreadableError, nearest_name
from lifecircle.sources.archives import find_layer, open_archive, split_archive
from lifecircle.sources.datum import WGS84, parse_crs
from lifecircle.sources.osm_shapes import is_osm_file, read_osm_layer
from lifecircle.sources.sheets import read_sheet
from lifecircle.sources.tables import clean_text, match_where, name_columns, report_rows, strip_controls
from lifecircle.sources.vectors import read_layer, shapefile_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyproj

    from lifecircle.config import SourceLayer

MOST_READ = 1000  # rows looked at for the words a column holds
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
    left_out: int = 0
    """Rows that repeat an earlier one."""

    @property
    def has_geometry(self) -> bool:
        """Whether the rows come with their places."""
        return isinstance(self.frame, gpd.GeoDataFrame)

    def counted(self, *, kept: int, repaired: int = 0, set_aside: int = 0) -> InputFile:
        """Return the manifest's line: rows = used + repaired + set aside, which `InputFile` checks.

        Parameters
        ----------
        kept
            The rows that went on, as counted in what was made of them; those that were repaired are among them.

        Raises
        ------
        lifecircle.problems.LedgerError
            Where they do not add up to the rows that were read.
        """
        rows, set_aside = len(self.frame) + self.left_out, set_aside + self.left_out
        numbers = pd.to_numeric(pd.Series(self.frame.index), errors="coerce").dropna()
        span = f"{numbers.min():.0f}-{numbers.max():.0f}" if len(numbers) else ""
        counted = replace(self.source, rows=rows, used=kept - repaired, repaired=repaired, set_aside=set_aside)
        return replace(counted, part=self.layer, row_range=span)


DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(1, 10))}
)
"""Names that Windows keeps for devices, with whatever ending: a file of that name cannot be copied there."""


def resolve_path(folder: Path, path: str, problems: Problems, field: str) -> Path | None:
    """Return the file that ``path`` names, relative to the district's folder; None and an error where there is none.

    A zip file is a folder. A path that leads out of the district's folder, as a link may, is warned of: what is copied or archived
    with the folder lacks it.
    """
    devices = [part for part in Path(path).parts if part.split(".")[0].lower() in DEVICES]
    if devices:
        problems.error(
            "file-device-name", path, f'Windows 把这个名字留给设备 a name that Windows keeps for a device: "{devices[0]}"', field=field,
            expected="普通文件名 a name of its own", mend="改名 rename the file",
        )  # fmt: skip
        return None
    archive = split_archive(folder, path)
    if archive is not None:
        return _resolve_archive(*archive, path, problems, field)
    try:
        full = (folder / path).resolve()
        if full.exists():
            return full if _is_layer_file(folder, full, path, problems, field) else None
    except (OSError, ValueError, RuntimeError):
        pass
    near = folder / Path(path).parent
    names = sorted(entry.name for entry in near.iterdir()) if near.is_dir() else []
    hint = nearest_name(Path(path).name, names) if names else "检查路径 check the path"
    problems.error(
        "file-missing", path, "没有这个文件 no such file", field=field,
        expected="district.toml 旁的文件 a file beside district.toml",
        mend=f"{hint}; 文件夹里有 the folder has: {', '.join(names[:20])}" if names else hint,
    )  # fmt: skip
    return None


def _is_layer_file(folder: Path, full: Path, path: str, problems: Problems, field: str) -> bool:
    """Whether a path that exists is a file (or a geodatabase); a warning where it lies outside the district's folder."""
    if not full.is_file() and full.suffix.lower() != ".gdb":
        names = sorted(entry.name for entry in full.iterdir())[:20] if full.is_dir() else []
        problems.error(
            "file-is-folder", path, "是文件夹，不是文件 a folder, not a file" if names or full.is_dir() else "不是普通文件 no ordinary file",
            field=field,
            expected="一个文件 a file",
            mend=f"写明其中的文件 name the file in it: {', '.join(names)}" if names else "改为普通文件 give an ordinary file",
        )  # fmt: skip
        return False
    is_said = any(one.code == "file-outside" and one.file == path for one in problems)
    if not full.is_relative_to(folder.resolve()) and not is_said:
        problems.add(
            "file-outside", "warning", path, f"不在区县的文件夹内 lies outside the district's folder: {full}", field=field,
            expected="文件夹内的文件 a file in the folder",
            mend="复制到文件夹内，归档与复算才完整 copy it into the folder, so that what is archived is complete",
        )  # fmt: skip
    return True


def _resolve_archive(archive: Path, inner: str, path: str, problems: Problems, field: str) -> Path | None:
    try:
        found, names = find_layer(open_archive(archive), inner)
    except UnreadableError as error:
        said, _, mend = str(error).rpartition("; ")
        problems.error(
            "archive-unreadable", path, said, field=field, expected="可靠的 zip a zip file to be trusted", mend=mend
        )
        return None
    if found is None:
        listed = ", ".join(names[:20])
        problems.error(
            "archive-layer", path,
            "压缩包里没有这个文件 no such file in the archive" if inner else f"压缩包里有 {len(names)} 个图层 layers in the archive",
            field=field, expected=f"其中之一 one of: {listed}",
            mend=f'写明 set path = "{archive.name}/{names[0]}"' if names else "放入图层 put the layer into it",
        )  # fmt: skip
    return found


SIDE_FILES = (".msk", ".aux.xml")
"""Stand beside a raster and change what it says: a mask, what GDAL was told of it."""


def describe_file(folder: Path, path: Path, role: str, crs: str = "") -> InputFile:
    """Return the manifest's line of a layer: its SHA-256, over all its files where it has several, and then each one's own beside."""
    base = folder.resolve()
    if path.is_dir():
        files = sorted(part for part in path.rglob("*") if part.is_file() and part.suffix != ".lock")
    elif path.suffix.lower() == ".shp":
        files = sorted(shapefile_parts(path).values())
    else:
        files = [path, *(beside for end in SIDE_FILES if (beside := path.with_name(path.name + end)).is_file())]
    digest, parts = hashlib.sha256(), []
    for file in files:
        own, size = hashlib.sha256(), 0
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
                own.update(chunk)
                size += len(chunk)
        shown = file.relative_to(base) if file.is_relative_to(base) else file
        parts.append((shown.as_posix(), size, own.hexdigest()))
    shown = path.relative_to(base) if path.is_relative_to(base) else path
    listed = tuple(parts) if len(parts) > 1 else ()
    return InputFile(
        shown.as_posix(), digest.hexdigest(), sum(size for _, size, _ in parts), role, crs=crs, parts=listed
    )


def read_source(
    folder: Path,
    layer: SourceLayer,
    role: str,
    problems: Problems,
    *,
    columns: Iterable[str] = (),
    field: str,
    is_table: bool = False,
    may_be_empty: bool = False,
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
    may_be_empty
        No row, or none that ``where`` chooses, is what the district has of this: a warning. Else it is an error.

    Returns
    -------
    ReadLayer or None
        None where it cannot be read; the errors are in ``problems``.
    """
    path = resolve_path(folder, layer.path, problems, field)
    if path is None:
        return None
    columns = list(columns)
    wanted = [*columns, *layer.where]
    if path.suffix.lower() in TABLE_SUFFIXES:
        wanted += [name for name in (layer.lon, layer.lat, layer.x, layer.y) if name]
    try:
        frame, shown = _read_frame(path, layer, columns, wanted, problems)
    except UnreadableError as error:
        _report_unreadable(str(error), layer, field, problems)
        return None
    if frame is None:
        return None
    if not len(frame) and not [name for name in frame.columns if name != "geometry"]:
        # A GeoJSON file without features has no columns either.
        frame = frame.assign(**{name: np.empty(0, dtype=object) for name in dict.fromkeys(wanted)})
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
    before = len(frame)
    frame = _keep_where(frame, layer, shown, "warning" if may_be_empty else "error", problems)
    if frame is None:
        return None
    not_chosen = before - len(frame)
    frame = strip_controls(frame, [*wanted, "name"], layer.path, shown, problems)
    text = layer.datum if layer.datum in ("gcj02", "bd09") else crs.to_string() if crs is not None else ""
    source = replace(describe_file(folder, path, role, text), not_chosen=not_chosen)
    return ReadLayer(layer.path, shown, frame, crs, source)


def _read_frame(
    path: Path, layer: SourceLayer, columns: list[str], wanted: list[str], problems: Problems
) -> tuple[pd.DataFrame | None, str]:
    """Return a file's rows by the reader of its format, and the layer's name for messages."""
    if path.suffix.lower() in TABLE_SUFFIXES:
        return read_sheet(path, layer, wanted, problems)
    if is_osm_file(path):
        return read_osm_layer(path, layer, columns, problems), ""
    return read_layer(path, layer, wanted, problems)


def drop_repeats(read: ReadLayer, field: str, problems: Problems) -> ReadLayer:
    """Return a layer without the rows that are equal to an earlier one in every column, its place too; these are counted."""
    if len(read.frame) < 2:
        return read
    plain = pd.DataFrame(read.frame.drop(columns="geometry") if read.has_geometry else read.frame).astype(str)
    if read.has_geometry:
        plain = plain.assign(geometry=shapely.to_wkb(np.asarray(read.frame["geometry"].array, dtype=object)))
    is_repeated = plain.duplicated().to_numpy()
    if not is_repeated.any():
        return read
    report_rows(
        problems, "table-row-twice", "repaired", read.file, read.frame.index[is_repeated], "整行重复,只计一次 the same row twice, counted once",
        layer=read.layer, field=field, expected="每行一个 each row once", mend="删去重复行 leave them out",
    )  # fmt: skip
    return replace(read, frame=read.frame[~is_repeated], left_out=read.left_out + int(is_repeated.sum()))


def _report_unreadable(said: str, layer: SourceLayer, field: str, problems: Problems) -> None:
    """Report why a file cannot be read: what was found, and after the last semicolon how to mend it."""
    found, _, mend = said.replace("；", "; ").rpartition("; ")
    line = re.search(r"(?:line|row) (\d+)", found or mend)
    problems.error(
        "file-unreadable", layer.path, found or mend, layer=layer.layer or layer.sheet or "", field=field, row=line[1] if line else "",
        expected="完整、可读的文件 a whole file that can be read", mend=mend if found else "重新导出或复制 export or copy it again",
    )  # fmt: skip


def _layer_crs(layer: SourceLayer, frame: gpd.GeoDataFrame, shown: str, problems: Problems) -> pyproj.CRS | None:
    """Return the CRS of a vector layer: the configuration's, else the file's own; never a guess."""
    own: pyproj.CRS | None = frame.crs
    if layer.crs is not None:
        try:
            stated = parse_crs(layer.crs)
        except UnreadableError as error:
            problems.error(
                "layer-bad-crs",
                layer.path,
                str(error),
                layer=shown,
                field="crs",
                expected='如 such as "EPSG:4490", "EPSG:4549"',
                mend="改正 crs mend crs",
            )
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
        expected="图层自带或写明的坐标系 a CRS, the file's own or stated",
    )  # fmt: skip
    return None


def _keep_where(
    frame: pd.DataFrame, layer: SourceLayer, shown: str, severity: Severity, problems: Problems
) -> pd.DataFrame | None:
    """Return the rows that ``where`` chooses; None where there is none and that is an error."""
    if not len(frame):
        problems.add(
            "layer-empty", severity, layer.path, "没有要素 no features", layer=shown, expected="至少一行 at least one row",
            mend="若本区确实没有,按没有计 if the district has none of these, it counts as none; 否则重新导出 else export it again",
        )  # fmt: skip
        return None if severity == "error" else frame
    if not layer.where:
        return frame
    keep = match_where(frame, layer.where)
    if not keep.any():
        values = {
            column: list(dict.fromkeys(clean_text(cell) for cell in frame[column].head(MOST_READ)))[:8]
            for column in layer.where
        }
        problems.add(
            "layer-where-empty", severity, layer.path, f"where 没有选中任何行 selects none of {len(frame)} rows: {_as_written(layer.where)}",
            layer=shown, field="where", expected=f"列中有 the columns hold: {values}",
            mend="改为列中的写法 write what the columns hold; 若确实没有,按没有计 if there is none, it counts as none", count=len(frame),
        )  # fmt: skip
        if severity == "error":
            return None
    return frame[keep]


def _as_written(where: Mapping[str, Any]) -> str:
    return ", ".join(f"{column} = {value}" for column, value in where.items())
