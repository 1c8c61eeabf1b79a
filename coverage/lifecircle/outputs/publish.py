"""Publishing: the old complete set or the new complete set, never a mixture, whatever kills it.

A set is two folders, of tables (``data/processed/<district>/<year>``) and of maps (``maps/<district>/<year>``), and no system moves two
folders in one step. So everything is written, and brought to the disk, beside its place first; then

1. a journal is put beside the tables, in one step: from now on the new set is the true one, and whoever comes next finishes it
   (:func:`finish_publishing`: every command that writes there or reads from there, before it does anything else);
2. the old maps and the old tables are moved aside, in this order;
3. the new tables and then the new maps are moved in; the journal and the old set go.

What can be seen at any instant is therefore: the old set; the old tables without maps; nothing; the new tables without maps; the new set.
Never maps of one run beside tables of another. The instants between take a few thousandths of a second; who opens the folder after a
power cut in just one of them finds no maps, but ``<year>.未换完 unfinished.txt`` that says what to do: run any command on the district.

An error while moving (on Windows a workbook that is open in Excel) moves everything back; Ctrl-C while moving waits until it is done.
One process at a time publishes to a place (:mod:`lifecircle.outputs.lock`). Standard library only, until something is written.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lifecircle.outputs.lock import POLL_S, TRIES, Held, HeldError, LostError, hold, holder_of, lock_of, make_folders

if TYPE_CHECKING:
    from lifecircle.model import Study

Progress = Callable[[str], None]
LEAST_BYTES = 2_000_000
"""The least that a set of a district takes, with its map."""
FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class NotWrittenError(OSError):
    """A set could not be written; the earlier one stands. ``strerror`` says where, why, what was needed and what to do."""

    def __init__(self, number: int | None, line: str) -> None:
        super().__init__(number, line)

    def __str__(self) -> str:
        """Without the number, which the line has in words."""
        return str(self.strerror)


def publish_study(
    study: Study, out: Path, *, with_map: bool, progress: Progress, held: Held | None = None
) -> list[Path]:
    """Write every output of a study under ``out`` and return the paths, tables first.

    Parameters
    ----------
    held
        The place, where the caller holds it already.

    Raises
    ------
    NotWrittenError
        Where the disk is full, the folder is closed, or an old output is open in another program; the old set then stands untouched.
    lifecircle.outputs.lock.HeldError
        Where another process holds the place.
    """
    from lifecircle.outputs.components import write_parts
    from lifecircle.outputs.gaps import write_gaps
    from lifecircle.outputs.layers import write_layers, write_sites
    from lifecircle.outputs.manifest import write_manifest
    from lifecircle.outputs.tables import write_tables
    from lifecircle.outputs.workbook import write_workbook

    def write(staged_tables: Path, staged_maps: Path) -> list[Path]:
        progress("写表格 writing tables")
        written = [
            *write_tables(study, staged_tables),
            write_parts(study, staged_tables),
            *write_gaps(study, staged_tables),
            *write_sites(study.plans, study.district.crs, staged_tables),
        ]
        progress("写图层 writing layers")
        written += write_layers(study, staged_tables)
        progress("写工作簿 writing the workbook")
        written.append(staged_maps / "指标监测表.xlsx")
        write_workbook(study, written[-1])
        if with_map:
            from lifecircle.outputs.webmap import write_webmap

            progress("写地图 writing the map")
            write_webmap(study, staged_maps / "index.html")
            written.append(staged_maps / "index.html")
        shown = {
            ((tables if path.parent == staged_tables else maps) / path.name).relative_to(out).as_posix(): path
            for path in written
        }
        return [*written, write_manifest(study, staged_tables, shown)]

    tables, maps = target_folders(out, study.district.id, study.year)
    return publish_files(tables, maps, write, held=held)


def publish_files(
    tables: Path, maps: Path, write: Callable[[Path, Path], list[Path]], *, held: Held | None = None
) -> list[Path]:
    """Let ``write`` fill a folder of tables and one of maps, and put both in place at once; return the paths in place.

    Raises
    ------
    NotWrittenError
        Where anything cannot be written or moved; what stood before stands.
    lifecircle.outputs.lock.HeldError, lifecircle.outputs.lock.LostError
        Where the place is another process's.
    """
    with _saying_where(tables, maps), hold(tables) if held is None else contextlib.nullcontext(held) as place:
        return _publish(tables, maps, write, place)


def target_folders(out: Path, district_id: str, year: int | str) -> tuple[Path, Path]:
    """Return where a study's tables and maps go."""
    return out / "data" / "processed" / district_id / str(year), out / "maps" / district_id / str(year)


@contextlib.contextmanager
def take_place(
    tables: Path, maps: Path, *, wait: bool = False, tell: Callable[[str], None] | None = None
) -> Iterator[Held]:
    """Hold a place from before the computing to after the publishing; what a killed run left is finished first.

    Raises
    ------
    NotWrittenError
        Where nothing can be written there; see :func:`check_place`.
    lifecircle.outputs.lock.HeldError
        Where another process holds it.
    """
    with contextlib.ExitStack() as stack:
        with _saying_where(tables, maps):
            held = stack.enter_context(hold(tables, wait=wait, tell=tell))
        check_place(tables, maps)
        yield held


def check_place(tables: Path, maps: Path) -> None:
    """Look, before hours of computing, whether a set of the size of the last one can be written.

    Raises
    ------
    NotWrittenError
        Where a folder is closed, something else stands in its place, or the disk has less left than the earlier set takes.
    """
    from tempfile import TemporaryFile

    with _saying_where(tables, maps):
        finish_publishing(tables)
        for folder in (tables, maps):
            if folder.exists() and not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "不是文件夹 not a folder", str(folder))
            made = make_folders(folder.parent)
            try:
                with TemporaryFile(dir=folder.parent):
                    pass
            finally:
                for one in reversed(made):
                    with contextlib.suppress(OSError):
                        one.rmdir()
        needed = max(LEAST_BYTES, _size(tables) + _size(maps))
        free = _free(tables)
        if free is not None and free < needed:
            raise NotWrittenError(errno.ENOSPC, _full(tables, needed, free))


class Move(NamedTuple):
    """A folder that takes another's place."""

    staged: Path
    target: Path
    old: Path
    """Where what stood there waits until all is done."""


def _publish(tables: Path, maps: Path, write: Callable[[Path, Path], list[Path]], held: Held) -> list[Path]:
    finish_publishing(tables)
    for target in (tables, maps):
        _clear(target)
    token = uuid.uuid4().hex[:12]
    moves = [_move(target, token) for target in (tables, maps)]
    try:
        for move in moves:
            move.staged.mkdir(parents=True)
        written = write(moves[0].staged, moves[1].staged)
        final = [(tables if path.parent == moves[0].staged else maps) / path.name for path in written]
        for path in written:
            _bring_to_disk(path)
        if not held.is_ours():
            raise LostError(
                f"占用已被取走 the place was taken over by another run: {tables} | 原有成果未动，请重新运行 nothing was changed, run again"
            )
    except BaseException:
        for move in moves:
            shutil.rmtree(move.staged, ignore_errors=True)
        _remove_parents(moves)
        raise
    with _signals_held():
        try:
            _write_journal(tables, moves)
        except OSError:
            _forget(tables, moves)
            raise
        _carry_out(tables, moves)
    return final


def _carry_out(tables: Path, moves: list[Move]) -> None:
    """Do what the journal says; where that fails, undo it."""
    note = _note(moves[-1].target)
    with contextlib.suppress(OSError):
        note.write_text(_UNFINISHED, encoding="utf-8")
    try:
        _move_in(moves)
    except BaseException:
        # Where even this fails the journal stays, and the next run finishes.
        for move in moves:
            if move.old.exists() or not move.staged.exists():
                if move.target.exists():
                    move.target.rename(move.staged)
                if move.old.exists():
                    move.old.rename(move.target)
        _forget(tables, moves)
        raise
    with contextlib.suppress(OSError):
        _journal(tables).unlink(missing_ok=True)
    _clean(moves)


def _move_in(moves: list[Move]) -> None:
    """Move what stands aside, maps first, and what waits in, maps last; what is done already is left as it is."""
    for move in reversed(moves):
        if move.staged.exists() and move.target.exists():
            if move.old.exists():
                shutil.rmtree(move.old)
            move.target.rename(move.old)
    for move in moves:
        if move.staged.exists():
            move.staged.rename(move.target)
            _sync_folder(move.target.parent)


def _clean(moves: list[Move]) -> None:
    """Remove what is left beside a set in place; a set without maps has no folder of them. A later run removes what now cannot be."""
    for move in moves:
        _clear(move.target)
        with contextlib.suppress(OSError):
            _note(move.target).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        moves[-1].target.rmdir()  # refuses where there is anything in it
        moves[-1].target.parent.rmdir()


def finish_publishing(tables: Path) -> None:
    """Finish, or undo, what a killed run had begun to move into place; does nothing where there is nothing to do.

    Only for who holds the place; :func:`settle` is for readers.
    """
    journal = _journal(tables)
    if not journal.exists():
        return
    moves = _read_journal(journal)
    if all(move.staged.exists() or move.target.exists() for move in moves):
        _move_in(moves)
    else:  # somebody removed what waited: the old set is the only whole one
        for move in moves:
            if move.old.exists():
                shutil.rmtree(move.target, ignore_errors=True)
                move.old.rename(move.target)
    journal.unlink()
    _clean(moves)


def settle(tables: Path) -> None:
    """Have a place in order before it is read: what a killed run had begun is finished, once nobody else is at it.

    Raises
    ------
    lifecircle.outputs.lock.HeldError
        Where another process is publishing there just now.
    OSError
        Where an unfinished set cannot be finished from here.
    """
    for _ in range(TRIES):
        if not _journal(tables).exists():
            return
        if holder_of(tables) is None:
            break
        time.sleep(POLL_S / TRIES)
    with hold(tables):
        finish_publishing(tables)


def settle_all(out: Path) -> None:
    """:func:`settle` every place under ``out`` that nobody else is at."""
    for journal in out.glob("data/processed/*/.*.publishing.json"):
        with contextlib.suppress(HeldError):
            settle(journal.with_name(journal.name.removeprefix(".").removesuffix(".publishing.json")))


_UNFINISHED = (
    "上一次运行在更换成果的瞬间中断（断电或被强行结束）。新成果已写好，尚未放到位；对本区县再运行任何一条 lifecircle 命令即自动完成，无须重算。\n"
    "The last run was interrupted in the instant of putting its outputs in place. They are complete: run any lifecircle command on this "
    "district and they will be put there; nothing need be computed again.\n"
)


def _note(maps: Path) -> Path:
    return maps.with_name(f"{maps.name}.未换完 unfinished.txt")


def _move(target: Path, token: str) -> Move:
    return Move(
        target.with_name(f".{target.name}.new-{token}"), target, target.with_name(f".{target.name}.old-{token}")
    )


def _clear(target: Path) -> None:
    """Remove what killed runs left beside a place: sets never published, or replaced; locks that were half made."""
    for pattern in (f".{target.name}.new-*", f".{target.name}.old-*"):
        for left in target.parent.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)
    for left in [
        *target.parent.glob(f"{lock_of(target).name}.*"),
        *target.parent.glob(f".{target.name}.publishing.draft"),
    ]:
        with contextlib.suppress(OSError):
            left.unlink(missing_ok=True)


def _remove_parents(moves: list[Move]) -> None:
    """Remove the folders of a place that has never had anything in it."""
    for move in moves:
        for folder in list(move.target.parents)[:2]:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _journal(tables: Path) -> Path:
    return tables.with_name(f".{tables.name}.publishing.json")


def _write_journal(tables: Path, moves: list[Move]) -> None:
    """Commit: once the journal stands under its name, the staged set is the new set.

    Its paths are relative to it, so that a folder that has moved meanwhile, or has another letter, is finished all the same.
    """
    journal = _journal(tables)
    draft = journal.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump([[os.path.relpath(path, tables.parent) for path in move] for move in moves], stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(journal)
    _sync_folder(journal.parent)


def _read_journal(journal: Path) -> list[Move]:
    """Return what a journal says; one of version 0.1.0 has whole paths, and none for what is old."""
    moves = []
    for staged, target, *old in json.loads(journal.read_text(encoding="utf-8")):
        place = journal.parent / target
        waiting = journal.parent / old[0] if old else place.with_name(f".{place.name}.old")
        moves.append(Move(journal.parent / staged, place, waiting))
    return moves


def _forget(tables: Path, moves: list[Move]) -> None:
    """Take a journal back, and what it was about."""
    journal = _journal(tables)
    for path in (journal.with_suffix(".draft"), journal, _note(moves[-1].target)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    if not journal.exists():
        for move in moves:
            shutil.rmtree(move.staged, ignore_errors=True)


def _bring_to_disk(path: Path) -> None:
    """Have a file's bytes on the disk before its name counts: a power cut otherwise leaves whole names on empty files."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders have no handle there; NTFS keeps a journal of names
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # not every share can
            os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Let Ctrl-C and a polite end wait for the thousandths of a second that moving takes."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted
        return
    came: list[int] = []
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), lambda number, _: came.append(number)) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler if handler is not None else signal.SIG_DFL)
        if came:
            signal.raise_signal(came[0])


@contextlib.contextmanager
def _saying_where(tables: Path, maps: Path) -> Iterator[None]:
    """Turn what the writers of tables, layers and workbooks raise into one error that says where, what was needed, what to do."""
    try:
        yield
    except NotWrittenError:
        raise
    except OSError as error:
        raise NotWrittenError(error.errno, _describe(error, error.errno, tables, maps)) from error
    except _writers_errors() as error:
        number = _cause(error, tables)
        raise NotWrittenError(number, _describe(error, number, tables, maps)) from error


def _writers_errors() -> tuple[type[Exception], ...]:
    """Return what the writers of layers and workbooks raise where a file cannot be written; of those only that are in use."""
    known = (("pyogrio.errors", "DataSourceError"), ("pyogrio.errors", "DataLayerError"), ("pyogrio.errors", "FeatureError"),
             ("pyogrio.errors", "FieldError"), ("xlsxwriter.exceptions", "XlsxFileError"))  # fmt: skip
    return tuple(getattr(sys.modules[module], name) for module, name in known if module in sys.modules)


def _cause(error: Exception, tables: Path) -> int | None:
    """Return why a writer failed, whose own error has no number."""
    inner = next((one for one in error.args if isinstance(one, OSError)), None)
    if inner is not None:
        return inner.errno
    free = _free(tables)
    return errno.ENOSPC if free is not None and free < LEAST_BYTES else None


def _describe(error: Exception, number: int | None, tables: Path, maps: Path) -> str:
    file = getattr(error, "filename", None)
    folder = maps if file and maps.parent.resolve() in Path(os.fsdecode(file)).resolve().parents else tables
    if number in FULL:
        return _full(
            folder, max(LEAST_BYTES, _size(tables) + _size(maps)), _free(folder) or 0, f" ({_strerror(error)})"
        )
    where = _shown_path(file, tables, maps) if file else str(folder.parent)
    if number in CLOSED and getattr(error, "winerror", None) == 32:
        return (
            f"写不出 cannot write {where} | 被其他程序打开 it is open in another program | 关闭 Excel、QGIS 等再运行 close it there and run again；"
            f"原有成果未动 earlier outputs are untouched"
        )
    if number in CLOSED:
        return (
            f"写不出 cannot write {where} | 文件夹不可写 {_strerror(error)} | 改其权限，或 --out 指定可写的文件夹 "
            f"change its permissions, or name a folder that can be written with --out；原有成果未动 earlier outputs are untouched"
        )
    return f"写不出 cannot write {where} | {_strerror(error)} | 换一处再试 try another place: --out；原有成果未动 earlier outputs are untouched"


def _strerror(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _shown_path(file: str | bytes, tables: Path, maps: Path) -> str:
    """Return a path as its reader knows it: in its place, not in the folder where it was being written."""
    path = Path(os.fsdecode(file))
    for target in (tables, maps):
        if path.parent.name.startswith(f".{target.name}.new-"):
            return str(target / path.name)
    return str(path)


def _full(folder: Path, needed: int, free: int, told: str = "") -> str:
    return (
        f"磁盘空间不足 disk full{told}: {folder} | 约需 needs about {needed / 1e6:,.1f} MB（新旧两套并存片刻 the new set stands beside the old for "
        f"a moment），只剩 only {free / 1e6:,.1f} MB left | 腾出空间，或 --out 指定别的磁盘 free some, or name another disk with --out；"
        f"原有成果未动 earlier outputs are untouched"
    )


def _size(folder: Path) -> int:
    """Return the bytes of what a folder holds; 0 where there is none."""
    total = 0
    with contextlib.suppress(OSError):
        for path in folder.rglob("*"):
            total += path.stat().st_size
    return total


def _free(folder: Path) -> int | None:
    """Return the bytes left where a folder is, or would be."""
    for place in (folder, *folder.resolve().parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
    return None
