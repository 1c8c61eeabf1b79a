"""Vector layers, through GDAL: GeoPackage, shapefile, GeoJSON, geodatabase, KML ..., and GeoParquet.

GDAL forgives much in silence: a shapefile without its table, a truncated one, Chinese text read as Latin, the first of several
layers. Here each of these is an error or said aloud.
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import struct
import tempfile
import warnings
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.errors import GEOSException

from lifecircle.problems import Problems, UnreadableError, nearest_name
from lifecircle.sources.encodings import choose
from lifecircle.sources.tables import report_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lifecircle.config import SourceLayer

LOCKED_S = 2.0  # is waited for another program to finish writing
MOST_CHECKED_BYTES = 64 << 20  # a GeoPackage up to this size is looked through page by page
BYTES = "ISO-8859-1"  # a character for every byte, under the name that GDAL knows
MOST_TEXT_ROWS = 5000  # records looked at for their encoding


CURVED_TYPES = frozenset(
    {"GEOMETRY", "CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE", "CURVE", "SURFACE"}
)
"""Declared types of a GeoPackage's column that may hold arcs."""
CURVED = (8, 9, 10, 11, 12)
"""Circular strings, compound curves, curve polygons, multi-curves and multi-surfaces in WKB (ISO 13249-3)."""


def shapefile_parts(path: Path) -> dict[str, Path]:
    """Return a shapefile's parts by lower-case suffix, whatever the case of their names."""
    stem = path.stem.lower()
    return {
        part.suffix.lower(): part
        for part in path.parent.iterdir()
        if part.stem.lower() == stem and part.suffix.lower() in (".shp", ".shx", ".dbf", ".prj", ".cpg")
    }


def read_layer(
    path: Path, layer: SourceLayer, wanted: Iterable[str], problems: Problems
) -> tuple[pd.DataFrame | None, str]:
    """Read one vector layer as it stands.

    Returns
    -------
    frame
        A GeoDataFrame, or a plain frame where the layer has no geometry; the index is the feature's id.
    shown
        The layer's name for messages, empty where the file has but one.

    Raises
    ------
    UnreadableError
        Where the file cannot be read at all.
    """
    if path.suffix.lower() in (".parquet", ".geoparquet"):
        return _read_parquet(path), ""
    if path.suffix.lower() == ".gpkg":
        check_geopackage(path)
    if path.suffix.lower() == ".shp":
        check_shapefile(path)
        path = _with_like_names(path, layer.path, problems)
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        name, shown = _choose_layer(layers, layer, problems)
        if name is None:
            return None, shown
        if path.suffix.lower() == ".shp":
            return _read_shapefile(path, layer, wanted, problems), shown
        if path.suffix.lower() == ".gpkg":
            _tell_of_curves(path, name, shown, layer, problems)
        return _read(path, name, layer.encoding), shown
    except UnicodeDecodeError as error:
        found = error.object[error.start : error.start + 4].hex(" ")
        raise UnreadableError(
            f"文字不是 the text is not {shown_encoding(layer)} (字节 bytes {found}); 按 UTF-8 重新导出 export it again in UTF-8"
        ) from error
    except (DataSourceError, DataLayerError, GEOSException) as error:
        raise UnreadableError(f"读不出 cannot be read ({path.stat().st_size} bytes): {str(error)[:200]}") from error


def shown_encoding(layer: SourceLayer) -> str:
    """Return the encoding that a layer's text should be in: the one that is stated, else UTF-8."""
    return layer.encoding or "UTF-8"


def _choose_layer(layers: list[str], layer: SourceLayer, problems: Problems) -> tuple[str | None, str]:
    if layer.layer is not None:
        if layer.layer in layers:
            return layer.layer, layer.layer
        problems.error(
            "layer-missing",
            layer.path,
            f'没有图层 no layer "{layer.layer}"',
            layer=layer.layer,
            field="layer",
            mend=nearest_name(layer.layer, layers),
            expected="文件里的图层 a layer of the file",
        )
    elif len(layers) == 1:
        return layers[0], ""
    elif layers:
        problems.error(
            "layer-not-named",
            layer.path,
            f"有多个图层 {len(layers)} layers: {', '.join(layers)}",
            field="layer",
            mend=f'写明 set layer = "{layers[0]}"',
            expected="写明用哪一个 which of them",
        )
    else:
        problems.error(
            "layer-empty",
            layer.path,
            "没有图层 no layers",
            expected="至少一个图层 at least one layer",
            mend="重新导出 export it again",
        )
    return None, layer.layer or ""


def _read(path: Path, name: str | None, encoding: str | None) -> pd.DataFrame:
    with warnings.catch_warnings():
        # Measured coordinates and unknown field types are GDAL's to drop; heights go at the door anyway.
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        frame: pd.DataFrame = pyogrio.read_dataframe(path, layer=name, encoding=encoding, fid_as_index=True)
        return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        has_geometry = b"geo" in (pq.read_schema(path).metadata or {})
        frame: pd.DataFrame = gpd.read_parquet(path) if has_geometry else pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise UnreadableError(f"读不出 cannot be read: {str(error)[:200]}") from error
    frame = frame.reset_index(drop=True)
    if isinstance(frame, gpd.GeoDataFrame) and frame.geometry.name != "geometry":
        frame = frame.rename_geometry("geometry")
    return frame


def _read_shapefile(path: Path, layer: SourceLayer, wanted: Iterable[str], problems: Problems) -> pd.DataFrame:
    """Read a shapefile whose text may be in any encoding: the configuration's, the .cpg's where that makes sense, else by evidence."""
    parts = shapefile_parts(path)
    cpg = parts.get(".cpg")
    label = "" if layer.encoding or cpg is None else cpg.read_text(encoding="ascii", errors="replace").strip()
    text, cut = table_text(parts[".dbf"])
    encoding = choose(
        text, layer.encoding or label, wanted, layer.path, problems, source="" if layer.encoding else ".cpg"
    )  # fmt: skip
    report_rows(
        problems, "text-cut", "repaired", layer.path, cut, "字段太短,末尾的半个字已去掉 half a character at the end of a field left out",
        expected="完整的文字 whole characters", mend="加长字段后重新导出 export it with a longer field",
    )  # fmt: skip
    try:
        return _read(path, None, encoding)
    except UnicodeDecodeError:
        return _mend_cut_text(_read(path, None, BYTES), encoding)


def table_text(path: Path) -> tuple[bytes, list[int]]:
    """Return the text of a .dbf, its header as the first line and each record as one; and the records with half a character.

    Records of plain ASCII are blank.
    """
    content = np.fromfile(path, dtype=np.uint8)
    rows, head_size, row_size = struct.unpack("<IHH", content[4:12].tobytes())
    head = content[32:head_size].tobytes()
    fields = [head[at : at + 32] for at in range(0, len(head) - 31, 32) if head[at] != 0x0D]
    names = b",".join(field[:11].split(b"\x00")[0] for field in fields)
    ends = np.cumsum([1, *(field[16] for field in fields)])
    is_text = [field[11:12] in (b"C", b"M") for field in fields]
    body = content[head_size : head_size + rows * row_size]
    body = body[: len(body) // row_size * row_size].reshape(-1, row_size) if row_size else body.reshape(0, 1)
    lines, cut = [b""] * len(body), list[int]()
    for row in np.flatnonzero((body >= 0x80).any(axis=1))[:MOST_TEXT_ROWS].tolist():
        record = body[row].tobytes()
        cells = [record[first:last] for first, last, text in zip(ends, ends[1:], is_text, strict=False) if text]
        whole = [_whole_characters(cell) for cell in cells]
        cut += (
            [row]
            if any(len(cell.rstrip(b" \x00")) > len(text) for cell, text in zip(cells, whole, strict=True))
            else []
        )
        lines[row] = b",".join(whole)
    return names + b"\n" + b"\n".join(lines), cut


def _whole_characters(cell: bytes) -> bytes:
    """Return a cell without its blanks, and where it is full, without the beginning of a character that had no room."""
    if cell[-1:] in b" \x00" or cell.isascii():
        return cell.rstrip(b" \x00")
    for cut in range(4):  # of UTF-8
        if _is_utf8(cell[: len(cell) - cut]):
            return cell[: len(cell) - cut]
    # Of encodings of two bytes a character: a first byte alone at the end.
    at = 0
    while at < len(cell):
        at += 2 if cell[at] >= 0x81 else 1
    return cell[:-1] if at > len(cell) else cell


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _mend_cut_text(frame: pd.DataFrame, encoding: str) -> pd.DataFrame:
    """Return a frame that was read byte for byte in its encoding, without characters that fields cut in half.

    Raises
    ------
    UnreadableError
        Where bytes in the middle of a text are not in the encoding.
    """

    def mend(cell: Any, row: Any) -> Any:
        if not isinstance(cell, str) or cell.isascii():
            return cell
        content = cell.encode("latin-1")
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(content) - 3:
                raise UnreadableError(
                    f"第 {row} 行不是 row {row} is not in {encoding} (字节 bytes {content[error.start : error.start + 4].hex(' ')}): "
                    f"{content[: error.start].decode(encoding)}; 写明 set encoding, 或改正该值 or mend the value"
                ) from error
            return content[: error.start].decode(encoding)

    mended = {
        name: [mend(cell, row) for cell, row in zip(frame[name], frame.index, strict=True)]
        for name in frame.columns
        if name != "geometry" and not pd.api.types.is_numeric_dtype(frame[name].dtype)
    }
    return frame.assign(**mended).rename(columns={name: mend(name, "表头 header") for name in frame.columns})


def check_shapefile(path: Path) -> None:
    """Check that a shapefile has its parts and that they agree on the number of records.

    Raises
    ------
    UnreadableError
        Where a part is missing or shorter than its header says.
    """
    parts = shapefile_parts(path)
    missing = [suffix for suffix in (".shx", ".dbf") if suffix not in parts]
    if missing:
        raise UnreadableError(
            f"shapefile 缺少 lacks {', '.join(missing)}; 请连同同名文件一起复制 copy all files of that name together"
        )
    with parts[".shp"].open("rb") as stream:
        head = stream.read(100)
    with parts[".dbf"].open("rb") as stream:
        table = stream.read(32)
    if len(head) < 100 or len(table) < 32:
        raise UnreadableError("shapefile 不完整 is truncated; 请重新导出 export it again")
    stated = 2 * int(struct.unpack(">i", head[24:28])[0])
    shapes = (parts[".shx"].stat().st_size - 100) // 8
    rows, head_size, row_size = struct.unpack("<IHH", table[4:12])
    is_short = parts[".shp"].stat().st_size < stated or parts[".dbf"].stat().st_size < head_size + rows * row_size
    if is_short or shapes != rows:
        raise UnreadableError(
            f"shapefile 不完整 is truncated: {shapes} 个图形 shapes, {rows} 行属性 rows; 请重新导出 export it again"
        )


def _with_like_names(path: Path, file: str, problems: Problems) -> Path:
    """Return a shapefile whose parts are called alike; where their case differs (``A.DBF`` beside ``a.shp``), of a copy."""
    parts = shapefile_parts(path)
    if all(part.stem == path.stem and part.suffix in (suffix, suffix.upper()) for suffix, part in parts.items()):
        return path
    problems.add(
        "shapefile-names", "repaired", file,
        f"各部分文件名大小写不一 the parts' names differ in case: {', '.join(part.name for part in parts.values())}",
        expected="同名的各部分 parts of one name", mend="改为同名 give them one name", count=len(parts),
    )  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="lifecircle-shp-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for suffix, part in parts.items():
        shutil.copyfile(part, folder / f"{path.stem}{suffix}")
    return folder / f"{path.stem}.shp"


def check_geopackage(path: Path) -> None:
    """Check that a GeoPackage is whole, that nobody is writing to it, and that no interrupted writing waits beside it.

    Raises
    ------
    UnreadableError
        Where a reader would see half of it, wait for it, or roll back what another program has begun.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(100)
    if not head.startswith(b"SQLite format 3\x00") or len(head) < 100:
        raise UnreadableError(
            f"不是 GeoPackage，或已损坏 no GeoPackage, or damaged ({size} bytes); 重新导出 export it again"
        )
    page = struct.unpack(">H", head[16:18])[0]
    pages = struct.unpack(">I", head[28:32])[0]
    if size < pages * (65536 if page == 1 else page):
        raise UnreadableError(f"GeoPackage 不完整 is cut short ({size} bytes); 重新复制或导出 copy or export it again")
    journal = path.with_name(path.name + "-journal")
    if journal.is_file() and journal.stat().st_size > 0:
        raise UnreadableError(
            f"旁边有 there is {journal.name}: 写入被中断或尚未完成 writing was interrupted or goes on; "
            "在 QGIS 中打开一次再关闭，或连同此文件一起重新复制 open it in QGIS once and close it, or copy both files again"
        )
    try:
        _look_into(path)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error) and "busy" not in str(error):
            raise UnreadableError(f"GeoPackage 读不出 cannot be read: {error}; 重新导出 export it again") from error
        raise UnreadableError(
            "GeoPackage 正被别的程序占用 another program holds it (database is locked); 在 QGIS 中关闭后再试 close it in QGIS and try again"
        ) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise UnreadableError(f"GeoPackage 已损坏 is damaged: {error}; 重新导出 export it again") from error


def _tell_of_curves(path: Path, name: str, shown: str, layer: SourceLayer, problems: Problems) -> None:
    """Tell of arcs, which GDAL draws as short straight pieces as it reads: areas differ a little from those the drawing program gives.

    The type is a whole number after the header of a GeoPackage's geometry (OGC 12-128r19, 2.1.3) and the byte order of its WKB.
    """
    if path.with_name(path.name + "-wal").exists():
        return
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=LOCKED_S)) as opened:
        asked = "SELECT column_name, geometry_type_name FROM gpkg_geometry_columns WHERE table_name = ?"
        try:
            declared = opened.execute(asked, (name,)).fetchone()
            if declared is None or str(declared[1]).upper() not in CURVED_TYPES:
                return
            column, table = (str(text).replace('"', '""') for text in (declared[0], name))
            heads = [head or b"" for (head,) in opened.execute(f'SELECT substr("{column}", 1, 80) FROM "{table}"')]
        except sqlite3.Error:
            return
    bytes_of = np.frombuffer(b"".join(head.ljust(80, b"\0") for head in heads), dtype=np.uint8).reshape(-1, 80)
    at = 8 + np.array([0, 32, 48, 48, 64, 0, 0, 0])[(bytes_of[:, 3] >> 1) & 7]
    row = np.arange(len(bytes_of))
    order, whole = bytes_of[row, at], bytes_of[row[:, None], at[:, None] + np.arange(1, 5)]
    kind = np.where(order == 1, whole[:, ::-1].copy().view(">u4").ravel(), whole.copy().view(">u4").ravel()) % 1000
    curved = int(np.isin(kind, CURVED).sum())
    if curved:
        problems.add(
            "layer-curves", "repaired", layer.path, "图形含圆弧，已按短直线读取 arcs, read as short straight pieces", layer=shown, field="geometry",
            expected="直线段 straight segments", mend="无须处理；要其原面积，先在绘图软件中打散 nothing to do; segmentise there to have its areas",
            count=curved,
        )  # fmt: skip


def _look_into(path: Path) -> None:
    # One that keeps a write-ahead log is left to GDAL: to open it here would write beside it.
    if path.with_name(path.name + "-wal").exists():
        return
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=LOCKED_S)) as opened:
        opened.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if path.stat().st_size <= MOST_CHECKED_BYTES:
            told = opened.execute("PRAGMA quick_check(1)").fetchone()[0]
            if told != "ok":
                raise sqlite3.DatabaseError(str(told)[:120])
