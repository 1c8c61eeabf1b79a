"""A place is held by one run at a time: the lock that says who, where, since when.

Beside a set of outputs (``.../<district>/<year>``) stands ``.<year>.lock`` while a command works towards it: JSON with the process, its
start, its host. Whoever comes second is told, or waits. Nothing depends on the clock or on the file system's locks being real (shared
folders often pretend): the lock is made whole and in one step (a hard link; an exclusive file where there are none). A process that died
leaves its lock behind; the next on the same host sees that no process of that number *and that start* lives, and takes the place over.
What another host holds is never taken over, because from here nobody can tell: the message says which file to remove.

Two who take over the same dead lock at once are told apart where the system has ``flock``; where it has not, the loser finds out in
:meth:`Held.is_ours`, which is asked again before anything is published.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

POLL_S = 0.5
"""Between two looks at a place that is waited for."""
TRIES = 20
"""Looks at a lock that cannot be read yet, because whoever makes it has not finished; then it counts as left by the dead."""
FIRST_NAMESPACE = "pid:[4026531836]"
"""Of process numbers outside any container (PROC_PID_INIT_INO, linux/proc_ns.h)."""
GONE = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a place."""

    pid: int
    host: str
    start: str
    """When the process started, as its system counts it: a number that is used again does not deceive."""
    since: str
    """Local time with its offset from UTC; for people, nothing is decided by it."""
    command: str = ""
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def line(self) -> str:
        """The holder in words."""
        what = f"（{self.command}）" if self.command else ""
        return f"进程 pid {self.pid}{what}，主机 host {self.host}，自 since {self.since}"


class HeldError(RuntimeError):
    """Another process holds the place."""

    def __init__(self, lock: Path, holder: Holder) -> None:
        self.lock, self.holder = lock, holder
        is_here = holder.host == host_name()
        mend = "等它结束，或加 --wait 等候，或换 --out wait for it to end, add --wait, or give another --out"
        if not is_here:
            mend += f"；若那台电脑上已没有 lifecircle 在运行，删去此文件 if no lifecircle runs on that computer any more, remove {lock}"
        super().__init__(
            f"另一个运行正占用 another run holds {_place_of(lock)} | {holder.line} | {mend}；原有成果未动 earlier outputs are untouched"
        )


class LostError(RuntimeError):
    """The place was held, and is another's now."""


@dataclass(frozen=True, slots=True)
class Held:
    """A place that is ours until it is let go."""

    lock: Path
    holder: Holder
    made: tuple[Path, ...] = ()
    """Folders that were made for the lock, the innermost last."""

    def is_ours(self) -> bool:
        """Return whether the lock still stands as we made it."""
        found = _read(self.lock)
        return found is not None and found.token == self.holder.token

    def release(self) -> None:
        """Let go; folders that were made for it and are empty go too."""
        with contextlib.suppress(OSError):
            if self.is_ours():
                self.lock.unlink(missing_ok=True)
        for folder in reversed(self.made):
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextlib.contextmanager
def hold(target: Path, *, wait: bool = False, tell: Callable[[str], None] | None = None) -> Iterator[Held]:
    """Hold the place of a set of outputs for as long as the context lasts.

    Parameters
    ----------
    target
        The set's folder of tables, there or not.
    wait
        Wait for whoever holds it, in place of raising.
    tell
        Is told once who is waited for.

    Raises
    ------
    HeldError
        Where another process holds it.
    OSError
        Where nothing can be written there.
    """
    held = _acquire(target, wait=wait, tell=tell)
    try:
        yield held
    finally:
        held.release()


def lock_of(target: Path) -> Path:
    """Return the lock beside a set's folder."""
    return target.with_name(f".{target.name}.lock")


def _place_of(lock: Path) -> Path:
    return lock.with_name(lock.name.removeprefix(".").removesuffix(".lock"))


def holder_of(target: Path) -> Holder | None:
    """Return who holds a place and lives, as far as can be told from here; None where nobody does."""
    found = _read(lock_of(target))
    return found if found is not None and _lives(found) else None


def _acquire(target: Path, *, wait: bool, tell: Callable[[str], None] | None) -> Held:
    lock = lock_of(target)
    mine = Holder(
        pid=os.getpid(),
        host=host_name(),
        start=process_start(os.getpid()) or "",
        since=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        command=" ".join(["lifecircle", *sys.argv[1:2]]) if sys.argv[1:2] else "",
    )
    is_told, vanished = False, 0
    while True:
        made = make_folders(lock.parent)
        try:
            other = _try(lock, mine)
        except BaseException as error:
            _remove_empty(made)
            # Whoever let go just now removed the folder that was empty: make it again.
            vanished += 1
            if isinstance(error, FileNotFoundError) and vanished < TRIES:
                continue
            raise
        if other is None:
            return Held(lock, mine, made)
        if not wait:
            raise HeldError(lock, other)
        if not is_told and tell is not None:
            tell(f"等候 waiting: 另一个运行正占用 another run holds {target} | {other.line}")
            is_told = True
        time.sleep(POLL_S)


def make_folders(folder: Path) -> tuple[Path, ...]:
    """Make a folder and those above it; return those that were not there, the innermost last."""
    absent = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(reversed(absent))


def _remove_empty(folders: tuple[Path, ...]) -> None:
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _try(lock: Path, mine: Holder) -> Holder | None:
    """Take the lock; return who has it instead, None where it is ours."""
    with _one_at_a_time(lock.parent):
        if _create(lock, mine):
            return None
        for _ in range(TRIES):
            found = _read(lock)
            if found is not None or not lock.exists():
                break
            time.sleep(POLL_S / TRIES)
        if found is not None and _lives(found):
            return found
        _take_away(lock, found)
        if _create(lock, mine):
            return None
        return _read(lock) or Holder(0, "?", "", "?")


def _take_away(lock: Path, dead: Holder | None) -> None:
    """Remove a dead process's lock, and no other: someone may have taken the place over since it was read."""
    aside = lock.with_name(f"{lock.name}.{uuid.uuid4().hex}")
    with contextlib.suppress(*GONE):
        lock.rename(aside)
        moved = _read(aside)
        if moved is not None and (dead is None or moved.token != dead.token):
            with contextlib.suppress(OSError):
                lock.hardlink_to(aside)
        aside.unlink(missing_ok=True)


def _create(lock: Path, mine: Holder) -> bool:
    """Make the lock with its content in one step; return False where there is one."""
    content = json.dumps(asdict(mine), ensure_ascii=False, indent=1) + "\n"
    draft = lock.with_name(f"{lock.name}.{mine.token}")
    try:
        draft.write_text(content, encoding="utf-8")
        try:
            lock.hardlink_to(draft)
        except FileExistsError:
            return False
        except (OSError, NotImplementedError):  # no hard links here: FAT, some shares
            return _create_exclusive(lock, content)
        return True
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _create_exclusive(lock: Path, content: str) -> bool:
    try:
        with lock.open("x", encoding="utf-8") as stream:
            stream.write(content)
    except FileExistsError:
        return False
    except OSError:
        lock.unlink(missing_ok=True)
        raise
    return True


def _read(lock: Path) -> Holder | None:
    try:
        content = json.loads(lock.read_text(encoding="utf-8"))
        texts = {name: str(content[name]) for name in ("host", "start", "since", "command", "token")}
        return Holder(pid=int(content["pid"]), **texts)
    except (*GONE, ValueError, LookupError, TypeError):
        return None


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process at a time look at the locks of a folder, where the system can; the kernel lets go of it whatever happens."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a share that knows no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def host_name() -> str:
    """Return this computer's name; in a container also which, because its process numbers are its own."""
    name = socket.gethostname()
    try:
        numbers = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return name
    return name if numbers == FIRST_NAMESPACE else f"{name} {numbers}"


def _lives(holder: Holder) -> bool:
    """Return whether a holder lives; what cannot be told from here does."""
    if holder.host != host_name():
        return True
    start = process_start(holder.pid)
    return start is not None and (not start or not holder.start or start == holder.start)


def process_start(pid: int) -> str | None:
    """Return when a process started, as its system counts it; empty where it lives and that cannot be told, None where none lives."""
    if sys.platform == "win32":
        return _start_on_windows(pid)
    if Path("/proc/self/stat").exists():
        return _start_from_proc(pid)
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def _start_from_proc(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in brackets, may hold blanks and brackets itself.
    rest = text.rpartition(")")[2].split()
    if rest[0] in "ZX":  # a zombie holds nothing any more
        return None
    return f"{_boot()}:{rest[19]}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _start_on_windows(pid: int) -> str | None:
    if sys.platform != "win32":
        raise RuntimeError("asked on Windows only")
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    query, denied, still_active = 0x1000, 5, 259  # PROCESS_QUERY_LIMITED_INFORMATION, ERROR_ACCESS_DENIED, STILL_ACTIVE
    handle = kernel.OpenProcess(query, False, pid)
    if not handle:
        return "" if ctypes.get_last_error() == denied else None
    try:
        code = wintypes.DWORD()
        if kernel.GetExitCodeProcess(wintypes.HANDLE(handle), ctypes.byref(code)) and code.value != still_active:
            return None
        times = [wintypes.FILETIME() for _ in range(4)]
        if not kernel.GetProcessTimes(wintypes.HANDLE(handle), *(ctypes.byref(one) for one in times)):
            return ""
        return str((times[0].dwHighDateTime << 32) + times[0].dwLowDateTime)
    finally:
        kernel.CloseHandle(wintypes.HANDLE(handle))
