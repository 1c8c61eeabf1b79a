"""Every row of the catalogue: what is spoiled is told; what is clean is not."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.bad_inputs.catalogue import CORRUPTIONS, Corruption, assert_told, check
from tests.bad_inputs.district import write_clean

for family in (
    "archives",
    "polygons",
    "positions",
    "rasters",
    "settings",
    "streets",
    "tables",
):  # each registers its corruptions
    importlib.import_module(f"tests.bad_inputs.{family}")


def test_a_clean_district_gives_no_problem(tmp_path: Path) -> None:
    outcome = check(write_clean(tmp_path / "clean"))
    assert outcome.exception is None
    assert outcome.problems == []
    assert outcome.status == 0


@pytest.mark.parametrize("one", CORRUPTIONS, ids=lambda one: one.name)
def test_what_is_spoiled_is_told(one: Corruption, tmp_path: Path) -> None:
    folder = write_clean(tmp_path / "spoiled")
    expected = one.spoil(folder)
    assert_told(check(folder), expected)


def test_a_zip_is_a_folder(tmp_path: Path) -> None:
    folder = write_clean(tmp_path / "packed")
    importlib.import_module("tests.bad_inputs.archives").zip_that_is_right(folder)
    outcome = check(folder)
    assert outcome.exception is None
    assert outcome.problems == []
