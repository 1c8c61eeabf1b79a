"""What was prepared once, kept by content: the same inputs and the same code find it again, anything else does not.

An entry is one file, ``<sha256>.npz``: arrays, and a JSON tree that says how they make up frozen dataclasses. Nothing in it is
executed (no pickles). An entry that is broken, foreign or another key's counts as absent and is written again; a folder that cannot
be written makes a run slower, never wrong. Beyond ``MOST_BYTES`` the entries longest unused are removed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache as once
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs

FOLDER_VARIABLE = "LIFECIRCLE_CACHE"
"""Environment variable that names the folder; empty switches the cache off."""
MOST_BYTES = 4_000_000_000
FORMAT = "lifecircle-cache-1"
LIBRARIES = ("geopandas", "numba", "numpy", "osmium", "osmnx", "pandas", "pyogrio", "pyproj", "rasterio", "scipy", "shapely")  # fmt: skip
"""Whose versions may change what is prepared."""
DRAFT_AGE_S = 86_400.0
"""Older drafts were left by a run that was killed."""
UNREADABLE = (OSError, ValueError, LookupError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What a file that is not an entry, or no longer a whole one, raises when it is read as one."""


class UnkeepableError(TypeError):
    """Something that an entry, or a key, has no form for."""


@dataclass(frozen=True, slots=True, eq=False)
class Cache:
    """A folder of entries, and what a run took from it or put there."""

    folder: Path | None
    """None: nothing is kept and nothing found."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """By name: ``recalled``, ``made`` (and kept), or ``made, not kept``."""

    def recall(self, name: str, key: str, classes: tuple[type, ...], given: Mapping[str, Any] | None = None) -> Any:
        """Return what was kept under a key; None where there is no whole entry.

        Parameters
        ----------
        name
            For :attr:`outcomes`.
        classes
            The dataclasses it is made of.
        given
            Fields of the outermost that are not kept, because the key already knows them.
        """
        if self.folder is None:
            return None
        path = self.folder / f"{key}.npz"
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as entry:
                content = json.loads(entry["content"].tobytes().decode("utf-8"))
                if content["format"] != FORMAT or content["key"] != key:
                    return None
                found = _Reader(entry, {each.__name__: each for each in classes}).restore(content["tree"], given or {})
        except UNREADABLE:
            return None
        with suppress(OSError):
            os.utime(path)
        self.outcomes[name] = "recalled"
        return found

    def keep(self, name: str, key: str, value: Any, given: Mapping[str, Any] | None = None) -> None:
        """Keep something under a key; where that is not possible, go on without."""
        if self.folder is None:
            return
        self.outcomes[name] = "made, not kept"
        writer = _Writer()
        draft = self.folder / f"{key}.{os.getpid()}.draft"
        try:
            tree = writer.describe(value, given or {})
            content = json.dumps({"format": FORMAT, "key": key, "tree": tree}, ensure_ascii=False).encode("utf-8")
            self.folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as stream:
                np.savez(stream, allow_pickle=False, content=np.frombuffer(content, dtype=np.uint8), **writer.arrays)
            draft.replace(self.folder / f"{key}.npz")
        except (OSError, UnkeepableError):
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            return
        self.outcomes[name] = "made"
        _prune(self.folder, f"{key}.npz")


NO_CACHE = Cache(None)


def open_cache() -> Cache:
    """Return the user's cache: the folder of ``LIFECIRCLE_CACHE``, else the platform's; off where that variable is empty."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named is not None:
        return Cache(Path(named)) if named.strip() else Cache(None)
    return Cache(platformdirs.user_cache_path("lifecircle", appauthor=False))


def make_key(*parts: Any) -> str:
    """Return the SHA-256 of what something is made from: values, arrays, dataclasses; and of the code that makes it.

    Raises
    ------
    UnkeepableError
        Where one of them is something else.
    """
    digest = hashlib.sha256(code_fingerprint().encode())
    for part in parts:
        for piece in _pieces(part):
            digest.update(piece)
    return digest.hexdigest()


@once
def code_fingerprint() -> str:
    """Return the SHA-256 of the package's own code and tables, and of the versions of the libraries it computes with."""
    digest = hashlib.sha256()
    for name in LIBRARIES:
        digest.update(f"{name} {importlib.metadata.version(name)}\n".encode())
    for name, content in _package_files(files("lifecircle"), ""):
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _package_files(folder: Traversable, above: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _package_files(entry, f"{above}{entry.name}/")
        elif entry.name.endswith((".py", ".toml")):
            yield above + entry.name, entry.read_bytes()


def _pieces(value: Any) -> Iterator[bytes]:
    """Yield bytes that no other value of the same shape yields."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        yield f"array {value.dtype.str} {value.shape}\n".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, np.ndarray):
        yield from _pieces(["objects", *value.tolist()])
    elif isinstance(value, pd.DataFrame):
        yield f"frame {list(value.columns)} {len(value)}\n".encode()
        for name in value.columns:
            column = value[name].cat
            yield from _pieces(list(column.categories))
            yield from _pieces(column.codes.to_numpy())
    elif is_dataclass(value) and not isinstance(value, type):
        yield f"{type(value).__name__}\n".encode()
        for item in fields(value):
            yield f"{item.name}=".encode()
            yield from _pieces(getattr(value, item.name))
    elif isinstance(value, np.generic):
        yield from _pieces(value.item())
    elif isinstance(value, Mapping):
        yield from _pieces(sorted(value.items(), key=lambda item: str(item[0])))
    elif isinstance(value, (str, int, float, type(None))) or _is_plain_list(value):
        yield json.dumps(value, ensure_ascii=True).encode() + b"\n"
    elif isinstance(value, Iterable):  # lists, tuples, and an Affine
        yield f"{type(value).__name__}\n".encode()
        for each in value:
            yield from _pieces(each)
        yield b"end\n"
    else:
        raise UnkeepableError(f"{type(value).__name__} | a key is made of arrays, tags, dataclasses and plain values")


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, (str, int, float, type(None))) for each in value)


def _prune(folder: Path, newest: str) -> None:
    """Remove the entries longest unused until the rest is within bounds; never the one just written."""
    found: list[tuple[float, int, Path]] = []
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                status = path.stat()
                if path.suffix == ".npz":
                    found.append((status.st_mtime, status.st_size, path))
                elif path.suffix == ".draft" and time.time() - status.st_mtime > DRAFT_AGE_S:
                    path.unlink()
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= MOST_BYTES:
            return
        if path.name != newest:
            with suppress(OSError):
                path.unlink()
                total -= size


class _Writer:
    """Takes a value apart into a tree for JSON and arrays."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self._known: dict[int, str] = {}

    def describe(self, value: Any, given: Mapping[str, Any]) -> Any:
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.ndarray):
            return self._describe_array(value)
        if isinstance(value, pd.DataFrame):
            return {
                "frame": {str(name): self._describe_tags(value[name]) for name in value.columns},
                "rows": len(value),
            }
        if is_dataclass(value) and not isinstance(value, type):
            kept = {
                item.name: self.describe(getattr(value, item.name), {})
                for item in fields(value)
                if item.name not in given
            }
            return {"class": type(value).__name__, "fields": kept}
        if isinstance(value, (tuple, list)):
            return {type(value).__name__: [self.describe(each, {}) for each in value]}
        raise UnkeepableError(f"{type(value).__name__} | an entry holds arrays, tags, dataclasses and plain values")

    def _describe_array(self, array: np.ndarray[Any, Any]) -> dict[str, Any]:
        # Two fields may be one array: it is kept once, and is one array again.
        name = self._known.get(id(array))
        if name is None:
            name = self._known[id(array)] = f"a{len(self.arrays)}"
            self.arrays[name] = _join_texts(array) if array.dtype == object else array
        return {"array": name, "texts": len(array) if array.dtype == object else None}

    def _describe_tags(self, column: pd.Series[Any]) -> dict[str, Any]:
        if not isinstance(column.dtype, pd.CategoricalDtype) or not isinstance(column.index, pd.RangeIndex):
            raise UnkeepableError("a frame that is not of tags")
        categories = column.cat.categories
        words = list(categories)
        if not all(type(word) is str for word in words):
            raise UnkeepableError("tags that are not all text")
        return {
            "codes": self._describe_array(column.cat.codes.to_numpy()),
            "words": words,
            "dtype": str(categories.dtype),
        }


class _Reader:
    """Puts a value together again."""

    def __init__(self, entry: Mapping[str, np.ndarray[Any, Any]], classes: Mapping[str, type]) -> None:
        self.entry, self.classes = entry, classes
        self._read: dict[str, np.ndarray[Any, Any]] = {}

    def restore(self, tree: Any, given: Mapping[str, Any]) -> Any:
        if not isinstance(tree, dict):
            return tree
        if "array" in tree:
            return self._restore_array(tree)
        if "frame" in tree:
            columns = {name: self._restore_tags(column) for name, column in tree["frame"].items()}
            return pd.DataFrame(columns, index=pd.RangeIndex(tree["rows"]))
        if "class" in tree:
            kept = {name: self.restore(value, {}) for name, value in tree["fields"].items()}
            return self.classes[tree["class"]](**kept, **given)
        ((kind, values),) = tree.items()
        restored = [self.restore(each, {}) for each in values]
        return tuple(restored) if kind == "tuple" else restored

    def _restore_array(self, tree: Mapping[str, Any]) -> np.ndarray[Any, Any]:
        name = tree["array"]
        if name not in self._read:
            array = self.entry[name]
            self._read[name] = array if tree["texts"] is None else _split_texts(array, tree["texts"])
        return self._read[name]

    def _restore_tags(self, column: Mapping[str, Any]) -> pd.Categorical:
        words = pd.Index(column["words"], dtype=column["dtype"])
        return pd.Categorical.from_codes(self._restore_array(column["codes"]), categories=words)


def _join_texts(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array of texts as bytes, with a zero between them."""
    texts = array.tolist()
    if array.ndim != 1 or not all(type(text) is str for text in texts):
        raise UnkeepableError("an array of objects that are not all text")
    joined = "\0".join(texts)
    if joined.count("\0") != max(len(texts) - 1, 0):
        raise UnkeepableError("text with a zero in it")
    return np.frombuffer(joined.encode("utf-8"), dtype=np.uint8)


def _split_texts(array: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    texts = np.empty(count, dtype=object)
    if count:
        texts[:] = array.tobytes().decode("utf-8").split("\0")
    return texts
