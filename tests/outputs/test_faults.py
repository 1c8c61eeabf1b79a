"""Whatever fails at whatever operation of publishing: the old set or the new set, and nothing else lying about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")
"""Where bringing a file to the disk costs nothing; the order of operations is the same."""

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the driver forks; a Windows process cannot"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def faults():
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests" / "outputs" / "faults.py"), folder],
            capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "coverage")},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_every_operation_was_tried_with_every_fault(faults):
    tried = {(one["fault"], one["first"]) for one in faults}
    assert tried == {(fault, first) for fault in ("full", "closed", "interrupt", "kill") for first in (False, True)}
    assert len(faults) > 300
    operations = {one["operation"].split()[0] for one in faults}
    assert {"open", "fsync", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link"} <= operations


def test_no_set_is_ever_torn(faults):
    assert [one for one in faults if "torn" in (*one["at_once"], *one["settled"], *one["next"])] == []


def test_maps_never_stand_beside_tables_of_another_run(faults):
    assert [one for one in faults if "none" not in one["at_once"] and len(set(one["at_once"])) > 1] == []


def test_only_a_killed_process_leaves_a_set_without_its_maps_and_the_next_command_mends_it(faults):
    assert {one["fault"] for one in faults if len(set(one["at_once"])) > 1} <= {"kill"}
    before = {False: "old", True: "none"}
    assert [one for one in faults if one["settled"] not in (["new", "new"], [before[one["first"]]] * 2)] == []


def test_an_error_is_a_sentence_and_the_end_of_a_run_that_said_nothing_is_a_new_set(faults):
    assert {one["status"] for one in faults} == {0, 3, -9}  # done; told; killed
    assert [one for one in faults if one["status"] == 0 and one["at_once"] != ["new", "new"]] == []


def test_nothing_stays_behind(faults):
    assert [one for one in faults if one["lock"] or len(one["files"]) != 5] == []
