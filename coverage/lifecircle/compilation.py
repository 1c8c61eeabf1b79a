"""Compiled code: on how many threads it runs, and where numba keeps it: in the package, else with the user, else in a temporary folder, else not."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

Result = TypeVar("Result")
SMALLEST_SLICE = 2_000
"""Below this a thread costs more than it brings."""
SLICES_A_WORKER = 2
"""One slice may hold the town and another the hills, and a core may have other work: the next slice goes to whoever is free."""


def count_workers() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_slices(function: Callable[[int, int], Result], count: int, smallest: int = SMALLEST_SLICE) -> list[Result]:
    """Return ``function(first, last)`` over consecutive slices of ``range(count)``, in order."""
    workers = max(1, min(count_workers(), count // max(smallest, 1)))
    if workers == 1:
        return [function(0, count)]
    slices = min(SLICES_A_WORKER * workers, count // max(smallest, 1))
    bounds = [count * part // slices for part in range(slices + 1)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, bounds[:-1], bounds[1:]))


VARIABLE = "NUMBA_CACHE_DIR"
"""Read by numba when it is imported."""
LEAST_FREE_BYTES = 64_000_000
"""All kernels of this package take 20 MB; on Linux numba dies where its disk is full (``_guard_against_spurious_io_errors``)."""


class CompiledFolder(NamedTuple):
    """Where compiled functions are kept."""

    kept: Literal["as set", "package", "user", "temporary", "nowhere"]
    folder: Path | None
    """None where numba decides (``package``) and where nothing is kept."""

    @property
    def line(self) -> str:
        """What the user is told, once; empty where nothing is lost."""
        if self.kept == "temporary":
            return (
                f"程序文件夹与用户文件夹都不可写，编译结果暂存于 neither the installation nor the home folder can be written, compiled code "
                f"is kept in {self.folder} | 临时文件夹清空后首次运行会慢约一分钟；设 set {VARIABLE} 可指定别处"
            )
        if self.kept == "nowhere":
            return (
                "没有可写的文件夹，编译结果不保存，每次运行慢约一分钟 no folder can be written, compiled code is not kept and every run is about "
                f"a minute slower | 设 set {VARIABLE} = 一个可写的文件夹 a folder that can be written"
            )
        return ""


def choose_compiled_folder(package: Path) -> CompiledFolder:
    """Return where compiled functions are kept, and tell numba of it through ``NUMBA_CACHE_DIR``.

    Parameters
    ----------
    package
        The folder of this package, whose ``__pycache__`` numba takes where it can.
    """
    named = os.environ.get(VARIABLE)
    if named and can_write(Path(named)):
        return CompiledFolder("as set", Path(named))
    if can_write(package / "__pycache__"):
        os.environ.pop(VARIABLE, None)
        return CompiledFolder("package", None)
    user = _user_folder()
    if user is not None and can_write(user):
        os.environ[VARIABLE] = str(user)
        return CompiledFolder("user", user)
    temporary = _temporary_folder()
    if temporary is not None:
        os.environ[VARIABLE] = str(temporary)
        return CompiledFolder("temporary", temporary)
    os.environ.pop(VARIABLE, None)
    _keep_nothing()
    return CompiledFolder("nowhere", None)


def can_write(folder: Path) -> bool:
    """Return whether a file can be written in a folder, which is made where it is absent; tried, because modes and ACLs mislead."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        return shutil.disk_usage(folder).free >= LEAST_FREE_BYTES
    except OSError:
        return False


def _user_folder() -> Path | None:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "lifecircle" / "compiled" if base else None
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "lifecircle" / "compiled"
    home = os.environ.get("HOME")
    # An unset or made-up home is not created: nobody would look there.
    return Path(home) / ".cache" / "lifecircle" / "compiled" if home and Path(home).is_dir() else None


def _temporary_folder() -> Path | None:
    """Return a folder of this user's alone: what numba finds there it runs, so that another's must not be taken."""
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    try:
        folder = Path(tempfile.gettempdir()) / f"lifecircle-compiled-{owner}"
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return None
    is_own = sys.platform == "win32" or (
        status.st_uid == owner and stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o022
    )
    return folder if is_own and can_write(folder) else None


def _keep_nothing() -> None:
    """Let ``njit(cache=True)`` compile and keep nothing; only where there is no folder at all, for it imports numba at once."""
    dispatcher = import_module("numba.core.dispatcher")

    def enable_nothing(_self: object) -> None:
        return

    dispatcher.Dispatcher.enable_caching = enable_nothing
