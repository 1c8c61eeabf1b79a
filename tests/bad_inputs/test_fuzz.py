"""Mutated files: only problems or success. ``LIFECIRCLE_FUZZ_SECONDS`` says for how long, ``LIFECIRCLE_SEED`` from where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = float(os.environ.get("LIFECIRCLE_FUZZ_SECONDS", "6"))
SEED = int(os.environ.get("LIFECIRCLE_SEED", "11"))
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="a hang is ended by SIGALRM")
def test_mutated_files_give_problems_and_nothing_else() -> None:
    # In a process of its own: a library written in C may take the process with it.
    paths = os.pathsep.join([str(ROOT), str(ROOT / "coverage"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "tests.bad_inputs.fuzzing", str(SECONDS), str(SEED * 1_000_000)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = done.stderr.strip().splitlines()[-1:] or [""]
    assert done.stdout.strip(), f"the process ended with {done.returncode} at {last[0]}: {done.stderr[-2000:]}"
    told = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"mutations {told['mutations']}, failures {len(told['failures'])}")
    assert told["mutations"] > 0
    assert told["failures"] == []
