"""Zip files as folders: ``path = "layers.zip"`` or ``"layers.zip/roads.shp"``, unpacked with care into a folder of this process.

A zip from anywhere may name files outside itself, be a link, or hold a thousand times its size; each of these is refused by name.
"""

from __future__ import annotations

import atexit
import shutil
import stat
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath

from lifecircle.problems import UnreadableError

MOST_BYTES = 4 << 30
"""Of all files together, unpacked: a province's layers are smaller."""
MOST_RATIO = 200
"""Unpacked to packed of one file over ``SMALL_BYTES``: text packs 5 to 30 times, an empty raster perhaps 100."""
SMALL_BYTES = 16 << 20
MOST_FILES = 5000
UTF8_FLAG = 0x800
LAYER_SUFFIXES = (
    ".shp", ".gpkg", ".geojson", ".json", ".fgb", ".kml", ".parquet", ".csv", ".xlsx", ".tif", ".pbf", ".osm", ".graphml", ".gdb",
)  # fmt: skip


def split_archive(folder: Path, path: str) -> tuple[Path, str] | None:
    """Return the zip file that a path names or leads through, and what follows it; None where there is none."""
    parts = Path(path).parts
    for index, part in enumerate(parts):
        if part.lower().endswith(".zip"):
            archive = folder.joinpath(*parts[: index + 1])
            if archive.is_file():
                return archive, "/".join(parts[index + 1 :])
    return None


def open_archive(archive: Path) -> Path:
    """Return a folder with what a zip file holds.

    Raises
    ------
    UnreadableError
        Where it is no whole zip file, or names, links or sizes in it are not to be trusted.
    """
    told = archive.stat()
    return _unpacked(archive.resolve(), told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=64)
def _unpacked(archive: Path, _mtime_ns: int, _size: int) -> Path:
    target = Path(tempfile.mkdtemp(prefix="lifecircle-zip-"))
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            names = [_safe_name(entry) for entry in entries]
            _check_sizes(entries)
            for entry, name in zip(entries, names, strict=True):
                _write(opened, entry, target / name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as error:
        raise UnreadableError(
            f"压缩包不完整或不是 zip the archive is cut short or no zip ({archive.stat().st_size} bytes): {str(error)[:120]}; "
            "重新压缩或解压后使用 zip it again, or unpack it"
        ) from error
    except RuntimeError as error:  # zipfile's own word for a password
        raise UnreadableError(
            f"压缩包有密码 the archive is locked by a password: {error}; 解压后使用 unpack it"
        ) from error
    return target


def _safe_name(entry: zipfile.ZipInfo) -> str:
    """Return a file's name, Chinese names of Windows put right.

    Raises
    ------
    UnreadableError
        Where it would be written elsewhere, or is a link.
    """
    name = entry.filename
    if not entry.flag_bits & UTF8_FLAG:
        raw = name.encode("cp437", errors="replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    place = PurePosixPath(name.replace("\\", "/"))
    mend = "解压核对后使用 unpack it, look at it, and use the files"
    if place.is_absolute() or ".." in place.parts or ":" in place.parts[0]:
        raise UnreadableError(f'压缩包里的文件名指向别处 a name in the archive leads elsewhere: "{name}"; {mend}')
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnreadableError(f'压缩包里有链接 there is a link in the archive: "{name}"; {mend}')
    return place.as_posix()


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    swollen = [
        entry.filename
        for entry in entries
        if entry.file_size > SMALL_BYTES and entry.file_size > MOST_RATIO * max(entry.compress_size, 1)
    ]
    if total > MOST_BYTES or swollen or len(entries) > MOST_FILES:
        raise UnreadableError(
            f"压缩包解开后大得不合常理 the archive is absurdly large unpacked: {total / 1e6:.0f} MB, {len(entries)} 个文件 files"
            f"{', ' + swollen[0] if swollen else ''}; 核对来源 check where it is from, 解压后使用 or unpack it"
        )


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """Write one file, never more of it than its entry says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as packed, path.open("wb") as written:
        left = entry.file_size
        while left > 0 and (chunk := packed.read(min(left, 1 << 20))):
            written.write(chunk)
            left -= len(chunk)


def find_layer(unpacked: Path, inner: str) -> tuple[Path | None, list[str]]:
    """Return the file of an unpacked zip that is meant, and the names of the layers there are.

    Without a name it is the only layer; None where there is none, or several.
    """
    every = sorted(path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file())
    layers = [name for name in every if name.lower().endswith(LAYER_SUFFIXES)]
    if inner:
        found = unpacked / inner
        return (found if found.exists() else None), layers or every
    return (unpacked / layers[0] if len(layers) == 1 else None), layers or every
