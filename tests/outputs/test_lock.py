"""A place is held by one process at a time; the dead hold nothing; other computers are believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from tests.tiny import write_tiny

from lifecircle.outputs.lock import (
    HeldError,
    Holder,
    hold,
    holder_of,
    host_name,
    lock_of,
    process_start,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path):
    return tmp_path / "data" / "processed" / "tiny" / "2025"


def leave(place, **keys):
    """Leave a lock as another process would have."""
    other = Holder(
        pid=os.getpid(), host=host_name(), start=process_start(os.getpid()) or "", since="2026-12-01T08:00:00+08:00"
    )
    place.parent.mkdir(parents=True, exist_ok=True)
    lock_of(place).write_text(json.dumps(asdict(replace(other, **keys))), encoding="utf-8")


def test_the_second_is_told_who_where_and_since_when(place):
    with hold(place), pytest.raises(HeldError) as caught, hold(place):
        pass
    for word in (str(os.getpid()), host_name(), "--wait", "--out", str(place)):
        assert word in str(caught.value)


def test_what_was_held_leaves_nothing(place, tmp_path):
    with hold(place):
        assert holder_of(place).pid == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_a_dead_process_holds_nothing(place):
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    leave(place, pid=int(dead.stdout), start="gone")
    with hold(place):
        assert holder_of(place).pid == os.getpid()


def test_a_number_that_is_used_again_does_not_deceive(place):
    leave(place, start="another start")
    with hold(place):
        assert holder_of(place).start == process_start(os.getpid())


def test_another_computer_is_believed_and_the_file_to_remove_is_named(place):
    leave(place, host="office-2", pid=1)
    with pytest.raises(HeldError, match="office-2") as caught, hold(place):
        pass
    assert str(lock_of(place)) in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', "\x00\xff"])
def test_a_lock_that_cannot_be_read_is_nobodys(place, content):
    place.parent.mkdir(parents=True)
    lock_of(place).write_text(content, encoding="latin-1")
    with hold(place):
        assert holder_of(place) is not None


def test_who_waits_says_so_and_gets_it(place):
    told, got = [], threading.Event()

    def second():
        with hold(place, wait=True, tell=told.append):
            got.set()

    with hold(place):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert not got.wait(0.2)
    waiting.join(30)
    assert got.is_set()
    assert len(told) == 1
    assert str(os.getpid()) in told[0]


def test_of_many_at_once_one_has_it(place):
    """Every process adds 1 to a number that it read a moment before: none is lost."""
    script = (
        "import sys, time; from pathlib import Path; from lifecircle.outputs.lock import hold\n"
        "place, number = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "for _ in range(5):\n"
        "    with hold(place, wait=True):\n"
        "        found = int(number.read_text()); time.sleep(0.01); number.write_text(str(found + 1))\n"
    )
    number = place.parents[3] / "number"
    number.write_text("0")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "coverage")}
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(place), str(number)], env=environment) for _ in range(3)
    ]
    assert [one.wait(120) for one in running] == [0, 0, 0]
    assert number.read_text() == "15"


def test_two_runs_at_once(tmp_path):
    """One of them publishes; the other ends with status 1 and a sentence, or came after."""
    folder = write_tiny(tmp_path / "tiny")
    command = [
        sys.executable,
        "-m",
        "lifecircle.cli",
        "run",
        str(folder),
        "--out",
        str(tmp_path / "out"),
        "--no-areas",
        "--no-map",
        "--no-cache",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "coverage")}
    running = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, encoding="utf-8"
        )
        for _ in range(2)
    ]
    texts = [one.communicate(timeout=300)[0] for one in running]
    assert sorted(one.returncode for one in running) in ([0, 0], [0, 1]), texts
    for one, text in zip(running, texts, strict=True):
        assert "Traceback" not in text
        assert one.returncode == 0 or "另一个运行正占用 another run holds" in text
    assert list((tmp_path / "out").rglob(".*")) == []
