"""Readers fed with mutated files, in a process of its own: ``python -m tests.bad_inputs.fuzzing SECONDS SEED``.

Whatever the bytes, ``check`` lists problems or is content: no other exception, no crash, no hang. The last line says in JSON how many
mutations were tried; each failure has the seed that makes it again.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

from tests.bad_inputs.catalogue import check
from tests.bad_inputs.district import write_clean

HANG_S = 60
"""No mutated file may take longer."""


def mutate(content: bytes, drawn: random.Random) -> bytes:
    """Return content with bytes flipped, cut off, taken out or put in."""
    changed = bytearray(content)
    kind = drawn.choice(("flip", "flip", "truncate", "insert", "remove", "swap"))
    at = drawn.randrange(len(changed)) if changed else 0
    if kind == "flip":
        for _ in range(drawn.choice((1, 2, 8, 64))):
            if changed:
                changed[drawn.randrange(len(changed))] ^= 1 << drawn.randrange(8)
    elif kind == "truncate":
        del changed[at:]
    elif kind == "insert":
        changed[at:at] = drawn.choice((b"\x00", b"\xff" * 8, b",", b"\n", b'"', b"NaN", b"-1e999", drawn.randbytes(16)))
    elif kind == "remove":
        del changed[at : at + drawn.choice((1, 4, 64, 1024))]
    else:
        there = drawn.randrange(len(changed)) if changed else 0
        changed[at : at + 16], changed[there : there + 16] = changed[there : there + 16], changed[at : at + 16]
    return bytes(changed)


def try_one(clean: Path, folder: Path, seed: int) -> tuple[str, str]:
    """Spoil one file and check the district; return the file and what went wrong, empty where nothing did."""
    drawn = random.Random(seed)
    shutil.copytree(clean, folder)
    path = drawn.choice([path for path in sorted(folder.iterdir()) if path.is_file()])
    path.write_bytes(mutate(path.read_bytes(), drawn))
    outcome = check(folder)
    if outcome.exception is not None:
        return path.name, f"{type(outcome.exception).__name__}: {outcome.exception}"
    return path.name, "" if outcome.status in (0, 2) else f"status {outcome.status}"


def main(seconds: float, seed: int) -> int:
    """Try mutations for a while; return 1 where one of them failed."""
    warnings.simplefilter("ignore")
    failures: list[dict[str, object]] = []
    count = 0
    with tempfile.TemporaryDirectory(prefix="lifecircle-fuzz-") as root:
        clean = write_clean(Path(root) / "clean")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            folder = Path(root) / f"try-{count}"
            print(f"seed {seed + count}", file=sys.stderr, flush=True)
            signal.alarm(HANG_S)  # the default of SIGALRM ends the process
            name, wrong = try_one(clean, folder, seed + count)
            signal.alarm(0)
            if wrong:
                failures.append({"seed": seed + count, "file": name, "wrong": wrong[:500]})
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    print(json.dumps({"mutations": count, "failures": failures}, ensure_ascii=False))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
