"""Two things wrong at once: no traceback, no row lost, and earlier outputs as they were where the run is refused.

``LIFECIRCLE_PAIRS`` says how many pairs (a few by default; many by night), ``LIFECIRCLE_SEED`` which.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from tests.bad_inputs import archives, polygons, positions, settings
from tests.bad_inputs.catalogue import CORRUPTIONS, Corruption, assert_mends, check
from tests.bad_inputs.district import write_clean

PAIRS = int(os.environ.get("LIFECIRCLE_PAIRS", "10"))
SEED = int(os.environ.get("LIFECIRCLE_SEED", "11"))
FAMILIES = (archives, polygons, positions, settings)
FAST = ("--no-areas", "--no-plans", "--no-map", "--no-cache")


def draw_pairs(count: int, seed: int) -> list[tuple[Corruption, Corruption]]:
    """Return pairs of corruptions that touch different files, so that neither undoes the other."""
    drawn = random.Random(seed)
    pairs: list[tuple[Corruption, Corruption]] = []
    while len(pairs) < count:
        one, other = drawn.sample(CORRUPTIONS, 2)
        if one.touches and other.touches and not one.touches & other.touches:
            pairs.append((one, other))
    return pairs


def hashes(folder: Path) -> dict[str, str]:
    """Return what every file of a folder holds."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the clean district and what a run of it published."""
    root = tmp_path_factory.mktemp("pairs")
    folder, out = write_clean(root / "clean"), root / "out"
    done = CliRunner().invoke(app, ["run", str(folder), "--out", str(out), *FAST])
    assert done.exit_code == 0, done.output
    return folder, out


@pytest.mark.parametrize("pair", draw_pairs(PAIRS, SEED), ids=lambda pair: f"{pair[0].name}+{pair[1].name}")
def test_two_things_wrong(pair: tuple[Corruption, Corruption], published: tuple[Path, Path], tmp_path: Path) -> None:
    clean, out = published
    folder = tmp_path / "clean"
    shutil.copytree(clean, folder)
    for one in pair:
        one.spoil(folder)
    outcome = check(folder)
    if outcome.exception is not None:
        raise outcome.exception
    assert outcome.status in (0, 2)
    assert outcome.problems, "two things are wrong and not a word was said"
    assert_mends(outcome)
    if outcome.status == 2:
        before = hashes(out)
        done = CliRunner().invoke(app, ["run", str(folder), "--out", str(out), *FAST])
        assert done.exit_code == 2, done.output
        assert "Traceback" not in done.output
        assert hashes(out) == before
        return
    own = tmp_path / "out"
    done = CliRunner().invoke(app, ["run", str(folder), "--out", str(own), *FAST])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    manifest = json.loads(next(own.rglob("manifest.json")).read_text(encoding="utf-8"))
    for file in manifest["inputs"]:
        assert file["rows"] == file["used"] + file["repaired"] + file["set_aside"], file
