"""Vector layers, through GDAL: GeoPackage, shapefile, GeoJSON, geodatabase, KML ..., and GeoParquet.

GDAL forgives much in silence: a shapefile without its table, a truncated one, Chinese text read as Latin, the first of several
layers. Here each of these is an error or said aloud.
"""

from __future__ import annotations

import codecs
import struct
import warnings
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from lifecircle.problems import Problems, UnreadableError, nearest_name

if TYPE_CHECKING:
    from pathlib import Path

    from lifecircle.config import SourceLayer

CHINESE = frozenset({"gb2312", "gbk", "gb18030", "936", "cp936", "hz", "euc-cn"})
NUMBERED = {"65001": "utf-8", "88591": "latin-1", "8859_1": "latin-1"}


def shapefile_parts(path: Path) -> dict[str, Path]:
    """Return a shapefile's parts by lower-case suffix, whatever the case of their names."""
    stem = path.stem.lower()
    return {
        part.suffix.lower(): part
        for part in path.parent.iterdir()
        if part.stem.lower() == stem and part.suffix.lower() in (".shp", ".shx", ".dbf", ".prj", ".cpg")
    }


def read_layer(path: Path, layer: SourceLayer, problems: Problems) -> tuple[pd.DataFrame | None, str]:
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
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        name, shown = _choose_layer(layers, layer, problems)
        if name is None:
            return None, shown
        if path.suffix.lower() == ".shp":
            check_shapefile(path)
            return _read_shapefile(path, layer, problems), shown
        return _read(path, name, layer.encoding), shown
    except (DataSourceError, DataLayerError, UnicodeDecodeError) as error:
        raise UnreadableError(f"读不出 cannot be read ({path.stat().st_size} bytes): {str(error)[:200]}") from error


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
        )
    else:
        problems.error("layer-empty", layer.path, "没有图层 no layers")
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


def codec_of(name: str) -> str | None:
    """Return Python's name of an encoding as .cpg files write it (``936``, ``GBK``, ``65001``); None where unknown."""
    plain = name.strip().lower().removeprefix("oem ").removeprefix("ansi ").removeprefix("cp")
    if plain in CHINESE:
        return "gb18030"
    for candidate in (NUMBERED.get(plain, ""), name.strip(), f"cp{plain}"):
        try:
            if candidate:
                return codecs.lookup(candidate).name
        except LookupError:
            continue
    return None


def _read_shapefile(path: Path, layer: SourceLayer, problems: Problems) -> pd.DataFrame:
    """Read a shapefile whose text may be in any encoding: the configuration's, the .cpg's, UTF-8, then GB18030."""
    cpg = shapefile_parts(path).get(".cpg")
    stated = layer.encoding or (cpg.read_text(encoding="ascii", errors="replace") if cpg else "")
    first = codec_of(stated) if stated else None
    if layer.encoding and first is None:
        raise UnreadableError(f'不认识的编码 unknown encoding "{layer.encoding}"')
    candidates = [first] if layer.encoding else list(dict.fromkeys([first, "utf-8", "gb18030"]))
    for candidate in candidates:
        if candidate is None:
            continue
        try:
            frame = _read(path, None, candidate)
        except UnicodeDecodeError:
            continue
        if first is not None and candidate != first:
            problems.add(
                "shapefile-encoding", "warning", layer.path, f".cpg 写的是 says {stated.strip()}",
                expected=candidate, mend=f'已按 {candidate} 读取 read as such; set encoding = "{candidate}"',
            )  # fmt: skip
        return frame
    raise UnreadableError(f"文字编码不是 text is not in {', '.join(c for c in candidates if c)}; 写明 set encoding")


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
