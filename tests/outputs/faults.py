"""Faults at every operation of publishing: a script of its own, because what is killed must be a process.

``python faults.py FOLDER``: for each operation on files (opening to write, renaming, removing, making folders, syncing) that publishing a set
makes, and for each fault (disk full, no permission, Ctrl-C, a killed process), publish a new set over an old one with that fault at that
operation, and write down what stands then, and what stands after the next command has come by. The driver forks, so that it must
have no threads: it imports the standard library and the room of publishing, and nothing else.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path

from lifecircle.outputs import publish
from lifecircle.outputs.lock import hold, lock_of

EVENTS = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "fsync"}
FAULTS = ("full", "closed", "interrupt", "kill")
TABLES, MAPS = Path("data/processed/tiny/2025"), Path("maps/tiny/2025")


class Injector:
    """Counts the operations on files under a folder, and fails one."""

    def __init__(self) -> None:
        self.armed = False
        self.fault, self.fatal, self.under = "", 0, ""
        self.count = 0
        self.named = ""
        sys.addaudithook(self.hear)
        fsync = os.fsync

        def counted(handle):
            self.strike("fsync", str(Path(f"/proc/self/fd/{handle}").readlink()))
            return fsync(handle)

        os.fsync = counted

    def hear(self, event, args):
        if not self.armed:
            return
        if event == "open":
            path, mode, flags = args
            if isinstance(path, (str, bytes)) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.strike(f"open {mode or 'to write'}", os.fsdecode(path))
        elif event in EVENTS:
            self.strike(event, os.fsdecode(args[0]))

    def strike(self, what, path):
        if not self.armed or (Path(path).is_absolute() and not path.startswith(self.under)):
            return
        self.count += 1
        if self.count != self.fatal:
            return
        self.armed = False
        self.named = f"{what} {Path(path).name}"
        if self.fault == "kill":
            Path(f"{self.under}.named").write_text(self.named)
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "interrupt":
            raise KeyboardInterrupt
        raise OSError({"full": errno.ENOSPC, "closed": errno.EACCES}[self.fault], "injected", path)


def write_set(word):
    def write(tables, maps):
        for folder, names in (
            (tables, ("indicators.csv", "cells.parquet", "manifest.json")),
            (maps, ("index.html", "a.xlsx")),
        ):
            for name in names:
                with (folder / name).open("w") as stream:
                    stream.write(word)
        return [
            tables / "indicators.csv",
            tables / "cells.parquet",
            maps / "index.html",
            maps / "a.xlsx",
            tables / "manifest.json",
        ]

    return write


def publish_set(out, word):
    tables, maps = out / TABLES, out / MAPS
    with publish.take_place(tables, maps) as held:
        publish.publish_files(tables, maps, write_set(word), held=held)


def look(out):
    """Return which set stands in each folder: ``old``, ``new``, ``none``, or ``torn``."""
    seen = []
    for folder, count in ((out / TABLES, 3), (out / MAPS, 2)):
        if not folder.exists():
            seen.append("none")
            continue
        words = [path.read_text() for path in sorted(folder.iterdir())]
        seen.append(words[0] if len(words) == count and len(set(words)) == 1 else "torn")
    return seen


def try_one(out, injector, fault, fatal, first):
    """Publish with one fault; return what was seen, or None where publishing makes fewer operations."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    named = Path(f"{out}.named")
    named.unlink(missing_ok=True)
    if not first:
        publish_set(out, "old")
    child = os.fork()
    if not child:
        status = 0
        try:
            injector.fault, injector.fatal, injector.under, injector.count = fault, fatal, str(out), 0
            injector.armed = True
            publish_set(out, "new")
        except (OSError, KeyboardInterrupt, publish.LostError) as error:
            status = 3 if isinstance(error, (publish.NotWrittenError, KeyboardInterrupt)) else 4
            if status == 4:
                traceback.print_exc()
        injector.armed = False
        if injector.named:
            named.write_text(injector.named)
        os._exit(status)
    _, status = os.waitpid(child, 0)
    if not named.exists():
        return None
    at_once = look(out)
    publish.settle_all(out)
    settled = look(out)
    with hold(out / TABLES):  # whoever was killed holds nothing
        pass
    publish_set(out, "next")
    files = [path.relative_to(out).as_posix() for path in sorted(out.rglob("*")) if path.is_file()]
    return {
        "fault": fault, "at": fatal, "operation": named.read_text(), "first": first, "status": os.waitstatus_to_exitcode(status),
        "at_once": at_once, "settled": settled, "next": look(out), "files": files, "lock": lock_of(out / TABLES).exists(),
    }  # fmt: skip


def main(folder):
    injector = Injector()
    found = []
    for first in (False, True):
        for fault in FAULTS:
            fatal = 1
            while (one := try_one(folder / "out", injector, fault, fatal, first)) is not None:
                found.append(one)
                fatal += 1
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
