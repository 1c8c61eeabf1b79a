"""The little district of ``district.py`` as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.made import write_layer
from tests.sources.district import HEAD, TOWNSHIPS, VILLAGES, square

from lifecircle.config import Configuration, read_configuration
from lifecircle.problems import Problems
from lifecircle.sources import read_units

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_layer(
        tmp_path / "townships.gpkg",
        [square(0, 0, 1, 1), square(1, 0, 1, 1)],
        code=list(TOWNSHIPS),
        name=list(TOWNSHIPS.values()),
    )
    villages = [square(x, y, 1, 0.5) for x in (0, 1) for y in (0, 0.5)]
    codes = ["330305001001", "330305001002", "330305002001", "330305002002"]
    write_layer(tmp_path / "villages.gpkg", villages, code=codes, name=["A1", "A2", "B1", "B2"])
    return tmp_path


@pytest.fixture
def configure(folder: Path) -> Callable[..., Configuration]:
    def write(text: str = "", head: str = HEAD) -> Configuration:
        (folder / "district.toml").write_text(head + text, encoding="utf-8")
        problems = Problems()
        configuration = read_configuration(folder, problems)
        assert configuration is not None
        wrong = [
            problem for problem in problems.errors if problem.code not in ("config-no-rules", "config-missing-section")
        ]
        assert wrong == []
        return configuration

    return write


@pytest.fixture
def units(configure: Callable[..., Configuration]):
    problems = Problems()
    found, _ = read_units(configure("", HEAD + VILLAGES), problems)
    assert list(problems) == []
    return found
